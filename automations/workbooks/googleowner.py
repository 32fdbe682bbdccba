"""The mark of the installation that keeps a spreadsheet: a second one sees it and leaves the spreadsheet alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from automations.errors import WorkbookTaken
from automations.workbooks.googlefaults import Asked

MARK = "rowkeeper.owner"


class Holder(Protocol):
    """This installation as a spreadsheet remembers it, and what it remembers of the spreadsheet. Kept in the ledger."""

    id: str
    label: str

    def recall(self, name: str) -> str:
        """A text that was remembered; "" where there is none."""

    def remember(self, name: str, text: str) -> None:
        """Keep a text under a name."""


def generation_of(holder: Holder, spreadsheet: str) -> int:
    """How many writes of ours the ledger knows of."""
    return int(holder.recall(f"generation {spreadsheet}") or 0)


class Passing:
    """An installation that remembers only as long as it runs: for looking, and for tests."""

    def __init__(self, id_: str = "passing", label: str = "") -> None:
        self.id, self.label = id_, label or id_
        self._kept: dict[str, str] = {}

    def recall(self, name: str) -> str:
        return self._kept.get(name, "")

    def remember(self, name: str, text: str) -> None:
        self._kept[name] = text


@dataclass(frozen=True)
class Mark:
    """Who keeps a spreadsheet, since which write; `number` is Google's name for the mark itself."""

    number: int
    id: str
    label: str
    generation: int

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Mark:
        """A mark as it stands in the metadata of a spreadsheet; one that cannot be read belongs to nobody we know."""
        try:
            told = json.loads(said.get("metadataValue", ""))
            return cls(int(said["metadataId"]), str(told["id"]), str(told["by"]), int(told["gen"]))
        except (ValueError, KeyError, TypeError):
            return cls(int(said.get("metadataId", 0)), "?", "an installation whose mark cannot be read", 0)


def mark_in(metadata: Sequence[Mapping[str, Any]]) -> Mark | None:
    """The mark that counts: of two made at the same moment, the one with the lower id, on whichever side one looks."""
    marks = [Mark.of(each) for each in metadata if each.get("metadataKey") == MARK]
    return min(marks, key=lambda mark: (mark.id, mark.number), default=None)


def is_foreign(mark: Mark, holder: Holder, spreadsheet: str) -> bool:
    """Whether a mark was put there by somebody else, or by a copy of this installation that has written since."""
    return mark.id != holder.id or mark.generation > generation_of(holder, spreadsheet)


def refuse_foreign(mark: Mark | None, holder: Holder, asked: Asked) -> None:
    """Raise WorkbookTaken if another installation, or a newer copy of this one, keeps the spreadsheet."""
    generation = generation_of(holder, asked.spreadsheet)
    if mark is not None and mark.id != holder.id:
        raise WorkbookTaken(asked.about("taken", label=mark.label))
    if mark is not None and mark.generation > generation:
        raise WorkbookTaken(asked.about("old copy", there=mark.generation, here=generation))


def marked(holder: Holder, mark: Mark | None, spreadsheet: str) -> Mapping[str, Any]:
    """The request that puts our mark on the spreadsheet, or renews it, in the same batch as the cells.

    The ledger counts the write before it is made: of two copies of one installation the one that stood still is found out.
    """
    generation = max(generation_of(holder, spreadsheet), mark.generation if mark else 0) + 1
    holder.remember(f"generation {spreadsheet}", str(generation))
    value = json.dumps({"id": holder.id, "by": holder.label, "gen": generation}, ensure_ascii=False)
    if mark is None:
        kept = {"metadataKey": MARK, "metadataValue": value, "visibility": "DOCUMENT", "location": {"spreadsheet": True}}
        return {"createDeveloperMetadata": {"developerMetadata": kept}}
    return {
        "updateDeveloperMetadata": {
            "dataFilters": [{"developerMetadataLookup": {"metadataId": mark.number}}],
            "developerMetadata": {"metadataValue": value},
            "fields": "metadataValue",
        }
    }
