"""The one door to Google: every call passes here, paced, timed, repeated only where that is harmless, counted, and said plainly."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from random import Random
from typing import Any, Literal

import google.auth.exceptions
import requests
from google.auth.credentials import Credentials
from google.auth.transport.requests import AuthorizedSession
from gspread.http_client import HTTPClient
from requests import Response
from urllib3.exceptions import NewConnectionError

from automations.errors import AnswerLost, OutsideFailed, RowkeeperError, WorkbookBusy
from automations.workbooks.googlefaults import ANSWER_LOST, Asked, key_refused, refused, said_by, unreachable
from automations.workbooks.googlepace import Clock, Paces, SteadyClock, Way, pace_of

SHEETS = "https://sheets.googleapis.com"
LONGEST_WAIT, MOST_LOST = 64.0, 7
"""Seconds between two tries at most, and how often an answer may be lost before a call is given up."""
PATIENCE = 1200.0
"""Seconds one pass may wait for Google altogether."""
STALE = 20.0
"""Seconds after which a write that was held up must look at the sheet again."""

Effect = Literal["safe", "again", "once"]
"""What repeating a call does: nothing, the same again, or something twice."""

SETTING = frozenset(
    {
        "updateCells",
        "repeatCell",
        "updateSheetProperties",
        "setDataValidation",
        "setBasicFilter",
        "updateDimensionProperties",
        "updateDeveloperMetadata",
    }
)
"""Requests of a batch that only set something to a value."""

log = logging.getLogger(__name__)


@dataclass
class Spent:
    """What was used of the quota and the line."""

    reads: int = 0
    writes: int = 0
    sent: int = 0
    received: int = 0


@dataclass(frozen=True)
class Call:
    """One call: how it goes over the line, and what repeating it does."""

    method: str
    url: str
    params: Mapping[str, Any] | None
    json: Any
    effect: Effect

    @property
    def way(self) -> Way:
        """Which quota it uses."""
        return "read" if self.effect == "safe" else "write"

    @property
    def name(self) -> str:
        """The route without ids and ranges, as it may stand in a log."""
        bare = re.sub(r"/spreadsheets/[^/:?]+", "/spreadsheets", self.url.partition("/v4")[2])
        return re.sub(r"(?<=values/).*?(?=:[a-z]\w+$|$)", "", bare)


class SheetsHttp(HTTPClient):
    """gspread's client with one method replaced. `account` is the address files are shared with; `endpoint` a stand-in on loopback.

    A call that is refused raises WorkbookRefused, one that cannot be told from a lost write AnswerLost, a used-up quota WorkbookBusy.
    """

    def __init__(
        self,
        credentials: Credentials,
        account: str,
        *,
        endpoint: str = SHEETS,
        timeout: tuple[float, float] = (10, 60),
        pace: Paces | None = None,
        clock: Clock | None = None,
        seed: int = 0,
        language: str = "en",
    ) -> None:
        super().__init__(credentials, AuthorizedSession(credentials))  # type: ignore[no-untyped-call]
        self.set_timeout(timeout)
        self.account, self.endpoint, self.language = account, endpoint.rstrip("/"), language
        self.clock: Clock = clock or SteadyClock()
        self._pace: Paces = pace or pace_of(50, 270)
        self._random = Random(seed)  # noqa: S311 - spreads retries, guards nothing
        self.spent = Spent()
        self.deadline = self.clock.monotonic() + PATIENCE

    def begin(self) -> None:
        """A new pass: its patience starts now."""
        self.deadline = self.clock.monotonic() + PATIENCE

    def request(
        self,
        method: str,
        endpoint: str,
        params: Any = None,
        data: Any = None,
        json: Any = None,
        files: Any = None,
        headers: Any = None,
    ) -> Response:
        """What gspread calls; nothing of it may leave by another way."""
        if data is not None or files is not None or headers is not None:
            raise ValueError("only JSON goes to Google from here")
        return self.send(Call(method.upper(), endpoint, params, json, effect_of(method, endpoint, json)))

    def send(self, call: Call) -> Response:
        """Do a call, again where that is harmless, until it is answered, refused, or out of time."""
        asked, lost, started = self.asked(spreadsheet_in(call.url)), 0, self.clock.monotonic()
        while True:
            self._wait(self._pace.take(call.way, self.clock.monotonic()), asked, None)
            try:
                response = self._exchanged(call)
            except Lost as fault:
                lost += 1
                self._try_again(call, fault, lost, asked)
                continue
            if response.status_code != 429:
                return self._judged(response, asked)
            lost += 1
            self._held_up(call, response, lost, asked, started)

    def asked(self, spreadsheet: str = "") -> Asked:
        """Who asks, about what, for messages."""
        return Asked(self.account, spreadsheet, self.language)

    def _exchanged(self, call: Call) -> Response:
        """One exchange over the line. Raises Lost where no answer of Google's came."""
        try:
            response = self.session.request(
                method=call.method,
                url=self._url(call.url),
                params={"prettyPrint": "false", **(call.params or {})},
                data=None if call.json is None else as_bytes(call.json),
                headers={"Content-Type": "application/json; charset=UTF-8"},
                timeout=self.timeout,
                allow_redirects=False,
            )
        except google.auth.exceptions.GoogleAuthError as error:
            raise self._not_signed_in(error) from error
        except requests.RequestException as error:
            raise Lost(_kind(error), sent=not _never_sent(error)) from error
        self._count(call, response)
        if response.status_code in ANSWER_LOST or not _readable(response):
            raise Lost(f"answer {response.status_code}", sent=True, response=response)
        return response

    def _url(self, url: str) -> str:
        """The address asked for; another host than Google's is refused, whatever it was given by."""
        if not url.startswith(f"{SHEETS}/"):
            raise ValueError(f"calls go to {SHEETS} only")
        return self.endpoint + url.removeprefix(SHEETS)

    def _not_signed_in(self, error: google.auth.exceptions.GoogleAuthError) -> Exception:
        """Signing in comes before the call, so the call itself never left."""
        if isinstance(error, google.auth.exceptions.TransportError) or getattr(error, "retryable", False):
            return Lost("sign-in", sent=False)
        words = next((str(each["error"]) for each in error.args if isinstance(each, dict) and "error" in each), "")
        return key_refused(words or _first_word(error), self.asked())

    def _count(self, call: Call, response: Response) -> None:
        body = response.request.body
        sent, received = len(body) if isinstance(body, bytes | str) else 0, len(response.content)
        spent = self.spent
        spent.reads += call.way == "read"
        spent.writes += call.way == "write"
        spent.sent, spent.received = spent.sent + sent, spent.received + received
        log.debug("%s %s: %d, %d bytes out, %d in", call.method, call.name, response.status_code, sent, received)

    def _try_again(self, call: Call, fault: Lost, lost: int, asked: Asked) -> None:
        """Wait before the next try, or say why there is none."""
        if fault.sent and call.effect == "once":
            raise AnswerLost(asked.about("lost", reason=fault))
        failed = refused(said_by(fault.response), asked) if fault.response is not None and not fault.response.ok else None
        trouble = failed or unreachable(str(fault), asked)
        if lost >= MOST_LOST:
            raise trouble
        self._wait(self._jitter(lost), asked, trouble)

    def _held_up(self, call: Call, response: Response, times: int, asked: Asked, started: float) -> None:
        """The quota is used up: everyone slows down; a write that was held up for long must look again first."""
        pause = max(retry_after(response), self._jitter(times))
        self._pace.slow_down(call.way, self.clock.monotonic(), pause)
        busy = WorkbookBusy(str(refused(said_by(response), asked)))
        self._wait(pause, asked, busy)
        if call.effect == "once" and self.clock.monotonic() - started > STALE:
            raise HeldUp(str(busy))

    def _jitter(self, tries: int) -> float:
        return self._random.uniform(0.2, min(LONGEST_WAIT, 2.0**tries))

    def _wait(self, seconds: float, asked: Asked, trouble: RowkeeperError | None) -> None:
        """Let time pass, unless the pass would run out of it."""
        if seconds <= 0:
            return
        if self.clock.monotonic() + seconds > self.deadline:
            raise trouble or WorkbookBusy(asked.about("own quota"))
        self.clock.sleep(seconds)

    @staticmethod
    def _judged(response: Response, asked: Asked) -> Response:
        """The answer, if it is a good one. Raises WorkbookRefused."""
        if response.ok:
            return response
        said = said_by(response)
        log.info("refused: %d %s", said.status, said.reason)
        raise refused(replace(said, message=_masked(said.message)), asked)


