"""Workbooks as they should not be: each is met with a clear message and the right exit code, and nothing is lost."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import runner
from automations.errors import OutsideFailed, WorkbookBusy, WorkbookUnreadable, WorkbookUnwritable
from automations.workbooks.xlsx import XlsxWorkbook
from tests.project import project
from tests.scene import CUSTOMERS, STAFF, Rows, Scene, does_nothing, found_in, plainly, scene, xlsx

FRIDAY = "2025-09-26 17:00"
COMPLAINTS = """
    complaint_no | received_at      | channel | customer_id | complainant_contact | content | recorded_by | severity
    TS-1         | 2025-09-26 16:30 | 电话    | KH-1        | 13800138000         | 有异味  | YG-01       | 一般投诉
    TS-2         | 2025-09-26 10:00 | 电话    | KH-1        | 13800138001         | 少两箱  | YG-01       | 一般投诉
"""
FILLED = ["TS-1 2025-09-28 18:00", "TS-2 2025-09-28 18:00"]


def staged(folder: Path | None = None) -> Scene:
    return scene(folder, complaints=COMPLAINTS, customers=CUSTOMERS, staff=STAFF)


def changed(path: Path, change: Callable[[Any], None]) -> None:
    """The file as somebody saved it in another program."""
    book = openpyxl.load_workbook(path)
    change(book)
    book.save(path)


def path_of(stage: Scene) -> Path:
    assert isinstance(stage.world.workbook, XlsxWorkbook)
    return stage.world.workbook.path


# Files that cannot be read or written: the run stops before anything, and says so


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        pytest.param(lambda whole: whole[: len(whole) // 2], "cut off or damaged", id="truncated"),
        pytest.param(lambda _: b"", "is empty (0 bytes)", id="empty"),
        pytest.param(
            lambda _: b"\xd0\xcf\x11\xe0" + bytes(600) + "EncryptedPackage".encode("utf-16-le"), "is protected by a password", id="password"
        ),
        pytest.param(
            lambda _: "投诉编号,受理时间\nTS-1,2025-09-26\n".encode("gbk"), "a text or CSV file under a new name", id="csv renamed"
        ),
    ],
)
def test_a_file_that_is_no_workbook_stops_the_run_and_stays_as_it_is(tmp_path: Path, damage: Callable[[bytes], bytes], words: str) -> None:
    stage = staged(tmp_path)
    stage.run(FRIDAY)
    broken = damage(path_of(stage).read_bytes())
    path_of(stage).write_bytes(broken)
    for act in (lambda: stage.plan(FRIDAY), lambda: stage.run("2025-09-28 19:00"), lambda: stage.explain("complaints", "TS-1", FRIDAY)):
        with pytest.raises(WorkbookUnreadable, match=re.escape(words)) as refused:
            act()
        assert refused.value.exit_code == 5
    assert (path_of(stage).read_bytes(), stage.sent) == (broken, [])


def test_after_the_file_is_restored_the_next_run_goes_on(tmp_path: Path) -> None:
    stage = staged(tmp_path)
    stage.run(FRIDAY)
    whole = path_of(stage).read_bytes()
    path_of(stage).write_bytes(whole[:1000])
    with pytest.raises(WorkbookUnreadable):
        stage.run("2025-09-28 19:00")
    path_of(stage).write_bytes(whole)
    assert [line.split("@")[0] for line in stage.letters("2025-09-28 19:00")] == ["chen", "li", "wang"]


def test_a_file_open_in_excel_is_planned_but_not_written_and_mails_wait(tmp_path: Path) -> None:
    stage = staged(tmp_path)
    stage.run(FRIDAY)
    mark = tmp_path / "~$团队台账.xlsx"
    mark.write_bytes(b"")
    before = path_of(stage).read_bytes()
    assert len(stage.plan("2025-09-27 16:31").mails) == 2
    with pytest.raises(WorkbookBusy, match="open in Excel; save and close it there, then run again"):
        stage.run("2025-09-27 16:31")
    assert (path_of(stage).read_bytes(), stage.sent, stage.world.ledger.runs(limit=1)[0].state) == (before, [], "failed")
    mark.unlink()
    stage.run("2025-09-27 16:32")
    assert (len(stage.sent), stage.cells("complaints", "overdue_stage")[0]) == (2, "TS-1 首次响应")
    assert does_nothing(stage.plan("2025-09-27 16:32"))


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the administrator may write anywhere")
def test_a_read_only_folder_is_named_and_nothing_is_mailed(tmp_path: Path) -> None:
    stage = staged(tmp_path)
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(WorkbookUnwritable, match="allow writing to the folder"):
            stage.run(FRIDAY)
    finally:
        tmp_path.chmod(0o755)
    assert stage.sent == []


# The same through the commands, with their exit codes

TABLE = """
    no     | 编号   | required
    got    | 收到   | datetime required
    done   | 办完   | datetime
    due    | 到期   | datetime ours
    state  | 状态   | ours
    wrong  | 问题   | ours

    summary: { problems: wrong }
