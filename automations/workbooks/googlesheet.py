"""One Google spreadsheet: its structure, its values in one call, a close look at some tabs, and one atomic write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any
from urllib.parse import quote

from requests import Response

from automations.errors import WorkbookRefused
from automations.model import Grid
from automations.workbooks.googleanchors import TOP, TOP_FIELDS, Anchored
from automations.workbooks.googlehttp import SHEETS, Call, Effect, SheetsHttp, served_at
from automations.workbooks.googlelooking import Part
from automations.workbooks.googletab import GoogleTab, trimmed
from automations.workbooks.protocol import header_text

GRID = (
    "sheets(properties(sheetId,title,index,sheetType,hidden,gridProperties(rowCount,columnCount,frozenRowCount)),"
    "developerMetadata(metadataKey),charts(chartId))"
)
MARKS = "developerMetadata(metadataId,metadataKey,metadataValue)"
STRUCTURE = f"spreadsheetId,properties(title,locale,timeZone),{MARKS},{GRID}"
CLOSED = "merges,protectedRanges(range,requestingUserCanEdit,warningOnly,unprotectedRanges)"
CELLS = "data(startRow,startColumn,rowData(values(effectiveValue,userEnteredValue(formulaValue),userEnteredFormat(numberFormat(type)))))"
LOOK = f"{MARKS},sheets(properties(sheetId,title,gridProperties(rowCount)),{CLOSED},{CELLS})"
SHOWN = f"updatedSpreadsheet({MARKS},sheets(properties(sheetId,title),data(startRow,startColumn,rowData(values(effectiveValue)))))"
LOADING = "Loading..."
"""What a formula shows whose value the sheet still waits for."""
TRIES = 3
"""How often marks and values are read until they fit: people may be at work on the header just then."""
NOTHING_OF: Mapping[str, Part | None] = {}
LONGEST_ADDRESS = 1500
"""Letters of ranges that go into the address of a call."""
OLD = 3600.0
"""Seconds after which a structure is read again although the values fit it: a tab added meanwhile contradicts nothing."""


@dataclass(frozen=True)
class Structure:
    """What a spreadsheet is made of: its tabs by title, its zone and locale, and when the server said so."""

    said: Mapping[str, Any]
    at: float | None

    @property
    def titles(self) -> list[str]:
        """The titles of all tabs that hold cells, in order."""
        kept = [each["properties"] for each in self.said.get("sheets", ())]
        return [str(each["title"]) for each in kept if each.get("sheetType", "GRID") == "GRID"]

    @property
    def marks(self) -> Sequence[Mapping[str, Any]]:
        """The marks that programs have left on the spreadsheet."""
        marks: Sequence[Mapping[str, Any]] = self.said.get("developerMetadata", ())
        return marks

    @property
    def zone(self) -> str:
        """The time zone of the file's dates."""
        return str(self.said.get("properties", {}).get("timeZone", ""))

    @property
    def name(self) -> str:
        """The file's name, for people."""
        return str(self.said.get("properties", {}).get("title", ""))

    @property
    def locale(self) -> str:
        """The file's locale; typed values and serial numbers do not depend on it."""
        return str(self.said.get("properties", {}).get("locale", ""))

    def width(self, title: str) -> int:
        """How many columns the grid of a tab has."""
        return int(self._properties(title).get("gridProperties", {}).get("columnCount", 0))

    def height(self, title: str) -> int:
        """How many rows the grid of a tab has."""
        return int(self._properties(title).get("gridProperties", {}).get("rowCount", 0))

    def sheet_id(self, title: str) -> int | None:
        """The id of a tab, for its link."""
        properties = self._properties(title)
        return int(properties.get("sheetId", 0)) if properties else None

    def charts(self, title: str) -> int:
        """How many charts lie on a tab."""
        return len(self._tab(title).get("charts", ()))

    def marked(self, mark: str) -> str | None:
        """The title of the tab that bears a mark."""
        found = (each for each in self.said.get("sheets", ()) for one in each.get("developerMetadata", ()) if one["metadataKey"] == mark)
        return next((str(each["properties"]["title"]) for each in found), None)

    def _properties(self, title: str) -> Mapping[str, Any]:
        properties: Mapping[str, Any] = self._tab(title).get("properties", {})
        return properties

    def _tab(self, title: str) -> Mapping[str, Any]:
        return next((each for each in self.said.get("sheets", ()) if each["properties"]["title"] == title), {})


