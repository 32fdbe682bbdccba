"""The shape of the code: small functions, small files, one reader of the clock, prints only on the command line."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parent.parent
ENGINE = sorted((ROOT / "automations").rglob("*.py"))
SOURCES = [*ENGINE, ROOT / "runner.py"]

LONGEST_FILE, LONGEST_RUN, LONGEST_RUNNER = 400, 150, 250
LONG = 40
CLOCKS = {("datetime", "now"), ("datetime", "today"), ("datetime", "utcnow"), ("date", "today"), ("time", "time"), ("Timestamp", "now")}


def functions(source: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{source.relative_to(ROOT)}:{node.lineno} {node.name}", body_length(node)


def body_length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its signature and docstring."""
    first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
    return (node.end_lineno or node.lineno) - first.lineno + 1


def calls(source: Path) -> Iterator[tuple[ast.Call, str, str]]:
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            yield node, node.func.value.id, node.func.attr
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node, "", node.func.id


def test_half_the_functions_are_tiny_and_few_are_long() -> None:
    lengths = [length for source in SOURCES for _, length in functions(source)]

    assert median(lengths) <= 6
    assert sum(length < 25 for length in lengths) >= 0.9 * len(lengths)
    assert sum(length > LONG for length in lengths) <= 0.02 * len(lengths)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: str(source.relative_to(ROOT)))
def test_a_source_file_stays_small(source: Path) -> None:
    limit = {"run.py": LONGEST_RUN, "runner.py": LONGEST_RUNNER}.get(source.name, LONGEST_FILE)

    assert len(source.read_text(encoding="utf-8").splitlines()) <= limit


@pytest.mark.parametrize("source", ENGINE, ids=lambda source: str(source.relative_to(ROOT)))
def test_only_the_command_line_reads_the_clock_and_prints(source: Path) -> None:
    found = [
        f"{source.name}:{node.lineno} {owner}.{name}"
        for node, owner, name in calls(source)
        if (owner, name) in CLOCKS or (owner, name) == ("", "print")
    ]

    assert found == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: str(source.relative_to(ROOT)))
def test_every_module_opens_with_a_sentence(source: Path) -> None:
    text = source.read_text(encoding="utf-8")

    assert not text.strip() or (ast.get_docstring(ast.parse(text)) or "").strip()


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: str(source.relative_to(ROOT)))
def test_nobody_imports_smtplib(source: Path) -> None:
    tree = ast.parse(source.read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert "smtplib" not in imported


def test_no_name_says_that_the_cut_is_wrong() -> None:
    names = {source.stem for source in ENGINE} | {source.parent.name for source in ENGINE}

    assert names.isdisjoint({"manager", "utils", "helpers", "common", "base", "core", "misc"})
