"""Mail with a consent (OAuth2) in place of a password: tokens from the token endpoint, and what is said when there is none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import pytest

from automations.channels.imap import ImapMailbox
from automations.channels.mailbox import MailboxFailed
from automations.channels.message import compose
from automations.channels.oauth2 import Consent, ConsentFailed, Tokens, told_by
from automations.channels.presets import Box, Reach, Server
from automations.channels.protocol import MailWaits
from automations.channels.smtp import SmtpChannel
from automations.config import load
from automations.doctor import doctor
from automations.errors import ConfigProblems
from automations.keyfile import KeyPlace
from automations.posting import send_pending
from automations.wiring import world_of
from tests.contracts.channels import MAIL
from tests.imapserver import ImapServer
from tests.sheets.server import StandIn
from tests.sheets.tokens import CANARY
from tests.smtpscene import NOW, SENDER, USER, ledger_with, mails, states, trusted_here
from tests.smtpserver import CHALLENGE, SmtpServer
from tests.test_mailbox import with_mail

SCOPE = "https://mail.google.com/"
CONSENT = Consent(KeyPlace(env="MAIL_CONSENT"), (SCOPE,))
WAITS = "It waits and is tried again at the next run."
AGAIN = "give the consent again: see 'Signing in with OAuth2' in config/README.md"


@pytest.fixture
def google() -> Iterator[StandIn]:
    with StandIn() as google:
        yield google


def consented(google: StandIn, user: str = USER, scope: str = SCOPE) -> str:
    """The JSON of a consent whose tokens come from the stand-in."""
    return json.dumps(google.accounts.user_credentials(user, google.token_uri, (scope,)))


def owner_in(google: StandIn) -> Any:
    """Whose a token is, as a mail server of the same service knows it."""

    def owner(token: str) -> str | None:
        grant = google.accounts.grants.get(token)
        return grant.email if grant and grant.email not in google.accounts.revoked else None

    return owner


def channel_at(port: int, consent: str, lanes: int = 1) -> SmtpChannel:
    server = Server("127.0.0.1", port, "none", USER, timeout=10, connections=lanes, consent=CONSENT)
    return SmtpChannel(server, SENDER, Reach(("example.cn",)), {"MAIL_CONSENT": consent}, least=1)


def refused(google: StandIn, consent: str) -> str:
    """Why a mail waits, without the port."""
    with SmtpServer(bearers=owner_in(google)) as server, pytest.raises(MailWaits) as waits:
        channel_at(server.port, consent).send(MAIL)
    assert waits.value.stops and server.accepted == []
    assert CANARY not in str(waits.value)
    return str(waits.value).replace(str(server.port), "PORT")


def test_mails_go_with_a_token_that_all_connections_share(google: StandIn) -> None:
    ledger = ledger_with(*mails(120))
    with SmtpServer(bearers=owner_in(google)) as server:
        send_pending(ledger, channel_at(server.port, consented(google), lanes=3))

        assert states(ledger) == ["sent"] * 120
        assert server.connections >= 3
    assert len(google.token_calls) == 1
    assert sum(line.startswith("AUTH XOAUTH2 ") for line in server.lines) == server.connections


def test_the_token_goes_over_verified_tls_after_starttls(google: StandIn) -> None:
    trust = trusted_here()
    with SmtpServer(bearers=owner_in(google), tls=trust.server, starttls=True) as server:
        where = Server("127.0.0.1", server.port, "starttls", USER, timeout=10, consent=CONSENT)
        channel = SmtpChannel(where, SENDER, Reach(("example.cn",)), {"MAIL_CONSENT": consented(google)}, trust.client)
        channel.send(MAIL)
        channel.close()

    words = [line.split(" ")[0] for line in server.lines]
    assert words.index("STARTTLS") < words.index("AUTH") and len(server.accepted) == 1


def test_a_consent_taken_back_is_said_and_the_mail_waits(google: StandIn) -> None:
    consent = consented(google)
    google.accounts.revoked.add(USER)

    assert refused(google, consent) == (
        "mail server 127.0.0.1:PORT: the consent in environment variable MAIL_CONSENT is no longer accepted: it has run out or was taken "
        f"back (invalid_grant: Token has been expired or revoked.); {AGAIN}. {WAITS}"
    )


def test_a_consent_to_something_else_is_said_with_the_scope_that_is_missing(google: StandIn) -> None:
    assert refused(google, consented(google, scope="https://www.googleapis.com/auth/spreadsheets")) == (
        "mail server 127.0.0.1:PORT: the consent in environment variable MAIL_CONSENT does not cover mail (https://mail.google.com/); "
        f"{AGAIN}. {WAITS}"
    )


def test_a_token_the_server_does_not_take_is_said_with_what_its_challenge_says(google: StandIn) -> None:
    assert refused(google, consented(google, "somebody@example.cn")) == (
        f"mail server 127.0.0.1:PORT does not let in '{USER}' with the consent in environment variable MAIL_CONSENT: it must be that of "
        f"'{USER}' and cover mail (https://mail.google.com/) (535 5.7.8 not accepted [status 401, scope https://mail.google.com/]). {WAITS}"
    )


def test_a_refused_token_is_asked_for_anew_at_the_next_run(google: StandIn) -> None:
    with SmtpServer(bearers=owner_in(google)) as server:
        channel = channel_at(server.port, consented(google))
        channel.send(MAIL)
        channel.close()
        google.accounts.grants.clear()
        with pytest.raises(MailWaits):
            channel.send(replace(MAIL, message_id="m2@example.cn"))
        channel.send(replace(MAIL, message_id="m2@example.cn"))

        assert (len(server.accepted), len(google.token_calls)) == (2, 2)


@pytest.mark.parametrize(
    ("consent", "said"),
    [
        ("", "environment variable MAIL_CONSENT: is not set; put the JSON of the key into it"),
        ("hunter2", f"environment variable MAIL_CONSENT: is not JSON; {AGAIN}"),
        ('{"client_id": "x"}', f"environment variable MAIL_CONSENT: lacks client_secret, refresh_token; {AGAIN}"),
        (
            '{"client_id": "x", "client_secret": "hunter2", "refresh_token": "r", "token_uri": "http://example.com/"}',
            f"environment variable MAIL_CONSENT: its token_uri is not encrypted (https); {AGAIN}",
        ),
        (
            '{"client_id": "x", "client_secret": "hunter2", "refresh_token": "r", "token_uri": "http://127.0.0.1:1/"}',
            "127.0.0.1 cannot be reached for a token (",
        ),
    ],
)
def test_what_a_consent_lacks_is_said_without_showing_it(google: StandIn, consent: str, said: str) -> None:
    found = refused(google, consent)

    assert found.startswith(f"mail server 127.0.0.1:PORT: {said}")
    assert "hunter2" not in found


def test_a_server_without_xoauth2_gets_no_token(google: StandIn) -> None:
    with SmtpServer(passwords={USER: "x"}) as server, pytest.raises(MailWaits, match="does not offer XOAUTH2"):
        channel_at(server.port, consented(google)).send(MAIL)

    assert not [line for line in server.lines if line.startswith("AUTH")]


@pytest.mark.parametrize(
    ("challenge", "said"),
    [
        (CHALLENGE.encode(), "status 401, scope https://mail.google.com/"),
        (b"eyJzdGF0dXMiOiI0MDAifQ==", "status 400"),
        (b"\xff", ""),
        (b"[]", ""),
    ],
)
def test_a_challenge_is_read_whichever_way_it_is_written(challenge: bytes, said: str) -> None:
    assert told_by(challenge) == said


# The mailbox


def mailbox_at(port: int, consent: str) -> ImapMailbox:
    return ImapMailbox(Box(Server("127.0.0.1", port, "none", USER, timeout=10, consent=CONSENT), "", True), {"MAIL_CONSENT": consent})


def test_the_mailbox_is_opened_with_the_same_consent(google: StandIn) -> None:
    with ImapServer({"INBOX": [], "Sent": [compose(MAIL, SENDER)]}, bearers=owner_in(google)) as server:
        box = mailbox_at(server.port, consented(google))
        assert box.sent([MAIL.message_id]) == {MAIL.message_id}
        box.close()

    assert not [line for line in server.lines if "LOGIN" in line]


def test_a_mailbox_that_does_not_take_the_token_says_why(google: StandIn) -> None:
    with ImapServer({"INBOX": []}, bearers=owner_in(google)) as server, pytest.raises(MailboxFailed) as failed:
        mailbox_at(server.port, consented(google, "somebody@example.cn")).sent([MAIL.message_id])

    assert str(failed.value) == (
        f"mailbox 127.0.0.1:{server.port} does not let in '{USER}' with the consent in environment variable MAIL_CONSENT: it must be that "
        f"of '{USER}' and cover mail (https://mail.google.com/) ([AUTHENTICATIONFAILED] not accepted; "
        "status 401, scope https://mail.google.com/)."
    )


def test_a_mailbox_without_its_consent_says_so(google: StandIn) -> None:
    with ImapServer({"INBOX": []}) as server, pytest.raises(MailboxFailed) as failed:
        mailbox_at(server.port, "").sent([MAIL.message_id])

    said = "environment variable MAIL_CONSENT: is not set; put the JSON of the key into it"
    assert (str(failed.value), server.connections) == (f"mailbox 127.0.0.1:{server.port}: {said}.", 0)


# Settings and doctor

SETTING = (
    "{ kind: smtp, preset: gmail, user: r@example.cn, oauth2: { file: secrets/mail.json }, "
    "sender: r@example.cn, allow_domains: [example.cn], imap: {} }"
)


def test_the_settings_name_a_file_beside_the_project_and_what_the_service_wants_is_asked_for(tmp_path: Path) -> None:
    root = with_mail(tmp_path, SETTING)
    mail = load(root).settings.mail

    assert mail.server.consent == Consent(KeyPlace(Path("secrets/mail.json")), (SCOPE,))
    assert mail.box is not None and mail.box.server.consent == mail.server.consent
    assert world_of(root, looking=True).channel.name == "smtp"


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_the_doctor_says_whether_the_consent_can_be_used(tmp_path: Path, google: StandIn, mode: int) -> None:
    root = with_mail(tmp_path, SETTING)
    (root / "secrets").mkdir()
    (root / "secrets" / "mail.json").write_text(consented(google), encoding="utf-8")
    (root / "secrets" / "mail.json").chmod(mode)

    found = [(line.state, line.what["en"]) for line in doctor(root, None, lambda config: NOW).lines[-2:]]
    fault = ": secrets/mail.json: others may read this key; run: chmod 600 on it."
    assert found == [
        ("ok", "mail server smtp.gmail.com:465") if mode == 0o600 else ("failed", f"mail server smtp.gmail.com:465{fault}"),
        ("ok", "mailbox imap.gmail.com:993") if mode == 0o600 else ("warning", f"mailbox imap.gmail.com:993{fault}"),
    ]


@pytest.mark.parametrize(
    ("mail", "said"),
    [
        (SETTING.replace("{ file: secrets/mail.json }", "hunter2"), "'oauth2': name where the key is, `{ file: "),
        (SETTING.replace("user: ", "password: { env: P }, user: "), "'mail': say either 'password' or 'oauth2', not both"),
        (SETTING.replace("user: r@example.cn, ", ""), "'mail': 'oauth2' needs 'user' beside it: the address that signs in"),
    ],
)
def test_a_setting_that_cannot_be_right_is_told(tmp_path: Path, mail: str, said: str) -> None:
    with pytest.raises(ConfigProblems) as wrong:
        load(with_mail(tmp_path, mail))

    [problem] = wrong.value.problems
    assert problem.what.startswith(said)
    assert "hunter2" not in str(wrong.value)


class Rotating(BaseHTTPRequestHandler):
    """A token endpoint that gives a new refresh token with every use, as Microsoft does, and takes only those in `good`."""

    good: list[str]
    asked: list[str]

    def do_POST(self) -> None:
        given = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())["refresh_token"][0]
        self.asked.append(given)
        good = given in self.good
        answer = {"access_token": "t", "expires_in": 3600, "refresh_token": f"{given}+"} if good else {"error": "invalid_grant"}
        self.good += [f"{given}+"] if good else []
        self.send_response(200 if good else 400)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: Any) -> None:
        """Nothing on standard error."""


@contextmanager
def rotating(*good: str) -> Iterator[tuple[type[Rotating], str]]:
    """What the endpoint knows and was asked, and its address."""
    kind = type("Endpoint", (Rotating,), {"good": list(good), "asked": []})
    with HTTPServer(("127.0.0.1", 0), kind) as endpoint:
        Thread(target=endpoint.serve_forever, daemon=True).start()
        yield kind, f"http://127.0.0.1:{endpoint.server_port}/token"
        endpoint.shutdown()


def taken(folder: Path, uri: str, token: str) -> str:
    """The access token a new process gets with this consent."""
    consent = json.dumps({"client_id": "c", "client_secret": "s", "refresh_token": token, "token_uri": uri})
    return Tokens(Consent(KeyPlace(env="C"), renewed=folder), {"C": consent}, 10).bearer().token


def test_a_token_given_anew_with_every_use_is_kept_for_the_next_process_and_only_for_its_owner(tmp_path: Path) -> None:
    with rotating("first", "second") as (endpoint, uri):
        for _ in range(3):
            assert taken(tmp_path / "state", uri, "first") == "t"
        [kept] = (tmp_path / "state").iterdir()
        assert (kept.stat().st_mode & 0o777, json.loads(kept.read_text("utf-8"))) == (0o600, {"refresh_token": "first+++"})

        taken(tmp_path / "state", uri, "second")
    assert endpoint.asked == ["first", "first+", "first++", "second"]


def test_a_kept_token_that_is_no_longer_taken_gives_way_to_the_one_in_the_settings(tmp_path: Path) -> None:
    with rotating("first") as (endpoint, uri):
        taken(tmp_path, uri, "first")
        endpoint.good.remove("first+")
        with pytest.raises(ConsentFailed, match="is no longer accepted"):
            taken(tmp_path, uri, "first")
        assert taken(tmp_path, uri, "first") == "t"
    assert endpoint.asked == ["first", "first+", "first"]
