"""Judging generated tables of one size in a process of its own; prints what it took as JSON.

`python -m tests.bench.sizes 10000` compares the engine with the hand-written rules; `... 10000 memory` only judges, for its peak memory.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import datetime
from typing import Any

from automations.config import Config, load
from automations.judging import Judge, Judged, Memory
from automations.model import Snapshot
from automations.program import Program, needed_only
from tests.bench.answers import COVERED, GATHERED, differences, of_engine
from tests.bench.by_hand import ByHand
from tests.bench.by_row import ByRow, rows_of
from tests.bench.measuring import ROOT, in_turn, peak_bytes, spent
from tests.bench.tables import NOW, made

LARGEST_BY_ROW = 10_000
NOTHING = Snapshot("nothing", {}, (), "nothing")


def covered(program: Program) -> Program:
    """The part of the shipped program that is written by hand too."""
    kept = replace(
        program,
        findings=tuple(spec for spec in program.findings if _covered(spec.rule)),
        clocks=tuple(clock for clock in program.clocks if _covered(clock.rule)),
        writes={place: rule for place, rule in program.writes.items() if _covered(rule) or rule in GATHERED},
        kept=tuple(spec for spec in program.kept if _covered(spec.rule)),
    )
    return needed_only(kept)


def _covered(rule: str) -> bool:
    return rule.split("/")[0] in COVERED


def judge_of(config: Config, program: Program) -> Judge:
    return Judge(program, config.evaluator, config.calendar, config.tables)


def cold(judge: Judge, snapshot: Snapshot, now: datetime = NOW) -> Judged:
    """Judge as if the tables had never been seen: a judging of nothing stands between this one and the last."""
    judge.judge(NOTHING, Memory(), now)
    return judge.judge(snapshot, Memory(), now)


def compared(n: int, times: int) -> dict[str, Any]:
    """The engine on the covered and on all policies, the hand-written rules, and up to 10,000 rows the per-row script."""
    config = load(ROOT)
    snapshot = made(n, config.tables, NOW)
    some, everything, hand = (
        judge_of(config, covered(config.program)),
        judge_of(config, config.program),
        ByHand(snapshot, config.calendar, NOW),
    )
    cold(some, snapshot), cold(everything, snapshot), hand.judge()
    took = in_turn([lambda: cold(some, snapshot), hand.judge, lambda: cold(everything, snapshot)], times)
    engine = of_engine(cold(some, snapshot))
    found = {
        "rows": sum(len(sheet.rows) for sheet in snapshot.sheets.values()),
        "findings": sum(len(rows) for _, rows in engine.findings),
        "rules": sum(len(config.policies[policy].rules) for policy in COVERED),
        "engine": vars(took[0]),
        "hand": vars(took[1]),
        "all": vars(took[2]),
        "differs": differences(engine, hand.judge()),
    }
    if n <= LARGEST_BY_ROW:
        script: list[ByRow] = []
        making = spent(lambda: script.append(ByRow(rows_of(snapshot), NOW)))
        judging = spent(script[0].judge)
        found |= {"script": {"cpu": making.cpu + judging.cpu, "wall": making.wall + judging.wall}, "script_alone": judging.cpu}
        found["differs"] += differences(engine, script[0].answers())
    return found


def memory(n: int) -> dict[str, Any]:
    """The most memory a process holds that judges all shipped policies once."""
    config = load(ROOT)
    cold(judge_of(config, config.program), made(n, config.tables, NOW))
    return {"peak": peak_bytes()}


if __name__ == "__main__":
    size = int(sys.argv[1])
    print(json.dumps(memory(size) if "memory" in sys.argv else compared(size, times=3 if size > LARGEST_BY_ROW else 7)))
