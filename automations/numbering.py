"""Numbers for rows whose key is blank: the next free one of its pattern, planned before anything is judged."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from automations.apart import known_keys
from automations.cells import typed
from automations.model import NewKey, Sheet, Snapshot
from automations.workbooks.protocol import content_of

COUNTER = re.compile(r"\{n(?::0?(\d+)d)?\}")
FIELD = re.compile(r"\{([a-z_]+)(?::([^{}]+))?\}")


def numbered(snapshot: Snapshot) -> tuple[Snapshot, list[NewKey]]:
    """The snapshot with blank keys filled where their table says how, and those new keys."""
    sheets, found = {}, []
    for name, sheet in snapshot.sheets.items():
        new = list(_new_keys(sheet, snapshot)) if sheet.table.numbering else []
        sheets[name] = _with_keys(sheet, new) if new else sheet
        found += [key for _, key in new]
    return replace(snapshot, sheets=sheets), found


def _new_keys(sheet: Sheet, snapshot: Snapshot) -> Iterable[tuple[int, NewKey]]:
    key = sheet.table.key
    blank = np.flatnonzero(sheet.frame[key].isna().to_numpy())
    taken = {*sheet.frame[key].dropna(), *known_keys(sheet)} if len(blank) else set()
    for position in blank:
        pattern = sheet.table.numbering.pattern if sheet.table.numbering else ""
        if prefix_and_suffix := _around_counter(pattern, sheet, int(position)):
            number = _next(taken, *prefix_and_suffix)
            taken.add(number)
            row = int(sheet.rows[int(position)])
            yield int(position), NewKey(sheet.table.name, key, number, row, _content(sheet, snapshot, row))


def _around_counter(pattern: str, sheet: Sheet, position: int) -> tuple[str, str, int] | None:
    """The text before and after the counter for one row, and the counter's width; None while a cell it needs is blank."""
    counter = COUNTER.search(pattern)
    parts = [pattern[: counter.start()], pattern[counter.end() :]] if counter else [pattern, ""]
    filled = [_filled(part, sheet, position) for part in parts]
    if filled[0] is None or filled[1] is None:
        return None
    return filled[0], filled[1], int(counter[1] or 1) if counter else 1


def _filled(part: str, sheet: Sheet, position: int) -> str | None:
    text = part
    for match in FIELD.finditer(part):
        column = sheet.table.column(match[1])
        value = typed(sheet.frame[match[1]], position, column) if column and match[1] in sheet.frame.columns else None
        if value is None:
            return None
        text = text.replace(match[0], format(value, match[2] or ""))
    return text


def _next(taken: set[Any], prefix: str, suffix: str, width: int) -> str:
    pattern = re.compile(re.escape(prefix) + r"(\d+)" + re.escape(suffix))
    used = [int(match[1]) for key in taken if (match := pattern.fullmatch(str(key)))]
    return f"{prefix}{max(used, default=0) + 1:0{width}d}{suffix}"


def _content(sheet: Sheet, snapshot: Snapshot, row: int) -> str:
    grid = snapshot.grids[sheet.tab]
    place = sheet.places[sheet.table.key]
    return content_of(column[row - grid.first_row] for number, column in enumerate(grid.columns) if number != place)


def _with_keys(sheet: Sheet, new: Sequence[tuple[int, NewKey]]) -> Sheet:
    keys = np.array(sheet.frame[sheet.table.key].tolist(), dtype=object)
    for position, key in new:
        keys[position] = key.key
    frame = sheet.frame.assign(**{sheet.table.key: pd.arrays.StringArray(keys)})
    return replace(sheet, frame=frame)
