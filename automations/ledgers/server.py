"""A schema of a PostgreSQL database under the ledger: opened with care, migrated, and failing in words."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from typing import Any, LiteralString, cast

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.rows import RowMaker

from automations.errors import LedgerFailed
from automations.ledgers import dialect
from automations.ledgers.database import HERE, migrations, statements

Line = psycopg.Connection[Any]
"""A connection to the database."""
SETTINGS: Mapping[str, str | int] = {
    "application_name": "rowkeeper",
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
    "options": "-c lock_timeout=10s -c statement_timeout=120s -c idle_in_transaction_session_timeout=120s -c synchronous_commit=on",
}
"""A dead network is noticed within a minute; what is committed is on the server's disk."""
SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}")
WRITER = 0x524F574B
"""The first half of the lock that makes writers of one schema take turns; the second tells schemas apart."""

WAYS_OUT: tuple[tuple[type[Exception], str, str], ...] = (
    (psycopg.errors.InvalidPassword, "refused the password", "put the right one into PGPASSWORD, or into the file that PGPASSFILE names"),
    (psycopg.errors.LockNotAvailable, "has been in use by another process for more than 10 seconds", "it is tried again later"),
    (psycopg.errors.QueryCanceled, "took more than two minutes for one step", "look at the load of the database server"),
    (psycopg.errors.InsufficientPrivilege, "may not be written by this user", "grant this user all rights on the schema"),
    (psycopg.errors.DiskFull, "found no room on the server's disk", "free some space there"),
    (psycopg.errors.DeadlockDetected, "met another process half-way", "it is tried again later"),
    (psycopg.OperationalError, "cannot be reached", "check the address, that the server runs, and the network between"),
    (psycopg.InterfaceError, "cannot be reached", "check the address, that the server runs, and the network between"),
)


class Named(tuple[Any, ...]):
    """A row that knows its columns by name too, as SQLite's rows do."""

    names: Mapping[str, int]

    def __getitem__(self, at: Any) -> Any:
        return tuple.__getitem__(self, self.names[at] if isinstance(at, str) else at)

    def keys(self) -> Iterable[str]:
        return self.names.keys()


def named(cursor: psycopg.Cursor[Any]) -> RowMaker[Any]:
    """Rows of one result, all of one small class that holds the names."""
    names = {column.name: place for place, column in enumerate(cursor.description or ())}
    return cast("RowMaker[Any]", type("Row", (Named,), {"names": names}))


def connect(url: str) -> Line:
    """An open connection; a password comes from PGPASSWORD, PGPASSFILE or a service file, never from settings."""
    words: dict[str, Any] = {**SETTINGS, **conninfo_to_dict(url)}
    return psycopg.connect(make_conninfo("", **words), autocommit=True, row_factory=named)


