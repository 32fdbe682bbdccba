"""Promises: several clocks that write one due column; of them the earliest due time wins, row by row, or that of the clock named first."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from automations.clocks import NONE, PAUSED, words_of
from automations.model import ColumnType
from automations.program import ClockSpec
from automations.rule import Draft, DraftNode

if TYPE_CHECKING:
    from automations.judging import Evaluation


def add_promises(draft: Draft) -> None:
    """Draft the written due and state columns: of several clocks the earliest due time wins, row by row."""
    _step_aside(draft)
    for (table, column, key), specs in draft.promises.items():
        declared = draft.tables[table].column(column)
        kind: ColumnType = declared.type if declared else "datetime"
        first = draft.nodes[(table, specs[0].due)]
        names = [name for spec in specs for name in (spec.due, spec.state)]
        ahead = sum(_comes_first(draft, spec) for spec in specs)
        kernel = (
            partial(strictest_due, table, specs, ahead, kind)
            if key == "due"
            else partial(strictest_state, table, specs, ahead, draft.language)
        )
        wanted: ColumnType = kind if key == "due" else "text"
        soft = frozenset((table, name) for name in names)
        needs = (
            frozenset({(table, specs[0].due), (table, specs[0].state)})
            if len(specs) == 1
            else frozenset({(table, draft.tables[table].key)})
        )
        draft.nodes[(table, column)] = DraftNode(
            table, column, specs[0].rule, first.path, first.document, kernel=kernel, needs=needs, soft=soft, type=wanted
        )


def _step_aside(draft: Draft) -> None:
    """A clock of a policy in shadow has no say in a due time that live policies promise too."""
    for (table, column, key), specs in draft.promises.items():
        live = [spec for spec in specs if spec.rule not in draft.shadows] or specs
        live = sorted(live, key=lambda spec: not _comes_first(draft, spec))
        draft.promises[(table, column, key)] = live
        draft.writes[(table, column)] = live[0].rule
    kept = {(table, column, spec.rule) for (table, column, _), specs in draft.promises.items() for spec in specs}
    draft.clocks[:] = [
        replace(spec, written_due=None) if spec.written_due and (spec.table, spec.written_due, spec.rule) not in kept else spec
        for spec in draft.clocks
    ]
    draft.clocks.sort(key=lambda spec: not _comes_first(draft, spec))


def _comes_first(draft: Draft, spec: ClockSpec) -> bool:
    """Whether the settings name this clock as the one that counts for its due column."""
    return spec.rule in draft.first.get(f"{spec.table}.{spec.written_due}", ())


def strictest(table: str, specs: list[ClockSpec], ahead: int, judging: Evaluation) -> tuple[Any, Any]:
    """The earliest due time of the promise, and the state code of the clock it belongs to.

    The first `ahead` clocks count before the others: these only have a say in rows where none of those has a due time or stands still.
    """
    due, code = _earliest(table, specs[:ahead], judging)
    other_due, other_code = _earliest(table, specs[ahead:], judging)
    left = np.isnat(due) & (code != PAUSED) & (other_code != NONE)
    return np.where(left, other_due, due), np.where(left, other_code, code)


def _earliest(table: str, specs: list[ClockSpec], judging: Evaluation) -> tuple[Any, Any]:
    due = np.full(judging.count(table), np.datetime64("NaT", "s"))
    code = np.full(judging.count(table), NONE, dtype="int64")
    for spec in (spec for spec in specs if judging.has(table, spec.state)):
        other, state = judging.times(table, spec.due), judging.integers(table, spec.state)
        wins = (~np.isnat(other) & (np.isnat(due) | (other < due))) | (np.isnat(due) & (code == NONE))
        due, code = np.where(wins, other, due), np.where(wins, state, code)
    return due, code


def strictest_due(table: str, specs: list[ClockSpec], ahead: int, kind: ColumnType, judging: Evaluation) -> Any:
    due, _ = strictest(table, specs, ahead, judging)
    return due.astype("datetime64[D]").astype("datetime64[s]") if kind == "date" else due


def strictest_state(table: str, specs: list[ClockSpec], ahead: int, language: str, judging: Evaluation) -> Any:
    _, code = strictest(table, specs, ahead, judging)
    return words_of(code, language)
