"""YAML files are read with the place of everything, and every mistake is said in words with its place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from pathlib import Path as FilePath
from time import perf_counter
from typing import Annotated, Any, Literal

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, TypeAdapter, field_validator, model_validator

from automations.yamlcheck import Clock, Day, Exact, Whole, closest, schema_of, validate
from automations.yamlfile import (
    Document,
    Path,
    Place,
    parse_document,
    read_document,
)

LOADERS = [yaml.SafeLoader, *([yaml.CSafeLoader] if hasattr(yaml, "CSafeLoader") else [])]


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Writes(Closed):
    due: str
    state: str | None = None


class Penalty(Closed):
    kind: Literal["penalty"]
    id: str
    base: str = ""
    at_most: Exact | None = None
    between: tuple[Exact, Exact] | None = None
    writes: Writes | None = None


class Deadline(Closed):
    """A rule whose own kind is also the name of one of its keys."""

    kind: Literal["deadline"]
    id: str
    within: Whole
    deadline: Day | None = None
    repeat: Annotated[int, Field(ge=1, le=5)] = 1


class Window(Closed):
    opens: Clock
    closes: Clock


class Role(Closed):
    role: str
    deputies: list[str] = []


class File(Closed):
    policy: str = "p"
    level: Literal["info", "warn", "fail"] = "info"
    count: Whole = 1
    share: Exact = Decimal(0)
    since: Day | None = None
    at: Clock | None = None
    on: bool = True
    names: Annotated[list[str], Field(min_length=2)] = ["a", "b"]
    code: Annotated[str, Field(pattern="^[a-z]+$", max_length=5)] = "a"
    values: dict[Day, Exact] = {}
    to: Role | Window | list[str] | str = "owner"
    amount: Whole | Literal["all"] | Role = "all"
    rules: list[Annotated[Penalty | Deadline, Field(discriminator="kind")]] = []

    @field_validator("policy")
    @classmethod
    def lower(cls, value: str) -> str:
        if value != value.lower():
            raise ValueError("a policy's name is written in small letters", f"write '{value.lower()}'")
        return value

    @model_validator(mode="after")
    def known(self) -> File:
        if self.policy == "none":
            raise ValueError("a file needs a policy")
        return self


def read(text: str, **options: Any) -> Document:
    document, problems = parse_document(text, "x.yaml", **options)
    assert problems == []
    assert document is not None
    return document


def faults(text: str, **options: Any) -> list[str]:
    document, problems = parse_document(text, "x.yaml", **options)
    assert document is None
    return [str(problem) for problem in problems]


def mistakes(text: str, model: Any = File, name_of: Callable[[Path, Document], str] | None = None, at: Path = ()) -> list[str]:
    found, problems = validate(model, read(text), at, name_of)
    assert found is None
    return [str(problem) for problem in problems]


# ---------------------------------------------------------------- reading


@pytest.mark.parametrize("loader", LOADERS)
def test_every_scalar_is_the_text_as_written(loader):
    text = "a: 010\nb: no\nc: 12:30\nd: 2026-01-01\ne: 1.50\nf: 0x1F\ng: 1_000\nh: .inf\ni: Yes\n"
    text += "j: 'true'\nk: \"null\"\n5: 6\non: x\ntrue: y\n"
    assert read(text, loader=loader).data == {
        "a": "010",
        "b": "no",
        "c": "12:30",
        "d": "2026-01-01",
        "e": "1.50",
        "f": "0x1F",
        "g": "1_000",
        "h": ".inf",
        "i": "Yes",
        "j": "true",
        "k": "null",
        "5": "6",
        "on": "x",
        "true": "y",
    }


@pytest.mark.parametrize("loader", LOADERS)
def test_only_plain_null_tilde_nothing_true_and_false_have_meaning(loader):
    text = "a: null\nb: ~\nc:\nd: true\ne: false\ng: ''\nh: {x, y: }\n"
    assert read(text, loader=loader).data == {
        "a": None,
        "b": None,
        "c": None,
        "d": True,
        "e": False,
        "g": "",
        "h": {"x": None, "y": None},
    }


@pytest.mark.parametrize("loader", LOADERS)
def test_every_value_and_key_has_its_place(loader):
    document = read("名称: 投诉\nrules:\n  - id: fine\n    between: [1, '2']\n", loader=loader)

    assert document.data == {"名称": "投诉", "rules": [{"id": "fine", "between": ["1", "2"]}]}
    assert document.places == {
        (): Place(1, 1),
        ("名称",): Place(1, 5),
        ("rules",): Place(3, 3),
        ("rules", 0): Place(3, 5),
        ("rules", 0, "id"): Place(3, 9),
        ("rules", 0, "between"): Place(4, 14),
        ("rules", 0, "between", 0): Place(4, 15),
        ("rules", 0, "between", 1): Place(4, 18),
    }
    assert document.key_places == {
        ("名称",): Place(1, 1),
        ("rules",): Place(2, 1),
        ("rules", 0, "id"): Place(3, 5),
        ("rules", 0, "between"): Place(4, 5),
    }


def test_a_problem_stands_at_the_value_at_the_key_or_at_the_nearest_ancestor():
    document = read("rules:\n  - id: fine\n    when: a > b\n")

    assert str(document.problem(("rules", 0, "when"), "no column 'a'", "did you mean 'x'?")) == (
        "x.yaml:3:11: no column 'a'\n  did you mean 'x'?"
    )
    assert str(document.problem(("rules", 0, "when"), "w", key=True)) == "x.yaml:3:5: w"
    assert str(document.problem(("rules", 0, "then", "x"), "w")) == "x.yaml:2:5: w"
    assert str(document.problem(("rules", 7), "w", key=True)) == "x.yaml:1:1: w"
    assert str(document.problem(("nowhere",), "w")) == "x.yaml:1:1: w"


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("when: 投诉 > bad", (1, 12)),
        ("when: '投诉 > bad'", (1, 13)),
        ("when: 'it''s > bad'", (1, 16)),
        ('when: "a \\" bad"', (1, 13)),
        ("when: |\n  a >\n    bad", (3, 5)),
        ("when: >-\n\n  a >\n  c bad", (4, 5)),
        ("when: a >\n  c\n  bad", (3, 3)),
        ("when: 'a\n\n  bad'", (3, 3)),
        ('when: "\\u4e2d bad"', (1, 7)),
    ],
)
def test_an_offset_into_a_text_finds_its_line_and_column(source, expected, loader, ending):
    document = read(source.replace("\n", ending) + ending, loader=loader)
    offset = document.data["when"].index("bad")

    problem = document.problem(("when",), "w", offset=offset)

    assert (problem.line, problem.column) == expected


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["x.yaml:1:1: the file is empty\n  write lines such as 'key: value'"]),
        ("# nothing\n", ["x.yaml:1:1: the file is empty\n  write lines such as 'key: value'"]),
        ("# c\n- a\n", ["x.yaml:2:1: the top of the file should be a mapping\n  write lines such as 'key: value'"]),
        ("hello\n", ["x.yaml:1:1: the top of the file should be a mapping\n  write lines such as 'key: value'"]),
        (
            "a: 1\nb:\n  c: 1\n  c: 2\na: 3\na: 4\n",
            [
                "x.yaml:4:3: 'c' is written twice\n  the first is at x.yaml:3:3",
                "x.yaml:5:1: 'a' is written twice\n  the first is at x.yaml:1:1",
                "x.yaml:6:1: 'a' is written twice\n  the first is at x.yaml:1:1",
            ],
        ),
        (
            "a: &b 1\nc: *b\nd: *b\nc: 2\n",
            [
                "x.yaml:1:4: anchor '&b' is not taken\n  remove it, or quote a text that starts with '&'",
                "x.yaml:2:4: alias '*b' is not taken\n  write the value out, or quote a text that starts with '*'",
                "x.yaml:3:4: alias '*b' is not taken\n  write the value out, or quote a text that starts with '*'",
                "x.yaml:4:1: 'c' is written twice\n  the first is at x.yaml:2:1",
            ],
        ),
        ("a: *b\n", ["x.yaml:1:4: alias '*b' is not taken\n  write the value out, or quote a text that starts with '*'"]),
        (
            "a: !!python/name:x y\nb: !secret y\n",
            [
                "x.yaml:1:4: tag 'tag:yaml.org,2002:python/name:x' is not taken\n  remove it, or quote a text that starts with '!'",
                "x.yaml:2:4: tag '!secret' is not taken\n  remove it, or quote a text that starts with '!'",
            ],
        ),
        ("a:\n  <<: {b: 1}\n", ["x.yaml:2:3: merge key '<<' is not taken\n  write the keys out"]),
        ("a: 1\n---\nb: 2\n", ["x.yaml:2:1: a second document starts here\n  keep one document to a file; remove the line '---'"]),
        ("a:\n\tb: 1\n", ["x.yaml:2:1: a tab is used as indentation\n  indent with spaces"]),
        ("a: 1\n\t\nb: 2\n", ["x.yaml:2:1: a tab is used as indentation\n  indent with spaces"]),
        ("a: [1,\n \t2]\n", ["x.yaml:2:2: a tab is used as indentation\n  indent with spaces"]),
        ("a: x\x07y\n", ["x.yaml:1:5: control or invisible character U+0007\n  delete it; an editor may not show it"]),
        ("a: 1\nb: x\u202ey\n", ["x.yaml:2:5: control or invisible character U+202E\n  delete it; an editor may not show it"]),
        ("a: x\ud800\n", ["x.yaml:1:5: control or invisible character U+D800\n  delete it; an editor may not show it"]),
        ('a: "x\\ay"\n', ["x.yaml:1:4: an escape stands for control character U+0007\n  write the text without it"]),
        (
            "? [a, b]\n: 1\n",
            ["x.yaml:1:3: a key should be a plain text\n  write 'key: value', and quote a text that starts with '{', '[' or '?'"],
        ),
        ("a: 工作日: 3\n", ["x.yaml:1:7: a value with ': ' inside must be quoted"]),
        ("a: 1\n  b: 2\n", ["x.yaml:2:4: the line is indented too far, or the value above is not finished"]),
        ("a: 1\nbcd\ne: 2\n", ["x.yaml:2:1: this line has no ': ' between key and value"]),
        (
            "a: 1\nb：2\nc: 3\n",
            ["x.yaml:2:1: this line has no ': ' between key and value\n  the line has a full-width '：' where YAML needs ': '"],
        ),
        ("a:\n  b: 1\n c: 2\n", ["x.yaml:3:2: the indentation does not fit the lines above"]),
        ("- a\nb: 1\n", ["x.yaml:2:1: the indentation does not fit the lines above"]),
        ("when: 'x' = side\n", ["x.yaml:1:11: text follows a closing quote; the whole value must be quoted"]),
        ("a: 1\nb: 'x\nc: 3\n", ["x.yaml:2:4: a quote is opened here and never closed"]),
        ("a: @x\n", ["x.yaml:1:4: a value that starts with '@' must be quoted"]),
        ("a: {b: 1\nc: 2\n", ["x.yaml:1:4: a bracket is opened here and not closed, or a comma is missing in it"]),
        ("a: * 2\n", ["x.yaml:1:4: a value that starts with '*' or '&' must be quoted"]),
        ("a: a\na: b\nc: 'x\n", ["x.yaml:3:4: a quote is opened here and never closed"]),
    ],
)
def test_each_mistake_is_said_with_its_place(text, expected, loader):
    assert faults(text, loader=loader) == expected


def test_a_backslash_in_double_quotes_is_explained():
    assert faults('a: "\\d"\n') == [
        "x.yaml:1:5: a backslash inside double quotes must be doubled; inside single quotes it stands for itself"
    ]


def test_a_fault_without_words_of_ours_is_said_in_yamls_words():
    assert faults("a: ]\n") == ["x.yaml:1:4: YAML says: did not find expected node content"]


def test_tabs_inside_a_text_or_after_a_value_are_no_indentation():
    document = read("a: |\n  x\n  \ty\nb: 'p\n\tq'\nc: 1\t# note\n")
    assert document.data == {"a": "x\n\ty\n", "b": "p q", "c": "1"}


def test_an_alias_bomb_is_refused_at_once():
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    started = perf_counter()
    said = faults(bomb)

    assert perf_counter() - started < 1
    assert len(said) == 100
    assert said[0] == "x.yaml:1:5: anchor '&a0' is not taken\n  remove it, or quote a text that starts with '&'"


@pytest.mark.parametrize("loader", LOADERS)
def test_an_alias_of_itself_is_refused(loader):
    assert faults("a: &a\n  b: *a\n", loader=loader) == [
        "x.yaml:1:4: anchor '&a' is not taken\n  remove it, or quote a text that starts with '&'",
        "x.yaml:2:6: alias '*a' is not taken\n  write the value out, or quote a text that starts with '*'",
    ]


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_twenty_thousand_levels_are_refused_where_they_become_too_many(opening, loader):
    column = 1 + 20 * len(opening)
    assert faults(opening * 20_000, loader=loader) == [f"x.yaml:1:{column}: nested more than 20 deep"]


def test_twenty_levels_are_read():
    assert read("a: " + "[" * 19 + "]" * 19).data["a"] != []


def test_a_file_over_one_megabyte_is_refused(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text("a: " + "x" * 1_000_000)

    assert list(map(str, read_document(file, "x.yaml")[1])) == ["x.yaml:1:1: the file is larger than 1 MB\n  split it into several files"]
    assert faults(file.read_text()) == ["x.yaml:1:1: the file is larger than 1 MB\n  split it into several files"]


def test_a_file_that_is_not_utf_8_is_refused_where_the_first_wrong_byte_stands(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_bytes("a: 好\nb: ".encode() + "好的".encode("gbk"))

    assert list(map(str, read_document(file, "c/x.yaml")[1])) == [
        "c/x.yaml:2:4: this is not UTF-8 text\n  save the file with encoding UTF-8"
    ]


def test_a_file_that_is_not_there_is_said(tmp_path):
    assert list(map(str, read_document(tmp_path / "x.yaml", "x.yaml")[1])) == [
        "x.yaml:1:1: the file cannot be read: No such file or directory"
    ]
    assert list(map(str, read_document(tmp_path, "x.yaml")[1])) == ["x.yaml:1:1: the file cannot be read: Is a directory"]
    assert list(map(str, read_document(FilePath("\0"), "x.yaml")[1])) == ["x.yaml:1:1: the file cannot be read: embedded null byte"]


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")

    document, problems = read_document(file, "x.yaml")

    assert problems == []
    assert document is not None
    assert (document.data, document.places["b",]) == ({"a": "1", "b": "2"}, Place(2, 4))


PIECES = [
    "a",
    "b: ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "&a ",
    "*a",
    "!",
    "|",
    ">",
    "'",
    '"',
    "#",
    "%",
    "? ",
    ",",
    "<<: ",
    "\n",
    "\n  ",
    "\t",
    "\r\n",
    "\\",
    "：",
    "---\n",
]
YAMLISH = st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.text()


@settings(max_examples=300, deadline=None)
@given(YAMLISH)
def test_no_text_makes_it_raise(text):
    for loader in LOADERS:
        document, problems = parse_document(text, "x.yaml", loader=loader)
        assert (document is None) == bool(problems)
        assert all(problem.line >= 1 and problem.column >= 1 for problem in problems)
        if document:
            validate(File, document)


TREES = st.recursive(
    st.none() | st.booleans() | st.sampled_from(["1", "x", "a: b", "", "2026-01-01", "deadline", "penalty"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*File.model_fields, *Deadline.model_fields, "z"]), inner),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from([*File.model_fields, "rulez"]), TREES))
def test_what_is_written_is_read_and_no_tree_makes_validate_raise(tree):
    document = read(yaml.safe_dump(tree, allow_unicode=True))
    assert document.data == tree

    found, problems = validate(File, document)

    assert (found is None) == bool(problems)
    assert all(problem.file == "x.yaml" for problem in problems)


def test_three_thousand_lines_are_read_in_under_a_third_of_a_second():
    rule = "  - id: fine-{n}\n    kind: penalty\n    base: direct_loss\n    between: [ $low, $high ]\n    at_most: 1.50\n"
    rule += "    writes: {{ due: a }}\n"
    text = "rules:\n" + "".join(rule.format(n=n) for n in range(500))
    started = perf_counter()
    document = read(text)
    seconds = perf_counter() - started

    assert len(document.data["rules"]) == 500
    assert seconds < 0.9  # three times the aim, for a busy machine


# ---------------------------------------------------------------- models


def test_a_right_file_becomes_a_model():
    text = "count: 5\nshare: 1.50\nsince: 2026-09-30\nat: 17:30\non: false\nvalues: { 2000-01-01: 3 }\nto: { role: 部长 }\n"
    found, problems = validate(File, read(text))

    assert problems == []
    assert found == File(
        count=5,
        share=Decimal("1.50"),
        since=date(2026, 9, 30),
        at=time(17, 30),
        on=False,
        values={date(2000, 1, 1): Decimal(3)},
        to=Role(role="部长"),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("count: abc", "x.yaml:1:8: 'count' should be a whole number, not 'abc'"),
        ("count: 1.5", "x.yaml:1:8: 'count' should be a whole number, not '1.5'"),
        ("count: true", "x.yaml:1:8: 'count' should be a whole number, not true"),
        ("count:", "x.yaml:1:7: 'count' should be a whole number, not empty"),
        ("count: [1]", "x.yaml:1:8: 'count' should be a whole number, not a list"),
        ("share: 1,5", "x.yaml:1:8: 'share' should be a number, not '1,5'"),
        ("share: NaN", "x.yaml:1:8: 'share' should be a number, not 'NaN'"),
        ("share: 1e5", "x.yaml:1:8: 'share' should be a number, not '1e5'"),
        ("since: 20260930", "x.yaml:1:8: 'since' should be a date such as 2026-09-30, not '20260930'"),
        ("since: 2026-02-30", "x.yaml:1:8: 'since' should be a date such as 2026-09-30, not '2026-02-30'"),
        ("at: 9", "x.yaml:1:5: 'at' should be a time such as 17:30, not '9'"),
        ("at: 25:00", "x.yaml:1:5: 'at' should be a time such as 17:30, not '25:00'"),
        ("on: maybe", "x.yaml:1:5: 'on' should be true or false, not 'maybe'"),
        ("policy: true", "x.yaml:1:9: 'policy' should be a text, not true\n  put quotes around it"),
        ("policy: {a: 1}", "x.yaml:1:9: 'policy' should be a text, not a mapping"),
        ("names: a", "x.yaml:1:8: 'names' should be a list, not 'a'"),
        ("names: [a]", "x.yaml:1:8: 'names' should have at least 2 items, not 1"),
        ("names: [a, {b: 1}]", "x.yaml:1:12: item 2 of 'names' should be a text, not a mapping"),
        ("values: x", "x.yaml:1:9: 'values' should be a mapping, not 'x'"),
        ("values: {2000-13-01: 1}", "x.yaml:1:10: a key of 'values' should be a date such as 2026-09-30, not '2000-13-01'"),
        ("values: {2000-01-01: x}", "x.yaml:1:22: '2000-01-01' should be a number, not 'x'"),
        ("code: A1", "x.yaml:1:7: 'code' should match the pattern ^[a-z]+$, not 'A1'"),
        ("code: abcdef", "x.yaml:1:7: 'code' should have at most 5 characters, not 'abcdef'"),
        ("level: warning", "x.yaml:1:8: 'level' should be one of info, warn, fail, not 'warning'\n  did you mean 'warn'?"),
        ("level: zzz", "x.yaml:1:8: 'level' should be one of info, warn, fail, not 'zzz'"),
        ("policy: ABC", "x.yaml:1:9: 'policy': a policy's name is written in small letters\n  write 'abc'"),
        ("policy: none", "x.yaml:1:1: a file needs a policy"),
        ("rules:", "x.yaml:1:7: 'rules' should be a list, not empty"),
        ("rules: [x]", "x.yaml:1:9: item 1 of 'rules' should be a mapping, not 'x'"),
        (
            "rules: [{kind: deadlin}]",
            "x.yaml:1:16: no kind of rule 'deadlin'\n  choose from: penalty, deadline\n  did you mean 'deadline'?",
        ),
        ("rules: [{kind: [x]}]", "x.yaml:1:16: 'kind' should be one of penalty, deadline, not a list"),
        ("rules: [{kind: }]", "x.yaml:1:16: 'kind' should be one of penalty, deadline, not empty"),
        ("rules: [{id: x}]", "x.yaml:1:9: item 1 of 'rules' needs 'kind'"),
        ("rules: [{kind: deadline, id: x}]", "x.yaml:1:9: item 1 of 'rules' needs 'within'"),
        (
            "rules: [{kind: deadline, id: x, within: 1, deadline: y}]",
            "x.yaml:1:54: 'deadline' should be a date such as 2026-09-30, not 'y'",
        ),
        ("rules: [{kind: deadline, id: x, within: 1, repeat: 9}]", "x.yaml:1:52: 'repeat' should be at most 5, not '9'"),
        ("rules: [{kind: deadline, id: x, within: 1, repeat: 0}]", "x.yaml:1:52: 'repeat' should be at least 1, not '0'"),
        ("rules: [{kind: penalty, id: x, between: [1]}]", "x.yaml:1:32: 'between' needs item 2"),
        ("rules: [{kind: penalty, id: x, writes: {}}]", "x.yaml:1:32: 'writes' needs 'due'"),
        (
            "polcy: x",
            f"x.yaml:1:1: the top of the file has no 'polcy'\n  it takes: {', '.join(File.model_fields)}\n  did you mean 'policy'?",
        ),
    ],
)
def test_each_wrong_value_is_said_in_words(text, expected):
    assert mistakes(text + "\n") == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("to: { role: [] }", "x.yaml:1:13: 'role' should be a text, not a list"),
        ("to: { rol: x }", "x.yaml:1:7: 'to' has no 'rol'\n  it takes: role, deputies\n  did you mean 'role'?"),
        ("to: { opens: 08:00, close: 17:00 }", "x.yaml:1:21: 'to' has no 'close'\n  it takes: opens, closes\n  did you mean 'closes'?"),
        ("to: [a, [b]]", "x.yaml:1:9: item 2 of 'to' should be a text, not a list"),
        ("to: true", "x.yaml:1:5: 'to' should be a mapping or a list or a text, not true"),
        ("amount: al", "x.yaml:1:9: 'amount' should be a whole number or all, not 'al'\n  did you mean 'all'?"),
        ("amount: []", "x.yaml:1:9: 'amount' should be a whole number or all or a mapping, not a list"),
    ],
)
def test_a_union_says_one_thing_about_the_branch_that_fits_best(text, expected):
    assert mistakes(text + "\n") == [expected]


RULES = """
rules:
  - id: fine
    kind: penalty
    base: loss
    capp: 3
    at_mst: 3
    writes: { du: x }
  - id: late
    kind: deadline
    withn: 5
    repeat: x
