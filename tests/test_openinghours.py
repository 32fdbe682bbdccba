"""What a calendar is built from: windows, exceptions, holidays, and the faults that are refused with a reason."""

from __future__ import annotations

from datetime import date, time

import numpy as np
import pytest

from automations.calendars import Calendar, CalendarSettings, DayException, window
from automations.holidaylist import holiday_list

NINE_TO_SIX = window("09:00-18:00")
LATE = date(2031, 1, 1)


def build(**settings) -> Calendar:
    return Calendar.build(CalendarSettings("c", **settings))


def schedule(year: int) -> tuple[str, str]:
    """The weekdays off and the weekend days worked of a year, as `MM-DD`."""
    calendar = Calendar.build(CalendarSettings("cn"))
    days = np.arange(f"{year}-01-01", f"{year + 1}-01-01", dtype="datetime64[D]")
    weekend = (days.astype(int) + 3) % 7 > 4
    worked = calendar.is_workday(days)
    return tuple(" ".join(str(day)[5:] for day in days[which]) for which in (~worked & ~weekend, worked & weekend))


@pytest.mark.parametrize(
    ("year", "off", "made_up"),
    [
        (
            2024,
            "01-01 02-12 02-13 02-14 02-15 02-16 04-04 04-05 05-01 05-02 05-03 06-10 09-16 09-17 10-01 10-02 10-03 10-04 10-07",
            "02-04 02-18 04-07 04-28 05-11 09-14 09-29 10-12",
        ),
        (
            2025,
            "01-01 01-28 01-29 01-30 01-31 02-03 02-04 04-04 05-01 05-02 05-05 06-02 10-01 10-02 10-03 10-06 10-07 10-08",
            "01-26 02-08 04-27 09-28 10-11",
        ),
        (
            2026,
            "01-01 01-02 02-16 02-17 02-18 02-19 02-20 02-23 04-06 05-01 05-04 05-05 06-19 09-25 10-01 10-02 10-05 10-06 10-07",
            "01-04 02-14 02-28 05-09 09-20 10-10",
        ),
    ],
)
def test_the_announced_schedules_are_known(year, off, made_up):
    """General Office of the State Council, notices of October 2023, November 2024 and November 2025."""
    assert schedule(year) == (off, made_up)


def test_holidays_are_named_in_the_language_of_the_country_and_make_up_days_by_what_they_pay_for():
    listed = holiday_list("CN", date(2025, 9, 1), date(2025, 10, 31))

    assert listed.closed == {
        date(2025, 10, 1): "国庆节",
        date(2025, 10, 2): "国庆节",
        date(2025, 10, 3): "国庆节",
        date(2025, 10, 6): "中秋节",
        date(2025, 10, 7): "休息日（由 2025-09-28 调休）",
        date(2025, 10, 8): "休息日（由 2025-10-11 调休）",
    }
    assert listed.make_up == {date(2025, 9, 28): "2025-10-07", date(2025, 10, 11): "2025-10-08"}


def test_a_calendar_reaches_three_years_beyond_the_last_announced_schedule():
    calendar = build()

    assert (calendar.first, calendar.official_until) == (date(2000, 1, 1), date(2026, 12, 31))
    assert calendar.last == date(2029, 12, 31)


def test_without_a_country_every_year_is_official():
    calendar = build(country=None)

    assert (calendar.last, calendar.official_until) == (date(2039, 12, 31), date(2039, 12, 31))
    assert calendar.is_workday(["2025-10-01"]).all()


def test_a_country_without_yearly_announcements_has_holidays_and_no_guesses():
    calendar = build(country="DE")

    assert calendar.is_workday(["2030-12-25", "2030-12-27"]).tolist() == [False, True]
    assert not calendar.provisional(["2030-12-25"]).any()


def test_an_exception_wins_over_a_holiday_a_make_up_day_and_the_week():
    exceptions = (
        DayException(date(2025, 10, 1), (NINE_TO_SIX,)),
        DayException(date(2025, 10, 11)),
        DayException(date(2025, 9, 26), (window("09:00-12:00"),), "公司通知", "半天"),
    )
    calendar = build(exceptions=exceptions)

    assert calendar.is_workday(["2025-10-01", "2025-10-11"]).tolist() == [True, False]
    assert calendar.close_of(["2025-09-26"]).tolist() == [np.datetime64("2025-09-26T12:00:00").item()]
    noted = calendar.walk(np.datetime64("2025-09-26T00:00:00").item(), np.datetime64("2025-09-26T20:00:00").item())[0]
    assert (noted.kind, noted.name, noted.source, noted.seconds) == ("exception", "半天", "公司通知", 3 * 3600)


