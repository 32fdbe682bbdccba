"""Staff at their workbook: creates it, and types into it what the story says, cell by cell."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from automations.demo.book import Entry, Filling, Renaming, Sorting, Story
from automations.model import Table, Value, letters
from automations.spellings import ERRORS
from automations.workbooks.board import Series
from automations.workbooks.newbook import create, tab_title
from automations.workbooks.sheetxml import SheetXml
from automations.workbooks.xlsx import Opened, XlsxTab, XlsxWorkbook

FIRST_TABS = ("customers", "orders", "shipments", "complaints", "visits", "payments", "direct_cash", "stock", "products", "carriers")
TINTS: Mapping[str, str] = {
    **dict.fromkeys(("已归档", "已结束", "收货确认", "客户收货确认", "完成", "正常", "已付清"), "green"),
    **dict.fromkeys(("方案待批", "待财务盖章", "待库管审核", "须尽快汇回", "部分"), "amber"),
    **dict.fromkeys(("超限",), "red"),
    **dict.fromkeys(("已记录", "已受理", "核实中", "调查中", "方案已批", "已答复", "追踪中"), "blue"),
    **dict.fromkeys(("发运通知", "已发运", "装车", "在途", "到货"), "blue"),
    **dict.fromkeys(("草稿", "客户订单", "计划"), "grey"),
}
Cells = dict[tuple[int, int], Value]
"""Values by (row, place), rows from 1 and places from 0."""


def in_working_order(tables: Mapping[str, Table]) -> list[Table]:
    """The tables as a team would lay out its tabs: what is used every day comes first."""
    order = {name: place for place, name in enumerate(FIRST_TABS)}
    return sorted(tables.values(), key=lambda table: order.get(table.name, len(order)))


class Desk:
    """The staff of a story at one workbook. The rows' numbers are followed, for nobody but the desk moves rows."""

    def __init__(self, path: Path, story: Story, tables: Mapping[str, Table], language: str, board: Sequence[Series] = ()) -> None:
        self.path, self.story, self.language, self.board = path, story, language, board
        self.tables = in_working_order(tables)
        self.rows: dict[str, list[Entry]] = {table.name: [] for table in self.tables}
        self.typed_until: datetime | None = None

    def begin(self, now: datetime) -> None:
        """The workbook as it stands when the program comes."""
        for table in self.tables:
            self.rows[table.name] = [entry for entry in self.story.of(table.name) if entry.born <= now]
        rows = {name: [entry.typed(None, now) for entry in entries] for name, entries in self.rows.items()}
        create(self.path, self.tables, self.language, rows, tints=TINTS, board=self.board)
        self.typed_until = now

    def work(self, now: datetime) -> int:
        """Everything people do until a moment. Returns how many cells were typed."""
        since = self.typed_until or datetime.min
        for table in self.tables:
            self._squeeze_in(table, since, now)
        for deed in self.story.deeds:
            if since < deed.at <= now:
                self._do(deed)
        typed = {table.name: self._new_cells(table, since, now) for table in self.tables}
        self._write(typed)
        self.typed_until = now
        return sum(map(len, typed.values()))

    def _do(self, deed: Sorting | Renaming | Filling) -> None:
        """What a person does to a whole tab."""
        if isinstance(deed, Filling):
            self._fill(deed)
        elif isinstance(deed, Renaming):
            self._rename(deed)
        else:
            self._sort(deed)

    def _new_cells(self, table: Table, since: datetime, now: datetime) -> Cells:
        """The cells of a tab that are typed now; new rows go to the bottom."""
        entries = self.rows[table.name]
        entries += [entry for entry in self.story.of(table.name) if since < entry.born <= now and entry not in entries]
        places = {column.key: place for place, column in enumerate(table.columns)}
        cells: Cells = {}
        for row, entry in enumerate(entries, 2):
            new = entry.typed(since, now)
            cells |= {(row, places[column]): worded(value) for column, value in new.items() if column in places}
        return cells

    def _squeeze_in(self, table: Table, since: datetime, now: datetime) -> None:
        """A row is inserted among the others: everything below moves down by one."""
        for entry in self.story.of(table.name):
            if entry.squeezed_in is not None and since < entry.born <= now:
                there = self._contents(table)
                place = min(entry.squeezed_in, len(there))
                self.rows[table.name].insert(place, entry)
                self._write({table.name: laid_out(there, [*there[:place], [], *there[place:]])})

    def _sort(self, deed: Sorting) -> None:
        """A whole tab is sorted by a column, as a spreadsheet sorts: rows move with all their cells."""
        table = self._table(deed.table)
        there, entries = self._contents(table), self.rows[table.name]
        place = next(place for place, column in enumerate(table.columns) if column.key == deed.column)
        order = sorted(range(len(entries)), key=lambda row: str(there[row][place]) if place < len(there[row]) else "")
        self.rows[table.name] = [entries[row] for row in order]
        self._write({table.name: laid_out(there, [there[row] for row in order])})

    def _rename(self, deed: Renaming) -> None:
        table = self._table(deed.table)
        place = next(place for place, column in enumerate(table.columns) if column.key == deed.column)
        self._write({table.name: {(1, place): deed.header}})

    def _fill(self, deed: Filling) -> None:
        """Cells of rows that the program made are filled in; they are known by their keys."""
        table = self._table(deed.table)
        places = {column.key: place for place, column in enumerate(table.columns)}
        tab = next(grid for grid in XlsxWorkbook(self.path).grids() if grid.title == tab_title(table, self.language))
        cells: Cells = {}
        for place, key in enumerate(tab.columns[places[table.key]]):
            if re.search(deed.which, str(key)) and key not in deed.but:
                copied = {column: raw_value(tab.columns[places[other]][place]) for column, other in deed.copies.items()}
                cells |= {(tab.first_row + place, places[column]): value for column, value in {**deed.values, **copied}.items()}
        self._write({table.name: cells})

    def _table(self, name: str) -> Table:
        return next(table for table in self.tables if table.name == name)

    def _contents(self, table: Table) -> list[list[Any]]:
        """The raw values of every row of a tab below its header, as far as rows were typed."""
        tab = XlsxWorkbook(self.path).opened().tab(tab_title(table, self.language))
        assert isinstance(tab, XlsxTab)
        return [tab.row(row) for row in range(2, len(self.rows[table.name]) + 2)]

    def _write(self, cells: Mapping[str, Cells]) -> None:
        """Save the workbook with these cells typed over, by table."""
        if not any(cells.values()):
            return
        opened = XlsxWorkbook(self.path).opened()
        parts = {}
        for table in self.tables:
            part = opened.part_of(tab_title(table, self.language))
            if part and cells.get(table.name):
                parts[part] = typed_over(opened, part, cells[table.name])
        fresh = self.path.with_name(f".{self.path.name}.typing")
        fresh.write_bytes(opened.packed(parts))
        fresh.replace(self.path)


