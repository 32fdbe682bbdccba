"""A mail as it travels: one RFC 5322 message with text and HTML, the same bytes every time."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode, encodebytes
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta, timezone, tzinfo
from email.header import Header
from email.headerregistry import Address
from email.policy import SMTP
from email.utils import parseaddr
from functools import lru_cache
from urllib.parse import quote

from automations.errors import MailFailed
from automations.model import Attachment, Mail

ATOM, LABEL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+", r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
ONE_ADDRESS = re.compile(rf"{ATOM}(?:\.{ATOM})*@{LABEL}(?:\.{LABEL})*")
"""An address as it may stand in an envelope: in ASCII, no quotes, no comments."""
KEPT = 1024
"""Fields kept in bytes: the readers of a team, and what all mails share."""
LONGEST_NAME = 80
"""Letters of a file name or of a reader's name; percent-encoded it must stay within a line of mail."""
LONGEST_SUBJECT = 500
"""Letters of a subject. The time to fold a header grows with the square of its length: a cell of 50,000 letters would take hours."""
WORD = 39
"""Bytes of an encoded word: with the name of its field it stays within 76 letters."""
PLAIN_ID = re.compile(r"<[0-9A-Za-z._-]{1,40}@[0-9A-Za-z.-]{1,24}>")
CHINA = timezone(timedelta(hours=8))


def compose(mail: Mail, sender: str, zone: tzinfo = CHINA) -> bytes:
    """The message of a mail from `sender` (`表管家 <rowkeeper@example.cn>`), in ASCII, so that every server can carry it.

    A `sent_at` without a zone is local time in `zone`. Line breaks in headers become blanks, so that no cell can add a header.
    Raises `MailFailed` when the recipient, the sender or the reply address is not exactly one address.
    """
    return b"".join([*_head(mail, sender, zone), _content(mail)])


def _head(mail: Mail, sender: str, zone: tzinfo) -> Iterator[bytes]:
    """The fields of a mail. Those that come again in other mails are folded once: folding is most of what a mail costs."""
    yield _addressed("From", *_one_address(mail, "sender", *parseaddr(one_line(sender))))
    yield _addressed("To", *_one_address(mail, "recipient", mail.reader, mail.to))
    if mail.list_id:
        yield _again("List-Id", f"<{_list_id(mail.list_id)}>")
    if mail.reply_to:
        yield _addressed("Reply-To", *_one_address(mail, "reply address", *parseaddr(one_line(mail.reply_to))))
    yield _subject(_spelled(mail.subject)[:LONGEST_SUBJECT])
    yield _again("Date", in_zone(mail.sent_at, zone))
    yield _identified(message_id(mail))
    yield _again("Auto-Submitted", "auto-generated")
    yield _again("X-Auto-Response-Suppress", "All")
    yield _again("MIME-Version", "1.0")


def _field(name: str, value: object) -> bytes:
    """A field as the standard library folds it."""
    return SMTP.fold_binary(*SMTP.header_store_parse(name, value))


def _subject(text: str) -> bytes:
    """The subject, in encoded words where it is not ASCII: what the standard library says, at a twentieth of the time."""
    return _field("Subject", text) if text.isascii() else b"Subject: " + b"\r\n ".join(map(_encoded_word, _parted(text))) + b"\r\n"


def _parted(text: str) -> Iterator[bytes]:
    """The text in parts that fit into an encoded word, no letter broken in two."""
    part = b""
    for letter in text:
        if len(part) + len(letter.encode()) > WORD:
            yield part
            part = b""
        part += letter.encode()
    yield part


def _encoded_word(part: bytes) -> bytes:
    return b"=?utf-8?b?" + b64encode(part) + b"?="


def _identified(name: str) -> bytes:
    """The Message-ID; one of our own making needs no folding."""
    return f"Message-ID: {name}\r\n".encode("ascii") if PLAIN_ID.fullmatch(name) else _field("Message-ID", name)


_again = lru_cache(KEPT)(_field)


@lru_cache(KEPT)
def _addressed(name: str, shown: str, address: str) -> bytes:
    return _field(name, Address(shown, addr_spec=address))


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


