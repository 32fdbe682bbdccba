"""One cell: what was entered, how it is shown, and the same as Google's CellData."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.sheets.colours import paired, settled
from tests.sheets.masks import Mask, merged
from tests.sheets.refusals import Json, invalid

LONGEST = 50_000
ERROR_TEXT = {
    "NULL_VALUE": "#NULL!",
    "DIVIDE_BY_ZERO": "#DIV/0!",
    "VALUE": "#VALUE!",
    "REF": "#REF!",
    "NAME": "#NAME?",
    "NUM": "#NUM!",
    "N_A": "#N/A",
    "LOADING": "Loading...",
    "ERROR": "#ERROR!",
}


class Formula(str):
    """Text that was entered as a formula."""


@dataclass(frozen=True)
class Wrong:
    """What a formula comes to when it fails: an error type of the API and its message."""

    kind: str
    message: str = ""

    def __str__(self) -> str:
        return ERROR_TEXT[self.kind]


Entered = str | int | float | bool | Formula | None
Result = str | int | float | bool | Wrong | None


@dataclass(frozen=True, slots=True)
class Cell:
    """What one cell holds; `rest` keeps the fields of CellData the stand-in does not look into."""

    value: Entered = None
    format: Json | None = None
    note: str | None = None
    validation: Json | None = None
    rest: Json | None = None

    def entering(self, value: Entered) -> Cell:
        return Cell(value, self.format, self.note, self.validation, self.rest)


EMPTY = Cell()


def entered_json(value: Entered) -> Json | None:
    """A value as ExtendedValue."""
    if value is None:
        return None
    if isinstance(value, Formula):
        return {"formulaValue": str(value)}
    if isinstance(value, bool):
        return {"boolValue": value}
    return {"stringValue": value} if isinstance(value, str) else {"numberValue": value}


def result_json(value: Result) -> Json | None:
    if isinstance(value, Wrong):
        return {"errorValue": {"type": value.kind, "message": value.message}}
    return entered_json(value)


def entered(json: Json | None, where: str) -> Entered:
    """An ExtendedValue as a value; an empty string is an empty cell."""
    given = {name: value for name, value in (json or {}).items() if value is not None}
    if len(given) > 1:
        raise invalid(f"Invalid value at '{where}' (oneof), oneof field 'value' is already set. Cannot set '{sorted(given)[1]}'")
    if not given:
        return None
    name, value = next(iter(given.items()))
    if name == "errorValue":
        raise invalid(f"Invalid {where}: errorValue cannot be written")
    if isinstance(value, str):
        check_length(value)
    if name == "formulaValue":
        if not value.startswith("="):
            raise invalid(f"Invalid {where}: formulaValue must start with '='")
        return Formula(value)
    return None if value == "" else value


def check_length(text: str) -> None:
    if len(text) > LONGEST:
        raise invalid(f"Your input contains more than the maximum of {LONGEST} characters in a single cell.")


def editable(cell: Cell) -> Json:
    """The fields of CellData a writer can set."""
    known = {
        "userEnteredValue": entered_json(cell.value),
        "userEnteredFormat": cell.format,
        "note": cell.note,
        "dataValidation": cell.validation,
    }
    return {**(cell.rest or {}), **{name: value for name, value in known.items() if value is not None}}


def written(old: Cell, data: Json, mask: Mask, where: str) -> Cell:
    """`old` with the fields the mask names taken from a CellData."""
    if mask.keys() <= PLAIN and not any(mask.values()):
        return _plainly(old, data, mask, where)
    new = merged(editable(old), settled(data), paired(mask))
    known = ("userEnteredValue", "userEnteredFormat", "note", "dataValidation")
    rest = {name: value for name, value in new.items() if name not in known and not name.startswith(("effective", "formatted"))}
    return Cell(
        entered(new.get("userEnteredValue"), where),
        new.get("userEnteredFormat"),
        new.get("note") or None,
        new.get("dataValidation"),
        rest or None,
    )


PLAIN = {"userEnteredValue", "note"}


def _plainly(old: Cell, data: Json, mask: Mask, where: str) -> Cell:
    """The same for values and notes alone, which is nearly all that is ever written."""
    new = old.entering(entered(data.get("userEnteredValue"), where)) if "userEnteredValue" in mask else old
    return replace(new, note=data.get("note") or None) if "note" in mask else new


def plain_number(value: float) -> int | float:
    """A number as the service writes it in JSON: whole ones without a point."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value
