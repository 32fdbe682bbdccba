"""classify: a decision table that gives every row its class."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field

from automations.decisiontables import Cell, Lint, lint, numbers_of, parse_cell, stages_of
from automations.declarations import Declared
from automations.rule import Builder, Rule
from automations.yamlcheck import closest


class Line(Declared):
    """One row of the table: what the inputs must be, and the class that follows."""

    if_: dict[str, Any] = Field(alias="if")
    then: str


class Classify(Rule):
    """A decision table with a hit policy: `unique` (two matching rows are a fault), `first`, or `collect` (all, joined).

    Cells: a value, a list, `100..500` (both ends in), `100..<500`, `> 5`, `not X`, `missing`, `any`; numbers may be `$parameters`.
    otherwise: the class when no row matches, or `none`: the row is then undecided and gets a finding.

        - id: tier
          kind: classify
          writes: tier_level
          rows:
            - { if: { annual_purchase: "> $tier1_min" }, then: 一级客户 }
            - { if: { annual_purchase: "$tier3_max..$tier1_min" }, then: 二级客户 }
            - { if: { annual_purchase: "< $tier3_max" }, then: 三级客户 }
          otherwise: none
    """

    kind: Literal["classify"] = "classify"
    hit: Literal["unique", "first", "collect"] = "unique"
    rows: list[Line]
    otherwise: str | None = None
    writes: str | None = None
    as_: str | None = Field(default=None, alias="as")

    def compile(self, build: Builder) -> None:
        if (self.writes is None) == (self.as_ is None):
            build.fault("classify needs one of 'writes' and 'as'")
            return
        name = self.writes or str(self.as_)
        if self.writes and not build.writes(self.writes, "writes"):
            name = build.called("class")
        cells = [{column: parse_cell(value) for column, value in line.if_.items()} for line in self.rows]
        self._check_choices(build)
        if not self._check_inputs(build, cells):
            return
        self._lint(build, cells)
        parts = self._parts(cells) | build.guard()
        build.composed(name, f"case when coalesce(_when, false) then {self._chosen()} end", parts, "text")
        if self.otherwise in (None, "none"):
            self._undecided(build, parts)

    def _parts(self, cells: list[dict[str, Cell]]) -> dict[str, tuple[str, tuple[str | int, ...]]]:
        conditions = [" and ".join(cell.sql(column) for column, cell in row.items()) or "true" for row in cells]
        return {f"_row{place}": (condition, ("rows", place, "if")) for place, condition in enumerate(conditions)}

    def _chosen(self) -> str:
        rest = "null" if self.otherwise in (None, "none") else _text(self.otherwise or "")
        cases = [f"case when _row{place} then {_text(line.then)} end" for place, line in enumerate(self.rows)]
        if self.hit == "collect":
            return f"coalesce(nullif(concat_ws('、', {', '.join(cases)}), ''), {rest})"
        return f"coalesce({', '.join(cases)}, {rest})"

    def _undecided(self, build: Builder, parts: dict[str, tuple[str, tuple[str | int, ...]]]) -> None:
        matched = " or ".join(f"_row{place}" for place in range(len(self.rows)))
        missed = build.composed(build.called("undecided"), f"coalesce(_when, false) and not ({matched})", parts, "boolean")
        title = build.title()
        message = {"zh": f"{title.get('zh')}：没有适用的一档", "en": f"{title.get('en')}: no line of the table fits"}
        columns = [column for line in self.rows for column in line.if_]
        zh = "、".join(dict.fromkeys(f"“{build.heading(column).get('zh')}”" for column in columns))
        build.finding(missed, self.writes or None, message, {"zh": f"请核对{zh}", "en": "check what it is decided by"})

    def _check_choices(self, build: Builder) -> None:
        results: list[tuple[str, tuple[str | int, ...]]] = [(line.then, ("rows", place, "then")) for place, line in enumerate(self.rows)]
        if self.otherwise not in (None, "none"):
            results.append((str(self.otherwise), ("otherwise",)))
        for word, at in results:
            _refuse_word(build, word, self.writes or "", at)

    def _check_inputs(self, build: Builder, cells: list[dict[str, Cell]]) -> bool:
        """Whether every parameter in the cells is known; unknown ones, and words a column cannot hold, are faults."""
        known = True
        for place, row in enumerate(cells):
            for column, cell in row.items():
                at = ("rows", place, "if", column)
                for word in cell.words:
                    _refuse_word(build, word, column, at)
                dollars = [bound for bound in (cell.low, cell.high) if bound and bound.startswith("$")]
                known &= None not in [build.parameter(dollar, *at) for dollar in dollars]
        return known

    def _lint(self, build: Builder, cells: list[dict[str, Cell]]) -> None:
        """Note overlaps and gaps, of every day on which the numbers change; what several days have in common is said once."""
        choices = {c: column.choices for row in cells for c in row if (column := build.table.column(c)) and column.choices}
        titles = {column: build.heading(column).get("zh", column) for row in cells for column in row}
        said = set[str]()
        for day, named in stages_of(build.policy.parameters):
            try:
                found = lint(cells, choices, numbers_of(build.policy.parameters, day), titles)
            except KeyError:  # a parameter without one plain number: rows cannot be compared
                continue
            for what, hint, at in self._faults(found):
                if what not in said:
                    build.fault(what + named, *hint, at=at)
                said.add(what)

    def _faults(self, found: Lint) -> Iterable[tuple[str, tuple[str, ...], tuple[str | int, ...]]]:
        """What is wrong with the table, what to do, and where."""
        for first, second, where in found.overlaps if self.hit == "unique" else ():
            yield (
                f"rows {first + 1} and {second + 1} both match where {where}",
                ("say `hit: first` if the order decides",),
                ("rows", second),
            )
        for place in found.unreached if self.hit == "first" else ():
            yield f"row {place + 1} is never reached: the rows above it match first", (), ("rows", place)
        if found.gap and self.otherwise is None and self.hit != "collect":
            hint = "add a row, or say `otherwise: none` for an undecided finding"
            yield f"no row matches where {found.gap}", (hint,), ("rows",)


def _refuse_word(build: Builder, word: str, column: str, at: tuple[str | int, ...]) -> None:
    """Note a word that a column with choices cannot hold."""
    declared = build.table.column(column)
    if declared and declared.choices and word not in declared.choices:
        near = closest(word, declared.choices)
        hints = ["choices: " + ", ".join(declared.choices), *([f"did you mean '{near}'?"] if near else [])]
        build.fault(f"'{word}' is not a choice of '{column}'", *hints, at=at)


def _text(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"
