"""`init` for Google Sheets: what the spreadsheets lack, and adding it in one batch each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from automations.apart import as_tabs, table_name
from automations.config import Config
from automations.errors import AnswerLost, WorkbookUnwritable
from automations.googlewiring import google_door, structures_in, titles_of
from automations.model import Column, Grid, Table
from automations.workbooks.google import Shelf
from automations.workbooks.googlelayout import Block, free_id, new_tab, wider
from automations.workbooks.googlesheet import Spreadsheet
from automations.workbooks.googlewriting import Request
from automations.workbooks.newbook import tab_title
from automations.workbooks.upgrading import Addition
from automations.workbooksettings import spreadsheet_id

if TYPE_CHECKING:
    from automations.workbooks.googlehttp import SheetsHttp


@dataclass(frozen=True)
class Home:
    """One spreadsheet, its grids as read, and its tabs as tables: one that is apart has two."""

    sheet: Spreadsheet
    grids: list[Grid]
    tables: tuple[Table, ...]

    def grid(self, title: str) -> Grid | None:
        return next((grid for grid in self.grids if grid.title == title), None)


def homes(config: Config, http: SheetsHttp | None = None) -> list[Home]:
    """The spreadsheets of the settings as they are now."""
    door = http or google_door(config)
    return [_home(config, place, door) for place in config.settings.workbook.places]


def _home(config: Config, place: str, http: SheetsHttp) -> Home:
    sheet = Spreadsheet(http, spreadsheet_id(place), titles_of(config, place))
    sheet.structure(fresh=True)
    listed = config.settings.workbook.spreadsheets.get(place)
    tables = as_tabs(table for name, table in config.tables.items() if listed is None or name in listed)
    return Home(sheet, sheet.values().grids, tuple(tables))


def add(config: Config, home: Home, additions: Sequence[Addition], tabs: dict[str, Grid]) -> None:
    """Put the additions into a spreadsheet, all or nothing. `tabs` is the tab of each table that has one."""
    change_once(config, home, [request for addition in additions for request in _requests(config, home, addition, tabs)])


def again(home: Home) -> Home:
    """The spreadsheet as it is now."""
    home.sheet.structure(fresh=True)
    return Home(home.sheet, home.sheet.values().grids, home.tables)


def change_once(config: Config, home: Home, requests: Sequence[Request]) -> None:
    """One batch, sent once. Raises WorkbookUnwritable where nobody knows whether it was carried out."""
    if not requests:
        return
    try:
        home.sheet.change(requests)
    except AnswerLost as error:
        raise WorkbookUnwritable(f"{error}. Look with `runner.py init` what is still missing; everything was added, or nothing.") from error
    finally:
        Shelf(structures_in(config)).forget(home.sheet)


def _requests(config: Config, home: Home, addition: Addition, tabs: dict[str, Grid]) -> Iterator[Request]:
    language, structure = config.language, home.sheet.structure()
    if not addition.header_row:
        table = next(table for table in home.tables if tab_title(table, language) == addition.tab)
        taken = {structure.sheet_id(title) or 0 for title in structure.titles}
        number = list(config.tables).index(table_name(table.name))
        yield from new_tab(table, addition.tab, free_id(addition.tab, taken), number, language)
        return
    table = next(table for table in home.tables if table.name in tabs and tabs[table.name].title == addition.tab)
    grid, sheet_id = tabs[table.name], structure.sheet_id(addition.tab) or 0
    columns, first = _columns(table, addition, language), len(grid.columns)
    yield from wider(sheet_id, structure.width(addition.tab), first + len(columns))
    yield from Block(table, columns, sheet_id, addition.header_row, first, language).requests()


def _columns(table: Table, addition: Addition, language: str) -> tuple[Column, ...]:
    return tuple(column for column in table.columns if column.heading(language) in addition.headers)
