"""Which tabs `init` adds: all that switched-on packs have, or those an admin chose; and which packs ask for each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from automations.config import Config
from automations.errors import RowkeeperError
from automations.model import Table
from automations.program import Place
from automations.yamlcheck import closest


class NoSuchTable(RowkeeperError):
    """A tab was asked for that no switched-on pack has."""

    exit_code = 5


@dataclass(frozen=True)
class Asked:
    """Who wants a tab: the titles of packs, and how many of their rules do nothing without it."""

    packs: tuple[str, ...] = ()
    rules: int = 0


def chosen(config: Config, names: Sequence[str], there: Collection[str] = ()) -> list[Table]:
    """The tables with these names or titles, and those that are `there`; all where none is named.

    Raises NoSuchTable.
    """
    if not names:
        return list(config.tables.values())
    known = {word: table.name for table in config.tables.values() for word in (table.name, *table.title.values(), *table.aliases)}
    for name in names:
        if name not in known:
            near = closest(name, known)
            raise NoSuchTable(
                f"no table '{name}'\n  " + (f"did you mean '{near}'?" if near else "`runner.py init` lists the tabs there are")
            )
    wanted = {known[name] for name in names} | set(there)
    return [table for table in config.tables.values() if table.name in wanted]


def asked(config: Config) -> Mapping[str, Asked]:
    """By table, who wants it; nothing where a single pack is switched on and there is nothing to choose."""
    speaking = {policy.pack for policy in config.policies.values() if policy.rules}
    if len(speaking) < 2:
        return {}
    return {name: Asked(tuple(_titles(config, rules)), len(rules)) for name in config.tables if (rules := _rules(config, name))}


def _rules(config: Config, table: str) -> list[str]:
    """The rules over a table, those that make its rows, and those that read it, also through a look-up or a sum of another table."""
    program = config.program
    over = {f"{name}/{rule}" for name, policy in config.policies.items() if policy.file.table == table for rule in policy.rules}
    known = {f"{name}/{rule}" for name, policy in config.policies.items() for rule in policy.rules}
    passed, reading = set[Place](), set[str]()
    for node in program.nodes():  # in layers, so that what a node needs came before it
        if any(place[0] == table or place in passed for place in node.needs):
            reading.add(node.source)
            passed |= set() if node.source in known else {node.place}
    return sorted((over | reading | {spec.rule for spec in program.kept if spec.table == table}) & known)


def _titles(config: Config, rules: Iterable[str]) -> list[str]:
    """The titles of the packs these rules stand in, each once."""
    packs = {config.policies[rule.partition("/")[0]].pack for rule in rules}
    titles = [file.title for pack, file in config.packs.items() if pack in packs]
    return [title.get(config.language) or title.get("zh", "") for title in titles]
