"""Patches single cells in the XML of a sheet by splicing bytes; what is not written to stays byte for byte."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from lxml import etree

from automations.model import letters

ODD = (b"<!--", b"<![CDATA[", b"<!DOCTYPE")
"""What a byte scanner cannot step over safely; such a sheet is first rewritten plainly by a real XML parser."""

A1 = re.compile(rb"([A-Z]+)(\d+)")
ROW_NUMBER = re.compile(rb"""\sr\s*=\s*["'](\d+)["']""")
CELL_NAME = re.compile(rb"""\sr\s*=\s*["']([A-Z]+)\d+["']""")
ATTRIBUTES = {name: re.compile(rb"\s" + name + rb"""\s*=\s*["']([^"']*)["']""") for name in (b"s", b"t")}
CELL_ADDRESS = re.compile(rb"""\sr\s*=\s*["']([A-Z]+)(\d+)["']""")
ERROR = re.compile(rb"""<(?:\w+:)?c(\s[^>]*\st="e"[^>]*|\st="e"[^>]*)>(?:(?!</(?:\w+:)?c>).)*?<(?:\w+:)?v>([^<]*)</""", re.DOTALL)
UNTICKED = re.compile(rb"\s*<(?:\w+:)?v>\s*0\s*</(?:\w+:)?v>\s*")
HEIGHT = re.compile(rb"""\sht\s*=\s*("[^"]*"|'[^']*')""")
SPANS = re.compile(rb"""\sspans\s*=\s*("[^"]*"|'[^']*')""")


class CellXml(NamedTuple):
    """One `<c>` element: where it stands in the sheet's bytes, its place, its attributes and what is inside."""

    start: int
    end: int
    place: int
    attributes: bytes
    body: bytes

    def attribute(self, name: bytes) -> bytes:
        """The value of attribute `s` or `t`, or b""."""
        found = ATTRIBUTES[name].search(self.attributes)
        return found[1] if found else b""


def _says(cell: CellXml) -> bool:
    """Whether a cell holds anything; an unticked box does not."""
    return bool(cell.body.strip()) and not (cell.attribute(b"t") == b"b" and UNTICKED.fullmatch(cell.body))


def place_of(name: bytes) -> int:
    """The 0-based place of column letters: A is 0, AA is 26."""
    place = 0
    for letter in name:
        place = place * 26 + letter - 64
    return place - 1


def plainly(data: bytes) -> bytes:
    """The sheet as UTF-8 without comments, CDATA or a document type, so that it can be scanned as bytes."""
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    head = data[:200].lower()
    utf8 = b"encoding=" not in head or b"utf-8" in head
    if utf8 and not data.startswith((b"\xff\xfe", b"\xfe\xff")) and not any(odd in data for odd in ODD):
        return data
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, strip_cdata=True, huge_tree=True)
    return etree.tostring(etree.fromstring(data, parser), xml_declaration=True, encoding="UTF-8", standalone=True)


