"""When an automation runs: the words, the slots against a slow definition over six zones and five years, and the days that move."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automations.cadence import LAST, Cadence, DayRule, Slot, Times, WorkDays, next_slot, previous_slot, slots
from automations.cadencewords import EXAMPLES, NoCadence, parse_cadence, reason
from automations.calendars import Calendar, CalendarSettings

ZONES = ("Asia/Shanghai", "Europe/Madrid", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Cairo")
CHINA = Calendar.build(CalendarSettings(name="cn")).work_days
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def walls(text: str, first: str, last: str, zone: str = "Asia/Shanghai", work: WorkDays = CHINA) -> list[str]:
    """The slots of a cadence between two local days (the last one not included), as local times."""
    there = ZoneInfo(zone)
    after, until = (datetime.fromisoformat(day).replace(tzinfo=there) - timedelta(seconds=1) for day in (first, last))
    return [f"{slot.wall:%m-%d %H:%M}" for slot in slots(parse_cadence(text), there, work, after.astimezone(UTC), until.astimezone(UTC))]


def one(text: str, first: str, zone: str = "Asia/Shanghai") -> Slot:
    """The first slot on or after a local day."""
    after = datetime.fromisoformat(first).replace(tzinfo=ZoneInfo(zone)) - timedelta(seconds=1)
    found = next_slot(parse_cadence(text), ZoneInfo(zone), CHINA, after.astimezone(UTC))
    assert found
    return found


# Words


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("every 5 minutes between 08:00 and 20:00 on working days", "每5分钟 08:00-20:00 工作日"),
        ("every 5 minutes between 08:00 and 20:00 on working days", "工作日 08:00至20:00 每隔 5 分钟"),
        ("at 08:30 on working days", "每个工作日 08:30"),
        ("every working day at 08:30 and 17:00", "每个工作日 8:30、17:00"),
        ("every day at 09:00", "每天上午9点"),
        ("every day at 15:30", "每天下午3点半"),
        ("every half hour", "每半小时"),
        ("every 2 hours between 08:00 and 18:00", "每2小时 08:00到18:00"),
        ("every Monday at 09:00", "每周一 09:00"),
        ("every Monday, Wednesday and Friday at 09:00", "每周一、三、五 9:00"),
        ("Monday to Friday at 09:00", "每周一至周五 09:00"),
        ("on the 30th at 10:00 or the next working day", "每月30日 10:00，遇休息日顺延到下一个工作日"),
        ("on the 1st and 15th at 08:00 or the working day before", "每月1号、15号 8:00 遇休提前"),
        ("on the last day of the month at 17:00", "每月最后一天 17:00"),
        ("on the last working day of the month at 17:00", "每月最后一个工作日 17:00"),
        ("on the third working day of the month at 09:00", "每月第三个工作日 09:00"),
        ("on the last working day of the quarter at 16:00", "每季度最后一个工作日 16:00"),
        ("on the first Monday of the month at 09:00", "每月第一个周一 09:00"),
        ("quarterly on the 5th at 09:00", "每季度首月5日 09:00"),
        ("every year on 31 December at 09:00", "每年12月31日 09:00"),
        ("every year on 12-31 at 09:00", "每年十二月三十一日 09:00"),
    ],
)
def test_english_and_chinese_say_the_same(english: str, chinese: str) -> None:
    said, gesagt = parse_cadence(english), parse_cadence(chinese)

    assert (said.days, said.times.wall) == (gesagt.days, gesagt.times.wall)


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_cadence_shown_as_an_example_is_understood_and_comes(text: str) -> None:
    assert next_slot(parse_cadence(text), ZoneInfo("Asia/Shanghai"), CHINA, datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("evry 5 minutes", "'evry 5 minutes' is not understood", "did you mean 'every'?"),
        ("every Mnoday at 09:00", "'every Mnoday at 09:00' is not understood", "did you mean 'monday'?"),
        ("每工作曰 08:30", "'每工作曰 08:30' is not understood", "did you mean '每个工作日'?"),
        ("at 25:00", "'25:00' is no time of day", "write it like 08:30"),
        ("on working days", "'on working days': says no time of day; put for example 'at 08:30' behind it", ""),
        ("every Monday at 09:00 on the 3rd", "'every Monday at 09:00 on the 3rd': says its days twice; make two automations of it", ""),
        ("on the 45th at 10:00", "'on the 45th at 10:00': no month has such a day", ""),
        ("quarterly at 08:00", "'quarterly at 08:00': says no day of the quarter", ""),
        ("every 5 minutes at 08:00", "'every 5 minutes at 08:00': says both an interval and times of day; make two automations of it", ""),
        ("08:00-20:00", "'08:00-20:00': says from when to when, but not how often; put 'every 30 minutes' before it", ""),
        (
            "every 5 minutes between 20:00 and 08:00",
            "'every 5 minutes between 20:00 and 08:00': 08:00 is not after 20:00; a night is two automations, split at midnight",
            "",
        ),
        (
            "at 08:00 on working days or the next working day",
            "'at 08:00 on working days or the next working day': has no days off; leave out what happens on one",
            "",
        ),
    ],
)
def test_words_that_say_no_cadence_are_refused_with_what_was_meant(text: str, said: str, hint: str) -> None:
    with pytest.raises(NoCadence) as refused:
        parse_cadence(text)

    assert refused.value.args[0] == said
    assert not hint or hint in refused.value.args
    assert refused.value.args[-1].startswith(("write ", "did you mean"))


# Days


def test_working_days_leave_out_holidays_and_take_in_make_up_days() -> None:
    assert walls("at 08:30 on working days", "2025-09-26", "2025-10-13") == [
        "09-26 08:30",
        "09-28 08:30",
        "09-29 08:30",
        "09-30 08:30",
        "10-09 08:30",
        "10-10 08:30",
        "10-11 08:30",
    ]


def test_the_thirtieth_is_the_last_day_of_february() -> None:
    assert walls("on the 30th at 10:00", "2026-01-01", "2026-05-01") == ["01-30 10:00", "02-28 10:00", "03-30 10:00", "04-30 10:00"]
    assert walls("on the 31st at 10:00", "2024-02-01", "2024-05-01") == ["02-29 10:00", "03-31 10:00", "04-30 10:00"]


def test_the_twenty_ninth_of_february_comes_every_year() -> None:
    found = [walls("every year on 29 February at 08:00", f"{year}-01-01", f"{year + 1}-01-01") for year in (2023, 2024)]

    assert found == [["02-28 08:00"], ["02-29 08:00"]]


def test_a_day_off_moves_as_the_words_say() -> None:
    october = "2025-10-01", "2025-11-01"

    assert walls("on the 3rd at 10:00", *october) == ["10-03 10:00"]
    assert walls("on the 3rd at 10:00 or the next working day", *october) == ["10-09 10:00"]
    assert walls("on the 3rd at 10:00 or the working day before", "2025-09-30", "2025-11-01") == ["09-30 10:00"]


def test_two_days_moved_onto_one_run_once() -> None:
    assert walls("on the 2nd and 3rd at 10:00 or the next working day", "2025-10-01", "2025-11-01") == ["10-09 10:00"]


def test_ordinals_count_working_days_of_months_quarters_and_years() -> None:
    assert walls("on the last working day of the month at 17:00", "2025-09-01", "2025-11-01") == ["09-30 17:00", "10-31 17:00"]
    assert walls("on the first working day of the quarter at 09:00", "2025-10-01", "2025-12-31") == ["10-09 09:00"]
    assert walls("on the last working day of the year at 12:00", "2025-01-01", "2026-01-01") == ["12-31 12:00"]
    assert walls("on the first Monday of the month at 10:00", "2026-06-01", "2026-08-01") == ["06-01 10:00", "07-06 10:00"]


def test_the_reason_of_a_moved_slot_is_said_in_words() -> None:
    moved = one("on the 3rd at 10:00 or the next working day", "2025-10-01")
    after = one("at 08:30 on working days", "2025-10-01")
    made_up = one("at 08:30 on working days", "2025-09-28")
    short = one("on the 30th at 10:00", "2026-02-01")
    guessed = one("at 08:30 on working days", "2027-01-05")

    assert reason(moved, CHINA, "zh") == "原定 10-03（国庆节），移到工作日"
    assert reason(after, CHINA, "zh") == "放假后的第一个工作日：国庆节、中秋节"
    assert reason(made_up, CHINA, "zh") == "调休上班"
    assert reason(short, CHINA, "en") == "this month has no such day: its last day"
    assert reason(guessed, CHINA, "en") == "provisional: the holidays of that year are not announced yet"


# Daylight saving


def test_a_time_that_does_not_exist_runs_at_the_next_valid_minute() -> None:
    assert walls("at 02:30 every day", "2026-03-28", "2026-03-31", "Europe/Madrid") == ["03-28 02:30", "03-29 03:00", "03-30 02:30"]


def test_a_time_that_comes_twice_runs_once() -> None:
    assert walls("at 02:30 every day", "2026-10-24", "2026-10-27", "Europe/Madrid") == ["10-24 02:30", "10-25 02:30", "10-26 02:30"]


def test_an_interval_goes_through_the_hour_that_comes_twice_without_a_pause() -> None:
    zone = ZoneInfo("Europe/Madrid")
    first, last = datetime(2026, 10, 24, 23, tzinfo=UTC), datetime(2026, 10, 25, 6, tzinfo=UTC)
    found = [slot.at for slot in slots(parse_cadence("every 15 minutes"), zone, CHINA, first, last)]

    assert {after - before for before, after in pairwise(found)} == {timedelta(minutes=15)}


def test_midnight_that_is_skipped_runs_when_the_day_begins() -> None:
    assert walls("every day at 00:00", "2018-11-03", "2018-11-06", "America/Sao_Paulo") == ["11-03 00:00", "11-04 01:00", "11-05 00:00"]


# Against a slow definition


def slow(cadence: Cadence, zone: ZoneInfo, work: WorkDays, first: date, last: date) -> list[datetime]:
    """Every slot of the days from `first` to `last`: walk all minutes of all real hours, look at the wall clock, ask the day."""
    wanted: set[datetime] = set()
    for day in days_between(first, last):
        if not meant(cadence.days, work, day):
            continue
        minutes = real_minutes(day, zone)
        for clock in cadence.times.wall:
            same = [at for at, wall in minutes if wall.time() == clock]
            later = [at for at, wall in minutes if wall.time() > clock]
            wanted |= set(same if cadence.times.goes_on else same[:1]) if same else set(later[:1])
    return sorted(wanted)


def days_between(first: date, last: date) -> Iterator[date]:
    return (first + number * DAY for number in range((last - first).days + 1))


@cache
def real_minutes(day: date, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    """Every minute that really is on this local day, as UTC and as the wall shows it."""
    noon = datetime.combine(day, time(12), zone).astimezone(UTC)
    around = (noon + number * MINUTE for number in range(-14 * 60, 14 * 60))
    shown = ((at, at.astimezone(zone).replace(tzinfo=None, fold=0)) for at in around)
    return [(at, wall) for at, wall in shown if wall.date() == day]


def meant(rule: DayRule, work: WorkDays, day: date) -> bool:
    """Whether a rule means a day, or a day off near it that moves to it."""
    if rule.moved == "as_is":
        return named(rule, work, day)
    if not work.working(day):
        return False
    step, near = (-DAY if rule.moved == "next" else DAY), day
    while True:
        if named(rule, work, near):
            return True
        near += step
        if work.working(near):
            return False


def named(rule: DayRule, work: WorkDays, day: date) -> bool:
    """Whether the words of a rule name a day itself."""
    length = (date(day.year + day.month // 12, day.month % 12 + 1, 1) - DAY).day
    if rule.kind == "every":
        return True
    if rule.kind == "working":
        return work.working(day)
    if rule.kind == "weekdays":
        return day.weekday() in rule.numbers
    if rule.kind == "month_days":
        return day.month in rule.months and day.day in {length if number == LAST else min(number, length) for number in rule.numbers}
    inside = [each for each in days_between(date(day.year, 1, 1), date(day.year, 12, 31)) if period(rule, each) == period(rule, day)]
    there = [each for each in inside if (work.working(each) if rule.kind == "nth_working" else each.weekday() == rule.weekday)]
    return any(each == day for number in rule.numbers for each in (there[number if number < 0 else number - 1 :][:1]))


def period(rule: DayRule, day: date) -> int | None:
    """The first month of the period a day lies in."""
    return next((month for month in rule.months if month <= day.month < month + rule.span), None)


MONTHS = tuple(range(1, 13))
rules = st.one_of(
    st.just(DayRule()),
    st.just(DayRule("working")),
    st.builds(
        lambda days, moved: DayRule("weekdays", tuple(sorted(days)), moved=moved),
        st.sets(st.integers(0, 6), min_size=1),
        st.sampled_from(["as_is", "next", "before"]),
    ),
    st.builds(
        lambda days, months, moved: DayRule("month_days", tuple(sorted(days)), months, moved=moved),
        st.sets(st.sampled_from([1, 2, 15, 28, 29, 30, 31, LAST]), min_size=1, max_size=3),
        st.sampled_from([MONTHS, (1, 4, 7, 10), (2,), (12,)]),
        st.sampled_from(["as_is", "next", "before"]),
    ),
    st.builds(
        lambda kind, number, span, weekday: DayRule(kind, (number,), tuple(range(1, 13, span)), span, weekday),
        st.sampled_from(["nth_working", "nth_weekday"]),
        st.sampled_from([1, 2, 3, 5, LAST]),
        st.sampled_from([1, 3, 12]),
        st.integers(0, 6),
    ),
)
clocks = st.times().map(lambda clock: clock.replace(second=0, microsecond=0, fold=0, tzinfo=None))
times = st.one_of(
    st.builds(
        lambda found: Times(at=tuple(found)),
        st.lists(st.one_of(clocks, st.sampled_from([time(0), time(1, 30), time(2, 30), time(23, 59)])), min_size=1, max_size=3),
    ),
    st.builds(
        lambda step, start, end: Times(step=step, start=min(start, end), end=max(start, end)),
        st.sampled_from([7, 15, 30, 60, 90, 240]),
        clocks,
        clocks,
    ),
)


@settings(max_examples=80, deadline=None)
@given(rules, times, st.sampled_from(ZONES), st.integers(0, 5 * 365), st.integers(1, 12))
def test_slots_are_those_of_the_slow_definition(rule: DayRule, clock: Times, zone: str, start: int, length: int) -> None:
    """Five years from 2021, six zones, any twelve days of them."""
    there, cadence = ZoneInfo(zone), Cadence(rule, clock)
    first = date(2021, 1, 1) + start * DAY
    last = first + length * DAY
    after = datetime.combine(first, time(0), there).astimezone(UTC) - timedelta(seconds=1)
    until = datetime.combine(last + DAY, time(0), there).astimezone(UTC) - timedelta(seconds=1)

    found = [slot.at for slot in slots(cadence, there, CHINA, after, until)]

    assert found == [at for at in slow(cadence, there, CHINA, first - DAY, last + DAY) if after < at <= until]


@pytest.mark.parametrize("zone", ZONES)
def test_every_change_of_the_clocks_in_five_years_is_as_defined(zone: str) -> None:
    there = ZoneInfo(zone)
    days = [date(2021, 1, 1) + number * DAY for number in range(5 * 365)]
    offsets = [datetime.combine(day, time(12), there).utcoffset() for day in days]
    changes = [days[place] for place in range(1, len(days)) if offsets[place] != offsets[place - 1]]
    cadences = [Cadence(DayRule(), Times(at=tuple(time(hour, minute) for hour in (0, 1, 2, 3) for minute in (0, 15, 45))))]
    cadences += [Cadence(DayRule(), Times(step=20)), Cadence(DayRule(), Times(step=120))]
    for day in changes:
        for cadence in cadences:
            after = datetime.combine(day - DAY, time(0), there).astimezone(UTC) - timedelta(seconds=1)
            until = datetime.combine(day + 2 * DAY, time(0), there).astimezone(UTC) - timedelta(seconds=1)
            wanted = [at for at in slow(cadence, there, CHINA, day - 2 * DAY, day + 2 * DAY) if after < at <= until]
            assert [slot.at for slot in slots(cadence, there, CHINA, after, until)] == wanted
    assert bool(changes) == (zone != "Asia/Shanghai" and zone != "America/Sao_Paulo")


def test_one_long_walk_and_many_short_ones_find_the_same_slots() -> None:
    drawn = random.Random(7)
    cadence, zone = parse_cadence("on the 3rd, 15th and 30th at 02:30 or the next working day"), ZoneInfo("Europe/Madrid")
    start = at = datetime(2021, 1, 1, tzinfo=UTC)
    found: list[datetime] = []
    while at < start + 5 * 365 * DAY:
        then = at + timedelta(minutes=drawn.randrange(1, 40_000))
        found += [slot.at for slot in slots(cadence, zone, CHINA, at, then)]
        at = then

    assert found == [slot.at for slot in slots(cadence, zone, CHINA, start, at)]
    assert all(next_slot(cadence, zone, CHINA, one).at == other for one, other in pairwise(found))  # type: ignore[union-attr]
    assert all(previous_slot(cadence, zone, CHINA, one).at == one for one in found)  # type: ignore[union-attr]
