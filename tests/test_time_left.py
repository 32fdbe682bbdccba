"""The time left, in words that change only when their meaning changes."""

from __future__ import annotations

import numpy as np
import pytest

from automations.summary import _left
from tests.scene import shipped


class At:
    """A moment on the shipped calendar."""

    def __init__(self, now: str) -> None:
        self.calendar, self.now64 = shipped().calendar, np.datetime64(now, "s")


CASES = [
    # now              | due               | 中文                    | English
    ("2025-09-26 09:00", "2025-09-26 18:00", "今天 18:00 到期", "due today 18:00"),
    ("2025-09-26 19:00", "2025-09-26 18:00", "今天 18:00 已到期", "was due today 18:00"),
    ("2025-09-26 09:00", "2025-09-27 16:30", "明天 16:30 到期", "due tomorrow 16:30"),
    ("2025-09-26 09:00", "2025-09-29 18:00", "还有 2 个工作日", "2 working days left"),
    ("2025-10-01 09:00", "2025-10-05 23:59", "还有 4 天", "4 days left"),
    ("2025-09-26 09:00", "2025-10-14 18:00", "还有 8 个工作日", "8 working days left"),
    ("2025-09-26 09:00", "2025-10-28 18:00", "还有 4 周多", "more than 4 weeks left"),
    ("2025-09-26 09:00", "2025-12-26 18:00", "还有 3 个月多", "more than 3 months left"),
    ("2025-10-02 09:00", "2025-09-30 18:00", "已逾期，未满 1 个工作日", "late by less than a working day"),
    ("2025-10-10 09:00", "2025-09-30 18:00", "已逾期 2 个工作日", "2 working days late"),
    ("2025-11-10 09:00", "2025-10-09 18:00", "已逾期 4 周多", "more than 4 weeks late"),
    ("2026-11-20 09:00", "2027-01-05 18:00", "还有 6 周多（暂定）", "more than 6 weeks left (provisional)"),
]


@pytest.mark.parametrize(("now", "due", "chinese", "english"), CASES)
def test_the_time_left_is_said_as_a_person_would(now: str, due: str, chinese: str, english: str) -> None:
    dues = np.array([due], dtype="datetime64[s]")

    assert [_left(At(now), dues, language)[0] for language in ("zh", "en")] == [chinese, english]  # type: ignore[arg-type]


def test_far_deadlines_keep_their_words_from_one_day_to_the_next() -> None:
    due = np.array(["2025-12-26 18:00"], dtype="datetime64[s]")
    days = [f"2025-09-{day:02d} 08:30" for day in range(15, 27)]

    words = [_left(At(day), due, "zh")[0] for day in days]  # type: ignore[arg-type]

    assert len(set(words)) == 1
