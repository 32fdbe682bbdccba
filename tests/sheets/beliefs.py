"""The beliefs the stand-in rests on, each as a question to the real service: BELIEFS.md lists them, `probe` asks them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from tests.sheets.probing import HEADERS, Probe, Skipped, Unmet, area, cells, formula, lookup, same, title

Question = Callable[[Probe], str | None]


def b01_strict_validation_does_not_stop_the_api(p: Probe) -> None:
    tab = p.tab()
    condition = {"type": "ONE_OF_LIST", "values": [{"userEnteredValue": "甲"}, {"userEnteredValue": "乙"}]}
    p.batch({"setDataValidation": {"range": area(tab, 1, 4, 1, 2), "rule": {"condition": condition, "strict": True}}})
    p.batch(cells(tab, 1, 1, [["丁"]]))
    p.call("PUT", f"{p.path}/values/{title(tab)}!B3", {"values": [["戊"]]}, valueInputOption="RAW")
    same(p.values(tab, "B2:B3"), [["丁"], ["戊"]])


def b02_the_reply_of_a_write_shows_the_write(p: Probe) -> None:
    tab = p.tab()
    fields = "updatedSpreadsheet(sheets(properties.sheetId,data(startRow,startColumn,rowData.values.effectiveValue)))"
    told = p.batch(cells(tab, 2, 1, [["改"]]), fields=fields, includeSpreadsheetInResponse=True, responseRanges=[f"{title(tab)}!A3:B3"])
    sheets = told["updatedSpreadsheet"]["sheets"]
    same([sheet["properties"]["sheetId"] for sheet in sheets], [tab])
    shown = sheets[0]["data"][0]["rowData"][0]["values"]
    same([cell["effectiveValue"]["stringValue"] for cell in shown], ["TS-2", "改"])


def b03_a_batch_is_all_or_nothing(p: Probe) -> None:
    tab = p.tab()
    answer = p.refused(cells(tab, 1, 1, [["改"]]), cells(7, 0, 0, [["无"]]))
    same(answer.status_code, 400)
    same(p.values(tab, "B2"), [["甲"]])


def b04_row_metadata_follows_a_sort_of_whole_rows(p: Probe) -> None:
    tab = p.tab()
    mark = p.mark(tab, "ROWS", 1)
    p.batch({"sortRange": {"range": area(tab, 1, 4, 0, 8), "sortSpecs": [{"dimensionIndex": 2, "sortOrder": "ASCENDING"}]}})
    same(p.values(tab, "A2:A4"), [["TS-2"], ["TS-3"], ["TS-1"]])
    same(p.marked(mark), 3)


def b05_row_metadata_follows_inserts_and_dies_with_its_row(p: Probe) -> None:
    tab = p.tab()
    mark = p.mark(tab, "ROWS", 2)
    p.batch({"insertDimension": {"range": {"sheetId": tab, "dimension": "ROWS", "startIndex": 1, "endIndex": 2}}})
    same(p.marked(mark), 3)
    p.batch({"deleteDimension": {"range": {"sheetId": tab, "dimension": "ROWS", "startIndex": 3, "endIndex": 4}}})
    same(p.marked(mark), None)


def b06_row_metadata_stays_when_cells_are_cut_and_pasted(p: Probe) -> None:
    tab = p.tab()
    mark = p.mark(tab, "ROWS", 1)
    target = {"sheetId": tab, "rowIndex": 9, "columnIndex": 0}
    p.batch({"cutPaste": {"source": area(tab, 1, 2, 0, 3), "destination": target, "pasteType": "PASTE_NORMAL"}})
    same(p.marked(mark), 1)


def b07_column_metadata_follows_moves(p: Probe) -> None:
    tab = p.tab()
    mark = p.mark(tab, "COLUMNS", 1)
    source = {"sheetId": tab, "dimension": "COLUMNS", "startIndex": 1, "endIndex": 2}
    p.batch({"moveDimension": {"source": source, "destinationIndex": 3}})
    same(p.values(tab, "A1:C1"), [["编号", "金额", "状态"]])
    same(p.marked(mark), 2)


def b08_find_and_replace_is_a_compare_and_set_with_a_count(p: Probe) -> None:
    tab = p.tab([["TS-1|1", "甲", 3], ["TS-1|10", "乙", 1]])
    asked: dict[str, Any] = {"find": "TS-1|1", "replacement": "TS-1|2", "matchCase": True, "matchEntireCell": True}
    found = p.batch({"findReplace": {**asked, "range": area(tab, 0, 30, 0, 1)}})["replies"][0]["findReplace"]
    same(found.get("valuesChanged"), 1)
    same(p.values(tab, "A2:A3"), [["TS-1|2"], ["TS-1|10"]])
    again = p.batch({"findReplace": {**asked, "range": area(tab, 0, 30, 0, 1)}})["replies"][0].get("findReplace", {})
    same(again.get("valuesChanged", 0), 0)


def b09_a_protected_cell_is_a_400_for_other_editors(p: Probe) -> None:
    if p.other is None:
        raise Skipped("needs a second account: give --other-credentials")
    tab = p.tab()
    p.batch({"addProtectedRange": {"protectedRange": {"range": area(tab, 0, 30, 1, 2)}}})
    same(p.refused(cells(tab, 1, 1, [["改"]]), session=p.other).status_code, 400)
    sort = {"sortRange": {"range": area(tab, 1, 4, 0, 3), "sortSpecs": [{"dimensionIndex": 2, "sortOrder": "ASCENDING"}]}}
    same(p.refused(sort, session=p.other).status_code, 400)


def b10_a_warning_only_protection_refuses_nothing(p: Probe) -> None:
    tab = p.tab()
    p.batch({"addProtectedRange": {"protectedRange": {"range": area(tab, 0, 30, 1, 2), "warningOnly": True}}})
    answer = p.send("POST", f"{p.path}:batchUpdate", {"requests": [cells(tab, 1, 1, [["改"]])]}, p.other)
    same(answer.status_code, 200)


def b11_another_locale_changes_no_unformatted_value(p: Probe) -> None:
    tab = p.tab()
    p.batch(formula(tab, 1, 3, "=C2*2"))
    before = [p.values(tab, "A1:D4"), p.values(tab, "D2", valueRenderOption="FORMULA")]
    for locale in ("de_DE", "zh_CN"):
        p.batch({"updateSpreadsheetProperties": {"properties": {"locale": locale}, "fields": "locale"}})
        same([p.values(tab, "A1:D4"), p.values(tab, "D2", valueRenderOption="FORMULA")], before)


def b12_a_batch_read_is_one_snapshot(p: Probe) -> None:
    tab = p.tab()
    writer = threading.Thread(target=lambda: [p.batch(cells(tab, 10, 0, [[turn]]), cells(tab, 20, 3, [[turn]])) for turn in range(5)])
    writer.start()
    pairs: list[list[Any]] = []
    while writer.is_alive() or not pairs:
        read = p.call("GET", f"{p.path}/values:batchGet", ranges=[f"{title(tab)}!A11", f"{title(tab)}!D21"])
        pairs.append([part.get("values") for part in read["valueRanges"]])
    writer.join()
    same([pair for pair in pairs if pair[0] != pair[1]], [])


def b13_a_note_and_a_value_leave_the_format_alone(p: Probe) -> None:
    tab = p.tab()
    bold = {"cell": {"userEnteredFormat": {"textFormat": {"bold": True}}}, "fields": "userEnteredFormat.textFormat.bold"}
    p.batch({"repeatCell": {"range": area(tab, 1, 2, 1, 2), **bold}})
    p.batch(cells(tab, 1, 1, [["改"]], fields="userEnteredValue,note"))
    found = p.call("GET", p.path, ranges=f"{title(tab)}!B2", fields="sheets.data.rowData.values.userEnteredFormat.textFormat.bold")
    same(found["sheets"][0]["data"][0]["rowData"][0]["values"][0]["userEnteredFormat"]["textFormat"]["bold"], True)


def b14_text_that_looks_like_a_formula_stays_text(p: Probe) -> None:
    tab = p.tab()
    p.batch(cells(tab, 1, 1, [["=1+1"]]))
    same(p.values(tab, "B2", valueRenderOption="FORMULA"), [["=1+1"]])
    found = p.call("GET", p.path, ranges=f"{title(tab)}!B2", fields="sheets.data.rowData.values.userEnteredValue")
    same(found["sheets"][0]["data"][0]["rowData"][0]["values"][0]["userEnteredValue"], {"stringValue": "=1+1"})


def b15_an_error_is_told_apart_from_its_text(p: Probe) -> None:
    tab = p.tab()
    p.batch(formula(tab, 1, 1, "=NA()"), cells(tab, 2, 1, [["#N/A"]]))
    same(p.values(tab, "B2:B3"), [["#N/A"], ["#N/A"]])
    found = p.call("GET", p.path, ranges=f"{title(tab)}!B2:B3", fields="sheets.data.rowData.values.effectiveValue")
    rows = found["sheets"][0]["data"][0]["rowData"]
    same(rows[0]["values"][0]["effectiveValue"]["errorValue"]["type"], "N_A")
    same(rows[1]["values"][0]["effectiveValue"], {"stringValue": "#N/A"})


def b16_a_filter_hides_nothing_from_the_api(p: Probe) -> None:
    tab = p.tab()
    criteria = {"1": {"hiddenValues": ["甲", "乙"]}}
    p.batch({"setBasicFilter": {"filter": {"range": area(tab, 0, 4, 0, 3), "criteria": criteria}}})
    same(p.values(tab, "A1:A4"), [["编号"], ["TS-1"], ["TS-2"], ["TS-3"]])


def b17_the_same_conditional_format_twice_is_two(p: Probe) -> None:
    tab = p.tab()
    rule = {"condition": {"type": "TEXT_EQ", "values": [{"userEnteredValue": "甲"}]}, "format": {"backgroundColor": {"red": 1}}}
    add = {"addConditionalFormatRule": {"rule": {"ranges": [area(tab, 1, 30, 1, 2)], "booleanRule": rule}, "index": 0}}
    p.batch(add, add)
    found = p.call("GET", p.path, fields="sheets(properties.sheetId,conditionalFormats)")
    same([len(sheet["conditionalFormats"]) for sheet in found["sheets"] if sheet["properties"]["sheetId"] == tab], [2])


def b18_a_write_by_an_anchor_that_is_gone_writes_nothing(p: Probe) -> None:
    tab = p.tab()
    mark = p.mark(tab, "ROWS", 2)
    p.batch({"deleteDimension": {"range": {"sheetId": tab, "dimension": "ROWS", "startIndex": 2, "endIndex": 3}}})
    data = [{"dataFilter": lookup(mark), "majorDimension": "ROWS", "values": [[None, "改"]]}]
    told = p.call("POST", f"{p.path}/values:batchUpdateByDataFilter", {"valueInputOption": "RAW", "data": data})
    same(told.get("totalUpdatedCells", 0), 0)
    same(p.values(tab, "B2:B3"), [["甲"], ["丙"]])


def b19_a_copy_of_the_file_keeps_the_metadata_ids(p: Probe) -> None:
    mark = p.mark(p.tab(), "ROWS", 1)
    copied = p.session.post(f"{p.drive}/drive/v3/files/{p.spreadsheet_id}/copy", json={"name": "Rowkeeper probe, copy"}, timeout=30)
    if copied.status_code == 403:
        raise Skipped("needs the scope drive.file")
    here, p.spreadsheet_id = p.spreadsheet_id, copied.json()["id"]
    try:
        same(p.marked(mark), 1)
    finally:
        p.session.delete(f"{p.drive}/drive/v3/files/{p.spreadsheet_id}", timeout=30)
        p.spreadsheet_id = here


def b20_a_sorted_formula_looks_at_its_own_row(p: Probe) -> None:
    tab = p.tab()
    p.batch(*(formula(tab, row, 3, f'=A{row + 1}&"!"') for row in (1, 2, 3)))
    p.batch({"sortRange": {"range": area(tab, 1, 4, 0, 4), "sortSpecs": [{"dimensionIndex": 2, "sortOrder": "ASCENDING"}]}})
    same(p.values(tab, "D2:D4"), [["TS-2!"], ["TS-3!"], ["TS-1!"]])
    same(p.values(tab, "D2:D4", valueRenderOption="FORMULA"), [['=A2&"!"'], ['=A3&"!"'], ['=A4&"!"']])


def b21_a_key_may_be_on_many_pieces_of_metadata(p: Probe) -> None:
    tab = p.tab()
    marks = [p.mark(tab, "ROWS", row, key="twice") for row in (1, 2)]
    found = p.call("POST", f"{p.path}/developerMetadata:search", {"dataFilters": [{"developerMetadataLookup": {"metadataKey": "twice"}}]})
    hits = found["matchedDeveloperMetadata"]
    same({hit["developerMetadata"]["metadataId"] for hit in hits}, set(marks))


def b22_an_unknown_file_is_a_404(p: Probe) -> None:
    same(p.send("GET", "/v4/spreadsheets/1AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").status_code, 404)


def b23_the_version_on_the_drive_lags(p: Probe) -> str:
    tab, seen = p.tab(), []
    for _ in range(2):
        found = p.session.get(f"{p.drive}/drive/v3/files/{p.spreadsheet_id}", params={"fields": "version"}, timeout=30)
        if found.status_code == 403:
            raise Skipped("needs the scope drive.file")
        seen.append(found.json()["version"])
        p.batch(cells(tab, 1, 1, [["改"]]))
    same(seen[0], seen[1])
    return "the product must not use it either way"


def b24_metadata_beyond_30000_characters_is_refused(p: Probe) -> None:
    tab = p.tab()
    where = {"location": {"sheetId": tab}, "visibility": "DOCUMENT", "metadataKey": "long"}
    one = {"createDeveloperMetadata": {"developerMetadata": {**where, "metadataValue": "x" * 15_000}}}
    same(p.refused(one, one, one).status_code, 400)


def b25_an_array_formula_in_a_header_fills_the_rows_below(p: Probe) -> None:
    tab = p.tab()
    p.batch(formula(tab, 0, 5, '=ARRAYFORMULA(IF(ROW($A$1:$A)=ROW($A$1);"看";IF($A$1:$A="";;TRIM($A$1:$A&"!"))))'))
    same(p.values(tab, "F1:F4"), [["看"], ["TS-1!"], ["TS-2!"], ["TS-3!"]])
    p.batch({"insertDimension": {"range": {"sheetId": tab, "dimension": "ROWS", "startIndex": 1, "endIndex": 2}}})
    same(p.values(tab, "F1:F5"), [["看"], [], ["TS-1!"], ["TS-2!"], ["TS-3!"]])
    p.batch(cells(tab, 2, 5, [["手填"]]))
    same(p.values(tab, "F1"), [["#REF!"]])


def b31_row_metadata_follows_a_sort_by_hand(p: Probe) -> None:
    tab = p.tab()
    mark = p.mark(tab, "ROWS", 1)
    p.by_hand("sort", tab)
    where = [row[0] for row in p.values(tab, "A1:A10")].index("TS-1")
    same(p.marked(mark), where)


def b32_row_metadata_stays_in_a_sort_of_part_of_the_columns(p: Probe) -> None:
    tab = p.tab()
    mark = p.mark(tab, "ROWS", 1)
    p.by_hand("sort part", tab)
    same(p.values(tab, "A1:A4"), [[HEADERS[0]], ["TS-1"], ["TS-2"], ["TS-3"]])
    same(p.marked(mark), 1)


def b33_a_restored_version_brings_its_metadata_back(p: Probe) -> None:
    tab = p.tab()
    mark = p.mark(tab, "ROWS", 1)
    p.batch({"deleteDimension": {"range": {"sheetId": tab, "dimension": "ROWS", "startIndex": 1, "endIndex": 2}}})
    p.by_hand("restore", tab)
    if p.values(tab, "A2") != [["TS-1"]]:
        raise Unmet("the row did not come back")
    same(p.marked(mark), 1)


NUMBERED = {name: ask for name, ask in globals().items() if name[:1] == "b" and name[1:3].isdigit()}
QUESTIONS: dict[str, Question] = {name[:3].upper(): ask for name, ask in NUMBERED.items()}


def words(question: Question) -> str:
    """The belief as a sentence."""
    return question.__name__[4:].replace("_", " ")
