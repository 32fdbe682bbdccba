"""Batch requests about tabs, the file, and what lies on ranges: protection, names, conditional formats, filters, merges, charts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.sheets import masks
from tests.sheets.a1 import Box
from tests.sheets.anchors import swept
from tests.sheets.book import BLANK, Book, Line, Sheet
from tests.sheets.caller import Caller, may_edit
from tests.sheets.cellrequests import mask_of
from tests.sheets.colours import paired, settled
from tests.sheets.ranges import of_grid
from tests.sheets.refusals import Json, invalid, protected
from tests.sheets.rendering import protection, sheet_properties, without_zeros

Request = Callable[[Book, Caller, Json, str], Json]


def add_sheet(book: Book, caller: Caller, request: Json, where: str) -> Json:
    asked = request.get("properties") or {}
    sheet = new_sheet(book, asked, where)
    book.sheets.insert(_index(book, asked), sheet)
    book.check_size()
    return {"addSheet": {"properties": sheet_properties(book, sheet)}}


def _index(book: Book, asked: Json) -> int:
    return len(book.sheets) if asked.get("index") is None else min(asked["index"], len(book.sheets))


def new_sheet(book: Book, asked: Json, where: str) -> Sheet:
    """A blank tab by SheetProperties, not yet in the book."""
    asked = settled(asked)
    title = asked.get("title") or f"Sheet{len(book.sheets) + 1}"
    _check_title(book, title, None, where)
    number = asked.get("sheetId")
    if number is None:
        number = 1_000_003 * book.fresh_id() % 2_147_483_647
    if any(sheet.sheet_id == number for sheet in book.sheets):
        raise invalid(f"Invalid {where}: A sheet with id {number} already exists.")
    grid = dict(asked.get("gridProperties") or {})
    rows, columns = [[BLANK] * (grid.pop(name, None) or default) for name, default in (("rowCount", 1000), ("columnCount", 26))]
    rest = {name: value for name, value in asked.items() if name not in ("title", "sheetId", "index", "gridProperties", "sheetType")}
    return Sheet(number, title, rows, columns, {**rest, **({"gridProperties": grid} if grid else {})})


def _check_title(book: Book, title: str, own: Sheet | None, where: str) -> None:
    other = book.titled(title)
    if other is not None and other is not own:
        raise invalid(f'Invalid {where}: A sheet with the name "{title}" already exists. Please enter another name.')


def delete_sheet(book: Book, caller: Caller, request: Json, where: str) -> Json:
    sheet = book.sheet(request.get("sheetId") or 0, where)
    if not [other for other in book.sheets if other is not sheet and not other.hidden]:
        raise invalid(f"Invalid {where}: You can't remove all the visible sheets in a document.")
    if any(not may_edit(caller, thing) for thing in sheet.things("protectedRanges")):
        raise protected(where, caller.language)
    book.sheets.remove(sheet)
    book.named = [named for named in book.named if named["range"].get("sheetId", 0) != sheet.sheet_id]
    swept(book)
    return {}


def update_sheet(book: Book, caller: Caller, request: Json, where: str) -> Json:
    mask, asked = paired(mask_of(request, where)), settled(request.get("properties") or {})
    sheet = book.sheet(asked.get("sheetId") or 0, where)
    if masks.wants(mask, "title") and "title" in asked:
        _check_title(book, asked["title"], sheet, where)
        sheet.title = asked["title"]
    if masks.wants(mask, "index") and asked.get("index") is not None:
        _reindex(book, sheet, asked["index"])
    own = {name: inner for name, inner in mask.items() if name not in ("title", "index", "sheetId")}
    if own:
        _regrid(
            sheet, asked.get("gridProperties") or {}, masks.below(own, "gridProperties") if masks.wants(own, "gridProperties") else None
        )
        sheet.properties = _settled(masks.merged(sheet.properties, asked, own))
    if all(other.hidden for other in book.sheets):
        raise invalid(f"Invalid {where}: You can't hide all the sheets in a document.")
    book.check_size()
    return {}


def _settled(properties: Json) -> Json:
    """Properties without what a Sheet keeps elsewhere."""
    grid = {name: value for name, value in properties.get("gridProperties", {}).items() if name not in ("rowCount", "columnCount")}
    rest = {name: value for name, value in properties.items() if name not in ("title", "index", "sheetId", "sheetType", "gridProperties")}
    return {**rest, **({"gridProperties": grid} if grid else {})}


def _regrid(sheet: Sheet, grid: Json, mask: masks.Mask | None) -> None:
    if mask is None:
        return
    if masks.wants(mask, "rowCount") and grid.get("rowCount"):
        sheet.rows = sized(sheet.rows, grid["rowCount"])
    if masks.wants(mask, "columnCount") and grid.get("columnCount"):
        sheet.columns = sized(sheet.columns, grid["columnCount"])


def sized(lines: list[Line], many: int) -> list[Line]:
    return lines[:many] + [BLANK] * (many - len(lines))


def _reindex(book: Book, sheet: Sheet, index: int) -> None:
    """Indices count before the move."""
    here = next(place for place, other in enumerate(book.sheets) if other is sheet)
    book.sheets.remove(sheet)
    book.sheets.insert(index - 1 if index > here else index, sheet)


def duplicate_sheet(book: Book, caller: Caller, request: Json, where: str) -> Json:
    source = book.sheet(request.get("sourceSheetId") or 0, where)
    title = request.get("newSheetName") or f"Copy of {source.title}"
    sheet = new_sheet(book, {"title": title, "sheetId": request.get("newSheetId")}, where)
    copy = source.copied()
    sheet.rows, sheet.columns, sheet.properties = copy.rows, copy.columns, copy.properties
    sheet.lying = {name: _readdressed(things, source.sheet_id, sheet.sheet_id) for name, things in copy.lying.items()}
    book.sheets.insert(request.get("insertSheetIndex") or 0, sheet)
    book.check_size()
    return {"duplicateSheet": {"properties": sheet_properties(book, sheet)}}


def copy_into(source: Book, number: int, target: Book) -> Json:
    """copyTo: a tab of one book as a new tab of another."""
    sheet = source.sheet(number).copied()
    new = new_sheet(target, {"title": _free_title(target, f"Copy of {sheet.title}")}, "sheet")
    new.rows, new.columns, new.properties = sheet.rows, sheet.columns, sheet.properties
    new.lying = {name: _readdressed(things, number, new.sheet_id) for name, things in sheet.lying.items()}
    target.sheets.append(new)
    target.check_size()
    return sheet_properties(target, new)


def _free_title(book: Book, title: str) -> str:
    number = 1
    while book.titled(title if number == 1 else f"{title} {number}"):
        number += 1
    return title if number == 1 else f"{title} {number}"


def _readdressed(thing: Any, old: int, new: int) -> Any:
    if isinstance(thing, list):
        return [_readdressed(item, old, new) for item in thing]
    if not isinstance(thing, dict):
        return thing
    moved = {name: _readdressed(value, old, new) for name, value in thing.items()}
    return {**moved, "sheetId": new} if moved.get("sheetId") == old else moved


def update_book(book: Book, caller: Caller, request: Json, where: str) -> Json:
    mask, asked = mask_of(request, where), request.get("properties") or {}
    for name, field in (("title", "title"), ("locale", "locale"), ("timeZone", "time_zone")):
        if masks.wants(mask, name) and asked.get(name):
            setattr(book, field, asked[name])
    rest = {name: inner for name, inner in mask.items() if name not in ("title", "locale", "timeZone", "*")}
    book.properties = masks.merged(book.properties, asked, rest) if rest else book.properties
    return {}


def explicit(thing: Any) -> Any:
    """A thing with `sheetId: 0` written into the ranges that left it out, as the stand-in keeps it."""
    if isinstance(thing, list):
        return [explicit(item) for item in thing]
    if not isinstance(thing, dict):
        return thing
    inner = {name: explicit(value) for name, value in thing.items() if value is not None}
    sides = {"startRowIndex", "endRowIndex", "startColumnIndex", "endColumnIndex"}
    return {"sheetId": 0, **inner} if sides & set(inner) else inner


def add_protection(book: Book, caller: Caller, request: Json, where: str) -> Json:
    asked = explicit(request.get("protectedRange") or {})
    asked["range"] = {"sheetId": 0, **(asked.get("range") or {})}
    sheet, _ = of_grid(book, asked["range"], where)
    number = asked.get("protectedRangeId") or 7_919 * book.fresh_id()
    editors = {name: names for name, names in (asked.get("editors") or {}).items() if names}
    thing = {**asked, "protectedRangeId": number, "editors": editors}
    people = {**editors, "users": sorted({*editors.get("users", []), caller.email})}
    sheet.things("protectedRanges").append({**thing, "editors": people})
    return {"addProtectedRange": {"protectedRange": {**without_zeros(protection(caller, thing)), "requestingUserCanEdit": True}}}


def update_protection(book: Book, caller: Caller, request: Json, where: str) -> Json:
    mask, asked = mask_of(request, where), explicit(request.get("protectedRange") or {})
    sheet, place = _find(book, "protectedRanges", "protectedRangeId", asked.get("protectedRangeId"), where)
    things = sheet.things("protectedRanges")
    if not may_edit(caller, things[place]):
        raise protected(where, caller.language)
    things[place] = masks.merged(things[place], asked, mask) if "*" not in mask else asked
    return {}


def delete_protection(book: Book, caller: Caller, request: Json, where: str) -> Json:
    sheet, place = _find(book, "protectedRanges", "protectedRangeId", request.get("protectedRangeId"), where)
    if not may_edit(caller, sheet.things("protectedRanges")[place]):
        raise protected(where, caller.language)
    del sheet.things("protectedRanges")[place]
    return {}


def _find(book: Book, name: str, key: str, number: Any, where: str) -> tuple[Sheet, int]:
    for sheet in book.sheets:
        for place, thing in enumerate(sheet.things(name)):
            if thing[key] == number:
                return sheet, place
    raise invalid(f"Invalid {where}: No {name[:-1]} with id: {number}")


def add_name(book: Book, caller: Caller, request: Json, where: str) -> Json:
    asked = explicit(request.get("namedRange") or {})
    if any(named["name"].casefold() == asked.get("name", "").casefold() for named in book.named):
        raise invalid(f'Invalid {where}: A named range with the name "{asked["name"]}" already exists.')
    of_grid(book, asked.get("range") or {}, where)
    asked["range"] = {"sheetId": 0, **asked["range"]}
    named = {"namedRangeId": asked.get("namedRangeId") or f"name{book.fresh_id()}", **asked}
    book.named.append(named)
    return {"addNamedRange": {"namedRange": without_zeros(named)}}


def update_name(book: Book, caller: Caller, request: Json, where: str) -> Json:
    mask, asked = mask_of(request, where), explicit(request.get("namedRange") or {})
    place = next((place for place, named in enumerate(book.named) if named["namedRangeId"] == asked.get("namedRangeId")), None)
    if place is None:
        raise invalid(f"Invalid {where}: No named range with id: {asked.get('namedRangeId')}")
    book.named[place] = masks.merged(book.named[place], asked, mask)
    return {}


def delete_name(book: Book, caller: Caller, request: Json, where: str) -> Json:
    kept = [named for named in book.named if named["namedRangeId"] != request.get("namedRangeId")]
    if len(kept) == len(book.named):
        raise invalid(f"Invalid {where}: No named range with id: {request.get('namedRangeId')}")
    book.named = kept
    return {}


def add_rule(book: Book, caller: Caller, request: Json, where: str) -> Json:
    """A conditional format; adding the same twice gives two."""
    rule = settled(explicit(request.get("rule") or {}))
    if not rule.get("ranges"):
        raise invalid(f"Invalid {where}: rule.ranges must have at least one range.")
    rule["ranges"] = [{"sheetId": 0, **place} for place in rule["ranges"]]
    sheet, _ = of_grid(book, rule["ranges"][0], where)
    sheet.things("conditionalFormats").insert(request.get("index") or 0, rule)
    return {}


def update_rule(book: Book, caller: Caller, request: Json, where: str) -> Json:
    rule, place = explicit(request.get("rule") or {}), request.get("index") or 0
    number = rule["ranges"][0].get("sheetId", 0) if rule.get("ranges") else request.get("sheetId") or 0
    rules = _rules(book, number, place, where)
    old = rules.pop(place)
    rules.insert(request["newIndex"] if request.get("newIndex") is not None else place, rule or old)
    return {"updateConditionalFormatRule": without_zeros({"oldRule": old, "newRule": rule or old, "newIndex": place})}


def delete_rule(book: Book, caller: Caller, request: Json, where: str) -> Json:
    rules = _rules(book, request.get("sheetId") or 0, request.get("index") or 0, where)
    return {"deleteConditionalFormatRule": {"rule": without_zeros(rules.pop(request.get("index") or 0))}}


def _rules(book: Book, number: int, place: int, where: str) -> list[Json]:
    rules = book.sheet(number, where).things("conditionalFormats")
    if place >= len(rules):
        raise invalid(f"Invalid {where}: No conditional format on sheet: {number} at index: {place}")
    return rules


def set_filter(book: Book, caller: Caller, request: Json, where: str) -> Json:
    asked = explicit(request.get("filter") or {})
    sheet, area = of_grid(book, asked.get("range") or {}, where)
    sheet.basic_filter = {**asked, "range": grid_range(sheet, area)}
    return {}


def grid_range(sheet: Sheet, area: Box) -> Json:
    """A box as a GridRange with all its sides."""
    rows = {"startRowIndex": area.top, "endRowIndex": area.bottom}
    return {"sheetId": sheet.sheet_id, **rows, "startColumnIndex": area.left, "endColumnIndex": area.right}


def clear_filter(book: Book, caller: Caller, request: Json, where: str) -> Json:
    book.sheet(request.get("sheetId") or 0, where).basic_filter = None
    return {}
