"""What a cell shows: numbers and serial dates through their format, as FORMATTED_VALUE and the export give them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from tests.sheets.cells import Cell, Result, Wrong, plain_number

EPOCH = datetime(1899, 12, 30)
TOKENS = re.compile(r'"[^"]*"|\\.|y+|m+|d+|h+|s+|am/pm|a/p|\.0+|.', re.IGNORECASE | re.DOTALL)
DEFAULT_PATTERN = {"DATE": "yyyy-mm-dd", "TIME": "h:mm:ss", "DATE_TIME": "yyyy-mm-dd h:mm:ss", "PERCENT": "0.00%", "CURRENCY": "¥#,##0.00"}


def shown(cell: Cell, result: Result) -> str:
    """The text a person sees."""
    if result is None:
        return ""
    if isinstance(result, bool):
        return str(result).upper()
    if isinstance(result, str | Wrong):
        return str(result)
    number_format = (cell.format or {}).get("numberFormat", {})
    kind = number_format.get("type", "NUMBER_FORMAT_TYPE_UNSPECIFIED")
    pattern = number_format.get("pattern") or DEFAULT_PATTERN.get(kind, "")
    if kind in ("DATE", "TIME", "DATE_TIME"):
        return dated(result, pattern)
    return numbered(result, pattern) if pattern and kind != "TEXT" else general(result)


def is_date(cell: Cell) -> bool:
    return (cell.format or {}).get("numberFormat", {}).get("type") in ("DATE", "TIME", "DATE_TIME")


def general(value: float) -> str:
    whole = plain_number(value)
    return str(whole) if isinstance(whole, int) else f"{value:.10g}"


def numbered(value: float, pattern: str) -> str:
    """A number by a pattern such as `#,##0.00`, `0%` or `¥0.00`; the first section of it only."""
    pattern = pattern.split(";")[0]
    found = re.search(r"[#0,.]*[#0]", pattern)
    if not found:
        return general(value)
    digits = found[0]
    places = len(digits.partition(".")[2])
    scaled = value * 100 if "%" in pattern else value
    text = f"{scaled:,.{places}f}" if "," in digits else f"{scaled:.{places}f}"
    return pattern[: found.start()].replace('"', "") + text + pattern[found.end() :].replace('"', "")


def dated(value: float, pattern: str) -> str:
    """A serial number by a date pattern."""
    moment = EPOCH + timedelta(seconds=round(value * 86400))
    parts = TOKENS.findall(pattern)
    return "".join(_token(part, moment, parts, place) for place, part in enumerate(parts))


def _token(part: str, moment: datetime, parts: list[str], place: int) -> str:
    low = part.lower()
    if low.startswith('"'):
        return part[1:-1]
    if low.startswith("\\"):
        return part[1:]
    if low[0] == "m" and _means_minutes(parts, place):
        return f"{moment.minute:0{min(len(low), 2)}d}"
    simple = {
        "y": moment.year if len(low) > 2 else moment.year % 100,
        "m": moment.month,
        "d": moment.day,
        "h": moment.hour,
        "s": moment.second,
    }
    return f"{simple[low[0]]:0{len(low)}d}" if low[0] in simple else part


def _means_minutes(parts: list[str], place: int) -> bool:
    """`m` is minutes beside hours or seconds."""
    letters = [(at, part.lower()[0]) for at, part in enumerate(parts) if part.lower()[0] in "ymdhs"]
    here = [at for at, _ in letters].index(place)
    before = letters[here - 1][1] if here else ""
    after = letters[here + 1][1] if here + 1 < len(letters) else ""
    return before == "h" or after == "s"
