"""What is wrong with an expression, in words an admin can act on: names, types, and everything that is more than one row."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

LONGEST = 2_000
"""Characters an expression may have."""
DEEPEST = 160
"""Levels of its parse tree, of which every operator needs one to three."""
SHORTER = "put parts of it into `derive` rules with `as:`"
ONE_ROW = "an expression sees one row; gather from other rows with `rollups:` or `running:` in the table's file"
FOREIGN: Mapping[str, str] = {
    "SUBQUERY": "a subquery is not allowed in an expression",
    "WINDOW": "a window over rows is not allowed in an expression",
    "STAR": "'*' is not allowed in an expression",
    "LAMBDA": "a lambda is not allowed in an expression",
}
AGGREGATES = frozenset(["sum", "count", "count_star", "avg", "mean", "median", "mode", "first", "last", "any_value", "string_agg", "list"])
INSTEAD: Mapping[str, str] = {
    "&&": "write 'and'",
    "min": "the smaller of two values of a row is least(a, b)",
    "max": "the larger of two values of a row is greatest(a, b)",
    "len": "did you mean 'length'?",
    "strip": "did you mean 'trim'?",
    "isnull": "did you mean 'blank'?",
}
SAMPLE_TEXT = "some text"
"""What every text column holds on the row expressions are tried on."""
_COMMENT = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|(?P<comment>--|/\*)""")
_HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_KINDS = (
    (r"DECIMAL.*|.*INT\d*|INTEGER.*|DOUBLE|FLOAT|BIGINT", "a number"),
    (r"TIMESTAMP.*", "a date and time"),
    (r"DATE", "a date"),
    (r"TIME", "a time"),
    (r"BOOL(EAN)?", "true or false"),
    (r"VARCHAR|STRING_LITERAL", "a text"),
    (r"INTERVAL", "a length of time"),
)
_TYPE = r"([A-Z0-9_]+(?:\(\d+, ?\d+\))?)"
_COMPARED = re.compile(rf"Cannot compare values of type {_TYPE} and (?:type )?{_TYPE}")
_MIXED = re.compile(rf"Cannot mix values of type {_TYPE} and (?:type )?{_TYPE} in (\w+)")
_TAKEN = re.compile(r"No function matches the given name and argument types '([^(]+)\((.*)\)'")
_CONVERTED = re.compile(r"""(?:Could not convert string|invalid \w+ field format:|Failed to cast value:.*?) ['"](.*?)['"].* to (\w+)""")
_DATED = re.compile(r"""invalid (date|timestamp|time) field format: ['"](.*?)['"]""")


class ExpressionFault(ValueError):
    """What is wrong with an expression, where in its text (in bytes of UTF-8), and what may have been meant."""

    def __init__(self, what: str, offset: int = 0, *hints: str) -> None:
        super().__init__(what)
        self.what, self.offset, self.hints = what, offset, hints


def characters(text: str, offset: int) -> int:
    """An offset in bytes of UTF-8, as DuckDB gives it, as an offset in characters."""
    return len(text.encode()[:offset].decode(errors="ignore"))


def refuse_unreadable(text: str) -> None:
    """Raises ExpressionFault for a text that is empty, too long, has hidden characters, or an SQL comment outside quotes."""
    if len(text) > LONGEST:
        raise ExpressionFault(f"expression has {len(text)} characters, the limit is {LONGEST}", 0, SHORTER)
    if not text.strip():
        raise ExpressionFault("the expression is empty")
    if hidden := _HIDDEN.search(text):
        raise ExpressionFault(f"control character U+{ord(hidden[0]):04X} in an expression", 0, "delete it; an editor may not show it")
    found = next((found for found in _COMMENT.finditer(text) if found["comment"]), None)
    if found:
        before = len(text[: found.start()].encode())
        raise ExpressionFault("a comment is not allowed in an expression", before, "write it as a YAML comment, after '#'")


def loaded(answer: str) -> Any:
    """DuckDB's parse tree; raises ExpressionFault where it is nested deeper than it can be walked."""
    try:
        tree = json.loads(answer)
    except RecursionError:
        raise ExpressionFault("the expression is nested too deep", 0, SHORTER) from None
    level, depth = [tree], 0
    while level and depth < DEEPEST:
        level = [inner for each in level for inner in (each.values() if isinstance(each, dict) else each) if isinstance(inner, dict | list)]
        depth += 1
    if level:
        raise ExpressionFault("the expression is nested too deep", 0, SHORTER)
    return tree


def foreign(kind: str, offset: int) -> ExpressionFault:
    """The fault for a kind of node outside the whitelist."""
    what = FOREIGN.get(kind, f"{kind.lower().replace('_', ' ')} is not allowed in an expression")
    return ExpressionFault(what, offset, *([ONE_ROW] if kind in ("SUBQUERY", "WINDOW") else []))


def unknown_function(name: str, known: Iterable[str], offset: int) -> ExpressionFault:
    """The fault for a function outside the whitelist, with what may have been meant."""
    low = name.lower()
    what = f"no function '{'count(*)' if low == 'count_star' else name}'"
    if low in AGGREGATES:
        return ExpressionFault(what, offset, ONE_ROW)
    near = [INSTEAD[low]] if low in INSTEAD else [f"did you mean '{each}'?" for each in get_close_matches(low, known, n=1, cutoff=0.75)]
    return ExpressionFault(what, offset, *near)


def syntax_fault(answer: Mapping[str, Any], before: int) -> ExpressionFault:
    """DuckDB's answer to a text it cannot parse; `before` are the characters put in front of the author's text."""
    if answer.get("error_type") == "not implemented":
        return ExpressionFault("this is a statement; an expression over one row is wanted")
    place = int(answer.get("position") or 0) - before
    return ExpressionFault(str(answer["error_message"]).replace('"', "'"), max(place, 0))


def binding_fault(reason: str) -> ExpressionFault:
    """DuckDB's reason why an expression does not fit the types of its columns, in plain words."""
    if match := _COMPARED.search(reason):
        return ExpressionFault(f"{said(match[1])} cannot be compared with {said(match[2])}")
    if match := _MIXED.search(reason):
        return ExpressionFault(f"{said(match[1])} and {said(match[2])} cannot both be the result of {match[3].lower()}")
    if match := _TAKEN.search(reason):
        given = ", ".join(said(each) for each in re.split(r", (?![^(]*\))", match[2]))
        return ExpressionFault(f"'{match[1]}' does not take {given or 'nothing'}")
    if match := _DATED.search(reason):
        return _misread(match[2], match[1].upper())
    if match := _CONVERTED.search(reason):
        return _misread(match[1], match[2])
    first = re.sub(r"^\w+( \w+)? Error: ", "", reason.split("\n", 1)[0])
    return ExpressionFault(re.sub(r"\. Use TRY.*", "", first).replace('"', "'"))


def _misread(text: str, wanted: str) -> ExpressionFault:
    if text == SAMPLE_TEXT:
        hints = ["compare texts with texts in single quotes: '5'"] if said(wanted) == "a number" else []
        return ExpressionFault(f"a text is used where {said(wanted)} is wanted", 0, *hints)
    return ExpressionFault(f"'{text}' is not {said(wanted)}")


def said(duck: str) -> str:
    """A DuckDB type as people say it."""
    return next((words for pattern, words in _KINDS if re.fullmatch(pattern, duck.strip(), re.IGNORECASE)), duck)
