"""Judging: the program's columns evaluated layer by layer over whole tables, and the findings that follow."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from automations.arrays import Array, alike, quoted
from automations.keeping import ROUNDS, extended, new_rows
from automations.model import ColumnType, NewRow, Snapshot, Table, Transition
from automations.program import FindingSpec, Node, Place, Program, needed_only, restricted

if TYPE_CHECKING:
    from automations.calendars import Calendar
    from automations.expressions import Evaluator, Formula

TEXTS: frozenset[ColumnType] = frozenset(("text", "choice", "email", "phone", "reference"))
"""The types kept as texts, all in one dtype."""


@dataclass(frozen=True)
class Memory:
    """What the ledger knows that judging needs: the observed changes of watched conditions."""

    transitions: Sequence[Transition] = ()


class Evaluation:
    """The columns of all tables while they are computed; kernels read from it, the judge writes into it.

    What the sheet holds in a column that rules compute is never read as an input: it may be old.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        computed: frozenset[Place],
        calendar: Calendar,
        memory: Memory,
        now: datetime,
        before: Evaluation | None = None,
    ) -> None:
        self.calendar, self.memory, self.now = calendar, memory, now
        self.snapshot = snapshot
        self._before = before._columns if before else {}
        self.same_day = before is not None and before.now.date() == now.date()
        self.today: date = before.today if before and self.same_day else now.date()
        self.same_moment = before is not None and before.now == now and before.memory is memory
        same = {name for name, sheet in snapshot.sheets.items() if before and before.snapshot.sheets.get(name) is sheet}
        self.now64 = np.datetime64(now, "s")
        self._columns: dict[str, dict[str, Array]] = {}
        self._given: dict[str, set[str]] = {}
        self._types: dict[str, dict[str, ColumnType]] = {}
        self._positions: dict[tuple[str, str, str], Any] = {}
        self._once: dict[tuple[str, ...], Any] = {}
        self._made: dict[tuple[str, ...], tuple[Sequence[Any], Any]] = {}
        self._made_before: dict[tuple[str, ...], tuple[Sequence[Any], Any]] = {**before._made_before, **before._made} if before else {}
        self._flags: dict[Place, Any] = {}
        self._blanks: dict[Place, Any] = {}
        if before:
            self._once = {what: found for what, found in before._once.items() if what[0] in ("keys", "index") and what[1] in same}
            self._positions = {
                place: found for place, found in before._positions.items() if place[:2] not in computed and {place[0], place[2]} <= same
            }
        for name, sheet in snapshot.sheets.items():
            self._given[name] = {column for column in sheet.frame.columns if (name, column) not in computed}
            kept = self._before.get(name, {}) if name in same else {}
            self._columns[name] = {column: kept[column] for column in self._given[name] & kept.keys()}
            self._types[name] = {column.key: column.type for column in sheet.table.columns if column.key in sheet.frame.columns}

    def once(self, what: tuple[str, ...], compute: Callable[[], Any]) -> Any:
        """Something many ask for, computed the first time."""
        if what not in self._once:
            self._once[what] = compute()
        return self._once[what]

    def again(self, what: tuple[str, ...], made_of: Callable[[], Sequence[Any]], compute: Callable[[], Any]) -> Any:
        """Something made of a few things only: computed once, and not at all where the last judging made it of the very same."""
        if what not in self._made:
            before, found = self._made_before.get(what, ((), None))
            now = made_of()
            same = found is not None and len(before) == len(now) and all(map(operator.is_, before, now))
            self._made[what] = (now, found if same else compute())
        return self._made[what][1]

    def read_part(self, table: str, name: str) -> Array:
        """A column without the rows that rules have just added; the array of the last judging where it holds the same."""
        what = ("read", table, name)
        if what not in self._made:
            part = self.raw(table, name)[: len(self.snapshot.sheets[table].origin.rows)]
            _, before = self._made_before.get(what, ((), None))
            self._made[what] = ((), part if before is None or not alike(before, part) else before)
        return self._made[what][1]

    def count(self, table: str) -> int:
        return len(self.snapshot.sheets[table].rows)

    def has(self, table: str, name: str) -> bool:
        return name in self._columns.get(table, ()) or name in self._given.get(table, ())

    def column(self, table: str, name: str) -> Array:
        """A column as the frame keeps it; computed columns win over those of the sheet."""
        found = self.raw(table, name)
        return found if not hasattr(found, "_ndarray") or not isinstance(found, pd.arrays.DatetimeArray) else found.to_numpy()

    def type_of(self, table: str, name: str) -> ColumnType:
        return self._types[table][name]

    def put(self, node: Node, values: Array) -> None:
        """Add a computed column; one that has not changed stays the very array of the last judging."""
        kept = self._before.get(node.table, {}).get(node.name)
        self._columns[node.table][node.name] = values if kept is None or not alike(kept, values) else kept
        self._types[node.table][node.name] = node.type

    def unchanged(self, node: Node) -> Array | None:
        """The node's column of the last judging if all it is computed from is still the very same, else None."""
        kept = self._before.get(node.table, {}).get(node.name)
        if kept is None or len(kept) != self.count(node.table):
            return None
        return kept if all(self._same(*place) for place in node.needs | node.soft) else None

    def _same(self, table: str, name: str) -> bool:
        kept = self._before.get(table, {}).get(name)
        return kept is (self.raw(table, name) if self.has(table, name) else None)

    def raw(self, table: str, name: str) -> Array:
        """A column as it was put, or as the sheet has it."""
        columns = self._columns[table]
        if name not in columns and name in self._given[table]:
            columns[name] = self.snapshot.sheets[table].frame[name].array
        return columns[name]

    def rest(self) -> None:
        """Let go of the judging before this one."""
        self._before = {}

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

    def text(self, table: str, name: str, row: int) -> str:
        """What one cell of a text column says, "" where blank."""
        value = self.column(table, name)[row]
        return "" if pd.isna(value) else str(value)

    def keys(self, table: str) -> Any:
        """The keys of a table as an object array, "" where blank."""
        return self.once(("keys", table), lambda: self.texts(table, self.snapshot.sheets[table].table.key))

    def index(self, table: str) -> pd.Index[Any]:
        """The keys of a table, hashed once; `dtype=object` spares pandas guessing what they are."""
        found: pd.Index[Any] = self.once(("index", table), lambda: pd.Index(self.keys(table), dtype=object))
        return found

    def positions(self, table: str, via: str, target: str) -> Any:
        """For every row the position of the row it refers to; -1 where blank or unknown. A doubled key leads to its first row."""
        place = (table, via, target)
        if place not in self._positions:
            index, wanted = self.index(target), pd.Index(self.texts(table, via), dtype=object)
            first = index if index.is_unique else index[~index.duplicated()]
            found = first.get_indexer(wanted)
            known = found if index.is_unique else np.where(found < 0, -1, np.flatnonzero(~index.duplicated())[found])
            self._positions[place] = np.where(self.filled(table, via), known, -1)
        return self._positions[place]

    def doubled(self, table: str, columns: Sequence[str]) -> Any:
        """Rows that share all these values with another row; blanks are left out."""
        frame = pd.DataFrame({name: self.column(table, name) for name in columns})
        return (frame.duplicated(keep=False) & frame.notna().all(axis=1)).to_numpy()

    def people(self, table: str, column: str) -> Any:
        """A column naming staff as names: the staff sheet's name where the value is a staff number."""
        return self.once(("people", table, column), lambda: self._people(table, column))

    def _people(self, table: str, column: str) -> Any:
        declared = self.snapshot.sheets[table].table.column(column)
        values = self.texts(table, column)
        if declared is None or declared.refers_to != "staff" or not self.has("staff", "staff_name"):
            return values
        positions = self.positions(table, column, "staff")
        names = np.append(self.texts("staff", "staff_name"), "")
        return np.where(positions < 0, values, names[positions])

    def pauses(self, table: str, watch: str, since_column: str) -> tuple[list[tuple[Any, Any]], Any]:
        """The finished pauses (start, end) of every row, the first ones first, NaT where a row has no more; and when the running one began.

        A running pause that nobody dated and that is seen for the first time begins now.
        """
        finished: list[tuple[Any, Any]] = []
        began = np.full(self.count(table), self.now64)
        log = [each for each in self.memory.transitions if each.table == table and each.watch == watch]
        if log:
            finished = self._read_log(log, pd.Index(self.keys(table)), began)
        if since_column and self.has(table, since_column):
            stated = self.times(table, since_column)
            began = np.where(np.isnat(stated), began, np.fmin(stated, self.now64))
        return finished, began

    def _read_log(self, log: Sequence[Transition], keys: pd.Index[Any], began: Any) -> list[tuple[Any, Any]]:
        frame = pd.DataFrame({"key": [each.key for each in log], "new": [each.new for each in log], "at": [each.seen_at for each in log]})
        frame["end"] = frame.groupby("key")["at"].shift(-1)
        paused = frame[frame["new"] & frame["key"].isin(keys)]
        once = ~keys.duplicated()
        rows = np.flatnonzero(once)[keys[once].get_indexer(pd.Index(paused["key"]))]
        start, end = paused["at"].to_numpy(dtype="datetime64[s]"), paused["end"].to_numpy(dtype="datetime64[s]")
        over = ~np.isnat(end)
        began[rows[~over]] = start[~over]
        return _in_rounds(rows[over], start[over], end[over], len(began))


