"""Batch requests that change cells: updateCells, repeatCell, appendCells, setDataValidation, findReplace, cutPaste and copyPaste."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from tests.sheets import masks
from tests.sheets.a1 import Box
from tests.sheets.book import BLANK, Book, Line, Sheet
from tests.sheets.caller import Caller, guard
from tests.sheets.cells import EMPTY, Cell, Formula, written
from tests.sheets.formulas import result
from tests.sheets.masks import Mask
from tests.sheets.ranges import of_grid, outside
from tests.sheets.references import carried
from tests.sheets.refusals import Json, invalid
from tests.sheets.showing import shown


def mask_of(request: Json, where: str) -> Mask:
    """The `fields` of an update, which must name something."""
    if not request.get("fields"):
        raise invalid(f"Invalid {where}: At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)")
    return masks.parse(request["fields"])


def update_cells(book: Book, caller: Caller, request: Json, where: str) -> Json:
    mask, rows = mask_of(request, where), request.get("rows") or []
    if (request.get("start") is None) == (request.get("range") is None):
        raise invalid(f"Invalid {where}: Must specify exactly one of 'start' and 'range'.")
    height, width = len(rows), max((len(row.get("values") or []) for row in rows), default=0)
    if request.get("range") is not None:
        sheet, area = of_grid(book, request["range"], where)
    else:
        sheet, area = _from_start(book, request["start"], height, width, where)
    guard(caller, sheet, area, where)
    _put(sheet, area, rows, mask, where, fill=request.get("range") is not None)
    return {}


def _from_start(book: Book, start: Json, height: int, width: int, where: str) -> tuple[Sheet, Box]:
    sheet = book.sheet(start.get("sheetId") or 0, where)
    top, left = start.get("rowIndex") or 0, start.get("columnIndex") or 0
    if top + height > len(sheet.rows) or left + width > len(sheet.columns):
        last = outside(sheet, Box(top + max(height, 1) - 1, left + max(width, 1) - 1))
        raise invalid(f"Invalid {where}: {last.message}")
    return sheet, Box(top, left, top + height, left + width)


def _put(sheet: Sheet, area: Box, rows: list[Json], mask: Mask, where: str, fill: bool) -> None:
    """Write rows of CellData; with `fill`, the cells of the area without data lose the masked fields."""
    assert area.bottom is not None and area.right is not None
    for place, row in enumerate(range(area.top, area.bottom)):
        data = (rows[place].get("values") or []) if place < len(rows) else []
        if len(data) > area.right - area.left:
            raise invalid(
                f"Invalid {where}: Attempting to write column: {area.right}, beyond the last requested column of: {area.right - 1}"
            )
        padded = data + [{}] * (area.right - area.left - len(data) if fill else 0)
        line = sheet.rows[row]
        new = [written(line.cell(area.left + at), given, mask, where) for at, given in enumerate(padded)]
        if new:
            sheet.put(row, area.left, new)


def repeat_cell(book: Book, caller: Caller, request: Json, where: str) -> Json:
    mask = mask_of(request, where)
    sheet, area = of_grid(book, request.get("range") or {}, where)
    guard(caller, sheet, area, where)
    each_cell(sheet, area, lambda cell: written(cell, request.get("cell") or {}, mask, where))
    return {}


def each_cell(sheet: Sheet, area: Box, change: Callable[[Cell], Cell]) -> None:
    """Change every cell of an area; rows that are one and the same object, as blank ones are, are changed once."""
    assert area.bottom is not None and area.right is not None
    changed: dict[int, tuple[Line, Line]] = {}
    for row in range(area.top, area.bottom):
        line = sheet.rows[row]
        if id(line) not in changed:
            cells = [change(line.cell(column)) for column in range(area.left, area.right)]
            changed[id(line)] = line, line.with_cells(area.left, cells)
        sheet.rows[row] = changed[id(line)][1]


def append_cells(book: Book, caller: Caller, request: Json, where: str) -> Json:
    """Put rows after the last row with data, growing the grid where it must."""
    mask, rows = mask_of(request, where), request.get("rows") or []
    sheet = book.sheet(request.get("sheetId") or 0, where)
    last = max((place for place, line in enumerate(sheet.rows) if any(cell.value is not None for cell in line.cells)), default=-1)
    width = max((len(row.get("values") or []) for row in rows), default=0)
    sheet.rows.extend([BLANK] * (last + 1 + len(rows) - len(sheet.rows)))
    sheet.columns.extend([BLANK] * (width - len(sheet.columns)))
    book.check_size()
    area = Box(last + 1, 0, last + 1 + len(rows), width)
    guard(caller, sheet, area, where)
    _put(sheet, area, rows, mask, where, fill=False)
    return {}


def set_validation(book: Book, caller: Caller, request: Json, where: str) -> Json:
    """Set or remove a rule; the values that are there, and those written later by the API, are not held to it."""
    sheet, area = of_grid(book, request.get("range") or {}, where)
    guard(caller, sheet, area, where)
    each_cell(sheet, area, lambda cell: replace(cell, validation=request.get("rule")))
    return {}


def find_replace(book: Book, caller: Caller, request: Json, where: str) -> Json:
    """Replace text in a range, a tab or everywhere; the counts say what was changed."""
    if not request.get("find"):
        raise invalid(f"Invalid {where}: find must be set")
    pattern = _pattern(request)
    replacement = request.get("replacement") or ""
    text = replacement if request.get("searchByRegex") else replacement.replace("\\", "\\\\")
    hits: list[tuple[int, int, bool, int]] = []
    for sheet, area in _searched(book, request, where):
        for row, column, cell in _filled(sheet, area):
            new, times = _replaced(book, sheet, row, column, cell, pattern, text, bool(request.get("includeFormulas")))
            if times:
                guard(caller, sheet, Box(row, column, row + 1, column + 1), where)
                sheet.put(row, column, [new])
                hits.append((sheet.sheet_id, row, isinstance(cell.value, Formula), times))
    return {"findReplace": _found_counts(hits)}


def _pattern(request: Json) -> re.Pattern[str]:
    text = request["find"] if request.get("searchByRegex") else re.escape(request["find"])
    whole = rf"\A(?:{text})\Z" if request.get("matchEntireCell") else text
    return re.compile(whole, 0 if request.get("matchCase") else re.IGNORECASE)


def _searched(book: Book, request: Json, where: str) -> list[tuple[Sheet, Box]]:
    if request.get("allSheets"):
        return [(sheet, sheet.area(Box())) for sheet in book.sheets]
    if request.get("range") is not None:
        return [of_grid(book, request["range"], where)]
    if request.get("sheetId") is None:
        raise invalid(f"Invalid {where}: Must specify one of 'range', 'sheetId' and 'allSheets'.")
    sheet = book.sheet(request["sheetId"], where)
    return [(sheet, sheet.area(Box()))]


def _filled(sheet: Sheet, area: Box) -> Iterator[tuple[int, int, Cell]]:
    assert area.bottom is not None and area.right is not None
    for row in range(area.top, area.bottom):
        for column, cell in enumerate(sheet.rows[row].cells[: area.right]):
            if column >= area.left and cell.value is not None:
                yield row, column, cell


def _replaced(
    book: Book, sheet: Sheet, row: int, column: int, cell: Cell, pattern: re.Pattern[str], text: str, formulas: bool
) -> tuple[Cell, int]:
    if isinstance(cell.value, Formula):
        new, times = pattern.subn(text, cell.value) if formulas else (cell.value, 0)
        return cell.entering(Formula(new)), times
    new, times = pattern.subn(text, shown(cell, result(book, sheet, row, column)))
    return cell.entering(new or None), times


def _found_counts(hits: list[tuple[int, int, bool, int]]) -> Json:
    counts: dict[str, Any] = {
        "valuesChanged": sum(not formula for _, _, formula, _ in hits),
        "formulasChanged": sum(formula for _, _, formula, _ in hits),
        "rowsChanged": len({(sheet, row) for sheet, row, _, _ in hits}),
        "sheetsChanged": len({sheet for sheet, _, _, _ in hits}),
        "occurrencesChanged": sum(times for _, _, _, times in hits),
    }
    return {name: count for name, count in counts.items() if count}


def cut_paste(book: Book, caller: Caller, request: Json, where: str) -> Json:
    """Move cells to another place; row metadata stays where it was."""
    source, area = of_grid(book, request["source"], where)
    target = book.sheet(request["destination"].get("sheetId") or 0, where)
    guard(caller, source, area, where)
    taken = copied(source, area)
    each_cell(source, area, lambda cell: EMPTY)
    _paste(caller, target, request["destination"], taken, where)
    return {}


def copy_paste(book: Book, caller: Caller, request: Json, where: str) -> Json:
    source, area = of_grid(book, request["source"], where)
    target, to = of_grid(book, request["destination"], where)
    cells = [[carried(cell, to.top - area.top) for cell in row] for row in copied(source, area)]
    _paste(caller, target, {"rowIndex": to.top, "columnIndex": to.left}, cells, where)
    return {}


def copied(sheet: Sheet, area: Box) -> list[list[Cell]]:
    assert area.bottom is not None and area.right is not None
    return [[sheet.cell(row, column) for column in range(area.left, area.right)] for row in range(area.top, area.bottom)]


def _paste(caller: Caller, sheet: Sheet, at: Json, cells: list[list[Cell]], where: str) -> None:
    top, left = at.get("rowIndex") or 0, at.get("columnIndex") or 0
    area = Box(top, left, top + len(cells), left + max(map(len, cells)))
    if top + len(cells) > len(sheet.rows) or left + len(cells[0]) > len(sheet.columns):
        raise invalid(f"Invalid {where}: {outside(sheet, area).message}")
    guard(caller, sheet, area, where)
    for row, line in enumerate(cells, top):
        sheet.put(row, left, line)
