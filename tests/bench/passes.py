"""Whole passes over an .xlsx file: one in which nothing changed, and one in which people changed some cells."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import openpyxl

from automations.applying import target_of
from automations.channels.memory import MemoryChannel
from automations.config import Config, load
from automations.judging import Judge
from automations.ledgers.sqlite import SqliteLedger
from automations.model import CellChange, Snapshot
from automations.rendering import Renderer
from automations.run import Run, World, read, run_once
from automations.workbooks.xlsx import XlsxWorkbook
from tests.bench.measuring import ROOT, spent
from tests.bench.tables import NOW, grids_of, made

CHANGED = 100
"""Payments whose check finance takes back between two passes; each changes two cells of ours or more."""
MINUTE = timedelta(minutes=1)


def written(path: Path, snapshot: Snapshot, tables: Sequence[str] = ()) -> Path:
    """The tables as an .xlsx file with every declared column."""
    book = openpyxl.Workbook(write_only=True)
    for grid in grids_of(snapshot):
        if not tables or grid.title in tables:
            sheet = book.create_sheet(grid.title)
            for row in zip(*grid.columns, strict=True):
                sheet.append(row)
    book.save(path)
    return path


def world_in(folder: Path, config: Config, snapshot: Snapshot, tables: Sequence[str] = ()) -> World:
    """A project in a folder, its workbook filled by a first run."""
    book = XlsxWorkbook(written(folder / "book.xlsx", snapshot, tables))
    judge = Judge(config.program, config.evaluator, config.calendar, config.tables)
    world = World(config, book, SqliteLedger(folder / "ledger.db"), MemoryChannel(), Renderer(ROOT / "templates" / "notices"), judge)
    run_once(world, NOW, force=True)
    return world


def unchanged(folder: Path, times: int = 7) -> dict[str, Any]:
    """A pass in a warm process over 1,000-row tables nobody touched; a minute goes by between two of them."""
    config = load(ROOT)
    snapshot = made(1_000, config.tables, NOW)
    world = world_in(folder, config, snapshot)
    run_once(world, NOW)
    took, runs = [], []
    for step in range(1, times + 1):
        took.append(spent(lambda at=NOW + step * MINUTE: runs.append(run_once(world, at))))  # type: ignore[misc]
    return {
        "cpu": median(each.cpu for each in took),
        "rows": {name: len(sheet.rows) for name, sheet in snapshot.sheets.items()},
        "findings": len(runs[-1].plan.findings),
        "cells": sum(len(run.receipt.written.written) for run in runs),
    }


def changed(folder: Path) -> dict[str, Any]:
    """Finance takes back some checks of payments; the pass that follows, against openpyxl loading and saving the same file."""
    config = load(ROOT)
    snapshot = made(10_000, config.tables, NOW)
    titles = [config.tables[name].heading("zh") for name in ("orders", "payments", "customers", "company_accounts")]
    world = world_in(folder, config, snapshot, titles)
    run_once(world, NOW)
    take_back(world, CHANGED)
    runs: list[Run] = []
    ours = spent(lambda: runs.append(run_once(world, NOW + MINUTE)))
    path = world.workbook.path  # type: ignore[attr-defined]
    theirs = spent(lambda: openpyxl.load_workbook(path).save(folder / "copy.xlsx"))
    written_cells = [change for change in runs[0].receipt.written.written if isinstance(change, CellChange)]
    return {"ours": vars(ours), "openpyxl": vars(theirs), "cells": len(written_cells), **bytes_of(world, written_cells)}


def take_back(world: World, count: int) -> None:
    """Finance takes back its check of payments that counted, typed as staff would, by another hand than the program's."""
    snapshot, _ = read(world, NOW)
    frame = snapshot.sheets["payments"].frame
    there = np.flatnonzero(frame["account_ok"].fillna(False) & frame["finance_checked_at"].notna())
    sheet = snapshot.sheets["payments"]
    changes = [
        CellChange(
            "payments", str(frame["payment_id"].iloc[row]), "finance_checked_at", _moment(frame, row), None, "by hand", sheet.rows[row]
        )
        for row in there[:count].tolist()
    ]
    retyped, refused = world.workbook.apply([target_of(change, snapshot) for change in changes])
    if len(retyped) < count:
        raise RuntimeError(f"only {len(retyped)} of {count} cells could be typed over: {refused[:1]}")


def _moment(frame: Any, row: int) -> datetime:
    found: datetime = frame["finance_checked_at"].iloc[row].to_pydatetime()
    return found


def bytes_of(world: World, changes: Sequence[CellChange]) -> dict[str, int]:
    """The cells a pass wrote, and all cells of ours, as JSON."""
    snapshot, _ = read(world, NOW)
    ours = [
        sheet.frame[column.key].astype(str).tolist()
        for sheet in snapshot.sheets.values()
        for column in sheet.table.columns
        if column.ours and column.key in sheet.frame
    ]
    few = [[change.table, change.column, change.row, str(change.new)] for change in changes]
    return {"bytes": len(json.dumps(few, ensure_ascii=False).encode()), "all_bytes": len(json.dumps(ours, ensure_ascii=False).encode())}


if __name__ == "__main__":
    here = Path(tempfile.mkdtemp())
    try:
        print(json.dumps(unchanged(here) if sys.argv[1] == "unchanged" else changed(here)))
    finally:
        shutil.rmtree(here)
