"""The values routes: get, update, append, clear and their batches, trimming, counting and refusing as Google does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.sheets import a1
from tests.sheets.a1 import Box
from tests.sheets.book import BLANK, Book, Sheet
from tests.sheets.caller import Caller, guard
from tests.sheets.cells import Formula, Wrong, plain_number
from tests.sheets.formulas import result
from tests.sheets.ranges import found, outside
from tests.sheets.refusals import Json, bad_fields, invalid
from tests.sheets.showing import is_date, shown
from tests.sheets.spilling import entered, spread
from tests.sheets.typed import raw, typed

Grid = list[list[Any]]


def read(book: Book, sheet: Sheet, box: Box, asked: Json) -> Json:
    """A ValueRange: the address made plain, trailing blanks cut off, no `values` where there are none."""
    area, sheet = sheet.area(box), spread(book, sheet)
    assert area.bottom is not None and area.right is not None
    grid = [
        [seen(book, sheet, row, column, asked) for column in range(area.left, min(area.right, len(sheet.rows[row].cells)))]
        for row in range(area.top, area.bottom)
    ]
    major = asked.get("majorDimension") or "ROWS"
    values = trimmed(turned(grid) if major == "COLUMNS" else grid)
    return {"range": a1.written(sheet.title, area), "majorDimension": major, **({"values": values} if values else {})}


def seen(book: Book, sheet: Sheet, row: int, column: int, asked: Json) -> Any:
    """One cell by the render options."""
    cell = sheet.cell(row, column)
    if cell.value is None:
        return ""
    option = asked.get("valueRenderOption") or "FORMATTED_VALUE"
    if option == "FORMULA" and isinstance(entered(cell).value, Formula):
        return str(entered(cell).value)
    outcome = result(book, sheet, row, column)
    dated = is_date(cell) and (asked.get("dateTimeRenderOption") or "SERIAL_NUMBER") == "FORMATTED_STRING"
    if option == "FORMATTED_VALUE" or (dated and isinstance(outcome, int | float) and option == "UNFORMATTED_VALUE"):
        return shown(cell, outcome)
    if isinstance(outcome, Wrong):
        return str(outcome)
    return plain_number(outcome) if isinstance(outcome, float) else "" if outcome is None else outcome


def trimmed(grid: Grid) -> Grid:
    short = [_cut(row) for row in grid]
    while short and not short[-1]:
        short.pop()
    return short


def _cut(row: list[Any]) -> list[Any]:
    end = len(row)
    while end and (row[end - 1] is None or row[end - 1] == ""):
        end -= 1
    return row[:end]


def turned(grid: Grid, gap: Any = "") -> Grid:
    width = max(map(len, grid), default=0)
    return [[row[column] if column < len(row) else gap for row in grid] for column in range(width)]


def given(value_range: Json) -> Grid:
    """The rows of a ValueRange; every row must be a list."""
    values = value_range.get("values") or []
    for row in values:
        if not isinstance(row, list):
            text = f"Invalid value at 'data.values' (type.googleapis.com/google.protobuf.ListValue), \"{row}\""
            raise bad_fields([("data.values", text)])
    return turned(values, None) if value_range.get("majorDimension") == "COLUMNS" else values


def write(book: Book, caller: Caller, sheet: Sheet, box: Box, value_range: Json, asked: Json, where: str) -> Json:
    """Write rows from the top left of a box; an UpdateValuesResponse."""
    grid = given(value_range)
    option = asked.get("valueInputOption")
    if not option or option == "INPUT_VALUE_OPTION_UNSPECIFIED":
        raise invalid("'valueInputOption' is required but not specified")
    area = _target(sheet, box, grid)
    guard(caller, sheet, area, where)
    for place, row in enumerate(grid):
        line = sheet.rows[area.top + place]
        olds = [line.cell(area.left + column) for column in range(len(row))]
        pairs = zip(olds, row, strict=True)
        new = [old if value is None else raw(old, value) if option == "RAW" else typed(old, value, book.locale) for old, value in pairs]
        if row:
            sheet.put(area.top + place, area.left, new)
    return _counted(book, sheet, area, grid, asked)


def _target(sheet: Sheet, box: Box, grid: Grid) -> Box:
    """The cells that the rows would fill, checked against the box asked for and the grid."""
    height, width = len(grid), max(map(len, grid), default=0)
    bottom, right = box.top + max(height, 1), box.left + max(width, 1)
    title = a1.quoted(sheet.title)
    if not box.is_cell:
        over_column, over_row = box.right is not None and right > box.right, box.bottom is not None and bottom > box.bottom
        if over_column or over_row:
            last = f"column [{a1.letters(box.right or 0)}]" if over_column else f"row [{(box.bottom or 0) + 1}]"
            raise invalid(f"Requested writing within range [{_echo(title, sheet, box)}], but tried writing to {last}")
    if bottom > len(sheet.rows) or right > len(sheet.columns):
        raise outside(sheet, Box(bottom - 1, right - 1))
    return Box(box.top, box.left, bottom, right)


def _echo(title: str, sheet: Sheet, box: Box) -> str:
    return f"'{sheet.title}'!" + a1.written(sheet.title, sheet.area(box)).removeprefix(f"{title}!")


def _counted(book: Book, sheet: Sheet, area: Box, grid: Grid, asked: Json) -> Json:
    """How much was written; a null is not counted."""
    told = [(row, column) for row, values in enumerate(grid) for column, value in enumerate(values) if value is not None]
    counts = {
        "updatedRows": len({row for row, _ in told}),
        "updatedColumns": len({column for _, column in told}),
        "updatedCells": len(told),
    }
    answer: Json = {"spreadsheetId": book.spreadsheet_id, "updatedRange": a1.written(sheet.title, area)}
    answer |= {name: count for name, count in counts.items() if count}
    if asked.get("includeValuesInResponse"):
        answer["updatedData"] = read(book, sheet, area, rendered(asked))
    return answer


def rendered(asked: Json) -> Json:
    """The render options of a write's answer, named as those of a read."""
    return {
        "valueRenderOption": asked.get("responseValueRenderOption"),
        "dateTimeRenderOption": asked.get("responseDateTimeRenderOption"),
    }


