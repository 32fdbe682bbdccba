"""Cells of one column: raw values into typed arrays and back, typed values into what people read."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automations.model import SCALE, Column, ColumnType, Value, Words
from automations.parsing import Codes, Family, codes_of, families_of, number_texts, seconds_of
from automations.spellings import BLANK, DAY, EPOCH, ERRORS, NOTHINGS, ODD, email, phone, tidy

if TYPE_CHECKING:
    from pandas.api.extensions import ExtensionArray

Odd = list[tuple[int, str]]
"""The cells that could not be understood: position in the column, and the cell as staff see it."""

TEXT = pd.StringDtype("python", na_value=pd.NA)
_SHOWN_AT_MOST = 80


def parse_column(values: Sequence[Any], column: Column) -> tuple[ExtensionArray, Odd]:
    """The cells of one column as the dtype `model.Sheet` promises, and the cells that are not what the column declares.

    A cell that cannot be understood is missing in the array and named in the list; nothing is guessed and nothing raises.
    A text column keeps what was typed but for blanks at the edges; a reference (or any column that `refers_to` a table) is
    also made plain (`ＴＳ－1` is `TS-1`), so that it meets the key it means.
    """
    families = families_of(values)
    if column.type in _TEXT_READERS or (column.type == "choice" and not column.choices):
        return _parse_texts(_plain_texts(values, families), column)
    codes = codes_of(values, families, column)
    odd = np.flatnonzero(codes == ODD).tolist()
    codes[odd] = BLANK
    return _array(codes, column.type, column.choices), [(position, appearance(values[position])) for position in odd]


def parse_keys(values: Sequence[Any]) -> tuple[ExtensionArray, Odd]:
    """The keys of a table: plain text, where `-` and `无` are keys like any other and only an empty cell is blank."""
    return _split(_references(_stripped(_plain_texts(values, families_of(values)))), frozenset())


def appearance(value: Any) -> str:
    """A raw cell as staff see it, on one line and cut to a length a message can carry."""
    text = " ".join(_as_text(value).split())
    return text if len(text) <= _SHOWN_AT_MOST else f"{text[: _SHOWN_AT_MOST - 1]}…"


def _array(codes: Codes, column_type: ColumnType, choices: Sequence[str]) -> ExtensionArray:
    if column_type in ("date", "datetime"):
        moments: ExtensionArray = pd.array(codes.view("datetime64[s]"))
        return moments
    blank = codes == BLANK
    codes[blank] = 0
    if column_type == "choice":
        texts = np.array([*choices, None], dtype=np.object_).take(np.where(blank, len(choices), codes))
        return pd.array(texts, dtype=TEXT)
    if column_type == "boolean":
        return pd.arrays.BooleanArray(codes.astype(np.bool_), blank)
    return pd.arrays.IntegerArray(codes, blank)


# Columns of text

Texts = NDArray[np.object_]
_HIDDEN = re.compile("[\u2010\u2011\u200b\u2060\u2212\ufeff]")
_CALLABLE = re.compile(r"(?:(?:\+?[0-9]{3,20})?\n)*+(?:\+?[0-9]{3,20})?")
_TYPED_NOTHINGS = NOTHINGS | {nothing.upper() for nothing in NOTHINGS}


def _parse_texts(values: Sequence[str], column: Column) -> tuple[ExtensionArray, Odd]:
    read = _references if column.refers_to else _TEXT_READERS.get(column.type, _as_typed)
    if column.type in ("email", "phone"):
        return _addresses(values, email if column.type == "email" else phone)
    return _split(read(_stripped(values)), frozenset() if read is _as_typed else _TYPED_NOTHINGS)


def _stripped(values: Sequence[str]) -> Texts:
    return np.fromiter(map(str.strip, values), np.object_, len(values))


def _as_typed(texts: Texts) -> Texts:
    return texts


def _references(texts: Texts) -> Texts:
    joined = "\n".join(texts.tolist())
    if joined.isascii() or (unicodedata.is_normalized("NFKC", joined) and not _HIDDEN.search(joined)):
        return texts
    return _respelled(texts.tolist(), tidy)


def _respelled(texts: Sequence[str], respell: Callable[[str], str | None]) -> Texts:
    found = {text: respell(text) for text in set(texts)}
    return np.fromiter(map(found.__getitem__, texts), np.object_, len(texts))


def _split(texts: Texts, nothings: frozenset[str]) -> tuple[ExtensionArray, Odd]:
    """Texts apart from what stands for nothing and from what a failed formula shows."""
    cells = texts.tolist()
    odd = [] if ERRORS.isdisjoint(cells) else [(position, text) for position, text in enumerate(cells) if text in ERRORS]
    if odd or not nothings.isdisjoint(cells):
        texts = _respelled(cells, lambda text: "" if text in ERRORS or text in nothings else text)
    texts[texts == ""] = None
    return pd.array(texts, dtype=TEXT), odd


def _addresses(values: Sequence[str], read: Callable[[str], str | None]) -> tuple[ExtensionArray, Odd]:
    if read is phone and _all_callable(values):
        return _split(np.fromiter(values, np.object_, len(values)), frozenset())
    spellings = {text: tidy(text) for text in set(values)}
    blank = {text for text, plain in spellings.items() if not plain or plain.casefold() in NOTHINGS}
    found = {text: None if text in blank else read(plain) for text, plain in spellings.items()}
    texts = np.fromiter(map(found.__getitem__, values), np.object_, len(values))
    strange = {text for text, address in found.items() if address is None and text not in blank}
    odd = [(position, appearance(text)) for position, text in enumerate(values) if text in strange] if strange else []
    return pd.array(texts, dtype=TEXT), odd


def _all_callable(values: Sequence[str]) -> bool:
    """Whether a whole column is plain phone numbers and blanks, which need no second look."""
    joined = "\n".join(values)
    return joined.count("\n") == len(values) - 1 and _CALLABLE.fullmatch(joined) is not None


_TEXT_READERS: Mapping[str, Callable[[Texts], Texts]] = {
    "text": _as_typed,
    "reference": _references,
    "email": _as_typed,
    "phone": _as_typed,
}


def _plain_texts(values: Sequence[Any], families: NDArray[np.int8] | int) -> Sequence[str]:
    if not isinstance(families, np.ndarray):
        return values if families == Family.TEXT else _texts_of(values, families)
    texts = np.fromiter(values, np.object_, len(values))
    for family in np.unique(families[families != Family.TEXT]).tolist():
        where = families == family
        texts[where] = _texts_of(texts[where].tolist(), int(family))
    found: list[str] = texts.tolist()
    return found


def _texts_of(values: Sequence[Any], family: int) -> list[str]:
    if family == Family.NOTHING:
        return [""] * len(values)
    return number_texts(values) if family == Family.NUMBER else list(map(_as_text, values))


def _as_text(value: Any) -> str:
    """Any raw cell as a person would type it."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02d}" + (f":{seconds:02d}" if seconds else "")
    if isinstance(value, datetime) and value.time() == time():
        value = value.date()
    if isinstance(value, date | time):
        return _instant(value)
    if isinstance(value, int | float | Decimal):
        return number_texts([value])[0]
    return "" if value is None else str(value)


