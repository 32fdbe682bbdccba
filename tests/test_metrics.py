"""Indicators: what comes in is tables, what comes out is figures per period and subject, checked by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from automations.checking import check
from automations.config import Config, load
from automations.planning import Plan
from automations.proving import unnoticed
from tests.project import ROOT, changes, findings, loaded, planned, project
from tests.scene import shipped

RESULTS = """
    result_id    | 结果编号 |              |
    subject_name | 对象     | ours         |
    period       | 周期     | ours         |
    ends_on      | 周期结束 | date ours    |
    value        | 数值     | decimal ours |
    target       | 目标     | decimal ours |
    outcome      | 结果     | ours         |
    previous     | 上期     | decimal ours |
    numerator    | 分子     | decimal ours |
    denominator  | 分母     | decimal ours |
    cases        | 行数     | integer ours |

    kept: true
"""
COMPLAINTS = """
    complaint_no | 投诉编号 |          |
    received_at  | 受理时间 | datetime |
    handler      | 处理人   |          |
    loss         | 损失     | money    |
    resolved_at  | 解决时间 | datetime |
"""
ORDERS = """
    order_no   | 订单编号 |         |
    ordered_on | 下单日期 | date    |
    shipped    | 发货件数 | integer |
    ordered    | 订货件数 | integer |
    seller     | 业务员   |         |
    amount     | 金额     | money   |
"""
POLICY = """
    table: results
    dated_by: ends_on
    parameters:
      aim: {{ title: 目标, unit: {unit}, by: {by}, values: {{ 2025-01-01: {aim} }} }}
    rules:
      - {{ id: kpi, kind: metric, title: 指标, {says} }}
"""
SOLVED = "of: complaints, dated: received_at, numerator: count(*) filter (where filled(resolved_at)), denominator: count(*)"
HEAD = "result_id | subject_name | period | ends_on | value | target | outcome | previous | numerator | denominator | cases\n"
DRAWN = """
    complaint_no | received_at      | handler | loss   | resolved_at
    TS-1         | 2025-07-31 23:59 | 王敏    | 10.10  | 2025-08-02 10:00
    TS-2         | 2025-08-01 00:00 | 王敏    | 20.20  | 2025-08-02 10:00
    TS-3         | 2025-08-15 10:00 | 李强    |        |
    TS-4         | 2025-08-31 23:59 | 王敏    | 0.05   | 2025-09-02 10:00
    TS-5         | 2025-09-08 10:00 | 李强    | 100    |
    TS-6         |                  | 李强    | 7      |
    TS-7         | 2025-10-08 10:00 | 李强    | 7      |
