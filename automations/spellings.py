"""How people spell dates, amounts, shares and ticks: one text in, one whole number out, and never a guess."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from automations.model import SCALE

BLANK = -(2**63)
"""The code of a cell with nothing in it; the same bits as numpy's NaT."""
ODD = BLANK + 1
"""The code of a cell that is not blank and cannot be understood."""
LARGEST = 10**15
"""Spreadsheets keep fifteen digits; whole multiples of 1/SCALE beyond this are not exact, so they are not read."""
DAY = 86_400
EPOCH = date(1970, 1, 1).toordinal()
FIRST_YEAR, LAST_YEAR = 1990, 2100

NOTHINGS = frozenset({"-", "--", "—", "——", "–", "/", "n/a", "无"})
"""What people type to say that a cell is meant to be empty (case-folded); not so in text columns."""
ERRORS = frozenset(
    (
        "#REF!",
        "#N/A",
        "#DIV/0!",
        "#VALUE!",
        "#NAME?",
        "#NUM!",
        "#NULL!",
        "#ERROR!",
        "#SPILL!",
        "#CALC!",
        "#FIELD!",
        "#BUSY!",
        "#GETTING_DATA",
    )
)
"""What a spreadsheet shows when a formula fails."""

_EDGES = " \t\r\n\v\f\x85\xa0\u2000\u2001\u2002\u2003\u2009\u200a\u200b\u202f\u205f\u2060\u3000\ufeff"
_EMOJI_MARK = "\ufe0f"
_DASHES = str.maketrans({"\u2212": "-", "\u2010": "-", "\u2011": "-"})


def tidy(text: str) -> str:
    """The text without stray blanks at its edges and with full-width letters, digits and punctuation made plain."""
    if text.isascii():
        return text.strip()
    return unicodedata.normalize("NFKC", text).translate(_DASHES).strip(_EDGES)


def fold(text: str) -> str:
    """The text as it is compared: tidy and without upper case."""
    return tidy(text).casefold()


# Numbers

_CURRENCY = r"(?:¥|RMB|CNY|人民币)"
_FIGURES = r"(?P<figures>(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+)"
_NUMBER = re.compile(rf"(?P<sign>[+-]?)\s*{_FIGURES}\s*(?P<times>[万亿]?)")
_MONEY = re.compile(
    rf"(?P<sign>[+-]?)\s*(?:{_CURRENCY}\s*[::]?\s*)?(?P<inner>[+-]?)\s*{_FIGURES}\s*(?P<times>[万亿]?)\s*(?:元整?|圆整?|RMB|CNY)?",
    re.IGNORECASE,
)
_PERCENT = re.compile(rf"(?P<sign>[+-]?)\s*{_FIGURES}\s*(?P<per>[%‰]?)")
_BRACKETS = re.compile(r"\(\s*(?P<inside>[^()+-]+?)\s*\)(?P<after>\s*元?)")
_TIMES = {"": Decimal(1), "万": Decimal(10_000), "亿": Decimal(100_000_000)}
_PER = {"%": Decimal(100), "‰": Decimal(1000)}


def whole(text: str) -> int:
    """`1,204`, `3.0`, `1.2万` as a whole number; `3.5` is ODD."""
    return _number(text, _NUMBER, 1)


def decimal(text: str) -> int:
    """`12.5` in 1/10,000; more than four decimals are ODD."""
    return _number(text, _NUMBER, SCALE["decimal"])


def money(text: str) -> int:
    """`¥1,234.50`, `1.2万元`, `RMB 300`, `(300)` in fen; more than two decimals, or another currency, are ODD."""
    return _number(text, _MONEY, SCALE["money"])


def percent(text: str) -> int:
    """`3%` or `0.03` as a share in 1/1,000,000; a bare number beyond 1 is ODD, since 3 may mean 3 % or 300 %."""
    found = _PERCENT.fullmatch(text)
    if not found:
        return ODD
    amount = _signed(found)
    if not found["per"]:
        return share(amount) if abs(amount) <= 1 else ODD
    return share(amount / _PER[found["per"]])


def share(amount: Decimal) -> int:
    """A share in 1/1,000,000, rounded: formulas give thirds."""
    return _exact((amount * SCALE["percent"]).to_integral_value(ROUND_HALF_EVEN))


def _number(text: str, pattern: re.Pattern[str], scale: int) -> int:
    bracketed = _BRACKETS.fullmatch(text)
    found = pattern.fullmatch(bracketed["inside"] + bracketed["after"] if bracketed else text)
    if not found:
        return ODD
    amount = _signed(found) * _TIMES[found["times"]] * scale
    return _exact(-amount if bracketed else amount)


def _signed(found: re.Match[str]) -> Decimal:
    signs = found["sign"] + found.groupdict().get("inner", "")
    amount = Decimal(found["figures"].replace(",", ""))
    return -amount if signs == "-" else amount if len(signs) < 2 else Decimal("NaN")


def _exact(amount: Decimal) -> int:
    if not amount.is_finite() or abs(amount) > LARGEST or amount != amount.to_integral_value():
        return ODD
    return int(amount)


# Dates and times of day

