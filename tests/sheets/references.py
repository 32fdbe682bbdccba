"""What happens to the addresses in formulas when a formula is moved, or when lines are put in or taken out under it."""

from __future__ import annotations

import re
from dataclasses import replace

from tests.sheets import a1
from tests.sheets.book import Book, Line, Sheet
from tests.sheets.cells import Cell, Formula

POINT = r"\$?[A-Za-z]{1,3}\$?[1-9]\d*|\$?[A-Za-z]{1,3}(?=:)|(?<=:)\$?[A-Za-z]{1,3}(?![\w(])"
REFERENCE = re.compile(rf"\"[^\"]*\"|(?P<tab>'(?:[^']|'')*'!|[^\W\d][\w.]*!)?(?P<points>(?:{POINT})(?::(?:{POINT}))?)(?![\w(!])")
PARTS = re.compile(r"(\$?)([A-Za-z]{0,3})(\$?)(\d*)")


def carried(cell: Cell, down: int) -> Cell:
    """A cell that was moved so many rows down by a sort or a paste: its relative addresses go along."""
    if not isinstance(cell.value, Formula) or not down:
        return cell
    return cell.entering(Formula(REFERENCE.sub(lambda found: _carried(found, down), cell.value)))


def _carried(found: re.Match[str], down: int) -> str:
    if found["points"] is None or found["tab"]:
        return found[0]
    return ":".join(_lowered(point, down) for point in found["points"].split(":"))


def _lowered(point: str, down: int) -> str:
    parts = PARTS.fullmatch(point)
    if parts is None or parts[3] or not parts[4]:
        return point
    return f"{parts[1]}{parts[2]}{int(parts[4]) + down}"


def readdressed(book: Book, changed: Sheet, dimension: str, at: int, by: int) -> None:
    """Set every formula right that looks at a tab in which lines were put in (`by` > 0) or taken out."""
    for sheet in book.sheets:
        for row, line in enumerate(sheet.rows):
            if any(isinstance(cell.value, Formula) for cell in line.cells):
                sheet.rows[row] = _line(line, sheet, changed, dimension, at, by)


def _line(line: Line, sheet: Sheet, changed: Sheet, dimension: str, at: int, by: int) -> Line:
    def moved(found: re.Match[str]) -> str:
        own = sheet is changed if not found["tab"] else a1.split(found["tab"] + "A1")[0] == changed.title
        if found["points"] is None or not own:
            return found[0]
        points = [_moved(point, dimension, at, by) for point in found["points"].split(":")]
        if None in points and len(points) == 2 and points != [None, None]:
            points = [point or _edge(found, end, dimension, at) for end, point in enumerate(points)]
        return (found["tab"] or "") + ("#REF!" if None in points else ":".join(map(str, points)))

    cells = (cell.entering(Formula(REFERENCE.sub(moved, cell.value))) if isinstance(cell.value, Formula) else cell for cell in line.cells)
    return replace(line, cells=tuple(cells))


def _moved(point: str, dimension: str, at: int, by: int) -> str | None:
    parts = PARTS.fullmatch(point)
    assert parts is not None
    if dimension == "ROWS":
        row = _place(int(parts[4]) - 1, at, by) + 1 if parts[4] else ""
        return None if row == 0 else f"{parts[1]}{parts[2]}{parts[3]}{row}"
    column = _place(a1.number(parts[2]), at, by) if parts[2] else 0
    return None if column < 0 else f"{parts[1]}{a1.letters(column)}{parts[3]}{parts[4]}"


def _edge(found: re.Match[str], end: int, dimension: str, at: int) -> str:
    """The end of a range whose own line was taken out: the line that is now there, or the one before."""
    parts = PARTS.fullmatch(found["points"].split(":")[end])
    assert parts is not None
    if dimension == "ROWS":
        return f"{parts[1]}{parts[2]}{parts[3]}{at + 1 - end}"
    return f"{parts[1]}{a1.letters(at - end)}{parts[3]}{parts[4]}"


def _place(place: int, at: int, by: int) -> int:
    """Where a line is afterwards; -1 when it was taken out."""
    if place < at:
        return place
    return -1 if by < 0 and place < at - by else place + by
