"""Mail over SMTP: every step of the protocol goes wrong once, twice and always, and no occasion is told twice or lost."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from automations.applying import Posted, send_pending
from automations.channels.message import compose
from automations.channels.presets import PRESETS, Place, Reach, Server, faults_of, server_of
from automations.channels.protocol import Channel, MailUncertain, MailWaits
from automations.channels.smtp import BATCH, SmtpChannel, missing_password
from automations.channels.smtpsession import on_the_wire
from automations.errors import LedgerFailed, MailFailed
from automations.ledgers.memory import MemoryLedger
from automations.ledgers.protocol import Ledger, RunStart
from automations.model import Mail
from automations.recovering import take_up_mails
from tests.contracts.channels import MAIL, ChannelContract
from tests.smtpserver import SmtpServer

SENDER = "表管家 <rowkeeper@example.cn>"
NOW = datetime(2026, 9, 30, 8, 30)
USER, PASSWORD = "rowkeeper@example.cn", "app password"
PATIENT, HASTY = 10.0, 0.3
"""Seconds a client waits for an answer: long where all answer, short where one never does."""
STRANGERS: list[Any] = []


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple) and not ipaddress.ip_address(arguments[1][0]).is_loopback:
        STRANGERS.append(arguments[1])


sys.addaudithook(_watch)


@pytest.fixture(autouse=True)
def only_loopback() -> Iterator[None]:
    """No test here connects to anything but this machine."""
    yield
    assert STRANGERS == []


@dataclass(frozen=True)
class Trust:
    """A server's certificate for 127.0.0.1 made in the test, and a client that trusts its maker."""

    server: ssl.SSLContext
    client: ssl.SSLContext


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    start = datetime(2020, 1, 1)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), start, start + timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file: Path = tmp_path_factory.mktemp("tls") / "server.pem"
    file.write_bytes(private + public)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return Trust(server, ssl.create_default_context(cadata=public.decode()))


def channel_to(server: SmtpServer, timeout: float = PATIENT, trusted: ssl.SSLContext | None = None, **more: Any) -> SmtpChannel:
    """A channel that speaks to the server as the server wants it."""
    security = "starttls" if server.starttls else "tls" if server.tls else "none"
    user, env = (USER, "SMTP_PASSWORD") if server.passwords else ("", "")
    where = Server("127.0.0.1", server.port, security, user, env, timeout)  # type: ignore[arg-type]
    return SmtpChannel(where, SENDER, more.pop("reach", Reach(("example.cn",))), {"SMTP_PASSWORD": PASSWORD, **more}, trusted)


def mails(count: int) -> list[Mail]:
    return [replace(MAIL, message_id=f"<m{n}@example.cn>", to=f"reader{n}@example.cn", identities=(f"n{n}",)) for n in range(1, count + 1)]


def ledger_with(*waiting: Mail) -> MemoryLedger:
    ledger = MemoryLedger()
    ledger.put_mails(ledger.begin_run(RunStart("sweep", "book", NOW, "", "")), waiting)
    return ledger


def states(ledger: Ledger) -> list[str]:
    return [record.state for record in reversed(ledger.outbox(limit=1000))]


