"""Forms that are made by themselves: once a row has come so far and nothing is lacking, each once, under a name that stays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from automations.config import Config
from automations.digeststeps import spoken_of
from automations.errors import OutsideFailed, RowkeeperError
from automations.filing import keep_file
from automations.formfacts import lacking, wanted
from automations.formmaking import folder_of, keys_of, made_of, rows_with
from automations.formtemplates import FormFailed
from automations.generation import older
from automations.judging import Judged
from automations.ledgers.protocol import Ledger, RunOutcome, RunStart
from automations.model import Words
from automations.pdf import NoPdf, beside, office_on
from automations.program import FormSpec
from automations.run import World, judge, read

MET = ""
"""The key that says a rule has been met: what had come so far by then is not made by itself."""
PATIENCE = 60
"""Seconds that PDFs of new forms may take."""
SAID: Mapping[str, Words] = {
    "made": {"zh": "做好了 {count} 份单据：", "en": "{count} forms were made:"},
    "none": {"zh": "目前没有要做的单据。", "en": "No form is due that has not been made."},
    "no pdf": {"zh": "{count} 份没有做成 PDF：{why}", "en": "{count} of them have no PDF: {why}"},
    "waiting": {"zh": "还有 {count} 份要补填后才能做：", "en": "{count} forms wait for something to be filled in:"},
    "lacks": {"zh": "{title} {key}：缺{lacks}", "en": "{title} {key}: lacks {lacks}"},
}


class FormsNotMade(OutsideFailed):
    """Some forms could not be made; they are tried again, and the others were made."""


@dataclass(frozen=True)
class Made:
    """What was made (paths), what waits for its row to be filled in (in words), and the run; none where there was nothing to do.

    `pdfs` stand beside the files; `why` says why some have none, empty where this machine makes none.
    """

    run_id: int | None
    files: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    language: str = "zh"
    pdfs: tuple[str, ...] = ()
    why: str = ""

    def data(self) -> dict[str, Any]:
        return {"run": self.run_id, "files": list(self.files), "pdfs": list(self.pdfs), "waiting": list(self.waiting)}

    def text(self) -> str:
        head = SAID["made"][self.language].format(count=len(self.files)) if self.files else SAID["none"][self.language]
        rest = [SAID["waiting"][self.language].format(count=len(self.waiting)), *self.waiting] if self.waiting else []
        lost = [SAID["no pdf"][self.language].format(count=len(self.files) - len(self.pdfs), why=self.why)] if self.why else []
        return "\n".join([head, *self.files, *self.pdfs, *lost, *rest])


@dataclass(frozen=True, eq=False)
class _Due:
    """The keys of one form that have come so far and were not met before; those of them that lack something, with what it is."""

    spec: FormSpec
    keys: Sequence[str]
    lacks: Mapping[str, str]
    first: bool

    @property
    def ready(self) -> list[str]:
        return [] if self.first else [key for key in self.keys if key not in self.lacks]


@dataclass
class _Done:
    """What was made so far, and what went wrong."""

    files: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)


def make_due(world: World, now: datetime, folder: Path | None = None) -> Made:
    """Make every form that is due, in `folder` or that of the settings, and note it.

    The first time a form is met, what had come so far before is noted and not made.
    Before the first sweep of a workbook, and by an old copy of a ledger, nothing is made. A file that is there already stays as it is.
    Raises FormsNotMade when a template has a fault or a file cannot be written; what was made is noted.
    """
    config, ledger, name = world.config, world.ledger, world.workbook.name
    specs = [spec for spec in config.program.forms if spec.by_itself]
    if not specs or not ledger.knows(name) or older(world.marks, ledger, name):
        return Made(None, language=config.language)
    judged = judge(world, read(world, now)[0], now)
    due = [each for spec in specs if (each := _due(judged, config, ledger, spec))]
    waiting = tuple(_waiting(config, due))
    if not any(each.first or each.ready for each in due):
        return Made(None, waiting=waiting, language=config.language)
    run_id = ledger.begin_run(RunStart("forms", name, now, config.hash, ""))
    try:
        done = _made(world, judged, due, run_id, folder or folder_of(config))
    except RowkeeperError as error:
        ledger.end_run(run_id, RunOutcome("failed", now, str(error)))
        raise
    reason, state = "\n".join(done.troubles), "failed" if done.troubles else "done"
    ledger.end_run(run_id, RunOutcome(state, now, reason, {"forms": len(done.files)}))  # type: ignore[arg-type]
    if done.troubles:
        raise FormsNotMade(reason)
    return Made(run_id, tuple(done.files), waiting, config.language)


def with_pdfs(made: Made, *, path: str | None = None, seconds: float = PATIENCE) -> Made:
    """The same forms with PDFs beside them where LibreOffice is in the folders of `path` (default: PATH).

    Only what was just made is looked at, all of it in one call that is ended when it takes too long: a PDF that is missing stops nothing,
    `form NAME KEY --pdf` makes it.
    """
    office = office_on(path) if made.files else None
    if office is None:
        return made
    try:
        pdfs, words = beside(office, [Path(file) for file in made.files], seconds)
    except NoPdf as error:
        return replace(made, why=str(error))
    return replace(made, pdfs=tuple(str(pdf) for pdf in pdfs), why="" if len(pdfs) == len(made.files) else words)


def _due(judged: Judged, config: Config, ledger: Ledger, spec: FormSpec) -> _Due | None:
    """What is due of one form; None where the workbook lacks its table or columns."""
    sheets = judged.snapshot.sheets
    there = all(judged.evaluation.has(*place) for place in spec.needs if place[0] in sheets)
    if spec.table not in sheets or not there:
        return None
    noted = ledger.forms_noted(judged.snapshot.workbook, spec.rule)
    groups = _groups(judged, config, spec)
    come = groups.loc[groups["asked"] & ~groups.index.isin(list(noted))]
    lacks = come["lacks"].loc[come["lacks"] != ""]
    return _Due(spec, come.index.tolist(), dict(zip(lacks.index.tolist(), lacks.tolist(), strict=True)), MET not in noted)


def _groups(judged: Judged, config: Config, spec: FormSpec) -> pd.DataFrame:
    """By key of the form: whether all its rows have come so far, and what the first incomplete of them lacks."""
    evaluation, table = judged.evaluation, spec.table
    keys = keys_of(evaluation, spec)
    asked = wanted(evaluation, spec) & spoken_of(judged, config, spec.rule, table)
    lacks = lacking(evaluation, spec, config.language)
    belongs = (keys != "") & (evaluation.flags(table, spec.only) if spec.only else True)
    frame = pd.DataFrame({"key": keys[belongs], "asked": asked[belongs], "lacks": lacks[belongs]})
    return frame.groupby("key").agg(asked=("asked", "all"), lacks=("lacks", "max"))


def _waiting(config: Config, due: Sequence[_Due]) -> Iterator[str]:
    for each in due:
        title = each.spec.title.get(config.language) or each.spec.title.get("zh", "")
        for key, lacks in {} if each.first else each.lacks.items():
            yield SAID["lacks"][config.language].format(title=title, key=key, lacks=lacks)


def _made(world: World, judged: Judged, due: Sequence[_Due], run_id: int, folder: Path) -> _Done:
    done = _Done()
    for each in due:
        if each.first:
            world.ledger.note_forms(run_id, each.spec.rule, dict.fromkeys((*each.keys, MET), ""))
        for key in each.ready:
            try:
                file = _kept(world, judged, each.spec, key, folder)
            except (FormFailed, OutsideFailed) as error:
                done.troubles.append(str(error))
                break  # the next row has the same template and the same folder
            world.ledger.note_forms(run_id, each.spec.rule, {key: file.name})
            done.files.append(str(file))
    return done


def _kept(world: World, judged: Judged, spec: FormSpec, key: str, folder: Path) -> Path:
    """The file of one form, written unless it is there: what a person has changed in it stays."""
    config, rows = world.config, rows_with(judged.evaluation, spec, key)
    content, name = made_of(judged, config, spec, rows, config.language)
    file = folder / name
    if not file.exists():
        keep_file(file, content, "forms")
    return file
