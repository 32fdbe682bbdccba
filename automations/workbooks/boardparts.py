"""The tab with the charts in a workbook that is there already: its parts are added to the package, and no other tab is touched."""

from __future__ import annotations

import io
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lxml import etree
from openpyxl import Workbook as Book

from automations.model import Table
from automations.workbooks.board import APART, LOWEST, TITLE, Page, Places, Series, add_board
from automations.workbooks.cellxml import escaped
from automations.workbooks.package import Package, parsed
from automations.workbooks.sheetxml import SheetXml
from automations.workbooks.workbookxml import NewSheet, listed
from automations.workbooks.xlsx import Opened, XlsxWorkbook

DRAWING = "application/vnd.openxmlformats-officedocument.drawing+xml"
CHART = "application/vnd.openxmlformats-officedocument.drawingml.chart+xml"
RELATIONS = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">%b</Relationships>'
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
KIND = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"


def add_board_to(
    path: Path, tables: Sequence[Table], titles: Mapping[str, str], places: Places, shown: Sequence[Series], language: str
) -> None:
    """Add the tab behind the others in one atomic save; everything else in the file keeps its very bytes.

    `titles` and `places` say where the tables and their columns stand in this file.
    Raises WorkbookBusy, WorkbookUnreadable, WorkbookUnwritable.
    """
    drawn = _drawn(tables, titles, places, shown, language)
    XlsxWorkbook(path, language=language).rewrite(lambda opened: board_parts(opened.package, drawn, TITLE[language]))


def add_more_to(path: Path, board: str, results: str, at: Mapping[str, int], shown: Sequence[Series], language: str) -> None:
    """Add indicators to the tab with the charts that is there: columns right of all that is used, charts below the lowest one.

    `results` is the tab of the indicators, `at` the places of its columns. What people changed on the tab stays as it is.
    Raises WorkbookBusy, WorkbookUnreadable, WorkbookUnwritable.
    """
    workbook = XlsxWorkbook(path, language=language)
    first = next((len(grid.columns) for grid in workbook.grids() if grid.title == board), 0)

    def parts_of(opened: Opened) -> dict[str, bytes]:
        part = opened.part_of(board)
        if part is None:
            raise workbook.tab_gone(board)
        chosen = _More(opened.package, opened.sheet(part), part, first)
        return chosen.parts(_drawn_more(board, results, at, shown, language, (first + 1, chosen.lowest)))

    workbook.rewrite(parts_of)


def _drawn_more(
    board: str, results: str, at: Mapping[str, int], shown: Sequence[Series], language: str, corner: tuple[int, int]
) -> Package:
    """The new columns and charts alone, on a tab of this name, from the column and the row of the corner on."""
    book = Book()
    sheet = book.worksheets[0]
    sheet.title = board
    Page(sheet, language).more(results, at, shown, *corner)
    written = io.BytesIO()
    book.save(written)
    return Package(written.getvalue())


@dataclass(frozen=True, eq=False)
class _More:
    """A tab with charts that gets more of them."""

    package: Package
    sheet: SheetXml
    part: str
    first: int

    @cached_property
    def drawing(self) -> str | None:
        """The part with the places of the charts; none where people took them all away."""
        return next((target for kind, target in self.package.relations(self.part).values() if kind == "drawing"), None)

    @property
    def lowest(self) -> int:
        """The row from which on nothing is drawn."""
        xml = self.package.part(self.drawing) if self.drawing else b""
        rows = [int(row) for row in re.findall(rb"<(?:\w+:)?from>.*?<(?:\w+:)?row>(\d+)<", xml, re.DOTALL)]
        return max(LOWEST, max(rows, default=0) + 1 + APART)

    def parts(self, drawn: Package) -> dict[str, bytes]:
        """The parts that change: the sheet with the new cells; the drawing and the listings that name the new charts."""
        new = SheetXml(_plain(drawn, next(iter(drawn.tabs.values()))))
        cells = {(row, place): new.data[cell.start : cell.end] for row in new.numbers for place, cell in new.cells(row).items()}
        parts = {self.part: self.sheet.with_cells({at: _prefixed(xml, self.sheet.prefix) for at, xml in cells.items()})}
        return parts | (self._charts(drawn, self.drawing) if self.drawing else {})

    def _charts(self, drawn: Package, home: str) -> dict[str, bytes]:
        theirs = next(target for kind, target in drawn.relations(next(iter(drawn.tabs.values()))).values() if kind == "drawing")
        number = _free_number(self.package)
        charts = {name: target for name, (kind, target) in drawn.relations(theirs).items() if kind == "chart"}
        named = {name: (f"rkChart{number + step}", f"xl/charts/chart{number + step}.xml") for step, name in enumerate(charts)}
        parts = {named[name][1]: drawn.part(target) for name, target in charts.items()}
        parts[home] = _before_last(
            self.package.part(home), b"".join(_anchors(drawn.part(theirs), {old: new for old, (new, _) in named.items()}))
        )
        said = "".join(f'<Relationship Id="{new}" Type="{KIND}chart" Target="/{part}"/>' for new, part in named.values()).encode()
        relations = self.package.relations_part(home)
        parts[relations] = _before_last(self.package.optional(relations) or RELATIONS % b"", said)
        types = "".join(f'<Override PartName="/{part}" ContentType="{CHART}"/>' for _, part in named.values()).encode()
        parts["[Content_Types].xml"] = _before_last(self.package.part("[Content_Types].xml"), types)
        return parts


