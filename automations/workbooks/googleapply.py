"""Bringing writes into one Google spreadsheet: look, compare, write, check the answer, put right what went astray."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from automations.errors import AnswerLost, OutsideFailed, WorkbookRefused, WorkbookUnwritable
from automations.model import Grid
from automations.workbooks.googlehttp import HeldUp
from automations.workbooks.googleinputs import changed_inputs
from automations.workbooks.googlelooking import joined, parts_of
from automations.workbooks.googleowner import Holder, mark_in, marked, refuse_foreign
from automations.workbooks.googlesheet import Look, Spreadsheet
from automations.workbooks.googlestrays import Before, Stray, over_strays, strays
from automations.workbooks.googletab import GoogleTab
from automations.workbooks.googlewriting import cell_requests, puts_for, row_requests, shown_ranges, stands, too_large
from automations.workbooks.matching import Finder, Spot, settle
from automations.workbooks.protocol import Refused, Target, Written, header_text, key_text, plain_text

ROUNDS, REPAIRS, PIECES, MOVES = 12, 3, 48, 3
"""How often one pass looks again, how often it puts right what went astray, how many pieces a refused batch is cut into, and how often
a look goes after what was moved."""
LATE = 190.0
"""Seconds after which a write without an answer cannot be carried out any more: Google ends a call after 180."""

Targets = list[tuple[int, Target]]


class Applying:
    """One pass of writing into one spreadsheet. `seen` is what the plan was made from."""

    def __init__(self, sheet: Spreadsheet, holder: Holder, seen: Mapping[str, Grid]) -> None:
        self.sheet, self.holder, self.seen = sheet, holder, seen
        self.clock = sheet.http.clock
        self._finders: dict[str, Finder] = {}
        self.first: Mapping[str, GoogleTab] = {}
        self.done: set[int] = set()
        self.refused: dict[int, str] = {}
        self.final: dict[int, str] = {}
        self.sent: list[Spot] = []
        self.unanswered: tuple[float, list[Spot]] | None = None
        self.doubtful, self.clean, self.looked_since = False, False, False
        self.repairs = self.refusals = self.pieces = self.idle = 0
        self.more = False

    def bring(self, targets: Targets) -> tuple[Written, Refused]:
        """Write what still is what was seen; every cell is checked in the answer, beside its key.

        Raises WorkbookTaken, WorkbookUnwritable, and what the door to Google raises.
        """
        look = self._looked(targets, inputs=True)
        self.first = look.tabs
        self.final |= changed_inputs(targets, self.seen, look.tabs)
        for _ in range(ROUNDS + len(targets)):
            spots, found = self._decided(targets, look)
            if spots or found:
                self._write_some(spots, found, look)
            elif not self._waited_for_the_unanswered():
                self.clean = True
            if self.clean:
                return self._outcome()
            if self.idle == ROUNDS:
                break
            look = self._looked(targets)
        raise self._gives_up("people keep moving things under every write")

    def _outcome(self) -> tuple[Written, Refused]:
        refused = {**self.refused, **self.final}
        return sorted(self.done), sorted((index, reason) for index, reason in refused.items() if index not in self.done)

    # Looking

    def _looked(self, targets: Targets, *, inputs: bool = False) -> Look:
        """The tabs of these targets, as far as they matter; all of them once a write may have gone astray.

        Where something was moved since the reading, the look goes after it.
        """
        self._finders = {}
        if self.doubtful:
            look = self.sheet.look(dict.fromkeys(target.tab for _, target in targets))
            self._refuse_foreign(look)
            return look
        meant = [target for _, target in targets]
        parts = parts_of(meant, self.seen, inputs=inputs)
        for _ in range(MOVES):
            look = self.sheet.look(parts)
            self._refuse_foreign(look)
            there = parts_of(meant, self.seen, look.tabs, inputs=inputs)
            if all(parts[tab].covers(part) for tab, part in there.items()):
                break
            parts = {tab: joined(part, there[tab]) for tab, part in parts.items()}
        return look

    def _refuse_foreign(self, look: Look) -> None:
        refuse_foreign(mark_in(look.marks), self.holder, self.sheet.http.asked(self.sheet.id))

    def _decided(self, targets: Targets, look: Look) -> tuple[list[tuple[int, Spot]], list[Stray]]:
        """What is still to be written, and what must be put back."""
        found = self._astray(targets, look)
        still = [(index, target) for index, target in targets if index not in self.done and index not in self.final]
        still = over_strays(still, found)
        settled = settle([target for _, target in still], look.tabs.get)
        self.done |= {still[place][0] for place in settled.already}
        self.refused = {still[place][0]: reason for place, reason in settled.refused}
        self._note_carried_out(bool(found), [still[place][1] for place in settled.already])
        spots = [(still[spot.index][0], spot) for spot in settled.spots]
        meant = {(spot.target.tab, spot.row, spot.place) for _, spot in spots}
        return spots, [stray for stray in found if (stray.title, stray.row, stray.place) not in meant]

    def _astray(self, targets: Targets, look: Look) -> list[Stray]:
        """Values of ours in strange places; a target whose own cell was hit is to be written again."""
        found = strays(self.sent, Before(self.first, self.seen), look.tabs) if self.doubtful else []
        hit = {(stray.title, stray.key, stray.header) for stray in found}
        self.done -= {index for index, each in targets if (each.tab, key_text(each.key), header_text(each.header)) in hit}
        return found

    def _note_carried_out(self, traces: bool, already: Sequence[Target]) -> None:
        """A write without an answer that shows in the sheet was carried out, and is not carried out again.

        Only the first look after it tells: what is seen later may come from the writes in between.
        """
        if self.unanswered and not self.looked_since:
            shows = traces or bool(set(already) & {spot.target for spot in self.unanswered[1]})
            self.unanswered = None if shows else self.unanswered
        self.looked_since = True

    def _waited_for_the_unanswered(self) -> bool:
        """Wait until a write that nobody answered cannot come late any more; then everything is looked at once more."""
        if self.unanswered is None:
            return False
        self.clock.sleep(max(0.0, self.unanswered[0] + LATE - self.clock.monotonic()))
        self.unanswered = None
        return True

    # Writing

    def _write_some(self, spots: Sequence[tuple[int, Spot]], found: Sequence[Stray], look: Look) -> None:
        """One batch, as large as Google takes it; a rest comes after another look. Rounds that bring nothing are counted."""
        batch, before = spots, len(self.done)
        while len(batch) > 1 and too_large(cell_requests(puts_for([spot for _, spot in batch], look.tabs))):
            batch = batch[: len(batch) // 2]
        self.more = len(batch) < len(spots)
        self._write(batch, found, look)
        self.idle += len(self.done) <= before

    def _write(self, spots: Sequence[tuple[int, Spot]], found: Sequence[Stray], look: Look) -> None:
        try:
            self._send(spots, found, look)
        except HeldUp:
            self._answered()
        except AnswerLost:
            self._lost([spot for _, spot in spots])
        except WorkbookRefused as error:
            self._answered()
            if error.status != 400:
                raise
            self.refusals += 1
            if self.refusals > 1:  # the first may only mean that a tab or a column went while the write was under way
                self._in_pieces(spots, look, error)

    def _send(self, spots: Sequence[tuple[int, Spot]], found: Sequence[Stray], look: Look) -> None:
        """One batch: the cells, what is put back, and our mark; and the check of its answer."""
        written = [spot for _, spot in spots]
        puts = [*puts_for(written, look.tabs), *(stray.put() for stray in found)]
        requests = [*row_requests(written, look.tabs), *cell_requests(puts), marked(self.holder, mark_in(look.marks), self.sheet.id)]
        self.holder.remember(f"unanswered {self.sheet.id}", str(look.at or "?"))
        shown = self.sheet.write(requests, self._ranges(written, found, look))
        self._answered()
        self._refuse_foreign(shown)
        self._check(spots, found, shown, look)

    def _ranges(self, spots: Sequence[Spot], found: Sequence[Stray], look: Look) -> list[str]:
        places: dict[str, set[int]] = {}
        rows: dict[str, set[int]] = {}
        for spot in spots:
            places.setdefault(spot.target.tab, set()).update({self._key_place(spot, look), spot.place})
            rows.setdefault(spot.target.tab, set()).update({spot.row, spot.target.header_row})
        for stray in found:
            places.setdefault(stray.title, set()).add(stray.place)
            rows.setdefault(stray.title, set()).add(stray.row)
        return [each for tab in places for each in shown_ranges(tab, rows[tab], places[tab], self._top(spots, tab))]

    @staticmethod
    def _top(spots: Sequence[Spot], tab: str) -> int:
        return max((spot.target.header_row for spot in spots if spot.target.tab == tab), default=1)

    def _key_place(self, spot: Spot, look: Look) -> int:
        if spot.target.tab not in self._finders:
            self._finders[spot.target.tab] = Finder(look.tabs[spot.target.tab])
        return self._finders[spot.target.tab].places(spot.target)[1]

    def _check(self, spots: Sequence[tuple[int, Spot]], found: Sequence[Stray], shown: Look, look: Look) -> None:
        """Every cell of the batch must stand beside its key in the answer; else all is looked at again."""
        good = {index for index, spot in spots if stands(spot, self._key_place(spot, look), shown.tabs.get(spot.target.tab))}
        self.done |= good
        whole = len(good) == len(spots)
        self.clean = whole and not found and not self.doubtful and not self.more
        if whole:
            return
        self._doubt([spot for _, spot in spots])
        self.repairs += 1
        if self.repairs > REPAIRS:
            raise self._gives_up("three times the cells did not stand where they were written")

    def _doubt(self, spots: Sequence[Spot]) -> None:
        """From now on a value of these writes in a strange place is ours, and not a person's."""
        self.doubtful = True
        self.sent += spots

    def _lost(self, spots: list[Spot]) -> None:
        self._doubt(spots)
        self.unanswered, self.looked_since = (self.clock.monotonic(), spots), False

    def _answered(self) -> None:
        self.holder.remember(f"unanswered {self.sheet.id}", "")

    def _in_pieces(self, spots: Sequence[tuple[int, Spot]], look: Look, error: WorkbookRefused) -> None:
        """Find the rows that Google refuses, by halves, so that one bad row costs one row."""
        rows = sorted({(spot.target.tab, spot.row) for _, spot in spots})
        self.pieces += 1
        if len(rows) == 1 or self.pieces > PIECES:
            self.final |= {index: f"Google refused the cell: {plain_text(error.said) or error.reason}" for index, _ in spots}
            return
        middle = rows[len(rows) // 2]
        for half in (
            [each for each in spots if (each[1].target.tab, each[1].row) < middle],
            [each for each in spots if (each[1].target.tab, each[1].row) >= middle],
        ):
            try:
                self._send(half, (), look)
            except WorkbookRefused as again:
                if again.status != 400:
                    raise
                self._answered()
                self._in_pieces(half, look, again)
            self.clean = False

    def _gives_up(self, why: str) -> OutsideFailed:
        stands_wrong = ", ".join(
            f"{stray.title} row {stray.row}" for stray in strays(self.sent, Before(self.first, self.seen), self._fresh())[:5]
        )
        more = f" Look at: {stands_wrong}." if stands_wrong else ""
        return WorkbookUnwritable(f"Google spreadsheet {self.sheet.id}: {why}; nothing more is written in this run.{more} Run again later")

    def _fresh(self) -> Mapping[str, GoogleTab]:
        return self.sheet.look(dict.fromkeys(self.first)).tabs


def wait_out(sheet: Spreadsheet, holder: Holder, at: float | None) -> bool:
    """A write of a run that died may still be carried out: wait until it cannot. Whether there was any."""
    sent = holder.recall(f"unanswered {sheet.id}")
    if not sent:
        return False
    past = at - float(sent) if at is not None and sent != "?" else 0.0
    sheet.http.clock.sleep(max(0.0, LATE - max(0.0, past)))
    holder.remember(f"unanswered {sheet.id}", "")
    return True
