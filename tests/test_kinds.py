"""Every kind of rule at table level: tables in, cells and findings out; blanks, boundaries, look-ups, rollups and what is missing."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from automations.planning import Plan
from tests.project import cells, changes, findings, judged, loaded, planned, project

NOW = "2026-09-07 12:00"
COMPLAINTS = """
    no         | 编号     | text           |
    category   | 投诉类别 | choice         | choices: [质量, 运输, 服务]
    kind       | 客户类型 |                |
    content    | 内容     |                |
    handler    | 负责人   |                |
    loss       | 直接损失 | money          |
    pieces     | 数量     | integer        |
    rate       | 折扣     | percent        |
    ok         | 属实     | boolean        |
    received   | 受理日   | date           |
    assigned   | 确定日   | date           |
    solved     | 解决时间 | datetime       |
    told       | 通知时间 | datetime       |
    vp_ok      | 副总同意 | datetime       |
    boss_ok    | 经理同意 | datetime       |
    fine       | 罚款     | money          |
    fine_low   | 罚款下限 | money ours     |
    fine_high  | 罚款上限 | money ours     |
    level      | 级别     | ours           |
    status     | 状态     | choice ours    | choices: [已记录, 已受理, 已解决]
    next_step  | 下一步   | ours           |
"""


def planned_by(folder: Path, rules: str, drawn: str, *, now: str = NOW, head: str = "", tables: str = COMPLAINTS) -> Plan:
    """The plan of one policy over one drawn table; `head` are other keys of the policy, such as its parameters."""
    policy = f"{dedent(head)}\nrules:\n{dedent(rules)}"
    return planned(loaded(project(folder, policy=policy, tables={"complaints": tables})), {"complaints": drawn}, now)


# check


@pytest.mark.parametrize(
    ("require", "extra", "found"),
    [
        ("loss <= 100", "", ["TS-2"]),
        ("loss <= 100", "unknown: fail", ["TS-2", "TS-3"]),
        ("loss <= 100", "unknown: pass", ["TS-2"]),
        ("not (loss > 100)", "unknown: fail", ["TS-2", "TS-3"]),
        ("loss <= 100 or blank(loss)", "unknown: fail", ["TS-2"]),
        ("loss <= 100", "when: handler = '王芳'", []),
        ("loss <= 100", "when: blank(handler)", ["TS-2"]),
        ("直接损失 < 100", "", ["TS-1", "TS-2"]),
        ("false", "", ["TS-1", "TS-2", "TS-3"]),
        ("null", "", []),
    ],
)
def test_a_row_that_does_not_meet_a_check_gets_a_finding(require: str, extra: str, found: list[str], tmp_path: Path):
    rules = f"""
        - id: bounded
          kind: check
          require: "{require}"
          {extra or "level: warn"}
          column: loss
          message: 损失{{loss}}超过限额
    """
    drawn = """
        no   | loss   | handler
        TS-1 | 100.00 | 王芳
        TS-2 | 100.01 |
        TS-3 |        | 王芳
    """
    said = {"TS-1": "损失100.00超过限额", "TS-2": "损失100.01超过限额", "TS-3": "损失超过限额"}

    assert findings(planned_by(tmp_path, rules, drawn)) == [f"{key} bounded loss: {said[key]}" for key in found]


def test_a_finding_says_where_what_by_which_clause_and_what_to_do(tmp_path: Path):
    rules = """
        - id: bounded
          kind: check
          level: fail
          require: loss <= $loss_max
          column: loss
          message: { zh: "损失{loss}超过{$loss_max}", en: "the loss {loss} is over {$loss_max}" }
          fix: { zh: 请核对, en: check it }
          clause: 第三条
    """
    head = "parameters: { loss_max: { title: 上限, unit: CNY, values: { 2000-01-01: 100 } } }"
    (finding,) = planned_by(tmp_path, rules, "no | handler | loss\nTS-1 | | 1,234.50", head=head).findings

    assert (finding.rule, finding.level, finding.key, finding.address, finding.value) == (
        "handling/bounded",
        "fail",
        "TS-1",
        "C2",
        "1,234.50",
    )
    assert (finding.sentence["zh"], finding.sentence["en"]) == ("损失1,234.50超过100", "the loss 1,234.50 is over 100")
    assert (finding.fix, finding.clause) == ({"zh": "请核对", "en": "check it"}, "第三条")


# required, unique


def test_each_blank_required_column_is_a_finding_and_one_that_the_sheet_lacks_is_left_out(tmp_path: Path):
    drawn = """
        no   | category | handler | solved
        TS-1 | 质量     |         | 2026-09-07 10:00
        TS-2 |          | 王芳    | 2026-09-07 10:00
        TS-3 |          |         |
    """
    plan = planned_by(tmp_path, "- { id: full, kind: required, when: filled(solved), columns: [category, handler, content] }", drawn)

    assert findings(plan) == ["TS-1 full handler: 缺“负责人”", "TS-2 full category: 缺“投诉类别”"]
    assert dict(plan.lacking) == {"handling/full": ("complaints", "content")}


def test_a_column_full_of_blanks_is_blank(tmp_path: Path):
    drawn = "no | content\nTS-1 | \u3000 \nTS-2 | -"

    assert findings(planned_by(tmp_path, "- { id: full, kind: required, columns: [content] }", drawn)) == ["TS-1 full content: 缺“内容”"]


def test_values_that_stand_in_two_rows_are_findings_in_both_and_blanks_are_not(tmp_path: Path):
    drawn = """
        no   | handler | received
        TS-1 | 王芳    | 2026-09-01
        TS-2 | 王芳    | 2026-09-02
        TS-3 | 王芳    | 2026-09-01
        TS-4 |         | 2026-09-01
        TS-5 |         | 2026-09-01
    """
    rules = "- { id: once, kind: unique, columns: [handler, received] }"
    said = "“负责人”、“受理日”与其他行重复"

    assert findings(planned_by(tmp_path, rules, drawn)) == [f"TS-1 once handler: {said}", f"TS-3 once handler: {said}"]


# derive


@pytest.mark.parametrize(
    ("value", "column", "found"),
    [
        ("loss * $rate_max", "fine_high", "1450.50"),
        ("round(loss * $rate_max, 2)", "fine_high", "1450.50"),
        ("loss + 0.1 + 0.2", "fine_high", "48350.30"),
        ("loss * rate", "fine_high", "4835.00"),
        ("loss / 3", "fine_high", "16116.67"),
        ("-loss / 3", "fine_high", "-16116.67"),
        ("loss * 0.00001", "fine_high", "0.48"),
        ("case when loss > 1000 then '重大' else '一般' end", "level", "重大"),
        ("concat(投诉类别, '/', 数量)", "level", "质量/7"),
        ("case when ok then '属实' end", "level", "属实"),
        ("cast(received + 3 as text)", "level", "2026-09-10"),
        ("case when pieces > 100 then 'x' end", "level", "blank"),
    ],
)
def test_a_derived_value_is_exact(value: str, column: str, found: str, tmp_path: Path):
    rules = f'- {{ id: it, kind: derive, value: "{value}", writes: {column} }}'
    head = "parameters: { rate_max: { title: 上限, unit: percent, values: { 2000-01-01: 3 } } }"
    drawn = "no | category | loss | pieces | rate | ok | received\nTS-1 | 质量 | 48,350.00 | 7 | 10% | 是 | 2026-09-07"
    plan = planned_by(tmp_path, rules, with_column(drawn, column), head=head)

    assert changes(plan) == ([] if found == "blank" else [f"TS-1 {column}: blank -> {found}"])


def with_column(drawn: str, column: str) -> str:
    header, *rows = drawn.split("\n")
    return "\n".join([f"{header} | {column}", *(f"{row} |" for row in rows)])


def test_a_derived_value_is_cleared_where_its_condition_ends(tmp_path: Path):
    drawn = """
        no   | handler | level
        TS-1 | 王芳    |
        TS-2 |         | 有人
        TS-3 |         |
    """
    plan = planned_by(tmp_path, "- { id: it, kind: derive, when: filled(handler), value: \"'有人'\", writes: level }", drawn)

    assert changes(plan) == ["TS-1 level: blank -> 有人", "TS-2 level: 有人 -> blank"]


def test_a_hidden_column_carries_a_value_to_other_rules(tmp_path: Path):
    rules = """
        - { id: base, kind: derive, value: loss * 2, as: doubled }
        - { id: low, kind: derive, value: doubled + 1, writes: fine_low }
        - { id: high, kind: derive, value: fine_low * 10, writes: fine_high }
    """

    assert changes(planned_by(tmp_path, rules, "no | loss | fine_low | fine_high\nTS-1 | 1.50 | |")) == [
        "TS-1 fine_low: blank -> 4.00",
        "TS-1 fine_high: blank -> 40.00",
    ]


# classify

LEVELS = """
    - id: tier
      kind: classify
      title: { zh: 客户等级, en: Tier }
      writes: level
      rows:
        - { if: { loss: "> $large", kind: [经销商, 零售商] }, then: 一级 }
        - { if: { loss: "$small..$large" }, then: 二级 }
        - { if: { loss: "< $small" }, then: 三级 }
        - { if: { loss: missing }, then: 待定 }
      otherwise: none
