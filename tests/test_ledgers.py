"""The ledgers: the contract for each, and what only a file on a disk must stand: crashes, races, damage."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from time import perf_counter

import pytest

from automations.errors import LedgerFailed
from automations.ledgers import rows
from automations.ledgers.database import APPLICATION, LOST, migrations
from automations.ledgers.memory import MemoryLedger
from automations.ledgers.postgres import PostgresLedger
from automations.ledgers.protocol import JournalRow, Ledger, MailRecord
from automations.ledgers.sqlite import SqliteLedger
from automations.model import CellChange, NewRow, WriteReceipt
from tests.contracts.ledgers import BOOK, DONE, START, LedgerContract, QuotaContract, TimetableContract, change, mail, notice
from tests.postgres import Server, emptied

OTHER_PROCESSES = multiprocessing.get_context("spawn")


class TestSqliteLedger(LedgerContract, TimetableContract, QuotaContract):
    @pytest.fixture
    def ledger(self, tmp_path: Path) -> Iterator[Ledger]:
        with closing(SqliteLedger(tmp_path / "state" / "ledger.db")) as ledger:
            yield ledger


class TestMemoryLedger(LedgerContract, TimetableContract, QuotaContract):
    @pytest.fixture
    def ledger(self) -> Iterator[Ledger]:
        with closing(MemoryLedger()) as ledger:
            yield ledger


@pytest.fixture(scope="module")
def opened(postgres: Server) -> Iterator[PostgresLedger]:
    with closing(PostgresLedger(postgres.url, postgres.schema())) as ledger:
        yield ledger


class TestPostgresLedger(LedgerContract, TimetableContract, QuotaContract):
    @pytest.fixture
    def ledger(self, opened: PostgresLedger) -> Ledger:
        emptied(opened)
        return opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ledger.db"


def failure(path: Path) -> str:
    with pytest.raises(LedgerFailed) as failed:
        SqliteLedger(path)
    return str(failed.value)


def settings(path: Path) -> dict[str, object]:
    """What a ledger's connection is set to, told by the connection itself."""
    with closing(SqliteLedger(path)) as ledger:
        connection = ledger._database._connection
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        return {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names}


def claim_all(path: Path, start: Barrier, claimed: Queue[list[str]]) -> None:
    """Claim 500 notices, 25 in a transaction, each time starting together with the other process."""
    ours: list[str] = []
    with closing(SqliteLedger(path)) as ledger:
        run = ledger.begin_run(START)
        for first in range(0, 500, 25):
            notices = [notice(f"n{number}") for number in range(first, first + 25)]
            start.wait()
            ours += [one.identity for one in ledger.claim_notices(run, notices)]
    claimed.put(ours)


def die_before_settling(path: Path) -> None:
    ledger = SqliteLedger(path)
    ledger.journal(ledger.begin_run(START), [change()])
    os.kill(os.getpid(), signal.SIGKILL)


def die_inside_a_transaction(path: Path) -> None:
    ledger = SqliteLedger(path)
    ledger._database._connection.execute("PRAGMA cache_size=5")  # so that pages reach the file before the commit
    with ledger.at_once():
        run = ledger.begin_run(START)
        ledger.journal(run, [change(key=f"TS-{number}") for number in range(5000)])
        os.kill(os.getpid(), signal.SIGKILL)


