"""Output that nobody reads any more (`| head`): a command ends quietly, with the code it would have had, and what it does is done."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from automations.ledgers.sqlite import SqliteLedger
from automations.setup import init
from tests.small_project import project

ROOT = Path(__file__).resolve().parent.parent


def with_closed_output(*words: str) -> tuple[int, str]:
    """The exit code and the errors of a command whose output is closed before it says anything."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, str(ROOT / "runner.py"), *words]
    try:
        ended = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, encoding="utf-8", check=False, timeout=60)
    finally:
        os.close(writing)
    return ended.returncode, ended.stderr


@pytest.mark.parametrize("words", [["--help"], ["kinds"]])
def test_a_command_whose_output_is_closed_ends_quietly(words: list[str]) -> None:
    assert with_closed_output(*words) == (0, "")


def test_a_run_whose_output_is_closed_does_all_its_work(tmp_path: Path) -> None:
    root = project(tmp_path)
    init(root, do=True)

    assert with_closed_output("run", "--root", str(root)) == (0, "")
    ledger = SqliteLedger(root / "state" / "ledger.sqlite")
    assert [run.state for run in ledger.runs()] == ["done"]
    ledger.close()