"""
LIMITS = """
    parameters:
      large: { title: 大, unit: CNY, values: { 2000-01-01: 1000 } }
      small: { title: 小, unit: CNY, values: { 2000-01-01: 100 } }
"""


def test_a_decision_table_on_both_sides_of_its_boundaries(tmp_path: Path):
    drawn = """
        no   | kind   | loss    | level
        TS-1 | 经销商 | 1000.01 |
        TS-2 | 零售商 | 1000.00 |
        TS-3 |        | 100.00  |
        TS-4 |        | 99.99   |
        TS-5 |        |         |
        TS-6 | 个人   | 1000.01 | 一级
        TS-7 |        | 1000.01 |
    """
    plan = planned_by(tmp_path, LEVELS, drawn, head=LIMITS)

    assert changes(plan) == [
        "TS-1 level: blank -> 一级",
        "TS-2 level: blank -> 二级",
        "TS-3 level: blank -> 二级",
        "TS-4 level: blank -> 三级",
        "TS-5 level: blank -> 待定",
        "TS-6 level: 一级 -> blank",
    ]
    assert findings(plan) == ["TS-6 tier level: 客户等级：没有适用的一档", "TS-7 tier level: 客户等级：没有适用的一档"]


@pytest.mark.parametrize(
    ("hit", "cell", "found"),
    [
        ("first", "pieces: '1..<5'", ["甲", "甲", "乙", "乙"]),
        ("first", "pieces: 5", ["乙", "乙", "甲", "乙"]),
        ("first", "pieces: [1, 5]", ["甲", "乙", "甲", "乙"]),
        ("first", "pieces: not 5", ["甲", "甲", "乙", "乙"]),
        ("first", "pieces: missing", ["乙", "乙", "乙", "甲"]),
        ("first", "pieces: not missing", ["甲", "甲", "甲", "乙"]),
        ("first", "loss: 10", ["甲", "乙", "乙", "乙"]),
        ("first", "ok: true", ["甲", "乙", "乙", "乙"]),
        ("first", "category: not 质量", ["乙", "甲", "乙", "乙"]),
        ("collect", "pieces: '>= 4'", ["乙", "甲、乙", "甲、乙", "乙"]),
    ],
)
def test_the_cells_of_a_decision_table(hit: str, cell: str, found: list[str], tmp_path: Path):
    rules = f"""
        - id: tier
          kind: classify
          hit: {hit}
          writes: level
          rows: [ {{ if: {{ {cell} }}, then: 甲 }}, {{ if: {{ pieces: any }}, then: 乙 }} ]
    """
    drawn = """
        no   | pieces | loss  | ok | category | level
        TS-1 | 1      | 10.00 | 是 | 质量     |
        TS-2 | 4      | 10.01 | 否 | 运输     |
        TS-3 | 5      |       |    |          |
        TS-4 |        |       |    |          |
    """

    assert changes(planned_by(tmp_path, rules, drawn)) == [f"TS-{n} level: blank -> {each}" for n, each in enumerate(found, start=1)]


# sequence


def test_steps_out_of_order_are_findings_and_an_optional_one_may_be_blank(tmp_path: Path):
    drawn = """
        no   | received   | assigned   | solved           | told
        TS-1 | 2026-09-01 | 2026-09-02 | 2026-09-02 08:00 | 2026-09-03 09:00
        TS-2 | 2026-09-01 |            | 2026-09-02 08:00 |
        TS-3 |            | 2026-09-02 |                  |
        TS-4 | 2026-09-03 | 2026-09-02 |                  |
        TS-5 | 2026-09-01 | 2026-09-01 | 2026-09-02 08:00 | 2026-09-02 07:59
        TS-6 | 2026-09-01 | 2026-09-02 |                  | 2026-09-03 09:00
        TS-7 | 2026-09-01 | 2026-09-01 | 2026-09-02 08:00 | 2026-09-02 08:00
    """
    plan = planned_by(tmp_path, "- { id: order, kind: sequence, steps: [received, assigned, solved, told], optional: [assigned] }", drawn)

    assert findings(plan) == [
        "TS-3 order received: 已填“确定日”但缺“受理日”",
        "TS-4 order assigned: “确定日”（2026-09-02）早于“受理日”（2026-09-03）",
        "TS-5 order told: “通知时间”（2026-09-02 07:59）早于“解决时间”（2026-09-02 08:00）",
        "TS-6 order solved: 已填“通知时间”但缺“解决时间”",
    ]


# approval


def test_the_next_step_waits_for_every_approval(tmp_path: Path):
    rules = """
        - id: consent
          kind: approval
          title: { zh: 解决办法, en: Solution }
          of: filled(content)
          by: [ { column: vp_ok, who: "role:营销副总" }, { column: boss_ok, who: 销售经理 } ]
          before: told
    """
    drawn = """
        no   | content | vp_ok            | boss_ok          | told
        TS-1 | 换货    |                  |                  |
        TS-2 | 换货    | 2026-09-02 09:00 |                  | 2026-09-02 10:00
        TS-3 | 换货    | 2026-09-02 09:00 | 2026-09-02 11:00 | 2026-09-02 10:00
        TS-4 | 换货    | 2026-09-02 09:00 | 2026-09-02 10:00 | 2026-09-02 10:00
        TS-5 |         |                  |                  |
    """
    found = judged(
        loaded(project(tmp_path, policy=f"rules:\n{dedent(rules)}", tables={"complaints": COMPLAINTS})), {"complaints": drawn}, NOW
    )
    waiting = [(spec.message["zh"], found.evaluation.keys("complaints")[rows].tolist()) for spec, rows in found.spoken("waiting")]

    assert waiting == [("解决办法：等待营销副总审批", ["TS-1"]), ("解决办法：等待销售经理审批", ["TS-1", "TS-2"])]
    assert findings(planned_by(tmp_path, rules, drawn)) == [
        "TS-2 consent boss_ok: 已填“通知时间”但缺“经理同意”",
        "TS-3 consent told: “通知时间”早于“经理同意”",
    ]


# penalty

RATES = """
    parameters:
      low: { title: 下限, unit: percent, values: { 2000-01-01: 1 } }
      high: { title: 上限, unit: percent, values: { 2000-01-01: 3 } }
      most: { title: 最多, unit: CNY, values: { 2000-01-01: 200 } }
