"""Quiet hours: until when a notice waits because its reader is not at work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from automations.calendars import Calendar

if TYPE_CHECKING:
    from automations.config import Config
    from automations.people import Person

WEEKDAYS: Mapping[str, tuple[str, ...]] = {
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
UNTIL = "until"
"""The fact of a deferred notice that says when its reader is next at work."""


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
