"""Values that a write left in other rows or columns because people moved things under it, and what stood there before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from automations.model import ColumnType, Grid, Value
from automations.moved import moved
from automations.workbooks.googletab import GoogleTab
from automations.workbooks.googlewriting import Formula, Put
from automations.workbooks.matching import Finder, Refusal, Spot, same
from automations.workbooks.protocol import Target, header_text, is_blank, key_text


@dataclass(frozen=True)
class Stray:
    """A cell that holds a value of ours that is not meant for it, and what it held before."""

    title: str
    sheet_id: int
    row: int
    place: int
    key: str
    header: str
    ours: Value
    before: Any

    def put(self) -> Put:
        """The cell with what stood in it."""
        return Put(self.title, self.sheet_id, self.row, self.place, self.before)


@dataclass(frozen=True)
class Sown:
    """What a batch that may have gone astray wrote under one header: values, and the keys each is meant for."""

    target: Target
    values: tuple[tuple[Value, ColumnType], ...]
    meant: Mapping[str, Value]

    def sown(self, cell: Any) -> Any:
        """The value of the batch that a raw cell holds; `...` where it holds none."""
        return next((value for value, kind in self.values if same(cell, value, kind)), ...)


def sown(spots: Sequence[Spot]) -> list[Sown]:
    """The batch by tab and header."""
    found: dict[tuple[str, str], list[Target]] = {}
    for spot in spots:
        found.setdefault((spot.target.tab, header_text(spot.target.header)), []).append(spot.target)
    return [_sown(targets) for targets in found.values()]


def _sown(targets: Sequence[Target]) -> Sown:
    values = {repr(target.new): (target.new, target.kind) for target in targets}
    return Sown(targets[0], tuple(values.values()), {key_text(target.key): target.new for target in targets if target.content is None})


@dataclass(frozen=True)
class Before:
    """How the tabs were: as last looked at before the write, and where that look did not go, as they were read."""

    looked: Mapping[str, GoogleTab]
    read: Mapping[str, Grid]

    def held(self, target: Target, key: str, header: str) -> Any:
        """What the cell of a key under a header held, a formula as one; nothing where either was not there."""
        tab = self.looked[target.tab]
        header_row, key_place, _ = Finder(tab).places(target)
        headers = [header_text(raw) for raw in tab.row(header_row)]
        if not header or headers.count(header) != 1:
            return None
        place, rows = headers.index(header), [row for row, raw in tab.keys(key_place, header_row) if key_text(raw) == key]
        if len(rows) != 1:
            return None
        if tab.shows(rows[0], place):
            return Formula(tab.formula(rows[0], place)) or tab.cell(rows[0], place)
        return self._read(target, key, header)

    def _read(self, target: Target, key: str, header: str) -> Any:
        """The same from the reading, where each stands once."""
        grid = self.read.get(target.tab)
        rows = [place for place, raw in enumerate(grid.columns[target.key_place]) if key_text(raw) == key] if grid else []
        top = target.header_row - grid.first_row if grid else 0
        columns = [column for column in grid.columns if header_text(column[top]) == header] if grid else []
        return columns[0][rows[0]] if len(rows) == len(columns) == 1 else None


def strays(spots: Sequence[Spot], before: Before, now: Mapping[str, GoogleTab]) -> list[Stray]:
    """Every cell that did not hold a value of the batch before the write, holds one now, and is not meant to."""
    both = [spot for spot in spots if spot.target.tab in before.looked and spot.target.tab in now]
    found = [stray for each in sown(both) for stray in _under_its_header(each, before.looked[each.target.tab], now[each.target.tab])]
    shifted = [stray for spot in both for stray in _in_another_column(spot, before, now[spot.target.tab])]
    return [*found, *shifted]


def _under_its_header(each: Sown, before: GoogleTab, now: GoogleTab) -> Iterator[Stray]:
    """Strays in other rows of the column the batch was written to, and what a sort without that column left beside other keys."""
    try:
        (_, _, _), was = places_and_cells(before, each.target)
        (header_row, key_place, place), _ = places_and_cells(now, each.target)
    except Refusal:
        return
    cells = [(row, key_text(raw), now.cell(row, place)) for row, raw in now.keys(key_place, header_row)]
    other = [(row, key, cell, each.sown(cell)) for row, key, cell in cells if not same_raw(cell, was.get(key))]
    held = {key: cell if sown is ... else sown for _, key, cell, sown in other}
    shifted = moved(_plain({**was, **held}), _plain({**was, **each.meant}))
    for row, key, _, sown in other:
        if held[key] != each.meant.get(key, ...) and (sown is not ... or key in shifted):
            yield Stray(now.title, now.sheet_id, row, place, key, header_text(each.target.header), held[key], was.get(key))


def _plain(cells: Mapping[str, Any]) -> dict[str, Any]:
    """Cells by key, every blank one as None; without rows that have no key."""
    return {key: None if is_blank(cell) else cell for key, cell in cells.items() if key}


def places_and_cells(tab: GoogleTab, target: Target) -> tuple[tuple[int, int, int], dict[str, Any]]:
    """Where a target's header and key columns are, and the cells of its column by key. Raises Refusal."""
    header_row, key_place, place = Finder(tab).places(target)
    return (header_row, key_place, place), {key_text(raw): tab.cell(row, place) for row, raw in tab.keys(key_place, header_row)}


def _in_another_column(spot: Spot, before: Before, now: GoogleTab) -> Iterator[Stray]:
    """A value that landed under another header because a column was put in, moved or deleted."""
    header_row, key_place, place = _places_left(now, spot.target)
    header = header_text(now.cell(header_row, spot.place))
    cell = now.cell(spot.row, spot.place)
    if place == spot.place or not same(cell, spot.target.new, spot.target.kind):
        return
    key = spot.target.key if key_place is None else key_text(now.cell(spot.row, key_place))
    held = before.held(spot.target, key, header)
    if not same_raw(cell, held):
        yield Stray(now.title, now.sheet_id, spot.row, spot.place, key, header, spot.target.new, held)


def _places_left(tab: GoogleTab, target: Target) -> tuple[int, int | None, int | None]:
    """Header row, key column and column of a target; None for a column that is gone, which moved those right of it."""
    for known in (target, replace(target, header=target.key_header)):
        try:
            header_row, key_place, place = Finder(tab).places(known)
        except Refusal:
            continue
        return header_row, key_place, place if known is target else None
    return target.header_row, None, None


def same_raw(one: Any, other: Any) -> bool:
    """Whether two raw cells hold the same; blanks are alike."""
    return (is_blank(one) and is_blank(other)) or ((type(one) is type(other) or not isinstance(one, bool | str)) and one == other)


def over_strays(targets: Sequence[tuple[int, Target]], found: Sequence[Stray]) -> list[tuple[int, Target]]:
    """The targets, those whose cell holds a stray expecting it there, so that it is written over and not taken for a person's."""
    held = {(stray.title, stray.key, stray.header): stray.ours for stray in found}

    def expecting(target: Target) -> Target:
        place = (target.tab, key_text(target.key), header_text(target.header))
        return replace(target, old=held[place]) if target.content is None and place in held else target

    return [(index, expecting(target)) for index, target in targets]
