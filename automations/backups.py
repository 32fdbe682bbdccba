"""Copies of the ledger and of the workbook: made, listed, dropped when old, and brought back beside what stands."""

from __future__ import annotations

import gzip
import hashlib
import re
import shutil
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from automations.config import Config
from automations.errors import OutsideFailed
from automations.model import Words
from automations.run import World, read

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


WORDS: Mapping[str, Words] = {
    "made": {"zh": "已备份 {name}", "en": "copied to {name}"},
    "dropped": {"zh": "删去 {count} 份过期的备份", "en": "{count} old copies dropped"},
    "none": {"zh": "还没有备份；runner.py backup now 现在做一份", "en": "no copies yet; make one: runner.py backup now"},
    "ledger": {"zh": "运行记录", "en": "ledger"},
    "workbook": {"zh": "工作簿", "en": "workbook"},
    "laid": {
        "zh": "已把这份工作簿放在 {path}，现在用的工作簿没有动。核对后把需要的复制回去，或整份换回：backup restore 名字 --yes",
        "en": "the copy of the workbook lies in {path}; the workbook in use was not touched. "
        "Copy back what you need, or put all of it back: runner.py backup restore NAME --yes",
    },
    "ledger laid": {
        "zh": "已把这份运行记录放在 {path}，现在用的没有动。要用它：runner.py backup restore 名字 --yes。"
        "它不知道备份之后发过的邮件，所以邮件都会先拦下，直到有人确认：runner.py backup confirm",
        "en": "the copy of the ledger lies in {path}; the one in use was not touched. To use it: runner.py backup restore NAME --yes. "
        "It does not know the mails sent since, so every mail is held until a person confirms: runner.py backup confirm",
    },
    "which": {
        "zh": "请写明是哪一份：runner.py backup restore 名称；runner.py backup list 列出全部",
        "en": "say which: runner.py backup restore NAME; runner.py backup list shows all",
    },
    "unknown": {
        "zh": "没有名为 {name} 的备份；runner.py backup list 列出全部",
        "en": "no copy named {name}; runner.py backup list shows all",
    },
    "ledger damaged": {"zh": "备份 {name} 已损坏，不能用：{why}", "en": "the copy {name} is damaged: {why}"},
    "damaged": {
        "zh": "备份 {name} 已损坏：内容与它的校验值不符",
        "en": "the copy {name} is damaged: it does not have the hash it was kept with",
    },
}


class BackupUnusable(OutsideFailed):
    """The copy asked for is not there, or is damaged."""


@dataclass(frozen=True)
class Answer:
    """What `backup` did or found."""

    lines: tuple[str, ...]
    files: tuple[str, ...]

    def data(self) -> dict[str, Any]:
        """`{"files": [names]}`."""
        return {"files": list(self.files)}

    def text(self) -> str:
        """A line for each."""
        return "\n".join(self.lines)


def backup(world: World, action: str, name: str | None, now: datetime) -> Answer:
    """`list` the copies, make one `now`, or lay one `beside` what is in use: nothing in use is written over.

    Raises BackupUnusable.
    """
    language, folder = world.config.language, folder_of(world.config)
    if action == "now":
        made = backup_now(world, now)
        said = [WORDS["made"][language].format(name=file.name) for file in made.files]
        said += [WORDS["dropped"][language].format(count=made.dropped)] if made.dropped else []
        return Answer(tuple(said), tuple(file.name for file in made.files))
    if action == "beside":
        return _laid_beside(folder, name or "", language)
    found = backups(folder)
    lines = [f"{each.taken:%Y-%m-%d %H:%M}  {WORDS[each.kind][language]}  {each.size / 1e6:8.2f} MB  {each.path.name}" for each in found]
    return Answer(tuple(lines) or (WORDS["none"][language],), tuple(each.path.name for each in found))


def _laid_beside(folder: Path, name: str, language: str) -> Answer:
    found = next((each for each in backups(folder) if each.path.name == name), None)
    if found is None:
        raise BackupUnusable(unknown(name, language))
    place = folder.parent / "restored" / name.removesuffix(".gz")
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if found.kind == "ledger":
        shutil.copyfile(found.path, place)
        place.chmod(0o600)
        said = WORDS["ledger laid"][language].format(path=place)
        return Answer((said,), (str(place),))
    unpacked(found.path, place, language)
    return Answer((WORDS["laid"][language].format(path=place),), (str(place),))


def unknown(name: str, language: str) -> str:
    """That there is no copy of that name, or that one is to be named."""
    return WORDS["unknown" if name else "which"][language].format(name=name)


def unpacked(packed: Path, place: Path, language: str) -> None:
    """The copy taken out of its compression, if it still is what was kept."""
    try:
        with gzip.open(packed, "rb") as source, place.open("wb") as whole:
            shutil.copyfileobj(source, whole)
        kept = packed.with_name(f"{packed.name}.hash").read_text(encoding="ascii").strip()
    except (OSError, EOFError, zlib.error) as error:
        place.unlink(missing_ok=True)
        raise BackupUnusable(WORDS["damaged"][language].format(name=packed.name)) from error
    if digest(place) != kept:
        place.unlink()
        raise BackupUnusable(WORDS["damaged"][language].format(name=packed.name))
    place.chmod(0o600)


def folder_of(config: Config) -> Path:
    """Where copies are kept: beside the ledger."""
    return config.ledger_place.parent / "backups"


def backup_now(world: World, now: datetime) -> Made:
    """Copy the ledger and the workbook, then drop what is older than the settings keep."""
    folder = folder_of(world.config)
    files = (ledger_copy(world, folder, now), workbook_copy(world, folder, now))
    return Made(files, drop_old(folder, now, world.config.settings.backups.keep_days, world.config.settings.backups.at_least))


def before_first_write(world: World, now: datetime) -> Path | None:
    """A copy of the workbook if there is none of this day yet; raises what reading raises where it cannot be read.

    Where no copy can be kept (a full disk, a folder that refuses) the run goes on: `doctor` and the backup's own automation say so.
    """
    folder = folder_of(world.config)
    if any(each.kind == "workbook" and each.taken.date() == now.date() for each in backups(folder)):
        return None
    read(world, now)  # first, so that a file that is busy, damaged or gone is told as every run tells it
    with suppress(OSError):
        return workbook_copy(world, folder, now)
    return None


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
