"""The steps of all rows as columns: which are open, newly late, due soon, settled; the figures and the trend that follow."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np

from automations.clocks import END_OF_DAY, LATE, NOT_STARTED, ON_TIME, OPEN, OVERDUE, PAUSED
from automations.config import Config
from automations.holding import held
from automations.judging import Judged
from automations.people import People
from automations.program import ClockSpec
from automations.speaking import owners_of
from automations.summary import governing

SOON_DAYS = 2
"""Working days ahead that count as soon."""
TREND_DAYS = 20
STAGE_DAYS = 30
"""Days looked back for the time each step took."""
PARTS = ("today", "newly late", "soon", "still open")
"""The parts the open steps fall into, each step into exactly one."""


@dataclass(frozen=True, eq=False)
class Steps:
    """Every step of every row that has begun, one entry each in all arrays; `whose` is who is responsible, as claims know them."""

    clocks: Sequence[ClockSpec]
    clock: Any
    row: Any
    start: Any
    due: Any
    done: Any
    state: Any
    on_hold: Any
    whose: Any

    def of(self, known_as: str) -> Steps:
        """The steps one person is responsible for."""
        return self._taken(self.whose == known_as)

    def in_tables(self, tables: Collection[str]) -> Steps:
        """The steps of some tables; of all when none is named."""
        if not tables:
            return self
        inside = np.array([clock.table in tables for clock in self.clocks], dtype=bool)
        return self._taken(inside[self.clock] if len(self.clock) else np.zeros(0, dtype=bool))

    def _taken(self, mask: Any) -> Steps:
        names = ("clock", "row", "start", "due", "done", "state", "on_hold", "whose")
        return Steps(self.clocks, *(getattr(self, name)[mask] for name in names))

    @cached_property
    def open(self) -> Any:
        """Where a step runs and its row is not on hold."""
        return np.isin(self.state, OPEN) & ~self.on_hold

    @cached_property
    def late(self) -> Any:
        return self.open & (self.state == OVERDUE)


@dataclass(frozen=True, eq=False)
class Window:
    """From the last digest to now, and the end of what counts as soon."""

    since: datetime
    now: datetime
    soon: Any

    def holds(self, instants: Any) -> Any:
        """Which instants lie in it: after the last digest, not after now."""
        return (instants > np.datetime64(self.since, "s")) & (instants <= np.datetime64(self.now, "s"))


def window_of(judged: Judged, since: datetime, now: datetime) -> Window:
    """The window that begins with the last digest; soon ends with the second working day after today."""
    calendar, today = judged.evaluation.calendar, np.array([now], dtype="datetime64[s]")
    end = calendar.add_workdays(today, [SOON_DAYS])[0].astype("datetime64[D]") + END_OF_DAY
    return Window(since, now, end)


def steps_of(judged: Judged, config: Config, people: People) -> Steps:
    """The steps of all live policies, of rows that nothing keeps from being told about."""
    found = list(_each_clock(judged, config, people))
    columns = zip(*(columns for _, columns in found), strict=True) if found else iter([[] for _ in range(7)])
    row, start, due, done, state, on_hold, whose = (np.concatenate(each) if each else np.zeros(0, dtype="int64") for each in columns)
    numbers = [np.full(len(columns[0]), place) for place, (_, columns) in enumerate(found)]
    clock = np.concatenate(numbers) if numbers else np.zeros(0, dtype="int64")
    return Steps([spec for spec, _ in found], clock, row, start, due, done, state, on_hold.astype(bool), whose)


def _each_clock(judged: Judged, config: Config, people: People) -> Iterator[tuple[ClockSpec, Sequence[Any]]]:
    evaluation = judged.evaluation
    for table in judged.snapshot.sheets:
        clocks = governing(judged, table)
        if not clocks:
            continue
        whose, on_hold = responsible(judged, people, table), held(evaluation, table)
        for clock, counts in clocks:
            state = evaluation.integers(table, clock.state)
            rows = np.flatnonzero((state > NOT_STARTED) & counts & spoken_of(judged, config, clock.rule, table))
            times = [evaluation.times(table, name)[rows] for name in (clock.start, clock.due, clock.done)]
            yield clock, (rows, *times, state[rows], on_hold[rows], whose[rows])


def spoken_of(judged: Judged, config: Config, rule: str, table: str) -> Any:
    """The rows a rule may speak of: its policy is live and in force for them, and their key is not doubled."""
    policy = config.policies.get(rule.partition("/")[0])
    open_rows = ~judged.blocked[table]
    if policy is None:
        return open_rows
    file, evaluation = policy.file, judged.evaluation
    if file.mode == "shadow":
        return np.zeros_like(open_rows)
    if file.enforce_from and file.dated_by and evaluation.has(table, file.dated_by):
        return open_rows & (evaluation.times(table, file.dated_by) >= np.datetime64(file.enforce_from))
    return open_rows


def responsible(judged: Judged, people: People, table: str) -> Any:
    """For every row the person responsible, as their claims know them; the text itself where it names nobody of the staff."""
    said = owners_of(judged, table).astype(str)
    distinct, place = np.unique(said, return_inverse=True)
    known = [people.staff[each].known_as if each in people.staff else each for each in distinct.tolist()]
    return np.array(known, dtype=object)[place] if len(said) else np.zeros(0, dtype=object)


def parted(steps: Steps, window: Window) -> dict[str, Any]:
    """Where each open step belongs; every open step is in exactly one part, the order within is by due time."""
    now, today = np.datetime64(window.now, "s"), np.datetime64(window.now, "D")
    new = steps.late & window.holds(steps.due)
    ahead = steps.open & ~steps.late
    day = ahead & (steps.due.astype("datetime64[D]") <= today) & (steps.due >= now)
    soon = ahead & ~day & (steps.due <= window.soon)
    masks = {"today": day, "newly late": new, "soon": soon, "still open": steps.open & ~(day | new | soon)}
    return {name: _by_due(steps, mask) for name, mask in masks.items()}


def settled(steps: Steps, window: Window) -> Any:
    """The steps done in the window, the latest first."""
    places = np.flatnonzero(np.isin(steps.state, (ON_TIME, LATE)) & window.holds(steps.done))
    return places[np.argsort(steps.done[places], kind="stable")[::-1]]


def _by_due(steps: Steps, mask: Any) -> Any:
    places = np.flatnonzero(mask)
    return places[np.argsort(steps.due[places], kind="stable")]


def counts(steps: Steps, window: Window) -> dict[str, int]:
    """The figures of a digest: what is open now, and what happened since the last one."""
    parts, done = parted(steps, window), settled(steps, window)
    return {
        "open": int(steps.open.sum()),
        "late": int(steps.late.sum()),
        "newly late": len(parts["newly late"]),
        "today": len(parts["today"]),
        "soon": len(parts["soon"]),
        "settled": len(done),
        "settled on time": int((steps.state[done] == ON_TIME).sum()),
        "on hold": int((steps.on_hold & np.isin(steps.state, OPEN)).sum()),
        "paused": int((steps.state == PAUSED).sum()),
    }


@dataclass(frozen=True)
class Trend:
    """Open and late steps at the end of each working day, the last one today at this moment."""

    days: tuple[str, ...]
    open: tuple[int, ...]
    late: tuple[int, ...]


def trend_of(judged: Judged, steps: Steps, now: datetime) -> Trend:
    """Counted from the times that stand in the rows today, so that the first digest has a past too."""
    calendar = judged.evaluation.calendar
    days: Any = np.arange(np.datetime64(now, "D") - 60, np.datetime64(now, "D"))
    days = days[calendar.covers(days.astype("datetime64[s]"))]
    days = days[calendar.is_workday(days)][-TREND_DAYS + 1 :]
    instants = np.append(days + END_OF_DAY, np.datetime64(now, "s")).astype("datetime64[s]")
    counted = [*(_standing(steps, instant) for instant in instants[:-1]), (int(steps.open.sum()), int(steps.late.sum()))]
    labels = tuple(f"{each.item():%m-%d}" for each in instants)
    return Trend(labels, tuple(each[0] for each in counted), tuple(each[1] for each in counted))


def _standing(steps: Steps, instant: Any) -> tuple[int, int]:
    begun = (steps.start <= instant) & (steps.state != PAUSED) & ~steps.on_hold & ~(steps.done <= instant)
    return int(begun.sum()), int((begun & (steps.due < instant)).sum())


@dataclass(frozen=True)
class Stage:
    """One step of a policy in the last days: how many were done, how many of them on time, the working days they took."""

    clock: ClockSpec
    done: int
    on_time: int
    days: float


def stages_of(judged: Judged, steps: Steps, begin: Any, end: Any) -> list[Stage]:
    """What became of every step done in `[begin, end)`, those done most often first."""
    inside = np.isin(steps.state, (ON_TIME, LATE)) & (steps.done >= begin) & (steps.done < end)
    found = []
    for number, clock in enumerate(steps.clocks):
        places = np.flatnonzero(inside & (steps.clock == number))
        if len(places):
            days = judged.evaluation.calendar.workdays_between(steps.start[places], steps.done[places])
            on_time = int((steps.state[places] == ON_TIME).sum())
            found.append(Stage(clock, len(places), on_time, float(np.nanmean(days))))
    return sorted(found, key=lambda stage: (-stage.done, stage.clock.rule))


def money_at_stake(judged: Judged, steps: Steps, columns: Mapping[str, str]) -> dict[str, int]:
    """Per table the amounts of the rows with a late step, each row once, in fen."""
    found = {}
    for table, column in columns.items():
        if not judged.evaluation.has(table, column):
            continue
        numbers = [number for number, clock in enumerate(steps.clocks) if clock.table == table]
        rows = np.unique(steps.row[steps.late & np.isin(steps.clock, numbers)]).astype("int64")
        found[table] = int(judged.evaluation.integers(table, column)[rows].sum())
    return found