def _one_address(mail: Mail, role: str, name: str, address: str) -> tuple[str, str]:
    """A display name and its one address; several, none or half of one is refused."""
    plain, shown = address.strip(), _spelled(name)[:LONGEST_NAME].strip()
    if not ONE_ADDRESS.fullmatch(plain) or "=?" in plain:  # an encoded word, which the standard library would decode
        raise MailFailed(
            f"mail {one_line(mail.message_id)} to {one_line(mail.reader)}: the {role} {address!r} is not one e-mail address "
            "such as name@example.cn; correct it where it is written."
        )
    return "" if shown == plain else shown, plain


def _list_id(name: str) -> str:
    """The name of a digest as its header takes it: letters, digits, hyphens and dots."""
    return re.sub(r"[^A-Za-z0-9.-]+", "-", name).strip("-.") or "digest"


def _content(mail: Mail) -> bytes:
    """The bodies and the attachments. The boundaries come from the message id: a mail sent again must be the same bytes.

    What `EmailMessage` would make of them, at an eighth of the time: it reads its own fields again at every step.
    """
    bodies = _worded("plain", mail.text)
    if mail.html:
        bodies = _several("alternative", _boundary(mail, "bodies"), [bodies, _page(mail)])
    files = [each for each in mail.attachments if not (each.content_id and mail.html)]
    if not files:
        return bodies
    return _several("mixed", _boundary(mail, "files"), [bodies, *map(_attached, files)])


def _page(mail: Mail) -> bytes:
    """The page, with the pictures it shows beside it."""
    page, pictures = _worded("html", mail.html), [each for each in mail.attachments if each.content_id]
    return _several("related", _boundary(mail, "page"), [page, *map(_shown, pictures)]) if pictures else page


def _shown(picture: Attachment) -> bytes:
    """A picture within the page."""
    return _part(
        f"Content-Type: {media_type(picture.media_type)}",
        "Content-Transfer-Encoding: base64",
        f"Content-ID: <{one_line(picture.content_id)}>",
        f'Content-Disposition: inline; filename="{quote(file_name(picture.name))}"',
        content=picture.content,
    )


def with_pictures(html: str, attachments: Iterable[Attachment]) -> str:
    """A page that shows its pictures by itself, for a file that is opened in a browser."""
    for each in attachments:
        if each.content_id:
            data = f"data:{media_type(each.media_type)};base64,{b64encode(each.content).decode('ascii')}"
            html = html.replace(f"cid:{each.content_id}", data)
    return html


def _worded(kind: str, words: str) -> bytes:
    content = b"\r\n".join([*_sayable(words).encode().splitlines(), b""])
    return _part(f'Content-Type: text/{kind}; charset="utf-8"', "Content-Transfer-Encoding: base64", content=content)


def _several(kind: str, boundary: str, parts: Sequence[bytes]) -> bytes:
    between = f"--{boundary}\r\n".encode()
    head = f'Content-Type: multipart/{kind};\r\n boundary="{boundary}"\r\n\r\n'.encode()
    return b"".join([head, *(between + part + b"\r\n" for part in parts), f"--{boundary}--\r\n".encode()])


def _attached(attachment: Attachment) -> bytes:
    """A file. Its name stands in both spellings: RFC 2231 as the standard wants it, RFC 2047 for programs that know only that.

    The fields are written here: the standard library breaks long media types, those of Word among them, into encoded words.
    """
    kind, name = media_type(attachment.media_type), file_name(attachment.name)
    spelled = Header(name, "utf-8", maxlinelen=75).encode(linesep="\r\n")
    return _part(
        f'Content-Type: {kind};\r\n name="{spelled}"',
        "Content-Transfer-Encoding: base64",
        f"Content-Disposition: attachment;\r\n filename*=utf-8''{quote(name, safe='')}",
        content=attachment.content,
    )


def _part(*fields: str, content: bytes) -> bytes:
    return "\r\n".join([*fields, "", ""]).encode("ascii") + encodebytes(content).replace(b"\n", b"\r\n")


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
