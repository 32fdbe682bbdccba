"""`doctor`: is everything there to run; looks everywhere, touches nothing. Beside the wiring, so that it may know the backends."""

from __future__ import annotations

import os
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from automations.branchfile import branch_of
from automations.checking import other_problems
from automations.config import Config, Reader, load
from automations.declarations import SettingsFile
from automations.doctorline import Line, State, same
from automations.errors import ConfigProblems, Problem, WorkbookBusy, WorkbookUnreadable
from automations.ledgerdoctor import ledger_lines
from automations.maildoctor import mail_lines
from automations.model import Sheet, SheetProblem, Words
from automations.reading import read_snapshot
from automations.staffdoctor import post_lines, staff_lines
from automations.workbooks.saving import refuse_if_open
from automations.workbooks.xlsx import XlsxWorkbook

OLDEST_PYTHON = (3, 11)
WARN_BEFORE = timedelta(days=60)
"""How long before the announced holidays end the admin is told."""
MOST_SHOWN = 6
NOTICES = ("templates", "notices")
MARKS: Mapping[State, Words] = {
    "ok": {"zh": "正常", "en": "ok     "},
    "warning": {"zh": "注意", "en": "warning"},
    "failed": {"zh": "错误", "en": "failed "},
}
INIT = {
    "zh": "先看再补全：runner.py init，然后 runner.py init --yes",
    "en": "look, then add them: runner.py init, then runner.py init --yes",
}


@dataclass(frozen=True)
class Doctor:
    """Everything that was looked at, in order."""

    lines: tuple[Line, ...]
    language: str

    @property
    def failed(self) -> bool:
        """Whether something is so wrong that a run cannot do its work."""
        return any(line.state == "failed" for line in self.lines)

    def data(self) -> dict[str, Any]:
        """`{"failed": bool, "lines": [{state, what, remedy}]}`."""
        return {"failed": self.failed, "lines": [asdict(line) for line in self.lines]}

    def text(self) -> str:
        """One line for each thing, its remedy below it, and the counts."""
        counts = [sum(line.state == state for line in self.lines) for state in MARKS]
        zh, en = "{} 项正常，{} 项注意，{} 项错误。", "{} ok, {} warnings, {} failed."
        return "\n".join([*(row for line in self.lines for row in self._rows(line)), (zh if self.language == "zh" else en).format(*counts)])

    def _rows(self, line: Line) -> Iterator[str]:
        yield f"{self._in(MARKS[line.state])}  {self._in(line.what)}"
        if line.remedy:
            yield f"{' ' * (6 if self.language == 'zh' else 9)}-> {self._in(line.remedy)}"

    def _in(self, words: Words) -> str:
        return words.get(self.language) or words["en"]


def doctor(root: Path, workbook: Path | None, now_of: Callable[[Config], datetime], branch: str = "") -> Doctor:
    """Look at the installation, the configuration, the calendar, the workbook, the ledger and the outbox; nothing is written.

    Of several workbooks at the one of the branch.
    """
    lines = [*_python(), *_packages(root / "pyproject.toml")]
    try:
        config = branch_of(load(root), branch)
    except ConfigProblems as error:
        return Doctor((*lines, _problems(error.problems)), _language(root))
    now = now_of(config)
    lines += [*_configuration(config), *calendar_lines(config, now.date()), *_tables(config, workbook, now)]
    lines += [*ledger_lines(config, workbook, now), *mail_lines(config)]
    return Doctor(tuple(_from_root(line, config.root) for line in lines), config.language)


def _from_root(line: Line, root: Path) -> Line:
    """The line with paths inside the project said from its folder."""
    return replace(line, what={language: text.replace(f"{root}{os.sep}", "") for language, text in line.what.items()})


def _language(root: Path) -> str:
    """The language of settings that can be read, though other files cannot."""
    reader = Reader(root.resolve())
    settings = reader.read(SettingsFile, reader.root / "config" / "settings.yaml")
    return settings[0].language if settings else "zh"


def _python() -> Iterator[Line]:
    said = ".".join(map(str, sys.version_info[:3]))
    good = sys.version_info >= OLDEST_PYTHON
    remedy = None if good else same("Python 3.11+: https://www.python.org/downloads/")
    yield Line("ok" if good else "failed", same(f"Python {said}"), remedy)


def _packages(project: Path) -> Iterator[Line]:
    """The packages that pyproject.toml asks for."""
    if not project.is_file():
        return
    wanted = tomllib.loads(project.read_text("utf-8")).get("project", {}).get("dependencies", [])
    names = [re.split(r"[^\w.-]", each, maxsplit=1)[0] for each in wanted]
    lacking = [name for name in names if not _installed(name)]
    if lacking:
        remedy = {"zh": "安装：pip install -r requirements.lock", "en": "install them: pip install -r requirements.lock"}
        said = ", ".join(lacking)
        yield Line("failed", {"zh": f"缺少软件包：{said}", "en": f"packages are missing: {said}"}, remedy)
    else:
        yield Line("ok", {"zh": f"软件包：{len(names)} 个都已安装", "en": f"packages: all {len(names)} are installed"})


def _installed(name: str) -> bool:
    try:
        return bool(version(name))
    except PackageNotFoundError:
        return False


# Configuration and calendar


def _problems(problems: Sequence[Problem], zh: str = "配置", en: str = "configuration") -> Line:
    first, count = problems[0], len(problems)
    what = {"zh": f"{zh}：{count} 个问题，第一个：{first}", "en": f"{en}: {count} problem{'s' * (count != 1)}, the first: {first}"}
    return Line("failed", what, {"zh": "全部列出：runner.py check", "en": "list them all: runner.py check"})


