"""`forms`: make the printed forms whose rows have come so far."""

from __future__ import annotations

from automations.deed import Done, Lane, Turn
from automations.formsdue import make_due, with_pdfs


class Forms:
    """Make every form with `by_itself` whose row has come so far, once, in the folder of the settings. The workbook is only read.

    Beside each a PDF, where LibreOffice is: one call of at most a minute for all that were made.
    """

    lane: Lane = "tables"

    def do(self, turn: Turn) -> Done:
        if turn.automation.mode == "shadow":
            return Done()
        made = with_pdfs(make_due(turn.world, turn.now))
        return Done({"forms": len(made.files), "pdfs": len(made.pdfs), "waiting": len(made.waiting)}, made.run_id)
