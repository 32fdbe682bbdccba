"""The conditions that rungs of ladders have of their own, compiled into hidden columns."""

from __future__ import annotations

from collections.abc import Mapping

from automations.declarations import PolicyFile
from automations.rule import Builder, Draft, Rule
from automations.yamlfile import Document


def condition_name(on: str, when: str) -> str:
    """The hidden column that says on which rows a rung's own condition holds."""
    return f"{on}.only when {when}"


def add_conditions(draft: Draft, policy: PolicyFile, rules: Mapping[str, Rule], document: Document, spoilt: frozenset[str]) -> None:
    """Draft the condition of every rung that has one; two rungs with the same words share a column."""
    for place, notice in enumerate(policy.notices):
        for step, rung in enumerate(notice.ladder):
            if not rung.when or notice.on not in rules:
                continue
            column = (policy.table, condition_name(notice.on, rung.when))
            if column not in draft.nodes:
                build = Builder(draft, policy, rules[notice.on], document, ("notices", place, "ladder", step), spoilt)
                build.formula(column[1], rung.when, "when", type="boolean")
                draft.conditions.append(column)
