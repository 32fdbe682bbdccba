"""`sweep`: read, judge, plan and apply, as far as the automation reaches; then send what waits."""

from __future__ import annotations

import json

from automations.backups import before_first_write
from automations.deed import RESTING, Done, Hold, Lane, Turn, fenced, post, workbook_lease
from automations.errors import PlanRefused
from automations.newconfig import refuse_great_change
from automations.run import Run, plan_once, run_once


class Sweep:
    """Fill our columns and send what is to be told. With `mode: shadow` nothing is written or sent; the counts say what would be."""

    lane: Lane = "tables"

    def do(self, turn: Turn) -> Done:
        with turn.hold(workbook_lease(turn.world)) as held:
            if turn.automation.mode == "shadow":
                return _planned(turn)
            try:
                run = _swept(turn, held)
            except PlanRefused:
                _sent(turn)
                raise
        resting = sorted(run.plan.resting)
        turn.world.ledger.set_meta(RESTING, json.dumps(resting))
        posted, written = post(turn, resting), run.receipt.written
        counts = {"cells": len(written.written), "refused": len(written.refused), "mails": posted.sent, "not sent": len(posted.troubles)}
        return Done({**counts, "findings": len(run.plan.findings)}, run.receipt.run_id)


def _sent(turn: Turn) -> None:
    """Send what waits: a run that was stopped tells the admin so."""
    post(turn, json.loads(turn.world.ledger.meta(RESTING) or "[]"))


def _planned(turn: Turn) -> Done:
    plan, _ = plan_once(turn.world, turn.now, automation=turn.automation)
    return Done({"would write": len(plan.changes), "would tell": len(plan.mails), "findings": len(plan.findings)})


def _swept(turn: Turn, held: Hold) -> Run:
    world = fenced(turn.world, held)
    refuse_great_change(world, turn.automation, turn.now)
    before_first_write(turn.world, turn.now)
    return run_once(world, turn.now, automation=turn.automation)
