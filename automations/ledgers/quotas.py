"""Quotas kept in the ledger, so that all who call by the same account slow down together (generic cell rate algorithm)."""

from __future__ import annotations

from collections.abc import Callable

from automations.ledgers.store import Store
from automations.quotas import Quota


class SqlQuotas:
    """Quotas as statements; `after` is done after each, to let go of a connection while the caller waits."""

    def __init__(self, database: Store, after: Callable[[], None] = lambda: None) -> None:
        self._database, self._after = database, after

    def take(self, quota: Quota, now: float | None = None) -> float:
        try:
            at = self._now(now)
            (found,) = self._database.rows("take_place", bucket=quota.bucket, now=at, spacing=quota.spacing)
        finally:
            self._after()
        spacing = quota.spacing * (2 if found["slow_until"] > at else 1)
        return max(0.0, float(found["arrival"]) - quota.burst * spacing - at)

    def slow_down(self, quota: Quota, pause: float, slowed: float, now: float | None = None) -> None:
        try:
            at = self._now(now)
            arrival = at + pause + (quota.burst - 1) * 2 * quota.spacing
            self._database.do_alone("slow_pace", bucket=quota.bucket, arrival=arrival, slow_until=at + pause + slowed)
        finally:
            self._after()

    def _now(self, now: float | None) -> float:
        return float(self._database.rows("present")[0]["seconds"]) if now is None else now
