"""The command line over Google Sheets, from an empty spreadsheet to a second installation: everything over a socket to the stand-in."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.googleoffice import NOW, ROBOT, Office, tab
from tests.sheets.human import Human
from tests.sheets.server import StandIn


@pytest.fixture
def google() -> Iterator[StandIn]:
    with StandIn() as started:
        yield started


@pytest.fixture
def office(google: StandIn, tmp_path: Path) -> Office:
    return Office.opened(google, tmp_path / "office")


def test_init_shows_its_plan_then_makes_a_tab_a_clerk_would_want(office: Office, capsys: pytest.CaptureFixture[str]):
    code, said = office.says(capsys, "init")
    assert code == 2
    assert said == (
        "将补全工作簿 台账 (FILE)，只增加，不删改：\n"
        "  工作表“complaints”，7 列：投诉编号、内容、等级、受理时间、答复时间、答复期限、答复状态\n"
        "什么都还没有写。执行：runner.py init --yes\n"
    )
    assert [sheet.title for sheet in office.google.book(office.file).sheets] == ["说明"]

    assert office.says(capsys, "init", "--yes")[0] == 0
    sheet = tab(office.google, office.file)
    headers = sheet.rows[0].cells
    assert [cell.value for cell in headers] == ["投诉编号", "内容", "等级", "受理时间", "答复时间", "答复期限", "答复状态"]
    assert [cell.note for cell in headers][2:6] == ["可选：一般 / 重大", "必填", None, "由表管家填写，请勿手工修改"]
    assert sheet.properties["gridProperties"]["frozenRowCount"] == 1
    assert [each["format"]["numberFormat"]["pattern"] for each in [vars_of(sheet, 5, 3)]] == ["yyyy-mm-dd hh:mm"]
    assert sheet.cell(5, 2).validation["condition"]["values"] == [{"userEnteredValue": "一般"}, {"userEnteredValue": "重大"}]
    [shut] = sheet.things("protectedRanges")
    assert (shut["warningOnly"], shut["range"]["startColumnIndex"], shut["range"]["endColumnIndex"]) == (True, 5, 7)
    assert len(sheet.things("conditionalFormats")) == 9
    assert sorted(each.value for each in office.google.book(office.file).metadata.values())[0] == "complaints/answer_due"
    assert [cell.value for cell in tab(office.google, office.file, "说明").rows[0].cells] == ["别动"]


def vars_of(sheet: Any, row: int, column: int) -> dict[str, Any]:
    """The format of a cell, as it is entered."""
    return {"format": sheet.cell(row, column).format}


def test_init_twice_adds_nothing_and_a_lost_column_comes_back_at_the_right(office: Office, capsys: pytest.CaptureFixture[str]):
    office.says(capsys, "init", "--yes")
    assert office.says(capsys, "init") == (0, "工作簿 台账 (FILE) 已齐全，没有要补的。\n")

    Human(office.google, office.file, tab(office.google, office.file).sheet_id, "投诉编号").delete_column("答复状态")
    office.says(capsys, "init", "--yes")
    assert [cell.value for cell in tab(office.google, office.file).rows[0].cells][-2:] == ["答复期限", "答复状态"]
    assert office.says(capsys, "init")[0] == 0


def test_a_run_fills_our_columns_counts_its_calls_and_a_copy_elsewhere_is_kept_out(
    office: Office, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    office.says(capsys, "init", "--yes")
    staff = Human(office.google, office.file, tab(office.google, office.file).sheet_id, "投诉编号")
    staff.fill_row({"投诉编号": "TS-1", "内容": "有异味", "受理时间": 46265.6})
    assert office.says(capsys, "run", "--now", NOW)[0] == 0
    assert staff.records()[0] | {"受理时间": 0} == {
        "投诉编号": "TS-1", "内容": "有异味", "等级": None, "受理时间": 0, "答复时间": None,
        "答复期限": 46266.75, "答复状态": "进行中",
    }  # fmt: skip
    assert "2 cells, 6 reads, 1 writes" in office.says(capsys, "history")[1]

    other = Office(office.google, office.file, tmp_path / "other")
    staff.edit("TS-1", "答复时间", 46266.5)
    code, said = other.says(capsys, "run", "--now", NOW)
    assert code == 5 and "由另一处安装的表管家负责写入" in said and "今后要由本安装负责：runner.py takeover" in said
    assert staff.records()[0]["答复状态"] == "进行中"
    code, said = other.says(capsys, "takeover")
    assert code == 2 and said.startswith("这个工作簿由另一处安装负责写入：")
    assert other.says(capsys, "takeover", "--yes")[1].startswith("今后由本安装负责写入")
    assert other.says(capsys, "takeover") == (0, "本安装已经负责写入这个工作簿。\n")
    assert "另一处安装" in office.says(capsys, "takeover")[1]


def test_an_old_copy_of_the_same_installation_is_kept_out(office: Office, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    office.says(capsys, "init", "--yes")
    staff = Human(office.google, office.file, tab(office.google, office.file).sheet_id, "投诉编号")
    staff.fill_row({"投诉编号": "TS-1", "受理时间": 46265.6})
    office.says(capsys, "run", "--now", NOW)
    shutil.copytree(office.root, tmp_path / "copy")
    staff.fill_row({"投诉编号": "TS-2", "受理时间": 46265.6})
    office.says(capsys, "run", "--now", NOW)

    copy = Office(office.google, office.file, tmp_path / "copy")
    staff.fill_row({"投诉编号": "TS-3", "受理时间": 46265.6})
    code, said = copy.says(capsys, "run", "--now", NOW)
    assert code == 5 and "是旧的一份，或是从备份恢复的。没有写入，也没有发信" in said


def test_doctor_says_what_is_missing_and_what_to_do(office: Office, capsys: pytest.CaptureFixture[str]):
    office.google.share(office.file, ROBOT, "")
    code, said = office.says(capsys, "doctor", "--now", "2026-09-01 08:00")
    assert code == 5 and f"打开该表格，点“共享”，把 {ROBOT} 加为“编辑者”" in said

    office.google.share(office.file, ROBOT, "writer")
    office.google.book(office.file).time_zone = "America/New_York"
    _, said = office.says(capsys, "doctor", "--now", "2026-09-01 08:00")
    lines = [line for line in said.splitlines() if "表" in line or "Google" in line or "时区" in line or "安装" in line]
    assert lines == [
        f"正常  Google 账号 {ROBOT}",
        "正常  表格“台账”：1 个工作表",
        "正常  表格“台账”还没有归属；第一次写入时归本机，能不能编辑那时才知道",
        "注意  表格“台账”的时区是 America/New_York，日历的是 Asia/Shanghai",
        "      -> 文件 > 设置 > 时区，改为 Asia/Shanghai",
        "正常  时钟与 Google 一致",
        "注意  工作表“complaints”没有找到",
        "正常  每分钟最多 50 次读取、50 次写入（Google 对每个账号各限 60 次）；本次检查读取 4 次",
    ]


def test_doctor_says_what_keeps_the_program_out_and_what_to_do(office: Office, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """A column nobody let it into, another installation, a clock that is off, a header that was renamed; each with its remedy."""
    office.says(capsys, "init", "--yes")
    staff = office.staff()
    staff.fill_row({"投诉编号": "TS-1", "内容": "有异味", "受理时间": 46265.6})
    office.says(capsys, "run", "--now", NOW)
    staff.rename_column("内容", "说了什么")
    place = staff.column(staff.sheet(), "答复期限")
    range_ = {"sheetId": staff.sheet_id, "startColumnIndex": place, "endColumnIndex": place + 1}
    staff.sheet().things("protectedRanges").append({"protectedRangeId": 77, "range": range_, "editors": {"users": ["staff@example.com"]}})

    code, said = Office(office.google, office.file, tmp_path / "other").says(capsys, "doctor", "--now", "2026-09-01 11:30")

    lines = said.splitlines()
    assert code == 5
    for line, remedy in {
        "错误  工作表“complaints”的列受保护，不能写入：F": f"      -> 数据 > 保护工作表和范围：允许 {ROBOT} 编辑，或取消保护",
        "注意  时间与 Google 相差 210 分钟（Google：2026-09-01 08:00）": "      -> 打开本机的自动校时；用了 --now 时不必理会",
    }.items():
        assert lines[lines.index(line) + 1] == remedy
    foreign = next(number for number, line in enumerate(lines) if line.startswith("错误  由另一处安装负责写入："))
    assert lines[foreign + 1] == "      -> 停掉其中一处；改由本机负责：runner.py takeover"
    assert "正常  工作表“complaints”有改过名的表头，按列上的标记照常认出：B 列“说了什么”即“内容”" in lines


def test_a_key_that_others_may_read_is_refused(office: Office, capsys: pytest.CaptureFixture[str]):
    (office.root / "key.json").chmod(0o644)
    code, said = office.says(capsys, "plan", "--now", NOW)
    assert code == 5 and said == "/key.json: others may read this key; run: chmod 600 on it\n"


VISITS = """
    table: visits
    title: visits
    key: visit_no
    columns:
      visit_no: { title: 回访编号 }
      due_at: { title: 应回访时间, type: datetime, required: true }
      done_at: { title: 回访时间, type: datetime }
      visit_due: { title: 回访期限, type: datetime, ours: true }
