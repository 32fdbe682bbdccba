"""The ledger in one SQLite file, safe against crashes and double starts."""

from __future__ import annotations

from pathlib import Path

from automations.ledgers.database import Database
from automations.ledgers.sql import SqlLedger


class SqliteLedger(SqlLedger):
    """A `Ledger` kept in a file on a local disk.

    The file is made, and its schema brought up to date, when it is opened. Only its owner may read it. One object serves one thread;
    any number of processes may open the same file.
    """

    _database: Database

    def __init__(self, path: Path | None) -> None:
        super().__init__(Database(path))

    def backup_to(self, path: Path) -> None:
        self._database.backup_to(path)
