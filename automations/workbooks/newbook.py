"""Makes a new workbook that a clerk would want to work in: one tab per table, with formats, dropdowns, colours and notes."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from copy import copy
from pathlib import Path

from openpyxl import Workbook as Book
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.comments import Comment
from openpyxl.formatting.rule import Rule
from openpyxl.styles import Alignment
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from automations.errors import WorkbookUnwritable
from automations.model import Column, Table, Value, letters
from automations.workbooks.board import Series, add_board
from automations.workbooks.filefaults import told
from automations.workbooks.looks import (
    GRID,
    OUR_CELLS,
    OUR_HEADER,
    STAFF_HEADER,
    TAB_COLOURS,
    TINTS,
    URGENT,
    alignment,
    choices_of,
    fill,
    font,
    format_of,
    header_note,
    is_state,
    said,
    tint,
    width_of,
)
from automations.workbooks.protocol import fitted, text_width
from automations.workbooks.saving import said_plainly

LAST_ROW = 1_048_576
LONGEST_LIST = 255
"""The most characters a dropdown may have when its choices are written into it; longer ones go to a hidden tab."""

TITLE_TAKES = 31
Rows = Mapping[str, Sequence[Mapping[str, Value]]]


def create(
    path: Path,
    tables: Sequence[Table],
    language: str = "zh",
    rows: Rows | None = None,
    *,
    tints: Mapping[str, str] | None = None,
    board: Sequence[Series] = (),
) -> None:
    """Write a new workbook with a tab for every table, and `rows` (by table name, by column key) in them; charts of `board` in one more.

    `tints` gives states their colour (`red amber green grey blue`) on top of the usual ones.
    Raises WorkbookUnwritable if the file exists already or the folder cannot be written.
    """
    if path.exists():
        raise WorkbookUnwritable(told("there", language, name=path.name, folder=path.parent))
    book = Book()
    book.remove(book.worksheets[0])
    book._named_styles["Normal"].font = font(language)  # type: ignore[attr-defined]
    for number, table in enumerate(tables):
        sheet = book.create_sheet(tab_title(table, language))
        sheet.sheet_properties.tabColor = TAB_COLOURS[number % len(TAB_COLOURS)]
        Page(sheet, table, language).fill((rows or {}).get(table.name, ()), {**TINTS, **(tints or {})})
    add_board(book, tables, {table.name: tab_title(table, language) for table in tables}, board, language)
    _save_new(book, path, language)


def tab_title(table: Table, language: str) -> str:
    """The tab's title, without what a spreadsheet does not allow in one."""
    return re.sub(r"[\[\]:*?/\\]", " ", table.heading(language)).strip("' ")[:TITLE_TAKES]


