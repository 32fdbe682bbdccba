"""Kept tables: rows that rules make from other tables, matched by key with the rows that stand, frozen once they are closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from automations.arrays import text_array
from automations.cells import parse_column, parse_keys
from automations.model import Column, ColumnType, NewRow, Sheet, Snapshot, Words
from automations.program import KeptSpec

if TYPE_CHECKING:
    from automations.judging import Evaluation, Judged

ROUNDS = 5
"""How many kept tables may feed one another in a row."""
GONE: Words = {"zh": "来源已不存在", "en": "source is gone"}


@dataclass(frozen=True, eq=False)
class Made:
    """The rows one rule makes: `keys`, each once, and columns by the names of the kept table.

    `known` also holds the keys that several rows of the source claim: such rows are left as they are.
    Where several rules make the row of one key, the one with the lowest `rank` does (by default the first one).
    """

    keys: pd.Index[Any]
    columns: Mapping[str, Any]
    known: pd.Index[Any]
    rank: Any = None


def made_of(keys: Any, columns: Mapping[str, Any], *, grouped: bool = False) -> Made:
    """Rows from whole columns; of a group the first row speaks for all, a key claimed by several single rows is left alone."""
    known = pd.Index(np.asarray(parse_keys(list(keys))[0], dtype=object), dtype=object)
    counts = ~known.duplicated() if grouped else ~known.duplicated(keep=False)
    return Made(known[counts], {name: values[counts] for name, values in columns.items()}, known)


def from_rows(source: str, key: str, when: str, fills: Mapping[str, str], grouped: bool, judging: Evaluation) -> Made:
    """A row for every row of the source where `when` holds, or for every group of such rows that share their key."""
    keys = judging.texts(source, key)
    chosen = (keys != "") & judging.flags(source, when) if when else keys != ""
    columns = {column: judging.column(source, name)[chosen] for column, name in fills.items()}
    return made_of(keys[chosen], columns, grouped=grouped)


def rows_by(spec: KeptSpec, judging: Evaluation) -> Made:
    """What a rule makes, computed once, and not again while what it is made of stays the same."""
    made: Made = judging.again(("made", spec.rule), lambda: _sources(spec, judging), lambda: spec.rows(judging))
    return made


def _sources(spec: KeptSpec, judging: Evaluation) -> list[Any]:
    """All that the rows of a rule are made of: columns, and where the day counts that and the kept table as it was read."""
    places = [place for place in sorted(spec.needs | spec.soft) if judging.has(*place)]
    if not spec.timed:
        return [judging.raw(*place) for place in places]
    columns = [judging.read_part(*place) if place[0] == spec.table else judging.raw(*place) for place in places]
    return [judging.today, judging.snapshot.sheets[spec.table].origin, *columns]


def ready(specs: Sequence[KeptSpec], judging: Evaluation) -> list[KeptSpec]:
    """The rules whose sources are there."""
    return [spec for spec in specs if all(judging.has(*place) for place in spec.needs)]


def makers(table: str, specs: Sequence[KeptSpec], judging: Evaluation) -> tuple[Any, Any]:
    """For every row of a kept table the rule that makes it (-1: none), and its place among that rule's rows."""
    sources = partial(_standing_on, judging.index(table), specs, judging)
    return judging.again(("makers", table), sources, lambda: _makers(table, specs, judging))  # type: ignore[no-any-return]


def _standing_on(first: Any, specs: Sequence[KeptSpec], judging: Evaluation) -> list[Any]:
    """What the columns of a kept table are made of: something of their own, and the rows of every rule."""
    return [first, *(rows_by(spec, judging) for spec in ready(specs, judging))]


