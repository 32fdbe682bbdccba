"""Due instants by the calendar's whole columns, and by the holidays package row by row."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

import holidays
import numpy as np

from automations.calendars import Calendar

LENGTHS = (1, 3, 5, 2, 18)
"""Working days of the five deadlines of a complaint."""
CLOSES = time(18)


def starts(count: int) -> Any:
    """Moments of two years, seeded."""
    seconds = np.random.default_rng(7).integers(0, 2 * 365 * 86_400, count)
    return np.datetime64("2024-06-01T08:00:00", "s") + seconds.astype("timedelta64[s]")


def by_column(calendar: Calendar, moments: Any) -> list[Any]:
    """Five due instants per row, a column at a time."""
    return [calendar.due(moments, np.full(len(moments), length), "working_days") for length in LENGTHS]


def by_row(moments: list[datetime]) -> list[list[datetime]]:
    """The same, asking the holidays package for every row."""
    cn = holidays.country_holidays("CN")
    return [[datetime.combine(cn.get_nth_working_day(moment.date(), length), CLOSES) for moment in moments] for length in LENGTHS]
