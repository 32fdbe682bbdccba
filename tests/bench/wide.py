"""All switched-on packs over ten large tables: how long a pass judges, in a process of its own; prints JSON.

`python -m tests.bench.wide 10000`: the month of the demo, told so often that each of its ten largest tables has that many rows.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from automations.config import load
from automations.demo.month import told_story, world_in
from automations.demo.town import END, FULL
from automations.judging import Judged, Memory
from automations.model import Grid, Snapshot, Table, Value
from automations.reading import read_snapshot
from tests.bench.measuring import ROOT, in_turn, spent
from tests.bench.sizes import cold, judge_of

LARGE = 10
SEED = 20260914
Rows = Sequence[Mapping[str, Value]]


def wide(n: int, declared: Mapping[str, Table]) -> Snapshot:
    """The demo's rows as they stand at the end of its month: those of the ten largest tables over and over, with keys of their own."""
    rows = typed()
    large = sorted(rows, key=lambda name: len(rows[name]))[-LARGE:]
    times = {name: -(-n // len(rows[name])) for name in large}
    told = {name: list(islice(_again(rows[name], declared[name], times), n if name in large else None)) for name in rows}
    grids = [_grid(table, told.get(name, [])) for name, table in declared.items()]
    return read_snapshot("wide", grids, [*declared.values()], END)


def typed() -> dict[str, Rows]:
    """What staff have typed by the end of the demo's month, by table."""
    with tempfile.TemporaryDirectory() as folder:
        story = told_story(world_in(ROOT, Path(folder)), SEED, FULL).story
    end = datetime(END.year, END.month, END.day, 18)
    rows: dict[str, list[dict[str, Value]]] = {}
    for entry in story.entries:
        if cells := entry.typed(None, end):
            rows.setdefault(entry.table, []).append(cells)
    return rows


def _again(rows: Rows, table: Table, times: Mapping[str, int]) -> Any:
    """The rows as often as their table is told; what refers to a table told more often leads to that telling, or to its last."""
    leads = {column.key: times.get(column.refers_to or "", 1) for column in table.columns} | {table.key: times.get(table.name, 1)}
    for telling in range(times.get(table.name, 1)):
        for row in rows:
            yield {name: _told(value, min(telling, leads.get(name, 1) - 1)) for name, value in row.items()}


def _told(value: Value, telling: int) -> Value:
    return f"{value}-{telling}" if telling and isinstance(value, str) else value


def _grid(table: Table, rows: Rows) -> Grid:
    staff = [column for column in table.columns if not column.ours]
    columns: list[list[Any]] = [[column.heading("zh"), *(_cell(row.get(column.key)) for row in rows)] for column in staff]
    return Grid(table.heading("zh"), columns)


def _cell(value: Value) -> Any:
    return value if value is None or isinstance(value, str | int | float | bool | date | datetime) else str(value)


def written(judged: Judged) -> Snapshot:
    """The tables as a pass leaves them: our columns filled, and the rows it makes in their tabs."""
    evaluation, ours = judged.evaluation, list(judged.program.writes)
    sheets = {}
    for name, sheet in judged.snapshot.sheets.items():
        columns = {column: _kept(evaluation.raw(table, column)) for table, column in ours if table == name and column in sheet.frame}
        sheets[name] = replace(sheet, frame=sheet.frame.assign(**columns), grown_from=None)
    return replace(judged.snapshot, sheets=sheets)


def _kept(values: Any) -> Any:
    return pd.array(values) if isinstance(values, np.ndarray) else values


def main(n: int) -> dict[str, Any]:
    """How long a pass over tables takes that were never seen but bear what the last one wrote, and the next pass over the very same."""
    config = load(ROOT)
    judge = judge_of(config, config.program)
    moment = datetime(END.year, END.month, END.day, 18)
    snapshot = written(judge.judge(wide(n, config.tables), Memory(), moment))
    judged = cold(judge, snapshot, moment)
    [took] = in_turn([lambda: cold(judge, snapshot, moment)], 3)
    later = moment + timedelta(minutes=5)
    again = spent(lambda: judge.judge(snapshot, judged.evaluation.memory, later))
    return {
        "tables": sum(len(sheet.rows) >= n for sheet in snapshot.sheets.values()),
        "rows": sum(len(sheet.rows) for sheet in snapshot.sheets.values()),
        "new rows": len(judged.new_rows),
        "findings": sum(len(rows) for _, rows in judged.spoken()),
        "judged": vars(took),
        "again": vars(again),
    }


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
