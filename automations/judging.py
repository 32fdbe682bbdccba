"""Judging: the program's columns evaluated layer by layer over whole tables, and the findings that follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from automations.model import ColumnType, Snapshot, Table, Transition
from automations.program import FindingSpec, Node, Place, Program, restricted

if TYPE_CHECKING:
    from automations.calendars import Calendar
    from automations.expressions import Evaluator

Array = Any
"""One column in the frame's dtype: see `model.Sheet`."""


@dataclass(frozen=True)
class Memory:
    """What the ledger knows that judging needs: the observed changes of watched conditions."""

    transitions: Sequence[Transition] = ()


class Evaluation:
    """The columns of all tables while they are computed; kernels read from it, the judge writes into it.

    What the sheet holds in a column that rules compute is never read as an input: it may be old.
    """

    def __init__(self, snapshot: Snapshot, computed: frozenset[Place], calendar: Calendar, memory: Memory, now: datetime) -> None:
        self.calendar, self.memory, self.now = calendar, memory, now
        self.now64 = np.datetime64(now, "s")
        self.snapshot = snapshot
        self._columns: dict[str, dict[str, Array]] = {}
        self._types: dict[str, dict[str, ColumnType]] = {}
        self._positions: dict[tuple[str, str, str], Any] = {}
        self._indexes: dict[str, pd.Index[Any]] = {}
        self._flags: dict[Place, Any] = {}
        self._blanks: dict[Place, Any] = {}
        for name, sheet in snapshot.sheets.items():
            given = [column for column in sheet.frame.columns if (name, column) not in computed]
            self._columns[name] = {column: sheet.frame[column].array for column in given}
            self._types[name] = {column.key: column.type for column in sheet.table.columns if column.key in sheet.frame.columns}

    def count(self, table: str) -> int:
        return len(self.snapshot.sheets[table].rows)

    def has(self, table: str, name: str) -> bool:
        return name in self._columns.get(table, {})

    def column(self, table: str, name: str) -> Array:
        """A column as the frame keeps it; computed columns win over those of the sheet."""
        found = self._columns[table][name]
        return found if not hasattr(found, "_ndarray") or not isinstance(found, pd.arrays.DatetimeArray) else found.to_numpy()

    def type_of(self, table: str, name: str) -> ColumnType:
        return self._types[table][name]

    def put(self, node: Node, values: Array) -> None:
        self._columns[node.table][node.name] = values
        self._types[node.table][node.name] = node.type

    def times(self, table: str, name: str) -> Any:
        """A date or time column as datetime64[s]."""
        return np.asarray(self.column(table, name), dtype="datetime64[s]")

    def numbers(self, table: str, name: str) -> Any:
        """A number column as float64 in units (not scaled), NaN where blank."""
        from automations.model import SCALE

        values = self.column(table, name)
        scale = SCALE.get(self.type_of(table, name), 1)
        return values.to_numpy(dtype="float64", na_value=np.nan) / scale

    def integers(self, table: str, name: str) -> Any:
        """A whole-number column as int64, 0 where blank."""
        values = self.column(table, name)
        return values if isinstance(values, np.ndarray) else values.to_numpy(dtype="int64", na_value=0)

    def flags(self, table: str, name: str) -> Any:
        """A boolean column as bool, False where unknown."""
        if (table, name) not in self._flags:
            values = self.column(table, name)
            found = values if isinstance(values, np.ndarray) else values.to_numpy(dtype="bool", na_value=False)
            self._flags[(table, name)] = found
        return self._flags[(table, name)]

    def filled(self, table: str, name: str) -> Any:
        """Where a column is not blank."""
        if (table, name) not in self._blanks:
            self._blanks[(table, name)] = np.asarray(pd.isna(self.column(table, name)))
        return ~self._blanks[(table, name)]

    def texts(self, table: str, name: str) -> Any:
        """A text column as an object array, "" where blank."""
        values = self.column(table, name)
        return np.where(self.filled(table, name), np.asarray(values, dtype=object), "")

    def keys(self, table: str) -> Any:
        """The keys of a table as an object array, "" where blank."""
        key = self.snapshot.sheets[table].table.key
        return self.texts(table, key)

    def positions(self, table: str, via: str, target: str) -> Any:
        """For every row the position of the row it refers to; -1 where blank or unknown. A doubled key leads to its first row."""
        place = (table, via, target)
        if place not in self._positions:
            index, wanted = self._index(target), self.texts(table, via)
            first = index if index.is_unique else index[~index.duplicated()]
            found = first.get_indexer(wanted)
            known = found if index.is_unique else np.where(found < 0, -1, np.flatnonzero(~index.duplicated())[found])
            self._positions[place] = np.where(self.filled(table, via), known, -1)
        return self._positions[place]

    def _index(self, table: str) -> pd.Index[Any]:
        """The keys of a table, hashed once."""
        if table not in self._indexes:
            self._indexes[table] = pd.Index(self.keys(table))
        return self._indexes[table]

    def doubled(self, table: str, columns: Sequence[str]) -> Any:
        """Rows that share all these values with another row; blanks are left out."""
        frame = pd.DataFrame({name: self.column(table, name) for name in columns})
        return (frame.duplicated(keep=False) & frame.notna().all(axis=1)).to_numpy()

    def people(self, table: str, column: str) -> Any:
        """A column naming staff as names: the staff sheet's name where the value is a staff number."""
        declared = self.snapshot.sheets[table].table.column(column)
        values = self.texts(table, column)
        if declared is None or declared.refers_to != "staff" or not self.has("staff", "staff_name"):
            return values
        positions = self.positions(table, column, "staff")
        names = np.append(self.texts("staff", "staff_name"), "")
        return np.where(positions < 0, values, names[positions])

    def pauses(self, table: str, watch: str, since_column: str, *, open_time: bool) -> tuple[Any, Any]:
        """Seconds of finished pauses per row, and when the running one began (now, where it is seen for the first time)."""
        seconds = np.zeros(self.count(table), dtype="int64")
        began = np.full(self.count(table), self.now64)
        log = [each for each in self.memory.transitions if each.table == table and each.watch == watch]
        if log:
            self._read_log(log, pd.Index(self.keys(table)), seconds, began, open_time)
        if since_column and self.has(table, since_column):
            stated = self.times(table, since_column)
            began = np.where(np.isnat(stated), began, np.fmin(stated, self.now64))
        return seconds, began

    def _read_log(self, log: Sequence[Transition], keys: pd.Index[Any], seconds: Any, began: Any, open_time: bool) -> None:
        frame = pd.DataFrame({"key": [each.key for each in log], "new": [each.new for each in log], "at": [each.seen_at for each in log]})
        frame["end"] = frame.groupby("key")["at"].shift(-1)
        paused = frame[frame["new"] & frame["key"].isin(keys)]
        once = ~keys.duplicated()
        rows = np.flatnonzero(once)[keys[once].get_indexer(pd.Index(paused["key"]))]
        start, end = paused["at"].to_numpy(dtype="datetime64[s]"), paused["end"].to_numpy(dtype="datetime64[s]")
        finished = ~np.isnat(end)
        spent = self._open_seconds(start[finished], end[finished]) if open_time else (end - start)[finished].astype("int64")
        np.add.at(seconds, rows[finished], spent)
        began[rows[~finished]] = start[~finished]

    def _open_seconds(self, start: Any, end: Any) -> Any:
        return self.calendar.open_seconds(end) - self.calendar.open_seconds(start)


