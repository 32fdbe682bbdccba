"""Working papers for meetings: a digest of everybody's matters as one page in a folder, with its pictures in it, once per slot."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from automations.channels.message import with_pictures
from automations.digestcontent import PAPER, Content, Desk, Reader, content_of
from automations.digestfile import DigestFile
from automations.digestpages import DigestPages
from automations.digestslots import Slot
from automations.filing import file_name, make_folder
from automations.ledgers.protocol import DigestRecord
from automations.people import Person
from automations.picturing import in_words


def keep_paper(desk: Desk, pages: DigestPages, digest: DigestFile, slot: Slot, folder: Path, run: int | None) -> Path:
    """Write the paper of a slot; one that is there stays as people left it. Raises OutsideFailed when it cannot be written."""
    content = _content(desk, digest, slot, run)
    file = folder / paper_name(content)
    if file.exists():
        return file
    page = pages.render(content.language, content.fields).html
    make_folder(folder, "papers")
    with in_words(file):
        file.write_text(with_pictures(page, [chart.file for chart in content.charts]), encoding="utf-8-sig")
    return file


def paper_name(content: Content) -> str:
    """`协同周例会材料 2026-09-14至2026-09-20.html`."""
    return file_name(f"{content.fields['title']} {content.fields['period']}", ".html")


def _content(desk: Desk, digest: DigestFile, slot: Slot, run: int | None) -> Content:
    """The digest as nobody in particular would get it; compared with the last one that reached anybody."""
    sent = desk.ledger.digests_sent(desk.judged.snapshot.workbook, digest.digest).values()
    before = max(sent, key=_slot, default=None)
    return content_of(desk, digest, Reader(Person("", "", why=PAPER)), slot, before, run, desk.config.language)


def _slot(record: DigestRecord) -> datetime:
    return record.slot
