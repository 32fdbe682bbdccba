"""Precedence: several policies make one promise; the strictest counts unless the settings say otherwise, and `check` shows which."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from textwrap import dedent

import pytest

from automations.config import Config
from automations.sharedpromises import shared_promises
from tests.project import SETTINGS, changes, findings, loaded, planned, project
from tests.test_clock_kinds import COMPLAINTS
from tests.test_duties import DUTIES, HEAD

SERVICE = """
    policy: service
    title: { zh: 服务承诺, en: Service promise }
    table: complaints
    parameters:
      days: { title: 期限, unit: working_days, clause: 第三条, values: { 2000-01-01: 2 } }
    rules:
      - id: general
        kind: deadline
        title: { zh: 答复, en: Answer }
        when: severity <> '一般'
        starts: promised_on
        within: $days
        done: solved_at
        pauses: { while: waiting, since: since }
        writes: { due: due, state: state }
        clause: 第三条
"""
FACTORY = """
    policy: factory
    title: { zh: 工厂承诺, en: Factory promise }
    table: complaints
    mode: MODE
    parameters:
      hours: { title: 期限, unit: hours, clause: "5.1", values: { 2000-01-01: 24, 2027-01-01: 12 } }
    dated_by: received_at
    rules:
      - id: quick
        kind: deadline
        title: { zh: 解决, en: Solve }
        starts: received_at
        within: $hours
        done: solved_at
        writes: { due: due, state: state }
        clause: "5.1"
"""
OTHER_PACK = {"config/packs/works/pack.yaml": "pack: works\ntitle: { zh: 工厂制度, en: Works }\nneeds: [care]\n"}


def two_packs(folder: Path, precedence: str = "{}", language: str = "zh", mode: str = "live") -> Config:
    settings = dedent(SETTINGS).replace("packs: [care]", f"packs: [care, works]\nprecedence: {precedence}").replace("zh", language, 1)
    files = OTHER_PACK | {"config/packs/works/policies/factory.yaml": dedent(FACTORY).replace("MODE", mode)}
    return loaded(project(folder, policy=SERVICE, tables={"complaints": COMPLAINTS}, settings=settings, files=files))


ROWS = {
    "complaints": """
        complaint_no | received_at      | promised_on | severity | waiting | since            | solved_at | due | state
        TS-1         | 2026-09-07 10:00 | 2026-09-07  | 重大     | 否      |                  |           |     |
        TS-2         | 2026-09-07 10:00 | 2026-09-07  | 一般     | 否      |                  |           |     |
        TS-3         | 2026-09-07 10:00 |             | 重大     | 否      |                  |           |     |
        TS-4         | 2026-09-07 10:00 | 2026-09-07  | 重大     | 是      | 2026-09-07 11:00 |           |     |
    """
}


@pytest.mark.parametrize("who", ["care", "service", "service/general"])
def test_the_promise_the_settings_name_counts_and_the_others_where_it_makes_none(tmp_path: Path, who: str) -> None:
    plan = planned(two_packs(tmp_path, f"{{ complaints.due: {who} }}"), ROWS, now="2026-09-08 12:00")

    assert changes(plan) == [
        "TS-1 due: blank -> 2026-09-09 18:00",
        "TS-2 due: blank -> 2026-09-08 10:00",
        "TS-3 due: blank -> 2026-09-08 10:00",
        "TS-1 state: blank -> 进行中",
        "TS-2 state: blank -> 已逾期",
        "TS-3 state: blank -> 已逾期",
        "TS-4 state: blank -> 暂停",
    ]
    assert findings(plan) == []


def test_the_cell_names_the_rule_that_set_it(tmp_path: Path) -> None:
    for said, rules in (("{}", "factory/quick factory/quick"), ("{ complaints.due: care }", "service/general factory/quick")):
        plan = planned(two_packs(tmp_path / said[2:4], said), ROWS, now="2026-09-08 12:00")
        set_by = {change.key: change.rule for change in plan.changes if change.column == "due"}
        assert f"{set_by['TS-1']} {set_by['TS-2']}" == rules


def shown(config: Config) -> str:
    return shared_promises(config, date(2026, 9, 8)).text()


def test_check_shows_every_shared_promise_who_makes_it_and_how_to_have_it_otherwise(tmp_path: Path) -> None:
    assert shown(two_packs(tmp_path / "zh")) == dedent("""\
        同一个期限，几条规则都有要求，以谁为准：
          complaints“解决到期”（complaints.due）：每一行取最早到期的
            - 客户服务，第三条：自“答应客户日期”起2个工作日内完成：解决时间；等待客户期间暂停（service/general）
            - 工厂制度，5.1：自“受理时间”起24小时内完成：解决时间（factory/quick）
          要以某一份制度为准，在 config/settings.yaml 写 precedence: { complaints.due: works }""")
    assert shown(two_packs(tmp_path / "en", "{ complaints.due: works }", "en")) == dedent("""\
        promises that several rules make, and which of them counts:
          complaints, 解决到期 (complaints.due): Works (`precedence`); in rows where it sets none, the earliest
            - Works, 5.1: Within 24 hours of 受理时间: 解决时间 (factory/quick)
            - Customer care, 第三条: Within 2 working days of 答应客户日期: 解决时间; it stands still while 等待客户 (service/general)""")
    in_shadow = shown(two_packs(tmp_path / "shadow", "{ complaints.due: works }", mode="shadow")).splitlines()
    assert in_shadow[1] == "  complaints“解决到期”（complaints.due）：每一行取最早到期的"
    assert in_shadow[3].endswith("（factory/quick）；制度在试运行，不算数")


def test_where_every_promise_is_made_once_check_says_nothing_of_it(tmp_path: Path) -> None:
    assert shown(loaded(project(tmp_path, policy=SERVICE, tables={"complaints": COMPLAINTS}))) == ""


@pytest.mark.parametrize(("precedence", "due", "who"), [("{}", "15", "经理"), ("{ survey: later }", "25", "内勤")])
def test_of_duties_that_are_one_the_settings_name_the_one_that_counts(tmp_path: Path, precedence: str, due: str, who: str) -> None:
    duty = "kind: duty, title: 调查, every: quarter, ahead: 0, promise: survey"
    policies = [
        f"policy: {name}\nrules:\n  - {{ id: {name}, {duty}, on: {on}, who: {reader} }}"
        for name, on, reader in (("later", 25, "内勤"), ("sooner", 15, "经理"))
    ]
    settings = dedent(SETTINGS) + f"precedence: {precedence}\n"
    config = loaded(project(tmp_path, policy=policies, tables={"duties": DUTIES}, settings=settings))
    plan = planned(config, {"duties": HEAD}, "2025-09-10 09:00")

    assert [row.key for row in plan.new_rows] == ["survey-2025-Q3"]
    assert f"survey-2025-Q3 due_on: blank -> 2025-09-{due}" in changes(plan)
    assert f"survey-2025-Q3 owner_role: blank -> {who}" in changes(plan)
