"""Hints of `check`: what is valid and still worth a second look, word for word."""

from __future__ import annotations

from pathlib import Path

import pytest

from automations.hints import hints_of
from tests.project import loaded, project

TABLE = """
    no     | 编号
    grade  | 等级 | choice | choices: [甲级, 乙级, 丙级]
    loss   | 损失 | money |
    low    | 下限 | money ours |
    high   | 上限 | money ours |
    fine   | 罚款 | money |
    last   | 上次 | date |
"""
POLICY = """
    parameters:
      every: {{ title: 周期, unit: months, by: grade, values: {{ 2000-01-01: {{ {values} }} }} }}
      least: {{ title: 下限, unit: percent, values: {{ 2000-01-01: {least} }} }}
      most: {{ title: 上限, unit: percent, values: {{ 2000-01-01: 3 }} }}
    rules:
      - {{ id: call, kind: cadence, every: $every, last: last }}
      - {{ id: fine, kind: penalty, base: loss, between: [ $least, $most ], proposes: {{ low: low, high: high }}, decided: fine }}
"""


def hints(folder: Path, values: str, least: int) -> list[str]:
    config = loaded(project(folder, policy=POLICY.format(values=values, least=least), tables={"cases": TABLE}))
    return [line for hint in hints_of(config) for line in (hint.what, *hint.hints)]


@pytest.mark.parametrize("values", ["甲级: 1, 乙级: 3, 丙级: null", '甲级: 1, "*": 6'])
def test_every_word_has_a_value_or_there_is_one_for_the_rest(tmp_path: Path, values: str) -> None:
    assert hints(tmp_path, values, 1) == []


def test_a_word_without_a_value_is_named(tmp_path: Path) -> None:
    assert hints(tmp_path, "甲级: 1", 3) == [
        "parameter 'every': no value for 乙级, 丙级 of 'grade'; nothing is in force for such rows",
        'give each a value, `null` if none is meant, or add `"*"`',
    ]


def test_a_lower_end_above_the_upper_one_is_named(tmp_path: Path) -> None:
    assert hints(tmp_path, '"*": 1', 4) == [
        "rule 'fine': the lower end 4 is above the upper end 3",
        "exchange the two ends, or correct the parameters",
    ]


BRANCHES = """
    parameters:
      small: {{ title: 小, unit: CNY, values: {{ 2000-01-01: {small} }} }}
      large: {{ title: 大, unit: CNY, values: {{ 2000-01-01: {large} }} }}
    rules:
      - {{ id: size, kind: derive, value: "{value}", as: size }}
      - {{ id: fits, kind: check, require: "{require}", column: loss, message: 不对, unknown: pass }}
"""
STAIRS = "case when loss >= $large then '大' when loss >= $small then '中' else '小' end"
IN_PARTS = "case when loss < $small then '小' when loss between $small and $large then '中' when loss > $large then '大' end"


def of_branches(folder: Path, value: str = STAIRS, require: str = "loss >= 0", small: str = "100", large: str = "500") -> list[str]:
    policy = BRANCHES.format(value=value, require=require, small=small, large=large)
    config = loaded(project(folder, policy=policy, tables={"cases": TABLE}))
    return [hint.what for hint in hints_of(config) if hint.what.startswith("rule")]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(STAIRS, id="from the top down"),
        pytest.param(IN_PARTS, id="part by part"),
        pytest.param("case when loss > $large then '大' when loss > $small then '中' end", id="nothing said of the rest"),
        pytest.param("case when grade = '甲级' then 1 when loss > 5 then 2 end", id="of two columns, either may be blank"),
        pytest.param("case when loss > $small and filled(grade) then 1 when loss > $large then 2 end", id="a condition that says more"),
        pytest.param("case when loss > $small then 1 when blank(loss) then 2 end", id="blank"),
    ],
)
def test_branches_that_each_have_their_rows_are_left_alone(tmp_path: Path, value: str) -> None:
    assert of_branches(tmp_path, value) == []


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("case when loss >= $small then '中' when loss >= $large then '大' else '小' end", id="the lower limit first"),
        pytest.param(
            "case when grade in ('丙级', '丁级') then 0 when grade = '甲级' then 1 when grade = '甲级' then 2 end", id="a word twice"
        ),
        pytest.param("case when loss < 5 then 1 when 5 <= loss then 2 when loss = 7 then 3 end", id="all is taken"),
    ],
)
def test_a_branch_that_nothing_reaches_is_named(tmp_path: Path, value: str) -> None:
    place = 2 if "$" in value else 3
    assert of_branches(tmp_path, value) == [f"rule 'size': branch {place} of the case is never reached: those above it match first"]


