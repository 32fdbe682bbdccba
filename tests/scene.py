"""A stage for whole runs: the shipped configuration, a workbook drawn in the test, a ledger, a channel and the real templates.

    stage = scene(complaints='''
        complaint_no | received_at      | customer_id | content  | recorded_by
        TS-1         | 2025-09-26 16:30 | KH-1        | 有异味   | YG-01
    ''', staff=STAFF)
    stage.run("2025-09-26 17:00")
    assert stage.cells("complaints", "status") == ["TS-1 已记录"]

Tables are drawn under the keys of their columns (or any header); the other columns are put in as `init` would, unless `only=True`.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd

from automations.apart import as_tabs, laid_out
from automations.asking import Answer, Undone, explain_row, undo_run
from automations.cells import parse_column, shown, typed
from automations.channels.memory import MemoryChannel
from automations.config import Config, load
from automations.judging import Judge
from automations.ledgers.memory import MemoryLedger
from automations.ledgers.protocol import Ledger
from automations.model import Column, Grid, Mail, Table
from automations.planning import Plan
from automations.rendering import Renderer
from automations.run import Run, World, plan_once, read, run_once
from automations.workbooks.memory import MemoryWorkbook, held
from automations.workbooks.protocol import Workbook, header_text, plain_text
from automations.workbooks.xlsx import XlsxWorkbook
from tests.project import cell, table

ROOT = Path(__file__).resolve().parent.parent
Rows = list[list[Any]]

STAFF = """
    staff_id | staff_name | department | role       | superior | email             | status
    YG-01    | 陈立       | 市场部     | 业务员     | YG-02    | chen@example.com  | 在职
    YG-02    | 王敏       | 市场部     | 市场部部长 | YG-09    | wang@example.com  | 在职
    YG-03    | 李客       | 客服部     | 客服主管   | YG-09    | li@example.com    | 在职
    YG-04    | 赵副       | 总经办     | 营销副总   | YG-09    | zhao@example.com  | 在职
    YG-05    | 钱经理     | 销售部     | 销售经理   | YG-04    | qian@example.com  | 在职
    YG-09    | 孙总       | 总经办     | 总经理     |          | sun@example.com   | 在职
"""
CUSTOMERS = """
    customer_id | customer_name
    KH-1        | 甲商贸
