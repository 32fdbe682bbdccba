"""The sender's mailbox: what it proves of mails in doubt, what it does not, and that no run depends on it."""

from __future__ import annotations

import ssl
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import runner
from automations.channels.imap import ImapMailbox
from automations.channels.imapfolders import Folder, decoded, folders_of, sent_folder
from automations.channels.mailbox import Arrivals, MailboxFailed
from automations.channels.memory import MemoryChannel
from automations.channels.message import compose
from automations.channels.presets import Box, Server
from automations.channels.protocol import AboutTo, MailUncertain, at_will
from automations.config import load
from automations.doctor import doctor
from automations.errors import ConfigProblems
from automations.evidence import GRACE, STALE
from automations.ledgers.memory import MemoryLedger
from automations.ledgers.protocol import Ledger
from automations.ledgers.sqlite import SqliteLedger
from automations.model import Mail
from automations.outbox import NotSo, Person, outbox
from automations.setup import init
from automations.visiting import visit
from automations.wiring import world_of
from tests.imapserver import ImapServer
from tests.scene import CUSTOMERS, STAFF, Scene, scene
from tests.small_project import SETTINGS, project
from tests.test_outbox import LI, LOST, MAIL, NOW, put
from tests.test_smtp import Trust, trust

__all__ = ["trust"]
SENDER = "rowkeeper@example.cn"
WITNESS = replace(MAIL, message_id="<b0@rowkeeper.invalid>", identities=("n3",))
LATER = NOW + GRACE


@dataclass
class MemoryMailbox:
    """A mailbox in memory: the ids of its sent mails, and what goes wrong."""

    ids: set[str] = field(default_factory=set)
    saves_sent: bool = True
    trouble: str = ""
    name: str = "r@example.cn@mail.example.cn:993"
    asked: int = 0
    arrived: list[bytes] = field(default_factory=list)

    def sent(self, message_ids: Sequence[str]) -> Collection[str]:
        self._answer()
        return self.ids.intersection(message_ids)

    def reports(self, mark: str, since: date) -> Arrivals:
        self._answer()
        return Arrivals(self.arrived[int(mark or 0) :], str(len(self.arrived)))

    def close(self) -> None:
        """Nothing is held open."""

    def _answer(self) -> None:
        self.asked += 1
        if self.trouble:
            raise MailboxFailed(self.trouble)


@pytest.fixture
def ledger() -> Ledger:
    """One mail in doubt, and one that certainly left."""
    ledger = MemoryLedger()
    put(ledger, WITNESS, "sent", "250 OK")
    put(ledger)
    return ledger


def states(ledger: Ledger) -> dict[str, str]:
    return {record.mail.message_id.strip("<>")[:4]: record.state for record in ledger.outbox(limit=100)}


def visits(box: MemoryMailbox, ledger: Ledger, *moments: datetime) -> list[str]:
    return [words["zh"] for moment in moments for words in visit(box, ledger, moment, "admin@example.cn", "zh")]


# What is proof, and what is not


def test_a_mail_in_doubt_that_stands_among_the_sent_ones_was_sent(ledger: Ledger) -> None:
    said = visits(MemoryMailbox({MAIL.message_id}, saves_sent=False), ledger, NOW)

    assert said == ["a1b2c3d4e5  王芳：在已发送邮件里找到，算作已发出"]
    record = ledger.mail(MAIL.message_id)
    assert record is not None
    assert (record.state, record.reply) == (
        "sent",
        f"{LOST}; evidence: found among the sent mails; it counts as sent (2026-09-30 08:30)",
    )


def test_a_mail_that_does_not_stand_there_is_sent_again_only_after_the_grace_time_and_with_a_witness(ledger: Ledger) -> None:
    box = MemoryMailbox({WITNESS.message_id})

    assert visits(box, ledger, NOW, LATER - timedelta(seconds=1)) == []
    assert states(ledger)["a1b2"] == "unknown"
    assert visits(box, ledger, LATER) == ["a1b2c3d4e5  王芳：已发送邮件里没有，下次发出"]
    assert states(ledger)["a1b2"] == "pending"


