"""Which tab is a table's, which of its rows is the header row, and which column stands under which header."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from automations.model import Column, Grid, SheetProblem, Table, letters
from automations.spellings import fold

LOOKED_AT = 10
"""A header row is looked for in this many rows from the top; titles and notes may stand above it."""
ENOUGH = 3
"""So many known headers in one row make it a header row even without the key."""
_SHARE = 0.6
_TAIL = re.compile(r"(?:[*:]|\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】|〔[^〔〕]*〕)+$")


@dataclass(frozen=True)
class Header:
    """A header row: its 0-based index in the grid, the place of every declared column found, and those found more than once."""

    index: int
    places: Mapping[str, int]
    doubled: Mapping[str, tuple[int, ...]]

    @property
    def claimed(self) -> frozenset[int]:
        """The 0-based columns whose header is known."""
        return frozenset(self.places.values()).union(*self.doubled.values())


def plain(text: Any) -> str:
    """A title or header as it is compared: without blanks, width, case, and line breaks."""
    return "".join(fold(str(text)).split()) if isinstance(text, str) else ""


def bare(text: Any) -> str:
    """A header without the unit, star or colon people put behind it: `金额(元)*:` is `金额`."""
    return _TAIL.sub("", plain(text).lstrip("*")) or plain(text)


@lru_cache(maxsize=256)
def _spelled(titles: tuple[str, ...], aliases: tuple[str, ...], key: str) -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(map(plain, (*titles, key))), frozenset(map(plain, aliases))


def names_of(column: Column) -> frozenset[str]:
    """Every header text that means this column, as it is compared."""
    return frozenset().union(*_spelled(tuple(column.title.values()), column.aliases, column.key)) - {""}


def known_headers(table: Table) -> tuple[dict[str, str], ...]:
    """From header text to column key, strictest first: own titles, then aliases, then either without its unit."""
    titles: dict[str, str] = {}
    aliases: dict[str, str] = {}
    loose: dict[str, str] = {}
    for column in reversed(table.columns):
        own, other = _spelled(tuple(column.title.values()), column.aliases, column.key)
        titles.update(dict.fromkeys(own - {""}, column.key))
        aliases.update(dict.fromkeys(other - {""}, column.key))
    spelled = {**aliases, **titles}
    for name, key in spelled.items():
        loose[bare(name)] = "" if loose.get(bare(name), key) != key else key
    return titles, aliases, {name: key for name, key in loose.items() if key}


def find_tab(table: Table, grids: Sequence[Grid]) -> Grid | None:
    """The tab that bears one of the table's names: its titles first, then its own name, then its aliases."""
    titles = {plain(grid.title): grid for grid in reversed(grids)}
    names = map(plain, (*table.title.values(), table.name, *table.aliases))
    return next((titles[name] for name in names if name in titles), None)


def find_by_header(table: Table, grids: Sequence[Grid], today: date | None = None) -> Grid | None:
    """The tab whose header row has the key and most of the required and core columns; of equals the one named after this year.

    Two equally good tabs are no answer: None, for a guess may write into the wrong one.
    """
    wanted = [column.key for column in table.columns if column.required or column.core] or [column.key for column in table.columns]
    found = [(header, grid) for grid in grids if (header := find_header(table, grid)) and table.key in header.places]
    shares = [(sum(key in header.places for key in wanted) / len(wanted), len(header.places), grid) for header, grid in found]
    best = max(((share, count) for share, count, _ in shares), default=(0.0, 0))
    equals = [grid for share, count, grid in shares if (share, count) == best and share >= _SHARE]
    if len(equals) > 1 and today:
        equals = [grid for grid in equals if str(today.year) in plain(grid.title)]
    return equals[0] if len(equals) == 1 else None


def table_meant(grid: Grid, tables: Sequence[Table]) -> Table | None:
    """The table whose columns explain most headers of a tab; None where two explain it equally well, or none does.

    A tab of complaints names orders and shipments too: their key stands in it, but it is not theirs.
    """
    headers = [(table, header) for table in tables if (header := find_header(table, grid)) and _can_be(table, header)]
    explained = [(len(header.claimed), table) for table, header in headers]
    most = max((count for count, _ in explained), default=0)
    best = [table for count, table in explained if count == most]
    return best[0] if len(best) == 1 else None


