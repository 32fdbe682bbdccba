"""What a calendar is made of: windows per weekday, dated exceptions, and the table of days they give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from automations.holidaylist import HORIZON, HolidayList, holiday_list
from automations.instants import DAY

Window = tuple[time, time]
"""Half-open opening hours `[from, to)` of one day; a `to` of 00:00 means 24:00, the midnight that ends the day."""

DayKind = Literal["working", "weekend", "holiday", "make-up", "exception"]

OFFICE_WEEK: Mapping[int, tuple[Window, ...]] = {weekday: ((time(9), time(18)),) for weekday in range(5)}
"""Monday to Friday, 09:00 to 18:00."""

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_LONGEST_REST = 366


@dataclass(frozen=True)
class DayException:
    """One day with its own windows; no windows: closed. It wins over the weekly pattern and over the country's holidays."""

    day: date
    windows: tuple[Window, ...] = ()
    source: str = ""
    name: str = ""


@dataclass(frozen=True)
class CalendarSettings:
    """Everything a calendar is built from; the default is a Chinese office week.

    `weekly` maps 0 (Monday) to 6 (Sunday) to windows; a weekday that is left out is closed. `country` None: no public holidays.
    `official_until` None: the last day of the last year the holidays package has an announced schedule for. A later day than that
    says that the years after the package's are written by hand: its guesses up to that day are dropped, only `exceptions` count there.
    `last` None: the end of the third year after `official_until`; where no schedule is ever announced, the end of 2039.
    """

    name: str
    weekly: Mapping[int, tuple[Window, ...]] = field(default_factory=lambda: OFFICE_WEEK)
    zone: str = "Asia/Shanghai"
    country: str | None = "CN"
    exceptions: tuple[DayException, ...] = ()
    first: date = date(2000, 1, 1)
    last: date | None = None
    official_until: date | None = None


@dataclass(frozen=True)
class DayNote:
    """Why a day differs from its weekday; for a make-up day `name` is the ISO day off it pays for, where known."""

    kind: DayKind
    name: str
    source: str


@dataclass(frozen=True, eq=False)
class DayTable:
    """The windows of every day from `first` to `last`.

    `opens` and `lengths` are int64 of shape (windows per day, days), in seconds after midnight and seconds; an unused window has length 0.
    """

    first: date
    last: date
    official_until: date
    opens: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    notes: Mapping[date, DayNote]


def window(text: str) -> Window:
    """Read `09:00-18:00`; `24:00` is a legal end. Raises ValueError for anything else."""
    start, dash, end = text.replace(" ", "").partition("-")
    try:
        return time.fromisoformat(start), time(0) if dash and end == "24:00" else time.fromisoformat(end)
    except ValueError as unread:
        raise ValueError(f"'{text}' is not a window of opening hours; write it like 09:00-18:00 (24:00 may be the end)") from unread


def seconds_of(clock: time) -> int:
    """Seconds after midnight."""
    return clock.hour * 3600 + clock.minute * 60 + clock.second


def day_table(settings: CalendarSettings) -> DayTable:
    """Check the settings and lay out every day of the range.

    Raises ValueError, naming the calendar, for windows that overlap or end before they begin, a weekday that is not 0 to 6, an exception
    that is doubled or out of range, hand-written years without a single exception, and more than 366 days in a row without an open window.
    """
    try:
        return _day_table(settings)
    except ValueError as fault:
        raise ValueError(f"calendar '{settings.name}': {fault}") from fault


def _day_table(settings: CalendarSettings) -> DayTable:
    week, own = _checked_week(settings.weekly), _checked_exceptions(settings.exceptions)
    listed = holiday_list(settings.country, settings.first, settings.last or HORIZON)
    official, last = _reach(settings, listed.official_until)
    _refuse_out_of_range(own, settings.first, last)
    listed = _without_guesses(listed, settings)
    days = {**_listed_windows(listed, week), **own}
    spans = _spans(settings.first, last, week, days)
    _refuse_long_rest(spans, settings.first)
    return DayTable(settings.first, last, official, spans[0], spans[1] - spans[0], _notes(listed, settings.exceptions))


def _reach(settings: CalendarSettings, announced: date | None) -> tuple[date, date]:
    """The last official day and the last day of the calendar."""
    official = settings.official_until or announced
    last = settings.last or (date(official.year + 3, 12, 31) if official else HORIZON)
    if last < settings.first:
        raise ValueError(f"'last' {last} lies before 'first' {settings.first}; exchange them")
    return official or last, last


def _without_guesses(listed: HolidayList, settings: CalendarSettings) -> HolidayList:
    """Drop the package's guesses for the years the settings claim to have the official schedule of."""
    announced, claimed = listed.official_until, settings.official_until
    if announced is None or claimed is None or claimed <= announced:
        return listed
    by_hand = {exception.day.year for exception in settings.exceptions}
    for year in range(announced.year + 1, claimed.year + 1):
        if year not in by_hand:
            raise ValueError(
                f"'official_until' is {claimed}, but the holidays package ends with {announced.year} and no exception is "
                f"in {year}; copy the announced days of {year} into 'exceptions', or set 'official_until' back"
            )
    return listed.without(announced, claimed)


