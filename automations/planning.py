"""Judged tables and memory into a Plan: what to write, what to say, and whether it is safe."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from automations.cells import shown, typed_list
from automations.config import Config
from automations.declarations import Brakes
from automations.errors import PlanRefused
from automations.judging import Judged
from automations.model import CellChange, Column, Finding, Mail, NewKey, Notice, Override, SheetProblem, Transition, Value
from automations.program import Place
from automations.summary import summaries


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything one run wants to do; ordered, printable, refusable whole. It has touched nothing."""

    workbook: str
    automation: str
    now: datetime
    config_hash: str
    read: str
    new_keys: tuple[NewKey, ...] = ()
    changes: tuple[CellChange, ...] = ()
    overrides: tuple[Override, ...] = ()
    notices: tuple[Notice, ...] = ()
    mails: tuple[Mail, ...] = ()
    findings: tuple[Finding, ...] = ()
    transitions: tuple[Transition, ...] = ()
    problems: tuple[SheetProblem, ...] = ()
    lacking: Mapping[str, Place] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    brakes: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Nothing to write and nothing to say."""
        return not (self.new_keys or self.changes or self.notices or self.mails)

    @property
    def fingerprint(self) -> str:
        """A short hash of what the plan would do; the same tables, configuration and clock give the same one."""
        parts = [
            self.workbook,
            self.config_hash,
            *map(repr, (*self.new_keys, *self.changes)),
            *(notice.identity for notice in self.notices),
        ]
        parts += [f"{mail.message_id}{mail.subject}{mail.text}" for mail in self.mails]
        return hashlib.blake2b("\n".join(parts).encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()

    def refuse_if_unsafe(self) -> None:
        """Raises PlanRefused with every brake that tripped."""
        if self.brakes:
            raise PlanRefused(
                "plan refused: "
                + "; ".join(self.brakes)
                + "; look at it with `runner.py plan --html plan.html`, then `runner.py run --force`"
            )

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
        new_keys=tuple(new_keys),
        changes=tuple(changes),
        overrides=tuple(overrides),
        notices=tuple(notices),
        mails=tuple(mails),
        findings=tuple(findings),
        transitions=tuple(_transitions(judged, remembered, now)),
        problems=judged.snapshot.problems,
        lacking=judged.lacking,
        rows=rows,
        brakes=tuple(_brakes(judged, changes, mails, rows, remembered, config.settings.brakes)),
    )


def _differences(judged: Judged, summary: Mapping[Place, Any]) -> Iterable[CellChange]:
    """Every cell of ours that does not hold what it should, in the order of tables, columns and rows."""
    filled = {place: (rule, judged.evaluation.column(*place)) for place, rule in judged.program.writes.items()}
    filled |= {place: (f"{place[0]}/summary", values) for place, values in summary.items()}
    for name, sheet in judged.snapshot.sheets.items():
        for column in sheet.table.columns:
            if column.ours and column.key in sheet.frame.columns and (name, column.key) in filled:
                yield from _changed_cells(judged, name, column, *filled[(name, column.key)])


def _changed_cells(judged: Judged, table: str, column: Column, rule: str, values: Any) -> Iterable[CellChange]:
    sheet = judged.snapshot.sheets[table]
    keys = judged.evaluation.keys(table)
    present = sheet.frame[column.key]
    unreadable = {problem.row for problem in sheet.problems if problem.column == column.key}
    rows = np.flatnonzero(differs(present.array, values) & ~judged.blocked[table] & (keys != ""))
    old = typed_list(present, rows.tolist(), column)
    new = typed_list(pd.Series(values[rows], copy=False), range(len(rows)), column)
    for place, row in enumerate(rows):
        number = int(sheet.rows[row])
        if number not in unreadable:
            yield CellChange(table, str(keys[row]), column.key, old[place], new[place], rule, number)


def differs(present: Any, wanted: Any) -> Any:
    """Where two columns of one dtype differ; two blanks are the same."""
    one, other = (values.to_numpy() if isinstance(values, pd.arrays.DatetimeArray) else values for values in (present, wanted))
    blank, still = np.asarray(pd.isna(one)), np.asarray(pd.isna(other))
    if isinstance(one, np.ndarray):
        unequal = one.astype("datetime64[s]") != np.asarray(other).astype("datetime64[s]")
    else:
        unequal = one.to_numpy(dtype=object, na_value=None) != other.to_numpy(dtype=object, na_value=None)
    return (blank != still) | (unequal & ~blank & ~still)


def _settled_with_people(
    differing: Sequence[CellChange], judged: Judged, remembered: Remembered
) -> tuple[list[CellChange], list[Override]]:
    """A value a person put into a column of ours stays, unless the column says `override: restore`."""
    doubtful = [(change.table, change.key, change.column) for change in differing if change.old is not None]
    ours = remembered.last_applied(doubtful) if doubtful else {}
    changes, overrides = [], []
    for change in differing:
        place = (change.table, change.key, change.column)
        column = judged.snapshot.sheets[change.table].table.column(change.column)
        keeps = column is not None and column.override == "keep"
        if change.old is not None and keeps and ours.get(place) != change.old:
            overrides.append(Override(change.table, change.key, change.column, change.old, change.new, change.row))
        else:
            changes.append(change)
    return changes, overrides


def _transitions(judged: Judged, remembered: Remembered, now: datetime) -> Iterable[Transition]:
    """Watched conditions that are not what they were; a condition never seen to hold is not worth a line."""
    for watch in judged.program.watches:
        keys = judged.evaluation.keys(watch.table)
        flags = judged.evaluation.flags(watch.table, watch.name)
        for row in np.flatnonzero((keys != "") & ~judged.blocked[watch.table]):
            before = remembered.watched.get((watch.table, str(keys[row]), watch.name))
            if bool(flags[row]) != bool(before):
                yield Transition(watch.table, str(keys[row]), watch.name, before, bool(flags[row]), now, remembered.last_run)


def _brakes(
    judged: Judged, changes: Sequence[CellChange], mails: Sequence[Mail], rows: Mapping[str, int], remembered: Remembered, brakes: Brakes
) -> Iterable[str]:
    for name, count in rows.items():
        state = judged.snapshot.sheets[name].table.summary.get("state")
        moved = sum(1 for change in changes if change.table == name and change.column == state and change.old is not None)
        if count >= brakes.state_rows and moved > brakes.state_share * count:
            yield f"{moved} of {count} rows of '{name}' would change state ({moved / count:.0%}), the limit is {brakes.state_share:.0%}"
        before = remembered.rows_before.get(name, 0)
        if before >= brakes.state_rows and before - count > brakes.rows_lost_share * before:
            yield f"table '{name}' has {count} rows, it had {before}; the limit is a loss of {brakes.rows_lost_share:.0%}"
    for problem in judged.snapshot.problems:
        if problem.stops and remembered.rows_before.get(problem.table):
            yield f"table '{problem.table}' could be read before and cannot now: {problem.what.get('en') or problem.what.get('zh')}"
    if len(mails) > brakes.mails_per_run:
        yield f"{len(mails)} mails would go out, the limit is {brakes.mails_per_run}"


def plan_data(plan: Plan) -> dict[str, Any]:
    """The plan as plain data for JSON."""
    return {
        "workbook": plan.workbook,
        "automation": plan.automation,
        "now": f"{plan.now:%Y-%m-%d %H:%M:%S}",
        "fingerprint": plan.fingerprint,
        "config": plan.config_hash,
        "brakes": list(plan.brakes),
        "new_keys": [{"table": new.table, "row": new.row, "key": new.key} for new in plan.new_keys],
        "changes": [_change_data(change) for change in plan.changes],
        "overrides": [
            {"table": each.table, "key": each.key, "column": each.column, "theirs": said(each.theirs), "ours": said(each.ours)}
            for each in plan.overrides
        ],
        "notices": [
            {"identity": each.identity, "state": each.state, "reader": each.reader, "reason": each.reason} for each in plan.notices
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
