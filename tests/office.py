"""An office whose service runs on a virtual clock: a small project, restarts, outages, a suspended machine, clocks that are set.

    office = Office(tmp_path, automations={"sweep": "every 5 minutes"}, start="2026-09-28 08:00")
    office.until("2026-09-28 09:00")
    assert office.slots("sweep") == [...]

Time goes from one moment that matters to the next: the next slot of any automation, or the next try of one that waits.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar
from zoneinfo import ZoneInfo

from automations.cadence import instant_of
from automations.channels.memory import MemoryChannel
from automations.config import Config
from automations.engines.workers import NoThreads
from automations.ledgers.slots import SlotRecord
from automations.ledgers.sqlite import SqliteLedger
from automations.model import Mail
from automations.run import World
from automations.serving import Service, service
from automations.wiring import world_from
from automations.workbooks.memory import MemoryWorkbook
from tests.project import project, table

TABLES = {
    "complaints": """
        complaint_no | 投诉编号 |
        received_at  | 受理时间 | datetime
        assigned_at  | 确定时间 | datetime
        assign_due   | 到期     | datetime ours
        assign_state | 状态     | ours
    """
}
POLICY = """
    dated_by: received_at
    parameters:
      within: { title: 确定受理, unit: working_days, values: { 2000-01-01: 1 } }
    rules:
      - id: assign
        kind: deadline
        starts: received_at
        within: $within
        done: assigned_at
        writes: { due: assign_due, state: assign_state }
"""
ROWS = """
    投诉编号 | 受理时间         | 确定时间 | 到期 | 状态
    TS-1     | 2026-01-05 07:30 |          |      |
"""
SHANGHAI = ZoneInfo("Asia/Shanghai")


class VirtualClock:
    """A clock that is moved by hand. `steady` cannot be set: it follows the time that really passes."""

    def __init__(self, at: datetime) -> None:
        self.at, self.seconds = at, 0.0

    def now(self) -> datetime:
        return self.at

    def steady(self) -> float:
        return self.seconds

    def go(self, to: datetime) -> None:
        """Let time pass."""
        self.seconds += (to - self.at).total_seconds()
        self.at = to

    def set(self, to: datetime) -> None:
        """Somebody sets the clock; no time passes."""
        self.at = to


def automation(name: str, runs: str, does: str = "sweep", **keys: str) -> str:
    """The YAML of an automation."""
    lines = [f"automation: {name}", f"title: {name}", f"runs: {runs}", f"does: {does}", *(f"{key}: {value}" for key, value in keys.items())]
    return "\n".join(lines) + "\n"


class Office:
    """A project on disk with a ledger in a file, a workbook and mail in memory, and a service that is started and stopped."""

    made: ClassVar[list[Office]] = []
    """Every office of the tests, so that a fixture can close those that are left open."""

    def __init__(self, folder: Path, start: str, automations: Mapping[str, str], *, rows: str = ROWS, settings: str = "") -> None:
        self.folder, self.lines = folder, list[str]()
        files = {f"config/automations/{name}.yaml": text for name, text in automations.items()}
        head = "language: zh\ncalendar: cn\nadmin: admin@example.com\npacks: [care]\n"
        project(folder, tables=TABLES, policy=POLICY, settings=head + settings, files=files)
        drawn = table(rows)
        self.book = MemoryWorkbook("台账", {"complaints": [list(drawn.headers), *([cell or None for cell in row] for row in drawn.rows)]})
        self.channel = MemoryChannel()
        self.clock = VirtualClock(self.moment(start))
        self.service: Service | None = None
        Office.made.append(self)
        self.on()

    @property
    def world(self) -> World:
        """The world of the service's ticker: its ledger is the one of all lanes."""
        assert self.service
        return self.service.engine.worlds("watch")

    def moment(self, text: str) -> datetime:
        """A moment of the office's wall clock."""
        return instant_of(datetime.fromisoformat(text), SHANGHAI)

    def _build(self, config: Config) -> World:
        world = world_from(config)
        object.__setattr__(world, "workbook", self.book)
        object.__setattr__(world, "channel", self.channel)
        return world

    def _hears(self, line: str) -> None:
        """A line of the service; like every other log of the tests it is looked through for secrets and addresses."""
        self.lines.append(line)
        logging.getLogger("automations.serving").info("%s", line)

    # What happens to the machine

    def on(self) -> None:
        """The machine is switched on: the service starts."""
        self.service = service(self.folder, self.clock, self._hears, workers=NoThreads(), build=self._build)
        self.service.engine.start()
        self.service.engine.tick()

    def off(self) -> None:
        """The service is stopped in good order."""
        assert self.service
        self.service.engine.stop()
        self.service.close()
        self.service = None

    def crash(self) -> None:
        """The process is killed: nothing is said, the lock goes with it."""
        assert self.service
        self.service.lock.release()
        self.service = None

    def until(self, text: str) -> None:
        """Time passes with the service running: it ticks whenever something may be due."""
        assert self.service
        end, engine = self.moment(text), self.service.engine
        engine.tick()
        while self.clock.now() < end:
            self.clock.go(min(end, *self._next_moments()))
            engine.tick()

    def _next_moments(self) -> Sequence[datetime]:
        assert self.service
        engine, now = self.service.engine, self.clock.now()
        waiting = [slot.not_before for slot in self.records(["due"]) if slot.not_before and slot.not_before > now]
        return [*(at for at in engine._next.values() if at > now), *waiting, now + timedelta(days=1)]

    def asleep_until(self, text: str) -> None:
        """The machine is suspended, or off: time passes and nobody looks."""
        self.clock.go(self.moment(text))

    # What one can see

    def records(self, states: Sequence[str] = (), name: str | None = None, limit: int = 1_000_000) -> list[SlotRecord]:
        """The slots in the ledger, newest first."""
        if self.service:
            return self.service.engine.worlds("watch").ledger.timetable.slots(states, name, limit)  # type: ignore[arg-type]
        ledger = SqliteLedger(self.folder / "state" / "ledger.sqlite")
        try:
            return ledger.timetable.slots(states, name, limit)  # type: ignore[arg-type]
        finally:
            ledger.close()

    def slots(self, name: str, *states: str) -> list[str]:
        """The slots of an automation, oldest first: `09-28 08:05 done`."""
        found = reversed(self.records(states, name))
        return [f"{slot.due.astimezone(SHANGHAI):%m-%d %H:%M} {slot.state}" for slot in found]

    @property
    def sent(self) -> list[Mail]:
        """The mails that left."""
        return self.channel.sent

    def subjects(self) -> list[str]:
        """To whom mails left, about what."""
        return [f"{mail.to}: {mail.subject}" for mail in self.sent]

    def said(self, event: str) -> list[str]:
        """The log lines of an event, without their moments."""
        return [line.partition(" ")[2] for line in self.lines if f" {event}" in line]

    def pulse(self) -> dict[str, object]:
        """What the service noted of itself."""
        found: dict[str, object] = json.loads((self.folder / "state" / "alive.json").read_text(encoding="utf-8"))
        return found

    def write(self, file: str, text: str) -> None:
        """Somebody edits a file of the configuration."""
        (self.folder / file).write_text(text, encoding="utf-8")


def utc(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
