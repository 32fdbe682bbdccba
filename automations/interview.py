"""The questions of `setup`: what is asked when, what an answer must be, and the settings that follow from the answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from automations.channels.message import ONE_ADDRESS
from automations.channels.presets import PRESETS
from automations.declarations import SettingsFile
from automations.model import Words
from automations.workbooksettings import spreadsheet_id

Answers = dict[str, str]
"""An answer to each question by its name, as text; several packs or domains with commas between."""
SECRET = "SMTP_PASSWORD"  # noqa: S105 - the name of the variable
FOLDER, CUSTOM = "folder", "custom"
SERVICES = (FOLDER, *PRESETS)


@dataclass(frozen=True)
class Question:
    """One question: its name in an answers file, its words, when it is asked, and what is wrong with an answer (None: nothing)."""

    name: str
    words: Words
    fault: Callable[[str, Answers], Words | None]
    asked: Callable[[Answers], bool] = lambda _: True


def one_of(*choices: str) -> Callable[[str, Answers], Words | None]:
    said = ", ".join(choices)
    return lambda text, _: None if text in choices else {"zh": f"请填其中一个：{said}", "en": f"one of these: {said}"}


def _written(text: str, _: Answers) -> Words | None:
    return None if text else {"zh": "不能留空", "en": "this cannot be left blank"}


def _any(_text: str, _: Answers) -> Words | None:
    return None


def _zone(text: str, _: Answers) -> Words | None:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return {"zh": "没有这个时区，例如 Asia/Shanghai", "en": "no such zone; for example Asia/Shanghai"}
    return None


def _spreadsheet(text: str, _: Answers) -> Words | None:
    if spreadsheet_id(text):
        return None
    return {
        "zh": "请粘贴表格的网址，https://docs.google.com/spreadsheets/d/…",
        "en": "paste its address, https://docs.google.com/spreadsheets/d/…",
    }


def _address(text: str, _: Answers) -> Words | None:
    if ONE_ADDRESS.fullmatch(parseaddr(text)[1]):
        return None
    return {"zh": "请填一个邮箱地址，例如 admin@example.com", "en": "one address, for example admin@example.com"}


def _address_or_none(text: str, answers: Answers) -> Words | None:
    return _address(text, answers) if text else None


def _port(text: str, _: Answers) -> Words | None:
    good = text.isdigit() and 0 < int(text) < 65_536
    return None if good else {"zh": "请填端口号，例如 465", "en": "the number of a port, for example 465"}


def packs_of(known: Sequence[str]) -> Callable[[str, Answers], Words | None]:
    def fault(text: str, _: Answers) -> Words | None:
        strange = [name for name in listed(text) if name not in known]
        said = ", ".join(known)
        if strange or not listed(text):
            return {"zh": f"请从这些里选，用逗号分开：{said}", "en": f"choose from these, with commas between: {said}"}
        return None

    return fault


def listed(text: str) -> list[str]:
    """The parts of an answer that may be several."""
    return [part.strip() for part in text.replace("，", ",").replace("、", ",").split(",") if part.strip()]


def _google(answers: Answers) -> bool:
    return answers["workbook"] == "google"


def _smtp(answers: Answers) -> bool:
    return answers["mail"] != FOLDER


def _custom(answers: Answers) -> bool:
    return answers["mail"] == CUSTOM


QUESTIONS: Sequence[Question] = (
    Question("language", {"zh": "语言 / Language（zh, en）", "en": "语言 / Language (zh, en)"}, one_of("zh", "en")),
    Question("zone", {"zh": "时区", "en": "Time zone"}, _zone),
    Question(
        "workbook",
        {"zh": "表格在哪里：xlsx（一个文件）还是 google", "en": "Where the tables are: xlsx (a file) or google"},
        one_of("xlsx", "google"),
    ),
    Question("path", {"zh": "文件名", "en": "The file"}, _written, lambda found: not _google(found)),
    Question("spreadsheet", {"zh": "Google 表格的网址", "en": "The address of the Google spreadsheet"}, _spreadsheet, _google),
    Question("credentials", {"zh": "服务账号的密钥文件（.json）", "en": "The key file of the service account (.json)"}, _written, _google),
    Question("admin", {"zh": "管理员的邮箱", "en": "The address of the admin"}, _address),
    Question(
        "mail",
        {
            "zh": f"邮件怎么发：folder（先存成文件，不外发），或邮箱服务 {', '.join(PRESETS)}",
            "en": f"How mail leaves: folder (kept as files, nothing is sent) or a service: {', '.join(PRESETS)}",
        },
        one_of(*SERVICES),
    ),
    Question("host", {"zh": "发信服务器", "en": "The mail server"}, _written, _custom),
    Question(
        "security",
        {"zh": "加密：tls、starttls、none（只限本机）", "en": "Encryption: tls, starttls, none (this machine only)"},
        one_of("tls", "starttls", "none"),
        _custom,
    ),
    Question("port", {"zh": "端口", "en": "Its port"}, _port, _custom),
    Question("sender", {"zh": "发件地址", "en": "The address mail is sent from"}, _address, _smtp),
    Question("user", {"zh": "登录名（服务器不要登录就填 -）", "en": "The name to sign in with (- for none)"}, _written, _smtp),
    Question(
        "allow_domains",
        {"zh": "可以发到哪些域名，用逗号分开；* 是全部", "en": "The domains mail may go to, with commas between; * is any"},
        _written,
        _smtp,
    ),
    Question(
        "redirect_all_to",
        {"zh": "试用期间所有邮件都改发给谁（填 - 就直接发给本人）", "en": "Who gets every mail while you try it out (- for the readers)"},
        lambda text, found: None if text == "-" else _address(text, found),
        _smtp,
    ),
)
"""Every question but the last, in order."""


def questions(packs: Sequence[str]) -> tuple[Question, ...]:
    """Every question in order; `packs` are those that lie in config/packs."""
    said = ", ".join(packs)
    words: Words = {"zh": f"启用哪些制度包（{said}）", "en": f"The packs to switch on ({said})"}
    return (*QUESTIONS, Question("packs", words, packs_of(packs)))


def before(settings: SettingsFile, zone: str) -> Answers:
    """What the settings say now, as answers."""
    book, mail = settings.workbook, settings.mail
    smtp = mail.kind == "smtp"
    return {
        "language": settings.language,
        "zone": zone,
        "workbook": book.kind,
        "path": book.path,
        "spreadsheet": book.places[0] if book.places else "",
        "credentials": (book.credentials.file or "") if book.credentials else "",
        "mail": mail.preset if smtp else FOLDER,
        "host": mail.host or "",
        "security": mail.security or "tls",
        "port": str(mail.port or 465),
        "sender": mail.sender,
        "user": (mail.user or "-") if smtp else "",
        "allow_domains": ", ".join(mail.allow_domains),
        "redirect_all_to": mail.redirect_all_to or ("-" if smtp else ""),
        "admin": settings.admin,
        "packs": ", ".join(settings.packs),
    }


def suggested(name: str, answers: Answers) -> str:
    """What a question offers: the answer of before, or what follows from those just given."""
    address = parseaddr(answers.get("sender", ""))[1]
    follows = {"user": address, "allow_domains": address.rpartition("@")[2], "redirect_all_to": answers.get("admin", "")}
    return answers.get(name) or follows.get(name, "")


def settings_from(answers: Answers, calendar: str) -> Mapping[str, Any]:
    """The keys of `settings.yaml` that the answers give; None takes a key out."""
    book: dict[str, Any] = {"kind": answers["workbook"]}
    if _google(answers):
        book |= {"spreadsheet": answers["spreadsheet"], "credentials": {"file": answers["credentials"]}}
    else:
        book |= {"path": answers["path"]}
    return {
        "language": answers["language"],
        "calendar": calendar,
        "workbook": book,
        "mail": _mail(answers),
        "admin": answers["admin"],
        "packs": listed(answers["packs"]),
    }


def _mail(answers: Answers) -> Mapping[str, Any]:
    if not _smtp(answers):
        return {"kind": FOLDER}
    own, signs_in = _custom(answers), answers["user"] != "-"
    redirected = answers["redirect_all_to"]
    return {
        "kind": "smtp",
        "preset": answers["mail"],
        "host": answers["host"] if own else None,
        "port": int(answers["port"]) if own else None,
        "security": answers["security"] if own else None,
        "user": answers["user"] if signs_in else None,
        "password": {"env": SECRET} if signs_in else None,
        "sender": answers["sender"],
        "allow_domains": listed(answers["allow_domains"]),
        "redirect_all_to": None if redirected == "-" else redirected,
    }
