"""The indicators of a period in a digest: a table for the company, and one for every indicator of people, carriers and so on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from automations.digestfile import INDICATED, DigestFile
from automations.digestslots import Slot
from automations.digestwords import SAID
from automations.judging import Judged
from automations.measured import SUBJECTS

LISTED = 20
"""Lines of one table; what is beyond them is counted in one line."""
YUAN = ("元", "yuan")
HEADINGS = ("value", "target", "outcome", "previous", "change")


def indicators_said(judged: Judged, digest: DigestFile, slot: Slot, language: str) -> list[dict[str, Any]]:
    """The indicators of the digest's period as tables for its templates; what lacks its columns is left out."""
    name = digest.indicators
    if not name or name not in judged.snapshot.sheets or not all(judged.evaluation.has(name, each) for each in INDICATED):
        return []
    found = _of_period(judged, name, slot, digest.measures)
    company = list(SUBJECTS["company"].values())
    whole, parts = found[found["subject_kind"].isin(company)], found[~found["subject_kind"].isin(company)]
    headings = [judged.snapshot.sheets[name].table.column(each).heading(language) for each in HEADINGS]  # type: ignore[union-attr]
    tables = [_table(SAID["company"][language], SAID["indicator"][language], headings, whole, "kpi", language)] if len(whole) else []
    for (kpi, kind), rows in parts.groupby(["kpi", "subject_kind"], sort=False):
        title = SAID["indicator of"][language].format(kpi=_in_unit(str(kpi), rows["unit"].iloc[0], language), kind=kind)
        tables.append(_table(title, str(kind), headings, rows.sort_values("value", ascending=False), "subject_name", language))
    return tables


def _of_period(judged: Judged, name: str, slot: Slot, measures: Sequence[str]) -> pd.DataFrame:
    """The rows of these indicators, or of all, that begin and end with the period."""
    evaluation = judged.evaluation
    begin, end = np.datetime64(slot.begin, "s"), np.datetime64(slot.end - timedelta(days=1), "s")
    rows = (evaluation.times(name, "starts_on") == begin) & (evaluation.times(name, "ends_on") == end)
    if measures:
        rules = pd.Series(evaluation.keys(name), dtype=object).str.partition("/")[0]
        rows &= rules.isin(list(measures)).to_numpy(dtype=bool)
    return pd.DataFrame({each: evaluation.column(name, each)[rows] for each in INDICATED})


def _table(title: str, label: str, headings: Sequence[str], rows: pd.DataFrame, by: str, language: str) -> dict[str, Any]:
    """Lines with a bar each: of a share its per cent, of figures of one indicator their part of the largest."""
    values = rows["value"].to_numpy(dtype="float64", na_value=0.0)
    largest = max(values.max(initial=0.0), 1.0)
    share = (rows["unit"] == "%").to_numpy(dtype=bool, na_value=False)
    part = 0.0 if by == "kpi" else 100 * values / largest  # different units have no common bar
    widths = np.clip(np.where(share, values / 10_000, part), 0, 100).round().astype(int)
    labels = [_in_unit(*each, language) for each in zip(rows[by], rows["unit"], strict=True)] if by == "kpi" else rows[by].astype(str)
    lines = [_line(*each) for each in zip(rows.to_dict("records"), labels, widths.tolist(), strict=True)]
    rest = [{"label": SAID["more lines"][language].format(count=len(lines) - LISTED), "cells": [""] * len(headings), "width": 0}]
    return {
        "title": title,
        "headings": [label, *headings],
        "rows": lines if len(lines) <= LISTED else [*lines[:LISTED], *rest],
        "whole": {},
        "none": "",
    }


def _in_unit(kpi: str, unit: Any, language: str) -> str:
    """What an indicator is called, with its unit where the figures do not show it."""
    if pd.isna(unit) or unit in ("", "%", *YUAN):
        return kpi
    return SAID["in unit"][language].format(kpi=kpi, unit=unit)


def _line(row: Mapping[Any, Any], label: str, width: int) -> dict[str, Any]:
    unit = "" if pd.isna(row["unit"]) else row["unit"]
    cells = [_figure(row["value"], unit), _figure(row["target"], unit), row["outcome"]]
    cells += [_figure(row["previous"], unit), _figure(row["change"], unit, signed=True)]
    return {"label": label, "cells": ["–" if pd.isna(each) or each == "" else str(each) for each in cells], "width": width}


def _figure(value: Any, unit: str, *, signed: bool = False) -> str:
    """A figure as people read it: shares with one decimal, `95.0%`, money with two."""
    if pd.isna(value):
        return ""
    sign = "+" if signed and value > 0 else ""
    if unit == "%":
        tenths = (int(value) + 500) // 1000
        return f"{sign}{'-' if tenths < 0 else ''}{abs(tenths) // 10}.{abs(tenths) % 10}%"
    if unit in YUAN:
        return f"{sign}{int(value) / 10_000:,.2f}"
    return f"{sign}{int(value) / 10_000:,.10g}"
