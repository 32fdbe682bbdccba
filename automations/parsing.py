"""Raw cells of one column, as any workbook hands them over, into one whole number per cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from enum import IntEnum
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automations.model import SCALE, Column, ColumnType
from automations.spellings import BLANK, CODES, DAY, EPOCH, FIRST_YEAR, LARGEST, LAST_YEAR, NOTHINGS, ODD, fold, tidy

Codes = NDArray[np.int64]
"""One whole number per cell, or BLANK, or ODD; see `model.Sheet` for what the numbers mean."""

_SERIAL_ZERO = date(1899, 12, 30).toordinal() - EPOCH
_FIRST = (date(FIRST_YEAR, 1, 1).toordinal() - EPOCH) * DAY
_LAST = (date(LAST_YEAR + 1, 1, 1).toordinal() - EPOCH) * DAY


class Family(IntEnum):
    """What kind of value the reader of the workbook made of a cell."""

    NOTHING, TEXT, NUMBER, STAMP, TICK, CLOCK, SPAN, OTHER = range(8)


class _FamilyOfType(dict[type, int]):
    def __missing__(self, kind: type) -> int:
        found = next((family for known, family in _PARENTS if issubclass(kind, known)), Family.OTHER)
        self[kind] = found
        return found


_PARENTS = (
    (str, Family.TEXT),
    ((bool, np.bool_), Family.TICK),
    ((int, float, Decimal, np.integer, np.floating), Family.NUMBER),
    (date, Family.STAMP),
    (time, Family.CLOCK),
    (timedelta, Family.SPAN),
)
_FAMILY = _FamilyOfType({type(None): Family.NOTHING, type(pd.NA): Family.NOTHING, type(pd.NaT): Family.NOTHING})


def families_of(values: Sequence[Any]) -> NDArray[np.int8] | int:
    """The family of every cell, or one number when all cells are of one."""
    found = {_FAMILY[kind] for kind in set(map(type, values))}
    if len(found) == 1:
        return found.pop()
    return np.fromiter(map(_FAMILY.__getitem__, map(type, values)), np.int8, len(values))


# Codes


def codes_of(values: Sequence[Any], families: NDArray[np.int8] | int, column: Column) -> Codes:
    """One code per cell of a column that is not text; the families are those of `families_of`."""
    if isinstance(families, int):
        return _READERS[families](values, column)
    codes = np.full(len(values), ODD)
    cells = np.fromiter(values, np.object_, len(values))
    for family in np.unique(families).tolist():
        where = families == family
        codes[where] = _READERS[family](cells[where].tolist(), column)
    return codes


def _all(code: int, values: Sequence[Any], _column: Column) -> Codes:
    return np.full(len(values), code)


def _texts(values: Sequence[str], column: Column) -> Codes:
    """Every different spelling is read once; plain dates all together."""
    spellings = list(set(values))
    codes = _plain_stamps(spellings, column.type) if column.type in ("date", "datetime") else np.full(len(spellings), ODD)
    read = _choice_reader(column) if column.type == "choice" else CODES[column.type]
    nothings = NOTHINGS - {"无"} if column.type == "boolean" else NOTHINGS
    for position in np.flatnonzero(codes == ODD).tolist():
        codes[position] = _spelled(spellings[position], read, nothings)
    found = dict(zip(spellings, codes.tolist(), strict=True))
    return np.fromiter(map(found.__getitem__, values), np.int64, len(values))


def _spelled(text: str, read: Callable[[str], int], nothings: frozenset[str]) -> int:
    plain = tidy(text)
    if not plain:
        return BLANK
    code = read(plain)
    return BLANK if code == ODD and plain.casefold() in nothings else code


def _choice_reader(column: Column) -> Callable[[str], int]:
    places = {fold(choice): place for place, choice in reversed(list(enumerate(column.choices)))}
    return lambda text: places.get(text.casefold(), ODD)


def _plain_stamps(texts: Sequence[str], column_type: ColumnType) -> Codes:
    """`2026-09-30`, `2026/09/30 14:05` and `2026-09-30T14:05:00` in one sweep; every other text is ODD here."""
    marks = np.array(texts, dtype="U20").view(np.uint32).reshape(len(texts), 20).T
    digits = (marks - 48).astype(np.int64)
    figure = digits < 10
    dated = figure[[0, 1, 2, 3, 5, 6, 8, 9]].all(axis=0) & (marks[4] == marks[7]) & np.isin(marks[4], (45, 47))
    minutes = np.isin(marks[10], (32, 84)) & figure[[11, 12, 14, 15]].all(axis=0) & (marks[13] == 58)
    seconds = minutes & (marks[16] == 58) & figure[[17, 18]].all(axis=0) & (marks[19] == 0)
    clocked = seconds | (minutes & (marks[16] == 0))

    def pair(place: int) -> Codes:
        two: Codes = digits[place] * 10 + digits[place + 1]
        return two

    hour, minute, second = (np.where(of, pair(place), 0) for place, of in ((11, clocked), (14, clocked), (17, seconds)))
    months = (pair(0) * 100 + pair(2) - 1970) * 12 + pair(5) - 1
    days = np.where(dated, months, 0).astype("datetime64[M]").astype("datetime64[D]") + np.where(dated, pair(8) - 1, 0)
    same_month = (days.astype("datetime64[M]").astype(np.int64) == months) & (pair(5) >= 1) & (pair(5) <= 12)
    good = dated & same_month & (clocked | (marks[10] == 0)) & (hour < 24) & (minute < 60) & (second < 60)
    return _within_years(np.where(good, days.astype(np.int64) * DAY + hour * 3600 + minute * 60 + second, ODD), column_type)


def _within_years(seconds: Codes, column_type: ColumnType) -> Codes:
    """Instants outside 1990 to 2100 are ODD; a date column drops the time of day."""
    kept = seconds - seconds % DAY if column_type == "date" else seconds
    return np.where((seconds >= _FIRST) & (seconds < _LAST), kept, ODD)


def _numbers(values: Sequence[Any], column: Column) -> Codes:
    if column.type == "choice":
        return _texts(number_texts(values), column)
    amounts = floats(values)
    with np.errstate(all="ignore"):
        codes = _NUMBERS[column.type](np.where(np.isfinite(amounts), amounts, np.inf), column)
    codes[np.isnan(amounts)] = BLANK
    return codes


def _scaled(amounts: NDArray[np.float64], column: Column) -> Codes:
    """Amounts that are whole multiples of 1/SCALE, up to the noise of floating point."""
    scale = SCALE.get(column.type, 1)
    whole = np.rint(amounts * scale)
    noise = np.maximum(1e-6, np.abs(amounts) * 1e-15)
    good = (np.abs(whole) <= LARGEST) & (np.abs(amounts - whole / scale) <= noise)
    return np.where(good, whole, 0).astype(np.int64) + np.where(good, 0, ODD)


def _shares(amounts: NDArray[np.float64], column: Column) -> Codes:
    """Shares; beyond 1 a person may have meant percent, so only the program's own columns may go there."""
    good = np.abs(amounts) <= (LARGEST / SCALE["percent"] if column.ours else 1)
    return np.where(good, np.rint(np.where(good, amounts, 0) * SCALE["percent"]).astype(np.int64), ODD)


