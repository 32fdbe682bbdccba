"""Brakes: a plan that would change too much is stopped before the first write and the first mail, and says how to release it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from textwrap import dedent

import pytest

import runner
from automations.brakes import Sent, mail_brakes
from automations.config import Config
from automations.declarations import Brakes
from automations.errors import PlanRefused
from automations.ledgers.memory import MemoryLedger
from automations.ledgers.protocol import KEPT, RunOutcome, RunStart
from automations.model import KeptMail, Mail, Outgoing
from automations.outbox import Person, outbox
from automations.releasing import ELSEWHERE, Spoken, Waiting, sort_mails
from automations.remembering import usual_volume
from automations.run import run_once
from tests.project import project
from tests.scene import CUSTOMERS, STAFF, Rows, Scene, does_nothing, scene, settings, xlsx

FRIDAY, LATER = "2025-09-26 17:00", "2025-09-29 09:01"
SOON, MUCH_LATER = "2025-09-29 09:10", "2025-09-30 09:01"
ADMIN = "admin@example.com"


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


def to_staff(stage: Scene) -> list[Mail]:
    return [mail for mail in stage.sent if mail.to != ADMIN]


def to_admin(stage: Scene) -> list[Mail]:
    return [mail for mail in stage.sent if mail.to == ADMIN]


def waiting(stage: Scene) -> list[str]:
    """The mails that wait for a person: `held wang@example.com`."""
    return sorted(f"{record.state} {record.mail.to}" for record in stage.world.ledger.outbox(KEPT, limit=1000))


def release(stage: Scene, why: str = "看过了") -> None:
    outbox(stage.world.ledger, "zh", "release", all_held=True, person=Person(why, "li", datetime(2025, 9, 29, 9, 5)))


def stopped(stage: Scene, now: str) -> str:
    """That a run is stopped with exit code 4 and leaves no trace but its own line in the history and a mail to the admin."""
    before, mails, saves = stage.raw(), to_staff(stage), stage.book.saves
    told = stage.world.ledger.notices_about("团队台账", "complaints", "TS-01")
    with pytest.raises(PlanRefused) as refused:
        stage.run(now)
    assert (stage.raw(), to_staff(stage), stage.book.saves, refused.value.exit_code) == (before, mails, saves, 4)
    assert stage.world.ledger.notices_about("团队台账", "complaints", "TS-01") == told
    newest = stage.world.ledger.runs("团队台账", limit=1)[0]
    assert (newest.state, newest.reason) == ("refused", str(refused.value))
    return str(refused.value)


RELEASE = "。先看 `runner.py plan --html plan.html`，没问题再用 `runner.py run --force` 放行"


def test_too_many_rows_changing_state_stop_the_run() -> None:
    stage = staged()
    assign(stage, 4)
    said = stopped(stage, FRIDAY)
    assert said == f"计划被安全闸拦下，没有写入也没有发信：“客户投诉”共 12 行，其中 4 行的状态将改变（33%），上限是 30%{RELEASE}"


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
    assert [brake.words["en"] for brake in run.plan.brakes] == ["12 of 12 rows of 'Complaints' would change state (100%), the limit is 30%"]
    assert (len(stage.cells("complaints", "status")), does_nothing(stage.plan(FRIDAY))) == (12, True)


def test_too_many_mails_are_all_held_before_the_first_and_the_cells_are_written() -> None:
    stage = staged(config=settings(brakes=Brakes(mails_per_run=1)))
    run = stage.run(LATER)

    assert [brake.words["zh"] for brake in run.plan.sorted.tripped] == ["一次要发出 2 封邮件，上限是 1 封"]
    assert (to_staff(stage), waiting(stage)) == ([], ["held chen@example.com", "held wang@example.com"])
    assert len(run.receipt.written.written) > 0
    assert does_nothing(stage.plan(LATER))


def test_the_admin_is_mailed_once_with_the_reason_the_first_mails_and_the_command_that_releases() -> None:
    stage = staged(config=settings(brakes=Brakes(mails_per_run=1)))
    for moment in (LATER, SOON, "2025-09-29 10:00"):
        stage.run(moment)

    [mail] = to_admin(stage)
    assert (mail.subject, mail.sent_at) == ("表管家：安全闸拦下了 2 封邮件", datetime.fromisoformat(LATER))
    subjects = {record.mail.to: record.mail.subject for record in stage.world.ledger.outbox(["held"])}
    assert mail.text == dedent(f"""\
        有 2 封邮件没有发出，其余邮件和表格照常处理。原因：
          一次要发出 2 封邮件，上限是 1 封

        前 2 封：
          陈立 <chen@example.com>  {subjects["chen@example.com"]}
          王敏 <wang@example.com>  {subjects["wang@example.com"]}

        全部列出：runner.py outbox list --state held
        没有问题，就这样放行：runner.py outbox release --all-held --why "…"
        只放行一封：runner.py outbox release 编号
        如果是表格或规则有误，改正后不用做别的：不该发的邮件会自动撤回。

        同样的情况不会再发邮件，解除以后再发生时才会再发。
    """)


def test_released_mails_leave_with_the_next_run_and_the_word_is_kept() -> None:
    stage = staged(config=settings(brakes=Brakes(mails_per_run=1)))
    stage.run(LATER)
    release(stage)
    stage.run(SOON)

    assert ([mail.to for mail in to_staff(stage)], waiting(stage)) == (["chen@example.com", "wang@example.com"], [])
    sent = [record for record in stage.world.ledger.outbox(["sent"]) if record.mail.to != ADMIN]
    assert {record.reply for record in sent} == {"kept in memory"}
    assert does_nothing(stage.plan(SOON))
    assert stage.letters("2025-09-29 09:40") == []


def test_a_brake_that_was_released_and_trips_anew_is_mailed_anew() -> None:
    stage = staged(config=settings(brakes=Brakes(mails_per_run=1)))
    stage.run(LATER)
    release(stage)
    stage.run(SOON)
    assert len(to_admin(stage)) == 1
    for moment in (MUCH_LATER, "2025-09-30 17:00"):
        stage.run(moment)

    assert [mail.sent_at for mail in to_admin(stage)] == [datetime.fromisoformat(LATER), datetime.fromisoformat(MUCH_LATER)]


def test_what_is_mended_before_it_is_released_is_never_sent() -> None:
    stage = staged(config=settings(brakes=Brakes(mails_per_run=1)))
    stage.run(LATER)
    stage.staff("complaints", lambda rows: rows[:1])
    stage.run(SOON, force=True)

    states = {record.mail.to: record.state for record in stage.world.ledger.outbox() if record.mail.to != ADMIN}
    assert (to_staff(stage), states) == ([], {"chen@example.com": "withdrawn", "wang@example.com": "withdrawn"})


def test_a_released_mail_whose_matter_was_settled_meanwhile_is_withdrawn_not_sent() -> None:
    stage = staged(config=settings(brakes=Brakes(mails_per_run=1)))
    stage.run(LATER)
    release(stage)
    stage.staff("complaints", lambda rows: rows[:1])
    stage.run(SOON, force=True)

    assert to_staff(stage) == []
    assert {record.state for record in stage.world.ledger.outbox() if record.mail.to != ADMIN} == {"withdrawn"}
    said = {(record.reply, record.words) for record in stage.world.ledger.outbox(["withdrawn"])}
    assert said == {("事情已经了结，不必再发", "release: 看过了 (li, 2025-09-29 09:05)")}


def test_the_word_of_release_goes_with_the_matters_into_the_mail_that_carries_them() -> None:
    stage = staged(config=settings(brakes=Brakes(mails_per_run=1)))
    stage.run(LATER)
    release(stage)
    stage.staff("complaints", without_rows(1))
    stage.run(SOON)

    ledger = stage.world.ledger
    assert {record.reply for record in ledger.outbox(["withdrawn"])} == {"内容已并入另一封邮件"}
    left = {record.mail.to: record.words for record in ledger.outbox(["sent"]) if record.mail.to != ADMIN}
    assert left == dict.fromkeys(["chen@example.com", "wang@example.com"], "release: 看过了 (li, 2025-09-29 09:05)")


def test_a_dropped_mail_never_comes_back() -> None:
    stage = staged(config=settings(brakes=Brakes(mails_per_run=1)))
    stage.run(LATER)
    for record in stage.world.ledger.outbox(["held"]):
        outbox(stage.world.ledger, "zh", "drop", record.mail.message_id, person=Person("不用说"))

    assert (does_nothing(stage.plan(SOON)), stage.letters(SOON)) == (True, [])


def test_a_brake_on_one_reader_holds_only_their_mails() -> None:
    stage = staged(config=settings(brakes=Brakes(mails_per_reader_day=1)))
    stage.run(LATER)
    stage.edit("complaints", "recorded_by", "TS-12", "YG-03")
    stage.edit("complaints", "content", "TS-11", None)
    later = [mail.to for mail in stage.run("2025-09-29 09:30").plan.mails]

    assert sorted(mail.to for mail in to_staff(stage)) == sorted(["chen@example.com", "wang@example.com", *later])
    assert "chen@example.com" not in later
    assert all(line.startswith("held ") and line != "held li@example.com" for line in waiting(stage))


def test_a_brake_on_one_row_holds_what_is_said_of_that_row_and_the_rest_goes() -> None:
    stage = staged(2, config=settings(brakes=Brakes(notices_per_row_day=3)))
    stage.edit("complaints", "first_response_at", "TS-02", None)
    stage.edit("complaints", "assigned_at", "TS-02", datetime(2025, 9, 26, 16, 50))
    run = stage.run(LATER)

    assert [brake.words["zh"] for brake in run.plan.sorted.tripped] == ["“客户投诉”TS-01 今天的通知将达到 4 条，上限是 3 条"]
    assert {notice.key for each in run.plan.held for notice in each.notices} == {"TS-01"}
    assert [mail.to for mail in to_staff(stage)] == ["chen@example.com", "li@example.com", "wang@example.com"]
    assert all("TS-01" not in mail.text and "TS-02" in mail.text for mail in to_staff(stage))


def test_more_than_three_times_the_usual_volume_is_held() -> None:
    sent = Sent(usual=lambda: 7)
    going = [Outgoing(letter(number), ()) for number in range(22)]

    assert mail_brakes(going[:21], [], Brakes(), sent) == (set(), [])
    held, [brake] = mail_brakes(going, [], Brakes(), sent)
    assert (len(held), brake.words["zh"]) == (22, "一次要发出 22 封邮件，平常是 7 封，上限是 21 封")


def test_a_small_team_is_not_stopped_by_what_is_usual() -> None:
    going = [Outgoing(letter(number), ()) for number in range(20)]

    assert mail_brakes(going, [], Brakes(), Sent(usual=lambda: 1)) == (set(), [])


def letter(number: int) -> Mail:
    return Mail(f"m{number}", f"reader{number}@example.com", "读者", "主题", "", "", (f"n{number}",), datetime(2025, 9, 28))


def test_a_held_mail_of_which_another_takes_up_a_part_is_withdrawn_though_the_rest_was_overtaken() -> None:
    old = Mail("old", "wang@example.com", "王敏", "主题", "", "", ("A|soon", "B|due"), datetime(2025, 9, 28))
    new = replace(old, message_id="new", identities=("A|due", "B|due"))
    spoken = Spoken([Outgoing(new, ())], frozenset({"A|soon", "A|due", "B|due"}))

    found = sort_mails(spoken, Waiting([KeptMail(old, "held")]), Brakes())

    assert [(kept.mail.message_id, why["en"]) for kept, why in found.withdrawn] == [("old", ELSEWHERE["en"])]
    put_off = Spoken([], frozenset({"A|soon", "B|due"}))
    assert sort_mails(put_off, Waiting([KeptMail(old, "held")]), Brakes()).withdrawn == ()


def test_the_usual_volume_is_the_median_of_the_runs_that_sent_mail() -> None:
    ledger = MemoryLedger()
    for count in (9, 0, 4, 5, 0, 6, 100):
        run = ledger.begin_run(RunStart("sweep", "book", datetime(2025, 9, 28), "", ""))
        ledger.end_run(run, RunOutcome("done", datetime(2025, 9, 28), counts={"mails": count}))

    assert usual_volume(ledger, "book", "sweep") == 6
    assert usual_volume(ledger, "book", "digest") is None


def test_a_run_stopped_by_a_brake_mails_the_admin_once_until_it_is_cleared() -> None:
    stage = staged()
    assign(stage, 4)
    for moment in (FRIDAY, "2025-09-26 17:05", "2025-09-26 17:10"):
        stopped(stage, moment)
    [mail] = to_admin(stage)

    assert mail.subject == "表管家：本次运行被安全闸拦下"
    assert mail.text == dedent("""\
        本次运行没有写入任何单元格，也没有发出任何邮件。原因：
          “客户投诉”共 12 行，其中 4 行的状态将改变（33%），上限是 30%

        先看计划：runner.py plan --html plan.html
        没有问题，就这样放行：runner.py run --force

        同样的情况不会再发邮件，解除以后再发生时才会再发。
    """)
    stage.run("2025-09-26 17:15", force=True)
    for number in range(5, 10):
        stage.edit("complaints", "assigned_at", f"TS-{number:02}", datetime(2025, 9, 26, 16, 50))
    stopped(stage, "2025-09-26 17:20")
    assert len(to_admin(stage)) == 2


def test_the_person_who_forces_a_brake_is_kept_in_the_history() -> None:
    stage = staged()
    assign(stage, 12)
    run_once(stage.world, datetime.fromisoformat(FRIDAY), force=True, word="force: 月底集中分派 (li, 2025-09-26 17:00)")

    assert stage.world.ledger.runs(limit=1)[0].reason == "force: 月底集中分派 (li, 2025-09-26 17:00)"


def test_a_third_of_the_rows_gone_stops_the_run() -> None:
    stage = staged()
    stage.staff("complaints", without_rows(5))
    assert stopped(stage, FRIDAY) == (f"计划被安全闸拦下，没有写入也没有发信：“客户投诉”只有 7 行，上次有 12 行；最多允许减少 34%{RELEASE}")
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
    stage = staged(20)
    assign(stage, 8)
    stage.staff("customers", lambda rows: [row[1:] for row in rows])
    said = stopped(stage, LATER)
    assert [words in said for words in ("状态将改变", "“客户”以前读得到")] == [True] * 2


def test_what_a_stopped_run_would_have_said_is_said_by_the_next() -> None:
    stage = staged(config=settings(brakes=Brakes(state_share=Decimal("0"))))
    assign(stage, 1)
    stopped(stage, LATER)
    released = stage.with_world(config=settings())
    assert [line.split("@")[0] for line in released.letters(LATER)] == ["chen", "wang"]


def test_a_plan_shows_its_brakes_in_json_in_both_languages() -> None:
    stage = staged()
    assign(stage, 12)
    assert json.loads(stage.plan(FRIDAY).as_json())["brakes"] == [
        {
            "zh": "“客户投诉”共 12 行，其中 12 行的状态将改变（100%），上限是 30%",
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
    assert "“matters”共 12 行，其中 12 行的状态将改变（100%），上限是 30%" in capsys.readouterr().err
    assert runner.main(["run", "--force", "--root", str(root), "--now", "2025-09-27 09:00"]) == 0
    runner.main(["history", "--root", str(root)])
    states = [line.split()[4] for line in dedent(capsys.readouterr().out).splitlines() if line.strip()[:1].isdigit()]
    assert states == ["done", "refused", "done"]


def test_rows_the_program_listed_for_one_day_may_all_change_state_on_that_day() -> None:
    buyers = range(1, 13)
    stage = scene(
        customers="customer_id | customer_name | owner_staff\n" + "\n".join(f"KH-{n} | 客户{n} | YG-01" for n in buyers),
        orders="order_no | customer_id | order_date | amount\n" + "\n".join(f"DD-{n} | KH-{n} | 2026-05-01 | 100" for n in buyers),
        care_log="care_id | customer_id | occasion | due_on | owner_staff | status | sent_on",
    )
    stage.run("2026-09-18 16:00")
    assert set(stage.cells("care_log", "occasion", "due_on", "status")) == {
        f"KH-{n}-2026-中秋节 中秋节 | 2026-09-25 | 进行中" for n in buyers
    }
    stage.run("2026-09-26 16:00")
    assert {line.rpartition(" ")[2] for line in stage.cells("care_log", "status")} == {"已逾期"}
