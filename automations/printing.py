"""`form`: a printed form of a row as a Word file, and as PDF where LibreOffice is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from automations.asking import NotThere
from automations.config import Config
from automations.formmaking import folder_of, keys_of, made_of, rows_with
from automations.judging import Evaluation, Judged
from automations.pdf import to_pdf
from automations.picturing import in_words
from automations.program import FormSpec
from automations.run import World, judge, read
from automations.yamlcheck import closest


@dataclass(frozen=True)
class Printed:
    """The files that were written."""

    title: str
    key: str
    files: Sequence[str]

    def data(self) -> dict[str, Any]:
        return asdict(self)

    def text(self) -> str:
        return "\n".join(self.files)


@dataclass(frozen=True)
class Listed:
    """The forms there are."""

    forms: Sequence[Mapping[str, str]]

    def data(self) -> list[Mapping[str, str]]:
        return list(self.forms)

    def text(self) -> str:
        width = max((len(form["name"]) for form in self.forms), default=0)
        return "\n".join(f"{form['name']:<{width}}  {form['title']}  ({form['of']})" for form in self.forms) or "no forms"


def form(
    world: World, words: Sequence[str], now: datetime, out: Path | None = None, language: str | None = None, pdf: bool = False
) -> Printed | Listed:
    """Make the form NAME of the row KEY (or of all rows of a month or customer) at `now`; without words, list the forms.

    Raises NotThere for a form or row that is not there, FormIncomplete while a mandatory field is blank, OutsideFailed for a file
    that cannot be written.
    """
    config, chosen = world.config, language or world.config.language
    if not words:
        return Listed([_listing(config, spec, chosen) for spec in config.program.forms])
    spec = form_named(config, words[0])
    if len(words) != 2:
        raise NotThere(f"form '{words[0]}' of which row? write: form {words[0]} KEY")
    snapshot, _ = read(world, now)
    judged = judge(world, snapshot, now)
    content, name = made(judged, config, spec, words[1], chosen)
    file = out or folder_of(config) / name
    file.parent.mkdir(parents=True, exist_ok=True) if out is None else None
    with in_words(file):
        file.write_bytes(content)
    files = [str(file), *([str(to_pdf(file))] if pdf else [])]
    return Printed(spec.title.get(chosen) or spec.title.get("zh", ""), words[1], files)


def _listing(config: Config, spec: FormSpec, language: str) -> Mapping[str, str]:
    return {
        "name": spec.rule.partition("/")[2],
        "title": spec.title.get(language) or spec.title.get("zh", ""),
        "of": config.tables[spec.table].heading(language),
    }


def form_named(config: Config, word: str) -> FormSpec:
    """A form by the id of its rule, by policy and rule, or by its title. Raises NotThere with what is there."""
    known: dict[str, FormSpec] = {}
    for spec in config.program.forms:
        for name in (spec.rule, spec.rule.partition("/")[2], *spec.title.values()):
            known.setdefault(name, spec)
    if word not in known:
        near = closest(word, known)
        there = ", ".join(spec.rule.partition("/")[2] for spec in config.program.forms)
        raise NotThere(f"no form '{word}'; " + (f"did you mean '{near}'?" if near else f"there are {there or 'none'}"))
    return known[word]


def made(judged: Judged, config: Config, spec: FormSpec, key: str, language: str) -> tuple[bytes, str]:
    """The form of one key as a Word file, and the name it is kept under."""
    refuse_absent(judged, spec)
    rows = rows_of(judged.evaluation, spec, key)
    return made_of(judged, config, spec, rows, language)


def refuse_absent(judged: Judged, spec: FormSpec) -> None:
    """Raises NotThere naming the table or column that this workbook lacks for the form."""
    if spec.table not in judged.snapshot.sheets:
        raise NotThere(f"table '{spec.table}' is not in this workbook")
    lacks = sorted(place for place in spec.needs if place[0] in judged.snapshot.sheets and not judged.evaluation.has(*place))
    if lacks:
        table, column = judged.lacking.get(spec.rule, lacks[0])
        raise NotThere(f"'{spec.template}' needs the column {table}.{column}, which is not in this workbook; `runner.py init` adds it")


def rows_of(evaluation: Evaluation, spec: FormSpec, key: str) -> Any:
    """The rows a form of this key is made of. Raises NotThere when there are none, or several for a form of one row."""
    rows = rows_with(evaluation, spec, key)
    if not len(rows):
        near = closest(key, sorted({str(each) for each in keys_of(evaluation, spec) if each}))
        raise NotThere(f"no row '{key}' in {spec.table}" + (f"; did you mean '{near}'?" if near else ""))
    if len(rows) > 1 and not spec.per:
        raise NotThere(f"'{key}' stands in {len(rows)} rows of {spec.table}; a form needs a row with a key of its own")
    return rows
