"""The ledger in memory: the same statements on a database that is gone when it is closed."""

from __future__ import annotations

from automations.ledgers.sqlite import SqliteLedger


class MemoryLedger(SqliteLedger):
    """A `Ledger` for tests, examples and `whatif`; it behaves as the file does because it is the same code."""

    def __init__(self) -> None:
        super().__init__(None)
