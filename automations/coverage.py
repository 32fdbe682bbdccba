"""Which entries of the policy catalogues are automated, by which rules, and which examples prove them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from automations.config import Config, LoadedPolicy
from automations.declarations import PackFile
from automations.errors import Problem
from automations.examples import Prover
from automations.model import Words
from automations.reports import display_width
from automations.yamlcheck import closest, validate
from automations.yamlfile import Document, read_document
from automations.yamlfile import Path as YamlPath

Status = Literal["automated", "by design", "partly", "left to people", "not yet"]
STATUSES: tuple[Status, ...] = ("automated", "by design", "partly", "left to people", "not yet")

WORDS: Mapping[str, Words] = {
    "pack": {"zh": "制度包", "en": "pack"},
    "entries": {"zh": "条目", "en": "entries"},
    "automated": {"zh": "已自动化", "en": "automated"},
    "by design": {"zh": "由产品功能保证", "en": "by design"},
    "partly": {"zh": "部分", "en": "partly"},
    "left to people": {"zh": "由人负责", "en": "left to people"},
    "not yet": {"zh": "尚未", "en": "not yet"},
    "proved": {"zh": "有例子证明", "en": "proved"},
    "unproved": {"zh": "没有例子证明", "en": "no example proves it"},
    "no rule": {"zh": "没有规则", "en": "no rule"},
    "example": {"zh": "例子", "en": "example"},
    "note": {
        "zh": "“有例子证明”：至少一个成立的例子用到引用该条目的规则。每条的规则和例子：runner.py coverage --all",
        "en": "proved: an example that holds touches a rule of the entry. Each entry with its rules and examples: runner.py coverage --all",
    },
}


@dataclass(frozen=True)
class Entry:
    """One entry of a catalogue: its standing, its rules, the examples that prove them; `why` is what is missing or why not."""

    id: str
    status: Status
    rules: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    why: Words | None = None


@dataclass(frozen=True)
class PackCoverage:
    """One catalogue: every entry from 1 to the last, in order; `entries` is None where the pack does not say how many there are."""

    pack: str
    title: Words
    catalogue: str
    entries: int | None
    list: tuple[Entry, ...]

    @property
    def counts(self) -> Mapping[str, int]:
        """Entries by standing, and how many an example proves."""
        counted = Counter(entry.status for entry in self.list)
        return {**{status: counted[status] for status in STATUSES}, "proved": sum(bool(entry.examples) for entry in self.list)}


@dataclass(frozen=True)
class Coverage:
    """How far each catalogue is automated."""

    packs: tuple[PackCoverage, ...]
    language: str

    def data(self) -> dict[str, Any]:
        """`{"packs": [{pack, title, catalogue, entries, counts, list: [{id, status, rules, examples, why}]}]}`."""
        return {"packs": [{**asdict(pack), "counts": dict(pack.counts)} for pack in self.packs]}

    def text(self, *, everything: bool = False) -> str:
        """The counts as a table; with `everything` each entry too."""
        heads = ["pack", "entries", *STATUSES, "proved"]
        lines = [[self._say(head) for head in heads], *([*self._counted(pack)] for pack in self.packs)]
        details = [line for pack in self.packs for line in self._listed(pack)] if everything else ["", self._say("note")]
        return "\n".join([*_table(lines), *details])

    def _counted(self, pack: PackCoverage) -> Iterator[str]:
        unknown = pack.entries is None
        yield from (pack.pack, "?" if unknown else str(pack.entries))
        yield from ("?" if unknown and name == "not yet" else str(count) for name, count in pack.counts.items())

    def _listed(self, pack: PackCoverage) -> Iterator[str]:
        title = pack.title.get(self.language) or pack.title.get("zh", pack.pack)
        yield from ("", f"{title} ({pack.pack})")
        for entry in pack.list:
            if entry.status != "not yet":
                yield from self._entry(entry)
        if missing := spans([number_of(entry.id) for entry in pack.list if entry.status == "not yet"]):
            yield f"  {self._say('not yet')}: {missing}"

    def _entry(self, entry: Entry) -> Iterator[str]:
        why = (entry.why or {}).get(self.language) or (entry.why or {}).get("zh", "")
        yield f"  {entry.id}  {self._say(entry.status)}{f': {why}' if why else ''}"
        yield f"    {', '.join(entry.rules) or self._say('no rule')}"
        if entry.rules:
            yield f"    {self._proof(entry.examples)}"

    def _proof(self, examples: Sequence[str]) -> str:
        if not examples:
            return self._say("unproved")
        return f"{self._say('example')}: {examples[0]}" + (f" (+{len(examples) - 1})" if len(examples) > 1 else "")

    def _say(self, word: str) -> str:
        return WORDS[word].get(self.language) or WORDS[word]["en"]


def coverage(config: Config, *, examples: bool = True) -> Coverage:
    """The coverage of every pack that has a catalogue; with `examples` they are run, and those that hold prove their entries."""
    citing = _citing(config)
    proofs = _proofs(config) if examples else {}
    packs = [_pack(name, file, citing, proofs) for name, file in config.packs.items() if file.catalogue]
    return Coverage(tuple(packs), config.language)


def _citing(config: Config) -> dict[str, list[str]]:
    """The rules (`policy/rule`) by the entry they name."""
    found: dict[str, list[str]] = {}
    for name, policy in config.policies.items():
        for rule in policy.rules.values():
            for entry in rule.catalogue:
                found.setdefault(entry, []).append(f"{name}/{rule.id}")
    return found


def _proofs(config: Config) -> dict[str, list[str]]:
    """The names of the examples that hold, by the rules they touch."""
    found: dict[str, list[str]] = {}
    for proof in Prover(config).prove():
        for rule in proof.rules if not proof.wrong else ():
            found.setdefault(rule, []).append(proof.name)
    return found


def _pack(name: str, file: PackFile, citing: Mapping[str, Sequence[str]], proofs: Mapping[str, Sequence[str]]) -> PackCoverage:
    said = _said(file)
    named = {entry for entry in (*said, *citing) if entry.startswith(f"{file.catalogue}.")}
    counted = {f"{file.catalogue}.{number}" for number in range(1, (file.entries or 0) + 1)}

    def entry(each: str) -> Entry:
        rules = tuple(citing.get(each, ()))
        examples = tuple(dict.fromkeys(name for rule in rules for name in proofs.get(rule, ())))
        status, why = said.get(each, ("automated" if rules else "not yet", None))
        return Entry(each, status, rules, examples, why)

    entries = sorted(named | counted, key=number_of)
    return PackCoverage(name, file.title, file.catalogue, file.entries, tuple(map(entry, entries)))


def _said(file: PackFile) -> dict[str, tuple[Status, Words | None]]:
    """What the pack itself says of its entries."""
    lists: Mapping[Status, Mapping[str, Words]] = {
        "by design": {each.id: each.feature for each in file.by_design},
        "partly": {each.id: each.missing for each in file.partly},
        "left to people": {each.id: each.why for each in file.left_to_people},
    }
    return {entry: (status, why) for status, listed in lists.items() for entry, why in listed.items()}


def number_of(entry: str) -> int:
    """The number of an entry: 68 of `xixiangji-marketing.68`; -1 where there is none."""
    tail = entry.rpartition(".")[2]
    return int(tail) if tail.isascii() and tail.isdigit() else -1


def spans(numbers: Sequence[int]) -> str:
    """Rising numbers in short: `1, 3-10, 18`."""
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][-1] == number - 1:
            found[-1] = [found[-1][0], number]
        else:
            found.append([number])
    return ", ".join("-".join(map(str, span)) for span in found)


def _table(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns as wide as their widest cell; the first to the left, numbers to the right."""
    widths = [max(map(display_width, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        pads = [" " * (width - display_width(cell)) for cell, width in zip(line, widths, strict=True)]
        yield "  ".join([line[0] + pads[0], *(pad + cell for cell, pad in zip(line[1:], pads[1:], strict=True))]).rstrip()


# Entries that are named but not there


def coverage_problems(config: Config) -> list[Problem]:
    """Every entry named in config/ whose catalogue is unknown or does not go so far, at its place."""
    packs = dict(_pack_files(config.root / "config" / "packs", config.root))
    known = {file.catalogue: file.entries for file, _ in packs.values() if file.catalogue}
    named = [each for policy in config.policies.values() for each in _named_by_rules(policy)]
    named += [each for name in config.packs if name in packs for each in _named_by_pack(*packs[name])]
    faults = [problem for entry, document, path in named if (problem := _fault(entry, document, path, known))]
    return faults + [problem for name in config.packs if name in packs for problem in _twice(*packs[name])]


Named = tuple[str, Document, YamlPath]


def _pack_files(folder: Path, root: Path) -> Iterator[tuple[str, tuple[PackFile, Document]]]:
    """Every pack there is, switched on or not: a rule may name the entry of a pack that is off."""
    for file in sorted(folder.glob("*/pack.yaml")):
        document, _ = read_document(file, file.relative_to(root).as_posix())
        pack = validate(PackFile, document)[0] if document else None
        if document and pack:
            yield pack.pack, (pack, document)


def _named_by_rules(policy: LoadedPolicy) -> Iterator[Named]:
    for position, data in enumerate(policy.file.rules):
        written = data.get("catalogue", [])
        for place, entry in enumerate([written] if isinstance(written, str) else written):
            path: YamlPath = ("rules", position, "catalogue")
            yield entry, policy.document, path if isinstance(written, str) else (*path, place)


def _named_by_pack(file: PackFile, document: Document) -> Iterator[Named]:
    lists: Mapping[str, Iterable[str]] = {
        "readings": [each.on for each in file.readings],
        "left_to_people": [each.id for each in file.left_to_people],
        "partly": [each.id for each in file.partly],
        "by_design": [each.id for each in file.by_design],
    }
    for name, entries in lists.items():
        for position, entry in enumerate(entries):
            yield entry, document, (name, position, "on" if name == "readings" else "id")


def _twice(file: PackFile, document: Document) -> Iterator[Problem]:
    """Entries with two standings: an entry is in one of the lists, once."""
    first: dict[str, YamlPath] = {}
    for entry, _, path in _named_by_pack(file, document):
        if path[0] == "readings":
            continue
        if (before := first.setdefault(entry, path)) != path:
            yield document.problem(path, f"entry '{entry}' stands under '{before[0]}' already", "each entry has one standing")


def _fault(entry: str, document: Document, path: YamlPath, known: Mapping[str, int | None]) -> Problem | None:
    catalogue, number = entry.rpartition(".")[0], number_of(entry)
    if catalogue not in known:
        near = closest(catalogue, known)
        hints = [f"did you mean '{near}.{max(number, 1)}'?"] if near else []
        return document.problem(path, f"no catalogue '{catalogue}' for entry '{entry}'", *hints)
    last = known[catalogue]
    if number < 1 or (last is not None and number > last):
        span = f"1 to {last}" if last else "1 and up"
        return document.problem(path, f"catalogue '{catalogue}' has no entry '{entry}'", f"its entries are numbered {span}")
    return None
