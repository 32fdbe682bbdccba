"""One slot of one automation, whoever hands it out: begin it once, do it, and say what became of it."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

from automations.automationfile import Automation
from automations.cadence import next_slot
from automations.config import Config
from automations.deed import Done, Lane, Turn
from automations.deeds import deeds
from automations.errors import PlanRefused, RowkeeperError
from automations.leasing import holding
from automations.ledgers.slots import SlotEnd
from automations.newconfig import GreatChange
from automations.oldledger import watch
from automations.run import World
from automations.toolmail import tell_admin

RETRIES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
"""How long after a failure the same slot is tried again, unless the next one comes first."""
TELL_AFTER = 3
"""Failures in a row after which the admin is told, once."""
MOST_DEATHS = len(RETRIES) + 2
"""Attempts after which a slot that takes its process down with it is not tried again."""
GONE = "no such automation any more"
What = Literal["done", "again", "failed", "not mine"]


class NeverEnded(RowkeeperError):
    """A slot whose process died each time it was tried."""


class Says(Protocol):
    """Where decisions are told: one event with its facts."""

    def __call__(self, event: str, /, **facts: object) -> None: ...


@dataclass(frozen=True, eq=False)
class Site:
    """Where slots are executed: the present world for a lane, the clock (UTC), the name others see, and where decisions are told."""

    world: Callable[[Lane], World]
    clock: Callable[[], datetime]
    owner: str
    say: Says


def execute(site: Site, automation: str, due: datetime, lane: Lane) -> What:
    """Do one slot, known by its automation and its instant alone; `not mine` when it is done, not due, or another's."""
    world, now = site.world(lane), site.clock()
    table, workbook = world.ledger.timetable, world.workbook.name
    if not table.take(automation, workbook, due, site.owner, now):
        return "not mine"
    found = world.config.automations.get(automation)
    if found is None or found.mode == "off":
        table.end(automation, workbook, due, site.owner, SlotEnd("skipped", GONE), site.clock())
        return "failed"
    record = table.slot(automation, workbook, due)
    if record and record.attempts > MOST_DEATHS:
        return _failed(site, world, found, due, NeverEnded(), f"{record.attempts - 1} attempts ended with their process")
    site.say("begins", automation=automation, slot=due, attempt=record.attempts if record and record.attempts > 1 else "")
    return _attempt(site, world, found, due)


def _attempt(site: Site, world: World, automation: Automation, due: datetime) -> What:
    started = site.clock()
    try:
        turn = _turn(site, world, automation, due)
        if automation.mode != "shadow":
            watch(world, turn.now)
        done = deeds()[automation.does].do(turn)
    except RowkeeperError as error:
        return _failed(site, world, automation, due, error, str(error))
    except Exception as bug:  # a bug in one automation never stops the others; its traceback is for the developer
        return _failed(site, world, automation, due, bug, "".join(traceback.format_exception(bug)).strip())
    ended = site.clock()
    world.ledger.timetable.end(
        automation.name, world.workbook.name, due, site.owner, SlotEnd("done", _counted(done), run_id=done.run_id), ended
    )
    site.say("done", automation=automation.name, slot=due, seconds=round((ended - started).total_seconds(), 1), **_facts(done))
    _recovered(site, world, automation)
    return "done"


def _turn(site: Site, world: World, automation: Automation, due: datetime) -> Turn:
    table, language = world.ledger.timetable, world.config.language
    return Turn(
        automation,
        world,
        local(site.clock(), world.config),
        due,
        lambda resource: holding(table, resource, site.owner, site.clock, language),
    )


def local(moment: datetime, config: Config) -> datetime:
    """A moment on the wall clock of the calendar's zone, as runs count it."""
    return moment.astimezone(ZoneInfo(config.calendar.settings.zone)).replace(tzinfo=None, microsecond=0)


def _facts(done: Done) -> dict[str, object]:
    counts: dict[str, object] = {name.replace(" ", "_"): count for name, count in done.counts.items() if count}
    return counts | ({"run": done.run_id} if done.run_id else {})


def _counted(done: Done) -> str:
    return ", ".join(f"{count} {name}" for name, count in done.counts.items() if count)


# Failures


def _failed(site: Site, world: World, automation: Automation, due: datetime, error: Exception, why: str) -> What:
    now, table = site.clock(), world.ledger.timetable
    again = None if isinstance(error, PlanRefused) else _next_try(world, automation, due, now)
    end = SlotEnd("due" if again else "failed", why, again)
    table.end(automation.name, world.workbook.name, due, site.owner, end, now)
    site.say("failed", automation=automation.name, slot=due, why=why, again=again or "")
    _troubled(site, world, automation, error, why)
    return "again" if again else "failed"


def _next_try(world: World, automation: Automation, due: datetime, now: datetime) -> datetime | None:
    """When the same slot is tried again; None when the tries are used up, it has grown too old, or the next slot comes first."""
    record = world.ledger.timetable.slot(automation.name, world.workbook.name, due)
    if record is None or record.attempts > len(RETRIES):
        return None
    again = now + RETRIES[record.attempts - 1]
    after = next_slot(automation.cadence, automation.zone, world.config.calendar.work_days, due)
    too_old = automation.max_age is not None and again - due > automation.max_age
    return None if too_old or (after is not None and after.at <= again) else again


def _troubled(site: Site, world: World, automation: Automation, error: Exception, why: str) -> None:
    """Count the failure; tell the admin of the third in a row, and of a great change at once. Of other brakes the run itself told."""
    table, now = world.ledger.timetable, site.clock()
    name = trouble_of(automation.name)
    trouble = table.trouble(name, now, why)
    great = isinstance(error, GreatChange)
    if not great and (trouble.times < TELL_AFTER or isinstance(error, PlanRefused)):
        return
    kind, since = "stopped" if great else "failing", f"{local(trouble.since, world.config):%Y-%m-%d %H:%M}"
    facts = {"what": title_of(world, automation), "times": trouble.times, "since": since, "why": why.rstrip("。.")}
    if table.tell(name) and tell_admin(
        world, kind, local(site.clock(), world.config), f"{automation.name} {trouble.since.isoformat()}", **facts
    ):
        site.say("admin told", automation=automation.name, of=kind)


def _recovered(site: Site, world: World, automation: Automation) -> None:
    """A success ends the trouble; whoever was told of it is told that it is over."""
    trouble = world.ledger.timetable.over(trouble_of(automation.name))
    if trouble is None or not trouble.told:
        return
    since = f"{local(trouble.since, world.config):%Y-%m-%d %H:%M}"
    facts = {"what": title_of(world, automation), "times": trouble.times, "since": since}
    tell_admin(world, "recovered", local(site.clock(), world.config), f"{automation.name} {trouble.since.isoformat()}", **facts)
    site.say("recovered", automation=automation.name)


def trouble_of(automation: str) -> str:
    """The name of an automation's trouble."""
    return f"automation {automation}"


def title_of(world: World, automation: Automation) -> str:
    """An automation as the admin knows it."""
    return automation.title.get(world.config.language) or automation.title.get("zh") or automation.name