"""
NOW = "2025-09-08 12:00"


def configured(folder: Path, says: str, *, unit: str = "percent", aim: str = "95", by: str = "null") -> Config:
    policy = POLICY.format(says=says, unit=unit, aim=aim, by=by)
    return loaded(project(folder, policy=policy, tables={"results": RESULTS, "complaints": COMPLAINTS, "orders": ORDERS}))


def results(plan: Plan, *columns: str) -> list[str]:
    """The rows of the plan with these columns: `kpi/2025-08 | 66.67 | 达标`."""
    cells = {(line.split(" ")[0], line.split(" ")[1].rstrip(":")): line.partition(" -> ")[2] for line in changes(plan)}
    return [" | ".join([row.key, *(cells.get((row.key, column), "-") for column in columns)]) for row in plan.new_rows]


def measured(config: Config, *columns: str, now: str = NOW, standing: str = "", **tables: str) -> list[str]:
    drawn = {"complaints": DRAWN, "orders": "order_no | ordered_on | shipped | ordered | seller | amount\n", **tables}
    return results(planned(config, {**drawn, "results": HEAD + standing}, now), *columns)


@pytest.mark.parametrize(("part", "whole", "value"), [(950, 1000, "95"), (48, 50, "96"), (49, 50, "98"), (2, 3, "66.67"), (1, 800, "0.13")])
def test_a_share_is_exact_and_rounded_half_up_at_the_end(tmp_path: Path, part: int, whole: int, value: str) -> None:
    config = configured(tmp_path, "of: orders, dated: ordered_on, every: month, numerator: sum(shipped), denominator: sum(ordered)")
    orders = f"order_no | ordered_on | shipped | ordered\nDD-1 | 2025-09-01 | {part - 1} | {whole - 1}\nDD-2 | 2025-09-08 | 1 | 1"

    assert measured(config, "value", "numerator", "denominator", orders=orders) == [f"kpi/2025-09 | {value} | {part} | {whole}"]


def test_a_row_counts_in_the_period_its_day_lies_in_once_that_day_has_come(tmp_path: Path) -> None:
    config = configured(tmp_path, f"{SOLVED}, every: month, back: 3")

    assert measured(config, "numerator", "denominator", "value", "previous") == [
        "kpi/2025-07 | 1 | 1 | 100 | -",
        "kpi/2025-08 | 2 | 3 | 66.67 | 100",
        "kpi/2025-09 | 0 | 1 | 0 | 66.67",
    ]


@pytest.mark.parametrize(
    ("every", "expected"),
    [
        ("day", ["kpi/2025-09-07 | - | 0", "kpi/2025-09-08 | 0 | 1"]),
        ("week", ["kpi/2025-W36 | - | 0", "kpi/2025-W37 | 0 | 1"]),
        ("quarter", ["kpi/2025-Q3 | 60 | 5"]),
        ("half-year", ["kpi/2025-H2 | 60 | 5"]),
        ("year", ["kpi/2025 | 60 | 5"]),
        ("10 days", ["kpi/10-days | 50 | 2"]),
        ("1 months", ["kpi/1-months | 33.33 | 3"]),
        ("[week, 30 days]", ["kpi/2025-W36 | - | 0", "kpi/2025-W37 | 0 | 1", "kpi/30-days | 33.33 | 3"]),
    ],
)
def test_periods_of_every_length(tmp_path: Path, every: str, expected: list[str]) -> None:
    config = configured(tmp_path, f"{SOLVED}, every: {every}")

    found = measured(config, "value", "denominator", complaints=DRAWN.replace("TS-3         | 2025-08-15", "TS-3         | 2025-08-10"))
    assert found == expected


def test_every_subject_has_its_own_figures_and_its_own_target(tmp_path: Path) -> None:
    says = f"{SOLVED}, every: month, per: handler, subject: person, target: $aim"
    config = configured(tmp_path, says, aim="{ 王敏: 100, '*': 50 }", by="subject_name")

    assert measured(config, "subject_name", "value", "target", "outcome") == [
        "kpi/2025-08/李强 | 李强 | 0 | 50 | 未达标",
        "kpi/2025-08/王敏 | 王敏 | 100 | 100 | 达标",
        "kpi/2025-09/李强 | 李强 | 0 | 50 | 进行中",
    ]


def test_the_target_is_held_against_the_exact_value_and_not_the_rounded_one(tmp_path: Path) -> None:
    says = "of: orders, dated: ordered_on, every: month, decimals: 1, numerator: sum(shipped), denominator: sum(ordered), target: $aim"
    config = configured(tmp_path, says)
    orders = "order_no | ordered_on | shipped | ordered\nDD-1 | 2025-08-01 | 9496 | 10000"

    assert measured(config, "value", "target", "outcome", orders=orders)[0] == "kpi/2025-08 | 95 | 95 | 未达标"


def test_money_is_added_up_to_the_fen_and_lower_may_be_better(tmp_path: Path) -> None:
    says = "of: complaints, dated: received_at, every: month, value: sum(loss), unit: CNY, target: $aim, direction: lower"
    config = configured(tmp_path, says, unit="CNY", aim="20.25")

    assert measured(config, "value", "target", "outcome", "cases", "numerator") == [
        "kpi/2025-08 | 20.25 | 20.25 | 达标 | 3 | -",
        "kpi/2025-09 | 100 | 20.25 | 进行中 | 1 | -",
    ]


def test_a_figure_may_come_from_another_table_and_is_nothing_or_zero_where_that_has_no_rows(tmp_path: Path) -> None:
    says = (
        "of: complaints, dated: received_at, every: month, per: handler, subject: person, numerator: count(*), "
        "denominator: { of: orders, dated: ordered_on, per: seller, when: amount > 0, take: count(*) }"
    )
    config = configured(tmp_path, says)
    orders = """
        order_no | ordered_on | shipped | ordered | seller | amount
        DD-1     | 2025-08-01 | 1       | 1       | 王敏   | 10
        DD-2     | 2025-08-02 | 1       | 1       | 王敏   | 10
        DD-3     | 2025-08-02 | 1       | 1       | 王敏   |
        DD-4     | 2025-08-02 | 1       | 1       | 赵磊   | 10
    """

    assert measured(config, "value", "numerator", "denominator", orders=orders) == [
        "kpi/2025-08/李强 | - | 1 | 0",
        "kpi/2025-08/王敏 | 100 | 2 | 2",
        "kpi/2025-08/赵磊 | 0 | 0 | 1",
        "kpi/2025-09/李强 | - | 1 | 0",
    ]


def test_a_closed_period_is_frozen_and_the_next_one_is_compared_with_what_stands(tmp_path: Path) -> None:
    config = configured(tmp_path, f"{SOLVED}, every: month")
    standing = "kpi/2025-08 | 公司 | 2025年8月 | 2025-08-31 | 50 | | | 100 | 1 | 2 | 2"
    tables = {"complaints": DRAWN, "results": HEAD + standing}
    open_, closed = planned(config, tables, NOW), planned(config, tables, "2025-09-11 09:00")

    assert [line for line in changes(open_) if " value" in line or " previous" in line] == [
        "kpi/2025-08 value: 50 -> 66.67",
        "kpi/2025-09 value: blank -> 0",
        "kpi/2025-09 previous: blank -> 66.67",
    ]
    assert [line for line in changes(closed) if " value" in line or " previous" in line] == [
        "kpi/2025-09 value: blank -> 0",
        "kpi/2025-09 previous: blank -> 50",
    ]
    assert "kpi/2025-08 kpi value: 本行已结账，来源后来有变：“数值”表里是 50，按来源应为 66.67" in findings(closed)


def test_the_last_period_that_ended_short_is_said_once_it_has_ended_and_until_the_next_one_ends(tmp_path: Path) -> None:
    config = configured(tmp_path, f"{SOLVED}, every: month, target: $aim, missed: finding, back: 2")
    tables = {"complaints": DRAWN, "results": HEAD}

    assert findings(planned(config, tables, "2025-08-31 23:00")) == []
    assert findings(planned(config, tables, NOW)) == ["kpi/2025-08 kpi value: 2025年8月“指标”（公司）为 66.67%，目标 95%，未达标"]
    later = planned(config, tables, "2025-10-01 09:00")
    assert findings(later) == ["kpi/2025-09 kpi value: 2025年9月“指标”（公司）为 0%，目标 95%，未达标"]


def test_a_target_counts_from_its_day_on(tmp_path: Path) -> None:
    config = configured(tmp_path, f"{SOLVED}, every: month, target: $aim", aim="95, 2025-09-01: null")

    assert measured(config, "target", "outcome") == ["kpi/2025-08 | 95 | 未达标", "kpi/2025-09 | - | -"]


def test_a_second_run_over_what_the_first_one_wrote_changes_nothing(tmp_path: Path) -> None:
    config = configured(tmp_path, f"{SOLVED}, every: [month, 30 days], per: handler, subject: person, target: $aim")
    columns = [column.strip() for column in HEAD.split("|")][1:]
    first = measured(config, *columns)
    again = planned(config, {"complaints": DRAWN, "results": HEAD + "\n".join(line.replace(" - ", "  ") for line in first)}, NOW)

    assert (len(first), again.new_rows, changes(again)) == (5, (), [])


def test_the_indicators_of_a_pack_that_is_not_switched_on_hold_too_and_its_examples_notice_each_of_them(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    for name in ("templates", "config/packs", "config/calendars"):
        (tmp_path / name).symlink_to(ROOT / name)
    said = "language: zh\ncalendar: cn\nadmin: admin@example.com\npacks: [jianlibao-c-channel]\n"
    (tmp_path / "config" / "settings.yaml").write_text(said, encoding="utf-8")
    config = load(tmp_path)
    own = [config.policies[name] for name in ("service-level", "deliveries")]

    assert (check(tmp_path).problems, unnoticed(config, own)) == ((), [])


def test_every_shipped_indicator_has_a_worked_example_with_its_number() -> None:
    policies = shipped().policies.values()
    kept = [row for policy in policies for example in policy.file.examples for row in example.kept.get("kpi_results", [])]
    worked = {str(row["result_id"]).partition("/")[0] for row in kept if row.get("value") is not None}
    indicators = {rule.id for policy in policies for rule in policy.rules.values() if rule.kind == "metric"}

    assert indicators - worked == set()
    assert len(indicators) > 30
