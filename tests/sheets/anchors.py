"""Developer metadata: hung on rows, columns, tabs and files, found by filters, and moving with what it hangs on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.sheets.a1 import Box
from tests.sheets.book import Book, Metadata, Sheet
from tests.sheets.caller import Caller
from tests.sheets.ranges import found, lines_of, of_grid
from tests.sheets.refusals import Json, invalid

MOST_CHARACTERS = 30_000


def as_json(book: Book, one: Metadata) -> Json:
    value = {"metadataValue": one.value} if one.value is not None else {}
    return {
        "metadataId": one.metadata_id,
        "metadataKey": one.key,
        **value,
        "location": location(book, one),
        "visibility": one.visibility,
    }


def location(book: Book, one: Metadata) -> Json:
    if one.kind == "SPREADSHEET":
        return {"locationType": "SPREADSHEET", "spreadsheet": True}
    if one.kind == "SHEET":
        return {"locationType": "SHEET", "sheetId": one.sheet_id}
    place = place_of(book, one)
    assert place is not None
    sheet = {"sheetId": one.sheet_id} if one.sheet_id else {}
    return {"locationType": one.kind, "dimensionRange": {**sheet, "dimension": one.kind + "S", "startIndex": place, "endIndex": place + 1}}


def place_of(book: Book, one: Metadata) -> int | None:
    """Where the row or column is now on which the metadata hangs."""
    sheet = next((sheet for sheet in book.sheets if sheet.sheet_id == one.sheet_id), None)
    if sheet is None:
        return None
    return next((place for place, line in enumerate(sheet.lines(one.kind + "S")) if line.anchor == one.anchor), None)


def on_line(book: Book, sheet: Sheet, line: Any) -> list[Metadata]:
    if not line.anchor:
        return []
    return [one for one in book.metadata.values() if one.sheet_id == sheet.sheet_id and one.anchor == line.anchor]


def swept(book: Book) -> None:
    """Drop the metadata whose row, column or tab is gone."""
    tabs = {sheet.sheet_id: sheet for sheet in book.sheets}
    for one in list(book.metadata.values()):
        if one.kind != "SPREADSHEET" and (one.sheet_id not in tabs or (one.anchor and place_of(book, one) is None)):
            del book.metadata[one.metadata_id]


def create(book: Book, caller: Caller, request: Json, where: str) -> Json:
    asked = request.get("developerMetadata") or {}
    if not asked.get("metadataKey"):
        raise invalid(f"Invalid {where}: developerMetadata.metadataKey must be set")
    if asked.get("visibility") not in ("DOCUMENT", "PROJECT"):
        raise invalid(f"Invalid {where}: developerMetadata.visibility must be specified.")
    number = asked.get("metadataId") or _free_id(book)
    if number in book.metadata:
        raise invalid(f"Invalid {where}: developerMetadata.metadataId already exists: {number}")
    placed = _placed(book, asked.get("location") or {}, where)
    visibility = asked["visibility"]
    one = replace(
        placed,
        metadata_id=number,
        key=asked["metadataKey"],
        value=asked.get("metadataValue"),
        visibility=visibility,
        project=caller.project,
    )
    book.metadata[number] = one
    _check_room(book, where)
    return {"createDeveloperMetadata": {"developerMetadata": as_json(book, one)}}


def _free_id(book: Book) -> int:
    """An id of the size Google gives, the same in every run."""
    return 1_000_000_007 * book.fresh_id() % 2_147_483_647


def _placed(book: Book, where_to: Json, where: str) -> Metadata:
    blank = Metadata(0, "", None, "", "SPREADSHEET")
    if where_to.get("spreadsheet"):
        return blank
    if where_to.get("dimensionRange") is not None:
        sheet, dimension, start, end = lines_of(book, where_to["dimensionRange"], where)
        if end != start + 1 or end > len(sheet.lines(dimension)):
            raise invalid(f"Invalid {where}: DimensionRange must represent a single row or column.")
        return replace(blank, kind=dimension[:-1], sheet_id=sheet.sheet_id, anchor=_anchored(book, sheet, dimension, start))
    if where_to.get("sheetId") is not None:
        return replace(blank, kind="SHEET", sheet_id=book.sheet(where_to["sheetId"], where).sheet_id)
    raise invalid(f"Invalid {where}: developerMetadata.location must be specified.")


def _anchored(book: Book, sheet: Sheet, dimension: str, place: int) -> int:
    lines = sheet.lines(dimension)
    if not lines[place].anchor:
        lines[place] = replace(lines[place], anchor=book.fresh_id())
    return lines[place].anchor


def _check_room(book: Book, where: str) -> None:
    for kind in {one.sheet_id for one in book.metadata.values()}:
        used = sum(len(one.key) + len(one.value or "") for one in book.metadata.values() if one.sheet_id == kind)
        if used > MOST_CHARACTERS:
            raise invalid(f"Invalid {where}: developer metadata exceeds the limit of {MOST_CHARACTERS} characters.")


def update(book: Book, caller: Caller, request: Json, where: str) -> Json:
    fields = {name.strip() for name in (request.get("fields") or "").split(",") if name.strip()}
    if not fields:
        raise invalid(f"Invalid {where}: At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)")
    asked, changed = request.get("developerMetadata") or {}, []
    for one in matching(book, caller, request.get("dataFilters") or [], where):
        new = _changed(book, one, asked, fields, where)
        book.metadata[one.metadata_id] = new
        changed.append(as_json(book, new))
    _check_room(book, where)
    return {"updateDeveloperMetadata": {"developerMetadata": changed}}


def _changed(book: Book, one: Metadata, asked: Json, fields: set[str], where: str) -> Metadata:
    everything = "*" in fields
    if everything or "metadataKey" in fields:
        one = replace(one, key=asked.get("metadataKey") or one.key)
    if everything or "metadataValue" in fields:
        one = replace(one, value=asked.get("metadataValue"))
    if everything or "visibility" in fields:
        one = replace(one, visibility=asked.get("visibility") or one.visibility)
    if "location" in fields:
        placed = _placed(book, asked.get("location") or {}, where)
        one = replace(one, kind=placed.kind, sheet_id=placed.sheet_id, anchor=placed.anchor)
    return one


def delete(book: Book, caller: Caller, request: Json, where: str) -> Json:
    gone = list(matching(book, caller, [request.get("dataFilter") or {}], where))
    told = [as_json(book, one) for one in gone]
    for one in gone:
        del book.metadata[one.metadata_id]
    return {"deleteDeveloperMetadata": {"deletedDeveloperMetadata": told} if told else {}}


def search(book: Book, caller: Caller, filters: list[Json]) -> Json:
    hits = [
        {"developerMetadata": as_json(book, one), "dataFilters": [one_filter for one_filter in filters if fits(book, one, one_filter)]}
        for one in matching(book, caller, filters, "dataFilters")
    ]
    return {"matchedDeveloperMetadata": hits} if hits else {}


def matching(book: Book, caller: Caller, filters: list[Json], where: str) -> Iterator[Metadata]:
    """Every piece any of the filters finds and the caller's project may see, in the order of their ids' making."""
    for one in list(book.metadata.values()):
        visible = one.visibility == "DOCUMENT" or one.project == caller.project
        if visible and any(fits(book, one, one_filter) for one_filter in filters):
            yield one


def fits(book: Book, one: Metadata, one_filter: Json) -> bool:
    if one_filter.get("developerMetadataLookup") is None:
        return _touches(book, one, one_filter)
    lookup = one_filter["developerMetadataLookup"]
    plain = {
        "metadataId": one.metadata_id,
        "metadataKey": one.key,
        "metadataValue": one.value,
        "visibility": one.visibility,
        "locationType": one.kind,
    }
    if any(lookup.get(name) not in (None, value) for name, value in plain.items()):
        return False
    return not lookup.get("metadataLocation") or _at(book, one, lookup)


def _at(book: Book, one: Metadata, lookup: Json) -> bool:
    asked, here = lookup["metadataLocation"], location(book, one)
    if asked.get("spreadsheet"):
        return one.kind == "SPREADSHEET" or lookup.get("locationMatchingStrategy") == "INTERSECTING_LOCATION"
    if asked.get("sheetId") is not None:
        inside = lookup.get("locationMatchingStrategy") == "INTERSECTING_LOCATION"
        return one.sheet_id == asked["sheetId"] and (one.kind == "SHEET" or inside)
    return bool(
        here.get("dimensionRange") == {name: value for name, value in asked.get("dimensionRange", {}).items() if value or name != "sheetId"}
    )


def _touches(book: Book, one: Metadata, one_filter: Json) -> bool:
    """Whether metadata hangs on a row or column of the cells a filter names."""
    sheet, box = _cells(book, one_filter)
    place = place_of(book, one) if one.anchor else None
    if one.sheet_id != sheet.sheet_id or place is None:
        return False
    strip = Box(place, 0, place + 1, None) if one.kind == "ROW" else Box(0, place, None, place + 1)
    return strip.meets(box)


def _cells(book: Book, one_filter: Json) -> tuple[Sheet, Box]:
    if one_filter.get("a1Range") is not None:
        return found(book, one_filter["a1Range"])
    return of_grid(book, one_filter.get("gridRange") or {}, "dataFilter")


def places(book: Book, caller: Caller, one_filter: Json) -> list[tuple[Sheet, Box]]:
    """The cells a data filter names: an address, a grid range, or every row, column or tab its metadata hangs on."""
    if one_filter.get("developerMetadataLookup") is None:
        return [_cells(book, one_filter)]
    hits = []
    for one in matching(book, caller, [one_filter], "dataFilter"):
        place = place_of(book, one) if one.anchor else 0
        if one.sheet_id is None or place is None:
            continue
        strip = {"ROW": Box(place, 0, place + 1, None), "COLUMN": Box(0, place, None, place + 1)}.get(one.kind, Box())
        hits.append((book.sheet(one.sheet_id), strip))
    return hits
