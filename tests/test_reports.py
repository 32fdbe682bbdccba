"""Reports: whole texts of a small plan in both languages, the page's safety, caps with true totals, and what a run says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from textwrap import dedent

import pytest

from automations.applying import Receipt
from automations.config import Config, load
from automations.model import CellChange, Finding, Mail, NewKey, Notice, Override, SheetProblem, Tripped, WriteReceipt
from automations.planning import Plan
from automations.releasing import Sorted
from automations.reports import clipped, display_width, plan_html, plan_text, run_text
from automations.run import Run

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 9, 21, 9, 0)
FILES = {
    "config/settings.yaml": """
        language: zh
        calendar: cn
        admin: admin@example.com
        packs: [care]
    """,
    "config/packs/care/pack.yaml": """
        pack: care
        title: { zh: 客户服务, en: Customer care }
    """,
    "config/packs/care/tables/complaints.yaml": """
        table: complaints
        title: { zh: 客户投诉, en: Complaints }
        key: complaint_no
        columns:
          complaint_no: { title: { zh: 投诉编号, en: Complaint no. } }
          received_at: { title: { zh: 受理时间, en: Received at }, type: datetime }
          assigned_at: { title: { zh: 确定受理时间, en: Assigned at }, type: datetime }
          phone_said: { title: { zh: 电话, en: Telephone }, ours: true, sensitive: true }
          due: { title: { zh: 到期, en: Due }, type: datetime, ours: true }
          fine: { title: { zh: 罚款, en: Fine }, type: money, ours: true }
          status: { title: { zh: 状态, en: State }, ours: true }
    """,
    "config/packs/care/policies/handling.yaml": """
        policy: handling
        title: { zh: 客户投诉管理制度, en: Complaint handling }
        table: complaints
        rules:
          - id: assign
            kind: deadline
            title: { zh: 确定受理部门, en: Naming the department }
            starts: received_at
            within: $days
            done: assigned_at
            writes: { due: due, state: status }
            clause: 第二条（七）2
          - id: numbered
            kind: required
            title: { zh: 受理时间写明, en: The time is stated }
            columns: [received_at]
            clause: 第三条
        parameters:
          days: { title: { zh: 天数, en: days }, unit: working_days, values: { 2000-01-01: 1 } }
    """,
}
STATES = {
    "zh": "“客户投诉”共 140 行，其中 61 行的状态将改变（44%），上限是 30%",
    "en": "61 of 140 rows of 'Complaints' would change state (44%), the limit is 30%",
}
PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</iframe><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "{{ 7*7 }}{% raw %}",
    "javascript:alert(1)",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<!-- --!><script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "\x1b[31mred\x1b[0m\x07",
    "\u202etxt.exe",
]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """A configuration of one table and one policy, with the product's own calendar and page."""
    root = tmp_path_factory.mktemp("project")
    calendar = (ROOT / "config/calendars/cn.yaml").read_text(encoding="utf-8")
    for name, text in {**FILES, "config/calendars/cn.yaml": calendar}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(dedent(text), encoding="utf-8")
    return replace(load(root), root=ROOT)


def empty() -> Plan:
    return Plan("台账.xlsx", "sweep", NOW, "c0ffee", "read", rows={"complaints": 12})


def change(key: str, row: int, column: str, old: object, new: object, rule: str = "handling/assign") -> CellChange:
    return CellChange("complaints", key, column, old, new, rule, row)  # type: ignore[arg-type]


def finding(key: str, row: int, owner: str = "张三", level: str = "warn") -> Finding:
    sentence, fix = {"zh": '缺"受理时间"', "en": "'Received at' is missing"}, {"zh": '请填写"受理时间"', "en": "fill in 'Received at'"}
    return Finding("handling/numbered", level, "complaints", key, row, "received_at", f"B{row}", "", sentence, fix, "第三条", owner)  # type: ignore[arg-type]


def notice(state: str, rung: str = "due") -> Notice:
    words = ("handling", "handling/assign", "complaints", "TS-1", rung, 1, "deadline-late", "张三", "zhang@example.com", "zh")
    return Notice(f"{rung}{state}", *words, facts={}, state=state)  # type: ignore[arg-type]


def mail(subject: str = "[逾期] 客户投诉 TS-1", text: str = "您好", html: str = "<p>您好</p>") -> Mail:
    return Mail("<1@example.com>", "zhang@example.com", "张三", subject, text, html, ("due",), NOW)


