"""Kept tables: what comes in is tables, what comes out is a plan: rows by key, staff's columns kept, closed rows frozen."""

from __future__ import annotations

from pathlib import Path

import pytest

from automations.checking import check
from automations.config import Config
from automations.planning import Plan
from tests.project import changes, findings, loaded, planned, project

SHIPMENTS = """
    notice_no  | 发运通知单号 |           |
    shipped_at | 发运时间     | datetime  |
    carrier    | 承运方       |           |
    freight    | 运费         | money     |
    qty        | 数量         | decimal   |
"""
FREIGHT = """
    entry_id   | 台账编号     |           |
    shipped_on | 发生日期     | date ours |
    carrier    | 承运方       | ours      |
    amount     | 金额         | money ours |
    signed_by  | 复核签字     |           |
    source     | 来源         | ours      |

    kept: true
    gone: source
"""
MONTHLY = """
    period_id  | 统计编号     |           |
    month      | 月份         | ours      |
    carrier    | 承运方       | ours      |
    freight    | 运费合计     | money ours |
    loads      | 车次         | integer ours |
    checked_on | 财务核对日期 | date      |

    kept: true
"""
LEDGER = """
    rules:
      - id: entries
        kind: ledger
        into: freight_ledger
        when: freight > 0
        key: notice_no
        fills: { shipped_on: shipped_at, carrier: carrier, amount: freight }
        closes: filled(signed_by)
        clause: 第三章第二条（五）3
"""
SUMS = """
    policy: sums
    table: shipments
    rules:
      - id: monthly
        kind: ledger
        into: freight_monthly
        when: freight > 0
        by: [ "strftime(shipped_at, '%Y-%m')", carrier ]
        fills: { month: "strftime(shipped_at, '%Y-%m')", carrier: carrier, freight: sum(freight), loads: count(*) }
        closes: filled(checked_on)
"""
NOW = "2025-10-09 09:00"
SHIPPED = """
    notice_no | shipped_at       | carrier | freight | qty
    FY-1      | 2025-09-26 10:00 | 甲运    | 800.10  | 10
    FY-2      | 2025-09-29 10:00 | 甲运    | 199.90  | 5
    FY-3      | 2025-09-30 10:00 | 乙运    |         | 5
    FY-4      | 2025-10-09 08:00 | 甲运    | 50      | 5
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    tables = {"shipments": SHIPMENTS, "freight_ledger": FREIGHT, "freight_monthly": MONTHLY}
    return loaded(project(tmp_path, policy=[LEDGER, SUMS], tables=tables))


def rows(plan: Plan) -> list[str]:
    """The rows a plan appends: `freight_ledger FY-1 row 2`."""
    return [f"{each.table} {each.key} row {each.row}" for each in plan.new_rows]


LEDGER_HEAD = "entry_id | shipped_on | carrier | amount | signed_by | source\n"


def test_every_row_of_the_source_that_counts_gets_one_row_with_its_values(config: Config) -> None:
    plan = planned(config, {"shipments": SHIPPED, "freight_ledger": LEDGER_HEAD}, NOW)

    assert rows(plan) == ["freight_ledger FY-1 row 2", "freight_ledger FY-2 row 3", "freight_ledger FY-4 row 4"]
    assert changes(plan) == [
        "FY-1 shipped_on: blank -> 2025-09-26",
        "FY-2 shipped_on: blank -> 2025-09-29",
        "FY-4 shipped_on: blank -> 2025-10-09",
        "FY-1 carrier: blank -> 甲运",
        "FY-2 carrier: blank -> 甲运",
        "FY-4 carrier: blank -> 甲运",
        "FY-1 amount: blank -> 800.10",
        "FY-2 amount: blank -> 199.90",
        "FY-4 amount: blank -> 50.00",
    ]
    assert {each.rule for each in (*plan.new_rows, *plan.changes)} == {"handling/entries"}


def test_rows_that_stand_are_matched_by_key_in_any_order_and_staffs_columns_stay(config: Config) -> None:
    standing = (
        LEDGER_HEAD
        + """
        FY-9 | 2025-01-02 | 丙运 | 7.00 | 张会计 |
        FY-2 | 2025-09-29 | 甲运 | 100.00 | |
        FY-1 | 2025-09-26 | 甲运 | 800.10 | 王敏 |
    """
    )
    plan = planned(config, {"shipments": SHIPPED, "freight_ledger": standing}, NOW)

    assert rows(plan) == ["freight_ledger FY-4 row 5"]
    assert changes(plan) == [
        "FY-4 shipped_on: blank -> 2025-10-09",
        "FY-4 carrier: blank -> 甲运",
        "FY-2 amount: 100.00 -> 199.90",
        "FY-4 amount: blank -> 50.00",
        "FY-9 source: blank -> 来源已不存在",
    ]


def test_a_closed_row_is_frozen_and_a_later_difference_is_said(config: Config) -> None:
    standing = (
        LEDGER_HEAD
        + """
        FY-1 | 2025-09-26 | 甲运 | 780.00 | 王敏 |
        FY-2 | 2025-09-29 | 甲运 | 199.90 | 王敏 |
        FY-4 | 2025-10-09 | 甲运 | 50.00 | |
    """
    )
    plan = planned(config, {"shipments": SHIPPED, "freight_ledger": standing}, NOW)

    assert (rows(plan), changes(plan)) == ([], [])
    assert findings(plan) == ["FY-1 entries amount: 本行已结账，来源后来有变：“金额”表里是 780.00，按来源应为 800.10"]
    assert plan.findings[0].clause == "第三章第二条（五）3"


def test_a_row_whose_source_is_gone_stays_with_its_values_and_says_so_until_it_is_back(config: Config) -> None:
    standing = (
        LEDGER_HEAD
        + """
        FY-1 | 2025-09-26 | 甲运 | 800.10 | | 来源已不存在
        FY-2 | 2025-09-29 | 甲运 | 199.90 | |
        FY-3 | 2025-09-30 | 乙运 | 30.00 | |
        FY-4 | 2025-10-09 | 甲运 | 50.00 | |
        手工1 | | | | 王敏 |
    """
    )
    plan = planned(config, {"shipments": SHIPPED, "freight_ledger": standing}, NOW)

    assert (rows(plan), changes(plan)) == ([], ["FY-1 source: 来源已不存在 -> blank", "FY-3 source: blank -> 来源已不存在"])


def test_groups_are_summed_exactly_with_one_row_each(config: Config) -> None:
    head = "period_id | month | carrier | freight | loads | checked_on\n"
    plan = planned(config, {"shipments": SHIPPED, "freight_monthly": head}, NOW)

    assert rows(plan) == ["freight_monthly 2025-09/甲运 row 2", "freight_monthly 2025-10/甲运 row 3"]
    assert changes(plan)[4:] == [
        "2025-09/甲运 freight: blank -> 1000.00",
        "2025-10/甲运 freight: blank -> 50.00",
        "2025-09/甲运 loads: blank -> 2",
        "2025-10/甲运 loads: blank -> 1",
    ]


def test_a_key_two_rows_claim_is_left_alone(config: Config) -> None:
    twice = SHIPPED + "    FY-1 | 2025-09-28 10:00 | 乙运 | 5 | 1\n"
    plan = planned(config, {"shipments": twice, "freight_ledger": LEDGER_HEAD + "FY-1 | 2025-09-26 | 甲运 | 800.10 | |"}, NOW)

    assert rows(plan) == ["freight_ledger FY-2 row 3", "freight_ledger FY-4 row 4"]
    assert [line for line in changes(plan) if line.startswith("FY-1")] == []


def test_a_team_without_the_tab_or_without_the_source_loses_nothing(config: Config) -> None:
    assert rows(planned(config, {"shipments": SHIPPED}, NOW)) == []
    standing = LEDGER_HEAD + "FY-1 | 2025-09-26 | 甲运 | 800.10 | |"
    alone = planned(config, {"freight_ledger": standing}, NOW)
    assert (rows(alone), changes(alone)) == ([], [])
    assert alone.lacking["handling/entries"] == ("shipments", "notice_no")


EXAMPLES = """
    examples:
      - name: 两车合计一千元
        now: 2025-10-09 09:00
        row: { notice_no: FY-1, shipped_at: 2025-09-26 10:00, carrier: 甲运, freight: 800.10 }
        tables: { shipments: [ { notice_no: FY-2, shipped_at: 2025-09-29 10:00, carrier: 甲运, freight: 199.90 } ] }
        kept: { freight_monthly: [ { period_id: 2025-09/甲运, freight: 1000.00, loads: 2 } ] }
      - name: 另一个月的车不混进来
        now: 2025-10-09 09:00
        row: { notice_no: FY-3, shipped_at: 2025-09-26 10:00, carrier: 甲运, freight: 5.00 }
        kept: { freight_monthly: [ { period_id: 2025-09/甲运, freight: 5.00, loads: 1 } ] }
