"""Brakes: limits that stop a run before the first write, or hold its mails before the first one leaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

from automations.config import Config
from automations.declarations import Brakes
from automations.judging import Judged
from automations.model import CellChange, Mail, Notice, Outgoing, Table, Tripped, Words

WORDS: Mapping[str, Words] = {
    "states": {
        "zh": "“{title}”共 {count} 行，其中 {moved} 行的状态将改变（{share}），上限是 {limit}",
        "en": "{moved} of {count} rows of '{title}' would change state ({share}), the limit is {limit}",
    },
    "rows lost": {
        "zh": "“{title}”只有 {count} 行，上次有 {before} 行；最多允许减少 {limit}",
        "en": "'{title}' has {count} rows, it had {before}; the limit is a loss of {limit}",
    },
    "gone": {
        "zh": "“{title}”以前读得到，现在读不到：{what}",
        "en": "'{title}' could be read before and cannot now: {what}",
    },
    "rows added": {
        "zh": "“{title}”原有 {count} 行，将新增 {added} 行，上限是 {limit} 行",
        "en": "'{title}' has {count} rows and {added} would be appended, the limit is {limit}",
    },
    "mails": {"zh": "一次要发出 {count} 封邮件，上限是 {limit} 封", "en": "{count} mails would go out at once, the limit is {limit}"},
    "usual": {
        "zh": "一次要发出 {count} 封邮件，平常是 {usual} 封，上限是 {limit} 封",
        "en": "{count} mails would go out at once, {usual} are usual, the limit is {limit}",
    },
    "reader": {
        "zh": "今天发给{reader}的邮件将达到 {count} 封，上限是 {limit} 封",
        "en": "{reader} would get {count} mails today, the limit is {limit}",
    },
    "row": {
        "zh": "“{title}”{key} 今天的通知将达到 {count} 条，上限是 {limit} 条",
        "en": "{key} of '{title}' would be spoken of {count} times today, the limit is {limit}",
    },
    "policy": {
        "zh": "《{title}》一次要发出 {count} 条通知，上限是 {limit} 条",
        "en": "'{title}' would send {count} notices at once, the limit is {limit}",
    },
}


@dataclass(frozen=True)
class Sent:
    """What brakes on mail need to know of before: what went out today, what is usual, and what a person has released."""

    by_reader: Mapping[str, int] = field(default_factory=dict)
    by_row: Mapping[tuple[str, str], int] = field(default_factory=dict)
    usual: Callable[[], int | None] = lambda: None
    """Asked only where there are more mails than are always allowed."""
    released: frozenset[str] = frozenset()
    old: Words | None = None
    """Why the ledger is taken for an old copy; then no mail leaves, forced or not."""


def run_brakes(
    judged: Judged, config: Config, changes: Sequence[CellChange], rows: Mapping[str, int], rows_before: Mapping[str, int]
) -> Iterable[Tripped]:
    """Why this plan must not be carried out at all without a person's word."""
    brakes = config.settings.brakes
    for name, count in rows.items():
        table, before = judged.snapshot.sheets[name].table, rows_before.get(name, 0)
        moved = sum(
            1 for change in changes if (change.table, change.column) == (name, table.summary.get("state")) and change.old is not None
        )
        if not table.kept and count >= brakes.state_rows and moved > brakes.state_share * count:
            facts = {"moved": moved, "count": count, "share": f"{moved / count:.0%}", "limit": f"{brakes.state_share:.0%}"}
            yield tripped("states", name, _titled(table), **facts)
        if before >= brakes.state_rows and before - count > brakes.rows_lost_share * before:
            yield tripped("rows lost", name, _titled(table), count=count, before=before, limit=f"{brakes.rows_lost_share:.0%}")
    for problem in judged.snapshot.problems:
        if problem.table not in judged.snapshot.sheets and rows_before.get(problem.table):
            yield tripped("gone", problem.table, _titled(config.tables[problem.table]), what=problem.what)
    yield from _added(judged, brakes, rows)


