"""Tables in Google Sheets, in one spreadsheet or several: read in one call each, written only where nothing changed meanwhile."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

from automations.errors import OutsideFailed
from automations.model import Grid
from automations.workbooks.googleanchors import Anchored
from automations.workbooks.googleapply import Applying, wait_out
from automations.workbooks.googlehttp import Spent
from automations.workbooks.googleowner import Holder, Mark, Passing, is_foreign, mark_in, marked, refuse_foreign
from automations.workbooks.googlesheet import Read, Spreadsheet, Structure
from automations.workbooks.googlewriting import pieces
from automations.workbooks.protocol import Refused, Target, Written, plain_text


class GoogleWorkbook:
    """The tabs of some Google spreadsheets as one workbook.

    `holder` is this installation and its memory; `keep_in` the folder where structures are kept between two runs;
    `patient` waits for writes of a run that died (a look at the plan does not).
    """

    may_stray = True

    def __init__(
        self, sheets: Sequence[Spreadsheet], name: str, holder: Holder | None = None, *, keep_in: Path | None = None, patient: bool = True
    ) -> None:
        self.sheets, self.name, self.holder, self.patient = tuple(sheets), name, holder or Passing(), patient
        self.http = self.sheets[0].http
        self.shelf = Shelf(keep_in)
        self._held: list[Read] | None = None
        self._seen: list[Mapping[str, Grid]] = [{} for _ in self.sheets]
        for sheet in self.sheets:
            self.shelf.recall(sheet)

    def grids(self) -> list[Grid]:
        """Every tab as raw values: text, numbers (dates as serial numbers), truths; an error as its text.

        Gives the reading of the fingerprint just taken, so that both are of one moment and cost one call.
        """
        held, self._held = self._held or self._read(), None
        self._seen = [{grid.title: grid for grid in read.grids} for read in held]
        return [grid for read in held for grid in read.grids]

    def fingerprint(self) -> str:
        """A short name of all values, read now; one call for each spreadsheet."""
        self._held = self._read()
        return blake2b(" ".join(read.fingerprint for read in self._held).encode(), digest_size=12).hexdigest()

    def _read(self) -> list[Read]:
        self.http.begin()
        reads = [self._read_settled(sheet) for sheet in self.sheets]
        for sheet in self.sheets:
            self.shelf.keep(sheet)
        return reads

    def _read_settled(self, sheet: Spreadsheet) -> Read:
        """The values, once no write of a dead run can come late any more."""
        if self.shelf.lost(sheet):
            sheet.structure(fresh=True)
        read = sheet.values()
        if self.patient:
            self._refuse_foreign(sheet)
        return sheet.values() if self.patient and wait_out(sheet, self.holder, read.at) else read

    def _refuse_foreign(self, sheet: Spreadsheet) -> None:
        """A run stops at a spreadsheet that the last known structure gives to somebody else, if it still is theirs."""
        mark = mark_in(sheet.structure().marks)
        if mark and is_foreign(mark, self.holder, sheet.id):
            refuse_foreign(mark_in(sheet.structure(fresh=True).marks), self.holder, sheet.http.asked(sheet.id))
            self.shelf.keep(sheet)

    def apply(self, targets: Sequence[Target]) -> tuple[Written, Refused]:
        """Write the targets whose cells still hold what was seen; one spreadsheet's trouble does not stop the others."""
        self.http.begin()
        written: Written = []
        refused: Refused = []
        trouble: OutsideFailed | None = None
        places = {tab: self._place_of(tab) for tab in {target.tab for target in targets}}
        for place, sheet in enumerate(self.sheets):
            mine = [(index, target) for index, target in enumerate(targets) if places[target.tab] == place]
            try:
                for piece in pieces(mine) if mine else ():
                    done, not_done = Applying(sheet, self.holder, self._seen[place]).bring(piece)
                    written, refused = [*written, *done], [*refused, *not_done]
            except OutsideFailed as error:
                trouble = trouble or error
        if trouble:
            raise trouble  # what the others wrote is settled by the next run, which sees it in the cells
        return sorted(written), sorted(refused)

    def _place_of(self, tab: str) -> int:
        """Which spreadsheet holds a tab; the first for one that none does, to say that it is gone."""
        return next((place for place, sheet in enumerate(self.sheets) if tab in sheet.tabs()), 0)

    def hold(self) -> None:
        """Make sure that this installation still keeps every spreadsheet, before mail leaves. Raises WorkbookTaken."""
        self.http.begin()
        for sheet in self.sheets:
            refuse_foreign(mark_in(sheet.look().marks), self.holder, sheet.http.asked(sheet.id))

    def strangers(self) -> list[Mark]:
        """The marks of other installations, or of newer copies of this one."""
        marks = [(sheet, mark_in(sheet.look().marks)) for sheet in self.sheets]
        return [mark for sheet, mark in marks if mark and is_foreign(mark, self.holder, sheet.id)]

    def is_marked(self) -> bool:
        """Whether any installation has put its mark on all of it."""
        return all(mark_in(sheet.look().marks) for sheet in self.sheets)

    def take_over(self) -> None:
        """Put our mark on every spreadsheet, whoever kept it."""
        for sheet in self.sheets:
            sheet.change([marked(self.holder, mark_in(sheet.look().marks), sheet.id)])

    def spent(self) -> Mapping[str, int]:
        """Calls and bytes since this was last asked."""
        spent, self.http.spent = self.http.spent, Spent()
        return {
            "reads": spent.reads,
            "writes": spent.writes,
            "kilobytes out": -(-spent.sent // 1024),
            "kilobytes in": -(-spent.received // 1024),
        }

    def snapshot_to(self, folder: Path, stamp: str) -> Path:
        """Write all values as they are now to `folder/<name>.<stamp>.json`."""
        folder.mkdir(parents=True, exist_ok=True)
        kept = folder / f"{self.name.replace('/', '_').replace(':', '_')}.{stamp}.json"
        tabs = {grid.title: [[plain_text(cell) for cell in row] for row in zip(*grid.columns, strict=True)] for grid in self._all()}
        kept.write_text(json.dumps(tabs, ensure_ascii=False, indent=1), encoding="utf-8")
        return kept

    def _all(self) -> list[Grid]:
        return [grid for sheet in self.sheets for grid in sheet.values().grids]


class Shelf:
    """The structures of spreadsheets between two runs: names and ids of tabs, header rows, never a row of data.

    Without a folder nothing is kept.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._kept: dict[str, tuple[Structure, Mapping[str, Anchored]]] = {}

    def recall(self, sheet: Spreadsheet) -> None:
        """Give a spreadsheet the structure it had; one that cannot be read is as if there was none."""
        try:
            told = json.loads(self._file(sheet).read_text("utf-8")) if self.folder else None
            if told:
                anchored = {tab: Anchored.from_json(each) for tab, each in told["anchored"].items()}
                sheet.recall(Structure(told["said"], told["at"]), anchored)
        except (OSError, ValueError, KeyError, TypeError):
            return

    def lost(self, sheet: Spreadsheet) -> bool:
        """Whether a structure that was kept is there no more: `init` added something and threw it away."""
        gone = sheet.id in self._kept and not self._file(sheet).exists()
        if gone:
            del self._kept[sheet.id]
        return gone

    def forget(self, sheet: Spreadsheet) -> None:
        """Throw the structure of a spreadsheet away, also for a service that has it in hand."""
        if self.folder:
            self._file(sheet).unlink(missing_ok=True)

    def keep(self, sheet: Spreadsheet) -> None:
        """Keep the structure of a spreadsheet, if it is a new one."""
        structure, anchored = sheet.structure(), sheet.anchored
        if self.folder and (structure, anchored) != self._kept.get(sheet.id):
            self.folder.mkdir(parents=True, exist_ok=True)
            marks = {tab: each.as_json() for tab, each in anchored.items()}
            text = json.dumps({"said": structure.said, "at": structure.at, "anchored": marks}, ensure_ascii=False)
            self._file(sheet).write_text(text, encoding="utf-8")
            self._kept[sheet.id] = structure, anchored

    def _file(self, sheet: Spreadsheet) -> Path:
        assert self.folder is not None
        return self.folder / f"{sheet.id}.json"
