"""The four core sheets alone, with only their required columns: what can work works, the rest names the column it lacks."""

from __future__ import annotations

import pytest

from automations.reports import plan_text
from tests.scene import Scene, does_nothing, found_in, scene

NOW = "2025-09-27 09:00"
CUSTOMERS = """
    customer_id | customer_name
    KH-1        | 甲商贸
    KH-2        | 乙超市
"""
ORDERS = """
    order_no | customer_id | order_date | amount
    DD-1     | KH-1        | 2025-09-01 | 1200000.00
    DD-2     | KH-2        | 2025-09-02 | 500.00
"""
SHIPMENTS = """
    notice_no | order_no
    FY-1      | DD-1
"""
COMPLAINTS = """
    complaint_no | received_at      | customer_id | content
    TS-1         | 2025-09-26 16:30 | KH-1        | 有异味
    TS-2         | 2025-09-26 16:30 | KH-9        | 孩子吃后住院
"""


@pytest.fixture(scope="module")
def bare() -> Scene:
    """Only required columns, and none of ours."""
    return scene(only=True, customers=CUSTOMERS, orders=ORDERS, shipments=SHIPMENTS, complaints=COMPLAINTS)


@pytest.fixture(scope="module")
def ours() -> Scene:
    """The required columns, and all of ours as `init` adds them; nothing else of staff's."""
    whole = scene(customers=CUSTOMERS, orders=ORDERS, shipments=SHIPMENTS, complaints=COMPLAINTS)
    tables = whole.world.config.tables
    keep = {column.heading("zh") for table in tables.values() for column in table.columns if column.ours}
    drawn = {tables[name].heading("zh"): len(text.strip().splitlines()[0].split("|")) for name, text in (
        ("customers", CUSTOMERS), ("orders", ORDERS), ("shipments", SHIPMENTS), ("complaints", COMPLAINTS))}  # fmt: skip
    for title, rows in whole.book.tabs.items():
        places = [place for place, header in enumerate(rows[0]) if place < drawn[title] or header in keep]
        whole.book.tabs[title] = [[row[place] for place in places] for row in rows]
    return whole


def test_with_only_the_required_columns_everything_is_judged_and_nothing_fails(bare: Scene) -> None:
    plan = bare.plan(NOW)
    assert (dict(plan.rows), plan.changes, plan.brakes) == ({"customers": 2, "orders": 2, "shipments": 1, "complaints": 2}, (), ())
    assert {(problem.table, problem.code) for problem in plan.problems if problem.table in plan.rows} == set()


def test_a_reference_to_a_customer_that_is_not_there_is_found_with_the_four_sheets_alone(bare: Scene) -> None:
    assert found_in(bare.plan(NOW)) == ["TS-2 complaint-records/customer_known customer_id"]


def test_our_columns_are_filled_from_what_there_is(ours: Scene) -> None:
    ours.run(NOW)
    assert ours.cells("customers", "annual_purchase", "last_order_on", "tier_level", "tier_abcd") == [
        "KH-1 1200000.00 | 2025-09-01 | - | -",
        "KH-2 500.00 | 2025-09-02 | - | -",
    ]
    assert ours.plan(NOW).lacking["customer-grades/grade"] == ("customers", "contribution_level")
    assert does_nothing(ours.plan(NOW))


def test_the_four_sheets_with_all_their_columns_know_tiers_grades_clocks_and_stages() -> None:
    stage = scene(customers=CUSTOMERS, orders=ORDERS, shipments=SHIPMENTS, complaints=COMPLAINTS)
    stage.run(NOW)
    assert stage.cells("customers", "annual_purchase", "tier_level", "tier_abcd") == [
        "KH-1 1200000.00 | 一级客户 | A级",
        "KH-2 500.00 | 三级客户 | D级",
    ]
    assert stage.cells("orders", "status") == ["DD-1 客户订单", "DD-2 客户订单"]
    assert stage.cells("shipments", "status") == ["FY-1 草稿"]
    assert stage.cells("complaints", "status", "due_assign") == ["TS-1 已记录 | 2025-09-28 18:00", "TS-2 已记录 | 2025-09-28 18:00"]


def test_a_rule_that_does_not_apply_names_the_column_it_lacks(bare: Scene) -> None:
    lacking = bare.plan(NOW).lacking
    assert lacking["complaint-handling/assign"] == ("complaints", "assigned_at")
    assert lacking["complaint-response/first_response"] == ("complaints", "first_response_at")
    assert {table for table, _ in lacking.values()} <= set(bare.world.config.tables)
    assert all(column for table, column in lacking.values() if table in bare.plan(NOW).rows)


def test_every_rule_is_either_judged_or_listed_as_not_applicable(bare: Scene) -> None:
    config, plan = bare.world.config, bare.plan(NOW)
    program, lacking = bare.world.judge.restricted_to(_snapshot(bare))
    rules = {f"{name}/{rule}" for name, policy in config.policies.items() for rule in policy.rules}
    judged = {each.source for each in program.nodes()} | {spec.rule for spec in (*program.findings, *program.kept, *program.forms)}
    assert set(plan.lacking) == set(lacking)
    assert sorted(rules - judged - set(lacking)) == []


def test_what_must_be_done_in_every_period_does_not_apply_without_its_tab(bare: Scene) -> None:
    assert bare.plan(NOW).lacking["marketing-duties/analysis-month"] == ("duties", "duty_id")
    text = plan_text(bare.plan(NOW), bare.world.config, language="zh", everything=True)
    assert "缺 定期事项 · 整张表：" in text


def _snapshot(stage: Scene):  # type: ignore[no-untyped-def]
    from datetime import datetime

    from automations.run import read

    return read(stage.world, datetime.fromisoformat(NOW))[0]


def test_the_plan_lists_what_is_not_applicable_in_words(bare: Scene) -> None:
    text = plan_text(bare.plan(NOW), bare.world.config, language="zh", everything=True)
    assert "缺 客户投诉 · 确定受理时间" in text
    assert "缺 收款记录 · 整张表：" in text


def test_one_more_column_brings_its_rules_in(bare: Scene) -> None:
    more = scene(only=True, complaints=COMPLAINTS.replace("content", "content | assigned_at | closed_at | due_assign", 1))
    more.run(NOW)
    assert more.cells("complaints", "due_assign") == ["TS-1 2025-09-28 18:00", "TS-2 2025-09-28 18:00"]


@pytest.mark.parametrize("name", ["customers", "orders", "shipments", "complaints"])
def test_each_core_sheet_works_alone(name: str) -> None:
    drawn = {"customers": CUSTOMERS, "orders": ORDERS, "shipments": SHIPMENTS, "complaints": COMPLAINTS}[name]
    stage = scene(**{name: drawn})
    run = stage.run(NOW)
    assert (dict(run.plan.rows), run.receipt.written.refused) == ({name: len(drawn.strip().splitlines()) - 1}, ())
    assert does_nothing(stage.plan(NOW))
