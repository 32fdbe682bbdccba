"""Occasions with their readers: which notices are new, and which were told before."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np

from automations.config import Config
from automations.customers import CUSTOMER
from automations.earlier import About, Earlier
from automations.judging import Judged
from automations.model import Mail, Notice
from automations.occasions import Occasion, Since, occasions
from automations.people import People, Person
from automations.quiet import UNTIL, OpenHours, moment_said

Matter = tuple[str, str, int, str | None]
"""What a ladder is climbed for: rule, table, row, and the column of a finding."""


@dataclass(frozen=True)
class Told:
    """What is already known of notices and findings: the ledger's side of deciding."""

    first_contact: bool
    known: Callable[[Sequence[str]], Mapping[str, str]]
    episode: Callable[[str, str, str | None], int]
    since: Since
    about: About
    pending: Callable[[], Sequence[Mail]]
    tables: Collection[str] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    policies: Collection[str] | None = None
    """The policies this workbook was looked at with; None for all."""

    def first_seen(self, table: str, policy: str | None = None) -> bool:
        """Whether a table is read, or a policy looked at, for the first time: what is old is noted, and mails nobody."""
        new_policy = policy is not None and self.policies is not None and policy not in self.policies
        return self.first_contact or new_policy or (bool(self.tables) and table not in self.tables)


@dataclass(frozen=True)
class Addressed:
    """An occasion with one reader, and what was said of it before."""

    occasion: Occasion
    person: Person
    notice: Notice
    before: str = ""
    instead_of: tuple[str, ...] = ()

    @property
    def matter(self) -> Matter:
        """What the notice is about, whichever its rung and reader."""
        occasion = self.occasion
        return occasion.rule, occasion.table, occasion.row, occasion.finding.column if occasion.finding else None


@dataclass(frozen=True)
class Addressing:
    """Moment and memory of one planning: who is told, and what was told before."""

    judged: Judged
    config: Config
    people: People
    told: Told
    earlier: Earlier
    now: datetime

    def new(self, found: Iterable[Occasion]) -> tuple[list[Addressed], list[Addressed]]:
        """The notices nobody claimed before; and of them those that wait because their reader is not at work."""
        unique = {each.notice.identity: each for occasion in found for each in self._each_reader(occasion)}
        known = self.told.known(list(unique))
        known = {**known, **self.told.known([name for each in unique.values() for name in each.instead_of])}
        new = [each for identity, each in unique.items() if identity not in known and _untold(each, known)]
        return self._at_work_or_not(new)

    def _at_work_or_not(self, new: Sequence[Addressed]) -> tuple[list[Addressed], list[Addressed]]:
        """Deferred notices are not recorded, so that the next run looks at them anew; neither are the rungs they overtake."""
        hours = OpenHours(self.config, self.now)
        waits = {each.notice.identity: until for each in new if (until := _waits_until(each, hours))}
        ready = {each.matter for each in new if each.notice.state == "planned" and each.notice.identity not in waits}
        waiting = {each.matter for each in new if each.notice.identity in waits} - ready
        deferred = [_deferred(each, waits[each.notice.identity]) for each in new if each.notice.identity in waits]
        kept = [each for each in new if each.notice.identity not in waits]
        recorded = [each for each in kept if each.notice.state != "overtaken" or each.matter not in waiting]
        return [self.before(each) if each.notice.state == "planned" else each for each in recorded], deferred

    def _each_reader(self, occasion: Occasion) -> Iterable[Addressed]:
        key, due = str(self.judged.evaluation.keys(occasion.table)[occasion.row]), occasion.due
        finding, owner = occasion.finding, self.config.policies[occasion.policy].file.owner
        episode = self.told.episode(occasion.rule, key, finding.column) if finding else self.earlier.episode(occasion, key)
        facts = {"due": due.isoformat(" ", "minutes")} if due else {}
        readers = self.people.told(occasion.to, occasion.table, occasion.row, finding.who if finding else "", owner)
        each = [Addressed(occasion, person, self._notice(occasion, person, key, episode, facts)) for person in readers]
        out = [self._left_out(one) for one in each if one.person.address.casefold() in self.told.left_out]
        yield from (one for one in each if one.person.address.casefold() not in self.told.left_out)
        yield from out
        if CUSTOMER in occasion.to:
            self.people.without_address |= {(one.occasion.table, one.occasion.row): one.person.name for one in out}
        elif len(out) == len(each):
            names = tuple(one.notice.identity for one in out)
            for person in self.people.instead(owner, occasion.table, occasion.row, self.told.left_out):
                yield Addressed(occasion, person, self._notice(occasion, person, key, episode, facts), instead_of=names)

    def _left_out(self, each: Addressed) -> Addressed:
        """A notice whose reader takes no mail: kept as suppressed with the reason, or as what it would have been without mail."""
        if each.notice.state != "planned":
            return each
        reason = self.told.left_out[each.person.address.casefold()]
        return replace(each, notice=replace(each.notice, state="suppressed", reason=reason))

    def _notice(self, occasion: Occasion, person: Person, key: str, episode: int, facts: Mapping[str, str]) -> Notice:
        parts = (occasion.policy, occasion.rule, occasion.table, key, occasion.rung, str(occasion.times), str(episode), person.known_as)
        first = self.told.first_seen(occasion.table, occasion.policy)
        return Notice(
            identity="|".join(parts),
            policy=occasion.policy,
            rule=occasion.rule,
            table=occasion.table,
            key=key,
            rung=occasion.rung,
            episode=episode,
            template=occasion.template,
            reader=person.name,
            address=person.address,
            language=person.language or self.config.language,
            facts=facts,
            state="baseline" if first else "overtaken" if occasion.overtaken else "planned",
            reason="seen for the first time" if first else "a higher rung is due" if occasion.overtaken else "",
        )

    def before(self, each: Addressed) -> Addressed:
        """With the sentence of what was sent before about the matter, where it is a ladder."""
        occasion = each.occasion
        if not remembers(occasion):
            return each
        said = self.earlier.sentence(occasion, each.notice.key, occasion.start, self.now, each.notice.language)
        return replace(each, before=said)


