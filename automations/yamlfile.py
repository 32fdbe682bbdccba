"""YAML that remembers file:line:column, and pydantic models checked against it.

A configuration is closed and plain: no anchors, tags, merge keys or doubled keys. Every scalar is the text as written,
except plain `true`, `false`, `null`, `~` and nothing at all; the models turn texts into numbers and dates.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice, takewhile
from pathlib import Path as FilePath
from typing import Any, NamedTuple, TypeVar

import yaml

from automations.errors import Problem

Path = tuple[str | int, ...]
T = TypeVar("T")
NameOf = Callable[[Path, "Document"], str]
Json = Mapping[str, Any]

LIMIT_BYTES = 1_000_000
LIMIT_DEPTH = 20
LIMIT_PROBLEMS = 100
FAST_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_UNSEEN = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|\r(?!\n)|[\u200b\u2028-\u202e\u2060\u2066-\u2069\ufeff]"
)
_TAB = re.compile(r"^ *(\t)", re.MULTILINE)
_PLAIN = {"": None, "~": None, "null": None, "true": True, "false": False}


class Place(NamedTuple):
    """Where something starts in a file; line and column count from 1, columns in characters."""

    line: int
    column: int


@dataclass(frozen=True, eq=False)
class Document:
    """One YAML file as read: the tree, and the place of every value and key in it.

    `data` is a tree of dict, list, str, bool and None; `places[path]` is where the value starts, `key_places[path]` where
    its key starts; `spans[path]` is the extent of a scalar in `source`, in characters.
    """

    file: str
    data: Any
    places: Mapping[Path, Place]
    key_places: Mapping[Path, Place]
    source: str = ""
    spans: Mapping[Path, tuple[int, int]] = field(default_factory=dict)

    def problem(self, path: Path, what: str, *hints: str, offset: int = 0, key: bool = False) -> Problem:
        """A problem at a value, at its key (`key=True`), or `offset` characters into a scalar; else at the nearest known ancestor."""
        return Problem(self.file, *self.place(path, offset, key), what, hints)

    def place(self, path: Path, offset: int = 0, key: bool = False) -> Place:
        """Where a path stands; a path that is not in the file stands where its nearest ancestor does."""
        if key and path in self.key_places:
            return self.key_places[path]
        if offset and path in self.spans:
            return _place_at(self.source, _index_of(self.source, self.spans[path], self.value(path), offset))
        return self.places[path] if path in self.places or not path else self.place(path[:-1], key=key)

    def value(self, path: Path) -> Any:
        """The part of the tree at a path. Raises KeyError or IndexError where there is none."""
        value = self.data
        for step in path:
            value = value[step]
        return value


def _place_at(source: str, index: int) -> Place:
    return Place(source.count("\n", 0, index) + 1, index - source.rfind("\n", 0, index))


def _index_of(source: str, span: tuple[int, int], text: Any, offset: int) -> int:
    """Where character `offset` of a scalar's text stands in the source: blanks may differ by folding, the rest stands in order."""
    start, end = span
    at = source.find("\n", start) + 1 if source[start : start + 1] in ("|", ">") else start + (source[start : start + 1] in ("'", '"'))
    for char in "".join(str(text)[:offset].split()):
        at = source.find(char, at, end) + 1
        if not at:
            return start
    found = source.find(str(text)[offset : offset + 1].strip(), at, end)
    return found if found >= 0 else start


def read_document(file: FilePath, shown: str) -> tuple[Document | None, list[Problem]]:
    """Read one YAML file; `shown` is its name in messages. A document comes back only when there is no problem."""
    try:
        with file.open("rb") as stream:
            content = stream.read(LIMIT_BYTES + 1)
    except (OSError, ValueError) as fault:
        return None, [Problem(shown, 1, 1, f"the file cannot be read: {getattr(fault, 'strerror', None) or fault}")]
    if len(content) > LIMIT_BYTES:
        return None, [_too_big(shown)]
    try:
        document, problems = _known(content.decode("utf-8"), shown)
        return document, list(problems)
    except UnicodeDecodeError as fault:
        before = content[: fault.start].decode("utf-8").removeprefix("\ufeff")
        return None, [Problem(shown, *_place_at(before, len(before)), "this is not UTF-8 text", ("save the file with encoding UTF-8",))]


@lru_cache(512)
def _known(text: str, shown: str) -> tuple[Document | None, tuple[Problem, ...]]:
    """A file that was read before with the same text is not read again: after an edit only that one is."""
    document, problems = parse_document(text, shown)
    return document, tuple(problems)


