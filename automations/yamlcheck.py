"""Pydantic models checked against a YAML document: every mistake in words, with its place."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, time
from decimal import Decimal
from functools import cached_property
from itertools import islice
from typing import Annotated, Any, Generic

from pydantic import BeforeValidator, TypeAdapter, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic_core import PydanticCustomError

from automations.errors import Problem
from automations.yamlfile import Document, Json, NameOf, Path, T, quoted


def closest(word: str, choices: Iterable[str]) -> str | None:
    """The choice somebody who wrote `word` most likely meant: alike by letters, or one begins with the other."""
    known = {choice.lower(): choice for choice in choices}
    low = word.lower()
    alike = difflib.get_close_matches(low, known, 1) or [
        each for each in known if min(len(each), len(low)) > 2 and (each.startswith(low) or low.startswith(each))
    ]
    return known[alike[0]] if alike else None


def _written(pattern: str, words: str) -> BeforeValidator:
    """Refuse a text that is not written in full like `pattern`, which pydantic alone would read as seconds or as a power of ten."""

    def check(value: object) -> object:
        if isinstance(value, bool) or (isinstance(value, str) and not re.fullmatch(pattern, value, re.ASCII)):
            raise PydanticCustomError("should_be", "should be {words}", {"words": words})
        return value

    return BeforeValidator(check)


Whole = Annotated[int, _written(r"[+-]?\d{1,18}", "a whole number")]
Exact = Annotated[Decimal, _written(r"[+-]?\d{1,18}(\.\d{1,18})?", "a number")]
Day = Annotated[date, _written(r"\d{4}-\d\d-\d\d", "a date such as 2026-09-30")]
Clock = Annotated[time, _written(r"\d\d:\d\d(:\d\d)?", "a time such as 17:30")]

_WORDS = {  # what the thing should do, in our words: the types of pydantic's errors that say so
    "be a whole number": "int_type int_parsing int_from_float int_parsing_size",
    "be a number": "decimal_type decimal_parsing float_type float_parsing finite_number",
    "be true or false": "bool_type bool_parsing",
    "be a date such as 2026-09-30": "date_type date_parsing date_from_datetime_parsing date_from_datetime_inexact",
    "be a date and time such as 2026-09-30 17:30": "datetime_type datetime_parsing datetime_from_date_parsing datetime_object_invalid",
    "be a time such as 17:30": "time_type time_parsing",
    "be a text": "string_type string_sub_type",
    "be a list": "list_type tuple_type set_type frozen_set_type iterable_type",
    "be a mapping": "dict_type mapping_type model_type model_attributes_type dataclass_type",
    "be empty": "none_required",
    "be {choices}": "literal_error enum",
    "be {words}": "should_be",
    "be more than {gt}": "greater_than",
    "be at least {ge}": "greater_than_equal",
    "be less than {lt}": "less_than",
    "be at most {le}": "less_than_equal",
    "be a multiple of {multiple_of}": "multiple_of",
    "match the pattern {pattern}": "string_pattern_mismatch",
    "have at least {min_length} characters": "string_too_short",
    "have at most {max_length} characters": "string_too_long",
    "have at least {min_length} items": "too_short",
    "have at most {max_length} items": "too_long",
    "have at most {max_digits} digits": "decimal_max_digits",
    "have at most {decimal_places} digits after the point": "decimal_max_places",
    "have at most {whole_digits} digits before the point": "decimal_whole_digits",
}
_SHOULD = {kind: words for words, kinds in _WORDS.items() for kind in kinds.split()}


class _Branch(str):
    """A step of pydantic's location that names a branch of a union, not a key of the file."""


Steps = tuple[str | int, ...]


@dataclass(frozen=True)
class _Fault:
    """One pydantic error with its place in the tree; `tail` is the missing key, or `[key]` when the key itself is at fault."""

    steps: Steps
    tail: str | int | None
    kind: str
    value: Any
    context: Json
    should: str

    @property
    def path(self) -> Path:
        return tuple(step for step in self.steps if not isinstance(step, _Branch))


