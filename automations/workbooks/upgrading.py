"""Brings an existing workbook up to the declared tables: adds what is missing at the right, removes and moves nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from automations.model import Column, Grid, Table, Words, letters
from automations.workbooks.cellxml import cell_xml
from automations.workbooks.protocol import header_text
from automations.workbooks.workbookxml import NewSheet, listed
from automations.workbooks.xlsx import Opened, XlsxWorkbook

SEARCHED = 10
"""How many rows from the top may hold the header."""

Found = Callable[[Table, Grid], set[str] | None]


@dataclass(frozen=True)
class Addition:
    """Something an upgrade adds: a column at the right of a tab, or (with `header_row` 0) a whole tab."""

    tab: str
    header_row: int
    headers: tuple[str, ...]
    widths: tuple[int, ...]

    def said(self) -> Words:
        """What will be added, in words."""
        names = ", ".join(self.headers)
        if self.header_row:
            return {"zh": f"工作表“{self.tab}”右侧增加列：{names}", "en": f"tab '{self.tab}': add at the right: {names}"}
        return {"zh": f"增加工作表“{self.tab}”：{names}", "en": f"add tab '{self.tab}': {names}"}


def spellings(column: Column) -> set[str]:
    """All headers a column may have, as they are compared."""
    return {header_text(one) for one in (column.key, *column.title.values(), *column.aliases)}


def header_row_of(table: Table, grid: Grid) -> int:
    """The row near the top that holds most of the table's headers; 0 if none holds any."""
    known: set[str] = set().union(*map(spellings, table.columns))
    depth = min(SEARCHED, len(grid.columns[0]) if grid.columns else 0)
    counts = [sum(header_text(column[row]) in known for column in grid.columns) for row in range(depth)]
    most = max(counts, default=0)
    return counts.index(most) + grid.first_row if most else 0


def found_by_header(table: Table, grid: Grid) -> set[str] | None:
    """The keys of the table's columns that a tab has; None if it is not the table's tab (by title)."""
    titles = {header_text(one) for one in (table.name, *table.title.values(), *table.aliases)}
    if header_text(grid.title) not in titles:
        return None
    row = header_row_of(table, grid) - grid.first_row
    headers = {header_text(column[row]) for column in grid.columns} if row >= 0 else set()
    return {column.key for column in table.columns if spellings(column) & headers}


def plan_upgrade(grids: Sequence[Grid], tables: Sequence[Table], language: str, found: Found = found_by_header) -> list[Addition]:
    """What the workbook lacks: columns of tabs it has, then tabs. Headers under another known spelling count as present."""
    columns: list[Addition] = []
    tabs: list[Addition] = []
    for table in tables:
        seen = [(grid, keys) for grid in grids if (keys := found(table, grid)) is not None]
        if not seen:
            tabs.append(_addition(tab_name(table, language), 0, table, table.columns, language))
        for grid, keys in seen[:1]:
            missing = [column for column in table.columns if column.key not in keys]
            if missing:
                columns.append(_addition(grid.title, header_row_of(table, grid) or grid.first_row, table, missing, language))
    return [*columns, *tabs]


def tab_name(table: Table, language: str) -> str:
    from automations.workbooks.newbook import tab_title  # openpyxl is paid for only here

    return tab_title(table, language)


def _addition(tab: str, header_row: int, table: Table, columns: Sequence[Column], language: str) -> Addition:
    from automations.workbooks.looks import width_of

    headers = tuple(column.heading(language) for column in columns)
    return Addition(tab, header_row, headers, tuple(width_of(table, column, language) for column in columns))


def upgrade(path: Path, tables: Sequence[Table], language: str = "zh", found: Found = found_by_header) -> list[str]:
    """Add what is missing and say what was added; [] if nothing was. Raises as `apply_upgrade` does."""
    additions = plan_upgrade(XlsxWorkbook(path, language=language).grids(), tables, language, found)
    apply_upgrade(path, additions, language=language)
    return [addition.said().get(language) or addition.said()["zh"] for addition in additions]


def apply_upgrade(path: Path, additions: Sequence[Addition], keep_in: Path | None = None, language: str = "en") -> None:
    """Write the additions into the file in one atomic save; everything else in it stays as it is.

    Raises WorkbookBusy, WorkbookUnreadable, WorkbookUnwritable.
    """
    if not additions:
        return
    workbook = XlsxWorkbook(path, keep_in, language=language)
    widths = {grid.title: len(grid.columns) for grid in workbook.grids()}

    def parts_of(opened: Opened) -> dict[str, bytes]:
        parts = {part: xml for one in additions if one.header_row for part, xml in _widened(workbook, opened, one, widths).items()}
        return parts | listed(opened.package, [_bare(one) for one in additions if not one.header_row])

    workbook.rewrite(parts_of)


def _widened(workbook: XlsxWorkbook, opened: Opened, addition: Addition, widths: Mapping[str, int]) -> dict[str, bytes]:
    """The tab's sheet with the new headers right of everything that is used, dressed as the last header is."""
    part = opened.part_of(addition.tab)
    if part is None:
        raise workbook.tab_gone(addition.tab)
    sheet, first = opened.sheet(part), widths.get(addition.tab, 0)
    known = [cell for place, cell in sorted(sheet.cells(addition.header_row).items()) if place < first]
    style = int(known[-1].attribute(b"s") or 0) if known else 0
    names = [f"{letters(first + step)}{addition.header_row}" for step in range(len(addition.headers))]
    cells = {
        (addition.header_row, first + step): cell_xml(name, style, addition.headers[step], opened.package.epoch, sheet.prefix)
        for step, name in enumerate(names)
    }
    return {part: with_widths(sheet.with_cells(cells), sheet.prefix, first, addition.widths)}


def with_widths(xml: bytes, prefix: bytes, first: int, widths: Sequence[int]) -> bytes:
    """The sheet with widths for new columns, where none are declared for them."""
    taken = [int(one) for one in re.findall(rb"<" + prefix + rb"col\s[^>]*?\bmax=\"(\d+)\"", xml)]
    if max(taken, default=0) > first:
        return xml
    new = b"".join(_column_xml(prefix, first + step, width) for step, width in enumerate(widths))
    shut = b"</%bcols>" % prefix
    if shut in xml:
        return xml.replace(shut, new + shut, 1)
    return xml.replace(b"<%bsheetData" % prefix, b"<%bcols>%b%b<%bsheetData" % (prefix, new, shut, prefix), 1)


def _column_xml(prefix: bytes, place: int, width: int) -> bytes:
    return b'<%bcol min="%d" max="%d" width="%d" customWidth="1"/>' % (prefix, place + 1, place + 1, width)


def _bare(addition: Addition) -> NewSheet:
    """A new tab: its headers in a frozen first row with filter buttons."""
    last = letters(len(addition.headers) - 1)
    head = b"".join(cell_xml(f"{letters(place)}1", 0, header, date(1899, 12, 30)) for place, header in enumerate(addition.headers))
    columns = b"".join(_column_xml(b"", place, width) for place, width in enumerate(addition.widths))
    frozen = b'<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    xml = (
        b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        b'<dimension ref="A1:%b1"/><sheetViews><sheetView workbookViewId="0">%b</sheetView></sheetViews>'
        b'<cols>%b</cols><sheetData><row r="1">%b</row></sheetData><autoFilter ref="A1:%b1"/></worksheet>'
    )
    return NewSheet(addition.tab, xml % (last.encode(), frozen, columns, head, last.encode()))