def parse_document(text: str, shown: str, *, loader: Any = FAST_LOADER) -> tuple[Document | None, list[Problem]]:
    """Read YAML text; `shown` is its name in messages, `loader` a PyYAML loader class. No text makes it raise."""
    if len(text.encode("utf-8", "surrogatepass")) > LIMIT_BYTES:
        return None, [_too_big(shown)]
    text = text.removeprefix("\ufeff")
    unseen = [_unseen(shown, text, found) for found in islice(_UNSEEN.finditer(text), LIMIT_PROBLEMS)]
    return (None, unseen) if unseen else _Reading(text, shown, loader).finish()


def _too_big(shown: str) -> Problem:
    return Problem(shown, 1, 1, "the file is larger than 1 MB", ("split it into several files",))


def _unseen(shown: str, text: str, found: re.Match[str]) -> Problem:
    place = _place_at(text, found.start())
    return Problem(shown, *place, f"control or invisible character U+{ord(found[0]):04X}", ("delete it; an editor may not show it",))


class _Reading:
    """One text being read: first its events, for all that is refused; then the tree that they make, and its places."""

    def __init__(self, text: str, shown: str, loader: Any) -> None:
        self.text, self.shown, self.loader = text, shown, loader
        self.problems: list[Problem] = []
        self.places: dict[Path, Place] = {}
        self.key_places: dict[Path, Place] = {}
        self.spans: dict[Path, tuple[int, int]] = {}
        self.events: list[Any] = []
        self.tabs = {_place_at(text, found.start(1)) for found in islice(_TAB.finditer(text), LIMIT_PROBLEMS)}
        self.depth = self.documents = 0

    def finish(self) -> tuple[Document | None, list[Problem]]:
        data = self._tree() if self._scan() else None
        for place in self.tabs:
            self._say(place, "a tab is used as indentation", "indent with spaces")
        if self.problems:
            return None, sorted(self.problems, key=lambda each: (each.line, each.column))[:LIMIT_PROBLEMS]
        return Document(self.shown, data, self.places, self.key_places, self.text, self.spans), []

    def _say(self, place: Place, what: str, *hints: str) -> None:
        self.problems.append(Problem(self.shown, *place, what, hints))

    def _scan(self) -> bool:
        """Look at every event before anything is built; False when the text cannot be composed."""
        try:
            self.events = list(takewhile(self._passes, yaml.parse(self.text, Loader=self.loader)))
            return any(isinstance(event, yaml.StreamEndEvent) for event in self.events[-1:])
        except (yaml.YAMLError, ValueError, OverflowError) as fault:
            self._syntax(fault)
            return False

    def _passes(self, event: Any) -> bool:
        """Note what an event has that is refused; False when reading must stop here."""
        if isinstance(event, yaml.NodeEvent):
            self._refuse(event)
        if getattr(event, "style", None):  # a tab inside a quoted or block text is text
            self.tabs = {tab for tab in self.tabs if not event.start_mark.line + 1 < tab.line <= event.end_mark.line + 1}
        self.depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        self.documents += isinstance(event, yaml.DocumentStartEvent)
        if self.depth > LIMIT_DEPTH:
            self._say(_place(event), f"nested more than {LIMIT_DEPTH} deep")
        if self.documents > 1:
            self._say(_place(event), "a second document starts here", "keep one document to a file; remove the line '---'")
        return self.depth <= LIMIT_DEPTH and self.documents < 2 and len(self.problems) < LIMIT_PROBLEMS

    def _refuse(self, event: Any) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._say(_place(event), f"alias '*{event.anchor}' is not taken", "write the value out, or quote a text that starts with '*'")
        elif event.anchor is not None:
            self._say(_place(event), f"anchor '&{event.anchor}' is not taken", "remove it, or quote a text that starts with '&'")
        if getattr(event, "tag", None) is not None:
            self._say(_place(event), f"tag {quoted(event.tag)} is not taken", "remove it, or quote a text that starts with '!'")

    def _syntax(self, fault: Exception) -> None:
        place, what, hints = _syntax_fault(fault, self.text)
        self.tabs = {tab for tab in self.tabs if tab.line <= place.line}
        if not any(tab.line == place.line for tab in self.tabs):
            self._say(place, what, *hints)

    def _tree(self) -> Any:
        events = (each for each in self.events if isinstance(each, yaml.NodeEvent | yaml.CollectionEndEvent))
        root = next(events, None)
        if isinstance(root, yaml.MappingStartEvent):
            return self._value(root, events, ())
        empty = root is None or getattr(root, "value", None) == ""
        what = "the file is empty" if empty else "the top of the file should be a mapping"
        self._say(Place(1, 1) if empty else _place(root), what, "write lines such as 'key: value'")
        return None

    def _value(self, event: Any, events: Iterator[Any], path: Path) -> Any:
        self.places[path] = _place(event)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(events, path)
        if isinstance(event, yaml.SequenceStartEvent):
            return [self._value(item, events, (*path, at)) for at, item in enumerate(_until_end(events))]
        return None  # an alias, reported by the scan

    def _scalar(self, node: Any, path: Path) -> Any:
        text: str = node.value
        self.spans[path] = (node.start_mark.index, node.end_mark.index)
        if found := _UNSEEN.search(text.replace("\r", "\0")):
            self._say(_place(node), f"an escape stands for control character U+{ord(found[0]):04X}", "write the text without it")
        return text if node.style else _PLAIN.get(text, text)

    def _mapping(self, events: Iterator[Any], path: Path) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_event in _until_end(events):
            if refusal := self._key_refusal(key_event, path, data):
                self._say(_place(key_event), *refusal)
                _skip(key_event, events)
                _skip(next(events), events)
                continue
            key = str(key_event.value)
            self.key_places[*path, key] = _place(key_event)
            data[key] = self._value(next(events), events, (*path, key))
        return data

    def _key_refusal(self, node: Any, path: Path, data: Mapping[str, Any]) -> tuple[str, str] | None:
        if not isinstance(node, yaml.ScalarEvent) or not node.value or _UNSEEN.search(node.value.replace("\r", "\0")):
            return "a key should be a plain text", "write 'key: value', and quote a text that starts with '{', '[' or '?'"
        if node.value == "<<" and not node.style:
            return "merge key '<<' is not taken", "write the keys out"
        if node.value in data:
            first = self.key_places[*path, node.value]
            return f"{quoted(node.value)} is written twice", f"the first is at {self.shown}:{first.line}:{first.column}"
        return None


