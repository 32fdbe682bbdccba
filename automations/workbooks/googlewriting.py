"""Decided writes as one batch of typed cells, and whether its answer shows each beside its own key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from itertools import accumulate, groupby
from typing import Any

from automations.workbooks.googlehttp import as_bytes
from automations.workbooks.googlelooking import runs, side_by_side
from automations.workbooks.googlesheet import quoted
from automations.workbooks.googletab import GoogleTab
from automations.workbooks.matching import SEARCHED, Spot, same
from automations.workbooks.protocol import Target, fitted, header_text, key_text, number_digits, serial_of

Request = Mapping[str, Any]
PATTERNS: Mapping[str, tuple[str, str]] = {
    "date": ("DATE", "yyyy-mm-dd"),
    "datetime": ("DATE_TIME", "yyyy-mm-dd hh:mm"),
    "time": ("TIME", "hh:mm"),
}


CELL_BYTES, LETTER_BYTES, PIECE_BYTES = 64, 3, 8_000_000
"""What a cell and a letter take in a request usually, and how much is written at a time: Google refuses requests of 10 MiB."""
MOST_SHOWN = 40
"""Stretches of rows that an answer shows of a column."""
MOST_BYTES = 9_000_000
"""The largest request that is sent."""


class Formula(str):
    """The text of a formula that is put back where it stood."""


@dataclass(frozen=True)
class Put:
    """One cell of a batch: where, what, and the format it needs to be shown as the date it is."""

    title: str
    sheet_id: int
    row: int
    place: int
    value: Any
    shape: str = ""

    def cell(self) -> Request:
        """The cell as Google takes it, typed; nothing clears it."""
        said: dict[str, Any] = {} if self.value is None else {"userEnteredValue": typed_cell(self.value)}
        if self.shape:
            kind, pattern = PATTERNS[self.shape]
            said["userEnteredFormat"] = {"numberFormat": {"type": kind, "pattern": pattern}}
        return said


def typed_cell(value: Any) -> Request:
    """A value as a typed cell. Text is text whatever it begins with, and never becomes a formula."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, Formula):
        return {"formulaValue": str(value)}
    if isinstance(value, str):
        return {"stringValue": fitted(value)}
    if isinstance(value, int | Decimal):
        digits = number_digits(value)
        return {"stringValue": str(value)} if digits is None else {"numberValue": _number(digits)}
    return {"numberValue": serial_of(value)}


def _number(digits: str) -> int | float:
    return float(digits) if "." in digits else int(digits)


