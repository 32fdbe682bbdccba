"""The guide for admins, walked as a newcomer would: setup at a terminal, doctor, init, plan, run, serve; all on loopback."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

import runner
from automations.config import load
from automations.settingsfile import edited
from automations.settingup import set_up
from tests.googleoffice import COMPLAINTS, POLICY
from tests.project import project
from tests.sheets.human import Human
from tests.sheets.server import StandIn
from tests.smtpserver import SmtpServer

ROOT = Path(__file__).resolve().parent.parent
GUIDES = [ROOT / "config" / name for name in ("RUNNING.md", "RUNNING.zh-CN.md")]
ROBOT = "rowkeeper@project-1001.example.com"
PACK = "team-crm-abcd"


def commands_of(guide: Path) -> list[str]:
    """The commands of the guide's blocks, in order."""
    lines = "".join(re.findall(r"^```sh\n(.*?)^```", guide.read_text(encoding="utf-8"), re.M | re.S)).splitlines()
    return [line.removeprefix("python runner.py ") for line in lines if line.startswith("python runner.py ")]


class Newcomer:
    """A folder as it comes, a spreadsheet somebody has just shared, a mailbox on this machine, and the commands of the guide."""

    def __init__(self, root: Path, google: StandIn, server: SmtpServer, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self.google, self.server, self.capsys = root, google, server, capsys
        project(root, policy=POLICY, tables={"complaints": COMPLAINTS})
        shutil.copytree(ROOT / "config" / "automations", root / "config" / "automations")
        shutil.copytree(ROOT / "templates", root / "templates", ignore=shutil.ignore_patterns("forms"), dirs_exist_ok=True)
        self.file = google.file("客户台账", shared={ROBOT: "writer"}, timeZone="Asia/Shanghai")
        google.tab(self.file, "说明", [["别动"]])
        (root / "state").mkdir()
        (root / "state" / "google-key.json").write_text(json.dumps(google.service_account(ROBOT)), encoding="utf-8")
        settings = edited((ROOT / "config" / "settings.yaml").read_text(encoding="utf-8"), {"packs": ["care"]})
        stand_in = f'workbook:\n  development: {{ endpoint: "{google.url}" }}\n'
        (root / "config" / "settings.yaml").write_text(settings.replace("workbook:\n", stand_in), encoding="utf-8")

    def at_a_terminal(self, answers: list[str]) -> str:
        """`setup` in a process of its own, at a terminal into which the answers are typed; all it said."""
        ours, theirs = pty.openpty()
        words = [sys.executable, str(ROOT / "runner.py"), "setup", "--root", str(self.root)]
        process = subprocess.Popen(words, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, close_fds=True)
        os.close(theirs)
        os.write(ours, "".join(f"{each}\n" for each in answers).encode())
        said, _ = process.communicate(timeout=120)
        os.close(ours)
        assert process.returncode == 0, said.decode()
        return said.decode()

    def does(self, words: str, at: str = "2026-09-01 10:00") -> tuple[int, str]:
        """A command of the guide, at a frozen moment where it takes one."""
        parts = shlex.split(words)
        frozen = [] if parts[0] in ("init", "history", "takeover") else ["--now", at]
        code = runner.main([*parts, *frozen, "--root", str(self.root)])
        said = self.capsys.readouterr()
        return code, (said.out + said.err).replace(str(self.root), "")

    def staff(self, title: str, key: str) -> Human:
        sheet = self.google.book(self.file).titled(title)
        assert sheet is not None
        return Human(self.google, self.file, sheet.sheet_id, key)


@pytest.fixture
def newcomer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Newcomer]:
    with StandIn() as google, SmtpServer() as server:
        yield Newcomer(tmp_path, google, server, capsys)


