"""What stands in sensitive columns is shown nowhere, by whatever way it could get there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from automations.asking import History, history
from automations.config import Config
from automations.reports import plan_html, plan_text
from tests.project import loaded, project
from tests.scene import ROOT, Scene, everything_said, scene

OWN, THEIRS = "13912345678", "13698765432"
TABLES = {
    "complaints": """
        no       | 编号   |                      |
        content  | 内容   |                      |
        customer | 客户   | reference            | refers_to: customers, known_as: client
        phone    | 电话   | phone sensitive      |
        handler  | 负责人 | reference            | refers_to: staff
        same_as  | 同号   | text ours            |
        callback | 回电   | phone ours sensitive |
        problems | 问题   | text ours            |

        owner: handler
        summary: { problems: problems }
        in_force:
          same_as: { of: customers, match: phone, with: phone, on: today(), from: "date '2000-01-01'", value: cust }
    """,
    "customers": """
        cust  | 客户号 |                 |
        name  | 名称   |                 |
        phone | 电话   | phone sensitive |
    """,
    "staff": """
        staff_id   | 工号 |
        staff_name | 姓名 |
        role       | 岗位 |
        email      | 邮箱 | email sensitive
        status     | 状态 |
    """,
    "found": """
        no       | 编号 | text ours
        what     | 问题 | text ours
        state    | 状态 | text ours
        first_on | 发现 | date ours
        gone_on  | 改正 | date ours

        kept: true
    """,
}
POLICY = """
    owner: role:部长
    rules:
      - id: calling
        kind: derive
        title: { zh: 回电号码, en: Number to call }
        value: coalesce(client.phone, phone)
        writes: callback
      - id: naming
        kind: derive
        title: { zh: 称呼, en: Name }
        value: "'客户' || client.name"
        as: called
      - id: told
        kind: alert
        title: { zh: 客户意见, en: An opinion }
        when: filled(content)
        message: { zh: "{called}（{client.phone}、{phone}）说：{content}", en: "{called} ({client.phone}, {phone}): {content}" }
        evidence: [content]
      - id: same
        kind: check
        title: { zh: 电话与登记的相符, en: The number is the one we know }
        require: client.phone = phone
        column: phone
        message: { zh: "电话{phone}不是登记的{client.phone}", en: "{phone} is not {client.phone}" }
    notices:
      - on: told
        to: "role:总经理"
      - on: same
        to: "role:总经理"
"""
LISTING = """
    table: found
    owner: role:部长
    rules:
      - id: listed
        kind: listing
        of: problems
        title: { zh: 各表的问题列在一处, en: All problems in one place }
"""
STAFF = """
    staff_id | staff_name | role   | email            | status
    YG-1     | 陈立       | 业务员 | chen@example.com | 在职
    YG-2     | 孙总       | 总经理 | sun@example.com  | 在职
"""
CUSTOMERS = f"""
    cust | name   | phone
    KH-1 | 甲商贸 | {THEIRS}
    KH-2 | 乙商贸 | {OWN}
"""
COMPLAINTS = f"""
    no   | content | customer | phone | handler
    TS-1 |         | KH-1     | {OWN} | YG-1
"""
NINE, TEN = "2026-09-07 09:00", "2026-09-07 10:00"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    root: Path = tmp_path_factory.mktemp("sensitive")
    shutil.copytree(ROOT / "templates" / "reports", root / "templates" / "reports")
    return loaded(project(root, policy=[POLICY, LISTING], tables=TABLES))


@pytest.fixture
def stage(config: Config) -> Scene:
    """The second of two runs has told the alert and the finding."""
    known = scene(config=config, complaints=COMPLAINTS, customers=CUSTOMERS, staff=STAFF, found="no | what | state")
    known.run(NINE)
    known.edit("complaints", "content", "TS-1", "有异味")
    return known


def leaks(*texts: str) -> list[str]:
    return [text for text in texts for number in (OWN, THEIRS) if number in text]


def test_what_a_look_up_finds_in_a_sensitive_column_is_masked_like_the_column_itself(stage: Scene) -> None:
    plan = stage.run(TEN).plan
    assert leaks(everything_said(plan)) == []
    assert "客户甲商贸（***、***）说：有异味" in stage.sent[-1].text
    assert stage.cells("complaints", "problems") == ["TS-1 电话***不是登记的***。"]
    assert stage.cells("found", "what") == ["handling/same/TS-1/phone 电话***不是登记的***"]


def test_a_sensitive_column_of_ours_is_written_and_shown_by_no_plan_report_or_history(stage: Scene, config: Config) -> None:
    plan = scene(config=config, complaints=COMPLAINTS, customers=CUSTOMERS, staff=STAFF).plan(NINE)
    (change,) = [each for each in json.loads(plan.as_json())["changes"] if each["column"] == "callback"]
    assert (change["old"], change["new"]) == (None, "***")
    assert leaks(plan_text(plan, config, language="zh", everything=True), plan_html(plan, config, language="zh")) == []

    assert stage.cells("complaints", "callback") == [f"TS-1 {THEIRS}"]
    found = history(stage.world, 1, 10)
    assert isinstance(found, History)
    assert leaks(found.text(), str(found.data())) == []
    assert "  applied  complaints TS-1 callback: - -> ***" in found.text()


def test_a_value_of_a_person_in_a_sensitive_column_of_ours_is_masked_where_the_plan_leaves_it_alone(stage: Scene) -> None:
    stage.edit("complaints", "callback", "TS-1", OWN)
    plan = stage.plan(TEN)
    assert [(each.column, each.theirs) for each in plan.overrides] == [("callback", OWN)]
    assert leaks(plan.as_json()) == []


def test_undo_puts_back_what_history_masks(stage: Scene) -> None:
    stage.undo(1, TEN)
    assert stage.cells("complaints", "callback") == ["TS-1 -"]


def test_an_explanation_masks_the_number_that_found_a_customer_and_says_which_one(stage: Scene) -> None:
    answer = stage.explain("complaints", "TS-1", TEN)
    assert leaks(answer.text(everything=True), str(answer.data())) == []
    assert "同号 = KH-2" in answer.text(everything=True)


def test_a_sentence_may_name_a_hidden_column_that_nothing_else_needs(stage: Scene) -> None:
    assert "客户甲商贸（" in stage.run(TEN).plan.mails[0].text
