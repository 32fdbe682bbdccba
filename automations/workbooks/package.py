"""The zip around a workbook: names its parts, and rewrites some of them while all others keep their very bytes."""

from __future__ import annotations

import posixpath
import struct
import zlib
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from lxml import etree

LEVEL = 3
"""How hard changed parts are packed; higher levels cost more time than they save bytes."""

RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
STRICT_RELATION = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
ZIP64 = 1
STREAMED, DEFLATE_HINTS = 0x08, 0x06


def parsed(data: bytes) -> etree._Element:
    """XML from outside, parsed without entities or network."""
    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))


class Package:
    """An .xlsx file in memory. Raises zipfile.BadZipFile, KeyError or lxml errors when it is damaged."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.zip = ZipFile(BytesIO(data))
        self.members = sorted(self.zip.infolist(), key=lambda member: member.header_offset)
        self.names = {member.filename for member in self.members}

    def part(self, name: str) -> bytes:
        """A part's content; KeyError if there is none."""
        return self.zip.read(name)

    def optional(self, name: str | None) -> bytes | None:
        """A part's content, or None if there is none."""
        return self.part(name) if name in self.names and name else None

    @cached_property
    def workbook_part(self) -> str:
        """The name of the part that lists the tabs."""
        return next(target for kind, target in self.relations("").values() if kind == "officeDocument")

    @cached_property
    def workbook(self) -> etree._Element:
        """The part that lists the tabs, parsed."""
        return parsed(self.part(self.workbook_part))

    def relations_part(self, part: str) -> str:
        """The name of the part that holds a part's relations."""
        folder, name = posixpath.split(part)
        return posixpath.join(folder, "_rels", f"{name}.rels")

    def relations(self, part: str) -> dict[str, tuple[str, str]]:
        """A part's relations by id: (kind, name of the other part)."""
        root = parsed(self.part(self.relations_part(part)))
        folder = posixpath.dirname(part)
        return {
            one.get("Id", ""): (one.get("Type", "").rsplit("/", 1)[-1], _joined(folder, one.get("Target", "")))
            for one in root.iterfind("{*}Relationship")
            if one.get("TargetMode") != "External"
        }

    @cached_property
    def tabs(self) -> dict[str, str]:
        """The part name of every tab by its title."""
        related = self.relations(self.workbook_part)
        listed = self.workbook.iterfind("{*}sheets/{*}sheet")
        ids = {one.get("name", ""): one.get(RELATION) or one.get(STRICT_RELATION) or "" for one in listed}
        return {title: related[number][1] for title, number in ids.items() if number in related and related[number][0] == "worksheet"}

    def related(self, kind: str) -> str | None:
        """The name of the workbook's one part of a kind, such as `sharedStrings`."""
        return next((target for one, target in self.relations(self.workbook_part).values() if one == kind), None)

    @cached_property
    def epoch(self) -> date:
        """Day 0 of serial numbers."""
        settings = self.workbook.find("{*}workbookPr")
        late = settings is not None and settings.get("date1904") in ("1", "true")
        return date(1904, 1, 1) if late else date(1899, 12, 30)

    def rewritten(self, parts: Mapping[str, bytes]) -> bytes:
        """The file with these parts replaced or added; every other part is copied as packed, in the same order."""
        pieces: list[bytes] = []
        entries: list[bytes] = []
        offset = 0
        added = [_added(name, self.members[0]) for name in parts if name not in self.names]
        for member, raw in [*self._raw(), *((member, b"") for member in added)]:
            head = raw if member.filename not in parts else b"".join(_packed(member, parts[member.filename]))
            entries.append(_entry(member, offset))
            pieces.append(head)
            offset += len(head)
        listing = b"".join(entries)
        end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, len(entries), len(entries), len(listing), offset, len(self.zip.comment))
        return b"".join([*pieces, listing, end, self.zip.comment])

    def _raw(self) -> Iterable[tuple[ZipInfo, bytes]]:
        """Every member with its bytes as they stand: local header, packed data, descriptor."""
        bounds = [*(member.header_offset for member in self.members[1:]), self.zip.start_dir]
        for member, until in zip(self.members, bounds, strict=True):
            yield member, self.data[member.header_offset : until]


def _joined(folder: str, target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))


def _added(name: str, like: ZipInfo) -> ZipInfo:
    """A new member, dated as its neighbours are (the clock is not read)."""
    member = ZipInfo(name, like.date_time)
    member.compress_type = ZIP_DEFLATED
    return member


def _packed(member: ZipInfo, content: bytes) -> tuple[bytes, bytes]:
    """A changed member's local header and packed data; its sizes, checksum and flags are set to match."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -15)
    if member.compress_type != ZIP_STORED:
        member.compress_type = ZIP_DEFLATED
    packed = content if member.compress_type == ZIP_STORED else packer.compress(content) + packer.flush()
    member.CRC, member.file_size, member.compress_size = zlib.crc32(content), len(content), len(packed)
    member.flag_bits &= ~(STREAMED | DEFLATE_HINTS)
    member.extract_version = max(member.extract_version, 20)
    name = _name(member)
    sizes = (member.CRC, member.compress_size, member.file_size, len(name), 0)
    head = struct.pack("<4s5H3L2H", b"PK\3\4", member.extract_version, member.flag_bits, member.compress_type, *_stamp(member), *sizes)
    return head + name, packed


def _entry(member: ZipInfo, offset: int) -> bytes:
    """A member's line in the listing at the end of the file."""
    name, extra = _name(member), _without_zip64(member.extra)
    made = member.create_version | member.create_system << 8
    sizes = (member.CRC, member.compress_size, member.file_size, len(name), len(extra), len(member.comment))
    places = (0, member.internal_attr, member.external_attr, offset)
    head = (made, member.extract_version, member.flag_bits, member.compress_type, *_stamp(member))
    return struct.pack("<4s6H3L3H2H2L", b"PK\1\2", *head, *sizes, *places) + name + extra + member.comment


def _stamp(member: ZipInfo) -> tuple[int, int]:
    """A member's time and date in the zip's own format."""
    year, month, day, hour, minute, second = member.date_time
    return hour << 11 | minute << 5 | second // 2, (year - 1980) << 9 | month << 5 | day


def _name(member: ZipInfo) -> bytes:
    return member.orig_filename.encode("utf-8" if member.flag_bits & 0x800 or not member.orig_filename.isascii() else "ascii")


def _without_zip64(extra: bytes) -> bytes:
    """A member's extra fields without the 64-bit sizes, which the listing then states plainly."""
    kept, at = b"", 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<2H", extra, at)
        kept += b"" if kind == ZIP64 else extra[at : at + 4 + size]
        at += 4 + size
    return kept
