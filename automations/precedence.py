"""Precedence: where several policies promise the same step, what the settings say of whose promise counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from automations.rules.cadence import Cadence
from automations.rules.deadline import Deadline
from automations.rules.duty import Duty
from automations.yamlcheck import closest

if TYPE_CHECKING:
    from automations.config import LoadedPolicy
    from automations.rule import Draft, Rule
    from automations.yamlfile import Document

Policies = Mapping[str, "LoadedPolicy"]


def promised(policies: Policies) -> Mapping[str, list[str]]:
    """The rules that make each promise: a due column (`complaints.due_resolve`), or the word that duties share."""
    found: dict[str, list[str]] = {}
    for name, policy in policies.items():
        for rule in policy.rules.values():
            if promise := _promise_of(rule, policy.file.table):
                found.setdefault(promise, []).append(f"{name}/{rule.id}")
    return found


def _promise_of(rule: Rule, table: str) -> str:
    if isinstance(rule, Duty):
        return rule.promise or ""
    return f"{table}.{rule.writes.due}" if isinstance(rule, Deadline | Cadence) and rule.writes.due else ""


def named(policies: Policies, who: str) -> Iterable[str]:
    """The rules meant by the name of a pack, a policy or a rule."""
    for name, policy in policies.items():
        for rule in policy.rules:
            if who in (policy.pack, name, f"{name}/{rule}"):
                yield f"{name}/{rule}"


def add_precedence(draft: Draft, said: Mapping[str, str], document: Document, policies: Policies) -> None:
    """Note whose promises come first, and as faults what nobody promises."""
    made = promised(policies)
    draft.first = {promise: frozenset(named(policies, who)) for promise, who in said.items()}
    for promise, who in said.items():
        at = ("precedence", promise)
        if promise not in made:
            near = closest(promise, made)
            hint = f"did you mean '{near}'?" if near else "`runner.py check` lists those that several rules make"
            draft.problems.append(document.problem(at, f"no rule makes a promise '{promise}'", hint, key=True))
        elif not draft.first[promise] & {*made[promise]}:
            those = ", ".join(f"{policies[rule.partition('/')[0]].pack} ({rule})" for rule in made[promise])
            draft.problems.append(document.problem(at, f"'{who}' does not promise '{promise}'", f"those who do: {those}"))
