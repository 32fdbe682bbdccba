"""What the files in config/ may say: the closed sets of keys, one class per kind of file."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from automations.declared import Declared as Declared  # the kinds of rule are declared too
from automations.mailsettings import MailSettings
from automations.model import ColumnType, Words
from automations.workbooksettings import WorkbookSettings

DURATIONS = ("working_days", "days", "hours", "working_hours", "months")
DurationUnit = Literal["working_days", "days", "hours", "working_hours", "months"]
Unit = Literal["working_days", "days", "hours", "working_hours", "months", "CNY", "percent", "count", "text", "choice"]
Mode = Literal["shadow", "redirect", "live"]
Customers = Literal["draft", "send"]


def _words(value: Any) -> Any:
    return {"zh": value} if isinstance(value, str) else value


def _many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


if TYPE_CHECKING:
    Said = Words
else:
    Said = Annotated[dict[Literal["zh", "en"], str], BeforeValidator(_words, json_schema_input_type=str | dict[Literal["zh", "en"], str])]
"""A text for people: Chinese as it stands, or `{ zh: …, en: … }`."""
Names = Annotated[list[str], BeforeValidator(_many, json_schema_input_type=str | list[str])]
"""One name or a list of names."""


class Reading(Declared):
    """How an unclear sentence was read, and how to change that."""

    on: str
    taken: Said
    change: Said


class LeftToPeople(Declared):
    """A catalogue entry that no program should decide, and why."""

    id: str
    why: Said


class Partly(Declared):
    """A catalogue entry that is only partly automated, and what is missing."""

    id: str
    missing: Said


class ByDesign(Declared):
    """A catalogue entry that needs no rule, and the feature of the product that keeps it."""

    id: str
    feature: Said


class PackFile(Declared):
    """`pack.yaml`: one policy document as a folder that is switched on or off whole."""

    pack: str
    title: Said
    organisation: str = ""
    explained_by: Said = Field(default={}, description="who explains the document: named at the end of every notice under it")
    catalogue: str = ""
    entries: int | None = Field(default=None, ge=1, description="how many entries the catalogue of the document has")
    needs: list[str] = []
    customers: Customers = "draft"
    tables: list[str] = []
    readings: list[Reading] = []
    left_to_people: list[LeftToPeople] = []
    partly: list[Partly] = []
    by_design: list[ByDesign] = []
    roles: dict[str, Names] = Field(default={}, description="other names of a post: `role:` finds whoever has any of them")


class ColumnFile(Declared):
    """One column of a table."""

    title: Said
    type: ColumnType = "text"
    aliases: list[str] = []
    choices: list[str] = []
    required: bool = False
    ours: bool = False
    override: Literal["keep", "restore"] | None = None
    refers_to: str | None = None
    known_as: str | None = None
    sensitive: bool = False
    note: Said = {}
    clause: str | None = None
    width: int | None = None


class NumberingFile(Declared):
    """How the program numbers a row whose key is blank."""

    pattern: str


class Rollup(Declared):
    """A column gathered from the rows of another table that refer to this row."""

    of: str
    via: str
    how: Literal["sum", "count", "max", "min", "any"]
    value: str | None = None
    when: str | None = None


class InForce(Declared):
    """A value of the row of another table that was in force on a day: the price of a price list, for example."""

    of: str
    match: str = Field(description="the column of the other table that must hold the same as `with`")
    with_: str = Field(alias="with", description="an expression over this row")
    on: str = Field(description="the day, an expression over this row")
    from_: str = Field(alias="from", description="the first day of the other row")
    to: str | None = Field(default=None, description="its last day; blank or left out: until the next row begins")
    value: str


class Running(Declared):
    """A running total inside one table: by whom, in which order."""

    value: str
    by: str
    order: list[str]


class Summary(Declared):
    """Which of our columns say the row's state, next step, due time, time left, late steps and problems."""

    state: str | None = None
    next: str | None = None
    due: str | None = None
    left: str | None = None
    late: str | None = None
    problems: str | None = None


class TableFile(Declared):
    """`tables/<name>.yaml`: one table of the workbook."""

    table: str
    title: Said
    aliases: list[str] = []
    note: Said = {}
    key: str
    owner: Names = []
    numbering: NumberingFile | None = None
    summary: Summary = Summary()
    columns: dict[str, ColumnFile]
    kept: bool = False
    gone: str | None = None
    rollups: dict[str, Rollup] = {}
    in_force: dict[str, InForce] = {}
    running: dict[str, Running] = {}


Amount = Annotated[Any, Field(description="a value, or a mapping from the words of `by` to values; null ends it")]


class Parameter(Declared):
    """A number of the policy, with its unit, its clause and its dated values."""

    title: Said
    unit: Unit
    clause: str = ""
    by: str | None = None
    suggested: bool = False
    values: dict[date, Amount]
    note: Said = {}


class Rung(Declared):
    """One step of a ladder: when, to whom, with which words."""

    at: str
    to: Names
    template: str
    when: str | None = None
    repeat: str | None = None
    at_most: int = Field(default=1, ge=1, le=100)


