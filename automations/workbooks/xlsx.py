"""Tables in one .xlsx file: read whole and fast, written by patching single cells."""

from __future__ import annotations

import shutil
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time
from functools import cached_property
from io import BytesIO
from math import ceil
from pathlib import Path
from typing import Any
from zipfile import BadZipFile
from zlib import error as ZlibError  # noqa: N812

from lxml import etree
from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum

from automations.errors import WorkbookUnreadable, WorkbookUnwritable
from automations.model import Grid, Value, letters
from automations.workbooks.cellxml import CellReader, SharedStrings, cell_xml, number_text
from automations.workbooks.continuing import dressed, longer_tables, stretched
from automations.workbooks.filefaults import not_a_workbook, told
from automations.workbooks.matching import Spot, by_tab, settle
from automations.workbooks.package import Package
from automations.workbooks.protocol import Refused, Target, Written, dated_text, header_text, is_blank, text_width
from automations.workbooks.saving import FileChanged, kept_versions, refuse_if_open, replace_file, stamp_of
from automations.workbooks.sheetxml import CellXml, SheetXml, error_cells
from automations.workbooks.stylesheet import Shown, Stylesheet
from automations.workbooks.workbookxml import recalculating

DAMAGE = (BadZipFile, KeyError, StopIteration, ValueError, IndexError, EOFError, NotImplementedError, ZlibError, etree.XMLSyntaxError)
"""What parsing a damaged package raises."""

NEAR = 200
"""How many rows of a column are looked through for a cell whose date format a new date can take over."""

TRIES = 3
HIGHEST, NARROW = 409.0, 8.43
"""The most points a row can be high, and the width in characters of a column that says nothing."""

SUITS: Mapping[str, tuple[Shown, ...]] = {"date": ("date", "datetime"), "datetime": ("datetime", "date"), "time": ("time", "elapsed")}
"""Which styles show a value of a kind."""


