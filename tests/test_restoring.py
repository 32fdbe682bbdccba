"""`backup restore`: what it would change is shown first; what is replaced is kept; nobody is mailed twice and no cell goes stale."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest

import runner
from automations.config import load
from automations.engines.oneatatime import OneAtATime
from automations.ledgers.connections import Connections
from automations.wiring import ledger_of
from tests.postgres import Server
from tests.project import project
from tests.scene import xlsx

TABLES = {
    "complaints": """
        complaint_no | 投诉编号 |
        received_at  | 受理时间 | datetime
        assigned_at  | 确定时间 | datetime
        handler      | 负责人   | email
        assign_due   | 到期     | datetime ours
        assign_state | 状态     | ours
    """
}
POLICY = """
    dated_by: received_at
    parameters:
      within: { title: 确定受理, unit: working_days, values: { 2000-01-01: 1 } }
    rules:
      - id: assign
        kind: deadline
        starts: received_at
        within: $within
        done: assigned_at
        writes: { due: assign_due, state: assign_state }
    notices:
      - on: assign
        ladder:
          - { at: due, to: handler, template: deadline-late }
"""
SETTINGS = """
    language: zh
    calendar: cn
    admin: admin@example.com
    packs: [care]
    quiet_hours: false
    workbook: {{ path: 台账.xlsx }}
    ledger: {ledger}
"""
HEAD = ["投诉编号", "受理时间", "确定时间", "负责人", "到期", "状态"]


class Desk:
    """A project with a workbook, and its command line."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], ledger: str = "state/ledger.sqlite") -> None:
        self.capsys = capsys
        self.root = project(folder, tables=TABLES, policy=POLICY, settings=SETTINGS.format(ledger=ledger))
        rows = [[f"TS-{number}", datetime(2026, 9, 1, 9, 30), None, "wang@example.com", None, None] for number in (1, 2)]
        xlsx(self.root / "台账.xlsx", {"complaints": [HEAD, *rows]})

    def does(self, *words: str, at: str) -> tuple[int, str]:
        """A command: its exit code and what it said."""
        code = runner.main([*words, "--now", at, "--root", str(self.root)])
        said = self.capsys.readouterr()
        return code, said.out + said.err

    def copies(self, kind: str) -> list[str]:
        return sorted(path.name for path in (self.root / "state/backups").glob(f"{kind}.*") if path.suffix != ".hash")

    def types(self, **cells: object) -> None:
        """Staff type into TS-1 and add a row."""
        book = openpyxl.load_workbook(self.root / "台账.xlsx")
        sheet = book["complaints"]
        for header, value in cells.items():
            sheet.cell(2, HEAD.index(header) + 1).value = value  # type: ignore[union-attr]
        sheet.append(["TS-3", datetime(2026, 9, 2, 9, 30), None, "li@example.com", None, None])
        book.save(self.root / "台账.xlsx")

    def cells(self) -> list[tuple[object, ...]]:
        return list(openpyxl.load_workbook(self.root / "台账.xlsx")["complaints"].iter_rows(min_row=2, values_only=True))

    def letters(self) -> int:
        return len(list((self.root / "outbox").rglob("*.eml")))


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path / "desk", capsys)


def lived_in(desk: Desk) -> None:
    """A first run and a copy on Tuesday; on Wednesday staff type, and deadlines pass."""
    desk.does("run", at="2026-09-01 10:00")
    desk.does("backup", "now", at="2026-09-01 12:00")
    desk.types(确定时间=datetime(2026, 9, 2, 11, 0))
    desk.does("run", at="2026-09-02 18:30")
    assert desk.letters() == 1


def test_a_workbook_is_put_back_after_its_plan_and_the_next_run_fills_it_in_as_if_nothing_had_been(desk: Desk) -> None:
    lived_in(desk)
    [name] = [each for each in desk.copies("workbook") if "120000" in each]
    code, plan = desk.does("backup", "restore", name, at="2026-09-02 19:00")
    before = desk.cells()
    done, said = desk.does("backup", "restore", name, "--yes", at="2026-09-02 19:00")
    restored = desk.cells()
    desk.does("run", at="2026-09-02 19:10")

    assert code == runner.CHANGES and "什么都还没有动" in plan
    assert plan.splitlines() == [
        f"用 2026-09-01 12:00 的工作簿 {name} 换掉现在的 台账.xlsx：",
        "  complaints：3 格会变回去，1 行会不见（备份里没有），0 行会回来",
        "    TS-1 确定时间：2026-09-02 11:00 -> -",
        "    TS-1 状态：按时完成 -> 进行中",
        "    TS-2 状态：已逾期 -> 进行中",
        f"什么都还没有动。执行：runner.py backup restore {name} --yes；只取出来看：加 --beside",
    ]
    assert len(before) == 3 and done == 0
    assert said.splitlines()[-1] == f"已换好；换下来的留在 {desk.root / 'state/backups/workbook.20260902-190000.xlsx.gz'}"
    assert [(row[0], row[2], row[5]) for row in restored] == [("TS-1", None, "进行中"), ("TS-2", None, "进行中")]
    assert [(row[0], row[5]) for row in desk.cells()] == [("TS-1", "已逾期"), ("TS-2", "已逾期")]


