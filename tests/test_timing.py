"""Mail at the right time: quiet hours, downtime, first contact and flapping, as whole runs over the shipped policies."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from automations.calendars import Calendar, CalendarSettings, window
from automations.channels.memory import MemoryChannel
from automations.channels.protocol import MailWaits
from automations.config import Config
from automations.reports import plan_text, run_text
from tests.project import loaded, project
from tests.scene import CUSTOMERS, STAFF, Scene, does_nothing, scene, settings, shipped

BOOK = "团队台账"
COMPLAINT = """
    complaint_no | received_at      | channel | customer_id | complainant_contact | content | recorded_by | severity
    TS-1         | 2025-09-18 18:30 | 电话    | KH-1        | 13800138000         | 有异味  | YG-01       | 一般投诉
"""
"""Answered within 24 hours or late: due on Friday 2025-09-19 18:30."""
WEEK = {day: (window("08:30-17:30"),) for day in range(5)}


def office(**others: Calendar) -> Config:
    """The shipped configuration with more calendars."""
    return replace(shipped(), calendars={**shipped().calendars, **others})


def early() -> Calendar:
    """A calendar that opens at 08:30."""
    return Calendar.build(CalendarSettings(name="early", zone="Asia/Shanghai", weekly=WEEK, first=datetime(2025, 1, 1).date()))


def staged(*, config: Config | None = None, staff: str = STAFF, complaints: str = COMPLAINT) -> Scene:
    """One complaint, seen for the first time while it is fresh, with quiet hours as shipped."""
    stage = scene(config=config, quiet_hours=True, complaints=complaints, customers=CUSTOMERS, staff=staff)
    stage.run("2025-09-18 18:40")
    return stage


def readers(letters: list[str]) -> list[str]:
    """Who got a mail, by the name in the address."""
    return [line.partition("@")[0] for line in letters]


def told(stage: Scene, rule: str, key: str = "TS-1") -> list[str]:
    """What the ledger knows of the notices of one rule: rung, reader and state."""
    records = stage.world.ledger.notices_about(BOOK, "complaints", key)
    return [f"{each.notice.rung} {each.notice.reader} {each.state}" for each in records if each.notice.rule.endswith(f"/{rule}")]


def with_column(staff: str, column: str, **values: str) -> str:
    """The drawn staff tab with one more column, filled for some people."""
    head, *rows = [line.strip() for line in staff.strip().splitlines()]
    return "\n".join([f"{head} | {column}", *(f"{row} | {values.get(row.split('|')[0].strip().replace('-', ''), '')}" for row in rows)])


# Quiet hours


def test_a_breach_on_friday_evening_is_one_mail_on_monday_morning_with_everything_merged() -> None:
    stage = staged(config=office(early=early()), staff=with_column(STAFF, "calendar", YG01="early", YG02="early"))
    stage.run("2025-09-19 16:00")
    for now in ("2025-09-19 18:31", "2025-09-20 12:00", "2025-09-21 22:00", "2025-09-22 08:29"):
        assert stage.letters(now) == [], now
    monday = stage.letters("2025-09-22 08:30")
    assert readers(monday) == ["chen", "wang"]
    mine = next(mail for mail in stage.sent if mail.to == "chen@example.com" and len(mail.identities) > 1)
    assert mine.subject == "[多项提醒] 4 项事项需要处理，其中 4 项紧急"
    assert [words in mine.text for words in ("首次响应", "确定受理部门和负责人", "告诉客户由谁受理", "一般投诉的解决")] == [True] * 4
    assert stage.letters("2025-09-22 08:31") == []


def test_by_the_shipped_calendar_a_notice_waits_until_nine() -> None:
    stage = staged()
    plan = stage.plan("2025-09-19 18:31")
    assert (plan.mails, [each.facts["until"] for each in plan.deferred]) == ((), ["2025-09-22 09:00"] * len(plan.deferred))
    assert stage.letters("2025-09-22 08:59:59") == []
    assert readers(stage.letters("2025-09-22 09:00")) == ["chen", "wang"]


def test_a_make_up_day_is_a_day_at_work_and_a_holiday_is_not() -> None:
    stage = staged(complaints=COMPLAINT.replace("2025-09-18 18:30", "2025-09-26 16:30"))
    assert readers(stage.letters("2025-09-28 09:00")) == ["chen", "wang"], "the Sunday before the holiday is worked"
    assert stage.letters("2025-10-03 10:00") == []
    assert [each.facts["until"] for each in stage.plan("2025-10-03 10:00").deferred][:1] == ["2025-10-09 09:00"]


def test_a_deferred_notice_is_not_recorded_and_a_row_settled_meanwhile_is_never_mailed() -> None:
    stage = staged()
    stage.run("2025-09-19 17:59")
    before = told(stage, "first_response")
    stage.run("2025-09-19 18:31")
    assert told(stage, "first_response") == before
    for column in ("first_response_at", "assigned_at", "acceptance_notice_at"):
        stage.edit("complaints", column, "TS-1", datetime(2025, 9, 19, 18, 0))
    assert [line for line in stage.letters("2025-09-22 09:00") if "首次响应" in line] == []


def test_a_higher_rung_that_comes_in_the_night_replaces_the_lower_one() -> None:
    stage = staged(complaints=COMPLAINT.replace("2025-09-18 18:30", "2025-09-18 22:30"))
    assert stage.letters("2025-09-19 18:31") == []
    assert readers(stage.letters("2025-09-22 09:00")) == ["chen", "wang"]
    assert told(stage, "first_response") == ["due - 4 hours 陈立 overtaken", "due 陈立 sent", "due 王敏 sent"]


def test_a_second_run_in_the_night_does_nothing_and_says_the_same() -> None:
    stage = staged()
    stage.run("2025-09-19 20:00")
    one, other = stage.plan("2025-09-19 20:00"), stage.plan("2025-09-19 20:00")
    assert (does_nothing(one), one.as_json()) == (True, other.as_json())


def test_plan_report_json_and_explain_say_until_when_a_notice_waits() -> None:
    stage = staged()
    stage.run("2025-09-19 17:59")
    run = stage.run("2025-09-19 18:31")
    config = stage.world.config
    assert "2 个单元格将改变，6 条通知等对方上班再发。" in plan_text(run.plan, config, language="zh")
    assert "陈立 下班了，等到 9月22日（周一）09:00 再发" in plan_text(run.plan, config, language="zh")
    assert "陈立 is off work: waits until Mon 22 Sep 09:00" in plan_text(run.plan, config, language="en")
    assert "6 条通知等对方上班再发。" in run_text(run, config, "zh")
    waiting = [
        each for each in json.loads(run.plan.as_json())["notices"] if each["state"] == "deferred" and "first_response" in each["identity"]
    ]
    assert [(each["reader"], each["reason"]) for each in waiting] == [
        ("陈立", "until Mon 22 Sep 09:00"),
        ("王敏", "until Mon 22 Sep 09:00"),
    ]
    answer = stage.explain("complaints", "TS-1", "2025-09-19 18:31")
    assert "✉ complaint-response/first_response due -> 王敏 <wang@example.com>: 对方下班了，等到 9月22日（周一）09:00 再发" in answer.text()
    assert "deferred" in {each["state"] for each in answer.data()["notices"]}


def test_each_reader_has_hours_of_their_own_also_in_another_zone() -> None:
    weekly = {day: (window("09:00-17:00"),) for day in range(5)}
    london = Calendar.build(CalendarSettings(name="london", zone="Europe/London", weekly=weekly, first=datetime(2025, 1, 1).date()))
    stage = staged(config=office(london=london), staff=with_column(STAFF, "calendar", YG02="london"))
    stage.run("2025-09-19 17:59")
    assert readers(stage.letters("2025-09-19 18:31")) == ["wang"], "it is 11:31 in London"
    assert readers(stage.letters("2025-09-22 09:00")) == ["chen"]


def test_quiet_hours_can_be_switched_off() -> None:
    stage = scene(config=settings(quiet_hours=False), complaints=COMPLAINT, customers=CUSTOMERS, staff=STAFF)
    stage.run("2025-09-19 17:59")
    assert readers(stage.letters("2025-09-19 18:31")) == ["chen", "wang"]


@pytest.mark.parametrize(("severity", "mailed"), [("重大投诉", True), ("一般投诉", False)])
def test_an_emergency_is_mailed_in_the_night(severity: str, mailed: bool) -> None:
    stage = staged()
    stage.edit("complaints", "severity", "TS-1", severity)
    assert bool(stage.letters("2025-09-18 23:00")) is mailed


class Down(MemoryChannel):
    """A mail server that is down until it is mended."""

    mended = False

    def send(self, mail, about_to):  # type: ignore[no-untyped-def]
        if not self.mended:
            raise MailWaits("the server is down")
        return super().send(mail, about_to)


def test_a_mail_that_failed_to_leave_waits_out_the_night_as_well() -> None:
    stage = staged().with_world(channel=Down())
    stage.run("2025-09-19 17:59")
    stage.world.channel.mended = True  # type: ignore[attr-defined]
    night = stage.run("2025-09-19 20:00")
    assert (stage.sent, len(night.plan.resting)) == ([], 1)
    assert "上次没有发出，对方下班了，等上班再发" in plan_text(night.plan, stage.world.config, language="zh")
    stage.run("2025-09-22 09:00")
    assert [mail.to for mail in stage.sent][:1] == ["chen@example.com"]


# After downtime, at first contact, and when a status flaps


def test_nine_days_down_with_three_rungs_passed_is_one_mail_of_the_highest_rung() -> None:
    stage = scene(quiet_hours=True, complaints=COMPLAINT.replace("2025-09-18 18:30", "2025-09-08 10:00"), customers=CUSTOMERS, staff=STAFF)
    stage.run("2025-09-08 10:05")
    assert readers(stage.letters("2025-09-17 09:30")) == ["li", "wang"]
    assert told(stage, "assign") == [
        "80% 陈立 overtaken",
        "due 陈立 overtaken",
        "due 王敏 overtaken",
        "due + 1 working day 王敏 sent",
    ]
    assert stage.letters("2025-09-17 09:31") == []


OLD_CASES = """
    case_no | 编号 |                   |
    opened  | 开始 | datetime required |
    owner   | 负责 | email             |
    closed  | 结束 | datetime          |

    owner: owner
