"""What Google answers when it says no, in words that tell an operator what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from requests import Response

from automations.errors import OutsideFailed, WorkbookRefused
from automations.model import Words

SCOPE = "https://www.googleapis.com/auth/spreadsheets"
ANSWER_LOST = frozenset({500, 502, 503, 504})
"""Answers after which nobody knows whether the call was carried out."""
LONGEST_SAID = 300


@dataclass(frozen=True)
class Said:
    """An error of Google's as it came: the status of the line, the reason of its details, its own words (in the account's language)."""

    status: int
    reason: str
    message: str
    quota: str = ""


def said_by(response: Response) -> Said:
    """Read an error answer of any shape: Google's JSON, the string errors of its sign-in, a proxy's page."""
    try:
        error = response.json()["error"]
    except (ValueError, KeyError, TypeError):
        return Said(response.status_code, "", "")
    if not isinstance(error, dict):
        return Said(response.status_code, str(error), "")
    details = [each for each in error.get("details", ()) if isinstance(each, dict)]
    reason = next((str(each["reason"]) for each in details if "reason" in each), str(error.get("status", "")))
    quota = next((_quota(each) for each in details if "quota_metric" in each.get("metadata", {})), "")
    return Said(response.status_code, reason, str(error.get("message", ""))[:LONGEST_SAID], quota)


def _quota(detail: Mapping[str, Any]) -> str:
    told = detail["metadata"]
    return f"{told.get('quota_limit_value', '?')} {str(told['quota_metric']).rpartition('/')[2].replace('_', ' ')} a minute"


@dataclass(frozen=True)
class Asked:
    """Who asked, about what, and in which language they read what went wrong."""

    account: str
    spreadsheet: str = ""
    language: str = "en"

    def __str__(self) -> str:
        return f"{self.say('spreadsheet')} {self.spreadsheet}" if self.spreadsheet else "Google Sheets"

    def say(self, name: str, **facts: object) -> str:
        """A sentence of TOLD."""
        account = TOLD["person"][self.language] if self.account == PERSON else self.account
        return TOLD[name][self.language].format(account=account, **facts)

    def about(self, name: str, **facts: object) -> str:
        """The same behind the spreadsheet it is about."""
        return f"{self}{'：' if self.language == 'zh' else ': '}{self.say(name, **facts)}"


PERSON = "the Google account that gave its consent"
"""Whose account it is where a consent does not say it."""
TOLD: Mapping[str, Words] = {
    "person": {"zh": "授权的那个 Google 账号", "en": PERSON},
    "spreadsheet": {"zh": "Google 表格", "en": "Google spreadsheet"},
    "not let in": {
        "zh": "Google 不接受 {account} 的访问；看看这个账号或密钥是不是被删了、授权是不是撤回了，换一个新密钥，并校准本机时间",
        "en": "the access of {account} is not accepted; look whether the account or its key was deleted or its consent withdrawn, "
        "make a new key, and check the clock of this machine",
    },
    "key refused": {
        "zh": "{account} 登录 Google 没有成功（{reason}）；看看这个账号或密钥是不是被删了、授权是不是撤回了，换一个新密钥，并校准本机时间",
        "en": "Google does not let in {account} ({reason}); look whether the account or its key was deleted or its consent withdrawn, "
        "make a new key, and check the clock of this machine",
    },
    "gone": {
        "zh": "没有这个表格；请改正 config/settings.yaml 里的 `spreadsheet`（表格网址中 /d/ 与 /edit 之间的部分）",
        "en": "there is no such spreadsheet; correct `spreadsheet` in config/settings.yaml (the part between /d/ and /edit of its address)",
    },
    "quota": {
        "zh": "Google 的调用限额用完了{quota}；过几分钟再运行，把自动任务排得稀一些，或在 Google Cloud 控制台（IAM 和管理，配额）申请提高",
        "en": "Google's quota is used up{quota}; run again in some minutes, make the automations rarer, "
        "or ask for more in the Google Cloud console (IAM & Admin, Quotas)",
    },
    "own quota": {
        "zh": "设置里允许的每分钟调用次数用完了；过几分钟再运行",
        "en": "the calls a minute that the settings allow are used up; run again in some minutes",
    },
    "too large": {
        "zh": "一次写入超过了 Google 的上限；请把各表分到几个表格里（config/settings.yaml 的 `spreadsheets`）",
        "en": "the write is larger than Google takes; put the tables into several spreadsheets (`spreadsheets` in config/settings.yaml)",
    },
    "down": {
        "zh": "Google 没有应答（{status}）；稍后再运行，见 https://www.google.com/appsstatus",
        "en": "Google does not answer ({status}); run again later, see https://www.google.com/appsstatus",
    },
    "other": {"zh": "Google 拒绝了这次调用（{status} {reason}）{message}", "en": "Google refused the call ({status} {reason}){message}"},
    "api off": {
        "zh": "{account} 所在的项目没有启用 Google Sheets API；请启用：https://console.cloud.google.com/apis/library/sheets.googleapis.com",
        "en": "the Google Sheets API is switched off in the project of {account}; switch it on: "
        "https://console.cloud.google.com/apis/library/sheets.googleapis.com",
    },
    "no scope": {
        "zh": f"密钥缺少权限 {SCOPE}；请带上这项权限重新制作",
        "en": f"the credentials lack the scope {SCOPE}; make them again with it",
    },
    "not shared": {
        "zh": "没有共享给 {account}，或只让它查看；打开该表格，点“共享”，把这个地址加为“编辑者”",
        "en": "it is not shared with {account}, or only for viewing; open it, press Share, and add this address as an editor",
    },
    "unreachable": {
        "zh": "连不上（{reason}）；请检查网络、代理和防火墙，然后再运行",
        "en": "cannot be reached ({reason}); look at the network, the proxy and the firewall, then run again",
    },
    "lost": {
        "zh": "写入已经发出，答复没有收到（{reason}）；下次运行从单元格里看出写没写成",
        "en": "a write was sent and its answer is lost ({reason}); the next run sees in the cells what became of it",
    },
    "taken": {
        "zh": "由另一处安装的表管家负责写入（{label}）。没有写入，也没有发信。请停掉其中一处；今后要由本安装负责：runner.py takeover",
        "en": "is kept by another installation of Rowkeeper ({label}). Nothing was written and nothing was sent. "
        "Stop one of the two; if this one is to keep it from now on: runner.py takeover",
    },
    "old copy": {
        "zh": "第 {there} 次写入出自本安装的另一份，本机的运行记录只到第 {here} 次，是旧的一份，或是从备份恢复的。"
        "没有写入，也没有发信。请停掉另一份；要由本机继续：runner.py takeover",
        "en": "write {there} was made by a copy of this installation, this ledger knows only {here}; it is an old copy or a restored "
        "backup. Nothing was written and nothing was sent. Stop the other one; if this one is to go on: runner.py takeover",
    },
}
SAID_OF: Mapping[int, str] = {401: "not let in", 404: "gone", 413: "too large", 429: "quota"}


def refused(said: Said, asked: Asked) -> WorkbookRefused:
    """The error for a call that Google refused, with the remedy."""
    facts = {"quota": _aside(said.quota, asked), "status": said.status, "reason": said.reason, "message": _own_words(said, asked)}
    return WorkbookRefused(asked.about(_what(said), **facts), said.status, said.reason, said.message)


def _what(said: Said) -> str:
    """Which sentence tells what was refused."""
    if said.status == 403:
        return {"SERVICE_DISABLED": "api off", "ACCESS_TOKEN_SCOPE_INSUFFICIENT": "no scope"}.get(said.reason, "not shared")
    return SAID_OF.get(said.status, "down" if said.status in ANSWER_LOST else "other")


def _own_words(said: Said, asked: Asked) -> str:
    colon = "：" if asked.language == "zh" else ": "
    return f"{colon}{said.message}" if said.message else ""


def _aside(text: str, asked: Asked) -> str:
    brackets = "（{}）" if asked.language == "zh" else " ({})"
    return brackets.format(text) if text else ""


def unreachable(reason: str, asked: Asked) -> OutsideFailed:
    """The error for a network that does not lead to Google."""
    return OutsideFailed(asked.about("unreachable", reason=reason))


def key_refused(reason: str, asked: Asked) -> WorkbookRefused:
    """The error for credentials that Google's sign-in does not accept."""
    return WorkbookRefused(asked.say("key refused", reason=reason), 401, reason, "")
