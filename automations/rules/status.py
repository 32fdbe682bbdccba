"""status: the state of a row and its next step."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from automations.arrays import text_array
from automations.declarations import Declared, Said
from automations.rule import Builder, Expression, Rule

if TYPE_CHECKING:
    from automations.judging import Evaluation


class State(Declared):
    """One state: when it is reached, what comes next and who does it (a text, or a column naming a person)."""

    state: str
    when: Expression | None = None
    next: Said = {}
    who: str = ""


class Target(Declared):
    """Our columns for the state and the next step."""

    state: str
    next: str | None = None


class Status(Rule):
    """The last state in the list whose `when` holds is the row's state; the first needs none.

    - id: progress
      kind: status
      writes: { state: status, next: next_step }
      states:
        - { state: 已记录, next: { zh: 确定受理部门和负责人, en: assign it }, who: 市场部 }
        - { state: 已受理, when: assigned_at is not null, next: { zh: 查清责任, en: find the cause }, who: handler }
    """

    kind: Literal["status"] = "status"
    writes: Target
    states: list[State]

    def compile(self, build: Builder) -> None:
        if not build.writes(self.writes.state, "writes", "state"):
            return
        self._check_choices(build)
        names = [self._reached(build, position, state) for position, state in enumerate(self.states)]
        soft = [name for name in names if name]
        columns = [state.who for state in self.states if build.table.column(state.who)]
        table = build.table.name
        reached = build.kernel(
            build.called("reached"), "integer", partial(_reached_state, table, names), [], soft=soft, also=[(table, build.table.key)]
        )
        build.kernel(self.writes.state, "text", partial(_words, table, reached, [state.state for state in self.states]), [reached])
        if self.writes.next and build.writes(self.writes.next, "writes", "next"):
            texts = [_next_text(state, build.draft.language, bool(build.table.column(state.who))) for state in self.states]
            people = [state.who if build.table.column(state.who) else "" for state in self.states]
            build.kernel(self.writes.next, "text", partial(_next_steps, table, reached, texts, people), [reached], soft=columns)

    def _reached(self, build: Builder, position: int, state: State) -> str | None:
        if state.when is None:
            return None
        return build.formula(build.called(f"state {position} {state.state}"), state.when, "states", position, "when", type="boolean")

    def _check_choices(self, build: Builder) -> None:
        declared = build.table.column(self.writes.state)
        for position, state in enumerate(self.states):
            if declared and declared.choices and state.state not in declared.choices:
                build.fault(
                    f"state '{state.state}' is not a choice of '{declared.key}'",
                    "choices: " + ", ".join(declared.choices),
                    at=("states", position, "state"),
                )


def _reached_state(table: str, names: list[str | None], judging: Evaluation) -> Any:
    state = np.full(judging.count(table), -1, dtype="int64")
    for position, name in enumerate(names):
        if name is None:
            state[:] = np.maximum(state, position)
        elif judging.has(table, name):
            state = np.where(judging.flags(table, name), position, state)
    return state


def _words(table: str, reached: str, words: list[str], judging: Evaluation) -> Any:
    return _taken(words, judging.integers(table, reached))


def _next_steps(table: str, reached: str, texts: list[str], people: list[str], judging: Evaluation) -> Any:
    states = judging.integers(table, reached)
    found = np.array([*texts, ""], dtype=object)[states]
    for position, column in enumerate(people):
        rows = np.flatnonzero(states == position)
        if column and texts[position] and len(rows) and judging.has(table, column):
            names = judging.people(table, column)[rows]
            found[rows] = np.where(names == "", found[rows], found[rows] + "（" + names + "）")
    return text_array(found)


def _next_text(state: State, language: str, by_column: bool) -> str:
    text = state.next.get(language) or state.next.get("zh") or ""
    return text if by_column or not (text and state.who) else f"{text}（{state.who.removeprefix('role:')}）"


def _taken(words: list[str], positions: Any) -> Any:
    found = np.array([*words, ""], dtype=object)[positions]
    return text_array(found)
