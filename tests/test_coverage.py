"""What is automated of a catalogue is counted honestly, and an entry that is not there is a fault."""

from __future__ import annotations

from pathlib import Path

from automations.config import load
from automations.coverage import coverage, coverage_problems, spans
from tests.small_project import PACK, POLICY, project

POLICY_FILE = "config/packs/care/policies/complaints.yaml"


def test_every_entry_is_counted_once(tmp_path: Path) -> None:
    assert coverage(load(project(tmp_path))).text() == (
        "pack  entries  automated  by design  partly  left to people  not yet  proved\n"
        "care        6          2          1       1               1        1       2\n"
        "\n"
        "proved: an example that holds touches a rule of the entry. Each entry with its rules and examples: runner.py coverage --all"
    )


def test_every_entry_names_its_rules_and_its_example(tmp_path: Path) -> None:
    text = coverage(load(project(tmp_path, language="zh"))).text(everything=True)
    assert text.splitlines() == [
        "制度包  条目  已自动化  由产品功能保证  部分  由人负责  尚未  有例子证明",
        "care       6         2               1     1         1     1           2",
        "",
        "客户关怀 (care)",
        "  care-rules.1  已自动化",
        "    complaint-handling/number",
        "    没有例子证明",
        "  care-rules.2  已自动化",
        "    complaint-handling/assign",
        "    例子: 补班日也算",
        "  care-rules.3  部分: 还没有信",
        "    complaint-handling/assign",
        "    例子: 补班日也算",
        "  care-rules.5  由人负责: 要有礼貌",
        "    没有规则",
        "  care-rules.6  由产品功能保证: 台账就是共享的表",
        "    没有规则",
        "  尚未: 4",
    ]


def test_an_example_that_does_not_hold_proves_nothing(tmp_path: Path) -> None:
    wrong = POLICY.replace("2025-09-28 18:00", "2025-09-29 18:00")
    [pack] = coverage(load(project(tmp_path, policy=wrong))).data()["packs"]
    assert pack["counts"] == {"automated": 2, "by design": 1, "partly": 1, "left to people": 1, "not yet": 1, "proved": 0}


def test_without_a_number_of_entries_what_is_not_yet_is_unknown(tmp_path: Path) -> None:
    text = coverage(load(project(tmp_path, pack=PACK.replace("entries: 6\n", "")))).text()
    assert text.splitlines()[1] == "care        ?          2          1       1               1        ?       2"


def test_entries_that_are_not_there_are_faults_with_a_place(tmp_path: Path) -> None:
    policy = POLICY.replace("care-rules.2,", "care-rules.7,").replace("care-rules.1", "care-rule.1")
    pack = PACK.replace("care-rules.5", "care-rules.five")
    problems = coverage_problems(load(project(tmp_path, policy=policy, pack=pack)))
    assert [str(problem) for problem in problems] == [
        f"{POLICY_FILE}:14:17: catalogue 'care-rules' has no entry 'care-rules.7'\n  its entries are numbered 1 to 6",
        f"{POLICY_FILE}:18:16: no catalogue 'care-rule' for entry 'care-rule.1'\n  did you mean 'care-rules.1'?",
        "config/packs/care/pack.yaml:6:11: catalogue 'care-rules' has no entry 'care-rules.five'\n  its entries are numbered 1 to 6",
    ]


def test_a_good_configuration_has_no_such_fault(tmp_path: Path) -> None:
    assert coverage_problems(load(project(tmp_path))) == []


def test_rows_of_numbers_are_said_in_short() -> None:
    assert spans([1, 3, 4, 5, 18]) == "1, 3-5, 18"
    assert spans([]) == ""
