"""A run's visit to the mailbox of the sender: what it says of earlier mails, in words for the report; it never stops a run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from automations.bounces import Bounced, note_bounces
from automations.channels.mailbox import Mailbox, MailboxFailed
from automations.channels.protocol import Channel
from automations.evidence import Verdict, settle_by_evidence
from automations.ledgers.protocol import Ledger
from automations.model import Words
from automations.recovering import take_up_mails
from automations.rendering import one_line

SHOWN_ID = 10


def take_up(ledger: Ledger, channel: Channel, mailbox: Mailbox | None, now: datetime, admin: str, language: str) -> Sequence[Words]:
    """The mails of runs that died, and those whose fate the mailbox knows, taken up by whoever is about to send."""
    take_up_mails(ledger, channel)
    return visit(mailbox, ledger, now, admin, language)


def visit(mailbox: Mailbox | None, ledger: Ledger, now: datetime, admin: str, language: str) -> Sequence[Words]:
    """Settle what the mailbox can settle, note what came back, and say so; the admin gets a mail of the latter.

    A mailbox that does not answer is said once, until it does.
    """
    if mailbox is None or not ledger.outbox(["sent", "unknown"], limit=1):
        return []
    try:
        said = [settled(each) for each in settle_by_evidence(mailbox, ledger, now) if each.becomes]
        said += [came_back(each) for each in note_bounces(mailbox, ledger, now, admin, language)]
        return said + _told(mailbox, ledger, "")
    except MailboxFailed as error:
        return _told(mailbox, ledger, str(error))
    finally:
        mailbox.close()


def settled(verdict: Verdict) -> Words:
    """A verdict with the mail it is about."""
    mail = verdict.record.mail
    name = f"{mail.message_id.strip('<>')[:SHOWN_ID]}  {one_line(mail.reader)}"
    return {"zh": f"{name}：{verdict.why['zh']}", "en": f"{name}: {verdict.why['en']}"}


def came_back(bounced: Bounced) -> Words:
    """A mail that came back: to whom, why, and what follows."""
    mail, zh, en = bounced.record.mail, "", ""
    if bounced.suppressed:
        zh, en = "；这个地址停发 60 天，请在表里改正", "; the address gets no mail for 60 days, correct it in the sheet"
    name = f"{one_line(mail.reader)} <{mail.to}>"
    return {"zh": f"{name}：邮件被退回（{bounced.reason}）{zh}", "en": f"{name}: the mail came back ({bounced.reason}){en}"}


def trouble_name(mailbox: str) -> str:
    """The ledger's name for what is wrong with a mailbox."""
    return f"trouble {mailbox}"


def _told(mailbox: Mailbox, ledger: Ledger, trouble: str) -> list[Words]:
    """What is wrong with the mailbox, when that is news."""
    name = trouble_name(mailbox.name)
    before = ledger.meta(name) or ""
    if bool(before) == bool(trouble):
        return []
    ledger.set_meta(name, trouble)
    if trouble:
        zh = f"查不了发件人的邮箱，说不准的邮件先留着：{trouble}"
        return [{"zh": zh, "en": f"the sender's mailbox cannot be asked, mails in doubt stay so: {trouble}"}]
    return [{"zh": "发件人的邮箱又能查了", "en": "the sender's mailbox answers again"}]
