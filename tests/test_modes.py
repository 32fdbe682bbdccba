"""Modes of a policy: shadow shows and does nothing, redirect sends to one address, live is the real thing."""

from __future__ import annotations

from pathlib import Path

import pytest

from automations.checking import check
from automations.config import load
from automations.reports import plan_text
from automations.wiring import world_of
from tests.project import changes, project
from tests.scene import STAFF, Scene, does_nothing, scene

TABLE = """
    no           | 编号     | required
    got          | 受理时间 | datetime required
    handler      | 负责人   | reference | refers_to: staff, known_as: handler_person
    named_at     | 分派时间 | datetime
    place        | 地点
    due          | 到期     | datetime ours
    state        | 进度     | ours
    next_due     | 截止     | datetime ours
    check_result | 问题     | ours

    owner: [handler]
    summary: { due: next_due, problems: check_result }
"""
PEOPLE = """
    staff_id   | 工号
    staff_name | 姓名
    department | 部门
    role       | 职务
    superior   | 上级
    email      | 邮箱 | email
    status     | 在职状态
"""
TABLES = {"complaints": TABLE, "staff": PEOPLE}
POLICY = """
    title: {title}
    {mode}
    dated_by: got
    parameters:
      within: {{ title: 分派, unit: working_days, values: {{ 2000-01-01: {days} }} }}
    rules:
      - id: {rule}
        kind: deadline
        title: {title}
        starts: got
        within: $within
        done: named_at
        writes: {{ due: due, state: state }}
      - {{ id: {rule}-place, kind: required, columns: [place] }}
    notices:
      - on: {rule}
        ladder: [{{ at: due, to: owner, template: deadline-late }}]
"""
COMPLAINTS = """
    no   | got              | handler | place
    TS-1 | 2025-09-22 16:30 | YG-01   | 北京
    TS-2 | 2025-09-22 16:30 | YG-01   |
"""
BEFORE, LATE, LATER = "2025-09-22 17:00", "2025-09-24 09:01", "2025-09-25 09:01"


def policy(mode: str = "", title: str = "分派", rule: str = "assign", days: int = 1) -> str:
    return POLICY.format(mode=mode or "note: 无", title=title, rule=rule, days=days)


def staged(folder: Path, *policies: str, first: str = BEFORE) -> Scene:
    config = load(project(folder, policy=list(policies), tables=TABLES))
    stage = scene(config=config, complaints=COMPLAINTS, staff=STAFF)
    stage.run(first)
    return stage


def test_a_policy_in_shadow_writes_no_cell_finds_nothing_aloud_and_tells_nobody(tmp_path: Path) -> None:
    stage = staged(tmp_path, policy("mode: shadow"))
    run = stage.run(LATE)

    assert (stage.sent, run.plan.changes, run.plan.findings) == ([], (), ())
    assert stage.ours("complaints") == {"TS-1": [], "TS-2": []}
    assert does_nothing(stage.plan(LATE))


def test_the_plan_shows_what_a_policy_in_shadow_would_do(tmp_path: Path) -> None:
    stage = staged(tmp_path, policy("mode: shadow"))
    plan = stage.plan(LATE)

    assert [mail.mail.to for mail in plan.shadow.mails] == ["chen@example.com"]
    text = plan_text(plan, stage.world.config, language="zh")
    assert "试运行的制度：会写 4 个单元格，提出 1 个问题，发 1 封邮件；都没有做" in text
    assert "complaints TS-1 到期: （空） -> 2025-09-23 18:00" in text
    assert f"陈立 <chen@example.com>: {plan.shadow.mails[0].mail.subject}" in text


def test_what_was_shown_in_shadow_counts_as_told_so_that_going_live_floods_nobody(tmp_path: Path) -> None:
    stage = staged(tmp_path / "shadow", policy("mode: shadow"))
    stage.run(LATE)
    live = load(project(tmp_path / "live", policy=policy(), tables=TABLES))
    stage = staged_on(stage, live)

    assert stage.letters(LATER) == []
    assert [each.state for each in stage.world.ledger.outbox()] == ["suppressed"]
    assert [line.split(" ")[0] for line in stage.cells("complaints", "due") if "2025-09-23 18:00" in line] == ["TS-1", "TS-2"]


