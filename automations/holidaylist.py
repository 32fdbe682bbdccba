"""Public holidays and make-up working days of a country, as the `holidays` package lists them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

HORIZON = date(2039, 12, 31)
"""How far a country's holidays are listed when nothing asks for more."""

_MOVED = timedelta(days=400)
"""A make-up day may belong to the schedule of the year after it, so a little more is read than is kept."""

_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class HolidayList:
    """The days that break the weekly pattern: `closed` maps a day to its name, `make_up` maps a day to
    the ISO day off it pays for (blank where the package does not say).

    `official_until` is the last day of the last year whose schedule was announced; later days follow the
    statute alone and are guesses. None: the country announces no yearly schedule, so no year is a guess.
    """

    closed: Mapping[date, str] = field(default_factory=dict)
    make_up: Mapping[date, str] = field(default_factory=dict)
    official_until: date | None = None

    def without(self, after: date, until: date) -> HolidayList:
        """The same list without the days later than `after` and not later than `until`."""
        return HolidayList(_outside(self.closed, after, until), _outside(self.make_up, after, until), self.official_until)


@lru_cache(8)
def holiday_list(country: str | None, first: date, last: date) -> HolidayList:
    """Every holiday and make-up day of `country` (ISO code such as "CN") from `first` to `last`.

    Names are in the country's own language, whatever the language of the machine. Without a country the list is empty.
    Raises ValueError when the package does not know the country.
    """
    if country is None:
        return HolidayList()
    listed = _listed(country, range(first.year, max(HORIZON, last + _MOVED).year + 1))
    closed = {day: listed[day].replace("; ", "、") for day in _within(listed, first, last)}
    paid_for = _paid_for(closed)
    make_up = {day: paid_for.get(day.isoformat(), "") for day in _within(listed.weekend_workdays, first, last)}
    return HolidayList(closed, make_up, _official_until(listed.weekend_workdays))


def _listed(country: str, years: range) -> Any:
    import holidays  # a third of a second that a command without clocks does not pay

    try:
        language = holidays.country_holidays(country).default_language
        return holidays.country_holidays(country, years=years, language=language)
    except NotImplementedError as unknown:
        raise ValueError(
            f"the holidays package has no country '{country}'; give an ISO code such as CN, or leave 'country' out"
        ) from unknown


def _official_until(make_up: Iterable[date]) -> date | None:
    """Make-up days exist only in announced schedules, so the last of them ends what is official."""
    years = [day.year for day in make_up]
    return date(max(years), 12, 31) if years else None


def _within(days: Iterable[date], first: date, last: date) -> list[date]:
    return sorted(day for day in days if first <= day <= last)


def _outside(names: Mapping[date, str], after: date, until: date) -> dict[date, str]:
    return {day: name for day, name in names.items() if not after < day <= until}


def _paid_for(closed: Mapping[date, str]) -> dict[str, str]:
    """Make-up day -> the day off it pays for, both ISO, as far as the names of the days off tell."""
    named = ((off, _ISO_DAY.search(name)) for off, name in closed.items())
    return {match[0]: off.isoformat() for off, match in named if match}
