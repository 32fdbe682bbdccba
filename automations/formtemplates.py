"""Word templates of forms: read with care, checked against what a form may say, and filled in."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from automations.errors import Problem, RowkeeperError
from automations.rendering import cleaned_text
from automations.templatecheck import Known, Mistake, Walk

if TYPE_CHECKING:  # docxtpl and jinja2 cost half a second to import; a command that fills in no form does not pay for it
    from docxtpl import DocxTemplate
    from jinja2.sandbox import ImmutableSandboxedEnvironment

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
FILE_LIMIT, UNPACKED_LIMIT, PARTS_LIMIT = 2 * 1024 * 1024, 20 * 1024 * 1024, 200
VALUE_LIMIT = 2000
"""Letters kept of one value."""
FILTERS = ("lower", "upper", "trim", "length")
ADVICE = "a form only puts what its rule names into words; see templates/README.md"
ENDS = "every {% if … %} ends with {% endif %}, every {%tr for … %} with {%tr endfor %}"
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The date of every part in a finished file, so that the same row gives the same bytes."""
_RAW = re.compile(r"\{[{%](r|p|tr|tc)?\s")
_TEXT = re.compile(r"<w:t(?: [^>]*)?>([^<]*)</w:t>")
_PARAGRAPH = re.compile(r"<w:p[ >].*?</w:p>", re.DOTALL)
_OUTSIDE = re.compile(rb'<Relationship\b(?![^>]*/hyperlink")[^>]*TargetMode="External"')
_BROKEN_ZIP = (zipfile.BadZipFile, KeyError, OSError, EOFError, NotImplementedError, RuntimeError, ValueError)


class FormFailed(RowkeeperError):
    """A form's template cannot be used; the other forms go on."""

    exit_code = 3

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


class FormTemplates:
    """The Word files of one folder, `<language>/<name>.docx`; each is read once."""

    walk: type[Walk] = Walk
    advice = ADVICE

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder, self._root = folder, root
        self._read: dict[Path, bytes] = {}

    def path(self, name: str, language: str) -> Path:
        """The template in this language, else the Chinese one."""
        wanted = self.folder / language / f"{name}.docx"
        return wanted if wanted.is_file() else self.folder / "zh" / f"{name}.docx"

    def files(self) -> list[Path]:
        """Every Word file a person would see in the folder; Word's own lock files are none."""
        return [path for path in sorted(self.folder.glob("*/*.docx")) if not path.name.startswith(("~$", "."))]

    def names(self) -> set[str]:
        return {path.stem for path in self.files()}

    def shown(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix() if path.is_relative_to(self._root) else str(path)

    def faults(self, path: Path, fields: Known | None, lists: Known) -> list[Problem]:
        """What is wrong with one file, for a form that may say these fields and lists; None: of no form."""
        try:
            document = self._document(path)
            mistakes = [mistake for xml in _parts(document) for mistake in self._mistakes(document, xml, fields, lists)]
        except FormFailed as failed:
            return [failed.problem]
        return list(dict.fromkeys(Problem(self.shown(path), *place, what, hints) for place, what, hints in mistakes))

    def fill_in(self, path: Path, facts: Mapping[str, object]) -> bytes:
        """The template with the facts in it, as a Word file: the same facts give the same bytes.

        Raises `FormFailed` when the template has a fault.
        """
        document = self._document(path)
        try:
            document.render(self._ready(document, facts), self._environment, autoescape=True)
            written = io.BytesIO()
            document.save(written)
        except Exception as error:  # a template can go wrong in any way; it must not stop the others
            raise FormFailed(Problem(self.shown(path), 1, 1, f"this template cannot be filled in: {error}")) from error
        return _dateless(written.getvalue())

    def said(self, path: Path) -> frozenset[str]:
        """The names a template says anything of."""
        from jinja2 import nodes

        document, found = self._document(path), set()
        for xml in _parts(document):
            tree = self._environment.parse(document.patch_xml(xml))
            found |= {node.name for node in tree.find_all(nodes.Name)}
        return frozenset(found)

    def _document(self, path: Path) -> DocxTemplate:
        from docxtpl import DocxTemplate

        if path not in self._read:
            self._read[path] = self._bytes(path)
        document = DocxTemplate(io.BytesIO(self._read[path]))
        try:
            document.init_docx()
        except Exception as error:  # python-docx says KeyError, ValueError and more of a file that is no Word file
            raise self._unreadable(path, "this is not a Word file") from error
        return document

    def _bytes(self, path: Path) -> bytes:
        if path.resolve() != self.folder.resolve() / path.relative_to(self.folder):
            raise FormFailed(Problem(self.shown(path), 1, 1, "this is a link to another place", ("put the file itself here",)))
        try:
            content = path.read_bytes()
        except OSError as error:
            raise self._unreadable(path, str(error.strerror or error)) from error
        if len(content) > FILE_LIMIT:
            raise self._unreadable(path, f"the file is larger than {FILE_LIMIT // 1024 // 1024} MB")
        if what := _unsafe(content):
            raise self._unreadable(path, what)
        return content

    def _unreadable(self, path: Path, what: str) -> FormFailed:
        return FormFailed(Problem(self.shown(path), 1, 1, what, ("open it in Word and save it as .docx, without macros and linked files",)))

    def _mistakes(
        self, document: DocxTemplate, xml: str, fields: Known | None, lists: Known
    ) -> Iterator[tuple[tuple[int, int], str, tuple[str, ...]]]:
        from jinja2 import TemplateSyntaxError

        lines = ["".join(_TEXT.findall(each)) for each in _PARAGRAPH.findall(xml)]
        for place, line in enumerate(lines, start=1):
            if (found := _RAW.search(line)) and found[1] in ("r", "p") and line[found.start() + 1] == "{":
                yield (place, 1), f"'{{{{{found[1]} …}}}}' is refused in a form", (ADVICE,)
        try:
            walked = self.walk(self._environment.parse(document.patch_xml(xml)), "form", [], fields, lists, self.advice).found
        except TemplateSyntaxError as error:
            yield (_line_with(lines, "{"), 1), f"{error.message}", (ENDS,)
            return
        for mistake in walked if fields is not None else ():
            yield (_line_with(lines, mistake.word), 1), mistake.what, (*mistake.hints, *_where(lines, mistake))

    def _ready(self, _document: DocxTemplate, facts: Mapping[str, object]) -> dict[str, object]:
        """The facts as the template may say them."""
        return cleaned(facts)

    @cached_property
    def _environment(self) -> ImmutableSandboxedEnvironment:
        from jinja2 import StrictUndefined
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=True)
        environment.globals.clear()
        environment.filters = {name: environment.filters[name] for name in FILTERS}
        environment.tests = {}
        return environment


