"""What staff do to their sheets: sort, insert, rename, hide, delete, reorder, cut and paste; the next run changes nothing it should not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest

from automations.ledgers.memory import MemoryLedger
from automations.workbooks.xlsx import XlsxWorkbook
from tests.scene import CUSTOMERS, STAFF, Rows, Scene, does_nothing, found_in, lines_of, scene, tab

FIRST, LATER = "2025-09-26 17:00", "2025-09-29 09:00"
COMPLAINTS = """
    complaint_no | received_at      | channel | customer_id | complainant_contact | content | recorded_by | assigned_at      | severity
    TS-1         | 2025-09-26 16:30 | 电话    | KH-1        | 13800138000         | 有异味  | YG-01       |                  | 一般投诉
    TS-2         | 2025-09-25 09:00 | 邮箱    | KH-1        | 13800138001         | 少两箱  | YG-02       | 2025-09-25 10:00 | 重大投诉
    TS-3         | 2025-09-26 10:15 | 微信    | KH-1        | 13800138002         | 包装破  | YG-01       |                  |
    TS-4         | 2025-09-24 08:00 | 当面    | KH-1        |                     | 来晚了  | YG-03       | 2025-09-24 09:00 | 一般投诉
"""
Change = Callable[[Rows], Rows]


def sorted_by(header: str, *, descending: bool = False) -> Change:
    def change(rows: Rows) -> Rows:
        place = rows[0].index(header)
        return [rows[0], *sorted(rows[1:], key=lambda row: str(row[place] or ""), reverse=descending)]

    return change


def renamed(old: str, new: str) -> Change:
    return lambda rows: [[new if cell == old else cell for cell in rows[0]], *rows[1:]]


def with_column(place: int, header: str | None, cell: object) -> Change:
    return lambda rows: [[*row[:place], header if number == 0 else cell, *row[place:]] for number, row in enumerate(rows)]


def with_row(place: int, *cells: object) -> Change:
    return lambda rows: [*rows[:place], [*cells, *[None] * (len(rows[0]) - len(cells))], *rows[place:]]


def reversed_columns(rows: Rows) -> Rows:
    return [row[::-1] for row in rows]


def key_last(rows: Rows) -> Rows:
    return [[*row[1:], row[0]] for row in rows]


def cut_and_pasted(rows: Rows) -> Rows:
    """The second row cut out, leaving a hole, and pasted below the last."""
    return [*rows[:2], [None] * len(rows[0]), *rows[3:], rows[2]]


def totals(rows: Rows) -> Rows:
    return [*rows, ["合计", None, None, None, "4 件", *[None] * (len(rows[0]) - 5)]]


def banner(rows: Rows) -> Rows:
    """A title over the header, as in a printed form."""
    return [["客户投诉登记表", *[None] * (len(rows[0]) - 1)], [None] * len(rows[0]), *rows]


def header_again(rows: Rows) -> Rows:
    return [rows[0], *rows]


ACTIONS: dict[str, Change] = {
    "sorted by content": sorted_by("投诉内容"),
    "sorted by number, descending": sorted_by("投诉编号", descending=True),
    "sorted by our own due date": sorted_by("确定受理到期"),
    "sorted by state, descending": sorted_by("状态", descending=True),
    "sorted by the time of receipt": sorted_by("受理时间"),
    "an empty column on the left": with_column(0, None, None),
    "a column of their own on the left": with_column(0, "我的备注", "看过"),
    "a column of their own in the middle": with_column(5, "2025年", 1),
    "a blank row between": with_row(2),
    "three blank rows on top of the data": lambda rows: with_row(1)(with_row(1)(with_row(1)(rows))),
    "the columns in reverse order": reversed_columns,
    "the key column last": key_last,
    "the key under an alias": renamed("投诉编号", "编号"),
    "the start of every clock under an alias": renamed("受理时间", "投诉时间"),
    "our state under an alias": renamed("状态", "处理状态"),
    "our problems under an alias": renamed("问题", "校验结果"),
    "a header in English": renamed("受理时间", "Received at"),
    "a header with blanks and full width": renamed("受理时间", " 受理时间　"),
    "a row cut and pasted": cut_and_pasted,
    "a row of totals": totals,
    "a title above the header": banner,
    "the header twice": header_again,
}


def staged(folder: Path | None) -> Scene:
    stage = scene(folder, complaints=COMPLAINTS, customers=CUSTOMERS, staff=STAFF)
    stage.run(FIRST)
    return stage


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, list[str]]:
    """What stands in our columns at the later moment when nobody touches the sheet."""
    stage = staged(None)
    stage.run(LATER)
    return stage.ours("complaints")


IN_A_FILE = ("sorted by content", "an empty column on the left", "a blank row between", "the columns in reverse order", "the header twice")
"""Done to a real file too; the matcher behind both workbooks is the same."""


@pytest.mark.parametrize(("action", "kind"), [*((action, "memory") for action in ACTIONS), *((action, "xlsx") for action in IN_A_FILE)])
def test_whatever_staff_do_the_next_runs_write_the_right_rows(
    action: str, kind: str, tmp_path: Path, undisturbed: dict[str, list[str]]
) -> None:
    stage = staged(tmp_path if kind == "xlsx" else None)
    stage.staff("complaints", ACTIONS[action])
    assert lines_of(stage.plan(FIRST)) == []
    stage.run(LATER)
    assert stage.ours("complaints") == undisturbed
    assert does_nothing(stage.plan(LATER))


def test_hidden_columns_rows_and_tabs_are_read_and_written_all_the_same(tmp_path: Path, undisturbed: dict[str, list[str]]) -> None:
    stage = staged(tmp_path)
    assert isinstance(stage.world.workbook, XlsxWorkbook)
    book = openpyxl.load_workbook(stage.world.workbook.path)
    sheet = book["客户投诉"]
    for letter in ("A", "B", "BR", "BS", "BT", "BU", "BV", "BW"):
        sheet.column_dimensions[letter].hidden = True
    sheet.row_dimensions[3].hidden = True
    book["客户"].sheet_state = "hidden"
    book.save(stage.world.workbook.path)
    assert lines_of(stage.plan(FIRST)) == []
    stage.run(LATER)
    assert stage.ours("complaints") == undisturbed


@pytest.mark.parametrize("kind", ["memory", "xlsx"])
def test_a_deleted_row_is_gone_and_the_others_stay_right(kind: str, tmp_path: Path, undisturbed: dict[str, list[str]]) -> None:
    stage = staged(tmp_path if kind == "xlsx" else None)
    stage.staff("complaints", lambda rows: [*rows[:2], *rows[3:]])
    assert lines_of(stage.plan(FIRST)) == []
    stage.run(LATER)
    assert stage.ours("complaints") == {key: cells for key, cells in undisturbed.items() if key != "TS-2"}


@pytest.mark.parametrize("kind", ["memory", "xlsx"])
def test_a_row_put_in_between_is_numbered_and_the_others_stay_right(kind: str, tmp_path: Path, undisturbed: dict[str, list[str]]) -> None:
    stage = staged(tmp_path if kind == "xlsx" else None)
    stage.staff("complaints", with_row(2, None, "2025-09-26 16:45", "电话", "KH-1", "13800138005", "新来的"))
    assert {change.key for change in stage.plan(FIRST).changes} == {"TS-20250926-001"}
    stage.run(LATER)
    assert {key: cells for key, cells in stage.ours("complaints").items() if key != "TS-20250926-001"} == undisturbed


def test_a_row_deleted_and_another_added_between_two_runs_are_both_seen(undisturbed: dict[str, list[str]]) -> None:
    stage = staged(None)
    stage.staff(
        "complaints", lambda rows: [*rows[:2], ["TS-9", "2025-09-26 16:50", *rows[2][2:6], *[None] * (len(rows[0]) - 6)], *rows[3:]]
    )
    stage.run(FIRST)
    cells = stage.ours("complaints")
    assert (sorted(cells), "due_assign=2025-09-28 18:00" in cells["TS-9"]) == (["TS-1", "TS-3", "TS-4", "TS-9"], True)


def test_a_copied_row_is_left_alone_until_it_has_a_number_of_its_own() -> None:
    stage = staged(None)
    stage.staff("complaints", lambda rows: [*rows, list(rows[1])])
    assert found_in(stage.plan(LATER), "key-once") == ["TS-1 complaints/key-once complaint_no"] * 2
    assert "TS-1" not in {change.key for change in stage.plan(LATER).changes}
    stage.staff("complaints", lambda rows: [*rows[:-1], [None, *rows[-1][1:]]])
    assert [new.key for new in stage.plan(LATER).new_keys] == ["TS-20250926-001"]


def test_a_column_of_ours_that_staff_deleted_is_not_missed() -> None:
    stage = staged(None)
    place = stage.raw()["客户投诉"][0].index("确定受理到期")
    stage.staff("complaints", lambda rows: [[*row[:place], *row[place + 1 :]] for row in rows])
    assert lines_of(stage.plan(FIRST)) == []
    assert not any("due_assign" in cell for cells in stage.ours("complaints").values() for cell in cells)


def test_a_formula_of_staff_is_read_by_value_and_stays(tmp_path: Path) -> None:
    stage = staged(tmp_path)
    assert isinstance(stage.world.workbook, XlsxWorkbook)
    path = stage.world.workbook.path
    book = openpyxl.load_workbook(path)
    book["客户投诉"]["F2"] = '="有"&"异味"'
    book.save(path)
    stage.run(LATER)
    assert openpyxl.load_workbook(path)["客户投诉"]["F2"].value == '="有"&"异味"'


def test_a_sort_that_leaves_our_columns_out_is_no_decision_of_a_person():
    """The keys moved and our cells stayed: every one of them is ours, and is written again; one value typed over stays."""
    stage = scene(complaints=COMPLAINTS, customers=CUSTOMERS, staff=STAFF)
    stage.run(FIRST)
    before = stage.cells("complaints", "status")
    ours = [place for place, header in enumerate(stage.raw()["客户投诉"][0]) if header in our_headers(stage)]

    stage.staff("complaints", lambda rows: [rows[0], *sorted_without(rows[1:], ours)])
    stage.run(LATER)

    assert sorted(stage.cells("complaints", "status")) == sorted(stage_again(LATER))
    assert [line.split()[0] for line in stage.cells("complaints", "status")] == [line.split()[0] for line in reversed(before)]


NEW_ROWS = """
    TS-0         | 2025-09-26 11:00 | 电话    | KH-1        | 13800138004 | 漏了    | YG-01       |                  | 一般投诉
    TS-5         | 2025-09-26 12:00 | 电话    | KH-1        | 13800138005 | 破了    | YG-01       |                  | 一般投诉
