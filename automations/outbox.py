"""The mails in the ledger, listed and shown, and a person's word on those that did not simply leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from getpass import getuser
from typing import Any

from automations.asking import NotThere
from automations.channels.mailbox import Mailbox
from automations.errors import RowkeeperError
from automations.evidence import Verdict, settle_by_evidence
from automations.ledgers.protocol import Ledger, MailRecord, MailState
from automations.model import Words
from automations.suppressed import LeftOut, Lifted, lift
from automations.visiting import settled

ALL = 1_000_000
SHOWN_ID = 10
STATES: Mapping[MailState, Words] = {
    "pending": {"zh": "等待发出", "en": "pending"},
    "sending": {"zh": "正在发出", "en": "sending"},
    "sent": {"zh": "已发出", "en": "sent"},
    "failed": {"zh": "没有发成", "en": "failed"},
    "unknown": {"zh": "说不准", "en": "unknown"},
    "draft": {"zh": "草稿", "en": "draft"},
    "held": {"zh": "被拦下", "en": "held"},
    "released": {"zh": "已放行", "en": "released"},
    "dropped": {"zh": "已作废", "en": "dropped"},
    "withdrawn": {"zh": "已撤回", "en": "withdrawn"},
    "suppressed": {"zh": "不再发送", "en": "suppressed"},
}
NEXT: Mapping[MailState, Words] = {
    "pending": {"zh": "下次运行时发出", "en": "the next run sends it"},
    "dropped": {"zh": "不再发送", "en": "it is not sent any more"},
    "released": {"zh": "下次运行时再核对一遍，然后发出", "en": "the next run checks it once more and sends it"},
    "sent": {"zh": "算作已发出", "en": "it counts as sent"},
}


class NotSo(RowkeeperError):
    """What a person said of a mail does not fit its state, or lacks its reason."""


@dataclass(frozen=True)
class Step:
    """A word a person may say of a mail: in which states, what becomes of it, and whether the reason must be given."""

    states: tuple[MailState, ...]
    becomes: MailState
    needs_reason: bool = True


STEPS: Mapping[str, Step] = {
    "retry": Step(("failed",), "pending", needs_reason=False),
    "release": Step(("draft", "held"), "released", needs_reason=False),
    "drop": Step(("pending", "unknown", "draft", "held", "released"), "dropped"),
    "resolve sent": Step(("unknown",), "sent"),
    "resolve not-sent": Step(("unknown",), "pending"),
}


@dataclass(frozen=True)
class Person:
    """Who says a word, why, and when: kept beside the mail."""

    why: str = ""
    name: str = ""
    at: datetime | None = None

    def said(self, word: str) -> str:
        """`drop: already told by phone (wang, 2026-09-30 08:30)`."""
        signed = ", ".join(filter(None, [self.name, f"{self.at:%Y-%m-%d %H:%M}" if self.at else ""]))
        return (f"{word}: {self.why.strip()}" if self.why.strip() else word) + (f" ({signed})" if signed else "")


def signed(why: str, by: str, at: datetime) -> Person:
    """Whose word a command is: who is named, or who is signed in on this machine."""
    return Person(why, by or getuser(), at)


@dataclass(frozen=True)
class Outbox:
    """Mails as listed: number, state, moment, reader, subject, and the last words about those that did not leave."""

    mails: Sequence[MailRecord]
    language: str

    def data(self) -> dict[str, Any]:
        return {"mails": [_data(record) for record in self.mails]}

    def text(self) -> str:
        lines = [line for record in self.mails for line in self._lines(record)]
        return "\n".join(lines) or ("发件箱里没有这样的邮件" if self.language == "zh" else "no such mails in the outbox")

    def _lines(self, record: MailRecord) -> list[str]:
        mail, state = record.mail, STATES[record.state][self.language]
        line = f"{_bare(mail.message_id)[:SHOWN_ID]}  {state:<8} {mail.sent_at:%Y-%m-%d %H:%M}  {mail.reader} <{mail.to}>  {mail.subject}"
        return [line, *([f"{'':{SHOWN_ID}}  {record.said}"] if record.said and record.state != "sent" else [])]


@dataclass(frozen=True)
class Shown:
    """One mail in full, as it was frozen while planning."""

    record: MailRecord
    language: str

    def data(self) -> dict[str, Any]:
        return _data(self.record) | {"text": self.record.mail.text, "html": self.record.mail.html}

    def text(self) -> str:
        mail, zh = self.record.mail, self.language == "zh"
        words = (
            ("编号", "状态", "收件人", "时间", "主题", "结果", "经手") if zh else ("id", "state", "to", "at", "subject", "reply", "said")
        )
        colon = "：" if zh else ": "
        values = (
            _bare(mail.message_id),
            STATES[self.record.state][self.language],
            f"{mail.reader} <{mail.to}>",
            f"{mail.sent_at:%Y-%m-%d %H:%M}",
            mail.subject,
            self.record.reply or "-",
            self.record.words,
        )
        return "\n".join([*(f"{word}{colon}{value}" for word, value in zip(words, values, strict=True) if value), "", mail.text])


@dataclass(frozen=True)
class Settled:
    """What a person's word made of a mail, or of several."""

    records: Sequence[MailRecord]
    language: str

    def data(self) -> dict[str, Any]:
        return _data(self.records[0]) if len(self.records) == 1 else {"mails": [_data(record) for record in self.records]}

    def text(self) -> str:
        return "\n".join(map(self._line, self.records)) or ("没有被拦下的邮件" if self.language == "zh" else "no mail is held")

    def _line(self, record: MailRecord) -> str:
        words, comma = (STATES[record.state], NEXT[record.state]), "，" if self.language == "zh" else ", "
        return f"{_bare(record.mail.message_id)[:SHOWN_ID]}  {record.mail.reader}: {comma.join(each[self.language] for each in words)}"


