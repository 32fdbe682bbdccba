"""Brakes: a plan that would change too much is stopped before the first write and the first mail, and says how to release it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from textwrap import dedent

import pytest

import runner
from automations.config import Config
from automations.declarations import Brakes
from automations.errors import PlanRefused
from tests.project import project
from tests.scene import CUSTOMERS, STAFF, Rows, Scene, does_nothing, scene, settings, xlsx

FRIDAY, LATER = "2025-09-26 17:00", "2025-09-28 18:01"


def complaints(count: int) -> str:
    head = "complaint_no | received_at | channel | customer_id | complainant_contact | content | recorded_by | severity | first_response_at"
    row = "TS-{n:02} | 2025-09-26 16:30 | 电话 | KH-1 | 13800138000 | 有异味 | YG-01 | 一般投诉 | 2025-09-26 16:40"
    return "\n".join([head, *(row.format(n=number) for number in range(1, count + 1))])


def staged(count: int = 12, config: Config | None = None) -> Scene:
    stage = scene(config=config, complaints=complaints(count), customers=CUSTOMERS, staff=STAFF)
    stage.run(FRIDAY)
    return stage


def assign(stage: Scene, count: int) -> None:
    """Staff name a handler for so many complaints, which changes their state."""
    for number in range(1, count + 1):
        stage.edit("complaints", "assigned_at", f"TS-{number:02}", datetime(2025, 9, 26, 16, 50))


def without_rows(count: int) -> Callable[[Rows], Rows]:
    return lambda rows: rows[: len(rows) - count]


def renamed(old: str, new: str) -> Callable[[Rows], Rows]:
    return lambda rows: [[new if cell == old else cell for cell in rows[0]], *rows[1:]]


def stopped(stage: Scene, now: str) -> str:
    """That a run is stopped with exit code 4 and leaves no trace but its own line in the history; gives the message."""
    before, mails, saves = stage.raw(), list(stage.sent), stage.book.saves
    told = stage.world.ledger.notices_about("团队台账", "complaints", "TS-01")
    with pytest.raises(PlanRefused) as refused:
        stage.run(now)
    assert (stage.raw(), stage.sent, stage.book.saves, refused.value.exit_code) == (before, mails, saves, 4)
    assert stage.world.ledger.notices_about("团队台账", "complaints", "TS-01") == told
    newest = stage.world.ledger.runs("团队台账", limit=1)[0]
    assert (newest.state, newest.reason) == ("refused", str(refused.value))
    return str(refused.value)


RELEASE = "。先看 `runner.py plan --html plan.html`，没问题再用 `runner.py run --force` 放行"


def test_too_many_rows_changing_state_stop_the_run() -> None:
    stage = staged()
    assign(stage, 4)
    said = stopped(stage, FRIDAY)
    assert said == f"计划被安全闸拦下，没有写入也没有发信: “客户投诉”共 12 行，其中 4 行的状态将改变(33%)，上限是 30%{RELEASE}"


def test_up_to_the_limit_the_run_goes_on() -> None:
    stage = staged()
    assign(stage, 3)
    assert len(stage.run(FRIDAY).receipt.written.written) > 0


def test_first_states_and_small_tables_trip_no_brake() -> None:
    small = staged(9)
    assign(small, 9)
    assert small.run(FRIDAY).plan.brakes == ()


def test_force_releases_the_brake_and_says_what_it_passed() -> None:
    stage = staged()
    assign(stage, 12)
    stopped(stage, FRIDAY)
    run = stage.run(FRIDAY, force=True)
    assert [brake["en"] for brake in run.plan.brakes] == ["12 of 12 rows of 'Complaints' would change state (100%), the limit is 30%"]
    assert (len(stage.cells("complaints", "status")), does_nothing(stage.plan(FRIDAY))) == (12, True)


def test_too_many_mails_stop_the_run_before_the_first() -> None:
    stage = staged(config=settings(brakes=Brakes(mails_per_run=1)))
    assert stopped(stage, LATER) == f"计划被安全闸拦下，没有写入也没有发信: 将发出 2 封邮件，上限是 1 封{RELEASE}"
    stage.run(LATER, force=True)
    assert [mail.to for mail in stage.sent] == ["chen@example.com", "wang@example.com"]


def test_a_third_of_the_rows_gone_stops_the_run() -> None:
    stage = staged()
    stage.staff("complaints", without_rows(5))
    assert stopped(stage, FRIDAY) == (f"计划被安全闸拦下，没有写入也没有发信: “客户投诉”只有 7 行，上次有 12 行；最多允许减少 34%{RELEASE}")
    stage.run(FRIDAY, force=True)
    assert does_nothing(stage.plan(FRIDAY))


def test_a_few_rows_gone_stop_nothing() -> None:
    stage = staged()
    stage.staff("complaints", without_rows(4))
    assert does_nothing(stage.run(FRIDAY).plan)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        pytest.param(renamed("投诉编号", "随便"), "“客户投诉”以前读得到，现在读不到", id="the key column renamed past knowing"),
        pytest.param(lambda rows: [row[1:] for row in rows], "“客户投诉”以前读得到，现在读不到", id="the key column deleted"),
        pytest.param(lambda rows: rows[1:], "“客户投诉”以前读得到，现在读不到", id="the header row deleted"),
        pytest.param(
            lambda rows: [["投诉编号", *rows[0][1:-1], "投诉编号"], *rows[1:]], "“客户投诉”以前读得到，现在读不到", id="the key twice"
        ),
    ],
)
def test_a_table_that_cannot_be_read_any_more_stops_the_run(damage: Callable[[Rows], Rows], words: str) -> None:
    stage = staged()
    stage.staff("complaints", damage)
    assert words in stopped(stage, LATER)


def test_a_deleted_tab_stops_the_run() -> None:
    stage = staged()
    del stage.book.tabs["客户投诉"]
    assert "“客户投诉”以前读得到，现在读不到" in stopped(stage, LATER)


def test_a_table_that_never_was_there_stops_nothing() -> None:
    assert staged().plan(LATER).brakes == ()


def test_after_the_damage_is_mended_the_next_run_goes_on() -> None:
    stage = staged()
    before = stage.raw()["客户投诉"]
    stage.staff("complaints", lambda rows: [row[1:] for row in rows])
    stopped(stage, FRIDAY)
    stage.staff("complaints", lambda _: before)
    assert does_nothing(stage.run(FRIDAY).plan)


def test_several_brakes_are_said_together() -> None:
    stage = staged(20, settings(brakes=Brakes(mails_per_run=0)))
    assign(stage, 8)
    stage.staff("customers", lambda rows: [row[1:] for row in rows])
    said = stopped(stage, LATER)
    assert [words in said for words in ("状态将改变", "“客户”以前读得到", "封邮件")] == [True] * 3


def test_a_refused_first_run_is_no_first_contact() -> None:
    stage = scene(config=settings(brakes=Brakes(mails_per_run=0)), complaints=complaints(12), customers=CUSTOMERS, staff=STAFF)
    stage.run(FRIDAY)
    stopped(stage, LATER)
    released = stage.with_world(config=settings())
    assert [line.split("@")[0] for line in released.letters(LATER)] == ["chen", "wang"]


def test_a_plan_shows_its_brakes_in_json_in_both_languages() -> None:
    stage = staged()
    assign(stage, 12)
    assert json.loads(stage.plan(FRIDAY).as_json())["brakes"] == [
        {
            "zh": "“客户投诉”共 12 行，其中 12 行的状态将改变(100%)，上限是 30%",
            "en": "12 of 12 rows of 'Complaints' would change state (100%), the limit is 30%",
        }
    ]


def test_an_english_team_is_told_in_english() -> None:
    stage = staged()
    assign(stage, 12)
    with pytest.raises(PlanRefused) as refused:
        stage.plan(FRIDAY).refuse_if_unsafe("en")
    assert str(refused.value) == (
        "plan refused: 12 of 12 rows of 'Complaints' would change state (100%), the limit is 30%; "
        "look at it with `runner.py plan --html plan.html`, then `runner.py run --force`"
    )


SMALL = """
    no     | 编号   | required
    got    | 收到   | datetime
    state  | 状态   | ours

    summary: { state: state }