class SheetXml:
    """A sheet's XML with its rows indexed; cells are read on demand and replaced all at once.

    Raises ValueError when there is no `<sheetData>`.
    """

    def __init__(self, data: bytes) -> None:
        self.data = plainly(data)
        root = re.search(rb"<(\w+:)?worksheet[\s>]", self.data)
        self.prefix = (root[1] or b"") if root else b""
        self.open, self.close = self._inside()
        self.numbers: list[int] = []
        self.starts: list[int] = []
        self.likes: dict[int, int] = {}
        """Rows that are appended, each with the row above whose look it takes over (0: none)."""
        self._known: dict[int, dict[int, CellXml]] = {}
        self._index_rows()
        self.arrays = list(self._arrays()) if b'"array"' in self.data or b'"dataTable"' in self.data else []
        self.merged = self._merged()
        self.cell_tag = re.compile(rb"<" + self.prefix + rb"c(?=[\s/>])([^>]*?)(/?)>")

    def tag(self, name: bytes) -> bytes:
        """An element's name with the sheet's own namespace prefix."""
        return self.prefix + name

    def _inside(self) -> tuple[int, int]:
        """The first and last+1 byte between `<sheetData>` and `</sheetData>`; an empty element is opened up."""
        found = re.search(rb"<" + self.tag(b"sheetData") + rb"\b[^>]*?(/?)>", self.data)
        if not found:
            raise ValueError("no sheetData")
        if found[1]:
            pair = b"<%b></%b>" % (self.tag(b"sheetData"), self.tag(b"sheetData"))
            self.data = self.data[: found.start()] + pair + self.data[found.end() :]
            inside = found.start() + len(self.tag(b"sheetData")) + 2
            return inside, inside
        return found.end(), self.data.index(b"</%b" % self.tag(b"sheetData"), found.end())

    def _index_rows(self) -> None:
        """Row numbers and the byte where each `<row` begins; a row without a number follows the one before."""
        mark, data, at, number = b"<" + self.tag(b"row"), self.data, self.open, 0
        while (at := data.find(mark, at, self.close)) >= 0:
            end = data.index(b">", at)
            found = ROW_NUMBER.search(data, at, end)
            number = int(found[1]) if found else number + 1
            self.numbers.append(number)
            self.starts.append(at)
            at = end

    def _arrays(self) -> Iterator[tuple[int, int, int, int]]:
        """Ranges filled by array formulas and data tables, whose cells must not be written one by one."""
        for found in re.finditer(rb"<" + self.tag(b"f") + rb"\s[^>]*>", self.data):
            if b'"array"' in found[0] or b'"dataTable"' in found[0]:
                yield from ranges(re.findall(rb'\sref="([^"]+)"', found[0]))

    def _merged(self) -> list[tuple[int, int, int, int]]:
        found = re.findall(rb"<" + self.tag(b"mergeCell") + rb'\s[^>]*?ref="([^"]+)"', self.data[self.close :])
        return list(ranges(found))

    def closed(self, row: int, place: int) -> str:
        """Why a cell must not be written, or ""."""
        cell = self.cells(row).get(place)
        if (cell and b"<" + self.tag(b"f") in cell.body) or any(within(area, row, place) for area in self.arrays):
            return "holds a formula"
        inner = any(within(area, row, place) and area[:2] != (row, place) for area in self.merged)
        return "is part of merged cells" if inner else ""

    def extent(self, position: int) -> tuple[int, int]:
        """The first and last+1 byte of the row at this position of the index."""
        return self.starts[position], self.starts[position + 1] if position + 1 < len(self.starts) else self.close

    def position(self, row: int) -> int | None:
        """Where a row stands in the index, or None if it is not written in the file."""
        position = bisect_left(self.numbers, row)
        return position if position < len(self.numbers) and self.numbers[position] == row else None

    def cells(self, row: int) -> dict[int, CellXml]:
        """The cells of a row by place; {} for a row the file does not have."""
        if row not in self._known:
            position = self.position(row)
            self._known[row] = {} if position is None else {cell.place: cell for cell in self._cells(*self.extent(position))}
        return self._known[row]

    def last(self) -> int:
        """The last row that holds a value or a formula, or in which an area of merged cells or of an array formula ends; 0 if none."""
        filled = (number for number in reversed(self.numbers) if any(_says(cell) for cell in self.cells(number).values()))
        return max(next(filled, 0), *(area[2] for area in (*self.merged, *self.arrays)), 0)

    def row_style(self, row: int) -> int:
        """The style a row gives to its cells, 0 if it gives none."""
        position = self.position(row)
        start = self.starts[position] if position is not None else self.close
        found = re.search(rb"""\scustomFormat\s*=\s*["'](?:1|true)""", self.data[start : self.data.find(b">", start)])
        style = re.search(rb"""\ss\s*=\s*["'](\d+)""", self.data[start : self.data.find(b">", start)])
        return int(style[1]) if position is not None and found and style else 0

    @cached_property
    def column_styles(self) -> dict[int, int]:
        """The default style of every column that has one, from `<cols>`; at most the first 1,024 columns."""
        return {place: int(style) for place, style in self._columns_said(b"style")}

    @cached_property
    def column_widths(self) -> dict[int, float]:
        """The width in characters of every column that has one."""
        return dict(self._columns_said(b"width"))

    def _columns_said(self, name: bytes) -> Iterator[tuple[int, float]]:
        """(place, number) for an attribute of `<col>`."""
        for found in re.finditer(rb"<" + self.tag(b"col") + rb"\s([^>]*)>", self.data[: self.open]):
            said = {key: float(value) for key, value in re.findall(rb"""(\w+)\s*=\s*["'](\d+(?:\.\d+)?)["']""", found[1])}
            if name in said and b"min" in said:
                first, last = int(said[b"min"]) - 1, int(said.get(b"max", said[b"min"]))
                yield from ((place, said[name]) for place in range(first, min(last, 1024)))

    @cached_property
    def line_height(self) -> float:
        """The height of a row of one line, in points."""
        found = re.search(rb"""\sdefaultRowHeight\s*=\s*["']([\d.]+)["']""", self.data[: self.open])
        return float(found[1]) if found else 15.0

    def height_is_free(self, row: int) -> bool:
        """Whether nobody has set the height of a row by hand."""
        position = self.position(row)
        start = self.starts[position] if position is not None else self.close
        return b"customHeight" not in self.data[start : self.data.find(b">", start)]

    def _cells(self, start: int, end: int) -> Iterator[CellXml]:
        place = -1
        for found in self.cell_tag.finditer(self.data, start, end):
            name = CELL_NAME.search(found[1])
            place = place_of(name[1]) if name else place + 1
            yield self._cell(found, place)

    def _cell(self, found: re.Match[bytes], place: int) -> CellXml:
        if found[2]:
            return CellXml(found.start(), found.end(), place, found[1], b"")
        shut = b"</%b>" % self.tag(b"c")
        inner = self.data.index(shut, found.end())
        return CellXml(found.start(), inner + len(shut), place, found[1], self.data[found.end() : inner])

    def column(self, place: int, below: int) -> Iterator[tuple[int, CellXml]]:
        """The cells of one column with their row numbers, for rows below a row; quick where cells carry their address."""
        name, data = letters(place).encode(), self.data
        for position in range(bisect_left(self.numbers, below + 1), len(self.numbers)):
            start, end = self.extent(position)
            number = self.numbers[position]
            at = data.find(b' r="%b%d"' % (name, number), start, end)
            found = self.cell_tag.match(data, data.rfind(b"<", start, at)) if at >= 0 else None
            cell = self._cell(found, place) if found else next((one for one in self._cells(start, end) if one.place == place), None)
            if cell:
                yield number, cell

    def with_cells(self, cells: Mapping[tuple[int, int], bytes], heights: Mapping[int, float] | None = None) -> bytes:
        """The sheet with these (row, place) cells replaced or put in, in the right order, and these rows (of them) made so high."""
        rows: dict[int, dict[int, bytes]] = {}
        for (row, place), xml in cells.items():
            rows.setdefault(row, {})[place] = xml
        pieces: list[bytes] = []
        done = 0
        for row in sorted(rows):
            start, end, xml = self._row_with(row, rows[row])
            pieces += [self.data[done:start], as_high(xml, heights[row]) if heights and row in heights else xml]
            done = end
        return resized(b"".join([*pieces, self.data[done:]]), self.prefix, cells)

    def _row_with(self, row: int, cells: Mapping[int, bytes]) -> tuple[int, int, bytes]:
        """The bytes to replace (first, last+1) and the row that takes their place."""
        position = self.position(row)
        tag = self.tag(b"row")
        if position is None:
            after = bisect_left(self.numbers, row)
            at = self.starts[after] if after < len(self.starts) else self.close
            inner = b"".join(cells[place] for place in sorted(cells))
            return at, at, b'<%b r="%d">%b</%b>' % (tag, row, inner, tag)
        start, end = self.extent(position)
        head_end = self.data.index(b">", start) + 1
        head, shut = self.data[start:head_end], self.data.rfind(b"</" + tag, head_end, end)
        if head.endswith(b"/>"):
            return start, head_end, self._wider(head[:-2].rstrip() + b">") + self._spliced(row, head_end, head_end, cells) + b"</%b>" % tag
        known = self.cells(row)
        return start, shut, (head if cells.keys() <= known.keys() else self._wider(head)) + self._spliced(row, head_end, shut, cells)

    @staticmethod
    def _wider(head: bytes) -> bytes:
        """A row's opening tag without `spans`, an optional hint that a new cell may make untrue."""
        return SPANS.sub(b"", head)

    def _spliced(self, row: int, start: int, end: int, cells: Mapping[int, bytes]) -> bytes:
        """The inside of a row between two bytes, with cells replaced or put in by place."""
        known = sorted(self.cells(row).values(), key=lambda cell: cell.place)
        pieces: list[bytes] = []
        done = start
        for place in sorted(cells):
            here = next((cell for cell in known if cell.place >= place), None)
            at = here.start if here else (known[-1].end if known else end)
            pieces += [self.data[done:at], cells[place]]
            done = here.end if here and here.place == place else at
        return b"".join([*pieces, self.data[done:end]])


