"""Small changes to the parts that list a workbook's tabs, made by splicing bytes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass

from automations.workbooks.cellxml import escaped
from automations.workbooks.package import RELATION, STRICT_RELATION, Package

AFTER_CALCULATION = (b"oleSize", b"customWorkbookViews", b"pivotCaches", b"fileRecoveryPr", b"extLst")
"""What the format wants to stand after `<calcPr>`."""


def recalculating(xml: bytes) -> bytes:
    """The workbook part asking for all formulas to be computed when it is opened: their stored results may be stale."""
    found = re.search(rb"<((?:\w+:)?)calcPr\b([^>]*?)(/?)>", xml)
    if not found:
        return _with_calculation(xml)
    if re.search(rb'fullCalcOnLoad="(1|true)"', found[2]):
        return xml
    attributes = re.sub(rb'\sfullCalcOnLoad="[^"]*"', b"", found[2])
    tag = b'<%bcalcPr%b fullCalcOnLoad="1"%b>' % (found[1], attributes.rstrip(), found[3])
    return xml[: found.start()] + tag + xml[found.end() :]


def _with_calculation(xml: bytes) -> bytes:
    root = re.search(rb"<((?:\w+:)?)workbook[\s>]", xml)
    prefix = root[1] if root else b""
    later = [xml.rfind(b"<%b%b" % (prefix, name)) for name in AFTER_CALCULATION]
    at = min([place for place in later if place >= 0], default=xml.rindex(b"</%bworkbook" % prefix))
    return xml[:at] + b'<%bcalcPr fullCalcOnLoad="1"/>' % prefix + xml[at:]


CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"


@dataclass(frozen=True)
class NewSheet:
    """A tab to be added: its title and its whole XML."""

    title: str
    xml: bytes


def listed(package: Package, sheets: Sequence[NewSheet]) -> dict[str, bytes]:
    """The parts that add these tabs after the last one: the sheets, and the three listings that name them."""
    if not sheets:
        return {}
    relations, types = package.relations_part(package.workbook_part), "[Content_Types].xml"
    parts = {name: package.part(name) for name in (package.workbook_part, relations, types)}
    folder = posixpath.dirname(package.workbook_part)
    for number, sheet in enumerate(sheets, _free_number(package)):
        part = posixpath.join(folder, "worksheets", f"sheet{number}.xml")
        parts[part] = sheet.xml
        parts[types] = _before_end(parts[types], b"Types", "Override", f'PartName="/{part}" ContentType="{CONTENT_TYPE}"')
        kind = f'Type="{_relation_base(package)}/worksheet"'
        parts[relations] = _before_end(
            parts[relations], b"Relationships", "Relationship", f'Id="rowkeeper{number}" {kind} Target="/{part}"'
        )
        parts[package.workbook_part] = _with_tab(package, parts[package.workbook_part], sheet.title, number)
    return parts


def _relation_base(package: Package) -> str:
    """The namespace of relations this workbook uses: the usual one, or that of the strict format."""
    sheet = package.workbook.find("{*}sheets/{*}sheet")
    name = STRICT_RELATION if sheet is not None and STRICT_RELATION in sheet.attrib else RELATION
    return name[1:].partition("}")[0]


def _free_number(package: Package) -> int:
    """A number no sheet part, sheet id or relation of the workbook has yet."""
    ids = [int(one.get("sheetId", "0")) for one in package.workbook.iterfind("{*}sheets/{*}sheet")]
    parts = [int(found[1]) for name in package.names if (found := re.search(r"sheet(\d+)\.xml$", name))]
    used = [int(found[1]) for one in package.relations(package.workbook_part) if (found := re.fullmatch(r"rowkeeper(\d+)", one))]
    return max([0, *ids, *parts, *used]) + 1


def _with_tab(package: Package, xml: bytes, title: str, number: int) -> bytes:
    """The workbook part with one more tab at the end."""
    name = escaped(title).replace('"', "&quot;")
    space = f'xmlns:rk="{_relation_base(package)}"'
    return _before_end(xml, b"sheets", "sheet", f'{space} name="{name}" sheetId="{number}" rk:id="rowkeeper{number}"')


def _before_end(xml: bytes, listing: bytes, tag: str, attributes: str) -> bytes:
    """XML with one more empty element at the end of a listing, under the listing's own prefix."""
    found = re.search(rb"</((?:\w+:)?)" + listing + rb"\s*>", xml)
    if not found:
        raise ValueError(f"no end of {listing.decode()}")
    return xml[: found.start()] + f"<{found[1].decode()}{tag} {attributes}/>".encode() + xml[found.start() :]
