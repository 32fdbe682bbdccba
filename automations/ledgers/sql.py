"""The ledger as named statements, whichever database they are asked of."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from automations.errors import LedgerFailed
from automations.ledgers import rows
from automations.ledgers.protocol import (
    FLAPPING,
    MAIL_COMES_FROM,
    CellAt,
    DigestRecord,
    FindingIdentity,
    FirstSeen,
    JournalRow,
    LastRefused,
    MailRecord,
    MailState,
    NoticeRecord,
    RunOutcome,
    RunRecord,
    RunStart,
    Suppression,
    Volume,
)
from automations.ledgers.quotas import SqlQuotas
from automations.ledgers.store import Store
from automations.ledgers.timetable import SqlTimetable
from automations.model import Change, Mail, Notice, Transition, Value, WriteReceipt
from automations.quotas import Quotas


class SqlLedger:
    """A `Ledger` as named statements on an open database; what each method promises is written in the protocol."""

    def __init__(self, database: Store) -> None:
        self._database = database

    def at_once(self) -> AbstractContextManager[None]:
        return self._database.transaction()

    def knows(self, workbook: str, automation: str | None = None) -> bool:
        return bool(self._database.rows("knows", workbook=workbook, automation=automation)[0]["known"])

    def begin_run(self, run: RunStart) -> int:
        with self.at_once():
            opened = self._database.rows(
                "begin_run",
                automation=run.automation,
                workbook=run.workbook,
                started_at=run.now.isoformat(),
                config_hash=run.config_hash,
                plan_fingerprint=run.plan_fingerprint,
            )
        return int(opened[0]["id"])

    def end_run(self, run_id: int, outcome: RunOutcome) -> bool:
        counts, ended_at = rows.written(dict(outcome.counts)), outcome.ended_at.isoformat()
        with self.at_once():
            ended = self._database.do(
                "end_run", run_id=run_id, state=outcome.state, ended_at=ended_at, reason=outcome.reason, counts=counts
            )
        return ended == 1

    def runs(self, workbook: str | None = None, limit: int = 20, automation: str | None = None) -> list[RunRecord]:
        return [rows.run_record(row) for row in self._database.rows("runs", workbook=workbook, automation=automation, limit=limit)]

    def journal(self, run_id: int, changes: Sequence[Change]) -> None:
        with self.at_once():
            self._database.do_each("journal", (rows.change_values(run_id, change) for change in changes))

    def settle_cells(self, run_id: int, receipt: WriteReceipt) -> None:
        written = [rows.change_values(run_id, change) | {"state": "applied", "reason": ""} for change in receipt.written]
        refused = [rows.change_values(run_id, change) | {"state": "refused", "reason": why} for change, why in receipt.refused]
        with self.at_once():
            workbook = self._workbook_of(run_id)
            settled = self._database.do_each("settle_change", written + refused)
            if settled != len(written) + len(refused):
                raise _never_journalled(run_id, len(written) + len(refused) - settled)
            self._database.do_each("remember_cell", (values | {"workbook": workbook} for values in written))

    def changes_of(self, run_id: int) -> list[JournalRow]:
        return [rows.journal_row(row) for row in self._database.rows("changes_of", run_id=run_id)]

    def in_doubt(self, workbook: str) -> list[JournalRow]:
        return [rows.journal_row(row) for row in self._database.rows("in_doubt", workbook=workbook)]

    def last_applied(self, workbook: str, cells: Sequence[CellAt]) -> dict[CellAt, Value]:
        return {at: rows.typed_value(row["value"]) for at, row in self._by_column("last_applied", workbook, cells)}

    def adopt(self, run_id: int, cells: Mapping[CellAt, Value]) -> None:
        if not cells:
            return
        with self.at_once():
            kept = {"run_id": run_id, "workbook": self._workbook_of(run_id)}
            values = (
                kept | {"table_name": table, "key": key, "column_name": column, "new_value": rows.typed_text(value)}
                for (table, key, column), value in cells.items()
            )
            self._database.do_each("remember_cell", values)

    def strangers(self, workbook: str, table: str, keys: Sequence[str]) -> set[str]:
        found = self._database.rows("strangers", workbook=workbook, table_name=table, keys=rows.written(list(keys)))
        return {row["key"] for row in found}

    def last_refused(self, workbook: str, cells: Sequence[CellAt]) -> dict[CellAt, LastRefused]:
        return {at: rows.last_refused(row) for at, row in self._by_column("last_refused", workbook, cells)}

    def _by_column(self, statement: str, workbook: str, cells: Sequence[CellAt]) -> Iterator[tuple[CellAt, Any]]:
        """The rows a statement finds for some cells, asked column by column."""
        keys: dict[tuple[str, str], list[str]] = {}
        for table, key, column in cells:
            keys.setdefault((table, column), []).append(key)
        for (table, column), wanted in keys.items():
            place = {"workbook": workbook, "table_name": table, "column_name": column}
            yield from (((table, row["key"], column), row) for row in self._database.rows(statement, **place, keys=rows.written(wanted)))

    def mark_undone(self, run_id: int, by_run_id: int) -> bool:
        with self.at_once():
            return self._database.do("mark_undone", run_id=run_id, by_run_id=by_run_id) == 1

    def claim_notices(self, run_id: int, notices: Sequence[Notice]) -> list[Notice]:
        with self.at_once():
            workbook = self._workbook_of(run_id)
            return [notice for notice in notices if self._claim(run_id, workbook, notice)]

    def _claim(self, run_id: int, workbook: str, notice: Notice) -> bool:
        return self._database.do("claim_notice", run_id=run_id, workbook=workbook, **rows.notice_values(notice)) == 1

    def known_notices(self, workbook: str, identities: Sequence[str]) -> dict[str, str]:
        found = self._database.rows("known_notices", workbook=workbook, identities=rows.written(identities))
        return {row["identity"]: row["state"] for row in found}

    def notices_of(self, run_id: int) -> list[NoticeRecord]:
        return [rows.notice_record(row) for row in self._database.rows("notices_of", run_id=run_id)]

    def notices_about(self, workbook: str, table: str, key: str) -> list[NoticeRecord]:
        return self.notices_about_rows(workbook, table, [key])

    def notices_about_rows(self, workbook: str, table: str, keys: Sequence[str]) -> list[NoticeRecord]:
        found = self._database.rows("notices_about", workbook=workbook, table_name=table, keys=rows.written(list(keys)))
        return [rows.notice_record(row) for row in found]

    def put_mails(self, run_id: int, mails: Sequence[Mail], state: MailState = "pending", reply: str = "") -> None:
        with self.at_once():
            place = {"run_id": run_id, "workbook": self._workbook_of(run_id), "state": state, "reply": reply}
            for mail in mails:
                self._put(place, mail)

    def _put(self, place: rows.Values, mail: Mail) -> None:
        if self._database.do("put_mail", **place, **rows.mail_values(mail)) != 1:
            return
        at = {"workbook": place["workbook"], "message_id": mail.message_id}
        self._database.do("out_of_mail", message_id=mail.message_id)
        self._database.do_each("put_in_mail", (at | {"identity": identity} for identity in mail.identities))
        self._database.do("settle_notices", message_id=mail.message_id, state="planned" if place["state"] == "pending" else place["state"])

    def pending_mails(self, now: datetime | None = None) -> list[MailRecord]:
        return [rows.mail_record(row) for row in self._database.rows("pending_mails", now=now and now.isoformat())]

    def pending_ids(self, now: datetime | None = None) -> list[str]:
        return [row["message_id"] for row in self._database.rows("pending_ids", now=now and now.isoformat())]

    def mails(self, message_ids: Sequence[str]) -> list[MailRecord]:
        return [rows.mail_record(row) for row in self._database.rows("mails", message_ids=rows.written(list(message_ids)))]

    def put_off(self, message_id: str, reply: str, next_try: datetime | None, *, counted: bool) -> bool:
        until = next_try and next_try.isoformat()
        with self.at_once():
            if self._database.do("put_off", message_id=message_id, reply=reply, next_try=until, counted=counted) != 1:
                return False
            self._database.do("settle_notices", message_id=message_id, state="planned")
        return True

    def volume(self, workbook: str, since: datetime) -> Volume:
        readers = self._database.rows("sent_to", since=since.isoformat())
        about = self._database.rows("told_about", workbook=workbook, since=since.isoformat())
        return Volume(
            {row["recipient"]: row["mails"] for row in readers}, {(row["table_name"], row["key"]): row["notices"] for row in about}
        )

    def outbox(self, states: Collection[MailState] = (), workbook: str | None = None, limit: int = 50) -> list[MailRecord]:
        found = self._database.rows("outbox", states=rows.some(states), workbook=workbook, limit=limit)
        return [rows.mail_record(row) for row in found]

    def settle_mail(self, message_id: str, state: MailState, reply: str, word: str = "", seen: MailRecord | None = None) -> bool:
        step = {"message_id": message_id, "state": state, "reply": reply, "word": word, "comes_from": rows.some(MAIL_COMES_FROM[state])}
        with self.at_once():
            if self._database.do("settle_mail", **step, **rows.seen_values(seen)) != 1:
                return False
            self._database.do("settle_notices", message_id=message_id, state="planned" if state == "pending" else state)
            if state == "unknown":
                self._database.do("forget_doubt", message_id=message_id)
            if state == "withdrawn":
                self._database.do("out_of_mail", message_id=message_id)
        return True

    def note_word(self, message_id: str, word: str) -> None:
        with self.at_once():
            self._database.do("note_word", message_id=message_id, word=word)

    def mail(self, message_id: str) -> MailRecord | None:
        found = self._database.rows("mail_at", message_id=message_id)
        return rows.mail_record(found[0]) if found else None

    def in_doubt_since(self, message_id: str, now: datetime) -> datetime:
        with self.at_once():
            self._database.do("note_doubt", message_id=message_id, now=now.isoformat())
            return datetime.fromisoformat(self._database.rows("doubted_since", message_id=message_id)[0]["since"])

    def claim_digest(self, run_id: int, record: DigestRecord) -> bool:
        with self.at_once():
            place = {"run_id": run_id, "workbook": self._workbook_of(run_id)}
            return self._database.do("claim_digest", **place, **rows.digest_values(record)) == 1

    def digests_claimed(self, workbook: str, digest: str) -> dict[str, datetime]:
        found = self._database.rows("digests_claimed", workbook=workbook, digest=digest)
        return {row["reader"]: datetime.fromisoformat(row["slot"]) for row in found}

    def digests_sent(self, workbook: str, digest: str) -> dict[str, DigestRecord]:
        found = self._database.rows("digests_sent", workbook=workbook, digest=digest)
        return {row["reader"]: rows.digest_record(digest, row) for row in found}

    def note_forms(self, run_id: int, rule: str, files: Mapping[str, str]) -> None:
        with self.at_once():
            place = {"run_id": run_id, "workbook": self._workbook_of(run_id), "rule": rule}
            self._database.do_each("note_form", (place | {"key": key, "file": file} for key, file in files.items()))

    def forms_noted(self, workbook: str, rule: str) -> dict[str, str]:
        return {row["key"]: row["file"] for row in self._database.rows("forms_noted", workbook=workbook, rule=rule)}

    def suppress(self, address: str, since: datetime, until: datetime, reason: str) -> None:
        with self.at_once():
            self._database.do("suppress", address=address.casefold(), since=since.isoformat(), until=until.isoformat(), reason=reason)

    def suppressions(self) -> list[Suppression]:
        return [rows.suppression(row) for row in self._database.rows("suppressions")]

    def lift(self, address: str) -> bool:
        with self.at_once():
            return self._database.do("lift", address=address.casefold()) == 1

    def note_bounce(self, message_id: str, reason: str) -> None:
        with self.at_once():
            self._database.do("note_bounce", message_id=message_id, reason=reason)
            self._database.do("settle_notices", message_id=message_id, state="bounced")

    def add_transitions(self, run_id: int, workbook: str, transitions: Sequence[Transition]) -> None:
        place = {"run_id": run_id, "workbook": workbook}
        with self.at_once():
            self._database.do_each("add_transition", (place | rows.transition_values(transition) for transition in transitions))

    def transitions(self, workbook: str) -> list[Transition]:
        return [rows.transition(row) for row in self._database.rows("transitions", workbook=workbook)]

    def watched(self, workbook: str) -> dict[tuple[str, str, str], bool]:
        found = self._database.rows("watched", workbook=workbook)
        return {(table, key, watch): bool(value) for table, key, watch, value in found}

    def findings(self, workbook: str) -> dict[FindingIdentity, FirstSeen]:
        return {rows.finding_identity(row): rows.first_seen(row) for row in self._database.rows("findings", workbook=workbook)}

    def note_findings(
        self,
        run_id: int,
        workbook: str,
        now: datetime,
        identities: Collection[FindingIdentity],
        rules: Collection[str] | None = None,
    ) -> None:
        seen = {"run_id": run_id, "workbook": workbook, "now": now.isoformat()}
        with self.at_once():
            flapping = {"flapping": (now - FLAPPING).isoformat()}
            self._database.do_each("see_finding", (seen | flapping | rows.finding_values(identity) for identity in identities))
            self._database.do("fix_findings", **seen, rules=rows.some(rules))

    def config_version(self, config_hash: str, text: str, now: datetime) -> None:
        with self.at_once():
            self._database.do("keep_config", config_hash=config_hash, text=text, accepted_at=now.isoformat())

    def config_text(self, config_hash: str) -> str | None:
        found = self._database.rows("config_text", config_hash=config_hash)
        return str(found[0]["text"]) if found else None

    def config_versions(self, limit: int = 20) -> list[tuple[str, datetime]]:
        found = self._database.rows("config_versions", limit=limit)
        return [(str(row["hash"]), datetime.fromisoformat(row["accepted_at"])) for row in found]

    @property
    def timetable(self) -> SqlTimetable:
        return SqlTimetable(self._database)

    @property
    def quotas(self) -> Quotas:
        return SqlQuotas(self._database)

    def meta(self, name: str) -> str | None:
        found = self._database.rows("meta", name=name)
        return str(found[0]["value"]) if found else None

    def set_meta(self, name: str, value: str) -> None:
        with self.at_once():
            self._database.do("set_meta", name=name, value=value)

    def swap_meta(self, name: str, was: str | None, becomes: str) -> bool:
        with self.at_once():
            if was is None:
                return self._database.do("first_meta", name=name, value=becomes) == 1
            return self._database.do("swap_meta", name=name, was=was, value=becomes) == 1

    def close(self) -> None:
        self._database.close()

    def _workbook_of(self, run_id: int) -> str:
        found = self._database.rows("workbook_of", run_id=run_id)
        if not found:
            raise LedgerFailed(f"the ledger has no run {run_id}; begin a run before recording anything under its number.")
        return str(found[0]["workbook"])


def _never_journalled(run_id: int, count: int) -> LedgerFailed:
    return LedgerFailed(
        f"run {run_id}: {count} changes of the receipt were never journalled or are settled already; nothing of the receipt was recorded. "
        "Look at the run's changes and at these cells before the next run."
    )
