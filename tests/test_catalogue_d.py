"""The worked examples of the policy catalogue (its appendix D), one row each, judged by the policies that ship.

`APPENDIX` lists every row of it and what proves it here. The rows of documents that no pack holds are computed by rules drawn in the test.

Calendar of the examples: 1 to 8 October 2025 are days off, Sunday 28 September and Saturday 11 October are working days, close at 18:00.
"""

# ruff: noqa: E501 (drawn tables are as wide as their rows)

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from automations.coverage import PackCoverage, coverage
from automations.run import judge, read
from tests.project import cells, judged, loaded, project
from tests.scene import scene, shipped

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


# Answers, months and people


@pytest.mark.parametrize(("issue_class", "due"), [("一般问题", "2025-10-09 18:00"), ("重点难点问题", "2025-10-13 18:00")])
def test_a_problem_raised_is_answered_in_two_or_five_working_days_over_the_holiday(issue_class: str, due: str) -> None:
    rows = f"request_no | received_at | request_type | issue_class | description\nFW-1 | 2025-09-29 10:00 | 问题反馈 | {issue_class} | 偏咸"
    assert judged_cell("service_requests", "answer.due", "2025-09-30 09:00", service_requests=rows) == due


@pytest.mark.parametrize(("now", "due"), [("2025-08-25 09:00", "2025-08-29"), ("2025-02-25 09:00", "2025-02-28")])
def test_the_reconciliation_of_the_30th_comes_before_a_day_off_and_in_february_on_the_last_day(now: str, due: str) -> None:
    orders = f"order_no | customer_id | contract_no | order_date | amount | paid_amount\nDD-1 | KH-1 | HT-1 | {now[:8]}04 | 5000.00 |"
    empty = {"payments": "payment_id | order_no | amount", "company_accounts": "account_no | active"}
    stage = scene(orders=orders, fund_recovery="recovery_id | month | due_on", **empty)
    stage.run(now)
    assert stage.cells("fund_recovery", "due_on") == [f"{now[:7]}/KH-1/HT-1 {due}"]


def test_who_left_may_not_compete_for_two_years() -> None:
    staff = "staff_id | staff_name | status | left_on\nYG-01 | 陈立 | 离职 | 2025-06-30"
    assert judged_cell("staff", "noncompete_until", "2025-07-01 09:00", staff=staff) == "2027-06-30"


# Documents that no pack holds: the same sums by rules drawn here

CAMPAIGNS = """
    campaign_no |
    signed_on   | signed on       | date
    returned_on | review returned | date
    month       | month           | date
    office_due  | office          | date ours
    client_due  | client          | date ours
"""
AGENCY = """
    dated_by: signed_on
    parameters:
      stage_within: { title: stage, unit: days, values: { 2000-01-01: 15 } }
      early_within: { title: early work, unit: months, values: { 2000-01-01: 2 } }
      plan_within: { title: to the planning office, unit: working_days, values: { 2000-01-01: 12 } }
      revise_within: { title: revision, unit: working_days, values: { 2000-01-01: 3 } }
    rules:
      - { id: one, kind: deadline, within: $stage_within, done: returned_on }
      - { id: two, kind: deadline, starts: one.due, within: $stage_within, done: returned_on }
      - { id: three, kind: deadline, starts: two.due, within: $stage_within, done: returned_on }
      - { id: limit, kind: deadline, within: $early_within, done: returned_on }
      - { id: plan, kind: deadline, within: $plan_within, done: returned_on }
      - { id: revise, kind: deadline, starts: returned_on, within: $revise_within, done: month }
      - { id: office, kind: derive, value: "add_workdays(month + 19, 0)", writes: office_due }
      - { id: client, kind: derive, value: "add_workdays(month + 24, 0)", writes: client_due }
"""


def of_campaign(tmp_path: Path, *columns: str) -> list[str]:
    """Columns of one campaign, judged by the rules of the agency."""
    config = loaded(project(tmp_path, policy=AGENCY, tables={"campaigns": CAMPAIGNS}))
    row = "campaign_no | signed on | review returned | month | office | client\nC-1 | 2025-03-03 | 2025-03-21 | 2025-09-01"
    return cells(judged(config, {"campaigns": row}, "2025-09-01 09:00"), "campaigns", *columns)[0].split(" | ")