def small() -> Plan:
    """One of everything a plan can hold."""
    return replace(
        empty(),
        new_keys=(NewKey("complaints", "complaint_no", "TS-9", 10, "hash"),),
        changes=(
            change("TS-1", 2, "status", None, "进行中"),
            change("TS-22", 3, "status", "进行中", "已逾期"),
            change("TS-1", 2, "due", None, datetime(2026, 9, 22, 18, 0)),
            change("TS-1", 2, "phone_said", "13900000000", "13911111111", "complaints/summary"),
        ),
        overrides=(Override("complaints", "TS-5", "status", "老张改的", "进行中", 6),),
        notices=(notice("planned"), notice("overtaken", "80%"), notice("overtaken", "50%")),
        sorted=Sorted(mails=(mail(),)),
        findings=(finding("TS-3", 4), finding("TS-4", 5, "")),
        problems=(SheetProblem("complaints", "merged cells", {"zh": "第 1 行有合并单元格", "en": "row 1 has merged cells"}, True),),
        lacking={"handling/numbered": ("complaints", "received_at"), "complaints/gathered value": ("orders", "amount")},
        brakes=(Tripped("states", "complaints", STATES),),
    )


def body(text: str) -> str:
    """A plan's text without its second line, which holds the fingerprint."""
    first, _, rest = text.partition("\n")
    return first + rest[rest.index("\n") :] + "\n"


def test_a_small_plan_reads_in_chinese(config: Config) -> None:
    expected = """\
        4 个单元格将改变，1 个编号将补上，1 封邮件将发出，依据《客户投诉管理制度》。

        安全闸已拦下，不会写入，也不会发信：
          “客户投诉”共 140 行，其中 61 行的状态将改变（44%），上限是 30%

        客户投诉：4 个单元格（共 12 行）
          状态 2 · 到期 1 · 电话 1
          第 2 行  TS-1   状态  （空）  -> 进行中            确定受理部门（第二条（七）2）
          第 2 行  TS-1   到期  （空）  -> 2026-09-22 18:00  确定受理部门（第二条（七）2）
          第 2 行  TS-1   电话  ***     -> ***               本行摘要
          第 3 行  TS-22  状态  进行中  -> 已逾期            确定受理部门（第二条（七）2）

        新编号 1 个
          客户投诉  第 10 行  TS-9

        有人改过、保持不动的单元格 1 个
          客户投诉  TS-5  状态  表里 老张改的，按规则应为 进行中

        将发出的邮件 1 封
          张三 <zhang@example.com>  [逾期] 客户投诉 TS-1

        不发信的通知 2 条
               2  被更高一级的提醒取代

        发现的问题 2 个
               2  [提醒] 受理时间写明（第三条）
                  例：客户投诉!B4（TS-3）：缺"受理时间"（第三条）。请填写"受理时间"。

        不适用的规则 1 条，表里没有它们要看的列；加 --all 全部列出

        工作表的问题 1 个
          第 1 行有合并单元格（本表没有处理）
    """
    assert body(plan_text(small(), config, language="zh")) == dedent(expected)


def test_a_small_plan_reads_in_english(config: Config) -> None:
    expected = """\
        4 cells would change, 1 row number would be given, 1 mail would go out, under 'Complaint handling'.

        Stopped by a brake; nothing would be written or sent:
          61 of 140 rows of 'Complaints' would change state (44%), the limit is 30%

        Complaints: 4 cells (12 rows)
          State 2 · Due 1 · Telephone 1
          row 2  TS-1  State  (blank)  -> 进行中            Naming the department (第二条（七）2)
          row 2  TS-1  Due    (blank)  -> 2026-09-22 18:00  Naming the department (第二条（七）2)
          … 2 more, 4 in all; --all lists them

        New row numbers: 1
          Complaints  row 10  TS-9

        Cells people changed, left alone: 1
          Complaints  TS-5  State  holds 老张改的, by the rules 进行中

        Mails to go out: 1
          张三 <zhang@example.com>  [逾期] 客户投诉 TS-1

        Notices without a mail: 2
               2  overtaken by a higher rung

        Findings: 2
               2  [warn] The time is stated (第三条)
                  e.g. Complaints!B4 (TS-3): 'Received at' is missing (第三条). Fill in 'Received at'.

        Rules not applicable: 1, the tables lack a column they need; --all lists them

        Trouble with tabs: 1
          row 1 has merged cells (the table is left out)
    """
    assert body(plan_text(small(), config, language="en", limit=2)) == dedent(expected)


