"""What may go wrong with a call: refusals, breakdowns before and after the deed, broken connections, late deeds, stale reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random

from tests.sheets.refusals import Refused, exhausted, forbidden, missing, switched_off, unauthenticated
from tests.sheets.wire import Answer, Call

PAGES = {502: "Server Error", 504: "Gateway Timeout", 200: "Sign in"}


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong: whether the call is carried out all the same, and what comes back instead of its answer."""

    name: str
    does: str = "nothing"
    """`nothing`, `now`, or `late`: whether and when the call is carried out."""
    says: Callable[[Answer], Answer] = lambda answer: answer
    calls_later: int = 0
    seconds_later: float = 0.0
    revisions_back: int = 0
    """A read is answered from this many revisions ago."""


def refused(refusal: Refused, name: str, headers: Mapping[str, str] | None = None) -> Fault:
    return Fault(name, says=lambda _: Answer.of(refusal.body(), refusal.code, headers=headers))


def too_many(retry_after: int | None = None, kind: str = "Read") -> Fault:
    """429 though the quota of the stand-in is not used up, with or without Retry-After."""
    headers = {"Retry-After": str(retry_after)} if retry_after is not None else {}
    return refused(exhausted(kind, "per user", 60, "1001"), "429" + (" Retry-After" if headers else ""), headers)


def login_lost() -> Fault:
    return refused(unauthenticated(), "401")


def not_allowed() -> Fault:
    return refused(forbidden(), "403")


def not_there() -> Fault:
    return refused(missing(), "404")


def api_off() -> Fault:
    return refused(switched_off("1001"), "403 SERVICE_DISABLED")


def conflict() -> Fault:
    return refused(Refused(409, "The operation was aborted."), "409")


def too_large() -> Fault:
    return refused(Refused(413, "Request payload size exceeds the limit: 10485760 bytes."), "413")


def bad_request(message: str = "Request contains an invalid argument.") -> Fault:
    return refused(Refused(400, message), "400")


def broken(code: int = 503, applied: bool = False) -> Fault:
    """500 or 503 as JSON, 502 or 504 as a page of HTML; `applied`: the deed was done and only its answer is lost."""
    return Fault(_named(str(code), applied), "now" if applied else "nothing", lambda _: _breakdown(code))


def _named(name: str, applied: bool) -> str:
    return f"{name} {'after' if applied else 'before'} applying"


def _breakdown(code: int) -> Answer:
    if code in PAGES:
        return page(code)
    text = {500: "Internal error encountered.", 503: "The service is currently unavailable."}[code]
    return Answer.of(Refused(code, text).body(), code)


def page(status: int) -> Answer:
    """A page of HTML where JSON should be."""
    title = f"Error {status} ({PAGES[status]})!!1" if status != 200 else PAGES[status]
    text = f"<!DOCTYPE html>\n<html lang=en>\n<title>{title}</title>\n<p><b>{status}.</b> <ins>That’s an error.</ins>\n"
    return Answer(status, text.encode(), {"Content-Type": "text/html; charset=UTF-8"})


def html_instead(applied: bool = True) -> Fault:
    """200 with HTML, as a captive portal or a log-in page gives."""
    return Fault(_named("200 HTML", applied), "now" if applied else "nothing", lambda _: page(200))


def dropped(applied: bool = False) -> Fault:
    """The connection is reset without an answer."""
    return Fault(_named("dropped", applied), "now" if applied else "nothing", _breaking("dropped"))


def cut(applied: bool = True) -> Fault:
    """Half of the answer, then the end of the connection."""
    return Fault(_named("cut", applied), "now", _breaking("cut"))


def hung(applied: bool = False) -> Fault:
    """No answer until the client gives up."""
    return Fault(_named("hung", applied), "now" if applied else "nothing", _breaking("hung"))


def _breaking(how: str) -> Callable[[Answer], Answer]:
    return lambda answer: replace(answer, broken=how)


def late(calls: int = 1, seconds: float = 0.0, answer: str = "503") -> Fault:
    """The deed is done only some calls (or seconds) later, after the client was told 503, was dropped, or waited in vain."""
    says = (lambda _: _breakdown(503)) if answer == "503" else _breaking(answer)
    when = f"{seconds:g} s" if seconds else f"{calls} calls"
    return Fault(f"late by {when}, {answer}", "late", says, calls, seconds)


def stale(revisions: int = 1) -> Fault:
    """A read answered from an older revision, as a lagging replica would."""
    return Fault(f"stale by {revisions}", "now", revisions_back=revisions)


Rule = Callable[[Call], Fault | None]


@dataclass
class FaultPlan:
    """Which call meets which fault; the first rule that has one decides."""

    rules: list[Rule] = field(default_factory=list)
    met: list[tuple[int, str]] = field(default_factory=list)
    """(number of the call, name of the fault), as they happened."""

    def at(self, number: int, fault: Fault) -> None:
        """The n-th call in the log, from nought."""
        self.rules.append(lambda call: fault if call.number == number else None)

    def each(self, fault: Fault, kind: str = "", times: int | None = None) -> None:
        """Every call of a kind such as `values.batchGet` (of any kind if none is named), so many times."""
        left = [times]

        def rule(call: Call) -> Fault | None:
            if (kind and call.kind != kind) or left[0] == 0:
                return None
            left[0] = None if left[0] is None else left[0] - 1
            return fault

        self.rules.append(rule)

    def storm(self, fault: Fault, share: float, seconds: tuple[float, float], seed: int) -> None:
        """A share of all calls between two times of the clock."""
        draw = Random(seed)
        self.rules.append(lambda call: fault if seconds[0] <= call.at < seconds[1] and draw.random() < share else None)

    def meets(self, call: Call) -> Fault | None:
        for rule in self.rules:
            if fault := rule(call):
                call.fault = fault.name
                self.met.append((call.number, fault.name))
                return fault
        return None

    def clear(self) -> None:
        self.rules.clear()


def everything() -> list[Fault]:
    """One of each, for a matrix of faults by call."""
    return [
        too_many(),
        too_many(retry_after=30),
        login_lost(),
        not_allowed(),
        not_there(),
        conflict(),
        too_large(),
        bad_request(),
        *(broken(code, applied) for code in (500, 502, 503) for applied in (False, True)),
        html_instead(applied=False),
        html_instead(),
        dropped(),
        dropped(applied=True),
        cut(),
        hung(),
        hung(applied=True),
        late(1),
        late(2, answer="dropped"),
        late(1, answer="hung"),
        stale(),
    ]