def _save_new(book: Book, path: Path, language: str) -> None:
    """The whole file under its name, or nothing."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with said_plainly(path, language):
            path.parent.mkdir(parents=True, exist_ok=True)
            book.save(temporary)
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


class Page:
    """One tab being laid out."""

    def __init__(self, sheet: Worksheet, table: Table, language: str) -> None:
        self.sheet, self.table, self.language = sheet, table, language

    def fill(self, rows: Sequence[Mapping[str, Value]], tints: Mapping[str, str]) -> None:
        """Headers, column styles, dropdowns, colours, the page set-up, and the rows."""
        for place, column in enumerate(self.table.columns):
            self.head(place, column)
            self.style_column(place, column)
            self.offer_choices(place, column)
            if is_state(self.table, column):
                self.colour_states(place, tints)
            if column.key == self.table.summary.get("left"):
                self.colour_time_left(place)
        self.set_up()
        for number, row in enumerate(rows, 2):
            self.write_row(number, row)

    def head(self, place: int, column: Column) -> None:
        """A header cell with its note."""
        cell = self.sheet.cell(1, place + 1, column.heading(self.language))
        cell.font = font(self.language, bold=True, ink="FFFFFF")
        cell.fill = fill(OUR_HEADER if column.ours else STAFF_HEADER)
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
        cell.border = GRID
        note = header_note(column, self.language)
        if note:
            cell.comment = note_of(note)

    def style_column(self, place: int, column: Column) -> None:
        """The look of a whole column, carried by the column and not by its cells, so that the file stays small."""
        style = self.sheet.column_dimensions[letters(place)]
        style.width = width_of(self.table, column, self.language)
        style.number_format = format_of(column)
        style.font = font(self.language, ink="595959" if column.ours else "222222")
        style.alignment = alignment(self.table, column)
        style.border = GRID
        if column.ours:
            style.fill = fill(OUR_CELLS)

    def offer_choices(self, place: int, column: Column) -> None:
        """A dropdown for choices and truths that staff fill; another value is warned about, not forbidden."""
        words, choices = said(self.language), choices_of(column, self.language)
        if not choices:
            return
        offer = DataValidation("list", formula1=self.list_of(choices), allow_blank=True, errorStyle="warning", showErrorMessage=True)
        offer.error = (words["warning"] + " / ".join(choices))[:220]
        offer.add(f"{letters(place)}2:{letters(place)}{LAST_ROW}")
        self.sheet.add_data_validation(offer)

    def list_of(self, choices: Sequence[str]) -> str:
        """The choices as a dropdown takes them: written out, or kept in a column of the hidden tab."""
        written = ",".join(choices)
        if len(written) < LONGEST_LIST and not any(mark in choice for choice in choices for mark in ',"'):
            return f'"{written}"'
        lists = self.lists()
        place = lists.max_column if lists.cell(1, 1).value else 0
        for number, choice in enumerate(choices, 1):
            put(lists.cell(number, place + 1), choice)
        return f"'{lists.title}'!${letters(place)}$1:${letters(place)}${len(choices)}"

    def lists(self) -> Worksheet:
        """The hidden tab that keeps long lists of choices."""
        book, title = self.sheet.parent, said(self.language)["lists"]
        assert isinstance(book, Book)
        if title not in book.sheetnames:
            book.create_sheet(title).sheet_state = "hidden"
        lists = book[title]
        assert isinstance(lists, Worksheet)
        return lists

    def colour_states(self, place: int, tints: Mapping[str, str]) -> None:
        """One rule per colour for the whole column."""
        first = f"{letters(place)}2"
        for colour in dict.fromkeys(tints.values()):
            words = [word.replace('"', '""') for word, one in tints.items() if one == colour]
            formula = "OR({})".format(",".join(f'${first}="{word}"' for word in words))
            area = f"{first}:{letters(place)}{LAST_ROW}"
            self.sheet.conditional_formatting.add(area, Rule("expression", dxf=tint(colour), formula=[formula]))

    def colour_time_left(self, place: int) -> None:
        """Red for what is late, amber for what is due today, in the column that says the time left."""
        first = f"{letters(place)}2"
        area = f"{first}:{letters(place)}{LAST_ROW}"
        for colour, words in URGENT.items():
            formula = "OR({})".format(",".join(f'ISNUMBER(SEARCH("{word}",${first}))' for word in words))
            self.sheet.conditional_formatting.add(area, Rule("expression", dxf=tint(colour), formula=[formula], stopIfTrue=True))

    def set_up(self) -> None:
        """Frozen header and key, filter buttons, and a page that prints on A4 across with the header repeated."""
        sheet, last = self.sheet, len(self.table.columns)
        key = next((place for place, column in enumerate(self.table.columns) if column.key == self.table.key), 0)
        sheet.freeze_panes = f"{letters(key + 1 if key < 3 else 0)}2"
        sheet.auto_filter.ref = f"A1:{letters(last - 1)}1"
        sheet.row_dimensions[1].height = 30
        sheet.print_title_rows = "1:1"
        sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
        sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
        if sheet.sheet_properties.pageSetUpPr:
            sheet.sheet_properties.pageSetUpPr.fitToPage = True
        assert sheet.oddFooter is not None and sheet.oddFooter.center is not None
        sheet.oddFooter.center.text = "&A  &P / &N"
        sheet.page_margins.left = sheet.page_margins.right = 0.4
        sheet.page_margins.top = sheet.page_margins.bottom = 0.75

    def write_row(self, number: int, row: Mapping[str, Value]) -> None:
        """One row, its cells dressed as their columns are; blanks are left out."""
        for place, column in enumerate(self.table.columns):
            value = row.get(column.key)
            if value is not None:
                cell = self.sheet.cell(number, place + 1)
                cell._style = copy(self.sheet.column_dimensions[letters(place)]._style)  # type: ignore[union-attr, attr-defined]
                put(cell, self.worded(value))

    def worded(self, value: Value) -> Value:
        """Truths as the words of the dropdown; anything else as it is."""
        return said(self.language)["yes" if value else "no"] if isinstance(value, bool) else value


def put(cell: Cell | MergedCell, value: Value) -> None:
    """Set a cell; text is text even if it begins with `=`."""
    cell.value = fitted(value) if isinstance(value, str) else value
    if isinstance(value, str):
        cell.data_type = "s"


def note_of(text: str) -> Comment:
    """A header's note in a box that fits it."""
    lines = sum(1 + text_width(line) // 36 for line in text.splitlines())
    return Comment(text, "Rowkeeper", width=280, height=24 + 20 * lines)
