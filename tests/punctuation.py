"""Half-width marks in Chinese sentences, wherever people read them: sources, configuration, templates."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

HAN = "\u4e00-\u9fff《》“”、。，：；（）！？"
HALF = re.compile(f"[{HAN}] ?[,;:()?!]|[,;:()?!] ?[{HAN}]")
PATTERNS = {"spellings.py", "cadencewords.py", "board.py", "googlecharts.py"}
"""Sources full of regular expressions or formulas, where such marks are syntax."""
NOT_PROSE = re.compile(r"`[^`]*`|role:\S+|runner\.py[ a-z-]*|https?://\S+|[A-Za-z']{2,}(?: [A-Za-z']+){3,}")
"""What may stand in a Chinese sentence and has marks of its own; an English sentence with a Chinese word in it is none."""
TAGS = re.compile(r"\{%.*?%\}|\{#.*?#\}|<!--.*?-->|<[^<>]*>|&\w+;", re.S)
READ_BY_PEOPLE = {"zh", "title", "clause", "source", "note", "organisation", "document", "name"}


def halves(text: str) -> list[str]:
    """The places of a text where a half-width mark touches Chinese, a few letters around each; `{fields}` count as Chinese."""
    said = re.sub(r"\{[^{}]*\}", "字", text)
    words = NOT_PROSE.sub("", said)
    chinese, latin = (len(re.findall(each, said)) for each in ("[\u4e00-\u9fff]", "[A-Za-z]"))
    if not re.search("[\u4e00-\u9fff]", text) or latin > 4 * chinese:
        return []
    return [words[max(0, found.start() - 6) : found.end() + 6] for found in HALF.finditer(words)]


def in_source(path: Path) -> Iterator[str]:
    """Of the texts a source says, docstrings aside."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            said |= {id(part) for part in node.values}
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
            yield from (f"{path.name}:{node.lineno}: {place}" for place in halves(text))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield from (f"{path.name}:{node.lineno}: {place}" for place in halves(node.value))


def in_yaml(path: Path) -> Iterator[str]:
    """Of the texts of a configuration file that people read."""
    for text in _read_by_people(yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader), ""):
        yield from (f"{path.parent.parent.name}/{path.name}: {place}" for place in halves(text))


def in_template(path: Path) -> Iterator[str]:
    """Of the words of a template, tags and styles aside."""
    words = re.sub(r"\{\{.*?\}\}", "{}", TAGS.sub("\n", re.sub(r"<style.*?</style>", "", path.read_text(encoding="utf-8"), flags=re.S)))
    yield from (f"{path.parent.name}/{path.name}: {place}" for line in words.splitlines() for place in halves(line))


def _read_by_people(node: object, key: str) -> Iterator[str]:
    if isinstance(node, dict):
        for each, value in node.items():
            yield from _read_by_people(value, each)
    elif isinstance(node, list):
        for value in node:
            yield from _read_by_people(value, key)
    elif isinstance(node, str) and key in READ_BY_PEOPLE:
        yield node
