"""An address where nobody is: left out of every mail for a while, others told instead, never nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from automations.asking import NotThere
from automations.channels.memory import MemoryChannel
from automations.channels.protocol import AboutTo, AddressRefused, at_will
from automations.channels.smtpsession import Reply
from automations.ledgers.protocol import NoticeRecord
from automations.model import Mail
from automations.outbox import outbox
from tests.scene import CUSTOMERS, STAFF, Scene, scene

COMPLAINTS = """
    complaint_no | received_at      | customer_id | content | recorded_by | category | severity | complexity
    TS-1         | 2025-09-26 16:30 | KH-1        | 有异味  | YG-01       | 质量问题 | 一般投诉 | 一般问题
"""
CHEN, ADMIN = "chen@example.com", "admin@example.com"
GONE = "550 5.1.1 no such user"


class Server(MemoryChannel):
    """A channel that says of some addresses that nobody is there."""

    def __init__(self, *gone: str) -> None:
        super().__init__()
        self.gone, self.asked = set(gone), list[str]()

    def send(self, mail: Mail, about_to: AboutTo = at_will) -> str:
        self.asked.append(mail.to)
        if mail.to in self.gone:
            raise AddressRefused(f"mail server refused the recipient ({GONE})", GONE)
        return super().send(mail, about_to)


def stage(*gone: str, begun: bool = True) -> tuple[Scene, Server]:
    server = Server(*gone)
    found = scene(complaints=COMPLAINTS, customers=CUSTOMERS, staff=STAFF).with_world(channel=server)
    if begun:
        found.run("2025-09-26 17:00")
    return found, server


def rules_told(server: Server, address: str) -> set[str]:
    return {identity.split("|")[1] for mail in server.sent if mail.to == address for identity in mail.identities}


def notices(found: Scene) -> list[NoticeRecord]:
    return found.world.ledger.notices_about(found.world.workbook.name, "complaints", "TS-1")


def test_what_a_reader_cannot_be_told_the_next_in_line_is_told_at_the_next_run_and_only_once() -> None:
    whole, there = stage()
    whole.run("2025-09-28 10:00")
    found, server = stage(CHEN)
    found.run("2025-09-28 10:00")
    missed = {record.notice.rule for record in notices(found) if record.state == "failed"}

    found.run("2025-09-28 10:10")
    after = list(server.sent)
    found.run("2025-09-28 10:20")

    assert missed
    assert missed == rules_told(there, CHEN)
    reached = {identity.split("|")[1] for mail in after for identity in mail.identities}
    assert missed <= reached
    assert server.asked.count(CHEN) == 1
    assert server.sent == after


def test_a_suppressed_reader_stands_in_the_plan_with_the_reason() -> None:
    found, _ = stage()
    found.world.ledger.suppress(CHEN, datetime(2025, 9, 27), datetime(2025, 11, 27), GONE)

    plan = found.plan("2025-09-28 10:00")

    out = [notice for notice in plan.notices if notice.address == CHEN and notice.state != "overtaken"]
    assert out
    assert {(notice.state, notice.reason) for notice in out} == {("suppressed", GONE)}
    assert [mail for mail in plan.mails if mail.to == CHEN] == []
    told_of = {identity.rsplit("|", 1)[0] for mail in plan.mails for identity in mail.identities}
    assert {notice.identity.rsplit("|", 1)[0] for notice in out} <= told_of


def test_old_matters_and_what_was_told_in_time_are_told_to_nobody_again() -> None:
    found, server = stage()
    found.run("2025-09-28 10:00")
    before = list(server.sent)
    found.world.ledger.suppress(CHEN, datetime(2025, 9, 28), datetime(2025, 11, 28), GONE)

    found.run("2025-09-28 10:10")

    assert before
    assert server.sent == before


def test_after_sixty_days_or_once_lifted_the_address_is_written_to_again() -> None:
    found, _ = stage(CHEN)
    found.run("2025-09-28 10:00")
    [kept] = found.world.ledger.suppressions()
    assert (kept.address, kept.reason, kept.until - kept.since) == (CHEN, GONE, timedelta(days=60))

    told = []
    for until in (datetime(2025, 9, 28, 10, 1), datetime(2025, 9, 28, 10, 0)):
        other, _ = stage()
        other.world.ledger.suppress(CHEN, datetime(2025, 7, 30), until, GONE)
        told.append([mail.to for mail in other.plan("2025-09-28 10:00").mails])
        outbox(other.world.ledger, "zh", "lift", CHEN)
        told.append([mail.to for mail in other.plan("2025-09-28 10:00").mails])

    assert [CHEN in each for each in told] == [False, True, True, True]


def test_the_admin_s_address_is_always_tried() -> None:
    found, _ = stage()
    for address in (ADMIN, *(f"{name}@example.com" for name in ("chen", "wang", "li", "zhao", "qian", "sun"))):
        found.world.ledger.suppress(address, datetime(2025, 9, 27), datetime(2025, 11, 27), GONE)

    assert {mail.to for mail in found.plan("2025-09-28 10:00").mails} == {found.world.config.settings.admin}


def test_a_mail_that_waits_for_a_suppressed_address_is_taken_out_with_the_way_back() -> None:
    found, server = stage(CHEN)
    found.run("2025-09-28 10:00")
    [failed] = found.world.ledger.outbox(["failed"])
    outbox(found.world.ledger, "zh", "retry", failed.mail.message_id)

    found.run("2025-09-28 10:10")

    record = found.world.ledger.mail(failed.mail.message_id)
    assert record == replace(failed, state="suppressed", words="retry", reply=record.reply if record else "")
    assert record.reply == (
        f"suppressed: {CHEN} takes no mail ({GONE}); correct the address, or `runner.py outbox lift {CHEN}` if it is right."
    )
    assert server.asked.count(CHEN) == 1


@pytest.mark.parametrize(
    ("language", "listed", "lifted"),
    [
        ("zh", f"{CHEN}  停发到 2025-11-27  {GONE}", f"{CHEN}：恢复发信"),
        ("en", f"{CHEN}  until 2025-11-27  {GONE}", f"{CHEN}: written to again"),
    ],
)
def test_suppressed_addresses_are_listed_and_lifted(language: str, listed: str, lifted: str) -> None:
    found, _ = stage(begun=False)
    ledger = found.world.ledger
    ledger.suppress(CHEN, datetime(2025, 9, 28), datetime(2025, 11, 27), GONE)

    assert outbox(ledger, language, "suppressed").text() == listed
    assert outbox(ledger, language, "lift", CHEN).text() == lifted
    assert outbox(ledger, language, "suppressed").text() == ("没有停发的地址" if language == "zh" else "no address is suppressed")
    with pytest.raises(NotThere, match=f"'{CHEN}' is not suppressed; see `runner.py outbox suppressed`."):
        outbox(ledger, language, "lift", CHEN)


@pytest.mark.parametrize(
    ("reply", "about"),
    [
        (Reply(550, "5.1.1 no such user"), True),
        (Reply(550, "5.2.1 mailbox disabled"), True),
        (Reply(550, "no such user"), True),
        (Reply(553, "bad mailbox name"), True),
        (Reply(550, "5.7.1 relaying denied"), False),
        (Reply(554, "refused"), False),
        (Reply(503, "5.5.1 need MAIL first"), False),
    ],
)
def test_only_a_word_about_the_address_suppresses_it(reply: Reply, about: bool) -> None:
    assert reply.is_about_the_address is about
