"""`worker` and `fleet`: the parts of a worker put together for a project folder, and how all workbooks stand."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from automations.branchfile import branch_of
from automations.config import Config
from automations.edits import Edits
from automations.engines.procrastinate import SCHEMA as QUEUE
from automations.engines.procrastinate import ProcrastinateEngine, Rhythm
from automations.errors import OutsideFailed
from automations.fleet import Fleet
from automations.judging import Judge
from automations.ledgers.connections import Connections
from automations.ledgers.postgres import PostgresLedger
from automations.ledgers.server import Line, connect, in_words
from automations.loglines import LogLines
from automations.model import Words
from automations.reloading import Reloader
from automations.rendering import Renderer
from automations.run import World
from automations.serving import Beginning
from automations.standing import Status, status_of
from automations.wiring import judge_of, ledger_of, renderer_of, world_with

NO_SERVER: Words = {
    "zh": "worker 需要放在服务器上的运行记录：在 config/settings.yaml 写 ledger: postgresql://用户@主机/数据库；只用一台机器时用 serve",
    "en": "workers need a ledger on a server: `ledger: postgresql://USER@HOST/DATABASE` in config/settings.yaml; one machine uses serve",
}
WORDS: Mapping[str, Words] = {
    "workers": {
        "zh": "{alive} 个 worker 在工作，{waiting} 项排队，{doing} 项进行中",
        "en": "{alive} workers, {waiting} queued, {doing} in hand",
    },
    "whole": {"zh": "（唯一的工作簿）", "en": "(the only workbook)"},
    "good": {"zh": "正常", "en": "good"},
    "late": {"zh": "晚了 {minutes} 分钟", "en": "{minutes} minutes late"},
    "trouble": {"zh": "有问题：{names}", "en": "troubled: {names}"},
    "never": {"zh": "还没有运行过", "en": "never ran"},
}
LATE = 10
"""Minutes a slot may wait before a workbook is said to be late."""


class NoServer(OutsideFailed):
    """A worker was asked for, and the ledger is a file."""


class Built:
    """Worlds of one configuration: they share the judge and the templates, since a worker judges one workbook at a time."""

    def __init__(self) -> None:
        self._kept: tuple[object, Judge, Renderer] | None = None

    def __call__(self, config: Config, ledger: PostgresLedger) -> World:
        if self._kept is None or self._kept[0] is not config.program:
            self._kept = (config.program, judge_of(config), renderer_of(config))
        _, judge, renderer = self._kept
        return world_with(config, ledger, judge, renderer)


def work(
    began: Beginning,
    now: Callable[[], datetime],
    write: Callable[[str], None],
    lanes: Collection[str],
    *,
    as_json: bool = False,
    rhythm: Rhythm | None = None,
) -> None:
    """Work until the process is asked to stop (SIGTERM, Ctrl-C).

    Raises NoServer, and LedgerFailed where the server cannot be reached at the start.
    """
    config = began.config
    refuse_a_file(config)
    say = LogLines(write, now, ZoneInfo(config.calendar.settings.zone), as_json=as_json)
    connections, built = Connections(config.settings.ledger), Built()
    fleet = Fleet(config, connections, now, say, built)
    edits = Edits(fleet, Reloader(config.root, say, began.seen), connections, built, platform.node())
    with closing(fleet):
        edits.begin(began)
        say("working", worker=f"{platform.node()} {os.getpid()}", workbooks=len(fleet.branches), configuration=config.hash[:8])
        ProcrastinateEngine(fleet, config.settings.ledger, lanes, rhythm, edits.look).serve()
    say("stopped")


def refuse_a_file(config: Config) -> None:
    """Raises NoServer where the ledger is a file."""
    if not config.on_server:
        raise NoServer(NO_SERVER[config.language])


# How all stand


@dataclass(frozen=True)
class Standings:
    """Every workbook as it stands, and the workers."""

    branches: Mapping[str, Status]
    late: Mapping[str, int]
    alive: int
    waiting: int
    doing: int
    language: str

    @property
    def healthy(self) -> bool:
        """Whether somebody works, nothing is late and nobody was told of a trouble."""
        return self.alive > 0 and not self.late and all(status.healthy for status in self.branches.values())

    def data(self) -> dict[str, Any]:
        """`{workers, queued, in_hand, branches: {name: {late_minutes, troubles, automations}}}`."""
        found = {name: {"late_minutes": self.late.get(name, 0), **status.data()} for name, status in self.branches.items()}
        return {"workers": self.alive, "queued": self.waiting, "in_hand": self.doing, "branches": found}

    def text(self) -> str:
        """A line about the workers, and one for each workbook; those that need somebody first."""
        head = self._say("workers", alive=self.alive, waiting=self.waiting, doing=self.doing)
        order = sorted(self.branches, key=lambda name: (name not in self.late and not self.branches[name].troubles, name))
        return "\n".join([head, *(f"{name or self._say('whole'):<24} {self._standing(name)}" for name in order)])

    def _standing(self, name: str) -> str:
        status = self.branches[name]
        wrong = [self._say("late", minutes=self.late[name])] if name in self.late else []
        wrong += [self._say("trouble", names=", ".join(each.name for each in status.troubles))] if status.troubles else []
        if wrong:
            return "，".join(wrong) if self.language == "zh" else ", ".join(wrong)
        return self._say("good" if any(each.last_good for each in status.automations) else "never")

    def _say(self, word: str, **facts: object) -> str:
        return WORDS[word][self.language].format(**facts)


def standings(config: Config, now: datetime) -> Standings:
    """How every workbook and the workers stand at this moment (UTC); nothing is made. Raises NoServer, LedgerFailed."""
    refuse_a_file(config)
    found: dict[str, Status] = {}
    late: dict[str, int] = {}
    for branch in config.branches or ("",):
        one = branch_of(config, branch)
        with closing(ledger_of(one, looking=True)) as ledger:
            found[branch] = status_of(one, ledger.timetable, {}, now)
            waiting = [slot.due for slot in ledger.timetable.slots(["due"])]
        minutes = int((now - min(waiting)).total_seconds() // 60) if waiting else 0
        if minutes >= LATE:
            late[branch] = minutes
    with closing(connect(config.settings.ledger)) as line:
        alive, queued, doing = _workers(line)
    return Standings(found, late, alive, queued, doing, config.language)


def alive(config: Config) -> int:
    """How many workers are at work on the server of the settings. Raises LedgerFailed."""
    with in_words(config.settings.ledger, QUEUE), closing(connect(config.settings.ledger)) as line:
        return _workers(line)[0]


def _workers(line: Line) -> tuple[int, int, int]:
    """How many workers are alive, how many slots are queued, how many are in hand."""
    if line.execute("SELECT to_regclass(%s) IS NULL", (f"{QUEUE}.procrastinate_jobs",)).fetchall()[0][0]:
        return 0, 0, 0
    line.execute(f"SET search_path = {QUEUE}")
    workers = "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '40 seconds'"
    jobs = "SELECT count(*) FILTER (WHERE status = 'todo'), count(*) FILTER (WHERE status = 'doing') FROM procrastinate_jobs"
    ((alive,),) = line.execute(workers).fetchall()
    ((waiting, doing),) = line.execute(f"{jobs} WHERE task_name = 'run'").fetchall()
    return -(-alive // 2), waiting, doing  # each worker looks and executes: it is known there twice