def test_a_make_up_day_keeps_its_own_hours_where_its_weekday_is_open():
    weekly = {0: (NINE_TO_SIX,), 6: (window("10:00-14:00"),)}

    closes = build(weekly=weekly).close_of(["2025-09-28", "2025-10-11"])

    assert [str(each)[11:] for each in closes] == ["14:00:00", "18:00:00"], "Sunday has hours, Saturday takes Monday's"


def test_years_written_by_hand_are_official_and_free_of_guesses():
    exceptions = (DayException(date(2027, 1, 1)), DayException(date(2027, 5, 9), (NINE_TO_SIX,)))

    calendar = build(exceptions=exceptions, official_until=date(2027, 12, 31))

    days = ["2027-01-01", "2027-05-03", "2027-05-09", "2028-05-01"]
    assert calendar.is_workday(days).tolist() == [False, True, True, False]
    assert calendar.provisional(days).tolist() == [False, False, False, True]
    assert calendar.last == date(2030, 12, 31)


def test_guesses_are_dropped_up_to_and_with_the_day_that_is_claimed_official():
    calendar = build(exceptions=(DayException(date(2027, 1, 1)),), official_until=date(2027, 5, 3))

    assert calendar.is_workday(["2027-05-03", "2027-05-04"]).tolist() == [True, False]


def test_windows_are_read_as_they_are_written():
    assert [window("09:00-18:00"), window("08:30 - 24:00")] == [(time(9), time(18)), (time(8, 30), time(0))]


@pytest.mark.parametrize("text", ["9-18", "09:00", "09:00-25:00", "24:00-24:00", "", "09:00-"])
def test_what_is_no_window_is_said_with_an_example(text):
    with pytest.raises(ValueError, match="window") as refused:
        window(text)

    assert str(refused.value) == f"'{text}' is not a window of opening hours; write it like 09:00-18:00 (24:00 may be the end)"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"weekly": {0: (window("09:00-12:00"), window("11:00-18:00"))}},
            "Monday: 09:00-12:00 and 11:00-18:00 overlap; let the first end before the second begins",
        ),
        (
            {"weekly": {2: (window("20:00-24:00"), window("18:00-24:00"))}},
            "Wednesday: 18:00-24:00 and 20:00-24:00 overlap; let the first end before the second begins",
        ),
        (
            {"weekly": {4: ((time(18), time(9)),)}},
            "Friday: 18:00-09:00 ends before it begins; write the earlier time first (24:00 is midnight at the end)",
        ),
        (
            {"exceptions": (DayException(date(2025, 3, 3), ((time(9), time(9)),)),)},
            "2025-03-03: 09:00-09:00 ends before it begins; write the earlier time first (24:00 is midnight at the end)",
        ),
        ({"weekly": {7: (NINE_TO_SIX,)}}, "weekday 7 does not exist; count from 0 (Monday) to 6 (Sunday)"),
        ({"exceptions": (DayException(date(2025, 3, 3)),) * 2}, "two exceptions for 2025-03-03; keep one of them"),
        (
            {"exceptions": (DayException(LATE),)},
            "exception 2031-01-01 lies outside 2000-01-01 to 2029-12-31; correct the date, or widen 'first' and 'last'",
        ),
        (
            {"weekly": {}, "country": None, "last": date(2000, 12, 31)},
            "no open window in the 366 days from 2000-01-01; give 'weekly' some opening hours",
        ),
        (
            {
                "weekly": {},
                "country": None,
                "last": date(2002, 1, 31),
                "exceptions": (DayException(date(2000, 1, 1), (NINE_TO_SIX,)),),
            },
            "no open window in the 761 days from 2000-01-02; give 'weekly' some opening hours",
        ),
        (
            {"official_until": date(2027, 12, 31)},
            (
                "'official_until' is 2027-12-31, but the holidays package ends with 2026 and no exception is in 2027; "
                "copy the announced days of 2027 into 'exceptions', or set 'official_until' back"
            ),
        ),
        ({"last": date(1999, 1, 1)}, "'last' 1999-01-01 lies before 'first' 2000-01-01; exchange them"),
        ({"country": "XX"}, "the holidays package has no country 'XX'; give an ISO code such as CN, or leave 'country' out"),
    ],
)
def test_a_calendar_that_cannot_work_is_refused_with_the_reason(settings, message):
    with pytest.raises(ValueError, match="calendar") as refused:
        build(**settings)

    assert str(refused.value) == f"calendar 'c': {message}"
