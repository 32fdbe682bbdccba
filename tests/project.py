"""Minimal projects for tests: a folder with one pack written from short texts, tables drawn as tables, plans as lines.

    config = loaded(project(tmp_path, policy=POLICY, tables={"complaints": COMPLAINTS}))
    plan = planned(config, {"complaints": DRAWN}, now="2025-09-27 09:00")
    assert changes(plan) == ["TS-1 assign_due: blank -> 2025-09-28 18:00"]

A table is declared by drawn lines `key | title | type and flags | more`, the key column first; after a blank line other keys of the
table file may follow. A policy is the text of its file; `policy`, `title` and `table` are put in when they are not there.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from textwrap import dedent

from automations.cells import shown, typed_list
from automations.config import Config, load
from automations.judging import Judge, Judged, Memory
from automations.model import CellChange, Column, Grid, Transition, Value
from automations.planning import Plan, Remembered, make_plan
from automations.reading import read_snapshot
from automations.releasing import Spoken
from automations.speaking import findings_of, values_at

ROOT = Path(__file__).resolve().parent.parent
FLAGS = ("ours", "required", "sensitive")
SETTINGS = """
    language: zh
    calendar: cn
    admin: admin@example.com
    packs: [care]
"""
PACK = """
    pack: care
    title: { zh: 客户服务, en: Customer care }
"""
CALENDAR = """
    calendar: cn
    title: { zh: 办公日历, en: Office calendar }
    zone: Asia/Shanghai
    country: CN
    weekly: { mon: [09:00-18:00], tue: [09:00-18:00], wed: [09:00-18:00], thu: [09:00-18:00], fri: [09:00-18:00] }
"""


@dataclass(frozen=True)
class Drawn:
    """A table drawn in a test: the headers of the tab, and its rows as texts."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def grid(self, title: str) -> Grid:
        """The tab as a workbook would hold it."""
        return Grid(title, [[header, *(row[place] for row in self.rows)] for place, header in enumerate(self.headers)])


def table(text: str) -> Drawn:
    """A drawn table: one line per row, cells between `|`; the first line is the header, a missing cell is blank."""
    lines = [_cells(line) for line in dedent(text).strip().splitlines() if line.strip(" -|")]
    headers, rows = lines[0], lines[1:]
    return Drawn(headers, tuple((*row, *[""] * (len(headers) - len(row)))[: len(headers)] for row in rows))


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.split("|"))


def project(
    folder: Path,
    *,
    policy: str | Sequence[str] = (),
    tables: Mapping[str, str],
    calendar: str = CALENDAR,
    settings: str = SETTINGS,
    files: Mapping[str, str] | None = None,
) -> Path:
    """Write a project of one pack `care` into the folder; several policies are a list, `files` adds any other file by its path."""
    policies = [policy] if isinstance(policy, str) else [*policy]
    pack = "config/packs/care"
    texts = {"config/settings.yaml": settings, "config/calendars/cn.yaml": calendar, f"{pack}/pack.yaml": PACK}
    texts |= {f"{pack}/tables/{name}.yaml": table_file(name, text) for name, text in tables.items()}
    texts |= {f"{pack}/policies/{_policy_name(n)}.yaml": policy_file(_policy_name(n), each, tables) for n, each in enumerate(policies)}
    for name, text in {**texts, **(files or {})}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(dedent(text).lstrip("\n"), encoding="utf-8")
    shutil.copytree(ROOT / "templates" / "notices", folder / "templates" / "notices", dirs_exist_ok=True)
    return folder


def _policy_name(number: int) -> str:
    return "handling" if number == 0 else f"handling-{number + 1}"


def table_file(name: str, text: str) -> str:
    """The YAML of a table from its drawn columns and what follows them."""
    columns, _, rest = dedent(text).strip("\n").partition("\n\n")
    drawn = [_cells(line) for line in columns.splitlines()]
    lines = [f"  {line[0]}: {{ {', '.join(_keys(line))} }}" for line in drawn]
    return "\n".join([f"table: {name}", f"title: {name}", f"key: {drawn[0][0]}", "columns:", *lines, dedent(rest), ""])


