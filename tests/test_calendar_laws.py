"""The laws of the clocks, on any calendar hypothesis can think of, against a plain reference that walks tick by tick."""

from __future__ import annotations

from calendar import monthrange
from contextlib import suppress
from datetime import date, datetime, time, timedelta

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from automations.calendars import Calendar, CalendarSettings, DayException, OutsideCalendar

FIRST, DAYS, TICK = date(2025, 1, 1), 42, 600
TICKS = DAYS * 86_400 // TICK
A_DAY = 86_400 // TICK
OFFICE = Calendar.build(CalendarSettings("office", country=None))


def clock(tick: int) -> time:
    return (datetime(2025, 1, 1) + timedelta(seconds=tick * TICK)).time()


@st.composite
def windows(draw, fewest=0):
    """Up to three windows on ten-minute marks; some end at 24:00."""
    marks = sorted(draw(st.sets(st.integers(0, A_DAY), min_size=2, max_size=6))) if fewest or draw(st.booleans()) else []
    return tuple((clock(start), clock(end)) for start, end in zip(marks[::2], marks[1::2], strict=False))


@st.composite
def calendars(draw):
    weekly = {0: draw(windows(1)), **{weekday: draw(windows()) for weekday in range(1, 7)}}
    days = draw(st.sets(st.integers(0, DAYS - 1), max_size=4))
    exceptions = tuple(DayException(FIRST + timedelta(day), draw(windows())) for day in sorted(days))
    return Calendar.build(
        CalendarSettings("any", weekly, country=None, exceptions=exceptions, first=FIRST, last=FIRST + timedelta(DAYS - 1))
    )


class Plain:
    """The plain definition: one flag per ten minutes, one list of windows per day, and counting."""

    def __init__(self, calendar: Calendar) -> None:
        own = {exception.day: exception.windows for exception in calendar.settings.exceptions}
        days = [FIRST + timedelta(day) for day in range(DAYS)]
        self.windows = [own.get(day, calendar.settings.weekly.get(day.weekday(), ())) for day in days]
        self.open = [any(covers(window, tick) for window in windows) for windows in self.windows for tick in range(A_DAY)]

    def elapsed(self, start: int, end: int) -> int:
        return sum(self.open[start:end])

    def due(self, start: int, ticks: int) -> int | None:
        return next((end for end in range(start, TICKS) if self.elapsed(start, end) == ticks), None)

    def nth_workday(self, day: int, n: int) -> int | None:
        if n == 0 and self.windows[day]:
            return day
        later = [later for later in range(day + 1, DAYS) if self.windows[later]]
        return later[max(n, 1) - 1] if len(later) >= max(n, 1) else None

    def last_second(self, day: int) -> int:
        end = max(window[1].hour * 3600 + window[1].minute * 60 or 86_400 for window in self.windows[day])
        return day * 86_400 + min(end, 86_399)


def covers(window: tuple[time, time], tick: int) -> bool:
    start, end = (mark.hour * 3600 + mark.minute * 60 for mark in window)
    return start <= tick * TICK < (end or 86_400)


def instant(seconds) -> np.ndarray:
    return np.datetime64(FIRST, "s") + np.asarray(seconds)