_DATE = (
    r"(?:(?P<y>\d{4})\s*年\s*(?P<m>\d{1,2})\s*月\s*(?P<d>\d{1,2})\s*[日号]?"
    r"|(?P<y2>\d{4})(?P<mark>[-/.])(?P<m2>\d{1,2})(?P=mark)(?P<d2>\d{1,2})"
    r"|(?P<y3>\d{4})(?P<m3>\d\d)(?P<d3>\d\d))"
)
_WEEKDAY = r"(?:\s*\(?(?:星期|周)(?P<weekday>[一二三四五六日天])\)?)?"
_TIME = (
    r"(?P<half>上午|下午|中午|早上|晚上|凌晨|am|pm)?\s*(?P<hour>\d{1,2})"
    r"(?:\s*:\s*(?P<minute>\d\d)(?:\s*:\s*(?P<second>\d\d)(?:\.\d+)?)?"
    r"|\s*[点时](?:\s*整|\s*(?P<thirty>半)|\s*(?P<minute2>\d\d|\d(?=\s*分))\s*分?(?:\s*(?P<second2>\d{1,2})\s*秒)?)?)"
    r"\s*(?P<half2>am|pm)?"
)
_STAMP = re.compile(rf"{_DATE}{_WEEKDAY}(?:(?:\s*t\s*|\s+|(?<=\D)|(?=[上下中早晚凌])){_TIME})?", re.IGNORECASE)
_CLOCK = re.compile(_TIME, re.IGNORECASE)
_WEEKDAYS = {name: number for number, name in enumerate("一二三四五六日")} | {"天": 6}


def day(text: str) -> int:
    """`2026年9月30日`, `2026.9.30`, `20260930` as seconds since 1970 at 00:00; a time of day is dropped, a missing year is ODD."""
    found = _STAMP.fullmatch(text)
    if not found or (found["hour"] and _seconds(found) == ODD):
        return ODD
    return _date(found)


def stamp(text: str) -> int:
    """`2026/9/30 14:05`, `2026年9月30日 下午2点半` as seconds since 1970; a bare date is 00:00 of that day."""
    found = _STAMP.fullmatch(text)
    if not found:
        return ODD
    start, seconds = _date(found), _seconds(found) if found["hour"] else 0
    return ODD if ODD in (start, seconds) else start + seconds


def clock(text: str) -> int:
    """`14:05`, `下午2:05`, `14点30分` as seconds since midnight; 24:00 is ODD, for no time of day is called so."""
    found = _CLOCK.fullmatch(text)
    seconds = _seconds(found) if found else ODD
    return ODD if seconds == DAY else seconds


def _date(found: re.Match[str]) -> int:
    year, month, number = (int(found[name] or found[f"{name}2"] or found[f"{name}3"]) for name in "ymd")
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return ODD
    try:
        spelled = date(year, month, number)
    except ValueError:
        return ODD
    if found["weekday"] and _WEEKDAYS[found["weekday"]] != spelled.weekday():
        return ODD
    return (spelled.toordinal() - EPOCH) * DAY


def _seconds(found: re.Match[str]) -> int:
    minute = 30 if found["thirty"] else int(found["minute"] or found["minute2"] or 0)
    second = int(found["second"] or found["second2"] or 0)
    halves = {half.casefold() for half in (found["half"], found["half2"]) if half}
    hour = _hour(int(found["hour"]), halves.pop() if halves else "")
    if halves or hour is None or minute > 59 or second > 59 or (hour == 24 and minute + second):
        return ODD
    return hour * 3600 + minute * 60 + second


def _hour(hour: int, half: str) -> int | None:
    """The hour of the day, or None where the words and the number disagree (`上午14点`) or leave a choice (`晚上12点`)."""
    if not half:
        return hour if hour <= 24 else None
    if half in ("am", "pm"):
        return hour % 12 + 12 * (half == "pm") if 1 <= hour <= 12 else None
    if half == "中午":
        return {11: 11, 12: 12, 1: 13, 2: 14}.get(hour)
    if half in ("下午", "晚上"):
        return hour + 12 if 1 <= hour <= 11 else hour if (half, hour) == ("下午", 12) or 13 <= hour <= 23 else None
    return hour if hour < 12 else 0 if (half, hour) == ("凌晨", 12) else None


# Ticks, addresses and numbers to call

_YES = ("是", "是的", "√", "✓", "✔", "☑", "✅", "y", "yes", "t", "true", "1", "对", "有", "已")
_NO = ("否", "不是", "×", "✗", "✘", "☐", "❌", "n", "no", "f", "false", "0", "错", "无", "没有", "未")
_TICKS = dict.fromkeys(_YES, 1) | dict.fromkeys(_NO, 0)
_EMAIL = re.compile(
    r"(?P<local>[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*)"
    r"@(?P<domain>(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9])",
    re.IGNORECASE,
)
_PHONE = re.compile(r"(?=(?:\D*\d){3,20}\D*$)\+?(?:\(\d+\)|\d)[\d ()-]*\d(?:\s*(?:转|ext\.?)\s*\d{1,6})?", re.IGNORECASE)


def tick(text: str) -> int:
    """`是`, `√`, `yes` are 1; `否`, `×`, `无`, `no` are 0."""
    return _TICKS.get(text.casefold().rstrip(_EMOJI_MARK), ODD)


def email(text: str) -> str | None:
    """One address with its domain in lower case, or None; names, lists and line breaks are refused."""
    found = _EMAIL.fullmatch(text) if len(text) <= 254 else None
    return f"{found['local']}@{found['domain'].lower()}" if found else None


def phone(text: str) -> str | None:
    """One number of 3 to 20 digits with blanks, `+`, `-`, brackets and an extension (`转801`), kept as typed, or None."""
    return text if _PHONE.fullmatch(text) else None


CODES: Mapping[str, Callable[[str], int]] = {
    "integer": whole,
    "decimal": decimal,
    "money": money,
    "percent": percent,
    "date": day,
    "datetime": stamp,
    "time": clock,
    "boolean": tick,
}
"""How a tidy text of each type becomes its code; see `model.Sheet` for what the codes mean."""
