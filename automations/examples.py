"""The examples of a policy: a row, a clock and what must come out; they prove the rules they touch."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from automations.cells import expected, parse_column, parse_keys, shown, typed
from automations.config import Config, LoadedPolicy
from automations.declarations import Example
from automations.errors import Problem
from automations.formfacts import ready
from automations.judging import Judge, Judged
from automations.model import CellProblem, Column, ColumnType, Sheet, Snapshot, Table
from automations.occasions import Occasion, occasions
from automations.program import KeptSpec, Place, Program, needed_only
from automations.speaking import findings_of, values_at
from automations.summary import summaries
from automations.together import Case, judge_together
from automations.yamlcheck import closest
from automations.yamlfile import Path


@dataclass(frozen=True)
class Wrong:
    """One thing an example got wrong: the path below the example, what, and hints."""

    at: Path
    what: str
    hints: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proof:
    """What one example showed: nothing wrong, or the differences in words."""

    policy: str
    name: str
    wrong: tuple[Wrong, ...]
    rules: frozenset[str]


class Prover:
    """Runs the examples of a configuration, each policy with only the columns its examples ask for."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._judges: dict[str, Judge] = {}
        self._cases: dict[tuple[str, int], Case] = {}
        self._proofs: dict[tuple[str, int], Proof] = {}

    def under(self, program: Program) -> Prover:
        """The same examples under another program; what is read of them stays read."""
        other = Prover(replace(self.config, program=program))
        other._cases = self._cases
        return other

    def prove(self) -> list[Proof]:
        """Every example of every policy."""
        return [proof for policy in self.config.policies.values() for proof in self.proofs_of(policy)]

    def proofs_of(self, policy: LoadedPolicy, places: Sequence[int] | None = None) -> list[Proof]:
        """The examples of one policy, or those at some places of it; those not yet judged are judged in one go."""
        name, examples = policy.file.policy, policy.file.examples
        wanted = range(len(examples)) if places is None else places
        fresh = [place for place in wanted if (name, place) not in self._proofs]
        cases = [self._case(policy, place) for place in fresh]
        for place, judged in zip(fresh, judge_together(self._judge(policy), cases) if cases else (), strict=True):
            self._proofs[(name, place)] = self._compared(policy, examples[place], judged)
        return [self._proofs[(name, place)] for place in wanted]

    def problems(self, policies: Iterable[LoadedPolicy]) -> list[Problem]:
        """Every example of these policies that does not hold, at its place in its file."""
        found = []
        for policy in policies:
            for position, (example, proof) in enumerate(zip(policy.file.examples, self.proofs_of(policy), strict=True)):
                for each in [*self._unknown(policy, example)] or proof.wrong:
                    at, what = ("examples", position, *each.at), f"example '{example.name}': {each.what}"
                    found.append(policy.document.problem(at, what, *each.hints, key=len(each.at) > 1))
        return found

    def unproved(self, policies: Collection[LoadedPolicy]) -> list[str]:
        """The rules of these policies that no example of theirs touches, as `policy/rule`."""
        proved = {rule for policy in policies for proof in self.proofs_of(policy) for rule in proof.rules}
        rules = [f"{policy.file.policy}/{rule}" for policy in policies for rule in policy.rules]
        return [rule for rule in rules if rule not in proved]

    def _compared(self, policy: LoadedPolicy, example: Example, judged: Judged) -> Proof:
        row = position_of(judged, policy.file.table)
        wrong = [
            *self._columns(policy, example, judged, row),
            *_findings(policy, example, judged, row),
            *self._notices(policy, example, judged, row),
            *_forms(policy, example, judged, row),
            *(wrong for name, rows in example.kept.items() for wrong in kept_rows(judged, name, rows)),
        ]
        wrong = [*_unreadable(policy, judged), *wrong] if wrong else []
        return Proof(policy.file.policy, example.name, tuple(wrong), frozenset(self._touched(policy, example)))

    def _case(self, policy: LoadedPolicy, place: int) -> Case:
        at = (policy.file.policy, place)
        if at not in self._cases:
            self._cases[at] = self._read(policy, policy.file.examples[place])
        return self._cases[at]

    def _read(self, policy: LoadedPolicy, example: Example) -> Case:
        tables = {policy.file.table: [example.row], **example.tables}
        if policy.file.table in example.tables:
            tables[policy.file.table] = [example.row, *example.tables[policy.file.table]]
        tables |= {name: [] for name in example.kept if name not in tables}
        sheets = {name: sheet_of(self.config.tables[name], rows) for name, rows in tables.items() if name in self.config.tables}
        return Case(Snapshot("example", sheets), example.now)

    def _judge(self, policy: LoadedPolicy) -> Judge:
        name = policy.file.policy
        if name not in self._judges:
            program, table = self.config.program, policy.file.table
            wanted = {(table, column) for example in policy.file.examples for column in example.expect}
            kept = [(name, row) for example in policy.file.examples for name, rows in example.kept.items() for row in rows]
            wanted |= {(name, column) for name, row in kept for column in row}
            summary = bool({column for _, column in wanted} & set(self.config.tables[table].summary.values()))
            told = summary or any(example.notices is not None for example in policy.file.examples)
            clocks = tuple(clock for clock in program.clocks if told and clock.table == table)
            wanted |= {(table, clock.written_due) for clock in clocks if clock.written_due}  # they say which of several clocks counts
            writes = dict.fromkeys(wanted, name)
            findings = tuple(spec for spec in program.findings if spec.rule.startswith(f"{name}/"))
            specs = _makers(name, program.kept, {table for example in policy.file.examples for table in example.kept})
            forms = tuple(spec for spec in program.forms if spec.rule.startswith(f"{name}/"))
            program = needed_only(replace(program, writes=writes, clocks=clocks, findings=findings, watches=(), kept=specs, forms=forms))
            self._judges[name] = Judge(program, self.config.evaluator, self.config.calendar, self.config.tables)
        return self._judges[name]

    def _columns(self, policy: LoadedPolicy, example: Example, judged: Judged, row: int) -> Iterable[Wrong]:
        table = policy.file.table
        summary = summaries(judged, findings_of(judged), self.config.language) if _asks_summary(example, self.config.tables[table]) else {}
        for name, wanted in example.expect.items():
            if (table, name) in summary:
                found: Any = summary[(table, name)][row]
                yield from _difference(name, "text", None if found is pd.NA or pd.isna(found) else found, wanted)
            elif not judged.evaluation.has(table, name):
                near = closest(name, [node.name for node in self.config.program.nodes() if node.table == table])
                hints = (f"did you mean '{near}'?",) if near else ()
                yield Wrong(("expect", name), f"'{name}' could not be computed: {_why_not(judged, name, table)}", hints)
            else:
                kind = judged.evaluation.type_of(table, name)
                yield from _difference(name, kind, values_at(judged.evaluation, table, name, [row])[0], wanted)

    def _notices(self, policy: LoadedPolicy, example: Example, judged: Judged, row: int) -> Iterable[Wrong]:
        if example.notices is None:
            return
        everyone = np.ones(judged.evaluation.count(policy.file.table), dtype=bool)
        told = occasions(judged, [(policy.file.policy, notice, everyone) for notice in policy.file.notices], lambda *_: None)
        came = [each for each in told if each.row == row and not each.overtaken]
        found = sorted(f"{each.rule.split('/')[1]} {_rung(each)} {reader}" for each in came for reader in each.to)
        if found != sorted(example.notices):
            yield Wrong(("notices",), f"notices: expected {sorted(example.notices)}, found {found}")

    def _touched(self, policy: LoadedPolicy, example: Example) -> Iterable[str]:
        name, table = policy.file.policy, policy.file.table
        for column in example.expect:
            if writer := self.config.program.writes.get((table, column)):
                yield writer
            yield from (f"{name}/{rule}" for rule in policy.rules if column.startswith(f"{rule}.") or column in _names(policy.rules[rule]))
        yield from (spec.rule for spec in self.config.program.kept if spec.table in example.kept and spec.rule.startswith(f"{name}/"))
        yield from (f"{name}/{rule}" for rule in (*(example.findings or ()), *(example.forms or ())))
        yield from (f"{name}/{notice.split(' ')[0]}" for notice in example.notices or ())

    def _unknown(self, policy: LoadedPolicy, example: Example) -> Iterable[Wrong]:
        given: list[tuple[str, Path, Mapping[str, Any]]] = [(policy.file.table, ("row",), example.row)]
        for part, tables in (("tables", example.tables), ("kept", example.kept)):
            given += [(name, (part, name, place), row) for name, rows in tables.items() for place, row in enumerate(rows)]
        for name, at, row in given:
            table = self.config.tables.get(name)
            if table is None:
                near = closest(name, self.config.tables)
                yield Wrong(at[:2], f"no table '{name}'", (f"did you mean '{near}'?",) if near else ())
                continue
            keys = {column.key: column for column in table.columns}
            for column in [each for each in row if each not in keys]:
                near = closest(column, keys)
                hints = (f"did you mean '{near}' ({keys[near].heading('zh')})?",) if near else ()
                yield Wrong((*at, column), f"no column '{column}' in table '{name}'", hints)
        for place, rule in enumerate(example.findings or ()):
            if rule not in policy.rules:
                near = closest(rule, policy.rules)
                hints = (f"did you mean '{near}'?",) if near else ()
                yield Wrong(("findings", place), f"no rule '{rule}' in policy '{policy.file.policy}'", hints)