"""
VISITING = """
    policy: visiting
    title: 回访
    table: visits
    dated_by: due_at
    parameters:
      visit_within: { title: 回访, unit: working_days, clause: 第二条, values: { 2000-01-01: 1 } }
    rules:
      - { id: visit, kind: deadline, title: 回访, starts: due_at, within: $visit_within, done: done_at, writes: { due: visit_due } }
"""


def test_a_pack_that_is_switched_on_gets_its_tab_and_the_very_next_run_fills_it(office: Office, capsys: pytest.CaptureFixture[str]):
    office.says(capsys, "init", "--yes")
    office.staff().fill_row({"投诉编号": "TS-1", "内容": "有异味", "受理时间": 46265.6})
    office.says(capsys, "run", "--now", NOW)
    before = office.google.values(office.file, "complaints")
    pack = office.root / "config/packs/visits"
    texts = {"pack.yaml": "pack: visits\ntitle: 回访\n", "tables/visits.yaml": dedent(VISITS), "policies/visiting.yaml": dedent(VISITING)}
    for name, text in texts.items():
        (pack / name).parent.mkdir(parents=True, exist_ok=True)
        (pack / name).write_text(text, encoding="utf-8")
    settings = office.root / "config/settings.yaml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("packs: [care]", "packs: [care, visits]"), encoding="utf-8")

    said = office.says(capsys, "init", "--upgrade", "--yes")[1]
    Human(office.google, office.file, tab(office.google, office.file, "visits").sheet_id, "回访编号").fill_row(
        {"回访编号": "HF-1", "应回访时间": 46265.6}
    )
    office.says(capsys, "run", "--now", NOW)

    assert said.splitlines()[1:2] == ["  工作表“visits”，4 列：回访编号、应回访时间、回访时间、回访期限"]
    assert office.google.values(office.file, "visits")[1] == ["HF-1", 46265.6, None, 46266.75]
    assert office.google.values(office.file, "complaints") == before
