"""The facts of one form: everything its template may say, as people read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from automations.cells import shown, typed_values
from automations.config import Config
from automations.judging import Evaluation, Judged
from automations.model import Column, Words
from automations.program import FormSpec
from automations.speaking import cells_shown
from automations.templatecheck import Known

OF_FORM: Mapping[str, str] = {
    "form_title": "title of the form",
    "form_key": "key of the row, or what the rows of the form have in common",
    "form_clause": "clause of the policy",
    "form_organisation": "the organisation, from settings.yaml or pack.yaml",
}
ROWS = "rows"
"""The list of a form of many rows."""
NUMBERS = ("integer", "decimal", "money")
"""The types a list has totals of."""
ROWS_LIMIT = 1000
BETWEEN: Words = {"zh": "、", "en": ", "}


def names_of(spec: FormSpec) -> Known:
    """What a template of this form may say, each with what may stand after its dot."""
    lists = lists_of(spec)
    found = {name: frozenset[str]() for name in (*OF_FORM, *([] if spec.per else spec.names))}
    found |= {name: frozenset[str]() for name in lists} | {f"{name}_count": frozenset[str]() for name in lists}
    return found | {f"{name}_total": inside for name, inside in lists.items()}


def lists_of(spec: FormSpec) -> Known:
    """The lists of a form, each with what a line may say."""
    return {name: frozenset(names) for name, _, names in _lists(spec)}


def _lists(spec: FormSpec) -> Iterable[tuple[str, str, Mapping[str, str]]]:
    yield from ((each.name, each.table, each.names) for each in spec.lists)
    if spec.per:
        yield ROWS, spec.table, spec.names


def facts_of(judged: Judged, config: Config, spec: FormSpec, rows: Any, said: frozenset[str], language: str) -> dict[str, object]:
    """The facts of a form of these rows, as far as the template says anything of them; a column the sheet lacks is blank."""
    evaluation, first = judged.evaluation, rows[:1]
    policy = config.policies[spec.rule.partition("/")[0]]
    rule = config.rule(spec.rule)
    facts: dict[str, object] = {
        "form_title": spec.title.get(language) or spec.title.get("zh", ""),
        "form_key": key_of(evaluation, spec, int(first[0])),
        "form_clause": rule.clause if rule else "",
        "form_organisation": config.settings.organisation or config.packs[policy.pack].organisation,
    }
    if not spec.per:
        facts |= {name: _cells(evaluation, spec.table, spec.names[name], first, language)[0] for name in sorted(said & spec.names.keys())}
    for name, table, names in _lists(spec):
        there = rows if name == ROWS and spec.per else _referring(evaluation, spec, name, int(first[0]))
        facts |= _list_facts(evaluation, name, table, names, there[:ROWS_LIMIT], language)
    return facts


def key_of(evaluation: Evaluation, spec: FormSpec, row: int) -> str:
    """What a form is known by: the key of its row, or what its rows have in common."""
    return str((evaluation.texts(spec.table, spec.per) if spec.per else evaluation.keys(spec.table))[row])


def _referring(evaluation: Evaluation, spec: FormSpec, name: str, row: int) -> Any:
    """The rows of a list that refer to the form's row."""
    each = next(each for each in spec.lists if each.name == name)
    if each.table not in evaluation.snapshot.sheets:
        return np.array([], dtype="int64")
    refers = evaluation.positions(each.table, each.via, spec.table) == row
    return np.flatnonzero(refers & evaluation.flags(each.table, each.when) if each.when else refers)


def _list_facts(evaluation: Evaluation, name: str, table: str, names: Mapping[str, str], rows: Any, language: str) -> dict[str, object]:
    columns = {field: _cells(evaluation, table, column, rows, language) for field, column in names.items()}
    lines = [{field: cells[place] for field, cells in columns.items()} for place in range(len(rows))]
    totals = {field: _total(evaluation, table, column, rows, language) for field, column in names.items()}
    return {name: lines, f"{name}_count": str(len(lines)), f"{name}_total": totals}


def _cells(evaluation: Evaluation, table: str, column: str, rows: Any, language: str) -> Sequence[str]:
    return cells_shown(evaluation, table, column, rows, language) if evaluation.has(table, column) else [""] * len(rows)


def _total(evaluation: Evaluation, table: str, column: str, rows: Any, language: str) -> str:
    """The sum of a column of exact numbers at these rows; empty for any other column."""
    if not evaluation.has(table, column) or (kind := evaluation.type_of(table, column)) not in NUMBERS:
        return ""
    total = evaluation.integers(table, column)[np.asarray(rows, dtype="int64")].sum()
    return shown(typed_values(np.array([total], dtype="int64"), Column(column, {}, kind))[0], kind, language)


def lacking(evaluation: Evaluation, spec: FormSpec, language: str) -> Any:
    """For every row the headings of the mandatory fields that are blank, as one text."""
    words = np.full(evaluation.count(spec.table), "", dtype=object)
    for name, heading in spec.required:
        said = heading.get(language) or heading.get("zh", name)
        longer = np.where(words == "", said, words + BETWEEN[language] + said)
        words = np.where(evaluation.filled(spec.table, name), words, longer)
    return words


def wanted(evaluation: Evaluation, spec: FormSpec) -> Any:
    """The rows a form is to be made of by itself; those of a form without `when` are all asked for by people, and none by itself."""
    flags = evaluation.flags(spec.table, spec.when) if spec.when else np.zeros(evaluation.count(spec.table), dtype="bool")
    return flags & evaluation.flags(spec.table, spec.only) if spec.only else flags


def ready(evaluation: Evaluation, spec: FormSpec) -> Any:
    """The rows a form can be made of: it is wanted there, or anywhere for one made only when asked for, and nothing is lacking."""
    anywhere = ~np.zeros(evaluation.count(spec.table), dtype="bool")
    there = evaluation.filled(spec.table, spec.per) if spec.per else anywhere
    return there & (wanted(evaluation, spec) if spec.when else anywhere) & (lacking(evaluation, spec, "zh") == "")