def test_the_three_stages_of_an_agency_take_fifteen_days_each_and_two_months_at_most(tmp_path: Path) -> None:
    dues = of_campaign(tmp_path, "one.due", "two.due", "three.due", "limit.due")
    assert [due[:10] for due in dues] == ["2025-03-18", "2025-04-02", "2025-04-17", "2025-05-03"]


def test_the_integrated_strategy_takes_twelve_working_days_and_its_revision_three(tmp_path: Path) -> None:
    assert [due[:10] for due in of_campaign(tmp_path, "plan.due", "revise.due")] == ["2025-03-19", "2025-03-26"]


def test_the_monthly_strategy_goes_to_the_office_before_the_20th_off_and_to_the_client_on_the_25th(tmp_path: Path) -> None:
    assert [due[:10] for due in of_campaign(tmp_path, "office_due", "client_due")] == ["2025-09-19", "2025-09-25"]


SALES = """
    launch_no     |
    per_day       | a day          | decimal
    stores        | stores         | integer
    retail_cycle  | retailer cycle | integer
    partner_cycle | partner cycle  | integer
    uplift        | uplift         | decimal
    days          | days           | integer
    stock         | stock          | integer
    normal        | normal stock   | integer
    first_order   | first order    | decimal ours
    promotion     | promotion      | decimal ours
"""
FORMULAS = """
    parameters:
      factor: { title: factor, unit: count, values: { 2000-01-01: 1.5 } }
    rules:
      - { id: first, kind: derive, value: "per_day * stores * (retail_cycle * $factor + partner_cycle)", writes: first_order }
      - { id: second, kind: derive, value: "per_day * uplift * days - (stock - normal)", writes: promotion }
"""


def sold(tmp_path: Path, column: str, cells_drawn: str) -> float:
    """A quantity to order, computed by the suggested formula."""
    config = loaded(project(tmp_path, policy=FORMULAS, tables={"launches": SALES}))
    heads = "launch_no | a day | stores | retailer cycle | partner cycle | uplift | days | stock | normal stock | first order | promotion"
    return float(cells(judged(config, {"launches": f"{heads}\nL-1 | {cells_drawn}"}, "2025-09-01 09:00"), "launches", column)[0])


def test_a_first_order_covers_the_cycles_of_retailer_and_partner(tmp_path: Path) -> None:
    assert sold(tmp_path, "first_order", "2.5 | 40 | 7 | 10") == 2050


def test_a_promotion_order_covers_the_uplift_less_the_stock_above_normal(tmp_path: Path) -> None:
    assert sold(tmp_path, "promotion", "20 | | | | 3 | 14 | 150 | 120") == 810


# The list of them all

