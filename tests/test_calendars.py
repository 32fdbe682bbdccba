"""The clocks by example: the tables of the policy catalogue and of the written semantics, and every choice the docstrings promise."""

from __future__ import annotations

from datetime import date, datetime, time

import numpy as np
import pytest

from automations.calendars import NO_COUNT, Calendar, CalendarSettings, DayException, OutsideCalendar, WalkDay, window

LUNCH = {weekday: (window("09:00-12:00"), window("13:00-18:00")) for weekday in range(5)}
ROUND_THE_CLOCK = {weekday: (window("00:00-24:00"),) for weekday in range(5)}
FIRST, LAST = date(2025, 1, 1), date(2026, 12, 31)
CN = Calendar.build(CalendarSettings("cn"))


def calendar(*exceptions: DayException, weekly=LUNCH) -> Calendar:
    """Example calendar C of the semantics: 09:00-12:00 and 13:00-18:00, Monday to Friday, no holidays unless said."""
    return Calendar.build(CalendarSettings("C", weekly, country=None, exceptions=exceptions, first=FIRST, last=LAST))


C = calendar()


def at(text: str) -> np.datetime64:
    """`Wed 17:00` of the week of Monday 2025-03-03 (`Mon+` is the Monday after), or a plain date and time."""
    day, _, clock = text.partition(" ")
    names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    if day[:3] in names:
        day = str(np.datetime64("2025-03-03") + names.index(day[:3]) + 7 * day.endswith("+"))
    return np.datetime64(f"{day}T{clock or '00:00'}", "s")


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()[1:]]


def column(*texts: str) -> np.ndarray:
    return np.array([np.datetime64("NaT") if text == "" else at(text) for text in texts], dtype="datetime64[s]")


def shown(instants: np.ndarray) -> list[str]:
    return ["" if np.isnat(each) else str(each).replace("T", " ") for each in np.atleast_1d(instants)]


def due(clock: Calendar, start: str, amount: str, **choices) -> np.datetime64:
    number, unit = amount.split(" ")
    return clock.due(column(start), [float(number)], unit, **choices)[0]


HALF_MONDAY = DayException(date(2025, 3, 10), (window("09:00-12:00"),))
FRIDAY_OFF = DayException(date(2025, 3, 7))


@pytest.mark.parametrize(
    ("start", "amount", "exception", "expected"),
    rows("""
        start     | amount          | exception   | due
        Fri 17:30 | 1 working_hours |             | Mon+ 09:30
        Wed 11:30 | 2 working_hours |             | Wed 14:30
        Wed 17:00 | 1 working_hours |             | Wed 18:00
        Wed 18:00 | 1 working_hours |             | Thu 10:00
        Sat 10:00 | 8 working_hours |             | Mon+ 18:00
        Fri 16:00 | 4 working_hours | half Monday | Mon+ 11:00
        Wed 10:00 | 2 working_days  | Friday off  | Mon+ 18:00
    """),
)
def test_working_time_and_working_days_follow_the_written_table(start, amount, exception, expected):
    exceptions = {"": (), "half Monday": (HALF_MONDAY,), "Friday off": (FRIDAY_OFF,)}

    assert due(calendar(*exceptions[exception]), start, amount) == at(expected)


def test_a_pause_counts_only_its_open_time():
    paused = C.open_seconds(column("Mon+ 10:00")) - C.open_seconds(column("Fri 17:00"))

    assert paused.tolist() == [2 * 3600]
    assert C.shift_open(C.due(column("Fri 16:00"), 4, "working_hours"), paused)[0] == at("Mon+ 14:00")


@pytest.mark.parametrize(
    ("start", "amount", "choice", "expected"),
    rows("""
        start            | amount          | choice        | due
        2025-09-26 16:30 | 1 working_days  |               | 2025-09-28 18:00
        2025-09-28 10:00 | 2 working_days  |               | 2025-09-30 18:00
        2025-09-28 10:00 | 3 working_days  |               | 2025-10-09 18:00
        2025-09-28       | 5 working_days  |               | 2025-10-11 18:00
        2025-09-28       | 15 working_days |               | 2025-10-24 18:00
        2025-10-24       | 2 working_days  |               | 2025-10-28 18:00
        2025-09-26       | 18 working_days |               | 2025-10-28 18:00
        2025-10-28 10:00 | 3 working_days  | time_of_start | 2025-10-31 10:00
        2025-10-28 10:00 | 72 hours        |               | 2025-10-31 10:00
        2025-09-26 16:30 | 24 hours        |               | 2025-09-27 16:30
        2025-09-26 16:30 | 3 days          |               | 2025-09-29 23:59:59
        2025-09-26 16:30 | 72 hours        |               | 2025-09-29 16:30
        2025-09-26 16:30 | 48 hours        |               | 2025-09-28 16:30
        2025-09-29       | 2 working_days  |               | 2025-10-09 18:00
        2025-09-29       | 5 working_days  |               | 2025-10-13 18:00
        2025-03-03       | 15 days         |               | 2025-03-18 23:59:59
        2025-03-03       | 30 days         |               | 2025-04-02 23:59:59
        2025-03-03       | 45 days         |               | 2025-04-17 23:59:59
        2025-03-03       | 2 months        |               | 2025-05-03 23:59:59
        2025-03-03       | 12 working_days |               | 2025-03-19 18:00
        2025-03-21       | 3 working_days  |               | 2025-03-26 18:00
        2025-06-30       | 24 months       |               | 2027-06-30 23:59:59
    """),
)
def test_the_worked_examples_of_the_policies_come_out(start, amount, choice, expected):
    assert due(CN, start, amount, at=choice or "close") == at(expected)