def staged_on(stage: Scene, config: object) -> Scene:
    """The same workbook and ledger under another configuration."""
    from automations.config import Config
    from automations.judging import Judge

    assert isinstance(config, Config)
    judge = Judge(config.program, config.evaluator, config.calendar, config.tables)
    return stage.with_world(config=config, judge=judge)


def test_a_policy_in_shadow_has_no_say_in_a_due_time_it_shares_with_a_live_one(tmp_path: Path) -> None:
    stage = staged(tmp_path, policy(title="现行", rule="assign", days=3), policy("mode: shadow", "新规", "sooner", 1))

    assert stage.cells("complaints", "due", "next_due") == [
        "TS-1 2025-09-25 18:00 | 2025-09-25 18:00",
        "TS-2 2025-09-25 18:00 | 2025-09-25 18:00",
    ]
    assert stage.letters(LATE) == []


def test_two_live_policies_share_a_due_time_by_the_earlier(tmp_path: Path) -> None:
    stage = staged(tmp_path, policy(title="现行", rule="assign", days=3), policy("", "新规", "sooner", 1))

    assert stage.cells("complaints", "due")[0] == "TS-1 2025-09-23 18:00"


def test_a_redirected_policy_mails_one_address_with_the_true_reader_in_the_subject(tmp_path: Path) -> None:
    stage = staged(tmp_path, policy("mode: redirect\n    redirect_to: trial@example.com"))

    [letter] = stage.letters(LATE)
    assert letter.startswith("trial@example.com: [-> chen@example.com] ")
    assert stage.cells("complaints", "due")[0] == "TS-1 2025-09-23 18:00"
    assert stage.letters(LATER) == []


def test_a_redirected_policy_is_not_mixed_into_the_mail_of_a_live_one(tmp_path: Path) -> None:
    trial = policy("mode: redirect\n    redirect_to: trial@example.com", "新规", "sooner", 1).replace("due: due, state: state", "")
    trial = trial.replace("        writes: {  }\n", "")
    stage = staged(tmp_path, policy(), trial)

    assert [line.split(":")[0] for line in stage.letters(LATE)] == ["chen@example.com", "trial@example.com"]


def test_check_names_the_policies_that_are_not_live(tmp_path: Path) -> None:
    modes = ("mode: shadow", "mode: redirect\n    redirect_to: trial@example.com", "")
    policies = [policy(mode, f"制度{place}", f"rule{place}") for place, mode in enumerate(modes)]
    hints = [str(hint).splitlines()[0] for hint in check(project(tmp_path, policy=policies, tables=TABLES)).hints]

    assert [hint.partition(": ")[2] for hint in hints if "live" in hint] == [
        "policy 'handling-2' is not live: `mode: redirect` mails trial@example.com",
        "policy 'handling' is not live: `mode: shadow` writes nothing and tells nobody",
    ]


@pytest.mark.parametrize("settings", ["mail: { redirect_all_to: all@example.com }", ""])
def test_the_address_may_stand_in_the_settings(tmp_path: Path, settings: str) -> None:
    base = "language: zh\ncalendar: cn\nadmin: admin@example.com\npacks: [care]\n"
    root = project(tmp_path, policy=policy("mode: redirect"), tables=TABLES, settings=base + settings + "\n")
    said = [problem.what for problem in check(root).problems]

    assert said == (
        []
        if settings
        else ["`mode: redirect` needs an address: write 'redirect_to' here, or 'redirect_all_to' under 'mail' in settings.yaml"]
    )
    assert world_of(root, looking=True).channel.name == "folder"


def test_drawn_plans_of_a_live_policy_are_as_before(tmp_path: Path) -> None:
    stage = staged(tmp_path, policy())

    assert changes(stage.plan(LATE))[0] == "TS-1 state: 进行中 -> 已逾期"