@dataclass(frozen=True)
class Read:
    """The values of one call, and a short name of them that changes when they do."""

    grids: list[Grid]
    fingerprint: str
    at: float | None


@dataclass(frozen=True)
class Look:
    """Some tabs as they stood at one moment, with the marks of the spreadsheet."""

    tabs: Mapping[str, GoogleTab]
    marks: Sequence[Mapping[str, Any]]
    at: float | None


class Spreadsheet:
    """One spreadsheet, known by its id. `titles` limits which tabs are read (None: all)."""

    def __init__(self, http: SheetsHttp, spreadsheet_id: str, titles: frozenset[str] | None = None) -> None:
        self.http, self.id, self.wanted = http, spreadsheet_id, titles
        self.url = f"{SHEETS}/v4/spreadsheets/{spreadsheet_id}"
        self._structure: Structure | None = None
        self.anchored: Mapping[str, Anchored] = {}

    def structure(self, *, fresh: bool = False) -> Structure:
        """What the spreadsheet is made of, as last read; `fresh` reads it now."""
        if fresh or self._structure is None:
            response = self._get(self.url, {"fields": STRUCTURE})
            self._structure = Structure(response.json(), served_at(response))
        return self._structure

    def recall(self, structure: Structure, anchored: Mapping[str, Anchored]) -> None:
        """A structure and marks that were read before; the first values that contradict them have them read again."""
        self._structure, self.anchored = structure, anchored

    def tabs(self) -> list[str]:
        """The titles of the tabs to read."""
        titles = self.structure().titles
        return titles if self.wanted is None else [title for title in titles if header_text(title) in self.wanted]

    def values(self) -> Read:
        """Every tab as raw values, in one call: numbers and dates as numbers, never as somebody's locale shows them.

        Where a header row changed since the marks on the columns were read, one more call reads them, with the header rows of that
        moment; only marks that fit the values are used.
        """
        read = self._settled_values()
        for _ in range(TRIES):
            grids = [self._anchored(grid) for grid in read.grids]
            if all(grids):
                break
            if not self._read_anchors(read.grids):
                read = self._settled_values()
        else:
            self._do_without_anchors(read.grids)
        marked = [self._anchored(grid) or grid for grid in read.grids]
        told = f"{read.fingerprint} {[sorted(grid.anchors.items()) for grid in marked]}".encode()
        return replace(read, grids=marked, fingerprint=blake2b(told, digest_size=12).hexdigest())

    def _anchored(self, grid: Grid) -> Grid | None:
        """A grid with the marks of its columns; None if they are not known, or of another header row."""
        known = self.anchored.get(str(self.structure().sheet_id(grid.title)))
        return known.on(grid) if known else None

    def _read_anchors(self, grids: Sequence[Grid]) -> bool:
        """Read the marks of these tabs now; whether they fit the grids. A tab that went meanwhile makes them not fit."""
        ranges = [f"{quoted(grid.title)}!1:{TOP}" for grid in grids]
        try:
            said = self._get(self.url, {"fields": TOP_FIELDS, "ranges": ranges}).json()
        except WorkbookRefused as error:
            if error.status != 400:
                raise
            self.structure(fresh=True)
            return False
        widths = {grid.title: len(grid.columns) for grid in grids}
        tabs = [(each, each["properties"]) for each in said.get("sheets", ())]
        self.anchored = {str(about.get("sheetId", 0)): Anchored.of(each, widths.get(about["title"], 0)) for each, about in tabs}
        return all(self._anchored(grid) for grid in grids)

    def _do_without_anchors(self, grids: Sequence[Grid]) -> None:
        """Marks that fit no reading are left alone until the tab gets wider, so that no later pass pays for them."""
        lost = [grid for grid in grids if not self._anchored(grid)]
        self.anchored = {
            **self.anchored,
            **{str(self.structure().sheet_id(grid.title)): Anchored((), {}, len(grid.columns)) for grid in lost},
        }

    def _settled_values(self) -> Read:
        """The values of the tabs that are there now."""
        known = self._structure is not None
        try:
            read = self._values()
        except WorkbookRefused as error:
            if not known or error.status not in (400, 404):
                raise
            self.structure(fresh=True)
            return self._values()
        if known and self._is_old(read.at):
            before = self.tabs()
            self.structure(fresh=True)
            return read if self.tabs() == before else self._values()
        return read

    def _values(self) -> Read:
        titles = self.tabs()
        if not titles:
            return Read([], "", None)
        asked = {
            "ranges": [quoted(title) for title in titles],
            "majorDimension": "COLUMNS",
            "valueRenderOption": "UNFORMATTED_VALUE",
            "dateTimeRenderOption": "SERIAL_NUMBER",
        }
        response = self._get(f"{self.url}/values:batchGet", asked)
        ranges = response.json().get("valueRanges", [])
        unready = LOADING.encode() in response.content
        columns = [trimmed(each.get("values", ())) for each in ranges]
        grids = [
            Grid(title, each, loading=unready and _is_loading(each), href=self.link(title))
            for title, each in zip(titles, columns, strict=True)
        ]
        told = repr(titles).encode() + response.content
        return Read(grids, blake2b(told, digest_size=12).hexdigest(), served_at(response))

    def link(self, title: str) -> str:
        """The address that opens a tab in the browser; with a row number behind it, at that row."""
        return f"https://docs.google.com/spreadsheets/d/{self.id}/edit#gid={self.structure().sheet_id(title) or 0}&range=A"

    def _is_old(self, now: float | None) -> bool:
        """Whether the structure was read long ago, by the server's own clock."""
        at = self.structure().at
        return at is not None and now is not None and now - at > OLD

    def look(self, parts: Mapping[str, Part | None] = NOTHING_OF) -> Look:
        """Those of the tabs that still are there, closely, in one call: these parts of them, or all of them (None)."""
        there = {title: part for title, part in parts.items() if title in self.structure().titles}
        try:
            return self._look(there)
        except WorkbookRefused as error:
            if error.status != 400:
                raise
            titles_now = self.structure(fresh=True).titles
            return self._look({title: part for title, part in there.items() if title in titles_now})

    def _look(self, parts: Mapping[str, Part | None]) -> Look:
        response = self._shown(
            {"fields": LOOK if parts else MARKS}, [each for title in parts for each in self._ranges(title, parts[title])]
        )
        said = response.json()
        tabs = [GoogleTab(each, self.http.account, parts.get(each["properties"]["title"])) for each in said.get("sheets", ())]
        return Look({tab.title: tab for tab in tabs if tab.title in parts}, said.get("developerMetadata", ()), served_at(response))

    def _ranges(self, title: str, part: Part | None) -> list[str]:
        return [quoted(title)] if part is None else part.ranges(quoted(title), self.structure().height(title))

    def _shown(self, params: Mapping[str, Any], ranges: list[str]) -> Response:
        """Some ranges with their cells; more than an address can hold are asked for in a body."""
        if sum(map(len, map(quote, ranges))) <= LONGEST_ADDRESS:
            return self._get(self.url, {**params, "ranges": ranges} if ranges else params)
        filters = [{"a1Range": each} for each in ranges]
        return self.http.send(Call("POST", f"{self.url}:getByDataFilter", params, {"dataFilters": filters}, "safe"))

    def write(self, requests: Sequence[Mapping[str, Any]], ranges: Sequence[str]) -> Look:
        """One atomic batch, sent once; the answer shows the ranges, and the marks, as they stand after it."""
        body = {"requests": requests, "includeSpreadsheetInResponse": True, "responseRanges": ranges, "responseIncludeGridData": True}
        response = self._post(body, {"fields": SHOWN}, "once")
        said = response.json().get("updatedSpreadsheet", {})
        tabs = [GoogleTab(each) for each in said.get("sheets", ())]
        return Look({tab.title: tab for tab in tabs}, said.get("developerMetadata", ()), served_at(response))

    def change(self, requests: Sequence[Mapping[str, Any]], effect: Effect = "once") -> list[Mapping[str, Any]]:
        """One atomic batch; the reply to each of its requests."""
        replies: list[Mapping[str, Any]] = self._post({"requests": requests}, {}, effect).json().get("replies", [])
        return replies

    def _get(self, url: str, params: Mapping[str, Any]) -> Response:
        return self.http.send(Call("GET", url, params, None, "safe"))

    def _post(self, body: Mapping[str, Any], params: Mapping[str, Any], effect: Effect) -> Response:
        return self.http.send(Call("POST", f"{self.url}:batchUpdate", params, body, effect))


def _is_loading(columns: Sequence[Sequence[Any]]) -> bool:
    return any(LOADING in column for column in columns)


def quoted(title: str) -> str:
    """A tab's title as a range of the API."""
    return "'{}'".format(title.replace("'", "''"))