def test_the_second_line_says_which_plan_of_what_and_when(config: Config) -> None:
    second = plan_text(small(), config, language="zh").splitlines()[1]

    assert second == f"计划 {small().fingerprint} · 台账.xlsx · 全部表格 · 2026-09-21 09:00 · 已读 1 张表，共 12 行"


@pytest.mark.parametrize(("language", "sentence"), [("zh", "没有要做的事。"), ("en", "Nothing to do.")])
def test_an_empty_plan_says_so_and_stops(config: Config, language: str, sentence: str) -> None:
    lines = plan_text(empty(), config, language=language).splitlines()

    assert (lines[0], len(lines)) == (sentence, 2)
    assert sentence in plan_html(empty(), config, language)


def test_everything_lists_every_cell_and_the_rules_that_do_not_apply(config: Config) -> None:
    plan = replace(small(), changes=tuple(change(f"TS-{n}", n, "status", None, "进行中") for n in range(2, 102)))

    some, whole = plan_text(plan, config, language="zh"), plan_text(plan, config, language="zh", everything=True)

    assert (some.count("-> 进行中"), "… 另有 80，共 100；加 --all 全部列出" in some) == (20, True)
    assert (whole.count("-> 进行中"), "--all" in whole) == (100, False)
    assert "  缺 客户投诉 · 受理时间：受理时间写明\n" in whole


def test_first_sight_of_a_workbook_says_that_old_matters_mail_nobody(config: Config) -> None:
    text = plan_text(replace(empty(), notices=(notice("baseline"),)), config, language="zh")

    assert text.splitlines()[0] == "1 条通知只登记不发信。"
    assert "首次读到，旧事项只登记" in text


def test_colour_is_only_there_when_asked_for_and_moves_nothing(config: Config) -> None:
    plain, coloured = (plan_text(small(), config, language="zh", colour=colour) for colour in (False, True))

    assert "\x1b" not in plain
    assert "\x1b[31;1m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_cell_cannot_command_the_terminal_or_break_a_line(config: Config, payload: str) -> None:
    quiet = plan_text(filled_with("x"), config, language="zh")
    text = plan_text(filled_with(payload + "\n\r\u2028second line"), config, language="zh")

    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028]", text)
    assert len(text.splitlines()) == len(quiet.splitlines())


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_from_a_cell_becomes_markup(config: Config, payload: str) -> None:
    quiet, page = (tags(plan_html(filled_with(text), config, "zh")) for text in ("x", payload))

    assert page == quiet


def test_a_mail_is_shown_in_a_frame_that_runs_nothing_and_loads_nothing(config: Config) -> None:
    html = '<p title="a">您好 & "再见"</p><script>alert(1)</script>'
    page = plan_html(replace(empty(), sorted=Sorted(mails=(mail(html=html),))), config, "zh")
    frames = [dict(attributes) for tag, attributes in all_tags(page) if tag == "iframe"]

    assert [(frame["sandbox"], frame["srcdoc"]) for frame in frames] == [("", html)]
    assert "default-src 'none'" in page
    assert not re.search(r"<script|https?://|@import|url\(", page.replace("&lt;script", ""))


def test_the_page_caps_its_lists_and_says_the_true_totals(config: Config) -> None:
    plan = replace(
        empty(),
        changes=tuple(change(f"TS-{n}", n, "status", None, "进行中") for n in range(5000)),
        findings=tuple(finding(f"TS-{n}", n, f"P{n % 150}") for n in range(9000)),
        sorted=Sorted(mails=tuple(mail() for _ in range(61))),
    )
    page = plan_html(plan, config, "zh")

    assert (page.count('class="new"'), page.count("<iframe")) == (200, 60)
    assert "另有 4,800 个未显示，共 5,000 个。" in page
    assert "另有 1 个未显示，共 61 个。" in page
    assert "另有 50 个未显示，共 150 个。" in page
    assert "另有 10 个未显示，共 60 个。" in page
    assert len(page) < 2_000_000


def test_the_page_shows_brakes_reasons_owners_overrides_and_rules_that_do_not_apply(config: Config) -> None:
    page = plan_html(small(), config, "en")
    expected = [
        "Stopped by a brake: no cell would be written and no mail would go out.",
        "61 of 140 rows of &#39;Complaints&#39; would change state (44%), the limit is 30%",
        "Naming the department",
        "Complaint handling",
        "(nobody is named)",
        "老张改的",
        "Complaints · Received at",
        "the table is left out",
        "Only a plan: nothing has been written and nothing has been sent.",
    ]
    assert [words for words in expected if words not in page] == []
    assert "13900000000" not in page


