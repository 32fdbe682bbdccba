"""Digests as readers get them: every figure counted again from the workbook, one mail per slot, the right window, the right reader."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from automations import digests
from automations.config import Config
from automations.digestfile import DigestFile
from automations.digests import Sent, desk_of, due_digests, send_digests
from automations.digestslots import latest_slot
from automations.digestview import NoDigest, list_digests, show_digest
from automations.errors import MailFailed
from automations.run import read
from automations.speaking import findings_of, first_findings
from tests.scene import CUSTOMERS, STAFF, Scene, scene, shipped

COMPLAINTS = """
    complaint_no | received_at      | customer_id | content | recorded_by | handler | category | assigned_at      | resolved_at
    TS-1         | 2025-09-24 09:30 | KH-1        | 有异味  | YG-01       | YG-01   | 质量问题 |                  |
    TS-2         | 2025-09-25 16:30 | KH-1        | 破损    | YG-01       | YG-01   | 质量问题 |                  |
    TS-3         | 2025-09-26 10:00 | KH-1        | 少件    | YG-03       | YG-03   | 运输损坏 |                  |
    TS-4         | 2025-09-22 10:00 | KH-1        | 过期    | YG-01       | YG-01   | 质量问题 | 2025-09-22 15:00 |
    TS-5         | 2025-09-26 11:00 | KH-1        | 发霉    | YG-03       | YG-03   | 质量问题 | 2025-09-26 14:00 |
    TS-6         | 2025-08-12 11:00 | KH-1        | 误送    | YG-03       | YG-03   | 运输损坏 | 2025-08-12 14:00 |
