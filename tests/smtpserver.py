"""A mail server on loopback that does at every step of the protocol what a test tells it to.

    with SmtpServer({"DATA": "drop"}, times=1) as server:
        ...                      # connect to 127.0.0.1, server.port
    assert server.accepted == [...]

Faults: `drop` hangs up, `hang` says nothing more, a number such as `451` is answered instead of yes. `times` is how often (None: always),
`after` how often the step goes well before.
At `dot` nothing was taken; at `taken` the mail is in the server, and then the fault comes.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

CHALLENGE = '{"status":"401","schemes":"bearer","scope":"https://mail.google.com/"}'
STEPS = ("connect", "banner", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "body", "dot", "taken", "QUIT")


class HangUp(Exception):
    """This connection is over."""


@dataclass(frozen=True)
class Accepted:
    """A mail the server took: its envelope and its bytes, dots undone."""

    sender: str
    recipient: str
    content: bytes


@dataclass
class SmtpServer:
    """A server of its own port; `passwords` are asked for when given, `tls` is spoken at once or after STARTTLS."""

    faults: Mapping[str, str] = field(default_factory=dict)
    times: int | None = None
    passwords: Mapping[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    starttls: bool = False
    watch: Callable[[str], Any] = lambda line: None
    after: int = 0
    bearers: Callable[[str], str | None] | None = None
    """Whose an access token is; with it, XOAUTH2 is offered."""

    def __post_init__(self) -> None:
        self.accepted: list[Accepted] = []
        self.connections = 0
        self.lines: list[str] = []
        self._left = dict.fromkeys(self.faults, self.times)
        self._well = dict.fromkeys(self.faults, self.after)
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> SmtpServer:
        self._start(self._listen)
        return self

    def __exit__(self, *error: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def due(self, step: str) -> str | None:
        """The fault that is to happen at this step now, counted down."""
        with self._lock:
            left, well = self._left.get(step, 0), self._well.get(step, 0)
            if left != 0 and well:
                self._well[step] = well - 1
                return None
            if left == 0:
                return None
            if left is not None:
                self._left[step] = left - 1
            return self.faults[step]

    def _start(self, work: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        conversation = Conversation(self, connection)
        with suppress(HangUp, OSError, ValueError):
            conversation.hold()
        conversation.end()


class Conversation:
    """One connection, from the banner to the end."""

    def __init__(self, server: SmtpServer, connection: socket.socket) -> None:
        self.server, self.connection, self.raw = server, connection, connection
        self.lines: Any = None
        self.sender = self.recipient = ""
        self.over = False

    def hold(self) -> None:
        self.trouble("connect")
        if self.server.tls and not self.server.starttls:
            self.encrypt()
        self.lines = self.connection.makefile("rb")
        if not self.trouble("banner"):
            self.say("220 loopback ESMTP")
        while not self.over and (line := self.lines.readline()):
            self.obey(line.decode("utf-8").rstrip("\r\n"))

    def end(self) -> None:
        if self.lines:
            self.lines.close()
        self.connection.close()
        self.raw.close()

    def obey(self, line: str) -> None:
        word = line.split(" ")[0].upper()
        self.server.lines.append(line)
        self.server.watch(line)
        if not self.trouble("EHLO" if word == "HELO" else word):
            getattr(self, f"do_{word.lower()}")(line)

    def say(self, *lines: str) -> None:
        marked = [f"{line[:3]}{' ' if place == len(lines) - 1 else '-'}{line[4:]}\r\n" for place, line in enumerate(lines)]
        self.connection.sendall("".join(marked).encode())

    def trouble(self, step: str) -> bool:
        """Do the fault that is due at this step; whether there was one that left the connection standing."""
        fault = self.server.due(step)
        if fault is None:
            return False
        if fault == "drop":
            self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise HangUp
        if fault == "hang":
            while self.connection.recv(65_536):
                pass
            raise HangUp
        self.say(f"{fault} said so")
        self.over = fault == "421"
        return True

    def encrypt(self) -> None:
        assert self.server.tls is not None
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)

    def do_ehlo(self, line: str) -> None:
        offers = ["250 STARTTLS"] if self.server.starttls and self.connection is self.raw else []
        ways = [*(["PLAIN"] if self.server.passwords else []), *(["XOAUTH2"] if self.server.bearers else [])]
        self.say("250 loopback", *offers, *([f"250 AUTH {' '.join(ways)}"] if ways else []), "250 8BITMIME")

    def do_starttls(self, line: str) -> None:
        self.say("220 go ahead")
        self.encrypt()
        self.lines.close()
        self.lines = self.connection.makefile("rb")

    def do_auth(self, line: str) -> None:
        _, way, given = line.split(" ")
        if way == "XOAUTH2":
            self.take_bearer(b64decode(given).decode())
        else:
            self.take_password(b64decode(given).decode())

    def take_password(self, given: str) -> None:
        _, user, password = given.split("\0")
        good = self.server.passwords.get(user) == password
        self.say("235 welcome" if good else "535 5.7.8 wrong password")

    def take_bearer(self, given: str) -> None:
        """Say why a token is not taken in a challenge, and no only after the client has said nothing to it, as Gmail does."""
        assert self.server.bearers is not None
        user, token = given.removeprefix("user=").removesuffix("\x01\x01").split("\x01auth=Bearer ")
        if self.server.bearers(token) == user:
            self.say("235 2.7.0 Accepted")
            return
        self.say("334 " + b64encode(CHALLENGE.encode()).decode())
        self.say("535 5.7.8 not accepted" if self.lines.readline() == b"\r\n" else "501 5.5.2 an empty line was wanted")

    def do_noop(self, line: str) -> None:
        self.say("250 here")

    def do_rset(self, line: str) -> None:
        self.say("250 forgotten")

    def do_mail(self, line: str) -> None:
        self.sender = line.partition("<")[2].rstrip(">")
        self.say("250 sender")

    def do_rcpt(self, line: str) -> None:
        self.recipient = line.partition("<")[2].rstrip(">")
        self.say("250 recipient")

    def do_data(self, line: str) -> None:
        self.say("354 go on")
        body = bytearray(b"\r\n")
        body += b"" if self.server.faults.get("body") is None else self.lines.readline()
        spoken = self.trouble("body")
        while not body.endswith(b"\r\n.\r\n"):
            part = self.lines.read1()
            if not part:
                raise HangUp
            body += part
        if spoken:
            raise HangUp
        if self.trouble("dot"):
            return
        content = bytes(body[2:-3]).removeprefix(b".").replace(b"\r\n.", b"\r\n")
        self.server.accepted.append(Accepted(self.sender, self.recipient, content))
        if not self.trouble("taken"):
            self.say(f"250 2.0.0 queued as {len(self.server.accepted)}")

    def do_quit(self, line: str) -> None:
        self.say("221 bye")
        self.over = True
