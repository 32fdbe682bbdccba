"""A calendar file into a Calendar; its faults by file:line:column."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from automations.calendars import Calendar, CalendarSettings, Window, window
from automations.declarations import CalendarFile, ExceptionFile
from automations.openinghours import DayException

if TYPE_CHECKING:
    from automations.config import Reader
    from automations.yamlfile import Document, Path

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FIRST = date(2000, 1, 1)


def load_calendar(reader: Reader, name: str) -> Calendar | None:
    """The calendar of that name in config/calendars; None after noting what is wrong with it."""
    loaded = reader.read(CalendarFile, reader.root / "config" / "calendars" / f"{name}.yaml")
    if loaded is None:
        return None
    file, document = loaded
    weekly = {WEEKDAYS.index(day): _windows(reader, document, ("weekly", day), texts) for day, texts in file.weekly.items()}
    exceptions = tuple(_exception(reader, document, position, each) for position, each in enumerate(file.exceptions))
    settings = CalendarSettings(
        name=file.calendar,
        zone=file.zone,
        country=file.country,
        weekly=weekly,
        exceptions=exceptions,
        first=file.first or FIRST,
        last=file.last,
        official_until=file.official_until,
    )
    try:
        return Calendar.build(settings)
    except ValueError as error:
        reader.problems.append(document.problem(("weekly",), str(error)))
        return None


def _windows(reader: Reader, document: Document, path: Path, texts: list[str]) -> tuple[Window, ...]:
    found = []
    for position, text in enumerate(texts):
        try:
            found.append(window(text))
        except ValueError as error:
            reader.problems.append(document.problem((*path, position), str(error)))
    return tuple(found)


def _exception(reader: Reader, document: Document, position: int, file: ExceptionFile) -> DayException:
    path: Path = ("exceptions", position)
    if file.closed == bool(file.windows):
        reader.problems.append(document.problem(path, f"{file.day}: say either 'closed: true' or 'windows'"))
    return DayException(
        day=file.day, windows=_windows(reader, document, (*path, "windows"), file.windows), source=file.source, name=file.name
    )
