"""Deadlines and cadences at table level: both sides of every boundary, caps, promises, pauses from the ledger's log, and what is said."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

import pytest

from automations.config import Config
from tests.project import cells, changes, findings, judged, loaded, planned, project, seen

COMPLAINTS = """
    complaint_no | 投诉编号
    received_at  | 受理时间     | datetime
    severity     | 投诉级别     | choice         | choices: [一般, 重大]
    promised_on  | 答应客户日期 | date
    waiting      | 等待客户     | boolean
    since        | 等待起       | datetime
    solved_at    | 解决时间     | datetime
    due          | 解决到期     | datetime ours
    state        | 解决状态     | ours
    total_due    | 全程到期     | datetime ours
"""
WEEK = "2026-09-07"
"""A Monday; the next public holiday is 中秋节 on 2026-09-25."""


def config_of(folder: Path, rules: str, parameters: str = "", **more: str) -> Config:
    values = "within: { title: 解决, unit: working_days, values: { 2000-01-01: 2 } }" if not parameters else dedent(parameters).strip("\n")
    policy = f"parameters:\n{indent(values, '  ')}\nrules:\n{indent(dedent(rules).strip(chr(10)), '  ')}\n"
    return loaded(
        project(folder, policy="".join(f"{key}: {value}\n" for key, value in more.items()) + policy, tables={"complaints": COMPLAINTS})
    )


SOLVE = """
    - id: solve
      kind: deadline
      title: { zh: 解决问题, en: Solve it }
      starts: received_at
      within: $within
      done: solved_at
      writes: { due: due, state: state }
