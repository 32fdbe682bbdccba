"""Occasions with their readers: which notices are new, and which were told before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from automations.config import Config
from automations.judging import Judged
from automations.model import Notice
from automations.occasions import Occasion, Since
from automations.people import People, Person
from automations.speaking import cells_shown


@dataclass(frozen=True)
class Told:
    """What is already known of notices and findings: the ledger's side of deciding."""

    first_contact: bool
    known: Callable[[Sequence[str]], Mapping[str, str]]
    episode: Callable[[str, str, str | None], int]
    since: Since


@dataclass(frozen=True)
class Addressed:
    """An occasion with one reader."""

    occasion: Occasion
    person: Person
    notice: Notice


def enforced(judged: Judged, config: Config) -> list[tuple[str, Any, Any]]:
    found = []
    for name, policy in config.policies.items():
        file = policy.file
        if file.table not in judged.snapshot.sheets or file.mode == "shadow":
            continue
        rows = np.ones(judged.evaluation.count(file.table), dtype=bool)
        if file.enforce_from and file.dated_by and judged.evaluation.has(file.table, file.dated_by):
            rows = judged.evaluation.times(file.table, file.dated_by) >= np.datetime64(file.enforce_from)
        found += [(name, notice, rows) for notice in file.notices]
    return found


def addressed_to(judged: Judged, config: Config, people: People, occasion: Occasion, told: Told) -> Iterable[Addressed]:
    key = str(judged.evaluation.keys(occasion.table)[occasion.row])
    episode = told.episode(occasion.rule, key, occasion.finding.column) if occasion.finding else 1
    state = "baseline" if told.first_contact else "overtaken" if occasion.overtaken else "planned"
    owner = config.policies[occasion.policy].file.owner
    for person in people.told(occasion.to, occasion.table, occasion.row, occasion.finding.who if occasion.finding else "", owner):
        parts = (occasion.policy, occasion.rule, occasion.table, key, occasion.rung, str(occasion.times), str(episode), person.address)
        yield Addressed(
            occasion,
            person,
            Notice(
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
                language=config.language,
                facts={},
                state=state,  # type: ignore[arg-type]
                reason="first sight of the workbook" if told.first_contact else "a higher rung is due" if occasion.overtaken else "",
            ),
        )


def with_due(judged: Judged, each: Addressed) -> Addressed:
    """A new notice keeps the due time it spoke of; worked out only for those that are new."""
    occasion = each.occasion
    if not occasion.clock:
        return each
    due = cells_shown(judged.evaluation, occasion.table, occasion.clock.due, [occasion.row])[0]
    return replace(each, notice=replace(each.notice, facts={"due": due}))
