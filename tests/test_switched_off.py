"""A policy is switched off while its mails still wait: they are withdrawn, said once, and what is live in them is told anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from automations.channels.memory import MemoryChannel
from automations.channels.protocol import AboutTo, MailWaits, at_will
from automations.config import load
from automations.judging import Judge
from automations.model import Mail
from automations.reports import plan_text
from tests.project import project
from tests.scene import STAFF, Scene, does_nothing, scene
from tests.test_modes import BEFORE, COMPLAINTS, LATE, LATER, TABLES, policy

HANDLING = policy(title="分派")
PLACING = """
    title: 定点
    dated_by: got
    rules:
      - { id: place, kind: required, columns: [place] }
    notices:
      - { on: place, to: owner, template: finding }
"""
NO_NOTICES = PLACING.partition("    notices:")[0]
SHADOW = PLACING.replace("dated_by", "mode: shadow\n    dated_by")


class Down(MemoryChannel):
    """A mail server that is away until it is back."""

    back = False

    def send(self, mail: Mail, about_to: AboutTo = at_will) -> str:
        if not self.back:
            raise MailWaits("the server is away", stops=True)
        return super().send(mail, about_to)


def waiting(folder: Path, *policies: str) -> Scene:
    """Two late complaints of one handler, one of them without its place; the mail about them could not leave."""
    config = load(project(folder, policy=list(policies), tables=TABLES))
    stage = scene(config=config, complaints=COMPLAINTS, staff=STAFF).with_world(channel=Down())
    stage.run(BEFORE)
    stage.edit("complaints", "place", "TS-1", None)
    stage.run(LATE)
    assert stage.sent == []
    return stage


def under(stage: Scene, folder: Path, *policies: str) -> Scene:
    """The same workbook and ledger under other policies, and the server is back."""
    config = load(project(folder, policy=list(policies), tables=TABLES))
    channel = Down()
    channel.back = True
    return stage.with_world(config=config, judge=Judge(config.program, config.evaluator, config.calendar, config.tables), channel=channel)


def rules(mail: Mail) -> set[str]:
    return {identity.split("|")[1].rpartition("/")[2] for identity in mail.identities}


def states(stage: Scene) -> list[tuple[str, set[str]]]:
    return [(record.state, rules(record.mail)) for record in reversed(stage.world.ledger.outbox())]


@pytest.mark.parametrize("after", [[HANDLING], [HANDLING, SHADOW], [HANDLING, NO_NOTICES]])
def test_a_mail_that_waits_loses_what_is_switched_off_and_says_the_rest(tmp_path: Path, after: list[str]) -> None:
    stage = waiting(tmp_path / "before", HANDLING, PLACING)
    assert states(stage) == [("pending", {"assign", "place"})]

    stage = under(stage, tmp_path / "after", *after)
    stage.run(LATER)

    assert [rules(mail) for mail in stage.sent] == [{"assign"}]
    assert [len(mail.identities) for mail in stage.sent] == [2]
    assert states(stage)[0] == ("withdrawn", {"assign", "place"})
    assert does_nothing(stage.plan(LATER))


def test_a_mail_of_which_nothing_is_left_is_withdrawn_and_the_report_says_so_once(tmp_path: Path) -> None:
    stage = waiting(tmp_path / "before", PLACING)
    subject = stage.world.ledger.outbox()[0].mail.subject
    stage = under(stage, tmp_path / "after", SHADOW)

    first, second = stage.run(LATER), stage.run(LATER)

    said = plan_text(first.plan, stage.world.config, language="zh")
    assert "1 封没发出的邮件已不必发，自动撤回" in said
    assert f"陈立 {subject}: 说到的制度或规则已停用" in said
    assert "撤回" not in plan_text(second.plan, stage.world.config, language="zh")
    assert (stage.sent, first.receipt.mails_sent) == ([], 0)
    assert [(record.state, record.reply) for record in stage.world.ledger.outbox()] == [("suppressed", "shadow")]


def test_a_policy_switched_on_again_tells_what_was_withdrawn(tmp_path: Path) -> None:
    stage = waiting(tmp_path / "before", PLACING)
    stage = under(stage, tmp_path / "off", NO_NOTICES)
    stage.run(LATER)
    stage = under(stage, tmp_path / "on", PLACING)

    assert [line.split(":")[0] for line in stage.letters("2025-09-25 09:10")] == ["chen@example.com"]


def test_a_mail_of_a_live_policy_waits_on(tmp_path: Path) -> None:
    stage = waiting(tmp_path / "before", HANDLING, PLACING)
    stage = under(stage, tmp_path / "after", HANDLING, PLACING)
    stage.run(LATER)

    assert [rules(mail) for mail in stage.sent] == [{"assign", "place"}]
    assert states(stage) == [("sent", {"assign", "place"})]


def test_a_mail_a_brake_holds_is_withdrawn_too(tmp_path: Path) -> None:
    stage = waiting(tmp_path / "before", HANDLING, PLACING)
    [record] = stage.world.ledger.outbox()
    stage.world.ledger.settle_mail(record.mail.message_id, "withdrawn", "")
    stage.world.ledger.put_mails(1, [record.mail], "held")
    stage = under(stage, tmp_path / "after", HANDLING)
    stage.run(LATER)

    assert [rules(mail) for mail in stage.sent] == [{"assign"}]
    assert states(stage)[0][0] == "withdrawn"
