"""A desk at Google where our column stands in a tab of its own: staff work in both tabs, the product reads, joins and writes by key.

What is written comes from the product itself: `read_snapshot` joins the tabs, `gone_marks` and `rows_for` say which rows of ours
are marked and which are new, `target_of` where each change goes. Only what the column should say is the desk's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from automations.apart import GONE, as_tabs, gone_marks, rows_for
from automations.applying import target_of
from automations.cells import typed
from automations.errors import OutsideFailed
from automations.model import CellChange, Change, Column, Sheet, Snapshot, Table
from automations.moved import moved
from automations.reading import read_snapshot
from automations.workbooks.google import GoogleWorkbook
from automations.workbooks.protocol import key_text
from tests.googledesk import KEY, OURS, TAB, Act, among, connected, fresh_stand_in, wanted
from tests.project import table
from tests.sheets.human import Human
from tests.sheets.server import StandIn

ORDERS = """
    编号 | 客户 | 金额 | 备注
    A-1  | 老陈 | 120  | 急
    A-2  | 小李 | 80   |
    A-3  | 王家 | 300  | 已电话
    A-4  | 赵记 | 45   |
    A-5  | 孙家 | 210  | 月结
"""
DECLARED = Table(
    "orders",
    {"zh": TAB},
    "no",
    (
        Column("no", {"zh": KEY}, required=True),
        Column("who", {"zh": "客户"}),
        Column("amount", {"zh": "金额"}, "integer"),
        Column("note", {"zh": "备注"}),
        Column("state", {"zh": OURS}, ours=True),
    ),
    apart=True,
)
OWN = as_tabs([DECLARED])[1].heading("zh")


@dataclass
class ApartDesk:
    """The file, the product, a person in staff's tab and one in the tab of ours; `twin` is the same person where no product works."""

    google: StandIn
    file: str
    workbook: GoogleWorkbook
    human: Human
    twin: Human
    own: Human
    applied: dict[str, str] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, others: int = 0) -> ApartDesk:
        """A desk of its own on the one stand-in of this process; two orders are in the tab of ours already, with others before each."""
        google, text = fresh_stand_in(), among(ORDERS, others, ours=False)
        file, human = _filed(google, text)
        said = [(row[0], "旧" if row[0] in ("A-2", "A-4") else wanted({"客户": row[1], "金额": row[2]})) for row in table(text).rows]
        there = {str(key): state for key, state in said if key not in ("A-1", "A-3", "A-5")}
        own = google.tab(file, OWN, [[KEY, "原表中的行", OURS], *([key, None, state] for key, state in there.items())])
        twin = _filed(google, text)[1]
        desk = cls(google, file, connected(google, file), human, twin, Human(google, file, own.sheet_id, KEY))
        desk.applied = there
        return desk

    def in_staffs_tab(self, act: Act) -> Any:
        """A person does something in staff's tab, and in the twin's."""
        return lambda: (act(self.human), act(self.twin))

    def snapshot(self) -> Snapshot:
        """Both tabs as one table, as the product reads them."""
        grids = self.workbook.grids()
        found = read_snapshot("台账", grids, [DECLARED])
        return replace(found, grids={grid.title: grid for grid in grids})

    def one_pass(self) -> None:
        """Read, work out, apply; a trouble is kept and ends the pass, as it ends a run."""
        try:
            snapshot = self.snapshot()
            changes = self.changes(snapshot)
            written, _ = self.workbook.apply([target_of(change, snapshot) for change in changes]) if changes else ([], [])
        except OutsideFailed as error:
            self.troubles.append(str(error))
            return
        done = [changes[place] for place in written]
        self.applied |= {each.key: str(each.new) for each in done if isinstance(each, CellChange) and each.column == "state"}

    def passes(self, most: int = 7) -> int:
        """Passes until one finds nothing to do; how many it took."""
        for number in range(1, most + 1):
            before, edits = len(self.google.calls), len(self.human.edits) + len(self.own.edits)
            self.one_pass()
            wrote = [call for call in self.google.calls[before:] if call.counts_as == "write"]
            if edits == len(self.human.edits) + len(self.own.edits) and not wrote:
                return number
        return most + 1

    def changes(self, snapshot: Snapshot) -> list[Change]:
        """What a plan would write: a person's value in our column stays, doubled keys are left alone."""
        sheet = snapshot.sheets.get("orders")
        if sheet is None or "state" not in sheet.frame:
            return []
        cells = [*self._cells(sheet), *gone_marks(snapshot, "zh")]
        return [*rows_for(cells, snapshot), *cells]

    def _cells(self, sheet: Sheet) -> Iterator[CellChange]:
        rows = list(rows_of(sheet))
        keys = [key_text(row[KEY]) for row in rows]
        displaced = moved({key: row[OURS] for key, row in zip(keys, rows, strict=True) if key and keys.count(key) == 1}, self.applied)
        for place, (key, row) in enumerate(zip(keys, rows, strict=True)):
            theirs = row[OURS] is not None and row[OURS] != self.applied.get(key) and key not in displaced
            if key and keys.count(key) == 1 and row[OURS] != wanted(row) and not theirs:
                yield CellChange("orders", key, "state", row[OURS], wanted(row), "orders/state", sheet.rows[place])

    def wrong(self) -> list[str]:
        """Rows of staff's whose state in the tab of ours is not what it should be, or whose key stands there more than once or never."""
        own = [(key_text(row.get(KEY)), row.get(OURS), row.get("原表中的行")) for row in self.own.records() if row.get(KEY)]
        typed_over = {edit.key for edit in self.own.edits if edit.header == OURS and edit.new is not None}
        rows = [row for row in self.human.records() if row.get(KEY)]
        keys = [key_text(row[KEY]) for row in rows]
        once = [(key, row) for key, row in zip(keys, rows, strict=True) if keys.count(key) == 1]
        said = {key: [(state, mark) for each, state, mark in own if each == key] for key in {*keys, *(each for each, _, _ in own)}}
        bad = [f"{key}: {said[key]}" for key, row in once if said[key] != [(wanted(row), None)] and key not in typed_over]
        gone = {key: each for key, each in said.items() if key not in keys}
        return bad + [f"{key} is gone: {each}" for key, each in gone.items() if [mark for _, mark in each] != ["已不在原表"]]


def rows_of(sheet: Sheet) -> Iterator[dict[str, Any]]:
    """The rows of the joined table, by header."""
    columns = [column for column in sheet.table.columns if column.key in sheet.frame and column.key != GONE]
    for place in range(len(sheet.frame)):
        yield {column.heading("zh"): typed(sheet.frame[column.key], place, column) for column in columns}


def _filed(google: StandIn, text: str) -> tuple[str, Human]:
    file = google.file("台账", shared={"robot@example.com": "writer", "staff@example.com": "owner"}, timeZone="Asia/Shanghai")
    drawn = table(text)
    rows: Sequence[Sequence[Any]] = [[int(cell) if cell.isdigit() else cell or None for cell in row] for row in drawn.rows]
    sheet = google.tab(file, TAB, [list(drawn.headers), *map(list, rows)])
    return file, Human(google, file, sheet.sheet_id, KEY)
