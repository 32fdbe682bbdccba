"""The stand-in for Google Sheets: what gspread is promised by the real service, it is promised here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gspread
import pytest
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import AuthorizedSession
from google.oauth2.credentials import Credentials
from google.oauth2.service_account import Credentials as ServiceCredentials
from gspread.exceptions import APIError, SpreadsheetNotFound

from tests.sheets.clients import gspread_at
from tests.sheets.discovery import routes
from tests.sheets.loopback import STRANGERS
from tests.sheets.server import StandIn
from tests.sheets.sheetroutes import READS, WRITES
from tests.sheets.tokens import DRIVE, READONLY, SHEETS

ROBOT, OWNER, STAFF = "robot@example.com", "owner@example.com", "staff@example.com"
ROWS = [["编号", "状态", "金额"], ["TS-1", "进行中", 3.5], ["TS-2", "", 46270], ["", "", ""], ["TS-4"]]


@pytest.fixture
def google() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        yield stand_in
    assert STRANGERS == []


@pytest.fixture
def file(google: StandIn) -> gspread.Spreadsheet:
    return opened(google, ROBOT)


def opened(google: StandIn, email: str, scopes: tuple[str, ...] = (SHEETS, DRIVE)) -> gspread.Spreadsheet:
    """The same file for everybody, with one tab 投诉, opened as one of its people."""
    if not google.drive.files:
        google.tab(google.file("台账", {OWNER: "owner", ROBOT: "writer", STAFF: "writer", "viewer@example.com": "reader"}), "投诉", ROWS)
    return gspread_at(google, google.token(email, scopes)).open_by_key(next(iter(google.drive.files)))


def batch(file: gspread.Spreadsheet, *requests: dict[str, Any], **more: Any) -> dict[str, Any]:
    done: dict[str, Any] = file.batch_update({"requests": list(requests), **more})
    return done


def refusal(error: pytest.ExceptionInfo[APIError]) -> tuple[int, str, str]:
    body = error.value.response.json()["error"]
    return error.value.response.status_code, body["status"], body["message"]


def column(sheet: int, start: int) -> dict[str, Any]:
    return {"sheetId": sheet, "startColumnIndex": start, "endColumnIndex": start + 1}


# ----- values


def test_trailing_blanks_are_cut_and_gaps_are_empty_text(file: gspread.Spreadsheet) -> None:
    read = file.values_batch_get(["投诉!A1:C", "投诉!B2:B3", "投诉!C10:C12"], {"valueRenderOption": "UNFORMATTED_VALUE"})

    assert read["valueRanges"] == [
        {
            "range": "投诉!A1:C25",
            "majorDimension": "ROWS",
            "values": [["编号", "状态", "金额"], ["TS-1", "进行中", 3.5], ["TS-2", "", 46270], [], ["TS-4"]],
        },
        {"range": "投诉!B2:B3", "majorDimension": "ROWS", "values": [["进行中"]]},
        {"range": "投诉!C10:C12", "majorDimension": "ROWS"},
    ]


def test_raw_text_stays_text_and_null_leaves_a_cell_alone(google: StandIn, file: gspread.Spreadsheet) -> None:
    done = file.sheet1.update([["=1+1", None, ""]], "A2", value_input_option="RAW")

    assert done == {"spreadsheetId": file.id, "updatedRange": "投诉!A2:C2", "updatedRows": 1, "updatedColumns": 2, "updatedCells": 2}
    assert google.values(file.id, "投诉")[1] == ["=1+1", "进行中"]


@pytest.mark.parametrize(
    ("entered", "unformatted", "formatted"),
    [
        ("007", 7, "7"),
        ("TRUE", True, "TRUE"),
        ("2026-09-05", 46270, "2026-09-05"),
        ("10%", 0.1, "10%"),
        ("$100.15", 100.15, "$100.15"),
        ("2,000,000.01", 2000000.01, "2,000,000.01"),
        ("'0123", "0123", "0123"),
        ("=C2*2", 7, "7"),
        ('=IFERROR(VLOOKUP("TS-9",A:C,3,FALSE),"无")', "无", "无"),
        ('=XLOOKUP("TS-2",A2:A,C2:C)', 46270, "46270"),
        ("=1/0", "#DIV/0!", "#DIV/0!"),
        ("=SPARKLINE(A1)", "#NAME?", "#NAME?"),
    ],
)
def test_what_is_typed_is_read_as_typing_is(file: gspread.Spreadsheet, entered: str, unformatted: Any, formatted: str) -> None:
    file.sheet1.update([[entered]], "C5", value_input_option="USER_ENTERED")

    assert file.sheet1.get("C5", value_render_option="UNFORMATTED_VALUE") == [[unformatted]]
    assert file.sheet1.get("C5") == [[formatted]]


def test_another_locale_reads_numbers_another_way(google: StandIn) -> None:
    google.tab(google.file("Tabelle", {ROBOT: "writer"}, locale="de_DE"), "Blatt", ROWS)
    file = opened(google, ROBOT)

    file.sheet1.update([["1,5", "1.500,25"]], "A2", value_input_option="USER_ENTERED")

    assert file.sheet1.get("A2:B2", value_render_option="UNFORMATTED_VALUE") == [[1.5, 1500.25]]


def test_a_date_is_a_serial_number_unless_its_text_is_asked_for(file: gspread.Spreadsheet) -> None:
    pattern = {"type": "DATE_TIME", "pattern": "yyyy-mm-dd hh:mm"}
    cell = {"userEnteredFormat": {"numberFormat": pattern}}
    batch(file, {"repeatCell": {"range": column(0, 2), "cell": cell, "fields": "userEnteredFormat.numberFormat"}})
    file.sheet1.update([[46270.75]], "C3", value_input_option="RAW")

    assert file.sheet1.get("C3", value_render_option="UNFORMATTED_VALUE") == [[46270.75]]
    options = {"value_render_option": "UNFORMATTED_VALUE", "date_time_render_option": "FORMATTED_STRING"}
    assert file.sheet1.get("C3", **options) == [["2026-09-05 18:00"]]


def test_an_append_goes_under_the_table_it_touches_and_inserts_its_row(google: StandIn, file: gspread.Spreadsheet) -> None:
    done = file.sheet1.append_row(["TS-9", "新"], table_range="A1", insert_data_option="INSERT_ROWS")

    assert (done["tableRange"], done["updates"]["updatedRange"]) == ("投诉!A1:C3", "投诉!A4:B4")
    assert google.values(file.id, "投诉")[3:] == [["TS-9", "新"], [], ["TS-4"]]


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("投诉!ZZ1", "Range (投诉!ZZ1) exceeds grid limits. Max rows: 25, max columns: 3"),
        ("没有!A1", "Unable to parse range: 没有!A1"),
        ("投诉!A1:B2:C3", "Unable to parse range: 投诉!A1:B2:C3"),
    ],
)
def test_one_bad_range_fails_the_whole_read(file: gspread.Spreadsheet, address: str, message: str) -> None:
    with pytest.raises(APIError) as error:
        file.values_batch_get(["投诉!A1", address])

    assert refusal(error) == (400, "INVALID_ARGUMENT", message)


def test_values_never_grow_the_grid_and_a_refused_batch_changes_nothing(google: StandIn, file: gspread.Spreadsheet) -> None:
    before = google.values(file.id, "投诉")
    with pytest.raises(APIError) as error:
        file.sheet1.batch_update([{"range": "A2", "values": [["改"]]}, {"range": "A25", "values": [["a"], ["b"]]}])

    assert refusal(error)[2] == "Range (投诉!A26) exceeds grid limits. Max rows: 25, max columns: 3"
    assert google.values(file.id, "投诉") == before


def test_data_beyond_its_range_and_overlong_text_are_refused(file: gspread.Spreadsheet) -> None:
    with pytest.raises(APIError) as beyond:
        file.values_update("投诉!A1:A1", {"valueInputOption": "RAW"}, {"values": [["a"], ["b"]]})
        file.values_update("投诉!A1:B2", {"valueInputOption": "RAW"}, {"values": [["a"], ["b"], ["c"]]})
    with pytest.raises(APIError) as overlong:
        file.sheet1.update([["x" * 50_001]], "A1")

    assert refusal(beyond)[2] == "Requested writing within range ['投诉'!A1:B2], but tried writing to row [3]"
    assert refusal(overlong)[2] == "Your input contains more than the maximum of 50000 characters in a single cell."


# ----- batches


def test_a_batch_answers_in_order_and_shows_what_it_wrote(file: gspread.Spreadsheet) -> None:
    counts = {"valuesChanged": 1, "rowsChanged": 1, "sheetsChanged": 1, "occurrencesChanged": 1}
    cells = {"userEnteredValue": {"stringValue": "已结"}, "note": "按第五章"}
    fields = "replies,updatedSpreadsheet.sheets(properties.sheetId,data(startRow,startColumn,rowData.values(effectiveValue,note)))"
    url = f"https://sheets.googleapis.com/v4/spreadsheets/{file.id}:batchUpdate"
    body = {
        "requests": [
            {"updateCells": {"start": {"rowIndex": 1, "columnIndex": 1}, "fields": "userEnteredValue,note", "rows": [{"values": [cells]}]}},
            {"findReplace": {"find": "TS-2", "replacement": "TS-02", "sheetId": 0, "matchEntireCell": True}},
            {"findReplace": {"find": "nowhere", "replacement": "x", "sheetId": 0}},
        ],
        "includeSpreadsheetInResponse": True,
        "responseRanges": ["投诉!A2:B3"],
    }

    assert file.client.request("post", url, params={"fields": fields}, json=body).json() == {
        "replies": [{}, {"findReplace": counts}, {"findReplace": {}}],
        "updatedSpreadsheet": {
            "sheets": [
                {
                    "properties": {"sheetId": 0},
                    "data": [
                        {
                            "startRow": 1,
                            "rowData": [
                                {
                                    "values": [
                                        {"effectiveValue": {"stringValue": "TS-1"}},
                                        {"effectiveValue": {"stringValue": "已结"}, "note": "按第五章"},
                                    ]
                                },
                                {"values": [{"effectiveValue": {"stringValue": "TS-02"}}]},
                            ],
                        }
                    ],
                }
            ]
        },
    }


def test_a_field_named_in_the_mask_but_not_given_is_reset(google: StandIn, file: gspread.Spreadsheet) -> None:
    place = {"start": {"rowIndex": 1, "columnIndex": 0}, "fields": "note"}
    batch(file, {"updateCells": {**place, "rows": [{"values": [{"note": "旧"}]}]}})
    batch(file, {"updateCells": {**place, "rows": [{"values": [{"userEnteredValue": {"stringValue": "不写"}}]}]}})

    assert google.book(file.id).sheets[0].cell(1, 0).note is None
    assert google.values(file.id, "投诉")[1][0] == "TS-1"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            {"updateCells": {"start": {}, "rows": [], "field": "*"}},
            "Invalid JSON payload received. Unknown name \"field\" at 'requests[0].update_cells': Cannot find field.",
        ),
        (
            {"insertDimension": {"range": {"startIndex": "x"}}},
            "Invalid value at 'requests[0].insert_dimension.range.start_index' (TYPE_INT32), \"x\"",
        ),
    ],
)
def test_what_does_not_fit_the_schema_fails_the_test_loudly(google: StandIn, file: gspread.Spreadsheet, wrong: Any, message: str) -> None:
    with pytest.raises(APIError) as error:
        batch(file, wrong)

    assert refusal(error) == (400, "INVALID_ARGUMENT", message)
    assert len(google.misfits) == 1
    with pytest.raises(AssertionError):
        google.__exit__(None)
    google.misfits.clear()


def test_an_unknown_field_in_a_mask_or_a_query_is_refused(google: StandIn, file: gspread.Spreadsheet) -> None:
    google.expects_misfits = True
    with pytest.raises(APIError) as mask:
        file.fetch_sheet_metadata({"fields": "sheets.data.rowdata"})
    with pytest.raises(APIError) as query:
        file.fetch_sheet_metadata({"withNotes": "1"})

    assert mask.value.response.json()["error"]["details"][0]["fieldViolations"] == [
        {
            "field": "sheets.data.rowdata",
            "description": "Error expanding 'fields' parameter. Cannot find matching fields for path 'sheets.data.rowdata'.",
        }
    ]
    assert 'Unknown name "withNotes": Cannot bind query parameter.' in refusal(query)[2]


def test_every_method_of_sheets_is_spoken() -> None:
    others = {"sheets.spreadsheets.create", "sheets.spreadsheets.sheets.copyTo"}

    assert {route.name for route in routes("sheets.v4")} == {*READS, *WRITES, *others}


# ----- metadata


def test_metadata_follows_its_row_and_its_column_and_dies_with_them(google: StandIn, file: gspread.Spreadsheet) -> None:
    def place(dimension: str, start: int) -> dict[str, Any]:
        return {"sheetId": 0, "dimension": dimension, "startIndex": start, "endIndex": start + 1}

    def mark(key: str, where: dict[str, Any]) -> dict[str, Any]:
        return {"createDeveloperMetadata": {"developerMetadata": {"metadataKey": key, "visibility": "DOCUMENT", "location": where}}}

    def marks() -> dict[str, Any]:
        url = f"https://sheets.googleapis.com/v4/spreadsheets/{file.id}/developerMetadata:search"
        found = file.client.request("post", url, json={"dataFilters": [{"developerMetadataLookup": {}}]}).json()
        pieces = [hit["developerMetadata"] for hit in found.get("matchedDeveloperMetadata", [])]
        return {piece["metadataKey"]: piece["location"].get("dimensionRange", {}).get("startIndex", "all") for piece in pieces}

    here = [{"dimensionRange": place("ROWS", 1)}, {"dimensionRange": place("COLUMNS", 1)}, {"spreadsheet": True}]
    batch(file, *(mark(key, where) for key, where in zip(("row", "column", "own"), here, strict=True)))
    assert marks() == {"row": 1, "column": 1, "own": "all"}

    rows = {"sheetId": 0, "startRowIndex": 1, "endRowIndex": 3}
    batch(file, {"sortRange": {"range": rows, "sortSpecs": [{"dimensionIndex": 2, "sortOrder": "DESCENDING"}]}})
    batch(file, {"moveDimension": {"source": place("COLUMNS", 1), "destinationIndex": 0}})
    assert marks() == {"row": 2, "column": 0, "own": "all"}
    assert google.values(file.id, "投诉")[2] == ["进行中", "TS-1", 3.5]

    batch(file, {"deleteDimension": {"range": place("ROWS", 2)}}, {"deleteDimension": {"range": place("COLUMNS", 0)}})
    assert marks() == {"own": "all"}


# ----- rights and tokens


def test_a_protected_cell_is_a_400_in_the_language_of_the_account(google: StandIn) -> None:
    opened(google, OWNER).sheet1.add_protected_range("B:B")
    google.languages[STAFF] = "es"
    with pytest.raises(APIError) as error:
        opened(google, STAFF).sheet1.update([["改"]], "B2")

    assert refusal(error)[:2] == (400, "INVALID_ARGUMENT")
    assert refusal(error)[2].startswith("Invalid data: Estás intentando editar una celda")
    assert opened(google, STAFF).fetch_sheet_metadata()["sheets"][0]["protectedRanges"][0].get("requestingUserCanEdit", False) is False
    opened(google, OWNER).sheet1.update([["改"]], "B2")


def test_who_may_read_may_not_write_and_a_stranger_may_do_neither(google: StandIn) -> None:
    with pytest.raises(APIError) as viewer:
        opened(google, "viewer@example.com").sheet1.update([["x"]], "A1")
    with pytest.raises(PermissionError):
        opened(google, "stranger@example.com")
    with pytest.raises(SpreadsheetNotFound):
        gspread_at(google, google.token(ROBOT)).open_by_key("1nowhere")

    assert refusal(viewer) == (403, "PERMISSION_DENIED", "The caller does not have permission")


def test_a_narrow_scope_an_api_that_is_off_and_a_dead_token_say_so(google: StandIn) -> None:
    narrow = opened(google, ROBOT, (READONLY,))
    assert narrow.sheet1.get("A1") == [["编号"]]
    with pytest.raises(APIError) as scope:
        narrow.sheet1.update([["x"]], "A1")
    google.switched_off.add("1001")
    with pytest.raises(APIError) as off:
        narrow.fetch_sheet_metadata()
    google.switched_off.clear()
    google.accounts.revoked.add(ROBOT)
    with pytest.raises(RefreshError):
        narrow.fetch_sheet_metadata()

    assert scope.value.response.json()["error"]["details"][0]["reason"] == "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
    assert off.value.response.json()["error"]["details"][0]["reason"] == "SERVICE_DISABLED"
    assert google.calls[-1].status == 401


def test_service_accounts_and_people_get_tokens_that_run_out(google: StandIn) -> None:
    class Quiet(ServiceCredentials):  # type: ignore[misc]
        """Without the background look-up of a region that leaves this machine."""

        def _is_regional_access_boundary_lookup_required(self) -> bool:
            return False

    file = opened(google, OWNER)
    google.share(file.id, "robot@project-1001.example.com", "writer")
    key = google.service_account("robot@project-1001.example.com")
    person = google.user_credentials(STAFF)
    by_key = Quiet.from_service_account_info(key, scopes=[SHEETS])
    parts = {name: person[name] for name in ("refresh_token", "token_uri", "client_id", "client_secret")}
    for credentials in (by_key, Credentials(None, **parts)):
        session = AuthorizedSession(credentials)
        asked = f"{google.url}/v4/spreadsheets/{file.id}?fields=spreadsheetId"
        assert session.get(asked, timeout=5).json() == {"spreadsheetId": file.id}
        google.clock.forward(3601)
        assert session.get(asked, timeout=5).status_code == 200

    assert [call.status for call in google.token_calls] == [200] * 4
    assert [call.status for call in google.calls[-6:]] == [200, 401, 200, 200, 401, 200]


# ----- the drive


def test_the_drive_lists_copies_shares_and_lags(google: StandIn, file: gspread.Spreadsheet) -> None:
    client = gspread_at(google, google.token(ROBOT, (SHEETS, DRIVE)))
    copy = client.copy(file.id, "副本", copy_permissions=False)
    client.insert_permission(copy.id, STAFF, perm_type="user", role="writer", notify=False)
    copy.sheet1.update([["改"]], "A1")

    assert [found["name"] for found in client.list_spreadsheet_files()] == ["副本", "台账"]
    assert google.values(file.id, "投诉")[0][0] == "编号"
    assert google.drive.files[copy.id].sharing.roles == {ROBOT: "owner", STAFF: "writer"}
    assert google.drive.files[copy.id].version(google.clock())[1] == 1
    google.clock.forward(16)
    assert google.drive.files[copy.id].version(google.clock())[1] == 2
