"""What `make bench` shows: the engine side by side with hand-written rules, a per-row script and openpyxl, held to its bars."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from automations.config import load
from tests.bench import deadlines
from tests.bench.measuring import QUIET, ROOT, Line, in_turn, process, spent, starts, table

SIZES = (1_000, 10_000, 100_000)
GOOGLE_SIZES = (434, 4_340, 43_400)
"""Orders; with their payments and customers 1,000, 10,000 and 100,000 rows. The last take the stand-in some minutes."""
MILLION = 1_000_000
MAILS = 10_000
PASSES = (500, 10_000)
WIDE = 10_000
FLEET = (40, 2)
"""Workbooks and processes."""
BARE_ARGPARSE = "import argparse; p = argparse.ArgumentParser(); p.add_argument('--now'); p.parse_args(['--help'])"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when two ways of judging disagree, 0 otherwise: a bar not yet met is said, not failed."""
    arguments = _parser().parse_args(argv)
    sizes = [size for size in SIZES if size <= arguments.largest]
    judged = {size: _say(f"judging {size:,} orders and complaints", process, "tests.bench.sizes", str(size)) for size in sizes}
    peaks = {size: _say(f"peak memory at {size:,}", process, "tests.bench.sizes", str(size), "memory")["peak"] for size in sizes}
    lines = [*judging_lines(judged), *_wide_lines(arguments.largest), *_memory_lines(peaks)]
    if not arguments.judging:
        lines += [
            *_start_lines(),
            *_deadline_lines(),
            *_unchanged_lines(),
            *_changed_lines(),
            *_google_lines(arguments.largest),
            *_mail_lines(),
            *_lasting_lines(),
            *_fleet_lines(),
        ]
    print(table(lines))
    wrong = sorted({each for found in judged.values() for each in found["differs"]})
    print(f"\nanswers: {'equal in all ways of judging' if not wrong else 'DIFFERENT in ' + ', '.join(wrong)}")
    return 1 if wrong else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Ratios of the engine, measured side by side.")
    parser.add_argument("--largest", type=int, default=SIZES[-1], help="leave out tables with more rows than this")
    parser.add_argument("--judging", action="store_true", help="only the judging, no whole passes")
    return parser


def _say(what: str, measure: Any, *arguments: Any) -> Any:
    print(f"{what} ...", file=sys.stderr, flush=True)
    return measure(*arguments)


def judging_lines(judged: dict[int, Any]) -> Iterable[Line]:
    """Time per row, growth, and the ratios to the rules written by hand and to the script."""
    for size, found in judged.items():
        note = f"{found['rules']} rules that are written by hand too, {found['rows']:,} rows in all tables, {found['findings']:,} findings"
        yield Line(f"judging, CPU per order and complaint, {size:,}", found["engine"]["cpu"] / size * MILLION, "us", note=note)
        yield Line(f"  all shipped policies, {size:,}", found["all"]["cpu"] / size * MILLION, "us")
    largest = max(judged)
    for size, found in judged.items():
        bars = (2.5, 1.5) if size == SIZES[-1] else None
        yield Line(f"judging against numpy by hand, {size:,}", found["engine"]["cpu"] / found["hand"]["cpu"], bars=bars)
    yield from _script_lines(judged, largest)
    for small, large in zip(judged, [*judged][1:], strict=False):
        bars = (11, 10) if large == SIZES[-1] else None
        yield Line(f"growth {small:,} to {large:,}", judged[large]["engine"]["cpu"] / judged[small]["engine"]["cpu"], bars=bars)


