"""Asks the real service whether the stand-in is right: one line per belief, everything cleaned up after.

    .venv/bin/python -m tests.sheets.probe --credentials key.json
    .venv/bin/python -m tests.sheets.probe --credentials key.json --spreadsheet ID --other-credentials other.json --by-hand

The key file is that of a service account. Without --spreadsheet the probe makes a file of its own and deletes it; with it, it makes
tabs in that file and deletes them (a second account must then be an editor of it already). It takes about two minutes: one call a
second, so that the quota is never met.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import requests
from google.auth.transport.requests import AuthorizedSession
from google.oauth2.service_account import Credentials

from tests.sheets.beliefs import QUESTIONS, words
from tests.sheets.probing import Probe, Skipped, Unmet, title

SCOPES = ["https://www.googleapis.com/auth/spreadsheets", "https://www.googleapis.com/auth/drive.file"]
BY_HAND = {
    "sort": "sort the three rows below the header by column C, ascending (select A2:C4, Data > Sort range)",
    "sort part": "select only B2:C4 and sort that range by column C, ascending; do not let it expand",
    "restore": "open File > Version history and restore the version before the last change",
}


@dataclass(frozen=True)
class Finding:
    """What came of one belief."""

    belief: str
    outcome: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.belief}  {self.outcome:4}  {words(QUESTIONS[self.belief])}" + (f": {self.detail}" if self.detail else "")


def ask_all(probe: Probe) -> Iterator[Finding]:
    """Every belief in order; one that fails does not stop the others."""
    with probe:
        for belief, question in QUESTIONS.items():
            try:
                yield Finding(belief, "pass", question(probe) or "")
            except Skipped as reason:
                yield Finding(belief, "skip", str(reason))
            except (Unmet, requests.RequestException, LookupError, ValueError) as trouble:
                yield Finding(belief, "FAIL", f"{type(trouble).__name__} {trouble}")


def session(path: str) -> tuple[AuthorizedSession, str]:
    """A logged-in session and the address of its account."""
    credentials = Credentials.from_service_account_file(path, scopes=SCOPES)  # type: ignore[no-untyped-call]
    return AuthorizedSession(credentials), credentials.service_account_email  # type: ignore[no-untyped-call]


def at_the_keyboard(what: str, probe: Probe, tab: int) -> None:
    input(f"In https://docs.google.com/spreadsheets/d/{probe.spreadsheet_id}/edit, tab {title(tab)}: {BY_HAND[what]}. Then press Enter. ")


def main(arguments: list[str], show: Callable[[str], None] = print) -> int:
    """Run the probe; 1 when a belief failed."""
    parser = argparse.ArgumentParser(prog="probe", description=__doc__)
    parser.add_argument("--credentials", required=True)
    parser.add_argument("--other-credentials")
    parser.add_argument("--spreadsheet", default="")
    parser.add_argument("--by-hand", action="store_true")
    given = parser.parse_args(arguments)
    other, other_email = session(given.other_credentials) if given.other_credentials else (None, "")
    probe = Probe(session(given.credentials)[0], spreadsheet_id=given.spreadsheet, other=other, other_email=other_email)
    probe.pace, probe.hand = lambda: time.sleep(1), at_the_keyboard if given.by_hand else None
    findings = []
    for finding in ask_all(probe):
        show(str(finding))
        findings.append(finding)
    failed = [finding for finding in findings if finding.outcome == "FAIL"]
    show(f"{len(findings)} beliefs, {len(failed)} failed" + (": correct the stand-in and BELIEFS.md" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
