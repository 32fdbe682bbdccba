"""Rows in which people changed something between the reading that was judged and the moment of writing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from automations.model import Grid
from automations.workbooks.googlestrays import same_raw
from automations.workbooks.googletab import GoogleTab
from automations.workbooks.matching import SEARCHED, Finder, Refusal
from automations.workbooks.protocol import Target, header_text, key_text

CHANGED = "row changed meanwhile; the next run looks at it again"
Targets = Sequence[tuple[int, Target]]


def changed_inputs(targets: Targets, seen: Mapping[str, Grid], now: Mapping[str, GoogleTab]) -> dict[int, str]:
    """The targets whose row no longer holds what the plan was made from, with the reason.

    Compared by key and header over the cells that this batch does not write, in the tab where the inputs stand; formulas are left out,
    some change by themselves. A row that the look did not find in its place counts as changed.
    """
    written: dict[str, set[str]] = {}
    homes: dict[tuple[str, str], list[tuple[int, Target]]] = {}
    for index, target in targets:
        written.setdefault(target.tab, set()).add(header_text(target.header))
        if target.content is None and not target.appends:
            home = target.beside.as_target(target) if target.beside else target
            homes.setdefault((home.tab, target.tab), []).append((index, home))
    refused: dict[int, str] = {}
    for (title, own), here in homes.items():
        if title in seen and title in now:
            shown = _headers(seen.get(own)) if title != own else set()
            refused |= _changed_in(here, seen[title], now[title], written.get(title, set()) | shown)
    return refused


def _headers(own: Grid | None) -> set[str]:
    """What may stand as a header in our tab: columns of staff's under one only show by look-ups what ours says."""
    return {header_text(cell) for column in (own.columns if own else ()) for cell in column[:SEARCHED]}


def _changed_in(targets: Targets, seen: Grid, now: GoogleTab, written: set[str]) -> dict[int, str]:
    some = targets[0][1]
    try:
        header_row, key_place, _ = Finder(now).places(some)
    except Refusal:
        return {}  # every target of the tab is refused with a better reason
    before = _rows(enumerate(seen.columns[some.key_place], seen.first_row), some.header_row)
    today = _rows(now.keys(key_place, header_row), header_row)
    pairs = _pairs(seen, some.header_row, [header_text(raw) for raw in now.row(header_row)], written)
    keys = {key_text(target.key) for _, target in targets}
    both = ((key, before.get(key, 0) - seen.first_row, today.get(key, 0)) for key in keys if before.get(key) and today.get(key))
    moved = {key for key, was, there in both if not now.shows_row(there) or any(_differing(pairs, was, now, there))}
    return {index: CHANGED for index, target in targets if key_text(target.key) in moved}


def _differing(pairs: Iterable[tuple[Sequence[Any], int]], was: int, now: GoogleTab, row: int) -> Iterator[int]:
    """The places in which a row holds something else than before."""
    cells = now.row(row)
    cells += [None] * max((place + 1 - len(cells) for _, place in pairs), default=0)
    return (place for column, place in pairs if not same_raw(column[was], cells[place]) and not now.holds_formula(row, place))


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
