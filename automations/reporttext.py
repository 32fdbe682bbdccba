"""What a report says: a plan as counted, capped and worded facts, ready to be laid out as text or as a page."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from automations.apart import GONE, GONE_COLUMN, RULE
from automations.cells import shown
from automations.config import Config
from automations.model import Change, Finding, Mail, SheetProblem, Value, Words
from automations.planning import Plan
from automations.rendering import cleaned_text
from automations.reportlines import LONGEST_CELL, Line, change_line, key_line, override_line, row_line
from automations.silences import held_of
from automations.speaking import MASK, aside, one_sentence

T = TypeVar("T")
Shown = TypeVar("Shown", covariant=True)
K = TypeVar("K", bound=Hashable)
LONGEST_MAIL = 20_000
"""Letters of one mail's text that a report shows."""
OWNERS, OF_ONE_OWNER = 100, 50
"""How many owners, and findings of one owner, a page shows; the true totals are always said."""
LEVELS = ("fail", "warn", "info")

WORDS: Mapping[str, Words] = {
    "absent": {
        "zh": "工作簿里没有 {n} 张表（{named}），有关规则不检查；需要时用 `runner.py init` 添加",
        "en": "{n} tabs are not there ({named}); the rules about them rest; `runner.py init` adds them",
    },
    "between": {"zh": "、", "en": ", "},
    "and so on": {"zh": "等", "en": " and others"},
    "cells": {"zh": "{n} 个单元格", "one": "{n} cell", "en": "{n} cells"},
    "mails": {"zh": "{n} 封邮件", "one": "{n} mail", "en": "{n} mails"},
    "keys": {"zh": "{n} 个编号", "one": "{n} row number", "en": "{n} row numbers"},
    "rows": {"zh": "{n} 行", "one": "{n} row", "en": "{n} rows"},
    "tables": {"zh": "{n} 张表", "one": "{n} table", "en": "{n} tables"},
    "notices": {"zh": "{n} 条通知", "one": "{n} notice", "en": "{n} notices"},
    "rules": {"zh": "{n} 条规则", "one": "{n} rule", "en": "{n} rules"},
    "findings": {"zh": "{n} 个问题", "one": "{n} finding", "en": "{n} findings"},
    "change": {"zh": "{cells}将改变", "en": "{cells} would change"},
    "append": {"zh": "{rows}将新增", "en": "{rows} would be appended"},
    "number": {"zh": "{keys}将补上", "en": "{keys} would be given"},
    "send": {"zh": "{mails}将发出", "en": "{mails} would go out"},
    "defer": {"zh": "{notices}等对方上班再发", "en": "{notices} would wait until the reader is at work"},
    "note": {"zh": "{notices}只登记不发信", "en": "{notices} would be noted without a mail"},
    "nothing": {"zh": "没有要做的事", "en": "Nothing to do"},
    "basis": {"zh": "，依据《{first}》", "en": ", under '{first}'"},
    "basis of many": {"zh": "，依据《{first}》等 {n} 项制度", "en": ", under '{first}' and {more} more"},
    "read": {"zh": "已读 {tables}，共 {rows}", "en": "{tables} read, {rows}"},
    "sweep": {"zh": "全部表格", "en": "all tables"},
    "summary": {"zh": "本行摘要", "en": "Summary of the row"},
    "readable": {"zh": "单元格要看得懂", "en": "A cell can be read"},
    "row-there": {"zh": "这一行还在不在原表", "en": "Whether the row is still there"},
    "key-once": {"zh": "编号不重复", "en": "A key stands once"},
    "draft-waits": {"zh": "给客户的草稿等人放行", "en": "A draft to the customer waits"},
    "customer-address": {"zh": "客户没有电子邮箱", "en": "The customer has no e-mail address"},
    "gathered": {"zh": "汇总：{column}", "en": "Gathered: {column}"},
    "undo": {"zh": "撤销第 {n} 次运行", "en": "Undo of run {n}"},
    "blank": {"zh": "（空）", "en": "(blank)"},
    "nobody": {"zh": "（未填负责人）", "en": "(nobody is named)"},
    "fail": {"zh": "错误", "en": "fail"},
    "warn": {"zh": "提醒", "en": "warn"},
    "info": {"zh": "提示", "en": "info"},
    "overtaken": {"zh": "被更高一级的提醒取代", "en": "overtaken by a higher rung"},
    "baseline": {"zh": "首次读到，旧事项只登记", "en": "seen for the first time, old matters are only noted"},
    "suppressed": {"zh": "已暂缓", "en": "suppressed"},
    "deferred": {"zh": "{reader} 下班了，等到 {until} 再发", "en": "{reader} is off work: waits until {until}"},
    "resting": {"zh": "上次没有发出，对方下班了，等上班再发", "en": "did not leave before; waits until the reader is at work"},
    "whole table": {"zh": "整张表", "en": "the whole table"},
}


