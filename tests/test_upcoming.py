"""`schedule` says what runs next, in order, and why a run is not where its words would put it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from automations.config import load
from automations.upcoming import upcoming
from tests.office import POLICY, TABLES, automation
from tests.project import project

AUTOMATIONS = {
    "sweep": automation("sweep", "every 30 minutes between 08:00 and 18:00 on working days"),
    "rent": automation("rent", "on the 1st at 09:00 or the next working day", mode="shadow"),
    "week": automation("week", "at 08:30 on working days"),
    "month": automation("month", "on the 31st at 17:00"),
    "gone": automation("gone", "every Monday at 09:00", mode="off"),
}
LINES = {
    "zh": [
        "2025-09-29 周一 17:30  sweep  sweep",
        "2025-09-29 周一 18:00  sweep  sweep  [不在上班时间，通知等到9月30日（周二）09:00再发]",
        "2025-09-30 周二 08:00  sweep  sweep  [至 18:00 共 21 次 | 不在上班时间的，通知等到上班再发]",
        "2025-09-30 周二 08:30  week  week  [不在上班时间，通知等到09:00再发]",
        "2025-09-30 周二 17:00  month  month  [本月没有这一天，取最后一天]",
        "2025-10-09 周四 09:00  rent  rent  [原定 10-01（国庆节），移到工作日 | 只试算，不写也不发]",
        "gone：已停用（mode: off）",
    ],
    "en": [
        "2025-09-29 Mon 17:30  sweep  sweep",
        "2025-09-29 Mon 18:00  sweep  sweep  [outside working hours, notices wait until Tue 30 Sep 09:00]",
        "2025-09-30 Tue 08:00  sweep  sweep  [to 18:00, 21 times | outside working hours notices wait until work begins]",
        "2025-09-30 Tue 08:30  week  week  [outside working hours, notices wait until 09:00]",
        "2025-09-30 Tue 17:00  month  month  [this month has no such day: its last day]",
        "2025-10-09 Thu 09:00  rent  rent  [meant for 10-01 (国庆节), moved to a working day | shadow: plans only]",
        "gone: switched off (mode: off)",
    ],
}

AFTER = {
    "zh": "放假后的第一个工作日：国庆节、中秋节 | 不在上班时间，通知等到09:00再发",
    "en": "the first working day after days off: 国庆节、中秋节 | outside working hours, notices wait until 09:00",
}


@pytest.mark.parametrize("language", LINES)
def test_the_next_runs_are_listed_in_order_each_with_its_reason(tmp_path: Path, language: str) -> None:
    files = {f"config/automations/{name}.yaml": text for name, text in AUTOMATIONS.items()}
    settings = f"language: {language}\ncalendar: cn\nadmin: admin@example.com\npacks: [care]\n"
    config = load(project(tmp_path, tables=TABLES, policy=POLICY, settings=settings, files=files))
    listed = upcoming(config, datetime(2025, 9, 29, 17, 20), datetime(2025, 10, 7, 12))
    after = upcoming(config, datetime(2025, 10, 7, 12), datetime(2025, 10, 9, 9)).runs

    assert listed.text().splitlines() == LINES[language]
    assert [run["count"] for run in listed.data()["runs"]] == [1, 1, 21, 1, 1, 1]
    assert [(f"{run.first.wall:%m-%d}", run.why) for run in after if run.automation == "week"] == [("10-09", AFTER[language])]


@pytest.mark.parametrize(
    ("language", "some", "one"),
    [
        ("zh", "不在上班时间的，通知等到上班再发", "不在上班时间，通知等到09:00再发"),
        ("en", "outside working hours notices wait until work begins", "outside working hours, notices wait until 09:00"),
    ],
)
def test_a_run_outside_working_hours_says_when_its_notices_go(tmp_path: Path, language: str, some: str, one: str) -> None:
    cadences = {"often": "every 30 minutes between 07:00 and 18:00", "early": "at 06:00", "noon": "at 12:00 on working days"}
    files = {f"config/automations/{name}.yaml": automation(name, cadence) for name, cadence in cadences.items()}
    files["config/automations/mail.yaml"] = automation("mail", "at 06:00", "outbox")
    settings = f"language: {language}\ncalendar: cn\nadmin: admin@example.com\npacks: [care]\n"
    loud = load(project(tmp_path / "loud", tables=TABLES, policy=POLICY, settings=settings + "quiet_hours: false\n", files=files))
    quiet = load(project(tmp_path / "quiet", tables=TABLES, policy=POLICY, settings=settings, files=files))
    day = datetime(2025, 9, 29), datetime(2025, 9, 29, 23)

    assert {run.automation: run.why for run in upcoming(quiet, *day).runs} == {"early": one, "mail": "", "often": some, "noon": ""}
    assert {run.why for run in upcoming(loud, *day).runs} == {""}
