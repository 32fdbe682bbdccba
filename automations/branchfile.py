"""`branches/*.yaml`: many workbooks under one configuration, each with what it says otherwise than settings.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from automations.declarations import Said, SettingsFile
from automations.declared import Declared
from automations.errors import ConfigProblems, Problem
from automations.workbooksettings import WorkbookSettings, spreadsheet_id
from automations.yamlcheck import closest

if TYPE_CHECKING:
    from automations.config import Config, Reader

NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


class BranchFile(Declared):
    """A workbook of its own: what is not said here is as in settings.yaml."""

    title: Said = {}
    path: str | None = None
    spreadsheet: str | None = None
    credentials_file: str | None = None
    admin: str | None = None
    sender: str | None = None
    outbox: str | None = None


class BranchesFile(Declared):
    """`config/branches/<name>.yaml`: branches by name, each with the keys in which it differs."""

    branches: dict[str, BranchFile]


def load_branches(reader: Reader, settings: SettingsFile) -> dict[str, SettingsFile]:
    """The settings of every branch by its name, after noting what is wrong with them."""
    found: dict[str, SettingsFile] = {}
    places: dict[str, str] = {}
    for file in sorted((reader.root / "config" / "branches").glob("*.yaml")):
        if loaded := reader.read(BranchesFile, file):
            for name, branch in loaded[0].branches.items():
                reader.problems += [loaded[1].problem(("branches", name), what) for what in _faults(name, branch, settings, found, places)]
    return found


def _faults(name: str, branch: BranchFile, settings: SettingsFile, found: dict[str, SettingsFile], places: dict[str, str]) -> Iterator[str]:
    """What is wrong with a branch; a sound one is put among those found."""
    if not NAME.fullmatch(name):
        yield f"'{name}' is no name; write small letters, digits and '-', at most 40"
        return
    if name in found:
        yield f"branch '{name}' stands in another file already"
        return
    try:
        merged = settings_of(settings, branch)
    except ValidationError as error:
        yield str(error.errors()[0]["msg"]).removeprefix("Value error, ")
        return
    place = _place(merged.workbook)
    if other := places.get(place):
        yield f"branches '{other}' and '{name}' would keep the same workbook, {place}"
    found[name], places[place] = merged, name


def settings_of(settings: SettingsFile, branch: BranchFile) -> SettingsFile:
    """The settings with what a branch says otherwise.

    Raises ValidationError where both together make no sense.
    """
    book = settings.workbook.model_dump()
    if branch.path:
        book["path"] = branch.path
    if branch.spreadsheet:
        book |= {"spreadsheet": branch.spreadsheet, "spreadsheets": {}}
    if branch.credentials_file:
        book["credentials"] = {"file": branch.credentials_file}
    mail = {name: value for name, value in (("sender", branch.sender), ("path", branch.outbox)) if value}
    changed: dict[str, Any] = {
        "workbook": WorkbookSettings.model_validate(book),
        "mail": settings.mail.model_copy(update=mail),
        "admin": branch.admin or settings.admin,
    }
    return settings.model_copy(update=changed)


def _place(book: WorkbookSettings) -> str:
    return spreadsheet_id(book.places[0]) if book.kind == "google" and book.places else book.path


def branch_of(config: Config, branch: str) -> Config:
    """The same configuration for one of its branches; for none of them ("") as it is.

    Raises ConfigProblems where there is none of this name.
    """
    if not branch:
        return config
    if branch not in config.branches:
        near = closest(branch, config.branches)
        raise ConfigProblems([Problem("config/branches", 1, 1, f"no branch '{branch}'", (f"did you mean '{near}'?",) if near else ())])
    return replace(config, settings=config.branches[branch], branch=branch)
