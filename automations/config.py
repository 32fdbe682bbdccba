"""config/ read whole: packs, tables and policies into one validated, compiled Config; every problem at once."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from automations.apart import laid_out
from automations.automationfile import Automation, load_automations
from automations.branchfile import load_branches
from automations.calendarfile import load_calendar
from automations.calendars import Calendar, CalendarSettings
from automations.carried import told_problems
from automations.compiling import Compiler
from automations.declarations import SERVER, ColumnFile, PackFile, PolicyFile, SettingsFile, TableFile, place_of
from automations.digestfile import DigestFile, load_digests
from automations.errors import ConfigProblems, Problem
from automations.expressions import Evaluator
from automations.gathered import add_gathered
from automations.holding import add_holds, longest_hold
from automations.merging import merged
from automations.model import Column, Numbering, Table
from automations.parametercheck import parameter_faults, spoilt
from automations.precedence import add_precedence
from automations.program import Program
from automations.quiet import add_calendar_check
from automations.rule import Builder, Draft, Rule
from automations.rules import kinds
from automations.rungconditions import add_conditions
from automations.tablecheck import no_table, strange_tables, table_problems
from automations.yamlcheck import closest, validate
from automations.yamlfile import Document, read_document
from automations.yamlfile import Path as YamlPath

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class LoadedPolicy:
    """A policy file with its rules and the document its places come from."""

    pack: str
    file: PolicyFile
    rules: Mapping[str, Rule]
    document: Document


@dataclass(frozen=True, eq=False)
class Config:
    """Everything config/ says, compiled; only a whole and valid one exists."""

    root: Path
    settings: SettingsFile
    calendar: Calendar
    packs: Mapping[str, PackFile]
    tables: Mapping[str, Table]
    policies: Mapping[str, LoadedPolicy]
    program: Program
    evaluator: Evaluator
    compiler: Compiler
    hash: str
    hints: Sequence[Problem] = ()
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    """Every calendar of config/calendars, by the name of its file; `calendar` is the one of the settings."""
    automations: Mapping[str, Automation] = field(default_factory=dict)
    source: Path | None = None
    """Where the files were read, if not under `root`: the last good configuration, kept while an edit has faults."""
    digests: Mapping[str, DigestFile] = field(default_factory=dict)

    branches: Mapping[str, SettingsFile] = field(default_factory=dict)
    """The settings of each of several workbooks that are kept under this configuration."""
    branch: str = ""
    """Which of them this is about; "" where there is one only."""

    @property
    def language(self) -> str:
        return self.settings.language

    @property
    def on_server(self) -> bool:
        """Whether the ledger is kept on a server, where other machines work too."""
        return self.settings.ledger.startswith(SERVER)

    @property
    def ledger_place(self) -> Path:
        """The ledger's file; for one on a server the place on this machine where its locks and copies lie."""
        return place_of(self.root, self.settings.ledger, self.branch)

    def rule(self, full: str) -> Rule | None:
        """The rule called `policy/rule`."""
        policy, _, rule = full.partition("/")
        return self.policies[policy].rules.get(rule) if policy in self.policies else None


@dataclass
class Reader:
    """Reads the files of config/ and gathers what is wrong with them."""

    root: Path
    problems: list[Problem] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)
    """Names of tables whose files have faults: nobody is told that such a table is not there."""
    digest: Any = field(default_factory=lambda: hashlib.blake2b(digest_size=16))
    documents: dict[str, Document] = field(default_factory=dict)

    def document(self, file: Path) -> Document | None:
        shown = file.relative_to(self.root).as_posix()
        document, problems = read_document(file, shown)
        self.problems += problems
        if file.is_file():
            self.digest.update(shown.encode() + b"\0" + file.read_bytes())
        return document

    def take_in(self, files: Iterable[Path]) -> None:
        """Files that are not checked here, but make another version of the configuration when they change."""
        for file in files:
            self.digest.update(file.relative_to(self.root).as_posix().encode() + b"\0" + file.read_bytes())

    def read(self, model: type[T], file: Path) -> tuple[T, Document] | None:
        document = self.document(file)
        if document is None:
            return None
        value, problems = validate(model, document)
        self.problems += problems
        return None if value is None else (value, document)

    def folder(self, pack: str) -> Path:
        return self.root / "config" / "packs" / pack


