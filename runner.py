"""Rowkeeper's command line: the words, the exit codes, and the only reader of argv and the clock."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automations.errors import ConfigProblems, RowkeeperError

if TYPE_CHECKING:
    from automations.config import Config
    from automations.run import World

NOTHING, FAILED_ROWS, CHANGES, CONFIG, BRAKE, OUTSIDE, PERSON = 0, 1, 2, 3, 4, 5, 6
ABOUT = """Rowkeeper (表管家) keeps a team's shared tables in line with its written policies.

first:   runner.py demo                  a workbook, a simulated month and its mails, no account needed
daily:   runner.py check | plan | run    check config/, look before you leap, do it
asking:  runner.py explain complaints TS-20260917-003
back:    runner.py history | undo 12
"""
ENDING = "exit codes: 0 done or nothing to do, 1 findings at fail level (--strict), 2 changes planned, 3 configuration, 4 brake, 5 outside, 6 needs a person"

Arguments = argparse.Namespace


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    arguments = parser().parse_args(argv)
    try:
        code: int = arguments.command(arguments)
        return code
    except ConfigProblems as error:
        return _refused(arguments, error, [vars(problem) for problem in error.problems])
    except RowkeeperError as error:
        return _refused(arguments, error, str(error))


def _refused(arguments: Arguments, error: RowkeeperError, data: Any) -> int:
    if getattr(arguments, "json", False):
        _print_json({"error": type(error).__name__, "problems": data})
    print(error, file=sys.stderr)
    return error.exit_code


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(prog="runner.py", description=ABOUT, epilog=ENDING, formatter_class=argparse.RawDescriptionHelpFormatter)
    words = top.add_subparsers(title="commands", required=True, metavar="COMMAND")

    demo = _command(words, demo_command, "demo", "write a demo workbook, run a simulated month over it, say what to look at")
    demo.add_argument("--folder", type=Path, default=Path("demo"), help="where the demo goes (default: demo; made anew each time)")

    init = _command(words, init_command, "init", "create the workbook, or add missing tabs and columns to it; shows its plan first")
    init.add_argument("--yes", action="store_true", help="do it; without this only the plan is shown")

    check = _command(words, check_command, "check", "check config/ and templates/, run every example of the policies")
    check.add_argument("--quick", action="store_true", help="leave the examples out")

    plan = _command(words, plan_command, "plan", "show exactly which cells and mails would change and why; touches nothing", clock=True)
    plan.add_argument("--html", type=Path, help="write the plan as a page to this file too")
    plan.add_argument("--all", action="store_true", help="list every change, not the first of each table")

    run = _command(words, run_command, "run", "do what plan shows: fill our columns, put mails into the outbox", clock=True)
    run.add_argument("--force", action="store_true", help="go on although a brake tripped")
    run.add_argument("--strict", action="store_true", help="exit with 1 when a finding is at fail level")

    explain = _command(
        words,
        explain_command,
        "explain",
        "every rule that spoke of a row, with its inputs and arithmetic; and why others were silent",
        clock=True,
    )
    explain.add_argument("table", help="a table, by its name in config/ or its tab title")
    explain.add_argument("key", help="the row's key, for example TS-20260917-003")
    explain.add_argument("--all", action="store_true", help="rules that were checked and found nothing, too")

    kinds = _command(words, kinds_command, "kinds", "the manual of the kinds of rule")
    kinds.add_argument("kind", nargs="?", help="one kind only")

    coverage = _command(words, coverage_command, "coverage", "which catalogue entries are automated, by which rule and example")
    coverage.add_argument("--all", action="store_true", help="every entry, not only the counts")

    history = _command(words, history_command, "history", "the runs so far, or what one run wrote")
    history.add_argument("run", nargs="?", type=int, help="a run's number")
    history.add_argument("--limit", type=int, default=20, help="how many runs to list (default 20)")

    undo = _command(words, undo_command, "undo", "write back what a run overwrote, wherever its value still stands", clock=True)
    undo.add_argument("run", type=int, help="the run's number, see history")

    _command(words, doctor_command, "doctor", "is everything there to run: configuration, calendar, workbook, ledger, outbox", clock=True)
    schema = _command(words, schema_command, "schema", "write the JSON Schemas of the configuration files, for editors")
    schema.add_argument("--folder", type=Path, default=Path("config/schemas"), help="default: config/schemas")
    return top


def _command(words: Any, command: Callable[[Arguments], int], name: str, text: str, *, clock: bool = False) -> argparse.ArgumentParser:
    each: argparse.ArgumentParser = words.add_parser(name, help=text, description=text)
    each.set_defaults(command=command)
    each.add_argument("--root", type=Path, default=Path(__file__).resolve().parent, help="the project folder with config/ and templates/")
    each.add_argument("--workbook", type=Path, help="another workbook than the one in config/settings.yaml")
    each.add_argument("--json", action="store_true", help="print the result as JSON")
    if clock:
        each.add_argument("--now", type=_moment, help="freeze the clock, for example '2026-09-30 08:30'")
    return each


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a moment; write for example '2026-09-30 08:30'") from None


def _now(arguments: Arguments, config: Config) -> datetime:
    """The frozen clock, or the wall clock of the calendar's zone."""
    from zoneinfo import ZoneInfo

    frozen: datetime | None = getattr(arguments, "now", None)
    return frozen or datetime.now(ZoneInfo(config.calendar.settings.zone)).replace(tzinfo=None, microsecond=0)


