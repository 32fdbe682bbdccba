"""duty: something that must be done in every period, as a row of a kept table."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from automations.arrays import text_array
from automations.declarations import Declared, Parameter
from automations.keeping import Made, made_of
from automations.keptcolumns import fillable, keep, kept_table
from automations.periods import WEEKDAYS, Every, Period, due_day, following, period_of, preceding
from automations.rule import Builder, Rule

if TYPE_CHECKING:
    from automations.judging import Evaluation


BEFORE_ALL = 1e7
"""In days: more than any two due days of one period lie apart."""


class DutyColumns(Declared):
    """The columns of the kept table that a duty fills."""

    duty: str = "duty"
    period: str = "period"
    who: str = "owner_role"
    clause: str = "clause"
    starts: str = "starts_on"
    due: str = "due_on"


class Duty(Rule):
    """A row of the policy's table, which the program keeps, for every period; staff close it, `deadline` and `notices` speak of it.

    every: week, month, quarter, half-year or year. on: the day of its last month (30 is the last day of February), `last`,
    the weekday of a week (`fri`), or a parameter; or after: how many days after the period ends.
    if_closed: where a day off moves the due day. who: the role, or the staff number, whose duty it is.
    since: periods that ended before are left out; ahead: how many days before a period begins its row is opened.
    Only the period of today, and a last one that is not due yet, get a row: what was never opened is not made up.
    promise: a word that duties of several policies share where they ask for the same; they have one row, the earliest is the one
    that counts, and of those due on one day that of the pack that comes first; `precedence` in the settings may name another.

        - id: market-survey
          kind: duty
          title: { zh: 市场调研, en: Market survey }
          every: quarter
          on: $survey_day
          if_closed: previous_open
          who: 市场部部长
    """

    kind: Literal["duty"] = "duty"
    every: Every
    on: str | None = None
    after: str | None = None
    if_closed: Literal["previous_open", "next_open", "as_is"] = "previous_open"
    who: str
    promise: str | None = Field(None, pattern=r"^[a-z][a-z0-9_-]*$")
    since: date | None = None
    ahead: int = Field(5, ge=0, le=60)
    writes: DutyColumns = DutyColumns()

    def compile(self, build: Builder) -> None:
        table = kept_table(build, build.table.name)
        parameter = self._day(build)
        if table is None:
            return
        first = build.full in build.draft.first.get(self.promise or "", ())
        for key, column in self.writes.model_dump().items():
            fillable(build, table, column, "writes", key)
        said = {"duty": build.title().get(build.draft.language) or self.id, "who": self.who, "clause": self.clause}
        rows = partial(self._rows, parameter, said, build.draft.language, first)
        keep(build, table, self.writes.model_dump().values(), rows, [(table.name, table.key)], timed=True)

    def _day(self, build: Builder) -> Parameter | None:
        """The parameter that says when it is due, if one does; a fault where nothing says it."""
        at, said = ("on", self.on) if self.on is not None else ("after", self.after or "")
        if (self.on is None) == (self.after is None):
            build.fault("duty needs one of 'on' and 'after'")
        elif said and said.startswith("$"):
            parameter = build.parameter(said, at)
            for value in parameter.values.values() if parameter else ():
                if value is not None:
                    self._check(build, at, str(value))
            return parameter
        else:
            self._check(build, at, said or "")
        return None

    def _check(self, build: Builder, at: str, day: str) -> None:
        if at == "after" and not day.isdigit():
            build.fault(f"'{day}' is no number of days", at=(at,))
        if at == "on" and not self._lies_within(day):
            hint = "write a weekday (mon to sun) or `last`" if self.every == "week" else "write a day from 1 to 31 or `last`"
            build.fault(f"'{day}' is no day of a {self.every}", hint, at=(at,))

    def _lies_within(self, day: str) -> bool:
        if self.every == "week":
            return day in WEEKDAYS or day == "last"
        return day == "last" or (day.isdigit() and 1 <= int(day) <= 31)

    # the rows

    def _rows(self, parameter: Parameter | None, said: dict[str, str], language: str, first: bool, judging: Evaluation) -> Made:
        dues = self._dues(parameter, judging.now.date())
        days = np.array(list(dues.values()), dtype="datetime64[s]")
        texts = {"period": [period.words(language) for period in dues]} | {key: [text] * len(dues) for key, text in said.items()}
        columns = {getattr(self.writes, key): _texts(each) for key, each in texts.items()}
        columns[self.writes.due] = self._open(days, judging)
        columns[self.writes.starts] = np.array([period.first for period in dues], dtype="datetime64[s]")
        made = made_of([f"{self.promise or self.id}-{period.code}" for period in dues], columns)
        rank = days.astype("datetime64[D]").astype("float64")
        return replace(made, rank=rank - BEFORE_ALL if first else rank)

    def _dues(self, parameter: Parameter | None, today: date) -> dict[Period, date]:
        """The periods that have a row today, and when each is due before days off are looked at."""
        now = period_of(self.every, today)
        last, after = preceding(now), following(now)
        dues = {period: self._due(parameter, period) for period in (last, now, after)}
        soon = (after.first - today).days <= self.ahead
        wanted = {last: (dues[last] or date.min) >= today, now: True, after: soon}
        begun = (period for period in dues if wanted[period] and (self.since is None or period.last >= self.since))
        return {period: due for period in begun if (due := dues[period])}

    def _due(self, parameter: Parameter | None, period: Period) -> date | None:
        """When it is due in a period; None where the parameter says that it is not owed any more."""
        day = _in_force(parameter, period.first) if parameter else self.on or self.after
        if day is None:
            return None
        return due_day(period, str(day)) if self.on else period.last + timedelta(days=int(day))

    def _open(self, days: Any, judging: Evaluation) -> Any:
        """The due days, moved where they are days off; a day the calendar does not know yet stays."""
        known, calendar = judging.calendar.covers(days), judging.calendar
        dues = days.astype("datetime64[D]").astype("datetime64[s]")
        moved = calendar.due(days[known], np.zeros(int(known.sum())), "days", if_closed=self.if_closed)
        dues[known] = np.asarray(moved).astype("datetime64[D]").astype("datetime64[s]")
        return dues


def _in_force(parameter: Parameter, day: date) -> Any:
    """The value in force on a day; before the first one, the first."""
    return parameter.values[max((each for each in parameter.values if each <= day), default=min(parameter.values))]


def _texts(values: list[str]) -> Any:
    array = np.array(values, dtype=object)
    return text_array(array)
