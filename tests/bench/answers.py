"""What the three ways of judging have to agree on: our columns, the clocks' states, and the rows each rule speaks of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from automations.judging import Judged

COVERED = (
    "complaint-handling",
    "complaint-records",
    "complaint-penalties",
    "complaint-response",
    "payment-before-goods",
    "payment-receipts",
    "customer-tiers",
    "customer-visits",
    "customer-grades",
)
"""The policies written by hand too, all their rules."""

GATHERED = ("customers/annual_purchase", "customers/last_visit_on", "customers/last_contact_on", "orders/paid_amount")
"""The rollups those policies read, written into columns of ours."""

COLUMNS = {
    "complaints": (
        "due_close",
        "due_assign",
        "due_responsibility",
        "due_resolve",
        "due_notify",
        "due_followup",
        "due_first_response",
        "due_preliminary",
        "inv_filled",
        "fine_low",
        "fine_high",
        "service_fine_max",
        "status",
        "next_step",
    ),
    "orders": ("paid_amount", "payment_status"),
    "payments": ("account_ok",),
    "customers": (
        "annual_purchase",
        "last_visit_on",
        "last_contact_on",
        "tier_level",
        "tier_abcd",
        "next_visit_due",
        "visit_state",
        "next_contact_due",
    ),
}


@dataclass
class Answers:
    """Columns of ours, state codes per deadline rule, and (rule, rows) for every finding that was looked for."""

    columns: dict[tuple[str, str], Any] = field(default_factory=dict)
    states: dict[str, Any] = field(default_factory=dict)
    findings: list[tuple[str, Any]] = field(default_factory=list)

    def say(self, rule: str, where: Any) -> None:
        """A finding of this rule on the rows where a condition holds."""
        self.findings.append((rule, np.flatnonzero(where)))


def of_engine(judged: Judged) -> Answers:
    """The engine's answers."""
    columns = {(table, name): judged.evaluation.column(table, name) for table, names in COLUMNS.items() for name in names}
    states = {clock.rule: judged.evaluation.integers(clock.table, clock.state) for clock in judged.program.clocks}
    findings = [(spec.rule, judged.hits[place]) for place, spec in enumerate(judged.program.findings) if spec.kind == "finding"]
    return Answers(columns, states, findings)


def differences(one: Answers, other: Answers) -> list[str]:
    """Where two sets of answers differ, in words; empty when they are equal."""
    found = [
        f"{table}.{name}"
        for table, name in sorted(one.columns.keys() | other.columns.keys())
        if not _same(one.columns, other.columns, (table, name))
    ]
    found += [f"state of {rule}" for rule in sorted(one.states.keys() | other.states.keys()) if not _same(one.states, other.states, rule)]
    left, right = _spoken(one), _spoken(other)
    return found + [f"findings of {rule}" for rule in sorted(left.keys() | right.keys()) if left.get(rule) != right.get(rule)]


def _spoken(answers: Answers) -> dict[str, Counter[int]]:
    found: dict[str, Counter[int]] = {}
    for rule, rows in answers.findings:
        if len(rows):
            found.setdefault(rule, Counter()).update(np.asarray(rows).tolist())
    return found


def _same(one: Mapping[Any, Any], other: Mapping[Any, Any], name: Any) -> bool:
    return name in one and name in other and plain(one[name]) == plain(other[name])


def plain(values: Any) -> list[Any]:
    """A column as plain values: numbers in whole units of the column, instants in seconds, texts; None is blank."""
    if isinstance(values, list):
        return values
    if hasattr(values, "to_numpy") and not isinstance(values, np.ndarray):
        return [None if each is None or each == "" else each for each in values.to_numpy(dtype=object, na_value=None).tolist()]
    if values.dtype.kind == "M":
        seconds = values.astype("datetime64[s]").astype("int64")
        return np.where(np.isnat(values), None, seconds.astype(object)).tolist()
    if values.dtype.kind == "f":
        return [None if np.isnan(each) else int(each) for each in values.tolist()]
    return [None if each is None or each == "" else each for each in values.tolist()]
