"""Whole tabs: which one it is, where its header stands, which rows are data, and what is said when something is off."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automations.cells import typed_list
from automations.model import CellProblem, Column, Grid, SheetProblem, Snapshot, Table
from automations.reading import find_header, find_tab, read_snapshot

COMPLAINTS = Table(
    "complaints",
    {"zh": "客户投诉", "en": "Complaints"},
    "complaint_no",
    (
        Column("complaint_no", {"zh": "投诉编号", "en": "Complaint no"}, aliases=("编号",), required=True, core=True),
        Column("customer", {"zh": "客户名称", "en": "Customer"}, aliases=("客户",), required=True, core=True),
        Column("received_at", {"zh": "受理时间", "en": "Received at"}, type="datetime", core=True),
        Column("severity", {"zh": "严重程度", "en": "Severity"}, type="choice", choices=("一般", "重大")),
        Column("loss", {"zh": "直接损失(元)", "en": "Direct loss"}, type="money", aliases=("损失",)),
        Column("confirmed", {"zh": "客户已确认", "en": "Confirmed"}, type="boolean"),
        Column("state", {"zh": "状态", "en": "State"}, ours=True),
    ),
    aliases=("投诉", "投诉记录"),
)
CUSTOMERS = Table(
    "customers",
    {"zh": "客户", "en": "Customers"},
    "customer_no",
    (
        Column("customer_no", {"zh": "客户编号", "en": "Customer no"}, required=True, core=True),
        Column("name", {"zh": "客户名称", "en": "Name"}, required=True, core=True),
        Column("phone", {"zh": "电话", "en": "Phone"}, type="phone"),
    ),
)


def tab(text: str, title: str = "客户投诉", first_row: int = 1) -> Grid:
    """A tab drawn as a table: cells between bars, the first line is the first row."""
    rows = [[cell.strip() for cell in line.split("|")] for line in text.strip("\n").splitlines()]
    return grid(rows, title, first_row)


def grid(rows: Sequence[Sequence[Any]], title: str = "客户投诉", first_row: int = 1) -> Grid:
    width = max(map(len, rows), default=0)
    return Grid(title, [[row[place] if place < len(row) else "" for row in rows] for place in range(width)], first_row)


def read(*grids: Grid, tables: Sequence[Table] = (COMPLAINTS,), today: date | None = None) -> Snapshot:
    return read_snapshot("book.xlsx", grids, tables, today)


def rows_of(snapshot: Snapshot, name: str = "complaints") -> list[str]:
    """Every data row as `row number: cells` with blanks shown as a dot."""
    sheet = snapshot.sheets[name]
    columns = [column for column in sheet.table.columns if column.key in sheet.frame]
    lists = [typed_list(sheet.frame[column.key], range(len(sheet.frame)), column) for column in columns]
    cells = zip(sheet.rows, *lists, strict=True)
    return [f"{row}: {' | '.join('.' if cell is None else str(cell) for cell in rest)}" for row, *rest in cells]


def said(snapshot: Snapshot) -> list[tuple[str, str, bool]]:
    return [(problem.code, problem.what["zh"], problem.stops) for problem in snapshot.problems]


PLAIN = """
投诉编号 | 客户名称 | 受理时间         | 严重程度 | 直接损失(元) | 客户已确认 | 状态
TS-1     | 甲公司   | 2026-09-30 14:05 | 一般     | 1,234.50     | 是         | 进行中
TS-2     | 乙公司   | 2026/9/30 9:00   |          | 1.2万元      |            |
"""
PLAIN_ROWS = [
    "2: TS-1 | 甲公司 | 2026-09-30 14:05:00 | 一般 | 1234.50 | True | 进行中",
    "3: TS-2 | 乙公司 | 2026-09-30 09:00:00 | . | 12000.00 | . | .",
]


def test_a_plain_tab_becomes_a_typed_table() -> None:
    snapshot = read(tab(PLAIN))
    sheet = snapshot.sheets["complaints"]

    assert rows_of(snapshot) == PLAIN_ROWS
    assert (sheet.tab, sheet.header_row, list(sheet.rows), sheet.problems) == ("客户投诉", 1, [2, 3], ())
    assert list(sheet.places.items()) == [(column.key, place) for place, column in enumerate(COMPLAINTS.columns)]
    assert [str(dtype) for dtype in sheet.frame.dtypes] == ["string", "string", "datetime64[s]", "string", "Int64", "boolean", "string"]
    assert sheet.address("loss", 1) == "E3"
    assert (snapshot.workbook, snapshot.problems) == ("book.xlsx", ())


def test_columns_stand_in_any_order_with_aliases_units_stars_and_full_width_letters() -> None:
    snapshot = read(
        tab("""