def _script_lines(judged: dict[int, Any], largest: int) -> Iterable[Line]:
    """The script is run up to 10,000 rows; beyond that its time grows with the rows."""
    asked = {size: found for size, found in judged.items() if "script" in found}
    for size, found in asked.items():
        yield Line(f"faster than the script row by row, {size:,}", found["script"]["cpu"] / found["engine"]["cpu"], more_is_better=True)
    known = max(asked)
    if largest > known:
        scaled = asked[known]["script"]["cpu"] * largest / known
        alone = asked[known]["script_alone"] * largest / known / judged[largest]["engine"]["cpu"]
        note = f"run on {known:,} rows and multiplied by {largest // known}; without making rows of the typed tables it is {alone:.3g} x"
        yield Line(f"faster than the script row by row, {largest:,}", scaled / judged[largest]["engine"]["cpu"], "x", (20, 40), True, note)


def _memory_lines(peaks: dict[int, int]) -> Iterable[Line]:
    for size, peak in peaks.items():
        bars = (1_200.0, 600.0) if size == SIZES[-1] else None
        yield Line(f"peak memory, {size:,}", peak / MILLION, "MB", bars)


def _start_lines() -> Iterable[Line]:
    python = sys.executable
    bare, argparse_only, ours = _say(
        "start-up", starts, [[python, "-c", "pass"], [python, "-c", BARE_ARGPARSE], [python, str(ROOT / "runner.py"), "--help"]]
    )
    yield Line("--help against a bare argparse program", ours / argparse_only, bars=(3, 2))
    note = f"{QUIET * 1000:.0f} ms where the bars were measured, so this machine is now {bare / QUIET:.1f} times slower"
    yield Line("a bare interpreter, CPU", bare * 1000, "ms", note=note if bare > QUIET else "")


def _deadline_lines() -> Iterable[Line]:
    calendar, moments, few = load(ROOT).calendar, deadlines.starts(10_000), 500
    columns = in_turn([lambda: deadlines.by_column(calendar, moments)], 9)[0]
    rows = _say("deadlines", spent, lambda: deadlines.by_row(moments[:few].tolist()))
    scaled = rows.cpu * len(moments) / few
    note = f"the package was asked for {few} rows and its time multiplied by {len(moments) // few}"
    yield Line("five deadlines a row, faster than get_nth_working_day", scaled / columns.cpu, "x", (500, 1_500), True, note)


def _wide_lines(largest: int) -> Iterable[Line]:
    """All switched-on packs over ten large tables."""
    if largest < WIDE:
        return
    found = _say(f"judging ten tables of {WIDE:,} rows", process, "tests.bench.wide", str(WIDE))
    sizes = f"{found['tables']} large tables, {found['rows']:,} rows in all"
    note = f"{sizes}, {found['findings']:,} findings; kept tables as the last pass left them"
    yield Line(f"all packs, ten tables of {WIDE:,} rows, wall", found["judged"]["wall"], "s", (3, 1.5), note=note)
    yield Line("  the same tables judged again, wall", found["again"]["wall"], "s")


def _unchanged_lines() -> Iterable[Line]:
    found = _say("unchanged passes", process, "tests.bench.passes", "unchanged")
    (bare,) = starts([[sys.executable, "-c", "pass"]])
    rows = f"{sum(found['rows'].values()):,} rows in {len(found['rows'])} tables"
    note = f"{rows}, {found['findings']} findings standing, {found['cells']} cells written"
    yield Line("unchanged pass over 1,000-row tables, CPU", found["cpu"] * 1000, "ms", (150, 60), note=note)
    speed = min(1.0, QUIET / bare)
    yield Line("  the same at the speed the bars were measured at", found["cpu"] * 1000 * speed, "ms")


def _changed_lines() -> Iterable[Line]:
    found = _say("changed pass", process, "tests.bench.passes", "changed")
    ours, theirs = found["ours"], found["openpyxl"]
    note = f"{found['cells']} cells written; openpyxl only loads and saves"
    yield Line("changed pass, 10,000-row .xlsx, faster than openpyxl, wall", theirs["wall"] / ours["wall"], "x", (5, 15), True, note)
    yield Line("  the same, CPU", theirs["cpu"] / ours["cpu"], "x", (5, 15), True)
    yield Line("bytes of the cells written, one in ... of all our cells", found["all_bytes"] / max(1, found["bytes"]), "", (30, 40), True)