def parsed(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


# What every channel must do


class TestSmtpChannel(ChannelContract):
    @pytest.fixture
    def server(self) -> Iterator[SmtpServer]:
        with SmtpServer() as server:
            yield server

    @pytest.fixture
    def channel(self, server: SmtpServer) -> Iterator[Channel]:
        channel = channel_to(server)
        yield channel
        channel.close()

    @pytest.fixture
    def arrived(self, server: SmtpServer) -> Callable[[], list[str]]:
        return lambda: [str(parsed(mail.content)["Message-ID"]) for mail in server.accepted]


# Every step goes wrong


CASES = """
    step     | fault | once         | twice        | always
    connect  | drop  | sent 2       | sent 2       | pending 0
    banner   | drop  | sent 2       | sent 2       | pending 0
    banner   | 421   | sent 2       | sent 2       | pending 0
    banner   | 554   | sent 2       | sent 2       | pending 0
    EHLO     | drop  | sent 2       | sent 2       | pending 0
    STARTTLS | drop  | sent 2       | sent 2       | pending 0
    STARTTLS | 454   | sent 2       | sent 2       | pending 0
    AUTH     | drop  | sent 2       | sent 2       | pending 0
    AUTH     | 421   | sent 2       | sent 2       | pending 0
    AUTH     | 454   | sent 2       | sent 2       | pending 0
    AUTH     | 535   | sent 2       | sent 2       | pending 0
    NOOP     | drop  | sent 2       | sent 2       | sent 2
    NOOP     | 421   | sent 2       | sent 2       | sent 2
    MAIL     | drop  | sent 2       | sent 2       | pending 0
    MAIL     | 421   | sent 2       | sent 2       | pending 0
    MAIL     | 451   | sent 2       | sent 2       | pending 0
    MAIL     | 553   | sent 2       | sent 2       | pending 0
    RCPT     | drop  | sent 2       | sent 2       | pending 0
    RCPT     | 421   | sent 2       | sent 2       | pending 0
    RCPT     | 450   | sent 2       | sent 2       | pending 0
    RCPT     | 550   | failed sent 1 | failed 0    | failed 0
    DATA     | drop  | sent 2       | sent 2       | pending 0
    DATA     | 421   | sent 2       | sent 2       | pending 0
    DATA     | 451   | sent 2       | sent 2       | pending 0
    DATA     | 554   | failed sent 1 | failed 0    | failed 0
    dot      | drop  | unknown sent 1 | unknown 0  | unknown 0
    dot      | 421   | sent 2       | sent 2       | pending 0
    dot      | 451   | sent 2       | sent 2       | pending 0
    dot      | 552   | failed sent 1 | failed 0    | failed 0
    taken    | drop  | unknown sent 2 | unknown 2  | unknown 2
    QUIT     | drop  | sent 2       | sent 2       | sent 2
    QUIT     | 421   | sent 2       | sent 2       | sent 2
    banner   | hang  | sent 2       | sent 2       | pending 0
    EHLO     | hang  | sent 2       | sent 2       | pending 0
    STARTTLS | hang  | sent 2       | sent 2       | pending 0
    AUTH     | hang  | sent 2       | sent 2       | pending 0
    NOOP     | hang  | sent 2       | sent 2       | sent 2
    MAIL     | hang  | sent 2       | sent 2       | pending 0
    RCPT     | hang  | sent 2       | sent 2       | pending 0
    DATA     | hang  | sent 2       | sent 2       | pending 0
    dot      | hang  | unknown sent 1 | unknown 0  | unknown 0
    taken    | hang  | unknown sent 2 | unknown 2  | unknown 2
    QUIT     | hang  | sent 2       | sent 2       | sent 2
"""
"""Two mails, four runs: the states they end in, and how many the server took. `dot` is lost before, `taken` after the server has it."""
OFTEN = {"once": 1, "twice": 2, "always": None}


def drawn() -> Iterator[tuple[str, str, list[str]]]:
    for line in CASES.strip().splitlines()[1:]:
        step, fault, *outcomes = (" ".join(cell.split()) for cell in line.split("|"))
        yield step, fault, outcomes


def tried(step: str, fault: str, times: int | None, trust: Trust) -> str:
    """The end of two mails when this step goes wrong so often, over four runs; says so if a mail was doubled or lost."""
    waiting = mails(2)
    ledger = ledger_with(*waiting)
    with SmtpServer({step: fault}, times, {USER: PASSWORD}, trust.server, starttls=True) as server:
        channel = channel_to(server, HASTY if fault == "hang" else PATIENT, trust.client)
        for _ in range(4):
            take_up_mails(ledger, channel)
            send_pending(ledger, channel)
        said = unjust(ledger, server)
    ended = " ".join(dict.fromkeys(states(ledger)))
    return said or f"{ended} {len(server.accepted)}"


def unjust(ledger: Ledger, server: SmtpServer) -> str:
    """What must never be: a mail taken twice, one called sent that was not taken, one that waits though it was."""
    taken = [str(parsed(mail.content)["Message-ID"]) for mail in server.accepted]
    for record in ledger.outbox(limit=1000):
        copies = taken.count(record.mail.message_id)
        allowed = {"sent": (1,), "unknown": (0, 1)}.get(record.state, (0,))
        if copies not in allowed:
            return f"{record.mail.message_id} is {record.state} with {copies} copies"
    return ""


def test_every_step_going_wrong_once_twice_and_always_doubles_and_loses_nothing(trust: Trust) -> None:
    cases = [(step, fault, times) for step, fault, _ in drawn() for times in OFTEN.values()]
    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(lambda case: tried(*case, trust), cases))
    got = [(step, fault, found[3 * place : 3 * place + 3]) for place, (step, fault, _) in enumerate(drawn())]
    print("\n" + "\n".join(f"{step:<9} {fault:<5} " + "".join(f"{each:<16}" for each in ended) for step, fault, ended in got))

    assert got == list(drawn())


