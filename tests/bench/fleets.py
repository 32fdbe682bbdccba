"""Runs a second of workers that share many workbooks, beside a plain process pool that does the same runs without asking anybody.

`python -m tests.bench.fleets 24 2` prints both as JSON: 24 workbooks, 2 processes.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from automations.branchfile import branch_of
from automations.config import Config, load
from automations.judging import Judge
from automations.rendering import Renderer
from automations.run import run_once
from automations.wiring import judge_of, ledger_of, renderer_of, world_with
from tests.fleet import LATER, first_sweep, laid_out, settled, workers
from tests.postgres import running

FIRST, THEN = "2026-09-29 08:01", ["2026-09-29 14:00", "2026-09-29 20:05"]
_shared: dict[str, tuple[Config, Judge, Renderer]] = {}


def swept(place: str, branch: str, moments: Sequence[str]) -> int:
    """The runs of one workbook in a process of the pool, which keeps what all workbooks share."""
    if place not in _shared:
        config = load(Path(place))
        _shared[place] = config, judge_of(config), renderer_of(config)
    config, judge, renderer = _shared[place]
    one = branch_of(config, branch)
    with closing(ledger_of(one)) as ledger:
        world = world_with(one, ledger, judge, renderer)
        for moment in moments:
            run_once(world, datetime.fromisoformat(moment))
    return len(moments)


def by_pool(folder: Path, count: int, processes: int) -> float:
    """Seconds for the runs after the first, handed to a pool; each workbook has a ledger in a file."""
    root = laid_out(folder, count, "state/ledger.sqlite")
    names = list(load(root).branches)
    with ProcessPoolExecutor(processes) as pool:
        list(pool.map(swept, [str(root)] * count, names, [[FIRST]] * count))
        begun = time.monotonic()
        list(pool.map(swept, [str(root)] * count, names, [THEN] * count))
        return time.monotonic() - begun


def by_workers(folder: Path, count: int, processes: int) -> float:
    """Seconds for the same runs by workers, from the moment they come to the last one done."""
    with running() as server:
        config = load(laid_out(folder, count, server.url))
        with workers(config.root, processes) as found:
            first_sweep(found, config, 1800)
            found.set(THEN[-1])
            took = found.until(lambda: settled(config, LATER), 1800)
            found.stop()
    return took


def compared(count: int, processes: int) -> dict[str, Any]:
    """Runs, and seconds of either way."""
    with tempfile.TemporaryDirectory() as place:
        pool = by_pool(Path(place) / "pool", count, processes)
        fleet = by_workers(Path(place) / "fleet", count, processes)
    return {"runs": count * len(THEN), "processes": processes, "pool": round(pool, 2), "fleet": round(fleet, 2)}


if __name__ == "__main__":
    print(json.dumps(compared(*map(int, sys.argv[1:]))))
