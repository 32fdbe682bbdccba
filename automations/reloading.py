"""Versions of the configuration: an edit comes into force whole or not at all, and the last good one can be taken up again."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from tempfile import mkdtemp

from automations.checking import other_problems
from automations.config import Config, load
from automations.errors import ConfigProblems, Problem
from automations.examples import Prover
from automations.executing import Says, local
from automations.ledgers.protocol import Ledger
from automations.run import World
from automations.toolmail import tell_admin
from automations.versions import IN_FORCE

TROUBLE = "configuration"
MOST_TOLD = 12
"""Faults said in a mail; `check` says all."""


def files_of(root: Path) -> Iterator[Path]:
    """Every file that belongs to the configuration: the YAML of config/ and the templates."""
    yield from sorted((root / "config").rglob("*.yaml"))
    yield from sorted((root / "templates").rglob("*.j2"))


def stamp(root: Path) -> str:
    """A cheap text that changes when a file of the configuration is edited, added or removed."""
    said = sorted([*_stamps(f"{root}/config", ".yaml"), *_stamps(f"{root}/templates", ".j2")])
    return blake2b("\n".join(said).encode(), digest_size=12).hexdigest()


def _stamps(folder: str, ending: str) -> Iterator[str]:
    """The files of `files_of`, without making a Path of each: every tick asks for them."""
    for place, _, names in os.walk(folder):
        for file in (f"{place}/{name}" for name in names if name.endswith(ending)):
            if stat := _stat(file):
                yield f"{file} {stat.st_mtime_ns} {stat.st_size}"


def _stat(file: str) -> os.stat_result | None:
    try:
        return os.stat(file)  # noqa: PTH116 - a Path for each file costs more than the look at it
    except OSError:  # an editor replaces a file by removing it first
        return None


def texts_of(root: Path) -> str:
    """All files of the configuration as one text, by their paths."""
    texts = {file.relative_to(root).as_posix(): file.read_text(encoding="utf-8") for file in files_of(root)}
    return written(texts)


def written(texts: Mapping[str, str]) -> str:
    """Files by their paths as the ledger keeps them."""
    return json.dumps(texts, ensure_ascii=False, indent=0, sort_keys=True)


def proved(config: Config) -> Config:
    """A configuration whose templates and notices are checked and whose examples are proved.

    Raises ConfigProblems with every fault.
    """
    problems = other_problems(config) or Prover(config).problems(config.policies.values())
    if problems:
        raise ConfigProblems(problems)
    return config


def accept(config: Config, texts: str, ledger: Ledger, now: datetime) -> None:
    """Keep a configuration as the one in force."""
    ledger.config_version(config.hash, texts, now)
    ledger.set_meta(IN_FORCE, config.hash)


def last_good(root: Path, ledger: Ledger, folder: Path) -> Config | None:
    """The configuration last in force, laid out under `folder` and loaded from there; None when none was ever kept."""
    kept = ledger.meta(IN_FORCE)
    texts = ledger.config_text(kept) if kept else None
    if not texts or not kept:
        return None
    place = laid_out(json.loads(texts), folder / kept)
    return replace(load(place), root=root.resolve(), source=place)


def laid_out(texts: Mapping[str, str], folder: Path) -> Path:
    """The files of a kept configuration written out, unless they stand there; what else stands there goes. Several may do it at once."""
    if _as_kept(folder, texts):
        return folder
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = Path(mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    for name, text in texts.items():
        path = place / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    if not _as_kept(folder, texts):
        shutil.rmtree(folder, ignore_errors=True)
    try:
        place.rename(folder)
    except OSError:  # another was first
        shutil.rmtree(place)
    return folder


def _as_kept(folder: Path, texts: Mapping[str, str]) -> bool:
    try:
        return texts_of(folder) == written(texts)
    except (OSError, UnicodeDecodeError):
        return False


@dataclass(eq=False)
class Reloader:
    """Watches the files of the configuration; an edit is read when nobody has saved for one look."""

    root: Path
    say: Says
    seen: str
    """The stamp of the files that were read last, whether they are in force or not."""
    _settling: str = ""

    def changed(self) -> bool:
        """Whether there is an edit to be read: the files differ from those read last, and are the same as at the last look."""
        found = stamp(self.root)
        settled = found == self._settling
        self._settling = found
        return found != self.seen and settled

    def __call__(self, world: World, now: datetime, versions: Ledger | None = None) -> Config | None:
        """Read the edit: the new configuration, or None after telling the admin once why the present one stays. `now` is UTC.

        `versions` is the ledger that keeps them, where it is not the world's own.
        """
        found = stamp(self.root)
        try:
            config, texts = proved(load(self.root)), texts_of(self.root)
        except ConfigProblems as faults:
            if stamp(self.root) != found:
                return None  # read between two files that were being saved
            self.seen = found
            refuse(world, faults.problems, now, self.say)
            return None
        if stamp(self.root) != found:
            return None  # saved again meanwhile: the next look reads it
        self.seen = found
        mended(world, now, self.say)
        if config.hash == world.config.hash and world.config.source is None:
            return None
        accept(config, texts, versions or world.ledger, local(now, config))
        return config


def refuse(world: World, problems: tuple[Problem, ...], now: datetime, say: Says) -> None:
    """Note that an edit is not in force, and tell the admin once until it is mended."""
    table = world.ledger.timetable
    why = "\n".join(map(str, problems[:MOST_TOLD])) + ("\n…" if len(problems) > MOST_TOLD else "")
    trouble = table.trouble(TROUBLE, now, why)
    say("configuration refused", problems=len(problems), first=str(problems[0]).splitlines()[0], in_force=world.config.hash[:8])
    if table.tell(TROUBLE):
        tell_admin(world, "config", local(now, world.config), trouble.since.isoformat(), why=why)


def mended(world: World, now: datetime, say: Says) -> None:
    """The configuration is good again; whoever was told of its faults is told so."""
    trouble = world.ledger.timetable.over(TROUBLE)
    if trouble:
        say("configuration mended")
    if trouble and trouble.told:
        tell_admin(world, "config over", local(now, world.config), trouble.since.isoformat())