def error_cells(xml: bytes) -> Iterator[tuple[int, int, str]]:
    """(row, place, text) of the cells that hold an error, in a sheet whose cells carry their addresses."""
    for found in ERROR.finditer(xml):
        name = CELL_ADDRESS.search(found[1])
        if name:
            yield int(name[2]), place_of(name[1]), found[2].decode("ascii", "replace")


def as_high(row: bytes, height: float) -> bytes:
    """A row's XML with this height in points."""
    end = row.index(b">")
    head = HEIGHT.sub(b"", row[:end]).rstrip()
    return head + f' ht="{height:g}"'.encode() + row[end:]


def within(area: tuple[int, int, int, int], row: int, place: int) -> bool:
    """Whether a cell lies in (first row, first place, last row, last place)."""
    return area[0] <= row <= area[2] and area[1] <= place <= area[3]


def ranges(names: list[bytes]) -> Iterator[tuple[int, int, int, int]]:
    """(first row, first place, last row, last place) of ranges such as `B2:C9`."""
    for name in names:
        ends = [(int(number), place_of(column)) for column, number in A1.findall(name.replace(b"$", b""))]
        if ends:
            yield (*ends[0], *ends[-1])


def resized(data: bytes, prefix: bytes, cells: Mapping[tuple[int, int], bytes]) -> bytes:
    """The sheet with its `<dimension>` made wide enough for these cells."""
    found = re.search(rb"<" + prefix + rb'dimension\s+ref="([^"]*)"', data[:4000])
    area = next(ranges([found[1]]), None) if found else None
    if not found or not area or not cells:
        return data
    rows, places = [row for row, _ in cells], [place for _, place in cells]
    top, left, bottom, right = min(area[0], *rows), min(area[1], *places), max(area[2], *rows), max(area[3], *places)
    if (top, left, bottom, right) == area:
        return data
    ref = f"{letters(left)}{top}:{letters(right)}{bottom}".encode()
    return data[: found.start(1)] + ref + data[found.end(1) :]