def _makers(policy: str, specs: Sequence[KeptSpec], tables: Set[str]) -> tuple[KeptSpec, ...]:
    """What makes rows in an example: the policy's own rules, and in tables it makes no rows for those of the others."""
    own = {spec.table for spec in specs if spec.rule.startswith(f"{policy}/")}
    return tuple(spec for spec in specs if spec.table in tables and (spec.table not in own or spec.rule.startswith(f"{policy}/")))


def _rung(occasion: Occasion) -> str:
    """The rung as an example writes it: `due`, `finding` or `alert`."""
    return "alert" if occasion.finding and occasion.finding.kind == "alert" else "finding" if occasion.finding else occasion.rung


def kept_rows(judged: Judged, name: str, expected_rows: Sequence[Mapping[str, Any]]) -> Iterable[Wrong]:
    """Where the rows of a kept table are not those expected, all of them, in their order."""
    if name not in judged.snapshot.sheets:
        return
    count = judged.evaluation.count(name)
    if count != len(expected_rows):
        keys = ", ".join(map(str, judged.evaluation.keys(name))) or "none"
        yield Wrong(("kept", name), f"table '{name}': expected {len(expected_rows)} rows, found {count}: {keys}")
        return
    for place, row in enumerate(expected_rows):
        for column, wanted in row.items():
            if not judged.evaluation.has(name, column):
                yield Wrong(("kept", name, place, column), f"'{column}' could not be computed: no rule fills it in table '{name}'")
                continue
            kind: ColumnType = judged.evaluation.type_of(name, column)
            found = values_at(judged.evaluation, name, column, [place])[0]
            yield from (replace(each, at=("kept", name, place, column)) for each in _difference(column, kind, found, wanted))