@pytest.mark.parametrize(
    ("start", "amount", "choices", "expected"),
    [
        ("Fri 16:00", "1 working_days", {"cutoff": time(16)}, "Mon+ 18:00"),
        ("Fri 16:01", "1 working_days", {"cutoff": time(16)}, "2025-03-11 18:00"),
        ("Sat 10:00", "1 working_days", {}, "Mon+ 18:00"),
        ("Sat 10:00", "1 working_days", {"cutoff": time(16)}, "2025-03-11 18:00"),
        ("Sat 10:00", "-1 working_days", {"cutoff": time(16)}, "Fri 18:00"),
        ("Fri 20:00", "1 working_days", {"at": "time_of_start"}, "Mon+ 18:00"),
        ("Sat 10:00", "1 working_days", {"at": "time_of_start"}, "Mon+ 18:00"),
        ("Fri 17:00", "1 working_days", {"at": "time_of_start", "cutoff": time(16)}, "2025-03-11 09:00"),
        ("Wed 10:00", "0 working_days", {}, "Wed 18:00"),
        ("Wed 20:00", "0 working_days", {}, "Wed 20:00"),
        ("Sat 10:00", "0 working_days", {}, "Mon+ 18:00"),
        ("Sat 10:00", "-1 working_days", {}, "Fri 18:00"),
        ("Wed 10:00", "-2 working_days", {}, "Mon 18:00"),
        ("Wed 10:00", "3 days", {}, "Sat 23:59:59"),
        ("Wed 10:00", "3 days", {"if_closed": "next_open"}, "Mon+ 23:59:59"),
        ("Wed 10:00", "3 days", {"if_closed": "previous_open"}, "Fri 23:59:59"),
        ("2025-01-31 10:00", "1 months", {}, "2025-02-28 23:59:59"),
        ("2025-03-31 10:00", "-1 months", {"if_closed": "next_open"}, "2025-02-28 23:59:59"),
        ("Wed 10:00", "90 minutes", {}, "Wed 11:30"),
        ("Wed 10:00", "0.5 hours", {}, "Wed 10:30"),
        ("Wed 11:30", "1.5 working_hours", {}, "Wed 14:00"),
        ("Mon+ 10:00", "-1 working_hours", {}, "Mon+ 09:00"),
        ("Sat 10:00", "0 working_hours", {}, "Sat 10:00"),
    ],
)
def test_every_choice_of_a_due_date_is_as_its_docstring_says(start, amount, choices, expected):
    assert due(C, start, amount, **choices) == at(expected)


def test_a_later_start_is_never_due_earlier_even_at_the_time_of_start():
    starts = column("Fri 17:00", "Fri 20:00", "Sat 17:00", "Sun 10:00", "Mon+ 08:00", "Mon+ 10:00")

    dues = shown(C.due(starts, 1, "working_days", at="time_of_start"))

    assert dues == ["2025-03-10 17:00:00", *["2025-03-10 18:00:00"] * 3, "2025-03-11 09:00:00", "2025-03-11 10:00:00"]


def test_the_time_of_start_is_kept_within_a_half_day():
    assert due(calendar(HALF_MONDAY), "Fri 17:00", "1 working_days", at="time_of_start") == at("Mon+ 12:00")


def test_a_day_that_ends_at_24_00_loses_no_second():
    open_all_day = calendar(weekly=ROUND_THE_CLOCK)

    assert open_all_day.open_seconds(column("Wed", "Thu")).tolist() == [45 * 86_400, 46 * 86_400]
    assert due(open_all_day, "Wed 23:00", "2 working_hours") == at("Thu 01:00")
    assert due(open_all_day, "Fri 23:00", "1 working_hours") == at("Sat 00:00")
    assert shown(open_all_day.close_of(column("Wed"))) == ["2025-03-06 00:00:00"]
    assert due(open_all_day, "Wed 10:00", "1 working_days") == at("Thu 23:59:59"), "the due day stays the day it is"


