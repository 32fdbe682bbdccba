"""An automation with limits lets everything else be: mails that wait, rows of other rules, brakes of other tables and what they know."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from automations.config import load
from automations.errors import PlanRefused
from automations.judging import Judge
from automations.ledgers.protocol import KEPT, RunOutcome, RunStart
from automations.outbox import Person, outbox
from automations.run import Run, run_once
from tests.project import SETTINGS, project
from tests.scene import STAFF, Scene, scene
from tests.test_drafts import CUSTOMERS, POLICY, TABLES, draft_of, kept
from tests.test_kept_tables import FREIGHT, LEDGER, LEDGER_HEAD, MONTHLY, SHIPMENTS, SHIPPED, SUMS

BEFORE, NOW, NEXT = "2025-09-22 09:00", "2025-09-22 17:00", "2025-09-22 17:05"
LATE, LATER, LATEST = "2025-09-24 09:01", "2025-09-24 09:06", "2025-09-24 09:11"
COMPLAINTS = """
    no   | got              | client | handler | content | told_at
    TS-1 | 2025-09-22 16:30 | KH-1   | YG-01   | 有异味  |
    TS-2 | 2025-09-22 16:30 | KH-2   | YG-03   | 破损    |
"""
CONTENT = """
    title: { zh: 登记, en: Entries }
    dated_by: got
    rules:
      - { id: loss-known, kind: required, columns: [loss] }
    notices:
      - { on: loss-known, to: owner, template: finding }
"""
"""A finding for the handler, who also gets the reminders of the other policy in the tests below."""
REMINDING = POLICY.replace(
    "ladder: [{ at: start, to: customer, template: letter-accepted }]\n        shows: [content]",
    "ladder: [{ at: due, to: owner, template: deadline-late }]",
)
NARROW = """
    automation: narrow
    title: { zh: 登记检查, en: Entries }
    runs: every 5 minutes
    does: sweep
    policies: [handling-2]
"""
AUTOMATION = {"config/automations/narrow.yaml": NARROW}


def staged(folder: Path, policy: str, settings: str = "") -> Scene:
    """Two policies of one table, an automation that reaches only the second, and a workbook seen before."""
    root = project(folder, policy=[policy, CONTENT], tables=TABLES, files=AUTOMATION, settings=SETTINGS + settings)
    stage = scene(config=load(root), complaints="no | got | client | handler | content | told_at | loss", customers=CUSTOMERS, staff=STAFF)
    stage.run("2025-09-22 08:30")
    for line in COMPLAINTS.strip().splitlines()[1:]:
        cells = [cell.strip() for cell in line.split("|")]
        stage.staff("complaints", lambda rows, cells=cells: [*rows, _row(rows[0], cells)])  # type: ignore[misc]
    return stage


def _row(header: list[object], cells: list[str]) -> list[object]:
    values = dict(zip(("编号", "受理时间", "客户编号", "负责人", "内容"), cells, strict=False))
    return [values.get(str(name)) for name in header]


def narrowly(stage: Scene, now: str) -> Run:
    """A run of the automation that reaches only the second policy."""
    world = stage.world
    return run_once(world, datetime.fromisoformat(now), automation=world.config.automations["narrow"])


def waiting(stage: Scene) -> list[str]:
    """The mails that wait, with the rules they speak of: `held chen@example.com loss-known tell`."""
    records = stage.world.ledger.outbox(KEPT, limit=1000)
    rules = {each.mail.message_id: {name.split("|")[1].split("/")[1] for name in each.mail.identities} for each in records}
    return sorted(f"{each.state} {each.mail.to} {' '.join(sorted(rules[each.mail.message_id]))}" for each in records)


def test_a_draft_of_another_policy_stays_and_is_still_there_to_be_released(tmp_path: Path) -> None:
    stage = staged(tmp_path, POLICY)
    stage.run(NOW)
    drafts = ["draft jia@example.com TS-1", "draft yi@example.com TS-2"]
    assert kept(stage) == drafts

    narrowly(stage, NEXT)
    assert kept(stage) == drafts

    outbox(stage.world.ledger, "zh", "release", draft_of(stage, "TS-1"), person=Person("", "li", datetime(2025, 9, 22, 17, 2)))
    narrowly(stage, "2025-09-22 17:10")
    assert kept(stage) == ["draft yi@example.com TS-2", "released jia@example.com TS-1"]
    assert [line.split(":")[0] for line in stage.letters("2025-09-22 17:15")] == ["jia@example.com"]


def test_a_tick_that_an_automation_out_of_reach_sees_first_releases_the_draft_all_the_same(tmp_path: Path) -> None:
    stage = staged(tmp_path, POLICY)
    stage.run(NOW)
    stage.edit("complaints", "release", "TS-2", True)

    narrowly(stage, NEXT)
    assert kept(stage) == ["draft jia@example.com TS-1", "released yi@example.com TS-2"]
    assert [line.split(":")[0] for line in stage.letters("2025-09-22 17:10")] == ["yi@example.com"]


def test_a_held_mail_that_also_speaks_of_another_policy_stays_whole_and_nothing_of_it_is_told_beside_it(tmp_path: Path) -> None:
    stage = staged(tmp_path, REMINDING, "    brakes: { mails_per_run: 1 }\n")
    stage.run(NOW)
    stage.run(LATE)
    held = ["held chen@example.com loss-known tell", "held li@example.com loss-known tell"]
    assert waiting(stage) == held

    narrowly(stage, LATER)
    assert waiting(stage) == held
    stage.run(LATEST)
    assert waiting(stage) == held


VISITS = """
    no   | 编号 | required
    what | 内容
    seen | 看到 | ours
