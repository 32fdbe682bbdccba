"""unique: values that may stand only once in a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from automations.rule import Builder, Rule

if TYPE_CHECKING:
    from automations.judging import Evaluation


class Unique(Rule):
    """Rows that share the values of these columns with another row get a finding; blanks are left out.

    - id: name-once
      kind: unique
      columns: [customer_name]
    """

    kind: Literal["unique"] = "unique"
    columns: list[str]

    def compile(self, build: Builder) -> None:
        table, columns = build.table.name, self.columns
        unknown = [(place, column) for place, column in enumerate(columns) if not build.table.column(column)]
        for place, column in unknown:
            build.unknown_column(column, "columns", place)
        if unknown:
            return

        def doubled(judging: Evaluation) -> Any:
            return judging.doubled(table, columns)

        name = build.kernel(build.called("doubled"), "boolean", doubled, columns)
        zh = "、".join(f"“{build.heading(column).get('zh', column)}”" for column in columns)
        en = ", ".join(f"'{build.heading(column).get('en', column)}'" for column in columns)
        message = {"zh": f"{zh}与其他行重复", "en": f"{en} stands in another row too"}
        fix = {"zh": "请核对，只保留一行或改正其中一行", "en": "keep one row or correct one of them"}
        build.finding(name, columns[0], message, fix)
