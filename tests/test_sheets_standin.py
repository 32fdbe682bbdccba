"""The stand-in for Google Sheets: what gspread is promised by the real service, it is promised here."""

from __future__ import annotations

from collections.abc import Iterator

import gspread
import pytest

from tests.sheets.clients import gspread_at
from tests.sheets.server import StandIn

ROBOT = "robot@example.com"
ROWS = [["编号", "状态", "金额"], ["TS-1", "进行中", 3.5], ["TS-2", "", 46270], ["", "", ""], ["TS-4"]]


@pytest.fixture
def google() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        yield stand_in


@pytest.fixture
def file(google: StandIn) -> gspread.Spreadsheet:
    spreadsheet_id = google.file(shared={ROBOT: "writer"})
    google.tab(spreadsheet_id, "投诉", ROWS)
    return gspread_at(google, google.token(ROBOT)).open_by_key(spreadsheet_id)


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
