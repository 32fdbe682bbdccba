"""Copies of ledger and workbook: made once a day before the first write, dropped when old, brought back beside what is in use."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from automations.backups import BackupUnusable, backup, backup_now, backups, drop_old, folder_of
from automations.byhand import run_by_hand
from automations.errors import WorkbookBusy
from automations.ledgers.sqlite import SqliteLedger
from automations.run import World
from tests.office import Office, automation
from tests.test_serve import Shut

NIGHT = {"backup": automation("backup", "every day at 02:30", "backup"), "sweep": automation("sweep", "every hour")}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path, "2026-01-05 08:30", NIGHT)
    yield made
    made.off()


def world(office: Office) -> World:
    assert office.service
    return office.service.engine.worlds("watch")


def kept(office: Office) -> list[str]:
    return [each.path.name for each in backups(folder_of(world(office).config))]


def test_the_workbook_is_copied_once_a_day_before_the_first_write_and_both_at_night(office: Office) -> None:
    office.until("2026-01-05 11:00")
    first = kept(office)
    office.until("2026-01-06 03:00")

    assert first == ["workbook.20260105-090000.json.gz"]
    assert kept(office) == [
        "workbook.20260106-023000.json.gz",
        "ledger.20260106-023000.sqlite",
        "workbook.20260106-000000.json.gz",
        "workbook.20260105-090000.json.gz",
    ]
    with gzip.open(folder_of(world(office).config) / first[0], "rt", encoding="utf-8") as copy:
        assert '"TS-1"' in copy.read()


def test_old_copies_go_but_never_the_newest(office: Office) -> None:
    now = datetime(2026, 1, 5, 12)
    for day in range(6):
        backup_now(world(office), now + timedelta(days=day))

    folder = folder_of(world(office).config)
    assert drop_old(folder, now + timedelta(days=40), 30, 2) == 8
    assert kept(office) == [
        f"{kind}.202601{day}-120000.{end}" for day in ("10", "09") for kind, end in (("workbook", "json.gz"), ("ledger", "sqlite"))
    ]
    assert len(list(folder.iterdir())) == 6


def test_a_copy_is_brought_back_beside_what_is_in_use(office: Office) -> None:
    made = backup_now(world(office), datetime(2026, 1, 5, 12))
    before = office.book.fingerprint()
    ledger, book = (backup(world(office), "beside", file.name, datetime(2026, 1, 5, 13)) for file in made.files)

    assert '"TS-1"' in Path(book.files[0]).read_text(encoding="utf-8")
    SqliteLedger(Path(ledger.files[0])).close()
    assert office.book.fingerprint() == before
    assert ledger.text().startswith("已把这份运行记录放在 ")


def test_a_damaged_or_unknown_copy_is_refused(office: Office) -> None:
    _, book = backup_now(world(office), datetime(2026, 1, 5, 12)).files
    book.write_bytes(gzip.compress(b"something else"))
    said = []
    for name in (book.name, "workbook.gz"):
        with pytest.raises(BackupUnusable) as refused:
            backup(world(office), "beside", name, datetime(2026, 1, 5, 13))
        said.append(str(refused.value))

    assert said == [
        "备份 workbook.20260105-120000.json.gz 已损坏：内容与它的校验值不符",
        "没有名为 workbook.gz 的备份；runner.py backup list 列出全部",
    ]


def test_a_run_by_hand_copies_the_workbook_too_before_the_first_write_of_the_day(office: Office) -> None:
    run_by_hand(world(office), datetime(2026, 1, 5, 8, 40), office.clock.now)
    run_by_hand(world(office), datetime(2026, 1, 5, 8, 50), office.clock.now)

    assert kept(office) == ["workbook.20260105-084000.json.gz"]
    with gzip.open(folder_of(world(office).config) / kept(office)[0], "rt", encoding="utf-8") as copy:
        assert "进行中" not in copy.read()
    assert office.book.cell("complaints", "状态", "TS-1") == "进行中"


def test_a_workbook_that_cannot_be_read_is_told_as_every_run_tells_it_and_leaves_no_copy(office: Office) -> None:
    with Shut(office), pytest.raises(WorkbookBusy):
        run_by_hand(world(office), datetime(2026, 1, 5, 8, 40), office.clock.now)

    assert kept(office) == []
