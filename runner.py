"""Rowkeeper's command line: the only reader of argv and the clock, and the only printer."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from automations import commandline
from automations.command import BRAKE, CHANGES, CONFIG, FAILED_ROWS, NOTHING, OUTSIDE, PERSON, Call, as_json
from automations.commands import commands
from automations.errors import ConfigProblems, RowkeeperError
from automations.progressbar import bar

__all__ = ["BRAKE", "CHANGES", "CONFIG", "FAILED_ROWS", "NOTHING", "OUTSIDE", "PERSON", "main", "parser"]
_out = partial(print, flush=True)
_to_stderr = partial(print, file=sys.stderr, flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    arguments = parser().parse_args(argv)
    try:
        return _do(arguments)
    except ConfigProblems as error:
        return _refused(arguments, error, [vars(problem) for problem in error.problems])
    except RowkeeperError as error:
        return _refused(arguments, error, str(error))


def _do(arguments: argparse.Namespace) -> int:
    call = Call(arguments, lambda: datetime.now(UTC), _out, _to_stderr, bar if sys.stderr.isatty() else None)
    ended = commands()[arguments.command](call)
    if ended.text:
        print(ended.text)
    return ended.code


def _refused(arguments: argparse.Namespace, error: RowkeeperError, data: Any) -> int:
    if getattr(arguments, "json", False):
        print(as_json({"error": type(error).__name__, "problems": data}))
    print(error, file=sys.stderr)
    return error.exit_code


def parser() -> argparse.ArgumentParser:
    """The whole command line, for this project folder."""
    return commandline.parser(Path(__file__).resolve().parent)


if __name__ == "__main__":
    sys.exit(main())
