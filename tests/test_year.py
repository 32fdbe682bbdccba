"""A year of `serve` on a virtual clock: restarts, a crash, nine days off, a suspended laptop, DST in three zones, 29 February."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from automations.ledgers.slots import SlotRecord
from tests.office import SHANGHAI, Office, automation
from tests.test_cadence import CHINA

Days = Callable[[date], bool]
UTC = ZoneInfo("UTC")
FIRST, LAST = date(2024, 1, 1), date(2024, 12, 31)
ALL_DAYS = [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)]
GONE = (("2024-04-03 10:02", "2024-04-12 10:02"), ("2024-06-11 11:40", "2024-06-11 15:01"), ("2024-07-15 09:58", "2024-07-15 10:20"))
"""When nobody looked: nine days off, a suspended laptop, a crash; by the clock of the office."""


def every_day(_: date) -> bool:
    return True


def working(day: date) -> bool:
    return CHINA.working(day)


def last_working(day: date) -> bool:
    return working(day) and not any(working(each) for each in ALL_DAYS if each > day and each.month == day.month)


def moved_30th(day: date) -> bool:
    """The 30th (29 February in a leap year's February), or the first working day after it."""
    wanted = [date(2023, 12, 30), *(each for each in ALL_DAYS if each.day == (29 if each.month == 2 else 30))]
    return any(day == next((later for later in ALL_DAYS if later >= each and working(later)), None) for each in wanted)


@dataclass(frozen=True)
class Job:
    """An automation as an admin writes it, and its slots as anybody would count them."""

    runs: str
    days: Days
    at: tuple[str, ...]
    zone: str = "Asia/Shanghai"
    catch_up: str = "latest"
    max_age: int | None = None
    """Hours. Without it `all` goes back for a day, the others as far as it takes."""
    does: str = "outbox"

    def yaml(self, name: str) -> str:
        """Its file."""
        age = {"max_age": f"{self.max_age} hours"} if self.max_age else {}
        keys = {"zone": self.zone, "catch_up": self.catch_up} | age
        return automation(name, self.runs, self.does, **keys)

    def slots(self) -> list[datetime]:
        """Every slot of the year in UTC: a time that does not exist is the first one that does, a doubled one counts once."""
        found = [_instant(day, time.fromisoformat(at), ZoneInfo(self.zone)) for day in ALL_DAYS if self.days(day) for at in self.at]
        start, end = _office("2024-01-01 00:00"), _office("2024-12-31 23:00")
        return [slot for slot in sorted(found) if start < slot <= end]


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    wall = datetime.combine(day, at)
    while (found := wall.replace(tzinfo=zone).astimezone(UTC)).astimezone(zone).replace(tzinfo=None) != wall:
        wall += timedelta(minutes=1)
    return found


def _office(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


JOBS = {
    "hours": Job("every 3 hours between 09:00 and 18:00 on Tuesday", lambda day: day.weekday() == 1, ("09:00", "12:00", "15:00", "18:00")),
    "every-one": Job("every Monday and Friday at 12:00", lambda day: day.weekday() in (0, 4), ("12:00",), catch_up="all", max_age=480),
    "on-time": Job("every Tuesday and Saturday at 14:15", lambda day: day.weekday() in (1, 5), ("14:15",), catch_up="none"),
    "young": Job("every Friday at 07:00", lambda day: day.weekday() == 4, ("07:00",), max_age=2),
    "new-york": Job("every Sunday at 02:30", lambda day: day.weekday() == 6, ("02:30",), zone="America/New_York", catch_up="all"),
    "new-york-fold": Job("every Sunday at 01:30", lambda day: day.weekday() == 6, ("01:30",), zone="America/New_York"),
    "madrid": Job("every Sunday at 02:30", lambda day: day.weekday() == 6, ("02:30",), zone="Europe/Madrid"),
    "the-30th": Job("on the 30th at 10:00 or the next working day", moved_30th, ("10:00",)),
    "leap-day": Job("every year on 29 February at 08:00", lambda day: (day.month, day.day) == (2, 29), ("08:00",)),
    "month-end": Job("on the last working day of the month at 17:00", last_working, ("17:00",)),
    "quarter": Job("quarterly on the 5th at 09:00", lambda day: day.day == 5 and day.month % 3 == 1, ("09:00",)),
    "sweep": Job("every Monday at 09:00", lambda day: day.weekday() == 0, ("09:00",), does="sweep"),
}  # fmt: skip


def year(folder: Path) -> tuple[Office, dict[tuple[str, datetime], SlotRecord]]:
    """The office through the year, and every slot its ledger ever knew (old ones are forgotten on the way)."""
    office = Office(folder, "2024-01-01 00:00", {name: job.yaml(name) for name, job in JOBS.items()})
    seen: dict[tuple[str, datetime], SlotRecord] = {}

    def until(moment: str) -> None:
        for month in range(office.clock.now().astimezone(SHANGHAI).month, int(moment[5:7])):
            office.until(f"2024-{month + 1:02}-01 00:00")
            seen.update({(slot.automation, slot.due): slot for slot in office.records()})
        office.until(moment)
        seen.update({(slot.automation, slot.due): slot for slot in office.records()})

    for restart in ("2024-01-09 08:29", "2024-02-29 07:59", "2024-03-10 14:29"):  # each ends a minute before a slot
        until(restart)
        office.off()
        office.on()
    until(GONE[0][0])
    office.off()
    office.asleep_until(GONE[0][1])
    office.on()
    until(GONE[1][0])
    office.asleep_until(GONE[1][1])
    until(GONE[2][0])
    office.crash()
    office.asleep_until(GONE[2][1])
    office.on()
    until("2024-12-31 23:00")
    return office, seen


@dataclass(frozen=True)
class Outcome:
    """What should become of the slots of one automation."""

    on_time: tuple[datetime, ...]
    made_up: tuple[datetime, ...]
    skipped: tuple[datetime, ...]


def should(job: Job) -> Outcome:
    """On time while somebody looked; of those missed the ones that `catch_up` and `max_age` say."""
    made_up: list[datetime] = []
    missed: list[datetime] = []
    slots = job.slots()
    for gone, back in ((_office(gone), _office(back)) for gone, back in GONE):
        away = [slot for slot in slots if gone < slot <= back]
        hours = job.max_age or (24 if job.catch_up == "all" else 24 * 365)
        young = [slot for slot in away if back - slot <= timedelta(hours=hours)]
        made_up += {"all": young, "latest": young[-1:], "none": []}[job.catch_up]
        missed += away
    return Outcome(
        tuple(slot for slot in slots if slot not in missed), tuple(made_up), tuple(slot for slot in missed if slot not in made_up)
    )


def test_through_a_whole_year_every_slot_runs_once_is_made_up_once_or_is_skipped_as_its_catch_up_says(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    office, seen = year(tmp_path)
    board = ["automation      slots  on time  made up  skipped"]
    for name, job in JOBS.items():
        expected = should(job)
        mine = {due: slot for (whose, due), slot in seen.items() if whose == name}
        done = sorted(due for due, slot in mine.items() if slot.state == "done")
        assert done == sorted((*expected.on_time, *expected.made_up)), name
        assert all(slot.attempts == 1 for slot in mine.values() if slot.state == "done"), name
        given_up = [slot for slot in mine.values() if slot.state != "done"]
        assert sum(slot.skipped for slot in mine.values()) + len(given_up) == len(expected.skipped), name
        counts = (len(job.slots()), len(expected.on_time), len(expected.made_up), len(expected.skipped))
        board.append(f"{name:<14} {counts[0]:>6} {counts[1]:>8} {counts[2]:>8} {counts[3]:>8}")
    office.off()

    record_property("cases", "\n".join(board))
    assert office.said("failed") == office.said("tick failed") == office.said("clock jumped") == []
    assert [line for line in board if line.startswith(("leap-day", "young"))] == [
        "young              52       50        0        2",
        "leap-day            1        1        0        0",
    ]


def test_the_year_holds_what_it_should_prove() -> None:
    """The traps lie where somebody looked or nobody did: each outcome is there, the gap moves a slot, the fold has one."""
    outcomes: Sequence[Outcome] = [should(job) for job in JOBS.values()]
    assert all(any(getattr(each, kind) for each in outcomes) for kind in ("on_time", "made_up", "skipped"))
    gap = _instant(date(2024, 3, 10), time(2, 30), ZoneInfo("America/New_York"))
    assert f"{gap.astimezone(ZoneInfo('America/New_York')):%H:%M}" == "03:00" and gap in JOBS["new-york"].slots()
    fold = [slot for slot in JOBS["new-york-fold"].slots() if slot.astimezone(ZoneInfo("America/New_York")).date() == date(2024, 11, 3)]
    assert [f"{slot:%H:%M}" for slot in fold] == ["05:30"]


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while Office.made:
        if Office.made[-1].service:
            Office.made[-1].off()
        Office.made.pop()
