"""Judged tables and memory into a Plan: what to write, what to say, and whether it is safe."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from automations.adopting import Adopted, adopted
from automations.apart import gone_marks
from automations.brakes import run_brakes
from automations.carried import sensitive_places
from automations.cells import shown, typed_list, typed_values
from automations.config import Config
from automations.customers import RELEASE, draft_findings
from automations.decisions import Known, place_of, settled_with_people
from automations.errors import PlanRefused
from automations.judging import Judged
from automations.keeping import differs, makers_named
from automations.ledgers.protocol import CellAt, LastRefused
from automations.model import (
    CellChange,
    Column,
    Finding,
    Mail,
    NewKey,
    NewRow,
    Notice,
    Outgoing,
    Override,
    SheetProblem,
    Transition,
    Tripped,
    Value,
    Words,
)
from automations.program import Place
from automations.releasing import Sorted, Spoken, Waiting, sort_mails
from automations.shadowing import Shadow, in_shadow, parted
from automations.speaking import masked
from automations.summary import setters, summaries
from automations.workbooks.protocol import fitted, lasts

STOPPED: Words = {
    "zh": "计划被安全闸拦下，没有写入也没有发信：{brakes}。先看 `runner.py plan --html plan.html`，没问题再用 `runner.py run --force` 放行",
    "en": "plan refused: {brakes}; look at it with `runner.py plan --html plan.html`, then `runner.py run --force`",
}
RETRIED = timedelta(days=1)
"""How long a cell that refused a value is left alone while nothing changes: by then staff may have undone the merge or the formula."""


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
    brakes: tuple[Tripped, ...] = ()
    sorted: Sorted = field(default_factory=Sorted)
    shadow: Shadow = field(default_factory=Shadow)
    refused: tuple[tuple[CellChange, str], ...] = ()
    adopted: Adopted = field(default_factory=Adopted)
    policies: frozenset[str] | None = None
    """The policies the workbook has been looked at with after this run; None where that cannot be known."""
    sensitive: frozenset[Place] = frozenset()
    """Columns whose values are shown nowhere."""
    judged_rules: frozenset[str] | None = None
    """The rules this plan speaks for, None for all: a finding of another rule is not fixed because it was not looked for."""

    @property
    def empty(self) -> bool:
        """Nothing to write, nothing to say, and nothing in the outbox to change."""
        outbox = self.sorted.anew or self.sorted.withdrawn or self.sorted.ticked
        return not (self.new_keys or self.new_rows or self.changes or self.notices or self.mails or outbox)

    @property
    def mails(self) -> tuple[Mail, ...]:
        """The mails that leave."""
        return self.sorted.mails

    @property
    def drafts(self) -> tuple[Outgoing, ...]:
        """The letters to customers that wait to be released."""
        return tuple(each for each in self.sorted.waiting if each.way == "draft")

    @property
    def held(self) -> tuple[Outgoing, ...]:
        """The mails a brake holds."""
        return tuple(each for each in self.sorted.waiting if each.way != "draft")

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
        parts += [f"{kept.state}{kept.mail.message_id}{kept.mail.subject}{kept.mail.text}" for kept in self.sorted.anew]
        return hashlib.blake2b("\n".join(parts).encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()

    def refuse_if_unsafe(self, language: str) -> None:
        """Raises PlanRefused with every brake that tripped, in this language, and the command that releases it."""
        if self.brakes:
            said = [brake.words.get(language) or brake.words["zh"] for brake in self.brakes]
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
    decided: Mapping[str, Mapping[CellAt, Value]] = field(default_factory=dict)
    """Values of people's that stood in columns of ours after the last run, by table; a table nobody looked at so is not in it."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """A hash of the keys of each table at the last run."""
    strangers: Callable[[str, Sequence[str]], Set[str]] = lambda _, __: frozenset()
    """The keys among these of which no cell of a table is known."""
    last_refused: Callable[[Sequence[CellAt]], Mapping[CellAt, LastRefused]] = lambda _: {}
    waiting: Waiting = field(default_factory=Waiting)