def cleaned(facts: Mapping[str, object]) -> dict[str, object]:
    """The facts as Word can hold them: no letters nobody sees, nothing too long; lists and totals too."""
    return {name: _clean(value) for name, value in facts.items()}


def _clean(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _clean(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_clean(each) for each in value]
    return cleaned_text(str(value), VALUE_LIMIT).replace("\t", " ")


def _parts(document: DocxTemplate) -> Iterable[str]:
    """The XML of the body, the headers and the footers."""
    yield document.get_xml()
    for uri in (document.HEADER_URI, document.FOOTER_URI):
        yield from (document.get_part_xml(part) for _, part in document.get_headers_footers(uri))


def _line_with(lines: Sequence[str], word: str) -> int:
    """The number of the first paragraph with that word inside a tag, from 1."""
    marked = [place for place, line in enumerate(lines, start=1) if word in line and "{" in line]
    return marked[0] if marked else 1


def _where(lines: Sequence[str], mistake: Mistake) -> tuple[str, ...]:
    there = [line.strip() for line in lines if mistake.word in line and "{" in line]
    return (f"the line in Word: {there[0][:80]}",) if there else ()


def _unsafe(content: bytes) -> str:
    """Why a file must not be opened; empty when it may."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            parts = package.infolist()
            if len(parts) > PARTS_LIMIT or sum(part.file_size for part in parts) > UNPACKED_LIMIT:
                return f"the file unpacks to more than {UNPACKED_LIMIT // 1024 // 1024} MB"
            if any("vbaProject" in part.filename or "/embeddings/" in part.filename for part in parts):
                return "the file holds macros or embedded files"
            if any(part.filename.endswith(".rels") and _OUTSIDE.search(package.read(part)) for part in parts):
                return "the file is linked to files elsewhere"
    except _BROKEN_ZIP:
        return "this is not a Word file"
    return ""


def _dateless(content: bytes) -> bytes:
    """The same package, every part dated LONG_AGO."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as package, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as again:
        for part in package.infolist():
            dated = zipfile.ZipInfo(part.filename, LONG_AGO)
            dated.compress_type, dated.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            again.writestr(dated, package.read(part))
    return written.getvalue()
