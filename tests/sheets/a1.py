"""A1 and R1C1 addresses: read, written, and boxes of cells; written apart from gspread's so that one does not share the other's bugs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

CELL = re.compile(r"\$?([A-Za-z]{1,3})\$?([1-9]\d*)|\$?([A-Za-z]{1,3})|\$?([1-9]\d*)")
GRID = re.compile(r"[Rr]([1-9]\d*)[Cc]([1-9]\d*)(?::[Rr]([1-9]\d*)[Cc]([1-9]\d*))?")
PLAIN_TITLE = re.compile(r"[A-Za-z_\u00c0-\u024f\u3400-\u9fff][\w\u3400-\u9fff]*")
LOOKS_LIKE_CELL = re.compile(r"[A-Za-z]{1,3}\d*|[Rr]\d*[Cc]\d*")


@dataclass(frozen=True)
class Box:
    """A half-open, zero-based rectangle of cells; a side that is None goes on to the edge of the grid."""

    top: int = 0
    left: int = 0
    bottom: int | None = None
    right: int | None = None

    def clipped(self, rows: int, columns: int) -> Box:
        bottom = rows if self.bottom is None else min(self.bottom, rows)
        right = columns if self.right is None else min(self.right, columns)
        return Box(self.top, self.left, bottom, right)

    @property
    def is_cell(self) -> bool:
        return self.bottom == self.top + 1 and self.right == self.left + 1

    def meets(self, other: Box) -> bool:
        return _overlap(self.top, self.bottom, other.top, other.bottom) and _overlap(self.left, self.right, other.left, other.right)

    def holds(self, row: int, column: int) -> bool:
        return self.meets(Box(row, column, row + 1, column + 1))

    @classmethod
    def of(cls, grid_range: dict[str, Any]) -> Box:
        return cls(
            grid_range.get("startRowIndex", 0),
            grid_range.get("startColumnIndex", 0),
            grid_range.get("endRowIndex"),
            grid_range.get("endColumnIndex"),
        )


def _overlap(start: int, end: int | None, other_start: int, other_end: int | None) -> bool:
    return (end is None or other_start < end) and (other_end is None or start < other_end)


def letters(column: int) -> str:
    """Zero-based column number to letters: 0 is A, 26 is AA."""
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def number(text: str) -> int:
    """Letters to the zero-based column number."""
    total = 0
    for letter in text.upper():
        total = total * 26 + ord(letter) - 64
    return total - 1


def split(text: str) -> tuple[str | None, bool, str]:
    """(sheet title or None, whether it was quoted, the rest) of an address."""
    if text.startswith("'"):
        found = re.fullmatch(r"'((?:[^']|'')*)'(?:!(.*))?", text, re.DOTALL)
        if not found:
            raise ValueError(text)
        return found[1].replace("''", "'"), True, found[2] or ""
    title, mark, rest = text.rpartition("!")
    return (title, False, rest) if mark else (None, False, rest)


def box(text: str) -> Box | None:
    """The cells an address without a sheet names; None when it is not one."""
    if found := GRID.fullmatch(text):
        top, left, bottom, right = (int(part) if part else None for part in found.groups())
        assert top and left
        return _ordered((top - 1, left - 1), ((bottom or top) - 1, (right or left) - 1))
    parts = text.split(":")
    corners = [CELL.fullmatch(part) for part in parts]
    if len(parts) > 2 or not all(corners):
        return None
    points = [_point(found) for found in corners if found]
    if len(points) == 1:
        return None if None in points[0] else _ordered(points[0], points[0])
    return _ordered(*points)


def _point(found: re.Match[str]) -> tuple[int | None, int | None]:
    column, row = found[1] or found[3], found[2] or found[4]
    return int(row) - 1 if row else None, number(column) if column else None


def _ordered(one: tuple[int | None, int | None], other: tuple[int | None, int | None]) -> Box | None:
    top, bottom = _side(one[0], other[0])
    left, right = _side(one[1], other[1])
    if (one[1] is None and other[1] is not None) or (one[0] is None and other[0] is not None and one[1] is None):
        return None
    return Box(top, left, bottom, right)


def _side(one: int | None, other: int | None) -> tuple[int, int | None]:
    known = sorted(part for part in (one, other) if part is not None)
    if not known:
        return 0, None
    return known[0], known[1] + 1 if len(known) == 2 else None


def quoted(title: str) -> str:
    """The title as Google echoes it: quoted only when it must be."""
    plain = PLAIN_TITLE.fullmatch(title) and not (LOOKS_LIKE_CELL.fullmatch(title) and any(letter.isdigit() for letter in title))
    return title if plain else "'" + title.replace("'", "''") + "'"


def written(title: str, area: Box) -> str:
    """An area with all four sides as an address: `Sheet1!A1:B2`."""
    assert area.bottom is not None and area.right is not None
    first = f"{letters(area.left)}{area.top + 1}"
    last = f"{letters(max(area.right - 1, area.left))}{max(area.bottom, area.top + 1)}"
    return f"{quoted(title)}!{first}" + ("" if first == last else f":{last}")
