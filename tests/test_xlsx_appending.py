"""Rows appended to a real file go on in the look, the dropdowns, the colours, the filter and the table of the rows above."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.table import Table

from automations.workbooks.xlsx import XlsxWorkbook
from tests.contracts.workbooks import row, target


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A tab a clerk made by hand: looks, a dropdown and a colour that end with the last row, a filter that hides it."""
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.title = "客户投诉"
    for line in (["编号", "客户", "状态", "金额", "签字"], ["TS-1", "老陈", "进行中", 12.5, None], ["TS-2", "小李", "完成", 3, "王"]):
        sheet.append(line)
    for number in (2, 3):
        sheet.cell(number, 1).font = Font(bold=True)
        sheet.cell(number, 4).number_format = "#,##0.00"
        sheet.cell(number, 5).fill = PatternFill("solid", fgColor="FFFF00")
    offer = DataValidation("list", formula1='"进行中,完成"', allow_blank=True)
    offer.add("C2:C3")
    sheet.add_data_validation(offer)
    sheet.conditional_formatting.add("C2:C3", CellIsRule(operator="equal", formula=['"进行中"'], font=Font(color="FF0000")))
    sheet.auto_filter.ref = "A1:E3"
    sheet.row_dimensions[3].hidden = True
    book.save(tmp_path / "台账.xlsx")
    return tmp_path / "台账.xlsx"


def opened(path: Path) -> Any:
    return openpyxl.load_workbook(path)["客户投诉"]


def test_an_appended_row_looks_like_the_rows_above_and_stands_below_a_hidden_one(path: Path) -> None:
    done = XlsxWorkbook(path).apply([row("TS-3"), target("TS-3", "进行中"), row("TS-4")])

    sheet = opened(path)
    assert done == ([0, 1, 2], [])
    assert [[cell.value for cell in line] for line in sheet["A3:E5"]] == [
        ["TS-2", "小李", "完成", 3, "王"],
        ["TS-3", None, "进行中", None, None],
        ["TS-4", None, None, None, None],
    ]
    assert sheet["A4"].font.bold and sheet["A5"].font.bold
    assert sheet["D5"].number_format == "#,##0.00"
    assert sheet["E5"].fill.fgColor.rgb == "00FFFF00"
    assert sheet.row_dimensions[3].hidden and not sheet.row_dimensions[4].hidden


def test_dropdowns_colours_and_the_filter_reach_the_appended_rows(path: Path) -> None:
    XlsxWorkbook(path).apply([row("TS-3"), row("TS-4")])

    sheet = opened(path)
    assert [str(each.sqref) for each in sheet.data_validations.dataValidation] == ["C2:C5"]
    assert [str(each.sqref) for each in sheet.conditional_formatting] == ["C2:C5"]
    assert sheet.auto_filter.ref == "A1:E5"


def test_writing_cells_of_rows_that_stand_moves_no_area(path: Path) -> None:
    XlsxWorkbook(path).apply([target("TS-1", "完成", "进行中")])

    assert [str(each.sqref) for each in opened(path).data_validations.dataValidation] == ["C2:C3"]


@pytest.mark.parametrize(("totals", "reaches"), [(None, "A1:B3"), (1, "A1:B2")])
def test_a_table_takes_the_row_in_unless_it_ends_in_totals(tmp_path: Path, totals: int | None, reaches: str) -> None:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.title = "客户投诉"
    sheet.append(["编号", "状态"])
    sheet.append(["TS-1", "完成"])
    sheet.add_table(Table(displayName="T1", ref="A1:B2", totalsRowCount=totals))
    book.save(tmp_path / "表.xlsx")

    assert XlsxWorkbook(tmp_path / "表.xlsx").apply([row("TS-2")]) == ([0], [])
    assert opened(tmp_path / "表.xlsx").tables["T1"].ref == reaches


def test_a_merged_remark_below_the_rows_is_stepped_over(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.title = "客户投诉"
    for line in (["编号", "状态"], ["TS-1", "完成"], ["说明"]):
        sheet.append(line)
    sheet.merge_cells("A3:B5")
    book.save(tmp_path / "表.xlsx")

    assert XlsxWorkbook(tmp_path / "表.xlsx").apply([row("TS-2"), target("TS-2", "完成", place=1)]) == ([0, 1], [])
    assert [cell.value for cell in opened(tmp_path / "表.xlsx")["A"]] == ["编号", "TS-1", "说明", None, None, "TS-2"]
