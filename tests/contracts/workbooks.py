"""What every workbook must do, whatever it keeps its tables in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import openpyxl
import pytest
from google.oauth2.credentials import Credentials

from automations.model import ColumnType, Value
from automations.workbooks.google import GoogleWorkbook
from automations.workbooks.googlehttp import SheetsHttp
from automations.workbooks.googlesheet import Spreadsheet
from automations.workbooks.matching import same
from automations.workbooks.memory import Formula, MemoryWorkbook
from automations.workbooks.protocol import Target, Workbook, content_of, serial_of
from automations.workbooks.xlsx import XlsxWorkbook
from tests.sheets.book import BLANK
from tests.sheets.cells import Cell as SheetCell
from tests.sheets.cells import Formula as SheetFormula
from tests.sheets.server import StandIn

Rows = list[list[Any]]

COMPLAINTS = """
    编号    | 客户   | 状态
    TS-1   | 老陈   | 进行中
    TS-2   | 小李   | 进行中
    TS-3   | 王家   |
"""


def drawn(table: str) -> Rows:
    """Rows of a drawn table; an empty cell is a blank one."""
    return [[cell.strip() or None for cell in line.split("|")] for line in table.strip().splitlines()]


class Bench(Protocol):
    """How the suite makes a workbook of one backend, and does what staff do to it."""

    def make(self, tabs: dict[str, Rows]) -> Workbook: ...

    def staff(self, workbook: Workbook, tab: str, change: Callable[[Rows], Rows]) -> None: ...


class MemoryBench:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self, tabs: dict[str, Rows]) -> Workbook:
        return MemoryWorkbook("测试", tabs)

    def staff(self, workbook: Workbook, tab: str, change: Callable[[Rows], Rows]) -> None:
        assert isinstance(workbook, MemoryWorkbook)
        workbook.tabs[tab] = change(workbook.tabs[tab])
        workbook._version += 1


class XlsxBench:
    """Staff's edits go through openpyxl, which rewrites the whole file as a spreadsheet program does."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "测试.xlsx"

    def make(self, tabs: dict[str, Rows]) -> Workbook:
        book = openpyxl.Workbook()
        book.remove(book.active)
        for title, rows in tabs.items():
            self._fill(book.create_sheet(title), rows)
        book.save(self.path)
        return XlsxWorkbook(self.path)

    def staff(self, workbook: Workbook, tab: str, change: Callable[[Rows], Rows]) -> None:
        book = openpyxl.load_workbook(self.path)
        rows = change([list(row) for row in book[tab].iter_rows(values_only=True)])
        place = book.sheetnames.index(tab)
        book.remove(book[tab])
        self._fill(book.create_sheet(tab, place), rows)
        book.save(self.path)

    @staticmethod
    def _fill(sheet: Any, rows: Rows) -> None:
        for number, row in enumerate(rows, 1):
            for place, value in enumerate(row, 1):
                cell = sheet.cell(number, place)
                if isinstance(value, Formula):
                    cell.value = value.code
                elif value is not None:
                    cell.value = value
                    cell.data_type = "s" if isinstance(value, str) else cell.data_type


class GoogleBench:
    """A file on the stand-in, shared with a service account; staff work in it as its owner does in the browser."""

    def __init__(self, folder: Path) -> None:
        self.google = stand_in()

    def make(self, tabs: dict[str, Rows]) -> Workbook:
        self.file = self.google.file("测试", shared={"robot@example.com": "writer"}, timeZone="Asia/Shanghai")
        for title, rows in tabs.items():
            self.google.tab(self.file, title, entered(rows))
        return at_google(self.google, self.file, name="测试")

    def staff(self, workbook: Workbook, tab: str, change: Callable[[Rows], Rows]) -> None:
        sheet = self.google.book(self.file).titled(tab)
        assert sheet is not None
        filled = [line for line in sheet.rows if any(cell.value is not None for cell in line.cells)]
        most = max(len(line.cells) for line in filled)
        rows = change([[line.cell(place).value for place in range(most)] for line in filled])
        width = max(map(len, rows))
        sheet.rows, sheet.columns = [BLANK] * (len(rows) + 20), [BLANK] * max(width, len(sheet.columns))
        for place, row in enumerate(entered(rows)):
            sheet.put(place, 0, [SheetCell(value) for value in row])