"""


def test_a_penalty_proposes_a_range_rounded_to_the_fen_and_a_person_decides_within_it(tmp_path: Path):
    rules = """
        - id: penalty
          kind: penalty
          when: loss > 0
          base: loss
          between: [ $low, $high ]
          proposes: { low: fine_low, high: fine_high }
          decided: fine
    """
    drawn = """
        no   | loss      | fine    | fine_low | fine_high
        TS-1 | 48,350.00 | 483.50  |          |
        TS-2 | 48,350.00 | 1450.51 |          |
        TS-3 | 48,350.00 | 483.49  |          |
        TS-4 | 16.50     |         |          |
        TS-5 | 0.50      |         |          |
        TS-6 | 0.00      | 5.00    |          |
        TS-7 |           | 5.00    |          | 3.00
    """
    plan = planned_by(tmp_path, rules, drawn, head=RATES)

    assert changes(plan) == [
        *(f"TS-{n} fine_low: blank -> {low}" for n, low in enumerate(["483.50", "483.50", "483.50", "0.17", "0.01"], start=1)),
        *(f"TS-{n} fine_high: blank -> {high}" for n, high in enumerate(["1450.50", "1450.50", "1450.50", "0.50", "0.02"], start=1)),
        "TS-7 fine_high: 3.00 -> blank",
    ]
    assert findings(plan) == [
        "TS-2 penalty fine: “罚款”为 1,450.51，允许的范围是483.50 至 1,450.50",
        "TS-3 penalty fine: “罚款”为 483.49，允许的范围是483.50 至 1,450.50",
    ]


def test_a_penalty_with_only_a_ceiling(tmp_path: Path):
    rules = "- { id: fine, kind: penalty, when: category = '服务', at_most: $most, proposes: { high: fine_high }, decided: fine }"
    drawn = """
        no   | category | fine   | fine_high
        TS-1 | 服务     | 200.00 |
        TS-2 | 服务     | 200.01 |
        TS-3 | 质量     | 999.00 |
        TS-4 |          |        |
    """
    plan = planned_by(tmp_path, rules, drawn, head=RATES)

    assert changes(plan) == ["TS-1 fine_high: blank -> 200.00", "TS-2 fine_high: blank -> 200.00"]
    assert findings(plan) == ["TS-2 fine fine: “罚款”为 200.01，允许的范围是不超过 200.00"]


# status

STATES = """
    - id: progress
      kind: status
      writes: { state: status, next: next_step }
      states:
        - { state: 已记录, next: 确定负责人, who: 市场部 }
        - { state: 已受理, when: filled(assigned), next: 解决问题, who: handler }
        - { state: 已解决, when: filled(solved) }
