"""What stands beside every row: the nearest due time, the time left in words, the late steps and the problems."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from automations.arrays import text_array
from automations.clocks import OPEN, OVERDUE, PAUSED
from automations.judging import Evaluation, Judged
from automations.model import Finding, Words
from automations.program import ClockSpec
from automations.speaking import sentence_in_row

NEVER = np.datetime64("NaT", "s")
EXACT_DAYS = 10
"""Up to this many working days the time left is exact."""
MONTHS_FROM = 60
"""From this many days on it is said in months."""
LEFT: Mapping[str, Words] = {
    "late": {"zh": "已逾期 {n} 个工作日", "en": "{n} working days late"},
    "late weeks": {"zh": "已逾期 {n} 周多", "en": "more than {n} weeks late"},
    "late months": {"zh": "已逾期 {n} 个月多", "en": "more than {n} months late"},
    "late today": {"zh": "今天 {time} 已到期", "en": "was due today {time}"},
    "late now": {"zh": "已逾期，未满 1 个工作日", "en": "late by less than a working day"},
    "today": {"zh": "今天 {time} 到期", "en": "due today {time}"},
    "tomorrow": {"zh": "明天 {time} 到期", "en": "due tomorrow {time}"},
    "days": {"zh": "还有 {n} 天", "en": "{n} days left"},
    "workdays": {"zh": "还有 {n} 个工作日", "en": "{n} working days left"},
    "weeks": {"zh": "还有 {n} 周多", "en": "more than {n} weeks left"},
    "months": {"zh": "还有 {n} 个月多", "en": "more than {n} months left"},
    "paused": {"zh": "暂停中", "en": "paused"},
    "provisional": {"zh": "（暂定）", "en": " (provisional)"},
}


def summaries(judged: Judged, findings: Sequence[Finding], language: str, shadows: Collection[str] = ()) -> dict[tuple[str, str], Any]:
    """Columns for the summary of every table, in the frame's dtypes, by (table, column); clocks of policies in `shadows` are left out."""
    found: dict[tuple[str, str], Any] = {}
    for name, sheet in judged.snapshot.sheets.items():
        wanted = sheet.table.summary
        clocks = [each for each in governing(judged, name) if each[0].rule.partition("/")[0] not in shadows]
        if "problems" in wanted:
            found[(name, wanted["problems"])] = _problems(judged, name, findings, language)
        if {"due", "left", "late"} & set(wanted) and clocks:
            due, paused = nearest_due(judged.evaluation, name, clocks)
            parts = {
                "due": due,
                "left": time_left(judged.evaluation, due, paused, language),
                "late": _late(judged.evaluation, name, clocks, language),
            }
            found |= {(name, wanted[part]): values for part, values in parts.items() if part in wanted}
    return found


def governing(judged: Judged, table: str) -> list[tuple[ClockSpec, Any]]:
    """The clocks of a table with the rows where each is the one that counts: the strictest of its promise."""
    evaluation = judged.evaluation
    clocks = [clock for clock in judged.program.clocks if clock.table == table]
    taken: dict[str, Any] = {}
    found = []
    for clock in clocks:
        counts = np.ones(evaluation.count(table), dtype=bool)
        if clock.written_due and evaluation.has(table, clock.written_due):
            promised, due = evaluation.times(table, clock.written_due), evaluation.times(table, clock.due)
            whole_days = evaluation.type_of(table, clock.written_due) == "date"
            same = (due.astype("datetime64[D]") if whole_days else due) == promised
            counts = (same | np.isnat(due)) & ~taken.get(clock.written_due, np.zeros_like(counts))
            taken[clock.written_due] = taken.get(clock.written_due, np.zeros_like(counts)) | (counts & same)
        found.append((clock, counts))
    return found


