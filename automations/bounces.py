"""Mails that were taken and came back: kept beside the mail, the address left out for a while, the admin told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from automations.adminmail import bounced_mail
from automations.channels.mailbox import Mailbox
from automations.channels.returned import Returned, returned
from automations.ledgers.protocol import Ledger, MailRecord
from automations.suppression import REST

BACK = "came back"
FIRST_LOOK = timedelta(days=7)
"""How far back a mailbox is read that was never read before."""


@dataclass(frozen=True)
class Bounced:
    """One of our mails that came back, why, and whether its address is left out from now on."""

    record: MailRecord
    reason: str
    suppressed: bool


def note_bounces(mailbox: Mailbox, ledger: Ledger, now: datetime, admin: str, language: str) -> list[Bounced]:
    """Read the reports that arrived since the last time, and keep what they say in one commit. Raises `MailboxFailed`.

    Only reports about mails of the ledger count: anybody can write a mail that looks like one. What failed for a while is no news.
    """
    name = f"read {mailbox.name}"
    arrived = mailbox.reports(ledger.meta(name) or "", (now - FIRST_LOOK).date())
    with ledger.at_once():
        found = [each for content in arrived.reports if (each := _noted(returned(content), ledger, now))]
        ledger.set_meta(name, arrived.mark)
        if told := [each for each in found if each.record.mail.identities]:
            reasons = [(each.record, each.reason) for each in told]
            ledger.put_mails(told[-1].record.run_id, [bounced_mail(reasons, admin, language, now)])
    return found


def _noted(back: Returned | None, ledger: Ledger, now: datetime) -> Bounced | None:
    """Keep that a mail came back, once; None when it is none of ours."""
    record = ledger.mail(back.message_id) if back else None
    if back is None or record is None or record.state not in ("sent", "unknown") or BACK in record.reply:
        return None
    to = record.mail.to.strip()
    suppressed = back.is_about_the_address and to.casefold() in back.addresses
    if record.state == "unknown":
        ledger.settle_mail(record.mail.message_id, "sent", record.reply)
    ledger.note_bounce(record.mail.message_id, f"{BACK} ({now:%Y-%m-%d %H:%M}): {back.reason}")
    if suppressed:
        ledger.suppress(to, now, now + REST, back.reason)
    return Bounced(record, back.reason, suppressed)
