"""How the nouns become rows of the ledger and come back, exactly."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Collection
from datetime import date, datetime, time
from decimal import Decimal
from sqlite3 import Row
from typing import Any

from automations.ledgers.protocol import (
    DigestRecord,
    FindingIdentity,
    FirstSeen,
    JournalRow,
    LastRefused,
    MailRecord,
    NoticeRecord,
    RunRecord,
    Suppression,
)
from automations.model import Attachment, CellChange, Change, Mail, NewKey, NewRow, Notice, Transition, Value

Values = dict[str, Any]


def written(value: object) -> str:
    """JSON text in which Chinese stays readable and the same thing is always the same text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def some(values: Collection[str] | None) -> str | None:
    """A list for `json_each`, sorted; None stays None, which means all."""
    return None if values is None else written(sorted(values))


def typed_text(value: Value) -> str:
    """A typed value as JSON: `5`, `"x"`, `true`, `null`, `{"decimal": "1.50"}`, `{"date": "2026-09-30"}`."""
    match value:
        case datetime():  # before date: a datetime is one
            return written({"datetime": value.isoformat()})
        case date():
            return written({"date": value.isoformat()})
        case time():
            return written({"time": value.isoformat()})
        case Decimal():
            return written({"decimal": str(value)})
        case None | bool() | int() | str():
            return written(value)
    raise TypeError(f"{type(value).__name__} is not a value of a cell")


def typed_value(text: str) -> Value:
    """The typed value that `typed_text` wrote."""
    match json.loads(text):
        case {"datetime": str(shown)}:
            return datetime.fromisoformat(shown)
        case {"date": str(shown)}:
            return date.fromisoformat(shown)
        case {"time": str(shown)}:
            return time.fromisoformat(shown)
        case {"decimal": str(shown)}:
            return Decimal(shown)
        case (None | bool() | int() | str()) as plain:
            return plain
    raise ValueError(f"{text} is not a value written by typed_text")


def moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def change_values(run_id: int, change: Change) -> Values:
    """The columns of `change`; a number given to a row, or a row appended under its key, has that as its new value."""
    place = {"run_id": run_id, "table_name": change.table, "key": change.key, "column_name": change.column, "row_at": change.row}
    match change:
        case CellChange():
            values = {"old_value": typed_text(change.old), "new_value": typed_text(change.new)}
            return place | values | {"kind": "cell", "rule": change.rule, "content": ""}
        case NewKey():
            values = {"old_value": typed_text(None), "new_value": typed_text(change.key)}
            return place | values | {"kind": "key", "rule": "", "content": change.content}
        case NewRow():
            values = {"old_value": typed_text(None), "new_value": typed_text(change.key)}
            return place | values | {"kind": "row", "rule": change.rule, "content": ""}


def journal_row(row: Row) -> JournalRow:
    change: Change
    if row["kind"] == "key":
        change = NewKey(table=row["table_name"], column=row["column_name"], key=row["key"], row=row["row_at"], content=row["content"])
    elif row["kind"] == "row":
        change = NewRow(row["table_name"], row["column_name"], row["key"], row["row_at"], row["rule"])
    else:
        old, new = typed_value(row["old_value"]), typed_value(row["new_value"])
        change = CellChange(row["table_name"], row["key"], row["column_name"], old, new, row["rule"], row["row_at"])
    return JournalRow(run_id=row["run_id"], change=change, state=row["state"], reason=row["reason"])


def run_record(row: Row) -> RunRecord:
    return RunRecord(
        id=row["id"],
        automation=row["automation"],
        workbook=row["workbook"],
        started_at=datetime.fromisoformat(row["started_at"]),
        config_hash=row["config_hash"],
        plan_fingerprint=row["plan_fingerprint"],
        state=row["state"],
        ended_at=moment(row["ended_at"]),
        reason=row["reason"],
        counts=json.loads(row["counts"]),
        undone_by=row["undone_by"],
    )


def notice_values(notice: Notice) -> Values:
    return {
        "identity": notice.identity,
        "policy": notice.policy,
        "rule": notice.rule,
        "table_name": notice.table,
        "key": notice.key,
        "rung": notice.rung,
        "episode": notice.episode,
        "template": notice.template,
        "reader": notice.reader,
        "address": notice.address,
        "language": notice.language,
        "facts": written(dict(notice.facts)),
        "claimed_as": notice.state,
        "reason": notice.reason,
    }


