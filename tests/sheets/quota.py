"""Calls per minute by project and by user, on the clock of the test."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field

from tests.sheets.refusals import exhausted

MINUTE = 60.0


@dataclass
class Quota:
    """Limits in any 60 seconds, as Google has them today; a sliding window, the strictest way to read `per minute`."""

    per_user: int = 60
    per_project: int = 300
    _times: dict[tuple[str, str, str], deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def charge(self, kind: str, project: str, email: str, now: float) -> None:
        """Count one read or write, or refuse it; a refused one is not counted."""
        name = kind.capitalize()
        checks = [(("user", kind, project + email), self.per_user, "per user"), (("project", kind, project), self.per_project, "")]
        for key, limit, scope in checks:
            times = self._times[key]
            while times and times[0] <= now - MINUTE:
                times.popleft()
            if len(times) >= limit:
                raise exhausted(name, scope, limit, project)
        for key, _, _ in checks:
            self._times[key].append(now)
