"""What every ledger promises: the memory of runs, cells, notices, mails, transitions and findings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, Protocol

from automations.ledgers.slots import Timetable
from automations.model import Change, Mail, Notice, Transition, Value, WriteReceipt
from automations.quotas import Quotas

CellAt = tuple[str, str, str]
"""Where a cell stands, whatever its row number: (table, key, column)."""
FindingIdentity = tuple[str, str, str | None]
"""(rule, key, column); the column is None where the finding is about the whole row."""

FLAPPING = timedelta(days=1)
"""A finding that was fixed for less than this before it came back is the same occasion."""

RunState = Literal["started", "done", "refused", "failed"]
ChangeState = Literal["planned", "applied", "refused"]
MailState = Literal["pending", "sending", "sent", "failed", "unknown", "draft", "held", "released", "dropped", "withdrawn", "suppressed"]
"""`draft` and `held` wait for a person, `released` for the run that makes them anew and sends them; `dropped` is a person's word,
`withdrawn` means that the matter was settled first, or stands in another mail now."""

MAIL_COMES_FROM: Mapping[MailState, tuple[MailState, ...]] = {
    "pending": ("sending", "failed", "unknown"),
    "sending": ("pending",),
    "sent": ("sending", "unknown"),
    "failed": ("pending", "sending", "unknown"),
    "unknown": ("sending",),
    "draft": ("released",),
    "held": ("released",),
    "released": ("draft", "held"),
    "dropped": ("pending", "unknown", "draft", "held", "released"),
    "withdrawn": ("pending", "draft", "held", "released"),
    "suppressed": ("pending", "draft", "held", "released"),
}
"""From which states a mail may step into a state; `sent`, `dropped` and `suppressed` are final. A mail being sent cannot be dropped."""
KEPT: tuple[MailState, ...] = ("draft", "held", "released")
"""Mails that wait for a person's word, or had it and wait for the next run: their notices count as not told."""
UNTOLD: tuple[MailState, ...] = (*KEPT, "withdrawn")


