"""A few connections to a server, shared by many ledgers that each need one for a moment."""

from __future__ import annotations

from typing import Any

from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import ConnectionPool, PoolTimeout

from automations.ledgers.postgres import PostgresLedger
from automations.ledgers.server import SETTINGS, Line, failed, named


class Connections:
    """Connections that are lent and given back; one that broke is replaced, one that is asked for is tried first."""

    def __init__(self, url: str, most: int = 4) -> None:
        self.url = url
        words: dict[str, Any] = {**SETTINGS, **conninfo_to_dict(url), "autocommit": True, "row_factory": named}
        self._pool: ConnectionPool[Line] = ConnectionPool(
            "", kwargs=words, min_size=0, max_size=most, timeout=30, open=True, check=ConnectionPool.check_connection
        )

    def ledger(self, schema: str) -> PostgresLedger:
        """The ledger in a schema; it holds a connection only while it works, and `rest` lets go of it."""
        return PostgresLedger(self.url, schema, self._borrow, self._pool.putconn)

    def _borrow(self) -> Line:
        try:
            return self._pool.getconn()
        except PoolTimeout as error:
            raise failed(self.url, "any", f"cannot be reached ({error})", "check that the server runs, and the network between") from error

    def close(self) -> None:
        """Let go of all."""
        self._pool.close()