def _until_end(events: Iterator[Any]) -> Iterator[Any]:
    """The events that begin the items of a collection; whoever takes one takes what belongs to it too."""
    return takewhile(lambda event: not isinstance(event, yaml.CollectionEndEvent), events)


def _skip(event: Any, events: Iterator[Any]) -> None:
    """Pass over all that belongs to an event."""
    depth = int(isinstance(event, yaml.CollectionStartEvent))
    while depth:
        following = next(events)
        depth += isinstance(following, yaml.CollectionStartEvent) - isinstance(following, yaml.CollectionEndEvent)


def _place(marked: Any) -> Place:
    return Place(marked.start_mark.line + 1, marked.start_mark.column + 1)


def quoted(text: str) -> str:
    line = " ".join(text.split())
    return f"'{line if len(line) <= 60 else line[:59] + '…'}'"


_INDENTATION = "the indentation does not fit the lines above"
_FAULTS = (  # PyYAML's words, ours, and whether the place is where the broken thing begins
    ("mapping values are not allowed", "a value with ': ' inside must be quoted", False),
    ("could not find expected ':'", "this line has no ': ' between key and value", True),
    ("cannot start any token", "a value that starts with {char} must be quoted", False),
    ("found unexpected end of stream", "a quote is opened here and never closed", True),
    ("expected ',' or", "a bracket is opened here and not closed, or a comma is missing in it", True),
    ("unknown escape character", "a backslash inside double quotes must be doubled; inside single quotes it stands for itself", False),
    ("alphabetic or numeric", "a value that starts with '*' or '&' must be quoted", True),
    ("expected key|'-' indicator|<block end>", _INDENTATION, False),
)


def _syntax_fault(fault: Exception, text: str) -> tuple[Place, str, list[str]]:
    """The place of a YAML fault, what it is in plain words, and hints."""
    said = str(getattr(fault, "problem", None) or fault)
    words, begins = next(((ours, begins) for theirs, ours, begins in _FAULTS if re.search(theirs, said)), (f"YAML says: {said}", False))
    first, last = (getattr(fault, name, None) for name in ("context_mark", "problem_mark"))
    mark = (first if begins else last) or last or first
    index = min(mark.index, len(text)) if mark else 0
    before = text[text.rfind("\n", 0, index) + 1 : index]
    hints = ["the line has a full-width '：' where YAML needs ': '"] if "：" in before + text[index:].partition("\n")[0] else []
    return _place_at(text, index), _reworded(words, before, text[index : index + 1]), hints


def _reworded(words: str, before: str, char: str) -> str:
    """The same fault has other causes when something stands before it on its line."""
    if words == _INDENTATION and before.rstrip().endswith(("'", '"')):
        return "text follows a closing quote; the whole value must be quoted"
    if words.startswith("a value with ': '") and ":" not in before:
        return "the line is indented too far, or the value above is not finished"
    return words.replace("{char}", quoted(char))
