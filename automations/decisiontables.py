"""Cells of a decision table: what they mean as a condition, and whether rows overlap or leave gaps."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import combinations, pairwise, product
from typing import Any

from automations.declarations import Parameter

NUMBER = r"-?\d+(?:\.\d+)?|\$[a-z_][a-z0-9_]*"
COMPARED = re.compile(rf"^(>=|<=|>|<)\s*({NUMBER})$")
RANGED = re.compile(rf"^({NUMBER})\s*\.\.\s*(<?)\s*({NUMBER})$")
LARGEST = 20_000
"""Combinations a gap is looked for in; a larger table is not searched."""


@dataclass(frozen=True)
class Cell:
    """One cell: a set of words, an interval, blank, or anything; `negated` turns it round."""

    words: tuple[str, ...] = ()
    low: str | None = None
    high: str | None = None
    low_in: bool = True
    high_in: bool = True
    missing: bool = False
    anything: bool = False
    negated: bool = False

    def sql(self, column: str) -> str:
        """The cell as an SQL condition on a column; a blank input meets only `any` and `missing`."""
        if self.anything:
            return "true"
        if self.missing:
            return f"{column} is {'not ' if self.negated else ''}null"
        inside = self._inside(column)
        return f"coalesce(not ({inside}), false)" if self.negated else f"coalesce({inside}, false)"

    def _inside(self, column: str) -> str:
        if self.words:
            return f"{column} in ({', '.join(_text(word) for word in self.words)})"
        parts = [f"{column} {'>=' if self.low_in else '>'} {self.low}"] if self.low else []
        parts += [f"{column} {'<=' if self.high_in else '<'} {self.high}"] if self.high else []
        return " and ".join(parts)

    def accepts(self, sample: Sample, values: Mapping[str, Decimal]) -> bool:
        """Whether a sample value of the column meets the cell; `values` are the parameters' numbers."""
        if self.anything:
            return True
        if sample is None or self.missing:
            return (sample is None) == (self.missing != self.negated)
        inside = sample in self.words if self.words else self._spans(sample, values)
        return inside != self.negated

    def _spans(self, sample: Sample, values: Mapping[str, Decimal]) -> bool:
        if not isinstance(sample, Decimal):
            return False
        low, high = (number_of(bound, values) if bound else None for bound in (self.low, self.high))
        above = low is None or sample > low or (self.low_in and sample == low)
        below = high is None or sample < high or (self.high_in and sample == high)
        return above and below


Sample = str | Decimal | None


def stages_of(parameters: Mapping[str, Parameter]) -> list[tuple[date, str]]:
    """The days on which any parameter changes, newest first, each with what a message adds to name it: nothing for the newest."""
    days = sorted({day for parameter in parameters.values() for day in parameter.values}, reverse=True)
    return [(day, f" (with the values of {day:%Y-%m-%d})" if place else "") for place, day in enumerate(days)] or [(date.max, "")]


def value_on(parameter: Parameter, day: date) -> Any:
    """What a parameter says on a day; None before its first value, and once it has ended."""
    begun = [each for each in parameter.values if each <= day]
    return parameter.values[max(begun)] if begun else None


def numbers_of(parameters: Mapping[str, Parameter], day: date) -> Mapping[str, Decimal]:
    """The plain numbers among parameters on a day, as expressions see them: 3 percent is 0.03."""
    found = {}
    for name, parameter in parameters.items():
        value = value_on(parameter, day)
        if value is not None and not isinstance(value, dict) and _numeric(value):
            found[name] = Decimal(str(value)) / (100 if parameter.unit == "percent" else 1)
    return found


def _numeric(value: Any) -> bool:
    return str(value).replace(".", "", 1).lstrip("-").isdigit()


def parse_cell(value: Any) -> Cell:
    """A cell as written in YAML: a value, a list, `100..500`, `100..<500`, `>= 3`, `not X`, `missing` or `any`."""
    if isinstance(value, list):
        return Cell(words=tuple(_word(each) for each in value))
    text = _word(value)
    if text in ("any", ""):
        return Cell(anything=True)
    if text == "missing":
        return Cell(missing=True)
    if text.startswith("not "):
        inner = parse_cell(text.removeprefix("not ").strip())
        return Cell(inner.words, inner.low, inner.high, inner.low_in, inner.high_in, inner.missing, inner.anything, not inner.negated)
    if match := COMPARED.match(text):
        sign, bound = match.groups()
        return Cell(low=bound, low_in=sign == ">=") if sign.startswith(">") else Cell(high=bound, high_in=sign == "<=")
    if match := RANGED.match(text):
        return Cell(low=match[1], high=match[3], high_in=not match[2])
    return Cell(words=(text,))


def number_of(bound: str, values: Mapping[str, Decimal]) -> Decimal:
    """A bound as a number; `$name` is the parameter's value among `values`."""
    return values[bound.removeprefix("$")] if bound.startswith("$") else Decimal(bound)


def samples(column: str, rows: Sequence[Mapping[str, Cell]], choices: Sequence[str], values: Mapping[str, Decimal]) -> list[Sample]:
    """Values that show every way the rows tell this column's values apart."""
    cells = [row[column] for row in rows if column in row]
    words = {word for cell in cells for word in cell.words}
    bounds = sorted({number_of(bound, values) for cell in cells for bound in (cell.low, cell.high) if bound})
    found: list[Sample] = [*(choices or sorted(words))]
    if bounds:
        edges = [bounds[0] - 1, *bounds, bounds[-1] + 1]
        found = [*edges, *((low + high) / 2 for low, high in pairwise(bounds))]
    elif not choices:
        found.append("\0any other")
    return [*found, None] if any(cell.missing for cell in cells) else found


@dataclass(frozen=True)
class Lint:
    """Two rows that can both match, one combination no row matches, and rows that are never the first to match."""

    overlaps: tuple[tuple[int, int, str], ...]
    gap: str
    unreached: tuple[int, ...] = ()


def lint(
    rows: Sequence[Mapping[str, Cell]], choices: Mapping[str, Sequence[str]], values: Mapping[str, Decimal], titles: Mapping[str, str]
) -> Lint:
    """Overlaps and the first gap, by trying every combination of telling values."""
    columns = sorted({column for row in rows for column in row})
    axes = [samples(column, rows, choices.get(column, ()), values) for column in columns]
    size = 1
    for axis in axes:
        size *= len(axis)
    if size > LARGEST:
        return Lint((), "")
    overlaps: dict[tuple[int, int], str] = {}
    gap = ""
    reached = set()
    for combination in product(*axes):
        matched = [
            place
            for place, row in enumerate(rows)
            if all(row[c].accepts(v, values) for c, v in zip(columns, combination, strict=True) if c in row)
        ]
        for pair in combinations(matched, 2):
            overlaps.setdefault(pair, _said(columns, combination, titles))
        reached |= set(matched[:1])
        gap = gap or ("" if matched else _said(columns, combination, titles))
    return Lint(tuple((*pair, said) for pair, said in overlaps.items()), gap, tuple(sorted({*range(len(rows))} - reached)))


def _said(columns: Sequence[str], combination: Sequence[Sample], titles: Mapping[str, str]) -> str:
    shown = ["any other" if value == "\0any other" else "blank" if value is None else f"{value}" for value in combination]
    return ", ".join(f"{titles.get(column, column)} = {value}" for column, value in zip(columns, shown, strict=True))


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value).strip()


def _text(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"
