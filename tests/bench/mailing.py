"""Notices rendered and mailed to a server on loopback, in a process of its own: ours over connections that stay open, and yagmail with
one for each mail."""

from __future__ import annotations

import json
import multiprocessing
import resource
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import yagmail

from automations.ledgers.protocol import RunStart
from automations.ledgers.sqlite import SqliteLedger
from automations.mailsettings import MailSettings
from automations.model import Mail
from automations.posting import send_pending
from automations.rendering import Renderer
from tests.bench.measuring import ROOT
from tests.contracts.channels import MAIL
from tests.notice_facts import ZH
from tests.smtpscene import NOW, USER, channel_at
from tests.smtpserver import SmtpServer

CONNECTIONS = MailSettings().connections
BY_HAND, READERS, AT_ONCE = 200, 300, 500
TEMPLATES = ("deadline-soon", "deadline-late", "deadline-escalated", "finding", "approval-wanted")
OTHERS = multiprocessing.get_context("spawn")


def serve(told: Any, over: Any) -> None:
    """A mail server until it is told to end; says how many mails it took."""
    with SmtpServer() as server:
        told.put(server.port)
        over.wait()
        told.put(len(server.accepted))


def rendered(first: int, last: int) -> Iterator[Mail]:
    """Notices in words, each about another row, to the readers of a large team."""
    renderer = Renderer(ROOT / "templates" / "notices")
    for number in range(first, last):
        template, reader = TEMPLATES[number % len(TEMPLATES)], f"王芳{number % READERS}"
        words = renderer.render(template, "zh", {**ZH[template], "key": f"TS-{number}", "reader": reader})
        yield replace(
            MAIL,
            message_id=f"<m{number}@example.cn>",
            to=f"reader{number % READERS}@example.cn",
            reader=reader,
            subject=words.subject,
            text=words.text,
            html=words.html,
            identities=(f"n{number}",),
        )


def ours(port: int, count: int) -> dict[str, float]:
    """Seconds from the facts of so many notices to the server's yes, and by how much the memory grew after the first tenth."""
    with TemporaryDirectory() as folder, closing(SqliteLedger(Path(folder) / "ledger.sqlite")) as ledger:
        _told(ledger, port, 0, count // 10)
        before, began, spent = _peak(), perf_counter(), process_time()
        sent = _told(ledger, port, count // 10, count + count // 10)
        return {"sent": sent, "seconds": perf_counter() - began, "cpu": process_time() - spent, "grown": _peak() - before}


def _told(ledger: SqliteLedger, port: int, first: int, last: int) -> int:
    run = ledger.begin_run(RunStart("sweep", "book", NOW, "", ""))
    waiting = rendered(first, last)
    with ledger.at_once():
        while some := list(islice(waiting, AT_ONCE)):
            ledger.put_mails(run, some)
    return send_pending(ledger, channel_at(port, CONNECTIONS)).sent


def by_yagmail(port: int, count: int) -> float:
    """Seconds for so many of the same notices as a short script renders and sends them."""
    began = perf_counter()
    for mail in rendered(0, count):
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
    expected = count + count // 10 + BY_HAND
    return {
        "rate": found["sent"] / found["seconds"],
        "cpu": found["cpu"] / found["sent"],
        "script": BY_HAND / script,
        "grown": found["grown"],
        "wrong": taken - expected,
    }


if __name__ == "__main__":
    print(json.dumps(measured(int(sys.argv[1]))))
