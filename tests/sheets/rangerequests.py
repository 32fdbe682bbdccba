"""Batch requests for what only lies on ranges and is given back: merges, groups, charts, filter views, bandings, widths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.sheets.a1 import Box
from tests.sheets.book import Book, Sheet
from tests.sheets.caller import Caller, guard
from tests.sheets.formulas import result
from tests.sheets.ranges import lines_of, of_grid
from tests.sheets.refusals import Json, invalid
from tests.sheets.rendering import without_zeros
from tests.sheets.showing import shown
from tests.sheets.tabrequests import Request, explicit, grid_range

LETTER = 8
"""Pixels a letter takes when a column is fitted to its text."""


def merge_cells(book: Book, caller: Caller, request: Json, where: str) -> Json:
    """Merge: the top left value stays, the others are lost; a merge that is met is undone first."""
    sheet, area = of_grid(book, request.get("range") or {}, where)
    guard(caller, sheet, area, where)
    _unmerge(sheet, area)
    for part in _parts(area, request.get("mergeType") or "MERGE_ALL"):
        _blank_all_but_first(sheet, part)
        sheet.things("merges").append(grid_range(sheet, part))
    return {}


def _parts(area: Box, kind: str) -> Iterator[Box]:
    assert area.bottom is not None and area.right is not None
    if kind == "MERGE_ROWS":
        yield from (replace(area, top=row, bottom=row + 1) for row in range(area.top, area.bottom))
    elif kind == "MERGE_COLUMNS":
        yield from (replace(area, left=column, right=column + 1) for column in range(area.left, area.right))
    else:
        yield area


def _blank_all_but_first(sheet: Sheet, area: Box) -> None:
    assert area.bottom is not None and area.right is not None
    for row in range(area.top, area.bottom):
        for column in range(area.left, area.right):
            if (row, column) != (area.top, area.left):
                sheet.put(row, column, [sheet.cell(row, column).entering(None)])


def unmerge_cells(book: Book, caller: Caller, request: Json, where: str) -> Json:
    sheet, area = of_grid(book, request.get("range") or {}, where)
    _unmerge(sheet, area)
    return {}


def _unmerge(sheet: Sheet, area: Box) -> None:
    sheet.lying["merges"] = [merge for merge in sheet.things("merges") if not Box.of(merge).meets(area)]


def add_group(book: Book, caller: Caller, request: Json, where: str) -> Json:
    sheet, dimension, start, end = lines_of(book, request["range"], where)
    place = {"sheetId": sheet.sheet_id, "dimension": dimension, "startIndex": start, "endIndex": end}
    groups = sheet.things(_groups(dimension))
    groups.append({"range": place, "depth": 1})
    return {"addDimensionGroup": {"dimensionGroups": [without_zeros(group) for group in groups]}}


def delete_group(book: Book, caller: Caller, request: Json, where: str) -> Json:
    sheet, dimension, start, end = lines_of(book, request["range"], where)
    name = _groups(dimension)
    left = [group for group in sheet.things(name) if (group["range"]["startIndex"], group["range"]["endIndex"]) != (start, end)]
    if len(left) == len(sheet.things(name)):
        raise invalid(f"Invalid {where}: No group over the range.")
    sheet.lying[name] = left
    return {"deleteDimensionGroup": {"dimensionGroups": [without_zeros(group) for group in left]} if left else {}}


def _groups(dimension: str) -> str:
    return "rowGroups" if dimension == "ROWS" else "columnGroups"


def fit(book: Book, caller: Caller, request: Json, where: str) -> Json:
    """autoResizeDimensions: columns as wide as their longest text."""
    sheet, dimension, start, end = lines_of(book, request.get("dimensions") or {}, where)
    if dimension == "COLUMNS":
        for column in range(start, min(end, len(sheet.columns))):
            texts = [shown(line.cell(column), result(book, sheet, row, column)) for row, line in enumerate(sheet.rows)]
            longest = max(map(len, texts), default=0)
            sheet.columns[column] = replace(sheet.columns[column], pixels=max(longest * LETTER, 21))
    return {}


def nothing(book: Book, caller: Caller, request: Json, where: str) -> Json:
    """A request that changes only looks which nobody reads back."""
    return {}


def kept(name: str, inner: str, key: str, group: str) -> Request:
    """A request that adds a thing which is only kept and given back: a chart, a filter view, a banding."""

    def add(book: Book, caller: Caller, request: Json, where: str) -> Json:
        thing = explicit(request.get(inner) or {})
        thing.setdefault(key, 104_729 * book.fresh_id())
        sheet = book.sheet(_sheet_of(thing), where)
        sheet.things(group).append(thing)
        return {name: {inner: without_zeros(thing)}}

    return add


def _sheet_of(thing: Json) -> int:
    anchor = thing.get("position", {}).get("overlayPosition", {}).get("anchorCell", {})
    return int(thing.get("range", {}).get("sheetId") or anchor.get("sheetId") or 0)


def dropped(key: str, *groups: str) -> Request:
    """A request that takes such a thing away by its id."""

    def drop(book: Book, caller: Caller, request: Json, where: str) -> Json:
        number = next(value for name, value in request.items() if value is not None)
        for sheet in book.sheets:
            for group in groups:
                left = [thing for thing in sheet.things(group) if thing.get(key) != number]
                if len(left) < len(sheet.things(group)):
                    sheet.lying[group] = left
                    return {}
        raise invalid(f"Invalid {where}: No object with id: {number}")

    return drop
