"""Papers for meetings as Word files: the template of papers, filled with what a digest says, its charts in it."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automations.digestcontent import Content
from automations.digestpages import FIELDS, LISTS, DigestWalk
from automations.digestpages import cleaned as cleaned_fields
from automations.drawing import Drawn
from automations.errors import Problem
from automations.formtemplates import FormTemplates
from automations.templatecheck import Known

if TYPE_CHECKING:  # docxtpl and jinja2 cost half a second to import; a command that makes no paper does not pay for it
    from docxtpl import DocxTemplate

TEMPLATE = "paper"
PICTURE = "image"
"""What a paper says of a chart to show it."""
PAPER_LISTS: Known = {**LISTS, "pictures": LISTS["pictures"] | {PICTURE}}
ADVICE = "a paper only puts what a digest says into words; see templates/README.md"
CENTIMETRES = 10
"""How wide a chart stands on the paper."""


class PaperTemplates(FormTemplates):
    """The Word templates of papers, `<language>/paper.docx` beside the templates of digests."""

    walk = DigestWalk
    advice = ADVICE

    def __init__(self, templates: Path) -> None:
        super().__init__(templates / "digests", templates.parent)

    def render(self, content: Content) -> bytes:
        """A digest as a Word file. Raises FormFailed when the template has a fault."""
        charts = [{**said, PICTURE: chart.drawn} for said, chart in zip(content.fields["pictures"], content.charts, strict=True)]
        return self.fill_in(self.path(TEMPLATE, content.language), {**content.fields, "pictures": charts})

    def problems(self) -> Iterator[Problem]:
        """What is wrong with the templates, used or not."""
        for path in self.files() or [self.path(TEMPLATE, "zh")]:
            yield from self.faults(path, FIELDS, PAPER_LISTS)

    def _ready(self, document: DocxTemplate, facts: Mapping[str, object]) -> dict[str, object]:
        said = {name: cleaned_fields(value) for name, value in facts.items() if name != "pictures"}
        return {**said, "pictures": [_shown(document, each) for each in facts["pictures"]]}  # type: ignore[attr-defined]


def _shown(document: DocxTemplate, picture: Mapping[str, Any]) -> dict[str, Any]:
    """What a paper says of one chart; the picture itself becomes a part of the file."""
    from docx.shared import Cm
    from docxtpl import InlineImage

    drawn: Drawn = picture[PICTURE]
    image = InlineImage(document, io.BytesIO(drawn.content), width=Cm(CENTIMETRES))
    return {**cleaned_fields({name: value for name, value in picture.items() if name != PICTURE}), PICTURE: image}
