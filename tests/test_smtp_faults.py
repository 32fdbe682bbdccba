"""Every step of SMTP goes wrong, the process dies at every commit, connections run side by side: nothing is doubled, nothing lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest

from automations.channels.smtp import SmtpChannel
from automations.ledgers.memory import MemoryLedger
from automations.ledgers.protocol import Ledger
from automations.posting import send_pending
from automations.recovering import take_up_mails
from tests.smtpscene import HASTY, PASSWORD, PATIENT, USER, channel_to, ledger_with, mails, parsed, states, trusted_here
from tests.smtpserver import SmtpServer

CASES = """
    step     | fault | once           | second         | twice       | always
    connect  | drop  | sent 2         | sent 2         | sent 2      | pending 0
    banner   | drop  | sent 2         | sent 2         | sent 2      | pending 0
    banner   | 421   | sent 2         | sent 2         | sent 2      | pending 0
    banner   | 554   | sent 2         | sent 2         | sent 2      | pending 0
    EHLO     | drop  | sent 2         | sent 2         | sent 2      | pending 0
    STARTTLS | drop  | sent 2         | sent 2         | sent 2      | pending 0
    STARTTLS | 454   | sent 2         | sent 2         | sent 2      | pending 0
    AUTH     | drop  | sent 2         | sent 2         | sent 2      | pending 0
    AUTH     | 421   | sent 2         | sent 2         | sent 2      | pending 0
    AUTH     | 454   | sent 2         | sent 2         | sent 2      | pending 0
    AUTH     | 535   | sent 2         | sent 2         | sent 2      | pending 0
    NOOP     | drop  | sent 2         | sent 2         | sent 2      | sent 2
    NOOP     | 421   | sent 2         | sent 2         | sent 2      | sent 2
    MAIL     | drop  | sent 2         | sent 2         | sent 2      | pending 0
    MAIL     | 421   | sent 2         | sent 2         | sent 2      | pending 0
    MAIL     | 451   | sent 2         | sent 2         | sent 2      | pending 0
    MAIL     | 553   | sent 2         | sent 2         | sent 2      | pending 0
    RCPT     | drop  | sent 2         | sent 2         | sent 2      | pending 0
    RCPT     | 421   | sent 2         | sent 2         | sent 2      | pending 0
    RCPT     | 450   | sent 2         | sent 2         | sent 2      | pending 0
    RCPT     | 550   | failed sent 1  | sent failed 1  | failed 0    | failed 0
    DATA     | drop  | sent 2         | sent 2         | sent 2      | pending 0
    DATA     | 421   | sent 2         | sent 2         | sent 2      | pending 0
    DATA     | 451   | sent 2         | sent 2         | sent 2      | pending 0
    DATA     | 554   | failed sent 1  | sent failed 1  | failed 0    | failed 0
    body     | drop  | ?              | ?              | ?           | ?
    body     | 421   | ?              | ?              | ?           | ?
    body     | 552   | ?              | ?              | ?           | ?
    dot      | drop  | unknown sent 1 | sent unknown 1 | unknown 0   | unknown 0
    dot      | 421   | sent 2         | sent 2         | sent 2      | pending 0
    dot      | 451   | sent 2         | sent 2         | sent 2      | pending 0
    dot      | 552   | failed sent 1  | sent failed 1  | failed 0    | failed 0
    taken    | drop  | unknown sent 2 | sent unknown 2 | unknown 2   | unknown 2
    QUIT     | drop  | sent 2         | sent 2         | sent 2      | sent 2
    QUIT     | 421   | sent 2         | sent 2         | sent 2      | sent 2
    banner   | hang  | sent 2         | sent 2         | sent 2      | pending 0
    EHLO     | hang  | sent 2         | sent 2         | sent 2      | pending 0
    STARTTLS | hang  | sent 2         | sent 2         | sent 2      | pending 0
    AUTH     | hang  | sent 2         | sent 2         | sent 2      | pending 0
    NOOP     | hang  | sent 2         | sent 2         | sent 2      | sent 2
    MAIL     | hang  | sent 2         | sent 2         | sent 2      | pending 0
    RCPT     | hang  | sent 2         | sent 2         | sent 2      | pending 0
    DATA     | hang  | sent 2         | sent 2         | sent 2      | pending 0
    body     | hang  | ?              | ?              | ?           | ?
    dot      | hang  | unknown sent 1 | sent unknown 1 | unknown 0   | unknown 0
    taken    | hang  | unknown sent 2 | sent unknown 2 | unknown 2   | unknown 2
    QUIT     | hang  | sent 2         | sent 2         | sent 2      | sent 2
"""
"""Two mails, four runs: the states they end in, and how many the server took. `dot` is lost before, `taken` after the server has it.

