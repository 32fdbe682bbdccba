"""An .xlsx file that is damaged, locked, odd or full of things we do not know: nothing is lost and every message says what to do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path

import openpyxl
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.comments import Comment
from openpyxl.styles import Alignment
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.table import Table as ListObject

from automations.errors import WorkbookBusy, WorkbookUnreadable, WorkbookUnwritable
from automations.workbooks.protocol import content_of
from automations.workbooks.saving import kept_versions
from automations.workbooks.xlsx import XlsxWorkbook
from tests.contracts.workbooks import COMPLAINTS, XlsxBench, drawn, held, shown, target

AFTER = "编号 | 客户 | 状态\nTS-1 | 老陈 | 已逾期\nTS-2 | 小李 | 进行中\nTS-3 | 王家 | "


@pytest.fixture
def path(tmp_path: Path) -> Path:
    XlsxBench(tmp_path).make({"客户投诉": drawn(COMPLAINTS)})
    return tmp_path / "测试.xlsx"


def overdue(path: Path) -> None:
    """Write one cell, and see that only it changed."""
    assert XlsxWorkbook(path).apply([target("TS-1", "已逾期", "进行中")]) == ([0], [])
    assert shown(XlsxWorkbook(path)) == AFTER


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist()}


def repacked(path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The file with its parts changed, as another writer might have made it."""
    contents = parts(path)
    change(contents)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in contents.items():
            package.writestr(name, content)
    return path


def sheet_rewritten(path: Path, *changes: tuple[str, str]) -> Path:
    """The file with regular expressions applied to its first sheet."""

    def change(contents: dict[str, bytes]) -> None:
        xml = contents["xl/worksheets/sheet1.xml"].decode()
        for pattern, new in changes:
            xml, count = re.subn(pattern, new, xml)
            assert count, pattern
        contents["xl/worksheets/sheet1.xml"] = xml.encode()

    return repacked(path, change)


