"""Digests: which are due for whom, made, claimed by compare-and-set, and sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from pathlib import Path

from automations.digestcontent import Content, Desk, Reader, content_of
from automations.digestfile import DigestFile
from automations.digestpages import DigestPages
from automations.digestslots import Slot, latest_slot
from automations.digestwords import SAID
from automations.errors import OutsideFailed, RowkeeperError
from automations.formtemplates import FormFailed
from automations.generation import count, older
from automations.ledgers.protocol import DigestRecord, RunOutcome, RunStart
from automations.meetingpapers import keep_paper
from automations.model import Attachment, Mail
from automations.people import Person
from automations.posting import Posted, send_pending
from automations.releasing import domain_of
from automations.rendering import Rendered
from automations.run import World, judge, read

OWNER = "owner"
EVERYBODY = "*"
"""The reader under which a slot is noted as over: everybody it was for has been looked at, who comes later waits for the next."""


@dataclass(frozen=True)
class Due:
    """A digest whose slot has come for a reader who did not get it yet."""

    digest: DigestFile
    slot: Slot
    reader: Reader
    before: DigestRecord | None


@dataclass(frozen=True, eq=False)
class Sent:
    """What a run of digests did: its number (none when nothing was due), how many mails it made, and what became of them."""

    run_id: int | None
    made: int
    quiet: int
    posted: Posted


def send_digests(world: World, now: datetime, names: Sequence[str] = ()) -> Sent:
    """Send every digest whose newest slot has come and was not claimed; of these names, or all.

    Before the first sweep of a workbook nothing is sent: what a digest says must have been taken in first; nor by an old copy of a ledger.
    """
    ready = world.ledger.knows(world.workbook.name) and not older(world.marks, world.ledger, world.workbook.name)
    open_slots = _open_slots(world, now, names) if ready else []
    if not open_slots:
        return Sent(None, 0, 0, Posted(0))
    desk = desk_of(world, now)
    return _sent(world, desk, open_slots, list(due_digests(desk, world, open_slots)))


def desk_of(world: World, now: datetime) -> Desk:
    """The workbook read and judged at this moment."""
    snapshot, _ = read(world, now)
    return Desk(judge(world, snapshot, now), world.config, world.ledger, now)


def templates_of(world: World) -> Path:
    """Where the templates of this configuration are."""
    return (world.config.source or world.config.root) / "templates"


def _open_slots(world: World, now: datetime, names: Sequence[str]) -> list[tuple[DigestFile, Slot]]:
    """The digests whose newest slot is not over yet; the workbook is read only when there are any."""
    found, workbook = [], world.workbook.name
    for digest in _wanted(world.config.digests, names):
        slot, claimed = latest_slot(digest, world.config.calendar, now), world.ledger.digests_claimed(workbook, digest.digest)
        if slot and claimed.get(EVERYBODY, datetime.min) < slot.at:
            found.append((digest, slot))
    return found


def _wanted(digests: Mapping[str, DigestFile], names: Sequence[str]) -> list[DigestFile]:
    return [digest for name, digest in digests.items() if not names or name in names]


def due_digests(desk: Desk, world: World, open_slots: Sequence[tuple[DigestFile, Slot]]) -> Iterator[Due]:
    """These digests for the readers who have not had this slot or a later one."""
    workbook = world.workbook.name
    for digest, slot in open_slots:
        claimed = world.ledger.digests_claimed(workbook, digest.digest)
        sent = world.ledger.digests_sent(workbook, digest.digest)
        for reader in readers_of(desk, digest):
            if claimed.get(reader.known_as, datetime.min) < slot.at:
                yield Due(digest, slot, reader, sent.get(reader.known_as))


def readers_of(desk: Desk, digest: DigestFile) -> list[Reader]:
    """Who gets a digest: the posts and addresses it names, or with `owner` everybody responsible for something it tells of."""
    targets = [target for target in digest.to if target != OWNER]
    found = desk.people.told(targets, "", 0, "", "") if targets else []
    owners = _owners(desk) if OWNER in digest.to else []
    return [Reader(person) for person in {person.known_as: person for person in (*found, *owners)}.values()]


def _owners(desk: Desk) -> list[Person]:
    """The staff with something open, settled or to correct, whom mail can reach; deputies for those away."""
    staff = desk.people.staff
    correct = {staff[each.owner].known_as for each in desk.findings if each.owner in staff}
    named = {*desk.steps.whose.tolist(), *correct, *_approvers(desk)}
    addresses = sorted({person.address for person in staff.values() if person.known_as in named and person.address})
    told = (desk.people.told([address], "", 0, "", "") for address in addresses)
    return [person for persons in told for person in persons if person.why != "fallback"]


def _approvers(desk: Desk) -> set[str]:
    asked = {who for _, kind, who in desk.waiting if kind == "waiting" and who.startswith("role:")}
    return {person.known_as for who in asked for person in desk.people.told([who], "", 0, "", "") if person.why != "fallback"}


def says_anything(digest: DigestFile, content: Content) -> bool:
    """Whether a mail is worth sending: with one matter of one's own the single notice is enough, with none some want the line."""
    if not digest.lists or digest.nothing == "say":
        return True
    return content.matters > 1


