"""cadence: something that must happen again in every calendar period."""

from __future__ import annotations

from typing import Literal

from automations.clocks import Clock
from automations.program import ClockSpec
from automations.rule import Builder, Expression, Rule
from automations.rules.deadline import Writes

PERIOD_END = "last_day(make_date(cast(({end}) // 12 as bigint), cast(({end}) % 12 + 1 as bigint), 1))"
MONTH = "(year({day}) * 12 + month({day}) - 1)"


class Cadence(Rule):
    """The next due day is the last day of the calendar period after the one in which it happened last.

    every: a parameter in months (1 month, 3 quarter, 6 half-year, 12 year), often `by` a class of the row;
    last: when it happened last; since: from when it is owed where it never happened.

        - id: visit
          kind: cadence
          every: $visit_every
          last: last_visit_on
          since: trading_since
          writes: { due: next_visit_due, state: visit_state }
    """

    kind: Literal["cadence"] = "cadence"
    every: str
    last: Expression
    since: Expression | None = None
    writes: Writes = Writes()
    soon: str = "10 days before"

    def compile(self, build: Builder) -> None:
        parameter = build.duration(self.every, "every")
        if parameter and parameter.unit != "months":
            build.fault(f"'{self.every}' is in {parameter.unit}; a cadence is in months", at=("every",))
        parts = {
            "_every": (self.every, ("every",)),
            "_last": (self.last, ("last",)),
            "_since": (self.since or "cast(null as date)", ("since",)),
            **build.guard(),
        }
        until = build.composed(build.called("until"), f"case when coalesce(_when, false) then {due_sql()} end", parts, "date")
        start = build.composed(
            build.called("start"), "coalesce(_last, _since)", {key: parts[key] for key in ("_last", "_since")}, "datetime"
        )
        done = build.formula(build.called("done"), "cast(null as timestamp)", "last", type="datetime")
        clock = Clock(table=build.table.name, rule=self.id, start=start, done=done, unit="days", until=until, soon=self.soon)
        due = build.kernel(clock.called("due"), "datetime", clock.due, [start, until])
        build.kernel(clock.called("code"), "integer", clock.code, [start, due, done])
        build.state_words(clock.called("state"), clock.called("code"))
        build.promise(self._spec(build, clock), self.writes.due, self.writes.state)

    def _spec(self, build: Builder, clock: Clock) -> ClockSpec:
        return ClockSpec(
            rule=build.full,
            table=clock.table,
            title=build.title(),
            start=clock.start,
            due=clock.called("due"),
            done=clock.done,
            state=clock.called("code"),
            clause=self.clause,
            unit="days",
            soon=self.soon,
            written_due=self.writes.due,
        )


def due_sql() -> str:
    """The due day from `_every`, `_last` and `_since`, as SQL."""

    def period_end(day: str, ahead: int) -> str:
        return PERIOD_END.format(end=f"({MONTH.format(day=day)} // _every + {ahead}) * _every - 1")

    first = f"when _since is not null then {period_end('_since', 1)} else {period_end('today()', 1)}"
    return f"case when _every is null then null when _last is not null then {period_end('_last', 2)} {first} end"
