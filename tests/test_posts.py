"""Posts: found in the staff tab under every name the policy documents give them; a post that nobody has is said by `doctor`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from automations.config import Config
from automations.hints import hints_of
from automations.people import People
from automations.reading import read_snapshot
from automations.staffdoctor import post_lines
from tests.project import ROOT, SETTINGS, judged, loaded, project, table

STAFF = """
    staff_id   | 工号
    staff_name | 姓名
    role       | 岗位
    department | 部门
    email      | 邮箱 | email
    status     | 状态
"""
CALLED = {
    "营销业务员": "业务员 销售业务员 营销员 销售人员 客户业务负责人",
    "直销人员": "新渠道直销人员",
    "销售业务部部长": "本部门部长",
    "营销副总": "主管销售的副总经理 副总经理",
    "市场部内勤": "内勤",
    "销售内勤": "内勤",
    "物流专员": "物流公司",
    "财务": "财务部",
    "承运方": "运输单位 运输公司",
    "生产单位": "生产",
    "客户经理": "专属客户经理",
    "客服人员": "客服部门 客户服务部 服务部门",
    "市场部门": "营销部门",
}
"""What the documents call a post, and what else they call it."""


def packs_roles() -> dict[str, list[str]]:
    files = sorted((ROOT / "config/packs").glob("*/pack.yaml"))
    named = [(yaml.safe_load(file.read_text("utf-8")).get("roles") or {}).items() for file in files]
    return {post: names for roles in named for post, names in roles}


@pytest.fixture(scope="module")
def shipped_roles(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """A project with the posts of all packs and nothing else of them."""
    settings = dedent(SETTINGS) + yaml.safe_dump({"roles": packs_roles()}, allow_unicode=True)
    return loaded(project(tmp_path_factory.mktemp("posts"), tables={"staff": STAFF}, settings=settings))


@pytest.mark.parametrize(("post", "other"), [(post, other) for post, names in CALLED.items() for other in (post, *names.split())])
def test_a_post_is_found_under_each_name_of_the_documents(shipped_roles: Config, post: str, other: str) -> None:
    rows = f"""
        staff_id | staff_name | role    | department | email
        YG-1     | 甲         | {other} | 甲部       | jia@example.com
        YG-2     | 乙         | 门卫    | 乙部       | yi@example.com
    """
    people = People(judged(shipped_roles, {"staff": rows}, "2026-09-07 09:00"), shipped_roles)

    assert [person.name for person in people.told([f"role:{post}"], "staff", 0, "", "")] == ["甲"]


POLICY = """
    title: 人员
    table: staff
    owner: role:部长
    rules:
      - { id: named, kind: required, columns: [department], message: 没有部门 }
      - { id: mailed, kind: required, columns: [email], message: 没有邮箱 }
    notices:
      - { on: named, to: ["role:档案管理员", "role:财务", "role:质检部"] }
      - { on: mailed, to: "role:市场部部长" }
      - { on: mailed, to: ["role:市场部部长", "role:MAYBE"] }
"""
PEOPLE = table("""
    staff_id | staff_name | role        | department | email            | status
    YG-1     | 甲         | 部长/会计   | 市场部     | jia@example.com  | 在职
    YG-2     | 乙         | 质检员      | 质检部     | yi@example.com   | 在职
    YG-3     | 丙         | 档案管理员  | 行政部     | bing@example.com | 离职
""")


def with_posts(folder: Path, maybe: str = "部长") -> Config:
    settings = dedent(SETTINGS) + "roles: { 财务: [会计] }\n"
    return loaded(project(folder, policy=POLICY.replace("MAYBE", maybe), tables={"staff": STAFF}, settings=settings))


def test_doctor_names_the_posts_that_nobody_at_work_has_and_what_becomes_of_their_mail(tmp_path: Path) -> None:
    config = with_posts(tmp_path)
    staff = config.tables["staff"]
    sheet = read_snapshot("test", [PEOPLE.grid(staff.heading("zh"))], [staff], date(2026, 9, 7)).sheets["staff"]
    [line] = post_lines(sheet, config)

    assert line.what == {
        "zh": "制度要通知的岗位，员工表里没有人担任：市场部部长、档案管理员；通知没有别的收件人时，改发给制度负责人或管理员",
        "en": "posts the policies turn to that nobody in the staff table has: 市场部部长, 档案管理员; where a notice names nobody else, "
        "the policy's owner or the admin is told instead",
    }
    assert line.remedy == {
        "zh": "在员工表的岗位列填上担任的人，"
        "或在 config/settings.yaml 的 roles 里写明它在本单位叫什么：roles: { 市场部部长: [本单位的叫法] }",
        "en": "write the post beside whoever has it, or say under roles in config/settings.yaml what it is called here: "
        "roles: { 市场部部长: [its name here] }",
    }


@pytest.mark.parametrize(
    ("post", "said"),
    [
        (
            "市场部步长",
            [
                "post '市场部步长' is written nowhere else",
                "did you mean '市场部部长'? A post of its own is given its other names under `roles`",
            ],
        ),
        ("门卫", []),
    ],
)
def test_a_post_that_looks_like_another_and_is_written_once_is_a_hint(tmp_path: Path, post: str, said: list[str]) -> None:
    hints = [hint for hint in hints_of(with_posts(tmp_path, post)) if "post" in hint.what]

    assert [text for hint in hints for text in (hint.what, *hint.hints)] == said
