"""Faults of forms: templates that are not there, not readable, or that say what their rules do not name."""

from __future__ import annotations

from collections.abc import Iterable

from automations.config import Config
from automations.errors import Problem
from automations.formfacts import OF_FORM, ROWS, lists_of, names_of
from automations.formtemplates import FormTemplates
from automations.program import FormSpec, Place
from automations.yamlcheck import closest
from automations.yamlfile import Path

TEMPLATES = "templates/forms"


def form_problems(config: Config) -> list[Problem]:
    """Every fault of every form and of every template, used or not."""
    templates = FormTemplates(config.root / TEMPLATES, config.root)
    forms = config.program.forms
    found = [problem for spec in forms for problem in _faults(config, templates, spec)]
    used = {spec.template for spec in forms}
    unused = [path for path in templates.files() if path.stem not in used]
    return list(dict.fromkeys([*found, *(problem for path in unused for problem in templates.faults(path, None, {}))]))


def _faults(config: Config, templates: FormTemplates, spec: FormSpec) -> Iterable[Problem]:
    if not templates.path(spec.template, "zh").is_file():
        near = closest(spec.template, templates.names())
        hint = f"did you mean '{near}'?" if near else f"put it there, as {TEMPLATES}/zh/{spec.template}.docx"
        yield spec.document.problem((*spec.path, "template"), f"no template '{spec.template}' in {TEMPLATES}/zh", hint)
    yield from _taken(spec)
    yield from _leaks(config, spec)
    for path in (path for path in templates.files() if path.stem == spec.template):
        yield from templates.faults(path, names_of(spec), lists_of(spec))


def _taken(spec: FormSpec) -> Iterable[Problem]:
    """Fields and lists under a name that means something else on this form."""
    lists = {name for each in spec.lists for name in (each.name, f"{each.name}_count", f"{each.name}_total")}
    for name in sorted(lists & ({*spec.names, *OF_FORM} | ({ROWS} if spec.per else set()))):
        yield spec.document.problem((*spec.path, "lists"), f"the list '{name}' has the name of something else on the form")
    for name in sorted(spec.names.keys() & OF_FORM.keys()):
        yield spec.document.problem((*spec.path, "fields"), f"the field '{name}' has the name of something every form has")


def _leaks(config: Config, spec: FormSpec) -> Iterable[Problem]:
    """Fields computed from a sensitive column: such values are never printed."""
    needs = {node.place: node.needs | node.soft for node in config.program.nodes()}
    drafted: list[tuple[Place, Path]] = [((spec.table, name), ("fields", field)) for field, name in spec.names.items() if "." in name]
    drafted += [
        ((each.table, name), ("lists", each.name, "fields", field))
        for each in spec.lists
        for field, name in each.names.items()
        if "." in name
    ]
    for place, at in drafted:
        for table, column in sorted(_behind(place, needs)):
            declared = config.tables[table].column(column)
            if declared and declared.sensitive:
                what = f"column '{column}' of table '{table}' is sensitive and never stands on a form"
                yield spec.document.problem((*spec.path, *at), what, "take it out")


def _behind(place: Place, needs: dict[Place, frozenset[Place]]) -> set[Place]:
    """Every column a value is computed from."""
    found, open_places = set[Place](), [place]
    while open_places:
        for each in needs.get(open_places.pop(), ()):
            if each not in found:
                found.add(each)
                open_places.append(each)
    return found
