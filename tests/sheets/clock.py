"""A clock that stands still until somebody sleeps by it or sets it forward, shared by the stand-in and the client under test."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

START = datetime(2026, 9, 1, tzinfo=UTC)


class VirtualClock:
    """Seconds that pass only when asked to; `slept` keeps every sleep in order."""

    def __init__(self, start: datetime = START) -> None:
        self.start = start
        self.seconds = 0.0
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def __call__(self) -> float:
        return self.seconds

    monotonic = __call__

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self.seconds += max(seconds, 0.0)

    def forward(self, seconds: float) -> None:
        """Let time pass without anybody having slept."""
        with self._lock:
            self.seconds += seconds

    def now(self, zone: str = "UTC") -> datetime:
        return (self.start + timedelta(seconds=self.seconds)).astimezone(ZoneInfo(zone))
