"""Parse trees of expressions: walking through them, replacing parts, and what stands in them."""

from __future__ import annotations

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
    """A copy of the tree in which `replace` may put another node in place of each node."""
    if isinstance(tree, list):
        return [replaced(value, replace) for value in tree]
    if not isinstance(tree, dict):
        return tree
    if "class" in tree and (new := replace(tree)) is not None:
        return new
    return {key: replaced(value, replace) if isinstance(value, dict | list) else value for key, value in tree.items()}


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
