"""A channel over SMTP: the ledger is asked between the body and the dot that makes it a mail, so that nothing goes twice."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import replace
from email.utils import parseaddr
from typing import NoReturn

from automations.channels.message import compose, one_line
from automations.channels.oauth2 import Bearer, ConsentFailed, Tokens, missing_consent, not_let_in
from automations.channels.presets import Reach, Server
from automations.channels.protocol import AboutTo, AddressRefused, MailTaken, MailUncertain, MailWaits, at_will
from automations.channels.smtpsession import Lost, Refused, Reply, Session, on_the_wire
from automations.errors import MailFailed
from automations.model import Mail

BATCH = 50
"""Mails on one connection; then the server gets a new one."""
LEAST = 10
"""Mails that are worth a connection of their own."""
MOST_LOST = 2
"""Connections lost one after the other before the batch is given up."""
ANYWHERE = Reach()


class SmtpChannel:
    """A `Channel` to a mail server. One connection carries up to `BATCH` mails; each goes to one reader.

    The connection and the password are asked for when the first mail goes, not before. `context` is what TLS trusts; by default the
    certificates of the system.
    """

    name = "smtp"
    never_twice = False

    def __init__(
        self,
        server: Server,
        sender: str,
        reach: Reach = ANYWHERE,
        environ: Mapping[str, str] = os.environ,
        context: ssl.SSLContext | None = None,
        least: int = LEAST,
    ) -> None:
        self._server, self._sender, self._reach = server, sender, reach
        self._environ, self._context = environ, context
        self._session: Session | None = None
        self._least = least
        self._lost: list[str] = []
        self._tokens = Tokens(server.consent, environ, server.timeout) if server.consent else None

    def send(self, mail: Mail, about_to: AboutTo = at_will) -> str:
        outgoing = self._addressed(mail)
        message = compose(outgoing, self._sender)
        self._refuse_strangers(outgoing)
        content = on_the_wire(message)
        session = self._connected()
        self._offer(session, outgoing, content)
        self._claim(session, outgoing, about_to)
        return self._judged(session, self._finish(session))

    def knock(self) -> None:
        """Sign in and say goodbye, to see whether that goes. Raises MailWaits when it does not."""
        self._connected()
        self.close()

    def close(self) -> None:
        """Say goodbye to the server; every mail is settled by then."""
        if self._session:
            self._session.quit()
        self._session = None
        self._lost.clear()

    def lanes(self, waiting: int, /) -> Sequence[SmtpChannel]:
        """As many connections as the settings allow, each with enough mails to be worth it; they count lost connections together."""
        wanted = min(self._server.connections, waiting // max(1, self._least))
        return [self, *(self._beside() for _ in range(wanted - 1))]

    def _beside(self) -> SmtpChannel:
        beside = SmtpChannel(self._server, self._sender, self._reach, self._environ, self._context)
        beside._lost, beside._tokens = self._lost, self._tokens
        return beside

    # To whom

    def _addressed(self, mail: Mail) -> Mail:
        """The mail, or while everything is redirected a mail to that address with the true one in the subject."""
        if not self._reach.redirect_all_to:
            return mail
        return replace(mail, to=self._reach.redirect_all_to, subject=f"[-> {one_line(mail.to)}] {mail.subject}")

    def _refuse_strangers(self, mail: Mail) -> None:
        if not self._reach.redirect_all_to and not self._reach.allows(mail.to):
            raise MailFailed(
                f"suppressed: {mail.to.strip()} is in none of the domains of mail.allow_domains ({', '.join(self._reach.allow_domains)}); "
                "add its domain to the settings and `runner.py outbox retry` it, or correct the address in the sheet for later ones."
            )

    # The connection

    def _connected(self) -> Session:
        if self._session and self._session.carried >= BATCH:
            self._session.quit()
        if self._session and self._session.carried and not (self._session.usable and self._session.alive()):
            self._session.cut()
        if self._session is None or not self._session.usable:
            self._session = self._open()
        return self._session

    def _open(self) -> Session:
        secret = self._secret()
        hello = parseaddr(self._sender)[1].rpartition("@")[2] or "localhost"
        try:
            self._context = self._context or _trusting(self._server)
            return Session(self._server, secret, self._context, hello)
        except Refused as refused:
            raise MailWaits(self._not_let_in(refused), stops=True) from refused
        except Lost as lost:
            raise MailWaits(
                f"mail server {self._server}: {lost}; look at host, port, user and password of mail in config/settings.yaml. {WAITING}",
                stops=True,
            ) from lost

    def _secret(self) -> str | Bearer:
        if self._tokens:
            return self._bearer(self._tokens)
        lack = missing_secret(self._server, self._environ)
        if lack:
            raise MailWaits(f"{lack} {WAITING}", stops=True)
        return self._environ[self._server.password_env] if self._server.user else ""

    def _bearer(self, tokens: Tokens) -> Bearer:
        try:
            return tokens.bearer()
        except ConsentFailed as failed:
            raise MailWaits(f"mail server {self._server}: {failed}. {WAITING}", stops=True) from failed

    def _not_let_in(self, refused: Refused) -> str:
        if refused.step == "sign-in" and self._server.consent and self._tokens:
            self._tokens.forget()
            whose = not_let_in(self._server.user, self._server.consent)
            return f"mail server {self._server} does not let in '{self._server.user}' {whose} ({refused.reply}). {WAITING}"
        if refused.step == "sign-in":
            return (
                f"mail server {self._server} does not let in '{self._server.user}' with the password in {self._server.password_env} "
                f"({refused.reply}); many services want an app password. {WAITING}"
            )
        return f"mail server {self._server} takes nothing now ({refused.reply}). {WAITING}"

    # The lines of the protocol

    def _offer(self, session: Session, mail: Mail, content: bytes) -> None:
        try:
            session.offer(parseaddr(self._sender)[1], mail.to.strip(), content)
        except Refused as refused:
            self._refused(refused)
        except Lost as lost:
            raise MailWaits(f"mail server {self._server}: {lost}; the mail did not leave. {WAITING}", stops=self._losing(lost)) from lost

    def _refused(self, refused: Refused) -> NoReturn:
        """A no before the dot is certain; one to the sender, or to everyone, is no fault of this mail."""
        reply = refused.reply
        stops = reply.is_for_everyone or (refused.step == "MAIL" and reply.code >= 500)
        words = f"mail server {self._server} refused {STEPS[refused.step]} ({reply})"
        if stops or reply.code < 500:
            raise MailWaits(f"{words}. {WAITING}", stops=stops) from refused
        if refused.step == "RCPT" and reply.is_about_the_address and not self._reach.redirect_all_to:
            raise AddressRefused(f"{words}; {ADDRESS_WRONG}", str(reply)) from refused
        raise MailFailed(
            f"{words}; correct the address in the sheet for later mails, or `runner.py outbox retry` once the server takes it."
        ) from refused

    def _claim(self, session: Session, mail: Mail, about_to: AboutTo) -> None:
        """Ask whether this mail is still ours; without a yes the body stays without its dot."""
        mine = False
        try:
            mine = about_to()
        finally:
            if not mine:
                session.cut()
        if not mine:
            raise MailTaken(f"mail to {one_line(mail.reader)}: another run has it; nothing was sent.")

    def _finish(self, session: Session) -> Reply:
        try:
            return session.finish()
        except Lost as lost:
            raise MailUncertain(
                f"mail server {self._server} got the whole mail and did not say that it took it ({lost}); look whether it arrived, "
                "then `runner.py outbox resolve`.",
                stops=self._losing(lost),
            ) from lost

    def _losing(self, lost: Lost) -> bool:
        """Count a lost connection; whether that is enough for one batch."""
        self._lost.append(str(lost))
        return len(self._lost) >= MOST_LOST

    def _judged(self, session: Session, reply: Reply) -> str:
        """The answer to the dot: taken, not now, or never."""
        self._lost.clear()
        if reply.code < 400:
            return str(reply)
        words = f"mail server {self._server} refused the mail ({reply})"
        if reply.is_for_everyone:
            session.cut()
        if reply.is_for_everyone or reply.code < 500:
            raise MailWaits(f"{words}. {WAITING}", stops=reply.is_for_everyone)
        raise MailFailed(f"{words}; see what it does not like, then `runner.py outbox retry` or `runner.py outbox drop`.")


ADDRESS_WRONG = "correct the address in the sheet; until then, or for 60 days, others are told instead (`runner.py outbox suppressed`)."
WAITING = "It waits and is tried again at the next run."
STEPS = {"MAIL": "the sender", "RCPT": "the recipient", "DATA": "to take a mail"}


def missing_secret(server: Server, environ: Mapping[str, str] = os.environ, where: str = "") -> str:
    """What to do when there is no password or no consent for the server; empty when there is, or none is needed."""
    said = where or f"mail server {server}"
    if server.consent:
        lack = missing_consent(server.consent, environ)
        return f"{said}: {lack}." if lack else ""
    if not server.user or environ.get(server.password_env):
        return ""
    return f"{said}: the environment variable {server.password_env} with the password of '{server.user}' is not set; set it."


def _trusting(server: Server) -> ssl.SSLContext:
    """The authorities this machine trusts; none, which is faster, where nothing is encrypted."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if server.security == "none" else ssl.create_default_context()
