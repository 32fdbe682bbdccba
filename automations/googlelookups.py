"""Look-up columns at Google: staff's tab shows, by formulas in its headers, what the tab of ours says of each row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from automations.apart import ENDING, LOOKS, ROW, table_name
from automations.config import Config
from automations.googlesetup import Home, change_once
from automations.headers import find_header
from automations.model import Column, Grid, Table, letters
from automations.workbooks.googlelayout import Block, look_up, wider
from automations.workbooks.googlewriting import Request
from automations.workbooks.newbook import tab_title

Tabs = Mapping[str, Grid]
Lacking = Mapping[str, tuple[Column, ...]]


def chosen(table: Table, look_ups: str) -> tuple[Column, ...]:
    """The columns of ours that staff's tab shows."""
    mine = [column for column in table.columns if column.ours and column.key != table.key and look_ups != "none"]
    return tuple(column for column in mine if look_ups == "all" or column.key in table.summary.values())


def lacking(config: Config, home: Home, tabs: Tabs) -> Lacking:
    """The look-up columns that staff's tabs lack, by table."""
    names = dict.fromkeys(table_name(table.name) for table in home.tables)
    apart = [config.tables[name] for name in names if config.tables[name].apart]
    found = {table.name: _lacking(table, chosen(table, config.settings.workbook.look_ups), tabs.get(table.name)) for table in apart}
    return {name: columns for name, columns in found.items() if columns}


def _lacking(table: Table, columns: tuple[Column, ...], grid: Grid | None) -> tuple[Column, ...]:
    header = find_header(table, grid) if grid else None
    there = {*header.places, *header.doubled} if header else set()
    marked = grid.anchors if grid else {}
    return tuple(column for column in columns if column.key not in there and f"{table.name}{LOOKS}/{column.key}" not in marked)


def titles(config: Config, tabs: Tabs, found: Lacking) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Which columns which tab gets, in words."""
    language = config.language
    for name, columns in found.items():
        title = tabs[name].title if name in tabs else tab_title(config.tables[name], language)
        yield title, tuple(column.heading(language) for column in columns)


def add_look_ups(config: Config, home: Home, tabs: Tabs, found: Lacking) -> None:
    """Put the look-ups at the right of staff's tabs, all or nothing; both tabs are there by now."""
    requests = [request for name, columns in found.items() for request in _requests(config, home, config.tables[name], tabs, columns)]
    change_once(config, home, requests)


def _requests(config: Config, home: Home, table: Table, tabs: Tabs, columns: tuple[Column, ...]) -> Iterator[Request]:
    staff, own = tabs.get(table.name), tabs.get(f"{table.name}{ENDING}")
    by_name = {each.name: each for each in home.tables}
    head = find_header(by_name[table.name], staff) if staff else None
    beside = find_header(by_name[f"{table.name}{ENDING}"], own) if own else None
    if staff is None or own is None or head is None or beside is None or not {table.key} <= head.places.keys():
        return
    columns = tuple(column for column in columns if column.key in beside.places)
    key, own_key, row = letters(head.places[table.key]), letters(beside.places[ROW]), head.index + staff.first_row
    formulas = {
        each.key: look_up(each.heading(config.language), row, key, own.title, own_key, letters(beside.places[each.key])) for each in columns
    }
    structure, first = home.sheet.structure(), len(staff.columns)
    sheet_id = structure.sheet_id(staff.title) or 0
    yield from wider(sheet_id, structure.width(staff.title), first + len(columns))
    seen = replace(table, name=f"{table.name}{LOOKS}")
    yield from Block(seen, columns, sheet_id, row, first, config.language, formulas).requests()
