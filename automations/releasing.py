"""Which mails leave now, which wait for a person's word, and which need not wait any longer."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parseaddr
from hashlib import blake2b
from itertools import chain

from automations.brakes import Sent, mail_brakes
from automations.channels.message import ONE_ADDRESS
from automations.declarations import Brakes
from automations.model import KeptMail, Mail, Outgoing, Tripped, Words

SETTLED: Words = {"zh": "事情已经了结，不必再发", "en": "the matter is settled"}
ELSEWHERE: Words = {"zh": "内容已并入另一封邮件", "en": "its matters stand in another mail now"}
OFF: Words = {"zh": "说到的制度或规则已停用", "en": "a policy or rule it speaks of is switched off"}
TICKED: Words = {"zh": "在表里勾选了放行", "en": "released by a tick in the sheet"}


@dataclass(frozen=True)
class Sorted:
    """The mails of a plan: `mails` leave, `waiting` wait, of which `anew` are new or have changed; `ticked` drafts were released in the
    sheet, `withdrawn` ones are let go with the reason, `shadow` ones are only shown."""

    mails: tuple[Mail, ...] = ()
    waiting: tuple[Outgoing, ...] = ()
    anew: tuple[KeptMail, ...] = ()
    ticked: tuple[KeptMail, ...] = ()
    withdrawn: tuple[tuple[KeptMail, Words], ...] = ()
    shadow: tuple[Outgoing, ...] = ()
    tripped: tuple[Tripped, ...] = ()

    @property
    def unchanged(self) -> frozenset[str]:
        """The identities of notices that wait in a mail that is in the outbox as it should be."""
        new = {kept.mail.message_id for kept in self.anew}
        return frozenset(chain.from_iterable(each.mail.identities for each in self.waiting if each.mail.message_id not in new))


@dataclass(frozen=True)
class Spoken:
    """What the notices of a plan come to: mails that would go, and the identities of all that is to be told and was not yet."""

    outgoing: Sequence[Outgoing] = ()
    standing: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Waiting:
    """What waited before this plan: mails of the outbox, and the (table, key) of rows where a person has just ticked the release.

    `off` are mails, also ones that were only to be tried again, of policies that are switched off. `beyond` are mails this run does not
    reach: they stay as they are, but a tick releases them too.
    """

    kept: Sequence[KeptMail] = ()
    off: Sequence[KeptMail] = ()
    beyond: Sequence[KeptMail] = ()
    ticked: Collection[tuple[str, str]] = ()
    force: bool = False
    sent: Sent = field(default_factory=Sent)


def sort_mails(spoken: Spoken, waiting: Waiting, brakes: Brakes) -> Sorted:
    """Every mail where it belongs. What a person has released leaves, past every brake; forced, nothing is held."""
    live = [each for each in spoken.outgoing if each.way != "shadow"]
    known = {kept.mail.message_id: kept for kept in waiting.kept}
    ticked = [known[each.mail.message_id] for each in live if _is_ticked(each, known, waiting.ticked)]
    released = waiting.sent.released.union(*(kept.mail.identities for kept in ticked))
    free = [each for each in live if released.intersection(each.mail.identities)]
    going = [each for each in live if each.way == "live" and each not in free]
    held, tripped = mail_brakes(going, free, brakes, waiting.sent)
    held = set() if waiting.force and not waiting.sent.old else held
    waits = [each for each in live if each not in free and (each.way == "draft" or each.mail.message_id in held)]
    wanted = [KeptMail(each.mail, "draft" if each.way == "draft" else "held") for each in waits]
    return Sorted(
        mails=tuple(each.mail for each in live if each not in waits),
        waiting=tuple(waits),
        anew=tuple(kept for kept in wanted if not _as_kept(kept, known)),
        ticked=(*ticked, *(each for each in waiting.beyond if each.state == "draft" and _rows_of(each).intersection(waiting.ticked))),
        withdrawn=tuple(_withdrawn(waiting, live, spoken.standing)),
        shadow=tuple(each for each in spoken.outgoing if each.way == "shadow"),
        tripped=tuple(tripped),
    )


def _is_ticked(each: Outgoing, known: Mapping[str, KeptMail], ticked: Collection[tuple[str, str]]) -> bool:
    """Whether a draft that stood in the outbox before is released by its row."""
    kept = known.get(each.mail.message_id)
    return kept is not None and kept.state == "draft" and any((notice.table, notice.key) in ticked for notice in each.notices)


def _rows_of(kept: KeptMail) -> set[tuple[str, str]]:
    """The (table, key) of the rows a mail speaks of, from the identities of its notices: `policy|rule|table|key|…` with four parts more."""
    parts = (identity.split("|") for identity in kept.mail.identities)
    return {(each[2], "|".join(each[3:-4])) for each in parts if len(each) >= 8}


def _as_kept(wanted: KeptMail, known: Mapping[str, KeptMail]) -> bool:
    """Whether the outbox holds this mail in this state with the same words; when it was written does not count."""
    kept = known.get(wanted.mail.message_id)
    return kept is not None and kept.state == wanted.state and _words(kept.mail) == _words(wanted.mail)


def _words(mail: Mail) -> tuple[str, ...]:
    moment, day = f"{mail.sent_at:%Y-%m-%d %H:%M}", f"{mail.sent_at:%Y-%m-%d}"
    subject, text, html = (words.replace(moment, "") for words in (mail.subject, mail.text, mail.html))
    if text.rstrip().endswith(day):  # a letter, which ends with its date
        text, html = text.rstrip().removesuffix(day), "".join(html.rpartition(day)[::2])
    return (mail.to, mail.reader, mail.reply_to, mail.language, subject, text, html)


def _withdrawn(waiting: Waiting, live: Sequence[Outgoing], standing: Collection[str]) -> list[tuple[KeptMail, Words]]:
    """Mails that wait for nothing any more, or of which another mail takes up a part; one whose matters are all only put off stays."""
    there = {each.mail.message_id for each in live}
    carried = set(chain.from_iterable(each.mail.identities for each in live))
    found = [(each, OFF) for each in waiting.off]
    for each in (kept for kept in waiting.kept if kept not in waiting.off):
        still = set(each.mail.identities).intersection(standing)
        if each.mail.message_id not in there and (not still or still & carried):
            found.append((each, ELSEWHERE if still else SETTLED))
    return found


def message_id(workbook: str, identities: Sequence[str], domain: str) -> str:
    """The mail's own Message-ID: the same occasions for the same reader give the same one."""
    digest = blake2b("\n".join([workbook, *identities]).encode(), digest_size=16).hexdigest()
    return f"<{digest}@{domain}>"


def domain_of(sender: str) -> str:
    """The domain mail is sent from, or one that no host can have when there is no real sender."""
    domain = parseaddr(sender)[1].rpartition("@")[2]
    return domain if ONE_ADDRESS.fullmatch(f"x@{domain}") and "." in domain else "rowkeeper.invalid"
