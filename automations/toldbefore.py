"""What the ledger knows of notices already claimed, and of findings already seen."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from automations.addressing import Told
from automations.ledgers.protocol import FLAPPING, UNTOLD, Ledger, NoticeRecord
from automations.remembering import policies_before, rows_before
from automations.suppression import left_out


def told_before(ledger: Ledger, name: str, now: datetime, admin: str, anew: Collection[str] = ()) -> Told:
    """The ledger's side of deciding who is told, for one workbook; the notices to be told `anew` count as not told."""
    seen = ledger.findings(name)

    def episode(rule: str, key: str, column: str | None) -> int:
        before = seen.get((rule, key, column))
        if before is None or before.fixed_at is None:
            return before.episode if before else 1
        return before.episode + (0 if now - before.fixed_at < FLAPPING else 1)

    def since(rule: str, key: str, column: str | None) -> datetime | None:
        before = seen.get((rule, key, column))
        return before.first_seen if before and before.fixed_at is None else None

    def known(identities: Sequence[str]) -> dict[str, str]:
        claimed = ledger.known_notices(name, [identity for identity in identities if identity not in anew])
        return {identity: state for identity, state in claimed.items() if state not in UNTOLD}

    def about(table: str, keys: Sequence[str]) -> list[NoticeRecord]:
        found = ledger.notices_about_rows(name, table, keys)
        return [record for record in found if record.state not in UNTOLD and record.notice.identity not in anew]

    return Told(
        not ledger.knows(name),
        known,
        episode,
        since,
        about,
        lambda: [record.mail for record in ledger.pending_mails(now) if record.workbook == name],
        rows_before(ledger, name).keys(),
        left_out(ledger, now, admin),
        policies_before(ledger, name),
    )
