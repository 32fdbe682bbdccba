"""The way from a start to a due time, day by day, in words: which days counted, and why others did not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from automations.calendars import Calendar, WalkDay

WEEKDAYS = "一二三四五六日"
KINDS: Mapping[str, str] = {"weekend": "周末", "holiday": "放假", "make-up": "补班", "working": "", "exception": "例外"}


def walked(calendar: Calendar, start: datetime, due: datetime, unit: str, language: str) -> Iterator[str]:
    """One line per day: `2025-09-28 周日：第 1 个工作日（补班，补 2025-10-07）`; with open hours where hours are counted."""
    for place, day in enumerate(calendar.walk(start, due)):
        hours = f" {day.seconds / 3600:g} h" if unit == "working_hours" else ""
        yield (_chinese(day, place == 0) if language == "zh" else _english(day, place == 0)) + hours


def _chinese(day: WalkDay, first: bool) -> str:
    made_up = f"（补班，补 {day.name}）" if day.kind == "make-up" else ""
    off = day.name or KINDS[day.kind]
    why = ("起算日" if first else f"第 {day.count} 个工作日") + made_up if day.open else (f"起算日，{off}" if first else off)
    return f"{day.day:%Y-%m-%d} 周{WEEKDAYS[day.day.weekday()]}：{why}"


def _english(day: WalkDay, first: bool) -> str:
    made_up = f" (make-up for {day.name})" if day.kind == "make-up" else ""
    off = day.name or day.kind
    why = ("start day" if first else f"working day {day.count}") + made_up if day.open else (f"start day, {off}" if first else off)
    return f"{day.day:%Y-%m-%d %a}: {why}"
