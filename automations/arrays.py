"""Columns as arrays: how judging keeps them, and how DuckDB takes them and gives them back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from automations.model import SCALE, ColumnType

Array = Any
"""One column in the frame's dtype: see `model.Sheet`."""
DUCK: Mapping[ColumnType, str] = {
    "text": "VARCHAR",
    "choice": "VARCHAR",
    "email": "VARCHAR",
    "phone": "VARCHAR",
    "reference": "VARCHAR",
    "integer": "BIGINT",
    "decimal": "DECIMAL(18,4)",
    "money": "DECIMAL(18,2)",
    "percent": "DECIMAL(18,6)",
    "date": "DATE",
    "datetime": "TIMESTAMP",
    "time": "TIME",
    "boolean": "BOOLEAN",
}


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def packed(sql: str, kind: ColumnType) -> str:
    """An expression cast as its result is kept: numbers as whole multiples of their smallest unit."""
    cast = f"CAST({sql} AS {DUCK[kind]})"
    if kind in SCALE:
        return f"CAST({cast} * {SCALE[kind]} AS BIGINT)"
    if kind == "time":
        return f"CAST(epoch({cast}) AS BIGINT)"
    return cast


def unpacked(name: str, kind: ColumnType) -> str:
    """A column as DuckDB computes with it, cast from how it is kept."""
    column = quoted(name)
    if kind in SCALE:
        digits = len(str(SCALE[kind])) - 1
        return f"CAST(CAST({column} AS DECIMAL(15,0)) * CAST({1 / SCALE[kind]:.{digits}f} AS DECIMAL({digits},{digits})) AS {DUCK[kind]})"
    if kind == "time":
        return f"(TIME '00:00:00' + to_seconds({column}))"
    return f"CAST({column} AS {DUCK[kind]})"


def handed_over(values: Any) -> Any:
    """A column as DuckDB takes it soonest: binding a frame of pandas costs it three times as much."""
    if isinstance(values, pd.arrays.IntegerArray | pd.arrays.BooleanArray):
        plain = values.to_numpy(dtype="int64" if isinstance(values, pd.arrays.IntegerArray) else "bool", na_value=0)
        return np.ma.masked_array(plain, values.isna()) if values.isna().any() else plain
    return np.asarray(values, dtype=object) if isinstance(values, pd.arrays.StringArray) else np.asarray(values)


def as_array(found: Any, kind: ColumnType) -> Any:
    """A fetched column as the frame keeps it: see `model.Sheet` for the dtypes."""
    data = np.asarray(np.ma.getdata(found))
    mask = np.broadcast_to(np.ma.getmaskarray(found), data.shape)
    if kind in ("date", "datetime"):
        return np.where(mask, np.datetime64("NaT", "s"), data.astype("datetime64[s]"))
    if kind == "boolean":
        return pd.arrays.BooleanArray(data.astype(bool), mask.copy())
    if kind in ("integer", "time") or kind in SCALE:
        return pd.arrays.IntegerArray(np.where(mask, 0, data).astype("int64"), mask.copy())
    return _texts(data, mask | (data == ""))


def text_array(data: np.ndarray[Any, Any]) -> Any:
    """Texts as the frame keeps them, blank where missing or empty."""
    blank = pd.isna(data)
    blank[~blank] = data[~blank] == ""  # a missing value can be compared with nothing
    return _texts(data, blank)


def _texts(data: np.ndarray[Any, Any], blank: np.ndarray[Any, Any]) -> Any:
    values = data.astype(object)
    values[blank] = pd.NA
    return pd.arrays.StringArray(values)


def alike(one: Array, other: Array) -> bool:
    """Whether two columns of one dtype hold the same values; blanks are the same."""
    if one is other:
        return True
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind in "fM")
    return not isinstance(one, np.ndarray) and bool(one.equals(other))