def test_a_make_up_day_is_worked_and_a_holiday_is_not():
    days = np.arange("2025-09-27", "2025-10-13", dtype="datetime64[D]")

    worked = [str(day)[5:] for day in days[CN.is_workday(days)]]

    assert worked == ["09-28", "09-29", "09-30", "10-09", "10-10", "10-11"]


def test_missing_values_stay_missing_in_every_clock():
    starts, nat = column("", "Wed 10:00"), np.isnat

    assert CN.is_workday(starts).tolist() == [False, True]
    assert CN.provisional(starts).tolist() == [False, False]
    assert CN.covers(starts).tolist() == [False, True]
    assert CN.workdays_until(starts)[0] == CN.open_seconds(starts)[0] == NO_COUNT
    assert np.isnan(CN.workdays_between(starts, starts[::-1])).all()
    dated = [CN.close_of(starts), CN.next_open(starts), CN.add_workdays(starts, -1), CN.shift_open(starts, -60)]
    dated += [CN.at_open_seconds(CN.open_seconds(starts) + 60), CN.share(starts, starts + 3600, 0.5)]
    assert [nat(each).tolist() for each in dated] == [[True, False]] * len(dated)


@pytest.mark.parametrize("unit", ["working_days", "days", "hours", "working_hours", "months", "minutes"])
@pytest.mark.parametrize("amount", [3, -3])
def test_a_missing_start_or_amount_gives_no_due_date(unit, amount):
    starts, amounts = column("", "Wed 10:00", "Wed 10:00"), np.array([amount, np.nan, amount])

    for choices in ({}, {"at": "time_of_start", "cutoff": time(16)}, {"if_closed": "previous_open"}):
        assert np.isnat(CN.due(starts, amounts, unit, **choices)).tolist() == [True, True, False]
        assert np.isnat(CN.due(starts[:1], amount, unit, **choices)).all()


def test_single_values_and_empty_columns_are_columns_too():
    assert CN.due(at("2025-09-26 16:30"), 1, "working_days") == at("2025-09-28 18:00")
    assert CN.due(datetime(2025, 9, 26, 16, 30), 4, "working_hours") == at("2025-09-28 11:30")
    for unit in ("working_days", "days", "hours", "working_hours", "months"):
        assert CN.due(np.array([], "datetime64[s]"), 1, unit).size == 0


def test_closing_time_of_a_closed_day_is_missing():
    assert shown(CN.close_of(column("2025-09-27", "2025-09-28 23:00"))) == ["", "2025-09-28 18:00:00"]


def test_windows_may_touch():
    touching = calendar(weekly={0: (window("09:00-12:00"), window("12:00-18:00"))})

    assert due(touching, "Mon 11:00", "2 working_hours") == at("Mon 13:00")
    assert touching.next_open(column("Mon 12:00"))[0] == at("Mon 12:00")


def test_next_open_is_now_when_open_and_closing_time_is_closed():
    instants = column("Wed 08:00", "Wed 09:00", "Wed 11:59:59", "Wed 12:00", "Fri 18:00")

    assert C.next_open(instants).tolist() == column("Wed 09:00", "Wed 09:00", "Wed 11:59:59", "Wed 13:00", "Mon+ 09:00").tolist()


def test_moving_back_lands_in_open_time_and_moving_on_stays_on_close():
    instants = column("Mon+ 10:00", "Mon+ 09:00", "Wed 17:00", "Sat 10:00")

    moved = C.shift_open(instants, [-3600, -7200, 3600, 0])

    assert moved.tolist() == column("Mon+ 09:00", "Fri 16:00", "Wed 18:00", "Sat 10:00").tolist()


@pytest.mark.parametrize(
    ("start", "end", "share", "expected"),
    rows("""
        start     | due         | share | reached
        Wed 09:00 | Wed 18:00   | 0.5   | Wed 14:00
        Fri 16:00 | Mon+ 18:00  | 0.2   | Fri 18:00
        Fri 16:00 | Mon+ 18:00  | 0.5   | Mon+ 12:00
        Sat 10:00 | Mon+ 18:00  | 0     | Sat 10:00
        Wed 09:00 | Wed 23:59   | 1     | Wed 23:59
        Sat 10:00 | Sun 10:00   | 0.5   | Sun 10:00
        Wed 10:00 | Wed 12:00   | 1.5   | Wed 14:00
        Wed 10:00 | Wed 11:00   | 0.55  | Wed 10:33
    """),
)
def test_a_share_is_of_the_open_time(start, end, share, expected):
    assert C.share(column(start), column(end), float(share))[0] == at(expected)