def notice_record(row: Row) -> NoticeRecord:
    notice = Notice(
        identity=row["identity"],
        policy=row["policy"],
        rule=row["rule"],
        table=row["table_name"],
        key=row["key"],
        rung=row["rung"],
        episode=row["episode"],
        template=row["template"],
        reader=row["reader"],
        address=row["address"],
        language=row["language"],
        facts=json.loads(row["facts"]),
        state=row["claimed_as"],
        reason=row["reason"],
    )
    return NoticeRecord(run_id=row["run_id"], notice=notice, state=row["state"], at=datetime.fromisoformat(row["started_at"]))


def mail_values(mail: Mail) -> Values:
    return {
        "message_id": mail.message_id,
        "recipient": mail.to,
        "reader": mail.reader,
        "subject": mail.subject,
        "text": mail.text,
        "html": mail.html,
        "identities": written(mail.identities),
        "sent_at": mail.sent_at.isoformat(),
        "language": mail.language,
        "reply_to": mail.reply_to,
        "list_id": mail.list_id,
        "attachments": written([_packed(each) for each in mail.attachments]),
    }


def mail_record(row: Row) -> MailRecord:
    mail = Mail(
        message_id=row["message_id"],
        to=row["recipient"],
        reader=row["reader"],
        subject=row["subject"],
        text=row["text"],
        html=row["html"],
        identities=tuple(json.loads(row["identities"])),
        sent_at=datetime.fromisoformat(row["sent_at"]),
        language=row["language"],
        reply_to=row["reply_to"],
        list_id=row["list_id"],
        attachments=tuple(map(_unpacked, json.loads(row["attachments"]))),
    )
    return MailRecord(row["run_id"], row["workbook"], mail, row["state"], row["reply"], row["tries"], moment(row["next_try"]), row["words"])


def seen_values(seen: MailRecord | None) -> Values:
    """What a mail was when a person looked at it; nothing where nobody did."""
    if seen is None:
        return {"seen_state": None, "seen_reply": None, "seen_words": None}
    return {"seen_state": seen.state, "seen_reply": seen.reply, "seen_words": seen.words}


def _packed(file: Attachment) -> list[str]:
    content = b64encode(file.content).decode("ascii")
    return [file.name, file.media_type, content, *([file.content_id] if file.content_id else [])]


def _unpacked(file: list[str]) -> Attachment:
    name, kind, content, *more = file
    return Attachment(name, kind, b64decode(content), *more)


def digest_values(record: DigestRecord) -> Values:
    """The columns of a claimed digest."""
    return {
        "digest": record.digest,
        "reader": record.reader,
        "slot": record.slot.isoformat(),
        "at": record.at.isoformat(),
        "message_id": record.message_id,
        "figures": written(dict(record.figures)),
    }


def digest_record(digest: str, row: Row) -> DigestRecord:
    """A claimed digest as remembered."""
    slot, at = (datetime.fromisoformat(row[name]) for name in ("slot", "at"))
    return DigestRecord(digest, row["reader"], slot, at, row["message_id"], json.loads(row["figures"]))


def suppression(row: Row) -> Suppression:
    return Suppression(row["address"], datetime.fromisoformat(row["since"]), datetime.fromisoformat(row["until"]), row["reason"])


def last_refused(row: Row) -> LastRefused:
    old, new = typed_value(row["old_value"]), typed_value(row["new_value"])
    return LastRefused(old, new, row["reason"], datetime.fromisoformat(row["started_at"]))


def transition_values(transition: Transition) -> Values:
    return {
        "table_name": transition.table,
        "key": transition.key,
        "watch": transition.watch,
        "old_value": transition.old,
        "new_value": transition.new,
        "seen_at": transition.seen_at.isoformat(),
        "not_before": transition.not_before and transition.not_before.isoformat(),
    }


def transition(row: Row) -> Transition:
    old = None if row["old_value"] is None else bool(row["old_value"])
    seen_at, not_before = datetime.fromisoformat(row["seen_at"]), moment(row["not_before"])
    return Transition(row["table_name"], row["key"], row["watch"], old, bool(row["new_value"]), seen_at, not_before)


def finding_values(identity: FindingIdentity) -> Values:
    rule, key, column = identity
    return {"rule": rule, "key": key, "column_name": column or ""}


def finding_identity(row: Row) -> FindingIdentity:
    return row["rule"], row["key"], row["column_name"] or None


def first_seen(row: Row) -> FirstSeen:
    first, last = datetime.fromisoformat(row["first_seen"]), datetime.fromisoformat(row["last_seen"])
    return FirstSeen(first_seen=first, last_seen=last, fixed_at=moment(row["fixed_at"]), episode=row["episode"])
