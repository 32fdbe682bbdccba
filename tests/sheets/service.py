"""The stand-in without its wire: a request goes in, is logged, admitted, charged, carried out on a copy and answered."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.sheets import masks, sheetroutes, tabrequests
from tests.sheets.book import Book, Sheet
from tests.sheets.caller import Caller, Sharing
from tests.sheets.clock import VirtualClock
from tests.sheets.quota import Quota
from tests.sheets.refusals import Json, Refused, forbidden, missing, narrow_scope, unauthenticated
from tests.sheets.rendering import spreadsheet
from tests.sheets.routing import Asked, html, matched, understood
from tests.sheets.tokens import Accounts
from tests.sheets.wire import Answer, Call, Request

RECENT = 50
Hook = Callable[[Call], None]


@dataclass
class File:
    """A spreadsheet on the drive: its revisions, the newest last, and who may do what."""

    revisions: list[Book]
    sharing: Sharing
    trashed: bool = False

    @property
    def book(self) -> Book:
        return self.revisions[-1]

    def save(self, book: Book) -> None:
        book.revision = self.book.revision + 1
        self.revisions.append(book)
        del self.revisions[:-RECENT]


@dataclass
class Service:
    """All of it: files, accounts, limits, the clock, and the log of calls (API calls and token calls apart)."""

    clock: VirtualClock = field(default_factory=VirtualClock)
    files: dict[str, File] = field(default_factory=dict)
    accounts: Accounts = field(default_factory=Accounts)
    quota: Quota = field(default_factory=Quota)
    calls: list[Call] = field(default_factory=list)
    token_calls: list[Call] = field(default_factory=list)
    misfits: list[str] = field(default_factory=list)
    """Requests or answers that did not fit Google's schemas: a test fails on them unless it expected them."""
    languages: dict[str, str] = field(default_factory=dict)
    """The language of an account, for the one message Google translates."""
    lock: threading.RLock = field(default_factory=threading.RLock)

    def answer(self, request: Request) -> Answer:
        with self.lock:
            if request.path == "/token":
                return self._token(request)
            return self._api(request)

    def _token(self, request: Request) -> Answer:
        call = self._opened(request, self.token_calls)
        answer = self.accounts.give(request, self.clock())
        return self._closed(call, answer)

    def _api(self, request: Request) -> Answer:
        call = self._opened(request, self.calls)
        return self._closed(call, self._tried(request, call))

    def _opened(self, request: Request, log: list[Call]) -> Call:
        body = _json(request.body) if request.path != "/token" else None
        call = Call(len(log), self.clock(), request.verb, request.path, request.query, body, len(request.body))
        log.append(call)
        return call

    def _closed(self, call: Call, answer: Answer) -> Answer:
        call.status, call.bytes_out = answer.status, len(answer.body)
        return answer

    def _tried(self, request: Request, call: Call) -> Answer:
        """Carry the call out; a refusal becomes Google's body."""
        try:
            return Answer.of(self._done(request, call))
        except Refused as refusal:
            headers = {"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/"'} if refusal.code == 401 else {}
            return Answer.of(refusal.body(), refusal.code, **headers)

    def _done(self, request: Request, call: Call) -> Json:
        route, _ = matched(request)
        call.route = route.name
        caller = self._caller(request, call)
        if not caller.scopes & route.scopes:
            raise narrow_scope("sheets.googleapis.com", "google.apps.sheets.v4." + route.name)
        self._charge(call, caller)
        asked = self._checked(request, call)
        body = self.carry_out(asked, caller, call)
        return self._fitting(asked, body)

    def _caller(self, request: Request, call: Call) -> Caller:
        grant = self.accounts.who(request.token, self.clock())
        if grant is None:
            raise unauthenticated()
        call.user, call.project = grant.email, grant.project
        return Caller(grant.email, grant.scopes, grant.project, language=self.languages.get(grant.email, "en"))

    def _charge(self, call: Call, caller: Caller) -> None:
        if call.route.startswith("drive"):
            call.counts_as = "drive"
            return
        call.counts_as = "read" if call.route in sheetroutes.READS else "write"
        self.quota.charge(call.counts_as, caller.project, caller.email, self.clock())

    def _checked(self, request: Request, call: Call) -> Asked:
        try:
            return understood(request)
        except Refused as refusal:
            self.misfits.append(f"call {call.number} {call.kind}: {refusal.message}")
            raise

    def _fitting(self, asked: Asked, body: Json) -> Json:
        """The answer, checked against its schema and cut to the mask."""
        if asked.route.response and (problems := asked.route.api.response_problems(asked.route.response, body)):
            self.misfits.append(f"answer of {asked.route.name}: {problems[0][1]}")
            raise Refused(500, f"the stand-in's own answer does not fit: {problems[0][1]}")
        return dict(masks.keep(body, asked.mask))

    def carry_out(self, asked: Asked, caller: Caller, call: Call) -> Json:
        """Do what is asked: on the newest revision for a read, on a copy that then becomes the newest for a write."""
        if asked.route.name == "sheets.spreadsheets.create":
            return self._create(asked, caller)
        file, caller = self.opened(asked, caller, call)
        if asked.route.name in sheetroutes.READS:
            return sheetroutes.READS[asked.route.name](file.book, caller, asked)
        if asked.route.name not in sheetroutes.WRITES:
            raise Refused(501, f"The stand-in does not do {asked.route.name} yet.")
        return self._write(file, asked, caller, call)

    def opened(self, asked: Asked, caller: Caller, call: Call) -> tuple[File, Caller]:
        """The file that is asked for and the caller with their role on it."""
        call.spreadsheet_id = asked.parameters["spreadsheetId"]
        file = self.files.get(call.spreadsheet_id)
        if file is None:
            raise missing()
        role = file.sharing.role(caller.email)
        if not role:
            raise forbidden()
        known = Caller(caller.email, caller.scopes, caller.project, role, caller.language)
        if asked.route.name in sheetroutes.WRITES and not known.may_write:
            raise forbidden()
        return file, known

    def _write(self, file: File, asked: Asked, caller: Caller, call: Call) -> Json:
        book = file.book.copied()
        body = sheetroutes.WRITES[asked.route.name](book, caller, asked)
        file.save(book)
        call.applied = True
        if asked.body.get("includeSpreadsheetInResponse") and asked.route.name == "sheets.spreadsheets.batchUpdate":
            body["updatedSpreadsheet"] = sheetroutes.updated_book(file.book, caller, asked)
        return body

    def _create(self, asked: Asked, caller: Caller) -> Json:
        book = self.new_book(asked.body.get("properties") or {}, asked.body.get("sheets") or [])
        self.files[book.spreadsheet_id] = File([book], Sharing({caller.email: "owner"}))
        owner = Caller(caller.email, caller.scopes, caller.project, "owner")
        return spreadsheet(book, owner, {})

    def new_book(self, properties: Json, sheets: list[Json]) -> Book:
        number = len(self.files) + 1
        named = {field: properties[name] for name, field in (("locale", "locale"), ("timeZone", "time_zone")) if properties.get(name)}
        book = Book(f"stand-in-file-{number:04d}-of-this-test", properties.get("title") or "Untitled spreadsheet", **named)
        for sheet in sheets:
            asked = {"sheetId": 0 if not book.sheets else None, **(sheet.get("properties") or {})}
            book.sheets.append(tabrequests.new_sheet(book, asked, "sheets"))
        book.sheets = book.sheets or [Sheet(0, "Sheet1")]
        return book


def _json(body: bytes) -> Json | None:
    try:
        read = json.loads(body) if body else None
    except ValueError:
        return None
    return read if isinstance(read, dict) else None


def not_found() -> Answer:
    return html(404, "Not Found")
