"""Mails from templates: checked when loaded, rendered in a sandbox, with only the facts of the notice in reach."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from automations.errors import Problem, RowkeeperError
from automations.templatecheck import FIELDS, FILTERS, FLAGS, LAYOUTS, LISTS, SENTENCES, SEVERAL, TEXTS, Walk, column_of, meant, notice_of

if TYPE_CHECKING:  # jinja2 costs a third of a second to import; a command that mails nobody does not pay for it
    from jinja2 import BaseLoader
    from jinja2.sandbox import ImmutableSandboxedEnvironment

LANGUAGES = ("zh", "en")
_SOUND: set[bytes] = set()
"""Fingerprints of folders without a fault: an edit of a policy does not have two hundred templates tried again."""
KINDS = ("subject.txt", "txt", "html")
NAME = re.compile(r"([a-z]{2}/)?[a-z0-9_-]+\.(subject\.txt|txt|html)\.j2")
SOURCE_LIMIT, OUTPUT_LIMIT, SUBJECT_LIMIT = 64 * 1024, 256 * 1024, 150
VALUE_LIMITS, ITEM_VALUE_LIMITS = (1000, 200, 40), (200, 40)
"""Letters kept of one value; where a mail still grows too large, the next number. A cell may hold 50,000 letters."""
ROWS_LIMIT, ITEMS_LIMIT = 30, 50

_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")
SAFE = re.compile(r"https://[A-Za-z0-9._~:/?#&=%-]+")
"""What a link may be: nothing that could end an attribute or run."""
_BREAKS, _SURROGATE = re.compile("\r\n?|[\u2028\u2029]"), re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Rendered:
    """A mail's words: a subject of one line, and the same content as plain text and as HTML."""

    subject: str
    text: str
    html: str


class TemplateFailed(RowkeeperError):
    """One template cannot be used; the notices of other templates go on."""

    exit_code = 3

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


class MailTooLarge(TemplateFailed):
    """A mail grew beyond OUTPUT_LIMIT, even with its values cut short."""