"""


@cache
def shipped() -> Config:
    """The configuration that ships, loaded once for all tests."""
    return load(ROOT)


@cache
def _judge() -> Judge:
    config = shipped()
    return Judge(config.program, config.evaluator, config.calendar, config.tables)


@cache
def renderer() -> Renderer:
    """The templates that ship."""
    return Renderer(ROOT / "templates" / "notices")


@dataclass(frozen=True, eq=False)
class Scene:
    """A world, and what tests ask of it."""

    world: World

    @property
    def book(self) -> MemoryWorkbook:
        """The workbook, where it is one in memory."""
        assert isinstance(self.world.workbook, MemoryWorkbook)
        return self.world.workbook

    @property
    def sent(self) -> list[Mail]:
        """Every mail that has left."""
        assert isinstance(self.world.channel, MemoryChannel)
        return self.world.channel.sent

    def run(self, now: str, *, force: bool = False) -> Run:
        """One run at a moment."""
        return run_once(self.world, datetime.fromisoformat(now), force=force)

    def plan(self, now: str) -> Plan:
        """What a run would do."""
        return plan_once(self.world, datetime.fromisoformat(now))[0]

    def undo(self, run: int, now: str) -> Undone:
        """Take a run back."""
        return undo_run(self.world, run, datetime.fromisoformat(now))

    def explain(self, name: str, key: str, now: str) -> Answer:
        """Every rule about a row."""
        return explain_row(self.world, name, key, datetime.fromisoformat(now))

    def letters(self, now: str) -> list[str]:
        """Run, and say which mails left: `chen@example.com: subject`."""
        before = len(self.sent)
        self.run(now)
        return [f"{mail.to}: {mail.subject}" for mail in self.sent[before:]]

    def cells(self, name: str, *columns: str) -> list[str]:
        """Columns of the workbook as it stands, one line per row: `TS-1 已记录 | 2025-09-28 18:00`; blanks are `-`."""
        snapshot, _ = read(self.world, datetime(2026, 1, 1))
        sheet = snapshot.sheets[name]
        declared = [sheet.table.column(each) or Column(each, {}) for each in (sheet.table.key, *columns)]
        found = [[typed(sheet.frame[each.key], row, each) for each in declared] for row in range(len(sheet.rows))]
        return [f"{line[0]} " + " | ".join("-" if value is None else cell(value) for value in line[1:]) for line in found]

    def raw(self) -> dict[str, Rows]:
        """Everything that stands in the workbook, by tab."""
        return {grid.title: [list(row) for row in zip(*grid.columns, strict=True)] for grid in self.world.workbook.grids()}

    def heading(self, name: str, column: str) -> str:
        """The header of a column in the sheet."""
        declared = self.world.config.tables[name].column(column)
        return declared.heading("zh") if declared else column

    def title(self, name: str) -> str:
        """The tab of a table."""
        return self.world.config.tables[name].heading("zh")

    def edit(self, name: str, column: str, key: str, value: Any) -> None:
        """What staff type into one cell; the key stands in the first column."""
        self.book.edit(self.title(name), self.heading(name, column), key, value)

    def edit_ours(self, name: str, column: str, key: str, value: Any) -> None:
        """What somebody types into a cell of the tab of ours of a table apart."""
        self.book.edit(as_tabs([self.world.config.tables[name]])[-1].heading("zh"), self.heading(name, column), key, value)

    def staff(self, name: str, change: Callable[[Rows], Rows], *, ours: bool = False) -> None:
        """What staff do to a whole tab (or to the tab of `ours` of a table apart); in a real file another program saves it."""
        title = as_tabs([self.world.config.tables[name]])[-1 if ours else 0].heading("zh")
        if isinstance(self.world.workbook, XlsxWorkbook):
            retyped(self.world.workbook.path, title, change)
        else:
            self.book.tabs[title] = change(self.book.tabs[title])

    def ours(self, name: str) -> dict[str, list[str]]:
        """Every filled cell of ours by key: `{"TS-1": ["status=已记录"]}`."""
        columns = [column.key for column in self.world.config.tables[name].columns if column.ours]
        snapshot, _ = read(self.world, datetime(2026, 1, 1))
        there = [column for column in columns if column in snapshot.sheets[name].frame]
        lines = {column: dict(line.split(" ", 1) for line in self.cells(name, column)) for column in there}
        keys = [line.split(" ", 1)[0] for line in self.cells(name, there[0])]
        return {key: [f"{column}={lines[column][key]}" for column in there if lines[column][key] != "-"] for key in sorted(keys)}

    def with_world(self, **parts: Any) -> Scene:
        """The same scene with other parts."""
        return Scene(replace(self.world, **parts))


def scene(
    folder: Path | None = None,
    *,
    config: Config | None = None,
    ledger: Ledger | None = None,
    only: bool = False,
    quiet_hours: bool = False,
    apart: bool = False,
    **drawn: str,
) -> Scene:
    """A world of the shipped configuration around drawn tables; with a folder the workbook is a real .xlsx file in it.

    Readers are told at any hour, so that a test can look at the very second of a rung; `quiet_hours=True` is as shipped.
    With `apart` our columns stand in tabs of their own, as `init` makes them.
    """
    known = config or settings(quiet_hours=quiet_hours)
    known = replace(known, tables=laid_out(known.tables, "all")) if apart else known
    tabs = {title: rows for name, text in drawn.items() for title, rows in _tabs(known.tables[name], text, only=only)}
    workbook: Workbook = xlsx(folder / "团队台账.xlsx", tabs) if folder else MemoryWorkbook("团队台账", tabs)
    ships = shipped.cache_info().currsize and known.program is shipped().program  # a small project need not wait for the shipped one
    judge = _judge() if ships else Judge(known.program, known.evaluator, known.calendar, known.tables)
    return Scene(World(known, workbook, ledger or MemoryLedger(), MemoryChannel(), renderer(), judge))


def _tabs(declared: Table, text: str, *, only: bool) -> Iterator[tuple[str, Rows]]:
    """The drawn tab of a table, and beside one that is apart the tab of ours, still without rows."""
    first, *more = as_tabs([declared])
    yield first.heading("zh"), tab(first, text, only=only)
    yield from ((each.heading("zh"), [[column.heading("zh") for column in each.columns]]) for each in more)


def tab(declared: Table, text: str, *, only: bool = False) -> Rows:
    """The rows of a tab from a drawn table: headers in Chinese, cells typed, the columns not drawn (unless `only`) to the right."""
    drawn = table(text)
    columns = [declared.column(header) for header in drawn.headers]
    headers: list[Any] = [column.heading("zh") if column else header for column, header in zip(columns, drawn.headers, strict=True)]
    more = [column for column in declared.columns if column.key not in drawn.headers and not only]
    rows = [[_cell(value, column) for value, column in zip(row, columns, strict=True)] + [None] * len(more) for row in drawn.rows]
    return [headers + [column.heading("zh") for column in more], *rows]


def _cell(text: str, column: Column | None) -> Any:
    """A drawn cell as a spreadsheet holds it; what its column cannot read stays the text it is."""
    if not text:
        return None
    if column is None or column.type in ("text", "choice", "reference", "phone", "email"):
        return text
    array, odd = parse_column([text], column)
    return text if odd else held(typed(pd.Series(array), 0, column))


def xlsx(path: Path, tabs: Mapping[str, Rows]) -> XlsxWorkbook:
    """A real workbook file with these tabs, as another program would write it."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in tabs.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return XlsxWorkbook(path)


