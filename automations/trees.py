"""Parse trees of expressions: walking through them, replacing parts, and what stands in them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

Tree = dict[str, Any]


def walk(tree: Any) -> Iterator[Tree]:
    """Every expression node of a tree, parents first."""
    if isinstance(tree, dict):
        if "class" in tree:
            yield tree
        for value in tree.values():
            yield from walk(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from walk(value)


def replaced(tree: Any, replace: Callable[[Tree], Tree | None]) -> Any:
    """The tree with other nodes where `replace` gives one; what holds none of them is the very part of the tree given."""
    if not isinstance(tree, dict | list):
        return tree
    if isinstance(tree, list):
        parts = [replaced(value, replace) for value in tree]
        return tree if all(map(operator.is_, parts, tree)) else parts
    if "class" in tree and (new := replace(tree)) is not None:
        return new
    inside = {key: value for key, value in tree.items() if isinstance(value, dict | list)}
    changed = {key: new for key, value in inside.items() if (new := replaced(value, replace)) is not value}
    return {**tree, **changed} if changed else tree


def column_node(name: str) -> Tree:
    """A reference to one canonical column."""
    return {
        "class": "COLUMN_REF",
        "type": "COLUMN_REF",
        "alias": "",
        "query_location": 0,
        "query_location_length": 0,
        "column_names": [name],
    }


def parameters_of(tree: Tree) -> list[tuple[str, int]]:
    """The `$names` an expression uses, each with its offset in the text."""
    return [(str(node["identifier"]), offset_of(node)) for node in walk(tree) if node["class"] == "PARAMETER"]


def conjuncts(tree: Tree) -> list[Tree]:
    """The parts that must all hold: `a and b and c` has three."""
    if tree["class"] == "CONJUNCTION" and tree["type"] == "CONJUNCTION_AND":
        return [part for child in tree["children"] for part in conjuncts(child)]
    return [tree]


def offset_of(node: Tree) -> int:
    """Where a node starts in the text of its expression, in characters of UTF-8 bytes; 0 when DuckDB does not know."""
    place = int(node.get("query_location", 0))
    return place - len("SELECT ") if len("SELECT ") <= place < 1 << 40 else 0