class Lost(Exception):
    """No answer of Google's came; `sent` tells whether the call may have reached it."""

    def __init__(self, what: str, *, sent: bool, response: Response | None = None) -> None:
        super().__init__(what)
        self.sent, self.response = sent, response


class HeldUp(OutsideFailed):
    """A write waited so long for its turn that the sheet must be looked at again before it goes."""


def as_bytes(said: Any) -> bytes:
    """A body as it goes over the line, in as few bytes as JSON needs."""
    try:
        return json.dumps(said, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except UnicodeEncodeError:  # half a character, which only escaped goes over the line
        return json.dumps(said, allow_nan=False).encode()


def effect_of(method: str, url: str, json: Any) -> Effect:
    """What repeating a call does, by its route and what its batch holds."""
    if method.upper() == "GET" or url.endswith((":batchGetByDataFilter", ":getByDataFilter", "developerMetadata:search")):
        return "safe"
    if url.endswith(":batchUpdate") and "/values" not in url:
        kinds = {kind for request in (json or {}).get("requests", ()) for kind in request}
        return "again" if kinds <= SETTING else "once"
    again = method.upper() == "PUT" or url.endswith((":batchUpdate", ":batchUpdateByDataFilter", ":clear", ":batchClear"))
    return "again" if again else "once"


def spreadsheet_in(url: str) -> str:
    """The spreadsheet's id in an address of the API; "" where there is none."""
    found = re.search(r"/v4/spreadsheets/([A-Za-z0-9_-]+)", url)
    return found[1] if found else ""


def retry_after(response: Response) -> float:
    """Seconds the answer asks us to wait; 0 where it asks for none."""
    said = response.headers.get("Retry-After", "").strip()
    return min(float(said), 300.0) if re.fullmatch(r"\d+(\.\d+)?", said) else 0.0


def served_at(response: Response) -> float | None:
    """The server's own time of an answer, in seconds since 1970: a second clock for nothing."""
    try:
        return parsedate_to_datetime(response.headers.get("Date", "")).timestamp()
    except (TypeError, ValueError):
        return None


def _readable(response: Response) -> bool:
    """Whether a good answer is the JSON it should be, and not a page of something in between."""
    if not response.ok:
        return True
    if "json" not in response.headers.get("Content-Type", ""):
        return False
    return response.content.rstrip().endswith(b"}")


def _never_sent(error: requests.RequestException) -> bool:
    """Whether the connection was not even made, so that nothing can have reached the server."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError)


def _kind(error: requests.RequestException) -> str:
    """The kind of a network fault; its text may hold addresses."""
    return {"ReadTimeout": "no answer in time", "ConnectTimeout": "no connection in time"}.get(type(error).__name__, "connection lost")


def _first_word(error: Exception) -> str:
    """The start of a sign-in error, without what may follow it."""
    return re.split(r"[:(,]", str(error.args[0]) if error.args else type(error).__name__)[0][:80]


def _masked(text: str) -> str:
    """Words of the server without addresses and anything that looks like a token."""
    text = re.sub(r"[\w.+-]+@([\w-]+\.)+\w+", lambda found: f"{found[0][0]}…@{found[0].partition('@')[2]}", text)
    return re.sub(r"(ya29\.|1//|Bearer )[\w./-]+", "…", text)
