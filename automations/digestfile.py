"""`digests/*.yaml`: which matters are told together, to whom, when; read and checked."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import time
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from automations.declarations import Declared, Names, Said
from automations.errors import Problem
from automations.model import SCALE, Column, Table
from automations.yamlcheck import closest

if TYPE_CHECKING:
    from automations.config import LoadedPolicy, Reader
    from automations.yamlfile import Document, Path

NAME = re.compile(r"[a-z][a-z0-9-]*")
GROUPED = ("text", "choice", "reference", "boolean", "date")
SUMMED = ("money", "decimal", "integer")
INDICATED = ("kpi", "subject_kind", "subject_name", "starts_on", "ends_on", "value", "unit", "target", "outcome", "previous", "change")
"""The columns a table of indicators is read by."""


class Breakdown(Declared):
    """A table of figures: the rows of the period counted by a column, and amounts added up."""

    title: Said
    of: str = Field(description="the table whose rows are counted")
    by: str = Field(description="the column they are counted by")
    dated_by: str | None = Field(default=None, description="the date that puts a row into the period; left out: every row counts")
    sums: Names = Field(default=[], description="columns with amounts to add up")
    filled: bool = Field(default=False, description="true: rows where the column of `by` is blank are left out")
    picture: bool = Field(default=False, description="with `pictures`: a chart of it too")


class DigestFile(Declared):
    """`digests/<name>.yaml`: one mail of many matters."""

    digest: str
    title: Said
    to: Names = Field(description="`role:…`, an address, or `owner`: everybody who is responsible for something")
    every: Literal["working day", "week", "month", "quarter", "half-year", "year"] = "working day"
    on: Annotated[int, Field(ge=1, le=31)] = Field(
        default=1, description="the day of the week (1 is Monday), or of the month; of the month after a quarter, half-year or year"
    )
    at: time = time(8, 30)
    rows: Literal["own", "all"] = "all"
    tables: list[str] = Field(default=[], description="only matters of these tables; left out: of all")
    lists: bool = Field(default=True, description="false: only figures, no lists of matters")
    nothing: Literal["say", "skip"] = Field(default="say", description="when there is nothing to report: one line, or no mail")
    at_most: Annotated[int, Field(ge=1, le=50)] = Field(default=10, description="matters listed in one part; the true number is said")
    trend: bool = Field(default=False, description="open and late matters of the last working days, on time, time by step")
    pictures: bool = Field(default=False, description="charts of the trend, of the steps, of the money and of tables with `picture`")
    at_stake: dict[str, str] = Field(default={}, description="table: the money column of the rows that are late")
    breakdowns: list[Breakdown] = []
    indicators: str | None = Field(default=None, description="the kept table whose indicators of the period are shown: kpi_results")
    measures: Names = Field(default=[], description="only these indicators, by the ids of their rules; left out: all of the period")
    paper: bool = Field(
        default=False, description="keep it as a page and a Word file for a meeting too, in the folder `papers` of the settings"
    )
    clause: str = ""


def load_digests(
    reader: Reader, packs: Iterable[str], tables: Mapping[str, Table], policies: Mapping[str, LoadedPolicy]
) -> dict[str, DigestFile]:
    """The digests of config/ and of the packs switched on, by name, after noting what is wrong with them."""
    folders = [reader.root / "config" / "digests", *(reader.folder(pack) / "digests" for pack in packs)]
    found: dict[str, tuple[DigestFile, str]] = {}
    metrics = {rule.id for policy in policies.values() for rule in policy.rules.values() if rule.kind == "metric"}
    for file in (file for folder in folders for file in sorted(folder.glob("*.yaml"))):
        if loaded := reader.read(DigestFile, file):
            digest, document = loaded
            reader.problems += _Check(digest, document, tables, reader.unread, metrics).faults(found)
            found.setdefault(digest.digest, (digest, document.file))
    return {name: digest for name, (digest, _) in found.items()}


class _Check:
    """Faults of one digest that its model alone cannot see."""

    def __init__(
        self, digest: DigestFile, document: Document, tables: Mapping[str, Table], unread: Iterable[str], metrics: Collection[str]
    ) -> None:
        self.digest, self.document, self.tables, self.unread, self.metrics = digest, document, tables, set(unread), metrics
        self.found: list[Problem] = []

    def faults(self, others: Mapping[str, tuple[DigestFile, str]]) -> list[Problem]:
        digest = self.digest
        if not NAME.fullmatch(digest.digest):
            self._say(("digest",), f"'{digest.digest}' is no name; write small letters, digits and '-'")
        if digest.digest in others:
            self._say(("digest",), f"digest '{digest.digest}' stands in {others[digest.digest][1]} already")
        if digest.every == "week" and digest.on > 7:
            self._say(("on",), f"a week has no day {digest.on}; 1 is Monday, 7 is Sunday")
        for place, name in enumerate(digest.tables):
            self._table(("tables", place), name)
        if digest.indicators and (table := self._table(("indicators",), digest.indicators)):
            for column in INDICATED:
                if table.column(column) is None:
                    self._say(("indicators",), f"table '{table.name}' has no column '{column}', so it holds no indicators")
                    break
        for place, name in enumerate(digest.measures):
            if name not in self.metrics:
                self._say(("measures", place), f"no rule '{name}' of kind metric", near=(name, self.metrics))
        for name, column in digest.at_stake.items():
            self._column(("at_stake", name), name, column, ("money",))
        for place, each in enumerate(digest.breakdowns):
            self._breakdown(("breakdowns", place), each)
        return self.found

    def _breakdown(self, path: Path, each: Breakdown) -> None:
        if self._table((*path, "of"), each.of) is None:
            return
        self._column((*path, "by"), each.of, each.by, GROUPED)
        if each.dated_by:
            self._column((*path, "dated_by"), each.of, each.dated_by, ("date", "datetime"))
        for place, column in enumerate(each.sums):
            self._column((*path, "sums", place), each.of, column, SUMMED)

    def _table(self, path: Path, name: str) -> Table | None:
        if name not in self.tables and name not in self.unread:
            self._say(path, f"no table '{name}'", near=(name, self.tables))
        return self.tables.get(name)

    def _column(self, path: Path, table: str, name: str, types: Iterable[str]) -> Column | None:
        declared = self._table(path, table)
        column = declared.column(name) if declared else None
        if declared and column is None:
            self._say(path, f"no column '{name}' in table '{table}'", near=(name, [each.key for each in declared.columns]))
        elif column and column.sensitive:
            self._say(path, f"'{name}' is sensitive; a digest does not show it")
        elif column and column.type not in types:
            self._say(path, f"'{name}' is {column.type}; it should be one of {', '.join(types)}")
        return column

    def _say(self, path: Path, what: str, near: tuple[str, Iterable[str]] | None = None) -> None:
        meant = closest(*near) if near else None
        self.found.append(self.document.problem(path, what, *([f"did you mean '{meant}'?"] if meant else [])))


def scale_of(column: Column) -> int:
    """How many of the whole numbers kept make one of the column's unit."""
    return SCALE.get(column.type, 1)
