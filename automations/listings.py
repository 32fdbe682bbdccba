"""Lists of what rules say: problems and risks as rows of a kept table, since when and until when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from automations.arrays import text_array
from automations.judging import Evaluation, Judged, blocked_rows
from automations.keeping import Made, made_of, standing
from automations.model import Table, Words
from automations.program import FindingSpec, Place, Program
from automations.speaking import cell_findings, cells_shown, owner_names, readable_at, words_at

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


FILLS = ("tab", "about", "what", "person", "clause", "level", "risk", "evidence", "ends", "state", *DATES)
"""The columns a list fills where its table has them."""
OF_RISK = ("risk", "evidence", "ends")
"""Those that only a list of risks fills."""
Of = Literal["problems", "risks"]
Lines = dict[str, Any]
"""Rows of a list as whole columns: `key`, `table` and `row` (where they are from, for the order), and the texts of FILLS."""


def places_of(specs: Iterable[FindingSpec]) -> frozenset[Place]:
    """The columns that must be there before the list is made: where findings hold, and what they say of a row."""
    told = ((*spec.names, *((spec.table, name) for name in (spec.where, *spec.evidence))) for spec in specs)
    return frozenset(place for places in told for place in places)


def listed(
    table: Table,
    columns: Sequence[str],
    of: Of,
    specs: Sequence[FindingSpec],
    language: str,
    judging: Evaluation,
) -> Made:
    """A row for everything these rules say now; in the rows of what is no longer said only the state and the last day change."""
    judged = _judged(judging, specs)
    lines = _once_each(_lines(judged, of, language))
    gone = _gone(table.name, lines["key"], judged)
    keys, places = np.concatenate([lines["key"], gone]), _places(table.name, gone, judging)
    states = _same(STATES[of][language], len(lines["key"])), _same(STATES[f"{of} gone"][language], len(gone))
    found = {
        name: text_array(np.concatenate([lines[name], _texts(standing(table.name, name, "text", judging), places)]))
        for name in columns
        if name not in ("state", *DATES)
    }
    if "state" in columns:
        found["state"] = text_array(np.concatenate(states))
    return made_of(keys, found | _days(table.name, keys, len(lines["key"]), columns, judging), grouped=True)


def _judged(judging: Evaluation, specs: Sequence[FindingSpec]) -> Judged:
    """What has been judged so far, seen through the rules that are listed."""
    there = tuple(spec for spec in specs if judging.has(spec.table, spec.where))
    hits = {place: np.flatnonzero(judging.flags(spec.table, spec.where)) for place, spec in enumerate(there)}
    blocked = {name: blocked_rows(judging, name) for name in judging.snapshot.sheets}
    return Judged(judging, Program((), there, (), (), {}, {}), {}, hits, blocked)


def _lines(judged: Judged, of: Of, language: str) -> Lines:
    """What is said of every row: problems in the order of tables, rows and rules, risks in that of the rules."""
    if of == "risks":
        return _below_one_another([_said(judged, of, *each, language) for each in judged.spoken("finding", "alert", "risk")])
    said = [(spec, readable_at(judged, spec, rows)) for spec, rows in judged.spoken() if spec.level != "info"]
    cells = [_of_cells(judged, name, language) for name in judged.snapshot.sheets]
    return _in_order(_below_one_another([*(_said(judged, of, spec, rows, language) for spec, rows in said), *cells]), judged)


def _said(judged: Judged, of: Of, spec: FindingSpec, rows: Any, language: str) -> Lines:
    """What a rule says of these rows; the lines of the last judging where it says the same of the same rows."""
    judging, columns = judged.evaluation, [*places_of((spec,)), *_owners(spec.table, judged.evaluation)]
    sources = [judged.snapshot.sheets[spec.table].problems, *(judging.raw(*place) for place in columns if judging.has(*place))]
    what = ("said", of, spec.rule, spec.kind, spec.column or "", spec.where, language)
    found: Lines = judging.again(what, lambda: sources, lambda: _worded(judged, of, spec, rows, language))
    return found


def _owners(table: str, judging: Evaluation) -> list[Place]:
    """The columns that say whose a row is and which it is."""
    declared = judging.snapshot.sheets[table].table
    return [(table, declared.key), *((table, name) for name in declared.owner), ("staff", "staff_id"), ("staff", "staff_name")]


def _worded(judged: Judged, of: Of, spec: FindingSpec, rows: Any, language: str) -> Lines:
    judging, sheet, count = judged.evaluation, judged.snapshot.sheets[spec.table], len(rows)
    about, owners = judging.keys(spec.table)[rows], owner_names(judging, spec.table)[rows]
    text = spec.message.get(language) or spec.message.get("zh", "")
    after = f"/{spec.column}" if spec.column else ""
    lines = {
        "key": np.where(about == "", "", f"{spec.rule}/" + about + after),
        "table": _same(spec.table, count),
        "row": np.asarray(sheet.rows, dtype="int64")[rows],
        "tab": _same(sheet.table.heading(language), count),
        "about": about,
        "what": np.array(words_at(judging, spec.table, text, rows), dtype=object),
        "person": np.where(owners == "", spec.keeper.removeprefix("role:"), owners),
        "clause": _same(spec.clause, count),
        "level": _same(LEVELS[spec.level][language], count),
    }
    return lines | (_of_risk(judged, spec, rows, language) if of == "risks" else dict.fromkeys(OF_RISK, _same("", count)))


def _of_risk(judged: Judged, spec: FindingSpec, rows: Any, language: str) -> Lines:
    return {
        "risk": _same(spec.risk.get(language) or spec.risk.get("zh", ""), len(rows)),
        "evidence": np.array(_evidence(spec, rows, judged, language), dtype=object),
        "ends": _same(_ends(spec, judged, language), len(rows)),
    }


def _of_cells(judged: Judged, table: str, language: str) -> Lines:
    """What is wrong with cells and keys, which no rule says."""
    found = cell_findings(judged, table)
    texts = {
        "key": [f"{each.rule}/{each.key}/{each.column}" if each.key else "" for each in found],
        "table": [table] * len(found),
        "tab": [judged.snapshot.sheets[table].table.heading(language)] * len(found),
        "about": [each.key for each in found],
        "what": [each.sentence.get(language) or each.sentence.get("zh", "") for each in found],
        "person": [each.owner for each in found],
        "level": [LEVELS[each.level][language] for each in found],
    }
    blank = dict.fromkeys(("clause", *OF_RISK), _same("", len(found)))
    rows = np.array([each.row for each in found], dtype="int64")
    return {name: np.array(values, dtype=object) for name, values in texts.items()} | blank | {"row": rows}


def _below_one_another(parts: Sequence[Lines]) -> Lines:
    names = ("key", "table", "row", *(name for name in FILLS if name not in ("state", *DATES)))
    return {
        name: np.concatenate([np.zeros(0, dtype="int64" if name == "row" else object), *(part[name] for part in parts)]) for name in names
    }


def _in_order(lines: Lines, judged: Judged) -> Lines:
    """By tables, rows and rules."""
    tables = pd.Index([*judged.snapshot.sheets], dtype=object).get_indexer(pd.Index(lines["table"], dtype=object))
    order = np.lexsort((pd.factorize(lines["key"], sort=True)[0], lines["row"], tables))
    return {name: values[order] for name, values in lines.items()}


def _once_each(lines: Lines) -> Lines:
    """Without rows that have no key, and of a doubled key what is said first."""
    chosen = ~pd.Index(lines["key"], dtype=object).duplicated() & (lines["key"] != "")
    return {name: values[chosen] for name, values in lines.items()}


def _same(text: str, count: int) -> Any:
    return np.full(count, text, dtype=object)


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


def _gone(table: str, said: Any, judged: Judged) -> Any:
    """Rows of the list whose rule was judged and says nothing any more; of a rule that cannot be judged now nothing is known."""
    known = {spec.rule for spec in judged.program.findings} | {
        f"{name}/{what}" for name in judged.snapshot.sheets for what in ("readable", "key-once")
    }
    there = judged.evaluation.index(table)
    left = there[~there.duplicated() & ~there.isin(said)].to_numpy(dtype=object)
    return left[[*(("/".join(str(key).split("/")[:2]) in known) for key in left)]] if len(left) else left


def _places(table: str, keys: Any, judging: Evaluation) -> Any:
    """Where rows of the list stand; -1 where they are not there yet."""
    there = judging.index(table)
    first = np.flatnonzero(~there.duplicated())
    found = there[first].get_indexer(pd.Index(keys, dtype=object)) if len(keys) else np.zeros(0, dtype="int64")
    return np.where(found < 0, -1, np.append(first, -1)[found])


def _days(table: str, keys: Any, open_ones: int, columns: Sequence[str], judging: Evaluation) -> dict[str, Any]:
    """Since when, and since when no more: what stands there stays."""
    today, never = np.datetime64(judging.now.date(), "s"), np.datetime64("NaT", "s")
    places, still = _places(table, keys, judging), np.arange(len(keys)) < open_ones
    found = {}
    for name in (name for name in DATES if name in columns):
        stood = np.append(np.asarray(standing(table, name, "date", judging), dtype="datetime64[s]"), never)[places]
        days = np.where(np.isnat(stood), today, stood)
        found[name] = days if name == "first_on" else np.where(still, never, days)
    return found


def _texts(values: Any, places: Any) -> Any:
    """What stands at some places, blank as nothing."""
    chosen, blank = np.asarray(values, dtype=object)[places], np.asarray(pd.isna(values))[places]
    return np.where(blank, "", chosen).astype(object)