备注 | 损失(元): | *客 户 | ＣＯＭＰＬＡＩＮＴ　ＮＯ | Severity* | received_at | 状 态
x    | ３００    | 甲公司 | ＴＳ－１              | 重大      | 2026年9月30日 下午2点 |
""")
    )

    assert rows_of(snapshot) == ["2: TS-1 | 甲公司 | 2026-09-30 14:00:00 | 重大 | 300.00 | ."]
    assert snapshot.sheets["complaints"].places == {
        "complaint_no": 3,
        "customer": 2,
        "received_at": 5,
        "severity": 4,
        "loss": 1,
        "state": 6,
    }
    assert said(snapshot) == []


def test_titles_and_notes_may_stand_above_the_header() -> None:
    snapshot = read(tab("宁夏西香记食品有限公司\n客户投诉 | 2026年度\n\n" + PLAIN.strip(), first_row=1))

    assert rows_of(snapshot) == [PLAIN_ROWS[0].replace("2:", "5:"), PLAIN_ROWS[1].replace("3:", "6:")]
    assert snapshot.sheets["complaints"].header_row == 4


def test_row_numbers_follow_where_the_grid_starts() -> None:
    assert [line[:2] for line in rows_of(read(tab(PLAIN, first_row=5)))] == ["6:", "7:"]
    assert read(tab(PLAIN, first_row=5)).sheets["complaints"].header_row == 5


def test_blank_rows_and_rows_without_anything_from_staff_are_no_data_and_numbers_stay_true() -> None:
    snapshot = read(
        tab("""
投诉编号 | 客户名称 | 客户已确认 | 状态
TS-1     | 甲公司   | 是         |

         |          |            | 进行中
         |          | 否         |
         | 乙公司   |            |
""")
    )

    assert rows_of(snapshot) == ["2: TS-1 | 甲公司 | True | .", "6: . | 乙公司 | . | ."]


def test_fifty_thousand_blank_rows_below_are_no_rows() -> None:
    full = tab(PLAIN)
    snapshot = read(Grid(full.title, [[*column, *[""] * 25_000, *[None] * 25_000] for column in full.columns]))

    assert rows_of(snapshot) == PLAIN_ROWS


def test_fifty_thousand_blank_rows_between_are_no_rows() -> None:
    full = tab(PLAIN)
    snapshot = read(Grid(full.title, [[*column[:2], *[""] * 50_000, column[2]] for column in full.columns]))

    assert rows_of(snapshot) == [PLAIN_ROWS[0], PLAIN_ROWS[1].replace("3:", "50003:")]


def test_unticked_boxes_all_the_way_down_are_no_rows() -> None:
    rows = [["投诉编号", "客户名称", "客户已确认"], ["TS-1", "甲公司", True], *[["", "", False]] * 998]

    assert rows_of(read(grid(rows))) == ["2: TS-1 | 甲公司 | True"]


@pytest.mark.parametrize("word", ["合计", "合 计", "总计:", "小计", " Total ", "合\u3000计"])
def test_a_totals_row_is_no_data(word: str) -> None:
    rows = [["投诉编号", "客户名称", "损失"], ["TS-1", "甲公司", 5], [word, "", 5], ["TS-2", "合计公司", 7]]

    assert rows_of(read(grid(rows))) == ["2: TS-1 | 甲公司 | 5.00", "4: TS-2 | 合计公司 | 7.00"]


def test_a_totals_row_is_seen_by_its_word_in_another_column_only_where_the_key_is_blank() -> None:
    rows = [["投诉编号", "客户名称", "损失"], ["TS-1", "合计", 5], ["", "合计", 5]]

    assert rows_of(read(grid(rows))) == ["2: TS-1 | 合计 | 5.00"]


def test_a_header_in_two_languages_is_one_header_and_is_said_once() -> None:
    snapshot = read(
        tab("""