def pieces(targets: Sequence[tuple[int, Target]]) -> list[list[tuple[int, Target]]]:
    """Writes as requests can hold them, nearly always all at once: new rows and keys first, for the others are found by them."""
    if sum(_size(target) for _, target in targets) <= PIECE_BYTES:
        return [list(targets)]
    ordered = sorted(targets, key=lambda each: (not _makes_row(each[1]), each[1].tab, each[1].row_hint, each[1].place))
    ends = accumulate(_size(target) for _, target in ordered)
    numbered = zip(ordered, ends, strict=True)
    return [[each for each, _ in piece] for _, piece in groupby(numbered, key=lambda pair: (pair[1] - 1) // PIECE_BYTES)]


def _size(target: Target) -> int:
    return CELL_BYTES + LETTER_BYTES * len(str(target.new))


def too_large(requests: Sequence[Request]) -> bool:
    """Whether Google would refuse a batch for its size."""
    return len(as_bytes(requests)) > MOST_BYTES


def _makes_row(target: Target) -> bool:
    return target.appends or target.content is not None


def puts_for(spots: Sequence[Spot], tabs: Mapping[str, GoogleTab]) -> list[Put]:
    """The cells of decided writes; dates bring their format where the cell would show a bare number."""
    return [_put(spot, tabs[spot.target.tab]) for spot in spots]


def _put(spot: Spot, tab: GoogleTab) -> Put:
    new, shape = spot.target.new, ""
    if isinstance(new, date | time) and not tab.shows_dates(spot.row, spot.place):
        shape = "datetime" if isinstance(new, datetime) else "date" if isinstance(new, date) else "time"
    return Put(tab.title, tab.sheet_id, spot.row, spot.place, new, shape)


def cell_requests(puts: Sequence[Put]) -> list[Request]:
    """The cells as rectangles: neighbours in a row joined, and equal stretches of rows below each other."""
    return [_rectangle(block) for block in rectangles(puts)]


def row_requests(spots: Sequence[Spot], tabs: Mapping[str, GoogleTab]) -> list[Request]:
    """New rows for those that are appended: put in, not written over, so that a row someone begins at that moment moves down."""
    found: dict[str, list[Spot]] = {}
    for spot in spots:
        if spot.target.appends:
            found.setdefault(spot.target.tab, []).append(spot)
    return [_new_rows(appended, tabs[title]) for title, appended in found.items()]


def _new_rows(appended: Sequence[Spot], tab: GoogleTab) -> Request:
    """At the very end of the grid rows are added; elsewhere they are put in and look like the row above."""
    first, count = min(spot.row for spot in appended) - 1, len(appended)
    if first >= tab.rows:
        return {"appendDimension": {"sheetId": tab.sheet_id, "dimension": "ROWS", "length": first + count - tab.rows}}
    range_ = {"sheetId": tab.sheet_id, "dimension": "ROWS", "startIndex": first, "endIndex": first + count}
    return {"insertDimension": {"range": range_, "inheritFromBefore": appended[0].like > 0}}


def rectangles(puts: Iterable[Put]) -> Iterator[list[list[Put]]]:
    """Cells as blocks of equal width; each block is a list of rows of one tab without gaps."""
    block: list[list[Put]] = []
    for stretch in sorted(stretches(puts), key=lambda cells: (cells[0].sheet_id, cells[0].place, len(cells), cells[0].row)):
        if block and not _continues(block[-1], stretch):
            yield block
            block = []
        block.append(stretch)
    if block:
        yield block


def stretches(puts: Iterable[Put]) -> Iterator[list[Put]]:
    """Cells side by side in one row that take the same kind of request."""
    ordered = sorted(puts, key=lambda put: (put.sheet_id, bool(put.shape), put.row, put.place))
    numbered = enumerate(ordered)
    for _, cells in groupby(numbered, key=lambda pair: (pair[1].sheet_id, bool(pair[1].shape), pair[1].row, pair[1].place - pair[0])):
        yield [put for _, put in cells]


def _continues(above: Sequence[Put], below: Sequence[Put]) -> bool:
    """Whether a stretch stands right below another of the same width and kind."""
    one, other = above[0], below[0]
    alike = (one.sheet_id, one.place, bool(one.shape), len(above)) == (other.sheet_id, other.place, bool(other.shape), len(below))
    return alike and other.row == one.row + 1


def _rectangle(block: Sequence[Sequence[Put]]) -> Request:
    first = block[0][0]
    fields = "userEnteredValue,userEnteredFormat.numberFormat" if first.shape else "userEnteredValue"
    return {
        "updateCells": {
            "rows": [{"values": [put.cell() for put in row]} for row in block],
            "fields": fields,
            "start": {"sheetId": first.sheet_id, "rowIndex": first.row - 1, "columnIndex": first.place},
        }
    }


def shown_ranges(title: str, rows: Iterable[int], places: Iterable[int], top: int) -> list[str]:
    """What an answer must show of a tab: the headers, and the written rows of key columns and written ones, neighbours joined."""
    down = runs([*range(1, top + SEARCHED), *rows], MOST_SHOWN)
    return [f"{quoted(title)}!{first}{above}:{last}{below}" for first, last in side_by_side(places) for above, below in down]


def stands(spot: Spot, key_place: int, shown: GoogleTab | None) -> bool:
    """Whether an answer shows a write in the row of its key, under its header, with its value."""
    if shown is None:
        return False
    target = spot.target
    key = target.new if target.content is not None and spot.place == key_place else target.key
    beside = target.content is not None and spot.place != key_place
    return (
        (beside or key_text(shown.cell(spot.row, key_place)) == key_text(key))
        and same(shown.cell(spot.row, spot.place), target.new, target.kind)
        and headed(shown, spot.place, target.header, target.header_row)
    )


def headed(shown: GoogleTab, place: int, header: str, header_row: int) -> bool:
    """Whether a column still has its header, somewhere near where it was."""
    wanted = header_text(header)
    return any(header_text(shown.cell(row, place)) == wanted for row in range(1, header_row + SEARCHED))
