"""The tab with the charts: what it shows comes from the kept table, and a run leaves it as it is."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import openpyxl
from openpyxl.chart import BarChart, Reference

from automations.model import letters
from automations.setup import board_of
from automations.workbooks.board import Series, panels
from automations.workbooks.boardparts import add_board_to, add_more_to
from automations.workbooks.newbook import create
from automations.workbooks.upgrading import Addition, apply_upgrade
from tests.scene import shipped


def made(path: Path, language: str = "zh") -> Path:
    config = shipped()
    create(path, [config.tables[name] for name in ("customers", "kpi_results")], language, board=board_of(config))
    return path


def test_every_monthly_indicator_of_the_company_has_a_chart_over_the_last_six_months(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(made(tmp_path / "新.xlsx"))["看板"]
    headings = [cell.value for cell in sheet[4]]
    columns = [column.key for column in shipped().tables["kpi_results"].columns]
    value, kpi, period = (chr(ord("A") + columns.index(name)) for name in ("value", "kpi", "period"))

    assert headings[:4] == ["月份", "销售完成率", "受理投诉", "投诉直接损失"]
    assert sheet["A10"].value == '=YEAR(EDATE(TODAY(),-0))&"年"&MONTH(EDATE(TODAY(),-0))&"月"'
    subject = chr(ord("A") + columns.index("subject_kind"))
    asked = f"'考核结果'!${kpi}:${kpi},\"受理投诉\",'考核结果'!${period}:${period},$A10,'考核结果'!${subject}:${subject},\"公司\""
    values = f"'考核结果'!${value}:${value}"
    assert sheet["C10"].value == f'=IF(COUNTIFS({asked},{values},"<>")=0,"",SUMIFS({values},{asked}))'
    assert [cell.value for cell in sheet["A"][12:16]] == list(shipped().tables["customers"].column("tier_level").choices)  # type: ignore[union-attr]


def charts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist() if re.match(r"xl/(charts|drawings)/", name)}


def test_what_is_written_later_leaves_the_charts_as_they_are(tmp_path: Path) -> None:
    path = made(tmp_path / "新.xlsx")
    before = charts(path)
    apply_upgrade(path, [Addition("客户", 1, ("新的一列",), (12,)), Addition("另一张表", 0, ("编号",), (12,))])

    assert len([name for name in before if name.startswith("xl/charts/chart")]) == len(panels(board_of(shipped()), "zh")) + 1
    assert charts(path) == before


def test_a_book_without_indicators_has_no_such_tab(tmp_path: Path) -> None:
    create(tmp_path / "新.xlsx", [shipped().tables["customers"]], board=board_of(shipped()))

    assert openpyxl.load_workbook(tmp_path / "新.xlsx").sheetnames == ["客户"]


def staffs(path: Path) -> Path:
    """A workbook of staff: the columns in an order of their own, a chart of theirs, and no tab with our charts."""
    book = openpyxl.Workbook()
    book.worksheets[0].title = "考核结果"
    sheet = book["考核结果"]
    for row in (["备注", "数值", "周期", "指标"], ["手写", 3, "x", "受理投诉"]):
        sheet.append(row)
    theirs = BarChart()
    theirs.add_data(Reference(sheet, min_col=2, min_row=1, max_row=2))
    sheet.add_chart(theirs, "H2")
    book.create_sheet("客户").append(["客户等级", "客户编号"])
    book.save(path)
    return path


def added(path: Path) -> Path:
    tables = [shipped().tables[name] for name in ("customers", "kpi_results")]
    places = {"kpi_results": {"value": 1, "period": 2, "kpi": 3}, "customers": {"tier_level": 0, "customer_id": 1}}
    add_board_to(path, tables, {"customers": "客户", "kpi_results": "考核结果"}, places, board_of(shipped()), "zh")
    return path


def test_a_workbook_that_is_there_gets_the_charts_and_keeps_every_other_part(tmp_path: Path) -> None:
    path = staffs(tmp_path / "旧.xlsx")
    with zipfile.ZipFile(path) as package:
        before = {name: package.read(name) for name in package.namelist()}

    added(path)

    with zipfile.ZipFile(path) as package:
        after = {name: package.read(name) for name in package.namelist()}
    listings = {"xl/workbook.xml", "xl/_rels/workbook.xml.rels", "[Content_Types].xml"}
    assert {name for name in before if after[name] != before[name]} <= listings
    assert len([name for name in after if "/charts/chart" in name]) == 1 + len(panels(board_of(shipped()), "zh")) + 1


def test_its_formulas_read_the_columns_where_people_have_them(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(added(staffs(tmp_path / "旧.xlsx")))["看板"]

    asked = "'考核结果'!$D:$D,\"受理投诉\",'考核结果'!$C:$C,$A10"
    assert sheet["C10"].value == f"=IF(COUNTIFS({asked},'考核结果'!$B:$B,\"<>\")=0,\"\",SUMIFS('考核结果'!$B:$B,{asked}))"
    assert sheet["B13"].value == "=COUNTIF('客户'!$A:$A,$A13)"
    assert [sheet["A1"].value, sheet["A4"].value, sheet["C4"].value] == ["看板", "月份", "受理投诉"]
    assert len(sheet._charts) == len(panels(board_of(shipped()), "zh")) + 1


def test_the_charts_can_be_added_after_a_run_has_written(tmp_path: Path) -> None:
    path = added(staffs(tmp_path / "旧.xlsx"))
    apply_upgrade(path, [Addition("客户", 1, ("新的一列",), (12,))])

    assert openpyxl.load_workbook(path).sheetnames == ["考核结果", "客户", "看板"]
    assert openpyxl.load_workbook(path)["客户"]["C1"].value == "新的一列"


LATE = [
    Series({"zh": name, "en": name}, {"zh": "小时", "en": "hours"}, {"zh": "各环节用时", "en": "Time by step"}) for name in ("指派", "解决")
]


def test_new_indicators_are_taken_up_beside_what_people_changed_on_the_tab(tmp_path: Path) -> None:
    path = made(tmp_path / "新.xlsx")
    book = openpyxl.load_workbook(path)
    book["看板"]["A2"] = "老板请看"
    del book["看板"]._charts[2:]
    book.save(path)
    with zipfile.ZipFile(path) as package:
        before = {name: package.read(name) for name in package.namelist()}

    add_more_to(path, "看板", "考核结果", {"kpi": 1, "period": 6, "value": 7, "subject_kind": 3}, LATE, "zh")

    sheet = openpyxl.load_workbook(path)["看板"]
    last = sheet.max_column
    assert [sheet.cell(4, place).value for place in (last - 1, last)] == ["指派", "解决"]
    asked = "'考核结果'!$B:$B,\"解决\",'考核结果'!$G:$G,$A10,'考核结果'!$D:$D,\"公司\""
    assert sheet.cell(10, last).value == f"=IF(COUNTIFS({asked},'考核结果'!$H:$H,\"<>\")=0,\"\",SUMIFS('考核结果'!$H:$H,{asked}))"
    assert sheet["A2"].value == "老板请看"
    *_, new = sheet._charts
    assert len(sheet._charts) == 3
    assert (new.grouping, new.overlap, new.anchor._from.row) == ("stacked", 100, 47)
    assert [series.val.numRef.f for series in new.series] == [
        f"'看板'!${letters(place)}$5:${letters(place)}$10" for place in (last - 2, last - 1)
    ]
    with zipfile.ZipFile(path) as package:
        assert [name for name in before if name not in package.namelist()] == []
        assert "xl/worksheets/sheet2.xml" not in {name for name in before if package.read(name) != before[name]}
