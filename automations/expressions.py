"""The expression language: DuckDB parses, binds and evaluates it; only a whitelist of its parse tree is accepted."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from automations.allowed import OURS, only_expression, refuse_foreign, rename
from automations.arrays import DUCK, as_array, handed_over, packed, quoted, unpacked
from automations.errors import TooSlow
from automations.expressionfaults import (
    SAMPLE_TEXT,
    binding_fault,
    loaded,
    refuse_unreadable,
    syntax_fault,
)
from automations.model import ColumnType
from automations.trees import Tree, walk

if TYPE_CHECKING:
    from automations.calendars import Calendar

ROW = "policy row"
"""The column that numbers the rows of an evaluation."""
WINDOW = re.compile(r" OVER \(PARTITION BY .+?, policy_book\(\)\)")
"""How DuckDB writes what `windowed` adds to an aggregate."""
SLOWEST = 120.0
"""Seconds the formulas of one judging may take before they are interrupted."""
STATEMENTS = 512
"""How many queries stay read; all the packs take some 190 to judge tables never seen."""

SET_UP = """
CREATE MACRO blank(x) AS x IS NULL;
CREATE MACRO filled(x) AS x IS NOT NULL;
CREATE MACRO policy_book() AS 0;
CREATE MACRO policy_now() AS getvariable('now');
CREATE MACRO policy_today() AS CAST(getvariable('now') AS DATE);
CREATE MACRO policy_ordinal(d) AS list_extract(getvariable('ordinals'), CAST(d AS DATE) - DATE '2000-01-01' + 1);
CREATE MACRO workdays_between(a, b) AS policy_ordinal(b) - policy_ordinal(a);
CREATE MACRO add_workdays(d, n) AS DATE '2000-01-01' + CAST(list_extract(getvariable('workdays'), policy_ordinal(d) + n) AS INTEGER);
CREATE MACRO policy_is_workday(d) AS policy_ordinal(d) > policy_ordinal(CAST(d AS DATE) - 1);
SET pandas_analyze_sample = 0;
SET enable_external_access = false;
SET autoinstall_known_extensions = false;
SET autoload_known_extensions = false;
"""
"""What an evaluator begins with."""


@dataclass(frozen=True)
class Formula:
    """One expression ready to be evaluated over the columns of one table.

    `sql` names columns by their canonical names; `columns` are those names; `type` is the declared or bound result type.
    A formula that only gathers rows names the columns they are gathered by: `per`.
    """

    name: str
    sql: str
    columns: frozenset[str]
    type: ColumnType
    text: str
    per: tuple[str, ...] = ()


class Evaluator:
    """One locked DuckDB connection: parses, checks, binds and evaluates expressions; it sees no file and no network."""

    def __init__(self, calendar: Calendar, *, memory: str = "2GB") -> None:
        import duckdb  # imported late: a command that evaluates nothing does not pay for it

        self._connection = duckdb.connect(config={"threads": 1, "memory_limit": memory})
        ordinals, workdays = calendar.workday_lists()
        self._set("ordinals", ordinals)
        self._set("workdays", workdays)
        self._late = threading.Event()
        self._foreseen: dict[str, str] = {}
        self._parsed: dict[tuple[str, bool], Tree] = {}
        self._statement = lru_cache(maxsize=STATEMENTS)(self._read)
        self._connection.execute("SET VARIABLE now = TIMESTAMP '2000-01-01 00:00:00'")
        for statement in SET_UP.split(";\n"):
            if statement.strip():
                self._connection.execute(statement)
        self._leave_as_written()
        self._connection.execute("SET lock_configuration = true")

    def _leave_as_written(self) -> None:
        """Have DuckDB plan every formula as it stands.

        Columns of formulas leave nothing to rearrange, so that looking for it is a sixth of a small evaluation; and what formulas
        share must not be taken out of the TRY around each. Only constants are folded.
        """
        optimizers = "SELECT name FROM duckdb_optimizers() WHERE name <> 'expression_rewriter'"
        names = [name for (name,) in self._connection.execute(optimizers).fetchall()]
        self._connection.execute(f"SET disabled_optimizers = '{','.join(names)}'")

    def _set(self, variable: str, values: Sequence[int | None]) -> None:
        frame = pd.DataFrame({"value": pd.array(list(values), dtype="Int32"), "place": range(len(values))})
        self._connection.register("frame", frame)  # a third of the time that handing over a list takes
        self._connection.execute(f"SET VARIABLE {variable} = (SELECT list(value ORDER BY place) FROM frame)")  # noqa: S608
        self._connection.unregister("frame")

    def set_now(self, now: datetime) -> None:
        """Fix what `now()` and `today()` mean for the evaluations to come."""
        self._connection.execute(f"SET VARIABLE now = TIMESTAMP '{now:%Y-%m-%d %H:%M:%S}'")

    def parse(self, text: str, aggregates: bool = False) -> Tree:
        """The parse tree of one expression, every node checked against the whitelist; `aggregates` where rows are grouped.

        Raises ExpressionFault naming the place within the text.
        """
        refuse_unreadable(text)
        if (text, aggregates) not in self._parsed:
            self._parsed[text, aggregates] = self._parse(text, aggregates)
        return self._parsed[text, aggregates]

    def foresee(self, texts: Iterable[str]) -> None:
        """Have DuckDB read many texts in one question; whether they are expressions at all only matters once one is asked for."""
        written = [[f"SELECT {text}" for text in dict.fromkeys(texts)]]
        query = "SELECT text, json_serialize_sql(text) FROM (SELECT unnest(?) AS text)"
        self._foreseen.update(self._connection.execute(query, written).fetchall())

    def _parse(self, text: str, aggregates: bool) -> Tree:
        statement = f"SELECT {text}"
        answer = loaded(self._foreseen.get(statement) or self._one("SELECT json_serialize_sql(?)", [statement]))
        if answer["error"]:
            raise syntax_fault(answer, len("SELECT "))
        tree = only_expression(answer)
        for node in walk(tree):
            refuse_foreign(node, aggregates)
            if node["class"] == "CAST":
                node["try_cast"] = True  # a cell that cannot be cast is unknown; it must not stop the run
            if node["class"] == "FUNCTION" and node["function_name"].lower() in OURS:
                rename(node, OURS[node["function_name"].lower()])
        return tree

    def text_of(self, tree: Tree) -> str:
        """The SQL text of a parse tree."""
        return self.texts_of([tree])[0]

    def texts_of(self, trees: Sequence[Tree]) -> list[str]:
        """The SQL texts of many parse trees, in one question."""
        written = [json.dumps(_statement(tree)) for tree in trees]
        query = "SELECT json_deserialize_sql(CAST(tree AS JSON)) FROM (SELECT unnest(?) AS tree)"
        return [str(text).removeprefix("SELECT ") for (text,) in self._connection.execute(query, [written]).fetchall()]

    def bind(self, sql: Sequence[str], columns: Mapping[str, ColumnType]) -> list[str]:
        """The DuckDB types of these expressions over columns of the given types; they are also tried on one sample row.

        Raises ExpressionFault with the reason for the first that does not bind, or that takes a text for a number or a date.
        """
        import duckdb

        source = ", ".join(f"{_sample(kind)} AS {quoted(name)}" for name, kind in columns.items()) or "1"
        listed = ", ".join(f"{expression} AS e{position}" for position, expression in enumerate(sql))
        query = f"SELECT {listed} FROM (SELECT {source})"  # noqa: S608
        try:
            answer = self._connection.execute(query)
            types = [str(column[1]) for column in answer.description or ()]
            answer.fetchall()
        except duckdb.Error as error:
            raise binding_fault(str(error)) from None
        return types

    def evaluate(
        self, formulas: Sequence[Formula], columns: Mapping[str, Any], types: Mapping[str, ColumnType], count: int
    ) -> dict[str, Any]:
        """Every formula over the rows: name -> array in the frame's dtype; `columns` hold pandas or numpy arrays of `count` rows."""
        if not count:  # a table without rows is common, and DuckDB would plan as long for it as for any other
            return {formula.name: as_array((), formula.type) for formula in formulas}
        alike: dict[tuple[str, ...], list[Formula]] = {}
        for formula in formulas:
            alike.setdefault(formula.per, []).append(formula)
        groups = {per: (f"policy group {place}", _group_codes(columns, per)) for place, per in enumerate(alike) if per}
        found: dict[str, Any] = {}
        for per, batch in alike.items():
            names = sorted(set().union(*(formula.columns for formula in batch), per))
            source = [f"{unpacked(name, types[name])} AS {quoted(name)}" for name in names]
            numbered = dict([groups[per]]) if per else {ROW: np.arange(count)}
            self._lay_out({**{name: columns[name] for name in names}, **numbered})
            found |= self._gathered(batch, source, *groups[per]) if per else self._computed(batch, source)
        return found

    def _computed(self, formulas: Sequence[Formula], source: Sequence[str]) -> dict[str, Any]:
        """Formulas of single rows."""
        order = f" ORDER BY {quoted(ROW)}" if any(_is_window(formula.sql) for formula in formulas) else ""
        rows = f"(SELECT {', '.join([*source, quoted(ROW)])} FROM frame){order}"  # noqa: S608
        found = self._tried([packed(formula.sql, formula.type) for formula in formulas], rows)
        return {formula.name: as_array(found[f"e{place}"], formula.type) for place, formula in enumerate(formulas)}

    def _gathered(self, formulas: Sequence[Formula], source: Sequence[str], code: str, codes: Any) -> dict[str, Any]:
        """Formulas that gather the rows of one key: computed once a group, and carried by each of its rows.

        As windows they would have DuckDB sort all rows and all columns once for every key.
        """
        by = ", ".join([quoted(code), *map(quoted, formulas[0].per)])
        gathered = ", ".join(f"{WINDOW.sub('', formula.sql)} AS g{place}" for place, formula in enumerate(formulas))
        groups = f"(SELECT {quoted(code)}, {gathered} FROM (SELECT {', '.join([*source, quoted(code)])} FROM frame) GROUP BY {by})"  # noqa: S608
        found = self._tried([quoted(code), *(packed(f"g{place}", formula.type) for place, formula in enumerate(formulas))], groups)
        place_of = np.empty(len(found["e0"]), dtype="int64")
        place_of[found["e0"]] = np.arange(len(place_of))
        rows = place_of[codes]
        return {formula.name: as_array(found[f"e{place}"], formula.type)[rows] for place, formula in enumerate(formulas, 1)}

    def _tried(self, expressions: Sequence[str], rows: str) -> dict[str, Any]:
        """The expressions as e0, e1 and so on; where one cannot be computed (month 13, a number out of range) it is blank in that row."""
        import duckdb

        try:
            return self._run(_query(expressions, rows))
        except (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException):
            return self._run(_query([each if _is_window(each) else f"TRY({each})" for each in expressions], rows))

    def _lay_out(self, columns: Mapping[str, Any]) -> None:
        """Let queries read these columns as `frame`, in the place of those before."""
        self._connection.register("frame", {name: handed_over(values) for name, values in columns.items()})

    def _run(self, query: str) -> dict[str, Any]:
        import duckdb

        try:
            found: dict[str, Any] = self._connection.execute(self._statement(query)).fetchnumpy()
        except duckdb.InterruptException:
            self._late.set()
        if self._late.is_set():
            raise TooSlow("evaluating the rules took too long; fewer rows help, and so do simpler formulas in the policies changed last")
        return found

    def _read(self, query: str) -> Any:
        """The one statement of a query; reading it is a third of a small evaluation, so it is read once for many judgings."""
        [statement] = self._connection.extract_statements(query)
        return statement

    @contextmanager
    def within(self, seconds: float = SLOWEST) -> Iterator[None]:
        """Evaluations inside end with TooSlow once they have taken so many seconds together."""
        self._late.clear()
        watch = threading.Timer(seconds, self._stop)
        watch.start()
        try:
            yield
        finally:
            watch.cancel()
            self._late.clear()

    def _stop(self) -> None:
        self._late.set()
        self._connection.interrupt()

    def _one(self, query: str, values: Sequence[str]) -> Any:
        row = self._connection.execute(query, list(values)).fetchone()
        return row[0] if row else None


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def type_from_duck(duck: str) -> ColumnType | None:
    """The column type a DuckDB type is kept in; None for what cannot be a column (INTERVAL, lists)."""
    name = duck.upper()
    if match := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", name):
        return "money" if int(match[2]) <= 2 else "decimal"
    if name.endswith("INT") or name in {"INTEGER", "INTEGER_LITERAL"}:
        return "integer"
    if name.startswith("TIMESTAMP"):
        return "datetime"
    known: dict[str, ColumnType] = {
        "VARCHAR": "text",
        '"NULL"': "text",
        "BOOLEAN": "boolean",
        "DATE": "date",
        "TIME": "time",
        "DOUBLE": "decimal",
    }
    return known.get(name)


