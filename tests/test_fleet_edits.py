"""Edits of config/ while several workers work: in force whole or not at all, told once whoever reads them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from automations.branchfile import branch_of
from automations.config import load
from automations.edits import PATIENCE, Edits
from automations.fleet import Fleet
from automations.ledgers.connections import Connections
from automations.reloading import Reloader
from automations.serving import beginning
from automations.wiring import ledger_of
from automations.working import Built
from tests.fleet import laid_out
from tests.office import VirtualClock
from tests.postgres import Server
from tests.test_fleet import at

POLICY_FILE = "config/packs/care/policies/handling.yaml"


@dataclass
class Machine:
    """A worker without its threads: what it says, and what it does about edits."""

    root: Path
    node: str
    clock: VirtualClock
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.began = beginning(self.root)
        connections, built = Connections(self.began.config.settings.ledger), Built()
        self.fleet = Fleet(self.began.config, connections, self.clock.now, self._say, built)
        self.edits = Edits(self.fleet, Reloader(self.root, self._say, self.began.seen), connections, built, self.node)
        self.edits.begin(self.began)

    def _say(self, event: str, /, **_: object) -> None:
        self.said.append(event)

    def looks(self, times: int = 2) -> None:
        """An edit is read at the second look, when nobody saved in between."""
        for _ in range(times):
            self.edits.look()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(at("2026-09-29 07:30"))


@pytest.fixture
def root(tmp_path: Path, postgres: Server) -> Path:
    with closing(Connections(postgres.url)) as line:
        name = f"edits{postgres.schema()}"
        line.ledger("making")._database._open().execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    return laid_out(tmp_path / "fleet", 2, postgres.database(name))


@pytest.fixture
def machines(root: Path, clock: VirtualClock) -> Iterator[list[Machine]]:
    found = [Machine(root, node, clock) for node in ("a", "b")]
    yield found
    for each in found:
        each.fleet.close()


def edit(file: Path, was: str, becomes: str) -> None:
    text = file.read_text("utf-8")
    assert was in text
    file.write_text(text.replace(was, becomes), "utf-8")


def letters_to_the_admin(root: Path) -> list[str]:
    with closing(ledger_of(branch_of(load(root), "b000"), looking=True)) as ledger:
        return [each.mail.subject for each in reversed(ledger.outbox()) if each.mail.to == "admin@example.com"]


def swept(machine: Machine) -> set[str]:
    """The versions under which a machine does all that waits."""
    versions = set()
    for number, errand in enumerate(machine.fleet.look().due):
        assert machine.fleet.execute(errand.branch, errand.automation, errand.due, number) == "done"
        with closing(ledger_of(branch_of(machine.began.config, errand.branch), looking=True)) as ledger:
            versions.add(ledger.runs()[0].config_hash)
    return versions


def test_a_good_edit_comes_into_force_in_every_worker_from_the_next_slot_on(
    root: Path, machines: list[Machine], clock: VirtualClock
) -> None:
    first, second = machines
    first.fleet.look()
    edit(root / POLICY_FILE, "2000-01-01: 1", "2000-01-01: 2")
    edit(root / "config/automations/sweep.yaml", "08:00 and 20:00", "09:00 and 21:00")
    for each in machines:
        each.looks()
    clock.go(at("2026-09-29 08:01"))
    before = second.fleet.look().due
    clock.go(at("2026-09-29 15:01"))

    assert before == ()
    assert swept(second) == {load(root).hash} == {first.fleet.config.hash}
    assert letters_to_the_admin(root) == []


def test_an_edit_with_a_fault_stays_out_of_force_in_every_worker_and_the_admin_is_told_once(
    root: Path, machines: list[Machine], clock: VirtualClock
) -> None:
    was = load(root).hash
    machines[0].fleet.look()
    edit(root / POLICY_FILE, "2000-01-01: 1", "2000-01-01: one")
    for each in machines:
        each.looks(4)
    clock.go(at("2026-09-29 08:01"))
    restarted = Machine(root, "b", clock)
    told, versions = said_by(machines), swept(restarted)
    edit(root / POLICY_FILE, "2000-01-01: one", "2000-01-01: 2")
    for each in (*machines, restarted):
        each.looks(4)
    restarted.fleet.close()

    assert told == [["configuration refused"], ["configuration refused"]]
    assert restarted.said[0] == "configuration refused"
    assert versions == {was}
    assert letters_to_the_admin(root) == ["表管家：配置有错，仍按上一版运行", "表管家：新配置已生效"]
    assert {each.fleet.config.hash for each in (*machines, restarted)} == {load(root).hash}


def said_by(machines: list[Machine]) -> list[list[str]]:
    return [[event for event in each.said if event.startswith("configuration")] for each in machines]


def test_workers_restart_under_the_last_good_configuration_though_the_settings_have_a_fault(
    root: Path, machines: list[Machine], clock: VirtualClock
) -> None:
    was = machines[0].fleet.config.hash
    edit(root / "config/settings.yaml", "packs:", "pakcs:")
    again = [Machine(root, node, clock) for node in ("a", "b")]
    for each in again:
        each.fleet.close()

    assert {each.fleet.config.hash for each in again} == {was}
    assert len(list((root / "state" / "config").iterdir())) == 1


def test_a_machine_whose_files_stay_other_than_those_in_force_is_told_to_the_admin_once(
    root: Path, machines: list[Machine], clock: VirtualClock
) -> None:
    first, second = machines
    shutil.copytree(root, root.with_name("other"))
    edit(root / POLICY_FILE, "2000-01-01: 1", "2000-01-01: 2")
    first.looks()
    forgotten = replace(second.edits, reloader=Reloader(root.with_name("other"), second._say, second.began.seen))
    for _ in range(2 * PATIENCE):
        forgotten.look()

    assert letters_to_the_admin(root) == ["表管家：各台机器的配置不一样"]
    assert second.said == ["another configuration is in force"]
    second.looks()
    assert second.fleet.config.hash == first.fleet.config.hash