# What cannot be read


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty (0 bytes); restore it from a copy"),
        (b"\xd0\xcf\x11\xe0" + bytes(600) + "EncryptedPackage".encode("utf-16-le"), "is protected by a password"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "is an old .xls file under a new name; open it in Excel and save it as .xlsx"),
        ("编号,客户\nTS-1,老陈\n".encode("gbk"), "is not a workbook but perhaps a text or CSV file under a new name"),
        (b"<html><table></table></html>", "is not a workbook but perhaps a text or CSV file under a new name"),
        (b"PK\x03\x04" + bytes(200), "cut off or damaged"),
    ],
)
def test_what_is_no_workbook_is_named_with_a_way_out(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "坏.xlsx"
    path.write_bytes(content)
    for act in (XlsxWorkbook(path).grids, lambda: XlsxWorkbook(path).apply([target("TS-1", "x")])):
        with pytest.raises(WorkbookUnreadable, match=f"^坏.xlsx: {re.escape(words)}"):
            act()
    assert path.read_bytes() == content


def test_a_missing_file_is_named_with_its_folder(tmp_path: Path) -> None:
    with pytest.raises(WorkbookUnreadable, match=re.escape(f"没有.xlsx: there is no such file in {tmp_path}")):
        XlsxWorkbook(tmp_path / "没有.xlsx").grids()


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_refused_and_the_kept_version_named(path: Path, share: float) -> None:
    overdue(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(WorkbookUnreadable, match=r"cut off or damaged .*the last version kept is .*\.rowkeeper"):
        XlsxWorkbook(path).grids()
    with pytest.raises(WorkbookUnreadable, match="cut off or damaged"):
        XlsxWorkbook(path).apply([target("TS-1", "x")])


# What cannot be written


@pytest.mark.parametrize(
    ("mark", "content", "words"),
    [
        ("~$测试.xlsx", bytes([4]) + b"Chen" + b" " * 49 + bytes([2, 0]) + "老陈".encode("utf-16-le"), "测试.xlsx: open in Excel"),
        (".~lock.测试.xlsx#", "老陈,chen,pc-7,30.09.2026 14:05,file:///x;".encode(), "测试.xlsx: open in LibreOffice by 老陈"),
        (".~测试.xlsx", b"", "测试.xlsx: open in WPS"),
        ("~$测试.xlsx", b"", "测试.xlsx: open in Excel; save and close it there, then run again"),
    ],
)
def test_a_file_open_elsewhere_is_read_but_not_written(path: Path, mark: str, content: bytes, words: str) -> None:
    (path.parent / mark).write_bytes(content)
    before = path.read_bytes()
    assert len(XlsxWorkbook(path).grids()) == 1
    with pytest.raises(WorkbookBusy, match=re.escape(words)):
        XlsxWorkbook(path).apply([target("TS-1", "x", "进行中")])
    assert path.read_bytes() == before


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the administrator may write anywhere")
def test_a_folder_that_cannot_be_written_leaves_the_file_as_it_was(path: Path) -> None:
    path.parent.chmod(0o555)
    try:
        with pytest.raises(WorkbookUnwritable, match="allow writing to the folder"):
            XlsxWorkbook(path).apply([target("TS-1", "x", "进行中")])
    finally:
        path.parent.chmod(0o755)


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on file sizes")
def test_a_full_disk_leaves_the_file_as_it_was_and_nothing_beside_it(path: Path) -> None:
    before, size = path.read_bytes(), path.stat().st_size // 2
    script = f"""
        import resource, signal, sys
        from pathlib import Path
        from automations.errors import WorkbookUnwritable
        from automations.workbooks.xlsx import XlsxWorkbook
        from tests.contracts.workbooks import target
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))
        try:
            XlsxWorkbook(Path(sys.argv[1])).apply([target("TS-1", "x", "进行中")])
        except WorkbookUnwritable as error:
            sys.stdout.write(str(error))
    """
    command, where = [sys.executable, "-c", textwrap.dedent(script), str(path)], Path(__file__).parents[1]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=where, env={**os.environ, "PYTHONUTF8": "1"})
    assert re.fullmatch(
        r"测试.xlsx: could not be written in .*: File too large; make room on the disk .* Nothing was changed\.", ran.stdout
    )
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_permissions_stay_and_the_last_five_versions_are_kept(path: Path) -> None:
    path.chmod(0o640)
    first = path.read_bytes()
    for number in range(7):
        old = "进行中" if number == 0 else f"状态 {number - 1}"
        os.utime(path, (1_790_000_000 + number, 1_790_000_000 + number))
        XlsxWorkbook(path).apply([target("TS-1", f"状态 {number}", old)])
        assert number or kept_versions(path, path.parent / ".rowkeeper")[0].read_bytes() == first
    kept = kept_versions(path, path.parent / ".rowkeeper")
    assert [held(XlsxWorkbook(one), 2, 2) for one in kept] == [f"状态 {number}" for number in range(1, 6)]
    assert path.stat().st_mode & 0o777 == 0o640
    assert sorted(one.name for one in path.parent.iterdir()) == [".rowkeeper", path.name]


# What must survive


def test_everything_unknown_survives_byte_for_byte(path: Path) -> None:
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    sheet["B2"].comment = Comment("看一下", "老陈")
    sheet.merge_cells("E1:F2")
    sheet.freeze_panes = "B2"
    offer = DataValidation("list", formula1='"进行中,已逾期"')
    offer.add("C2:C99")
    sheet.add_data_validation(offer)
    sheet.add_table(ListObject(displayName="T", ref="A1:C4"))
    book.create_sheet("另一张")["A1"] = "=客户投诉!C2"
    book.save(path)
    unknown = b'<extLst><ext uri="{x}" xmlns:x14="urn:x"><x14:thing a="1"/></ext></extLst></worksheet>'

    def add_unknown(contents: dict[str, bytes]) -> None:
        contents["xl/slicers/slicer1.xml"] = b"<slicers>\x00\xff</slicers>"
        contents["xl/worksheets/sheet1.xml"] = contents["xl/worksheets/sheet1.xml"].replace(b"</worksheet>", unknown)

    before = parts(repacked(path, add_unknown))
    overdue(path)
    after = parts(path)
    assert list(after) == list(before)
    assert {name for name in before if before[name] != after[name]} == {"xl/worksheets/sheet1.xml"}
    cell = re.compile(rb'<c r="C2".*?</c>')
    assert cell.sub(b"", after["xl/worksheets/sheet1.xml"]) == cell.sub(b"", before["xl/worksheets/sheet1.xml"])


def test_formulas_are_computed_anew_when_the_file_is_next_opened(path: Path) -> None:
    book = openpyxl.load_workbook(path)
    book.worksheets[0]["E2"] = '=COUNTIF(C:C,"已逾期")'
    book.calculation.fullCalcOnLoad = False
    book.save(path)
    XlsxWorkbook(path).apply([target("TS-1", "已逾期", "进行中")])
    again = openpyxl.load_workbook(path)
    assert again.calculation.fullCalcOnLoad is True
    assert again.worksheets[0]["E2"].value == '=COUNTIF(C:C,"已逾期")'


def test_cells_filled_by_an_array_formula_are_never_written(path: Path) -> None:
    sheet_rewritten(path, (r'<c r="C2"[^>]*>.*?</c>', '<c r="C2"><f t="array" ref="C2:C4">A2:A4</f><v>1</v></c>'))
    assert XlsxWorkbook(path).apply([target("TS-3", "x")]) == ([], [(0, "holds a formula")])


def test_the_inside_of_merged_cells_is_never_written(path: Path) -> None:
    book = openpyxl.load_workbook(path)
    book.worksheets[0].merge_cells("B4:C4")
    book.save(path)
    assert XlsxWorkbook(path).apply([target("TS-3", "x")]) == ([], [(0, "is part of merged cells")])


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param([(r'(<c) r="[A-Z]+\d+"', r"\1"), (r'(<row) r="\d+"', r"\1")], id="without addresses"),
        pytest.param([(r'(<row) r="(\d+)"', r"\1 spans='1:3' r='\2'"), (r'(<c) r="([A-Z]+\d+)"', r"\1 r='\2'")], id="with single quotes"),
        pytest.param([(r"<(/?)(?=[a-zA-Z])", r"<\1x:"), ('xmlns="', 'xmlns:x="')], id="with a prefix"),
        pytest.param([(r"<sheetData>", "<!-- <row r='9'><c r='A9'/></row> --><sheetData>")], id="with a comment"),
        pytest.param([(r"<row ", "\n  <row "), (r"<c ", "\n    <c\n")], id="with line breaks"),
        pytest.param([("<dimension[^>]*/>", "")], id="without a dimension"),
    ],
)
def test_sheets_of_other_writers_are_patched_in_the_right_cell(path: Path, changes: list[tuple[str, str]]) -> None:
    sheet_rewritten(path, *changes)
    overdue(path)
    assert XlsxWorkbook(path).apply([target("TS-3", "未开始")]) == ([0], [])
    book = openpyxl.load_workbook(path)
    assert [cell.value for cell in book.worksheets[0]["C"]] == ["状态", "已逾期", "进行中", "未开始"]


