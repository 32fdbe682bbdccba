"""Compare-and-set: finds the cell a target means today and decides whether it may be written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any, Protocol

from automations.model import SCALE, Column, ColumnType, Value
from automations.workbooks.protocol import (
    DAY,
    Refused,
    Target,
    Written,
    content_of,
    fitted,
    header_text,
    is_blank,
    key_text,
    plain_text,
)

SEARCHED = 20
"""How many rows below the expected one are searched when the header row has moved."""

EXACT: Mapping[str, int] = {**SCALE, "integer": 1}


class Tab(Protocol):
    """One tab as the matcher needs it; rows are 1-based, places 0-based."""

    def row(self, number: int) -> Sequence[Any]:
        """The raw values of a row from column A on; [] beyond the last row."""

    def cell(self, row: int, place: int) -> Any:
        """The raw value of one cell; None beyond what is written."""

    def keys(self, place: int, below: int) -> Iterable[tuple[int, Any]]:
        """(row, raw value) of one column, for the rows below a row."""

    def closed(self, row: int, place: int) -> str:
        """Why this cell must not be written ("holds a formula"), or ""."""

    def last(self) -> int:
        """The last row in which any cell holds something (a formula, a value, part of merged cells); 0 if none does."""


@dataclass(frozen=True)
class Spot:
    """A decided write: which target, and where its cell is today; `like` is the row an appended one looks like, 0 if there is none."""

    index: int
    target: Target
    row: int
    place: int
    like: int = 0


@dataclass
class Settled:
    """What became of the targets of one workbook: cells to write, cells that already hold the value, refusals."""

    spots: list[Spot] = field(default_factory=list)
    already: Written = field(default_factory=list)
    refused: Refused = field(default_factory=list)

    def written(self) -> Written:
        """The indices of everything that holds its new value after the save, in order."""
        return sorted([*(spot.index for spot in self.spots), *self.already])


class Refusal(Exception):
    """One target cannot be written; its text is the reason."""


def settle(targets: Sequence[Target], tab_named: Callable[[str], Tab | None]) -> Settled:
    """Decide all targets of one workbook; rows that get their key now, or are appended, count as found for the targets after them."""
    settled = Settled()
    finders: dict[str, Finder] = {}
    for index, target in sorted(enumerate(targets), key=lambda pair: (pair[1].content is None, not pair[1].appends)):
        try:
            _decide(index, target, finders, tab_named, settled)
        except Refusal as reason:
            settled.refused.append((index, str(reason)))
    settled.refused.sort()
    return settled


def _decide(index: int, target: Target, finders: dict[str, Finder], tab_named: Callable[[str], Tab | None], settled: Settled) -> None:
    if target.tab not in finders:
        tab = tab_named(target.tab)
        if tab is None:
            raise Refusal(f"tab '{target.tab}' is gone")
        finders[target.tab] = Finder(tab)
    finder = finders[target.tab]
    if target.appends:
        _append(index, target, finder, settled)
        return
    spot, current = finder.spot(index, target)
    if plainly_same(current, target.old, target.kind) and not plainly_same(current, target.new, target.kind):
        settled.spots.append(spot)
        finder.claim(spot)
    elif same(current, target.new, target.kind):
        settled.already.append(index)
    elif same(current, target.old, target.kind):
        settled.spots.append(spot)
        finder.claim(spot)
    else:
        raise Refusal(f"changed meanwhile: now holds '{_short(current)}'")


def _append(index: int, target: Target, finder: Finder, settled: Settled) -> None:
    spot = finder.below(index, target)
    if spot is None:
        settled.already.append(index)
        return
    settled.spots.append(spot)
    finder.claim(spot)


def _short(raw: Any) -> str:
    text = plain_text(raw)
    return text if len(text) <= 60 else f"{text[:59]}…"


class Finder:
    """Finds columns by header and rows by key in one tab, remembering what it has already looked up."""

    def __init__(self, tab: Tab) -> None:
        self.tab = tab
        self.columns: dict[tuple[int, str, str], tuple[int, int, int]] = {}
        self.rows: dict[tuple[int, int], dict[str, list[int]]] = {}
        self.taken: set[tuple[int, int]] = set()
        self.appended = 0

    def spot(self, index: int, target: Target) -> tuple[Spot, Any]:
        """Where the target's cell is today, and what it holds. Raises Refusal."""
        header_row, key_place, place = self.places(target)
        row = self.known_by_content(target, key_place) if target.content is not None else self.known_by_key(target, header_row, key_place)
        if (row, place) in self.taken:
            raise Refusal("is written by another change of this run")
        reason = self.tab.closed(row, place)
        if reason:
            raise Refusal(reason)
        return Spot(index, target, row, place), self.tab.cell(row, place)

    def below(self, index: int, target: Target) -> Spot | None:
        """The key cell of a new row below everything in the tab; None if the key stands already. Raises Refusal."""
        header_row, key_place, _ = self.places(target)
        if key_text(target.new) in self.index(header_row, key_place):
            return None
        last = self.last
        row = max(last, header_row) + 1 + self.appended
        reason = self.tab.closed(row, key_place)
        if reason:
            raise Refusal(reason)
        self.appended += 1
        return Spot(index, target, row, key_place, last if last > header_row else 0)

    @cached_property
    def last(self) -> int:
        """The last row that holds anything before this run."""
        return self.tab.last()

    def claim(self, spot: Spot) -> None:
        """Remember a decided write; a new key is found by the targets after it."""
        self.taken.add((spot.row, spot.place))
        if spot.target.content is not None or spot.target.appends:
            header_row, key_place, _ = self.places(spot.target)
            self.index(header_row, key_place).setdefault(key_text(spot.target.new), []).append(spot.row)

    def places(self, target: Target) -> tuple[int, int, int]:
        """The header row, key column and column of a target today."""
        asked = (target.header_row, target.key_header, target.header)
        if asked not in self.columns:
            self.columns[asked] = self._places(target)
        return self.columns[asked]

    def _places(self, target: Target) -> tuple[int, int, int]:
        row = self.header_row(target)
        headers = [header_text(raw) for raw in self.tab.row(row)]
        return row, _only(headers, target.key_header), _only(headers, target.header)

    def header_row(self, target: Target) -> int:
        """The expected row, or the first other one near the top that holds both headers."""
        wanted = {header_text(target.key_header), header_text(target.header)}
        near = [target.header_row, *range(1, target.header_row + SEARCHED)]
        return next((row for row in near if wanted <= {header_text(raw) for raw in self.tab.row(row)}), target.header_row)

    def known_by_key(self, target: Target, header_row: int, key_place: int) -> int:
        """The row whose key cell holds the target's key."""
        rows = self.index(header_row, key_place).get(key_text(target.key), [])
        if not rows:
            raise Refusal("row gone")
        if len(rows) > 1:
            raise Refusal(f"key stands twice: rows {', '.join(map(str, rows[:5]))}")
        return rows[0]

    def index(self, header_row: int, key_place: int) -> dict[str, list[int]]:
        """Rows by key text, below the header row."""
        asked = (header_row, key_place)
        if asked not in self.rows:
            found: dict[str, list[int]] = {}
            for row, raw in self.tab.keys(key_place, header_row):
                found.setdefault(key_text(raw), []).append(row)
            found.pop("", None)
            self.rows[asked] = found
        return self.rows[asked]

    def known_by_content(self, target: Target, key_place: int) -> int:
        """The hinted row, if its key cell still is blank and its other cells are what they were."""
        values = list(self.tab.row(target.row_hint))
        key = values.pop(key_place) if key_place < len(values) else None
        if not is_blank(key) and not same(key, target.new, target.kind):
            raise Refusal(f"changed meanwhile: now holds '{_short(key)}'")
        if content_of(values) != target.content:
            raise Refusal("row changed or moved meanwhile")
        return target.row_hint


