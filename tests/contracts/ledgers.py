"""What every ledger must do; `test_ledgers.py` runs it for each."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from automations.errors import LedgerFailed
from automations.ledgers.protocol import (
    DigestRecord,
    FirstSeen,
    JournalRow,
    LastRefused,
    Ledger,
    MailRecord,
    MailState,
    NoticeRecord,
    RunOutcome,
    RunRecord,
    RunStart,
    Suppression,
)
from automations.ledgers.slots import Lease, SlotEnd, SlotRecord, Timetable, Trouble
from automations.ledgers.sqlite import SqliteLedger
from automations.model import CellChange, Mail, NewKey, NewRow, Notice, Transition, Value, WriteReceipt
from automations.quotas import Quota

BOOK = "客户台账"
MONDAY = datetime(2026, 9, 28, 8, 30)
TUESDAY = datetime(2026, 9, 29, 8, 30)
WEDNESDAY = datetime(2026, 9, 30, 8, 30)
START = RunStart(automation="daily", workbook=BOOK, now=MONDAY, config_hash="c1", plan_fingerprint="p1")
DONE = RunOutcome(state="done", ended_at=MONDAY, counts={"cells": 2, "mails": 1})


def change(column: str = "assign_state", new: Value = "进行中", old: Value = None, key: str = "TS-1") -> CellChange:
    return CellChange(table="complaints", key=key, column=column, old=old, new=new, rule="assign", row=17)


def notice(identity: str, state: str = "planned", reason: str = "") -> Notice:
    return Notice(
        identity=identity,
        policy="complaint-handling",
        rule="assign",
        table="complaints",
        key="TS-1",
        rung="due",
        episode=1,
        template="deadline-late",
        reader="王芳",
        address="wang@example.cn",
        language="zh",
        facts={"due": "2026-09-28 18:00"},
        state=state,  # type: ignore[arg-type]
        reason=reason,
    )


def mail(message_id: str = "m1@example.cn", identities: tuple[str, ...] = ("n1",)) -> Mail:
    return Mail(
        message_id=message_id,
        to="wang@example.cn",
        reader="王芳",
        subject="投诉 TS-1 已逾期",
        text="请处理。",
        html="<p>请处理。</p>",
        identities=identities,
        sent_at=datetime(2026, 9, 28, 8, 31, 5),
        reply_to="qc@example.cn",
    )


class LedgerContract:
    """Subclasses give the fixture `ledger`."""

    def test_runs_are_numbered_from_one_and_listed_newest_first(self, ledger: Ledger) -> None:
        first = ledger.begin_run(START)
        second = ledger.begin_run(replace(START, automation="digest", now=TUESDAY))
        ledger.end_run(first, DONE)

        ended = RunRecord(1, "daily", BOOK, MONDAY, "c1", "p1", "done", MONDAY, "", {"cells": 2, "mails": 1})
        begun = RunRecord(2, "digest", BOOK, TUESDAY, "c1", "p1", "started")
        assert (first, second) == (1, 2)
        assert ledger.runs() == [begun, ended]
        assert ledger.runs(BOOK, automation="daily") == [ended]
        assert ledger.runs(limit=1) == [begun]
        assert ledger.runs("another workbook") == []

    def test_a_run_ends_once(self, ledger: Ledger) -> None:
        run = ledger.begin_run(START)

        assert ledger.end_run(run, DONE) is True
        assert ledger.end_run(run, RunOutcome("failed", TUESDAY, "too late")) is False
        assert ledger.runs()[0].state == "done"

    def test_a_workbook_is_known_once_a_run_ended_well(self, ledger: Ledger) -> None:
        run = ledger.begin_run(START)
        assert not ledger.knows(BOOK)

        ledger.end_run(run, DONE)

        assert ledger.knows(BOOK)
        assert ledger.knows(BOOK, "daily")
        assert not ledger.knows(BOOK, "digest")
        assert not ledger.knows("another workbook")

    def test_a_refused_first_run_leaves_the_next_one_a_first_run(self, ledger: Ledger) -> None:
        ledger.end_run(ledger.begin_run(START), RunOutcome("refused", MONDAY, "61 of 140 rows would change state"))

        assert not ledger.knows(BOOK)

    def test_a_first_run_that_died_after_its_claims_was_the_first_run(self, ledger: Ledger) -> None:
        ledger.claim_notices(ledger.begin_run(START), [notice("n1", "baseline")])

        assert ledger.knows(BOOK)

    def test_every_type_of_value_comes_back_as_it_was(self, ledger: Ledger) -> None:
        values: list[Value] = [
            None,
            "",
            "007",
            "两行\n文字",
            0,
            -12,
            10**20,
            True,
            False,
            Decimal("1.50"),
            Decimal("0.1"),
            date(2026, 9, 30),
            datetime(2026, 9, 30, 14, 5),
            datetime(2026, 9, 30, 14, 5, 7, 250),
            time(8, 30),
        ]
        changes = [change(f"c{place}", new, old) for place, (new, old) in enumerate(zip(values, reversed(values), strict=True))]
        run = ledger.begin_run(START)

        ledger.journal(run, changes)
        ledger.settle_cells(run, WriteReceipt(written=tuple(changes)))

        assert ledger.changes_of(run) == [JournalRow(run, one, "applied") for one in changes]
        kept = ledger.last_applied(BOOK, [("complaints", "TS-1", one.column) for one in changes])
        assert [(type(value), value) for value in kept.values()] == [(type(value), value) for value in values]

    def test_a_receipt_settles_what_was_journalled(self, ledger: Ledger) -> None:
        state, due = change("assign_state"), change("assign_due", datetime(2026, 9, 28, 18, 0))
        number = NewKey(table="complaints", column="complaint_no", key="TS-20260928-001", row=18, content="abc")
        run = ledger.begin_run(START)
        ledger.journal(run, [state, due, number])
        assert ledger.in_doubt(BOOK) == ledger.changes_of(run) == [JournalRow(run, one, "planned") for one in (state, due, number)]

        ledger.settle_cells(run, WriteReceipt(written=(state, number), refused=((due, "王芳 changed it"),)))

        assert ledger.changes_of(run) == [
            JournalRow(run, state, "applied"),
            JournalRow(run, due, "refused", "王芳 changed it"),
            JournalRow(run, number, "applied"),
        ]
        assert ledger.in_doubt(BOOK) == []

    def test_a_row_that_was_appended_comes_back_as_one(self, ledger: Ledger) -> None:
        appended = NewRow(table="freight_ledger", column="entry_id", key="FY-1", row=9, rule="freight/ledger")
        refused = replace(appended, key="FY-2", row=10)
        run = ledger.begin_run(START)
        ledger.journal(run, [appended, refused])
        assert ledger.in_doubt(BOOK) == [JournalRow(run, one, "planned") for one in (appended, refused)]

        ledger.settle_cells(run, WriteReceipt(written=(appended,), refused=((refused, "header gone"),)))

        assert ledger.changes_of(run) == [JournalRow(run, appended, "applied"), JournalRow(run, refused, "refused", "header gone")]
        asked = [("freight_ledger", key, "entry_id") for key in ("FY-1", "FY-2")]
        assert ledger.last_applied(BOOK, asked) == {asked[0]: "FY-1"}

    def test_last_applied_tells_only_what_was_written(self, ledger: Ledger) -> None:
        state, due = change("assign_state"), change("assign_due")
        number = NewKey(table="complaints", column="complaint_no", key="TS-1", row=18, content="abc")
        run = ledger.begin_run(START)
        ledger.journal(run, [state, due, number])
        ledger.settle_cells(run, WriteReceipt(written=(state, number), refused=((due, "changed"),)))
        asked = [("complaints", "TS-1", column) for column in ("assign_state", "assign_due", "complaint_no", "never")]

        assert ledger.last_applied(BOOK, asked) == {asked[0]: "进行中", asked[2]: "TS-1"}
        assert ledger.last_applied("another workbook", asked) == {}
        assert ledger.last_applied(BOOK, []) == {}

    def test_values_that_stood_there_already_are_adopted_and_their_rows_no_strangers_any_more(self, ledger: Ledger) -> None:
        run, place, due = ledger.begin_run(START), ("complaints", "TS-1", "assign_due"), datetime(2026, 9, 28, 18, 0)
        assert ledger.strangers(BOOK, "complaints", ["TS-1", "TS-2"]) == {"TS-1", "TS-2"}

        ledger.adopt(run, {place: due})
        ledger.adopt(run, {})

        assert ledger.last_applied(BOOK, [place]) == {place: due} and ledger.changes_of(run) == []
        assert ledger.strangers(BOOK, "complaints", ["TS-1", "TS-2"]) == {"TS-2"}
        assert ledger.strangers(BOOK, "customers", ["TS-1"]) == ledger.strangers("another workbook", "complaints", ["TS-1"]) == {"TS-1"}
        assert ledger.strangers(BOOK, "complaints", []) == set()

    def test_the_newer_value_stands_even_when_an_older_run_is_settled_late(self, ledger: Ledger) -> None:
        older, newer = ledger.begin_run(START), ledger.begin_run(START)
        for run, state in ((newer, "已完成"), (older, "进行中")):
            ledger.journal(run, [change(new=state)])
            ledger.settle_cells(run, WriteReceipt(written=(change(new=state),)))

        assert list(ledger.last_applied(BOOK, [("complaints", "TS-1", "assign_state")]).values()) == ["已完成"]

    def test_a_receipt_for_a_change_nobody_journalled_is_refused_whole(self, ledger: Ledger) -> None:
        run = ledger.begin_run(START)
        ledger.journal(run, [change("assign_state")])

        with pytest.raises(LedgerFailed) as failed:
            ledger.settle_cells(run, WriteReceipt(written=(change("assign_state"), change("assign_due"))))

        assert str(failed.value) == (
            "run 1: 1 changes of the receipt were never journalled or are settled already; nothing of the receipt was recorded. "
            "Look at the run's changes and at these cells before the next run."
        )
        assert [row.state for row in ledger.changes_of(run)] == ["planned"]

    def test_a_run_is_taken_back_once(self, ledger: Ledger) -> None:
        run, undo = ledger.begin_run(START), ledger.begin_run(START)

        assert ledger.mark_undone(run, undo) is True
        assert ledger.mark_undone(run, undo) is False
        assert [record.undone_by for record in ledger.runs()] == [None, undo]

    def test_a_notice_is_claimed_once_per_workbook(self, ledger: Ledger) -> None:
        first, second = ledger.begin_run(START), ledger.begin_run(START)
        elsewhere = ledger.begin_run(replace(START, workbook="订单"))

        assert ledger.claim_notices(first, [notice("n1"), notice("n1"), notice("n2")]) == [notice("n1"), notice("n2")]
        assert ledger.claim_notices(second, [notice("n2"), notice("n3")]) == [notice("n3")]
        assert ledger.claim_notices(elsewhere, [notice("n1")]) == [notice("n1")]

    def test_a_claimed_notice_keeps_its_state_and_reason(self, ledger: Ledger) -> None:
        notices = [
            notice("n1"),
            notice("n2", "baseline", "first run"),
            notice("n3", "overtaken", "rung 3"),
            notice("n4", "suppressed", "hold"),
        ]
        run = ledger.begin_run(START)

        ledger.claim_notices(run, notices)

        assert ledger.known_notices(BOOK, ["n1", "n2", "n4", "n9"]) == {"n1": "planned", "n2": "baseline", "n4": "suppressed"}
        assert ledger.notices_of(run) == [NoticeRecord(run, one, one.state, START.now) for one in notices]
        assert ledger.notices_about(BOOK, "complaints", "TS-1") == ledger.notices_of(run)
        assert ledger.notices_about(BOOK, "complaints", "TS-2") == []

    def test_the_notices_of_many_rows_come_in_one_question_oldest_first(self, ledger: Ledger) -> None:
        one, other, third = (replace(notice(f"n{number}"), key=f"TS-{number}") for number in (1, 2, 3))
        first = ledger.begin_run(START)
        ledger.claim_notices(first, [other, third])
        second = ledger.begin_run(replace(START, now=START.now + timedelta(hours=1)))
        ledger.claim_notices(second, [one])

        found = ledger.notices_about_rows(BOOK, "complaints", ["TS-1", "TS-2", "TS-9"])

        assert [(each.notice, each.at) for each in found] == [(other, START.now), (one, START.now + timedelta(hours=1))]
        assert ledger.notices_about_rows("another book", "complaints", ["TS-1"]) == []

    def test_a_mail_waits_frozen_until_it_is_sent(self, ledger: Ledger) -> None:
        run = ledger.begin_run(START)
        ledger.claim_notices(run, [notice("n1"), notice("n2")])
        ledger.put_mails(run, [mail("m1"), mail("m2", ("n2",))])
        assert [record.mail for record in ledger.pending_mails()] == [mail("m1"), mail("m2", ("n2",))]

        assert ledger.settle_mail("m1", "sending", "") is True
        assert ledger.settle_mail("m1", "sent", "250 OK") is True

        assert [record.mail for record in ledger.pending_mails()] == [mail("m2", ("n2",))]
        assert ledger.outbox(["sent"]) == [MailRecord(run, BOOK, mail("m1"), "sent", "250 OK")]
        assert [record.state for record in ledger.outbox()] == ["pending", "sent"]
        assert ledger.outbox(workbook="订单") == []
        assert ledger.known_notices(BOOK, ["n1", "n2"]) == {"n1": "sent", "n2": "planned"}

    @pytest.mark.parametrize(
        ("steps", "allowed"),
        [
            ("sending", True),
            ("sent", False),
            ("unknown", False),
            ("sending sending", False),
            ("sending pending sending", True),
            ("sending unknown", True),
            ("sending unknown sent", True),
            ("sending unknown sending", False),
            ("failed pending", True),
            ("failed sending", False),
            ("sending sent pending", False),
            ("sending sent failed", False),
            ("dropped", True),
            ("sending dropped", False),
            ("sending unknown dropped", True),
            ("dropped pending", False),
            ("released", False),
            ("suppressed", True),
        ],
    )
    def test_a_mail_steps_only_forward_or_back_by_decision(self, ledger: Ledger, steps: str, allowed: bool) -> None:
        *before, last = steps.split()
        run = ledger.begin_run(START)
        ledger.put_mails(run, [mail("m1")])

        assert all(ledger.settle_mail("m1", step, "") for step in before)  # type: ignore[arg-type]
        assert ledger.settle_mail("m1", last, "") is allowed  # type: ignore[arg-type]

    def test_what_people_said_of_a_mail_stays_when_it_is_sent(self, ledger: Ledger) -> None:
        ledger.put_mails(ledger.begin_run(START), [mail("m1")], "held")
        ledger.settle_mail("m1", "released", "", "release: seen (wang)")
        ledger.put_mails(ledger.begin_run(START), [mail("m1")])
        ledger.note_word("m1", "release: seen too (li)")
        ledger.settle_mail("m1", "sending", "")
        ledger.settle_mail("m1", "sent", "250 OK")

        [record] = ledger.outbox()
        assert (record.state, record.reply, record.words) == ("sent", "250 OK", "release: seen (wang); release: seen too (li)")
        assert record.said == "250 OK; release: seen (wang); release: seen too (li)"

    def test_a_word_on_a_mail_that_is_not_what_was_seen_does_nothing(self, ledger: Ledger) -> None:
        ledger.put_mails(ledger.begin_run(START), [mail("m1")])
        [seen] = ledger.outbox()
        for step in ("sending", "unknown"):
            ledger.settle_mail("m1", step, "no answer")  # type: ignore[arg-type]

        assert ledger.settle_mail("m1", "dropped", "", "drop: told", seen) is False
        [looked_again] = ledger.outbox()
        assert (looked_again.state, looked_again.words) == ("unknown", "")
        assert ledger.settle_mail("m1", "dropped", "", "drop: told", looked_again) is True

    def test_a_mail_nobody_put_is_not_ours(self, ledger: Ledger) -> None:
        assert ledger.settle_mail("m9", "sending", "") is False

    def test_one_mail_is_found_by_its_id(self, ledger: Ledger) -> None:
        run = ledger.begin_run(START)
        ledger.put_mails(run, [mail("m1")])

        assert ledger.mail("m1") == MailRecord(run, BOOK, mail("m1"), "pending")
        assert ledger.mail("m2") is None

    def test_a_doubt_begins_with_the_first_question_and_anew_when_the_mail_is_in_doubt_again(self, ledger: Ledger) -> None:
        ledger.put_mails(ledger.begin_run(START), [mail("m1")])
        for step in ("sending", "unknown"):
            ledger.settle_mail("m1", step, "")  # type: ignore[arg-type]
        hour = timedelta(hours=1)

        assert [ledger.in_doubt_since("m1", MONDAY), ledger.in_doubt_since("m1", MONDAY + hour)] == [MONDAY, MONDAY]
        for step in ("pending", "sending", "unknown"):
            ledger.settle_mail("m1", step, "")  # type: ignore[arg-type]
        assert ledger.in_doubt_since("m1", MONDAY + 2 * hour) == MONDAY + 2 * hour

    def test_an_address_is_suppressed_until_the_later_end_and_can_be_lifted(self, ledger: Ledger) -> None:
        day = timedelta(days=1)
        ledger.suppress("Wang@example.cn", MONDAY, MONDAY + 60 * day, "550 no such user")
        ledger.suppress("wang@example.cn", MONDAY - day, MONDAY + day, "an older word")
        ledger.suppress("chen@example.cn", MONDAY, MONDAY + day, "552 full")

        full = Suppression("chen@example.cn", MONDAY, MONDAY + day, "552 full")
        assert ledger.suppressions() == [full, Suppression("wang@example.cn", MONDAY, MONDAY + 60 * day, "550 no such user")]
        assert [ledger.lift("WANG@example.cn"), ledger.lift("wang@example.cn")] == [True, False]
        assert ledger.suppressions() == [full]

    def test_a_mail_that_came_back_says_so_and_its_notices_are_bounced(self, ledger: Ledger) -> None:
        run = ledger.begin_run(START)
        ledger.claim_notices(run, [notice("n1")])
        ledger.put_mails(run, [mail("m1")])
        ledger.settle_mail("m1", "sending", "")
        ledger.settle_mail("m1", "sent", "250 OK")

        ledger.note_bounce("m1", "came back: 5.1.1")

        assert ledger.mail("m1") == MailRecord(run, BOOK, mail("m1"), "sent", "250 OK; came back: 5.1.1")
        assert ledger.known_notices(BOOK, ["n1"]) == {"n1": "bounced"}

    def test_a_mail_put_twice_stays_the_first_one(self, ledger: Ledger) -> None:
        run = ledger.begin_run(START)
        ledger.put_mails(run, [mail("m1")])

        ledger.put_mails(run, [replace(mail("m1"), text="another text")])

        assert [record.mail for record in ledger.pending_mails()] == [mail("m1")]

    @pytest.mark.parametrize(
        ("first", "steps", "allowed"),
        [
            ("draft", "released", True),
            ("draft", "sending", False),
            ("draft", "pending", False),
            ("held", "released dropped", True),
            ("held", "sending", False),
            ("held", "withdrawn", True),
            ("held", "withdrawn released", False),
            ("draft", "dropped released", False),
            ("pending", "withdrawn", True),
            ("pending", "sending withdrawn", False),
        ],
    )
    def test_a_mail_that_waits_for_a_person_leaves_only_by_a_new_plan(
        self, ledger: Ledger, first: MailState, steps: str, allowed: bool
    ) -> None:
        *before, last = steps.split()
        ledger.put_mails(ledger.begin_run(START), [mail("m1")], first)

        assert all(ledger.settle_mail("m1", step, "") for step in before)  # type: ignore[arg-type]
        assert ledger.settle_mail("m1", last, "") is allowed  # type: ignore[arg-type]

    @pytest.mark.parametrize("state", ["draft", "held"])
    def test_a_kept_mail_is_made_anew_and_sent_once_it_is_released(self, ledger: Ledger, state: MailState) -> None:
        first, second = ledger.begin_run(START), ledger.begin_run(START)
        ledger.claim_notices(first, [notice("n1")])
        ledger.put_mails(first, [mail("m1")], state)
        assert (ledger.pending_mails(), ledger.known_notices(BOOK, ["n1"])) == ([], {"n1": state})

        fresh = replace(mail("m1"), text="another text")
        ledger.settle_mail("m1", "released", "", "release: seen (wang)")
        assert ledger.claim_notices(second, [notice("n1")]) == [notice("n1")]
        ledger.put_mails(second, [fresh], state)
        assert [record.state for record in ledger.outbox()] == ["released"]
        ledger.put_mails(second, [fresh])

        assert ledger.pending_mails() == [MailRecord(second, BOOK, fresh, "pending", words="release: seen (wang)")]
        assert ledger.claim_notices(second, [notice("n1")]) == []

    def test_the_notices_of_a_withdrawn_mail_can_stand_in_another(self, ledger: Ledger) -> None:
        run = ledger.begin_run(START)
        ledger.claim_notices(run, [notice("n1"), notice("n2")])
        ledger.put_mails(run, [mail("m1", ("n1", "n2"))], "held")

        ledger.settle_mail("m1", "withdrawn", "n2 is settled")
        assert ledger.claim_notices(run, [notice("n1")]) == [notice("n1")]
        ledger.put_mails(run, [mail("m2", ("n1",))])

        assert {record.mail.message_id: record.state for record in ledger.outbox()} == {"m1": "withdrawn", "m2": "pending"}
        assert ledger.known_notices(BOOK, ["n1", "n2"]) == {"n1": "planned", "n2": "withdrawn"}

    def test_a_mail_that_was_tried_and_withdrawn_starts_anew_when_it_is_put_in_again(self, ledger: Ledger) -> None:
        run = ledger.begin_run(START)
        ledger.put_mails(run, [mail("m1")])
        ledger.put_off("m1", "451 later", TUESDAY, counted=True)
        ledger.settle_mail("m1", "withdrawn", "switched off")
        ledger.put_mails(run, [mail("m1")])

        assert ledger.pending_mails(MONDAY) == [MailRecord(run, BOOK, mail("m1"), "pending")]

    def test_a_mail_put_off_is_not_pending_before_its_time(self, ledger: Ledger) -> None:
        ledger.put_mails(ledger.begin_run(START), [mail("m1")])

        assert ledger.put_off("m1", "451 later", TUESDAY, counted=True) is True

        assert ledger.pending_mails(MONDAY) == []
        [waiting] = ledger.pending_mails(TUESDAY)
        assert (waiting.reply, waiting.tries, waiting.next_try, ledger.pending_mails()) == ("451 later", 1, TUESDAY, [waiting])
        ledger.settle_mail("m1", "sending", "")
        assert ledger.put_off("m1", "451 again", WEDNESDAY, counted=False) is True
        assert [record.tries for record in ledger.pending_mails()] == [1]
        ledger.settle_mail("m1", "failed", "550 no")
        assert ledger.put_off("m1", "x", None, counted=True) is False

    def test_the_volume_counts_what_left_or_is_about_to_by_reader_and_by_row(self, ledger: Ledger) -> None:
        run, elsewhere = ledger.begin_run(START), ledger.begin_run(replace(START, workbook="订单"))
        ledger.claim_notices(run, [notice("n1"), notice("n2"), notice("n3")])
        ledger.put_mails(run, [mail("m1", ("n1", "n2"))])
        ledger.put_mails(run, [mail("m2", ("n3",))], "held")
        ledger.put_mails(elsewhere, [mail("m3", ())])

        found = ledger.volume(BOOK, MONDAY)

        assert (found.by_reader, found.by_row) == ({"wang@example.cn": 2}, {("complaints", "TS-1"): 2})
        assert ledger.volume(BOOK, TUESDAY).by_reader == {}

    def test_the_last_refusal_of_a_cell_is_known_until_a_later_change_is_written(self, ledger: Ledger) -> None:
        at = ("complaints", "TS-1", "assign_state")
        first = ledger.begin_run(START)
        ledger.journal(first, [change(), change("assign_due")])
        ledger.settle_cells(first, WriteReceipt(written=(change("assign_due"),), refused=((change(), "holds a formula"),)))
        asked = [at, ("complaints", "TS-1", "assign_due"), ("complaints", "TS-2", "assign_state")]

        assert ledger.last_refused(BOOK, asked) == {at: LastRefused(None, "进行中", "holds a formula", MONDAY)}
        assert ledger.last_refused("another workbook", asked) == {}

        second = ledger.begin_run(replace(START, now=TUESDAY))
        ledger.journal(second, [change()])
        ledger.settle_cells(second, WriteReceipt(written=(change(),)))
        assert ledger.last_refused(BOOK, asked) == {}

    def test_transitions_are_kept_in_order_and_the_last_value_is_known(self, ledger: Ledger) -> None:
        run = ledger.begin_run(START)
        seen = Transition("complaints", "TS-1", "waiting", None, True, MONDAY, None)
        left = Transition("complaints", "TS-1", "waiting", True, False, TUESDAY, MONDAY)
        other = Transition("complaints", "TS-2", "waiting", None, True, TUESDAY, MONDAY)

        ledger.add_transitions(run, BOOK, [seen])
        ledger.add_transitions(run, BOOK, [left, other])

        assert ledger.transitions(BOOK) == [seen, left, other]
        assert ledger.watched(BOOK) == {("complaints", "TS-1", "waiting"): False, ("complaints", "TS-2", "waiting"): True}
        assert ledger.transitions("订单") == []

    def test_a_finding_is_new_then_still_there_then_fixed_then_back(self, ledger: Ledger) -> None:
        scope, row = ("scope-known", "TS-1", "category"), ("unique-key", "TS-1", None)
        run = ledger.begin_run(START)

        ledger.note_findings(run, BOOK, MONDAY, {scope, row})
        ledger.note_findings(ledger.begin_run(START), BOOK, TUESDAY, {scope})
        assert ledger.findings(BOOK) == {
            scope: FirstSeen(MONDAY, TUESDAY, None, 1),
            row: FirstSeen(MONDAY, MONDAY, TUESDAY, 1),
        }

        ledger.note_findings(ledger.begin_run(START), BOOK, WEDNESDAY, {row})
        assert ledger.findings(BOOK) == {
            scope: FirstSeen(MONDAY, TUESDAY, WEDNESDAY, 1),
            row: FirstSeen(WEDNESDAY, WEDNESDAY, None, 2),
        }

    def test_a_finding_of_a_rule_that_was_not_judged_is_not_fixed(self, ledger: Ledger) -> None:
        scope = ("scope-known", "TS-1", "category")
        ledger.note_findings(ledger.begin_run(START), BOOK, MONDAY, {scope})

        ledger.note_findings(ledger.begin_run(START), BOOK, TUESDAY, set(), rules={"unique-key"})

        assert ledger.findings(BOOK) == {scope: FirstSeen(MONDAY, MONDAY, None, 1)}

    def test_a_configuration_is_kept_once_under_its_hash(self, ledger: Ledger) -> None:
        ledger.config_version("c1", "language: zh", MONDAY)
        ledger.config_version("c1", "language: en", TUESDAY)

        assert ledger.config_text("c1") == "language: zh"
        assert ledger.config_text("c2") is None

    def test_a_named_text_is_set_or_swapped_by_whoever_is_first(self, ledger: Ledger) -> None:
        assert ledger.meta("digest") is None
        assert ledger.swap_meta("digest", None, "2026-09-28") is True
        assert ledger.swap_meta("digest", None, "2026-09-29") is False
        assert ledger.swap_meta("digest", "2026-09-28", "2026-09-29") is True
        assert ledger.swap_meta("digest", "2026-09-28", "2026-09-30") is False
        assert ledger.meta("digest") == "2026-09-29"
        ledger.set_meta("digest", "now")
        assert ledger.meta("digest") == "now"

    def test_what_is_recorded_at_once_is_kept_together_or_not_at_all(self, ledger: Ledger) -> None:
        run = ledger.begin_run(START)

        with pytest.raises(KeyError), ledger.at_once():
            ledger.journal(run, [change()])
            ledger.claim_notices(run, [notice("n1")])
            raise KeyError

        assert (ledger.changes_of(run), ledger.known_notices(BOOK, ["n1"])) == ([], {})

    def test_nothing_is_recorded_under_a_run_that_never_began(self, ledger: Ledger) -> None:
        with pytest.raises(LedgerFailed) as failed:
            ledger.claim_notices(9, [notice("n1")])

        assert str(failed.value) == "the ledger has no run 9; begin a run before recording anything under its number."

    def test_a_backup_is_a_whole_ledger(self, ledger: Ledger, tmp_path: Path) -> None:
        run = ledger.begin_run(START)
        ledger.claim_notices(run, [notice("n1")])
        path = tmp_path / "backups" / "ledger.db"

        ledger.backup_to(path)
        ledger.backup_to(path)

        copy = SqliteLedger(path)
        assert (copy.runs(), copy.notices_of(run)) == (ledger.runs(), ledger.notices_of(run))
        copy.close()
        assert [file.name for file in path.parent.iterdir()] == ["ledger.db"]

    # Forms

    def test_a_form_is_noted_once_for_its_rule_and_key(self, ledger: Ledger):
        run = ledger.begin_run(START)

        ledger.note_forms(run, "complaints/record", {"": "", "TS-1": "投诉记录 TS-1.docx"})
        ledger.note_forms(run, "complaints/record", {"TS-1": "another.docx", "TS-2": "投诉记录 TS-2.docx"})
        ledger.note_forms(run, "complaints/reply", {"TS-1": ""})

        assert ledger.forms_noted(BOOK, "complaints/record") == {"": "", "TS-1": "投诉记录 TS-1.docx", "TS-2": "投诉记录 TS-2.docx"}
        assert ledger.forms_noted("另一本", "complaints/record") == {}

    # Digests

    def test_a_slot_of_a_digest_is_taken_once(self, ledger: Ledger):
        run, other = ledger.begin_run(START), ledger.begin_run(START)
        record = DigestRecord("manager", "wang@example.cn", MONDAY, MONDAY, "d1@example.cn", {"open": 7})

        assert ledger.claim_digest(run, record)
        assert not ledger.claim_digest(other, record)
        assert ledger.claim_digest(other, replace(record, reader="li@example.cn"))
        assert ledger.claim_digest(other, replace(record, digest="own"))

    def test_an_older_slot_is_not_taken_after_a_newer_one(self, ledger: Ledger):
        run = ledger.begin_run(START)

        assert ledger.claim_digest(run, DigestRecord("manager", "wang@example.cn", TUESDAY, TUESDAY))
        assert not ledger.claim_digest(run, DigestRecord("manager", "wang@example.cn", MONDAY, WEDNESDAY))
        assert ledger.claim_digest(run, DigestRecord("manager", "wang@example.cn", WEDNESDAY, WEDNESDAY))
        assert ledger.digests_claimed(BOOK, "manager") == {"wang@example.cn": WEDNESDAY}

    def test_the_last_digest_sent_is_one_whose_mail_left(self, ledger: Ledger):
        run = ledger.begin_run(START)
        first = DigestRecord("manager", "wang@example.cn", MONDAY, MONDAY, "d1@example.cn", {"open": 7})
        second = DigestRecord("manager", "wang@example.cn", TUESDAY, TUESDAY, "d2@example.cn", {"open": 9})
        third = DigestRecord("manager", "wang@example.cn", WEDNESDAY, WEDNESDAY)
        for record in (first, second, third):
            ledger.claim_digest(run, record)
        ledger.put_mails(run, [mail("d1@example.cn", ()), mail("d2@example.cn", ())])
        for state in ("sending", "sent"):
            ledger.settle_mail("d1@example.cn", state, "")

        assert ledger.digests_sent(BOOK, "manager") == {"wang@example.cn": first}
        assert ledger.digests_sent("another", "manager") == {}


SLOT = datetime(2026, 9, 28, 0, 30, tzinfo=UTC)
LATER = SLOT + timedelta(minutes=5)
MUCH_LATER = SLOT + timedelta(days=90)


class TimetableContract:
    """Subclasses give the fixture `ledger`."""

    @pytest.fixture
    def table(self, ledger: Ledger) -> Timetable:
        return ledger.timetable

    def test_a_slot_is_offered_taken_and_done_once(self, table: Timetable) -> None:
        assert (table.offer("sweep", BOOK, SLOT, SLOT, skipped=3), table.offer("sweep", BOOK, SLOT, LATER)) == (True, False)
        assert (table.take("sweep", BOOK, SLOT, "one", SLOT), table.take("sweep", BOOK, SLOT, "two", SLOT)) == (True, False)
        assert not table.end("sweep", BOOK, SLOT, "two", SlotEnd("done"), LATER)
        assert table.end("sweep", BOOK, SLOT, "one", SlotEnd("done", "2 cells"), LATER)
        assert not table.take("sweep", BOOK, SLOT, "one", LATER)
        assert table.slots() == [SlotRecord("sweep", BOOK, SLOT, "done", 1, "one", SLOT, LATER, "2 cells", 3)]
        assert table.slot("sweep", BOOK, SLOT) == table.slots()[0]

    def test_a_failed_slot_waits_for_its_next_try(self, table: Timetable) -> None:
        table.offer("sweep", BOOK, SLOT, SLOT)
        table.take("sweep", BOOK, SLOT, "one", SLOT)
        table.end("sweep", BOOK, SLOT, "one", SlotEnd("due", "the workbook is open", LATER), SLOT)

        assert not table.take("sweep", BOOK, SLOT, "one", LATER - timedelta(seconds=1))
        assert table.take("sweep", BOOK, SLOT, "one", LATER)
        assert table.slots(["running"])[0].attempts == 2

    def test_what_a_dead_process_had_begun_waits_again(self, table: Timetable) -> None:
        for due in (SLOT, LATER):
            table.offer("sweep", BOOK, due, due)
        table.take("sweep", BOOK, SLOT, "dead", LATER)
        table.take("sweep", BOOK, LATER, "alive", LATER)

        assert table.orphans("alive", LATER, "died") == 1
        assert [(slot.due, slot.state) for slot in table.slots()] == [(LATER, "running"), (SLOT, "due")]

    def test_older_slots_that_wait_are_dropped_for_a_later_one(self, table: Timetable) -> None:
        for due in (SLOT, LATER):
            table.offer("sweep", BOOK, due, due)

        assert table.drop_older("sweep", BOOK, LATER, LATER, "a later slot came first") == 1
        assert [(slot.state, slot.why) for slot in table.slots()] == [("due", ""), ("skipped", "a later slot came first")]

    def test_the_last_slot_known_is_never_one_of_the_future(self, table: Timetable) -> None:
        assert table.last("sweep", BOOK, LATER) is None
        table.offer("sweep", BOOK, SLOT, SLOT, give_up="too old")
        table.offer("sweep", BOOK, MUCH_LATER, MUCH_LATER)

        assert (table.last("sweep", BOOK, LATER), table.last("sweep", BOOK, MUCH_LATER)) == (SLOT, MUCH_LATER)
        assert table.slots(["skipped"])[0].why == "too old"

    def test_settled_slots_are_forgotten_except_the_newest(self, table: Timetable) -> None:
        for minutes in range(5):
            due = SLOT + timedelta(minutes=minutes)
            table.offer("sweep", BOOK, due, due)
            table.take("sweep", BOOK, due, "one", due)
            table.end("sweep", BOOK, due, "one", SlotEnd("done"), due)

        assert table.forget(MUCH_LATER) == 4
        assert [slot.due for slot in table.slots()] == [SLOT + timedelta(minutes=4)]

    def test_a_lease_is_held_by_one_until_it_is_let_go_or_runs_out(self, table: Timetable) -> None:
        first = table.lease("workbook", "one", SLOT, LATER)
        assert first == Lease("workbook", "one", 1, LATER)
        assert table.lease("workbook", "two", SLOT, LATER) is None
        assert table.leases(SLOT) == [first]
        assert table.release(first)

        second = table.lease("workbook", "two", SLOT, LATER)
        assert second == Lease("workbook", "two", 2, LATER)
        assert (table.holds(second, SLOT), table.holds(second, LATER), table.holds(first, SLOT)) == (True, False, False)
        third = table.lease("workbook", "three", LATER, MUCH_LATER)
        assert third == Lease("workbook", "three", 3, MUCH_LATER)
        assert not table.release(second)

    def test_an_owner_renews_what_has_not_run_out(self, table: Timetable) -> None:
        lease = table.lease("workbook", "one", SLOT, LATER)
        assert lease and table.renew("one", SLOT, MUCH_LATER) == 1
        assert table.holds(lease, LATER)
        assert table.renew("one", MUCH_LATER, MUCH_LATER + timedelta(days=1)) == 0
        assert table.renew("two", SLOT, MUCH_LATER) == 0

    def test_what_dead_owners_hold_is_let_go(self, table: Timetable) -> None:
        table.lease("workbook", "serve 1", SLOT, MUCH_LATER)
        table.lease("mails", "run 2", SLOT, MUCH_LATER)

        assert table.release_all("serve") == 1
        assert [lease.resource for lease in table.leases(SLOT)] == ["mails"]

    def test_a_trouble_is_counted_told_once_and_ends(self, table: Timetable) -> None:
        table.trouble("automation sweep", SLOT, "open in Excel")
        assert table.trouble("automation sweep", LATER, "gone") == Trouble("automation sweep", SLOT, LATER, 2, "gone", False)
        assert (table.tell("automation sweep"), table.tell("automation sweep")) == (True, False)
        assert [trouble.told for trouble in table.troubles()] == [True]
        assert table.over("automation sweep") == Trouble("automation sweep", SLOT, LATER, 2, "gone", True)
        assert (table.over("automation sweep"), table.troubles()) == (None, [])

    def test_the_versions_of_the_configuration_are_listed_newest_first(self, ledger: Ledger) -> None:
        ledger.config_version("c1", "one", MONDAY)
        ledger.config_version("c2", "two", TUESDAY)

        assert ledger.config_versions() == [("c2", TUESDAY), ("c1", MONDAY)]
        assert ledger.config_versions(limit=1) == [("c2", TUESDAY)]


class QuotaContract:
    """Subclasses give the fixture `ledger`."""

    def test_no_window_of_a_minute_holds_more_calls_than_the_quota(self, ledger: Ledger) -> None:
        random, now, went = Random(3), 1_800_000_000.0, list[float]()
        quota = Quota("someone reads", 60 / (50 - 10), 10)
        for _ in range(300):
            now += random.choice([0.0, 0.0, 0.0, 0.4, 20.0])
            went.append(now + ledger.quotas.take(quota, now))

        assert went == sorted(went)
        assert max(sum(first <= at < first + 60 for at in went) for first in went) <= 50
        assert sum(1 for first, later in zip(went, went[9:], strict=False) if later - first < 1) > 0  # the burst is used

    def test_a_refusal_holds_everyone_up_and_halves_the_pace_for_a_while(self, ledger: Ledger) -> None:
        quota, now = Quota("someone writes", 2.0, 5), 1_800_000_000.0
        assert ledger.quotas.take(quota, now) == 0.0

        ledger.quotas.slow_down(quota, 30.0, 600.0, now)

        assert [round(ledger.quotas.take(quota, now), 3) for _ in range(3)] == [30.0, 34.0, 38.0]
        assert ledger.quotas.take(replace(quota, bucket="another writes"), now) == 0.0
        later = now + 10_000
        assert [round(ledger.quotas.take(quota, later), 3) for _ in range(6)] == [0.0] * 5 + [2.0]

    def test_the_clock_is_the_one_of_the_database_where_none_is_given(self, ledger: Ledger) -> None:
        quota = Quota("by its clock", 50.0, 1)

        waits = [ledger.quotas.take(quota) for _ in range(3)]

        assert waits[0] == 0.0
        assert [round(wait, -1) for wait in waits[1:]] == [50.0, 100.0]
