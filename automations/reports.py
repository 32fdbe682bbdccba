"""Reports people read: a plan as text or as a page, and a run as a few lines."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from automations.config import Config
from automations.model import Change, Words
from automations.planning import Plan
from automations.rendering import cleaned_text
from automations.reportlines import LONGEST_CELL, Line
from automations.reporttext import Listed, Reason, Report, TableReport, Voice, columns_of, grouped, problems_of, report_of
from automations.run import Run
from automations.speaking import aside
from automations.waitingtext import waiting_sections

PAGE_LIMIT, PAGE_MAILS = 200, 60
"""Cells of one table, and mails, that a page shows; the true totals are always said."""
EVERYTHING = 1_000_000
INK = {"bold": "1", "red": "31;1", "green": "32", "grey": "2"}
WIDEST = (12, 24, 20, 24, 40, 40)
"""The widest a column of changed cells may be in a terminal: row, key, column, old, new, rule."""
LAYOUT: Mapping[str, Words] = {
    "head": {"zh": "计划 {facts}", "en": "plan {facts}"},
    "brakes": {"zh": "安全闸已拦下，不会写入，也不会发信：", "en": "Stopped by a brake; nothing would be written or sent:"},
    "table": {"zh": "{heading}：{total} 个单元格（共 {rows} 行）", "en": "{heading}: {cells} ({rows} rows)"},
    "more": {"zh": "… 另有 {hidden}，共 {total}；加 --all 全部列出", "en": "… {hidden} more, {total} in all; --all lists them"},
    "keys": {"zh": "新编号 {n} 个", "en": "New row numbers: {n}"},
    "rows": {"zh": "新增的行 {n} 行", "en": "Rows to be appended: {n}"},
    "overrides": {"zh": "有人改过、保持不动的单元格 {n} 个", "en": "Cells people changed, left alone: {n}"},
    "ours": {"zh": "表里 {old}，按规则应为 {new}", "en": "holds {old}, by the rules {new}"},
    "mails": {"zh": "将发出的邮件 {n} 封", "en": "Mails to go out: {n}"},
    "held": {"zh": "不发信的通知 {n} 条", "en": "Notices without a mail: {n}"},
    "findings": {"zh": "发现的问题 {n} 个", "en": "Findings: {n}"},
    "example": {"zh": "例：{text}", "en": "e.g. {text}"},
    "lacking": {"zh": "不适用的规则 {n} 条，表里没有它们要看的列", "en": "Rules not applicable: {n}, the tables lack a column they need"},
    "list them": {"zh": "；加 --all 全部列出", "en": "; --all lists them"},
    "lacks": {"zh": "缺 {place}：{rules}", "en": "no {place}: {rules}"},
    "problems": {"zh": "工作表的问题 {n} 个", "en": "Trouble with tabs: {n}"},
    "left out": {"zh": "本表没有处理", "en": "the table is left out"},
    "no table": {
        "zh": "工作簿里没有一张用得上的工作表，什么都没有检查。先看再补全：runner.py init，然后 runner.py init --yes",
        "en": "no tab of the workbook can be used, nothing was checked; look, then add tabs: runner.py init, then runner.py init --yes",
    },
    "row": {"zh": "第 {n} 行", "en": "row {n}"},
    "run": {"zh": "第 {id} 次运行：{done}。", "en": "Run {id}: {done}."},
    "wrote": {"zh": "写入 {cells}", "en": "{cells} written"},
    "sent": {"zh": "发出 {mails}", "en": "{mails} sent"},
    "did nothing": {"zh": "没有要做的事", "en": "nothing to do"},
    "forced": {"zh": "安全闸曾要求停下，本次强制执行：", "en": "Forced past a brake:"},
    "refused": {"zh": "没有写入 {n} 个，下次运行再看", "en": "Not written: {n}; the next run looks again"},
    "failed": {"zh": "没有发出 {n} 封", "en": "Mails not sent: {n}"},
    "standing": {"zh": "表里还有 {findings}待改正", "en": "{findings} stand in the tables"},
    "deferred": {"zh": "{notices}等对方上班再发", "en": "{notices} wait until the reader is at work"},
    "undo": {"zh": "撤销本次写入：runner.py undo {id}", "en": "to take the writing back: runner.py undo {id}"},
}


@dataclass(frozen=True)
class Paper:
    """How lines are laid out in a terminal: in which language, with or without colour."""

    voice: Voice
    colour: bool = False
    everything: bool = False

    def say(self, name: str, **values: object) -> str:
        return self.voice.of(LAYOUT[name]).format(**values)

    def ink(self, text: str, name: str) -> str:
        return f"\x1b[{INK[name]}m{text}\x1b[0m" if self.colour and text else text

    def ruled(self, each: Line | Reason) -> str:
        """A rule with its clause in brackets."""
        return each.rule + aside(each.clause, self.voice.language)

    def heading(self, name: str, number: int) -> str:
        return "\n" + self.ink(self.say(name, n=f"{number:,}"), "bold")

    def more(self, items: Listed[object]) -> list[str]:
        """The line that says how many are not shown; none when all are."""
        said = self.say("more", hidden=f"{items.hidden:,}", total=f"{items.total:,}")
        return ["  " + self.ink(said, "grey")] if items.hidden else []


def plan_text(plan: Plan, config: Config, *, language: str, limit: int = 20, everything: bool = False, colour: bool = False) -> str:
    """A plan for the terminal, the sentence first. Every list shows `limit` items and the true total; `everything` shows all."""
    shown = EVERYTHING if everything else limit
    report = report_of(plan, config, language, shown, shown)
    paper = Paper(Voice(config, language), colour, everything)
    facts = " · ".join(map(one_line, (report.fingerprint, report.workbook, report.automation, report.now, report.read)))
    lines = [paper.ink(one_line(report.sentence), "bold"), paper.ink(paper.say("head", facts=facts), "grey")]
    for part in (_brakes, _tables, _rows, _keys, _overrides, _mails, _held):
        lines += part(report, paper)
    lines += _waiting(plan, paper)
    for part in (_findings, _lacking, _problems):
        lines += part(report, paper)
    return "\n".join(lines)


def plan_html(plan: Plan, config: Config, language: str) -> str:
    """A plan as one self-contained page for a manager: no scripts, nothing loaded from elsewhere, every cell escaped."""
    report, waiting = report_of(plan, config, language, PAGE_LIMIT, PAGE_MAILS), waiting_sections(plan, Voice(config, language))
    return page(config.root, "plan.html.j2", report=report, waiting=waiting, zh=language == "zh")


def page(root: Path, template: str, **facts: object) -> str:
    """A page of templates/reports with these facts, everything escaped."""
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    loader = FileSystemLoader(root / "templates" / "reports")
    environment = ImmutableSandboxedEnvironment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["thousands"] = "{:,}".format
    return environment.get_template(template).render(**facts)


def run_text(run: Run, config: Config, language: str) -> str:
    """What a run did, in a few lines: written, sent, refused, failed, and how to take it back."""
    paper, receipt = Paper(Voice(config, language)), run.receipt
    lines = [paper.say("run", id=receipt.run_id, done=_done(run, paper))]
    lines += [f"  {line}" for line in _written(receipt.written.written, paper.voice)]
    lines += _unread(run.plan, paper)
    forced = [*run.plan.brakes, *(run.plan.sorted.tripped if not run.plan.held else ())]
    if forced:
        lines += [paper.say("forced"), *(f"  {one_line(paper.voice.of(brake.words))}" for brake in forced)]
    lines += _refused(receipt.written.refused, paper)
    if run.plan.deferred:
        lines.append(ended(paper.say("deferred", notices=paper.voice.count("notices", len(run.plan.deferred))), language))
    if receipt.mails_failed:
        lines += [paper.say("failed", n=len(receipt.mails_failed)), *(f"  {one_line(each)}" for each in receipt.mails_failed)]
    lines += [each[language] for each in run.heard]
    for section in waiting_sections(run.plan, paper.voice):
        lines += [section.title, *(f"  {line}" for line in section.lines)]
    if run.plan.findings:
        lines.append(ended(paper.say("standing", findings=paper.voice.count("findings", len(run.plan.findings))), language))
    if receipt.written.written:
        lines.append(paper.say("undo", id=receipt.run_id))
    return "\n".join(lines)


def _unread(plan: Plan, paper: Paper) -> Iterable[str]:
    """What a run could not look at: else a table that nobody reads any more would look like one in which all is well."""
    told = [problem for problem in plan.problems if problem.code != "tab absent"]
    if told:
        yield paper.say("problems", n=len(told))
        yield from _troubles(problems_of(told, paper.voice), paper)
    elif plan.problems and not plan.rows:
        yield paper.say("no table")


def ended(text: str, language: str) -> str:
    return text + ("。" if language == "zh" else ".")


def _done(run: Run, paper: Paper) -> str:
    written, sent = len(run.receipt.written.written), run.receipt.mails_sent
    parts = [paper.say("wrote", cells=paper.voice.count("cells", written))] if written else []
    parts += [paper.say("sent", mails=paper.voice.count("mails", sent))] if sent else []
    if not parts and not run.plan.empty:
        parts = [paper.say("wrote", cells=paper.voice.count("cells", 0))]
    return ("，" if paper.voice.language == "zh" else ", ").join(parts) or paper.say("did nothing")


def _written(changes: Iterable[Change], voice: Voice) -> Iterable[str]:
    """One line per table: how many cells of which columns."""
    for table, found in grouped(changes, lambda change: change.table).items():
        yield f"{voice.table(table)}: {columns_said(columns_of(table, found, voice))}"


def _refused(refused: Sequence[tuple[Change, str]], paper: Paper, limit: int = 20) -> list[str]:
    lines = [_refusal(change, why, paper.voice) for change, why in refused[:limit]]
    heading = [paper.say("refused", n=f"{len(refused):,}")] if refused else []
    return [*heading, *(f"  {line}" for line in lines), *paper.more(Listed(tuple(lines), len(refused)))]


def _refusal(change: Change, why: str, voice: Voice) -> str:
    return one_line(f"{voice.table(change.table)} {change.key} {voice.column(change.table, change.column)}: {why}")


# The parts of a plan's text, in their order


def _waiting(plan: Plan, paper: Paper) -> Iterable[str]:
    for section in waiting_sections(plan, paper.voice):
        yield "\n" + paper.ink(section.title, "bold")
        yield from (f"  {line}" for line in section.lines)


def _brakes(report: Report, paper: Paper) -> list[str]:
    if not report.brakes:
        return []
    return ["\n" + paper.ink(paper.say("brakes"), "red"), *(f"  {paper.ink(one_line(brake), 'red')}" for brake in report.brakes)]


def _tables(report: Report, paper: Paper) -> Iterable[str]:
    for table in report.tables:
        yield from _table(table, paper)


def _table(table: TableReport, paper: Paper) -> Iterable[str]:
    total, cells = f"{table.total:,}", paper.voice.count("cells", table.total)
    yield "\n" + paper.ink(paper.say("table", heading=table.heading, total=total, cells=cells, rows=f"{table.rows:,}"), "bold")
    yield "  " + columns_said(table.columns)
    yield from laid_out([_cells(each, paper) for each in table.cells.shown], WIDEST, paper)
    yield from paper.more(table.cells)


def _cells(line: Line, paper: Paper) -> tuple[str, ...]:
    return paper.say("row", n=line.row), line.key, line.column, line.old, f"-> {line.new}", paper.ruled(line)


def _rows(report: Report, paper: Paper) -> Iterable[str]:
    if report.new_rows.total:
        yield paper.heading("rows", report.new_rows.total)
        lines = [(each.table, paper.say("row", n=each.row), each.new, paper.ruled(each)) for each in report.new_rows.shown]
        yield from laid_out(lines, (24, 12, 40, 40), paper)
        yield from paper.more(report.new_rows)


def _keys(report: Report, paper: Paper) -> Iterable[str]:
    if report.keys.total:
        yield paper.heading("keys", report.keys.total)
        yield from laid_out([(each.table, paper.say("row", n=each.row), each.new) for each in report.keys.shown], (24, 12, 30), paper)
        yield from paper.more(report.keys)


def _overrides(report: Report, paper: Paper) -> Iterable[str]:
    if report.overrides.total:
        yield paper.heading("overrides", report.overrides.total)
        lines = [(each.table, each.key, each.column, paper.say("ours", old=each.old, new=each.new)) for each in report.overrides.shown]
        yield from laid_out(lines, (24, 24, 20, 60), paper)
        yield from paper.more(report.overrides)


def _mails(report: Report, paper: Paper) -> Iterable[str]:
    if report.mails.total:
        yield paper.heading("mails", report.mails.total)
        yield from laid_out([(f"{mail.reader} <{mail.to}>", mail.subject) for mail in report.mails.shown], (44, 70), paper)
        yield from paper.more(report.mails)


def _held(report: Report, paper: Paper) -> Iterable[str]:
    if report.held:
        yield paper.heading("held", report.counts["held"])
        yield from (f"  {count:>6,}  {reason}" for reason, count in report.held)


def _findings(report: Report, paper: Paper) -> Iterable[str]:
    if report.rules:
        yield paper.heading("findings", report.counts["findings"])
    for each in report.rules:
        level = paper.ink(f"[{paper.voice.say(each.level)}]", "red" if each.level == "fail" else "grey")
        yield f"  {each.total:>6,}  {level} {paper.ruled(each)}"
        yield f"          {clipped(paper.say('example', text=one_line(each.example)), 110)}"


def _lacking(report: Report, paper: Paper) -> Iterable[str]:
    count = sum(len(rules) for _, rules in report.lacking)
    if not count:
        return
    yield paper.heading("lacking", count) + ("" if paper.everything else paper.say("list them"))
    if paper.everything:
        joined = "、" if paper.voice.language == "zh" else ", "
        yield from (f"  {paper.say('lacks', place=place, rules=joined.join(rules))}" for place, rules in report.lacking)


def _problems(report: Report, paper: Paper) -> Iterable[str]:
    if report.problems:
        yield paper.heading("problems", len(report.problems))
        yield from _troubles(report.problems, paper)


def _troubles(problems: Iterable[tuple[str, bool]], paper: Paper) -> Iterable[str]:
    for what, stops in problems:
        yield f"  {one_line(what)}" + aside(paper.say("left out") if stops else "", paper.voice.language)


def columns_said(columns: Iterable[tuple[str, int]]) -> str:
    return " · ".join(f"{heading} {count:,}" for heading, count in columns)


# Widths: a Chinese letter takes two places in a terminal


def laid_out(lines: Sequence[Sequence[str]], widest: Sequence[int], paper: Paper) -> Iterable[str]:
    """Lines of a table, every column as wide as its widest cell up to a limit, the last one not padded."""
    if not lines:
        return
    cells = [[clipped(one_line(cell), most) for cell, most in zip(line, widest, strict=False)] for line in lines]
    widths = [max(display_width(cell) for cell in column) for column in zip(*cells, strict=True)]
    for line in cells:
        padded = [cell + " " * (width - display_width(cell)) for cell, width in zip(line, widths, strict=True)]
        painted = [paper.ink(cell, "green") if cell.startswith("-> ") else cell for cell in padded]
        yield "  " + "  ".join(painted).rstrip()


def one_line(text: str) -> str:
    """A text on one line, without anything a terminal would obey, cut to a length a report can carry."""
    return " ".join(cleaned_text(text, LONGEST_CELL).split())


def display_width(text: str) -> int:
    """The places a text takes in a terminal."""
    return sum(_width(letter) for letter in text)


def _width(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def clipped(text: str, most: int) -> str:
    """A text cut to so many places, with an ellipsis where it was cut."""
    if display_width(text) <= most:
        return text
    width, end = 1, 0
    while width + _width(text[end]) <= most:
        width += _width(text[end])
        end += 1
    return text[:end] + "…"
