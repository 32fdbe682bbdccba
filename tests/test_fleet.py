"""Many workbooks and several workers: nothing lost, nothing twice; and the same as one machine would have done."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import openpyxl
import pytest

import runner
from automations.branchfile import branch_of
from automations.config import load
from automations.engines.workers import NoThreads
from automations.errors import LedgerFailed
from automations.fleet import Fleet
from automations.ledgerdoctor import ledger_lines
from automations.ledgers.connections import Connections
from automations.moving import move
from automations.serving import OnServer, serve, service, status
from automations.wiring import ledger_of
from automations.working import Built, NoServer, refuse_a_file, standings
from tests.fleet import ROOT, ZONE, came_of_it, faulty_day, first_sweep, laid_out, workers
from tests.office import VirtualClock
from tests.postgres import Server, running

MOMENTS = ("2026-09-29 07:30", "2026-09-29 08:01", "2026-09-29 14:00", "2026-09-29 14:05", "2026-09-30 07:59", "2026-09-30 20:01")
EVENTFUL = (*MOMENTS[:-1], "2026-09-30 14:00", MOMENTS[-1], "2026-10-01 08:01")
HOLDING = "brakes: { mails_per_run: 0 }\n"
Meanwhile = Callable[[Path, str, str], None]
"""What people do before a moment is looked at: the project, the branch, the moment."""


def nothing(_root: Path, _branch: str, _moment: str) -> None:
    """Nobody does anything."""


def faults_and_commands(root: Path, branch: str, moment: str) -> None:
    """Somebody has the workbook open at two o'clock; the first mail that a brake held is released, the second dropped."""
    mark = root / "books" / "~$b000.xlsx"
    if moment == "2026-09-29 14:00":
        mark.write_bytes(b"\x04wang")
    elif moment == "2026-09-29 14:05":
        mark.unlink()
    elif moment == "2026-09-30 14:00":
        assert said_to_outbox(root, branch, moment, "release", "--all-held") == 0
    elif moment == "2026-10-01 08:01":
        with closing(ledger_of(branch_of(load(root), branch))) as ledger:
            (held,) = ledger.outbox(["held"])
        assert said_to_outbox(root, branch, moment, "drop", held.mail.message_id) == 0


def said_to_outbox(root: Path, branch: str, moment: str, *words: str) -> int:
    named = ["--branch", branch] if branch else []
    return runner.main(["outbox", *words, "--why", "seen", "--by", "li", "--now", moment, *named, "--root", str(root)])


def test_ten_workbooks_come_through_killed_workers_and_a_killed_database(tmp_path: Path) -> None:
    with running() as server:
        config = load(laid_out(tmp_path / "fleet", 10, server.url))
        with workers(config.root, 2) as found:
            first_sweep(found, config, 600)
            _, killed = faulty_day(found, config, server, Random(4), 2)
            said = standings(config, datetime(2026, 9, 29, 12, 5, tzinfo=ZoneInfo("UTC")))
            found.stop()

            assert came_of_it(found, config) == []
        assert (killed, len(said.branches), said.late) == (2, 10, {})


def history_by_one_machine(root: Path, moments: Sequence[str] = MOMENTS, meanwhile: Meanwhile = nothing) -> Mapping[str, object]:
    """The moments one after another under `serve`."""
    clock = VirtualClock(at(MOMENTS[0]))
    running_service = service(root, clock, lambda _: None, workers=NoThreads())
    running_service.engine.start()
    for moment in moments:
        clock.go(at(moment))
        meanwhile(root, "", moment)
        running_service.engine.tick()
    running_service.engine.stop()
    running_service.close()
    return left(root, "")


def history_by_workers(root: Path, branch: str, moments: Sequence[str] = MOMENTS, meanwhile: Meanwhile = nothing) -> Mapping[str, object]:
    """The same moments by two workers in turn; what one queued twice the other finds done."""
    config, clock = load(root), VirtualClock(at(MOMENTS[0]))
    both = [Fleet(config, Connections(config.settings.ledger), clock.now, lambda *_, **__: None, Built()) for _ in range(2)]
    job = 0
    for moment in moments:
        clock.go(at(moment))
        meanwhile(root, branch, moment)
        due = [errand for fleet in both for errand in fleet.look().due]
        for errand in due:
            job += 1
            both[job % 2].execute(errand.branch, errand.automation, errand.due, job)
    for fleet in both:
        fleet.close()
    return left(root, branch)


def at(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=ZONE).astimezone(ZoneInfo("UTC"))