def setters(judged: Judged, table: str) -> dict[str, Any]:
    """For every due column that several clocks share, the rule that set the date of each row; the first one where it is blank."""
    clocks = [(clock.written_due, clock, counts) for clock, counts in governing(judged, table) if clock.written_due]
    shared = [name for name, count in Counter(name for name, _, _ in clocks).items() if count > 1]
    found: dict[str, Any] = {}
    for name, clock, counts in clocks:
        if name in shared:
            rules = found.setdefault(name, np.full(len(counts), clock.rule, dtype=object))
            rules[counts & ~np.isnat(judged.evaluation.times(table, clock.due))] = clock.rule
    return found


def nearest_due(evaluation: Evaluation, table: str, clocks: Sequence[tuple[ClockSpec, Any]]) -> tuple[Any, Any]:
    """Per row the earliest due time among its open clocks, and whether a clock is paused while none is open."""
    due = np.full(evaluation.count(table), NEVER)
    paused = np.zeros(evaluation.count(table), dtype=bool)
    for clock, counts in clocks:
        codes = evaluation.integers(table, clock.state)
        due = np.fmin(due, np.where(np.isin(codes, OPEN) & counts, evaluation.times(table, clock.due), NEVER))
        paused |= codes == PAUSED
    return due, paused & np.isnat(due)


def time_left(evaluation: Evaluation, due: Any, paused: Any, language: str) -> Any:
    """The time left in words that change only when their meaning changes."""
    words = np.full(len(due), "", dtype=object)
    rows = np.flatnonzero(~np.isnat(due))
    distinct, place = np.unique(due[rows], return_inverse=True)
    words[rows] = np.array(_left(evaluation, distinct, language), dtype=object)[place] if len(rows) else ""
    words[paused] = LEFT["paused"][language]
    return text_array(words)


def _left(evaluation: Evaluation, dues: Any, language: str) -> list[str]:
    """What is left until each of these instants, in words."""
    calendar, now = evaluation.calendar, evaluation.now64
    late = dues < now
    days = (dues.astype("datetime64[D]") - now.astype("datetime64[D]")).astype("int64").tolist()
    workdays = calendar.workdays_between(np.where(late, dues, now), np.where(late, now, dues)).astype("int64").tolist()
    marks = np.where(calendar.provisional(dues), LEFT["provisional"][language], "").tolist()
    found = []
    for due, passed, day, between, mark in zip(dues.tolist(), late.tolist(), days, workdays, marks, strict=True):
        kind, count = _spelled(bool(passed), day, between)
        found.append(LEFT[kind][language].format(n=count, time=f"{due:%H:%M}") + mark)
    return found


def _spelled(late: bool, days: int, workdays: int) -> tuple[str, int]:
    """Which words, and which number in them: exact for two weeks, then in weeks, then in months, so that far dates do not change daily."""
    if days == 0:
        return ("late today" if late else "today"), 0
    if not late and days == 1:
        return "tomorrow", 1
    if not workdays:
        return ("late now" if late else "days"), days
    if workdays <= EXACT_DAYS:
        return ("late" if late else "workdays"), workdays
    unit, size = ("weeks", 7) if abs(days) < MONTHS_FROM else ("months", 30)
    return (f"late {unit}" if late else unit), abs(days) // size


def _late(evaluation: Evaluation, table: str, clocks: Sequence[tuple[ClockSpec, Any]], language: str) -> Any:
    words = np.full(evaluation.count(table), "", dtype=object)
    for clock, counts in clocks:
        rows = np.flatnonzero((evaluation.integers(table, clock.state) == OVERDUE) & counts)
        title = clock.title.get(language) or clock.title.get("zh") or clock.rule
        separator = "、" if language == "zh" else ", "
        words[rows] = np.where(words[rows] == "", title, words[rows] + separator + title)
    return text_array(words)


def _problems(judged: Judged, table: str, findings: Sequence[Finding], language: str) -> Any:
    sheet = judged.snapshot.sheets[table]
    by_row: dict[int, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.table == table:
            by_row[finding.row].append(finding)
    words = np.full(len(sheet.rows), "", dtype=object)
    position = {row: place for place, row in enumerate(sheet.rows)} if by_row else {}
    for row, spoken in by_row.items():
        words[position[row]] = sentence_in_row(spoken, language)
    return text_array(words)
