"""Notices that send no mail now, counted by reason, as a report says it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from automations.planning import Plan
from automations.quiet import UNTIL, moment_said
from automations.rendering import cleaned_text

if TYPE_CHECKING:
    from automations.reporttext import Voice

LONGEST_NAME = 100


def held_of(plan: Plan, voice: Voice) -> tuple[tuple[str, int], ...]:
    """Notices that send no mail, by reason."""
    held = Counter(notice.state for notice in plan.notices if notice.state != "planned" and notice.reason != "shadow")
    found = [(voice.say(state), held[state]) for state in ("overtaken", "baseline", "suppressed") if held[state]]
    return (*found, *waiting_of(plan, voice), *([(voice.say("resting"), len(plan.resting))] if plan.resting else []))


def waiting_of(plan: Plan, voice: Voice) -> Iterable[tuple[str, int]]:
    """Notices that wait until their reader is at work, by reader and moment."""
    waiting = Counter((notice.facts[UNTIL], notice.reader) for notice in plan.deferred)
    for (until, reader), count in sorted(waiting.items()):
        said = moment_said(datetime.fromisoformat(until), "zh" if voice.language == "zh" else "en")
        yield voice.say("deferred", reader=cleaned_text(reader, LONGEST_NAME), until=said), count
