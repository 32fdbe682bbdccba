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