def load(root: Path) -> Config:
    """The configuration under `root/config`.

    Raises ConfigProblems with every fault of every file.
    """
    reader = Reader(root.resolve())
    settings, document = _settings(reader)
    packs = _packs(reader, settings, document)
    calendars = _calendars(reader, settings, document)
    calendar = calendars.get(settings.calendar)
    table_files = _table_files(reader, packs)
    tables = laid_out({name: _table(file) for name, (file, _) in table_files.items()}, settings.workbook.apart)
    for name, (file, documents) in table_files.items():
        reader.problems += table_problems(file, documents[0], tables[name], tables.keys() | reader.unread)
    reader.problems += strange_tables(settings.workbook, document, tables, reader.unread)
    policies = _policies(reader, packs, tables)
    digests = load_digests(reader, packs, tables, policies)
    evaluator = Evaluator(calendar or Calendar.build(CalendarSettings(name="stand-in")))
    program, compiler, hints = _compiled(reader, settings, document, calendars.keys(), tables, table_files, policies, evaluator)
    automations = load_automations(reader, packs, tables, policies, calendar)
    branches = load_branches(reader, settings)
    reader.take_in(sorted((reader.root / "templates").rglob("*.j2")))
    if reader.problems or calendar is None:
        raise ConfigProblems(_in_order(reader.problems))
    return Config(
        reader.root,
        settings,
        calendar,
        packs,
        tables,
        policies,
        program,
        evaluator,
        compiler,
        reader.digest.hexdigest(),
        _in_order(hints),
        calendars,
        automations,
        digests=digests,
        branches=branches,
    )


def _settings(reader: Reader) -> tuple[SettingsFile, Document]:
    """The settings; where they have faults, what can be understood of them, so that the other files are checked too."""
    document = reader.document(reader.root / "config" / "settings.yaml")
    if document is None:
        raise ConfigProblems(reader.problems)
    settings, problems = validate(SettingsFile, document)
    reader.problems += problems
    packs, calendar = document.data.get("packs"), document.data.get("calendar")
    listed = [each for each in packs if isinstance(each, str)] if isinstance(packs, list) else []
    return settings or SettingsFile(admin="", packs=listed, calendar=calendar if isinstance(calendar, str) else "cn"), document


def _calendars(reader: Reader, settings: SettingsFile, document: Document) -> dict[str, Calendar]:
    """The calendars of config/calendars by file name: the one deadlines count by, and those of readers elsewhere."""
    there = sorted(file.stem for file in (reader.root / "config" / "calendars").glob("*.yaml"))
    if settings.calendar not in there:
        near = closest(settings.calendar, there)
        hints = [f"did you mean '{near}'?"] if near else [f"calendars: {', '.join(there) or 'none'}"]
        reader.problems.append(document.problem(("calendar",), f"no calendar '{settings.calendar}' in config/calendars", *hints))
    found = {name: load_calendar(reader, name) for name in there}
    return {name: calendar for name, calendar in found.items() if calendar}


