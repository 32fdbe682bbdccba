"""Indicators: figures gathered per period and subject, the value they give, and how it stands to its target and to the period before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from automations.arrays import text_array
from automations.keeping import Made, made_of, standing
from automations.model import SCALE, ColumnType, Words
from automations.program import Place
from automations.spans import Span, Stretch

if TYPE_CHECKING:
    from automations.judging import Evaluation

EXACT = SCALE["decimal"]
COLUMNS: Mapping[str, ColumnType] = {
    "kpi": "text",
    "subject_kind": "text",
    "subject": "text",
    "subject_name": "text",
    "period_kind": "text",
    "period": "text",
    "starts_on": "date",
    "ends_on": "date",
    "value": "decimal",
    "unit": "text",
    "target": "decimal",
    "outcome": "text",
    "previous": "decimal",
    "change": "decimal",
    "numerator": "decimal",
    "denominator": "decimal",
    "cases": "integer",
    "clause": "text",
}
"""What an indicator says of a period and a subject: the columns it fills wherever the kept table has them."""
OUTCOMES: Mapping[str, Words] = {
    "met": {"zh": "达标", "en": "met"},
    "missed": {"zh": "未达标", "en": "missed"},
    "running": {"zh": "进行中", "en": "running"},
    "none": {"zh": "无数据", "en": "no data"},
}


@dataclass(frozen=True)
class Figure:
    """Where one figure of an indicator stands: in a column every row of a group carries it.

    `counts`: a group without rows has 0 of it, and not nothing.
    """

    table: str
    group: str
    column: str
    counts: bool = False


@dataclass(frozen=True)
class Measure:
    """One indicator over one span. `figures` are `numerator` and `denominator`, or `value`, and `cases`; `named` says the subject's name.

    `target` gives the target of a stretch for each subject (NaN: none); `lower` is better where it says so.
    """

    prefix: str
    span: Span
    figures: Mapping[str, Figure]
    named: Figure | None
    per: bool
    target: Callable[[Stretch, Any], Any]
    lower: bool
    percent: bool
    decimals: int
    back: int

    def places(self) -> set[Place]:
        """The columns it reads; that of the names it can do without."""
        return {(each.table, name) for each in self.figures.values() for name in (each.group, each.column)}

    def soft(self) -> set[Place]:
        return {(self.named.table, self.named.column)} if self.named else set()


def groups(span: Span, table: str, dated: str, per: str, when: str, judging: Evaluation) -> Any:
    """The group of every row: the code of its stretch and its subject, `2025-08/YG-02`; blank where it belongs to none, or not yet."""
    at = judging.times(table, dated)
    codes = span.codes(np.where(at <= judging.now64, at, np.datetime64("NaT")), judging.now.date())
    if when:
        codes[~judging.flags(table, when)] = ""
    if per:
        subjects = judging.texts(table, per)
        codes = np.where(subjects == "", "", codes + "/" + subjects)
    return text_array(codes)


@dataclass(frozen=True, eq=False)
class Counting:
    """All spans of an indicator, with what every row says alike; it counts again only when a column it reads has changed."""

    measures: tuple[Measure, ...]
    fixed: Mapping[str, str | None]
    language: str
    last: list[Any] = field(default_factory=list)

    def counted(self, judging: Evaluation) -> tuple[pd.DataFrame, dict[str, Any]]:
        """The figures of all stretches, also of the oldest, which is only there to compare with; and the columns of those shown."""
        today = judging.now.date()
        places = [place for each in self.measures for place in sorted(each.places() | each.soft()) if judging.has(*place)]
        read = [judging.raw(*place) for place in places]
        stretches = [each.span.stretches(today, each.back + 1) for each in self.measures]
        if not self.last or self.last[0] != stretches or len(self.last[1]) != len(read) or not all(map(_same, self.last[1], read)):
            parts = [_counted(each, today, self.language, judging) for each in self.measures]
            found = _named(pd.concat(parts, ignore_index=True).assign(**self.fixed))
            shown = found[found["shown"]]
            self.last[:] = [stretches, read, found, {name: _column(shown[name], kind) for name, kind in COLUMNS.items() if name in found}]
        return self.last[2], self.last[3]


def _same(before: Any, now: Any) -> bool:
    """Whether a column is what it was: most runs change a few rows, and most indicators do not read them."""
    if before is now or len(before) != len(now) or type(before) is not type(now):
        return before is now
    return bool(before.equals(now)) if hasattr(before, "equals") else np.array_equal(before, now, equal_nan=before.dtype.kind in "fmM")


def rows(counting: Counting, kept: str, closed: str, judging: Evaluation) -> Made:
    """The rows of an indicator, each beside the value of the stretch before it."""
    found, columns = counting.counted(judging)
    previous = _previous(found, standing_values(kept, closed, found["key"], judging))
    shown = found["shown"].to_numpy(dtype=bool)
    before = _column(pd.Series(previous[shown], dtype=object), "decimal")
    return made_of(found["key"][shown].tolist(), {**columns, "previous": before, "change": columns["value"] - before})


def _named(found: pd.DataFrame) -> pd.DataFrame:
    """Every subject with a name: its own where nothing else names it, and for the company that word."""
    named = found["subject_name"] if "subject_name" in found else pd.Series([None] * len(found), dtype=object)
    own = found["subject"].astype(object).where(found["subject"] != "", None)
    return found.assign(subject=own, subject_name=named.where(named.notna(), own.where(own.notna(), found["subject_kind"])))


def _column(values: pd.Series[Any], kind: ColumnType) -> Any:
    """A column of results as the evaluation keeps it."""
    if kind == "date":
        return values.to_numpy(dtype="datetime64[s]")
    data = values.to_numpy(dtype=object, copy=True)
    if kind == "text":
        return text_array(data)
    data[pd.isna(data)] = None
    return pd.array(data, dtype="Int64")


def _counted(measure: Measure, today: date, language: str, judging: Evaluation) -> pd.DataFrame:
    stretches = measure.span.stretches(today, measure.back + 1)
    table = _gathered(measure, stretches, judging)
    table["value"], table["outcome"], table["target"] = _valued(measure, table, stretches, language)
    before = {after.code: earlier.code for earlier, after in pairwise(stretches)}
    table["key"] = _keys(measure, table["code"], table["subject"])
    table["before"] = _keys(measure, table["code"].map(before), table["subject"])
    return _described(measure, table, stretches, language)


def _keys(measure: Measure, codes: pd.Series[Any], subjects: pd.Series[Any]) -> pd.Series[Any]:
    """`resolved/2025-08/YG-02`; without a subject `resolved/2025-08`."""
    keys: pd.Series[Any] = measure.prefix + codes.astype(object) + (("/" + subjects.astype(object)) if measure.per else "")
    return keys


def _described(measure: Measure, table: pd.DataFrame, stretches: Sequence[Stretch], language: str) -> pd.DataFrame:
    """The rows with what their stretches are called; the oldest stretch is not shown."""
    place = table["place"].to_numpy(dtype="int64")
    table["period"] = np.array([each.words.get(language, "") for each in stretches], dtype=object)[place]
    table["starts_on"] = np.array([each.first for each in stretches], dtype="datetime64[s]")[place]
    table["ends_on"] = np.array([each.last for each in stretches], dtype="datetime64[s]")[place]
    return table.assign(period_kind=measure.span.words[language], shown=place > 0)


# the figures


def _gathered(measure: Measure, stretches: Sequence[Stretch], judging: Evaluation) -> pd.DataFrame:
    """A row per stretch and subject with its figures, 0 where nothing was counted; a company has one for every stretch since its first."""
    series = {name: _figure(each, judging) for name, each in measure.figures.items()}
    if measure.named and judging.has(measure.named.table, measure.named.column):
        series["subject_name"] = _figure(measure.named, judging)
    table = pd.DataFrame(series)
    codes = [stretch.code for stretch in stretches]
    split = pd.Series(table.index, dtype=object).str.partition("/") if len(table) else pd.DataFrame({0: [], 2: []})
    table["code"], table["subject"] = split[0].to_numpy(), split[2].to_numpy()
    if not measure.per and len(table):
        table = table.set_index("code").reindex([code for code in codes if code >= min(split[0])])
        table["code"], table["subject"] = table.index, ""
    table = table[table["code"].isin(codes)].copy()
    for name, figure in measure.figures.items():
        table[name] = table[name].astype(object).where(table[name].notna(), 0 if figure.counts else None)
    table["place"] = table["code"].map({code: place for place, code in enumerate(codes)})
    return table.sort_values(["place", "subject"]).reset_index(drop=True)


def _figure(figure: Figure, judging: Evaluation) -> pd.Series[Any]:
    """A figure by group, each group once."""
    groups_, values = judging.texts(figure.table, figure.group), judging.column(figure.table, figure.column)
    first = (groups_ != "") & ~pd.Index(groups_, dtype=object).duplicated()
    return pd.Series(np.asarray(values[first], dtype=object), index=pd.Index(groups_[first], dtype=object), dtype=object)


# the value


def _valued(measure: Measure, table: pd.DataFrame, stretches: Sequence[Stretch], language: str) -> tuple[Any, Any, Any]:
    """Value, outcome and target of every row. All are whole multiples of 1/10,000; the target is compared with the exact value."""
    over, under = _fraction(measure, table)
    known = np.array([each is not None and other is not None and other > 0 for each, other in zip(over, under, strict=True)], dtype=bool)
    value = np.full(len(table), None, dtype=object)
    step = 10**measure.decimals
    value[known] = (over[known] * step * 2 + under[known] * EXACT) // (under[known] * EXACT * 2) * (EXACT // step)
    target = _targets(measure, table, stretches)
    aimed = np.asarray(pd.notna(target))
    outcome = np.full(len(table), "", dtype=object)
    outcome[~known] = OUTCOMES["none"][language]
    both = known & aimed
    gap = over[both] - target[both] * under[both]
    met = np.array(gap <= 0 if measure.lower else gap >= 0, dtype=bool)
    outcome[both] = np.where(met, OUTCOMES["met"][language], OUTCOMES["missed"][language])
    running = [stretch.code for stretch in stretches if stretch.running]
    outcome[aimed & table["code"].isin(running).to_numpy()] = OUTCOMES["running"][language]
    return value, outcome, target


def _fraction(measure: Measure, table: pd.DataFrame) -> tuple[Any, Any]:
    """The value as a fraction of whole numbers, in 1/10,000 of its unit."""
    if "value" in measure.figures:
        return table["value"].to_numpy(dtype=object), np.full(len(table), 1, dtype=object)
    over, under = table["numerator"].to_numpy(dtype=object), table["denominator"].to_numpy(dtype=object)
    factor = EXACT * (100 if measure.percent else 1)
    return np.array([None if each is None else each * factor for each in over], dtype=object), under


def _targets(measure: Measure, table: pd.DataFrame, stretches: Sequence[Stretch]) -> Any:
    found = np.full(len(table), None, dtype=object)
    for place, stretch in enumerate(stretches):
        here = (table["place"] == place).to_numpy()
        found[here] = measure.target(stretch, table["subject"][here])
    return found


def standing_values(kept: str, closed: str, made: pd.Series[Any], judging: Evaluation) -> pd.Series[Any]:
    """By key the values that stand in the kept table and stay: those of closed rows, and of rows nothing is gathered for any more."""
    index, values = judging.index(kept), np.asarray(standing(kept, "value", "decimal", judging), dtype=object)
    stays = (judging.flags(kept, closed) | ~index.isin(made)) & ~index.duplicated() & ~pd.isna(values)
    return pd.Series(values[stays], index=index[stays], dtype=object)


def _previous(found: pd.DataFrame, stands: pd.Series[Any]) -> Any:
    """The value of the stretch before, as it stands once that is closed."""
    fresh = pd.Series(found["value"].to_numpy(), index=pd.Index(found["key"], dtype=object), dtype=object)
    known = pd.concat([stands, fresh[~fresh.index.isin(stands.index)]]) if len(stands) else fresh
    return known.reindex(pd.Index(found["before"], dtype=object)).to_numpy(dtype=object)


def missed(table: str, outcome: str, prefix: str, spans: Sequence[Span], word: str, judging: Evaluation) -> Any:
    """The rows of an indicator that ended short of the target, of the last period that has ended; earlier ones are history."""
    latest = [next(each.code for each in reversed(span.stretches(judging.now.date(), 1)) if not each.running) for span in spans]
    short = judging.texts(table, outcome) == word
    keys = pd.Series(judging.keys(table)[short], dtype=object).str.extract("^([^/]*/[^/]*)", expand=False)
    short[short] = keys.isin([prefix + code for code in latest])
    return pd.array(short, dtype="boolean")