@dataclass(frozen=True)
class Listed(Generic[Shown]):
    """The first of many, and how many there are."""

    shown: tuple[Shown, ...]
    total: int

    @property
    def hidden(self) -> int:
        return self.total - len(self.shown)


@dataclass(frozen=True)
class Reason:
    """A rule at work: its title, clause and policy, how often, and for findings one example."""

    rule: str
    clause: str
    source: str
    total: int
    level: str = ""
    example: str = ""


@dataclass(frozen=True)
class TableReport:
    """What changes in one table: by column, by rule, and the cells themselves, row by row."""

    heading: str
    rows: int
    total: int
    columns: tuple[tuple[str, int], ...]
    reasons: tuple[Reason, ...]
    cells: Listed[Line]


@dataclass(frozen=True)
class Owner:
    """One person's findings, each as place and sentence."""

    name: str
    findings: Listed[tuple[str, str, str]]


@dataclass(frozen=True)
class Letter:
    """A mail as it would look."""

    to: str
    reader: str
    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class Report:
    """Everything a plan says, in one language."""

    sentence: str
    workbook: str
    automation: str
    now: str
    fingerprint: str
    read: str
    counts: Mapping[str, int]
    brakes: tuple[str, ...]
    tables: tuple[TableReport, ...]
    keys: Listed[Line]
    new_rows: Listed[Line]
    overrides: Listed[Line]
    mails: Listed[Letter]
    held: tuple[tuple[str, int], ...]
    rules: tuple[Reason, ...]
    owners: Listed[Owner]
    lacking: tuple[tuple[str, tuple[str, ...]], ...]
    problems: tuple[tuple[str, bool], ...]


class Voice:
    """How one language names the tables, columns, rules, values and counts of a configuration."""

    def __init__(self, config: Config, language: str) -> None:
        self.config, self.language = config, language

    def say(self, name: str, **values: object) -> str:
        return self.of(WORDS[name]).format(**values)

    def of(self, words: Words | Mapping[Literal["zh", "en"], str]) -> str:
        """The text in this language, else in Chinese, else in any."""
        texts = {str(language): text for language, text in words.items()}
        return texts.get(self.language) or texts.get("zh") or next(iter(texts.values()), "")

    def count(self, name: str, number: int) -> str:
        """A number with its noun: `1,200 cells`."""
        words = WORDS[name]
        return (words["one"] if number == 1 and self.language == "en" else self.of(words)).format(n=f"{number:,}")

    def table(self, name: str) -> str:
        table = self.config.tables.get(name)
        return table.heading(self.language) if table else name

    def column(self, table: str, key: str) -> str:
        declared = self.config.tables.get(table)
        column = (declared.column(key) if declared else None) or (GONE_COLUMN if key == GONE else None)
        return column.heading(self.language) if column else key

    def value(self, table: str, key: str, value: Value) -> str:
        """A cell as people read it; a blank is said, a sensitive one is masked."""
        declared = self.config.tables.get(table)
        column = declared.column(key) if declared else None
        if value is None:
            return self.say("blank")
        if column is not None and column.sensitive:
            return MASK
        return cleaned_text(shown(value, column.type if column else "text", self.language), LONGEST_CELL)

    def rule(self, full: str) -> str:
        """The title of a rule, or what stands for it where the program itself is the rule."""
        rule = self.config.rule(full)
        if rule is not None:
            return self.of(rule.title) or full
        owner, _, name = full.partition("/")
        if name in (RULE, "summary", "readable", "key-once", "draft-waits", "customer-address"):
            return self.say(name)
        if undone := re.fullmatch(r"undo (\d+)", full):
            return self.say("undo", n=undone[1])
        declared = self.config.tables.get(owner)
        return self.say("gathered", column=self.column(owner, name)) if declared and declared.column(name) else full

    def clause(self, full: str) -> str:
        rule = self.config.rule(full)
        return rule.clause if rule else ""

    def policy(self, full: str) -> str:
        """The title of the policy a rule stands in; empty where there is none."""
        policy = self.config.policies.get(full.partition("/")[0])
        return self.of(policy.file.title) if policy else ""


