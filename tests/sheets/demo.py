"""The way through Google Sheets without any account: an empty spreadsheet, staff at work in it, and what each run does and costs.

    make demo-google

Everything is on this machine: the stand-in answers on loopback, mail goes into a folder that is gone afterwards.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import runner
from automations.workbooks.protocol import plain_text, serial_of
from tests.sheets.cells import Entered
from tests.sheets.human import Human
from tests.sheets.server import StandIn
from tests.sheets.showing import shown
from tests.sheets.wire import Call

HOME = Path(runner.__file__).resolve().parent
ROBOT = "rowkeeper@project-1001.example.com"
SETTINGS = """
language: zh
calendar: cn
admin: admin@example.com
packs: [doufu-customer-care]
workbook:
  kind: google
  spreadsheet: {file}
  credentials: {{ file: key.json }}
  development: {{ endpoint: "{url}" }}
"""
STAFF = (
    ("YG-01", "陈立", "市场部", "业务员", "YG-02", "chen@example.com", "在职"),
    ("YG-02", "王敏", "市场部", "市场部部长", "YG-09", "wang@example.com", "在职"),
    ("YG-03", "李客", "客服部", "客服主管", "YG-09", "li@example.com", "在职"),
    ("YG-09", "孙总", "总经办", "总经理", "", "sun@example.com", "在职"),
)
STAFF_HEADERS = ("工号", "姓名", "部门", "岗位", "上级", "邮箱", "状态")
COMPLAINTS = (
    ("TS-1", "2026-09-25 09:10", "电话", "13800138001", "豆干有异味", "YG-01"),
    ("TS-2", "2026-09-25 15:40", "邮箱", "13800138002", "少送两箱", "YG-01"),
    ("TS-3", "2026-09-28 09:05", "微信公众号", "13800138003", "包装破损", "YG-03"),
)
COMPLAINT_HEADERS = ("投诉编号", "受理时间", "投诉渠道", "联系方式", "投诉内容", "记录人/受理人")
SHOWN = ("投诉编号", "市场部备注", "投诉内容", "截止", "何时到期", "剩余")
DUE = {"TS-1": "2026-09-26 09:10", "TS-2": "2026-09-26 15:40", "TS-3": "2026-09-29 09:05", "TS-4": "2026-09-30 09:20"}
"""The first response to each complaint is due a day after it came."""
WIDEST = 100


@dataclass
class Play:
    """The spreadsheet, the people in it and the installation, with what went wrong so far."""

    google: StandIn
    root: Path
    failed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.file = self.google.file("团队台账", shared={ROBOT: "writer", "staff@example.com": "owner"}, timeZone="Asia/Shanghai")
        self.google.tab(self.file, "说明", [["各部门共用，请勿删除工作表"]])
        for name in ("config", "templates"):
            shutil.copytree(HOME / name, self.root / name)
        (self.root / "config" / "settings.yaml").write_text(SETTINGS.format(file=self.file, url=self.google.url), encoding="utf-8")
        (self.root / "key.json").write_text(json.dumps(self.google.service_account(ROBOT)), encoding="utf-8")
        (self.root / "key.json").chmod(0o600)

    def command(self, words: str, *, most: int = 100, then: str = "") -> str:
        """Run a command of the program and show what it says, its first lines."""
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = runner.main([*words.split(), *([then] if then else []), "--root", str(self.root)])
        lines = [_cut(line) for line in said.getvalue().replace(f"{self.root}/", "").replace(f" ({self.file})", "").splitlines()]
        print(f"\n$ runner.py {words}{f' {then!r}' if then else ''}")
        print("\n".join(f"  {line}" for line in [*lines[:most], *(["…"] if len(lines) > most else [])]))
        if code:
            self.failed.append(f"`runner.py {words}` ended with {code}")
        return "\n".join(lines)

    def staff(self, title: str, key: str) -> Human:
        """Somebody at work in a tab."""
        sheet = self.google.book(self.file).titled(title)
        assert sheet is not None
        return Human(self.google, self.file, sheet.sheet_id, key)

    def meanwhile(self, act: Callable[[], object]) -> None:
        """Somebody acts at the worst moment: the next write is on its way, its rows are no longer where they were."""
        waiting = [act]

        def rule(call: Call) -> None:
            if call.kind == "spreadsheets.batchUpdate" and waiting:
                waiting.pop()()

        self.google.faults.rules.append(rule)

    def table(self, person: Human) -> None:
        """Some columns of a tab as people see them."""
        sheet = person.sheet()
        headers = [str(cell.value) for cell in sheet.rows[0].cells]
        places = [headers.index(header) for header in SHOWN if header in headers]
        print()
        for row in range(person.last(sheet) + 1):
            cells = [shown(sheet.cell(row, place), sheet.cell(row, place).value) for place in places]
            print("  " + " | ".join(cells))

    def expect(self, good: bool, what: str) -> None:
        """Say a promise, and whether it held."""
        print(f"  {'✓' if good else '✗'} {what}")
        if not good:
            self.failed.append(what)


def due(person: Human) -> dict[str, str]:
    """The nearest due time of each complaint, as the tab shows it."""
    sheet = person.sheet()
    key, place = person.column(sheet, person.key), person.column(sheet, "何时到期")
    cells = [(sheet.cell(row, key), sheet.cell(row, place)) for row in range(1, person.last(sheet) + 1)]
    return {str(one.value): shown(other, other.value) for one, other in cells}


def _cut(line: str) -> str:
    return line if len(line) <= WIDEST else f"{line[: WIDEST - 1]}…"


def filled(person: Human, headers: tuple[str, ...], row: tuple[str, ...]) -> None:
    """Type a row as people do: a date becomes one."""
    person.fill_row({header: _entered(value) for header, value in zip(headers, row, strict=True) if value})


def _entered(text: str) -> Entered:
    return serial_of(datetime.strptime(text, "%Y-%m-%d %H:%M")) if text.startswith("20") else text


def main() -> int:
    """Play it; the exit code says whether every promise held."""
    with TemporaryDirectory() as folder, StandIn() as google:
        play = Play(google, Path(folder))
        perform(play)
    print("\n" + ("全部属实。" if not play.failed else "没有做到: " + "；".join(play.failed)))
    return 1 if play.failed else 0


def perform(play: Play) -> None:
    """The acts, in order."""
    print("一份空白的 Google 表格（在本机模拟，不需要账号），已共享给程序的账号。")
    play.command("init --yes", most=6)
    begin(play)
    disturb(play)
    rest(play)


def begin(play: Play) -> None:
    """Staff type; the first run fills the columns and mails nobody."""
    print("\n员工填了几位同事和三件投诉。第一次运行只登记、不发信：")
    people, complaints = play.staff("员工", "工号"), play.staff("客户投诉", "投诉编号")
    for row in STAFF:
        filled(people, STAFF_HEADERS, row)
    for row in COMPLAINTS:
        filled(complaints, COMPLAINT_HEADERS, row)
    play.command("run --now", then="2026-09-28 09:30", most=14)
    play.table(complaints)


def disturb(play: Play) -> None:
    """Staff rename a column of ours, put one in, note something, and sort while a write is on its way."""
    print("\n员工把“截止”改名为“何时到期”，插入一列“市场部备注”，又记了一件投诉；程序写入的同一瞬间，有人按投诉内容排了序：")
    complaints = play.staff("客户投诉", "投诉编号")
    complaints.rename_column("截止", "何时到期")
    complaints.insert_column("投诉渠道", "市场部备注")
    complaints.edit("TS-2", "市场部备注", "老客户，先回电")
    filled(complaints, COMPLAINT_HEADERS, ("TS-4", "2026-09-29 09:20", "电话", "13800138004", "变质胀袋", "YG-03"))
    before = staff_cells(complaints)
    play.meanwhile(lambda: complaints.sort("投诉内容"))
    play.command("run --now", then="2026-09-29 10:00", most=24)
    play.table(complaints)
    print()
    play.expect(staff_cells(complaints) == before, "员工填的每一格都原样未动，跟着各自的行走")
    play.expect(due(complaints) == DUE, "改了名的列照常填写，每一行的期限都是自己的")


def rest(play: Play) -> None:
    """Nothing to do costs one call; the history says what each run cost."""
    print("\n没有变化时，一次读取就够了：")
    play.google.forget_calls()
    play.command("run --now", then="2026-09-29 10:00", most=6)
    calls = [call for call in play.google.calls if call.counts_as]
    play.expect(len(calls) == 1, f"{len(calls)} 次调用，{sum(call.counts_as == 'write' for call in calls)} 次写入")
    print("\n每次运行的调用次数和流量都有账可查：")
    play.command("history")


def staff_cells(person: Human) -> dict[Any, dict[str, str]]:
    """What staff typed, by key."""
    typed = (*COMPLAINT_HEADERS, "市场部备注")
    return {row["投诉编号"]: {header: plain_text(row.get(header)) for header in typed} for row in person.records()}


if __name__ == "__main__":
    sys.exit(main())
