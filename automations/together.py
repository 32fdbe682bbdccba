"""Many small snapshots judged in one go: each formula is asked once for all of them, which is what examples need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import pandas as pd

from automations.arrays import quoted
from automations.expressions import Formula
from automations.judging import Evaluation, Judge, Judged, Memory, blocked_rows
from automations.keeping import ROUNDS, extended, new_rows
from automations.model import ColumnType, Snapshot
from automations.program import Node, Place, Program

NOW = "policy now"
"""The column that stands for the clock of each snapshot: in one query there are as many clocks as snapshots."""
BOOK = "policy book"
"""The column that tells the snapshots apart where rows are gathered."""


@dataclass(frozen=True, eq=False)
class Case:
    """One snapshot at one moment."""

    snapshot: Snapshot
    now: datetime


def judge_together(judge: Judge, cases: Sequence[Case]) -> list[Judged]:
    """What `judge.judge` gives for each case, without any memory; cases with the same tables and columns share their queries."""
    found = _judged_once(judge, cases)
    for _ in range(ROUNDS):
        more = {place: rows for place, judged in enumerate(found) if (rows := new_rows(judged))}
        if not more:
            break
        grown = [Case(extended(found[place].snapshot, rows), cases[place].now) for place, rows in more.items()]
        for (place, rows), judged in zip(more.items(), _judged_once(judge, grown), strict=True):
            found[place] = replace(judged, new_rows=(*found[place].new_rows, *rows))
    return found


def _judged_once(judge: Judge, cases: Sequence[Case]) -> list[Judged]:
    found: dict[int, Judged] = {}
    for program, lacking, places in _alike(judge, cases):
        computed = frozenset(node.place for node in judge.program.nodes())
        evaluations = [Evaluation(cases[place].snapshot, computed, judge.calendar, Memory(), cases[place].now) for place in places]
        for layer in program.layers:
            _evaluate(judge, layer, evaluations)
        found |= {place: _judged(evaluation, program, lacking) for place, evaluation in zip(places, evaluations, strict=True)}
    return [found[place] for place in range(len(cases))]


def _alike(judge: Judge, cases: Sequence[Case]) -> Iterable[tuple[Program, Mapping[str, Place], list[int]]]:
    """The cases that the same part of the program can judge, by their positions."""
    groups: dict[int, tuple[Program, Mapping[str, Place], list[int]]] = {}
    for position, case in enumerate(cases):
        program, lacking = judge.restricted_to(case.snapshot)
        groups.setdefault(id(program), (program, lacking, []))[2].append(position)
    return groups.values()


def _evaluate(judge: Judge, layer: Sequence[Node], evaluations: Sequence[Evaluation]) -> None:
    for node, evaluation in ((node, each) for node in layer if node.kernel for each in evaluations):
        evaluation.put(node, node.kernel(evaluation) if node.kernel else None)
    for table in dict.fromkeys(node.table for node in layer if node.formula):
        _evaluate_formulas(judge, [node for node in layer if node.formula and node.table == table], evaluations)


def _evaluate_formulas(judge: Judge, nodes: Sequence[Node], evaluations: Sequence[Evaluation]) -> None:
    """The formulas of one table and layer for all snapshots: their rows one below the other, asked once, taken apart again."""
    table = nodes[0].table
    formulas = {(node.formula.sql, node.formula.type): _clocked(node.formula) for node in nodes if node.formula}
    used = sorted(set().union(*(formula.columns for formula in formulas.values())) - {NOW, BOOK})
    counts = [evaluation.count(table) for evaluation in evaluations]
    columns = {name: _stacked([evaluation.column(table, name) for evaluation in evaluations]) for name in used}
    types: dict[str, ColumnType] = {name: evaluations[0].type_of(table, name) for name in used}
    clock = np.repeat(np.array([evaluation.now64 for evaluation in evaluations]), counts)
    apart = {NOW: clock, BOOK: np.repeat(np.arange(len(counts)), counts)}
    kinds: dict[str, ColumnType] = {**types, NOW: "datetime", BOOK: "integer"}
    found = judge.evaluator.evaluate(list(formulas.values()), {**columns, **apart}, kinds, sum(counts))
    ends = [0, *accumulate(counts)]
    for node in (node for node in nodes if node.formula):
        formula = node.formula and formulas[(node.formula.sql, node.formula.type)]
        for evaluation, (first, last) in zip(evaluations, pairwise(ends), strict=True):
            evaluation.put(node, found[formula.name][first:last] if formula else None)


def _clocked(formula: Formula) -> Formula:
    """The formula with the clock, and what tells snapshots apart, as columns."""
    sql = formula.sql.replace("policy_now()", quoted(NOW)).replace("policy_today()", f"CAST({quoted(NOW)} AS DATE)")
    if formula.per:
        return replace(formula, sql=sql, columns=formula.columns | {NOW}, per=(*formula.per, BOOK, NOW))
    sql = sql.replace("policy_book()", quoted(BOOK))
    added = {name for name in (NOW, BOOK) if quoted(name) in sql}
    return replace(formula, sql=sql, columns=formula.columns | added) if added else formula


def _stacked(columns: Sequence[Any]) -> Any:
    """Columns of one dtype one below the other."""
    if isinstance(columns[0], np.ndarray):
        return np.concatenate(columns)
    return pd.concat([pd.Series(column) for column in columns], ignore_index=True).array


def _judged(evaluation: Evaluation, program: Program, lacking: Mapping[str, Place]) -> Judged:
    hits = {place: np.flatnonzero(evaluation.flags(spec.table, spec.where)) for place, spec in enumerate(program.findings)}
    return Judged(evaluation, program, lacking, hits, {name: blocked_rows(evaluation, name) for name in evaluation.snapshot.sheets})
