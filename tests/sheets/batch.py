"""spreadsheets:batchUpdate: every kind of request by name, all of a batch or nothing, one reply each in order."""

from __future__ import annotations

from tests.sheets import anchors, cellrequests, lines, rangerequests, tabrequests
from tests.sheets.book import Book
from tests.sheets.caller import Caller
from tests.sheets.rangerequests import dropped, kept
from tests.sheets.refusals import Json, invalid
from tests.sheets.tabrequests import Request

KINDS: dict[str, Request] = {
    "addBanding": kept("addBanding", "bandedRange", "bandedRangeId", "bandedRanges"),
    "addChart": kept("addChart", "chart", "chartId", "charts"),
    "addConditionalFormatRule": tabrequests.add_rule,
    "addDimensionGroup": rangerequests.add_group,
    "addFilterView": kept("addFilterView", "filter", "filterViewId", "filterViews"),
    "addNamedRange": tabrequests.add_name,
    "addProtectedRange": tabrequests.add_protection,
    "addSheet": tabrequests.add_sheet,
    "appendCells": cellrequests.append_cells,
    "appendDimension": lines.append_lines,
    "autoResizeDimensions": rangerequests.fit,
    "clearBasicFilter": tabrequests.clear_filter,
    "copyPaste": cellrequests.copy_paste,
    "createDeveloperMetadata": anchors.create,
    "cutPaste": cellrequests.cut_paste,
    "deleteBanding": dropped("bandedRangeId", "bandedRanges"),
    "deleteConditionalFormatRule": tabrequests.delete_rule,
    "deleteDeveloperMetadata": anchors.delete,
    "deleteDimension": lines.delete,
    "deleteDimensionGroup": rangerequests.delete_group,
    "deleteEmbeddedObject": dropped("chartId", "charts"),
    "deleteFilterView": dropped("filterViewId", "filterViews"),
    "deleteNamedRange": tabrequests.delete_name,
    "deleteProtectedRange": tabrequests.delete_protection,
    "deleteSheet": tabrequests.delete_sheet,
    "duplicateSheet": tabrequests.duplicate_sheet,
    "findReplace": cellrequests.find_replace,
    "insertDimension": lines.insert,
    "mergeCells": rangerequests.merge_cells,
    "moveDimension": lines.move,
    "repeatCell": cellrequests.repeat_cell,
    "setBasicFilter": tabrequests.set_filter,
    "setDataValidation": cellrequests.set_validation,
    "sortRange": lines.sort,
    "unmergeCells": rangerequests.unmerge_cells,
    "updateBorders": rangerequests.nothing,
    "updateCells": cellrequests.update_cells,
    "updateConditionalFormatRule": tabrequests.update_rule,
    "updateDeveloperMetadata": anchors.update,
    "updateDimensionProperties": lines.update_dimension,
    "updateNamedRange": tabrequests.update_name,
    "updateProtectedRange": tabrequests.update_protection,
    "updateSheetProperties": tabrequests.update_sheet,
    "updateSpreadsheetProperties": tabrequests.update_book,
}


def apply(book: Book, caller: Caller, requests: list[Json]) -> list[Json]:
    """Carry out the requests on a book (a copy, which is thrown away if one of them is refused) and give their replies."""
    if not requests:
        raise invalid("Must specify at least one request.")
    return [_one(book, caller, request, place) for place, request in enumerate(requests)]


def _one(book: Book, caller: Caller, request: Json, place: int) -> Json:
    given = [name for name, value in request.items() if value is not None]
    if len(given) != 1:
        raise invalid(
            f"Invalid requests[{place}]: Must specify exactly one kind of request."
            if given
            else f"Invalid requests[{place}]: No request set."
        )
    kind = given[0]
    if kind not in KINDS:
        raise NotImplementedError(f"The stand-in does not do {kind} yet.")
    return KINDS[kind](book, caller, request[kind], f"requests[{place}].{kind}")