`second` leaves the first mail alone. `?` is for what depends on how far the body had travelled; only doubling and losing is looked for.
"""
OFTEN = {"once": (1, 0), "second": (1, 1), "twice": (2, 0), "always": (None, 0)}
KILLS = tuple((at, after) for at in range(1, 5) for after in (False, True))
"""Before and after each of the first commits of a run, side by side or not."""
Case = tuple[str, str]


def drawn() -> Iterator[tuple[Case, list[str]]]:
    for line in CASES.strip().splitlines()[1:]:
        step, fault, *outcomes = (" ".join(cell.split()) for cell in line.split("|"))
        yield (step, fault), outcomes


def unjust(ledger: Ledger, server: SmtpServer) -> str:
    """What must never be: a mail taken twice, one called sent that was not taken, one that waits though it was."""
    taken = [str(parsed(mail.content)["Message-ID"]) for mail in server.accepted]
    for record in ledger.outbox(limit=1000):
        copies = taken.count(record.mail.message_id)
        allowed = {"sent": (1,), "unknown": (0, 1)}.get(record.state, (0,))
        if copies not in allowed or record.state == "sending":
            return f"{record.mail.message_id} is {record.state} with {copies} copies"
    return ""


def ended(case: Case, times: int | None, after: int = 0, count: int = 2, lanes: int = 1) -> str:
    """The end of some mails when this step goes wrong so often, over four runs; says so if a mail was doubled or lost."""
    step, fault = case
    ledger, trust, covered = ledger_with(*mails(count)), trusted_here(), lanes == 1 or step == "STARTTLS"
    with SmtpServer({step: fault}, times, {USER: PASSWORD}, trust.server if covered else None, covered, after=after) as server:
        channel = channel_to(server, HASTY if fault == "hang" else PATIENT, trust.client, lanes=lanes)
        _run_on(ledger, channel, 4)
        said = unjust(ledger, server)
    return said or f"{' '.join(dict.fromkeys(states(ledger)))} {len(server.accepted)}"


def _run_on(ledger: Ledger, channel: SmtpChannel, runs: int) -> None:
    """Runs, one after the other, as long as there is something for them to do."""
    for _ in range(runs):
        take_up_mails(ledger, channel)
        send_pending(ledger, channel)
        if not ledger.pending_ids():
            return


def side_by_side(case: Case) -> str:
    """The same over three connections for six mails: `just`, or what must never be."""
    ends = [ended(case, times, count=6, lanes=3) for times in (1, None)]
    return next((said for said in ends if "copies" in said), "just")


class Killed(BaseException):
    """The process ended here."""


@dataclass
class Fuse:
    """A ledger that ends the process before or after its nth commit."""

    ledger: MemoryLedger
    at: int
    after: bool
    calls: int = 0
    inside: bool = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.ledger, name)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        outermost, self.inside = not self.inside, True
        self.calls += outermost
        try:
            with self.ledger.at_once():
                yield
                if outermost and self.calls == self.at and not self.after:
                    raise Killed
        finally:
            self.inside = not outermost
        if outermost and self.calls == self.at:
            raise Killed

    def settle_mail(self, *words: Any, **more: Any) -> bool:
        with self.at_once():
            return self.ledger.settle_mail(*words, **more)

    def put_off(self, *words: Any, **more: Any) -> bool:
        with self.at_once():
            return self.ledger.put_off(*words, **more)


def killed(case: Case, at: int, after: bool, lanes: int) -> str:
    """A run that dies at a commit while the server fails once, and the runs after it: empty, or what must never be."""
    step, fault = case
    ledger = ledger_with(*mails(2 * lanes))
    with SmtpServer({step: fault}, 1, {USER: PASSWORD}) as server:
        channel = channel_to(server, lanes=lanes)
        with suppress(Killed):
            send_pending(Fuse(ledger, at, after), channel)  # type: ignore[arg-type]
        _run_on(ledger, channel, 3)
        waits = "pending" in states(ledger)
        return unjust(ledger, server) or ("a mail waits for ever" if waits else "")


def kills(case: Case) -> str:
    """How many of the deaths end well: `8 of 8`, or what must never be; over three connections and over one in turn."""
    ends = [killed(case, at, after, 3 if at % 2 else 1) for at, after in KILLS]
    return next(filter(None, ends), f"{len(ends)} of {len(ends)}")


def all_cases(work: Callable[[Case], Any], cases: list[Case]) -> list[Any]:
    with ThreadPoolExecutor(12) as pool:
        return list(pool.map(work, cases))


def test_every_step_going_wrong_doubles_and_loses_nothing(record_property: Callable[[str, object], None]) -> None:
    rows = dict(drawn())
    found = all_cases(lambda case: [ended(case, *often) for often in OFTEN.values()], list(rows))
    wide = all_cases(side_by_side, list(rows))
    quick = [case for case in rows if case[1] != "hang" and case[0] != "STARTTLS"]
    dead = dict(zip(quick, all_cases(kills, quick), strict=True))
    record_property("cases", board(rows, found, wide, dead))

    assert [ends for ends in found if any("copies" in end for end in ends)] == []
    assert [end for end in wide if end != "just"] == []
    assert set(dead.values()) == {f"{len(KILLS)} of {len(KILLS)}"}
    assert [ends for ends, said in zip(found, rows.values(), strict=True) if "?" not in said] == [
        said for said in rows.values() if "?" not in said
    ]


def board(rows: dict[Case, list[str]], found: list[list[str]], wide: list[str], dead: dict[Case, str]) -> str:
    """The cases as a table for people."""
    heads = ["step", "fault", *OFTEN, "3 connections", "killed"]
    lines = [heads, *([*case, *ends, side, dead.get(case, "-")] for case, ends, side in zip(rows, found, wide, strict=True))]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, 7))
def test_a_run_killed_at_any_commit_leaves_at_most_one_mail_to_a_person(at: int, after: bool) -> None:
    ledger = ledger_with(*mails(3))
    with SmtpServer() as server:
        with pytest.raises(Killed):
            send_pending(Fuse(ledger, at, after), channel_to(server))  # type: ignore[arg-type]
        rest = channel_to(server)
        take_up_mails(ledger, rest)
        send_pending(ledger, rest)

        assert unjust(ledger, server) == ""
        held = (at % 2 == 1 and after) or (at % 2 == 0 and not after)
        assert sorted(states(ledger)) == ["sent"] * (3 - held) + ["unknown"] * held
