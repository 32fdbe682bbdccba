"""What the policies compile to: a graph of columns in layers, the findings they raise, and the clocks they run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, Literal

from automations.expressions import Formula
from automations.model import ColumnType, Level, Words

if TYPE_CHECKING:
    from automations.judging import Evaluation
    from automations.yamlfile import Document, Path

Place = tuple[str, str]
"""(table, column): where a value stands."""
FIELD = re.compile(r"\{([^{}$]+)\}")
"""A column named in a sentence."""
Kernel = Callable[["Evaluation"], Any]
"""Computes one whole column from columns already there."""


@dataclass(frozen=True)
class Node:
    """One computed column: a formula for DuckDB, or a kernel for what SQL cannot say (look-ups, rollups, clocks).

    `needs` must be there; `soft` are used when they are there and only order the evaluation.
    """

    table: str
    name: str
    type: ColumnType
    source: str
    needs: frozenset[Place] = frozenset()
    soft: frozenset[Place] = frozenset()
    formula: Formula | None = None
    kernel: Kernel | None = None

    @property
    def place(self) -> Place:
        return self.table, self.name


@dataclass(frozen=True)
class FindingSpec:
    """Rows where the boolean column `where` holds get a finding on `column`.

    `waiting` and `alert` are no findings: nothing is wrong with the row, but notices may speak of it. Of an alert a mail shows `evidence`.
    `risk` is what kind of risk it is, if it is one (of the kind `risk` only lists speak); `keeper` answers for the policy,
    `clears` are columns that end an alert.
    """

    rule: str
    table: str
    where: str
    column: str | None
    level: Level
    message: Words
    fix: Words
    clause: str
    kind: Literal["finding", "waiting", "alert", "risk"] = "finding"
    who: str = ""
    evidence: tuple[str, ...] = ()
    risk: Words = field(default_factory=dict)
    keeper: str = ""
    clears: tuple[str, ...] = ()

    @property
    def names(self) -> Iterable[Place]:
        """What its sentences name in braces: columns, or words that are none."""
        texts = (*self.message.values(), *self.fix.values())
        return ((self.table, name) for text in texts for name in FIELD.findall(text))


@dataclass(frozen=True)
class ClockSpec:
    """A promise with a due time, by the names of its columns; `written_due` is the column it shares with other clocks of the promise."""

    rule: str
    table: str
    title: Words
    start: str
    due: str
    done: str
    state: str
    clause: str
    unit: str
    soon: str = "80%"
    written_due: str | None = None
    paused: str | None = None


@dataclass(frozen=True, eq=False)
class KeptSpec:
    """Rows that a rule makes for a kept table: `fills` names the columns, `closed` the condition that freezes a row.

    In a frozen row a later difference in the columns `late` (None: in all of them) is a finding.

    `rows` gives a `keeping.Made` and reads only the places in `needs`, those in `soft` where they are there, and the
    clock where it is `timed`.
    """

    rule: str
    table: str
    fills: tuple[str, ...]
    rows: Callable[[Evaluation], Any]
    needs: frozenset[Place]
    document: Document
    path: Path
    closed: str = ""
    clause: str = ""
    timed: bool = False
    soft: frozenset[Place] = frozenset()
    late: tuple[str, ...] | None = None


@dataclass(frozen=True)
class ListSpec:
    """Rows of another table on a form: those whose `via` refers to its row and where `when` holds; `names` are what a line may say."""

    name: str
    table: str
    via: str
    names: Mapping[str, str]
    when: str = ""


@dataclass(frozen=True, eq=False)
class FormSpec:
    """A printed form of a row, or of all rows with one value of `per`: what it may say by name, and the column that holds it.

    `required` are columns with their headings; `when` and `only` are boolean columns, or empty. `by_itself`: made once `when` holds.
    """

    rule: str
    table: str
    template: str
    title: Words
    names: Mapping[str, str]
    required: tuple[tuple[str, Words], ...]
    lists: tuple[ListSpec, ...]
    when: str
    per: str
    only: str
    document: Document
    path: Path
    by_itself: bool = False

    @property
    def needs(self) -> frozenset[Place]:
        """The columns without which there is no such form."""
        own = {name for name in (self.when, self.per, self.only, *(name for name, _ in self.required)) if name}
        lines = {(each.table, name) for each in self.lists for name in (each.via, each.when) if name}
        return frozenset({(self.table, name) for name in own} | lines)

    @property
    def reads(self) -> frozenset[Place]:
        """The columns of rules it may say beside those; one that cannot be computed is blank on the form."""
        own = {(self.table, name) for name in self.names.values() if "." in name}
        return frozenset(own | {(each.table, name) for each in self.lists for name in each.names.values() if "." in name})


@dataclass(frozen=True)
class Watch:
    """A boolean column whose changes between runs are logged, because a clock pauses on it."""

    table: str
    name: str


@dataclass(frozen=True)
class Program:
    """All policies, compiled: layers of nodes, and which of them fill a column of ours.

    `writes[(table, our column)]` is the rule that fills it; the node has the column's name.
    """

    layers: tuple[tuple[Node, ...], ...]
    findings: tuple[FindingSpec, ...]
    clocks: tuple[ClockSpec, ...]
    watches: tuple[Watch, ...]
    writes: Mapping[Place, str]
    inputs: Mapping[str, frozenset[Place]]
    kept: tuple[KeptSpec, ...] = ()
    conditions: tuple[Place, ...] = ()
    """Hidden columns that only notices read: conditions of rungs, ends of holds."""
    forms: tuple[FormSpec, ...] = ()

    def nodes(self) -> Iterable[Node]:
        return (node for layer in self.layers for node in layer)


class Loop(ValueError):
    """Columns that need each other in a circle."""

    def __init__(self, places: tuple[Place, ...]) -> None:
        self.places = places
        super().__init__(" -> ".join(f"{table}.{name}" for table, name in places))


def in_layers(nodes: Mapping[Place, Node]) -> tuple[tuple[Node, ...], ...]:
    """The nodes in layers: each needs only what stands in layers before it.

    A layer holds kernels, or formulas of one table: as many as can be, since DuckDB takes little longer for many than for one.
    Raises Loop naming the circle when there is one.
    """
    order = _sorter(nodes)
    layers, ready = [], dict[str, list[Node]]()
    while order.is_active():
        for place in order.get_ready():
            ready.setdefault(place[0] if nodes[place].formula else "", []).append(nodes[place])
        layer = ready.pop("" if "" in ready else max(ready, key=lambda table: len(ready[table])))
        layers.append(tuple(layer))
        order.done(*(node.place for node in layer))
    return tuple(layers)


def _sorter(nodes: Mapping[Place, Node]) -> TopologicalSorter[Place]:
    order = TopologicalSorter[Place](dict.fromkeys(nodes, ()))
    for place, node in nodes.items():
        order.add(place, *sorted((node.needs | node.soft) & nodes.keys()))
    try:
        order.prepare()
    except CycleError as error:
        raise Loop(tuple(reversed(error.args[1]))) from None
    return order


def restricted(program: Program, present: frozenset[Place], tables: frozenset[str]) -> tuple[Program, Mapping[str, Place]]:
    """The part of the program that these columns allow, and for each rule left out one place it lacks."""
    by_place = {node.place: node for node in program.nodes()}
    there = set(present) - by_place.keys()
    lacking: dict[str, Place] = {}
    layers = []
    for layer in program.layers:
        kept = []
        for node in layer:
            missing = sorted(place for place in node.needs if place not in there)
            if missing or node.table not in tables:
                if node.source not in lacking:
                    lacking[node.source] = _root(missing[0], by_place, there) if missing else (node.table, "")
            else:
                kept.append(node)
        there |= {node.place for node in kept}
        layers.append(tuple(kept))
    makers: list[KeptSpec | FormSpec] = [*program.kept, *program.forms]
    for spec in makers:
        missing = sorted(place for place in spec.needs if place not in there)
        if spec.rule not in lacking and (missing or spec.table not in tables):
            lacking[spec.rule] = _root(missing[0], by_place, there) if missing else (spec.table, "")
    return _kept(program, tuple(layers), there, tables), lacking


def _root(place: Place, by_place: Mapping[Place, Node], there: set[Place]) -> Place:
    """The sheet column behind a missing computed one."""
    seen: set[Place] = set()
    while place in by_place and place not in seen:
        seen.add(place)
        missing = sorted(each for each in by_place[place].needs if each not in there)
        if not missing:
            return place
        place = missing[0]
    return place


def _kept(program: Program, layers: tuple[tuple[Node, ...], ...], there: set[Place], tables: frozenset[str]) -> Program:
    computed = {node.place for layer in layers for node in layer}
    return Program(
        layers=layers,
        findings=tuple(spec for spec in program.findings if (spec.table, spec.where) in there),
        clocks=tuple(spec for spec in program.clocks if (spec.table, spec.state) in computed),
        watches=tuple(watch for watch in program.watches if (watch.table, watch.name) in computed),
        writes={place: rule for place, rule in program.writes.items() if place in computed},
        inputs=program.inputs,
        kept=tuple(spec for spec in program.kept if spec.needs <= there and spec.table in tables),
        forms=tuple(spec for spec in program.forms if spec.needs <= there and spec.table in tables),
        conditions=tuple(place for place in program.conditions if place in computed),
    )


def needed_only(program: Program) -> Program:
    """The program without columns nobody reads."""
    by_place = {node.place: node for node in program.nodes()}
    wanted = (
        {place for spec in program.findings for place in ((spec.table, spec.where), *spec.names)}
        | set(program.writes)
        | {(watch.table, watch.name) for watch in program.watches}
        | set(program.conditions)
        | {place for spec in program.kept for place in spec.needs | spec.soft}
        | {place for spec in program.forms for place in spec.needs | spec.reads}
    )
    wanted |= {(clock.table, name) for clock in program.clocks for name in (clock.start, clock.due, clock.done, clock.state)}
    open_places = list(wanted)
    while open_places:
        node = by_place.get(open_places.pop())
        for place in (node.needs | node.soft) if node else ():
            if place not in wanted:
                wanted.add(place)
                open_places.append(place)
    layers = tuple(tuple(node for node in layer if node.place in wanted) for layer in program.layers)
    return replace(program, layers=tuple(layer for layer in layers if layer))
