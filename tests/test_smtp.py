"""Mail over SMTP: every step of the protocol goes wrong once, twice and always, and no occasion is told twice or lost."""

from __future__ import annotations

import ipaddress
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from automations.channels.message import compose
from automations.channels.oauth2 import Consent
from automations.channels.presets import PRESETS, Reach, Server, faults_of, server_of
from automations.channels.protocol import Channel, MailUncertain, MailWaits
from automations.channels.smtp import BATCH, SmtpChannel, missing_secret
from automations.channels.smtpsession import on_the_wire
from automations.errors import LedgerFailed, MailFailed
from automations.keyfile import KeyPlace
from automations.ledgers.memory import MemoryLedger
from automations.model import Mail
from automations.posting import Posted, send_pending
from tests.contracts.channels import MAIL, ChannelContract
from tests.smtpscene import HASTY, PASSWORD, PATIENT, SENDER, USER, Trust, channel_to, ledger_with, mails, parsed, states, trusted_here
from tests.smtpserver import SmtpServer

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


@pytest.fixture(scope="module")
def trust() -> Trust:
    return trusted_here()


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

            def lanes(self, waiting: int) -> list[Any]:
                return [self]

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
        assert (missing_secret(where, {}), server.connections) == (said, 0)
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
    assert set(message.keys()) == set(parsed(compose(MAIL, SENDER)).keys())
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
    outlook = PRESETS["outlook"]
    assert (outlook.host, outlook.security, outlook.imap, outlook.saves_sent) == (
        "smtp.office365.com",
        "starttls",
        "outlook.office365.com",
        True,
    )
    assert [preset for preset, place in PRESETS.items() if place.scopes] == ["gmail", "outlook"]
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
        (Server("h", 465, user="u"), "'user' needs 'password' beside it, as `{ env: SMTP_PASSWORD }`, or 'oauth2'"),
        (Server("h", 465, password_env="P"), "'password' needs 'user' beside it: the address that signs in"),
        (Server("h", 465, user="u", password_env="P", consent=Consent(KeyPlace(env="C"))), "say either 'password' or 'oauth2', not both"),
        (Server("localhost", 25, "none"), None),
        (Server("127.0.0.1", 25, "none"), None),
        (Server("::1", 25, "none"), None),
    ],
)
def test_what_a_server_lacks_is_said(server: Server, said: str | None) -> None:
    assert list(faults_of(server, SENDER, ["example.cn"], "")) == ([said] if said else [])
