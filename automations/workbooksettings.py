"""Where the tables live, as the settings say it: one file, or spreadsheets at Google with the credentials for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from automations.declared import Declared, NamedCredentials

LOOPBACK = ("127.0.0.1", "localhost", "::1")
ADDRESS = "the address of the spreadsheet, such as https://docs.google.com/spreadsheets/d/1AbC…/edit, or the part between /d/ and /edit"


class Development(Declared):
    """A stand-in for Google on this machine. Nothing but this lets a call leave for another place than Google."""

    endpoint: str


class WorkbookSettings(Declared):
    """Where the tables live. The keys of the other kind may stay; they are not used."""

    kind: Literal["xlsx", "google"] = "xlsx"
    path: str = "rowkeeper.xlsx"
    spreadsheet: str | None = None
    spreadsheets: dict[str, list[str]] = {}
    credentials: NamedCredentials | None = None
    calls_per_minute: Annotated[int, Field(ge=5, le=60)] = 50
    project_calls_per_minute: Annotated[int, Field(ge=5, le=10_000)] = 270
    timeout_seconds: Annotated[int, Field(ge=5, le=200)] = 60
    development: Development | None = None
    apart: Annotated[list[str] | Literal["all"], Field(description="tables whose columns of ours stand in a tab of their own")] = []
    look_ups: Annotated[
        Literal["summary", "all", "none"], Field(description="which of those columns staff's tab shows by formulas, at Google")
    ] = "summary"

    @model_validator(mode="after")
    def _complete(self) -> WorkbookSettings:
        for fault in self._faults() if self.kind == "google" else ():
            raise ValueError(fault)
        return self

    def _faults(self) -> Iterator[str]:
        if bool(self.spreadsheet) == bool(self.spreadsheets):
            yield f"`kind: google` needs either 'spreadsheet' ({ADDRESS}) or 'spreadsheets'"
        for each in self.places:
            if not spreadsheet_id(each):
                yield f"'{each}' is no spreadsheet: write {ADDRESS}; titles are not unique"
        if self.credentials is None:
            yield "`kind: google` needs 'credentials': `{ file: … }` or `{ env: … }`"
        listed = [table for tables in self.spreadsheets.values() for table in tables]
        twice = next((table for table in listed if listed.count(table) > 1), None)
        if twice:
            yield f"table '{twice}' is listed under two spreadsheets; it can live in one only"
        if self.development and urlsplit(self.development.endpoint).hostname not in LOOPBACK:
            yield "'development' is for a stand-in on this machine: its endpoint must be on 127.0.0.1 or localhost"

    @property
    def places(self) -> list[str]:
        """The spreadsheets as they were written, in order."""
        return [self.spreadsheet] if self.spreadsheet else list(self.spreadsheets)


def spreadsheet_id(text: str) -> str:
    """The id in an address of Google Sheets, or the id itself; "" if it is neither."""
    found = re.search(r"^https://docs\.google\.com/spreadsheets/(?:u/\d+/)?d/([A-Za-z0-9_-]{20,})", text.strip())
    bare = re.fullmatch(r"[A-Za-z0-9_-]{20,}", text.strip())
    return found[1] if found else bare[0] if bare else ""
