"""What keeps a quota: places for calls, taken one after another by all who share it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Quota:
    """So many seconds between two calls once as many as `burst` have gone at once."""

    bucket: str
    spacing: float
    burst: int


class Quotas(Protocol):
    """Places for calls, taken one after another by whoever shares the ledger. `now` is the database's own time where none is given."""

    def take(self, quota: Quota, now: float | None = None) -> float:
        """Take a place for one call; how many seconds it has to wait for it."""

    def slow_down(self, quota: Quota, pause: float, slowed: float, now: float | None = None) -> None:
        """No call before the pause is over, and half the pace for as many seconds more."""