@dataclass(frozen=True, eq=False)
class Judged:
    """All columns, and where each finding speaks: row positions per finding spec."""

    evaluation: Evaluation
    program: Program
    lacking: Mapping[str, Place]
    hits: Mapping[int, Any]
    blocked: Mapping[str, Any] = field(default_factory=dict)

    @property
    def snapshot(self) -> Snapshot:
        return self.evaluation.snapshot

    def spoken(self, kind: str = "finding") -> list[tuple[FindingSpec, Any]]:
        """The finding specs that speak of at least one row, with those rows."""
        return [(spec, self.hits[place]) for place, spec in enumerate(self.program.findings) if spec.kind == kind and len(self.hits[place])]


class Judge:
    """A program and an evaluator kept warm between runs."""

    def __init__(self, program: Program, evaluator: Evaluator, calendar: Calendar, tables: Mapping[str, Table]) -> None:
        self.program, self.evaluator, self.calendar, self.tables = program, evaluator, calendar, tables
        self._computed = frozenset(node.place for node in program.nodes())
        self._restricted: dict[frozenset[Place], tuple[Program, Mapping[str, Place]]] = {}

    def restricted_to(self, snapshot: Snapshot) -> tuple[Program, Mapping[str, Place]]:
        """The part of the program that the columns found allow."""
        present = frozenset((name, column) for name, sheet in snapshot.sheets.items() for column in sheet.frame.columns)
        if present not in self._restricted:
            program, lacking = restricted(self.program, present, frozenset(snapshot.sheets))
            self._restricted[present] = (needed_only(program), lacking)
        return self._restricted[present]

    def judge(self, snapshot: Snapshot, memory: Memory, now: datetime) -> Judged:
        """Every column of every table at one moment: a pure function of its arguments."""
        program, lacking = self.restricted_to(snapshot)
        evaluation = Evaluation(snapshot, self._computed, self.calendar, memory, now)
        self.evaluator.set_now(now)
        for layer in program.layers:
            self._evaluate(layer, evaluation)
        hits = {place: np.flatnonzero(evaluation.flags(spec.table, spec.where)) for place, spec in enumerate(program.findings)}
        return Judged(evaluation, program, lacking, hits, {name: blocked_rows(evaluation, name) for name in snapshot.sheets})

    def _evaluate(self, layer: Sequence[Node], evaluation: Evaluation) -> None:
        for node in layer:
            if node.kernel:
                evaluation.put(node, node.kernel(evaluation))
        for table in dict.fromkeys(node.table for node in layer if node.formula):
            self._evaluate_formulas([node for node in layer if node.formula and node.table == table], evaluation)

    def _evaluate_formulas(self, nodes: Sequence[Node], evaluation: Evaluation) -> None:
        table = nodes[0].table
        formulas = [node.formula for node in nodes if node.formula]
        used = sorted(set().union(*(formula.columns for formula in formulas)))
        columns = {name: evaluation.column(table, name) for name in used}
        types = {name: evaluation.type_of(table, name) for name in used}
        found = self.evaluator.evaluate(formulas, columns, types, evaluation.count(table))
        for node in nodes:
            evaluation.put(node, found[node.name])


def blocked_rows(evaluation: Evaluation, table: str) -> Any:
    """Rows nothing may be written to and nobody be mailed about: their key is doubled."""
    keys = pd.Index(evaluation.keys(table))
    return keys.duplicated(keep=False) & (keys != "")


def needed_only(program: Program) -> Program:
    """The program without columns nobody reads."""
    from dataclasses import replace

    by_place = {node.place: node for node in program.nodes()}
    wanted = (
        {(spec.table, spec.where) for spec in program.findings}
        | set(program.writes)
        | {(watch.table, watch.name) for watch in program.watches}
    )
    wanted |= {(clock.table, name) for clock in program.clocks for name in (clock.start, clock.due, clock.done, clock.state)}
    open_places = list(wanted)
    while open_places:
        node = by_place.get(open_places.pop())
        for place in (node.needs | node.soft) if node else ():
            if place not in wanted:
                wanted.add(place)
                open_places.append(place)
    layers = tuple(tuple(node for node in layer if node.place in wanted) for layer in program.layers)
    return replace(program, layers=tuple(layer for layer in layers if layer))