"""


def test_the_last_state_reached_is_the_rows_state(tmp_path: Path):
    drawn = """
        no   | handler | assigned   | solved           | status | next_step
        TS-1 |         |            |                  |        |
        TS-2 | 王芳    | 2026-09-01 |                  | 已记录 |
        TS-3 |         | 2026-09-01 |                  |        |
        TS-4 | 王芳    |            | 2026-09-02 10:00 |        | 解决问题
    """

    assert changes(planned_by(tmp_path, STATES, drawn)) == [
        "TS-1 status: blank -> 已记录",
        "TS-2 status: 已记录 -> 已受理",
        "TS-3 status: blank -> 已受理",
        "TS-4 status: blank -> 已解决",
        "TS-1 next_step: blank -> 确定负责人（市场部）",
        "TS-2 next_step: blank -> 解决问题（王芳）",
        "TS-3 next_step: blank -> 解决问题",
        "TS-4 next_step: 解决问题 -> blank",
    ]


def test_states_whose_columns_a_team_does_not_have_are_skipped(tmp_path: Path):
    plan = planned_by(tmp_path, STATES, "no | solved | status\nTS-1 | |\nTS-2 | 2026-09-02 10:00 |")

    assert changes(plan) == ["TS-1 status: blank -> 已记录", "TS-2 status: blank -> 已解决"]


# Across tables

CUSTOMERS = """
    customer_id | 客户编号
    tier        | 等级     | choice     | choices: [A, B]
    keeper      | 业务员   | reference  | refers_to: staff, known_as: keeper_person
    bought      | 累计采购 | money ours |
    last_on     | 最近下单 | date ours  |
    first_on    | 首次下单 | date ours  |
    orders      | 订单数   | integer ours |
    big         | 有大单   | boolean ours |

    rollups:
      bought: { of: orders, via: customer_id, how: sum, value: amount, when: ordered_on > today() - interval 12 months }
      last_on: { of: orders, via: customer_id, how: max, value: ordered_on }
      first_on: { of: orders, via: customer_id, how: min, value: ordered_on }
      orders: { of: orders, via: customer_id, how: count }
      big: { of: orders, via: customer_id, how: any, when: amount >= 1000 }
