"""`init`: the plan of what a workbook lacks, and doing it; beside the wiring, so that it may know the xlsx backend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from automations.apart import ENDING, as_tabs
from automations.choosing import Asked, asked, chosen
from automations.config import Config, load
from automations.headers import find_by_header, find_header, find_tab, table_meant
from automations.measured import UNITS
from automations.model import Grid, Table, Words
from automations.rules.metric import Metric
from automations.workbooks.board import READ, RESULTS, TITLE, Series, headings
from automations.workbooks.newbook import create, tab_title
from automations.workbooks.upgrading import Addition, apply_upgrade, plan_upgrade
from automations.workbooks.xlsx import XlsxWorkbook

WORDS: Mapping[str, Words] = {
    "create": {"zh": "将新建工作簿 {path}：", "en": "would create the workbook {path}:"},
    "upgrade": {"zh": "将补全工作簿 {path}，只增加，不删改：", "en": "would add to the workbook {path}; nothing is removed or moved:"},
    "created": {"zh": "已新建工作簿 {path}：", "en": "created the workbook {path}:"},
    "upgraded": {"zh": "已补全工作簿 {path}：", "en": "added to the workbook {path}:"},
    "empty": {
        "zh": "工作簿 {path} 已齐全，没有要补的。",
        "en": "the workbook {path} has every tab and column that is needed; nothing to do.",
    },
    "tab": {"zh": "  工作表“{tab}”，{count} 列：{names}", "en": "  tab '{tab}', {count} columns: {names}"},
    "columns": {"zh": "  工作表“{tab}”右侧增加 {count} 列：{names}", "en": "  tab '{tab}', {count} columns at the right: {names}"},
    "mended": {"zh": "  工作表“{tab}”修复 {count} 列的查找公式：{names}", "en": "  tab '{tab}', {count} look-up columns mended: {names}"},
    "asked": {
        "zh": "    {packs}要用；没有它，{count}条规则不起作用",
        "en": "    asked for by {packs}; without it {count} rules do nothing",
    },
    "some": {
        "zh": "只要其中几张：runner.py init{branch} --tables 客户，客户订单（写工作表名，逗号隔开）",
        "en": "Only some of them: runner.py init{branch} --tables customers,orders (names of tabs, with commas)",
    },
    "do": {
        "zh": "什么都还没有写。执行：runner.py init{branch}{tables} --yes",
        "en": "Nothing was written yet. To do it: runner.py init{branch}{tables} --yes",
    },
    "next": {"zh": "接下来：runner.py plan{branch}", "en": "Next: runner.py plan{branch}"},
}


@dataclass(frozen=True)
class Step:
    """One tab that is added (`new`), with who wants it, or the columns that are added to one, or whose look-ups are mended."""

    tab: str
    new: bool
    columns: tuple[str, ...]
    mends: bool = False
    asked: Asked | None = None


@dataclass(frozen=True)
class InitResult:
    """What the workbook lacks, and whether it was added."""

    path: Path
    shown: str
    creates: bool
    steps: tuple[Step, ...]
    done: bool
    language: str
    branch: str = ""
    tables: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether the workbook has all that is needed."""
        return not self.steps

    def data(self) -> dict[str, Any]:
        """`{"workbook", "creates", "done", "steps": [{tab, new, columns, asked: {packs, rules}}]}`; `asked` where several packs are on."""
        steps = [{key: value for key, value in asdict(step).items() if value is not None} for step in self.steps]
        return {"workbook": str(self.path), "creates": self.creates, "done": self.done, "steps": steps}

    def text(self) -> str:
        """The plan, and what comes next."""
        if self.empty:
            return self._say("empty")
        head = ("create" if self.creates else "upgrade") + ("d" if self.done else "")
        some = [self._say("some")] if not self.done and not self.tables and any(step.asked for step in self.steps) else []
        lines = [line for step in self.steps for line in self._lines(step)]
        return "\n".join([self._say(head), *lines, *some, self._say("next" if self.done else "do")])

    def _lines(self, step: Step) -> list[str]:
        zh = self.language == "zh"
        names = ("、" if zh else ", ").join(step.columns)
        line = self._say("tab" if step.new else "mended" if step.mends else "columns", tab=step.tab, count=len(step.columns), names=names)
        if self.done or not step.new or not step.asked:
            return [line]
        packs = "".join(f"《{pack}》" for pack in step.asked.packs) if zh else ", ".join(step.asked.packs)
        return [line, self._say("asked", packs=packs, count=step.asked.rules)]

    def _say(self, word: str, **facts: object) -> str:
        return (WORDS[word].get(self.language) or WORDS[word]["en"]).format(
            path=self.shown,
            branch=f" --branch {self.branch}" if self.branch else "",
            tables=f" --tables {','.join(self.tables)}" if self.tables else "",
            **facts,
        )