class XlsxWorkbook:
    """One .xlsx file. The previous version is kept in `keep_in` at every save (default `.rowkeeper` beside the file).

    `known_as` is the name the ledger keeps its memory under; the file's name where none is given.
    """

    may_stray = False

    def __init__(self, path: Path, keep_in: Path | None = None, known_as: str = "", language: str = "en") -> None:
        self.path, self.language = path.resolve(), language
        self.name = known_as or self.path.name
        self.keep_in = keep_in or self.path.parent / ".rowkeeper"

    def grids(self) -> list[Grid]:
        """Every tab as raw values: text, float, bool, date, datetime, time, timedelta, "" for blank.

        A formula gives its last computed value, an error its text (`#REF!`). Merged cells hold their value in the first cell only.
        """
        data = self._bytes()
        try:
            opened = Opened(Package(data))
            with CalamineWorkbook.from_object(BytesIO(data)) as book:
                listed = [sheet.name for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
                rows = {title: book.get_sheet_by_name(title).to_python(skip_empty_area=False) for title in listed}
            return [Grid(title, trimmed(with_errors(rows[title], opened.errors(title)))) for title in listed]
        except (CalamineError, *DAMAGE) as error:
            raise self._damaged(str(error)) from error

    def fingerprint(self) -> str:
        """Size, time of the last write and identity of the file."""
        self._must_exist()
        return stamp_of(self.path)

    def apply(self, targets: Sequence[Target]) -> tuple[Written, Refused]:
        """Write the targets whose cells still hold what was seen, in one atomic save; see `Workbook.apply`."""
        if not targets:
            return [], []
        for _ in range(TRIES):
            refuse_if_open(self.path, self.language)
            seen = self.fingerprint()
            opened = self.opened()
            settled = settle(targets, opened.tab)
            if not settled.spots:
                return settled.written(), settled.refused
            try:
                replace_file(self.path, opened.saved(settled.spots), seen, self.keep_in, self.language)
            except FileChanged:
                continue
            return settled.written(), settled.refused
        raise WorkbookUnwritable(told("meanwhile", self.language, name=self.name, times=TRIES))

    def rewrite(self, parts_of: Callable[[Opened], dict[str, bytes]]) -> None:
        """Save the file with other or more parts, whole or not at all. Raises WorkbookBusy, WorkbookUnreadable, WorkbookUnwritable."""
        refuse_if_open(self.path, self.language)
        seen, opened = self.fingerprint(), self.opened()
        try:
            replace_file(self.path, opened.packed(parts_of(opened)), seen, self.keep_in, self.language)
        except FileChanged as error:
            raise WorkbookUnwritable(told("saved", self.language, name=self.name)) from error

    def tab_gone(self, tab: str) -> WorkbookUnwritable:
        """What to raise when a tab went away between a plan and its doing."""
        return WorkbookUnwritable(told("tab gone", self.language, name=self.name, tab=tab))

    def hold(self) -> None:
        """Whoever has the file keeps it."""

    def spent(self) -> Mapping[str, int]:
        """Nothing: a file costs no call."""
        return {}

    def snapshot_to(self, folder: Path, stamp: str) -> Path:
        """Copy the file as it is now to `folder/<name>.<stamp>.xlsx`."""
        self._must_exist()
        folder.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy2(self.path, folder / f"{self.path.stem}.{stamp}{self.path.suffix}"))

    def opened(self) -> Opened:
        """The file read into memory for patching. Raises WorkbookUnreadable."""
        data = self._bytes()
        try:
            return Opened(Package(data))
        except DAMAGE as error:
            raise self._damaged(str(error)) from error

    def _must_exist(self) -> None:
        if not self.path.is_file():
            raise WorkbookUnreadable(told("no file", self.language, name=self.name, folder=self.path.parent))

    def _bytes(self) -> bytes:
        """The file's bytes, if they can be a workbook at all."""
        self._must_exist()
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise WorkbookUnreadable(told("not read", self.language, name=self.name, why=error.strerror)) from error
        if trouble := not_a_workbook(data):
            raise WorkbookUnreadable(told(trouble, self.language, name=self.name))
        return data

    def _damaged(self, detail: str) -> WorkbookUnreadable:
        kept = kept_versions(self.path, self.keep_in)
        remedy = told("kept", self.language, kept=kept[-1]) if kept else told("no copy", self.language)
        return WorkbookUnreadable(told("damaged", self.language, name=self.name, why=detail, remedy=remedy))


def with_errors(rows: list[list[Any]], errors: Iterable[tuple[int, int, str]]) -> list[list[Any]]:
    """Rows with the texts of error cells, which the reader gives as blanks."""
    for row, place, text in errors:
        if row <= len(rows) and place < len(rows[row - 1]):
            rows[row - 1][place] = text
    return rows


def trimmed(rows: list[list[Any]]) -> list[tuple[Any, ...]]:
    """Rows as columns, without the blank rows and columns at the end."""
    while rows and all(is_blank(value) for value in rows[-1]):
        rows.pop()
    columns = list(zip(*rows, strict=True))
    while columns and all(is_blank(value) for value in columns[-1]):
        columns.pop()
    return columns


class XlsxTab:
    """One tab of an opened file, as the matcher sees it."""

    def __init__(self, sheet: SheetXml, reader: CellReader) -> None:
        self.sheet, self.reader = sheet, reader

    def row(self, number: int) -> list[Any]:
        """The raw values of a row from column A on."""
        cells = self.sheet.cells(number)
        return [self.reader.read(cells.get(place)) for place in range(max(cells, default=-1) + 1)]

    def cell(self, row: int, place: int) -> Any:
        """The raw value of one cell."""
        return self.reader.read(self.sheet.cells(row).get(place))

    def keys(self, place: int, below: int) -> Iterable[tuple[int, Any]]:
        """(row, raw value) of one column below a row."""
        return ((row, self.reader.read(cell)) for row, cell in self.sheet.column(place, below))

    def closed(self, row: int, place: int) -> str:
        """Why a cell must not be written, or ""."""
        return self.sheet.closed(row, place)

    def last(self) -> int:
        """The last row that holds anything."""
        return self.sheet.last()


