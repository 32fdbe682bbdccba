"""The tab with the charts at Google: planned first, made once, found again under another name, and never touched by a run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.googleoffice import COMPLAINTS, NOW, Office, tab
from tests.sheets.cells import Formula
from tests.sheets.human import Human
from tests.sheets.server import StandIn

RESULTS = """
    result_id | 结果编号 |
    kpi       | 指标     | ours
    period    | 周期     | ours
    ends_on   | 周期结束 | date ours
    value     | 数值     | decimal ours

    kept: true
"""
CUSTOMERS = """
    customer_id | 客户编号 |
    tier_level  | 等级     | choice | choices: [A, B, C]
"""
POLICY = """
    table: kpi_results
    dated_by: ends_on
    rules:
      - { id: filed, kind: metric, title: 受理投诉, of: complaints, dated: received_at, every: month, value: count(*), unit: count }
"""
SECOND = """
      - { id: grave, kind: metric, title: 重大投诉, of: complaints, dated: received_at, value: "count(*) filter (where severity = '重大')",
          every: month, unit: count }
"""
TABLES = {"kpi_results": RESULTS, "complaints": COMPLAINTS, "customers": CUSTOMERS}


@pytest.fixture
def google() -> Iterator[StandIn]:
    with StandIn() as started:
        yield started


@pytest.fixture
def office(google: StandIn, tmp_path: Path) -> Office:
    return Office.opened(google, tmp_path / "office", policy=POLICY, tables=TABLES)


def charts(office: Office, title: str = "看板") -> list[dict[str, Any]]:
    return [each["spec"] for each in tab(office.google, office.file, title).things("charts")]


def test_init_plans_the_charts_then_makes_them_once_over_what_the_kept_table_says(office: Office, capsys: pytest.CaptureFixture[str]):
    assert "  工作表“看板”，2 列：月份、受理投诉\n" in office.says(capsys, "init")[1]
    assert [sheet.title for sheet in office.google.book(office.file).sheets] == ["说明"]

    assert office.says(capsys, "init", "--yes")[0] == 0
    office.google.clock.forward(0)
    board = tab(office.google, office.file, "看板")
    assert [board.cell(row, 0).value for row in (0, 1, 3)] == ["看板", "本页的图随“kpi_results”自动更新，请不要修改公式。", "月份"]
    assert board.cell(9, 0).value == Formula('=YEAR(EDATE(TODAY();-0))&"年"&MONTH(EDATE(TODAY();-0))&"月"')
    asked = "'kpi_results'!$B:$B;\"受理投诉\";'kpi_results'!$C:$C;$A10"
    values = "'kpi_results'!$E:$E"
    assert board.cell(9, 1).value == Formula(f'=IF(COUNTIFS({asked};{values};"<>")=0;"";SUMIFS({values};{asked}))')
    assert [board.cell(row, 0).value for row in range(11, 15)] == ["客户等级", "A", "B", "C"]
    assert board.cell(12, 1).value == Formula("=COUNTIF('customers'!$B:$B;$A13)")

    assert [each["title"] for each in charts(office)] == ["受理投诉", "客户等级"]
    bars = charts(office)[0]["basicChart"]
    assert bars["axis"][0]["viewWindowOptions"]["viewWindowMin"] == 0
    assert [side["sourceRange"]["sources"] for side in (bars["domains"][0]["domain"], bars["series"][0]["series"])] == [
        [{"sheetId": board.sheet_id, "startRowIndex": 3, "endRowIndex": 10, "startColumnIndex": 0, "endColumnIndex": 1}],
        [{"sheetId": board.sheet_id, "startRowIndex": 3, "endRowIndex": 10, "startColumnIndex": 1, "endColumnIndex": 2}],
    ]
    assert office.says(capsys, "init") == (0, "工作簿 台账 (FILE) 已齐全，没有要补的。\n")


def test_a_new_indicator_gets_its_column_and_chart_in_the_tab_that_staff_have_renamed(office: Office, capsys: pytest.CaptureFixture[str]):
    office.says(capsys, "init", "--yes")
    Human(office.google, office.file, tab(office.google, office.file, "看板").sheet_id, "月份").rename_tab("老板看这里")
    policy = office.root / "config/packs/care/policies/handling.yaml"
    policy.write_text(policy.read_text(encoding="utf-8").rstrip() + SECOND.replace("\n      ", "\n  "), encoding="utf-8")
    before = [row.cells[:2] for row in tab(office.google, office.file, "老板看这里").rows]

    said = office.says(capsys, "init", "--upgrade", "--yes")[1]
    assert "  工作表“老板看这里”右侧增加 1 列：重大投诉\n" in said
    board = tab(office.google, office.file, "老板看这里")
    assert [row.cells[:2] for row in board.rows] == before
    assert board.cell(3, 2).value == "重大投诉" and "重大投诉" in str(board.cell(9, 2).value)
    assert [each["title"] for each in charts(office, "老板看这里")] == ["受理投诉", "客户等级", "重大投诉"]
    assert "已齐全" in office.says(capsys, "init")[1]


def test_a_run_writes_the_kept_table_and_leaves_the_charts_as_they_are(office: Office, capsys: pytest.CaptureFixture[str]):
    office.says(capsys, "init", "--yes")
    Human(office.google, office.file, tab(office.google, office.file).sheet_id, "投诉编号").fill_row(
        {"投诉编号": "TS-1", "内容": "有异味", "受理时间": 46265.6}
    )
    before = [row.cells for row in tab(office.google, office.file, "看板").rows], charts(office)
    assert office.says(capsys, "run", "--now", NOW)[0] == 0
    assert ([row.cells for row in tab(office.google, office.file, "看板").rows], charts(office)) == before
    assert [row.cell(1).value for row in tab(office.google, office.file, "kpi_results").rows][1] == "受理投诉"