def _fault(error: Any, data: Any) -> _Fault:
    kind, loc, context = error["type"], error["loc"], dict(error.get("ctx", {}))
    lost = kind == "missing" or loc[-1:] == ("[key]",)
    routes = list(islice(_routes(data, loc[: len(loc) - lost]), 64))
    steps = next((steps for steps, value in routes if value is error["input"]), routes[0][0])
    context = {"words": error["msg"], "choices": _listed(_choices(context.get("expected", ""))), **context}
    return _Fault(steps, loc[-1] if lost else None, kind, error["input"], context, _SHOULD.get(kind, "").format_map(context))


def _routes(data: Any, loc: Steps) -> Iterator[tuple[Steps, Any]]:
    """Every way to read a location in the data: each text in it may be a key or the name of a union's branch."""
    if not loc:
        yield (), data
        return
    head, rest = loc[0], loc[1:]
    inside = head in data if isinstance(data, dict) else isinstance(data, list) and isinstance(head, int) and head < len(data)
    if inside:
        yield from (((head, *steps), value) for steps, value in _routes(data[head], rest))
    if isinstance(head, str):
        yield from (((_Branch(head), *steps), value) for steps, value in _routes(data, rest))
    elif not inside:
        yield (), data


def _choices(expected: str) -> list[str]:
    """The values in pydantic's `'info', 'warn' or 'fail'`."""
    return [str(ast.literal_eval(each)) for each in re.findall(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|\d+|None|True|False", expected)]


def _listed(choices: Sequence[str]) -> str:
    return f"one of {', '.join(choices)}" if len(choices) > 1 else "".join(choices)


def _fitting(faults: list[_Fault]) -> list[_Fault]:
    """Of every union keep only the faults of the branch that fits best, outermost union first."""
    points = {fault.steps[:at] for fault in faults for at, step in enumerate(fault.steps) if isinstance(step, _Branch)}
    for point in sorted(points, key=len):
        branches: dict[str | int, list[_Fault]] = {}
        for fault in faults:
            if fault.steps[: len(point)] == point and len(fault.steps) > len(point):
                branches.setdefault(fault.steps[len(point)], []).append(fault)
        if len(branches) > 1:
            kept = _best(list(branches.values()), len(point) + 1)
            faults = [fault for fault in faults if not any(fault in branch for branch in branches.values())] + kept
    return faults


def _best(branches: list[list[_Fault]], depth: int) -> list[_Fault]:
    """The branch with the right container and the most keys matched; when all only say what should stand there, one fault saying so."""

    def misfit(branch: list[_Fault]) -> tuple[int, ...]:
        kinds = [fault.kind for fault in branch]
        here = any(len(fault.steps) == depth and _wrong_container(fault) for fault in branch)
        return here, kinds.count("literal_error"), kinds.count("extra_forbidden"), kinds.count("missing"), len(kinds)

    best = min(branches, key=misfit)
    alike = [
        branch[0] for branch in branches if len(branch) == 1 and len(branch[0].steps) == depth and misfit(branch)[0] == misfit(best)[0]
    ]
    if best[0] not in alike or not all(fault.should.startswith("be ") for fault in alike):
        return best
    words = dict.fromkeys(fault.should.removeprefix("be ") for fault in alike)
    context = {name: value for fault in alike for name, value in fault.context.items()}
    return [replace(best[0], should="be " + " or ".join(words), context=context)]


def _wrong_container(fault: _Fault) -> bool:
    return fault.kind.endswith("_type") or (fault.kind in ("literal_error", "enum") and isinstance(fault.value, dict | list))


def schema_of(model: Any) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a pydantic model, for editors that check YAML while it is typed."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **TypeAdapter(model).json_schema()}


def _mappings(schema: Json, root: Json, path: Path) -> Iterator[Json]:
    """Every mapping with named keys that a JSON Schema allows at a path."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    for option in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from _mappings(option, root, path)
    if not path:
        yield from [schema] if "properties" in schema else []
        return
    below = (
        schema.get("items") if isinstance(path[0], int) else schema.get("properties", {}).get(path[0], schema.get("additionalProperties"))
    )
    if isinstance(below, dict):
        yield from _mappings(below, root, path[1:])


def validate(
    model: type[T] | TypeAdapter[T], document: Document, at: Path = (), name_of: NameOf | None = None
) -> tuple[T | None, list[Problem]]:
    """The part of a document at `at` as a model, or every problem in it, in the order of the file.

    `name_of(path, document)` names the thing at a path for messages, such as `rule 'fine': penalty`; an empty name, or no
    `name_of`, means the nearest key. A ValueError raised by the model is said in its own words; its further arguments are hints.
    """
    adapter: TypeAdapter[T] = model if isinstance(model, TypeAdapter) else TypeAdapter(model)
    data = document.value(at)
    try:
        return adapter.validate_python(data), []
    except ValidationError as refusal:
        faults = _fitting([_fault(error, data) for error in refusal.errors(include_url=False)])
    problems = _Teller(adapter, document, at, name_of).problems(faults)
    return None, sorted(problems, key=lambda each: (each.line, each.column))


@dataclass(eq=False)
class _Teller(Generic[T]):
    """Turns faults into problems with words and places."""

    adapter: TypeAdapter[T]
    document: Document
    at: Path
    name_of: NameOf | None

    def problems(self, faults: Sequence[_Fault]) -> list[Problem]:
        """One problem for each fault; a misspelt required key is one mistake, not an unknown key and a missing one."""
        misspelt = {(fault.path[:-1], self._meant(fault)) for fault in faults if fault.kind == "extra_forbidden"}
        return [self._tell(fault) for fault in faults if fault.kind != "missing" or (fault.path, fault.tail) not in misspelt]

    def _tell(self, fault: _Fault) -> Problem:
        path = (*self.at, *fault.path)
        match fault.kind:
            case "extra_forbidden":
                return self._has_no(fault, path)
            case "missing":
                return self._needs(path, fault.tail)
            case "union_tag_not_found":
                return self._needs(path, _discriminator(fault))
            case "union_tag_invalid":
                return self._no_kind(fault, path)
        return self._should(fault, path) if fault.should else self._own_words(fault, path)

    def _has_no(self, fault: _Fault, path: Path) -> Problem:
        takes = self._takes(fault)
        hints = [f"it takes: {', '.join(takes)}"] if takes else []
        what = f"{self._subject(path[:-1])} has no {quoted(str(path[-1]))}"
        return self.document.problem(path, what, *hints, *_did_you_mean(self._meant(fault)), key=True)

    def _needs(self, path: Path, lacking: str | int | None) -> Problem:
        lack = f"item {lacking + 1}" if isinstance(lacking, int) else quoted(str(lacking))
        return self.document.problem(path, f"{self._subject(path)} needs {lack}", key=True)

    def _no_kind(self, fault: _Fault, path: Path) -> Problem:
        """A discriminator that names no branch: `no kind of rule 'deadlin'`, where `rule` is the list's key without its s."""
        word, kinds = _discriminator(fault), _choices(fault.context["expected_tags"])
        noun = _singular(next((step for step in reversed(path) if isinstance(step, str)), ""))
        tag = fault.value.get(word) if isinstance(fault.value, dict) else fault.value
        if not isinstance(tag, str):
            what = f"{self._labelled((*path, word))} should be {_listed(kinds)}, not {_shown(tag)}"
            return self.document.problem((*path, word), what)
        what = f"no {word}{noun and ' of '}{noun} {_shown(tag)}"
        return self.document.problem((*path, word), what, f"choose from: {', '.join(kinds)}", *_did_you_mean(closest(tag, kinds)))

    def _should(self, fault: _Fault, path: Path) -> Problem:
        actual = fault.context.get("actual_length")
        shown = _shown(fault.value) if actual is None else str(actual)
        hints = _did_you_mean(closest(str(fault.value), _choices(fault.context.get("expected", ""))))
        if fault.kind == "string_type" and isinstance(fault.value, bool):
            hints = ["put quotes around it"]
        name = f"a key of {self._labelled(path[:-1])}" if fault.tail == "[key]" else self._labelled(path)
        what = re.sub(r"\b1 (item|character|digit)s\b", r"1 \1", f"should {fault.should}")
        return self.document.problem(path, f"{name} {what}, not {shown}", *hints, key=fault.tail == "[key]")

    def _own_words(self, fault: _Fault, path: Path) -> Problem:
        error = fault.context.get("error")
        words, *hints = map(str, error.args) if isinstance(error, Exception) and error.args else [fault.context["words"]]
        whole = isinstance(fault.value, dict)
        prefix = self._subject(path) if whole else self._labelled(path)
        what = words if prefix == _name(()) else f"{prefix}: {words}"
        return self.document.problem(path, what, *hints, key=whole)

    def _subject(self, path: Path) -> str:
        return self._given(path) or _name(path)

    def _labelled(self, path: Path) -> str:
        """The name of a value, after the given name of the mapping it stands in."""
        owner = self._given(path[: max((at for at, step in enumerate(path) if isinstance(step, str)), default=0)])
        return f"{owner}: {_name(path)}" if owner else _name(path)

    def _given(self, path: Path) -> str:
        return self.name_of(path, self.document) if self.name_of else ""

    def _meant(self, fault: _Fault) -> str | None:
        given = self.document.value((*self.at, *fault.path[:-1]))
        return closest(str(fault.path[-1]), [key for key in self._takes(fault) if key not in given])

    def _takes(self, fault: _Fault) -> list[str]:
        """The keys of the mapping in which an unknown key stands; of several possible mappings, of the one that fits best."""
        given = self.document.value((*self.at, *fault.path[:-1]))
        branch = next((str(step) for step in reversed(fault.steps[:-1]) if isinstance(step, _Branch)), "")

        def fit(option: Json) -> tuple[int, ...]:
            keys = option["properties"]
            clashes = sum("const" in keys[key] and keys[key]["const"] != given[key] for key in keys.keys() & given.keys())
            return -clashes, option.get("title") == branch, len(keys.keys() & given.keys())

        options = list(_mappings(self.schema, self.schema, fault.path[:-1]))
        return list(max(options, key=fit)["properties"]) if options else []

    @cached_property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the model; empty, and so without hints, for a model that has none."""
        try:
            return self.adapter.json_schema()
        except PydanticInvalidForJsonSchema:
            return {}


def _name(path: Path) -> str:
    key = next((step for step in reversed(path) if isinstance(step, str)), None)
    if key is None:
        return "the top of the file"
    return f"item {path[-1] + 1} of {quoted(key)}" if isinstance(path[-1], int) else quoted(key)


def _discriminator(fault: _Fault) -> str:
    """The key that names the branch; `kind` where a function of the model chooses it."""
    return next(iter(_choices(fault.context["discriminator"])), "kind")


def _singular(word: str) -> str:
    return word[:-3] + "y" if word.endswith("ies") else word.removesuffix("s")


def _shown(value: Any) -> str:
    """A value as a message shows it; a text in quotes, as it is written in the file."""
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    if value is None or isinstance(value, bool):
        return {None: "empty", True: "true", False: "false"}[value]
    return quoted(str(value))


def _did_you_mean(meant: str | None) -> list[str]:
    return [f"did you mean {quoted(meant)}?"] if meant else []
