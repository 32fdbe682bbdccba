"""The guides cannot rot: their commands exist, their YAML loads, their pasted output is real, their links lead somewhere."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

import runner
from automations.calendarfile import load_calendar
from automations.checking import check
from automations.config import Reader
from automations.declarations import SettingsFile
from automations.rules import kinds
from automations.yamlcheck import validate
from automations.yamlfile import read_document
from tests.punctuation import PATTERNS, halves, in_source, in_template, in_yaml

ROOT = Path(__file__).resolve().parent.parent
GUIDES = [ROOT / name for name in ("README.md", "README.zh-CN.md")]
CONFIG_GUIDES = [ROOT / "config" / name for name in ("README.md", "README.zh-CN.md")]
DOCUMENTS = sorted(
    path for pattern in ("*.md", "automations/*.md", "config/*.md", "templates/*.md") for path in ROOT.glob(pattern) if path.is_file()
)
PACK = "config/packs/our-team"
SETTINGS = "language: zh\ncalendar: cn\nadmin: admin@example.com\npacks: [our-team]\n"
PACK_FILE = "pack: our-team\ntitle: { zh: 我们的规定, en: Our rules }\nneeds: [shared-tables]\n"
CUSTOMER_POLICY = "table: customers\ndated_by: null\nrules:\n- { id: named, kind: required, columns: [customer_name] }\n"
HEAD = {"title": "{ zh: 本组规定, en: Our rules }", "table": "complaints", "dated_by": "received_at"}
WORDS = {word for action in runner.parser()._actions for word in action.choices or ()}
"""The commands, such as `plan`."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a document: the words after the fence, and its text."""

    language: str
    mark: str
    text: str


def blocks(path: Path) -> list[Block]:
    found = re.findall(r"^```(\w+)[ ]?([^\n]*)\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S)
    return [Block(*each) for each in found]


def marked(path: Path, mark: str) -> list[str]:
    return [block.text for block in blocks(path) if block.mark.split(" ")[0] == mark]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def project(folder: Path, files: dict[str, str]) -> Path:
    """A project of the shared tables and one pack `our-team`, with these files."""
    shutil.copytree(ROOT / "config" / "packs" / "shared-tables", folder / "config" / "packs" / "shared-tables")
    shutil.copytree(ROOT / "config" / "calendars", folder / "config" / "calendars")
    shutil.copytree(ROOT / "templates", folder / "templates")
    for name, text in {"config/settings.yaml": SETTINGS, f"{PACK}/pack.yaml": PACK_FILE, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def whole_policy(name: str, text: str) -> str:
    """A snippet as the file of a policy: what its head leaves out is put in."""
    keys = yaml.safe_load(text).keys()
    head = {"policy": name, **HEAD} if "table" not in keys else {"policy": name, "title": HEAD["title"]}
    return "".join(f"{key}: {value}\n" for key, value in head.items() if key not in keys) + text


def laid(path: Path, under: str, over: str) -> Path:
    """A YAML file of one text with the keys of another laid over it."""
    path.write_text(yaml.safe_dump(yaml.safe_load(under) | yaml.safe_load(over), allow_unicode=True), encoding="utf-8")
    return path


def commands(path: Path) -> Iterator[str]:
    """Every `runner.py …` a document shows, in blocks and in sentences."""
    text = path.read_text(encoding="utf-8")
    shown = [line for block in blocks(path) if block.language in ("sh", "bash") for line in block.text.splitlines()]
    shown += re.findall(r"`([^`\n]*runner\.py [^`\n]+)`", text)
    for line in shown:
        if "runner.py " in line:
            yield line.partition("runner.py ")[2].partition(" #")[0].strip()


# Commands


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_every_command_shown_is_one_the_program_takes(path: Path) -> None:
    refused = [line for line in commands(path) if line.split(" ")[0] not in WORDS]
    for line in (line for line in commands(path) if " " in line):
        try:
            runner.parser().parse_args(shlex.split(line))
        except SystemExit as said:
            refused += [line] if said.code else []

    assert refused == []


@pytest.mark.parametrize("path", GUIDES, ids=named)
def test_every_command_of_the_program_is_shown(path: Path) -> None:
    assert WORDS - {line.split(" ")[0] for line in commands(path)} == set()


@pytest.mark.parametrize("path", GUIDES, ids=named)
def test_every_exit_code_is_explained(path: Path) -> None:
    codes = {runner.NOTHING, runner.FAILED_ROWS, runner.CHANGES, runner.CONFIG, runner.BRAKE, runner.OUTSIDE, runner.PERSON}

    assert {int(code) for code in re.findall(r"^\| (\d) \|", path.read_text(encoding="utf-8"), re.M)} == codes


@pytest.mark.parametrize("path", GUIDES, ids=named)
def test_every_make_target_shown_exists(path: Path) -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))

    assert set(re.findall(r"\bmake (\w+)`", path.read_text(encoding="utf-8"))) <= targets


