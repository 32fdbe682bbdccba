"""The clock of a promise over whole columns: start, due, done, pauses and the state that follows from them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from automations.arrays import text_array
from automations.calendars import At, Unit

if TYPE_CHECKING:
    from automations.judging import Evaluation

    Instants = np.ndarray[Any, np.dtype[np.datetime64]]
    Flags = np.ndarray[Any, np.dtype[np.bool_]]

NONE, NOT_STARTED, RUNNING, SOON, OVERDUE, ON_TIME, LATE, PAUSED = range(8)
OPEN = (RUNNING, SOON, OVERDUE)
STATE_WORDS: Mapping[str, Sequence[str]] = {
    "zh": ("", "未开始", "进行中", "即将到期", "已逾期", "按时完成", "逾期完成", "暂停"),
    "en": ("", "Not started", "Running", "Due soon", "Overdue", "Done on time", "Done late", "Paused"),
}
END_OF_DAY = np.timedelta64(86_399, "s")
NEVER = np.datetime64("NaT", "s")
WALL_CLOCK = ("hours", "days", "months")


@dataclass(frozen=True)
class Clock:
    """The columns one deadline is computed from; blank names mean the deadline does not use them."""

    table: str
    rule: str
    start: str
    done: str
    unit: Unit
    limit: str = ""
    until: str = ""
    when: str = ""
    paused: str = ""
    pause_since: str = ""
    pause_limit: str = ""
    pause_unit: Unit = "working_days"
    caps: tuple[str, ...] = ()
    at: At = "close"
    soon: str = "80%"

    def called(self, name: str) -> str:
        return f"{self.rule}.{name}"

    def due(self, judging: Evaluation) -> Any:
        """When the promise is due, pauses and caps included; NaT where it does not run."""
        start = self._start(judging)
        due = (
            self._until(judging)
            if self.until
            else judging.calendar.due(start, judging.numbers(self.table, self.limit), self.unit, at=self.at)
        )
        due = np.where(self._active(judging), due, NEVER)
        if self._pauses(judging):
            due = self._after_pauses(judging, due)
        for cap in self.caps:
            if judging.has(self.table, cap):
                due = np.where(np.isnat(due), due, np.fmin(due, judging.times(self.table, cap)))
        return due

    def future(self, judging: Evaluation) -> Any:
        """Where the start lies after now, so that no due time can be told."""
        return self._active(judging) & (judging.times(self.table, self.start) > judging.now64)

    def code(self, judging: Evaluation) -> Any:
        """The state of every row as one of the constants above."""
        start, due = judging.times(self.table, self.start), judging.times(self.table, self.called("due"))
        done = judging.times(self.table, self.done)
        now, paused = judging.now64, self._paused(judging)
        no_due, undone, over = np.isnat(due), np.isnat(done), due < now
        code = np.where(undone, np.where(over, OVERDUE, RUNNING), np.where(done <= due, ON_TIME, LATE))
        code[no_due] = NONE
        code[paused & no_due] = PAUSED
        code[no_due & np.isnat(start)] = NOT_STARTED
        code[~self._active(judging)] = NONE
        running = np.flatnonzero(code == RUNNING)
        near = soon_moment(judging, start[running], due[running], self.soon) <= now
        code[running[near]] = SOON
        return code

    def _start(self, judging: Evaluation) -> Instants:
        start = judging.times(self.table, self.start)
        known = (start <= judging.now64) & (start >= np.datetime64(judging.calendar.first))
        return np.where(known, start, NEVER)

    def _until(self, judging: Evaluation) -> Instants:
        until = judging.times(self.table, self.until)
        whole: Instants = np.where(until == until.astype("datetime64[D]"), until + END_OF_DAY, until)
        return whole

    def _active(self, judging: Evaluation) -> Flags:
        return judging.flags(self.table, self.when) if self.when else np.ones(judging.count(self.table), dtype=bool)

    def _paused(self, judging: Evaluation) -> Flags:
        return judging.flags(self.table, self.paused) if self._pauses(judging) else np.zeros(judging.count(self.table), dtype=bool)

    def _pauses(self, judging: Evaluation) -> bool:
        """Whether the clock can pause: a team without the columns for it has a clock that runs through."""
        return bool(self.paused) and judging.has(self.table, self.paused)

    def _after_pauses(self, judging: Evaluation, due: Instants) -> Instants:
        """Moved by every pause that began before the deadline, none longer than allowed; none (NaT) while a pause runs."""
        finished, began = judging.pauses(self.table, self.paused, self.pause_since)
        for start, end in finished:
            due = self._moved(judging, due, start, np.fmin(end, self._longest(judging, start)))
        done, longest = judging.times(self.table, self.done), self._longest(judging, began)
        end = np.fmin(np.where(longest < judging.now64, longest, NEVER), done)
        running = self._paused(judging) & (began < due)
        return np.where(running & np.isnat(end), NEVER, np.where(running, self._moved(judging, due, began, end), due))

    def _moved(self, judging: Evaluation, due: Instants, start: Instants, end: Instants) -> Instants:
        counts = (start < due) & (start < end)
        if self.unit in WALL_CLOCK:
            return np.where(counts, due + (end - start), due)
        begin, stop = (np.where(counts, each, due) for each in (start, end))
        seconds = judging.calendar.open_seconds(stop) - judging.calendar.open_seconds(begin)
        return np.where(counts & (seconds > 0), judging.calendar.shift_open(due, np.where(counts, seconds, 0)), due)

    def _longest(self, judging: Evaluation, start: Instants) -> Instants:
        """When a pause that began then must end by the policy; NaT where it may last."""
        if not (self.pause_limit and judging.has(self.table, self.pause_limit)):
            return np.full(len(start), NEVER)
        return judging.calendar.due(start, judging.numbers(self.table, self.pause_limit), self.pause_unit)


def words_of(codes: Any, language: str) -> Any:
    """State codes as the words staff read."""
    words = np.array(STATE_WORDS[language], dtype=object)
    return text_array(words[np.asarray(codes, dtype="int64")])


def soon_moment(judging: Evaluation, start: Instants, due: Instants, soon: str) -> Instants:
    """When a promise counts as due soon: `80%` of its open time, or `1 working day before`."""
    if share := re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", soon):
        begun = np.where(np.isnat(start), due, start)
        return np.where(np.isnat(due), NEVER, judging.calendar.share(np.fmin(begun, due), due, float(share[1]) / 100))
    length = parse_length(soon.removesuffix("before"))
    return moved(judging, due, length[0] * -1, length[1])


def parse_length(text: str) -> tuple[int, str]:
    """`2 working days` as (2, "working_days").

    Raises ValueError saying what may stand there.
    """
    match = re.fullmatch(r"\s*(\d+)\s+(working day|working hour|day|hour|minute|month)s?\s*", text)
    if not match:
        raise ValueError(f"'{text.strip()}' is not a length of time; write for example '2 working days' or '4 hours'")
    return int(match[1]), match[2].replace(" ", "_") + "s"


def moved(judging: Evaluation, instants: Instants, amount: int, unit: str) -> Instants:
    """The instants moved by a length, back when it is negative; working days keep the time of day and land on open days."""
    if unit in ("hours", "minutes"):
        return instants + np.timedelta64(amount * (3600 if unit == "hours" else 60), "s")
    if unit == "days":
        return instants + np.timedelta64(amount * 86_400, "s")
    if unit == "working_hours":
        there: Instants = judging.calendar.shift_open(instants, amount * 3600)
        return there
    days = judging.calendar.add_workdays(instants, amount)
    return np.where(np.isnat(instants), NEVER, days.astype("datetime64[s]") + (instants - instants.astype("datetime64[D]")))


def begun_anew(judging: Evaluation, table: str, start: str, finished: str, amount: int, unit: str) -> Instants:
    """The start of every row's clock; where the step was done, and opened again more than `amount` later, when that was seen.

    Both moments come from the log of the watched condition `finished`: the sheet no longer says when the step was done.
    """
    begun: Instants = judging.times(table, start)
    times, last = judging.pauses(table, finished, "")
    opened_now = ~judging.flags(table, finished) & (last < judging.now64)
    for done, opened in (*times, (np.where(opened_now, last, NEVER), np.where(opened_now, judging.now64, NEVER))):
        late = opened > moved(judging, done, amount, unit)
        begun = np.where(late & (opened > begun), opened, begun)
    return begun
