"""check: a condition every row must meet."""

from __future__ import annotations

from typing import Literal

from automations.rule import Builder, Expression, OnUnknown, Rule


class Check(Rule):
    """A row that does not meet `require` gets a finding.

    require: the condition; column: the column the finding points at; unknown: what it means when the
    condition can be neither met nor missed because a cell is blank (`pass`, the default, or `fail`).

        - id: scope-known
          kind: check
          require: category is not null
          column: category
          message: { zh: 请填写投诉类别, en: state the category }
    """

    kind: Literal["check"] = "check"
    require: Expression
    column: str | None = None
    unknown: OnUnknown | None = None

    def compile(self, build: Builder) -> None:
        known = "false" if self.unknown == "fail" else "true"
        parts = {"_require": (self.require, ("require",)), **build.guard()}
        failed = build.composed(build.called("failed"), f"coalesce(_when, false) and not coalesce(_require, {known})", parts, "boolean")
        if self.column and not build.table.column(self.column):
            build.unknown_column(self.column, "column")
        if not self.message:
            build.fault("check needs 'message'", "it is the sentence staff read in their row")
        build.finding(failed, self.column, self.message, self.fix)