def typed_over(opened: Opened, part: str, cells: Cells) -> bytes:
    """A sheet's XML with cells as people type them; a formula that broke is an error cell, as a spreadsheet saves it."""
    broken = {place: str(value) for place, value in cells.items() if value in ERRORS}
    xml = opened.patched(part, {place: value for place, value in cells.items() if place not in broken})
    if not broken:
        return xml
    errors = {(row, place): f'<c r="{letters(place)}{row}" t="e"><v>{value}</v></c>'.encode() for (row, place), value in broken.items()}
    return SheetXml(xml).with_cells(errors)


def worded(value: Value) -> Value:
    """Ticks as the words of the dropdown."""
    return ("是" if value else "否") if isinstance(value, bool) else value


def laid_out(before: Sequence[Sequence[Any]], after: Sequence[Sequence[Any]]) -> Cells:
    """The cells to write so that rows that stood one way stand another way, below the header."""
    width = max((len(row) for row in before), default=0)
    cells: Cells = {}
    for row, values in enumerate(after, 2):
        was = before[row - 2] if row - 2 < len(before) else []
        for place in range(width):
            value, old = (each[place] if place < len(each) else "" for each in (values, was))
            if value != old or type(value) is not type(old):
                cells[(row, place)] = raw_value(value)
    return cells


def raw_value(raw: Any) -> Value:
    """A raw value read from a cell as it is written back."""
    if isinstance(raw, float):
        return int(raw) if raw.is_integer() else Decimal(repr(raw))
    value: Value = None if raw == "" else raw
    return value
