"""What a ledger needs of the database under it: the named statements, and transactions around several of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol


class Store(Protocol):
    """An open database. Rows are asked by the names of their columns, or by place."""

    def rows(self, statement: str, /, **values: object) -> list[Any]:
        """Run a named statement and return all its rows."""

    def do(self, statement: str, /, **values: object) -> int:
        """Run a named statement and return how many rows it changed."""

    def do_alone(self, statement: str, /, **values: object) -> int:
        """Run a named statement as a transaction of its own, or as part of the one that is open."""

    def do_each(self, statement: str, values: Iterable[Mapping[str, Any]]) -> int:
        """Run a named statement once for each set of values and return how many rows were changed in all."""

    def transaction(self) -> AbstractContextManager[None]:
        """Commit what is done inside, or roll all of it back; inside another transaction, be part of that one."""

    def close(self) -> None:
        """Let go of it."""
