"""What the program itself mails to its admin: what a brake stopped or held, mails that were given up or came back; each state once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from html import escape

from automations.brakes import identities
from automations.ledgers.protocol import Ledger, MailRecord
from automations.model import Mail, Tripped, Words
from automations.planning import Plan
from automations.releasing import domain_of, message_id
from automations.rendering import one_line

FIRST = 10
"""How many mails a summary names."""
TEXTS: dict[str, Words] = {
    "stopped subject": {"zh": "表管家：本次运行被安全闸拦下", "en": "Rowkeeper: a run was stopped by a brake"},
    "stopped": {
        "zh": "本次运行没有写入任何单元格，也没有发出任何邮件。原因：",
        "en": "The run wrote no cell and sent no mail, because:",
    },
    "held subject": {"zh": "表管家：安全闸拦下了 {count} 封邮件", "en": "Rowkeeper: a brake holds {count} mails"},
    "held": {
        "zh": "有 {count} 封邮件没有发出，其余邮件和表格照常处理。原因：",
        "en": "{count} mails were not sent; the other mails and the cells were done as usual. The reasons:",
    },
    "first": {"zh": "前 {count} 封：", "en": "The first {count}:"},
    "release run": {
        "zh": "先看计划：runner.py plan --html plan.html\n没有问题，就这样放行：runner.py run --force",
        "en": "Look at the plan: runner.py plan --html plan.html\nIf it is right, release it: runner.py run --force",
    },
    "release held": {
        "zh": (
            "全部列出：runner.py outbox list --state held\n"
            '没有问题，就这样放行：runner.py outbox release --all-held --why "…"\n'
            "只放行一封：runner.py outbox release 编号\n"
            "如果是表格或规则有误，改正后不用做别的：不该发的邮件会自动撤回。"
        ),
        "en": (
            "List them all: runner.py outbox list --state held\n"
            'If they are right, release them: runner.py outbox release --all-held --why "..."\n'
            "Release one: runner.py outbox release ID\n"
            "If the sheet or a rule is wrong, mend it and do nothing else: mails that should not go are withdrawn."
        ),
    },
    "lost subject": {"zh": "表管家：{count} 封邮件没有发成", "en": "Rowkeeper: {count} mails could not be sent"},
    "lost": {"zh": "这些邮件没有发成，不会再自动重试：", "en": "These mails could not be sent and are not tried again:"},
    "retry": {
        "zh": "查看原因：runner.py outbox list --state failed\n改正后重发：runner.py outbox retry 编号",
        "en": "The reasons: runner.py outbox list --state failed\nOnce mended, send again: runner.py outbox retry ID",
    },
    "back subject": {"zh": "表管家：{count} 封邮件被退回", "en": "Rowkeeper: {count} mails came back"},
    "back": {"zh": "这些邮件发出后被退回：", "en": "These mails were sent and came back:"},
    "mend": {
        "zh": (
            "请在表里改正地址。对方服务器说地址无效的，停发 60 天，这期间改告诉别人：runner.py outbox suppressed\n"
            "地址其实没错的：runner.py outbox lift 地址"
        ),
        "en": (
            "Correct the addresses in the sheet. Those that are no good, by the word of a server, get no mail for 60 days, and others "
            "are told instead: runner.py outbox suppressed\nIf one is right after all: runner.py outbox lift ADDRESS"
        ),
    },
    "once": {
        "zh": "同样的情况不会再发邮件，解除以后再发生时才会再发。",
        "en": "You are not mailed of this again until it was released or cleared and happens anew.",
    },
}


def stopped_mail(plan: Plan, admin: str, run_id: int) -> Mail:
    """The summary of a run that a brake stopped."""
    reasons = _reasons(plan.brakes, plan.language)
    parts = [("stopped", reasons), ("release run", []), ("once", [])]
    return _mail(plan, admin, f"stopped|{run_id}", "stopped subject", parts, 0)


def held_mail(plan: Plan, admin: str, run_id: int) -> Mail:
    """The summary of the mails a brake holds: how many, the first of them, and what releases them."""
    count = len(plan.held)
    first = [f"{one_line(each.mail.reader)} <{each.mail.to}>  {one_line(each.mail.subject)}" for each in plan.held[:FIRST]]
    parts = [("held", _reasons(plan.sorted.tripped, plan.language)), ("first", first), ("release held", []), ("once", [])]
    return _mail(plan, admin, f"held|{run_id}", "held subject", parts, count)


def lost_mail(plan: Plan, admin: str, run_id: int, lost: Sequence[MailRecord]) -> Mail:
    """The summary of the mails that were given up."""
    first = [f"{one_line(each.mail.reader)} <{each.mail.to}>  {one_line(each.mail.subject)}" for each in lost[:FIRST]]
    return _mail(plan, admin, f"lost|{run_id}", "lost subject", [("lost", first), ("retry", [])], len(lost))


def bounced_mail(back: Sequence[tuple[MailRecord, str]], admin: str, language: str, now: datetime) -> Mail:
    """The summary of the mails that came back, each with what the server said."""
    first = [f"{one_line(each.mail.reader)} <{each.mail.to}>  {one_line(each.mail.subject)}  {reason}" for each, reason in back[:FIRST]]
    name = "|".join(["back", *sorted(each.mail.message_id for each, _ in back)])
    where = (back[0][0].workbook, language, now)
    return _written(where, admin, name, "back subject", [("back", first), ("mend", [])], len(back))


def _reasons(tripped: Sequence[Tripped], language: str) -> list[str]:
    return [one_line(each.words.get(language) or each.words["zh"]) for each in tripped]


def _mail(plan: Plan, admin: str, name: str, subject: str, parts: Sequence[tuple[str, Sequence[str]]], count: int) -> Mail:
    return _written((plan.workbook, plan.language, plan.now), admin, name, subject, parts, count)


def _written(
    where: tuple[str, str, datetime], admin: str, name: str, subject: str, parts: Sequence[tuple[str, Sequence[str]]], count: int
) -> Mail:
    """One mail to the admin: paragraphs, each with the lines it introduces. It stands for no notice."""
    workbook, language, now = where
    said = [(TEXTS[part][language].format(count=min(count, FIRST) if part == "first" else count), lines) for part, lines in parts]
    return Mail(
        message_id=message_id(workbook, ["admin", name], domain_of(admin)),
        to=admin,
        reader="管理员" if language == "zh" else "admin",
        subject=TEXTS[subject][language].format(count=count),
        text="\n\n".join("\n".join([text, *(f"  {line}" for line in lines)]) for text, lines in said) + "\n",
        html=_page(said, language),
        identities=(),
        sent_at=now,
        language=language,
    )


def _page(said: Sequence[tuple[str, Sequence[str]]], language: str) -> str:
    body = "".join(_paragraph(text, lines) for text, lines in said)
    font = "font:15px/1.6 -apple-system,'PingFang SC','Microsoft YaHei',sans-serif"
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
    style = f"{font};max-width:640px;margin:24px auto"
    return f'<!doctype html><html lang="{language}"><head>{head}</head><body style="{style}">{body}</body></html>\n'


def _paragraph(text: str, lines: Sequence[str]) -> str:
    listed = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<p>{'<br>'.join(map(escape, text.splitlines()))}</p>" + (f"<ul>{listed}</ul>" if listed else "")


def news_of(tripped: Sequence[Tripped], workbook: str, ledger: Ledger) -> bool:
    """Whether a brake tripped of which the admin was not told; those no longer tripped are forgotten, so that they are told anew."""
    name, now = f"told of brakes {workbook}", identities(tripped)
    before = json.loads(ledger.meta(name) or "[]")
    if now != before:
        ledger.set_meta(name, json.dumps(now, ensure_ascii=False))
    return bool(set(now) - set(before))