SERVICE_LEVEL = "jianlibao-c-channel/policies/service-level.yaml: 订1000箱发950箱是95.0%；50份送货单回48份是96.0%；50张发票接受49张是98.0%；什么也没订的留空"
APPENDIX: dict[str, Callable[..., None] | str] = {
    **dict.fromkeys(
        ("handler named", "responsibility found", "solved, general", "solved, complex", "customer told", "total", "follow-up",
         "24 h response", "3 days", "48 h"),
        test_a_clock_of_the_catalogue_is_due_when_it_says,
    ),
    "general / key problem": test_a_problem_raised_is_answered_in_two_or_five_working_days_over_the_holiday,
    "filing": test_a_visit_is_filed_within_five_working_days_over_the_holiday,
    "penalty range": test_a_penalty_of_the_catalogue_is_proposed_or_refused,
    "fine": test_a_penalty_of_the_catalogue_is_proposed_or_refused,
    "cash in hand": test_cash_in_hand_is_graded_at_the_exact_fen,
    "doufu tier": test_a_tier_is_found_at_the_exact_fen,
    "grade": test_a_grade_is_found_at_the_exact_fen,
    "grade by contribution": test_a_grade_is_the_better_of_purchases_and_contribution,
    "reconciliation day": test_the_reconciliation_of_the_30th_comes_before_a_day_off_and_in_february_on_the_last_day,
    "agency stages": test_the_three_stages_of_an_agency_take_fifteen_days_each_and_two_months_at_most,
    "integrated strategy": test_the_integrated_strategy_takes_twelve_working_days_and_its_revision_three,
    "monthly strategy": test_the_monthly_strategy_goes_to_the_office_before_the_20th_off_and_to_the_client_on_the_25th,
    "first order": test_a_first_order_covers_the_cycles_of_retailer_and_partner,
    "promotion order": test_a_promotion_order_covers_the_uplift_less_the_stock_above_normal,
    "service level": SERVICE_LEVEL,
    "non-compete": test_who_left_may_not_compete_for_two_years,
}  # fmt: skip
CASES = """
    handler named, responsibility found, solved\\, general, solved\\, complex, customer told, total, follow-up, 24 h response, 3 days, 48 h,
    general / key problem, filing, penalty range, fine, cash in hand, doufu tier, grade, grade by contribution, reconciliation day,
    agency stages, integrated strategy, monthly strategy, first order, promotion order, service level, non-compete
"""
"""The first column of appendix D, row by row."""


def test_every_row_of_the_appendix_is_proved_and_nothing_else_is_claimed() -> None:
    cases = [case.replace("\0", ",") for case in " ".join(CASES.replace("\\,", "\0").split()).split(", ")]
    assert [*APPENDIX] == cases
    drawn_clocks = {line[0] for line in drawn(CLOCKS)}
    clocks = {case for case, proof in APPENDIX.items() if proof is test_a_clock_of_the_catalogue_is_due_when_it_says}
    assert clocks <= drawn_clocks


@pytest.mark.parametrize("proof", [proof for proof in APPENDIX.values() if isinstance(proof, str)])
def test_a_row_proved_by_an_example_of_a_policy_has_that_example(proof: str) -> None:
    file, name = proof.split(": ", 1)
    root = Path(__file__).resolve().parent.parent
    assert f"- name: {name}\n" in (root / "config" / "packs" / file).read_text(encoding="utf-8")


FIVE = ("xixiangji-marketing", "doufu-customer-care", "marketing-service-coordination", "channel-and-service", "account-dept-standard")


@pytest.fixture(scope="module")
def standing() -> dict[str, PackCoverage]:
    found = {pack.pack: pack for pack in coverage(shipped(), examples=False).packs}
    return {name: found[name] for name in FIVE}


def test_no_entry_of_the_five_documents_is_without_a_standing(standing: dict[str, PackCoverage]) -> None:
    assert {name: pack.entries for name, pack in standing.items()} == dict(zip(FIVE, (102, 75, 60, 28, 15), strict=True))
    assert [entry.id for pack in standing.values() for entry in pack.list if entry.status == "not yet"] == []
    assert [entry.id for pack in standing.values() for entry in pack.list if entry.status == "automated" and not entry.rules] == []
    assert [
        entry.id for pack in standing.values() for entry in pack.list if entry.status not in ("automated", "not yet") and not entry.why
    ] == []


def test_nine_of_ten_entries_that_are_not_about_attitude_are_automated(standing: dict[str, PackCoverage]) -> None:
    left = {entry.id for pack in standing.values() for entry in pack.list if entry.status == "left to people"}
    assert left == {"xixiangji-marketing.58", "marketing-service-coordination.50", "account-dept-standard.14", "account-dept-standard.15"}
    owed = {name: len(pack.list) - pack.counts["left to people"] for name, pack in standing.items()}
    kept = {name: pack.counts["automated"] + pack.counts["by design"] for name, pack in standing.items()}
    assert [name for name in FIVE if kept[name] < 0.9 * owed[name]] == []
    assert sum(pack.counts["automated"] for pack in standing.values()) >= 0.9 * sum(owed.values())
