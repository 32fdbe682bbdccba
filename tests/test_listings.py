"""Lists of problems and risks: a row for what rules say, since when, until when, staff's columns kept, what cannot be judged left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from automations.config import Config
from tests.project import changes, loaded, planned, project
from tests.scene import Scene, does_nothing, scene

COSTS = """
    no     | 编号   |
    amount | 金额   | money |
    who    | 经办人 |
    due_on | 期限   | date |
    paid   | 付清   | date |

    owner: [who]
"""
LIST = """
    listed   | 清单号   |           |
    tab      | 所在表   | ours      |
    about    | 所在行   | ours      |
    what     | 什么问题 | ours      |
    person   | 归谁     | ours      |
    level    | 程度     | ours      |
    risk     | 风险     | ours      |
    evidence | 依据     | ours      |
    ends     | 怎样解除 | ours      |
    state    | 状态     | ours      |
    first_on | 发现     | date ours |
    gone_on  | 改好     | date ours |
    remark   | 说明     |           |

    kept: true
"""
RULES = """
    policy: costs
    owner: role:财务
    rules:
      - { id: small, kind: check, require: amount < 100, column: amount, risk: 超支, message: "金额{amount}太大", fix: 核对 }
      - { id: known, kind: required, columns: [who] }
      - { id: odd, kind: check, level: info, require: amount <> 7, column: amount, message: 七元, fix: 看看 }
      - { id: large, kind: alert, when: amount >= 500, clears: filled(paid), risk: 大额, message: 大额支出, evidence: [amount, who] }
      - { id: pay, kind: deadline, title: 付清, until: due_on, starts: due_on, done: paid, risk: 拖欠 }
"""
HEAD = "listed | tab | about | what | person | level | risk | evidence | ends | state | first_on | gone_on | remark\n"
ROWS = "no | amount | who | due_on | paid\nA | 600 | 张三 | |\nB | 7 | | |\n"


def configured(folder: Path, of: str) -> Config:
    listing = f"policy: matters\ntable: matters\nrules:\n  - {{ id: listed, kind: listing, of: {of} }}"
    return loaded(project(folder, policy=[RULES, listing], tables={"costs": COSTS, "matters": LIST}))


def said(config: Config, costs: str, now: str, matters: str = "") -> dict[str, list[str]]:
    """The changes by row of the list, as `column value`."""
    found: dict[str, list[str]] = {}
    for line in changes(planned(config, {"costs": costs, "matters": HEAD + matters}, now)):
        key, rest = line.split(" ", 1)
        found.setdefault(key, []).append(rest)
    return found


def test_every_problem_has_a_row_and_what_only_informs_has_none(tmp_path: Path) -> None:
    found = said(configured(tmp_path, "problems"), ROWS, "2025-09-29 09:00")

    assert list(found) == ["costs/small/A/amount", "costs/known/B/who"]
    assert found["costs/small/A/amount"] == [
        "tab: blank -> costs",
        "about: blank -> A",
        "what: blank -> 金额600.00太大",
        "person: blank -> 张三",
        "level: blank -> 警告",
        "state: blank -> 未改正",
        "first_on: blank -> 2025-09-29",
    ]
    assert "person: blank -> 财务" in found["costs/known/B/who"], "nobody is in charge of the row, so who is of the policy"


def test_risks_say_their_kind_the_evidence_and_how_they_end(tmp_path: Path) -> None:
    late = ROWS + "C | 5 | 李四 | 2025-09-20 |\nD | 5 | 李四 | 2025-09-20 | 2025-09-19\n"

    found = said(configured(tmp_path, "risks"), late, "2025-09-29 09:00")

    assert list(found) == ["costs/small/A/amount", "costs/large/A", "costs/pay/C"]
    assert [line for line in found["costs/large/A"] if line.split(":")[0] in ("risk", "evidence", "ends", "level")] == [
        "level: blank -> 提示",
        "risk: blank -> 大额",
        "evidence: blank -> 金额：600.00；经办人：张三",
        "ends: blank -> 情况消失，或填写“付清”以后自动解除",
    ]
    assert "what: blank -> “付清”还没有完成，期限是2025-09-20 23:59:59" in found["costs/pay/C"]


@pytest.mark.parametrize(
    ("costs", "wanted"),
    [
        (ROWS.replace("600", "60"), ["state: 未改正 -> 已改正", "gone_on: blank -> 2025-09-30"]),
        (ROWS.replace("600", "650"), ["what: 金额600.00太大 -> 金额650.00太大"]),
        ("no | who\nA | 张三\nB | x\n", []),
    ],
    ids=["corrected", "still there, in other words", "the column is not there, so nothing is known"],
)
def test_a_row_is_dated_when_its_problem_is_gone(tmp_path: Path, costs: str, wanted: list[str]) -> None:
    stood = "costs/small/A/amount | costs | A | 金额600.00太大 | 张三 | 警告 | | | | 未改正 | 2025-09-29 | | 已问过\n"

    assert said(configured(tmp_path, "problems"), costs, "2025-09-30 09:00", stood).get("costs/small/A/amount", []) == wanted


def test_what_comes_back_is_open_again_and_keeps_its_first_day(tmp_path: Path) -> None:
    stood = "costs/small/A/amount | costs | A | 金额600.00太大 | 张三 | 警告 | | | | 已改正 | 2025-09-20 | 2025-09-22 |\n"

    found = said(configured(tmp_path, "problems"), ROWS, "2025-09-30 09:00", stood)

    assert found["costs/small/A/amount"] == ["state: 已改正 -> 未改正", "gone_on: 2025-09-22 -> blank"]


def stage(folder: Path) -> Scene:
    return scene(None, config=configured(folder, "problems"), costs=ROWS, matters=HEAD)


def test_a_risk_that_passes_to_somebody_else_is_theirs_in_the_very_next_run(tmp_path: Path) -> None:
    rule = RULES.replace(", evidence: [amount, who]", "").replace(" risk: 超支,", "").replace(", risk: 拖欠", "")
    listing = "policy: matters\ntable: matters\nrules:\n  - { id: listed, kind: listing, of: risks }"
    config = loaded(project(tmp_path, policy=[rule, listing], tables={"costs": COSTS, "matters": LIST}))
    known = scene(None, config=config, costs=ROWS, matters=HEAD)
    known.run("2025-09-29 09:00")
    known.edit("costs", "who", "A", "李四")
    known.run("2025-09-29 10:00")

    assert known.cells("matters", "person") == ["costs/large/A 李四"]


def test_a_second_run_does_nothing_and_neither_does_the_next_day(tmp_path: Path) -> None:
    known = stage(tmp_path)
    known.run("2025-09-29 09:00")

    assert does_nothing(known.plan("2025-09-29 09:00"))
    assert does_nothing(known.plan("2025-09-30 09:00"))
    known.edit("costs", "amount", "A", "60")
    known.run("2025-09-30 10:00")
    assert known.cells("matters", "state", "gone_on") == ["costs/small/A/amount 已改正 | 2025-09-30", "costs/known/B/who 未改正 | -"]
