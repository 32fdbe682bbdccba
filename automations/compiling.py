"""Policies into a program: names resolved, look-ups added, loops named, types bound."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import partial
from typing import Any

from automations.allowed import gathered_by
from automations.expressionfaults import ExpressionFault, said
from automations.expressions import Evaluator, Formula, type_from_duck
from automations.faultplaces import ARTICLE, FAMILY, Part, hints_for, misfit, place_of_name
from automations.gathered import subject_of
from automations.gathering import look_up
from automations.keptcolumns import add_kept
from automations.model import ColumnType
from automations.program import Loop, Node, Place, Program, in_layers
from automations.promises import add_promises
from automations.rule import Draft, DraftNode
from automations.trees import column_node, replaced


def plain(name: str) -> str:
    """A name as it is compared: NFKC, trimmed, without case."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


@dataclass
class Compiler:
    """Turns a draft into a program; every fault goes into the draft's list of problems."""

    draft: Draft
    evaluator: Evaluator
    names: dict[str, dict[str, str]] = field(default_factory=dict)
    looked_up: dict[Place, DraftNode] = field(default_factory=dict)
    types: dict[Place, ColumnType] = field(default_factory=dict)
    trees: dict[Place, dict[str, Any]] = field(default_factory=dict)
    faulty: set[Place] = field(default_factory=set)
    """Columns with a fault of their own, or that need one with a fault: what follows from it is not reported again."""

    def __post_init__(self) -> None:
        for table in self.draft.tables.values():
            names = {plain(word): column.key for column in table.columns for word in (*column.aliases, *column.title.values())}
            self.names[table.name] = {**names, **{plain(column.key): column.key for column in table.columns}}

    def compile(self) -> Program:
        """The program; only meaningful when the draft has no problems."""
        add_promises(self.draft)
        for add in self.draft.later:
            add()
        add_kept(self.draft)
        self.faulty |= {place for place, node in self.draft.nodes.items() if node.faulty}
        self._check_mentions()
        self._check_needs()
        self._check_said()
        nodes = self._written({place: self._resolved(node) for place, node in list(self.draft.nodes.items())})
        nodes |= {place: self._unbound(node) for place, node in self.looked_up.items()}
        try:
            layers = in_layers(nodes)
        except Loop as loop:
            self._name_loop(loop)
            return Program((), (), (), (), {}, {})
        bound = tuple(tuple(self._bound(layer)) for layer in layers)
        return self._program(bound)

    # names

    def _resolved(self, node: DraftNode) -> Node:
        if node.tree is None:
            return self._unbound(node)
        found: set[str] = set()

        def canonical(part: dict[str, Any]) -> dict[str, Any] | None:
            if part["class"] != "COLUMN_REF":
                return None
            name = self.resolve(node.table, tuple(part["column_names"]))
            if name is None:
                self._unknown(node, ".".join(part["column_names"]))
                return column_node("?")
            found.add(name)
            return column_node(name)

        tree = self.trees[(node.table, node.name)] = replaced(node.tree, canonical)
        needs = frozenset((node.table, name) for name in found)
        formula = Formula(node.name, "", frozenset(found), node.type or "text", node.text, gathered_by(tree))
        return Node(node.table, node.name, node.type or "text", node.source, needs=needs, formula=formula)

    def _written(self, nodes: Mapping[Place, Node]) -> dict[Place, Node]:
        """The nodes with the SQL of their formulas, all of it written at once."""
        texts = dict(zip(self.trees, self.evaluator.texts_of(list(self.trees.values())), strict=True))
        return {
            place: replace(node, formula=replace(node.formula, sql=texts[place])) if node.formula else node for place, node in nodes.items()
        }

    def _unbound(self, node: DraftNode) -> Node:
        return Node(node.table, node.name, node.type or "text", node.source, needs=node.needs, soft=node.soft, kernel=node.kernel)

    def resolve(self, table: str, names: tuple[str, ...]) -> str | None:
        """The canonical name of a column as an author may write it; look-ups come into being here."""
        dotted = ".".join(names)
        if (table, dotted) in self.draft.nodes or (table, dotted) in self.looked_up:
            return dotted
        if len(names) == 1:
            return self.names[table].get(plain(names[0]))
        return self._look_up(table, names[0], ".".join(names[1:]))

    def _look_up(self, table: str, known_as: str, wanted: str) -> str | None:
        via = next((column for column in self.draft.tables[table].columns if column.known_as == known_as), None)
        target = self.draft.tables.get(via.refers_to or "") if via else None
        if via is None or target is None:
            return None
        found = self.resolve(target.name, tuple(wanted.split(".", 1)))
        if found is None:
            return None
        name = f"{known_as}.{found}"
        kernel = partial(look_up, table, via.key, target.name, found)
        needs = frozenset({(table, via.key), (target.name, target.key), (target.name, found)})
        some = next(iter(self.draft.nodes.values()))
        self.looked_up[(table, name)] = DraftNode(table, name, f"{table}/{name}", (), some.document, kernel=kernel, needs=needs)
        return name

    def _unknown(self, node: DraftNode, name: str) -> None:
        self.faulty.add((node.table, node.name))
        table, tables = self.draft.tables[node.table], self.draft.tables
        via = next((column for column in table.columns if column.known_as == name.partition(".")[0]), None)
        if via and via.refers_to not in tables:
            return  # that table is at fault, and reported
        if node.table in self.draft.unread:
            return  # part of this table could not be read
        path, offset = place_of_name(node, name)
        computed = [each for place, each in self.draft.nodes if place == node.table]
        text = " ".join([node.text, *(part.text for part in node.parts)])
        hints = hints_for(name, text, table, computed, self.names[node.table], tables)
        what = f"{subject_of(node)}: no column '{name}' in table '{node.table}'"
        self.draft.problems.append(node.document.problem(path, what, *hints, offset=max(offset, 0), key=offset < 0))

    def _check_needs(self) -> None:
        """Names a rule takes as plain columns (`since:`, `via:`, `by:`) must be there too."""
        for node in self.draft.nodes.values():
            for table, name in sorted(node.needs):
                known = (table, name) in self.draft.nodes or self.draft.tables[table].column(name)
                if not known and not re.search(r"[. ]", name):
                    self._unknown(replace(node, table=table), name)

    def _check_mentions(self) -> None:
        for build, rule_id, at in self.draft.mentioned:
            if (build.table.name, f"{rule_id}.due") not in self.draft.nodes:
                known = [
                    name.removesuffix(".due") for table, name in self.draft.nodes if table == build.table.name and name.endswith(".due")
                ]
                near = get_close_matches(rule_id, known, n=1)
                build.fault(f"no deadline '{rule_id}' in table '{build.table.name}'", *(f"did you mean '{each}'?" for each in near), at=at)

    def _check_said(self) -> None:
        """A message names columns by their keys."""
        for build, name, path, offset in self.draft.said:
            table = build.table.name
            known = self.resolve(table, tuple(name.split(".")))
            if known != name:
                near = get_close_matches(name, [column.key for column in build.table.columns], n=1)
                hints = [f"write '{{{known}}}'"] if known else [f"did you mean '{{{each}}}'?" for each in near]
                what = f"rule '{build.rule.id}': the text names '{{{name}}}', which is no key of a column in table '{table}'"
                self.draft.problems.append(build.document.problem(path, what, *hints, offset=offset))

    def _name_loop(self, loop: Loop) -> None:
        node = self.draft.nodes.get(loop.places[0]) or self.looked_up[loop.places[0]]
        circle = " -> ".join(f"{table}.{name}" for table, name in loop.places)
        self._problem(node, f"{subject_of(node)}: these columns need each other in a circle: {circle}", "break the circle at one of them")

    def formula_of(self, table: str, tree: dict[str, Any], name: str) -> Formula | None:
        """A tree as a formula of its own, bound to its natural type; None when a name or type does not fit."""
        try:
            return self._formula_of(table, tree, name)
        except ExpressionFault:
            return None

    def _formula_of(self, table: str, tree: dict[str, Any], name: str) -> Formula | None:
        named, found = self._canonical(table, tree)
        sql = self.evaluator.text_of(named)
        if "?" in found:
            return None
        duck = self.evaluator.bind([sql], self._types_of(table, found))[0]
        return None if duck == '"NULL"' else Formula(name, sql, frozenset(found), type_from_duck(duck) or "text", sql)

    def _canonical(self, table: str, tree: dict[str, Any]) -> tuple[dict[str, Any], set[str]]:
        """A tree with the canonical names of its columns, and those names; `?` for one that is not known."""
        found: set[str] = set()

        def canonical(part: dict[str, Any]) -> dict[str, Any] | None:
            if part["class"] != "COLUMN_REF":
                return None
            known = self.resolve(table, tuple(part["column_names"])) or "?"
            found.add(known)
            return column_node(known)

        return replaced(tree, canonical), found

    def _types_of(self, table: str, names: Iterable[str]) -> dict[str, ColumnType]:
        return {name: self.type_of(table, name) for name in sorted(names)}

    # types

    def _bound(self, layer: Iterable[Node]) -> list[Node]:
        nodes = list(layer)
        self.faulty |= {node.place for node in nodes if (node.needs | node.soft) & self.faulty}
        found = []
        for table in dict.fromkeys(node.table for node in nodes):
            formulas = [node for node in nodes if node.table == table and node.formula]
            found += [
                *self._bound_formulas(table, formulas),
                *(self._typed(node) for node in nodes if node.table == table and not node.formula),
            ]
        return found

    def _typed(self, node: Node) -> Node:
        declared = self.draft.nodes.get(node.place)
        kind = node.type if declared and declared.type else self._type_behind(node)
        self.types[node.place] = kind
        if declared and (what := _ungatherable(node, kind)):
            self._problem(declared, f"{subject_of(declared)}: {what}")
        return replace(node, type=kind)

    def _type_behind(self, node: Node) -> ColumnType:
        """The type of a look-up or rollup: that of the column it takes its values from."""
        kernel = node.kernel
        place = kernel.keywords.get("of", kernel.args[2:4]) if isinstance(kernel, partial) else ()
        return self.type_of(*place) if len(place) == 2 else "text"

    def type_of(self, table: str, name: str) -> ColumnType:
        column = self.draft.tables[table].column(name)
        return self.types.get((table, name)) or (column.type if column else "text")

    def _bound_formulas(self, table: str, nodes: list[Node]) -> list[Node]:
        used = {name: self.type_of(table, name) for node in nodes if node.formula for name in sorted(node.formula.columns)}
        try:
            raw = self.evaluator.bind([node.formula.sql for node in nodes if node.formula], used) if nodes else []
        except ExpressionFault:
            raw = [self._bound_alone(node, used) for node in nodes]
        self._check_conditions(table, [self.draft.nodes[node.place] for node in nodes])
        return [self._with_type(node, duck) for node, duck in zip(nodes, raw, strict=True)]

    def _bound_alone(self, node: Node, used: Mapping[str, ColumnType]) -> str:
        try:
            return self.evaluator.bind([node.formula.sql], used)[0] if node.formula else "VARCHAR"
        except ExpressionFault as fault:
            draft = self.draft.nodes[node.place]
            faults = [self._part_fault(draft, part) for part in draft.parts]
            if not any(faults):
                self._problem(draft, f"{subject_of(draft)}: {fault.what}", *fault.hints)
            self.faulty.add(node.place)
            return ""

    def _check_conditions(self, table: str, drafts: Iterable[DraftNode]) -> None:
        """Note conditions that are none: all are asked about at once, and alone only those that may be at fault."""
        doubtful = [(draft, part) for draft in drafts for part in draft.parts if part.wanted == "condition" and not part.certain()]
        for (draft, part), kind in zip(doubtful, self._kinds(table, [part.tree for _, part in doubtful]), strict=True):
            if kind is None or misfit(part.text, kind, part.wanted):
                self._part_fault(draft, part)

    def _kinds(self, table: str, trees: Sequence[dict[str, Any]]) -> list[ColumnType | None]:
        """The type of each of these expressions; None where that is to be looked at more closely."""
        named = [self._canonical(table, tree) for tree in trees]
        columns = set().union(*(found for _, found in named))
        if not trees or "?" in columns:
            return [None] * len(trees)
        try:
            return [
                type_from_duck(duck)
                for duck in self.evaluator.bind(self.evaluator.texts_of([tree for tree, _ in named]), self._types_of(table, columns))
            ]
        except ExpressionFault:
            return [None] * len(trees)

    def _part_fault(self, draft: DraftNode, part: Part) -> bool:
        """Note what is wrong with one part of a composed column; False when nothing is."""
        try:
            formula = self._formula_of(draft.table, part.tree, part.name)
            what, hints = misfit(part.text, formula.type if formula else None, part.wanted), list[str]()
        except ExpressionFault as fault:
            what, hints = fault.what, [*fault.hints]
        if what and (draft.table, draft.name) not in self.faulty:
            self.draft.problems.append(draft.document.problem(part.path, f"{subject_of(draft)}: {what}", *hints))
        return bool(what)

    def _with_type(self, node: Node, duck: str) -> Node:
        draft = self.draft.nodes[node.place]
        raw = type_from_duck(duck) if duck else draft.type
        if duck and raw is None:
            hints = ["date_diff('day', a, b) or workdays_between(a, b) gives a number"] if duck == "INTERVAL" else []
            self._problem(draft, f"{subject_of(draft)}: the result is {said(duck)}, which no column can hold", *hints)
        kind = draft.type or raw or "text"
        if duck and duck != '"NULL"' and FAMILY.get(kind) and FAMILY.get(raw or "text") != FAMILY[kind]:
            self._problem(draft, f"{subject_of(draft)}: {ARTICLE[FAMILY[kind]]} is wanted, '{draft.text}' is {raw}")
        self.types[node.place] = kind
        return replace(node, type=kind, formula=replace(node.formula, type=kind) if node.formula else None)

    # the whole

    def _program(self, layers: tuple[tuple[Node, ...], ...]) -> Program:
        inputs: dict[str, frozenset[Place]] = {}
        for node in (node for layer in layers for node in layer):
            inputs[node.source] = inputs.get(node.source, frozenset()) | node.needs | node.soft
        draft = self.draft
        return Program(
            layers=layers,
            findings=tuple(draft.findings),
            clocks=tuple(draft.clocks),
            conditions=tuple(draft.conditions),
            watches=tuple(draft.watches),
            writes=dict(draft.writes),
            inputs=inputs,
            kept=tuple(draft.kept),
            forms=tuple(draft.forms),
        )

    def _problem(self, node: DraftNode, what: str, *hints: str) -> None:
        """Note a fault of a column, unless it follows from another."""
        if (node.table, node.name) not in self.faulty:
            self.draft.problems.append(node.document.problem(node.path, what, *hints))


def _ungatherable(node: Node, kind: ColumnType) -> str:
    """The sentence for a rollup that cannot be taken of values of that type."""
    how = node.kernel.keywords.get("how") if isinstance(node.kernel, partial) else None
    allowed = {"sum": ("number",), "max": ("number", "date"), "min": ("number", "date")}.get(how or "")
    if not allowed or FAMILY.get(kind) in allowed or "" in node.kernel.args:  # type: ignore[union-attr]
        return ""
    return f"the {how} of {kind} cannot be taken; {' or '.join(ARTICLE[each] for each in allowed)} is wanted"
