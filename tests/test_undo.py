"""Undo: what a run wrote is written back where it still stands; nothing is mailed, nothing is mailed again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from automations.asking import NotThere, history, undo_run
from automations.run import World
from tests.scene import CUSTOMERS, STAFF, Scene, does_nothing, lines_of, scene

FRIDAY, SATURDAY = "2025-09-26 17:00", "2025-09-27 16:31"
COMPLAINT = """
    complaint_no | received_at      | channel | customer_id | complainant_contact | content | recorded_by | severity
    TS-1         | 2025-09-26 16:30 | 电话    | KH-1        | 13800138000         | 有异味  | YG-01       | 一般投诉
"""
SEEN = ("status", "time_left", "overdue_stage", "due_assign")


@pytest.fixture
def stage() -> Scene:
    """Two runs: the first fills the row, the second says it is late and mails."""
    known = scene(complaints=COMPLAINT, customers=CUSTOMERS, staff=STAFF)
    known.run(FRIDAY)
    known.run(SATURDAY)
    return known


def test_undo_writes_back_what_the_run_overwrote(stage: Scene) -> None:
    assert stage.cells("complaints", *SEEN) == ["TS-1 已记录 | 今天 16:30 已到期 | 首次响应 | 2025-09-28 18:00"]
    undone = stage.undo(2, "2025-09-27 16:40")
    assert stage.cells("complaints", *SEEN) == ["TS-1 已记录 | 明天 16:30 到期 | - | 2025-09-28 18:00"]
    assert (undone.run, undone.receipt.run_id, undone.receipt.written.refused) == (2, 3, ())


def test_undoing_the_first_run_empties_our_columns_and_touches_no_other() -> None:
    fresh = scene(complaints=COMPLAINT, customers=CUSTOMERS, staff=STAFF)
    before = fresh.raw()
    fresh.run(FRIDAY)
    fresh.undo(1, FRIDAY)
    assert fresh.raw() == before


def test_what_somebody_changed_since_is_left_and_listed(stage: Scene) -> None:
    stage.edit("complaints", "time_left", "TS-1", "我知道了")
    undone = stage.undo(2, "2025-09-27 16:40")
    assert [(change.column, why) for change, why in undone.receipt.written.refused] == [
        ("time_left", "changed meanwhile: now holds '我知道了'")
    ]
    assert stage.cells("complaints", *SEEN) == ["TS-1 已记录 | 我知道了 | - | 2025-09-28 18:00"]
    assert "complaints TS-1 time_left：changed meanwhile: now holds '我知道了'" in undone.text()


def test_a_row_that_is_gone_is_listed_too(stage: Scene) -> None:
    stage.book.delete_row("客户投诉", "TS-1")
    undone = stage.undo(2, "2025-09-27 16:40")
    assert {why for _, why in undone.receipt.written.refused} == {"row gone"}


def test_undo_finds_its_cells_after_sorting_and_inserting(stage: Scene) -> None:
    stage.book.insert_row("客户投诉", 2, [None] * 3)
    stage.book.insert_column("客户投诉", 0)
    stage.undo(2, "2025-09-27 16:40")
    assert stage.cells("complaints", *SEEN) == ["TS-1 已记录 | 明天 16:30 到期 | - | 2025-09-28 18:00"]


def test_undo_sends_nothing_and_the_next_run_repeats_no_mail(stage: Scene) -> None:
    assert [mail.to for mail in stage.sent] == ["chen@example.com", "wang@example.com"]
    stage.undo(2, "2025-09-27 16:40")
    assert len(stage.sent) == 2
    again = stage.run("2025-09-27 16:41")
    assert (len(stage.sent), again.plan.mails) == (2, ())
    assert lines_of(again.plan) == [
        "TS-1 time_left: 明天 16:30 到期 -> 今天 16:30 已到期",
        "TS-1 overdue_stage: blank -> 首次响应",
    ]
    assert does_nothing(stage.plan("2025-09-27 16:41"))


def test_cells_restored_to_blank_are_filled_again_by_the_next_run() -> None:
    fresh = scene(complaints=COMPLAINT, customers=CUSTOMERS, staff=STAFF)
    fresh.run(FRIDAY)
    filled = fresh.raw()
    fresh.undo(1, FRIDAY)
    fresh.run(FRIDAY)
    assert fresh.raw() == filled


def test_undoing_an_undo_brings_the_run_back(stage: Scene) -> None:
    late = stage.raw()
    stage.undo(2, "2025-09-27 16:40")
    stage.undo(3, "2025-09-27 16:45")
    assert stage.raw() == late


def test_a_persons_value_that_a_run_wrote_over_comes_back(stage: Scene) -> None:
    stage.edit("complaints", "next_due", "TS-1", datetime(2030, 1, 1))
    stage.run(SATURDAY)
    assert stage.cells("complaints", "next_due") == ["TS-1 2025-09-27 16:30"]
    stage.undo(3, SATURDAY)
    assert stage.cells("complaints", "next_due") == ["TS-1 2030-01-01 00:00"]


def test_given_numbers_are_not_taken_back() -> None:
    fresh = scene(complaints=COMPLAINT.replace("TS-1 ", "     "))
    fresh.run(FRIDAY)
    fresh.undo(1, FRIDAY)
    assert fresh.cells("complaints", "status") == ["TS-20250926-001 -"]


def test_a_run_cannot_be_taken_back_twice_or_when_it_never_was(stage: Scene) -> None:
    stage.undo(2, "2025-09-27 16:40")
    refused = {"zh": ("第 2 次运行已由第 3 次运行撤销", "这个工作簿没有第 99 次运行；最新的是第 3 次")}
    refused["en"] = ("run 2 was undone by run 3 already", "no run 99 of this workbook; the newest is 3")
    for language, words in refused.items():
        for number, said in zip((2, 99), words, strict=True):
            with pytest.raises(NotThere) as gone:
                undo_run(spoken(stage, language), number, datetime(2025, 9, 27, 16, 41))
            assert str(gone.value) == said
    with pytest.raises(NotThere, match=r"^这个工作簿没有第 1 次运行；它还没有运行过$"):
        history(scene(complaints=COMPLAINT, config=stage.world.config).world, 1, 20)


def test_what_was_undone_is_said_in_the_language_of_the_settings(stage: Scene) -> None:
    stage.edit("complaints", "next_due", "TS-1", datetime(2030, 1, 1))
    text = undo_run(spoken(stage, "zh"), 1, datetime(2025, 9, 27, 16, 40)).text().splitlines()
    again = undo_run(spoken(stage, "en"), 3, datetime(2025, 9, 27, 16, 41)).text().splitlines()

    assert text[0].startswith("第 1 次运行已由第 3 次运行撤销：写回 ") and text[0].endswith(" 个没有动")
    assert text[-1] == "邮件收不回来：发出的仍有记录，不会再发"
    assert again[0].startswith("run 3 undone by run 4: ") and again[-1] == (
        "mails cannot be undone; what was sent stays noted and is not sent again"
    )
    lines = history(spoken(stage, "zh"), None, 20).text().splitlines()
    assert [line.rpartition("  ")[2] for line in lines if "撤销" in line] == ["（已由第 4 次运行撤销）", "（已由第 3 次运行撤销）"]


def spoken(stage: Scene, language: str) -> World:
    """The same office with another language in its settings."""
    config = stage.world.config
    return replace(stage.world, config=replace(config, settings=config.settings.model_copy(update={"language": language})))


def test_history_lists_runs_newest_first_with_what_they_did(stage: Scene) -> None:
    stage.undo(2, "2025-09-27 16:40")
    lines = history(stage.world, None, 20).text().splitlines()
    assert [line.split()[:5] for line in lines] == [
        ["3", "2025-09-27", "16:40", "undo", "2"],
        ["2", "2025-09-27", "16:31", "sweep", "done"],
        ["1", "2025-09-26", "17:00", "sweep", "done"],
    ]
    assert ("2 mails" in lines[1], lines[1].endswith("（已由第 3 次运行撤销）")) == (True, True)


def test_history_of_one_run_lists_its_cells_and_its_notices(stage: Scene) -> None:
    lines = history(stage.world, 2, 20).text().splitlines()
    assert lines[1:] == [
        "  applied  complaints TS-1 time_left: 明天 16:30 到期 -> 今天 16:30 已到期",
        "  applied  complaints TS-1 overdue_stage: - -> 首次响应",
        "  ✉ complaint-response/first_response due - 4 hours TS-1 -> 陈立: overtaken",
        "  ✉ complaint-response/first_response due TS-1 -> 陈立: sent",
        "  ✉ complaint-response/first_response due TS-1 -> 王敏: sent",
    ]