"""


def drawn(received: str = f"{WEEK} 10:00", solved: str = "", **more: str) -> dict[str, str]:
    row = {"complaint_no": "TS-1", "received_at": received, "solved_at": solved, "severity": "", "waiting": "", "since": "", **more}
    return {"complaints": f"{' | '.join(row)}\n{' | '.join(row.values())}"}


def told(config: Config, now: str, *columns: str, tables: dict[str, str] | None = None, log: tuple[str, ...] = ()) -> str:
    """The due time and the state of the one row, as computed."""
    found = judged(config, tables or drawn(), now, seen("complaints", "TS-1", "solve.paused", *log))
    return cells(found, "complaints", *(columns or ("due", "state")))[0]


# Lengths


@pytest.mark.parametrize(
    ("unit", "amount", "due"),
    [
        ("working_days", "2", "2026-09-15 18:00"),
        ("days", "2", "2026-09-13 23:59:59"),
        ("hours", "24", "2026-09-12 16:00"),
        ("hours", "1.5", "2026-09-11 17:30"),
        ("working_hours", "4", "2026-09-14 11:00"),
        ("working_hours", "2", "2026-09-11 18:00"),
        ("months", "1", "2026-10-11 23:59:59"),
    ],
)
def test_a_friday_afternoon_and_every_unit_of_length(unit: str, amount: str, due: str, tmp_path: Path):
    config = config_of(tmp_path, SOLVE, f"within: {{ title: 解决, unit: {unit}, values: {{ 2000-01-01: {amount} }} }}")

    assert told(config, "2026-09-11 16:30", "due", tables=drawn("2026-09-11 16:00")) == due


@pytest.mark.parametrize(("at", "due"), [("close", "2026-09-09 18:00"), ("time_of_start", "2026-09-09 10:00")])
def test_working_days_end_at_closing_time_or_at_the_time_of_the_start(at: str, due: str, tmp_path: Path):
    config = config_of(tmp_path, SOLVE + f"      at: {at}\n")

    assert told(config, f"{WEEK} 11:00", "due") == due


def test_a_bare_date_is_due_at_the_end_of_that_day_and_a_moment_as_it_stands(tmp_path: Path):
    rules = "- { id: solve, kind: deadline, starts: received_at, until: promised_on, done: solved_at, writes: { due: due, state: state } }"
    config = config_of(tmp_path, rules, "unused: { title: 无, unit: count, values: { 2000-01-01: 1 } }")
    tables = drawn(promised_on="2026-09-10")

    assert told(config, "2026-09-10 23:59", tables=tables) == "2026-09-10 23:59:59 | 即将到期"
    assert told(config, "2026-09-11 00:00", tables=tables) == "2026-09-10 23:59:59 | 已逾期"


# States


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (f"{WEEK} 10:00", "进行中"),
        ("2026-09-09 12:47:59", "进行中"),
        ("2026-09-09 12:48:00", "即将到期"),
        ("2026-09-09 18:00:00", "即将到期"),
        ("2026-09-09 18:00:01", "已逾期"),
        ("2027-01-01 00:00:00", "已逾期"),
    ],
)
def test_an_open_clock_on_both_sides_of_its_moments(now: str, state: str, tmp_path: Path):
    config = config_of(tmp_path, SOLVE)

    assert told(config, now) == f"2026-09-09 18:00 | {state}"


@pytest.mark.parametrize(
    ("solved", "state"), [("2026-09-09 18:00:00", "按时完成"), ("2026-09-09 18:00:01", "逾期完成"), ("2026-12-01 09:00:00", "逾期完成")]
)
def test_done_on_the_last_second_is_on_time_and_done_late_stays_late(solved: str, state: str, tmp_path: Path):
    config = config_of(tmp_path, SOLVE)

    assert told(config, "2026-12-31 09:00", tables=drawn(solved=solved)) == f"2026-09-09 18:00 | {state}"


@pytest.mark.parametrize(
    ("soon", "now", "state"),
    [
        ("1 working day before", "2026-09-08 17:59:59", "进行中"),
        ("1 working day before", "2026-09-08 18:00:00", "即将到期"),
        ("2 hours before", "2026-09-09 15:59:59", "进行中"),
        ("2 hours before", "2026-09-09 16:00:00", "即将到期"),
        ("50%", "2026-09-08 13:59:59", "进行中"),
        ("50%", "2026-09-08 14:00:00", "即将到期"),
    ],
)
def test_due_soon_begins_when_the_rule_says(soon: str, now: str, state: str, tmp_path: Path):
    config = config_of(tmp_path, SOLVE + f"      soon: {soon}\n")

    assert told(config, now, "state") == state


def test_a_row_without_a_start_has_not_started_and_one_in_the_future_is_a_finding(tmp_path: Path):
    config = config_of(tmp_path, SOLVE)
    plan = planned(
        config,
        {
            "complaints": """
                complaint_no | received_at      | solved_at | due | state
                TS-1         |                  |           |     |
                TS-2         | 2026-09-08 09:00 |           |     |
                TS-3         | 2026-09-07 09:00 |           |     |
            """
        },
        now=f"{WEEK} 12:00",
    )

    assert changes(plan) == [
        "TS-3 due: blank -> 2026-09-09 18:00",
        "TS-1 state: blank -> 未开始",
        "TS-3 state: blank -> 进行中",
    ]
    assert findings(plan) == ["TS-2 solve received_at: “受理时间”晚于现在，无法计算“解决问题”的期限"]


def test_where_the_condition_does_not_hold_there_is_no_clock(tmp_path: Path):
    config = config_of(tmp_path, SOLVE + "      when: severity = '重大'\n")
    plan = planned(
        config,
        {
            "complaints": """
                complaint_no | received_at      | severity | solved_at | due | state
                TS-1         | 2026-09-07 09:00 | 重大     |           |     |
                TS-2         | 2026-09-07 09:00 | 一般     |           |     |
                TS-3         | 2026-09-07 09:00 |          |           |     |
            """
        },
        now=f"{WEEK} 12:00",
    )

    assert changes(plan) == ["TS-1 due: blank -> 2026-09-09 18:00", "TS-1 state: blank -> 进行中"]


def test_a_condition_that_no_longer_holds_clears_what_stood_there(tmp_path: Path):
    config = config_of(tmp_path, SOLVE + "      when: severity = '重大'\n")
    tables = drawn(severity="一般", due="2026-09-09 18:00", state="进行中")

    assert changes(planned(config, tables, now=f"{WEEK} 12:00")) == ["TS-1 due: 2026-09-09 18:00 -> blank", "TS-1 state: 进行中 -> blank"]


def test_a_settled_table_plans_nothing(tmp_path: Path):
    tables = drawn(due="2026-09-09 18:00", state="进行中")

    assert planned(config_of(tmp_path, SOLVE), tables, now=f"{WEEK} 12:00").empty


# Caps and promises

TOTAL = """
    - { id: total, kind: deadline, starts: received_at, within: $total, done: solved_at, writes: { due: total_due } }
    - { id: solve, kind: deadline, starts: received_at, within: $within, done: solved_at, no_later_than: total, writes: { due: due } }
