"""What happens next if nothing is done: when the ladder tells somebody again, and whom, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from automations.model import Words
from automations.occasions import AFTER, Ahead, Occasion
from automations.people import People, Person
from automations.quiet import moment_said

NAMED = 3
"""How many of those who will be told are named; of more only the number is said."""
SAID: Mapping[str, Words] = {
    "clock": {"zh": "若{when}前仍未完成，{then}", "en": "If it is not done by {when}, {then}"},
    "waiting": {"zh": "若{when}前仍未审批，{then}", "en": "If it is not decided by {when}, {then}"},
    "alert": {"zh": "若{when}前仍未处理，{then}", "en": "If it is not dealt with by {when}, {then}"},
    "again": {"zh": "将{at}再次提醒您", "en": "you will be reminded again{at}"},
    "others": {"zh": "将{at}通知{names}", "en": "{names} will be told{at}"},
    "both": {"zh": "将{at}再次提醒您，并通知{names}", "en": "you will be reminded again and {names} will be told{at}"},
    "at": {"zh": "于{when}", "en": " on {when}"},
    "superior": {"zh": "您的上级{name}", "en": "your superior {name}"},
    "role": {"zh": "{role}{name}", "en": "{name} ({role})"},
    "more": {"zh": "{names}等 {n} 人", "en": "{names} and {n} more"},
    "end": {"zh": "{day}结束", "en": "the end of {day}"},
}
COMMA = {"zh": "、", "en": ", "}


def otherwise(people: People, occasion: Occasion, reader: Person, fallback: str, now: datetime, language: str) -> str:
    """`若9月25日（周四）18:00前仍未完成，将通知您的上级陈立`; empty when nobody will be told any more.

    Those who are not at work at that moment hear of it when they next are, and the sentence says when that is.
    """
    ahead, spec = occasion.ahead, occasion.finding
    if ahead is None or (spec is not None and spec.kind == "finding"):
        return ""
    told = people.told(ahead.to, occasion.table, occasion.row, spec.who if spec else "", fallback)
    others = [person for person in told if person.known_as != reader.known_as]
    words = "others" if len(others) == len(told) else "both" if others else "again"
    at = _told_at(people, told, occasion, ahead, now, language)
    then = SAID[words][language].format(at=at, names=_names(people, others, reader, ahead, language))
    return SAID[spec.kind if spec else "clock"][language].format(when=_until(ahead.at, now, language), then=then)


def _until(at: datetime, now: datetime, language: str) -> str:
    """The moment until which nothing happens; the rung of the due time comes a second after it, and midnight ends a day."""
    exact = at - AFTER.astype(timedelta) if at.second == AFTER.astype(int) else at
    if exact.time() == datetime.min.time():
        day = _said(exact - timedelta(minutes=1), now, language)[: -len("00:00")].rstrip()
        return SAID["end"][language].format(day=day)
    return _said(exact, now, language)


def _said(moment: datetime, now: datetime, language: str) -> str:
    """A moment with its weekday, and its year when that is another than now."""
    said = moment_said(moment, language)
    if moment.year == now.year:
        return said
    return f"{moment.year}年{said}" if language == "zh" else f"{said} {moment.year}"


def _told_at(people: People, told: Sequence[Person], occasion: Occasion, ahead: Ahead, now: datetime, language: str) -> str:
    """When the first of those who will be told is at work, where that is not at once."""
    opens = [people.opens(person, ahead.at) for person in told] if occasion.quiet else [None]
    if not all(opens):
        return ""
    return SAID["at"][language].format(when=_said(min(at for at in opens if at), now, language))


def _names(people: People, others: Sequence[Person], reader: Person, ahead: Ahead, language: str) -> str:
    """Those who will be told, by what they are to the reader: the superior, a post, else the bare name."""
    above = people.staff.get(reader.superior)
    roles = [each.removeprefix("role:") for each in ahead.to if each.startswith("role:")]
    names = [_named(person, above if "superior" in ahead.to else None, roles, language) for person in others]
    joined = COMMA[language].join(names[:NAMED])
    if len(names) <= NAMED:
        return joined
    return SAID["more"][language].format(names=joined, n=len(names) if language == "zh" else len(names) - NAMED)


def _named(person: Person, above: Person | None, roles: Sequence[str], language: str) -> str:
    whose = person.stands_for or person
    if above and whose.name == above.name:
        return SAID["superior"][language].format(name=person.name)
    role = next((role for role in roles if role in whose.roles or role == whose.department), "")
    return SAID["role"][language].format(role=role, name=person.name) if role else person.name
