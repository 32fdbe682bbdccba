"""Columns of instants and amounts: what is missing, what is whole, and lengths that need no calendar."""

from __future__ import annotations

from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt

Unit = Literal["working_days", "days", "hours", "working_hours", "months", "minutes"]
Instants = npt.NDArray[np.datetime64]
Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Column = tuple[Counts, Flags | None]
"""Whole numbers, and where they are missing; None: nowhere."""

DAY = 86_400
NO_COUNT = int(np.iinfo(np.int64).min)
"""What stands for a missing whole number: the number a NaT is underneath."""

_SECONDS = {"hours": 3600, "working_hours": 3600, "minutes": 60}
_WHOLE = ("working_days", "days", "months")


def instants_of(cells: npt.ArrayLike) -> Instants:
    """Any array of dates or datetimes as `datetime64[s]`; parts of a second are cut off."""
    return np.asarray(cells, dtype="datetime64[s]")


def split(instants: Instants, instead: int = 0) -> Column:
    """Seconds since 1970, and where NaT stood; there the seconds are `instead`."""
    numbers = instants.view(np.int64)
    if not numbers.size or numbers.min() != NO_COUNT:
        return numbers, None
    missing: Flags = numbers == NO_COUNT
    return np.where(missing, instead, numbers), missing


def lengths_of(amounts: npt.ArrayLike, unit: Unit) -> Column:
    """Amounts as whole days or months, or as seconds for hours and minutes; missing ones (NaN, None) are 0.

    Raises ValueError for an unknown unit and for a fraction of a day or month.
    """
    if unit in _WHOLE:
        return whole_of(amounts, unit)
    if unit not in _SECONDS:
        raise ValueError(f"no unit '{unit}'; take one of {', '.join([*_WHOLE, *_SECONDS])}")
    numbers = np.asarray(amounts)
    return whole_of(numbers * _SECONDS[unit]) if numbers.dtype.kind in "iu" else _rounded(numbers, _SECONDS[unit])


def whole_of(amounts: npt.ArrayLike, unit: str = "seconds") -> Column:
    """Amounts as whole numbers; missing ones (NaN, None) are 0. Raises ValueError for fractions."""
    numbers = np.asarray(amounts)
    if numbers.dtype.kind in "iu":
        return numbers.astype(np.int64, copy=False), None
    whole, missing = _rounded(numbers, 1)
    parts = np.asarray(numbers, np.float64)
    if (broken := parts[(parts != whole) & ~np.isnan(parts)]).size:
        raise ValueError(f"{unit} are counted in whole numbers, not {broken.flat[0]:g}; round it, or use hours")
    return whole, missing


def _rounded(amounts: npt.ArrayLike, scale: int) -> Column:
    numbers = np.asarray(amounts, np.float64)
    missing: Flags = np.isnan(numbers)
    return np.rint(np.where(missing, 0, numbers) * scale).astype(np.int64), missing if missing.any() else None


def either(one: Flags | None, other: Flags | None) -> Flags | bool:
    """Where one of two columns is missing."""
    return (False if one is None else one) | (False if other is None else other)


def filled(numbers: Counts, *missing: Flags | None) -> Counts:
    """The numbers, with NO_COUNT wherever something was missing."""
    for gaps in missing:
        if gaps is not None:
            numbers = np.where(gaps, NO_COUNT, numbers)
    return np.asarray(numbers, np.int64)


def dated(numbers: Counts, *missing: Flags | None) -> Instants:
    """Seconds since 1970 as instants, with NaT wherever something was missing."""
    return filled(numbers, *missing).view("datetime64[s]")


def days_on(numbers: Counts, steps: Counts) -> Counts:
    """The day (since 1970) so many calendar days after each instant."""
    days: Counts = numbers // DAY + steps
    return days


def months_on(numbers: Counts, steps: Counts) -> Counts:
    """The same day of the month so many months on, or the last day of a shorter month; days since 1970."""
    days = numbers // DAY
    months = days.view("datetime64[D]").astype("datetime64[M]")
    nth = days - _first_day(months)
    target = months + steps
    return cast(Counts, np.minimum(_first_day(target) + nth, _first_day(target + 1) - 1))


def _first_day(months: npt.NDArray[Any]) -> Counts:
    return np.asarray(months.astype("datetime64[D]").astype(np.int64))
