"""Whole runs that go wrong: typos that flag most rows, far more mail than usual, a mail that nobody takes, a cell that refuses."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from automations.channels.memory import MemoryChannel
from automations.channels.protocol import AboutTo, MailWaits, at_will
from automations.config import Config, load
from automations.judging import Judge
from automations.ledgers.memory import MemoryLedger
from automations.ledgers.protocol import KEPT, RunOutcome, RunStart
from automations.model import Mail
from automations.reports import run_text
from tests.project import project
from tests.scene import Scene, does_nothing, scene
from tests.test_xlsx_damage import sheet_rewritten

ADMIN = "admin@example.com"
TABLES = {
    "complaints": """
        no           | 编号     | required
        got          | 受理时间 | datetime required
        handler      | 负责人   | reference | refers_to: staff, known_as: handler_person
        loss         | 损失     | money
        named_at     | 分派时间 | datetime
        due          | 到期     | datetime ours
        next_due     | 截止     | datetime ours
        check_result | 问题     | ours

        owner: [handler]
        summary: { due: next_due, problems: check_result }
    """,
    "staff": """
        staff_id   | 工号
        staff_name | 姓名
        department | 部门
        role       | 职务
        superior   | 上级
        email      | 邮箱 | email
        status     | 在职状态
    """,
}
POLICY = """
    title: {{ zh: 损失核对, en: Losses }}
    dated_by: got
    parameters:
      most: {{ title: 损失上限, unit: CNY, values: {{ 2000-01-01: {most} }} }}
      within: {{ title: 分派, unit: working_days, values: {{ 2000-01-01: 1 }} }}
    rules:
      - id: believable
        kind: check
        title: {{ zh: 损失要可信, en: Losses are believable }}
        require: loss is null or loss < $most
        column: loss
        message: {{ zh: 损失太大，请核对, en: check the loss }}
      - id: assign
        kind: deadline
        title: {{ zh: 分派, en: Assign }}
        starts: got
        within: $within
        done: named_at
        writes: {{ due: due }}
    notices:
      - {{ on: believable, to: owner, template: finding }}
      - on: assign
        ladder: [{{ at: due, to: owner, template: deadline-late }}]