"""


@pytest.mark.parametrize(
    ("held", "wanted", "said"),
    [
        ("", "", []),
        ("1000.00", "1000.01", ["example '两车合计一千元': freight: expected 1000.01, found 1,000.00"]),
        (
            "period_id: 2025-09/甲运, freight: 5",
            "period_id: 2025-10/甲运, freight: 5",
            ["period_id: expected 2025-10/甲运, found 2025-09/甲运"],
        ),
        ("[ { period_id: 2025-09/甲运, freight: 5.00, loads: 1 } ]", "[]", ["'freight_monthly': expected 0 rows, found 1: 2025-09/甲运"]),
        ("freight: 5.00, loads", "fright: 5.00, loads", ["no column 'fright' in table 'freight_monthly'"]),
        ("kept: { freight_monthly: [ { period_id: 2025-09/甲运, freight: 5", "kept: { monthly: [ { freight: 5", ["no table 'monthly'"]),
    ],
)
def test_examples_say_all_rows_of_a_kept_table_and_are_refused_where_one_differs(
    tmp_path: Path, held: str, wanted: str, said: list[str]
) -> None:
    policy = SUMS + EXAMPLES.replace(held, wanted) if held else SUMS + EXAMPLES
    root = project(tmp_path, policy=policy, tables={"shipments": SHIPMENTS, "freight_monthly": MONTHLY})

    found = [problem.what for problem in check(root).problems]

    assert len(found) == len(said) and all(part in what for part, what in zip(said, found, strict=True))


CARE = """
    care_no | 编号     |      |
    who     | 客户     | ours |
    contact | 联系人   | ours |

    kept: true
