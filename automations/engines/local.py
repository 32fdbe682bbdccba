"""`serve` on one machine: a ticker, what is due by cadence, ledger and clock, and a thread per lane."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import schedule

from automations.automationfile import Automation
from automations.config import Config
from automations.deed import LANES, Lane
from automations.deeds import deeds
from automations.engines.protocol import Clock, Workers
from automations.engines.sanity import HOLD, ClockSanity
from automations.engines.worlds import Worlds
from automations.executing import Says, Site, execute
from automations.leasing import LASTS
from automations.ledgers.slots import SlotRecord, Timetable
from automations.offering import offer
from automations.run import World

EVERY = 5
"""Seconds between two ticks."""
KEEP_SLOTS = timedelta(days=60)
WATCH, CONFIGURATION = "watch", "configuration"
"""The ticker's own world, and the lane in which a changed configuration is read."""
DIED = "its process ended before it was done"
CLOCK = "clock"


@dataclass(eq=False)
class LocalEngine:
    """Everything that happens is decided in `tick`, which never raises; `serve` calls it every few seconds."""

    worlds: Worlds
    clock: Clock
    workers: Workers
    say: Says
    owner: str
    reload: Callable[[World], Config | None] = lambda _: None
    """Reads config/ if it was edited: the new configuration, or None where the present one stays in force."""
    changed: Callable[[], bool] = lambda: False
    note: Callable[[World, datetime], None] = lambda *_: None
    """Tells the outside that the service is alive and how its automations do."""
    _next: dict[str, datetime] = field(default_factory=dict)
    _sanity: ClockSanity = field(default_factory=ClockSanity)
    _last_fault: str = ""
    _cleaned: datetime | None = None

    # From outside

    def start(self) -> None:
        """Take up what a dead service left: its slots wait again, its leases are free."""
        world, now = self.worlds(WATCH), self.clock.now()
        table = world.ledger.timetable
        table.release_all(self.owner.partition(" ")[0])
        waiting = table.orphans(self.owner, now, DIED)
        known = world.ledger.meta("last tick")
        self._sanity = ClockSanity(datetime.fromisoformat(known) if known else None)
        self.say("serving", automations=len(self.worlds.config.automations), taken_up=waiting or "", configuration=world.config.hash[:8])

    def serve(self, stop: threading.Event) -> None:
        """Tick until told to stop, then let every lane end what it does."""
        self.start()
        ticker = schedule.Scheduler()
        while not stop.is_set():
            if (ticker.idle_seconds or 0) > EVERY or not ticker.jobs:  # its clock is the local time of day, which can go back an hour
                ticker.clear()
                ticker.every(EVERY).seconds.do(self.tick)
                self.tick()
            ticker.run_pending()
            stop.wait(1)
        self.stop()

    def stop(self) -> None:
        """End gracefully: nothing new begins, what runs ends."""
        self.say("stopping")
        for lane in (*LANES, CONFIGURATION):
            self.workers.begin(lane, lambda lane=lane: self.worlds.close(lane))  # type: ignore[misc]
        self.workers.finish()
        self.worlds(WATCH).ledger.set_meta("last tick", self.clock.now().isoformat())
        self.say("stopped")
        self.worlds.close(WATCH)

    def tick(self) -> None:
        """Look once: at the clock, the configuration and the cadences; begin what is due."""
        try:
            self._tick(self.worlds(WATCH), self.clock.now())
            self._last_fault = ""
        except Exception as fault:  # the ticker outlives whatever goes wrong; the same fault is said once
            if str(fault) != self._last_fault:
                self.say("tick failed", why=f"{type(fault).__name__}: {fault}")
            self._last_fault = str(fault)

    # One tick

    def _tick(self, world: World, now: datetime) -> None:
        held = self._clock_held(world, now)
        self._look_at_configuration()
        if not held:
            for automation in self._wanted(world, now):
                self._offer(world, automation, now)
            self._hand_out(world.ledger.timetable, now)
        world.ledger.timetable.renew(self.owner, now, now + LASTS)
        self._clean(world, now)
        self.note(world, now)

    def _clock_held(self, world: World, now: datetime) -> bool:
        jump, held = self._sanity.look(now, self.clock.steady())
        table = world.ledger.timetable
        if jump is not None:
            self._next.clear()
            said = f"{'ahead' if jump > timedelta() else 'back'} by {abs(jump)}"
            table.trouble(CLOCK, now, f"the clock was set {said}")
            self.say("clock jumped", to=now, by=said, nothing_begins_for=str(HOLD))
        elif not held and table.over(CLOCK):
            self.say("clock trusted again", at=now)
        return held

    def _look_at_configuration(self) -> None:
        if self.workers.free(CONFIGURATION) and self.changed():
            self.workers.begin(CONFIGURATION, self._reload)

    def _reload(self) -> None:
        try:
            config = self.reload(self.worlds(CONFIGURATION))
        except Exception as fault:  # whatever an edit does, the configuration in force stays
            self.say("configuration not read", why=f"{type(fault).__name__}: {fault}")
            return
        if config is not None:
            self.worlds.config = config
            self._next.clear()
            self.say("configuration in force", version=config.hash[:8])

    def _wanted(self, world: World, now: datetime) -> Iterator[Automation]:
        """The automations whose next slot has come, or is not known yet."""
        for automation in world.config.automations.values():
            if automation.mode != "off" and self._next.get(automation.name, now) <= now:
                yield automation

    def _offer(self, world: World, automation: Automation, now: datetime) -> None:
        self._next[automation.name] = offer(world.ledger, world.config, world.workbook.name, automation, now, self.say)

    def _hand_out(self, table: Timetable, now: datetime) -> None:
        for slot in reversed(table.slots(["due"], limit=1000)):
            lane = self._lane(slot)
            if slot.not_before and slot.not_before <= now and self.workers.free(lane):
                self.workers.begin(lane, lambda slot=slot, lane=lane: self._execute(slot, lane))  # type: ignore[misc]

    def _lane(self, slot: SlotRecord) -> Lane:
        automation = self.worlds.config.automations.get(slot.automation)
        return deeds()[automation.does].lane if automation else "keeping"

    def _execute(self, slot: SlotRecord, lane: Lane) -> None:
        site = Site(self.worlds, self.clock.now, self.owner, self.say)
        try:
            execute(site, slot.automation, slot.due, lane)
        except Exception as fault:  # the world could not even be opened: the slot waits for the next tick
            self.say("could not begin", automation=slot.automation, slot=slot.due, why=f"{type(fault).__name__}: {fault}")

    def _clean(self, world: World, now: datetime) -> None:
        if self._cleaned is None or now - self._cleaned >= timedelta(days=1):
            self._cleaned = now
            world.ledger.timetable.forget(now - KEEP_SLOTS)