"""
BEFORE, NOW, NEXT, LATER = "2025-09-22 16:00", "2025-09-22 17:00", "2025-09-22 17:05", "2025-09-22 17:10"
LATE = "2025-09-24 09:01"
ROWS, FLAGGED, TEAM = 100, 80, 25


def configured(folder: Path, most: int = 100_000) -> Config:
    return load(project(folder, policy=POLICY.format(most=most), tables=TABLES))


def drawn(rows: int) -> dict[str, str]:
    """Complaints of a team; of five losses four are of 5,000 yuan, the fifth of 50."""
    complaints = [f"TS-{n:03} | 2025-09-22 15:30 | YG-{n % TEAM:02} | {50 if n % 5 == 0 else 5000}" for n in range(rows)]
    people = [f"YG-{n:02} | 员工{n} | 市场部 | 业务员 |  | reader{n}@example.com | 在职" for n in range(TEAM)]
    return {
        "complaints": "\n".join(["no | got | handler | loss", *complaints]),
        "staff": "\n".join(["staff_id | staff_name | department | role | superior | email | status", *people]),
    }


def staged(config: Config, rows: int = ROWS, folder: Path | None = None) -> Scene:
    stage = scene(folder, config=config, **drawn(rows))
    stage.run(BEFORE)
    return stage


def under(stage: Scene, config: Config) -> Scene:
    """The same workbook, ledger and channel under another configuration."""
    judge = Judge(config.program, config.evaluator, config.calendar, config.tables)
    return stage.with_world(config=config, judge=judge)


def to_staff(stage: Scene) -> list[str]:
    return [mail.to for mail in stage.sent if mail.to != ADMIN]


def flagged(stage: Scene, now: str) -> int:
    """How many rows the check speaks of."""
    return sum(finding.rule.endswith("/believable") for finding in stage.plan(now).findings)


# A typo that flags four rows in five


def typo_in_the_configuration(stage: Scene, folder: Path) -> tuple[Scene, Scene]:
    """The limit loses three noughts; and as it was again."""
    return under(stage, configured(folder, 100)), stage


def typo_in_the_sheet(stage: Scene, folder: Path) -> tuple[Scene, Scene]:
    """Somebody pastes a column of amounts a hundred times too large over four rows in five."""
    for number in range(ROWS):
        if number % 5:
            stage.edit("complaints", "loss", f"TS-{number:03}", 500_000)
    return stage, stage


@pytest.mark.parametrize("typo", [typo_in_the_configuration, typo_in_the_sheet])
def test_a_typo_that_flags_four_rows_in_five_sends_nothing_and_once_mended_never_will(typo: object, tmp_path: Path) -> None:
    stage = staged(configured(tmp_path / "right"))
    assert (flagged(stage, NOW), stage.letters(NOW)) == (0, [])

    wrong, right = typo(stage, tmp_path / "wrong")  # type: ignore[operator]
    assert flagged(wrong, NEXT) == FLAGGED
    run = wrong.run(NEXT)

    assert to_staff(wrong) == []
    assert [brake.words["zh"] for brake in run.plan.sorted.tripped] == [f"《损失核对》一次要发出 {FLAGGED} 条通知，上限是 50 条"]
    [told] = [mail for mail in wrong.sent if mail.to == ADMIN]
    assert f"《损失核对》一次要发出 {FLAGGED} 条通知，上限是 50 条" in told.text
    assert len(wrong.world.ledger.outbox(["held"], limit=1000)) == 20

    if typo is typo_in_the_sheet:
        for number in range(ROWS):
            right.edit("complaints", "loss", f"TS-{number:03}", 50)
    right.run(LATER)
    assert (to_staff(right), right.world.ledger.outbox(KEPT, limit=1000)) == ([], [])


# Far more than usual


def test_a_run_that_would_mail_far_more_than_usual_sends_nothing(tmp_path: Path) -> None:
    ledger = MemoryLedger()
    for day in range(1, 6):
        run = ledger.begin_run(RunStart("sweep", "团队台账", datetime(2025, 9, day), "", ""))
        ledger.end_run(run, RunOutcome("done", datetime(2025, 9, day), counts={"mails": 7}))
    stage = scene(config=configured(tmp_path), ledger=ledger, **drawn(TEAM))
    stage.run(BEFORE)
    run_late = stage.run(LATE)

    assert [brake.words["zh"] for brake in run_late.plan.sorted.tripped] == ["一次要发出 25 封邮件，平常是 7 封，上限是 21 封"]
    assert (to_staff(stage), len(stage.world.ledger.outbox(["held"], limit=1000))) == ([], TEAM)
    assert does_nothing(stage.plan(LATE))


# A mail that nobody takes


class Refusing(MemoryChannel):
    """A server that never takes the mails of one reader."""

    def send(self, mail: Mail, about_to: AboutTo = at_will) -> str:
        if mail.to == "reader1@example.com":
            raise MailWaits("450 try later")
        return super().send(mail, about_to)


WORKDAYS = [f"2025-09-{day} {hour:02}:01" for day in (24, 25, 26) for hour in (9, 11, 13, 15, 17)]


def test_a_mail_the_server_never_takes_is_given_up_and_the_admin_is_told_once(tmp_path: Path) -> None:
    stage = staged(configured(tmp_path), rows=3).with_world(channel=Refusing())
    tries = [moment for moment in WORKDAYS if stage.run(moment).receipt.mails_failed]

    assert tries == [f"2025-09-{moment}:01" for moment in ("24 09", "24 11", "24 13", "24 15", "24 17", "25 09", "25 15", "26 09", "26 15")]
    [lost] = stage.world.ledger.outbox(["failed"])
    assert (lost.mail.to, lost.reply) == ("reader1@example.com", "450 try later; tried 9 times, given up")
    stage.run("2025-09-28 09:01")
    told = [mail for mail in stage.sent if mail.to == ADMIN and "员工1" in mail.text]
    assert [mail.subject for mail in told] == ["表管家：1 封邮件没有发成"]
    assert to_staff(stage) == ["reader0@example.com", "reader2@example.com"]


# A cell that refuses


def test_a_cell_of_ours_that_holds_a_formula_is_said_left_alone_and_tried_again_a_day_later(tmp_path: Path) -> None:
    stage = staged(configured(tmp_path), rows=3, folder=tmp_path)
    path = tmp_path / "团队台账.xlsx"
    formula = r'<c r="G3" \g<1>><f>NOW()</f><v>45000</v></c>'
    sheet_rewritten(path, (r'<c r="G3" ([^>]*)>.*?</c>', formula))

    first, second = stage.run(NOW), stage.run(NEXT)
    assert [(change.key, change.column, why) for change, why in first.receipt.written.refused] == [
        ("TS-001", "next_due", "holds a formula")
    ]
    assert ([change.key for change, _ in second.plan.refused], second.receipt.written.refused) == (["TS-001"], ())
    assert "TS-001" in run_text(first, stage.world.config, language="zh")
    a_day_later = stage.run("2025-09-23 17:01")
    assert [change.key for change, _ in a_day_later.receipt.written.refused] == ["TS-001"]

    sheet_rewritten(path, (r'<c r="G3" ([^>]*)>.*?</c>', r'<c r="G3"/>'))
    stage.run("2025-09-23 17:10")
    assert stage.cells("complaints", "next_due")[1] == "TS-001 2025-09-23 18:00"