def addressed(
    judged: Judged, config: Config, people: People, told: Told, now: datetime, row: tuple[str, int] | None = None
) -> tuple[list[Addressed], list[Addressed]]:
    """The new notices of all rows (or of one), and those deferred until their reader is at work."""
    found = list(occasions(judged, enforced(judged, config, row), told.since))
    keys = {table: judged.evaluation.keys(table) for table in judged.snapshot.sheets}
    earlier = Earlier(told.about, ((each.table, str(keys[each.table][each.row])) for each in found if remembers(each)))
    return Addressing(judged, config, people, told, earlier, now).new(found)


def _untold(each: Addressed, known: Mapping[str, str]) -> bool:
    """Whether those in whose place somebody is told have not been told themselves, in good time or as old matters."""
    return all(known.get(name, "failed") in ("failed", "suppressed", "bounced") for name in each.instead_of)


def remembers(occasion: Occasion) -> bool:
    """Whether what was told before matters: on a ladder it does, a finding is told once and its episodes are counted elsewhere."""
    return occasion.finding is None or occasion.finding.kind != "finding"


def enforced(judged: Judged, config: Config, row: tuple[str, int] | None = None) -> list[tuple[str, Any, Any]]:
    """(policy, notice, rows it may speak of) of every live policy; of one row, (table, position), where asked for."""
    found = []
    for name, policy in config.policies.items():
        file = policy.file
        if file.table not in judged.snapshot.sheets or (row and row[0] != file.table):
            continue
        rows = np.ones(judged.evaluation.count(file.table), dtype=bool)
        if file.enforce_from and file.dated_by and judged.evaluation.has(file.table, file.dated_by):
            rows = judged.evaluation.times(file.table, file.dated_by) >= np.datetime64(file.enforce_from)
        rows = rows & (np.arange(len(rows)) == row[1]) if row else rows
        found += [(name, notice, rows) for notice in file.notices]
    return found


def _waits_until(each: Addressed, hours: OpenHours) -> datetime | None:
    """When the reader is next at work, for a notice that would be sent now and is no emergency."""
    return hours.opens(each.person) if each.notice.state == "planned" and each.occasion.quiet else None


def _deferred(each: Addressed, until: datetime) -> Addressed:
    facts = {**each.notice.facts, UNTIL: f"{until:%Y-%m-%d %H:%M}"}
    return replace(each, notice=replace(each.notice, state="deferred", facts=facts, reason=f"until {moment_said(until, 'en')}"))