def _only(headers: Sequence[str], header: str) -> int:
    """The place of a header that must stand exactly once."""
    count = headers.count(header_text(header))
    if count != 1:
        raise Refusal(f"header '{header}' is gone" if not count else f"header '{header}' stands twice")
    return headers.index(header_text(header))


def same(raw: Any, value: Value, kind: ColumnType) -> bool:
    """Whether a raw cell holds this typed value: blanks are None, money is exact, a bare date is its midnight, text is trimmed."""
    return plainly_same(raw, value, kind) or _same_as_read(raw, value, kind)


def plainly_same(raw: Any, value: Value, kind: ColumnType) -> bool:
    """`same` for cells that are spelled as this program writes them; an odd spelling is never the same."""
    if is_blank(raw) or value is None:
        return is_blank(raw) and is_blank(value)
    if isinstance(value, str):
        return plain_text(raw).strip() == fitted(value).strip()
    quick = _quick(raw, kind)
    return quick is not None and _exact(quick, kind) == _exact(value, kind)


def _quick(raw: Any, kind: ColumnType) -> Value:
    """A raw value that is already of its kind's Python type; None when it takes reading to know."""
    if kind == "boolean":
        return raw if isinstance(raw, bool) else None
    if kind in EXACT:
        return (
            None
            if isinstance(raw, bool) or not isinstance(raw, int | float | Decimal)
            else Decimal(repr(raw) if isinstance(raw, float) else raw)
        )
    if kind == "time":
        return _time(raw)
    return raw if kind in ("date", "datetime") and isinstance(raw, date) else _moment(raw)


