"""Sample facts for every notice template that ships, in the words a real mail would have; any other template gets all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from automations.noticefacts import PHRASES
from automations.samplefacts import SOURCE, Facts
from automations.samples_en import ENGLISH
from automations.samples_zh import CHINESE

TOGETHER = ("deadline-late", "finding", "approval-wanted", "visit-due")
"""The samples that stand together in a mail of several."""
_EARLY = ("deadline-soon", "feedback-form", "filing-reminder", "remit-cash", "handover")
_SENT = {**dict.fromkeys(_EARLY, "2026-09-17 14:00"), "deadline-escalated": "2026-09-24 14:00"}
"""When a sample is sent; on 22 September where nothing is said here."""
ENCLOSED = {"zh": "随信附上《质量信息反馈单》。", "en": "Enclosed: Quality feedback form."}
SAMPLES: Mapping[str, Mapping[str, Facts]] = {"zh": CHINESE, "en": ENGLISH}
"""By language and template."""


def sample(template: str, language: str) -> dict[str, object]:
    """The facts of one notice, FIELDS of them; for a template that does not ship every field is filled."""
    known = SAMPLES[language]
    own = known[template] if template in known else _everything(known, language)
    sent_at = _SENT.get(template if template in known else "deadline-escalated", "2026-09-22 14:00")
    return {**_blank(language), **known["deadline-soon"], "otherwise": "", "enclosed": "", **own, "sent_at": sent_at}


def samples_together(language: str) -> Sequence[dict[str, object]]:
    """The facts of a mail of several."""
    return [sample(template, language) for template in TOGETHER]


def _blank(language: str) -> dict[str, object]:
    empty = ("before", "otherwise", "enclosed", "link", "clause", "due", "fix", "left", "next_step", "problem", "state")
    texts: dict[str, object] = dict.fromkeys(empty, "")
    return {**texts, "source": SOURCE[language], "hold": PHRASES["hold"][language], "provisional": False, "urgent": False}


def _everything(known: Mapping[str, Facts], language: str) -> dict[str, object]:
    finding, late = known["finding"], known["deadline-escalated"]
    link = "https://docs.google.com/spreadsheets/d/SPREADSHEET/edit#gid=0&range=A12"
    return {**late, "problem": finding["problem"], "fix": finding["fix"], "link": link, "enclosed": ENCLOSED[language]}
