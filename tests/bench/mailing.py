"""Mails to a server on loopback, in a process of its own: ours over connections that stay open, and yagmail with one for each mail."""

from __future__ import annotations

import json
import multiprocessing
import resource
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import yagmail

from automations.ledgers.protocol import RunStart
from automations.ledgers.sqlite import SqliteLedger
from automations.posting import send_pending
from tests.smtpscene import NOW, USER, channel_at, mails
from tests.smtpserver import SmtpServer

CONNECTIONS, BY_HAND = 3, 200
OTHERS = multiprocessing.get_context("spawn")


def serve(told: Any, over: Any) -> None:
    """A mail server until it is told to end; says how many mails it took."""
    with SmtpServer() as server:
        told.put(server.port)
        over.wait()
        told.put(len(server.accepted))


def ours(port: int, count: int) -> dict[str, float]:
    """Seconds for so many waiting mails, and by how much the memory grew after the first tenth."""
    with TemporaryDirectory() as folder, closing(SqliteLedger(Path(folder) / "ledger.sqlite")) as ledger:
        run = ledger.begin_run(RunStart("sweep", "book", NOW, "", ""))
        ledger.put_mails(run, mails(count // 10))
        send_pending(ledger, channel_at(port, CONNECTIONS))
        ledger.put_mails(run, mails(count))
        before, began = _peak(), perf_counter()
        sent = send_pending(ledger, channel_at(port, CONNECTIONS)).sent
        return {"sent": sent, "seconds": perf_counter() - began, "grown": _peak() - before}


def by_yagmail(port: int, count: int) -> float:
    """Seconds for so many mails as a short script sends them."""
    began = perf_counter()
    for mail in mails(count):
        with yagmail.SMTP(USER, "", host="127.0.0.1", port=port, smtp_ssl=False, smtp_starttls=False, smtp_skip_login=True) as client:
            client.send(mail.to, mail.subject, [mail.text, mail.html], prettify_html=False)
    return perf_counter() - began


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measured(count: int) -> dict[str, float]:
    """Both ways against the same server; the mails per second, and what the server counted."""
    told, over = OTHERS.Queue(), OTHERS.Event()
    server = OTHERS.Process(target=serve, args=(told, over), daemon=True)
    server.start()
    port = told.get(timeout=60)
    found, script = ours(port, count), by_yagmail(port, BY_HAND)
    over.set()
    taken = told.get(timeout=60)
    server.join()
    expected = count + BY_HAND
    return {"rate": found["sent"] / found["seconds"], "script": BY_HAND / script, "grown": found["grown"], "wrong": taken - expected}


if __name__ == "__main__":
    print(json.dumps(measured(int(sys.argv[1]))))
