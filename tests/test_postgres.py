"""A ledger on a PostgreSQL server: what only a server can do to it, and the way from a file and back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from pathlib import Path

import psycopg
import pytest

from automations.errors import LedgerFailed
from automations.ledgers.copying import TABLES, copy, tally
from automations.ledgers.database import Database, migrations
from automations.ledgers.postgres import PostgresLedger
from automations.ledgers.protocol import DigestRecord
from automations.ledgers.server import ServerDatabase
from automations.ledgers.sql import SqlLedger
from automations.ledgers.sqlite import SqliteLedger
from automations.model import Transition, WriteReceipt
from automations.quotas import Quota
from tests.contracts.ledgers import BOOK, DONE, MONDAY, START, change, mail, notice
from tests.postgres import Server


def place(postgres: Server) -> str:
    return f"postgresql://127.0.0.1:{postgres.port}/postgres"


def lived_in(ledger: SqlLedger) -> None:
    """A ledger with something in every table, a run that was taken back, and Chinese."""
    first, undo = ledger.begin_run(START), ledger.begin_run(replace(START, automation="undo"))
    ledger.journal(first, [change(new="进行中"), change("assign_due", MONDAY)])
    ledger.settle_cells(first, WriteReceipt(written=(change(new="进行中"),), refused=((change("assign_due", MONDAY), "王芳 changed it"),)))
    ledger.claim_notices(first, [notice("n1"), notice("n2", "baseline", "first run")])
    ledger.put_mails(first, [mail("m1")])
    ledger.add_transitions(first, BOOK, [Transition("complaints", "TS-1", "done", None, True, MONDAY, None)])
    ledger.note_findings(first, BOOK, MONDAY, {("assign/late", "TS-1", None)})
    ledger.claim_digest(first, DigestRecord("manager", "王芳", MONDAY, MONDAY, "m1", {"late": 2}))
    ledger.note_forms(first, "complaints/record", {"TS-1": "投诉记录 TS-1.docx"})
    ledger.in_doubt_since("m1", MONDAY)
    ledger.suppress("chen@example.com", MONDAY, MONDAY + timedelta(days=1), "552 full")
    ledger.config_version("c1", "一", MONDAY)
    ledger.set_meta("instance", "a")
    ledger.timetable.offer("sweep", BOOK, MONDAY, MONDAY)
    ledger.timetable.lease("workbook", "me", MONDAY, MONDAY + timedelta(hours=1))
    ledger.timetable.trouble("automation sweep", MONDAY, "down")
    ledger.quotas.take(Quota("project reads", 0.25, 3))
    ledger.mark_undone(first, undo)
    ledger.end_run(first, DONE)


def test_both_databases_have_the_same_tables_and_columns(postgres: Server) -> None:
    with closing(Database(None)) as file, closing(ServerDatabase(postgres.url, postgres.schema())) as server:
        theirs = {row["name"] for row in file._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}

        assert theirs - {"sqlite_sequence"} == TABLES.keys()
        for table in TABLES:
            assert [name for name in server.columns(table) if name != "rowid"] == file.columns(table)


def test_a_ledger_moves_to_a_server_and_back_without_a_byte_lost(postgres: Server, tmp_path: Path) -> None:
    with closing(SqliteLedger(tmp_path / "a.sqlite")) as file, closing(PostgresLedger(postgres.url, postgres.schema())) as server:
        lived_in(file)
        moved = copy(file._database, server._database)
        server.backup_to(tmp_path / "b.sqlite")

        assert all(found.rows for found in moved.values())
        with server._database.one_moment():
            assert tally(file._database) == tally(server._database) == moved
        assert server.begin_run(START) == 3
    with closing(SqliteLedger(tmp_path / "b.sqlite")) as back:
        assert tally(back._database) == moved
        assert back.begin_run(START) == 3


def test_a_ledger_that_holds_something_is_not_filled(postgres: Server) -> None:
    with closing(SqliteLedger(None)) as file, closing(PostgresLedger(postgres.url, postgres.schema())) as server:
        file.set_meta("instance", "a")
        server.set_meta("instance", "b")

        with pytest.raises(LedgerFailed) as failed:
            copy(file._database, server._database)

        assert str(failed.value) == "the ledger to be filled is not empty (meta); name an empty one. Nothing was copied."
        assert server.meta("instance") == "b"


def claim_all(url: str, schema: str) -> list[str]:
    """Claim 300 notices, 25 in a transaction."""
    with closing(PostgresLedger(url, schema)) as ledger:
        run = ledger.begin_run(START)
        return [
            one.identity
            for first in range(0, 300, 25)
            for one in ledger.claim_notices(run, [notice(f"n{number}") for number in range(first, first + 25)])
        ]


def test_four_that_race_for_300_notices_claim_each_exactly_once(postgres: Server) -> None:
    schema = postgres.schema()
    with ThreadPoolExecutor(4) as racers:
        claimed = list(racers.map(lambda _: claim_all(postgres.url, schema), range(4)))

    assert sorted(chain(*claimed)) == sorted(f"n{number}" for number in range(300))


def test_of_those_who_claim_a_digest_at_once_one_gets_it(postgres: Server) -> None:
    schema = postgres.schema()

    def claims(_: int) -> list[bool]:
        with closing(PostgresLedger(postgres.url, schema)) as ledger:
            run = ledger.begin_run(START)
            return [ledger.claim_digest(run, DigestRecord("manager", "王芳", MONDAY + timedelta(days=day), MONDAY)) for day in range(20)]

    with ThreadPoolExecutor(4) as racers:
        found = list(racers.map(claims, range(4)))

    assert [sum(each) <= 1 for each in zip(*found, strict=True)] == [True] * 20
    assert sum(map(sum, found)) >= 1


def test_a_connection_that_is_lost_fails_the_step_under_way_and_the_next_one_connects_again(postgres: Server) -> None:
    with closing(PostgresLedger(postgres.url, postgres.schema())) as ledger:
        ledger.set_meta("instance", "a")
        with pytest.raises(LedgerFailed) as failed, ledger.at_once():
            ledger.set_meta("instance", "b")
            postgres.stop("immediate")
            postgres.start()
            ledger.set_meta("other", "c")

        assert str(failed.value).startswith(f"ledger {place(postgres)}, schema {ledger._database.schema}, cannot be reached (")
        assert str(failed.value).endswith("; check the address, that the server runs, and the network between.")
        assert (ledger.meta("instance"), ledger.meta("other")) == ("a", None)


def test_a_block_whose_connection_is_gone_records_nothing_more(postgres: Server) -> None:
    with closing(PostgresLedger(postgres.url, postgres.schema())) as ledger:
        with pytest.raises(LedgerFailed, match="lost its connection within a step"), ledger.at_once():
            ledger.set_meta("instance", "a")
            ledger._database._open().close()
            ledger.set_meta("instance", "b")

        assert ledger.meta("instance") is None


def test_a_server_that_is_not_there_is_named_without_user_or_password(tmp_path: Path) -> None:
    with pytest.raises(LedgerFailed) as failed:
        PostgresLedger("postgresql://someone@127.0.0.1:1/rowkeeper", "rowkeeper")

    assert str(failed.value).startswith("ledger postgresql://127.0.0.1:1/rowkeeper, schema rowkeeper, cannot be reached (")
    assert "someone" not in str(failed.value)


def test_a_schema_of_another_program_is_left_alone(postgres: Server) -> None:
    schema = postgres.schema()
    with psycopg.connect(postgres.url, autocommit=True) as line:
        line.execute(f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.songs (title text)")  # type: ignore[arg-type]

    with pytest.raises(LedgerFailed) as failed:
        PostgresLedger(postgres.url, schema)

    assert str(failed.value) == f"ledger {place(postgres)}, schema {schema}, holds tables of another program; name another schema."


def test_a_ledger_of_a_newer_program_is_left_alone(postgres: Server) -> None:
    schema = postgres.schema()
    with closing(PostgresLedger(postgres.url, schema)) as ledger:
        ledger._database._open().execute("UPDATE schema_version SET number = 99")

    with pytest.raises(LedgerFailed) as failed:
        PostgresLedger(postgres.url, schema)

    assert str(failed.value) == (
        f"ledger {place(postgres)}, schema {schema}, was written by a newer Rowkeeper (schema 99, this one knows {max(migrations())}); "
        "install the newer Rowkeeper."
    )


def test_the_log_of_transitions_is_only_appended_to(postgres: Server) -> None:
    with closing(PostgresLedger(postgres.url, postgres.schema())) as ledger:
        lived_in(ledger)

        for change_of_it in ("UPDATE transition SET key = 'TS-2'", "DELETE FROM transition"):
            with pytest.raises(psycopg.errors.RaiseException, match="the log of transitions is only appended to"):
                ledger._database._open().execute(change_of_it)  # type: ignore[arg-type]


def test_four_that_share_a_quota_take_each_place_once(postgres: Server) -> None:
    schema, quota, now = postgres.schema(), Quota("project reads", 0.25, 20), 1_800_000_000.0

    def takes(_: int) -> list[float]:
        with closing(PostgresLedger(postgres.url, schema)) as ledger:
            return [ledger.quotas.take(quota, now) for _ in range(30)]

    with ThreadPoolExecutor(4) as callers:
        waits = sorted(chain(*callers.map(takes, range(4))))

    assert [round(wait, 3) for wait in waits] == [0.0] * 20 + [round(0.25 * place, 3) for place in range(1, 101)]
