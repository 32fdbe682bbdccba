"""Faults of notices: rules, rungs, templates and readers that are not there."""

from __future__ import annotations

from collections.abc import Iterable

from automations.config import Config, LoadedPolicy
from automations.errors import Problem
from automations.occasions import parse_moment, parse_repeat
from automations.people import ADDRESS
from automations.yamlcheck import closest

READERS = ("owner", "superior", "approver")


def notice_problems(config: Config, templates: set[str]) -> list[Problem]:
    """Every fault of every notice, at its place."""
    found = []
    for policy in config.policies.values():
        for position, notice in enumerate(policy.file.notices):
            at = ("notices", position)
            if notice.on not in policy.rules:
                found.append(
                    _problem(
                        policy, (*at, "on"), f"no rule '{notice.on}' in policy '{policy.file.policy}'", closest(notice.on, policy.rules)
                    )
                )
            if not notice.ladder:
                found += _addressed(config, policy, (*at,), notice.template, notice.to, templates)
            for step, rung in enumerate(notice.ladder):
                if rung.repeat and rung.at_most == 1:
                    found.append(
                        _problem(policy, (*at, "ladder", step, "repeat"), "a repeat needs 'at_most', how often it is said in all", None)
                    )
                found += _rung(policy, (*at, "ladder", step), rung.at, rung.repeat)
                found += _addressed(config, policy, (*at, "ladder", step), rung.template, rung.to, templates)
    return found


def _rung(policy: LoadedPolicy, at: tuple[str | int, ...], moment: str, repeat: str | None) -> Iterable[Problem]:
    for key, read, text in (("at", parse_moment, moment), ("repeat", parse_repeat, repeat)):
        try:
            if text is not None:
                read(text)
        except ValueError as error:
            yield _problem(policy, (*at, key), str(error), None)


def _addressed(
    config: Config, policy: LoadedPolicy, at: tuple[str | int, ...], template: str, to: list[str], templates: set[str]
) -> Iterable[Problem]:
    if template not in templates:
        yield _problem(policy, (*at, "template"), f"no template '{template}' in templates/notices", closest(template, templates))
    if not to:
        yield _problem(policy, at, "a notice needs 'to'", None)
    columns = [column.key for column in config.tables[policy.file.table].columns]
    for reader in to:
        if not (reader in READERS or reader.startswith("role:") or reader in columns or ADDRESS.fullmatch(reader)):
            yield _problem(
                policy,
                (*at, "to"),
                f"'{reader}' is nobody: write owner, superior, approver, role:…, a column or an address",
                closest(reader, columns),
            )


def _problem(policy: LoadedPolicy, at: tuple[str | int, ...], what: str, near: str | None) -> Problem:
    return policy.document.problem(at, what, *([f"did you mean '{near}'?"] if near else []))
