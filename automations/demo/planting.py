"""Writes the planted faults of the demo into its story."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from automations.demo.book import Entry, Renaming, Sorting
from automations.demo.cast import ACCOUNT, CLERK, CLOSED_ACCOUNT, DIRECT, GONE, PRODUCTS, VICE
from automations.demo.town import Town
from automations.demo.trade import Deal
from automations.model import Value

PERSONAL = "6222020000099999"
PHONE_OF_BOTH = "13900001234"
"""A number that nobody has, written for a member of staff and for a carrier."""


def plant(town: Town) -> None:
    """Every planted fault; the ordinary rows are written around them."""
    for sow in (customers, orders, payments, notices, loading, transport, registers, visits, cash):
        sow(town)


def moment(day: str, clock: str) -> datetime:
    """A moment of the demo's year: `09-16`, `10:20`."""
    return datetime.fromisoformat(f"2026-{day} {clock}")


def entry_of(town: Town, table: str, column: str, key: str) -> Entry:
    """The row that is typed with a key."""
    return next(entry for entry in town.story.entries if entry.table == table and any(event[1:] == (column, key) for event in entry.events))


def customers(town: Town) -> None:
    """Wrong classes, missing people, a number used twice, and a million to the fen."""
    begun = town.start - timedelta(days=300)
    for number, values in CUSTOMER_FAULTS.items():
        entry_of(town, "customers", "customer_id", number).change(begun, **values)
    entry_of(town, "customers", "customer_id", "KH-00004").drop("account_manager")
    entry_of(town, "customers", "customer_id", "KH-00009").put(moment("09-16", "11:30"), tier_level="一级客户")
    twin = town.story.entry("customers").put(moment("09-17", "10:10"), customer_id="KH-00018", customer_name="永宁县望洪镇家和便利店")
    twin.put(twin.born, customer_type="零售商", customer_subtype="便利店", customer_nature="一般", owner_staff="YG-08")
    namesake = town.story.entry("customers").put(moment("09-22", "09:40"), customer_name="宁夏塞上江南商贸有限公司")
    namesake.put(namesake.born, customer_type="经销商", customer_subtype="大型经销商", customer_nature="一般", owner_staff="YG-07")
    for month in range(10):
        day = town.office.day(date(2025 + (month + 10) // 12, (month + 10) % 12 + 1, 11))
        deal = town.trade.deal(town.client(6), day, 99_200, product=PRODUCTS[4])
        deal.qty, deal.amount = Decimal(400), Decimal("100000.00")
        deal.order.change(deal.order.born, qty=deal.qty, unit_price=Decimal("250.00"), amount=deal.amount)
        town.deals.append(town.trade.whole(deal))


CUSTOMER_FAULTS: dict[str, dict[str, Value]] = {
    "KH-00003": {"account_manager": GONE},
    "KH-00012": {"customer_subtype": "中小型经销商"},
    "KH-00014": {"tier_override": "一级客户", "account_manager": "YG-06"},
    "KH-00016": {"customer_nature": "媒体", "special_influence": True},
}


def planted_deal(town: Town, number: str, buyer: int, amount: int) -> Deal:
    """An order with a number written by hand, taken on the day its number says."""
    return town.trade.deal(town.client(buyer), date.fromisoformat(f"{number[3:7]}-{number[7:9]}-{number[9:11]}"), amount, number=number)


def orders(town: Town) -> None:
    """Orders that were taken or paid against the rules, or typed so that nobody can read them."""
    town.trade.pay(planted_deal(town, "DD-20260914-001", 21, 8600)).order.drop("contract_no")
    deal = town.trade.pay(planted_deal(town, "DD-20260914-002", 22, 5200))
    deal.order.change(deal.order.born, received_by=CLERK)
    planted_deal(town, "DD-20260914-003", 8, 46_000)
    deal = planted_deal(town, "DD-20260915-001", 9, 38_000)
    deal.order.change(deal.order.born, payment_policy="特殊政策", special_policy_id="ZC-0002")
    deal = planted_deal(town, "DD-20260915-002", 23, 7400)
    deal.order.change(deal.order.born, payment_policy="特殊政策", sales_channel="新渠道直销")
    deal = town.trade.pay(planted_deal(town, "DD-20260916-001", 24, 9100))
    deal.order.change(deal.order.born, required_ship="9月31日")
    deal = planted_deal(town, "DD-20260916-002", 25, 6600)
    deal.order.change(deal.order.born, amount="#REF!")
    deal.order.change(deal.order.born, production_progress="未下达")


def payments(town: Town) -> None:
    """Money in the wrong place, or not looked at."""
    faults: tuple[tuple[str, str, dict[str, Value], bool], ...] = (
        ("DD-20260917-001", "SK-202609-101", {"payee_account": PERSONAL, "account_kind": "个人账户"}, True),
        ("DD-20260917-002", "SK-202609-102", {"payee_account": CLOSED_ACCOUNT}, True),
        ("DD-20260917-003", "SK-202609-103", {}, False),
        ("DD-20260917-004", "SK-202609-104", {"payee_account": "现金", "account_kind": "现金"}, True),
    )
    for place, (order, number, values, checked) in enumerate(faults):
        deal = planted_deal(town, order, 26 - place, 9800 + 700 * place)
        paid = town.trade.clock(deal.day, 1, 9, 11)
        entry = town.story.entry("payments").put(paid, payment_id=number, received_on=paid.date(), customer_id=deal.client.number)
        entry.put(paid, order_no=order, amount=f"{deal.amount:,}元" if place == 3 else deal.amount)
        entry.put(paid, **{"payee_account": ACCOUNT, "account_kind": "公司账户"} | values)
        at = paid + timedelta(hours=4) if checked else town.office.at(deal.day, 5, "10:30")
        entry.put(at, finance_checked_by="YG-14", finance_checked_at=at)
        deal.order.change(town.office.at(deal.day, 2, "09:00"), production_progress="已下达")


def drafted(town: Town, notice: str, day: date, buyer: int, amount: int, *, paid: bool = True) -> Deal:
    """An order of before the month whose dispatch notice lies ready as a draft."""
    deal = town.trade.deal(town.client(buyer), day, amount)
    if paid:
        town.trade.pay(deal)
    return town.trade.draft(deal, town.office.at(date(2026, 9, 11), 0, "16:00") + timedelta(minutes=int(notice[-2:])), notice)


def notices(town: Town) -> None:
    """Notices issued too early, incomplete, or waiting for a stamp."""
    trade, day = town.trade, date(2026, 9, 9)
    trade.issue(drafted(town, "FY-00801", day, 11, 41_000, paid=False)).dispatch.drop("payment_verified_at")
    trade.arrive(trade.ship(trade.issue(drafted(town, "FY-00802", day, 27, 6900)))).dispatch.drop("attachments")
    deal = trade.issue(drafted(town, "FY-00803", date(2026, 9, 10), 28, 7300))
    deal.dispatch.drop("finance_stamp_at", "finance_stamp_by")
    deal = trade.issue(drafted(town, "FY-00804", date(2026, 9, 10), 29, 8800))
    deal.dispatch.drop("finance_stamp_at", "finance_stamp_by", "keeper_review_at")
    deal = trade.ship(trade.issue(drafted(town, "FY-00808", date(2026, 9, 8), 30, 5600)))
    deal.dispatch.change(deal.dispatch.born, order_no="DD-20260908-991")
    deal = trade.ship(trade.issue(drafted(town, "FY-00809", day, 31, 8200)))
    deal.dispatch.change(deal.dispatch.born, qty=deal.qty + 5).change(town.trade.clock(deal.day, 6, 13, 15), loaded_qty=deal.qty + 5)
    trade.arrive(trade.ship(trade.issue(drafted(town, "FY-00810", date(2026, 9, 8), 32, 9900)), 10), 11)
    deal = drafted(town, "FY-00815", date(2026, 9, 11), 7, 52_000)
    trade.issue(deal).dispatch.change(deal.dispatch.born, product_code="CP-10")
    for stock in town.story.of("stock"):
        if ("product_code", "CP-10") in [event[1:] for event in stock.events]:
            stock.change(moment("09-17", "09:20"), qty_on_hand=Decimal("12.5"))


def loading(town: Town) -> None:
    """Loading with the wrong carrier, count, packaging or signature."""
    trade, day = town.trade, date(2026, 9, 10)
    deal = trade.ship(trade.issue(drafted(town, "FY-00805", day, 33, 7700)))
    deal.dispatch.change(town.office.at(day, 5, "17:00"), carrier_id="CY-005")
    trade.arrive(deal)
    deal = trade.arrive(trade.ship(trade.issue(drafted(town, "FY-00806", day, 34, 9300))))
    deal.dispatch.change(town.office.at(day, 6, "13:00"), loaded_qty=deal.qty - 2).drop("package_ok")
    deal = trade.ship(trade.issue(drafted(town, "FY-00807", day, 35, 10_400)))
    deal.dispatch.change(town.office.at(day, 6, "17:40"), keeper_signed_at=town.office.at(day, 6, "17:40"))
    trade.arrive(deal)
    deal = trade.issue(drafted(town, "FY-00814", date(2026, 9, 18), 36, 6100))
    plan: dict[str, Value] = {"load_planned_at": moment("09-25", "09:00"), "transport_mode": "公路", "carrier_id": "CY-001"}
    deal.dispatch.put(moment("09-24", "15:00"), **plan)


def transport(town: Town) -> None:
    """Goods on the way that nobody follows."""
    trade, day = town.trade, date(2026, 9, 9)
    deal = trade.ship(trade.issue(drafted(town, "FY-00811", day, 13, 22_000)))
    deal.dispatch.put(town.office.at(day, 7, "11:00"), arrived_at=town.office.at(day, 7, "11:00"))
    deal.dispatch.put(town.office.at(day, 11, "15:00"), receipt_confirmed_at=town.office.at(day, 11, "15:00"), receipt_qty_ok=True)
    trade.return_visit(deal, town.office.day(day, 11))
    deal = trade.ship(trade.issue(drafted(town, "FY-00812", day, 37, 8000)))
    deal.dispatch.change(town.office.at(day, 6, "13:00"), freight_terms="货到即付", mode_reason="客户指定", carrier_id="CY-002")
    called = town.office.at(day, 9, "16:00")
    trade.arrive(deal, 9).dispatch.put(called, receiver_contact_at=called, tracking_note="司机电话跟踪到货")
    trade.return_visit(deal, town.office.day(day, 10))
    deal = trade.arrive(trade.ship(trade.issue(drafted(town, "FY-00813", date(2026, 9, 8), 10, 31_000))))
    deal.dispatch.change(town.office.at(deal.day, 8, "17:10"), receipt_qty_ok=False)
    trade.return_visit(deal, date(2026, 9, 28))


def registers(town: Town) -> None:
    """Special policies that do not hold, and somebody who left with a key to the tables."""
    policies: tuple[tuple[str, str, str, str | None, date, date], ...] = (
        ("ZC-0002", "客户", "KH-00009", VICE, date(2026, 3, 1), date(2026, 8, 31)),
        ("ZC-0003", "渠道", "新渠道直销", VICE, date(2026, 9, 1), date(2026, 8, 1)),
        ("ZC-0004", "客户", "KH-00011", None, date(2026, 9, 1), date(2026, 12, 31)),
    )
    for number, scope, subject, approver, begins, ends in policies:
        entry = town.story.entry("special_policies").put(town.start - timedelta(days=9), policy_id=number, scope=scope, subject=subject)
        entry.put(entry.born, exempt_rule="先款后货", content="货到30日内付款", approved_by=approver, valid_from=begins, valid_to=ends)
    entry_of(town, "staff", "staff_id", GONE).put(moment("09-16", "09:00"), access_role="业务")
    entry_of(town, "customers", "customer_id", "KH-00030").put(moment("09-16", "14:20"), legal_rep="谢军")
    entry_of(town, "staff", "staff_id", "YG-09").put(moment("09-17", "09:30"), phone=PHONE_OF_BOTH)
    entry_of(town, "carriers", "carrier_id", "CY-004").change(moment("09-17", "09:00"), phone=PHONE_OF_BOTH)


def visits(town: Town) -> None:
    """Return visits that were not written up; and nobody goes to see one of the biggest customers."""
    for number, notice, day in (("BF-00801", "FY-00801", "09-14"), ("BF-00802", "FY-00802", "09-21")):
        entry = town.trade.visit(town.client(19), date.fromisoformat(f"2026-{day}"), "回访", "电话", notice)
        entry.change(town.start - timedelta(days=1), visit_id=number, customer_id="KH-00019", visit_kind="回访")
        entry.change(entry.born, planned_on=date(2026, 9, 15), staff_id="YG-08").drop("summary_url", "summary_sent_at")
        if number == "BF-00801":
            entry.change(moment("09-23", "10:30"), filed_at=moment("09-23", "10:30"))


def cash(town: Town) -> None:
    """Direct sellers who keep the money: one a little over ten thousand, one over twenty."""
    rows: tuple[tuple[str, str, str, str, str, str | None], ...] = (
        ("ZX-202609-040", DIRECT[1], "09-21", "收款", "6800.00", None),
        ("ZX-202609-041", DIRECT[1], "09-22", "收款", "6000.00", None),
        ("ZX-202610-041", DIRECT[0], "10-13", "收款", "9600.00", None),
        ("ZX-202610-042", DIRECT[0], "10-14", "收款", "11900.50", None),
        ("ZX-202609-042", DIRECT[1], "09-24", "汇回", "12800.00", CLOSED_ACCOUNT),
    )
    for number, seller, day, kind, amount, account in rows:
        at = moment(day, "14:20")
        entry = town.story.entry("direct_cash").put(at, entry_id=town.trade.take(number), staff_id=seller, entry_date=at.date())
        entry.put(at, entry_kind=kind, amount=Decimal(amount), remit_account=account)


def neglect(town: Town) -> None:
    """Nobody goes to see one of the biggest customers after August; there is only the telephone."""
    for entry in town.story.of("visits"):
        if entry.born.date() >= date(2026, 9, 1) and any(event[1:] == ("customer_id", "KH-00002") for event in entry.events):
            entry.change(entry.born, method="电话")


FIXES: tuple[tuple[str, str, str, str, str, Value], ...] = (
    ("orders", "order_no", "DD-20260914-001", "09-18 14:00", "contract_no", "HT-2026-021"),
    ("orders", "order_no", "DD-20260914-002", "09-21 09:30", "received_by", "YG-16"),
    ("orders", "order_no", "DD-20260916-001", "09-21 09:35", "required_ship", date(2026, 9, 30)),
    ("customers", "customer_id", "KH-00012", "09-17 15:00", "customer_subtype", "便利店"),
    ("customers", "customer_id", "KH-00014", "09-18 11:00", "tier_override_reason", "新开三家分店，按一级维护"),
    ("shipments", "notice_no", "FY-00802", "09-22 16:40", "attachments", "检验报告"),
    ("shipments", "notice_no", "FY-00806", "09-24 11:00", "package_ok", True),
    ("shipments", "notice_no", "FY-00807", "09-23 09:00", "keeper_signed_at", datetime(2026, 9, 18, 10, 5)),
    ("visits", "visit_id", "BF-00801", "09-24 10:00", "summary_url", "回访总结-FY-00801.docx"),
    ("complaints", "complaint_no", "TS-20260914-003", "09-16 13:50", "customer_id", "KH-00024"),
    ("complaints", "complaint_no", "TS-20260916-005", "09-24 15:00", "sanction_doc_no", "西香记罚[2026]33号"),
    ("complaints", "complaint_no", "TS-20260921-001", "09-30 10:00", "inv_preventive", "换膜后先试封十袋再开机"),
    ("complaints", "complaint_no", "TS-20260928-001", "09-30 09:10", "hold_reason", "客户放假，节后再验货"),
)
"""What people correct after they have read the line beside their row."""


def correct(town: Town) -> None:
    """Some of the faults are corrected in the days after they were shown."""
    for table, key_column, key, when, column, value in FIXES:
        entry_of(town, table, key_column, key).put(datetime.fromisoformat(f"2026-{when}"), **{column: value})


def tinker(town: Town) -> None:
    """What people do to whole tabs: sort one, word a header differently, squeeze a row in."""
    town.story.deeds.append(Sorting(moment("09-22", "11:00"), "orders", "customer_id"))
    town.story.deeds.append(Renaming(moment("09-23", "10:30"), "shipments", "carrier_id", "物流公司"))
    at = moment("09-29", "10:40")
    squeezed = town.story.entry("visits").put(
        at, customer_id="KH-00008", visit_kind="拜访", trigger="其他", method="上门", staff_id="YG-07"
    )
    squeezed.put(at, planned_on=at.date(), visited_on=at.date(), content="顺路去看了看，客户想要中秋剩下的促销品", satisfaction=4)
    squeezed.squeezed_in = 12
