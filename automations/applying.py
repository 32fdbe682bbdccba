"""A Plan into the world: journal, compare-and-set writes, claims, mails, and what became of each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from automations.adminmail import held_mail, lost_mail, news_of, stopped_mail
from automations.apart import GONE, rows_for
from automations.cells import shown
from automations.channels.protocol import Channel
from automations.errors import RowkeeperError
from automations.ledgers.protocol import Ledger, RunOutcome, RunStart
from automations.model import CellChange, Change, NewKey, NewRow, Sheet, Snapshot, Value, WriteReceipt
from automations.planning import Plan
from automations.posting import Posted, send_pending
from automations.releasing import TICKED
from automations.remembering import decided_after, decided_name, keys_before, keys_name, policies_name, rows_before, rows_name
from automations.undoing import changes_back
from automations.workbooks.protocol import Beside, Target, Workbook


@dataclass(frozen=True)
class Receipt:
    """What a run did: its number, what was written and refused, how many mails left, failed, or are uncertain."""

    run_id: int
    written: WriteReceipt
    mails_sent: int = 0
    mails_failed: tuple[str, ...] = ()
    mails_unknown: int = 0


def apply(
    plan: Plan,
    snapshot: Snapshot,
    workbook: Workbook,
    ledger: Ledger,
    channel: Channel,
    admin: str = "",
    word: str = "",
    *,
    posts: bool = True,
) -> Receipt:
    """Do what the plan says: record first, write what still is what was seen, then (if it `posts`) send what was claimed.

    `admin` is told once of what brakes hold and of mails given up; `word` is that of the person who forced a brake.
    Raises OutsideFailed when the workbook or the ledger refuses; the run is then recorded as failed.
    """
    run_id = ledger.begin_run(_start(plan))
    try:
        changes: list[Change] = [*plan.new_keys, *plan.new_rows, *rows_for(plan.changes, snapshot), *plan.changes]
        _record(plan, changes, run_id, ledger, admin)
        receipt = _write(changes, snapshot, workbook, plan.language)
        ledger.settle_cells(run_id, receipt)
        if not changes and ledger.pending_ids(plan.now):
            workbook.hold()
        posted = send_pending(ledger, channel, plan.now, plan.resting) if posts else Posted(0)
        lost = [record for record in posted.lost if record.mail.identities]
        if lost and admin:
            ledger.put_mails(run_id, [lost_mail(plan, admin, run_id, lost)])
        _remember(plan, run_id, ledger)
    except RowkeeperError as error:
        ledger.end_run(run_id, RunOutcome("failed", plan.now, str(error)))
        raise
    ledger.end_run(run_id, RunOutcome("done", plan.now, word, counts=_counts(plan, receipt, posted, workbook)))
    return Receipt(run_id, receipt, posted.sent, posted.troubles, posted.unknown)


def _start(plan: Plan) -> RunStart:
    return RunStart(plan.automation, plan.workbook, plan.now, plan.config_hash, plan.fingerprint)


def _counts(plan: Plan, receipt: WriteReceipt, posted: Posted, workbook: Workbook) -> dict[str, int]:
    waiting = {"held": len(plan.held), "drafts": len(plan.drafts)}
    return {
        "cells": len(receipt.written),
        "refused": len(receipt.refused),
        "mails": posted.sent,
        "failed": len(posted.troubles),
        "findings": len(plan.findings),
        **{name: count for name, count in waiting.items() if count},
        **workbook.spent(),
    }


def note_refused(plan: Plan, ledger: Ledger, reason: str, channel: Channel, admin: str, *, posts: bool = True) -> None:
    """Remember a run that a brake stopped before it did anything, and tell the admin once: now if it `posts`, else with what waits."""
    run_id = ledger.begin_run(_start(plan))
    ledger.end_run(run_id, RunOutcome("refused", plan.now, reason))
    with ledger.at_once():
        if not news_of(plan.brakes, plan.workbook, ledger):
            return
        mail = stopped_mail(plan, admin, run_id)
        ledger.put_mails(run_id, [mail])
    if posts:
        send_pending(ledger, channel, plan.now, only=mail.message_id)


def _record(plan: Plan, changes: Sequence[Change], run_id: int, ledger: Ledger, admin: str) -> None:
    with ledger.at_once():
        ledger.journal(run_id, changes)
        _let_go(plan, ledger)
        claimed = {notice.identity for notice in ledger.claim_notices(run_id, plan.notices)}
        ledger.put_mails(run_id, [mail for mail in plan.mails if claimed.issuperset(mail.identities)])
        _carry_words(plan, ledger)
        for state in ("draft", "held"):
            anew = [kept.mail for kept in plan.sorted.anew if kept.state == state and claimed.issuperset(kept.mail.identities)]
            ledger.put_mails(run_id, anew, state)
        ledger.put_mails(run_id, [each.mail for each in plan.shadow.mails], "suppressed", "shadow")
        if news_of(plan.sorted.tripped if plan.held else (), plan.workbook, ledger) and admin:
            ledger.put_mails(run_id, [held_mail(plan, admin, run_id)])
        ledger.add_transitions(run_id, plan.workbook, plan.transitions)
        if plan.policies is not None:
            ledger.set_meta(policies_name(plan.workbook), json.dumps(sorted(plan.policies), ensure_ascii=False))


def _let_go(plan: Plan, ledger: Ledger) -> None:
    """Drafts a tick in the sheet released, and mails that need not wait any longer."""
    language = plan.language
    for kept in plan.sorted.ticked:
        ledger.settle_mail(kept.mail.message_id, "released", kept.reply, f"{TICKED[language]} ({plan.now:%Y-%m-%d %H:%M})")
    for kept, why in plan.sorted.withdrawn:
        ledger.settle_mail(kept.mail.message_id, "withdrawn", "; ".join(filter(None, [kept.reply, why[language]])))


def _carry_words(plan: Plan, ledger: Ledger) -> None:
    """What a person said when releasing a mail goes with its matters into the mail that carries them now."""
    for kept in (kept for kept, _ in plan.sorted.withdrawn if kept.state == "released" and kept.words):
        for mail in plan.mails:
            if not set(kept.mail.identities).isdisjoint(mail.identities):
                ledger.note_word(mail.message_id, kept.words)


def _write(changes: Sequence[Change], snapshot: Snapshot, workbook: Workbook, language: str) -> WriteReceipt:
    targets = [target_of(change, snapshot, language) for change in changes]
    written, refused = workbook.apply(targets) if targets else ([], [])
    return WriteReceipt(tuple(changes[place] for place in written), tuple((changes[place], reason) for place, reason in refused))


def target_of(change: Change, snapshot: Snapshot, language: str = "zh") -> Target:
    """Where a change goes: the tab, headers and key it was read under; yes and no are written as words."""
    sheet = snapshot.home(change) or snapshot.sheets[change.table]
    grid, key = snapshot.grids[sheet.tab], sheet.table.key
    column = sheet.table.column(change.column)

    def header(name: str) -> str:
        return str(grid.columns[sheet.places[name]][sheet.header_row - grid.first_row])

    return Target(
        tab=sheet.tab,
        header_row=sheet.header_row,
        key_place=sheet.places[key],
        key=change.key,
        place=sheet.places[change.column],
        header=header(change.column),
        key_header=header(key),
        old=change.old if isinstance(change, CellChange) else None,
        new=spelled(change.new, language) if isinstance(change, CellChange) else change.key,
        kind=column.type if column else "text",
        row_hint=change.row,
        content=change.content if isinstance(change, NewKey) else None,
        appends=isinstance(change, NewRow),
        beside=_beside(change, sheet, snapshot),
    )


def _beside(change: Change, sheet: Sheet, snapshot: Snapshot) -> Beside | None:
    """Staff's row, where a column of ours stands apart from it; nothing for a row that is gone there."""
    staff = snapshot.sheets[change.table]
    if sheet is staff or not isinstance(change, CellChange) or change.column == GONE:
        return None
    grid, key = snapshot.grids[staff.tab], staff.table.key
    key_header = str(grid.columns[staff.places[key]][staff.header_row - grid.first_row])
    return Beside(staff.tab, staff.header_row, staff.places[key], key_header, change.row)


