"""Made-up complaints from receipt to filing: most closed in time, about 3 % of them with a fault in the row."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.bench.draws import BAD, DAY, NEVER, Columns, numbered
from tests.bench.trade import Trade

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


class Town(Trade):
    """All tables: those of the trade, and its complaints."""

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
            "fine_decided": np.where(
                closed & ~np.isnan(loss) & (category != "业务操作"), np.rint(loss * self.rng.uniform(0.011, 0.029, count)), np.nan
            ),
            "dept_fine_decided": np.where(
                closed & ~np.isnan(loss) & (category != "业务操作") & self.chance(0.3, count), np.rint(loss * 0.02), np.nan
            ),
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
        found["vp_ok_at"] = np.where(bad & (how == 4), found["filed_at"], found["vp_ok_at"])
        found["fine_decided"] = np.where(bad & (how == 6), 5_000_00.0, found["fine_decided"])
        midnight = found["received_at"].astype("datetime64[D]").astype("datetime64[s]")
        found["received_at"] = np.where(bad & (how == 7), midnight, found["received_at"])
