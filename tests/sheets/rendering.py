"""A book as the Spreadsheet resource: properties, tabs, what lies on them, and grid data, with zeros left out as protobuf does."""

from __future__ import annotations

from typing import Any

from tests.sheets import masks
from tests.sheets.a1 import Box
from tests.sheets.anchors import as_json, on_line
from tests.sheets.book import Book, Line, Sheet
from tests.sheets.caller import Caller, may_edit
from tests.sheets.cells import EMPTY, editable, result_json
from tests.sheets.discovery import api
from tests.sheets.formulas import result
from tests.sheets.masks import Mask
from tests.sheets.refusals import Json
from tests.sheets.showing import shown
from tests.sheets.spilling import entered, spread

DEFAULT_FORMAT = {"backgroundColor": {"red": 1, "green": 1, "blue": 1}, "verticalAlignment": "BOTTOM", "wrapStrategy": "OVERFLOW_CELL"}
DROPPED = {
    "sheetId",
    "frozenRowCount",
    "frozenColumnCount",
    "hideGridlines",
    "rowGroupControlAfter",
    "columnGroupControlAfter",
    "warningOnly",
}
DROPPED |= {"requestingUserCanEdit", "hidden", "rightToLeft", "startRow", "startColumn", "hiddenByUser", "hiddenByFilter", "description"}
"""Members that are left out when nought, false or empty; the others, such as `startRowIndex`, are given even then."""
EFFECTIVE = {"effectiveValue", "formattedValue"}
CELL = tuple(api("sheets.v4").schemas["CellData"]["properties"])
PIXELS = {"ROWS": 21, "COLUMNS": 100}
Areas = list[tuple[Sheet, Box]]


def spreadsheet(book: Book, caller: Caller, mask: Mask, areas: Areas | None = None, with_data: bool = False) -> Json:
    """The whole resource, cut to the mask; with `areas` only their tabs, and their cells one after another."""
    if mask:
        with_data = masks.wants(mask, "sheets", "data")
    chosen = book.sheets if not areas else [sheet for sheet in book.sheets if any(of is sheet for of, _ in areas)]
    answer: Json = {
        "spreadsheetId": book.spreadsheet_id,
        "properties": book_properties(book),
        "sheets": [_sheet(book, caller, sheet, mask, areas, with_data) for sheet in chosen],
        "spreadsheetUrl": f"https://docs.google.com/spreadsheets/d/{book.spreadsheet_id}/edit",
    }
    if book.named:
        answer["namedRanges"] = [without_zeros(named) for named in book.named]
    whole = [as_json(book, one) for one in book.metadata.values() if one.kind == "SPREADSHEET"]
    if whole:
        answer["developerMetadata"] = whole
    kept = masks.keep(answer, mask)
    return dict(kept)


def book_properties(book: Book) -> Json:
    return {
        "title": book.title,
        "locale": book.locale,
        "autoRecalc": "ON_CHANGE",
        "timeZone": book.time_zone,
        "defaultFormat": DEFAULT_FORMAT,
        **book.properties,
    }


def sheet_properties(book: Book, sheet: Sheet) -> Json:
    """SheetProperties: `sheetId` and `index` are given even when nought."""
    grid = {"rowCount": len(sheet.rows), "columnCount": len(sheet.columns), **sheet.properties.get("gridProperties", {})}
    own = {name: value for name, value in sheet.properties.items() if name != "gridProperties"}
    groups = {"rowGroupControlAfter": "rowGroups", "columnGroupControlAfter": "columnGroups"}
    grid |= {name: True for name, lying in groups.items() if lying in sheet.lying}
    index = next(place for place, other in enumerate(book.sheets) if other is sheet)
    return {
        "sheetId": sheet.sheet_id,
        "title": sheet.title,
        "index": index,
        "sheetType": "GRID",
        **without_zeros({"gridProperties": grid, **own}),
    }


