"""Staff at work in both tabs while our column stands in one of its own: rows come to rest right, staff's tab is never written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.apartdesk import OWN, ApartDesk
from tests.googledesk import KEY, OURS, TAB, Act, kinds
from tests.test_google_writing import ACTIONS

Records = Callable[[str, object], None]
POINTS = [*(("before", call) for call in range(4)), ("within", 2)]
"""A pass reads, looks and writes: every moment between, the one between the write and its answer, and what comes before the next pass."""
IN_THEIRS = {name: act for name, act in ACTIONS.items() if "our c" not in name and name != "insert a nameless column"}
"""What concerns staff's own columns; our column is not in their tab."""
IN_OURS: dict[str, Act] = {
    "sort": lambda who: who.sort(OURS),
    "sort by key": lambda who: who.sort(KEY),
    "partial sort": lambda who: who.sort_part(OURS, [OURS]),
    "insert a row": lambda who: who.insert_row("A-2"),
    "delete a row": lambda who: who.delete_row("A-2"),
    "move a row": lambda who: who.move_row("A-4", "A-2"),
    "cut and paste a row": lambda who: who.cut_paste_row("A-2"),
    "edit a key": lambda who: who.edit_key("A-4", "A-44"),
    "edit our cell": lambda who: who.edit("A-2", OURS, "我来定"),
    "clear our cell": lambda who: who.edit("A-2", OURS, None),
    "insert a column": lambda who: who.insert_column(OURS, "电话"),
    "move our column": lambda who: who.move_column(OURS, KEY),
    "hide our column": lambda who: who.hide_column(OURS),
    "rename the tab": lambda who: who.rename_tab("进度"),
    "filter": lambda who: who.filter(KEY, ["A-2"]),
}


def disturbed(point: str, call: int, act: Callable[[ApartDesk], Callable[[], object]], others: int = 0) -> ApartDesk:
    """A desk with somebody at work at one moment of its first pass."""
    desk = ApartDesk.of(others)
    desk.workbook.grids()
    desk.google.forget_calls()
    getattr(desk.google.moments, point)(call, act(desk))
    return desk


@pytest.mark.parametrize("action", IN_THEIRS)
def test_whatever_staff_do_in_their_tab_at_any_moment_ours_comes_to_rest_right(action: str, record_property: Records):
    record_property("cases of staff at work at Google", len(POINTS))
    for point, call in POINTS:
        desk = disturbed(point, call, lambda desk: desk.in_staffs_tab(IN_THEIRS[action]))

        rounds = desk.passes()

        where = f"{action} {point} call {call}"
        assert desk.wrong() == [], where
        assert desk.human.records() == desk.twin.records(), where
        assert rounds <= 5 and desk.troubles == [], where


@pytest.mark.parametrize("action", IN_OURS)
def test_whatever_staff_do_in_the_tab_of_ours_at_any_moment_it_comes_to_rest_right(action: str, record_property: Records):
    record_property("cases of staff at work at Google", len(POINTS))
    for point, call in POINTS:
        desk = disturbed(point, call, lambda desk: lambda: IN_OURS[action](desk.own))

        rounds = desk.passes()

        where = f"{action} {point} call {call}"
        assert desk.wrong() == [], where
        assert desk.human.records() == desk.twin.records(), where
        assert rounds <= 6 and desk.troubles == [], where


@pytest.mark.parametrize("action", ["sort", "delete a row", "move a row", "edit a key", "edit an input", "insert a column"])
def test_among_many_rows_of_which_a_look_shows_only_some_it_is_the_same(action: str, record_property: Records):
    points = [("before", 1), ("before", 2)]
    record_property("cases of staff at work at Google", 2 * len(points))
    for point, call in points:
        for acts in (
            lambda desk: desk.in_staffs_tab(IN_THEIRS[action]),
            lambda desk: lambda: IN_OURS.get(action, IN_OURS["sort"])(desk.own),
        ):
            desk = disturbed(point, call, acts, others=12)

            rounds = desk.passes()

            where = f"{action} {point} call {call}"
            assert desk.wrong() == [] and desk.human.records() == desk.twin.records(), where
            assert rounds <= 6 and desk.troubles == [], where


def test_an_input_that_staff_edit_between_the_reading_and_the_write_is_noticed_beside_our_tab_too():
    """The row is left for the next pass; the others are written."""
    desk = disturbed("before", 1, lambda desk: desk.in_staffs_tab(IN_THEIRS["edit an input"]))

    desk.one_pass()

    said = {row[KEY]: row[OURS] for row in desk.own.records() if row.get(KEY)}
    assert said == {"A-2": "小李：小单", "A-4": "赵记：小单", "A-1": None, "A-3": "王家：大单", "A-5": "孙家：大单"}
    desk.one_pass()
    assert desk.wrong() == [] and {row[KEY]: row[OURS] for row in desk.own.records() if row.get(KEY)}["A-1"] == "老陈：小单"


@pytest.mark.parametrize("action", ["sort", "insert a row", "delete a row", "move a row", "insert a column", "rename the tab"])
def test_no_moment_is_left_in_which_a_sort_could_put_a_value_astray(action: str):
    """Beside staff's columns such a write has to be put right; apart it stands where it belongs at once, whenever staff move their rows."""
    for point in ("before", "within", "after"):
        desk = disturbed(point, 2, lambda desk: desk.in_staffs_tab(IN_THEIRS[action]))

        desk.one_pass()

        assert kinds(desk.google.calls) == ["values.batchGet", "spreadsheets.get", "spreadsheets.batchUpdate"], f"{action} {point}"
        written = {tab_of(request) for request in desk.google.calls[2].body["requests"] if "DeveloperMetadata" not in next(iter(request))}
        assert written == {desk.own.sheet_id}, f"{action} {point}"


def tab_of(request: dict[str, dict[str, Any]]) -> int:
    """The tab a request writes to."""
    [said] = request.values()
    where = said.get("start") or said.get("range") or said
    return int(where.get("sheetId", 0))


@pytest.mark.parametrize("what", ["the tab", "our column", "the key column"])
def test_what_staff_delete_of_ours_is_not_written_anywhere_else(what: str, record_property: Records):
    record_property("cases of staff at work at Google", len(POINTS))
    acts: dict[str, Act] = {
        "the tab": lambda who: who.delete_tab(),
        "our column": lambda who: who.delete_column(OURS),
        "the key column": lambda who: who.delete_column(KEY),
    }
    for point, call in POINTS:
        desk = disturbed(point, call, lambda desk: lambda: acts[what](desk.own))

        rounds = desk.passes()

        where = f"{what} {point} call {call}"
        assert desk.human.records() == desk.twin.records() and rounds <= 6 and desk.troubles == [], where
        there = [] if what == "the tab" and desk.own.edits else [OWN]
        assert [sheet.title for sheet in desk.google.book(desk.file).sheets] == [TAB, *there], where
