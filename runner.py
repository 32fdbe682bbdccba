"""Rowkeeper's command line: the exit codes, and the only reader of argv and the clock."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automations import commandline
from automations.errors import ConfigProblems, RowkeeperError

if TYPE_CHECKING:
    from automations.config import Config
    from automations.run import World

NOTHING, FAILED_ROWS, CHANGES, CONFIG, BRAKE, OUTSIDE, PERSON = 0, 1, 2, 3, 4, 5, 6
Arguments = argparse.Namespace
_to_stderr = partial(print, file=sys.stderr, flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    arguments = parser().parse_args(argv)
    try:
        return COMMANDS[arguments.command](arguments)
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
    """The whole command line, for this project folder."""
    return commandline.parser(Path(__file__).resolve().parent)


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


def _show(arguments: Arguments, result: Any, code: int = NOTHING, **how: bool) -> int:
    """Print a result in words (said how) or as JSON, and end with this code."""
    _print_json(result.data()) if arguments.json else print(result.text(**how))
    return code


def demo_command(arguments: Arguments) -> int:
    from automations.demo.month import run_demo
    from automations.progressbar import bar

    say = _to_stderr if arguments.json else print
    left = run_demo(arguments.root, arguments.folder, say, progress=bar if sys.stderr.isatty() else None)
    if arguments.json:
        _print_json(left.data())
    return NOTHING


def init_command(arguments: Arguments) -> int:
    from automations.setup import init

    result = init(arguments.root, arguments.workbook, do=arguments.yes)
    return _show(arguments, result, NOTHING if arguments.yes or result.empty else CHANGES)


def check_command(arguments: Arguments) -> int:
    from automations.checking import check
    from automations.progressbar import bar

    result = check(arguments.root, examples=not arguments.quick, prove=arguments.prove, progress=bar if sys.stderr.isatty() else None)
    return _show(arguments, result, CONFIG if result.problems or result.unnoticed else NOTHING)


def plan_command(arguments: Arguments) -> int:
    from automations.reports import plan_html, plan_text
    from automations.run import plan_once

    world = _world(arguments, looking=True)
    plan, _ = plan_once(world, _now(arguments, world.config))
    if arguments.html:
        arguments.html.write_text(plan_html(plan, world.config, world.config.language), encoding="utf-8")
    print(plan.as_json() if arguments.json else plan_text(plan, world.config, language=world.config.language, everything=arguments.all))
    return BRAKE if plan.brakes or plan.held else NOTHING if plan.empty else CHANGES


def run_command(arguments: Arguments) -> int:
    from automations.outbox import signed
    from automations.planning import plan_data
    from automations.reports import run_text
    from automations.run import run_once

    world = _world(arguments)
    now = _now(arguments, world.config)
    word = signed(arguments.why, arguments.by, now).said("force") if arguments.force else ""
    receipt = (done := run_once(world, now, force=arguments.force, word=word)).receipt
    data = {"run": receipt.run_id, "written": len(receipt.written.written), "mails": receipt.mails_sent, **plan_data(done.plan)}
    _print_json(data) if arguments.json else print(run_text(done, world.config, world.config.language))
    if receipt.mails_failed:
        return PERSON if receipt.mails_unknown else OUTSIDE
    failed = arguments.strict and any(finding.level == "fail" for finding in done.plan.findings)
    return BRAKE if done.plan.held else FAILED_ROWS if failed else NOTHING


def explain_command(arguments: Arguments) -> int:
    from automations.asking import explain_row

    world = _world(arguments, looking=True)
    return _show(arguments, explain_row(world, arguments.table, arguments.key, _now(arguments, world.config)), everything=arguments.all)


def digest_command(arguments: Arguments) -> int:
    from automations.digestview import digest

    world, names = _world(arguments, looking=not arguments.send), ("name", "reader", "send", "language", "html", "png", "width", "dark")
    return _show(arguments, digest(world, _now(arguments, world.config), **{name: getattr(arguments, name) for name in names}))


def schedule_command(arguments: Arguments) -> int:
    from automations.config import load
    from automations.upcoming import upcoming

    return _show(arguments, upcoming(config := load(arguments.root), _now(arguments, config), arguments.until))


def serve_command(arguments: Arguments) -> int:
    from automations.serving import serve

    serve(arguments.root, lambda: datetime.now(UTC), _to_stderr, as_json=arguments.log_json)
    return NOTHING


def status_command(arguments: Arguments) -> int:
    from automations.serving import status

    return _show(arguments, result := status(arguments.root, partial(_now, arguments)), NOTHING if result.healthy else OUTSIDE)


def kinds_command(arguments: Arguments) -> int:
    from automations.manual import kinds_data, kinds_text

    _print_json(kinds_data(arguments.kind)) if arguments.json else print(kinds_text(arguments.kind))
    return NOTHING


def coverage_command(arguments: Arguments) -> int:
    from automations.config import load
    from automations.coverage import coverage

    return _show(arguments, coverage(load(arguments.root)), everything=arguments.all)


def policies_command(arguments: Arguments) -> int:
    from automations.config import load
    from automations.policybook import book_html, book_of, book_text

    config = load(arguments.root)
    book = book_of(config, _now(arguments, config).date(), arguments.language or config.language)
    if arguments.html:
        arguments.html.write_text(book_html(book, arguments.root), encoding="utf-8")
    else:
        _print_json(book.data()) if arguments.json else print(book_text(book))
    return NOTHING


def history_command(arguments: Arguments) -> int:
    from automations.asking import history

    return _show(arguments, history(_world(arguments, looking=True), arguments.run, arguments.limit))


def undo_command(arguments: Arguments) -> int:
    from automations.asking import undo_run

    return _show(arguments, undo_run(world := _world(arguments), arguments.run, _now(arguments, world.config)))


def preview_command(arguments: Arguments) -> int:
    from automations.previewing import preview

    world = _world(arguments, looking=True)
    result = preview(world, arguments.notice, arguments.row, _now(arguments, world.config), arguments.language)
    result.write(arguments.html, arguments.png, width=arguments.width, dark=arguments.dark)
    return _show(arguments, result)


def outbox_command(arguments: Arguments) -> int:
    from automations.outbox import outbox, signed

    world = _world(arguments, looking=arguments.action in ("list", "show", "suppressed"))
    person = signed(arguments.why, arguments.by, _now(arguments, world.config))
    how = {name: getattr(arguments, name) for name in ("action", "mail", "answer", "state", "limit", "all_held", "by_evidence")}
    return _show(arguments, outbox(world.ledger, world.config.language, person=person, mailbox=world.mailbox, **how))


def takeover_command(arguments: Arguments) -> int:
    from automations.takeover import takeover

    return _show(arguments, result := takeover(_world(arguments), do=arguments.yes), CHANGES if result.state == "theirs" else NOTHING)


def doctor_command(arguments: Arguments) -> int:
    from automations.doctor import doctor

    result = doctor(arguments.root, arguments.workbook, partial(_now, arguments))
    return _show(arguments, result, OUTSIDE if result.failed else NOTHING)


def schema_command(arguments: Arguments) -> int:
    from automations.schemas import write_schemas

    files = [str(file) for file in write_schemas(arguments.folder)]
    _print_json(files) if arguments.json else print("\n".join(files))
    return NOTHING


COMMANDS: dict[str, Callable[[Arguments], int]] = {
    name.removesuffix("_command"): found for name, found in sorted(globals().items()) if name.endswith("_command")
}
"""The command of each word: `plan` is `plan_command`."""

if __name__ == "__main__":
    sys.exit(main())
