"""The world of each lane: its own ledger connection and channel, made anew when another configuration comes into force."""

from __future__ import annotations

from collections.abc import Callable

from automations.config import Config
from automations.run import World


class Worlds:
    """Worlds by lane. A lane asks from its own thread only: what SQLite opens in a thread stays in it."""

    def __init__(self, config: Config, build: Callable[[Config], World]) -> None:
        self.config = config
        self._build = build
        self._built: dict[str, World] = {}

    def __call__(self, lane: str) -> World:
        """The world of a lane under the configuration in force."""
        known, config = self._built.get(lane), self.config
        if known is None or known.config is not config:
            self.close(lane)
            known = self._built[lane] = self._build(config)
        return known

    def close(self, lane: str) -> None:
        """Let go of what a lane has open."""
        if known := self._built.pop(lane, None):
            known.channel.close()
            known.ledger.close()
