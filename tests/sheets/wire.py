"""A request and an answer as the stand-in hands them about, and the log of every call."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.sheets.refusals import Json

API_HEADERS = {
    "Content-Type": "application/json; charset=UTF-8",
    "Vary": "Origin, X-Origin, Referer",
    "Cache-Control": "private",
}


@dataclass(frozen=True)
class Request:
    """What came over the wire."""

    verb: str
    target: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    @cached_property
    def json(self) -> Any:
        """The body as JSON; raises ValueError where it is none."""
        return json.loads(self.body)

    @property
    def token(self) -> str:
        kind, _, token = self.headers.get("authorization", "").partition(" ")
        return token if kind.lower() == "bearer" else ""


@dataclass(frozen=True)
class Answer:
    """What goes back; `broken` says how the connection fails instead: dropped, cut or hung."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: dict(API_HEADERS))
    broken: str = ""

    @classmethod
    def of(cls, body: Any, status: int = 200, plain: bool = False, headers: Mapping[str, str] | None = None) -> Answer:
        """JSON with two spaces of indentation, or `plain` where the client said prettyPrint=false."""
        text = json.dumps(body, ensure_ascii=False, **({"separators": (",", ":")} if plain else {"indent": 2}))
        return cls(status, text.encode(), {**API_HEADERS, **(headers or {})})


@dataclass
class Call:
    """One call in the log: who asked for what, when, and what they got."""

    number: int
    at: float
    verb: str
    path: str
    query: dict[str, list[str]]
    body: Json | None
    bytes_in: int
    user: str = ""
    project: str = ""
    route: str = ""
    spreadsheet_id: str = ""
    counts_as: str = ""
    """`read`, `write`, `drive` or nothing (tokens)."""
    status: int = 0
    bytes_out: int = 0
    fault: str = ""
    applied: bool = False
    """Whether it changed the file, perhaps later than it was answered."""
    revisions_back: int = 0

    def closed(self, answer: Answer) -> Answer:
        """Write the outcome down and hand the answer on."""
        self.status, self.bytes_out = answer.status, len(answer.body)
        return answer

    @property
    def kind(self) -> str:
        """The last two words of the method: `values.batchGet`, `spreadsheets.batchUpdate`."""
        return ".".join(self.route.split(".")[-2:])

    @property
    def ranges(self) -> list[str]:
        """The addresses it named, in the query, the path or the body."""
        body = self.body or {}
        named = [*self.query.get("ranges", []), *body.get("ranges", []), *body.get("responseRanges", [])]
        return named + [part["range"] for part in body.get("data") or [] if isinstance(part.get("range"), str)]

    @property
    def requests(self) -> list[str]:
        """The kinds of a batchUpdate in order."""
        return [next(iter(request)) for request in (self.body or {}).get("requests", [])]


def opened(request: Request, log: list[Call], now: float) -> Call:
    """A new call in the log, numbered from nought."""
    body = _json(request) if request.path != "/token" else None
    log.append(Call(len(log), now, request.verb, request.path, request.query, body, len(request.body)))
    return log[-1]


def _json(request: Request) -> Json | None:
    try:
        read = request.json if request.body else None
    except ValueError:
        return None
    return read if isinstance(read, dict) else None


def busiest(calls: list[Call], counts_as: str, user: str | None = None, seconds: float = 60.0) -> int:
    """The most calls of one sort in any window of time, refused ones too."""
    times = sorted(call.at for call in calls if call.counts_as == counts_as and (user is None or call.user == user))
    return max((sum(start <= at < start + seconds for at in times) for start in times), default=0)