"""
LENGTHS = """
    total: { title: 全程, unit: working_days, values: { 2000-01-01: 3 } }
    within: { title: 解决, unit: working_days, values: { 2000-01-01: %s } }
"""


@pytest.mark.parametrize(("within", "due"), [(2, "2026-09-09 18:00"), (3, "2026-09-10 18:00"), (4, "2026-09-10 18:00")])
def test_a_step_is_due_no_later_than_the_whole(within: int, due: str, tmp_path: Path):
    config = config_of(tmp_path, TOTAL, LENGTHS % within)

    assert told(config, f"{WEEK} 12:00", "due", "total_due") == f"{due} | 2026-09-10 18:00"


def test_the_whole_of_another_policy_caps_too_and_is_left_out_where_its_columns_are_missing(tmp_path: Path):
    rules = TOTAL.replace("starts: received_at, within: $total", "starts: promised_on, within: $total")
    config = config_of(tmp_path, rules, LENGTHS % 4)
    there, missing = drawn(promised_on="2026-09-07"), drawn()

    assert [told(config, f"{WEEK} 12:00", "due", tables=each) for each in (there, missing)] == ["2026-09-10 18:00", "2026-09-11 18:00"]


PROMISES = """
    - { id: general, kind: deadline, starts: received_at, within: $within, done: solved_at, writes: { due: due, state: state } }
    - id: major
      kind: deadline
      when: severity = '重大'
      starts: received_at
      within: $hours
      done: solved_at
      writes: { due: due, state: state }
"""
BOTH = """
    within: { title: 解决, unit: working_days, values: { 2000-01-01: 2 } }
    hours: { title: 重大, unit: hours, values: { 2000-01-01: 24 } }
