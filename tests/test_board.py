"""The tab with the charts: what it shows comes from the kept table, and a run leaves it as it is."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import openpyxl

from automations.setup import board_of
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
    asked = f"'考核结果'!${kpi}:${kpi},\"受理投诉\",'考核结果'!${period}:${period},$A10"
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

    assert len([name for name in before if name.startswith("xl/charts/chart")]) == len(board_of(shipped())) + 1
    assert charts(path) == before


def test_a_book_without_indicators_has_no_such_tab(tmp_path: Path) -> None:
    create(tmp_path / "新.xlsx", [shipped().tables["customers"]], board=board_of(shipped()))

    assert openpyxl.load_workbook(tmp_path / "新.xlsx").sheetnames == ["客户"]
