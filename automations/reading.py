"""Tabs into typed tables: a workbook's raw grids become one Snapshot, with every fault named and nothing guessed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date
from hashlib import blake2b
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automations.apart import as_tabs, joined, ours, table_name
from automations.cells import TEXT, expected, parse_column, parse_keys
from automations.headers import (
    Header,
    find_by_header,
    find_header,
    find_tab,
    header_doubled,
    header_missing,
    key_missing,
    repeats_header,
    still_loading,
    tab_missing,
    table_meant,
    two_header_rows,
)
from automations.model import CellProblem, Column, Grid, NewKey, Sheet, SheetProblem, Snapshot, Table, Words
from automations.spellings import ODD, tidy

__all__ = ["LastRead", "find_header", "find_tab", "read_sheet", "read_snapshot"]

Mask = NDArray[np.bool_]
_TOTALS = frozenset(
    f"{word[0]}{blanks}{word[1:]}{colon}"
    for word in ("合计", "总计", "小计", "累计", "共计", "总合计", "Total", "Subtotal", "Grand total")
    for blanks in ("", " ", "  ", "   ", "    ")
    for colon in ("", ":", ":")
)
_ALL_TOTALS = _TOTALS | {word.upper() for word in _TOTALS} | {word.lower() for word in _TOTALS}
_NOTHING = frozenset({None, ""})
_CHUNK = 4096
_FIRST_COLUMNS = 3


@dataclass
class LastRead:
    """The last reading of the workbook; it stands as long as nobody has written to the file."""

    stamp: tuple[str, date] | None = None
    found: tuple[Snapshot, list[NewKey]] | None = None


def read_snapshot(workbook_name: str, grids: Sequence[Grid], tables: Sequence[Table], today: date | None = None) -> Snapshot:
    """Read every table whose tab can be found; `today` only settles which of several like tabs is this year's.

    A tab that cannot be used is a SheetProblem with `stops` and no sheet; the other tables go on.
    """
    problems: list[SheetProblem] = []
    tabs: dict[str, Sheet] = {}
    for table, grid in _assigned(grids, as_tabs(tables), today, problems):
        sheet, found = read_sheet(table, grid)
        problems += found
        if sheet:
            tabs[table.name] = sheet
    whole = {table.name: tabs[table.name] for table in tables if table.name in tabs}
    sheets = {
        name: joined(table, whole[name], tabs.get(ours(table).name)) if table.apart else whole[name]
        for table in tables
        if (name := table.name) in whole
    }
    said = tuple(replace(problem, table=table_name(problem.table)) for problem in problems)
    return Snapshot(workbook_name, sheets, said, _fingerprint(tabs, problems))


def _assigned(
    grids: Sequence[Grid], tables: Sequence[Table], today: date | None, problems: list[SheetProblem]
) -> Iterator[tuple[Table, Grid]]:
    """Each table with its tab: by name first, then the tabs left over by their headers."""
    named = {table.name: grid for table in tables if (grid := find_tab(table, grids))}
    free = [grid for grid in grids if not any(grid is taken for taken in named.values())]
    meant = [(table_meant(grid, tables), grid) for grid in free] if len(named) < len(tables) else []
    for table in tables:
        grid = named.get(table.name)
        if grid is None:
            grid = find_by_header(table, [each for wanted, each in meant if wanted is table], today)
            problems.append(tab_missing(table, free, grid))
            free = [other for other in free if other is not grid]
        if grid is not None:
            yield table, grid


def read_sheet(table: Table, grid: Grid) -> tuple[Sheet | None, list[SheetProblem]]:
    """One tab as a typed table, or None with the problem that stops it."""
    if grid.loading:
        return None, [still_loading(table, grid)]
    header = find_header(table, grid)
    problems = _header_problems(table, grid, header)
    if header is None or any(problem.stops for problem in problems):
        return None, problems
    body = _Body.of(table, grid, header)
    if body.repeats:
        problems.append(two_header_rows(table, grid, header, [body.first_row + row for row in body.repeats]))
    return body.sheet(table, grid, header), problems


def _header_problems(table: Table, grid: Grid, header: Header | None) -> list[SheetProblem]:
    if header is None or table.key not in header.places.keys() | header.doubled.keys():
        return [key_missing(table, grid, header)]
    doubled = [header_doubled(table, grid, header, column) for column in table.columns if column.key in header.doubled]
    found = header.places.keys() | header.doubled.keys()
    return doubled + [
        header_missing(table, grid, header, column) for column in table.columns if column.required and column.key not in found
    ]


@dataclass(frozen=True, eq=False)
class _Body:
    """What stands below the header: typed columns, the cells that could not be read, and which rows are data."""

    first_row: int
    frame: pd.DataFrame
    odd: Mapping[str, list[tuple[int, str]]]
    data: Mask
    repeats: list[int]

    @classmethod
    def of(cls, table: Table, grid: Grid, header: Header) -> _Body:
        start = header.index + 1
        stop = _last_filled([grid.columns[place] for place in header.places.values()], start)
        cells = {key: grid.columns[place][start:stop] for key, place in header.places.items()}
        columns = [column for column in table.columns if column.key in cells]
        parsed = {c.key: parse_keys(cells[c.key]) if c.key == table.key else parse_column(cells[c.key], c) for c in columns}
        frame = pd.DataFrame({key: values for key, (values, _) in parsed.items()}, copy=False)
        odd = {key: found for key, (_, found) in parsed.items() if found}
        keys = frame[table.key].tolist()
        repeats = [row - start for row in _repeats(table, grid, header, keys, start)]
        data = _staffed(table, frame, odd)
        data[[*repeats, *_totals(keys, list(cells.values())[:_FIRST_COLUMNS])]] = False
        return cls(grid.first_row + start, frame, odd, data, repeats)

    def sheet(self, table: Table, grid: Grid, header: Header) -> Sheet:
        whole = bool(self.data.all())
        frame = self.frame if whole else self.frame[self.data].reset_index(drop=True)
        rows = (np.flatnonzero(self.data) + self.first_row).tolist()
        places = {key: header.places[key] for key in frame.columns}
        problems = tuple(self._problems(table, places))
        return Sheet(table, grid.title, grid.first_row + header.index, frame, rows, places, problems, href=grid.href)

    def _problems(self, table: Table, places: Mapping[str, int]) -> list[CellProblem]:
        said: dict[tuple[str, str], Words] = {}
        found = []
        for column in table.columns:
            for position, cell in self.odd.get(column.key, ()):
                if self.data[position]:
                    words = said.get((column.key, cell)) or said.setdefault((column.key, cell), expected(column, cell))
                    found.append(CellProblem(table.name, column.key, self.first_row + position, cell, words))
        return sorted(found, key=lambda problem: (problem.row, places[problem.column]))


def _last_filled(columns: Sequence[Sequence[Any]], start: int) -> int:
    """One past the last row in which any of these columns holds something; looked for from the bottom, in chunks."""
    last = start
    for column in columns:
        stop = len(column)
        while stop > last and _NOTHING.issuperset(column[max(last, stop - _CHUNK) : stop]):
            stop = max(last, stop - _CHUNK)
        while stop > last and column[stop - 1] in _NOTHING:
            stop -= 1
        last = max(last, stop)
    return last


def _repeats(table: Table, grid: Grid, header: Header, keys: list[Any], start: int) -> list[int]:
    """Rows of the grid that say the header again: the one right below it, or one pasted along with rows of another tab."""
    column = table.column(table.key) or Column(table.key, {})
    above = str(grid.columns[header.places[table.key]][header.index])
    spelled = {tidy(name) for name in (above, *column.title.values(), *column.aliases, column.key)}
    suspects = {start, *(start + row for row in _where(keys, spelled))}
    return [row for row in sorted(suspects) if row < start + len(keys) and repeats_header(table, grid, header, row)]


def _where(cells: Sequence[Any], words: Set[str]) -> list[int]:
    """The positions of a few words in a column; a column without them costs one sweep."""
    return [] if words.isdisjoint(cells) else [position for position, cell in enumerate(cells) if cell in words]


def _staffed(table: Table, frame: pd.DataFrame, odd: Mapping[str, list[tuple[int, str]]]) -> Mask:
    """Rows in which a person put something, or which have a key; an unticked box is nothing, for whole columns are born so."""
    staffed = np.zeros(len(frame), dtype=np.bool_)
    for column in table.columns:
        if column.key in frame and (column.key == table.key or not column.ours):
            cells = frame[column.key].array
            staffed |= cells.fillna(False).astype(np.bool_) if column.type == "boolean" else ~np.asarray(cells.isna())
            staffed[[position for position, _ in odd.get(column.key, ())]] = True
    return staffed


def _totals(keys: list[Any], cells: Sequence[Sequence[Any]]) -> list[int]:
    """Rows that add up the others: the word stands in the key, or, where the key is blank, in one of the first columns."""
    beside = {row for column in cells for row in _where(column, _ALL_TOTALS) if keys[row] is pd.NA}
    return sorted({*_where(keys, _ALL_TOTALS), *beside})


def _fingerprint(sheets: Mapping[str, Sheet], problems: Sequence[SheetProblem]) -> str:
    """A short name of everything that was understood: equal readings have equal ones, whatever the order of columns."""
    digest = blake2b(repr(problems).encode(), digest_size=16)
    for name, sheet in sheets.items():
        digest.update(repr((name, sheet.tab, sheet.header_row, sorted(sheet.places.items()), sheet.problems)).encode())
        digest.update(np.asarray(sheet.rows, dtype=np.int64).tobytes())
        for key in sheet.frame.columns:
            digest.update(_bytes(sheet.frame[key]))
    return digest.hexdigest()


def _bytes(series: pd.Series) -> bytes:
    if series.dtype == TEXT:
        return "\x1f".join(series.to_numpy(dtype=object, na_value="\x00").tolist()).encode(errors="surrogatepass")
    if series.dtype.kind == "M":
        return series.to_numpy().tobytes()
    return series.to_numpy(dtype=np.int64, na_value=ODD).tobytes()
