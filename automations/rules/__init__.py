"""The kinds of rule: one file each; the folder is the registry."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from automations.rule import Rule


@cache
def kinds() -> dict[str, type[Rule]]:
    """Every kind of rule by its name in YAML; file name, kind name and class name are the same word."""
    found = {}
    for module in sorted(iter_modules(__path__), key=lambda module: module.name):
        found[module.name] = getattr(import_module(f"{__name__}.{module.name}"), module.name.capitalize())
    return found
