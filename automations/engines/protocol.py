"""What an engine is made of: a clock, workers for the lanes, and the parts of a running service."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from automations.deed import Lane

Work = Callable[[], None]


class Clock(Protocol):
    """The time of day, and a time that cannot be set: it goes on while the machine sleeps."""

    def now(self) -> datetime:
        """The moment, in UTC."""

    def steady(self) -> float:
        """Seconds that nobody can set, suspension included."""


class Workers(Protocol):
    """Lanes of work: one piece after another in a lane, the lanes beside each other."""

    def free(self, lane: Lane | str) -> bool:
        """Whether nothing runs or waits in a lane."""

    def begin(self, lane: Lane | str, work: Work) -> None:
        """Have a piece of work done in a lane; it must not raise."""

    def finish(self) -> None:
        """Let every lane end what it does, and close."""