class Renderer:
    """The templates of one folder: `<language>/<name>.subject.txt.j2`, `.txt.j2` and `.html.j2`.

    Each file is read once, when it is first needed or in `problems`; a new Renderer sees changed files.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._root = folder.parent
        self._sources: dict[str, str] = {}

    def names(self) -> set[str]:
        """The names of the notices that have a template in some language."""
        return {notice_of(name) for name in self._known_names if "/" in name and NAME.fullmatch(name)} - LAYOUTS

    def problems(self, root: Path) -> list[Problem]:
        """Every fault of every template, with places relative to `root`; none of them is raised.

        Files that this process found sound are not looked at again while they are the same.
        """
        self._root, files = root, self._fingerprint()
        if files in _SOUND:
            return []
        found = self._all_problems()
        if not found:
            _SOUND.add(files)
        return found

    def _fingerprint(self) -> bytes:
        """A short text that changes with any file of the folder, its name, or what it is a link to."""
        digest = blake2b(digest_size=16)
        for path in self._files():
            name = path.relative_to(self.folder).as_posix()
            digest.update(f"{name}\0{path.resolve() == self.folder.resolve() / name}\0".encode() + _content(path))
        return digest.digest()

    def _all_problems(self) -> list[Problem]:
        faults = [problem for path in self._files() for problem in self._faults(path)]
        broken = {problem.file for problem in faults}
        missing = [problem for name in sorted(self.names() | {SEVERAL}) for problem in self._missing(name)]
        tried = [problem for problem in self._trials() if problem.file not in broken]
        return [*faults, *missing, *dict.fromkeys(tried)]

    def render(self, template: str, language: str, fields: Mapping[str, object]) -> Rendered:
        """One notice in words.

        `fields` holds exactly FIELDS: texts, flags, and `rows` as a list of {"heading", "value"}.
        Raises `TemplateFailed` when the template has a fault, and `TypeError` when the fields are not these.
        """
        if missing := sorted(FIELDS - set(fields)):
            raise TypeError(f"notice '{template}' is rendered without {', '.join(missing)}")
        return self._fitting(template, language, VALUE_LIMITS, lambda limit: cleaned(fields, limit))

    def render_several(self, language: str, reader: str, items: Sequence[Mapping[str, object]]) -> Rendered:
        """Many occasions for one reader in one mail: the urgent ones first, else in the order given, the soonest due first.

        Each item holds exactly FIELDS; there is at least one. Beyond ITEMS_LIMIT only the number is said.
        """
        return self._fitting(SEVERAL, language, ITEM_VALUE_LIMITS, lambda limit: together(reader, items, limit))

    def _fitting(self, template: str, language: str, limits: Sequence[int], fields: Callable[[int], Mapping[str, object]]) -> Rendered:
        """The mail with its values as long as they can be."""
        for limit in limits[:-1]:
            with suppress(MailTooLarge):
                return self._rendered(template, language, fields(limit))
        return self._rendered(template, language, fields(limits[-1]))

    def _rendered(self, template: str, language: str, fields: Mapping[str, object]) -> Rendered:
        subject, text, html = (self._words(f"{language}/{template}.{kind}.j2", fields) for kind in KINDS)
        return Rendered(
            subject=one_line(subject)[:SUBJECT_LIMIT],
            text=re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+\n", "\n", text)).strip() + "\n",
            html=re.sub(r"\n\s*\n", "\n", html).strip() + "\n",
        )

    def _words(self, name: str, fields: Mapping[str, object]) -> str:
        try:
            return capped(self._environment.get_template(name).generate(fields))
        except TemplateFailed:
            raise
        except OverflowError as error:
            raise MailTooLarge(Problem(self._shown(self.folder / name), 1, 1, str(error))) from error
        except Exception as error:  # a template can go wrong in any way; it must not stop the others
            raise TemplateFailed(self._thrown(name, error)) from error

    @cached_property
    def _environment(self) -> ImmutableSandboxedEnvironment:
        from jinja2 import FunctionLoader

        environment = sandbox(FunctionLoader(self._load), FILTERS)
        environment.tests = {}
        return environment

    def _load(self, name: str) -> tuple[str, str, Callable[[], bool]]:
        """The source of a template for jinja2, after the same checks as in `problems`."""
        path = self.folder / name
        if not NAME.fullmatch(name) or not path.is_file():
            raise TemplateFailed(Problem(self._shown(path), 1, 1, "there is no such template", self._hints(name)))
        if name not in self._sources and (faults := self._faults(path)):
            raise TemplateFailed(faults[0])
        return self._sources[name], str(path), lambda: True

    def _files(self) -> list[Path]:
        """Every file a person would see in the folder, its languages included, in order."""
        folders = [self.folder, *(path for path in sorted(self.folder.glob("*")) if path.is_dir())]
        files = [path for folder in folders for path in sorted(folder.glob("*")) if not path.is_dir()]
        return [path for path in files if not path.name.startswith((".", "README")) and not path.name.endswith("~")]

    def _faults(self, path: Path) -> list[Problem]:
        """What is wrong with one file, seen without rendering it."""
        from jinja2 import TemplateSyntaxError

        name, shown = path.relative_to(self.folder).as_posix(), self._shown(path)
        if path.resolve() != self.folder.resolve() / name:
            return [Problem(shown, 1, 1, "this is a link to another place", ("put the file itself here",))]
        if not NAME.fullmatch(name):
            return [
                Problem(
                    shown, 1, 1, "the file name is not one of a template", (f"names end in {', '.join(f'.{kind}.j2' for kind in KINDS)}",)
                )
            ]
        try:
            source = source_of(path)
            mistakes = Walk(self._environment.parse(source, name, str(path)), name, self._known_names).found
        except TemplateSyntaxError as error:
            return [Problem(shown, error.lineno, 1, str(error.message))]
        except ValueError as error:
            return [Problem(shown, 1, 1, str(error))]
        if not mistakes:
            self._sources[name] = source
        return [Problem(shown, each.line, column_of(source, each), each.what, each.hints) for each in mistakes]

    def _missing(self, name: str) -> Iterator[Problem]:
        for language in LANGUAGES:
            absent = [path for kind in KINDS if not (path := self.folder / language / f"{name}.{kind}.j2").is_file()]
            if absent:
                what = f"notice '{name}' has no {', '.join(path.name for path in absent)} in language '{language}'"
                yield Problem(self._shown(absent[0]), 1, 1, what, ("every notice has a subject, a text and an HTML file in each language",))

    def _trials(self) -> Iterator[Problem]:
        """Render every file with every field filled, and with every field empty."""
        for path in self._files():
            name = path.relative_to(self.folder).as_posix()
            if not NAME.fullmatch(name) or notice_of(name) in LAYOUTS:
                continue
            for fields in _samples(notice_of(name) == SEVERAL):
                try:
                    self._words(name, fields)
                except TemplateFailed as failed:
                    yield failed.problem

    @cached_property
    def _known_names(self) -> list[str]:
        return [path.relative_to(self.folder).as_posix() for path in self._files()]

    def _hints(self, name: str) -> tuple[str, ...]:
        return meant(name, self._known_names)

    def _shown(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix() if path.is_relative_to(self._root) else str(path)

    def _thrown(self, name: str, error: Exception) -> Problem:
        """The place in a template where rendering it went wrong."""
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(".j2")]
        path, line = (Path(frames[-1].filename), frames[-1].lineno or 1) if frames else (self.folder / name, 1)
        what = "the layouts extend each other in a circle" if isinstance(error, RecursionError) else str(error)
        return Problem(self._shown(path), line, 1, what)


def one_line(text: object) -> str:
    """The text on one line, blanks collapsed, nothing in it that could end a header or a line."""
    plain = str(text)
    return " ".join((plain if plain.isprintable() else _UNSEEN.sub("", plain)).split())


def in_lines(text: object) -> str:
    """The text for HTML, escaped, with its line breaks kept."""
    from markupsafe import Markup, escape

    return Markup("<br>\n").join(escape(line) for line in str(text).split("\n"))


def ended(text: object, mark: str) -> str:
    """The text ending in one full stop, whether or not it was written with one; nothing stays nothing."""
    bare = str(text).rstrip().rstrip("。.")
    return bare if not bare or bare[-1] in "!?！？；;" else bare + mark


def together(reader: str, items: Sequence[Mapping[str, object]], limit: int) -> dict[str, object]:
    """The fields of several notices in one mail, SEVERAL_FIELDS."""
    urgent = [item for item in items if item["urgent"]]
    ordered = [*urgent, *(item for item in items if not item["urgent"])]
    listed = [cleaned(item, limit) for item in ordered[:ITEMS_LIMIT]]
    return {
        "reader": one_line(cleaned_text(reader, limit)),
        "sent_at": listed[0]["sent_at"],
        "book": listed[0]["book"],
        "count": str(len(items)),
        "more": str(len(items) - len(listed)) if len(items) > len(listed) else "",
        "urgent": bool(urgent),
        "urgent_count": str(len(urgent)) if urgent else "",
        "provisional": any(item["provisional"] for item in listed),
        "items": listed,
        **{f"{name}s": _once(item[name] for item in listed) for name in ("why", "hold", "contact")},
    }


def cleaned(fields: Mapping[str, object], limit: int) -> dict[str, object]:
    """The fields of a notice without what nobody sees and what is too long. Raises `TypeError` for anything but texts, flags and rows."""
    if wrong := [name for name in sorted(TEXTS) if not isinstance(fields[name], str)]:
        raise TypeError(f"these fields of a notice should be texts: {', '.join(wrong)}")
    rows = fields["rows"]
    if not isinstance(rows, list) or any(set(row) != LISTS["rows"] for row in rows):
        raise TypeError("the field 'rows' of a notice should be a list of {'heading', 'value'}")
    kept: dict[str, object] = {name: cleaned_text(str(fields[name]), limit) for name in SENTENCES}
    kept |= {name: one_line(cleaned_text(str(fields[name]), limit)) for name in TEXTS if name not in SENTENCES}
    kept |= {name: fields[name] is True for name in FLAGS}
    kept["link"] = kept["link"] if SAFE.fullmatch(str(kept["link"])) else ""
    kept["rows"] = [{name: cleaned_text(str(row[name]), limit) for name in ("heading", "value")} for row in rows[:ROWS_LIMIT]]
    return kept


def cleaned_text(text: str, limit: int) -> str:
    """A text without control and invisible letters, its line breaks as `\\n`, cut to `limit` letters."""
    head = text[: 8 * limit]  # what is cut off in the end need not be read, unless most of it is invisible
    plain = (head if head.isprintable() else _UNSEEN.sub("", _BREAKS.sub("\n", _SURROGATE.sub("\ufffd", head)))).strip()
    return plain if len(plain) <= limit and len(head) == len(text) else plain[: limit - 1].rstrip() + "…"


def _once(sentences: Iterable[object]) -> list[dict[str, str]]:
    return [{"sentence": str(each)} for each in dict.fromkeys(sentences) if each]


def capped(parts: Iterable[str]) -> str:
    """The parts of a mail as one text; raises OverflowError where it grows too large."""
    kept, size = [], 0
    for part in parts:
        size += len(part)
        if size > OUTPUT_LIMIT:
            break
        kept.append(part)
    whole = "".join(kept)
    if size > OUTPUT_LIMIT or len(whole.encode()) > OUTPUT_LIMIT:
        raise OverflowError(f"the mail grows beyond {OUTPUT_LIMIT // 1024} kB")
    return whole


def _content(path: Path) -> bytes:
    """A short text for what a file holds; one for all that `source_of` would refuse unseen."""
    try:
        return blake2b(path.read_bytes()).digest() if path.stat().st_size <= SOURCE_LIMIT else b"too large"
    except OSError:
        return b"unreadable"


def source_of(path: Path) -> str:
    """The text of a template; raises ValueError for one that is too large or no text."""
    if path.stat().st_size > SOURCE_LIMIT:
        raise ValueError(f"the file is larger than {SOURCE_LIMIT // 1024} kB")
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise ValueError("this is not UTF-8 text; save the file with encoding UTF-8") from None


def _samples(several: bool) -> Iterator[dict[str, object]]:
    """Fields for a trial: all filled, then all empty."""
    for word, flag in (("x", True), ("", False)):
        one: dict[str, object] = {**dict.fromkeys(TEXTS, word), **dict.fromkeys(FLAGS, flag), "rows": [{"heading": word, "value": word}]}
        said = [{"sentence": word}]
        said_once = {"whys": said, "holds": said, "contacts": said, "book": word}
        many = {"items": [one], **said_once, "count": "1", "more": word, "urgent_count": word}
        yield {**one, **many} if several else one


def sandbox(loader: BaseLoader, filters: Iterable[str]) -> ImmutableSandboxedEnvironment:
    """Where templates are rendered: a name they misspell is a fault, pages are escaped, and nothing but these filters is in reach."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        loader=loader,
        undefined=StrictUndefined,
        autoescape=lambda name: bool(name and name.endswith(".html.j2")),
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    environment.globals.clear()
    environment.filters = {name: environment.filters[name] for name in filters if name in environment.filters}
    environment.filters |= {"ended": ended, "line": one_line, "lines": in_lines}
    return environment