"""
POLICY = """
    parameters:
      days: { title: 天数, unit: working_days, values: { 2000-01-01: 1 } }
    rules:
      - { id: answer, kind: deadline, title: 答复, starts: got, within: $days, done: done, writes: { due: due, state: state } }
    notices:
      - on: answer
        ladder:
          - { at: due, to: admin@example.com, template: deadline-late }
"""
MATTERS: Rows = [["编号", "收到", "办完", "到期", "状态", "问题"], ["N-1", datetime(2025, 9, 26, 9, 0), None, None, None, None]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small project with a workbook of one row."""
    project(tmp_path, policy=POLICY, tables={"matters": TABLE})
    xlsx(tmp_path / "rowkeeper.xlsx", {"matters": MATTERS})
    return tmp_path


def command(root: Path, *words: str, now: str = FRIDAY) -> int:
    return runner.main([*words, "--root", str(root), "--now", now])


def files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def test_plan_touches_nothing_anywhere_and_run_then_does_what_it_showed(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = files(root)
    assert (command(root, "plan"), files(root)) == (2, before)
    assert command(root, "run") == 0
    made = files(root)
    assert "state/ledger.sqlite" in made
    assert [command(root, "plan"), command(root, "run")] == [0, 0]
    assert made["rowkeeper.xlsx"] == files(root)["rowkeeper.xlsx"]
    after = files(root)
    assert (command(root, "plan", now="2025-09-30 09:00"), files(root)) == (2, after)
    capsys.readouterr()


def test_the_same_plan_comes_out_of_another_process_byte_for_byte(root: Path) -> None:
    script = [sys.executable, str(Path(runner.__file__)), "plan", "--json", "--root", str(root), "--now", "2025-09-30 09:00"]
    said = [subprocess.run(script, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed}, check=False) for seed in ("1", "2")]
    assert said[0].stdout == said[1].stdout
    assert (said[0].returncode, b'"due"' in said[0].stdout) == (2, True)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "里没有这个文件；请把它放进去，或在设置里改正工作簿的路径"),
        (b"", "rowkeeper.xlsx：是空文件（0 字节）；请用备份恢复"),
        (b"PK\x03\x04" + bytes(200), "rowkeeper.xlsx：文件不完整或已损坏"),
        (
            "编号,收到\nN-1,2025-09-26\n".encode(),
            "rowkeeper.xlsx：不是工作簿，可能是改了名的文本或 CSV 文件；请用 Excel 打开，另存为 .xlsx",
        ),
    ],
)
def test_every_command_that_reads_ends_with_five_and_one_clear_line(
    root: Path, content: bytes | None, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    book = root / "rowkeeper.xlsx"
    book.unlink()
    if content is not None:
        book.write_bytes(content)
    for line in (["plan"], ["run"], ["explain", "matters", "N-1"]):
        assert command(root, *line) == 5
        told = capsys.readouterr()
        assert (words in told.err, "Traceback" in told.err, told.out) == (True, False, "")


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on file sizes")
def test_a_full_disk_ends_with_five_leaves_the_file_and_sends_nothing(root: Path) -> None:
    book = root / "rowkeeper.xlsx"
    assert command(root, "run") == 0
    before, outbox = book.read_bytes(), sorted(root.glob("outbox/*"))
    script = f"""
        import resource, signal, sys
        import runner
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, ({len(before) // 2}, {len(before) // 2}))
        sys.exit(runner.main(["run", "--root", {str(root)!r}, "--now", "2025-09-30 09:00"]))
    """
    where = Path(runner.__file__).parent
    environment = {**os.environ, "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, cwd=where, env=environment, check=False
    )
    assert (ran.returncode, "Traceback" in ran.stderr) == (5, False), ran.stderr
    assert (book.read_bytes(), sorted(root.glob("outbox/*"))) == (before, outbox)
    assert command(root, "run", now="2025-09-30 09:00") == 0


# Sheets that are odd: what can be read is read, what cannot is named


def test_a_sheet_under_another_name_is_found_by_its_headers(tmp_path: Path) -> None:
    stage = staged(tmp_path)
    changed(path_of(stage), lambda book: setattr(book["客户投诉"], "title", "售后问题"))
    plan = stage.run(FRIDAY).plan
    assert stage.cells("complaints", "due_assign") == FILLED
    assert [problem.what["zh"] for problem in plan.problems if problem.table == "complaints"] == [
        "工作表“客户投诉”没有找到，按表头认出并使用“售后问题”"
    ]


@pytest.mark.parametrize("title", ["客户投诉 (2)", "备份", "Sheet1"])
def test_a_copy_of_a_sheet_beside_it_is_taken_for_no_other_table(tmp_path: Path, title: str) -> None:
    stage = staged(tmp_path)

    def copied(book: Any) -> None:
        book.copy_worksheet(book["客户投诉"]).title = title

    changed(path_of(stage), copied)
    before = stage.raw()[title]
    run = stage.run(FRIDAY)
    assert dict(run.plan.rows) == {"customers": 1, "complaints": 2, "staff": 6}
    assert stage.raw()[title] == before


def test_a_sheet_whose_key_column_was_deleted_is_left_out_and_the_others_go_on(tmp_path: Path) -> None:
    stage = staged(tmp_path)
    changed(path_of(stage), lambda book: book["客户投诉"].delete_cols(1))
    plan = stage.run(FRIDAY).plan
    said = [problem.what["zh"] for problem in plan.problems if problem.table == "complaints"]
    assert (len(said), "没有“投诉编号”一列" in said[0], "complaints" in plan.rows) == (1, True, False)
    assert "customers" in (changed_tables := {change.table for change in plan.changes})
    assert "complaints" not in changed_tables


def test_two_header_rows_and_merged_titles_are_seen_through(tmp_path: Path) -> None:
    stage = staged(tmp_path)

    def form(book: Any) -> None:
        sheet = book["客户投诉"]
        sheet.insert_rows(1, 2)
        sheet["A1"] = "客户投诉登记表"
        sheet.merge_cells("A1:F1")
        sheet["A2"] = "受理"
        sheet.merge_cells("A2:D2")

    changed(path_of(stage), form)
    stage.run(FRIDAY)
    assert stage.cells("complaints", "due_assign") == FILLED
    assert does_nothing(stage.plan(FRIDAY))


def test_a_doubled_header_of_staff_is_reported_and_neither_column_is_guessed(tmp_path: Path) -> None:
    stage = staged(tmp_path)
    changed(path_of(stage), lambda book: book["客户投诉"].cell(1, 120, "受理时间"))
    plan = stage.plan(FRIDAY)
    said = [problem for problem in plan.problems if problem.table == "complaints"]
    assert [(problem.code, "受理时间" in problem.what["zh"]) for problem in said] == [("header doubled", True)]
    assert "due_assign" not in {change.column for change in plan.changes}


def test_a_doubled_header_of_ours_is_never_written(tmp_path: Path) -> None:
    stage = staged(tmp_path)
    changed(path_of(stage), lambda book: book["客户投诉"].cell(1, 120, "确定受理到期"))
    run = stage.run(FRIDAY)
    assert "due_assign" not in {change.column for change in run.plan.changes}
    assert does_nothing(stage.plan(FRIDAY))


def test_fifty_thousand_blank_formatted_rows_are_no_rows(tmp_path: Path) -> None:
    stage = staged(tmp_path)

    def formatted(book: Any) -> None:
        bold = openpyxl.styles.Font(bold=True)
        for row in range(4, 50_004):
            book["客户投诉"].cell(row, 1).font = bold

    changed(path_of(stage), formatted)
    run = stage.run(FRIDAY)
    assert (run.plan.rows["complaints"], stage.cells("complaints", "due_assign")) == (2, FILLED)
    assert does_nothing(stage.plan(FRIDAY))


# Cells that are odd: what people mean is understood, the rest is a finding, a second run is settled


@pytest.mark.parametrize(
    "typed",
    [
        "2025-09-26 16:30",
        "2025/9/26 16:30",
        "2025年9月26日16时30分",
        "2025.09.26 16:30",
        "２０２５－０９－２６　１６：３０",
        "2025年9月26日 下午4点30分",
        45926.6875,
    ],
)
def test_dates_as_people_type_them_are_understood(typed: object) -> None:
    stage = staged()
    stage.edit("complaints", "received_at", "TS-1", typed)
    stage.run(FRIDAY)
    assert stage.cells("complaints", "due_first_response")[0] == "TS-1 2025-09-27 16:30"


@pytest.mark.parametrize("typed", ["48,350.00", "４８３５０", "48350元", "¥48,350.00", " 48350 ", 48350.0, "4.835万"])
def test_amounts_as_people_type_them_are_understood(typed: object) -> None:
    stage = staged()
    stage.edit("complaints", "category", "TS-1", "质量问题")
    stage.edit("complaints", "direct_loss", "TS-1", typed)
    plan = stage.run(FRIDAY).plan
    assert (stage.cells("complaints", "fine_low")[0], found_in(plan, "readable")) == ("TS-1 483.50", [])


@pytest.mark.parametrize("typed", ["#REF!", "#N/A", "昨天下午", "2025-13-45", "下周", True, -5.0, "1" * 400])
def test_what_cannot_be_understood_is_a_finding_and_nothing_is_guessed(typed: object) -> None:
    stage = staged()
    stage.edit("complaints", "received_at", "TS-1", typed)
    plan = stage.run(FRIDAY).plan
    assert found_in(plan, "readable") == ["TS-1 complaints/readable received_at"]
    assert stage.cells("complaints", "due_assign") == ["TS-1 -", FILLED[1]]
    assert "受理时间" in stage.cells("complaints", "check_result")[0]
    assert does_nothing(stage.plan(FRIDAY))


def test_a_reference_error_says_to_mend_the_formula(tmp_path: Path) -> None:
    stage = staged(tmp_path)
    changed(path_of(stage), lambda book: book["客户投诉"].__setitem__("B2", "#REF!"))
    said = next(each for each in stage.plan(FRIDAY).findings if each.rule == "complaints/readable")
    assert (said.value, "先修正公式,再填结果" in plainly(said.fix["zh"])) == ("#REF!", True)


ODD_TEXTS = {
    "emoji": "包装破了😡🥡 👨‍👩‍👧",
    "a formula as text": "=1+1",
    "an apostrophe": "'0001",
    "line breaks": "第一行\r\n第二行\n第三行",
    "a tab and blanks": "\t前后都有 ",
    "angle brackets": "<b>&amp;</b>]]>",
    "an escape of the file format": "_x0041_",
    "right to left": "\u202eabc\u202c",
    "braces": "{content} {{ 7*7 }} {% raw %} $days",
    "a bell": "铃\x07声",
}


@pytest.mark.parametrize("name", ODD_TEXTS)
def test_any_text_survives_findings_mails_and_a_second_run(name: str, tmp_path: Path) -> None:
    text = ODD_TEXTS[name]
    stage = staged(None if "\x07" in text else tmp_path)

    def typed(rows: Rows) -> Rows:
        return [[text if cell in ("有异味", "电话") else cell for cell in row] for row in rows]

    stage.staff("complaints", typed)
    before = [row[5] for row in stage.raw()["客户投诉"]]
    stage.run(FRIDAY)
    assert does_nothing(stage.plan(FRIDAY))
    stage.run("2025-09-27 16:31")
    assert ([row[5] for row in stage.raw()["客户投诉"]], len(stage.sent)) == (before, 2)
    assert does_nothing(stage.plan("2025-09-27 16:31"))


@pytest.mark.parametrize("kind", ["memory", "xlsx"])
def test_a_cell_of_forty_thousand_letters_is_survived_and_settled(kind: str, tmp_path: Path) -> None:
    stage = staged(tmp_path if kind == "xlsx" else None)
    most = 40_000 if kind == "memory" else 32_767
    stage.staff("complaints", lambda rows: [["长" * most if cell in ("有异味", "13800138000") else cell for cell in row] for row in rows])
    stage.run(FRIDAY)
    stage.run("2025-09-27 16:31")
    assert [len(mail.text) < 20_000 for mail in stage.sent] == [True, True]
    assert does_nothing(stage.plan("2025-09-27 16:31"))


def test_problems_longer_than_a_cell_are_cut_and_the_second_run_is_settled(tmp_path: Path) -> None:
    checks = "\n".join(
        f"      - {{ id: c{number}, kind: check, require: got is null, column: got, message: 第{number}条{'很长的说明' * 400} }}"
        for number in range(20)
    )
    project(tmp_path, policy=f"    rules:\n{checks}\n", tables={"matters": TABLE})
    book = xlsx(tmp_path / "rowkeeper.xlsx", {"matters": MATTERS}).path
    assert [command(tmp_path, "run"), command(tmp_path, "plan")] == [0, 0]
    assert len(openpyxl.load_workbook(book)["matters"]["F2"].value) == 32_767


def test_a_workbook_without_any_known_tab_says_which_are_missing(tmp_path: Path) -> None:
    stage = scene().with_world(workbook=xlsx(tmp_path / "别的.xlsx", {"Sheet1": [["随便"], ["什么"]]}))
    plan = stage.run(FRIDAY).plan
    assert (plan.empty, len(plan.problems)) == (True, len(stage.world.config.tables))
    assert {problem.code for problem in plan.problems} == {"tab absent"}


def test_every_refusal_of_the_outside_has_exit_code_five() -> None:
    assert {error.exit_code for error in (OutsideFailed, WorkbookUnreadable, WorkbookBusy, WorkbookUnwritable)} == {5}