@pytest.mark.parametrize("fault", ["drop", "hang", "421", "552"])
@pytest.mark.parametrize("times", [1, 2, None])
def test_a_server_that_stops_in_the_middle_of_a_mail_takes_none_twice(fault: str, times: int | None, trust: Trust) -> None:
    found = tried("body", fault, times, trust)

    assert "copies" not in found
    assert set(found.split()[:-1]) <= {"sent", "pending", "unknown", "failed"}


class Killed(BaseException):
    """The process ended here."""


@dataclass
class Fuse:
    """A ledger's `settle_mail` that ends the process before or after its nth call."""

    ledger: MemoryLedger
    at: int
    after: bool
    calls: int = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.ledger, name)

    def settle_mail(self, *words: Any) -> bool:
        self.calls += 1
        if self.calls == self.at and not self.after:
            raise Killed
        settled = self.ledger.settle_mail(*words)
        if self.calls == self.at:
            raise Killed
        return settled


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, 7))
def test_a_run_killed_at_any_commit_leaves_at_most_one_mail_to_a_person(at: int, after: bool) -> None:
    ledger = ledger_with(*mails(3))
    with SmtpServer() as server:
        with pytest.raises(Killed):
            send_pending(Fuse(ledger, at, after), channel_to(server))  # type: ignore[arg-type]
        rest = channel_to(server)
        take_up_mails(ledger, rest)
        send_pending(ledger, rest)

        assert unjust(ledger, server) == ""
        held = (at % 2 == 1 and after) or (at % 2 == 0 and not after)
        assert sorted(states(ledger)) == ["sent"] * (3 - held) + ["unknown"] * held


def test_a_ledger_that_fails_before_the_dot_keeps_the_mail_from_going() -> None:
    def failing() -> bool:
        raise LedgerFailed("the disk is full")

    with SmtpServer() as server:
        channel = channel_to(server)
        with pytest.raises(LedgerFailed):
            channel.send(MAIL, failing)
        channel.close()
        assert server.accepted == []


def test_two_runs_at_once_send_each_mail_once() -> None:
    ledger = ledger_with(*mails(6))
    with SmtpServer() as server:
        other = channel_to(server)
        seen: list[Posted] = []

        def second_run(line: str) -> None:
            if line.startswith("RCPT") and "reader3" in line and not seen:
                seen.append(Posted(0))
                seen[0] = send_pending(ledger, other)

        class Between:
            """A second run comes right before the third mail of the first."""

            name, never_twice = "smtp", False
            own = channel_to(server)

            def send(self, mail: Mail, about_to: Callable[[], bool]) -> str:
                second_run(f"RCPT {mail.to}")
                return self.own.send(mail, about_to)

            def close(self) -> None:
                self.own.close()

        first = send_pending(ledger, Between())  # type: ignore[arg-type]

        assert (first.sent, seen[0].sent, len(server.accepted)) == (2, 4, 6)
        assert states(ledger) == ["sent"] * 6


# What is said


def told(faults: dict[str, str], count: int = 1, **more: Any) -> tuple[Posted, list[str]]:
    ledger = ledger_with(*mails(count))
    with SmtpServer(faults, **more) as server:
        posted = send_pending(ledger, channel_to(server, HASTY if "hang" in faults.values() else PATIENT))
        port = str(server.port)
    replies = [record.reply.replace(port, "PORT") for record in reversed(ledger.outbox())]
    return replace(posted, troubles=tuple(each.replace(port, "PORT") for each in posted.troubles)), replies


def test_the_reply_of_the_server_is_kept_beside_the_mail() -> None:
    assert told({}, 2) == (Posted(2), ["250 2.0.0 queued as 1", "250 2.0.0 queued as 2"])


def test_a_wrong_password_stops_the_batch_and_says_where_to_look() -> None:
    posted, _ = told({}, 3, passwords={USER: "another"})

    assert posted == Posted(
        0,
        (
            (
                "王芳: mail server 127.0.0.1:PORT does not let in 'rowkeeper@example.cn' with the password in SMTP_PASSWORD "
                "(535 5.7.8 wrong password); many services want an app password. It waits and is tried again at the next run."
            ),
        ),
    )


