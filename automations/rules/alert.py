"""alert: something people must hear of once, when it comes about."""

from __future__ import annotations

import re
from typing import Literal

from automations.declarations import Names
from automations.model import Level
from automations.rule import Builder, Expression, Rule


class Alert(Rule):
    """When `when` comes to hold for a row, whoever `notices:` names is told once; the row itself is not wrong.

    Told again only after it has ceased to hold and come back. clears: what ends it although `when` still holds;
    level: `fail` makes the mail urgent; evidence: the columns the mail shows, and no others.

        - id: opinion
          kind: alert
          when: filled(customer_opinion)
          clears: opinion_sent_at is not null
          message: { zh: "客户说：{customer_opinion}", en: "the customer says: {customer_opinion}" }
          evidence: [customer_id, solution, customer_opinion]
    """

    kind: Literal["alert"] = "alert"
    when: Expression
    clears: Expression | None = None
    level: Level = "info"
    evidence: Names = []

    def compile(self, build: Builder) -> None:
        parts = {"_clears": (self.clears or "false", ("clears",)), **build.guard()}
        raised = build.composed(build.called("raised"), "coalesce(_when, false) and not coalesce(_clears, false)", parts, "boolean")
        for position, column in enumerate(self.evidence):
            self._check_shown(build, column, position)
        if not self.message:
            build.fault("alert needs 'message'", "it is the sentence the mail says")
        build.alert(raised, self.message, self.fix, self.evidence, self._ends(build))

    def _ends(self, build: Builder) -> list[str]:
        """The columns of the table that `clears` reads."""
        words = set(re.findall(r"\w+", self.clears or ""))
        return [column.key for column in build.table.columns if column.key in words]

    def _check_shown(self, build: Builder, column: str, position: int) -> None:
        declared = build.table.column(column)
        if declared is None:
            build.unknown_column(column, "evidence", position)
        elif declared.sensitive:
            build.fault(f"column '{column}' is sensitive and never leaves in a mail", "take it out", at=("evidence", position))
