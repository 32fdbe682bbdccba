"""When an automation runs: its slots between two instants, by the wall clock of its zone, the calendar's days and nothing else."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from itertools import groupby
from typing import Literal
from zoneinfo import ZoneInfo

Moved = Literal["as_is", "next", "before"]
DayKind = Literal["every", "working", "weekdays", "month_days", "nth_working", "nth_weekday"]
Why = Literal["moved", "short month", "gap", "after days off", "make-up", "provisional"]

LAST = -1
"""An ordinal or a day of the month counted from the end: the last one."""
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
REACH = timedelta(days=45)
"""How far a day off can move a slot from the day that was meant; the longest rest a calendar may have is shorter in practice."""


@dataclass(frozen=True)
class WorkDays:
    """What a cadence asks of a calendar: its working days in order, the names of the days that differ, and how far it is official."""

    first: date
    last: date
    days: tuple[date, ...]
    names: Mapping[date, str] = field(default_factory=dict)
    official_until: date = date.max

    @cached_property
    def _open(self) -> frozenset[date]:
        return frozenset(self.days)

    def known(self, day: date) -> bool:
        """Whether the calendar reaches this day."""
        return self.first <= day <= self.last

    def working(self, day: date) -> bool:
        """Whether this is a working day; False where the calendar does not reach."""
        return day in self._open

    def moved(self, day: date, how: Moved) -> date | None:
        """The day itself when it is worked or nothing is said, else the nearest working day on that side; None beyond the calendar."""
        if how == "as_is" or self.working(day):
            return day
        place = bisect_right(self.days, day) if how == "next" else bisect_left(self.days, day) - 1
        return self.days[place] if self.known(day) and 0 <= place < len(self.days) else None

    def within(self, first: date, last: date) -> tuple[date, ...]:
        """The working days from `first` to `last`, both included."""
        return self.days[bisect_left(self.days, first) : bisect_right(self.days, last)]


@dataclass(frozen=True)
class DayRule:
    """Which days: `numbers` are weekdays (0 is Monday), days of the month or ordinals, -1 the last.

    `months` are the months meant, for ordinals the first months of periods of `span` months.
    """

    kind: DayKind = "every"
    numbers: tuple[int, ...] = ()
    months: tuple[int, ...] = tuple(range(1, 13))
    span: int = 1
    weekday: int = 0
    moved: Moved = "as_is"


@dataclass(frozen=True)
class Times:
    """Which times of such a day: those in `at`, or with `step` every so many minutes from `start` up to and including `end`."""

    at: tuple[time, ...] = ()
    step: int = 0
    start: time = time(0)
    end: time = time(23, 59)

    @cached_property
    def wall(self) -> tuple[time, ...]:
        """The times in order."""
        if not self.step:
            return tuple(sorted(set(self.at)))
        first, last = (each.hour * 60 + each.minute for each in (self.start, self.end))
        return tuple(time(*divmod(minute, 60)) for minute in range(first, last + 1, self.step))

    @property
    def goes_on(self) -> bool:
        """Whether an hour that comes twice is run through twice: steps of up to an hour would otherwise pause."""
        return 0 < self.step <= 60


@dataclass(frozen=True)
class Cadence:
    """Days and times in a zone; `text` is what the admin wrote."""

    days: DayRule
    times: Times
    text: str = ""


@dataclass(frozen=True, order=True, slots=True)
class Slot:
    """One instant (UTC) at which an automation is due, the wall clock it stands for, the day that was meant, and what is special."""

    at: datetime
    wall: datetime = field(compare=False)
    meant: date = field(compare=False)
    why: tuple[Why, ...] = field(compare=False, default=())


def slots(cadence: Cadence, zone: ZoneInfo, work: WorkDays, after: datetime, until: datetime) -> Iterator[Slot]:
    """The slots later than `after` and not later than `until` (both UTC), in order.

    A time that does not exist on its day is the next valid minute, one that comes twice counts once, two slots of one instant are one.
    """
    if after >= until:
        return
    first, last = (moment.astimezone(zone).date() for moment in (after, until))
    days = (_slots_of(cadence.times, zone, *chosen) for chosen in _days(cadence.days, work, first - DAY, last + DAY))
    found = (slot for each in days for slot in each[bisect_right(each, after, key=_instant) :])
    for at, same in groupby(found, key=_instant):
        if at <= until:
            yield next(same)


def next_slot(cadence: Cadence, zone: ZoneInfo, work: WorkDays, after: datetime) -> Slot | None:
    """The first slot later than `after`; None when the calendar or the next ten years hold none."""
    for reach in (2, 40, 400, 3653):
        found = next(slots(cadence, zone, work, after, after + reach * DAY), None)
        if found:
            return found
    return None


def previous_slot(cadence: Cadence, zone: ZoneInfo, work: WorkDays, until: datetime) -> Slot | None:
    """The last slot not later than `until`; None when ten years hold none."""
    for reach in (2, 40, 400, 3653):
        found = None
        for found in slots(cadence, zone, work, until - reach * DAY, until):  # noqa: B007 - the last one is wanted
            pass
        if found:
            return found
    return None


# Days

Chosen = tuple[date, date, tuple[Why, ...]]
"""The day, the day that was meant, and what is special about it."""


def _days(rule: DayRule, work: WorkDays, first: date, last: date) -> Iterator[Chosen]:
    """The days of a rule from `first` to `last`, in order; each day once."""
    if rule.kind not in ("every", "working", "weekdays"):
        chosen: Iterable[Chosen] = sorted(_dated_days(rule, work, first - REACH, last + REACH))
    elif rule.moved == "as_is":
        chosen = _plain_days(rule, work, first, last)
    else:
        chosen = sorted(_plain_days(rule, work, first - REACH, last + REACH))
    for day, same in groupby(chosen, key=lambda each: each[0]):
        if first <= day <= last:
            _, meant, why = next(same)
            yield day, meant, (*why, *(("provisional",) if _guessed(rule, work, day) else ()))


def _guessed(rule: DayRule, work: WorkDays, day: date) -> bool:
    """Whether the day rests on holidays nobody has announced yet."""
    asks = rule.kind in ("working", "nth_working") or rule.moved != "as_is"
    return asks and day > work.official_until


def _plain_days(rule: DayRule, work: WorkDays, first: date, last: date) -> Iterator[Chosen]:
    for number in range((last - first).days + 1):
        day = first + number * DAY
        if rule.kind == "working":
            if work.working(day):
                yield day, day, _about(work, day)
        elif rule.kind == "every" or day.weekday() in rule.numbers:
            moved = work.moved(day, rule.moved)
            if moved:
                yield moved, day, ("moved",) if moved != day else ()


def _about(work: WorkDays, day: date) -> tuple[Why, ...]:
    """Why a working day is worth a word: worked for a day off, or the first after days off in the week."""
    if day.weekday() > 4 and day in work.names:
        return ("make-up",)
    before = work.within(day - REACH, day - DAY)[-1:]
    rest = [day - number * DAY for number in range(1, (day - before[0]).days)] if before else []
    return ("after days off",) if any(each.weekday() < 5 for each in rest) else ()


def _dated_days(rule: DayRule, work: WorkDays, first: date, last: date) -> Iterator[Chosen]:
    for year in range(first.year, last.year + 1):
        for month in rule.months:
            if rule.kind == "month_days":
                yield from _month_days(rule, work, year, month)
            else:
                yield from _ordinal_days(rule, work, date(year, month, 1), month_end(year, month + rule.span - 1))


def _month_days(rule: DayRule, work: WorkDays, year: int, month: int) -> Iterator[Chosen]:
    end = month_end(year, month)
    for number in rule.numbers:
        meant = end if number == LAST else date(year, month, min(number, end.day))
        day = work.moved(meant, rule.moved)
        if day:
            short: tuple[Why, ...] = ("short month",) if number > end.day else ()
            yield day, meant, (*short, *(("moved",) if day != meant else ()))


def _ordinal_days(rule: DayRule, work: WorkDays, first: date, last: date) -> Iterator[Chosen]:
    """The nth working day, or the nth of a weekday, of a period; a period that has none is passed over."""
    if rule.kind == "nth_working":
        there = work.within(first, last) if work.known(first) and work.known(last) else ()
    else:
        start = first + ((rule.weekday - first.weekday()) % 7) * DAY
        there = tuple(start + week * 7 * DAY for week in range((last - start).days // 7 + 1))
    for number in rule.numbers:
        place = number if number < 0 else number - 1
        if -len(there) <= place < len(there):
            meant = there[place]
            day = work.moved(meant, rule.moved)
            if day:
                yield day, meant, ("moved",) if day != meant else ()


def month_end(year: int, month: int) -> date:
    """The last day of a month; month 13 is the January after."""
    year, month = year + month // 12, month % 12 + 1
    return date(year, month, 1) - DAY


# Times


@lru_cache(maxsize=48)
def _slots_of(times: Times, zone: ZoneInfo, day: date, meant: date, why: tuple[Why, ...]) -> tuple[Slot, ...]:
    """The slots of one day in order; of several at one instant the one whose time exists comes first.

    Kept, since a service asks for the same day with every tick; a day of every five minutes is 100 kB, so few of them.
    """
    found: list[Slot] = []
    for clock in times.wall:
        wall = datetime.combine(day, clock)
        real = [instant_of(wall.replace(fold=fold), zone) for fold in ((0, 1) if times.goes_on else (0,))]
        for at in sorted(set(real)):
            shown = at.astimezone(zone).replace(tzinfo=None, fold=0)
            found.append(Slot(at, shown, meant, why if shown == wall else (*why, "gap")))
    return tuple(sorted(found, key=lambda slot: (slot.at, "gap" in slot.why)))


def _instant(slot: Slot) -> datetime:
    return slot.at


def instant_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant (UTC) of a wall clock: the first of two, and for a time that does not exist the minute the clock goes on at."""
    at = wall.replace(tzinfo=zone).astimezone(UTC)
    back = at.astimezone(zone).replace(tzinfo=None)
    return at if back == wall.replace(fold=0) else _after_gap(wall, zone)


def _after_gap(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first instant whose wall clock is later than one that is left out: by halving the day around it."""
    bare = wall.replace(fold=0)
    low, high = (bare.replace(tzinfo=UTC) + side * DAY for side in (-1, 1))
    low, high = low - DAY, high + DAY
    while high - low > MINUTE:
        middle = low + MINUTE * ((high - low) // MINUTE // 2)
        if middle.astimezone(zone).replace(tzinfo=None) > bare:
            high = middle
        else:
            low = middle
    return high
