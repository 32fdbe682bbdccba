"""Our columns in a tab of their own at Google: `init` makes it and the look-ups, runs fill it, and staff see every value beside its row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from automations.googledoctor import google_lines
from tests.contracts.workbooks import at_google
from tests.googleoffice import NOW, ROBOT, Office, tab
from tests.project import loaded
from tests.sheets.cells import Formula
from tests.sheets.human import Human
from tests.sheets.server import StandIn

OURS = "complaints·状态"


@pytest.fixture
def google() -> Iterator[StandIn]:
    with StandIn() as started:
        yield started


@pytest.fixture
def office(google: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Office:
    """An office whose two tabs are made, and two complaints."""
    made = Office.opened(google, tmp_path / "office", "apart: all\n              look_ups: all")
    assert made.says(capsys, "init", "--yes")[0] == 0
    staff = made.staff()
    staff.fill_row({"投诉编号": "TS-1", "内容": "有异味", "受理时间": 46265.6})
    staff.fill_row({"投诉编号": 1042, "内容": "少两箱", "受理时间": 46264.6})
    return made


def seen(office: Office, title: str = "complaints") -> dict[str, dict[str, object]]:
    """A tab as it is read, by key and header; blanks left out."""
    book = at_google(office.google, office.file, account=ROBOT, patient=False)
    columns = next(grid.columns for grid in book.grids() if grid.title == title)
    headers, *rows = zip(*columns, strict=True)
    filled = [{str(header): cell for header, cell in zip(headers, row, strict=True) if cell not in (None, "")} for row in rows]
    return {str(row["投诉编号"]).removesuffix(".0"): row for row in filled if row}


def examined(office: Office) -> str:
    """What `doctor` says of the tables at Google; it looks at much else that is not the point here."""
    return "\n".join(
        line
        for each in google_lines(loaded(office.root), datetime.fromisoformat(NOW))
        for line in (each.what["zh"], (each.remedy or {}).get("zh", ""))
    )


def test_init_makes_the_tab_of_ours_and_look_ups_once(google: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    office = Office.opened(google, tmp_path / "office", "apart: all\n              look_ups: all")
    code, said = office.says(capsys, "init")
    assert (code, said) == (
        2,
        (
            "将补全工作簿 台账 (FILE)，只增加，不删改：\n"
            "  工作表“complaints”，5 列：投诉编号、内容、等级、受理时间、答复时间\n"
            "  工作表“complaints·状态”，4 列：投诉编号、原表中的行、答复期限、答复状态\n"
            "  工作表“complaints”右侧增加 2 列：答复期限、答复状态\n"
            "什么都还没有写。执行：runner.py init --yes\n"
        ),
    )
    assert [sheet.title for sheet in google.book(office.file).sheets] == ["说明"]
    assert office.says(capsys, "init", "--yes")[0] == 0
    assert [cell.value for cell in tab(google, office.file, OURS).rows[0].cells] == ["投诉编号", "原表中的行", "答复期限", "答复状态"]
    assert tab(google, office.file).cell(0, 6).value == (
        '=ARRAYFORMULA(IF(ROW($A$1:$A)=ROW($A$1);"答复状态";IF($A$1:$A="";;'
        "IFNA(XLOOKUP(TRIM($A$1:$A&\"\");'complaints·状态'!$A:$A;'complaints·状态'!$D:$D)))))"
    )
    assert office.says(capsys, "init") == (0, "工作簿 台账 (FILE) 已齐全，没有要补的。\n")


def test_a_run_writes_the_tab_of_ours_only_and_staff_see_it_beside_their_rows(office: Office, capsys: pytest.CaptureFixture[str]):
    before = [row.cells[:5] for row in tab(office.google, office.file).rows]
    assert office.says(capsys, "run", "--now", NOW)[0] == 0
    assert [row.cells[:5] for row in tab(office.google, office.file).rows] == before
    assert seen(office, OURS) == {
        "TS-1": {"投诉编号": "TS-1", "答复期限": 46266.75, "答复状态": "进行中"},
        "1042": {"投诉编号": "1042", "答复期限": 46265.75, "答复状态": "已逾期"},
    }
    assert {key: (row["答复期限"], row["答复状态"]) for key, row in seen(office).items()} == {
        "TS-1": (46266.75, "进行中"),
        "1042": (46265.75, "已逾期"),
    }
    staff = office.staff()
    staff.sort("受理时间", falling=False)
    staff.insert_row("TS-1", {"投诉编号": "TS-9"})
    staff.insert_row(1042)
    staff.insert_column("内容", "电话")
    states = {key: row.get("答复状态") for key, row in seen(office).items()}
    assert states == {"1042": "已逾期", "TS-9": None, "TS-1": "进行中"}
    staff.delete_row("TS-9")
    assert office.says(capsys, "plan", "--now", NOW)[0] == 0


def test_a_value_typed_over_a_look_up_breaks_it_and_doctor_says_what_to_do(office: Office, capsys: pytest.CaptureFixture[str]):
    office.staff().sheet().put(2, 6, [tab(office.google, office.file).cell(2, 6).entering("我来定")])
    said = examined(office)
    assert "工作表“complaints”的查找公式坏了：G 列（答复状态）" in said
    assert "清掉手填的内容：G3" in said
    assert "已齐全" in office.says(capsys, "init")[1]  # what a person typed is theirs to clear


@pytest.mark.parametrize("how", ["typed over", "pointing to a tab that is gone"])
def test_a_look_up_whose_formula_is_lost_is_mended_by_init_after_it_said_so(office: Office, capsys: pytest.CaptureFixture[str], how: str):
    office.says(capsys, "run", "--now", NOW)
    sheet, whole = office.staff().sheet(), tab(office.google, office.file).cell(0, 6)
    sheet.put(0, 6, [whole.entering("答复状态" if how == "typed over" else Formula("='没有'!$A$1"))])
    before = [row.cells[:5] for row in tab(office.google, office.file).rows]
    assert seen(office)["TS-1"].get("答复状态") is None

    code, said = office.says(capsys, "init", "--upgrade")
    assert code == 2 and "  工作表“complaints”修复 1 列的查找公式：答复状态\n" in said
    assert office.says(capsys, "init", "--upgrade", "--yes")[0] == 0

    assert tab(office.google, office.file).cell(0, 6).value == whole.value
    assert seen(office)["TS-1"]["答复状态"] == "进行中" and [row.cells[:5] for row in tab(office.google, office.file).rows] == before
    assert "已齐全" in office.says(capsys, "init")[1]


def test_columns_that_stood_beside_before_are_not_filled_any_more_and_doctor_says_so(
    google: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    office = Office.opened(google, tmp_path / "office")
    office.says(capsys, "init", "--yes")
    office.staff().fill_row({"投诉编号": "TS-1", "内容": "有异味", "受理时间": 46265.6})
    office.says(capsys, "run", "--now", NOW)
    settings = office.root / "config/settings.yaml"
    settings.write_text(settings.read_text(encoding="utf-8").rstrip() + "\n  apart: [complaints]\n  look_ups: all\n", encoding="utf-8")

    assert office.says(capsys, "init", "--yes", "--upgrade")[0] == 0
    office.says(capsys, "run", "--now", NOW)
    assert seen(office, OURS)["TS-1"]["答复状态"] == "进行中"
    said = examined(office)
    assert "工作表“complaints”里原来由表管家填写的列不再填写：答复期限、答复状态" in said
    Human(google, office.file, tab(google, office.file).sheet_id, "投诉编号").delete_column("答复期限")
    Human(google, office.file, tab(google, office.file).sheet_id, "投诉编号").delete_column("答复状态")
    assert "右侧增加 2 列：答复期限、答复状态" in office.says(capsys, "init", "--yes", "--upgrade")[1]
    assert seen(office)["TS-1"]["答复状态"] == "进行中"
