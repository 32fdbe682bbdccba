"""The SQLite file under the ledger: opened with care, migrated, and failing in words."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

from automations.errors import LedgerFailed

HERE = Path(__file__).parent
APPLICATION = 0x524F574B
"""The application id in the file's header, `ROWK`: another program's database is not taken for a ledger."""
OLDEST_SQLITE = (3, 38, 0)
SETTINGS = ("busy_timeout=10000", "journal_mode=DELETE", "synchronous=EXTRA", "foreign_keys=ON", "cache_size=-256", "cache_spill=500")
"""A service has a connection for each lane: with SQLite's own 2 MB of pages each, its memory would grow with the ledger.

What others commit empties the cache anyway, so a small one is as fast; a transaction may still gather 2 MB before it spills to the file.
"""

LOST = (
    "restore the newest backup over it, or move it aside to start an empty one. An empty ledger makes the next run a first run: "
    "old facts are listed and mail nobody"
)
WAYS_OUT: Mapping[str, tuple[str, str]] = {
    "SQLITE_NOTADB": ("is damaged, or not a ledger", LOST),
    "SQLITE_CORRUPT": ("is damaged", LOST),
    "SQLITE_BUSY": ("has been in use by another process for more than 10 seconds", "wait until the other run has ended, then run again"),
    "SQLITE_READONLY": ("cannot be written", "give this user the right to write the file and its folder"),
    "SQLITE_CANTOPEN": ("cannot be opened", "check that the path is right and that this user may write in its folder"),
    "SQLITE_PERM": ("cannot be opened", "give this user the right to read and write the file and its folder"),
    "SQLITE_FULL": ("found no room on the disk", "free some space, then run again"),
    "SQLITE_IOERR": ("could not be read or written by the disk", "check the disk and its free space, then run again"),
}


def statements(text: str) -> dict[str, str]:
    """The statements of a file by the name written above each: `-- name: begin_run`."""
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)
    return {
        name: "".join(line for line in body.splitlines(True) if line[:2] != "--")
        for name, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def migrations() -> dict[int, str]:
    """The migrations by number, in order; the last number is the schema this program knows."""
    return {int(path.name[:4]): path.read_text("utf-8") for path in sorted((HERE / "migrations").glob("*.sql"))}


class Database:
    """One open SQLite file (or, without a path, one in memory), used by one thread.

    Raises `LedgerFailed` with the file, the fault and the way out; a broken constraint stays what it is, a bug.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.statements = statements((HERE / "statements.sql").read_text("utf-8"))
        with self._in_words():
            self._connection = self._connect()
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def rows(self, statement: str, /, **values: object) -> list[sqlite3.Row]:
        """Run a named statement and return all its rows."""
        with self._in_words():
            return self._connection.execute(self.statements[statement], values).fetchall()

    def do(self, statement: str, /, **values: object) -> int:
        """Run a named statement and return how many rows it changed."""
        with self._in_words():
            return self._connection.execute(self.statements[statement], values).rowcount

    def do_alone(self, statement: str, /, **values: object) -> int:
        """Run a named statement as a transaction of its own, or as part of the one that is open."""
        with self.transaction():
            return self.do(statement, **values)

    def do_each(self, statement: str, values: Iterable[Mapping[str, Any]]) -> int:
        """Run a named statement once for each set of values and return how many rows were changed in all."""
        with self._in_words():
            return max(0, self._connection.executemany(self.statements[statement], values).rowcount)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what is done inside, or roll all of it back; inside another transaction, be part of that one."""
        if self._connection.in_transaction:
            yield
            return
        self._run("BEGIN IMMEDIATE")
        try:
            yield
            self._run("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    def backup_to(self, path: Path) -> None:
        """Copy the whole database by SQLite's own backup, then put the copy in place in one step."""
        unfinished = path.with_name(path.name + ".unfinished")
        with self._in_words(path):
            _make_private(unfinished)
            with closing(sqlite3.connect(unfinished)) as copy:
                self._connection.backup(copy)
            unfinished.replace(path)

    def close(self) -> None:
        self._connection.close()

    # Whole tables, to be copied

    def columns(self, table: str) -> list[str]:
        return [row["name"] for row in self._run(f"PRAGMA table_info({table})")]

    def every(self, table: str, columns: Sequence[str], order: str) -> Iterator[Sequence[Any]]:
        yield from self._run(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {order}")  # noqa: S608 - names of ours

    def fill(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        places = ", ".join("?" * len(columns))
        with self._in_words():
            self._connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", rows)  # noqa: S608 - names of ours

    def one_moment(self) -> AbstractContextManager[None]:
        return self.transaction()

    @contextmanager
    def filling(self) -> Iterator[None]:
        with self.transaction():
            self._run("PRAGMA defer_foreign_keys=ON")
            yield

    def _run(self, sql: str) -> sqlite3.Cursor:
        with self._in_words():
            return self._connection.execute(sql)

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _connect(self) -> sqlite3.Connection:
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            raise self._failed(f"needs SQLite 3.38 or newer, this Python has {sqlite3.sqlite_version}", "use a newer Python")
        if self.path is not None:
            _make_private(self.path)
        connection = sqlite3.connect(self.path or ":memory:", isolation_level=None)
        connection.row_factory = sqlite3.Row
        return connection

    def _prepare(self) -> None:
        for setting in SETTINGS:
            self._run(f"PRAGMA {setting}")
        fault = self._pragma("quick_check")
        if fault != "ok":
            raise self._failed(f"is damaged ({fault})", LOST)
        if self._version() != max(migrations()):
            with self.transaction():
                self._migrate()

    def _migrate(self) -> None:
        """Bring the schema up to date, within a transaction so that two programs starting at once do it once."""
        known, version = migrations(), self._version()
        if version > max(known):
            raise self._failed(
                f"was written by a newer Rowkeeper (schema {version}, this one knows {max(known)})",
                "install the newer Rowkeeper, or restore a backup made before the upgrade",
            )
        for number in (each for each in known if each > version):
            for statement in _split(known[number]):
                self._run(statement)
            self._run(f"PRAGMA user_version={number}")
        if version == 0:
            self._run(f"PRAGMA application_id={APPLICATION}")

    def _version(self) -> int:
        """The schema's number, 0 for an empty file; a database of another program is refused."""
        if self._pragma("application_id") == APPLICATION:
            return int(self._pragma("user_version"))
        if self._run("SELECT 1 FROM sqlite_master").fetchone():
            raise self._failed("is a database of another program", "name another file as the ledger")
        return 0

    def _pragma(self, name: str) -> Any:
        return self._run(f"PRAGMA {name}").fetchone()[0]

    def _failed(self, what: str, way_out: str, path: Path | None = None) -> LedgerFailed:
        return LedgerFailed(f"ledger {path or self.path or 'in memory'} {what}; {way_out}.")

    @contextmanager
    def _in_words(self, path: Path | None = None) -> Iterator[None]:
        """Turn what SQLite and the file system refuse into a sentence with the file and the way out."""
        try:
            yield
        except OSError as error:
            what, way_out = WAYS_OUT["SQLITE_CANTOPEN"]
            raise self._failed(f"{what} ({error.strerror})", way_out, path) from error
        except sqlite3.DatabaseError as error:
            name = "_".join(str(getattr(error, "sqlite_errorname", "")).split("_")[:2])
            if name not in WAYS_OUT:
                raise
            what, way_out = WAYS_OUT[name]
            raise self._failed(f"{what} ({error})", way_out, path) from error


def _make_private(path: Path) -> None:
    """Make sure the file exists and only its owner may read it: it holds addresses and mails."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    path.chmod(0o600)


def _split(script: str) -> Iterator[str]:
    """The statements of a script one by one; a trigger's body stays whole."""
    statement = ""
    for line in script.splitlines(True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