class Opened:
    """A package in memory with its sheets scanned on demand, ready to be patched and packed again."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self.tabs = package.tabs
        self.styles = Stylesheet(package.optional(package.related("styles")))
        self._sheets: dict[str, SheetXml] = {}
        self._dated: dict[tuple[str, int, str], int | None] = {}

    @cached_property
    def reader(self) -> CellReader:
        """Reads cells with the workbook's shared strings, styles and epoch."""
        strings = self.package.optional(self.package.related("sharedStrings"))
        return CellReader(SharedStrings(strings or b""), self.styles.shows, self.package.epoch)

    def part_of(self, title: str) -> str | None:
        """The part of a tab, by its exact title or else its title trimmed and case-folded."""
        alike = [part for one, part in self.tabs.items() if header_text(one) == header_text(title)]
        return self.tabs.get(title) or (alike[0] if len(alike) == 1 else None)

    def sheet(self, part: str) -> SheetXml:
        """A sheet's XML, scanned once. Raises WorkbookUnreadable if it is damaged."""
        if part not in self._sheets:
            try:
                self._sheets[part] = SheetXml(self.package.part(part))
            except DAMAGE as error:
                raise WorkbookUnreadable(
                    f"{part} in the workbook is cut off or damaged ({error}); restore the workbook from a copy"
                ) from error
        return self._sheets[part]

    def errors(self, title: str) -> Iterable[tuple[int, int, str]]:
        """(row, place, text such as `#REF!`) of a tab's error cells; the sheet is scanned only if it has any."""
        part = self.tabs.get(title)
        xml = self.package.part(part) if part else b""
        return error_cells(xml) if part and b't="e"' in xml else ()

    def tab(self, title: str) -> XlsxTab | None:
        """A tab as the matcher sees it, or None if it is gone."""
        part = self.part_of(title)
        return XlsxTab(self.sheet(part), self.reader) if part else None

    def saved(self, spots: Sequence[Spot]) -> bytes:
        """The packed file with these spots written."""
        parts: dict[str, bytes] = {}
        for title, here in by_tab(spots):
            part = self.part_of(title) or title
            likes = self.sheet(part).likes
            likes |= {spot.row: spot.like for spot in here if spot.target.appends}
            parts[part] = self.patched(part, {(spot.row, spot.place): spot.target.new for spot in here})
            parts |= longer_tables(self.package, part, likes) if likes else {}
        return self.packed(parts)

    def patched(self, part: str, values: Mapping[tuple[int, int], Value]) -> bytes:
        """A sheet's XML with these values written at (row, place)."""
        sheet = self.sheet(part)
        cells = {(row, place): self.cell(part, row, place, value) for (row, place), value in values.items()}
        written = sheet.with_cells(cells | dressed(sheet, values, self.package.epoch), self.heights(sheet, values))
        return stretched(written, sheet.likes) if sheet.likes else written

    def heights(self, sheet: SheetXml, values: Mapping[tuple[int, int], Value]) -> dict[int, float]:
        """The heights of rows in which a text that breaks into lines is written, unless someone has set the height by hand."""
        rows: dict[int, dict[int, Value]] = {}
        for (row, place), value in values.items():
            if self.styles.wraps(self.style(sheet, row, place)) and sheet.height_is_free(row):
                rows.setdefault(row, {})[place] = value
        return {row: min(HIGHEST, self.lines(sheet, row, new) * sheet.line_height) for row, new in rows.items()}

    def lines(self, sheet: SheetXml, row: int, new: Mapping[int, Value]) -> int:
        """How many lines the highest cell of a row takes once the new values are in it."""
        cells = sheet.cells(row)
        wrapped = [place for place in cells.keys() - new.keys() if self.styles.wraps(self.style(sheet, row, place))]
        texts = {place: self.reader.read(cells[place]) for place in wrapped} | dict(new)
        widths = sheet.column_widths
        return max((lines_of(text, widths.get(place, NARROW)) for place, text in texts.items() if isinstance(text, str)), default=1)

    @staticmethod
    def style(sheet: SheetXml, row: int, place: int) -> int:
        """The style of a cell; of one that is not in the file yet its row's, else its column's, else that of the row it is like."""
        here = sheet.cells(row).get(place)
        if here:
            return int(here.attribute(b"s") or 0)
        above = sheet.cells(sheet.likes.get(row, 0)).get(place)
        return sheet.row_style(row) or sheet.column_styles.get(place, 0) or int(above.attribute(b"s") or 0 if above else 0)

    def packed(self, parts: dict[str, bytes]) -> bytes:
        """The packed file with these parts replaced, styles that were appended, and formulas to be computed anew when it is opened."""
        if self.styles.data != (self.styles.original or b""):
            parts[self.package.related("styles") or ""] = self.styles.data
        if "xl/calcChain.xml" in self.package.names or any(b"</f>" in xml or b":f>" in xml for xml in parts.values()):
            parts.setdefault(self.package.workbook_part, recalculating(self.package.part(self.package.workbook_part)))
        return self.package.rewritten(parts)

    def cell(self, part: str, row: int, place: int, value: Value) -> bytes:
        """The XML of a cell with this value in the style its place asks for."""
        sheet = self.sheet(part)
        style = self.style(sheet, row, place)
        if isinstance(value, date | time) and number_text(value, self.package.epoch) is not None:
            dated = self.dated_style(part, row, place, style, value)
            value, style = (value, dated) if dated is not None else (_spelled(value), style)
        elif isinstance(value, date):
            value = _spelled(value)
        return cell_xml(f"{letters(place)}{row}", style, value, self.package.epoch, sheet.prefix)

    def dated_style(self, part: str, row: int, place: int, style: int, value: date | time) -> int | None:
        """The cell's own style if it shows dates, else a neighbour's in the column, the column's, or a new one."""
        kind = "datetime" if isinstance(value, datetime) else "time" if isinstance(value, time) else "date"
        if self.styles.shows(style) in SUITS[kind]:
            return style
        if (part, place, kind) not in self._dated:
            self._dated[part, place, kind] = self._neighbouring(self.sheet(part), row, place, kind)
        found = self._dated[part, place, kind]
        return self.styles.dated(style, kind) if found is None else found

    def _neighbouring(self, sheet: SheetXml, row: int, place: int, kind: str) -> int | None:
        """The style of the nearest cell of the column that shows such a value, or of the column itself."""
        nearby = (int(cell.attribute(b"s")) for cell in near(sheet, row, place))
        styles = (*nearby, sheet.column_styles.get(place, 0))
        return next((style for style in styles if self.styles.shows(style) in SUITS[kind]), None)


def _spelled(value: date | time) -> str:
    """A date as text, where a number cannot carry it."""
    return dated_text(value) if isinstance(value, datetime) else value.isoformat()


def lines_of(text: str, width: float) -> int:
    """How many lines a text takes in a column this many characters wide; a little is lost at every line's end."""
    return sum(max(1, ceil(text_width(line) / max(1.0, width - 2))) for line in text.splitlines() or [""])


def near(sheet: SheetXml, row: int, place: int) -> Iterable[CellXml]:
    """The cells of a column around a row, nearest first, above before below."""
    position = bisect_left(sheet.numbers, row)
    for step in range(1, NEAR):
        for beside in (position - step, position + step):
            if 0 <= beside < len(sheet.numbers):
                cell = sheet.cells(sheet.numbers[beside]).get(place)
                if cell and cell.attribute(b"s"):
                    yield cell
