"""Columns at Google that people renamed, moved, hid or copied: known by the mark `init` put on them, at no cost while nothing changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.googledesk import Act
from tests.googleoffice import NOW, Office, tab
from tests.sheets.human import Human
from tests.sheets.server import StandIn

Capsys = pytest.CaptureFixture[str]
LATER = "2026-09-01 11:00"
EDITS: dict[str, tuple[Act, ...]] = {
    "rename the key and ours, hide one, insert another": (
        lambda who: who.insert_column("内容", "电话"),
        lambda who: who.rename_column("答复期限", "回复截止"),
        lambda who: who.hide_column("回复截止"),
        lambda who: who.rename_column("投诉编号", "单号"),
    ),
    "rename and move": (lambda who: who.rename_column("答复状态", "进度"), lambda who: who.move_column("进度", "内容")),
    "take our name for a column of theirs": (
        lambda who: who.rename_column("答复状态", "旧状态"),
        lambda who: who.insert_column("内容", "答复状态"),
    ),
    "exchange two names": (
        lambda who: who.rename_column("受理时间", "甲"),
        lambda who: who.rename_column("答复时间", "受理时间"),
        lambda who: who.rename_column("甲", "答复时间"),
    ),
}


@pytest.fixture
def google() -> Iterator[StandIn]:
    with StandIn() as started:
        yield started


@pytest.fixture
def office(google: StandIn, tmp_path: Path, capsys: Capsys) -> Office:
    """An installation that has run once over two complaints."""
    office = Office.opened(google, tmp_path / "office")
    office.says(capsys, "init", "--yes")
    staff = office.staff()
    staff.fill_row({"投诉编号": "TS-1", "内容": "有异味", "受理时间": 46265.6})
    staff.fill_row({"投诉编号": "TS-2", "内容": "少两箱", "受理时间": 46265.7})
    office.says(capsys, "run", "--now", NOW)
    return office


def column(office: Office, mark: str) -> list[object]:
    """The column that bears a mark, below its header, as it stands now: of TS-1 and TS-2."""
    sheet = tab(office.google, office.file)
    anchor = next(each.anchor for each in office.google.book(office.file).metadata.values() if each.value == f"complaints/{mark}")
    place = next(place for place, line in enumerate(sheet.columns) if line.anchor == anchor)
    return [sheet.cell(row, place).value for row in (1, 2)]


@pytest.mark.parametrize("edit", EDITS)
def test_a_column_is_known_by_its_mark_whatever_people_call_it(office: Office, capsys: Capsys, edit: str):
    staff = office.staff()
    for act in EDITS[edit]:
        act(staff)
    given = tab(office.google, office.file).rows[0].cells
    done = next(place for place, line in enumerate(tab(office.google, office.file).columns) if _bears(office, line.anchor, "answered_at"))
    key = next(place for place, line in enumerate(tab(office.google, office.file).columns) if _bears(office, line.anchor, "complaint_no"))
    Human(office.google, office.file, staff.sheet_id, str(given[key].value)).edit("TS-1", str(given[done].value), 46266.4)

    code, said = office.says(capsys, "run", "--now", LATER)

    assert code == 0, said
    assert column(office, "answer_state") == ["按时完成", "进行中"]
    assert column(office, "answer_due") == [46266.75, 46266.75]
    assert column(office, "received_at") == [46265.6, 46265.7]


def _bears(office: Office, anchor: int, key: str) -> bool:
    return any(each.anchor == anchor and each.value == f"complaints/{key}" for each in office.google.book(office.file).metadata.values())


def test_marks_cost_one_more_call_when_a_header_changes_and_none_afterwards(office: Office, capsys: Capsys):
    office.staff().rename_column("答复期限", "回复截止")

    def calls() -> list[str]:
        office.google.forget_calls()
        office.says(capsys, "run", "--now", NOW)
        return [call.kind for call in office.google.calls if call.counts_as]

    assert calls() == ["values.batchGet", "spreadsheets.get"]
    assert calls() == ["values.batchGet"]


def test_doctor_says_which_headers_were_renamed(office: Office, capsys: Capsys):
    office.staff().rename_column("答复期限", "回复截止")

    _, said = office.says(capsys, "doctor", "--now", NOW)

    assert "正常  工作表“complaints”有改过名的表头，按列上的标记照常认出：F 列“回复截止”即“答复期限”\n" in said
    assert office.says(capsys, "init")[1] == "工作簿 台账 (FILE) 已齐全，没有要补的。\n"


def test_a_renamed_header_that_stands_twice_is_nobody_s(office: Office, capsys: Capsys):
    """Nobody can say which of the two is meant, and a write by header would not know either: the column counts as missing."""
    staff = office.staff()
    staff.rename_column("答复期限", "内容")
    staff.edit("TS-1", "答复时间", 46266.4)

    _, said = office.says(capsys, "run", "--now", LATER)

    assert column(office, "answer_due") == [46266.75, 46266.75]
    assert column(office, "answer_state") == ["按时完成", "进行中"], said


def test_people_at_work_on_the_header_while_it_is_read_do_not_mix_columns_up(office: Office, capsys: Capsys):
    """Between the values and the marks a column is moved: the values are read again."""
    staff = office.staff()
    staff.rename_column("答复状态", "进度")
    staff.edit("TS-1", "答复时间", 46266.4)
    office.google.forget_calls()
    office.google.moments.after(0, lambda: staff.move_column("进度", "内容"))

    office.says(capsys, "run", "--now", LATER)

    assert column(office, "answer_state") == ["按时完成", "进行中"]
    assert [call.kind for call in office.google.calls if call.counts_as == "read"][:3] == [
        "values.batchGet", "spreadsheets.get", "values.batchGet",
    ]  # fmt: skip
