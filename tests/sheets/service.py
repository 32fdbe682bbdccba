"""The stand-in without its wire: a request goes in, is logged, admitted, charged, carried out on a copy and answered."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from typing import TypeVar

from tests.sheets import driveroutes, masks, sheetroutes, tabrequests
from tests.sheets.book import Book, Sheet
from tests.sheets.caller import Caller, Sharing
from tests.sheets.clock import VirtualClock
from tests.sheets.drive import Drive, File
from tests.sheets.faults import Fault, FaultPlan
from tests.sheets.moments import Moments
from tests.sheets.quota import Quota
from tests.sheets.refusals import Json, Refused, bad_fields, forbidden, missing, narrow_scope, switched_off, unauthenticated
from tests.sheets.rendering import spreadsheet
from tests.sheets.routing import Asked, matched, understood
from tests.sheets.tokens import Accounts
from tests.sheets.wire import Answer, Call, Request, opened

CREATE = "sheets.spreadsheets.create"
T = TypeVar("T")
COPY_TO = "sheets.spreadsheets.sheets.copyTo"


@dataclass(frozen=True)
class Admitted:
    """A call that was let in: what it asks and who asks it."""

    asked: Asked
    caller: Caller
    call: Call


@dataclass(frozen=True)
class Delayed:
    """A call that is carried out later than it was answered."""

    admitted: Admitted
    after_call: int
    after_seconds: float


@dataclass(eq=False, repr=False)
class Service:
    """All of it: files, accounts, limits, faults, people at their moments, the clock, and the log of calls."""

    clock: VirtualClock = field(default_factory=VirtualClock)
    drive: Drive = field(default_factory=Drive)
    accounts: Accounts = field(default_factory=Accounts)
    quota: Quota = field(default_factory=Quota)
    faults: FaultPlan = field(default_factory=FaultPlan)
    token_faults: FaultPlan = field(default_factory=FaultPlan)
    moments: Moments = field(default_factory=Moments)
    calls: list[Call] = field(default_factory=list)
    token_calls: list[Call] = field(default_factory=list)
    misfits: list[str] = field(default_factory=list)
    """Requests or answers that did not fit Google's schemas: a test fails on them unless it expected them."""
    languages: dict[str, str] = field(default_factory=dict)
    """The language of an account, for the one message Google translates."""
    switched_off: set[str] = field(default_factory=set)
    """Projects for which the Sheets API is not enabled."""
    delayed: list[Delayed] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def answer(self, request: Request) -> Answer:
        with self.lock:
            answer = self._token(request) if request.path == "/token" else self._api(request)
            return replace(answer, headers={"Date": self._date(), "Server": "ESF", **answer.headers})

    def _date(self) -> str:
        return formatdate(self.clock.now().timestamp(), usegmt=True)

    def forget_calls(self) -> None:
        """Start the log anew: the next call has number 0."""
        self.calls.clear()
        self.token_calls.clear()

    def _token(self, request: Request) -> Answer:
        call = opened(request, self.token_calls, self.clock())
        fault = self.token_faults.meets(call)
        given = self.accounts.give(request, self.clock()) if fault is None or fault.does == "now" else Answer.of({})
        return call.closed(fault.says(given) if fault else given)

    def _api(self, request: Request) -> Answer:
        call = opened(request, self.calls, self.clock())
        self.moments.come("before", call.number)
        self.catch_up()
        answer = self._refusable(request, call)
        self.moments.come("after", call.number)
        return call.closed(answer)

    def catch_up(self, everything: bool = False) -> None:
        """Carry out the delayed calls whose time has come, or all of them."""
        for one in list(self.delayed):
            due = len(self.calls) - 1 >= one.after_call and self.clock() >= one.after_seconds
            if due or everything:
                self.delayed.remove(one)
                self._late(one.admitted)

    def _late(self, admitted: Admitted) -> None:
        try:
            self._carried_out(admitted)
        except Refused as refusal:
            admitted.call.fault += f", then refused: {refusal.message}"

    def _refusable(self, request: Request, call: Call) -> Answer:
        """Carry the call out; a refusal becomes Google's body."""
        plain = request.query.get("prettyPrint") == ["false"]
        try:
            admitted = self._admitted(request, call)
            fault = self.faults.meets(call)
            return self._faulty(admitted, fault, plain) if fault else self._done(admitted, plain)
        except Refused as refusal:
            headers = {"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/"'} if refusal.code == 401 else {}
            return Answer.of(refusal.body(), refusal.code, plain, headers)

    def _faulty(self, admitted: Admitted, fault: Fault, plain: bool) -> Answer:
        if fault.does == "late":
            when = admitted.call.number + fault.calls_later if not fault.seconds_later else 0
            self.delayed.append(Delayed(admitted, when, self.clock() + fault.seconds_later))
        admitted.call.revisions_back = fault.revisions_back
        return fault.says(self._done(admitted, plain) if fault.does == "now" else Answer.of({}))

    def _done(self, admitted: Admitted, plain: bool) -> Answer:
        body = self._carried_out(admitted)
        if body is None:
            return Answer(204)
        return body if isinstance(body, Answer) else Answer.of(self._fitting(admitted.asked, body), 200, plain)

    def _admitted(self, request: Request, call: Call) -> Admitted:
        """Let a call in: its route, its token, its scopes, its quota and its form, in the order in which Google looks at them."""
        route, _ = self._form(matched, request, call)
        call.route = route.name
        caller = self._caller(request, call)
        if not caller.scopes & route.scopes:
            raise narrow_scope(route.name.partition(".")[0] + ".googleapis.com", route.name)
        self._charge(call, caller)
        asked = self._form(understood, request, call)
        call.spreadsheet_id = str(asked.parameters.get("spreadsheetId", asked.parameters.get("fileId", "")))
        return Admitted(asked, caller, call)

    def _form(self, look: Callable[[Request], T], request: Request, call: Call) -> T:
        """Look at a request; one that does not fit is remembered, for it is a fault of the client."""
        try:
            return look(request)
        except Refused as refusal:
            self.misfits.append(f"call {call.number} {call.verb} {call.kind or call.path}: {refusal.message}")
            raise

    def _caller(self, request: Request, call: Call) -> Caller:
        grant = self.accounts.who(request.token, self.clock())
        if grant is None:
            raise unauthenticated()
        call.user, call.project = grant.email, grant.project
        if grant.project in self.switched_off:
            raise switched_off(grant.project)
        return Caller(grant.email, grant.scopes, grant.project, language=self.languages.get(grant.email, "en"))

    def _charge(self, call: Call, caller: Caller) -> None:
        if call.route.startswith("drive"):
            call.counts_as = "drive"
            return
        call.counts_as = "read" if call.route in sheetroutes.READS else "write"
        self.quota.charge(call.counts_as, caller.project, caller.email, self.clock())

    def _fitting(self, asked: Asked, body: Json) -> Json:
        """The answer, cut to the mask and checked against its schema."""
        kept = dict(masks.keep(body, asked.mask))
        if asked.route.response and (problems := asked.route.api.response_problems(asked.route.response, kept)):
            self.misfits.append(f"answer of {asked.route.name}: {problems[0][1]}")
            raise Refused(500, f"the stand-in's own answer does not fit: {problems[0][1]}")
        return kept

    def _carried_out(self, admitted: Admitted) -> Json | Answer | None:
        """Do what is asked: reads on a revision, writes on a copy that then becomes the newest revision."""
        asked, caller, call = admitted.asked, admitted.caller, admitted.call
        if asked.route.name.startswith("drive"):
            return driveroutes.carry_out(self.drive, caller, asked, self.clock(), self.blank)
        if asked.route.name == CREATE:
            return self._create(asked, caller)
        file, caller = self._opened(asked, caller)
        if asked.route.name in sheetroutes.READS:
            return sheetroutes.READS[asked.route.name](file.back(call.revisions_back), caller, asked)
        return self._copy_to(file, asked, caller) if asked.route.name == COPY_TO else self._write(file, asked, caller, call)

    def _opened(self, asked: Asked, caller: Caller) -> tuple[File, Caller]:
        """The file that is asked for and the caller with their role on it."""
        file = self.drive.files.get(asked.parameters["spreadsheetId"])
        if file is None:
            raise missing()
        known = replace(caller, role=file.sharing.role(caller.email))
        if not known.role or (asked.route.name not in sheetroutes.READS and not known.may_write):
            raise forbidden()
        return file, known

    def _write(self, file: File, asked: Asked, caller: Caller, call: Call) -> Json:
        book = file.book.copied()
        try:
            body = sheetroutes.WRITES[asked.route.name](book, caller, asked)
        except NotImplementedError as gap:
            self.misfits.append(str(gap))
            raise Refused(501, str(gap)) from gap
        file.save(book, self.clock())
        call.applied = True
        self.moments.come("within", call.number)
        if asked.body.get("includeSpreadsheetInResponse") and asked.route.name == "sheets.spreadsheets.batchUpdate":
            body["updatedSpreadsheet"] = sheetroutes.updated_book(file.book, caller, asked)
        return body

    def _copy_to(self, file: File, asked: Asked, caller: Caller) -> Json:
        target = self.drive.files.get(asked.body.get("destinationSpreadsheetId") or "")
        if target is None:
            raise missing()
        book = target.book.copied()
        answer = tabrequests.copy_into(file.book, int(asked.parameters["sheetId"]), book)
        target.save(book, self.clock())
        return answer

    def _create(self, asked: Asked, caller: Caller) -> Json:
        book = self.blank(asked.body.get("properties") or {}, asked.body.get("sheets") or [])
        self.drive.add(book, Sharing({caller.email: "owner"}))
        return spreadsheet(book, replace(caller, role="owner"), {})

    def blank(self, properties: Json, sheets: list[Json]) -> Book:
        """A new book, with one tab if none is asked for."""
        if "locale" in properties and not properties["locale"]:
            raise bad_fields([("properties.locale", "Invalid locale")])
        named = {field: properties[name] for name, field in (("locale", "locale"), ("timeZone", "time_zone")) if properties.get(name)}
        book = Book(self.drive.fresh_id(), properties.get("title") or "Untitled spreadsheet", **named)
        for sheet in sheets:
            asked = {"sheetId": 0 if not book.sheets else None, **(sheet.get("properties") or {})}
            book.sheets.append(tabrequests.new_sheet(book, asked, "sheets"))
        book.sheets = book.sheets or [Sheet(0, "Sheet1")]
        return book
