"""Quiet hours: until when a notice waits because its reader is not at work."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from automations.calendars import Calendar
from automations.model import Table, Words
from automations.program import FindingSpec
from automations.rule import Draft, DraftNode

if TYPE_CHECKING:
    from automations.config import Config
    from automations.judging import Evaluation
    from automations.people import Person
    from automations.yamlfile import Document

WEEKDAYS: Mapping[str, tuple[str, ...]] = {
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
COLUMN, UNKNOWN = "calendar", "calendar unknown"
NO_CALENDAR: Words = {"zh": "没有叫“{calendar}”的工作日历", "en": "there is no calendar '{calendar}'"}
UNTIL = "until"
"""The fact of a deferred notice that says when its reader is next at work."""


def add_calendar_check(draft: Draft, table: Table, document: Document, names: Collection[str]) -> None:
    """Draft the finding for a calendar in the staff tab that is none of config/calendars; such a reader has the hours of the others."""
    if table.name != "staff" or table.column(COLUMN) is None:
        return
    kernel = partial(_unknown, table.name, tuple(names))
    needs = frozenset({(table.name, COLUMN)})
    draft.nodes[(table.name, UNKNOWN)] = DraftNode(
        table.name, UNKNOWN, f"{table.name}/calendar-known", (), document, kernel=kernel, needs=needs, type="boolean"
    )
    listed = sorted(names)
    fix = {"zh": f"可以填：{'、'.join(listed)}", "en": f"write one of: {', '.join(listed)}"}
    draft.findings.append(FindingSpec(f"{table.name}/calendar-known", table.name, UNKNOWN, COLUMN, "warn", NO_CALENDAR, fix, ""))


def _unknown(table: str, names: tuple[str, ...], judging: Evaluation) -> Any:
    return judging.filled(table, COLUMN) & ~np.isin(judging.texts(table, COLUMN).astype(str), names)


@dataclass
class OpenHours:
    """The open hours of readers at one moment, each by the calendar named beside them in the staff tab."""

    config: Config
    now: datetime
    _opens: dict[str, datetime | None] = field(default_factory=dict)

    def opens(self, person: Person) -> datetime | None:
        """When the reader is next at work, in the time of the workbook; None when that is now, or no quiet hours are kept."""
        if not self.config.settings.quiet_hours:
            return None
        name = person.calendar if person.calendar in self.config.calendars else self.config.settings.calendar
        if name not in self._opens:
            self._opens[name] = next_open(self.config.calendars.get(name, self.config.calendar), self.now, self.config.calendar)
        return self._opens[name]


def next_open(calendar: Calendar, now: datetime, ours: Calendar) -> datetime | None:
    """The next opening by a calendar in its own zone, as our clock shows it; None when open, or on days the calendar does not know."""
    here, there = ZoneInfo(ours.settings.zone), ZoneInfo(calendar.settings.zone)
    local = now.replace(tzinfo=here).astimezone(there).replace(tzinfo=None)
    instants = np.array([local], dtype="datetime64[s]")
    if not calendar.covers(instants)[0]:
        return None
    opening: datetime = calendar.next_open(instants)[0].item()
    if opening <= local:
        return None
    return opening.replace(tzinfo=there).astimezone(here).replace(tzinfo=None)


def moment_said(moment: datetime, language: str) -> str:
    """A moment with its weekday, as people say it: `9月29日（周一）09:00`, `Mon 29 Sep 09:00`."""
    weekday = WEEKDAYS[language][moment.weekday()]
    if language == "zh":
        return f"{moment.month}月{moment.day}日（{weekday}）{moment:%H:%M}"
    return f"{weekday} {moment.day} {moment:%b %H:%M}"