# Links


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_every_link_leads_to_a_file(path: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))

    assert [target for target in targets if "://" not in target and not (path.parent / target).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_every_link_to_a_section_finds_its_heading(path: Path) -> None:
    links = re.findall(r"\]\(([^)#\s:]*)#([^)]+)\)", path.read_text(encoding="utf-8"))

    assert [anchor for target, anchor in links if anchor not in anchors((path.parent / target) if target else path)] == []


def anchors(path: Path) -> set[str]:
    """The headings of a document as they are linked to."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


# The guide of config/


@pytest.mark.parametrize("path", CONFIG_GUIDES, ids=named)
def test_every_kind_of_rule_is_shown(path: Path) -> None:
    rules = [rule for text in marked(path, "policy") for rule in yaml.safe_load(text).get("rules", [])]

    assert {rule["kind"] for rule in rules} == set(kinds())


def test_both_languages_show_the_same_yaml() -> None:
    def bare(path: Path) -> list[tuple[str, str]]:
        return [(block.mark, re.sub(r"\s*#.*$", "", block.text, flags=re.M)) for block in blocks(path) if block.language == "yaml"]

    assert bare(CONFIG_GUIDES[0]) == bare(CONFIG_GUIDES[1])


def test_every_policy_table_and_pack_shown_loads_and_its_examples_hold(tmp_path: Path) -> None:
    guide = CONFIG_GUIDES[0]
    files = {f"{PACK}/policies/shown-{n}.yaml": whole_policy(f"shown-{n}", text) for n, text in enumerate(marked(guide, "policy"))}
    files |= {
        f"{PACK}/policies/rules-{n}.yaml": whole_policy(f"rules-{n}", f"rules:\n{text}") for n, text in enumerate(marked(guide, "rules"))
    }
    files |= {f"{PACK}/tables/shown-{n}.yaml": text for n, text in enumerate(marked(guide, "table"))}
    files |= {f"{PACK}/pack.yaml": text for text in marked(guide, "pack")}

    assert [str(problem) for problem in check(project(tmp_path, files)).problems] == []


def test_settings_and_calendars_shown_are_read(tmp_path: Path) -> None:
    guide = CONFIG_GUIDES[0]
    problems: list[object] = []
    for n, text in enumerate(marked(guide, "settings")):
        document, faults = read_document(laid(tmp_path / f"settings-{n}.yaml", SETTINGS, text), f"settings-{n}.yaml")
        problems += [*faults, *(validate(SettingsFile, document)[1] if document else ())]
    for n, text in enumerate(marked(guide, "digest")):
        files = {f"config/digests/shown-{n}.yaml": text, f"{PACK}/policies/shown.yaml": whole_policy("shown", CUSTOMER_POLICY)}
        problems += check(project(tmp_path / f"digest-{n}", {f"{PACK}/pack.yaml": PACK_FILE, **files})).problems
    for n, text in enumerate(marked(guide, "automation")):
        files = {f"config/automations/shown-{n}.yaml": text, f"{PACK}/policies/shown.yaml": whole_policy("shown", CUSTOMER_POLICY)}
        problems += check(project(tmp_path / f"automation-{n}", {f"{PACK}/pack.yaml": PACK_FILE, **files})).problems
    for n, text in enumerate(marked(guide, "branches")):
        problems += check(project(tmp_path / f"branches-{n}", {"config/branches/shown.yaml": text})).problems
    for n, text in enumerate(marked(guide, "calendar")):
        root = project(tmp_path / f"calendar-{n}", {})
        laid(root / "config/calendars/cn.yaml", (ROOT / "config/calendars/cn.yaml").read_text(encoding="utf-8"), text)
        reader = Reader(root)
        load_calendar(reader, "cn")
        problems += reader.problems

    assert problems == []


@pytest.mark.parametrize("path", [*CONFIG_GUIDES, *GUIDES], ids=named)
def test_what_check_says_of_a_mistake_shown_is_what_it_really_says(path: Path, tmp_path: Path) -> None:
    wrong = [block for block in blocks(path) if block.mark.startswith("wrong")]
    said = [text.rstrip("\n") for text in marked(path, "check")]
    found = []
    for n, block in enumerate(wrong):
        file = block.mark.split(" ")[1]
        root = project(tmp_path / str(n), {f"{PACK}/policies/{file}": block.text})
        found.append(check(root).text())

    assert found == said


# The guide of the program


def test_every_module_of_the_program_is_named_in_its_guide() -> None:
    text = (ROOT / "automations" / "README.md").read_text(encoding="utf-8")
    modules = {path.name for path in (ROOT / "automations").glob("*.py")} - {"__init__.py"}

    assert {name for name in modules if f"`{name}`" not in text} == set()


def test_chinese_sentences_have_full_width_marks_wherever_people_read_them() -> None:
    sources = [path for path in (ROOT / "automations").rglob("*.py") if path.name not in PATTERNS]
    found = [place for path in sources for place in in_source(path)]
    found += [place for path in (ROOT / "config").rglob("*.yaml") for place in in_yaml(path)]
    found += [place for path in (ROOT / "templates").rglob("*.j2") for place in in_template(path)]

    assert not found, "write ，：；（）！？ beside Chinese:\n" + "\n".join(found)


def test_a_half_width_mark_beside_chinese_is_found() -> None:
    assert halves("请改正编号,使每行编号唯一") == ["请改正编号,使每行编号唯"]
    assert halves("缺 {place}: {rules}") == ["缺 字: 字"]
    assert halves("应收货款（元），共 38,600.00 元；放行：runner.py outbox release 编号") == []
    assert halves("no column 'recieved_at' in table 'complaints' (客户投诉)") == []
