"""What a report says of mails that wait for a person, cells that refuse, and policies in shadow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from automations.model import Outgoing, Words
from automations.planning import Plan
from automations.rendering import cleaned_text
from automations.reportlines import LONGEST_CELL
from automations.reporttext import Voice

SHOWN = 20
WORDS: Mapping[str, Words] = {
    "held": {"zh": "安全闸拦下 {n} 封邮件，等人放行", "en": "A brake holds {n} mails until a person releases them"},
    "drafts": {"zh": "{n} 封给客户的草稿等人放行", "en": "{n} drafts to customers wait for release"},
    "withdrawn": {"zh": "{n} 封没发出的邮件已不必发，自动撤回", "en": "{n} mails that have not left are needed no more and are withdrawn"},
    "refused": {"zh": "{n} 个单元格不让写，改掉以前不再写", "en": "{n} cells refuse; they are left alone until somebody mends them"},
    "shadow": {
        "zh": "试运行的制度：会写 {cells} 个单元格，提出 {findings} 个问题，发 {mails} 封邮件；都没有做",
        "en": "Policies in shadow would write {cells} cells, find {findings} problems and send {mails} mails; none of it is done",
    },
    "release": {
        "zh": "放行：runner.py outbox release 编号，或 --all-held",
        "en": "to release: runner.py outbox release ID, or --all-held",
    },
    "release draft": {
        "zh": "放行：在表里勾选“放行”，或 runner.py outbox release 编号",
        "en": "to release: tick 'Release' in the sheet, or runner.py outbox release ID",
    },
    "more": {"zh": "… 另有 {n} 项", "en": "… {n} more"},
    "holds a formula": {"zh": "里面有公式", "en": "holds a formula"},
    "is part of merged cells": {"zh": "是合并单元格的一部分", "en": "is part of merged cells"},
    "is protected": {"zh": "受保护", "en": "is protected"},
}


@dataclass(frozen=True)
class Section:
    """A heading and its lines."""

    title: str
    lines: tuple[str, ...] = ()


def waiting_sections(plan: Plan, voice: Voice) -> list[Section]:
    """Everything of this plan that waits, refuses or is only shown; nothing where there is none."""
    found = []
    if plan.held:
        reasons = [_clean(voice.of(each.words)) for each in plan.sorted.tripped]
        found.append(_section("held", [*reasons, *_mails(plan.held)], voice, len(plan.held), voice.of(WORDS["release"])))
    if plan.drafts:
        found.append(_section("drafts", list(_mails(plan.drafts)), voice, len(plan.drafts), voice.of(WORDS["release draft"])))
    if plan.sorted.withdrawn:
        said = [_clean(f"{kept.mail.reader}  {kept.mail.subject}: {voice.of(why)}") for kept, why in plan.sorted.withdrawn]
        found.append(_section("withdrawn", said, voice, len(said)))
    if plan.refused:
        found.append(_section("refused", list(_refusals(plan, voice)), voice, len(plan.refused)))
    if not plan.shadow.empty:
        found.append(_shadow(plan, voice))
    return found


def _section(name: str, lines: Sequence[str], voice: Voice, count: int, last: str = "") -> Section:
    more = [voice.of(WORDS["more"]).format(n=len(lines) - SHOWN)] if len(lines) > SHOWN else []
    return Section(voice.of(WORDS[name]).format(n=f"{count:,}"), (*lines[:SHOWN], *more, *([last] if last else [])))


def _mails(waiting: Iterable[Outgoing]) -> Iterable[str]:
    return (_clean(f"{each.mail.reader} <{each.mail.to}>: {each.mail.subject}") for each in waiting)


def _refusals(plan: Plan, voice: Voice) -> Iterable[str]:
    for change, why in plan.refused:
        place = f"{voice.table(change.table)} {change.key} {voice.column(change.table, change.column)}"
        yield _clean(f"{place}: {voice.of(WORDS[why]) if why in WORDS else why}")


def _shadow(plan: Plan, voice: Voice) -> Section:
    shadow = plan.shadow
    title = voice.of(WORDS["shadow"]).format(
        cells=f"{len(shadow.changes):,}", findings=f"{len(shadow.findings):,}", mails=f"{len(shadow.mails):,}"
    )
    cells = [
        f"{voice.table(each.table)} {each.key} {voice.column(each.table, each.column)}: "
        f"{voice.value(each.table, each.column, each.old)} -> {voice.value(each.table, each.column, each.new)}"
        for each in shadow.changes[:SHOWN]
    ]
    lines = [*map(_clean, cells), *_mails(shadow.mails)]
    return Section(title, tuple(lines[: 2 * SHOWN]))


def _clean(text: str) -> str:
    return " ".join(cleaned_text(text, LONGEST_CELL).split())
