"""What every command is given and gives back: its arguments, a clock and a voice; text and an exit code."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from automations.config import Config
    from automations.run import World
    from automations.settingup import Voice

NOTHING, FAILED_ROWS, CHANGES, CONFIG, BRAKE, OUTSIDE, PERSON = 0, 1, 2, 3, 4, 5, 6
Says = Callable[[str], None]
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Call:
    """One call of the command line. `clock` gives the present moment with its zone; `out` and `err` take whole lines at once."""

    arguments: Namespace
    clock: Callable[[], datetime]
    out: Says
    err: Says
    progress: Progress | None = None
    voice: Voice | None = None
    """Somebody who can be asked; None where nobody sits at a terminal."""
    parts: ExitStack = field(default_factory=ExitStack)
    """What is closed when the command has ended."""

    def now(self, config: Config) -> datetime:
        """The frozen clock, or the wall clock of the calendar's zone."""
        from zoneinfo import ZoneInfo

        frozen: datetime | None = getattr(self.arguments, "now", None)
        return frozen or self.clock().astimezone(ZoneInfo(config.calendar.settings.zone)).replace(tzinfo=None, microsecond=0)

    def utc(self) -> datetime:
        """The present moment, whatever the frozen clock says."""
        return self.clock().astimezone(UTC)

    def world(self, *, looking: bool = False) -> World:
        """The parts of the project folder; `looking` creates nothing."""
        from automations.wiring import world_of

        branch = getattr(self.arguments, "branch", "")
        world = world_of(self.arguments.root, workbook=self.arguments.workbook, branch=branch, looking=looking)
        self.parts.callback(world.ledger.close)
        return world


@dataclass(frozen=True)
class Ended:
    """What a command leaves: the text for standard output and the exit code."""

    text: str = ""
    code: int = NOTHING


class Sayable(Protocol):
    """A result that can be said in words or as data."""

    def data(self) -> Any: ...

    def text(self) -> str: ...


def ended(call: Call, result: Sayable, code: int = NOTHING) -> Ended:
    """A result in words, or as JSON where that was asked for."""
    return said(call, result.data, result.text, code)


def said(call: Call, data: Callable[[], Any], text: Callable[[], str], code: int = NOTHING) -> Ended:
    """Text in words, or data as JSON where that was asked for; only the one wanted is made."""
    return Ended(as_json(data()) if call.arguments.json else text(), code)


def as_json(data: Any) -> str:
    """Data as a program reads it."""
    return json.dumps(data, ensure_ascii=False, indent=2, default=str)
