"""Working papers for meetings: a digest of everybody's matters as a page and as a Word file in a folder, once per slot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from automations.channels.message import with_pictures
from automations.digestcontent import PAPER, Content, Desk, Reader, content_of
from automations.digestfile import DigestFile
from automations.digestpages import DigestPages
from automations.digestslots import Slot
from automations.filing import file_name, keep_file
from automations.formtemplates import WORD
from automations.ledgers.protocol import DigestRecord
from automations.model import Attachment
from automations.people import Person
from automations.wordpapers import PaperTemplates


@dataclass(frozen=True)
class Paper:
    """A paper that is kept: a page for a browser, and a Word file to write the minutes into."""

    page: Path
    word: Path

    @property
    def files(self) -> tuple[Path, Path]:
        return self.page, self.word

    def enclosed(self) -> Attachment:
        """The Word file as it travels with the mail, with what people wrote into it before."""
        return Attachment(self.word.name, WORD, self.word.read_bytes())


def keep_paper(desk: Desk, templates: Path, digest: DigestFile, slot: Slot, folder: Path, run: int | None) -> Paper:
    """Write the paper of a slot; what is there stays as people left it.

    Raises OutsideFailed when it cannot be written, FormFailed and TemplateFailed when a template has a fault.
    """
    content = _content(desk, digest, slot, run)
    paper = Paper(folder / paper_name(content, ".html"), folder / paper_name(content, ".docx"))
    if not paper.page.exists():
        page = DigestPages(templates).render(content.language, content.fields).html
        shown = with_pictures(page, [chart.file for chart in content.charts])
        keep_file(paper.page, shown.encode("utf-8-sig"), "papers")
    if not paper.word.exists():
        keep_file(paper.word, PaperTemplates(templates).render(content), "papers")
    return paper


def paper_name(content: Content, ending: str) -> str:
    """`协同周例会材料 2026-09-14至2026-09-20.html`."""
    return file_name(f"{content.fields['title']} {content.fields['period']}", ending)


def _content(desk: Desk, digest: DigestFile, slot: Slot, run: int | None) -> Content:
    """The digest as nobody in particular would get it; compared with the last one that reached anybody."""
    sent = desk.ledger.digests_sent(desk.judged.snapshot.workbook, digest.digest).values()
    before = max(sent, key=_slot, default=None)
    return content_of(desk, digest, Reader(Person("", "", why=PAPER)), slot, before, run, desk.config.language)


def _slot(record: DigestRecord) -> datetime:
    return record.slot
