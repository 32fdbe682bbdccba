"""The ledger on a PostgreSQL server, for several machines that work together: the same statements, a schema for each installation."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from automations.ledgers.copying import copy
from automations.ledgers.database import Database
from automations.ledgers.quotas import SqlQuotas
from automations.ledgers.server import Line, ServerDatabase
from automations.ledgers.sql import SqlLedger
from automations.quotas import Quotas


class PostgresLedger(SqlLedger):
    """A `Ledger` kept in a schema of a database. One object serves one thread at a time; any number of machines may open the same schema.

    `borrow` and `give_back` share a few connections among many ledgers; without them each has its own.
    """

    _database: ServerDatabase

    def __init__(
        self, url: str, schema: str = "rowkeeper", borrow: Callable[[], Line] | None = None, give_back: Callable[[Line], None] | None = None
    ) -> None:
        super().__init__(ServerDatabase(url, schema, borrow, give_back))
        self._shared = (borrow, give_back)

    @property
    def quotas(self) -> Quotas:
        return SqlQuotas(self._database, self._database.rest)

    def beside(self, schema: str) -> PostgresLedger:
        """The ledger in another schema of the same database, over the same connections."""
        return PostgresLedger(self._database.url, schema, *self._shared)

    def rest(self) -> None:
        """Let go of the connection until the next step asks for one."""
        self._database.rest()

    def backup_to(self, path: Path) -> None:
        """Write a whole, consistent copy as a file of SQLite, which can be read on any machine and brought back."""
        unfinished = path.with_name(path.name + ".unfinished")
        unfinished.unlink(missing_ok=True)
        with closing(Database(unfinished)) as file:
            copy(self._database, file)
        unfinished.replace(path)
