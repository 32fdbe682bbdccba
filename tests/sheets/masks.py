"""Field masks: `sheets(properties,data.rowData.values(note))` parsed, applied to an answer, and used to merge a change."""

from __future__ import annotations

from typing import Any

Mask = dict[str, "Mask"]
"""Names and what is wanted below each; an empty mask wants everything."""


class BadMask(ValueError):
    """A mask that cannot be read."""


def parse(text: str) -> Mask:
    mask, rest = _selection(text.replace(" ", ""))
    if rest:
        raise BadMask(f"cannot read {rest!r}")
    return mask


def _selection(text: str) -> tuple[Mask, str]:
    mask: Mask = {}
    while True:
        text = _path(text, mask)
        if not text.startswith(","):
            return mask, text
        text = text[1:]


def _path(text: str, into: Mask) -> str:
    name, rest = _name(text)
    whole = name in into and not into[name]
    below = into.setdefault(name, {})
    if rest[:1] in (".", "/"):
        rest = _path(rest[1:], below)
    elif rest.startswith("("):
        inner, rest = _selection(rest[1:])
        if not rest.startswith(")"):
            raise BadMask("a bracket is not closed")
        for key, value in inner.items():
            _join(below, key, value)
        rest = rest[1:]
    else:
        whole = True
    if whole:
        into[name] = {}
    return rest


def _join(into: Mask, name: str, below: Mask) -> None:
    if name in into and into[name] and below:
        for key, value in below.items():
            _join(into[name], key, value)
    else:
        into[name] = {} if name in into else below


def _name(text: str) -> tuple[str, str]:
    end = next((place for place, letter in enumerate(text) if letter in ".,/()"), len(text))
    if not end:
        raise BadMask("a name is missing")
    return text[:end], text[end:]


class Cut(dict[str, Any]):
    """A part of an answer that was cut to its mask already, and is not looked through again."""


def keep(value: Any, mask: Mask) -> Any:
    """The answer with only what the mask names."""
    if isinstance(value, Cut) or not mask or ("*" in mask and not mask["*"]):
        return value
    if isinstance(value, list):
        return [keep(item, mask) for item in value]
    if isinstance(value, dict):
        return {key: keep(below, mask.get(key, mask.get("*", {}))) for key, below in value.items() if key in mask or "*" in mask}
    return value


def wants(mask: Mask, *path: str) -> bool:
    """Whether anything at this path would be kept."""
    for name in path:
        if not mask or "*" in mask:
            return True
        if name not in mask:
            return False
        mask = mask[name]
    return True


def below(mask: Mask, *path: str) -> Mask:
    """The part of the mask under a path; empty where everything is wanted."""
    for name in path:
        mask = mask.get(name, {})
    return mask


def merged(old: Any, new: Any, mask: Mask) -> Any:
    """`old` with the masked fields taken from `new`: one that is named but absent in `new` is reset."""
    if not mask or "*" in mask:
        return new
    result = dict(old or {})
    for name, inner in mask.items():
        value = (new or {}).get(name)
        if inner and "*" not in inner:
            value = merged(result.get(name), value, inner)
        if value in (None, {}):
            result.pop(name, None)
        else:
            result[name] = value
    return result