@dataclass(frozen=True)
class Evidence:
    """What the mailbox says of the mails in doubt: which were settled, and why the others were not."""

    verdicts: Sequence[Verdict]
    language: str

    def data(self) -> dict[str, Any]:
        return {"mails": [_data(each.record) | {"becomes": each.becomes, "why": each.why} for each in self.verdicts]}

    def text(self) -> str:
        lines = [settled(each)[self.language] for each in self.verdicts]
        return "\n".join(lines) or ("没有说不准的邮件" if self.language == "zh" else "no mail is in doubt")


def outbox(
    ledger: Ledger, language: str, action: str = "list", mail: str | None = None, answer: str | None = None, **how: Any
) -> Outbox | Shown | Settled | LeftOut | Lifted | Evidence:
    """Do what `runner.py outbox` says: `list` (how: `state`, `limit`), `show`, `release`, `retry`, `drop`, `resolve` with an answer.
    `suppressed` lists the addresses that get no mail, `lift` lets one have it again.

    Whose word it is (how): `person`; `all_held` releases every mail a brake held, `mailbox` settles every one in doubt by evidence.
    Raises NotThere for a mail that is not there or not the only one, NotSo for a word that does not fit.
    """
    if action == "list":
        return Outbox(ledger.outbox([how["state"]] if how.get("state") else [], limit=how.get("limit") or 50), language)
    if action == "suppressed":
        return LeftOut(ledger.suppressions(), language)
    if action == "lift":
        return lift(ledger, mail or "", language)
    person = how.get("person") or Person()
    if action == "release" and how.get("all_held"):
        held = reversed(ledger.outbox(["held"], limit=ALL))
        return Settled([settle(ledger, record, action, person) for record in held], language)
    if action == "resolve" and how.get("by_evidence"):
        return by_evidence(ledger, how.get("mailbox"), person.at, language)
    record = find(ledger, mail)
    if action == "show":
        return Shown(record, language)
    return Settled([settle(ledger, record, f"{action} {answer or ''}".strip(), person)], language)


def by_evidence(ledger: Ledger, mailbox: Mailbox | None, now: datetime | None, language: str) -> Evidence:
    """Settle the mails in doubt by what stands in the sender's mailbox. Raises MailboxFailed, and NotSo without a mailbox."""
    if mailbox is None or now is None:
        raise NotSo("no mailbox can be asked: write mail.imap in config/settings.yaml (with `kind: smtp`).")
    try:
        return Evidence(settle_by_evidence(mailbox, ledger, now), language)
    finally:
        mailbox.close()


def find(ledger: Ledger, wanted: str | None) -> MailRecord:
    """The mail with this id; as many of its first letters as make it the only one are enough."""
    start = _bare(wanted or "")
    if not start:
        raise NotThere("which mail? write its id after the word, as `runner.py outbox list` shows it.")
    found = [record for record in ledger.outbox(limit=ALL) if _bare(record.mail.message_id).startswith(start)]
    exact = [record for record in found if start == _bare(record.mail.message_id)]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if found:
        raise NotThere(f"{len(found)} mails have an id that begins with '{start}'; write more of it.")
    raise NotThere(f"no mail in the outbox has an id that begins with '{start}'; see `runner.py outbox list`.")


def settle(ledger: Ledger, record: MailRecord, word: str, person: Person) -> MailRecord:
    """Take a mail where a person's word leads; the word and its reason are kept beside it, also when it is sent."""
    step, name = STEPS.get(word), _bare(record.mail.message_id)[:SHOWN_ID]
    if step is None:
        raise NotSo(f"what is known of mail {name}? write `runner.py outbox resolve {name} sent` or `... not-sent`.")
    if record.state not in step.states:
        raise NotSo(f"mail {name} is '{record.state}'; `{word}` is for mails that are {' or '.join(step.states)}.")
    if step.needs_reason and not person.why.strip():
        raise NotSo(f'`{word}` needs a reason that is kept beside the mail: add --why "..."')
    if not ledger.settle_mail(record.mail.message_id, step.becomes, record.reply, person.said(word), record):
        raise NotSo(f"mail {name} has just changed; look at it again with `runner.py outbox show {name}`.")
    words = "; ".join(filter(None, [record.words, person.said(word)]))
    return replace(record, state=step.becomes, words=words, tries=0, next_try=None)


def _data(record: MailRecord) -> dict[str, Any]:
    mail = {key: value for key, value in asdict(record.mail).items() if key not in ("text", "html")}
    tried = {"tries": record.tries, "next_try": record.next_try} if record.tries else {}
    return {
        "state": record.state,
        "reply": record.reply,
        "words": record.words,
        "run": record.run_id,
        "workbook": record.workbook,
        **tried,
        **mail,
    }


def _bare(message_id: str) -> str:
    return message_id.strip().strip("<>")
