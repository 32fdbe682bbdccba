"""Four programs on one ledger at the same moment: 500 notices, 500 mails."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from automations.ledgers.protocol import RunStart
from automations.ledgers.sqlite import SqliteLedger
from automations.model import Notice
from automations.posting import send_pending
from tests.smtpscene import NOW, channel_at, mails, parsed
from tests.smtpserver import SmtpServer

PROCESSES, NOTICES = 4, 500
OTHERS = multiprocessing.get_context("spawn")


def notices() -> list[Notice]:
    plain = {
        "policy": "p",
        "rule": "p/r",
        "table": "t",
        "rung": "due",
        "episode": 1,
        "template": "x",
        "reader": "王芳",
        "language": "zh",
        "facts": {},
    }
    return [Notice(identity=f"n{n}", key=f"K-{n}", address=f"reader{n}@example.cn", **plain) for n in range(1, NOTICES + 1)]  # type: ignore[arg-type]


def race(path: Path, port: int, start: Any, told: Any) -> None:
    """What a run does with its plan: claim, put into the outbox in small parts, as several runs would, and send what waits."""
    with closing(SqliteLedger(path)) as ledger:
        run = ledger.begin_run(RunStart("sweep", "book", NOW, "", ""))
        wanted, letters = notices(), {mail.identities: mail for mail in mails(NOTICES)}
        start.wait()
        for first in range(0, NOTICES, 50):
            with ledger.at_once():
                claimed = ledger.claim_notices(run, wanted[first : first + 50])
                ledger.put_mails(run, [letters[(notice.identity,)] for notice in claimed])
        told.put(send_pending(ledger, channel_at(port, lanes=2)).sent)


def test_four_processes_racing_for_500_notices_send_exactly_500(tmp_path: Path) -> None:
    start, told = OTHERS.Barrier(PROCESSES), OTHERS.Queue()
    with SmtpServer() as server:
        racers = [OTHERS.Process(target=race, args=(tmp_path / "ledger.sqlite", server.port, start, told)) for _ in range(PROCESSES)]
        for racer in racers:
            racer.start()
        sent = [told.get(timeout=60) for _ in racers]
        for racer in racers:
            racer.join()

    copies = Counter(str(parsed(mail.content)["Message-ID"]) for mail in server.accepted)
    assert copies == Counter(mail.message_id for mail in mails(NOTICES))
    assert sum(sent) == NOTICES
    with closing(SqliteLedger(tmp_path / "ledger.sqlite")) as ledger:
        assert {record.state for record in ledger.outbox(limit=1000)} == {"sent"}
        assert set(ledger.known_notices("book", [f"n{n}" for n in range(1, NOTICES + 1)]).values()) == {"sent"}