@dataclass(frozen=True)
class RunStart:
    """What is known when a run begins."""

    automation: str
    workbook: str
    now: datetime
    config_hash: str
    plan_fingerprint: str


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended; `counts` are numbers by word, such as `{"cells": 12, "mails": 3}`."""

    state: Literal["done", "refused", "failed"]
    ended_at: datetime
    reason: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class RunRecord:
    """A run as remembered; one that died stays `started` and has no end."""

    id: int
    automation: str
    workbook: str
    started_at: datetime
    config_hash: str
    plan_fingerprint: str
    state: RunState
    ended_at: datetime | None = None
    reason: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    undone_by: int | None = None


@dataclass(frozen=True)
class JournalRow:
    """One change of a run and what became of it; `planned` means it was never settled."""

    run_id: int
    change: Change
    state: ChangeState
    reason: str = ""


@dataclass(frozen=True)
class NoticeRecord:
    """A claimed notice and its fate: a state of `Notice`, or that of the mail which carries it; `at` is the moment of its run."""

    run_id: int
    notice: Notice
    state: str
    at: datetime


@dataclass(frozen=True)
class MailRecord:
    """A mail of the outbox, its state, the last reply of the server, and for one that is tried again how often and when next.

    `words` are what people said of it and why; they stay when it is sent.
    """

    run_id: int
    workbook: str
    mail: Mail
    state: MailState
    reply: str = ""
    tries: int = 0
    next_try: datetime | None = None
    words: str = ""

    @property
    def said(self) -> str:
        """The last reply, and behind it what people said."""
        return "; ".join(filter(None, [self.reply, self.words]))


@dataclass(frozen=True)
class LastRefused:
    """A change of a cell that was refused when it was last tried, and when that was."""

    old: Value
    new: Value
    reason: str
    tried_at: datetime


@dataclass(frozen=True)
class Volume:
    """What has gone out since a moment: mails by address, over all workbooks, and notices by (table, key) of one."""

    by_reader: Mapping[str, int] = field(default_factory=dict)
    by_row: Mapping[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True)
class FirstSeen:
    """Since when a finding stands (in its present episode), when it was last seen, and when it was fixed."""

    first_seen: datetime
    last_seen: datetime
    fixed_at: datetime | None
    episode: int


@dataclass(frozen=True)
class Suppression:
    """An address that is not written to before `until`, and why."""

    address: str
    since: datetime
    until: datetime
    reason: str


@dataclass(frozen=True)
class DigestRecord:
    """A slot of a digest taken for a reader: when, with which figures, in which mail (blank: there was nothing to say)."""

    digest: str
    reader: str
    slot: datetime
    at: datetime
    message_id: str = ""
    figures: Mapping[str, int] = field(default_factory=dict)


class Ledger(Protocol):
    """The memory of what was done. Every method raises `LedgerFailed` when the store cannot be read or written.

    A method that records is one transaction: all of it is kept, or nothing. `at_once` joins several into one.
    """

    def at_once(self) -> AbstractContextManager[None]:
        """Keep everything recorded inside together, or none of it if an error leaves the block.

        Journal, claims and mails of one plan belong in one such block: a claimed notice without its mail would be lost.
        """

    def knows(self, workbook: str, automation: str | None = None) -> bool:
        """Whether a run was brought to its end, or claimed notices, for this workbook (and this automation).

        While False, old facts are a baseline and mail nobody. A run that was refused or died before its claims does not count:
        otherwise the try after a refused first run would flood everyone.
        """

    def begin_run(self, run: RunStart) -> int:
        """Open a run in state `started`; numbers count 1, 2, 3 over the whole ledger."""

    def end_run(self, run_id: int, outcome: RunOutcome) -> bool:
        """Close a run that is still `started`; False when it was closed before."""

    def runs(self, workbook: str | None = None, limit: int = 20, automation: str | None = None) -> list[RunRecord]:
        """The newest runs, newest first."""

    def journal(self, run_id: int, changes: Sequence[Change]) -> None:
        """Note the changes about to be written, with their old values, before the first is written."""

    def settle_cells(self, run_id: int, receipt: WriteReceipt) -> None:
        """Note which planned changes were written and which refused; the written ones become the last applied values.

        `LedgerFailed` when the receipt holds a change that this run never journalled or has settled before.
        """

    def changes_of(self, run_id: int) -> list[JournalRow]:
        """All changes of a run in the order journalled."""

    def in_doubt(self, workbook: str) -> list[JournalRow]:
        """Changes journalled for this workbook and never settled: their run died between writing and settling.

        Compare each with its cell, then settle it under its own `run_id`: else our own value looks like a person's.
        """

    def last_applied(self, workbook: str, cells: Sequence[CellAt]) -> dict[CellAt, Value]:
        """What the program last wrote into these cells; cells it never wrote are left out."""

    def adopt(self, run_id: int, cells: Mapping[CellAt, Value]) -> None:
        """Note values that stood in cells already as if this run had written them there; nothing is journalled, nothing can be undone."""

    def strangers(self, workbook: str, table: str, keys: Sequence[str]) -> set[str]:
        """The keys among these of which no cell was ever written or adopted in this table."""

    def last_refused(self, workbook: str, cells: Sequence[CellAt]) -> dict[CellAt, LastRefused]:
        """The cells of these whose last change was refused."""

    def mark_undone(self, run_id: int, by_run_id: int) -> bool:
        """Note that a run was taken back by another; False when it was taken back before."""

    def claim_notices(self, run_id: int, notices: Sequence[Notice]) -> list[Notice]:
        """Claim notices by identity within the run's workbook; returns only those nobody had claimed before.

        A notice whose mail waits for a person, or was withdrawn, can be claimed again: see `UNTOLD`.
        """

    def known_notices(self, workbook: str, identities: Sequence[str]) -> dict[str, str]:
        """The state of each identity that was claimed; once in a mail it is `planned sending sent failed unknown`."""

    def notices_of(self, run_id: int) -> list[NoticeRecord]:
        """All notices a run claimed, in order."""

    def notices_about(self, workbook: str, table: str, key: str) -> list[NoticeRecord]:
        """All notices ever claimed about a row, oldest first."""

    def notices_about_rows(self, workbook: str, table: str, keys: Sequence[str]) -> list[NoticeRecord]:
        """All notices ever claimed about the rows of a table with these keys, oldest first."""

    def put_mails(self, run_id: int, mails: Sequence[Mail], state: MailState = "pending", reply: str = "") -> None:
        """Put rendered mails into the outbox, frozen, as `pending`, `draft` or `held`.

        A message id that is there already is left alone, unless it waits for a person (or was withdrawn): then it is made anew.
        """

    def pending_mails(self, now: datetime | None = None) -> list[MailRecord]:
        """Mails waiting to be sent, of any run, oldest first; with `now`, without those whose next try is still to come."""

    def pending_ids(self, now: datetime | None = None) -> list[str]:
        """The message ids of these mails, which stay few bytes however many wait."""

    def mails(self, message_ids: Sequence[str]) -> list[MailRecord]:
        """These mails of the outbox in whatever state they are now, oldest first."""

    def put_off(self, message_id: str, reply: str, next_try: datetime | None, *, counted: bool) -> bool:
        """Let a mail that certainly did not leave wait until then; `counted` when this was one of its own tries."""

    def volume(self, workbook: str, since: datetime) -> Volume:
        """How much has gone out, or is about to, since this moment."""

    def outbox(self, states: Collection[MailState] = (), workbook: str | None = None, limit: int = 50) -> list[MailRecord]:
        """The newest mails in these states (none given: in any), newest first."""

    def settle_mail(self, message_id: str, state: MailState, reply: str, word: str = "", seen: MailRecord | None = None) -> bool:
        """Step a mail, and the notices in it, to a state it may come to (see `MAIL_COMES_FROM`); False when it is not ours.

        `word` is a person's, kept behind what was said before. With `seen` the mail must still be what that person saw: one that went
        out meanwhile, and whose fate is unknown, is another matter than the one that waited.
        A mail that is `withdrawn` lets its notices go: another mail may carry them.
        """

    def note_word(self, message_id: str, word: str) -> None:
        """Keep what people said beside a mail, whatever its state."""

    def mail(self, message_id: str) -> MailRecord | None:
        """One mail by its message id, or None when it is not in the outbox."""

    def in_doubt_since(self, message_id: str, now: datetime) -> datetime:
        """Since when a mail is known to be in doubt; `now`, and kept, when this is the first question since it came to be `unknown`."""

    def claim_digest(self, run_id: int, record: DigestRecord) -> bool:
        """Take a slot of a digest for its reader; False when it or a later one was taken before: then no mail may be put.

        The claim and its mail belong in one `at_once`.
        """

    def digests_claimed(self, workbook: str, digest: str) -> dict[str, datetime]:
        """The newest slot taken for each reader."""

    def digests_sent(self, workbook: str, digest: str) -> dict[str, DigestRecord]:
        """The last digest whose mail left, for each reader; what failed or waits does not count."""

    def note_forms(self, run_id: int, rule: str, files: Mapping[str, str]) -> None:
        """Keep by key which forms of a rule were made, under which name; an empty name: it need not be made. What is kept stays."""

    def forms_noted(self, workbook: str, rule: str) -> dict[str, str]:
        """What `note_forms` kept for a workbook: names by key."""

    def suppress(self, address: str, since: datetime, until: datetime, reason: str) -> None:
        """Write to an address no more until then; of two ends the later counts. Capital letters make no difference."""

    def suppressions(self) -> list[Suppression]:
        """Every address that was suppressed and not lifted, also those whose time is over, in order."""

    def lift(self, address: str) -> bool:
        """Write to an address again; False when it was not suppressed."""

    def note_bounce(self, message_id: str, reason: str) -> None:
        """Keep that a mail which was taken came back: the reason beside the mail, and its notices as `bounced`."""

    def add_transitions(self, run_id: int, workbook: str, transitions: Sequence[Transition]) -> None:
        """Append to the log of observed transitions; nothing in it is ever changed."""

    def transitions(self, workbook: str) -> list[Transition]:
        """The whole log of a workbook, oldest first."""

    def watched(self, workbook: str) -> dict[tuple[str, str, str], bool]:
        """The last known value of each watched condition by (table, key, watch)."""

    def findings(self, workbook: str) -> dict[FindingIdentity, FirstSeen]:
        """Every finding ever noted for a workbook."""

    def note_findings(
        self,
        run_id: int,
        workbook: str,
        now: datetime,
        identities: Collection[FindingIdentity],
        rules: Collection[str] | None = None,
    ) -> None:
        """Note the findings of a run: new, still there, or back; those no longer seen are fixed at `now`.

        One that comes back starts its next episode, unless it was fixed for less than FLAPPING.

        With `rules`, only findings of these rules can become fixed: what was not judged is not a pass.
        """

    def config_version(self, config_hash: str, text: str, now: datetime) -> None:
        """Keep the text of a configuration under its hash, once."""

    def config_text(self, config_hash: str) -> str | None:
        """The text of a configuration once accepted."""

    def config_versions(self, limit: int = 20) -> list[tuple[str, datetime]]:
        """The newest configurations once accepted, newest first: hash and moment."""

    @property
    def timetable(self) -> Timetable:
        """What runs by itself, kept in the same store."""

    @property
    def quotas(self) -> Quotas:
        """Places for calls that others by the same account take too, kept in the same store."""

    def meta(self, name: str) -> str | None:
        """A named text, such as the instance id."""

    def set_meta(self, name: str, value: str) -> None:
        """Set a named text."""

    def swap_meta(self, name: str, was: str | None, becomes: str) -> bool:
        """Set a named text only if it still is `was` (None: not set yet); False when someone else was first."""

    def backup_to(self, path: Path) -> None:
        """Write a whole, consistent copy to this path, replacing what is there."""

    def close(self) -> None:
        """Let go of the store."""
