"""The figures of a digest laid out for its templates: headline, comparison, trend, steps, money and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from automations.digestfile import DigestFile
from automations.digestslots import Slot
from automations.digeststeps import STAGE_DAYS, Steps, money_at_stake, stages_of, trend_of
from automations.digesttables import Figures, Line, amount_shown, figures_of
from automations.digestwords import CARDS, FIGURES, SAID
from automations.judging import Judged
from automations.ledgers.protocol import DigestRecord

STAGES = 12
TALL = 60
"""Pixels of the tallest bar of the trend."""


def headline(figures: Mapping[str, int], before: DigestRecord | None, language: str) -> list[dict[str, Any]]:
    """The figures at the top, each with what it was last time."""
    return [
        {"label": FIGURES[name][language], "value": str(figures[name]), "change": _change(name, figures, before), "hot": name in _LATE}
        for name in CARDS
    ]


_LATE = ("late", "newly late")


def changes_of(figures: Mapping[str, int], before: DigestRecord | None, language: str) -> list[dict[str, str]]:
    """Every figure beside that of the last digest."""
    earlier = before.figures if before else {}
    return [
        {
            "label": FIGURES[name][language],
            "now": str(figures[name]),
            "before": str(earlier[name]) if name in earlier else "",
            "change": _change(name, figures, before),
        }
        for name in FIGURES
    ]


def _change(name: str, figures: Mapping[str, int], before: DigestRecord | None) -> str:
    if before is None or name not in before.figures:
        return ""
    return _signed(figures[name] - before.figures[name])


def _signed(number: int) -> str:
    return f"{number:+d}" if number else "±0"


def trend_said(judged: Judged, steps: Steps, now: datetime, language: str) -> dict[str, Any]:
    """The trend as bars (heights in pixels) and as one sentence per day."""
    trend = trend_of(judged, steps, now)
    highest = max((*trend.open, 1))
    days = [
        {
            "day": day,
            "late": late,
            "open": opened,
            "late_tall": round(TALL * late / highest),
            "open_tall": round(TALL * (opened - late) / highest),
            "text": SAID["trend text"][language].format(day=day, open=opened, late=late),
        }
        for day, opened, late in zip(trend.days, trend.open, trend.late, strict=True)
    ]
    return {"title": SAID["trend"][language].format(days=len(days)), "days": days, "first": trend.days[0], "last": trend.days[-1]}


def stages_said(judged: Judged, steps: Steps, digest: DigestFile, slot: Slot, now: datetime, language: str) -> list[dict[str, Any]]:
    """Steps done in the period (of a daily digest: the last days), with their share on time and the time they took."""
    daily = digest.every == "working day"
    begin, end = (now - timedelta(days=STAGE_DAYS), now) if daily else (slot.begin, slot.end)
    found = stages_of(judged, steps, np.datetime64(begin, "s"), np.datetime64(end, "s"))[:STAGES]
    return [
        {
            "title": stage.clock.title.get(language) or stage.clock.title.get("zh", stage.clock.rule),
            "table": judged.snapshot.sheets[stage.clock.table].table.heading(language),
            "share": SAID["share"][language].format(on_time=stage.on_time, done=stage.done, share=percent(stage.on_time, stage.done)),
            "width": round(100 * stage.on_time / stage.done),
            "on_time": stage.on_time,
            "done": stage.done,
            "mean": stage.days,
            "days": SAID["days"][language].format(days=f"{stage.days:.1f}"),
        }
        for stage in found
    ]


def percent(part: int, whole: int) -> str:
    """A share with one decimal, rounded half up: `95.0 %`."""
    tenths = (2000 * part + whole) // (2 * whole)
    return f"{tenths // 10}.{tenths % 10}%"


def money_said(judged: Judged, steps: Steps, columns: Mapping[str, str], language: str) -> list[str]:
    """The amounts in rows with late steps, a sentence per table."""
    found = []
    for name, amount in money_at_stake(judged, steps, columns).items():
        table = judged.snapshot.sheets[name].table
        column = table.column(columns[name])
        if column and amount:
            words = {"table": table.heading(language), "column": column.heading(language), "amount": amount_shown(amount, column)}
            found.append(SAID["money"][language].format(**words))
    return found


def stakes_said(judged: Judged, steps: Steps, columns: Mapping[str, str], language: str) -> list[dict[str, Any]]:
    """The same amounts for a chart, the largest first, each as a share of the largest."""
    named = {name: amount for name, amount in money_at_stake(judged, steps, columns).items() if amount}
    tables = {name: judged.snapshot.sheets[name].table for name in named}
    return [
        {
            "label": f"{tables[name].heading(language)} {column.heading(language)}",
            "amount": amount_shown(amount, column),
            "share": max(amount, 0) / max(named.values()),
        }
        for name, amount in sorted(named.items(), key=lambda item: -item[1])
        if (column := tables[name].column(columns[name]))
    ]


def tables_said(judged: Judged, digest: DigestFile, slot: Slot, language: str) -> list[dict[str, Any]]:
    """The tables of figures as texts: headings, lines with a bar each, the total."""
    found = [figures for each in digest.breakdowns if (figures := figures_of(judged, each, slot))]
    return [_table(judged, figures, language) for figures in found]


def _table(judged: Judged, figures: Figures, language: str) -> dict[str, Any]:
    by = judged.snapshot.sheets[figures.breakdown.of].table.column(figures.breakdown.by)
    count = [SAID[word][language] for word in (("count", "count before", "change") if figures.dated else ("count",))]
    headings = [by.heading(language) if by else figures.breakdown.by, *count, *(column.heading(language) for column in figures.columns)]
    largest = max((line.count for line in (*figures.lines, *([figures.more] if figures.more else []))), default=0) or 1
    rows = [_row(line, figures, line.label or SAID["blank"][language], largest) for line in figures.lines]
    rest = [_row(figures.more, figures, SAID["rest"][language], largest)] if figures.more else []
    title = figures.breakdown.title.get(language) or figures.breakdown.title.get("zh", "")
    none = "" if rows else SAID["none"][language]
    whole = _row(figures.whole, figures, SAID["whole"][language], 0) if rows else {}
    return {
        "title": title,
        "headings": headings,
        "rows": [*rows, *rest],
        "whole": whole,
        "none": none,
        "picture": figures.breakdown.picture,
    }


def _row(line: Line, figures: Figures, label: str, largest: int) -> dict[str, Any]:
    counted: Sequence[str] = [str(line.count)]
    if figures.dated:
        counted = [*counted, str(line.before or 0), _signed(line.count - (line.before or 0))]
    amounts = [amount_shown(value, column) for value, column in zip(line.sums, figures.columns, strict=False)]
    return {"label": label, "cells": [*counted, *amounts], "width": round(100 * line.count / largest) if largest else 0}
