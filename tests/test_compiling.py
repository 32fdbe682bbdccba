"""Policies into a program: names as people write them, layers, loops, what is left out where columns are missing, and hidden columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from automations.errors import ConfigProblems
from automations.program import Program, restricted
from tests.project import cells, changes, judged, loaded, planned, project

COMPLAINTS = """
    no       | 编号     | text     |
    received | 受理时间 | datetime | aliases: [投诉时间]
    handler  | 负责人   | reference | refers_to: staff, known_as: handler_person
    loss     | 直接损失 | money    |
    fine     | 罚款     | money ours |
    level    | 级别     | ours     |
    due      | 到期     | datetime ours |
    state    | 状态     | ours     |
"""
STAFF = """
    staff_no | 工号
    name     | 姓名
    boss     | 上级 | reference | refers_to: staff, known_as: superior
"""
TABLES = {"complaints": COMPLAINTS, "staff": STAFF}
NOW = "2026-09-07 12:00"


def program_of(folder: Path, rules: str, **more: str) -> Program:
    return loaded(project(folder, policy=rules, tables=TABLES, **more)).program


def depth(program: Program, name: str) -> int:
    return next(place for place, layer in enumerate(program.layers) if any(node.name == name for node in layer))


@pytest.mark.parametrize("name", ["loss", "直接损失", "LOSS", '"loss"', '"直接损失"'])
def test_a_column_may_be_written_by_its_key_or_its_header(name: str, tmp_path: Path):
    config = loaded(project(tmp_path, policy=f"rules:\n  - {{ id: it, kind: derive, value: '{name} * 2', writes: fine }}", tables=TABLES))

    assert changes(planned(config, {"complaints": "no | loss | fine\nTS-1 | 1.50 |"}, NOW)) == ["TS-1 fine: blank -> 3.00"]


def test_an_alias_is_a_name_too_and_full_width_letters_are_plain_ones(tmp_path: Path):
    rules = 'rules:\n  - { id: it, kind: derive, value: "case when 投诉时间 is not null then ＬＯＳＳ end", writes: fine }'
    config = loaded(project(tmp_path, policy=rules, tables=TABLES))
    plan = planned(config, {"complaints": "no | received | loss | fine\nTS-1 | 2026-09-07 | 1.50 |"}, NOW)

    assert changes(plan) == ["TS-1 fine: blank -> 1.50"]


def test_a_rule_with_a_dash_in_its_id_is_named_in_quotes(tmp_path: Path):
    rules = """
        parameters: { within: { title: 期限, unit: days, values: { 2000-01-01: 1 } } }
        rules:
          - { id: first-answer, kind: deadline, starts: received, within: $within, done: cast(null as timestamp), writes: { due: due } }
          - { id: late, kind: derive, value: "case when \\"first-answer\\".due < now() then '逾期' end", writes: level }
    """
    config = loaded(project(tmp_path, policy=rules, tables=TABLES))
    plan = planned(config, {"complaints": "no | received | level\nTS-1 | 2026-09-01 10:00 |"}, NOW)

    assert changes(plan) == ["TS-1 level: blank -> 逾期"]


def test_what_needs_a_column_stands_in_a_later_layer(tmp_path: Path):
    rules = """
        rules:
          - { id: third, kind: derive, value: second + 1, writes: fine }
          - { id: two, kind: derive, value: first + 1, as: second }
          - { id: one, kind: derive, value: loss + 1, as: first }
    """
    program = program_of(tmp_path, rules)

    assert [depth(program, name) for name in ("first", "second", "fine")] == [0, 1, 2]


@pytest.mark.parametrize(
    ("rules", "circle"),
    [
        ("- { id: a, kind: derive, value: fine + 1, writes: fine }", "complaints.fine -> complaints.fine"),
        (
            """- { id: a, kind: derive, value: y + 1, as: x }
  - { id: b, kind: derive, value: z + 1, as: y }
  - { id: c, kind: derive, value: x + 1, as: z }""",
            "complaints.x -> complaints.y -> complaints.z -> complaints.x",
        ),
    ],
)
def test_columns_that_need_each_other_are_named_as_a_circle(rules: str, circle: str, tmp_path: Path):
    with pytest.raises(ConfigProblems) as caught:
        program_of(tmp_path, f"rules:\n  {rules}\n")

    assert [problem.what for problem in caught.value.problems] == [f"rule 'a': these columns need each other in a circle: {circle}"]


def test_a_look_up_goes_on_through_the_table_it_reaches(tmp_path: Path):
    rules = "rules:\n  - { id: it, kind: derive, value: handler_person.superior.superior.name, writes: level }"
    config = loaded(project(tmp_path, policy=rules, tables=TABLES))
    drawn = {
        "complaints": "no | handler | level\nTS-1 | Y-1 |\nTS-2 | Y-2 |\nTS-3 | Y-9 |\nTS-4 | |",
        "staff": "staff_no | name | boss\nY-1 | 王芳 | Y-2\nY-2 | 李强 | Y-3\nY-3 | 马建国 | Y-3",
    }

    assert cells(judged(config, drawn, NOW), "complaints", "level") == ["马建国", "马建国", "blank", "blank"]


CHAIN = """
    rules:
      - { id: one, kind: derive, value: loss + 1, as: first }
      - { id: two, kind: derive, value: first + 1, writes: fine }
      - { id: other, kind: derive, value: "'有'", writes: level }
