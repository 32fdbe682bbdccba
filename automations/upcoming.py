"""`schedule`: the next runs of every automation in order, and why one is not where its words would put it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from automations.automationfile import Automation
from automations.cadence import Slot, WorkDays, instant_of, next_slot, slots
from automations.cadencewords import reason
from automations.config import Config
from automations.model import Words
from automations.quiet import moment_said, next_open

DAYS = timedelta(days=7)
"""How far ahead is listed when nothing is said; an automation with no run in it says its next one."""
MOST = 1000
"""Slots of one automation listed singly; more of them become a line for each day."""
TELLS = "sweep"
"""What automations do that tell people of their rows; what waits in the outbox was told in time."""
SINGLY = 3
"""Runs a day that are listed singly."""
WEEKDAYS: Mapping[str, str] = {"zh": "一二三四五六日", "en": "Mon Tue Wed Thu Fri Sat Sun"}
WORDS: Mapping[str, Words] = {
    "many": {"zh": "至 {last} 共 {count} 次", "en": "to {last}, {count} times"},
    "never": {"zh": "{name}：日历范围内没有运行时间", "en": "{name}: no run within the calendar"},
    "none": {"zh": "没有自动运行的项目；写在 config/automations/*.yaml", "en": "nothing runs by itself; write config/automations/*.yaml"},
    "off": {"zh": "{name}：已停用（mode: off）", "en": "{name}: switched off (mode: off)"},
    "shadow": {"zh": "只试算，不写也不发", "en": "shadow: plans only"},
    "quiet": {"zh": "不在上班时间，通知等到{when}再发", "en": "outside working hours, notices wait until {when}"},
    "some quiet": {"zh": "不在上班时间的，通知等到上班再发", "en": "outside working hours notices wait until work begins"},
}


@dataclass(frozen=True)
class Run:
    """One line of the schedule: a slot, or all slots of a day where there are many."""

    automation: str
    title: str
    first: Slot
    last: Slot
    count: int
    why: str
    mode: str
    zone: str


@dataclass(frozen=True)
class Schedule:
    """The next runs in order, and the automations that have none."""

    runs: tuple[Run, ...]
    silent: tuple[str, ...]
    language: str

    def data(self) -> dict[str, Any]:
        """`{"runs": [{automation, title, at, local, zone, count, last, why, mode}], "silent": [...]}`."""
        return {"runs": [_data(run) for run in self.runs], "silent": list(self.silent)}

    def text(self) -> str:
        """A line for each run: when, what, and the reason where it is not where its words would put it."""
        lines = [self._line(run) for run in self.runs] + list(self.silent)
        return "\n".join(lines or [WORDS["none"][self.language]])

    def _line(self, run: Run) -> str:
        many = WORDS["many"][self.language].format(last=f"{run.last.wall:%H:%M}", count=run.count) if run.count > 1 else ""
        shadow = WORDS["shadow"][self.language] if run.mode == "shadow" else ""
        notes = [each for each in (many, run.why, shadow) if each]
        day = _weekday(run.first.wall, self.language)
        return f"{run.first.wall:%Y-%m-%d} {day} {run.first.wall:%H:%M}  {run.automation}  {run.title}" + (
            f"  [{' | '.join(notes)}]" if notes else ""
        )


def _weekday(day: datetime, language: str) -> str:
    return f"周{WEEKDAYS['zh'][day.weekday()]}" if language == "zh" else WEEKDAYS["en"].split()[day.weekday()]


def _data(run: Run) -> dict[str, Any]:
    return {
        "automation": run.automation,
        "title": run.title,
        "at": run.first.at.isoformat(),
        "local": f"{run.first.wall:%Y-%m-%d %H:%M}",
        "zone": run.zone,
        "count": run.count,
        "last": run.last.at.isoformat(),
        "why": run.why,
        "mode": run.mode,
    }


def upcoming(config: Config, now: datetime, until: datetime | None = None) -> Schedule:
    """The runs later than `now` and not later than `until`, both on the clock of the calendar's zone; at least the next one of each."""
    zone = ZoneInfo(config.calendar.settings.zone)
    first, last = instant_of(now, zone), instant_of(until or now + DAYS, zone)
    work, language = config.calendar.work_days, config.language
    on = [each for each in config.automations.values() if each.mode != "off"]
    lines = [[_with_quiet(run, config) for run in _runs(each, work, first, last, language)] for each in on]
    silent = [WORDS["never"][language].format(name=each.name) for each, found in zip(on, lines, strict=True) if not found]
    silent += [WORDS["off"][language].format(name=each.name) for each in config.automations.values() if each.mode == "off"]
    return Schedule(tuple(merge(*lines, key=lambda run: (run.first.at, run.automation))), tuple(silent), language)


def _with_quiet(run: Run, config: Config) -> Run:
    """The run saying, where it tells people something, that it keeps quiet outside their working hours."""
    if not config.settings.quiet_hours or config.automations[run.automation].does != TELLS or run.mode == "shadow":
        return run
    zone = ZoneInfo(config.calendar.settings.zone)
    opening, later = (
        next_open(config.calendar, slot.at.astimezone(zone).replace(tzinfo=None), config.calendar) for slot in (run.first, run.last)
    )
    quiet = ""
    if run.count > 1:
        quiet = WORDS["some quiet"][config.language] if opening or later else ""
    elif opening:
        when = f"{opening:%H:%M}" if opening.date() == run.first.wall.date() else moment_said(opening, config.language)
        quiet = WORDS["quiet"][config.language].format(when=when)
    return replace(run, why=" | ".join(each for each in (run.why, quiet) if each))


def _runs(automation: Automation, work: WorkDays, now: datetime, until: datetime, language: str) -> Iterator[Run]:
    found = list(islice(slots(automation.cadence, automation.zone, work, now, until), MOST * 100))
    following = next_slot(automation.cadence, automation.zone, work, now) if not found else None
    by_day: dict[Any, list[Slot]] = {}
    for slot in found or ([following] if following else []):
        by_day.setdefault(slot.wall.date(), []).append(slot)
    for same in by_day.values():
        for part in [[each] for each in same] if len(same) <= SINGLY else [same]:
            title = automation.title.get(language) or automation.title.get("zh", "")
            why = reason(part[0], work, language)
            yield Run(automation.name, title, part[0], part[-1], len(part), why, automation.mode, automation.zone.key)
