"""A seeded generator of typed tables: n orders and n complaints, with everything they refer to, and about 3 % bad rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from automations.cells import TEXT, typed_list
from automations.model import SCALE, Grid, Sheet, Snapshot, Table

Columns = dict[str, Any]
"""Object arrays of texts (None is blank), datetime64[s], and float64 for numbers in whole SCALE units (NaN is blank)."""

NEVER = np.datetime64("NaT", "s")
DAY = np.timedelta64(86_400, "s")
BAD = 0.03
LOGISTICS, FINANCE = "YG-0006", "YG-0005"
SAID = (
    "豆腐干有涨袋，开袋有酸味，客户要求换货",
    "到货时纸箱被压坏，客户当着司机的面拍了照",
    "客户复秤，整箱比标的少半公斤",
    "送来的规格不对，客户不收",
    "打了三次电话才有人接，说答复很敷衍",
    "发票抬头开错了，月底要报账，客户催重开",
    "封口不严，真空散了",
    "有顾客说吃了不舒服，已送医，可能是食品安全问题",
    "合同写的是新日期，送来的已经过了三分之一保质期",
)
CATEGORIES = ("与合同不符", "质量问题", "运输损坏", "重量超差", "包装不良", "合同约定其他", "服务质量", "业务操作")
GOODS = "质量/规格/数量重量/运输/包装"
SUBTYPES = {"经销商": ("大型经销商", "中小型经销商"), "零售商": ("连锁超市", "便利店", "个体零售店"), "终端消费者": ("线上消费者", "门店消费者")}


@dataclass(frozen=True)
class Sizes:
    """How many rows each table has for n orders and n complaints."""

    orders: int
    complaints: int
    customers: int
    staff: int
    payments: int
    visits: int
    shipments: int

    @classmethod
    def of(cls, n: int) -> Sizes:
        return cls(n, n, max(20, n // 5), max(24, n // 200), n + n // 10, n - n // 10 + n // 5, n - n // 10)


def made(n: int, declared: Mapping[str, Table], now: datetime, seed: int = 1) -> Snapshot:
    """The tables as read from a workbook that has every declared column, those of ours still blank."""
    town = Town(Sizes.of(n), np.datetime64(now, "s"), np.random.default_rng(seed))
    makers: dict[str, Callable[[], Columns]] = {
        "staff": town.staff,
        "customers": town.customers,
        "company_accounts": town.accounts,
        "products": town.products,
        "special_policies": town.special_policies,
        "carriers": town.carriers,
        "stock": town.stock,
        "direct_cash": town.direct_cash,
        "orders": town.orders,
        "payments": town.payments,
        "shipments": town.shipments,
        "visits": town.visits,
        "complaints": town.complaints,
    }
    sheets = {name: sheet_of(declared[name], make()) for name, make in makers.items() if name in declared}
    return Snapshot("bench", sheets, (), "generated")


def sheet_of(table: Table, columns: Columns) -> Sheet:
    """Columns under all declared headers, in the dtypes `model.Sheet` promises."""
    count = len(columns[table.key])
    frame = pd.DataFrame({column.key: _typed(columns.get(column.key), column.type, count) for column in table.columns}, copy=False)
    places = {column.key: place for place, column in enumerate(table.columns)}
    return Sheet(table, table.heading("zh"), 1, frame, range(2, count + 2), places)


def _typed(values: Any, kind: str, count: int) -> Any:
    if kind in ("date", "datetime"):
        stamps = np.full(count, NEVER) if values is None else values.astype("datetime64[s]")
        return pd.array(stamps.astype("datetime64[D]").astype("datetime64[s]") if kind == "date" else stamps)
    if kind in ("integer", "boolean", "time") or kind in SCALE:
        numbers = np.full(count, np.nan) if values is None else np.asarray(values, dtype="float64")
        blank = np.isnan(numbers)
        whole = np.where(blank, 0, numbers)
        return pd.arrays.BooleanArray(whole > 0, blank) if kind == "boolean" else pd.arrays.IntegerArray(whole.astype("int64"), blank)
    return pd.array(np.full(count, None, dtype=object) if values is None else values, dtype=TEXT)


def grids_of(snapshot: Snapshot) -> list[Grid]:
    """The tables as raw tabs, header row first, for writing a workbook."""
    found = []
    for sheet in snapshot.sheets.values():
        columns = []
        for column in sheet.table.columns:
            values = typed_list(sheet.frame[column.key], range(len(sheet.frame)), column)
            columns.append([column.heading("zh"), *values])
        found.append(Grid(sheet.tab, columns))
    return found


class Town:
    """The random draws of one set of tables; each method makes one table."""

    def __init__(self, sizes: Sizes, now: np.datetime64, rng: np.random.Generator) -> None:
        self.sizes, self.now, self.rng = sizes, now, rng
        self.orders_made: Columns = {}
        self.shipments_made: Columns = {}

    # draws

    def pick(self, words: Any, count: int, weights: tuple[float, ...] = ()) -> Any:
        """Words at random; None is blank."""
        shares = np.array(weights) / sum(weights) if weights else None
        return np.array([*words, None], dtype=object)[self.rng.choice(len(words), count, p=shares)]

    def chance(self, share: float, count: int) -> Any:
        return self.rng.random(count) < share

    def ids(self, pattern: str, count: int, of: int) -> Any:
        return numbered(pattern, of)[self.rng.integers(0, of, count)]

    def past(self, count: int, days: int) -> Any:
        """Opening-hour moments of the last `days` days."""
        offsets = self.rng.integers(0, days, count) * 86_400
        midnight = self.now.astype("datetime64[D]").astype("datetime64[s]")
        moments = midnight - offsets.astype("timedelta64[s]") + self.rng.integers(8 * 60, 18 * 60, count).astype("timedelta64[m]")
        return np.where(moments > self.now, moments - DAY, moments)

    def after(self, start: Any, hours: float, goes_on: float = 0.998) -> Any:
        """A next step: some hours after `start`, blank when it has not come yet or the row stalled."""
        gap = (self.rng.exponential(hours, len(start)) * 60 + 5).astype("int64").astype("timedelta64[m]")
        there = start + gap
        return np.where((there <= self.now) & self.chance(goes_on, len(start)), there, NEVER)

    def written(self, where: Any, words: Any, share: float = 0.997) -> Any:
        """A text where a condition holds, forgotten in a few rows."""
        return np.where(where & self.chance(share, len(where)), self.pick(words, len(where)), None)

    def one_each(self, of: int, count: int) -> Any:
        """Every row of a table of `of` rows once in random order, then any again until there are `count`."""
        once = self.rng.permutation(of)[:count]
        return np.append(once, self.rng.integers(0, of, max(0, count - of)))

    def money(self, count: int, middle: float) -> Any:
        """Amounts in fen around `middle` yuan."""
        return np.rint(self.rng.lognormal(np.log(middle), 1.0, count) * 100)

    # tables

    def staff(self) -> Columns:
        count = self.sizes.staff
        numbers = numbered("YG-{:04d}", count)
        roles = ["总经理", "营销副总", "市场部部长", "销售经理", "销售主管", "财务", "物流专员", "成品库管", "客服主管", "生产", "质检"]
        role = np.array([*roles, *["营销业务员"] * (count - len(roles))], dtype=object)
        return {
            "staff_id": numbers,
            "staff_name": np.array([f"员工{n}" for n in range(count)], dtype=object),
            "department": self.pick(["销售部", "市场部", "客服部"], count),
            "role": role,
            "superior": np.where(np.arange(count) > 0, numbers[np.arange(count) // 4], None),
            "email": np.array([f"staff{n}@example.com" for n in range(count)], dtype=object),
            "status": np.where(self.chance(0.05, count), "离职", "在职"),
            "direct_sales": np.where(self.chance(0.1, count), 1.0, np.nan),
        }

    def customers(self) -> Columns:
        count = self.sizes.customers
        kind = self.pick(list(SUBTYPES), count, (3, 6, 1))
        subtype = np.array([SUBTYPES[each][place % len(SUBTYPES[each])] for place, each in enumerate(kind)], dtype=object)
        nature = self.pick(["一般", "政府", "媒体"], count, (95, 3, 2))
        override = np.where(self.chance(0.02, count), self.pick(["一级客户", "二级客户"], count), None)
        return {
            "customer_id": numbered("KH-{:05d}", count),
            "customer_name": np.array([f"客户{n}商行" for n in range(count)], dtype=object),
            "customer_type": np.where(self.chance(BAD, count), None, kind),
            "customer_subtype": np.where(self.chance(BAD, count), "线上消费者", subtype),
            "customer_nature": nature,
            "special_influence": np.where((nature != "一般") & self.chance(0.5, count), 1.0, np.nan),
            "key_retailer": np.where(self.chance(0.5, count), 1.0, np.nan),
            "contribution_level": np.where(self.chance(0.2, count), self.pick(["重大贡献", "重要贡献", "一定贡献", "较小贡献"], count), None),
            "owner_staff": self.ids("YG-{:04d}", count, self.sizes.staff),
            "account_manager": np.where(self.chance(0.5, count), self.ids("YG-{:04d}", count, self.sizes.staff), None),
            "phone": self.pick(["0951-6012345", "13800000000"], count),
            "registered_address": self.written(np.ones(count, dtype=bool), ["银川市兴庆区解放西街", "吴忠市利通区"]),
            "tier_override": override,
            "tier_override_reason": np.where((override != None) & self.chance(0.8, count), "总经理批示", None),  # noqa: E711
        }

    def accounts(self) -> Columns:
        count = 6
        return {
            "account_no": numbered("64010000{:04d}", count),
            "bank": self.pick(["宁夏银行", "工商银行"], count),
            "account_name": np.full(count, "宁夏西香记食品有限公司", dtype=object),
            "active": np.array([1.0, 1.0, 1.0, 1.0, 1.0, 0.0]),
        }

    def products(self) -> Columns:
        count = 10
        return {
            "product_code": numbered("CP-{:02d}", count),
            "product_name": numbered("豆制品{:02d}", count),
            "spec": self.pick(["100g/袋", "250g/袋"], count),
            "packaging": self.pick(["50袋/箱"], count),
        }

    def special_policies(self) -> Columns:
        count = 20
        start = self.past(count, 600)
        return {
            "policy_id": numbered("ZC-{:04d}", count),
            "scope": self.pick(["客户", "渠道", "产品", "员工"], count, (1, 4, 1, 1)),
            "subject": self.pick(["新渠道直销", "经销", "CP-01", "YG-0012", "KH-00003"], count),
            "exempt_rule": self.pick(["先款后货", "别的规定"], count, (9, 1)),
            "approved_by": np.where(self.chance(0.9, count), "YG-0001", None),
            "valid_from": start,
            "valid_to": np.where(self.chance(0.7, count), start + 365 * DAY, NEVER),
        }

    def carriers(self) -> Columns:
        count = 6
        ahead = self.now + np.arange(1, count + 1) * 200 * DAY
        return {
            "carrier_id": numbered("CY-{:03d}", count),
            "carrier_name": numbered("运输公司{:02d}", count),
            "licence_no": numbered("许可{:04d}", count),
            "licence_valid_to": ahead,
            "contract_no": numbered("YS-{:02d}", count),
            "contract_valid_to": ahead,
        }

    def stock(self) -> Columns:
        count = 40
        return {
            "stock_id": numbered("KC-{:05d}", count),
            "product_code": self.ids("CP-{:02d}", count, 10),
            "batch_no": numbered("PH{:04d}", count),
            "produced_on": self.past(count, 60),
            "qty_on_hand": self.rng.integers(0, 2_000, count) * 10_000.0,
            "as_of": np.full(count, self.now),
        }

    def direct_cash(self) -> Columns:
        count = max(20, self.sizes.orders // 20)
        return {
            "entry_id": numbered("ZX-{:06d}", count),
            "staff_id": self.ids("YG-{:04d}", count, self.sizes.staff),
            "entry_date": self.past(count, 90),
            "entry_kind": self.pick(["收款", "汇回"], count, (6, 5)),
            "amount": self.money(count, 2_000),
            "order_no": self.ids("DD-{:07d}", count, self.sizes.orders),
            "remit_account": self.ids("64010000{:04d}", count, 6),
        }

    def orders(self) -> Columns:
        count = self.sizes.orders
        qty = self.rng.integers(1, 500, count) * 10_000.0
        channel = self.pick(["直销", "新渠道直销", "经销", "零售"], count, (2, 1, 5, 2))
        special = self.chance(0.04, count)
        ordered = self.past(count, 500)
        done = self.after(ordered, 24 * 14)
        self.orders_made = {
            "order_no": numbered("DD-{:07d}", count),
            "contract_no": self.pick(["HT-2025-01", "HT-2026-02"], count),
            "customer_id": self._mostly(self.ids("KH-{:05d}", count, self.sizes.customers), "KH-99999"),
            "order_date": ordered,
            "product_code": self.ids("CP-{:02d}", count, 10),
            "product_name": numbered("豆制品{:02d}", 10)[self.rng.integers(0, 10, count)],
            "spec": self.pick(["100g/袋", "250g/袋"], count),
            "packaging": self.pick(["50袋/箱"], count),
            "qty": qty,
            "unit_price": np.full(count, 12_000.0),
            "amount": self._holes(qty / 10_000 * 12_000),
            "salesperson": self.ids("YG-{:04d}", count, self.sizes.staff),
            "received_by": np.full(count, LOGISTICS, dtype=object),
            "sales_channel": channel,
            "payment_policy": np.where(special, "特殊政策", self.pick(["先款后货", None], count)),
            "special_policy_id": np.where(special & self.chance(0.9, count), self.ids("ZC-{:04d}", count, 20), None),
            "required_ship": ordered + 10 * DAY,
            "required_arrival": ordered + 15 * DAY,
            "production_progress": np.where(np.isnat(done), self.pick(["未下达", "已下达", "生产中", None], count), "已完工"),
            "receipt_confirmed_at": self.after(done, 24 * 5),
        }
        return self.orders_made

    def payments(self) -> Columns:
        count, orders = self.sizes.payments, self.orders_made
        of = self.one_each(self.sizes.orders, count)
        share = np.where(self.chance(0.97, count), 1.0, 0.5)
        amount = np.where(np.isnan(orders["amount"][of]), 100_000, orders["amount"][of])
        received = self.after(orders["order_date"][of], 24 * 3, 1.0)
        received = np.where(np.isnat(received), orders["order_date"][of], received)
        checked = self.after(received, 6)
        return {
            "payment_id": numbered("SK-{:07d}", count),
            "received_on": received,
            "customer_id": orders["customer_id"][of],
            "order_no": self._mostly(orders["order_no"][of], "DD-9999999"),
            "amount": self._holes(np.rint(amount * share)),
            "payee_account": np.where(self.chance(BAD / 3, count), "6228480000", self.ids("64010000{:04d}", count, 5)),
            "account_kind": self.pick(["公司账户", "个人账户", "现金", None], count, (197, 1, 1, 1)),
            "collected_by": self.ids("YG-{:04d}", count, self.sizes.staff),
            "finance_checked_by": np.where(~np.isnat(checked) & self.chance(0.997, count), FINANCE, None),
            "finance_checked_at": checked,
        }

    def shipments(self) -> Columns:
        count, orders = self.sizes.shipments, self.orders_made
        of = self.one_each(self.sizes.orders, count)
        steps = {"payment_verified_at": self.after(orders["order_date"][of], 24 * 3)}
        names = ("stock_verified_at", "issued_at", "finance_stamp_at", "keeper_review_at", "loaded_at", "keeper_signed_at", "carrier_signed_at", "shipped_at")
        before = steps["payment_verified_at"]
        for name in names:
            before = steps[name] = self.after(before, 6)
        arrived = self.after(before, 48)
        loaded = ~np.isnat(steps["loaded_at"])
        self.shipments_made = {
            "notice_no": numbered("FY-{:07d}", count),
            **{name: orders[name][of] for name in ("order_no", "contract_no", "customer_id", "product_code", "product_name", "spec", "packaging", "qty")},
            **{name: orders[name][of] for name in ("required_ship", "required_arrival")},
            "ship_sequence": self.rng.integers(1, 9, count).astype("float64"),
            "attachments": self.written(~np.isnat(before), ["无", "检验报告"]),
            **steps,
            "issued_by": self.ids("YG-{:04d}", count, self.sizes.staff),
            "finance_stamp_by": np.where(~np.isnat(steps["finance_stamp_at"]), FINANCE, None),
            "keeper": self.ids("YG-{:04d}", count, self.sizes.staff),
            "carrier_id": np.where(loaded, self.ids("CY-{:03d}", count, 6), None),
            "transport_mode": np.where(loaded, self.pick(["铁路", "公路"], count, (1, 4)), None),
            "mode_reason": self.written(loaded, ["不通铁路"]),
            "loaded_qty": np.where(loaded, orders["qty"][of], np.nan),
            "package_ok": np.where(loaded, 1.0, np.nan),
            "freight_terms": self.pick(["货到即付", "月结", "代垫"], count, (1, 8, 1)),
            "receiver_contact_at": steps["shipped_at"],
            "tracking_note": self.written(loaded, ["已电话跟踪"]),
            "arrived_at": arrived,
            "receipt_confirmed_at": self.after(arrived, 24),
            "receipt_qty_ok": np.where(np.isnat(arrived), np.nan, 1.0),
        }
        return self.shipments_made

    def visits(self) -> Columns:
        """A return visit after each receipt, and visits of every other kind."""
        count, shipped, shipments = self.sizes.visits, self.sizes.shipments, self.shipments_made
        again = np.arange(count) < shipped
        of = np.where(again, np.arange(count), 0)
        plain = np.where(self.chance(0.9, count), self.past(count, 300), NEVER)
        visited = np.where(again, self.after(shipments["receipt_confirmed_at"][of], 40), plain)
        there, sent, own = ~np.isnat(visited), self.after(visited, 24), self._mostly(self.ids("KH-{:05d}", count, self.sizes.customers), "KH-99999")
        return {
            "visit_id": numbered("BF-{:07d}", count),
            "customer_id": np.where(again, shipments["customer_id"][of], own),
            "visit_kind": np.where(again, "回访", "拜访").astype(object),
            "trigger": np.where(again, "提货后", "定期").astype(object),
            "method": np.where(again, "电话", self.pick(["上门", "电话", "微信"], count, (6, 3, 1))),
            "notice_no": np.where(again & self.chance(0.998, count), shipments["notice_no"][of], None),
            "planned_on": np.where(there, visited, self.now),
            "visited_on": visited,
            "staff_id": self.ids("YG-{:04d}", count, self.sizes.staff),
            "content": self.written(there, ["问了销售情况", "核对了往来账"]),
            "summary_url": self.written(there, ["回访总结.docx"]),
            "summary_sent_at": sent,
            "filed_at": self.after(sent, 24),
        }

    def complaints(self) -> Columns:
        count = self.sizes.complaints
        found = self._complaint_steps() | self._complaint_facts()
        self._complaint_findings(found)
        self._spoil(found, self.chance(BAD, count), self.rng.integers(0, 8, count))
        return found

    def _complaint_steps(self) -> Columns:
        received = self.past(self.sizes.complaints, 400)
        found = {"received_at": received, "first_response_at": self.after(received, 8), "assigned_at": self.after(received, 10)}
        found["acceptance_notice_at"] = self.after(found["assigned_at"], 4)
        found["verified_at"] = self.after(found["assigned_at"], 10)
        found["feedback_form_at"] = self.after(found["verified_at"], 8)
        found["responsibility_at"] = self.after(found["assigned_at"], 40)
        found["inv_returned_at"] = self.after(found["responsibility_at"], 8)
        found["vp_ok_at"] = self.after(found["responsibility_at"], 12)
        found["manager_ok_at"] = self.after(found["responsibility_at"], 12)
        found["resolved_at"] = self.after(np.maximum(found["vp_ok_at"], found["manager_ok_at"]), 20)
        found["customer_notified_at"] = self.after(found["resolved_at"], 20)
        found["written_reply_at"] = self.after(found["customer_notified_at"], 2)
        found["followup_at"] = self.after(found["customer_notified_at"], 36)
        found["closed_at"] = self.after(found["followup_at"], 24)
        found["filed_at"] = self.after(found["closed_at"], 30)
        return found

    def _complaint_facts(self) -> Columns:
        count = self.sizes.complaints
        shipment = self.rng.integers(0, self.sizes.shipments, count)
        return {
            "complaint_no": numbered("TS-{:07d}", count),
            "channel": self.pick(["客服热线", "电话", "微信公众号", None], count, (50, 30, 19, 1)),
            "customer_id": self.shipments_made["customer_id"][shipment],
            "complainant": self.pick(["王女士", "李先生"], count),
            "complainant_contact": self.written(np.ones(count, dtype=bool), ["13800000000", "微信"]),
            "recorded_by": self.ids("YG-{:04d}", count, self.sizes.staff),
            "content": self.pick(SAID, count),
            "order_no": self.shipments_made["order_no"][shipment],
            "notice_no": self.shipments_made["notice_no"][shipment],
            "product_code": self.shipments_made["product_code"][shipment],
            "spec": self.shipments_made["spec"][shipment],
            "qty": np.rint(self.shipments_made["qty"][shipment] * self.rng.random(count) / 10_000) * 10_000,
            "severity": self.pick(["一般投诉", "重大投诉", None], count, (94, 5, 1)),
            "complexity": self.pick(["一般问题", "复杂问题", None], count, (70, 20, 10)),
            "demand": self.pick(["换货", "降价", "损害赔偿"], count),
            "waiting_customer": np.where(self.chance(0.02, count), 1.0, np.nan),
        }

    def _complaint_findings(self, found: Columns) -> None:
        count = self.sizes.complaints
        assigned, closed = ~np.isnat(found["assigned_at"]), ~np.isnat(found["closed_at"])
        known, solved = ~np.isnat(found["responsibility_at"]), ~np.isnat(found["vp_ok_at"])
        category = self.pick(CATEGORIES, count, (8, 30, 15, 5, 15, 2, 15, 10))
        loss = np.where(known & self.chance(0.5, count) & (category != "服务质量"), self.money(count, 800), np.nan)
        service = solved & (category == "服务质量") & self.chance(0.3, count)
        found |= {
            "category": np.where(assigned, category, None),
            "verified_true": np.where(np.isnat(found["verified_at"]), np.where(assigned, "核实中", None), "属实"),
            "cause_side": self.written(~np.isnat(found["verified_at"]), [GOODS, GOODS, GOODS, "业务操作", "客户原因"]),
            "handling_dept": np.where(assigned, np.where(category == "业务操作", "市场部", self.pick(["市场部", "客服部"], count)), None),
            "handler": np.where(assigned, self.ids("YG-{:04d}", count, self.sizes.staff), None),
            "reason_sufficient": np.where(known, 1.0, np.nan),
            "demand_reasonable": np.where(known, 1.0, np.nan),
            "responsible_dept": self.written(known, ["生产部", "物流部"]),
            "responsible_person": np.where(known, self.ids("YG-{:04d}", count, self.sizes.staff), None),
            **{name: self.written(known, ["已查明", "见附件"]) for name in ("inv_cause", "inv_course", "inv_person", "inv_conclusion")},
            **{name: self.written(known, ["已整改"]) for name in ("inv_corrective", "inv_preventive")},
            "solution": self.written(solved, ["换货并致歉", "按合同赔偿"]),
            "solution_kind": self.written(solved, ["换货", "赔偿"]),
            "compensation": np.where(solved & self.chance(0.2, count), self.money(count, 500), np.nan),
            "compensation_basis": self.written(solved, ["合同第八条"]),
            "customer_opinion": self.written(~np.isnat(found["followup_at"]), ["满意"], 0.3),
            "opinion_sent_at": self.after(found["followup_at"], 24),
            "result": self.written(closed, ["已换货", "已赔付"]),
            "improvement": self.written(closed, ["调整封口温度"]),
            "direct_loss": loss,
            "fine_decided": np.where(closed & ~np.isnan(loss) & (category != "业务操作"), np.rint(loss * self.rng.uniform(0.011, 0.029, count)), np.nan),
            "dept_fine_decided": np.where(closed & ~np.isnan(loss) & (category != "业务操作") & self.chance(0.3, count), np.rint(loss * 0.02), np.nan),
            "service_sanction": np.where(service, self.pick(["批评", "罚款"], count), None),
            "service_fine_decided": np.where(service, self.rng.integers(2, 21, count) * 1_000.0, np.nan),
            "sanction_doc_no": self.written(closed, ["西香记〔2026〕12号"]),
            "waiting_since": np.where(found["waiting_customer"] > 0, self.after(found["assigned_at"], 30), NEVER),
            "hold_until": np.where(self.chance(0.01, count), self.now + 5 * DAY, NEVER),
            "hold_reason": np.full(count, "客户要求暂缓", dtype=object),
            "contract_no": np.where(category == "合同约定其他", "HT-2025-01", None),
            "emergency_at": found["received_at"] + np.timedelta64(1_200, "s"),
            "preliminary_at": found["assigned_at"],
        }

    def _spoil(self, found: Columns, bad: Any, how: Any) -> None:
        """The bad rows: each has one of eight faults."""
        found["customer_id"] = np.where(bad & (how == 0), "KH-99999", found["customer_id"])
        found["content"] = np.where(bad & (how == 1), None, found["content"])
        found["received_at"] = np.where(bad & (how == 2), self.now + 2 * DAY, found["received_at"])
        found["assigned_at"] = np.where(bad & (how == 3), found["received_at"] - DAY, found["assigned_at"])
        found["handler"] = np.where(bad & (how == 4), None, found["handler"])
        found["qty"] = np.where(bad & (how == 5), 99_999_0000.0, found["qty"])
        found["fine_decided"] = np.where(bad & (how == 6), 5_000_00.0, found["fine_decided"])
        midnight = found["received_at"].astype("datetime64[D]").astype("datetime64[s]")
        found["received_at"] = np.where(bad & (how == 7), midnight, found["received_at"])

    def _mostly(self, keys: Any, stray: str) -> Any:
        return np.where(self.chance(BAD, len(keys)), stray, keys)

    def _holes(self, numbers: Any) -> Any:
        return np.where(self.chance(BAD / 3, len(numbers)), np.nan, numbers)


def numbered(pattern: str, count: int) -> Any:
    """`count` keys from 0 on."""
    return np.array([pattern.format(number) for number in range(count)], dtype=object)


NOW = datetime(2026, 9, 30, 8, 30)
"""The frozen clock of the benchmark."""
