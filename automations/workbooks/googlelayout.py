"""New tabs and columns at Google as a clerk would want them: headers with notes, formats, dropdowns, colours, a warning on our columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any
from zlib import crc32

from automations.model import Column, Table
from automations.workbooks import looks
from automations.workbooks.googleanchors import ANCHOR
from automations.workbooks.googlesheet import quoted
from automations.workbooks.googlewriting import Request

KINDS: Mapping[str, str] = {
    "text": "TEXT",
    "choice": "TEXT",
    "email": "TEXT",
    "phone": "TEXT",
    "reference": "TEXT",
    "integer": "NUMBER",
    "decimal": "NUMBER",
    "money": "NUMBER",
    "percent": "PERCENT",
    "date": "DATE",
    "datetime": "DATE_TIME",
    "time": "TIME",
}
ACROSS: Mapping[str | None, str] = {"right": "RIGHT", "center": "CENTER"}
PIXELS, ROWS = 8, 1000
"""Pixels of a character's width, and the rows of a new tab."""


@dataclass(frozen=True)
class Block:
    """Columns of one table that are added side by side: where, and to which tab."""

    table: Table
    columns: tuple[Column, ...]
    sheet_id: int
    header_row: int
    first: int
    language: str
    formulas: Mapping[str, str] = field(default_factory=dict)
    """Of columns that only show what stands elsewhere: the formula in their header."""

    def requests(self) -> Iterator[Request]:
        """Everything the columns get, in the order Google is to do it."""
        yield self._headers()
        for place, column in enumerate(self.columns, self.first):
            yield self._cells(place, column)
            yield self._width(place, column)
            yield from self._choices(place, column)
            yield from self._colours(place, column)
            yield self._anchor(place, column)
        yield from self._warnings()

    def _headers(self) -> Request:
        values = [self._header(column) for column in self.columns]
        start = {"sheetId": self.sheet_id, "rowIndex": self.header_row - 1, "columnIndex": self.first}
        return {"updateCells": {"rows": [{"values": values}], "fields": "userEnteredValue,userEnteredFormat,note", "start": start}}

    def _header(self, column: Column) -> Request:
        look = {
            "backgroundColorStyle": colour(looks.OUR_HEADER if column.ours else looks.STAFF_HEADER),
            "textFormat": {**self._font(), "bold": True, "foregroundColorStyle": colour("FFFFFF")},
            "horizontalAlignment": "CENTER",
            "verticalAlignment": "MIDDLE",
            "wrapStrategy": "WRAP",
        }
        note = looks.header_note(column, self.language)
        return {
            "userEnteredValue": self._entered(column),
            "userEnteredFormat": look,
            **({"note": note} if note else {}),
        }

    def _entered(self, column: Column) -> Request:
        formula = self.formulas.get(column.key)
        return {"formulaValue": formula} if formula else {"stringValue": column.heading(self.language)}

    def _font(self) -> dict[str, Any]:
        name, size = looks.FONTS.get(self.language, looks.FONTS["zh"])
        return {"fontFamily": name, "fontSize": int(size)}

    def _below(self, place: int, width: int = 1) -> dict[str, int]:
        """The column below its header, to the end of the tab."""
        return {"sheetId": self.sheet_id, "startRowIndex": self.header_row, "startColumnIndex": place, "endColumnIndex": place + width}

    def _cells(self, place: int, column: Column) -> Request:
        """The look of the whole column."""
        across = looks.alignment(self.table, column)
        look: dict[str, Any] = {"verticalAlignment": "MIDDLE", "textFormat": self._font()}
        if column.type in KINDS:
            look["numberFormat"] = {"type": KINDS[column.type], "pattern": looks.format_of(column)}
        if across.horizontal in ACROSS:
            look["horizontalAlignment"] = ACROSS[across.horizontal]
        if across.wrap_text:
            look["wrapStrategy"] = "WRAP"
        if column.ours:
            look["backgroundColorStyle"] = colour(looks.OUR_CELLS)
        return {"repeatCell": {"range": self._below(place), "cell": {"userEnteredFormat": look}, "fields": "userEnteredFormat"}}

    def _width(self, place: int, column: Column) -> Request:
        range_ = {"sheetId": self.sheet_id, "dimension": "COLUMNS", "startIndex": place, "endIndex": place + 1}
        pixels = looks.width_of(self.table, column, self.language) * PIXELS
        return {"updateDimensionProperties": {"range": range_, "properties": {"pixelSize": pixels}, "fields": "pixelSize"}}

    def _choices(self, place: int, column: Column) -> Iterator[Request]:
        """A dropdown for what staff fill; another value is marked, not forbidden."""
        choices = looks.choices_of(column, self.language)
        if choices:
            condition = {"type": "ONE_OF_LIST", "values": [{"userEnteredValue": choice} for choice in choices]}
            rule = {"condition": condition, "strict": False, "showCustomUi": True}
            yield {"setDataValidation": {"range": self._below(place), "rule": rule}}

    def _colours(self, place: int, column: Column) -> Iterator[Request]:
        """The colour of a state by its word, and of the time left by words in it; no formula, whose spelling depends on the locale."""
        if looks.is_state(self.table, column):
            yield from (self._tinted(place, "TEXT_EQ", word, tint) for word, tint in looks.TINTS.items() if self._speaks(word))
        if column.key == self.table.summary.get("left"):
            pairs = [(word, tint) for tint, words in looks.URGENT.items() for word in words]
            yield from (self._tinted(place, "TEXT_CONTAINS", word, tint) for word, tint in pairs if self._speaks(word))

    def _speaks(self, word: str) -> bool:
        return word.isascii() == (self.language == "en")

    def _tinted(self, place: int, test: str, word: str, tint: str) -> Request:
        paper, ink = looks.COLOURS[tint]
        look = {"backgroundColorStyle": colour(paper), "textFormat": {"foregroundColorStyle": colour(ink), "bold": tint == "red"}}
        condition = {"type": test, "values": [{"userEnteredValue": word}]}
        rule = {"ranges": [self._below(place)], "booleanRule": {"condition": condition, "format": look}}
        return {"addConditionalFormatRule": {"rule": rule, "index": 0}}

    def _warnings(self) -> Iterator[Request]:
        """Whoever types into a column of ours is asked first."""
        for places in _runs([place for place, column in enumerate(self.columns, self.first) if column.ours]):
            shut = {"range": self._below(places[0], len(places)), "warningOnly": True, "description": looks.said(self.language)["ours"]}
            yield {"addProtectedRange": {"protectedRange": shut}}

    def _anchor(self, place: int, column: Column) -> Request:
        """A mark on the column that goes where the column goes and says what it is."""
        where = {"sheetId": self.sheet_id, "dimension": "COLUMNS", "startIndex": place, "endIndex": place + 1}
        kept = {
            "metadataKey": ANCHOR,
            "metadataValue": f"{self.table.name}/{column.key}",
            "visibility": "DOCUMENT",
            "location": {"dimensionRange": where},
        }
        return {"createDeveloperMetadata": {"developerMetadata": kept}}


