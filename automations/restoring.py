"""`backup restore`: what bringing a copy back would change, and doing it; what is replaced is kept."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from automations.backups import WORDS as SAID
from automations.backups import Backup, BackupUnusable, backups, folder_of, unknown, unpacked, workbook_copy
from automations.byhand import alone
from automations.cells import typed_list
from automations.config import Config
from automations.differing import Differing, differing
from automations.errors import WorkbookUnreadable
from automations.ledgerrestore import Held, held_by, laid_in
from automations.ledgers.protocol import Ledger, RunOutcome, RunStart
from automations.model import CellChange, Snapshot, Value, Words, WriteReceipt
from automations.reading import read_snapshot
from automations.run import World
from automations.workbooks.saving import refuse_if_open, replace_file
from automations.workbooks.xlsx import XlsxWorkbook

RULE = "backup restore"
MOST_SHOWN = 20
"""Cells of a table that are listed; `--json` lists all."""
WORDS: Mapping[str, Words] = {
    "book": {
        "zh": "用 {taken} 的工作簿 {name} 换掉现在的 {place}：",
        "en": "put the workbook of {taken}, {name}, in the place of {place}:",
    },
    "ledger": {
        "zh": "用 {taken} 的运行记录 {name} 换掉现在的：",
        "en": "put the ledger of {taken}, {name}, in the place of the one in use:",
    },
    "table": {
        "zh": "  {title}：{cells} 格会变回去，{gone} 行会不见（备份里没有），{back} 行会回来",
        "en": "  {title}: {cells} cells go back, {gone} rows go (the copy has none), {back} rows come back",
    },
    "cell": {"zh": "    {key} {column}：{first} -> {second}", "en": "    {key} {column}: {first} -> {second}"},
    "more": {"zh": "    还有 {count} 格", "en": "    {count} more cells"},
    "same": {"zh": "  两份的表格内容相同", "en": "  both hold the same in every table"},
    "unreadable": {
        "zh": "  现用的一份读不出来，无法比较：{why}",
        "en": "  the one in use cannot be read, so they cannot be compared: {why}",
    },
    "in use": {
        "zh": "  现在的：运行 {runs} 次，最近 {last}；发出邮件 {sent} 封",
        "en": "  in use: {runs} runs, the last {last}; {sent} mails sent",
    },
    "copy": {
        "zh": "  备份：运行 {runs} 次，最近 {last}；发出邮件 {sent} 封",
        "en": "  copy:   {runs} runs, the last {last}; {sent} mails sent",
    },
    "forgets": {
        "zh": "  备份之后的运行和邮件它不知道，所以换上以后邮件都先拦下，等人确认：runner.py backup confirm",
        "en": "  it does not know what ran and left since, so every mail is held until a person confirms: runner.py backup confirm",
    },
    "do": {
        "zh": "什么都还没有动。执行：runner.py backup restore {name}{branch} --yes；只取出来看：加 --beside",
        "en": "Nothing was touched yet. To do it: runner.py backup restore {name}{branch} --yes; only to look into it: --beside",
    },
    "done": {"zh": "已换好；换下来的留在 {kept}", "en": "done; what was replaced is kept in {kept}"},
    "confirm": {"zh": "核对后确认：runner.py backup confirm{branch}", "en": "then look and say so: runner.py backup confirm{branch}"},
    "no file": {
        "zh": "Google 表格不整份换回，免得盖掉员工填的内容：runner.py backup restore {name} --beside 取出来核对，或用 Google 的版本记录",
        "en": "a Google spreadsheet is not put back as a whole, which would write over what staff typed: "
        "take the copy out with runner.py backup restore {name} --beside, or use the version history of Google Sheets",
    },
}


@dataclass(frozen=True)
class Restored:
    """What bringing a copy back changes, and whether it was done; of a ledger what both hold, of a workbook what differs."""

    copy: Backup
    place: str
    config: Config
    now: Held | None = None
    then: Held | None = None
    tables: Sequence[Differing] = ()
    unreadable: str = ""
    kept: str = ""

    def data(self) -> dict[str, Any]:
        """`{name, kind, done, kept, in_use, copy, tables: [{table, cells, only_first, only_second}]}`."""
        tables = [asdict(each) for each in self.tables]
        about = {"name": self.copy.path.name, "kind": self.copy.kind, "done": bool(self.kept), "kept": self.kept}
        return about | {"in_use": self.now and asdict(self.now), "copy": self.then and asdict(self.then), "tables": tables}

    def text(self) -> str:
        """What changes, line by line, and how to do it or what was kept."""
        about = self._ledger() if self.copy.kind == "ledger" else self._book()
        end = [self._say("done", kept=self.kept)] if self.kept else [self._say("do")]
        end += [self._say("confirm")] if self.kept and self.copy.kind == "ledger" else []
        return "\n".join([*about, *end])

    def _ledger(self) -> Iterator[str]:
        yield self._say("ledger")
        yield self._say("in use", **asdict(self.now)) if self.now else self._say("unreadable", why=self.unreadable)
        yield self._say("copy", **asdict(self.then)) if self.then else ""
        yield self._say("forgets")

    def _book(self) -> Iterator[str]:
        yield self._say("book", place=self.place)
        if self.unreadable:
            yield self._say("unreadable", why=self.unreadable)
        elif not self.tables:
            yield self._say("same")
        for each in self.tables:
            yield from self._table(each)

    def _table(self, each: Differing) -> Iterator[str]:
        table, language = self.config.tables[each.table], self.config.language
        counts = {"cells": len(each.cells), "gone": len(each.only_first), "back": len(each.only_second)}
        yield self._say("table", title=table.heading(language), **counts)
        for cell in each.cells[:MOST_SHOWN]:
            column = table.column(cell.column)
            facts = {"key": cell.key, "column": column.heading(language) if column else cell.column}
            yield self._say("cell", **facts, first=cell.first or "-", second=cell.second or "-")
        if len(each.cells) > MOST_SHOWN:
            yield self._say("more", count=len(each.cells) - MOST_SHOWN)

    def _say(self, word: str, **facts: object) -> str:
        branch = f" --branch {self.config.branch}" if self.config.branch else ""
        about = {"name": self.copy.path.name, "taken": f"{self.copy.taken:%Y-%m-%d %H:%M}", "branch": branch}
        return WORDS[word][self.config.language].format(**about | facts)


def restored(
    config: Config, name: str, now: datetime, clock: Callable[[], datetime], world: Callable[[], World], *, do: bool = False
) -> Restored:
    """What bringing a copy back changes; `do` it, while nothing else runs and with what is replaced kept.

    Raises BackupUnusable, RunsAlready or HeldElsewhere while something runs, WorkbookBusy, LedgerFailed.
    """
    found = next((each for each in backups(folder_of(config)) if each.path.name == name), None)
    if found is None:
        raise BackupUnusable(unknown(name, config.language))
    if found.kind == "workbook":
        return _book(config, found, now, clock, world(), do=do)
    with TemporaryDirectory() as folder:
        copy = Path(shutil.copy2(found.path, folder))
        present, then = held_by(config), held_by(config, copy)
        if isinstance(then, str):
            raise BackupUnusable(SAID["ledger damaged"][config.language].format(name=name, why=then))
        kept = laid_in(config, copy, now, present) if do else ""
    unreadable = present if isinstance(present, str) else ""
    return Restored(found, "", config, None if isinstance(present, str) else present, then, unreadable=unreadable, kept=kept)


# The workbook


def _book(config: Config, found: Backup, now: datetime, clock: Callable[[], datetime], world: World, *, do: bool) -> Restored:
    book = world.workbook
    if not isinstance(book, XlsxWorkbook) or ".xlsx" not in found.path.suffixes:
        raise BackupUnusable(WORDS["no file"][config.language].format(name=found.path.name))
    with _taken_out(found, config.language) as file:
        then = _tables_of(config, XlsxWorkbook(file), now)
        try:
            tables, unreadable = differing(_tables_of(config, book, now), then, config.language), ""
        except WorkbookUnreadable as error:
            tables, unreadable = [], str(error)
        plan = Restored(found, book.path.name, config, tables=tables, unreadable=unreadable)
        if not do:
            return plan
        with alone(world, now, clock):
            return replace(plan, kept=_put_back(world, book, file, then, found.taken, now))


@contextmanager
def _taken_out(found: Backup, language: str) -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        file = Path(folder) / found.path.name.removesuffix(".gz")
        unpacked(found.path, file, language)
        yield file


def _tables_of(config: Config, book: XlsxWorkbook, now: datetime) -> Snapshot:
    return read_snapshot(book.name, book.grids(), list(config.tables.values()), now.date())


def _put_back(world: World, book: XlsxWorkbook, file: Path, then: Snapshot, taken: datetime, now: datetime) -> str:
    """The file in its place, the present one kept; a run notes what our cells hold again, so that nobody takes it for typed by hand."""
    refuse_if_open(book.path, book.language)
    kept, ledger = folder_of(world.config), world.ledger
    changes = list(_ours_again(ledger, book.name, then, taken))
    run = ledger.begin_run(RunStart("restore", book.name, now, world.config.hash, ""))
    ledger.journal(run, changes)
    if book.path.exists():
        kept = workbook_copy(world, kept, now)
        replace_file(book.path, file.read_bytes(), book.fingerprint(), book.keep_in, book.language)
    else:
        shutil.copyfile(file, book.path)
    ledger.settle_cells(run, WriteReceipt(tuple(changes)))
    ledger.end_run(run, RunOutcome("done", now, file.name, {"cells": len(changes)}))
    return str(kept)


def _ours_again(ledger: Ledger, workbook: str, then: Snapshot, taken: datetime) -> Iterator[CellChange]:
    """Cells we wrote since the copy and that hold again what they held before."""
    first: dict[tuple[str, str, str], CellChange] = {}
    last: dict[tuple[str, str, str], Value] = {}
    runs = [run for run in ledger.runs(workbook, 1_000_000) if run.ended_at is None or run.ended_at >= taken]
    for row in (row for run in reversed(runs) for row in ledger.changes_of(run.id)):
        if row.state == "applied" and isinstance(row.change, CellChange):
            at = (row.change.table, row.change.key, row.change.column)
            first.setdefault(at, row.change)
            last[at] = row.change.new
    standing = _standing(then)
    for at, change in first.items():
        if at in standing and standing[at] == change.old:
            yield replace(change, old=last[at], new=change.old, rule=RULE)


def _standing(then: Snapshot) -> Mapping[tuple[str, str, str], Value]:
    """Every cell of ours in a reading."""
    found: dict[tuple[str, str, str], Value] = {}
    for name, sheet in then.sheets.items():
        keys = sheet.frame[sheet.table.key].astype("object").tolist()
        for column in (each for each in sheet.table.columns if each.ours and each.key in sheet.frame):
            values = typed_list(sheet.frame[column.key], range(len(keys)), column)
            found |= {(name, str(key), column.key): value for key, value in zip(keys, values, strict=True)}
    return found
