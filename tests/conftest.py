"""No test reaches past this machine: look-ups of names and connections elsewhere fail the test. No log of any test holds a secret or an
address. The cases of matrices are counted."""

from __future__ import annotations

import logging
import re
import sys
from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest

from tests.postgres import CannotRun, Server, running
from tests.sheets.tokens import CANARY


class ReachedOut(RuntimeError):
    """A test tried to leave the machine."""


def _guard(event: str, args: tuple[Any, ...]) -> None:
    if event == "socket.connect" and isinstance(args[1], tuple):
        _stay(str(args[1][0]))
    if event == "socket.getaddrinfo" and args[0]:
        _stay(args[0].decode() if isinstance(args[0], bytes) else str(args[0]))


def _stay(host: str) -> None:
    if host == "localhost":
        return
    try:
        here = ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        here = False
    if not here:
        raise ReachedOut(f"a test tried to reach {host}; tests stay on this machine")


sys.addaudithook(_guard)


class Leaks(logging.Handler):
    """What was logged that holds a planted canary, a key, or an address in full."""

    secret = re.compile(rf"{CANARY}|PRIVATE KEY|[\w.+-]+@[\w-]+\.\w+")

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if self.secret.search(record.getMessage()):
            self.found.append(f"{record.name}: {record.getMessage()}")


LEAKS = Leaks()
logging.getLogger().addHandler(LEAKS)
logging.getLogger("automations").setLevel(logging.DEBUG)


@pytest.fixture(autouse=True)
def nothing_leaks() -> Iterator[Leaks]:
    """Fails the test that logged a secret or an address."""
    yield LEAKS
    found, LEAKS.found = LEAKS.found, []
    assert not found, f"logged: {found[0]}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server of this test process."""
    try:
        server = running()
        found = server.__enter__()
    except CannotRun as why:
        pytest.skip(f"no PostgreSQL server can run here: {why}")
    try:
        yield found
    finally:
        server.__exit__(None, None, None)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """How many cases the matrices went through, by what tests recorded as `cases of …`."""
    counts: Counter[str] = Counter()
    for report in terminalreporter.stats.get("passed", ()):
        for name, count in getattr(report, "user_properties", ()):
            counts[name] += count if name.startswith("cases of ") else 0
    for name in sorted(name for name, count in counts.items() if count):
        terminalreporter.write_line(f"{name}: {counts[name]}")
    _boards(terminalreporter)


def _boards(terminalreporter: Any) -> None:
    """Print the tables of cases that tests have kept with `record_property("cases", …)`, also those of other workers."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") == "call":
                for name, text in report.user_properties:
                    if name == "cases":
                        terminalreporter.section(report.nodeid.rpartition("::")[2].removeprefix("test_").replace("_", " "))
                        terminalreporter.line(text)
