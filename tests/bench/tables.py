"""Generated tables as the engine reads them: n orders and n complaints, with everything they refer to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from automations.cells import TEXT, typed_list
from automations.model import SCALE, Grid, Sheet, Snapshot, Table
from tests.bench.complaints import Town
from tests.bench.draws import NEVER, Columns, Sizes

NOW = datetime(2026, 9, 30, 8, 30)
"""The frozen clock of the benchmark."""


def made(n: int, declared: Mapping[str, Table], now: datetime, seed: int = 1) -> Snapshot:
    """The tables as read from a workbook that has every declared column, those of ours still blank."""
    town = Town(Sizes.of(n), np.datetime64(now, "s"), np.random.default_rng(seed))
    makers: dict[str, Callable[[], Columns]] = {
        "staff": town.staff,
        "customers": town.customers,
        "company_accounts": town.accounts,
        "products": town.products,
        "special_policies": town.special_policies,
        "carriers": town.carriers,
        "stock": town.stock,
        "direct_cash": town.direct_cash,
        "orders": town.orders,
        "payments": town.payments,
        "shipments": town.shipments,
        "visits": town.visits,
        "complaints": town.complaints,
    }
    sheets = {name: sheet_of(declared[name], make()) for name, make in makers.items() if name in declared}
    return Snapshot("bench", sheets, (), "generated")


def sheet_of(table: Table, columns: Columns) -> Sheet:
    """Columns under all declared headers, in the dtypes `model.Sheet` promises."""
    count = len(columns[table.key])
    frame = pd.DataFrame({column.key: _typed(columns.get(column.key), column.type, count) for column in table.columns}, copy=False)
    places = {column.key: place for place, column in enumerate(table.columns)}
    return Sheet(table, table.heading("zh"), 1, frame, range(2, count + 2), places)


def _typed(values: Any, kind: str, count: int) -> Any:
    if kind in ("date", "datetime"):
        stamps = np.full(count, NEVER) if values is None else values.astype("datetime64[s]")
        return pd.array(stamps.astype("datetime64[D]").astype("datetime64[s]") if kind == "date" else stamps)
    if kind in ("integer", "boolean", "time") or kind in SCALE:
        numbers = np.full(count, np.nan) if values is None else np.asarray(values, dtype="float64")
        blank = np.isnan(numbers)
        whole = np.where(blank, 0, numbers)
        return pd.arrays.BooleanArray(whole > 0, blank) if kind == "boolean" else pd.arrays.IntegerArray(whole.astype("int64"), blank)
    return pd.array(np.full(count, None, dtype=object) if values is None else values, dtype=TEXT)


def grids_of(snapshot: Snapshot) -> list[Grid]:
    """The tables as raw tabs, header row first, for writing a workbook."""
    found = []
    for sheet in snapshot.sheets.values():
        columns = []
        for column in sheet.table.columns:
            values = typed_list(sheet.frame[column.key], range(len(sheet.frame)), column)
            columns.append([column.heading("zh"), *values])
        found.append(Grid(sheet.tab, columns))
    return found