"""


def test_a_rule_whose_column_is_missing_is_left_out_with_all_that_builds_on_it(tmp_path: Path):
    program = program_of(tmp_path, CHAIN)
    kept, lacking = restricted(program, frozenset({("complaints", "no")}), frozenset({"complaints"}))

    assert [node.name for node in kept.nodes()] == ["level"]
    assert lacking == {"handling/one": ("complaints", "loss"), "handling/two": ("complaints", "loss")}


def test_a_table_that_is_missing_is_named_by_the_column_looked_for(tmp_path: Path):
    program = program_of(tmp_path, "rules:\n  - { id: it, kind: derive, value: handler_person.name, writes: level }")
    present = frozenset({("complaints", "no"), ("complaints", "handler")})

    assert restricted(program, present, frozenset({"complaints"}))[1]["handling/it"] == ("staff", "name")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("loss * 2", "money"),
        ("loss * 0.015", "decimal"),
        ("loss > 1", "boolean"),
        ("cast(received as date)", "date"),
        ("received", "datetime"),
        ("length(level)", "integer"),
        ("handler_person.name", "text"),
        ("null", "text"),
    ],
)
def test_a_hidden_column_has_the_type_of_its_value(value: str, kind: str, tmp_path: Path):
    program = program_of(
        tmp_path, f"rules:\n  - {{ id: it, kind: derive, value: {value}, as: it }}".replace("value: null", "value: 'null'")
    )

    assert next(node.type for node in program.nodes() if node.name == "it") == kind


def test_a_written_column_keeps_its_declared_type(tmp_path: Path):
    program = program_of(tmp_path, "rules:\n  - { id: it, kind: derive, value: loss * 0.015, writes: fine }")

    assert next(node.type for node in program.nodes() if node.name == "fine") == "money"


def test_the_same_files_compile_to_the_same_program(tmp_path: Path):
    one, other = (program_of(tmp_path / name, CHAIN) for name in ("one", "other"))

    assert [[(node.name, node.formula) for node in layer] for layer in one.layers] == [
        [(node.name, node.formula) for node in layer] for layer in other.layers
    ]


def test_the_columns_another_pack_adds_stand_behind_those_of_the_table(tmp_path: Path):
    files = {
        "config/settings.yaml": "admin: a@example.com\npacks: [care, more]\n",
        "config/packs/more/pack.yaml": "pack: more\ntitle: 另一个\n",
        "config/packs/more/tables/staff.yaml": "table: staff\ntitle: 员工\nkey: staff_no\ncolumns: { hobby: { title: 爱好 } }\n",
    }
    columns = [column.key for column in loaded(project(tmp_path, tables=TABLES, files=files)).tables["staff"].columns]

    assert (columns[0], columns[-1]) == ("staff_no", "hobby")


def test_a_column_may_not_be_declared_twice_by_two_packs(tmp_path: Path):
    extra = (
        "table: staff\ntitle: 员工\nkey: staff_no\ncolumns: { staff_no: { title: 工号 }, phone: { title: 电话 }, name: { title: 名字 } }\n"
    )
    files = {
        "config/settings.yaml": "admin: a@example.com\npacks: [care, more]\n",
        "config/packs/more/pack.yaml": "pack: more\ntitle: 另一个\n",
        "config/packs/more/tables/staff.yaml": extra,
    }
    with pytest.raises(ConfigProblems) as caught:
        loaded(project(tmp_path, tables=TABLES, files=files))

    said = (
        "config/packs/more/tables/staff.yaml:4:{}: column '{}' of table 'staff' is declared in config/packs/care/tables/staff.yaml already"
    )

    assert [str(problem) for problem in caught.value.problems] == [said.format(12, "staff_no"), said.format(59, "name")]
