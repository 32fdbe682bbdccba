"""JSON Schemas of the configuration files, so that an editor checks and completes them while they are typed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from automations.automationfile import AutomationFile
from automations.branchfile import BranchesFile
from automations.declarations import CalendarFile, PackFile, PolicyFile, SettingsFile, TableFile
from automations.digestfile import DigestFile
from automations.manual import manual_of
from automations.rules import kinds
from automations.yamlcheck import schema_of

Schema = dict[str, Any]

FILES: Mapping[str, Any] = {
    "settings": SettingsFile,
    "pack": PackFile,
    "table": TableFile,
    "policy": PolicyFile,
    "calendar": CalendarFile,
    "automation": AutomationFile,
    "digest": DigestFile,
    "branches": BranchesFile,
}
MOMENT = r"^\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d)?)?$"
"""How a date and time is written in config/; the standard's `date-time` would refuse a blank between the two and a missing zone."""


def schemas() -> dict[str, Schema]:
    """The JSON Schema (draft 2020-12) of every kind of file, by its name."""
    found = {name: schema_of(model) for name, model in FILES.items()}
    return {name: _subschema(_with_rules(schema) if name == "policy" else schema) for name, schema in found.items()}


def schema_text(schema: Schema) -> str:
    """A schema as it is kept in its file: the same for the same models, byte for byte."""
    return json.dumps(schema, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def write_schemas(folder: Path) -> list[Path]:
    """Write every schema to `<folder>/<name>.schema.json`; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, schema in schemas().items():
        file = folder / f"{name}.schema.json"
        file.write_text(schema_text(schema), encoding="utf-8")
        written.append(file)
    return written


def schema_line(name: str, above: int) -> str:
    """The first line of a YAML file so many folders below config/, by which editors find its schema."""
    return f"# yaml-language-server: $schema={'../' * above}schemas/{name}.schema.json"


def _with_rules(schema: Schema) -> Schema:
    """The schema of a policy with its rules spelled out: one of the kinds each."""
    every: Any = Annotated[reduce(or_, kinds().values()), Field(discriminator="kind")]
    rules = TypeAdapter(every).json_schema()
    definitions = rules.pop("$defs")
    for name, cls in kinds().items():
        rule = definitions[cls.__name__]
        rule["required"] = ["kind", *rule.get("required", [])]
        rule["description"] = manual_of(cls)
        rule["properties"]["kind"] = {"const": name, "description": rule["description"]}
    schema["properties"]["rules"]["items"] = {"oneOf": rules["oneOf"]}
    return {**schema, "$defs": {**schema["$defs"], **definitions}}


def _subschema(schema: Any) -> Any:
    """Without the titles pydantic makes of key names, and with moments as they are written here."""
    if isinstance(schema, list):
        return [_subschema(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    dropped = {"title", "format"} if schema.get("format") == "date-time" else {"title"}
    kept = {key: _inside(key, value) for key, value in schema.items() if key not in dropped}
    return {**kept, "pattern": MOMENT} if "format" in dropped else kept


def _inside(key: str, value: Any) -> Any:
    """What stands under a key: below `properties` and `$defs` the keys are names, and one may be called title."""
    named = key in ("properties", "$defs") and isinstance(value, dict)
    return {name: _subschema(each) for name, each in value.items()} if named else _subschema(value)
