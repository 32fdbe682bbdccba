"""Duties: what must be done in every period, as rows that are opened in time, reminded, closed by staff, and never made up for the past."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from automations.config import Config
from automations.model import Notice
from tests.project import changes, loaded, planned, project
from tests.scene import Scene, does_nothing, scene

DUTIES = """
    duty_id    | 事项编号 |           |
    duty       | 事项     | ours      |
    period     | 周期     | ours      |
    owner_role | 责任岗位 | ours      |
    clause     | 条款     | ours      |
    starts_on  | 周期开始 | date ours |
    due_on     | 到期日   | date ours |
    status     | 状态     | ours      |
    done_on    | 完成日期 | date      |

    kept: true
    owner: [owner_role]
"""
STAFF = """
    staff_id   | 工号 |           |
    staff_name | 姓名 |           |
    role       | 岗位 |           |
    superior   | 上级 | reference | refers_to: staff
    email      | 邮箱 | email     |
"""
DUTY = """
    parameters:
      day: {{ title: 核对日, unit: count, values: {{ 2000-01-01: 30 }} }}
    rules:
      - id: reconcile
        kind: duty
        title: 与财务核对
        who: 内勤
        clause: 第二章
        {says}
      - id: done
        kind: deadline
        title: 完成定期事项
        when: starts_on <= today()
        starts: starts_on
        until: due_on
        done: done_on
        writes: {{ state: status }}
    notices:
      - on: done
        ladder:
          - {{ at: due - 2 working days, to: owner, template: deadline-soon }}
          - {{ at: due, to: [owner, superior], template: deadline-late }}
"""
MONTHLY = "{ every: month, on: $day }"
HEAD = "duty_id | duty | period | owner_role | clause | starts_on | due_on | status | done_on\n"
PEOPLE = """
    staff_id | staff_name | role | superior | email
    YG-1     | 周敏       | 部长 |          | zhou@example.com
    YG-2     | 杨玲       | 内勤 | YG-1     | yang@example.com
    YG-3     | 丁伟       | 内勤 | YG-1     | ding@example.com
