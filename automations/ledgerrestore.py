"""A copy of the ledger in the place of the one in use: a file, or a schema of a server; what was there is kept beside it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from automations.backups import folder_of
from automations.config import Config
from automations.engines.oneatatime import BY_HAND, OneAtATime
from automations.errors import LedgerFailed, OutsideFailed
from automations.generation import GENERATION, Older, doubt
from automations.ledgers.protocol import Ledger
from automations.ledgers.sqlite import SqliteLedger
from automations.wiring import ledger_of, schema_of

ALL = 1_000_000
WORKING: Mapping[str, str] = {
    "zh": "还有 {count} 个 worker 在运行；先全部停掉，再换运行记录",
    "en": "{count} workers are at work; stop all of them first",
}
LEFT_OVER = ("-journal", "-wal", "-shm")
"""What SQLite lays beside a file: of another file it would be read into the copy."""


class WorkersRun(OutsideFailed):
    """Workers are at work on the ledger that would be replaced."""


@dataclass(frozen=True)
class Held:
    """What a ledger holds: how many runs, when the last began, mails sent, how often it was about to write or send."""

    runs: int
    last: str
    sent: int
    generation: int


def held_by(config: Config, copy: Path | None = None) -> Held | str:
    """What the ledger of the settings holds, or a copy; where it cannot be read, why."""
    try:
        with closing(SqliteLedger(copy) if copy else ledger_of(config, looking=True)) as ledger:
            return _held(ledger)
    except LedgerFailed as fault:
        return str(fault)


def _held(ledger: Ledger) -> Held:
    runs = ledger.runs(limit=ALL)
    last = f"{runs[0].started_at:%Y-%m-%d %H:%M}" if runs else "-"
    return Held(len(runs), last, len(ledger.outbox(["sent"], limit=ALL)), int(ledger.meta(GENERATION) or 0))


def laid_in(config: Config, copy: Path, now: datetime, present: Held | str) -> str:
    """Put the copy in the place of the ledger; returns where the one that was there is kept.

    Raises RunsAlready or WorkersRun while something is at work, LedgerFailed where the server refuses.
    """
    with closing(SqliteLedger(copy)) as ledger:
        _in_doubt(config, ledger, present, now)
    with (
        closing(OneAtATime(config.ledger_place, now, config.language)),
        closing(OneAtATime(config.ledger_place, now, config.language, BY_HAND, purpose="hand")),
    ):
        return _on_server(config, copy, now) if config.on_server else _file(config, copy, now)


def _in_doubt(config: Config, ledger: Ledger, present: Held | str, now: datetime) -> None:
    """Mails wait for a person's word, also on machines that have no mark of their own."""
    knows = int(ledger.meta(GENERATION) or 0)
    count = present.generation if isinstance(present, Held) else knows + 1
    if count > knows:
        doubt(ledger, Older(knows, count, config.ledger_place.name, f"{now:%Y-%m-%d %H:%M}"))


def _file(config: Config, copy: Path, now: datetime) -> str:
    place, folder = config.ledger_place, folder_of(config)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = folder / f"replaced.{now:%Y%m%d-%H%M%S}.sqlite"
    beside = place.with_name(f"{place.name}.restored")
    shutil.copyfile(copy, beside)
    beside.chmod(0o600)
    if place.exists():
        shutil.move(place, kept)
    for ending in LEFT_OVER:
        if (left := place.with_name(f"{place.name}{ending}")).exists():
            shutil.move(left, kept.with_name(f"{kept.name}{ending}"))
    beside.replace(place)
    return str(kept)


def _on_server(config: Config, copy: Path, now: datetime) -> str:
    """The schema is renamed, and filled anew; where that fails it gets its name back."""
    from automations.ledgers.copying import copy as carried
    from automations.ledgers.postgres import PostgresLedger
    from automations.ledgers.server import dropped, renamed
    from automations.working import alive

    url, schema = config.settings.ledger, schema_of(config.branch)
    if count := alive(config):
        raise WorkersRun(WORKING[config.language].format(count=count))
    kept = f"{schema}_{now:%y%m%d%H%M%S}"
    there = renamed(url, schema, kept)
    try:
        with closing(SqliteLedger(copy)) as old, closing(PostgresLedger(url, schema)) as fresh:
            carried(old._database, fresh._database)
    except BaseException:
        dropped(url, schema)
        if there:
            renamed(url, kept, schema)
        raise
    return f"schema {kept}"
