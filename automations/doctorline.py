"""A line of `doctor`: what was looked at, how it stands, and what to do about it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from automations.model import Words

State = Literal["ok", "warning", "failed"]


@dataclass(frozen=True)
class Line:
    """One thing that was looked at, and what to do about it."""

    state: State
    what: Words
    remedy: Words | None = None


def same(text: str) -> Words:
    return {"zh": text, "en": text}


def writable(folder: Path, zh: str, en: str) -> Iterator[Line]:
    """Said only where the folder, or the nearest one above it, refuses; a good one is said once it is there."""
    there = next(each for each in (folder, *folder.resolve().parents) if each.exists())
    if there.is_dir() and os.access(there, os.W_OK):
        if there == folder:
            yield Line("ok", {"zh": f"{zh} {folder} 可以写入", "en": f"{en} ({folder}) can be written"})
        return
    remedy = {"zh": f"允许写入 {there}，或在设置里换一个文件夹", "en": f"allow writing to {there}, or name another folder in the settings"}
    yield Line("failed", {"zh": f"{zh} {folder} 不能写入", "en": f"{en} ({folder}) cannot be written"}, remedy)
