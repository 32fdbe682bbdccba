"""Google's discovery documents as the referee: which route a request is, and whether a request or an answer fits its schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import unquote

from tests.sheets.fitting import Checks
from tests.sheets.masks import Mask

Json = dict[str, Any]
INTEGERS = {"int32": 31, "uint32": 32, "int64": 63, "uint64": 64}
PROTO = {"object": "type.googleapis.com/google.protobuf.Struct", "array": "type.googleapis.com/google.protobuf.ListValue"}


@dataclass(frozen=True)
class Route:
    """One method of an API: how it is called and what it takes and gives."""

    name: str
    verb: str
    pattern: re.Pattern[str]
    parameters: Json
    request: str | None
    response: str | None
    scopes: frozenset[str]
    api: Api = field(repr=False, compare=False)

    def path_values(self, path: str) -> dict[str, str] | None:
        found = self.pattern.fullmatch(path)
        return {name: unquote(value) for name, value in found.groupdict().items()} if found else None


@dataclass(frozen=True)
class Api:
    """A discovery document: its routes, its schemas, and the parameters every route takes."""

    schemas: Json
    shared: Json
    checks: Checks = field(compare=False)

    def request_problems(self, schema: str, body: Any, under: str = "") -> list[tuple[str, str]]:
        """Where the body does not fit, each as (field, text) in the words of the service; `under` is what it calls the body."""
        return [] if self.checks.named(schema, True)(body) else list(self._problems(body, {"$ref": schema}, under, asked=True))

    def response_problems(self, schema: str, body: Any) -> list[tuple[str, str]]:
        return [] if self.checks.named(schema, False)(body) else list(self._problems(body, {"$ref": schema}, "", asked=False))

    def unknown_in_mask(self, mask: Mask, schema: str, path: str = "") -> Iterator[str]:
        """The paths of a field mask which the schema does not have."""
        properties = self.schemas[schema].get("properties", {})
        for name, inner in mask.items():
            here = f"{path}.{name}" if path else name
            if name != "*" and name not in properties:
                yield here
            elif name != "*" and (kind := _referred(properties[name])):
                yield from self.unknown_in_mask(inner, kind, here)

    def _problems(self, value: Any, schema: Json, where: str, asked: bool) -> Iterator[tuple[str, str]]:
        if "$ref" in schema:
            schema = {"type": "object", **self.schemas[schema["$ref"]]}
        kind = schema.get("type", "any")
        if kind == "any" or (value is None and asked):
            return
        if kind == "object":
            yield from self._object_problems(value, schema, where, asked)
        elif kind == "array":
            yield from self._array_problems(value, schema, where, asked)
        elif not _fits(value, schema, asked):
            yield where, f"Invalid value at '{_snake(where)}' ({_proto(schema)}), {json.dumps(value, ensure_ascii=False)}"

    def _object_problems(self, value: Any, schema: Json, where: str, asked: bool) -> Iterator[tuple[str, str]]:
        if not isinstance(value, dict):
            yield where, f"Invalid value at '{_snake(where)}' ({PROTO['object']}), {json.dumps(value, ensure_ascii=False)}"
            return
        named, free = schema.get("properties", {}), schema.get("additionalProperties")
        for key, below in value.items():
            inner = named.get(key, free)
            if inner is None:
                at = f" at '{_snake(where)}'" if where else ""
                yield where, f'Invalid JSON payload received. Unknown name "{key}"{at}: Cannot find field.'
            else:
                yield from self._problems(below, inner, f"{where}.{key}" if where else key, asked)

    def _array_problems(self, value: Any, schema: Json, where: str, asked: bool) -> Iterator[tuple[str, str]]:
        if not isinstance(value, list):
            yield where, f"Invalid value at '{_snake(where)}' ({PROTO['array']}), {json.dumps(value, ensure_ascii=False)}"
            return
        if schema["items"].get("type") == "any":
            return
        for place, below in enumerate(value):
            yield from self._problems(below, schema["items"], f"{where}[{place}]", asked)


def _referred(schema: Json) -> str | None:
    found = schema.get("$ref") or schema.get("items", {}).get("$ref")
    return str(found) if found else None


def _fits(value: Any, schema: Json, asked: bool) -> bool:
    kind, form = schema["type"], schema.get("format")
    if form in ("int64", "uint64") and kind == "string":
        return _whole(value, form) if asked else isinstance(value, str) and _whole(value, form)
    if kind == "string":
        return isinstance(value, str) and ("enum" not in schema or value in schema["enum"])
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "integer":
        return not isinstance(value, str | bool) and _whole(value, form or "int32")
    return isinstance(value, int | float) and not isinstance(value, bool)


def _whole(value: Any, form: str) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return isinstance(value, float) and value.is_integer()
    return bool(re.fullmatch(r"-?\d+", str(value))) and abs(int(value)) < 2 ** INTEGERS[form]


def _proto(schema: Json) -> str:
    kinds = {"boolean": "TYPE_BOOL", "integer": "TYPE_INT32", "number": "TYPE_DOUBLE", "string": "TYPE_STRING"}
    return "TYPE_ENUM" if "enum" in schema else kinds[schema["type"]]


def _snake(path: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: "_" + found[1].lower(), path)


@cache
def api(name: str) -> Api:
    document = _document(name)
    return Api(document["schemas"], document["parameters"], Checks(document["schemas"], _fits))


@cache
def routes(name: str) -> tuple[Route, ...]:
    """Every method of one API; `name` is that of its document, such as `sheets.v4`."""
    document = _document(name)
    return tuple(_route(method, document["servicePath"], api(name)) for method in _methods(document))


def _document(name: str) -> Json:
    text = (files("googleapiclient") / "discovery_cache" / "documents" / f"{name}.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def _methods(part: Json) -> Iterator[Json]:
    yield from part.get("methods", {}).values()
    for below in part.get("resources", {}).values():
        yield from _methods(below)


def _route(method: Json, service: str, owner: Api) -> Route:
    path = "/" + service + method["path"]
    pattern = "".join(f"(?P<{part[1:-1]}>[^/]+)" if part.startswith("{") else re.escape(part) for part in re.split(r"({\w+})", path))
    asks, answers = (method.get(side, {}).get("$ref") for side in ("request", "response"))
    return Route(
        method["id"],
        method["httpMethod"],
        re.compile(pattern),
        method["parameters"],
        asks,
        answers,
        frozenset(method.get("scopes", ())),
        owner,
    )