def _added(judged: Judged, brakes: Brakes, rows: Mapping[str, int]) -> Iterable[Tripped]:
    for name, added in Counter(row.table for row in judged.new_rows).items():
        before = rows[name] - added
        if before and added > brakes.rows_added:
            yield tripped(
                "rows added", name, _titled(judged.snapshot.sheets[name].table), count=before, added=added, limit=brakes.rows_added
            )


def notice_brakes(notices: Sequence[Notice], config: Config, sent: Sent) -> dict[str, Tripped]:
    """The notices, by identity, of which one row or one policy has too many; those a person released pass."""
    brakes = config.settings.brakes
    counted = [notice for notice in notices if notice.identity not in sent.released]
    policies = Counter(notice.policy for notice in counted)
    rows = Counter((notice.table, notice.key) for notice in counted)
    found = {}
    for notice in counted:
        place = (notice.table, notice.key)
        today = rows[place] + sent.by_row.get(place, 0)
        facts: dict[str, object]
        if policies[notice.policy] > brakes.notices_per_policy:
            title = config.policies[notice.policy].file.title
            facts = {"count": policies[notice.policy], "limit": brakes.notices_per_policy}
            found[notice.identity] = tripped("policy", notice.policy, title, **facts)
        elif today > brakes.notices_per_row_day:
            facts = {"key": notice.key, "count": today, "limit": brakes.notices_per_row_day}
            found[notice.identity] = tripped("row", "/".join(place), _titled(config.tables[notice.table]), **facts)
    return found


def mail_brakes(going: Sequence[Outgoing], passed: Sequence[Outgoing], brakes: Brakes, sent: Sent) -> tuple[set[str], list[Tripped]]:
    """The message ids to be held of the mails going out, and the brakes that hold them; `passed` go in any case.

    A brake on the whole run holds every mail; one on a reader, row or policy only those concerned.
    """
    whole = list(_whole(len(going), brakes, sent.usual))
    whole += [Tripped("old ledger", "", sent.old)] if sent.old and going else []
    to = Counter(each.mail.to for each in (*going, *passed))
    flooded = {reader for reader in to if to[reader] + sent.by_reader.get(reader, 0) > brakes.mails_per_reader_day}
    held, found = set(), {each.identity: each for each in whole}
    for each in going:
        caught = each.caught or (_reader(each.mail, to, brakes, sent) if each.mail.to in flooded else None)
        if caught:
            found.setdefault(caught.identity, caught)
        if caught or whole:
            held.add(each.mail.message_id)
    return held, list(found.values())


def _whole(count: int, brakes: Brakes, usual_of: Callable[[], int | None]) -> Iterable[Tripped]:
    if count > brakes.mails_per_run:
        yield tripped("mails", "", {}, count=count, limit=brakes.mails_per_run)
    if count > brakes.usual_floor and (usual := usual_of()) is not None:
        limit = max(brakes.usual_floor, ceil(brakes.usual_times * usual))
        if count > limit:
            yield tripped("usual", "", {}, count=count, usual=usual, limit=limit)


def _reader(mail: Mail, to: Mapping[str, int], brakes: Brakes, sent: Sent) -> Tripped:
    count = to[mail.to] + sent.by_reader.get(mail.to, 0)
    return tripped("reader", mail.to, {}, reader=mail.reader, count=count, limit=brakes.mails_per_reader_day)


def tripped(name: str, on: str, title: Mapping[str, str] | Words, **facts: object) -> Tripped:
    """One brake in every language; a fact that is itself words is said in the same language."""
    words = {
        language: text.format(title=_in(language, title), **{key: _in(language, fact) for key, fact in facts.items()})
        for language, text in WORDS[name].items()
    }
    return Tripped(name, on, words)


def _titled(table: Table) -> Words:
    return {language: table.heading(language) for language in ("zh", "en")}


def _in(language: str, fact: object) -> object:
    return str(fact.get(language) or fact.get("zh", "")).rstrip("。.") if isinstance(fact, Mapping) else fact


def identities(found: Collection[Tripped]) -> list[str]:
    """The brakes by what they are and what they are on, in order."""
    return sorted({each.identity for each in found})
