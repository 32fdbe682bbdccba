"""Thresholds that cross: branches of a `case` that nothing reaches, gaps between them, conditions that can never hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from automations.config import Config, LoadedPolicy
from automations.decisiontables import Cell, lint, number_of, numbers_of, stages_of
from automations.errors import Problem
from automations.trees import Tree, conjuncts, walk

LOOKED_AT = ("when", "require", "value")
"""The expressions of a rule whose thresholds are compared."""
SIGNS = {
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
    "COMPARE_LESSTHAN": "<",
    "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_EQUAL": "=",
}
TURNED = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "=": "="}
NUMBERS = ("INTEGER", "NUMERIC")
Row = Mapping[str, Cell]
Values = Mapping[str, Decimal]


def crossed(config: Config, policy: LoadedPolicy) -> Iterable[Problem]:
    """What the numbers of a policy make impossible on any day on which they change, at its place in the file; each once."""
    stages = [(named, numbers_of(policy.file.parameters, day)) for day, named in stages_of(policy.file.parameters)]
    for place, data in enumerate(policy.file.rules):
        for key in (key for key in LOOKED_AT if isinstance(data.get(key), str)):
            tree, said = config.evaluator.parse(data[key], aggregates=True), set[str]()
            for what, hint, named in ((*fault, named) for named, values in stages for fault in _faults(tree, key, values)):
                if what not in said:
                    yield policy.document.problem(("rules", place, key), f"rule '{data.get('id')}': {what}{named}", hint)
                said.add(what)


def _faults(tree: Tree, key: str, values: Values) -> Iterable[tuple[str, str]]:
    _, never = _row(tree, values)
    if key != "value" and never:
        yield f"'{key}' can never hold: its limits for '{never}' exclude each other", "exchange the limits, or correct the parameters"
    for case in (node for node in walk(tree) if node["class"] == "CASE"):
        branches = [_branch(check["when_expr"], values) for check in case["case_checks"]]
        for place in range(1, len(branches)):
            if _shadowed(branches, place, values):
                hint = "put the narrower condition first, or correct the parameters"
                yield f"branch {place + 1} of the case is never reached: those above it match first", hint
        if case["else_expr"].get("literal", {}).get("kind") == "NULL_LITERAL" and (gap := _gap(branches, values)):
            yield f"no branch of the case matches where {gap}; the result is blank there", "move a limit, or add an `else`"


Branch = tuple[Row, bool]
"""What a branch compares with numbers or words, and whether that is all it says."""


def _branch(tree: Tree, values: Values) -> Branch:
    row, never = _row(tree, values)
    return row, not never and all(_compared(part, values) for part in conjuncts(tree))


def _shadowed(branches: Sequence[Branch], place: int, values: Values) -> bool:
    """Whether every row that meets a branch meets one above it; a branch about other columns hides nothing, for those may be blank."""
    row = branches[place][0]
    above = [each for each, whole in branches[:place] if whole and each.keys() <= row.keys()]
    return bool(row and above) and _alike([*above, row]) and len(above) in lint([*above, row], {}, values, {}).unreached


def _gap(branches: Sequence[Branch], values: Values) -> str:
    """A value between the limits that no branch takes; what lies before the first and after the last is left out on purpose."""
    rows = [row for row, whole in branches if whole]
    columns = {column for row in rows for column in row}
    if len(columns) != 1 or len(rows) < len(branches) or not _alike(rows):
        return ""
    [column] = columns
    bounds = sorted(
        (bound for row in rows for bound in (row[column].low, row[column].high) if bound), key=lambda bound: number_of(bound, values)
    )
    if not bounds:
        return ""
    open_below, open_above = (any(getattr(row[column], end) is None for row in rows) for end in ("low", "high"))
    ends = [{column: Cell(high=bounds[0], high_in=not open_below)}, {column: Cell(low=bounds[-1], low_in=not open_above)}]
    return lint([*rows, *ends], {}, values, {}).gap


def _alike(rows: Sequence[Row]) -> bool:
    """Whether each column is compared with numbers only, or with words only."""
    kinds: dict[str, set[bool]] = {}
    for row in rows:
        for column, cell in row.items():
            kinds.setdefault(column, set()).add(bool(cell.words))
    return all(len(kind) == 1 for kind in kinds.values())


# what a condition says of columns


def _row(tree: Tree, values: Values) -> tuple[Row, str]:
    """The comparisons that must all hold, by column, and the column for which they exclude each other."""
    found: dict[str, Cell] = {}
    for column, cell in (each for part in conjuncts(tree) for each in _compared(part, values)):
        both = _both(found[column], cell, values) if column in found else cell
        if both is None:
            return found, column
        found[column] = both
    return found, ""


def _compared(part: Tree, values: Values) -> list[tuple[str, Cell]]:
    """A comparison of one column with a number or a word; nothing for whatever else a condition may say."""
    if part["type"] == "COMPARE_BETWEEN":
        low, high = _bound(part["lower"], values), _bound(part["upper"], values)
        return [(_column(part["input"]), Cell(low=low, high=high))] if low and high and _column(part["input"]) else []
    sign = SIGNS.get(part["type"], "")
    if not sign:
        return []
    left, right = part["left"], part["right"]
    if not _column(left):
        left, right, sign = right, left, TURNED[sign]
    word, bound = _word(right), _bound(right, values)
    if not _column(left) or not (bound or (word and sign == "=")):
        return []
    return [(_column(left), Cell(words=(word,)) if word else _cell(sign, bound))]


def _cell(sign: str, bound: str) -> Cell:
    low, high = (bound if sign in (">", ">=", "=") else None), (bound if sign in ("<", "<=", "=") else None)
    return Cell(low=low, high=high, low_in=sign != ">", high_in=sign != "<")


def _both(one: Cell, other: Cell, values: Values) -> Cell | None:
    """What meets two comparisons of one column; None where nothing does."""
    if one.words or other.words:
        words = tuple(word for word in one.words if word in other.words)
        return Cell(words=words) if words else None
    low, low_in = max((_low(each, values) for each in (one, other)), key=lambda end: (end[2], not end[1]))[:2]
    high, high_in = min((_high(each, values) for each in (one, other)), key=lambda end: (end[2], end[1]))[:2]
    if low and high and not _meet(number_of(low, values), number_of(high, values), low_in and high_in):
        return None
    return replace(one, low=low, low_in=low_in, high=high, high_in=high_in)


def _meet(low: Decimal, high: Decimal, ends_in: bool) -> bool:
    return low < high or (low == high and ends_in)


def _low(cell: Cell, values: Values) -> tuple[str | None, bool, Decimal]:
    return cell.low, cell.low_in, number_of(cell.low, values) if cell.low else Decimal("-Infinity")


def _high(cell: Cell, values: Values) -> tuple[str | None, bool, Decimal]:
    return cell.high, cell.high_in, number_of(cell.high, values) if cell.high else Decimal("Infinity")


def _column(node: Tree) -> str:
    return ".".join(node["column_names"]) if node["class"] == "COLUMN_REF" else ""


def _word(node: Tree) -> str:
    return str(node["literal"]["text"]) if node.get("literal", {}).get("kind") == "STRING" else ""


def _bound(node: Tree, values: Values) -> str:
    """A number as a decision table writes it: `30`, or `$name` of a parameter that is one number."""
    if node["class"] == "PARAMETER":
        return f"${node['identifier']}" if node["identifier"] in values else ""
    return str(node["literal"]["text"]) if node.get("literal", {}).get("kind") in NUMBERS else ""
