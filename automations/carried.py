"""Hidden columns that hold what a sensitive column holds, so that nothing which only passes a value on tells it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from automations.errors import Problem
from automations.gathering import in_force, look_up, roll_up, run_total
from automations.model import Table
from automations.program import Node, Place, Program
from automations.rule import Draft
from automations.trees import Tree

TELL_NOTHING = {
    *("blank", "filled", "length", "contains", "starts_with", "ends_with", "regexp_matches", "list_contains", "~~", "!~~", "~~*", "!~~*"),
    *("is_workday", "workdays_between", "date_diff", "datediff", "count", "count_star"),
}
"""Functions whose answer is about a value and is not the value."""


def sensitive_places(tables: Mapping[str, Table]) -> frozenset[Place]:
    """The sensitive columns of these tables."""
    return frozenset((table.name, column.key) for table in tables.values() for column in table.columns if column.sensitive)


def carried(tables: Mapping[str, Table], program: Program, trees: Mapping[Place, Tree]) -> frozenset[Place]:
    """Sensitive columns, and the hidden ones that hold their values; a declared column has its own word on that.

    What is only compared with a sensitive value, counted or found by it, holds something else.
    """
    held = {*sensitive_places(tables)}
    for node in program.nodes():
        if node.type != "boolean" and not tables[node.table].column(node.name) and held.intersection(sources(node, trees)):
            held.add(node.place)
    return frozenset(held)


def sources(node: Node, trees: Mapping[Place, Tree]) -> Iterable[Place]:
    """The columns whose values a computed column may hold."""
    if node.place in trees:
        return ((node.table, name) for name in values_in(trees[node.place]))
    kernel = node.kernel
    if isinstance(kernel, partial) and kernel.func in (look_up, in_force, roll_up):
        return () if kernel.keywords.get("how") in ("count", "any") else (tuple(kernel.args[2:4]),)
    if isinstance(kernel, partial) and kernel.func is run_total:
        return (tuple(kernel.args[:2]),)
    return ()


def values_in(tree: Any) -> Iterator[str]:
    """The columns of an expression whose values its result may hold: not those it only compares, tests or measures."""
    match tree["class"]:
        case "COLUMN_REF":
            yield ".".join(tree["column_names"])
        case "CAST":
            yield from values_in(tree["child"])
        case "CASE":
            for part in (*(each["then_expr"] for each in tree["case_checks"]), tree["else_expr"]):
                yield from values_in(part)
        case "OPERATOR" if tree["type"] == "OPERATOR_COALESCE":
            for part in tree["children"]:
                yield from values_in(part)
        case "FUNCTION" if tree["function_name"].lower() not in TELL_NOTHING:
            for part in _told_by(tree["function_name"].lower(), [each["expression"] for each in tree["arguments"]]):
                yield from values_in(part)


def _told_by(function: str, arguments: list[Tree]) -> list[Tree]:
    """The arguments whose values a function gives back, changed or not."""
    return arguments[:1] if function == "nullif" else arguments[1:] if function == "if" else arguments


def told_problems(draft: Draft, program: Program, trees: Mapping[Place, Tree]) -> Iterator[Problem]:
    """Sentences that would tell what a sensitive column holds, by way of a hidden one; what a look-up says is masked instead."""
    held = carried(draft.tables, program, trees)
    for build, name, path, offset in draft.said:
        if (build.table.name, name) in held and not build.table.column(name) and "." not in name:
            what = f"rule '{build.rule.id}': '{{{name}}}' holds what a sensitive column holds"
            yield build.document.problem(path, what, "take it out; mails and cells would tell it", offset=offset)
