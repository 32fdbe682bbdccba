"""The demo's printed forms: those that made themselves, and one of every other kind, to look at."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np

from automations.filing import keep_file
from automations.formfacts import lacking, wanted
from automations.formmaking import keys_of, made_of, rows_with
from automations.judging import Judged
from automations.pdf import beside, office_on
from automations.program import FormSpec
from automations.run import World, judge, read


def one_of_each(world: World, now: datetime, folder: Path) -> None:
    """A form of every kind the folder has none of, of a row that lacks nothing, rather of one that has come so far."""
    config, judged = world.config, judge(world, read(world, now)[0], now)
    there = {file.name.partition(" ")[0] for file in folder.glob("*.docx")}
    for spec in config.program.forms:
        key = _ready_of(judged, spec) if spec.title["zh"] not in there else ""
        if key:
            content, name = made_of(judged, config, spec, rows_with(judged.evaluation, spec, key), config.language)
            keep_file(folder / name, content, "forms")


def _ready_of(judged: Judged, spec: FormSpec) -> str:
    """A key whose rows lack nothing, of those that have come so far if there are any: the first row, the last month; or empty."""
    evaluation, sheets = judged.evaluation, judged.snapshot.sheets
    if spec.table not in sheets or not all(evaluation.has(*place) for place in spec.needs if place[0] in sheets):
        return ""
    keys, belongs = keys_of(evaluation, spec), evaluation.flags(spec.table, spec.only) if spec.only else True
    lacks = lacking(evaluation, spec, "zh") != ""
    ready = (keys != "") & belongs & ~np.isin(keys, keys[lacks & belongs])
    come = ready & wanted(evaluation, spec)
    found = keys[come if come.any() else ready].tolist()
    return found[-1 if spec.per else 0] if found else ""


def put_pdfs(folder: Path) -> None:
    """PDFs beside the forms, where LibreOffice is; those it does not make are missing, and nothing else."""
    office = office_on()
    if office:
        beside(office, sorted(folder.glob("*.docx")))
