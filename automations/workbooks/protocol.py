"""What every workbook can do, and the words a cell to be written is described with."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol

from automations.model import ColumnType, Grid, Value

LONGEST = 32_767
"""The most characters (UTF-16 units) a cell of a spreadsheet holds."""

DAY = 86_400
"""Seconds in a day, the unit of a spreadsheet's serial number."""


@dataclass(frozen=True)
class Beside:
    """The row of another tab whose cells a value was worked out from: of a table whose columns of ours stand apart, staff's row."""

    tab: str
    header_row: int
    key_place: int
    key_header: str
    row: int

    def as_target(self, target: Target) -> Target:
        """The key cell of that row, as something to be found."""
        place = self.key_place
        return replace(
            target,
            tab=self.tab,
            header_row=self.header_row,
            key_place=place,
            place=place,
            header=self.key_header,
            key_header=self.key_header,
            row_hint=self.row,
            appends=False,
            beside=None,
        )


@dataclass(frozen=True)
class Target:
    """One cell to write, with everything needed to find it again after staff sorted, inserted or moved things.

    Places are 0-based columns, rows are 1-based. With `content` given the row is known by `row_hint`, a blank key cell
    and `content_of` its other cells; otherwise it is known by `key` alone and `row_hint` is for people.
    With `appends` there is no such row yet: `new` is its key, written below the last row that holds anything.
    `beside` is where its inputs stand, if that is another tab.
    """

    tab: str
    header_row: int
    key_place: int
    key: str
    place: int
    header: str
    key_header: str
    old: Value
    new: Value
    kind: ColumnType
    row_hint: int
    content: str | None = None
    appends: bool = False
    beside: Beside | None = None


LASTING = ("holds a formula", "is part of merged cells", "is protected")
"""Why a cell refuses every value until staff change the cell itself; other refusals come from staff being at work just then."""


def lasts(reason: str) -> bool:
    """Whether trying again would be refused again."""
    return reason.startswith(LASTING)


Written = list[int]
Refused = list[tuple[int, str]]


class Workbook(Protocol):
    """Where tables live. Reading gives raw values; writing is compare-and-set by header and key, never by position."""

    name: str
    may_stray: bool
    """Whether a write can hit other rows than meant, because people move things while it is under way and its end was not seen."""

    def grids(self) -> list[Grid]:
        """Every tab, visible or hidden, as raw values with trailing blank rows and columns cut off."""

    def fingerprint(self) -> str:
        """A cheap text that changes whenever the content may have changed."""

    def apply(self, targets: Sequence[Target]) -> tuple[Written, Refused]:
        """Write each target whose cell still holds `old`; all in one save. Gives indices written, and (index, reason) refused.

        A cell that already holds `new` counts as written. Rows appended (see `Target.appends`) stand below everything, also below
        what a filter hides; they go on in the look, the dropdowns and the conditional colours of the row above, and the other
        targets of their keys find them. A key that stands already is not appended again, and counts as written.
        Raises WorkbookBusy, WorkbookUnreadable, WorkbookUnwritable.
        """

    def hold(self) -> None:
        """Make sure that this installation keeps the workbook, before mail leaves in a run that writes nothing. Raises WorkbookTaken."""

    def spent(self) -> Mapping[str, int]:
        """What reading and writing cost since this was last asked, by word, such as `{"reads": 2}`; nothing for a local file."""

    def snapshot_to(self, folder: Path, stamp: str) -> Path:
        """Keep a copy of the workbook as it is now under `folder`, named by `stamp`."""


def header_text(raw: Any) -> str:
    """A header as it is compared: trimmed, NFKC, case-folded."""
    return unicodedata.normalize("NFKC", plain_text(raw)).strip().casefold()


def key_text(raw: Any) -> str:
    """A key as it is compared: trimmed, NFKC; 1042 and 1042.0 are "1042", a blank is ""."""
    text = plain_text(raw).strip()
    return text if text.isascii() else unicodedata.normalize("NFKC", text).strip()


def plain_text(raw: Any) -> str:
    """A raw value as text: whole numbers without ".0", midnights as a bare date, blanks as ""."""
    if isinstance(raw, str):
        return raw
    if raw is None:
        return ""
    if isinstance(raw, float) and raw.is_integer():
        return str(int(raw))
    if isinstance(raw, datetime):
        return dated_text(raw)
    return str(raw)


def dated_text(moment: datetime) -> str:
    """A moment as `2026-09-30` at midnight and `2026-09-30 14:05` otherwise; seconds only if there are any."""
    form = "%Y-%m-%d" if moment.time() == time() else "%Y-%m-%d %H:%M:%S" if moment.second else "%Y-%m-%d %H:%M"
    return moment.strftime(form)


def is_blank(raw: Any) -> bool:
    """True for nothing, empty text, and text of blanks only."""
    return raw is None or (isinstance(raw, str) and not raw.strip())


def is_nothing(raw: Any) -> bool:
    """True for a blank and for an unticked box: whole columns of boxes are born so, below the last row too."""
    return raw is False or is_blank(raw)


def content_of(values: Iterable[Any]) -> str:
    """The content hash of a row: all raw values except the key cell's, in order; blanks do not count.

    Dates, times and numbers hash alike whichever way a backend reads them (a serial number or a datetime).
    """
    said = "\x1f".join(_hashed(value) for value in values if not is_blank(value))
    return blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _hashed(value: Any) -> str:
    """One value in the spelling that is hashed; numbers in whole seconds of a day so that serials and dates agree."""
    if isinstance(value, bool):
        return f"b{int(value)}"
    days = serial_of(value)
    return f"t{key_text(value)}" if days is None else f"n{round(days * DAY)}"


def serial_of(value: Any) -> float | None:
    """Days since 1899-12-30 of a number, date or time; None for anything else."""
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, datetime):
        return (value - datetime(1899, 12, 30)) / timedelta(days=1)
    if isinstance(value, date):
        return float((value - date(1899, 12, 30)).days)
    if isinstance(value, time):
        return (value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6) / DAY
    return value / timedelta(days=1) if isinstance(value, timedelta) else None


def number_digits(value: int | Decimal) -> str | None:
    """A number as it is written into a cell; None if it has more than the 15 digits a spreadsheet keeps."""
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    digits = text.lstrip("-").replace(".", "")
    return text if digits.isdigit() and len(digits.strip("0")) <= 15 else None


def text_width(text: str) -> int:
    """How wide a text is in characters, a Chinese one counting two; of several lines the widest."""
    wide = ("W", "F", "A")
    return max((sum(2 if unicodedata.east_asian_width(one) in wide else 1 for one in line) for line in text.splitlines()), default=0)


def fitted(text: str) -> str:
    """A text cut to what a cell holds, with an ellipsis where it was cut."""
    if len(text) <= LONGEST // 2 or len(text.encode("utf-16-le", "surrogatepass")) <= 2 * LONGEST:
        return text
    cut = text.encode("utf-16-le", "surrogatepass")[: 2 * (LONGEST - 1)]
    return cut.decode("utf-16-le", "ignore") + "…"
