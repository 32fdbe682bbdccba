"""reference: a value that must stand in the table it refers to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from automations.rule import Builder, Rule

if TYPE_CHECKING:
    from automations.judging import Evaluation


class Reference(Rule):
    """A value of `column` that is not a key of the table it refers to gets a finding; a blank one does not.

    - id: customer-known
      kind: reference
      column: customer_id
    """

    kind: Literal["reference"] = "reference"
    column: str

    def compile(self, build: Builder) -> None:
        declared = build.table.column(self.column)
        if declared is None:
            build.unknown_column(self.column, "column")
            return
        if not declared.refers_to or declared.refers_to not in build.draft.tables:
            build.fault(f"column '{self.column}' refers to no table", "say `refers_to:` where the column is declared", at=("column",))
            return
        table, column, target = build.table.name, self.column, build.draft.tables[declared.refers_to]

        def dangling(judging: Evaluation) -> Any:
            return judging.filled(table, column) & (judging.positions(table, column, target.name) < 0)

        name = build.kernel(build.called("dangling"), "boolean", dangling, [column], also=[(target.name, target.key)])
        zh, en = target.title.get("zh", target.name), target.title.get("en", target.name)
        message = {"zh": f"“{declared.heading('zh')}”{{{column}}}在“{zh}”表中找不到", "en": f"{{{column}}} is not in table '{en}'"}
        fix = {"zh": f"请改正编号，或先在“{zh}”表中登记", "en": f"correct it, or enter it in '{en}' first"}
        build.finding(name, column, message, fix)
