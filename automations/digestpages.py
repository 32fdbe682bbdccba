"""Digests in words: the templates of `templates/digests/` in a sandbox, in the frame of the notices."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automations.errors import Problem
from automations.rendering import (
    KINDS,
    LANGUAGES,
    SUBJECT_LIMIT,
    Rendered,
    TemplateFailed,
    capped,
    cleaned_text,
    one_line,
    sandbox,
    source_of,
)
from automations.templatecheck import ADVICE, Known, Walk, column_of

if TYPE_CHECKING:  # jinja2 costs a third of a second to import; a command that mails nobody does not pay for it
    from jinja2 import nodes
    from jinja2.sandbox import ImmutableSandboxedEnvironment

TEMPLATE = "digest"
VALUE_LIMIT = 200
"""Letters kept of one text; a cell may hold 50,000."""
FILTERS = ("escape", "lower", "upper", "trim", "length", "truncate")
LINE = {"label": "x", "cells": ["1", "2"], "width": 50}
ENTRY = {"title": "x", "key": "x", "place": "x", "link": "x", "owner": "x", "due": "x", "left": "x", "hot": True, "clause": "x"}
SAMPLE: Mapping[str, Any] = {
    **dict.fromkeys(
        ("subject", "title", "reader", "printed_at", "run", "window", "day", "period", "clear", "before_at", "clause", "why", "enclosed"),
        "x",
    ),
    "lists": True,
    "health": [{"text": "x", "bad": True}, {"text": "x", "bad": False}],
    "figures": [{"label": "x", "value": "1", "change": "+1", "hot": True}],
    "parts": [{"title": "x", "total": "1", "more": "x", "hot": True, "entries": [ENTRY]}],
    "trend": {
        "title": "x",
        "days": [{"day": "x", "late": 1, "open": 2, "late_tall": 10, "open_tall": 10, "text": "x"}],
        "first": "x",
        "last": "x",
    },
    "stages": [{"title": "x", "table": "x", "share": "x", "width": 50, "days": "x"}],
    "money": ["x"],
    "pictures": [{"cid": "x", "title": "x", "width": 440, "height": 200}],
    "tables": [{"title": "x", "headings": ["x", "y"], "rows": [LINE], "whole": LINE, "none": ""}],
    "ending": ["x"],
    "changes": [{"label": "x", "now": "1", "before": "1", "change": "x"}],
}
"""Every field a template may say, filled; a trial renders it, and one with the lists empty."""


def lists_in(fields: Any) -> Iterator[tuple[str, frozenset[str]]]:
    """The lists a template may go through, by name, each with what may stand after the dot of one of its items."""
    for name, value in fields.items() if isinstance(fields, Mapping) else ():
        if isinstance(value, list):
            yield name, frozenset(value[0] if isinstance(value[0], Mapping) else ())
        for each in value if isinstance(value, list) else [value]:
            yield from lists_in(each)


LISTS = dict(lists_in(SAMPLE))
FIELDS: Known = {name: frozenset(value if isinstance(value, Mapping) else ()) for name, value in SAMPLE.items()}


class DigestWalk(Walk):
    """What is refused in a template of a digest: as in those of notices, with tables, and so one loop more."""

    deepest, most = 3, 2_000_000
    """As many parts as the tables of a digest can need: about a second."""

    def __init__(
        self,
        tree: nodes.Template,
        name: str,
        templates: Sequence[str],
        fields: Known | None = FIELDS,
        lists: Known = LISTS,
        advice: str = ADVICE,
    ) -> None:
        super().__init__(tree, name, templates, fields, lists, advice)

    def _on_getattr(self, node: nodes.Getattr, known: Known, depth: int) -> None:
        if type(node.node).__name__ == "Getattr":  # `table.whole.cells`
            return self._visit(node.node, known, depth)
        return super()._on_getattr(node, known, depth)


class DigestPages:
    """The templates of digests; their frame is the layout of the notices beside them."""

    def __init__(self, templates: Path) -> None:
        self._templates = templates

    def render(self, language: str, fields: Mapping[str, Any]) -> Rendered:
        """One digest as subject, text and page. Raises TemplateFailed when a template has a fault."""
        cut = cleaned(fields)
        subject, text, html = (self._words(f"{language}/{TEMPLATE}.{kind}.j2", cut) for kind in KINDS)
        plain = re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+\n", "\n", text)).strip() + "\n"
        return Rendered(one_line(subject)[:SUBJECT_LIMIT], plain, re.sub(r"\n\s*\n", "\n", html).strip() + "\n")

    def problems(self) -> Iterator[Problem]:
        """What is wrong with the templates, seen by reading them, and by rendering them full and empty."""
        empty = {name: value if isinstance(value, bool) else type(value)() for name, value in SAMPLE.items()}
        for language in LANGUAGES:
            for fields in (SAMPLE, empty | {"clear": "x"}):
                try:
                    self.render(language, fields)
                except TemplateFailed as failed:
                    yield failed.problem
                    break

    def _words(self, name: str, fields: Mapping[str, Any]) -> str:
        from jinja2 import TemplateError

        try:
            return capped(self._environment.get_template(name).generate(fields))
        except (TemplateError, OverflowError, ValueError) as error:
            where = getattr(error, "name", None) or name
            raise TemplateFailed(Problem(f"templates/digests/{where}", getattr(error, "lineno", None) or 1, 1, str(error))) from error

    @cached_property
    def _environment(self) -> ImmutableSandboxedEnvironment:
        from jinja2 import FunctionLoader

        return sandbox(FunctionLoader(self._load), FILTERS)

    def _load(self, name: str) -> tuple[str, str, Callable[[], bool]] | None:
        """A template of digests, refused where it could go on for ever; or the frame of the notices, which is checked there."""
        path = next((path for folder in self._folders if (path := folder / name).is_file()), None)
        if path is None:
            return None
        source = source_of(path)
        if path.is_relative_to(self._folders[0]):
            self._refuse(name, source)
        return source, str(path), lambda: True

    def _refuse(self, name: str, source: str) -> None:
        found = DigestWalk(self._environment.parse(source, name), name, self._known_names).found
        for each in found[:1]:
            raise TemplateFailed(Problem(f"templates/digests/{name}", each.line, column_of(source, each), each.what, each.hints))

    @property
    def _folders(self) -> tuple[Path, Path]:
        return self._templates / "digests", self._templates / "notices"

    @cached_property
    def _known_names(self) -> list[str]:
        return [path.relative_to(folder).as_posix() for folder in self._folders for path in sorted(folder.rglob("*.j2"))]


def cleaned(value: Any) -> Any:
    """Texts without what nobody sees and what is too long, wherever they stand in the fields."""
    if isinstance(value, str):
        return cleaned_text(value, VALUE_LIMIT)
    if isinstance(value, Mapping):
        return {name: cleaned(each) for name, each in value.items()}
    return [cleaned(each) for each in value] if isinstance(value, list) else value
