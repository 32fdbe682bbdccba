"""How a workbook looks: fonts, colours, number formats, widths, and the notes on headers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.styles.differential import DifferentialStyle

from automations.model import Column, ColumnType, Table
from automations.workbooks.protocol import text_width

FONTS: Mapping[str, tuple[str, float]] = {"zh": ("Microsoft YaHei", 10), "en": ("Calibri", 11)}

FORMATS: Mapping[ColumnType, str] = {
    "text": "@",
    "integer": "#,##0",
    "decimal": "#,##0.####",
    "money": "#,##0.00",
    "percent": "0.0%",
    "date": "yyyy-mm-dd",
    "datetime": "yyyy-mm-dd hh:mm",
    "time": "hh:mm",
    "boolean": "General",
    "choice": "@",
    "email": "@",
    "phone": "@",
    "reference": "@",
}

WIDTHS: Mapping[ColumnType, int] = {
    "text": 18,
    "integer": 9,
    "decimal": 11,
    "money": 13,
    "percent": 9,
    "date": 12,
    "datetime": 17,
    "time": 8,
    "boolean": 8,
    "choice": 10,
    "email": 24,
    "phone": 15,
    "reference": 15,
}
NARROWEST, WIDEST = 8, 60
SENTENCE = 30
"""A text column of ours this wide is there for sentences."""
SUMMARY_WIDTHS: Mapping[str, int] = {"state": 15, "next": 30, "due": 17, "left": 19, "late": 16, "problems": 52}

COLOURS: Mapping[str, tuple[str, str]] = {
    "red": ("FCE4E4", "B42318"),
    "amber": ("FEF3D6", "93590A"),
    "green": ("E3F4E6", "1E6B34"),
    "grey": ("ECECEC", "6B6B6B"),
    "blue": ("E3EEFB", "1D4F91"),
}
"""Fill and ink of a state's colour."""

TINTS: Mapping[str, str] = {
    "已逾期": "red",
    "逾期": "red",
    "逾期完成": "amber",
    "即将到期": "amber",
    "进行中": "blue",
    "按时完成": "green",
    "已完成": "green",
    "暂停": "grey",
    "未开始": "grey",
    "Overdue": "red",
    "Done late": "amber",
    "Due soon": "amber",
    "Running": "blue",
    "Done on time": "green",
    "Done": "green",
    "Paused": "grey",
    "Not started": "grey",
}
"""The colour of a state, by its word."""

URGENT: Mapping[str, Sequence[str]] = {"red": ("已逾期", "已到期", "late", "was due"), "amber": ("今天", "due today")}
"""The colour of the time left, by words in it; the first that fits wins."""

STAFF_HEADER, OUR_HEADER, OUR_CELLS = "1F4E5F", "7F7F7F", "F5F5F5"
TAB_COLOURS = ("1F4E5F", "C77D2E", "4A7C59", "8A4F7D", "3F6FB5", "A34A3A")
LINE = Side(style="thin", color="D9D9D9")
GRID = Border(left=LINE, right=LINE, top=LINE, bottom=LINE)

SAID: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "ours": "由表管家填写，请勿手工修改",
        "required": "必填",
        "clause": "依据：",
        "choices": "可选：",
        "warning": "不在可选项中：",
        "lists": "选项",
        "yes": "是",
        "no": "否",
    },
    "en": {
        "ours": "filled by Rowkeeper, please do not edit",
        "required": "required",
        "clause": "by: ",
        "choices": "one of: ",
        "warning": "not one of the choices: ",
        "lists": "lists",
        "yes": "yes",
        "no": "no",
    },
}


def said(language: str) -> Mapping[str, str]:
    """The fixed words of this module in a language; Chinese for languages it does not know."""
    return SAID.get(language, SAID["zh"])


def summary_part(table: Table, column: Column) -> str:
    """Which part of the row's summary a column holds (`state`, `problems` and so on), or ""."""
    return next((part for part, key in table.summary.items() if key == column.key), "")


def width_of(table: Table, column: Column, language: str) -> int:
    """A column's width in characters: as declared, else wide enough for its header, its filter button and what it holds."""
    if column.width:
        return column.width
    choices = max((text_width(choice) for choice in column.choices), default=0) + 4
    held = SUMMARY_WIDTHS.get(summary_part(table, column), WIDTHS[column.type])
    return min(max(NARROWEST, held, text_width(column.heading(language)) + 4, choices), WIDEST)


def is_state(table: Table, column: Column) -> bool:
    """Whether a column holds states that are coloured by their word."""
    return summary_part(table, column) == "state" or column.key == "state" or column.key.endswith("_state")


def format_of(column: Column) -> str:
    """The number format of a column."""
    return FORMATS[column.type]


def font(language: str, bold: bool = False, ink: str = "222222") -> Font:
    """The font of a language; programs without it fall back to one of their own."""
    name, size = FONTS.get(language, FONTS["zh"])
    return Font(name=name, size=size, bold=bold, color=ink)


def fill(colour: str) -> PatternFill:
    return PatternFill("solid", start_color=colour, end_color=colour)


def tint(colour: str) -> DifferentialStyle:
    """The look of a state of this colour."""
    paper, ink = COLOURS[colour]
    return DifferentialStyle(font=Font(color=ink, bold=colour == "red"), fill=PatternFill(bgColor=paper, fill_type="solid"))


def alignment(table: Table, column: Column) -> Alignment:
    """Long texts wrap, numbers stand right, states, dates and truths in the middle."""
    if wraps(table, column):
        return Alignment(vertical="top", wrap_text=True)
    if column.type in ("integer", "decimal", "money", "percent"):
        return Alignment(horizontal="right", vertical="center")
    centred = column.type in ("date", "datetime", "time", "boolean", "choice") or is_state(table, column)
    return Alignment(horizontal="center" if centred else None, vertical="center")


def wraps(table: Table, column: Column) -> bool:
    """Whether a column holds sentences of ours: in the summary of the row, or a text declared to be this wide."""
    ours = column.ours and column.type == "text" and (column.width or 0) >= SENTENCE
    return ours or summary_part(table, column) in ("problems", "next", "late")


def choices_of(column: Column, language: str) -> tuple[str, ...]:
    """What a dropdown offers to staff; nothing in a column of ours."""
    words = said(language)
    return () if column.ours else column.choices or ((words["yes"], words["no"]) if column.type == "boolean" else ())


def header_note(column: Column, language: str) -> str:
    """What the note on a header says: meaning, choices, clause, and who fills it."""
    words = said(language)
    lines = [
        column.note.get(language) or column.note.get("zh") or "",
        words["choices"] + " / ".join(column.choices) if column.choices else "",
        words["clause"] + column.clause if column.clause else "",
        words["ours"] if column.ours else words["required"] if column.required else "",
    ]
    return "\n".join(line for line in lines if line)
