"""Notices: occasions addressed to readers, told once, grouped per reader and rendered into mails."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, Protocol

from automations.addressing import Addressed, Told, addressed
from automations.brakes import Sent, notice_brakes
from automations.config import Config
from automations.customers import CUSTOMER, row_finding
from automations.enclosing import enclosed_with
from automations.judging import Judged
from automations.model import Finding, Mail, Notice, Outgoing, Tripped
from automations.noticefacts import facts_of
from automations.people import People
from automations.quiet import OpenHours
from automations.releasing import Spoken, domain_of, message_id


class Renders(Protocol):
    """What turns fields into a subject, a text and an HTML page."""

    def render(self, template: str, language: str, fields: Mapping[str, object]) -> Any: ...

    def render_several(self, language: str, reader: str, items: Sequence[Mapping[str, object]]) -> Any: ...


@dataclass(frozen=True)
class Notices:
    """What a run has to tell: the notices to claim, the mails that would carry them, the notices and mails that wait for their reader,
    and rows whose customer cannot be reached."""

    new: Sequence[Notice] = ()
    spoken: Spoken = field(default_factory=Spoken)
    deferred: Sequence[Notice] = ()
    resting: Sequence[str] = ()
    findings: Sequence[Finding] = ()


@dataclass(frozen=True)
class Envelope:
    """What the notices of one mail share. A customer's letter carries one notice, so that it is never grouped with another."""

    address: str
    way: Literal["live", "draft", "shadow"]
    redirected: str
    caught: str
    alone: str


def plan_notices(
    judged: Judged,
    config: Config,
    findings: Sequence[Finding],
    told: Told,
    renders: Renders,
    now: datetime,
    sent: Sent | None = None,
    whole: Config | None = None,
) -> Notices:
    """Every new notice, and the mails that carry those to be sent; several for one reader become one mail.

    Where `config` holds only the policies in reach, `whole` knows which of the mails that wait are emergencies.
    """
    people = People(judged, config)
    new, deferred = addressed(judged, config, people, told, now)
    going = [each for each in new if each.notice.state == "planned"]
    caught = notice_brakes([each.notice for each in going if _way(each, config) == "live"], config, sent or Sent())
    outgoing = list(_mails(judged, config, people, findings, going, caught, renders, now))
    return Notices(
        [_recorded(each.notice, config) for each in new],
        Spoken(outgoing, frozenset(each.notice.identity for each in (*new, *deferred))),
        [each.notice for each in deferred],
        [mail.message_id for mail in told.pending() if rests(mail, people, whole or config, now)],
        [
            row_finding(judged, "customer-address", table, row, {"customer": name})
            for (table, row), name in people.without_address.items()
            if not told.first_seen(table)
        ],
    )


def rests(mail: Mail, people: People, config: Config, now: datetime) -> bool:
    """Whether a mail that has not left yet waits until its reader is at work; one that carries an emergency does not."""
    urgent = {f"{name}/{notice.on}" for name, policy in config.policies.items() for notice in policy.file.notices if not notice.quiet}
    rules = {rule for identity in mail.identities for rule in identity.split("|")[1:2]}
    return bool(rules) and rules.isdisjoint(urgent) and OpenHours(config, now).opens(people.at(mail.to)) is not None


def _recorded(notice: Notice, config: Config) -> Notice:
    """A notice as the ledger keeps it: of a policy in shadow it counts as told, so that going live floods nobody."""
    if notice.state == "planned" and config.policies[notice.policy].file.mode == "shadow":
        return replace(notice, state="suppressed", reason="shadow")
    return notice


def _way(each: Addressed, config: Config) -> Literal["live", "draft", "shadow"]:
    """How a notice goes: a policy in shadow tells nobody, a customer's letter waits for a person unless the policy or its pack sends it."""
    policy = config.policies[each.occasion.policy]
    if policy.file.mode == "shadow":
        return "shadow"
    sends = policy.file.customers or config.packs[policy.pack].customers
    return "draft" if each.person.why == CUSTOMER and sends == "draft" else "live"


def _envelope(each: Addressed, config: Config, caught: Mapping[str, Tripped]) -> Envelope:
    file, stop = config.policies[each.occasion.policy].file, caught.get(each.notice.identity)
    return Envelope(
        each.person.address,
        _way(each, config),
        (file.redirect_to or config.settings.mail.redirect_all_to) if file.mode == "redirect" else "",
        stop.identity if stop else "",
        each.notice.identity if each.person.why == CUSTOMER else "",
    )


def _mails(
    judged: Judged,
    config: Config,
    people: People,
    findings: Sequence[Finding],
    going: Sequence[Addressed],
    caught: Mapping[str, Tripped],
    renders: Renders,
    now: datetime,
) -> Iterable[Outgoing]:
    together: dict[Envelope, list[Addressed]] = defaultdict(list)
    for each in going:
        together[_envelope(each, config, caught)].append(each)
    spoken = {(finding.rule, finding.table, finding.row, finding.column): finding for finding in findings}
    for envelope, items in sorted(together.items(), key=lambda item: astuple(item[0])):
        papers = [enclosed_with(judged, config, each) for each in items]
        facts = [facts_of(judged, config, people, spoken, each, now) for each in items]
        fields = [{**each, "enclosed": paper.said} for each, paper in zip(facts, papers, strict=True)]
        reply_to, domain = reply_address(config, people, items), domain_of(config.settings.mail.sender)
        mail = _mail(judged.snapshot.workbook, envelope, items, fields, renders, now, reply_to, domain)
        mail = replace(mail, attachments=tuple(dict.fromkeys(file for paper in papers for file in paper.files)))
        yield Outgoing(mail, tuple(each.notice for each in items), envelope.way, caught.get(items[0].notice.identity))


def _mail(
    workbook: str,
    envelope: Envelope,
    items: Sequence[Addressed],
    fields: Sequence[Mapping[str, object]],
    renders: Renders,
    now: datetime,
    reply_to: str,
    domain: str,
) -> Mail:
    """One mail in words; where a policy is redirected, to that address with the true one in the subject."""
    identities = tuple(sorted(each.notice.identity for each in items))
    language, reader = items[0].notice.language, items[0].person.name
    one = len(items) == 1
    rendered = renders.render(items[0].occasion.template, language, fields[0]) if one else renders.render_several(language, reader, fields)
    return Mail(
        message_id=message_id(workbook, identities, domain),
        to=envelope.redirected or envelope.address,
        reader=reader,
        subject=f"[-> {envelope.address}] {rendered.subject}" if envelope.redirected else rendered.subject,
        text=rendered.text,
        html=rendered.html,
        identities=identities,
        sent_at=now,
        language=language,
        reply_to=reply_to,
    )


def reply_address(config: Config, people: People, items: Sequence[Addressed]) -> str:
    """Where an answer goes: to the owner of the policy, where all matters of a mail have the same."""
    owners = {people.address_of(config.policies[each.occasion.policy].file.owner, each.occasion.table, each.occasion.row) for each in items}
    return owners.pop() if len(owners) == 1 else ""
