"""What staff type and when: entries of a table as events in time, and the working hours they are typed in."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from automations.model import Value

if TYPE_CHECKING:
    from automations.calendars import Calendar

OPENS, CLOSES = time(9), time(18)
ALWAYS = datetime(2000, 1, 1)
"""When something was typed that has stood there from the start."""

FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


@dataclass(eq=False)
class Entry:
    """One row of a table as staff fill it: (moment, column, value), in no particular order.

    `squeezed_in` is the place among the rows of the table where a person inserts it; without one it goes to the bottom.
    """

    table: str
    events: list[tuple[datetime, str, Value]] = field(default_factory=list)
    squeezed_in: int | None = None

    def put(self, at: datetime, **values: Value) -> Entry:
        """Cells typed at a moment; None is skipped."""
        self.events += [(at, column, value) for column, value in values.items() if value is not None]
        return self

    def drop(self, *columns: str) -> Entry:
        """Forget cells that were to be typed."""
        self.events = [event for event in self.events if event[1] not in columns]
        return self

    def change(self, at: datetime, **values: Value) -> Entry:
        """Other values in place of those that were to be typed."""
        return self.drop(*values).put(at, **values)

    def stop(self, at: datetime) -> Entry:
        """Nothing more is typed after this moment."""
        self.events = [event for event in self.events if event[0] <= at]
        return self

    @property
    def born(self) -> datetime:
        """When the row is begun."""
        return min(at for at, _, _ in self.events)

    def typed(self, after: datetime | None, until: datetime) -> dict[str, Value]:
        """The cells typed after one moment and until another, the latest value of each."""
        chosen = [event for event in self.events if (after is None or event[0] > after) and event[0] <= until]
        return {column: value for _, column, value in sorted(chosen, key=lambda event: event[0])}


@dataclass(frozen=True)
class Sorting:
    """A person sorts a whole tab by a column."""

    at: datetime
    table: str
    column: str


@dataclass(frozen=True)
class Renaming:
    """A person words a header differently."""

    at: datetime
    table: str
    column: str
    header: str


@dataclass(frozen=True)
class Filling:
    """People fill in cells of the rows the program made whose key has the pattern `which`; `copies` are columns taken over from others."""

    at: datetime
    table: str
    which: str
    values: Mapping[str, Value]
    but: tuple[str, ...] = ()
    copies: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Story:
    """Everything that will be typed, by table, and what is done to whole tabs."""

    entries: list[Entry] = field(default_factory=list)
    deeds: list[Sorting | Renaming | Filling] = field(default_factory=list)

    def entry(self, table: str) -> Entry:
        """A new row of a table."""
        self.entries.append(Entry(table))
        return self.entries[-1]

    def of(self, table: str) -> list[Entry]:
        """The rows of a table in the order they are begun."""
        return sorted((entry for entry in self.entries if entry.table == table and entry.events), key=lambda entry: entry.born)


class Office:
    """The working days and hours of the company, for telling when things happen."""

    def __init__(self, calendar: Calendar, first: date, last: date) -> None:
        days = np.arange(np.datetime64(first), np.datetime64(last) + 1)
        self.days: list[date] = [day.item() for day in days[calendar.is_workday(days)]]
        self._place = {day: place for place, day in enumerate(self.days)}

    def day(self, start: date, steps: int = 0) -> date:
        """The working day `steps` after a day; 0 is the day itself, or the next working day if it is a day off."""
        begun = next(start + timedelta(days=n) for n in range(20) if start + timedelta(days=n) in self._place)
        return self.days[min(max(0, self._place[begun] + steps), len(self.days) - 1)]

    def at(self, start: date, steps: int, clock: str) -> datetime:
        """A clock time of the working day `steps` after a day."""
        return datetime.combine(self.day(start, steps), time.fromisoformat(clock))

    def after(self, moment: datetime, hours: float) -> datetime:
        """The moment this many open hours later."""
        left = timedelta(hours=hours)
        while True:
            day = self.day(moment.date())
            begin = max(moment, datetime.combine(day, OPENS))
            open_for = datetime.combine(day, CLOSES) - begin
            if timedelta(0) < open_for and left <= open_for:
                return (begin + left).replace(second=0, microsecond=0)
            left -= max(timedelta(0), open_for)
            moment = datetime.combine(self.day(day, 1), OPENS)

    def between(self, first: date, last: date) -> list[date]:
        """The working days from one day to another, both included."""
        return [day for day in self.days if first <= day <= last]


def spell(entries: Iterable[Entry], rng: random.Random, share: float) -> None:
    """Let a share of the dates, numbers and ticks be typed as people really type them."""
    for entry in entries:
        entry.events = [(at, column, as_typed(value, rng) if rng.random() < share else value) for at, column, value in entry.events]


def as_typed(value: Value, rng: random.Random) -> Value:
    """A value in one of the spellings people use."""
    if isinstance(value, bool):
        return "√" if value else "否"
    if isinstance(value, datetime):
        return f"{as_typed(value.date(), rng)} {value:%H:%M}"
    if isinstance(value, date):
        form = rng.choice(("{0.year}年{0.month}月{0.day}日", "{0.year}/{0.month}/{0.day}"))
        return form.format(value)
    if isinstance(value, Decimal):
        return f"{value:,}元" if value.as_tuple().exponent == -2 else str(value).translate(FULL_WIDTH)
    return value