class ServerDatabase:
    """One schema of a database, made and brought up to date when it is first used; used by one thread at a time.

    Writers of a schema take turns, as they do with a file, so that the statements may assume the same.
    A connection that broke is replaced with the next step; what was under way has failed by then.
    Raises `LedgerFailed` with the place, the fault and the way out; a broken constraint stays what it is, a bug.
    """

    def __init__(self, url: str, schema: str, borrow: Callable[[], Line] | None = None, give_back: Callable[[Line], None] | None = None):
        assert SCHEMA.fullmatch(schema), f"{schema} is no name for a schema"
        self.url, self.schema = url, schema
        self._borrow, self._give_back = borrow or (lambda: connect(url)), give_back or (lambda line: line.close())
        self._line: Line | None = None
        self._inside = False
        self._turns = zlib.crc32(schema.encode()) - 2**31
        try:
            with self._in_words():
                self._prepare(self._open())
        except BaseException:
            self.rest()
            raise

    def rows(self, statement: str, /, **values: object) -> list[Any]:
        """Run a named statement and return all its rows."""
        with self._in_words():
            return self._open().execute(STATEMENTS[statement], _plain(values)).fetchall()

    def do(self, statement: str, /, **values: object) -> int:
        """Run a named statement and return how many rows it changed."""
        with self._in_words():
            return self._open().execute(STATEMENTS[statement], _plain(values)).rowcount

    def do_alone(self, statement: str, /, **values: object) -> int:
        """Run a named statement that is a transaction of its own; PostgreSQL needs no turn for it."""
        return self.do(statement, **values)

    def do_each(self, statement: str, values: Iterable[Mapping[str, Any]]) -> int:
        """Run a named statement once for each set of values and return how many rows were changed in all."""
        sets = [_plain(each) for each in values]
        with self._in_words(), self._open().cursor() as cursor:
            if sets:
                cursor.executemany(STATEMENTS[statement], sets)
            return max(0, cursor.rowcount) if sets else 0

    def transaction(self) -> AbstractContextManager[None]:
        """Commit what is done inside, or roll all of it back; inside another transaction, be part of that one."""
        return nullcontext() if self._inside else self._block(f"BEGIN; SELECT pg_advisory_xact_lock({WRITER}, {self._turns})")

    @contextmanager
    def _block(self, begin: str) -> Iterator[None]:
        line, self._inside = self._open(), True
        try:
            with self._in_words():
                line.execute(_sql(begin))
            yield
            with self._in_words():
                line.execute("COMMIT")
        except BaseException:
            _roll_back(line)
            raise
        finally:
            self._inside = False

    # Whole tables, to be copied

    def columns(self, table: str) -> list[str]:
        wanted = "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema AND table_name = %s"
        with self._in_words():
            return [name for (name,) in self._open().execute(_sql(f"{wanted} ORDER BY ordinal_position"), (table,)).fetchall()]

    def every(self, table: str, columns: Sequence[str], order: str) -> Iterator[Sequence[Any]]:
        with self._in_words(), self._open().cursor(name="every") as cursor:
            yield from cursor.execute(_sql(f'SELECT {_listed(columns)} FROM "{table}" ORDER BY {order}'))  # noqa: S608 - names of ours

    def fill(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        with self._in_words(), self._open().cursor() as cursor:
            places = ", ".join(["%s"] * len(columns))
            cursor.executemany(_sql(f'INSERT INTO "{table}" ({_listed(columns)}) VALUES ({places})'), rows)  # noqa: S608 - names of ours

    def one_moment(self) -> AbstractContextManager[None]:
        return self._block("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    @contextmanager
    def filling(self) -> Iterator[None]:
        with self.transaction():
            self._open().execute("SET CONSTRAINTS ALL DEFERRED")
            yield
            follow_on(self._open())

    def rest(self) -> None:
        """Let go of the connection until the next step asks for one."""
        line, self._line = self._line, None
        if line is not None:
            self._give_back(line)

    def close(self) -> None:
        self.rest()

    def _open(self) -> Line:
        """The connection, a new one if need be; within a transaction only the one it began on."""
        line = self._line
        if line is not None and not line.closed:
            return line
        if self._inside:
            raise self._failed("lost its connection within a step", "it is tried again later")
        self.rest()
        with self._in_words():
            self._line = line = self._borrow()
            line.execute("SELECT set_config('search_path', %s, false)", (self.schema,))
        return line

    def _prepare(self, line: Line) -> None:
        """Make the schema, and bring it up to date; two programs starting at once do it once."""
        if self._version(line) == max(migrations()):
            return
        with line.transaction():
            line.execute("SELECT pg_advisory_xact_lock(%s, %s)", (WRITER, self._turns))
            line.execute(_sql(f'CREATE SCHEMA IF NOT EXISTS "{self.schema}"'))
            self._migrate(line)

    def _migrate(self, line: Line) -> None:
        known, version = migrations(), self._version(line)
        if version is None:
            self._refuse_strangers(line)
            line.execute(_sql(dialect.FIRST))
        elif version > max(known):
            raise self._failed(
                f"was written by a newer Rowkeeper (schema {version}, this one knows {max(known)})", "install the newer Rowkeeper"
            )
        for number in (each for each in known if each > (version or 0)):
            line.execute(_sql(dialect.migration(known[number])))
            follow_on(line)
            line.execute("UPDATE schema_version SET number = %s", (number,))

    def _version(self, line: Line) -> int | None:
        """The schema's number, None where it is not a ledger yet."""
        if line.execute("SELECT to_regclass('schema_version')").fetchall()[0][0] is None:
            return None
        return int(line.execute("SELECT number FROM schema_version").fetchall()[0][0])

    def _refuse_strangers(self, line: Line) -> None:
        if line.execute("SELECT 1 FROM pg_class WHERE relnamespace = current_schema::regnamespace LIMIT 1").fetchall():
            raise self._failed("holds tables of another program", "name another schema")

    def _failed(self, what: str, way_out: str) -> LedgerFailed:
        return failed(self.url, self.schema, what, way_out)

    def _in_words(self) -> AbstractContextManager[None]:
        return in_words(self.url, self.schema)


def failed(url: str, schema: str, what: str, way_out: str) -> LedgerFailed:
    """A fault of a ledger with its place and the way out."""
    return LedgerFailed(f"ledger {place_of(url)}, schema {schema}, {what}; {way_out}.")


@contextmanager
def in_words(url: str, schema: str) -> Iterator[None]:
    """Turn what PostgreSQL and the network refuse into a sentence with the place and the way out."""
    try:
        yield
    except psycopg.Error as error:
        for kind, what, way_out in WAYS_OUT:
            if isinstance(error, kind):
                said = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
                raise failed(url, schema, f"{what} ({said})", way_out) from error
        raise


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


def place_of(url: str) -> str:
    """Where a ledger is, without user and password."""
    said = conninfo_to_dict(url)
    port = f":{said['port']}" if "port" in said else ""
    return f"postgresql://{said.get('host', '')}{port}/{said.get('dbname', '')}"


def follow_on(line: Line) -> None:
    """Let numbers given by the database go on after those that were brought in."""
    wanted = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema AND is_identity = 'YES'"
    for table, column in line.execute(_sql(wanted)).fetchall():
        newest = f'(SELECT max("{column}") FROM "{table}")'  # noqa: S608 - names of ours
        line.execute(_sql(f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), coalesce({newest}, 1), {newest} IS NOT NULL)"))


def _roll_back(line: Line) -> None:
    """End a transaction that failed; a connection that cannot even do that is given up."""
    if line.info.transaction_status == TransactionStatus.IDLE:
        return
    try:
        line.execute("ROLLBACK")
    except psycopg.Error:
        with suppress(psycopg.Error):
            line.close()


def _plain(values: Mapping[str, object]) -> Mapping[str, object]:
    """Yes and no as 1 and 0, as SQLite keeps them."""
    return {name: int(value) if isinstance(value, bool) else value for name, value in values.items()}


def _sql(text: str) -> LiteralString:
    """Text of ours that psycopg may take as SQL: it comes from files of this folder and from names checked against SCHEMA."""
    return text


STATEMENTS = {name: _sql(dialect.statement(sql)) for name, sql in statements((HERE / "statements.sql").read_text("utf-8")).items()}


def renamed(url: str, schema: str, becomes: str) -> bool:
    """Give a schema another name; False where there is none. Raises LedgerFailed."""
    assert SCHEMA.fullmatch(schema) and SCHEMA.fullmatch(becomes)
    if not has_ledger(url, schema):
        return False
    with in_words(url, schema), closing(connect(url)) as line:
        line.execute(_sql(f'ALTER SCHEMA "{schema}" RENAME TO "{becomes}"'))
    return True


def dropped(url: str, schema: str) -> None:
    """Take a schema away with all it holds, where there is one. Raises LedgerFailed."""
    assert SCHEMA.fullmatch(schema)
    with in_words(url, schema), closing(connect(url)) as line:
        line.execute(_sql(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE'))


def has_ledger(url: str, schema: str) -> bool:
    """Whether a schema of a database holds a ledger; nothing is made.

    Raises LedgerFailed where the server cannot be asked.
    """
    with in_words(url, schema), closing(connect(url)) as line:
        return bool(line.execute("SELECT to_regclass(%s) IS NOT NULL", (f'"{schema}".schema_version',)).fetchall()[0][0])
