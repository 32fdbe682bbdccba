"""Credentials for Google from a file or the environment: a service account or a user's consent, one scope, nothing else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import google.oauth2.credentials
import google.oauth2.service_account
from google.auth.credentials import Credentials

from automations.keyfile import KeyPlace, KeyUnusable, key_at
from automations.workbooks.googlefaults import PERSON, SCOPE

TOKEN_HOSTS = frozenset({"oauth2.googleapis.com", "accounts.google.com", "www.googleapis.com"})
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
WANTED: Mapping[str, tuple[str, ...]] = {
    "service_account": ("client_email", "private_key", "token_uri"),
    "authorized_user": ("client_id", "client_secret", "refresh_token"),
}


@dataclass(frozen=True)
class SignedIn:
    """Credentials, and the address that a spreadsheet must be shared with."""

    credentials: Credentials
    account: str


class _ServiceAccount(google.oauth2.service_account.Credentials):
    def _is_regional_access_boundary_lookup_required(self) -> bool:
        """Never: the look-up runs in a thread of its own, past the door through which every call must go."""
        return False


class _Person(google.oauth2.credentials.Credentials):
    def _is_regional_access_boundary_lookup_required(self) -> bool:
        """Never, as above."""
        return False


def sign_in(place: KeyPlace, *, development: bool = False, environ: Mapping[str, str] = os.environ) -> SignedIn:
    """The credentials at a place. `development` lets them be for a stand-in on loopback. Raises KeyUnusable."""
    info = key_at(place, environ, "the key of Google", MAKE)
    kind = str(info.get("type"))
    if kind not in WANTED:
        raise KeyUnusable(f"{place}: is no key of Google's (its `type` should be service_account or authorized_user); {MAKE}")
    lacking = [name for name in WANTED[kind] if not info.get(name)]
    if lacking:
        raise KeyUnusable(f"{place}: lacks {', '.join(lacking)}; {MAKE}")
    _refuse_strange_host(str(info.get("token_uri") or "https://oauth2.googleapis.com/token"), place, development)
    return _service_account(info, place) if kind == "service_account" else _person(info)


MAKE = "download it again: see 'Moving to Google Sheets' in config/README.md"


def _refuse_strange_host(uri: str, place: KeyPlace, development: bool) -> None:
    """A key says itself where its secret goes; only to Google, or to loopback while developing."""
    split = urlsplit(uri)
    google_itself = split.scheme == "https" and split.hostname in TOKEN_HOSTS
    if not google_itself and not (development and split.hostname in LOOPBACK):
        raise KeyUnusable(f"{place}: its token_uri leads to {split.hostname}, not to Google; {MAKE}")


def _service_account(info: Mapping[str, Any], place: KeyPlace) -> SignedIn:
    try:
        credentials = _ServiceAccount.from_service_account_info(info, scopes=[SCOPE])  # type: ignore[no-untyped-call]
    except ValueError as error:
        raise KeyUnusable(f"{place}: its private_key cannot be read; {MAKE}") from error
    return SignedIn(credentials, str(info["client_email"]))


def _person(info: Mapping[str, Any]) -> SignedIn:
    credentials = _Person(  # type: ignore[no-untyped-call]
        None,
        refresh_token=info["refresh_token"],
        token_uri=info.get("token_uri") or "https://oauth2.googleapis.com/token",
        client_id=info["client_id"],
        client_secret=info["client_secret"],
        scopes=[SCOPE],
    )
    return SignedIn(credentials, str(info.get("account") or PERSON))
