"""Lists of what rules say: problems and risks as rows of a kept table, since when and until when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from automations.expressions import text_array
from automations.judging import Evaluation, Judged, blocked_rows
from automations.keeping import Made, made_of, standing
from automations.model import Finding, Table, Words
from automations.program import FindingSpec, Place, Program
from automations.speaking import FIELD, cells_shown, findings_at, findings_of

LEVELS: Mapping[str, Words] = {
    "info": {"zh": "提示", "en": "note"},
    "warn": {"zh": "警告", "en": "warning"},
    "fail": {"zh": "严重", "en": "serious"},
}
STATES: Mapping[str, Words] = {
    "problems": {"zh": "未改正", "en": "open"},
    "risks": {"zh": "未解除", "en": "open"},
    "problems gone": {"zh": "已改正", "en": "corrected"},
    "risks gone": {"zh": "已解除", "en": "gone"},
}
ENDS: Mapping[str, Words] = {
    "gone": {"zh": "情况消失后自动解除", "en": "ends by itself once it no longer holds"},
    "filled": {"zh": "情况消失，或填写{columns}以后自动解除", "en": "ends by itself once it no longer holds or {columns} is filled in"},
}
DATES = ("first_on", "gone_on")


class Fills(NamedTuple):
    """One row of a list, by the columns it fills; the two days stand apart."""

    tab: str = ""
    about: str = ""
    what: str = ""
    person: str = ""
    clause: str = ""
    level: str = ""
    risk: str = ""
    evidence: str = ""
    ends: str = ""
    state: str = ""
    first_on: str = ""
    gone_on: str = ""


def places_of(specs: Iterable[FindingSpec]) -> frozenset[Place]:
    """The columns that must be there before the list is made: where findings hold, and what they say of a row."""
    said = {(spec.table, name) for spec in specs for name in (*_fields(spec), *spec.evidence)}
    return frozenset(said | {(spec.table, spec.where) for spec in specs})


def _fields(spec: FindingSpec) -> Iterator[str]:
    return (name for words in (spec.message, spec.fix) for text in words.values() for name in FIELD.findall(text))


def listed(
    table: Table,
    columns: Sequence[str],
    of: Literal["problems", "risks"],
    specs: Sequence[FindingSpec],
    language: str,
    judging: Evaluation,
) -> Made:
    """A row for everything these rules say now; in the rows of what is no longer said only the state and the last day change."""
    judged = _judged(judging, specs)
    lines = dict(_problems(judged, language) if of == "problems" else _risks(judged, language))
    gone = _gone(table.name, lines, judged)
    keys = [*lines, *gone]
    rows = [lines[key]._replace(state=STATES[of][language]) for key in lines]
    stood = {name: standing(table.name, name, "text", judging) for name in columns if name not in DATES}
    places = _places(table.name, gone, judging)
    texts = {name: [*(getattr(row, name) for row in rows), *_texts(values, places)] for name, values in stood.items()}
    if "state" in texts:
        texts["state"][len(rows) :] = [STATES[f"{of} gone"][language]] * len(gone)
    found: dict[str, Any] = {name: _array(values) for name, values in texts.items()}
    return made_of(keys, found | _days(table.name, keys, len(rows), columns, judging), grouped=True)


def _judged(judging: Evaluation, specs: Sequence[FindingSpec]) -> Judged:
    """What has been judged so far, seen through the rules that are listed."""
    there = tuple(spec for spec in specs if judging.has(spec.table, spec.where))
    hits = {place: np.flatnonzero(judging.flags(spec.table, spec.where)) for place, spec in enumerate(there)}
    blocked = {name: blocked_rows(judging, name) for name in judging.snapshot.sheets}
    return Judged(judging, Program((), there, (), (), {}, {}), {}, hits, blocked)


def _problems(judged: Judged, language: str) -> Iterator[tuple[str, Fills]]:
    keepers = {spec.rule: spec.keeper for spec in judged.program.findings}
    for finding in findings_of(judged):
        if finding.level != "info" and finding.key:
            yield _key(finding), _fills(finding, judged, keepers.get(finding.rule, ""), language)


def _risks(judged: Judged, language: str) -> Iterator[tuple[str, Fills]]:
    for spec, rows in judged.spoken("finding", "alert", "risk"):
        evidence, ends = _evidence(spec, rows, judged, language), _ends(spec, judged, language)
        for place, finding in enumerate(findings_at(judged, spec, rows)):
            if finding.key:
                line = _fills(finding, judged, spec.keeper, language)
                risk = spec.risk.get(language) or spec.risk.get("zh", "")
                yield _key(finding), line._replace(risk=risk, evidence=evidence[place], ends=ends)


def _key(finding: Finding) -> str:
    """The rule, the row and the column: a rule may find several columns of a row blank."""
    return "/".join(filter(None, [finding.rule, finding.key, finding.column]))


def _fills(finding: Finding, judged: Judged, keeper: str, language: str) -> Fills:
    sheet = judged.snapshot.sheets[finding.table]
    return Fills(
        tab=sheet.table.heading(language),
        about=finding.key,
        what=finding.sentence.get(language) or finding.sentence.get("zh", ""),
        person=finding.owner or keeper.removeprefix("role:"),
        clause=finding.clause,
        level=LEVELS[finding.level][language],
    )


def _evidence(spec: FindingSpec, rows: Any, judged: Judged, language: str) -> list[str]:
    """What the rule goes by, for every row: the columns it names with what stands in them."""
    evaluation, table = judged.evaluation, judged.snapshot.sheets[spec.table].table
    names = [name for name in (spec.evidence or (spec.column or "",)) if name and evaluation.has(spec.table, name)]
    shown = [cells_shown(evaluation, spec.table, name, rows, language) for name in names]
    headings = [column.heading(language) if (column := table.column(name)) else name for name in names]
    colon, between = ("：", "；") if language == "zh" else (": ", "; ")
    said = (
        [f"{heading}{colon}{cell}" for heading, cell in zip(headings, cells, strict=True) if cell] for cells in zip(*shown, strict=True)
    )
    return [between.join(each) for each in said] if names else [""] * len(rows)


def _ends(spec: FindingSpec, judged: Judged, language: str) -> str:
    """What ends the risk, in words."""
    table = judged.snapshot.sheets[spec.table].table
    mark = "“{}”" if language == "zh" else "'{}'"
    names = [mark.format(column.heading(language)) for name in spec.clears if (column := table.column(name))]
    if not names:
        return ENDS["gone"][language]
    return ENDS["filled"][language].format(columns=("、" if language == "zh" else " or ").join(names))


def _gone(table: str, lines: Mapping[str, Fills], judged: Judged) -> list[str]:
    """Rows of the list whose rule was judged and says nothing any more; of a rule that cannot be judged now nothing is known."""
    known = {spec.rule for spec in judged.program.findings} | {
        f"{name}/{what}" for name in judged.snapshot.sheets for what in ("readable", "key-once")
    }
    there = judged.evaluation.index(table)
    return [key for key in there[~there.duplicated()] if key not in lines and "/".join(str(key).split("/")[:2]) in known]


def _places(table: str, keys: Sequence[str], judging: Evaluation) -> Any:
    """Where rows of the list stand; -1 where they are not there yet."""
    there = judging.index(table)
    first = np.flatnonzero(~there.duplicated())
    found = there[first].get_indexer(pd.Index(keys, dtype=object)) if len(keys) else np.zeros(0, dtype="int64")
    return np.where(found < 0, -1, np.append(first, -1)[found])


def _days(table: str, keys: Sequence[str], open_ones: int, columns: Sequence[str], judging: Evaluation) -> dict[str, Any]:
    """Since when, and since when no more: what stands there stays."""
    today, never = np.datetime64(judging.now.date(), "s"), np.datetime64("NaT", "s")
    places, still = _places(table, keys, judging), np.arange(len(keys)) < open_ones
    found = {}
    for name in (name for name in DATES if name in columns):
        stood = np.append(np.asarray(standing(table, name, "date", judging), dtype="datetime64[s]"), never)[places]
        days = np.where(np.isnat(stood), today, stood)
        found[name] = days if name == "first_on" else np.where(still, never, days)
    return found


def _texts(values: Any, places: Any) -> list[str]:
    """What stands at some places, blank as nothing."""
    chosen, blank = np.asarray(values, dtype=object)[places], np.asarray(pd.isna(values))[places]
    return [str(each) for each in np.where(blank, "", chosen)]


def _array(values: Sequence[str]) -> Any:
    array = np.array(values, dtype=object)
    return text_array(array, array == "")
