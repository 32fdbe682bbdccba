"""The demo's last word on the terminal: what happened, what was found, and what to look at first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from automations.demo.desk import in_working_order
from automations.demo.month import DemoResult
from automations.judging import Judged
from automations.model import Finding
from automations.run import judge, read
from automations.speaking import aside, one_sentence

WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "period": "模拟了 {first} 到 {last}，共运行 {runs} 次",
        "typed": "员工填写 {typed} 格；程序写入 {cells} 格，没有改动员工填的任何一格",
        "mails": "发出邮件 {mails} 封，一次最多 {most} 封",
        "kinds": "说了这些事：{kinds}",
        "tables": "现在的表格：",
        "findings": "还没改正的问题 {count} 处，最多的是：",
        "planted": "埋下的差错 {found} / {all} 处被找到，其中 {fixed} 处员工看到后已改正",
        "missed": "  没有找到：{what}（{table} {key}，{rule}）",
        "again": "同一时刻再运行一次：改动 {cells} 格，发出 {mails} 封邮件",
        "first": "先看这几处：",
        "row": "{tab} 第 {row} 行 {key}：{what}",
        "book": "打开 {path}（灰底的列由程序填写）",
        "outbox": "打开 {path}（每封邮件一行，点开就是收件人看到的样子）",
        "forms": "打开 {path}（{count} 份做好的单据，是 Word 文件）",
        "rows": "{title} {rows} 行",
        "between": "，",
        "times": "{count} 处  {what}",
    },
    "en": {
        "period": "Simulated {first} to {last}, {runs} runs",
        "typed": "Staff typed {typed} cells; the program wrote {cells} and changed none that staff filled in",
        "mails": "{mails} mails sent, at most {most} in one run",
        "kinds": "About: {kinds}",
        "tables": "The tables now:",
        "findings": "{count} problems not yet corrected, most often:",
        "planted": "{found} of {all} planted faults found; staff saw and corrected {fixed} of them",
        "missed": "  not found: {what} ({table} {key}, {rule})",
        "again": "A second run at the same moment: {cells} cells changed, {mails} mails sent",
        "first": "Look at these first:",
        "row": "{tab}, row {row}, {key}: {what}",
        "book": "open {path} (the program fills in the columns on grey)",
        "outbox": "open {path} (one line per mail; a click shows what its reader sees)",
        "forms": "open {path} ({count} forms that were made, as Word files)",
        "rows": "{title}: {rows} rows",
        "between": ", ",
        "times": "{count} x  {what}",
    },
}
KINDS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "deadline-soon": "快到期提醒",
        "deadline-late": "逾期通知",
        "deadline-escalated": "逾期上报",
        "approval-wanted": "等待审批",
        "finding": "问题通知",
        "visit-due": "该拜访或回访",
        "cash-over": "货款超限",
        "hold-ended": "暂缓到期",
        "remit-cash": "货款汇回",
        "personal-account": "进了个人账户",
        "payment-chase": "催款",
        "complaint-assigned": "投诉受理",
        "emergency": "重大投诉",
        "feedback-form": "质量反馈单",
        "customer-opinion": "客户意见",
        "return-visit": "收货回访",
        "meeting-pack": "会议材料",
        "filing-reminder": "归档提醒",
        "contract-change": "合同变更",
        "expiring": "快到有效期",
        "handover": "交接提醒",
        "stamp-wanted": "等盖章或审核",
        "reconcile": "对账提醒",
        "freight-tables": "运费表待核",
        "early-warning": "预警",
        "incident": "突发事件",
        "letter-accepted": "给客户的受理函",
        "letter-progress": "给客户的进度函",
        "letter-result": "给客户的答复函",
        "letter-explanation": "给客户的说明函",
        "letter-payment": "给客户的付款提醒",
        "letter-need-confirm": "给客户的需求确认",
        "letter-service-progress": "给客户的服务进展",
        "letter-shipped": "给客户的发货通知",
        "letter-partner": "给合作伙伴的合作情况",
        "letter-greeting": "给客户的问候",
    },
    "en": {
        "deadline-soon": "due soon",
        "deadline-late": "late",
        "deadline-escalated": "escalated",
        "approval-wanted": "approval wanted",
        "finding": "problems",
        "visit-due": "visit due",
        "cash-over": "cash over the limit",
        "hold-ended": "hold over",
        "remit-cash": "cash to remit",
        "personal-account": "into a personal account",
        "payment-chase": "payment to chase",
        "complaint-assigned": "complaint assigned",
        "emergency": "major complaint",
        "feedback-form": "feedback form",
        "customer-opinion": "customer's opinion",
        "return-visit": "return visit",
        "meeting-pack": "meeting papers",
        "filing-reminder": "to be filed",
        "contract-change": "contract changed",
        "expiring": "runs out soon",
        "handover": "handover",
        "stamp-wanted": "stamp or review wanted",
        "reconcile": "to reconcile",
        "freight-tables": "freight tables to check",
        "early-warning": "early warning",
        "incident": "incident",
        "letter-accepted": "letter: taken up",
        "letter-progress": "letter: progress",
        "letter-result": "letter: result",
        "letter-explanation": "letter: explanation",
        "letter-payment": "letter: please pay",
        "letter-need-confirm": "letter: confirm the need",
        "letter-service-progress": "letter: service progress",
        "letter-shipped": "letter: shipped",
        "letter-partner": "letter: how we work together",
        "letter-greeting": "letter: greeting",
    },
}
"""What the mails of each template are called in the summary."""
URGENT = ("cash-in-hand/cash-over", "payment-receipts/personal-account", "dispatch-notice/paid-before-goods")
"""The rules whose findings are worth a first look, most urgent first."""

TOP = 6


def summary(result: DemoResult) -> Iterator[str]:
    """The lines of the summary, in the language of the settings."""
    language = result.world.config.language
    words = WORDS[language]
    runs = result.runs
    yield ""
    yield words["period"].format(first=f"{runs[0].now:%Y-%m-%d}", last=f"{runs[-1].now:%Y-%m-%d}", runs=len(runs))
    yield words["typed"].format(typed=sum(run.typed for run in runs), cells=sum(run.cells for run in runs))
    yield words["mails"].format(mails=sum(run.mails for run in runs), most=max(run.mails for run in runs))
    kinds = [f"{KINDS[language].get(kind, kind)} {count}" for kind, count in result.mails.most_common()]
    yield words["kinds"].format(kinds=words["between"].join(kinds))
    yield ""
    yield from tables(result, words)
    yield ""
    yield from problems(result.last.findings, words, language)
    yield ""
    yield words["planted"].format(found=len(result.found), all=len(result.found) + len(result.missed), fixed=corrected(result))
    for plant in result.missed:
        yield words["missed"].format(what=plant.what, table=plant.table, key=plant.key, rule=plant.rule)
    yield words["again"].format(cells=result.again.cells, mails=result.again.mails)
    yield ""
    yield words["first"]
    yield from (f"  {number}. {line}" for number, line in enumerate(pointers(result, words, language), 1))


def corrected(result: DemoResult) -> int:
    """How many of the findings planted are no longer there at the end."""
    still = {(finding.table, finding.key, finding.rule) for finding in result.last.findings}
    return sum(plant.sign == "finding" and (plant.table, plant.key, plant.rule) not in still for plant in result.found)


def tables(result: DemoResult, words: Mapping[str, str]) -> Iterator[str]:
    """How many rows every table has, and how many of them are in which state."""
    judged = judged_now(result)
    language = result.world.config.language
    yield words["tables"]
    for table in in_working_order(result.world.config.tables):
        if table.name not in judged.snapshot.sheets:
            continue
        rows = words["rows"].format(title=table.heading(language), rows=judged.evaluation.count(table.name))
        state = table.summary.get("state", "")
        held = judged.evaluation.texts(table.name, state) if judged.evaluation.has(table.name, state) else ()
        counts = [f"{word} {count}" for word, count in Counter(held).most_common() if word]
        yield f"  {rows}" + aside(words["between"].join(counts), language)


def judged_now(result: DemoResult) -> Judged:
    """The tables as they stand at the end."""
    snapshot, _ = read(result.world, result.last.now)
    return judge(result.world, snapshot, result.last.now)


def problems(findings: Iterable[Finding], words: Mapping[str, str], language: str) -> Iterator[str]:
    """The most frequent findings, each with one of its sentences."""
    listed = list(findings)
    yield words["findings"].format(count=len(listed))
    for rule, count in Counter(finding.rule for finding in listed).most_common(TOP):
        example = next(finding for finding in listed if finding.rule == rule)
        yield "  " + words["times"].format(count=count, what=example.sentence.get(language) or example.sentence.get("zh", ""))


def pointers(result: DemoResult, words: Mapping[str, str], language: str) -> Iterator[str]:
    """Where to look first: some urgent rows, the workbook and the mails."""
    yield words["book"].format(path=shown(result.workbook))
    yield words["outbox"].format(path=shown(result.folder / "outbox" / "index.html"))
    for rule in URGENT:
        finding = next((each for each in result.last.findings if each.rule == rule), None)
        if finding:
            tab = result.world.config.tables[finding.table].heading(language)
            yield words["row"].format(tab=tab, row=finding.row, key=finding.key, what=one_sentence(finding, language))
    if forms := len(list((result.folder / "forms").glob("*.docx"))):
        yield words["forms"].format(path=shown(result.folder / "forms"), count=forms)


def shown(path: Path) -> str:
    """A path as it is typed from where one stands."""
    return path.as_posix()
