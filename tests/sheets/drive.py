"""The drive: files with their revisions, their sharing, and the slow counter Drive keeps of their versions."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.sheets.book import Book
from tests.sheets.caller import Sharing

RECENT = 50
VERSION_LAG = 15.0
"""Seconds in which Drive's `version` and `modifiedTime` do not move after an edit, as measured on the real one."""


@dataclass
class File:
    """A spreadsheet on the drive: its revisions, the newest last, and who may do what."""

    revisions: list[Book]
    sharing: Sharing
    trashed: bool = False
    saved: list[tuple[float, int]] = field(default_factory=lambda: [(float("-inf"), 1)])

    @property
    def book(self) -> Book:
        return self.revisions[-1]

    def back(self, many: int) -> Book:
        """The revision so many before the newest, or the oldest that is still kept."""
        return self.revisions[max(-1 - many, -len(self.revisions))]

    def save(self, book: Book, now: float) -> None:
        """Make a changed copy the newest revision."""
        book.revision = self.book.revision + 1
        self.revisions.append(book)
        del self.revisions[:-RECENT]
        self.saved.append((now, book.revision))

    def version(self, now: float) -> tuple[float, int]:
        """(when, revision) of the last save that Drive admits to."""
        return next(save for save in reversed(self.saved) if save[0] <= now - VERSION_LAG)


@dataclass
class Drive:
    """All files by their id."""

    files: dict[str, File] = field(default_factory=dict)
    made: int = 0

    def fresh_id(self) -> str:
        self.made += 1
        return f"1stand-in-file-{self.made:04d}-0123456789abcdefghijk"

    def add(self, book: Book, sharing: Sharing) -> File:
        self.files[book.spreadsheet_id] = File([book], sharing)
        return self.files[book.spreadsheet_id]