def _makers(table: str, specs: Sequence[KeptSpec], judging: Evaluation) -> tuple[Any, Any]:
    keys = judging.index(table)
    rule, place, best = np.full(len(keys), -1), np.full(len(keys), -1), np.full(len(keys), np.inf)
    for number, spec in enumerate(ready(specs, judging)):
        made = rows_by(spec, judging)
        at = made.keys.get_indexer(keys)
        rank = np.append(made.rank if made.rank is not None else np.zeros(len(made.keys)), np.inf)[at]
        better = (at >= 0) & ((rule < 0) | (rank < best))
        rule, place, best = np.where(better, number, rule), np.where(better, at, place), np.where(better, rank, best)
    return rule, place


# the columns of a kept table


def fresh_values(table: str, column: str, kind: ColumnType, specs: Sequence[KeptSpec], judging: Evaluation) -> Any:
    """What the sources say now, for every row of a kept table; blank where no rule makes the row."""
    sources = partial(_standing_on, makers(table, specs, judging), specs, judging)
    return judging.again(("fresh", table, column), sources, lambda: _fresh_values(table, column, kind, specs, judging))


def _fresh_values(table: str, column: str, kind: ColumnType, specs: Sequence[KeptSpec], judging: Evaluation) -> Any:
    rule, place = makers(table, specs, judging)
    found = blanks(kind, len(rule))
    for number, spec in enumerate(ready(specs, judging)):
        if column in spec.fills:
            here = rule == number
            found[here] = plain(rows_by(spec, judging).columns[column])[place[here]]
    return found


def settled(table: str, column: str, kind: ColumnType, specs: Sequence[KeptSpec], judging: Evaluation) -> Any:
    """What is to stand: what the source says; in rows that are closed or that no rule makes, what stands."""
    rule, _ = makers(table, specs, judging)
    takes = np.zeros(len(rule), dtype=bool)
    for number, spec in enumerate(ready(specs, judging)):
        if column in spec.fills:
            takes |= (rule == number) & ~_closed(spec, judging)
    fresh = judging.column(table, f"fresh.{column}")
    if takes.all():
        return fresh
    found = standing(table, column, kind, judging).copy()
    found[takes] = fresh[takes]
    return found


def _closed(spec: KeptSpec, judging: Evaluation) -> Any:
    if spec.closed and judging.has(spec.table, spec.closed):
        return judging.flags(spec.table, spec.closed)
    return np.zeros(judging.count(spec.table), dtype=bool)


def changed_late(table: str, column: str, specs: Sequence[KeptSpec], judging: Evaluation) -> Any:
    """Where a closed row holds something else than its source says by now."""
    rule, _ = makers(table, specs, judging)
    closed = np.zeros(len(rule), dtype=bool)
    for number, spec in enumerate(ready(specs, judging)):
        closed |= (rule == number) & _closed(spec, judging) if column in spec.fills else False
    if not closed.any() or column not in judging.snapshot.sheets[table].frame:
        return pd.array(np.zeros(len(rule), dtype=bool))
    kind = judging.type_of(table, f"fresh.{column}")
    differing = differs(standing(table, column, kind, judging), judging.column(table, f"fresh.{column}"))
    return pd.array(closed & differing)


def gone_words(table: str, specs: Sequence[KeptSpec], language: str, column: str, judging: Evaluation) -> Any:
    """A word in the rows that a rule once made and no rule makes any more; what staff added themselves has no source to lose."""
    there, keys = ready(specs, judging), judging.index(table)
    if len(there) < len(specs):
        return standing(table, column, "text", judging)
    made = np.zeros(len(keys), dtype=bool)
    for spec in there:
        made |= np.asarray(rows_by(spec, judging).known.get_indexer_for(keys.unique()) >= 0)[keys.unique().get_indexer(keys)]
    frame = judging.snapshot.sheets[table].frame
    ours = [name for name in dict.fromkeys(name for spec in specs for name in spec.fills) if name in frame]
    once = frame[ours].notna().any(axis=1).to_numpy() if ours else np.zeros(len(keys), dtype=bool)
    words = np.where(~made & once, GONE[language], "").astype(object)
    return text_array(words)


