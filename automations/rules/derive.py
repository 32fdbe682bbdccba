"""derive: a column computed from others."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from automations.rule import Builder, Expression, Rule


class Derive(Rule):
    """The value goes into a column of ours (`writes`) or into a hidden column other rules may use (`as`).

    - id: payment-status
      kind: derive
      value: case when paid_amount >= amount then '已付清' when paid_amount > 0 then '部分' else '未付' end
      writes: payment_status
    """

    kind: Literal["derive"] = "derive"
    value: Expression
    writes: str | None = None
    as_: str | None = Field(default=None, alias="as")

    def compile(self, build: Builder) -> None:
        if (self.writes is None) == (self.as_ is None):
            build.fault("derive needs one of 'writes' and 'as'")
            return
        declared = build.table.column(self.writes or "")
        name = self.writes or str(self.as_)
        if self.writes and not build.writes(self.writes, "writes"):
            name = build.called("value")
        parts = {"_value": (self.value, ("value",)), **build.guard()}
        template = "case when _when then _value end" if self.when else "_value"
        build.composed(name, template, parts, declared.type if declared else None)
