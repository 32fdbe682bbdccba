"""Findings in words: which row, what is wrong, by which clause, and how to fix it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from automations.cells import shown, typed_values
from automations.judging import Evaluation, Judged
from automations.model import CellChange, CellProblem, Column, Finding, Sheet, Words
from automations.program import FIELD, FindingSpec, Place

MASK = "***"
WORDS: Mapping[str, Words] = {
    "unreadable": {"zh": "“{heading}”填的是“{shown}”，看不懂", "en": "'{heading}' holds '{shown}', which cannot be read"},
    "expected": {"zh": "应填{expected}", "en": "write {expected}"},
    "doubled": {"zh": "编号“{key}”在本表出现多次，这些行暂不处理", "en": "key '{key}' stands in several rows; they are left alone"},
    "doubled fix": {"zh": "请改正编号，使每行编号唯一", "en": "give every row its own key"},
}


def aside(text: str, language: str) -> str:
    """A text in brackets behind a word, with the marks of the language; nothing of nothing."""
    if not text:
        return ""
    return f"（{text}）" if language == "zh" else f" ({text})"


def findings_of(judged: Judged) -> list[Finding]:
    """Every finding about every row, in the order of tables, rows and rules; a cell that cannot be read gets just that one."""
    found = [finding for spec, rows in judged.spoken() for finding in findings_at(judged, spec, readable_at(judged, spec, rows))]
    for name in judged.snapshot.sheets:
        found += cell_findings(judged, name)
    order = {name: place for place, name in enumerate(judged.snapshot.sheets)}
    return sorted(found, key=lambda finding: (order[finding.table], finding.row, finding.rule, finding.column or ""))


def first_findings(judged: Judged, most: int, tables: Collection[str] = ()) -> tuple[int, list[Finding]]:
    """How many findings there are that ask for something (of these tables, or of all), and the first `most` of them in words.

    The same as counting `findings_of`, without putting each of tens of thousands into words.
    """
    names = [name for name in judged.snapshot.sheets if not tables or name in tables]
    said = [finding for name in names for finding in cell_findings(judged, name)]
    total = len(said)
    for spec, rows in judged.spoken():
        if spec.level != "info" and spec.table in names:
            left = readable_at(judged, spec, rows)
            total += len(left)
            said += findings_at(judged, spec, left[:most])
    order = {name: place for place, name in enumerate(judged.snapshot.sheets)}
    return total, sorted(said, key=lambda each: (order[each.table], each.row, each.rule, each.column or ""))[:most]


def readable_at(judged: Judged, spec: FindingSpec, rows: Any) -> Any:
    """These rows without those whose cell in the column of the finding could not be read."""
    sheet = judged.snapshot.sheets[spec.table]
    unread = [each.row for each in sheet.problems if each.column == spec.column]
    return rows[~np.isin(np.asarray(sheet.rows)[rows], unread)] if unread else rows


def cell_findings(judged: Judged, table: str) -> list[Finding]:
    """What no rule says: the cells of a table that cannot be read, and keys that stand in several rows."""
    sheet = judged.snapshot.sheets[table]
    return [*_unreadable(judged, sheet), *_doubled(judged, sheet)]


def findings_at(judged: Judged, spec: FindingSpec, rows: Any) -> Iterable[Finding]:
    """What one finding spec says of these rows."""
    evaluation, sheet = judged.evaluation, judged.snapshot.sheets[spec.table]
    sentences, fixes = (_in_languages(evaluation, spec.table, words, rows) for words in (spec.message, spec.fix))
    there = spec.column if spec.column and spec.column in sheet.frame else None
    said = cells_shown(evaluation, spec.table, there, rows) if there else [""] * len(rows)
    keys, owners = evaluation.keys(spec.table)[rows], owner_names(evaluation, spec.table)[rows]
    for place, row in enumerate(rows):
        yield Finding(
            rule=spec.rule,
            level=spec.level,
            table=spec.table,
            key=str(keys[place]),
            row=int(sheet.rows[row]),
            column=spec.column,
            address=sheet.address(there or sheet.table.key, int(row)),
            value=said[place],
            sentence=sentences[place],
            fix=fixes[place],
            clause=spec.clause,
            owner=str(owners[place]),
        )


def _in_languages(evaluation: Evaluation, table: str, words: Words, rows: Any) -> list[dict[str, str]]:
    """The words for every row, by language."""
    told = [words_at(evaluation, table, text, rows) for text in words.values()]
    return [dict(zip(words, each, strict=True)) for each in zip(*told, strict=True)] if words else [{} for _ in rows]


def words_at(evaluation: Evaluation, table: str, text: str, rows: Any) -> list[str]:
    """A text for every row, with `{column}` replaced by what the row holds; a name that is no column stays as it is written."""
    parts = FIELD.split(text)  # words, name, words, name, ... words
    if len(parts) == 1:
        return [text] * len(rows)
    cells = {
        name: cells_shown(evaluation, table, name, rows) if evaluation.has(table, name) else [f"{{{name}}}"] * len(rows)
        for name in dict.fromkeys(parts[1::2])
    }
    columns = [cells[part] if place % 2 else [part] * len(rows) for place, part in enumerate(parts)]
    return ["".join(pieces) for pieces in zip(*columns, strict=True)]


def column_of(evaluation: Evaluation, table: str, name: str) -> Column:
    """The declared column, or a stand-in of the right type for a hidden one; a look-up is as sensitive as what it looks up."""
    declared = column_known(evaluation, table, name)
    if declared is not None and declared.key == name:
        return declared
    sensitive = declared is not None and declared.sensitive
    return Column(key=name, title={"zh": name}, type=evaluation.type_of(table, name), sensitive=sensitive)


def column_known(evaluation: Evaluation, table: str, name: str) -> Column | None:
    """The declared column a name means: one of the table, or through `known_as.column` one of a table it refers to."""
    declared = evaluation.snapshot.sheets[table].table
    via, _, further = name.partition(".")
    if not further:
        return declared.column(name)
    target = next((column.refers_to for column in declared.columns if column.known_as == via), None)
    return column_known(evaluation, target, further) if target and target in evaluation.snapshot.sheets else None


def cells_shown(evaluation: Evaluation, table: str, name: str, rows: Any, language: str = "zh") -> list[str]:
    """The values of a column at some rows, as people read them; sensitive ones masked."""
    column = column_of(evaluation, table, name)
    if column.sensitive:
        return [MASK] * len(rows)
    if column.refers_to == "staff":
        return [str(person) for person in evaluation.people(table, name)[np.asarray(rows, dtype="int64")]]
    values = values_at(evaluation, table, name, rows)
    return [shown(value, column.type, language) for value in values]


def masked(change: CellChange, sensitive: Collection[Place]) -> CellChange:
    """A change as it may be shown: what stands or stood in a sensitive column is not."""
    if (change.table, change.column) not in sensitive:
        return change
    return replace(change, old=None if change.old is None else MASK, new=None if change.new is None else MASK)


def values_at(evaluation: Evaluation, table: str, name: str, rows: Any) -> list[Any]:
    """The typed values of a column at some rows."""
    array = evaluation.column(table, name)
    column = column_of(evaluation, table, name)
    computed = Column(key=name, title=column.title, type=evaluation.type_of(table, name))
    return typed_values(array[np.asarray(rows, dtype="int64")], computed)


def owners_of(judged: Judged, table: str) -> Any:
    """For every row the person responsible: the first filled of the table's owner columns."""
    evaluation = judged.evaluation
    found = np.full(evaluation.count(table), "", dtype=object)
    for column in judged.snapshot.sheets[table].table.owner:
        if evaluation.has(table, column):
            found = np.where(found == "", evaluation.texts(table, column), found)
    return found


