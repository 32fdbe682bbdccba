"""Turns the XML of one cell into a raw value and a typed value into the XML of one cell."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from html import unescape
from typing import Any

from automations.model import Value
from automations.workbooks.protocol import DAY, fitted, number_digits
from automations.workbooks.sheetxml import CellXml
from automations.workbooks.stylesheet import Shown

PHONETIC = re.compile(rb"<(?:\w+:)?rPh[\s>].*?</(?:\w+:)?rPh>", re.DOTALL)
PLAIN = re.compile(rb"<(?:si|is)><t(?: xml:space=\"preserve\")?>([^<&]*)</t></(?:si|is)>")
TEXT = re.compile(rb"<(?:\w+:)?t(?:\s[^>]*)?>(.*?)</(?:\w+:)?t>", re.DOTALL)
VALUE = re.compile(rb"<(?:\w+:)?v(?:\s[^>]*)?>(.*?)</(?:\w+:)?v>", re.DOTALL)
STRING = re.compile(rb"<(?:\w+:)?si(?=[\s/>])")
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
ILLEGAL = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
FIRST_LEAP = date(1900, 3, 1)
"""Serial numbers before this day are one less than the day count, after an old bug that spreadsheets keep."""


def text_of(xml: bytes) -> str:
    """The text of an `<si>` or `<is>` element: its runs joined, without phonetic hints, escapes undone."""
    plain = PLAIN.match(xml)
    if plain:
        return _unescaped(plain[1].decode("utf-8", "replace"))
    said = b"".join(TEXT.findall(PHONETIC.sub(b"", xml) if b"rPh" in xml else xml)).decode("utf-8", "replace")
    return _unescaped(said)


def _unescaped(said: str) -> str:
    said = unescape(said) if "&" in said else said
    return ESCAPED.sub(lambda found: chr(int(found[1], 16)), said) if "_x" in said else said


class SharedStrings:
    """The workbook's shared texts, decoded one by one when asked for."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    @cached_property
    def _starts(self) -> list[int]:
        return [found.start() for found in STRING.finditer(self.data)] + [len(self.data)]

    def __getitem__(self, number: int) -> str:
        return text_of(self.data[self._starts[number] : self._starts[number + 1]])


class CellReader:
    """Reads cells as the whole-sheet reader does: text, number, truth, or a date where the style shows one."""

    def __init__(self, strings: SharedStrings, shows: Callable[[int], Shown], epoch: date) -> None:
        self.strings, self.shows, self.epoch = strings, shows, epoch

    def read(self, cell: CellXml | None) -> Any:
        """The raw value of a cell; None for a blank one."""
        if cell is None or not cell.body:
            return None
        kind = cell.attribute(b"t")
        if kind == b"inlineStr":
            return text_of(cell.body)
        found = VALUE.search(cell.body)
        if not found or not found[1].strip():
            return None
        try:
            return self._valued(kind, found[1], cell)
        except (ValueError, IndexError):
            return _unescaped(found[1].decode("utf-8", "replace"))

    def _valued(self, kind: bytes, value: bytes, cell: CellXml) -> Any:
        if kind == b"s":
            return self.strings[int(value)]
        if kind in (b"str", b"e"):
            return _unescaped(value.decode("utf-8", "replace"))
        if kind == b"b":
            return value.strip() == b"1"
        if kind == b"d":
            return datetime.fromisoformat(value.decode()).replace(tzinfo=None)
        return self._number(float(value), self.shows(int(cell.attribute(b"s") or 0)))

    def _number(self, number: float, shown: Shown) -> Any:
        if not shown:
            return number
        if shown == "elapsed":
            return timedelta(days=number)
        return moment_of(number, self.epoch)


def moment_of(serial: float, epoch: date) -> datetime | time | float:
    """The moment of a serial number, to the millisecond; a time of day below 1; the number itself if there is no such day."""
    if not 0 <= serial < 2_958_466:
        return serial
    start = datetime(epoch.year, epoch.month, epoch.day)
    moment = start + timedelta(milliseconds=round(serial * DAY * 1000))
    return moment.time() if serial < 1 else moment


def serial_text(value: date | datetime | time, epoch: date) -> str | None:
    """The serial number of a date or time as it is written; None before the first day a spreadsheet knows."""
    if isinstance(value, time):
        return repr((value.hour * 3600 + value.minute * 60 + value.second) / DAY)
    day = value.date() if isinstance(value, datetime) else value
    days = (day - epoch).days - (1 if epoch.year == 1899 and day < FIRST_LEAP else 0)
    if days < 1 - (epoch.year == 1904):
        return None
    clock = value.hour * 3600 + value.minute * 60 + value.second if isinstance(value, datetime) else 0
    return repr(days + clock / DAY) if clock else str(days)


def cell_xml(name: str, style: int, value: Value, epoch: date, prefix: bytes = b"") -> bytes:
    """One `<c>` element. Text is an inline string, so that it can never be taken for a formula."""
    head = f'r="{name}"' + (f' s="{style}"' if style else "")
    if value is None:
        return f"<{prefix.decode()}c {head}/>".encode()
    kind, inner = _inner(value, epoch, prefix.decode())
    return f"<{prefix.decode()}c {head}{kind}>{inner}</{prefix.decode()}c>".encode()


def _inner(value: Value, epoch: date, prefix: str) -> tuple[str, str]:
    """The `t` attribute with its blank before, and what stands inside the cell."""
    if isinstance(value, bool):
        return ' t="b"', f"<{prefix}v>{int(value)}</{prefix}v>"
    number = number_text(value, epoch)
    if number is not None:
        return "", f"<{prefix}v>{number}</{prefix}v>"
    text = escaped(fitted(value if isinstance(value, str) else str(value)))
    return ' t="inlineStr"', f'<{prefix}is><{prefix}t xml:space="preserve">{text}</{prefix}t></{prefix}is>'


def number_text(value: Value, epoch: date) -> str | None:
    """A number or date as it stands in `<v>`; None for what must be text: text, days before 1900, more than 15 digits."""
    if isinstance(value, date | time):
        return serial_text(value, epoch)
    if isinstance(value, int | Decimal):
        return number_digits(value)
    return None


def escaped(text: str) -> str:
    """Text as XML, with what XML cannot hold written as `_xHHHH_` and what looks like that protected."""
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    text = ESCAPED.sub(lambda found: f"_x005F{found[0]}", text)
    text = ILLEGAL.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