def _sent(world: World, desk: Desk, open_slots: Sequence[tuple[DigestFile, Slot]], due: Sequence[Due]) -> Sent:
    config, ledger = world.config, world.ledger
    names = ", ".join(digest.digest for digest, _ in open_slots)
    run_id = ledger.begin_run(RunStart(f"digest {names}", world.workbook.name, desk.now, config.hash, ""))
    try:
        pages = DigestPages(templates_of(world))
        papers, lost = _papers(world, desk, open_slots, run_id)
        made = [_made(world, desk, pages, each, run_id, papers.get(each.digest.digest)) for each in due]
        mine = [mail.message_id for mail in made if mail]
        for digest, slot in open_slots:
            ledger.claim_digest(run_id, DigestRecord(digest.digest, EVERYBODY, slot.at, desk.now))
        posted = _post(world, desk.now, mine) if world.posts else Posted(0)
        posted = replace(posted, troubles=(*posted.troubles, *lost))
    except RowkeeperError as error:
        ledger.end_run(run_id, RunOutcome("failed", desk.now, str(error)))
        raise
    counts = {"digests": len(mine), "mails": posted.sent, "failed": len(posted.troubles)}
    ledger.end_run(run_id, RunOutcome("done", desk.now, counts=counts))
    return Sent(run_id, len(mine), len(made) - len(mine), posted)


def _papers(
    world: World, desk: Desk, open_slots: Sequence[tuple[DigestFile, Slot]], run_id: int
) -> tuple[dict[str, Attachment], tuple[str, ...]]:
    """Keep the papers of these slots: the Word file of each, by its digest, and what went wrong, which stops no mail."""
    kept, lost = {}, []
    for digest, slot in open_slots:
        if digest.paper and world.papers:
            try:
                kept[digest.digest] = keep_paper(desk, templates_of(world), digest, slot, world.papers, run_id).enclosed()
            except (OutsideFailed, FormFailed) as error:
                lost.append(str(error))
    return kept, tuple(lost)


def _made(world: World, desk: Desk, pages: DigestPages, due: Due, run_id: int, paper: Attachment | None) -> Mail | None:
    """Claim the slot and put the mail, together or not at all; None when there is nothing to say or somebody was first."""
    content = content_of(desk, due.digest, due.reader, due.slot, due.before, run_id)
    worth = says_anything(due.digest, content)
    said = {**content.fields, "enclosed": SAID["enclosed"][content.language] if paper else ""}
    mail = _mail(world, desk, due, content, pages.render(content.language, said), paper) if worth else None
    known_as, message_id = due.reader.known_as, mail.message_id if mail else ""
    record = DigestRecord(due.digest.digest, known_as, due.slot.at, desk.now, message_id, content.figures)
    with world.ledger.at_once():
        if not world.ledger.claim_digest(run_id, record):
            return None
        world.ledger.put_mails(run_id, [mail] if mail else [])
    return mail


def _post(world: World, now: datetime, mine: Sequence[str]) -> Posted:
    """Hand over these mails and no others. A digest is a scheduled mail: it is not put off until its reader is at work."""
    count(world.marks, world.ledger, world.workbook.name, now)
    others = [record.mail.message_id for record in world.ledger.pending_mails(now) if record.mail.message_id not in mine]
    return send_pending(world.ledger, world.channel, now, others)


def _mail(world: World, desk: Desk, due: Due, content: Content, rendered: Rendered, paper: Attachment | None) -> Mail:
    domain = domain_of(world.config.settings.mail.sender)
    parts = ("digest", world.workbook.name, due.digest.digest, due.reader.known_as, due.slot.at.isoformat())
    digest = blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()
    return Mail(
        message_id=f"<{digest}@{domain}>",
        to=due.reader.person.address,
        reader=due.reader.person.name,
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        identities=(),
        sent_at=desk.now,
        language=content.language,
        list_id=f"{due.digest.digest}.{domain}",
        attachments=(*(chart.file for chart in content.charts), *([paper] if paper else [])),
    )
