"""`policies`: the policies as configured, in prose, to lay beside the written ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from automations.config import Config, LoadedPolicy
from automations.declarations import NoticeFile, Rung
from automations.model import Words
from automations.reports import page
from automations.rule import Rule
from automations.sayings import BETWEEN
from automations.sentences import Reader

PEOPLE: Mapping[str, Words] = {
    "owner": {"zh": "本行负责人", "en": "the person responsible"},
    "superior": {"zh": "负责人的上级", "en": "that person's superior"},
    "approver": {"zh": "审批人", "en": "the approver"},
    "customer": {"zh": "客户（草稿，由人放行）", "en": "the customer (a draft a person releases)"},
}
MOMENTS: Mapping[str, Words] = {
    "due": {"zh": "到期未完成", "en": "when overdue"},
    "start": {"zh": "开始时", "en": "at the start"},
    "ready": {"zh": "出现时", "en": "when it comes up"},
    "share": {"zh": "用去{at}的时间", "en": "after {at} of the time"},
    "before": {"zh": "到期前{length}", "en": "{length} before it is due"},
    "after": {"zh": "逾期{length}", "en": "{length} overdue"},
    "since": {"zh": "{length}后", "en": "{length} later"},
    "repeat": {"zh": "，每{length}再提醒，最多{times}次", "en": ", again every {length}, {times} times at most"},
}
BOUNDS: Mapping[str, Mapping[str, str]] = {"zh": {"": "至", "<": "至不到"}, "en": {"": " to ", "<": " to less than "}}
"""Between the ends of a range; with the upper end, or without it."""
LENGTHS: Mapping[str, Words] = {
    "working day": {"zh": "个工作日", "en": " working day"},
    "working hour": {"zh": "个工作小时", "en": " working hour"},
    "day": {"zh": "天", "en": " day"},
    "hour": {"zh": "小时", "en": " hour"},
    "minute": {"zh": "分钟", "en": " minute"},
    "month": {"zh": "个月", "en": " month"},
}


@dataclass(frozen=True)
class ShownRule:
    """One rule: what it is called and demands, when it applies, by which clause, and who is told when."""

    id: str
    title: str
    sentence: str
    applies: str
    clause: str
    catalogue: tuple[str, ...]
    table: tuple[tuple[str, str], ...]
    told: tuple[str, ...]


@dataclass(frozen=True)
class ShownNumber:
    """One parameter: the value in force, and whether the written policy leaves it open."""

    title: str
    value: str
    clause: str
    suggested: bool
    changes: tuple[str, ...]


@dataclass(frozen=True)
class ShownPolicy:
    """One policy of a pack, from top to bottom."""

    name: str
    title: str
    source: str
    table: str
    mode: str
    numbers: tuple[ShownNumber, ...]
    rules: tuple[ShownRule, ...]


@dataclass(frozen=True)
class ShownPack:
    """One written policy document as configured, and how its unclear places are read."""

    name: str
    title: str
    organisation: str
    policies: tuple[ShownPolicy, ...]
    readings: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Book:
    """All policies switched on, in one language, with the numbers in force on a day."""

    day: date
    language: str
    packs: tuple[ShownPack, ...]

    def data(self) -> dict[str, Any]:
        """As plain data for JSON."""
        return {**asdict(self), "day": f"{self.day:%Y-%m-%d}"}


def book_of(config: Config, day: date, language: str) -> Book:
    """The policies of every pack that is switched on."""
    packs = [_pack(config, name, day, language) for name in config.packs]
    return Book(day, language, tuple(pack for pack in packs if pack.policies))


def _pack(config: Config, name: str, day: date, language: str) -> ShownPack:
    file = config.packs[name]
    mine = [policy for policy in config.policies.values() if Path(policy.document.file).parts[-3] == name]
    readings = tuple((_clauses(mine, reading.on), _in(reading.taken, language)) for reading in file.readings)
    return ShownPack(
        name, _in(file.title, language), file.organisation, tuple(_policy(config, each, day, language) for each in mine), readings
    )


def _clauses(policies: Iterable[LoadedPolicy], entry: str) -> str:
    """Where a requirement stands in the written policy, by the rules that keep it; its number where no rule says."""
    found = [rule.clause for policy in policies for rule in policy.rules.values() if entry in rule.catalogue and rule.clause]
    written = [clause for clause in dict.fromkeys(found) if not clause.endswith("约定")]
    return "；".join(written[:2]) or entry


def _policy(config: Config, policy: LoadedPolicy, day: date, language: str) -> ShownPolicy:
    file, table = policy.file, config.tables[policy.file.table]
    reader = Reader(file, config.tables, policy.rules, day, language)
    numbers = tuple(
        ShownNumber(
            _in(each.title, language),
            reader.value(each),
            each.clause,
            each.suggested,
            tuple(f"{start:%Y-%m-%d}" for start in sorted(each.values) if start.year > 2000),
        )
        for each in file.parameters.values()
    )
    rules = tuple(_rule(reader, rule) for rule in policy.rules.values())
    return ShownPolicy(file.policy, _in(file.title, language), file.source, table.heading(language), file.mode, numbers, rules)


def _rule(reader: Reader, rule: Rule) -> ShownRule:
    lines = getattr(rule, "rows", None) or ()
    between = {"zh": "，", "en": ", "}[reader.language]
    rows = reader.choices(rule) or [
        (between.join(f"{reader.heading(name)} {_cell(reader, cell)}" for name, cell in line.if_.items()), line.then) for line in lines
    ]
    told = [line for notice in reader.policy.notices if notice.on == rule.id for line in _told(notice, reader)]
    counted = replace(reader, of=of) if (of := getattr(rule, "of", "")) in reader.tables else reader
    return ShownRule(
        rule.id,
        _in(rule.title, reader.language) or rule.id,
        reader.sentence(rule),
        counted.plainly(rule.when, ""),
        rule.clause,
        tuple(rule.catalogue),
        tuple(rows),
        tuple(told),
    )


def _cell(reader: Reader, cell: Any) -> str:
    if isinstance(cell, bool):
        return {"zh": "是" if cell else "否", "en": "is ticked" if cell else "is not ticked"}[reader.language]
    if isinstance(cell, list):
        return reader.words(f"in ({', '.join(map(str, cell))})").strip()
    return re.sub(r"\.\.(<?)", lambda match: BOUNDS[reader.language][match[1]], reader.words(str(cell))) or str(cell)


def _told(notice: NoticeFile, reader: Reader) -> Iterable[str]:
    language = reader.language
    ladder = notice.ladder or [Rung(at="ready", to=notice.to, template=notice.template)]
    colon = {"zh": "：", "en": ": "}[language]
    for rung in ladder:
        people = BETWEEN[language].join(
            PEOPLE[each][language] if each in PEOPLE else reader.heading(each.removeprefix("role:")) for each in rung.to
        )
        only = reader.plainly(rung.when, "")
        where = {"zh": "（{}）", "en": " ({})"}[language].format(only) if only else ""
        yield f"{_moment(rung.at, language)}{where}{colon}{people}{_repeat(rung, language)}"


def _repeat(rung: Rung, language: str) -> str:
    if not rung.repeat:
        return ""
    return MOMENTS["repeat"][language].format(length=_length(rung.repeat.removeprefix("every "), language), times=rung.at_most)


def _moment(at: str, language: str) -> str:
    if at in MOMENTS:
        return MOMENTS[at][language]
    if at.endswith("%"):
        return MOMENTS["share"][language].format(at=at)
    base, sign, length = at.split(" ", 2)
    kind = "since" if base != "due" else "before" if sign == "-" else "after"
    return MOMENTS[kind][language].format(length=_length(length, language))


def _length(text: str, language: str) -> str:
    amount, _, unit = text.partition(" ")
    plural = "s" if language == "en" and amount != "1" else ""
    return f"{amount}{LENGTHS[unit.removesuffix('s')][language]}{plural}"


def _in(words: Words, language: str) -> str:
    return words.get(language) or words.get("zh", "")


def book_text(book: Book) -> str:
    """The book as plain text."""
    lines = []
    for pack in book.packs:
        lines += [f"# {pack.title}  {pack.organisation}".rstrip(), ""]
        for policy in pack.policies:
            lines += [f"## {policy.title}（{policy.table}）" if book.language == "zh" else f"## {policy.title} ({policy.table})"]
            lines += [f"  {each.title}: {each.value}  {each.clause}".rstrip() for each in policy.numbers]
            for rule in policy.rules:
                lines += [f"- {rule.title}  {rule.clause}".rstrip(), f"    {rule.sentence}"]
                lines += [f"    {'适用于' if book.language == 'zh' else 'applies to'}: {rule.applies}"] if rule.applies else []
                lines += [f"    {condition} -> {then}" for condition, then in rule.table]
                lines += [f"    {line}" for line in rule.told]
            lines.append("")
    return "\n".join(line for line in lines if line.strip() or not line).rstrip()


def book_html(book: Book, root: Path) -> str:
    """The book as one page, fit to print and to lay beside the written policy."""
    return page(root, "policies.html.j2", book=book, zh=book.language == "zh")
