"""Values of ours that stand in other rows because people moved cells: told from values that a person typed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from typing import TypeVar

Place = TypeVar("Place", bound=Hashable)

AMONG = 5
"""One value in so many may be none of those that stood there before: somebody typed it in the same minutes in which cells were moved."""


def moved(held: Mapping[Place, Hashable], seen: Mapping[Place, Hashable]) -> set[Place]:
    """The places of one column whose values only changed places among each other, as sorting some columns and not ours does.

    `held` is what stands in the whole column now (None where it is blank), `seen` what was last known to stand there, whoever put it
    there; a place nothing is known of was blank, as in a row that is new. Blanks change places like values: rows of which we know
    nothing yet are sorted with the others. One value typed over is no exchange, so that a person's decision is never taken for one.
    """
    strange = {place: value for place, value in held.items() if value != seen.get(place)}
    before = Counter(seen.get(place) for place in strange)
    typed = (Counter(strange.values()) - before).total()
    if len(strange) < 2 or typed * AMONG > len(strange):
        return set()
    return {place for place, value in strange.items() if value in before}
