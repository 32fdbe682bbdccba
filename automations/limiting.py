"""What an automation reaches: everything is read and judged, and only what lies within its limits is written and said."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from automations.addressing import Told
from automations.automationfile import Limits
from automations.config import Config
from automations.model import KeptMail
from automations.planning import Plan
from automations.releasing import Waiting

SWEEP = "sweep"
"""The deed that reads and fills tables, and the name of a run that a person starts."""
OTHERS = ("undo ", "digest ", "serve")
"""How the names of runs begin that are not sweeps: no automation may be called so."""
OWN = ("readable", "key-once")
"""What a table finds of itself, without a policy."""


def told_of(config: Config, limits: Limits | None) -> Config:
    """The configuration with only the policies in reach: nobody is told of another."""
    if limits is None:
        return config
    return replace(config, policies={name: policy for name, policy in config.policies.items() if name in limits.policies})


def waiting_within(waiting: Waiting, limits: Limits | None) -> Waiting:
    """The mails that wait, those that speak of a policy out of reach apart: whether they are still true is not known here."""
    if limits is None:
        return waiting
    beyond = [each for each in waiting.kept if not _speaks_within(each, limits)]
    return replace(waiting, kept=[each for each in waiting.kept if each not in beyond], beyond=beyond)


def told_within(told: Told, beyond: Collection[KeptMail]) -> Told:
    """What was told before, and with it what stands in mails that are let be: it must not be told a second time beside them."""
    spoken = {identity: kept.state for kept in beyond for identity in kept.mail.identities}
    if not spoken:
        return told
    return replace(told, known=lambda asked: {**told.known(asked), **{each: spoken[each] for each in asked if each in spoken}})


def taken_up(told: Told, config: Config, limits: Limits | None) -> frozenset[str] | None:
    """The policies this workbook has been looked at with after this run; None while that is not known and the run reaches only some."""
    reached = frozenset(told_of(config, limits).policies)
    if told.policies is None:
        return None if limits else reached
    return reached.union(told.policies)


def _speaks_within(kept: KeptMail, limits: Limits) -> bool:
    """Whether all a mail speaks of is in reach; what is not a notice of a policy is nobody's in particular."""
    return all(policy in limits.policies for policy, bar, _ in (each.partition("|") for each in kept.mail.identities) if bar)


def within(plan: Plan, limits: Limits | None, config: Config) -> Plan:
    """The plan with only what its automation reaches.

    The summary of a row speaks of all its policies, also of those out of reach. Brakes of other tables stop nothing here, and how many
    rows those have is not remembered: the run that reaches them must see what they lost.
    """
    if limits is None:
        return plan
    unmade = {(row.table, row.key) for row in plan.new_rows if not _reached(row.rule, row.table, limits)}
    return replace(
        plan,
        new_keys=tuple(each for each in plan.new_keys if each.table in limits.tables),
        new_rows=tuple(each for each in plan.new_rows if (each.table, each.key) not in unmade),
        changes=tuple(each for each in plan.changes if _reached(each.rule, each.table, limits) and (each.table, each.key) not in unmade),
        overrides=tuple(each for each in plan.overrides if each.table in limits.tables),
        adopted=plan.adopted.within(limits.tables),
        findings=tuple(each for each in plan.findings if _reached(each.rule, each.table, limits)),
        waiting=tuple(each for each in plan.waiting if each[0].partition("/")[0] in limits.policies),
        problems=tuple(each for each in plan.problems if each.table in limits.tables),
        rows={name: count for name, count in plan.rows.items() if name in limits.tables},
        brakes=tuple(each for each in plan.brakes if each.on in _leaned_on(config, limits)),
        judged_rules=frozenset(_rules(config, limits)),
    )


def _leaned_on(config: Config, limits: Limits) -> set[str]:
    """The tables in reach, and those their rows refer to: a staff table that lost its rows would send every mail to the admin."""
    referred = {column.refers_to for name in limits.tables for column in config.tables[name].columns}
    return {*limits.tables, *(name for name in referred if name)}


def _rules(config: Config, limits: Limits) -> Iterator[str]:
    """Every rule the automation looks at, and what every table in reach finds of itself."""
    for name in limits.policies & config.policies.keys():
        yield from (f"{name}/{rule}" for rule in config.policies[name].rules)
    yield from (f"{table}/{word}" for table in limits.tables for word in OWN)


def _reached(rule: str, table: str, limits: Limits) -> bool:
    """Rules are named `policy/rule`, what a table itself fills or finds `table/…`."""
    owner = rule.partition("/")[0]
    return table in limits.tables and (owner in limits.policies or owner == table)


def sweeps(config: Config, name: str) -> bool:
    """Whether runs of this name read the whole workbook; a name no automation has any more was one's before it was renamed."""
    found = config.automations.get(name)
    if found is not None:
        return found.does == SWEEP
    return not name.startswith(OTHERS)
