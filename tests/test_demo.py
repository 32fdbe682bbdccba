"""The demo: a short month over a small town finds every planted fault, settles, and is the same every time."""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path

import pytest

from automations.demo.book import Entry, Office
from automations.demo.desk import laid_out
from automations.demo.month import DemoResult, run_demo
from automations.demo.sidetabs import EVERYTHING as PLANTED
from automations.demo.town import Size
from automations.errors import WorkbookUnwritable
from automations.rules import kinds
from automations.run import read

ROOT = Path(__file__).resolve().parent.parent
SMALL = Size(customers=40, orders=90, complaints=64)


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> tuple[DemoResult, list[str]]:
    said: list[str] = []
    return run_demo(ROOT, tmp_path_factory.mktemp("demo"), said.append, size=SMALL, clocks=[time(16)]), said


def test_every_planted_fault_is_found(month):
    assert month[0].missed == ()
    assert len(month[0].found) == len(PLANTED)


def test_a_second_run_at_the_same_clock_changes_nothing_and_sends_nothing(month):
    again = month[0].again

    assert (again.cells, again.refused, again.mails) == (0, 0, 0)


def test_no_run_floods_anybody(month):
    mails = [run.mails for run in month[0].runs]

    assert mails[0] == 0, "the first sight of the workbook is a baseline"
    assert max(mails) <= 18
    assert 40 <= sum(mails) <= 240


def test_no_write_is_refused_although_people_sort_insert_and_rename(month):
    assert [run.now for run in month[0].runs if run.refused] == []


def test_the_last_picture_has_a_complaint_in_every_state(month):
    world = month[0].world
    snapshot, _ = read(world, month[0].last.now)

    states = set(snapshot.sheets["complaints"].frame["status"])

    assert states == set(world.config.tables["complaints"].column("status").choices)


def test_the_folder_holds_workbook_mails_forms_papers_and_ledger(month):
    folder = month[0].folder

    there = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    assert there == ["forms", "outbox", "papers", "state", "团队台账.xlsx"]
    assert list((folder / "forms").glob("*.docx")) and list((folder / "papers").glob("*.html"))
    assert len(list((folder / "outbox").glob("*.eml"))) == sum(run.mails + run.digests for run in month[0].runs)
    assert (folder / "outbox" / "index.html").is_file()


def test_the_folder_holds_a_form_of_every_kind_and_a_digest_of_every_kind(month):
    result, _ = month
    config = result.world.config
    forms = {file.name.partition(" ")[0] for file in (result.folder / "forms").glob("*.docx")}
    pages = [page.read_text(encoding="utf-8") for page in (result.folder / "outbox").glob("*.html")]

    assert {spec.title["zh"] for spec in config.program.forms} - forms == set()
    assert {
        each.title["zh"] for each in config.digests.values() if not any(f"<title>{each.title['zh']}<" in page for page in pages)
    } == set()


def test_the_summary_says_what_was_found_and_where_to_look_first(month):
    result, said = month
    fixed = sum(plant.sign == "finding" for plant in PLANTED)

    text = "\n".join(said)

    assert f"埋下的差错 {len(PLANTED)} / {len(PLANTED)} 处被找到" in text
    assert "同一时刻再运行一次：改动 0 格，发出 0 封邮件" in text
    assert f"打开 {result.workbook.as_posix()}" in text
    assert "直销货款 第" in text
    assert fixed > 40


def test_the_same_seed_gives_the_same_plans(tmp_path):
    one, other = (run_demo(ROOT, tmp_path / name, lambda _: None, days=1, size=SMALL) for name in ("one", "other"))

    assert [run.fingerprint for run in one.runs] == [run.fingerprint for run in other.runs]
    assert one.workbook.name == other.workbook.name


def test_a_folder_that_no_demo_wrote_is_left_alone(tmp_path):
    (tmp_path / "团队台账.xlsx").write_bytes(b"the team's own")

    with pytest.raises(WorkbookUnwritable) as refused:
        run_demo(ROOT, tmp_path, lambda _: None, days=1, size=SMALL)

    assert str(refused.value) == f"{tmp_path}: holds files that no demo wrote; name another folder. Nothing was changed."
    assert (tmp_path / "团队台账.xlsx").read_bytes() == b"the team's own"


def test_every_planted_fault_names_a_rule_that_is_there(month):
    config = month[0].world.config
    built_in = {"hand edit", "numbering", *(f"{table}/{what}" for table in config.tables for what in ("readable", "key-once"))}

    unknown = [plant.rule for plant in PLANTED if plant.rule not in built_in and config.rule(plant.rule) is None]

    assert unknown == []


def test_every_kind_of_rule_that_can_find_a_fault_has_one_planted(month):
    config = month[0].world.config
    planted = {rule.kind for plant in PLANTED if (rule := config.rule(plant.rule))}
    used = {rule.kind for policy in config.policies.values() for rule in policy.rules.values()}

    assert used & set(kinds()) - planted == {"form"}, "what a form makes lies in the folder `forms`"


def test_every_tab_has_something_planted(month):
    assert set(month[0].world.config.tables) - {plant.table for plant in PLANTED} == set()


def test_an_entry_shows_what_was_typed_between_two_moments():
    entry = Entry("orders").put(datetime(2026, 9, 14, 9), order_no="DD-1", production_progress="未下达")
    entry.put(datetime(2026, 9, 15, 9), production_progress="已下达")

    assert entry.typed(None, datetime(2026, 9, 16)) == {"order_no": "DD-1", "production_progress": "已下达"}
    assert entry.typed(datetime(2026, 9, 14, 9), datetime(2026, 9, 16)) == {"production_progress": "已下达"}
    assert entry.typed(datetime(2026, 9, 15, 9), datetime(2026, 9, 16)) == {}


def test_office_hours_go_on_after_the_holiday(month):
    office = Office(month[0].world.config.calendar, date(2026, 9, 1), date(2026, 10, 31))

    assert office.after(datetime(2026, 9, 30, 17), 2) == datetime(2026, 10, 8, 10)
    assert office.day(date(2026, 10, 1)) == date(2026, 10, 8)
    assert office.after(datetime(2026, 9, 19, 11), 1) == datetime(2026, 9, 20, 10), "a make-up working day"


def test_moving_rows_writes_only_the_cells_that_differ():
    before = [["a", 1.0], ["b", 1.0], ["c", 2.5]]

    assert laid_out(before, [before[1], before[0], before[2]]) == {(2, 0): "b", (3, 0): "a"}
    assert laid_out(before[:1], [[], before[0]]) == {(2, 0): None, (2, 1): None, (3, 0): "a", (3, 1): 1}
