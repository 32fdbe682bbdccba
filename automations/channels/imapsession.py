"""One connection to a mailbox: imaplib speaks, a watch ends what takes too long."""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from automations.channels.imapfolders import quoted
from automations.channels.mailbox import MailboxFailed
from automations.channels.message import one_line
from automations.channels.oauth2 import Bearer, not_let_in, told_by
from automations.channels.presets import Server

LONGEST_VISIT = 45.0
"""Seconds after which a visit ends, so that a mailbox which dribbles cannot hold up a run."""
UID = re.compile(rb"\bUID (\d+)")


class _Watched(imaplib.IMAP4):
    """A client whose connection is shut by a watch, from the moment it stands."""

    def __init__(self, longest: float, **where: Any) -> None:
        self._watch = threading.Timer(longest, self.shut)
        self._watch.daemon = True
        super().__init__(**where)

    def open(self, *where: Any, **more: Any) -> None:
        super().open(*where, **more)
        self._watch.start()

    def shut(self) -> None:
        """Shut the connection below TLS, so that whoever reads from it sees its end."""
        with suppress(OSError):
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def shutdown(self) -> None:
        self._watch.cancel()
        super().shutdown()


class _WatchedTls(_Watched, imaplib.IMAP4_SSL):
    """The same, with TLS from the first byte."""


class Connection:
    """A mailbox that let us in. Questions raise `MailboxFailed` when the answer is no, and what imaplib raises when there is none."""

    def __init__(self, client: imaplib.IMAP4, server: Server) -> None:
        self.client, self._server = client, server
        offers = self.asked("CAPABILITY", client.capability)
        self._offers = set(b" ".join(offers).decode("ascii", "replace").upper().split())
        if "ID" in self._offers:  # 163 opens no folder for a program that does not say its name
            client.xatom("ID", '("name" "rowkeeper")')

    def asked(self, word: str, question: Callable[[], tuple[str, Any]]) -> list[Any]:
        """The answer to a question, when it is yes."""
        state, data = question()
        if state != "OK":
            said = one_line(b" ".join(each for each in data if isinstance(each, bytes)).decode("utf-8", "replace"))
            raise MailboxFailed(f"mailbox {self._server}: {word} was refused ({said}); look at mail.imap in the settings.")
        return list(data)

    def folders(self) -> list[Any]:
        """The answer to LIST; with the uses of folders where the server tells them only when asked."""
        tells = {"SPECIAL-USE", "LIST-EXTENDED"} <= self._offers
        return self.asked("LIST", lambda: self.client.list('""', '"*" RETURN (SPECIAL-USE)' if tells else '"*"'))

    def uids(self, *criteria: str) -> list[int]:
        """The numbers of the mails of the open folder that a search finds, in order."""
        data = self.asked("SEARCH", lambda: self.client.uid("SEARCH", *criteria))
        return sorted(int(each) for part in data if part for each in part.split() if each.isdigit())

    def fetched(self, uids: Sequence[int], part: str) -> dict[int, bytes]:
        """A part of each of these mails, by number."""
        listed = ",".join(map(str, uids))
        data = self.asked("FETCH", lambda: self.client.uid("FETCH", listed, f"(UID {part})"))
        found = {}
        for each, behind in zip(data, [*data[1:], b""], strict=True):
            if isinstance(each, tuple):
                number = UID.search(each[0]) or UID.search(behind if isinstance(behind, bytes) else b"")
                if number:
                    found[int(number[1])] = each[1]
        return found

    def leave(self) -> None:
        """Say goodbye and let go."""
        with suppress(imaplib.IMAP4.error, OSError, ValueError):
            self.client.logout()
        self.cut()

    def cut(self) -> None:
        """Let go without a word."""
        with suppress(imaplib.IMAP4.error, OSError, ValueError):
            self.client.shutdown()


def connected(server: Server, secret: str | Bearer, context: ssl.SSLContext | None, longest: float) -> Connection:
    """Connect, encrypt, sign in. Raises MailboxFailed, or what imaplib and the network raise."""
    client = _client(server, context, longest)
    try:
        if server.security == "starttls":
            client.starttls(context)
        _sign_in(client, server, secret)
        return Connection(client, server)
    except BaseException:
        with suppress(OSError):
            client.shutdown()
        raise


def _client(server: Server, context: ssl.SSLContext | None, longest: float) -> imaplib.IMAP4:
    where = {"host": server.host, "port": server.port, "timeout": server.timeout}
    if server.security == "tls":
        return _WatchedTls(longest, **where, ssl_context=context)
    return _Watched(longest, **where)


def _sign_in(client: imaplib.IMAP4, server: Server, secret: str | Bearer) -> None:
    if isinstance(secret, Bearer):
        _present(client, server, secret)
    else:
        _log_in(client, server, secret)


def _present(client: imaplib.IMAP4, server: Server, bearer: Bearer) -> None:
    """Sign in with a token. A server that refuses it says why in a challenge, and wants an empty answer before it says no."""
    why: list[str] = []

    def answer(challenge: bytes) -> bytes:
        if challenge.strip():
            why.append(told_by(challenge))
            return b""
        return bearer.line(server.user).encode()

    try:
        client.authenticate("XOAUTH2", answer)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        whose = not_let_in(server.user, server.consent) if server.consent else ""
        said = "; ".join(filter(None, [_said(error), *why]))
        raise MailboxFailed(f"mailbox {server} does not let in '{server.user}' {whose} ({said}).") from error


def _log_in(client: imaplib.IMAP4, server: Server, password: str) -> None:
    if not password.isascii() or not server.user.isascii():
        raise MailboxFailed(f"mailbox {server}: the user and the password may hold only ASCII letters, digits and signs.")
    try:
        client.login(quoted(server.user), password)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        raise MailboxFailed(
            f"mailbox {server} does not let in '{server.user}' with the password in {server.password_env} ({_said(error)}); "
            "many services want an app password, and IMAP switched on."
        ) from error


def _said(error: Exception) -> str:
    """What the server said, which imaplib passes on as the text of bytes."""
    said = error.args[0] if error.args else ""
    return one_line(said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said).removeprefix("b'").removesuffix("'"))
