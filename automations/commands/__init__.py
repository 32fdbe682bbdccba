"""The commands by topic: a function `plan_command` in any file of this folder is what `runner.py plan` does."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from automations.command import Call, Ended

Command = Callable[[Call], Ended]
ENDING = "_command"


@cache
def commands() -> dict[str, Command]:
    """Every command by its word; the folder is the registry, and imports inside a command keep the others quick to begin."""
    found: dict[str, Command] = {}
    for module in sorted(iter_modules(__path__), key=lambda each: each.name):
        names = vars(import_module(f"{__name__}.{module.name}"))
        found |= {name.removesuffix(ENDING): each for name, each in names.items() if name.endswith(ENDING)}
    return found