def in_another_process(work: object, path: Path) -> None:
    process = OTHER_PROCESSES.Process(target=work, args=(path,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def test_the_file_is_set_for_safety_and_only_its_owner_may_read_it(path: Path) -> None:
    assert settings(path) == {"journal_mode": "delete", "synchronous": 3, "foreign_keys": 1, "busy_timeout": 10000}
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_two_processes_racing_for_500_notices_claim_each_exactly_once(path: Path) -> None:
    start, claimed = OTHER_PROCESSES.Barrier(2), OTHER_PROCESSES.Queue()
    racers = [OTHER_PROCESSES.Process(target=claim_all, args=(path, start, claimed)) for _ in range(2)]
    for racer in racers:
        racer.start()

    ours, theirs = claimed.get(timeout=60), claimed.get(timeout=60)

    for racer in racers:
        racer.join()
    assert sorted(ours + theirs) == sorted(f"n{number}" for number in range(500))


def test_a_run_killed_before_it_settled_stands_in_doubt_and_can_be_settled_later(path: Path) -> None:
    in_another_process(die_before_settling, path)

    with closing(SqliteLedger(path)) as ledger:
        assert [run.state for run in ledger.runs()] == ["started"]
        assert ledger.in_doubt(BOOK) == [JournalRow(1, change(), "planned")]

        ledger.settle_cells(1, WriteReceipt(written=(change(),)))

        assert ledger.last_applied(BOOK, [("complaints", "TS-1", "assign_state")]) == {("complaints", "TS-1", "assign_state"): "进行中"}


def test_a_process_killed_inside_a_transaction_leaves_nothing_of_it(path: Path) -> None:
    with closing(SqliteLedger(path)) as ledger:
        ledger.end_run(ledger.begin_run(START), DONE)

    in_another_process(die_inside_a_transaction, path)

    assert path.with_name("ledger.db-journal").exists()
    with closing(SqliteLedger(path)) as ledger:
        assert [(run.id, run.state) for run in ledger.runs()] == [(1, "done")]
        assert ledger.in_doubt(BOOK) == []


def test_what_was_recorded_is_there_when_the_file_is_opened_again(path: Path) -> None:
    with closing(SqliteLedger(path)) as ledger:
        run = ledger.begin_run(START)
        ledger.put_mails(run, [mail()])

    with closing(SqliteLedger(path)) as ledger:
        assert [record.mail for record in ledger.pending_mails()] == [mail()]
        assert ledger.begin_run(START) == 2


def test_opening_and_reading_changes_no_byte_of_the_file(path: Path) -> None:
    with closing(SqliteLedger(path)) as ledger:
        ledger.claim_notices(ledger.begin_run(START), [notice("n1")])
    before = path.read_bytes()

    with closing(SqliteLedger(path)) as ledger:
        ledger.runs()
        ledger.known_notices(BOOK, ["n1"])

    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused_with_the_way_out(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this is not a database" * 100)

    assert failure(path) == f"ledger {path} is damaged, or not a ledger (file is not a database); {LOST}."


def test_a_file_with_a_torn_page_is_refused_with_the_way_out(path: Path) -> None:
    with closing(SqliteLedger(path)) as ledger:
        ledger.journal(ledger.begin_run(START), [change(key=f"TS-{number}") for number in range(2000)])
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(content)

    assert failure(path).startswith(f"ledger {path} is damaged (")
    assert failure(path).endswith(f"; {LOST}.")


def test_a_file_cut_short_is_refused(path: Path) -> None:
    with closing(SqliteLedger(path)) as ledger:
        ledger.journal(ledger.begin_run(START), [change(key=f"TS-{number}") for number in range(2000)])
    path.write_bytes(path.read_bytes()[: 20 * 4096])

    assert failure(path).startswith(f"ledger {path} is damaged (")


def test_an_empty_file_is_an_empty_ledger(path: Path) -> None:
    path.parent.mkdir()
    path.touch()

    with closing(SqliteLedger(path)) as ledger:
        assert not ledger.knows(BOOK)


def test_a_database_of_another_program_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE songs (title)")

    assert failure(path) == f"ledger {path} is a database of another program; name another file as the ledger."


def test_a_ledger_of_a_newer_program_is_left_alone(path: Path) -> None:
    SqliteLedger(path).close()
    with closing(sqlite3.connect(path)) as newer:
        newer.execute("PRAGMA user_version=99")

    assert failure(path) == (
        f"ledger {path} was written by a newer Rowkeeper (schema 99, this one knows {max(migrations())}); "
        "install the newer Rowkeeper, or restore a backup made before the upgrade."
    )


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    path = tmp_path / "state" / "ledger.db"

    assert failure(path) == (
        f"ledger {path} cannot be opened (File exists); check that the path is right and that this user may write in its folder."
    )


def test_a_ledger_that_may_only_be_read_says_so_when_it_is_written(path: Path) -> None:
    with closing(SqliteLedger(path)) as ledger:
        ledger._database._connection.execute("PRAGMA query_only=ON")

        with pytest.raises(LedgerFailed) as failed:
            ledger.begin_run(START)

    assert str(failed.value) == (
        f"ledger {path} cannot be written (attempt to write a readonly database); "
        "give this user the right to write the file and its folder."
    )


def test_a_full_disk_loses_only_what_was_being_recorded(path: Path) -> None:
    with closing(SqliteLedger(path)) as ledger:
        run = ledger.begin_run(START)
        pages = ledger._database._connection.execute("PRAGMA page_count").fetchone()[0]
        ledger._database._connection.execute(f"PRAGMA max_page_count={pages + 2}")

        with pytest.raises(LedgerFailed) as failed:
            ledger.journal(run, [change(key=f"TS-{number}") for number in range(2000)])

        assert str(failed.value) == f"ledger {path} found no room on the disk (database or disk is full); free some space, then run again."
        assert ledger.changes_of(run) == []
        assert ledger.end_run(run, DONE)


def test_a_ledger_in_use_by_another_process_says_so(path: Path) -> None:
    with closing(SqliteLedger(path)) as ledger, closing(sqlite3.connect(path, isolation_level=None)) as other:
        ledger._database._connection.execute("PRAGMA busy_timeout=20")
        other.execute("BEGIN EXCLUSIVE")

        with pytest.raises(LedgerFailed) as failed:
            ledger.begin_run(START)

    assert str(failed.value) == (
        f"ledger {path} has been in use by another process for more than 10 seconds (database is locked); "
        "wait until the other run has ended, then run again."
    )


def test_ten_thousand_last_values_are_found_in_a_moment(path: Path) -> None:
    changes = [change(column, key=f"TS-{number}") for number in range(5000) for column in ("assign_state", "assign_due")]
    with closing(SqliteLedger(path)) as ledger:
        run = ledger.begin_run(START)
        ledger.journal(run, changes)
        ledger.settle_cells(run, WriteReceipt(written=tuple(changes)))
        asked = [(one.table, one.key, one.column) for one in changes]

        started = perf_counter()
        found = ledger.last_applied(BOOK, asked)
        took = perf_counter() - started

    assert len(found) == 10_000
    assert took < 1.5  # measured: about a tenth of this; the bound only catches a scan per cell


def test_a_ledger_of_the_first_schema_is_brought_up_to_date_with_its_mails(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as older:
        older.executescript(migrations()[1])
        older.executescript(f"PRAGMA application_id={APPLICATION}; PRAGMA user_version=1;")
        older.execute("INSERT INTO run VALUES (1, 'daily', ?, '2026-09-28T08:30:00', 'c1', 'p1', 'done', NULL, '', '{}', NULL)", (BOOK,))
        later = ("list_id", "attachments")
        row = {name: value for name, value in rows.mail_values(mail()).items() if name not in later} | {
            "run_id": 1,
            "workbook": BOOK,
            "state": "unknown",
            "reply": "no answer",
        }
        older.execute(f"INSERT INTO mail ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))
        older.execute("INSERT INTO mail_notice VALUES (?, 'n1', ?)", (BOOK, mail().message_id))
        older.commit()

    with closing(SqliteLedger(path)) as ledger:
        assert ledger.outbox() == [MailRecord(1, BOOK, mail(), "unknown", "no answer")]
        assert ledger.settle_mail(mail().message_id, "dropped", "told by phone")
        with pytest.raises(sqlite3.IntegrityError):
            ledger.put_mails(1, [mail("m2", ("n1",))])


def test_the_changes_of_an_older_ledger_are_kept_when_rows_come_in(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with closing(sqlite3.connect(path)) as older:
        older.executescript("".join(script for number, script in migrations().items() if number < 7))
        older.executescript(
            "INSERT INTO run VALUES (1, 'sweep', '客户台账', '2026-09-28T08:30:00', 'c', 'p', 'done', NULL, '', '{}', NULL);"
            "INSERT INTO change VALUES"
            " (5, 1, 'cell', 'complaints', 'TS-1', 'status', 2, 'null', '\"进行中\"', 'assign', '', 'planned', '');"
            f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = 6"
        )

    known = SqliteLedger(path)

    cell = CellChange("complaints", "TS-1", "status", None, "进行中", "assign", 2)
    assert known.in_doubt(BOOK) == known.changes_of(1) == [JournalRow(1, cell, "planned")]
    appended = NewRow("freight_ledger", "entry_id", "FY-1", 9, "freight/ledger")
    known.journal(1, [appended])
    assert [row.change for row in known.changes_of(1)] == [cell, appended]
