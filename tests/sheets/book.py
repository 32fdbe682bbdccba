"""A spreadsheet as a value that is copied before it is changed, so that a batch is all or nothing and an old revision can be read again."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any

from tests.sheets.a1 import Box
from tests.sheets.cells import EMPTY, Cell
from tests.sheets.refusals import Json, invalid

MOST_CELLS = 10_000_000
MOST_COLUMNS = 18_278


@dataclass(frozen=True, slots=True)
class Line:
    """A row with its cells, or a column; `anchor` is what row and column metadata hang on (0: nothing does)."""

    cells: tuple[Cell, ...] = ()
    anchor: int = 0
    hidden: bool = False
    filtered: bool = False
    pixels: int = 0

    def cell(self, column: int) -> Cell:
        return self.cells[column] if column < len(self.cells) else EMPTY

    def with_cells(self, column: int, cells: Iterable[Cell]) -> Line:
        new = tuple(cells)
        padded = self.cells + (EMPTY,) * (column - len(self.cells))
        return replace(self, cells=padded[:column] + new + padded[column + len(new) :])


BLANK = Line()


@dataclass(eq=False)
class Sheet:
    """One tab: its properties, its rows, its columns, and the things that lie on ranges of it, as Google's JSON."""

    sheet_id: int
    title: str
    rows: list[Line] = field(default_factory=lambda: [BLANK] * 1000)
    columns: list[Line] = field(default_factory=lambda: [BLANK] * 26)
    properties: Json = field(default_factory=dict)
    lying: dict[str, list[Json]] = field(default_factory=dict)
    """protectedRanges, conditionalFormats, merges, filterViews, bandedRanges, charts, tables ... by their name in the Sheet resource."""
    basic_filter: Json | None = None

    def copied(self) -> Sheet:
        new = copy(self)
        new.rows, new.columns = list(self.rows), list(self.columns)
        new.lying = {name: list(things) for name, things in self.lying.items()}
        return new

    @property
    def hidden(self) -> bool:
        return bool(self.properties.get("hidden"))

    def lines(self, dimension: str) -> list[Line]:
        return self.columns if dimension == "COLUMNS" else self.rows

    def cell(self, row: int, column: int) -> Cell:
        return self.rows[row].cell(column)

    def put(self, row: int, column: int, cells: Iterable[Cell]) -> None:
        self.rows[row] = self.rows[row].with_cells(column, cells)

    def area(self, box: Box) -> Box:
        return box.clipped(len(self.rows), len(self.columns))

    def things(self, name: str) -> list[Json]:
        return self.lying.setdefault(name, [])


@dataclass(frozen=True)
class Metadata:
    """One piece of developer metadata; `anchor` names the row or column it hangs on, wherever that has moved."""

    metadata_id: int
    key: str
    value: str | None
    visibility: str
    kind: str
    sheet_id: int | None = None
    anchor: int = 0
    project: str = ""


@dataclass(eq=False)
class Book:
    """One spreadsheet file."""

    spreadsheet_id: str
    title: str
    locale: str = "zh_CN"
    time_zone: str = "Asia/Shanghai"
    sheets: list[Sheet] = field(default_factory=list)
    named: list[Json] = field(default_factory=list)
    metadata: dict[int, Metadata] = field(default_factory=dict)
    properties: Json = field(default_factory=dict)
    revision: int = 1
    last_id: int = 0
    results: dict[str, Any] = field(default_factory=dict)
    """What formulas come to: text of the formula to a value, or to a function of (book, sheet, row, column)."""

    def copied(self) -> Book:
        new = copy(self)
        new.sheets = [sheet.copied() for sheet in self.sheets]
        new.named, new.metadata = list(self.named), dict(self.metadata)
        return new

    def fresh_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def sheet(self, sheet_id: int, where: str = "") -> Sheet:
        for sheet in self.sheets:
            if sheet.sheet_id == sheet_id:
                return sheet
        raise invalid(f"Invalid {where}: No grid with id: {sheet_id}" if where else f"No grid with id: {sheet_id}")

    def titled(self, title: str) -> Sheet | None:
        return next((sheet for sheet in self.sheets if sheet.title.casefold() == title.casefold()), None)

    def first_visible(self) -> Sheet:
        return next(sheet for sheet in self.sheets if not sheet.hidden)

    def check_size(self) -> None:
        cells = sum(len(sheet.rows) * len(sheet.columns) for sheet in self.sheets)
        if cells > MOST_CELLS:
            raise invalid(f"This action would increase the number of cells in the workbook above the limit of {MOST_CELLS} cells.")
        if any(len(sheet.columns) > MOST_COLUMNS for sheet in self.sheets):
            raise invalid(f"This action would increase the number of columns in a sheet above the limit of {MOST_COLUMNS} columns.")
