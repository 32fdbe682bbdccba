"""What the ledger knows that planning needs: cells, conditions and rows, the mails that wait, and how much mail is usual."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from functools import partial
from itertools import islice
from statistics import median
from typing import Any

from automations.brakes import Sent
from automations.ledgers.protocol import KEPT, CellAt, Ledger, MailRecord
from automations.ledgers.rows import typed_text, typed_value
from automations.model import KeptMail, Value, Words
from automations.planning import Plan, Remembered
from automations.releasing import Waiting

LOOKED_BACK = 50
"""Runs looked through for the last one that saw the whole workbook; undone and refused ones saw nothing."""
USUAL_RUNS, USUAL_LOOKED_BACK, USUAL_FROM = 20, 1000, 5
"""The usual volume is the median of the last 20 runs that sent mail, of the last 1,000; with fewer than 5 none is known."""
ALL = 1_000_000


def remembered(ledger: Ledger, workbook: str, sweeps: Callable[[str], bool], waiting: Waiting) -> Remembered:
    """Cells, conditions and rows as they were last seen; `sweeps` says of a run's name whether it looked at all of them."""
    looked = (run for run in ledger.runs(workbook, limit=LOOKED_BACK) if run.state == "done" and sweeps(run.automation))
    last = next((run.started_at for run in looked), None)
    return Remembered(
        not ledger.knows(workbook),
        lambda cells: ledger.last_applied(workbook, cells),
        ledger.watched(workbook),
        last,
        rows_before(ledger, workbook),
        last_refused=lambda cells: ledger.last_refused(workbook, cells),
        waiting=waiting,
        decided=decided_before(ledger, workbook),
        keys=keys_before(ledger, workbook),
        strangers=lambda table, keys: ledger.strangers(workbook, table, keys),
    )


def waiting_mails(ledger: Ledger, workbook: str, automation: str, now: datetime, old: Words | None = None, *, force: bool) -> Waiting:
    """The mails that wait for a person, and what brakes need to know of what went out before; `old` says why the ledger is not trusted."""
    records = ledger.outbox(KEPT, workbook, limit=ALL)
    kept = [kept_mail(record) for record in reversed(records)]
    today = ledger.volume(workbook, datetime(now.year, now.month, now.day))
    released = frozenset(identity for each in kept if each.state == "released" for identity in each.mail.identities)
    sent = Sent(today.by_reader, today.by_row, partial(usual_volume, ledger, workbook, automation), released, old)
    return Waiting(kept, force=force, sent=sent)


def kept_mail(record: MailRecord) -> KeptMail:
    """A mail of the outbox as planning sees it."""
    state: Any = record.state
    return KeptMail(record.mail, state, record.reply, record.words)


def usual_volume(ledger: Ledger, workbook: str, automation: str) -> int | None:
    """How many mails a run of this automation sends that sends any; None while too few have."""
    runs = ledger.runs(workbook, USUAL_LOOKED_BACK, automation)
    counts = list(islice((run.counts["mails"] for run in runs if run.counts.get("mails")), USUAL_RUNS))
    return round(median(counts)) if len(counts) >= USUAL_FROM else None


def rows_name(workbook: str) -> str:
    """The ledger's name for how many rows each table had when last seen."""
    return f"rows {workbook}"


def rows_before(ledger: Ledger, workbook: str) -> dict[str, int]:
    """How many rows each table had when last seen."""
    return dict(json.loads(ledger.meta(rows_name(workbook)) or "{}"))


def keys_name(workbook: str) -> str:
    """The ledger's name for the hash of the keys each table had when last seen."""
    return f"keys {workbook}"


def keys_before(ledger: Ledger, workbook: str) -> dict[str, str]:
    """A hash of the keys of each table when last seen."""
    return dict(json.loads(ledger.meta(keys_name(workbook)) or "{}"))


def decided_name(workbook: str) -> str:
    """The ledger's name for the values people put into columns of ours."""
    return f"decided {workbook}"


def decided_before(ledger: Ledger, workbook: str) -> dict[str, dict[CellAt, Value]]:
    """The values of people's that stood in columns of ours after the last run, by table."""
    kept = json.loads(ledger.meta(decided_name(workbook)) or "{}")
    return {table: {(table, key, column): typed_value(text) for key, column, text in cells} for table, cells in kept.items()}


def decided_after(ledger: Ledger, plan: Plan) -> str:
    """The same after a plan was done, as the ledger keeps it; of tables the plan did not see it stays as it was."""
    kept = json.loads(ledger.meta(decided_name(plan.workbook)) or "{}")
    seen: dict[str, list[list[str]]] = {table: [] for table in plan.rows}
    for each in plan.overrides:
        seen[each.table].append([each.key, each.column, typed_text(each.theirs)])
    return json.dumps({**kept, **seen}, ensure_ascii=False)


def policies_name(workbook: str) -> str:
    """The ledger's name for the policies a workbook was looked at with."""
    return f"policies {workbook}"


def policies_before(ledger: Ledger, workbook: str) -> frozenset[str] | None:
    """The policies a workbook was looked at with; None in a ledger that knows it from before this was kept: then all count as known."""
    kept = ledger.meta(policies_name(workbook))
    if kept is None:
        return None if ledger.knows(workbook) else frozenset()
    return frozenset(json.loads(kept))
