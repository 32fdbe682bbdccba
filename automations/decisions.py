"""What people decided in columns of ours: a value they typed stays, a value they only moved goes back to its row."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

import numpy as np

from automations.cells import typed_list
from automations.judging import Judged
from automations.ledgers.protocol import CellAt
from automations.model import CellChange, Column, Override, Value
from automations.moved import moved

SAID = 2
"""Cells of ours that must be filled in a row that looks like a copy: in a single one a person may have typed the same."""


@dataclass(frozen=True)
class Known:
    """What is known of cells of ours: what we last wrote there, and which values of people's stood there after the last run.

    A table that is not in `decided` was never looked at so: no value of it is taken for one that was moved.
    `astray` are values by table and column that are ours in whatever row they stand.
    """

    last_applied: Callable[[Sequence[CellAt]], Mapping[CellAt, Value]]
    decided: Mapping[str, Mapping[CellAt, Value]] = field(default_factory=dict)
    astray: Set[tuple[str, str, Value]] = frozenset()


def settled_with_people(differing: Sequence[CellChange], judged: Judged, known: Known) -> tuple[list[CellChange], list[Override]]:
    """A value a person put into a column of ours stays, unless the column says `override: restore`.

    Where people moved cells, as sorting some columns and not ours does, every value goes back to its row: ours, and what they had
    decided there before.
    """
    doubtful = [place_of(change) for change in differing if change.old is not None]
    ours = known.last_applied(doubtful) if doubtful else {}
    strange = {place_of(change): change for change in differing if _is_strange(change, judged, ours, known)}
    copies = _copies(strange, ours, judged, known)
    strange = {place: change for place, change in strange.items() if place[:2] not in copies}
    displaced = _displaced(strange, judged, known)
    stay = {place: change for place, change in strange.items() if place not in displaced}
    back = {place_of(change): change for change in _brought_back(displaced, judged, known)}
    wanted = {place_of(change): change.new for change in differing}
    overrides = [Override(*place, change.old, change.new, change.row) for place, change in stay.items()]
    overrides += [Override(*place, change.new, wanted.get(place, change.old), change.row) for place, change in back.items()]
    return [*(back.pop(place_of(change), change) for change in differing if place_of(change) not in stay), *back.values()], overrides


def place_of(change: CellChange) -> CellAt:
    """Where a change goes, whatever the row number."""
    return change.table, change.key, change.column


def kept_for_people(judged: Judged, table: str) -> Iterator[Column]:
    """The columns of ours that rules fill and in which a person's value stays."""
    sheet = judged.snapshot.sheets[table]
    for column in sheet.table.columns:
        if column.ours and column.override == "keep" and column.key in sheet.frame and (table, column.key) in judged.program.writes:
            yield column


def _is_strange(change: CellChange, judged: Judged, ours: Mapping[CellAt, Value], known: Known) -> bool:
    """Whether the cell keeps people's values and holds one that we did not write there, or that we wrote there for a person."""
    place, column = place_of(change), judged.snapshot.sheets[change.table].table.column(change.column)
    if change.old is None or column is None or column.override != "keep":
        return False
    if known.decided.get(change.table, {}).get(place) == change.old:
        return True
    return ours.get(place) != change.old and (change.table, change.column, change.old) not in known.astray


def _copies(strange: Collection[CellAt], ours: Collection[CellAt], judged: Judged, known: Known) -> set[tuple[str, str]]:
    """The rows, by table and key, that people made by copying another: all our columns say what stood in that one."""
    written = {(table, key) for table, key, _ in ours}
    fresh = {place[:2] for place in strange if place[0] in known.decided and place not in known.decided[place[0]]} - written
    found: set[tuple[str, str]] = set()
    for table in dict.fromkeys(table for table, _ in fresh):
        names = [each.key for each in kept_for_people(judged, table)]
        held = {place: value for name in names for place, value in _column(judged, table, name).items()}
        seen = {**known.last_applied(list(held)), **known.decided[table]}
        keys = dict.fromkeys(key for _, key, _ in held)
        models = {tuple(seen.get((table, key, name)) for name in names) for key in keys if (table, key) not in fresh}
        rows = {(each, key): tuple(held[each, key, name] for name in names) for each, key in fresh if each == table}
        found |= {row for row, said in rows.items() if said in models and sum(value is not None for value in said) >= SAID}
    return found


def _displaced(strange: Collection[CellAt], judged: Judged, known: Known) -> dict[CellAt, Value]:
    """The cells whose values people moved and did not type, with what stands in them; whole columns, where one is strange anew."""
    columns = dict.fromkeys((table, column) for table, _, column in strange if table in known.decided)
    found: dict[CellAt, Value] = {}
    for table, column in columns:
        held = _column(judged, table, column)
        if any(place in held and held[place] != known.decided[table].get(place) for place in strange):
            seen = {**known.last_applied(list(held)), **known.decided[table]}
            found |= {place: held[place] for place in moved(held, seen)}
    return found


def _column(judged: Judged, table: str, name: str) -> dict[CellAt, Value]:
    """What stands in a column, by key; without rows that are not known by a key of their own."""
    sheet, keys = judged.snapshot.sheets[table], judged.evaluation.keys(table)
    column = sheet.table.column(name)
    rows = np.flatnonzero(~judged.blocked[table] & (keys != "")).tolist()
    odd = {problem.row: problem.shown for problem in sheet.problems if problem.column == name}
    cells = typed_list(sheet.frame[name], rows, column) if column else []
    return {(table, str(keys[row]), name): odd.get(sheet.rows[row], cell) for row, cell in zip(rows, cells, strict=True)}


def _brought_back(displaced: Mapping[CellAt, Value], judged: Judged, known: Known) -> Iterator[CellChange]:
    """What people had decided in cells whose values were moved away, to be written there again."""
    for table, key, column in displaced:
        place = table, key, column
        if place in known.decided.get(table, {}):
            row = judged.snapshot.sheets[table].rows[int(np.flatnonzero(judged.evaluation.keys(table) == key)[0])]
            rule = judged.program.writes.get((table, column), f"{table}/summary")
            yield CellChange(*place, displaced[place], known.decided[table][place], rule, row)
