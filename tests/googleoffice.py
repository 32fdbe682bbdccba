"""An office at Google for tests: an empty spreadsheet on the stand-in, and an installation with the command line over it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import runner
from tests.project import project
from tests.sheets.human import Human
from tests.sheets.server import StandIn

ROBOT = "rowkeeper@project-1001.example.com"
COMPLAINTS = """
    complaint_no | 投诉编号 |
    content      | 内容     |
    severity     | 等级     | choice | choices: [一般, 重大]
    received_at  | 受理时间 | datetime required
    answered_at  | 答复时间 | datetime
    answer_due   | 答复期限 | datetime ours
    answer_state | 答复状态 | ours
"""
POLICY = """
    dated_by: received_at
    parameters:
      answer_within: { title: 答复, unit: working_days, clause: 第一条, values: { 2000-01-01: 1 } }
    rules:
      - { id: answer, kind: deadline, title: 答复, starts: received_at, within: $answer_within, done: answered_at,
          writes: { due: answer_due, state: answer_state } }
"""
NOW = "2026-09-01 10:00"


class Office:
    """One installation: a project folder with a key of its own to the same spreadsheet."""

    def __init__(self, google: StandIn, file: str, root: Path, more: str = "", **other: Any) -> None:
        self.google, self.file = google, file
        settings = f"""
            language: zh
            calendar: cn
            admin: admin@example.com
            packs: [care]
            workbook:
              kind: google
              spreadsheet: {file}
              credentials: {{ file: key.json }}
              development: {{ endpoint: "{google.url}" }}
              {more}
        """
        self.root = project(root, **{"policy": POLICY, "tables": {"complaints": COMPLAINTS}, "settings": settings, **other})
        (self.root / "key.json").write_text(json.dumps(google.service_account(ROBOT)), encoding="utf-8")
        (self.root / "key.json").chmod(0o600)

    @classmethod
    def opened(cls, google: StandIn, root: Path, more: str = "", **other: Any) -> Office:
        """A new file with a tab of somebody else's, and an installation that may write into it; `more` goes to its settings."""
        file = google.file("台账", shared={ROBOT: "writer"}, timeZone="Asia/Shanghai")
        google.tab(file, "说明", [["别动"]])
        return cls(google, file, root, more, **other)

    def staff(self, title: str = "complaints") -> Human:
        """Somebody at work in a tab."""
        return Human(self.google, self.file, tab(self.google, self.file, title).sheet_id, "投诉编号")

    def says(self, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
        """Run a command; its exit code and all it said, without the folder."""
        code = runner.main([*words, "--root", str(self.root)])
        said = capsys.readouterr()
        return code, (said.out + said.err).replace(str(self.root), "").replace(self.file, "FILE")


def tab(google: StandIn, file: str, title: str = "complaints") -> Any:
    sheet = google.book(file).titled(title)
    assert sheet is not None
    return sheet
