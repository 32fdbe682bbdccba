"""ledger: rows of a kept table, made from the rows of the policy's table."""

from __future__ import annotations

from functools import partial
from typing import Literal

from pydantic import Field

from automations.keeping import from_rows
from automations.keptcolumns import closing, fillable, gathered, keep, kept_table
from automations.model import Table
from automations.rule import Builder, Expression, Rule


class Ledger(Rule):
    """Every row where `when` holds makes a row of the kept table `into`, known by `key`; or every group of rows makes one.

    fills: columns of ours and what stands in them; the columns staff fill there are never touched.
    by: what rows are grouped by, instead of `key`; fills may then say sum, count, min, max, avg, median over the group.
    closes: when a row is frozen, by what stands in it; a later difference to its source is a finding.
    A row whose source is gone stays, and says so in the column that `gone:` of the kept table names.

        - id: monthly
          kind: ledger
          into: freight_monthly
          when: freight_amount > 0
          by: [ "strftime(shipped_at, '%Y-%m')", carrier_id ]
          fills: { month: "strftime(shipped_at, '%Y-%m')", carrier: carrier_id, freight: sum(freight_amount) }
          closes: filled(checked_on)
    """

    kind: Literal["ledger"] = "ledger"
    into: str
    key: Expression | None = None
    by: list[Expression] = []
    fills: dict[str, Expression] = Field(min_length=1)
    closes: Expression | None = None

    def compile(self, build: Builder) -> None:
        table = kept_table(build, self.into, "into")
        if (self.key is None) == (not self.by):
            build.fault("ledger needs one of 'key' and 'by'")
        elif table is build.table:
            build.fault(f"table '{self.into}' cannot be made from itself", at=("into",))
        elif table is not None:
            self._compile(build, table)

    def _compile(self, build: Builder, table: Table) -> None:
        key, when = self._key(build), build.active() or ""
        names = {}
        grouped = bool(self.by)
        for column, text in self.fills.items():
            if declared := fillable(build, table, column, "fills", column):
                names[column] = build.called(column)
                grouped |= gathered(build, names[column], text, ("fills", column), key, when, declared.type)
        closed = closing(build, table, self.closes) if self.closes else ""
        source = build.table.name
        needs = [(source, name) for name in (key, when, *names.values()) if name]
        keep(build, table, names, partial(from_rows, source, key, when, names, grouped), needs, closed=closed)

    def _key(self, build: Builder) -> str:
        if self.key is not None:
            return build.composed(build.called("key"), "cast(_key as varchar)", {"_key": (self.key, ("key",))}, "text")
        parts = {f"_by{place}": (text, ("by", place)) for place, text in enumerate(self.by)}
        joined = " || '/' || ".join(f"coalesce(cast({name} as varchar), '-')" for name in parts)
        return build.composed(build.called("key"), joined, parts, "text")