# Typed values


def typed(series: pd.Series, position: int, column: Column) -> Value:
    """The cell as a Python value: money 1234.5 yuan is `Decimal("1234.50")`, 3 % is `Decimal("0.03")`, a blank is None."""
    return typed_list(series, [position], column)[0]


def typed_list(series: pd.Series, positions: Sequence[int], column: Column) -> list[Value]:
    """The cells at these positions as Python values, see `typed`."""
    return typed_values(series.array.take(np.asarray(positions, dtype=np.intp)), column)


def typed_values(picked: Any, column: Column) -> list[Value]:
    """A whole array in the frame's dtype as Python values, see `typed`."""
    if column.type in ("date", "datetime"):
        unit = "datetime64[D]" if column.type == "date" else "datetime64[s]"
        moments: list[Value] = np.asarray(picked, dtype="datetime64[s]").astype(unit).astype(object).tolist()
        return moments
    cells = np.asarray(picked, dtype=object).tolist()
    read = _DECODERS.get(column.type)
    return [None if cell is pd.NA else read(cell) if read else cell for cell in cells]


def column_array(values: Sequence[Value], column_type: ColumnType) -> ExtensionArray:
    """Typed Python values as the dtype of a frame, the inverse of `typed_list`.

    Raises ValueError for a number that is finer than its column keeps (money beyond two decimals).
    """
    if column_type not in _ENCODERS:
        return pd.array(np.fromiter(values, np.object_, len(values)), dtype=TEXT)
    encode = _ENCODERS[column_type]
    codes = np.array([BLANK if value is None else encode(value) for value in values], dtype=np.int64)
    return _array(codes, column_type, ())


