"""The pulse of the service: a file beside the ledger that grows old when the service dies, for whoever watches from outside."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from automations.engines.endpoint import Endpoint
from automations.run import World
from automations.standing import status_of

EVERY = timedelta(seconds=30)


def pulse_file(ledger: Path) -> Path:
    """Where the service of a ledger notes that it is alive."""
    return ledger.with_name("alive.json")


def last_pulse(path: Path) -> Mapping[str, Any]:
    """What the service last noted; empty when it never ran."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and "at" in found else {}


class Pulse:
    """Writes the file every half minute, and shows the same status to the endpoint."""

    def __init__(self, path: Path, since: str, endpoint: Endpoint | None = None) -> None:
        self.path, self.endpoint = path, endpoint
        self._about = {"pid": os.getpid(), "since": since}
        self._last: datetime | None = None

    def __call__(self, world: World, now: datetime) -> None:
        """Note that the service is alive, if the last note is older than half a minute."""
        if self._last is not None and timedelta() <= now - self._last < EVERY:
            return
        self._last = now
        service = {**self._about, "at": now.isoformat()}
        status = status_of(world.config, world.ledger.timetable, service, now)
        world.ledger.set_meta("last tick", now.isoformat())
        self._write(
            json.dumps({**service, "healthy": status.healthy, "troubles": [each.name for each in status.troubles]}, ensure_ascii=False)
        )
        if self.endpoint:
            self.endpoint.status = status

    def stop(self, now: datetime) -> None:
        """Note that the service ended in good order."""
        self._write(json.dumps({**self._about, "at": now.isoformat(), "stopped": True}))

    def _write(self, text: str) -> None:
        unfinished = self.path.with_name(f"{self.path.name}.unfinished")
        unfinished.write_text(text + "\n", encoding="utf-8")
        unfinished.replace(self.path)
