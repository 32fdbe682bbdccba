"""A person at work in a tab while the product is: every action the staff matrix names, each logged, each possible at an exact point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.sheets import lines
from tests.sheets.a1 import Box
from tests.sheets.anchors import swept
from tests.sheets.book import BLANK, Book, Sheet
from tests.sheets.caller import Caller, guard
from tests.sheets.cells import EMPTY, Cell, Entered
from tests.sheets.references import carried
from tests.sheets.service import Service


@dataclass(frozen=True)
class Edit:
    """One thing a person did: a cell changed (by key and header, old and new), or an action on rows, columns or the tab."""

    action: str
    key: Entered = None
    header: str = ""
    old: Entered = None
    new: Entered = None


@dataclass
class Human:
    """Somebody with a role on a file, working in one tab whose rows are known by a key column."""

    service: Service
    spreadsheet_id: str
    sheet_id: int
    key: str
    email: str = "staff@example.com"
    header_row: int = 0
    edits: list[Edit] = field(default_factory=list)

    # ----- cells

    def edit(self, key: Entered, header: str, value: Entered) -> None:
        """Type a value into a cell of the row with this key."""

        def act(book: Book, sheet: Sheet) -> None:
            row, column = self.row(sheet, key), self.column(sheet, header)
            self._may(sheet, Box(row, column, row + 1, column + 1))
            self._log("edit", key, header, sheet.cell(row, column).value, value)
            sheet.put(row, column, [sheet.cell(row, column).entering(value)])

        self._do(act)

    def edit_key(self, key: Entered, new: Entered) -> None:
        self.edit(key, self.key, new)

    def fill_row(self, cells: dict[str, Entered]) -> None:
        """Type a new record into the first row below the filled ones, as staff do."""

        def act(book: Book, sheet: Sheet) -> None:
            row = self.last(sheet) + 1
            if row == len(sheet.rows):
                lines.put_in(book, sheet, "ROWS", row, 1)
            self._write(sheet, row, cells)

        self._do(act)

    def _write(self, sheet: Sheet, row: int, cells: dict[str, Entered]) -> None:
        for header, value in cells.items():
            column = self.column(sheet, header)
            sheet.put(row, column, [sheet.cell(row, column).entering(value)])
            self._log("edit", cells.get(self.key), header, None, value)

    # ----- rows

    def insert_row(self, above: Entered, cells: dict[str, Entered] | None = None) -> None:
        """Insert a row above that of a key, blank or with cells."""

        def act(book: Book, sheet: Sheet) -> None:
            row = self.row(sheet, above)
            self._log("insert row", above)
            lines.put_in(book, sheet, "ROWS", row, 1)
            self._write(sheet, row, cells or {})

        self._do(act)

    def delete_row(self, key: Entered) -> None:
        def act(book: Book, sheet: Sheet) -> None:
            row = self.row(sheet, key)
            self._may(sheet, Box(row, 0, row + 1))
            self._log("delete row", key)
            lines.take_out(book, sheet, "ROWS", row, row + 1)

        self._do(act)

    def duplicate_row(self, key: Entered) -> None:
        """Insert a row below and paste the row of a key into it: the key is there twice, the copy has no metadata."""

        def act(book: Book, sheet: Sheet) -> None:
            row = self.row(sheet, key)
            self._log("duplicate row", key)
            lines.put_in(book, sheet, "ROWS", row + 1, 1)
            cells = tuple(carried(cell, 1) for cell in sheet.rows[row].cells)
            sheet.rows[row + 1] = replace(sheet.rows[row], anchor=0, cells=cells)

        self._do(act)

    def move_row(self, key: Entered, above: Entered) -> None:
        """Drag the row of a key to above that of another."""

        def act(book: Book, sheet: Sheet) -> None:
            row, to = self.row(sheet, key), self.row(sheet, above)
            self._log("move row", key)
            order = list(range(len(sheet.rows)))
            order.insert(to if to < row else to - 1, order.pop(row))
            lines.reordered(sheet, "ROWS", order)

        self._do(act)

    def cut_paste_row(self, key: Entered) -> None:
        """Cut the cells of a row and paste them below everything: its old place stays blank, metadata stays there too."""

        def act(book: Book, sheet: Sheet) -> None:
            row, to = self.row(sheet, key), self.last(sheet) + 1
            self._may(sheet, Box(row, 0, row + 1))
            self._log("cut and paste row", key)
            if to == len(sheet.rows):
                lines.put_in(book, sheet, "ROWS", to, 1)
            sheet.put(to, 0, sheet.rows[row].cells)
            sheet.put(row, 0, [EMPTY] * len(sheet.rows[row].cells))

        self._do(act)

    def sort(self, header: str, falling: bool = True) -> None:
        """Sort all the rows below the header, with their metadata."""

        def act(book: Book, sheet: Sheet) -> None:
            self._sorted(book, sheet, header, falling, 0, len(sheet.columns))

        self._do(act)

    def sort_part(self, header: str, columns: Sequence[str], falling: bool = True) -> None:
        """Select only some neighbouring columns and sort those: the rest of each row stays where it was."""

        def act(book: Book, sheet: Sheet) -> None:
            places = [self.column(sheet, column) for column in columns]
            self._sorted(book, sheet, header, falling, min(places), max(places) + 1)

        self._do(act)

    def _sorted(self, book: Book, sheet: Sheet, header: str, falling: bool, left: int, right: int) -> None:
        area = Box(self.header_row + 1, left, self.last(sheet) + 1, right)
        self._may(sheet, area)
        self._log("sort", header=header)
        lines.sort_area(book, sheet, area, [(self.column(sheet, header), falling)])

    def filter(self, header: str, hide: Sequence[Entered]) -> None:
        """Switch a filter on that hides the rows with these values; the service reads and writes them all the same."""

        def act(book: Book, sheet: Sheet) -> None:
            column = self.column(sheet, header)
            self._log("filter", header=header)
            sheet.basic_filter = {"range": {"sheetId": sheet.sheet_id, "startRowIndex": self.header_row, "startColumnIndex": 0}}
            for row in range(self.header_row + 1, len(sheet.rows)):
                sheet.rows[row] = replace(sheet.rows[row], filtered=sheet.cell(row, column).value in hide)

        self._do(act)

    # ----- columns and the tab

    def rename_column(self, header: str, new: str) -> None:
        def act(book: Book, sheet: Sheet) -> None:
            column = self.column(sheet, header)
            self._log("rename column", header=header, new=new)
            sheet.put(self.header_row, column, [sheet.cell(self.header_row, column).entering(new)])

        self._do(act)

    def insert_column(self, before: str, header: Entered = None) -> None:
        def act(book: Book, sheet: Sheet) -> None:
            column = self.column(sheet, before)
            self._log("insert column", header=before, new=header)
            lines.put_in(book, sheet, "COLUMNS", column, 1)
            sheet.put(self.header_row, column, [Cell(header)])

        self._do(act)

    def move_column(self, header: str, before: str) -> None:
        def act(book: Book, sheet: Sheet) -> None:
            column, to = self.column(sheet, header), self.column(sheet, before)
            self._log("move column", header=header)
            order = list(range(len(sheet.columns)))
            order.insert(to if to < column else to - 1, order.pop(column))
            lines.reordered(sheet, "COLUMNS", order)

        self._do(act)

    def delete_column(self, header: str) -> None:
        def act(book: Book, sheet: Sheet) -> None:
            column = self.column(sheet, header)
            self._may(sheet, Box(0, column, None, column + 1))
            self._log("delete column", header=header)
            lines.take_out(book, sheet, "COLUMNS", column, column + 1)

        self._do(act)

    def hide_column(self, header: str) -> None:
        def act(book: Book, sheet: Sheet) -> None:
            column = self.column(sheet, header)
            self._log("hide column", header=header)
            sheet.columns[column] = replace(sheet.columns[column], hidden=True)

        self._do(act)

    def rename_tab(self, title: str) -> None:
        def act(book: Book, sheet: Sheet) -> None:
            self._log("rename tab", old=sheet.title, new=title)
            sheet.title = title

        self._do(act)

    def delete_tab(self) -> None:
        """Delete the tab; a file always keeps one, so a blank one takes the place of the last."""

        def act(book: Book, sheet: Sheet) -> None:
            self._log("delete tab", old=sheet.title)
            book.sheets.remove(sheet)
            if not book.sheets:
                book.sheets.append(Sheet(sheet.sheet_id + 1, "工作表1", [BLANK] * 20, [BLANK] * 10))
            swept(book)

        self._do(act)

    def set_zone(self, zone: str) -> None:
        """Change the time zone of the file in its settings."""

        def act(book: Book, sheet: Sheet) -> None:
            self._log("set time zone", old=book.time_zone, new=zone)
            book.time_zone = zone

        self._do(act)

    def restore(self, revisions: int = 1) -> None:
        """Bring back an older version of the whole file."""
        file = self.service.drive.files[self.spreadsheet_id]
        self._log("restore version")
        file.save(file.back(revisions).copied(), self.service.clock())

    # ----- looking

    def sheet(self) -> Sheet:
        return self.service.drive.files[self.spreadsheet_id].book.sheet(self.sheet_id)

    def records(self) -> list[dict[str, Any]]:
        """What stands in the tab now, a dictionary a row, blank rows left out."""
        sheet = self.sheet()
        headers = [cell.value for cell in sheet.rows[self.header_row].cells]
        rows = [[line.cell(column).value for column in range(len(headers))] for line in sheet.rows[self.header_row + 1 :]]
        return [dict(zip(map(str, headers), row, strict=True)) for row in rows if any(value is not None for value in row)]

    def row(self, sheet: Sheet, key: Entered) -> int:
        """The first row with this key."""
        column = self.column(sheet, self.key)
        return next(row for row in range(self.header_row + 1, len(sheet.rows)) if sheet.cell(row, column).value == key)

    def column(self, sheet: Sheet, header: str) -> int:
        return [cell.value for cell in sheet.rows[self.header_row].cells].index(header)

    def last(self, sheet: Sheet) -> int:
        """The last row with anything in it."""
        return max(row for row, line in enumerate(sheet.rows) if any(cell.value is not None for cell in line.cells))

    # ----- acting

    def _do(self, act: Callable[[Book, Sheet], None]) -> None:
        """Act on a copy, which becomes the newest revision: what a person does is atomic too."""
        with self.service.lock:
            file = self.service.drive.files[self.spreadsheet_id]
            book = file.book.copied()
            act(book, book.sheet(self.sheet_id))
            file.save(book, self.service.clock())

    def _may(self, sheet: Sheet, box: Box) -> None:
        role = self.service.drive.files[self.spreadsheet_id].sharing.role(self.email) or "writer"
        guard(Caller(self.email, frozenset(), "", role), sheet, sheet.area(box), "edit")

    def _log(self, action: str, key: Entered = None, header: str = "", old: Entered = None, new: Entered = None) -> None:
        self.edits.append(Edit(action, key, header, old, new))