"""


def with_new_rows(stage: Scene) -> list[int]:
    """A first run, a decision of a person's, and two rows more; the places of our columns."""
    stage.run(FIRST)
    stage.edit("complaints", "due_assign", "TS-3", datetime(2025, 9, 30, 12, 0))
    stage.run(FIRST)
    added = tab(stage.world.config.tables["complaints"], COMPLAINTS.strip().splitlines()[0] + NEW_ROWS)[1:]
    stage.staff("complaints", lambda rows: [*rows, *added])
    return [place for place, header in enumerate(stage.raw()["客户投诉"][0]) if header in our_headers(stage)]


def test_a_sort_that_leaves_our_columns_out_is_no_decision_though_rows_are_new_and_people_had_decided_before():
    """Rows of which nothing stands in our columns yet are sorted with the others; a value a person typed goes back to its row."""
    stage, untouched = (scene(complaints=COMPLAINTS, customers=CUSTOMERS, staff=STAFF) for _ in range(2))
    with_new_rows(untouched)
    ours = with_new_rows(stage)
    stage.staff("complaints", lambda rows: [rows[0], *sorted_without(rows[1:], ours)])
    untouched.run(LATER)

    run = stage.run(LATER)

    assert stage.ours("complaints") == untouched.ours("complaints")
    assert "due_assign=2025-09-30 12:00" in stage.ours("complaints")["TS-3"]
    for plan in (run.plan, stage.plan(LATER)):
        assert [(each.key, each.column) for each in plan.overrides] == [("TS-3", "due_assign")]
    assert does_nothing(stage.plan(LATER))


