"""Google's quota kept from our side: how long a call must wait so that no minute holds more calls than are allowed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from automations.quotas import Quota, Quotas

Way = Literal["read", "write"]
MINUTE = 60.0
SLOWED = 600.0
"""Seconds for which the pace is halved after Google said that the quota is used up."""


class Clock(Protocol):
    """Time as the client of the network sees it: a steady count of seconds, and a way to let some pass."""

    def monotonic(self) -> float:
        """Seconds that never go back."""

    def sleep(self, seconds: float) -> None:
        """Let this many seconds pass."""


class SteadyClock:
    """The machine's own steady clock; it tells no date."""

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass
class Bucket:
    """One quota: `limit` calls in any 60 seconds, `burst` of them at once (generic cell rate algorithm)."""

    limit: int
    burst: int
    arrival: float = 0.0
    slow_until: float = 0.0

    def take(self, now: float) -> float:
        """Take a place for one call; how many seconds it has to wait for it."""
        spacing = self.spacing(now)
        expected = max(self.arrival, now)
        start = max(now, expected - (self.burst - 1) * spacing)
        self.arrival = expected + spacing
        return start - now

    def spacing(self, now: float) -> float:
        """Seconds between two calls once the burst is used up."""
        return MINUTE / max(1, self.limit - self.burst) * (2 if now < self.slow_until else 1)

    def slow_down(self, now: float, pause: float) -> None:
        """No call before `pause` seconds have passed, and half the pace for ten minutes."""
        self.slow_until = max(self.slow_until, now + pause + SLOWED)
        self.arrival = max(self.arrival, now + pause + (self.burst - 1) * self.spacing(now))


@dataclass
class Pace:
    """The quotas of one account and of the project it belongs to; every call passes through all of its way."""

    reads: Sequence[Bucket]
    writes: Sequence[Bucket]

    def take(self, way: Way, now: float) -> float:
        """The longest wait any of the quotas asks for."""
        return max(bucket.take(now) for bucket in self._of(way))

    def slow_down(self, way: Way, now: float, pause: float) -> None:
        """Google refused a call for its quota."""
        for bucket in self._of(way):
            bucket.slow_down(now, pause)

    def _of(self, way: Way) -> Sequence[Bucket]:
        return self.reads if way == "read" else self.writes


class Paces(Protocol):
    """What says how long a call must wait, and hears when Google refused one for its quota."""

    def take(self, way: Way, now: float) -> float:
        """Take a place for a call; the seconds it has to wait."""

    def slow_down(self, way: Way, now: float, pause: float) -> None:
        """Google refused a call for its quota."""


class SharedPace:
    """The same quotas kept in a ledger that others call by too, on its clock: the account's own, and the one of the whole project."""

    def __init__(self, quotas: Quotas, account: str, per_account: int, per_project: int) -> None:
        self._quotas, self._limits = quotas, ((account, per_account), ("project", per_project))

    def take(self, way: Way, now: float) -> float:  # noqa: ARG002 - the ledger's clock is the one all share
        return max(self._quotas.take(quota) for quota in self._of(way))

    def slow_down(self, way: Way, now: float, pause: float) -> None:  # noqa: ARG002
        for quota in self._of(way):
            self._quotas.slow_down(quota, pause, SLOWED)

    def _of(self, way: Way) -> list[Quota]:
        buckets = ((name, Bucket(limit, max(1, limit // 5))) for name, limit in self._limits)
        return [Quota(f"{name} {way}s", bucket.spacing(0.0), bucket.burst) for name, bucket in buckets]


def pace_of(per_account: int, per_project: int) -> Pace:
    """A pace by calls a minute of the account and of the project; a fifth of either may come at once."""

    def quotas() -> list[Bucket]:
        return [Bucket(limit, max(1, limit // 5)) for limit in (per_account, per_project)]

    return Pace(quotas(), quotas())
