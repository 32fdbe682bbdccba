"""What `doctor` looks at in a workbook at Google: key, sharing, tabs, protection, owner, pace, zone and clock. It writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from automations.apart import LOOKS
from automations.config import Config
from automations.doctor import table_lines
from automations.doctorline import Line
from automations.errors import OutsideFailed, WorkbookRefused
from automations.generation import INSTALLATION
from automations.googlelookups import chosen
from automations.googlewiring import google_door, signed_in, titles_of
from automations.headers import anchored_in, bare, find_header, names_of, plain
from automations.keyfile import KeyUnusable
from automations.model import Column, Grid, Sheet, Snapshot, Table, Words, letters
from automations.reading import read_snapshot
from automations.staffdoctor import post_lines, staff_lines
from automations.wiring import ledger_of
from automations.workbooks.googlehttp import SheetsHttp
from automations.workbooks.googlelooking import Part
from automations.workbooks.googleowner import mark_in
from automations.workbooks.googlesheet import Look, Spreadsheet, Structure
from automations.workbooks.protocol import is_blank
from automations.workbooksettings import spreadsheet_id

OFF = timedelta(minutes=5)
"""How far the two clocks may be apart."""
MOST_SHOWN = 6
TOPS = Part(((1, 60),), last=60)
"""The rows of a tab that show its header and what is protected below it."""
SHARE: Words = {
    "zh": "打开该表格，点“共享”，把 {account} 加为“编辑者”",
    "en": "open it, press Share, and add {account} as an editor",
}
REMEDIES: dict[tuple[int, str], Words] = {
    (403, "SERVICE_DISABLED"): {
        "zh": "在 {account} 所属的 Google Cloud 项目里启用 Google Sheets API",
        "en": "switch the Google Sheets API on in the Google Cloud project of {account}",
    },
    (403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT"): {
        "zh": "重新授权，范围须包含 https://www.googleapis.com/auth/spreadsheets",
        "en": "make the credentials again, with the scope https://www.googleapis.com/auth/spreadsheets",
    },
    (403, ""): SHARE,
    (404, ""): {
        "zh": "改正设置里的 spreadsheet：表格网址中 /d/ 与 /edit 之间的部分",
        "en": "correct `spreadsheet` in the settings: the part between /d/ and /edit of its address",
    },
    (401, ""): {
        "zh": "查看账号和密钥是否已删除、授权是否已撤销；换一个新密钥，并校准本机时钟",
        "en": "look whether account or key were deleted or the consent withdrawn; make a new key, set this machine's clock",
    },
    (429, ""): {"zh": "过几分钟再试", "en": "try again in some minutes"},
}


def google_lines(config: Config, now: datetime) -> Iterator[Line]:
    """Everything about the tables at Google; one line each, with its remedy."""
    try:
        account = signed_in(config).account
    except KeyUnusable as error:
        remedy = {"zh": "见 config/README.zh-CN.md“切换到 Google 表格”", "en": "see 'Moving to Google Sheets' in config/README.md"}
        yield Line("failed", {"zh": f"Google 密钥不能用：{error}", "en": f"the key for Google cannot be used: {error}"}, remedy)
        return
    yield Line("ok", {"zh": f"Google 账号 {account}", "en": f"Google account {account}"})
    http = google_door(config)
    grids: list[Grid] = []
    for place in config.settings.workbook.places:
        yield from _spreadsheet(config, Spreadsheet(http, spreadsheet_id(place), titles_of(config, place)), grids, now)
    yield from _tables(config, grids, now)
    yield _pace(config, http)


def _spreadsheet(config: Config, sheet: Spreadsheet, grids: list[Grid], now: datetime) -> Iterator[Line]:
    """One spreadsheet: whether it opens, who keeps it, what is shut, its zone and its clock."""
    try:
        structure = sheet.structure()
        grids += sheet.values().grids
        look = sheet.look(dict.fromkeys(sheet.tabs(), TOPS))
    except OutsideFailed as error:
        yield Line("failed", {"zh": f"打不开：{error}", "en": f"it cannot be opened: {error}"}, remedy_of(error, sheet))
        return
    count = len(structure.titles)
    said = {"zh": f"表格“{structure.name}”：{count} 个工作表", "en": f"spreadsheet '{structure.name}': {count} tabs"}
    yield Line("ok", said)
    yield _owner(config, look, structure)
    yield from shut_lines(config, look, grids, now, sheet.http.account)
    yield _zone(config, structure)
    yield from clock_lines(config, structure, now)


def remedy_of(error: OutsideFailed, sheet: Spreadsheet) -> Words | None:
    """What to do about a refusal of Google's, by its status and reason."""
    if not isinstance(error, WorkbookRefused):
        return {"zh": "检查网络、代理和防火墙", "en": "look at the network, the proxy and the firewall"}
    found = REMEDIES.get((error.status, error.reason)) or REMEDIES.get((error.status, ""))
    return {language: text.format(account=sheet.http.account) for language, text in found.items()} if found else None


