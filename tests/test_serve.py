"""`serve` on a virtual clock: every slot once, made up once or given up; troubles told once; clocks that are set; edits of config/."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from automations.automationfile import Automation
from automations.byhand import nobody_else, run_by_hand
from automations.cadencewords import parse_cadence
from automations.config import load
from automations.deed import HeldElsewhere, LeaseLost, Turn, post
from automations.due import Come, come
from automations.engines.endpoint import Endpoint
from automations.engines.oneatatime import BY_HAND, OneAtATime, RunsAlready
from automations.engines.workers import ThreadLanes
from automations.errors import ConfigProblems, WorkbookBusy
from automations.leasing import holding
from automations.model import Mail
from automations.reloading import proved
from automations.run import Run
from automations.standing import Status
from automations.toolmail import tell_admin
from tests.office import SHANGHAI, Office, automation, utc
from tests.test_cadence import CHINA

ROOT = Path(__file__).resolve().parent.parent
SWEEP = {"sweep": automation("sweep", "every 5 minutes between 08:00 and 20:00 on working days")}
MORNING = {"morning": automation("morning", "at 08:30 on working days")}


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while Office.made:
        if Office.made[-1].service:
            Office.made[-1].off()
        Office.made.pop()


# What has come


def reckoned(runs: str, since: str, now: str, catch_up: str = "latest", max_age: timedelta | None = None) -> Come:
    made = Automation("a", {"zh": "a"}, parse_cadence(runs), SHANGHAI, "sweep", None, catch_up, max_age)  # type: ignore[arg-type]
    return come(made, CHINA, utc(since), utc(now))


def test_nothing_has_come_before_the_next_slot() -> None:
    assert reckoned("every 5 minutes", "2026-09-28 00:00", "2026-09-28 00:04:59") == Come()


def test_after_a_stop_the_latest_slot_stands_for_those_before_it() -> None:
    assert reckoned("every 5 minutes", "2026-09-28 00:00", "2026-09-28 01:02") == Come((utc("2026-09-28 01:00"),), 11)


def test_all_missed_slots_are_made_up_within_their_age() -> None:
    found = reckoned("every hour", "2026-09-28 00:00", "2026-09-28 05:30", "all", timedelta(hours=2))

    assert found == Come((utc("2026-09-28 04:00"), utc("2026-09-28 05:00")), 3)


def test_none_is_made_up_but_a_slot_on_time_runs() -> None:
    late, on_time = (reckoned("every hour", "2026-09-28 00:00", now, "none") for now in ("2026-09-28 03:30", "2026-09-28 03:00:05"))

    assert (late.run, late.given_up, late.skipped) == ((), utc("2026-09-28 03:00"), 2)
    assert on_time.run == (utc("2026-09-28 03:00"),)


def test_a_slot_older_than_its_age_is_given_up_with_the_reason() -> None:
    found = reckoned("at 08:30", "2026-09-28 00:00", "2026-09-28 12:00", "latest", timedelta(hours=2))

    assert found == Come((), 0, utc("2026-09-28 00:30"), "older than its max_age")


# The service


def test_every_slot_runs_once_and_writes_what_it_should(tmp_path: Path) -> None:
    office = Office(tmp_path, "2026-01-05 08:01", SWEEP)
    office.until("2026-01-05 08:20")

    assert office.slots("sweep") == ["01-05 08:05 done", "01-05 08:10 done", "01-05 08:15 done", "01-05 08:20 done"]
    assert office.book.cell("complaints", "到期", "TS-1") == datetime(2026, 1, 6, 18)
    assert office.book.saves == 1


def test_a_new_automation_has_missed_nothing(tmp_path: Path) -> None:
    office = Office(tmp_path, "2026-01-05 12:00", MORNING)
    office.until("2026-01-06 09:00")

    assert office.slots("morning") == ["01-06 08:30 done"]


def test_a_renamed_automation_goes_on_where_it_was_and_a_reworded_one_has_missed_nothing(tmp_path: Path) -> None:
    office = Office(tmp_path, "2026-01-05 08:00", MORNING | {"noon": automation("noon", "every day at 12:00")})
    office.until("2026-01-05 13:00")
    office.off()
    for old, new in (("morning", automation("dawn", "at 08:30 on working days")), ("noon", automation("midday", "every day at 12:30"))):
        (tmp_path / f"config/automations/{old}.yaml").unlink()
        office.write(f"config/automations/{old}-again.yaml", new)
    office.asleep_until("2026-01-06 14:00")
    office.on()
    office.until("2026-01-07 13:00")

    assert office.slots("morning") == ["01-05 08:30 done"]
    assert office.slots("dawn") == ["01-06 08:30 done", "01-07 08:30 done"]
    assert office.slots("midday") == ["01-07 12:30 done"]


def test_a_restart_loses_and_repeats_nothing(tmp_path: Path) -> None:
    office = Office(tmp_path, "2026-01-05 08:00", MORNING)
    office.until("2026-01-05 08:29")
    office.off()
    office.asleep_until("2026-01-05 08:31")
    office.on()
    office.off()
    office.on()
    office.until("2026-01-05 12:00")

    assert office.slots("morning") == ["01-05 08:30 done"]
    assert [slot.attempts for slot in office.records()] == [1]


def test_after_nine_days_off_the_latest_slot_runs_once(tmp_path: Path) -> None:
    office = Office(tmp_path, "2026-01-05 08:00", SWEEP)
    office.until("2026-01-05 08:06")
    office.off()
    office.asleep_until("2026-01-14 10:02")
    office.on()

    assert office.slots("sweep") == ["01-05 08:05 done", "01-14 10:00 done"]
    assert office.records()[0].skipped == 143 + 6 * 145 + 24


def test_a_killed_run_is_taken_up_after_the_restart(tmp_path: Path) -> None:
    office = Office(tmp_path, "2026-01-05 08:00", MORNING)
    assert office.service
    table = office.service.engine.worlds("watch").ledger.timetable
    due = office.moment("2026-01-05 08:30")
    table.offer("morning", "台账", due, due)
    table.take("morning", "台账", due, office.service.engine.owner, due)
    table.lease("workbook 台账", office.service.engine.owner, due, due + timedelta(minutes=10))
    office.crash()
    office.clock.go(due + timedelta(minutes=1))
    office.on()

    assert office.slots("morning") == ["01-05 08:30 done"]
    assert office.records()[0].attempts == 2


def test_a_suspended_laptop_makes_up_the_latest_slot_and_trusts_its_clock(tmp_path: Path) -> None:
    office = Office(tmp_path, "2026-01-05 08:00", SWEEP)
    office.until("2026-01-05 08:06")
    office.asleep_until("2026-01-05 15:03")
    office.until("2026-01-05 15:04")

    assert office.slots("sweep") == ["01-05 08:05 done", "01-05 15:00 done"]
    assert office.said("clock jumped") == []


def test_a_clock_set_ahead_holds_everything_until_it_is_trusted_again(tmp_path: Path) -> None:
    office = Office(tmp_path, "2026-01-05 08:00", SWEEP)
    office.until("2026-01-05 08:06")
    office.clock.set(office.moment("2031-01-06 10:00"))
    assert office.service
    office.service.engine.tick()
    office.clock.set(office.moment("2026-01-05 08:07"))
    office.service.engine.tick()
    office.until("2026-01-05 08:16")
    assert office.slots("sweep") == ["01-05 08:05 done"]

    office.asleep_until("2026-01-05 08:18")
    office.until("2026-01-05 08:25")

    assert office.slots("sweep") == ["01-05 08:05 done", "01-05 08:15 done", "01-05 08:20 done", "01-05 08:25 done"]
    assert [line.split(" by=")[0] for line in office.said("clock jumped")] == [
        "clock jumped to=2031-01-06T10:00+08:00",
        "clock jumped to=2026-01-05T08:07+08:00",
    ]


def test_a_clock_set_back_repeats_no_slot(tmp_path: Path) -> None:
    office = Office(tmp_path, "2026-01-05 08:00", SWEEP)
    office.until("2026-01-05 09:00")
    done = office.slots("sweep")
    office.clock.set(office.moment("2026-01-05 08:10"))
    office.until("2026-01-05 08:59")

    assert office.slots("sweep") == done


def test_a_restart_with_a_clock_behind_the_last_tick_begins_nothing_at_first(tmp_path: Path) -> None:
    office = Office(tmp_path, "2026-01-05 12:00", SWEEP)
    office.off()
    office.clock.set(office.moment("2026-01-05 08:00"))
    office.on()
    office.until("2026-01-05 08:06")
    assert office.slots("sweep") == []
    office.asleep_until("2026-01-05 08:11")
    office.until("2026-01-05 08:15")

    assert office.slots("sweep")[-1:] == []


# Failures


class Shut:
    """A workbook that somebody has open."""

    def __init__(self, office: Office) -> None:
        self.office, self.really = office, office.book.fingerprint

    def __enter__(self) -> None:
        def busy() -> str:
            raise WorkbookBusy("台账 正在 Excel 中打开；关闭后再运行")

        self.office.book.fingerprint = busy  # type: ignore[method-assign]

    def __exit__(self, *_: object) -> None:
        self.office.book.fingerprint = self.really  # type: ignore[method-assign]


def test_a_failed_slot_is_tried_again_until_its_next_one(tmp_path: Path) -> None:
    office = Office(tmp_path, "2026-01-05 08:00", MORNING)
    with Shut(office):
        office.until("2026-01-05 08:40")
    office.until("2026-01-05 12:00")

    assert office.slots("morning") == ["01-05 08:30 done"]
    assert office.records()[0].attempts == 4


def test_three_failures_in_a_row_are_told_once_and_so_is_the_recovery(tmp_path: Path) -> None:
    automations = {**SWEEP, "outbox": automation("outbox", "every 10 minutes", "outbox")}
    office = Office(tmp_path, "2026-01-05 08:00", automations)
    with Shut(office):
        office.until("2026-01-05 10:00")
    assert office.subjects() == ["admin@example.com: 表管家：“sweep”连续 3 次没有成功"]
    assert "台账 正在 Excel 中打开；关闭后再运行" in office.sent[0].text

    office.until("2026-01-05 12:00")

    assert office.subjects()[1:] == ["admin@example.com: 表管家：“sweep”恢复正常"]
    assert office.slots("outbox", "failed") == []


def test_a_bug_in_one_automation_stops_no_other(tmp_path: Path) -> None:
    automations = {**SWEEP, "backup": automation("backup", "every 10 minutes", "backup")}
    office = Office(tmp_path, "2026-01-05 08:00", automations)
    (office.folder / "state" / "backups").write_text("a file where the folder should be")
    office.until("2026-01-05 08:30")

    assert office.slots("sweep")[-1] == "01-05 08:30 done"
    assert set(office.slots("backup", "done")) == set()
    assert "FileExistsError" in office.said("failed")[0]


def test_a_slot_that_takes_its_process_down_is_given_up_in_the_end(tmp_path: Path) -> None:
    office = Office(tmp_path, "2026-01-05 08:00", MORNING)
    due = office.moment("2026-01-05 08:30")
    assert office.service
    table = office.service.engine.worlds("watch").ledger.timetable
    table.offer("morning", "台账", due, due)
    for death in range(7):
        assert table.take("morning", "台账", due, f"dead {death}", due)
        table.orphans("nobody", due, "died")
    office.until("2026-01-05 12:00")

    assert office.slots("morning") == ["01-05 08:30 failed"]
    assert office.records()[0].why == "7 attempts ended with their process"


# One service, and what it shows


def test_a_second_service_on_the_same_ledger_is_refused_with_the_first_ones_number(tmp_path: Path) -> None:
    first = OneAtATime(tmp_path / "ledger.sqlite", datetime(2026, 9, 28, 8, 30), "zh")
    with pytest.raises(RunsAlready) as refused:
        OneAtATime(tmp_path / "ledger.sqlite", datetime(2026, 9, 28, 8, 31), "zh")
    first.release()
    OneAtATime(tmp_path / "ledger.sqlite", datetime(2026, 9, 28, 8, 32), "zh").release()

    assert str(refused.value) == (
        f"表管家已在运行（进程 {os.getpid()}，2026-09-28 08:30 启动），同一份运行记录 ledger.sqlite 只能有一个；"
        f"先停掉它：kill {os.getpid()}，或 sudo systemctl stop rowkeeper"
    )


def test_the_pulse_grows_while_the_service_lives_and_says_when_it_ended(tmp_path: Path) -> None:
    office = Office(tmp_path, "2026-01-05 08:00", SWEEP)
    office.until("2026-01-05 08:10")
    alive = office.pulse()
    office.off()

    assert (alive["at"], alive["healthy"], alive["troubles"]) == ("2026-01-05T00:10:00+00:00", True, [])
    assert office.pulse()["stopped"] is True


def status_in(office: Office) -> Status:
    from automations.serving import status

    return status(office.folder, lambda config: office.clock.now().astimezone(SHANGHAI).replace(tzinfo=None))


def test_status_says_when_each_did_well_what_is_next_and_what_failed(tmp_path: Path) -> None:
    office = Office(tmp_path, "2026-01-05 08:00", {**SWEEP, **MORNING, "gone": automation("gone", "at 09:00", mode="off")})
    with Shut(office):
        office.until("2026-01-05 08:31")
    lines = status_in(office).text().splitlines()

    assert lines[0] == f"serve 正在运行（进程 {os.getpid()}，2026-01-05 08:00 启动，2026-01-05 08:31 报到）"
    assert lines[1:4] == [
        "gone           gone  还没有成功过，已停用",
        "morning        morning  还没有成功过，下次 2026-01-06 08:30，等待重试",
        "sweep          sweep  还没有成功过，下次 2026-01-05 08:35",
    ]
    assert [line.partition("，")[0] for line in lines[4:]] == [
        "！automation sweep：自 2026-01-05 08:05 起 12 次",
        "！automation morning：自 2026-01-05 08:30 起 2 次",
    ]


def test_a_service_that_died_is_not_well_and_one_that_was_stopped_is(tmp_path: Path) -> None:
    office = Office(tmp_path, "2026-01-05 08:00", SWEEP)
    office.until("2026-01-05 08:10")
    alive = status_in(office)
    office.crash()
    office.clock.go(office.moment("2026-01-05 08:20"))
    dead = status_in(office)
    office.on()
    office.off()
    office.clock.go(office.moment("2026-01-05 09:00"))

    assert [alive.healthy, dead.healthy, status_in(office).healthy] == [True, False, True]
    assert dead.text().splitlines()[0] == "serve 没有在运行，最后一次报到是 2026-01-05 08:10"


def test_status_answers_before_any_example_is_proved(tmp_path: Path) -> None:
    office = Office(tmp_path, "2026-01-05 08:00", SWEEP)
    office.off()
    examples = "examples:\n  - name: wrong\n    row: { received_at: 2026-01-05 07:30 }\n    now: 2026-01-05 08:00\n"
    office.write(
        POLICY_FILE, (office.folder / POLICY_FILE).read_text(encoding="utf-8") + examples + "    expect: { assign_state: wrong }\n"
    )

    assert "sweep" in status_in(office).text()
    with pytest.raises(ConfigProblems, match="example 'wrong'"):
        proved(load(office.folder))


def asked(endpoint: Endpoint, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{endpoint.port}{path}", timeout=5) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_the_endpoint_shows_health_and_metrics_on_this_machine_only(tmp_path: Path) -> None:
    office = Office(tmp_path, "2026-01-05 08:00", SWEEP)
    office.until("2026-01-05 08:10")
    endpoint = Endpoint(0, office.clock.now)
    try:
        before = asked(endpoint, "/healthz")[0]
        endpoint.status = status_in(office)
        code, health = asked(endpoint, "/healthz")
        metrics = asked(endpoint, "/metrics")[1]
        lost = asked(endpoint, "/etc/passwd")[0]
        office.clock.go(office.clock.now() + timedelta(minutes=3))
        silent, dead = asked(endpoint, "/healthz")[0], asked(endpoint, "/metrics")[1]
    finally:
        endpoint.close()

    assert (before, code, lost, silent) == (503, 200, 404, 503), "a service that has gone silent is not well"
    assert "rowkeeper_up 1\n" in metrics and "rowkeeper_up 0\n" in dead
    assert json.loads(health)["automations"][0]["last_good"] == "2026-01-05T00:10:00+00:00"
    assert 'rowkeeper_last_success_timestamp_seconds{automation="sweep"} 1767571800\n' in metrics
    assert 'rowkeeper_failures_in_a_row{automation="sweep"} 0\n' in metrics


def test_a_long_run_in_one_lane_delays_no_other() -> None:
    lanes, free, told = ThreadLanes(), threading.Event(), threading.Event()
    lanes.begin("tables", lambda: free.wait(10) and None)
    lanes.begin("mail", told.set)

    assert told.wait(10)
    assert not lanes.free("tables")
    free.set()
    lanes.finish()
    assert lanes.free("tables")


def test_serve_ends_in_good_order_when_it_is_asked_to(tmp_path: Path) -> None:
    Office(tmp_path, "2026-01-05 08:00", {"sweep": automation("sweep", "every minute")}).off()
    command = [sys.executable, str(ROOT / "runner.py"), "serve", "--root", str(tmp_path), "--log-json"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        first = json.loads(process.stderr.readline())
        process.send_signal(signal.SIGTERM)
        rest = [json.loads(line)["event"] for line in process.stderr.read().splitlines()]

    assert (first["event"], "stopping" in rest, rest[-1], process.returncode) == ("serving", True, "stopped", 0)


# The configuration while the service runs

POLICY_FILE = "config/packs/care/policies/handling.yaml"


def test_a_good_edit_comes_into_force_and_a_bad_one_does_not(tmp_path: Path) -> None:
    automations = {**SWEEP, "outbox": automation("outbox", "every 10 minutes", "outbox")}
    office = Office(tmp_path, "2026-01-05 08:00", automations)
    office.until("2026-01-05 08:06")
    good = (office.folder / POLICY_FILE).read_text(encoding="utf-8")
    office.write(POLICY_FILE, good.replace("2000-01-01: 1", "2000-01-01: one"))
    office.until("2026-01-05 09:00")
    assert office.slots("sweep", "failed") == []
    assert office.subjects() == ["admin@example.com: 表管家：配置有错，仍按上一版运行"]
    assert "config/packs/care/policies/handling.yaml:6:68:" in office.sent[0].text

    office.write(POLICY_FILE, good.replace("2000-01-01: 1", "2000-01-01: 2"))
    office.until("2026-01-05 09:20")

    assert office.subjects()[1:] == ["admin@example.com: 表管家：新配置已生效"]
    assert office.book.cell("complaints", "到期", "TS-1") == datetime(2026, 1, 7, 18)


def test_a_restart_with_a_broken_configuration_runs_on_under_the_last_good_one(tmp_path: Path) -> None:
    office = Office(tmp_path, "2026-01-05 08:00", SWEEP)
    office.until("2026-01-05 08:06")
    office.off()
    settings = (office.folder / "config/settings.yaml").read_text(encoding="utf-8")
    office.write("config/settings.yaml", settings.replace("packs", "pakcs"))
    office.on()
    office.until("2026-01-05 08:20")

    assert office.slots("sweep")[-1] == "01-05 08:20 done"
    assert "first=\"config/settings.yaml:4:1: the top of the file has no 'pakcs'\"" in office.said("configuration refused")[0]


def test_the_first_run_under_an_edit_that_would_change_much_only_plans(tmp_path: Path) -> None:
    rows = "投诉编号 | 受理时间 | 确定时间 | 到期 | 状态\n" + "\n".join(f"TS-{n} | 2026-01-05 07:30 | | | " for n in range(12))
    office = Office(tmp_path, "2026-01-05 08:00", {**SWEEP, "outbox": automation("outbox", "every 10 minutes", "outbox")}, rows=rows)
    office.until("2026-01-05 08:06")
    good = (office.folder / POLICY_FILE).read_text(encoding="utf-8")
    office.write(POLICY_FILE, good.replace("2000-01-01: 1", "2000-01-01: 2"))
    office.until("2026-01-05 08:30")

    assert office.book.cell("complaints", "到期", "TS-1") == datetime(2026, 1, 6, 18)
    assert office.subjects() == ["admin@example.com: 表管家：“sweep”被安全闸拦下"]
    assert office.sent[0].text.startswith(
        "配置改动后的第一次运行只做了计划，没有写入也没有发信：“complaints”共 12 行，其中 12 行的内容将改变（100%），上限是 30%。"
        "先看 `runner.py plan --html plan.html`，没问题再用 `runner.py run --force` 放行。"
    )


def test_a_mail_to_the_admin_does_not_end_the_first_sight_of_a_workbook(tmp_path: Path) -> None:
    office = Office(tmp_path, "2026-01-05 08:00", {**SWEEP, "outbox": automation("outbox", "every 10 minutes", "outbox")})
    with Shut(office):
        office.until("2026-01-05 08:30")
    assert len(office.sent) == 1
    assert office.service

    assert not office.service.engine.worlds("watch").ledger.knows("台账")


def test_history_config_says_what_changed_in_words(tmp_path: Path) -> None:
    from automations.versions import versions

    office = Office(tmp_path, "2026-01-05 08:00", SWEEP)
    good = (office.folder / POLICY_FILE).read_text(encoding="utf-8")
    office.write(
        POLICY_FILE, good.replace("2000-01-01: 1", "2000-01-01: 2") + "  - { id: dated, kind: required, columns: [received_at] }\n"
    )
    office.until("2026-01-05 08:06")
    assert office.service
    ledger = office.service.engine.worlds("watch").ledger
    said = versions(ledger, "zh", 20).text().splitlines()

    assert [line.partition("  ")[2] if line[0] != " " else line for line in said] == [
        "2026-01-05 08:05  [有效]",
        "  config/packs/care/policies/handling.yaml: 参数“within” values：2000-01-01 由 1 改为 2",
        "  config/packs/care/policies/handling.yaml: 新增规则“dated”",
        "2026-01-05 08:00",
        "  第一版",
    ]


# A run by hand beside it


def by_hand(office: Office) -> Run:
    return run_by_hand(office.world, datetime(2026, 1, 5, 9), office.clock.now)


def test_a_run_by_hand_waits_its_turn_while_serve_writes_or_sends(tmp_path: Path) -> None:
    office = Office(tmp_path, "2026-01-05 08:01", SWEEP)
    table, now = office.world.ledger.timetable, office.clock.now()
    said = []
    for resource in ("workbook 台账", "mails"):
        lease = table.lease(resource, "serve 7", now, now + timedelta(minutes=10))
        with pytest.raises(HeldElsewhere) as busy:
            by_hand(office)
        said.append(str(busy.value))
        assert lease and table.release(lease)

    assert said == [f"“{what}”正由另一次运行（serve 7）处理，最迟 00:11 UTC 放开；稍后再试" for what in ("workbook 台账", "mails")]
    assert by_hand(office).receipt.written.written
    assert table.leases(now) == []


def test_init_waits_its_turn_too_once_there_has_been_a_run(tmp_path: Path) -> None:
    office = Office(tmp_path, "2026-01-05 08:01", SWEEP)
    world, now, clock = office.world, office.clock.now(), office.clock.now
    with nobody_else(world.config, lambda: world, datetime(2026, 1, 5, 9), clock):
        assert sorted(lease.resource for lease in world.ledger.timetable.leases(now)) == ["mails", "workbook 台账"]
    world.ledger.timetable.lease("workbook 台账", "serve 7", now, now + timedelta(minutes=10))
    with pytest.raises(HeldElsewhere), nobody_else(world.config, lambda: world, datetime(2026, 1, 5, 9), clock):
        raise AssertionError("serve is at work")


def test_a_mail_that_serve_is_sending_is_not_taken_for_one_whose_sender_died(tmp_path: Path) -> None:
    office = Office(tmp_path, "2026-01-05 08:01", SWEEP)
    begun: list[str] = []

    class Sending:
        """While serve sends a mail, somebody runs by hand."""

        never_twice = False

        def send(self, mail: Mail, about_to: Callable[[], bool]) -> str:
            assert about_to()
            with pytest.raises(HeldElsewhere):
                by_hand(office)
            begun.append(mail.subject)
            return "250"

        def lanes(self, _: int, /) -> list[object]:
            return [self]

        def close(self) -> None:
            """Nothing is open."""

    world = office.world
    tell_admin(world, "config over", datetime(2026, 1, 5, 8), "x")
    object.__setattr__(world, "channel", Sending())
    turn = Turn(
        world.config.automations["sweep"],
        world,
        datetime(2026, 1, 5, 8, 5),
        office.clock.now(),
        lambda resource: holding(world.ledger.timetable, resource, "serve 7", office.clock.now, "zh"),
    )

    assert post(turn, ()).sent == 1
    assert begun == ["表管家：新配置已生效"]
    assert [record.state for record in world.ledger.outbox(limit=10)] == ["sent"]


def test_two_runs_by_hand_do_not_meet_and_a_killed_one_leaves_nothing_held(tmp_path: Path) -> None:
    office = Office(tmp_path, "2026-01-05 08:01", SWEEP)
    world, now = office.world, office.clock.now()
    world.ledger.timetable.lease("mails", "run by hand 99999", now, now + timedelta(minutes=10))
    first = OneAtATime(tmp_path / "state" / "ledger.sqlite", datetime(2026, 1, 5, 8), "zh", BY_HAND, purpose="hand")
    with pytest.raises(RunsAlready) as refused:
        by_hand(office)
    first.release()

    assert str(refused.value) == (
        f"另一次手动运行（进程 {os.getpid()}，2026-01-05 08:00 启动）还没有结束，用的是同一份运行记录 ledger.sqlite；等它结束再试"
    )
    assert by_hand(office).receipt.written.written


def test_a_long_run_by_hand_holds_on_while_it_sends_and_writes_nothing_once_it_has_lost_its_hold(tmp_path: Path) -> None:
    office = Office(tmp_path, "2026-01-05 08:01", SWEEP)
    table, clock = office.world.ledger.timetable, office.clock
    with holding(table, "mails", "run by hand 1", clock.now, "zh") as held:
        for _ in range(3):
            clock.go(clock.now() + timedelta(minutes=9))
            held.check()
        clock.go(clock.now() + timedelta(minutes=11))
        with pytest.raises(LeaseLost):
            held.check()
