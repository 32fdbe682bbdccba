"""The mails that wait, handed to the channel: over several connections side by side, while one thread keeps the ledger."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any, Protocol

from automations.channels.protocol import Channel, MailTaken, MailUncertain, MailWaits
from automations.errors import MailFailed
from automations.ledgers.protocol import Ledger, MailRecord
from automations.retrying import settle_failure

PAGE = 100
"""Mails held in memory at once; ten thousand with their bodies would be too many."""


@dataclass(frozen=True)
class Posted:
    """What became of the mails that waited: how many left, what is to be said of the others, how many a person must look at.

    `lost` are those that will never go as they are.
    """

    sent: int
    troubles: tuple[str, ...] = ()
    unknown: int = 0
    lost: tuple[MailRecord, ...] = ()


def send_pending(
    ledger: Ledger,
    channel: Channel,
    now: datetime | None = None,
    resting: Collection[str] = (),
    *,
    only: str | None = None,
    still: Callable[[], Any] = lambda: None,
) -> Posted:
    """Hand every pending mail but the resting ones to the channel once, and say how it went; stops where the next would fare no better.

    Without `now` a mail that failed before is tried whether its next try has come or not; `only` one message id is looked at.
    `still` is asked before each mail leaves and raises when this run may send no longer.
    """
    waiting = [each for each in ledger.pending_ids(now) if each not in resting and only in (None, each)]
    clerk, lanes = Clerk(ledger, waiting, now, still), channel.lanes(len(waiting))
    try:
        carry(clerk, lanes[0], most=None if len(lanes) == 1 else 1)
        if len(lanes) > 1 and clerk.take(peek=True):
            _side_by_side(clerk, lanes)
    finally:
        for lane in lanes:
            lane.close()
    return clerk.posted


class Counter(Protocol):
    """Where a lane gets its mails and says what became of them."""

    def take(self) -> MailRecord | None:
        """The next mail, or None when there is none for this lane."""

    def claim(self, record: MailRecord) -> bool:
        """Keep in the ledger that this mail is being sent; False when another run has it."""

    def left(self, record: MailRecord, reply: str) -> None:
        """The mail is with the server."""

    def stayed(self, record: MailRecord, error: MailFailed) -> None:
        """The mail did not certainly leave."""


def carry(counter: Counter, channel: Channel, most: int | None = None) -> None:
    """Send mail after mail until there are none: `sending` is kept right before the step that cannot be taken back, the end after it."""
    taken = iter(counter.take, None)
    for record in islice(taken, most):
        assert record is not None
        try:
            reply = channel.send(record.mail, partial(counter.claim, record))
        except MailTaken:
            continue
        except MailFailed as error:
            counter.stayed(record, error)
        else:
            counter.left(record, reply)


class Clerk:
    """A `Counter` over the ledger itself, for the thread that owns it."""

    def __init__(self, ledger: Ledger, waiting: Sequence[str], now: datetime | None, still: Callable[[], Any]) -> None:
        self.ledger, self.now, self._still = ledger, now, still
        self._waiting, self._page = iter(waiting), deque[MailRecord]()
        self._sent, self._unknown = 0, 0
        self._troubles: list[str] = []
        self._lost: list[MailRecord] = []

    @property
    def posted(self) -> Posted:
        return Posted(self._sent, tuple(self._troubles), self._unknown, tuple(self._lost))

    def take(self, *, peek: bool = False) -> MailRecord | None:
        while not self._page and (names := list(islice(self._waiting, PAGE))):
            self._page.extend(record for record in self.ledger.mails(names) if record.state == "pending")
        return None if not self._page else self._page[0] if peek else self._page.popleft()

    def at_hand(self) -> MailRecord | None:
        """A mail that was read before, for any thread; None when the ledger must be asked."""
        with suppress(IndexError):
            return self._page.popleft()
        return None

    def claim(self, record: MailRecord) -> bool:
        self._still()
        return self.ledger.settle_mail(record.mail.message_id, "sending", "")

    def left(self, record: MailRecord, reply: str) -> None:
        self._sent += 1
        self.ledger.settle_mail(record.mail.message_id, "sent", reply)

    def stayed(self, record: MailRecord, error: MailFailed) -> None:
        self._troubles.append(f"{record.mail.reader}: {error}")
        self._unknown += isinstance(error, MailUncertain)
        self._lost += [record] if settle_failure(record, error, self.ledger, self.now) else []
        if isinstance(error, MailWaits | MailUncertain) and error.stops:
            self._waiting = iter(())
            self._page.clear()


def _side_by_side(clerk: Clerk, lanes: Sequence[Channel]) -> None:
    """One thread per lane; what they ask and say meanwhile goes into one commit, and only then are they answered.

    So a claim is in the ledger before its dot, and a crash leaves at most one mail of each lane in doubt.
    """
    window = Window(clerk)
    with ThreadPoolExecutor(len(lanes), "mail") as pool:
        working = [pool.submit(_work, window, lane) for lane in lanes]
        try:
            window.serve(len(lanes))
        finally:
            window.shut()
    for each in working:
        each.result()


def _work(window: Window, lane: Channel) -> None:
    try:
        carry(window, lane)
    finally:
        window.leave()


class Shut(Exception):
    """The ledger failed: nothing may leave any more."""


@dataclass(frozen=True)
class Word:
    """What a lane asks of the clerk, and where the answer is awaited; without a deed it says that it has ended."""

    deed: Callable[[], Any] | None
    answer: Future[Any]


class Window:
    """A `Counter` that lanes use from their own threads: they ask and wait, or say and go on."""

    def __init__(self, clerk: Clerk) -> None:
        self._clerk, self._words, self._lock, self._open = clerk, SimpleQueue[Word](), Lock(), True

    def take(self) -> MailRecord | None:
        record: MailRecord | None = self._clerk.at_hand() or self._say(self._clerk.take).result()
        return record

    def claim(self, record: MailRecord) -> bool:
        return bool(self._say(partial(self._clerk.claim, record)).result())

    def left(self, record: MailRecord, reply: str) -> None:
        self._say(partial(self._clerk.left, record, reply))

    def stayed(self, record: MailRecord, error: MailFailed) -> None:
        self._say(partial(self._clerk.stayed, record, error)).result()

    def leave(self) -> None:
        """This lane says nothing any more."""
        with suppress(Shut):
            self._say(None)

    def _say(self, deed: Callable[[], Any] | None) -> Future[Any]:
        with self._lock:
            if not self._open:
                raise Shut
            word = Word(deed, Future())
            self._words.put(word)
        return word.answer

    def serve(self, lanes: int) -> None:
        """Do what is asked, all that waits in one commit, until every lane has left."""
        while lanes:
            words = self._waiting()
            try:
                with self._clerk.ledger.at_once():
                    answers = [word.deed() if word.deed else None for word in words]
            except BaseException:
                _refuse(words)
                raise
            for word, answer in zip(words, answers, strict=True):
                word.answer.set_result(answer)
            lanes -= sum(word.deed is None for word in words)

    def shut(self) -> None:
        """Answer nobody any more: a lane that still waits must not send."""
        with self._lock:
            self._open = False
        with suppress(Empty):
            while True:
                _refuse([self._words.get_nowait()])

    def _waiting(self) -> list[Word]:
        words = [self._words.get()]
        with suppress(Empty):
            while True:
                words.append(self._words.get_nowait())
        return words


def _refuse(words: Sequence[Word]) -> None:
    for word in words:
        word.answer.set_exception(Shut())
