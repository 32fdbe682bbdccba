"""The covered policies as the script most users would write: a loop over rows, dictionaries, a holiday package asked per row."""

from __future__ import annotations

import calendar as months
import math
from collections import defaultdict
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import holidays

from automations.cells import typed_list
from automations.model import SCALE, Snapshot
from tests.bench.answers import COLUMNS, Answers

NONE, NOT_STARTED, RUNNING, SOON, OVERDUE, ON_TIME, LATE, PAUSED = range(8)
WORDS = ("", "未开始", "进行中", "即将到期", "已逾期", "按时完成", "逾期完成", "暂停")
OPENS, CLOSES = time(9), time(18)
SUBTYPES = {
    "经销商": ["大型经销商", "中小型经销商", "新开发经销商"],
    "零售商": ["连锁超市", "便利店", "个体零售店"],
    "终端消费者": ["线上消费者", "门店消费者"],
}

Row = dict[str, Any]


def rows_of(snapshot: Snapshot) -> dict[str, list[Row]]:
    """The tables as lists of dictionaries with plain Python values; None is blank."""
    found = {}
    for name, sheet in snapshot.sheets.items():
        columns = {c.key: typed_list(sheet.frame[c.key], range(len(sheet.frame)), c) for c in sheet.table.columns if c.key in sheet.frame}
        found[name] = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return found


