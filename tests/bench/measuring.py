"""Measuring side by side: CPU and wall time of calls taken in turn, processes of their own, and a figure against its bars."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
QUIET = 0.023
"""Seconds a bare interpreter took to start where the bars were measured."""


@dataclass(frozen=True)
class Spent:
    """What one call took, in seconds."""

    cpu: float
    wall: float


def spent(call: Callable[[], Any]) -> Spent:
    """Run something once and say what it took."""
    cpu, wall = time.process_time(), time.perf_counter()
    call()
    return Spent(time.process_time() - cpu, time.perf_counter() - wall)


def in_turn(calls: Sequence[Callable[[], Any]], times: int) -> list[Spent]:
    """Medians of several calls, taken in turn so that all of them meet the same noise."""
    rounds = [[spent(call) for call in calls] for _ in range(times)]
    return [Spent(median(each.cpu for each in column), median(each.wall for each in column)) for column in zip(*rounds, strict=True)]


def process(*arguments: str) -> Any:
    """What a module of the benchmark prints as JSON, run in a process of its own."""
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stderr}")
    return json.loads(done.stdout)


def starts(commands: Sequence[Sequence[str]], times: int = 9) -> list[float]:
    """Median CPU seconds of whole processes, taken in turn."""
    rounds = [[_cpu_of(command) for command in commands] for _ in range(times)]
    return [median(column) for column in zip(*rounds, strict=True)]


def _cpu_of(command: Sequence[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def peak_bytes() -> int:
    """The most memory this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


@dataclass(frozen=True)
class Line:
    """One figure, its unit, and the bars it is held to: the first bar and the goal."""

    what: str
    figure: float
    unit: str = "x"
    bars: tuple[float, float] | None = None
    more_is_better: bool = False
    note: str = ""

    def verdict(self) -> str:
        """`goal`, `ok` when the first bar is met, `not yet`, or nothing where there is no bar."""
        if self.bars is None:
            return ""
        met = [self.figure >= bar if self.more_is_better else self.figure <= bar for bar in self.bars]
        return "goal" if met[1] else "ok" if met[0] else "not yet"

    def bar(self, which: int) -> str:
        return "" if self.bars is None else f"{'>=' if self.more_is_better else '<='} {self.bars[which]:,g} {self.unit}"


def table(lines: Sequence[Line]) -> str:
    """The lines as a table for the terminal."""
    rows = [("what", "figure", "first bar", "goal", "")]
    rows += [(line.what, f"{_figure(line.figure)} {line.unit}", line.bar(0), line.bar(1), line.verdict()) for line in lines]
    widths = [max(len(row[place]) for row in rows) for place in range(5)]
    shown = [f"{a:<{widths[0]}}  {b:>{widths[1]}}  {c:>{widths[2]}}  {d:>{widths[3]}}  {e}".rstrip() for a, b, c, d, e in rows]
    notes = [f"- {line.what}: {line.note}" for line in lines if line.note]
    return "\n".join([shown[0], "-" * len(shown[0]), *shown[1:], *(["", *notes] if notes else [])])


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