def _configuration(config: Config) -> Iterator[Line]:
    found = other_problems(config)
    templates = [problem for problem in found if Path(problem.file).parts[:2] == NOTICES]
    problems = [problem for problem in found if problem not in templates]
    rules, packs = sum(len(policy.rules) for policy in config.policies.values()), ", ".join(config.packs)
    good = {"zh": f"配置：{rules} 条规则（{packs}）", "en": f"configuration: {rules} rules ({packs})"}
    yield _problems(problems) if problems else Line("ok", good)
    yield _problems(templates, "模板", "templates") if templates else Line("ok", {"zh": "邮件模板", "en": "templates"})


def calendar_lines(config: Config, today: date) -> Iterator[Line]:
    """Whether the announced holidays, and the calendar itself, reach far enough from today."""
    calendar, name = config.calendar, config.settings.calendar
    until, last = calendar.official_until, calendar.last
    place = f"config/calendars/{name}.yaml"
    remedy = {
        "zh": f"更新 holidays 包，或在 {place} 写上新一年的放假和补班日并改 official_until",
        "en": f"get a newer `holidays` package, or write the new year's days into {place} and set official_until",
    }
    if not calendar.first <= today <= last - WARN_BEFORE:
        said = {
            "zh": f"日历 {name} 只到 {last}，再往后算不出期限",
            "en": f"calendar '{name}' ends on {last}; due dates beyond cannot be computed",
        }
        yield Line("failed" if not calendar.first <= today <= last else "warning", said, remedy)
    elif today > until - WARN_BEFORE:
        said = {
            "zh": f"日历 {name} 的官方放假安排到 {until} 为止，之后的期限是暂定的",
            "en": f"calendar '{name}': the official schedule ends on {until}; due dates after it are provisional",
        }
        yield Line("warning", said, remedy)
    else:
        yield Line("ok", {"zh": f"日历 {name}：放假安排到 {until}", "en": f"calendar '{name}': official until {until}"})


# Workbook and tables


def _tables(config: Config, workbook: Path | None, now: datetime) -> Iterator[Line]:
    """Where the tables live: a file, or spreadsheets at Google."""
    if workbook is None and config.settings.workbook.kind == "google":
        from automations.googledoctor import google_lines

        return google_lines(config, now)
    return _workbook(config, workbook or config.root / config.settings.workbook.path, now)


def _workbook(config: Config, path: Path, now: datetime) -> Iterator[Line]:
    try:
        workbook = XlsxWorkbook(path, language=config.language)
        grids = workbook.grids()
    except WorkbookUnreadable as error:
        yield Line("failed", {"zh": f"工作簿：{error}", "en": f"workbook: {error}"}, None if path.exists() else INIT)
        return
    yield Line("ok", {"zh": f"工作簿 {path}：{len(grids)} 个工作表", "en": f"workbook {path}: {len(grids)} tabs"})
    yield from _closed(path, config.language)
    snapshot = read_snapshot(workbook.name, grids, list(config.tables.values()), now.date())
    for name in config.tables:
        troubles = [problem for problem in snapshot.problems if problem.table == name]
        yield from table_lines(snapshot.sheets.get(name), troubles)
    yield from staff_lines(snapshot.sheets.get("staff"), config)
    yield from post_lines(snapshot.sheets.get("staff"), config)


def _closed(path: Path, language: str) -> Iterator[Line]:
    """Whether the workbook could be written now."""
    try:
        refuse_if_open(path, language)
    except WorkbookBusy as error:
        yield Line("warning", same(str(error)), {"zh": "关闭后再运行", "en": "close it before the next run"})
    if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        remedy = {"zh": f"允许写入 {path.name} 和文件夹 {path.parent}", "en": f"allow writing to {path.name} and its folder {path.parent}"}
        yield Line("failed", {"zh": f"工作簿 {path.name} 不能写入", "en": f"workbook {path.name} cannot be written"}, remedy)


def table_lines(sheet: Sheet | None, problems: Sequence[SheetProblem]) -> Iterator[Line]:
    """A table's tab, its header row, and what it lacks."""
    if sheet:
        tab, row, count = sheet.tab, sheet.header_row, len(sheet.rows)
        yield Line(
            "ok", {"zh": f"工作表“{tab}”：表头在第 {row} 行，{count} 行数据", "en": f"tab '{tab}': header in row {row}, {count} rows"}
        )
        yield from _ours_missing(sheet)
    for problem in problems:
        addable = problem.code in ("tab missing", "tab absent", "header missing") and not (problem.code == "tab missing" and sheet)
        yield Line("failed" if problem.stops else "warning", problem.what, INIT if addable else None)


def _ours_missing(sheet: Sheet) -> Iterator[Line]:
    lacking = [column for column in sheet.table.columns if column.ours and column.key not in sheet.frame]
    if not lacking:
        return
    rest = len(lacking) - MOST_SHOWN
    zh, en = (", ".join(column.heading(language) for column in lacking[:MOST_SHOWN]) for language in ("zh", "en"))
    more = f" (+{rest})" if rest > 0 else ""
    said = {
        "zh": f"工作表“{sheet.tab}”缺少由表管家填写的列：{zh}{more}",
        "en": f"tab '{sheet.tab}' lacks columns that Rowkeeper fills: {en}{more}",
    }
    yield Line("warning", said, INIT)
