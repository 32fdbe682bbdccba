"""A bar on standard error for work that takes a while, where a terminal is there to show it."""

from __future__ import annotations

import sys

WIDTH = 30


def bar(done: int, total: int, what: str) -> None:
    """Draw the bar anew: so much of so much is done, and this is being worked on."""
    filled = WIDTH * done // max(total, 1)
    end = "" if done < total else "\n"
    sys.stderr.write(f"\r[{'#' * filled}{'.' * (WIDTH - filled)}] {done}/{total} {what}\033[K{end}")
    sys.stderr.flush()
