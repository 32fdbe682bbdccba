"""`serve` and `status`: the parts of the service put together for a project folder, and taken apart at the end."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from automations.branchfile import branch_of
from automations.cadence import instant_of
from automations.checking import other_problems
from automations.config import Config, Reader, load
from automations.declarations import SettingsFile, place_of
from automations.engines.endpoint import Endpoint
from automations.engines.local import WATCH, LocalEngine
from automations.engines.oneatatime import OneAtATime
from automations.engines.protocol import Clock, Workers
from automations.engines.pulse import Pulse, last_pulse, pulse_file
from automations.engines.sanity import MachineClock
from automations.engines.workers import ThreadLanes
from automations.engines.worlds import Worlds
from automations.errors import ConfigProblems, OutsideFailed, Problem
from automations.executing import local
from automations.loglines import LogLines
from automations.model import Words
from automations.reloading import Reloader, accept, last_good, proved, refuse, stamp, texts_of
from automations.run import World
from automations.standing import Status, status_of
from automations.versions import IN_FORCE
from automations.wiring import ledger_at, ledger_of, world_from

ON_SERVER: Words = {
    "zh": "运行记录放在服务器上，由 worker 一起处理：请改用 runner.py worker",
    "en": "the ledger is on a server, where workers share the work: use runner.py worker",
}


class OnServer(OutsideFailed):
    """`serve` was asked for, and the ledger is one that several machines share."""


@dataclass(frozen=True)
class Beginning:
    """The configuration to begin under, and the faults of config/ where that is the last good one."""

    config: Config
    faults: tuple[Problem, ...] = ()
    seen: str = ""
    """The stamp of the files as they were read."""


def beginning(root: Path) -> Beginning:
    """The configuration of the folder, or while it has faults the last good one that the ledger keeps.

    Raises ConfigProblems when there is neither.
    """
    return _or_last_good(root, _sound)


def _or_last_good(root: Path, read: Callable[[Path], Config]) -> Beginning:
    seen = stamp(root)
    try:
        return Beginning(read(root), seen=seen)
    except ConfigProblems as faults:
        kept_in = _ledger_setting(root)
        with closing(ledger_at(root, kept_in, looking=True)) as ledger:
            kept = last_good(root, ledger, place_of(root, kept_in).parent / "config")
        if kept is None:
            raise
        return Beginning(kept, faults.problems, seen)


def _sound(root: Path) -> Config:
    """The configuration; its examples are proved only where it is not the one that was in force before."""
    config = load(root)
    with closing(ledger_of(config, looking=True)) as ledger:
        known = ledger.meta(IN_FORCE)
    return config if known == config.hash and not other_problems(config) else proved(config)


def _ledger_setting(root: Path) -> str:
    """Where the ledger is by settings that can be read as YAML, whatever else is wrong with them and with other files."""
    reader = Reader(root.resolve())
    document = reader.document(reader.root / "config" / "settings.yaml")
    said = document.data.get("ledger") if document and isinstance(document.data, dict) else None
    return said if isinstance(said, str) else SettingsFile(admin="", packs=[]).ledger


@dataclass(eq=False)
class Service:
    """A running service: the engine, its lock, and what it shows to the outside."""

    engine: LocalEngine
    lock: OneAtATime
    endpoint: Endpoint | None
    pulse: Pulse

    def run(self, stop: threading.Event) -> None:
        """Serve until told to stop."""
        try:
            self.engine.serve(stop)
        finally:
            self.close()

    def close(self) -> None:
        """Say that the service ended, and let go of the port and the lock."""
        self.pulse.stop(self.engine.clock.now())
        if self.endpoint:
            self.endpoint.close()
        self.lock.release()


def service(
    root: Path,
    clock: Clock,
    write: Callable[[str], None],
    *,
    as_json: bool = False,
    workers: Workers | None = None,
    build: Callable[[Config], World] = world_from,
    began: Beginning | None = None,
) -> Service:
    """Everything `serve` needs for a project folder; `began` is what `beginning` said of it, where that was asked before.

    Raises ConfigProblems when no configuration can be used, RunsAlready when another service has the ledger, PortTaken.
    """
    began = began or beginning(root)
    config, now = began.config, clock.now()
    ledger, since = config.ledger_place, f"{local(now, config):%Y-%m-%d %H:%M}"
    lock = OneAtATime(ledger, local(now, config), config.language)
    try:
        endpoint = Endpoint(config.settings.serve.port, clock.now) if config.settings.serve.port else None
    except BaseException:
        lock.release()
        raise
    say = LogLines(write, clock.now, ZoneInfo(config.calendar.settings.zone), as_json=as_json)
    worlds, reloader = Worlds(config, build), Reloader(config.root, say, began.seen)
    pulse = Pulse(pulse_file(ledger), since, endpoint)
    engine = LocalEngine(
        worlds,
        clock,
        workers or ThreadLanes(),
        say,
        f"serve {os.getpid()} {now:%Y-%m-%dT%H:%M:%S}",
        reload=lambda world: reloader(world, clock.now()),
        changed=reloader.changed,
        note=pulse,
    )
    _begin_under(began, worlds(WATCH), now, say)
    return Service(engine, lock, endpoint, pulse)


def _begin_under(began: Beginning, world: World, now: datetime, say: LogLines) -> None:
    """Note the version in force, or that an edit with faults is not."""
    if began.faults:
        refuse(world, began.faults, now, say)
    else:
        accept(began.config, texts_of(began.config.root), world.ledger, local(now, began.config))


def serve(root: Path, now: Callable[[], datetime], write: Callable[[str], None], *, as_json: bool = False) -> None:
    """Serve until the process is asked to stop (SIGTERM, Ctrl-C).

    Raises OnServer where the ledger is on a server: `serve` would take for dead what workers have in hand.
    """
    began = beginning(root)
    if began.config.on_server:
        raise OnServer(ON_SERVER[began.config.language])
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    service(root, MachineClock(now), write, as_json=as_json, began=began).run(stop)


def status(root: Path, now_of: Callable[[Config], datetime], branch: str = "") -> Status:
    """How every automation stands, from the ledger and the pulse; nothing is created, and nothing proved: whoever watches asks often.

    `now_of` gives the local moment.
    """
    config = branch_of(_or_last_good(root, load).config, branch)
    now = instant_of(now_of(config), ZoneInfo(config.calendar.settings.zone))
    with closing(ledger_of(config, looking=True)) as ledger:
        pulse = {"by": "workers"} if config.on_server else last_pulse(pulse_file(config.ledger_place))
        return status_of(config, ledger.timetable, pulse, now)
