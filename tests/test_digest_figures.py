"""The figures of digests of a period, counted again from the cells of the workbook by code that shares nothing with the program's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from automations.digestfile import INDICATED, Breakdown
from automations.digestview import show_digest
from tests.scene import STAFF, Scene, scene, shipped

CUSTOMERS = """
    customer_id | customer_name
    KH-1        | 甲商贸
    KH-2        | 乙食品
    KH-3        | 丙超市
"""
ORDERS = """
    order_no | customer_id | order_date | salesperson | product_name | qty   | amount   | sales_channel | special_policy_id
    DD-1     | KH-1        | 2026-09-14 | YG-01       | 干腐竹       | 10.5  | 1000.10  | 经销 |
    DD-2     | KH-1        | 2026-09-16 | YG-01       | 豆皮         | 3     | 250.05   | 直销 |
    DD-3     | KH-2        | 2026-09-20 | YG-05       | 干腐竹       | 7     | 800      | 经销 | TZ-1
    DD-4     | KH-2        | 2026-09-13 | YG-05       | 干腐竹       | 1     | 99.99    | 经销 |
    DD-5     | KH-3        | 2026-09-07 | YG-01       | 豆皮         | 2     | 120      | | TZ-1
    DD-6     | KH-3        | 2026-09-21 | YG-01       | 豆皮         | 2     | 120      | 直销 |
    DD-7     | KH-3        | 2026-08-31 | YG-01       | 豆皮         | 2     | 120      | 直销 |
"""
PAYMENTS = """
    payment_id | order_no | received_on | amount  | account_kind
    SK-1       | DD-1     | 2026-09-15  | 1000.10 | 公司账户
    SK-2       | DD-2     | 2026-09-20  | 50.05   | 现金
    SK-3       | DD-4     | 2026-09-12  | 99.99   | 公司账户
"""
VISITS = """
    visit_id | customer_id | staff_id | visited_on | method
    BF-1     | KH-1        | YG-01    | 2026-08-31 | 电话
    BF-2     | KH-1        | YG-01    | 2026-08-01 | 上门
    BF-3     | KH-2        | YG-03    | 2026-08-15 | 上门
    BF-4     | KH-2        | YG-03    | 2026-07-31 | 上门
    BF-5     | KH-3        | YG-03    | 2026-09-01 | 电话
"""
COMPLAINTS = """
    complaint_no | customer_id | received_at      | handler | category | cause_side | responsible_dept | compensation | direct_loss
    TS-1         | KH-1        | 2026-08-01 00:00 | YG-01   | 质量问题 | 业务操作   | 生产部           | 100.10       | 300
    TS-2         | KH-1        | 2026-08-31 23:59 | YG-03   | 运输损坏 | 客户原因   | 物流部           |              | 50.5
    TS-3         | KH-2        | 2026-08-12 10:00 | YG-03   | 质量问题 |            |                  | 20           |
    TS-4         | KH-2        | 2026-07-31 23:59 | YG-03   | 质量问题 | 业务操作   | 生产部           | 7            | 8
    TS-5         | KH-3        | 2026-09-01 00:00 | YG-03   | 质量问题 | 业务操作   | 生产部           | 7            | 8
"""
REQUESTS = """
    request_no | customer_id | received_at      | request_type
    FW-1       | KH-1        | 2026-09-14 08:00 | 咨询
    FW-2       | KH-1        | 2026-09-20 23:59 | 售后服务
    FW-3       | KH-2        | 2026-09-13 23:59 | 咨询
    FW-4       | KH-2        | 2026-08-03 10:00 | 报事
    FW-5       | KH-3        | 2026-07-15 10:00 | 咨询
"""
HANDOVERS = """
    handover_no | contract_no
    JD-1        | HT-1
    JD-2        | HT-1
"""
TARGETS = """
    target_id | starts_on  | salesperson | measured | target_value
    M-1       | 2026-08-01 | YG-01       | 销售额   | 1000
    M-2       | 2026-09-01 | YG-05       | 销售额   | 500
"""
SURVEYS = """
    survey_id | customer_id | surveyed_on | method | dissatisfied_item
    DC-1      | KH-1        | 2026-07-01  | 电话   |
    DC-2      | KH-2        | 2026-09-30  | 问卷   | 物流
    DC-3      | KH-3        | 2026-06-30  | 问卷   | 价格
    DC-4      | KH-3        | 2026-10-01  | 问卷   | 价格
