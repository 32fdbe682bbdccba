"""Addresses that nothing reaches: left out of mails for a while after a server said so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from automations.ledgers.protocol import Ledger, MailState

REST = timedelta(days=60)
"""How long an address is left out after a server said that nobody is there."""
WAITING: tuple[MailState, ...] = ("pending", "draft", "held", "released")
ALL = 1_000_000


def left_out(ledger: Ledger, now: datetime, admin: str) -> Mapping[str, str]:
    """The addresses that get no mail now, in small letters, and why. The admin's is never among them: behind it there is nobody."""
    return {each.address: each.reason for each in ledger.suppressions() if each.until > now and each.address != admin.casefold()}


def withhold(ledger: Ledger, now: datetime, admin: str) -> None:
    """Take mails to such addresses out of the outbox, so that planning addresses their matters to somebody else."""
    out = left_out(ledger, now, admin)
    for record in ledger.outbox(WAITING, limit=ALL) if out else ():
        if reason := out.get(record.mail.to.strip().casefold()):
            ledger.settle_mail(record.mail.message_id, "suppressed", said(record.mail.to, reason))


def said(address: str, reason: str) -> str:
    """Why nothing was sent, and the way out."""
    return f"suppressed: {address} takes no mail ({reason}); correct the address, or `runner.py outbox lift {address}` if it is right."
