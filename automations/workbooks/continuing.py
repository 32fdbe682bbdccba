"""What rows appended below a tab take over from the row above: its look, dropdowns, conditional colours, filter and table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from automations.model import letters
from automations.workbooks.cellxml import cell_xml
from automations.workbooks.package import Package
from automations.workbooks.sheetxml import SheetXml, ranges

if TYPE_CHECKING:
    from datetime import date

AREAS = (
    re.compile(rb'(<(?:\w+:)?(?:dataValidation|conditionalFormatting|protectedRange|ignoredError)\s[^>]*?\bsqref=")([^"]*)(")'),
    re.compile(rb'(<(?:\w+:)?autoFilter\s[^>]*?\bref=")([^"]*)(")'),
    re.compile(rb"(<xm:sqref>)([^<]*)(</xm:sqref>)"),
)
"""Where a sheet says which cells something applies to."""
TABLE = re.compile(rb'(<(?:\w+:)?(?:table|autoFilter)\s[^>]*?\bref=")([^"]*)(")')
TOTALS = re.compile(rb'\stotalsRowCount="[1-9]')


def dressed(sheet: SheetXml, written: Iterable[tuple[int, int]], epoch: date) -> dict[tuple[int, int], bytes]:
    """Blank cells for the places of appended rows that nothing is written into but that have a look in the row above."""
    taken = set(written)
    found: dict[tuple[int, int], bytes] = {}
    for row, like in sheet.likes.items():
        for place, cell in sheet.cells(like).items():
            style = int(cell.attribute(b"s") or 0)
            if style and (row, place) not in taken and place not in sheet.cells(row) and place not in sheet.column_styles:
                found[(row, place)] = cell_xml(f"{letters(place)}{row}", style, None, epoch, sheet.prefix)
    return found


def stretched(xml: bytes, likes: Mapping[int, int]) -> bytes:
    """The sheet with every area that reaches its last row reaching the appended ones too."""
    last, until = min(likes.values()), max(likes)
    if not last:
        return xml
    for area in AREAS:
        xml = area.sub(lambda found: found[1] + longer(found[2], last, until) + found[3], xml)
    return xml


def longer(areas: bytes, last: int, until: int) -> bytes:
    """Areas such as `B2:B9 D9`, those that reach row `last` made to reach row `until`; one that ends in the header stays."""
    return b" ".join(_longer(area, last, until) for area in areas.split(b" "))


def _longer(area: bytes, last: int, until: int) -> bytes:
    found = next(ranges([area]), None)
    if found is None or not found[0] <= last <= found[2] < until:
        return area
    top, left, _, right = found
    return f"{letters(left)}{top}:{letters(right)}{until}".encode()


def longer_tables(package: Package, part: str, likes: Mapping[int, int]) -> dict[str, bytes]:
    """The tables of a sheet that end in its last row, made to hold the appended rows; one with a row of totals stays."""
    if package.relations_part(part) not in package.names:
        return {}
    last, until = min(likes.values()), max(likes)
    tables = [target for kind, target in package.relations(part).values() if kind == "table"]
    before = {table: package.part(table) for table in tables if last}
    after = {
        table: xml if TOTALS.search(xml) else TABLE.sub(lambda found: found[1] + longer(found[2], last, until) + found[3], xml)
        for table, xml in before.items()
    }
    return {table: xml for table, xml in after.items() if xml != before[table]}
