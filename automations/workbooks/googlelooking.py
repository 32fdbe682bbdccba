"""Which parts of its tabs a look before a write shows: the rows that are to be written, the columns of keys and of what is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from automations.model import Grid, letters
from automations.workbooks.matching import SEARCHED, Finder, Refusal, Tab
from automations.workbooks.protocol import Beside, Target

SPARE = 200
"""Rows below the used ones that a look shows too: people add some meanwhile."""
MOST_RUNS = 200
"""Stretches of rows that are asked for at most; near ones are joined until no more are left."""
Run = tuple[int, int]


@dataclass(frozen=True)
class Part:
    """What a look shows of one tab: some rows whole, some columns down to `last`. Rows are 1-based with both ends, places 0-based."""

    rows: tuple[Run, ...]
    columns: frozenset[int] = frozenset()
    last: int = 0

    def holds_row(self, row: int) -> bool:
        """Whether a row is shown whole."""
        return any(first <= row <= last for first, last in self.rows)

    def holds(self, row: int, place: int) -> bool:
        """Whether a cell is shown."""
        return (place in self.columns and row <= self.last) or self.holds_row(row)

    def covers(self, other: Part) -> bool:
        """Whether it shows everything that the other does."""
        rows = all(any(first <= top and bottom <= last for first, last in self.rows) for top, bottom in other.rows)
        return rows and other.columns <= self.columns and other.last <= self.last

    def ranges(self, title: str, height: int) -> list[str]:
        """The part as addresses of a tab with so many rows."""
        if self.rows[0] == (1, self.last):
            return [title if self.last >= height else f"{title}!1:{self.last}"]
        rows = [f"{title}!{first}:{last}" for first, last in self.rows]
        return [*rows, *(f"{title}!{first}1:{last}{self.last}" for first, last in side_by_side(self.columns))]


def side_by_side(places: Iterable[int]) -> Iterator[tuple[str, str]]:
    """Columns as first and last letters of the stretches they make."""
    return ((letters(first), letters(last)) for first, last in runs(places))


def runs(numbers: Iterable[int], most: int = 1 << 30) -> list[Run]:
    """Numbers as stretches without gaps; where those would be too many, small gaps are closed first."""
    there = sorted(set(numbers))
    gaps = sorted((after - before for before, after in pairwise(there) if after - before > 1), reverse=True)
    least = gaps[most - 1] if len(gaps) >= most else 1
    found: list[Run] = []
    for number in there:
        if found and number - found[-1][1] <= least:
            found[-1] = found[-1][0], number
        else:
            found.append((number, number))
    return found


def parts_of(
    targets: Sequence[Target], seen: Mapping[str, Grid], now: Mapping[str, Tab] | None = None, *, inputs: bool = True
) -> dict[str, Part]:
    """What must be looked at to decide these writes: where the reading saw it, or where it stands `now`.

    With `inputs` the rows are shown whole from which the values were worked out, which may be those of another tab.
    """
    known = {title: Finder(tab) for title, tab in (now or {}).items()}
    asked = [_asked(target, known.get(target.tab), inputs=inputs) for target in targets]
    if inputs:
        asked += [_beside(target, target.beside, known.get(target.beside.tab)) for target in targets if target.beside]
    found: dict[str, list[Asked]] = {}
    for each in asked:
        found.setdefault(each.tab, []).append(each)
    return {tab: _part(each, _last(seen.get(tab))) for tab, each in found.items()}


@dataclass(frozen=True)
class Asked:
    """What one write asks for of one tab: a row (0: none; below all: -1) and columns."""

    tab: str
    top: int
    row: int
    places: tuple[int, ...]


def _asked(target: Target, finder: Finder | None, *, inputs: bool) -> Asked:
    """A write's own tab. A row that is to be numbered is shown whole, as is one whose inputs stand in it."""
    header_row, places, row = target.header_row, (target.key_place, target.place), target.row_hint
    if finder is not None:
        try:
            header_row, *columns = finder.places(target)
            places = (columns[0], columns[1])
            row = row if target.content is not None else finder.known_by_key(target, header_row, places[0])
        except Refusal:
            row = 0
    whole = target.content is not None or (inputs and target.beside is None)
    return Asked(target.tab, header_row, -1 if target.appends else row if whole else 0, places)


def _beside(target: Target, beside: Beside, finder: Finder | None) -> Asked:
    """The tab in which the inputs of a write stand."""
    if finder is None:
        return Asked(beside.tab, beside.header_row, beside.row, (beside.key_place,))
    return _asked(beside.as_target(target), finder, inputs=True)


def _last(grid: Grid | None) -> int:
    return (grid.first_row + len(grid.columns[0]) if grid and grid.columns else 1) + SPARE


def _part(asked: Sequence[Asked], last: int) -> Part:
    top = max(each.top for each in asked) + SEARCHED
    rows = {*range(1, top + 1), *(each.row for each in asked if each.row > 0)}
    if any(each.row < 0 for each in asked):
        rows.update(range(max(1, last - 2 * SPARE), last + 1))
    last = max(last, *rows)
    if len(rows) >= last - SPARE - 1:
        rows.update(range(1, last + 1))
    return Part(tuple(runs(rows, MOST_RUNS)), frozenset(place for each in asked for place in each.places), last)


def joined(one: Part, other: Part) -> Part:
    """Everything that either shows."""
    rows = (row for part in (one, other) for first, last in part.rows for row in range(first, last + 1))
    return Part(tuple(runs(rows, MOST_RUNS)), one.columns | other.columns, max(one.last, other.last))
