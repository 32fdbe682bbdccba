"""Values of ours that stand in other rows because people moved cells: told from values that a person typed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from typing import TypeVar

Place = TypeVar("Place", bound=Hashable)


def moved(held: Mapping[Place, Hashable], ours: Mapping[Place, Hashable]) -> set[Place]:
    """The places of one column whose values only changed places among each other, as sorting some columns and not ours does.

    `held` is what stands where we wrote something else, `ours` what we wrote there. One value typed over is no exchange, so that
    a person's decision is never taken for one: only if the same values, as often, are found again, all of them are ours.
    """
    alike = len(held) > 1 and Counter(held.values()) == Counter(ours.get(place) for place in held)
    return set(held) if alike else set()
