"""Tables whose columns of ours stand in a tab of their own: the two tabs as two tables, and one sheet made of both by key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from automations.model import Apart, CellChange, CellProblem, Change, Column, NewRow, Sheet, Snapshot, Table, Words

ROW, GONE, RULE = "row.key", "row.gone", "row-there"
"""The columns that only the tab of ours has: whose row it is, and whether that row is still there; and the rule behind them."""
ENDING, LOOKS = ".ours", ".seen"
"""What the name of a table is followed by where its tab of ours, or its look-up columns, are meant."""
TITLE: Words = {"zh": "·状态", "en": " - status"}
LONGEST_TITLE = 31
"""The letters a tab's title may have in every spreadsheet."""
GONE_COLUMN = Column(
    GONE,
    {"zh": "原表中的行", "en": "Row in the table"},
    required=True,
    ours=True,
    override="restore",
    note={
        "zh": "空白表示原表里有这一行；已不在的行留着不删，编号回来后继续使用",
        "en": "blank while the table has the row; a row that is gone stays here, and is used again when its number comes back",
    },
)
GONE_WORD: Words = {"zh": "已不在原表", "en": "no longer in the table"}


def laid_out(tables: Mapping[str, Table], apart: Sequence[str] | str) -> dict[str, Table]:
    """The tables, those apart that the settings name (`all`: every one that staff fill and that has columns of ours)."""
    names = {name for name, table in tables.items() if not never_apart(table)} if apart == "all" else set(apart)
    return {name: replace(table, apart=True) if name in names else table for name, table in tables.items()}


def never_apart(table: Table) -> str:
    """Why the columns of ours cannot stand in a tab of their own; "" where they can."""
    if table.kept:
        return "its rows are made by rules, they are ours already"
    return "" if any(column.ours for column in table.columns) else "no column of it is ours"


def as_tabs(tables: Iterable[Table]) -> list[Table]:
    """Every tab as a table: a table apart is two, staff's columns under its own name and ours under another."""
    return [tab for table in tables for tab in ((staffs(table), ours(table)) if table.apart else (table,))]


def staffs(table: Table) -> Table:
    """The tab that staff fill, without the columns of ours (but the key, which may be one)."""
    columns = tuple(column for column in table.columns if column.key == table.key or not column.ours)
    return replace(table, columns=columns, apart=False)


def ours(table: Table) -> Table:
    """The tab that only the program fills: the key of a row, whether it is still there, and the columns of ours."""
    key = table.column(table.key) or Column(table.key, {})
    row = Column(ROW, key.title, aliases=(*key.aliases, key.key), required=True, ours=True, note=key.note, width=key.width)
    mine = tuple(column for column in table.columns if column.ours and column.key != table.key)
    titles = {language: titled(text, TITLE[language]) for language, text in table.title.items()}
    return Table(f"{table.name}{ENDING}", titles, ROW, (row, GONE_COLUMN, *mine), summary=table.summary, apart=True)


def titled(text: str, ending: str) -> str:
    """The title of the tab of ours, cut so that its ending stays."""
    return f"{text[: LONGEST_TITLE - len(ending)].strip()}{ending}"


def table_name(name: str) -> str:
    """The table a tab belongs to, by the name of the tab as a table."""
    return name.removesuffix(ENDING)


# reading


def joined(table: Table, staff: Sheet, own: Sheet | None) -> Sheet:
    """One sheet of both tabs: the cells of ours beside the rows of their keys. Without the tab of ours there are no columns of ours."""
    if own is None:
        return replace(staff, table=table)
    found = places_of(staff.frame[table.key], own)
    mine = [name for name in own.frame.columns if name not in (ROW, GONE)]
    beside = own.frame[mine].reindex(found).set_axis(staff.frame.index)
    columns = [column.key for column in table.columns if column.key in staff.frame or column.key in mine]
    frame = pd.concat([staff.frame, beside], axis="columns")[columns]
    problems = (*staff.problems, *_problems(table, staff, own, found))
    return replace(staff, table=table, frame=frame, problems=problems, apart=Apart(own, found))


def places_of(keys: Any, own: Sheet) -> Any:
    """For every key its place in the tab of ours, the first where it stands twice; -1 where it does not stand."""
    wanted, there = texts(keys), pd.Index(texts(own.frame[ROW]))
    first = np.flatnonzero(~there.duplicated())
    if not len(first):
        return np.full(len(wanted), -1)
    at = there[first].get_indexer(pd.Index(wanted))
    return np.where((at < 0) | (wanted == ""), -1, first[np.maximum(at, 0)])


def texts(column: Any) -> Any:
    """A column of texts as an array; a blank is ""."""
    return column.fillna("").to_numpy(dtype=object)


def _problems(table: Table, staff: Sheet, own: Sheet, found: Any) -> Iterator[CellProblem]:
    """Cells of ours that could not be read, at the rows of staff's tab."""
    place = {row: number for number, row in enumerate(own.rows)}
    staffs_row = {int(at): int(row) for at, row in zip(found, staff.rows, strict=True) if at >= 0} if own.problems else {}
    for problem in own.problems:
        row = staffs_row.get(place[problem.row])
        if row is not None:
            yield replace(problem, table=table.name, row=row)


# planning and writing


def gone_marks(snapshot: Snapshot, language: str) -> Iterator[CellChange]:
    """The mark on rows of ours whose row is gone from the table, and its end on those whose row is back."""
    for name, sheet in snapshot.sheets.items():
        if sheet.apart and GONE in sheet.apart.sheet.frame:
            yield from _gone_marks(name, sheet, sheet.apart.sheet, GONE_WORD[language])


def _gone_marks(name: str, sheet: Sheet, own: Sheet, word: str) -> Iterator[CellChange]:
    keys, held = texts(own.frame[ROW]), texts(own.frame[GONE])
    gone = ~pd.Index(keys).isin(texts(sheet.frame[sheet.table.key]))
    once = ~pd.Index(keys).duplicated(keep=False)
    for place in np.flatnonzero((held != np.where(gone, word, "")) & once).tolist():
        mark = word if gone[place] else None
        yield CellChange(name, str(keys[place]), GONE, held[place] or None, mark, f"{name}/{RULE}", own.rows[place])


def rows_for(changes: Iterable[Change], snapshot: Snapshot) -> list[NewRow]:
    """The rows that the tab of ours lacks for these changes, in their order."""
    found: dict[tuple[str, str], NewRow] = {}
    known: dict[str, frozenset[str]] = {}
    for change in changes:
        own = snapshot.home(change)
        if isinstance(change, CellChange) and own is not None and own.table.key == ROW:
            there = known.setdefault(change.table, frozenset(own.frame[ROW].dropna()))
            if change.key not in there:
                found.setdefault((change.table, change.key), NewRow(change.table, ROW, change.key, change.row, f"{change.table}/{RULE}"))
    return list(found.values())


def known_keys(sheet: Sheet) -> Sequence[str]:
    """The keys that the tab of ours has, also those of rows that are gone: a number is not given twice."""
    return [str(key) for key in sheet.apart.sheet.frame[ROW].dropna()] if sheet.apart else []
