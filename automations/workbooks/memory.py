"""Tables in memory: the same promises as a file, for tests, examples and what-ifs, with the things staff do as methods."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b
from itertools import zip_longest
from pathlib import Path
from typing import Any

from automations.model import Grid, Value
from automations.workbooks.matching import settle
from automations.workbooks.protocol import (
    Refused,
    Target,
    Written,
    fitted,
    header_text,
    is_blank,
    is_nothing,
    key_text,
    number_digits,
    plain_text,
)


@dataclass(frozen=True)
class Formula:
    """A cell with a formula: its code and the value it last gave."""

    code: str
    value: Value


Cell = Value | float | Formula
Rows = list[list[Cell]]


class MemoryWorkbook:
    """Tabs by title, each a list of rows with the header among them. `saves` counts the saves `apply` made."""

    may_stray = False

    def __init__(self, name: str, grids: Mapping[str, Sequence[Sequence[Cell]]]) -> None:
        self.name = name
        self.tabs: dict[str, Rows] = {title: [list(row) for row in rows] for title, rows in grids.items()}
        self.hidden: set[str] = set()
        self.saves = 0
        self._version = 0

    def grids(self) -> list[Grid]:
        """Every tab as raw values, without trailing blank rows and columns."""
        return [Grid(title, _columns(rows)) for title, rows in self.tabs.items()]

    def fingerprint(self) -> str:
        """The number of saves, and a hash of what stands in the tabs: tests change them by hand."""
        return f"{self._version}-{blake2b(repr(self.tabs).encode(errors='surrogatepass'), digest_size=8).hexdigest()}"

    def apply(self, targets: Sequence[Target]) -> tuple[Written, Refused]:
        """Write the targets whose cells still hold what was seen; see `Workbook.apply`."""
        settled = settle(targets, self._tab)
        for spot in settled.spots:
            _put(self.tabs[spot.target.tab], spot.row, spot.place, held(spot.target.new))
        if settled.spots:
            self.saves += 1
            self._version += 1
        return settled.written(), settled.refused

    def hold(self) -> None:
        """Nobody else can keep it."""

    def spent(self) -> Mapping[str, int]:
        """Nothing: it costs no call."""
        return {}

    def snapshot_to(self, folder: Path, stamp: str) -> Path:
        """Write all tabs as they are now to `folder/<name>.<stamp>.json`."""
        folder.mkdir(parents=True, exist_ok=True)
        kept = folder / f"{self.name}.{stamp}.json"
        said = {title: [[plain_text(_value(cell)) for cell in row] for row in rows] for title, rows in self.tabs.items()}
        kept.write_text(json.dumps(said, ensure_ascii=False, indent=1), encoding="utf-8")
        return kept

    def _tab(self, title: str) -> MemoryTab | None:
        return MemoryTab(self.tabs[title]) if title in self.tabs else None

    # What staff do, for tests and what-ifs

    def cell(self, tab: str, header: str, key: str) -> Any:
        """The raw value under a header in the row of a key (the key stands in the first column)."""
        row, place = self._find(tab, header, key)
        return _value(self.tabs[tab][row - 1][place]) if place < len(self.tabs[tab][row - 1]) else None

    def edit(self, tab: str, header: str, key: str, value: Cell) -> None:
        """Type a value under a header in the row of a key (the key stands in the first column)."""
        row, place = self._find(tab, header, key)
        _put(self.tabs[tab], row, place, value)
        self._version += 1

    def sort_by(self, tab: str, header: str, descending: bool = False) -> None:
        """Sort the rows below the header."""
        top, place = self._header(tab, header)
        rows = self.tabs[tab]
        rows[top:] = sorted(rows[top:], key=lambda row: plain_text(_value(row[place]) if place < len(row) else None), reverse=descending)
        self._version += 1

    def insert_row(self, tab: str, at: int, cells: Sequence[Cell] = ()) -> None:
        """Put a row in so that it becomes row `at` (1-based)."""
        self.tabs[tab].insert(at - 1, list(cells))
        self._version += 1

    def delete_row(self, tab: str, key: str) -> None:
        """Remove the row of a key."""
        self.tabs[tab].pop(self._row(tab, key) - 1)
        self._version += 1

    def insert_column(self, tab: str, at: int, header: str = "") -> None:
        """Put a column in at a 0-based place; the header goes into the first row."""
        for number, row in enumerate(self.tabs[tab]):
            if at <= len(row):
                row.insert(at, header if number == 0 else None)
        self._version += 1

    def rename_header(self, tab: str, header: str, new: str) -> None:
        """Give a column another header."""
        top, place = self._header(tab, header)
        self.tabs[tab][top - 1][place] = new
        self._version += 1

    def hide(self, tab: str) -> None:
        """Hide a tab; it is read all the same."""
        self.hidden.add(tab)
        self._version += 1

    def _find(self, tab: str, header: str, key: str) -> tuple[int, int]:
        return self._row(tab, key), self._header(tab, header)[1]

    def _row(self, tab: str, key: str) -> int:
        """The first row (1-based) whose first cell is the key; KeyError if there is none."""
        for number, row in enumerate(self.tabs[tab], 1):
            if row and key_text(_value(row[0])) == key_text(key):
                return number
        raise KeyError(key)

    def _header(self, tab: str, header: str) -> tuple[int, int]:
        """The row (1-based) and place (0-based) of a header; KeyError if there is none."""
        for number, row in enumerate(self.tabs[tab], 1):
            headers = [header_text(_value(cell)) for cell in row]
            if header_text(header) in headers:
                return number, headers.index(header_text(header))
        raise KeyError(header)


class MemoryTab:
    """One tab in memory, as the matcher sees it."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows

    def row(self, number: int) -> list[Any]:
        """The raw values of a row from column A on."""
        return [_value(cell) for cell in self.rows[number - 1]] if 0 < number <= len(self.rows) else []

    def cell(self, row: int, place: int) -> Any:
        """The raw value of one cell."""
        values = self.row(row)
        return values[place] if place < len(values) else None

    def keys(self, place: int, below: int) -> Iterable[tuple[int, Any]]:
        """(row, raw value) of one column below a row."""
        return ((number, _value(row[place])) for number, row in enumerate(self.rows[below:], below + 1) if place < len(row))

    def closed(self, row: int, place: int) -> str:
        """Why a cell must not be written, or ""."""
        cells = self.rows[row - 1] if row <= len(self.rows) else []
        return "holds a formula" if place < len(cells) and isinstance(cells[place], Formula) else ""

    def last(self) -> int:
        """The last row that holds anything."""
        filled = (any(isinstance(cell, Formula) or not is_nothing(cell) for cell in row) for row in reversed(self.rows))
        return len(self.rows) - next((blank for blank, there in enumerate(filled) if there), len(self.rows))


def held(value: Value) -> Value | float:
    """A typed value as a spreadsheet gives it back: floats for exact numbers, text for what has too many digits."""
    if isinstance(value, str):
        return fitted(value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        digits = number_digits(value)
        return str(value) if digits is None else float(digits)
    return value


def _value(cell: Cell) -> Any:
    return cell.value if isinstance(cell, Formula) else cell


def _put(rows: Rows, row: int, place: int, value: Cell) -> None:
    """Set one cell, making the tab and its row long enough."""
    rows.extend([] for _ in range(row - len(rows)))
    cells = rows[row - 1]
    cells.extend([None] * (place + 1 - len(cells)))
    cells[place] = value


def _columns(rows: Rows) -> list[tuple[Any, ...]]:
    """Rows as columns of equal length, without blank rows and columns at the end."""
    kept = [[_value(cell) for cell in row] for row in rows]
    while kept and all(map(is_blank, kept[-1])):
        kept.pop()
    columns = list(zip_longest(*kept))
    while columns and all(map(is_blank, columns[-1])):
        columns.pop()
    return columns
