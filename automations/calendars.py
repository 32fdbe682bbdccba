"""Working days, opening hours and due instants: exact, whole columns at a time, and refused outside the known years.

Every instant is a naive local `datetime64[s]`, and NaT stays NaT. Counts that cannot be given for a NaT are `NO_COUNT`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Literal, cast

import numpy as np
import numpy.typing as npt

from automations.cadence import WorkDays
from automations.instants import (
    DAY,
    NO_COUNT,
    Column,
    Counts,
    Flags,
    Instants,
    Unit,
    dated,
    days_on,
    either,
    filled,
    instants_of,
    lengths_of,
    months_on,
    split,
    whole_of,
)
from automations.openinghours import CalendarSettings, DayException, DayKind, DayNote, DayTable, Window, day_table, seconds_of, window

__all__ = [
    "NO_COUNT",
    "Calendar",
    "CalendarSettings",
    "DayException",
    "OutsideCalendar",
    "Unit",
    "WalkDay",
    "Window",
    "window",
]

At = Literal["close", "time_of_start"]
IfClosed = Literal["as_is", "next_open", "previous_open"]

SQL_EPOCH = date(2000, 1, 1)
_EPOCH = date(1970, 1, 1)


class OutsideCalendar(ValueError):
    """A date lies outside the days a calendar knows."""


@dataclass(frozen=True)
class WalkDay:
    """One day on the way from a start to a due instant.

    `seconds` is the open time of this day between the two, `count` the working days after the start day up to and including this one.
    `name` is the holiday, the exception's name, or for a make-up day the ISO day off it pays for.
    """

    day: date
    open: bool
    kind: DayKind
    name: str
    source: str
    seconds: int
    count: int
    provisional: bool


class Calendar:
    """The clocks of one calendar: a table of days, and whole-column arithmetic on it.

    A *working day* is a day with an open window. Whatever has to read a day outside `first` to `last` raises OutsideCalendar.
    """

    def __init__(self, settings: CalendarSettings, table: DayTable) -> None:
        self.settings = settings
        self.first, self.last, self.official_until = table.first, table.last, table.official_until
        self._notes = table.notes
        self._origin = (table.first - _EPOCH).days
        self._begin, self._end = self._origin * DAY, ((table.last - _EPOCH).days + 1) * DAY
        self._lay_out_days(table)
        self._lay_out_windows(table)

    @classmethod
    def build(cls, settings: CalendarSettings) -> Calendar:
        """Lay out a calendar. Raises ValueError that names the calendar, the place and the way out (see `day_table`)."""
        return cls(settings, day_table(settings))

    def _lay_out_days(self, table: DayTable) -> None:
        ends = table.opens + table.lengths
        self._is_open: Flags = np.asarray(table.lengths.any(axis=0))
        self._upto: Counts = np.cumsum(self._is_open, dtype=np.int64)
        self._before: Counts = self._upto - self._is_open
        self._workdays: Counts = np.flatnonzero(self._is_open) + self._origin
        self._opening: Counts = np.where(table.lengths > 0, table.opens, DAY).min(axis=0)
        self._closing: Counts = ends.max(axis=0)
        last_second = np.minimum(self._closing, DAY - 1)
        self._last_second: Counts = last_second
        self._due_at_close: Counts = self._workdays * DAY + last_second[self._is_open]

    def _lay_out_windows(self, table: DayTable) -> None:
        self._opens, self._lengths = table.opens, table.lengths
        a_day = table.lengths.sum(axis=0)
        self._open_before: Counts = np.cumsum(a_day) - a_day
        used = table.lengths.T > 0
        midnights = np.arange(self._begin, self._end, DAY)[:, None]
        self._starts: Counts = (midnights + table.opens.T)[used]
        self._totals: Counts = np.cumsum(table.lengths.T[used])
        self._total_before: Counts = self._totals - table.lengths.T[used]

    # Days

    def is_workday(self, days: npt.ArrayLike) -> Flags:
        """Whether each day is a working day; False for NaT."""
        places, missing = self._places(days)
        return np.asarray(self._is_open[places] & ~np.asarray(either(missing, None)))

    def workdays_until(self, days: npt.ArrayLike) -> Counts:
        """Working days from the start of the calendar up to and including each day; NO_COUNT for NaT."""
        places, missing = self._places(days)
        return filled(self._upto[places], missing)

    def workdays_between(self, starts: npt.ArrayLike, ends: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Working days after the day of `starts` up to and including the day of `ends`; negative when it lies before, NaN for NaT.

        `workdays_between(a, add_workdays(a, n)) == n` for every n > 0.
        """
        (one, no_start), (other, no_end) = self._places(starts), self._places(ends)
        between = (self._upto[other] - self._upto[one]).astype(np.float64)
        return cast("npt.NDArray[np.float64]", np.where(either(no_start, no_end), np.nan, between))

    def add_workdays(self, starts: npt.ArrayLike, counts: npt.ArrayLike) -> Instants:
        """The Nth working day after each start day, as `datetime64[D]`; the start day is day 0, even a day off.

        0 gives the start day itself, or the next working day when it is a day off; a negative count the Nth working day before.
        """
        (places, missing), (steps, no_count) = self._places(starts), whole_of(counts, "working_days")
        days = self._workdays[self._slots(places, _still(steps, missing))]
        return filled(days, missing, no_count).view("datetime64[D]")

    def close_of(self, days: npt.ArrayLike) -> Instants:
        """The end of the last window of each day (24:00 is 00:00 of the day after); NaT for a closed day."""
        places, missing = self._places(days)
        ends = (places + self._origin) * DAY + self._closing[places]
        return dated(ends, missing, ~self._is_open[places])

    def provisional(self, instants: npt.ArrayLike) -> Flags:
        """Whether each instant lies after the last day whose schedule is official; False for NaT."""
        return instants_of(instants) >= np.datetime64(self.official_until + timedelta(days=1), "s")

    def covers(self, instants: npt.ArrayLike) -> Flags:
        """Whether each instant lies on a day this calendar knows; False for NaT. Asked first, it spares a column an OutsideCalendar."""
        numbers = instants_of(instants).view(np.int64)
        flags: Flags = (numbers >= self._begin) & (numbers < self._end)
        return flags

    def workday_lists(self) -> tuple[list[int | None], list[int]]:
        """Two lists for use inside SQL, both counted from 2000-01-01.

        The first holds at d (days since 2000-01-01) the working days up to and including that day, None before the calendar's first day;
        the second at k - 1 the day (since 2000-01-01) of the kth working day.
        """
        shift = (self.first - SQL_EPOCH).days
        offsets = self._workdays - self._origin + shift
        skipped = int(np.count_nonzero(offsets < 0))
        ordinals = (self._upto[max(0, -shift) :] - skipped).tolist()
        return [None] * max(0, shift) + ordinals, offsets[skipped:].tolist()

    @cached_property
    def work_days(self) -> WorkDays:
        """The working days as plain dates, with the names of the days that differ, for what counts in days and not in columns."""
        days: list[date] = self._workdays.astype("datetime64[D]").tolist()
        names = {day: note.name or note.kind for day, note in self._notes.items()}
        return WorkDays(self.first, self.last, tuple(days), names, self.official_until)

    # Opening hours

    def open_seconds(self, instants: npt.ArrayLike) -> Counts:
        """Open time from the start of the calendar up to each instant, in seconds; NO_COUNT for NaT."""
        numbers, missing = self._known(instants)
        return filled(self._elapsed(numbers), missing)

    def at_open_seconds(self, totals: npt.ArrayLike) -> Instants:
        """The earliest instant with that much open time before it: a total that ends at closing time stays there. NaT for NO_COUNT."""
        numbers = np.asarray(totals, np.int64)
        missing = numbers < NO_COUNT // 2  # a length added to NO_COUNT is still none
        return dated(self._arrive(np.where(missing, 0, numbers)), missing)

    def share(self, starts: npt.ArrayLike, dues: npt.ArrayLike, share: float) -> Instants:
        """The first second at which `share` (0.5 is half) of the open time between start and due is used up.

        0 is the start and 1 the due instant itself. With no open time between them it is the due instant. A share over 1 lies after due.
        """
        (begin, no_start), (end, no_due) = self._known(starts), self._known(dues)
        used = self._elapsed(begin)
        length = self._elapsed(end) - used
        part = np.ceil(length * share - 1e-6).astype(np.int64)
        reached = np.maximum(self._arrive(np.where(either(no_start, no_due), 0, used + part)), begin)
        return dated(np.where((length <= 0) | (share == 1), end, reached), no_start, no_due)

    def shift_open(self, instants: npt.ArrayLike, seconds: npt.ArrayLike) -> Instants:
        """Move instants by open time, in seconds.

        Forward stops as early as it can (at closing time rather than the next opening), back stops as late as it can
        (at opening time rather than the close before), so that "1 hour before" falls into open time. 0 moves nothing.
        """
        (numbers, missing), (steps, no_step) = self._known(instants), whole_of(seconds)
        return dated(self._shifted(numbers, _still(steps, missing)), missing, no_step)

    def next_open(self, instants: npt.ArrayLike) -> Instants:
        """The instant itself when open (windows are half-open: closing time is closed), else the start of the next window."""
        numbers, missing = self._known(instants)
        return dated(self._resume(self._elapsed(numbers)), missing)

    # Due instants

    def due(
        self,
        starts: npt.ArrayLike,
        amounts: npt.ArrayLike,
        unit: Unit,
        *,
        at: At = "close",
        cutoff: time | None = None,
        if_closed: IfClosed = "as_is",
    ) -> Instants:
        """The due instant of each start plus an amount of `unit`; NaT where either is missing (NaT, NaN or None).

        - `working_days`: closing time of the Nth working day after the start day (23:59:59 where it closes at 24:00), or with `at`
          time_of_start the start's time of day, kept within that day's opening hours. A start on a day off is day 0, and has used it up.
          0 days: the start day, else the next working day, never before the start. With a `cutoff`, a start later than that time, or on a
          day off, counts from the opening of the next working day.
        - `days`, `months`: 23:59:59 of the Nth calendar day, or of the same day N months on (the month's last day where it is shorter);
          `if_closed` moves a due day off to the next or previous working day.
        - `hours`, `minutes`: clock time, fractions to the second. `working_hours`: open time, the earliest instant that reaches it.

        Raises OutsideCalendar, and ValueError for an unknown unit or a fraction of a day or month.
        """
        begin, count = instants_of(starts), lengths_of(amounts, unit)
        if unit == "working_days":
            return self._due_working_days(begin, count, at, cutoff)
        if unit == "working_hours":
            return self._due_open(begin, count)
        if unit in ("days", "months"):
            return self._due_calendar(split(begin), count, unit, if_closed)
        (numbers, missing), (seconds, no_count) = split(begin), count
        return dated(numbers + seconds, missing, no_count)

    def _due_working_days(self, begin: Instants, count: Column, at: At, cutoff: time | None) -> Instants:
        (numbers, missing), (steps, no_count) = self._known(begin), count
        steps = _still(steps, missing)
        if at == "close" and cutoff is None:
            dues = self._due_at_close.take(self._slots(self._place(numbers), steps), mode="clip")
        else:
            dues = self._due_from_moved(numbers, steps, at, cutoff)
        if not steps.all():
            dues = np.where(steps == 0, np.maximum(dues, numbers), dues)
        return dated(dues, missing, no_count)

    def _due_from_moved(self, numbers: Counts, steps: Counts, at: At, cutoff: time | None) -> Counts:
        places, seconds = np.divmod(numbers - self._begin, DAY)
        seconds = np.where(self._is_open[places], seconds, np.where(steps > 0, DAY, 0))
        if cutoff is not None:
            moved = seconds > seconds_of(cutoff)
            places = np.where(moved, self._workdays[self._slots(places, moved.astype(np.int64))] - self._origin, places)
            seconds = np.where(moved, 0, seconds)
        slots = self._slots(places, steps)
        if at == "close":
            return self._due_at_close[slots]
        days = self._workdays[slots]
        there = days - self._origin
        dues: Counts = days * DAY + np.clip(seconds, self._opening[there], self._last_second[there])
        return dues

    def _due_calendar(self, begin: Column, count: Column, unit: str, if_closed: IfClosed) -> Instants:
        (numbers, missing), (steps, no_count) = begin, count
        days: Counts = days_on(numbers, steps) if unit == "days" else months_on(numbers, steps)
        if if_closed != "as_is":
            days = self._moved_open(np.where(either(missing, no_count), self._workdays[0], days), if_closed)
        return dated(days * DAY + DAY - 1, missing, no_count)

    def _moved_open(self, days: Counts, if_closed: IfClosed) -> Counts:
        places, _ = self._places(days.astype("datetime64[D]"))
        slots = self._before[places] if if_closed == "next_open" else self._upto[places] - 1
        self._refuse_slots(slots, places, "the nearest working day")
        return self._workdays[slots]

    def _due_open(self, begin: Instants, count: Column) -> Instants:
        (numbers, missing), (steps, no_count) = self._known(begin), count
        return dated(self._shifted(numbers, _still(steps, missing)), missing, no_count)

    # Explaining

    def walk(self, start: datetime, due: datetime) -> list[WalkDay]:
        """Day by day from start to due, both included; empty when due lies before start."""
        if due < start:
            return []
        days = np.arange(np.datetime64(start, "D"), np.datetime64(due, "D") + 1)
        edges = np.concatenate(([np.datetime64(start, "s")], days[1:].astype("datetime64[s]"), [np.datetime64(due, "s")]))
        seconds = np.diff(self.open_seconds(edges)).tolist()
        counts = (self.workdays_until(days) - self.workdays_until(days[:1])).tolist()
        opened = self.is_workday(days).tolist()
        return [self._walk_day(*day) for day in zip(days.tolist(), opened, seconds, counts, strict=True)]

    def _walk_day(self, day: date, opened: bool, seconds: int, count: int) -> WalkDay:
        note = self._notes.get(day) or DayNote("working" if opened else "weekend", "", "")
        return WalkDay(day, opened, note.kind, note.name, note.source, seconds, count, day > self.official_until)

    # Reading the tables

    def _known(self, instants: npt.ArrayLike) -> Column:
        """Seconds of instants, all of them on known days (missing ones stand on the first working day)."""
        numbers, missing = split(instants_of(instants), int(self._workdays[0]) * DAY)
        if numbers.size and (numbers.min() < self._begin or numbers.max() >= self._end):
            strays = numbers[(numbers < self._begin) | (numbers >= self._end)]
            self._refuse(f"{strays.flat[0].astype('datetime64[s]').astype('datetime64[D]')} lies outside; correct the date")
        return numbers, missing

    def _refuse(self, what: str) -> None:
        raise OutsideCalendar(f"calendar '{self.settings.name}' knows {self.first} to {self.last}; {what}, or widen the calendar's range")

    def _place(self, numbers: Counts) -> Counts:
        places: Counts = numbers // DAY
        return places - self._origin

    def _places(self, days: npt.ArrayLike) -> Column:
        numbers, missing = self._known(days)
        return self._place(numbers), missing

    def _slots(self, places: Counts, steps: Counts) -> Counts:
        """Which working day (0 is the first) lies `steps` after each place; all of them exist."""
        if steps.size and steps.min() > 0:
            slots: Counts = self._upto.take(places, mode="clip") + (steps - 1)
        else:
            slots = np.where(steps > 0, self._upto[places] - 1, self._before[places]) + steps
        self._refuse_slots(slots, places, "a number of working days")
        return slots

    def _refuse_slots(self, slots: Counts, places: Counts, what: str) -> None:
        if slots.size and (slots.min() < 0 or slots.max() >= self._workdays.size):
            strays = np.broadcast_to(places, slots.shape)[(slots < 0) | (slots >= self._workdays.size)]
            self._refuse(f"{what} from {self.first + timedelta(days=int(strays.flat[0]))} leads outside; correct the date")

    def _elapsed(self, numbers: Counts) -> Counts:
        places, seconds = np.divmod(numbers - self._begin, DAY)
        total: Counts = self._open_before[places]
        for opens, lengths in zip(self._opens, self._lengths, strict=True):
            total = total + np.clip(seconds - opens[places], 0, lengths[places])
        return total

    def _shifted(self, numbers: Counts, steps: Counts) -> Counts:
        totals = self._elapsed(numbers) + steps
        ahead = np.maximum(self._arrive(np.where(steps < 0, 0, totals)), numbers)
        if not (steps < 0).any():
            return np.asarray(ahead)
        back = np.minimum(self._resume(np.where(steps < 0, totals, 0)), numbers)
        return np.where(steps < 0, back, ahead)

    def _arrive(self, totals: Counts) -> Counts:
        """The earliest seconds with these totals; 0 or less is the start of the calendar."""
        self._refuse_totals(totals, self._totals[-1])
        found = np.searchsorted(self._totals, totals, side="left")
        return np.asarray(np.where(totals <= 0, self._begin, self._starts[found] + totals - self._total_before[found]))

    def _resume(self, totals: Counts) -> Counts:
        """The latest seconds with these totals, always in open time."""
        self._refuse_totals(totals, self._totals[-1] - 1)
        found = np.searchsorted(self._totals, totals, side="right")
        return np.asarray(self._starts[found] + totals - self._total_before[found])

    def _refuse_totals(self, totals: Counts, limit: np.int64) -> None:
        if totals.size and totals.max() > limit:
            self._refuse(f"a length of open time ends after {self.last}; correct the start or the length")
        if (found := totals[totals < 0]).size:
            self._refuse(f"a length of open time ({int(found.flat[0])} s) begins before {self.first}; correct the start or the length")


def _still(steps: Counts, missing: Flags | None) -> Counts:
    """No steps from where the start is missing."""
    return steps if missing is None else np.where(missing, 0, steps)
