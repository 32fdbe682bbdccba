"""Hints on a valid configuration: unused parameters, doubtful conditions, step limits beyond the total, values left out, crossed limits."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from automations.config import Config, LoadedPolicy
from automations.decisiontables import stages_of, value_on
from automations.errors import Problem
from automations.posts import slips
from automations.rules.check import Check
from automations.rules.deadline import Deadline
from automations.rules.penalty import Penalty
from automations.thresholds import crossed
from automations.trees import Tree, conjuncts, walk


def hints_of(config: Config) -> list[Problem]:
    """Everything worth a second look, in the order of the files."""
    found = [*config.hints, *slips(config)]
    for policy in config.policies.values():
        found += [
            *_not_live(config, policy),
            *_unknowns(config, policy),
            *_sums(policy),
            *_holes(config, policy),
            *_crossed(policy),
            *crossed(config, policy),
        ]
    return sorted(found, key=lambda problem: (problem.file, problem.line, problem.column))


def _not_live(config: Config, policy: LoadedPolicy) -> Iterable[Problem]:
    """A policy that only looks as if it were at work."""
    to = policy.file.redirect_to or config.settings.mail.redirect_all_to
    what = {"shadow": "`mode: shadow` writes nothing and tells nobody"} | ({"redirect": f"`mode: redirect` mails {to}"} if to else {})
    if policy.file.mode in what:
        yield policy.document.problem(("mode",), f"policy '{policy.file.policy}' is not live: {what[policy.file.mode]}")


def _unknowns(config: Config, policy: LoadedPolicy) -> Iterable[Problem]:
    """Checks whose condition can be unknown because a cell is blank, without saying what that means."""
    positions = {data.get("id"): place for place, data in enumerate(policy.file.rules)}
    for rule in policy.rules.values():
        if isinstance(rule, Check) and rule.unknown is None:
            trees = [config.evaluator.parse(text) for text in (rule.require, rule.when) if text]
            doubtful = sorted(_compared(trees[0]) - _guarded(trees) - _required(config, policy))
            if doubtful:
                at = ("rules", positions[rule.id], "require")
                what = f"rule '{rule.id}': unknown where {', '.join(doubtful)} is blank; such rows pass"
                yield policy.document.problem(at, what, "say `unknown: pass` if that is meant, or `unknown: fail`")


def _compared(tree: Tree) -> set[str]:
    """Columns whose blankness makes the condition unknown."""
    if tree["type"] in ("OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL", "OPERATOR_COALESCE"):
        return set()
    if tree["class"] == "FUNCTION" and tree["function_name"] in ("blank", "filled", "coalesce", "today", "now"):
        return set()
    if tree["class"] == "COLUMN_REF":
        return {".".join(tree["column_names"])}
    if tree["type"] == "CONJUNCTION_OR" and any(
        part["type"] == "OPERATOR_IS_NULL" or part.get("function_name") == "blank" for part in tree["children"]
    ):
        return set()
    return {name for child in _children(tree) for name in _compared(child)}


def _children(tree: Tree) -> list[Tree]:
    found: list[Tree] = []
    for value in tree.values():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict):
                found += (
                    [each]
                    if "class" in each
                    else _children({"type": "", "class": "", **{k: v for k, v in each.items() if isinstance(v, dict | list)}})
                )
    return found


def _guarded(trees: list[Tree]) -> set[str]:
    """Columns another part of the condition already asks to be filled, or compares."""
    found: set[str] = set()
    for part in [part for tree in trees[1:] for part in conjuncts(tree)]:
        found |= {".".join(node["column_names"]) for node in walk(part) if node["class"] == "COLUMN_REF"}
    return found


def _required(config: Config, policy: LoadedPolicy) -> set[str]:
    table = config.tables[policy.file.table]
    return {name for column in table.columns if column.required or column.ours for name in (column.key, *column.title.values())}


def _sums(policy: LoadedPolicy) -> Iterable[Problem]:
    """Deadlines capped by a total whose largest limits together exceed it, on any day on which a number changes."""
    positions = {data.get("id"): place for place, data in enumerate(policy.file.rules)}
    deadlines = {rule.id: rule for rule in policy.rules.values() if isinstance(rule, Deadline) and rule.within}
    for cap, total in deadlines.items():
        steps = [rule for rule in deadlines.values() if cap in rule.no_later_than and _unit(policy, rule) == _unit(policy, total)]
        found: dict[str, str] = {}
        for day, named in stages_of(policy.file.parameters):
            lengths, whole = [_largest(policy, rule, day) for rule in steps], _largest(policy, total, day)
            if sum(lengths) > whole > 0:
                found.setdefault(f"{' + '.join(f'{length:g}' for length in lengths)} > {whole:g}", named)
        for sum_, named in found.items():
            what = f"rule '{cap}': its steps add up to more than the total: {sum_}; the total wins{named}"
            yield policy.document.problem(("rules", positions[cap]), what)


def _holes(config: Config, policy: LoadedPolicy) -> Iterable[Problem]:
    """Parameters that leave out a word the rows may have: nothing is in force for such rows."""
    table = config.tables[policy.file.table]
    for name, parameter in policy.file.parameters.items():
        column = table.column(parameter.by or "")
        for day, words in parameter.values.items() if column else ():
            known = words if isinstance(words, dict) and "*" not in words else None
            left_out = [choice for choice in column.choices if choice not in known] if column and known is not None else []
            if column and left_out:
                since = f" from {day:%Y-%m-%d}" if len(parameter.values) > 1 else ""
                what = f"parameter '{name}': no value for {', '.join(left_out)} of '{column.key}'{since}; nothing is in force for such rows"
                hint = 'give each a value, `null` if none is meant, or add `"*"`'
                yield policy.document.problem(("parameters", name, "values", f"{day}"), what, hint)


def _crossed(policy: LoadedPolicy) -> Iterable[Problem]:
    """Penalties whose lower end lies above the upper one, on any day on which a number changes."""
    positions = {data.get("id"): place for place, data in enumerate(policy.file.rules)}
    for rule in (rule for rule in policy.rules.values() if isinstance(rule, Penalty) and rule.between):
        found: dict[str, str] = {}
        for day, named in stages_of(policy.file.parameters):
            low, high = (_number(policy, end, day) for end in rule.between or ())
            if low is not None and high is not None and low > high:
                found.setdefault(f"rule '{rule.id}': the lower end {low:g} is above the upper end {high:g}", named)
        for what, named in found.items():
            at = ("rules", positions[rule.id], "between")
            yield policy.document.problem(at, what + named, "exchange the two ends, or correct the parameters")


def _number(policy: LoadedPolicy, dollar: str, day: date) -> float | None:
    """The value on a day of a parameter that is one number."""
    parameter = policy.file.parameters.get(dollar.removeprefix("$"))
    value = value_on(parameter, day) if parameter else None
    return None if value is None or isinstance(value, dict) else float(value)


def _unit(policy: LoadedPolicy, rule: Deadline) -> str:
    return policy.file.parameters[(rule.within or "").removeprefix("$")].unit


def _largest(policy: LoadedPolicy, rule: Deadline, day: date) -> float:
    value = value_on(policy.file.parameters[(rule.within or "").removeprefix("$")], day)
    numbers = value.values() if isinstance(value, dict) else [value]
    return max((float(each) for each in numbers if each is not None), default=0)
