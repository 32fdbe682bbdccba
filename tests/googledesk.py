"""A desk at Google for tests: a file on the stand-in, the product's workbook over it without sockets, and somebody at work in it.

    desk = Desk.of(ORDERS)
    desk.google.moments.before(2, lambda: desk.human.sort("客户"))
    desk.passes()
    assert desk.wrong() == []

A pass reads the tab, works out what the column of ours should say (`wanted`), and applies it, as a run does. Nothing sleeps: hangs and
waits cost time of the stand-in's clock only. `twin` is the same file with the same person at work and no product.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from google.oauth2.credentials import Credentials

from automations.errors import OutsideFailed
from automations.moved import moved
from automations.workbooks.google import GoogleWorkbook
from automations.workbooks.googlehttp import SheetsHttp
from automations.workbooks.googleowner import Holder, Passing
from automations.workbooks.googlesheet import Spreadsheet
from automations.workbooks.protocol import Refused, Target, Written, header_text, is_blank, key_text, plain_text
from tests.contracts.workbooks import stand_in
from tests.project import table
from tests.sheets.clock import VirtualClock
from tests.sheets.human import Human
from tests.sheets.inprocess import InProcess
from tests.sheets.server import StandIn

ROBOT = "robot@example.com"
KEY, OURS, TAB = "编号", "状态", "订单"
ORDERS = """
    编号 | 客户 | 金额 | 状态 | 备注
    A-1  | 老陈 | 120  |      | 急
    A-2  | 小李 | 80   |      |
    A-3  | 王家 | 300  |      | 已电话
    A-4  | 赵记 | 45   |      |
    A-5  | 孙家 | 210  |      | 月结
"""
HALF = """
    编号 | 客户 | 金额 | 状态       | 备注
    A-1  | 老陈 | 120  |            | 急
    A-2  | 小李 | 80   | 小李：小单 |
    A-3  | 王家 | 300  | 王家：大单 | 已电话
    A-4  | 赵记 | 45   | 赵记：小单 |
    A-5  | 孙家 | 210  |            | 月结
"""
"""Two rows are new since the last pass: nothing of ours stands in them yet."""
Act = Callable[[Human], object]


def among(text: str, rows: int, *, ours: bool = True) -> str:
    """A drawn table with other rows before each of its own, in which nothing is to be written: `rows` of them each time."""
    header, *lines = text.strip().splitlines()
    numbers = iter(range(1000))

    def others() -> list[str]:
        return [
            f"F-{number} | 客{number} | 90 |{f' 客{number}：小单 |' if ours else ''}"
            for _, number in zip(range(rows), numbers, strict=False)
        ]

    return "\n".join([header, *(each for line in lines for each in [*others(), line])])


def connected(google: StandIn, file: str, *, account: str = ROBOT, holder: Holder | None = None, **more: Any) -> GoogleWorkbook:
    """The product's workbook over a file, its calls handed to the stand-in without a socket."""
    token = Credentials(google.token(account))  # type: ignore[no-untyped-call]
    http = SheetsHttp(token, account, endpoint=google.url, clock=google.clock, **more)
    http.session.mount(google.url, InProcess(google))
    http.session.trust_env = False  # there is no proxy to look for, thousands of times
    return GoogleWorkbook([Spreadsheet(http, file)], f"google:{file}", holder or Passing())


def fresh_stand_in() -> StandIn:
    """The one stand-in of this process, its log, faults, quota and clock begun anew."""
    google = stand_in()
    google.forget_calls()
    google.faults.clear()
    google.moments.acts.clear()
    google.delayed.clear()
    google.clock.__init__()  # type: ignore[misc]
    google.quota._times.clear()
    return google


def filed(google: StandIn, text: str, title: str = TAB) -> tuple[str, Human]:
    """A file with one drawn tab, and somebody who works in it."""
    file = google.file("台账", shared={ROBOT: "writer", "staff@example.com": "owner"}, timeZone="Asia/Shanghai")
    drawn = table(text)
    sheet = google.tab(file, title, [list(drawn.headers), *(list(map(_typed, row)) for row in drawn.rows)])
    return file, Human(google, file, sheet.sheet_id, KEY)


def _typed(text: str) -> Any:
    return int(text) if text.isdigit() else text or None


def wanted(row: Mapping[str, Any]) -> str:
    """What the column of ours should say: a text of the row's own inputs, different for every row."""
    return f"{plain_text(row.get('客户'))}：{'大' if float(row.get('金额') or 0) > 100 else '小'}单"


