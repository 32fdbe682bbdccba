"""What an automation reaches: everything is read and judged, and only what lies within its limits is written and said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from automations.automationfile import Limits
from automations.config import Config
from automations.planning import Plan

SWEEP = "sweep"
"""The deed that reads and fills tables, and the name of a run that a person starts."""
OWN = ("readable", "key-once")
"""What a table finds of itself, without a policy."""


def told_of(config: Config, limits: Limits | None) -> Config:
    """The configuration with only the policies in reach: nobody is told of another."""
    if limits is None:
        return config
    return replace(config, policies={name: policy for name, policy in config.policies.items() if name in limits.policies})


def within(plan: Plan, limits: Limits | None, config: Config) -> Plan:
    """The plan with only what its automation reaches.

    The summary of a row speaks of all its policies, also of those out of reach. The brakes have looked at the whole plan.
    """
    if limits is None:
        return plan
    return replace(
        plan,
        new_keys=tuple(each for each in plan.new_keys if each.table in limits.tables),
        changes=tuple(each for each in plan.changes if _reached(each.rule, each.table, limits)),
        overrides=tuple(each for each in plan.overrides if each.table in limits.tables),
        findings=tuple(each for each in plan.findings if _reached(each.rule, each.table, limits)),
        waiting=tuple(each for each in plan.waiting if each[0].partition("/")[0] in limits.policies),
        problems=tuple(each for each in plan.problems if each.table in limits.tables),
        judged_rules=frozenset(_rules(config, limits)),
    )


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
    """Whether runs of this name read the whole workbook."""
    found = config.automations.get(name)
    return name == SWEEP or (found is not None and found.does == SWEEP)
