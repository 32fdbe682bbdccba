"""The tab 看板 of a new workbook: charts over formulas that read the kept tables, so that they move by themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openpyxl import Workbook as Book
from openpyxl.chart import BarChart, Reference
from openpyxl.chart.axis import ChartLines
from openpyxl.chart.label import DataLabelList
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.drawing.line import LineProperties
from openpyxl.styles import Alignment
from openpyxl.worksheet.worksheet import Worksheet

from automations.model import Table, Words, letters
from automations.workbooks.looks import STAFF_HEADER, TAB_COLOURS, fill, font

TITLE: Words = {"zh": "看板", "en": "Board"}
NOTE: Words = {
    "zh": "本页的图随“{table}”自动更新，请不要修改公式。",
    "en": "The charts follow the tab '{table}' by themselves; please leave the formulas alone.",
}
MONTH: Words = {"zh": "月份", "en": "Month"}
TIER: Words = {"zh": "客户等级", "en": "Customer tier"}
CUSTOMERS: Words = {"zh": "客户数", "en": "Customers"}
STATE: Words = {"zh": "投诉状态", "en": "State of complaints"}
COMPLAINTS: Words = {"zh": "投诉数", "en": "Complaints"}
COUNTS = (("customers", "tier_level", TIER, CUSTOMERS), ("complaints", "status", STATE, COMPLAINTS))
"""Tables whose rows are counted by the words of a column."""
MONTHS = 6
LOWEST = 32
"""The row under the figures where the charts begin."""
HEAD, ACROSS, APART = 4, 3, 16
"""The row of the headings; how many charts stand beside each other, and how many rows one takes."""
CORNERS = ("A", "E", "I")
"""The columns where charts begin."""
SUBJECT, COMPANY = "subject_kind", {"zh": "公司", "en": "company"}
"""The column that tells indicators of the company from those of persons that have the same name."""
RESULTS = "kpi_results"
READ = ("kpi", "period", "value")
HEIGHT, WIDTH = 7.2, 14.5
"""Centimetres of a chart."""
PALE = "DFE3E8"


@dataclass(frozen=True)
class Series:
    """An indicator of the company that is shown month by month: what the kept table calls it, its unit, and a chart it shares."""

    kpi: Words
    axis: Words
    chart: Words | None = None


@dataclass(frozen=True)
class Panel:
    """One chart: its title, its unit, and the places of its indicators among those shown; several stand on one another."""

    title: str
    axis: str
    places: tuple[int, ...]


def panels(shown: Sequence[Series], language: str) -> list[Panel]:
    """The charts of these indicators: those that share one where the first of them stands."""
    titles = {each.chart[language] if each.chart else each.kpi[language]: each.axis[language] for each in shown}
    named = [(each.chart or each.kpi)[language] for each in shown]
    return [Panel(title, axis, tuple(place for place, name in enumerate(named) if name == title)) for title, axis in titles.items()]


def headings(grid: Sequence[Sequence[Any]]) -> list[str]:
    """The headings of a tab with charts as it stands, from the month on."""
    return [str(column[HEAD - 1]) if len(column) >= HEAD and column[HEAD - 1] is not None else "" for column in grid]


Places = Mapping[str, Mapping[str, int]]
"""Where the columns of a table stand in its tab, counted from 0, by table and key."""


def add_board(
    book: Book, tables: Sequence[Table], titles: Mapping[str, str], shown: Sequence[Series], language: str, places: Places | None = None
) -> None:
    """Add the tab behind the others when the book has the table of indicators; `titles` are the tabs of the tables.

    Without `places` their columns stand in the order declared, as in a new book.
    """
    known = places or {table.name: {column.key: place for place, column in enumerate(table.columns)} for table in tables}
    results = next((table for table in tables if table.name == RESULTS and all(table.column(name) for name in READ)), None)
    if results is None or not shown:
        return
    sheet = book.create_sheet(TITLE[language])
    sheet.sheet_properties.tabColor = TAB_COLOURS[0]
    page = Page(sheet, language)
    page.heading(titles[RESULTS])
    page.months(titles[RESULTS], known[RESULTS], shown)
    first, charts = 6 + MONTHS, len(panels(shown, language))
    for name, key, title, counted in COUNTS:
        table = next((each for each in tables if each.name == name), None)
        column = table.column(key) if table else None
        if column and column.choices and key in known[name]:
            page.counts(first, charts, title, counted, _area(titles[name], known[name][key]), column.choices)
            first, charts = first + len(column.choices) + 2, charts + 1


@dataclass(frozen=True)
class Page:
    """The tab while it is drawn."""

    sheet: Worksheet
    language: str

    def heading(self, table: str) -> None:
        self.sheet["A1"] = TITLE[self.language]
        self.sheet["A1"].font = font(self.language, bold=True)
        self.sheet["A2"] = NOTE[self.language].format(table=table)
        self.sheet.sheet_view.showGridLines = False
        self.sheet.page_setup.orientation, self.sheet.page_setup.paperSize = "landscape", 9
        self.sheet.page_setup.fitToWidth, self.sheet.page_setup.fitToHeight = 1, 0
        if self.sheet.sheet_properties.pageSetUpPr:
            self.sheet.sheet_properties.pageSetUpPr.fitToPage = True
        self.sheet.column_dimensions["A"].width = 14

    def months(self, tab: str, at: Mapping[str, int], shown: Sequence[Series]) -> None:
        """A line per month with the value of every indicator, blank where there is none, and the charts."""
        self._head(HEAD, [MONTH[self.language]])
        for number in range(MONTHS):
            self.sheet.cell(HEAD + 1 + number, 1, self._month(MONTHS - 1 - number))
        self.more(tab, at, shown, 2, LOWEST)

    def more(self, tab: str, at: Mapping[str, int], shown: Sequence[Series], first: int, lowest: int) -> None:
        """The columns of these indicators from the column `first` on (from 1), and their charts from the row `lowest` on."""
        self._head(HEAD, [each.kpi[self.language] for each in shown], first)
        for row in range(HEAD + 1, HEAD + 1 + MONTHS):
            for place, each in enumerate(shown, start=first):
                cell = self.sheet.cell(row, place, _value(tab, at, each.kpi[self.language], row, self.language))
                cell.number_format = "#,##0.##"
        for number, panel in enumerate(panels(shown, self.language)):
            columns = [first + place for place in panel.places]
            self._chart(panel.title, panel.axis, (HEAD, HEAD + MONTHS), columns, number, lowest)

    def counts(self, first: int, place: int, title: Words, counted: Words, area: str, choices: Sequence[str]) -> None:
        """How many rows have each of these words in a column, from the row `first` on."""
        self._head(first, [title[self.language], counted[self.language]])
        for number, choice in enumerate(choices, start=1):
            self.sheet.cell(first + number, 1, choice)
            self.sheet.cell(first + number, 2, f"=COUNTIF({area},$A{first + number})")
        self._chart(title[self.language], counted[self.language], (first, first + len(choices)), [2], place, LOWEST)

    def _month(self, back: int) -> str:
        """The month that lies so far back, in the words of the column of periods."""
        day = f"EDATE(TODAY(),-{back})"
        if self.language == "zh":
            return f'=YEAR({day})&"年"&MONTH({day})&"月"'
        return f'=YEAR({day})&"-"&RIGHT("0"&MONTH({day}),2)'

    def _head(self, row: int, words: Sequence[str], first: int = 1) -> None:
        for place, word in enumerate(words, start=first):
            cell = self.sheet.cell(row, place, word)
            cell.font, cell.fill = font(self.language, bold=True, ink="FFFFFF"), fill(STAFF_HEADER)
            cell.alignment = Alignment(horizontal="left" if place == 1 else "right")
            self.sheet.column_dimensions[letters(place - 1)].width = 18

    def _chart(self, title: str, axis: str, rows: tuple[int, int], columns: Sequence[int], place: int, lowest: int) -> None:
        """Bars of some columns, on one another where there are several; charts beside each other, below the figures."""
        chart = BarChart()
        chart.title, chart.y_axis.title = title, axis
        if len(columns) == 1:
            chart.legend = None
        else:
            chart.legend.position, chart.grouping, chart.overlap = "b", "stacked", 100
        chart.y_axis.majorGridlines = ChartLines(GraphicalProperties(ln=LineProperties(solidFill=PALE)))
        chart.y_axis.scaling.min = 0  # a bar that does not begin at nought lies
        chart.height, chart.width = HEIGHT, WIDTH  # type: ignore[assignment]  # openpyxl's stubs know no parts of centimetres
        chart.x_axis.delete = chart.y_axis.delete = False
        for column in columns:
            chart.add_data(Reference(self.sheet, min_col=column, min_row=rows[0], max_row=rows[1]), titles_from_data=True)
        chart.set_categories(Reference(self.sheet, min_col=1, min_row=rows[0] + 1, max_row=rows[1]))
        chart.dataLabels = DataLabelList(showVal=True, showSerName=False, showCatName=False, showLegendKey=False, showPercent=False)
        self.sheet.add_chart(chart, f"{CORNERS[place % ACROSS]}{lowest + APART * (place // ACROSS)}")


def _value(tab: str, at: Mapping[str, int], kpi: str, row: int, language: str) -> str:
    """The value of an indicator of the company in the month named in column A; blank where there is none."""
    value, named, period = (_area(tab, at[name]) for name in ("value", "kpi", "period"))
    kpi = kpi.replace('"', '""')
    whose = f',{_area(tab, at[SUBJECT])},"{COMPANY[language]}"' if SUBJECT in at else ""
    asked = f'{named},"{kpi}",{period},$A{row}{whose}'
    return f'=IF(COUNTIFS({asked},{value},"<>")=0,"",SUMIFS({value},{asked}))'


def _area(tab: str, place: int) -> str:
    column = letters(place)
    return "'{}'!${}:${}".format(tab.replace("'", "''"), column, column)
