"""A ledger that is an old copy is noticed by the marks outside it: no mail leaves twice, and none at all until a person confirms."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import openpyxl
import pytest

import runner
from automations.generation import Mark, Marks, count, older
from automations.ledgers.memory import MemoryLedger
from automations.ledgers.sqlite import SqliteLedger
from tests.googleoffice import NOW, Office
from tests.project import project
from tests.sheets.server import StandIn
from tests.smtpserver import SmtpServer

NOON = datetime(2026, 9, 1, 12)
TABLES = {"orders": "order_no | 订单号 |\nplace | 定点 |\nowner | 业务员 |\nmail | 邮箱 |"}
POLICY = """
    rules:
      - { id: place, kind: required, columns: [place] }
    notices:
      - { on: place, to: "mail", template: finding }
"""


class Shop:
    """An .xlsx, a mail server on this machine, and the command line."""

    def __init__(self, folder: Path, server: SmtpServer, capsys: pytest.CaptureFixture[str]) -> None:
        settings = f"""
            language: zh
            calendar: cn
            admin: admin@example.com
            packs: [care]
            quiet_hours: false
            workbook: {{ path: 订单.xlsx }}
            mail:
              {{ kind: smtp, host: 127.0.0.1, port: {server.port}, security: none, sender: r@example.com, allow_domains: [example.com] }}
        """
        self.server, self.capsys = server, capsys
        self.root = project(folder, policy=POLICY, tables=TABLES, settings=settings)
        self.does("init", "--yes")

    def does(self, *words: str, at: str = "2026-09-01 10:00") -> tuple[int, str]:
        """A command: its exit code and what it said."""
        frozen = [] if words[0] in ("init", "history") else ["--now", at]
        code = runner.main([*words, *frozen, "--root", str(self.root)])
        said = self.capsys.readouterr()
        return code, said.out + said.err

    def order(self, number: str, place: str = "") -> None:
        """Somebody writes a new order, and forgets to say where."""
        book = openpyxl.load_workbook(self.root / "订单.xlsx")
        book["orders"].append([number, place or None, "王芳", "wang@example.com"])
        book.save(self.root / "订单.xlsx")

    def restore(self) -> None:
        """The copy of the ledger made at noon is put back over the one in use."""
        [copy] = sorted((self.root / "state" / "backups").glob("ledger.*.sqlite"))
        shutil.copyfile(copy, self.root / "state" / "ledger.sqlite")

    def mails(self) -> list[str]:
        """The mails that reached the server, by reader and the orders they speak of."""
        found = []
        for each in self.server.accepted:
            mail = message_from_bytes(each.content, policy=default)
            text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
            about = [number for number in ("D-1", "D-2", "D-3", "D-4") if number in text]
            found.append(f"{each.recipient.partition('@')[0]}: {' '.join(about) or mail['Subject']}")
        return found


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shop]:
    with SmtpServer({"MAIL": "451"}, times=0) as server:
        yield Shop(tmp_path, server, capsys)


@pytest.fixture
def restored(shop: Shop) -> Shop:
    """D-1 is old, D-2 was told before the copy was made, D-3 after it; then the copy is put back and D-4 comes."""
    shop.order("D-1")
    shop.does("run")
    shop.order("D-2")
    shop.does("run", at="2026-09-01 11:00")
    shop.does("backup", "now", at="2026-09-01 12:00")
    shop.order("D-3")
    shop.does("run", at="2026-09-01 13:00")
    assert shop.mails() == ["wang: D-2", "wang: D-3"]
    shop.restore()
    shop.order("D-4")
    return shop


OLD = (
    "运行记录是旧的：它只记到第 2 次，而 state/ledger.sqlite.mark 里的标记是第 3 次（2026-09-01 13:00）。"
    "这之后发过哪些邮件，它不知道，所以邮件都先拦下，等人确认"
)


def test_a_restored_ledger_mails_nobody_but_the_admin_and_says_what_to_do(restored: Shop) -> None:
    code, said = restored.does("run", at="2026-09-01 14:00")

    assert code == runner.PERSON
    assert OLD in said
    assert restored.mails()[2:] == ["admin: 表管家：运行记录是旧的，已停止发信", "admin: 表管家：安全闸拦下了 1 封邮件"]
    restored.does("run", at="2026-09-01 14:05")
    assert restored.does("run", "--force", at="2026-09-01 14:10")[0] == runner.PERSON
    assert len(restored.mails()) == 4


def test_the_doctor_and_the_plan_say_so_before_anything_runs(restored: Shop) -> None:
    code, said = restored.does("doctor", at="2026-09-01 14:00")

    assert code == runner.OUTSIDE
    remedy = "看拦下的邮件：runner.py outbox list --state held；再确认：runner.py backup confirm（拦下的照发），"
    assert f"错误  {OLD}\n      -> {remedy}或 runner.py backup confirm --told（拦下的都算发过了）\n" in said
    assert OLD in restored.does("plan", at="2026-09-01 14:00")[1]
    assert len(restored.mails()) == 2


def test_once_confirmed_the_mails_that_a_person_left_standing_go(restored: Shop) -> None:
    restored.does("run", at="2026-09-01 14:00")
    code, said = restored.does("backup", "confirm", "--by", "li", at="2026-09-01 14:10")

    assert (code, said) == (0, "今后以这份运行记录为准。拦下的邮件 1 封，下次运行核对后发出。\n")
    assert restored.does("run", at="2026-09-01 14:15")[0] == 0
    assert restored.mails()[4:] == ["wang: D-3 D-4"]
    assert restored.does("backup", "confirm", at="2026-09-01 14:20") == (0, "运行记录没有疑问，不用确认。\n")


def test_what_counts_as_told_is_never_sent(restored: Shop) -> None:
    restored.does("run", at="2026-09-01 14:00")
    said = restored.does("backup", "confirm", "--told", "--by", "li", "--why", "问过王芳", at="2026-09-01 14:10")[1]
    restored.does("run", at="2026-09-01 14:15")

    assert said == "今后以这份运行记录为准。拦下的邮件 1 封都算已经发过，不再发送。\n"
    assert len(restored.mails()) == 4
    assert "backup confirm: 问过王芳 (li, 2026-09-01 14:10)" in restored.does("outbox", "--state", "dropped")[1]


def test_a_mail_that_waited_in_the_copy_is_in_doubt_and_not_sent_again(shop: Shop) -> None:
    shop.order("D-1")
    shop.does("run")
    shop.server._left["MAIL"] = None
    shop.order("D-2")
    shop.does("run", at="2026-09-01 11:00")
    shop.does("backup", "now", at="2026-09-01 12:00")
    shop.server._left["MAIL"] = 0
    shop.does("run", at="2026-09-01 13:00")
    assert shop.mails() == ["wang: D-2"]
    shop.restore()

    shop.does("run", at="2026-09-01 14:00")
    assert [mail for mail in shop.mails() if "wang" in mail] == ["wang: D-2"]
    assert "the ledger is an old one; this may have left since" in shop.does("outbox", "--state", "unknown")[1]
    said = shop.does("backup", "confirm", at="2026-09-01 14:10")[1]
    assert said.endswith("另有 1 封说不准是否发出：runner.py outbox list --state unknown，核对后 outbox resolve。\n")


def test_a_copy_of_the_whole_state_folder_is_noticed_by_the_mark_beside_the_workbook(shop: Shop, tmp_path: Path) -> None:
    shop.order("D-1")
    shop.does("run")
    shutil.copytree(shop.root / "state", tmp_path / "kept")
    shop.order("D-2")
    shop.does("run", at="2026-09-01 11:00")
    shutil.rmtree(shop.root / "state")
    shutil.copytree(tmp_path / "kept", shop.root / "state")

    code, said = shop.does("run", at="2026-09-01 14:00")
    assert code == runner.PERSON and ".rowkeeper/订单.xlsx.mark 里的标记是第 2 次（2026-09-01 11:00）" in said
    assert [mail for mail in shop.mails() if "wang" in mail] == ["wang: D-2"]


def test_an_empty_ledger_is_a_first_run_and_the_one_it_replaced_is_noticed_when_it_comes_back(shop: Shop) -> None:
    shop.order("D-1")
    shop.does("run")
    moved = shop.root / "state" / "moved.sqlite"
    (shop.root / "state" / "ledger.sqlite").rename(moved)
    assert shop.does("run", at="2026-09-01 11:00")[0] == 0
    shop.order("D-2")
    assert shop.does("run", at="2026-09-01 12:00")[0] == 0
    assert shop.mails() == ["wang: D-2"]

    moved.replace(shop.root / "state" / "ledger.sqlite")
    code, said = shop.does("run", at="2026-09-01 13:00")
    assert code == runner.PERSON
    assert "这个工作簿后来由另一份运行记录处理过：state/ledger.sqlite.mark 里的标记是别人的，第 3 次（2026-09-01 12:00）" in said
    assert [mail for mail in shop.mails() if "wang" in mail] == ["wang: D-2"]


def test_ten_runs_raise_no_doubt_and_a_quiet_run_counts_nothing(shop: Shop) -> None:
    for number in range(1, 4):
        shop.order(f"D-{number}")
        for minute in range(3):
            assert shop.does("run", at=f"2026-09-01 1{number}:0{minute}")[0] == 0

    [beside, at_book] = [shop.root / "state" / "ledger.sqlite.mark", shop.root / ".rowkeeper" / "订单.xlsx.mark"]
    assert beside.read_text() == at_book.read_text()
    assert '"generation": 3, "at": "2026-09-01 13:00"' in beside.read_text()


def test_a_damaged_mark_and_a_folder_that_refuses_stop_nothing(tmp_path: Path) -> None:
    ledger, file = SqliteLedger(tmp_path / "ledger.sqlite"), tmp_path / "no such folder" / "mark"
    (tmp_path / "no such folder").write_text("a file")
    whole = Marks((tmp_path / "mark", file))
    for _ in range(2):
        count(whole, ledger, "book", NOON)
    (tmp_path / "mark").write_text("{half")

    assert older(whole, ledger, "book") is None
    count(whole, ledger, "book", NOON)
    assert list(whole.read().values()) == [Mark(ledger.meta("installation") or "", 3, "2026-09-01 12:00")]
    ledger.close()


def test_counting_side_by_side_never_leaves_the_ledger_behind_its_mark(tmp_path: Path) -> None:
    one, marks = MemoryLedger(), Marks((tmp_path / "mark",))
    count(marks, one, "book", NOON)
    late = marks.read()
    count(marks, one, "book", NOON)
    marks.write(next(iter(late.values())))

    assert older(marks, one, "book") is None


def test_who_takes_a_spreadsheet_over_holds_its_mails_until_a_person_confirms(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with StandIn() as google:
        office = Office.opened(google, tmp_path / "office")
        office.says(capsys, "init", "--yes")
        office.staff().fill_row({"投诉编号": "TS-1", "受理时间": 46265.6})
        office.says(capsys, "run", "--now", NOW)
        shutil.copyfile(office.root / "state/ledger.sqlite", tmp_path / "old.sqlite")
        office.staff().fill_row({"投诉编号": "TS-2", "受理时间": 46265.6})
        office.says(capsys, "run", "--now", NOW)
        shutil.copyfile(tmp_path / "old.sqlite", office.root / "state/ledger.sqlite")

        assert "是旧的一份，或是从备份恢复的" in office.says(capsys, "run", "--now", NOW)[1]
        office.says(capsys, "takeover", "--yes")
        doctor = office.says(capsys, "doctor", "--now", NOW)[1]
        assert "运行记录是旧的：它只记到第 1 次，而 google:FILE 里的标记是第 2 次" in doctor
        assert office.says(capsys, "backup", "confirm", "--now", NOW)[0] == 0
        assert "运行记录是旧的" not in office.says(capsys, "doctor", "--now", NOW)[1]