def test_the_same_plan_gives_the_same_page(config: Config) -> None:
    assert plan_html(small(), config, "zh") == plan_html(small(), config, "zh")


def test_a_run_says_what_it_wrote_sent_and_left(config: Config) -> None:
    plan = small()
    written = WriteReceipt((*plan.new_keys, *plan.changes[:3]), ((plan.changes[3], "row gone"),))
    run = Run(plan, Receipt(7, written, 2, ("张三: mailbox full",)))
    expected = """\
        第 7 次运行：写入 4 个单元格，发出 2 封邮件。
          客户投诉: 投诉编号 1 · 状态 2 · 到期 1
        工作表的问题 1 个
          第 1 行有合并单元格（本表没有处理）
        安全闸曾要求停下，本次强制执行：
          “客户投诉”共 140 行，其中 61 行的状态将改变（44%），上限是 30%
        没有写入 1 个，下次运行再看
          客户投诉 TS-1 电话: row gone
        没有发出 1 封
          张三: mailbox full
        表里还有 2 个问题待改正。
        撤销本次写入：runner.py undo 7
    """
    assert run_text(run, config, "zh") + "\n" == dedent(expected)


@pytest.mark.parametrize(("language", "said"), [("zh", "第 8 次运行：没有要做的事。"), ("en", "Run 8: nothing to do.")])
def test_a_run_with_nothing_to_do_is_one_line(config: Config, language: str, said: str) -> None:
    assert run_text(Run(empty(), Receipt(8, WriteReceipt())), config, language) == said


def test_a_run_says_which_tab_it_could_not_use_and_that_none_is_there(config: Config) -> None:
    """A table nobody reads any more must not look like one in which all is well."""
    doubled = SheetProblem(
        "complaints", "header doubled", {"zh": "表头出现两次。请只留一个", "en": "a header stands twice. Keep one"}, stops=True
    )
    absent = SheetProblem("orders", "tab absent", {"zh": "没有找到", "en": "not found"}, stops=False)

    def said(language: str, *problems: SheetProblem) -> str:
        return run_text(Run(replace(empty(), rows={}, problems=problems), Receipt(8, WriteReceipt())), config, language)

    assert said("zh", doubled, absent) == "第 8 次运行：没有要做的事。\n工作表的问题 1 个\n  表头出现两次。请只留一个（本表没有处理）"
    assert said("en", doubled) == "Run 8: nothing to do.\nTrouble with tabs: 1\n  a header stands twice. Keep one (the table is left out)"
    assert said("zh", absent).splitlines()[1:] == [
        "工作簿里没有一张用得上的工作表，什么都没有检查。先看再补全：runner.py init，然后 runner.py init --yes"
    ]
    assert said("en", absent).splitlines()[1:] == [
        "no tab of the workbook can be used, nothing was checked; look, then add tabs: runner.py init, then runner.py init --yes"
    ]


@pytest.mark.parametrize(
    ("text", "most", "shown"),
    [
        ("状态", 4, "状态"),
        ("状态好", 5, "状态…"),
        ("状态好", 4, "状…"),
        ("abcdef", 4, "abc…"),
        ("", 4, ""),
    ],
)
def test_a_text_is_cut_by_places_not_letters(text: str, most: int, shown: str) -> None:
    assert clipped(text, most) == shown
    assert display_width(shown) <= most


def filled_with(text: str) -> Plan:
    """A plan that holds this text wherever the outside can put one."""
    words = {"zh": text, "en": text}
    return replace(
        small(),
        workbook=text,
        new_keys=(NewKey("complaints", "complaint_no", text, 10, "hash"),),
        changes=(change(text, 2, "status", text, text),),
        overrides=(Override("complaints", text, "status", text, text, 6),),
        sorted=Sorted(mails=(replace(mail(text, text, text), to=text, reader=text),)),
        findings=(replace(finding(text, 4, text), sentence=words, fix=words, value=text, clause=text),),
        problems=(SheetProblem("complaints", "merged cells", words, True),),
        brakes=(Tripped("mails", "", {"zh": text, "en": text}),),
    )


class Tags(HTMLParser):
    """Collects every tag of a page with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, Sequence[tuple[str, str | None]]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, attrs))


def all_tags(page: str) -> list[tuple[str, Sequence[tuple[str, str | None]]]]:
    reader = Tags()
    reader.feed(page)
    return reader.found


def tags(page: str) -> list[tuple[str, tuple[str, ...]]]:
    """The tags of a page and the names of their attributes, without what the attributes hold."""
    return [(tag, tuple(name for name, _ in attributes)) for tag, attributes in all_tags(page)]
