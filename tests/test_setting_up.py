"""`setup` asks, tries, shows and writes: comments stay, no password gets into the settings, and who leaves has changed nothing."""

from __future__ import annotations

import configparser
import json
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

import runner
from automations.config import load
from automations.declarations import SettingsFile
from automations.secretfile import PLACE, SecretsOpen, keep, take_in
from automations.servicefiles import service_files
from automations.settingsfile import edited
from automations.settingup import NotSetUp, SetUp, set_up
from tests.googleoffice import ROBOT
from tests.sheets.server import StandIn
from tests.small_project import project
from tests.smtpserver import SmtpServer

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 9, 30, 8, 30)
SETTINGS = """\
# Ours; ask Li before you change it.
language: en                 # the mails too
calendar: cn
workbook: { path: team.xlsx }   # on the share

mail:
  kind: folder               # nothing leaves
  path: outbox
  sender: Rowkeeper <r@example.com>
  connections: 2

admin: admin@example.com     # Li
packs:
  - care                     # the only one
brakes: { mails_per_run: 20 }
"""


class Typist:
    """Somebody at a terminal who types what a test says: answers by the word a question holds, Enter for the others, or leaves."""

    def __init__(self, answers: dict[str, str | Sequence[str]], leaves_at: str = "") -> None:
        self.answers = {word: [said] if isinstance(said, str) else list(said) for word, said in answers.items()}
        self.leaves_at, self.heard = leaves_at, list[str]()

    def ask(self, prompt: str) -> str:
        self.heard.append(prompt)
        if self.leaves_at and self.leaves_at in prompt:
            raise KeyboardInterrupt
        return next((said.pop(0) for word, said in self.answers.items() if word in prompt and said), "")

    hide = ask

    def out(self, text: str) -> None:
        self.heard.append(text)

    @property
    def all_heard(self) -> str:
        return "\n".join(self.heard)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("SMTP_PASSWORD", raising=False)
    return project(tmp_path, settings=SETTINGS)


def settings(root: Path) -> str:
    return (root / "config" / "settings.yaml").read_text(encoding="utf-8")


