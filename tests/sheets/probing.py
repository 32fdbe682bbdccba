"""What the probe needs to ask the service questions: one spreadsheet of its own, tabs to spoil, and shorthand for requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import requests

Json = dict[str, Any]
TIMEOUT = (10, 180)
HEADERS = ["编号", "状态", "金额"]
ROWS = [["TS-1", "甲", 3], ["TS-2", "乙", 1], ["TS-3", "丙", 2]]


class Unmet(Exception):
    """A belief does not hold: what was expected and what came."""


class Skipped(Exception):
    """A belief that cannot be probed this time, and what it would take."""


@dataclass
class Probe:
    """A session that is logged in, a spreadsheet to work in, and what was made in it."""

    session: requests.Session
    url: str = "https://sheets.googleapis.com"
    drive: str = "https://www.googleapis.com"
    spreadsheet_id: str = ""
    other: requests.Session | None = None
    """A second account that the probe's file is shared with as an editor."""
    other_email: str = ""
    pace: Callable[[], object] = lambda: None
    """Waits between two calls, so that the quota is not met."""
    hand: Callable[[str, Probe, int], None] | None = None
    """Asks the person at the keyboard to do something in the tab with this id."""
    tabs: list[int] = field(default_factory=list)
    own_file: bool = False

    def __enter__(self) -> Probe:
        if not self.spreadsheet_id:
            made = self.call("POST", "/v4/spreadsheets", {"properties": {"title": "Rowkeeper probe, may be deleted"}})
            self.spreadsheet_id, self.own_file = made["spreadsheetId"], True
            if self.other_email:
                self._share(self.other_email)
        return self

    def _share(self, email: str) -> None:
        body = {"type": "user", "role": "writer", "emailAddress": email}
        path = f"/drive/v3/files/{self.spreadsheet_id}/permissions"
        self.session.post(self.drive + path, json=body, params={"sendNotificationEmail": "false"}, timeout=TIMEOUT).raise_for_status()

    def __exit__(self, *error: object) -> None:
        """Delete the file if the probe made it, else the tabs it made."""
        if self.own_file:
            self.session.delete(f"{self.drive}/drive/v3/files/{self.spreadsheet_id}", timeout=TIMEOUT)
        elif self.tabs:
            self.batch(*({"deleteSheet": {"sheetId": tab}} for tab in self.tabs))

    def send(self, verb: str, path: str, body: Json | None = None, by: requests.Session | None = None, **query: Any) -> requests.Response:
        """Any call, by the second account if it is given, whatever comes of it."""
        self.pace()
        return (by or self.session).request(verb, self.url + path, json=body, params=query, timeout=TIMEOUT)

    def call(self, verb: str, path: str, body: Json | None = None, **query: Any) -> Json:
        """A call that must succeed."""
        response = self.send(verb, path, body, **query)
        if response.status_code != 200:
            raise Unmet(f"{response.status_code} {response.text[:300]}")
        return dict(response.json())

    @property
    def path(self) -> str:
        return f"/v4/spreadsheets/{self.spreadsheet_id}"

    def batch(self, *asked: Json, fields: str | None = None, **more: Any) -> Json:
        query = {"fields": fields} if fields else {}
        return self.call("POST", f"{self.path}:batchUpdate", {"requests": list(asked), **more}, **query)

    def refused(self, *asked: Json, session: requests.Session | None = None) -> requests.Response:
        """The answer to a batch that must be refused."""
        response = self.send("POST", f"{self.path}:batchUpdate", {"requests": list(asked)}, session)
        if response.status_code == 200:
            raise Unmet("it was carried out")
        return response

    def tab(self, rows: list[list[Any]] | None = None) -> int:
        """A new tab with a header and rows; its sheetId."""
        tab = 900_000_001 + len(self.tabs)
        grid = {"rowCount": 30, "columnCount": 8}
        table = [HEADERS, *(ROWS if rows is None else rows)]
        self.batch({"addSheet": {"properties": {"sheetId": tab, "title": title(tab), "gridProperties": grid}}}, cells(tab, 0, 0, table))
        self.tabs.append(tab)
        return tab

    def values(self, tab: int, place: str, **options: Any) -> list[list[Any]]:
        asked = {"valueRenderOption": "UNFORMATTED_VALUE", **options}
        found = self.call("GET", f"{self.path}/values/{quote(title(tab) + '!' + place, safe='')}", **asked)
        return list(found.get("values", []))

    def mark(self, tab: int, dimension: str, place: int, key: str = "probe") -> int:
        """Hang metadata on a row or a column; its id."""
        where = {"dimensionRange": {"sheetId": tab, "dimension": dimension, "startIndex": place, "endIndex": place + 1}}
        made = self.batch(
            {"createDeveloperMetadata": {"developerMetadata": {"metadataKey": key, "visibility": "DOCUMENT", "location": where}}}
        )
        return int(made["replies"][0]["createDeveloperMetadata"]["developerMetadata"]["metadataId"])

    def marked(self, metadata_id: int) -> int | None:
        """The row or column the metadata hangs on now; None when it is gone."""
        found = self.call("POST", f"{self.path}/developerMetadata:search", {"dataFilters": [lookup(metadata_id)]})
        hits = found.get("matchedDeveloperMetadata", [])
        return hits[0]["developerMetadata"]["location"]["dimensionRange"].get("startIndex", 0) if hits else None

    def by_hand(self, what: str, tab: int) -> None:
        if self.hand is None:
            raise Skipped("needs a person: run with --by-hand")
        self.hand(what, self, tab)


def title(tab: int) -> str:
    return f"probe{tab}"


def lookup(metadata_id: int) -> Json:
    return {"developerMetadataLookup": {"metadataId": metadata_id}}


def cells(tab: int, row: int, column: int, table: list[list[Any]], fields: str = "userEnteredValue") -> Json:
    """updateCells from a place on; text is text, whatever it begins with."""
    rows = [{"values": [{"userEnteredValue": typed(value)} for value in line]} for line in table]
    return {"updateCells": {"start": {"sheetId": tab, "rowIndex": row, "columnIndex": column}, "rows": rows, "fields": fields}}


def typed(value: Any) -> Json:
    if isinstance(value, str):
        return {"stringValue": value}
    return {"boolValue": value} if isinstance(value, bool) else {"numberValue": value}


def formula(tab: int, row: int, column: int, text: str) -> Json:
    start = {"sheetId": tab, "rowIndex": row, "columnIndex": column}
    cell = {"userEnteredValue": {"formulaValue": text}}
    return {"updateCells": {"start": start, "rows": [{"values": [cell]}], "fields": "userEnteredValue"}}


def area(tab: int, top: int, bottom: int, left: int, right: int) -> Json:
    return {"sheetId": tab, "startRowIndex": top, "endRowIndex": bottom, "startColumnIndex": left, "endColumnIndex": right}


def same(found: Any, expected: Any) -> None:
    """Both are equal, or the belief is not met."""
    if found != expected:
        raise Unmet(f"expected {expected!r}, found {found!r}")