"""
MONDAY = "2025-09-29 08:30"
TELLING = {"TS-1": "09-25", "TS-2": "09-26", "TS-3": "09-28", "TS-4": "09-23", "TS-5": "09-28", "TS-6": "08-13"}
"""Telling the customer is due at 18:00 of the working day after receipt; no column holds it. 28 September is a working Sunday."""


def stage(**changed: Any) -> Scene:
    """The drawn workbook after a first sweep on Friday, so that the old matters are noted."""
    found = scene(complaints=COMPLAINTS, staff=STAFF, customers=CUSTOMERS, quiet_hours=True, **changed)
    found.run("2025-09-26 17:00")
    return found


def send(found: Scene, now: str, *names: str) -> Sent:
    return send_digests(found.world, datetime.fromisoformat(now), names)


def shown(found: Scene, name: str, now: str, reader: str = "", language: str | None = None) -> str:
    return show_digest(found.world, name, reader, datetime.fromisoformat(now), language).rendered.text


def figure(text: str, label: str) -> int:
    return int(re.search(rf"^{label}：(\d+)", text, re.M)[1])  # type: ignore[index]


# The figures, counted again


def counted_by_hand(found: Scene, now: datetime, since: datetime) -> Counter[str]:
    """The steps of complaints from the cells of the workbook alone: due columns as they stand, and what staff typed.

    A step is open while its due time stands and the column of its end is blank.
    """
    done_by = {
        "due_first_response": "first_response_at", "due_assign": "assigned_at", "due_preliminary": "preliminary_at",
        "due_responsibility": "responsibility_at", "due_resolve": "resolved_at", "due_notify": "customer_notified_at",
        "due_followup": "followup_at", "due_close": "closed_at",
    }  # fmt: skip
    sheet = read(found.world, now)[0].sheets["complaints"]
    counted: Counter[str] = Counter()
    for row in sheet.frame.to_dict("records"):
        promises = [(row[due], row[done]) for due, done in done_by.items()]
        promises.append((datetime.fromisoformat(f"2025-{TELLING[row['complaint_no']]} 18:00"), row["acceptance_notice_at"]))
        for due, done in promises:
            if str(due) == "NaT" or str(done) != "NaT":
                continue
            counted["open"] += 1
            counted["late"] += due < now
            counted["newly late"] += since < due <= now and due < now
            counted["today"] += due >= now and due.date() == now.date()
    return counted


@pytest.mark.parametrize("now", ["2025-09-29 08:30", "2025-10-09 08:30"])
def test_the_figures_are_those_of_the_workbook_at_the_time_printed(now: str):
    found, moment = stage(), datetime.fromisoformat(now)
    found.run(now)
    digest = shipped().digests["manager"].model_copy(update={"tables": ["complaints"]})
    slot = latest_slot(digest, shipped().calendar, moment)
    assert slot is not None

    text = shown(with_digests(found, digest), "manager", now)

    counted = counted_by_hand(found, moment, slot.before)
    labels = {"open": "未办结", "late": "已逾期", "newly late": "新逾期", "today": "今天到期"}
    assert {name: figure(text, label) for name, label in labels.items()} == {name: counted[name] for name in labels}
    assert counted["open"] > counted["late"] > 0
    assert f"按 {now} 的表格" in text


def with_digests(found: Scene, *digests: DigestFile) -> Scene:
    """The scene with only these digests set up."""
    config: Config = found.world.config
    return found.with_world(config=settings_with(config, digests))


def settings_with(config: Config, digests: Any) -> Config:
    return replace(config, digests={digest.digest: digest for digest in digests})


def test_every_open_step_stands_in_exactly_one_part():
    found = stage()
    text = shown(found, "manager", MONDAY)

    totals = {title: int(count) for title, count in re.findall(r"^== (.+) \((\d+)\) ==$", text, re.M)}
    parts = ("今天到期", "新逾期", "两个工作日内到期", "其余未办结（按期限先后）")
    assert sum(totals.get(part, 0) for part in parts) == figure(text, "未办结")


def test_the_trend_ends_with_the_figures_of_now():
    text = shown(stage(), "manager", MONDAY)

    assert f"09-29：未办结 {figure(text, '未办结')}，逾期 {figure(text, '已逾期')}" in text


def test_a_breakdown_counts_the_rows_of_the_month_and_of_the_month_before():
    text = shown(stage(), "complaint-analysis", "2025-10-09 09:00")

    assert "2025-09-01至2025-09-30" in text
    lines = {line.split(" | ")[0]: line.split(" | ")[1:4] for line in text.splitlines() if " | " in line}
    assert lines["质量问题"] == ["4", "0", "+4"]
    assert lines["运输损坏"] == ["1", "1", "±0"]


def test_the_page_holds_the_same_figures_as_the_text():
    shown_now = show_digest(stage().world, "manager", "", datetime.fromisoformat(MONDAY)).rendered
    words = re.sub(r"\s+", "", re.sub(r"<[^>]+>", " ", shown_now.html.split("<body")[1]))

    for title, count in re.findall(r"^== (.+) \((\d+)\) ==$", shown_now.text, re.M):
        assert re.sub(r"\s+", "", f"{title}{count}") in words
    for key in re.findall(r"TS-\d", shown_now.text):
        assert key in words


# Sent once


def test_a_digest_is_sent_once_however_often_it_runs():
    found = stage()

    assert send(found, MONDAY, "manager").posted.sent > 0
    before = len(found.sent)
    assert send(found, MONDAY, "manager").run_id is None
    assert send(found, "2025-09-29 17:00", "manager").run_id is None
    assert len(found.sent) == before


def test_two_programs_at_once_send_one_mail_each_reader():
    found = stage()
    now = datetime.fromisoformat(MONDAY)
    slot = latest_slot(shipped().digests["manager"], shipped().calendar, now)
    assert slot is not None
    other, slots = desk_of(found.world, now), [(shipped().digests["manager"], slot)]
    planned = list(due_digests(other, found.world, slots))
    send(found, MONDAY, "manager")
    again = digests._sent(found.world, other, slots, planned)

    assert len(planned) == 3
    assert (again.made, again.posted.sent) == (0, 0)
    assert max(Counter((mail.to, mail.subject) for mail in found.sent).values()) == 1


def test_before_the_first_sweep_nothing_is_sent():
    found = scene(complaints=COMPLAINTS, staff=STAFF, customers=CUSTOMERS)

    assert send(found, MONDAY).run_id is None
    assert found.sent == []
    assert not found.world.ledger.knows(found.world.workbook.name)


def test_a_digest_is_a_scheduled_mail_and_goes_out_before_the_office_opens():
    found = stage()

    send(found, MONDAY, "manager")

    assert {mail.sent_at for mail in found.sent if mail.list_id} == {datetime.fromisoformat(MONDAY)}


def test_the_window_begins_with_the_last_digest_that_left():
    found = stage()
    send(found, MONDAY, "manager")
    send(found, "2025-09-30 08:30", "manager")
    texts = [mail.text for mail in found.sent if mail.list_id.startswith("manager.") and mail.to == "wang@example.com"]

    assert ["09-28 08:30 至 09-29 08:30" in texts[0], "09-29 08:30 至 09-30 08:30" in texts[1]] == [True, True]
    assert "与上次汇总比较（2025-09-29 08:30）" in texts[1]


def test_a_digest_that_did_not_leave_does_not_end_the_window():
    found = stage()
    send(found, MONDAY, "manager")
    broken = found.with_world(channel=Refusing())
    send(broken, "2025-09-30 08:30", "manager")
    send(found, "2025-10-09 08:30", "manager")

    last = [mail.text for mail in found.sent if mail.list_id.startswith("manager.")][-1]
    assert "09-29 08:30 至 10-09 08:30" in last


class Refusing:
    """A channel that sends nothing."""

    name, never_twice = "refusing", False

    def send(self, mail: Any, about_to: Any) -> str:
        about_to()
        raise MailFailed("nobody there")

    def lanes(self, _: int, /) -> list[Any]:
        return [self]

    def close(self) -> None:
        return None


# When


@pytest.mark.parametrize(
    ("every", "on", "now", "slot", "before"),
    [
        ("working day", 1, "2025-09-29 08:30", "2025-09-29 08:30", "2025-09-28 08:30"),  # the 28th is a make-up working Sunday
        ("working day", 1, "2025-09-29 08:29", "2025-09-28 08:30", "2025-09-26 08:30"),
        ("working day", 1, "2025-10-05 12:00", "2025-09-30 08:30", "2025-09-29 08:30"),  # in the holidays
        ("working day", 1, "2025-10-09 08:30", "2025-10-09 08:30", "2025-09-30 08:30"),
        ("week", 1, "2025-10-08 23:00", "2025-09-29 08:30", "2025-09-22 08:30"),  # Monday 6 October is closed
        ("week", 1, "2025-10-09 08:30", "2025-10-09 08:30", "2025-09-29 08:30"),
        ("month", 1, "2025-10-09 08:30", "2025-10-09 08:30", "2025-09-01 08:30"),
        (
            "month",
            31,
            "2026-03-02 08:30",
            "2026-02-28 08:30",
            "2026-02-02 08:30",
        ),  # February has no 31st; 28 February 2026 is a working Saturday
    ],
)
def test_a_slot_on_a_closed_day_moves_to_the_next_open_day(every: Any, on: int, now: str, slot: str, before: str):
    digest = DigestFile(digest="x", title={"zh": "x"}, to=["owner"], every=every, on=on)
    found = latest_slot(digest, shipped().calendar, datetime.fromisoformat(now))

    assert found is not None
    assert (str(found.at)[:16], str(found.before)[:16]) == (slot, before)


def test_a_monthly_digest_is_about_the_month_before_even_when_its_day_moved():
    digest = DigestFile(digest="x", title={"zh": "x"}, to=["owner"], every="month", on=1)
    found = latest_slot(digest, shipped().calendar, datetime(2025, 10, 9, 9))

    assert found is not None
    assert [str(day) for day in (found.begin_before, found.begin, found.end)] == ["2025-08-01", "2025-09-01", "2025-10-01"]


# Who


def test_everybody_gets_only_their_own_matters():
    found = stage()
    chen, li = (shown(found, "own", MONDAY, name) for name in ("陈立", "李客"))

    assert set(re.findall(r"TS-\d", chen)) == {"TS-1", "TS-2", "TS-4"}
    assert set(re.findall(r"TS-\d", li)) == {"TS-3", "TS-5", "TS-6"}


def test_a_digest_goes_to_the_deputy_while_its_reader_is_away_and_is_not_sent_again_on_return():
    away = STAFF.replace("| status", "| status | away_from  | away_until | deputy").replace(
        "wang@example.com  | 在职", "wang@example.com  | 在职   | 2025-09-29 | 2025-09-29 | YG-05"
    )
    found = scene(complaints=COMPLAINTS, staff=away, customers=CUSTOMERS)
    found.run("2025-09-26 17:00")
    send(found, MONDAY, "manager")
    digests = {mail.to for mail in found.sent if mail.list_id}

    assert "qian@example.com" in digests
    assert "wang@example.com" not in digests
    assert send(found, "2025-09-29 18:00", "manager").run_id is None


def test_with_one_matter_of_ones_own_the_single_notice_is_enough_and_with_none_there_is_no_mail():
    found = stage()
    alone = shipped().digests["own"].model_copy(update={"tables": ["visits"]})
    one_each = alone.model_copy(update={"digest": "one", "tables": ["staff"]})

    assert send(with_digests(found, alone), MONDAY).made == 0
    assert send(with_digests(found, one_each), MONDAY).made == 0
    assert [mail for mail in found.sent if mail.list_id] == []


def test_a_manager_hears_that_all_is_clear():
    found = scene(staff=STAFF, customers=CUSTOMERS, complaints=COMPLAINTS)
    found.run("2025-09-26 17:00")
    digest = shipped().digests["manager"].model_copy(update={"tables": ["carriers"]})
    calm = with_digests(found, digest)
    send(calm, MONDAY)

    mails = [mail for mail in found.sent if mail.list_id]
    assert mails
    assert {mail.subject for mail in mails} == {"管理日报 9月29日（周一）：一切正常"}
    assert all("一切正常：核对了 13 行，没有未办结的事项。" in mail.text for mail in mails)


def test_a_reader_of_english_gets_the_digest_in_english():
    text = shown(stage(), "manager", MONDAY, "王敏", "en")

    assert "Hello 王敏," in text
    assert "Open:" in text
    assert "Against the last digest" in text


def test_the_mail_names_its_list_its_run_and_its_moment():
    found = stage()
    done = send(found, MONDAY, "manager")
    mail = next(mail for mail in found.sent if mail.list_id)

    assert mail.list_id == "manager.example.com"
    assert f"第 {done.run_id} 次运行" in mail.text
    assert re.fullmatch(r"管理日报 9月29日（周一）：今天到期\d+项，新逾期\d+项，未办结\d+项", mail.subject)


def test_a_name_nobody_gave_a_digest_is_refused_with_the_one_meant():
    with pytest.raises(NoDigest, match="there is no digest 'manger'; did you mean 'manager'\\?"):
        shown(stage(), "manger", MONDAY)


def test_the_list_names_every_digest_with_its_slot_and_readers():
    listed = list_digests(stage().world, datetime.fromisoformat(MONDAY)).text().splitlines()

    assert len(listed) == len(shipped().digests)
    assert "manager：管理日报，2025-09-29 08:30，发给 王敏, 赵副, 李客" in listed


def test_a_cap_states_the_true_total():
    rows = "\n".join(f"    TS-{n} | 2025-09-24 09:30 | KH-1 | 有异味 | YG-01 | YG-01 | 质量问题" for n in range(1, 31))
    found = scene(complaints="\n" + COMPLAINTS.splitlines()[1] + "\n" + rows, staff=STAFF, customers=CUSTOMERS)
    found.run("2025-09-24 10:00")
    text = shown(found, "own", "2025-09-25 08:30", "陈立")

    assert re.search(r"共 \d{2,} 项，列出前 10 项；其余请看表格。", text)


def test_the_number_to_be_corrected_is_that_of_all_findings():
    found = stage()
    desk = desk_of(found.world, datetime.fromisoformat(MONDAY))
    asking = [each for each in findings_of(desk.judged) if each.level != "info"]

    assert first_findings(desk.judged, 5) == (len(asking), asking[:5])
    assert first_findings(desk.judged, 9, ["customers"])[0] == sum(each.table == "customers" for each in asking) > 0


# Indicators of a period

RESULTS = """
    result_id | kpi | subject_kind | subject_name | starts_on | ends_on | value | unit | target | outcome | previous | change
