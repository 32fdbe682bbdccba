"""Values that stand already where we would write them, in rows the ledger does not know: from now on they count as ours.

A key that people corrected, a row they copied, a ledger that begins anew: without this such a value would look like a person's decision
as soon as it has to change, and stay for ever.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field

import numpy as np

from automations.cells import typed_list
from automations.decisions import kept_for_people
from automations.judging import Judged
from automations.ledgers.protocol import CellAt
from automations.model import Value


@dataclass(frozen=True)
class Adopted:
    """The values by cell, and a short hash of the keys of each table that was looked at."""

    cells: Mapping[CellAt, Value] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)

    def within(self, tables: Set[str]) -> Adopted:
        """Only what stands in these tables."""
        cells = {place: value for place, value in self.cells.items() if place[0] in tables}
        return Adopted(cells, {table: keys for table, keys in self.keys.items() if table in tables})


def adopted(
    judged: Judged, others: Collection[CellAt], before: Mapping[str, str], strangers: Callable[[str, Sequence[str]], Set[str]]
) -> Adopted:
    """Looks only at tables whose keys are not what they were (`before`); `strangers` are the keys of a table the ledger knows no cell of.

    `others` are the cells that say something else than they should.
    """
    found: dict[CellAt, Value] = {}
    hashes = {table: _hash(judged.evaluation.keys(table)) for table in judged.snapshot.sheets}
    for table in [table for table in hashes if hashes[table] != before.get(table)]:
        keys = judged.evaluation.keys(table)
        new = strangers(table, [key for key in keys.tolist() if key])
        rows = np.flatnonzero(judged.evaluation.index(table).isin(list(new)) & ~judged.blocked[table]).tolist() if new else []
        for column in kept_for_people(judged, table) if rows else ():
            cells = typed_list(judged.snapshot.sheets[table].frame[column.key], rows, column)
            places = [(table, str(keys[row]), column.key) for row in rows]
            found |= {place: cell for place, cell in zip(places, cells, strict=True) if cell is not None and place not in others}
    return Adopted(found, hashes)


def _hash(keys: np.ndarray) -> str:
    return hashlib.blake2b("\n".join(keys.tolist()).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
