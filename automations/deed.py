"""What all deeds share: one turn of an automation, the lane it runs in, and what it leaves to be told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, Protocol

from automations.automationfile import Automation
from automations.channels.protocol import Channel
from automations.errors import OutsideFailed
from automations.generation import count
from automations.model import Mail
from automations.posting import Posted, send_pending
from automations.run import World
from automations.visiting import take_up
from automations.workbooks.protocol import Refused, Target, Workbook, Written

Lane = Literal["tables", "mail", "keeping"]
"""What runs one after another: whatever judges tables, whatever sends mail, whatever keeps copies. Lanes do not wait for each other."""
LANES: tuple[Lane, ...] = ("tables", "mail", "keeping")
MAILS = "mails"
"""The lease on sending: two that send at once would take each other's mail for one whose sender died."""


RESTING = "resting"
"""The ledger's name for the mails whose readers were off work at the last sweep: only a sweep knows who works when."""


class HeldElsewhere(OutsideFailed):
    """Another run works on the same thing; this one is tried again."""


class LeaseLost(OutsideFailed):
    """A run slept so long that another may have begun; it does nothing more."""


class Hold(Protocol):
    """What somebody holds for a while; it can be asked whether it still does."""

    def check(self) -> None:
        """Raises LeaseLost when it ran out."""


@dataclass(frozen=True, eq=False)
class Turn:
    """One turn of an automation: its world, the local moment, the slot (UTC), and the way to hold what only one may hold."""

    automation: Automation
    world: World
    now: datetime
    due: datetime
    hold: Callable[[str], AbstractContextManager[Hold]]


@dataclass(frozen=True)
class Done:
    """What a turn did: numbers by word, and the run it was."""

    counts: Mapping[str, int] = field(default_factory=dict)
    run_id: int | None = None


class Deed(Protocol):
    """Something an automation can do; one file in `deeds/`, whose docstring is its manual."""

    lane: Lane

    def do(self, turn: Turn) -> Done:
        """Do it. Raises RowkeeperError when it did not succeed; the slot is then tried again."""


@dataclass(frozen=True, eq=False)
class FencedWorkbook:
    """A workbook that is written only while its lease holds."""

    workbook: Workbook
    held: Hold

    @property
    def name(self) -> str:
        return self.workbook.name

    def __getattr__(self, name: str) -> Any:
        return getattr(self.workbook, name)

    def apply(self, targets: Sequence[Target]) -> tuple[Written, Refused]:
        """Write, unless another run may have begun meanwhile."""
        self.held.check()
        return self.workbook.apply(targets)


@dataclass(frozen=True, eq=False)
class FencedChannel:
    """A channel that sends only while the lease on sending holds."""

    channel: Channel
    held: Hold

    def __getattr__(self, name: str) -> Any:
        return getattr(self.channel, name)

    def send(self, mail: Mail, about_to: Callable[[], bool]) -> str:
        """Send, unless another run may have begun sending meanwhile."""
        self.held.check()
        return self.channel.send(mail, about_to)

    def lanes(self, _: int, /) -> Sequence[Channel]:
        """One way: the lease is asked by the thread that holds it."""
        alone: Any = self
        return [alone]


def workbook_lease(world: World) -> str:
    """The name of the lease on a world's workbook."""
    return f"workbook {world.workbook.name}"


def fenced(world: World, held: Hold) -> World:
    """The world whose workbook is written only while the lease holds, and which leaves its mails to `post`."""
    return replace(world, workbook=FencedWorkbook(world.workbook, held), posts=False)  # type: ignore[arg-type]


def post(turn: Turn, resting: Collection[str]) -> Posted:
    """Send what waits, if nobody else is sending; otherwise that one, or the next turn, will. Readers of `resting` mails are off work."""
    try:
        with turn.hold(MAILS) as held:
            settings, ledger = turn.world.config.settings, turn.world.ledger
            if ledger.pending_ids(turn.now):
                count(turn.world.marks, ledger, turn.world.workbook.name, turn.now)
            take_up(turn.world.ledger, turn.world.channel, turn.world.mailbox, turn.now, settings.admin, settings.language)
            return send_pending(turn.world.ledger, turn.world.channel, turn.now, resting, still=held.check)
    except HeldElsewhere:
        return Posted(0)