@dataclass
class Desk:
    """The file, the product and the person; `applied` is what the ledger would know of our cells, `decided` what people typed there."""

    google: StandIn
    file: str
    workbook: GoogleWorkbook
    human: Human
    twin: Human
    applied: dict[str, str] = field(default_factory=dict)
    decided: dict[str, Any] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    displaced: set[str] = field(default_factory=set)
    title: str = TAB

    @classmethod
    def of(cls, text: str = ORDERS) -> Desk:
        """A desk of its own on the one stand-in of this process, whose log, faults, quota and clock start anew."""
        google = fresh_stand_in()
        file, human = filed(google, text)
        _, twin = filed(google, text)
        return cls(
            google, file, connected(google, file), human, twin, {str(row[KEY]): row[OURS] for row in human.records() if row.get(OURS)}
        )

    @property
    def clock(self) -> VirtualClock:
        return self.google.clock

    def acts(self, act: Act) -> Callable[[], object]:
        """Both people do the same, where the product works and where it does not."""

        def both() -> None:
            act(self.human)
            act(self.twin)

        return both

    def starts_anew(self) -> None:
        """The process is gone and another one begins: it knows what the ledger keeps, and nothing else."""
        self.workbook = connected(self.google, self.file, holder=self.workbook.holder)

    def one_pass(self) -> tuple[Written, Refused]:
        """Read, work out, apply. A trouble is kept and ends the pass, as it ends a run."""
        try:
            targets = self.targets()
            written, refused = self.workbook.apply(targets) if targets else ([], [])
        except OutsideFailed as error:
            self.troubles.append(str(error))
            return [], []
        self.applied |= {targets[place].key: str(targets[place].new) for place in written}
        return written, refused

    def passes(self, most: int = 5) -> int:
        """Passes until one finds nothing to do; how many it took."""
        for number in range(1, most + 1):
            before, edits = len(self.google.calls), len(self.human.edits)
            self.one_pass()
            self.google.catch_up(everything=True)
            if edits == len(self.human.edits) and not [
                call for call in self.google.calls[before:] if call.counts_as == "write" or call.fault
            ]:
                return number
        return most + 1

    def targets(self) -> list[Target]:
        """What a plan would write: a person's value in our column stays, doubled keys are left alone."""
        rows = self.rows()
        keys = [key_text(row.get(KEY)) for row in rows]
        once = {key: row for key, row in zip(keys, rows, strict=True) if key and keys.count(key) == 1 and OURS in row}
        self.displaced = moved({key: row[OURS] or None for key, row in once.items()}, {**self.applied, **self.decided})
        self.decided = {key: row[OURS] for key, row in once.items() if self._is_theirs(key, row[OURS])} | {
            key: value for key, value in self.decided.items() if key in self.displaced
        }
        said = {key: self.decided.get(key, wanted(row)) for key, row in once.items()}
        return [
            replace(target(row, place, said[keys[place]]), tab=self.title)
            for place, row in enumerate(rows)
            if keys[place] in once and row[OURS] != said[keys[place]]
        ]

    def _is_theirs(self, key: str, held: Any) -> bool:
        known = held == self.decided.get(key) or held != self.applied.get(key)
        return not is_blank(held) and known and key not in self.displaced

    def rows(self) -> list[dict[str, Any]]:
        """The tab as the product reads it, by header."""
        grids = [grid for grid in self.workbook.grids() if any(header_text(column[0]) == KEY for column in grid.columns)]
        if not grids:
            return []
        self.title, headers = grids[0].title, [plain_text(column[0]) for column in grids[0].columns]
        return [dict(zip(headers, row, strict=True)) for row in list(zip(*grids[0].columns, strict=True))[1:]]

    def wrong(self) -> list[str]:
        """Cells of ours that say something else than they should, except those a person typed over."""
        typed = {edit.key for edit in self.human.edits if edit.header == OURS and edit.new is not None}
        rows = self.human.records()
        keys = [key_text(row.get(KEY)) for row in rows]
        return [
            f"{row[KEY]}: {row.get(OURS)} instead of {wanted(row)}"
            for place, row in enumerate(rows)
            if keys[place] and keys.count(keys[place]) == 1 and OURS in row and row[KEY] not in typed and row[OURS] != wanted(row)
        ]

    def theirs(self, person: Human) -> list[dict[str, Any]]:
        """Everything in the tab but our column; what staff typed into it counts as theirs."""
        typed = {edit.key for edit in person.edits if edit.header == OURS and edit.new is not None}
        return [{header: value for header, value in row.items() if header != OURS or row.get(KEY) in typed} for row in person.records()]


def target(row: Mapping[str, Any], place: int, new: Any = ..., header: str = OURS) -> Target:
    """A write into our column for a row as it was read."""
    value = wanted(row) if new is ... else new
    return Target(TAB, 1, 0, key_text(row[KEY]), 3, header, KEY, row[header] or None, value, "text", place + 2)


def kinds(calls: Sequence[Any]) -> list[str]:
    """The calls of a log by their kind."""
    return [call.kind for call in calls]
