"""Holding what only one may hold: a lease in the ledger, asked again before each step that cannot be taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from automations.deed import HeldElsewhere, LeaseLost
from automations.ledgers.slots import Lease, Timetable
from automations.model import Words

LASTS = timedelta(minutes=10)
"""How long a lease lasts when nobody renews it: longer than any write to a workbook or a server may hang."""
BUSY: Words = {
    "zh": "“{what}”正由另一次运行（{owner}）处理，最迟 {until} UTC 放开；稍后再试",
    "en": "'{what}' is being worked on by another run ({owner}), at most until {until} UTC; try again later",
}
LOST: Words = {
    "zh": "这次运行中断太久，“{what}”可能已由另一次运行接手；没有再写入，下次运行会接着做",
    "en": "this run slept so long that another may have taken over '{what}'; nothing more was written, the next run goes on",
}


@dataclass(frozen=True, eq=False)
class Held:
    """A lease that was taken, and the way to ask whether it still holds."""

    lease: Lease
    table: Timetable
    clock: Callable[[], datetime]
    language: str

    def check(self) -> None:
        """Hold on for as long again. Raises LeaseLost when it ran out."""
        now = self.clock()
        self.table.renew(self.lease.owner, now, now + LASTS)
        if not self.table.holds(self.lease, now):
            raise LeaseLost(LOST[self.language].format(what=self.lease.resource))


@contextmanager
def holding(table: Timetable, resource: str, owner: str, clock: Callable[[], datetime], language: str) -> Iterator[Held]:
    """Hold a resource inside the block.

    Raises HeldElsewhere with who holds it, and until when.
    """
    lease = table.lease(resource, owner, clock(), clock() + LASTS)
    if lease is None:
        raise HeldElsewhere(_busy(table, resource, clock(), language))
    try:
        yield Held(lease, table, clock, language)
    finally:
        table.release(lease)


def _busy(table: Timetable, resource: str, now: datetime, language: str) -> str:
    other = next((lease for lease in table.leases(now) if lease.resource == resource), None)
    owner, until = (other.owner, f"{other.expires:%H:%M}") if other else ("?", "?")
    return BUSY[language].format(what=resource, owner=owner, until=until)