def owner_names(evaluation: Evaluation, table: str) -> Any:
    """The person responsible for every row by name, where the staff sheet knows the number; else as the sheet says."""
    return evaluation.once(("owner names", table), lambda: _owner_names(evaluation, table))


def _owner_names(evaluation: Evaluation, table: str) -> Any:
    found = np.full(evaluation.count(table), "", dtype=object)
    for column in evaluation.snapshot.sheets[table].table.owner:
        if evaluation.has(table, column):
            found = np.where(found == "", evaluation.people(table, column), found)
    return found


def _unreadable(judged: Judged, sheet: Sheet) -> Iterable[Finding]:
    """The cells of a sheet that could not be read as their declared type; what stands in a sensitive one is not repeated."""
    positions = {row: place for place, row in enumerate(sheet.rows)} if sheet.problems else {}
    owners = owner_names(judged.evaluation, sheet.table.name) if sheet.problems else []
    for problem in sheet.problems:
        if column_of(judged.evaluation, sheet.table.name, problem.column).override == "restore":
            continue  # ours alone: the next run writes over it
        yield _unread_cell(judged, sheet, problem, positions[problem.row], str(owners[positions[problem.row]]))


def _unread_cell(judged: Judged, sheet: Sheet, problem: CellProblem, position: int, owner: str) -> Finding:
    column = column_of(judged.evaluation, sheet.table.name, problem.column)
    said = MASK if column.sensitive else problem.shown
    return Finding(
        rule=f"{sheet.table.name}/readable",
        level="warn",
        table=sheet.table.name,
        key=str(judged.evaluation.keys(sheet.table.name)[position]),
        row=problem.row,
        column=problem.column,
        address=sheet.address(problem.column, position),
        value=said,
        sentence={
            language: WORDS["unreadable"][language].format(heading=column.heading(language), shown=said) for language in ("zh", "en")
        },
        fix={language: WORDS["expected"][language].format(expected=problem.expected.get(language, "")) for language in ("zh", "en")},
        clause="",
        owner=owner,
    )


