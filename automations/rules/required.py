"""required: columns that must be filled."""

from __future__ import annotations

from typing import Literal

from automations.rule import Builder, Rule


class Required(Rule):
    """Each of these columns that is blank gets a finding of its own.

    - id: record-complete
      kind: required
      when: customer_notified_at is not null
      columns: [recorded_by, responsible_dept, result]
    """

    kind: Literal["required"] = "required"
    columns: list[str]

    def compile(self, build: Builder) -> None:
        for position, column in enumerate(self.columns):
            heading = build.heading(column)
            parts = {"_value": (column, ("columns", position)), **build.guard()}
            name = build.composed(build.called(f"blank {column}"), "coalesce(_when, false) and _value is null", parts, "boolean")
            message = {"zh": f"缺“{heading.get('zh', column)}”", "en": f"'{heading.get('en', column)}' is missing"}
            fix = {"zh": f"请填写“{heading.get('zh', column)}”", "en": f"fill in '{heading.get('en', column)}'"}
            build.finding(name, column, message, fix)