"""


def test_of_two_clocks_with_one_due_column_the_strictest_wins_row_by_row(tmp_path: Path):
    config = config_of(tmp_path, PROMISES, BOTH)
    plan = planned(
        config,
        {
            "complaints": """
                complaint_no | received_at      | severity | solved_at        | due | state
                TS-1         | 2026-09-07 10:00 | 一般     |                  |     |
                TS-2         | 2026-09-07 10:00 | 重大     |                  |     |
                TS-3         | 2026-09-07 10:00 | 重大     | 2026-09-08 10:00 |     |
                TS-4         | 2026-09-07 10:00 | 重大     | 2026-09-08 10:01 |     |
            """
        },
        now="2026-09-08 12:00",
    )

    assert changes(plan) == [
        "TS-1 due: blank -> 2026-09-09 18:00",
        "TS-2 due: blank -> 2026-09-08 10:00",
        "TS-3 due: blank -> 2026-09-08 10:00",
        "TS-4 due: blank -> 2026-09-08 10:00",
        "TS-1 state: blank -> 进行中",
        "TS-2 state: blank -> 已逾期",
        "TS-3 state: blank -> 按时完成",
        "TS-4 state: blank -> 逾期完成",
    ]


def test_a_team_without_the_column_of_one_clock_keeps_the_other(tmp_path: Path):
    config = config_of(tmp_path, PROMISES, BOTH)
    plan = planned(
        config, {"complaints": "complaint_no | received_at | solved_at | due\nTS-1 | 2026-09-07 10:00 | |"}, now="2026-09-08 12:00"
    )

    assert changes(plan) == ["TS-1 due: blank -> 2026-09-09 18:00"]
    assert dict(plan.lacking) == {"handling/major": ("complaints", "severity")}


# Values that differ by date and by class


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("1999-12-31 10:00", "blank"),
        ("2026-09-06 23:59", "2026-09-08 18:00"),
        ("2026-09-07 00:00", "2026-09-10 18:00"),
        ("2026-09-14 10:00", "blank"),
    ],
)
def test_the_value_in_force_on_the_rows_own_date_counts(received: str, due: str, tmp_path: Path):
    values = "within: { title: 解决, unit: working_days, values: { 2000-01-01: 2, 2026-09-07: 3, 2026-09-14: null } }"
    config = config_of(tmp_path, SOLVE, values, dated_by="received_at")

    assert told(config, "2026-09-20 10:00", "due", tables=drawn(received)) == due


def test_a_value_by_class_with_a_star_for_the_rest_and_a_finding_where_none_is_in_force(tmp_path: Path):
    starred = "within: { title: 解决, unit: working_days, by: severity, values: { 2000-01-01: { 重大: 1, '*': 2 } } }"
    config = config_of(tmp_path / "starred", SOLVE, starred)
    bare = config_of(tmp_path / "bare", SOLVE, starred.replace(", '*': 2", ""))

    assert [told(config, f"{WEEK} 12:00", "due", tables=drawn(severity=each)) for each in ("重大", "一般", "")] == [
        "2026-09-08 18:00",
        "2026-09-09 18:00",
        "2026-09-09 18:00",
    ]
    plan = planned(bare, drawn(severity="一般"), now=f"{WEEK} 12:00")
    assert findings(plan) == ["TS-1 solve received_at: 没有适用于本行的期限数值（解决问题）"]


# Pauses

PAUSED = SOLVE + "      pauses: { while: waiting, since: since }\n"
BOUNDED = SOLVE + "      pauses: { while: waiting, since: since, at_most: $wait }\n"
WAIT = """
    within: { title: 解决, unit: working_days, values: { 2000-01-01: 2 } }
    wait: { title: 等待, unit: working_days, values: { 2000-01-01: 1 } }
