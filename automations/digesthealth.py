"""The state of the tool itself, and what will soon run out, in the words of a digest."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import numpy as np

from automations.config import Config
from automations.digestwords import ENDING, HEALTH
from automations.holding import END, held
from automations.judging import Judged
from automations.ledgers.protocol import Ledger, MailState
from automations.remembering import rows_before

STALE = timedelta(days=1)
HOLD_DAYS, PARAMETER_DAYS, HOLIDAY_DAYS = 5, 30, 60
LISTED = 5
LOOKED_BACK = 200
PEOPLE_NEEDED: tuple[MailState, ...] = ("failed", "unknown", "draft", "held", "suppressed")


def health_of(judged: Judged, ledger: Ledger, since: datetime, now: datetime, language: str) -> list[tuple[str, bool]]:
    """Sentences about the tool, each with whether it is bad news; the first says when it last ran well."""
    sheets = judged.snapshot.sheets
    said = [_last_run(judged, ledger, now, language)]
    rows = sum(len(sheet.rows) for sheet in sheets.values())
    said.append((HEALTH["rows"][language].format(tables=len(sheets), rows=rows), False))
    if judged.lacking:
        said.append((HEALTH["lacking"][language].format(count=len(judged.lacking)), False))
    return [*said, *((text, True) for text in _troubles(judged, ledger, since, now, language))]


def _last_run(judged: Judged, ledger: Ledger, now: datetime, language: str) -> tuple[str, bool]:
    runs = ledger.runs(judged.snapshot.workbook, limit=LOOKED_BACK)
    good = next((run for run in runs if run.state == "done" and not run.automation.startswith(("digest ", "undo "))), None)
    if good is None:
        return HEALTH["no run"][language], True
    if now - good.started_at > STALE and _open_between(judged, good.started_at, now) > 1:
        return HEALTH["old run"][language].format(at=f"{good.started_at:%Y-%m-%d %H:%M}"), True
    return HEALTH["last run"][language].format(at=f"{good.started_at:%Y-%m-%d %H:%M}", run=good.id), False


def _open_between(judged: Judged, begin: datetime, end: datetime) -> int:
    instants = (np.array([each], dtype="datetime64[s]") for each in (begin, end))
    return int(judged.evaluation.calendar.workdays_between(*instants)[0])


def _troubles(judged: Judged, ledger: Ledger, since: datetime, now: datetime, language: str) -> Iterator[str]:
    workbook, sheets = judged.snapshot.workbook, judged.snapshot.sheets.values()
    stopped = [run for run in ledger.runs(workbook, limit=LOOKED_BACK) if run.state in ("refused", "failed") and run.started_at > since]
    if stopped:
        yield HEALTH["stopped"][language].format(count=len(stopped), reason=stopped[0].reason.splitlines()[0] if stopped[0].reason else "")
    yield from _sheets(judged, ledger, language)
    numbers = {
        "cells": sum(len(sheet.problems) for sheet in sheets),
        "blocked": sum(int(np.sum(rows)) for rows in judged.blocked.values()),
        "mails": len(ledger.outbox(PEOPLE_NEEDED, workbook, limit=1000)),
        "addresses": sum(each.until > now for each in ledger.suppressions()),
    }
    yield from (HEALTH[word][language].format(count=count) for word, count in numbers.items() if count)


def _sheets(judged: Judged, ledger: Ledger, language: str) -> Iterator[str]:
    """Tabs that were read before and cannot be used now; a tab that was never there is one the team does not use."""
    before = rows_before(ledger, judged.snapshot.workbook)
    lost = [problem for problem in judged.snapshot.problems if problem.stops and problem.table in before]
    for problem in lost[:LISTED]:
        what = problem.what.get(language) or problem.what.get("zh", "")
        yield HEALTH["sheet"][language].format(what=what.rstrip("。."))
    if len(lost) > LISTED:
        yield HEALTH["sheets"][language].format(count=len(lost) - LISTED)


def ending_of(judged: Judged, config: Config, now: datetime, language: str) -> list[str]:
    """Holds that end in the next days, parameters without a value to come, and the end of the known holidays."""
    return [*_holds(judged, now, language), *_parameters(config, now.date(), language), *_holidays(judged, now.date(), language)]


def _holds(judged: Judged, now: datetime, language: str) -> Iterator[str]:
    evaluation, last = judged.evaluation, now + timedelta(days=HOLD_DAYS)
    found = []
    for name, sheet in judged.snapshot.sheets.items():
        if evaluation.has(name, END):
            ends = evaluation.times(name, END)
            rows = np.flatnonzero(held(evaluation, name) & (ends <= np.datetime64(last, "s")))
            keys = evaluation.keys(name)[rows]
            found += [(ends[row].item(), sheet.table.heading(language), key) for row, key in zip(rows.tolist(), keys, strict=True)]
    for day, table, key in sorted(found)[:LISTED]:
        yield ENDING["hold"][language].format(table=table, key=key, day=f"{day:%Y-%m-%d}")
    if len(found) > LISTED:
        yield ENDING["holds"][language].format(count=len(found) - LISTED, day=f"{last:%Y-%m-%d}")


def _parameters(config: Config, today: date, language: str) -> Iterator[str]:
    """Parameters of policies whose newest value is null, soon: from then on their rules have no number."""
    for policy in config.policies.values():
        for parameter in policy.file.parameters.values():
            day = max(parameter.values)
            if parameter.values[day] is None and today <= day <= today + timedelta(days=PARAMETER_DAYS):
                titles = [words.get(language) or words.get("zh", "") for words in (policy.file.title, parameter.title)]
                yield ENDING["parameter"][language].format(policy=titles[0], parameter=titles[1], day=day)


def _holidays(judged: Judged, today: date, language: str) -> Iterator[str]:
    until = judged.evaluation.calendar.official_until
    if until <= today + timedelta(days=HOLIDAY_DAYS):
        yield ENDING["holidays"][language].format(day=until)