def test_working_days_between_are_signed_and_count_the_last_day():
    starts, ends = column("Fri 10:00", "Mon+ 10:00", "Sat", "Wed"), column("Mon+ 09:00", "Fri 10:00", "Sun", "Wed 23:00")

    assert C.workdays_between(starts, ends).tolist() == [1, -1, 0, 0]


def test_the_lists_for_sql_give_the_same_answers_as_the_calendar():
    ordinals, days = CN.workday_lists()
    start = (date(2025, 9, 26) - date(2000, 1, 1)).days

    assert days[ordinals[start] + 18 - 1] == (date(2025, 10, 28) - date(2000, 1, 1)).days
    assert (len(ordinals), len(days)) == ((CN.last - date(2000, 1, 1)).days + 1, ordinals[-1])


def test_the_lists_for_sql_know_nothing_before_a_calendar_begins():
    ordinals, days = C.workday_lists()
    before = (FIRST - date(2000, 1, 1)).days

    assert ordinals[:before] == [None] * before
    assert (ordinals[before], days[0]) == (1, before), "2025-01-01 is a Wednesday"


def test_the_lists_for_sql_begin_in_2000_when_the_calendar_begins_before():
    settings = CalendarSettings("old", country=None, first=date(1999, 12, 27), last=date(2000, 12, 31))

    ordinals, days = Calendar.build(settings).workday_lists()

    assert (ordinals[:4], days[:2]) == ([0, 0, 1, 2], [2, 3])


def test_a_walk_tells_each_day_with_its_reason():
    walk = CN.walk(datetime(2025, 9, 30, 16, 30), datetime(2025, 10, 11, 18))

    nine, half = 9 * 3600, 90 * 60
    assert walk[:2] == [
        WalkDay(date(2025, 9, 30), True, "working", "", "", half, 0, False),
        WalkDay(date(2025, 10, 1), False, "holiday", "国庆节", "holidays", 0, 0, False),
    ]
    assert [(str(each.day)[5:], each.kind, each.seconds, each.count) for each in walk[4:6]] == [
        ("10-04", "weekend", 0, 0),
        ("10-05", "weekend", 0, 0),
    ]
    assert walk[-1] == WalkDay(date(2025, 10, 11), True, "make-up", "2025-10-08", "holidays", nine, 3, False)
    assert CN.walk(datetime(2025, 9, 30), datetime(2025, 9, 29)) == []


def test_what_runs_past_the_official_schedule_is_provisional():
    dues = column("2026-12-24 18:00", "2026-12-31 23:59:59", "2027-01-01 00:00")

    assert CN.official_until == date(2026, 12, 31)
    assert CN.provisional(dues).tolist() == [False, False, True]
    assert CN.walk(datetime(2026, 12, 31), datetime(2027, 1, 1))[-1].provisional


@pytest.mark.parametrize(
    ("ask", "reason"),
    [
        (lambda: C.is_workday(column("Wed", "2062-05-06")), "2062-05-06 lies outside; correct the date"),
        (lambda: C.open_seconds(column("2024-12-31 23:59:59")), "2024-12-31 lies outside; correct the date"),
        (
            lambda: C.due(column("Wed", "2026-12-20"), 18, "working_days"),
            "a number of working days from 2026-12-20 leads outside; correct the date",
        ),
        (
            lambda: C.due(column("2026-12-31 17:00"), 2, "working_hours"),
            "a length of open time ends after 2026-12-31; correct the start or the length",
        ),
        (
            lambda: C.shift_open(column("2025-01-01 10:00"), -7200),
            "a length of open time (-3600 s) begins before 2025-01-01; correct the start or the length",
        ),
    ],
)
def test_a_date_outside_the_calendar_is_refused_by_name(ask, reason):
    with pytest.raises(OutsideCalendar) as refused:
        ask()

    assert str(refused.value) == f"calendar 'C' knows 2025-01-01 to 2026-12-31; {reason}, or widen the calendar's range"


@pytest.mark.parametrize(
    ("amount", "unit", "message"),
    [
        (1.5, "working_days", "working_days are counted in whole numbers, not 1.5; round it, or use hours"),
        (1, "weeks", "no unit 'weeks'; take one of working_days, days, months, hours, working_hours, minutes"),
    ],
)
def test_an_amount_that_cannot_be_counted_is_refused(amount, unit, message):
    with pytest.raises(ValueError, match=unit) as refused:
        C.due(column("Wed"), [amount], unit)

    assert str(refused.value) == message