def report_of(plan: Plan, config: Config, language: str, limit: int, mails: int) -> Report:
    """The facts of a plan in words; of every list of cells at most `limit` are shown, of the mails `mails`, with the true totals."""
    voice = Voice(config, language)
    return Report(
        sentence=sentence_of(plan, voice),
        workbook=cleaned_text(plan.workbook, LONGEST_CELL),
        automation=automation_of(plan, voice),
        now=f"{plan.now:%Y-%m-%d %H:%M}",
        fingerprint=plan.fingerprint,
        read=read_of(plan, voice),
        counts=counts_of(plan),
        brakes=tuple(cleaned_text(voice.of(brake.words), LONGEST_CELL) for brake in plan.brakes),
        tables=tuple(tables_of(plan, voice, limit)),
        keys=listed(plan.new_keys, limit, lambda new: key_line(new, voice)),
        new_rows=listed(plan.new_rows, limit, lambda new: row_line(new, voice)),
        overrides=listed(plan.overrides, limit, lambda each: override_line(each, voice)),
        mails=listed(plan.mails, mails, _letter),
        held=held_of(plan, voice),
        rules=tuple(finding_reasons(plan.findings, voice)),
        owners=owners_of(plan.findings, voice),
        lacking=lacking_of(plan, voice),
        problems=tuple(problems_of(plan.problems, voice)),
    )


def listed(items: Sequence[K], limit: int, worded: Callable[[K], T]) -> Listed[T]:
    """The first `limit` items in words, and the true total."""
    return Listed(tuple(worded(item) for item in items[:limit]), len(items))