def files(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_enter_all_the_way_changes_no_value_and_every_answer_of_before_is_offered(root: Path) -> None:
    before, typist = load(root).settings, Typist({})
    done = set_up(root, typist, NOW)

    assert load(root).settings == before
    assert [prompt.splitlines()[-1].strip() for prompt in typist.heard if prompt.endswith("] ")] == [
        "[en]", "[Asia/Shanghai]", "[xlsx]", "[team.xlsx]", "[admin@example.com]", "[folder]", "[care]", "Write it? (y, n) [y]",
    ]  # fmt: skip
    assert done.text() == "Wrote config/settings.yaml.\nNext: runner.py doctor, runner.py init, runner.py plan"


def test_what_was_answered_is_written_and_every_comment_stays(root: Path) -> None:
    with SmtpServer(passwords={"r@example.cn": "app password"}) as server:
        answers = {
            "Language": "zh", "文件名": "台账.xlsx", "管理员的邮箱": "li@example.cn", "邮件怎么发": "custom", "发信服务器": "127.0.0.1",
            "加密": "none", "端口": str(server.port), "发件地址": "r@example.cn", "密码": "app password",
        }  # fmt: skip
        typist = Typist(answers)
        done = set_up(root, typist, NOW)

    assert (
        settings(root)
        == f"""\
# Ours; ask Li before you change it.
language: zh                 # the mails too
calendar: cn
workbook:
  path: 台账.xlsx
  kind: xlsx

mail:
  kind: smtp               # nothing leaves
  path: outbox
  sender: r@example.cn
  connections: 2
  preset: custom
  host: 127.0.0.1
  port: {server.port}
  security: none
  user: r@example.cn
  password: {{ env: SMTP_PASSWORD }}
  allow_domains: [example.cn]
  redirect_all_to: li@example.cn

admin: li@example.cn     # Li
packs:
  - care                     # the only one
brakes: {{ mails_per_run: 20 }}
"""
    )
    assert "试过了，可以。" in typist.all_heard
    assert (root / PLACE).read_text() == "SMTP_PASSWORD=app password\n"
    assert (root / PLACE).stat().st_mode & 0o777 == 0o600
    assert done.lines[1] == "密码存在 state/secrets.env，只有您能读；设置里只写了它的名字 SMTP_PASSWORD。"


def test_a_server_that_does_not_let_one_in_is_told_and_the_section_asked_again(root: Path) -> None:
    with SmtpServer(passwords={"r@example.cn": "right"}) as server:
        mail = {"How mail": "custom", "mail server": "127.0.0.1", "Encryption": "none", "Its port": str(server.port)}
        sent = {"mail is sent from": "r@example.cn", "Password": ["wrong", "right"]}
        typist = Typist(mail | sent)
        set_up(root, typist, NOW)

    assert "does not let in 'r@example.cn' with the password in SMTP_PASSWORD (535" in typist.all_heard
    assert (root / PLACE).read_text() == "SMTP_PASSWORD=right\n"


def test_an_answer_that_cannot_be_right_is_asked_again_in_words(root: Path) -> None:
    typist = Typist({"Time zone": ["Mars/Olympus", "Asia/Shanghai"], "address of the admin": ["nobody", ""], "packs": ["all", "care"]})
    set_up(root, typist, NOW)

    assert [said.strip() for said in typist.heard if said.startswith("  ") and "[" not in said][:3] == [
        "no such zone; for example Asia/Shanghai",
        "one address, for example admin@example.com",
        "choose from these, with commas between: care",
    ]


@pytest.mark.parametrize("place", ["Time zone", "The file", "How mail leaves", "Write it?"])
def test_who_leaves_has_changed_nothing(root: Path, place: str) -> None:
    before = files(root)
    with pytest.raises(NotSetUp, match=r"Nothing was written\."):
        set_up(root, Typist({"The file": "other.xlsx"}, leaves_at=place), NOW)

    assert files(root) == before


def test_another_time_zone_gets_a_calendar_of_its_own(root: Path) -> None:
    set_up(root, Typist({"Time zone": "America/New_York"}), NOW)

    config = load(root)
    assert (config.settings.calendar, config.calendar.settings.zone) == ("new-york", "America/New_York")
    again = Typist({})
    set_up(root, again, NOW)
    assert "[America/New_York]" in again.all_heard


def test_a_spreadsheet_nobody_shared_is_told_with_the_address_to_share_it_with(root: Path) -> None:
    with StandIn() as google:
        file = google.file("台账", shared={}, timeZone="Asia/Shanghai")
        (root / "key.json").write_text(json.dumps(google.service_account(ROBOT)), encoding="utf-8")
        text = settings(root).replace("{ path: team.xlsx }", f'{{ path: team.xlsx, development: {{ endpoint: "{google.url}" }} }}')
        (root / "config" / "settings.yaml").write_text(text, encoding="utf-8")
        typist = Typist({"Where the tables": "google", "Google spreadsheet": file, "key file": "key.json", "Change it": "s"})
        set_up(root, typist, NOW)

        assert f"add {ROBOT} as an editor" in typist.all_heard
        assert "key.json: only you may read it now (600)." in typist.all_heard
        google.share(file, ROBOT, "writer")
        typist = Typist({})
        set_up(root, typist, NOW)
        assert "Tried, and it works." in typist.all_heard
        assert load(root).settings.workbook.spreadsheet == file


def test_without_a_terminal_the_answers_come_from_a_file(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert runner.main(["setup", "--root", str(root)]) == 6
    assert "this is no terminal, nothing can be asked. Put the answers into a file" in capsys.readouterr().err

    answers = root / "answers.yaml"
    answers.write_text("language: zh\npath: 台账.xlsx\npacks: [care]\n", encoding="utf-8")
    assert runner.main(["setup", "--root", str(root), "--answers", str(answers)]) == 0
    assert load(root).settings.workbook.path == "台账.xlsx"
    answers.write_text("langage: zh\nadmin: nobody\n", encoding="utf-8")
    before = files(root)
    assert runner.main(["setup", "--root", str(root), "--answers", str(answers)]) == 6
    assert "admin: 'nobody': one address, for example admin@example.com" in capsys.readouterr().err
    assert files(root) == before


def test_answers_of_a_file_that_do_not_work_are_written_and_told(root: Path) -> None:
    (root / "a.yaml").write_text("mail: custom\nhost: 127.0.0.1\nport: 1\nsecurity: none\nsender: r@example.cn\nuser: '-'\n", "utf-8")
    done: SetUp = set_up(root, None, NOW, root / "a.yaml")

    assert len(done.faults) == 1 and done.faults[0].startswith("mail server 127.0.0.1:1: ")
    assert load(root).settings.mail.port == 1


def test_the_shipped_settings_keep_every_comment() -> None:
    text = settings(ROOT)
    values = {"language": "en", "workbook": {"kind": "google", "spreadsheet": "x" * 30}, "packs": ["team-crm-abcd"]}
    new = edited(text, values)

    assert [line for line in text.splitlines() if line.startswith("#")] == [line for line in new.splitlines() if line.startswith("#")]
    assert re.findall(r" # .*", text)[:3] == re.findall(r" # .*", new)[:3]
    assert edited(new, values) == new


def test_passwords_of_the_file_count_less_than_the_environment_and_must_be_ones_own(tmp_path: Path) -> None:
    for name, value in (("A", "one=1"), ("B", "two"), ("A", "three=3 ")):
        keep(tmp_path, name, value)
    environ = {"B": "mine"}
    take_in(tmp_path, environ)
    assert environ == {"A": "three=3 ", "B": "mine"}

    (tmp_path / PLACE).chmod(0o640)
    with pytest.raises(SecretsOpen, match="others may read these passwords; run: chmod 600"):
        take_in(tmp_path, environ)


# The service


def test_the_unit_names_this_folder_this_python_and_who_runs_it(root: Path) -> None:
    shutil.copytree(ROOT / "config" / "service", root / "config" / "service")
    made = service_files(root, "systemd", "keeper", "/opt/py thon/bin/python")
    assert made.file
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(made.file.read_text(encoding="utf-8"))

    assert unit["Service"]["ExecStart"] == f'"/opt/py thon/bin/python" "{root}/runner.py" serve'
    assert (unit["Service"]["User"], unit["Service"]["WorkingDirectory"], unit["Service"]["KillSignal"]) == ("keeper", str(root), "SIGTERM")
    assert int(unit["Service"]["TimeoutStopSec"]) >= 120
    assert "{" not in made.file.read_text(encoding="utf-8").partition("[Unit]")[2]
    assert f"sudo cp {made.file} /etc/systemd/system/" in made.text()


def test_the_task_of_windows_starts_at_boot_and_never_ends_by_itself(root: Path) -> None:
    shutil.copytree(ROOT / "config" / "service", root / "config" / "service")
    made = service_files(root, "windows", "OFFICE\\li & co", "C:\\Python\\python.exe")
    assert made.file
    task = ElementTree.fromstring(made.file.read_text(encoding="utf-16"))
    said = {each.tag.rpartition("}")[2]: each.text for each in task.iter() if each.text and each.text.strip()}

    assert (said["Command"], said["Arguments"]) == ("C:\\Python\\python.exe", f'"{root}\\runner.py" serve')
    assert (said["UserId"], said["ExecutionTimeLimit"], said["MultipleInstancesPolicy"]) == ("OFFICE\\li & co", "PT0S", "IgnoreNew")


def test_the_image_is_made_of_locked_packages_runs_as_nobody_special_and_copies_what_there_is() -> None:
    lines = [line.split() for line in (ROOT / "config" / "service" / "Dockerfile").read_text().splitlines() if line and line[0] != "#"]
    steps: dict[str, list[str]] = {}
    for word, *rest in lines:
        steps.setdefault(word, []).append(" ".join(rest))

    assert set(steps) <= {"FROM", "ENV", "RUN", "WORKDIR", "COPY", "USER", "VOLUME", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD"}
    assert all((ROOT / name).exists() for copied in steps["COPY"] for name in copied.split()[:-1])
    assert any("--require-hashes" in run for run in steps["RUN"])
    assert (steps["USER"], steps["STOPSIGNAL"]) == (["rowkeeper"], ["SIGTERM"])
    assert json.loads(steps["ENTRYPOINT"][0]) + json.loads(steps["CMD"][0]) == ["python", "runner.py", "serve"]
    assert [line[0] for line in lines].index("USER") > max(place for place, line in enumerate(lines) if line[0] == "COPY")


def test_what_the_image_copies_is_all_a_run_needs(tmp_path: Path) -> None:
    steps, image = (ROOT / "config" / "service" / "Dockerfile").read_text(encoding="utf-8"), tmp_path / "image"
    for source, place in re.findall(r"^COPY (automations|templates) (\w+)$", steps, re.MULTILINE):
        shutil.copytree(ROOT / source, image / place)
    for name in re.findall(r"^COPY (.*) \./$", steps, re.MULTILINE)[1].split():
        shutil.copy2(ROOT / name, image / name)
    shutil.copytree(project(tmp_path / "office", settings=SETTINGS) / "config", image / "config")
    said = [_of(image, *words) for words in (["init", "--yes"], ["run"])]

    assert [code for code, _ in said] == [0, 0], said
    assert (image / "team.xlsx").is_file() and (image / "state" / "ledger.sqlite").is_file()


def _of(root: Path, *words: str) -> tuple[int, str]:
    """What the program of a folder answers, with nothing of this tree in reach."""
    command = [sys.executable, "-I", "-c", f"import sys, runpy; sys.path.insert(0, {str(root)!r}); sys.argv[1:] = {list(words)!r}; "]
    command[-1] += f"runpy.run_path({str(root / 'runner.py')!r}, run_name='__main__')"
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_what_outlives_a_container_is_the_same_in_the_image_the_command_and_the_settings(root: Path) -> None:
    steps = (ROOT / "config" / "service" / "Dockerfile").read_text(encoding="utf-8")
    command = service_files(root, "docker").text()
    fields = SettingsFile.model_fields
    written = {fields["ledger"].default.partition("/")[0], "outbox", *(fields[name].default for name in ("forms", "papers"))}

    assert set(json.loads(steps.partition("VOLUME ")[2].partition("\n")[0])) == {f"/rowkeeper/{name}" for name in {"config", *written}}
    assert set(re.findall(rf'-v "{re.escape(str(root))}/(\w+):/rowkeeper/\1"', command)) == {"config", "tables", *written}
    assert set(re.findall(r"chown -R 10001 (.*)", command)[0].split()) == written
    assert "--stop-timeout 300" in command and "{" not in command
