"""`check --prove`: every rule is switched off in turn, and an example of its policy must notice."""

from __future__ import annotations

from pathlib import Path

from pytest import raises

from automations.checking import NoSuchPolicy, check
from automations.proving import unnoticed
from tests.project import loaded, project

TABLE = """
    no     | 编号
    amount | 金额 | money |
    limit  | 上限 | money ours |
    state  | 状态 | ours |
"""
POLICY = """
    rules:
      - { id: limit, kind: derive, value: amount * 2, writes: limit }
      - { id: small, kind: check, require: amount < 100, column: amount, message: too much, fix: less, unknown: pass }
      - { id: known, kind: required, columns: [amount] }
    examples:
      - { name: doubled, now: 2026-09-28 09:00, row: { amount: 5 }, expect: { limit: 10 }, findings: [] }
      - { name: too much, now: 2026-09-28 09:00, row: { amount: 100 }, findings: [ small ] }
"""


def test_a_rule_of_which_examples_only_show_the_silence_is_named(tmp_path: Path):
    config = loaded(project(tmp_path, policy=POLICY, tables={"costs": TABLE}))

    assert unnoticed(config, config.policies.values()) == [f"{next(iter(config.policies))}/known"]


def test_switched_off_means_blank_columns_no_findings_and_no_clock(tmp_path: Path):
    policy = POLICY + "      - { name: nothing said, now: 2026-09-28 09:00, row: {}, findings: [ known ] }\n"
    config = loaded(project(tmp_path, policy=policy, tables={"costs": TABLE}))

    assert unnoticed(config, config.policies.values()) == []


def test_an_example_of_a_promise_that_two_rules_share_sees_the_notices_of_the_earlier_one(tmp_path: Path):
    orders = (
        "no | 编号\n taken | 接单 | datetime\n owner | 负责人\n due | 到期 | datetime ours\n told_on | 答复 | datetime\n\n owner: [owner]"
    )
    one, other = (
        f"""
        policy: {name}
        table: orders
        dated_by: taken
        parameters:
          within: {{ title: 答复, unit: hours, values: {{ 2000-01-01: {hours} }} }}
        rules:
          - {{ id: {name}, kind: deadline, starts: taken, within: $within, done: told_on, writes: {{ due: due }} }}
        notices:
          - on: {name}
            ladder: [ {{ at: due, to: owner, template: deadline-late }} ]
        examples:
          - {{ name: late, now: 2025-09-27 09:00, row: {{ no: A, taken: 2025-09-25 10:00, owner: x }}, notices: [ {told} ] }}
        """
        for name, hours, told in (("soon", 24, "soon due owner"), ("later", 36, ""))
    )
    root = project(tmp_path, policy=[one, other], tables={"orders": orders})

    assert check(root).problems == ()


def test_check_says_which_rules_nobody_would_miss(tmp_path: Path):
    config = loaded(project(tmp_path, policy=POLICY, tables={"costs": TABLE}))
    found = check(config.root, prove=True)

    name = next(iter(config.policies))
    assert found.text().splitlines()[-3:-1] == [
        f"no example notices when rule '{name}/known' is switched off",
        "2 of 3 rules switched off one at a time: an example noticed.",
    ]


def test_only_some_policies_or_packs_are_proved(tmp_path: Path):
    config = loaded(project(tmp_path, policy=POLICY, tables={"costs": TABLE}))
    name, policy = next(iter(config.policies.items()))

    assert check(config.root, only=[name], prove=True).unnoticed == (f"{name}/known",)
    assert check(config.root, only=[policy.pack], prove=True).unnoticed == (f"{name}/known",)
    with raises(NoSuchPolicy, match=f"no policy or pack '{name}s'\n  did you mean '{name}'?"):
        check(config.root, only=[f"{name}s"])
