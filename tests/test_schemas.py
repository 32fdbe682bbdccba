"""The shipped JSON Schemas are up to date, and every shipped file of config/ fits its own and names it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from automations.rules import kinds
from automations.schemas import schema_line, schema_text, schemas, write_schemas

CONFIG = Path(__file__).parent.parent / "config"
FOLDERS = {"tables": "table", "policies": "policy", "calendars": "calendar", "automations": "automation", "digests": "digest"}
FILES = sorted(CONFIG.rglob("*.yaml"))
SCHEMAS = schemas()


class Loader(yaml.SafeLoader):
    """YAML as editors read it: dates are texts, and only true and false are truths."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if tag.rpartition(":")[2] not in ("timestamp", "bool")]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false"), list("tf"))

TYPES = {"string": str, "object": dict, "array": list, "boolean": bool, "integer": int, "number": (int, float), "null": type(None)}


def faults(value: Any, schema: Any, root: Any, at: str = "") -> Iterator[str]:
    """What does not fit, for the words of JSON Schema that our schemas use."""
    if "$ref" in schema:
        yield from faults(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root, at)
    for word in ("anyOf", "oneOf"):
        if word in schema:
            tries = [list(faults(value, option, root, at)) for option in schema[word]]
            if tries.count([]) == 0 or (word == "oneOf" and tries.count([]) > 1):
                yield f"{at}: {min(tries, key=len)}"
    if "type" in schema and not isinstance(value, TYPES[schema["type"]]):
        yield f"{at}: {value!r} is no {schema['type']}"
        return
    if value not in schema.get("enum", [value]) or value != schema.get("const", value):
        yield f"{at}: {value!r} is not allowed"
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        yield f"{at}: {value!r} does not match {schema['pattern']}"
    if isinstance(value, list):
        for place, each in enumerate(value):
            yield from faults(each, schema.get("items", {}), root, f"{at}/{place}")
    if isinstance(value, dict):
        yield from mapping_faults(value, schema, root, at)


def mapping_faults(value: dict[str, Any], schema: Any, root: Any, at: str) -> Iterator[str]:
    known, rest = schema.get("properties", {}), schema.get("additionalProperties", True)
    yield from (f"{at}: no {key}" for key in schema.get("required", []) if key not in value)
    for key, each in value.items():
        yield from faults(key, schema.get("propertyNames", {}), root, f"{at}/{key}")
        if key in known:
            yield from faults(each, known[key], root, f"{at}/{key}")
        elif rest is False:
            yield f"{at}: unknown {key}"
        elif isinstance(rest, dict):
            yield from faults(each, rest, root, f"{at}/{key}")


def name_of(file: Path) -> str:
    return {"settings.yaml": "settings", "pack.yaml": "pack"}.get(file.name) or FOLDERS[file.parent.name]


def test_the_shipped_schemas_are_up_to_date(tmp_path: Path) -> None:
    written = {file.name: file.read_text("utf-8") for file in write_schemas(tmp_path)}
    shipped = {file.name: file.read_text("utf-8") for file in (CONFIG / "schemas").iterdir()}
    assert written == shipped, "write them again: runner.py schema"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(CONFIG).as_posix())
def test_every_shipped_file_fits_its_schema_and_names_it(file: Path) -> None:
    text = file.read_text("utf-8")
    schema = SCHEMAS[name_of(file)]
    assert list(faults(yaml.load(text, Loader), schema, schema)) == []
    assert text.splitlines()[0] == schema_line(name_of(file), len(file.relative_to(CONFIG).parts) - 1)


def test_a_policy_knows_every_kind_of_rule_by_its_keys() -> None:
    policy = SCHEMAS["policy"]
    options = [policy["$defs"][option["$ref"].rpartition("/")[2]] for option in policy["properties"]["rules"]["items"]["oneOf"]]
    assert sorted(option["properties"]["kind"]["const"] for option in options) == sorted(kinds())
    assert all(option["description"] and "kind" in option["required"] and not option["additionalProperties"] for option in options)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"id": "a", "kind": "check"}, "no require"),
        ({"id": "a", "kind": "check", "require": "x", "colum": "y"}, "unknown colum"),
        ({"id": "a", "kind": "chek", "require": "x"}, "'chek' is not allowed"),
        ({"id": "a", "kind": "check", "require": "x", "level": "loud"}, "'loud' is not allowed"),
    ],
)
def test_a_wrong_rule_does_not_fit(wrong: dict[str, Any], said: str) -> None:
    schema = SCHEMAS["policy"]
    [fault] = faults({"policy": "p", "title": "t", "table": "x", "rules": [wrong]}, schema, schema)
    assert said in fault


def test_a_schema_is_the_same_text_every_time() -> None:
    assert [schema_text(schema) for schema in schemas().values()] == [schema_text(schema) for schema in schemas().values()]
    assert all(json.loads(schema_text(schema))["$schema"].endswith("2020-12/schema") for schema in schemas().values())
