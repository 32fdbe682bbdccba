"""A mail to the admin about the tool itself: through the ordinary outbox, once for each trouble."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from html import escape

from automations.ledgers.protocol import RunOutcome, RunStart
from automations.model import Mail, Words
from automations.releasing import domain_of, message_id
from automations.run import World

NAME = "serve"
"""The automation in whose name the tool speaks of itself."""
SUBJECTS: Mapping[str, Words] = {
    "failing": {"zh": "表管家：“{what}”连续 {times} 次没有成功", "en": "Rowkeeper: '{what}' failed {times} times in a row"},
    "recovered": {"zh": "表管家：“{what}”恢复正常", "en": "Rowkeeper: '{what}' works again"},
    "config": {"zh": "表管家：配置有错，仍按上一版运行", "en": "Rowkeeper: the configuration has faults, the last good one stays in force"},
    "config over": {"zh": "表管家：新配置已生效", "en": "Rowkeeper: the new configuration is in force"},
    "config apart": {"zh": "表管家：各台机器的配置不一样", "en": "Rowkeeper: machines have different configurations"},
    "stopped": {"zh": "表管家：“{what}”被安全闸拦下", "en": "Rowkeeper: a brake stopped '{what}'"},
    "restored": {"zh": "表管家：运行记录是旧的，已停止发信", "en": "Rowkeeper: the ledger is an old one, mails have stopped"},
}
TEXTS: Mapping[str, Words] = {
    "failing": {
        "zh": "自 {since} 起，“{what}”已连续 {times} 次没有成功。其他项目照常运行。\n\n最近一次的原因：\n{why}\n\n"
        "恢复后会再发一封邮件；在此之前不再重复提醒。查看现状：runner.py status",
        "en": "Since {since} '{what}' has failed {times} times in a row. Everything else goes on.\n\nThe last reason:\n{why}\n\n"
        "One more mail comes when it works again, and none before. To look: runner.py status",
    },
    "recovered": {
        "zh": "“{what}”自 {since} 起没有成功，共 {times} 次；现在恢复正常，错过的运行已按设置补做。",
        "en": "'{what}' had failed {times} times since {since}. It works again; what was missed has been made up as its catch_up says.",
    },
    "config": {
        "zh": "config/ 或 templates/ 里的改动有错，没有生效。表管家仍按上一版配置运行，没有停下。\n\n{why}\n\n"
        "改好后会自动生效。检查：runner.py check",
        "en": "A change in config/ or templates/ has faults and is not in force. Rowkeeper goes on under the last good configuration.\n\n"
        "{why}\n\nIt comes into force by itself once it is mended. To check: runner.py check",
    },
    "config over": {
        "zh": "配置已改好并生效。改了什么：runner.py history config",
        "en": "The configuration is mended and in force. What changed: runner.py history config",
    },
    "config apart": {
        "zh": "机器 {node} 上的配置（版本 {own}）和现行的配置（版本 {there}）不一样，同一张表会轮流按两套规则填写。\n\n"
        "请让每台机器的 config/ 和 templates/ 完全相同；改好后自动生效，不用重启。",
        "en": "The configuration on {node} (version {own}) is not the one in force (version {there}): two sets of rules take turns "
        "in the same tables.\n\nGive every machine the same config/ and templates/; that comes into force without a restart.",
    },
    "stopped": {"zh": "{why}。\n\n其他项目照常运行。在此之前不再重复提醒。", "en": "{why}.\n\nEverything else goes on. This is said once."},
    "restored": {"zh": "{why}", "en": "{why}"},
}


def tell_admin(world: World, kind: str, now: datetime, identity: str, **facts: object) -> bool:
    """Put one mail about the tool itself into the outbox; False when this very one was put there before.

    `now` is local. The same kind and identity give the same message id, so that a crash between the two never doubles it.
    """
    language, ledger = world.config.language, world.ledger
    text = TEXTS[kind][language].format(**facts) + "\n"
    name = world.workbook.name
    mail = Mail(
        message_id=message_id(name, (NAME, kind, identity), domain_of(world.config.settings.mail.sender)),
        to=world.config.settings.admin,
        reader=world.config.settings.admin,
        subject=SUBJECTS[kind][language].format(**facts)[:150],
        text=text,
        html="".join(f"<p>{'<br>'.join(escape(part).splitlines())}</p>" for part in text.strip().split("\n\n")),
        identities=(),
        sent_at=now,
        language=language,
    )
    if any(record.mail.message_id == mail.message_id for record in ledger.outbox(limit=1_000_000)):
        return False
    with ledger.at_once():
        run = ledger.begin_run(RunStart(NAME, name, now, world.config.hash, ""))
        ledger.put_mails(run, [mail])
        ledger.end_run(run, RunOutcome("done", now, mail.subject))
    return True
