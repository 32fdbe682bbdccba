"""Whether the clock can be trusted: the time of day against a time that nobody can set."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

JUMP = timedelta(minutes=10)
"""A difference between the two clocks that is no drift."""
HOLD = timedelta(minutes=10)
"""How long after a jump nothing begins: a clock that is being set is often set twice."""


class MachineClock:
    """The clock of the machine: the time of day as it is given, and the seconds since it started, suspension included where told."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now

    def steady(self) -> float:
        """Seconds that nobody can set."""
        return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class ClockSanity:
    """Compares both clocks at each tick; a suspended machine moves both, a clock that is set moves one."""

    def __init__(self, last_known: datetime | None = None) -> None:
        self._last_known = last_known
        self._before: tuple[datetime, float] | None = None
        self._held_until: float | None = None

    def look(self, now: datetime, steady: float) -> tuple[timedelta | None, bool]:
        """How far the clock jumped since the last look (None: not), and whether to begin nothing for now."""
        jump = self._jump(now, steady)
        self._before = (now, steady)
        if jump is not None:
            self._held_until = steady + HOLD.total_seconds()
        if self._held_until is not None and steady >= self._held_until:
            self._held_until = None
        return jump, self._held_until is not None

    def _jump(self, now: datetime, steady: float) -> timedelta | None:
        if self._before is None:
            behind = self._last_known - now if self._last_known else timedelta()
            return -behind if behind > JUMP else None
        was, then = self._before
        jump = (now - was) - timedelta(seconds=steady - then)
        return jump if abs(jump) > JUMP else None

    def slept(self, now: datetime) -> timedelta:
        """How long nobody looked."""
        return now - self._before[0] if self._before else timedelta()
