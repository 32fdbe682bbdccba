"""The stand-in on loopback: a server in a thread, with shorthand to make files, people and tokens and to look at cells."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.sheets.book import BLANK, Book, Sheet
from tests.sheets.caller import Sharing
from tests.sheets.cells import Cell, Entered
from tests.sheets.clock import VirtualClock
from tests.sheets.refusals import Json
from tests.sheets.service import Service
from tests.sheets.tokens import CANARY, SHEETS, key_canary
from tests.sheets.wire import Answer, Call, Request


class StandIn(Service):
    """Google Sheets on 127.0.0.1: `with StandIn() as google:` and give a client `google.url` and a token."""

    def __init__(self, clock: VirtualClock | None = None) -> None:
        super().__init__(clock or VirtualClock())
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.service = self
        self.expects_misfits = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def token_uri(self) -> str:
        return self.url + "/token"

    def __enter__(self) -> StandIn:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        if kind is None and not self.expects_misfits:
            assert self.misfits == []

    def file(self, title: str = "台账", shared: dict[str, str] | None = None, anyone: str = "", **properties: Any) -> str:
        """A new spreadsheet with no tab yet; `shared` gives each address owner, writer, commenter or reader."""
        book = self.blank({"title": title, **properties}, [])
        book.sheets = []
        self.drive.add(book, Sharing(dict(shared or {}), anyone))
        return book.spreadsheet_id

    def tab(
        self, spreadsheet_id: str, title: str, rows: Sequence[Sequence[Entered | Cell]], sheet_id: int | None = None, spare: int = 20
    ) -> Sheet:
        """A new tab with these rows and some spare ones below; the first tab of a file gets sheetId 0."""
        book = self.book(spreadsheet_id)
        number = sheet_id if sheet_id is not None else 1_000 * len(book.sheets)
        width = max(map(len, rows), default=1)
        sheet = Sheet(number, title, [BLANK] * (len(rows) + spare), [BLANK] * max(width, 1))
        for place, row in enumerate(rows):
            sheet.put(place, 0, [value if isinstance(value, Cell) else Cell(None if value == "" else value) for value in row])
        book.sheets.append(sheet)
        return sheet

    def share(self, spreadsheet_id: str, email: str, role: str) -> None:
        """Give an address a role on a file; an empty role takes it away."""
        roles = {**self.drive.files[spreadsheet_id].sharing.roles, email: role}
        anyone = self.drive.files[spreadsheet_id].sharing.anyone
        self.drive.files[spreadsheet_id].sharing = Sharing({email: role for email, role in roles.items() if role}, anyone)

    def book(self, spreadsheet_id: str) -> Book:
        """The newest revision of a file."""
        return self.drive.files[spreadsheet_id].book

    def values(self, spreadsheet_id: str, title: str) -> list[list[Any]]:
        """What stands in a tab now, trailing blanks cut off."""
        sheet = self.book(spreadsheet_id).titled(title)
        assert sheet is not None
        rows = [[cell.value for cell in line.cells] for line in sheet.rows]
        return _trimmed(rows)

    def token(self, email: str, scopes: tuple[str, ...] = (SHEETS,), project: str = "1001") -> str:
        """An access token that does not expire."""
        return self.accounts.token(email, scopes, project)

    def service_account(self, email: str, project: str = "1001") -> Json:
        """A key file's contents, whose token endpoint is here."""
        return self.accounts.service_account(email, self.token_uri, project)

    def user_credentials(self, email: str) -> Json:
        return self.accounts.user_credentials(email, self.token_uri)

    def canaries(self) -> list[str]:
        """What no log may hold: the mark in every token and secret, a stretch of the private key, every address a file is shared with."""
        addresses = {email for file in self.drive.files.values() for email in file.sharing.roles}
        return [CANARY, key_canary(), *sorted(addresses)]

    def counted(self, *kinds: str) -> list[Call]:
        """The calls of these kinds, such as `values.batchGet`; all of them when none is named."""
        return [call for call in self.calls if not kinds or call.kind in kinds]


def _trimmed(rows: list[list[Any]]) -> list[list[Any]]:
    cut = [row[: max((place + 1 for place, value in enumerate(row) if value is not None), default=0)] for row in rows]
    return cut[: max((place + 1 for place, row in enumerate(cut) if row), default=0)]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    service: Service


class _Handler(BaseHTTPRequestHandler):
    """Reads a request, hands it to the service, writes the answer or breaks the connection as it says."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self.rfile.read(length))
        assert isinstance(self.server, _Server)
        self.reply(self.server.service.answer(request))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve

    def reply(self, answer: Answer) -> None:
        """Send the answer, or break the connection in the way it says."""
        if answer.broken in ("hung", "dropped"):
            self._fail(answer.broken)
            return
        self.send_response_only(answer.status)
        for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        cut = answer.broken == "cut"
        self.wfile.write(answer.body[: len(answer.body) // 2] if cut else answer.body)
        self.close_connection = self.close_connection or cut

    def _fail(self, how: str) -> None:
        self.close_connection = True
        if how == "hung":
            while self.connection.recv(65_536):
                pass
        else:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: the service keeps the log."""