@pytest.mark.parametrize(
    ("box", "moment", "why"),
    [
        (
            MemoryMailbox({WITNESS.message_id}, saves_sent=False),
            LATER,
            "已发送邮件里没有，但不知道这个邮箱会不会自动保存发出的邮件（mail.imap.saves_sent），要人来核对",
        ),
        (MemoryMailbox(), LATER, "已发送邮件里没有，可最近确实发出的邮件也都不在，所以说明不了什么，要人来核对"),
        (MemoryMailbox({WITNESS.message_id}), NOW, "已发送邮件里还没有，2026-09-30 08:45 以后再看"),
        (MemoryMailbox({WITNESS.message_id}), NOW + STALE + GRACE, "已发送邮件里没有，但已过了 7 天，可能有人清理过，要人来核对"),
    ],
    ids=["a service not known to save", "no witness", "too soon", "long ago"],
)
def test_absence_that_proves_nothing_leaves_the_mail_to_a_person(ledger: Ledger, box: MemoryMailbox, moment: datetime, why: str) -> None:
    ledger.in_doubt_since(MAIL.message_id, NOW)

    told = outbox(ledger, "zh", "resolve", by_evidence=True, mailbox=box, person=Person(at=moment)).text()

    assert told == f"a1b2c3d4e5  王芳：{why}"
    assert states(ledger) == {"a1b2": "unknown", "b0@r": "sent"}


def test_a_mail_that_falls_into_doubt_again_has_its_grace_time_anew(ledger: Ledger) -> None:
    box = MemoryMailbox({WITNESS.message_id})
    visits(box, ledger, NOW, LATER)
    for state in ("sending", "unknown"):
        ledger.settle_mail(MAIL.message_id, state, LOST)  # type: ignore[arg-type]

    assert visits(box, ledger, LATER + timedelta(minutes=5)) == []
    assert states(ledger)["a1b2"] == "unknown"


def test_a_mailbox_that_does_not_answer_is_said_once_and_once_more_when_it_does(ledger: Ledger) -> None:
    trouble = "mailbox mail.example.cn:993: timed out; look at mail.imap in the settings."
    box = MemoryMailbox({MAIL.message_id}, trouble=trouble)
    broken = visits(box, ledger, NOW, NOW)
    box.trouble = ""

    assert broken == [f"查不了发件人的邮箱，说不准的邮件先留着：{trouble}"]
    assert visits(box, ledger, NOW, NOW) == ["a1b2c3d4e5  王芳：在已发送邮件里找到，算作已发出", "发件人的邮箱又能查了"]


def test_before_any_mail_left_nobody_is_asked() -> None:
    ledger, box = MemoryLedger(), MemoryMailbox()
    put(ledger, LI, "pending", "")

    assert visits(box, ledger, NOW) == []
    assert box.asked == 0


class Doubtful(MemoryChannel):
    """A channel whose mails all go, and which is not told so the first time."""

    never_twice = False
    lost = 1

    def send(self, mail: Mail, about_to: AboutTo = at_will) -> str:
        reply = super().send(mail, about_to)
        if self.lost:
            self.lost -= 1
            raise MailUncertain("mail server mail.example.cn:465 got the whole mail and did not say that it took it")
        return reply


def shown(found: Scene, moment: str) -> str:
    from automations.reports import run_text

    return run_text(found.run(moment), found.world.config, "en")


def test_a_whole_run_settles_what_the_last_one_left_in_doubt_and_nobody_is_told_twice() -> None:
    drawn = """
        complaint_no | received_at      | customer_id | content | recorded_by | category | severity | complexity
        TS-1         | 2025-09-26 16:30 | KH-1        | 有异味  | YG-01       | 质量问题 | 一般投诉 | 一般问题
    """
    channel, box = Doubtful(), MemoryMailbox()
    found = scene(complaints=drawn, customers=CUSTOMERS, staff=STAFF).with_world(channel=channel, mailbox=box)
    found.run("2025-09-26 17:00")
    found.run("2025-09-28 10:00")
    box.ids |= {mail.message_id for mail in channel.sent}
    before = list(channel.sent)
    doubted = [record.mail for record in found.world.ledger.outbox(["unknown"])]

    report = shown(found, "2025-09-28 10:10")

    assert len(doubted) == 1
    name = f"{doubted[0].message_id.strip('<>')[:10]}  {doubted[0].reader}"
    assert f"{name}: found among the sent mails; it counts as sent" in report.splitlines()
    assert found.world.ledger.outbox(["unknown"]) == []
    assert channel.sent == before


# Over IMAP


def stored(*mails: Mail) -> list[bytes]:
    return [compose(mail, SENDER) for mail in mails]


def box_at(server: ImapServer, timeout: float = 10, context: ssl.SSLContext | None = None, **more: Any) -> ImapMailbox:
    security = "starttls" if server.starttls else "tls" if server.tls else "none"
    where = Server("127.0.0.1", server.port, security, SENDER, "IMAP_PASSWORD", timeout)  # type: ignore[arg-type]
    box = Box(where, more.pop("sent_folder", ""), True)
    return ImapMailbox(box, {"IMAP_PASSWORD": more.pop("password", "app password")}, context, **more)


def asked(server: ImapServer, *wanted: Mail, **more: Any) -> Collection[str]:
    box = box_at(server, **more)
    try:
        return box.sent([mail.message_id for mail in wanted])
    finally:
        box.close()


