"""Tables to which several packs add columns: one table, its columns grouped into what staff fill in, the state, and the details."""

from __future__ import annotations

from typing import TYPE_CHECKING

from automations.declarations import ColumnFile, TableFile

if TYPE_CHECKING:
    from automations.config import Reader
    from automations.yamlfile import Document

PARTS = ("rollups", "in_force", "running")


def merged(reader: Reader, there: tuple[TableFile, list[Document]], more: tuple[TableFile, Document]) -> tuple[TableFile, list[Document]]:
    """A table with the columns that another pack adds to it; one that is declared already is a fault."""
    first, documents = there
    table, document = more
    for key in table.columns.keys() & first.columns.keys():
        what = f"column '{key}' of table '{table.table}' is declared in {documents[0].file} already"
        reader.problems.append(document.problem(("columns", key), what, key=True))
    update = {name: getattr(first, name) | getattr(table, name) | getattr(first, name) for name in PARTS}
    return first.model_copy(update=update | {"columns": _grouped(first.columns, table.columns)}), [*documents, document]


def _grouped(there: dict[str, ColumnFile], more: dict[str, ColumnFile]) -> dict[str, ColumnFile]:
    """What staff fill in comes before the details with which the table ended, and further details after those."""
    keys = list(there)
    staff = max((place for place, key in enumerate(keys) if not there[key].ours), default=-1) + 1
    inputs = {key: column for key, column in more.items() if not column.ours}
    before, after = ({key: there[key] for key in part} for part in (keys[:staff], keys[staff:]))
    return before | inputs | after | more | there
