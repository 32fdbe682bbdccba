"""Rows on hold: until when, for how long at most, why, and the findings about it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from automations.calendars import Unit
from automations.clocks import END_OF_DAY, NEVER, parse_length
from automations.errors import Problem
from automations.model import Table, Words
from automations.program import FindingSpec, Watch
from automations.rule import Draft, DraftNode
from automations.speaking import cells_shown

if TYPE_CHECKING:
    from automations.declarations import SettingsFile
    from automations.judging import Evaluation, Judged
    from automations.yamlfile import Document

HOLD, REASON, BY = "hold_until", "hold_reason", "hold_by"
"""Staff columns: the last day of the hold, why, and who asked for it. The first of them is what makes a table one with holds."""
RUNS, END, LONG, SILENT = "hold_until runs", "hold_until end", "hold_until too long", "hold_until without reason"
SAID: Mapping[str, Words] = {
    "reason": {"zh": "填了“暂缓至”，缺“暂缓原因”", "en": "'Hold until' is filled but 'Hold reason' is missing"},
    "reason fix": {"zh": "请填写“暂缓原因”", "en": "fill in 'Hold reason'"},
    "long": {"zh": "暂缓太久，最多暂缓{length}，到 {end} 为止", "en": "held too long; a hold lasts {length} at most, here until {end}"},
    "long fix": {"zh": "请在此之前办理，或把“暂缓至”改早", "en": "act before then, or set an earlier date"},
    "held": {"zh": "曾暂缓至 {day}{why}", "en": "was on hold until {day}{why}"},
}
UNITS: Words = {"working_days": " 个工作日", "days": " 天", "months": " 个月"}


def longest_hold(settings: SettingsFile, document: Document, problems: list[Problem]) -> tuple[int, Any]:
    """How long a row may be on hold; 30 working days where the settings are at fault."""
    try:
        amount, unit = parse_length(settings.hold_at_most)
        if unit in UNITS:
            return amount, unit
        fault = f"'{settings.hold_at_most}' is not in days; a hold lasts whole days"
    except ValueError as error:
        fault = str(error)
    problems.append(document.problem(("hold_at_most",), fault, "write for example '30 working days' or '42 days'"))
    return 30, "working_days"


def hold_rule(table: str) -> str:
    """The name under which the end of a hold in this table is told."""
    return f"{table}/hold"


def add_holds(draft: Draft, table: Table, document: Document, amount: int, unit: Unit) -> None:
    """Draft the hidden columns and the findings of a table with a column `hold_until`; `amount` of `unit` is the longest hold."""
    if table.column(HOLD) is None:
        return
    name = table.name
    _column(draft, document, name, RUNS, "boolean", runs, {HOLD})
    _column(draft, document, name, END, "datetime", partial(end, amount=amount, unit=unit), {HOLD, RUNS})
    _column(draft, document, name, LONG, "boolean", too_long, {HOLD, RUNS, END})
    draft.watches.append(Watch(name, RUNS))
    draft.conditions.append((name, END))
    zh, en = f" {amount}{UNITS[unit]}", f"{amount} {unit.replace('_', ' ')}"
    message = {language: text.format(length=zh if language == "zh" else en, end="{" + END + "}") for language, text in SAID["long"].items()}
    draft.findings.append(FindingSpec(f"{name}/hold-length", name, LONG, HOLD, "warn", message, SAID["long fix"], ""))
    if table.column(REASON):
        _column(draft, document, name, SILENT, "boolean", without_reason, {RUNS, REASON})
        spec = FindingSpec(f"{name}/hold-reason", name, SILENT, REASON, "warn", SAID["reason"], SAID["reason fix"], "")
        draft.findings.append(spec)


def _column(draft: Draft, document: Document, table: str, name: str, kind: Any, kernel: Any, needs: set[str]) -> None:
    places = frozenset((table, each) for each in needs)
    whole = lambda judging: kernel(table, judging)  # noqa: E731  a kernel made with `partial` would not see the clock move
    draft.nodes[(table, name)] = DraftNode(table, name, hold_rule(table), (), document, kernel=whole, needs=places, type=kind)


def runs(table: str, judging: Evaluation) -> Any:
    """Where staff ask for a hold that is not over."""
    return judging.times(table, HOLD) + END_OF_DAY >= judging.now64


def end(table: str, judging: Evaluation, *, amount: int, unit: Unit) -> Any:
    """When each hold ends: with the day staff wrote, at the latest the longest hold after it was first seen; NaT without one."""
    asked = judging.times(table, HOLD)
    asked = asked.astype("datetime64[D]") + END_OF_DAY
    _, began = judging.pauses(table, RUNS, "")
    latest = judging.calendar.due(began, np.full(len(began), float(amount)), unit)
    return np.where(np.isnat(asked), NEVER, np.where(judging.flags(table, RUNS), np.fmin(asked, latest), asked))


def too_long(table: str, judging: Evaluation) -> Any:
    """Where a hold that runs was asked for longer than it lasts."""
    asked = judging.times(table, HOLD).astype("datetime64[D]") + END_OF_DAY
    return judging.flags(table, RUNS) & (judging.times(table, END) < asked)


def without_reason(table: str, judging: Evaluation) -> Any:
    """Where a hold that runs gives no reason."""
    return judging.flags(table, RUNS) & ~judging.filled(table, REASON)


def held(judging: Evaluation, table: str) -> Any:
    """The rows on hold now: judged as ever, but nobody is told."""
    if not judging.has(table, END):
        return np.zeros(judging.count(table), dtype=bool)
    return judging.times(table, END) >= judging.now64


def over(judging: Evaluation, table: str) -> Any:
    """The rows whose hold was seen running and has ended; a date in the past that never held anything is none."""
    if not judging.has(table, END):
        return np.zeros(judging.count(table), dtype=bool)
    seen = {each.key for each in judging.memory.transitions if each.table == table and each.watch == RUNS and each.new}
    known = np.isin(judging.keys(table).astype(str), list(seen)) if seen else np.zeros(judging.count(table), dtype=bool)
    return known & (judging.times(table, END) < judging.now64)


def reason_of(judged: Judged, table: str, row: int, language: str) -> str:
    """Why a row was put on hold and by whom, where the columns say it: `客户出差（陈立）`."""
    judging = judged.evaluation
    why, who = (cells_shown(judging, table, name, [row], language)[0] if judging.has(table, name) else "" for name in (REASON, BY))
    brackets = "（{}）" if language == "zh" else " ({})"
    return why + brackets.format(who) if why and who else why or who


def hold_said(judged: Judged, table: str, row: int, language: str) -> str:
    """That a row was on hold: `曾暂缓至 2025-10-09：客户出差`; empty where it was not."""
    judging = judged.evaluation
    if not over(judging, table)[row]:
        return ""
    why, day = reason_of(judged, table, row, language), judging.times(table, END)[row].item()
    colon = "：" if language == "zh" else ": "
    return SAID["held"][language].format(day=f"{day:%Y-%m-%d}", why=colon + why if why else "")
