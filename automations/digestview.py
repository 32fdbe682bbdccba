"""`digest`: one digest as its reader would get it now, the list of all, or the sending of those that are due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from automations.channels.message import with_pictures
from automations.digestcontent import Desk, Reader, content_of
from automations.digestfile import DigestFile
from automations.digestpages import DigestPages
from automations.digests import Sent, desk_of, readers_of, send_digests, templates_of
from automations.digestslots import Slot, latest_slot
from automations.errors import OutsideFailed
from automations.meetingpapers import keep_paper
from automations.previewing import Preview
from automations.run import World
from automations.yamlcheck import closest

WORDS = {
    "facts": {"zh": "{title}，发给 {reader}，{now}", "en": "{title}, to {reader}, {now}"},
    "listed": {"zh": "{name}：{title}，{slot}，发给 {readers}", "en": "{name}: {title}, {slot}, to {readers}"},
    "nobody": {"zh": "（此刻没有人）", "en": "(nobody at this moment)"},
    "never": {"zh": "还没有到过", "en": "no slot yet"},
    "sent": {
        "zh": "第 {run} 次运行：发出 {sent} 封汇总，{quiet} 位没有可报的事项。",
        "en": "run {run}: {sent} digests sent, {quiet} readers had nothing to report.",
    },
    "nothing": {"zh": "没有到时间而未发的汇总。", "en": "No digest is due that has not been sent."},
    "none": {"zh": "没有设置汇总。", "en": "No digest is set up."},
}


class NoDigest(OutsideFailed):
    """There is no digest of this name, or it has no such reader."""


@dataclass(frozen=True)
class Listed:
    """Every digest in a line, with its newest slot and its readers."""

    lines: tuple[Mapping[str, Any], ...]
    language: str

    def data(self) -> list[Mapping[str, Any]]:
        return list(self.lines)

    def text(self) -> str:
        said = (
            WORDS["listed"][self.language].format(**line | {"readers": ", ".join(line["readers"]) or WORDS["nobody"][self.language]})
            for line in (dict(each) for each in self.lines)
        )
        return "\n".join(said) or WORDS["none"][self.language]


@dataclass(frozen=True)
class Kept:
    """A paper for a meeting, by its files."""

    files: tuple[str, ...]

    def data(self) -> dict[str, Any]:
        return {"files": list(self.files)}

    def text(self) -> str:
        return "\n".join(self.files)


@dataclass(frozen=True)
class Told:
    """What became of the digests that were due."""

    sent: Sent
    language: str

    def data(self) -> dict[str, Any]:
        return {"run": self.sent.run_id, "made": self.sent.made, "sent": self.sent.posted.sent, "quiet": self.sent.quiet}

    def text(self) -> str:
        if self.sent.run_id is None:
            return WORDS["nothing"][self.language]
        return WORDS["sent"][self.language].format(run=self.sent.run_id, sent=self.sent.posted.sent, quiet=self.sent.quiet)


def digest(
    world: World,
    now: datetime,
    *,
    name: str | None,
    reader: str = "",
    send: bool = False,
    language: str | None = None,
    html: Path | None = None,
    png: Path | None = None,
    width: int = 700,
    dark: bool = False,
    paper: bool = False,
) -> Listed | Told | Preview | Kept:
    """The command: send what is due, list all, or show one and write it to files."""
    if send:
        return send_due(world, [name] if name else [], now)
    if paper and name:
        return keep(world, name, now)
    if name is None:
        return list_digests(world, now)
    shown = show_digest(world, name, reader, now, language)
    shown.write(html, png, width=width, dark=dark)
    return shown


def send_due(world: World, names: Sequence[str], now: datetime) -> Told:
    """Send the digests that are due, of these names or all. Raises OutsideFailed when a mail did not leave."""
    for name in names:
        named(world, name)
    sent = send_digests(world, now, names)
    if sent.posted.troubles:
        raise OutsideFailed("\n".join(sent.posted.troubles))
    return Told(sent, world.config.language)


def keep(world: World, name: str, now: datetime) -> Kept:
    """The paper of the newest slot, written unless it is there. Raises OutsideFailed when it cannot be."""
    digest, desk = named(world, name), desk_of(world, now)
    folder = world.papers or world.config.root / world.config.settings.papers / world.config.branch
    paper = keep_paper(desk, templates_of(world), digest, _slot(world, digest, now), folder, None)
    return Kept(tuple(str(file) for file in paper.files))


def _slot(world: World, digest: DigestFile, now: datetime) -> Slot:
    slot = latest_slot(digest, world.config.calendar, now)
    if slot is None:
        raise NoDigest(f"digest '{digest.digest}' has no slot before {now:%Y-%m-%d %H:%M} that the calendar knows")
    return slot


def list_digests(world: World, now: datetime) -> Listed:
    """Every digest, with its newest slot and its readers."""
    desk, language = desk_of(world, now), world.config.language
    return Listed(tuple(_line(desk, world, digest, language) for digest in world.config.digests.values()), language)


def _line(desk: Desk, world: World, digest: DigestFile, language: str) -> dict[str, Any]:
    slot = latest_slot(digest, world.config.calendar, desk.now)
    readers = [reader.person.name for reader in readers_of(desk, digest)]
    title = digest.title.get(language) or digest.title.get("zh", "")
    return {
        "name": digest.digest,
        "title": title,
        "slot": f"{slot.at:%Y-%m-%d %H:%M}" if slot else WORDS["never"][language],
        "readers": readers,
    }


def show_digest(world: World, name: str, reader: str, now: datetime, language: str | None = None) -> Preview:
    """One digest as a reader would get it now; nothing is claimed or sent."""
    digest, desk = named(world, name), desk_of(world, now)
    chosen = _reader(desk, digest, reader)
    slot = _slot(world, digest, now)
    before = world.ledger.digests_sent(world.workbook.name, name).get(chosen.known_as)
    content = content_of(desk, digest, chosen, slot, before, None, language)
    rendered = DigestPages(templates_of(world)).render(content.language, content.fields)
    rendered = replace(rendered, html=with_pictures(rendered.html, [chart.file for chart in content.charts]))
    facts = WORDS["facts"][content.language].format(title=content.fields["title"], reader=chosen.person.name, now=f"{now:%Y-%m-%d %H:%M}")
    return Preview(rendered, facts, content.language)


def named(world: World, name: str) -> DigestFile:
    """The digest of this name. Raises NoDigest with the names there are."""
    found = world.config.digests.get(name)
    if found is None:
        near = closest(name, world.config.digests)
        hint = f"did you mean '{near}'?" if near else f"digests: {', '.join(world.config.digests) or 'none'}"
        raise NoDigest(f"there is no digest '{name}'; {hint}")
    return found


def _reader(desk: Desk, digest: DigestFile, wanted: str) -> Reader:
    """The reader named by name, staff number or address; the first one when nobody is named."""
    readers = readers_of(desk, digest)
    person = desk.people.staff.get(wanted)
    names = {wanted, *((person.address, person.name) if person else ())} - {""}
    found = [each for each in readers if not wanted or names & {each.person.name, each.person.address, each.known_as}]
    if not found:
        there = ", ".join(each.person.name for each in readers) or "nobody"
        raise NoDigest(f"digest '{digest.digest}' does not go to {wanted or 'anybody'} now; it goes to {there}")
    return found[0]
