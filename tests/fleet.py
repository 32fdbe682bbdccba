"""A fleet of small workbooks: a project with a branch for each, workers as processes of their own, a clock in a file.

python -m tests.fleet            300 workbooks, 4 workers, kill -9 of random workers, a restart of the database; prints what came of it
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import openpyxl
import psycopg

from automations.branchfile import branch_of
from automations.config import Config, load
from automations.ledgers.protocol import MailRecord
from automations.ledgers.slots import SlotRecord
from automations.wiring import ledger_of, schema_of
from tests.postgres import Server, running
from tests.project import project
from tests.scene import xlsx

ROOT = Path(__file__).resolve().parent.parent
ZONE = ZoneInfo("Asia/Shanghai")
TABLES = {
    "complaints": """
        complaint_no | 投诉编号 |
        received_at  | 受理时间 | datetime
        assigned_at  | 确定时间 | datetime
        handler      | 负责人   | email
        assign_due   | 到期     | datetime ours
        assign_state | 状态     | ours

        owner: handler
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
    notices:
      - on: assign
        ladder:
          - { at: due, to: owner, template: deadline-late }
"""
SWEEP = "automation: sweep\ntitle: 核对\nruns: every 6 hours between 08:00 and 20:00\ndoes: sweep\ncatch_up: all\n"
SETTINGS = """
    language: zh
    calendar: cn
    admin: admin@example.com
    packs: [care]
    quiet_hours: false
    ledger: {ledger}
