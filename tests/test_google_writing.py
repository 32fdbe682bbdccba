"""Writing into a Google spreadsheet while people work in it: no wrong cell, no lost edit, nothing outside our column, at any moment."""

from __future__ import annotations

import pytest

from tests.googledesk import KEY, OURS, Act, Desk, kinds

ACTIONS: dict[str, Act] = {
    "sort": lambda who: who.sort("客户"),
    "sort rising": lambda who: who.sort("金额", falling=False),
    "partial sort": lambda who: who.sort_part("金额", [KEY, "客户", "金额"]),
    "insert a row": lambda who: who.insert_row("A-1"),
    "insert a filled row": lambda who: who.insert_row("A-3", {KEY: "A-9", "客户": "新客", "金额": 500}),
    "add a row below": lambda who: who.fill_row({KEY: "A-8", "客户": "末客", "金额": 5}),
    "delete a row": lambda who: who.delete_row("A-2"),
    "duplicate a row": lambda who: who.duplicate_row("A-3"),
    "move a row": lambda who: who.move_row("A-5", "A-1"),
    "cut and paste a row": lambda who: who.cut_paste_row("A-2"),
    "edit a key": lambda who: who.edit_key("A-4", "A-44"),
    "edit an input": lambda who: who.edit("A-1", "金额", 20),
    "edit our cell": lambda who: who.edit("A-3", OURS, "我来定"),
    "clear our cell": lambda who: who.edit("A-3", OURS, None),
    "insert a column": lambda who: who.insert_column("金额", "电话"),
    "insert a nameless column": lambda who: who.insert_column(OURS),
    "move a column": lambda who: who.move_column("备注", "客户"),
    "move our column": lambda who: who.move_column(OURS, "客户"),
    "hide a column": lambda who: who.hide_column("金额"),
    "rename a column": lambda who: who.rename_column("备注", "说明"),
    "filter": lambda who: who.filter("客户", ["老陈"]),
}
UNGUARDED = {("edit our cell", "after", 1), ("edit our cell", "before", 2)}
"""Between the look and the write nothing at Google guards a cell: what a person types there, in our own column, is written over."""
POINTS = [(point, call) for call in range(4) for point in ("before", "within", "after")]


@pytest.mark.parametrize("action", ACTIONS)
def test_whatever_staff_do_at_any_moment_the_sheet_comes_to_rest_right(action: str):
    for point, call in POINTS:
        desk = Desk.of()
        desk.workbook.grids()
        desk.google.forget_calls()
        getattr(desk.google.moments, point)(call, desk.acts(ACTIONS[action]))

        rounds = desk.passes(7)

        where = f"{action} {point} call {call}"
        assert desk.wrong() == [], where
        assert desk.theirs(desk.human) == desk.theirs(desk.twin) or (action, point, call) in UNGUARDED, where
        assert rounds <= 6 and desk.troubles == [], where


def test_a_quiet_pass_costs_one_read_and_a_changed_one_two_reads_and_a_write():
    desk = Desk.of()
    desk.workbook.grids()
    desk.google.forget_calls()

    desk.one_pass()
    assert kinds(desk.google.calls) == ["values.batchGet", "spreadsheets.get", "spreadsheets.batchUpdate"]
    desk.google.forget_calls()

    desk.one_pass()
    assert kinds(desk.google.calls) == ["values.batchGet"]
