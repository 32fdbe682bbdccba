"""Judged tables and memory into a Plan: what to write, what to say, and whether it is safe."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from automations.cells import shown, typed_list, typed_values
from automations.config import Config
from automations.errors import PlanRefused
from automations.judging import Judged
from automations.keeping import differs, makers_named
from automations.model import (
    CellChange,
    Column,
    Finding,
    Mail,
    NewKey,
    NewRow,
    Notice,
    Override,
    SheetProblem,
    Table,
    Transition,
    Value,
    Words,
)
from automations.moved import moved
from automations.program import Place
from automations.summary import setters, summaries
from automations.workbooks.protocol import fitted

STOPPED: Words = {
    "zh": "计划被安全闸拦下，没有写入也没有发信: {brakes}。先看 `runner.py plan --html plan.html`，没问题再用 `runner.py run --force` 放行",
    "en": "plan refused: {brakes}; look at it with `runner.py plan --html plan.html`, then `runner.py run --force`",
}
BRAKES: Mapping[str, Words] = {
    "states": {
        "zh": "“{title}”共 {count} 行，其中 {moved} 行的状态将改变({share})，上限是 {limit}",
        "en": "{moved} of {count} rows of '{title}' would change state ({share}), the limit is {limit}",
    },
    "rows lost": {
        "zh": "“{title}”只有 {count} 行，上次有 {before} 行；最多允许减少 {limit}",
        "en": "'{title}' has {count} rows, it had {before}; the limit is a loss of {limit}",
    },
    "gone": {
        "zh": "“{title}”以前读得到，现在读不到: {what}",
        "en": "'{title}' could be read before and cannot now: {what}",
    },
    "rows added": {
        "zh": "“{title}”原有 {count} 行，将新增 {added} 行，上限是 {limit} 行",
        "en": "'{title}' has {count} rows and {added} would be appended, the limit is {limit}",
    },
    "mails": {"zh": "将发出 {count} 封邮件，上限是 {limit} 封", "en": "{count} mails would go out, the limit is {limit}"},
}


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything one run wants to do; ordered, printable, refusable whole. It has touched nothing."""

    workbook: str
    automation: str
    now: datetime
    config_hash: str
    read: str
    language: str = "zh"
    new_keys: tuple[NewKey, ...] = ()
    new_rows: tuple[NewRow, ...] = ()
    changes: tuple[CellChange, ...] = ()
    overrides: tuple[Override, ...] = ()
    notices: tuple[Notice, ...] = ()
    mails: tuple[Mail, ...] = ()
    deferred: tuple[Notice, ...] = ()
    """Notices that wait until their reader is at work; nothing of them is recorded, the next run looks anew."""
    resting: tuple[str, ...] = ()
    """Message ids of mails that failed to leave before and now wait until their reader is at work."""
    findings: tuple[Finding, ...] = ()
    transitions: tuple[Transition, ...] = ()
    waiting: tuple[tuple[str, str, str | None], ...] = ()
    problems: tuple[SheetProblem, ...] = ()
    lacking: Mapping[str, Place] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    brakes: tuple[Words, ...] = ()

    @property
    def empty(self) -> bool:
        """Nothing to write and nothing to say."""
        return not (self.new_keys or self.new_rows or self.changes or self.notices or self.mails)

    @property
    def fingerprint(self) -> str:
        """A short hash of what the plan would do; the same tables, configuration and clock give the same one."""
        parts = [
            self.workbook,
            self.config_hash,
            *map(repr, (*self.new_keys, *self.new_rows, *self.changes)),
            *(notice.identity for notice in self.notices),
        ]
        parts += [f"{mail.message_id}{mail.subject}{mail.text}" for mail in self.mails]
        return hashlib.blake2b("\n".join(parts).encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()

    def refuse_if_unsafe(self, language: str) -> None:
        """Raises PlanRefused with every brake that tripped, in this language, and the command that releases it."""
        if self.brakes:
            said = [brake.get(language) or brake["zh"] for brake in self.brakes]
            raise PlanRefused(STOPPED[language].format(brakes=("；" if language == "zh" else "; ").join(said)))

    def as_json(self) -> str:
        """The plan as JSON, byte for byte the same for the same inputs."""
        return json.dumps(plan_data(self), ensure_ascii=False, indent=2, sort_keys=True)


@dataclass(frozen=True)
class Remembered:
    """What planning needs from the ledger."""

    first_contact: bool
    last_applied: Callable[[Sequence[tuple[str, str, str]]], Mapping[tuple[str, str, str], Value]]
    watched: Mapping[tuple[str, str, str], bool]
    last_run: datetime | None
    rows_before: Mapping[str, int]
    astray: Set[tuple[str, str, Value]] = frozenset()
    """Values by table and column that are ours in whatever row they stand."""


def make_plan(
    judged: Judged,
    config: Config,
    remembered: Remembered,
    findings: Sequence[Finding],
    notices: Sequence[Notice],
    mails: Sequence[Mail],
    new_keys: Sequence[NewKey],
    now: datetime,
    automation: str,
) -> Plan:
    """The plan of one run."""
    differing = list(_differences(judged, summaries(judged, findings, config.language)))
    changes, overrides = _settled_with_people(differing, judged, remembered)
    rows = {name: len(sheet.rows) for name, sheet in judged.snapshot.sheets.items()}
    return Plan(
        workbook=judged.snapshot.workbook,
        automation=automation,
        now=now,
        config_hash=config.hash,
        read=judged.snapshot.fingerprint,
        language=config.language,
        new_keys=tuple(new_keys),
        new_rows=judged.new_rows,
        changes=tuple(changes),
        overrides=tuple(overrides),
        notices=tuple(notices),
        mails=tuple(mails),
        findings=tuple(findings),
        transitions=tuple(_transitions(judged, remembered, now)),
        waiting=tuple(_waiting(judged)),
        problems=judged.snapshot.problems,
        lacking=judged.lacking,
        rows=rows,
        brakes=tuple(_brakes(judged, config, changes, mails, rows, remembered)),
    )


def _differences(judged: Judged, summary: Mapping[Place, Any]) -> Iterable[CellChange]:
    """Every cell of ours that does not hold what it should, in the order of tables, columns and rows."""
    filled = {place: (rule, judged.evaluation.column(*place)) for place, rule in judged.program.writes.items()}
    filled |= {place: (f"{place[0]}/summary", values) for place, values in summary.items()}
    for name, sheet in judged.snapshot.sheets.items():
        governed = setters(judged, name) | makers_named(judged, name)
        for column in sheet.table.columns:
            if column.ours and column.key in sheet.frame.columns and (name, column.key) in filled:
                rule, values = filled[(name, column.key)]
                yield from _changed_cells(judged, name, column, governed.get(column.key, rule), values)


def _changed_cells(judged: Judged, table: str, column: Column, rule: Any, values: Any) -> Iterable[CellChange]:
    """The cells of one column that differ; `rule` names the rule, or is an array that names it for every row.

    What cannot be read is a person's: it stays where the column keeps people's values, and is written over where it does not.
    """
    sheet = judged.snapshot.sheets[table]
    keys = judged.evaluation.keys(table)
    present = sheet.frame[column.key]
    odd = {problem.row: problem.shown for problem in sheet.problems if problem.column == column.key}
    unread = np.isin(np.asarray(sheet.rows), list(odd)) if odd else False
    rows = np.flatnonzero((differs(present.array, values) | unread) & ~judged.blocked[table] & (keys != "")).tolist()
    if not rows:
        return
    old = typed_list(present, rows, column)
    new = typed_values(values[rows], column)
    for place, row in enumerate(rows):
        number, wanted = sheet.rows[row], holdable(new[place])
        held = odd.get(number, old[place])
        if wanted != held and (number not in odd or column.override == "restore"):
            yield CellChange(table, str(keys[row]), column.key, held, wanted, rule if isinstance(rule, str) else rule[row], number)


def holdable(value: Value) -> Value:
    """A value as a cell can hold it: a text that is too long is cut, so that the next run finds what it wants to write."""
    return fitted(value) if isinstance(value, str) else value


def _settled_with_people(
    differing: Sequence[CellChange], judged: Judged, remembered: Remembered
) -> tuple[list[CellChange], list[Override]]:
    """A value a person put into a column of ours stays, unless the column says `override: restore`."""
    doubtful = [(change.table, change.key, change.column) for change in differing if change.old is not None]
    ours = remembered.last_applied(doubtful) if doubtful else {}
    displaced = _displaced(differing, ours)
    changes, overrides = [], []
    for change in differing:
        place = (change.table, change.key, change.column)
        column = judged.snapshot.sheets[change.table].table.column(change.column)
        keeps = column is not None and column.override == "keep"
        strange = change.old is not None and ours.get(place) != change.old and place not in displaced
        if strange and keeps and (change.table, change.column, change.old) not in remembered.astray:
            overrides.append(Override(change.table, change.key, change.column, change.old, change.new, change.row))
        else:
            changes.append(change)
    return changes, overrides


def _displaced(differing: Sequence[CellChange], ours: Mapping[tuple[str, str, str], Value]) -> set[tuple[str, str, str]]:
    """Cells whose values people moved and did not type, column by column."""
    columns: dict[tuple[str, str], dict[tuple[str, str, str], Value]] = {}
    for change in differing:
        place = (change.table, change.key, change.column)
        if change.old is not None and place in ours and ours[place] != change.old:
            columns.setdefault((change.table, change.column), {})[place] = change.old
    return {place for held in columns.values() for place in moved(held, ours)}


def _transitions(judged: Judged, remembered: Remembered, now: datetime) -> Iterable[Transition]:
    """Watched conditions that are not what they were; a condition never seen to hold is not worth a line."""
    for watch in judged.program.watches:
        keys = judged.evaluation.keys(watch.table)
        flags = judged.evaluation.flags(watch.table, watch.name)
        seen = [key for table, key, name in remembered.watched if (table, name) == (watch.table, watch.name)]
        for row in np.flatnonzero((flags | pd.Index(keys).isin(seen)) & (keys != "") & ~judged.blocked[watch.table]):
            before = remembered.watched.get((watch.table, str(keys[row]), watch.name))
            if bool(flags[row]) != bool(before):
                yield Transition(watch.table, str(keys[row]), watch.name, before, bool(flags[row]), now, remembered.last_run)


def _waiting(judged: Judged) -> Iterable[tuple[str, str, str | None]]:
    """The rows somebody is waited for or an alert speaks of, by rule, key and column; the ledger remembers since when."""
    for spec, rows in judged.spoken("waiting", "alert"):
        keys = judged.evaluation.keys(spec.table)
        yield from ((spec.rule, str(keys[row]), spec.column) for row in rows)


def _brakes(
    judged: Judged,
    config: Config,
    changes: Sequence[CellChange],
    mails: Sequence[Mail],
    rows: Mapping[str, int],
    remembered: Remembered,
) -> Iterable[Words]:
    """Why this plan must not be carried out without a person's word."""
    brakes = config.settings.brakes
    for name, count in rows.items():
        table, before = judged.snapshot.sheets[name].table, remembered.rows_before.get(name, 0)
        moved = sum(
            1 for change in changes if (change.table, change.column) == (name, table.summary.get("state")) and change.old is not None
        )
        if count >= brakes.state_rows and moved > brakes.state_share * count:
            yield _stop("states", table, moved=moved, count=count, share=f"{moved / count:.0%}", limit=f"{brakes.state_share:.0%}")
        if before >= brakes.state_rows and before - count > brakes.rows_lost_share * before:
            yield _stop("rows lost", table, count=count, before=before, limit=f"{brakes.rows_lost_share:.0%}")
    for problem in judged.snapshot.problems:
        if problem.table not in judged.snapshot.sheets and remembered.rows_before.get(problem.table):
            yield _stop("gone", config.tables[problem.table], what=problem.what)
    for name, added in Counter(row.table for row in judged.new_rows).items():
        before = rows[name] - added
        if before and added > brakes.rows_added:
            yield _stop("rows added", judged.snapshot.sheets[name].table, count=before, added=added, limit=brakes.rows_added)
    if len(mails) > brakes.mails_per_run:
        yield _stop("mails", None, count=len(mails), limit=brakes.mails_per_run)


def _stop(name: str, table: Table | None, **facts: object) -> Words:
    """One brake in every language; a fact that is itself words is said in the same language."""
    return {
        language: text.format(title=table.heading(language) if table else "", **{key: _in(language, fact) for key, fact in facts.items()})
        for language, text in BRAKES[name].items()
    }


def _in(language: str, fact: object) -> object:
    return str(fact.get(language) or fact.get("zh", "")).rstrip("。.") if isinstance(fact, Mapping) else fact


def plan_data(plan: Plan) -> dict[str, Any]:
    """The plan as plain data for JSON."""
    return {
        "workbook": plan.workbook,
        "automation": plan.automation,
        "now": f"{plan.now:%Y-%m-%d %H:%M:%S}",
        "fingerprint": plan.fingerprint,
        "config": plan.config_hash,
        "brakes": [dict(brake) for brake in plan.brakes],
        "new_keys": [{"table": new.table, "row": new.row, "key": new.key} for new in plan.new_keys],
        "new_rows": [{"table": new.table, "row": new.row, "key": new.key, "rule": new.rule} for new in plan.new_rows],
        "changes": [_change_data(change) for change in plan.changes],
        "overrides": [
            {"table": each.table, "key": each.key, "column": each.column, "theirs": said(each.theirs), "ours": said(each.ours)}
            for each in plan.overrides
        ],
        "notices": [
            {"identity": each.identity, "state": each.state, "reader": each.reader, "reason": each.reason}
            for each in (*plan.notices, *plan.deferred)
        ],
        "mails": [{"to": mail.to, "reader": mail.reader, "subject": mail.subject, "text": mail.text} for mail in plan.mails],
        "findings": [finding_data(finding) for finding in plan.findings],
        "problems": [{"table": each.table, "what": dict(each.what), "stops": each.stops} for each in plan.problems],
        "not_applicable": {rule: f"{place[0]}.{place[1]}" for rule, place in sorted(plan.lacking.items())},
    }


def _change_data(change: CellChange) -> dict[str, Any]:
    fields = ("table", "key", "column", "row", "rule")
    return {**{name: getattr(change, name) for name in fields}, "old": said(change.old), "new": said(change.new)}


def finding_data(finding: Finding) -> dict[str, Any]:
    """A finding as plain data for JSON."""
    fields = ("rule", "level", "table", "key", "row", "column", "address", "value", "clause", "owner")
    return {**{name: getattr(finding, name) for name in fields}, "sentence": dict(finding.sentence), "fix": dict(finding.fix)}


def said(value: Value) -> str | None:
    """A value as people read it; None for a blank."""
    kinds: list[tuple[type, Any]] = [(bool, "boolean"), (datetime, "datetime"), (int, "integer"), (str, "text")]
    kind = next((name for each, name in kinds if isinstance(value, each)), None)
    return None if value is None else shown(value, kind, "zh") if kind else str(value)