def _unreadable(policy: LoadedPolicy, judged: Judged) -> Iterable[Wrong]:
    """Cells of the example that are not what their columns declare."""
    for name, sheet in judged.snapshot.sheets.items():
        for problem in sheet.problems:
            place = problem.row - sheet.header_row - 1 - (name == policy.file.table)
            at: Path = ("row",) if place < 0 else ("tables", name, place)
            what = f"{problem.column}: '{problem.shown}' cannot be read; write {problem.expected.get('en', '')}"
            yield Wrong((*at, problem.column), what)


def _names(rule: Any) -> set[str]:
    """The columns a rule fills, by the words of its kind."""
    writes, proposes = getattr(rule, "writes", None), getattr(rule, "proposes", None)
    found = {writes} if isinstance(writes, str) else set(writes.model_dump().values()) if writes else set()
    found |= set(proposes.model_dump().values()) if proposes else set()
    return {name for name in (*found, getattr(rule, "as_", None)) if name}


def _asks_summary(example: Example, table: Table) -> bool:
    own = {column for part, column in table.summary.items() if part not in ("state", "next")}
    return bool(own & set(example.expect))


def sheet_of(table: Table, rows: Sequence[Mapping[str, Any]]) -> Sheet:
    """Rows as YAML gives them, under all declared columns, as a typed table; a key that is not given is made up."""
    filled = [{table.key: f"E{number}", **row} for number, row in enumerate(rows, start=1)]
    parsed = {
        column.key: _parsed(column, [_raw(row.get(column.key)) for row in filled], column.key == table.key) for column in table.columns
    }
    frame = pd.DataFrame({key: values for key, (values, _) in parsed.items()}, copy=False)
    problems = [
        CellProblem(table.name, column.key, position + 2, cell, expected(column, cell))
        for column in table.columns
        for position, cell in parsed[column.key][1]
    ]
    places = {column.key: place for place, column in enumerate(table.columns)}
    return Sheet(table, table.heading("zh"), 1, frame, range(2, len(rows) + 2), places, tuple(problems))


