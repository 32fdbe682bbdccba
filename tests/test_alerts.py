"""Alerts over whole runs: said once when a thing comes about, to whom it concerns, with what its rule lets the mail show."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from automations.model import Mail
from tests.project import loaded, project
from tests.scene import Scene, scene

TABLES = {
    "complaints": """
        no      | 编号     |                |
        content | 内容     |                |
        opinion | 客户意见 |                |
        phone   | 电话     | phone sensitive |
        told    | 上报时间 | datetime       |
        handler | 负责人   | reference      | refers_to: staff

        owner: handler
    """,
    "staff": """
        staff_id   | 工号 |
        staff_name | 姓名 |
        role       | 岗位 |
        email      | 邮箱 | email sensitive
        status     | 状态 |
    """,
}
POLICY = """
    owner: role:部长
    rules:
      - id: opinion
        kind: alert
        level: {level}
        title: {{ zh: 客户意见上报, en: The customer's opinion }}
        when: filled(opinion)
        clears: told is not null
        message: {{ zh: "客户说：{{opinion}}", en: "the customer says: {{opinion}}" }}
        evidence: [opinion, handler]
    notices:
      - on: opinion
        {to}
"""
STAFF = """
    staff_id | staff_name | role   | email            | status
    YG-1     | 陈立       | 业务员 | chen@example.com | 在职
    YG-2     | 孙总       | 总经理 | sun@example.com  | 在职
"""
COMPLAINTS = """
    no   | content | opinion | phone       | told | handler
    TS-1 | 有异味  |         | 13800138000 |      | YG-1
"""
MONDAY = "2026-09-07 {}"


def stage_of(folder: Path, *, level: str = "info", to: str = 'to: "role:总经理"') -> Scene:
    """A workbook known since nine o'clock, with one complaint whose customer has said nothing yet."""
    root = project(folder, policy=dedent(POLICY.format(level=level, to=to)), tables=TABLES)
    known = scene(config=loaded(root), complaints=COMPLAINTS, staff=STAFF)
    known.run(MONDAY.format("09:00"))
    return known


def sent_at(stage: Scene, clock: str) -> list[Mail]:
    before = len(stage.sent)
    stage.run(MONDAY.format(clock))
    return stage.sent[before:]


def test_an_alert_is_told_once_when_it_comes_about_and_the_row_stays_clean(tmp_path: Path):
    stage = stage_of(tmp_path)
    stage.edit("complaints", "opinion", "TS-1", "满意")

    assert [(mail.to, mail.subject) for mail in sent_at(stage, "10:00")] == [("sun@example.com", "[请更正] complaints TS-1：客户意见上报")]
    assert sent_at(stage, "11:00") == []
    assert stage.plan(MONDAY.format("12:00")).findings == ()


def test_what_changes_while_an_alert_holds_is_not_told_again(tmp_path: Path):
    stage = stage_of(tmp_path)
    stage.edit("complaints", "opinion", "TS-1", "满意")
    sent_at(stage, "10:00")
    stage.edit("complaints", "opinion", "TS-1", "非常满意")

    assert sent_at(stage, "11:00") == []


def test_an_alert_that_ended_and_came_back_days_later_is_told_again(tmp_path: Path):
    stage = stage_of(tmp_path)
    stage.edit("complaints", "opinion", "TS-1", "满意")
    sent_at(stage, "10:00")
    stage.edit("complaints", "opinion", "TS-1", None)
    stage.run("2026-09-08 10:00")
    stage.edit("complaints", "opinion", "TS-1", "后悔了")

    assert stage.letters("2026-09-14 10:00") == ["sun@example.com: [请更正] complaints TS-1：客户意见上报"]


def test_an_alert_that_flaps_within_the_hour_is_one_mail(tmp_path: Path):
    stage = stage_of(tmp_path)
    for clock, opinion in (("10:00", "满意"), ("10:10", None), ("10:20", "满意"), ("10:30", None), ("10:40", "满意")):
        stage.edit("complaints", "opinion", "TS-1", opinion)
        stage.run(MONDAY.format(clock))

    assert len(stage.sent) == 1


def test_what_already_held_when_the_workbook_was_first_read_is_told_to_nobody(tmp_path: Path):
    stage = stage_of(tmp_path)

    assert (
        scene(config=stage.world.config, complaints=COMPLAINTS.replace("有异味  |         ", "有异味  | 满意    "), staff=STAFF).letters(
            MONDAY.format("09:00")
        )
        == []
    )


def test_a_matter_that_is_cleared_in_the_same_edit_is_told_to_nobody(tmp_path: Path):
    stage = stage_of(tmp_path)
    stage.edit("complaints", "opinion", "TS-1", "满意")
    stage.edit("complaints", "told", "TS-1", "2026-09-07 09:30")

    assert sent_at(stage, "10:00") == []


def test_the_mail_says_the_message_with_the_rows_values_and_shows_the_evidence_only(tmp_path: Path):
    stage = stage_of(tmp_path)
    stage.edit("complaints", "opinion", "TS-1", "满意")
    text = sent_at(stage, "10:00")[0].text

    assert "问题：客户说：满意。" in text
    assert ("客户意见：满意" in text, "负责人：陈立" in text, "有异味" in text, "13800138000" in text) == (True, True, False, False)
    assert "紧急" not in text


def test_an_alert_at_level_fail_is_urgent(tmp_path: Path):
    stage = stage_of(tmp_path, level="fail")
    stage.edit("complaints", "opinion", "TS-1", "满意")

    assert "紧急" in sent_at(stage, "10:00")[0].html


def test_an_alert_with_a_ladder_reminds_until_it_is_cleared(tmp_path: Path):
    ladder = """ladder:
          - { at: ready, to: owner, template: finding }
          - { at: ready + 2 working days, to: owner, template: finding, repeat: every 2 working days, at_most: 5 }"""
    stage = stage_of(tmp_path, to=ladder)
    stage.edit("complaints", "opinion", "TS-1", "满意")
    days = ("2026-09-07", "2026-09-08", "2026-09-09", "2026-09-10", "2026-09-11")
    counts = [len(stage.letters(f"{day} 17:00")) for day in days]
    stage.edit("complaints", "told", "TS-1", "2026-09-14 09:00")

    assert counts == [1, 0, 1, 0, 1]
    assert stage.letters("2026-09-18 17:00") == []


def test_explain_says_the_alert_in_the_words_of_the_row(tmp_path: Path):
    stage = stage_of(tmp_path)
    stage.edit("complaints", "opinion", "TS-1", "满意")
    said = stage.explain("complaints", "TS-1", MONDAY.format("10:00")).explanation.rules

    assert [each.sentences for each in said if each.rule == "handling/opinion"] == [("客户说：满意",)]
