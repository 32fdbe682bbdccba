"""A ledger that is an old copy: its mails are held and the admin is told once, until a person confirms it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from automations.cadence import instant_of
from automations.generation import Older, confirm, hold_back, older
from automations.model import Words
from automations.outbox import ALL, Person
from automations.run import World
from automations.toolmail import tell_admin

TROUBLE = "ledger"
WORDS: Mapping[str, Words] = {
    "nothing": {"zh": "运行记录没有疑问，不用确认。", "en": "nothing is wrong with the ledger; there is nothing to confirm."},
    "goes on": {
        "zh": "今后以这份运行记录为准。拦下的邮件 {held} 封，下次运行核对后发出。",
        "en": "this ledger counts from now on. {held} mails were held; the next run checks and sends them.",
    },
    "told": {
        "zh": "今后以这份运行记录为准。拦下的邮件 {held} 封都算已经发过，不再发送。",
        "en": "this ledger counts from now on. {held} mails were held; they all count as told and are not sent.",
    },
    "found": {
        "zh": "其中 {found} 封在已发送邮件里找到，不再发送。",
        "en": "{found} of them stand among the sent mails and are not sent again.",
    },
    "unknown": {
        "zh": "另有 {unknown} 封说不准是否发出：runner.py outbox list --state unknown，核对后 outbox resolve。",
        "en": "{unknown} more may or may not have left: runner.py outbox list --state unknown, then outbox resolve.",
    },
}


@dataclass(frozen=True)
class Confirmed:
    """What a person's word on an old ledger did: mails held, of these found sent, and those still in doubt."""

    state: str
    held: int
    found: int
    unknown: int
    language: str

    def data(self) -> dict[str, Any]:
        """`{"state": nothing | goes on | told, "held", "found", "unknown"}`."""
        return {"state": self.state, "held": self.held, "found": self.found, "unknown": self.unknown}

    def text(self) -> str:
        """In sentences."""
        parts = [self.state, *(["found"] if self.found else []), *(["unknown"] if self.unknown else [])]
        return "\n".join(WORDS[part][self.language].format(**self.data()) for part in parts)


def watch(world: World, now: datetime) -> Older | None:
    """Look at the marks before anything is sent; of an old ledger what waits is held back, and the admin is told. `now` is local."""
    found = older(world.marks, world.ledger, world.workbook.name)
    if found and hold_back(world.ledger, found):
        why = found.said(world.config.language)
        utc = instant_of(now, ZoneInfo(world.config.calendar.settings.zone))
        world.ledger.timetable.trouble(TROUBLE, utc, why)
        tell_admin(world, "restored", now, f"{found.knows} {found.count} {found.at}", why=why)
    return found


def confirmed(world: World, now: datetime, person: Person, *, told: bool = False) -> Confirmed:
    """A person's word that this ledger goes on. Mails that stand among the sent ones are not sent again; `told`, none that is held is."""
    language, ledger = world.config.language, world.ledger
    if watch(world, now) is None:
        return Confirmed("nothing", 0, 0, 0, language)
    held = [record.mail.message_id for record in ledger.outbox(["held"], world.workbook.name, ALL)]
    found = _among_sent(world, held)
    for each in held if told else found:
        ledger.settle_mail(each, "dropped", "", person.said("backup confirm"))
    confirm(world.marks, ledger, now)
    ledger.timetable.over(TROUBLE)
    unknown = len(ledger.outbox(["unknown"], world.workbook.name, ALL))
    return Confirmed("told" if told else "goes on", len(held), len(found), unknown, language)


def _among_sent(world: World, held: list[str]) -> list[str]:
    """The held mails that the sender's mailbox has among the sent ones; raises MailboxFailed when it does not answer."""
    if world.mailbox is None or not held:
        return []
    try:
        sent = world.mailbox.sent(held)
    finally:
        world.mailbox.close()
    return [each for each in held if each in sent]