def test_a_newcomer_gets_from_the_first_question_to_a_service_by_the_guide_alone(newcomer: Newcomer) -> None:
    steps = commands_of(GUIDES[1])
    mail = ["custom", "127.0.0.1", "none", str(newcomer.server.port), "rowkeeper@example.com", "-", "", "admin@example.com"]
    said = newcomer.at_a_terminal(
        ["zh", "", "google", newcomer.file, "state/google-key.json", "admin@example.com", *mail, "care", "y"],
    )
    assert said.count("试过了，可以。") == 2 and "已写入 config/settings.yaml。" in said

    assert steps[:5] == ["setup", "doctor", "init", "init --yes", "doctor"]
    assert "表格“客户台账”: 1 个工作表".replace(": ", "：") in newcomer.does("doctor")[1].replace(": ", "：")
    assert newcomer.does("init")[0] == runner.CHANGES
    assert newcomer.does("init --yes")[0] == 0
    code, said = newcomer.does("doctor")
    assert code == 0, said

    assert steps[5:7] == ["plan --html plan.html", "run"]
    page = newcomer.root / "plan.html"
    assert newcomer.does(f"plan --html {page}")[0] in (runner.NOTHING, runner.CHANGES) and page.is_file()
    assert newcomer.does("run")[0] == 0
    assert newcomer.server.accepted == []

    assert steps[7:10] == ["serve", "status", "schedule"]
    _serves_until_it_is_asked_to_stop(newcomer.root)
    assert newcomer.does("status")[1].startswith("serve 没有在运行，最后一次报到是 ")
    assert "07:00  sweep  核对全部表格  [至 21:00 共 169 次 | 不在上班时间的，通知等到上班再发]" in newcomer.does("schedule")[1]

    assert steps[10:] == ["backup", "backup now", "outbox list --state held", "backup confirm"]
    assert "已备份 ledger." in newcomer.does("backup now")[1]
    assert "运行记录" in newcomer.does("backup")[1]
    assert newcomer.does("outbox list --state held") == (0, "发件箱里没有这样的邮件\n")
    assert newcomer.does("backup confirm") == (0, "运行记录没有疑问，不用确认。\n")


def _serves_until_it_is_asked_to_stop(root: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "runner.py"), "serve", "--root", str(root)], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    assert process.stderr
    lines = []
    for line in process.stderr:
        lines.append(line.decode())
        if " serving " in lines[-1]:
            break
    process.send_signal(signal.SIGTERM)
    lines += process.stderr.read().decode().splitlines()
    process.stderr.close()
    assert process.wait(60) == 0, lines
    assert lines[-1].endswith("stopped")


def test_both_guides_show_the_same_commands() -> None:
    command = re.compile(r"`?python (runner\.py [a-z]+(?: (?:now|confirm|restore|list|release))?(?: --[a-z-]+)?)")
    first, second = (command.findall(guide.read_text(encoding="utf-8")) for guide in GUIDES)
    assert first == second and len(first) > 30


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_every_command_of_the_guide_is_one_the_program_takes(guide: Path) -> None:
    for command in commands_of(guide):
        runner.parser().parse_args(shlex.split(command))


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_the_answers_the_guide_shows_are_taken(guide: Path, tmp_path: Path) -> None:
    """As they stand, though the mailbox and the spreadsheet are not there: that is told, and written all the same."""
    [shown] = re.findall(r"^```yaml\n(.*?)^```", guide.read_text(encoding="utf-8"), re.M | re.S)
    project(tmp_path, tables={"complaints": COMPLAINTS})
    (tmp_path / "config" / "packs" / PACK).mkdir()
    (tmp_path / "config" / "packs" / PACK / "pack.yaml").write_text(f"pack: {PACK}\ntitle: {PACK}\n", encoding="utf-8")
    (tmp_path / "answers.yaml").write_text(re.sub(r"(?m)^(mail|workbook|spreadsheet|credentials): .*\n", "", shown), encoding="utf-8")

    done = set_up(tmp_path, None, datetime(2026, 9, 1), tmp_path / "answers.yaml")
    assert done.faults == ()
    assert load(tmp_path).settings.packs == [PACK]
