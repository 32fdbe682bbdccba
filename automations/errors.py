"""What can go wrong, for whom, and with which exit code.

    RowkeeperError
    ├── ConfigProblems      the admin: every fault of config/ at once, with file:line:column     exit 3
    ├── PlanRefused         the operator: a brake stopped the run before the first write         exit 4
    ├── TooSlow             the operator: the rules took longer than they may                     exit 5
    ├── OutsideFailed       the operator: a workbook, ledger, folder or server refused or failed exit 5
    │   ├── WorkbookUnreadable
    │   ├── WorkbookBusy
    │   ├── WorkbookUnwritable
    │   ├── WorkbookRefused     a service that keeps the tables said no
    │   ├── WorkbookTaken       another installation keeps this workbook
    │   ├── AnswerLost          a write was sent and nobody knows what became of it
    │   ├── LedgerFailed
    │   └── MailFailed
    └── NeedsAPerson        the operator: something uncertain is held for a decision              exit 6

A *finding* (a row's fault, said to its owner) is a value, never an exception: see `model.Finding`.
Anything else that escapes is a bug: a traceback for the developer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One fault in a configuration file, printed as `file:line:column: what` with hints below."""

    file: str
    line: int
    column: int
    what: str
    hints: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join([f"{self.file}:{self.line}:{self.column}: {self.what}", *(f"  {hint}" for hint in self.hints)])


class RowkeeperError(Exception):
    """Something went wrong that has a name, an addressee and a way out."""

    exit_code = 5


class ConfigProblems(RowkeeperError):
    """The configuration has faults; nothing was read from any workbook."""

    exit_code = 3

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.report())

    def report(self) -> str:
        count = len(self.problems)
        total = f"{count} problem{'' if count == 1 else 's'}. Nothing was read from any workbook."
        return "\n".join([*map(str, self.problems), total])


class PlanRefused(RowkeeperError):
    """A brake stopped the run; nothing was written and nothing was sent."""

    exit_code = 4


class TooSlow(RowkeeperError):
    """Evaluating the rules took longer than it may; nothing was written and nothing was sent."""


class OutsideFailed(RowkeeperError):
    """The world outside refused or failed; what was done is recorded, the rest is tried again."""

    exit_code = 5


class WorkbookUnreadable(OutsideFailed):
    """The workbook cannot be read: missing, truncated, protected by a password, or not a workbook."""


class WorkbookBusy(OutsideFailed):
    """The workbook is open in another program; close it there and run again."""


class WorkbookUnwritable(OutsideFailed):
    """The workbook could not be written; the previous file is untouched."""


class WorkbookRefused(OutsideFailed):
    """The service that keeps the tables refused a call: its status, its reason, and its own words."""

    def __init__(self, words: str, status: int, reason: str = "", said: str = "") -> None:
        super().__init__(words)
        self.status, self.reason, self.said = status, reason, said


class WorkbookTaken(OutsideFailed):
    """Another installation keeps this workbook; nothing was written and nothing was sent."""


class AnswerLost(OutsideFailed):
    """A write was sent and its answer is lost; whether it was carried out shows in the cells."""


class LedgerFailed(OutsideFailed):
    """The ledger could not be read or written; nothing was sent."""


class MailFailed(OutsideFailed):
    """A mail could not be put where it should go; it stays planned."""


class NeedsAPerson(RowkeeperError):
    """Something uncertain happened and a person must decide."""

    exit_code = 6
