"""Whether the examples would notice a rule that is wrong: every rule is switched off in turn, and an example must fail."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from automations.arrays import DUCK
from automations.config import Config, LoadedPolicy
from automations.examples import Prover
from automations.expressions import Formula
from automations.program import Node, Program

Progress = Callable[[int, int, str], None]


def unnoticed(config: Config, policies: Collection[LoadedPolicy], progress: Progress | None = None) -> list[str]:
    """The rules whose absence no example of their policy notices, as `policy/rule`."""
    whole = Prover(config)
    rules = [(policy, f"{policy.file.policy}/{rule}") for policy in policies for rule in policy.rules]
    found = []
    for place, (policy, rule) in enumerate(rules, start=1):
        if not _noticed(whole, policy, rule):
            found.append(rule)
        if progress:
            progress(place, len(rules), rule)
    return found


def _noticed(whole: Prover, policy: LoadedPolicy, rule: str) -> bool:
    """Whether an example fails without the rule; those that touch it are asked first, which is nearly always enough."""
    touching = [place for place, proof in enumerate(whole.proofs_of(policy)) if rule in proof.rules]
    others = [place for place in range(len(policy.file.examples)) if place not in touching]
    silenced = whole.under(without(whole.config.program, rule))
    return any(proof.wrong for places in (touching, others) for proof in silenced.proofs_of(policy, places))


def without(program: Program, rule: str) -> Program:
    """The program in which one rule is silent: its columns are blank, it finds nothing, runs no clock and keeps no rows."""
    return replace(
        program,
        layers=tuple(tuple(_silenced(layer, rule)) for layer in program.layers),
        findings=tuple(spec for spec in program.findings if spec.rule != rule),
        clocks=tuple(clock for clock in program.clocks if clock.rule != rule),
        forms=tuple(spec for spec in program.forms if spec.rule != rule),
        kept=tuple(spec for spec in program.kept if spec.rule != rule),
    )


def _silenced(layer: Iterable[Node], rule: str) -> Iterable[Node]:
    for node in layer:
        blank = Formula(node.name, f"CAST(NULL AS {DUCK[node.type]})", frozenset(), node.type, "null")
        yield replace(node, formula=blank, kernel=None) if node.source == rule else node