def grouped(items: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """Items by key, in the order keys first come."""
    found: dict[K, list[T]] = defaultdict(list)
    for item in items:
        found[key(item)].append(item)
    return found


def counts_of(plan: Plan) -> dict[str, int]:
    """The headline numbers."""
    return {
        "cells": len(plan.changes),
        "mails": len(plan.mails),
        "findings": len(plan.findings),
        "keys": len(plan.new_keys),
        "new_rows": len(plan.new_rows),
        "overrides": len(plan.overrides),
        "held": sum(notice.state != "planned" and notice.reason != "shadow" for notice in plan.notices)
        + len(plan.deferred)
        + len(plan.resting),
    }


def sentence_of(plan: Plan, voice: Voice) -> str:
    """The plan in one sentence: what changes, what goes out, under which policies."""
    held = sum(notice.state != "planned" for notice in plan.notices)
    parts = [
        (plan.changes, "change", {"cells": voice.count("cells", len(plan.changes))}),
        (plan.new_rows, "append", {"rows": voice.count("rows", len(plan.new_rows))}),
        (plan.new_keys, "number", {"keys": voice.count("keys", len(plan.new_keys))}),
        (plan.mails, "send", {"mails": voice.count("mails", len(plan.mails))}),
        (held and not plan.mails, "note", {"notices": voice.count("notices", held)}),
        (plan.deferred, "defer", {"notices": voice.count("notices", len(plan.deferred))}),
    ]
    said = [voice.say(name, **values) for there, name, values in parts if there]
    comma, stop = ("，", "。") if voice.language == "zh" else (", ", ".")
    return (comma.join(said) + basis_of(plan, voice) if said else voice.say("nothing")) + stop


def basis_of(plan: Plan, voice: Voice) -> str:
    """The policies behind changes and mails, the busiest named."""
    notices = [notice.rule for notice in plan.notices if notice.state == "planned"]
    rules = [row.rule for row in plan.new_rows] + [change.rule for change in plan.changes] + notices
    policies = Counter(title for title in map(voice.policy, rules) if title)
    if not policies:
        return ""
    first, more = policies.most_common(1)[0][0], len(policies) - 1
    return voice.say("basis of many" if more else "basis", first=first, n=len(policies), more=more)


def automation_of(plan: Plan, voice: Voice) -> str:
    return voice.say("sweep") if plan.automation == "sweep" else plan.automation


def read_of(plan: Plan, voice: Voice) -> str:
    return voice.say("read", tables=voice.count("tables", len(plan.rows)), rows=voice.count("rows", sum(plan.rows.values())))


def tables_of(plan: Plan, voice: Voice, limit: int) -> Iterable[TableReport]:
    """What changes, table by table, in the order of the plan."""
    for name, changes in grouped(plan.changes, lambda change: change.table).items():
        by_row = sorted(changes, key=lambda change: change.row)
        yield TableReport(
            heading=voice.table(name),
            rows=plan.rows.get(name, 0),
            total=len(changes),
            columns=columns_of(name, changes, voice),
            reasons=tuple(_reason(rule, total, voice) for rule, total in Counter(change.rule for change in changes).most_common()),
            cells=listed(by_row, limit, lambda change: change_line(change, voice)),
        )


def columns_of(table: str, changes: Iterable[Change], voice: Voice) -> tuple[tuple[str, int], ...]:
    """How many cells of each column, in the order of the table."""
    return tuple((voice.column(table, column), count) for column, count in Counter(change.column for change in changes).items())


def _reason(rule: str, total: int, voice: Voice, level: str = "", example: str = "") -> Reason:
    return Reason(voice.rule(rule), voice.clause(rule), voice.policy(rule), total, level, example)


def _letter(mail: Mail) -> Letter:
    to, reader, subject = (cleaned_text(each, LONGEST_CELL) for each in (mail.to, mail.reader, mail.subject))
    return Letter(to, reader, subject, cleaned_text(mail.text, LONGEST_MAIL), mail.html)


def finding_reasons(findings: Iterable[Finding], voice: Voice) -> Iterable[Reason]:
    """Findings by rule, the gravest and the most frequent first, each with one example."""
    by_rule = grouped(findings, lambda finding: (LEVELS.index(finding.level), finding.rule))
    for (level, rule), found in sorted(by_rule.items(), key=lambda item: (item[0][0], -len(item[1]))):
        place, _, sentence = finding_line(found[0], voice)
        yield _reason(rule, len(found), voice, LEVELS[level], place + ("" if place.endswith("：") else " ") + sentence)


def finding_line(finding: Finding, voice: Voice) -> tuple[str, str, str]:
    """Where, how grave, and what to do: `客户投诉!F17（TS-1）：`, `warn`, the sentence."""
    where = f"{voice.table(finding.table)}!{finding.address}{aside(finding.key, voice.language)}"
    place = cleaned_text(where + ("：" if voice.language == "zh" else ":"), LONGEST_CELL)
    return place, finding.level, cleaned_text(one_sentence(finding, voice.language), LONGEST_CELL)


def owners_of(findings: Iterable[Finding], voice: Voice) -> Listed[Owner]:
    """Findings by the person responsible, those with most first."""
    by_owner = sorted(grouped(findings, lambda finding: finding.owner).items(), key=lambda item: -len(item[1]))
    owners = [_owner(name, found, voice) for name, found in by_owner[:OWNERS]]
    return Listed(tuple(owners), len(by_owner))


def _owner(name: str, found: Sequence[Finding], voice: Voice) -> Owner:
    said = cleaned_text(name, LONGEST_CELL) or voice.say("nobody")
    gravest = sorted(found, key=lambda finding: LEVELS.index(finding.level))
    return Owner(said, listed(gravest, OF_ONE_OWNER, lambda finding: finding_line(finding, voice)))


def lacking_of(plan: Plan, voice: Voice) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The rules that do not apply, by the column they lack, or the table where the team does not have it."""
    rules = (
        ((table, column if table in plan.rows else ""), rule) for rule, (table, column) in plan.lacking.items() if voice.config.rule(rule)
    )
    by_place = grouped(rules, lambda item: item[0])
    return tuple((_place_said(*place, voice), tuple(voice.rule(rule) for _, rule in found)) for place, found in sorted(by_place.items()))


def _place_said(table: str, column: str, voice: Voice) -> str:
    return f"{voice.table(table)} · {voice.column(table, column) if column else voice.say('whole table')}"


def problems_of(problems: Iterable[SheetProblem], voice: Voice) -> Iterable[tuple[str, bool]]:
    """What is wrong with tabs, and whether a table is left out for it; tabs a team does not have are one line."""
    absent = [voice.table(problem.table) for problem in problems if problem.code == "tab absent"]
    for problem in problems:
        if problem.code != "tab absent":
            yield cleaned_text(voice.of(problem.what), LONGEST_CELL), problem.stops
    if absent:
        named = voice.say("between").join(absent[:3]) + (voice.say("and so on") if len(absent) > 3 else "")
        yield voice.say("absent", n=len(absent), named=named), False
