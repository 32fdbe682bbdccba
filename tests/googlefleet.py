"""A fleet at Google: spreadsheets at the stand-in, workers as processes of their own, one quota for all of them, on the real clock.

python -m tests.googlefleet 12 4 20      12 spreadsheets, 4 workers, 20 calls a minute: prints the busiest minute of each sort of call
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

from automations.config import Config, load
from tests.fleet import FIRST, POLICY, SWEEP, TABLES, Workers, known, settled, workers
from tests.postgres import running
from tests.project import project
from tests.sheets.clock import VirtualClock
from tests.sheets.server import StandIn
from tests.sheets.wire import busiest

ROBOT = "rowkeeper@project-1001.example.com"
HEAD = ["投诉编号", "受理时间", "确定时间", "负责人", "到期", "状态"]
SETTINGS = """
    language: zh
    calendar: cn
    admin: admin@example.com
    packs: [care]
    quiet_hours: false
    ledger: {ledger}
    workbook:
      kind: google
      spreadsheet: {first}
      credentials: {{ file: key.json }}
      development: {{ endpoint: "{endpoint}" }}
      calls_per_minute: {limit}
"""


class WallClock(VirtualClock):
    """The stand-in's clock as the time that really passes."""

    def __init__(self) -> None:
        super().__init__()
        self._begun = time.monotonic()

    def __call__(self) -> float:
        return time.monotonic() - self._begun

    monotonic = __call__

    def now(self, zone: str = "UTC") -> datetime:
        return super().now(zone) + timedelta(seconds=self())


def laid_out(folder: Path, google: StandIn, count: int, ledger: str, limit: int) -> Path:
    """A project with a branch for each of so many spreadsheets."""
    files = {f"b{number:03}": _file(google, f"b{number:03}") for number in range(count)}
    lines = [f"  {name}: {{ spreadsheet: {file}, outbox: outbox/{name} }}" for name, file in files.items()]
    more = {"config/automations/sweep.yaml": SWEEP, "config/branches/all.yaml": "branches:\n" + "\n".join(lines) + "\n"}
    settings = SETTINGS.format(ledger=ledger, first=next(iter(files.values())), endpoint=google.url, limit=limit)
    project(folder, tables=TABLES, policy=POLICY, settings=settings, files=more)
    key = folder / "key.json"
    key.write_text(json.dumps(google.service_account(ROBOT)), encoding="utf-8")
    key.chmod(0o600)
    return folder


def _file(google: StandIn, name: str) -> str:
    file = google.file(name, shared={ROBOT: "writer"}, timeZone="Asia/Shanghai")
    google.tab(file, "complaints", [HEAD, *([f"{name}-{row}", "2026-09-28 09:30", None, f"{name}@example.com"] for row in range(5))])
    return file


def swept(found: Workers, config: Config, seconds: float) -> float:
    """The first slot of every spreadsheet; how long it took."""
    found.set("2026-09-29 07:30")
    found.start()
    found.until(lambda: known(config), seconds)
    found.set("2026-09-29 08:01")
    return found.until(lambda: settled(config, FIRST), seconds)


def filled(google: StandIn) -> Counter[str]:
    """What stands in the state of every row."""
    states: Counter[str] = Counter()
    for file in google.drive.files:
        states.update(str(row[5]) if len(row) > 5 else "" for row in google.values(file, "complaints")[1:])
    return states


def proof(count: int = 12, processes: int = 4, limit: int = 20) -> None:
    """One slot of every spreadsheet under one quota; prints the busiest minute."""
    with tempfile.TemporaryDirectory() as place, running() as server, StandIn(WallClock()) as google:
        google.quota.per_user = limit
        config = load(laid_out(Path(place) / "fleet", google, count, server.url, limit))
        with workers(config.root, processes) as found:
            took = swept(found, config, 3600)
            found.stop()
        refused = sum(call.status == 429 for call in google.calls)
        minutes = {sort: busiest(google.calls, sort) for sort in ("read", "write")}
        calls = Counter(call.counts_as for call in google.calls)
        print(f"{count} spreadsheets by {processes} workers in {took:.0f} s: {calls['read']} reads, {calls['write']} writes")
        print(f"busiest minute: {minutes['read']} reads, {minutes['write']} writes of {limit} each; {refused} calls refused for the quota")
        print(f"states: {dict(filled(google))}")


if __name__ == "__main__":
    proof(*map(int, sys.argv[1:]))