COUNTED: Words = {"zh": "件数", "en": "Number"}
"""The unit of indicators that count something."""


def init(root: Path, workbook: Path | None = None, *, do: bool = False) -> InitResult:
    """`init_of` for a project folder. Raises ConfigProblems too."""
    return init_of(load(root), workbook, do=do)


def init_of(
    config: Config, workbook: Path | None = None, *, do: bool = False, upgrade: bool = False, tables: Sequence[str] = ()
) -> InitResult:
    """Plan the workbook of the settings (or `workbook`): create it (not to `upgrade`), or add what it lacks; `do` it or only say it.

    Only tables of packs that are switched on; `tables` names the new tabs that are wanted, all without it.
    Raises NoSuchTable, WorkbookBusy, WorkbookUnreadable, WorkbookUnwritable.
    """
    chosen(config, tables)
    if workbook is None and config.settings.workbook.kind == "google":
        found = _at_google(config, do, tables)
    else:
        path = workbook or config.root / config.settings.workbook.path
        found = _upgraded(config, path, do, tables) if upgrade or path.exists() else _created(config, path, do, tables)
    return _with_reasons(replace(found, tables=tuple(tables)), config)


def _with_reasons(found: InitResult, config: Config) -> InitResult:
    """The same, each new tab with the packs that ask for it."""
    wanted = {tab_title(config.tables[name], config.language): who for name, who in asked(config).items()}
    return replace(found, steps=tuple(replace(step, asked=wanted.get(step.tab)) for step in found.steps))


def _created(config: Config, path: Path, do: bool, names: Sequence[str]) -> InitResult:
    language, tables = config.language, as_tabs(chosen(config, names))
    if do:
        create(path, tables, language, board=board_of(config, tables))
    steps = tuple(Step(tab_title(table, language), True, tuple(column.heading(language) for column in table.columns)) for table in tables)
    return InitResult(path, shown(config, path), True, steps, do, language, config.branch)


def board_of(config: Config, tables: Iterable[Table] | None = None) -> list[Series]:
    """What the tab with the charts shows: the monthly indicators of the company; nothing where `tables` lack their results."""
    if RESULTS not in (config.tables if tables is None else {table.name for table in tables}):
        return []
    rules = [rule for policy in config.policies.values() for rule in policy.rules.values()]
    monthly = [each for each in rules if isinstance(each, Metric) and each.subject == "company" and "month" in each.every]
    return [
        Series(_named(each.id, each.title), UNITS.get(each.unit, COUNTED), each.chart and _named(each.id, each.chart)) for each in monthly
    ]


def _named(name: str, words: Words) -> Words:
    """Words in every language; the name where one lacks."""
    return {"zh": name, "en": name, **words}


def _upgraded(config: Config, path: Path, do: bool, names: Sequence[str]) -> InitResult:
    grids = XlsxWorkbook(path, language=config.language).grids()
    tables = _wanted(config, names, grids)
    additions, series = missing(config, grids, as_tabs(tables)), board_of(config, tables)
    board = next((grid for grid in grids if grid.title in TITLE.values()), None)
    there = headings(board.columns) if board else []
    lacks = [each for each in series if each.kpi[config.language] not in there]
    if do:
        apply_upgrade(path, additions, language=config.language)
    if do and lacks:
        _add_charts(config, path, lacks, board)
    steps = [Step(each.tab, not each.header_row, each.headers) for each in additions]
    names = tuple(each.kpi[config.language] for each in lacks)
    steps += [Step(board.title if board else TITLE[config.language], board is None, names)] if lacks else []
    return InitResult(path, shown(config, path), False, tuple(steps), do, config.language, config.branch)


