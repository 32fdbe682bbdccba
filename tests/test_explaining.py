"""Explanations: every computed cell has a rule that answers for it, and the arithmetic it shows agrees with the cell."""

# ruff: noqa: E501 (drawn tables are as wide as their rows)

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

import pytest

from automations.asking import NotThere, explain_row
from automations.explaining import Said
from tests.scene import STAFF, Scene, scene

NOW = "2025-10-09 09:00"
CUSTOMERS = """
    customer_id | customer_name | customer_type | customer_subtype | owner_staff | contribution_level | phone
    KH-1        | 甲商贸        | 经销商        | 大型经销商       | YG-01       | 一定贡献           | 0951-6012345
    KH-2        | 乙超市        | 零售商        | 连锁超市         | YG-01       |                    |
"""
ORDERS = """
    order_no | customer_id | order_date | amount     | salesperson | qty | unit_price
    DD-1     | KH-1        | 2025-09-01 | 1200000.00 | YG-01       | 100 | 12000
    DD-2     | KH-1        | 2025-09-02 | 500.50     | YG-01       | 10  | 50.05
    DD-3     | KH-2        | 2024-01-02 | 700.00     | YG-01       | 10  | 70
"""
SHIPMENTS = """
    notice_no | order_no | issued_by | issued_at        | required_ship | receipt_confirmed_at
    FY-1      | DD-1     | YG-01     | 2025-09-03 10:00 | 2025-09-10    | 2025-09-26 15:00
"""
COMPLAINTS = """
    complaint_no | received_at      | channel | customer_id | complainant_contact | content | recorded_by | assigned_at      | severity | complexity | direct_loss | category
    TS-1         | 2025-09-26 16:30 | 电话    | KH-1        | 13800138000         | 有异味  | YG-01       | 2025-09-28 10:00 | 重大投诉 | 复杂问题   | 48350       | 质量问题
    TS-2         | 2025-09-26 16:30 | 电话    | KH-2        | 13800138001         | 来晚    | YG-01       | 2025-09-28 10:00 | 一般投诉 | 一般问题   |             |
"""
PAYMENTS = """
    payment_id | received_on | order_no | amount | payee_account | account_kind | finance_checked_by | finance_checked_at
    SK-1       | 2025-09-02  | DD-2     | 200.50 | 640001        | 公司账户     | YG-09              | 2025-09-03 09:00
    SK-2       | 2025-09-04  | DD-2     | 300.00 | 640001        | 公司账户     | YG-09              | 2025-09-05 09:00
"""
ACCOUNTS = """
    account_no | active
    640001     | 是
"""
VISITS = """
    visit_id | customer_id | visit_kind | method | visited_on | staff_id
    BF-1     | KH-1        | 回访       | 电话   | 2025-09-29 | YG-01
    BF-2     | KH-1        | 拜访       | 上门   | 2025-08-01 | YG-01
"""
CASH = """
    entry_id | staff_id | entry_date | entry_kind | amount
    ZX-1     | YG-01    | 2025-09-26 | 收款       | 6000.00
    ZX-2     | YG-01    | 2025-09-29 | 收款       | 4000.00
"""
TABLES = ("customers", "orders", "shipments", "complaints", "payments", "visits", "direct_cash")


@pytest.fixture(scope="module")
def stage() -> Scene:
    known = scene(
        customers=CUSTOMERS, orders=ORDERS, shipments=SHIPMENTS, complaints=COMPLAINTS,
        payments=PAYMENTS, company_accounts=ACCOUNTS, visits=VISITS, direct_cash=CASH, staff=STAFF,
    )  # fmt: skip
    known.run(NOW)
    return known


def said_by(stage: Scene, name: str, key: str, column: str) -> Said:
    """What the rule that filled a cell says of it."""
    explanation = stage.explain(name, key, NOW).explanation
    return next(said for said in explanation.rules if said.rule == explanation.filled_by[column])


@pytest.mark.parametrize("name", TABLES)
def test_every_computed_cell_is_answered_for_with_the_value_it_holds(stage: Scene, name: str) -> None:
    for key, cells in stage.ours(name).items():
        explanation = stage.explain(name, key, NOW).explanation
        by_rule = {said.rule: said for said in explanation.rules}
        for column, value in (cell.split("=", 1) for cell in cells):
            said = by_rule[explanation.filled_by[column]]
            results = {heading: result.replace(",", "") for heading, result in said.results}
            result = results[stage.heading(name, column)]
            if result.endswith(" %"):  # said as a share, kept in the cell as a number
                result, value = f"{float(result[:-2]) / 100:.6f}", f"{float(value):.6f}"
            assert (key, column, said.spoke, result) == (key, column, True, value.replace(",", ""))


def test_the_days_of_the_walk_add_up_to_the_parameter_and_end_at_the_cell(stage: Scene) -> None:
    checked = []
    for key in ("TS-1", "TS-2"):
        for said in stage.explain("complaints", key, NOW).explanation.rules:
            days = [int(match[1]) for line in said.walk[1:] if (match := re.search(r"第 (\d+) 个工作日", line))]
            if days:
                limit, last = re.match(r"\d+", said.parameters[0][1]), said.walk[-1][:10]
                assert (days, limit and limit[0]) == (list(range(1, len(days) + 1)), str(len(days)))
                assert f"{last} 18:00" in said.walk[0]
                checked.append((key, said.rule.partition("/")[2], len(days), last))
    assert checked == [
        ("TS-1", "total", 18, "2025-10-28"),
        ("TS-1", "assign", 1, "2025-09-28"),
        ("TS-1", "accept_notice", 1, "2025-09-28"),
        ("TS-1", "responsibility", 3, "2025-10-09"),
        ("TS-1", "solve", 15, "2025-10-24"),
        ("TS-2", "total", 18, "2025-10-28"),
        ("TS-2", "assign", 1, "2025-09-28"),
        ("TS-2", "accept_notice", 1, "2025-09-28"),
        ("TS-2", "responsibility", 3, "2025-10-09"),
        ("TS-2", "solve", 5, "2025-10-11"),
    ]


