"""The demo itself: writes the workbook, lives through the month run by run, and tells what was found."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from automations.demo.book import Office
from automations.demo.cabinet import one_of_each, put_pdfs
from automations.demo.desk import Desk
from automations.demo.outcry import cry
from automations.demo.planting import correct, neglect, plant, tinker
from automations.demo.sidetabs import EVERYTHING, furnish_tabs
from automations.demo.story import Plant
from automations.demo.town import END, FULL, START, YEAR_AGO, Size, Town
from automations.digests import send_digests
from automations.errors import WorkbookUnwritable
from automations.formsdue import make_due
from automations.planning import Plan, said
from automations.run import Run, World, run_once
from automations.setup import board_of
from automations.wiring import world_of
from automations.workbooks.saving import refuse_if_open

MARK = ".rowkeeper-demo"
"""A file that says a folder is the demo's own, so that a second demo may replace it."""

CLOCKS = (time(16, 0),)
"""When the program runs on a working day."""

DAY_OFF = datetime(2026, 9, 26, 10, 0)
"""The one run on a day off."""

DIGEST_DAYS = 5
"""The last days of the month, on which digests go out too, and forms are made: a week of them is enough to look at."""

Says = Callable[[str], None]
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Seen:
    """What one run did, in numbers."""

    now: datetime
    fingerprint: str
    typed: int
    cells: int
    refused: int
    mails: int
    findings: int
    digests: int = 0


@dataclass(frozen=True, eq=False)
class DemoResult:
    """What the demo left behind and what was found in it."""

    folder: Path
    workbook: Path
    runs: tuple[Seen, ...]
    again: Seen
    last: Plan
    mails: Counter[str]
    found: tuple[Plant, ...]
    missed: tuple[Plant, ...]
    world: World

    def data(self) -> dict[str, Any]:
        """The result as plain data for JSON."""
        return {
            "workbook": str(self.workbook),
            "runs": len(self.runs),
            "mails": dict(self.mails),
            "planted": {"found": len(self.found), "missed": [f"{each.table} {each.key} {each.rule}" for each in self.missed]},
        }


@dataclass
class Watcher:
    """Keeps the signs the plans gave, for telling which planted faults were found."""

    signs: set[tuple[str, ...]] = field(default_factory=set)
    mails: Counter[str] = field(default_factory=Counter)

    def watch(self, plan: Plan) -> None:
        """Take in one plan."""
        self.signs |= {("finding", each.table, each.key, each.rule) for each in plan.findings}
        self.signs |= {("notice", each.table, each.key, each.rule) for each in plan.notices if each.state != "overtaken"}
        self.signs |= {("value", each.table, each.key, each.rule, said(each.new) or "") for each in plan.changes}
        self.signs |= {("override", each.table, each.key) for each in plan.overrides}
        self.signs |= {("number", each.table, each.key) for each in plan.new_keys}
        self.mails.update(each.template for each in plan.notices if each.state == "planned")

    def saw(self, plant: Plant) -> bool:
        """Whether any plan showed a planted fault."""
        by_row: tuple[str, ...] = (plant.sign, plant.table, plant.key)
        by_rule = () if plant.sign in ("override", "number") else (plant.rule,)
        return (*by_row, *by_rule, *((plant.value,) if plant.sign == "value" else ())) in self.signs


def run_demo(
    root: Path,
    folder: Path,
    say: Says,
    *,
    seed: int = 20260914,
    days: int | None = None,
    size: Size = FULL,
    clocks: Sequence[time] = CLOCKS,
    progress: Progress | None = None,
    pdfs: bool = False,
) -> DemoResult:
    """Write the demo's workbook into `folder`, run a month (or the first `days` working days) over it, and say what to look at.

    `pdfs` puts one beside every form, where LibreOffice is.

    Raises ConfigProblems when the project's configuration has faults, WorkbookBusy or WorkbookUnwritable when the folder cannot be used.
    """
    from automations.demo.telling import summary

    world = world_in(root, folder)
    town = told_story(world, seed, size)
    config = world.config
    desk = Desk(workbook_in(folder), town.story, config.tables, config.language, board_of(config))
    desk.begin(town.start)
    moments = moments_of(town.office, days, clocks)
    watcher = Watcher()
    seen, last = live_through(world, desk, moments, watcher, progress)
    again = run_once(world, moments[-1])
    one_of_each(world, moments[-1], folder / "forms")
    if pdfs:
        put_pdfs(folder / "forms")
    found = tuple(plant for plant in EVERYTHING if watcher.saw(plant))
    missed = tuple(plant for plant in EVERYTHING if plant not in found)
    result = DemoResult(folder, desk.path, tuple(seen), seen_of(again, moments[-1], 0), last.plan, watcher.mails, found, missed, world)
    for line in summary(result):
        say(line)
    return result


