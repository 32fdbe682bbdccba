"""A new workbook has what a clerk needs, and an upgrade only ever adds."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from automations.errors import WorkbookBusy, WorkbookUnwritable
from automations.model import Column, Grid, Table
from automations.workbooks.newbook import create
from automations.workbooks.upgrading import Addition, plan_upgrade, upgrade
from automations.workbooks.xlsx import XlsxWorkbook

COMPLAINTS = Table(
    "complaints",
    {"zh": "客户投诉", "en": "Complaints"},
    "no",
    (
        Column("no", {"zh": "投诉编号", "en": "Complaint no."}, required=True, note={"zh": "每件投诉一个编号"}, clause="第二条（一）"),
        Column("received_at", {"zh": "受理时间", "en": "Received at"}, "datetime", aliases=("接到时间",)),
        Column("severity", {"zh": "严重程度", "en": "Severity"}, "choice", choices=("一般", "重大")),
        Column("loss", {"zh": "直接损失", "en": "Direct loss"}, "money"),
        Column("rate", {"zh": "比例", "en": "Rate"}, "percent"),
        Column("solved_on", {"zh": "解决日期", "en": "Solved on"}, "date"),
        Column("our_fault", {"zh": "公司原因", "en": "Our fault"}, "boolean"),
        Column("state", {"zh": "状态", "en": "State"}, ours=True),
        Column("problems", {"zh": "问题", "en": "Problems"}, ours=True, width=40),
    ),
    summary={"state": "state", "problems": "problems"},
)
MANY = tuple(f"地区名称第{number}号" for number in range(60))
REGIONS = Table("regions", {"zh": "地区"}, "name", (Column("name", {"zh": "名称"}, "choice", choices=MANY),))
ROW = {
    "no": "=007",
    "received_at": datetime(2026, 9, 30, 14, 5),
    "loss": Decimal("1234.50"),
    "rate": Decimal("0.03"),
    "solved_on": date(2026, 10, 1),
    "our_fault": True,
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    create(tmp_path / "新.xlsx", [COMPLAINTS, REGIONS], "zh", {"complaints": [ROW]})
    return tmp_path / "新.xlsx"


def test_rows_are_written_by_type_and_read_back(path: Path) -> None:
    [complaints, _, lists] = XlsxWorkbook(path).grids()
    moment, day = datetime(2026, 9, 30, 14, 5), date(2026, 10, 1)
    assert [column[1] for column in complaints.columns] == ["=007", moment, "", 1234.5, 0.03, day, "是", "", ""]
    assert (lists.title, len(lists.columns[0])) == ("选项", 60)


def test_sentences_of_ours_break_into_lines_and_other_texts_do_not(tmp_path: Path) -> None:
    told = (
        Column("what", {"zh": "情况"}, ours=True, width=40),
        Column("remark", {"zh": "备注"}, width=40),
        Column("who", {"zh": "谁"}, ours=True),
    )
    create(tmp_path / "新.xlsx", [replace(COMPLAINTS, columns=(*COMPLAINTS.columns[-2:], *told))], "zh", {})
    columns = openpyxl.load_workbook(tmp_path / "新.xlsx")["客户投诉"].column_dimensions
    assert [bool(columns[letter].alignment.wrap_text) for letter in "ABCDE"] == [False, True, True, False, False]


def test_columns_have_formats_widths_and_dropdowns(path: Path) -> None:
    book = openpyxl.load_workbook(path)
    sheet = book["客户投诉"]
    assert [sheet.column_dimensions[letter].number_format for letter in "ABCDEFG"] == [
        "@", "yyyy-mm-dd hh:mm", "@", "#,##0.00", "0.0%", "yyyy-mm-dd", "General",
    ]  # fmt: skip
    assert sheet.column_dimensions["I"].width == 40
    assert {str(offer.sqref): offer.formula1 for offer in sheet.data_validations.dataValidation} == {
        "C2:C1048576": '"一般,重大"',
        "G2:G1048576": '"是,否"',
    }
    assert book["地区"].data_validations.dataValidation[0].formula1 == "'选项'!$A$1:$A$60"
    assert book["选项"].sheet_state == "hidden"


def test_headers_are_frozen_filtered_and_say_what_they_mean(path: Path) -> None:
    sheet = openpyxl.load_workbook(path)["客户投诉"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("B2", "A1:I1")
    assert sheet["A1"].comment.text == "每件投诉一个编号\n依据：第二条（一）\n必填"
    assert sheet["H1"].comment.text == "由表管家填写，请勿手工修改"
    assert sheet["A1"].fill.start_color.rgb != sheet["H1"].fill.start_color.rgb


def test_the_state_column_is_coloured_by_its_words(path: Path) -> None:
    sheet = openpyxl.load_workbook(path)["客户投诉"]
    [area] = list(sheet.conditional_formatting)
    assert str(area.sqref) == "H2:H1048576"
    assert area.rules[0].formula == ['OR($H2="已逾期",$H2="逾期",$H2="Overdue")']


def test_an_existing_file_is_never_replaced(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(WorkbookUnwritable, match="里已经有这个文件；请补齐它，或另取名字"):
        create(path, [COMPLAINTS])
    assert path.read_bytes() == before


def test_an_english_workbook_is_english(tmp_path: Path) -> None:
    create(tmp_path / "new.xlsx", [COMPLAINTS], "en")
    book = openpyxl.load_workbook(tmp_path / "new.xlsx")
    assert book.sheetnames == ["Complaints"]
    assert book["Complaints"]["H1"].comment.text == "filled by Rowkeeper, please do not edit"


def test_an_upgrade_counts_aliases_as_present_and_plans_only_additions() -> None:
    grid = Grid("客户投诉", [("客户投诉 2026", "投诉编号", "TS-1"), ("", "接到时间", ""), ("", "State", "")])
    assert plan_upgrade([grid], [COMPLAINTS, REGIONS], "zh") == [
        Addition("客户投诉", 2, ("严重程度", "直接损失", "比例", "解决日期", "公司原因", "问题"), (12, 13, 9, 12, 12, 40)),
        Addition("地区", 0, ("名称",), (18,)),
    ]


def test_an_upgrade_adds_at_the_right_and_changes_nothing_else(path: Path) -> None:
    wider = replace(COMPLAINTS, columns=(*COMPLAINTS.columns, Column("fine_low", {"zh": "罚款下限"}, "money", ours=True)))
    duties = Table("duties", {"zh": "定期<事项>"}, "id", (Column("id", {"zh": "编号"}), Column("on", {"zh": "日期"}, "date")))
    with zipfile.ZipFile(path) as package:
        before = {name: package.read(name) for name in package.namelist()}
    assert upgrade(path, [wider, REGIONS, duties], "zh") == ["工作表“客户投诉”右侧增加列：罚款下限", "增加工作表“定期<事项>”：编号, 日期"]
    with zipfile.ZipFile(path) as package:
        after = {name: package.read(name) for name in package.namelist()}
    changed = {name for name in after if before.get(name) != after[name]}
    assert changed == {
        "xl/worksheets/sheet1.xml", "xl/worksheets/sheet4.xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "[Content_Types].xml",
    }  # fmt: skip
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["客户投诉", "地区", "选项", "定期<事项>"]
    assert [cell.value for cell in book["客户投诉"][1]][-2:] == ["问题", "罚款下限"]
    assert [cell.value for cell in book["定期<事项>"][1]] == ["编号", "日期"]
    assert upgrade(path, [wider, REGIONS, duties], "zh") == []


def test_an_upgrade_waits_for_an_open_file(path: Path) -> None:
    (path.parent / f"~${path.name}").write_bytes(b"")
    with pytest.raises(WorkbookBusy):
        upgrade(path, [replace(REGIONS, name="other", title={"zh": "别的"})])