def test_a_sheet_in_utf_16_is_patched(path: Path) -> None:
    def change(contents: dict[str, bytes]) -> None:
        xml = contents["xl/worksheets/sheet1.xml"].decode()
        contents["xl/worksheets/sheet1.xml"] = ('<?xml version="1.0" encoding="UTF-16"?>' + xml.split("?>")[-1]).encode("utf-16")

    XlsxWorkbook(repacked(path, change)).apply([target("TS-1", "已逾期", "进行中")])
    assert shown(XlsxWorkbook(path)) == AFTER


def test_a_streamed_zip_with_descriptors_stays_readable(path: Path) -> None:
    contents = parts(path)
    with path.open("wb") as file, zipfile.ZipFile(Unseekable(file), "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in contents.items():
            with package.open(name, "w", force_zip64=True) as member:
                member.write(content)
    overdue(path)
    with zipfile.ZipFile(path) as package:
        assert package.testzip() is None


class Unseekable:
    """A file that only goes forward, as a network stream does."""

    def __init__(self, file: object) -> None:
        self.write, self.flush = file.write, file.flush  # type: ignore[attr-defined]


def test_dates_take_the_format_of_their_column_and_clearing_keeps_it(path: Path) -> None:
    book = openpyxl.load_workbook(path)
    book.worksheets[0]["C3"].number_format = "yyyy年m月d日"
    book.save(path)
    XlsxWorkbook(path).apply([target("TS-1", date(2026, 9, 30), "进行中", kind="date"), target("TS-2", None, "进行中")])
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert (sheet["C2"].value, sheet["C2"].number_format) == (datetime(2026, 9, 30), "yyyy年m月d日")
    assert (sheet["C3"].value, sheet["C3"].number_format) == (None, "yyyy年m月d日")


def test_a_date_style_is_appended_once_where_there_is_none(path: Path) -> None:
    targets = [
        target("TS-1", datetime(2026, 9, 30, 14, 5), "进行中", kind="datetime"),
        target("TS-3", datetime(2026, 10, 1), kind="datetime"),
    ]
    before = len(openpyxl.load_workbook(path)._cell_styles)
    XlsxWorkbook(path).apply(targets)
    book = openpyxl.load_workbook(path)
    assert [(book.worksheets[0][name].value, book.worksheets[0][name].number_format) for name in ("C2", "C4")] == [
        (datetime(2026, 9, 30, 14, 5), "yyyy-mm-dd hh:mm"),
        (datetime(2026, 10, 1), "yyyy-mm-dd hh:mm"),
    ]
    assert len(book._cell_styles) == before + 1


def test_the_1904_date_system_is_honoured(path: Path) -> None:
    book = openpyxl.load_workbook(path)
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book.save(path)
    XlsxWorkbook(path).apply([target("TS-1", date(2026, 9, 30), "进行中", kind="date")])
    assert openpyxl.load_workbook(path).worksheets[0]["C2"].value == datetime(2026, 9, 30)
    assert held(XlsxWorkbook(path), 2, 2) == date(2026, 9, 30)


def test_a_text_too_long_for_a_cell_is_cut_with_an_ellipsis(path: Path) -> None:
    XlsxWorkbook(path).apply([target("TS-1", "长" * 40_000, "进行中")])
    assert held(XlsxWorkbook(path), 2, 2) == "长" * 32_766 + "…"


def test_errors_are_read_as_their_text(path: Path) -> None:
    sheet_rewritten(path, (r'<c r="C2"[^>]*>.*?</c>', '<c r="C2" t="e"><f>#REF!+1</f><v>#REF!</v></c>'))
    assert held(XlsxWorkbook(path), 2, 2) == "#REF!"
    assert XlsxWorkbook(path).apply([target("TS-1", "x")]) == ([], [(0, "holds a formula")])


def test_blank_formatted_rows_are_not_read(path: Path) -> None:
    rows = "".join(f'<row r="{number}"><c r="A{number}" s="1"/><c r="B{number}" s="1"/></row>' for number in range(5, 50_005))
    sheet_rewritten(path, ("</sheetData>", f"{rows}</sheetData>"))
    assert len(XlsxWorkbook(path).grids()[0].columns[0]) == 4
    overdue(path)


def test_a_write_by_someone_else_in_between_is_seen(path: Path) -> None:
    class Meddled(XlsxWorkbook):
        left = 1

        def opened(self):  # type: ignore[no-untyped-def]
            opened = super().opened()
            if self.left:
                self.left -= 1
                XlsxBench(path.parent).staff(self, "客户投诉", lambda rows: [rows[0], ["TS-0", "新客", None], *rows[1:]])
            return opened

    assert Meddled(path).apply([target("TS-1", "已逾期", "进行中")]) == ([0], [])
    assert shown(XlsxWorkbook(path)).splitlines()[1:3] == ["TS-0 | 新客 | ", "TS-1 | 老陈 | 已逾期"]


@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
def test_a_file_saved_by_libreoffice_is_read_and_written_and_opens_again(path: Path, tmp_path: Path) -> None:
    saved = tmp_path / "lo"
    office = ["soffice", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless", "--convert-to"]
    subprocess.run([*office, "xlsx", "--outdir", str(saved), str(path)], check=True, capture_output=True, timeout=120)
    overdue(saved / path.name)
    as_csv = "csv:Text - txt - csv (StarCalc):44,34,76"
    subprocess.run([*office, as_csv, "--outdir", str(saved), str(saved / path.name)], check=True, capture_output=True, timeout=120)
    assert (saved / "测试.csv").read_text(encoding="utf-8").splitlines()[1] == "TS-1,老陈,已逾期"


def test_a_row_grows_with_the_text_written_into_it_unless_its_height_was_set_by_hand(path: Path) -> None:
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    sheet.column_dimensions["C"].width = 20
    for name in ("C2", "C3", "C4"):
        sheet[name].alignment = Alignment(wrap_text=True)
    sheet.row_dimensions[3].height = 15
    book.save(path)
    long = "已填解决时间但缺责任部门" * 3
    XlsxWorkbook(path).apply([target("TS-1", long, "进行中"), target("TS-2", long, "进行中"), target("TS-3", "短")])
    assert [openpyxl.load_workbook(path).worksheets[0].row_dimensions[row].height for row in (2, 3, 4)] == [60, 15, 15]


def test_both_readers_of_a_row_give_it_the_same_content_hash(path: Path) -> None:
    book = openpyxl.load_workbook(path)
    rich = CellRichText("一", TextBlock(InlineFont(b=True), "二 "))
    row = ["TS-5", rich, " 空格 ", 1, 2.5, 0.03, True]
    row += [datetime(2026, 9, 30, 14, 5, 7), date(2026, 9, 30), time(14, 5), timedelta(hours=30), "#REF!"]
    row += ["a<b>&c", "行\n行", "_x0041_", 12345678901.123, -3]
    book.worksheets[0].append(row)
    book.save(path)
    workbook = XlsxWorkbook(path)
    tab = workbook.opened().tab("客户投诉")
    assert tab is not None
    assert content_of(tab.row(5)) == content_of(column[4] for column in workbook.grids()[0].columns)