def _doubled(judged: Judged, sheet: Sheet) -> Iterable[Finding]:
    table = sheet.table
    keys, rows = judged.evaluation.keys(table.name), np.flatnonzero(judged.blocked[table.name]).tolist()
    owners = owner_names(judged.evaluation, table.name) if len(rows) else []
    for row in rows:
        yield Finding(
            rule=f"{table.name}/key-once",
            level="fail",
            table=table.name,
            key=str(keys[row]),
            row=int(sheet.rows[int(row)]),
            column=table.key,
            address=sheet.address(table.key, int(row)),
            value=str(keys[row]),
            sentence={language: text.format(key=keys[row]) for language, text in WORDS["doubled"].items()},
            fix=WORDS["doubled fix"],
            clause="",
            owner=str(owners[row]),
        )


def sentence_in_row(findings: Sequence[Finding], language: str) -> str:
    """What stands in the row's 问题 cell: the findings, numbered when there are several; the same sentence only once."""
    distinct = {(finding.column, finding.sentence.get(language)): finding for finding in reversed(findings)}
    texts = [one_sentence(finding, language) for finding in reversed(distinct.values())]
    return texts[0] if len(texts) == 1 else "\n".join(f"{place}. {text}" for place, text in enumerate(texts, start=1))


def one_sentence(finding: Finding, language: str) -> str:
    """Message, clause and what to do: `缺"责任部门"(第五章第二条（七）4)。请补填"责任部门"。`"""
    message, fix = (words.get(language) or words.get("zh") or "" for words in (finding.sentence, finding.fix))
    if language == "zh":
        clause = f"（{finding.clause}）" if finding.clause else ""
        return message.rstrip("。") + clause + "。" + (fix.rstrip("。") + "。" if fix else "")
    clause = f" ({finding.clause})" if finding.clause else ""
    return message.rstrip(".") + clause + "." + (f" {fix[:1].upper()}{fix[1:].rstrip('.')}." if fix else "")