def _parsed(column: Column, cells: Sequence[Any], is_key: bool) -> tuple[Any, Sequence[tuple[int, str]]]:
    """The cells of one column, typed, and those that could not be read; most columns of an example are blank."""
    if is_key:
        return parse_keys(cells)
    return parse_column(cells, column) if any(cell != "" for cell in cells) else (_blank(column.type, len(cells)), ())


@cache
def _blank(kind: ColumnType, count: int) -> Any:
    return parse_column([""] * count, Column("blank", {}, kind))[0]


def _raw(value: Any) -> Any:
    return "" if value is None else value


def position_of(judged: Judged, table: str) -> int:
    """The example's own row: the first data row."""
    return 0 if len(judged.snapshot.sheets[table].rows) else -1


def _difference(name: str, kind: Any, found: Any, expected: Any) -> Iterable[Wrong]:
    column = Column(key=name, title={}, type=kind, ours=True)
    array, odd = parse_column(["" if expected is None else expected], column)
    wanted = None if expected is None else typed(pd.Series(array), 0, column)
    if odd or wanted != found:
        there = "blank" if found is None else shown(found, kind, "zh")
        yield Wrong(("expect", name), f"{name}: expected {'blank' if expected is None else expected}, found {there}")


def _why_not(judged: Judged, name: str, table: str) -> str:
    lacks: Place | None = next((place for source, place in judged.lacking.items() if source.endswith(f"/{name.split('.')[0]}")), None)
    return f"it needs {lacks[0]}.{lacks[1]}" if lacks else f"no rule fills it in table '{table}'"


def _findings(policy: LoadedPolicy, example: Example, judged: Judged, row: int) -> Iterable[Wrong]:
    if example.findings is None:
        return
    prefix = f"{policy.file.policy}/"
    found = sorted(
        {
            spec.rule.removeprefix(prefix)
            for spec, rows in judged.spoken()
            if spec.rule.startswith(prefix) and spec.table == policy.file.table and row in rows
        }
    )
    if found != sorted(set(example.findings)):
        yield Wrong(("findings",), f"findings: expected {sorted(set(example.findings))}, found {found}")


def _forms(policy: LoadedPolicy, example: Example, judged: Judged, row: int) -> Iterable[Wrong]:
    """The forms that could be made of the row: by itself where they say `when`, for whoever asks where they do not."""
    if example.forms is None:
        return
    specs = [spec for spec in judged.program.forms if spec.rule.startswith(f"{policy.file.policy}/")]
    found = sorted(spec.rule.partition("/")[2] for spec in specs if ready(judged.evaluation, spec)[row])
    if found != sorted(example.forms):
        yield Wrong(("forms",), f"forms: expected {sorted(example.forms)}, found {found}")
