"""Whole runs over kept tables: appended once, settled, undone, taken up after a crash, also in a real file."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from automations.applying import apply
from automations.config import Config
from automations.errors import WorkbookUnwritable
from automations.model import NewRow
from automations.reports import plan_html, plan_text, run_text
from automations.run import plan_once
from automations.workbooks.memory import MemoryWorkbook
from tests.project import ROOT, loaded, project
from tests.scene import Scene, does_nothing, scene
from tests.test_kept_tables import FREIGHT, LEDGER, LEDGER_HEAD, MONTHLY, SHIPMENTS, SHIPPED, SUMS

NOW, LATER = "2025-10-09 09:00", "2025-10-09 09:30"
MONTHS = "period_id | month | carrier | freight | loads | checked_on\n"
STATUS = """
    policy: signing
    table: freight_ledger
    rules:
      - id: sign
        kind: deadline
        starts: shipped_on
        within: $sign_within
        done: signed_by
        writes: { due: sign_due, state: sign_state }
    parameters:
      sign_within: { title: 复核, unit: days, values: { 2000-01-01: 3 } }
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    tables = {"shipments": SHIPMENTS, "freight_ledger": FREIGHT, "freight_monthly": MONTHLY}
    shutil.copytree(ROOT / "templates" / "reports", tmp_path / "templates" / "reports")
    return loaded(project(tmp_path, policy=[LEDGER, SUMS], tables=tables))


def stage(config: Config, folder: Path | None = None, **drawn: str) -> Scene:
    return scene(folder, config=config, **({"shipments": SHIPPED, "freight_ledger": LEDGER_HEAD, "freight_monthly": MONTHS} | drawn))


@pytest.mark.parametrize("real", [False, True], ids=["memory", "xlsx"])
def test_a_run_appends_and_the_next_one_has_nothing_to_do(config: Config, tmp_path: Path, real: bool) -> None:
    known = stage(config, tmp_path if real else None)
    known.run(NOW)

    assert known.cells("freight_ledger", "shipped_on", "carrier", "amount", "signed_by") == [
        "FY-1 2025-09-26 | 甲运 | 800.10 | -",
        "FY-2 2025-09-29 | 甲运 | 199.90 | -",
        "FY-4 2025-10-09 | 甲运 | 50.00 | -",
    ]
    assert known.cells("freight_monthly", "freight", "loads") == ["2025-09/甲运 1000.00 | 2", "2025-10/甲运 50.00 | 1"]
    assert does_nothing(known.plan(NOW)) and does_nothing(known.plan(LATER))


def test_staff_sort_sign_and_insert_and_only_what_changed_is_written(config: Config) -> None:
    known = stage(config)
    known.run(NOW)
    known.staff("freight_ledger", lambda rows: [rows[0], [], *reversed(rows[1:])])
    known.edit("freight_ledger", "signed_by", "FY-2", "王敏")
    known.edit("shipments", "freight", "FY-1", 810.10)
    known.edit("shipments", "freight", "FY-3", 30)

    plan = known.run(LATER).plan

    assert [(row.key, row.row) for row in plan.new_rows if row.table == "freight_ledger"] == [("FY-3", 6)]
    assert [f"{each.key} {each.column} {each.new}" for each in plan.changes if each.table == "freight_ledger" and each.key != "FY-3"] == [
        "FY-1 amount 810.10"
    ]
    assert known.cells("freight_ledger", "amount", "signed_by") == [
        "FY-4 50.00 | -",
        "FY-2 199.90 | 王敏",
        "FY-1 810.10 | -",
        "FY-3 30.00 | -",
    ]
    assert does_nothing(known.plan(LATER))


def test_what_a_person_typed_over_in_a_column_of_ours_stays(config: Config) -> None:
    known = stage(config)
    known.run(NOW)
    known.edit("freight_ledger", "amount", "FY-1", 1)

    plan = known.plan(LATER)

    assert [(each.key, each.column, str(each.theirs), str(each.ours)) for each in plan.overrides] == [("FY-1", "amount", "1.00", "800.10")]
    assert plan.changes == ()


def test_a_row_staff_deleted_comes_back_once(config: Config) -> None:
    known = stage(config)
    known.run(NOW)
    known.book.delete_row("freight_ledger", "FY-1")

    assert [row.key for row in known.run(LATER).plan.new_rows] == ["FY-1"]
    assert does_nothing(known.plan(LATER))


def test_rules_over_a_kept_table_judge_a_new_row_in_the_run_that_appends_it(tmp_path: Path) -> None:
    freight = FREIGHT.replace(
        "    source     | 来源         | ours      |\n",
        "    source | 来源 | ours |\n    sign_due | 复核到期 | datetime ours |\n    sign_state | 复核状态 | ours |\n",
    ).replace("signed_by  | 复核签字     |", "signed_by | 复核签字 | date")
    tables = {"shipments": SHIPMENTS, "freight_ledger": freight, "freight_monthly": MONTHLY}
    known = stage(loaded(project(tmp_path, policy=[LEDGER, STATUS], tables=tables)))
    known.run(NOW)

    assert known.cells("freight_ledger", "sign_due", "sign_state")[0] == "FY-1 2025-09-29 23:59:59 | 已逾期"
    assert does_nothing(known.plan(NOW))


