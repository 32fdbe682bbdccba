"""Refresh tokens that a service gives anew with every use: the newest is kept beside the ledger, readable by its owner only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from tempfile import NamedTemporaryFile

from automations.keyfile import KeyPlace, KeyUnusable, key_at


@dataclass(frozen=True)
class Renewed:
    """The newest token of one consent, in a folder. The file is named after the token that was given: a new consent has another."""

    folder: Path
    given: str

    @property
    def path(self) -> Path:
        return self.folder / f"consent-{blake2b(self.given.encode(), digest_size=8).hexdigest()}.json"

    def token(self) -> str:
        """The newest token; the one that was given where none is kept, or none that can be used."""
        if not self.path.is_file():
            return self.given
        with suppress(KeyUnusable):
            kept: Mapping[str, object] = key_at(KeyPlace(self.path), {}, "the token", "")
            return str(kept.get("refresh_token") or self.given)
        return self.given

    def keep(self, token: str) -> None:
        """Keep a token that is newer than the one there; the file appears whole. A folder that refuses costs nothing but the renewal."""
        if token == self.token():
            return
        with suppress(OSError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with NamedTemporaryFile("w", dir=self.folder, prefix=".", suffix=".unfinished", delete=False) as file:
                json.dump({"refresh_token": token}, file)
            Path(file.name).replace(self.path)

    def forget(self) -> None:
        """A token that was kept is no longer taken: the given one is tried again."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