def _number(raw: Any) -> Decimal | None:
    """A number as it is written, not as binary floats keep it."""
    if isinstance(raw, bool) or not isinstance(raw, int | float | Decimal):
        return None
    return Decimal(repr(raw)) if isinstance(raw, float) else Decimal(raw)


def _moment(raw: Any) -> datetime | None:
    """The moment a serial number stands for."""
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not 0 < raw < 2_958_466:
        return None
    return datetime(1899, 12, 30) + timedelta(seconds=round(raw * DAY))


def _time(raw: Any) -> time | None:
    if isinstance(raw, datetime):
        return raw.time()
    if isinstance(raw, timedelta):
        raw = raw / timedelta(days=1)
    if isinstance(raw, float | int) and not isinstance(raw, bool) and 0 <= raw < 1:
        return (datetime.min + timedelta(seconds=round(raw * DAY))).time()
    return raw if isinstance(raw, time) else None


def _exact(value: Value, kind: ColumnType) -> Value:
    """A typed value in the one spelling it is compared in."""
    if kind in EXACT and isinstance(value, int | float | Decimal):
        try:
            return Decimal(value).quantize(Decimal(1) / EXACT[kind])
        except InvalidOperation:
            return Decimal(value)
    if isinstance(value, datetime):
        return value.date() if kind == "date" else _to_second(value)
    if isinstance(value, date):
        return value if kind == "date" else datetime(value.year, value.month, value.day)
    return value.replace(microsecond=0) if isinstance(value, time) else value


def _to_second(moment: datetime) -> datetime:
    return (moment + timedelta(microseconds=500_000)).replace(microsecond=0)


def _same_as_read(raw: Any, value: Value, kind: ColumnType) -> bool:
    """The slow way: read the odd cell as the tables are read, and compare what it means."""
    import pandas as pd  # paid for only by the odd cell

    from automations.cells import parse_column, typed

    if is_blank(raw) or value is None:
        return False
    column = Column("cell", {}, kind, ours=True, choices=(value,) if kind == "choice" and isinstance(value, str) else ())
    array, odd = parse_column([raw], column)
    return not odd and _exact(typed(pd.Series(array), 0, column), kind) == _exact(value, kind)


def by_tab(spots: Sequence[Spot]) -> Iterator[tuple[str, list[Spot]]]:
    """The spots of each tab together, in the order the tabs first occur."""
    for tab in dict.fromkeys(spot.target.tab for spot in spots):
        yield tab, [spot for spot in spots if spot.target.tab == tab]