"""
VISITS = """
    visit_id | customer_id | visited_on | staff_id
    BF-1     | KH-1        | 2025-08-30 | YG-01
    BF-2     | KH-1        | 2025-09-01 | YG-01
    BF-3     | KH-1        | 2025-09-30 | YG-01
    BF-4     | KH-1        | 2025-09-10 | YG-05
    BF-5     | KH-1        | 2025-10-01 | YG-05
"""
SHIPPED = """
    notice_no | customer_id | carrier_id | qty | freight_amount | shipped_at
    FY-1      | KH-1        | CY-1       | 300 | 200.10         | 2025-09-05 10:00
    FY-2      | KH-1        | CY-1       | 700 | 300            | 2025-09-20 10:00
    FY-3      | KH-1        | CY-1       | 1   | 99             | 2025-10-02 10:00
"""


def indicated(digest: str, now: str) -> str:
    found = scene(
        staff=STAFF,
        customers=CUSTOMERS,
        kpi_results=RESULTS,
        visits=VISITS,
        shipments=SHIPPED,
        carriers="carrier_id | carrier_name\nCY-1 | 西部物流",
        targets="target_id | starts_on | salesperson | measured | target_value\nM-1 | 2025-09-01 | YG-01 | 销售额 | 1000",
        orders="order_no | customer_id | order_date | salesperson | amount\nDD-1 | KH-1 | 2025-09-03 | YG-01 | 950",
    )
    found.run(now)
    return shown(found, digest, now)


def sections(text: str) -> dict[str, list[str]]:
    """The lines of the tables of a digest by their titles, without the headings."""
    found = re.findall(r"^== (.+?) ==\n(.*?)(?=\n==|\n\n|\Z)", text, re.M | re.S)
    return {title: lines.splitlines()[1:] for title, lines in found}


def test_the_indicators_of_the_month_before_are_told_with_target_and_change():
    told = sections(indicated("kpi-month", "2025-10-09 09:00"))

    assert "销售完成率 | 95.0% | 100.0% | 未达标 | – | –" in told["公司指标"]
    assert told["个人销售完成率（个人）"] == ["陈立 | 95.0% | 100.0% | 未达标 | – | –"]
    assert told["销售额（个人）"] == ["陈立 | 950.00 | – | – | – | –"]
    assert told["拜访次数（个人）"] == ["陈立 | 2 | – | – | 1 | +1", "钱经理 | 1 | – | – | – | –"]
    assert told["单位运费（承运单位）"] == ["西部物流 | 0.50 | – | – | – | –"]


def test_the_indicators_of_the_quarter_before_are_those_of_the_quarter():
    told = sections(indicated("kpi-quarter", "2025-10-09 09:00"))

    assert "销售完成率 | 95.0% | 100.0% | 未达标 | – | –" in told["公司指标"]
    assert "个人销售完成率（个人）" not in told