def _owner(config: Config, look: Look, structure: Structure) -> Line:
    """Which installation keeps the spreadsheet."""
    mark, ours = mark_in(look.marks), _installation(config)
    if mark is None:
        said = {
            "zh": f"表格“{structure.name}”还没有归属；第一次写入时归本机，能不能编辑那时才知道",
            "en": "nobody keeps it yet; the first write marks it as ours, and shows whether this account may edit it",
        }
        return Line("ok", said)
    if mark.id == ours:
        return Line(
            "ok", {"zh": f"由本安装负责写入（第 {mark.generation} 次）", "en": f"kept by this installation (write {mark.generation})"}
        )
    what = {"zh": f"由另一处安装负责写入：{mark.label}", "en": f"kept by another installation: {mark.label}"}
    return Line(
        "failed", what, {"zh": "停掉其中一处；改由本机负责：runner.py takeover", "en": "stop one of the two; or: runner.py takeover"}
    )


def _installation(config: Config) -> str:
    with closing(ledger_of(config, looking=True)) as ledger:
        return ledger.meta(INSTALLATION) or ""


def shut_lines(config: Config, look: Look, grids: Sequence[Grid], now: datetime, account: str) -> Iterator[Line]:
    """Columns of ours that a protection keeps us out of."""
    snapshot = read_snapshot("doctor", list(grids), list(config.tables.values()), now.date())
    for sheet in _tabs(snapshot):
        shut = _shut_columns(sheet, look)
        if shut:
            named = ", ".join(shut[:MOST_SHOWN])
            what = {
                "zh": f"工作表“{sheet.tab}”的列受保护，不能写入：{named}",
                "en": f"tab '{sheet.tab}': protected, cannot be written: {named}",
            }
            zh = f"数据 > 保护工作表和范围：允许 {account} 编辑，或取消保护"
            yield Line("failed", what, {"zh": zh, "en": f"Data, Protect sheets and ranges: let {account} edit them, or lift it"})


def _tabs(snapshot: Snapshot) -> list[Sheet]:
    """The tabs as they were read; a table that is apart has two."""
    return [tab for sheet in snapshot.sheets.values() for tab in (sheet, *([sheet.apart.sheet] if sheet.apart else []))]


def _shut_columns(sheet: Sheet, look: Look) -> list[str]:
    tab, row = look.tabs.get(sheet.tab), sheet.header_row + 1
    ours = [column for column in sheet.table.columns if column.ours and column.key in sheet.places]
    places = [sheet.places[column.key] for column in ours]
    return [letters(place) for place in places if tab and tab.closed(row, place).startswith("is protected")]


def _zone(config: Config, structure: Structure) -> Line:
    """Dates at Google are wall-clock times of the file's zone."""
    wanted = config.calendar.settings.zone
    if structure.zone == wanted:
        return Line("ok", {"zh": f"时区 {structure.zone}", "en": f"time zone {structure.zone}"})
    what = {
        "zh": f"表格“{structure.name}”的时区是 {structure.zone}，日历的是 {wanted}",
        "en": f"spreadsheet '{structure.name}' has the time zone {structure.zone}, the calendar {wanted}",
    }
    remedy = {"zh": f"文件 > 设置 > 时区，改为 {wanted}", "en": f"File, Settings, Time zone: {wanted}"}
    return Line("warning", what, remedy)


def clock_lines(config: Config, structure: Structure, now: datetime) -> Iterator[Line]:
    """Whether the time of this command is Google's."""
    if structure.at is None:
        return
    theirs = datetime.fromtimestamp(structure.at, UTC).astimezone(ZoneInfo(config.calendar.settings.zone)).replace(tzinfo=None)
    minutes = round(abs(theirs - now) / timedelta(minutes=1))
    if abs(theirs - now) <= OFF:
        yield Line("ok", {"zh": "时钟与 Google 一致", "en": "the clock agrees with Google's"})
        return
    said = {
        "zh": f"时间与 Google 相差 {minutes} 分钟（Google：{theirs:%Y-%m-%d %H:%M}）",
        "en": f"the time is {minutes} minutes off Google's ({theirs:%Y-%m-%d %H:%M})",
    }
    remedy = {"zh": "打开本机的自动校时；用了 --now 时不必理会", "en": "let this machine set its clock by itself; with --now ignore this"}
    yield Line("warning", said, remedy)


def _tables(config: Config, grids: Sequence[Grid], now: datetime) -> Iterator[Line]:
    """Each table's tab and header, as a run finds them."""
    snapshot = read_snapshot("doctor", list(grids), list(config.tables.values()), now.date())
    for name in config.tables if grids else ():
        sheet = snapshot.sheets.get(name)
        yield from table_lines(sheet, [problem for problem in snapshot.problems if problem.table == name])
        if sheet:
            grid = next(grid for grid in grids if grid.title == sheet.tab)
            yield from _renamed(sheet, grid)
            yield from look_up_lines(sheet.table, grid) if sheet.table.apart else ()
    yield from staff_lines(snapshot.sheets.get("staff"), config)
    yield from post_lines(snapshot.sheets.get("staff"), config)