"""


def with_visits(folder: Path) -> Scene:
    tables = {**TABLES, "visits": VISITS}
    config = load(project(folder, policy=[POLICY, CONTENT], tables=tables, files=AUTOMATION))
    visits = "no | what\n" + "\n".join(f"V-{number:02} | x" for number in range(20))
    stage = scene(config=config, complaints="no | got\nTS-9 | 2025-09-22 08:00", customers=CUSTOMERS, staff=STAFF, visits=visits)
    stage.run(BEFORE)
    return stage


def test_a_brake_of_a_table_out_of_reach_stops_nothing_and_still_stops_the_run_that_reaches_it(tmp_path: Path) -> None:
    stage = with_visits(tmp_path)
    stage.staff("visits", lambda rows: rows[:5])

    assert narrowly(stage, NOW).plan.brakes == ()
    with pytest.raises(PlanRefused, match="“visits”只有 4 行，上次有 20 行"):
        stage.run(NEXT)


def test_a_table_that_rows_in_reach_refer_to_is_leaned_on(tmp_path: Path) -> None:
    stage = with_visits(tmp_path)
    everyone = "\n".join(f"YG-{number} | 人{number} | 市场部 | 业务员 |  | a{number}@example.com | 在职" for number in range(20, 40))
    stage = scene(config=stage.world.config, complaints="no | got\nTS-9 | 2025-09-22 08:00", customers=CUSTOMERS, staff=STAFF + everyone)
    stage.run(BEFORE)
    stage.staff("staff", lambda rows: rows[:3])

    with pytest.raises(PlanRefused, match="只有 2 行，上次有"):
        narrowly(stage, NOW)


def test_rows_that_a_rule_out_of_reach_would_make_are_not_made(tmp_path: Path) -> None:
    tables = {"shipments": SHIPMENTS, "freight_ledger": FREIGHT, "freight_monthly": MONTHLY}
    narrow = NARROW.replace("policies: [handling-2]", "policies: [sums]")
    config = load(project(tmp_path, policy=[LEDGER, SUMS], tables=tables, files={"config/automations/narrow.yaml": narrow}))
    months = "period_id | month | carrier | freight | loads | checked_on\n"
    stage = scene(config=config, shipments=SHIPPED, freight_ledger=LEDGER_HEAD, freight_monthly=months)

    plan = narrowly(stage, "2025-10-09 09:00").plan

    assert {row.table for row in plan.new_rows} <= {"freight_monthly"}
    assert {change.table for change in plan.changes} <= {"freight_monthly"}
    assert stage.cells("freight_ledger", "shipped_on") == []


def test_a_first_run_that_reaches_one_policy_leaves_the_others_their_first_look(tmp_path: Path) -> None:
    root = project(tmp_path, policy=[REMINDING, CONTENT], tables=TABLES, files=AUTOMATION)
    stage = scene(config=load(root), complaints=COMPLAINTS, customers=CUSTOMERS, staff=STAFF)
    narrowly(stage, LATE)

    first = stage.run(LATER)
    assert {(each.policy, each.state) for each in first.plan.notices} == {("handling", "baseline")}
    stage.edit("complaints", "got", "TS-2", datetime(2025, 9, 23, 10, 0))
    narrowly(stage, LATEST)
    assert stage.sent == []
    assert [line.split(":")[0] for line in stage.letters("2025-09-25 09:01")] == ["li@example.com"]


def test_a_policy_that_is_added_later_notes_what_is_old_and_tells_what_comes(tmp_path: Path) -> None:
    before = scene(
        config=load(project(tmp_path / "before", policy=CONTENT, tables=TABLES)),
        complaints=COMPLAINTS.replace("told_at", "loss").replace("|\n", "| 5\n"),
        customers=CUSTOMERS,
        staff=STAFF,
    )
    before.run(LATE)
    config = load(project(tmp_path / "after", policy=[CONTENT, REMINDING], tables=TABLES))
    stage = before.with_world(config=config, judge=Judge(config.program, config.evaluator, config.calendar, config.tables))

    assert stage.letters(LATER) == []
    stage.edit("complaints", "got", "TS-2", datetime(2025, 9, 23, 10, 0))
    assert [line.split(":")[0] for line in stage.letters("2025-09-25 09:01")] == ["li@example.com"]


def test_a_ledger_from_before_policies_were_remembered_knows_them_all(tmp_path: Path) -> None:
    root = project(tmp_path, policy=[REMINDING, CONTENT], tables=TABLES, files=AUTOMATION)
    stage = scene(config=load(root), complaints=COMPLAINTS, customers=CUSTOMERS, staff=STAFF)
    ledger = stage.world.ledger
    run = ledger.begin_run(RunStart("sweep", stage.world.workbook.name, datetime.fromisoformat(BEFORE), "", ""))
    ledger.end_run(run, RunOutcome("done", datetime.fromisoformat(BEFORE)))
    narrowly(stage, LATE)

    assert {each.state for each in stage.plan(LATER).notices} == {"planned"}
