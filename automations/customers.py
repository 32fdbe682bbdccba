"""The customer of a row: who they are, where they can be reached, and what they may be shown of the row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from automations.judging import Judged
from automations.model import Finding, Outgoing, Words
from automations.speaking import cells_shown

CUSTOMER = "customer"
"""The word in `to` for the customer of the row."""
TABLE = "customers"
RELEASE = "release"
"""The staff column in which a tick releases the drafts of its row."""
NAMES, ADDRESSES = ("customer_name",), ("email",)
INTERNAL = (
    "place",
    "book",
    "link",
    "owner",
    "contact",
    "hold",
    "why",
    "state",
    "left",
    "next_step",
    "problem",
    "fix",
    "before",
    "otherwise",
)
"""What a notice says to staff and no customer reads."""
FINDINGS: dict[str, tuple[Words, Words]] = {
    "customer-address": (
        {
            "zh": "要给客户{customer}发邮件，但没有可用的电子邮箱",
            "en": "a mail to customer {customer} is due, but there is no address that works",
        },
        {"zh": "请在客户表补填或更正电子邮箱", "en": "enter or correct the e-mail address in the customers table"},
    ),
    "draft-waits": (
        {
            "zh": "给客户{customer}的邮件“{subject}”是草稿，等人放行",
            "en": "the mail '{subject}' to customer {customer} is a draft and waits",
        },
        {
            "zh": "看过后在“放行”列打勾；已经打过勾的，先取消再重新打勾",
            "en": "look at it, then tick 'Release'; where it is ticked already, untick it first and tick it again",
        },
    ),
}


def customer_of(judged: Judged, table: str, row: int) -> tuple[str, str]:
    """Name and address of the row's customer: the row itself, or the one it refers to. Empty texts where they are not known."""
    place = _row_in_customers(judged, table, row)
    if place is None:
        return "", ""
    return _text(judged, NAMES[0], place), _text(judged, ADDRESSES[0], place)


def _row_in_customers(judged: Judged, table: str, row: int) -> int | None:
    """Where the row's customer stands in the customers table."""
    if table == TABLE:
        return row
    declared = judged.snapshot.sheets[table].table
    link = next((column.key for column in declared.columns if column.refers_to == TABLE), None)
    if link is None or TABLE not in judged.snapshot.sheets or not judged.evaluation.has(table, link):
        return None
    place = int(judged.evaluation.positions(table, link, TABLE)[row])
    return None if place < 0 or judged.blocked[TABLE][place] else place


def _text(judged: Judged, column: str, row: int) -> str:
    return judged.evaluation.text(TABLE, column, row) if judged.evaluation.has(TABLE, column) else ""


def for_customer(
    fields: dict[str, object], judged: Judged, table: str, row: int, columns: Sequence[str], language: str
) -> dict[str, object]:
    """The facts of a notice without anything internal: of the row only the columns the notice shows, and never a sensitive one."""
    sheet = judged.snapshot.sheets[table]
    shown = [column for each in columns if (column := sheet.table.column(each)) and not column.sensitive and each in sheet.frame.columns]
    rows = [
        {"heading": column.heading(language), "value": cells_shown(judged.evaluation, table, column.key, [row], language)[0]}
        for column in shown
    ]
    return {**fields, **dict.fromkeys(INTERNAL, ""), "rows": [each for each in rows if each["value"]]}


def draft_findings(judged: Judged, waiting: Iterable[Outgoing]) -> list[Finding]:
    """What the rows say whose draft waits for a person."""
    found = []
    for each in waiting:
        notice = each.notices[0]
        rows = (judged.evaluation.keys(notice.table) == notice.key).nonzero()[0]
        if each.way == "draft" and len(rows) == 1:
            facts = {"customer": each.mail.reader, "subject": each.mail.subject}
            found.append(row_finding(judged, "draft-waits", notice.table, int(rows[0]), facts, RELEASE))
    return found


def row_finding(judged: Judged, name: str, table: str, row: int, facts: dict[str, str], column: str | None = None) -> Finding:
    """A finding of the program itself about a row and its customer."""
    from automations.speaking import owner_names

    sheet = judged.snapshot.sheets[table]
    place = column if column in sheet.frame else None
    sentence, fix = FINDINGS[name]
    return Finding(
        rule=f"{table}/{name}",
        level="info" if name == "draft-waits" else "warn",
        table=table,
        key=str(judged.evaluation.keys(table)[row]),
        row=int(sheet.rows[row]),
        column=place,
        address=sheet.address(place or sheet.table.key, row),
        value="",
        sentence={language: text.format(**facts) for language, text in sentence.items()},
        fix=fix,
        clause="",
        owner=str(owner_names(judged.evaluation, table)[row]),
    )