"""
STATUS = """
    rules:
      - id: progress
        kind: status
        writes: { state: state }
        states:
          - { state: 新 }
          - { state: 旧, when: got < today() }
"""


def test_the_commands_end_with_four_and_leave_the_file_as_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = project(tmp_path, policy=STATUS, tables={"matters": SMALL})
    rows = [["编号", "收到", "状态"], *([f"N-{number}", "2025-09-26", None] for number in range(12))]
    book = xlsx(tmp_path / "rowkeeper.xlsx", {"matters": rows}).path
    assert runner.main(["run", "--root", str(root), "--now", "2025-09-26 09:00"]) == 0
    before = book.read_bytes()
    codes = [runner.main([word, "--root", str(root), "--now", "2025-09-27 09:00"]) for word in ("plan", "run")]
    assert (codes, book.read_bytes()) == ([4, 4], before)
    assert "“matters”共 12 行，其中 12 行的状态将改变(100%)，上限是 30%" in capsys.readouterr().err
    assert runner.main(["run", "--force", "--root", str(root), "--now", "2025-09-27 09:00"]) == 0
    runner.main(["history", "--root", str(root)])
    states = [line.split()[4] for line in dedent(capsys.readouterr().out).splitlines() if line.strip()[:1].isdigit()]
    assert states == ["done", "refused", "done"]
