"""Mails that come back: what a report must say to count, and what follows for the address, the admin and the next in line."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from automations.channels.memory import MemoryChannel
from automations.channels.returned import Returned, returned
from automations.ledgers.memory import MemoryLedger
from automations.ledgers.protocol import Ledger
from automations.reports import run_text
from automations.visiting import visit
from tests.imapserver import ImapServer
from tests.scene import CUSTOMERS, STAFF, scene
from tests.test_mailbox import MemoryMailbox, box_at, stored
from tests.test_outbox import LOST, MAIL, NOW, put

ADMIN, SCENE_ADMIN, CHEN = "admin@example.cn", "admin@example.com", "chen@example.com"
GONE = "550 5.1.1 <wang@example.cn>: no such user"


def report(
    message_id: str = MAIL.message_id,
    to: str = "wang@example.cn",
    status: str = "5.1.1",
    action: str = "failed",
    said: str = GONE,
    original: str = "message/rfc822",
    kind: str = 'multipart/report; report-type=delivery-status; boundary="B"',
) -> bytes:
    """A report as Postfix and Exchange write it."""
    return f"""From: MAILER-DAEMON@mail.example.cn
To: rowkeeper@example.cn
Subject: Undelivered Mail Returned to Sender
Content-Type: {kind}

--B
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.cn

Final-Recipient: rfc822; {to}
Original-Recipient: rfc822;{to}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {said}

--B
Content-Type: {original}

From: rowkeeper@example.cn
Subject: TS-1
Message-ID: {message_id}