def test_a_refused_recipient_does_not_stop_the_others() -> None:
    posted, replies = told({"RCPT": "550"}, 2, times=1)

    assert posted.sent == 1
    assert replies == [
        (
            "mail server 127.0.0.1:PORT refused the recipient (550 said so); correct the address in the sheet; until then, or for 60 days, "
            "others are told instead (`runner.py outbox suppressed`)."
        ),
        "250 2.0.0 queued as 1",
    ]


def test_an_uncertain_mail_is_told_and_counted() -> None:
    posted, replies = told({"taken": "drop"}, times=1)

    assert (posted.sent, posted.unknown) == (0, 1)
    assert replies[0].startswith("mail server 127.0.0.1:PORT got the whole mail and did not say that it took it (")
    assert replies[0].endswith("); look whether it arrived, then `runner.py outbox resolve`.")


def test_a_day_s_quota_used_up_stops_the_batch_and_the_mails_wait() -> None:
    ledger = ledger_with(*mails(3))
    with SmtpServer({"dot": "550"}) as server:
        server.faults = {"dot": "550 5.4.5 daily limit,"}
        posted = send_pending(ledger, channel_to(server))

    assert (len(posted.troubles), states(ledger)) == (1, ["pending"] * 3)


def test_after_two_lost_connections_in_a_row_the_rest_waits() -> None:
    ledger = ledger_with(*mails(5))
    with SmtpServer({"taken": "drop"}) as server:
        posted = send_pending(ledger, channel_to(server))

    assert (posted.unknown, states(ledger)) == (2, ["unknown", "unknown", "pending", "pending", "pending"])


# TLS and the password


def test_mail_goes_over_verified_tls_in_both_ways(trust: Trust) -> None:
    for starttls in (False, True):
        with SmtpServer(passwords={USER: PASSWORD}, tls=trust.server, starttls=starttls) as server:
            channel = channel_to(server, trusted=trust.client)
            assert channel.send(MAIL) == "250 2.0.0 queued as 1"
            channel.close()


@pytest.mark.parametrize("starttls", [False, True])
def test_a_certificate_nobody_vouches_for_gets_no_password_and_no_mail(trust: Trust, starttls: bool) -> None:
    with SmtpServer(passwords={USER: PASSWORD}, tls=trust.server, starttls=starttls) as server:
        with pytest.raises(MailWaits, match="the server's certificate is not trusted") as refused:
            channel_to(server).send(MAIL)
        assert refused.value.stops
        assert [line for line in server.lines if line.startswith(("AUTH", "MAIL"))] == []


def test_a_server_without_starttls_gets_no_password(trust: Trust) -> None:
    with SmtpServer(passwords={USER: PASSWORD}) as server:
        where = Server("127.0.0.1", server.port, "starttls", USER, "SMTP_PASSWORD", PATIENT)
        with pytest.raises(MailWaits, match="STARTTLS"):
            SmtpChannel(where, SENDER, environ={"SMTP_PASSWORD": PASSWORD}, context=trust.client).send(MAIL)
        assert [line for line in server.lines if line.startswith("AUTH")] == []


def test_a_missing_password_is_said_and_nobody_is_asked_on_the_terminal() -> None:
    with SmtpServer(passwords={USER: PASSWORD}) as server:
        where = Server("127.0.0.1", server.port, "none", USER, "SMTP_PASSWORD", PATIENT)
        with pytest.raises(MailWaits) as refused:
            SmtpChannel(where, SENDER, environ={}).send(MAIL)
        said = (
            f"mail server {where}: the environment variable SMTP_PASSWORD with the password of 'rowkeeper@example.cn' is not set; set it."
        )
        assert (missing_password(where, {}), server.connections) == (said, 0)
        assert str(refused.value) == f"{said} It waits and is tried again at the next run."


def test_a_password_beyond_ascii_is_refused_without_showing_it() -> None:
    with SmtpServer(passwords={USER: PASSWORD}) as server, pytest.raises(MailWaits, match="only ASCII letters") as refused:
        channel_to(server, SMTP_PASSWORD="密码").send(MAIL)
    assert "密码" not in str(refused.value)