def _can_be(table: Table, header: Header) -> bool:
    """Whether a tab can be a table's: it has the key, and for the tab of ours what only that has; staff's may show all the rest."""
    return table.key in header.places and (not table.apart or all(each.key in header.places for each in table.columns if each.required))


def find_header(table: Table, grid: Grid) -> Header | None:
    """The first row near the top that holds the key's header, or at least three known ones."""
    known = known_headers(table)
    return next((header for row in range(_height(grid, LOOKED_AT)) if _is_header(header := _header(table, known, grid, row), table)), None)


def _is_header(header: Header, table: Table) -> bool:
    found = header.places.keys() | header.doubled.keys()
    return table.key in found or len(found) >= ENOUGH


def _height(grid: Grid, at_most: int) -> int:
    return min(at_most, max(map(len, grid.columns), default=0))


def header_cells(grid: Grid, row: int) -> list[Any]:
    """The cells of one row, blank where a column is too short."""
    return [column[row] if row < len(column) else None for column in grid.columns]


def _header(table: Table, known: tuple[dict[str, str], ...], grid: Grid, row: int) -> Header:
    """The columns of one row: by the marks they bear, and where they bear none by their texts."""
    found: dict[tuple[str, int], list[int]] = {}
    places = anchored_in(table, grid, row)
    taken = frozenset(places.values())
    for place, cell in enumerate(header_cells(grid, row)):
        for key, rank in _meant(known, cell) if place not in taken else ():
            found.setdefault((key, rank), []).append(place)
    doubled: dict[str, tuple[int, ...]] = {}
    for (key, _), several in sorted(found.items(), key=lambda item: item[0][1]):
        if key not in places and key not in doubled:
            (places.update({key: several[0]}) if len(several) == 1 else doubled.update({key: tuple(several)}))
    return Header(row, dict(sorted(places.items(), key=lambda item: item[1])), doubled)


def anchored_in(table: Table, grid: Grid, row: int) -> dict[str, int]:
    """The place of each column of a table that bears its mark under a header in this row; a header that stands twice is nobody's."""
    if not grid.anchors:
        return {}
    texts = [plain(cell) for cell in header_cells(grid, row)]
    marked = [(column.key, grid.anchors.get(f"{table.name}/{column.key}")) for column in table.columns]
    return {
        key: at[1] for key, at in marked if at and at[0] == row and at[1] < len(texts) and texts[at[1]] and texts.count(texts[at[1]]) == 1
    }


def _meant(known: tuple[dict[str, str], ...], cell: Any) -> Iterator[tuple[str, int]]:
    """The column a header cell means, and how loosely it says so."""
    text = plain(cell)
    if not text:
        return
    for rank, (names, name) in enumerate(zip(known, (text, text, bare(text)), strict=True)):
        if name in names:
            yield names[name], rank
            return


def repeats_header(table: Table, grid: Grid, header: Header, row: int) -> bool:
    """Whether this row says the header again: at least three cells name the column they stand in."""
    columns = {column.key: column for column in table.columns}
    cells = header_cells(grid, row)
    same = sum(bool({plain(cells[place]), bare(cells[place])} & names_of(columns[key])) for key, place in header.places.items())
    return same >= min(ENOUGH, len(header.places))


# What went wrong, in words


def nearest(names: Sequence[str], shown: Mapping[str, str]) -> str:
    """Of `shown` (how to show it, by text as it is compared) the entry most like one of the names, or nothing."""
    close = (near for name in names for near in difflib.get_close_matches(plain(name), shown, n=1))
    return shown.get(next(close, ""), "")


def tab_missing(table: Table, grids: Sequence[Grid], used: Grid | None = None) -> SheetProblem:
    """The tab was not found by name: another was recognised by its header, another has nearly its name, or there is none at all."""
    zh, en = f"工作表“{table.heading('zh')}”没有找到", f"no tab '{table.heading('en')}'"
    near = nearest([*table.title.values(), table.name, *table.aliases], {plain(grid.title): grid.title for grid in grids})
    if used:
        zh, en = f"{zh}，按表头认出并使用“{used.title}”", f"{en}; recognised by its header and used '{used.title}'"
    elif near:
        zh, en = f"{zh}，最像的是“{near}”", f"{en}; the nearest is '{near}'"
    return SheetProblem(table.name, "tab missing" if used or near else "tab absent", {"zh": zh, "en": en}, stops=False)


