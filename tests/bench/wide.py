"""All switched-on packs over ten large tables: how long a pass judges, in a process of its own; prints JSON.

`python -m tests.bench.wide 10000`: that many rows in each of the ten tables with most rules.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from automations.config import load
from automations.model import SCALE, Column, Sheet, Snapshot, Table
from tests.bench.draws import DAY, NEVER, Columns, numbered
from tests.bench.measuring import ROOT, in_turn, spent
from tests.bench.sizes import cold, judge_of
from tests.bench.tables import NOW, made, sheet_of

DRAWN = ("complaints", "orders", "shipments", "payments", "visits")
"""The large tables that the other benchmarks draw with care; the rest of the ten are filled by type."""
FILLED = ("customers", "service_requests", "contracts", "surveys", "needs", "order_handovers")
BLANK = 0.3


def wide(n: int, declared: Mapping[str, Table], seed: int = 1) -> Snapshot:
    """Ten tables of n rows (some have a tenth more or less), the small ones they refer to, and the others empty, as after `init`."""
    rng = np.random.default_rng(seed)
    snapshot = made(n, declared, NOW, seed)
    keys: dict[str, Any] = {name: np.asarray(sheet.frame[sheet.table.key], dtype=object) for name, sheet in snapshot.sheets.items()}
    sheets = dict(snapshot.sheets)
    for name in FILLED:
        known = keys.get(name, np.array([], dtype=object))
        keys[name] = np.concatenate([known, numbered(f"{name}-{{:06d}}", n)[: max(0, n - len(known))]])
        sheets[name] = filled(declared[name], keys, rng)
    empty = {name: sheet_of(table, {table.key: np.array([], dtype=object)}) for name, table in declared.items() if name not in sheets}
    return replace(snapshot, sheets={**sheets, **empty})


def filled(table: Table, keys: Mapping[str, Any], rng: np.random.Generator) -> Sheet:
    """A row for every key, each column of staff drawn by its type, some of it left blank."""
    count = len(keys[table.name])
    columns: Columns = {column.key: drawn(column, count, keys, rng) for column in table.columns if not column.ours}
    return sheet_of(table, {**columns, table.key: keys[table.name]})


def drawn(column: Column, count: int, keys: Mapping[str, Any], rng: np.random.Generator) -> Any:
    """A column of random values; references lead to rows that are there."""
    blank = rng.random(count) < BLANK
    if column.type in ("date", "datetime"):
        moments = np.datetime64(NOW, "s") - rng.integers(0, 400 * 86_400, count).astype("timedelta64[s]") + 20 * DAY
        return np.where(blank, NEVER, moments)
    if column.type in ("integer", "boolean", "time") or column.type in SCALE:
        top = 2 if column.type == "boolean" else 86_400 if column.type == "time" else 1_000 * SCALE.get(column.type, 1)
        return np.where(blank, np.nan, rng.integers(0, top, count))
    words = keys.get(column.refers_to or "", np.array(column.choices or ("甲", "乙", "丙"), dtype=object))
    return np.where(blank, None, words[rng.integers(0, len(words), count)])


def main(n: int) -> dict[str, Any]:
    """The fastest of several passes over tables never seen, and how much there was to judge."""
    config = load(ROOT)
    snapshot, judge = wide(n, config.tables), judge_of(config, config.program)
    judged = cold(judge, snapshot)
    [took] = in_turn([lambda: cold(judge, snapshot)], 3)
    again = spent(lambda: judge.judge(snapshot, judged.evaluation.memory, NOW))
    return {
        "tables": sum(len(sheet.rows) >= n * 0.9 for sheet in snapshot.sheets.values()),
        "rows": sum(len(sheet.rows) for sheet in snapshot.sheets.values()),
        "findings": sum(len(rows) for _, rows in judged.spoken()),
        "judged": vars(took),
        "again": vars(again),
    }


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
