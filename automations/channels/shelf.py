"""What lies in a folder of mails, read from the files' own headers, each file once."""

from __future__ import annotations

from datetime import datetime
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import parseaddr, parsedate_to_datetime
from pathlib import Path

from automations.channels.listing import Entry
from automations.channels.message import CHINA, one_line
from automations.model import Mail


class Shelf:
    """The mails of a folder by the name of their files, and by Message-ID."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._entries: dict[str, tuple[str, Entry]] = {}
        self._ids: set[str] = set()
        self._looked = False

    def __len__(self) -> int:
        return len(self._entries)

    def entries(self) -> list[Entry]:
        return [entry for _, entry in self._entries.values()]

    def holds(self, wanted: str) -> bool:
        """Whether a mail with this Message-ID is there."""
        if not self._looked:
            self.look()
        return wanted in self._ids

    def add(self, identity: str, entry: Entry) -> None:
        """Take in a mail just written, without reading it again."""
        self._entries[entry.stem] = (identity, entry)
        self._ids.add(identity)

    def look(self) -> None:
        """Read the files that are new, and forget those that are gone."""
        names = {path.name for path in self._folder.iterdir()} if self._folder.is_dir() else set()
        stems = {name[:-4] for name in names if name.endswith(".eml")}
        self._entries = {stem: found for stem, found in self._entries.items() if stem in stems}
        for stem in sorted(stems - self._entries.keys()):
            self._entries[stem] = read_entry(self._folder / f"{stem}.eml", has_page=f"{stem}.html" in names)
        self._ids = {found for found, _ in self._entries.values()}
        self._looked = True


def entry_of(mail: Mail, stem: str) -> Entry:
    """The line of a mail in the list."""
    sent_at, reader = mail.sent_at.replace(microsecond=0, tzinfo=None), one_line(mail.reader) or mail.to.strip()
    return Entry(sent_at, reader, mail.to.strip(), one_line(mail.subject) or f"{stem}.eml", stem, True)


def read_entry(path: Path, has_page: bool) -> tuple[str, Entry]:
    """The Message-ID of a file and its line in the list; a file that is no mail is listed under its name.

    The older parser of the standard library is used on purpose: it reads a header ten times faster than the newer one.
    """
    with path.open("rb") as file:
        message = BytesHeaderParser().parsebytes(file.read(16_384))
    name, address = parseaddr(str(message["To"] or ""))
    identity = "".join(_said(message, "Message-ID").split())
    sent_at = _sent_at(message) or datetime.fromtimestamp(path.stat().st_mtime, CHINA)
    subject = one_line(_said(message, "Subject")) or path.name
    return identity, Entry(sent_at.replace(tzinfo=None), one_line(_decoded(name)) or address, address, subject, path.stem, has_page)


def _said(message: Message, header: str) -> str:
    return _decoded(str(message[header] or ""))


def _decoded(text: str) -> str:
    """A header as people read it; one that is encoded wrongly stays as it is."""
    try:
        return str(make_header(decode_header(text)))
    except (LookupError, ValueError, MessageError):
        return text


def _sent_at(message: Message) -> datetime | None:
    try:
        return parsedate_to_datetime(str(message["Date"]))
    except ValueError:
        return None
