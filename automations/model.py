"""The nouns: tables, columns, snapshots, findings, changes, notices and plans, all frozen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:  # pandas costs seconds to import; a command that reads no table does not pay for it
    import pandas as pd

Value = str | int | Decimal | date | datetime | time | bool | None
Words = Mapping[str, str]
"""A text in several languages: `{"zh": "客户投诉", "en": "Complaints"}`."""

ColumnType = Literal[
    "text",
    "integer",
    "decimal",
    "money",
    "percent",
    "date",
    "datetime",
    "time",
    "boolean",
    "choice",
    "email",
    "phone",
    "reference",
]
Level = Literal["info", "warn", "fail"]

SCALE: Mapping[str, int] = {"decimal": 10_000, "money": 100, "percent": 1_000_000}
"""Exact numbers are kept as whole multiples of 1/SCALE: money in fen, decimals in 1/10,000, percent as a share in 1/1,000,000."""


@dataclass(frozen=True)
class Column:
    """One declared column of a table, found in the sheet by header text, never by position."""

    key: str
    title: Words
    type: ColumnType = "text"
    aliases: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    required: bool = False
    core: bool = False
    ours: bool = False
    override: Literal["keep", "restore"] = "keep"
    refers_to: str | None = None
    known_as: str | None = None
    sensitive: bool = False
    note: Words = field(default_factory=dict)
    clause: str | None = None
    width: int | None = None

    def heading(self, language: str) -> str:
        """The header text written by `init` in this language."""
        return self.title.get(language) or self.title.get("zh") or self.key


@dataclass(frozen=True)
class Numbering:
    """How blank keys are filled: `TS-{received_at:%Y%m%d}-{n:03d}` counts from 1 within each prefix."""

    pattern: str


@dataclass(frozen=True)
class Table:
    """A declared table: its tab title, its key, its columns, and where the summary of a row is written.

    The rows of a `kept` table are made by rules; `gone` is the column that says when the source of a row is no longer there.
    The columns of ours of a table `apart` stand in a tab of their own, keyed as its rows are.
    """

    name: str
    title: Words
    key: str
    columns: tuple[Column, ...]
    aliases: tuple[str, ...] = ()
    owner: tuple[str, ...] = ()
    numbering: Numbering | None = None
    summary: Mapping[str, str] = field(default_factory=dict)
    note: Words = field(default_factory=dict)
    kept: bool = False
    gone: str | None = None
    apart: bool = False

    def column(self, key: str) -> Column | None:
        return next((column for column in self.columns if column.key == key), None)

    def heading(self, language: str) -> str:
        """The tab title written by `init` in this language."""
        return self.title.get(language) or self.title.get("zh") or self.name


@dataclass(frozen=True)
class Grid:
    """One tab as a workbook holds it, before any meaning: raw values by column.

    `columns[c][r]` is the cell in column `c` (0 = A) and sheet row `r + first_row`; blanks are None or "".
    Every column has the same length. `anchors` are the header cells, (0-based row, column) by `table/column`, of columns
    that bear a mark of ours; the mark stays when people rename or move the column.
    """

    title: str
    columns: Sequence[Sequence[Any]]
    first_row: int = 1
    anchors: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    loading: bool = False
    """Whether some formulas had no value yet when it was read."""
    href: str = ""
    """The address that opens a row in a browser when its number is put behind it; empty where there is none, as for files."""


@dataclass(frozen=True)
class CellProblem:
    """A cell that could not be read as its declared type."""

    table: str
    column: str
    row: int
    shown: str
    expected: Words


@dataclass(frozen=True)
class SheetProblem:
    """A whole tab or column that could not be used; other tables go on."""

    table: str
    code: Literal[
        "tab missing", "tab absent", "header missing", "header doubled", "key missing", "still loading", "two header rows", "merged cells"
    ]
    what: Words
    stops: bool


@dataclass(frozen=True, eq=False)
class Sheet:
    """One table as read: typed columns, and where each row and column stands in the tab.

    `frame` has one row per data row and only the declared columns that were found, with these dtypes:
    text, choice, email, phone, reference: `string[python]`; integer: Int64; decimal, money, percent: Int64 (see SCALE);
    date, datetime: datetime64[s]; time: Int64 (seconds since midnight); boolean: boolean.
    `rows[i]` is the row number in the tab (1-based) of frame row i; `places[column]` the 0-based column in the tab.
    Columns of ours that stand in a tab of their own are in the frame, and not in `places`.
    """

    table: Table
    tab: str
    header_row: int
    frame: pd.DataFrame
    rows: Sequence[int]
    places: Mapping[str, int]
    problems: tuple[CellProblem, ...] = ()
    apart: Apart | None = None
    href: str = ""
    grown_from: Sheet | None = None
    """The sheet as it was read, where rules have added rows to it."""

    @property
    def origin(self) -> Sheet:
        """The sheet as it was read."""
        return self.grown_from or self

    def link(self, position: int) -> str:
        """The address that opens a row in a browser; empty where there is none."""
        return f"{self.href}{self.rows[position]}" if self.href else ""

    def address(self, column: str, position: int) -> str:
        """The A1 address of a cell: `F17`; `Complaints - status!C5` in the tab of ours, without the row where there is none yet."""
        if self.apart and column not in self.places:
            own, place = self.apart.sheet, self.apart.positions[position]
            return f"{own.tab}!{letters(own.places[column])}{own.rows[place] if place >= 0 else ''}"
        return f"{letters(self.places[column])}{self.rows[position]}"


@dataclass(frozen=True, eq=False)
class Apart:
    """The tab of ours beside that of staff, and where in it each of their rows is; -1: nowhere yet."""

    sheet: Sheet
    positions: Sequence[int]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """All tables of one reading of the workbook."""

    workbook: str
    sheets: Mapping[str, Sheet]
    problems: tuple[SheetProblem, ...] = ()
    fingerprint: str = ""
    grids: Mapping[str, Grid] = field(default_factory=dict)

    def home(self, change: Change) -> Sheet | None:
        """The tab a change goes into: of a table apart the tab of ours, if it has the column."""
        sheet = self.sheets.get(change.table)
        apart = sheet.apart if sheet else None
        return apart.sheet if apart and change.column in apart.sheet.places else sheet


@dataclass(frozen=True)
class Finding:
    """Something wrong with a row, said to the row's owner. Identity: rule, key and column."""

    rule: str
    level: Level
    table: str
    key: str
    row: int
    column: str | None
    address: str
    value: str
    sentence: Words
    fix: Words
    clause: str
    owner: str = ""