def test_limits_that_were_exchanged_are_seen_with_their_numbers(tmp_path: Path) -> None:
    assert of_branches(tmp_path, small="500", large="100") == [
        "rule 'size': branch 2 of the case is never reached: those above it match first"
    ]


@pytest.mark.parametrize(
    ("value", "where"),
    [
        (
            "case when loss < $small then '小' when loss > $small and loss <= $large then '中' when loss > $large then '大' end",
            "loss = 100",
        ),
        ("case when loss <= $small then '小' when loss > $large then '大' end", "loss = 500"),
    ],
)
def test_a_gap_between_the_limits_is_named(tmp_path: Path, value: str, where: str) -> None:
    assert of_branches(tmp_path, value) == [f"rule 'size': no branch of the case matches where {where}; the result is blank there"]


@pytest.mark.parametrize("require", ["loss >= $large and loss <= $small", "loss > 5 and loss < 5", "grade = '甲级' and grade = '乙级'"])
def test_a_condition_that_can_never_hold_is_named(tmp_path: Path, require: str) -> None:
    column = "grade" if "grade" in require else "loss"
    assert of_branches(tmp_path, require=require) == [
        f"rule 'fits': 'require' can never hold: its limits for '{column}' exclude each other"
    ]


def test_a_condition_of_which_one_number_is_left_can_hold(tmp_path: Path) -> None:
    assert of_branches(tmp_path, require="loss >= 5 and loss <= 5") == []


# Values that differ by date


DATED = """
    dated_by: last
    parameters:
      every: {{ title: 周期, unit: months, by: grade, values: {{ 2000-01-01: {{ 甲级: 1, 乙级: 2 }}, 2030-01-01: {{ "*": 1 }} }} }}
      small: {{ title: 小, unit: CNY, values: {{ 2000-01-01: {small[0]}, 2024-01-01: {small[1]}, 2030-01-01: {small[2]} }} }}
      large: {{ title: 大, unit: CNY, values: {{ 2000-01-01: 500 }} }}
      most: {{ title: 上限, unit: percent, values: {{ 2000-01-01: 3, 2024-01-01: null }} }}
      least: {{ title: 下限, unit: percent, values: {{ 2000-01-01: 4 }} }}
    rules:
      - {{ id: call, kind: cadence, every: $every, last: last }}
      - {{ id: size, kind: derive, value: "{stairs}", as: size }}
      - {{ id: fine, kind: penalty, base: loss, between: [ $least, $most ], proposes: {{ low: low, high: high }}, decided: fine }}
"""


def of_dates(folder: Path, *small: int) -> list[str]:
    config = loaded(project(folder, policy=DATED.format(small=small, stairs=STAIRS), tables={"cases": TABLE}))
    return [hint.what for hint in hints_of(config)]


@pytest.mark.parametrize(
    ("small", "named"),
    [
        ((600, 600, 600), ""),
        ((100, 100, 600), ""),
        ((100, 600, 100), " (with the values of 2024-01-01)"),
        ((600, 100, 100), " (with the values of 2000-01-01)"),
        ((600, 600, 100), " (with the values of 2024-01-01)"),
    ],
)
def test_limits_that_cross_on_an_older_or_a_later_day_are_named_with_it(tmp_path: Path, small: tuple[int, ...], named: str) -> None:
    said = [what for what in of_dates(tmp_path, *small) if "branch" in what]
    assert said == [f"rule 'size': branch 2 of the case is never reached: those above it match first{named}"]


def test_a_hole_and_exchanged_ends_of_older_values_are_named_with_their_day(tmp_path: Path) -> None:
    assert of_dates(tmp_path, 100, 100, 100) == [
        "parameter 'every': no value for 丙级 of 'grade' from 2000-01-01; nothing is in force for such rows",
        "rule 'fine': the lower end 4 is above the upper end 3 (with the values of 2000-01-01)",
    ]
