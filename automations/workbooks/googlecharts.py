"""The tab with the charts at Google: the same figures and bars as in an .xlsx file, as requests of one batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from automations.model import letters
from automations.workbooks import looks
from automations.workbooks.board import COMPANY, CUSTOMERS, HEAD, MONTH, MONTHS, NOTE, SUBJECT, TIER, TITLE, Panel, Series, panels
from automations.workbooks.googlelayout import colour
from automations.workbooks.googlesheet import quoted
from automations.workbooks.googlewriting import Request

BOARD = "rowkeeper.board"
"""The mark by which the tab is known when people rename it."""
WIDTH, HEIGHT, BETWEEN = 548, 272, 290
"""Pixels of a chart, and from the top of one to that of the next below it."""
BELOW = 13 + MONTHS
Cells = list[dict[str, Any]]


@dataclass(frozen=True)
class Source:
    """A tab that the figures come from: its title, and the letter of each column by key."""

    title: str
    columns: Mapping[str, str]

    def area(self, key: str) -> str:
        """A whole column, as a formula of another tab names it."""
        return f"{quoted(self.title)}!${self.columns[key]}:${self.columns[key]}"


@dataclass(frozen=True)
class Board:
    """What the tab shows: indicators month by month, and how many customers each tier has."""

    sheet_id: int
    language: str
    results: Source
    shown: Sequence[Series]
    customers: Source | None = None
    tiers: Sequence[str] = field(default=())

    def new(self, place: int) -> Iterator[Request]:
        """The whole tab, at this place among the others; nobody's cells are touched."""
        tint, rows = colour(looks.TAB_COLOURS[0]), BELOW + 16 * (len(self.shown) // 2 + 2)
        grid = {"rowCount": rows, "columnCount": max(12, len(self.shown) + 4), "hideGridlines": True}
        title = TITLE[self.language]
        about = {"sheetId": self.sheet_id, "title": title, "index": place, "gridProperties": grid, "tabColorStyle": tint}
        yield {"addSheet": {"properties": about}}
        mark = {"metadataKey": BOARD, "metadataValue": "1", "visibility": "DOCUMENT", "location": {"sheetId": self.sheet_id}}
        yield {"createDeveloperMetadata": {"developerMetadata": mark}}
        yield self._put(1, 0, [[_text(title, bold=True)], [_text(NOTE[self.language].format(table=self.results.title))]])
        yield self._put(HEAD, 0, [[_head(MONTH[self.language])], *([_formula(self._month(MONTHS - 1 - each))] for each in range(MONTHS))])
        yield from self.more(1, 0)
        yield from self._tiers()

    def more(self, first: int, charts: int) -> Iterator[Request]:
        """A column for each indicator from a place on, and its chart behind those that are there."""
        for number, each in enumerate(self.shown):
            name, rows = each.kpi[self.language], range(HEAD + 1, HEAD + 1 + MONTHS)
            yield self._put(HEAD, first + number, [[_head(name)], *([_formula(self._value(name, row))] for row in rows)])
        for number, panel in enumerate(panels(self.shown, self.language)):
            yield self._chart(panel, (HEAD, HEAD + MONTHS), first, charts + number)

    def _tiers(self) -> Iterator[Request]:
        if self.customers is None or not self.tiers:
            return
        top, area = HEAD + 2 + MONTHS, self.customers.area("tier_level")
        rows = [[_text(each), _formula(f"=COUNTIF({area};$A{top + number})")] for number, each in enumerate(self.tiers, 1)]
        yield self._put(top, 0, [[_head(TIER[self.language]), _head(CUSTOMERS[self.language])], *rows])
        panel, charts = Panel(TIER[self.language], CUSTOMERS[self.language], (0,)), len(panels(self.shown, self.language))
        yield self._chart(panel, (top, top + len(self.tiers)), 1, charts)

    def _month(self, back: int) -> str:
        """The month that lies so far back, in the words of the column of periods; its arguments parted as every locale takes it."""
        day = f"EDATE(TODAY();-{back})"
        if self.language == "zh":
            return f'=YEAR({day})&"年"&MONTH({day})&"月"'
        return f'=YEAR({day})&"-"&RIGHT("0"&MONTH({day});2)'

    def _value(self, kpi: str, row: int) -> str:
        """The value of an indicator of the company in the month named in column A; blank where there is none."""
        value, named, period = map(self.results.area, ("value", "kpi", "period"))
        whose = f';{self.results.area(SUBJECT)};"{COMPANY[self.language]}"' if SUBJECT in self.results.columns else ""
        asked = '{};"{}";{};$A{}{}'.format(named, kpi.replace('"', '""'), period, row, whose)
        return f'=IF(COUNTIFS({asked};{value};"<>")=0;"";SUMIFS({value};{asked}))'

    def _put(self, row: int, place: int, rows: Sequence[Cells]) -> Request:
        start = {"sheetId": self.sheet_id, "rowIndex": row - 1, "columnIndex": place}
        return {
            "updateCells": {"rows": [{"values": cells} for cells in rows], "fields": "userEnteredValue,userEnteredFormat", "start": start}
        }

    def _range(self, rows: tuple[int, int], place: int) -> Request:
        where = {"startRowIndex": rows[0] - 1, "endRowIndex": rows[1], "startColumnIndex": place, "endColumnIndex": place + 1}
        return {"sourceRange": {"sources": [{"sheetId": self.sheet_id, **where}]}}

    def _chart(self, panel: Panel, rows: tuple[int, int], first: int, number: int) -> Request:
        """Bars of some columns over the first, on one another, from nought on; two charts beside each other."""
        several = len(panel.places) > 1
        bars = {
            "chartType": "COLUMN",
            "legendPosition": "BOTTOM_LEGEND" if several else "NO_LEGEND",
            **({"stackedType": "STACKED"} if several else {}),
            "headerCount": 1,
            "axis": [
                {"position": "LEFT_AXIS", "title": panel.axis, "viewWindowOptions": {"viewWindowMode": "EXPLICIT", "viewWindowMin": 0}}
            ],
            "domains": [{"domain": self._range(rows, 0)}],
            "series": [self._bars(rows, first + place, several=several) for place in panel.places],
        }
        corner = {"sheetId": self.sheet_id, "rowIndex": BELOW - 1, "columnIndex": 0}
        at = {"anchorCell": corner, "offsetXPixels": number % 2 * (WIDTH + 12), "offsetYPixels": number // 2 * BETWEEN}
        size = {"widthPixels": WIDTH, "heightPixels": HEIGHT}
        spec = {"title": panel.title, "altText": f"{panel.title} ({panel.axis})", "basicChart": bars}
        return {"addChart": {"chart": {"spec": spec, "position": {"overlayPosition": {**at, **size}}}}}

    def _bars(self, rows: tuple[int, int], place: int, *, several: bool) -> dict[str, Any]:
        label = {"type": "DATA", "placement": "CENTER" if several else "OUTSIDE_END"}
        return {"series": self._range(rows, place), "targetAxis": "LEFT_AXIS", "dataLabel": label}


def _text(text: str, *, bold: bool = False) -> dict[str, Any]:
    return {"userEnteredValue": {"stringValue": text}, "userEnteredFormat": {"textFormat": {"bold": bold}}}


def _head(text: str) -> dict[str, Any]:
    ink = {"bold": True, "foregroundColorStyle": colour("FFFFFF")}
    return {
        "userEnteredValue": {"stringValue": text},
        "userEnteredFormat": {"backgroundColorStyle": colour(looks.STAFF_HEADER), "textFormat": ink},
    }


def _formula(text: str) -> dict[str, Any]:
    number = {"type": "NUMBER", "pattern": "#,##0.##"}
    return {"userEnteredValue": {"formulaValue": text}, "userEnteredFormat": {"numberFormat": number}}


def letter_of(places: Mapping[str, int]) -> dict[str, str]:
    """Columns by key as letters."""
    return {key: letters(place) for key, place in places.items()}
