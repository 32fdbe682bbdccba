"""The worked examples of the policy catalogue (its appendix D), one row each, judged by the policies that ship.

Calendar of the examples: 1 to 8 October 2025 are days off, Sunday 28 September and Saturday 11 October are working days, close at 18:00.
"""

# ruff: noqa: E501 (drawn tables are as wide as their rows)

from __future__ import annotations

import pytest

from tests.scene import scene

ALL_OF_IT = "2025-11-30 09:00"
CLOCKS = """
    handler named             | xixiangji-marketing.68 | received_at=2025-09-26 16:30                                  | due_assign         | 2025-09-28 18:00
    responsibility found      | xixiangji-marketing.71 | received_at=2025-09-26 16:30; assigned_at=2025-09-28 10:00    | due_responsibility | 2025-10-09 18:00
    solved, general           | xixiangji-marketing.73 | received_at=2025-09-26 16:30; assigned_at=2025-09-28 10:00; complexity=一般问题 | solve.due | 2025-10-11 18:00
    solved, major             | xixiangji-marketing.73 | received_at=2025-09-26 16:30; assigned_at=2025-09-28 10:00; severity=重大投诉 | solve.due | 2025-10-24 18:00
    solved, complex           | xixiangji-marketing.73 | received_at=2025-09-26 16:30; assigned_at=2025-09-28 10:00; complexity=复杂问题 | solve.due | 2025-10-24 18:00
    customer told             | xixiangji-marketing.75 | received_at=2025-09-26 16:30; vp_ok_at=2025-10-23 10:00; manager_ok_at=2025-10-24 09:00 | notify.due | 2025-10-28 18:00
    total                     | xixiangji-marketing.77 | received_at=2025-09-26 16:30                                  | due_close          | 2025-10-28 18:00
    follow-up                 | xixiangji-marketing.65 | received_at=2025-09-26 16:30; customer_notified_at=2025-10-28 10:00 | due_followup | 2025-10-31 10:00
    24 h response             | doufu-customer-care.41 | received_at=2025-09-26 16:30                                  | due_first_response | 2025-09-27 16:30
    3 days                    | doufu-customer-care.42 | received_at=2025-09-26 16:30; severity=一般投诉               | general_solution.due | 2025-09-29 23:59:59
    48 h                      | doufu-customer-care.44 | received_at=2025-09-26 16:30; severity=重大投诉               | due_preliminary    | 2025-09-28 16:30
"""
PENALTIES = """
    range of the loss  | direct_loss=48350.00; category=质量问题 | fine_low=483.50; fine_high=1450.50 | -
    a fine allowed     | direct_loss=0; category=服务质量; service_fine_decided=200.00; service_sanction=罚款; sanction_doc_no=1 | service_fine_max=200.00 | -
    a fine refused     | direct_loss=0; category=服务质量; service_fine_decided=200.01; service_sanction=罚款; sanction_doc_no=1 | service_fine_max=200.00 | service_fine
"""
CASH = [("9999.99", "正常"), ("10000.00", "须尽快汇回"), ("20000.00", "须尽快汇回"), ("20000.01", "超限")]
TIERS = [("1000000.01", "一级客户"), ("1000000.00", "二级客户"), ("300000.00", "二级客户"), ("299999.99", "三级客户")]
GRADES = [("1000000.00", "A级"), ("999999.99", "B级"), ("500000.00", "B级"), ("100000.00", "C级"), ("99999.99", "D级")]
CONTRIBUTIONS = [("80000.00", "重大贡献", "A级"), ("1200000.00", "较小贡献", "A级")]


def drawn(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]


def fields(text: str) -> dict[str, str]:
    return dict(pair.strip().split("=", 1) for pair in text.split(";"))


def complaint(values: dict[str, str]) -> str:
    row = {"complaint_no": "TS-1", "customer_id": "KH-1", "content": "内容", "received_at": "2025-09-26 16:30"} | values
    return f"{' | '.join(row)}\n{' | '.join(row.values())}"


def judged_cell(name: str, column: str, now: str, **tables: str) -> str:
    """A column of the first row, also a hidden one such as `solve.due`, as the policies judge it."""
    from datetime import datetime

    from automations.run import judge, read
    from tests.project import cells

    stage, moment = scene(**tables), datetime.fromisoformat(now)
    snapshot, _ = read(stage.world, moment)
    return cells(judge(stage.world, snapshot, moment), name, column)[0]


@pytest.mark.parametrize(("case", "rule", "given", "column", "due"), drawn(CLOCKS))
def test_a_clock_of_the_catalogue_is_due_when_it_says(case: str, rule: str, given: str, column: str, due: str) -> None:
    assert judged_cell("complaints", column, ALL_OF_IT, complaints=complaint(fields(given))) == due


@pytest.mark.parametrize(("case", "given", "range_", "finding"), drawn(PENALTIES))
def test_a_penalty_of_the_catalogue_is_proposed_or_refused(case: str, given: str, range_: str, finding: str) -> None:
    stage = scene(complaints=complaint(fields(given)))
    run = stage.run("2025-10-20 09:00")
    wanted = fields(range_)
    assert stage.cells("complaints", *wanted) == ["TS-1 " + " | ".join(wanted.values())]
    found = {each.rule.partition("/")[2] for each in run.plan.findings if each.rule.startswith("complaint-penalties/")}
    assert found == ({finding} - {"-"})


@pytest.mark.parametrize(("amount", "level"), CASH)
def test_cash_in_hand_is_graded_at_the_exact_fen(amount: str, level: str) -> None:
    cash = f"entry_id | staff_id | entry_date | entry_kind | amount\nZX-1 | YG-11 | 2025-09-29 | 收款 | {amount}"
    stage = scene(direct_cash=cash, staff="staff_id | staff_name | direct_sales\nYG-11 | 赵敏 | 是")
    stage.run("2025-09-29 12:00")
    assert stage.cells("direct_cash", "level", "balance") == [f"ZX-1 {level} | {amount}"]


def customer(amount: str, **values: str) -> dict[str, str]:
    row = {"customer_id": "KH-1", "customer_name": "甲商贸", "customer_type": "经销商"} | values
    return {
        "customers": f"{' | '.join(row)}\n{' | '.join(row.values())}",
        "orders": f"order_no | customer_id | order_date | amount\nDD-1 | KH-1 | 2025-05-06 | {amount}",
    }


@pytest.mark.parametrize(("amount", "tier"), TIERS)
def test_a_tier_is_found_at_the_exact_fen(amount: str, tier: str) -> None:
    assert judged_cell("customers", "tier_level", "2025-09-29 12:00", **customer(amount, customer_subtype="大型经销商")) == tier


@pytest.mark.parametrize(("amount", "grade"), GRADES)
def test_a_grade_is_found_at_the_exact_fen(amount: str, grade: str) -> None:
    assert judged_cell("customers", "tier_abcd", "2025-09-29 12:00", **customer(amount)) == grade


@pytest.mark.parametrize(("amount", "contribution", "grade"), CONTRIBUTIONS)
def test_a_grade_is_the_better_of_purchases_and_contribution(amount: str, contribution: str, grade: str) -> None:
    assert judged_cell("customers", "tier_abcd", "2025-09-29 12:00", **customer(amount, contribution_level=contribution)) == grade


def test_a_visit_is_filed_within_five_working_days_over_the_holiday() -> None:
    visits = "visit_id | customer_id | visit_kind | method | visited_on\nBF-1 | KH-1 | 回访 | 电话 | 2025-09-29"
    assert judged_cell("visits", "due_filing", "2025-09-30 09:00", visits=visits) == "2025-10-13"