def _keys(line: Sequence[str]) -> list[str]:
    title, words, more = [*line[1:], "", "", ""][:3]
    kind = [f"type: {word}" for word in words.split() if word not in FLAGS]
    return [f'title: "{title or line[0]}"', *kind, *(f"{flag}: true" for flag in FLAGS if flag in words.split()), *([more] if more else [])]


def policy_file(name: str, text: str, tables: Mapping[str, str]) -> str:
    """The YAML of a policy, its first keys put in when the text leaves them out."""
    body = dedent(text).strip("\n")
    told = {line.partition(":")[0] for line in body.splitlines()}
    first = {"policy": name, "title": name, "table": next(iter(tables))}
    return "\n".join([*(f"{key}: {value}" for key, value in first.items() if key not in told), body, ""])


def loaded(root: Path) -> Config:
    """The configuration of a project."""
    return load(root)


def judged(config: Config, tables: Mapping[str, str | Drawn], now: str, transitions: Sequence[Transition] = ()) -> Judged:
    """The drawn tables judged at that moment; `transitions` are what the ledger has seen of watched conditions."""
    moment = datetime.fromisoformat(now)
    grids = [(table(text) if isinstance(text, str) else text).grid(config.tables[name].heading("zh")) for name, text in tables.items()]
    snapshot = read_snapshot("test", grids, [config.tables[name] for name in tables], moment.date())
    return Judge(config.program, config.evaluator, config.calendar, config.tables).judge(snapshot, Memory(transitions), moment)


def planned(config: Config, tables: Mapping[str, str | Drawn], now: str, transitions: Sequence[Transition] = ()) -> Plan:
    """The plan for the drawn tables, nobody mailed; what already stands in a column of ours counts as written by the program."""
    found = judged(config, tables, now, transitions)
    remembered = Remembered(False, lambda places: _standing(found, places), {}, None, {})
    return make_plan(found, config, remembered, findings_of(found), [], Spoken(), [], datetime.fromisoformat(now), "sweep")


def _standing(found: Judged, places: Sequence[tuple[str, str, str]]) -> dict[tuple[str, str, str], Value]:
    standing: dict[tuple[str, str, str], Value] = {}
    for place in places:
        name, key, column = place
        sheet, row = found.snapshot.sheets[name], list(found.evaluation.keys(name)).index(key)
        standing[place] = typed_list(sheet.frame[column], [row], sheet.table.column(column) or Column(column, {}))[0]
    return standing


def changes(plan: Plan) -> list[str]:
    """The cells a plan would write, as lines: `TS-1 assign_due: blank -> 2025-09-28 18:00`."""
    return [f"{each.key} {each.column}: {cell(each.old)} -> {cell(each.new)}" for each in plan.changes]


def findings(plan: Plan) -> list[str]:
    """What a plan finds, as lines: `TS-1 scope-known category: 请填写投诉类别`."""
    return [f"{each.key} {each.rule.partition('/')[2]} {each.column or '-'}: {each.sentence.get('zh', '')}" for each in plan.findings]


def cells(found: Judged, name: str, *columns: str) -> list[str]:
    """Columns of a judged table (also hidden ones such as `assign.due`), one line per row."""
    count = found.evaluation.count(name)
    values = [values_at(found.evaluation, name, column, range(count)) for column in columns]
    return [" | ".join(cell(column[row]) for column in values) for row in range(count)]


def cell(value: Value) -> str:
    """A value as a test writes it: `blank`, `2025-09-28 18:00`, `1234.50`, `是`."""
    return "blank" if value is None else shown(value, "text", "zh")


def change_of(plan: Plan, key: str, column: str) -> CellChange:
    """The one change of a cell."""
    return next(each for each in plan.changes if (each.key, each.column) == (key, column))


def seen(name: str, key: str, watch: str, *moments: str) -> list[Transition]:
    """The ledger's log of a watched condition that was false, then turned at each of these moments."""
    whens = [datetime.fromisoformat(moment) for moment in moments]
    before = [None, *whens]
    return [
        Transition(name, key, watch, place % 2 == 1 if place else None, place % 2 == 0, when, before[place])
        for place, when in enumerate(whens)
    ]