def _in_rounds(rows: Any, start: Any, end: Any, count: int) -> list[tuple[Any, Any]]:
    """Pauses of many rows as whole columns: the first of every row, the second of every row, and so on."""
    number = pd.Series(rows).groupby(rows).cumcount().to_numpy()
    found = []
    for each in range(int(number.max(initial=-1)) + 1):
        columns = np.full((2, count), np.datetime64("NaT", "s"))
        columns[:, rows[number == each]] = start[number == each], end[number == each]
        found.append((columns[0], columns[1]))
    return found


@dataclass(frozen=True, eq=False)
class Judged:
    """All columns, and where each finding speaks: row positions per finding spec."""

    evaluation: Evaluation
    program: Program
    lacking: Mapping[str, Place]
    hits: Mapping[int, Any]
    blocked: Mapping[str, Any] = field(default_factory=dict)
    new_rows: tuple[NewRow, ...] = ()

    @property
    def snapshot(self) -> Snapshot:
        return self.evaluation.snapshot

    def spoken(self, *kinds: str) -> list[tuple[FindingSpec, Any]]:
        """The finding specs of these kinds (findings proper when none is named) that speak of at least one row, with those rows."""
        wanted = kinds or ("finding",)
        return [
            (spec, self.hits[place]) for place, spec in enumerate(self.program.findings) if spec.kind in wanted and len(self.hits[place])
        ]