def _add_charts(config: Config, path: Path, series: Sequence[Series], board: Grid | None) -> None:
    """Add the tab with the charts, or what it lacks; the tabs of the tables are there by now, their columns wherever people have them."""
    from automations.workbooks.boardparts import add_board_to, add_more_to

    tables = as_tabs(config.tables.values())
    tabs = tabs_of(tables, XlsxWorkbook(path, language=config.language).grids())
    headers = {table.name: find_header(table, tabs[table.name]) for table in tables if table.name in tabs}
    places: dict[str, Mapping[str, int]] = {name: header.places for name, header in headers.items() if header}
    known = [table for table in tables if table.name in places]
    if not set(READ) <= {*places.get(RESULTS, {})}:
        return
    if board is None:
        add_board_to(path, known, {name: tabs[name].title for name in places}, places, series, config.language)
    else:
        add_more_to(path, board.title, tabs[RESULTS].title, places[RESULTS], series, config.language)


def _wanted(config: Config, names: Sequence[str], grids: Sequence[Grid]) -> list[Table]:
    """The tables that are chosen, and those whose tabs are there."""
    return chosen(config, names, tabs_of(list(config.tables.values()), grids))


def _at_google(config: Config, do: bool, names: Sequence[str]) -> InitResult:
    """The same at Google: every spreadsheet gets the tabs of its tables, and in those it has the columns they lack."""
    from automations.googleboard import add_charts, lacking_charts
    from automations.googlelookups import add_look_ups, broken, lacking, mend, titles
    from automations.googlesetup import add, again, homes

    steps: list[Step] = []
    said_of = []
    for home in homes(config):
        wanted = {table.name for table in _wanted(config, names, home.grids)}
        home = replace(home, tables=tuple(table for table in home.tables if table.name.removesuffix(ENDING) in wanted))
        additions, tabs = missing(config, home.grids, home.tables), tabs_of(home.tables, home.grids)
        look_ups, charts = lacking(config, home, tabs), lacking_charts(config, home, board_of(config))
        lost = broken(config, home, tabs)
        if do:
            mend(config, home, tabs, lost)
            add(config, home, additions, tabs)
        if do and (look_ups or charts):
            now = again(home)
            there = tabs_of(now.tables, now.grids)
            add_look_ups(config, now, there, look_ups)
            if charts:
                add_charts(config, now, charts, there)
        steps += [Step(each.tab, not each.header_row, each.headers) for each in additions]
        steps += [Step(tab, False, columns) for tab, columns in titles(config, tabs, look_ups)]
        steps += [Step(tab, False, columns, mends=True) for tab, columns in titles(config, tabs, lost)]
        steps += [Step(charts.title, charts.sheet_id is None, charts.words(config.language))] if charts else []
        said_of.append(f"{home.sheet.structure().name} ({home.sheet.id})")
    said = ", ".join(said_of)
    return InitResult(Path(said), said, False, tuple(steps), do, config.language, config.branch)


def shown(config: Config, path: Path) -> str:
    """A path as it is said: from the project's folder if it lies in there."""
    return str(path.relative_to(config.root) if path.is_relative_to(config.root) else path)


def missing(config: Config, grids: Sequence[Grid], only: Sequence[Table] | None = None) -> list[Addition]:
    """The tabs a workbook lacks, and in those it has the columns of ours, the required ones and those a rule reads."""
    tables = as_tabs(config.tables.values()) if only is None else list(only)
    tabs = tabs_of(tables, grids)
    used = {place for places in config.program.inputs.values() for place in places}

    def found(table: Table, grid: Grid) -> set[str] | None:
        if tabs.get(table.name) is not grid:
            return None
        header = find_header(table, grid)
        there = {*header.places, *header.doubled} if header else set()
        return there | {each.key for each in table.columns if not (each.ours or each.required or (table.name, each.key) in used)}

    return plan_upgrade(grids, tables, config.language, found)


def tabs_of(tables: Sequence[Table], grids: Sequence[Grid]) -> dict[str, Grid]:
    """The tab of each table, as a run finds it: by its name first, then the tabs left over by their headers."""
    named = {table.name: grid for table in tables if (grid := find_tab(table, grids))}
    free = [grid for grid in grids if not any(grid is taken for taken in named.values())]
    for table in tables:
        if table.name not in named and (grid := find_by_header(table, [each for each in free if table_meant(each, tables) is table])):
            named[table.name] = grid
            free = [other for other in free if other is not grid]
    return named
