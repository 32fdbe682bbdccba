"""Rows in which people changed something between the reading that was judged and the moment of writing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from automations.model import Grid
from automations.workbooks.googlestrays import same_raw
from automations.workbooks.googletab import GoogleTab
from automations.workbooks.matching import Finder, Refusal
from automations.workbooks.protocol import Target, header_text, key_text

CHANGED = "row changed meanwhile; the next run looks at it again"
Targets = Sequence[tuple[int, Target]]


def changed_inputs(targets: Targets, seen: Mapping[str, Grid], now: Mapping[str, GoogleTab]) -> dict[int, str]:
    """The targets whose row no longer holds what the plan was made from, with the reason.

    Compared by key and header over the cells that this batch does not write; formulas are left out, some change by themselves.
    """
    refused: dict[int, str] = {}
    for title in {target.tab for _, target in targets}:
        here = [(index, target) for index, target in targets if target.tab == title and target.content is None]
        if here and title in seen and title in now:
            refused |= _changed_in(here, seen[title], now[title])
    return refused


def _changed_in(targets: Targets, seen: Grid, now: GoogleTab) -> dict[int, str]:
    some = targets[0][1]
    try:
        header_row, key_place, _ = Finder(now).places(some)
    except Refusal:
        return {}
    written = {header_text(target.header) for _, target in targets}
    before = {key: row for key, row in _rows(enumerate(seen.columns[some.key_place], seen.first_row), some.header_row).items() if row}
    today = _rows(now.keys(key_place, header_row), header_row)
    pairs = _pairs(seen, some.header_row, [header_text(raw) for raw in now.row(header_row)], written)

    def changed(key: str) -> bool:
        was, there = before.get(key), today.get(key)
        return bool(was and there) and any(
            not now.holds_formula(there or 0, place) and not same_raw(column[(was or 0) - seen.first_row], now.cell(there or 0, place))
            for column, place in pairs
        )

    moved = {key for key in {key_text(target.key) for _, target in targets} if changed(key)}
    return {index: CHANGED for index, target in targets if key_text(target.key) in moved}


def _rows(cells: Any, header_row: int) -> dict[str, int]:
    """Rows below the header by key; 0 for a key that stands twice."""
    found: dict[str, int] = {}
    for row, raw in cells:
        if row > header_row:
            key = key_text(raw)
            found[key] = 0 if key in found else row
    found.pop("", None)
    return found


def _pairs(seen: Grid, header_row: int, headers: Sequence[str], written: set[str]) -> list[tuple[Sequence[Any], int]]:
    """(the column as read, its place today) for every header that stands once in both and is not written."""
    old = [header_text(column[header_row - seen.first_row]) for column in seen.columns]
    common = [one for one in old if one and one not in written and old.count(one) == 1 and headers.count(one) == 1]
    return [(seen.columns[old.index(one)], headers.index(one)) for one in common]
