"""What was told before about a matter: when a rung is told anew, and the sentence a higher rung says of the lower ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from automations.ledgers.protocol import UNTOLD, NoticeRecord
from automations.model import Words
from automations.occasions import Occasion, parse_moment

About = Callable[[str, Sequence[str]], Sequence[NoticeRecord]]
"""The records of all notices about the rows of a table with these keys, oldest first."""
LATER = timedelta(hours=1)
"""A due time that moved later by less than this is the same promise, and nothing is told anew."""
LISTED = 4
"""How many earlier reminders a mail lists; of those before only the number is said."""
SAID: Mapping[str, Words] = {
    "soon": {"zh": "到期提醒", "en": "due soon"},
    "late": {"zh": "逾期提醒", "en": "late"},
    "escalated": {"zh": "逾期上报", "en": "escalated"},
    "waiting": {"zh": "等待审批", "en": "waiting for a decision"},
    "told": {"zh": "已于 {when} 提醒 {readers}（{kind}）", "en": "reminded {readers} on {when} ({kind})"},
    "more": {"zh": "更早还提醒过 {n} 次", "en": "{n} earlier reminders"},
}


class Earlier:
    """The ledger's records of the rows that occasions speak of."""

    def __init__(self, about: About, rows: Iterable[tuple[str, str]]) -> None:
        by_table: dict[str, list[str]] = defaultdict(list)
        for table, key in dict.fromkeys(rows):
            by_table[table].append(key)
        self._records: dict[tuple[str, str, str], list[NoticeRecord]] = defaultdict(list)
        for table, keys in by_table.items():
            for record in about(table, keys):
                self._records[(record.notice.rule, table, record.notice.key)].append(record)

    def episode(self, occasion: Occasion, key: str) -> int:
        """The number of this telling of a rung: one more than the last where the deadline has moved later since.

        The rung's moment must have been still to come when it was last told; a changed value alone is not enough.
        """
        told = [each for each in self._about(occasion, key) if each.notice.rung == occasion.rung and each.state not in UNTOLD]
        if not told:
            return 1
        last = max(told, key=lambda each: (each.at, each.notice.episode))
        again = occasion.came > last.at and _moved_later(last.notice.facts.get("due", ""), occasion.due)
        return last.notice.episode + again

    def sentence(self, occasion: Occasion, key: str, since: datetime | None, now: datetime, language: str) -> str:
        """Who was reminded when, `since` the clock began: `已于 9月28日 08:30 提醒 陈立（到期提醒）`; empty when nobody was."""
        grouped: dict[tuple[datetime, str], list[str]] = {}
        for each in self._about(occasion, key):
            if each.state == "sent" and (since is None or each.at >= since):
                readers = grouped.setdefault((each.at, _kind(each.notice.rung)), [])
                readers += [each.notice.reader] if each.notice.reader not in readers else []
        said = [_told(at, kind, readers, now, language) for (at, kind), readers in list(grouped.items())[-LISTED:]]
        more = [SAID["more"][language].format(n=len(grouped) - LISTED)] if len(grouped) > LISTED else []
        return ("；" if language == "zh" else "; ").join(said + more)

    def _about(self, occasion: Occasion, key: str) -> Sequence[NoticeRecord]:
        return self._records.get((occasion.rule, occasion.table, key), ())


def _moved_later(before: str, due: datetime | None) -> bool:
    """Whether the due time moved later, by more than a trifle, than a record says."""
    return bool(before) and due is not None and due - datetime.fromisoformat(before) >= LATER


def _kind(rung: str) -> str:
    """What sort of reminder a rung is, by when it comes."""
    try:
        moment = parse_moment(rung)
    except ValueError:  # the rung of a finding is the column that says where it holds
        return "waiting"
    if rung.startswith("ready"):
        return "waiting"
    if moment.from_start or moment.amount < 0 or (moment.share is not None and moment.share < 1):
        return "soon"
    return "escalated" if moment.amount or moment.share else "late"


def _told(at: datetime, kind: str, readers: Sequence[str], now: datetime, language: str) -> str:
    comma = "、" if language == "zh" else ", "
    return SAID["told"][language].format(when=day_said(at, now, language), readers=comma.join(readers), kind=SAID[kind][language])


def day_said(at: datetime, now: datetime, language: str) -> str:
    """A moment of the past: `9月28日 08:30`, `28 Sep 08:30`; with its year when that is another."""
    if language == "zh":
        return (f"{at.year}年" if at.year != now.year else "") + f"{at.month}月{at.day}日 {at:%H:%M}"
    return f"{at.day} {at:%b}" + (f" {at.year}" if at.year != now.year else "") + f" {at:%H:%M}"
