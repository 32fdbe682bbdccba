"""Since when a cadence is known: a new or reworded one has missed nothing, a renamed one goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

from automations.automationfile import Automation
from automations.config import Config
from automations.ledgers.protocol import Ledger


def known_since(ledger: Ledger, config: Config, book: str, automation: Automation, now: datetime) -> datetime:
    """The moment from which slots of this automation count for this workbook, UTC."""
    name = f"cadences {book}"
    known = _known(ledger.meta(name) or "{}")
    mine = known.get(automation.name)
    if mine and mine["words"] == automation.words:
        return datetime.fromisoformat(mine["since"])
    before = _before(automation, known, config) if mine is None else None
    since = _left_off(ledger, book, before, known.pop(before), now) if before else now
    known[automation.name] = {"words": automation.words, "does": automation.does, "since": since.isoformat()}
    ledger.set_meta(name, json.dumps(known, ensure_ascii=False))
    return since


def _before(automation: Automation, known: Mapping[str, Mapping[str, str]], config: Config) -> str | None:
    """The one name that had these words and this deed, and that no automation has any more."""
    gone = [name for name in known if name not in config.automations]
    same = [name for name in gone if (known[name]["words"], known[name]["does"]) == (automation.words, automation.does)]
    return same[0] if len(same) == 1 else None


def _left_off(ledger: Ledger, book: str, before: str, said: Mapping[str, str], now: datetime) -> datetime:
    """Where the automation stood under its name of before."""
    since, last = datetime.fromisoformat(said["since"]), ledger.timetable.last(before, book, now)
    return max(since, last) if last else since


def _known(kept: str) -> dict[str, dict[str, str]]:
    with suppress(ValueError, KeyError, TypeError):
        found = json.loads(kept)
        return {name: said for name, said in found.items() if {"words", "does", "since"} <= said.keys()}
    return {}
