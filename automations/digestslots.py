"""When a digest is due: its slots, moved to the next open day, and the period its figures are about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from automations.calendars import Calendar
from automations.digestfile import DigestFile
from automations.periods import MONTHS, period_of, preceding

BACK = {"working day": 40, "week": 70, "month": 190, "quarter": 400, "half-year": 600, "year": 1200}
"""Days looked back: enough for several slots, whatever holidays stand between."""
AHEAD = 21
"""Days looked ahead for the open day a slot moves to."""


@dataclass(frozen=True)
class Slot:
    """One moment a digest is due, the one before it, and the days its figures are about: `[begin, end)` and as long before."""

    at: datetime
    before: datetime
    begin: date
    end: date
    begin_before: date


def latest_slot(digest: DigestFile, calendar: Calendar, now: datetime) -> Slot | None:
    """The newest slot that has come; a slot on a closed day is moved to the next open day, never dropped."""
    slots = _slots(digest, calendar, now)
    if len(slots) < 2:
        return None
    (_, earlier), (nominal, latest) = slots[-2:]
    return Slot(latest, earlier, *_period(digest, nominal, latest.date(), earlier.date()))


def _slots(digest: DigestFile, calendar: Calendar, now: datetime) -> list[tuple[date, datetime]]:
    """The slots up to now, as the day meant and the moment it was moved to; the last one meant of those moved to one day."""
    first, last = now.date() - timedelta(days=BACK[digest.every]), now.date() + timedelta(days=AHEAD)
    days: Any = np.arange(np.datetime64(first, "D"), np.datetime64(last, "D"))
    days = days[calendar.covers(days.astype("datetime64[s]"))]
    open_days = days[calendar.is_workday(days)]
    moved = {}
    for day in days.tolist():
        place = int(np.searchsorted(open_days, np.datetime64(day)))
        if _meant(digest, day) and place < len(open_days):
            moved[datetime.combine(open_days[place].item(), digest.at)] = day
    return [(day, at) for at, day in sorted(moved.items()) if at <= now]


def _meant(digest: DigestFile, day: date) -> bool:
    """Whether the digest is meant for this day, open or not; a month shorter than `on` has it on its last day.

    One of a quarter, half-year or year is meant for a day of the month after it.
    """
    if digest.every == "week":
        return day.isoweekday() == digest.on
    if digest.every in MONTHS:
        begins = (day.month - 1) % MONTHS[digest.every] == 0
        return begins and (day.day == digest.on or (day.day < digest.on and (day + timedelta(days=1)).day == 1))
    return True


def _period(digest: DigestFile, meant: date, latest: date, earlier: date) -> tuple[date, date, date]:
    """The whole week, month, quarter, half-year or year before the day meant; for a digest of working days the days since the last."""
    if digest.every != "working day":
        period = preceding(period_of(digest.every, meant))
        return period.first, period.last + timedelta(days=1), preceding(period).first
    return earlier, latest, earlier - (latest - earlier)
