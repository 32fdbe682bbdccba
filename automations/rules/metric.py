"""metric: an indicator per period and subject, as rows of a kept table, with its target and the figures behind it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal

from pydantic import Field

from automations.declarations import Names, Said
from automations.keptcolumns import closing, keep, kept_table
from automations.measured import UNITS, Elsewhere, Subject, Unit, aim, figures, filled_columns, fixed_words, spans
from automations.measuring import OUTCOMES, Counting, Measure, missed, rows
from automations.model import Table, Words
from automations.rule import Builder, Expression, Rule
from automations.spans import Span

MISSED: Words = {
    "zh": "{{period}}“{kpi}”（{{subject_name}}）为 {{value}}{unit}，目标 {{target}}{unit}，未达标",
    "en": "'{kpi}' of {{subject_name}} in {{period}}: {{value}} {unit}, the target is {{target}} {unit}",
}
NEEDED = ("outcome", "period", "subject_name", "value", "target")
"""The columns that say that a target was missed."""
FIX: Words = {"zh": "请查明原因，提出改进措施", "en": "find out why, and say what will be done about it"}


class Metric(Rule):
    """An indicator over the rows of the table `of`, in the policy's table, which the program keeps: a row for every period and subject.

    dated: the day that puts a row into a period; every: day, week, month, quarter, half-year, year, or a rolling `30 days`, `12 months`.
    per: the subject, left out for the company as a whole; subject: what sort of subject; named: what it is called.
    value, or numerator and denominator: expressions over the rows of one period and subject, with sum, count, min, max, avg, median.
    A figure may come from another table: `{ of: orders, dated: ordered_on, per: customer_id, when: …, take: count(*) }`.
    target: a parameter in the indicator's unit; direction: `higher` or `lower` is better; missed: `finding` or `alert` when it ends short.
    back: how many periods that have ended get a row; closes: when a row is frozen (ten days after its period).
    chart: in the tab 看板 indicators of the company with the same words here stand on one another in one chart of that title.

        - id: resolved
          kind: metric
          title: { zh: 投诉解决率, en: Complaints resolved }
          of: complaints
          dated: received_at
          every: [month, quarter]
          numerator: count(*) filter (where filled(resolved_at))
          denominator: count(*)
          target: $resolved_share
    """

    kind: Literal["metric"] = "metric"
    of: str
    dated: Expression
    every: Names
    per: Expression | None = None
    subject: Subject = "company"
    named: Expression | None = None
    numerator: Expression | Elsewhere | None = None
    denominator: Expression | Elsewhere | None = None
    value: Expression | None = None
    unit: Unit = "percent"
    decimals: int = Field(2, ge=0, le=4)
    target: str | None = None
    direction: Literal["higher", "lower"] = "higher"
    missed: Literal["finding", "alert"] | None = None
    back: int = Field(1, ge=0, le=60)
    closes: Expression = "ends_on + 10 < today()"
    chart: Said = {}

    def compile(self, build: Builder) -> None:
        table = kept_table(build, build.table.name)
        if (self.value is None) == (self.numerator is None) or (self.numerator is None) != (self.denominator is None):
            build.fault("metric needs 'value', or 'numerator' and 'denominator'")
        elif table is not None:
            self._compile(build, table)

    def _compile(self, build: Builder, table: Table) -> None:
        fills = filled_columns(build, table, self)
        closed, target = closing(build, table, self.closes), aim(build, self.target, self.unit)
        measures = []
        for span in spans(build, self.every):
            taken = figures(build, self, span)
            if taken:
                named = taken.pop("subject_name", None)
                per, percent, lower = self.per is not None, self.unit == "percent", self.direction == "lower"
                measures.append(Measure(f"{self.id}/", span, taken, named, per, target, lower, percent, self.decimals, self.back))
        said = fixed_words(build, self.subject, self.unit)
        needs = {place for each in measures for place in each.places()} | {(table.name, closed)}
        counting = Counting(tuple(measures), said, build.draft.language)
        kernel = partial(rows, counting, table.name, closed)
        soft = {place for each in measures for place in each.soft()}
        keep(build, table, fills, kernel, sorted(needs), closed=closed, timed=True, soft=soft, late=("value",))
        if self.missed:
            self._missed(build, table, [each.span for each in measures])

    def _missed(self, build: Builder, table: Table, over: Sequence[Span]) -> None:
        """Say where the last period that has ended fell short of the target."""
        if lacking := [name for name in NEEDED if not table.column(name)]:
            build.fault(f"'missed' needs a column '{lacking[0]}' in table '{table.name}'", at=("missed",))
            return
        kernel = partial(missed, table.name, "outcome", f"{self.id}/", over, OUTCOMES["missed"][build.draft.language])
        where = build.kernel(build.called("missed"), "boolean", lambda judging: kernel(judging), [table.key, "outcome"])
        said = {language: self._said(build, language, text) for language, text in MISSED.items()}
        if self.missed == "finding":
            build.finding(where, "value", said, FIX)
        else:
            build.alert(where, self.message or said, self.fix or FIX, ["period", "subject_name", "value", "target"])

    def _said(self, build: Builder, language: str, text: str) -> str:
        """The sentence that a target was missed, with what the rule knows put in; the rest stays for the row."""
        unit = UNITS.get(self.unit, {}).get(language, "")
        said = text.format(kpi=build.title().get(language) or self.id, unit=unit)
        return said.replace(" ,", ",").rstrip()
