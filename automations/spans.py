"""Stretches of time an indicator is taken over: calendar periods, and windows of days or months that end today."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, get_args

import numpy as np

from automations.model import Words
from automations.periods import Every, Period, period_of, preceding

CALENDAR: Mapping[str, Words] = {
    "day": {"zh": "日", "en": "day"},
    "week": {"zh": "周", "en": "week"},
    "month": {"zh": "月度", "en": "month"},
    "quarter": {"zh": "季度", "en": "quarter"},
    "half-year": {"zh": "半年度", "en": "half-year"},
    "year": {"zh": "年度", "en": "year"},
}
ROLLING: Mapping[str, Words] = {"days": {"zh": "近{}天", "en": "last {} days"}, "months": {"zh": "近{}个月", "en": "last {} months"}}
UNTIL: Words = {"zh": "{}（至{}）", "en": "{} (to {})"}


@dataclass(frozen=True)
class Stretch:
    """Some days, both ends included: its code is part of keys; `running` while it has not ended."""

    code: str
    first: date
    last: date
    words: Words
    running: bool = False


@dataclass(frozen=True)
class Span:
    """How long the stretches of an indicator are: a calendar period, or `rolling` days or months."""

    text: str

    @property
    def rolling(self) -> bool:
        return self.text not in CALENDAR

    @property
    def words(self) -> Words:
        """`月度`, `近30天`."""
        if not self.rolling:
            return CALENDAR[self.text]
        count, unit = self.text.split()
        return {language: text.format(count) for language, text in ROLLING[unit].items()}

    def stretches(self, today: date, back: int) -> list[Stretch]:
        """The stretch of today as the last one, and `back` earlier ones, the oldest first; a rolling span has one earlier one."""
        return self._rolled(today) if self.rolling else self._counted(today, back)

    def _rolled(self, today: date) -> list[Stretch]:
        code, before = self.text.replace(" ", "-"), _before(today, self.text)
        until = {language: text.format(self.words[language], today) for language, text in UNTIL.items()}
        earlier = Stretch(f"before-{code}", _before(before, self.text) + timedelta(days=1), before, {})
        return [earlier, Stretch(code, before + timedelta(days=1), today, until)]

    def _counted(self, today: date, back: int) -> list[Stretch]:
        found = [_stretch(self.text, today)]
        for _ in range(back):
            found.append(_stretch(self.text, found[-1].first - timedelta(days=1)))
        return [*reversed(found[1:]), Stretch(found[0].code, found[0].first, found[0].last, found[0].words, running=True)]

    def codes(self, instants: Any, today: date) -> Any:
        """The code of the stretch every instant lies in, as an object array; "" where there is none."""
        days = np.asarray(instants, dtype="datetime64[D]")
        codes = np.full(len(days), "", dtype=object)
        if self.rolling:
            for stretch in self._rolled(today):
                codes[(days >= np.datetime64(stretch.first)) & (days <= np.datetime64(stretch.last))] = stretch.code
            return codes
        known = ~np.isnat(days)
        each, place = np.unique(days[known], return_inverse=True)
        codes[known] = np.array([_stretch(self.text, day).code for day in each.tolist()] or [""], dtype=object)[place]
        return codes


def parse_span(text: str) -> Span:
    """`month` or `30 days` as a span.

    Raises ValueError saying what may stand there.
    """
    if text not in CALENDAR and not re.fullmatch(r"[1-9]\d{0,3} (days|months)", text):
        raise ValueError(f"'{text}' is no period; write {', '.join(CALENDAR)}, or a rolling one such as '30 days' or '12 months'")
    return Span(text)


@lru_cache(maxsize=20_000)
def _stretch(every: str, day: date) -> Stretch:
    """The calendar stretch a day lies in; indicators ask for the same days over and over."""
    if every == "day":
        return Stretch(day.isoformat(), day, day, {"zh": f"{day.year}年{day.month}月{day.day}日", "en": day.isoformat()})
    period = period_of(_calendar(every), day)
    return Stretch(period.code, period.first, period.last, {language: period.words(language) for language in ("zh", "en")})


def _calendar(every: str) -> Every:
    return next(each for each in get_args(Every) if each == every)


def _before(day: date, length: str) -> date:
    """The day before a window of that length which ends on `day`."""
    count, unit = length.split()
    if unit == "days":
        return day - timedelta(days=int(count))
    month = period_of("month", day)
    for _ in range(int(count)):
        month = preceding(month)
    return _same_day(month, day)


def _same_day(month: Period, day: date) -> date:
    """That day of the month, at most its last one; the last day of a month stays one."""
    ends = period_of("month", day).last == day
    return month.last if ends else month.first.replace(day=min(day.day, month.last.day))
