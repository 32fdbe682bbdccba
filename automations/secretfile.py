"""`state/secrets.env`: passwords of this installation in a file that only its owner may read; the settings name them, never hold them."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from pathlib import Path

from automations.errors import OutsideFailed

PLACE = Path("state", "secrets.env")


class SecretsOpen(OutsideFailed):
    """Others on this machine may read the passwords."""


def take_in(root: Path, environ: MutableMapping[str, str]) -> None:
    """Put the passwords of the file beside the variables that are set already; those that are set count.

    Raises SecretsOpen when others may read the file.
    """
    path = root / PLACE
    if not path.is_file():
        return
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise SecretsOpen(f"{path}: others may read these passwords; run: chmod 600 {path}")
    for name, value in secrets_in(path).items():
        environ.setdefault(name, value)


def secrets_in(path: Path) -> dict[str, str]:
    """The lines `NAME=value` of the file, as they stand."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    pairs = (line.partition("=") for line in lines)
    return {name.strip(): value for name, equals, value in pairs if equals and name.strip().isidentifier()}


def keep(root: Path, name: str, value: str) -> Path:
    """Write one password into the file, readable by its owner only from the first byte on; the others stay."""
    path = root / PLACE
    kept = {**secrets_in(path), name: value}
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        file.writelines(f"{each}={said}\n" for each, said in kept.items())
    unfinished.replace(path)
    return path
