"""After a run that died: which of its writes took place, and which of its mails left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence, Set
from itertools import takewhile

from automations.cells import typed
from automations.channels.protocol import Channel
from automations.ledgers.protocol import JournalRow, Ledger, RunOutcome
from automations.model import CellChange, Change, NewKey, Snapshot, Value, WriteReceipt
from automations.workbooks.protocol import Workbook

LOOKED_BACK = 50
"""Runs looked through for the last good one."""
DIED = "the run ended before this was settled"


def settle_doubts(snapshot: Snapshot, new_keys: Sequence[NewKey], ledger: Ledger) -> int:
    """Settle what dead runs journalled, by looking at the cells: written where the new value stands, refused elsewhere.

    Returns how many changes were in doubt. Without this our own value would look like a person's.
    """
    by_run: dict[int, list[JournalRow]] = defaultdict(list)
    for row in ledger.in_doubt(snapshot.workbook):
        by_run[row.run_id].append(row)
    unwritten = {(key.table, key.key) for key in new_keys}
    for run_id, rows in by_run.items():
        standing = [(row.change, _stands(row.change, snapshot, unwritten)) for row in rows]
        stands = [change for change, there in standing if there]
        missing = [(change, DIED) for change, there in standing if not there]
        ledger.settle_cells(run_id, WriteReceipt(tuple(stands), tuple(missing)))
        run = next((record for record in ledger.runs(snapshot.workbook, limit=1_000_000) if record.id == run_id), None)
        if run is not None and run.state == "started":
            ledger.end_run(run_id, RunOutcome("failed", run.started_at, DIED))
    return sum(map(len, by_run.values()))


def astray(workbook: Workbook, ledger: Ledger) -> frozenset[tuple[str, str, Value]]:
    """Values, by table and column, of runs that died or failed since the last good one, where a write may have hit other rows.

    Until a run ends well such a value in a strange row is ours: else it would be taken for a person's, and stay.
    """
    if not workbook.may_stray:
        return frozenset()
    since = takewhile(lambda run: run.state != "done", ledger.runs(workbook.name, limit=LOOKED_BACK))
    rows = [row.change for run in since if run.state == "failed" for row in ledger.changes_of(run.id)]
    return frozenset((change.table, change.column, change.new) for change in rows if isinstance(change, CellChange))


def _stands(change: Change, snapshot: Snapshot, unwritten: Set[tuple[str, str]]) -> bool:
    """Whether a cell holds what was to be written; a number that was not given yet may be another row's, but not in the tab of ours."""
    sheet = snapshot.home(change)
    column = sheet.table.column(change.column) if sheet else None
    if sheet is None or column is None or change.column not in sheet.frame.columns:
        return False
    if sheet is snapshot.sheets[change.table] and (change.table, change.key) in unwritten:
        return False
    rows = (sheet.frame[sheet.table.key] == change.key).to_numpy(dtype=bool, na_value=False).nonzero()[0]
    if not isinstance(change, CellChange) or not len(rows):
        return bool(len(rows))
    return typed(sheet.frame[change.column], int(rows[0]), column) == change.new


def take_up_mails(ledger: Ledger, channel: Channel) -> None:
    """Mails a dead run was sending: sent again where the channel itself never sends one twice, otherwise held as unknown."""
    for record in ledger.outbox({"sending"}, limit=1_000_000):
        ledger.settle_mail(record.mail.message_id, "unknown", DIED)
        if channel.never_twice:
            ledger.settle_mail(record.mail.message_id, "pending", DIED)