"""
ORDERS = """
    order_no    | 订单号
    customer_id | 客户编号 | reference  | refers_to: customers, known_as: customer
    amount      | 金额     | money      |
    ordered_on  | 下单日   | date       |
    balance     | 累计     | money ours |
    remark      | 备注     | ours       |

    running:
      balance: { value: amount, by: customer_id, order: [ordered_on, order_no] }
"""
STAFF = """
    staff_no   | 工号
    staff_name | 姓名
"""
ACROSS = {
    "orders": """
        order_no | customer_id | amount  | ordered_on | balance | remark
        D-1      | K-1         | 1000.00 | 2026-09-03 |         |
        D-2      | K-1         | 0.10    | 2026-09-01 |         |
        D-3      | K-1         | 0.20    | 2025-09-07 |         |
        D-4      | K-2         |         | 2026-09-01 |         |
        D-5      | K-9         | 5.00    | 2026-09-01 |         |
        D-6      |             | 7.00    | 2026-09-01 |         |
    """,
    "customers": """
        customer_id | tier | keeper | bought | last_on | first_on | orders | big
        K-1         | A    | Y-1    |        |         |          |        |
        K-2         | B    |        |        |         |          |        |
        K-3         |      | Y-7    |        |         |          |        |
    """,
    "staff": """
        staff_no | staff_name
        Y-1      | 王芳
    """,
}


def across(folder: Path, rules: str = "[]") -> Plan:
    policy = f"rules:\n{dedent(rules)}" if rules != "[]" else "rules: []"
    tables = {"orders": ORDERS, "customers": CUSTOMERS, "staff": STAFF}
    return planned(loaded(project(folder, policy=policy, tables=tables)), ACROSS, NOW)


def test_rollups_gather_the_rows_that_refer_here(tmp_path: Path):
    found = judged(loaded(project(tmp_path, tables={"orders": ORDERS, "customers": CUSTOMERS, "staff": STAFF})), ACROSS, NOW)

    assert cells(found, "customers", "customer_id", "bought", "last_on", "first_on", "orders", "big") == [
        "K-1 | 1000.10 | 2026-09-03 | 2025-09-07 | 3 | 是",
        "K-2 | 0.00 | 2026-09-01 | 2026-09-01 | 1 | 否",
        "K-3 | 0.00 | blank | blank | 0 | 否",
    ]


PRICES = """
    price_id | 定价编号
    code     | 产品编号
    price    | 定价     | money |
    since    | 生效日   | date  |
    until    | 失效日   | date  |
