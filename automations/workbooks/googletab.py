"""One tab of a Google spreadsheet as it was just looked at: values, formulas, formats, and what must not be written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from automations.workbooks.googlelooking import Part
from automations.workbooks.protocol import is_blank, is_nothing

ERRORS: Mapping[str, str] = {
    "ERROR": "#ERROR!",
    "NULL_VALUE": "#NULL!",
    "DIVIDE_BY_ZERO": "#DIV/0!",
    "VALUE": "#VALUE!",
    "REF": "#REF!",
    "NAME": "#NAME?",
    "NUM": "#NUM!",
    "N_A": "#N/A",
    "LOADING": "Loading...",
}
DATED = frozenset({"DATE", "TIME", "DATE_TIME"})
Cell = Mapping[str, Any]
NOTHING: Cell = {}


@dataclass(frozen=True)
class Area:
    """A rectangle of a tab: rows 1-based, places 0-based, ends not included; None is open."""

    top: int = 1
    bottom: int | None = None
    left: int = 0
    right: int | None = None

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Area:
        """A GridRange as Google says it, where what is not said is open."""
        end = said.get("endRowIndex")
        return cls(
            said.get("startRowIndex", 0) + 1, None if end is None else end + 1, said.get("startColumnIndex", 0), said.get("endColumnIndex")
        )

    def holds(self, row: int, place: int) -> bool:
        """Whether a cell lies in it."""
        rows = self.top <= row and (self.bottom is None or row < self.bottom)
        return rows and self.left <= place and (self.right is None or place < self.right)


@dataclass(frozen=True)
class Shut:
    """A protected range that this account may not edit, without the parts of it that are free."""

    area: Area
    free: tuple[Area, ...]

    def holds(self, row: int, place: int) -> bool:
        """Whether a cell must not be written."""
        return self.area.holds(row, place) and not any(part.holds(row, place) for part in self.free)


def shut_in(said: Iterable[Mapping[str, Any]]) -> list[Shut]:
    """The protected ranges that keep this account out; one that only warns does not, and a right that is not said is none."""
    strict = [each for each in said if not each.get("warningOnly") and not each.get("requestingUserCanEdit")]
    return [Shut(Area.of(each.get("range", {})), tuple(map(Area.of, each.get("unprotectedRanges", ())))) for each in strict]


class GoogleTab:
    """A tab as the matcher sees it, over the blocks of an answer; `account` is said where a protection stands in the way.

    With a `part` only that was asked for, and no other cell may be written.
    """

    def __init__(self, said: Mapping[str, Any], account: str = "", part: Part | None = None) -> None:
        self.part, properties = part, said["properties"]
        self.title, self.sheet_id, self.account = str(properties["title"]), int(properties.get("sheetId", 0)), account
        self.rows = int(properties.get("gridProperties", NOTHING).get("rowCount", 0))
        self._said = said
        self.blocks: list[tuple[int, int, Sequence[Mapping[str, Any]]]] = [
            (block.get("startRow", 0), block.get("startColumn", 0), block.get("rowData", ())) for block in said.get("data", ())
        ]

    @cached_property
    def _shut(self) -> list[Shut]:
        return shut_in(self._said.get("protectedRanges", ()))

    @cached_property
    def _merged(self) -> list[Area]:
        return [Area.of(each) for each in self._said.get("merges", ())]

    @cached_property
    def _pieces(self) -> dict[int, list[tuple[int, Sequence[Cell]]]]:
        """What the answer says of each row: stretches of cells, each with the place it begins at."""
        found: dict[int, list[tuple[int, Sequence[Cell]]]] = {}
        for top, left, rows in self.blocks:
            for number, row in enumerate(rows, top + 1):
                if values := row.get("values"):
                    found.setdefault(number, []).append((left, values))
        return found

    def shows_row(self, number: int) -> bool:
        """Whether a row was asked for whole."""
        return self.part is None or self.part.holds_row(number)

    def shows(self, row: int, place: int) -> bool:
        """Whether a cell was asked for."""
        return self.part is None or self.part.holds(row, place)

    def row(self, number: int) -> list[Any]:
        """The raw values of a row from column A on."""
        values: list[Any] = []
        for left, cells in self._pieces.get(number, ()):
            values += [None] * (left + len(cells) - len(values))
            values[left : left + len(cells)] = map(value_in, cells)
        return values

    def cell(self, row: int, place: int) -> Any:
        """The raw value of one cell."""
        return value_in(self.said(row, place))

    def keys(self, place: int, below: int) -> Iterable[tuple[int, Any]]:
        """(row, raw value) of one column below a row."""
        return ((number, self.cell(number, place)) for number in range(below + 1, self.last_row + 1))

    @cached_property
    def last_row(self) -> int:
        """The last row that any block says something of."""
        return max((top + len(rows) for top, _, rows in self.blocks), default=0)

    def last(self) -> int:
        """The last row that holds anything: a value that is more than an unticked box, a formula, part of merged cells."""
        filled = (row for row in range(self.last_row, 0, -1) if self._is_filled(row))
        return max(next(filled, 0), *(area.bottom - 1 for area in self._merged if area.bottom), 0)

    def _is_filled(self, row: int) -> bool:
        places = range(len(self.row(row)))
        return any(not is_nothing(self.cell(row, place)) or self.holds_formula(row, place) for place in places)

    def closed(self, row: int, place: int) -> str:
        """Why a cell must not be written, or ""."""
        if not self.shows(row, place):
            return "was moved meanwhile; the next run looks at it again"
        if self.holds_formula(row, place):
            return "holds a formula"
        if any(area.holds(row, place) for area in self._merged):
            return "is part of merged cells"
        if any(shut.holds(row, place) for shut in self._shut):
            return f"is protected: let {self.account} edit this range, or lift its protection (Data, Protect sheets and ranges)"
        return ""

    def said(self, row: int, place: int) -> Cell:
        """What the answer says of one cell."""
        for left, cells in self._pieces.get(row, ()):
            if 0 <= place - left < len(cells):
                return cells[place - left]
        return NOTHING

    def formula(self, row: int, place: int) -> str:
        """The formula a cell holds, or ""."""
        return str(self.said(row, place).get("userEnteredValue", NOTHING).get("formulaValue", ""))

    def holds_formula(self, row: int, place: int) -> bool:
        """Whether a cell is computed by the sheet."""
        return bool(self.formula(row, place))

    def shows_dates(self, row: int, place: int) -> bool:
        """Whether a number in this cell is shown as a date or time."""
        form = self.said(row, place).get("userEnteredFormat", NOTHING).get("numberFormat", NOTHING)
        return form.get("type") in DATED


def value_in(cell: Cell) -> Any:
    """The raw value of a cell of grid data: number, text, truth, the text of an error, or None."""
    value = cell.get("effectiveValue", NOTHING)
    if "errorValue" in value:
        return ERRORS.get(value["errorValue"].get("type", ""), "#ERROR!")
    return next(iter(value.values()), None)


def trimmed(columns: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Columns of equal length, without the blank rows and columns at the end."""
    kept = [_cut(column) for column in columns]
    while kept and not kept[-1]:
        kept.pop()
    height = max(map(len, kept), default=0)
    return [(*column, *[None] * (height - len(column))) for column in kept]


def _cut(column: Sequence[Any]) -> Sequence[Any]:
    """A column without the blanks at its end."""
    end = len(column)
    while end and is_blank(column[end - 1]):
        end -= 1
    return column[:end]