def left(root: Path, branch: str) -> Mapping[str, object]:
    """Everything that is left: cells, letters, slots, runs, the journal."""
    config = branch_of(load(root), branch)
    cells = list(openpyxl.load_workbook(root / config.settings.workbook.path).worksheets[0].iter_rows(values_only=True))
    with closing(ledger_of(config, looking=True)) as ledger:
        slots = [(slot.due, slot.state, slot.attempts) for slot in ledger.timetable.slots()]
        mails = [(each.state, each.mail.to, each.mail.subject, each.mail.text) for each in ledger.outbox()]
        runs = [(run.id, run.state, run.counts, ledger.changes_of(run.id)) for run in ledger.runs()]
    return {"cells": cells, "slots": slots, "mails": mails, "runs": runs}


def test_one_history_of_faults_and_commands_by_one_machine_and_by_workers_leaves_the_same(tmp_path: Path, postgres: Server) -> None:
    postgres_url = postgres.database("histories")
    with closing(Connections(postgres.url)) as line:
        line.ledger("making")._database._open().execute("CREATE DATABASE histories")
    roots = {
        "one machine, a file": one_book(tmp_path / "a", "state/ledger.sqlite"),
        "one machine, a server": one_book(tmp_path / "b", postgres_url),
        "workers": laid_out(tmp_path / "c", 1, postgres_url),
    }
    for root in roots.values():
        settings = root / "config/settings.yaml"
        settings.write_text(settings.read_text("utf-8") + HOLDING, "utf-8")
    by = {name: history_by_one_machine(root, EVENTFUL, faults_and_commands) for name, root in roots.items() if name != "workers"}
    by["workers"] = history_by_workers(roots["workers"], "b000", EVENTFUL, faults_and_commands)

    first = by["one machine, a file"]
    mails: list[tuple[str, str, str, str]] = list(first["mails"])  # type: ignore[call-overload]
    assert sorted((state, to) for state, to, _, _ in mails) == [
        ("dropped", "b000@example.com"),
        ("sent", "admin@example.com"),
        ("sent", "admin@example.com"),
        ("sent", "b000@example.com"),
    ]
    assert [attempts for _, _, attempts in reversed(first["slots"])] == [1, 2, 1, 1, 1, 1, 1]  # type: ignore[call-overload]
    for name, found in by.items():
        assert found == first, name


def one_book(root: Path, ledger: str) -> Path:
    """The same project with the same workbook, and no branches."""
    laid_out(root, 1, ledger)
    (root / "config/branches/all.yaml").unlink()
    settings = root / "config/settings.yaml"
    settings.write_text(settings.read_text("utf-8") + "workbook: { path: books/b000.xlsx }\nmail: { path: outbox/b000 }\n", "utf-8")
    return root


def test_a_worker_that_wakes_up_after_its_slot_was_given_to_another_finds_nothing_its_own(tmp_path: Path, postgres: Server) -> None:
    config, clock = load(laid_out(tmp_path, 1, f"{postgres.url}?application_name=asleep")), VirtualClock(at(MOMENTS[0]))
    fleet = Fleet(config, Connections(config.settings.ledger), clock.now, lambda *_, **__: None, Built())
    with closing(fleet):
        fleet.look()
        clock.go(at(MOMENTS[1]))
        (errand,) = fleet.look().due
        with closing(ledger_of(branch_of(config, "b000"))) as ledger:
            table = ledger.timetable
            assert table.take(errand.automation, "books/b000.xlsx", errand.due, "job 7 asleep", clock.now())
            held = table.lease("workbook books/b000.xlsx", "job 7 asleep", clock.now(), at("2026-09-29 09:00"))
            (dead,) = fleet.look().in_hand

            assert held and fleet.free(dead)
            assert fleet.execute("b000", errand.automation, errand.due, 8) == "done"
            assert not table.holds(held, clock.now())
            assert not fleet.free(dead)
            assert fleet.execute("b000", errand.automation, errand.due, 9) == "not mine"


def test_a_ledger_moves_from_one_machine_to_the_workers_and_nobody_is_told_again(tmp_path: Path, postgres: Server) -> None:
    root = one_book(tmp_path / "one", "state/ledger.sqlite")
    told = history_by_one_machine(root)["mails"]
    move(load(root), "", "export", tmp_path / "moved.sqlite")
    with closing(Connections(postgres.url)) as line:
        line.ledger("making")._database._open().execute("CREATE DATABASE moving")
    settings = root / "config/settings.yaml"
    settings.write_text(settings.read_text("utf-8").replace("state/ledger.sqlite", postgres.database("moving")), "utf-8")

    said = move(load(root), "", "import", tmp_path / "moved.sqlite").text()
    with pytest.raises(LedgerFailed, match="the ledger to be filled is not empty"):
        move(load(root), "", "import", tmp_path / "moved.sqlite")

    assert said.splitlines()[-1] == f"已从 {tmp_path / 'moved.sqlite'} 导入，两边逐表核对一致。原来的安装不要再运行"
    assert history_by_workers(root, "")["mails"] == told


