"""How mail leaves, and the mailbox that says what became of it: the part `mail` of `config/settings.yaml`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from automations.channels.oauth2 import Consent
from automations.channels.presets import (
    IMAP_PORTS,
    PRESETS,
    Box,
    Preset,
    Reach,
    Security,
    Server,
    box_faults,
    faults_of,
    server_of,
)
from automations.declared import Credentials, Declared, NamedCredentials, Secret, never_written

Port = Annotated[int, Field(ge=1, le=65535)]
Password = Annotated[Secret, BeforeValidator(never_written, json_schema_input_type=Secret)]


class ImapSettings(Declared):
    """The sender's own mailbox, which is only read: what was sent, and what came back. What is left out is as for sending."""

    host: str | None = None
    port: Port | None = None
    security: Security = "tls"
    user: str = ""
    password: Password | None = None
    oauth2: NamedCredentials | None = None
    sent_folder: str = Field(default="", description="the folder of sent mails, if the server does not say which it is")
    saves_sent: bool | None = Field(default=None, description="whether the service itself files every mail it takes in that folder")


class MailSettings(Declared):
    """How mail leaves: into a folder, as .eml and .html, or to a mail server. The keys of the other kind may stay; they are not used."""

    kind: Literal["folder", "smtp"] = "folder"
    path: str = "outbox"
    sender: str = "rowkeeper@localhost.invalid"
    preset: Preset = "custom"
    host: str | None = None
    port: Port | None = None
    security: Security | None = None
    user: str = ""
    password: Password | None = None
    oauth2: NamedCredentials | None = Field(default=None, description="where the JSON of a consent is kept, in place of a password")
    imap: ImapSettings | None = None
    allow_domains: list[str] = []
    redirect_all_to: str = ""
    timeout_seconds: Annotated[int, Field(ge=1, le=600)] = 60
    connections: Annotated[int, Field(ge=1, le=10)] = 3

    @model_validator(mode="after")
    def _complete(self) -> MailSettings:
        for fault in self._faults() if self.kind == "smtp" else ():
            raise ValueError(fault)
        return self

    def _faults(self) -> Iterator[str]:
        yield from faults_of(self.server, self.sender, self.allow_domains, self.redirect_all_to)
        if self.box:
            yield from box_faults(self.box)

    @property
    def server(self) -> Server:
        """The mail server these settings name."""
        env = self.password.env if self.password else ""
        found = server_of(self.preset, self.host, self.port, self.security, self.user, env, self.timeout_seconds)
        return replace(found, connections=self.connections, consent=_consent(self.oauth2, self.preset))

    @property
    def reach(self) -> Reach:
        """Whom mail may reach."""
        return Reach(tuple(self.allow_domains), self.redirect_all_to)

    @property
    def box(self) -> Box | None:
        """The mailbox these settings name, with the user and the password of sending where it names none."""
        if self.imap is None:
            return None
        imap, place, kind = self.imap, PRESETS[self.preset], self.imap.security
        secret, oauth2 = (imap.password, imap.oauth2) if imap.password or imap.oauth2 else (self.password, self.oauth2)
        host, port, user = imap.host or place.imap, imap.port or IMAP_PORTS[kind], imap.user or self.user
        timeout, consent = min(self.timeout_seconds, LONGEST_ANSWER), _consent(oauth2, self.preset)
        server = Server(host, port, kind, user, secret.env if secret else "", timeout, consent=consent)
        return Box(server, imap.sent_folder, place.saves_sent if imap.saves_sent is None else imap.saves_sent)


def _consent(named: Credentials | None, preset: Preset) -> Consent | None:
    return Consent(named.place, PRESETS[preset].scopes) if named else None


LONGEST_ANSWER = 15
"""Seconds a run waits for each answer of a mailbox: a run must not wait for what it can do without."""
