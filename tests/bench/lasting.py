"""What `serve` holds after very many passes: memory and open files, on a virtual clock, with the real threads, files and ledger.

`python -m tests.bench.lasting 500 10000` prints as JSON what it held after so many passes, and how long they took.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from automations.engines.workers import ThreadLanes
from automations.serving import service
from tests.bench.measuring import peak_bytes
from tests.fleet import POLICY, TABLES
from tests.office import VirtualClock, automation
from tests.project import project
from tests.scene import xlsx

SETTINGS = """
    language: zh
    calendar: cn
    admin: admin@example.com
    packs: [care]
    quiet_hours: false
    workbook: { path: 台账.xlsx }
    backups: { keep_days: 2, at_least: 2 }
"""
AUTOMATIONS = {
    "sweep": automation("sweep", "every 5 minutes"),
    "outbox": automation("outbox", "every 10 minutes", "outbox"),
    "backup": automation("backup", "every day at 02:30", "backup"),
}
EVERY, EDITED = timedelta(minutes=5), 20
"""Between two passes; and so many passes between two edits by staff, each of which has cells written and somebody mailed."""
ROWS = 12


class InTurn(ThreadLanes):
    """The lanes of `serve` with their threads; whoever begins something waits for its end."""

    def begin(self, lane: str, work: Callable[[], None]) -> None:
        super().begin(lane, work)
        self._last[lane].result()


def typed(path: Path, number: int, now: datetime) -> None:
    """Staff put the next rows in the place of the last ones: the table stays as long as it is."""
    came = [now - timedelta(days=row % 4) for row in range(ROWS)]
    rows = [[f"TS-{number}-{row}", at, None, "wang@example.com", None, None] for row, at in enumerate(came)]
    xlsx(path, {"complaints": [["投诉编号", "受理时间", "确定时间", "负责人", "到期", "状态"], *rows]})


def held() -> dict[str, int]:
    """Bytes in memory now (the most there ever were, where the system does not say) and open files of this process."""
    gc.collect()
    found = {"memory": peak_bytes(), "objects": len(gc.get_objects()), "files": 0}
    with suppress(OSError):
        found["files"] = len(list(Path("/dev/fd").iterdir()))
        found["memory"] = int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return found


def lasting(folder: Path, stops: Sequence[int]) -> dict[int, dict[str, Any]]:
    """A service through so many passes; what it held at each stop, and the seconds since the one before."""
    files = {f"config/automations/{name}.yaml": text for name, text in AUTOMATIONS.items()}
    root, clock = project(folder, tables=TABLES, policy=POLICY, settings=SETTINGS, files=files), _clock()
    typed(root / "台账.xlsx", 0, clock.now().replace(tzinfo=None))
    running, found = service(root, clock, lambda _: None, workers=InTurn()), {}
    running.engine.start()
    running.engine.tick()
    begun = time.monotonic()
    for number in range(1, max(stops) + 1):
        if number % EDITED == 0:
            typed(root / "台账.xlsx", number, clock.now().replace(tzinfo=None))
        clock.go(clock.now() + EVERY)
        running.engine.tick()
        if number in stops:
            found[number] = {"seconds": round(time.monotonic() - begun, 1), **held()}
            begun = time.monotonic()
    ledger = running.engine.worlds("watch").ledger
    done = {"passes": len(ledger.timetable.slots(["done"], "sweep", 100_000)), "mails": len(ledger.outbox(["sent"], limit=100_000))}
    running.engine.stop()
    running.close()
    return {**found, max(stops): found[max(stops)] | done}


def _clock() -> VirtualClock:
    return VirtualClock(datetime.fromisoformat("2026-01-05T00:00:00+08:00"))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        print(json.dumps(lasting(Path(place), [int(word) for word in sys.argv[1:]]), ensure_ascii=False))
