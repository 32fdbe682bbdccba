"""The folders of a mailbox: their names as IMAP spells them (modified UTF-7), and which one holds the sent mails."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

SENT_NAMES = ("sent", "sent items", "sent messages", "sent mail", "已发送", "已发送邮件", "已发邮件")
"""What servers that do not say the use of a folder call it, in small letters."""
LISTED = re.compile(rb'\((?P<flags>[^)]*)\) (?P<delimiter>"(?:\\?.)"|NIL) (?P<name>.*)', re.DOTALL)


@dataclass(frozen=True)
class Folder:
    """A folder by its name as the server spells it, its flags in small letters, and what parts its levels."""

    name: str
    flags: frozenset[str]
    delimiter: str = "/"

    @property
    def last_name(self) -> str:
        """The name for people, without the folders above."""
        return decoded(self.name).rpartition(self.delimiter)[2] if self.delimiter else decoded(self.name)


def folders_of(listing: Iterable[Any]) -> list[Folder]:
    """The answer to LIST; a name may be quoted, bare, or follow as a literal."""
    found = []
    for each in listing:
        line = each[0].rpartition(b"{")[0] + each[1] if isinstance(each, tuple) else each
        parts = LISTED.fullmatch(line.strip()) if isinstance(line, bytes) else None
        if parts:
            flags = frozenset(parts["flags"].decode("ascii", "replace").casefold().split())
            delimiter = parts["delimiter"].decode("ascii", "replace").strip('"')[-1:] if parts["delimiter"] != b"NIL" else ""
            found.append(Folder(_unquoted(parts["name"].decode("ascii", "replace")), flags, delimiter))
    return found


def sent_folder(folders: Sequence[Folder], wanted: str = "") -> Folder | None:
    """The folder of sent mails: the one named in the settings, the one marked as such, or the only one that is called so."""
    if wanted:
        return next((each for each in folders if wanted in (decoded(each.name), each.name)), None)
    marked = [each for each in folders if r"\sent" in each.flags]
    called = [each for each in folders if each.last_name.casefold() in SENT_NAMES and r"\noselect" not in each.flags]
    found = marked or called
    return found[0] if len(found) == 1 else None


def quoted(text: str) -> str:
    """A text as a quoted string of IMAP."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text[:1] == text[-1:] == '"' and len(text) > 1 else text


def decoded(name: str) -> str:
    """A folder's name for people, `已发送` for `&XfJT0ZAB-` (RFC 3501, 5.1.3); what is not modified UTF-7 stays as it is."""
    try:
        return re.sub(r"&([^-]*)-", lambda part: _unshifted(part[1]) if part[1] else "&", name)
    except ValueError:
        return name


def _unshifted(text: str) -> str:
    padded = text.replace(",", "/") + "=" * (-len(text) % 4)
    return b64decode(padded, validate=True).decode("utf-16-be")
