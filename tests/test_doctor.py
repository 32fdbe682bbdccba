"""The doctor looks everywhere, touches nothing, and says what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from textwrap import dedent

import pytest

from automations.config import Config, load
from automations.doctor import Doctor, calendar_lines, doctor
from automations.ledgerdoctor import ledger_fault
from automations.ledgers.protocol import RunOutcome, RunStart
from automations.ledgers.sqlite import SqliteLedger
from automations.model import CellChange, Mail, WriteReceipt
from automations.reading import read_snapshot
from automations.setup import init
from automations.staffdoctor import staff_lines
from tests import project as drawn
from tests.small_project import POLICY, project

NOW = datetime(2026, 9, 30, 8, 30)
MAIL = Mail("m1", "a@example.com", "王芳", "s", "t", "h", (), NOW)


IN_USE = "team.xlsx: open in Excel; save and close it there, then run again (if nobody has it open, delete the left-over file ~$team.xlsx)"


def at(now: datetime) -> Callable[[Config], datetime]:
    return lambda config: now


def seen(found: Doctor, *states: str) -> list[tuple[str, str]]:
    """State and English sentence of each line, without what depends on the installation."""
    return [(line.state, line.what["en"]) for line in found.lines[1:] if line.state in (states or ("ok", "warning", "failed"))]


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


def test_a_new_project_lacks_only_its_workbook(tmp_path: Path) -> None:
    root = project(tmp_path)
    before = files(root)
    found = doctor(root, None, at(NOW))
    assert seen(found) == [
        ("ok", "configuration: 2 rules (care)"),
        ("ok", "templates"),
        ("ok", "calendar 'cn': official until 2026-12-31"),
        (
            "failed",
            f"workbook: team.xlsx: there is no such file in {root}; put it there, or correct the workbook's path in the settings",
        ),
        ("ok", "no ledger state/ledger.sqlite yet; the first run makes it, notes old matters and mails nobody"),
        ("ok", "no outbox yet; the first mail makes outbox"),
    ]
    assert found.failed
    assert files(root) == before


def test_a_sound_project_is_all_ok_and_stays_untouched(tmp_path: Path) -> None:
    root = project(tmp_path)
    init(root, do=True)
    SqliteLedger(root / "state/ledger.sqlite").close()
    (root / "outbox").mkdir()
    before = files(root)
    found = doctor(root, None, at(NOW))
    assert [line.state for line in found.lines] == ["ok"] * len(found.lines)
    assert ("ok", "tab 'Complaints': header in row 1, 0 rows") in seen(found)
    assert found.text().splitlines()[-1] == f"{len(found.lines)} ok, 0 warnings, 0 failed."
    assert files(root) == before


def test_a_fault_of_the_configuration_ends_the_look_with_the_first_one(tmp_path: Path) -> None:
    root = project(tmp_path, language="zh", policy=POLICY.replace("done: assigned_at", "done: asigned_at"))
    found = doctor(root, None, at(NOW))
    assert (found.failed, found.language) == (True, "zh")
    first = "config/packs/care/policies/complaints.yaml:12:11: rule 'assign': no column 'asigned_at'"
    assert found.lines[-1].what["zh"].startswith(f"配置：1 个问题，第一个：{first}")
    assert found.text().splitlines()[-2:] == ["      -> 全部列出：runner.py check", "1 项正常，0 项注意，1 项错误。"]


def test_a_broken_template_is_told_apart_from_the_configuration(tmp_path: Path) -> None:
    root = project(tmp_path)
    (root / "templates/notices/zh/finding.txt.j2").write_text("{{ nonsense }}", encoding="utf-8")
    [template] = [what for _, what in seen(doctor(root, None, at(NOW)), "failed") if what.startswith("templates: ")]
    assert template.startswith("templates: 1 problem, the first: templates/notices/zh/finding.txt.j2:1:")


@pytest.mark.parametrize(
    ("today", "state"),
    [
        (date(2026, 11, 1), "ok"),
        (date(2026, 11, 2), "warning"),
        (date(2027, 1, 15), "warning"),
        (date(2029, 12, 1), "warning"),
        (date(2030, 1, 1), "failed"),
    ],
)
def test_the_end_of_the_holiday_list_is_said_sixty_days_before(tmp_path: Path, today: date, state: str) -> None:
    [line] = calendar_lines(load(project(tmp_path)), today)
    assert line.state == state


def test_an_old_tab_is_told_what_it_lacks(tmp_path: Path) -> None:
    import openpyxl

    root = project(tmp_path)
    book = openpyxl.Workbook()
    book.worksheets[0].title = "客户投诉"
    book.worksheets[0].append(("投诉编号",))
    book.save(root / "team.xlsx")
    (root / "~$team.xlsx").write_bytes(b"")
    assert seen(doctor(root, None, at(NOW)), "warning", "failed") == [
        ("warning", IN_USE),
        ("warning", "tab '客户投诉' lacks columns that Rowkeeper fills: Assign by"),
        ("warning", "tab '客户投诉' has no column 'Received at'. Add the header"),
    ]


def test_a_damaged_workbook_is_said_in_its_own_words(tmp_path: Path) -> None:
    root = project(tmp_path)
    (root / "team.xlsx").write_bytes(b"a,b\n1,2\n")
    assert seen(doctor(root, None, at(NOW)), "failed") == [
        (
            "failed",
            "workbook: team.xlsx: is not a workbook but perhaps a text or CSV file under a new name; open it in Excel and save it as .xlsx",
        )
    ]


def test_mails_that_wait_or_failed_are_counted(tmp_path: Path) -> None:
    root = project(tmp_path)
    init(root, do=True)
    ledger = SqliteLedger(root / "state/ledger.sqlite")
    run = ledger.begin_run(RunStart("sweep", "team.xlsx", NOW, "", ""))
    ledger.put_mails(run, [MAIL, Mail("m2", *list(vars(MAIL).values())[1:])])
    ledger.settle_mail("m2", "sending", "")
    ledger.settle_mail("m2", "failed", "no such reader")
    for state in ("held", "draft"):
        ledger.put_mails(run, [replace(MAIL, message_id=state)], state)
    ledger.close()
    found = doctor(root, None, at(NOW))
    assert seen(found, "warning", "failed") == [
        ("warning", "mails waiting to be sent: 1"),
        ("warning", "mails failed: 1"),
        ("warning", "mails a brake holds: 1"),
        ("warning", "letters to customers that wait to be released: 1"),
    ]
    assert [line.remedy["zh"] for line in found.lines if line.remedy][-2:] == [
        "先看 runner.py outbox list --state held；没问题，用 runner.py outbox release --all-held 放行",
        "看过后在本行的“放行”列打勾，或 runner.py outbox list --state draft，然后 outbox release",
    ]


def test_cells_that_take_no_value_are_said_until_they_do(tmp_path: Path) -> None:
    root = project(tmp_path)
    init(root, do=True)
    due = CellChange("complaints", "TS-1", "assign_due", None, NOW, "assign", 2)

    def tried(now: datetime, receipt: WriteReceipt) -> None:
        with closing(SqliteLedger(root / "state/ledger.sqlite")) as ledger:
            run = ledger.begin_run(RunStart("sweep", "team.xlsx", now, "", ""))
            ledger.journal(run, [due])
            ledger.settle_cells(run, receipt)
            ledger.end_run(run, RunOutcome("done", now, counts={"refused": len(receipt.refused)}))

    tried(NOW, WriteReceipt(refused=((due, "holds a formula"),)))
    said = "cells that take no value: 1, the first: complaints TS-1, assign_due (holds a formula)"
    assert seen(doctor(root, None, at(NOW)), "warning", "failed") == [("warning", said)]
    tried(NOW, WriteReceipt(written=(due,)))
    assert seen(doctor(root, None, at(NOW)), "warning", "failed") == []


def test_staff_who_cannot_be_mailed_are_named_with_what_to_do(tmp_path: Path) -> None:
    mail = "mail: { kind: smtp, host: 127.0.0.1, security: none, sender: r@example.cn, allow_domains: [example.cn] }\n"
    staff = """
        staff_id   | 工号
        staff_name | 姓名
        email      | 邮箱 | email
        status     | 在职状态
    """
    config = load(drawn.project(tmp_path, tables={"staff": staff}, settings=dedent(drawn.SETTINGS) + mail))
    people = drawn.table(
        """
            staff_id | staff_name | email              | status
            YG-1     | 陈立       | chen               | 在职
            YG-2     | 王敏       | wang@example.cn    | 在职
            YG-3     | 王小敏     | Wang@example.cn    | 在职
            YG-4     | 李客       |                    | 在职
            YG-5     | 赵副       | zhao@example.com   | 在职
            YG-6     | 钱经理     | noreply@example.cn | 在职
            YG-7     | 孙总       |                    | 离职
        """
    )
    sheet = read_snapshot("test", [people.grid(config.tables["staff"].heading("zh"))], [config.tables["staff"]], NOW.date()).sheets["staff"]

    assert [(line.what["en"], line.remedy["zh"] if line.remedy else "") for line in staff_lines(sheet, config)] == [
        (
            "without an address that works, so the policy's owner or the admin is told instead: 陈立 (row 2), 李客 (row 5)",
            "在员工表的邮箱列填上本人的邮箱，例如 name@example.cn",
        ),
        ("with an address nobody reads, which gets no mail: 钱经理 (row 7)", "在员工表的邮箱列填上本人的邮箱，例如 name@example.cn"),
        (
            "with an address in none of the domains of mail.allow_domains, which gets no mail: 赵副 (row 6)",
            "更正邮箱，或在 config/settings.yaml 的 mail.allow_domains 加上它的域名",
        ),
        (
            "several people with one address, who share what is sent to each: 王敏 (row 3), 王小敏 (row 4)",
            "各人填各人的邮箱；是同一个人的，合成一行",
        ),
    ]


@pytest.mark.parametrize(
    ("content", "state", "said"),
    [
        ("PRAGMA application_id=1; CREATE TABLE a (b)", "failed", "is a database of another program"),
        ("PRAGMA application_id=0x524F574B; PRAGMA user_version=999", "failed", "has schema 999"),
        ("PRAGMA application_id=0x524F574B; CREATE TABLE a (b)", "warning", "has schema 0"),
    ],
)
def test_a_ledger_that_is_not_ours_now_is_left_alone(tmp_path: Path, content: str, state: str, said: str) -> None:
    path = tmp_path / "ledger.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(content)
    before = path.read_bytes()
    fault = ledger_fault(path)
    assert fault is not None
    assert (fault.state, said in fault.what["en"], path.read_bytes() == before) == (state, True, True)


def test_a_damaged_ledger_names_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"no database at all, whatever its name says")
    fault = ledger_fault(path)
    assert fault is not None and fault.remedy is not None
    assert (fault.state, fault.what["en"]) == ("failed", f"ledger {path} cannot be read: file is not a database")
    assert fault.remedy["en"].startswith("restore the newest backup over it")


def test_an_outbox_that_is_a_file_is_refused(tmp_path: Path) -> None:
    root = project(tmp_path)
    init(root, do=True)
    (root / "outbox").write_text("", encoding="utf-8")
    assert seen(doctor(root, None, at(NOW)), "failed") == [("failed", "the outbox (outbox) cannot be written")]
