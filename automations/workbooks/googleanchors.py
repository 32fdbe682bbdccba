"""Marks on the columns of Google tabs: a column that people renamed is still known by the mark `init` put on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from automations.model import Grid
from automations.workbooks.googletab import GoogleTab
from automations.workbooks.protocol import header_text

ANCHOR = "rowkeeper.column"
TOP = 10
"""The rows from the top in which a header row is looked for."""
TOP_FIELDS = (
    "sheets(properties(sheetId,title),"
    "data(startColumn,rowData(values(effectiveValue)),columnMetadata(developerMetadata(metadataKey,metadataValue))))"
)


@dataclass(frozen=True)
class Anchored:
    """The marks of one tab, and the header row they were read with: while a reading shows the same row, they stand where they stood.

    A tab without marks is known by its width instead; columns that `init` adds make it wider.
    """

    header: tuple[str, ...]
    marks: Mapping[str, int]
    width: int = 0

    @classmethod
    def of(cls, said: Mapping[str, Any], width: int) -> Anchored:
        """From grid data of the top of a tab. A mark that stands on two columns says nothing."""
        marks = _marks(said)
        rows = [tuple(map(header_text, GoogleTab(said).row(number))) for number in range(1, TOP + 1)]
        header = max(rows, key=lambda row: sum(bool(row[place]) for place in marks.values() if place < len(row)))
        return cls(_cut(header), marks, width) if marks else cls((), {}, width)

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Anchored:
        """What `as_json` kept."""
        return cls(tuple(map(str, told["header"])), {str(mark): int(place) for mark, place in told["marks"].items()}, int(told["width"]))

    def as_json(self) -> Mapping[str, Any]:
        """To be kept until the next run."""
        return {"header": list(self.header), "marks": dict(self.marks), "width": self.width}

    def on(self, grid: Grid) -> Grid | None:
        """The grid with its marks; None if its header row is another now, so that the marks must be read again."""
        if not self.marks:
            return grid if len(grid.columns) == self.width else None
        row = next((row for row in range(TOP) if _row(grid, row) == self.header), None)
        return None if row is None else replace(grid, anchors={mark: (row, place) for mark, place in self.marks.items()})


def _marks(said: Mapping[str, Any]) -> dict[str, int]:
    """The place of each column mark of a tab."""
    found: dict[str, list[int]] = {}
    for block in said.get("data", ()):
        for place, column in enumerate(block.get("columnMetadata", ()), block.get("startColumn", 0)):
            for each in column.get("developerMetadata", ()):
                if each.get("metadataKey") == ANCHOR:
                    found.setdefault(str(each.get("metadataValue", "")), []).append(place)
    return {mark: places[0] for mark, places in found.items() if len(places) == 1}


def _row(grid: Grid, row: int) -> tuple[str, ...]:
    return _cut([header_text(column[row]) if row < len(column) else "" for column in grid.columns])


def _cut(texts: Sequence[str]) -> tuple[str, ...]:
    """Without the blanks at the end."""
    end = len(texts)
    while end and not texts[end - 1]:
        end -= 1
    return tuple(texts[:end])
