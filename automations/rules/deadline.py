"""deadline: something that must be done within a time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from automations.clocks import OVERDUE, SOON, Clock, begun_anew, parse_length
from automations.declarations import DURATIONS, Declared, DurationUnit, Names, Parameter
from automations.program import ClockSpec, Watch
from automations.rule import Builder, Expression, Rule

if TYPE_CHECKING:
    from automations.judging import Evaluation


class Writes(Declared):
    """Our columns for the due time and the clock's state."""

    due: str | None = None
    state: str | None = None


class Pauses(Declared):
    """While the condition holds the clock stands still; `since` names the column that says from when."""

    while_: Expression = Field(alias="while")
    since: str | None = None
    at_most: str | None = None


class Reopens(Declared):
    """What a step that was done and is open again means: within this time it goes on, later it begins anew."""

    resume_within: str


class Deadline(Rule):
    """`done` must be filled within `within` of `starts`, or by the date `until`.

    within: a parameter in working_days, days, hours, working_hours or months; no_later_than: rules whose due time
    caps this one; at: `close` of the last working day, or `time_of_start`; soon: when it counts as due soon.
    reopens: a step done and opened again after more than `resume_within` begins anew on the day that was seen; else it goes on.
    Deadlines that write the same `due` column are one promise: the earliest wins.

        - id: assign
          kind: deadline
          starts: received_at
          within: $assign_within
          no_later_than: total
          done: assigned_at
          writes: { due: due_assign, state: assign_state }
    """

    kind: Literal["deadline"] = "deadline"
    starts: Expression | None = None
    within: str | None = None
    until: Expression | None = None
    done: Expression
    no_later_than: Names = []
    writes: Writes = Writes()
    at: Literal["close", "time_of_start"] = "close"
    soon: str | None = None
    pauses: Pauses | None = None
    reopens: Reopens | None = None

    def compile(self, build: Builder) -> None:
        if (self.within is None) == (self.until is None):
            build.fault("deadline needs one of 'within' and 'until'")
            return
        if not (starts := self.starts or build.policy.dated_by):
            build.fault("deadline needs 'starts'", "or say `dated_by:` at the top of the policy")
            return
        start = build.formula(build.called("start"), starts, "starts", type="datetime")
        done = build.formula(build.called("done"), self.done, "done", type="datetime")
        limit, unit = self._limit(build)
        start = self._begun(build, start) if self.reopens else start
        clock = Clock(
            table=build.table.name,
            rule=self.id,
            start=start,
            done=done,
            unit=unit,
            limit=limit,
            until=build.formula(build.called("until"), self.until, "until", type="datetime") if self.until else "",
            when=build.active() or "",
            caps=tuple(f"{cap}.due" for cap in self.no_later_than),
            at=self.at,
            soon=self.soon or build.draft.due_soon,
            **self._pauses(build),
        )
        self._columns(build, clock)
        self._findings(build, clock)

    def _begun(self, build: Builder, start: str) -> str:
        """The start, or where the step was opened again too late to go on, the moment that was seen."""
        finished = build.composed(build.called("finished"), "_done is not null", {"_done": (self.done, ("done",))}, "boolean")
        build.draft.watches.append(Watch(build.table.name, finished))
        amount, unit, table = 0, "working_days", build.table.name
        try:
            amount, unit = parse_length(self.reopens.resume_within if self.reopens else "")
        except ValueError as error:
            build.fault(str(error), at=("reopens", "resume_within"))

        def begun(judging: Evaluation) -> Any:
            return begun_anew(judging, table, start, finished, amount, unit)

        return build.kernel(build.called("begun"), "datetime", begun, [start, finished])

    def _limit(self, build: Builder) -> tuple[str, DurationUnit]:
        if not self.within:
            return "", "days"
        parameter = build.duration(self.within, "within")
        return build.formula(build.called("limit"), self.within, "within", type="decimal"), duration_unit(parameter)

    def _pauses(self, build: Builder) -> dict[str, Any]:
        if not self.pauses:
            return {}
        name = build.formula(build.called("paused"), self.pauses.while_, "pauses", "while", type="boolean")
        build.draft.watches.append(Watch(build.table.name, name))
        if self.pauses.since and not build.table.column(self.pauses.since):
            build.unknown_column(self.pauses.since, "pauses", "since")
        found: dict[str, Any] = {"paused": name, "pause_since": self.pauses.since or ""}
        if self.pauses.at_most and (parameter := build.duration(self.pauses.at_most, "pauses", "at_most")):
            limit = build.formula(build.called("pause limit"), self.pauses.at_most, "pauses", "at_most", type="decimal")
            found |= {"pause_limit": limit, "pause_unit": duration_unit(parameter)}
        return found

    def _columns(self, build: Builder, clock: Clock) -> None:
        for cap in self.no_later_than:
            build.mentions(cap, "no_later_than")
        try:
            if not clock.soon.endswith("%"):
                parse_length(clock.soon.removesuffix("before"))
        except ValueError as error:
            build.fault(str(error), at=("soon",))
        needs = [name for name in (clock.start, clock.limit, clock.until, clock.when) if name]
        pausing = [name for name in (clock.paused, clock.pause_since, clock.pause_limit) if name]
        due = build.kernel(
            clock.called("due"), "datetime", clock.due, needs, soft=(*clock.caps, *pausing, *([clock.done] if pausing else []))
        )
        build.kernel(clock.called("code"), "integer", clock.code, [*needs, due, clock.done], soft=pausing)
        build.state_words(clock.called("state"), clock.called("code"))
        spec = ClockSpec(
            rule=build.full,
            table=clock.table,
            title=build.title(),
            start=clock.start,
            due=due,
            done=clock.done,
            state=clock.called("code"),
            clause=self.clause,
            unit=clock.unit,
            soon=clock.soon,
            written_due=self.writes.due,
            paused=clock.paused or None,
        )
        build.promise(spec, self.writes.due, self.writes.state)

    def _findings(self, build: Builder, clock: Clock) -> None:
        if self.risk:
            code, due = clock.called("code"), clock.called("due")
            near = build.kernel(build.called("near"), "boolean", partial(_near, clock.table, code), [code])
            title = build.title()
            words = {"zh": f"“{title.get('zh')}”还没有完成，期限是{{{due}}}", "en": f"'{title.get('en')}' is not done, due {{{due}}}"}
            build.at_risk(near, words)
        column = self.starts if self.starts and build.table.column(self.starts) else None
        if self.starts:
            name = build.kernel(build.called("future"), "boolean", clock.future, [each for each in (clock.start, clock.when) if each])
            what = build.heading(column) if column else {"zh": "起算时间", "en": "the start"}
            message = {
                "zh": f"“{what.get('zh')}”晚于现在，无法计算“{build.title().get('zh')}”的期限",
                "en": f"{what.get('en')} lies in the future",
            }
            build.finding(name, column, message, {"zh": "请核对日期", "en": "check the date"})
        if self.within:
            parts = {"_start": (starts_of(self, build), ("starts",)), "_limit": (self.within, ("within",)), **build.guard()}
            name = build.composed(
                build.called("no value"), "coalesce(_when, false) and _start is not null and _limit is null", parts, "boolean"
            )
            title = build.title()
            message = {"zh": f"没有适用于本行的期限数值（{title.get('zh')}）", "en": f"no value in force for '{title.get('en', self.id)}'"}
            fix = {"zh": "请核对本行的分类，或由管理员补充参数", "en": "check the row's classes, or have the parameter completed"}
            build.finding(name, column, message, fix)


def duration_unit(parameter: Parameter | None) -> DurationUnit:
    """The unit of a length of time; days where the parameter was at fault and has been reported."""
    return parameter.unit if parameter and parameter.unit in DURATIONS else "days"  # type: ignore[return-value]


def _near(table: str, code: str, judging: Evaluation) -> Any:
    """Where little time is left, or none."""
    return pd.array(np.isin(judging.integers(table, code), (SOON, OVERDUE)), dtype="boolean")


def starts_of(rule: Deadline, build: Builder) -> str:
    """The expression a deadline starts from: its own, or the policy's date."""
    return rule.starts or build.policy.dated_by or "NULL"