def _in_order(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(dict.fromkeys(problems), key=lambda problem: (problem.file, problem.line, problem.column, problem.what))


def _packs(reader: Reader, settings: SettingsFile, document: Document) -> dict[str, PackFile]:
    """The packs switched on, those they need first."""
    found: dict[str, PackFile] = {}
    for position, name in enumerate(settings.packs):
        _add_pack(reader, name, found, document, ("packs", position))
    return found


def _add_pack(reader: Reader, name: str, found: dict[str, PackFile], document: Document, path: YamlPath) -> None:
    if name in found:
        return
    file = reader.folder(name) / "pack.yaml"
    if not file.is_file():
        there = sorted(each.parent.name for each in (reader.root / "config" / "packs").glob("*/pack.yaml"))
        near = closest(name, there)
        reader.problems.append(document.problem(path, f"no pack '{name}' in config/packs", *([f"did you mean '{near}'?"] if near else [])))
        return
    loaded = reader.read(PackFile, file)
    if loaded is None:
        return
    for position, needed in enumerate(loaded[0].needs):
        _add_pack(reader, needed, found, loaded[1], ("needs", position))
    found[name] = loaded[0]


def _table_files(reader: Reader, packs: Mapping[str, PackFile]) -> dict[str, tuple[TableFile, list[Document]]]:
    found: dict[str, tuple[TableFile, list[Document]]] = {}
    for pack in packs:
        order = {name: place for place, name in enumerate(packs[pack].tables)}
        for file in sorted((reader.folder(pack) / "tables").glob("*.yaml"), key=lambda file: (order.get(file.stem, len(order)), file.stem)):
            if loaded := reader.read(TableFile, file):
                table, document = loaded
                found[table.table] = merged(reader, found[table.table], loaded) if table.table in found else (table, [document])
            else:
                reader.unread.add(file.stem)
    return found


def _table(file: TableFile) -> Table:
    summary = {name: column for name, column in file.summary.model_dump().items() if column}
    columns = tuple(_column(key, column, key == file.key, key in summary.values()) for key, column in file.columns.items())
    numbering = Numbering(file.numbering.pattern) if file.numbering else None
    return Table(
        name=file.table,
        title=dict(file.title),
        key=file.key,
        columns=columns,
        aliases=tuple(file.aliases),
        owner=tuple(file.owner),
        numbering=numbering,
        summary=summary,
        note=dict(file.note),
        kept=file.kept,
        gone=file.gone,
    )


def _column(key: str, file: ColumnFile, is_key: bool, in_summary: bool) -> Column:
    return Column(
        key=key,
        title=dict(file.title),
        type=file.type,
        aliases=tuple(file.aliases),
        choices=tuple(file.choices),
        required=file.required or is_key,
        ours=file.ours,
        override=file.override or ("restore" if in_summary else "keep"),
        refers_to=file.refers_to,
        known_as=file.known_as,
        sensitive=file.sensitive,
        note=dict(file.note),
        clause=file.clause,
        width=file.width,
    )


def _policies(reader: Reader, packs: Iterable[str], tables: Mapping[str, Table]) -> dict[str, LoadedPolicy]:
    found: dict[str, LoadedPolicy] = {}
    for pack in packs:
        for file in sorted((reader.folder(pack) / "policies").glob("*.yaml")):
            loaded = reader.read(PolicyFile, file)
            if loaded is None:
                continue
            policy, document = loaded
            if policy.table in reader.unread - tables.keys():
                continue
            if policy.table not in tables:
                reader.problems.append(no_table(policy.table, tables, document, ("table",)))
            elif policy.policy in found:
                other = found[policy.policy].document.file
                reader.problems.append(document.problem(("policy",), f"policy '{policy.policy}' stands in {other} already"))
            else:
                found[policy.policy] = LoadedPolicy(pack, policy, _rules(reader, policy, document), document)
    return found


def _rules(reader: Reader, policy: PolicyFile, document: Document) -> dict[str, Rule]:
    found: dict[str, Rule] = {}
    for position, data in enumerate(policy.rules):
        path: YamlPath = ("rules", position)
        rule = _rule(reader, data, document, path)
        if rule is None:
            continue
        if rule.id in found:
            reader.problems.append(document.problem((*path, "id"), f"rule '{rule.id}' stands twice in policy '{policy.policy}'"))
        found[rule.id] = rule
    return found


def _rule(reader: Reader, data: Mapping[str, Any], document: Document, path: YamlPath) -> Rule | None:
    kind = data.get("kind")
    if kind not in kinds():
        near = closest(str(kind), kinds())
        what = f"rule '{data.get('id', path[-1])}': " + (f"no kind of rule '{kind}'" if kind else "needs 'kind'")
        hints = [f"kinds: {', '.join(kinds())}", *([f"did you mean '{near}'?"] if near and kind else [])]
        reader.problems.append(document.problem((*path, "kind"), what, *hints))
        return None
    rule, problems = validate(
        kinds()[kind], document, path, lambda at, _: f"rule '{data.get('id', path[-1])}': {kind}" if len(at) <= 3 else ""
    )
    reader.problems += problems
    return rule


def _compiled(
    reader: Reader,
    settings: SettingsFile,
    settings_document: Document,
    calendars: Collection[str],
    tables: Mapping[str, Table],
    files: Mapping[str, tuple[TableFile, list[Document]]],
    policies: Mapping[str, LoadedPolicy],
    evaluator: Evaluator,
) -> tuple[Program, Compiler, list[Problem]]:
    longest = longest_hold(settings, settings_document, reader.problems)
    draft = Draft(tables, settings.language, evaluator.parse, settings.due_soon, unread=frozenset(reader.unread))
    gathered = (part.model_dump() for file, _ in files.values() for part in (*file.rollups.values(), *file.in_force.values()))
    evaluator.foresee(texts_in([*gathered, *(policy.file.rules for policy in policies.values())]))
    for name, (file, documents) in files.items():
        add_gathered(draft, tables[name], file, documents[0])
        add_holds(draft, tables[name], documents[0], *longest)
        add_calendar_check(draft, tables[name], documents[0], calendars)
    add_precedence(draft, settings.precedence, settings_document, policies)
    taken: dict[tuple[str, str], str] = {}
    for policy in policies.values():
        computed = computed_names(policy.file.table, files[policy.file.table][0], policies)
        faults = parameter_faults(policy.file, tables[policy.file.table], computed, policy.document)
        reader.problems += [fault.problem for fault in faults]
        positions = {data.get("id"): place for place, data in enumerate(policy.file.rules)}
        for rule in policy.rules.values():
            path, other = ("rules", positions[rule.id]), taken.setdefault((policy.file.table, rule.id), policy.file.policy)
            if other == policy.file.policy:
                rule.compile(Builder(draft, policy.file, rule, policy.document, path, spoilt(faults, policy.file)))
            else:
                what = f"rule '{rule.id}' stands in policy '{other}' of table '{policy.file.table}' too"
                reader.problems.append(policy.document.problem((*path, "id"), what, "ids of rules differ within a table"))
        add_conditions(draft, policy.file, policy.rules, policy.document, spoilt(faults, policy.file))
    compiler = Compiler(draft, evaluator)
    program = compiler.compile()
    reader.problems += [*draft.problems, *told_problems(draft, program, compiler.trees)]
    return program, compiler, [*unused_parameters(policies, draft)]


def texts_in(data: Any) -> Iterator[str]:
    """Every text in plain data, at any depth."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict | list):
        for inner in data.values() if isinstance(data, dict) else data:
            yield from texts_in(inner)


def computed_names(table: str, file: TableFile, policies: Mapping[str, LoadedPolicy]) -> frozenset[str]:
    """The hidden columns of a table: what it gathers, and what its rules compute `as:`."""
    rules = [rule for policy in policies.values() if policy.file.table == table for rule in policy.rules.values()]
    return frozenset({*file.rollups, *file.in_force, *file.running, *(getattr(rule, "as_", None) or "" for rule in rules)})


def unused_parameters(policies: Mapping[str, LoadedPolicy], draft: Draft) -> Iterable[Problem]:
    """A hint for every parameter no rule uses."""
    for name, policy in policies.items():
        for parameter in policy.file.parameters:
            if (name, parameter) not in draft.used_parameters:
                yield policy.document.problem(("parameters", parameter), f"no rule of policy '{name}' uses parameter '{parameter}'")
