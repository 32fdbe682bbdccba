"""Our columns in a tab of their own: what they say, whose row is whose, rows that go and come back, people's own values, undo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from automations.config import Config
from automations.reporttext import Voice
from automations.workbooks.memory import MemoryWorkbook
from automations.workbooks.protocol import Refused, Target, Written
from tests.project import loaded, project
from tests.scene import CUSTOMERS, STAFF, Rows, Scene, does_nothing, lines_of, scene

FIRST, LATER = "2025-09-26 17:00", "2025-09-29 09:00"
OURS = "complaints·状态"
TABLE = """
    complaint_no | 投诉编号 |
    content      | 内容     |
    received_at  | 受理时间 | datetime required
    answered_at  | 答复时间 | datetime
    answer_due   | 答复期限 | datetime ours
    answer_state | 答复状态 | ours

    numbering: { pattern: "TS-{received_at:%Y%m%d}-{n:03d}" }
"""
POLICY = """
    dated_by: received_at
    parameters:
      answer_within: { title: 答复, unit: working_days, clause: 第一条, values: { 2000-01-01: 1 } }
    rules:
      - { id: answer, kind: deadline, title: 答复, starts: received_at, within: $answer_within, done: answered_at,
          writes: { due: answer_due, state: answer_state } }
"""
SETTINGS = """
    language: zh
    calendar: cn
    admin: admin@example.com
    packs: [care]
    workbook: { path: team.xlsx, apart: all }
"""
COMPLAINTS = """
    complaint_no | content | received_at      | answered_at
    TS-1         | 有异味  | 2025-09-26 16:30 |
    TS-2         | 少两箱  | 2025-09-25 09:00 |
    TS-3         | 包装破  | 2025-09-25 10:15 | 2025-09-26 10:00
"""
SHIPPED = """
    complaint_no | received_at      | channel | customer_id | complainant_contact | content | recorded_by | assigned_at      | severity
    TS-1         | 2025-09-26 16:30 | 电话    | KH-1        | 13800138000         | 有异味  | YG-01       |                  | 一般投诉
    TS-2         | 2025-09-25 09:00 | 邮箱    | KH-1        | 13800138001         | 少两箱  | YG-02       | 2025-09-25 10:00 | 重大投诉
