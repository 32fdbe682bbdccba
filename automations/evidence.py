"""Mails that nobody knows the fate of, settled by what stands in the mailbox; only what is certain is acted on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from automations.channels.mailbox import Mailbox
from automations.ledgers.protocol import Ledger, MailRecord, MailState
from automations.model import Words

GRACE = timedelta(minutes=15)
"""How long a service may take to file a mail among the sent ones before its absence means something."""
STALE = timedelta(days=7)
"""From this age on absence means nothing: somebody may have cleared the folder."""
WITNESSES = 5
"""The newest mails that certainly left; one of them must be in the folder, or it is no evidence."""
MOST = 50


@dataclass(frozen=True)
class Verdict:
    """A mail in doubt, what became of it (None: still in doubt), and why."""

    record: MailRecord
    becomes: MailState | None
    why: Words


def settle_by_evidence(mailbox: Mailbox, ledger: Ledger, now: datetime) -> list[Verdict]:
    """Look for the mails in doubt, oldest first, and settle those whose fate is certain. Raises `MailboxFailed`.

    One that stands among the sent mails was sent. One that does not goes back to `pending` only where its absence is proof.
    """
    doubted = ledger.outbox(["unknown"], limit=MOST)[::-1]
    if not doubted:
        return []
    witnesses = [record.mail.message_id for record in ledger.outbox(["sent"], limit=WITNESSES)]
    found = mailbox.sent([*(record.mail.message_id for record in doubted), *witnesses])
    lacking = _lacking(mailbox, witnesses, found)
    verdicts = [_verdict(record, found, lacking, ledger.in_doubt_since(record.mail.message_id, now), now) for record in doubted]
    return [each for each in verdicts if each.becomes is None or _settled(each, ledger, now)]


def _lacking(mailbox: Mailbox, witnesses: Sequence[str], found: Collection[str]) -> Words | None:
    """Why absence from this folder proves nothing; None when it does."""
    if not mailbox.saves_sent:
        return {
            "zh": "已发送邮件里没有，但不知道这个邮箱会不会自动保存发出的邮件（mail.imap.saves_sent），要人来核对",
            "en": "it is not among the sent mails, but this service is not known to file them (mail.imap.saves_sent); a person decides",
        }
    if not any(each in found for each in witnesses):
        return {
            "zh": "已发送邮件里没有，可最近确实发出的邮件也都不在，所以说明不了什么，要人来核对",
            "en": "it is not among the sent mails, but neither is any of the last that certainly left; a person decides",
        }
    return None


def _verdict(record: MailRecord, found: Collection[str], lacking: Words | None, since: datetime, now: datetime) -> Verdict:
    if record.mail.message_id in found:
        return Verdict(record, "sent", {"zh": "在已发送邮件里找到，算作已发出", "en": "found among the sent mails; it counts as sent"})
    if lacking:
        return Verdict(record, None, lacking)
    if now - since < GRACE:
        until = f"{since + GRACE:%Y-%m-%d %H:%M}"
        return Verdict(
            record,
            None,
            {"zh": f"已发送邮件里还没有，{until} 以后再看", "en": f"not yet among the sent mails; looked for again after {until}"},
        )
    if now - record.mail.sent_at > STALE:
        return Verdict(
            record,
            None,
            {
                "zh": f"已发送邮件里没有，但已过了 {STALE.days} 天，可能有人清理过，要人来核对",
                "en": f"it is not among the sent mails, but after {STALE.days} days somebody may have cleared them; a person decides",
            },
        )
    return Verdict(record, "pending", {"zh": "已发送邮件里没有，下次发出", "en": "it is not among the sent mails; it is sent again"})


def _settled(verdict: Verdict, ledger: Ledger, now: datetime) -> bool:
    """Keep a verdict beside the mail; False when somebody was first."""
    record = verdict.record
    reply = "; ".join(filter(None, [record.reply, f"evidence: {verdict.why['en']} ({now:%Y-%m-%d %H:%M})"]))
    return verdict.becomes is not None and ledger.settle_mail(record.mail.message_id, verdict.becomes, reply)