def _serials(amounts: NDArray[np.float64], column: Column) -> Codes:
    """Days since 1899-12-30 with the time of day as fraction, as spreadsheets count; or `20260930` typed as a number."""
    serial = np.abs(amounts) < 1e6
    seconds = np.rint(np.where(serial, amounts + _SERIAL_ZERO, 0) * DAY).astype(np.int64)
    codes = _within_years(np.where(serial, seconds, ODD), column.type)
    typed = np.flatnonzero((amounts >= 1e7) & (amounts < 1e8) & (amounts == np.rint(amounts)))
    if typed.size:
        codes[typed] = _texts(list(map(str, amounts[typed].astype(np.int64).tolist())), column)
    return codes


def _fractions(amounts: NDArray[np.float64], _column: Column) -> Codes:
    seconds = np.where((amounts >= 0) & (amounts < 1), np.rint(np.where(amounts < 1, amounts, 1) * DAY), DAY).astype(np.int64)
    return np.where(seconds < DAY, seconds, ODD)


def _zero_or_one(amounts: NDArray[np.float64], _column: Column) -> Codes:
    return np.where(amounts == 1, 1, np.where(amounts == 0, 0, ODD))


_NUMBERS: Mapping[str, Callable[[NDArray[np.float64], Column], Codes]] = {
    **dict.fromkeys(("integer", "decimal", "money"), _scaled),
    **dict.fromkeys(("date", "datetime"), _serials),
    "percent": _shares,
    "time": _fractions,
    "boolean": _zero_or_one,
}


def _stamps(values: Sequence[date], column: Column) -> Codes:
    if column.type == "date":
        days = np.fromiter(map(date.toordinal, values), np.int64, len(values)) - EPOCH
        return _within_years(days * DAY, column.type)
    if column.type == "datetime":
        micros = pd.DatetimeIndex(np.fromiter(values, np.object_, len(values))).as_unit("us").asi8
        return _within_years((micros + 500_000) // 1_000_000, column.type)
    return _all(ODD, values, column)


def _ticks(values: Sequence[bool], column: Column) -> Codes:
    return np.array(values, dtype=np.int64) if column.type == "boolean" else _all(ODD, values, column)


def _clocks(values: Sequence[time], column: Column) -> Codes:
    return np.array([seconds_of(value) for value in values]) if column.type == "time" else _all(ODD, values, column)


def _spans(values: Sequence[timedelta], column: Column) -> Codes:
    """A length of time is a time of day only where the sheet counts hours from midnight (`[h]:mm`)."""
    if column.type != "time":
        return _all(ODD, values, column)
    return _fractions(np.array([value / timedelta(days=1) for value in values]), column)


_READERS: Mapping[int, Callable[[Sequence[Any], Column], Codes]] = {
    Family.NOTHING: partial(_all, BLANK),
    Family.TEXT: _texts,
    Family.NUMBER: _numbers,
    Family.STAMP: _stamps,
    Family.TICK: _ticks,
    Family.CLOCK: _clocks,
    Family.SPAN: _spans,
    Family.OTHER: partial(_all, ODD),
}


def floats(values: Sequence[Any]) -> NDArray[np.float64]:
    """Numbers as floats; a whole number too large for one is infinite."""
    try:
        return np.array(values, dtype=np.float64)
    except OverflowError:
        return np.array([value if abs(value) < 1e300 else np.inf for value in values], dtype=np.float64)


def number_texts(values: Sequence[Any]) -> list[str]:
    """Numbers as a person types them: 1042.0 is `1042`."""
    amounts = floats(values)
    whole = (np.abs(amounts) < 1e15) & (amounts == np.rint(amounts))
    texts = list(map(str, np.where(whole, amounts, 0).astype(np.int64).tolist()))
    for position in np.flatnonzero(~whole).tolist():
        texts[position] = _number_text(values[position])
    return texts


def _number_text(value: Any) -> str:
    exact = Decimal(str(value))
    return "" if exact.is_nan() else format(exact, "f")


def seconds_of(value: time) -> int:
    """Seconds since midnight."""
    return value.hour * 3600 + value.minute * 60 + value.second
