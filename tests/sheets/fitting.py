"""Schemas as quick yes-or-no checks: large bodies are mostly right, and only a wrong one is worth explaining."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
Check = Callable[[Any], bool]
Leaf = Callable[[Any, Json, bool], bool]


class Checks:
    """The checks of one API, each made once; a schema may hold itself, so they are looked up when they are used."""

    def __init__(self, schemas: Json, leaf: Leaf) -> None:
        self.schemas, self.leaf = schemas, leaf
        self.made: dict[tuple[str, bool], Check] = {}

    def named(self, name: str, asked: bool) -> Check:
        key = name, asked
        if key not in self.made:
            self.made[key] = lambda value: self.made[key](value)
            self.made[key] = self._made({"type": "object", **self.schemas[name]}, asked)
        return self.made[key]

    def _made(self, schema: Json, asked: bool) -> Check:
        if "$ref" in schema:
            return self._later(schema["$ref"], asked)
        kind = schema.get("type", "any")
        if kind == "any":
            return lambda value: True
        inner = {"object": self._object, "array": self._array}.get(kind, self._leaf)(schema, asked)
        return (lambda value: value is None or inner(value)) if asked else inner

    def _later(self, name: str, asked: bool) -> Check:
        return lambda value: (asked and value is None) or self.named(name, asked)(value)

    def _object(self, schema: Json, asked: bool) -> Check:
        named = {name: self._made(inner, asked) for name, inner in schema.get("properties", {}).items()}
        free = self._made(schema["additionalProperties"], asked) if "additionalProperties" in schema else None

        def fits(value: Any) -> bool:
            if not isinstance(value, dict):
                return False
            for name, below in value.items():
                check = named.get(name, free)
                if check is None or not check(below):
                    return False
            return True

        return fits

    def _array(self, schema: Json, asked: bool) -> Check:
        if schema["items"].get("type") == "any":
            return lambda value: isinstance(value, list)
        check = self._made(schema["items"], asked)
        return lambda value: isinstance(value, list) and all(map(check, value))

    def _leaf(self, schema: Json, asked: bool) -> Check:
        if schema["type"] == "string" and "enum" not in schema and "format" not in schema:
            return lambda value: isinstance(value, str)
        return lambda value: self.leaf(value, schema, asked)
