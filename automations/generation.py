"""The generation mark: a count outside the ledger, by which an old copy of it is noticed before it mails again what left long ago."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from automations.ledgers.protocol import Ledger, MailState
from automations.model import Words

INSTALLATION, GENERATION = "installation", "generation"
"""The ledger's names for who it is, and for how often it was about to change something outside."""
DOUBT, NOTICED = "generation in doubt", "generation noticed"
"""Kept facts of an old copy that no mark shows any more, and the facts that were acted on last."""
KNOWN_TO: Words = {
    "zh": "运行记录是旧的：它只记到第 {knows} 次，而 {place} 里的标记是第 {count} 次（{at}）",
    "en": "the ledger is an old one: it knows {knows} rounds of writing and sending, the mark in {place} says {count} ({at})",
}
ANOTHER: Words = {
    "zh": "这个工作簿后来由另一份运行记录处理过：{place} 里的标记是别人的，第 {count} 次（{at}）",
    "en": "another ledger has worked on this workbook since: the mark in {place} is not ours, {count} rounds ({at})",
}
UNTIL: Words = {
    "zh": "这之后发过哪些邮件，它不知道，所以邮件都先拦下，等人确认",
    "en": "It does not know which mails left since, so every mail is held until a person confirms",
}
REMEDY: Words = {
    "zh": "看拦下的邮件：runner.py outbox list --state held；再确认：runner.py backup confirm（拦下的照发），"
    "或 runner.py backup confirm --told（拦下的都算发过了）",
    "en": "look at the mails held: runner.py outbox list --state held; then say so: runner.py backup confirm (they are sent), "
    "or runner.py backup confirm --told (they all count as told)",
}
SINCE = "the ledger is an old one; this may have left since"


@dataclass(frozen=True)
class Mark:
    """What stands outside: whose count it is, how far it got, and when that was (local time)."""

    id: str
    generation: int
    at: str


@dataclass(frozen=True)
class Marks:
    """The files that carry the mark: one beside the ledger, one beside a workbook that is a file."""

    files: Sequence[Path] = ()

    def read(self) -> dict[Path, Mark]:
        """The marks that are there and can be read."""
        return {file: mark for file in self.files if (mark := _read(file))}

    def write(self, mark: Mark) -> None:
        """Put the mark everywhere it can be put; a place that refuses guards nothing, and stops nothing."""
        for file in self.files:
            _write(file, mark)


def marks_beside(ledger: Path, workbook: Path | None) -> Marks:
    """The places of the mark for a ledger, and for a workbook where that is a file: in its folder of previous versions."""
    beside = [workbook.parent / ".rowkeeper" / f"{workbook.name}.mark"] if workbook else []
    return Marks((ledger.with_name(f"{ledger.name}.mark"), *beside))


def _read(file: Path) -> Mark | None:
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        return Mark(str(said["id"]), int(said["generation"]), str(said["at"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(file: Path, mark: Mark) -> None:
    unfinished = file.with_name(f"{file.name}.unfinished")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(json.dumps(asdict(mark)) + "\n", encoding="utf-8")
        unfinished.replace(file)
    except OSError:
        return


@dataclass(frozen=True)
class Older:
    """Why a ledger is taken for an old copy: what it knows, and what a mark says."""

    knows: int
    count: int
    place: str
    at: str
    another: bool = False

    @property
    def facts(self) -> Mapping[str, object]:
        """For messages."""
        return asdict(self)

    @property
    def words(self) -> Words:
        """`why` in both languages."""
        return {"zh": self.why("zh"), "en": self.why("en")}

    def why(self, language: str) -> str:
        """What was noticed, and what follows from it."""
        full_stop = "。" if language == "zh" else ". "
        said = (ANOTHER if self.another else KNOWN_TO)[language].format(**self.facts)
        return f"{said}{full_stop}{UNTIL[language]}"

    def said(self, language: str) -> str:
        """The same with what to do."""
        return f"{self.why(language)}{'。' if language == 'zh' else '; '}{REMEDY[language]}"


def installation(ledger: Ledger) -> str:
    """The id of this installation, made when it is first asked for; a copy of the ledger has the same."""
    ledger.swap_meta(INSTALLATION, None, secrets.token_hex(8))
    return ledger.meta(INSTALLATION) or ""


def older(marks: Marks, ledger: Ledger, workbook: str) -> Older | None:
    """Whether the ledger is an old copy, or another's, by the marks outside it; a new ledger is neither. Nothing is written."""
    kept, marks_now = ledger.meta(DOUBT), marks.read()  # before the ledger, which others may count on meanwhile
    if kept:
        return Older(**json.loads(kept))
    known, id_ = ledger.meta(GENERATION), ledger.meta(INSTALLATION)
    if known is None and not ledger.knows(workbook):
        return None
    generation = int(known or 0)
    for file, mark in marks_now.items():
        if mark.id != id_ or mark.generation > generation:
            return Older(generation, mark.generation, f"{file.parent.name}/{file.name}", mark.at, mark.id != id_)
    return None


def count(marks: Marks, ledger: Ledger, workbook: str, now: datetime) -> None:
    """Say before anything is written or sent that it will be: first in the ledger, then outside; an old copy counts nothing."""
    if marks.files and older(marks, ledger, workbook) is None:
        _set(marks, ledger, now)


def uncounted(ledger: Ledger) -> bool:
    """Whether this ledger never counted."""
    return ledger.meta(GENERATION) is None


def _set(marks: Marks, ledger: Ledger, now: datetime) -> None:
    """One more than whatever is known anywhere."""
    id_, outside = installation(ledger), max([0, *(mark.generation for mark in marks.read().values())])
    while True:
        known = ledger.meta(GENERATION)
        generation = 1 + max(int(known or 0), outside)
        if ledger.swap_meta(GENERATION, known, str(generation)):
            break
    marks.write(Mark(id_, generation, f"{now:%Y-%m-%d %H:%M}"))


def doubt(ledger: Ledger, found: Older) -> None:
    """Keep the doubt where no mark outside shows it any more, until a person confirms."""
    ledger.set_meta(DOUBT, json.dumps(asdict(found)))


def hold_back(ledger: Ledger, found: Older) -> bool:
    """Let no mail leave that may have left since the copy was made; True when that was not done for these facts before."""
    facts, before = json.dumps(asdict(found)), ledger.meta(NOTICED)
    with ledger.at_once():
        if before == facts or not ledger.swap_meta(NOTICED, before, facts):
            return False
        _step(ledger, "pending", ("sending", "unknown"), SINCE)
        _step(ledger, "released", ("held",), SINCE)
    return True


def _step(ledger: Ledger, state: MailState, ways: Sequence[MailState], reply: str) -> None:
    for record in ledger.outbox([state], limit=1_000_000):
        for way in ways:
            ledger.settle_mail(record.mail.message_id, way, "; ".join(filter(None, [record.reply, reply])))


def confirm(marks: Marks, ledger: Ledger, now: datetime) -> None:
    """A person says that this ledger goes on: it counts on from the marks, and nothing is in doubt any more."""
    with ledger.at_once():
        ledger.set_meta(DOUBT, "")
        ledger.set_meta(NOTICED, "")
    _set(marks, ledger, now)