class NoticeFile(Declared):
    """Who is told when a clock reaches a rung, or when a finding appears; what of the row a customer is shown."""

    on: str
    ladder: list[Rung] = []
    to: Names = []
    template: str = "finding"
    quiet: bool = Field(default=True, description="false: an emergency, sent outside the reader's open hours too")
    shows: Names = []
    encloses: Names = Field(default=[], description="forms that travel with the mail, each as `policy/rule`, of the same table")


class Example(Declared):
    """A row, a clock and what must come out; it proves the rules it touches."""

    name: str
    now: datetime
    row: dict[str, Any]
    tables: dict[str, list[dict[str, Any]]] = {}
    expect: dict[str, Any] = {}
    findings: list[str] | None = None
    kept: dict[str, list[dict[str, Any]]] = {}
    notices: list[str] | None = None
    forms: list[str] | None = None


class PolicyFile(Declared):
    """`policies/<name>.yaml`: a written policy, from top to bottom."""

    policy: str
    title: Said
    source: str = ""
    table: str
    dated_by: str | None = None
    owner: str = ""
    enforce_from: date | None = None
    mode: Mode = "live"
    redirect_to: str = ""
    customers: Customers | None = None
    note: Said = {}
    parameters: dict[str, Parameter] = {}
    rules: list[dict[str, Any]] = []
    notices: list[NoticeFile] = []
    examples: list[Example] = []


class Brakes(Declared):
    """When a run is stopped before the first write, and when its mails are held before the first one leaves."""

    state_share: Annotated[Decimal, Field(ge=0, le=1)] = Decimal("0.3")
    state_rows: int = 10
    rows_added: int = 500
    rows_lost_share: Annotated[Decimal, Field(ge=0, le=1)] = Decimal("0.34")
    mails_per_run: Annotated[int, Field(ge=0)] = 60
    mails_per_reader_day: Annotated[int, Field(ge=1)] = 20
    notices_per_row_day: Annotated[int, Field(ge=1)] = 20
    notices_per_policy: Annotated[int, Field(ge=1)] = 50
    usual_times: Annotated[Decimal, Field(ge=1)] = Decimal("3")
    usual_floor: Annotated[int, Field(ge=1)] = 20


class BackupSettings(Declared):
    """How long copies of the ledger and the workbook are kept."""

    keep_days: Annotated[int, Field(ge=1, le=3650)] = 30
    at_least: Annotated[int, Field(ge=1, le=1000)] = 7


class ServeSettings(Declared):
    """What `serve` offers to those who watch it: a port on this machine for /healthz and /metrics."""

    port: Annotated[int, Field(ge=1, le=65535)] | None = None


LEDGER = "state/ledger.sqlite"
SERVER = ("postgresql://", "postgres://")
"""How the address of a ledger on a server begins."""


def place_of(root: Path, ledger: str, branch: str = "") -> Path:
    """The ledger's file; for one on a server the place on this machine where its locks and copies lie."""
    if ledger.startswith(SERVER):
        return root / "state" / branch / "ledger"
    return root / Path(ledger).parent / branch / Path(ledger).name


def _without_password(place: str) -> str:
    if re.match(r"postgres(ql)?://[^/@]*:[^/@]*@", place) or "password=" in place:
        raise ValueError("a password never stands in the settings: put it into PGPASSWORD, or into the file that PGPASSFILE names")
    return place


class SettingsFile(Declared):
    """`config/settings.yaml`: language, calendar, workbook, mail, ledger, packs, brakes, backups and serve."""

    language: Literal["zh", "en"] = "zh"
    calendar: str = "cn"
    workbook: WorkbookSettings = WorkbookSettings()
    mail: MailSettings = MailSettings()
    ledger: Annotated[str, AfterValidator(_without_password)] = Field(
        default=LEDGER, description="a file, or postgresql://USER@HOST/DATABASE where several machines work together"
    )
    forms: str = Field(default="forms", description="the folder printed forms are kept in")
    papers: str = Field(default="papers", description="the folder working papers for meetings are kept in")
    organisation: str = Field(default="", description="the name at the head of printed forms; blank: the one of the pack")
    admin: str
    packs: list[str]
    precedence: dict[str, str] = Field(
        default={}, description="whose promise counts where several policies make the same one; without it the strictest does, row by row"
    )
    brakes: Brakes = Brakes()
    backups: BackupSettings = BackupSettings()
    serve: ServeSettings = ServeSettings()
    due_soon: str = "80%"
    quiet_hours: bool = Field(default=True, description="outside a reader's open hours nothing is sent; it goes at the next opening")
    hold_at_most: str = Field(default="30 working days", description="the longest a row may be held back from notices")
    roles: dict[str, Names] = Field(default={}, description="other names of a post in this company, beside those of the packs")


class ExceptionFile(Declared):
    """One day that is not like its weekday: closed, or open in other windows."""

    day: date
    name: str
    source: str
    closed: bool = False
    windows: list[str] = []


class CalendarFile(Declared):
    """`calendars/<name>.yaml`: the working week, its windows and the dated exceptions."""

    calendar: str
    title: Said
    zone: str
    country: str | None = None
    weekly: dict[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], list[str]]
    exceptions: list[ExceptionFile] = []
    official_until: date | None = None
    first: date | None = None
    last: date | None = None