@dataclass(frozen=True)
class CellChange:
    """One cell the program wants to write: compare with `old`, then set `new`.

    `new` and `old` are typed values as `cells.py` reads them; `column` must be declared `ours`.
    """

    table: str
    key: str
    column: str
    old: Value
    new: Value
    rule: str
    row: int


@dataclass(frozen=True)
class NewKey:
    """A number the program gives to a row whose key is blank; the row is known by its place and its content."""

    table: str
    column: str
    key: str
    row: int
    content: str


@dataclass(frozen=True)
class NewRow:
    """A row the program appends to a table it keeps; its other cells are changes of the same key. `row` is where it will stand."""

    table: str
    column: str
    key: str
    row: int
    rule: str


Change = CellChange | NewKey | NewRow
"""Anything the program writes into a workbook."""


@dataclass(frozen=True)
class Notice:
    """One message to one reader about one occasion, rendered and frozen while planning."""

    identity: str
    policy: str
    rule: str
    table: str
    key: str
    rung: str
    episode: int
    template: str
    reader: str
    address: str
    language: str
    facts: Mapping[str, str]
    state: Literal["planned", "deferred", "baseline", "overtaken", "suppressed"] = "planned"
    reason: str = ""


@dataclass(frozen=True)
class Attachment:
    """A file that travels with a mail: its name, its media type such as `application/pdf`, its bytes.

    One with a `content_id` is a picture within the page, which shows it as `<img src="cid:…">`.
    """

    name: str
    media_type: str
    content: bytes
    content_id: str = ""


@dataclass(frozen=True)
class Mail:
    """A rendered mail to one reader: one notice, or several of one run together.

    `list_id` names a digest, so that its readers can sort it; a single notice has none.
    """

    message_id: str
    to: str
    reader: str
    subject: str
    text: str
    html: str
    identities: tuple[str, ...]
    sent_at: datetime
    language: str = "zh"
    reply_to: str = ""
    list_id: str = ""
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True)
class Tripped:
    """A brake that tripped: which one, on what (a table, reader, row or policy; nothing for the whole run), and in words."""

    name: str
    on: str
    words: Words

    @property
    def identity(self) -> str:
        """The same brake on the same thing, however far it is passed."""
        return f"{self.name}:{self.on}"


@dataclass(frozen=True)
class Outgoing:
    """A mail a plan would send: the notices in it, whether it goes by itself, and the brake that caught one of its notices."""

    mail: Mail
    notices: tuple[Notice, ...]
    way: Literal["live", "draft", "shadow"] = "live"
    caught: Tripped | None = None


@dataclass(frozen=True)
class KeptMail:
    """A mail of the outbox that waits for a person, whose person has released it, or that has not left yet.

    `reply` is the last one of the server, `words` are what people said of it.
    """

    mail: Mail
    state: Literal["draft", "held", "released", "pending"]
    reply: str = ""
    words: str = ""


@dataclass(frozen=True)
class Transition:
    """A watched condition of a row that was seen to change between two runs."""

    table: str
    key: str
    watch: str
    old: bool | None
    new: bool
    seen_at: datetime
    not_before: datetime | None


@dataclass(frozen=True)
class Override:
    """A value a person put into a column of ours; it is left alone and reported."""

    table: str
    key: str
    column: str
    theirs: Value
    ours: Value
    row: int


@dataclass(frozen=True)
class WriteReceipt:
    """What became of the changes: written, or refused with the reason in words."""

    written: tuple[Change, ...] = ()
    refused: tuple[tuple[Change, str], ...] = ()


def letters(place: int) -> str:
    """The column letters of a 0-based column: 0 is A, 26 is AA."""
    name = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        name = chr(65 + rest) + name
    return name