"""
TABLES = {
    "customers": CUSTOMERS,
    "orders": ORDERS,
    "payments": PAYMENTS,
    "visits": VISITS,
    "complaints": COMPLAINTS,
    "surveys": SURVEYS,
    "service_requests": REQUESTS,
    "order_handovers": HANDOVERS,
    "kpi_results": " | ".join(["result_id", *INDICATED]),
    "targets": TARGETS,
    "staff": STAFF,
}
Cells = dict[str, Any]


@pytest.fixture(scope="module")
def stage() -> Scene:
    return scene(**TABLES)


# The other way to the figures: the cells of the tabs as they stand, one row after another


def cells(found: Scene, table: str) -> Iterator[Cells]:
    """The rows of a tab by the keys of its columns, as the cells stand."""
    declared = shipped().tables[table]
    keys = {column.heading("zh"): column.key for column in declared.columns}
    header, *rows = found.raw()[declared.heading("zh")]
    return (dict(zip((keys.get(name, name) for name in header), row, strict=True)) for row in rows)


def named(found: Scene) -> dict[str, str]:
    """Staff and customers by their numbers."""
    staff = {row["staff_id"]: row["staff_name"] for row in cells(found, "staff")}
    return staff | {row["customer_id"]: row["customer_name"] for row in cells(found, "customers")}


def day_of(value: Any) -> date | None:
    return value.date() if isinstance(value, datetime) else value


@dataclass
class Line:
    now: int = 0
    before: int = 0
    sums: tuple[Decimal, ...] = ()

    def figures(self, *, dated: bool) -> list[Decimal]:
        """As they stand in a line: how many now, before, the change, and the amounts."""
        counts = [Decimal(each) for each in (self.now, self.before, self.now - self.before)]
        return [*counts[: 3 if dated else 1], *self.sums]


def counted(found: Scene, each: Breakdown, now: tuple[date, date], before: tuple[date, date]) -> dict[str, Line]:
    """The lines of a table of figures, by label, counted row by row."""
    lines: dict[str, Line] = defaultdict(lambda: Line(sums=(Decimal(0),) * len(each.sums)))
    names = named(found)
    for row in cells(found, each.of):
        if each.filled and not row[each.by]:
            continue
        label, day = str(row[each.by] or "（未填）"), day_of(row[each.dated_by]) if each.dated_by else None
        line = lines[names.get(label, label)]
        if each.dated_by is None or (day and now[0] <= day <= now[1]):
            line.now += 1
            line.sums = tuple(one + Decimal(str(row[name] or 0)) for one, name in zip(line.sums, each.sums, strict=True))
        elif day and before[0] <= day <= before[1]:
            line.before += 1
    return {label: line for label, line in lines.items() if line.now or line.before}


def said(text: str, title: str) -> dict[str, list[str]]:
    """The lines of one table in the text of a mail, by label."""
    block = text.split(f"== {title} ==\n", 1)[1].split("\n\n", 1)[0].splitlines()[1:]
    return {line.split(" | ")[0]: line.split(" | ")[1:] for line in block if " | " in line}


def number(text: str) -> Decimal:
    return Decimal(text.replace(",", "").replace("±", ""))


MONTH = ((date(2026, 8, 1), date(2026, 8, 31)), (date(2026, 7, 1), date(2026, 7, 31)))
WEEK = ((date(2026, 9, 14), date(2026, 9, 20)), (date(2026, 9, 7), date(2026, 9, 13)))
DAY = ((date(2026, 9, 20), date(2026, 9, 20)), (date(2026, 9, 19), date(2026, 9, 19)))  # a Sunday made up
QUARTER = ((date(2026, 7, 1), date(2026, 9, 30)), (date(2026, 4, 1), date(2026, 6, 30)))
PERIODS = {
    "2026-09-02 08:30": {"complaint-analysis": MONTH, "maintenance-month": MONTH, "coordination-month": MONTH},
    "2026-09-21 08:30": {
        "sales-week": WEEK,
        "feedback-week": WEEK,
        "coordination-week": WEEK,
        "sales-day": DAY,
        "finance": DAY,
        "manager": DAY,
    },
    "2026-10-08 08:30": {"satisfaction-quarter": QUARTER},
}


@pytest.mark.parametrize("moment", PERIODS)
def test_every_table_of_figures_equals_the_cells_of_the_workbook(stage: Scene, moment: str):
    stage.run(moment, force=True)

    for name, (now, before) in PERIODS[moment].items():
        text = show_digest(stage.world, name, "", datetime.fromisoformat(moment)).rendered.text
        for each in shipped().digests[name].breakdowns:
            lines, shown = counted(stage, each, now, before), said(text, each.title["zh"])
            whole = shown.pop("合计", None)
            expected = {label: line.figures(dated=each.dated_by is not None) for label, line in lines.items()}
            assert {label: [number(part) for part in parts] for label, parts in shown.items()} == expected, (name, each.title)
            totals = [sum(column) for column in zip(*expected.values(), strict=True)]
            assert (whole and [number(part) for part in whole]) == (totals or None)
        assert f"按 {moment} 的表格" in text


def test_the_indicators_of_a_month_are_those_that_stand_in_the_workbook(stage: Scene):
    stage.run("2026-10-08 08:30", force=True)
    text = show_digest(stage.world, "kpi-month", "", datetime(2026, 10, 8, 8, 30)).rendered.text

    found = [line.split(" | ") for line in text.splitlines() if line.count(" | ") == 5]
    expected = []
    for row in cells(stage, "kpi_results"):
        if day_of(row["starts_on"]) == date(2026, 9, 1) and day_of(row["ends_on"]) == date(2026, 9, 30):
            kpi = row["kpi"] if row["unit"] in (None, "%", "元") else f"{row['kpi']}（{row['unit']}）"
            label = kpi if row["subject_kind"] == "公司" else row["subject_name"]
            value, target, before = (spelled(row[name], row["unit"]) for name in ("value", "target", "previous"))
            change = spelled(row["change"], row["unit"])
            expected.append([label, value, target, row["outcome"] or "–", before, f"+{change}" if (row["change"] or 0) > 0 else change])
    assert sorted(line for line in found if line[1] != "数值") == sorted(expected)
    assert len(expected) > 5


def spelled(value: Any, unit: str) -> str:
    """An indicator as a reader expects it: shares with one decimal, money with two."""
    if value is None:
        return "–"
    exact = Decimal(str(value))
    if unit == "%":
        return f"{exact.quantize(Decimal('0.1'), ROUND_HALF_UP)}%"
    return f"{exact:,.2f}" if unit == "元" else f"{exact.normalize():,f}"
