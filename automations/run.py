"""One run, top to bottom: read, judge, plan, refuse if unsafe, apply, record."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from automations.addressing import Told
from automations.applying import Receipt, apply, note_refused
from automations.automationfile import Automation
from automations.channels.mailbox import Mailbox
from automations.channels.protocol import Channel
from automations.config import Config
from automations.errors import PlanRefused
from automations.generation import Marks, count, older, uncounted
from automations.judging import Judge, Judged, Memory
from automations.ledgers.protocol import Ledger
from automations.limiting import SWEEP, sweeps, taken_up, told_of, told_within, waiting_within, within
from automations.model import NewKey, Snapshot, Words
from automations.notices import Renders, plan_notices
from automations.numbering import numbered
from automations.planning import Plan, make_plan
from automations.reading import LastRead, read_snapshot
from automations.recovering import astray, settle_doubts
from automations.remembering import remembered, waiting_mails
from automations.speaking import findings_of
from automations.suppression import withhold
from automations.switchedoff import matters_of, switched_off
from automations.toldbefore import told_before
from automations.visiting import take_up
from automations.workbooks.protocol import Workbook

Reading = tuple[Snapshot, list[NewKey]]


@dataclass(frozen=True, eq=False)
class World:
    """The parts a run works with, wired from the settings."""

    config: Config
    workbook: Workbook
    ledger: Ledger
    channel: Channel
    renderer: Renders
    judge: Judge
    mailbox: Mailbox | None = None
    last_read: LastRead = field(default_factory=LastRead)
    posts: bool = True  # otherwise mails wait in the ledger for whoever sends them
    marks: Marks = field(default_factory=Marks)
    papers: Path | None = None  # where papers for meetings are kept; nowhere, unless something is kept at all


@dataclass(frozen=True, eq=False)
class Run:
    """What one run planned and did."""

    plan: Plan
    receipt: Receipt
    heard: Sequence[Words] = ()


def run_once(world: World, now: datetime, *, force: bool = False, word: str = "", automation: Automation | None = None) -> Run:
    """One sweep of the workbook (as far as the automation reaches), and what was done; `word` is that of the person who forces a brake.

    Raises PlanRefused when a brake trips (unless forced), OutsideFailed when the world refuses.
    """
    reading = read(world, now)
    settle_doubts(*reading, world.ledger)
    settings = world.config.settings
    heard = take_up(world.ledger, world.channel, world.mailbox, now, settings.admin, settings.language) if world.posts else ()
    withhold(world.ledger, now, settings.admin)
    plan, snapshot = plan_once(world, now, reading, force=force, automation=automation)
    if not force:
        _refuse_if_unsafe(plan, world)
    if uncounted(world.ledger) or not plan.empty or world.ledger.pending_ids(now):
        count(world.marks, world.ledger, world.workbook.name, now)
    forced, admin = word if force and (plan.brakes or plan.sorted.tripped) else "", settings.admin
    return Run(plan, apply(plan, snapshot, world.workbook, world.ledger, world.channel, admin, forced, posts=world.posts), heard)


def _refuse_if_unsafe(plan: Plan, world: World) -> None:
    try:
        plan.refuse_if_unsafe(world.config.language)
    except PlanRefused as stopped:
        note_refused(plan, world.ledger, str(stopped), world.channel, world.config.settings.admin, posts=world.posts)
        raise


def plan_once(
    world: World, now: datetime, reading: Reading | None = None, *, force: bool = False, automation: Automation | None = None
) -> tuple[Plan, Snapshot]:
    """Judge what was just read (or read it), and plan, as far as the automation reaches; nothing is written. Forced, no mail is held."""
    snapshot, new_keys = reading or read(world, now)
    limits, name = (automation.limits, automation.name) if automation else (None, SWEEP)
    judged = judge(world, snapshot, now)
    findings = findings_of(judged)
    off = switched_off(world.ledger, world.config, snapshot.workbook)
    old = older(world.marks, world.ledger, world.workbook.name)
    waiting = waiting_mails(world.ledger, snapshot.workbook, name, now, old.words if old else None, force=force)
    waiting = waiting_within(replace(waiting, off=off), limits)
    known = told_within(told(world, now, matters_of(off)), waiting.beyond)
    reached = told_of(world.config, limits)
    noticed = plan_notices(judged, reached, findings, known, world.renderer, now, waiting.sent, world.config)
    lost = astray(world.workbook, world.ledger)
    before = replace(remembered(world.ledger, snapshot.workbook, partial(sweeps, world.config), waiting), astray=lost)
    plan = make_plan(judged, world.config, before, [*findings, *noticed.findings], noticed.new, noticed.spoken, new_keys, now, name)
    known_after = taken_up(known, world.config, limits)
    plan = replace(plan, deferred=tuple(noticed.deferred), resting=tuple(noticed.resting), policies=known_after)
    return within(plan, limits, world.config), snapshot


def read(world: World, now: datetime) -> Reading:
    """The typed tables of the workbook, blank keys numbered; the last reading if the file is still the same."""
    stamp, last = (world.workbook.fingerprint(), now.date()), world.last_read
    if last.found is None or last.stamp != stamp:
        last.found = None  # two readings of a large workbook need not stand side by side
        last.stamp, last.found = stamp, _read_anew(world, now)
    return last.found


def _read_anew(world: World, now: datetime) -> Reading:
    grids = world.workbook.grids()
    snapshot = read_snapshot(world.workbook.name, grids, list(world.config.tables.values()), now.date())
    return numbered(replace(snapshot, grids={grid.title: grid for grid in grids}))


def judge(world: World, snapshot: Snapshot, now: datetime) -> Judged:
    """Every column of every table at this moment; what was seen of rows that are gone is left in the ledger."""
    log = world.ledger.transitions(snapshot.workbook)
    watched = {each.table for each in log} & snapshot.sheets.keys()
    there = {name: set(snapshot.sheets[name].frame[snapshot.sheets[name].table.key]) for name in watched}
    return world.judge.judge(snapshot, Memory(tuple(each for each in log if each.key in there.get(each.table, ()))), now)


def told(world: World, now: datetime, anew: Collection[str] = ()) -> Told:
    """What the ledger knows of notices already claimed."""
    return told_before(world.ledger, world.workbook.name, now, world.config.settings.admin, anew)