class ByRow:
    """Judges one table after the other, row by row, and writes what it finds into the rows."""

    def __init__(self, tables: dict[str, list[Row]], now: datetime) -> None:
        self.tables, self.now, self.today = tables, now, now.date()
        self.cn = holidays.country_holidays("CN")
        self.spoken: dict[str, list[int]] = defaultdict(list)
        self.states: dict[str, list[int]] = defaultdict(list)
        self.by_key: dict[str, dict[str, Row]] = {}

    def judge(self) -> ByRow:
        from tests.bench.by_row_complaints import complaint

        keys = {"customers": "customer_id", "staff": "staff_id", "orders": "order_no", "shipments": "notice_no"}
        keys |= {"company_accounts": "account_no", "special_policies": "policy_id"}
        self.by_key = {name: {row[key]: row for row in self.tables[name]} for name, key in keys.items()}
        for place, row in enumerate(self.tables["payments"]):
            payment(self, place, row)
        self.add_up()
        for place, row in enumerate(self.tables["orders"]):
            order(self, place, row)
        for place, row in enumerate(self.tables["customers"]):
            customer(self, place, row)
        for place, row in enumerate(self.tables["complaints"]):
            complaint(self, place, row)
        return self

    def answers(self) -> Answers:
        """What was found, in the form the other two give it."""
        columns = {
            (table, name): [_whole(row.get(name), name) for row in self.tables[table]] for table, names in COLUMNS.items() for name in names
        }
        return Answers(columns, {rule: list(codes) for rule, codes in self.states.items()}, list(self.spoken.items()))

    def say(self, rule: str, place: int, holds: Any) -> None:
        if holds:
            self.spoken[rule].append(place)

    def find(self, table: str, key: str | None) -> Row:
        """The row a reference leads to, or an empty one."""
        return self.by_key[table].get(key, {}) if key else {}

    def add_up(self) -> None:
        """What orders and customers gather from other tables."""
        year_ago = self.today.replace(year=self.today.year - 1)
        for row in self.tables["orders"]:
            row["paid_amount"] = Decimal(0)
        for row in self.tables["customers"]:
            row |= {"annual_purchase": Decimal(0), "first_order_on": None, "last_visit_on": None, "last_contact_on": None}
        for row in self.tables["payments"]:
            paid = self.find("orders", row["order_no"])
            if paid and row["account_ok"] and row["finance_checked_at"] and row["amount"] is not None:
                paid["paid_amount"] += row["amount"]
        for row in self.tables["orders"]:
            buyer, day = self.find("customers", row["customer_id"]), row["order_date"]
            if buyer and day:
                if year_ago < day <= self.today:
                    buyer["annual_purchase"] += row["amount"] or 0
                buyer["first_order_on"] = min(buyer["first_order_on"] or day, day)
        for row in self.tables["visits"]:
            seen, day = self.find("customers", row["customer_id"]), row["visited_on"]
            if seen and day:
                seen["last_contact_on"] = max(seen["last_contact_on"] or day, day)
                if row["method"] == "上门":
                    seen["last_visit_on"] = max(seen["last_visit_on"] or day, day)

    # clocks

    def working_days(self, start: datetime | None, count: int) -> datetime | None:
        """Closing time of the Nth working day after a start that has come."""
        if start is None or start > self.now:
            return None
        return datetime.combine(self.cn.get_nth_working_day(start.date(), count), CLOSES)

    def hours(self, start: datetime | None, count: int) -> datetime | None:
        return start + timedelta(hours=count) if start and start <= self.now else None

    def state(
        self, start: datetime | None, due: datetime | None, done: datetime | None, *, active: bool = True, paused: bool = False
    ) -> int:
        """The state of a clock; due soon is when 80 % of its open time are used up."""
        late = due is not None and due < self.now
        if not active:
            return NONE
        if start is None and due is None:
            return NOT_STARTED
        if due is None:
            return PAUSED if paused else NONE
        if done is not None:
            return ON_TIME if done <= due else LATE
        return OVERDUE if late else SOON if self.soon(start or due, due) else RUNNING

    def soon(self, start: datetime, due: datetime) -> bool:
        begun = min(start, due)
        length = self.open_seconds(begun, due)
        if length <= 0:
            return due <= self.now
        return begun <= self.now and self.open_seconds(begun, self.now) >= math.ceil(length * 0.8 - 1e-6)

    def open_seconds(self, start: datetime, end: datetime) -> int:
        """Open time between two moments, day by day."""
        total, day = 0, start.date()
        while day <= end.date():
            if self.cn.is_working_day(day):
                opens, closes = max(start, datetime.combine(day, OPENS)), min(end, datetime.combine(day, CLOSES))
                total += max(0, int((closes - opens).total_seconds()))
            day += timedelta(days=1)
        return total

    def shifted(self, moment: datetime, seconds: int) -> datetime:
        """A moment moved on by open time, day by day."""
        while seconds > 0:
            end = datetime.combine(moment.date(), CLOSES)
            here = self.open_seconds(moment, end) if moment < end else 0
            if here >= seconds:
                return max(moment, datetime.combine(moment.date(), OPENS)) + timedelta(seconds=seconds)
            seconds, moment = seconds - here, datetime.combine(moment.date() + timedelta(days=1), time())
        return moment

    def cadence(self, every: int | None, last: date | None, since: date | None) -> tuple[date | None, int]:
        """The last day of the period in which something is owed again, and the state of that clock."""
        if every is None:
            return None, NOT_STARTED if (last or since) is None else NONE
        begun = last or since or self.today
        end = ((begun.year * 12 + begun.month - 1) // every + (2 if last else 1)) * every - 1
        due = date(end // 12, end % 12 + 1, months.monthrange(end // 12, end % 12 + 1)[1])
        instant = datetime.combine(due, time(23, 59, 59))
        return due, OVERDUE if instant < self.now else SOON if instant - timedelta(days=10) <= self.now else RUNNING


def _whole(value: Any, name: str) -> Any:
    """A value as the other two keep it: fen, seconds since 1970, words."""
    if isinstance(value, datetime):
        return int((value - datetime(1970, 1, 1)).total_seconds())
    if isinstance(value, date):
        return (value - date(1970, 1, 1)).days * 86_400
    if isinstance(value, Decimal):
        return int((value * SCALE["money"]).to_integral_value(ROUND_HALF_UP))
    return None if value == "" else value


def payment(script: ByRow, place: int, row: Row) -> None:
    policy, account, kind = "payment-receipts", row["payee_account"], row["account_kind"]
    row["account_ok"] = None
    if account and kind:
        row["account_ok"] = kind == "公司账户" and bool(script.find("company_accounts", account).get("active"))
    for column in ("order_no", "amount", "payee_account", "account_kind"):
        script.say(f"{policy}/receipt-complete", place, row[column] is None)
    script.say(f"{policy}/personal-account", place, kind == "个人账户")
    script.say(f"{policy}/account-not-listed", place, kind == "公司账户" and account and not row["account_ok"])
    script.say(f"{policy}/cash-not-paid", place, kind == "现金")
    received = datetime.combine(row["received_on"], time()) if row["received_on"] else None
    due = script.working_days(received, 1)
    script.states[f"{policy}/finance_check"].append(script.state(received, due, row["finance_checked_at"]))
    script.say(f"{policy}/finance_check", place, received and received > script.now)
    script.say(f"{policy}/checker-named", place, row["finance_checked_at"] and not row["finance_checked_by"])


def order(script: ByRow, place: int, row: Row) -> None:
    policy, amount, paid = "payment-before-goods", row["amount"], row["paid_amount"]
    row["payment_status"] = None
    if amount is not None:
        row["payment_status"] = "已付清" if paid >= amount else "部分" if paid > 0 else "未付"
    exempt, prepaid, named = row["payment_policy"] == "特殊政策", row["payment_policy"] in (None, "先款后货"), row["special_policy_id"]
    script.say(f"{policy}/special-policy-named", place, exempt and not named)
    script.say(f"{policy}/special-policy-valid", place, exempt and named and not special_policy_holds(script, row))
    script.say(f"{policy}/new-channel-first-paid", place, row["sales_channel"] == "新渠道直销" and not (prepaid or named))
    short = prepaid and amount is not None and paid < amount
    script.say(f"{policy}/unpaid-in-production", place, row["production_progress"] == "生产中" and short)
    script.say(f"{policy}/unpaid-when-done", place, row["production_progress"] == "已完工" and short)


def special_policy_holds(script: ByRow, row: Row) -> bool:
    special, ordered = script.find("special_policies", row["special_policy_id"]), row["order_date"]
    if not special or not special["approved_by"] or not special["subject"] or ordered is None:
        return False
    rule = special["exempt_rule"] or ""
    allowed = {
        "客户": (row["customer_id"], script.find("customers", row["customer_id"]).get("customer_name")),
        "渠道": (row["sales_channel"],),
        "产品": (row["product_code"], row["product_name"]),
        "员工": (row["salesperson"],),
    }
    if ("先款后货" not in rule and rule != "xixiangji-marketing.11") or special["subject"] not in allowed.get(special["scope"], ()):
        return False
    begins, ends = special["valid_from"], special["valid_to"]
    return begins is not None and begins <= ordered and (ends is None or ends >= ordered)


def customer(script: ByRow, place: int, row: Row) -> None:
    tier(script, place, row)
    bought, gave = row["annual_purchase"], row["contribution_level"]
    if bought >= 1_000_000 or gave == "重大贡献":
        row["tier_abcd"] = "A级"
    elif bought >= 500_000 or gave == "重要贡献":
        row["tier_abcd"] = "B级"
    elif bought >= 100_000 or gave == "一定贡献":
        row["tier_abcd"] = "C级"
    else:
        row["tier_abcd"] = "D级"
    every = {"一级客户": 1, "二级客户": 3, "三级客户": 6}.get(row["tier_level"])
    last = row["last_contact_on"] if row["tier_level"] == "三级客户" else row["last_visit_on"]
    row["next_visit_due"], state = script.cadence(every, last, row["first_order_on"])
    row["visit_state"] = WORDS[state]
    script.states["customer-visits/visit"].append(state)
    every = {"A级": 1, "B级": 3, "C级": 6, "D级": 12}[row["tier_abcd"]]
    row["next_contact_due"], state = script.cadence(every, row["last_contact_on"], row["first_order_on"])
    script.states["customer-grades/contact"].append(state)


def tier(script: ByRow, place: int, row: Row) -> None:
    policy, kind, subtype = "customer-tiers", row["customer_type"], row["customer_subtype"]
    bought = row["annual_purchase"]
    if kind == "终端消费者":
        found = None
    elif row["customer_nature"] in ("政府", "媒体") and row["special_influence"]:
        found = "特别客户"
    else:
        found = "一级客户" if bought > 1_000_000 else "二级客户" if bought >= 300_000 else "三级客户"
    row["tier_level"] = level = row["tier_override"] or found
    manager = row["account_manager"]
    script.say(f"{policy}/type-stated", place, kind is None)
    script.say(f"{policy}/type-stated", place, subtype is None)
    script.say(f"{policy}/subtype-fits", place, kind and subtype and subtype not in SUBTYPES[kind])
    script.say(f"{policy}/override-explained", place, row["tier_override"] and not row["tier_override_reason"])
    script.say(f"{policy}/large-retailer-key", place, kind == "零售商" and level == "一级客户" and not row["key_retailer"])
    script.say(f"{policy}/account-manager-named", place, level == "一级客户" and not manager)
    script.say(
        f"{policy}/account-manager-active", place, level == "一级客户" and manager and script.find("staff", manager).get("status") == "离职"
    )
    script.say(f"{policy}/service-team-named", place, level == "特别客户" and not row["service_team"])
