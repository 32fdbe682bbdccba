"""One connection to a mail server: yagmail connects and signs in, we say the lines of the protocol."""

from __future__ import annotations

import re
import socket
import ssl
from dataclasses import dataclass
from typing import Any

import yagmail

from automations.channels.message import one_line
from automations.channels.oauth2 import Bearer, told_by
from automations.channels.presets import Server

LONGEST_REPLY = 500
GOODBYE = 5.0
"""Seconds to wait for the answer to QUIT: every mail is settled by then."""
SIGN_IN = (530, 534, 535, 538)
OVER_QUOTA = "5.4.5"
"""The enhanced code with which Gmail says that the day's quota is used up."""


@dataclass(frozen=True)
class Reply:
    """What the server answered."""

    code: int
    text: str

    @property
    def is_for_everyone(self) -> bool:
        """Whether the next mail would get the same answer: closing down, sign in first, the day's quota is used up."""
        return self.code == 421 or self.code in SIGN_IN or self.text.startswith(OVER_QUOTA)

    @property
    def is_about_the_address(self) -> bool:
        """Whether nobody is there (5.1, 5.2), as against a policy of the server or a fault of the sender."""
        enhanced = re.match(r"5\.(\d+)\.\d+", self.text)
        return enhanced[1] in ("1", "2") if enhanced else self.code in (550, 551, 553)

    def __str__(self) -> str:
        return f"{self.code} {self.text}".rstrip()


class Refused(Exception):
    """The server answered, and the answer was no."""

    def __init__(self, step: str, reply: Reply) -> None:
        super().__init__(f"{step}: {reply}")
        self.step, self.reply = step, reply


class Lost(Exception):
    """The connection broke, or the server said nothing for too long."""


def reply_of(code: int, text: bytes) -> Reply:
    return Reply(code, one_line(text.decode("utf-8", "replace"))[:LONGEST_REPLY])


class Session:
    """A connection that is open and signed in; `carried` counts the mails it took.

    Raises `Refused` or `Lost` when it cannot be had. Nothing of yagmail is used but its `login` and the connection it holds: its `send`
    repeats a mail when the connection drops.
    """

    def __init__(self, server: Server, secret: str | Bearer, context: ssl.SSLContext, hello: str) -> None:
        self.carried = 0
        self._timeout = server.timeout
        self._client = _client(server, secret, context, hello)
        try:
            self._client.login()
            self._client.smtp.ehlo_or_helo_if_needed()
            if isinstance(secret, Bearer):
                _present(self._client.smtp, secret.line(server.user))
            self._client.smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException as error:
            self.cut()
            if isinstance(error, OSError | ValueError):
                raise _no_session(error) from error
            raise

    def alive(self) -> bool:
        """Whether the server still answers."""
        try:
            return self._say("NOOP").code == 250
        except Lost:
            return False

    @property
    def usable(self) -> bool:
        """Whether the connection stands and the next mail may start."""
        return self._client.smtp is not None and self._client.smtp.sock is not None

    def offer(self, sender: str, recipient: str, content: bytes) -> None:
        """Everything up to the end of the body, without the dot that makes it a mail; what is broken off here never was."""
        try:
            self._offer(sender, recipient, content)
        except Refused:
            self._reset()
            raise
        except BaseException:
            self.cut()
            raise

    def _offer(self, sender: str, recipient: str, content: bytes) -> None:
        self._expect(f"MAIL FROM:<{sender}>", "MAIL", 250)
        self._expect(f"RCPT TO:<{recipient}>", "RCPT", 250, 251)
        self._expect("DATA", "DATA", 354)
        self._send(content)
        if not self._server_is_silent():
            raise Lost("the server ended the connection in the middle of the mail")

    def finish(self) -> Reply:
        """The dot, and the answer to it. After `Lost` nobody knows whether the mail was taken."""
        self.carried += 1
        try:
            self._send(b".\r\n")
            reply = self._reply()
            if 300 <= reply.code < 400:
                raise Lost(f"it answered '{reply}'")
        except BaseException:
            self.cut()
            raise
        return reply

    def _reset(self) -> None:
        """Forget a mail that was refused, for the next one; a session that cannot is cut."""
        try:
            if self._say("RSET").code == 250:
                return
        except Lost:
            pass
        self.cut()

    def quit(self) -> None:
        """Say goodbye and let go; whatever is answered changes nothing."""
        try:
            self._client.smtp.sock.settimeout(min(self._timeout, GOODBYE))
            self._say("QUIT")
        except (Lost, AttributeError, OSError):
            pass
        self.cut()

    def cut(self) -> None:
        """Let go without a word: a body without its dot is thrown away by the server."""
        self._client.is_closed = True
        if self._client.smtp is not None:
            self._client.smtp.close()

    def _expect(self, line: str, step: str, *good: int) -> None:
        reply = self._say(line)
        if reply.code not in good:
            raise Refused(step, reply)

    def _say(self, line: str) -> Reply:
        self._send(line.encode("ascii") + b"\r\n")
        return self._reply()

    def _send(self, content: bytes) -> None:
        try:
            self._client.smtp.send(content)
        except OSError as error:
            raise Lost(_words(error)) from error

    def _reply(self) -> Reply:
        try:
            reply = reply_of(*self._client.smtp.getreply())
        except OSError as error:
            raise Lost(_words(error)) from error
        if not 200 <= reply.code < 600:
            raise Lost(f"the server answered '{reply.text}', which is no answer of a mail server")
        return reply

    def _server_is_silent(self) -> bool:
        """Whether the server waits for the rest; one that hung up or speaks before the end takes no mail."""
        connection = self._client.smtp.sock
        connection.settimeout(0)
        try:
            connection.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            connection.settimeout(self._timeout)
            return True
        except OSError:
            pass
        return False


