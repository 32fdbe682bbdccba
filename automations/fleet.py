"""Many workbooks kept by several workers: what is due in any of them, and one slot done, whoever hands it out."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from automations.branchfile import branch_of
from automations.config import Config
from automations.deed import Lane
from automations.deeds import deeds
from automations.executing import Says, Site, What, execute
from automations.leasing import LASTS
from automations.ledgers.connections import Connections
from automations.ledgers.postgres import PostgresLedger
from automations.ledgers.slots import SlotEnd, SlotRecord
from automations.offering import offer
from automations.run import World
from automations.wiring import schema_of, workbook_name

MOST_OPEN = 64
"""Workbooks a worker keeps at hand, with what it last read of them."""
OURS = "job "
"""How the owner of a slot begins that a worker has in hand; the number of its job follows."""
DIED = "its worker ended before it was done"
Build = Callable[[Config, PostgresLedger], World]


@dataclass(frozen=True)
class Errand:
    """A slot to be done, by ids alone."""

    branch: str
    automation: str
    due: datetime
    lane: Lane

    @property
    def name(self) -> str:
        """The same for the same slot: it is queued once."""
        return f"{self.branch}/{self.automation}/{self.due.isoformat()}"


@dataclass(frozen=True)
class InHand:
    """A slot that a worker began: which job it is, and how to find it again."""

    branch: str
    slot: SlotRecord

    @property
    def job(self) -> int:
        return int(self.slot.owner.split()[1])


@dataclass(frozen=True)
class Look:
    """What one look at all workbooks found."""

    due: tuple[Errand, ...]
    in_hand: tuple[InHand, ...]


@dataclass(eq=False)
class Fleet:
    """The workbooks of one configuration as a worker sees them. One thread looks, one executes; each has ledgers of its own."""

    config: Config
    connections: Connections
    clock: Callable[[], datetime]
    say: Says
    build: Build
    _watched: dict[str, PostgresLedger] = field(default_factory=dict)
    _worlds: OrderedDict[str, World] = field(default_factory=OrderedDict)
    _next: dict[tuple[str, str], datetime] = field(default_factory=dict)

    @property
    def branches(self) -> Collection[str]:
        """The names of the workbooks; one without a name where there is only one."""
        return self.config.branches or ("",)

    def look(self) -> Look:
        """Note what has come in every workbook; slots that wait now, and those in hand. A ledger that fails does not stop the others."""
        due: list[Errand] = []
        in_hand: list[InHand] = []
        for branch in self.branches:
            try:
                self._look_at(branch, due, in_hand)
            except Exception as fault:  # one workbook's trouble never stops the others; the next look tries again
                self.say("not looked at", branch=branch, why=f"{type(fault).__name__}: {fault}")
        return Look(tuple(due), tuple(in_hand))

    def _look_at(self, branch: str, due: list[Errand], in_hand: list[InHand]) -> None:
        following = self._next  # before the configuration: what is found under an old one is not taken for the new one's
        now, config, say = self.clock(), branch_of(self.config, branch), self._says(branch)
        with self._watching(branch) as ledger:
            for automation in config.automations.values():
                if automation.mode != "off" and following.get((branch, automation.name), now) <= now:
                    following[branch, automation.name] = offer(ledger, config, workbook_name(config), automation, now, say)
            slots = ledger.timetable.slots(["due", "running"], limit=1000)
        in_hand += [InHand(branch, slot) for slot in slots if slot.state == "running" and slot.owner.startswith(OURS)]
        ready = [slot for slot in reversed(slots) if slot.state == "due" and slot.not_before and slot.not_before <= now]
        due += [Errand(branch, slot.automation, slot.due, self._lane(slot.automation)) for slot in ready]

    def _lane(self, name: str) -> Lane:
        automation = self.config.automations.get(name)
        return deeds()[automation.does].lane if automation else "keeping"

    def free(self, dead: InHand) -> bool:
        """Let a slot wait again whose worker is gone, and let go of what it held; one that comes back after all finds nothing its own."""
        slot, now = dead.slot, self.clock()
        with self._watching(dead.branch) as ledger:
            table = ledger.timetable
            table.release_all(f"{OURS}{dead.job} ")
            freed = table.end(slot.automation, slot.workbook, slot.due, slot.owner, SlotEnd("due", DIED, now), now)
        if freed:
            self._says(dead.branch)("taken up", automation=slot.automation, slot=slot.due, why=DIED)
        return freed

    @contextmanager
    def _watching(self, branch: str) -> Iterator[PostgresLedger]:
        ledger = self._watched.get(branch) or self.connections.ledger(schema_of(branch))
        self._watched[branch] = ledger
        try:
            yield ledger
        finally:
            ledger.rest()

    # One slot

    def execute(self, branch: str, automation: str, due: datetime, job: int) -> What:
        """Do one slot of one workbook, as job of this number; `not mine` when it is done, not due, or another's."""
        world = self._world(branch)
        ledger = world.ledger
        assert isinstance(ledger, PostgresLedger)
        owner = f"{OURS}{job} {threading.get_ident()}"
        try:
            with self._renewed(branch, owner):
                return execute(Site(lambda _: world, self.clock, owner, self._says(branch)), automation, due, self._lane(automation))
        except BaseException:
            self._worlds.pop(branch, None)
            raise
        finally:
            ledger.rest()

    def _world(self, branch: str) -> World:
        known = self._worlds.pop(branch, None)
        config = branch_of(self.config, branch)
        if known is None or known.config.hash != config.hash:
            known = self.build(config, self.connections.ledger(schema_of(branch)))
        self._worlds[branch] = known
        while len(self._worlds) > MOST_OPEN:
            self._worlds.popitem(last=False)[1].channel.close()
        return known

    @contextmanager
    def _renewed(self, branch: str, owner: str) -> Iterator[None]:
        """Hold on to what a long run holds, from a thread of its own."""
        done = threading.Event()
        thread = threading.Thread(target=self._renew, args=(branch, owner, done), name="leases", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _renew(self, branch: str, owner: str, done: threading.Event) -> None:
        while not done.wait(LASTS.total_seconds() / 3):
            ledger, now = self.connections.ledger(schema_of(branch)), self.clock()
            try:
                ledger.timetable.renew(owner, now, now + LASTS)
            except Exception as fault:  # the run itself asks before each step that cannot be taken back
                self._says(branch)("lease not renewed", why=str(fault))
            finally:
                ledger.rest()

    def take_over(self, config: Config) -> None:
        """Another configuration is in force from the next slot on."""
        self.config = config
        self._next = {}

    def close(self) -> None:
        """Let go of everything."""
        for world in self._worlds.values():
            world.channel.close()
        self.connections.close()

    def _says(self, branch: str) -> Says:
        def say(event: str, /, **facts: object) -> None:
            self.say(event, **({"branch": branch} if branch else {}), **facts)

        return say