def standing(table: str, column: str, kind: ColumnType, judging: Evaluation) -> Any:
    """What the sheet holds in a column, also in one that rules fill."""
    frame = judging.snapshot.sheets[table].frame
    return plain(frame[column].array) if column in frame else blanks(kind, len(frame))


def plain(values: Any) -> Any:
    """A column as the evaluation keeps it: instants as a plain array."""
    return values.to_numpy() if isinstance(values, pd.arrays.DatetimeArray) else values


def blanks(kind: ColumnType, count: int) -> Any:
    """A column of blanks."""
    return _blank(kind).repeat(count)


@cache
def _blank(kind: ColumnType) -> Any:
    return plain(parse_column([""], Column("blank", {}, kind))[0])


def differs(present: Any, wanted: Any) -> Any:
    """Where two columns of one dtype differ; two blanks are the same."""
    one, other = plain(present), plain(wanted)
    blank, still = np.asarray(pd.isna(one)), np.asarray(pd.isna(other))
    if isinstance(one, np.ndarray):
        unequal = one.astype("datetime64[s]") != np.asarray(other).astype("datetime64[s]")
    else:
        unequal = (one != other).to_numpy(dtype=bool, na_value=False)
    return (blank != still) | (unequal & ~blank & ~still)


def makers_named(judged: Judged, table: str) -> dict[str, Any]:
    """For every column that several rules fill in a kept table, the rule that makes each row; the first one where none does."""
    specs = tuple(spec for spec in judged.program.kept if spec.table == table)
    if len(specs) < 2:
        return {}
    rule, _ = makers(table, specs, judged.evaluation)
    names = np.array([spec.rule for spec in ready(specs, judged.evaluation)], dtype=object)[np.maximum(rule, 0)]
    return {column: names for spec in specs for column in spec.fills}


# rows that are not there yet


def new_rows(judged: Judged) -> list[NewRow]:
    """The rows that rules make and the kept tables do not have, in the order of the rules; they stand below everything."""
    evaluation, found = judged.evaluation, dict[tuple[str, str], NewRow]()
    below = {name: _below(judged.snapshot.sheets[name], judged.snapshot) for name in {spec.table for spec in judged.program.kept}}
    for spec in judged.program.kept:
        keys, named = rows_by(spec, evaluation).keys, judged.snapshot.sheets[spec.table].table.key
        for key in keys[~keys.isin(evaluation.index(spec.table))]:
            if (spec.table, key) not in found:
                found[spec.table, key] = NewRow(spec.table, named, str(key), below[spec.table], spec.rule)
                below[spec.table] += 1
    return list(found.values())


def _below(sheet: Sheet, snapshot: Snapshot) -> int:
    """The first row below everything in the tab."""
    grid = snapshot.grids.get(sheet.tab)
    last = grid.first_row + len(grid.columns[0]) - 1 if grid and grid.columns else 0
    return max(last, sheet.header_row, *(sheet.rows[-1:] or [0])) + 1


def extended(snapshot: Snapshot, rows: Sequence[NewRow]) -> Snapshot:
    """The snapshot with these rows in it, blank but for their keys."""
    sheets = dict(snapshot.sheets)
    for name in dict.fromkeys(row.table for row in rows):
        sheets[name] = _extended(sheets[name], [row for row in rows if row.table == name])
    return replace(snapshot, sheets=sheets)


def _extended(sheet: Sheet, rows: Sequence[NewRow]) -> Sheet:
    key, frame = sheet.table.key, sheet.frame.reindex(range(len(sheet.frame) + len(rows)))
    keys = text_array(np.array([*sheet.frame[key].tolist(), *(row.key for row in rows)], dtype=object))
    return replace(sheet, frame=frame.assign(**{key: keys}), rows=[*sheet.rows, *(row.row for row in rows)], grown_from=sheet.origin)
