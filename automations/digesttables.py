"""Tables of figures in a digest: rows of a period counted by a column, amounts added up, beside the period before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from automations.cells import shown
from automations.digestfile import Breakdown
from automations.digestslots import Slot
from automations.judging import Judged
from automations.model import SCALE, Column

LISTED = 12
"""Lines of a table; what is beyond them is added up in one line."""


@dataclass(frozen=True)
class Line:
    """One line: a word of the column, how many rows now and before, the amounts now and before in the column's whole numbers."""

    label: str
    count: int
    before: int | None
    sums: tuple[int, ...] = ()
    sums_before: tuple[int, ...] = ()


@dataclass(frozen=True)
class Figures:
    """A table of figures: its lines (the most rows first), and the line of all of them."""

    breakdown: Breakdown
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    whole: Line
    more: Line | None = None

    @property
    def dated(self) -> bool:
        """Whether it is about a period, and so has one before."""
        return self.breakdown.dated_by is not None


def figures_of(judged: Judged, breakdown: Breakdown, slot: Slot) -> Figures | None:
    """The table of one breakdown; None where the workbook lacks one of its columns."""
    evaluation, table = judged.evaluation, breakdown.of
    wanted = [breakdown.by, *breakdown.sums, *([breakdown.dated_by] if breakdown.dated_by else [])]
    if table not in judged.snapshot.sheets or not all(evaluation.has(table, name) for name in wanted):
        return None
    declared = judged.snapshot.sheets[table].table
    columns = tuple(column for name in breakdown.sums if (column := declared.column(name)))
    now = _counted(judged, breakdown, _inside(judged, breakdown, slot.begin, slot.end))
    before = _counted(judged, breakdown, _inside(judged, breakdown, slot.begin_before, slot.begin)) if breakdown.dated_by else None
    lines = _lines(now, before)
    listed, rest = (lines, []) if len(lines) <= LISTED else (lines[: LISTED - 1], lines[LISTED - 1 :])
    return Figures(breakdown, columns, tuple(listed), _added(lines, ""), _added(rest, "") if rest else None)


def _inside(judged: Judged, breakdown: Breakdown, begin: date, end: date) -> Any:
    """The rows of a period, by whole days; all rows where the table has no date."""
    rows = judged.evaluation.keys(breakdown.of) != ""
    if breakdown.dated_by is None:
        return rows
    times = judged.evaluation.times(breakdown.of, breakdown.dated_by)
    return rows & (times >= np.datetime64(begin, "s")) & (times < np.datetime64(end, "s"))


def _counted(judged: Judged, breakdown: Breakdown, rows: Any) -> pd.DataFrame:
    """Rows and amounts by word, indexed by the word."""
    evaluation, table = judged.evaluation, breakdown.of
    columns = {"label": labels(judged, table, breakdown.by)[rows], "count": np.ones(int(rows.sum()), dtype="int64")}
    columns |= {name: evaluation.integers(table, name)[rows] for name in breakdown.sums}
    counted = pd.DataFrame(columns)
    return counted[counted["label"] != ""].groupby("label").sum() if breakdown.filled else counted.groupby("label").sum()


def labels(judged: Judged, table: str, name: str) -> Any:
    """A column as people read it: names for staff, customers and products, words for the rest; blanks stay blank."""
    evaluation = judged.evaluation
    column = judged.snapshot.sheets[table].table.column(name)
    kind = evaluation.type_of(table, name)
    if kind == "boolean" or kind == "date":
        values = evaluation.raw(table, name)
        distinct, place = np.unique(np.asarray(values).astype(str), return_inverse=True)
        words = {"True": shown(True, "boolean", "zh"), "False": shown(False, "boolean", "zh"), "NaT": "", "<NA>": "", "nan": ""}
        return np.array([words.get(each, each[:10]) for each in distinct.tolist()], dtype=object)[place]
    if column and column.refers_to == "staff":
        return evaluation.people(table, name)
    return _named(judged, table, name, column) if column and column.refers_to else evaluation.texts(table, name)


def _named(judged: Judged, table: str, name: str, column: Column) -> Any:
    """The name of the row referred to: the column of that table called `…_name`."""
    evaluation, target = judged.evaluation, column.refers_to or ""
    sheet = judged.snapshot.sheets.get(target)
    called = next((each.key for each in sheet.table.columns if each.key.endswith("_name")), "") if sheet else ""
    if not called or not evaluation.has(target, called):
        return evaluation.texts(table, name)
    positions = evaluation.positions(table, name, target)
    names = np.append(evaluation.texts(target, called), "")[positions]
    return np.where((positions < 0) | (names == ""), evaluation.texts(table, name), names)


def _lines(now: pd.DataFrame, before: pd.DataFrame | None) -> list[Line]:
    words = now.index if before is None else now.index.union(before.index)
    found = [
        Line(str(word), count[0], earlier[0] if earlier else None, count[1:], earlier[1:] if earlier else ())
        for word, count, earlier in zip(words, _numbers(now, words), _numbers(before, words), strict=True)
    ]
    return sorted(found, key=lambda line: (-line.count, -(line.before or 0), line.label))


def _numbers(counted: pd.DataFrame | None, words: pd.Index[Any]) -> list[tuple[int, ...]]:
    """The count and the amounts of every word, noughts where there are none; nothing of a period that is not asked for."""
    if counted is None:
        return [()] * len(words)
    return [tuple(int(number) for number in line) for line in counted.reindex(words, fill_value=0).to_numpy().tolist()]


def _added(lines: list[Line], label: str) -> Line:
    dated = any(line.before is not None for line in lines)
    width = range(len(lines[0].sums)) if lines else range(0)
    return Line(
        label,
        sum(line.count for line in lines),
        sum(line.before or 0 for line in lines) if dated else None,
        tuple(sum(line.sums[place] for line in lines) for place in width),
        tuple(sum(line.sums_before[place] for line in lines) for place in width) if dated else (),
    )


def amount_shown(value: int, column: Column) -> str:
    """An amount as people read it: `12,345.60`, whole numbers without decimals."""
    scale = SCALE.get(column.type, 1)
    return f"{value / scale:,.2f}" if column.type == "money" else f"{value / scale:,.10g}"
