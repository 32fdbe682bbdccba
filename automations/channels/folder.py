"""A channel that writes each mail into a folder as .eml and .html, with a page that lists them all."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from html import escape
from pathlib import Path
from tempfile import NamedTemporaryFile

from automations.channels.listing import page
from automations.channels.message import compose, message_id, with_pictures
from automations.channels.protocol import ALREADY_THERE, AboutTo, Channel, MailTaken, at_will
from automations.channels.shelf import Shelf, entry_of
from automations.errors import MailFailed
from automations.model import Mail

INDEX = "index.html"


class FolderChannel:
    """A `Channel` into a folder: `20260930-1405-1a2b3c4d-王芳.eml`, the same as `.html`, and `index.html` over all.

    A file appears whole or not at all, and a message id only once. The index is rebuilt from the files that are there; in a large
    folder it may lag behind by a hundredth of the mails until `close`.
    """

    name = "folder"
    never_twice = True

    def __init__(self, folder: Path, sender: str = "Rowkeeper <rowkeeper@localhost>") -> None:
        self._folder = folder
        self._sender = sender
        self._shelf = Shelf(folder)
        self._unlisted = 0

    def send(self, mail: Mail, about_to: AboutTo = at_will) -> str:
        message = compose(mail, self._sender)
        if not about_to():
            raise MailTaken(f"mail to {mail.reader}: another run has it; nothing was written.")
        with self._in_words():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            stem = self._free_stem(mail)
            if stem is None:
                return ALREADY_THERE
            self._write(stem, mail, message)
            self._list_now_and_then()
        return f"{stem}.eml"

    def lay_out(self, mails: Iterable[Mail]) -> None:
        """Mails to be read before they leave: replaced where they lay there before; the page lists these and no others."""
        shown = [(mail, file_stem(mail)) for mail in mails]
        with self._in_words():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for mail, stem in shown:
                _put(self._folder / f"{stem}.html", _web_page(mail))
                with suppress(MailFailed):  # an address that is none: its page can be read all the same
                    _put(self._folder / f"{stem}.eml", compose(mail, self._sender))
            _put(self._folder / INDEX, page(entry_of(mail, stem) for mail, stem in shown).encode())

    def lanes(self, _: int, /) -> Sequence[Channel]:
        return [self]

    def close(self) -> None:
        """Bring the index up to date with the files that are there."""
        if self._folder.is_dir():
            with self._in_words():
                self._write_index()

    def _free_stem(self, mail: Mail) -> str | None:
        """The name for this mail, or None when its message id is in the folder; a namesake gets a longer name."""
        stem = file_stem(mail)
        taken = (self._folder / f"{stem}.eml").exists()
        if taken:
            self._shelf.look()
        if self._shelf.holds(message_id(mail)):
            return None
        return f"{stem}-{_short_hash(mail)}" if taken else stem

    def _write(self, stem: str, mail: Mail, content: bytes) -> None:
        _put(self._folder / f"{stem}.html", _web_page(mail))
        if not _publish(self._folder / f"{stem}.eml", content):
            raise MailFailed(f"mail folder {self._folder}: another program has just written {stem}.eml; look at that file, then run again.")
        self._shelf.add(message_id(mail), entry_of(mail, stem))

    def _list_now_and_then(self) -> None:
        self._unlisted += 1
        if self._unlisted * 100 >= len(self._shelf):
            self._write_index()

    def _write_index(self) -> None:
        self._shelf.look()
        _put(self._folder / INDEX, page(self._shelf.entries()).encode())
        self._unlisted = 0

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise MailFailed(
                f"mail folder {self._folder}: {error.strerror or error}; give this user the right to write there, free some space, "
                "or name another folder."
            ) from error


def file_stem(mail: Mail) -> str:
    """The name of a mail's files without ending: time, start of the message id, reader; never a path."""
    start = re.sub(r"[^0-9A-Za-z]", "", mail.message_id)[:8] or _short_hash(mail)
    return f"{mail.sent_at:%Y%m%d-%H%M}-{start}-{slug(mail.reader)}"


def slug(name: str) -> str:
    """Letters and digits of any script, everything else one hyphen: `../../x` is `x`, `role:市场部部长` is `role-市场部部长`."""
    return re.sub(r"[\W_]+", "-", unicodedata.normalize("NFKC", name)).strip("-")[:40] or "reader"


def _short_hash(mail: Mail) -> str:
    return hashlib.sha256(mail.message_id.encode("utf-8", "replace")).hexdigest()[:8]


def _web_page(mail: Mail) -> bytes:
    """The HTML of a mail for a browser; the mark in front says UTF-8 even where the template does not."""
    html = (
        with_pictures(mail.html, mail.attachments)
        or f'<!doctype html><meta name="viewport" content="width=device-width"><pre>{escape(mail.text)}</pre>'
    )
    return html.encode("utf-8-sig", "replace")


def _temporary(path: Path, content: bytes, lasting: bool) -> Path:
    """A finished file beside the place it is meant for; none is left behind when the disk is full."""
    with NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".unfinished", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            if lasting:
                os.fsync(file.fileno())
        except OSError:
            Path(file.name).unlink()
            raise
    return Path(file.name)


def _put(path: Path, content: bytes) -> None:
    """Write a file in one step, replacing what is there; it need not survive a power cut, the .eml has it all."""
    _temporary(path, content, lasting=False).replace(path)


def _publish(path: Path, content: bytes) -> bool:
    """Write a file in one step that lasts; False, and nothing changed, when one of this name is there."""
    unfinished = _temporary(path, content, lasting=True)
    try:
        os.link(unfinished, path)
    except FileExistsError:
        return False
    finally:
        unfinished.unlink()
    return True
