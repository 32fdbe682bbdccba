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


# Holds


HELD = COMPLAINT.replace("2025-09-18 18:30", "2025-09-08 10:00")


def on_hold(until: datetime, reason: str | None = "客户出差") -> Scene:
    """A complaint put on hold on its second day."""
    stage = scene(quiet_hours=True, complaints=HELD, customers=CUSTOMERS, staff=STAFF)
    stage.run("2025-09-08 10:05")
    stage.edit("complaints", "hold_until", "TS-1", until)
    stage.edit("complaints", "hold_reason", "TS-1", reason)
    stage.run("2025-09-09 09:30")
    return stage


def test_a_hold_stops_the_notices_and_the_repeats_but_not_the_clocks_and_its_end_is_told_once() -> None:
    stage = on_hold(datetime(2025, 9, 12))
    assert stage.letters("2025-09-12 17:30") == []
    assert stage.cells("complaints", "overdue_stage") != ["TS-1 -"]
    assert stage.letters("2025-09-13 09:00") == [], "a Saturday"
    monday = stage.letters("2025-09-15 09:00")
    assert readers(monday) == ["chen", "li", "wang"]
    ended = stage.sent[0]
    assert (ended.subject, ended.to) == ("[暂缓到期] 客户投诉 TS-1", "chen@example.com")
    assert "请继续办理，暂缓到 2025-09-12 为止。从现在起恢复提醒。" in ended.text
    assert "暂缓原因：客户出差。" in ended.text
    assert [line for line in stage.letters("2025-09-16 09:00") if "暂缓" in line] == []
    assert "曾暂缓至 2025-09-12：客户出差" in next(mail.text for mail in stage.sent if mail.to == "wang@example.com")


def test_a_row_settled_while_on_hold_gets_no_mail_when_the_hold_ends(tmp_path: Path) -> None:
    tables = {"cases": OLD_CASES.replace("    closed  |", "    hold_until | 暂缓至 | date |\n    closed  |")}
    stage = scene(
        config=loaded(project(tmp_path, policy=OLD_POLICY, tables=tables)), cases="case_no | opened | owner | hold_until | closed"
    )
    stage.run("2025-09-08 09:30")
    for key in ("A-1", "A-2"):
        stage.book.tabs["cases"].append([key, datetime(2025, 9, 8, 10), "chen@example.com", datetime(2025, 9, 12), None])
    stage.run("2025-09-09 09:30")
    stage.book.tabs["cases"][1][4] = datetime(2025, 9, 10, 10)
    stage.run("2025-09-15 09:30")
    assert {identity.split("|")[3] for mail in stage.sent for identity in mail.identities} == {"A-2"}
    assert any("hold" in identity for identity in stage.sent[0].identities)


def test_a_hold_without_a_reason_is_a_finding_and_holds() -> None:
    stage = on_hold(datetime(2025, 9, 12), reason=None)
    said = next(each for each in stage.plan("2025-09-10 10:00").findings if each.rule == "complaints/hold-reason")
    assert (said.sentence["zh"], said.fix["zh"]) == ("填了“暂缓至”，缺“暂缓原因”", "请填写“暂缓原因”")
    assert said.sentence["en"] == "'Hold until' is filled but 'Hold reason' is missing"
    assert stage.letters("2025-09-12 10:00") == []


def test_a_hold_that_is_too_long_counts_to_the_longest_and_says_so() -> None:
    stage = on_hold(datetime(2026, 9, 9))
    said = next(each for each in stage.plan("2025-09-10 10:00").findings if each.rule == "complaints/hold-length")
    assert said.sentence["zh"] == "暂缓太久，最多暂缓 30 个工作日，到 2025-10-27 18:00 为止"
    assert said.fix["zh"] == "请在此之前办理，或把“暂缓至”改早"
    assert said.sentence["en"] == "held too long; a hold lasts 30 working days at most, here until 2025-10-27 18:00"
    assert stage.letters("2025-10-27 17:00") == []
    assert "chen" in readers(stage.letters("2025-10-28 09:00"))
    assert "[暂缓到期] 客户投诉 TS-1" in {mail.subject for mail in stage.sent}


def test_a_day_in_the_past_is_no_hold_and_its_end_is_no_news() -> None:
    stage = scene(quiet_hours=True, complaints=HELD, customers=CUSTOMERS, staff=STAFF)
    stage.run("2025-09-08 10:05")
    stage.edit("complaints", "hold_until", "TS-1", datetime(2025, 9, 1))
    stage.run("2025-09-12 10:00")
    assert [mail.subject for mail in stage.sent if "暂缓到期" in mail.subject] == []
    assert stage.sent != []


# Episodes: a deadline that moves, a step that is opened again


def ladder_of(stage: Scene, key: str = "A-1") -> list[str]:
    """What was told of a case: rung, episode and state."""
    records = stage.world.ledger.notices_about(BOOK, "cases", key)
    return [f"{each.notice.rung} {each.notice.episode} {each.state}" for each in records]


