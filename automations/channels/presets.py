"""The mail services people have: hosts, ports and kind of TLS of each, and what a mail setting must not leave open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parseaddr
from ipaddress import ip_address
from typing import Literal

from automations.channels.message import ONE_ADDRESS
from automations.channels.oauth2 import Consent

Preset = Literal["qq-exmail", "163-exmail", "aliyun-exmail", "gmail", "outlook", "custom"]
Security = Literal["tls", "starttls", "none"]
PORTS: Mapping[Security, int] = {"tls": 465, "starttls": 587, "none": 25}
IMAP_PORTS: Mapping[Security, int] = {"tls": 993, "starttls": 143, "none": 143}
ANY_DOMAIN = "*"


@dataclass(frozen=True)
class Place:
    """Where a service takes mail in; `tls` from the first byte, `starttls` after a greeting, `none` only on this machine.

    `imap` is where the mailbox is read, over TLS; `saves_sent` says that the service itself files what it takes under sent mails;
    `scopes` are what a consent (OAuth2) must cover there.
    """

    host: str = ""
    security: Security = "tls"
    imap: str = ""
    saves_sent: bool = False
    scopes: tuple[str, ...] = ()


OUTLOOK = "https://outlook.office.com/"
PRESETS: Mapping[Preset, Place] = {
    "qq-exmail": Place("smtp.exmail.qq.com", imap="imap.exmail.qq.com"),
    "163-exmail": Place("smtp.qiye.163.com", imap="imap.qiye.163.com"),
    "aliyun-exmail": Place("smtp.qiye.aliyun.com", imap="imap.qiye.aliyun.com"),
    "gmail": Place("smtp.gmail.com", imap="imap.gmail.com", saves_sent=True, scopes=("https://mail.google.com/",)),
    "outlook": Place(
        "smtp.office365.com",
        "starttls",
        imap="outlook.office365.com",
        saves_sent=True,
        scopes=(f"{OUTLOOK}SMTP.Send", f"{OUTLOOK}IMAP.AccessAsUser.All"),
    ),
    "custom": Place(),
}


@dataclass(frozen=True)
class Server:
    """A mail server and who signs in there, with the password in the variable `password_env` or with a consent; `timeout` in seconds."""

    host: str
    port: int
    security: Security = "tls"
    user: str = ""
    password_env: str = ""
    timeout: float = 60
    connections: int = 1
    """How many may be open at once."""
    consent: Consent | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Box:
    """A mailbox: its server, the folder of sent mails ("" to look for it), and whether every mail the service takes is filed there."""

    server: Server
    sent_folder: str = ""
    saves_sent: bool = False


@dataclass(frozen=True)
class Reach:
    """Whom mail may reach: these domains only (`*` for any), or one address that gets everything."""

    allow_domains: tuple[str, ...] = (ANY_DOMAIN,)
    redirect_all_to: str = ""

    def allows(self, address: str) -> bool:
        """Whether an address is in a domain that is allowed; a subdomain is another domain."""
        domains = {each.casefold().removeprefix("@") for each in self.allow_domains}
        return ANY_DOMAIN in domains or address.strip().rpartition("@")[2].casefold() in domains


def server_of(
    preset: Preset, host: str | None, port: int | None, security: Security | None, user: str, password_env: str, timeout: float
) -> Server:
    """The server of a preset; what is said beside the preset counts instead of it."""
    place = PRESETS[preset]
    kind = security or place.security
    return Server(host or place.host, port or PORTS[kind], kind, user, password_env, timeout)


def faults_of(server: Server, sender: str, allow_domains: Sequence[str], redirect_all_to: str) -> Iterator[str]:
    """What is missing or unsafe in the settings of mail over SMTP, in words."""
    if not server.host:
        yield "`kind: smtp` needs 'preset' or 'host'"
    if server.security == "none" and not is_this_machine(server.host):
        yield f"mail to {server.host} must be encrypted: `security: none` is only for a server on this machine (localhost)"
    yield from _sign_in_faults(server)
    if not ONE_ADDRESS.fullmatch(parseaddr(sender)[1]) or sender.rstrip("> ").endswith(".invalid"):
        yield f"'sender' should be the address mail is sent from, such as `表管家 <rowkeeper@example.cn>`, not '{sender}'"
    if not allow_domains and not redirect_all_to:
        yield "`kind: smtp` needs 'allow_domains': the domains mail may go to, such as `[example.cn]`; `[\"*\"]` for any"
    if redirect_all_to and not ONE_ADDRESS.fullmatch(redirect_all_to):
        yield f"'redirect_all_to' should be one address such as admin@example.cn, not '{redirect_all_to}'"


def _sign_in_faults(server: Server) -> Iterator[str]:
    secrets = [name for name, there in (("password", server.password_env), ("oauth2", server.consent)) if there]
    if len(secrets) > 1:
        yield "say either 'password' or 'oauth2', not both"
    elif server.user and not secrets:
        yield "'user' needs 'password' beside it, as `{ env: SMTP_PASSWORD }`, or 'oauth2'"
    elif secrets and not server.user:
        yield f"'{secrets[0]}' needs 'user' beside it: the address that signs in"


def box_faults(box: Box) -> Iterator[str]:
    """What is missing or unsafe in the settings of a mailbox, in words."""
    server = box.server
    if not server.host:
        yield "'imap' needs 'host' where no preset names one"
    if server.security == "none" and not is_this_machine(server.host):
        yield f"the mailbox at {server.host} must be encrypted: `security: none` is only for a server on this machine (localhost)"
    if not server.user or not (server.password_env or server.consent):
        yield "'imap' needs 'user' and 'password' (or 'oauth2'), its own or those beside it; the password as `{ env: SMTP_PASSWORD }`"
    if server.password_env and server.consent:
        yield "'imap': say either 'password' or 'oauth2', not both"


def is_this_machine(host: str) -> bool:
    """Whether a host is the loopback by its name or number, without asking any name server."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
