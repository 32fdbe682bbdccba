"""Made-up staff, customers, orders, payments, shipments and visits, each table in realistic proportion to the orders."""

from __future__ import annotations

import numpy as np

from tests.bench.draws import BAD, DAY, FINANCE, LOGISTICS, NEVER, Columns, Draws, numbered

SUBTYPES = {
    "经销商": ("大型经销商", "中小型经销商"),
    "零售商": ("连锁超市", "便利店", "个体零售店"),
    "终端消费者": ("线上消费者", "门店消费者"),
}


class Trade(Draws):
    """Each method makes one table."""

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
            "contribution_level": np.where(
                self.chance(0.2, count), self.pick(["重大贡献", "重要贡献", "一定贡献", "较小贡献"], count), None
            ),
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
            "customer_id": self.mostly(self.ids("KH-{:05d}", count, self.sizes.customers), "KH-99999"),
            "order_date": ordered,
            "product_code": self.ids("CP-{:02d}", count, 10),
            "product_name": numbered("豆制品{:02d}", 10)[self.rng.integers(0, 10, count)],
            "spec": self.pick(["100g/袋", "250g/袋"], count),
            "packaging": self.pick(["50袋/箱"], count),
            "qty": qty,
            "unit_price": np.full(count, 12_000.0),
            "amount": self.holes(qty / 10_000 * 12_000),
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
            "order_no": self.mostly(orders["order_no"][of], "DD-9999999"),
            "amount": self.holes(np.rint(amount * share)),
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
        names = (
            "stock_verified_at",
            "issued_at",
            "finance_stamp_at",
            "keeper_review_at",
            "loaded_at",
            "keeper_signed_at",
            "carrier_signed_at",
            "shipped_at",
        )
        before = steps["payment_verified_at"]
        for name in names:
            before = steps[name] = self.after(before, 6)
        arrived = self.after(before, 48)
        loaded = ~np.isnat(steps["loaded_at"])
        self.shipments_made = {
            "notice_no": numbered("FY-{:07d}", count),
            **{
                name: orders[name][of]
                for name in ("order_no", "contract_no", "customer_id", "product_code", "product_name", "spec", "packaging", "qty")
            },
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
        there, sent, own = (
            ~np.isnat(visited),
            self.after(visited, 24),
            self.mostly(self.ids("KH-{:05d}", count, self.sizes.customers), "KH-99999"),
        )
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