def _client(server: Server, secret: str | Bearer, context: ssl.SSLContext, hello: str) -> Any:
    """yagmail told everything it would otherwise guess, ask on the terminal or leave unverified.

    With a token it only connects: its own OAuth2 fetches one without a timeout and does not look at the server's answer.
    """
    client = yagmail.SMTP(
        user=server.user,
        password="" if isinstance(secret, Bearer) else secret,
        host=server.host,
        port=server.port,
        smtp_ssl=server.security == "tls",
        smtp_starttls={"context": context} if server.security == "starttls" else False,
        smtp_skip_login=not server.user or isinstance(secret, Bearer),
        soft_email_validation=False,
        timeout=server.timeout,
        local_hostname=hello,
        **({"context": context} if server.security == "tls" else {}),
    )
    client.user = server.user  # yagmail makes rowkeeper@gmail.com of a user without @
    return client


def _present(smtp: Any, line: str) -> None:
    """Sign in with a token. A server that refuses it says why in a challenge, and wants an empty answer before it says no."""
    if "XOAUTH2" not in smtp.esmtp_features.get("auth", "").upper().split():
        raise Lost("the server does not offer XOAUTH2, which 'oauth2' needs; sign in with 'password'")
    why: list[str] = []

    def answer(challenge: bytes | None = None) -> str:
        if challenge is None:
            return line
        why.append(told_by(challenge))
        return ""

    try:
        smtp.auth("XOAUTH2", answer)
    except OSError as error:
        code = getattr(error, "smtp_code", None)
        if isinstance(code, int) and code in SIGN_IN and any(why):
            reply = reply_of(code, error.smtp_error)  # type: ignore[attr-defined]
            raise Refused("sign-in", Reply(code, f"{reply.text} [{'; '.join(filter(None, why))}]")) from error
        raise


def _no_session(error: OSError | ValueError) -> Refused | Lost:
    code, text = getattr(error, "smtp_code", None), getattr(error, "smtp_error", b"")
    if isinstance(code, int) and code >= 200:
        return Refused("sign-in" if code in SIGN_IN else "connect", reply_of(code, text if isinstance(text, bytes) else text.encode()))
    if isinstance(error, UnicodeEncodeError):  # a refusal that must not show what it was about
        return Lost("the user and the password may hold only ASCII letters, digits and signs")
    return Lost(_words(error))


def _words(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the server's certificate is not trusted: {error.verify_message}"
    return one_line(str(error)) or type(error).__name__


def on_the_wire(message: bytes) -> bytes:
    """A message as it travels after DATA: every line ends in CRLF, a dot at its start is doubled, and the last line ends too."""
    ends = message.count(b"\r\n")
    lines = message if ends == message.count(b"\n") == message.count(b"\r") else re.sub(rb"\r\n|\r|\n", b"\r\n", message)
    whole = lines if lines.endswith(b"\r\n") else lines + b"\r\n"
    return b"." * whole.startswith(b".") + whole.replace(b"\n.", b"\n..")