def _runs(places: Sequence[int]) -> Iterator[list[int]]:
    for _, run in groupby(enumerate(places), key=lambda pair: pair[1] - pair[0]):
        yield [place for _, place in run]


def colour(text: str) -> Request:
    """A colour such as 1F4E5F as Google takes it."""
    red, green, blue = (int(text[at : at + 2], 16) / 255 for at in (0, 2, 4))
    return {"rgbColor": {"red": red, "green": green, "blue": blue}}


def new_tab(table: Table, title: str, sheet_id: int, number: int, language: str) -> Iterator[Request]:
    """A whole new tab: a frozen header row with filter buttons, and its columns."""
    grid = {"rowCount": ROWS, "columnCount": len(table.columns), "frozenRowCount": 1}
    tint = colour(looks.TAB_COLOURS[number % len(looks.TAB_COLOURS)])
    yield {"addSheet": {"properties": {"sheetId": sheet_id, "title": title, "gridProperties": grid, "tabColorStyle": tint}}}
    yield from Block(table, table.columns, sheet_id, 1, 0, language).requests()
    yield {"setBasicFilter": {"filter": {"range": {"sheetId": sheet_id, "startRowIndex": 0, "endColumnIndex": len(table.columns)}}}}


def look_up(header: str, header_row: int, key: str, title: str, own_key: str, own: str) -> str:
    """The formula in the header of a column that shows, for the key of each row, what a column of another tab says; columns by letters.

    It stands in the header row, which no sort moves, and its ranges begin there, so that rows put in below do not shift them.
    Arguments are parted by semicolons, which every locale takes.
    """
    keys, said = f"${key}${header_row}:${key}", header.replace('"', '""')
    found = f'XLOOKUP(TRIM({keys}&"");{quoted(title)}!${own_key}:${own_key};{quoted(title)}!${own}:${own})'
    return f'=ARRAYFORMULA(IF(ROW({keys})=ROW(${key}${header_row});"{said}";IF({keys}="";;IFNA({found}))))'


def wider(sheet_id: int, columns: int, needed: int) -> Iterator[Request]:
    """More columns, where the grid ends before the ones that are added."""
    if needed > columns:
        yield {"appendDimension": {"sheetId": sheet_id, "dimension": "COLUMNS", "length": needed - columns}}


def free_id(title: str, taken: set[int]) -> int:
    """A number for a new tab that no other has; the same for the same title, so that a repeated batch is refused and not doubled."""
    number = crc32(title.encode()) & 0x7FFF_FFFF
    while number in taken:
        number = (number + 1) & 0x7FFF_FFFF
    return number