@pytest.mark.parametrize("name", ["Sent", "&XfJT0ZAB-", "INBOX/Sent Items"])
def test_the_folder_of_sent_mails_is_found_by_its_mark_its_name_or_the_settings(name: str) -> None:
    with ImapServer({"INBOX": [], "Archive": [], name: stored(MAIL)}) as server:
        assert asked(server, MAIL, LI) == {MAIL.message_id}
        assert asked(server, MAIL, sent_folder=decoded(name)) == {MAIL.message_id}
    with ImapServer({"INBOX": [], "Sent": [], "Elsewhere": stored(MAIL)}, sent="Elsewhere") as server:
        assert asked(server, MAIL, LI) == {MAIL.message_id}
        assert asked(server, MAIL, sent_folder="Sent") == set()


def test_nothing_in_the_mailbox_is_changed_and_the_program_says_its_name() -> None:
    with ImapServer({"INBOX": [], "Sent": stored(MAIL)}) as server:
        asked(server, MAIL)

    words = [line.split(" ")[0] for line in server.lines]
    assert set(words) <= {"CAPABILITY", "LOGIN", "ID", "LIST", "EXAMINE", "UID", "LOGOUT"}
    assert words.index("ID") < words.index("EXAMINE")
    assert not [line for line in server.lines if "STORE" in line or "BODY[" in line]


def test_a_server_that_finds_too_much_does_not_prove_a_mail() -> None:
    with ImapServer({"INBOX": [], "Sent": stored(LI)}, finds_everything=True) as server:
        assert asked(server, MAIL) == set()


def test_a_folder_that_cannot_be_told_is_asked_for_with_those_there_are() -> None:
    with ImapServer({"INBOX": [], "&XfJT0ZAB-": [], "Sent": []}) as server, pytest.raises(MailboxFailed) as refused:
        asked(server, MAIL)

    assert str(refused.value) == (
        f"mailbox 127.0.0.1:{server.port}: which folder holds the sent mails? write it as mail.imap.sent_folder in the settings; "
        "there are INBOX, 已发送, Sent."
    )


def test_folders_are_read_as_servers_list_them() -> None:
    listing = [rb'(\HasNoChildren \Sent) "." INBOX.Sent', (rb'(\Noselect) "/" {6}', b"Sent\\x"), b"", rb'() NIL "a \"b\""', b"nonsense"]

    assert folders_of(listing) == [
        Folder("INBOX.Sent", frozenset({r"\hasnochildren", r"\sent"}), "."),
        Folder(r"Sent\x", frozenset({r"\noselect"}), "/"),
        Folder('a "b"', frozenset(), ""),
    ]
    assert sent_folder(folders_of(listing)) == folders_of(listing)[0]
    assert (decoded("&XfJT0ZAB-/a &- b"), decoded("&broken!-")) == ("已发送/a & b", "&broken!-")


def test_mailboxes_are_asked_over_verified_tls_in_both_ways(trust: Trust) -> None:
    for starttls in (False, True):
        with ImapServer({"INBOX": [], "Sent": stored(MAIL)}, tls=trust.server, starttls=starttls) as server:
            assert asked(server, MAIL, context=trust.client) == {MAIL.message_id}
            with pytest.raises(MailboxFailed, match="certificate"):
                asked(server, MAIL)
        assert sum(line.startswith("LOGIN") for line in server.lines) == 1


def test_a_server_without_starttls_gets_no_password(trust: Trust) -> None:
    with ImapServer({"INBOX": []}) as server, pytest.raises(MailboxFailed):
        box = Box(Server("127.0.0.1", server.port, "starttls", SENDER, "P", 10), "", True)
        ImapMailbox(box, {"P": "app password"}, trust.client).sent([MAIL.message_id])

    assert not [line for line in server.lines if "LOGIN" in line]


def test_a_wrong_password_and_a_missing_one_are_said_without_showing_them() -> None:
    with ImapServer({"INBOX": []}) as server:
        for password, said in (
            ("hunter2", f"does not let in '{SENDER}' with the password in IMAP_PASSWORD ("),
            ("", f"the environment variable IMAP_PASSWORD with the password of '{SENDER}' is not set; set it."),
            ("密码", "the user and the password may hold only ASCII letters, digits and signs."),
        ):
            with pytest.raises(MailboxFailed) as refused:
                asked(server, MAIL, password=password)
            assert said in str(refused.value)
            assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("word", ["greeting", "CAPABILITY", "LOGIN", "LIST", "EXAMINE", "SEARCH", "FETCH", "LOGOUT"])
