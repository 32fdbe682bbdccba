"""What is written back when a run is taken back: the old values, and rows it appended that nobody has used since."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from automations.cells import typed
from automations.ledgers.protocol import JournalRow
from automations.model import CellChange, Change, NewRow, Sheet, Snapshot, Value, Words
from automations.workbooks.protocol import is_nothing

IN_USE: Words = {
    "zh": "它加的这一行后来有人填过（“{header}”）；先清掉，或留着这一行",
    "en": "the row it appended has been filled in since ('{header}'); clear that first, or leave the row",
}
Refused = list[tuple[Change, str]]


def changes_back(run_id: int, rows: Sequence[JournalRow], snapshot: Snapshot, language: str) -> tuple[list[CellChange], Refused]:
    """The changes that take a run back, and those that must not be made, with the reason.

    A row the run appended is emptied whole, its key last of all, when it holds only what the run wrote; else it stays whole.
    """
    written = [row.change for row in rows if row.state == "applied" and row.change.table in snapshot.sheets]
    rule = f"undo {run_id}"
    cells = [_back(each, rule) for each in written if isinstance(each, CellChange) and each.column in _places(each, snapshot)]
    used: dict[tuple[str, str], str] = {}
    keys: list[CellChange] = []
    for row in (each for each in written if isinstance(each, NewRow)):
        mine = {each.column: each.old for each in cells if (each.table, each.key) == (row.table, row.key)}
        if header := foreign_header(row, mine, snapshot):
            used[(row.table, row.key)] = IN_USE[language].format(header=header)
        keys.append(CellChange(row.table, row.key, row.column, row.key, None, rule, row.row))
    going = [each for each in (*cells, *keys) if (each.table, each.key) not in used]
    return going, [(each, used[(each.table, each.key)]) for each in (*cells, *keys) if (each.table, each.key) in used]


def _back(change: CellChange, rule: str) -> CellChange:
    return CellChange(change.table, change.key, change.column, change.new, change.old, rule, change.row)


def _places(change: CellChange, snapshot: Snapshot) -> Iterable[str]:
    return (snapshot.home(change) or snapshot.sheets[change.table]).places


def foreign_header(row: NewRow, wrote: dict[str, Value], snapshot: Snapshot) -> str:
    """The header of a cell in an appended row that holds something else than the run wrote; empty when there is none."""
    sheet = snapshot.home(row) or snapshot.sheets[row.table]
    found = np.flatnonzero((sheet.frame[sheet.table.key] == row.key).to_numpy(dtype=bool, na_value=False))
    if len(found) != 1:
        return ""
    grid, position = snapshot.grids[sheet.tab], int(found[0])
    ours = {sheet.places[name] for name in (*_unchanged(sheet, position, wrote), sheet.table.key)}
    for place, column in enumerate(grid.columns):
        if place not in ours and not is_nothing(column[sheet.rows[position] - grid.first_row]):
            return str(column[sheet.header_row - grid.first_row])
    return ""


def _unchanged(sheet: Sheet, position: int, wrote: dict[str, Value]) -> Iterable[str]:
    for name, value in wrote.items():
        column = sheet.table.column(name)
        if column and name in sheet.frame and typed(sheet.frame[name], position, column) == value:
            yield name
