"""Faults of a policy's parameters: dates, words and numbers that do not fit, each at its place; and which parameters they spoil."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from automations.declarations import Parameter, PolicyFile
from automations.errors import Problem
from automations.model import Column, Table
from automations.yamlcheck import closest
from automations.yamlfile import Document, Path

WHOLE = ("working_days", "days", "months")
WORDS = ("text", "choice")


@dataclass(frozen=True)
class ParameterFault:
    """One fault and the parameter it makes useless; None where it spoils them all."""

    parameter: str | None
    problem: Problem


def parameter_faults(policy: PolicyFile, table: Table, computed: Set[str], document: Document) -> list[ParameterFault]:
    """Everything wrong with the parameters of a policy and the date that picks their values; `computed` are the table's hidden columns."""
    found = [] if _hidden(policy.dated_by, computed) else [ParameterFault(None, problem) for problem in _dated_by(policy, table, document)]
    for name, parameter in policy.parameters.items():
        path = ("parameters", name)
        problems = [
            *_values(name, parameter, policy, document, path),
            *([] if _hidden(parameter.by, computed) else _by(parameter, table, document, path)),
        ]
        found += [ParameterFault(name, problem) for problem in problems]
    return found


def spoilt(faults: Iterable[ParameterFault], policy: PolicyFile) -> frozenset[str]:
    """The parameters no rule can use until these faults are gone."""
    names = {fault.parameter for fault in faults}
    return frozenset(policy.parameters) if None in names else frozenset(name for name in names if name)


def _hidden(name: str | None, computed: Set[str]) -> bool:
    """Whether a name is a column some rule computes; whether it is there is seen when the rules are compiled."""
    return bool(name) and (name in computed or "." in str(name))


def _dated_by(policy: PolicyFile, table: Table, document: Document) -> Iterable[Problem]:
    column = _named(table, policy.dated_by or "")
    if policy.dated_by and column is None:
        yield _no_column(policy.dated_by, table, document, ("dated_by",))
    elif column and column.type not in ("date", "datetime"):
        yield document.problem(("dated_by",), f"'{column.key}' is {column.type}; a date column is wanted")


def _values(name: str, parameter: Parameter, policy: PolicyFile, document: Document, path: Path) -> Iterable[Problem]:
    at = (*path, "values")
    if not parameter.values:
        yield document.problem(at, f"parameter '{name}' needs a value", "write for example { 2000-01-01: 5 }")
    if len(parameter.values) > 1 and not policy.dated_by:
        hint = f"say `dated_by:` in policy '{policy.policy}'"
        yield document.problem(at, f"parameter '{name}' has several dated values, and nothing says which date picks one", hint)
    for day, value in parameter.values.items():
        words = value if isinstance(value, dict) else {"": value}
        for word, each in words.items():
            place = (*at, f"{day}", word) if word else (*at, f"{day}")
            yield from (document.problem(place, what) for what in _misfits(each, parameter))


def _misfits(value: Any, parameter: Parameter) -> Iterable[str]:
    if value is None or parameter.unit in WORDS:
        return
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        yield f"'{value}' is not a number; the unit is {parameter.unit}"
        return
    if not number.is_finite():
        yield f"'{value}' is not a number; the unit is {parameter.unit}"
    elif parameter.unit in WHOLE and number != number.to_integral_value():
        yield f"{parameter.unit} are counted in whole numbers, not {value}"


def _by(parameter: Parameter, table: Table, document: Document, path: Path) -> Iterable[Problem]:
    mapped = {day: value for day, value in parameter.values.items() if isinstance(value, dict)}
    if mapped and not parameter.by:
        what = "the values differ by a word of the row, and `by` does not say by which column"
        yield document.problem((*path, "values"), what, "add `by: <column>`")
    column = _named(table, parameter.by or "")
    if parameter.by and column is None:
        yield _no_column(parameter.by, table, document, (*path, "by"))
    for day, words in mapped.items():
        yield from _unknown_words(words, column, document, (*path, "values", f"{day}"))


def _named(table: Table, name: str) -> Column | None:
    """A column by its key or by a header."""
    titles = {title: column for column in table.columns for title in (*column.title.values(), *column.aliases)}
    return table.column(name) or titles.get(name)


def _unknown_words(words: Mapping[str, Any], column: Column | None, document: Document, path: Path) -> Iterable[Problem]:
    for word in words:
        if column and column.choices and word != "*" and word not in column.choices:
            near = closest(word, column.choices)
            hints = [f"choices: {', '.join(column.choices)}", *([f"did you mean '{near}'?"] if near else [])]
            yield document.problem((*path, word), f"'{word}' is not a choice of '{column.key}'", *hints, key=True)


def _no_column(name: str, table: Table, document: Document, path: Path) -> Problem:
    near = closest(name, [column.key for column in table.columns])
    titled = table.column(near or "")
    hints = [f"did you mean '{near}' ({titled.title.get('zh', near)})?"] if titled else []
    return document.problem(path, f"no column '{name}' in table '{table.name}'", *hints)
