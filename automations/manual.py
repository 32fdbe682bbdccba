"""The manual of the kinds of rule, from their docstrings and fields, so that it cannot differ from what they take."""

from __future__ import annotations

import inspect
import re
from dataclasses import asdict, dataclass
from functools import cache
from textwrap import dedent, indent
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from automations.errors import RowkeeperError
from automations.rule import Rule
from automations.rules import kinds
from automations.yamlcheck import closest

WORDS = {
    "Expression": "an expression",
    "Names": "a name, or a list of names",
    "Said": "a text, or { zh: …, en: … }",
    "str": "a text",
    "bool": "true or false",
    "int": "a whole number",
    "Any": "a value",
}
PLURAL = {"Expression": "expressions", "str": "texts", "Any": "values"}


class NoSuchKind(RowkeeperError):
    """There is no kind of rule of that name."""

    exit_code = 3


@dataclass(frozen=True)
class Key:
    """One key of a kind: what it takes in words, and what holds when it is left out (None for a required key)."""

    name: str
    takes: str
    required: bool
    default: str | None = None


@dataclass(frozen=True)
class Kind:
    """One kind of rule: what it is for, its manual, and its own keys."""

    kind: str
    about: str
    manual: str
    keys: tuple[Key, ...]


def kinds_text(kind: str | None = None) -> str:
    """The manual of one kind, or the list of all kinds with the keys every rule has. Raises NoSuchKind."""
    if kind:
        return _page(_chosen(kind)[0])
    chapters = [f"  {each.kind:<{_widest()}}  {each.about}" for each in _all()]
    shared = [*map(_line, _keys_of(Rule))]
    return "\n".join(["The kinds of rule:", *chapters, "", "Every rule takes:", *shared, "", "One kind in full: runner.py kinds deadline"])


def kinds_data(kind: str | None = None) -> dict[str, Any]:
    """The same as plain data: `{"kinds": [{kind, about, manual, keys}], "every_rule": [keys]}`. Raises NoSuchKind."""
    return {"kinds": [asdict(each) for each in _chosen(kind)], "every_rule": [asdict(key) for key in _keys_of(Rule)]}


def _chosen(kind: str | None) -> tuple[Kind, ...]:
    if kind is None:
        return _all()
    found = tuple(each for each in _all() if each.kind == kind)
    if not found:
        near = closest(kind, kinds())
        hint = f"\n  did you mean '{near}'?" if near else ""
        raise NoSuchKind(f"no kind of rule '{kind}'; the kinds are: {', '.join(kinds())}{hint}")
    return found


@cache
def _all() -> tuple[Kind, ...]:
    return tuple(_kind(name, cls) for name, cls in kinds().items())


def _kind(name: str, cls: type[Rule]) -> Kind:
    about = (inspect.getdoc(inspect.getmodule(cls)) or "").partition("\n")[0]
    shared = Rule.model_fields.keys()
    keys = tuple(key for key in _keys_of(cls) if key.name not in shared)
    return Kind(name, about.removeprefix(f"{name}: "), manual_of(cls), keys)


def manual_of(kind: type[Rule]) -> str:
    """The docstring of a kind, its example indented under the sentence above it."""
    text = inspect.cleandoc(kind.__doc__ or "")
    example = re.search(r"^ *- id:", text, re.MULTILINE)
    return text[: example.start()] + indent(dedent(text[example.start() :]), "    ") if example else text


def _page(kind: Kind) -> str:
    shared = "and those of every rule: " + ", ".join(key.name for key in _keys_of(Rule))
    return "\n".join([f"{kind.kind}: {kind.about}", "", kind.manual, "", "keys:", *map(_line, kind.keys), "", shared])


def _line(key: Key) -> str:
    rest = "required" if key.required else f"default {key.default}" if key.default else "optional"
    return f"  {key.name:<14}  {key.takes}; {rest}"


def _widest() -> int:
    return max(map(len, kinds()))


def _keys_of(model: type[BaseModel]) -> tuple[Key, ...]:
    """The keys of a mapping in config/, required ones first."""
    keys = [_key(model, name, field) for name, field in model.model_fields.items()]
    return tuple(sorted(keys, key=lambda key: not key.required))


def _key(model: type[BaseModel], name: str, field: FieldInfo) -> Key:
    takes = _takes(field.annotation, _as_written(model, name))
    return Key(field.alias or name, takes, field.is_required(), _default(field))


def _as_written(model: type[BaseModel], name: str) -> str:
    """The annotation in the words of the source, in which an expression is not just a text."""
    written = next(found for cls in model.__mro__ if name in (found := inspect.get_annotations(cls)))
    return str(written[name]).removesuffix(" | None")


def _takes(annotation: Any, written: str) -> str:
    if written in WORDS:
        return WORDS[written]
    if get_origin(annotation) in (Union, UnionType):
        return _takes(next(each for each in get_args(annotation) if each is not NoneType), written)
    if get_origin(annotation) is Literal:
        return " or ".join(map(str, get_args(annotation)))
    if get_origin(annotation) is list:
        return f"a list of {_several(get_args(annotation)[0], written.removeprefix('list[').removesuffix(']'))}"
    return _shape(annotation)


def _several(annotation: Any, written: str) -> str:
    return PLURAL.get(written) or _takes(annotation, written)


def _shape(annotation: Any) -> str:
    """A mapping by its keys; one that may be left out has a question mark."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "{ " + ", ".join(key.name + ("" if key.required else "?") for key in _keys_of(annotation)) + " }"
    return "a mapping"


def _default(field: FieldInfo) -> str | None:
    value = field.default
    if value is PydanticUndefined or value in (None, "", [], {}) or isinstance(value, BaseModel):
        return None
    return str(value)
