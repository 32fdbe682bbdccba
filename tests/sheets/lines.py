"""Rows and columns put in, taken out, moved, sorted, hidden: and what lies on them moving along."""

from __future__ import annotations

from dataclasses import replace

from tests.sheets import masks
from tests.sheets.a1 import Box
from tests.sheets.anchors import swept
from tests.sheets.book import BLANK, Book, Line, Sheet
from tests.sheets.caller import Caller, guard
from tests.sheets.cells import EMPTY
from tests.sheets.formulas import result
from tests.sheets.ranges import lines_of, of_grid, shifted
from tests.sheets.references import carried, readdressed
from tests.sheets.refusals import Json, invalid


def insert(book: Book, caller: Caller, request: Json, where: str) -> Json:
    sheet, dimension, start, end = lines_of(book, request["range"], where)
    if start > len(sheet.lines(dimension)):
        raise invalid(f"Invalid {where}: range.startIndex[{start}] is after the last line of the grid")
    if request.get("inheritFromBefore") and not start:
        raise invalid(f"Invalid {where}: inheritFromBefore cannot be true if inserting at the start")
    put_in(book, sheet, dimension, start, end - start)
    book.check_size()
    return {}


def put_in(book: Book, sheet: Sheet, dimension: str, at: int, many: int) -> None:
    sheet.lines(dimension)[at:at] = [BLANK] * many
    if dimension == "COLUMNS":
        sheet.rows = [_widened(line, at, many) for line in sheet.rows]
    _shift_all(book, sheet, dimension, at, many)


def _widened(line: Line, at: int, many: int) -> Line:
    if at >= len(line.cells):
        return line
    return replace(line, cells=line.cells[:at] + (EMPTY,) * many + line.cells[at:])


def delete(book: Book, caller: Caller, request: Json, where: str) -> Json:
    sheet, dimension, start, end = lines_of(book, request["range"], where)
    most = len(sheet.lines(dimension))
    if start >= most or end > most:
        kind = "row" if dimension == "ROWS" else "column"
        raise invalid(
            f"Invalid {where}: Cannot delete a {kind} that doesn't exist."
            f" Tried to delete {kind} index {end - 1} but there are only {most} {kind}s."
        )
    if end - start == most:
        raise invalid(f"Invalid {where}: You can't delete all the {dimension.lower()} on the sheet.")
    guard(caller, sheet, Box(start, 0, end) if dimension == "ROWS" else Box(0, start, None, end), where)
    take_out(book, sheet, dimension, start, end)
    return {}


def take_out(book: Book, sheet: Sheet, dimension: str, start: int, end: int) -> None:
    del sheet.lines(dimension)[start:end]
    if dimension == "COLUMNS":
        sheet.rows = [
            replace(line, cells=line.cells[:start] + line.cells[end:]) if len(line.cells) > start else line for line in sheet.rows
        ]
    _shift_all(book, sheet, dimension, start, start - end)
    swept(book)


def _shift_all(book: Book, sheet: Sheet, dimension: str, at: int, by: int) -> None:
    for name, things in sheet.lying.items():
        sheet.lying[name] = shifted(things, sheet.sheet_id, dimension, at, by)
    sheet.basic_filter = shifted(sheet.basic_filter, sheet.sheet_id, dimension, at, by)
    book.named = shifted(book.named, sheet.sheet_id, dimension, at, by)
    readdressed(book, sheet, dimension, at, by)


def append_lines(book: Book, caller: Caller, request: Json, where: str) -> Json:
    sheet, many = book.sheet(request.get("sheetId") or 0, where), request.get("length") or 0
    if many < 1:
        raise invalid(f"Invalid {where}: length must be greater than 0")
    sheet.lines(request.get("dimension") or "ROWS").extend([BLANK] * many)
    book.check_size()
    return {}


def move(book: Book, caller: Caller, request: Json, where: str) -> Json:
    sheet, dimension, start, end = lines_of(book, request["source"], where)
    to = request.get("destinationIndex") or 0
    if start < to < end:
        raise invalid(f"Invalid {where}: destinationIndex[{to}] is inside the source range")
    order = list(range(len(sheet.lines(dimension))))
    block = order[start:end]
    rest = order[:start] + order[end:]
    place = to if to <= start else to - len(block)
    order = rest[:place] + block + rest[place:]
    reordered(sheet, dimension, order)
    return {}


def reordered(sheet: Sheet, dimension: str, order: list[int]) -> None:
    """Put whole lines into another order; metadata goes along with its line."""
    lines = sheet.lines(dimension)
    lines[:] = [lines[place] for place in order]
    if dimension == "COLUMNS":
        sheet.rows = [replace(line, cells=tuple(line.cell(place) for place in order)) if line.cells else line for line in sheet.rows]


def sort(book: Book, caller: Caller, request: Json, where: str) -> Json:
    sheet, area = of_grid(book, request["range"], where)
    specs = request.get("sortSpecs") or []
    if not specs:
        raise invalid(f"Invalid {where}: Must specify at least one sortSpec")
    guard(caller, sheet, area, where)
    sort_area(book, sheet, area, [(spec.get("dimensionIndex") or 0, spec.get("sortOrder") == "DESCENDING") for spec in specs])
    return {}


def sort_area(book: Book, sheet: Sheet, area: Box, by: list[tuple[int, bool]]) -> None:
    """Sort the cells of an area; where it is as wide as the filled part of its rows, their metadata goes along."""
    assert area.bottom is not None and area.right is not None
    rows = list(range(area.top, area.bottom))
    for column, falling in reversed(by):
        full = [row for row in rows if _sort_key(book, sheet, row, column)[0] < 9]
        blank = [row for row in rows if _sort_key(book, sheet, row, column)[0] == 9]
        rows = sorted(full, key=lambda row: _sort_key(book, sheet, row, column), reverse=falling) + blank
    moved = [_carried(sheet.rows[row], place - row) for place, row in enumerate(rows, area.top)]
    whole = area.left == 0 and all(len(line.cells) <= area.right for line in moved)
    for place, line in enumerate(moved, area.top):
        sheet.rows[place] = line if whole else _with_part(sheet.rows[place], line, area)


def _carried(line: Line, down: int) -> Line:
    return replace(line, cells=tuple(carried(cell, down) for cell in line.cells)) if down and line.cells else line


def _with_part(here: Line, other: Line, area: Box) -> Line:
    assert area.right is not None
    return here.with_cells(area.left, [other.cell(column) for column in range(area.left, area.right)])


def _sort_key(book: Book, sheet: Sheet, row: int, column: int) -> tuple[int, float, str]:
    """Numbers, then text, then false and true, then errors; blanks last whichever way."""
    value = result(book, sheet, row, column)
    if value is None:
        return 9, 0, ""
    if isinstance(value, bool):
        return 3, float(value), ""
    if isinstance(value, int | float):
        return 1, float(value), ""
    return (2, 0, value.casefold()) if isinstance(value, str) else (4, 0, "")


def update_dimension(book: Book, caller: Caller, request: Json, where: str) -> Json:
    sheet, dimension, start, end = lines_of(book, request["range"], where)
    asked, mask = request.get("properties") or {}, masks.parse(request["fields"])
    lines = sheet.lines(dimension)
    for place in range(start, min(end, len(lines))):
        if masks.wants(mask, "hiddenByUser"):
            lines[place] = replace(lines[place], hidden=bool(asked.get("hiddenByUser")))
        if masks.wants(mask, "pixelSize"):
            lines[place] = replace(lines[place], pixels=asked.get("pixelSize") or 0)
    return {}