ticks = st.integers(0, TICKS // 2)
seconds = st.integers(0, DAYS * 43_200)
ANY = settings(max_examples=60, deadline=None)


@ANY
@given(calendars(), ticks, st.integers(0, 200))
def test_working_time_is_what_counting_tick_by_tick_gives(calendar, start, amount):
    expected = Plain(calendar).due(start, amount)
    assume(expected is not None)

    due = calendar.due(instant([start * TICK]), [amount * TICK / 3600], "working_hours")

    assert due.tolist() == instant([expected * TICK]).tolist()


@ANY
@given(calendars(), ticks, ticks)
def test_open_time_is_what_counting_tick_by_tick_gives(calendar, start, end):
    between = np.diff(calendar.open_seconds(instant([start * TICK, end * TICK])))

    plain = Plain(calendar)
    assert between.tolist() == [(plain.elapsed(start, end) - plain.elapsed(end, start)) * TICK]


@ANY
@given(calendars(), seconds, st.integers(0, 12))
def test_working_days_are_what_counting_day_by_day_gives(calendar, start, amount):
    plain = Plain(calendar)
    expected = plain.nth_workday(start // 86_400, amount)
    assume(expected is not None)

    due = calendar.due(instant([start]), [amount], "working_days")

    assert due.tolist() == instant([max(plain.last_second(expected), start if amount == 0 else 0)]).tolist()
    assert calendar.add_workdays(instant([start]), amount).tolist() == [FIRST + timedelta(expected)]
    if amount:
        assert calendar.workdays_between(instant([start]), due).tolist() == [amount]


@ANY
@given(calendars(), seconds, st.integers(0, 100_000))
def test_elapsed_time_up_to_a_due_instant_is_the_length_asked_for(calendar, start, length):
    elapsed = calendar.open_seconds(instant([start]))
    assume(elapsed[0] + length <= calendar.open_seconds(instant([DAYS * 86_400 - 1]))[0])

    due = calendar.shift_open(instant([start]), length)

    assert (calendar.open_seconds(due) - elapsed).tolist() == [length]
    back = calendar.shift_open(due, -length)
    assert calendar.open_seconds(back).tolist() == elapsed.tolist()
    assert calendar.at_open_seconds(elapsed)[0] <= instant(start), "the earliest instant with that total"


@ANY
@given(
    calendars(),
    st.lists(st.integers(0, 20 * 86_400), min_size=2, max_size=30),
    st.lists(st.integers(0, 3), min_size=2, max_size=4),
    st.sampled_from(["close", "time_of_start"]),
    st.sampled_from([None, time(12)]),
    st.sampled_from(["as_is", "next_open", "previous_open"]),
)
def test_a_later_start_or_a_longer_length_is_never_due_earlier(calendar, starts, lengths, at, cutoff, if_closed):
    column, amounts = instant(sorted(starts))[None, :], np.array(sorted(lengths))[:, None]

    for unit in ("working_days", "days", "hours", "working_hours"):
        with suppress(OutsideCalendar):  # six weeks of a calendar that hardly opens do not hold every length
            dues = calendar.due(column, amounts, unit, at=at, cutoff=cutoff, if_closed=if_closed)

            assert (np.diff(dues, axis=0).astype(int) >= 0).all(), (unit, "a longer length")
            assert (np.diff(dues, axis=1).astype(int) >= 0).all(), (unit, "a later start")


@ANY
@given(st.dates(date(1999, 1, 1), date(2040, 1, 1)), st.integers(-30, 30))
def test_months_keep_the_day_or_take_the_last_one(day, months):
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    expected = date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))

    due = OFFICE.due(np.datetime64(day), months, "months")

    assert due.item() == datetime.combine(expected, time(23, 59, 59))


@ANY
@given(calendars(), seconds, st.integers(0, 86_400 * 5), st.lists(st.floats(0, 1), min_size=2, max_size=5))
def test_a_greater_share_is_never_reached_earlier(calendar, start, length, shares):
    reached = [calendar.share(instant([start]), instant([start + length]), share)[0] for share in sorted(shares)]

    assert reached == sorted(reached)
    assert instant(start) <= reached[0]
    assert reached[-1] <= instant(start + length)


@ANY
@given(calendars(), st.lists(seconds, min_size=1, max_size=20))
def test_the_next_open_instant_is_open_and_nothing_before_it_is(calendar, starts):
    assume(calendar.open_seconds(instant([DAYS * 86_400 - 1]))[0] > calendar.open_seconds(instant([max(starts)]))[0] + 1)
    opened = calendar.next_open(instant(starts))

    assert (opened >= instant(starts)).all()
    assert (calendar.open_seconds(opened) == calendar.open_seconds(instant(starts))).all()
    assert (calendar.open_seconds(opened + 1) == calendar.open_seconds(opened) + 1).all()


@ANY
@given(calendars(), seconds, seconds)
def test_a_walk_adds_up_to_the_open_time_and_the_working_days(calendar, one, other):
    start, due = instant(min(one, other)), instant(max(one, other))

    walk = calendar.walk(start.item(), due.item())

    assert sum(day.seconds for day in walk) == calendar.open_seconds(due) - calendar.open_seconds(start)
    assert walk[-1].count == calendar.workdays_between(start, due)
    assert [day.day for day in walk] == np.arange(start.astype("M8[D]"), due.astype("M8[D]") + 1).tolist()
