"""Copies of the ledger and of the workbook: made, listed, dropped when old, and brought back beside what stands."""

from __future__ import annotations

import gzip
import hashlib
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from automations.config import Config
from automations.run import World

STAMP = "%Y%m%d-%H%M%S"
NAME = re.compile(r"(?P<kind>ledger|workbook)\.(?P<stamp>\d{8}-\d{6})\.(?P<rest>.+)")


@dataclass(frozen=True)
class Backup:
    """One copy: of what, when, where, and how large."""

    kind: str
    taken: datetime
    path: Path
    size: int


@dataclass(frozen=True)
class Made:
    """The copies just made, and how many old ones were dropped."""

    files: tuple[Path, ...]
    dropped: int = 0


def folder_of(config: Config) -> Path:
    """Where copies are kept: beside the ledger."""
    return (config.root / config.settings.ledger).parent / "backups"


def backup_now(world: World, now: datetime) -> Made:
    """Copy the ledger and the workbook, then drop what is older than the settings keep."""
    folder = folder_of(world.config)
    files = (ledger_copy(world, folder, now), workbook_copy(world, folder, now))
    return Made(files, drop_old(folder, now, world.config.settings.backups.keep_days, world.config.settings.backups.at_least))


def before_first_write(world: World, now: datetime) -> Path | None:
    """A copy of the workbook if there is none of this day yet."""
    folder = folder_of(world.config)
    if any(each.kind == "workbook" and each.taken.date() == now.date() for each in backups(folder)):
        return None
    return workbook_copy(world, folder, now)


def ledger_copy(world: World, folder: Path, now: datetime) -> Path:
    """The ledger by its own backup: whole and consistent whoever writes meanwhile."""
    _private(folder)
    path = folder / f"ledger.{now:{STAMP}}.sqlite"
    world.ledger.backup_to(path)
    return path


def workbook_copy(world: World, folder: Path, now: datetime) -> Path:
    """The workbook as it is, compressed; its hash stands beside it."""
    _private(folder)
    taken = world.workbook.snapshot_to(folder, f"{now:{STAMP}}.unpacked")
    path = folder / f"workbook.{now:{STAMP}}{taken.suffix}.gz"
    with taken.open("rb") as source, gzip.open(path, "wb") as packed:
        shutil.copyfileobj(source, packed)
    path.chmod(0o600)
    path.with_name(f"{path.name}.hash").write_text(digest(taken) + "\n", encoding="ascii")
    taken.unlink()
    return path


def _private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def digest(path: Path) -> str:
    """The SHA-256 of a file, as it stands beside its copy."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def backups(folder: Path) -> list[Backup]:
    """The copies there are, newest first."""
    return sorted(_found(folder), key=lambda each: (each.taken, each.kind), reverse=True)


def _found(folder: Path) -> Iterator[Backup]:
    for path in folder.glob("*") if folder.is_dir() else ():
        match = NAME.fullmatch(path.name)
        if match and path.suffix not in (".hash", ".unfinished"):
            yield Backup(match["kind"], datetime.strptime(match["stamp"], STAMP), path, path.stat().st_size)


def drop_old(folder: Path, now: datetime, keep_days: int, at_least: int) -> int:
    """Drop copies older than so many days, but keep the newest of each kind; returns how many went."""
    found, dropped = backups(folder), 0
    for kind in ("ledger", "workbook"):
        for old in [each for each in found if each.kind == kind][at_least:]:
            if now - old.taken > timedelta(days=keep_days):
                old.path.unlink()
                old.path.with_name(f"{old.path.name}.hash").unlink(missing_ok=True)
                dropped += 1
    return dropped
