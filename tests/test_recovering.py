"""A run killed at any call to the world outside: the next run ends where an undisturbed one would have, and nobody is told twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.scene import CUSTOMERS, STAFF, Scene, does_nothing, scene

COMPLAINTS = """
    complaint_no | received_at      | customer_id | content | recorded_by | category | severity | complexity
    TS-1         | 2025-09-26 16:30 | KH-1        | 有异味  | YG-01       | 质量问题 | 一般投诉 | 一般问题
                 | 2025-09-27 09:00 | KH-1        | 少两箱  | YG-01       | 质量问题 | 重大投诉 | 复杂问题
"""
FIRST, LATER = "2025-09-27 10:00", "2025-09-29 08:30"
WRITES = {
    "begin_run",
    "journal",
    "claim_notices",
    "put_mails",
    "add_transitions",
    "settle_cells",
    "settle_mail",
    "note_findings",
    "set_meta",
    "end_run",
    "apply",
    "send",
}


class Killed(BaseException):
    """The process ended here."""


class Fuse:
    """Counts calls to the world and ends the process right after one of them: before the next one is the same moment."""

    def __init__(self, at: int) -> None:
        self.at, self.calls = at, 0

    def wire(self, part: Any) -> Any:
        return Wired(part, self)

    def burn(self, call: Callable[[], Any]) -> Any:
        self.calls += 1
        number = self.calls
        result = call()
        if number == self.at:
            raise Killed
        return result


class Wired:
    """A part of the world whose writing calls go through a fuse."""

    def __init__(self, part: Any, fuse: Fuse) -> None:
        self._part, self._fuse = part, fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._part, name)
        return (lambda *a, **k: self._fuse.burn(lambda: found(*a, **k))) if name in WRITES else found


def stage() -> Scene:
    return scene(complaints=COMPLAINTS, customers=CUSTOMERS, staff=STAFF)


def killed_at(fuse: Fuse, undisturbed: Scene) -> bool:
    """Run with a fuse; whether it burnt through."""
    world = undisturbed.world
    wired = undisturbed.with_world(workbook=fuse.wire(world.workbook), ledger=fuse.wire(world.ledger), channel=fuse.wire(world.channel))
    try:
        wired.run(LATER)
    except Killed:
        return True
    return False


def state(undisturbed: Scene) -> tuple[dict[str, list[str]], list[str]]:
    letters = sorted(f"{mail.to}: {mail.subject}\n{mail.text}" for mail in undisturbed.sent)
    return undisturbed.ours("complaints"), letters


def test_a_run_killed_at_any_call_is_finished_by_the_next_one() -> None:
    whole = stage()
    whole.run(FIRST)
    whole.run(LATER)
    expected = state(whole)
    points = 0
    while True:
        points += 1
        hurt = stage()
        hurt.run(FIRST)
        if not killed_at(Fuse(points), hurt):
            break
        hurt.run(LATER)

        assert state(hurt) == expected, f"killed at call {points}"
        plan = hurt.plan(LATER)
        assert does_nothing(plan), f"killed at call {points}"
        assert plan.overrides == (), f"killed at call {points}"
    assert len(expected[1]) >= 2
    assert points > 12


def test_a_value_written_by_a_run_that_died_is_not_taken_for_a_hand_edit() -> None:
    hurt = stage()
    fuse = Fuse(3)
    names = ["begin_run", "journal", "apply"]
    world = hurt.world
    wired = hurt.with_world(workbook=fuse.wire(world.workbook), ledger=Only(world.ledger, fuse, names), channel=world.channel)
    with pytest.raises(Killed):
        wired.run(FIRST)

    run = hurt.run(FIRST)

    assert run.plan.changes == ()
    assert run.plan.overrides == ()
    assert world.ledger.in_doubt(world.workbook.name) == []


class Only(Wired):
    """A part whose fuse counts just some of its calls."""

    def __init__(self, part: Any, fuse: Fuse, names: list[str]) -> None:
        super().__init__(part, fuse)
        self._names = names

    def __getattr__(self, name: str) -> Any:
        return super().__getattr__(name) if name in self._names else getattr(self._part, name)