def retyped(path: Path, title: str, change: Callable[[Rows], Rows]) -> None:
    """A tab of a file changed and saved by another program."""
    book = openpyxl.load_workbook(path)
    rows = change([list(row) for row in book[title].iter_rows(values_only=True)])
    place = book.sheetnames.index(title)
    book.remove(book[title])
    sheet = book.create_sheet(title, place)
    for row in rows:
        sheet.append(row)
    book.save(path)


def settings(**changed: Any) -> Config:
    """The shipped configuration with some settings changed (quiet hours off, unless said), compiled only once."""
    known = shipped()
    return replace(known, settings=known.settings.model_copy(update={"quiet_hours": False, **changed}))


def lines_of(plan: Plan) -> list[str]:
    """The cells a plan would write: `TS-1 status: blank -> 已记录`."""
    return [f"{each.key} {each.column}: {cell(each.old)} -> {cell(each.new)}" for each in plan.changes]


def found_in(plan: Plan, *rules: str) -> list[str]:
    """What a plan finds, by key, rule and column; of all rules, or of those named."""
    return [
        f"{each.key} {each.rule} {each.column or '-'}"
        for each in plan.findings
        if not rules or each.rule.partition("/")[2] in rules or each.rule in rules
    ]


def plainly(text: str) -> str:
    """A text without the choice between full and half width, for sentences that are tested word for word elsewhere."""
    return unicodedata.normalize("NFKC", text).replace("“", '"').replace("”", '"').replace(", ", ",")


def does_nothing(plan: Plan) -> bool:
    """Whether a plan has neither cells nor numbers nor mails nor notices."""
    return plan.empty and not plan.brakes


def everything_said(plan: Plan) -> str:
    """Every word a plan could show anybody: cells, findings, notices and mails."""
    mails = "\n".join(f"{mail.subject}\n{mail.text}\n{mail.html}" for mail in plan.mails)
    return json.dumps(json.loads(plan.as_json()), ensure_ascii=False) + mails


def same_header(one: Any, other: str) -> bool:
    """Whether a header cell says this."""
    return header_text(one) == header_text(other)


__all__ = [
    "CUSTOMERS",
    "ROOT",
    "STAFF",
    "Grid",
    "Scene",
    "does_nothing",
    "everything_said",
    "found_in",
    "lines_of",
    "plain_text",
    "plainly",
    "scene",
    "settings",
    "shipped",
    "shown",
    "tab",
    "xlsx",
]
