"""A mail as it travels: one RFC 5322 message with text and HTML, the same bytes every time."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta, timezone, tzinfo
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import parseaddr

from automations.errors import MailFailed
from automations.model import Mail

ATOM, LABEL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+", r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
ONE_ADDRESS = re.compile(rf"{ATOM}(?:\.{ATOM})*@{LABEL}(?:\.{LABEL})*")
"""An address as it may stand in an envelope: in ASCII, no quotes, no comments."""
SEVEN_BIT = SMTP.clone(cte_type="7bit")
CHINA = timezone(timedelta(hours=8))


def compose(mail: Mail, sender: str, zone: tzinfo = CHINA, policy: EmailPolicy[EmailMessage] = SMTP) -> EmailMessage:
    """Build the message of a mail from `sender` (`表管家 <rowkeeper@example.cn>`); with `SEVEN_BIT` for servers that know only ASCII.

    A `sent_at` without a zone is local time in `zone`. Line breaks in headers become blanks, so that no cell can add a header.
    Raises `MailFailed` when the recipient, the sender or the reply address is not exactly one address.
    """
    message = EmailMessage(policy=policy)
    message["From"] = _address(mail, "sender", *parseaddr(one_line(sender)))
    message["To"] = _address(mail, "recipient", mail.reader, mail.to)
    if mail.reply_to:
        message["Reply-To"] = _address(mail, "reply address", *parseaddr(one_line(mail.reply_to)))
    message["Subject"] = _spelled(mail.subject)
    message["Date"] = in_zone(mail.sent_at, zone)
    message["Message-ID"] = message_id(mail)
    message["Auto-Submitted"] = "auto-generated"
    _fill(message, mail)
    return message


def one_line(text: str) -> str:
    """The text without line breaks and control characters, blanks collapsed."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _spelled(text: str) -> str:
    """A text for a header, shown as it is written: what looks like an encoded word would be decoded by the reader's program."""
    return one_line(text).replace("=?", "= ?")


def message_id(mail: Mail) -> str:
    """The Message-ID as a header writes it: `<a1b2@example.cn>`."""
    return "<" + one_line(mail.message_id).replace(" ", "").strip("<>") + ">"


def in_zone(moment: datetime, zone: tzinfo) -> datetime:
    """A moment with its zone; one that has a zone keeps it."""
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _address(mail: Mail, role: str, name: str, address: str) -> Address:
    """One address with its display name; several, none or half of one is refused."""
    plain, shown = address.strip(), _spelled(name)
    if not ONE_ADDRESS.fullmatch(plain):
        raise MailFailed(
            f"mail {one_line(mail.message_id)} to {one_line(mail.reader)}: the {role} {address!r} is not one e-mail address "
            "such as name@example.cn; correct it where it is written."
        )
    return Address("" if shown == plain else shown, addr_spec=plain)


def _fill(message: EmailMessage, mail: Mail) -> None:
    """Put in the bodies. The boundary comes from the message id: a mail sent again must be the same bytes."""
    message.set_content(_sayable(mail.text))
    if mail.html:
        message.add_alternative(_sayable(mail.html), subtype="html")
        message.set_boundary("=_" + hashlib.sha256(mail.message_id.encode("utf-8", "replace")).hexdigest()[:32])


def _sayable(text: str) -> str:
    """The text without halves of characters, which no encoding can carry."""
    return text.encode("utf-8", "replace").decode("utf-8")
