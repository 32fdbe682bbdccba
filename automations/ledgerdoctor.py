"""What `doctor` says of the ledger: sound, of this program's schema, no old copy, and the mails in it that need a look."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

from automations.config import Config
from automations.doctorline import Line, same, writable
from automations.errors import LedgerFailed
from automations.generation import REMEDY, Marks, older
from automations.ledgers.database import APPLICATION, LOST, migrations
from automations.ledgers.protocol import CellAt, Ledger, MailState
from automations.model import Words
from automations.planning import RETRIED
from automations.wiring import ledger_of, marks_of, workbook_name
from automations.workbooks.protocol import lasts

RUNS = 1000
"""Runs looked through for cells that refused a value: two days of one every five minutes, and more."""
MAILS: Mapping[MailState, tuple[str, str, Words]] = {
    "pending": ("封邮件等待发出", "mails waiting to be sent", {"zh": "下次运行时发出", "en": "the next run sends them"}),
    "failed": (
        "封邮件没有发成",
        "mails failed",
        {"zh": "原因见 runner.py outbox list --state failed", "en": "the reasons: runner.py outbox list --state failed"},
    ),
    "sending": ("封邮件发送中断", "mails interrupted on their way", {"zh": "下次运行时认定", "en": "the next run settles them"}),
    "unknown": (
        "封邮件不知是否发出",
        "mails that may or may not have left",
        {
            "zh": "核对是否收到：runner.py outbox list --state unknown，然后 outbox resolve",
            "en": "look whether they arrived: runner.py outbox list --state unknown, then outbox resolve",
        },
    ),
    "held": (
        "封邮件被安全闸拦下，等人放行",
        "mails a brake holds",
        {
            "zh": "先看 runner.py outbox list --state held；没问题，用 runner.py outbox release --all-held 放行",
            "en": "look: runner.py outbox list --state held; if they are right, runner.py outbox release --all-held",
        },
    ),
    "draft": (
        "封给客户的邮件是草稿，等人放行",
        "letters to customers that wait to be released",
        {
            "zh": "看过后在本行的“放行”列打勾，或 runner.py outbox list --state draft，然后 outbox release",
            "en": "tick their rows in the column 放行 (release), or runner.py outbox list --state draft, then outbox release",
        },
    ),
}
"""The states of mails that want a look: how many in words, and what to do."""
LOOK_AT_CELLS: Words = {
    "zh": "看这一格有没有公式、合并单元格或保护；改好后会再写，每天试一次",
    "en": "see whether a formula, a merge or a protection is in the way; once it is gone the value is written, tried once a day",
}
PRAGMAS = ("PRAGMA quick_check", "PRAGMA application_id", "PRAGMA user_version")


def ledger_lines(config: Config, workbook: Path | None, now: datetime) -> Iterator[Line]:
    """The file and its folders, whether it is an old copy, and the mails and cells in it that need a look."""
    path, name = config.ledger_place, workbook_name(config, workbook)
    if config.on_server:
        yield from _on_server(config, marks_of(config, workbook=workbook), name, now)
        return
    if not path.exists():
        said = {
            "zh": f"还没有运行记录 {path}；第一次运行时建立，只登记旧事项，不发邮件",
            "en": f"no ledger {path} yet; the first run makes it, notes old matters and mails nobody",
        }
        yield Line("ok", said)
        yield from writable(path.parent, "运行记录的文件夹", "the ledger's folder")
        return
    fault = ledger_fault(path)
    if fault:
        yield fault
        return
    yield Line("ok", {"zh": f"运行记录 {path}：完好", "en": f"ledger {path}: sound"})
    yield from writable(path.parent, "运行记录的文件夹", "the ledger's folder")
    yield from (line for line in writable(path.parent / "backups", "备份的文件夹", "the folder of copies") if line.state == "failed")
    yield from _old_copy(config, marks_of(config, workbook=workbook), name)
    yield from _to_look_at(config, name, now)


def _on_server(config: Config, marks: Marks, name: str, now: datetime) -> Iterator[Line]:
    """Whether the server answers, what holds for any ledger beside; nothing is made there."""
    place = config.settings.ledger
    try:
        ledger_of(config, looking=True).close()
    except LedgerFailed as error:
        yield Line("failed", same(str(error)))
        return
    yield Line("ok", {"zh": f"运行记录 {place}：可以连接", "en": f"ledger {place}: it answers"})
    yield from _old_copy(config, marks, name)
    yield from _to_look_at(config, name, now)


def ledger_fault(path: Path) -> Line | None:
    """What is wrong with a ledger, found without writing to it; None if it is sound and of the schema this program knows."""
    known = max(migrations())
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            check, owner, number = (connection.execute(pragma).fetchone()[0] for pragma in PRAGMAS)
    except sqlite3.DatabaseError as error:
        return Line("failed", {"zh": f"运行记录 {path} 不能读取：{error}", "en": f"ledger {path} cannot be read: {error}"}, same(LOST))
    if check != "ok":
        return Line("failed", {"zh": f"运行记录 {path} 已损坏：{check}", "en": f"ledger {path} is damaged: {check}"}, same(LOST))
    if owner != APPLICATION:
        remedy = {"zh": "在设置的 ledger 写另一个文件", "en": "name another file as `ledger` in the settings"}
        return Line("failed", {"zh": f"{path} 不是表管家的运行记录", "en": f"{path} is a database of another program"}, remedy)
    return _version_fault(path, int(number), known)


def _version_fault(path: Path, number: int, known: int) -> Line | None:
    said = {"zh": f"运行记录 {path} 的版本是 {number}，本程序是 {known}", "en": f"ledger {path} has schema {number}, this program {known}"}
    if number > known:
        return Line("failed", said, {"zh": "安装较新的表管家", "en": "install the newer Rowkeeper"})
    if number < known:
        return Line("warning", said, {"zh": "先备份；下次运行时自动升级", "en": "make a backup; the next run upgrades it"})
    return None


def _old_copy(config: Config, marks: Marks, workbook: str) -> Iterator[Line]:
    """Whether the marks outside the ledger know more than it does."""
    with suppress(LedgerFailed), closing(ledger_of(config, looking=True)) as ledger:
        if found := older(marks, ledger, workbook):
            yield Line("failed", found.words, REMEDY)


def _to_look_at(config: Config, workbook: str, now: datetime) -> Iterator[Line]:
    """Mails of this workbook that wait for something, or that nobody knows the fate of, and cells that take no value."""
    try:
        with closing(ledger_of(config, looking=True)) as ledger:
            counts = {state: len(ledger.outbox([state], workbook, limit=10_000)) for state in MAILS}
            refused = _refused(ledger, workbook, now)
    except LedgerFailed as error:
        yield Line("failed", same(str(error)))
        return
    for state, (zh, en, remedy) in MAILS.items():
        if count := counts[state]:
            yield Line("warning", {"zh": f"{count} {zh}", "en": f"{en}: {count}"}, remedy)
    if refused:
        (table, key, column), first = next(iter(refused.items()))
        said = {
            "zh": f"{len(refused)} 个单元格写不进去，第一个：{table} {key} 的 {column}（{first}）",
            "en": f"cells that take no value: {len(refused)}, the first: {table} {key}, {column} ({first})",
        }
        yield Line("warning", said, LOOK_AT_CELLS)


def _refused(ledger: Ledger, workbook: str, now: datetime) -> dict[CellAt, str]:
    """The cells that refused a value when it was last tried, and why; each is tried once a day."""
    runs = [run for run in ledger.runs(workbook, limit=RUNS) if run.counts.get("refused") and run.started_at > now - 2 * RETRIED]
    tried = [row.change for run in runs for row in ledger.changes_of(run.id) if row.state == "refused"]
    cells = list(dict.fromkeys((each.table, each.key, each.column) for each in tried))
    return {cell: last.reason for cell, last in ledger.last_refused(workbook, cells).items() if lasts(last.reason)} if cells else {}
