"""A few formulas, enough for a look-up column beside staff's own: arithmetic, text, comparisons, IF, IFERROR and the look-ups."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.sheets import a1
from tests.sheets.a1 import Box
from tests.sheets.book import Book, Sheet
from tests.sheets.cells import Formula, Result, Wrong

TOKEN = re.compile(
    r"\s*(?:(?P<text>\"(?:[^\"]|\"\")*\")|(?P<number>\d+\.?\d*|\.\d+)"
    r"|(?P<place>(?:(?:'(?:[^']|'')*'|[^\W\d][\w.]*)!)?\$?[A-Za-z]{0,3}\$?\d*:\$?[A-Za-z]{0,3}\$?\d*(?![\w(])"
    r"|(?:(?:'(?:[^']|'')*'|[^\W\d][\w.]*)!)?\$?[A-Za-z]{1,3}\$?\d+(?![\w(]))"
    r"|(?P<name>[A-Za-z][\w.]*)|(?P<sign><=|>=|<>|[-+*/^&=<>(),;%]))"
)
Value = Any
Grid = list[list[Result]]
ORDER = {"=": 1, "<>": 1, "<": 1, ">": 1, "<=": 1, ">=": 1, "&": 2, "+": 3, "-": 3, "*": 4, "/": 4, "^": 5}
COMPARE = {"=": operator.eq, "<>": operator.ne, "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge}


class Failed(Exception):
    """A formula comes to an error."""

    def __init__(self, kind: str, message: str = "") -> None:
        super().__init__(message)
        self.wrong = Wrong(kind, message)


def result(book: Book, sheet: Sheet, row: int, column: int) -> Result:
    """What a cell comes to: itself, what the test said its formula does, or what the formula comes to here."""
    value = sheet.cell(row, column).value
    if not isinstance(value, Formula):
        return value
    if str(value) in book.results:
        known = book.results[str(value)]
        return known(book, sheet, row, column) if callable(known) else known  # type: ignore[no-any-return]
    try:
        return _single(_Reader(book, sheet, str(value)[1:]).all())
    except Failed as failure:
        return failure.wrong
    except RecursionError:
        return Wrong("REF", "Circular dependency detected.")


def evaluated(book: Book, sheet: Sheet, text: str) -> Result:
    """What the text of a formula, without its sign, comes to. Raises Failed."""
    return _single(_Reader(book, sheet, text).all())


@dataclass
class _Reader:
    """Reads a formula from left to right and comes to its value on the way."""

    book: Book
    sheet: Sheet
    text: str
    at: int = 0

    def all(self) -> Value:
        value = self.expression(0)
        if self.peek() is not None:
            raise Failed("ERROR", "Formula parse error.")
        return value

    def peek(self) -> re.Match[str] | None:
        if not self.text[self.at :].strip():
            return None
        found = TOKEN.match(self.text, self.at)
        if not found:
            raise Failed("ERROR", "Formula parse error.")
        return found

    def take(self) -> re.Match[str]:
        found = self.peek()
        if found is None:
            raise Failed("ERROR", "Formula parse error.")
        self.at = found.end()
        return found

    def expression(self, least: int) -> Value:
        left = self.operand()
        while (found := self.peek()) and found["sign"] in ORDER and ORDER[found["sign"]] > least:
            sign = self.take()["sign"]
            left = _apply(sign, left, self.expression(ORDER[sign]))
        return left

    def operand(self) -> Value:
        found = self.take()
        if found["text"] is not None:
            return found["text"][1:-1].replace('""', '"')
        if found["number"] is not None:
            return self._percent(float(found["number"]))
        if found["place"] is not None:
            return self.place(found["place"])
        if found["name"] is not None:
            return self.named(found["name"].upper())
        return self.signed(found["sign"])

    def _percent(self, number: float) -> float:
        if (found := self.peek()) and found["sign"] == "%":
            self.take()
            return number / 100
        return number

    def signed(self, sign: str) -> Value:
        if sign in "+-":
            value = _number(self.expression(4))
            return -value if sign == "-" else value
        if sign != "(":
            raise Failed("ERROR", "Formula parse error.")
        value = self.expression(0)
        self.take()
        return value

    def place(self, text: str) -> Value:
        title, _, rest = a1.split(text)
        sheet = self.sheet if title is None else self.book.titled(title)
        box = a1.box(rest if title is not None else text)
        if sheet is None or box is None:
            raise Failed("REF", "Unresolved sheet name or range.")
        area = sheet.area(box)
        grid = _read(self.book, sheet, area)
        return grid[0][0] if box.is_cell else grid

    def named(self, name: str) -> Value:
        if name in ("TRUE", "FALSE"):
            return name == "TRUE"
        if name not in FUNCTIONS or self.take()["sign"] != "(":
            raise Failed("NAME", f"Unknown function: '{name}'.")
        return FUNCTIONS[name](self.arguments())

    def arguments(self) -> list[Callable[[], Value]]:
        """The arguments, each as a function so that IF and IFERROR look only at what they need."""
        parts: list[Callable[[], Value]] = []
        while True:
            start = self.at
            self._skip()
            piece = self.text[start : self.at]
            parts.append(self._later(piece))
            if self.take()["sign"] == ")":
                return parts

    def _later(self, piece: str) -> Callable[[], Value]:
        return lambda: _Reader(self.book, self.sheet, piece).all() if piece.strip() else None

    def _skip(self) -> None:
        """Move to the comma or bracket that ends this argument."""
        depth = 0
        while (found := self.peek()) and (depth or found["sign"] not in (",", ";", ")")):
            depth += {"(": 1, ")": -1}.get(found["sign"] or "", 0)
            self.take()


def _read(book: Book, sheet: Sheet, area: Box) -> Grid:
    assert area.bottom is not None and area.right is not None
    rows, columns = range(area.top, area.bottom), range(area.left, area.right)
    return [[result(book, sheet, row, column) for column in columns] for row in rows] or [[None]]


def _single(value: Value) -> Result:
    """One value: the first of a range; an error goes on as one."""
    while isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, Wrong):
        raise Failed(value.kind, value.message)
    return value  # type: ignore[no-any-return]


def _number(value: Value) -> float:
    value = _single(value)
    if value is None or value == "":
        return 0
    if not isinstance(value, int | float):
        raise Failed("VALUE", "A number was expected.")
    return value


def _text(value: Value) -> str:
    value = _single(value)
    if isinstance(value, bool):
        return str(value).upper()
    return "" if value is None else f"{value:.15g}" if isinstance(value, int | float) else str(value)


def _apply(sign: str, left: Value, right: Value) -> Value:
    if sign in COMPARE:
        return COMPARE[sign](_key(_single(left)), _key(_single(right)))
    if sign == "&":
        return _text(left) + _text(right)
    if sign == "/" and not _number(right):
        raise Failed("DIVIDE_BY_ZERO", "Function DIVIDE parameter 2 cannot be zero.")
    plain = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "^": operator.pow}
    return plain[sign](_number(left), _number(right))


def _key(value: Result) -> tuple[int, Any]:
    """Order across kinds: numbers, text without regard to case, booleans; blank is empty text."""
    if isinstance(value, bool):
        return 3, value
    return (1, value) if isinstance(value, int | float) else (2, str(value or "").casefold())


Arguments = list[Callable[[], Value]]


def _if(given: Arguments) -> Value:
    return given[1]() if _single(given[0]()) else given[2]() if len(given) > 2 else False


def _iferror(given: Arguments) -> Value:
    try:
        return _single(given[0]())
    except Failed:
        return given[1]() if len(given) > 1 else None


def _ifna(given: Arguments) -> Value:
    try:
        return _single(given[0]())
    except Failed as failure:
        if failure.wrong.kind != "N_A":
            raise
        return given[1]() if len(given) > 1 else None


def _xlookup(given: Arguments) -> Value:
    wanted, keys, values = _single(given[0]()), given[1](), given[2]()
    place = _place(wanted, [row[0] for row in keys])
    if place is not None:
        return values[place][0]
    if len(given) > 3:
        return given[3]()
    raise _not_found(wanted)


def _vlookup(given: Arguments) -> Value:
    wanted, table, column = _single(given[0]()), given[1](), int(_number(given[2]()))
    place = _place(wanted, [row[0] for row in table])
    if place is None:
        raise _not_found(wanted)
    return table[place][column - 1]


def _match(given: Arguments) -> Value:
    wanted, keys = _single(given[0]()), given[1]()
    place = _place(wanted, [row[0] for row in keys])
    if place is None:
        raise _not_found(wanted)
    return place + 1


def _index(given: Arguments) -> Value:
    row, column = int(_number(given[1]())), int(_number(given[2]())) if len(given) > 2 else 1
    return given[0]()[row - 1][column - 1]


def _place(wanted: Result, keys: list[Result]) -> int | None:
    known = ((place, key) for place, key in enumerate(keys) if key is not None and not isinstance(key, Wrong))
    return next((place for place, key in known if _key(key) == _key(wanted)), None)


def _not_found(wanted: Result) -> Failed:
    return Failed("N_A", f"Did not find value '{_text(wanted)}' in the lookup.")


def _countif(given: Arguments) -> Value:
    wanted = _key(_single(given[1]()))
    return sum(_key(value) == wanted for row in given[0]() for value in row if value is not None)


FUNCTIONS: dict[str, Callable[[Arguments], Value]] = {
    "IF": _if,
    "IFERROR": _iferror,
    "IFNA": _ifna,
    "XLOOKUP": _xlookup,
    "VLOOKUP": _vlookup,
    "MATCH": _match,
    "INDEX": _index,
    "COUNTIF": _countif,
    "SUM": lambda given: sum(value for one in given for row in _rows(one()) for value in row if isinstance(value, int | float)),
    "TRIM": lambda given: _text(given[0]()).strip(),
    "NA": lambda given: _fail(Failed("N_A")),
    "ISBLANK": lambda given: given[0]() is None,
}


def _fail(failure: Failed) -> Value:
    raise failure


def _rows(value: Value) -> Grid:
    return value if isinstance(value, list) else [[value]]
