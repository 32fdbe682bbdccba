"""Reads which cell styles show dates, and appends a date style where there is none; nothing is changed or removed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Literal

from lxml import etree

Shown = Literal["date", "datetime", "time", "elapsed", ""]
FORMATS: dict[str, str] = {"date": "yyyy-mm-dd", "datetime": "yyyy-mm-dd hh:mm", "time": "hh:mm"}
BUILT_IN: dict[int, Shown] = {
    **dict.fromkeys((14, 15, 16, 17, *range(27, 32), 34, 35, 36, *range(50, 59)), "date"),
    **dict.fromkeys((18, 19, 20, 21, 32, 33, 45, 47), "time"),
    22: "datetime",
    46: "elapsed",
}
NOISE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)


def shown_by(code: str) -> Shown:
    """What a number format code shows: a date, both, a time of day, an elapsed time, or none of these."""
    bare = NOISE.sub("", code.split(";")[0]).lower().replace("general", "")
    if re.search(r"\[[hms]+\]", bare):
        return "elapsed"
    clock, day = bool(re.search("[hs]", bare)), bool(re.search("[dy]", bare)) or ("m" in bare and not re.search("[hs]", bare))
    return "datetime" if clock and day else "date" if day else "time" if clock else ""


class Stylesheet:
    """`styles.xml`: cell styles by number, and new ones appended by splicing bytes. None stands for a missing part."""

    def __init__(self, data: bytes | None) -> None:
        self.original = data
        self.data = data or b""
        self._appended: dict[tuple[int, str], int] = {}

    @cached_property
    def _root(self) -> etree._Element:
        return etree.fromstring(self.original or b"<styleSheet/>", etree.XMLParser(resolve_entities=False, no_network=True))

    @cached_property
    def _custom(self) -> dict[int, Shown]:
        formats = self._root.iterfind("{*}numFmts/{*}numFmt")
        return {int(one.get("numFmtId", "0")): shown_by(one.get("formatCode", "")) for one in formats}

    @cached_property
    def _styles(self) -> list[int]:
        return [int(one.get("numFmtId", "0")) for one in self._root.iterfind("{*}cellXfs/{*}xf")]

    def shows(self, style: int) -> Shown:
        """What cells of this style show."""
        if style >= len(self._styles):
            return ""
        number = self._styles[style]
        return self._custom[number] if number in self._custom else BUILT_IN.get(number, "")

    @cached_property
    def _wrapping(self) -> list[bool]:
        return [one.get("wrapText") in ("1", "true") for one in self._alignments()]

    def _alignments(self) -> Iterator[Mapping[str, str]]:
        for one in self._root.iterfind("{*}cellXfs/{*}xf"):
            found = one.find("{*}alignment")
            yield {} if found is None else {str(name): str(value) for name, value in found.attrib.items()}

    def wraps(self, style: int) -> bool:
        """Whether cells of this style break long texts into lines."""
        return style < len(self._wrapping) and self._wrapping[style]

    def dated(self, style: int, kind: str) -> int | None:
        """A style like this one that shows a date, datetime or time; appended if needed; None if the workbook has no styles."""
        if self.original is None or not self._styles:
            return None
        if (style, kind) not in self._appended:
            self._appended[style, kind] = self._append(style, kind)
        return self._appended[style, kind]

    def _append(self, style: int, kind: str) -> int:
        number = self._format(FORMATS[kind])
        base = self._root.findall("{*}cellXfs/{*}xf")[style if style < len(self._styles) else 0]
        xf = etree.fromstring(etree.tostring(base, with_tail=False))
        xf.set("numFmtId", str(number))
        xf.set("applyNumberFormat", "1")
        prefix = f"{base.prefix}:".encode() if base.prefix else b""
        self._splice(prefix + b"cellXfs", _bare(xf))
        return len(self._styles) + len(self._appended)

    def _format(self, code: str) -> int:
        """The number of a format code, appended to `<numFmts>` if it is not there."""
        known = re.search(rb'numFmtId="(\d+)"\s+formatCode="' + re.escape(code.encode()) + rb'"', self.data)
        if known:
            return int(known[1])
        number = max([163, *self._custom, *(int(one) for one in re.findall(rb'<(?:\w+:)?numFmt\s+numFmtId="(\d+)"', self.data))]) + 1
        prefix = f"{self._root.prefix}:".encode() if self._root.prefix else b""
        xml = b'<%bnumFmt numFmtId="%d" formatCode="%b"/>' % (prefix, number, code.encode())
        self._open_formats(prefix)
        self._splice(prefix + b"numFmts", xml)
        return number

    def _open_formats(self, prefix: bytes) -> None:
        """Make sure there is a `<numFmts>` element that something can be put into."""
        empty = b'<%bnumFmts count="0"></%bnumFmts>' % (prefix, prefix)
        self.data = re.sub(rb"<%bnumFmts\b[^>]*/>" % prefix, empty, self.data)
        head = re.search(rb"<%bstyleSheet\b[^>]*>" % prefix, self.data)
        if head and b"<%bnumFmts" % prefix not in self.data:
            self.data = self.data[: head.end()] + empty + self.data[head.end() :]

    def _splice(self, tag: bytes, xml: bytes) -> None:
        """Put an element at the end of a counted list and raise its count."""
        at = self.data.index(b"</%b>" % tag)
        self.data = self.data[:at] + xml + self.data[at:]
        head = re.compile(rb'(<%b\b[^>]*?count=")(\d+)"' % tag)
        self.data = head.sub(lambda found: b'%b%d"' % (found[1], int(found[2]) + 1), self.data, count=1)


def _bare(element: etree._Element) -> bytes:
    """An element without the namespace declarations its parents already make."""
    return re.sub(rb'\sxmlns(:\w+)?="[^"]*"', b"", etree.tostring(element))
