"""Calendar periods: the week, month, quarter, half-year or year of a day, its names, and days within it."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Every = Literal["week", "month", "quarter", "half-year", "year"]
MONTHS = {"month": 1, "quarter": 3, "half-year": 6, "year": 12}
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HALVES = ("上半年", "下半年")


@dataclass(frozen=True)
class Period:
    """One calendar period, both days included."""

    every: Every
    first: date
    last: date

    @property
    def number(self) -> int:
        """Which one of its year: week 35, month 8, quarter 3, half-year 2; 1 for a year."""
        return self.first.isocalendar().week if self.every == "week" else (self.first.month - 1) // MONTHS[self.every] + 1

    @property
    def code(self) -> str:
        """A short name that sorts: `2025-08`, `2025-Q3`, `2025-H2`, `2025-W35`, `2025`."""
        if self.every == "week":
            return f"{self.first.isocalendar().year}-W{self.number:02d}"
        marks = {"month": f"-{self.number:02d}", "quarter": f"-Q{self.number}", "half-year": f"-H{self.number}", "year": ""}
        return f"{self.first.year}{marks[self.every]}"

    def words(self, language: str) -> str:
        """The period as people say it: `2025年8月`, `2025年第3季度`; the code in English."""
        if language != "zh":
            return self.code
        year = self.first.isocalendar().year if self.every == "week" else self.first.year
        said = {"week": f"第{self.number}周", "month": f"{self.number}月", "quarter": f"第{self.number}季度", "year": ""}
        return f"{year}年" + (HALVES[self.number - 1] if self.every == "half-year" else said[self.every])


def period_of(every: Every, day: date) -> Period:
    """The period a day lies in."""
    if every == "week":
        monday = day - timedelta(days=day.weekday())
        return Period(every, monday, monday + timedelta(days=6))
    months = MONTHS[every]
    begins = (day.month - 1) // months * months + 1
    ends = begins + months - 1
    return Period(every, date(day.year, begins, 1), date(day.year, ends, monthrange(day.year, ends)[1]))


def following(period: Period) -> Period:
    """The period after this one."""
    return period_of(period.every, period.last + timedelta(days=1))


def preceding(period: Period) -> Period:
    """The period before this one."""
    return period_of(period.every, period.first - timedelta(days=1))


def due_day(period: Period, on: str) -> date:
    """The day `on` of the last month of a period, at most its last day; a weekday of a week; `last` is the last day."""
    if on == "last":
        return period.last
    if on in WEEKDAYS:
        return period.first + timedelta(days=WEEKDAYS.index(on))
    return period.last.replace(day=min(int(on), period.last.day))
