"""Exact points in a run of calls at which somebody else acts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

Act = Callable[[], object]
POINTS = ("before", "within", "after")


@dataclass
class Moments:
    """Acts by call: before it is carried out, after its write and before its answer is read (`within`), after it was answered."""

    acts: dict[tuple[str, int], list[Act]] = field(default_factory=lambda: defaultdict(list))

    def before(self, call: int, act: Act) -> None:
        self.acts["before", call].append(act)

    def within(self, call: int, act: Act) -> None:
        self.acts["within", call].append(act)

    def after(self, call: int, act: Act) -> None:
        self.acts["after", call].append(act)

    def come(self, point: str, call: int) -> None:
        """The moment is here: everybody acts, once."""
        for act in self.acts.pop((point, call), []):
            act()
