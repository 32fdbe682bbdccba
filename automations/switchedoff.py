"""Mails that still wait though what they speak of is switched off: a policy removed or in shadow, a rule or its notice deleted."""

from __future__ import annotations

from itertools import chain

from automations.config import Config
from automations.holding import hold_rule
from automations.ledgers.protocol import KEPT, Ledger
from automations.model import KeptMail
from automations.remembering import ALL, kept_mail
from automations.shadowing import in_shadow


def switched_off(ledger: Ledger, config: Config, workbook: str) -> tuple[KeptMail, ...]:
    """The mails of a workbook with at least one such matter. They are withdrawn whole: what is live in them is planned again."""
    speaking = _speaking(config)
    waiting = (kept_mail(record) for record in reversed(ledger.outbox(("pending", *KEPT), workbook, limit=ALL)))
    return tuple(each for each in waiting if not all(_speaks(identity, speaking) for identity in each.mail.identities))


def matters_of(mails: tuple[KeptMail, ...]) -> frozenset[str]:
    """The identities of all notices in these mails."""
    return frozenset(chain.from_iterable(each.mail.identities for each in mails))


def _speaking(config: Config) -> dict[str, set[str]]:
    """The rules each policy may send mails about now; a policy in shadow sends none."""
    shadows = in_shadow(config)
    live = {name: policy.file for name, policy in config.policies.items() if name not in shadows}
    rules = {name: {f"{name}/{notice.on}" for notice in file.notices} for name, file in live.items()}
    return {name: {*rules[name], hold_rule(file.table)} for name, file in live.items()}


def _speaks(identity: str, speaking: dict[str, set[str]]) -> bool:
    """Whether a notice, by its identity `policy|rule|…`, is of a policy and a rule that still send mails; others are not ours."""
    policy, ours, rest = identity.partition("|")
    return not ours or rest.partition("|")[0] in speaking.get(policy, ())
