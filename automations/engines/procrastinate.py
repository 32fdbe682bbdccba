"""Several workers on several machines: Procrastinate on PostgreSQL hands out slots, one at a time per workbook and lane."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import procrastinate
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.schema import SchemaManager
from psycopg import Error
from psycopg.conninfo import make_conninfo

from automations.deed import LANES
from automations.errors import OutsideFailed
from automations.fleet import Errand, Fleet
from automations.ledgers.server import SETTINGS, connect

SCHEMA, PLANNING = "rowkeeper_queue", "planning"
"""Where Procrastinate keeps its tables, and the queue of looking what is due, which no long run holds up."""
AGAIN = 5.0
"""Seconds until a worker whose database went away tries again."""


@dataclass(frozen=True)
class Rhythm:
    """How often is looked, in seconds, and when a worker that says nothing counts as gone."""

    look: int = 10
    heartbeat: float = 10.0
    gone: float = 40.0


class ProcrastinateEngine:
    """A worker: it looks what is due when it is its turn, and does one slot after another."""

    def __init__(
        self,
        fleet: Fleet,
        url: str,
        lanes: Collection[str] = LANES,
        rhythm: Rhythm | None = None,
        edits: Callable[[], None] = lambda: None,
    ) -> None:
        self.fleet, self.url, self.lanes, self.rhythm, self.edits = fleet, url, tuple(lanes), rhythm or Rhythm(), edits
        self._tasks: list[asyncio.Task[Any]] = []
        self._stopping = False

    def serve(self) -> None:
        """Work until SIGTERM or Ctrl-C, which let a slot that is under way end; a database that goes away is waited for."""
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, self.stop)
        while not self._stopping:
            try:
                await asyncio.to_thread(prepare, self.url)
                await self._work()
            except (ConnectorException, Error, OutsideFailed, OSError) as fault:
                self.fleet.say("database away", why=_said(fault), again_in=AGAIN)
                await self._pause()

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopping = True
        for task in self._tasks:
            task.cancel()

    async def _pause(self) -> None:
        self._tasks = [asyncio.ensure_future(asyncio.sleep(AGAIN))]
        await asyncio.wait(self._tasks)

    async def _work(self) -> None:
        app = self._app()
        async with app.open_async():
            work = [self._worker(app, (PLANNING,)), self._worker(app, self.lanes), self._look_at_configuration()]
            self._tasks = [asyncio.ensure_future(each) for each in work]
            done, rest = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in rest:
                task.cancel()
            ended = await asyncio.gather(*done, *rest, return_exceptions=True)
        for fault in ended:
            if isinstance(fault, Exception):
                raise fault

    async def _look_at_configuration(self) -> None:
        while True:
            await asyncio.sleep(self.rhythm.look)
            await asyncio.to_thread(self.edits)

    async def _worker(self, app: procrastinate.App, queues: tuple[str, ...]) -> None:
        await app.run_worker_async(
            queues=list(queues),
            concurrency=1,
            delete_jobs="always",
            install_signal_handlers=False,
            fetch_job_polling_interval=self.rhythm.look,
            update_heartbeat_interval=self.rhythm.heartbeat,
            stalled_worker_timeout=self.rhythm.gone,
        )

    def _app(self) -> procrastinate.App:
        words: dict[str, Any] = {**SETTINGS, "options": f"-c search_path={SCHEMA} {SETTINGS['options']}"}
        where = make_conninfo(self.url, **words)
        app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=where, min_size=1, max_size=6))
        cron = f"* * * * * */{self.rhythm.look}"

        @app.periodic(cron=cron)
        @app.task(name="look", queue=PLANNING, lock="look", queueing_lock="look")
        async def look(timestamp: int) -> None:  # noqa: ARG001 - what is due is a question of the ledger, not of the tick
            await self._look(app)

        @app.periodic(cron=cron)
        @app.task(name="rescue", queue=PLANNING, queueing_lock="rescue")
        async def rescue(timestamp: int) -> None:  # noqa: ARG001
            await self._rescue(app)

        @app.task(name="run", pass_context=True)
        def run(context: procrastinate.JobContext, branch: str, automation: str, due: str) -> str:
            assert context.job.id is not None
            return self.fleet.execute(branch, automation, datetime.fromisoformat(due), context.job.id)

        return app

    async def _look(self, app: procrastinate.App) -> None:
        """Note what has come, take up what dead workers had in hand, and queue what waits."""
        found = await asyncio.to_thread(self.fleet.look)
        jobs = {job.id: job for job in await app.job_manager.list_jobs_async(task="run")}
        gone = {job.id for job in await self._stalled(app)}
        for slot in found.in_hand:
            job = jobs.get(slot.job)
            if job is None or job.status != Status.DOING.value or slot.job in gone:
                await asyncio.to_thread(self.fleet.free, slot)
        queued = {job.queueing_lock for job in jobs.values() if job.status == Status.TODO.value}
        for errand in found.due:
            if errand.name not in queued:
                await self._queue(app, errand)

    async def _queue(self, app: procrastinate.App, errand: Errand) -> None:
        task = app.configure_task("run", queue=errand.lane, lock=f"{errand.branch}/{errand.lane}", queueing_lock=errand.name)
        try:
            await task.defer_async(branch=errand.branch, automation=errand.automation, due=errand.due.isoformat())
        except AlreadyEnqueued:
            return

    async def _rescue(self, app: procrastinate.App) -> None:
        """Jobs of workers that are gone end, so that their locks are free; their slots are offered anew by the next look."""
        for job in await self._stalled(app):
            assert job.id is not None
            self.fleet.say("worker gone", job=job.id, task=job.task_name)
            await app.job_manager.finish_job_by_id_async(job.id, Status.FAILED, delete_job=True)

    async def _stalled(self, app: procrastinate.App) -> list[Job]:
        return list(await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=self.rhythm.gone))


def prepare(url: str) -> None:
    """Make Procrastinate's tables where there are none; of workers that start at once one does it."""
    with closing(connect(url)) as line, line.transaction():
        line.execute("SELECT pg_advisory_xact_lock(%s)", (0x524F574B,))
        line.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        line.execute(f"SET LOCAL search_path = {SCHEMA}")
        if line.execute("SELECT to_regclass('procrastinate_jobs') IS NULL").fetchall()[0][0]:
            line.execute(SchemaManager.get_schema())


def _said(fault: BaseException) -> str:
    """A fault in one line, with the one that brought it about: Procrastinate's own says only that there was one."""
    cause = fault.__cause__
    said = " ".join(str(cause or fault).split())
    return f"{type(cause or fault).__name__}: {said}"
