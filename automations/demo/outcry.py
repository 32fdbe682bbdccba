"""Writes the planted complaints of the demo, and one left lying in every state."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from automations.demo.book import Entry
from automations.demo.grievances import Case
from automations.demo.town import Town

LEFT_AT = (
    ("10-15 09:20", "", "质量问题"),
    ("10-15 10:05", "assign", "包装不良"),
    ("10-14 09:40", "solve", "质量问题"),
    ("10-14 10:15", "vice", "运输损坏"),
)
"""Complaints near the end of the month that stay at a step."""


def cry(town: Town) -> None:
    """Every planted complaint."""
    for sow in (before, unheard, decided, investigated, put_off, unfinished):
        sow(town)


def case(town: Town, number: str, clock: str, category: str, place: int = 0) -> Case:
    """A complaint with a number written by hand, about one of the goods sold last month."""
    shipped = [deal for deal in town.deals if deal.shipped_on and deal.shipped_on < date(2026, 9, 10)]
    received = datetime.strptime(f"{number[3:11]} {clock}", "%Y%m%d %H:%M")
    return town.grievances.case(shipped[-1 - place % len(shipped)], received, category, town.trade.take(number))


def before(town: Town) -> None:
    """One that has been open since August."""
    town.grievances.run(case(town, "TS-20260817-001", "10:20", "质量问题"), until="investigate", slow={"investigate": 30})


def unheard(town: Town) -> None:
    """Complaints nobody took up, or whose weight nobody judged."""
    unread = town.grievances.run(case(town, "TS-20260914-001", "09:15", "服务质量", 1), slow={"assign": 20})
    unread.change(datetime(2026, 9, 16, 13, 20), first_response_at=datetime(2026, 9, 16, 13, 20))
    town.grievances.run(serious := case(town, "TS-20260914-002", "10:40", "质量问题", 2))
    serious.entry.change(serious.received, content="家长说孩子吃了豆干后肚子疼，在医院住院观察，要求给说法").drop("severity")
    stranger = case(town, "TS-20260914-003", "14:30", "业务操作", 3)
    town.grievances.run(stranger)
    stranger.entry.change(stranger.received, customer_id="KH-99999")
    major = case(town, "TS-20260916-001", "09:30", "质量问题", 4)
    town.grievances.run(major)
    major.entry.change(major.received, content="超市说有顾客反映吃出异物，市场监管所来人抽样了", severity="重大投诉", category="质量问题")
    started, said = major.received + timedelta(hours=23), major.received + timedelta(hours=29)
    major.entry.put(started, emergency_at=started).put(said, preliminary_at=said)


def decided(town: Town) -> None:
    """Consents left out, compensation and fines beyond their limits."""
    hasty = town.grievances.run(case(town, "TS-20260916-002", "10:10", "包装不良", 5))
    hasty.drop("vp_ok_at")
    dear = case(town, "TS-20260916-003", "11:00", "运输损坏", 6)
    town.grievances.run(dear)
    paid(dear.entry, compensation=dear.deal.amount + 500)
    fined = case(town, "TS-20260916-004", "13:45", "重量超差", 7)
    town.grievances.run(fined)
    paid(fined.entry, direct_loss=Decimal("2000.00"), fine_decided=Decimal("88.00"), sanction_doc_no="西香记罚[2026]31号")
    rude = case(town, "TS-20260916-005", "15:20", "服务质量", 8)
    town.grievances.run(rude)
    paid(rude.entry, service_sanction="罚款", service_fine_decided=Decimal("300.00"))


def paid(entry: Entry, **values: Decimal | str) -> None:
    """Sums written when the solution is drafted."""
    entry.change(next(at for at, column, _ in entry.events if column == "solution"), **values)


def investigated(town: Town) -> None:
    """Reports that lack something, and steps in the wrong order."""
    town.grievances.run(case(town, "TS-20260921-001", "09:10", "质量问题", 9)).drop("inv_preventive")
    much = case(town, "TS-20260921-002", "10:30", "运输损坏", 10)
    town.grievances.run(much)
    much.entry.change(much.entry.born + timedelta(hours=3), qty=much.deal.qty + 10)
    early = town.grievances.run(case(town, "TS-20260921-003", "11:20", "业务操作", 11)).drop("written_reply_at")
    told = next(at for at, column, _ in early.events if column == "customer_notified_at")
    early.change(told + timedelta(minutes=30), closed_at=told - timedelta(hours=1))
    odd = town.grievances.run(case(town, "TS-20260921-004", "14:00", "质量问题", 12))
    odd.change(next(at for at, column, _ in odd.events if column == "assigned_at"), category="口味不好")


def put_off(town: Town) -> None:
    """A hold without a reason, a wait for samples, and a row without a number."""
    held = town.grievances.run(case(town, "TS-20260928-001", "09:25", "与合同不符", 13), slow={"solve": 30})
    held.put(datetime(2026, 9, 29, 9, 30), hold_until=date(2026, 10, 10))
    blank = town.grievances.run(case(town, "TS-20260928-002", "10:15", "包装不良", 14))
    blank.drop("complaint_no")
    waiting = town.grievances.run(case(town, "TS-20261008-001", "09:35", "质量问题", 15), slow={"investigate": 18})
    since, ended = datetime(2026, 10, 8, 16, 30), datetime(2026, 10, 10, 14, 0)
    waiting.put(since, waiting_customer=True, waiting_since=since).put(ended, waiting_customer=False)


def unfinished(town: Town) -> None:
    """One left lying at each of the steps that otherwise pass quickly."""
    deals = [deal for deal in town.deals if deal.shipped_on and deal.shipped_on < date(2026, 10, 9)]
    for place, (when, until, category) in enumerate(LEFT_AT):
        left = town.grievances.case(deals[-1 - place], datetime.fromisoformat(f"2026-{when}"), category)
        if until:
            town.grievances.run(left, until=until)
    verifying = town.grievances.run(town.grievances.case(deals[-6], datetime(2026, 10, 15, 9, 30), "服务质量"), until="verify")
    verifying.drop("cause_side").change(datetime(2026, 10, 15, 15, 0), verified_true="核实中")
    answered = town.grievances.run(town.grievances.case(deals[-7], datetime(2026, 10, 14, 9, 30), "业务操作"), until="notify")
    answered.drop("customer_notified_at", "customer_opinion", "opinion_sent_at")
