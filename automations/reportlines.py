"""Cells, keys and rows of a plan as lines people read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from automations.model import CellChange, NewKey, NewRow, Override, Value
from automations.rendering import cleaned_text

if TYPE_CHECKING:
    from automations.reporttext import Voice

LONGEST_CELL = 600
"""Letters of one cell that a report shows."""


@dataclass(frozen=True)
class Line:
    """A cell in words: what stands there, what will, and which rule says so. For an override `new` is what we would write."""

    table: str
    row: int
    key: str
    column: str
    old: str
    new: str
    rule: str = ""
    clause: str = ""


def change_line(change: CellChange, voice: Voice) -> Line:
    return _line(change.table, change.row, change.key, change.column, change.old, change.new, voice, change.rule)


def override_line(each: Override, voice: Voice) -> Line:
    return _line(each.table, each.row, each.key, each.column, each.theirs, each.ours, voice)


def key_line(new: NewKey, voice: Voice) -> Line:
    return _line(new.table, new.row, new.key, new.column, None, new.key, voice)


def row_line(new: NewRow, voice: Voice) -> Line:
    return _line(new.table, new.row, new.key, new.column, None, new.key, voice, new.rule)


def _line(table: str, row: int, key: str, column: str, old: Value, new: Value, voice: Voice, rule: str = "") -> Line:
    return Line(
        table=voice.table(table),
        row=row,
        key=cleaned_text(key, LONGEST_CELL),
        column=voice.column(table, column),
        old=voice.value(table, column, old),
        new=voice.value(table, column, new),
        rule=voice.rule(rule) if rule else "",
        clause=voice.clause(rule),
    )