def test_undo_takes_appended_rows_away_again(config: Config) -> None:
    known = stage(config)
    before = known.raw()
    known.run(NOW)
    undone = known.undo(1, LATER)

    assert undone.receipt.written.refused == ()
    assert known.raw() == before
    known.run(LATER)
    assert known.cells("freight_monthly", "freight") == ["2025-09/甲运 1000.00", "2025-10/甲运 50.00"]


def test_undo_leaves_a_row_whole_that_somebody_has_filled_in_since(config: Config) -> None:
    known = stage(config)
    known.run(NOW)
    known.edit("freight_ledger", "signed_by", "FY-2", "王敏")
    undone = known.undo(1, LATER)

    assert known.cells("freight_ledger", "amount", "signed_by") == ["FY-2 199.90 | 王敏"]
    assert {(change.key, why) for change, why in undone.receipt.written.refused} == {
        ("FY-2", "它加的这一行后来有人填过（“复核签字”）；先清掉，或留着这一行")
    }


def test_undo_leaves_a_row_that_a_later_run_has_written_to(config: Config) -> None:
    known = stage(config)
    known.run(NOW)
    known.edit("shipments", "freight", "FY-1", 5)
    known.run(LATER)
    known.undo(1, LATER)

    assert "FY-1 5.00" in known.cells("freight_ledger", "amount")


def test_after_a_crash_before_the_writing_the_rows_are_appended_once(config: Config) -> None:
    known = stage(config)

    class Dying(MemoryWorkbook):
        def apply(self, targets: Any) -> Any:
            raise KeyboardInterrupt

    dying = known.with_world(workbook=Dying("团队台账", known.raw()))
    with pytest.raises(KeyboardInterrupt):
        dying.run(NOW)
    known.run(LATER)

    assert [row.state for row in known.world.ledger.changes_of(1) if isinstance(row.change, NewRow)] == ["refused"] * 5
    assert len(known.cells("freight_ledger", "amount")) == 3 and does_nothing(known.plan(LATER))


def test_after_a_crash_behind_the_writing_nothing_is_appended_twice(config: Config) -> None:
    known = stage(config)
    known_book = known.book

    class Dying(MemoryWorkbook):
        def apply(self, targets: Any) -> Any:
            known_book.apply(targets)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        known.with_world(workbook=Dying("团队台账", known_book.tabs)).run(NOW)
    known.run(LATER)

    assert {row.state for row in known.world.ledger.changes_of(1)} == {"applied"}
    assert len(known.cells("freight_ledger", "amount")) == 3 and does_nothing(known.plan(LATER))


def test_two_runs_that_planned_the_same_rows_append_them_once(config: Config) -> None:
    known = stage(config)
    world = known.world
    plan, snapshot = plan_once(world, datetime.fromisoformat(NOW))
    known.run(NOW)
    apply(plan, snapshot, world.workbook, world.ledger, world.channel)

    assert len(known.cells("freight_ledger", "amount")) == 3


def test_a_tab_that_cannot_be_written_leaves_the_run_failed(config: Config) -> None:
    known = stage(config)

    class Locked(MemoryWorkbook):
        def apply(self, targets: Any) -> Any:
            raise WorkbookUnwritable("locked")

    with pytest.raises(WorkbookUnwritable):
        known.with_world(workbook=Locked("团队台账", known.book.tabs)).run(NOW)
    assert known.world.ledger.runs()[0].state == "failed"


def test_a_flood_of_rows_into_a_table_that_has_some_is_stopped(config: Config) -> None:
    many = "notice_no | shipped_at | carrier | freight\n" + "".join(f"FY-{n} | 2025-09-26 10:00 | 甲运 | {n}\n" for n in range(1, 503))
    first = stage(config, shipments=many).plan(NOW)
    more = stage(config, shipments=many, freight_ledger=LEDGER_HEAD + "FY-1 | 2025-09-26 | 甲运 | 1 | |").plan(NOW)

    assert first.brakes == ()
    assert [dict(brake.words) for brake in more.brakes] == [
        {
            "zh": "“freight_ledger”原有 1 行，将新增 501 行，上限是 500 行",
            "en": "'freight_ledger' has 1 rows and 501 would be appended, the limit is 500",
        }
    ]


def test_a_plan_shows_new_rows_as_text_as_a_page_and_as_data(config: Config) -> None:
    known = stage(config)
    plan = known.plan(NOW)

    text = plan_text(plan, config, language="zh")
    assert "5 行将新增" in text and "新增的行 5 行" in text and "FY-1" in text
    assert "新增的行 <small>5</small>" in plan_html(plan, config, "zh")
    assert json.loads(plan.as_json())["new_rows"][0] == {
        "table": "freight_monthly",
        "row": 2,
        "key": "2025-09/甲运",
        "rule": "sums/monthly",
    }
    assert plan.fingerprint != stage(config, shipments=SHIPPED.replace("FY-4", "FY-5")).plan(NOW).fingerprint
    assert run_text(known.run(NOW), config, "zh").splitlines()[0] == "第 1 次运行：写入 22 个单元格。"
