"""A mail as it travels: one RFC 5322 message with text and HTML, the same bytes every time."""

from __future__ import annotations

import hashlib
import re
from base64 import encodebytes
from datetime import datetime, timedelta, timezone, tzinfo
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage, Message
from email.policy import SMTP, EmailPolicy, compat32
from email.utils import parseaddr
from urllib.parse import quote

from automations.errors import MailFailed
from automations.model import Attachment, Mail

ATOM, LABEL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+", r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
ONE_ADDRESS = re.compile(rf"{ATOM}(?:\.{ATOM})*@{LABEL}(?:\.{LABEL})*")
"""An address as it may stand in an envelope: in ASCII, no quotes, no comments."""
EIGHT_BIT = SMTP.clone(refold_source="none")
SEVEN_BIT = EIGHT_BIT.clone(cte_type="7bit")
LONGEST_NAME = 80
"""Letters of a file name; percent-encoded it must stay within a line of mail."""
CHINA = timezone(timedelta(hours=8))


def compose(mail: Mail, sender: str, zone: tzinfo = CHINA, policy: EmailPolicy[EmailMessage] = EIGHT_BIT) -> EmailMessage:
    """Build the message of a mail from `sender` (`表管家 <rowkeeper@example.cn>`); with `SEVEN_BIT` for servers that know only ASCII.

    A `sent_at` without a zone is local time in `zone`. Line breaks in headers become blanks, so that no cell can add a header.
    Raises `MailFailed` when the recipient, the sender or the reply address is not exactly one address.
    """
    message = EmailMessage(policy=policy)
    message["From"] = _address(mail, "sender", *parseaddr(one_line(sender)))
    message["To"] = _address(mail, "recipient", mail.reader, mail.to)
    if mail.list_id:
        message["List-Id"] = f"<{_list_id(mail.list_id)}>"
    if mail.reply_to:
        message["Reply-To"] = _address(mail, "reply address", *parseaddr(one_line(mail.reply_to)))
    message["Subject"] = _spelled(mail.subject)
    message["Date"] = in_zone(mail.sent_at, zone)
    message["Message-ID"] = message_id(mail)
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
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


def _list_id(name: str) -> str:
    """The name of a digest as its header takes it: letters, digits, hyphens and dots."""
    return re.sub(r"[^A-Za-z0-9.-]+", "-", name).strip("-.") or "digest"


def _fill(message: EmailMessage, mail: Mail) -> None:
    """Put in the bodies and the attachments. The boundaries come from the message id: a mail sent again must be the same bytes."""
    message.set_content(_sayable(mail.text), cte="base64")
    if mail.html:
        message.add_alternative(_sayable(mail.html), subtype="html", cte="base64")
        message.set_boundary(_boundary(mail, "bodies"))
    for attachment in mail.attachments:
        _attach(message, attachment)
    if mail.attachments:
        message.set_boundary(_boundary(mail, "files"))


def _attach(message: EmailMessage, attachment: Attachment) -> None:
    """Add a file. Its name stands in both spellings: RFC 2231 as the standard wants it, RFC 2047 for programs that know only that.

    The headers are written here: `add_attachment` breaks long media types, those of Word among them, into encoded words.
    """
    kind, name = media_type(attachment.media_type), file_name(attachment.name)
    part: Message = Message(policy=compat32)
    part["Content-Type"] = f'{kind};\n name="{Header(name, "utf-8", maxlinelen=75).encode()}"'
    part["Content-Transfer-Encoding"] = "base64"
    part["Content-Disposition"] = f"attachment;\n filename*=utf-8''{quote(name, safe='')}"
    part.set_payload(encodebytes(attachment.content).decode("ascii"))
    if message.get_content_subtype() != "mixed":
        message.make_mixed()
    message.attach(part)  # type: ignore[arg-type]


def media_type(said: str) -> str:
    """The media type of a file, or that of any bytes when it is none."""
    return said if re.fullmatch(r"[\w.+-]+/[\w.+-]+", said, re.ASCII) else "application/octet-stream"


def file_name(name: str) -> str:
    """A name a file may have on any system: no folder, no quotes, no control characters; never empty, cut before its ending."""
    plain = re.sub(r'[\\/:*?"<>|]', "_", _spelled(_sayable(name))).strip(". ") or "attachment"
    stem, dot, ending = plain.rpartition(".")
    return plain if len(plain) <= LONGEST_NAME else f"{(stem or ending)[: LONGEST_NAME - 10]}{dot}{ending[:9]}"


def _boundary(mail: Mail, part: str) -> str:
    return "=_" + hashlib.sha256(f"{part} {mail.message_id}".encode("utf-8", "replace")).hexdigest()[:32]


def _sayable(text: str) -> str:
    """The text without halves of characters, which no encoding can carry."""
    return text.encode("utf-8", "replace").decode("utf-8")