def test_a_value_of_another_row_that_people_type_into_several_is_their_decision():
    """It stands elsewhere in the column, and still nothing was exchanged: what they typed over is nowhere any more."""
    stage = scene(complaints=COMPLAINTS, customers=CUSTOMERS, staff=STAFF)
    stage.run(FIRST)
    assert "due_assign=2025-09-25 18:00" in stage.ours("complaints")["TS-4"]
    for key in ("TS-1", "TS-2", "TS-3"):
        stage.edit("complaints", "due_assign", key, datetime(2025, 9, 25, 18, 0))
    assert sorted(each.key for each in stage.run(LATER).plan.overrides) == ["TS-1", "TS-2", "TS-3"]


def copied(rows: Rows) -> Rows:
    """The first row copied below the last, with a number, a time and a content of its own."""
    own = {"投诉编号": "TS-9", "受理时间": "2025-09-20 09:00", "投诉内容": "别的"}
    return [*rows, [own.get(header, cell) for header, cell in zip(rows[0], rows[1], strict=True)]]


def test_what_a_copied_row_brought_along_in_our_columns_is_no_decision():
    """Staff begin a new row as a copy of another; its deadlines are those of its own times."""
    stage = staged(None)
    stage.staff("complaints", copied)
    run = stage.run(LATER)
    assert "due_assign=2025-09-22 18:00" in stage.ours("complaints")["TS-9"]
    assert run.plan.overrides == () and does_nothing(stage.plan(LATER))


