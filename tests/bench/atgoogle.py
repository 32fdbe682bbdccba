"""Passes over tables at Google, against the stand-in in this process: calls, kilobytes, and the time that is not spent waiting for it.

`python -m tests.bench.atgoogle 1000 10000` measures a first run over all columns of ours, an unchanged pass and a changed one;
`python -m tests.bench.atgoogle --apart 10000` the same with our columns in tabs of their own.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests

from automations.apart import as_tabs, laid_out
from automations.channels.memory import MemoryChannel
from automations.config import Config, load
from automations.judging import Judge
from automations.ledgers.sqlite import SqliteLedger
from automations.model import Grid, Snapshot
from automations.rendering import Renderer
from automations.run import World, run_once
from automations.workbooks.google import GoogleWorkbook
from tests.bench.measuring import ROOT
from tests.bench.tables import NOW, grids_of, made
from tests.contracts.workbooks import entered
from tests.googledesk import ROBOT, connected
from tests.sheets.cells import Cell
from tests.sheets.inprocess import InProcess
from tests.sheets.server import StandIn

TABLES = ("orders", "payments", "customers", "company_accounts")
CHANGED = 100
MINUTE = timedelta(minutes=1)


class Timed(InProcess):
    """The stand-in as a transport that remembers how long it took: another machine would have done that work."""

    waited = 0.0

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        begun = time.process_time()
        try:
            return super().send(request, *args, **kwargs)
        finally:
            self.waited += time.process_time() - begun


@dataclass
class Office:
    """A file at the stand-in with generated tables, and a world over it."""

    google: StandIn
    world: World
    door: Timed
    rows: int = 0
    passes: dict[str, dict[str, float]] = field(default_factory=dict)

    def measure(self, name: str, step: int) -> None:
        """One run: its calls, kilobytes, cells, and the CPU seconds that are ours."""
        workbook = self.world.workbook
        workbook.spent()
        before, begun = self.door.waited, time.process_time()
        run = run_once(self.world, NOW + step * MINUTE, force=True)
        took = time.process_time() - begun - (self.door.waited - before)
        counts = self.world.ledger.runs(workbook.name, limit=1)[0].counts
        cost = {word: counts.get(word, 0) for word in ("reads", "writes", "kilobytes out", "kilobytes in")}
        self.passes[name] = {**cost, "cells": len(run.receipt.written.written), "own seconds": round(took, 3)}


def opened(folder: Path, google: StandIn, config: Config, snapshot: Snapshot) -> Office:
    """The generated tables in a file of the stand-in, our columns blank, and a world that has never run."""
    file = google.file("台账", shared={ROBOT: "writer"}, timeZone="Asia/Shanghai")
    for grid in grids_of(snapshot):
        for title, columns in _tabs(config, grid):
            google.tab(file, title, entered([list(row) for row in zip(*columns, strict=True)]))
    workbook: GoogleWorkbook = connected(google, file)
    door = Timed(google)
    workbook.http.session.mount(google.url, door)
    judge = Judge(config.program, config.evaluator, config.calendar, config.tables)
    ledger = SqliteLedger(folder / f"{file}.db")
    world = World(config, workbook, ledger, MemoryChannel(), Renderer(ROOT / "templates" / "notices"), judge, posts=False)
    return Office(google, world, door, sum(len(sheet.rows) for sheet in snapshot.sheets.values()))


def _tabs(config: Config, grid: Grid) -> list[tuple[str, Sequence[Sequence[Any]]]]:
    """A generated tab; of a table apart staff's columns, and the tab of ours with its headers."""
    table = next(table for table in config.tables.values() if table.heading("zh") == grid.title)
    first, *more = as_tabs([table])
    headings = {column.heading("zh") for column in first.columns}
    mine = [column for column in grid.columns if column[0] in headings]
    return [(grid.title, mine), *((each.heading("zh"), [[column.heading("zh")] for column in each.columns]) for each in more)]


def take_back(office: Office, count: int) -> None:
    """Finance clears its check of some payments, as people do in the browser."""
    config, workbook = office.world.config, office.world.workbook
    assert isinstance(workbook, GoogleWorkbook)
    table = config.tables["payments"]
    sheet = office.google.book(workbook.sheets[0].id).titled(table.heading("zh"))
    checked = table.column("finance_checked_at")
    assert sheet is not None and checked is not None
    place = [cell.value for cell in sheet.rows[0].cells].index(checked.heading("zh"))
    filled = [row for row in range(1, len(sheet.rows)) if sheet.cell(row, place).value is not None]
    for row in filled[:count]:
        sheet.put(row, place, [Cell()])


def measured(n: int, *, apart: bool = False, config: Config | None = None) -> dict[str, Any]:
    """A first run over n orders with all columns of ours, a pass in which nothing changed, and one in which some payments did."""
    known = config or load(ROOT)
    known = replace(known, tables=laid_out(known.tables, "all")) if apart else known
    whole = made(n, known.tables, NOW)
    snapshot = replace(whole, sheets={name: whole.sheets[name] for name in TABLES})
    with StandIn() as google, tempfile.TemporaryDirectory() as folder:
        office = opened(Path(folder), google, known, snapshot)
        office.measure("first", 0)
        office.measure("settling", 1)
        office.measure("unchanged", 2)
        take_back(office, CHANGED)
        office.measure("changed", 3)
        return {"rows": office.rows, "apart": apart, "passes": office.passes}


if __name__ == "__main__":
    sizes = [int(word) for word in sys.argv[1:] if word.isdigit()]
    print(json.dumps({size: measured(size, apart="--apart" in sys.argv) for size in sizes}, ensure_ascii=False))
