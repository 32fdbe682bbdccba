"""A command that writes or sends beside `serve` holds what `serve` would hold, so that neither works on what the other has in hand."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime

from automations.asking import Undone, undo_run
from automations.backups import before_first_write
from automations.config import Config
from automations.deed import MAILS, FencedChannel, FencedWorkbook, workbook_lease
from automations.engines.oneatatime import BY_HAND, OneAtATime
from automations.leasing import holding
from automations.oldledger import watch
from automations.run import Run, World, run_once

HAND = "run by hand"


def run_by_hand(world: World, now: datetime, clock: Callable[[], datetime], *, force: bool = False, word: str = "") -> Run:
    """One sweep, as a person asks for it; `clock` gives the present moment in UTC, whatever `now` is.

    The workbook is copied first if it was not today.
    Raises what run_once raises, and HeldElsewhere or RunsAlready while another run works on the workbook or sends.
    """
    with alone(world, now, clock) as fenced:
        before_first_write(world, now)
        return run_once(fenced, now, force=force, word=word)


def undo_by_hand(world: World, run: int, now: datetime, clock: Callable[[], datetime]) -> Undone:
    """Take a run back while no other run works on the workbook. Raises what undo_run raises, HeldElsewhere, RunsAlready."""
    with alone(world, now, clock) as fenced:
        return undo_run(fenced, run, now)


@contextmanager
def nobody_else(config: Config, world: Callable[[], World], now: datetime, clock: Callable[[], datetime]) -> Iterator[None]:
    """While `init` adds tabs and columns no run reads or writes the workbook; where there is no ledger yet, nothing has ever run.

    Raises HeldElsewhere, RunsAlready.
    """
    if not config.on_server and not config.ledger_place.exists():
        yield
        return
    with alone(world(), now, clock):
        yield


@contextmanager
def alone(world: World, now: datetime, clock: Callable[[], datetime]) -> Iterator[World]:
    """The world while workbook and mails are held.

    The lock of the operating system goes with its process: what earlier runs by hand still hold is theirs no more, unless it may be
    another machine's.
    """
    config, table = world.config, world.ledger.timetable
    owner = f"{HAND} {os.getpid()} {platform.node()}"
    with closing(OneAtATime(config.ledger_place, now, config.language, BY_HAND, purpose="hand")):
        if not config.on_server:
            table.release_all(HAND)
        with (
            holding(table, workbook_lease(world), owner, clock, config.language) as book,
            holding(table, MAILS, owner, clock, config.language) as mails,
        ):
            workbook, channel = FencedWorkbook(world.workbook, book), FencedChannel(world.channel, mails)
            watch(world, now)
            yield replace(world, workbook=workbook, channel=channel)  # type: ignore[arg-type]
