"""Rowkeeper's command line: the only reader of argv and the clock, and the only printer."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from automations import commandline
from automations.command import BRAKE, CHANGES, CONFIG, FAILED_ROWS, NOTHING, OUTSIDE, PERSON, Call, as_json
from automations.commands import commands
from automations.errors import ConfigProblems, RowkeeperError
from automations.progressbar import bar
from automations.secretfile import take_in

__all__ = ["BRAKE", "CHANGES", "CONFIG", "FAILED_ROWS", "NOTHING", "OUTSIDE", "PERSON", "main", "parser"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        return _obeyed(parser().parse_args(argv))
    finally:
        _say(sys.stdout)


def _obeyed(arguments: argparse.Namespace) -> int:
    try:
        return _do(arguments)
    except ConfigProblems as error:
        return _refused(arguments, error, [vars(problem) for problem in error.problems])
    except RowkeeperError as error:
        return _refused(arguments, error, str(error))


def _do(arguments: argparse.Namespace) -> int:
    take_in(arguments.root, os.environ)
    voice = partial(_say, sys.stdout), partial(_say, sys.stderr)
    progress, somebody = bar if sys.stderr.isatty() else None, Terminal() if sys.stdin.isatty() else None
    call = Call(arguments, lambda: datetime.now(UTC), *voice, progress, somebody)
    with call.parts:
        ended = commands()[arguments.command](call)
    if ended.text:
        _say(sys.stdout, ended.text)
    return ended.code


class Terminal:
    """Whoever sits at the terminal."""

    ask, hide = staticmethod(input), staticmethod(getpass.getpass)

    def out(self, text: str) -> None:
        _say(sys.stdout, text)


def _refused(arguments: argparse.Namespace, error: RowkeeperError, data: Any) -> int:
    if getattr(arguments, "json", False):
        _say(sys.stdout, as_json({"error": type(error).__name__, "problems": data}))
    _say(sys.stderr, str(error))
    return error.exit_code


def _say(stream: TextIO, *lines: str) -> None:
    """Print. When nobody reads any more (`| head`), say the rest to nobody: what the command does goes on, and it ends as it would."""
    try:
        print(*lines, sep="\n", end="\n" if lines else "", file=stream, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def parser() -> argparse.ArgumentParser:
    """The whole command line, for this project folder."""
    return commandline.parser(Path(__file__).resolve().parent)


if __name__ == "__main__":
    sys.exit(main())
