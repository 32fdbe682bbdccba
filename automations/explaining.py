"""Why a cell or a notice is what it is, and why a rule stayed silent: inputs, values in force, arithmetic, clause."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from automations.carried import carried
from automations.cells import shown, typed
from automations.clocks import STATE_WORDS
from automations.config import Config, LoadedPolicy
from automations.expressionfaults import ExpressionFault
from automations.judging import Judged
from automations.model import Column, Sheet, Words
from automations.program import ClockSpec, Place
from automations.rule import Rule, parameter_sql, with_parameters_of
from automations.speaking import MASK, cells_shown, column_of, findings_at, findings_of, one_sentence, values_at
from automations.summary import governing, setters, summaries
from automations.trees import Tree, conjuncts
from automations.walking import walked

DOLLAR = re.compile(r"\$([a-z_][a-z0-9_]*)")
MOST_ROWS = 8
NO_TAB: Words = {"zh": "工作簿里没有表“{table}”", "en": "table '{table}' is not in the workbook"}
NO_KEY: Words = {"zh": "表“{table}”（{tab}）里没有编号“{key}”", "en": "'{key}' is not a key in table '{table}' ({tab})"}
"""Rows of another table that the explanation of a gathered cell lists."""
UNITS: Mapping[str, str] = {
    "working_days": "个工作日",
    "days": "天",
    "hours": "小时",
    "working_hours": "工作小时",
    "months": "个月",
    "CNY": "元",
    "percent": "",
    "count": "",
    "text": "",
    "choice": "",
}


@dataclass(frozen=True)
class Said:
    """What one rule has to say of a row."""

    rule: str
    title: str
    clause: str
    catalogue: tuple[str, ...]
    spoke: bool
    inputs: tuple[tuple[str, str, str], ...] = ()
    parameters: tuple[tuple[str, str, str], ...] = ()
    results: tuple[tuple[str, str], ...] = ()
    sentences: tuple[str, ...] = ()
    walk: tuple[str, ...] = ()
    silence: str = ""


@dataclass(frozen=True)
class Explanation:
    """Everything the rules say of one row at one moment."""

    table: str
    key: str
    place: str
    now: datetime
    rules: tuple[Said, ...] = ()
    filled_by: Mapping[str, str] = field(default_factory=dict)


def explain(judged: Judged, config: Config, table: str, key: str) -> Explanation:
    """Every rule that concerns the row.

    Raises KeyError naming the table or the key that is not there.
    """
    sheet = judged.snapshot.sheets.get(table)
    if sheet is None:
        raise KeyError(NO_TAB[config.language].format(table=table))
    rows = np.flatnonzero(judged.evaluation.keys(table) == key)
    if not len(rows):
        raise KeyError(NO_KEY[config.language].format(key=key, table=table, tab=sheet.tab))
    row = int(rows[0])
    teller = Teller(judged, config, sheet, row, carried(config.tables, config.program, config.compiler.trees))
    said = [
        teller.rule(policy, rule) for policy in config.policies.values() if policy.file.table == table for rule in policy.rules.values()
    ]
    filled = {column: rule for (name, column), rule in sorted(judged.program.writes.items()) if name == table}
    said += [teller.gathered(column, rule) for column, rule in filled.items() if config.rule(rule) is None]
    said += [teller.summary()] if sheet.table.summary else []
    filled |= {column: str(rules[row]) for column, rules in setters(judged, table).items()}
    filled |= dict.fromkeys(sheet.table.summary.values(), f"{table}/summary") | filled
    return Explanation(table, key, f"{sheet.tab}!{sheet.rows[row]}", judged.evaluation.now, tuple(said), filled)


@dataclass(frozen=True)
class Teller:
    """Tells of one row."""

    judged: Judged
    config: Config
    sheet: Sheet
    row: int
    kept_back: frozenset[Place]
    """Columns, hidden ones too, that hold what is sensitive."""

    def rule(self, policy: LoadedPolicy, rule: Rule) -> Said:
        full = f"{policy.file.policy}/{rule.id}"
        language = self.config.language
        sentences, results = tuple(self._sentences(full)), tuple(self._results(full))
        clock = next((clock for clock in self.judged.program.clocks if clock.rule == full), None)
        runs = clock is not None and self._number(clock.state) > 0
        filled = any(value for _, value in results)
        return Said(
            rule=full,
            title=rule.title.get(language) or rule.title.get("zh") or rule.id,
            clause=rule.clause,
            catalogue=tuple(rule.catalogue),
            spoke=bool(sentences) or runs or filled,
            inputs=tuple(self._inputs(full)),
            parameters=tuple(self._parameters(policy, rule)),
            results=results,
            sentences=sentences,
            walk=tuple(self._walk(clock)) if clock and runs else (),
            silence="" if sentences or runs or filled else self._silence(policy, rule, full),
        )

    def gathered(self, column: str, full: str) -> Said:
        """A column gathered from other rows: the rows it was gathered from."""
        heading = self._heading(column)
        title = f"汇总：{heading}" if self.config.language == "zh" else f"Gathered: {heading}"
        inputs, value = list(self._gathered_rows(full)) or list(self._inputs(full)), self._shown(column)
        return Said(full, title, "", (), bool(value), tuple(inputs), (), ((heading, value),), silence=self._nothing_gathered())

    def summary(self) -> Said:
        """What stands beside the row: the clocks that count for it, and what follows from them and from the findings."""
        table, language = self.sheet.table, self.config.language
        cells = summaries(self.judged, findings_of(self.judged), language)
        results = [(self._heading(name), self._summed(values)) for (place, name), values in cells.items() if place == table.name]
        title = "本行摘要" if language == "zh" else "Summary of the row"
        return Said(f"{table.name}/summary", title, "", (), True, tuple(self._clocks_that_count()), (), tuple(results))

    def _summed(self, values: Any) -> str:
        value = values[self.row]
        if pd.isna(value):
            return ""
        return shown(pd.Timestamp(value).to_pydatetime() if isinstance(value, np.datetime64) else str(value), "text", self.config.language)

    def _clocks_that_count(self) -> Iterable[tuple[str, str, str]]:
        words = STATE_WORDS[self.config.language]
        for clock, counts in governing(self.judged, self.sheet.table.name):
            if counts[self.row] and self._number(clock.state):
                title = clock.title.get(self.config.language) or clock.title.get("zh") or clock.rule
                yield title, "", f"{words[self._number(clock.state)]} {self._shown(clock.due)}".strip()

    def _gathered_rows(self, full: str) -> Iterable[tuple[str, str, str]]:
        """(row, address, value) of the rows of another table that a rollup adds up, the first few of them."""
        evaluation, table = self.judged.evaluation, self.sheet.table.name
        places = {name: other for other, name in self.config.program.inputs.get(full, ()) if other != table and evaluation.has(other, name)}
        via = next((name for name, other in places.items() if self._refers(other, name)), None)
        if via is None:
            return
        other = self.judged.snapshot.sheets[places[via]]
        rows = np.flatnonzero(evaluation.positions(places[via], via, table) == self.row)
        for name in places:
            rows = rows[evaluation.flags(places[via], name)[rows]] if name.endswith(" when") else rows
        value = next((name for name in places if name.endswith(" value")), other.table.key)
        for row in rows[:MOST_ROWS]:
            said = cells_shown(evaluation, places[via], value, [row], self.config.language)[0]
            told = MASK if (places[via], value) in self.kept_back else said
            yield f"{other.tab} {evaluation.keys(places[via])[row]}", other.address(via, int(row)), told
        if len(rows) > MOST_ROWS:
            yield "…", "", f"共 {len(rows)} 行" if self.config.language == "zh" else f"{len(rows)} rows in all"

    def _refers(self, other: str, name: str) -> bool:
        column = self.judged.snapshot.sheets[other].table.column(name)
        return column is not None and column.refers_to == self.sheet.table.name

    def _nothing_gathered(self) -> str:
        return "没有可汇总的行" if self.config.language == "zh" else "there are no rows to gather"

    # what it saw

    def _inputs(self, full: str) -> Iterable[tuple[str, str, str]]:
        """(heading, address, value) of the cells and look-ups a rule reads."""
        places = sorted(self.config.program.inputs.get(full, ()))
        for table, name in places:
            if (
                table != self.sheet.table.name
                or not self.judged.evaluation.has(table, name)
                or name.startswith(full.split("/")[1] + ".")
                or name.endswith(".code")
            ):
                continue
            address = self.sheet.address(name, self.row) if name in self.sheet.frame else ""
            yield self._heading(name), address, self._shown(name)

    def _parameters(self, policy: LoadedPolicy, rule: Rule) -> Iterable[tuple[str, str, str]]:
        """(title, value in force with its unit, clause) of the parameters a rule names."""
        for name in sorted(set(DOLLAR.findall(str(rule.model_dump(by_alias=True))))):
            parameter = policy.file.parameters[name]
            value = self._evaluated(parameter_sql(parameter, policy.file))
            title = parameter.title.get(self.config.language) or parameter.title.get("zh", name)
            if parameter.unit == "percent" and value not in (None, ""):
                shown_value = shown(value, "percent", self.config.language)
            else:
                shown_value = f"{value.normalize():f}" if hasattr(value, "normalize") else str(value)
            yield title, f"{shown_value} {self._unit(parameter.unit)}".rstrip() if value is not None else "-", parameter.clause

    # what it said

    def _results(self, full: str) -> Iterable[tuple[str, str]]:
        for (table, column), rule in sorted(self.judged.program.writes.items()):
            if table == self.sheet.table.name and full in self._fillers(table, column, rule):
                yield self._heading(column), self._shown(column)
        for name in ("due", "state"):
            hidden = f"{full.split('/')[1]}.{name}"
            if self.judged.evaluation.has(self.sheet.table.name, hidden) and not any(
                r == full for r in self.judged.program.writes.values()
            ):
                yield hidden, self._shown(hidden)

    def _fillers(self, table: str, column: str, rule: str) -> set[str]:
        return {rule} | {clock.rule for clock in self.judged.program.clocks if clock.table == table and clock.written_due == column}

    def _sentences(self, full: str) -> Iterable[str]:
        for spec, rows in self.judged.spoken():
            if spec.rule == full and spec.table == self.sheet.table.name and self.row in rows:
                yield from (one_sentence(finding, self.config.language) for finding in findings_at(self.judged, spec, np.array([self.row])))
        for spec, rows in self.judged.spoken("waiting", "alert"):
            if spec.rule == full and spec.table == self.sheet.table.name and self.row in rows:
                said = next(iter(findings_at(self.judged, spec, np.array([self.row])))).sentence
                yield said.get(self.config.language) or said.get("zh", "")

    def _walk(self, clock: ClockSpec) -> Iterable[str]:
        """The way from start to due, day by day, as the calendar counted it."""
        evaluation, table = self.judged.evaluation, self.sheet.table.name
        start, due = evaluation.times(table, clock.start)[self.row], evaluation.times(table, clock.due)[self.row]
        state = STATE_WORDS[self.config.language][self._number(clock.state)]
        if np.isnat(start) or np.isnat(due):
            yield state
            return
        begin, end = pd.Timestamp(start).to_pydatetime(), pd.Timestamp(due).to_pydatetime()
        yield f"{begin:%Y-%m-%d %H:%M} → {shown(end, 'datetime')}{self._colon()}{state}"
        if begin <= end and clock.unit in ("working_days", "working_hours"):
            yield from walked(evaluation.calendar, begin, end, clock.unit, self.config.language)

    def _unit(self, unit: str) -> str:
        return UNITS[unit] if self.config.language == "zh" else unit.replace("_", " ")

    def _colon(self) -> str:
        return "：" if self.config.language == "zh" else ": "

    # why it did not

    def _silence(self, policy: LoadedPolicy, rule: Rule, full: str) -> str:
        zh = self.config.language == "zh"
        if full in self.judged.lacking:
            table, column = self.judged.lacking[full]
            heading = self._missing(table, column)
            return f"不适用：缺少{heading}" if zh else f"not applicable: {heading} is missing"
        if rule.when and (failed := self._failed(policy, rule.when)):
            return ("条件不满足：" if zh else "its condition does not hold: ") + ("；" if zh else "; ").join(failed)
        if starts := getattr(rule, "starts", None):
            return f"还没有开始：{starts} 为空" if zh else f"not started: {starts} is blank"
        return "已检查，没有问题" if zh else "checked, nothing wrong"

    def _failed(self, policy: LoadedPolicy, text: str) -> list[str]:
        """The parts of a condition that do not hold on the row, each with what it found."""
        found = []
        for part in self._parts(policy, text):
            formula = self.config.compiler.formula_of(self.sheet.table.name, part, "part")
            value = self._formula(formula) if formula else None
            if value is not True:
                seen = ", ".join(
                    f"{self._heading(name)} = {self._shown(name) or '-'}" for name in sorted(formula.columns if formula else ())
                )
                found.append(f"{formula.text if formula else text} ({seen})")
        return found

    def _parts(self, policy: LoadedPolicy, text: str) -> list[Tree]:
        try:
            return conjuncts(with_parameters_of(self.config.evaluator.parse(text), policy.file, self.config.evaluator.parse))
        except ExpressionFault:
            return []

    # values

    def _evaluated(self, sql: str) -> Any:
        formula = self.config.compiler.formula_of(self.sheet.table.name, self.config.evaluator.parse(f"({sql})"), "value")
        return self._formula(formula) if formula else None

    def _formula(self, formula: Any) -> Any:
        evaluation, table = self.judged.evaluation, self.sheet.table.name
        if not all(evaluation.has(table, name) for name in formula.columns):
            return None
        columns = {name: evaluation.column(table, name)[self.row : self.row + 1] for name in formula.columns}
        types = {name: evaluation.type_of(table, name) for name in formula.columns}
        found = self.config.evaluator.evaluate([formula], columns, types, 1)[formula.name]
        return typed(pd.Series(found), 0, Column(key="value", title={}, type=formula.type))

    def _number(self, name: str) -> int:
        return int(self.judged.evaluation.integers(self.sheet.table.name, name)[self.row])

    def _shown(self, name: str) -> str:
        if (self.sheet.table.name, name) in self.kept_back or column_of(self.judged.evaluation, self.sheet.table.name, name).sensitive:
            return MASK
        value = values_at(self.judged.evaluation, self.sheet.table.name, name, [self.row])[0]
        return shown(value, self.judged.evaluation.type_of(self.sheet.table.name, name), self.config.language)

    def _heading(self, name: str) -> str:
        column = self.sheet.table.column(name)
        return column.heading(self.config.language) if column else name

    def _missing(self, table: str, column: str) -> str:
        declared = self.config.tables.get(table)
        found = declared.column(column) if declared else None
        tab = declared.heading(self.config.language) if declared else table
        return f"{tab}.{found.heading(self.config.language) if found else column}".rstrip(".")
