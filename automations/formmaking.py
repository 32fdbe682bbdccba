"""One form made of its rows: refused while something mandatory is blank, filled into the Word template, under a stable name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from automations.config import Config
from automations.errors import RowkeeperError
from automations.filing import file_name
from automations.formcheck import TEMPLATES
from automations.formfacts import facts_of, key_of, lacking
from automations.formtemplates import FormTemplates
from automations.judging import Evaluation, Judged
from automations.model import Words
from automations.program import FormSpec

LACKS: Words = {
    "zh": "“{title}”（{key}）还不能打印，缺：\n{lacks}\n请在“{table}”补填后再打印。",
    "en": "'{title}' ({key}) cannot be printed yet, it lacks:\n{lacks}\nfill these in, in '{table}', then print it",
}


class FormIncomplete(RowkeeperError):
    """A form cannot be made while something it needs is blank."""

    exit_code = 1


def made_of(judged: Judged, config: Config, spec: FormSpec, rows: Any, language: str) -> tuple[bytes, str]:
    """The form of these rows as a Word file, and the name it is kept under.

    Raises FormIncomplete while a mandatory field is blank, FormFailed when the template has a fault.
    """
    refuse_incomplete(judged, config, spec, rows, language)
    templates = FormTemplates(config.root / TEMPLATES, config.root)
    path = templates.path(spec.template, language)
    facts = facts_of(judged, config, spec, rows, templates.said(path), language)
    return templates.fill_in(path, facts), name_of(spec, key_of(judged.evaluation, spec, int(rows[0])), language)


def keys_of(evaluation: Evaluation, spec: FormSpec) -> Any:
    """For every row the key its form has: its own, or what the rows of one form have in common."""
    return evaluation.texts(spec.table, spec.per) if spec.per else evaluation.keys(spec.table)


def rows_with(evaluation: Evaluation, spec: FormSpec, key: str) -> Any:
    """The rows a form of this key is made of."""
    wanted = keys_of(evaluation, spec) == key
    return np.flatnonzero(wanted & evaluation.flags(spec.table, spec.only) if spec.only else wanted)


def refuse_incomplete(judged: Judged, config: Config, spec: FormSpec, rows: Any, language: str) -> None:
    """Raises FormIncomplete with every mandatory field that is blank, row by row."""
    lines = list(_lacking_lines(judged.evaluation, spec, rows, language))
    if lines:
        title, table = spec.title.get(language) or spec.title.get("zh", ""), config.tables[spec.table].heading(language)
        key = key_of(judged.evaluation, spec, int(rows[0]))
        raise FormIncomplete(LACKS[language].format(title=title, key=key, lacks="\n".join(lines), table=table))


def _lacking_lines(evaluation: Evaluation, spec: FormSpec, rows: Any, language: str) -> Iterable[str]:
    said = lacking(evaluation, spec, language)[rows]
    keys = evaluation.keys(spec.table)[rows]
    for key, words in zip(keys, said, strict=True):
        if words:
            yield f"  {key}: {words}" if spec.per else f"  {words}"


def folder_of(config: Config) -> Path:
    """Where printed forms are kept; those of a branch in a folder of its own, because its keys may be those of another."""
    return config.root / config.settings.forms / config.branch


def name_of(spec: FormSpec, key: str, language: str) -> str:
    """The stable name of a form: `产品发运通知单 FY-00801.docx`."""
    title = spec.title.get(language) or spec.title.get("zh", "")
    return file_name(f"{title} {key}", ".docx")