"""
ROWS = 6
"""Rows of each workbook; half of them fall due on the second day."""


def laid_out(folder: Path, count: int, ledger: str) -> Path:
    """A project with this many branches, each with its own workbook and outbox."""
    names = [f"b{number:03}" for number in range(count)]
    lines = [f"  {name}: {{ path: books/{name}.xlsx, outbox: outbox/{name} }}" for name in names]
    files = {"config/automations/sweep.yaml": SWEEP, "config/branches/all.yaml": "branches:\n" + "\n".join(lines) + "\n"}
    project(folder, tables=TABLES, policy=POLICY, settings=SETTINGS.format(ledger=ledger), files=files)
    (folder / "books").mkdir()
    for name in names:
        book(folder / "books" / f"{name}.xlsx", name)
    return folder


def book(path: Path, name: str) -> None:
    """A workbook whose rows came in on two days in turn."""
    came = [datetime(2026, 9, 28 + number % 2, 9, 30) for number in range(ROWS)]
    rows = [[f"{name}-{number}", at, None, f"{name}@example.com", None, None] for number, at in enumerate(came)]
    xlsx(path, {"complaints": [["投诉编号", "受理时间", "确定时间", "负责人", "到期", "状态"], *rows]})


@dataclass
class Worker:
    """A process that works, and the lines it wrote."""

    process: subprocess.Popen[str]
    log: Path


@dataclass
class Workers:
    """Worker processes over a project, replaced when they are killed, as a supervisor would."""

    root: Path
    count: int
    clock: Path = field(init=False)
    all: list[Worker] = field(default_factory=list)
    now: list[Worker] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = self.root / "clock"

    def set(self, moment: str) -> None:
        """The clock of all workers."""
        new = self.clock.with_suffix(".new")
        new.write_text(datetime.fromisoformat(moment).replace(tzinfo=ZONE).isoformat())
        new.replace(self.clock)

    def start(self) -> None:
        for _ in range(self.count - len(self.now)):
            log = self.root / f"worker-{len(self.all)}.log"
            with log.open("w") as said:
                process = subprocess.Popen(
                    [sys.executable, "-m", "tests.fleet", "work", str(self.root)], cwd=ROOT, stderr=said, stdout=said, text=True
                )
            worker = Worker(process, log)
            self.all.append(worker)
            self.now.append(worker)

    def kill(self, at: int) -> None:
        """`kill -9`, and another in its place."""
        worker = self.now.pop(at)
        worker.process.send_signal(signal.SIGKILL)
        worker.process.wait()
        self.start()

    def stop(self) -> None:
        for worker in self.now:
            worker.process.send_signal(signal.SIGTERM)
        for worker in self.now:
            worker.process.wait(timeout=600)  # a run under way is let end, also one that waits for its quota
        self.now.clear()

    def until(self, done: Callable[[], bool], seconds: float, meanwhile: Callable[[], None] = lambda: None) -> float:
        """Wait until something is so; how long it took. Fails after so many seconds."""
        began = time.monotonic()
        while not done():
            if time.monotonic() - began > seconds:
                raise AssertionError(f"not done after {seconds} s\n" + "\n".join(worker.log.read_text()[-2000:] for worker in self.now))
            meanwhile()
            time.sleep(0.5)
        return time.monotonic() - began

    def lines(self) -> Iterator[tuple[float, int, list[str]]]:
        """What the workers said: when (a clock all processes share), which of them, the words."""
        for number, worker in enumerate(self.all):
            for line in worker.log.read_text(errors="replace").splitlines():
                at, _, said = line.partition("|")
                if said:
                    yield float(at), number, said.split()


@contextmanager
def workers(root: Path, count: int) -> Iterator[Workers]:
    """Workers over a project; all gone afterwards."""
    found = Workers(root, count)
    try:
        yield found
    finally:
        for worker in found.all:
            if worker.process.poll() is None:
                worker.process.kill()
                worker.process.wait()


def slots(config: Config) -> dict[str, list[SlotRecord]]:
    """The slots of every branch, oldest first."""
    found = {}
    for branch in config.branches:
        with closing(ledger_of(branch_of(config, branch), looking=True)) as ledger:
            found[branch] = ledger.timetable.slots(limit=10_000)[::-1]
    return found


def settled(config: Config, due: Sequence[str]) -> bool:
    """Whether each of these slots is done in every branch: one question to the server, which may be away."""
    wanted = [datetime.fromisoformat(each).replace(tzinfo=ZONE).astimezone(ZoneInfo("UTC")).isoformat() for each in due]
    count = "SELECT count(*) AS found FROM {}.slot WHERE state = 'done' AND due = ANY(%(wanted)s)"
    return _asked(config, count, {"wanted": wanted}) == len(due) * len(config.branches)


def known(config: Config) -> bool:
    """Whether every branch was looked at."""
    return _asked(config, "SELECT count(*) AS found FROM {}.meta WHERE name LIKE %(name)s", {"name": "cadences %"}) == len(config.branches)


def _asked(config: Config, count: str, values: dict[str, object]) -> int:
    """A count summed over the schemas of all branches; 0 while one of them, or the server, is not there."""
    each = " UNION ALL ".join(count.format(schema_of(branch)) for branch in config.branches)
    try:
        with psycopg.connect(config.settings.ledger) as line:
            return int(line.execute(f"SELECT sum(found) FROM ({each}) AS counts", values).fetchall()[0][0])  # type: ignore[arg-type]
    except (psycopg.OperationalError, psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return 0


def mails(config: Config) -> dict[str, list[MailRecord]]:
    """Every mail of every branch."""
    found = {}
    for branch in config.branches:
        with closing(ledger_of(branch_of(config, branch), looking=True)) as ledger:
            found[branch] = ledger.outbox(limit=10_000)
    return found


def letters(root: Path) -> Counter[str]:
    """How many letters of each branch lie in its outbox, counted as files."""
    return Counter({folder.name: len(list(folder.rglob("*.eml"))) for folder in sorted((root / "outbox").iterdir())})


def overlaps(found: Workers) -> list[str]:
    """Workbooks that two workers wrote at once: who begins before the other is done or dead."""
    spans: dict[str, list[tuple[float, float]]] = defaultdict(list)
    ends = {number: max((at for at, by, _ in found.lines() if by == number), default=0.0) for number in range(len(found.all))}
    begun: dict[tuple[str, int], float] = {}
    for at, number, words in sorted(found.lines()):
        branch = next((word.removeprefix("branch=") for word in words if word.startswith("branch=")), "")
        if "begins" in words:
            begun[branch, number] = at
        elif ("done" in words or "failed" in words) and (branch, number) in begun:
            spans[branch].append((begun.pop((branch, number)), at))
    for (branch, number), at in begun.items():
        spans[branch].append((at, ends[number]))
    return [branch for branch, each in spans.items() if any(b[0] < a[1] for a, b in zip(sorted(each), sorted(each)[1:], strict=False))]


def work(root: Path) -> None:
    """One worker process: the real parts, a clock from the file, a quick rhythm."""
    from automations.engines.procrastinate import Rhythm
    from automations.serving import beginning
    from automations.working import work as really

    def now() -> datetime:
        return datetime.fromisoformat((root / "clock").read_text()).astimezone(ZoneInfo("UTC"))

    def write(line: str) -> None:
        os.write(2, f"{time.monotonic()}|{line}\n".encode())

    really(beginning(root), now, write, ("tables", "mail", "keeping"), rhythm=Rhythm(look=1, heartbeat=1.0, gone=5.0))


FIRST, LATER = ["2026-09-29 08:00"], [f"2026-09-29 {hour}:00" for hour in (14, 20)]


def first_sweep(found: Workers, config: Config, seconds: float) -> float:
    """The workers see the fleet for the first time, then the first slot comes: old matters are noted, nobody is mailed."""
    found.set("2026-09-29 07:30")
    found.start()
    found.until(lambda: known(config), seconds)
    found.set("2026-09-29 08:01")
    return found.until(lambda: settled(config, FIRST), seconds)


def came_of_it(found: Workers, config: Config) -> list[str]:
    """Everything that is not as it should be, after the first and the later slots of the day."""
    faults = [f"{branch} had two workers at once" for branch in overlaps(found)]
    wanted = sorted(datetime.fromisoformat(each).replace(tzinfo=ZONE) for each in FIRST + LATER)
    for branch, each in slots(config).items():
        if [slot.due for slot in each] != wanted or {slot.state for slot in each} != {"done"}:
            faults.append(f"{branch}: {[(slot.due.isoformat(), slot.state) for slot in each]}")
    sent = {branch: [(mail.state, len(mail.mail.identities)) for mail in each] for branch, each in mails(config).items()}
    faults += [f"{branch}: mails {each}" for branch, each in sent.items() if each != [("sent", ROWS // 2)]]
    faults += [f"{branch}: {count} letters" for branch, count in letters(config.root).items() if count != 1]
    return faults + [f"{branch}: {cells}" for branch in config.branches if (cells := wrong_cells(config, branch))]


def wrong_cells(config: Config, branch: str) -> list[str]:
    """Cells of a workbook that are not what the rule says."""
    sheet = openpyxl.load_workbook(config.root / "books" / f"{branch}.xlsx").worksheets[0]
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    wanted = [(datetime(2026, 9, 29 + number % 2, 18), ("逾期", "进行中")[number % 2]) for number in range(ROWS)]
    return [f"{row}" for row, (due, state) in zip(rows, wanted, strict=True) if row[4] != due or state not in str(row[5])]


def proof(count: int = 300, processes: int = 4, kills: int = 12, seed: int = 1) -> None:
    """The whole fleet with faults; prints what came of it."""
    random = Random(seed)
    with tempfile.TemporaryDirectory() as place, running() as server:
        config = load(laid_out(Path(place) / "fleet", count, server.url))
        with workers(config.root, processes) as found:
            took = first_sweep(found, config, 1800)
            print(f"first sweep of {count} workbooks, schemas made before: {took:.1f} s", flush=True)
            took, killed = faulty_day(found, config, server, random, kills)
            found.stop()
            runs = count * len(LATER)
            print(f"{runs} later slots in {took:.1f} s, {runs / took:.1f} a second; {killed} workers and once the database killed")
            faults = came_of_it(found, config)
            print("\n".join(faults) or "every slot done once, one worker at a time in each workbook, every cell right, every mail once")


def faulty_day(found: Workers, config: Config, server: Server, random: Random, kills: int) -> tuple[float, int]:
    """The rest of the day comes at once; now and then a worker is killed, and once the database stops in the middle.

    The clock goes on, so that what a dead worker held up is tried again.
    """
    killed, clock = 0, datetime.fromisoformat("2026-09-29 20:05")

    def meanwhile() -> None:
        nonlocal killed, clock
        clock = min(clock + timedelta(seconds=2), datetime.fromisoformat("2026-09-29 23:30"))
        found.set(clock.isoformat())
        if killed < kills and random.random() < 0.3:
            found.kill(random.randrange(len(found.now)))
            killed += 1
            if killed == kills // 2:
                server.stop("immediate")
                server.start()

    found.set(clock.isoformat())
    return found.until(lambda: settled(config, LATER), 3600, meanwhile), killed


if __name__ == "__main__":
    if sys.argv[1:2] == ["work"]:
        work(Path(sys.argv[2]))
    else:
        proof(*map(int, sys.argv[1:]))
