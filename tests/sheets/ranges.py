"""From addresses and grid ranges to the cells they name in a book, and how things that lie on ranges move when lines do."""

from __future__ import annotations

from typing import Any

from tests.sheets import a1
from tests.sheets.a1 import Box
from tests.sheets.book import Book, Sheet
from tests.sheets.refusals import Json, Refused, invalid

SIDES = {"ROWS": ("startRowIndex", "endRowIndex"), "COLUMNS": ("startColumnIndex", "endColumnIndex")}


def found(book: Book, text: str) -> tuple[Sheet, Box]:
    """The sheet and cells an address names; the box still has open sides where the address has."""
    try:
        title, was_quoted, rest = a1.split(text)
    except ValueError as trouble:
        raise unreadable(text) from trouble
    if title is None:
        return _bare(book, text)
    sheet = book.titled(title)
    if sheet is None:
        raise unreadable(text)
    if not rest and was_quoted:
        return sheet, Box()
    box = a1.box(rest) or _named_box(book, rest)
    if box is None:
        raise unreadable(text)
    return sheet, within(sheet, box)


def _bare(book: Book, text: str) -> tuple[Sheet, Box]:
    for named in book.named:
        if named["name"].casefold() == text.casefold():
            return book.sheet(named["range"].get("sheetId", 0)), Box.of(named["range"])
    box = a1.box(text)
    if box is not None:
        sheet = book.first_visible()
        return sheet, within(sheet, box)
    sheet_titled = book.titled(text)
    if sheet_titled is None:
        raise unreadable(text)
    return sheet_titled, Box()


def _named_box(book: Book, name: str) -> Box | None:
    return next((Box.of(named["range"]) for named in book.named if named["name"].casefold() == name.casefold()), None)


def unreadable(text: str) -> Refused:
    return invalid(f"Unable to parse range: {text}")


def within(sheet: Sheet, box: Box) -> Box:
    """The box, if it starts inside the grid."""
    if box.top >= len(sheet.rows) or box.left >= len(sheet.columns):
        raise outside(sheet, box)
    return box


def outside(sheet: Sheet, box: Box) -> Refused:
    shown = a1.written(sheet.title, Box(box.top, box.left, box.bottom or box.top + 1, box.right or box.left + 1))
    return invalid(f"Range ({shown}) exceeds grid limits. Max rows: {len(sheet.rows)}, max columns: {len(sheet.columns)}")


def of_grid(book: Book, grid_range: Json, where: str) -> tuple[Sheet, Box]:
    """The sheet and the cells of a GridRange, which must lie in the grid."""
    sheet = book.sheet(grid_range.get("sheetId") or 0, where)
    box = Box.of({side: value for side, value in grid_range.items() if value is not None})
    for start, end, most, name in (
        (box.top, box.bottom, len(sheet.rows), "row"),
        (box.left, box.right, len(sheet.columns), "column"),
    ):
        if (end is not None and (end <= start or end > most)) or start >= most:
            raise invalid(
                f"Invalid {where}: GridRange with {name} indices [{start}, {'' if end is None else end}) is not valid or"
                f" exceeds grid limits. Max rows: {len(sheet.rows)}, max columns: {len(sheet.columns)}"
            )
    return sheet, sheet.area(box)


def lines_of(book: Book, dimension_range: Json, where: str) -> tuple[Sheet, str, int, int]:
    """(sheet, ROWS or COLUMNS, start, end) of a DimensionRange that lies in the grid."""
    sheet = book.sheet(dimension_range.get("sheetId") or 0, where)
    dimension = dimension_range.get("dimension")
    if dimension not in SIDES:
        raise invalid(f"Invalid {where}: No dimension specified.")
    most = len(sheet.lines(dimension))
    start, end = dimension_range.get("startIndex") or 0, dimension_range.get("endIndex")
    end = most if end is None else end
    if end <= start:
        raise invalid(f"Invalid {where}: endIndex[{end}] must be greater than startIndex[{start}]")
    return sheet, dimension, start, end


def shifted(thing: Any, sheet_id: int, dimension: str, at: int, by: int) -> Any:
    """A thing on ranges after lines were put in (`by` > 0) or taken out at a place; None where nothing of it is left."""
    if isinstance(thing, list):
        moved = [shifted(item, sheet_id, dimension, at, by) for item in thing]
        return [item for item in moved if item is not None]
    if not isinstance(thing, dict):
        return thing
    start, end = SIDES[dimension]
    if (start in thing or end in thing) and thing.get("sheetId", 0) == sheet_id:
        return _moved(thing, start, end, at, by)
    parts = {name: shifted(value, sheet_id, dimension, at, by) for name, value in thing.items()}
    lost = any(parts[name] is None and thing[name] is not None for name in parts) or ("ranges" in thing and not parts["ranges"])
    return None if lost else parts


def _moved(grid_range: Json, start: str, end: str, at: int, by: int) -> Json | None:
    first, last = grid_range.get(start, 0), grid_range.get(end)
    new = dict(grid_range)
    new[start] = _side(first, at, by)
    if last is not None:
        new[end] = _side(last, at, by) if by < 0 or last > at else last
        if new[end] <= new[start]:
            return None
    return new


def _side(place: int, at: int, by: int) -> int:
    if by > 0:
        return place + by if place >= at else place
    return max(at, place + by) if place > at else place
