"""`outbox`: send the mails that wait in the ledger."""

from __future__ import annotations

import json

from automations.deed import RESTING, Done, Lane, Turn, post
from automations.errors import MailFailed


class Outbox:
    """Try every mail that waits, those that failed before when their next try has come. Does not read the workbook."""

    lane: Lane = "mail"

    def do(self, turn: Turn) -> Done:
        if turn.automation.mode == "shadow":
            return Done({"would send": len(turn.world.ledger.pending_mails(turn.now))})
        posted = post(turn, json.loads(turn.world.ledger.meta(RESTING) or "[]"))
        if posted.troubles and not posted.sent:
            raise MailFailed(posted.troubles[0])
        return Done({"mails": posted.sent, "not sent": len(posted.troubles)})
