"""`setup`: asks what an installation needs to know, tries each answer at once, and writes `settings.yaml`; all of it or nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import ndiff
from pathlib import Path
from typing import Any, Protocol

from automations.channels.protocol import MailWaits
from automations.channels.smtp import SmtpChannel
from automations.config import Config, Reader, load
from automations.declarations import CalendarFile, SettingsFile
from automations.doctor import INIT
from automations.errors import ConfigProblems, RowkeeperError
from automations.interview import SECRET, Answers, Question, before, questions, settings_from, suggested
from automations.mailsettings import MailSettings
from automations.model import Words
from automations.secretfile import PLACE, keep
from automations.settingsfile import edited, flow
from automations.workbooksettings import WorkbookSettings
from automations.yamlfile import read_document

SECTIONS: Sequence[tuple[str, ...]] = (
    ("language", "zone"),
    ("workbook", "path", "spreadsheet", "credentials"),
    ("admin",),
    ("mail", "host", "security", "port", "sender", "user", "allow_domains", "redirect_all_to"),
    ("packs",),
)
"""What is asked together: where trying the answers fails, these are asked again."""
LASTING = ("workbook", "mail")
SAID: Mapping[str, Words] = {
    "begin": {
        "zh": "方括号里是现在的答案，直接回车就用它。按 Ctrl-C 随时退出，什么都不会写。",
        "en": "What stands in brackets is the answer of now; Enter takes it. Ctrl-C leaves at any time, nothing is written.",
    },
    "password": {
        "zh": "密码或应用专用密码（看不见输入；直接回车用已有的）：",
        "en": "Password or app password (not shown; Enter keeps the one there is): ",
    },
    "good": {"zh": "  试过了，可以。", "en": "  Tried, and it works."},
    "again": {"zh": "改一下再试（回车），还是先这样写下（填 s）？", "en": "Change it and try again (Enter), or go on as it is (s)? "},
    "closed": {"zh": "  {file}：已改为只有您能读（600）。", "en": "  {file}: only you may read it now (600)."},
    "changes": {"zh": "\nconfig/settings.yaml 将这样改：", "en": "\nThis changes in config/settings.yaml:"},
    "same": {"zh": "\nconfig/settings.yaml 不用改。", "en": "\nNothing changes in config/settings.yaml."},
    "write": {"zh": "写入吗？（y, n）[y] ", "en": "Write it? (y, n) [y] "},
    "left": {"zh": "什么都没有写。", "en": "Nothing was written."},
    "written": {"zh": "已写入 config/settings.yaml。", "en": "Wrote config/settings.yaml."},
    "secret": {
        "zh": "密码存在 {place}，只有您能读；设置里只写了它的名字 {name}。",
        "en": "The password is in {place}, which only you may read; the settings have its name only, {name}.",
    },
    "no secret": {
        "zh": "还没有密码：设置环境变量 {name}，或再运行一次 runner.py setup。",
        "en": "There is no password yet: set the variable {name}, or run runner.py setup again.",
    },
    "next": {
        "zh": "接下来：runner.py doctor，runner.py init，runner.py plan",
        "en": "Next: runner.py doctor, runner.py init, runner.py plan",
    },
    "terminal": {
        "zh": "这里不是终端，没法提问。把答案写进文件：runner.py setup --answers answers.yaml（见 config/RUNNING.zh-CN.md）",
        "en": "this is no terminal, nothing can be asked. Put the answers into a file: runner.py setup --answers answers.yaml "
        "(see config/RUNNING.md)",
    },
}


class NotSetUp(RowkeeperError):
    """The answers cannot be had, or are not good; nothing was written."""

    exit_code = 6


class Voice(Protocol):
    """Somebody at a terminal. Each method raises EOFError or KeyboardInterrupt when they leave."""

    def ask(self, prompt: str) -> str:
        """A line they type."""

    def hide(self, prompt: str) -> str:
        """A line they type unseen."""

    def out(self, text: str) -> None:
        """Say something to them."""


@dataclass(frozen=True)
class SetUp:
    """What setup wrote, and what comes next."""

    lines: tuple[str, ...]
    faults: tuple[str, ...] = ()

    def data(self) -> dict[str, Any]:
        """`{"faults": [what was tried and failed]}`."""
        return {"faults": list(self.faults)}

    def text(self) -> str:
        """In lines."""
        return "\n".join([*self.faults, *self.lines])


@dataclass(frozen=True, eq=False)
class Place:
    """The project folder as it is before: its settings, the calendars by zone, the packs that lie there."""

    root: Path
    settings: SettingsFile
    zones: Mapping[str, str]
    packs: Sequence[str]

    @property
    def file(self) -> Path:
        return self.root / "config" / "settings.yaml"


def place_at(root: Path) -> Place:
    """What stands in config/ now. Raises ConfigProblems where the settings or a calendar cannot be read."""
    reader = Reader(root.resolve())
    config = reader.root / "config"
    settings = reader.read(SettingsFile, config / "settings.yaml")
    calendars = [reader.read(CalendarFile, file) for file in sorted((config / "calendars").glob("*.yaml"))]
    if settings is None or reader.problems:
        raise ConfigProblems(reader.problems)
    zones = {found[0].zone: found[0].calendar for found in reversed(calendars) if found}
    mine = next((found[0] for found in calendars if found and found[0].calendar == settings[0].calendar), None)
    zones |= {mine.zone: mine.calendar} if mine else {}
    packs = [folder.parent.name for folder in sorted((config / "packs").glob("*/pack.yaml")) if folder.parent.name != "shared-tables"]
    return Place(reader.root, settings[0], zones, packs)


def set_up(root: Path, voice: Voice | None, now: datetime, file: Path | None = None) -> SetUp:
    """Ask (or take the answers from a file), try, show what changes, write.

    Raises NotSetUp without a terminal and a file, or where an answer of the file is not good; ConfigProblems.
    """
    place = place_at(root)
    old = before(place.settings, next((zone for zone, name in place.zones.items() if name == place.settings.calendar), "Asia/Shanghai"))
    if file is not None:
        answers = _from_file(place, old, file)
        return _finished(place, answers, os.environ.get(SECRET, ""), list(_tried(place, answers, os.environ.get(SECRET, ""), now)))
    if voice is None:
        raise NotSetUp(SAID["terminal"][place.settings.language])
    try:
        return _asked(place, old, voice, now)
    except (EOFError, KeyboardInterrupt):
        raise NotSetUp("\n" + SAID["left"][place.settings.language]) from None


# Asking


def _asked(place: Place, old: Answers, voice: Voice, now: datetime) -> SetUp:
    answers, secret = dict(old), os.environ.get(SECRET, "")
    voice.out(SAID["begin"]["zh"] + "\n" + SAID["begin"]["en"])
    for section in SECTIONS:
        while True:
            _ask_section(place, section, answers, voice)
            if section[0] == "mail" and _by_password(place, answers):
                secret = voice.hide(SAID["password"][answers["language"]]) or secret
            faults = list(_try(place, section[0], answers, secret, now, voice.out))
            if not faults:
                break
            voice.out("\n".join(f"  {fault}" for fault in faults))
            if voice.ask(SAID["again"][answers["language"]]).strip() == "s":
                break
    language = answers["language"]
    voice.out("\n".join(_changes(place, answers)))
    if voice.ask(SAID["write"][language]).strip().lower() not in ("", "y", "yes", "是"):
        raise NotSetUp(SAID["left"][language])
    return _finished(place, answers, secret, [])


def _ask_section(place: Place, section: Sequence[str], answers: Answers, voice: Voice) -> None:
    for question in questions(place.packs):
        if question.name in section and question.asked(answers):
            answers[question.name] = _answer(question, answers, voice)


def _answer(question: Question, answers: Answers, voice: Voice) -> str:
    language, offered = answers["language"], suggested(question.name, answers)
    while True:
        said = voice.ask(f"\n{question.words[language]}\n  [{offered}] ").strip() or offered
        fault = question.fault(said, answers)
        if fault is None:
            return said
        voice.out(f"  {fault[language]}")


def _from_file(place: Place, old: Answers, file: Path) -> Answers:
    """The answers of a file over those of before; each is checked as if it had been typed."""
    document, problems = read_document(file, file.name)
    if problems or document is None:
        raise ConfigProblems(problems)
    told = document.data
    answers, faults = dict(old), []
    for name, value in told.items() if isinstance(told, dict) else [("?", "")]:
        if name not in old:
            faults.append(f"'{name}' is no question; the questions are: {', '.join(old)}")
        answers[name] = ", ".join(value) if isinstance(value, list) else str(value)
    for question in questions(place.packs):
        if question.name in old and question.asked(answers):
            answers[question.name] = suggested(question.name, answers)
            fault = question.fault(answers[question.name], answers)
            faults += [f"{question.name}: '{answers[question.name]}': {fault['en']}"] if fault else []
    if faults:
        raise NotSetUp("\n".join([*(f"{file.name}: {fault}" for fault in faults), "Nothing was written."]))
    return answers


# Trying


def _tried(place: Place, answers: Answers, secret: str, now: datetime) -> Iterator[str]:
    """What was tried and failed, of answers from a file; they are written all the same, and `doctor` says the rest."""
    for name in LASTING:
        yield from _try(place, name, answers, secret, now, lambda _: None)


def _try(place: Place, name: str, answers: Answers, secret: str, now: datetime, out: Callable[[str], None]) -> Iterator[str]:
    """Try the answers of a section where that can be tried; says what is wrong."""
    if name == "workbook" and answers["workbook"] == "google":
        faults = list(_google_faults(place, answers, now, out))
    elif name == "mail" and answers["mail"] != "folder" and not place.settings.mail.oauth2:
        faults = _mail_faults(answers, secret)
    else:
        return
    yield from faults
    if not faults:
        out(SAID["good"][answers["language"]])


def _google_faults(place: Place, answers: Answers, now: datetime, out: Callable[[str], None]) -> Iterator[str]:
    from automations.googledoctor import google_lines

    key, language = place.root / Path(answers["credentials"]).expanduser(), answers["language"]
    if os.name == "posix" and key.is_file() and key.stat().st_mode & 0o077:
        key.chmod(0o600)
        out(SAID["closed"][language].format(file=key.name))
    for line in google_lines(_with_workbook(place, answers), now):
        if line.state == "failed" and line.remedy is not INIT:
            yield line.what[language] + (f" -> {line.remedy[language]}" if line.remedy else "")


def _with_workbook(place: Place, answers: Answers) -> Config:
    """The configuration as it is, with the workbook of the answers."""
    config = load(place.root)
    told = config.settings.workbook.model_dump() | {"spreadsheets": {}} | dict(settings_from(answers, "")["workbook"])
    settings = config.settings.model_copy(update={"workbook": WorkbookSettings.model_validate(told)})
    return replace(config, settings=settings)


def _mail_faults(answers: Answers, secret: str) -> list[str]:
    """What the mail server says when one signs in."""
    told = {name: value for name, value in settings_from(answers, "")["mail"].items() if value is not None}
    try:
        mail = MailSettings.model_validate(told)
    except ValueError as error:
        return [str(error)]
    channel = SmtpChannel(mail.server, mail.sender, mail.reach, {SECRET: secret})
    try:
        channel.knock()
    except MailWaits as error:
        return [str(error)]
    return []


# Writing


def _changes(place: Place, answers: Answers) -> Iterator[str]:
    """The lines that go and the lines that come."""
    old = place.file.read_text(encoding="utf-8")
    lines = [line for line in ndiff(old.splitlines(), _text(place, answers).splitlines()) if line[0] in "-+"]
    yield SAID["changes" if lines else "same"][answers["language"]]
    yield from (f"  {line}" for line in lines)


def _text(place: Place, answers: Answers) -> str:
    values = dict(settings_from(answers, _calendar(place, answers)))
    if place.settings.mail.oauth2:
        values["mail"] = {name: value for name, value in values["mail"].items() if name != "password"}
    return edited(place.file.read_text(encoding="utf-8"), values)


def _by_password(place: Place, answers: Answers) -> bool:
    """Whether the mail server asks for a password; a consent (`oauth2`) that stands in the settings stays in its place."""
    return answers["mail"] != "folder" and answers["user"] != "-" and place.settings.mail.oauth2 is None


def _calendar(place: Place, answers: Answers) -> str:
    """The calendar of the zone; a zone without one gets a copy of the present calendar, named after it."""
    named = re.sub(r"[^a-z0-9]+", "-", answers["zone"].rpartition("/")[2].lower()).strip("-")
    return place.zones.get(answers["zone"]) or named


def _finished(place: Place, answers: Answers, secret: str, warned: Sequence[str]) -> SetUp:
    """Write the settings, a calendar if one is new, and the password; the settings only if they can be read again."""
    language, text = answers["language"], _text(place, answers)
    _refuse_unreadable(place, text)
    if answers["zone"] not in place.zones:
        _copy_calendar(place, _calendar(place, answers), answers["zone"])
    _replace(place.file, text)
    lines = [SAID["written"][language]]
    if _by_password(place, answers):
        if secret:
            keep(place.root, SECRET, secret)
        lines.append(SAID["secret" if secret else "no secret"][language].format(place=PLACE, name=SECRET))
    return SetUp((*lines, SAID["next"][language]), tuple(warned))


def _refuse_unreadable(place: Place, text: str) -> None:
    unfinished = place.file.with_name("settings.unfinished.yaml")
    unfinished.write_text(text, encoding="utf-8")
    try:
        reader = Reader(place.root)
        if reader.read(SettingsFile, unfinished) is None:
            raise ConfigProblems(reader.problems)
    finally:
        unfinished.unlink()


def _copy_calendar(place: Place, name: str, zone: str) -> None:
    folder = place.root / "config" / "calendars"
    old = (folder / f"{place.settings.calendar}.yaml").read_text(encoding="utf-8")
    text = re.sub(r"(?m)^calendar:.*$", f"calendar: {flow(name)}", old, count=1)
    _replace(folder / f"{name}.yaml", re.sub(r"(?m)^zone:.*$", f"zone: {zone}", text, count=1))


def _replace(file: Path, text: str) -> None:
    unfinished = file.with_name(f"{file.name}.unfinished")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(file)
