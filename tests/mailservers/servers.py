"""Postfix and Dovecot on loopback, in a folder and on ports of their own; nothing of the machine's own mail is touched."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

USER, PASSWORD = "rowkeeper@example.cn", "app password"
READER = "wang@example.cn"
POSTFIX, DOVECOT = Path("/usr/sbin/postfix"), Path("/usr/sbin/dovecot")


@dataclass(frozen=True)
class Ports:
    """Where the two listen: mail in, over STARTTLS and TLS from the first byte; mailboxes likewise."""

    smtp: int
    smtps: int
    imap: int
    imaps: int


def lacking() -> str:
    """Why the servers cannot be started here; "" when they can."""
    if not (POSTFIX.exists() and DOVECOT.exists()):
        return "Postfix and Dovecot are not installed; tests/mailservers/install.sh installs them on Debian"
    return "" if os.geteuid() == 0 else "Postfix and Dovecot start only as root"


@contextmanager
def running(folder: Path, certificate: Path) -> Iterator[Ports]:
    """Both servers with this certificate (key and certificate in one file), stopped at the end."""
    folder.chmod(0o755)  # the servers work as users of their own
    ports = Ports(*_free(4))
    dovecot, postfix = _dovecot(folder, certificate, ports), _postfix(folder, certificate, ports)
    try:
        _started([str(DOVECOT), "-c", str(dovecot)], folder / "dovecot.out")
        _started([str(POSTFIX), "-c", str(postfix), "start"], folder / "postfix.out")
        yield ports
    finally:
        for command in ([str(POSTFIX), "-c", str(postfix), "stop"], ["/usr/bin/doveadm", "-c", str(dovecot), "stop"]):
            subprocess.run(command, capture_output=True, timeout=30, check=False)


def _started(command: list[str], log: Path) -> None:
    """Start a server; what it says goes into a file, for it keeps its output open."""
    with log.open("wb") as file:
        done = subprocess.run(command, stdout=file, stderr=file, stdin=subprocess.DEVNULL, timeout=30, check=False)
    assert done.returncode == 0, log.read_text()


def _free(count: int) -> list[int]:
    found = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [int(each.getsockname()[1]) for each in found]
    finally:
        for each in found:
            each.close()


def _dovecot(folder: Path, certificate: Path, ports: Ports) -> Path:
    home = folder / "dovecot"
    for name in ("run", "state", "mail"):
        (home / name).mkdir(parents=True, exist_ok=True)
    shutil.chown(home / "mail", "nobody", "nogroup")
    users = [f"{each}:{{PLAIN}}{PASSWORD}::::::" for each in (USER, READER)]
    (home / "users").write_text("\n".join(users) + "\n")
    (home / "users").chmod(0o644)
    file = home / "dovecot.conf"
    file.write_text(
        f"""
protocols = imap
listen = 127.0.0.1
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
ssl = required
ssl_cert = <{certificate}
ssl_key = <{certificate}
disable_plaintext_auth = yes
auth_mechanisms = plain login
mail_location = maildir:{home}/mail/%u
mail_uid = nobody
mail_gid = nogroup
first_valid_uid = 1
first_valid_gid = 1
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {home}/users
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={home}/mail/%u
}}
namespace inbox {{
  inbox = yes
  mailbox 已发送 {{
    auto = subscribe
    special_use = \\Sent
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {ports.imap}
  }}
  inet_listener imaps {{
    port = {ports.imaps}
    ssl = yes
  }}
}}
service auth {{
  unix_listener postfix-auth {{
    mode = 0666
  }}
}}
""",
        encoding="utf-8",
    )
    return file


def _postfix(folder: Path, certificate: Path, ports: Ports) -> Path:
    home = folder / "postfix"
    for name in ("etc", "queue", "data"):
        (home / name).mkdir(parents=True, exist_ok=True)
    shutil.chown(home / "data", "postfix")
    service = "-o smtpd_sasl_auth_enable=yes -o smtpd_relay_restrictions=permit_sasl_authenticated,reject"
    (home / "etc" / "main.cf").write_text(
        f"""
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file_prefixes = {home}
maillog_file = {home}/log
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.example.cn
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
default_transport = error:5.1.2 nothing leaves this machine
virtual_mailbox_domains = example.cn
virtual_mailbox_base = {folder}/dovecot/mail
virtual_mailbox_maps = inline:{{ {USER}={USER}/, {READER}={READER}/ }}
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
smtpd_reject_unlisted_recipient = no
disable_dns_lookups = yes
smtpd_tls_chain_files = {certificate}
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {folder}/dovecot/run/postfix-auth
smtpd_recipient_restrictions =
""",
        encoding="utf-8",
    )
    lines = [
        f"127.0.0.1:{ports.smtp} inet n - n - - smtpd {service}",
        f"127.0.0.1:{ports.smtps} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes {service}",
        "pickup unix n - n 60 1 pickup",
        "cleanup unix n - n - 0 cleanup",
        "qmgr unix n - n 300 1 qmgr",
        "tlsmgr unix - - n 1000? 1 tlsmgr",
        "rewrite unix - - n - - trivial-rewrite",
        "bounce unix - - n - 0 bounce",
        "defer unix - - n - 0 bounce",
        "trace unix - - n - 0 bounce",
        "anvil unix - - n - 1 anvil",
        "error unix - - n - - error",
        "retry unix - - n - - error",
        "showq unix n - n - - showq",
        "flush unix n - n 1000? 0 flush",
        "proxymap unix - - n - - proxymap",
        "virtual unix - n n - - virtual",
        "postlog unix-dgram n - n - 1 postlogd",
    ]
    (home / "etc" / "master.cf").write_text("\n".join(lines) + "\n")
    return home / "etc"
