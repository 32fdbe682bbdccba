"""The lanes of one machine: a thread for each, or none at all where time is simulated."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

from automations.engines.protocol import Work


class ThreadLanes:
    """A thread per lane, so that a long run in one never delays another. What a lane opens, it opens in its own thread."""

    def __init__(self) -> None:
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._last: dict[str, Future[None]] = {}

    def free(self, lane: str) -> bool:
        return lane not in self._last or self._last[lane].done()

    def begin(self, lane: str, work: Work) -> None:
        pool = self._pools.setdefault(lane, ThreadPoolExecutor(max_workers=1, thread_name_prefix=lane))
        self._last[lane] = pool.submit(work)

    def finish(self) -> None:
        for pool in self._pools.values():
            pool.shutdown(wait=True)


class NoThreads:
    """Everything at once and in order, in the caller's thread: for simulations and tests."""

    def free(self, lane: str) -> bool:
        return bool(lane)

    def begin(self, lane: str, work: Work) -> None:  # noqa: ARG002 - there is only one thread
        work()

    def finish(self) -> None:
        """Nothing is open."""