def entered(rows: Rows) -> list[list[Any]]:
    """Rows as staff enter them in Google Sheets: dates are serial numbers, formulas are formulas."""
    return [[_entered(value) for value in row] for row in rows]


def _entered(value: Any) -> Any:
    if isinstance(value, Formula):
        return SheetFormula(value.code)
    if value is None or value == "" or isinstance(value, str | bool | int | float | SheetFormula):
        return value or (None if isinstance(value, str) else value)
    return float(value) if isinstance(value, Decimal) else serial_of(value)


@cache
def stand_in() -> StandIn:
    """One stand-in for all tests of this process."""
    return StandIn().__enter__()


def at_google(google: StandIn, file: str, *, name: str = "", account: str = "robot@example.com", **more: Any) -> GoogleWorkbook:
    """A workbook over a file on the stand-in, on its clock."""
    token = Credentials(google.token(account))  # type: ignore[no-untyped-call]
    http = SheetsHttp(token, account, endpoint=google.url, clock=google.clock)
    return GoogleWorkbook([Spreadsheet(http, file)], name or f"google:{file}", **more)


BENCHES: dict[str, Callable[[Path], Bench]] = {"GoogleWorkbook": GoogleBench, "MemoryWorkbook": MemoryBench, "XlsxWorkbook": XlsxBench}


def target(key: str, new: Value, old: Value = None, header: str = "状态", kind: ColumnType = "text", **more: Any) -> Target:
    """A write into the drawn complaints: key column A, header row 1."""
    place = more.pop("place", {"编号": 0, "客户": 1, "状态": 2}.get(header, 2))
    return Target(**{"tab": "客户投诉", "header_row": 1, "key_place": 0, "key": key, "place": place, "header": header, "key_header": "编号"}
                  | {"old": old, "new": new, "kind": kind, "row_hint": 2} | more)  # fmt: skip


def row(key: str, header: str = "编号") -> Target:
    """A row appended to the drawn complaints under this key."""
    return target(key, key, header=header, appends=True)


def shown(workbook: Workbook, tab: str = "客户投诉") -> str:
    """A tab as a drawing, to compare whole outcomes."""
    grid = next(grid for grid in workbook.grids() if grid.title == tab)
    return "\n".join(" | ".join("" if cell is None else str(cell) for cell in row) for row in zip(*grid.columns, strict=True))


def held(workbook: Workbook, row: int, place: int, tab: str = "客户投诉") -> Any:
    grid = next(grid for grid in workbook.grids() if grid.title == tab)
    return grid.columns[place][row - 1]


