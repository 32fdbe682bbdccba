"""Who calls: a person or a service account with scopes, what a file lets them do, and the protected cells they may not touch."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.sheets.a1 import Box
from tests.sheets.book import Book, Sheet
from tests.sheets.ranges import found
from tests.sheets.refusals import Json, protected

WRITERS = ("owner", "writer")


@dataclass(frozen=True)
class Caller:
    """The account behind a token, the project it is charged to, and the role it has on the file that is asked for."""

    email: str
    scopes: frozenset[str]
    project: str
    role: str = ""
    language: str = "en"

    @property
    def may_write(self) -> bool:
        return self.role in WRITERS


@dataclass(frozen=True)
class Sharing:
    """Who may do what with a file; `anyone` is the role of everybody who has the link."""

    roles: dict[str, str] = field(default_factory=dict)
    anyone: str = ""

    def role(self, email: str) -> str:
        return self.roles.get(email, self.anyone)


def may_edit(caller: Caller, protection: Json) -> bool:
    """Whether a caller may change what this protected range covers."""
    if protection.get("warningOnly") or caller.role == "owner":
        return caller.may_write
    return caller.may_write and caller.email in protection.get("editors", {}).get("users", [])


def guard(caller: Caller, sheet: Sheet, box: Box, where: str) -> None:
    """Refuse where the box meets a protected range which the caller may not edit."""
    for protection in sheet.things("protectedRanges"):
        covered = Box.of(protection.get("range", {}))
        if covered.meets(box) and not may_edit(caller, protection) and not _spared(protection, box):
            raise protected(where, caller.language)


def _spared(protection: Json, box: Box) -> bool:
    """Whether the box lies wholly in one of the ranges that the protection leaves out."""
    return any(_inside(Box.of(spared), box) for spared in protection.get("unprotectedRanges", []))


def _inside(outer: Box, box: Box) -> bool:
    below = outer.bottom is None or (box.bottom is not None and box.bottom <= outer.bottom)
    right = outer.right is None or (box.right is not None and box.right <= outer.right)
    return outer.top <= box.top and outer.left <= box.left and below and right


def guard_range(caller: Caller, book: Book, address: str, where: str) -> None:
    sheet, box = found(book, address)
    guard(caller, sheet, box, where)
