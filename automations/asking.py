"""`explain`, `history` and `undo`: questions to the workbook and the ledger, and their answers in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from automations.addressing import addressed
from automations.applying import Receipt, undo
from automations.carried import sensitive_places
from automations.config import Config
from automations.errors import RowkeeperError
from automations.explaining import Explanation, Said, explain
from automations.judging import Judged
from automations.ledgers.protocol import JournalRow, NoticeRecord, RunRecord
from automations.model import CellChange, Notice, Words
from automations.people import People
from automations.planning import said
from automations.program import Place
from automations.quiet import UNTIL, moment_said
from automations.run import World, judge, read, told
from automations.speaking import aside, masked
from automations.versions import Versions, versions
from automations.yamlcheck import closest

NEXT = "\n"
LABELS: Mapping[str, Sequence[str]] = {
    "zh": ("依据：", "读取：", "参数：", "结果：", "日历："),
    "en": ("clause: ", "read: ", "parameter: ", "result: ", "calendar: "),
}
"""What begins a line about a rule that spoke."""
WAITS: Mapping[str, Words] = {
    "deferred": {"zh": "对方下班了，等到 {until} 再发", "en": "deferred, until {until}"},
    "next": {"zh": "下次运行时发出", "en": "the next run sends it"},
}

SAID: Mapping[str, Words] = {
    "no table": {"zh": "没有表“{word}”", "en": "no table '{word}'"},
    "there are": {"zh": "；有：{names}", "en": "; there are {names}"},
    "near": {"zh": "；是不是“{near}”？", "en": "; did you mean '{near}'?"},
    "no run": {"zh": "这个工作簿没有第 {number} 次运行", "en": "no run {number} of this workbook"},
    "newest": {"zh": "；最新的是第 {newest} 次", "en": "; the newest is {newest}"},
    "none": {"zh": "；它还没有运行过", "en": "; there were none"},
    "no runs": {"zh": "还没有运行过", "en": "no runs yet"},
    "undone by": {"zh": "  （已由第 {by} 次运行撤销）", "en": "  (undone by {by})"},
    "undone already": {"zh": "第 {number} 次运行已由第 {by} 次运行撤销", "en": "run {number} was undone by run {by} already"},
    "undone": {
        "zh": "第 {number} 次运行已由第 {by} 次运行撤销：写回 {written} 个单元格，{left} 个没有动",
        "en": "run {number} undone by run {by}: {written} cells written back, {left} left alone",
    },
    "mails stay": {
        "zh": "邮件收不回来：发出的仍有记录，不会再发",
        "en": "mails cannot be undone; what was sent stays noted and is not sent again",
    },
}


def _says(what: str, language: str, **facts: object) -> str:
    return SAID[what][language].format(**facts)


class NotThere(RowkeeperError):
    """What was asked for is not there."""


@dataclass(frozen=True)
class Answer:
    """Why a row is as it is, and who was told about it."""

    explanation: Explanation
    notices: Sequence[NoticeRecord]
    language: str
    waiting: Sequence[Notice] = ()

    def data(self) -> dict[str, Any]:
        records = [{**asdict(each.notice), "state": each.state} for each in self.notices]
        return {**asdict(self.explanation), "notices": [*records, *map(asdict, self.waiting)]}

    def text(self, *, everything: bool = False) -> str:
        explained = self.explanation
        lines = [f"{explained.place} ({explained.key}), {explained.now:%Y-%m-%d %H:%M}", ""]
        for rule in (rule for rule in explained.rules if rule.spoke):
            lines += [*self._spoken(rule), ""]
        silent = [rule for rule in explained.rules if not rule.spoke]
        passed = [rule for rule in silent if rule.silence.startswith(("已检查", "checked"))]
        lines += [self._silent(rule) for rule in silent if everything or rule not in passed]
        if passed and not everything:
            zh = f"○ 另有 {len(passed)} 条规则已检查，没有问题（--all 列出）"
            lines.append(zh if self.language == "zh" else f"○ {len(passed)} more rules were checked and found nothing (--all lists them)")
        lines += [self._told(record) for record in self.notices]
        lines += [self._waits(notice) for notice in self.waiting]
        return "\n".join(lines).rstrip()

    def _spoken(self, rule: Said) -> list[str]:
        words = LABELS[self.language]
        ids = ", ".join(rule.catalogue)
        lines = [f"● {rule.title}  [{rule.rule}]", *([f"    {words[0]}{rule.clause}  {ids}"] if rule.clause or ids else [])]
        lines += [f"    {words[1]}{heading}{aside(address, self.language)} = {value or '-'}" for heading, address, value in rule.inputs]
        lines += [f"    {words[2]}{title} = {value}{aside(clause, self.language)}" for title, value, clause in rule.parameters]
        lines += [f"    {words[4] if place else words[3]}{step}" for place, step in enumerate(rule.walk)]
        lines += [f"    {words[3]}{heading} = {(value or '-').replace(NEXT, f'{NEXT}          ')}" for heading, value in rule.results]
        return lines + [f"    ! {sentence}" for sentence in rule.sentences]

    def _silent(self, rule: Said) -> str:
        return f"○ {rule.title} [{rule.rule}]  {rule.silence}"

    def _told(self, record: NoticeRecord) -> str:
        notice = record.notice
        reason = f", {notice.reason}" if notice.reason else ""
        return f"✉ {notice.rule} {notice.rung} -> {notice.reader} <{notice.address}>: {record.state}{reason}"

    def _waits(self, notice: Notice) -> str:
        """A notice not claimed yet: deferred until its reader is at work, or sent by the next run."""
        state = WAITS["deferred" if UNTIL in notice.facts else "next"][self.language]
        until = moment_said(datetime.fromisoformat(notice.facts[UNTIL]), self.language) if UNTIL in notice.facts else ""
        return f"✉ {notice.rule} {notice.rung} -> {notice.reader} <{notice.address}>: {state.format(until=until)}"


def explain_row(world: World, table: str, key: str, now: datetime) -> Answer:
    """Every rule about one row.

    Raises NotThere when the table or the key is not there, with the nearest one.
    """
    name = table_named(world.config, table)
    snapshot, _ = read(world, now)
    judged = judge(world, snapshot, now)
    try:
        explanation = explain(judged, world.config, name, key)
    except KeyError as missing:
        near = closest(key, map(str, judged.evaluation.keys(name))) if name in snapshot.sheets else None
        raise NotThere(f"{missing.args[0]}" + (_says("near", world.config.language, near=near) if near else "")) from None
    records = world.ledger.notices_about(world.workbook.name, name, key)
    return Answer(explanation, records, world.config.language, _to_come(world, judged, name, key, now))


def _to_come(world: World, judged: Judged, table: str, key: str, now: datetime) -> list[Notice]:
    """The notices about a row that the next run would send, and those that wait until their reader is at work."""
    row = int(np.flatnonzero(judged.evaluation.keys(table) == key)[0])
    new, deferred = addressed(judged, world.config, People(judged, world.config), told(world, now), now, (table, row))
    return [each.notice for each in (*new, *deferred) if each.notice.state in ("planned", "deferred")]


def table_named(config: Config, word: str) -> str:
    """A table by its name or its title in any language."""
    names = {title: name for name, table in config.tables.items() for title in (*table.title.values(), *table.aliases)} | {
        name: name for name in config.tables
    }
    if word not in names:
        near, language = closest(word, names), config.language
        listed = _says("there are", language, names=("、" if language == "zh" else ", ").join(config.tables))
        raise NotThere(_says("no table", language, word=word) + (_says("near", language, near=near) if near else listed))
    return names[word]


@dataclass(frozen=True)
class History:
    """The runs so far, or one run with all it wrote."""

    runs: Sequence[RunRecord]
    language: str
    changes: Sequence[JournalRow] = ()
    notices: Sequence[NoticeRecord] = ()

    def data(self) -> dict[str, Any]:
        return {
            "runs": [asdict(run) for run in self.runs],
            "changes": [{"state": row.state, "reason": row.reason, **asdict(row.change)} for row in self.changes],
            "notices": [{**asdict(each.notice), "state": each.state} for each in self.notices],
        }

    def text(self) -> str:
        lines = [_run_line(run, self.language) for run in self.runs] or [_says("no runs", self.language)]
        lines += [_change_line(row) for row in self.changes]
        lines += [
            f"  ✉ {each.notice.rule} {each.notice.rung} {each.notice.key} -> {each.notice.reader}: {each.state}" for each in self.notices
        ]
        return "\n".join(lines)


def _run_line(run: RunRecord, language: str) -> str:
    counts = ", ".join(f"{count} {what}" for what, count in run.counts.items() if count)
    undone = _says("undone by", language, by=run.undone_by) if run.undone_by else ""
    reason = f"  {run.reason}" if run.reason else ""
    return f"{run.id:>4}  {run.started_at:%Y-%m-%d %H:%M}  {run.automation:<10} {run.state:<8} {counts}{reason}{undone}"


def _change_line(row: JournalRow) -> str:
    change = row.change
    what = f"{said(change.old) or '-'} -> {said(change.new) or '-'}" if isinstance(change, CellChange) else "numbered"
    return f"  {row.state:<8} {change.table} {change.key} {change.column}: {what}" + (f"  ({row.reason})" if row.reason else "")


def history(world: World, run: int | str | None, limit: int) -> History | Versions:
    """The newest runs, one of them in full, or with `config` the versions of the configuration.

    Raises NotThere for a run that never was.
    """
    if isinstance(run, str):
        return versions(world.ledger, world.config.language, limit)
    if run is None:
        return History(world.ledger.runs(world.workbook.name, limit), world.config.language)
    sensitive = sensitive_places(world.config.tables)
    changes = [_shown(row, sensitive) for row in world.ledger.changes_of(run)]
    return History([_run(world, run)], world.config.language, changes, world.ledger.notices_of(run))


def _shown(row: JournalRow, sensitive: frozenset[Place]) -> JournalRow:
    """A line of the journal as it may be shown."""
    return replace(row, change=masked(row.change, sensitive)) if isinstance(row.change, CellChange) else row


def _run(world: World, number: int) -> RunRecord:
    runs = world.ledger.runs(world.workbook.name, limit=1_000_000)
    found = next((run for run in runs if run.id == number), None)
    if found is None:
        language = world.config.language
        newest = _says("newest", language, newest=runs[0].id) if runs else _says("none", language)
        raise NotThere(_says("no run", language, number=number) + newest)
    return found


@dataclass(frozen=True)
class Undone:
    """What undoing wrote back, and what people had changed since."""

    run: int
    receipt: Receipt
    language: str

    def data(self) -> dict[str, Any]:
        refused = [
            {"table": change.table, "key": change.key, "column": change.column, "reason": reason}
            for change, reason in self.receipt.written.refused
        ]
        return {"run": self.run, "undone_by": self.receipt.run_id, "written": len(self.receipt.written.written), "left_alone": refused}

    def text(self) -> str:
        written, refused = self.receipt.written.written, self.receipt.written.refused
        counts = {"number": self.run, "by": self.receipt.run_id, "written": len(written), "left": len(refused)}
        lines = [_says("undone", self.language, **counts)]
        colon = "：" if self.language == "zh" else ": "
        lines += [f"  {change.table} {change.key} {change.column}{colon}{reason}" for change, reason in refused]
        return "\n".join([*lines, _says("mails stay", self.language)])


def undo_run(world: World, number: int, now: datetime) -> Undone:
    """Take a run back where its values still stand.

    Raises NotThere for a run that never was or was taken back before.
    """
    record = _run(world, number)
    language = world.config.language
    if record.undone_by:
        raise NotThere(_says("undone already", language, number=number, by=record.undone_by))
    snapshot, _ = read(world, now)
    return Undone(number, undo(number, now, snapshot, world.workbook, world.ledger, world.config.hash, language), language)
