"""`settings.yaml` written anew with other values: every comment, and every key nobody was asked about, stays where it stands."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

Value = Any
TOP = re.compile(r"^([a-z_]+):")
COMMENT = re.compile(r"(\s+#.*)$")


def edited(text: str, values: Mapping[str, Value]) -> str:
    """The text with these top-level keys; a mapping is merged key by key, None takes a key of it out, a list is replaced."""
    lines = text.splitlines()
    for key, value in values.items():
        begin, end = _block(lines, key)
        lines[begin:end] = _written(key, value, lines[begin:end])
    return "\n".join(lines) + "\n"


def _block(lines: Sequence[str], key: str) -> tuple[int, int]:
    """The lines of a top-level key; blank lines and comments before the next key belong to that one. A new key comes last."""
    begin = next((number for number, line in enumerate(lines) if line.startswith(f"{key}:")), len(lines))
    end = next((number for number in range(begin + 1, len(lines)) if TOP.match(lines[number])), len(lines))
    while end > begin + 1 and not lines[end - 1][:1].isspace() and not lines[end - 1].startswith("- "):
        end -= 1
    return begin, end


def _written(key: str, value: Value, old: Sequence[str]) -> list[str]:
    if isinstance(value, Mapping):
        return [f"{key}:", *_mapping(value, _inner(key, old))]
    if isinstance(value, list):
        notes = {_bare(line).strip().removeprefix("-").strip(): _comment(line) for line in old[1:]}
        return [f"{key}:{_comment(old[0]) if old else ''}", *(f"  - {flow(each)}{notes.get(str(each), '')}" for each in value)]
    return [f"{key}: {flow(value)}{_comment(old[0]) if old else ''}"]


def _inner(key: str, old: Sequence[str]) -> list[str]:
    """The lines of a mapping, one key each; one that was written in braces is laid out."""
    if not old or _bare(old[0]).endswith(":"):
        return list(old[1:])
    return [f"  {name}: {flow(value)}" for name, value in yaml.safe_load("\n".join(old))[key].items()]


def _mapping(values: Mapping[str, Value], old: Sequence[str]) -> list[str]:
    """The inner lines: a key that stands there is changed in its line, with its comment; what is new comes after them."""
    left, lines, dropping = dict(values), [], False
    for line in old:
        found = re.match(r"^  ([a-z_]+):", line)
        dropping = dropping and not found and line.startswith("   ")
        if found and found[1] in left:
            value = left.pop(found[1])
            dropping = True
            lines += [] if value is None else [f"  {found[1]}: {flow(value)}{_comment(line)}"]
        elif not dropping:
            lines.append(line)
    return lines + [f"  {name}: {flow(value)}" for name, value in left.items() if value is not None]


def _bare(line: str) -> str:
    return COMMENT.sub("", line).rstrip()


def _comment(line: str) -> str:
    found = COMMENT.search(line)
    return found[1] if found else ""


def flow(value: Value) -> str:
    """A value on one line: `[a, b]`, `{ env: NAME }`, a text in quotes only where it needs them."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{name}: {flow(each)}" for name, each in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    said: str = yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, width=10_000)
    return said.strip().removesuffix("...").strip()
