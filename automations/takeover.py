"""`takeover`: which installation keeps the workbook, and becoming the one that does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from automations.generation import Older, doubt
from automations.model import Words
from automations.run import World
from automations.workbooks.google import GoogleWorkbook
from automations.workbooks.googleowner import generation_of

WORDS: Mapping[str, Words] = {
    "file": {"zh": "工作簿是本机上的文件，没有归属之分。", "en": "the workbook is a file on this machine; nobody has to keep it."},
    "ours": {"zh": "本安装已经负责写入这个工作簿。", "en": "this installation keeps the workbook already."},
    "nobody": {"zh": "这个工作簿还没有归属；第一次写入时归本安装。", "en": "nobody keeps the workbook yet; the first write makes it ours."},
    "theirs": {
        "zh": "这个工作簿由另一处安装负责写入：{names}。\n先停掉那一处，再执行：runner.py takeover --yes",
        "en": "another installation keeps the workbook: {names}.\nStop that one first, then: runner.py takeover --yes",
    },
    "taken": {
        "zh": "今后由本安装负责写入（原来：{names}）。另一处再写入时会被拒绝。",
        "en": "from now on this installation keeps the workbook (before: {names}). The other one is refused from now on.",
    },
}


@dataclass(frozen=True)
class Keeping:
    """Whose workbook it is (`file ours nobody theirs taken`), and the names of the others."""

    state: str
    names: tuple[str, ...]
    language: str

    def data(self) -> dict[str, Any]:
        """`{"state", "others": [names]}`."""
        return {"state": self.state, "others": list(self.names)}

    def text(self) -> str:
        """In a sentence, and what to do."""
        words = WORDS[self.state]
        return (words.get(self.language) or words["en"]).format(names=", ".join(self.names))


def _doubt(world: World, workbook: GoogleWorkbook) -> None:
    """A ledger that mailed before does not know what the other one has mailed since: its mails are held."""
    others = workbook.strangers()
    if others and world.ledger.knows(workbook.name):
        theirs = max(others, key=lambda mark: mark.generation)
        mine = workbook.holder.id
        known = max(generation_of(workbook.holder, sheet.id) for sheet in workbook.sheets)
        doubt(world.ledger, Older(known, theirs.generation, workbook.name, theirs.label, theirs.id != mine))


def takeover(world: World, *, do: bool = False) -> Keeping:
    """Who keeps the workbook; with `do` it is this installation from now on. Raises what the door to Google raises."""
    workbook, language = world.workbook, world.config.language
    if not isinstance(workbook, GoogleWorkbook):
        return Keeping("file", (), language)
    others = tuple(dict.fromkeys(mark.label for mark in workbook.strangers()))
    if not others:
        return Keeping("ours" if workbook.is_marked() else "nobody", (), language)
    if do:
        _doubt(world, workbook)
        workbook.take_over()
    return Keeping("taken" if do else "theirs", others, language)
