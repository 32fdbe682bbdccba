"""A mapping in config/ with a closed set of keys, and a secret that is named instead of written."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Declared(BaseModel):
    """A mapping in config/ whose keys are closed: an unknown key is a fault with its place."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Secret(Declared):
    """A secret is named, never written: `{ env: SMTP_PASSWORD }`."""

    env: str = Field(min_length=1)


def never_written(value: Any) -> Any:
    """A password written into the file is refused without repeating it."""
    if not isinstance(value, dict):
        raise ValueError("write the name of an environment variable, `{ env: SMTP_PASSWORD }`; the password itself has no place in a file")
    return value
