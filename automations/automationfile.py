"""`automations/*.yaml` into Automations: what runs by itself, when, how far it reaches; faults by file:line:column."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field

from automations.cadence import Cadence
from automations.cadencewords import NoCadence, parse_cadence
from automations.declarations import Declared, Names, Said
from automations.model import Words
from automations.yamlcheck import closest

if TYPE_CHECKING:
    from automations.calendars import Calendar
    from automations.config import LoadedPolicy, Reader
    from automations.yamlfile import Document, Path

CatchUp = Literal["latest", "all", "none"]
DEEDS = FilePath(__file__).parent / "deeds"
LENGTHS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}
ALL_WITHIN = timedelta(days=1)
"""How far back `catch_up: all` goes when no `max_age` is said: nine days of five minutes would be a flood."""
NAME = re.compile(r"[a-z][a-z0-9-]*")


class AutomationFile(Declared):
    """`automations/<name>.yaml`: what runs by itself, and when."""

    automation: str
    title: Said
    runs: str = Field(description="when, in words: `every 5 minutes between 08:00 and 20:00 on working days`, `每个工作日 08:30`")
    does: str = Field(description="what it does: sweep, outbox, digest, forms or backup")
    zone: str | None = None
    packs: Names = []
    tables: Names = []
    policies: Names = []
    catch_up: CatchUp = "latest"
    max_age: str | None = None
    mode: Literal["live", "shadow", "off"] = "live"
    note: Said = {}


@dataclass(frozen=True)
class Limits:
    """How far an automation reaches: these policies and the rows of these tables."""

    tables: frozenset[str]
    policies: frozenset[str]


@dataclass(frozen=True, eq=False)
class Automation:
    """Something that runs by itself; `limits` None reaches everything, `max_age` None makes up a slot however old."""

    name: str
    title: Words
    cadence: Cadence
    zone: ZoneInfo
    does: str
    limits: Limits | None = None
    catch_up: CatchUp = "latest"
    max_age: timedelta | None = None
    mode: Literal["live", "shadow", "off"] = "live"

    @property
    def words(self) -> str:
        """When and where, as written: another text begins a new count of slots."""
        return f"{self.cadence.text} ({self.zone.key})"


@cache
def known_zones() -> frozenset[str]:
    """The time zones there are; finding them out walks through a folder of the system."""
    return frozenset(available_timezones())


def deed_names() -> list[str]:
    """What an automation can do: the files of `deeds/`, without importing them."""
    return sorted(file.stem for file in DEEDS.glob("*.py") if file.stem != "__init__")


def load_automations(
    reader: Reader, packs: Iterable[str], tables: Iterable[str], policies: Mapping[str, LoadedPolicy], calendar: Calendar | None
) -> dict[str, Automation]:
    """The automations of config/ and of the packs switched on, by name, after noting what is wrong with them."""
    folders = [reader.root / "config" / "automations", *(reader.folder(pack) / "automations" for pack in packs)]
    found: dict[str, tuple[Automation, str]] = {}
    zone = calendar.settings.zone if calendar else "UTC"
    known = _Known(frozenset(packs), frozenset(tables), policies, zone if zone in known_zones() else "UTC")
    for file in (file for folder in folders for file in sorted(folder.glob("*.yaml"))):
        if loaded := reader.read(AutomationFile, file):
            _add(reader, *loaded, found, known)
    return {name: automation for name, (automation, _) in found.items()}


@dataclass(frozen=True)
class _Known:
    """What an automation may name."""

    packs: frozenset[str]
    tables: frozenset[str]
    policies: Mapping[str, LoadedPolicy]
    zone: str


def _add(reader: Reader, file: AutomationFile, document: Document, found: dict[str, tuple[Automation, str]], known: _Known) -> None:
    say = _Say(reader, document)
    if not NAME.fullmatch(file.automation):
        say(("automation",), f"'{file.automation}' is no name; write small letters, digits and '-'")
    if file.automation in found:
        say(("automation",), f"automation '{file.automation}' stands in {found[file.automation][1]} already")
    if file.does not in deed_names():
        say(("does",), f"an automation cannot do '{file.does}'", f"it can do: {', '.join(deed_names())}", near=(file.does, deed_names()))
    if file.zone and file.zone not in known_zones():
        say(("zone",), f"no time zone '{file.zone}'", near=(file.zone, known_zones()))
    cadence, limits, age = _cadence(file, say), _limits(file, say, known), _age(file, say)
    if cadence and not say.said:
        zone = ZoneInfo(file.zone or known.zone)
        made = Automation(file.automation, dict(file.title), cadence, zone, file.does, limits, file.catch_up, age, file.mode)
        found[file.automation] = (made, document.file)


class _Say:
    """Notes faults of one file; `said` tells whether there were any."""

    def __init__(self, reader: Reader, document: Document) -> None:
        self.reader, self.document, self.said = reader, document, False

    def __call__(self, path: Path, what: str, *hints: str, near: tuple[str, Iterable[str]] | None = None) -> None:
        meant = closest(*near) if near else None
        self.said = True
        self.reader.problems.append(self.document.problem(path, what, *hints, *([f"did you mean '{meant}'?"] if meant else [])))


def _cadence(file: AutomationFile, say: _Say) -> Cadence | None:
    try:
        return parse_cadence(file.runs)
    except NoCadence as fault:
        say(("runs",), *fault.args)
        return None


def _limits(file: AutomationFile, say: _Say, known: _Known) -> Limits | None:
    """The policies and tables meant; packs, tables and policies named together all hold."""
    for key, names, there in (
        ("packs", file.packs, known.packs),
        ("tables", file.tables, known.tables),
        ("policies", file.policies, known.policies),
    ):
        for place, name in enumerate(names):
            if name not in there:
                say((key, place), f"no {key.removesuffix('s').replace('policie', 'policy')} '{name}' is switched on", near=(name, there))
    if not (file.packs or file.tables or file.policies):
        return None
    policies = {
        name: each.file.table
        for name, each in known.policies.items()
        if (not file.packs or each.pack in file.packs)
        and (not file.tables or each.file.table in file.tables)
        and (not file.policies or name in file.policies)
    }
    if not policies and not say.said:
        say(("automation",), f"automation '{file.automation}' reaches no policy: no policy is in all it names")
    return Limits(frozenset(file.tables or policies.values()), frozenset(policies))


def _age(file: AutomationFile, say: _Say) -> timedelta | None:
    if file.max_age is None:
        return ALL_WITHIN if file.catch_up == "all" else None
    if match := re.fullmatch(r"\s*(\d{1,4}) (minute|hour|day|week)s?\s*", file.max_age):
        return int(match[1]) * LENGTHS[match[2]]
    say(("max_age",), f"'{file.max_age}' is no age; write for example '2 hours' or '3 days'")
    return None