def _google_lines(largest: int) -> Iterable[Line]:
    """Calls and kilobytes of passes over the stand-in for Google, and the seconds that are not spent waiting for it."""
    sizes = [size for size in GOOGLE_SIZES if size <= largest]
    found = _say("passes at Google", process, "tests.bench.atgoogle", *map(str, sizes))
    yield from google_lines({size: found[str(size)] for size in sizes})


def google_lines(found: dict[int, Any]) -> Iterable[Line]:
    """What a pass costs must not grow with the rows, but for the bytes; its own time grows no faster than they do."""
    for name in ("unchanged", "changed", "first"):
        for size, each in found.items():
            one = each["passes"][name]
            calls, sizes = one["reads"] + one["writes"], f"{one['kilobytes in']:,} KB read, {one['kilobytes out']:,} KB written"
            note = f"{each['rows']:,} rows, {one['cells']:,} cells, {sizes}"
            bars = {"unchanged": (1.0, 1.0), "changed": (3.0, 3.0)}.get(name)
            yield Line(f"{name} pass at Google, {size:,} orders, calls", calls, "", bars, note=note)
            yield Line("  CPU outside network waits", one["own seconds"] * 1000, "ms")
        for (small, less), (large, more) in pairwise(found.items()):
            rows, took, before = more["rows"] / less["rows"], *(each["passes"][name]["own seconds"] for each in (more, less))
            yield Line(f"  growth from {small:,} to {large:,} orders for {rows:.1f} times the rows", took / max(before, 0.001), "x")


def _fleet_lines() -> Iterable[Line]:
    """Runs a second of workers over many workbooks, and what handing a run out costs beside a plain pool of processes."""
    found = _say("a fleet", process, "tests.bench.fleets", *map(str, FLEET))
    runs, processes = found["runs"], found["processes"]
    note = f"{FLEET[0]} workbooks, {processes} processes, ledgers on PostgreSQL; the pool has ledgers in files and asks nobody"
    yield Line("runs a second by workers", runs / found["fleet"], "", note=note)
    yield Line("  by a plain process pool", runs / found["pool"], "")
    yield Line("  more for each run", (found["fleet"] - found["pool"]) * processes / runs * 1000, "ms")


def _lasting_lines() -> Iterable[Line]:
    """What `serve` holds after many passes against what it held after few."""
    found = _say(f"{PASSES[1]:,} passes of serve", process, "tests.bench.lasting", *map(str, PASSES))
    first, last = (found[str(number)] for number in PASSES)
    note = f"{first['memory'] / MILLION:.0f} MB, then {last['memory'] / MILLION:.0f} MB; {last['mails']} mails on the way"
    yield Line(
        f"memory of serve after {PASSES[1]:,} passes against {PASSES[0]:,}", last["memory"] / first["memory"], "x", (1.05, 1.02), note=note
    )
    yield Line("  open files more", last["files"] - first["files"], "", (0, 0))
    yield Line("  a pass with its tick, wall", last["seconds"] * 1000 / (PASSES[1] - PASSES[0]), "ms")


def _mail_lines() -> Iterable[Line]:
    found = _say("mails", process, "tests.bench.mailing", str(MAILS))
    note = f"{MAILS:,} notices over connections that stay open; the server took {found['wrong']:+.0f} mails of what it should"
    yield Line("notices rendered and sent a second, server on this machine", found["rate"], "", (200, 400), True, note)
    yield Line("  CPU of one, from its facts to the server's yes", found["cpu"] * 1000, "ms")
    yield Line("  against yagmail with a connection for each", found["rate"] / found["script"], more_is_better=True)
    yield Line("  memory grown after the first tenth", found["grown"] / MILLION, "MB")
