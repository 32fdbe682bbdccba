"""What a ledger promises to what runs by itself: slots run once, leases held by one, troubles told once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

SlotState = Literal["due", "running", "done", "failed", "skipped"]


@dataclass(frozen=True)
class SlotRecord:
    """One slot as remembered. `due` and `not_before` are UTC; `skipped` counts the older slots that were given up for it."""

    automation: str
    workbook: str
    due: datetime
    state: SlotState
    attempts: int = 0
    owner: str = ""
    not_before: datetime | None = None
    changed_at: datetime | None = None
    why: str = ""
    skipped: int = 0
    run_id: int | None = None


@dataclass(frozen=True)
class SlotEnd:
    """How an attempt ended; `due` asks for another one, not before `not_before`."""

    state: SlotState
    why: str = ""
    not_before: datetime | None = None
    run_id: int | None = None


@dataclass(frozen=True)
class Lease:
    """A resource somebody holds until a moment; the epoch counts how often it was taken."""

    resource: str
    owner: str
    epoch: int
    expires: datetime


@dataclass(frozen=True)
class Trouble:
    """Something that is wrong and goes on: since when, how often it was seen, the last words about it, whether the admin knows."""

    name: str
    since: datetime
    last_at: datetime
    times: int
    why: str
    told: bool


class Timetable(Protocol):
    """The memory of what runs by itself. Every moment is UTC. Each step is one conditional statement: False means "not mine"."""

    def offer(self, automation: str, workbook: str, due: datetime, now: datetime, *, skipped: int = 0, give_up: str = "") -> bool:
        """Note a slot that has come, or with `give_up` one that is skipped and why; False when it is known already."""

    def take(self, automation: str, workbook: str, due: datetime, owner: str, now: datetime) -> bool:
        """Begin a slot that waits; False when it is not due, done, or another's."""

    def end(self, automation: str, workbook: str, due: datetime, owner: str, end: SlotEnd, now: datetime) -> bool:
        """Settle a slot this owner began; False when it is no longer the owner's."""

    def drop_older(self, automation: str, workbook: str, due: datetime, now: datetime, why: str) -> int:
        """Give up the slots of an automation that wait and are older than this one; returns how many."""

    def orphans(self, owner: str, now: datetime, why: str) -> int:
        """Let the slots that run under any other owner wait again; for when it is known that the others are gone."""

    def slots(self, states: Collection[SlotState] = (), automation: str | None = None, limit: int = 100) -> list[SlotRecord]:
        """The newest slots, newest first."""

    def slot(self, automation: str, workbook: str, due: datetime) -> SlotRecord | None:
        """One slot as remembered; None when it never came."""

    def last(self, automation: str, workbook: str, now: datetime) -> datetime | None:
        """The newest known slot that is not later than `now`: what a wrong clock noted for the future does not count."""

    def forget(self, before: datetime) -> int:
        """Drop settled slots older than this, except the newest of each automation and state."""

    def lease(self, resource: str, owner: str, now: datetime, expires: datetime) -> Lease | None:
        """Hold a resource nobody holds; None when somebody does."""

    def renew(self, owner: str, now: datetime, expires: datetime) -> int:
        """Hold on to all this owner holds; what has run out is lost."""

    def holds(self, lease: Lease, now: datetime) -> bool:
        """Whether this taking still holds."""

    def release(self, lease: Lease) -> bool:
        """Let go."""

    def release_all(self, owners: str) -> int:
        """Let go of what owners beginning with this text hold; for when it is known that they are gone."""

    def leases(self, now: datetime) -> list[Lease]:
        """Who holds what."""

    def trouble(self, name: str, now: datetime, why: str) -> Trouble:
        """Count one more of a trouble."""

    def tell(self, name: str) -> bool:
        """Note that the admin is told; False when that was noted before."""

    def over(self, name: str) -> Trouble | None:
        """A trouble is over; what it was, or None."""

    def troubles(self) -> list[Trouble]:
        """Everything that is wrong now, oldest first."""