def spelled(value: Value, language: str) -> Value:
    """A value as it is written: yes and no in the language of the dropdowns."""
    return shown(value, "boolean", language) if isinstance(value, bool) else value


def _remember(plan: Plan, run_id: int, ledger: Ledger) -> None:
    seen = [(finding.rule, finding.key, finding.column) for finding in (*plan.findings, *plan.shadow.findings)]
    ledger.note_findings(run_id, plan.workbook, plan.now, [*seen, *plan.waiting], plan.judged_rules)
    kept = {
        rows_name(plan.workbook): json.dumps({**rows_before(ledger, plan.workbook), **plan.rows}),
        keys_name(plan.workbook): json.dumps({**keys_before(ledger, plan.workbook), **plan.adopted.keys}),
        decided_name(plan.workbook): decided_after(ledger, plan),
    }
    ledger.adopt(run_id, plan.adopted.cells)
    for name, text in kept.items():
        if ledger.meta(name) != text:
            ledger.set_meta(name, text)


def undo(
    run_id: int, now: datetime, snapshot: Snapshot, workbook: Workbook, ledger: Ledger, config_hash: str, language: str = "zh"
) -> Receipt:
    """Write back what a run overwrote, wherever its value still stands; sends nothing. Undoing can itself be undone."""
    back, left = changes_back(run_id, ledger.changes_of(run_id), snapshot, language)
    undoing = ledger.begin_run(RunStart(f"undo {run_id}", snapshot.workbook, now, config_hash, ""))
    ledger.journal(undoing, [*back, *(change for change, _ in left)])
    try:
        done = _write(back, snapshot, workbook, language)
        receipt = WriteReceipt(done.written, (*done.refused, *left))
    except RowkeeperError as error:
        ledger.end_run(undoing, RunOutcome("failed", now, str(error)))
        raise
    ledger.settle_cells(undoing, receipt)
    ledger.mark_undone(run_id, undoing)
    ledger.end_run(undoing, RunOutcome("done", now, counts={"cells": len(receipt.written), "refused": len(receipt.refused)}))
    return Receipt(undoing, receipt)
