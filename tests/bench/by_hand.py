"""The covered policies written by hand with numpy over whole columns: what somebody who knows numpy well would write once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from automations.calendars import Calendar
from automations.model import Snapshot
from tests.bench.answers import Answers

NEVER = np.datetime64("NaT", "s")
DAY, OPENS, OPEN_FOR = 86_400, 9 * 3_600, 9 * 3_600
NONE, NOT_STARTED, RUNNING, SOON, OVERDUE, ON_TIME, LATE, PAUSED = range(8)
WORDS = np.array(["", "未开始", "进行中", "即将到期", "已逾期", "按时完成", "逾期完成", "暂停"], dtype=object)
GOODS = ("与合同不符", "质量问题", "运输损坏", "重量超差", "包装不良")
PREPAID = "先款后货"


@dataclass(frozen=True)
class Days:
    """Working days as ordinals: `upto[day]` working days up to a day, `nth[k]` the day of the kth; open 9:00 to 18:00."""

    first: int
    upto: Any
    nth: Any
    open: Any

    @classmethod
    def of(cls, calendar: Calendar) -> Days:
        every = np.arange(np.datetime64(calendar.first), np.datetime64(calendar.last) + 1)
        is_open = calendar.is_workday(every)
        return cls(int(every[0].astype("int64")), np.cumsum(is_open), every[is_open].astype("int64"), is_open)

    def close_after(self, start: Any, count: Any) -> Any:
        """Closing time of the Nth working day after a start; NaT for NaT."""
        missing = np.isnat(start)
        days = np.where(missing, self.first, start.view("int64") // DAY) - self.first
        due = self.nth[self.upto[days] + count - 1] * DAY + OPENS + OPEN_FOR
        return np.where(missing, NEVER, due.view("datetime64[s]"))

    def elapsed(self, instants: Any) -> Any:
        """Open seconds up to each instant."""
        days, seconds = np.divmod(instants.view("int64"), DAY)
        here = days - self.first
        return self.upto[here] * OPEN_FOR - np.where(self.open[here], OPEN_FOR - np.clip(seconds - OPENS, 0, OPEN_FOR), 0)

    def shifted(self, instants: Any, seconds: Any) -> Any:
        """Each instant moved on by open time; it stops at closing time rather than at the next opening."""
        total = self.elapsed(instants) + seconds
        day = (total - 1) // OPEN_FOR
        there = (self.nth[day] * DAY + OPENS + total - day * OPEN_FOR).view("datetime64[s]")
        return np.where(seconds > 0, there, instants)


class Cells:
    """The columns of one table as plain numpy arrays, each taken from the frame once."""

    def __init__(self, snapshot: Snapshot, table: str) -> None:
        self.table, self.frame = table, snapshot.sheets[table].frame
        self._taken: dict[str, Any] = {}
        self._blank: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self.frame)

    def text(self, name: str) -> Any:
        """A text column as objects, "" where blank."""
        if name not in self._taken:
            self._taken[name] = np.where(self.blank(name), "", np.asarray(self.frame[name], dtype=object))
        return self._taken[name]

    def time(self, name: str) -> Any:
        return self.frame[name].to_numpy()

    def number(self, name: str) -> Any:
        """A number column in its whole units, NaN where blank."""
        if name not in self._taken:
            self._taken[name] = self.frame[name].to_numpy(dtype="float64", na_value=np.nan)
        return self._taken[name]

    def flag(self, name: str) -> Any:
        """A boolean column, False where blank."""
        return self.frame[name].to_numpy(dtype="bool", na_value=False)

    def blank(self, name: str) -> Any:
        """Where a column is blank."""
        if name not in self._blank:
            self._blank[name] = self.frame[name].isna().to_numpy()
        return self._blank[name]


class ByHand:
    """All covered policies on one snapshot; `judge` is what is timed."""

    def __init__(self, snapshot: Snapshot, calendar: Calendar, now: datetime) -> None:
        self.snapshot, self.days = snapshot, Days.of(calendar)
        self.now, self.today = np.datetime64(now, "s"), now.date()
        self.now_open = int(self.days.elapsed(np.array([self.now]))[0])

    def judge(self) -> Answers:
        from tests.bench.by_hand_complaints import complaints

        answers = Answers()
        cells = {name: Cells(self.snapshot, name) for name in self.snapshot.sheets}
        find = partial(positions, cells, {})
        payments(self, cells, find, answers)
        orders(cells, find, answers)
        customers(self, cells, find, answers)
        complaints(self, cells, find, answers)
        return answers

    def until_now(self, start: Any) -> Any:
        """A start that lies in the future starts nothing."""
        return np.where(start <= self.now, start, NEVER)

    def state(self, start: Any, due: Any, done: Any, active: Any = True, paused: Any = False) -> Any:
        """The state of a clock: due soon is when 80 % of its open time are used up."""
        late, undone, no_due = due < self.now, np.isnat(done), np.isnat(due)
        code = np.where(undone, np.where(late, OVERDUE, RUNNING), np.where(done <= due, ON_TIME, LATE)).astype("int8")
        code[no_due] = NONE
        code[paused & no_due] = PAUSED
        code[no_due & np.isnat(start)] = NOT_STARTED
        code[np.logical_not(active)] = NONE
        rows = np.flatnonzero(code == RUNNING)
        code[rows[self.soon(start[rows], due[rows])]] = SOON
        return code

    def soon(self, start: Any, due: Any) -> Any:
        """Whether 80 % of the open time between start and due are used up."""
        begun = np.fmin(start, due)
        used = self.days.elapsed(begun)
        length = self.days.elapsed(due) - used
        share = used + np.ceil(length * 0.8 - 1e-6).astype("int64")
        return np.where(length <= 0, due <= self.now, (share <= self.now_open) & (begun <= self.now))


def positions(cells: dict[str, Cells], known: dict[Any, Any], table: str, via: str, target: str, key: str) -> Any:
    """The row each reference leads to, -1 where it leads nowhere."""
    if (table, via) not in known:
        if target not in known:
            known[target] = pd.Index(cells[target].text(key))
        found = known[target].get_indexer(cells[table].text(via))
        known[table, via] = np.where(cells[table].blank(via), -1, found)
    return known[table, via]


def referred(values: Any, places: Any, blank: Any) -> Any:
    """The values of the rows referred to."""
    return np.append(values, blank)[places]


def payments(hand: ByHand, cells: dict[str, Cells], find: Any, answers: Answers) -> None:
    """Accounts and the check by finance."""
    mine, policy = cells["payments"], "payment-receipts"
    account, kind, checked = mine.text("payee_account"), mine.text("account_kind"), mine.time("finance_checked_at")
    active = referred(cells["company_accounts"].flag("active"), find("payments", "payee_account", "company_accounts", "account_no"), False)
    known, company = (account != "") & (kind != ""), kind == "公司账户"
    okay = company & active & known
    answers.columns["payments", "account_ok"] = pd.arrays.BooleanArray(okay, ~known)
    for column in ("order_no", "payee_account", "account_kind"):
        answers.say(f"{policy}/receipt-complete", mine.blank(column))
    answers.say(f"{policy}/receipt-complete", np.isnan(mine.number("amount")))
    answers.say(f"{policy}/personal-account", kind == "个人账户")
    answers.say(f"{policy}/account-not-listed", company & (account != "") & ~okay)
    answers.say(f"{policy}/cash-not-paid", kind == "现金")
    received = mine.time("received_on")
    due = hand.days.close_after(hand.until_now(received), 1)
    answers.states[f"{policy}/finance_check"] = hand.state(received, due, checked)
    answers.say(f"{policy}/finance_check", received > hand.now)
    answers.say(f"{policy}/checker-named", ~np.isnat(checked) & mine.blank("finance_checked_by"))


def orders(cells: dict[str, Cells], find: Any, answers: Answers) -> None:
    """Payment before goods, and the special policies that exempt from it."""
    mine, paying, policy = cells["orders"], cells["payments"], "payment-before-goods"
    places = find("payments", "order_no", "orders", "order_no")
    okay = answers.columns["payments", "account_ok"].to_numpy(dtype=bool, na_value=False)
    counts = (places >= 0) & okay & ~np.isnat(paying.time("finance_checked_at")) & ~np.isnan(paying.number("amount"))
    paid = np.bincount(places[counts], weights=paying.number("amount")[counts], minlength=len(mine))
    amount, terms, special = mine.number("amount"), mine.text("payment_policy"), ~mine.blank("special_policy_id")
    status = np.where(paid >= amount, "已付清", np.where(paid > 0, "部分", "未付")).astype(object)
    status[np.isnan(amount)] = ""
    answers.columns["orders", "paid_amount"], answers.columns["orders", "payment_status"] = paid, status
    exempt, prepaid = terms == "特殊政策", (terms == PREPAID) | (terms == "")
    answers.say(f"{policy}/special-policy-named", exempt & ~special)
    answers.say(f"{policy}/special-policy-valid", exempt & special & ~special_policy_holds(cells, find))
    answers.say(f"{policy}/new-channel-first-paid", (mine.text("sales_channel") == "新渠道直销") & ~(prepaid | special))
    progress = mine.text("production_progress")
    answers.say(f"{policy}/unpaid-in-production", (progress == "生产中") & prepaid & (paid < amount))
    answers.say(f"{policy}/unpaid-when-done", (progress == "已完工") & prepaid & (paid < amount))


def special_policy_holds(cells: dict[str, Cells], find: Any) -> Any:
    """Whether the special policy an order names is approved, covers the order, and held on its day."""
    mine, granted = cells["orders"], cells["special_policies"]
    place = find("orders", "special_policy_id", "special_policies", "policy_id")
    rule = granted.text("exempt_rule")
    counts = (granted.text("approved_by") != "") & np.array(
        [PREPAID in each or each == "xixiangji-marketing.11" for each in rule], dtype=bool
    )
    scope, subject = referred(granted.text("scope"), place, ""), referred(granted.text("subject"), place, "")
    name = referred(cells["customers"].text("customer_name"), find("orders", "customer_id", "customers", "customer_id"), "")
    same = {each: subject == mine.text(each) for each in ("customer_id", "sales_channel", "product_code", "product_name", "salesperson")}
    covers = (scope == "客户") & (same["customer_id"] | (subject == name)) | (scope == "渠道") & same["sales_channel"]
    covers |= (scope == "产品") & (same["product_code"] | same["product_name"]) | (scope == "员工") & same["salesperson"]
    begins, ends = referred(granted.time("valid_from"), place, NEVER), referred(granted.time("valid_to"), place, NEVER)
    ordered = mine.time("order_date")
    held = (begins <= ordered) & (np.isnat(ends) | np.isnat(ordered) | (ends >= ordered))
    return referred(counts, place, False) & covers & (subject != "") & held


def customers(hand: ByHand, cells: dict[str, Cells], find: Any, answers: Answers) -> None:
    """Tiers, grades and the visits they ask for."""
    mine = cells["customers"]
    bought, first = purchases(hand, cells, find)
    visited, spoken = visits(cells, find)
    tier = tiers(mine, bought, answers)
    answers.say("customer-tiers/account-manager-active", manager_left(cells, find, tier))
    grade = grades(mine, bought)
    answers.columns |= {
        ("customers", "annual_purchase"): bought,
        ("customers", "last_visit_on"): visited,
        ("customers", "last_contact_on"): spoken,
        ("customers", "tier_level"): tier,
        ("customers", "tier_abcd"): grade,
    }
    every = np.select([tier == "一级客户", tier == "二级客户", tier == "三级客户"], [1, 3, 6], 0)
    last = np.where(tier == "三级客户", spoken, visited)
    due, state = cadence(hand, every, last, first)
    answers.columns["customers", "next_visit_due"], answers.columns["customers", "visit_state"] = due, WORDS[state]
    answers.states["customer-visits/visit"] = state
    every = np.select([grade == "A级", grade == "B级", grade == "C级", grade == "D级"], [1, 3, 6, 12], 0)
    due, answers.states["customer-grades/contact"] = cadence(hand, every, spoken, first)
    answers.columns["customers", "next_contact_due"] = due


def purchases(hand: ByHand, cells: dict[str, Cells], find: Any) -> tuple[Any, Any]:
    """Per customer the orders of the last 12 months in fen, and the day of the first order."""
    mine, place = cells["orders"], find("orders", "customer_id", "customers", "customer_id")
    day, amount = mine.time("order_date"), mine.number("amount")
    year_ago = np.datetime64(date(hand.today.year - 1, hand.today.month, hand.today.day), "s")
    counts = (place >= 0) & (day > year_ago) & (day <= np.datetime64(hand.today, "s")) & ~np.isnan(amount)
    bought = np.bincount(place[counts], weights=amount[counts], minlength=len(cells["customers"]))
    return bought, extreme(np.minimum, day, place, len(cells["customers"]))


def visits(cells: dict[str, Cells], find: Any) -> tuple[Any, Any]:
    """Per customer the last visit in person, and the last contact of any kind."""
    mine, place = cells["visits"], find("visits", "customer_id", "customers", "customer_id")
    day, count = mine.time("visited_on"), len(cells["customers"])
    return extreme(np.maximum, day, np.where(mine.text("method") == "上门", place, -1), count), extreme(np.maximum, day, place, count)


def extreme(which: Any, days: Any, place: Any, count: int) -> Any:
    """The first or last day of each group; NaT for an empty one."""
    there = (place >= 0) & ~np.isnat(days)
    worst = np.iinfo("int64").max if which is np.minimum else np.iinfo("int64").min
    found = np.full(count, worst)
    which.at(found, place[there], days[there].astype("int64"))
    return np.where(found == worst, NEVER, found.view("datetime64[s]"))


def tiers(mine: Cells, bought: Any, answers: Answers) -> Any:
    """The tier in force, and the findings about it."""
    policy, kind, subtype = "customer-tiers", mine.text("customer_type"), mine.text("customer_subtype")
    nature, override = mine.text("customer_nature"), mine.text("tier_override")
    special = ((nature == "政府") | (nature == "媒体")) & mine.flag("special_influence")
    tier = np.select([special, bought > 1_000_000_00, bought >= 300_000_00], ["特别客户", "一级客户", "二级客户"], "三级客户").astype(
        object
    )
    tier[kind == "终端消费者"] = ""
    tier = np.where(override != "", override, tier)
    allowed = {
        "经销商": ["大型经销商", "中小型经销商", "新开发经销商"],
        "零售商": ["连锁超市", "便利店", "个体零售店"],
        "终端消费者": ["线上消费者", "门店消费者"],
    }
    fits = np.select([kind == each for each in allowed], [pd.Index(words).get_indexer(subtype) >= 0 for words in allowed.values()], True)
    answers.say(f"{policy}/type-stated", kind == "")
    answers.say(f"{policy}/type-stated", subtype == "")
    answers.say(f"{policy}/subtype-fits", (kind != "") & (subtype != "") & ~fits)
    answers.say(f"{policy}/override-explained", (override != "") & mine.blank("tier_override_reason"))
    answers.say(f"{policy}/large-retailer-key", (kind == "零售商") & (tier == "一级客户") & ~mine.flag("key_retailer"))
    answers.say(f"{policy}/account-manager-named", (tier == "一级客户") & mine.blank("account_manager"))
    answers.say(f"{policy}/service-team-named", (tier == "特别客户") & mine.blank("service_team"))
    return tier


def manager_left(cells: dict[str, Cells], find: Any, tier: Any) -> Any:
    """Tier 1 customers whose account manager has left."""
    place = find("customers", "account_manager", "staff", "staff_id")
    return (tier == "一级客户") & (referred(cells["staff"].text("status"), place, "") == "离职")


def grades(mine: Cells, bought: Any) -> Any:
    """Grade A to D: by purchases or by contribution, whichever is higher."""
    gave = mine.text("contribution_level")
    at_least = [
        (bought >= 1_000_000_00) | (gave == "重大贡献"),
        (bought >= 500_000_00) | (gave == "重要贡献"),
        (bought >= 100_000_00) | (gave == "一定贡献"),
    ]
    return np.select(at_least, ["A级", "B级", "C级"], "D级").astype(object)


def cadence(hand: ByHand, every: Any, last: Any, since: Any) -> tuple[Any, Any]:
    """The last day of the period in which something is owed again, and the state of that clock."""
    months = np.maximum(every, 1)
    begun = np.where(np.isnat(last), np.where(np.isnat(since), np.datetime64(hand.today, "s"), since), last)
    ahead = np.where(np.isnat(last), 1, 2)
    end = (begun.astype("datetime64[M]").astype("int64") // months + ahead) * months
    day = end.astype("datetime64[M]").astype("datetime64[D]") - 1
    due = np.where(every > 0, day.astype("datetime64[s]"), NEVER)
    instant, start = due + np.timedelta64(DAY - 1, "s"), np.where(np.isnat(last), since, last)
    near = instant - np.timedelta64(10 * DAY, "s") <= hand.now
    rest = np.where(np.isnat(start), NOT_STARTED, NONE)
    code = np.where(np.isnat(due), rest, np.where(instant < hand.now, OVERDUE, np.where(near, SOON, RUNNING)))
    return due, code
