"""One line per decision: moment, event and facts, for people or (`--log-json`) for programs."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

LONGEST = 2000
"""Letters of one fact: a traceback is worth reading, a megabyte is not."""


class LogLines:
    """Writes lines through `write`, whole ones, whichever lane speaks. Facts are names, counts and reasons, never the cells of a table."""

    def __init__(self, write: Callable[[str], None], clock: Callable[[], datetime], zone: ZoneInfo, *, as_json: bool = False) -> None:
        self._write, self._clock, self._zone, self._as_json = write, clock, zone, as_json
        self._lock = threading.Lock()

    def __call__(self, event: str, /, **facts: object) -> None:
        """Tell one event."""
        said = {name: self._plain(fact) for name, fact in facts.items() if fact not in (None, "")}
        at = self._clock().astimezone(self._zone).isoformat(timespec="seconds")
        line = json.dumps({"at": at, "event": event, **said}, ensure_ascii=False) if self._as_json else _line(at, event, said)
        with self._lock:
            self._write(line)

    def _plain(self, fact: object) -> Any:
        if isinstance(fact, datetime):
            return fact.astimezone(self._zone).isoformat(timespec="minutes") if fact.tzinfo else fact.isoformat(timespec="minutes")
        return fact if isinstance(fact, int | float | bool) else str(fact)[:LONGEST]


def _line(at: str, event: str, facts: dict[str, Any]) -> str:
    name = facts.pop("automation", "")
    told = " ".join(f"{key}={_quoted(value)}" for key, value in facts.items())
    return " ".join(part for part in (at, str(name), event, told) if part)


def _quoted(value: Any) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if any(letter.isspace() or letter == '"' for letter in text) else text