def _anchors(drawing: bytes, renamed: Mapping[str, str]) -> list[bytes]:
    """Every chart's place on the tab, naming its chart anew; each says its namespaces itself, so it fits into any drawing."""
    found = []
    for number, anchor in enumerate(parsed(drawing), start=1):
        for each in anchor.iter():
            if new := renamed.get(str(each.get(RELATION))):
                each.set(RELATION, new)
            if str(each.tag).endswith("}cNvPr"):
                each.set("id", str(10_000 + number))
        found.append(etree.tostring(anchor))
    return found


def _before_last(xml: bytes, added: bytes) -> bytes:
    """The XML with something put in right before its last closing tag."""
    closing = re.search(rb"</[\w:]+\s*>\s*$", xml)
    return (
        xml[: closing.start()] + added + xml[closing.start() :]
        if closing
        else re.sub(rb"<([\w:]+)([^>]*)/>\s*$", rb"<\1\2>%b</\1>" % added, xml)
    )


def _prefixed(cell: bytes, prefix: bytes) -> bytes:
    return re.sub(rb"<(/?)(?=[a-z])", rb"<\1" + prefix, cell) if prefix else cell


def _drawn(tables: Sequence[Table], titles: Mapping[str, str], places: Places, shown: Sequence[Series], language: str) -> Package:
    """The tab alone, in a book of its own."""
    book = Book()
    book.remove(book.worksheets[0])
    add_board(book, tables, titles, shown, language, places)
    written = io.BytesIO()
    book.save(written)
    return Package(written.getvalue())


def board_parts(package: Package, drawn: Package, title: str) -> dict[str, bytes]:
    """The parts that add the tab of `drawn` to a workbook: the sheet, its drawing, its charts and the listings that name them."""
    sheet = next(iter(drawn.tabs.values()))
    drawing = next(target for kind, target in drawn.relations(sheet).values() if kind == "drawing")
    charts = [target for kind, target in drawn.relations(drawing).values() if kind == "chart"]
    first = _free_number(package)
    renamed = {chart: f"xl/charts/chart{first + place}.xml" for place, chart in enumerate(charts)}
    parts = listed(package, [NewSheet(title, _plain(drawn, sheet))])
    added = next(name for name in parts if name not in package.names)
    home = f"xl/drawings/drawing{first}.xml"
    parts |= {renamed[chart]: drawn.part(chart) for chart in charts} | {home: drawn.part(drawing)}
    parts[package.relations_part(added)] = _relations(dict.fromkeys(drawn.relations(sheet), ("drawing", home)))
    parts[package.relations_part(home)] = _relations(
        {name: (kind, renamed[target]) for name, (kind, target) in drawn.relations(drawing).items()}
    )
    types = [(home, DRAWING), *((chart, CHART) for chart in renamed.values())]
    said = "".join(f'<Override PartName="/{name}" ContentType="{kind}"/>' for name, kind in types).encode()
    parts["[Content_Types].xml"] = re.sub(rb"(</(?:\w+:)?Types\s*>)", said + rb"\1", parts["[Content_Types].xml"], count=1)
    return parts


def _free_number(package: Package) -> int:
    """A number that no drawing and no chart of the workbook has yet."""
    used = [int(found[1]) for name in package.names if (found := re.search(r"(?:drawing|chart)(\d+)\.xml$", name))]
    return max(used, default=0) + 1


def _relations(targets: Mapping[str, tuple[str, str]]) -> bytes:
    rows = (f'<Relationship Id="{name}" Type="{KIND}{kind}" Target="/{target}"/>' for name, (kind, target) in targets.items())
    return RELATIONS % "".join(rows).encode()


def _plain(drawn: Package, sheet: str) -> bytes:
    """The sheet with its texts inside the cells and without styles: both stand in parts that belong to another book."""
    texts = _texts(drawn)

    def inside(found: re.Match[bytes]) -> bytes:
        return b'<c r="%b" t="inlineStr"><is><t xml:space="preserve">%b</t></is></c>' % (found[1], texts[int(found[2])])

    xml = re.sub(rb'(<(?:c|col|row)\b[^>]*?) s(?:tyle)?="\d+"', rb"\1", drawn.part(sheet))
    return re.sub(rb'<c r="([A-Z]+\d+)" t="s"><v>(\d+)</v></c>', inside, xml)


def _texts(drawn: Package) -> list[bytes]:
    """The texts the cells share; none where openpyxl wrote them into the cells already."""
    shared = drawn.optional(posixpath.join("xl", "sharedStrings.xml"))
    items = parsed(shared) if shared else []
    return [escaped("".join(str(text) for text in item.itertext())).encode() for item in items]
