"""Orders and what follows them: payments, dispatch notices, transport, receipt and the return visit."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from automations.demo.book import Entry, Office, Story
from automations.demo.cast import (
    ACCOUNT,
    CASHIER,
    FINANCE,
    GOOD_CARRIERS,
    KEEPER,
    LOGISTICS,
    OTHER_ACCOUNT,
    PRODUCTS,
    TALKS,
    Product,
)


@dataclass(frozen=True)
class Client:
    """A customer as the demo deals with it: number, salesperson, yearly purchases aimed at."""

    number: str
    salesperson: str
    yearly: int
    contact: str = ""


@dataclass(eq=False)
class Deal:
    """One order with everything that follows; what is not there yet is None."""

    number: str
    client: Client
    day: date
    product: Product
    qty: Decimal
    amount: Decimal
    order: Entry
    payments: list[Entry] = field(default_factory=list)
    shipment: Entry | None = None
    notice: str = ""
    visit: Entry | None = None
    shipped_on: date | None = None

    @property
    def dispatch(self) -> Entry:
        """The dispatch notice of a deal that has one."""
        assert self.shipment is not None
        return self.shipment


class Trade:
    """Writes deals into a story. The visits after `start` are left for the program to number."""

    def __init__(self, story: Story, office: Office, rng: random.Random, start: datetime) -> None:
        self.story, self.office, self.rng, self.start = story, office, rng, start
        self._counts: Counter[str] = Counter()

    def number(self, prefix: str, width: int = 3) -> str:
        """The next number with a prefix."""
        self._counts[prefix] += 1
        return f"{prefix}{self._counts[prefix]:0{width}d}"

    def take(self, name: str) -> str:
        """A number written by hand, which no other row gets."""
        prefix = name.rstrip("0123456789")
        self._counts[prefix] = max(self._counts[prefix], int(name[len(prefix) :]))
        return name

    def clock(self, day: date, steps: int, first: int, last: int) -> datetime:
        """Some minute between two hours of a working day."""
        return self.office.at(day, steps, "00:00") + timedelta(minutes=self.rng.randrange(first * 60, last * 60, 5))

    def deal(self, client: Client, day: date, amount: int, *, product: Product | None = None, number: str = "") -> Deal:
        """An order, typed when it is taken and as production goes on."""
        chosen = product or self.rng.choice(PRODUCTS)
        qty = Decimal(max(5, round(amount / float(chosen.price))))
        name = self.take(number) if number else self.number(f"DD-{day:%Y%m%d}-")
        deal = Deal(name, client, day, chosen, qty, qty * chosen.price, self.story.entry("orders"))
        ordered = self.clock(day, 0, 9, 12)
        deal.order.put(
            ordered,
            order_no=name,
            contract_no=f"HT-{day:%Y}-{client.number[-3:]}",
            customer_id=client.number,
            order_date=self.office.day(day),
            **goods(deal),
            unit_price=chosen.price,
            amount=deal.amount,
            salesperson=client.salesperson,
            received_by=LOGISTICS,
            sales_channel="经销" if client.yearly > 200_000 else "零售",
            payment_policy="先款后货",
            required_ship=self.office.day(day, 8),
            required_arrival=self.office.day(day, 12),
            production_progress="未下达",
        )
        for steps, clock, word in ((1, "16:30", "已下达"), (2, "09:10", "生产中"), (3, "15:20", "已完工")):
            deal.order.put(self.office.at(day, steps, clock), production_progress=word)
        return deal

    def pay(self, deal: Deal) -> Deal:
        """The money comes the next day, sometimes in two parts, and finance checks it the same afternoon."""
        parts = [deal.amount] if self.rng.random() < 0.85 else [(deal.amount * 3 / 10).quantize(Decimal("0.01"))]
        for part in [*parts, *([deal.amount - parts[0]] if parts[0] != deal.amount else [])]:
            paid, entry = self.clock(deal.day, 1, 9, 12), self.story.entry("payments")
            entry.put(paid, received_on=paid.date(), customer_id=deal.client.number)
            entry.put(paid, order_no=deal.number, amount=part, payee_account=self.rng.choice((ACCOUNT, ACCOUNT, OTHER_ACCOUNT)))
            entry.put(paid, account_kind="公司账户", collected_by=CASHIER)
            checked = self.clock(deal.day, 1, 13, 16)
            entry.put(checked, finance_checked_by=FINANCE, finance_checked_at=checked)
            deal.payments.append(entry)
        return deal

    def draft(self, deal: Deal, at: datetime, notice: str = "") -> Deal:
        """A dispatch notice is begun, under the number of its paper form."""
        deal.shipment = self.story.entry("shipments")
        deal.notice = notice or self.number("FY-", 5)
        deal.shipment.put(at, notice_no=deal.notice, order_no=deal.number, contract_no=f"HT-{deal.day:%Y}-{deal.client.number[-3:]}")
        deal.shipment.put(at, customer_id=deal.client.number, **goods(deal), required_ship=self.office.day(deal.day, 8))
        return deal

    def issue(self, deal: Deal, steps: int = 4) -> Deal:
        """Payment and stock are made sure of, the notice is issued, stamped and reviewed."""
        issued = self.clock(deal.day, steps, 9, 15)
        if deal.shipment is None:
            self.draft(deal, issued)
        stamped = self.office.after(issued, self.rng.choice((0.5, 0.5, 1, 3)))
        reviewed = self.office.after(stamped, self.rng.choice((0.5, 0.5, 1)))
        deal.dispatch.put(issued, payment_verified_at=issued - timedelta(minutes=40), stock_verified_at=issued - timedelta(minutes=20))
        deal.dispatch.put(issued, issued_by=LOGISTICS, issued_at=issued, ship_sequence=self.rng.randint(1, 3))
        deal.dispatch.put(issued, attachments=self.rng.choice(("检验报告", "检验报告", "检验报告", "检验报告、促销品2箱")), keeper=KEEPER)
        deal.dispatch.put(stamped, finance_stamp_by=FINANCE, finance_stamp_at=stamped)
        deal.dispatch.put(reviewed, keeper_review_at=reviewed)
        return deal

    def ship(self, deal: Deal, steps: int = 6) -> Deal:
        """Loading, counting, signing and leaving, in one morning."""
        loaded = self.clock(deal.day, steps, 10, 12)
        deal.shipped_on = loaded.date()
        rail = self.rng.random() < 0.25
        carrier = "CY-006" if rail else self.rng.choice(GOOD_CARRIERS[:3])
        planned = self.office.at(deal.day, steps, "09:00")
        deal.dispatch.put(self.office.at(deal.day, steps - 1, "17:00"), carrier_id=carrier, carrier_contract_no=f"YS-2026-0{carrier[-1]}")
        deal.dispatch.put(self.office.at(deal.day, steps - 1, "17:00"), load_planned_at=planned, transport_mode="铁路" if rail else "公路")
        deal.dispatch.put(self.office.at(deal.day, steps - 1, "17:00"), mode_reason=None if rail else "当日可达，铁路反而要中转")
        told = self.office.at(deal.day, steps - 1, "17:10")
        deal.dispatch.put(told, customer_told_at=told, eta=self.office.day(deal.day, steps + 1))
        minutes = [loaded + timedelta(minutes=n) for n in (0, 10, 15, 30)]
        deal.dispatch.put(minutes[3], loaded_at=minutes[0], loaded_qty=deal.qty, package_ok=True, keeper_signed_at=minutes[1])
        deal.dispatch.put(minutes[3], carrier_signed_at=minutes[2], shipped_at=minutes[3])
        deal.dispatch.put(minutes[3], waybill_no=f"YD{loaded:%y%m%d}{self.rng.randint(100, 999)}")
        deal.dispatch.put(minutes[3], freight_terms=self.rng.choice(("月结", "月结", "代垫")))
        deal.dispatch.put(minutes[3], freight_amount=Decimal(self.rng.randrange(8000, 90000)) / 100)
        return deal

    def arrive(self, deal: Deal, steps: int = 7) -> Deal:
        """The goods arrive, and a day later the customer confirms."""
        arrived, confirmed = self.clock(deal.day, steps, 9, 17), self.clock(deal.day, steps + 1, 9, 17)
        deal.dispatch.put(arrived, arrived_at=arrived)
        deal.dispatch.put(confirmed, receipt_confirmed_at=confirmed, receipt_qty_ok=True)
        return deal

    def return_visit(self, deal: Deal, confirmed: date) -> Deal:
        """The salesperson calls on the customer, writes a summary, and the clerk files it."""
        day = self.office.day(confirmed, self.rng.randint(1, 3))
        deal.visit = self.visit(deal.client, day, "回访", self.rng.choice(("电话", "电话", "上门", "客户意见调查表")), deal.notice)
        return deal

    def visit(self, client: Client, day: date, kind: str, method: str, notice: str = "") -> Entry:
        """A visit typed on the day it was made; one that follows a receipt is summed up and filed."""
        made = self.clock(day, 0, 15, 18)
        entry = self.story.entry("visits")
        entry.put(made, customer_id=client.number, visit_kind=kind)
        entry.put(made, trigger="提货后" if notice else "定期", method=method, notice_no=notice or None)
        entry.put(made, planned_on=made.date(), visited_on=made.date())
        entry.put(made, staff_id=client.salesperson, content=self.rng.choice(TALKS), satisfaction=self.rng.choice((4, 4, 5, 5, 3)))
        if kind == "回访":
            sent, filed = self.clock(day, 1, 9, 15), self.clock(day, self.rng.randint(2, 3), 9, 16)
            entry.put(made, summary_url=f"回访总结-{notice}.docx", summary_sent_at=min(sent, made + timedelta(minutes=50)))
            entry.put(filed, filed_at=filed)
        return entry

    def whole(self, deal: Deal) -> Deal:
        """A deal in which everybody does what the policy says."""
        self.arrive(self.ship(self.issue(self.pay(deal))))
        self.call_again(deal, self.office.day(deal.day, 8))
        return self.return_visit(deal, self.office.day(deal.day, 8))

    def call_again(self, deal: Deal, confirmed: date) -> None:
        """The salesperson telephones once more, two or three weeks after the receipt; one call in ten is forgotten."""
        number = int(deal.notice.rpartition("-")[2])
        if number % 10:
            made = self.office.at(confirmed, 12, "10:30")
            entry = self.story.entry("visits").put(made, customer_id=deal.client.number, visit_kind="拜访", trigger="提货后", method="电话")
            entry.put(made, notice_no=deal.notice, planned_on=made.date(), visited_on=made.date())
            entry.put(made, staff_id=deal.client.salesperson, content=TALKS[number % len(TALKS)], business_status="正常")

    def fetched(self, deal: Deal) -> Deal:
        """A deal whose goods the customer fetches."""
        fetched = self.clock(deal.day, 5, 9, 17)
        self.pay(deal).order.put(fetched, pickup_done_at=fetched, receipt_confirmed_at=fetched, special_req="客户自提")
        return deal


def goods(deal: Deal) -> dict[str, str | Decimal]:
    """What is sold, as the order and the notice both say it."""
    product = deal.product
    return {
        "product_code": product.code,
        "product_name": product.name,
        "spec": product.spec,
        "packaging": product.packaging,
        "qty": deal.qty,
    }