def test_serve_and_worker_each_say_when_the_other_is_meant(tmp_path: Path, postgres: Server) -> None:
    with pytest.raises(NoServer) as no_server:
        refuse_a_file(load(one_book(tmp_path / "file", "state/ledger.sqlite")))
    with pytest.raises(OnServer) as on_server:
        serve(one_book(tmp_path / "server", f"{postgres.url}?application_name=serve"), lambda: at(MOMENTS[0]), lambda _: None)

    assert str(no_server.value) == (
        "worker 需要放在服务器上的运行记录：在 config/settings.yaml 写 ledger: postgresql://用户@主机/数据库；只用一台机器时用 serve"
    )
    assert str(on_server.value) == "运行记录放在服务器上，由 worker 一起处理：请改用 runner.py worker"


WITHOUT = "import sys; sys.modules.update(dict.fromkeys({gone!r})); import runner; sys.exit(runner.main({words!r}))"


@pytest.mark.parametrize(
    ("gone", "ledger", "said"),
    [
        ("procrastinate", "state/ledger.sqlite", "缺少软件包 procrastinate：多台机器一起运行要先安装 pip install 'rowkeeper[fleet]'"),
        (
            "psycopg",
            "postgresql://db.example.com/rowkeeper",
            "缺少软件包 psycopg：多台机器一起运行要先安装 pip install 'rowkeeper[fleet]'",
        ),
    ],
)
def test_a_worker_without_the_extra_packages_says_what_to_install(tmp_path: Path, gone: str, ledger: str, said: str) -> None:
    root = laid_out(tmp_path, 1, ledger)
    code = WITHOUT.format(gone=[gone], words=["fleet", "--root", str(root)])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)

    assert (done.returncode, done.stdout, done.stderr.strip()) == (5, "", said)


def test_one_of_several_workbooks_is_made_looked_at_and_asked_for_its_status_by_its_branch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = laid_out(tmp_path, 2, "state/ledger.sqlite")
    (root / "books/b001.xlsx").unlink()

    def said(*words: str) -> str:
        runner.main([*words, "--root", str(root)])
        return capsys.readouterr().out

    plan, made = said("init", "--branch", "b001"), said("init", "--branch", "b001", "--yes")
    assert plan.splitlines()[0] == "将新建工作簿 books/b001.xlsx："
    assert plan.splitlines()[-1] == "什么都还没有写。执行：runner.py init --branch b001 --yes"
    assert made.splitlines()[-1] == "接下来：runner.py plan --branch b001"
    assert "工作簿 books/b001.xlsx：1 个工作表" in said("doctor", "--branch", "b001", "--now", MOMENTS[1])
    said("run", "--branch", "b001", "--now", MOMENTS[1])
    assert "state/b001/ledger.sqlite：完好" in said("doctor", "--branch", "b001", "--now", MOMENTS[1])
    assert said("status", "--branch", "b001", "--now", MOMENTS[1]).startswith("serve 没有在运行")
    assert runner.main(["status", "--branch", "b01", "--root", str(root)]) == 3


def test_the_status_of_a_workbook_on_a_server_points_to_the_fleet(tmp_path: Path, postgres: Server) -> None:
    root = laid_out(tmp_path, 1, f"{postgres.url}?application_name=status")

    assert status(root, lambda _: datetime(2026, 9, 29, 8), "b000").text().splitlines()[0] == (
        "由 worker 处理；全部工作簿和 worker：runner.py fleet"
    )


def test_doctor_says_whether_the_server_answers_and_makes_nothing(tmp_path: Path, postgres: Server) -> None:
    root = one_book(tmp_path / "there", f"{postgres.url}?application_name=doctor")
    away = one_book(tmp_path / "away", "postgresql://someone@127.0.0.1:1/rowkeeper")

    said = [line.what["zh"] for line in ledger_lines(load(root), None, datetime(2026, 9, 29, 8))]
    lacks = [(line.state, line.what["zh"]) for line in ledger_lines(load(away), None, datetime(2026, 9, 29, 8))]

    assert said[0] == f"运行记录 {postgres.url}?application_name=doctor：可以连接"
    assert lacks[0][0] == "failed"
    assert lacks[0][1].startswith("ledger postgresql://127.0.0.1:1/rowkeeper, schema rowkeeper, cannot be reached (")
