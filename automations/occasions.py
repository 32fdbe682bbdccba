"""Occasions: which rungs of which ladders have come for which rows, before anybody is addressed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from automations.clocks import OPEN, moved, parse_length
from automations.customers import CUSTOMER
from automations.declarations import NoticeFile, Rung
from automations.holding import END, held, hold_rule, over
from automations.judging import Judged
from automations.program import ClockSpec, FindingSpec
from automations.rungconditions import condition_name
from automations.summary import governing

Since = Callable[[str, str, str | None], datetime | None]
"""When (rule, key, column) was first seen; None when it is seen for the first time."""
AFTER = np.timedelta64(1, "s")
"""At the due second itself a promise is still kept; the rung `due` comes when it is over."""
NEVER = datetime.max
HOLD_ENDED = "hold-ended"
"""The template that says that a hold is over."""


@dataclass(frozen=True)
class Moment:
    """When a rung comes: a share of the clock, or a length before or after its start or due time."""

    share: float | None = None
    from_start: bool = False
    amount: int = 0
    unit: str = "working_days"


@dataclass(frozen=True)
class Ahead:
    """The next time a ladder tells somebody, if nothing is done until then."""

    at: datetime
    to: tuple[str, ...]


@dataclass(frozen=True)
class Occasion:
    """One row at one rung: who is to be told, with which template, and how often it has come."""

    policy: str
    rule: str
    table: str
    row: int
    rung: str
    times: int
    to: tuple[str, ...]
    template: str
    clock: ClockSpec | None = None
    finding: FindingSpec | None = None
    overtaken: bool = False
    came: datetime = NEVER
    due: datetime | None = None
    start: datetime | None = None
    quiet: bool = True
    ahead: Ahead | None = None


def parse_moment(at: str) -> Moment:
    """`80%`, `start`, `due`, `ready`, `due + 1 working day`, `due - 2 hours`, `ready + 1 working day`.

    Raises ValueError saying what may stand there.
    """
    text = at.strip()
    if share := re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text):
        return Moment(share=float(share[1]) / 100)
    match = re.fullmatch(r"(start|due|ready)(?:\s*([+-])\s*(.+))?", text)
    if not match:
        raise ValueError(f"'{at}' is no moment; write '80%', 'start', 'due', 'due + 1 working day' or 'due - 2 hours'")
    if not match[2]:
        return Moment(from_start=match[1] != "due")
    amount, unit = parse_length(match[3])
    return Moment(from_start=match[1] != "due", amount=amount if match[2] == "+" else -amount, unit=unit)


def parse_repeat(text: str) -> tuple[int, str]:
    """`every 1 working day` as (1, "working_days").

    Raises ValueError saying what may stand there.
    """
    if not text.startswith("every "):
        raise ValueError(f"'{text}' is no repeat; write 'every 1 working day'")
    return parse_length(text.removeprefix("every "))


def clock_occasions(judged: Judged, policy: str, notice: NoticeFile, clock: ClockSpec, counts: Any, enforced: Any) -> Iterable[Occasion]:
    """The rungs of one ladder that have come, for the rows whose clock runs: the highest, and those it overtakes."""
    evaluation = judged.evaluation
    codes = evaluation.integers(clock.table, clock.state)
    rows = np.flatnonzero(np.isin(codes, OPEN) & counts & enforced & tellable(judged, clock.table))
    if not len(rows):
        return
    start, due = evaluation.times(clock.table, clock.start)[rows], evaluation.times(clock.table, clock.due)[rows]
    come = [(rung, *_come(judged, notice, rung, clock.table, rows, start, due)) for rung in notice.ladder]
    for place in np.flatnonzero(np.any([times > 0 for _, _, times, _ in come], axis=0)).tolist():
        reached = [(rung, moments[place].item(), int(times[place])) for rung, moments, times, _ in come if times[place]]
        ahead = _ahead([(rung, later[place]) for rung, _, _, later in come])
        for position, (rung, came, times) in enumerate(reached):
            yield Occasion(
                policy,
                clock.rule,
                clock.table,
                int(rows[place]),
                rung.at,
                times,
                tuple(rung.to),
                rung.template,
                clock=clock,
                overtaken=position < len(reached) - 1,
                came=came,
                due=due[place].item(),
                start=start[place].item(),
                quiet=notice.quiet,
                ahead=ahead,
            )


def _come(judged: Judged, notice: NoticeFile, rung: Rung, table: str, rows: Any, start: Any, due: Any) -> tuple[Any, Any, Any]:
    """When a rung comes first, how often it has come, and when it comes next: never where its own condition does not hold."""
    moments = _moments(judged, rung, start, due)
    wanted = _wanted(judged, notice, rung, table)[rows]
    times, later = _times_come(judged, rung, moments)
    return moments, np.where(wanted, times, 0), np.where(wanted, later, np.datetime64("NaT", "s"))


def _ahead(coming: Sequence[tuple[Rung, Any]]) -> Ahead | None:
    """The soonest of the rungs still to come, and whom it tells; a letter to a customer is no rung of a reminder."""
    known = [(later.item(), rung.to) for rung, later in coming if not np.isnat(later) and CUSTOMER not in rung.to]
    if not known:
        return None
    soonest = min(at for at, _ in known)
    return Ahead(soonest, tuple(dict.fromkeys(reader for at, to in known if at == soonest for reader in to)))


def _wanted(judged: Judged, notice: NoticeFile, rung: Rung, table: str) -> Any:
    """The rows on which the rung's own condition holds; none where the sheet lacks a column it reads."""
    if not rung.when:
        return np.ones(judged.evaluation.count(table), dtype=bool)
    name = condition_name(notice.on, rung.when)
    there = judged.evaluation.has(table, name)
    return judged.evaluation.flags(table, name) if there else np.zeros(judged.evaluation.count(table), dtype=bool)


