"""The one door to Google: where calls may go, how fast, who is let in, what a refusal says, and tables in several files."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from automations.errors import OutsideFailed, WorkbookBusy, WorkbookRefused
from automations.workbooks.googlehttp import Call, effect_of
from automations.workbooks.googlepace import pace_of
from tests.googledesk import ROBOT, Desk
from tests.googleoffice import COMPLAINTS, NOW, POLICY, Office, tab
from tests.sheets.faults import Fault, api_off, broken, dropped, not_allowed, not_there, too_large, too_many
from tests.sheets.human import Human
from tests.sheets.server import StandIn
from tests.sheets.tokens import DRIVE, READONLY

SHEETS = "https://sheets.googleapis.com/v4/spreadsheets/"


@pytest.fixture
def google() -> Iterator[StandIn]:
    with StandIn() as started:
        yield started


SLOWER = {
    "en": "run again in some minutes, make the automations rarer, or ask for more in the Google Cloud console (IAM & Admin, Quotas)",
    "zh": "过几分钟再运行，把自动任务排得稀一些，或在 Google Cloud 控制台（IAM 和管理，配额）申请提高",
}
SAID: dict[str, tuple[Fault, str, str]] = {
    "not shared": (
        not_allowed(),
        f"it is not shared with {ROBOT}, or only for viewing; open it, press Share, and add this address as an editor",
        f"没有共享给 {ROBOT}，或只让它查看；打开该表格，点“共享”，把这个地址加为“编辑者”",
    ),
    "api off": (
        api_off(),
        f"the Google Sheets API is switched off in the project of {ROBOT}; switch it on: https://console.cloud.google.com/apis/library/sheets.googleapis.com",
        f"{ROBOT} 所在的项目没有启用 Google Sheets API；请启用：https://console.cloud.google.com/apis/library/sheets.googleapis.com",
    ),
    "gone": (
        not_there(),
        "there is no such spreadsheet; correct `spreadsheet` in config/settings.yaml (the part between /d/ and /edit of its address)",
        "没有这个表格；请改正 config/settings.yaml 里的 `spreadsheet`（表格网址中 /d/ 与 /edit 之间的部分）",
    ),
    "too large": (
        too_large(),
        "the write is larger than Google takes; put the tables into several spreadsheets (`spreadsheets` in config/settings.yaml)",
        "一次写入超过了 Google 的上限；请把各表分到几个表格里（config/settings.yaml 的 `spreadsheets`）",
    ),
    "down": (
        broken(503),
        "Google does not answer (503); run again later, see https://www.google.com/appsstatus",
        "Google 没有应答（503）；稍后再运行，见 https://www.google.com/appsstatus",
    ),
    "no network": (
        dropped(),
        "cannot be reached (connection lost); look at the network, the proxy and the firewall, then run again",
        "连不上（connection lost）；请检查网络、代理和防火墙，然后再运行",
    ),
    "quota": (
        too_many(),
        f"Google's quota is used up (60 read requests a minute); {SLOWER['en']}",
        f"Google 的调用限额用完了（60 read requests a minute）；{SLOWER['zh']}",
    ),
}


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", SAID)
def test_what_google_refuses_is_said_with_what_to_do_in_the_language_of_the_settings(name: str, language: str) -> None:
    fault, *words = SAID[name]
    desk = Desk.of()
    desk.workbook.http.language = language
    desk.google.faults.rules.append(lambda _: fault)

    with pytest.raises(OutsideFailed) as refused:
        desk.workbook.grids()

    about = f"Google spreadsheet {desk.file}: {words[0]}" if language == "en" else f"Google 表格 {desk.file}：{words[1]}"
    assert str(refused.value) == about
    assert desk.clock.seconds < 1300


def test_a_scope_that_is_missing_is_named() -> None:
    desk = Desk.of()
    narrow = desk.google.token(ROBOT, (DRIVE.replace("drive", "calendar"),))
    desk.workbook.http.session.credentials.token = narrow

    with pytest.raises(
        WorkbookRefused, match=r"the credentials lack the scope https://www\.googleapis\.com/auth/spreadsheets; make them again with it"
    ):
        desk.workbook.grids()


@pytest.mark.parametrize(
    "url",
    ["https://sheets.example.com/v4/spreadsheets/x", "https://www.googleapis.com/drive/v3/files", "http://sheets.googleapis.com/v4/x"],
)
def test_no_call_goes_anywhere_else(url: str) -> None:
    desk = Desk.of()

    with pytest.raises(ValueError, match=r"calls go to https://sheets\.googleapis\.com only"):
        desk.workbook.http.request("GET", url)

    assert desk.google.calls == []


def test_a_wait_that_google_asks_for_is_waited() -> None:
    desk = Desk.of()
    desk.workbook.grids()
    desk.google.forget_calls()
    desk.google.faults.at(0, too_many(retry_after=200))

    desk.workbook.grids()

    assert desk.google.calls[1].at - desk.google.calls[0].at >= 200


@pytest.mark.parametrize(("way", "most"), [("read", 50), ("write", 50)])
def test_no_minute_sees_more_calls_than_the_settings_allow(way: str, most: int) -> None:
    pace, now, calls = pace_of(most, 270), 0.0, []
    for _ in range(400):
        now += pace.take(way, now)  # type: ignore[arg-type]
        calls.append(now)

    assert max(sum(start <= at < start + 60 for at in calls) for start in calls) <= most
    assert calls[-1] < 400 / most * 60 * 1.3


def test_repeating_is_harmless_only_where_it_is_said_to_be() -> None:
    assert effect_of("GET", f"{SHEETS}x", None) == "safe"
    assert effect_of("POST", f"{SHEETS}x:getByDataFilter", {}) == "safe"
    assert effect_of("PUT", f"{SHEETS}x/values/A1", {}) == "again"
    assert effect_of("POST", f"{SHEETS}x:batchUpdate", {"requests": [{"updateCells": {}}]}) == "again"
    for once in ("insertDimension", "addSheet", "addChart", "addProtectedRange", "createDeveloperMetadata", "appendDimension"):
        assert effect_of("POST", f"{SHEETS}x:batchUpdate", {"requests": [{"updateCells": {}}, {once: {}}]}) == "once"
    assert effect_of("POST", f"{SHEETS}x/values/A1:append", {}) == "once"


def test_a_log_names_the_route_and_never_the_file_or_the_range() -> None:
    assert Call("GET", f"{SHEETS}1AbC/values/Tom!A1:B2", None, None, "safe").name == "/spreadsheets/values/"
    assert Call("POST", f"{SHEETS}1AbC:batchUpdate", None, None, "once").name == "/spreadsheets:batchUpdate"


def test_a_pass_that_google_keeps_waiting_gives_up_and_says_so() -> None:
    desk = Desk.of()
    desk.google.faults.storm(too_many(), 1.0, (0, 10_000), seed=1)

    with pytest.raises(WorkbookBusy, match="Google's quota is used up"):
        desk.workbook.grids()

    assert desk.clock.seconds <= 1200


def test_a_person_s_consent_opens_the_file_as_a_service_account_does(google: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    office = Office.opened(google, tmp_path / "office")
    google.share(office.file, ROBOT, "")
    google.share(office.file, "staff@example.com", "writer")
    (office.root / "key.json").write_text(json.dumps(google.user_credentials("staff@example.com")), encoding="utf-8")

    assert office.says(capsys, "init", "--yes")[0] == 0
    assert {call.user for call in google.calls} == {"staff@example.com"}
    google.accounts.revoked.add("staff@example.com")
    code, said = office.says(capsys, "plan", "--now", NOW)
    assert (
        code == 5
        and "授权的那个 Google 账号 登录 Google 没有成功（invalid_grant）；看看这个账号或密钥是不是被删了、授权是不是撤回了" in said
    )


def test_a_key_in_the_environment_is_as_good_and_one_that_leads_elsewhere_is_refused(
    google: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    office = Office.opened(google, tmp_path / "office")
    settings = office.root / "config/settings.yaml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("{ file: key.json }", "{ env: ROWKEEPER_TEST_KEY }"), encoding="utf-8")
    key = json.loads((office.root / "key.json").read_text(encoding="utf-8"))
    monkeypatch.setenv("ROWKEEPER_TEST_KEY", json.dumps(key))
    assert office.says(capsys, "init")[0] == 2

    monkeypatch.setenv("ROWKEEPER_TEST_KEY", json.dumps({**key, "token_uri": "https://oauth2.example.com/token"}))
    code, said = office.says(capsys, "init")
    assert code == 5 and "its token_uri leads to oauth2.example.com, not to Google" in said
    assert google.canaries()[0] not in said


VISITS = """
    visit_no  | 回访编号   |
    due_at    | 应回访时间 | datetime required
    done_at   | 回访时间   | datetime
    visit_due | 回访期限   | datetime ours