def without_zeros(value: Any) -> Any:
    """The value without the members that protobuf leaves out."""
    if isinstance(value, list):
        return [without_zeros(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: without_zeros(item) for name, item in value.items() if item or (name not in DROPPED and item is not None)}


def _sheet(book: Book, caller: Caller, sheet: Sheet, mask: Mask, areas: Areas | None, with_data: bool) -> Json:
    answer: Json = {"properties": sheet_properties(book, sheet)}
    for name, things in sheet.lying.items():
        if things:
            shown_things = [protection(caller, thing) for thing in things] if name == "protectedRanges" else things
            answer[name] = without_zeros(shown_things)
    if sheet.basic_filter is not None:
        answer["basicFilter"] = without_zeros(sheet.basic_filter)
    own = [as_json(book, one) for one in book.metadata.values() if one.kind == "SHEET" and one.sheet_id == sheet.sheet_id]
    if own:
        answer["developerMetadata"] = own
    if with_data:
        boxes = [box for of, box in areas if of is sheet] if areas else [Box()]
        answer["data"] = [_grid(book, sheet, box, masks.below(mask, "sheets", "data")) for box in boxes]
    return answer


def protection(caller: Caller, thing: Json) -> Json:
    """A protected range as this caller sees it: whether they may edit, and the editors only if they may."""
    allowed = may_edit(caller, thing)
    shown_part = {name: value for name, value in thing.items() if name != "editors" or allowed}
    return {**shown_part, **({"requestingUserCanEdit": True} if allowed else {})}


def _grid(book: Book, sheet: Sheet, box: Box, mask: Mask) -> Json:
    """GridData of an area, cut to its mask row by row."""
    area = sheet.area(box)
    assert area.bottom is not None and area.right is not None
    answer: Json = without_zeros({"startRow": area.top, "startColumn": area.left})
    if masks.wants(mask, "rowMetadata"):
        answer["rowMetadata"] = [_line(book, sheet, "ROWS", row) for row in range(area.top, area.bottom)]
    if masks.wants(mask, "columnMetadata"):
        answer["columnMetadata"] = [_line(book, sheet, "COLUMNS", column) for column in range(area.left, area.right)]
    rows = _rows(book, sheet, area, masks.below(mask, "rowData", "values")) if masks.wants(mask, "rowData") else []
    return masks.Cut({**masks.keep(answer, mask), **({"rowData": rows} if rows else {})})


def _rows(book: Book, sheet: Sheet, area: Box, mask: Mask) -> list[Json]:
    """RowData, the empty rows at the end left out."""
    assert area.bottom is not None
    wanted = _members(mask)
    sheet = spread(book, sheet) if not wanted.keys().isdisjoint(EFFECTIVE) else sheet
    rows = [_row(book, sheet, row, area, wanted) for row in range(area.top, area.bottom)]
    while rows and not rows[-1]:
        rows.pop()
    return rows


def _members(mask: Mask) -> dict[str, Mask]:
    """What is wanted of each cell: the members of CellData, each with the mask below it."""
    return mask if mask and "*" not in mask else {name: {} for name in CELL}


def _row(book: Book, sheet: Sheet, row: int, area: Box, wanted: dict[str, Mask]) -> Json:
    line = sheet.rows[row]
    assert area.right is not None
    cells = [cell_data(book, sheet, row, column, wanted) for column in range(area.left, min(area.right, len(line.cells)))]
    while cells and not cells[-1]:
        cells.pop()
    return {"values": cells} if cells else {}


def cell_data(book: Book, sheet: Sheet, row: int, column: int, wanted: dict[str, Mask]) -> Json:
    """CellData with only the members that are wanted, for a large tab is mostly members nobody asked for."""
    cell = sheet.cell(row, column)
    if cell is EMPTY:
        return {}
    data = editable(entered(cell)) if not wanted.keys() <= EFFECTIVE else {}
    if cell.value is not None and not wanted.keys().isdisjoint(EFFECTIVE):
        outcome = result(book, sheet, row, column)
        data["effectiveValue"] = result_json(outcome)
        data["formattedValue"] = shown(cell, outcome) if "formattedValue" in wanted else None
    if "effectiveFormat" in wanted and (cell.value is not None or cell.format):
        data["effectiveFormat"] = {**DEFAULT_FORMAT, **(cell.format or {})}
    return {name: masks.keep(value, wanted[name]) for name, value in data.items() if value is not None and name in wanted}


def _line(book: Book, sheet: Sheet, dimension: str, place: int) -> Json:
    line: Line = sheet.lines(dimension)[place]
    own = [as_json(book, one) for one in on_line(book, sheet, line)]
    answer = {"pixelSize": line.pixels or PIXELS[dimension], "hiddenByUser": line.hidden, "hiddenByFilter": line.filtered}
    return {**without_zeros(answer), **({"developerMetadata": own} if own else {})}
