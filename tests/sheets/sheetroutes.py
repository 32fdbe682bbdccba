"""The seventeen methods of Sheets v4: each takes a book, the caller and what was asked, and gives the answer's body."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.sheets import anchors, batch, masks, rendering, values
from tests.sheets.book import Book, Sheet
from tests.sheets.caller import Caller
from tests.sheets.ranges import found
from tests.sheets.refusals import Json, missing
from tests.sheets.routing import Asked

Method = Callable[[Book, Caller, Asked], Json]


def get(book: Book, caller: Caller, asked: Asked) -> Json:
    areas = [found(book, text) for text in asked.parameters.get("ranges", [])]
    return rendering.spreadsheet(book, caller, asked.mask, areas, bool(asked.parameters.get("includeGridData")))


def get_by_filter(book: Book, caller: Caller, asked: Asked) -> Json:
    areas = [place for one in asked.body.get("dataFilters") or [] for place in anchors.places(book, caller, one)]
    return rendering.spreadsheet(book, caller, asked.mask, areas, bool(asked.body.get("includeGridData")))


def batch_update(book: Book, caller: Caller, asked: Asked) -> Json:
    replies = batch.apply(book, caller, asked.body.get("requests") or [])
    return {"spreadsheetId": book.spreadsheet_id, "replies": replies}


def updated_book(book: Book, caller: Caller, asked: Asked) -> Json:
    """The `updatedSpreadsheet` of a batchUpdate that asked for it."""
    body, mask = asked.body, masks.below(asked.mask, "updatedSpreadsheet")
    areas = [found(book, text) for text in body.get("responseRanges") or []]
    return rendering.spreadsheet(book, caller, mask, areas, bool(body.get("responseIncludeGridData")))


def values_get(book: Book, caller: Caller, asked: Asked) -> Json:
    return values.read(book, *found(book, asked.parameters["range"]), asked.parameters)


def values_batch_get(book: Book, caller: Caller, asked: Asked) -> Json:
    areas = [found(book, text) for text in asked.parameters.get("ranges", [])]
    read = [values.read(book, sheet, box, asked.parameters) for sheet, box in areas]
    return {"spreadsheetId": book.spreadsheet_id, **({"valueRanges": read} if read else {})}


def values_update(book: Book, caller: Caller, asked: Asked) -> Json:
    sheet, box = found(book, asked.parameters["range"])
    return values.write(book, caller, sheet, box, asked.body, asked.parameters, "data")


def values_append(book: Book, caller: Caller, asked: Asked) -> Json:
    sheet, box = found(book, asked.parameters["range"])
    return values.append(book, caller, sheet, box, asked.body, asked.parameters)


def values_clear(book: Book, caller: Caller, asked: Asked) -> Json:
    sheet, box = found(book, asked.parameters["range"])
    return {"spreadsheetId": book.spreadsheet_id, "clearedRange": values.clear(caller, sheet, box, "range")}


def values_batch_update(book: Book, caller: Caller, asked: Asked) -> Json:
    return values.batch(book, caller, asked.body)


def values_batch_clear(book: Book, caller: Caller, asked: Asked) -> Json:
    areas = [found(book, text) for text in asked.body.get("ranges") or []]
    cleared = [values.clear(caller, sheet, box, f"ranges[{place}]") for place, (sheet, box) in enumerate(areas)]
    return {"spreadsheetId": book.spreadsheet_id, **({"clearedRanges": cleared} if cleared else {})}


def values_get_by_filter(book: Book, caller: Caller, asked: Asked) -> Json:
    hits = [(one, place) for one in asked.body.get("dataFilters") or [] for place in anchors.places(book, caller, one)]
    read = [{"valueRange": values.read(book, *place, asked.body), "dataFilters": [one]} for one, place in hits]
    return {"spreadsheetId": book.spreadsheet_id, **({"valueRanges": read} if read else {})}


def values_update_by_filter(book: Book, caller: Caller, asked: Asked) -> Json:
    responses, written = [], []
    for number, part in enumerate(asked.body.get("data") or []):
        for sheet, box in anchors.places(book, caller, part.get("dataFilter") or {}):
            done = values.write(book, caller, sheet, sheet.area(box), part, asked.body, f"data[{number}]")
            responses.append({**_without_id(done), "dataFilter": part.get("dataFilter") or {}})
            written.append(part)
    told = {"spreadsheetId": book.spreadsheet_id, **values.totals(book, responses, written)}
    return {**told, **({"responses": responses} if responses else {})}


def _without_id(done: Json) -> Json:
    return {name: value for name, value in done.items() if name != "spreadsheetId"}


def values_clear_by_filter(book: Book, caller: Caller, asked: Asked) -> Json:
    hits: list[tuple[Sheet, Any]] = [place for one in asked.body.get("dataFilters") or [] for place in anchors.places(book, caller, one)]
    cleared = [values.clear(caller, sheet, box, "dataFilters") for sheet, box in hits]
    return {"spreadsheetId": book.spreadsheet_id, **({"clearedRanges": cleared} if cleared else {})}


def metadata_get(book: Book, caller: Caller, asked: Asked) -> Json:
    number = int(asked.parameters["metadataId"])
    hits = list(anchors.matching(book, caller, [{"developerMetadataLookup": {"metadataId": number}}], "metadataId"))
    if not hits:
        raise missing()
    return anchors.as_json(book, hits[0])


def metadata_search(book: Book, caller: Caller, asked: Asked) -> Json:
    return anchors.search(book, caller, asked.body.get("dataFilters") or [])


READS: dict[str, Method] = {
    "sheets.spreadsheets.get": get,
    "sheets.spreadsheets.getByDataFilter": get_by_filter,
    "sheets.spreadsheets.values.get": values_get,
    "sheets.spreadsheets.values.batchGet": values_batch_get,
    "sheets.spreadsheets.values.batchGetByDataFilter": values_get_by_filter,
    "sheets.spreadsheets.developerMetadata.get": metadata_get,
    "sheets.spreadsheets.developerMetadata.search": metadata_search,
}
WRITES: dict[str, Method] = {
    "sheets.spreadsheets.batchUpdate": batch_update,
    "sheets.spreadsheets.values.update": values_update,
    "sheets.spreadsheets.values.append": values_append,
    "sheets.spreadsheets.values.clear": values_clear,
    "sheets.spreadsheets.values.batchUpdate": values_batch_update,
    "sheets.spreadsheets.values.batchClear": values_batch_clear,
    "sheets.spreadsheets.values.batchUpdateByDataFilter": values_update_by_filter,
    "sheets.spreadsheets.values.batchClearByDataFilter": values_clear_by_filter,
}