def batch(book: Book, caller: Caller, body: Json) -> Json:
    responses = []
    for place, part in enumerate(body.get("data") or []):
        sheet, box = found(book, part.get("range") or "")
        responses.append(write(book, caller, sheet, box, part, body, f"data[{place}]"))
    return {"spreadsheetId": book.spreadsheet_id, **totals(book, responses, body.get("data") or []), "responses": responses}


def totals(book: Book, responses: list[Json], data: list[Json]) -> Json:
    """The sums over the answers of a batch, a row or column written twice counted once, those of nought left out."""
    told = [(sheet.title, *cell) for response, part in zip(responses, data, strict=True) for sheet, cell in _told(book, response, part)]
    sums = {
        "totalUpdatedRows": len({(title, row) for title, row, _ in told}),
        "totalUpdatedColumns": len({(title, column) for title, _, column in told}),
        "totalUpdatedCells": len(told),
        "totalUpdatedSheets": len({title for title, _, _ in told}),
    }
    return {name: total for name, total in sums.items() if total}


def _told(book: Book, response: Json, part: Json) -> Iterator[tuple[Sheet, tuple[int, int]]]:
    """The cells a part of a batch wrote."""
    sheet, box = found(book, response["updatedRange"])
    for row, values in enumerate(given(part), box.top):
        yield from ((sheet, (row, column)) for column, value in enumerate(values, box.left) if value is not None)


def clear(caller: Caller, sheet: Sheet, box: Box, where: str) -> str:
    """Empty the values of a box, leaving formats and notes; the address cleared."""
    area = sheet.area(box)
    assert area.bottom is not None and area.right is not None
    guard(caller, sheet, area, where)
    for row in range(area.top, area.bottom):
        line = sheet.rows[row]
        if line.cells[area.left : area.right]:
            sheet.put(row, area.left, [cell.entering(None) for cell in line.cells[area.left : area.right]])
    return a1.written(sheet.title, area)


def append(book: Book, caller: Caller, sheet: Sheet, box: Box, value_range: Json, asked: Json) -> Json:
    """Put rows below the table that touches the range, at that table's left edge; grows the grid where it must."""
    grid = given(value_range)
    table = _table(sheet, sheet.area(box), first=box.bottom is not None)
    top, left = (table.bottom, table.left) if table else (box.top, box.left)
    assert top is not None
    width = left + max(map(len, grid), default=0)
    if asked.get("insertDataOption") == "INSERT_ROWS":
        sheet.rows[top:top] = [BLANK] * len(grid)
    sheet.rows.extend([BLANK] * (top + len(grid) - len(sheet.rows)))
    sheet.columns.extend([BLANK] * (width - len(sheet.columns)))
    book.check_size()
    updates = write(book, caller, sheet, Box(top, left), value_range, asked, "data")
    found_table = {"tableRange": a1.written(sheet.title, table)} if table else {}
    return {"spreadsheetId": book.spreadsheet_id, **found_table, "updates": updates}


def _table(sheet: Sheet, area: Box, first: bool) -> Box | None:
    """The block of filled cells, connected also by corners, that the append goes under: the first in a bounded range, else the last."""
    blocks = [block for block in _blocks(sheet) if block.meets(Box(area.top, area.left, area.bottom, area.right))]
    if not blocks:
        return None
    return (
        min(blocks, key=lambda block: (block.top, block.left)) if first else max(blocks, key=lambda block: (block.bottom or 0, block.left))
    )


def _blocks(sheet: Sheet) -> list[Box]:
    """Every block of neighbouring filled cells."""
    filled = {(row, column) for row, line in enumerate(sheet.rows) for column, cell in enumerate(line.cells) if cell.value is not None}
    blocks = []
    while filled:
        edge, block = [filled.pop()], []
        while edge:
            row, column = edge.pop()
            block.append((row, column))
            near = {(row + down, column + along) for down in (-1, 0, 1) for along in (-1, 0, 1)} & filled
            filled -= near
            edge.extend(near)
        rows, columns = [row for row, _ in block], [column for _, column in block]
        blocks.append(Box(min(rows), min(columns), max(rows) + 1, max(columns) + 1))
    return blocks