def test_a_user_without_an_at_sign_signs_in_as_written() -> None:
    with SmtpServer(passwords={"rowkeeper": PASSWORD}) as server:
        where = Server("127.0.0.1", server.port, "none", "rowkeeper", "SMTP_PASSWORD", PATIENT)
        channel = SmtpChannel(where, SENDER, environ={"SMTP_PASSWORD": PASSWORD})
        assert channel.send(MAIL) == "250 2.0.0 queued as 1"
        channel.close()


def test_nobody_listening_is_said_with_the_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(MailWaits) as refused:
        SmtpChannel(Server("127.0.0.1", port, "none"), SENDER).send(MAIL)

    assert f"mail server 127.0.0.1:{port}: " in str(refused.value)
    assert refused.value.stops


# One connection, many mails


def test_one_connection_carries_a_batch_and_then_the_server_gets_a_new_one() -> None:
    with SmtpServer() as server:
        posted = send_pending(ledger_with(*mails(2 * BATCH + 1)), channel_to(server))

        assert (posted.sent, len(server.accepted), server.connections) == (2 * BATCH + 1, 2 * BATCH + 1, 3)
        assert server.lines.count("QUIT") == 3


def test_a_refused_recipient_does_not_cost_a_connection() -> None:
    with SmtpServer({"RCPT": "550"}, times=3) as server:
        send_pending(ledger_with(*mails(6)), channel_to(server))

        assert (len(server.accepted), server.connections) == (3, 1)


def test_a_run_without_mails_connects_to_nobody() -> None:
    with SmtpServer() as server:
        assert send_pending(MemoryLedger(), channel_to(server)) == Posted(0)
        assert server.connections == 0


# To whom


@pytest.mark.parametrize(
    ("domains", "address", "reached"),
    [
        (("example.cn",), "wang@example.cn", True),
        (("@Example.CN",), "wang@EXAMPLE.cn", True),
        (("example.cn",), "wang@sub.example.cn", False),
        (("example.cn",), "wang@example.cn.evil.test", False),
        (("*",), "wang@anywhere.test", True),
        ((), "wang@example.cn", False),
    ],
)
def test_only_domains_that_are_allowed_are_reached(domains: tuple[str, ...], address: str, reached: bool) -> None:
    assert Reach(domains).allows(address) is reached


def test_a_stranger_s_address_is_suppressed_with_its_reason_and_the_server_never_hears_of_it() -> None:
    ledger = ledger_with(replace(MAIL, to="wang@elsewhere.test"))
    with SmtpServer() as server:
        send_pending(ledger, channel_to(server))
        assert server.connections == 0

    [record] = ledger.outbox()
    assert (record.state, record.reply) == (
        "failed",
        (
            "suppressed: wang@elsewhere.test is in none of the domains of mail.allow_domains (example.cn); add its domain to the "
            "settings and `runner.py outbox retry` it, or correct the address in the sheet for later ones."
        ),
    )


def test_while_everything_is_redirected_only_that_address_gets_mail_and_the_subject_says_for_whom() -> None:
    with SmtpServer() as server:
        channel = channel_to(server, reach=Reach((), "admin@example.org"))
        channel.send(replace(MAIL, to="wang@elsewhere.test"))
        channel.close()

    [mail] = server.accepted
    assert (mail.recipient, parsed(mail.content)["Subject"]) == ("admin@example.org", f"[-> wang@elsewhere.test] {MAIL.subject}")
    assert [each.addr_spec for each in parsed(mail.content)["To"].addresses] == ["admin@example.org"]


# The message on its way


def test_chinese_subject_name_and_body_arrive_as_they_were_and_travel_in_ascii() -> None:
    with SmtpServer() as server:
        channel = channel_to(server)
        channel.send(MAIL)
        channel.close()

    [mail] = server.accepted
    message = parsed(mail.content)
    bodies = ["\n".join(part.get_content().splitlines()) for part in message.iter_parts()]
    assert (mail.sender, mail.recipient, str(message["To"]), str(message["From"]), message["Subject"], bodies) == (
        "rowkeeper@example.cn",
        "wang@example.cn",
        "王芳 <wang@example.cn>",
        SENDER,
        MAIL.subject,
        [MAIL.text, MAIL.html],
    )
    assert mail.content.isascii()
    assert max(map(len, mail.content.splitlines())) <= 998


