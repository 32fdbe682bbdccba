"""Where in its file a fault stands: which part of a rule names a column, which leaf holds a word, which part has a wrong type."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from automations.model import ColumnType, Table
from automations.trees import Tree

if TYPE_CHECKING:
    from automations.rule import DraftNode
    from automations.yamlfile import Document, Path

FAMILY: Mapping[ColumnType, str] = {
    "integer": "number",
    "decimal": "number",
    "money": "number",
    "percent": "number",
    "date": "date",
    "datetime": "date",
    "boolean": "condition",
}
ARTICLE: Mapping[str, str] = {"number": "a number", "date": "a date or time", "condition": "a condition (true or false)"}
WANTED: Mapping[str, str] = {
    **dict.fromkeys(("_when", "_of", "_require"), "condition"),
    **dict.fromkeys(("_start", "_last", "_since"), "date"),
    **dict.fromkeys(("_base", "_rate", "_limit", "_decided", "_every"), "number"),
}
_CONDITIONS = ("COMPARISON", "CONJUNCTION", "BETWEEN")
_CONDITION_TYPES = ("OPERATOR_NOT", "OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL", "COMPARE_IN", "COMPARE_NOT_IN")


@dataclass(frozen=True)
class Part:
    """One expression of a rule inside a column composed of several: what stands for it, its tree, its text and its place."""

    name: str
    tree: Tree
    text: str
    path: Path

    @property
    def wanted(self) -> str:
        """The family of types it must have, empty where any will do."""
        return "condition" if self.name.startswith("_row") else WANTED.get(self.name, "")

    def certain(self) -> bool:
        """Whether the tree alone shows that the part is what is wanted."""
        if self.wanted != "condition":
            return not self.wanted
        literal = self.tree.get("literal") or {}
        return self.tree["class"] in _CONDITIONS or self.tree["type"] in _CONDITION_TYPES or literal.get("kind") == "BOOLEAN"


def place_of_name(node: DraftNode, name: str) -> tuple[Path, int]:
    """The path of the expression that names this column, and the offset in characters; a key of that name where it is one."""
    word = re.compile(rf"(?<![\w.]){re.escape(name)}(?!\w)")
    for path, text in [*((part.path, part.text) for part in node.parts), (node.path, node.text)]:
        if (*path, name) in node.document.key_places:
            return (*path, name), -1
        if found := word.search(text):
            return path, found.start()
    return leaf(node.document, node.path, name), 0


def leaf(document: Document, path: Path, word: str) -> Path:
    """The first scalar below a path that holds this word; the path itself where there is none."""
    found = next((place for place, value in _scalars(document.value(path) if path else document.data) if value == word), ())
    return (*path, *found)


def _scalars(value: Any) -> Iterable[tuple[Path, Any]]:
    if isinstance(value, dict | list):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from (((step, *path), each) for path, each in _scalars(inner))
    else:
        yield (), value


def misfit(text: str, kind: ColumnType | None, wanted: str) -> str:
    """The sentence for an expression of a wrong type; empty where it fits or the type is not known."""
    if not wanted or kind is None or FAMILY.get(kind) == wanted:
        return ""
    return f"{ARTICLE[wanted]} is wanted, '{text}' is {kind}"


def hints_for(name: str, text: str, table: Table, computed: Iterable[str], titles: Iterable[str], tables: Mapping[str, Table]) -> list[str]:
    """What may have been meant by an unknown column name; `computed` are the hidden columns, `titles` the headers of the table."""
    if f'"{name}"' in text and not name.isidentifier():
        return ["a text stands in single quotes, a column name in double quotes"]
    first, _, rest = name.partition(".")
    via = next((column for column in table.columns if rest and column.known_as == first), None)
    if target := tables.get((via and via.refers_to) or ""):
        near = get_close_matches(rest, [column.key for column in target.columns], n=1)
        return [f"did you mean '{first}.{each}' ({_title(target, each)})?" for each in near]
    known = {column.key: column for column in table.columns}
    near = get_close_matches(name, known, n=1) or get_close_matches(name, [*computed, *titles], n=1)
    hints = [f"did you mean '{each}'" + (f" ({_title(table, each)})?" if each in known else "?") for each in near]
    return hints or ([f"a text stands in single quotes: '{name}'"] if f'"{name}"' in text else [])


def _title(table: Table, key: str) -> str:
    column = table.column(key)
    return column.title.get("zh", key) if column else key
