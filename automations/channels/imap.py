"""The sender's mailbox over IMAP: read, never changed; verified TLS, and an end to every wait."""

from __future__ import annotations

import imaplib
import os
import ssl
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from email import message_from_bytes
from email.policy import default as modern

from automations.channels.imapfolders import Folder, decoded, folders_of, quoted, sent_folder
from automations.channels.imapsession import LONGEST_VISIT, Connection, connected
from automations.channels.mailbox import Arrivals, MailboxFailed
from automations.channels.message import one_line
from automations.channels.oauth2 import Bearer, ConsentFailed, Tokens
from automations.channels.presets import Box

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MOST_ARRIVALS = 500
"""Mails of the inbox looked at in one visit; the next visit goes on behind them."""
MOST_NAMESAKES = 20
LONGEST_REPORT = 262_144


class ImapMailbox:
    """A `Mailbox` behind IMAP. Every folder is opened for reading only: nothing is marked, moved or deleted.

    The first question connects; `close` lets go. A visit ends after `longest` seconds, whatever the server does.
    """

    def __init__(
        self,
        box: Box,
        environ: Mapping[str, str] = os.environ,
        context: ssl.SSLContext | None = None,
        longest: float = LONGEST_VISIT,
    ) -> None:
        self._box, self._environ, self._context, self._longest = box, environ, context, longest
        self._connection: Connection | None = None
        consent = box.server.consent
        self._tokens = Tokens(consent, environ, box.server.timeout) if consent else None
        self.name, self.saves_sent = f"{box.server.user}@{box.server}", box.saves_sent

    def sent(self, message_ids: Sequence[str]) -> Collection[str]:
        with self._in_words():
            connection = self._entered()
            folder = self._sent_folder(connection)
            _examined(connection, folder)
            return {each for each in message_ids if _stands(connection, each)}

    def reports(self, mark: str, since: date) -> Arrivals:
        with self._in_words():
            connection = self._entered()
            valid = _examined(connection, Folder("INBOX", frozenset()))
            known, _, last = mark.partition(" ")
            after = int(last) if known == valid and last.isdigit() else None
            uids = _arrived(connection, after, since)[:MOST_ARRIVALS]
            found = [_whole(connection, uid) for uid in _reports(connection, uids)]
            return Arrivals(found, f"{valid} {max([*uids, after or 0])}")

    def close(self) -> None:
        """Say goodbye; whatever is answered changes nothing."""
        if self._connection:
            self._connection.leave()
        self._connection = None

    def _entered(self) -> Connection:
        if self._connection is None:
            server = self._box.server
            secret = self._bearer(self._tokens) if self._tokens else self._password()
            if self._context is None and server.security != "none":
                self._context = ssl.create_default_context()
            self._connection = connected(server, secret, self._context, self._longest)
        return self._connection

    def _password(self) -> str:
        server = self._box.server
        password = self._environ.get(server.password_env, "")
        if not password:
            raise MailboxFailed(
                f"mailbox {server}: the environment variable {server.password_env} with the password of '{server.user}' is not set; set it."
            )
        return password

    def _bearer(self, tokens: Tokens) -> Bearer:
        try:
            return tokens.bearer()
        except ConsentFailed as failed:
            raise MailboxFailed(f"mailbox {self._box.server}: {failed}.") from failed

    def _sent_folder(self, connection: Connection) -> Folder:
        there = folders_of(connection.folders())
        found = sent_folder(there, self._box.sent_folder)
        if found is None:
            names = ", ".join(decoded(each.name) for each in there)
            raise MailboxFailed(
                f"mailbox {self._box.server}: which folder holds the sent mails? write it as mail.imap.sent_folder in the settings; "
                f"there are {names}."
            )
        return found

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except MailboxFailed:
            self._let_go()
            raise
        except (imaplib.IMAP4.error, OSError, ValueError) as error:
            self._let_go()
            words = one_line(str(error)) or type(error).__name__
            raise MailboxFailed(f"mailbox {self._box.server}: {words}; look at mail.imap in the settings.") from error

    def _let_go(self) -> None:
        if self._connection:
            self._connection.cut()
        if self._tokens:
            self._tokens.forget()
        self._connection = None


def _examined(connection: Connection, folder: Folder) -> str:
    """Open a folder for reading only; returns the number under which its mails keep theirs."""
    connection.asked("EXAMINE", lambda: connection.client.select(quoted(folder.name), readonly=True))
    _, valid = connection.client.response("UIDVALIDITY")
    return valid[0].decode("ascii", "replace") if valid and valid[0] else "0"


def _stands(connection: Connection, message_id: str) -> bool:
    """Whether a mail with exactly this id is in the folder: the header is looked at, for some servers find too much."""
    wanted = "<" + message_id.strip().strip("<>") + ">"
    if not wanted.isascii() or not wanted.isprintable():
        return False
    uids = connection.uids("HEADER", "Message-ID", quoted(wanted))[-MOST_NAMESAKES:]
    headers = connection.fetched(uids, "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]") if uids else {}
    return any((message_from_bytes(each).get("Message-ID") or "").strip() == wanted for each in headers.values())


def _arrived(connection: Connection, after: int | None, since: date) -> list[int]:
    """The numbers of mails that arrived after one, or since a day, in order. `*` is the last mail even if its number is lower."""
    if after is None:
        return connection.uids("SINCE", f"{since.day:02d}-{MONTHS[since.month - 1]}-{since.year}")
    return [uid for uid in connection.uids("UID", f"{after + 1}:*") if uid > after]


def _reports(connection: Connection, uids: Sequence[int]) -> list[int]:
    """Those that say in their header that they are reports."""
    headers = connection.fetched(uids, "BODY.PEEK[HEADER.FIELDS (CONTENT-TYPE)]") if uids else {}
    return [uid for uid in uids if _is_report(headers.get(uid, b""))]


def _is_report(header: bytes) -> bool:
    with suppress(ValueError, LookupError, IndexError):
        return message_from_bytes(header, policy=modern).get_content_type() == "multipart/report"
    return False


def _whole(connection: Connection, uid: int) -> bytes:
    return connection.fetched([uid], f"BODY.PEEK[]<0.{LONGEST_REPORT}>").get(uid, b"")
