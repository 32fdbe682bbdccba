"""A calendar file into a Calendar; its faults by file:line:column."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from automations.calendars import Calendar, CalendarSettings, Window, window
from automations.declarations import CalendarFile, ExceptionFile
from automations.openinghours import DayException
from automations.yamlcheck import closest

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
    _check_zone(reader, document, file)
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
        reader.problems.append(document.problem(_place_of(str(error), file), str(error)))
        return None


def _check_zone(reader: Reader, document: Document, file: CalendarFile) -> None:
    if file.zone not in available_timezones():
        near = closest(file.zone, available_timezones())
        hints = [f"did you mean '{near}'?"] if near else []
        reader.problems.append(document.problem(("zone",), f"no time zone '{file.zone}'", *hints))


def _place_of(said: str, file: CalendarFile) -> Path:
    """Where a fault of the whole calendar stands: the weekday, the exception or the key it names."""
    weekday = next((day for day in WEEKDAYS if re.search(rf"\b{day}\w*day\b", said, re.IGNORECASE)), None)
    days = [place for place, each in enumerate(file.exceptions) if f"{each.day}" in said]
    if weekday in file.weekly:
        return ("weekly", str(weekday))
    if days:
        return ("exceptions", days[-1])
    return next(((key,) for key in ("official_until", "last", "country") if f"'{key}'" in said or key in said), ("weekly",))


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