def test_a_workbook_that_is_open_stays_and_a_damaged_one_is_replaced(desk: Desk) -> None:
    lived_in(desk)
    [name] = [each for each in desk.copies("workbook") if "120000" in each]
    mark = desk.root / "~$台账.xlsx"
    mark.write_bytes(b"\x04wang")
    busy = desk.does("backup", "restore", name, "--yes", at="2026-09-02 19:00")
    mark.unlink()
    (desk.root / "台账.xlsx").write_bytes(b"PK not a workbook")
    _, plan = desk.does("backup", "restore", name, at="2026-09-02 19:00")
    done, _ = desk.does("backup", "restore", name, "--yes", at="2026-09-02 19:00")

    assert busy[0] == runner.OUTSIDE and "台账.xlsx：正在 Excel 里打开（wang）；请在那里保存并关闭，再运行一次" in busy[1]
    assert "  现用的一份读不出来，无法比较：" in plan
    assert done == 0 and [row[0] for row in desk.cells()] == ["TS-1", "TS-2"]


def test_a_ledger_is_put_back_after_its_plan_and_its_mails_wait_for_a_person(desk: Desk) -> None:
    lived_in(desk)
    [name] = desk.copies("ledger")
    code, plan = desk.does("backup", "restore", name, at="2026-09-02 19:00")
    _, said = desk.does("backup", "restore", name, "--yes", at="2026-09-02 19:00")
    again = desk.does("run", at="2026-09-02 19:10")[0]

    assert (code, again) == (runner.CHANGES, runner.PERSON)
    assert plan.splitlines() == [
        f"用 2026-09-01 12:00 的运行记录 {name} 换掉现在的：",
        "  现在的：运行 2 次，最近 2026-09-02 18:30；发出邮件 1 封",
        "  备份：运行 1 次，最近 2026-09-01 10:00；发出邮件 0 封",
        "  备份之后的运行和邮件它不知道，所以换上以后邮件都先拦下，等人确认：runner.py backup confirm",
        f"什么都还没有动。执行：runner.py backup restore {name} --yes；只取出来看：加 --beside",
    ]
    assert said.splitlines()[-2:] == [
        f"已换好；换下来的留在 {desk.root / 'state/backups/replaced.20260902-190000.sqlite'}",
        "核对后确认：runner.py backup confirm",
    ]
    assert desk.letters() == 3, "the one of before, and two to the admin"


def test_a_damaged_ledger_is_replaced_and_not_while_serve_runs(desk: Desk) -> None:
    lived_in(desk)
    [name] = desk.copies("ledger")
    place = load(desk.root).ledger_place
    with closing(OneAtATime(place, datetime(2026, 9, 2, 8), "zh")):
        running = desk.does("backup", "restore", name, "--yes", at="2026-09-02 19:00")
    place.write_bytes(b"torn" * 5000)
    _, plan = desk.does("backup", "restore", name, at="2026-09-02 19:00")
    done, _ = desk.does("backup", "restore", name, "--yes", at="2026-09-02 19:00")

    assert running[0] == runner.OUTSIDE and running[1].startswith("表管家已在运行（进程 ")
    assert "  现用的一份读不出来，无法比较：" in plan
    assert done == 0 and "运行记录没有疑问" not in desk.does("backup", "confirm", at="2026-09-02 19:20")[1]


def test_a_ledger_on_a_server_is_put_back_too_and_every_machine_knows_it_for_an_old_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], postgres: Server
) -> None:
    with closing(Connections(postgres.url)) as line:
        line.ledger("making")._database._open().execute("CREATE DATABASE restoring")
    desk = Desk(tmp_path / "desk", capsys, postgres.database("restoring"))
    lived_in(desk)
    [name] = desk.copies("ledger")
    done, said = desk.does("backup", "restore", name, "--yes", at="2026-09-02 19:00")
    for mark in desk.root.rglob("*.mark"):
        mark.unlink()
    again = desk.does("run", at="2026-09-02 19:10")[0]
    with closing(ledger_of(load(desk.root))) as ledger:
        held = [mail.mail.to for mail in ledger.outbox(["held"])]

    assert (done, again) == (0, runner.PERSON)
    assert said.splitlines()[-2] == "已换好；换下来的留在 schema rowkeeper_260902190000"
    assert held == ["wang@example.com"]


def test_a_copy_that_is_not_there_is_said(desk: Desk) -> None:
    assert desk.does("backup", "restore", "ledger.x", at="2026-09-01 10:00") == (
        runner.OUTSIDE,
        "没有名为 ledger.x 的备份；runner.py backup list 列出全部\n",
    )
    assert desk.does("backup", "restore", at="2026-09-01 10:00") == (
        runner.OUTSIDE,
        "请写明是哪一份：runner.py backup restore 名称；runner.py backup list 列出全部\n",
    )