def _query(expressions: Sequence[str], rows: str) -> str:
    return f"SELECT {', '.join(f'{each} AS e{place}' for place, each in enumerate(expressions))} FROM {rows}"  # noqa: S608


def _group_codes(columns: Mapping[str, Any], per: Sequence[str]) -> Any:
    """The number of the group every row belongs to; blank is a group too."""
    if len(per) == 1:
        return pd.factorize(columns[per[0]], use_na_sentinel=False)[0]
    frame = pd.DataFrame({name: columns[name] for name in per}, copy=False)
    return frame.groupby(list(per), sort=False, dropna=False).ngroup().to_numpy()


def _is_window(sql: str) -> bool:
    """Whether rows are gathered: DuckDB then gives them back in another order, and cannot try the expression as a whole."""
    return "OVER (PARTITION BY " in sql


def _sample(kind: ColumnType) -> str:
    """A value a column of that type may hold, for the row expressions are tried on."""
    values = {"VARCHAR": literal(SAMPLE_TEXT), "DATE": "'2025-01-15'", "TIMESTAMP": "'2025-01-15 12:00:00'", "TIME": "'12:00:00'"}
    return f"CAST({values.get(DUCK[kind], 'true' if kind == 'boolean' else '1')} AS {DUCK[kind]})"


def _statement(tree: Tree) -> Tree:
    node: Tree = {
        "type": "SELECT_NODE",
        "modifiers": [],
        "cte_map": {"map": []},
        "select_list": [tree],
        "from_table": {"type": "EMPTY", "alias": "", "sample": None},
        "where_clause": None,
        "group_expressions": [],
        "group_sets": [],
        "aggregate_handling": "STANDARD_HANDLING",
        "having": None,
        "sample": None,
        "qualify": None,
    }
    return {"error": False, "statements": [{"node": node}]}