def _checked_week(weekly: Mapping[int, tuple[Window, ...]]) -> dict[int, tuple[Window, ...]]:
    for weekday in weekly:
        if weekday not in range(7):
            raise ValueError(f"weekday {weekday} does not exist; count from 0 (Monday) to 6 (Sunday)")
    return {weekday: _checked(_WEEKDAYS[weekday], windows) for weekday, windows in weekly.items()}


def _checked_exceptions(exceptions: Iterable[DayException]) -> dict[date, tuple[Window, ...]]:
    own: dict[date, tuple[Window, ...]] = {}
    for exception in exceptions:
        if exception.day in own:
            raise ValueError(f"two exceptions for {exception.day}; keep one of them")
        own[exception.day] = _checked(str(exception.day), exception.windows)
    return own


def _checked(where: str, windows: tuple[Window, ...]) -> tuple[Window, ...]:
    """The windows in order; a ValueError names the pair at fault."""
    ordered = tuple(sorted(windows))
    for each in ordered:
        start, end = _span(each)
        if start >= end:
            raise ValueError(f"{where}: {_shown(each)} ends before it begins; write the earlier time first (24:00 is midnight at the end)")
    for before, after in pairwise(ordered):
        if _span(before)[1] > _span(after)[0]:
            raise ValueError(f"{where}: {_shown(before)} and {_shown(after)} overlap; let the first end before the second begins")
    return ordered


def _refuse_out_of_range(own: Mapping[date, tuple[Window, ...]], first: date, last: date) -> None:
    for day in own:
        if not first <= day <= last:
            raise ValueError(f"exception {day} lies outside {first} to {last}; correct the date, or widen 'first' and 'last'")


def _span(each: Window) -> tuple[int, int]:
    return seconds_of(each[0]), seconds_of(each[1]) or DAY


def _shown(each: Window) -> str:
    start, end = (f"{clock:%H:%M:%S}".removesuffix(":00") for clock in each)
    return f"{start}-{'24:00' if end == '00:00' else end}"


def _listed_windows(listed: HolidayList, week: Mapping[int, tuple[Window, ...]]) -> dict[date, tuple[Window, ...]]:
    """A holiday is closed; a make-up day keeps its weekday's windows, or has those of the first open weekday."""
    usual: tuple[Window, ...] = next((week[weekday] for weekday in sorted(week) if week[weekday]), ())
    closed: dict[date, tuple[Window, ...]] = dict.fromkeys(listed.closed, ())
    return closed | {day: week.get(day.weekday(), ()) or usual for day in listed.make_up}


def _spans(
    first: date, last: date, week: Mapping[int, tuple[Window, ...]], days: Mapping[date, tuple[Window, ...]]
) -> npt.NDArray[np.int64]:
    """Starts and ends in seconds of shape (2, windows per day, days); an unused window starts and ends at 0."""
    width = max(1, *(len(windows) for windows in [*week.values(), *days.values()])) if week or days else 1
    pattern = np.zeros((7, 2, width), np.int64)
    for weekday, windows in week.items():
        pattern[weekday] = _padded(windows, width)
    spans = pattern[(np.arange((last - first).days + 1) + first.weekday()) % 7]
    for day, windows in days.items():
        if first <= day <= last:
            spans[(day - first).days] = _padded(windows, width)
    return np.ascontiguousarray(spans.transpose(1, 2, 0))


def _padded(windows: tuple[Window, ...], width: int) -> npt.NDArray[np.int64]:
    spans = [*map(_span, windows), *[(0, 0)] * (width - len(windows))]
    return np.array(spans, np.int64).T


def _refuse_long_rest(spans: npt.NDArray[np.int64], first: date) -> None:
    """A clock must end: no stretch of the range may be closed for more than 366 days."""
    open_days = np.flatnonzero((spans[1] > spans[0]).any(axis=0))
    edges = np.concatenate(([-1], open_days, [spans.shape[2]]))
    gaps = np.diff(edges) - 1
    if gaps.max() > _LONGEST_REST or not open_days.size:
        start = first + timedelta(days=int(edges[gaps.argmax()]) + 1)
        raise ValueError(f"no open window in the {gaps.max()} days from {start}; give 'weekly' some opening hours")


def _notes(listed: HolidayList, exceptions: Iterable[DayException]) -> dict[date, DayNote]:
    return dict(_noted(listed, exceptions))


def _noted(listed: HolidayList, exceptions: Iterable[DayException]) -> Iterator[tuple[date, DayNote]]:
    for day, name in listed.closed.items():
        yield day, DayNote("holiday", name, "holidays")
    for day, name in listed.make_up.items():
        yield day, DayNote("make-up", name, "holidays")
    for exception in exceptions:
        yield exception.day, DayNote("exception", exception.name, exception.source)
