"""form: a printed form made from a row, or from all rows of one month or one customer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Literal

from pydantic import Field

from automations.declarations import Declared
from automations.model import ColumnType, Table, Words
from automations.program import FormSpec, ListSpec
from automations.rule import Builder, DraftNode, Expression, Rule


class Rows(Declared):
    """A list on a form: the rows of another table that refer to this row."""

    of: str
    via: str
    when: Expression | None = Field(default=None, description="which of them, an expression over the other table")
    fields: dict[str, Expression] = Field(default={}, description="more that a line may say, each an expression over the other table")


class Form(Rule):
    """A Word file, `templates/forms/<language>/<template>.docx`, filled in from a row; it may name every column of the table.

    when: from when on the form is wanted, which examples show; `runner.py form` makes it for any row.
    by_itself: true, and the form is made once, when the row comes so far and nothing is lacking (deed `forms`); it needs `when`.
    required: columns and fields without which it is not made; what lacks is said when it is asked for.
    fields: more that the form may say, each an expression; lists: rows of another table, `{ of: table, via: column, when: … }`.
    per: one form for all rows with the same value, such as a month, instead of one a row; they are the list `rows`, `only` those
    that belong on it.

        - id: dispatch-notice
          kind: form
          template: dispatch-notice
          title: 产品发运通知单
          when: filled(issued_at)
          by_itself: true
          required: [contract_no, product_name, qty]
          fields: { customer_name: customer.customer_name }
    """

    kind: Literal["form"] = "form"
    template: str = Field(pattern=r"^[a-z0-9_-]+$")
    by_itself: bool = False
    required: list[str] = []
    fields: dict[str, Expression] = {}
    lists: dict[str, Rows] = {}
    per: Expression | None = None
    only: Expression | None = None

    def compile(self, build: Builder) -> None:
        names = {name: build.formula(build.called(name), text, "fields", name) for name, text in self.fields.items()}
        columns = {column.key: column.key for column in build.table.columns if not column.sensitive}
        required = list(self._required(build, names))
        lists = [spec for name, rows in self.lists.items() for spec in _listed(build, name, rows)]
        spec = FormSpec(
            rule=build.full,
            table=build.table.name,
            template=self.template,
            title=build.title(),
            names={**columns, **names},
            required=tuple(required),
            lists=tuple(lists),
            when=build.active() or "",
            per=self._text(build, "per", self.per),
            only=build.formula(build.called("only"), self.only, "only", type="boolean") if self.only else "",
            document=build.document,
            path=build.path,
            by_itself=self.by_itself,
        )
        build.draft.forms.append(spec)
        if self.by_itself and not self.when:
            build.fault("`by_itself` needs `when`", "say from when on a row has come so far, such as filled(issued_at)", at=("by_itself",))

    def _text(self, build: Builder, key: str, text: str | None) -> str:
        return build.composed(build.called(key), "cast(_value as varchar)", {"_value": (text, (key,))}, "text") if text else ""

    def _required(self, build: Builder, names: Mapping[str, str]) -> Iterable[tuple[str, Words]]:
        for position, name in enumerate(self.required):
            if name not in names and not build.table.column(name):
                build.unknown_column(name, "required", position)
            else:
                yield names.get(name, name), build.heading(name)


def _listed(build: Builder, name: str, rows: Rows) -> Iterable[ListSpec]:
    """The list, its fields drafted as columns of the other table; nothing after noting a fault."""
    table = build.draft.tables.get(rows.of)
    if table is None:
        near = get_close_matches(rows.of, build.draft.tables, n=1)
        if rows.of not in build.draft.unread:
            build.fault(f"no table '{rows.of}'", *(f"did you mean '{each}'?" for each in near), at=("lists", name, "of"))
        return
    via = table.column(rows.via)
    if via is None or via.refers_to != build.table.name:
        refer = [column.key for column in table.columns if column.refers_to == build.table.name]
        hints = [f"columns that do: {', '.join(refer)}"] if refer else []
        build.fault(f"column '{rows.via}' of table '{rows.of}' does not refer to '{build.table.name}'", *hints, at=("lists", name, "via"))
        return
    columns = {column.key: column.key for column in table.columns if not column.sensitive}
    at = ("lists", name)
    drafted = {field: _drafted(build, table, f"{name}.{field}", text, (*at, "fields", field)) for field, text in rows.fields.items()}
    when = _drafted(build, table, f"{name}.when", rows.when, (*at, "when"), "boolean") if rows.when else ""
    yield ListSpec(name, table.name, rows.via, {**columns, **drafted}, when)


def _drafted(build: Builder, table: Table, name: str, text: str, at: tuple[str, ...], kind: ColumnType | None = None) -> str:
    """Add a column of another table, under a name no other rule has."""
    called, tree = f"{build.full.replace('/', '.')}.{name}", build.tree(text, *at)
    node = DraftNode(table.name, called, build.full, (*build.path, *at), build.document, tree or build.draft.parse("null"), text, kind)
    build.draft.nodes[(table.name, called)] = node
    return called
