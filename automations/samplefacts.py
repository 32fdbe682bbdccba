"""What the samples of all templates are put together from: places, reasons, times left, cells of a row."""

from __future__ import annotations

from collections.abc import Mapping

from automations.ahead import SAID
from automations.noticefacts import PHRASES
from automations.summary import LEFT

Facts = Mapping[str, object]
SOURCE = {"zh": "营销管理制度", "en": "Marketing policy"}
NO_CLOCK: Facts = {"state": "", "due": "", "left": "", "next_step": "", "otherwise": ""}


BOOK = {"zh": "团队台账.xlsx", "en": "team-tables.xlsx"}


def place(language: str, table: str, row: int) -> dict[str, object]:
    """The table and where in it the row stands."""
    return {"table": table, "book": BOOK[language], "place": PHRASES["place"][language].format(table=table, row=row)}


def why(language: str, role: str) -> str:
    """Why the reader gets the mail, under the marketing policy."""
    return PHRASES["why"][language].format(role=PHRASES[role][language] if role in PHRASES else role, source=SOURCE[language])


def left(language: str, words: str, **values: object) -> str:
    """The time left, as the sheet says it."""
    return LEFT[words][language].format(**values)


def unless(language: str, kind: str, when: str, then: str, **values: str) -> str:
    """What happens next if nothing is done by a moment."""
    at = SAID["at"][language].format(when=values.pop("at")) if "at" in values else ""
    return SAID[kind][language].format(when=when, then=SAID[then][language].format(at=at, **values))


def rows(**values: str) -> list[dict[str, str]]:
    """Cells of the row, by their headings."""
    return [{"heading": heading, "value": value} for heading, value in values.items()]
