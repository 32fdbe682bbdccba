"""`forms`: make the printed forms whose rows have come so far."""

from __future__ import annotations

from automations.deed import Done, Lane, Turn
from automations.formsdue import make_due


class Forms:
    """Make every form with `by_itself` whose row has come so far, once, in the folder of the settings. The workbook is only read."""

    lane: Lane = "tables"

    def do(self, turn: Turn) -> Done:
        if turn.automation.mode == "shadow":
            return Done()
        made = make_due(turn.world, turn.now)
        return Done({"forms": len(made.files), "waiting": len(made.waiting)}, made.run_id)
