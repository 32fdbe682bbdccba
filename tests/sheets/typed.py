"""What a value becomes when it is written: stored as it is (RAW), or read as if somebody typed it (USER_ENTERED)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from tests.sheets.cells import Cell, Formula, check_length, plain_number
from tests.sheets.refusals import Refused, bad_fields
from tests.sheets.showing import EPOCH

DECIMAL_COMMA = ("de_", "fr_", "es_", "it_", "pt_BR", "nl_", "ru_", "pl_")
DATES = ("%Y-%m-%d", "%Y/%m/%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y年%m月%d日")


def raw(cell: Cell, value: Any) -> Cell:
    """The cell with a JSON value stored literally; an empty string empties it."""
    if isinstance(value, str):
        check_length(value)
        return cell.entering(value or None)
    if isinstance(value, bool):
        return cell.entering(value)
    if isinstance(value, int | float):
        return cell.entering(plain_number(value))
    raise not_a_value(value)


def not_a_value(value: Any) -> Refused:
    kind = "struct_value" if isinstance(value, dict) else "list_value"
    return bad_fields([("", f"Invalid values[0][0]: {kind} {{}}")])


def typed(cell: Cell, value: Any, locale: str) -> Cell:
    """The cell with a value read as typing is, by the spreadsheet's locale; dates, percents and money bring their format."""
    if not isinstance(value, str) or not value:
        return raw(cell, value)
    check_length(value)
    if value.startswith("'"):
        return cell.entering(value[1:])
    if value.startswith("=") and len(value) > 1:
        return cell.entering(Formula(value))
    if value.upper() in ("TRUE", "FALSE"):
        return cell.entering(value.upper() == "TRUE")
    return _number(cell, value, locale) or _date(cell, value) or cell.entering(value)


def _number(cell: Cell, text: str, locale: str) -> Cell | None:
    plain = text.strip()
    if locale.startswith(DECIMAL_COMMA):
        plain = plain.replace(".", "").replace(",", ".")
    found = re.fullmatch(r"([+-]?)([$¥€]?)(\d{1,3}(?:,\d{3})+|\d+|(?=\.))(\.\d*)?([eE][+-]?\d+)?(%?)", plain)
    if not found:
        return None
    number = float(found[1] + found[3].replace(",", "") + (found[4] or "") + (found[5] or ""))
    if found[6]:
        return _formatted(cell, number / 100, "PERCENT", "0.00%" if found[4] else "0%")
    if found[2]:
        return _formatted(cell, number, "CURRENCY", f"{found[2]}#,##0.00")
    if "," in found[3]:
        return _formatted(cell, number, "NUMBER", "#,##0.00" if found[4] else "#,##0")
    return cell.entering(plain_number(number))


def _date(cell: Cell, text: str) -> Cell | None:
    for pattern in DATES:
        try:
            moment = datetime.strptime(text.strip(), pattern)
        except ValueError:
            continue
        serial = (moment - EPOCH).total_seconds() / 86400
        kind, form = ("DATE_TIME", "yyyy-mm-dd h:mm:ss") if "%H" in pattern else ("DATE", "yyyy-mm-dd")
        return _formatted(cell, serial, kind, form)
    return None


def _formatted(cell: Cell, number: float, kind: str, pattern: str) -> Cell:
    own = (cell.format or {}).get("numberFormat")
    form = {**(cell.format or {}), "numberFormat": own or {"type": kind, "pattern": pattern}}
    return Cell(plain_number(number), form, cell.note, cell.validation, cell.rest)
