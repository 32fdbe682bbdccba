"""The ordinary year and month: customers, stock and accounts, and everything that goes as it should."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from automations.demo.book import ALWAYS, Office, Story, spell
from automations.demo.cast import (
    ACCOUNT,
    ACCOUNTS,
    CARRIERS,
    CLOSED_ACCOUNT,
    DIRECT,
    GOODS,
    PREFERENCES,
    PRODUCTS,
    SAID,
    SELLERS,
    STREETS,
    SURNAMES,
    VICE,
    customer_names,
    staff_rows,
)
from automations.demo.grievances import STEPS, Grievances
from automations.demo.trade import Client, Deal, Trade

START, END = date(2026, 9, 14), date(2026, 10, 16)
YEAR_AGO = date(2025, 9, 22)
KEPT_FREE = (date(2026, 9, 14), date(2026, 9, 16), date(2026, 9, 21), date(2026, 9, 28), date(2026, 10, 8))
"""Days without ordinary complaints, because the planted ones of these days are numbered by hand."""
LARGE, MEDIUM = 5, 10
"""How many customers buy for more than a million yuan a year, and how many for more than 300,000."""
RANGES = ((1_200_000, 1_700_000), (360_000, 780_000), (12_000, 160_000))
"""What a large, a medium and a small customer buy for in a year, in yuan."""
NUMBERED = {
    "visits": ("visit_id", "BF-", 5, False),
    "payments": ("payment_id", "SK-%Y%m-", 3, True),
    "direct_cash": ("entry_id", "ZX-%Y%m-", 3, False),
}
"""Column, beginning and width of the numbers, and whether people number later rows too."""


@dataclass(frozen=True)
class Size:
    """How much happens: rows of the main tables, in round numbers."""

    customers: int = 60
    orders: int = 300
    complaints: int = 80


FULL = Size()


@dataclass(eq=False)
class Town:
    """The story being written, with everything that is at hand for writing more of it."""

    story: Story
    office: Office
    rng: random.Random
    start: datetime
    size: Size
    trade: Trade
    grievances: Grievances
    clients: list[Client]
    deals: list[Deal]

    @classmethod
    def founded(cls, office: Office, seed: int, size: Size) -> Town:
        """A town with its customers and nothing sold yet."""
        story, rng = Story(), random.Random(seed)  # noqa: S311
        start = datetime(START.year, START.month, START.day, 8, 30)
        town = cls(story, office, rng, start, size, Trade(story, office, rng, start), Grievances(story, office, rng, start), [], [])
        town.furnish()
        town.settle()
        return town

    def furnish(self) -> None:
        """Staff, products, stock, carriers and accounts."""
        for row in staff_rows():
            self.story.entry("staff").put(ALWAYS, **row)
            if row["status"] == "在职":
                self.train(str(row["staff_id"]))
        for number, product in enumerate(PRODUCTS):
            said = {"product_code": product.code, "product_name": product.name, "spec": product.spec, "packaging": product.packaging}
            self.story.entry("products").put(ALWAYS, **said, unit="箱", unit_weight=Decimal(self.rng.randint(50, 120)) / 10)
            for batch in (1, 2):
                self.store(product.code, number * 2 + batch, batch)
        for carrier, name, licence, valid, contract, until in CARRIERS:
            entry = self.story.entry("carriers").put(ALWAYS, carrier_id=carrier, carrier_name=name, phone=self.phone())
            entry.put(ALWAYS, licence_no=licence, licence_valid_to=valid, contract_no=contract, contract_valid_to=until)
            entry.put(ALWAYS, reputation=4, scale=3, service_quality=4, price_level=3, vehicle_supply=True, tracking_ok=True)
        for account, bank in ACCOUNTS.items():
            entry = self.story.entry("company_accounts").put(ALWAYS, account_no=account, bank=bank)
            entry.put(ALWAYS, account_name="宁夏西香记食品有限公司", active=account != CLOSED_ACCOUNT)

    def train(self, person: str) -> None:
        """The yearly training of food safety and service, which everybody attends."""
        entry = self.story.entry("training").put(ALWAYS, training_id=f"PX-{person}", kind="客户服务培训", mode="内部", staff_id=person)
        entry.put(ALWAYS, topic="食品安全与客户服务", planned_on=date(2026, 3, 20), held_on=date(2026, 3, 20), effect="考核通过")

    def store(self, code: str, number: int, batch: int) -> None:
        """A batch of a product in the warehouse."""
        made = START - timedelta(days=self.rng.randint(3, 12))
        entry = self.story.entry("stock").put(ALWAYS, stock_id=f"KC-{number:05d}", product_code=code, as_of=START)
        entry.put(ALWAYS, batch_no=f"{made:%Y%m%d}{'AB'[batch - 1]}", produced_on=made, qty_on_hand=Decimal(2600 + 200 * batch))

    def phone(self) -> str:
        """A telephone number nobody has."""
        return f"1380000{self.rng.randrange(10_000):04d}"

    def settle(self) -> None:
        """The customers, the big ones first."""
        for place, (kind, subtype, name) in enumerate(customer_names(self.size.customers)):
            yearly = self.rng.randint(*RANGES[(place >= LARGE) + (place >= LARGE + MEDIUM)])
            contact = self.rng.choice(SURNAMES) + self.rng.choice(("经理", "老板", "主任", "店长"))
            client = Client(f"KH-{place + 1:05d}", SELLERS[place % len(SELLERS)], yearly, contact)
            self.clients.append(client)
            entry = self.story.entry("customers").put(ALWAYS, customer_id=client.number, customer_name=name, customer_type=kind)
            entry.put(ALWAYS, customer_subtype=subtype, customer_nature="一般", owner_staff=client.salesperson)
            entry.put(ALWAYS, phone=self.phone(), email=f"kh{place + 1:03d}@example.com")
            entry.put(ALWAYS, registered_address=f"{self.rng.choice(STREETS)}{self.rng.randint(2, 299)}号")
            entry.put(ALWAYS, preferences=PREFERENCES[place % len(PREFERENCES)], coop_history=f"{2016 + place % 10}年开始合作")
            if place < LARGE:
                entry.put(ALWAYS, account_manager=client.salesperson, contribution_level="重要贡献")
                entry.put(ALWAYS, key_retailer=True if kind == "零售商" else None)

    def client(self, number: int) -> Client:
        """The customer with a number, counted from 1."""
        return self.clients[number - 1]

    def live(self) -> None:
        """A year of trade, visits and complaints, and the month that follows."""
        days = self.days_of_orders()
        for place, day in enumerate(days):
            deal = self.trade.deal(client := self.buyer(place), day, self.amount(client))
            self.deals.append(self.trade.fetched(deal) if place % 8 == 7 else self.trade.whole(deal))
        for client in self.clients[: LARGE + MEDIUM]:
            self.call_on(client)
        self.complain()
        self.collect()

    def days_of_orders(self) -> list[date]:
        """When orders are taken: nine in ten in the year before the month."""
        before, after = self.office.between(YEAR_AGO, START - timedelta(days=1)), self.office.between(START, END)
        count = max(8, self.size.orders // 11)
        return sorted([*self.rng.choices(before, k=self.size.orders - count), *self.rng.choices(after, k=count)])

    def buyer(self, place: int) -> Client:
        """Whose turn it is; the big ones buy more often. The sixth customer's purchases are written apart."""
        big = [client for client in self.clients[: LARGE + MEDIUM] if client.number != "KH-00006"]
        small = self.clients[LARGE + MEDIUM :]
        return big[(place - place // 3 - 1) % len(big)] if place % 3 else small[place // 3 % len(small)]

    def amount(self, client: Client) -> int:
        """A usual order of a customer in yuan."""
        orders = self.size.orders * 2 / 3 / (LARGE + MEDIUM - 1) if client.yearly > 300_000 else 3
        return int(client.yearly / orders * self.rng.uniform(0.8, 1.2))

    def call_on(self, client: Client) -> None:
        """Salespeople go to see the bigger customers: the largest every month, the others every quarter."""
        every = 1 if client in self.clients[:LARGE] else 3
        for month in range(3, 11):
            if month % every == 0:
                day = self.office.day(date(2026, month, self.rng.randint(8, 24) if month < 10 else 12))
                self.trade.visit(client, day, "拜访", "上门")

    def complain(self) -> None:
        """Complaints about goods that have arrived; most are settled in days, some wait over a weekend."""
        shipped = [deal for deal in self.deals if deal.shipped_on and deal.shipped_on < END - timedelta(days=3)]
        old = [deal for deal in shipped if deal.shipped_on and deal.shipped_on < START - timedelta(days=25)]
        recent = [deal for deal in shipped if deal.shipped_on and deal.shipped_on >= START - timedelta(days=40)]
        month = max(6, self.size.complaints // 9)
        count = min(len(old), max(4, self.size.complaints - month - 24))
        for deal in sorted(self.rng.sample(old, count), key=lambda deal: deal.shipped_on or START):
            self.complaint(deal, self.office.after(self.office.at(deal.shipped_on or START, 2, "09:00"), self.rng.uniform(1, 8)))
        quick = [day for day in self.office.between(START - timedelta(days=4), END) if (self.office.day(day, 2) - day).days <= 2]
        for day in self.spread(quick, month):
            self.complaint(self.rng.choice(recent), self.trade.clock(day, 0, 9, 15))

    def spread(self, days: list[date], count: int) -> list[date]:
        """So many days, evenly over all of them."""
        free = [day for day in days if day not in KEPT_FREE]
        return [free[place * len(free) // count] for place in range(count)]

    def complaint(self, deal: Deal, received: datetime) -> None:
        """An ordinary complaint, numbered by hand only where the program was not there yet."""
        category = self.rng.choice((*GOODS, "质量问题", *(name for name in SAID if name not in GOODS)))
        number = self.trade.number(f"TS-{received:%Y%m%d}-") if received <= self.start else ""
        case = self.grievances.case(deal, received, category, number)
        slow = {self.rng.choice(list(STEPS)): self.rng.choice((4, 9))} if self.rng.random() < 0.2 and received > self.start else {}
        self.grievances.run(case, slow=slow)

    def collect(self) -> None:
        """Direct sellers collect money and remit it in time."""
        for seller in DIRECT:
            for day in self.office.between(date(2026, 8, 3), START)[::6]:
                amount = Decimal(self.rng.randrange(180_000, 620_000, 500)) / 100
                for steps, kind in ((0, "收款"), (2, "汇回")):
                    at = self.trade.clock(day, steps, 10, 17)
                    entry = self.story.entry("direct_cash").put(at, staff_id=seller, entry_date=at.date(), entry_kind=kind, amount=amount)
                    entry.put(at, remit_account=ACCOUNT if kind == "汇回" else None)
        entry = self.story.entry("special_policies").put(ALWAYS, policy_id="ZC-0001", scope="客户", subject="KH-00001", approved_by=VICE)
        entry.put(ALWAYS, exempt_rule="先款后货", content="货到15日内付款", valid_from=date(2026, 1, 1), valid_to=date(2026, 12, 31))

    def scribble(self) -> None:
        """Some dates and numbers of the month in the spellings people really use."""
        tables = ("orders", "shipments", "payments", "complaints", "visits")
        spell([entry for entry in self.story.entries if entry.table in tables and entry.born > self.start], self.rng, 0.03)

    def number_off(self) -> None:
        """Rows typed before the program came carry numbers in the order they were typed; some tables are always numbered by hand."""
        for table, (column, prefix, width, always) in NUMBERED.items():
            counts: Counter[str] = Counter()
            for entry in self.story.of(table):
                if column not in {name for _, name, _ in entry.events} and (always or entry.born <= self.start):
                    begins = f"{entry.born:{prefix}}"
                    counts[begins] += 1
                    entry.put(entry.born, **{column: f"{begins}{counts[begins]:0{width}d}"})
