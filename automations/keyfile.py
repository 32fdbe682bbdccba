"""A key that the settings name and never hold: JSON in a file nobody else can read, or in a variable of the environment."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from automations.errors import OutsideFailed


class KeyUnusable(OutsideFailed):
    """The credentials cannot be used; nothing was sent anywhere."""


@dataclass(frozen=True)
class KeyPlace:
    """Where the credentials are: a file, or a variable of the environment that holds their JSON. Never the credentials themselves."""

    file: Path | None = None
    env: str = ""

    def __str__(self) -> str:
        return f"environment variable {self.env}" if self.env else str(self.file)

    def inside(self, root: Path) -> KeyPlace:
        """The same place, a relative file found from a project's folder."""
        return KeyPlace(root / self.file.expanduser()) if self.file else self


def key_at(place: KeyPlace, environ: Mapping[str, str], whose: str, make: str) -> Mapping[str, Any]:
    """The JSON at a place; {} when it is no mapping. `whose` names the key, `make` says how to get a new one. Raises KeyUnusable."""
    text = environ.get(place.env, "") if place.env else _text_of(place, whose)
    if not text.strip():
        raise KeyUnusable(f"{place}: is not set; put the JSON of the key into it" if place.env else f"{place}: is empty; {make}")
    try:
        info = json.loads(text)
    except ValueError as error:
        raise KeyUnusable(f"{place}: is not JSON; {make}") from error
    return info if isinstance(info, dict) else {}


def _text_of(place: KeyPlace, whose: str) -> str:
    """The key file's text, if nobody else can read it."""
    assert place.file is not None
    try:
        found = place.file.stat()
        text = place.file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise KeyUnusable(f"{place.file}: cannot be read ({reason}); put {whose} there, or correct the settings") from error
    fault = _too_open(found)
    if fault:
        raise KeyUnusable(f"{place.file}: {fault}")
    return text


def _too_open(found: os.stat_result) -> str:
    """What is wrong with who may read the key; "" on systems that have no such rights."""
    if os.name != "posix":
        return ""
    if found.st_uid != os.getuid():
        return "belongs to another user; it must belong to the one that runs Rowkeeper"
    if stat.S_IMODE(found.st_mode) & 0o077:
        return "others may read this key; run: chmod 600 on it"
    return ""