def _moments(judged: Judged, rung: Rung, start: Any, due: Any) -> Any:
    """When a rung comes, for a column of starts and due times."""
    evaluation = judged.evaluation
    moment = parse_moment(rung.at)
    if moment.share is not None:
        begun = np.where(np.isnat(start), due, start)
        return evaluation.calendar.share(np.fmin(begun, due), due, moment.share)
    at = start if moment.from_start else due
    at = moved(evaluation, at, moment.amount, moment.unit) if moment.amount else at
    return at + AFTER if not moment.from_start and not moment.amount else at


def _times_come(judged: Judged, rung: Rung, at: Any) -> tuple[Any, Any]:
    """How often a rung has come (0 not yet, 1 once, more where it repeats), and when it comes next."""
    evaluation = judged.evaluation
    tellings = [at]
    if rung.repeat:
        amount, unit = parse_repeat(rung.repeat)
        tellings += [moved(evaluation, at, amount * again, unit) for again in range(1, rung.at_most)]
    each = np.stack([telling.astype("datetime64[s]") for telling in tellings])
    come = each <= evaluation.now64
    return come.sum(axis=0), np.fmin.reduce(np.where(come, np.datetime64("NaT", "s"), each), axis=0)


def finding_occasions(
    judged: Judged, policy: str, notice: NoticeFile, spec: FindingSpec, rows: Any, enforced: Any, since: Since
) -> Iterable[Occasion]:
    """The occasion of every row a finding speaks of, or the rungs come for every row that waits for an approver."""
    ladder = notice.ladder or [Rung(at="ready", to=notice.to, template=notice.template)]
    evaluation, allowed = judged.evaluation, tellable(judged, spec.table) & enforced
    rows = rows[allowed[rows]]
    seen = [since(spec.rule, str(key), spec.column) or evaluation.now for key in evaluation.keys(spec.table)[rows]]
    began = np.array(seen, dtype="datetime64[s]")
    come = [(rung, *_come(judged, notice, rung, spec.table, rows, began, began)) for rung in ladder] if len(rows) else []
    for place, row in enumerate(rows):
        reached = [(rung, moments[place].item(), int(times[place])) for rung, moments, times, _ in come if times[place]]
        ahead = _ahead([(rung, later[place]) for rung, _, _, later in come])
        for position, (rung, came, times) in enumerate(reached):
            name = rung.at if spec.kind != "finding" and position else spec.where
            yield Occasion(
                policy,
                spec.rule,
                spec.table,
                int(row),
                name,
                times,
                tuple(rung.to),
                rung.template,
                finding=spec,
                overtaken=position < len(reached) - 1,
                came=came,
                quiet=notice.quiet,
                ahead=ahead,
            )


