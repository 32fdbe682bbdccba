"""The doctor looks everywhere, touches nothing, and says what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime
from pathlib import Path

import pytest

from automations.config import Config, load
from automations.doctor import Doctor, calendar_lines, doctor
from automations.ledgerdoctor import ledger_fault
from automations.ledgers.protocol import RunStart
from automations.ledgers.sqlite import SqliteLedger
from automations.model import Mail
from automations.setup import init
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
    ledger.close()
    assert seen(doctor(root, None, at(NOW)), "warning", "failed") == [
        ("warning", "mails waiting to be sent: 1"),
        ("warning", "mails failed: 1"),
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
