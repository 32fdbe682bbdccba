"""Edits of the configuration as a worker takes them up: in force whole from the next slot on, or not at all and the admin told once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace

from automations.branchfile import branch_of
from automations.config import Config
from automations.executing import local
from automations.fleet import Build, Fleet
from automations.ledgers.connections import Connections
from automations.ledgers.postgres import PostgresLedger
from automations.reloading import Reloader, accept, refuse, texts_of
from automations.run import World
from automations.serving import Beginning
from automations.toolmail import tell_admin
from automations.versions import IN_FORCE
from automations.wiring import schema_of

PATIENCE = 12
"""Looks for which a worker may have another version than the one in force: the others read the same edit a moment earlier or later."""


@dataclass(eq=False)
class Edits:
    """What a worker does about its configuration.

    The versions stand in the ledger of the whole, the mails to the admin in that of the first branch, which sends them.
    Workers that read the same edit share both: it is kept once and told once.
    """

    fleet: Fleet
    reloader: Reloader
    connections: Connections
    build: Build
    node: str
    _apart: int = 0

    def begin(self, began: Beginning) -> None:
        """Note the version in force, or that an edit with faults is not."""
        if began.faults:
            with self._speaking() as world:
                refuse(world, began.faults, self.fleet.clock(), self.fleet.say)
        else:
            with self._versions() as kept:
                accept(began.config, texts_of(began.config.root), kept, local(self.fleet.clock(), began.config))
            self._together()

    def look(self) -> None:
        """Read an edit if there is one. Whatever it does, the present configuration stays until a whole one is read."""
        try:
            if self.reloader.changed():
                self._read()
            self._compare()
        except Exception as fault:  # the next look tries again
            self.fleet.say("configuration not read", why=f"{type(fault).__name__}: {fault}")

    def _read(self) -> None:
        with self._speaking() as world, self._versions() as kept:
            config = self.reloader(world, self.fleet.clock(), kept)
        if config is None:
            return
        if config.settings.ledger != self.connections.url:
            self.fleet.say("restart this worker", why="the settings name another ledger", in_force=self.fleet.config.hash[:8])
            return
        self.fleet.take_over(config)
        self.fleet.say("configuration in force", version=config.hash[:8], workbooks=len(self.fleet.branches))

    def _compare(self) -> None:
        """Say when this machine's files stay other than those in force: two sets of rules would take turns in the same cells."""
        own = self.fleet.config.hash
        with self._versions() as kept:
            there = kept.meta(IN_FORCE) or own
        if there == own and self._apart >= PATIENCE:
            self._together()
        self._apart = 0 if there == own else self._apart + 1
        if self._apart == PATIENCE:
            self._tell_apart({"node": self.node, "own": own[:8], "there": there[:8]})

    @property
    def _trouble(self) -> str:
        return f"configuration of {self.node}"

    def _together(self) -> None:
        with self._speaking() as world:
            world.ledger.timetable.over(self._trouble)

    def _tell_apart(self, facts: dict[str, str]) -> None:
        self.fleet.say("another configuration is in force", **facts)
        with self._speaking() as world:
            now, table = self.fleet.clock(), world.ledger.timetable
            trouble = table.trouble(self._trouble, now, "{own} here, {there} in force".format(**facts))
            if table.tell(self._trouble):
                tell_admin(world, "config apart", local(now, world.config), f"{self.node} {trouble.since.isoformat()}", **facts)

    @contextmanager
    def _versions(self) -> Iterator[PostgresLedger]:
        with closing(self.connections.ledger(schema_of(""))) as ledger:
            yield ledger

    @contextmanager
    def _speaking(self) -> Iterator[World]:
        """A world to tell the admin of the whole from: the first branch, since each branch sends its own mails."""
        whole = self.fleet.config
        with closing(self.connections.ledger(schema_of(self._first(whole)))) as ledger:
            yield self.build(_told_as_whole(whole, self._first(whole)), ledger)

    @staticmethod
    def _first(config: Config) -> str:
        return next(iter(config.branches), "")


def _told_as_whole(whole: Config, branch: str) -> Config:
    """A branch whose mails about the tool go to the admin of settings.yaml."""
    one = branch_of(whole, branch)
    return replace(one, settings=one.settings.model_copy(update={"admin": whole.settings.admin}))