"""


def rule_name(path: Path, document: Document) -> str:
    if path[:1] != ("rules",) or len(path) < 2:
        return ""
    rule = document.value(path[:2])
    return " ".join([f"rule '{rule['id']}': {rule['kind']}", *(f"'{step}'" for step in path[2:])])


def test_messages_name_the_rule_and_a_misspelt_key_is_one_mistake():
    assert mistakes(RULES, name_of=rule_name) == [
        "x.yaml:6:5: rule 'fine': penalty has no 'capp'\n  it takes: kind, id, base, at_most, between, writes",
        "x.yaml:7:5: rule 'fine': penalty has no 'at_mst'\n  it takes: kind, id, base, at_most, between, writes\n  did you mean 'at_most'?",
        "x.yaml:8:15: rule 'fine': penalty 'writes' has no 'du'\n  it takes: due, state\n  did you mean 'due'?",
        "x.yaml:11:5: rule 'late': deadline has no 'withn'\n  it takes: kind, id, within, deadline, repeat\n  did you mean 'within'?",
        "x.yaml:12:13: rule 'late': deadline: 'repeat' should be a whole number, not 'x'",
    ]


def test_a_part_of_a_document_is_checked_with_its_own_places():
    text = "jobs:\n  daily:\n    opens: 08:00\n    closes: 8\n"
    assert mistakes(text, Window, at=("jobs", "daily")) == ["x.yaml:4:13: 'closes' should be a time such as 17:30, not '8'"]
    assert mistakes(text, TypeAdapter(dict[str, Window]), at=("jobs",)) == ["x.yaml:4:13: 'closes' should be a time such as 17:30, not '8'"]


def test_branches_chosen_by_a_function_give_messages_too():
    def branch(value: Any) -> str:
        return value if isinstance(value, str) else "role"

    to = Annotated[Annotated[Role, Tag("role")] | Annotated[str, Tag("owner")], Discriminator(branch)]
    assert mistakes("to: ownr\n", TypeAdapter(dict[str, to])) == [
        "x.yaml:1:5: no kind of to 'ownr'\n  choose from: role, owner\n  did you mean 'owner'?"
    ]


def test_a_model_without_a_json_schema_still_gives_messages():
    class Odd(Closed):
        model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)
        make: Callable[[], int] | None = None
        path: Any = None

    assert mistakes("pth: 1\n", Odd) == ["x.yaml:1:1: the top of the file has no 'pth'"]


def test_the_nearest_choice_is_meant():
    choices = ["received_at", "assigned_at", "一般", "Level"]
    words = ["recieved_at", "assigned", "level", "一般的", "xyz", ""]
    assert [closest(word, choices) for word in words] == ["received_at", "assigned_at", "Level", "一般", None, None]


def test_the_schema_for_editors_has_titles_and_descriptions():
    class Small(Closed):
        """A small thing."""

        at_most: Annotated[Exact, Field(title="上限", description="in yuan")]

    assert schema_of(Small) == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "additionalProperties": False,
        "description": "A small thing.",
        "properties": {
            "at_most": {"anyOf": [{"type": "number"}, {"type": "string"}], "description": "in yuan", "title": "上限"},
        },
        "required": ["at_most"],
        "title": "Small",
        "type": "object",
    }