class WorkbookContract:
    """Subclassed in `test_workbooks.py`, once for all backends found in the folder."""

    @pytest.fixture
    def complaints(self, bench: Bench) -> Workbook:
        return bench.make({"客户投诉": drawn(COMPLAINTS), "其他": [["说明"], ["别动"]]})

    def test_tabs_are_read_whole_and_in_order(self, complaints: Workbook) -> None:
        assert [grid.title for grid in complaints.grids()] == ["客户投诉", "其他"]
        assert shown(complaints) == "编号 | 客户 | 状态\nTS-1 | 老陈 | 进行中\nTS-2 | 小李 | 进行中\nTS-3 | 王家 | "

    def test_a_cell_that_still_holds_what_was_seen_is_written(self, complaints: Workbook) -> None:
        assert complaints.apply([target("TS-2", "已逾期", "进行中"), target("TS-3", "未开始")]) == ([0, 1], [])
        assert shown(complaints) == "编号 | 客户 | 状态\nTS-1 | 老陈 | 进行中\nTS-2 | 小李 | 已逾期\nTS-3 | 王家 | 未开始"
        assert shown(complaints, "其他") == "说明\n别动"

    def test_a_cell_that_changed_meanwhile_is_left_alone(self, complaints: Workbook) -> None:
        assert complaints.apply([target("TS-2", "已逾期", "未开始")]) == ([], [(0, "changed meanwhile: now holds '进行中'")])
        assert held(complaints, 3, 2) == "进行中"

    def test_a_refusal_does_not_stop_the_others(self, complaints: Workbook) -> None:
        written, refused = complaints.apply([target("TS-9", "x"), target("TS-3", "y"), target("TS-1", "z", header="没有")])
        assert (written, refused) == ([1], [(0, "row gone"), (2, "header '没有' is gone")])

    def test_the_same_write_again_changes_nothing(self, complaints: Workbook) -> None:
        again = [target("TS-2", "已逾期", "进行中")]
        complaints.apply(again)
        before = complaints.fingerprint()
        assert complaints.apply(again) == ([0], [])
        assert complaints.fingerprint() == before

    def test_no_targets_touch_nothing(self, complaints: Workbook) -> None:
        before = complaints.fingerprint()
        assert complaints.apply([]) == ([], [])
        assert complaints.fingerprint() == before

    def test_the_fingerprint_changes_with_a_write(self, complaints: Workbook) -> None:
        before = complaints.fingerprint()
        complaints.apply([target("TS-3", "未开始")])
        assert complaints.fingerprint() != before

    def test_rows_are_followed_when_staff_sort_and_insert(self, bench: Bench, complaints: Workbook) -> None:
        bench.staff(complaints, "客户投诉", lambda rows: [rows[0], ["TS-0", "新客", None], *reversed(rows[1:])])
        assert complaints.apply([target("TS-1", "已逾期", "进行中", row_hint=2)]) == ([0], [])
        assert [held(complaints, row, 2) or None for row in range(2, 6)] == [None, None, "进行中", "已逾期"]

    def test_columns_are_followed_when_staff_insert_one(self, bench: Bench, complaints: Workbook) -> None:
        bench.staff(complaints, "客户投诉", lambda rows: [["备注" if row is rows[0] else None, *row] for row in rows])
        assert complaints.apply([target("TS-1", "已逾期", "进行中")]) == ([0], [])
        assert held(complaints, 2, 3) == "已逾期"

    def test_the_header_row_is_followed_when_a_title_is_put_above(self, bench: Bench, complaints: Workbook) -> None:
        bench.staff(complaints, "客户投诉", lambda rows: [["2026 年客户投诉"], *rows])
        assert complaints.apply([target("TS-1", "已逾期", "进行中")]) == ([0], [])
        assert held(complaints, 3, 2) == "已逾期"

    def test_headers_are_matched_without_regard_to_blanks_and_width(self, bench: Bench) -> None:
        workbook = bench.make({"客户投诉": [[" 编号 ", "客户", "ＳＴＡＴＥ"], ["TS-1", "老陈", None]]})
        assert workbook.apply([target("TS-1", "done", header="state")]) == ([0], [])

    def test_a_doubled_key_is_refused(self, bench: Bench, complaints: Workbook) -> None:
        bench.staff(complaints, "客户投诉", lambda rows: [*rows, ["TS-1", "复制", None]])
        assert complaints.apply([target("TS-1", "x", "进行中")]) == ([], [(0, "key stands twice: rows 2, 5")])

    def test_a_doubled_header_is_refused(self, bench: Bench, complaints: Workbook) -> None:
        bench.staff(complaints, "客户投诉", lambda rows: [[*row, row[2]] for row in rows])
        assert complaints.apply([target("TS-1", "x", "进行中")]) == ([], [(0, "header '状态' stands twice")])

    def test_a_tab_that_is_gone_is_refused(self, complaints: Workbook) -> None:
        assert complaints.apply([target("TS-1", "x", tab="没有")]) == ([], [(0, "tab '没有' is gone")])

    def test_a_formula_is_never_overwritten(self, bench: Bench) -> None:
        workbook = bench.make({"客户投诉": [["编号", "客户", "状态"], ["TS-1", "老陈", Formula("=A2", None)]]})
        assert workbook.apply([target("TS-1", "x")]) == ([], [(0, "holds a formula")])

    @pytest.mark.parametrize("cell", ["1042", 1042, 1042.0, " 1042 ", "１０４２"])
    def test_a_key_is_found_however_it_was_typed(self, bench: Bench, cell: Any) -> None:
        workbook = bench.make({"客户投诉": [["编号", "客户", "状态"], [cell, "老陈", None]]})
        assert workbook.apply([target("1042", "已逾期")]) == ([0], [])

    @pytest.mark.parametrize(
        ("kind", "value"),
        [
            ("text", "已逾期"),
            ("text", "=1+1"),
            ("text", "+86 10"),
            ("text", "-5"),
            ("text", "@all"),
            ("text", "007"),
            ("text", "110101199003078515"),
            ("text", "好的👍🏽"),
            ("text", "一\n二"),
            ("text", "a<b & \"c\" 'd' ]]>"),
            ("text", "_x0041_"),
            ("text", "铃\x07声"),
            ("text", "长" * 40_000),
            ("integer", 42),
            ("integer", -7),
            ("money", Decimal("1234567.89")),
            ("money", Decimal("0.10")),
            ("decimal", Decimal("3.1416")),
            ("percent", Decimal("0.035")),
            ("boolean", True),
            ("boolean", False),
            ("date", date(2026, 9, 30)),
            ("date", date(2024, 2, 29)),
            ("datetime", datetime(2026, 9, 30, 14, 5)),
            ("datetime", datetime(2026, 9, 30, 23, 59, 59)),
            ("datetime", datetime(2026, 9, 30)),
            ("time", time(14, 5)),
            ("text", None),
        ],
    )
    def test_what_was_written_is_read_back_by_type(self, complaints: Workbook, kind: ColumnType, value: Value) -> None:
        assert complaints.apply([target("TS-1", value, "进行中", kind=kind)]) == ([0], [])
        assert same(held(complaints, 2, 2), value, kind)
        assert complaints.apply([target("TS-1", value, "进行中", kind=kind)]) == ([0], [])
        assert complaints.apply([target("TS-1", "又改", value, kind=kind)]) == ([0], [])

    def test_a_blank_row_gets_its_number_if_it_is_still_the_same_row(self, bench: Bench) -> None:
        row = [None, "老陈", None, datetime(2026, 9, 30, 14, 5), 12.5]
        workbook = bench.make({"客户投诉": [["编号", "客户", "状态", "时间", "金额"], row]})
        content = content_of(column[1] for place, column in enumerate(workbook.grids()[0].columns) if place != 0)
        numbered = target("", "TS-1", header="编号", row_hint=2, content=content)
        assert workbook.apply([target("TS-1", "进行中"), numbered]) == ([0, 1], [])
        assert (held(workbook, 2, 0), held(workbook, 2, 2)) == ("TS-1", "进行中")

    def test_a_blank_row_that_moved_or_changed_gets_no_number(self, bench: Bench) -> None:
        workbook = bench.make({"客户投诉": [["编号", "客户", "状态"], [None, "老陈", None], [None, "小李", None]]})
        numbered = target("", "TS-1", header="编号", row_hint=2, content=content_of(["老陈", None]))
        bench.staff(workbook, "客户投诉", lambda rows: [rows[0], rows[2], rows[1]])
        assert workbook.apply([numbered]) == ([], [(0, "row changed or moved meanwhile")])

    def test_a_key_typed_meanwhile_is_kept(self, bench: Bench) -> None:
        workbook = bench.make({"客户投诉": [["编号", "客户", "状态"], ["我的号", "老陈", None]]})
        numbered = target("", "TS-1", header="编号", row_hint=2, content=content_of(["老陈", None]))
        assert workbook.apply([numbered]) == ([], [(0, "changed meanwhile: now holds '我的号'")])

    def test_rows_are_appended_below_the_last_one_with_their_other_cells(self, complaints: Workbook) -> None:
        targets = [target("TS-4", "已记录"), row("TS-4"), row("TS-5"), target("TS-5", "进行中"), target("TS-3", "未开始")]
        assert complaints.apply(targets) == ([0, 1, 2, 3, 4], [])
        assert shown(complaints) == (
            "编号 | 客户 | 状态\nTS-1 | 老陈 | 进行中\nTS-2 | 小李 | 进行中\nTS-3 | 王家 | 未开始\nTS-4 |  | 已记录\nTS-5 |  | 进行中"
        )
        assert shown(complaints, "其他") == "说明\n别动"

    def test_a_row_that_stands_already_is_not_appended_again(self, complaints: Workbook) -> None:
        assert complaints.apply([row("TS-4"), target("TS-4", "已记录")]) == ([0, 1], [])
        before = complaints.fingerprint()
        assert complaints.apply([row("TS-4"), target("TS-4", "已记录")]) == ([0, 1], [])
        assert complaints.apply([row("TS-4"), row("TS-2")]) == ([0, 1], [])
        assert complaints.fingerprint() == before

    def test_the_same_row_asked_for_twice_is_appended_once(self, complaints: Workbook) -> None:
        assert complaints.apply([row("TS-4"), row("TS-4")]) == ([0, 1], [])
        assert held(complaints, 5, 0) == "TS-4" and len(complaints.grids()[0].columns[0]) == 5

    def test_the_first_row_of_an_empty_tab_stands_below_the_header(self, bench: Bench) -> None:
        workbook = bench.make({"客户投诉": [["2026 年"], [], ["编号", "客户", "状态"]]})
        assert workbook.apply([row("TS-1"), target("TS-1", "已记录")]) == ([0, 1], [])
        assert shown(workbook).splitlines()[-1] == "TS-1 |  | 已记录"
        assert held(workbook, 4, 0) == "TS-1"

    def test_appended_rows_follow_the_header_and_the_columns_staff_moved(self, bench: Bench, complaints: Workbook) -> None:
        moved = [["2026 年客户投诉"], ["状态", None, "编号", "客户"], [None, None, "TS-3", "王家"], ["进行中", None, "TS-1", "老陈"]]
        bench.staff(complaints, "客户投诉", lambda rows: moved)
        assert complaints.apply([target("TS-4", "已记录"), row("TS-4")]) == ([0, 1], [])
        assert [held(complaints, 5, place) or None for place in range(4)] == ["已记录", None, "TS-4", None]

    def test_blank_rows_and_notes_at_the_end_are_never_overwritten(self, bench: Bench, complaints: Workbook) -> None:
        bench.staff(complaints, "客户投诉", lambda rows: [*rows, [None] * 3, [None, None, None], [None, None, "以上已核对"], [None] * 3])
        assert complaints.apply([row("TS-4"), target("TS-4", "老陈", header="客户")]) == ([0, 1], [])
        assert held(complaints, 7, 2) == "以上已核对"
        assert [held(complaints, 8, place) or None for place in range(3)] == ["TS-4", "老陈", None]

    def test_a_formula_below_the_rows_is_never_overwritten(self, bench: Bench) -> None:
        rows = [["编号", "客户", "状态"], ["TS-1", "老陈", None], [None, None, Formula("=COUNTA(A2:A2)", 1)]]
        workbook = bench.make({"客户投诉": rows})
        assert workbook.apply([row("TS-2"), target("TS-2", "已记录")]) == ([0, 1], [])
        assert (held(workbook, 4, 0), held(workbook, 4, 2)) == ("TS-2", "已记录")

    def test_boxes_nobody_ticked_are_no_rows(self, bench: Bench) -> None:
        boxes = [[None, None, False] for _ in range(5)]
        workbook = bench.make({"客户投诉": [["编号", "客户", "状态"], ["TS-1", "老陈", True], *boxes]})
        assert workbook.apply([row("TS-2"), target("TS-2", "小李", header="客户")]) == ([0, 1], [])
        assert (held(workbook, 3, 0), held(workbook, 3, 1)) == ("TS-2", "小李")

    def test_a_row_cannot_be_appended_where_the_key_column_is_gone(self, complaints: Workbook) -> None:
        before = shown(complaints)
        lost = Target(**{**vars(row("TS-4")), "header": "没有", "key_header": "没有"})
        written, refused = complaints.apply([lost, target("TS-4", "x")])
        assert (written, refused) == ([], [(0, "header '没有' is gone"), (1, "row gone")])
        assert shown(complaints) == before

    def test_a_cell_is_written_once_in_a_run(self, complaints: Workbook) -> None:
        written, refused = complaints.apply([target("TS-3", "甲"), target("TS-3", "乙")])
        assert (written, refused) == ([0], [(1, "is written by another change of this run")])

    def test_a_copy_can_be_kept(self, complaints: Workbook, tmp_path: Path) -> None:
        kept = complaints.snapshot_to(tmp_path / "kept", "20260930-1405")
        assert kept.parent == tmp_path / "kept" and "20260930-1405" in kept.name and kept.stat().st_size > 0

    def test_blank_rows_and_columns_at_the_end_are_not_read(self, bench: Bench) -> None:
        workbook = bench.make({"客户投诉": [["编号", None, None], ["TS-1", "", None], [None, " ", None]]})
        [grid] = workbook.grids()
        assert (grid.title, grid.columns) == ("客户投诉", [("编号", "TS-1")])