def workbook_in(folder: Path) -> Path:
    return folder / "团队台账.xlsx"


def world_in(root: Path, folder: Path) -> World:
    """The project's own configuration over an empty demo folder."""
    make_room(folder)
    return world_of(root, workbook=workbook_in(folder), outbox=folder / "outbox", ledger=folder / "state" / "ledger.sqlite")


def make_room(folder: Path) -> None:
    """Clear away an earlier demo; anything else in the folder stays, and a workbook that is not a demo's stops us."""
    workbook = workbook_in(folder)
    ours = (folder / MARK).exists()
    if not ours and any(path.exists() for path in (workbook, folder / "outbox", folder / "state")):
        raise WorkbookUnwritable(f"{folder}: holds files that no demo wrote; name another folder. Nothing was changed.")
    refuse_if_open(workbook)
    workbook.unlink(missing_ok=True)
    for name in ("outbox", "state", "forms", "papers", ".rowkeeper"):
        shutil.rmtree(folder / name, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).write_text("This folder is written by the demo and replaced by the next one.\n", encoding="utf-8")


def told_story(world: World, seed: int, size: Size) -> Town:
    """Everything people will type: first what goes wrong, then the ordinary rows around it."""
    office = Office(world.config.calendar, YEAR_AGO - timedelta(days=60), END + timedelta(days=30))
    town = Town.founded(office, seed, size)
    for planted in EVERYTHING:
        if planted.table in ("orders", "complaints"):
            town.trade.take(planted.key)
    plant(town)
    furnish_tabs(town)
    town.live()
    town.scribble()
    cry(town)
    for afterwards in (neglect, correct, tinker):
        afterwards(town)
    town.number_off()
    return town


def moments_of(office: Office, days: int | None, clocks: Sequence[time]) -> list[datetime]:
    """When the program runs: every working day at these clock times, and once on a day off."""
    chosen: Sequence[date] = office.between(START, END)[:days]
    moments = [datetime.combine(day, clock) for day in chosen for clock in clocks]
    return sorted([*moments, *([DAY_OFF] if moments[-1] > DAY_OFF else [])])


def live_through(
    world: World, desk: Desk, moments: Sequence[datetime], watcher: Watcher, progress: Progress | None
) -> tuple[list[Seen], Run]:
    """People type, the program runs, over and over."""
    seen: list[Seen] = []
    with_digests = sorted({moment.date() for moment in moments})[-DIGEST_DAYS:]
    papers = next(moment for moment in moments if moment.date() == with_digests[0])
    for place, now in enumerate(moments):
        if progress:
            progress(place, len(moments), f"{now:%m-%d %H:%M}")
        typed = desk.work(now)
        run = run_once(world, now)
        watcher.watch(run.plan)
        sent = send_digests(world, now).posted.sent if now.date() in with_digests else 0
        seen.append(replace(seen_of(run, now, typed), digests=sent))
        if now in (papers, moments[-1]):
            make_due(world, now, desk.path.parent / "forms")
    if progress:
        progress(len(moments), len(moments), "")
    return seen, run


def seen_of(run: Run, now: datetime, typed: int) -> Seen:
    """The numbers of one run."""
    written, plan = run.receipt.written, run.plan
    return Seen(now, plan.fingerprint, typed, len(written.written), len(written.refused), run.receipt.mails_sent, len(plan.findings))