class Judge:
    """A program and an evaluator kept warm between runs."""

    def __init__(self, program: Program, evaluator: Evaluator, calendar: Calendar, tables: Mapping[str, Table]) -> None:
        self.program, self.evaluator, self.calendar, self.tables = program, evaluator, calendar, tables
        self._computed = frozenset(node.place for node in program.nodes())
        self._restricted: dict[frozenset[Place], tuple[Program, Mapping[str, Place]]] = {}
        self._constants: dict[tuple[str, ColumnType], Array] = {}
        self._last: Evaluation | None = None

    def restricted_to(self, snapshot: Snapshot) -> tuple[Program, Mapping[str, Place]]:
        """The part of the program that the columns found allow."""
        present = frozenset((name, column) for name, sheet in snapshot.sheets.items() for column in sheet.frame.columns)
        if present not in self._restricted:
            program, lacking = restricted(self.program, present, frozenset(snapshot.sheets))
            self._restricted[present] = (needed_only(program), lacking)
        return self._restricted[present]

    def judge(self, snapshot: Snapshot, memory: Memory, now: datetime) -> Judged:
        """Every column of every table at one moment: a pure function of its arguments; rows that rules make are judged with the others.

        Judging the very same sheets again computes only what the clock, the memory or new rows can have changed.
        """
        judged = self._judge(snapshot, memory, now)
        for _ in range(ROUNDS):
            more = new_rows(judged)
            if not more:
                break
            again = self._judge(extended(judged.snapshot, more), memory, now)
            judged = replace(again, new_rows=(*judged.new_rows, *more))
        return judged

    def _judge(self, snapshot: Snapshot, memory: Memory, now: datetime) -> Judged:
        program, lacking = self.restricted_to(snapshot)
        last = self._last.snapshot.sheets if self._last else {}
        before = self._last if any(last.get(name) is sheet for name, sheet in snapshot.sheets.items()) else None
        self._last = None
        evaluation = Evaluation(snapshot, self._computed, self.calendar, memory, now, before)
        self.evaluator.set_now(now)
        with self.evaluator.within():
            for layer in program.layers:
                self._evaluate(layer, evaluation)
        evaluation.rest()
        self._last = evaluation
        hits = {place: np.flatnonzero(evaluation.flags(spec.table, spec.where)) for place, spec in enumerate(program.findings)}
        return Judged(evaluation, program, lacking, hits, {name: blocked_rows(evaluation, name) for name in snapshot.sheets})

    def _evaluate(self, layer: Sequence[Node], evaluation: Evaluation) -> None:
        """One layer: kernels, then the formulas of each table in one query.

        A kernel made with `partial` (look-ups, rollups, promises, states) knows nothing but its columns; others read the clock and
        the memory.
        """
        for node in layer:
            if node.kernel:
                kept = evaluation.unchanged(node) if evaluation.same_moment or isinstance(node.kernel, partial) else None
                evaluation.put(node, node.kernel(evaluation) if kept is None else kept)
        for table in dict.fromkeys(node.table for node in layer if node.formula):
            self._evaluate_formulas([node for node in layer if node.formula and node.table == table], evaluation)

    def _evaluate_formulas(self, nodes: Sequence[Node], evaluation: Evaluation) -> None:
        table = nodes[0].table
        formulas = {
            (node.formula.sql, node.formula.type): node.formula for node in nodes if node.formula and not self._known(node, evaluation)
        }
        used = sorted(set().union(*(formula.columns for formula in formulas.values())))
        columns = {name: evaluation.column(table, name) for name in used}
        types = {name: evaluation.type_of(table, name) for name in used}
        found = self.evaluator.evaluate(list(formulas.values()), columns, types, evaluation.count(table)) if formulas else {}
        for node in nodes:
            if node.formula and (same := formulas.get((node.formula.sql, node.formula.type))):
                evaluation.put(node, found[same.name])

    def _known(self, node: Node, evaluation: Evaluation) -> bool:
        """Whether a formula needs no computing: unchanged since the last judging, a plain column, or a constant."""
        formula = node.formula
        if formula is None or "policy_now()" in formula.sql:
            return False
        dated = "policy_today()" in formula.sql
        found = None if dated and not evaluation.same_day else evaluation.unchanged(node)
        if found is None and not dated:
            found = (
                self._column_itself(formula, node.table, evaluation)
                if formula.columns
                else self._constant(formula, evaluation.count(node.table))
            )
        if found is not None:
            evaluation.put(node, found)
        return found is not None

    def _column_itself(self, formula: Formula, table: str, evaluation: Evaluation) -> Array | None:
        name = next(iter(formula.columns))
        if formula.sql not in (name, quoted(name)):
            return None
        kept, wanted = evaluation.type_of(table, name), formula.type
        same = kept == wanted or (kept, wanted) == ("date", "datetime") or {kept, wanted} <= TEXTS
        return evaluation.raw(table, name) if same else None

    def _constant(self, formula: Formula, count: int) -> Array:
        place = (formula.sql, formula.type)
        if place not in self._constants:
            self._constants[place] = self.evaluator.evaluate([formula], {}, {}, 1)[formula.name]
        return self._constants[place].repeat(count)


def blocked_rows(evaluation: Evaluation, table: str) -> Any:
    """Rows nothing may be written to and nobody be mailed about: their key is doubled."""
    index = evaluation.index(table)
    return np.zeros(len(index), dtype=bool) if index.is_unique else index.duplicated(keep=False) & (evaluation.keys(table) != "")
