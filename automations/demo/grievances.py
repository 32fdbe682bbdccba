"""Complaints from receipt to filing: what the clerks write at each step, and when."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from automations.demo.book import Entry, Office, Story
from automations.demo.cast import CAUSES, GOODS, PRODUCTION, REPLIES, SAID, SELLERS, SERVICE
from automations.demo.trade import Deal
from automations.model import Value

CHANNELS = ("客服热线", "客服热线", "微信公众号", "电话", "业务员转达", "当面")
FAULTY = {"质量问题": ("生产部", PRODUCTION), "包装不良": ("生产部", PRODUCTION), "重量超差": ("生产部", PRODUCTION)}
KINDS = {
    **dict.fromkeys(("质量问题", "包装不良", "与合同不符"), "换货"),
    **dict.fromkeys(("运输损坏", "重量超差"), "赔偿"),
    **dict.fromkeys(("服务质量", "业务操作"), "道歉解释"),
}
STEPS: Mapping[str, tuple[float, float]] = {
    "assign": (0.5, 2.5),
    "verify": (0.5, 2),
    "form": (0.3, 1),
    "investigate": (2, 7),
    "solve": (0.5, 2),
    "manager": (0.5, 2),
    "vice": (0.5, 3),
    "resolve": (0.5, 2),
    "notify": (1, 4),
    "follow": (5, 16),
    "close": (1, 5),
    "file": (2, 9),
}
"""Open hours a step usually takes."""


@dataclass(eq=False)
class Case:
    """One complaint being written."""

    deal: Deal
    category: str
    entry: Entry
    received: datetime
    handler: str
    few: int
    rng: random.Random

    @property
    def about_goods(self) -> bool:
        return self.category in GOODS

    def filled(self, text: str) -> str:
        return text.format(product=self.deal.product.name, spec=self.deal.product.spec, few=self.few)


class Grievances:
    """Writes complaints into a story."""

    def __init__(self, story: Story, office: Office, rng: random.Random, start: datetime) -> None:
        self.story, self.office, self.rng, self.start = story, office, rng, start

    def case(self, deal: Deal, received: datetime, category: str, number: str = "") -> Case:
        """A complaint as it is received."""
        rng = self.rng
        about_goods = category in GOODS
        handler = rng.choice((*SERVICE, *SELLERS[:2])) if about_goods else rng.choice(SERVICE)
        case = Case(deal, category, self.story.entry("complaints"), received, handler, rng.randint(2, 6), rng)
        case.entry.put(
            received,
            complaint_no=number or None,
            received_at=received,
            channel=rng.choice(CHANNELS),
            customer_id=deal.client.number,
            complainant=deal.client.contact,
            complainant_contact=f"1380000{rng.randrange(10_000):04d}",
            recorded_by=rng.choice(SERVICE),
            content=case.filled(rng.choice(SAID[category])),
            order_no=deal.number,
            notice_no=deal.notice or None,
        )
        return case

    def run(self, case: Case, *, until: str = "file", slow: Mapping[str, float] | None = None) -> Entry:
        """Every step up to `until`, one after the other; `slow` adds open hours to a step."""
        moment = case.received + timedelta(minutes=self.rng.randrange(30, 150, 5))
        case.entry.put(moment, first_response_at=moment)
        for step, (least, most) in STEPS.items():
            moment = self.office.after(moment, round(self.rng.uniform(least, most), 1) + (slow or {}).get(step, 0))
            case.entry.put(moment, **WRITES[step](case, moment))
            if step == until:
                break
        return case.entry


def assigned(case: Case, at: datetime) -> dict[str, Value]:
    """The market department names department and handler and tells the customer."""
    demand = "换货" if case.about_goods else "批评建议"
    judged: dict[str, Value] = {"category": case.category, "severity": "一般投诉", "complexity": "一般问题", "demand": demand}
    dept = "销售部" if case.handler in SELLERS else "市场部"
    judged |= {"handling_dept": dept if case.about_goods else "市场部", "handler": case.handler}
    return {**judged, "assigned_at": at, "acceptance_notice_at": at}


def verified(case: Case, at: datetime) -> dict[str, Value]:
    """Whether it is true, and where the cause lies."""
    side = "质量/规格/数量重量/运输/包装" if case.about_goods else "业务操作"
    found: dict[str, Value] = {"verified_true": "属实", "verified_at": at, "cause_side": side}
    found |= {"reason_sufficient": True, "demand_reasonable": True}
    product = case.deal.product
    return {**found, "product_code": product.code, "spec": product.spec, "qty": Decimal(case.few)} if case.about_goods else found


def form_sent(case: Case, at: datetime) -> dict[str, Value]:
    """The quality feedback form goes out for what concerns the goods."""
    return {"feedback_form_at": at} if case.about_goods else {}


def investigated(case: Case, at: datetime) -> dict[str, Value]:
    """Who is responsible, and the six elements of the report."""
    dept, person = FAULTY.get(case.category, ("物流部", "YG-17") if case.about_goods else ("销售部", "YG-13"))
    cause, course, conclusion, corrective, preventive = CAUSES[case.category]
    found: dict[str, Value] = {"responsible_dept": dept, "responsible_person": person, "responsibility_at": at, "inv_returned_at": at}
    found |= {"inv_cause": cause, "inv_course": course, "inv_person": f"{dept}当班人员", "inv_conclusion": case.filled(conclusion)}
    return {**found, "inv_corrective": corrective, "inv_preventive": preventive}


def solved(case: Case) -> dict[str, Value]:
    """The solution that the two leaders are asked to agree to."""
    kind = KINDS[case.category]
    words = {"换货": "按{few}箱换新货，随下一车发出", "赔偿": "按{few}箱货值赔付，从下次货款扣除", "道歉解释": "上门道歉并说明原因"}
    found: dict[str, Value] = {"solution": case.filled(words[kind]), "solution_kind": kind}
    if kind != "赔偿":
        return found
    loss = min(case.deal.product.price * case.few, case.deal.amount)
    return {**found, "compensation": loss, "compensation_basis": "合同第八条", "direct_loss": loss, **fined(case, loss)}


def fined(case: Case, loss: Decimal) -> dict[str, Value]:
    """A fine within the range, for a loss worth the trouble."""
    if loss < 600:
        return {}
    return {"fine_decided": (loss * 2 / 100).quantize(Decimal("0.01")), "sanction_doc_no": f"西香记罚[2026]{case.rng.randint(10, 99)}号"}


def notified(case: Case, at: datetime) -> dict[str, Value]:
    """The customer is told and answered in writing, and the opinion goes up."""
    return {"customer_notified_at": at, "written_reply_at": at, "customer_opinion": case.rng.choice(REPLIES), "opinion_sent_at": at}


def closed(case: Case, at: datetime) -> dict[str, Value]:
    """The end: result, improvement and date."""
    result = {"换货": "已换货，客户签收", "赔偿": "已在货款中扣减", "道歉解释": "客户谅解"}[KINDS[case.category]]
    return {"result": result, "improvement": CAUSES[case.category][4], "closed_at": at}


WRITES: Mapping[str, Callable[[Case, datetime], dict[str, Value]]] = {
    "assign": assigned,
    "verify": verified,
    "form": form_sent,
    "investigate": investigated,
    "solve": lambda case, _: solved(case),
    "manager": lambda _, at: {"manager_ok_at": at},
    "vice": lambda _, at: {"vp_ok_at": at},
    "resolve": lambda _, at: {"resolved_at": at},
    "notify": notified,
    "follow": lambda _, at: {"followup_at": at},
    "close": closed,
    "file": lambda _, at: {"filed_at": at},
}
