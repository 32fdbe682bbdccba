"""What every kind of rule has in common, and the builder through which a rule adds columns, findings and clocks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from automations.clocks import words_of
from automations.declarations import DURATIONS, Declared, Names, Parameter, PolicyFile, Said
from automations.errors import Problem
from automations.expressionfaults import ExpressionFault, characters
from automations.faultplaces import Part
from automations.model import ColumnType, Level, Table, Words
from automations.program import ClockSpec, FindingSpec, FormSpec, KeptSpec, Kernel, Place, Watch
from automations.trees import Tree, parameters_of, replaced
from automations.yamlfile import Document, Path

SAID = re.compile(r"\{([^{}]+)\}")
"""What a message says of the row: `{column}` or `{$parameter}`."""
Expression = str
"""A DuckDB scalar expression over the columns of the policy's table."""


def _is_id(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"[a-z][a-z0-9_-]*", value):
        words = "small letters, digits, '-' and '_', beginning with a letter"
        raise PydanticCustomError("should_be", "should be {words}", {"words": words})
    return value


class Rule(Declared):
    """One rule of a policy. The pydantic fields of a kind are its YAML keys; its docstring is its manual."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    id: Annotated[str, BeforeValidator(_is_id), Field(pattern=r"^[a-z][a-z0-9_-]*$")]
    kind: str
    title: Said = {}
    when: Expression | None = None
    level: Level = "warn"
    clause: str = ""
    catalogue: Names = []
    message: Said = {}
    fix: Said = {}
    risk: Said = {}
    says: Said = {}

    def compile(self, build: Builder) -> None:
        """Turn the rule into columns, findings and clocks."""
        raise NotImplementedError


@dataclass(frozen=True)
class DraftNode:
    """A column on its way into the graph: its tree still names columns as the author wrote them."""

    table: str
    name: str
    source: str
    path: Path
    document: Document
    tree: Tree | None = None
    text: str = ""
    type: ColumnType | None = None
    kernel: Kernel | None = None
    needs: frozenset[Place] = frozenset()
    soft: frozenset[Place] = frozenset()
    parts: tuple[Part, ...] = ()
    faulty: bool = False


@dataclass
class Draft:
    """Everything the rules asked for, before names are resolved."""

    tables: Mapping[str, Table]
    language: str
    parse: Any
    due_soon: str = "80%"
    unread: frozenset[str] = frozenset()
    nodes: dict[Place, DraftNode] = field(default_factory=dict)
    promises: dict[tuple[str, str, str], list[ClockSpec]] = field(default_factory=dict)
    shadows: set[str] = field(default_factory=set)
    first: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The rules whose promise counts before that of others, by promise: a due column or the word of duties."""
    mentioned: list[tuple[Builder, str, tuple[str | int, ...]]] = field(default_factory=list)
    said: list[tuple[Builder, str, Path, int]] = field(default_factory=list)
    findings: list[FindingSpec] = field(default_factory=list)
    conditions: list[Place] = field(default_factory=list)
    clocks: list[ClockSpec] = field(default_factory=list)
    watches: list[Watch] = field(default_factory=list)
    kept: list[KeptSpec] = field(default_factory=list)
    forms: list[FormSpec] = field(default_factory=list)
    writes: dict[Place, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    used_parameters: set[tuple[str, str]] = field(default_factory=set)
    lists: set[str] = field(default_factory=set)
    """Kept tables that list what rules say."""
    later: list[Callable[[], None]] = field(default_factory=list)
    """What rules add once all the others are drafted."""


class Builder:
    """What one rule may add to the draft; every name it gives is prefixed with the rule's id."""

    def __init__(
        self, draft: Draft, policy: PolicyFile, rule: Rule, document: Document, path: Path, spoilt: frozenset[str] = frozenset()
    ) -> None:
        self.draft, self.policy, self.rule, self.document, self.path = draft, policy, rule, document, path
        self.spoilt = spoilt
        self.table = draft.tables[policy.table]
        self.full = f"{policy.policy}/{rule.id}"

    # names

    def called(self, name: str) -> str:
        """The canonical name of one of this rule's columns: `assign.due`."""
        return f"{self.rule.id}.{name}"

    def title(self) -> Words:
        return self.rule.title or {"zh": self.rule.id, "en": self.rule.id}

    def heading(self, column: str) -> Words:
        """A column's titles, or its name where it is not declared."""
        declared = self.table.column(column)
        return declared.title if declared else {"zh": column, "en": column}

    # columns

    def formula(self, name: str, text: str, *at: str | int, type: ColumnType | None = None) -> str:  # noqa: A002
        """Add a column computed by an expression; returns its canonical name."""
        tree = self.tree(text, *at)
        node = DraftNode(self.table.name, name, self.full, (*self.path, *at), self.document, tree or self._null(), text, type)
        self._add(name, replace(node, faulty=tree is None))
        return name

    def kernel(
        self,
        name: str,
        type: ColumnType,  # noqa: A002
        kernel: Kernel,
        needs: Iterable[str],
        soft: Iterable[str] = (),
        also: Iterable[Place] = (),
    ) -> str:
        """Add a column computed from whole columns of the same table (and `also` of others); returns its canonical name."""
        places = self._places(needs) | frozenset(also)
        node = DraftNode(
            self.table.name, name, self.full, self.path, self.document, type=type, kernel=kernel, needs=places, soft=self._places(soft)
        )
        self._add(name, node)
        return name

    def active(self) -> str | None:
        """The boolean column of `when`, if the rule has one."""
        return self.formula(self.called("when"), self.rule.when, "when", type="boolean") if self.rule.when else None

    def composed(
        self,
        name: str,
        template: str,
        parts: Mapping[str, tuple[str, tuple[str | int, ...]]],
        type: ColumnType | None = None,  # noqa: A002
    ) -> str:
        """Add a column from a template whose `_names` stand for expressions of the rule, each with its place in the file."""
        trees = {key: self.tree(text, *at) for key, (text, at) in parts.items()}
        null = self._null()
        tree = replaced(self.draft.parse(template), lambda node: (trees[_single(node)] or null) if _single(node) in trees else None)
        text, at = next(iter(parts.values()), (template, ()))
        sound = tuple(Part(key, tree, parts[key][0], (*self.path, *parts[key][1])) for key, tree in trees.items() if tree)
        node = DraftNode(self.table.name, name, self.full, (*self.path, *at), self.document, tree, text, type, parts=sound)
        self._add(name, replace(node, faulty=len(sound) < len(trees)))
        return name

    def _null(self) -> Tree:
        tree: Tree = self.draft.parse("null")
        return tree

    def guard(self) -> dict[str, tuple[str, tuple[str | int, ...]]]:
        """The rule's `when` as the part `_when` of a template."""
        return {"_when": (self.rule.when or "true", ("when",))}

    def tree(self, text: str, *at: str | int, aggregates: bool = False) -> Tree | None:
        """The parsed expression with its parameters put in; None after noting the fault."""
        try:
            tree: Tree = self.draft.parse(text, aggregates=aggregates)
            used = parameters_of(tree)
            unknown = {name for name, offset in used if not self.parameter(name, *at, offset=offset, text=text)}
            return with_parameters_of(tree, self.policy, self.draft.parse, self.spoilt | unknown) if used else tree
        except ExpressionFault as fault:
            self.fault(fault.what, *fault.hints, at=at, offset=fault.offset, text=text)
            return None

    def parameter(self, dollar: str, *at: str | int, offset: int = 0, text: str = "") -> Parameter | None:
        """The parameter of that name (`$name` or `name`), or None after noting the fault."""
        name = dollar.removeprefix("$")
        if name not in self.policy.parameters:
            near = get_close_matches(name, self.policy.parameters, n=1)
            hints = [f"did you mean '${each}'?" for each in near] or ["declare it under `parameters:`, with its unit and its dated values"]
            self.fault(f"no parameter '${name}'", *hints, at=at, offset=offset, text=text)
            return None
        self.draft.used_parameters.add((self.policy.policy, name))
        return self.policy.parameters[name]

    def duration(self, dollar: str, *at: str | int) -> Parameter | None:
        """A parameter that is a length of time."""
        parameter = self.parameter(dollar, *at)
        if parameter and parameter.unit not in DURATIONS:
            self.fault(f"'{dollar}' is in {parameter.unit}; a length of time is wanted", "it may be in: " + ", ".join(DURATIONS), at=at)
            return None
        return parameter

    # results

    def writes(self, column: str, *at: str | int, as_promise: bool = False) -> bool:
        """Say that the node called `column` fills that column of ours."""
        declared = self.table.column(column)
        place = (self.table.name, column)
        if declared is None or not declared.ours:
            ours = [each.key for each in self.table.columns if each.ours]
            near = get_close_matches(column, ours, n=1)
            why = (
                f"no column '{column}' in table '{self.table.name}'" if declared is None else f"column '{column}' is staff input, not ours"
            )
            self.fault(why, *(f"did you mean '{each}'?" for each in near), at=at)
            return False
        if place in self.draft.writes and not as_promise:
            self.fault(f"column '{column}' is already filled by rule '{self.draft.writes[place]}'", at=at)
            return False
        self.draft.writes.setdefault(place, self.full)
        return True

    def finding(self, where: str, column: str | None, message: Words, fix: Words, level: Level | None = None) -> None:
        """Add a finding where a boolean column holds; the rule's own message and fix win over these."""
        rule = self.rule
        self._note_said()
        self._found(where, rule.message or message, rule.fix or fix, column=column, level=level or rule.level)

    def _found(self, where: str, message: Words, fix: Words, **more: Any) -> None:
        """Add what is said where a boolean column holds."""
        texts, about = (self.filled_in(message), self.filled_in(fix)), {"column": None, "level": self.rule.level, **more}
        spec = FindingSpec(self.full, self.table.name, where, message=texts[0], fix=texts[1], clause=self.rule.clause, **about)
        self.draft.findings.append(replace(spec, risk=self.rule.risk, keeper=self.policy.owner))

    def _note_said(self) -> None:
        """Note the `{columns}` and `{$parameters}` the rule's own texts name; unknown ones are faults."""
        texts = [((key, language), text) for key in ("message", "fix") for language, text in getattr(self.rule, key).items()]
        for at, text in texts:
            place = at if (*self.path, *at) in self.document.places else at[:1]
            for found in SAID.finditer(text):
                if found[1].startswith("$"):
                    self.parameter(found[1], *place, offset=found.start(1))
                else:
                    self.draft.said.append((self, found[1], (*self.path, *place), found.start(1)))

    def filled_in(self, words: Words) -> Words:
        """The text with `{$parameter}` replaced by its newest value; `{column}` stays for the row."""
        return {language: self._parameters_in(text) for language, text in words.items()}

    def _parameters_in(self, text: str) -> str:
        for name, parameter in self.policy.parameters.items():
            text = text.replace("{$" + name + "}", shown_value(parameter))
        return text

    def waiting(self, where: str, column: str, message: Words, who: str) -> None:
        """Add an occasion: somebody is waited for. It is no finding, but notices and the next step may speak of it."""
        spec = FindingSpec(self.full, self.table.name, where, column, "info", message, {}, self.rule.clause, kind="waiting", who=who)
        self.draft.findings.append(spec)

    def alert(self, where: str, message: Words, fix: Words, evidence: Sequence[str], clears: Sequence[str] = ()) -> None:
        """Add an occasion that is no finding: whoever a notice names hears of it once, with these columns of the row."""
        self._note_said()
        self._found(where, message, fix, kind="alert", evidence=tuple(evidence), clears=tuple(clears))

    def at_risk(self, where: str, message: Words) -> None:
        """Say where a promise is at risk, for the list of risks alone: its notices are on a ladder."""
        self._found(where, message, {}, level="warn", kind="risk")

    def promise(self, spec: ClockSpec, due: str | None, state: str | None) -> None:
        """Add a clock; clocks that write the same `due` column are one promise."""
        for column, key in ((due, "due"), (state, "state")):
            if column and not self.writes(column, "writes", key, as_promise=True):
                return
        self.draft.clocks.append(spec)
        self.draft.shadows |= {spec.rule} if self.policy.mode == "shadow" else set()
        for column, key in ((due, "due"), (state, "state")):
            if column:
                self.draft.promises.setdefault((self.table.name, column, key), []).append(spec)

    def state_words(self, name: str, code: str) -> None:
        """Add the clock's state as the words staff read."""
        table, language = self.table.name, self.draft.language
        self.kernel(name, "text", lambda judging: words_of(judging.integers(table, code), language), [code])

    def mentions(self, rule_id: str, *at: str | int) -> None:
        """Note that another rule of the table is named here; an unknown one is a fault found at the end."""
        self.draft.mentioned.append((self, rule_id, at))

    def unknown_column(self, column: str, *at: str | int) -> None:
        """Note the fault of a column the table does not have."""
        near = get_close_matches(column, [each.key for each in self.table.columns], n=1)
        hints = [f"did you mean '{each}' ({self.heading(each).get('zh', each)})?" for each in near]
        self.fault(f"no column '{column}' in table '{self.table.name}'", *hints, at=at)

    def fault(self, what: str, *hints: str, at: tuple[str | int, ...] = (), offset: int = 0, text: str = "") -> None:
        """Note a fault of the rule at that place in its file."""
        if text:
            offset = characters(text, offset)
        prefix = f"rule '{self.rule.id}': "
        self.draft.problems.append(self.document.problem((*self.path, *at), prefix + what, *hints, offset=offset))

    def _places(self, names: Iterable[str]) -> frozenset[Place]:
        return frozenset((self.table.name, name) for name in names)

    def _add(self, name: str, node: DraftNode) -> None:
        place = (self.table.name, name)
        if place in self.draft.nodes:
            self.fault(f"'{name}' is already computed by rule '{self.draft.nodes[place].source}'", "ids of rules differ within a table")
            return
        self.draft.nodes[place] = node


def _single(node: Tree) -> str:
    """The name of a column reference of one part; empty for any other node."""
    return str(node["column_names"][0]) if node["class"] == "COLUMN_REF" and len(node["column_names"]) == 1 else ""


def with_parameters_of(
    tree: Tree, policy: PolicyFile, parse: Callable[[str], Tree], spoilt: frozenset[str] | set[str] = frozenset()
) -> Tree:
    """The tree with `$name` replaced by the value in force on the row's reference date; a `spoilt` one has none."""

    def value(node: Tree) -> Tree | None:
        if node["class"] != "PARAMETER":
            return None
        name = str(node["identifier"])
        return parse("null") if name in spoilt else parse(f"({parameter_sql(policy.parameters[name], policy)})")

    result: Tree = replaced(tree, value)
    return result


def parameter_sql(parameter: Parameter, policy: PolicyFile) -> str:
    """The value in force on the row's reference date (today where the policy names none), as an SQL expression."""
    dated = sorted(parameter.values.items(), reverse=True)
    if len(dated) == 1 and dated[0][0].year <= 2000:
        return _by_sql(dated[0][1], parameter)
    cases = " ".join(f"WHEN {policy.dated_by or 'today()'} >= DATE '{day}' THEN {_by_sql(value, parameter)}" for day, value in dated)
    return f"CASE {cases} END"


def _by_sql(value: Any, parameter: Parameter) -> str:
    if not isinstance(value, dict):
        return _literal(value, parameter)
    rest = f" ELSE {_literal(value['*'], parameter)}" if "*" in value else ""
    cases = " ".join(f"WHEN {_text(word)} THEN {_literal(each, parameter)}" for word, each in value.items() if word != "*")
    return f"CASE {parameter.by} {cases}{rest} END" if cases else _literal(value.get("*"), parameter)


def _literal(value: Any, parameter: Parameter) -> str:
    if value is None:
        return "NULL"
    if parameter.unit in ("text", "choice"):
        return _text(str(value))
    if parameter.unit == "percent":
        from decimal import Decimal

        return f"{(Decimal(str(value)) / 100).normalize():f}"
    return str(value)


def _text(value: str) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def shown_value(parameter: Parameter) -> str:
    """The newest value of a parameter as people write it."""
    value = parameter.values[max(parameter.values)] if parameter.values else None
    if isinstance(value, dict):
        return "、".join(f"{word} {each}" for word, each in value.items())
    return "" if value is None else f"{value}"


OnUnknown = Literal["pass", "fail"]
