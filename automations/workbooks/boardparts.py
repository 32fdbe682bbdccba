"""The tab with the charts in a workbook that is there already: its parts are added to the package, and no other tab is touched."""

from __future__ import annotations

import io
import posixpath
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from openpyxl import Workbook as Book

from automations.errors import WorkbookUnwritable
from automations.model import Table
from automations.workbooks.board import TITLE, Places, Series, add_board
from automations.workbooks.cellxml import escaped
from automations.workbooks.package import Package, parsed
from automations.workbooks.saving import FileChanged, refuse_if_open, replace_file
from automations.workbooks.workbookxml import NewSheet, listed
from automations.workbooks.xlsx import XlsxWorkbook

DRAWING = "application/vnd.openxmlformats-officedocument.drawing+xml"
CHART = "application/vnd.openxmlformats-officedocument.drawingml.chart+xml"
RELATIONS = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">%b</Relationships>'
KIND = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"


def add_board_to(
    path: Path, tables: Sequence[Table], titles: Mapping[str, str], places: Places, shown: Sequence[Series], language: str
) -> None:
    """Add the tab behind the others in one atomic save; everything else in the file keeps its very bytes.

    `titles` and `places` say where the tables and their columns stand in this file.
    Raises WorkbookBusy, WorkbookUnreadable, WorkbookUnwritable.
    """
    workbook = XlsxWorkbook(path)
    refuse_if_open(workbook.path)
    seen, opened = workbook.fingerprint(), workbook.opened()
    parts = board_parts(opened.package, _drawn(tables, titles, places, shown, language), TITLE[language])
    try:
        replace_file(workbook.path, opened.packed(parts), seen, workbook.keep_in)
    except FileChanged as error:
        raise WorkbookUnwritable(f"{workbook.name}: was saved by someone else meanwhile; run again. Nothing was changed.") from error


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
