"""A mapping in config/ with a closed set of keys, and a secret that is named instead of written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from automations.keyfile import KeyPlace


class Declared(BaseModel):
    """A mapping in config/ whose keys are closed: an unknown key is a fault with its place."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Secret(Declared):
    """A secret is named, never written: `{ env: SMTP_PASSWORD }`."""

    env: str = Field(min_length=1)


class Credentials(Declared):
    """Where the key of a service account, or a user's consent, is kept: a file, or a variable of the environment with its JSON."""

    file: str | None = None
    env: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Credentials:
        if bool(self.file) == bool(self.env):
            raise ValueError("say either `file:` or `env:`")
        return self

    @property
    def place(self) -> KeyPlace:
        """The place, a file as it was written."""
        return KeyPlace(Path(self.file) if self.file else None, self.env or "")


def _named(value: Any) -> Any:
    """Credentials written into the file are refused without repeating them."""
    if not isinstance(value, dict) or not value.keys() <= {"file", "env"}:
        raise ValueError("name where the key is, `{ file: /etc/rowkeeper/google.json }` or `{ env: GOOGLE_KEY }`; never the key itself")
    return value


NamedCredentials = Annotated[Credentials, BeforeValidator(_named, json_schema_input_type=Credentials)]


def never_written(value: Any) -> Any:
    """A password written into the file is refused without repeating it."""
    if not isinstance(value, dict):
        raise ValueError("write the name of an environment variable, `{ env: SMTP_PASSWORD }`; the password itself has no place in a file")
    return value