def test_the_walk_names_holidays_and_make_up_days(stage: Scene) -> None:
    walk = "\n".join(said_by(stage, "complaints", "TS-2", "due_responsibility").walk)
    assert [word for word in ("2025-10-01 周三", "国庆节", "中秋节") if word not in walk] == []
    assert "补班" in "\n".join(said_by(stage, "complaints", "TS-2", "due_assign").walk)


def test_a_date_of_two_policies_is_answered_for_by_the_one_that_set_it(stage: Scene) -> None:
    assert said_by(stage, "complaints", "TS-1", "due_resolve").rule == "complaint-handling/solve"
    assert said_by(stage, "complaints", "TS-2", "due_resolve").rule == "complaint-response/general_solution"
    assert stage.cells("complaints", "due_resolve") == ["TS-1 2025-10-24 18:00", "TS-2 2025-09-29 23:59:59"]


def test_a_penalty_shows_base_shares_and_range(stage: Scene) -> None:
    said = said_by(stage, "complaints", "TS-1", "fine_low")
    assert ("直接经济损失", "48,350.00") in [(heading, value) for heading, _, value in said.inputs]
    assert [(value, clause) for _, value, clause in said.parameters] == [("3 %", "第五章第二条（八）2"), ("1 %", "第五章第二条（八）2")]
    assert said.results == (("罚款上限", "1,450.50"), ("罚款下限", "483.50"))


def test_a_gathered_amount_lists_the_rows_it_adds_up(stage: Scene) -> None:
    assert said_by(stage, "customers", "KH-1", "annual_purchase").inputs == (
        ("客户订单 DD-1", "B2", "1,200,000.00"),
        ("客户订单 DD-2", "B3", "500.50"),
    )
    assert said_by(stage, "orders", "DD-2", "paid_amount").inputs == (("收款记录 SK-1", "C2", "200.50"), ("收款记录 SK-2", "C3", "300.00"))


def test_the_summary_shows_the_clocks_it_was_taken_from(stage: Scene) -> None:
    said = said_by(stage, "complaints", "TS-2", "next_due")
    assert ("一般投诉的解决", "", "已逾期 2025-09-29 23:59:59") in said.inputs
    assert ("解决投诉", "", "进行中 2025-10-11 18:00") not in said.inputs


def test_a_silent_rule_says_which_condition_did_not_hold_or_what_it_lacks(stage: Scene) -> None:
    rules = {said.rule: said for said in stage.explain("complaints", "TS-2", NOW).explanation.rules}
    emergency = rules["complaint-response/emergency"]
    assert (emergency.spoke, "投诉级别 = 一般投诉" in emergency.silence) == (False, True)
    assert [said.rule for said in rules.values() if not said.spoke and not said.silence] == []


def test_an_explanation_masks_what_is_sensitive(stage: Scene) -> None:
    assert "13800138000" not in stage.explain("complaints", "TS-1", NOW).text(everything=True)
    assert "6012345" not in stage.explain("customers", "KH-1", NOW).text(everything=True)


def test_an_explanation_says_who_was_told(stage: Scene) -> None:
    told = stage.explain("complaints", "TS-2", NOW).notices
    assert {record.state for record in told} == {"baseline"}
    assert (
        "✉ complaint-response/general_solution due + 1 working day -> 李客 <li@example.com>: baseline"
        in stage.explain("complaints", "TS-2", NOW).text()
    )


def test_a_table_is_found_by_its_chinese_title(stage: Scene) -> None:
    assert stage.explain("客户投诉", "TS-1", NOW).explanation.table == "complaints"


@pytest.mark.parametrize(
    ("name", "key", "chinese", "english"),
    [
        (
            *("complaints", "TS-11", "表“complaints”（客户投诉）里没有编号“TS-11”；是不是“TS-1”？"),
            "'TS-11' is not a key in table 'complaints' (客户投诉); did you mean 'TS-1'?",
        ),
        ("complaint", "TS-1", "没有表“complaint”；是不是“complaints”？", "no table 'complaint'; did you mean 'complaints'?"),
        ("products", "P-1", "工作簿里没有表“products”", "table 'products' is not in the workbook"),
    ],
)
def test_what_is_not_there_is_named_with_the_nearest(stage: Scene, name: str, key: str, chinese: str, english: str) -> None:
    config = stage.world.config
    for language, words in (("zh", chinese), ("en", english)):
        world = replace(stage.world, config=replace(config, settings=config.settings.model_copy(update={"language": language})))
        with pytest.raises(NotThere) as gone:
            explain_row(world, name, key, datetime.fromisoformat(NOW))
        assert str(gone.value) == words


def test_the_text_names_rule_clause_and_catalogue_entry(stage: Scene) -> None:
    text = stage.explain("complaints", "TS-1", NOW).text()
    assert "● 按损失罚责任人  [complaint-penalties/loss_fine]\n    依据：第五章第二条（八）2  xixiangji-marketing.80" in text


def test_explaining_touches_nothing(stage: Scene) -> None:
    runs, cells = stage.world.ledger.runs("团队台账"), stage.raw()
    stage.explain("complaints", "TS-1", "2026-01-05 09:00")
    assert (stage.world.ledger.runs("团队台账"), stage.raw()) == (runs, cells)
