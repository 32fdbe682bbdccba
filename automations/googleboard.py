"""The tab with the charts at Google: whether a spreadsheet lacks it, or an indicator in it, and adding that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from automations.config import Config
from automations.googlesetup import Home, change_once
from automations.headers import find_header
from automations.model import Grid, Table
from automations.workbooks.board import MONTH, READ, RESULTS, TITLE, Series, headings
from automations.workbooks.googlecharts import BOARD, Board, Source, letter_of
from automations.workbooks.googlelayout import free_id, wider
from automations.workbooks.googlewriting import Request

TIER = "tier_level"


@dataclass(frozen=True)
class Charts:
    """What a spreadsheet lacks of its charts: indicators, and the tab itself unless it has an id; `grid` is that tab as read."""

    title: str
    shown: tuple[Series, ...]
    sheet_id: int | None = None
    grid: Grid | None = None

    def words(self, language: str) -> tuple[str, ...]:
        """The columns that are added."""
        names = tuple(each.kpi[language] for each in self.shown)
        return names if self.sheet_id is not None else (MONTH[language], *names)


def lacking_charts(config: Config, home: Home, shown: Sequence[Series]) -> Charts | None:
    """The charts to be added; None where all are there, or where the table of indicators lives elsewhere or is not used."""
    results = next((table for table in home.tables if table.name == RESULTS), None)
    if results is None or not shown or not all(results.column(name) for name in READ):
        return None
    title = board_title(home)
    if title is None:
        return Charts(TITLE[config.language], tuple(shown))
    grid = home.grid(title)
    there = headings(grid.columns) if grid else []
    missing = tuple(each for each in shown if not there.count(each.kpi[config.language]))
    return Charts(title, missing, home.sheet.structure().sheet_id(title), grid) if grid and missing else None


def board_title(home: Home) -> str | None:
    """The tab with the charts, by its mark or by its title."""
    structure = home.sheet.structure()
    return structure.marked(BOARD) or next((title for title in structure.titles if title in TITLE.values()), None)


def add_charts(config: Config, home: Home, charts: Charts, tabs: Mapping[str, Grid]) -> None:
    """Add them, all or nothing; the tabs of the tables are there by now."""
    change_once(config, home, list(_requests(config, home, charts, tabs)))


def _requests(config: Config, home: Home, charts: Charts, tabs: Mapping[str, Grid]) -> Iterator[Request]:
    tables, structure = {table.name: table for table in home.tables}, home.sheet.structure()
    results = _source(tables[RESULTS], tabs.get(RESULTS))
    if results is None or not set(READ) <= results.columns.keys():
        return
    if charts.sheet_id is not None and charts.grid is not None:
        board, first = Board(charts.sheet_id, config.language, results, charts.shown), len(charts.grid.columns)
        yield from wider(charts.sheet_id, structure.width(charts.title), first + len(charts.shown))
        yield from board.more(first, structure.charts(charts.title))
        return
    customers, tiers = _tiers(tables.get("customers"), tabs.get("customers"))
    sheet_id = free_id(charts.title, {structure.sheet_id(title) or 0 for title in structure.titles})
    yield from Board(sheet_id, config.language, results, charts.shown, customers, tiers).new(len(structure.titles))


def _tiers(table: Table | None, grid: Grid | None) -> tuple[Source | None, tuple[str, ...]]:
    column = table.column(TIER) if table else None
    source = _source(table, grid) if table else None
    if column is None or source is None or TIER not in source.columns:
        return None, ()
    return source, tuple(str(choice) for choice in column.choices)


def _source(table: Table, grid: Grid | None) -> Source | None:
    header = find_header(table, grid) if grid else None
    return Source(grid.title, letter_of(header.places)) if grid and header else None
