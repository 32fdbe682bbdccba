"""What an indicator drafts: the groups its rows fall into, the figures taken of them, and the target they are held against."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from automations.declarations import Declared, Names, Parameter
from automations.keptcolumns import gathered
from automations.measuring import COLUMNS, EXACT, Figure, groups
from automations.model import ColumnType, Table, Words
from automations.rule import Builder, Expression
from automations.spans import Span, Stretch, parse_span
from automations.trees import walk

if TYPE_CHECKING:
    from automations.rules.metric import Metric

Subject = Literal["company", "department", "person", "customer", "carrier", "product"]
Unit = Literal["percent", "CNY", "count", "days", "hours", "working_days", "working_hours", "months"]
Aim = Callable[[Stretch, Any], Any]
SUBJECTS: Mapping[str, Words] = {
    "company": {"zh": "公司", "en": "company"},
    "department": {"zh": "部门", "en": "department"},
    "person": {"zh": "个人", "en": "person"},
    "customer": {"zh": "客户", "en": "customer"},
    "carrier": {"zh": "承运单位", "en": "carrier"},
    "product": {"zh": "产品", "en": "product"},
}
UNITS: Mapping[str, Words] = {
    "percent": {"zh": "%", "en": "%"},
    "CNY": {"zh": "元", "en": "yuan"},
    "days": {"zh": "天", "en": "days"},
    "hours": {"zh": "小时", "en": "hours"},
    "working_days": {"zh": "个工作日", "en": "working days"},
    "working_hours": {"zh": "个工作小时", "en": "working hours"},
    "months": {"zh": "个月", "en": "months"},
}
COUNTING = ("count", "count_star", "sum")
"""What is 0, and not nothing, over no rows."""


class Elsewhere(Declared):
    """A figure taken from another table than the rest of its indicator."""

    of: str
    dated: Expression
    per: Expression | None = None
    when: Expression | None = None
    take: Expression


@dataclass(frozen=True)
class Source:
    """The rows a figure is taken of, as drafted columns: the builder of their table, the name of their groups, what names are made of."""

    build: Builder
    group: str
    prefix: str


def spans(build: Builder, every: Names) -> Iterable[Span]:
    """The spans an indicator names; a fault for each that is none."""
    for place, text in enumerate(every):
        try:
            yield parse_span(text)
        except ValueError as error:
            build.fault(str(error), at=("every", place) if len(every) > 1 else ("every",))


def filled_columns(build: Builder, table: Table, rule: Metric) -> list[str]:
    """The columns of the kept table an indicator fills: those of `COLUMNS` it has and can say something in."""
    unsaid = {"numerator", "denominator"} if rule.value is not None else set()
    found = []
    for name, kind in COLUMNS.items():
        column = table.column(name)
        if column is None or name in unsaid:
            continue
        if not column.ours or column.type != kind:
            build.fault(f"column '{name}' of table '{table.name}' should be `type: {kind}` and `ours: true`", at=("kind",))
        found.append(name)
    if "value" not in found:
        build.fault(f"table '{table.name}' has no column 'value' to put the indicator in", at=("kind",))
    return found


def fixed_words(build: Builder, subject: Subject, unit: Unit) -> dict[str, str | None]:
    """What every row of an indicator says alike."""
    language = build.draft.language
    kpi = build.title().get(language) or build.rule.id
    clause, measured = build.rule.clause or None, UNITS.get(unit, {}).get(language)
    return {"kpi": kpi, "subject_kind": SUBJECTS[subject][language], "unit": measured, "clause": clause}


def aim(build: Builder, target: str | None, unit: Unit) -> Aim:
    """The target of a stretch for each subject: the value in force on its last day."""
    parameter = build.parameter(target, "target") if target else None
    if parameter and parameter.unit != unit:
        build.fault(f"'{target}' is in {parameter.unit}, the indicator is in {unit}", at=("target",))
        parameter = None
    return partial(_aimed, parameter)


def _aimed(parameter: Parameter | None, stretch: Stretch, subjects: Any) -> Any:
    begun = [day for day in parameter.values if day <= stretch.last] if parameter else []
    value = parameter.values[max(begun)] if parameter and begun else None
    if not isinstance(value, Mapping):
        return np.full(len(subjects), _exact(value), dtype=object)
    by_subject = {str(subject): _exact(each) for subject, each in value.items()}
    return subjects.map(lambda subject: by_subject.get(subject, by_subject.get("*"))).to_numpy(dtype=object)


def _exact(value: Any) -> int | None:
    return None if value is None else int(Decimal(str(value)) * EXACT)


# figures


def figures(build: Builder, rule: Metric, span: Span) -> dict[str, Figure]:
    """The figures of an indicator over one span, drafted; empty after noting that its table is not there."""
    main = _source(build, rule.of, span, rule, (), "main")
    if main is None:
        return {}
    found = {"cases": _taken(main, "cases", "count(*)", ("of",), "integer")}
    for name in ("numerator", "denominator", "value"):
        said = getattr(rule, name)
        if isinstance(said, Elsewhere):
            source = _source(build, said.of, span, said, (name,), name)
            found |= {name: _taken(source, name, said.take, (name, "take"))} if source else {}
        elif said is not None:
            found[name] = _taken(main, name, said, (name,))
    if rule.named:
        found["subject_name"] = _taken(main, "named", f"max({rule.named})", ("named",), "text")
    return found


def _source(build: Builder, of: str, span: Span, said: Metric | Elsewhere, at: tuple[str, ...], name: str) -> Source | None:
    """The groups of the rows of a table, drafted as a column there."""
    if of not in build.draft.tables:
        near = get_close_matches(of, build.draft.tables, n=1)
        if of not in build.draft.unread:
            build.fault(f"no table '{of}'", *(f"did you mean '{each}'?" for each in near), at=(*at, "of"))
        return None
    policy = build.policy.model_copy(update={"table": of, "dated_by": f"({said.dated})"})
    there = Builder(build.draft, policy, build.rule, build.document, build.path, build.spoilt)
    prefix = f"{build.full.replace('/', '.')} {span.text} {name}"
    dated = there.formula(f"{prefix} dated", said.dated, *at, "dated", type="datetime")
    per = there.composed(f"{prefix} per", "cast(_per as varchar)", {"_per": (said.per, (*at, "per"))}, "text") if said.per else ""
    when = there.formula(f"{prefix} when", said.when, *at, "when", type="boolean") if said.when else ""
    kernel = partial(groups, span, of, dated, per, when)
    needs = [each for each in (dated, per, when) if each]
    group = there.kernel(f"{prefix} group", "text", lambda judging: kernel(judging), needs)  # it reads the clock: see Judge._evaluate
    return Source(there, group, prefix)


def _taken(source: Source, name: str, text: str, at: tuple[str, ...], kind: ColumnType = "decimal") -> Figure:
    """A figure of the rows of each group, drafted as a column that every row of the group carries."""
    build, column = source.build, f"{source.prefix} {name}"
    if not gathered(build, column, text, at, source.group, "", kind) and not build.draft.nodes[build.table.name, column].faulty:
        build.fault(
            f"'{text}' is of one row, an indicator is of many", "write sum(…), count(*), avg(…), min(…), max(…) or median(…)", at=at
        )
    return Figure(build.table.name, source.group, column, counts=_counts(build, text))


def _counts(build: Builder, text: str) -> bool:
    """Whether it is 0 over no rows: all it gathers is counted or added up."""
    tree = build.draft.parse(text, aggregates=True) if text else None
    names = {str(node.get("function_name", "")).lower() for node in walk(tree) if node["class"] == "FUNCTION"} if tree else set()
    return not names & {"min", "max", "avg", "median"} and bool(names & set(COUNTING))
