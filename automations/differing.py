"""What is different between two readings of the same tables: cells by key and column, rows that only one of them has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from automations.cells import shown, typed_list
from automations.model import Sheet, Snapshot


@dataclass(frozen=True)
class Difference:
    """One cell: what stands in the first reading, and in the second."""

    table: str
    key: str
    column: str
    first: str
    second: str


@dataclass(frozen=True)
class Differing:
    """A table: its cells that differ, and the keys of rows that only one reading has."""

    table: str
    cells: tuple[Difference, ...]
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.cells or self.only_first or self.only_second)


def differing(first: Snapshot, second: Snapshot, language: str) -> list[Differing]:
    """The tables that both readings have and that differ; of a key that stands twice the first row counts, rows without one do not."""
    there = [name for name in first.sheets if name in second.sheets]
    return [found for name in there if (found := _of_table(first.sheets[name], second.sheets[name], language))]


def _of_table(first: Sheet, second: Sheet, language: str) -> Differing:
    one, other = _keys(first), _keys(second)
    both = one.index.intersection(other.index, sort=False)
    at, there = one.loc[both].to_numpy(), other.loc[both].to_numpy()
    cells = tuple(_cells(first, second, both, (at, there), language))
    only_first, only_second = (tuple(map(str, each.difference(rest, sort=False))) for each, rest in _pairs(one.index, other.index))
    return Differing(first.table.name, cells, only_first, only_second)


def _pairs(one: pd.Index, other: pd.Index) -> tuple[tuple[pd.Index, pd.Index], ...]:
    return (one, other), (other, one)


def _keys(sheet: Sheet) -> pd.Series:
    """The position of every row by its key."""
    keys = sheet.frame[sheet.table.key]
    places = pd.Series(np.arange(len(keys)), index=pd.Index(keys.astype("object")))[keys.notna().to_numpy()]
    return places[~places.index.duplicated()]


def _cells(first: Sheet, second: Sheet, keys: pd.Index, rows: tuple[np.ndarray, np.ndarray], language: str) -> Iterator[Difference]:
    for column in first.table.columns:
        if column.key not in first.frame or column.key not in second.frame:
            continue
        one, other = (sheet.frame[column.key].take(at).reset_index(drop=True) for sheet, at in zip((first, second), rows, strict=True))
        same = (one == other).fillna(False).to_numpy(dtype=bool) | (one.isna() & other.isna()).to_numpy()
        places = np.flatnonzero(~same).tolist()
        texts = [[shown(value, column.type, language) for value in typed_list(each, places, column)] for each in (one, other)]
        for place, was, becomes in zip(places, *texts, strict=True):
            yield Difference(first.table.name, str(keys[place]), column.key, was, becomes)