def tellable(judged: Judged, table: str) -> Any:
    """Rows somebody may be told about: they have a key of their own and are not on hold."""
    evaluation = judged.evaluation
    allowed = ~judged.blocked[table] & (evaluation.keys(table) != "")
    return allowed & ~held(evaluation, table)


def hold_occasions(judged: Judged, policies: Sequence[tuple[str, NoticeFile, Any]]) -> Iterable[Occasion]:
    """The end of every hold, told once to the owner of a row that still has something open; the day it ended is its rung."""
    evaluation = judged.evaluation
    spoken: dict[str, list[tuple[str, Any]]] = defaultdict(list)
    for policy, notice, enforced in policies:
        if table := _table_of(judged, f"{policy}/{notice.on}"):
            spoken[table].append((policy, enforced))
    for table, named in spoken.items():
        enforced = np.any([rows for _, rows in named], axis=0)
        ended = np.flatnonzero(over(evaluation, table) & tellable(judged, table) & enforced & unsettled(judged, table))
        for row in ended.tolist():
            came = evaluation.times(table, END)[row].item()
            rung = f"{END} {came:%Y-%m-%d}"
            yield Occasion(named[0][0], hold_rule(table), table, row, rung, 1, ("owner",), HOLD_ENDED, came=came, due=came)


def _table_of(judged: Judged, rule: str) -> str:
    """The table of a rule that notices speak of; empty where the sheet does not allow the rule."""
    specs: list[ClockSpec | FindingSpec] = [*judged.program.clocks, *judged.program.findings]
    return next((spec.table for spec in specs if spec.rule == rule), "")


def unsettled(judged: Judged, table: str) -> Any:
    """The rows where a clock is open or a finding stands."""
    found = np.zeros(judged.evaluation.count(table), dtype=bool)
    for clock in judged.program.clocks:
        if clock.table == table:
            found |= np.isin(judged.evaluation.integers(table, clock.state), OPEN)
    for spec, rows in judged.spoken():
        if spec.table == table:
            found[rows] = True
    return found


def occasions(judged: Judged, policies: Sequence[tuple[str, NoticeFile, Any]], since: Since) -> Iterable[Occasion]:
    """Every occasion of every notice; `policies` are (policy, notice, rows its policy is enforced on)."""
    silent = {spec.rule for spec in judged.program.findings if spec.kind != "finding"}
    counted = {name: governing(judged, name) for name in judged.snapshot.sheets}
    by_rule = {clock.rule: (clock, counts) for clocks in counted.values() for clock, counts in clocks}
    for policy, notice, enforced in policies:
        rule = f"{policy}/{notice.on}"
        if rule in by_rule:
            yield from clock_occasions(judged, policy, notice, *by_rule[rule], enforced)
            continue
        for place, spec in enumerate(judged.program.findings):
            if spec.rule == rule and len(judged.hits[place]) and (spec.kind != "finding") == (rule in silent):
                yield from finding_occasions(judged, policy, notice, spec, judged.hits[place], enforced, since)
    yield from hold_occasions(judged, policies)
