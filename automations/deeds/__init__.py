"""What an automation can do: one file each; the folder is the registry."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from automations.deed import Deed


@cache
def deeds() -> dict[str, Deed]:
    """Every deed by its name in YAML; file name, `does:` and class name are the same word."""
    names = sorted(module.name for module in iter_modules(__path__))
    return {name: getattr(import_module(f"{__name__}.{name}"), name.capitalize())() for name in names}
