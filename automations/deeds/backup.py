"""`backup`: copies of the ledger and of the workbook, and an end to old ones."""

from __future__ import annotations

from automations.backups import backup_now
from automations.deed import Done, Lane, Turn


class Backup:
    """Copy the ledger by its own backup and the workbook as it is, and drop copies older than the settings keep."""

    lane: Lane = "keeping"

    def do(self, turn: Turn) -> Done:
        if turn.automation.mode == "shadow":
            return Done()
        made = backup_now(turn.world, turn.now)
        return Done({"copies": len(made.files), "dropped": made.dropped})
