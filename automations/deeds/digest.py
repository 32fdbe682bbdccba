"""`digest`: send the digests whose slot has come."""

from __future__ import annotations

import json
from dataclasses import replace

from automations.deed import RESTING, Done, Lane, Turn, post
from automations.digests import send_digests
from automations.errors import OutsideFailed


class Digest:
    """Make every digest whose slot has come and was not claimed, and send it. The workbook is read only then, and never written."""

    lane: Lane = "tables"

    def do(self, turn: Turn) -> Done:
        if turn.automation.mode == "shadow":
            return Done()
        sent = send_digests(replace(turn.world, posts=False), turn.now)
        if sent.run_id is None:
            return Done()
        posted = post(turn, json.loads(turn.world.ledger.meta(RESTING) or "[]"))
        if sent.posted.troubles:
            raise OutsideFailed("\n".join(sent.posted.troubles))
        return Done({"digests": sent.made, "mails": posted.sent, "not sent": len(posted.troubles)}, sent.run_id)
