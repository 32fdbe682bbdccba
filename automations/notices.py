"""Notices: occasions addressed to readers, told once, grouped per reader and rendered into mails."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from hashlib import blake2b
from typing import Any, Protocol

from automations.addressing import Addressed, Told, addressed
from automations.channels.message import ONE_ADDRESS
from automations.config import Config
from automations.judging import Judged
from automations.model import Finding, Mail, Notice
from automations.noticefacts import facts_of
from automations.people import People
from automations.quiet import OpenHours


class Renders(Protocol):
    """What turns fields into a subject, a text and an HTML page."""

    def render(self, template: str, language: str, fields: Mapping[str, object]) -> Any: ...

    def render_several(self, language: str, reader: str, items: Sequence[Mapping[str, object]]) -> Any: ...


@dataclass(frozen=True)
class Notices:
    """What a run has to tell: the notices to claim, the mails that carry them, and the notices that wait for their reader."""

    new: Sequence[Notice] = ()
    mails: Sequence[Mail] = ()
    deferred: Sequence[Notice] = ()
    resting: Sequence[str] = ()


def plan_notices(judged: Judged, config: Config, findings: Sequence[Finding], told: Told, renders: Renders, now: datetime) -> Notices:
    """Every new notice, and the mails that carry those to be sent; several for one reader become one mail."""
    people = People(judged, config)
    new, deferred = addressed(judged, config, people, told, now)
    sent = [each for each in new if each.notice.state == "planned"]
    mails = list(_mails(judged, config, people, findings, sent, renders, now))
    resting = [mail.message_id for mail in told.pending() if rests(mail, people, config, now)]
    return Notices([each.notice for each in new], mails, [each.notice for each in deferred], resting)


def rests(mail: Mail, people: People, config: Config, now: datetime) -> bool:
    """Whether a mail that has not left yet waits until its reader is at work; one that carries an emergency does not."""
    urgent = {f"{name}/{notice.on}" for name, policy in config.policies.items() for notice in policy.file.notices if not notice.quiet}
    rules = {rule for identity in mail.identities for rule in identity.split("|")[1:2]}
    return bool(rules) and rules.isdisjoint(urgent) and OpenHours(config, now).opens(people.at(mail.to)) is not None


def _mails(
    judged: Judged, config: Config, people: People, findings: Sequence[Finding], sent: Sequence[Addressed], renders: Renders, now: datetime
) -> Iterable[Mail]:
    by_reader: dict[str, list[Addressed]] = defaultdict(list)
    for each in sent:
        by_reader[each.person.address].append(each)
    spoken = {(finding.rule, finding.table, finding.row, finding.column): finding for finding in findings}
    for address, items in sorted(by_reader.items()):
        identities = tuple(sorted(each.notice.identity for each in items))
        fields = [facts_of(judged, config, people, spoken, each, now) for each in items]
        language, reader = items[0].notice.language, items[0].person.name
        rendered = (
            renders.render(items[0].occasion.template, language, fields[0])
            if len(items) == 1
            else renders.render_several(language, reader, fields)
        )
        yield Mail(
            message_id=message_id(judged.snapshot.workbook, identities, domain_of(config.settings.mail.sender)),
            to=address,
            reader=reader,
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
            identities=identities,
            sent_at=now,
            language=language,
            reply_to=reply_address(config, people, items),
        )


def message_id(workbook: str, identities: Sequence[str], domain: str) -> str:
    """The mail's own Message-ID: the same occasions for the same reader give the same one."""
    digest = blake2b("\n".join([workbook, *identities]).encode(), digest_size=16).hexdigest()
    return f"<{digest}@{domain}>"


def domain_of(sender: str) -> str:
    """The domain mail is sent from, or one that no host can have when there is no real sender."""
    domain = parseaddr(sender)[1].rpartition("@")[2]
    return domain if ONE_ADDRESS.fullmatch(f"x@{domain}") and "." in domain else "rowkeeper.invalid"


def reply_address(config: Config, people: People, items: Sequence[Addressed]) -> str:
    """Where an answer goes: to the owner of the policy, where all matters of a mail have the same."""
    owners = {people.address_of(config.policies[each.occasion.policy].file.owner, each.occasion.table, each.occasion.row) for each in items}
    return owners.pop() if len(owners) == 1 else ""
