"""Look-up columns at Google: staff's tab shows, by formulas in its headers, what the tab of ours says of each row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from automations.apart import ENDING, LOOKS, ROW, table_name
from automations.config import Config
from automations.googlesetup import Home, change_once
from automations.headers import find_header
from automations.model import Column, Grid, Table, letters
from automations.workbooks.googleanchors import TOP
from automations.workbooks.googlelayout import Block, look_up, wider
from automations.workbooks.googlelooking import Part
from automations.workbooks.googlesheet import Look
from automations.workbooks.googlewriting import Formula, Put, Request, cell_requests
from automations.workbooks.newbook import tab_title
from automations.workbooks.protocol import is_blank

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


def broken(config: Config, home: Home, tabs: Tabs) -> Lacking:
    """The look-up columns whose formula is lost: typed over in the header, or pointing to what is gone.

    One that something typed below it keeps from filling its column is whole; what was typed is for people to clear.
    """
    marks = {name: _places(config.tables[name], grid) for name, grid in tabs.items() if name in config.tables and config.tables[name].apart}
    marks = {name: places for name, places in marks.items() if places}
    if not marks:
        return {}
    look = home.sheet.look({tabs[name].title: Part(((1, TOP),), last=TOP) for name in marks})
    lost = {
        name: tuple(column for column, row, place in places if tabs[name].title in look.tabs and _is_lost(tabs[name], look, row, place))
        for name, places in marks.items()
    }
    return {name: columns for name, columns in lost.items() if columns}


def _places(table: Table, grid: Grid) -> list[tuple[Column, int, int]]:
    """The look-up columns of a tab by their marks: which, and where their header stands (row 1-based, place 0-based)."""
    found = {key.removeprefix(f"{table.name}{LOOKS}/"): at for key, at in grid.anchors.items() if key.startswith(f"{table.name}{LOOKS}/")}
    return [(column, row + grid.first_row, place) for column in table.columns if column.key in found for row, place in [found[column.key]]]


def _is_lost(grid: Grid, look: Look, row: int, place: int) -> bool:
    cells = grid.columns[place]
    shown, below = cells[row - grid.first_row], cells[row - grid.first_row + 1 :]
    wrong = isinstance(shown, str) and shown.startswith("#") and all(is_blank(cell) for cell in below)
    return wrong or not look.tabs[grid.title].formula(row, place)


def mend(config: Config, home: Home, tabs: Tabs, found: Lacking) -> None:
    """Put the formulas back into their headers, all or nothing; no other cell is touched."""
    structure = home.sheet.structure()
    puts = [
        Put(tabs[name].title, structure.sheet_id(tabs[name].title) or 0, row, place, Formula(formulas[column.key]))
        for name, columns in found.items()
        for formulas in [_formulas(config, home, config.tables[name], tabs, columns)]
        for column, row, place in _places(config.tables[name], tabs[name])
        if column.key in formulas
    ]
    change_once(config, home, cell_requests(puts))


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


def _formulas(config: Config, home: Home, table: Table, tabs: Tabs, columns: tuple[Column, ...]) -> dict[str, str]:
    """The formula of each look-up column, as far as both tabs have what it names."""
    staff, own = tabs.get(table.name), tabs.get(f"{table.name}{ENDING}")
    by_name = {each.name: each for each in home.tables}
    head = find_header(by_name[table.name], staff) if staff else None
    beside = find_header(by_name[f"{table.name}{ENDING}"], own) if own else None
    if staff is None or own is None or head is None or beside is None or not {table.key} <= head.places.keys():
        return {}
    key, own_key, row = letters(head.places[table.key]), letters(beside.places[ROW]), head.index + staff.first_row
    there = (each for each in columns if each.key in beside.places)
    return {
        each.key: look_up(each.heading(config.language), row, key, own.title, own_key, letters(beside.places[each.key])) for each in there
    }


def _requests(config: Config, home: Home, table: Table, tabs: Tabs, columns: tuple[Column, ...]) -> Iterator[Request]:
    formulas, staff = _formulas(config, home, table, tabs, columns), tabs.get(table.name)
    head = find_header({each.name: each for each in home.tables}[table.name], staff) if staff else None
    if not formulas or staff is None or head is None:
        return
    columns = tuple(column for column in columns if column.key in formulas)
    structure, first = home.sheet.structure(), len(staff.columns)
    sheet_id = structure.sheet_id(staff.title) or 0
    yield from wider(sheet_id, structure.width(staff.title), first + len(columns))
    seen = replace(table, name=f"{table.name}{LOOKS}")
    yield from Block(seen, columns, sheet_id, head.index + staff.first_row, first, config.language, formulas).requests()
