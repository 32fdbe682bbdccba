"""Colours as the service keeps them: each also as its style and back, in steps of 1/255, channels of nought left out."""

from __future__ import annotations

from math import ceil
from typing import Any

from tests.sheets.masks import Mask

NAMES = ("backgroundColor", "foregroundColor", "tabColor", "color")


def settled(thing: Any) -> Any:
    """A format with every colour in both spellings; the style wins where both are given."""
    if isinstance(thing, list):
        return [settled(item) for item in thing]
    if not isinstance(thing, dict):
        return thing
    new = {name: settled(value) for name, value in thing.items() if value is not None}
    for name in NAMES:
        _pair(new, name)
    return new


def _pair(format_part: dict[str, Any], name: str) -> None:
    style = format_part.get(name + "Style")
    rgb = style.get("rgbColor") if isinstance(style, dict) else format_part.get(name)
    if isinstance(rgb, dict):
        format_part[name] = _stepped(rgb)
        format_part[name + "Style"] = {"rgbColor": _stepped(rgb)}


def _stepped(rgb: dict[str, Any]) -> dict[str, Any]:
    steps = {channel: ceil(value * 255 - 0.5) for channel, value in rgb.items() if isinstance(value, int | float)}
    return {channel: 1 if step == 255 else round(step / 255, 8) for channel, step in steps.items() if step}


def paired(mask: Mask) -> Mask:
    """A mask that names both spellings of each colour it names one of."""
    new = {name: paired(inner) for name, inner in mask.items()}
    for name in NAMES:
        if name in mask or name + "Style" in mask:
            new[name] = new[name + "Style"] = {}
    return new