"""
VISITING = """
    table: visits
    dated_by: due_at
    parameters:
      visit_within: { title: 回访, unit: working_days, clause: 第二条, values: { 2000-01-01: 1 } }
    rules:
      - { id: visit, kind: deadline, title: 回访, starts: due_at, within: $visit_within, done: done_at, writes: { due: visit_due } }
"""


def test_tables_in_two_files_with_our_columns_apart_cost_one_read_each_and_two_and_a_write_where_something_changed(
    google: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    files = [google.file(title, shared={ROBOT_OF_OFFICE: "writer"}, timeZone="Asia/Shanghai") for title in ("投诉", "回访")]
    settings = f"""
        language: zh
        calendar: cn
        admin: admin@example.com
        packs: [care]
        workbook:
          kind: google
          spreadsheets: {{ {files[0]}: [complaints], {files[1]}: [visits] }}
          credentials: {{ file: key.json }}
          development: {{ endpoint: "{google.url}" }}
          apart: all
    """
    tables = {"complaints": COMPLAINTS, "visits": VISITS}
    office = Office(google, files[0], tmp_path / "office", settings=settings, policy=[POLICY, VISITING], tables=tables)
    assert office.says(capsys, "init", "--yes")[0] == 0
    titles = [[sheet.title for sheet in google.book(file).sheets if sheet.title != "Sheet1"] for file in files]
    assert titles == [["complaints", "complaints·状态"], ["visits", "visits·状态"]]
    staff = [Human(google, file, tab(google, file, title).sheet_id, key) for file, title, key in zip(files, tables, KEYS, strict=True)]
    staff[0].fill_row({"投诉编号": "TS-1", "内容": "有异味", "受理时间": 46265.6})
    staff[1].fill_row({"回访编号": "HF-1", "应回访时间": 46265.6})
    assert office.says(capsys, "run", "--now", NOW)[0] == 0
    assert google.values(files[0], "complaints·状态")[1][:1] + google.values(files[1], "visits·状态")[1] == ["TS-1", "HF-1", None, 46266.75]

    assert calls_of(google, office, capsys) == {files[0]: ["values.batchGet"], files[1]: ["values.batchGet"]}
    staff[1].edit("HF-1", "应回访时间", 46264.6)
    assert calls_of(google, office, capsys) == {
        files[0]: ["values.batchGet"],
        files[1]: ["values.batchGet", "spreadsheets.get", "spreadsheets.batchUpdate"],
    }
    assert google.values(files[1], "visits·状态")[1] == ["HF-1", None, 46265.75]


ROBOT_OF_OFFICE, KEYS = "rowkeeper@project-1001.example.com", ("投诉编号", "回访编号")


def calls_of(google: StandIn, office: Office, capsys: pytest.CaptureFixture[str]) -> dict[str, list[str]]:
    """What a run asks of each file."""
    google.forget_calls()
    assert office.says(capsys, "run", "--now", NOW)[0] == 0
    assert Counter(call.counts_as for call in google.calls).keys() <= {"read", "write"}
    return {
        file: [call.kind for call in google.calls if call.spreadsheet_id == file] for file in {call.spreadsheet_id for call in google.calls}
    }


def test_who_may_only_read_is_told_so_before_anything_is_written() -> None:
    desk = Desk.of()
    desk.google.share(desk.file, ROBOT, "reader")

    desk.one_pass()

    assert [each.partition(": ")[2] for each in desk.troubles] == [SAID["not shared"][1]]
    assert READONLY not in desk.troubles[0]
