"""Random draws for made-up tables: words, moments, amounts, and the steps that follow one another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Columns = dict[str, Any]
"""Object arrays of texts (None is blank), datetime64[s], and float64 for numbers in whole SCALE units (NaN is blank)."""

NEVER = np.datetime64("NaT", "s")
DAY = np.timedelta64(86_400, "s")
BAD = 0.03
LOGISTICS, FINANCE = "YG-0006", "YG-0005"


@dataclass(frozen=True)
class Sizes:
    """How many rows each table has for n orders and n complaints."""

    orders: int
    complaints: int
    customers: int
    staff: int
    payments: int
    visits: int
    shipments: int

    @classmethod
    def of(cls, n: int) -> Sizes:
        return cls(n, n, max(20, n // 5), max(24, n // 200), n + n // 10, n - n // 10 + n // 5, n - n // 10)


class Draws:
    """Seeded draws, and the tables drawn so far that others refer to."""

    def __init__(self, sizes: Sizes, now: np.datetime64, rng: np.random.Generator) -> None:
        self.sizes, self.now, self.rng = sizes, now, rng
        self.orders_made: Columns = {}
        self.shipments_made: Columns = {}

    def pick(self, words: Any, count: int, weights: tuple[float, ...] = ()) -> Any:
        """Words at random; None is blank."""
        shares = np.array(weights) / sum(weights) if weights else None
        return np.array([*words, None], dtype=object)[self.rng.choice(len(words), count, p=shares)]

    def chance(self, share: float, count: int) -> Any:
        return self.rng.random(count) < share

    def ids(self, pattern: str, count: int, of: int) -> Any:
        return numbered(pattern, of)[self.rng.integers(0, of, count)]

    def past(self, count: int, days: int) -> Any:
        """Opening-hour moments of the last `days` days."""
        offsets = self.rng.integers(0, days, count) * 86_400
        midnight = self.now.astype("datetime64[D]").astype("datetime64[s]")
        moments = midnight - offsets.astype("timedelta64[s]") + self.rng.integers(8 * 60, 18 * 60, count).astype("timedelta64[m]")
        return np.where(moments > self.now, moments - DAY, moments)

    def after(self, start: Any, hours: float, goes_on: float = 0.998) -> Any:
        """A next step: some hours after `start`, blank when it has not come yet or the row stalled."""
        gap = (self.rng.exponential(hours, len(start)) * 60 + 5).astype("int64").astype("timedelta64[m]")
        there = start + gap
        return np.where((there <= self.now) & self.chance(goes_on, len(start)), there, NEVER)

    def written(self, where: Any, words: Any, share: float = 0.997) -> Any:
        """A text where a condition holds, forgotten in a few rows."""
        return np.where(where & self.chance(share, len(where)), self.pick(words, len(where)), None)

    def one_each(self, of: int, count: int) -> Any:
        """Every row of a table of `of` rows once in random order, then any again until there are `count`."""
        once = self.rng.permutation(of)[:count]
        return np.append(once, self.rng.integers(0, of, max(0, count - of)))

    def money(self, count: int, middle: float) -> Any:
        """Amounts in fen around `middle` yuan."""
        return np.rint(self.rng.lognormal(np.log(middle), 1.0, count) * 100)

    def mostly(self, keys: Any, stray: str) -> Any:
        return np.where(self.chance(BAD, len(keys)), stray, keys)

    def holes(self, numbers: Any) -> Any:
        return np.where(self.chance(BAD / 3, len(numbers)), np.nan, numbers)


def numbered(pattern: str, count: int) -> Any:
    """`count` keys from 0 on."""
    return np.array([pattern.format(number) for number in range(count)], dtype=object)
