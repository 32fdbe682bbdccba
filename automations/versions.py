"""`history config`: the versions of the configuration, and what changed from one to the next, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from automations.ledgers.protocol import Ledger
from automations.model import Words
from automations.yamlfile import parse_document

IN_FORCE = "config in force"
"""The ledger's name for the hash of the configuration it last ran under."""
Data = Mapping[str, Any]
LISTED: Mapping[str, str] = {"rules": "id", "notices": "on", "examples": "name"}
"""Lists whose items have names, and the key that holds the name."""
NAMED: Mapping[str, Words] = {
    "parameters": {"zh": "参数", "en": "parameter"},
    "rules": {"zh": "规则", "en": "rule"},
    "notices": {"zh": "通知", "en": "notices on"},
    "examples": {"zh": "例子", "en": "example"},
    "columns": {"zh": "列", "en": "column"},
}
WORDS: Mapping[str, Words] = {
    "added": {"zh": "新增{what}", "en": "added {what}"},
    "removed": {"zh": "删去{what}", "en": "removed {what}"},
    "changed": {"zh": "{what}：{key} 由 {old} 改为 {new}", "en": "{what}: {key} was {old}, is {new}"},
    "reworded": {"zh": "改了文字", "en": "its wording changed"},
    "first": {"zh": "第一版", "en": "the first version kept"},
    "same": {"zh": "只改了注释或排版", "en": "only comments or layout changed"},
    "none": {"zh": "还没有保存过配置；serve 启动时保存", "en": "no version was kept yet; serve keeps them"},
    "in force": {"zh": "有效", "en": "in force"},
    "blank": {"zh": "（空）", "en": "(blank)"},
}
LONGEST = 60


@dataclass(frozen=True)
class Version:
    """A version of the configuration: since when, whether it is in force, and how it differs from the one before."""

    hash: str
    since: datetime
    in_force: bool
    changes: tuple[str, ...]


@dataclass(frozen=True)
class Versions:
    """The versions kept, newest first."""

    versions: Sequence[Version]
    language: str

    def data(self) -> dict[str, Any]:
        """`{"versions": [{hash, since, in_force, changes}]}`."""
        return {"versions": [{**asdict(each), "since": each.since.isoformat()} for each in self.versions]}

    def text(self) -> str:
        """Each version with its changes below."""
        return "\n".join(line for each in self.versions for line in self._lines(each)) or WORDS["none"][self.language]

    def _lines(self, each: Version) -> Iterator[str]:
        mark = f"  [{WORDS['in force'][self.language]}]" if each.in_force else ""
        yield f"{each.hash[:8]}  {each.since:%Y-%m-%d %H:%M}{mark}"
        yield from (f"  {change}" for change in each.changes)


def versions(ledger: Ledger, language: str, limit: int) -> Versions:
    """The newest versions the ledger keeps, each compared with the one before it."""
    kept, in_force = ledger.config_versions(limit + 1), ledger.meta(IN_FORCE)
    texts = [json.loads(ledger.config_text(each) or "{}") for each, _ in kept]
    found = []
    for place, (each, since) in enumerate(kept[:limit]):
        first = place + 1 == len(kept)
        said = (WORDS["first"][language],) if first else tuple(differences(texts[place + 1], texts[place], language))
        found.append(Version(each, since, each == in_force, said))
    return Versions(found, language)


def differences(old: Mapping[str, str], new: Mapping[str, str], language: str) -> Iterator[str]:
    """What differs between two versions, file by file, in words."""
    found = False
    for file in sorted(old.keys() | new.keys()):
        if old.get(file) != new.get(file):
            for change in _in_file(file, old.get(file), new.get(file), language):
                found = True
                yield f"{file}: {change}" if change else file
    if not found:
        yield WORDS["same"][language]


def _in_file(file: str, old: str | None, new: str | None, language: str) -> Iterator[str]:
    if old is None or new is None:
        yield WORDS["added" if old is None else "removed"][language].format(what="").strip()
    elif PurePosixPath(file).suffix != ".yaml":
        yield WORDS["reworded"][language]
    else:
        yield from _within(_data(old), _data(new), "", language)


def _data(text: str) -> Data:
    document, _ = parse_document(text, "")
    return document.data if document and isinstance(document.data, dict) else {}


def _within(old: Data, new: Data, what: str, language: str) -> Iterator[str]:
    """The differences of two mappings; named things are spoken of by their names."""
    for key in [*old, *(key for key in new if key not in old)]:
        before, after = (_by_name(key, each.get(key)) for each in (old, new))
        if before == after:
            continue
        if key in NAMED and isinstance(before or after, dict):
            yield from _named(key, before or {}, after or {}, language)
        elif isinstance(before, dict) and isinstance(after, dict):
            yield from _within(before, after, f"{what} {key}".strip(), language)
        else:
            said = {"old": _shown(before, language), "new": _shown(after, language)}
            yield WORDS["changed"][language].format(what=what, key=key, **said).removeprefix("：").removeprefix(": ")


def _by_name(key: str, value: Any) -> Any:
    """A list of named things as a mapping by name; of two with one name the later is counted."""
    if key not in LISTED or not isinstance(value, list):
        return value
    found: dict[str, Any] = {}
    for item in value:
        name = str(item.get(LISTED[key], "?")) if isinstance(item, dict) else str(item)
        found[name if name not in found else f"{name} ({len(found) + 1})"] = item
    return found


def _named(key: str, old: Data, new: Data, language: str) -> Iterator[str]:
    noun = NAMED[key][language]
    for name in [*old, *(name for name in new if name not in old)]:
        what = f"{noun}“{name}”" if language == "zh" else f"{noun} '{name}'"
        if name not in new or name not in old:
            yield WORDS["removed" if name in old else "added"][language].format(what=what)
        elif isinstance(old[name], dict) and isinstance(new[name], dict):
            yield from _within(old[name], new[name], what, language)
        elif old[name] != new[name]:
            yield WORDS["changed"][language].format(what=what, key="", old=_shown(old[name], language), new=_shown(new[name], language))


def _shown(value: Any, language: str) -> str:
    if value is None or value == "":
        return WORDS["blank"][language]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