"""


def config_of(folder: Path, says: str) -> Config:
    keys = "\n        ".join(part.strip() for part in says.strip("{} ").split(","))
    return loaded(project(folder, policy=DUTY.format(says=keys), tables={"duties": DUTIES, "staff": STAFF}))


def opened(folder: Path, says: str, now: str) -> list[str]:
    """The rows a duty opens in an empty table: key and due day."""
    plan = planned(config_of(folder, says), {"duties": HEAD}, now)
    dues = {line.split()[0]: line.split()[-1] for line in changes(plan) if " due_on: " in line}
    return [f"{row.key} {dues[row.key]}" for row in plan.new_rows]


@pytest.mark.parametrize(
    ("says", "now", "rows"),
    [
        (MONTHLY, "2025-07-10 09:00", ["reconcile-2025-07 2025-07-30"]),
        (MONTHLY, "2025-08-10 09:00", ["reconcile-2025-08 2025-08-29"]),
        (MONTHLY, "2025-02-10 09:00", ["reconcile-2025-02 2025-02-28"]),
        (MONTHLY, "2024-02-10 09:00", ["reconcile-2024-02 2024-02-29"]),
        ("{ every: month, on: 30, if_closed: next_open }", "2025-08-10 09:00", ["reconcile-2025-08 2025-09-01"]),
        ("{ every: month, on: 30, if_closed: as_is }", "2025-08-10 09:00", ["reconcile-2025-08 2025-08-30"]),
        (MONTHLY, "2025-07-26 23:59", ["reconcile-2025-07 2025-07-30"]),
        (MONTHLY, "2025-07-27 00:00", ["reconcile-2025-07 2025-07-30", "reconcile-2025-08 2025-08-29"]),
        ("{ every: week, on: fri, ahead: 0 }", "2025-12-30 09:00", ["reconcile-2026-W01 2025-12-31"]),
        ("{ every: quarter, on: last, ahead: 0 }", "2025-11-05 09:00", ["reconcile-2025-Q4 2025-12-31"]),
        ("{ every: half-year, on: last, ahead: 0 }", "2025-06-30 09:00", ["reconcile-2025-H1 2025-06-30"]),
        ("{ every: year, on: 15, ahead: 0 }", "2025-03-05 09:00", ["reconcile-2025 2025-12-15"]),
        ("{ every: month, after: 5, ahead: 0 }", "2025-08-05 09:00", ["reconcile-2025-07 2025-08-05", "reconcile-2025-08 2025-09-05"]),
        ("{ every: month, after: 5, ahead: 0 }", "2025-08-06 09:00", ["reconcile-2025-08 2025-09-05"]),
        ("{ every: month, on: 30, since: 2025-09-01 }", "2025-08-26 09:00", []),
        ("{ every: month, on: 30, since: 2025-09-01 }", "2025-08-27 09:00", ["reconcile-2025-09 2025-09-30"]),
    ],
)
def test_a_period_has_one_row_due_on_its_day(tmp_path: Path, says: str, now: str, rows: list[str]) -> None:
    assert opened(tmp_path, says, now) == rows


@pytest.mark.parametrize(
    ("first", "second", "due", "who"), [("25", "last", "25", "经理"), ("last", "25", "25", "内勤"), ("25", "25", "25", "经理")]
)
def test_duties_of_one_promise_have_one_row_and_the_earliest_counts(tmp_path: Path, first: str, second: str, due: str, who: str) -> None:
    policies = [
        f"""
        policy: {name}
        rules:
          - {{ id: {name}, kind: duty, title: 调查, every: quarter, on: {on}, ahead: 0, who: {reader}, promise: survey }}
        """
        for name, on, reader in (("there", second, "内勤"), ("here", first, "经理"))  # handling-2.yaml comes before handling.yaml
    ]
    config = loaded(project(tmp_path, policy=policies, tables={"duties": DUTIES}))
    plan = planned(config, {"duties": HEAD}, "2025-09-10 09:00")

    assert [row.key for row in plan.new_rows] == ["survey-2025-Q3"]
    assert f"survey-2025-Q3 due_on: blank -> 2025-09-{due}" in changes(plan)
    assert f"survey-2025-Q3 owner_role: blank -> {who}" in changes(plan)


def test_a_year_the_calendar_does_not_know_yet_keeps_the_plain_day(tmp_path: Path) -> None:
    alone = DUTY.partition("      - id: done")[0].format(says="every: year\n        after: 5")
    config = loaded(project(tmp_path, policy=alone, tables={"duties": DUTIES}))

    assert "reconcile-2029 due_on: blank -> 2030-01-05" in changes(planned(config, {"duties": HEAD}, "2029-05-05 09:00"))


def test_a_duty_whose_parameter_has_ended_opens_no_more_rows(tmp_path: Path) -> None:
    ended = "dated_by: starts_on\n" + dedent(DUTY).replace("2000-01-01: 30", "2000-01-01: 30, 2025-08-01: null").format(
        says="every: month\n    on: $day"
    )
    config = loaded(project(tmp_path, policy=ended, tables={"duties": DUTIES, "staff": STAFF}))

    assert [row.key for row in planned(config, {"duties": HEAD}, "2025-07-31 09:00").new_rows] == ["reconcile-2025-07"]


def test_a_row_says_what_when_who_and_by_which_clause(tmp_path: Path) -> None:
    assert changes(planned(config_of(tmp_path, MONTHLY), {"duties": HEAD}, "2025-09-10 09:00")) == [
        "reconcile-2025-09 duty: blank -> 与财务核对",
        "reconcile-2025-09 period: blank -> 2025年9月",
        "reconcile-2025-09 owner_role: blank -> 内勤",
        "reconcile-2025-09 clause: blank -> 第二章",
        "reconcile-2025-09 starts_on: blank -> 2025-09-01",
        "reconcile-2025-09 due_on: blank -> 2025-09-30",
        "reconcile-2025-09 status: blank -> 进行中",
    ]


def stage(folder: Path) -> Scene:
    return scene(None, config=config_of(folder, MONTHLY), duties=HEAD, staff=PEOPLE)


def told(known: Scene, now: str) -> list[str]:
    notices: tuple[Notice, ...] = known.run(now).plan.notices
    return [f"{each.key} {each.rung} {each.reader}" for each in notices]


def test_all_in_the_post_are_reminded_then_their_superior_once_until_somebody_closes_it(tmp_path: Path) -> None:
    known = stage(tmp_path)

    assert told(known, "2025-09-10 09:00") == []
    assert does_nothing(known.plan("2025-09-10 09:30"))
    assert told(known, "2025-09-29 09:00") == [
        "reconcile-2025-09 due - 2 working days 杨玲",
        "reconcile-2025-09 due - 2 working days 丁伟",
    ]
    assert told(known, "2025-10-09 09:00") == [
        "reconcile-2025-09 due 杨玲",
        "reconcile-2025-09 due 丁伟",
        "reconcile-2025-09 due 周敏",
    ]
    assert does_nothing(known.plan("2025-10-09 09:00"))
    known.edit("duties", "done_on", "reconcile-2025-09", "2025-10-09")
    known.run("2025-10-09 10:00")

    assert known.cells("duties", "due_on", "status") == [
        "reconcile-2025-09 2025-09-30 | 逾期完成",
        "reconcile-2025-10 2025-10-30 | 进行中",
    ]
    assert does_nothing(known.plan("2025-10-09 10:30"))


def test_a_row_of_the_past_stays_as_it_is_whatever_the_rule_says_by_now(tmp_path: Path) -> None:
    standing = HEAD + "reconcile-2025-06 | 旧事项 | 2025年6月 | 会计 | 旧条款 | 2025-06-01 | 2025-06-30 | 按时完成 | 2025-06-30"
    plan = planned(config_of(tmp_path, MONTHLY), {"duties": standing}, "2025-09-10 09:00")

    assert [row.key for row in plan.new_rows] == ["reconcile-2025-09"]
    assert [line for line in changes(plan) if "2025-06" in line.split()[0]] == []