def _encode_scaled(scale: int) -> Callable[[Any], int]:
    def encode(value: Any) -> int:
        amount = Decimal(str(value)) * scale
        if amount != int(amount):
            raise ValueError(f"{value} has more decimals than are kept (1/{scale}); round it first")
        return int(amount)

    return encode


def _decode_scaled(scale: int) -> Callable[[int], Decimal]:
    def decode(code: int) -> Decimal:
        amount = Decimal(code) / scale
        return amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount.normalize()

    return decode


def _encode_moment(value: Any) -> int:
    clock = seconds_of(value.time()) if isinstance(value, datetime) else 0
    return _encode_date(value) + clock


def _encode_date(value: Any) -> int:
    days: int = value.toordinal() - EPOCH
    return days * DAY


def _decode_time(code: int) -> time:
    return time(code // 3600, code // 60 % 60, code % 60)


_ENCODERS: Mapping[str, Callable[[Any], int]] = {
    **{name: _encode_scaled(scale) for name, scale in {**SCALE, "integer": 1}.items()},
    "date": _encode_date,
    "datetime": _encode_moment,
    "time": seconds_of,
    "boolean": int,
}
_DECODERS: Mapping[str, Callable[[Any], Value]] = {
    **{name: _decode_scaled(scale) for name, scale in SCALE.items()},
    "money": lambda code: (Decimal(code) / SCALE["money"]).quantize(Decimal("0.01")),
    "integer": int,
    "time": _decode_time,
    "boolean": bool,
}


# What people read


def shown(value: Value, column_type: ColumnType, language: str = "zh") -> str:
    """A typed value as people read it: `1,234.50`, `3 %`, `2026-09-30 14:05`, `是`; a blank is an empty text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _YES_NO.get(language, _YES_NO["zh"])[not value]
    if column_type == "money":
        return f"{value:,.2f}"
    if column_type == "percent" and isinstance(value, Decimal):
        return f"{_decode_scaled(10_000)(int(value * SCALE['percent']))} %"
    if isinstance(value, date | time):
        return _instant(value)
    return format(value, "f") if isinstance(value, Decimal) else str(value)


_YES_NO = {"zh": ("是", "否"), "en": ("yes", "no")}


def _instant(value: date | time) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d} {_instant(value.time())}"
    if isinstance(value, time):
        return f"{value:%H:%M:%S}" if value.second else f"{value:%H:%M}"
    return value.isoformat()


def expected(column: Column, cell: str = "") -> Words:
    """What the column takes, with a right example; for a choice with the nearest one to what the cell shows."""
    if cell.upper() in ERRORS:
        return {"zh": "先修正公式，再填结果", "en": "a result; the formula fails, mend it first"}
    if column.type != "choice":
        return _EXPECTED[column.type]
    near = difflib.get_close_matches(cell, column.choices, n=1)
    return {
        "zh": f"下列之一：{'、'.join(column.choices)}" + (f"；是不是“{near[0]}”？" if near else ""),
        "en": f"one of: {', '.join(column.choices)}" + (f"; did you mean '{near[0]}'?" if near else ""),
    }


_EXPECTED: Mapping[str, Words] = {
    "text": {"zh": "文字", "en": "text"},
    "integer": {"zh": "整数，例如 12", "en": "a whole number, such as 12"},
    "decimal": {"zh": "数字，最多四位小数，例如 12.5", "en": "a number with at most four decimals, such as 12.5"},
    "money": {"zh": "金额（元），最多两位小数，例如 1234.50", "en": "an amount in yuan with at most two decimals, such as 1234.50"},
    "percent": {"zh": "百分比，写上百分号，例如 3%", "en": "a percentage with its sign, such as 3%"},
    "date": {"zh": "日期，例如 2026-09-30", "en": "a date with its year, such as 2026-09-30"},
    "datetime": {"zh": "日期和时间，例如 2026-09-30 14:05", "en": "a date and a time, such as 2026-09-30 14:05"},
    "time": {"zh": "时间，例如 14:05", "en": "a time of day, such as 14:05"},
    "boolean": {"zh": "是或否", "en": "yes or no"},
    "email": {"zh": "一个邮箱地址，例如 name@example.com", "en": "one e-mail address, such as name@example.com"},
    "phone": {
        "zh": "一个电话号码，例如 13800138000 或 0951-6012345转801",
        "en": "one phone number, such as 13800138000 or 0951-6012345 ext 801",
    },
    "reference": {"zh": "编号，例如 KH-001", "en": "a number of another table's row, such as KH-001"},
}