body
--B--
""".replace("\n", "\r\n").encode()


@pytest.fixture
def ledger() -> Ledger:
    ledger = MemoryLedger()
    put(ledger, MAIL, "sent", "250 OK")
    return ledger


def visits(ledger: Ledger, *arrived: bytes, now: datetime = NOW) -> list[str]:
    return [words["zh"] for words in visit(MemoryMailbox(arrived=list(arrived)), ledger, now, ADMIN, "zh")]


def test_a_report_is_read_whether_it_brings_the_mail_or_only_its_header() -> None:
    read = Returned(MAIL.message_id, frozenset({"wang@example.cn"}), "5.1.1", GONE)

    assert [returned(report(original=each)) for each in ("message/rfc822", "text/rfc822-headers")] == [read, read]
    assert read.reason == "5.1.1 550 5.1.1 <wang@example.cn>: no such user"


@pytest.mark.parametrize(
    "content",
    [
        report(action="delayed", status="4.4.1"),
        report(status="4.2.2"),
        report(action="delivered", status="2.1.5"),
        report(kind='multipart/mixed; boundary="B"'),
        report(message_id=""),
        report(status="no code"),
        b"Content-Type: multipart/report; boundary=B\r\n\r\n--B\r\n\r\ncut",
        b"",
        b"\xff\x00\r\n\r\n",
    ],
    ids=["delayed", "full for now", "delivered", "no report", "no id", "no code", "cut", "empty", "rubbish"],
)
def test_what_does_not_say_that_a_mail_failed_for_good_says_nothing(content: bytes) -> None:
    assert returned(content) is None


def test_a_mail_that_came_back_is_kept_its_address_rests_and_the_admin_gets_one_mail(ledger: Ledger) -> None:
    said = visits(ledger, report())

    assert said == [
        "王芳 <wang@example.cn>：邮件被退回（5.1.1 550 5.1.1 <wang@example.cn>: no such user）；这个地址停发 60 天，请在表里改正"
    ]
    record = ledger.mail(MAIL.message_id)
    assert record is not None
    assert (record.state, record.reply) == ("sent", f"250 OK; came back (2026-09-30 08:30): 5.1.1 {GONE}")
    assert [(each.address, each.until) for each in ledger.suppressions()] == [("wang@example.cn", NOW + timedelta(days=60))]
    [waiting] = ledger.pending_mails()
    assert (waiting.mail.to, waiting.mail.subject) == (ADMIN, "表管家：1 封邮件被退回")
    assert waiting.mail.text == (
        "这些邮件发出后被退回：\n"
        f"  王芳 <wang@example.cn>  投诉 TS-1 已逾期  5.1.1 {GONE}\n\n"
        "请在表里改正地址。对方服务器说地址无效的，停发 60 天，这期间改告诉别人：runner.py outbox suppressed\n"
        "地址其实没错的：runner.py outbox lift 地址\n"
    )


def test_the_same_report_twice_is_one(ledger: Ledger) -> None:
    assert len(visits(ledger, report(), report())) == 1
    assert visits(ledger, report(), report(), report()) == []
    assert len(ledger.pending_mails()) == 1


def test_a_report_about_no_mail_of_ours_is_forged_or_another_s(ledger: Ledger) -> None:
    assert visits(ledger, report(message_id="<f00@example.com>")) == []
    assert (ledger.suppressions(), ledger.pending_mails()) == ([], [])


@pytest.mark.parametrize(
    "content",
    [report(status="5.7.1", said="550 5.7.1 looks like spam"), report(to="elsewhere@example.com")],
    ids=["a policy", "another address"],
)
def test_what_is_not_about_the_reader_s_address_suppresses_nobody_and_is_told(ledger: Ledger, content: bytes) -> None:
    [said] = visits(ledger, content)

    assert said.startswith("王芳 <wang@example.cn>：邮件被退回（5.")
    assert ledger.suppressions() == []
    assert len(ledger.pending_mails()) == 1


def test_a_mail_in_doubt_that_comes_back_was_sent() -> None:
    ledger = MemoryLedger()
    put(ledger, MAIL, "unknown", LOST)
    visits(ledger, report())

    record = ledger.mail(MAIL.message_id)
    assert record is not None
    assert (record.state, record.reply) == ("sent", f"{LOST}; came back (2026-09-30 08:30): 5.1.1 {GONE}")


def test_in_a_whole_run_what_came_back_is_told_to_the_next_in_line_once_and_to_the_admin() -> None:
    drawn = """
        complaint_no | received_at      | customer_id | content | recorded_by | category | severity | complexity
        TS-1         | 2025-09-26 16:30 | KH-1        | 有异味  | YG-01       | 质量问题 | 一般投诉 | 一般问题
    """
    channel, box = MemoryChannel(), MemoryMailbox()
    found = scene(complaints=drawn, customers=CUSTOMERS, staff=STAFF).with_world(channel=channel, mailbox=box)
    found.run("2025-09-26 17:00")
    found.run("2025-09-28 10:00")
    mails = list(channel.sent)
    box.arrived += [report(each.message_id, each.to) for each in mails]

    said = run_text(found.run("2025-09-28 10:10"), found.world.config, "zh")
    after = list(channel.sent)
    found.run("2025-09-28 10:20")

    assert [each.to for each in mails] == [CHEN, "wang@example.com"]
    for each in mails:
        assert f"{each.reader} <{each.to}>：邮件被退回（5.1.1 {GONE}）；这个地址停发 60 天，请在表里改正" in said
    news = after[len(mails) :]
    assert {each.to for each in news}.isdisjoint({each.to for each in mails})
    told, again = ({identity.split("|")[1] for each in some for identity in each.identities} for some in (mails, news))
    assert told == again
    assert [(each.to, each.subject) for each in news if not each.identities] == [(SCENE_ADMIN, "表管家：2 封邮件被退回")]
    assert channel.sent == after


# Over IMAP


def test_the_inbox_is_read_from_where_the_last_visit_ended_and_only_reports_are_fetched_whole() -> None:
    letters = [*stored(MAIL), report(), *stored(replace(MAIL, message_id="<x@example.cn>"))]
    since = datetime(2026, 9, 23).date()
    with ImapServer({"INBOX": letters}, first_uid=40) as server:
        box = box_at(server)
        first = box.reports("", since)
        letters.append(report(to="li@example.cn"))
        second = box.reports(first.mark, since)
        again = box.reports(second.mark, since)
        renumbered = box.reports("6 9", since)
        box.close()

    assert (list(first.reports), first.mark) == ([letters[1]], "7 42")
    assert (list(second.reports), second.mark) == ([letters[3]], "7 43")
    assert (list(again.reports), again.mark) == ([], "7 43")
    assert (list(renumbered.reports), renumbered.mark) == ([letters[1], letters[3]], "7 43")
    assert sum("SINCE 23-Sep-2026" in line for line in server.lines) == 2
    assert not [line for line in server.lines if "STORE" in line]
