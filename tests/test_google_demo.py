"""`make demo-google`, from beginning to end."""

from __future__ import annotations

import pytest

from tests.sheets.demo import main


def test_the_way_through_google_is_played_and_every_promise_holds(capsys: pytest.CaptureFixture[str]):
    assert main() == 0

    said = capsys.readouterr().out
    assert [line.strip() for line in said.splitlines() if "✓" in line or "✗" in line] == [
        "✓ 员工填的每一格都原样未动，跟着各自的行走",
        "✓ 改了名的列照常填写，每一行的期限都是自己的",
        "✓ 1 次调用，0 次写入",
    ]
    assert "$ runner.py run --now '2026-09-29 10:00'\n  第 2 次运行：写入 " in said and "第 3 次运行：没有要做的事。" in said
    assert said.endswith("全部属实。\n")
