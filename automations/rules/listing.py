"""listing: what rules say of all tables, as rows of a kept table that say since when and until when."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal

from automations.keptcolumns import fillable, keep, kept_table
from automations.listings import FILLS, listed, places_of
from automations.model import Table
from automations.program import FindingSpec, Place
from automations.rule import Builder, Rule


class Listing(Rule):
    """Rows of the policy's table, which the program keeps: one for every row another rule speaks of, until it no longer does.

    of: `problems` (every finding but those that only inform) or `risks` (findings and alerts of rules that say `risk:`).
    A row says what, where, whose, by which clause, since when, and from which day on it was gone; what comes back is open again.
    Columns of these names are filled where the table has them: tab, about, what, person, clause, level, risk, evidence, ends, first_on,
    gone_on, state.

        - id: risks-listed
          kind: listing
          of: risks
    """

    kind: Literal["listing"] = "listing"
    of: Literal["problems", "risks"]

    def compile(self, build: Builder) -> None:
        table = kept_table(build, build.table.name)
        if table is None:
            return
        for wanted in ("what", "first_on", "gone_on"):
            fillable(build, table, wanted)
        build.draft.lists.add(table.name)
        build.draft.later.append(partial(self._keep, build, table))

    def _keep(self, build: Builder, table: Table) -> None:
        """Take in what all rules say; the tables that list it are left out."""
        said = (spec for spec in build.draft.findings if spec.table not in build.draft.lists)
        specs = tuple(spec for spec in said if spec.risk or (self.of == "problems" and spec.kind == "finding"))
        columns = [name for name in FILLS if (column := table.column(name)) and column.ours and name != table.key]
        rows = partial(listed, table, tuple(columns), self.of, specs, build.draft.language)
        keep(build, table, columns, rows, [(table.name, table.key)], timed=True, soft=places_of(specs) | self._read(build, specs))

    def _read(self, build: Builder, specs: Sequence[FindingSpec]) -> frozenset[Place]:
        """What staff fill in: whose a row is, and in a list of problems anywhere, as a cell that cannot be read is one too."""
        said = {spec.table for spec in specs}
        tables = (table for table in build.draft.tables.values() if table.name not in build.draft.lists)
        return frozenset(
            (table.name, column.key)
            for table in tables
            if self.of == "problems" or table.name in said
            for column in table.columns
            if not column.ours
        )
