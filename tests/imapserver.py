"""A mailbox on loopback that does what a test tells it to: folders of bytes, and the few words of IMAP the product says.

    with ImapServer({"Sent": [mail]}, sent="Sent") as server:
        ...                      # connect to 127.0.0.1, server.port
    assert server.lines          # every line a client said

Faults by word of the protocol: `drop` hangs up, `hang` says nothing more, `drip` sends a letter now and then, `no` refuses.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from typing import Any

from tests.smtpserver import CHALLENGE


class HangUp(Exception):
    """This connection is over."""


@dataclass
class ImapServer:
    """A mailbox of its own port. `folders` are named as the protocol spells them; `sent` is the one marked as such."""

    folders: Mapping[str, Sequence[bytes]] = field(default_factory=dict)
    sent: str = ""
    password: str = "app password"
    faults: Mapping[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    starttls: bool = False
    first_uid: int = 1
    validity: int = 7
    finds_everything: bool = False
    bearers: Callable[[str], str | None] = lambda token: None

    def __post_init__(self) -> None:
        self.lines: list[str] = []
        self.connections = 0
        self.over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> ImapServer:
        self._start(self._listen)
        return self

    def __exit__(self, *error: object) -> None:
        self.over.set()
        for connection in (self._listener, *self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _start(self, work: Any, *arguments: Any) -> None:
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
        talk = Talk(self, connection)
        with suppress(HangUp, OSError, ValueError):
            talk.hold()
        talk.end()


class Talk:
    """One connection, from the greeting to the end."""

    def __init__(self, server: ImapServer, connection: socket.socket) -> None:
        self.server, self.raw, self.connection = server, connection, connection
        self.lines: Any = None
        self.folder: Sequence[bytes] = ()

    def hold(self) -> None:
        if self.server.tls and not self.server.starttls:
            self.encrypt()
        self.lines = self.connection.makefile("rb")
        self.trouble("greeting")
        self.say("* OK here")
        while line := self.lines.readline().decode("utf-8").rstrip("\r\n"):
            self.obey(line)

    def end(self) -> None:
        if self.lines:
            self.lines.close()
        self.connection.close()
        self.raw.close()

    def encrypt(self) -> None:
        assert self.server.tls is not None
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)

    def say(self, text: str | bytes) -> None:
        self.connection.sendall((text.encode() if isinstance(text, str) else text) + b"\r\n")

    def obey(self, line: str) -> None:
        tag, word, *rest = line.split(" ", 2)
        self.server.lines.append(f"{word} {rest[0] if rest else ''}".strip())
        if word == "UID":
            word, *rest = rest[0].split(" ", 1)
        if self.trouble(word):
            self.say(f"{tag} NO not now")
            return
        answer = getattr(self, f"do_{word.lower()}")(rest[0] if rest else "")
        self.say(f"{tag} {answer or 'OK done'}")
        if word == "STARTTLS":
            self.encrypt()
            self.lines.close()
            self.lines = self.connection.makefile("rb")
        if word == "LOGOUT":
            raise HangUp

    def trouble(self, word: str) -> bool:
        fault = self.server.faults.get(word)
        if fault == "drop":
            raise HangUp
        if fault == "hang":
            self.server.over.wait()
            raise HangUp
        while fault == "drip":
            self.connection.sendall(b"*")
            if self.server.over.wait(0.05):
                raise HangUp
        return fault == "no"

    def do_capability(self, said: str) -> None:
        more = " STARTTLS" if self.server.starttls and self.connection is self.raw else ""
        self.say(f"* CAPABILITY IMAP4rev1 ID AUTH=PLAIN AUTH=XOAUTH2{more}")

    def do_starttls(self, said: str) -> None:
        """Said yes to; what follows is encrypted."""

    def do_id(self, said: str) -> None:
        self.say("* ID NIL")

    def do_noop(self, said: str) -> None:
        """Said yes to."""

    def do_login(self, said: str) -> str | None:
        return None if said.endswith(f'"{self.server.password}"') else "NO [AUTHENTICATIONFAILED] wrong password"

    def do_authenticate(self, said: str) -> str | None:
        assert said == "XOAUTH2"
        self.say("+ ")
        given = b64decode(self.lines.readline()).decode()
        user, token = given.removeprefix("user=").removesuffix("\x01\x01").split("\x01auth=Bearer ")
        if self.server.bearers(token) == user:
            return None
        self.say("+ " + b64encode(CHALLENGE.encode()).decode())
        return "NO [AUTHENTICATIONFAILED] not accepted" if self.lines.readline() == b"\r\n" else "BAD an empty line was wanted"

    def do_list(self, said: str) -> None:
        for name in self.server.folders:
            flags = r"\HasNoChildren \Sent" if name == self.server.sent else r"\HasNoChildren"
            self.say(f'* LIST ({flags}) "/" "{name}"')

    def do_examine(self, said: str) -> str | None:
        name = said.strip('"')
        if name not in self.server.folders:
            return "NO no such folder"
        self.folder = self.server.folders[name]
        self.say(f"* {len(self.folder)} EXISTS")
        self.say(f"* OK [UIDVALIDITY {self.server.validity}] valid")
        return "OK [READ-ONLY] done"

    def do_search(self, said: str) -> None:
        numbers = [str(self.server.first_uid + place) for place, each in enumerate(self.folder) if self._meant(said, place, each)]
        self.say(f"* SEARCH {' '.join(numbers)}".rstrip())

    def _meant(self, said: str, place: int, content: bytes) -> bool:
        if wanted := re.fullmatch(r'HEADER Message-ID "(.*)"', said):
            return self.server.finds_everything or wanted[1] in str(message_from_bytes(content)["Message-ID"])
        if after := re.fullmatch(r"UID (\d+):\*", said):
            return self.server.first_uid + place >= int(after[1]) or place == len(self.folder) - 1
        return said.startswith("SINCE")

    def do_fetch(self, said: str) -> None:
        numbers, part = said.split(" ", 1)
        for uid in map(int, numbers.split(",")):
            place = uid - self.server.first_uid
            content = part_of(self.folder[place], part)
            self.say(f"* {place + 1} FETCH (UID {uid} BODY[] {{{len(content)}}}".encode())
            self.connection.sendall(content)
            self.say(")")

    def do_logout(self, said: str) -> None:
        self.say("* BYE")


def part_of(content: bytes, part: str) -> bytes:
    """The header that is asked for, or all of it."""
    wanted = re.search(r"HEADER\.FIELDS \(([^)]*)\)", part)
    if not wanted:
        return content
    found = message_from_bytes(content)[wanted[1]]
    return f"{wanted[1]}: {found}\r\n\r\n".encode() if found else b"\r\n"
