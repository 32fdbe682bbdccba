"""Array formulas that fill the column below their header: what a reader sees in the cells they spill into."""

from __future__ import annotations

import functools
import re
from dataclasses import replace

from tests.sheets import a1
from tests.sheets.book import Book, Sheet
from tests.sheets.cells import Cell, Formula, Result, Wrong
from tests.sheets.formulas import Failed, evaluated

ARRAY = re.compile(r"=ARRAYFORMULA\((.*)\)", re.DOTALL)
COLUMN = re.compile(r"(?<![!:\w$])(\$?[A-Z]{1,3})(\$?\d+):\$?[A-Z]{1,3}(?![\w(!])")
"""A range of the formula's own tab that begins somewhere and has no end; ranges of other tabs stay whole."""
ROW_OF = re.compile(r"ROW\(\$?[A-Z]{1,3}\$?(\d+)\)")
WHICH_ROW = re.compile(r"ROW\([^()]*\)=ROW\([^()]*\)")
TOP = 10
SPILLED = "spilled"


def entered(cell: Cell) -> Cell:
    """What was entered into a cell that shows part of an array: the formula, or nothing."""
    found: Cell = (cell.rest or {}).get(SPILLED, cell)
    return found


def spread(book: Book, sheet: Sheet) -> Sheet:
    """The tab as it is seen: cells that array formulas in its top rows fill hold what they show; nobody entered them."""
    places = [(row, column) for row, line in enumerate(sheet.rows[:TOP]) for column, cell in enumerate(line.cells) if _is_array(cell)]
    if not places:
        return sheet
    seen = sheet.copied()
    for row, column in places:
        _fill(book, sheet, seen, row, column)
    return seen


def _is_array(cell: Cell) -> bool:
    return isinstance(cell.value, Formula) and ARRAY.fullmatch(cell.value) is not None


def _fill(book: Book, sheet: Sheet, seen: Sheet, row: int, column: int) -> None:
    cell = sheet.cell(row, column)
    found = ARRAY.fullmatch(str(cell.value))
    assert found is not None
    hit = next((below for below in range(row + 1, len(sheet.rows)) if sheet.cell(below, column).value is not None), None)
    if hit is not None:
        why = f"Array result was not expanded because it would overwrite data in {a1.letters(column)}{hit + 1}."
        seen.put(row, column, [_shown(cell, Wrong("REF", why))])
        return
    empty = functools.cache(lambda: _value(book, sheet, found[1], len(sheet.rows) - row))
    for below in range(row, len(sheet.rows)):
        alone = below == row or _has_inputs(sheet, found[1], below - row)
        value = _value(book, sheet, found[1], below - row) if alone else empty()
        if value is not None:
            seen.put(below, column, [_shown(sheet.cell(below, column), value)])


def _has_inputs(sheet: Sheet, text: str, step: int) -> bool:
    """Whether the formula reads anything of its own tab so many rows down; where it does not, it comes to the same everywhere."""
    if "ROW(" in WHICH_ROW.sub("", text):
        return True
    places = [(a1.number(found[1].lstrip("$")), int(found[2].lstrip("$")) - 1 + step) for found in COLUMN.finditer(text)]
    return not places or any(row >= len(sheet.rows) or sheet.cell(row, column).value is not None for column, row in places)


def _shown(cell: Cell, value: Result) -> Cell:
    return replace(cell, value=value, rest={SPILLED: cell})  # type: ignore[arg-type]


def _value(book: Book, sheet: Sheet, text: str, step: int) -> Result:
    """The formula so many rows down: its open ranges stand for the cell that many rows below their beginning."""

    def here(found: re.Match[str]) -> str:
        return f"{found[1]}{int(found[2].lstrip('$')) + step}"

    try:
        return evaluated(book, sheet, ROW_OF.sub(lambda found: found[1], COLUMN.sub(here, text)))
    except Failed as failure:
        return failure.wrong