def _renamed(sheet: Sheet, grid: Grid) -> Iterator[Line]:
    """Columns that bear another header than the table says, and are known by the mark `init` put on them."""
    row = sheet.header_row - grid.first_row
    marked = anchored_in(sheet.table, grid, row)
    headers = [(column, str(grid.columns[marked[column.key]][row])) for column in _known_by_mark(sheet, marked)]
    renamed = [(column, text) for column, text in headers if not {plain(text), bare(text)} & names_of(column)]
    if renamed:
        zh, en = (
            "、".join(f"{letters(marked[each.key])} 列“{text}”即“{each.heading('zh')}”" for each, text in renamed),
            ", ".join(f"{letters(marked[each.key])} '{text}' is '{each.heading('en')}'" for each, text in renamed),
        )
        what = {
            "zh": f"工作表“{sheet.tab}”有改过名的表头，按列上的标记照常认出：{zh}",
            "en": f"tab '{sheet.tab}' has renamed headers, known by the marks on their columns: {en}",
        }
        yield Line("ok", what)


def look_up_lines(table: Table, grid: Grid) -> Iterator[Line]:
    """Look-ups of staff's tab that are broken, and columns there that were filled before the table was put apart."""
    marks = {key.partition("/")[2]: at for key, at in grid.anchors.items() if key.startswith(f"{table.name}{LOOKS}/")}
    columns = {column.key: column for column in table.columns}
    broken = [(place, columns[key]) for key, (row, place) in marks.items() if key in columns and _is_error(grid.columns[place][row])]
    if broken:
        rows = {place: row for row, place in marks.values()}
        typed = [f"{letters(place)}{row + grid.first_row}" for place, _ in broken for row in _typed_below(grid, place, rows[place])]
        yield _broken(grid, broken, typed[:MOST_SHOWN])
    header = find_header(table, grid)
    places = header.places if header else {}
    left = [column for column in chosen(table, "all") if column.key in places and column.key not in marks]
    if left:
        yield _left(grid, left)


def _is_error(cell: object) -> bool:
    return isinstance(cell, str) and cell.startswith("#")


def _typed_below(grid: Grid, place: int, header: int) -> list[int]:
    """The cells below a look-up that cannot fill its column; nothing but what was typed stands there."""
    return [row for row, cell in enumerate(grid.columns[place]) if row > header and not is_blank(cell)]


def _broken(grid: Grid, broken: Sequence[tuple[int, Column]], typed: Sequence[str]) -> Line:
    zh = "、".join(f"{letters(place)} 列（{column.heading('zh')}）" for place, column in broken)
    en = ", ".join(f"column {letters(place)} ({column.heading('en')})" for place, column in broken)
    what = {"zh": f"工作表“{grid.title}”的查找公式坏了：{zh}", "en": f"tab '{grid.title}': look-ups are broken: {en}"}
    again = {"zh": "修复公式：runner.py init --upgrade", "en": "mend the formula: runner.py init --upgrade"}
    clear = {"zh": f"清掉手填的内容：{'、'.join(typed)}", "en": f"clear what was typed into {', '.join(typed)}"}
    return Line("warning", what, clear if typed else again)


def _left(grid: Grid, left: Sequence[Column]) -> Line:
    zh, en = (sep.join(column.heading(language) for column in left) for language, sep in (("zh", "、"), ("en", ", ")))
    what = {
        "zh": f"工作表“{grid.title}”里原来由表管家填写的列不再填写：{zh}",
        "en": f"tab '{grid.title}' has columns that Rowkeeper filled before and does not fill any more: {en}",
    }
    remedy = {
        "zh": "它们现在在另一张工作表里：删掉这些列，再 runner.py init --upgrade",
        "en": "they stand in the other tab now: delete them here, then runner.py init --upgrade",
    }
    return Line("warning", what, remedy)


def _known_by_mark(sheet: Sheet, marked: Mapping[str, int]) -> list[Column]:
    return [column for column in sheet.table.columns if sheet.places.get(column.key) == marked.get(column.key, -1)]


def _pace(config: Config, http: SheetsHttp) -> Line:
    """How fast this installation may go. What is left of the quota Google does not tell; it shows when it is used up."""
    limit, used = config.settings.workbook.calls_per_minute, http.spent.reads
    return Line(
        "ok",
        {
            "zh": f"每分钟最多 {limit} 次读取、{limit} 次写入（Google 对每个账号各限 60 次）；本次检查读取 {used} 次",
            "en": f"at most {limit} reads and {limit} writes a minute (Google allows an account 60 each); this look took {used} reads",
        },
    )
