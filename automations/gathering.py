"""Looking across tables over whole columns: look-ups, rollups, values in force on a day, and running totals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from automations.judging import Evaluation


def look_up(table: str, via: str, target: str, column: str, judging: Evaluation) -> Any:
    """The referred row's value for every row; blank where the reference is blank or unknown."""
    return _taken(judging.column(target, column), judging.positions(table, via, target))


def _taken(values: Any, positions: Any) -> Any:
    """The values at these positions; blank at -1."""
    if isinstance(values, np.ndarray):
        padded = np.append(values, np.datetime64("NaT", "s"))
        return padded[np.where(positions < 0, len(values), positions)]
    return values.take(positions, allow_fill=True)


def roll_up(table: str, via: str, other: str, value: str, judging: Evaluation, *, when: str, how: str) -> Any:
    """One value for every row of `table` from the rows of `other` whose `via` holds its key."""
    positions = judging.positions(other, via, table)
    chosen = positions >= 0
    if when:
        chosen &= judging.flags(other, when)
    if value:
        chosen &= judging.filled(other, value)
    groups, count = positions[chosen], judging.count(table)
    if how in ("count", "any"):
        hits = np.bincount(groups, minlength=count)
        return pd.array(hits > 0, dtype="boolean") if how == "any" else pd.array(hits, dtype="Int64")
    taken = judging.column(other, value)[chosen]
    if isinstance(taken, np.ndarray):
        return _extreme_instants(taken, groups, count, how)
    return _numbers(np.asarray(taken.to_numpy(dtype="int64")), groups, count, how)


def _extreme_instants(values: Any, groups: Any, count: int, how: str) -> Any:
    worst = np.iinfo("int64").min if how == "max" else np.iinfo("int64").max
    found = np.full(count, worst, dtype="int64")
    (np.maximum if how == "max" else np.minimum).at(found, groups, values.astype("datetime64[s]").astype("int64"))
    return np.where(found == worst, np.datetime64("NaT", "s"), found.astype("datetime64[s]"))


def _numbers(values: Any, groups: Any, count: int, how: str) -> Any:
    if how == "sum":
        totals = np.zeros(count, dtype="int64")
        np.add.at(totals, groups, values)
        return pd.array(totals, dtype="Int64")
    worst = np.iinfo("int64").min if how == "max" else np.iinfo("int64").max
    found = np.full(count, worst, dtype="int64")
    (np.maximum if how == "max" else np.minimum).at(found, groups, values)
    return pd.arrays.IntegerArray(found, found == worst)


def in_force(table: str, mine: str, other: str, value: str, judging: Evaluation, *, on: str, theirs: str, begin: str, end: str) -> Any:
    """The value of the row of `other` that matches and was in force on the day of every row; the one that began last wins.

    Blank where nothing matches, no day is known, or what began last has ended.
    """
    days, spans = (
        pd.DataFrame({"key": pd.Series(judging.texts(name, key), dtype=object), "day": judging.times(name, day)})
        for name, key, day in ((table, mine, on), (other, theirs, begin))
    )
    wanted, known = days[days["day"].notna() & (days["key"] != "")], spans[spans["day"].notna()]
    left, right = (each.rename_axis("at").reset_index().sort_values("day", kind="stable") for each in (wanted, known))
    found = pd.merge_asof(left, right, on="day", by="key", suffixes=("", "_there"))
    positions = np.full(len(days), -1)
    positions[found["at"]] = found["at_there"].fillna(-1).astype("int64")
    over = judging.times(other, end)[positions] < judging.times(table, on) if len(spans) else np.ones(len(days), dtype=bool)
    return _taken(judging.column(other, value), np.where(over, -1, positions))


def run_total(table: str, value: str, by: str, order: tuple[str, ...], judging: Evaluation) -> Any:
    """The running total of `value` for each `by`, in the order of the given columns; blanks count as nothing."""
    amounts = judging.column(table, value)
    numbers = np.where(np.asarray(amounts.isna()), 0, amounts.to_numpy(dtype="int64", na_value=0))
    frame = pd.DataFrame(
        {"by": judging.column(table, by), "value": numbers, **{f"o{n}": judging.column(table, name) for n, name in enumerate(order)}}
    )
    ordered = frame.sort_values([f"o{n}" for n in range(len(order))], kind="stable")
    totals = ordered.groupby("by", sort=False)["value"].cumsum().reindex(frame.index)
    blank = frame["by"].isna().to_numpy()
    return pd.arrays.IntegerArray(np.where(blank, 0, totals.fillna(0)).astype("int64"), blank)