"""
BIRTHDAYS = """
    policy: birthdays
    table: contacts
    rules:
      - { id: birthday, kind: ledger, into: care, key: contact_no, fills: { who: who, contact: contact_no } }
"""
GREETINGS = """
    policy: greetings
    table: customers
    rules:
      - { id: bought, kind: derive, value: orders > 0, as: bought }
      - { id: greeted, kind: derive, value: bought and today() > date '2025-01-01', as: greeted }
      - { id: greeting, kind: ledger, into: care, when: greeted, key: customer_no, fills: { who: customer_no } }
"""


def test_rules_that_are_known_late_fill_the_columns_of_their_rows_beside_rules_that_are_known_at_once(tmp_path: Path) -> None:
    contacts, customers = "contact_no | 编号\n who | 客户", "customer_no | 编号\n orders | 订单数 | integer"
    root = project(tmp_path, policy=[BIRTHDAYS, GREETINGS], tables={"contacts": contacts, "customers": customers, "care": CARE})
    drawn = {
        "contacts": "contact_no | who\nLX-1 | KH-9",
        "customers": "customer_no | orders\nKH-1 | 2\nKH-2 | 0",
        "care": "care_no | who | contact",
    }

    assert changes(planned(loaded(root), drawn, "2025-09-18 16:00")) == [
        "KH-1 who: blank -> KH-1",
        "LX-1 who: blank -> KH-9",
        "LX-1 contact: blank -> LX-1",
    ]


def test_a_row_whose_key_staff_cleared_does_not_stop_the_rows_that_are_new(config: Config) -> None:
    standing = LEDGER_HEAD + " | 2025-09-26 | 甲运 | 800.10 | 王敏 |\nFY-1 | 2025-09-26 | 甲运 | 800.10 | |"
    plan = planned(config, {"shipments": SHIPPED, "freight_ledger": standing}, NOW)

    assert rows(plan) == ["freight_ledger FY-2 row 4", "freight_ledger FY-4 row 5"]
