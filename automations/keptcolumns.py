"""Rules that make rows of kept tables: what such rules share, and the columns they draft there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Any

from automations.allowed import has_aggregates, windowed
from automations.keeping import changed_late, fresh_values, gone_words, settled, standing
from automations.model import Column, ColumnType, Table, Words
from automations.program import FindingSpec, KeptSpec, Place
from automations.rule import Builder, Draft, DraftNode
from automations.trees import Tree, column_node, replaced

if TYPE_CHECKING:
    from automations.judging import Evaluation

LATE: Words = {
    "zh": "本行已结账，来源后来有变：“{heading}”表里是 {{{column}}}，按来源应为 {{{fresh}}}",
    "en": "this row is closed and its source changed since: '{heading}' holds {{{column}}}, by its source it is {{{fresh}}}",
}
LATE_FIX: Words = {
    "zh": "请核对来源；要按来源更正，先清空结账的签字或日期，再由程序重算",
    "en": "check the source; to take it over, clear the signature or date that closed the row, and the program computes it again",
}


# what kinds of rule share


def kept_table(build: Builder, name: str, *at: str) -> Table | None:
    """The kept table rows are made for; None after noting the fault."""
    table = build.draft.tables.get(name)
    if table is None:
        near = get_close_matches(name, build.draft.tables, n=1)
        if name not in build.draft.unread:
            build.fault(f"no table '{name}'", *(f"did you mean '{each}'?" for each in near), at=at)
        return None
    if not table.kept:
        build.fault(f"table '{name}' is filled in by staff", "say `kept: true` in its file, or choose a table the program keeps", at=at)
        return None
    return table


def fillable(build: Builder, table: Table, column: str, *at: str) -> Column | None:
    """The column of a kept table that a rule fills; None after noting the fault."""
    declared = table.column(column)
    if declared is None:
        near = get_close_matches(column, [each.key for each in table.columns if each.ours], n=1)
        build.fault(f"no column '{column}' in table '{table.name}'", *(f"did you mean '{each}'?" for each in near), at=at)
    elif not declared.ours or column == table.key:
        what = "is the key" if column == table.key else "is staff input, not ours"
        build.fault(f"column '{column}' of table '{table.name}' {what}", at=at)
    else:
        return declared
    return None


def gathered(build: Builder, name: str, text: str, at: tuple[str | int, ...], key: str, when: str, kind: ColumnType) -> bool:
    """Add a column computed by an expression that may gather the rows of one key; whether it does."""
    tree = build.tree(text, *at, aggregates=True)
    gathers = tree is not None and has_aggregates(tree)
    taken: Tree = windowed(tree, key, when) if tree else build.draft.parse("null")
    place = (build.table.name, name)
    build.draft.nodes[place] = DraftNode(*place, build.full, (*build.path, *at), build.document, taken, text, kind, faulty=tree is None)
    return gathers


def closing(build: Builder, table: Table, text: str) -> str:
    """The condition that freezes rows of a kept table, over what stands in them; returns the name of its column."""
    name = f"{build.full} closed".replace("/", ".")
    tree = build.tree(text, "closes")
    if tree is None:
        return name
    place = (table.name, name)
    over = replaced(tree, lambda node: _standing(build, table, node))
    build.draft.nodes[place] = DraftNode(*place, build.full, (*build.path, "closes"), build.document, over, text, "boolean")
    return name


def _standing(build: Builder, table: Table, node: Tree) -> Tree | None:
    """A reference to what stands in a column of ours; other nodes stay."""
    if node["class"] != "COLUMN_REF" or len(node["column_names"]) != 1:
        return None
    word = str(node["column_names"][0])
    column = next((each for each in table.columns if word in (each.key, *each.title.values(), *each.aliases)), None)
    if column is None or not column.ours:
        return None
    place = (table.name, f"standing.{column.key}")
    kernel = partial(standing, table.name, column.key, column.type)
    needs: frozenset[Place] = frozenset({(table.name, table.key)})
    node_there = DraftNode(*place, build.full, build.path, build.document, type=column.type, kernel=kernel, needs=needs)
    build.draft.nodes.setdefault(place, node_there)
    return column_node(place[1])


def keep(
    build: Builder,
    table: Table,
    fills: Iterable[str],
    rows: Callable[[Evaluation], Any],
    needs: Iterable[Place],
    *,
    closed: str = "",
    timed: bool = False,
    soft: Iterable[Place] = (),
    late: tuple[str, ...] | None = None,
) -> None:
    """Say that the rule makes rows of a kept table."""
    spec = KeptSpec(
        build.full,
        table.name,
        tuple(fills),
        rows,
        frozenset(needs),
        build.document,
        build.path,
        closed,
        build.rule.clause,
        timed,
        frozenset(soft),
        late,
    )
    build.draft.kept.append(spec)


# the columns that are drafted


def add_kept(draft: Draft) -> None:
    """Draft the columns that rules fill in kept tables: what the source says now, and what stands once that is settled."""
    for table in dict.fromkeys(spec.table for spec in draft.kept):
        specs = tuple(spec for spec in draft.kept if spec.table == table)
        for column in dict.fromkeys(column for spec in specs for column in spec.fills):
            _add_column(draft, table, column, specs)
        if gone := draft.tables[table].gone:
            _add(draft, specs[0], gone, "text", partial(gone_words, table, specs, draft.language, gone), _all_needs(specs))
            draft.writes[(table, gone)] = specs[0].rule


def _all_needs(specs: Iterable[KeptSpec]) -> list[tuple[str, str]]:
    return sorted(place for spec in specs for place in spec.needs | spec.soft)


def _add_column(draft: Draft, table: str, column: str, specs: Sequence[KeptSpec]) -> None:
    declared = draft.tables[table].column(column)
    kind: ColumnType = declared.type if declared else "text"
    mine = [spec for spec in specs if column in spec.fills]
    fresh, closed = f"fresh.{column}", [(table, spec.closed) for spec in mine if spec.closed]
    timed = [spec for spec in specs if spec.timed]
    settle: Callable[[Evaluation], Any] = partial(settled, table, column, kind, specs)
    pull: Callable[[Evaluation], Any] = partial(fresh_values, table, column, kind, specs)
    every = _all_needs(specs)  # also of rules that do not fill this column: which rule makes a row is known once all of them are
    _add(draft, mine[0], fresh, kind, (lambda judging: pull(judging)) if timed else pull, every)
    _add(draft, mine[0], column, kind, settle, [(table, fresh), *closed])
    draft.writes.setdefault((table, column), mine[0].rule)
    for spec in mine:
        if spec.closed and declared and (spec.late is None or column in spec.late):
            _add_late(draft, spec, declared, specs)


def _add(draft: Draft, spec: KeptSpec, name: str, kind: ColumnType, kernel: Callable[[Evaluation], Any], soft: Iterable[Any]) -> None:
    place = (spec.table, name)
    if place in draft.nodes:
        rule, other = spec.rule.partition("/")[2], draft.nodes[place].source
        what = f"rule '{rule}': column '{name}' of table '{spec.table}' is already filled by rule '{other}'"
        draft.problems.append(spec.document.problem(spec.path, what))
        return
    needs = frozenset({(spec.table, draft.tables[spec.table].key)})
    draft.nodes[place] = DraftNode(*place, spec.rule, spec.path, spec.document, type=kind, kernel=kernel, needs=needs, soft=frozenset(soft))


def _add_late(draft: Draft, spec: KeptSpec, column: Column, specs: Sequence[KeptSpec]) -> None:
    """A finding where a closed row no longer agrees with its source."""
    name, fresh = f"{spec.closed} late {column.key}", f"fresh.{column.key}"
    kernel = partial(changed_late, spec.table, column.key, specs)
    _add(draft, spec, name, "boolean", kernel, [(spec.table, fresh), (spec.table, spec.closed)])
    words = {language: text.format(heading=column.heading(language), column=column.key, fresh=fresh) for language, text in LATE.items()}
    draft.findings.append(FindingSpec(spec.rule, spec.table, name, column.key, "warn", words, LATE_FIX, spec.clause))
