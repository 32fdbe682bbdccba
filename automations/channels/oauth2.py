"""Signing in with a consent given once (OAuth2) instead of a password: the tokens it is good for, and the line that carries one."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from automations.channels.message import one_line
from automations.channels.renewed import Renewed
from automations.keyfile import KeyPlace, KeyUnusable, key_at

WANTED = ("client_id", "client_secret", "refresh_token")
GOOGLE = "https://oauth2.googleapis.com/token"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
AGAIN = "give the consent again: see 'Signing in with OAuth2' in config/README.md"
LONGEST = 200
"""Letters of what a server said that are repeated."""


@dataclass(frozen=True)
class Consent:
    """Where a consent is kept, and what it must cover unless it says so itself; without `scopes` it is taken as it was given.

    `renewed` is the folder for tokens the service gives in place of it: what the settings name is never written to.
    """

    place: KeyPlace
    scopes: tuple[str, ...] = ()
    renewed: Path | None = None

    def __str__(self) -> str:
        return str(self.place)


@dataclass(frozen=True)
class Bearer:
    """An access token, in place of a password."""

    token: str

    def line(self, user: str) -> str:
        """What XOAUTH2 wants to hear."""
        return f"user={user}\x01auth=Bearer {self.token}\x01\x01"

    def __repr__(self) -> str:
        return "Bearer(…)"


class ConsentFailed(Exception):
    """There is no token now, in words."""


class Tokens:
    """The tokens of a consent, each kept until it runs out. Connections side by side share them, and ask for one at a time."""

    def __init__(self, consent: Consent, environ: Mapping[str, str], timeout: float) -> None:
        self._consent, self._environ, self._timeout = consent, environ, timeout
        self._lock = Lock()
        self._credentials: Any = None
        self._renewed: Renewed | None = None

    def bearer(self) -> Bearer:
        """A token that is good now. Raises ConsentFailed."""
        with self._lock:
            try:
                self._credentials = self._credentials or self._newest()
            except KeyUnusable as error:
                raise ConsentFailed(str(error)) from error
            if not self._credentials.valid:
                self._refresh()
            return Bearer(self._credentials.token)

    def _newest(self) -> Any:
        credentials = _credentials(self._consent, self._environ)
        if self._consent.renewed:
            self._renewed = Renewed(self._consent.renewed, credentials.refresh_token)
            credentials = _credentials(self._consent, self._environ, self._renewed.token())
        return credentials

    def forget(self) -> None:
        """A server did not take the token: the next one is asked for anew, from the file as it is then."""
        with self._lock:
            self._credentials = None

    def _refresh(self) -> None:
        from google.auth.exceptions import RefreshError, TransportError
        from google.auth.transport.requests import Request

        try:
            self._credentials.refresh(partial(Request(), timeout=self._timeout))
        except TransportError as error:
            raise ConsentFailed(f"{_host(self._credentials.token_uri)} cannot be reached for a token ({_cut(str(error))})") from error
        except RefreshError as error:
            self._credentials = None
            if self._renewed and not error.retryable:
                self._renewed.forget()
            raise ConsentFailed(self._refused(error)) from error
        if not _covers(self._credentials):
            self._credentials = None
            raise ConsentFailed(f"the consent in {self._consent} does not cover mail{_wanted(self._consent)}; {AGAIN}")
        if self._renewed:
            self._renewed.keep(self._credentials.refresh_token)

    def _refused(self, error: Any) -> str:
        said = _cut(str(error.args[0]) if error.args else "")
        if error.retryable:
            return f"no token now ({said})"
        missing = "invalid_scope" in said
        why = f"does not cover mail{_wanted(self._consent)}" if missing else "is no longer accepted: it has run out or was taken back"
        return f"the consent in {self._consent} {why} ({said}); {AGAIN}"


def missing_consent(consent: Consent, environ: Mapping[str, str]) -> str:
    """Why a consent cannot be used, as far as can be seen without asking anybody; empty when it can."""
    try:
        _credentials(consent, environ)
    except KeyUnusable as error:
        return str(error)
    return ""


def not_let_in(user: str, consent: Consent) -> str:
    """The words for a server that knows the token and does not want it."""
    return f"with the consent in {consent}: it must be that of '{user}' and cover mail{_wanted(consent)}"


def told_by(challenge: bytes | None) -> str:
    """What a server said of a token it refused: JSON with a status and the scope it wants, encoded once more by some."""
    text = challenge or b""
    for attempt in (text, _decoded(text)):
        try:
            said = json.loads(attempt)
        except ValueError:
            continue
        if isinstance(said, dict):
            return _cut(", ".join(f"{name} {said[name]}" for name in ("status", "scope") if said.get(name)))
    return ""


def _credentials(consent: Consent, environ: Mapping[str, str], newest: str = "") -> Any:
    """The consent for google-auth, with the newest of its tokens where that is not the one it was given with."""
    place = consent.place
    info = key_at(place, environ, "the JSON of the consent", AGAIN)
    if lacking := [name for name in WANTED if not info.get(name)]:
        raise KeyUnusable(f"{place}: lacks {', '.join(lacking)}; {AGAIN}")
    uri = str(info.get("token_uri") or GOOGLE)
    split = urlsplit(uri)
    if split.scheme != "https" and split.hostname not in LOOPBACK:
        raise KeyUnusable(f"{place}: its token_uri is not encrypted (https); {AGAIN}")
    from google.oauth2.credentials import Credentials

    return Credentials(  # type: ignore[no-untyped-call]
        None,
        refresh_token=newest or info["refresh_token"],
        token_uri=uri,
        client_id=info["client_id"],
        client_secret=info["client_secret"],
        scopes=_scopes(info.get("scopes")) or list(consent.scopes) or None,
    )


def _covers(credentials: Any) -> bool:
    """Whether what was granted is what was asked for, as far as the service says; google-auth only logs what is missing."""
    granted = {str(each).casefold() for each in credentials.granted_scopes or ()}
    return not granted or granted.issuperset(each.casefold() for each in credentials.scopes or ())


def _scopes(said: object) -> Sequence[str]:
    return said.split() if isinstance(said, str) else [str(each) for each in said] if isinstance(said, list) else []


def _wanted(consent: Consent) -> str:
    return f" ({' '.join(consent.scopes)})" if consent.scopes else ""


def _host(uri: str) -> str:
    return urlsplit(uri).hostname or uri


def _cut(said: str) -> str:
    return one_line(said)[:LONGEST]


def _decoded(text: bytes) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return b""
