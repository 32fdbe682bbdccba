"""Against Postfix and Dovecot themselves: mails delivered, read back, found again, and bounced."""

from __future__ import annotations

import imaplib
import ipaddress
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from automations.channels.imap import ImapMailbox
from automations.channels.message import compose
from automations.channels.presets import Box, Reach, Server
from automations.channels.returned import returned
from automations.channels.smtp import SmtpChannel
from tests.contracts.channels import MAIL
from tests.mailservers.servers import PASSWORD, READER, USER, Ports, lacking, running

pytestmark = pytest.mark.skipif(bool(lacking()), reason=lacking())
ENVIRON = {"P": PASSWORD}
SENDER = f"表管家 <{USER}>"
PATIENCE = 15.0


@dataclass(frozen=True)
class Stage:
    """The servers, and a client that trusts their certificate."""

    ports: Ports
    trusted: ssl.SSLContext

    def channel(self, security: str) -> SmtpChannel:
        port = self.ports.smtp if security == "starttls" else self.ports.smtps
        server = Server("127.0.0.1", port, security, USER, "P", PATIENCE)  # type: ignore[arg-type]
        return SmtpChannel(server, SENDER, Reach(), ENVIRON, self.trusted)

    def mailbox(self, security: str = "tls", user: str = USER) -> ImapMailbox:
        port = self.ports.imap if security == "starttls" else self.ports.imaps
        server = Server("127.0.0.1", port, security, user, "P", PATIENCE)  # type: ignore[arg-type]
        return ImapMailbox(Box(server, "", True), ENVIRON, self.trusted)

    def client(self, user: str) -> imaplib.IMAP4:
        client = imaplib.IMAP4_SSL("127.0.0.1", self.ports.imaps, ssl_context=self.trusted, timeout=PATIENCE)
        client.login(user, PASSWORD)
        return client


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with TemporaryDirectory(prefix="mailservers", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        file, public = certificate(folder)
        with running(folder, file) as ports:
            yield Stage(ports, ssl.create_default_context(cadata=public))


def certificate(folder: Path) -> tuple[Path, str]:
    """A throw-away certificate for 127.0.0.1 that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, start = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")]), datetime(2020, 1, 1)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), start, start + timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "server.pem"
    file.write_bytes(private + made)
    return file, made.decode()


def until(found: Callable[[], object]) -> object:
    """What is found, once it is there."""
    for _ in range(100):
        if there := found():
            return there
        Event().wait(0.1)
    raise AssertionError("it never came")


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_chinese_mail_is_taken_delivered_and_reads_as_it_was_written(stage: Stage, security: str) -> None:
    mail = replace(MAIL, message_id=f"<{security}@example.cn>", to=READER)
    channel = stage.channel(security)
    reply = channel.send(mail)
    channel.close()

    client = stage.client(READER)

    def arrived() -> bytes:
        client.select("INBOX", readonly=True)
        _, [found] = client.search(None, "HEADER", "Message-ID", f'"{mail.message_id}"')
        return bytes(client.fetch(found.split()[0].decode(), "(BODY.PEEK[])")[1][0][1]) if found else b""  # type: ignore[index, arg-type]

    read = message_from_bytes(bytes(until(arrived)), policy=default)  # type: ignore[call-overload]
    client.logout()
    assert reply.startswith("250 2.0.0")
    assert (read["Subject"], read["From"]) == (mail.subject, SENDER)
    assert read.get_body(("plain",)).get_content().splitlines() == mail.text.splitlines()
    assert read.get_body(("html",)).get_content().splitlines() == mail.html.splitlines()


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_what_stands_among_the_sent_mails_is_found_and_nothing_else(stage: Stage, security: str) -> None:
    there, absent = replace(MAIL, message_id=f"<kept-{security}@example.cn>"), replace(MAIL, message_id="<never@example.cn>")
    client = stage.client(USER)
    client.append('"&XfJT0ZAB-"', "", imaplib.Time2Internaldate(0), compose(there, SENDER))
    client.logout()

    mailbox = stage.mailbox(security)
    found = mailbox.sent([there.message_id, absent.message_id])
    mailbox.close()

    assert found == {there.message_id}


def test_a_mail_to_nobody_comes_back_and_its_report_is_read_once(stage: Stage) -> None:
    mail = replace(MAIL, message_id="<gone@example.cn>", to="nobody@example.cn")
    channel, mailbox = stage.channel("tls"), stage.mailbox()
    channel.send(mail)
    channel.close()

    first = until(lambda: (seen := mailbox.reports("", date(2020, 1, 1))).reports and seen)
    again = mailbox.reports(first.mark, date(2020, 1, 1))  # type: ignore[attr-defined]
    mailbox.close()

    [content] = first.reports  # type: ignore[attr-defined]
    back = returned(content)
    assert back is not None
    assert (back.message_id, back.addresses, back.status, back.is_about_the_address) == (
        mail.message_id,
        frozenset({"nobody@example.cn"}),
        "5.1.1",
        True,
    )
    assert list(again.reports) == []