def case(tmp_path: Path, policy: str, **cells: object) -> Scene:
    """One case A-1, opened on Monday 2025-09-08 10:00 and seen in the run before."""
    columns = ["case_no", "opened", "owner", "kind", "closed"]
    tables = {"cases": OLD_CASES.replace("    closed  |", "    kind    | 种类 |  |\n    closed  |")}
    stage = scene(config=loaded(project(tmp_path, policy=policy, tables=tables)), cases=" | ".join(columns))
    stage.run("2025-09-08 09:30")
    row = {"case_no": "A-1", "opened": datetime(2025, 9, 8, 10), "owner": "chen@example.com", **cells}
    stage.book.tabs["cases"].append([row.get(column) for column in columns])
    return stage


def put(stage: Scene, column: int, value: object) -> None:
    stage.book.tabs["cases"][1][column] = value


LATE = OLD_POLICY.replace(", repeat: every 1 working day, at_most: 3", "")


def test_a_deadline_that_moves_later_is_told_again_when_its_moment_comes(tmp_path: Path) -> None:
    stage = case(tmp_path, LATE)
    assert len(stage.letters("2025-09-10 09:00")) == 1
    put(stage, 1, datetime(2025, 9, 15, 10))
    assert stage.letters("2025-09-15 10:00") == []
    assert len(stage.letters("2025-09-16 17:00")) == 1
    assert len(stage.letters("2025-09-17 09:00")) == 1
    assert stage.letters("2025-09-18 09:00") == []
    assert ladder_of(stage) == ["80% 1 overtaken", "due 1 sent", "80% 2 sent", "due 2 sent"]


@pytest.mark.parametrize("opened", [datetime(2025, 9, 5, 10), datetime(2025, 9, 8, 15), datetime(2025, 9, 3, 10)])
def test_a_deadline_that_moves_earlier_or_hardly_at_all_is_not_told_again(tmp_path: Path, opened: datetime) -> None:
    stage = case(tmp_path, LATE)
    assert len(stage.letters("2025-09-10 09:00")) == 1
    put(stage, 1, opened)
    assert [stage.letters(f"2025-09-{day} 09:30") for day in (11, 12, 15)] == [[], [], []]


REOPENS = LATE.replace("done: closed }", "done: closed, reopens: { resume_within: 2 working days } }")


@pytest.mark.parametrize(
    ("reopened", "told"),
    [
        pytest.param("2025-09-11 09:00", [0, 0, 0], id="within two working days it goes on: late already, and told already"),
        pytest.param("2025-09-17 09:00", [0, 1, 1], id="later it begins anew, with a new episode"),
    ],
)
def test_a_step_opened_again_goes_on_or_begins_anew(tmp_path: Path, reopened: str, told: list[int]) -> None:
    stage = case(tmp_path, REOPENS)
    assert len(stage.letters("2025-09-10 09:00")) == 1
    put(stage, 4, datetime(2025, 9, 10, 10))
    stage.run("2025-09-10 10:30")
    put(stage, 4, None)
    moments = [reopened, "2025-09-18 17:30", "2025-09-19 09:00"]
    assert [len(stage.letters(now)) for now in moments] == told
    assert max(line.split()[-2] for line in ladder_of(stage)) == ("2" if any(told) else "1")


# Ladders


def test_a_rung_with_a_condition_speaks_only_where_it_holds(tmp_path: Path) -> None:
    policy = LATE.replace(
        "{ at: due, to: owner, template: deadline-late }", "{ at: due, to: owner, template: deadline-late, when: kind = '急' }"
    )
    stage = case(tmp_path, policy)
    assert [line.partition(": ")[2][:6] for line in stage.letters("2025-09-10 09:00")] == ["[即将到期]"]
    put(stage, 3, "急")
    assert [line.partition(": ")[2][:4] for line in stage.letters("2025-09-10 10:00")] == ["[逾期]"]


def test_repeats_come_on_working_days_until_they_are_used_up_or_the_row_is_settled(tmp_path: Path) -> None:
    stage = case(tmp_path, OLD_POLICY)
    days = ["09-10", "09-11", "09-12", "09-13", "09-15", "09-16"]
    assert [len(stage.letters(f"2025-{day} 09:30")) for day in days] == [1, 1, 1, 0, 0, 0]
    other = case(tmp_path / "other", OLD_POLICY)
    assert len(other.letters("2025-09-10 09:30")) == 1
    put(other, 4, datetime(2025, 9, 10, 12))
    assert other.letters("2025-09-11 09:30") == []


def test_a_higher_rung_says_who_was_reminded_before_in_text_and_html() -> None:
    stage = staged()
    stage.run("2025-09-19 15:00")
    stage.run("2025-09-22 09:00")
    stage.run("2025-09-23 09:05")
    escalated = next(mail for mail in stage.sent if mail.to == "li@example.com")
    said = "已于 9月19日 15:00 提醒 陈立（到期提醒）；已于 9月22日 09:00 提醒 陈立、王敏（逾期提醒）"
    assert (f"此前：{said}。" in escalated.text, said in escalated.html) == (True, True)
    assert "此前" not in stage.sent[0].text