投诉编号     | 客户名称 | 受理时间
Complaint no | Customer | Received at
TS-1         | 甲公司   | 2026-09-30
""")
    )

    assert rows_of(snapshot) == ["3: TS-1 | 甲公司 | 2026-09-30 00:00:00"]
    assert said(snapshot) == [("two header rows", "工作表“客户投诉”第 2 行重复了第 1 行的表头，已跳过", False)]


def test_headers_pasted_along_with_rows_are_passed_over() -> None:
    pasted = "\n".join([PLAIN.strip(), *PLAIN.strip().splitlines()[:2], PLAIN.strip().splitlines()[0]])
    snapshot = read(tab(pasted))

    assert [line[:7] for line in rows_of(snapshot)] == ["2: TS-1", "3: TS-2", "5: TS-1"]
    assert said(snapshot) == [("two header rows", "工作表“客户投诉”第 4、6 行重复了第 1 行的表头，已跳过", False)]
    assert snapshot.sheets["complaints"].problems == ()


def test_cells_that_cannot_be_read_are_named_in_the_order_of_the_sheet() -> None:
    snapshot = read(
        tab("""
投诉编号 | 客户名称 | 直接损失 | 受理时间 | 严重程度
TS-1     | 甲公司   | 约三百   | 9月30日  | 重大的
合计     |          | 三百     |          |
TS-2     | #REF!    |          |          | 一般
""")
    )
    date_words = {"zh": "日期和时间，例如 2026-09-30 14:05", "en": "a date and a time, such as 2026-09-30 14:05"}
    money_words = {"zh": "金额（元），最多两位小数，例如 1234.50", "en": "an amount in yuan with at most two decimals, such as 1234.50"}
    choice_words = {"zh": "下列之一：一般、重大；是不是“重大”？", "en": "one of: 一般, 重大; did you mean '重大'?"}
    error_words = {"zh": "先修正公式，再填结果", "en": "a result; the formula fails, mend it first"}

    assert rows_of(snapshot) == ["2: TS-1 | 甲公司 | . | . | .", "4: TS-2 | . | . | 一般 | ."]
    assert snapshot.sheets["complaints"].problems == (
        CellProblem("complaints", "loss", 2, "约三百", money_words),
        CellProblem("complaints", "received_at", 2, "9月30日", date_words),
        CellProblem("complaints", "severity", 2, "重大的", choice_words),
        CellProblem("complaints", "customer", 4, "#REF!", error_words),
    )


def test_keys_are_text_whatever_was_typed_and_doubles_stay() -> None:
    rows = [["编号", "客户"], [1042.0, "甲"], ["１０４２", "乙"], ["", "丙"], ["-", "丁"], [" TS-1 ", "戊😀"], ["007", 7.0]]

    assert rows_of(read(grid(rows))) == [
        "2: 1042 | 甲",
        "3: 1042 | 乙",
        "4: . | 丙",
        "5: - | 丁",
        "6: TS-1 | 戊😀",
        "7: 007 | 7",
    ]


def test_the_same_cells_as_a_workbook_and_as_google_hands_them_over_read_the_same() -> None:
    header = ["投诉编号", "客户名称", "受理时间", "直接损失(元)", "客户已确认"]
    xlsx = grid([header, ["TS-1", "甲", datetime(2026, 9, 30, 14, 5), 12.5, True], ["TS-2", "乙", "", "", ""]])
    google = grid([header, ["TS-1", "甲", 46295.58680555555, 12.5, True], ["TS-2", "乙", None, None, None]])

    assert rows_of(read(xlsx)) == rows_of(read(google)) == ["2: TS-1 | 甲 | 2026-09-30 14:05:00 | 12.50 | True", "3: TS-2 | 乙 | . | . | ."]
    assert read(xlsx).fingerprint == read(google).fingerprint


def test_a_tab_is_found_by_any_of_its_names() -> None:
    for title in ("客户投诉", " 客户 投诉 ", "COMPLAINTS", "ｃｏｍｐｌａｉｎｔｓ", "投诉记录"):
        assert find_tab(COMPLAINTS, [tab(PLAIN, "其他"), tab(PLAIN, title)]) == tab(PLAIN, title)
    assert find_tab(COMPLAINTS, [tab(PLAIN, "投诉2025")]) is None


def test_a_renamed_tab_is_recognised_by_its_header_and_said() -> None:
    customers = tab("客户编号 | 客户名称 | 电话\nKH-1 | 甲公司 | 13800138000", "客户")
    snapshot = read(tab("随便 | 写写", "草稿"), customers, tab(PLAIN, "记录2025"), tables=(COMPLAINTS, CUSTOMERS))
    assert rows_of(snapshot) == PLAIN_ROWS
    assert rows_of(snapshot, "customers") == ["2: KH-1 | 甲公司 | 13800138000"]
    assert snapshot.problems == (
        SheetProblem(
            "complaints",
            "tab missing",
            {
                "zh": "工作表“客户投诉”没有找到，按表头认出并使用“记录2025”",
                "en": "no tab 'Complaints'; recognised by its header and used '记录2025'",
            },
            stops=False,
        ),
    )


def test_of_two_like_tabs_this_years_is_used_and_without_a_year_none() -> None:
    both = (tab(PLAIN, "记录2025"), tab(PLAIN, "记录2026"))

    assert read(*both, today=date(2026, 9, 30)).sheets["complaints"].tab == "记录2026"
    assert dict(read(*both, today=date(2027, 1, 5)).sheets) == dict(read(*both).sheets) == {}


def test_a_missing_tab_is_said_with_the_nearest_name() -> None:
    assert said(read(tab("a | b", "客户投拆"))) == [("tab missing", "工作表“客户投诉”没有找到，最像的是“客户投拆”", False)]
    assert said(read(tab("a | b", "Sheet1"))) == [("tab absent", "工作表“客户投诉”没有找到", False)]
    assert said(read()) == [("tab absent", "工作表“客户投诉”没有找到", False)]


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        (
            "投诉单编号 | 客户名称 | 受理时间 | 状态",
            "工作表“客户投诉”没有“投诉编号”一列，最像的是 A1 “投诉单编号”，整张表没有读取。请补上表头",
        ),
        (" | 客户名称 | 受理时间 | 状态", "工作表“客户投诉”没有“投诉编号”一列，整张表没有读取。请补上表头"),
        ("", "工作表“客户投诉”没有“投诉编号”一列，整张表没有读取。请补上表头"),
    ],
)
def test_a_tab_without_its_key_stops_and_names_the_nearest_header(header: str, sentence: str) -> None:
    customers = tab("客户编号 | 客户名称\nKH-1 | 甲公司", "客户")
    snapshot = read(tab(header + "\nTS-1 | 甲公司 | 2026-09-30 | x"), customers, tables=(COMPLAINTS, CUSTOMERS))

    assert said(snapshot) == [("key missing", sentence, True)]
    assert rows_of(snapshot, "customers") == ["2: KH-1 | 甲公司"]
    assert list(snapshot.sheets) == ["customers"]


def test_a_missing_required_column_is_said_and_the_rest_is_read() -> None:
    snapshot = read(tab("投诉编号 | 客户名 | 状态\nTS-1 | 甲公司 | 进行中"))

    assert rows_of(snapshot) == ["2: TS-1 | 进行中"]
    assert snapshot.problems == (
        SheetProblem(
            "complaints",
            "header missing",
            {
                "zh": "工作表“客户投诉”没有“客户名称”一列，最像的是 B1 “客户名”。请补上表头",
                "en": "tab '客户投诉' has no column 'Customer'; the nearest is B1 “客户名”. Add the header",
            },
            stops=False,
        ),
    )


def test_a_doubled_header_leaves_its_column_out() -> None:
    snapshot = read(tab("投诉编号 | 受理时间 | 客户名称 | 受理时间\nTS-1 | 2026-09-30 | 甲公司 | 2026-09-29"))

    assert rows_of(snapshot) == ["2: TS-1 | 甲公司"]
    assert said(snapshot) == [("header doubled", "工作表“客户投诉”的表头“受理时间”出现在B1和D1，这一列没有读取。请只留一个", False)]


@pytest.mark.parametrize("header", ["投诉编号 | 客户名称 | 投诉编号", "投诉编号 | 客户名称 | 客户名称"])
def test_a_doubled_key_or_required_header_stops_the_tab(header: str) -> None:
    snapshot = read(tab(header + "\nTS-1 | 甲公司 | TS-1"))
    doubled = header.split(" | ")[2]
    first = "A1" if doubled == "投诉编号" else "B1"

    assert dict(snapshot.sheets) == {}
    assert said(snapshot) == [("header doubled", f"工作表“客户投诉”的表头“{doubled}”出现在{first}和C1，整张表没有读取。请只留一个", True)]


def test_an_own_title_wins_over_an_alias_and_both_over_a_header_with_another_unit() -> None:
    snapshot = read(tab("编号 | 投诉编号 | 客户名称 | 直接损失(元) | 直接损失(箱)\n1 | TS-1 | 甲公司 | 5 | 9"))

    assert rows_of(snapshot) == ["2: TS-1 | 甲公司 | 5.00"]
    assert said(snapshot) == []


def test_a_header_row_is_one_with_the_key_or_three_known_headers_in_the_first_ten_rows() -> None:
    above = "\n".join(["x"] * 9)
    found = [find_header(COMPLAINTS, tab(text)) for text in (f"{above}\n编号", f"{above}\nx\n编号", "客户 | 状态", "客户 | 状态 | 损失")]

    assert [header and (header.index, dict(header.places)) for header in found] == [
        (9, {"complaint_no": 0}),
        None,
        None,
        (0, {"customer": 0, "state": 1, "loss": 2}),
    ]


def test_a_tab_with_only_a_header_is_an_empty_table_of_the_promised_types() -> None:
    snapshot = read(tab(PLAIN.strip().splitlines()[0]))

    assert rows_of(snapshot) == []
    assert [str(dtype) for dtype in snapshot.sheets["complaints"].frame.dtypes] == [
        *("string", "string", "datetime64[s]", "string", "Int64", "boolean", "string")
    ]


def test_the_fingerprint_tells_a_changed_cell_and_forgets_columns_nobody_declared() -> None:
    plain = read(tab(PLAIN)).fingerprint

    assert read(tab(PLAIN)).fingerprint == plain
    assert read(tab(PLAIN.replace("TS-2     ", "TS-3     "))).fingerprint != plain
    assert read(tab(PLAIN.replace("1,234.50", "1,234.51"))).fingerprint != plain
    assert read(tab(PLAIN.replace("1,234.50", "约一千"))).fingerprint != plain
    assert read(tab(PLAIN.replace("甲公司", "丙公司"))).fingerprint != plain
    assert read(tab("\n".join(f"{line} | 备注" for line in PLAIN.strip().splitlines()))).fingerprint == plain


@settings(max_examples=60, deadline=None)
@given(st.permutations(range(7)), st.integers(0, 3), st.lists(st.integers(0, 2), max_size=4))
def test_order_of_columns_titles_above_and_blank_rows_change_nothing_but_addresses(order: list[int], above: int, gaps: list[int]) -> None:
    lines = [[cell.strip() for cell in line.split("|")] for line in PLAIN.strip().splitlines()]
    rows: list[list[str]] = [[lines[row][place] for place in order] for row in range(3)]
    for gap in gaps:
        rows.insert(gap + 1, [""] * 7)
    snapshot = read(grid([["标题"]] * above + rows))
    expected = read(tab(PLAIN)).sheets["complaints"].frame

    sheet = snapshot.sheets["complaints"]
    pd.testing.assert_frame_equal(sheet.frame, expected)
    assert [rows[row - 1 - above][order.index(0)] for row in sheet.rows] == ["TS-1", "TS-2"]
    assert sheet.places == {column.key: order.index(place) for place, column in enumerate(COMPLAINTS.columns)}