"""
LINES = """
    line_no | 明细号
    code    | 产品编号
    day     | 签订日 | date       |
    listed  | 定价   | money ours |

    in_force:
      listed: { of: prices, match: code, with: code, on: day, from: since, to: until, value: price }
"""


def test_a_value_in_force_is_that_of_the_day_and_ends_with_its_last_day(tmp_path: Path):
    drawn = {
        "prices": """
            price_id | code | price | since      | until
            J-2      | A    | 12.00 | 2026-09-10 | 2026-09-20
            J-1      | A    | 10.00 | 2026-01-01 |
            J-3      | B    | 7.50  | 2026-01-01 |
            J-4      | B    | 9.99  |            |
        """,
        "lines": """
            line_no | code | day
            M-1     | A    | 2025-12-31
            M-2     | A    | 2026-09-09
            M-3     | A    | 2026-09-10
            M-4     | A    | 2026-09-20
            M-5     | A    | 2026-09-21
            M-6     | B    | 2026-09-21
            M-7     | C    | 2026-09-21
            M-8     |      | 2026-09-21
            M-9     | A    |
        """,
    }
    found = judged(loaded(project(tmp_path, tables={"prices": PRICES, "lines": LINES})), drawn, NOW)

    assert cells(found, "lines", "line_no", "listed") == [
        "M-1 | blank",
        "M-2 | 10.00",
        "M-3 | 12.00",
        "M-4 | 12.00",
        "M-5 | blank",
        "M-6 | 7.50",
        "M-7 | blank",
        "M-8 | blank",
        "M-9 | blank",
    ]


def test_no_value_is_in_force_where_the_other_table_is_empty(tmp_path: Path):
    drawn = {"prices": "price_id | code | price | since | until", "lines": "line_no | code | day\nM-1 | A | 2026-09-09"}
    found = judged(loaded(project(tmp_path, tables={"prices": PRICES, "lines": LINES})), drawn, NOW)

    assert cells(found, "lines", "line_no", "listed") == ["M-1 | blank"]


def test_a_running_total_follows_dates_not_rows(tmp_path: Path):
    found = judged(loaded(project(tmp_path, tables={"orders": ORDERS, "customers": CUSTOMERS, "staff": STAFF})), ACROSS, NOW)

    assert cells(found, "orders", "order_no", "balance") == [
        "D-1 | 1000.30",
        "D-2 | 0.30",
        "D-3 | 0.20",
        "D-4 | 0.00",
        "D-5 | 5.00",
        "D-6 | blank",
    ]


def test_a_look_up_reaches_through_two_tables(tmp_path: Path):
    rules = '- { id: who, kind: derive, value: "concat(customer.tier, customer.keeper_person.staff_name)", writes: remark }'
    plan = across(tmp_path, rules)

    assert [change for change in changes(plan) if "remark" in change] == [
        "D-1 remark: blank -> A王芳",
        "D-2 remark: blank -> A王芳",
        "D-3 remark: blank -> A王芳",
        "D-4 remark: blank -> B",
    ]


def test_a_reference_to_a_row_that_is_not_there_is_a_finding_and_a_blank_one_is_not(tmp_path: Path):
    plan = across(tmp_path, "- { id: customer-known, kind: reference, column: customer_id }")

    assert findings(plan) == ["D-5 customer-known customer_id: “客户编号”K-9在“customers”表中找不到"]


def test_a_rule_that_needs_a_sheet_the_team_does_not_have_is_not_applicable(tmp_path: Path):
    rules = """
        - { id: customer-known, kind: reference, column: customer_id }
        - { id: noted, kind: derive, value: "'有'", writes: remark }
    """
    config = loaded(project(tmp_path, policy=f"rules:{rules}", tables={"orders": ORDERS, "customers": CUSTOMERS, "staff": STAFF}))
    plan = planned(config, {"orders": "order_no | customer_id | remark\nD-1 | K-9 |"}, NOW)

    assert (changes(plan), findings(plan)) == (["D-1 remark: blank -> 有"], [])
    assert plan.lacking["handling/customer-known"] == ("customers", "customer_id")


# alert

OPINION = """
    - id: opinion
      kind: alert
      when: filled(content)
      clears: told is not null
      message: { zh: "客户说：{content}", en: "the customer says: {content}" }
      evidence: [content, loss]
"""


def test_an_alert_speaks_of_a_row_and_finds_nothing_wrong_with_it(tmp_path: Path):
    drawn = """
        no   | content | told
        TS-1 | 很满意  |
        TS-2 | 不满意  | 2026-09-02 10:00
        TS-3 |         |
    """
    policy = f"rules:\n{dedent(OPINION)}"
    found = judged(loaded(project(tmp_path, policy=policy, tables={"complaints": COMPLAINTS})), {"complaints": drawn}, NOW)

    assert [(spec.rule, found.evaluation.keys("complaints")[rows].tolist()) for spec, rows in found.spoken("alert")] == [
        ("handling/opinion", ["TS-1"])
    ]
    assert findings(planned_by(tmp_path, OPINION, drawn)) == []
