"""What the samples of all templates are put together from: places, reasons, times left, cells of a row."""

from __future__ import annotations

from collections.abc import Mapping

from automations.noticefacts import PHRASES
from automations.summary import LEFT

Facts = Mapping[str, object]
SOURCE = {"zh": "营销管理制度", "en": "Marketing policy"}
NO_CLOCK: Facts = {"state": "", "due": "", "left": "", "next_step": ""}


def place(language: str, table: str, row: int) -> dict[str, object]:
    """The table and where in it the row stands."""
    return {"table": table, "place": PHRASES["place"][language].format(table=table, row=row)}


def why(language: str, role: str) -> str:
    """Why the reader gets the mail, under the marketing policy."""
    return PHRASES["why"][language].format(role=PHRASES[role][language] if role in PHRASES else role, source=SOURCE[language])


def left(language: str, words: str, **values: object) -> str:
    """The time left, as the sheet says it."""
    return LEFT[words][language].format(**values)


def rows(**values: str) -> list[dict[str, str]]:
    """Cells of the row, by their headings."""
    return [{"heading": heading, "value": value} for heading, value in values.items()]
