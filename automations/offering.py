"""What has come is noted in the timetable, once, whoever looks: slots to run, slots given up, and when to look again."""

from __future__ import annotations

from datetime import datetime, timedelta

from automations.automationfile import Automation
from automations.cadence import next_slot
from automations.config import Config
from automations.due import OVERTAKEN, come
from automations.executing import Says
from automations.knowncadences import known_since
from automations.ledgers.protocol import Ledger


def offer(ledger: Ledger, config: Config, book: str, automation: Automation, now: datetime, say: Says) -> datetime:
    """Note the slots of an automation that have come for a workbook; returns when the next one comes (UTC)."""
    table, name, work = ledger.timetable, automation.name, config.calendar.work_days
    last, known = table.last(name, book, now), known_since(ledger, config, book, automation, now)
    found = come(automation, work, max(last, known) if last else known, now)
    for place, due in enumerate(found.run):
        if table.offer(name, book, due, now, skipped=found.skipped if not place else 0):
            say("due", automation=name, slot=due, skipped=found.skipped if not place and found.skipped else "")
    if found.run and automation.catch_up != "all":
        table.drop_older(name, book, found.run[-1], now, OVERTAKEN)
    if found.given_up and table.offer(name, book, found.given_up, now, skipped=found.skipped, give_up=found.why):
        say("given up", automation=name, slot=found.given_up, skipped=found.skipped + 1, why=found.why)
    following = next_slot(automation.cadence, automation.zone, work, now)
    return following.at if following else now + timedelta(days=1)
