"""Faults of notices: rules, rungs, templates and readers that are not there."""

from __future__ import annotations

from collections.abc import Iterable

from automations.config import Config, LoadedPolicy
from automations.customers import CUSTOMER
from automations.customers import TABLE as CUSTOMERS
from automations.declarations import NoticeFile
from automations.errors import Problem
from automations.occasions import parse_moment, parse_repeat
from automations.people import ADDRESS
from automations.templatecheck import LETTER
from automations.yamlcheck import closest

READERS = ("owner", "superior", "approver", CUSTOMER)


def notice_problems(config: Config, templates: set[str]) -> list[Problem]:
    """Every fault of every notice, at its place."""
    found: list[Problem] = []
    for policy in config.policies.values():
        found += _mode_problems(config, policy)
        for position, notice in enumerate(policy.file.notices):
            at = ("notices", position)
            if notice.on not in policy.rules:
                found.append(
                    _problem(
                        policy, (*at, "on"), f"no rule '{notice.on}' in policy '{policy.file.policy}'", closest(notice.on, policy.rules)
                    )
                )
            found += _shown(config, policy, at, notice)
            found += _enclosed(config, policy, at, notice)
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


def _mode_problems(config: Config, policy: LoadedPolicy) -> Iterable[Problem]:
    """A policy whose mail is redirected must say, or let the settings say, where to."""
    to = policy.file.redirect_to
    if to and not ADDRESS.fullmatch(to):
        yield _problem(policy, ("redirect_to",), f"'redirect_to' should be one address such as admin@example.com, not '{to}'", None)
    elif policy.file.mode == "redirect" and not to and not config.settings.mail.redirect_all_to:
        what = "`mode: redirect` needs an address: write 'redirect_to' here, or 'redirect_all_to' under 'mail' in settings.yaml"
        yield _problem(policy, ("mode",), what, None)


def _enclosed(config: Config, policy: LoadedPolicy, at: tuple[str | int, ...], notice: NoticeFile) -> Iterable[Problem]:
    """What a notice encloses must be forms of its table."""
    known = {spec.rule: spec.table for spec in config.program.forms}
    for place, name in enumerate(notice.encloses):
        where = (*at, "encloses", place) if len(notice.encloses) > 1 else (*at, "encloses")
        if name not in known:
            yield _problem(policy, where, f"no form '{name}'; a form is named by its policy and rule", closest(name, known))
        elif known[name] != policy.file.table:
            what = f"the form '{name}' is made of table '{known[name]}', this policy is about '{policy.file.table}'"
            yield _problem(policy, where, what, None)


def _to_customer(config: Config, policy: LoadedPolicy, at: tuple[str | int, ...], to: list[str]) -> Iterable[Problem]:
    """A customer gets a letter of their own, and only rows that lead to a customer have one."""
    if len(to) > 1:
        what = "a customer reads no mail that staff read too: write a notice or rung of its own with `to: customer`"
        yield _problem(policy, (*at, "to"), what, None)
    table = config.tables[policy.file.table]
    if table.name != CUSTOMERS and not any(column.refers_to == CUSTOMERS for column in table.columns):
        what = f"'customer' is nobody: no column of table '{table.name}' has `refers_to: {CUSTOMERS}`"
        yield _problem(policy, (*at, "to"), what, None)


def _shown(config: Config, policy: LoadedPolicy, at: tuple[str | int, ...], notice: NoticeFile) -> Iterable[Problem]:
    """What a customer is shown must be columns of the table that may leave it."""
    table = config.tables[policy.file.table]
    for place, name in enumerate(notice.shows):
        column, where = table.column(name), ((*at, "shows", place) if len(notice.shows) > 1 else (*at, "shows"))
        if column is None:
            what = f"no column '{name}' in table '{table.name}'"
            yield _problem(policy, where, what, closest(name, [each.key for each in table.columns]))
        elif column.sensitive:
            yield _problem(policy, where, f"column '{name}' is sensitive: it is shown to no customer", None)
    readers = [*notice.to, *(reader for rung in notice.ladder for reader in rung.to)]
    if notice.shows and CUSTOMER not in readers:
        yield _problem(policy, (*at, "shows"), "'shows' is for notices with `to: customer`", None)


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
    elif to and template.startswith(LETTER) != (CUSTOMER in to):
        yield _problem(policy, (*at, "template"), _not_for_them(template), None)
    if not to:
        yield _problem(policy, at, "a notice needs 'to'", None)
    columns = [column.key for column in config.tables[policy.file.table].columns]
    if CUSTOMER in to:
        yield from _to_customer(config, policy, at, to)
    for reader in to:
        if not (reader in READERS or reader.startswith("role:") or reader in columns or ADDRESS.fullmatch(reader)):
            yield _problem(
                policy,
                (*at, "to"),
                f"'{reader}' is nobody: write owner, superior, approver, customer, role:…, a column or an address",
                closest(reader, columns),
            )


def _not_for_them(template: str) -> str:
    """Why a customer gets no mail of staff, and staff no letter to a customer."""
    if template.startswith(LETTER):
        return f"'{template}' is a letter to customers: write `to: customer`, or another template"
    return f"'{template}' is a mail for staff: a customer gets a template whose name begins with '{LETTER}'"


def _problem(policy: LoadedPolicy, at: tuple[str | int, ...], what: str, near: str | None) -> Problem:
    return policy.document.problem(at, what, *([f"did you mean '{near}'?"] if near else []))
