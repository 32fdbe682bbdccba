"""Accounts, keys and tokens: service accounts by signed JWT, people by refresh token, all made up and never leaving the test."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt

from tests.sheets.refusals import Json
from tests.sheets.wire import Answer, Request

AUDIENCE = "https://oauth2.googleapis.com/token"
SHEETS = "https://www.googleapis.com/auth/spreadsheets"
READONLY = "https://www.googleapis.com/auth/spreadsheets.readonly"
DRIVE = "https://www.googleapis.com/auth/drive"
LIFETIME = 3600
CANARY = "canary-planted-to-be-found"
"""In every token and secret the stand-in gives: a log that holds it has leaked."""


@dataclass(frozen=True)
class Grant:
    """What an access token stands for."""

    email: str
    scopes: frozenset[str]
    project: str
    until: float = float("inf")


@dataclass
class Accounts:
    """The service accounts and people the token endpoint knows, and the tokens given out."""

    grants: dict[str, Grant] = field(default_factory=dict)
    robots: dict[str, str] = field(default_factory=dict)
    refreshes: dict[str, Grant] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)

    def token(self, email: str, scopes: tuple[str, ...] = (SHEETS,), project: str = "1001", until: float = float("inf")) -> str:
        token = f"ya29.{CANARY}.{len(self.grants)}"
        self.grants[token] = Grant(email, frozenset(scopes), project, until)
        return token

    def service_account(self, email: str, token_uri: str, project: str = "1001") -> Json:
        """The contents of a key file for a service account."""
        self.robots[email] = project
        return {
            "type": "service_account",
            "project_id": f"project-{project}",
            "private_key_id": f"{CANARY}-key-id",
            "private_key": _key()[0],
            "client_email": email,
            "client_id": "100000000000000000001",
            "token_uri": token_uri,
        }

    def user_credentials(self, email: str, token_uri: str, scopes: tuple[str, ...] = (SHEETS,), project: str = "1001") -> Json:
        """The contents of an authorised-user file for a person."""
        refresh = f"1//{CANARY}.{email}"
        self.refreshes[refresh] = Grant(email, frozenset(scopes), project)
        return {
            "type": "authorized_user",
            "client_id": "example.apps.googleusercontent.com",
            "client_secret": f"GOCSPX-{CANARY}",
            "refresh_token": refresh,
            "token_uri": token_uri,
        }

    def who(self, token: str, now: float) -> Grant | None:
        grant = self.grants.get(token)
        return grant if grant and now < grant.until and grant.email not in self.revoked else None

    def give(self, request: Request, now: float) -> Answer:
        """The token endpoint: a JWT or a refresh token in, an access token out."""
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        kind = form.get("grant_type", "")
        grant = self._by_jwt(form) if kind.endswith("jwt-bearer") else self._by_refresh(form) if kind == "refresh_token" else None
        if grant is None or grant.email in self.revoked:
            return Answer.of({"error": "invalid_grant", "error_description": "Token has been expired or revoked."}, 400)
        token = self.token(grant.email, tuple(grant.scopes), grant.project, now + LIFETIME)
        return Answer.of({"access_token": token, "expires_in": LIFETIME - 1, "token_type": "Bearer", "scope": " ".join(grant.scopes)})

    def _by_jwt(self, form: dict[str, str]) -> Grant | None:
        try:
            read = jwt.decode(form["assertion"], certs=_key()[1], audience=AUDIENCE, clock_skew_in_seconds=10**10)  # type: ignore[no-untyped-call]
            claims: dict[str, Any] = dict(read)
        except (ValueError, KeyError):
            return None
        email = claims["iss"]
        if email not in self.robots:
            return None
        return Grant(claims.get("sub", email), frozenset(claims.get("scope", "").split()), self.robots[email])

    def _by_refresh(self, form: dict[str, str]) -> Grant | None:
        return self.refreshes.get(form.get("refresh_token", ""))


@cache
def _key() -> tuple[str, str]:
    """One key pair for every account of a test run: making them is slow."""
    key = rsa.generate_private_key(65_537, 2048)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def key_canary() -> str:
    """A stretch of the private key, to look for in logs."""
    return _key()[0].splitlines()[5]


def key_file(info: Json) -> str:
    return json.dumps(info, indent=2)