"""


@cache
def small() -> Config:
    """A project whose settings put our columns into tabs of their own."""
    with TemporaryDirectory() as folder:
        return loaded(project(Path(folder), policy=POLICY, tables={"complaints": TABLE}, settings=SETTINGS))


def staged(text: str = COMPLAINTS) -> Scene:
    return scene(config=small(), complaints=text)


def in_our_tab(stage: Scene) -> list[list[object]]:
    """The key, the mark and the state of every row in the tab of ours."""
    headers, *rows = stage.raw()[OURS]
    places = [headers.index(header) for header in ("投诉编号", "原表中的行", "答复状态")]
    return [[row[place] or None for place in places] for row in rows]


@pytest.mark.parametrize("kind", ["memory", "xlsx"])
def test_they_say_the_same_as_beside_staffs_columns_and_staffs_tab_is_not_touched(kind: str, tmp_path: Path) -> None:
    beside = scene(complaints=SHIPPED, customers=CUSTOMERS, staff=STAFF)
    stage = scene(tmp_path if kind == "xlsx" else None, complaints=SHIPPED, customers=CUSTOMERS, staff=STAFF, apart=True)
    before = stage.raw()["客户投诉"]
    for now in (FIRST, LATER):
        beside.run(now)
        stage.run(now)
        assert stage.ours("complaints") == beside.ours("complaints")
    assert stage.raw()["客户投诉"] == before
    assert [[row[0], row[1] or None] for row in stage.raw()["客户投诉·状态"][1:]] == [["TS-1", None], ["TS-2", None]]
    assert does_nothing(stage.plan(LATER))
    assert [mail.subject for mail in stage.sent] == [mail.subject for mail in beside.sent]


def test_a_row_that_staff_delete_is_marked_and_used_again_when_its_number_comes_back() -> None:
    stage = staged()
    stage.run(FIRST)
    stage.edit_ours("complaints", "answer_state", "TS-2", "我来定")
    cut = stage.raw()["complaints"][2]
    stage.staff("complaints", lambda rows: [*rows[:2], *rows[3:]])

    plan = stage.plan(FIRST)
    assert lines_of(plan) == ["TS-2 row.gone: blank -> 已不在原表"]
    voice = Voice(small(), "zh")
    assert (voice.rule(plan.changes[0].rule), voice.column("complaints", plan.changes[0].column)) == ("这一行还在不在原表", "原表中的行")
    stage.run(FIRST)
    assert in_our_tab(stage)[1][:2] == ["TS-2", "已不在原表"]
    assert does_nothing(stage.plan(FIRST))

    stage.staff("complaints", lambda rows: [*rows, cut])
    assert lines_of(stage.plan(FIRST)) == ["TS-2 row.gone: 已不在原表 -> blank"]
    stage.run(LATER)
    assert [row[:2] for row in in_our_tab(stage)] == [["TS-1", None], ["TS-2", None], ["TS-3", None]]
    assert "answer_state=我来定" in stage.ours("complaints")["TS-2"]


def test_a_row_with_another_key_is_another_row_and_what_stood_under_the_old_one_stays() -> None:
    stage = staged()
    stage.run(FIRST)
    before = stage.ours("complaints")["TS-3"]
    stage.edit("complaints", "complaint_no", "TS-3", "TS-33")
    stage.run(FIRST)
    assert [row[:2] for row in in_our_tab(stage)] == [["TS-1", None], ["TS-2", None], ["TS-3", "已不在原表"], ["TS-33", None]]
    assert stage.ours("complaints")["TS-33"] == before


def test_the_number_of_a_row_that_is_gone_is_not_given_again() -> None:
    """It would come with the values of the old row."""
    stage = staged(COMPLAINTS + "                 | 破了 | 2025-09-26 16:45 | \n")
    stage.run(FIRST)
    assert in_our_tab(stage)[3][0] == "TS-20250926-001"
    stage.staff("complaints", lambda rows: [*rows[:4], [None, *rows[4][1:]]])
    assert [new.key for new in stage.plan(LATER).new_keys] == ["TS-20250926-002"]


def test_what_a_person_types_into_the_tab_of_ours_stays_and_is_reported() -> None:
    stage = staged()
    stage.run(FIRST)
    stage.edit_ours("complaints", "answer_due", "TS-1", 45930.5)
    plan = stage.plan(LATER)
    assert [(each.key, each.column) for each in plan.overrides] == [("TS-1", "answer_due")]
    stage.run(LATER)
    assert "answer_due=2025-09-30 12:00" in stage.ours("complaints")["TS-1"]


def test_undo_empties_the_rows_it_appended_and_touches_no_other() -> None:
    stage = staged()
    before = stage.raw()
    stage.run(FIRST)
    undone = stage.undo(1, FIRST)
    assert (stage.raw(), undone.receipt.written.refused) == (before, ())
    stage.run(LATER)
    assert [row[0] for row in in_our_tab(stage) if row[0]] == ["TS-1", "TS-2", "TS-3"]


def test_undo_of_a_later_run_leaves_the_rows_and_their_former_values() -> None:
    stage = staged()
    stage.run(FIRST)
    before = stage.ours("complaints")
    stage.run(LATER)
    stage.undo(2, LATER)
    assert stage.ours("complaints") == before


def test_a_row_somebody_noted_something_in_stays_whole_when_its_run_is_undone() -> None:
    stage = staged()
    stage.run(FIRST)
    stage.staff("complaints", lambda rows: [[*rows[0], "备注"], [*rows[1], "看过"], *([*row, None] for row in rows[2:])], ours=True)
    undone = stage.undo(1, FIRST)
    assert {change.key for change, _ in undone.receipt.written.refused} == {"TS-1"}
    assert [row[0] for row in in_our_tab(stage)] == ["TS-1"]


ACTIONS_ON_OURS: dict[str, Callable[[Rows], Rows]] = {
    "sorted by state": lambda rows: [rows[0], *sorted(rows[1:], key=lambda row: str(row[rows[0].index("答复状态")]), reverse=True)],
    "turned upside down": lambda rows: [rows[0], *reversed(rows[1:])],
    "columns in reverse order": lambda rows: [row[::-1] for row in rows],
    "a blank row between": lambda rows: [*rows[:2], [None] * len(rows[0]), *rows[2:]],
    "a title above": lambda rows: [["表管家"], *rows],
    "a row deleted": lambda rows: [*rows[:2], *rows[3:]],
    "all rows deleted": lambda rows: rows[:1],
    "a column of their own": lambda rows: [["看过", *row] for row in rows],
}


@pytest.mark.parametrize("action", ACTIONS_ON_OURS)
def test_whatever_staff_do_to_the_tab_of_ours_the_next_run_puts_right(action: str) -> None:
    stage, other = staged(), staged()
    for each in (stage, other):
        each.run(FIRST)
    stage.staff("complaints", ACTIONS_ON_OURS[action], ours=True)
    for each in (stage, other):
        each.run(LATER)
    assert stage.ours("complaints") == other.ours("complaints")
    assert stage.raw()["complaints"] == other.raw()["complaints"] and does_nothing(stage.plan(LATER))


def test_a_row_that_stands_twice_in_the_tab_of_ours_is_not_written_until_one_is_deleted() -> None:
    stage = staged()
    stage.run(FIRST)
    stage.staff("complaints", lambda rows: [*rows, rows[1]], ours=True)
    refused = stage.run(LATER).receipt.written.refused
    assert {(change.key, why) for change, why in refused} == {("TS-1", "key stands twice: rows 2, 5")}
    stage.staff("complaints", lambda rows: rows[:-1], ours=True)
    stage.run(LATER)
    assert does_nothing(stage.plan(LATER))


def test_without_the_tab_of_ours_the_run_says_so_and_goes_on() -> None:
    stage = staged()
    stage.run(FIRST)
    del stage.book.tabs[OURS]
    plan = stage.plan(LATER)
    said = [problem.what["zh"] for problem in plan.problems if problem.table == "complaints"]
    assert said == ["工作表“complaints·状态”没有找到"]
    assert lines_of(plan) == [] and not plan.brakes


def test_a_tab_of_ours_under_another_name_is_known_by_its_headers() -> None:
    stage = staged()
    stage.run(FIRST)
    before = stage.ours("complaints")
    stage.book.tabs = {{OURS: "进度"}.get(title, title): rows for title, rows in stage.book.tabs.items()}
    assert stage.ours("complaints") == before
    assert does_nothing(stage.plan(FIRST))


def test_look_ups_in_staffs_tab_are_not_taken_for_columns_of_ours() -> None:
    """Staff's tab shows some of our columns by formulas; what is read, and written, is the tab of ours, also when both have other names."""
    stage = staged()
    stage.run(FIRST)
    before = stage.ours("complaints")
    stage.staff("complaints", lambda rows: [[*rows[0], "答复状态", "答复期限"], *([*row, "随便", "什么"] for row in rows[1:])])
    assert stage.ours("complaints") == before and does_nothing(stage.plan(FIRST))
    stage.book.tabs = {{OURS: "进度", "complaints": "登记"}.get(title, title): rows for title, rows in stage.book.tabs.items()}
    assert stage.ours("complaints") == before and does_nothing(stage.plan(FIRST))


class Died(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("written", [False, True])
def test_a_run_that_died_is_settled_by_what_stands_in_the_tab_of_ours(written: bool) -> None:
    """Its values are known as ours again, so that the next run may write over them."""
    stage = staged()
    alive = stage.book.apply

    class Dying(MemoryWorkbook):
        def apply(self, targets: Sequence[Target]) -> tuple[Written, Refused]:
            if written:
                alive(targets)
            raise Died

    dying = Dying(stage.book.name, {})
    dying.tabs = stage.book.tabs
    with pytest.raises(Died):
        stage.with_world(workbook=dying).run(FIRST)
    stage.run(LATER)
    other = staged()
    other.run(LATER)
    assert in_our_tab(stage) == in_our_tab(other)
    assert does_nothing(stage.plan(LATER)) and not stage.plan(LATER).overrides
