"""Columns a table gathers: from rows that refer to it, from the row in force on a day, and its running totals."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Any

from automations.declarations import InForce, Rollup, TableFile
from automations.expressionfaults import ExpressionFault, characters
from automations.gathering import in_force, roll_up, run_total
from automations.model import ColumnType, Table
from automations.program import Place
from automations.rule import Draft, DraftNode

if TYPE_CHECKING:
    from automations.yamlfile import Document

ROLLED: Mapping[str, ColumnType] = {"count": "integer", "any": "boolean"}
SUBJECTS: Mapping[str, str] = {"rollups": "rollup", "running": "running total", "in_force": "value in force"}


def subject_of(node: DraftNode) -> str:
    """How a message calls a column: by what the admin wrote."""
    if len(node.path) > 1 and node.path[0] in SUBJECTS:
        return f"{SUBJECTS[str(node.path[0])]} '{node.path[1]}'"
    return f"rule '{node.source.rsplit('/', 1)[-1]}'" if node.path and node.path[0] == "rules" else f"'{node.name}'"


def add_gathered(draft: Draft, table: Table, file: TableFile, document: Document) -> None:
    """Draft the columns a table gathers."""
    for name, rollup in file.rollups.items():
        if _known(draft, rollup.of, ("rollups", name), document):
            _add_rollup(draft, table, name, rollup, document)
    for name, dated in file.in_force.items():
        if _known(draft, dated.of, ("in_force", name), document):
            _add_in_force(draft, table, name, dated, document)
    for name, total in file.running.items():
        value = _add_part(draft, table.name, f"running {name}", total.value, document, ("running", name, "value"), "money")
        kernel = partial(run_total, table.name, value, total.by, tuple(total.order))
        needs = frozenset((table.name, each) for each in (value, total.by, *total.order))
        _add_gathering(draft, table, name, "money", kernel, needs, document, ("running", name))


def _known(draft: Draft, other: str, path: tuple[str, str], document: Document) -> bool:
    if other not in draft.tables:
        hints = [f"did you mean '{each}'?" for each in get_close_matches(other, draft.tables, n=1)]
        draft.problems.append(document.problem((*path, "of"), f"{SUBJECTS[path[0]]} '{path[1]}': no table '{other}'", *hints))
    return other in draft.tables


def _add_in_force(draft: Draft, table: Table, name: str, dated: InForce, document: Document) -> None:
    path, other, prefix = ("in_force", name), dated.of, f"{table.name}.{name}"
    theirs, mine = dated.match, _add_part(draft, table.name, f"{name} matched", dated.with_, document, (*path, "with"), "text")
    on = _add_part(draft, table.name, f"{name} on", dated.on, document, (*path, "on"), "date")
    begin = _add_part(draft, other, f"{prefix} from", dated.from_, document, (*path, "from"), "date")
    end = _add_part(draft, other, f"{prefix} to", dated.to or "null", document, (*path, "to"), "date")
    value = _add_part(draft, other, f"{prefix} value", dated.value, document, (*path, "value"))
    needs = frozenset({(table.name, mine), (table.name, on), *((other, each) for each in (theirs, begin, end, value))})
    kernel = partial(in_force, table.name, mine, other, value, on=on, theirs=theirs, begin=begin, end=end)
    _add_gathering(draft, table, name, None, kernel, needs, document, path)


def _add_rollup(draft: Draft, table: Table, name: str, rollup: Rollup, document: Document) -> None:
    other = rollup.of
    prefix = f"{table.name}.{name}"
    value = _add_part(draft, other, f"{prefix} value", rollup.value, document, ("rollups", name, "value")) if rollup.value else ""
    when = _add_part(draft, other, f"{prefix} when", rollup.when, document, ("rollups", name, "when"), "boolean") if rollup.when else ""
    needs = frozenset({(table.name, table.key), (other, rollup.via), *((other, each) for each in (value, when) if each)})
    kernel = partial(roll_up, table.name, rollup.via, other, value, when=when, how=rollup.how)
    _add_gathering(draft, table, name, ROLLED.get(rollup.how), kernel, needs, document, ("rollups", name))


def _add_part(
    draft: Draft, table: str, name: str, text: str, document: Document, path: tuple[str, ...], kind: ColumnType | None = None
) -> str:
    try:
        draft.nodes[(table, name)] = DraftNode(table, name, f"{table}/{name}", path, document, draft.parse(text), text, kind)
    except ExpressionFault as fault:
        node = DraftNode(table, name, f"{table}/{name}", path, document, draft.parse("null"), text, kind, faulty=True)
        draft.nodes[(table, name)] = node
        what, offset = f"{subject_of(node)}: {fault.what}", characters(text, fault.offset)
        draft.problems.append(document.problem(path, what, *fault.hints, offset=offset))
    return name


def _add_gathering(
    draft: Draft,
    table: Table,
    name: str,
    kind: ColumnType | None,
    kernel: Any,
    needs: frozenset[Place],
    document: Document,
    path: tuple[str, ...],
) -> None:
    column = table.column(name)
    if column and not column.ours:
        draft.problems.append(document.problem(path, f"'{name}' is staff input, not ours", "say `ours: true` or choose another name"))
    if column:
        draft.writes[(table.name, name)] = f"{table.name}/{name}"
    wanted = kind or (column.type if column else None)
    draft.nodes[(table.name, name)] = DraftNode(
        table.name, name, f"{table.name}/{name}", path, document, kernel=kernel, needs=needs, type=wanted
    )
