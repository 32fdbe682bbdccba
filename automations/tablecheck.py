"""Faults of table files: keys, owners, summaries, references, numbering and rollups that name what is not there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set

from automations.apart import never_apart
from automations.declarations import TableFile
from automations.errors import Problem
from automations.model import Table
from automations.workbooksettings import WorkbookSettings
from automations.yamlcheck import closest
from automations.yamlfile import Document, Path


def table_problems(file: TableFile, document: Document, table: Table, tables: Set[str]) -> Iterable[Problem]:
    """Everything wrong with one table; `tables` are the names of all tables, also of those whose files have faults."""
    yield from _missing(table, document, {("key",): table.key})
    yield from _missing(table, document, {("owner", place): owner for place, owner in enumerate(table.owner)})
    for part, column in table.summary.items():
        declared = table.column(column)
        if declared is None:
            yield from _missing(table, document, {("summary", part): column})
        elif not declared.ours:
            yield document.problem(("summary", part), f"'{column}' is staff input, not ours", "say `ours: true`, or name a column of ours")
    yield from _gone(table, document)
    yield from _references(table, document, tables)
    yield from _numbering(table, document)
    for name, rollup in file.rollups.items():
        if rollup.how in ("sum", "max", "min") and not rollup.value:
            yield document.problem(("rollups", name), f"rollup '{name}' needs 'value': what to take the {rollup.how} of", key=True)


def _gone(table: Table, document: Document) -> Iterable[Problem]:
    if table.gone and not table.kept:
        yield document.problem(("gone",), f"table '{table.name}' is filled in by staff; 'gone' is for a kept table", "say `kept: true`")
    elif table.gone and (declared := table.column(table.gone)) and not declared.ours:
        yield document.problem(("gone",), f"'{table.gone}' is staff input, not ours", "say `ours: true`, or name a column of ours")
    elif table.gone:
        yield from _missing(table, document, {("gone",): table.gone})


def no_table(name: str, tables: Iterable[str], document: Document, path: Path, prefix: str = "") -> Problem:
    """The problem of a table that is not there, with the one that may have been meant."""
    near = closest(name, tables)
    return document.problem(path, f"{prefix}no table '{name}'", *([f"did you mean '{near}'?"] if near else []))


def strange_tables(workbook: WorkbookSettings, document: Document, tables: Mapping[str, Table], unread: Set[str]) -> Iterable[Problem]:
    """Tables that the settings name where they have no place: no pack declares them, or they cannot be apart."""
    listed = [((place, number), name) for place, names in workbook.spreadsheets.items() for number, name in enumerate(names)]
    apart = list(enumerate(workbook.apart)) if workbook.apart != "all" else []
    named: list[tuple[Path, str]] = [(("workbook", "spreadsheets", *at), name) for at, name in listed]
    named += [(("workbook", "apart", number), name) for number, name in apart]
    for path, name in named:
        if name not in tables and name not in unread:
            yield no_table(name, tables.keys() | unread, document, path)
    for number, name in apart:
        if name in tables and (why := never_apart(tables[name])):
            yield document.problem(("workbook", "apart", number), f"table '{name}' cannot be apart: {why}", "take it out of the list")


def _references(table: Table, document: Document, tables: Set[str]) -> Iterable[Problem]:
    for column in table.columns:
        path = ("columns", column.key, "refers_to")
        if column.refers_to and column.refers_to not in tables and path in document.places:
            yield no_table(column.refers_to, tables, document, path, f"column '{column.key}': ")
        if column.known_as and not column.refers_to:
            what = f"column '{column.key}' has 'known_as' and refers to no table"
            yield document.problem(("columns", column.key, "known_as"), what, "say `refers_to:`")


def _numbering(table: Table, document: Document) -> Iterable[Problem]:
    path = ("numbering", "pattern")
    if table.numbering:
        names = dict.fromkeys(re.findall(r"\{(\w+)", table.numbering.pattern))
        if "n" not in names:
            yield document.problem(path, "the pattern of the numbers has no {n}", "write for example TS-{received_at:%Y%m%d}-{n:03d}")
        for name in names:
            yield from _missing(table, document, {path: name} if name != "n" else {})


def _missing(table: Table, document: Document, named: Mapping[Path, str]) -> Iterable[Problem]:
    for path, name in named.items():
        if table.column(name) is None:
            near = table.column(closest(name, [column.key for column in table.columns]) or "")
            hints = [f"did you mean '{near.key}' ({near.heading('zh')})?"] if near else []
            yield document.problem(path, f"no column '{name}' in table '{table.name}'", *hints)