def key_missing(table: Table, grid: Grid, header: Header | None) -> SheetProblem:
    """No column of the tab is the key: nothing can be said about its rows."""
    column = table.column(table.key) or Column(table.key, {})
    rows = [header.index] if header else list(range(_height(grid, LOOKED_AT)))
    zh, en = _near(column, _unclaimed(grid, header, rows))
    what = {
        "zh": f"工作表“{grid.title}”没有“{column.heading('zh')}”一列{zh}，整张表没有读取。请补上表头",
        "en": f"tab '{grid.title}' has no column '{column.heading('en')}'{en}; the tab was not read. Add the header",
    }
    return SheetProblem(table.name, "key missing", what, stops=True)


def still_loading(table: Table, grid: Grid) -> SheetProblem:
    """Formulas of the tab have no values yet; what they say now is not what they will say."""
    what = {
        "zh": f"工作表“{grid.title}”还有公式正在加载（Loading...），整张表没有读取；下次运行再看。一直这样时，请检查引用外部数据的公式",
        "en": f"tab '{grid.title}' has formulas that still are loading (Loading...); the tab was not read, the next run looks again. "
        "If it stays so, look at the formulas that fetch data from elsewhere",
    }
    return SheetProblem(table.name, "still loading", what, stops=True)


def header_missing(table: Table, grid: Grid, header: Header, column: Column) -> SheetProblem:
    """A required column is not there; the rules that need it do not apply."""
    zh, en = _near(column, _unclaimed(grid, header, [header.index]))
    what = {
        "zh": f"工作表“{grid.title}”没有“{column.heading('zh')}”一列{zh}。请补上表头",
        "en": f"tab '{grid.title}' has no column '{column.heading('en')}'{en}. Add the header",
    }
    return SheetProblem(table.name, "header missing", what, stops=False)


def header_doubled(table: Table, grid: Grid, header: Header, column: Column) -> SheetProblem:
    """A header stands over several columns; nobody can say which is meant."""
    places = [f"{letters(place)}{grid.first_row + header.index}" for place in header.doubled[column.key]]
    stops = column.required or column.key == table.key
    zh, en = ("整张表没有读取", "the tab was not read") if stops else ("这一列没有读取", "the column was not read")
    what = {
        "zh": f"工作表“{grid.title}”的表头“{column.heading('zh')}”出现在{'和'.join(places)}，{zh}。请只留一个",
        "en": f"tab '{grid.title}' has the header '{column.heading('en')}' in {' and '.join(places)}; {en}. Keep one",
    }
    return SheetProblem(table.name, "header doubled", what, stops=stops)


def two_header_rows(table: Table, grid: Grid, header: Header, rows: Sequence[int]) -> SheetProblem:
    """The header row is repeated; the repeats are passed over."""
    zh, en = "、".join(map(str, rows)), ", ".join(map(str, rows))
    what = {
        "zh": f"工作表“{grid.title}”第 {zh} 行重复了第 {grid.first_row + header.index} 行的表头，已跳过",
        "en": f"tab '{grid.title}' repeats the header of row {grid.first_row + header.index} in row {en}; passed over",
    }
    return SheetProblem(table.name, "two header rows", what, stops=False)


def _unclaimed(grid: Grid, header: Header | None, rows: Sequence[int]) -> dict[str, str]:
    claimed = header.claimed if header else frozenset()
    cells = [(row, place, cell) for row in rows for place, cell in enumerate(header_cells(grid, row)) if place not in claimed]
    return {plain(cell): f"{letters(place)}{grid.first_row + row} “{cell.strip()}”" for row, place, cell in cells if plain(cell)}


def _near(column: Column, shown: Mapping[str, str]) -> tuple[str, str]:
    near = nearest([*column.title.values(), *column.aliases, column.key], shown)
    return (f"，最像的是 {near}", f"; the nearest is {near}") if near else ("", "")
