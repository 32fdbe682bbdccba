"""What tests of mail over SMTP share: mails that wait, a channel to the test's server, a certificate it can be trusted by."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from automations.channels.presets import Reach, Server
from automations.channels.smtp import SmtpChannel
from automations.ledgers.memory import MemoryLedger
from automations.ledgers.protocol import Ledger, RunStart
from automations.model import Mail
from tests.contracts.channels import MAIL
from tests.smtpserver import SmtpServer

SENDER = "表管家 <rowkeeper@example.cn>"
NOW = datetime(2026, 9, 30, 8, 30)
USER, PASSWORD = "rowkeeper@example.cn", "app password"
PATIENT, HASTY = 10.0, 0.3
"""Seconds a client waits for an answer: long where all answer, short where one never does."""


@dataclass(frozen=True)
class Trust:
    """A server's certificate for 127.0.0.1 made in the test, and a client that trusts its maker."""

    server: ssl.SSLContext
    client: ssl.SSLContext


@cache
def trusted_here() -> Trust:
    """Made once; the file is gone when both contexts have read it."""
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
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with NamedTemporaryFile(suffix=".pem") as file:
        Path(file.name).write_bytes(private + public)
        server.load_cert_chain(file.name)
    return Trust(server, ssl.create_default_context(cadata=public.decode()))


def channel_to(server: SmtpServer, timeout: float = PATIENT, trusted: ssl.SSLContext | None = None, **more: Any) -> SmtpChannel:
    """A channel that speaks to the server as the server wants it."""
    security = "starttls" if server.starttls else "tls" if server.tls else "none"
    user, env = (USER, "SMTP_PASSWORD") if server.passwords else ("", "")
    reach, lanes = more.pop("reach", Reach(("example.cn",))), more.pop("lanes", 1)
    where = Server("127.0.0.1", server.port, security, user, env, timeout, lanes)  # type: ignore[arg-type]
    return SmtpChannel(where, SENDER, reach, {"SMTP_PASSWORD": PASSWORD, **more}, trusted, least=1)


def channel_at(port: int, lanes: int) -> SmtpChannel:
    """A channel to a server of which only the port is known, such as that of another process."""
    return SmtpChannel(Server("127.0.0.1", port, "none", timeout=PATIENT, connections=lanes), SENDER, least=1)


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
