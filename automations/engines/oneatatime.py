"""One service per ledger, and one run by hand: a lock of the operating system, which goes when its process goes."""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path

from automations.errors import OutsideFailed
from automations.model import Words

RUNNING: Words = {
    "zh": "表管家已在运行（进程 {pid}，{since} 启动），同一份运行记录 {ledger} 只能有一个；先停掉它：{how}",
    "en": "Rowkeeper is running already (process {pid}, since {since}); a ledger ({ledger}) has one service only. Stop it first: {how}",
}
BY_HAND: Words = {
    "zh": "另一次手动运行（进程 {pid}，{since} 启动）还没有结束，用的是同一份运行记录 {ledger}；等它结束再试",
    "en": "another run by hand (process {pid}, since {since}) works on the same ledger ({ledger}); try again when it has ended",
}
HOW: Words = {"zh": "kill {pid}，或 sudo systemctl stop rowkeeper", "en": "kill {pid}, or sudo systemctl stop rowkeeper"}
ON_WINDOWS: Words = {
    "zh": "schtasks /End /TN Rowkeeper，或 taskkill /F /PID {pid}",
    "en": "schtasks /End /TN Rowkeeper, or taskkill /F /PID {pid}",
}


class RunsAlready(OutsideFailed):
    """Another service, or another run by hand, works on the same ledger."""


class OneAtATime:
    """The lock of one ledger for one purpose. Raises RunsAlready with the other's process and start."""

    def __init__(self, ledger: Path, now: datetime, language: str, said: Words = RUNNING, *, purpose: str = "serve") -> None:
        self.path = ledger.with_name(f"{ledger.name}.{purpose}")
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = self.path.open("a+", encoding="utf-8")
        if not _lock(self._file):
            raise RunsAlready(self._who(ledger, said[language], language))
        self._file.truncate(0)
        self._file.write(json.dumps({"pid": os.getpid(), "since": f"{now:%Y-%m-%d %H:%M}"}))
        self._file.flush()

    def _who(self, ledger: Path, words: str, language: str) -> str:
        self._file.seek(0)
        try:
            said = json.loads(self._file.read())
        except ValueError:
            said = {}
        self._file.close()
        pid, since = said.get("pid", "?"), said.get("since", "?")
        how = (ON_WINDOWS if sys.platform == "win32" else HOW)[language].format(pid=pid)
        return words.format(pid=pid, since=since, ledger=ledger.name, how=how)

    def close(self) -> None:
        """Let go, as `closing` asks for it."""
        self.release()

    def release(self) -> None:
        """Let another service begin."""
        self._file.close()


if sys.platform == "win32":
    import msvcrt

    def _lock(file: TextIOWrapper) -> bool:
        """Lock a byte far behind the text, so that others can read who holds it."""
        file.seek(1 << 20)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _lock(file: TextIOWrapper) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
