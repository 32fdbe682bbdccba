"""What Google answers when it says no, in words that tell an operator what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from requests import Response

from automations.errors import OutsideFailed, WorkbookRefused

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
    """Who asked, and about what: for messages only."""

    account: str
    spreadsheet: str = ""

    def __str__(self) -> str:
        return f"Google spreadsheet {self.spreadsheet}" if self.spreadsheet else "Google Sheets"


def refused(said: Said, asked: Asked) -> WorkbookRefused:
    """The error for a call that Google refused, with the remedy."""
    return WorkbookRefused(f"{asked}: {_what(said, asked)}", said.status, said.reason, said.message)


def _what(said: Said, asked: Asked) -> str:
    if said.status == 401:
        return f"the access of {asked.account} is not accepted; {NEW_KEY}"
    if said.status == 403:
        return _forbidden(said, asked)
    if said.status == 404:
        return "there is no such spreadsheet; correct `spreadsheet` in config/settings.yaml (the part between /d/ and /edit of its address)"
    if said.status == 429:
        return f"Google's quota is used up{_in_brackets(said.quota)}; {SLOWER}"
    if said.status == 413:
        return "the write is larger than Google takes; put the tables into several spreadsheets (`spreadsheets` in config/settings.yaml)"
    if said.status in ANSWER_LOST:
        return f"Google does not answer ({said.status}); run again later, see https://www.google.com/appsstatus"
    return f"Google refused the call ({said.status} {said.reason}){': ' if said.message else ''}{said.message}"


SLOWER = "run again in some minutes, make the automations rarer, or ask for more in the Google Cloud console (IAM & Admin, Quotas)"
NEW_KEY = "look whether the account or its key was deleted or its consent withdrawn, make a new key, and check the clock of this machine"


def _in_brackets(text: str) -> str:
    return f" ({text})" if text else ""


def _forbidden(said: Said, asked: Asked) -> str:
    if said.reason == "SERVICE_DISABLED":
        return (
            f"the Google Sheets API is switched off in the project of {asked.account}; switch it on: "
            "https://console.cloud.google.com/apis/library/sheets.googleapis.com"
        )
    if said.reason == "ACCESS_TOKEN_SCOPE_INSUFFICIENT":
        return f"the credentials lack the scope {SCOPE}; make them again with it"
    return f"it is not shared with {asked.account}; open it, press Share, and add this address as an editor"


def unreachable(reason: str, asked: Asked) -> OutsideFailed:
    """The error for a network that does not lead to Google."""
    return OutsideFailed(f"{asked}: cannot be reached ({reason}); look at the network, the proxy and the firewall, then run again")


def key_refused(reason: str, asked: Asked) -> WorkbookRefused:
    """The error for credentials that Google's sign-in does not accept."""
    return WorkbookRefused(f"Google does not let in {asked.account} ({reason}); {NEW_KEY}", 401, reason, "")