"""


def test_while_a_pause_runs_there_is_no_due_time(tmp_path: Path):
    log, tables = ("2026-09-08 10:00",), drawn(waiting="是")

    assert told(config_of(tmp_path, PAUSED), "2026-10-08 10:00", tables=tables, log=log) == "blank | 暂停"


def test_a_finished_pause_moves_the_due_time_by_its_open_hours(tmp_path: Path):
    log = ("2026-09-08 10:00", "2026-09-08 15:00")

    assert told(config_of(tmp_path, PAUSED), "2026-09-09 10:00", log=log) == "2026-09-10 14:00 | 进行中"


def test_a_night_and_a_weekend_within_a_pause_move_nothing(tmp_path: Path):
    log = ("2026-09-07 18:00", "2026-09-08 09:00")

    assert told(config_of(tmp_path, PAUSED), "2026-09-09 10:00", "due", log=log) == "2026-09-09 18:00"


def test_several_pauses_add_up(tmp_path: Path):
    log = ("2026-09-07 12:00", "2026-09-07 14:00", "2026-09-08 12:00", "2026-09-08 15:00")

    assert told(config_of(tmp_path, PAUSED), "2026-09-09 10:00", "due", log=log) == "2026-09-10 14:00"


def test_a_clock_in_hours_is_moved_by_the_hours_on_the_wall(tmp_path: Path):
    config = config_of(tmp_path, PAUSED, "within: { title: 解决, unit: hours, values: { 2000-01-01: 24 } }")
    log = ("2026-09-07 17:00", "2026-09-08 09:00")

    assert told(config, "2026-09-08 09:30", "due", log=log) == "2026-09-09 02:00"


def test_a_pause_after_the_deadline_does_not_make_a_late_row_punctual(tmp_path: Path):
    config = config_of(tmp_path, PAUSED)
    running = told(config, "2026-09-11 10:00", tables=drawn(waiting="是"), log=("2026-09-10 10:00",))
    finished = told(config, "2026-09-20 10:00", log=("2026-09-10 10:00", "2026-09-18 10:00"))

    assert [running, finished] == ["2026-09-09 18:00 | 已逾期", "2026-09-09 18:00 | 已逾期"]


def test_a_pause_seen_after_the_deadline_counts_from_when_the_sheet_says_it_began(tmp_path: Path):
    config = config_of(tmp_path, PAUSED)
    dated = told(config, "2026-09-10 10:00", tables=drawn(waiting="是", since="2026-09-08 10:00"))
    undated = told(config, "2026-09-10 10:00", tables=drawn(waiting="是"))

    assert [dated, undated] == ["blank | 暂停", "2026-09-09 18:00 | 已逾期"]


def test_a_pause_lasts_no_longer_than_the_policy_allows(tmp_path: Path):
    config, log = config_of(tmp_path, BOUNDED, WAIT), ("2026-09-08 10:00",)
    still = told(config, "2026-09-09 18:00:00", tables=drawn(waiting="是"), log=log)
    over = told(config, "2026-09-10 10:00", tables=drawn(waiting="是"), log=log)
    ended = told(config, "2026-09-15 10:00", log=(*log, "2026-09-14 10:00"))

    assert [still, over, ended] == ["blank | 暂停", "2026-09-11 17:00 | 进行中", "2026-09-11 17:00 | 已逾期"]


def test_done_while_paused_is_done(tmp_path: Path):
    log, tables = ("2026-09-08 10:00",), drawn(solved="2026-09-10 10:00", waiting="是")

    assert told(config_of(tmp_path, PAUSED), "2026-10-08 10:00", tables=tables, log=log) == "2026-09-11 18:00 | 按时完成"


def test_changes_of_the_paused_condition_are_planned_as_transitions(tmp_path: Path):
    config = config_of(tmp_path, PAUSED)
    plan = planned(config, drawn(waiting="是"), now="2026-09-08 10:00")

    assert [(each.key, each.watch, each.old, each.new) for each in plan.transitions] == [("TS-1", "solve.paused", None, True)]


# Cadences

CUSTOMERS = """
    customer_id | 客户编号
    tier        | 等级     | choice          | choices: [A, B, C]
    last_on     | 上次走访 | date
    since_on    | 建立关系 | date
    due         | 下次走访 | date ours
    state       | 走访状态 | ours
"""
VISITS = """
    parameters:
      every: { title: 走访周期, unit: months, by: tier, values: { 2000-01-01: { A: 1, B: 3, C: 12 } } }
    rules:
      - { id: visit, kind: cadence, every: $every, last: last_on, since: since_on, writes: { due: due, state: state } }
"""


def test_the_next_visit_is_due_at_the_end_of_the_period_after_the_last_one(tmp_path: Path):
    config = loaded(project(tmp_path, policy=VISITS, tables={"customers": CUSTOMERS}))
    found = judged(
        config,
        {
            "customers": """
                customer_id | tier | last_on    | since_on   | due | state
                K-1         | A    | 2026-08-01 | 2020-01-01 |     |
                K-2         | A    | 2026-08-31 | 2020-01-01 |     |
                K-3         | A    | 2026-09-01 | 2020-01-01 |     |
                K-4         | B    | 2026-06-30 | 2020-01-01 |     |
                K-5         | C    | 2025-02-28 | 2020-01-01 |     |
                K-6         | A    |            | 2026-09-15 |     |
                K-7         | B    |            |            |     |
                K-8         |      | 2026-09-01 | 2020-01-01 |     |
                K-9         | A    | 2026-07-31 | 2020-01-01 |     |
            """
        },
        now="2026-09-21 10:00",
    )

    assert cells(found, "customers", "customer_id", "due", "state") == [
        "K-1 | 2026-09-30 | 即将到期",
        "K-2 | 2026-09-30 | 即将到期",
        "K-3 | 2026-10-31 | 进行中",
        "K-4 | 2026-09-30 | 即将到期",
        "K-5 | 2026-12-31 | 进行中",
        "K-6 | 2026-09-30 | 即将到期",
        "K-7 | 2026-09-30 | 即将到期",
        "K-8 | blank | blank",
        "K-9 | 2026-08-31 | 已逾期",
    ]
