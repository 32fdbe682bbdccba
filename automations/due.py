"""Which slots have come: from the cadence, the last slot known and the moment, and what to do about those that were missed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from automations.automationfile import Automation
from automations.cadence import WorkDays, slots

ON_TIME = timedelta(minutes=2)
"""A slot seen this late was not missed: the ticker looks every few seconds, and a machine can be busy."""
MOST = 100_000
"""Slots counted singly after a long stop; no more are needed to know the latest."""
FARTHEST = timedelta(days=400)
"""How far back a stop is looked through."""
TOO_OLD = "older than its max_age"
NOT_MADE_UP = "missed, and not made up (catch_up: none)"
OVERTAKEN = "a later slot came first"


@dataclass(frozen=True)
class Come:
    """What has come of one automation: slots to run, oldest first, how many older ones they stand for, and one given up with its reason."""

    run: tuple[datetime, ...] = ()
    skipped: int = 0
    given_up: datetime | None = None
    why: str = ""


def come(automation: Automation, work: WorkDays, since: datetime, now: datetime) -> Come:
    """What has come later than `since` and not later than `now`, both UTC.

    `latest` runs the newest missed slot once, `all` each of them, `none` none; `max_age` ends what is made up.
    """
    found = [slot.at for slot in islice(slots(automation.cadence, automation.zone, work, max(since, now - FARTHEST), now), MOST)]
    if not found:
        return Come()
    young = [at for at in found if automation.max_age is None or now - at <= automation.max_age or now - at <= ON_TIME]
    if automation.catch_up == "none":
        young = [at for at in found if now - at <= ON_TIME]
    run = tuple(young if automation.catch_up == "all" else young[-1:])
    if not run:
        return Come(skipped=len(found) - 1, given_up=found[-1], why=NOT_MADE_UP if automation.catch_up == "none" else TOO_OLD)
    return Come(run, len(found) - len(run))