def _world(arguments: Arguments, *, looking: bool = False) -> World:
    from automations.wiring import world_of

    return world_of(arguments.root, workbook=arguments.workbook, looking=looking)


def _print_json(data: Any) -> None:
    print(json.dumps(data, ensure_ascii=False, indent=2, default=str))


def demo_command(arguments: Arguments) -> int:
    from automations.demo.month import run_demo

    run_demo(arguments.root, arguments.folder, print, progress=_progress if sys.stderr.isatty() else None)
    return NOTHING


def _progress(done: int, total: int, what: str) -> None:
    width = 30 * done // max(total, 1)
    print(
        f"\r[{'#' * width}{'.' * (30 - width)}] {done}/{total} {what}\033[K", end="" if done < total else "\n", file=sys.stderr, flush=True
    )


def init_command(arguments: Arguments) -> int:
    from automations.setup import init

    result = init(arguments.root, arguments.workbook, do=arguments.yes)
    _print_json(result.data()) if arguments.json else print(result.text())
    return NOTHING if arguments.yes or result.empty else CHANGES


def check_command(arguments: Arguments) -> int:
    from automations.checking import check

    result = check(arguments.root, examples=not arguments.quick)
    _print_json(result.data()) if arguments.json else print(result.text())
    return CONFIG if result.problems else NOTHING


def plan_command(arguments: Arguments) -> int:
    from automations.reports import plan_html, plan_text
    from automations.run import plan_once

    world = _world(arguments, looking=True)
    plan, _ = plan_once(world, _now(arguments, world.config))
    language = world.config.language
    if arguments.html:
        arguments.html.write_text(plan_html(plan, world.config, language), encoding="utf-8")
    print(plan.as_json() if arguments.json else plan_text(plan, world.config, language=language, everything=arguments.all))
    return BRAKE if plan.brakes else NOTHING if plan.empty else CHANGES


def run_command(arguments: Arguments) -> int:
    from automations.planning import plan_data
    from automations.reports import run_text
    from automations.run import run_once

    world = _world(arguments)
    done = run_once(world, _now(arguments, world.config), force=arguments.force)
    data = {
        "run": done.receipt.run_id,
        "written": len(done.receipt.written.written),
        "mails": done.receipt.mails_sent,
        **plan_data(done.plan),
    }
    _print_json(data) if arguments.json else print(run_text(done, world.config, world.config.language))
    if done.receipt.mails_failed:
        return OUTSIDE
    return FAILED_ROWS if arguments.strict and any(finding.level == "fail" for finding in done.plan.findings) else NOTHING


def explain_command(arguments: Arguments) -> int:
    from automations.asking import explain_row

    world = _world(arguments, looking=True)
    result = explain_row(world, arguments.table, arguments.key, _now(arguments, world.config))
    _print_json(result.data()) if arguments.json else print(result.text(everything=arguments.all))
    return NOTHING


def kinds_command(arguments: Arguments) -> int:
    from automations.manual import kinds_data, kinds_text

    _print_json(kinds_data(arguments.kind)) if arguments.json else print(kinds_text(arguments.kind))
    return NOTHING


def coverage_command(arguments: Arguments) -> int:
    from automations.config import load
    from automations.coverage import coverage

    result = coverage(load(arguments.root))
    _print_json(result.data()) if arguments.json else print(result.text(everything=arguments.all))
    return NOTHING


def history_command(arguments: Arguments) -> int:
    from automations.asking import history

    result = history(_world(arguments, looking=True), arguments.run, arguments.limit)
    _print_json(result.data()) if arguments.json else print(result.text())
    return NOTHING


def undo_command(arguments: Arguments) -> int:
    from automations.asking import undo_run

    world = _world(arguments)
    result = undo_run(world, arguments.run, _now(arguments, world.config))
    _print_json(result.data()) if arguments.json else print(result.text())
    return NOTHING


def doctor_command(arguments: Arguments) -> int:
    from automations.doctor import doctor

    result = doctor(arguments.root, arguments.workbook, lambda config: _now(arguments, config))
    _print_json(result.data()) if arguments.json else print(result.text())
    return OUTSIDE if result.failed else NOTHING


def schema_command(arguments: Arguments) -> int:
    from automations.schemas import write_schemas

    for file in write_schemas(arguments.folder):
        print(file)
    return NOTHING


if __name__ == "__main__":
    sys.exit(main())
