"""Promises that several rules make, and which of them counts: what `check` shows an admin of precedence between policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from automations.config import Config
from automations.model import Words
from automations.precedence import named, promised
from automations.sentences import Reader

SAID: Mapping[str, Words] = {
    "heading": {
        "zh": "同一个期限，几条规则都有要求，以谁为准：",
        "en": "promises that several rules make, and which of them counts:",
    },
    "strictest": {"zh": "每一行取最早到期的", "en": "row by row the earliest due time"},
    "first": {
        "zh": "以{who}为准（设置 precedence）；它没有期限的行，取最早到期的",
        "en": "{who} (`precedence`); in rows where it sets none, the earliest",
    },
    "duty": {"zh": "只列一行，取最早到期的", "en": "one row, with the earliest due day"},
    "duty first": {"zh": "只列一行，以{who}为准（设置 precedence）", "en": "one row, as {who} wants it (`precedence`)"},
    "column": {"zh": "{table}“{column}”（{promise}）：{counts}", "en": "{table}, {column} ({promise}): {counts}"},
    "duties": {"zh": "{table}“{promise}”：{counts}", "en": "{table}, {promise}: {counts}"},
    "rule": {"zh": "{pack}，{clause}：{sentence}（{rule}）", "en": "{pack}, {clause}: {sentence} ({rule})"},
    "no clause": {"zh": "{pack}：{sentence}（{rule}）", "en": "{pack}: {sentence} ({rule})"},
    "shadow": {"zh": "；制度在试运行，不算数", "en": "; its policy is in shadow and has no say"},
    "otherwise": {
        "zh": "要以某一份制度为准，在 config/settings.yaml 写 {line}",
        "en": "to let one of them count, write {line} into config/settings.yaml",
    },
}


@dataclass(frozen=True)
class Promise:
    """A due column, or a duty, that several rules set: which of them counts, and each of them in a sentence."""

    promise: str
    place: str
    first: tuple[str, ...]
    rules: tuple[tuple[str, str], ...]
    """Each rule by its full name, with what it demands."""


@dataclass(frozen=True)
class Shared:
    """All promises that several rules make, in the language of the settings."""

    language: str
    promises: tuple[Promise, ...]
    packs: Mapping[str, str]
    """The pack of each rule."""

    def text(self) -> str:
        """One paragraph: every promise, who makes it, and at the end how to have it otherwise."""
        if not self.promises:
            return ""
        lines = [SAID["heading"][self.language]]
        for each in self.promises:
            lines += [f"  {each.place}", *(f"    - {said}" for _, said in each.rules)]
        example = next((each for each in self.promises if not each.first), None)
        if example:
            pack = self.packs[example.rules[-1][0]]
            line = f"precedence: {{ {example.promise}: {pack} }}"
            lines.append("  " + SAID["otherwise"][self.language].format(line=line))
        return "\n".join(lines)

    def data(self) -> list[dict[str, Any]]:
        return [asdict(each) for each in self.promises]


def shared_promises(config: Config, day: date) -> Shared:
    """The promises of a configuration that more than one rule makes, with the numbers in force on a day."""
    made = {name: rules for name, rules in promised(config.policies).items() if len(rules) > 1}
    packs = {rule: _pack(config, rule) for rules in made.values() for rule in rules}
    promises = tuple(_promise(config, name, rules, day) for name, rules in made.items())
    return Shared(config.language, promises, packs)


def _promise(config: Config, name: str, rules: list[str], day: date) -> Promise:
    who = config.settings.precedence.get(name, "")
    first = tuple(rule for rule in named(config.policies, who) if rule in rules and not _in_shadow(config, rule))
    place = _place(config, name, rules[0], who if first else "")
    return Promise(
        name, place, first, tuple((rule, _sentence(config, rule, day)) for rule in sorted(rules, key=lambda each: each not in first))
    )


def _place(config: Config, name: str, rule: str, first: str) -> str:
    """What is promised, and by which rule of precedence."""
    table = config.tables[config.policies[rule.partition("/")[0]].file.table]
    who = _in(config, config.packs[first].title) if first in config.packs else first
    column = table.column(name.partition(".")[2])
    said = ("first" if first else "strictest") if column else ("duty first" if first else "duty")
    counts = SAID[said][config.language].format(who=who)
    shown = {"table": table.heading(config.language), "promise": name, "counts": counts}
    if column is None:
        return SAID["duties"][config.language].format(**shown)
    return SAID["column"][config.language].format(column=column.heading(config.language), **shown)


def _sentence(config: Config, full: str, day: date) -> str:
    """A rule in words: which pack, which clause, what it demands."""
    name, _, rule_id = full.partition("/")
    policy = config.policies[name]
    rule = policy.rules[rule_id]
    sentence = Reader(policy.file, config.tables, policy.rules, day, config.language).sentence(rule)
    said = SAID["rule" if rule.clause else "no clause"][config.language].format(
        pack=_in(config, config.packs[policy.pack].title), clause=rule.clause, sentence=sentence, rule=full
    )
    return said + (SAID["shadow"][config.language] if _in_shadow(config, full) else "")


def _in_shadow(config: Config, rule: str) -> bool:
    return config.policies[rule.partition("/")[0]].file.mode == "shadow"


def _pack(config: Config, rule: str) -> str:
    return config.policies[rule.partition("/")[0]].pack


def _in(config: Config, words: Words) -> str:
    return words.get(config.language) or words.get("zh", "")