@pytest.mark.parametrize(
    ("body", "travels"),
    [
        (b"a\n.\nb", b"a\r\n..\r\nb\r\n"),
        (b".b\r\n", b"..b\r\n"),
        (b"a\r.\r\nb\n", b"a\r\n..\r\nb\r\n"),
        (b"a\r\n.\r\nMAIL FROM:<x@y>\r\n", b"a\r\n..\r\nMAIL FROM:<x@y>\r\n"),
    ],
)
def test_no_line_of_a_body_ends_the_mail(body: bytes, travels: bytes) -> None:
    assert on_the_wire(body) == travels


PAYLOADS = [
    "x\r\nRCPT TO:<all@example.cn>",
    "x\r\n.\r\nMAIL FROM:<evil@example.cn>",
    "x\nBcc: all@example.cn",
    "x\r\n\r\n<script>alert(1)</script>",
    "x\u2028Bcc: all@example.cn",
    "x\x00\r\n.\r\n",
    "/etc/passwd",
    "=?utf-8?B?DQpCY2M6IGFsbEBleGFtcGxlLmNu?=",
    '"<all@example.cn>, <b@example.cn>"',
]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_in_a_cell_reaches_one_reader_and_adds_no_header_and_no_mail(payload: str) -> None:
    mail = replace(MAIL, reader=payload, subject=payload, text=f"{payload}\r\n.\r\nQUIT", html=f"<p>{payload}</p>\r\n.\r\n")
    with SmtpServer() as server:
        channel = channel_to(server)
        channel.send(mail)
        channel.close()

    [taken] = server.accepted
    message = parsed(taken.content)
    assert taken.recipient == "wang@example.cn"
    assert [each.addr_spec for each in message["To"].addresses] == ["wang@example.cn"]
    assert set(message.keys()) == set(compose(MAIL, SENDER).keys())
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert [line.split(" ")[0] for line in server.lines] == ["ehlo", "MAIL", "RCPT", "DATA", "QUIT"]


@pytest.mark.parametrize(
    "payload", ["wang@example.cn\r\nDATA", "wang@example.cn> SIZE=1", "<wang@example.cn>", "王@example.cn", "a@b@example.cn"]
)
def test_an_address_that_is_more_than_one_address_never_reaches_the_server(payload: str) -> None:
    with SmtpServer() as server, pytest.raises(MailFailed):
        channel_to(server).send(replace(MAIL, to=payload))
    assert server.connections == 0


def test_a_mail_that_is_uncertain_is_never_handed_over_again() -> None:
    with SmtpServer({"taken": "drop"}, times=1) as server:
        channel = channel_to(server)
        with pytest.raises(MailUncertain):
            channel.send(MAIL)
        channel.close()
        assert len(server.accepted) == 1
    assert not channel.never_twice


# Settings


def test_presets_name_the_services_and_what_is_written_beside_one_counts_instead() -> None:
    assert PRESETS["outlook"] == Place("smtp.office365.com", "starttls")
    assert server_of("qq-exmail", None, None, None, "u", "P", 60) == Server("smtp.exmail.qq.com", 465, "tls", "u", "P", 60)
    assert server_of("gmail", None, None, "starttls", "u", "P", 60) == Server("smtp.gmail.com", 587, "starttls", "u", "P", 60)
    assert server_of("custom", "mail.example.cn", 2525, "starttls", "", "", 60) == Server("mail.example.cn", 2525, "starttls")


@pytest.mark.parametrize(
    ("server", "said"),
    [
        (Server("", 465), "`kind: smtp` needs 'preset' or 'host'"),
        (
            Server("mail.example.cn", 25, "none"),
            "mail to mail.example.cn must be encrypted: `security: none` is only for a server on this machine (localhost)",
        ),
        (Server("h", 465, user="u"), "'user' needs 'password' beside it; the password as `{ env: SMTP_PASSWORD }`"),
        (Server("h", 465, password_env="P"), "'password' needs 'user' beside it; the password as `{ env: SMTP_PASSWORD }`"),
        (Server("localhost", 25, "none"), None),
        (Server("127.0.0.1", 25, "none"), None),
        (Server("::1", 25, "none"), None),
    ],
)
def test_what_a_server_lacks_is_said(server: Server, said: str | None) -> None:
    assert list(faults_of(server, SENDER, ["example.cn"], "")) == ([said] if said else [])