def test_a_decision_in_a_row_that_is_new_stays():
    stage = staged(None)
    stage.staff("complaints", copied)
    stage.edit("complaints", "due_assign", "TS-9", datetime(2025, 10, 1, 12, 0))
    assert ("TS-9", "due_assign") in [(each.key, each.column) for each in stage.run(LATER).plan.overrides]
    assert "due_assign=2025-10-01 12:00" in stage.ours("complaints")["TS-9"]


@pytest.mark.parametrize("how", ["the number of the row was corrected", "the ledger begins anew"])
def test_values_that_stood_there_already_are_ours_and_change_when_their_row_does(how: str):
    """Nobody typed them: they said what the rules say when the ledger first met them."""
    stage, key = staged(None), "TS-1"
    if how == "the ledger begins anew":
        stage = stage.with_world(ledger=MemoryLedger())
    else:
        key = "TS-1a"
        stage.edit("complaints", "complaint_no", "TS-1", key)
    assert lines_of(stage.run(FIRST).plan) == []

    stage.edit("complaints", "received_at", key, datetime(2025, 9, 20, 10, 0))
    run = stage.run(LATER)

    assert "due_assign=2025-09-22 18:00" in stage.ours("complaints")[key] and run.plan.overrides == ()


def our_headers(stage: Scene) -> set[str]:
    return {column.heading("zh") for column in stage.world.config.tables["complaints"].columns if column.ours}


def sorted_without(rows: Rows, left: list[int]) -> Rows:
    """The rows turned upside down, except the cells of some columns."""
    return [
        [row[place] if place in left else other[place] for place in range(len(row))]
        for row, other in zip(rows, reversed(rows), strict=True)
    ]


def stage_again(now: str) -> list[str]:
    """What the column says where nobody sorted anything."""
    stage = scene(complaints=COMPLAINTS, customers=CUSTOMERS, staff=STAFF)
    stage.run(FIRST)
    stage.run(now)
    return stage.cells("complaints", "status")