"""
OLD_POLICY = """
    dated_by: opened
    parameters:
      within: { title: 一天, unit: working_days, values: { 2000-01-01: 1 } }
    rules:
      - { id: close, kind: deadline, title: 结案, within: $within, done: closed }
    notices:
      - on: close
        ladder:
          - { at: "80%", to: owner, template: deadline-soon }
          - { at: due, to: owner, template: deadline-late, repeat: every 1 working day, at_most: 3 }
"""


def test_a_first_run_over_five_thousand_old_rows_mails_nobody_and_neither_does_the_second(tmp_path: Path) -> None:
    config = loaded(project(tmp_path, policy=OLD_POLICY, tables={"cases": OLD_CASES}))
    stage = scene(config=config, cases="case_no | opened | owner | closed")
    stage.book.tabs["cases"] += [[f"A-{n}", datetime(2025, n % 8 + 1, n % 27 + 1, 10), "chen@example.com", None] for n in range(5000)]
    first = stage.run("2025-09-18 10:00")
    assert {each.state for each in first.plan.notices} == {"baseline"}
    assert len(first.plan.notices) == 10_000
    stage.book.tabs["cases"].append(["A-NEW", datetime(2025, 9, 16, 10), "chen@example.com", None])
    assert [line.partition(":")[0] for line in stage.letters("2025-09-18 10:10")] == ["chen@example.com"]
    assert len(stage.sent[0].identities) == 1


def test_a_table_that_appears_later_is_a_first_contact_of_its_own() -> None:
    stage = scene(quiet_hours=True, customers=CUSTOMERS, staff=STAFF)
    stage.run("2025-09-01 10:00")
    later = scene(ledger=stage.world.ledger, quiet_hours=True, complaints=COMPLAINT, customers=CUSTOMERS, staff=STAFF)
    assert later.letters("2025-10-30 10:00") == []
    assert set(told(later, "first_response")) == {
        "due - 4 hours 陈立 baseline",
        "due 陈立 baseline",
        "due 王敏 baseline",
        "due + 1 working day 李客 baseline",
    }


def test_a_status_that_flaps_is_one_episode_and_one_mail() -> None:
    stage = staged()
    stage.run("2025-09-19 17:59")
    stage.edit("complaints", "first_response_at", "TS-1", None)
    late = [line for line in stage.letters("2025-09-22 09:30") if "wang" in line]
    assert len(late) == 1
    for now, answered in (
        ("10:00", datetime(2025, 9, 22, 9, 40)),
        ("10:30", None),
        ("11:00", datetime(2025, 9, 22, 9, 40)),
        ("11:30", None),
    ):
        stage.edit("complaints", "first_response_at", "TS-1", answered)
        assert stage.letters(f"2025-09-22 {now}") == []
    assert {each.notice.episode for each in stage.world.ledger.notices_about(BOOK, "complaints", "TS-1")} == {1}
