"""A whole ledger from one database to another, table by table, and what proves that both hold the same."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Protocol

from automations.errors import LedgerFailed

TABLES = {
    "meta": "name",
    "config_version": "accepted_at, hash",
    "run": "id",
    "change": "id",
    "cell": "workbook, table_name, key, column_name",
    "notice": "id",
    "mail": "id",
    "mail_notice": "workbook, identity",
    "mail_doubt": "message_id",
    "suppression": "address",
    "transition": "id",
    "finding": "workbook, rule, key, column_name",
    "slot": "automation, workbook, due",
    "lease": "resource",
    "trouble": "name",
    "digest": "workbook, digest, reader, slot",
    "form": "workbook, rule, key",
    "pace": "bucket",
}
"""Every table after those it refers to, and what orders its rows."""
AT_ONCE = 5000
"""Rows that are carried together."""


class Whole(Protocol):
    """A database whose tables can be read and filled as a whole."""

    def columns(self, table: str) -> list[str]:
        """The columns of a table; [] where there is none."""

    def every(self, table: str, columns: Sequence[str], order: str) -> Iterator[Sequence[Any]]:
        """All rows of a table in order."""

    def fill(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Put rows into a table."""

    def one_moment(self) -> Any:
        """Everything read inside is of one moment."""

    def filling(self) -> Any:
        """Everything put in is kept together, or nothing; numbers given later go on after those put in."""


@dataclass(frozen=True)
class Tally:
    """How many rows a table holds, and a checksum over all of them in order."""

    rows: int
    checksum: str


def tables(database: Whole) -> dict[str, list[str]]:
    """The tables that are copied with their columns; what a database keeps for itself is left out."""
    return {table: [each for each in database.columns(table) if each != "rowid"] for table in TABLES}


def tally(database: Whole) -> dict[str, Tally]:
    """Rows and checksum of every table; the same in every database that holds the same."""
    return {table: _tallied(database, table, columns) for table, columns in tables(database).items()}


def _tallied(database: Whole, table: str, columns: Sequence[str]) -> Tally:
    digest, count = blake2b(digest_size=12), 0
    for row in database.every(table, sorted(columns), TABLES[table]):
        digest.update(json.dumps(list(row), ensure_ascii=False).encode() + b"\n")
        count += 1
    return Tally(count, digest.hexdigest())


def copy(source: Whole, target: Whole) -> Mapping[str, Tally]:
    """Copy every row into an empty ledger, and compare both before it is kept.

    Raises LedgerFailed, with nothing copied, where the target holds something already or does not hold the same afterwards.
    """
    with source.one_moment(), target.filling():
        held = [table for table, found in tally(target).items() if found.rows]
        if held:
            raise LedgerFailed(f"the ledger to be filled is not empty ({', '.join(held)}); name an empty one. Nothing was copied.")
        for table, columns in tables(source).items():
            _carry(source, target, table, columns)
        before, after = tally(source), tally(target)
        wrong = [table for table in before if before[table] != after[table]]
        if wrong:
            raise LedgerFailed(f"the copy differs in {', '.join(wrong)}; nothing was kept. Please report this.")
        return after


def _carry(source: Whole, target: Whole, table: str, columns: Sequence[str]) -> None:
    rows: list[Sequence[Any]] = []
    for row in source.every(table, columns, TABLES[table]):
        rows.append(row)
        if len(rows) == AT_ONCE:
            target.fill(table, columns, rows)
            rows.clear()
    if rows:
        target.fill(table, columns, rows)


def mapping(found: Mapping[str, Tally]) -> dict[str, Any]:
    """The tallies as data."""
    return {table: {"rows": each.rows, "checksum": each.checksum} for table, each in found.items()}
