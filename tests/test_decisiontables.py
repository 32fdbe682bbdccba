"""Decision tables: what a cell means, and what the lint says of overlaps, gaps and rows that are never reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automations.decisiontables import Cell, Lint, lint, parse_cell, samples

TITLES = {"amount": "金额", "kind": "类型", "rate": "比例"}
LIMITS = {"small": Decimal(100), "large": Decimal(1000)}
KINDS = ("经销商", "零售商")


def linted(rows: Sequence[Mapping[str, Any]], choices: Mapping[str, Sequence[str]] | None = None) -> Lint:
    cells = [{column: parse_cell(value) for column, value in row.items()} for row in rows]
    return lint(cells, {"kind": KINDS} if choices is None else choices, LIMITS, TITLES)


@pytest.mark.parametrize(
    ("written", "sql"),
    [
        ("经销商", "coalesce(x in ('经销商'), false)"),
        ("it's", "coalesce(x in ('it''s'), false)"),
        (["a", "b"], "coalesce(x in ('a', 'b'), false)"),
        ([1, 2], "coalesce(x in ('1', '2'), false)"),
        (True, "coalesce(x in ('true'), false)"),
        ("100..500", "coalesce(x >= 100 and x <= 500, false)"),
        ("100..<500", "coalesce(x >= 100 and x < 500, false)"),
        ("-5 .. -1.5", "coalesce(x >= -5 and x <= -1.5, false)"),
        ("$small..$large", "coalesce(x >= $small and x <= $large, false)"),
        ("> 5", "coalesce(x > 5, false)"),
        (">=5", "coalesce(x >= 5, false)"),
        ("< $large", "coalesce(x < $large, false)"),
        ("<= 0.5", "coalesce(x <= 0.5, false)"),
        ("not 经销商", "coalesce(not (x in ('经销商')), false)"),
        ("not > 5", "coalesce(not (x > 5), false)"),
        ("missing", "x is null"),
        ("not missing", "x is not null"),
        ("any", "true"),
        (None, "true"),
        ("", "true"),
    ],
)
def test_a_cell_as_a_condition(written: Any, sql: str):
    assert parse_cell(written).sql("x") == sql


@pytest.mark.parametrize(
    ("rows", "overlaps", "gap"),
    [
        ([{"amount": "> 100"}, {"amount": "<= 100"}], (), ""),
        ([{"amount": ">= 100"}, {"amount": "<= 100"}], ((0, 1, "金额 = 100"),), ""),
        ([{"amount": "> 100"}, {"amount": "< 100"}], (), "金额 = 100"),
        ([{"amount": "> $large"}, {"amount": "$small..$large"}, {"amount": "< $small"}], (), ""),
        ([{"amount": "> $large"}, {"amount": "$small..<$large"}, {"amount": "< $small"}], (), "金额 = 1000"),
        ([{"amount": "0..10"}, {"amount": "20..30"}], (), "金额 = -1"),
        ([{"kind": "经销商"}, {"kind": "零售商"}], (), ""),
        ([{"kind": "经销商"}], (), "类型 = 零售商"),
        ([{"kind": "经销商"}, {"kind": "not 零售商"}], ((0, 1, "类型 = 经销商"),), "类型 = 零售商"),
        ([{"rate": "a"}, {"rate": "not a"}], (), ""),
        ([{"rate": "a"}, {"rate": "b"}], (), "比例 = any other"),
        ([{"amount": "missing"}, {"amount": "any"}], ((0, 1, "金额 = blank"),), ""),
        ([{"amount": "missing"}, {"amount": "> 1"}, {"amount": "<= 1"}], (), ""),
        ([{"amount": "> 1", "kind": "经销商"}, {"amount": "<= 1"}], (), "金额 = 2, 类型 = 零售商"),
        (
            [{"amount": "> 1", "kind": "经销商"}, {"amount": "> 0", "kind": KINDS[0]}],
            ((0, 1, "金额 = 2, 类型 = 经销商"),),
            "金额 = -1, 类型 = 经销商",
        ),
    ],
)
def test_overlaps_and_the_first_gap_are_named(rows: list[dict[str, Any]], overlaps: tuple[tuple[int, int, str], ...], gap: str):
    found = linted(rows)

    assert (found.overlaps, found.gap) == (overlaps, gap)


def test_rows_that_never_come_first_are_named():
    assert linted([{"amount": "> 100"}, {"amount": "> 1000"}, {"amount": "any"}, {"kind": "经销商"}]).unreached == (1, 3)


def test_a_table_too_large_to_search_is_not_searched():
    rows = [{f"c{n}": f"> {n}" for n in range(20)}, {f"c{n}": f"> {n + 1}" for n in range(20)}]

    assert linted(rows, {}) == Lint((), "")


def test_a_bound_without_a_plain_number_cannot_be_compared():
    with pytest.raises(KeyError):
        linted([{"amount": "> $unknown"}, {"amount": "<= 5"}])


BOUNDS = st.integers(0, 5).map(str)
CELLS = st.one_of(
    st.builds(lambda sign, bound: f"{sign} {bound}", st.sampled_from([">", ">=", "<", "<="]), BOUNDS),
    st.builds(lambda low, high: f"{low}..{high}", BOUNDS, BOUNDS),
    st.builds(lambda low, high: f"{low}..<{high}", BOUNDS, BOUNDS),
    st.just("any"),
    st.just("not > 3"),
)
ROWS = st.lists(st.fixed_dictionaries({"amount": CELLS}), min_size=1, max_size=4)


def meets(cell: Cell, value: Decimal) -> bool:
    return cell.accepts(value, {})


@given(ROWS, st.decimals(-3, 9, places=1))
@settings(max_examples=200, deadline=None)
def test_a_value_the_samples_do_not_hold_is_told_apart_like_one_they_hold(rows: list[dict[str, str]], value: Decimal):
    cells = [{column: parse_cell(text) for column, text in row.items()} for row in rows]
    matched = tuple(place for place, row in enumerate(cells) if meets(row["amount"], value))
    tried = {
        tuple(place for place, row in enumerate(cells) if row["amount"].accepts(sample, {})) for sample in samples("amount", cells, (), {})
    }

    assert matched in tried