def make_plan(
    judged: Judged,
    config: Config,
    remembered: Remembered,
    findings: Sequence[Finding],
    notices: Sequence[Notice],
    spoken: Spoken,
    new_keys: Sequence[NewKey],
    now: datetime,
    automation: str,
) -> Plan:
    """The plan of one run."""
    shadows = in_shadow(config)
    ticks = list(_ticks(judged, remembered, now))
    waiting = replace(remembered.waiting, ticked={(tick.table, tick.key) for tick in ticks if tick.new})
    sorted_mails = sort_mails(spoken, waiting, config.settings.brakes)
    found, dark_findings = parted(findings, shadows)
    found += draft_findings(judged, sorted_mails.waiting)
    live_rows, dark_rows = parted(judged.new_rows, shadows)
    unmade = {(row.table, row.key) for row in dark_rows}
    differing, dark = parted(_differences(judged, summaries(judged, found, config.language, shadows)), shadows)
    others = {place_of(change) for change in (*differing, *dark)}
    differing = [change for change in differing if (change.table, change.key) not in unmade]
    differing += gone_marks(judged.snapshot, config.language)
    known = Known(remembered.last_applied, remembered.decided, remembered.astray)
    changes, overrides = settled_with_people(differing, judged, known)
    changes, refused = _without_refused(changes, remembered, now)
    rows = {name: len(sheet.rows) for name, sheet in judged.snapshot.sheets.items()}
    return Plan(
        workbook=judged.snapshot.workbook,
        automation=automation,
        now=now,
        config_hash=config.hash,
        read=judged.snapshot.fingerprint,
        language=config.language,
        new_keys=tuple(new_keys),
        new_rows=tuple(live_rows),
        changes=tuple(changes),
        overrides=tuple(overrides),
        notices=tuple(notice for notice in notices if notice.identity not in sorted_mails.unchanged),
        findings=tuple(found),
        transitions=(*_transitions(judged, remembered, now), *ticks),
        waiting=tuple(_waiting(judged)),
        problems=judged.snapshot.problems,
        lacking=judged.lacking,
        rows=rows,
        brakes=tuple(run_brakes(judged, config, changes, rows, remembered.rows_before)),
        sorted=sorted_mails,
        shadow=Shadow(tuple(dark), tuple(dark_findings), sorted_mails.shadow),
        refused=tuple(refused),
        adopted=adopted(judged, others, remembered.keys, remembered.strangers),
        sensitive=sensitive_places(config.tables),
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


def _without_refused(
    changes: Sequence[CellChange], remembered: Remembered, now: datetime
) -> tuple[list[CellChange], list[tuple[CellChange, str]]]:
    """The changes without those their cell has just refused, such as a formula or a merged cell: told, and tried again a day later."""
    last = remembered.last_refused([place_of(change) for change in changes]) if changes else {}
    plain: list[CellChange] = []
    refused: list[tuple[CellChange, str]] = []
    for change in changes:
        before = last.get(place_of(change))
        if before and (before.old, before.new) == (change.old, change.new) and now - before.tried_at < RETRIED and lasts(before.reason):
            refused.append((change, before.reason))
        else:
            plain.append(change)
    return plain, refused


def _transitions(judged: Judged, remembered: Remembered, now: datetime) -> Iterable[Transition]:
    """Watched conditions that are not what they were; a condition never seen to hold is not worth a line."""
    for watch in judged.program.watches:
        yield from _turned(judged, remembered, now, watch.table, watch.name, judged.evaluation.flags(watch.table, watch.name))


def _ticks(judged: Judged, remembered: Remembered, now: datetime) -> Iterable[Transition]:
    """The rows whose column 放行 was ticked or unticked since the last run."""
    for name, sheet in judged.snapshot.sheets.items():
        if RELEASE in sheet.frame.columns:
            flags = sheet.frame[RELEASE].to_numpy(dtype=bool, na_value=False)
            yield from _turned(judged, remembered, now, name, RELEASE, flags)


def _turned(judged: Judged, remembered: Remembered, now: datetime, table: str, name: str, flags: Any) -> Iterable[Transition]:
    keys = judged.evaluation.keys(table)
    seen = [key for where, key, watch in remembered.watched if (where, watch) == (table, name)]
    for row in np.flatnonzero((flags | pd.Index(keys).isin(seen)) & (keys != "") & ~judged.blocked[table]):
        before = remembered.watched.get((table, str(keys[row]), name))
        if bool(flags[row]) != bool(before):
            yield Transition(table, str(keys[row]), name, before, bool(flags[row]), now, remembered.last_run)


def _waiting(judged: Judged) -> Iterable[tuple[str, str, str | None]]:
    """The rows somebody is waited for or an alert speaks of, by rule, key and column; the ledger remembers since when."""
    for spec, rows in judged.spoken("waiting", "alert"):
        keys = judged.evaluation.keys(spec.table)
        yield from ((spec.rule, str(keys[row]), spec.column) for row in rows)


def plan_data(plan: Plan) -> dict[str, Any]:
    """The plan as plain data for JSON."""
    return {
        "workbook": plan.workbook,
        "automation": plan.automation,
        "now": f"{plan.now:%Y-%m-%d %H:%M:%S}",
        "fingerprint": plan.fingerprint,
        "config": plan.config_hash,
        "brakes": [dict(brake.words) for brake in plan.brakes],
        "new_keys": [{"table": new.table, "row": new.row, "key": new.key} for new in plan.new_keys],
        "new_rows": [{"table": new.table, "row": new.row, "key": new.key, "rule": new.rule} for new in plan.new_rows],
        "changes": [_change_data(change, plan) for change in plan.changes],
        "overrides": [_override_data(each, plan) for each in plan.overrides],
        "notices": [
            {"identity": each.identity, "state": each.state, "reader": each.reader, "reason": each.reason}
            for each in (*plan.notices, *plan.deferred)
        ],
        "mails": [_mail_data(mail) for mail in plan.mails],
        **waiting_data(plan),
        "findings": [finding_data(finding) for finding in plan.findings],
        "problems": [{"table": each.table, "what": dict(each.what), "stops": each.stops} for each in plan.problems],
        "not_applicable": {rule: f"{place[0]}.{place[1]}" for rule, place in sorted(plan.lacking.items())},
    }


def waiting_data(plan: Plan) -> dict[str, Any]:
    """What waits for a person, and what is only shown."""
    return {
        "held_by": [dict(brake.words) for brake in plan.sorted.tripped],
        "held": [_mail_data(each.mail) for each in plan.held],
        "drafts": [_mail_data(each.mail) for each in plan.drafts],
        "refused": [{**_change_data(change, plan), "reason": why} for change, why in plan.refused],
        "shadow": {
            "changes": [_change_data(change, plan) for change in plan.shadow.changes],
            "findings": [finding_data(finding) for finding in plan.shadow.findings],
            "mails": [_mail_data(each.mail) for each in plan.shadow.mails],
        },
    }


def _mail_data(mail: Mail) -> dict[str, Any]:
    return {"to": mail.to, "reader": mail.reader, "subject": mail.subject, "text": mail.text}


def _change_data(change: CellChange, plan: Plan) -> dict[str, Any]:
    fields, shown_as = ("table", "key", "column", "row", "rule"), masked(change, plan.sensitive)
    return {**{name: getattr(change, name) for name in fields}, "old": said(shown_as.old), "new": said(shown_as.new)}


def _override_data(each: Override, plan: Plan) -> dict[str, Any]:
    both = masked(CellChange(each.table, each.key, each.column, each.theirs, each.ours, "", each.row), plan.sensitive)
    return {"table": each.table, "key": each.key, "column": each.column, "theirs": said(both.old), "ours": said(both.new)}


def finding_data(finding: Finding) -> dict[str, Any]:
    """A finding as plain data for JSON."""
    fields = ("rule", "level", "table", "key", "row", "column", "address", "value", "clause", "owner")
    return {**{name: getattr(finding, name) for name in fields}, "sentence": dict(finding.sentence), "fix": dict(finding.fix)}


def said(value: Value) -> str | None:
    """A value as people read it; None for a blank."""
    kinds: list[tuple[type, Any]] = [(bool, "boolean"), (datetime, "datetime"), (int, "integer"), (str, "text")]
    kind = next((name for each, name in kinds if isinstance(value, each)), None)
    return None if value is None else shown(value, kind, "zh") if kind else str(value)
