"""What a mail says of what comes next: the next rung of the ladder, when it comes and whom it tells; and where the row stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from automations.model import Grid
from automations.previewing import preview
from automations.workbooks.memory import MemoryWorkbook
from tests.scene import CUSTOMERS, STAFF, Scene, scene

COMPLAINTS = """
    complaint_no | received_at      | channel | customer_id | complainant_contact | content | recorded_by | category | severity
    TS-1         | 2025-09-26 16:30 | 电话    | KH-1        | 13800138000         | 有异味  | YG-01       | 质量问题 | 一般投诉
"""
AWAY = STAFF.replace("status\n", "status | away_from  | away_until | deputy\n").replace(
    "wang@example.com  | 在职\n", "wang@example.com  | 在职 | 2025-09-01 | 2025-10-31 | YG-05\n"
)
OPENS = "https://docs.google.com/spreadsheets/d/FILE/edit#gid=7&range=A"


class Linked(MemoryWorkbook):
    """Tabs that open in a browser."""

    def grids(self) -> list[Grid]:
        return [replace(grid, href=OPENS) for grid in super().grids()]


@pytest.fixture(scope="module")
def stage() -> Scene:
    return scene(complaints=COMPLAINTS, customers=CUSTOMERS, staff=STAFF)


def mail(stage: Scene, template: str, now: str, language: str = "zh") -> str:
    return preview(stage.world, template, ("TS-1",), datetime.fromisoformat(now), language).rendered.text


def next_said(stage: Scene, template: str, now: str, language: str = "zh") -> list[str]:
    start = {"zh": "若", "en": "If it is not"}[language]
    return [line for line in mail(stage, template, now, language).split("\n") if line.startswith(start)]


@pytest.mark.parametrize(
    ("template", "now", "said"),
    [
        ("deadline-soon", "2025-09-28 16:00", "若9月28日（周日）18:00前仍未完成，将再次提醒您，并通知您的上级王敏。"),
        ("deadline-late", "2025-09-29 09:00", "若9月29日（周一）18:00前仍未完成，将通知市场部部长王敏。"),
        ("deadline-escalated", "2025-09-29 18:00", "若9月30日（周二）18:00前仍未完成，将再次提醒您。"),
    ],
)
def test_a_mail_says_when_whom_the_ladder_tells_next(stage: Scene, template: str, now: str, said: str) -> None:
    assert next_said(stage, template, now) == [said]


def test_the_same_in_english(stage: Scene) -> None:
    assert next_said(stage, "deadline-soon", "2025-09-28 16:00", "en") == [
        "If it is not done by Sun 28 Sep 18:00, you will be reminded again and your superior 王敏 will be told."
    ]


def test_after_the_last_telling_nothing_is_said_to_come(stage: Scene) -> None:
    assert next_said(stage, "deadline-escalated", "2025-12-30 10:00") == []


def test_whoever_is_off_work_by_then_hears_of_it_when_work_begins() -> None:
    stage = scene(complaints=COMPLAINTS, customers=CUSTOMERS, staff=STAFF, quiet_hours=True)

    assert next_said(stage, "deadline-soon", "2025-09-28 16:00") == [
        "若9月28日（周日）18:00前仍未完成，将于9月29日（周一）09:00再次提醒您，并通知您的上级王敏。"
    ]


def test_a_deputy_is_named_in_the_place_of_a_superior_who_is_away() -> None:
    stage = scene(complaints=COMPLAINTS, customers=CUSTOMERS, staff=AWAY)

    assert next_said(stage, "deadline-soon", "2025-09-28 16:00") == [
        "若9月28日（周日）18:00前仍未完成，将再次提醒您，并通知您的上级钱经理。"
    ]


def test_a_row_that_opens_in_a_browser_has_its_link_in_text_and_page_and_other_rows_have_their_file(stage: Scene) -> None:
    book = stage.world.workbook
    assert isinstance(book, MemoryWorkbook)
    linked = replace(stage.world, workbook=Linked("团队台账", book.tabs), last_read=type(stage.world.last_read)())
    shown = preview(linked, "deadline-late", ("TS-1",), datetime(2025, 9, 29, 9), "zh").rendered

    assert "  位置：客户投诉 第 2 行\n  " + OPENS + "2\n" in shown.text
    assert f'<a class="link" href="{OPENS.replace("&", "&amp;")}2"' in shown.html
    assert "  位置：客户投诉 第 2 行（团队台账）\n  编号：TS-1\n" in mail(stage, "deadline-late", "2025-09-29 09:00")


@pytest.mark.parametrize("link", ["javascript:alert(1)", 'https://example.com/"onclick=', "http://example.com/1", "https://例子.com/"])
def test_only_a_plain_secure_address_becomes_a_link(link: str) -> None:
    from automations.rendering import cleaned
    from automations.samples import sample

    assert cleaned({**sample("finding", "zh"), "link": link}, 1000)["link"] == ""