@pytest.mark.parametrize("fault", ["drop", "hang", "no"])
def test_whatever_goes_wrong_at_whatever_word_ends_soon_and_is_said(word: str, fault: str) -> None:
    with ImapServer({"INBOX": [], "Sent": stored(MAIL)}, faults={word: fault}) as server:
        if word == "LOGOUT" or (word, fault) == ("greeting", "no"):
            assert asked(server, MAIL, timeout=0.2) == {MAIL.message_id}
        else:
            with pytest.raises(MailboxFailed, match=f"^mailbox 127.0.0.1:{server.port}"):
                asked(server, MAIL, timeout=0.2)


def test_a_mailbox_that_dribbles_is_left_when_the_time_is_over() -> None:
    with ImapServer({"INBOX": [], "Sent": stored(MAIL)}, faults={"SEARCH": "drip"}) as server:
        begun = time.monotonic()
        with pytest.raises(MailboxFailed):
            asked(server, MAIL, timeout=10, longest=0.5)

    assert time.monotonic() - begun < 5


# Settings and commands

SETTING = (
    "{ kind: smtp, preset: gmail, user: r@example.cn, password: { env: ROWKEEPER_NO_SUCH_VARIABLE }, "
    "sender: r@example.cn, allow_domains: [example.cn], imap: {} }"
)


def with_mail(folder: Path, mail: str, language: str = "en") -> Path:
    return project(folder, settings=SETTINGS.format(language=language) + f"mail: {mail}\n")


def test_an_empty_setting_takes_the_mailbox_of_the_service_and_the_user_of_sending(tmp_path: Path) -> None:
    server = Server("imap.gmail.com", 993, "tls", "r@example.cn", "ROWKEEPER_NO_SUCH_VARIABLE", 15)
    assert load(with_mail(tmp_path / "a", SETTING)).settings.mail.box == Box(server, "", True)

    own = SETTING.replace("imap: {}", "imap: { host: i.example.cn, security: starttls, sent_folder: 已发送, saves_sent: false, user: u }")
    box = load(with_mail(tmp_path / "b", own)).settings.mail.box
    assert box == Box(Server("i.example.cn", 143, "starttls", "u", "ROWKEEPER_NO_SUCH_VARIABLE", 15), "已发送", False)
    assert world_of(tmp_path / "b", looking=True).mailbox is not None
    assert world_of(tmp_path / "b", looking=True, outbox=tmp_path / "mails").mailbox is None


@pytest.mark.parametrize(
    ("mail", "said"),
    [
        (
            SETTING.replace("imap: {}", "imap: { security: none }"),
            "'mail': the mailbox at imap.gmail.com must be encrypted: `security: none` is only for a server on this machine (localhost)",
        ),
        (
            SETTING.replace("preset: gmail", "host: localhost"),
            "'mail': 'imap' needs 'host' where no preset names one",
        ),
        (
            SETTING.replace("preset: gmail, user: r@example.cn, password: { env: ROWKEEPER_NO_SUCH_VARIABLE }", "preset: gmail"),
            (
                "'mail': 'imap' needs 'user' and 'password' (or 'oauth2'), its own or those beside it; "
                "the password as `{ env: SMTP_PASSWORD }`"
            ),
        ),
    ],
)
def test_what_a_mailbox_lacks_is_said(tmp_path: Path, mail: str, said: str) -> None:
    with pytest.raises(ConfigProblems) as refused:
        load(with_mail(tmp_path, mail))

    assert [problem.what for problem in refused.value.problems] == [said]


def test_the_command_asks_the_mailbox_of_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ROWKEEPER_TEST_PASSWORD", "app password")
    with ImapServer({"INBOX": [], "&XfJT0ZAB-": stored(MAIL)}) as server:
        mail = (
            "{ kind: smtp, host: localhost, security: none, sender: r@example.cn, allow_domains: [example.cn], imap: { host: 127.0.0.1, "
            f"port: {server.port}, security: none, user: r@example.cn, password: {{ env: ROWKEEPER_TEST_PASSWORD }} }} }}"
        )
        root = with_mail(tmp_path, mail)
        init(root, do=True)
        kept = SqliteLedger(root / "state" / "ledger.sqlite")
        put(kept)
        kept.close()

        assert runner.main(["outbox", "resolve", "--by-evidence", "--root", str(root)]) == 0

    assert capsys.readouterr().out == "a1b2c3d4e5  王芳: found among the sent mails; it counts as sent\n"
    assert [line.what["en"] for line in doctor(root, None, lambda config: NOW).lines][-1] == f"mailbox 127.0.0.1:{server.port}"


def test_without_a_mailbox_the_command_says_what_to_write(ledger: Ledger) -> None:
    with pytest.raises(NotSo, match=r"no mailbox can be asked: write mail.imap in config/settings.yaml"):
        outbox(ledger, "en", "resolve", by_evidence=True, mailbox=None, person=Person(at=NOW))
