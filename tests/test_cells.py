"""What people type into single cells, what it is read as, and how it is shown again."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automations.cells import appearance, column_array, expected, parse_column, shown, typed, typed_list
from automations.model import Column, ColumnType, Value

PROBLEM = "problem"
CHOICES = ("一般", "重大", "VIP", "其他(说明)")


def column(kind: ColumnType, **more: Any) -> Column:
    return Column("c", {"zh": "列", "en": "Column"}, type=kind, choices=CHOICES if kind == "choice" else (), **more)


def read(kind: ColumnType, *cells: Any, **more: Any) -> list[Any]:
    """The typed value of every cell, or PROBLEM."""
    declared = column(kind, **more)
    array, odd = parse_column(cells, declared)
    values: list[Any] = typed_list(pd.Series(array), range(len(cells)), declared)
    for position, _ in odd:
        assert values[position] is None
        values[position] = PROBLEM
    return values


SPELLINGS: dict[ColumnType, list[tuple[Any, Any]]] = {
    "date": [
        ("2026-09-30", date(2026, 9, 30)),
        ("2026-9-3", date(2026, 9, 3)),
        ("2026/9/30", date(2026, 9, 30)),
        ("2026/09/30", date(2026, 9, 30)),
        ("2026.9.30", date(2026, 9, 30)),
        ("20260930", date(2026, 9, 30)),
        ("2026年9月30日", date(2026, 9, 30)),
        ("2026年9月30号", date(2026, 9, 30)),
        ("2026年9月30", date(2026, 9, 30)),
        (" 2026 年 9 月 30 日 ", date(2026, 9, 30)),
        ("２０２６－０９－３０", date(2026, 9, 30)),
        ("２０２６年９月３０日", date(2026, 9, 30)),
        ("2026／9／30", date(2026, 9, 30)),
        ("\u30002026-09-30\u3000", date(2026, 9, 30)),
        ("2026年9月30日 星期三", date(2026, 9, 30)),
        ("2026-09-30(周三)", date(2026, 9, 30)),
        ("2026-09-30 14:05", date(2026, 9, 30)),
        ("2026-09-30T14:05:00", date(2026, 9, 30)),
        (datetime(2026, 9, 30, 14, 5), date(2026, 9, 30)),
        (date(2026, 9, 30), date(2026, 9, 30)),
        (46295, date(2026, 9, 30)),
        (46295.75, date(2026, 9, 30)),
        (20260930.0, date(2026, 9, 30)),
        ("2024-02-29", date(2024, 2, 29)),
        ("1990-01-01", date(1990, 1, 1)),
        ("2100-12-31", date(2100, 12, 31)),
        ("-", None),
        ("—", None),
        ("/", None),
        ("N/A", None),
        ("无", None),
        ("", None),
        ("  ", None),
        ("\u3000", None),
        (None, None),
        ("9月30日", PROBLEM),
        ("9/30", PROBLEM),
        ("26/9/30", PROBLEM),
        ("9/30/2026", PROBLEM),
        ("2026年9月", PROBLEM),
        ("2026-02-30", PROBLEM),
        ("2025-02-29", PROBLEM),
        ("2026-13-01", PROBLEM),
        ("2026-00-10", PROBLEM),
        ("2026-09-00", PROBLEM),
        ("2026/9.30", PROBLEM),
        ("20261301", PROBLEM),
        ("1989-12-31", PROBLEM),
        ("2101-01-01", PROBLEM),
        ("2026-09-30 星期四", PROBLEM),
        ("2026-09-30 25:00", PROBLEM),
        ("2026-09-3014:05", PROBLEM),
        ("明天", PROBLEM),
        ("#REF!", PROBLEM),
        (2026.9, PROBLEM),
        (1, PROBLEM),
        (1e300, PROBLEM),
        (10**400, PROBLEM),
        (float("inf"), PROBLEM),
        (date(1899, 12, 31), PROBLEM),
        (time(14, 5), PROBLEM),
        (timedelta(hours=30), PROBLEM),
        (True, PROBLEM),
    ],
    "datetime": [
        ("2026-09-30 14:05", datetime(2026, 9, 30, 14, 5)),
        ("2026-09-30T14:05:09", datetime(2026, 9, 30, 14, 5, 9)),
        ("2026-09-30 14:05:09.250", datetime(2026, 9, 30, 14, 5, 9)),
        ("2026/9/30 14:05", datetime(2026, 9, 30, 14, 5)),
        ("2026/9/30  9:05", datetime(2026, 9, 30, 9, 5)),
        ("2026年9月30日 14:05", datetime(2026, 9, 30, 14, 5)),
        ("2026年9月30日14:05", datetime(2026, 9, 30, 14, 5)),
        ("2026年9月30日14：05", datetime(2026, 9, 30, 14, 5)),
        ("２０２６年９月３０日　１４：０５", datetime(2026, 9, 30, 14, 5)),
        ("2026年9月30日14点30分", datetime(2026, 9, 30, 14, 30)),
        ("2026年9月30日 14时30分20秒", datetime(2026, 9, 30, 14, 30, 20)),
        ("2026-09-30 下午2:05", datetime(2026, 9, 30, 14, 5)),
        ("2026-09-30下午2:05", datetime(2026, 9, 30, 14, 5)),
        ("2026.9.30 上午9点", datetime(2026, 9, 30, 9)),
        ("2026.9.30 下午2点半", datetime(2026, 9, 30, 14, 30)),
        ("2026-09-30 2:05 PM", datetime(2026, 9, 30, 14, 5)),
        ("20260930 14:05", datetime(2026, 9, 30, 14, 5)),
        ("2026-09-30 24:00", datetime(2026, 10, 1)),
        ("2026年9月30日 周三 14:05", datetime(2026, 9, 30, 14, 5)),
        ("2026-09-30", datetime(2026, 9, 30)),
        (date(2026, 9, 30), datetime(2026, 9, 30)),
        (datetime(2026, 9, 30, 14, 4, 59, 999_999), datetime(2026, 9, 30, 14, 5)),
        (46295.58680555555, datetime(2026, 9, 30, 14, 5)),
        (20260930, datetime(2026, 9, 30)),
        ("无", None),
        ("14:05", PROBLEM),
        ("2026-09-30 14", PROBLEM),
        ("2026-09-30 14:65", PROBLEM),
        ("2026-09-30 14:5", PROBLEM),
        ("2026-09-30 上午14:05", PROBLEM),
        ("2026-09-30 晚上12点", PROBLEM),
        ("2026-09-30T14:05:00Z", PROBLEM),
        ("2026-09-30 14:05 左右", PROBLEM),
        (time(14, 5), PROBLEM),
    ],
    "time": [
        ("14:05", time(14, 5)),
        ("14:05:09", time(14, 5, 9)),
        ("9:05", time(9, 5)),
        ("下午2:05", time(14, 5)),
        ("上午9点", time(9)),
        ("14点30分", time(14, 30)),
        ("14点整", time(14)),
        ("9点5分", time(9, 5)),
        ("中午12:30", time(12, 30)),
        ("中午1点", time(13)),
        ("晚上8点", time(20)),
        ("凌晨12:10", time(0, 10)),
        ("12:10 AM", time(0, 10)),
        ("12:10 pm", time(12, 10)),
        ("１４：０５", time(14, 5)),
        (time(14, 5), time(14, 5)),
        (timedelta(hours=14, minutes=5), time(14, 5)),
        (0.5868055555, time(14, 5)),
        (0, time(0)),
        ("-", None),
        ("24:00", PROBLEM),
        ("25:00", PROBLEM),
        ("9点5", PROBLEM),
        (timedelta(hours=30), PROBLEM),
        (1.5, PROBLEM),
        (0.9999999, PROBLEM),
        (datetime(2026, 9, 30, 14, 5), PROBLEM),
    ],
    "money": [
        ("1234.50", Decimal("1234.50")),
        ("1,234.50", Decimal("1234.50")),
        ("1,234.50元", Decimal("1234.50")),
        ("1,234.50 元整", Decimal("1234.50")),
        ("１，２３４．５０元", Decimal("1234.50")),
        ("¥1,234.50", Decimal("1234.50")),
        ("￥1234", Decimal("1234.00")),
        ("人民币 300", Decimal("300.00")),
        ("RMB 300", Decimal("300.00")),
        ("300rmb", Decimal("300.00")),
        ("1.2万", Decimal("12000.00")),
        ("1.2万元", Decimal("12000.00")),
        ("0.5亿元", Decimal("50000000.00")),
        ("(300)", Decimal("-300.00")),
        ("（1,300.50）元", Decimal("-1300.50")),
        ("-300", Decimal("-300.00")),
        ("−300", Decimal("-300.00")),
        ("-¥300", Decimal("-300.00")),
        ("¥-300", Decimal("-300.00")),
        ("1.500", Decimal("1.50")),
        (0.1 + 0.2, Decimal("0.30")),
        (1234567890123.45, Decimal("1234567890123.45")),
        (Decimal("19.99"), Decimal("19.99")),
        (12, Decimal("12.00")),
        ("无", None),
        ("1.005", PROBLEM),
        (1.005, PROBLEM),
        ("1,23", PROBLEM),
        ("12 34", PROBLEM),
        ("$300", PROBLEM),
        ("300元/月", PROBLEM),
        ("约300", PROBLEM),
        ("300-400", PROBLEM),
        ("(-300)", PROBLEM),
        ("-¥-300", PROBLEM),
        ("三百", PROBLEM),
        ("9" * 400, PROBLEM),
        (1e20, PROBLEM),
        (True, PROBLEM),
        (date(2026, 9, 30), PROBLEM),
        ("#DIV/0!", PROBLEM),
    ],
    "integer": [
        (3.0, 3),
        (3, 3),
        ("3", 3),
        ("3.0", 3),
        ("1,234", 1234),
        ("１２", 12),
        ("+5", 5),
        ("-5", -5),
        ("1.2万", 12000),
        (6901234567890.0, 6901234567890),
        ("/", None),
        (3.5, PROBLEM),
        ("3.5", PROBLEM),
        ("3箱", PROBLEM),
        ("1e3", PROBLEM),
        ("nan", PROBLEM),
        (float("nan"), None),
        (1e17, PROBLEM),
        (True, PROBLEM),
    ],
    "decimal": [
        (12.5, Decimal("12.5")),
        ("12.3456", Decimal("12.3456")),
        (".5", Decimal("0.5")),
        ("5.", Decimal(5)),
        ("1,000.25", Decimal("1000.25")),
        (100, Decimal(100)),
        (0.1 + 0.2, Decimal("0.3")),
        ("12.34567", PROBLEM),
        (12.34567, PROBLEM),
        ("1.2.3", PROBLEM),
    ],
    "percent": [
        ("3%", Decimal("0.03")),
        ("3％", Decimal("0.03")),
        ("３％", Decimal("0.03")),
        ("3 %", Decimal("0.03")),
        ("-3.25%", Decimal("-0.0325")),
        ("150%", Decimal("1.5")),
        ("5‰", Decimal("0.005")),
        ("0.03", Decimal("0.03")),
        (0.03, Decimal("0.03")),
        (1, Decimal(1)),
        (1 / 3, Decimal("0.333333")),
        (0, Decimal(0)),
        ("3", PROBLEM),
        (3, PROBLEM),
        (1.5, PROBLEM),
        ("百分之三", PROBLEM),
        ("3个点", PROBLEM),
    ],
    "boolean": [
        *[
            (word, True)
            for word in ("是", "√", "✓", "✔️", "✅", "Y", "yes", "YES", "true", "TRUE", "1", "对", "有", " 是 ", "Ｙ", 1, 1.0, True)
        ],
        *[(word, False) for word in ("否", "×", "✗", "❌", "N", "no", "false", "0", "错", "无", "没有", 0, 0.0, False)],
        ("-", None),
        ("", None),
        ("也许", PROBLEM),
        ("x", PROBLEM),
        (2, PROBLEM),
        (date(2026, 9, 30), PROBLEM),
    ],
    "choice": [
        ("一般", "一般"),
        (" 重大 ", "重大"),
        ("vip", "VIP"),
        ("ＶＩＰ", "VIP"),
        ("其他（说明）", "其他(说明)"),
        ("无", None),
        ("", None),
        ("严重", PROBLEM),
        (1.0, PROBLEM),
        (date(2026, 9, 30), PROBLEM),
        ("#N/A", PROBLEM),
    ],
    "email": [
        ("a.b@example.com", "a.b@example.com"),
        ("Li.Ming@Example.COM", "Li.Ming@example.com"),
        (" li＠example.com ", "li@example.com"),
        ("无", None),
        ("", None),
        ("li@example", PROBLEM),
        ("li at example.com", PROBLEM),
        ("a@b.com,c@d.com", PROBLEM),
        ("李 <li@example.com>", PROBLEM),
        ("a@b.com\nBcc: c@d.com", PROBLEM),
        ("a..b@example.com", PROBLEM),
        ("a" * 250 + "@example.com", PROBLEM),
        (13800138000.0, PROBLEM),
    ],
    "phone": [
        ("13800138000", "13800138000"),
        (13800138000.0, "13800138000"),
        ("+86 138-0013-8000", "+86 138-0013-8000"),
        ("(0951)6012345", "(0951)6012345"),
        ("0951-6012345转801", "0951-6012345转801"),
        ("１３８００１３８０００", "13800138000"),
        ("/", None),
        ("12", PROBLEM),
        ("没留电话", PROBLEM),
        ("13800138000\n13900139000", PROBLEM),
        ("13800138000/13900139000", PROBLEM),
    ],
    "text": [
        (" 包装破损 ", "包装破损"),
        ("\u3000包装 破损\u3000", "包装 破损"),
        ("破损😀👩‍👩‍👧", "破损😀👩‍👩‍👧"),
        ("ＡＢＣ", "ＡＢＣ"),
        ("第一行\n第二行", "第一行\n第二行"),
        ("007", "007"),
        ("-", "-"),
        ("无", "无"),
        (7.0, "7"),
        (7.25, "7.25"),
        (1e20, "100000000000000000000"),
        (0.00001, "0.00001"),
        (True, "TRUE"),
        (date(2026, 9, 30), "2026-09-30"),
        (datetime(2026, 9, 30), "2026-09-30"),
        (datetime(2026, 9, 30, 14, 5), "2026-09-30 14:05"),
        (time(14, 5), "14:05"),
        (timedelta(hours=30), "30:00"),
        ("字" * 32_767, "字" * 32_767),
        ("", None),
        ("   ", None),
        (None, None),
        ("#REF!", PROBLEM),
        ("#NAME?", PROBLEM),
    ],
    "reference": [
        ("KH-001", "KH-001"),
        (" ＫＨ－００１ ", "KH-001"),
        ("\u200bKH-001\ufeff", "KH-001"),
        (1042.0, "1042"),
        (1042, "1042"),
        ("001", "001"),
        ("客户甲", "客户甲"),
        ("无", None),
        ("", None),
        ("#VALUE!", PROBLEM),
    ],
}


@pytest.mark.parametrize(("kind", "cell", "meant"), [(kind, *row) for kind, rows in SPELLINGS.items() for row in rows])
def test_a_cell_alone_in_its_column_means_what_a_person_means(kind: ColumnType, cell: Any, meant: Any) -> None:
    assert read(kind, cell) == [meant]


@pytest.mark.parametrize("kind", SPELLINGS)
def test_all_spellings_mixed_in_one_column_mean_the_same_as_alone(kind: ColumnType) -> None:
    rows = SPELLINGS[kind] * 3
    assert read(kind, *(cell for cell, _ in rows)) == [meant for _, meant in rows]


def test_a_problem_is_named_by_place_and_shown_as_the_sheet_shows_it() -> None:
    _, odd = parse_column(["2026-09-30", " 9月30日 ", 2026.9, "一\n二" * 100], column("date"))
    assert odd == [(1, "9月30日"), (2, "2026.9"), (3, ("一 " + "二一 " * 100)[:79] + "…")]


def test_an_own_percent_column_may_go_beyond_one_for_the_program_wrote_the_share() -> None:
    assert read("percent", 1.5, 0.2, ours=True) == [Decimal("1.5"), Decimal("0.2")]


def test_any_column_that_refers_to_a_table_is_read_as_its_key_is() -> None:
    assert read("text", "ＫＨ－１", 7.0, refers_to="customers") == ["KH-1", "7"]


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        *[(kind, pd.StringDtype("python", na_value=pd.NA)) for kind in ("text", "choice", "email", "phone", "reference")],
        *[(kind, pd.Int64Dtype()) for kind in ("integer", "decimal", "money", "percent", "time")],
        *[(kind, np.dtype("datetime64[s]")) for kind in ("date", "datetime")],
        ("boolean", pd.BooleanDtype()),
    ],
)
@pytest.mark.parametrize("cells", [(), ("",), (None, "", 1.0), ("?",)])
def test_the_dtype_is_the_promised_one_whatever_the_cells_hold(kind: ColumnType, dtype: Any, cells: tuple[Any, ...]) -> None:
    assert parse_column(cells, column(kind))[0].dtype == dtype
    assert column_array([None] * len(cells), kind).dtype == dtype


def test_values_are_shown_as_people_read_them() -> None:
    values: list[tuple[Value, ColumnType, str, str]] = [
        (Decimal("1234.50"), "money", "1,234.50", "1,234.50"),
        (Decimal("-0.5"), "money", "-0.50", "-0.50"),
        (Decimal("0.03"), "percent", "3 %", "3 %"),
        (Decimal("0.0325"), "percent", "3.25 %", "3.25 %"),
        (Decimal(100), "decimal", "100", "100"),
        (Decimal("12.5"), "decimal", "12.5", "12.5"),
        (12000, "integer", "12000", "12000"),
        (date(2026, 9, 3), "date", "2026-09-03", "2026-09-03"),
        (datetime(2026, 9, 30, 14, 5), "datetime", "2026-09-30 14:05", "2026-09-30 14:05"),
        (datetime(2026, 9, 30, 14, 5, 9), "datetime", "2026-09-30 14:05:09", "2026-09-30 14:05:09"),
        (time(9, 5), "time", "09:05", "09:05"),
        (True, "boolean", "是", "yes"),
        (False, "boolean", "否", "no"),
        ("包装", "text", "包装", "包装"),
        (None, "money", "", ""),
    ]
    assert [(shown(value, kind), shown(value, kind, "en")) for value, kind, _, _ in values] == [(zh, en) for *_, zh, en in values]


def test_what_is_expected_has_a_right_example_and_the_nearest_choice() -> None:
    assert expected(column("date")) == {"zh": "日期，例如 2026-09-30", "en": "a date with its year, such as 2026-09-30"}
    assert expected(column("percent"), "3") == {"zh": "百分比，写上百分号，例如 3%", "en": "a percentage with its sign, such as 3%"}
    assert expected(column("choice"), "重大的") == {
        "zh": "下列之一：一般、重大、VIP、其他(说明)；是不是“重大”？",
        "en": "one of: 一般, 重大, VIP, 其他(说明); did you mean '重大'?",
    }
    assert expected(column("money"), "#REF!") == {"zh": "先修正公式，再填结果", "en": "a result; the formula fails, mend it first"}


@pytest.mark.parametrize(("kind", "example"), [("integer", "12"), ("decimal", "12.5"), ("money", "1234.50"), ("percent", "3%")])
def test_the_examples_named_in_messages_are_right_ones(kind: ColumnType, example: str) -> None:
    assert example in expected(column(kind))["zh"]
    assert read(kind, example) != [PROBLEM]


def test_money_finer_than_a_fen_is_refused_by_column_array() -> None:
    with pytest.raises(ValueError, match=r"^1\.005 has more decimals than are kept \(1/100\); round it first$"):
        column_array([Decimal("1.005")], "money")


def test_a_single_typed_value_is_that_of_the_list() -> None:
    series = pd.Series(column_array([Decimal("1.50"), None], "money"))
    assert [typed(series, 0, column("money")), typed(series, 1, column("money"))] == [Decimal("1.50"), None]
    assert str(typed(series, 0, column("money"))) == "1.50"


def scaled(scale: int, bound: int) -> st.SearchStrategy[Decimal]:
    return st.integers(-bound, bound).map(lambda code: Decimal(code) / scale)


VALUES: dict[ColumnType, st.SearchStrategy[Any]] = {
    "text": st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).map(str.strip).filter(lambda text: text and text[0] != "#"),
    "integer": st.integers(-(10**15), 10**15),
    "decimal": scaled(10_000, 10**15),
    "money": scaled(100, 10**15),
    "percent": scaled(1_000_000, 10**15),
    "date": st.dates(date(1990, 1, 1), date(2100, 12, 31)),
    "datetime": st.datetimes(datetime(1990, 1, 1), datetime(2100, 12, 31, 23)).map(lambda moment: moment.replace(microsecond=0)),
    "time": st.times().map(lambda moment: moment.replace(microsecond=0)),
    "boolean": st.booleans(),
    "choice": st.sampled_from(CHOICES),
    "email": st.from_regex(r"\A[a-zA-Z0-9_+-]{1,20}@[a-z0-9]{1,20}\.[a-z]{2,5}\Z"),
    "phone": st.from_regex(r"\A\+?[0-9]{5,11}(转[0-9]{1,4})?\Z"),
    "reference": st.from_regex(r"\A[A-Z]{1,3}-[0-9]{1,8}\Z"),
}


@pytest.mark.parametrize("kind", VALUES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_is_shown_is_read_back_as_the_same(kind: ColumnType, language: str) -> None:
    @settings(max_examples=40, deadline=None)
    @given(st.lists(VALUES[kind] | st.none(), max_size=20))
    def holds(values: list[Any]) -> None:
        assert read(kind, *(shown(value, kind, language) for value in values)) == values

    holds()


@pytest.mark.parametrize("kind", VALUES)
def test_typed_values_survive_the_frame(kind: ColumnType) -> None:
    @settings(max_examples=40, deadline=None)
    @given(st.lists(VALUES[kind] | st.none(), max_size=20))
    def holds(values: list[Any]) -> None:
        series = pd.Series(column_array(values, kind))
        assert typed_list(series, range(len(values)), column(kind)) == values

    holds()


@pytest.mark.parametrize("kind", ["integer", "money", "decimal", "percent", "date", "datetime", "time"])
def test_a_number_in_a_cell_is_read_as_the_value_it_stores(kind: ColumnType) -> None:
    """Spreadsheets keep binary floating point; dates and times are days since 1899-12-30."""

    def stored(value: Any) -> float:
        if isinstance(value, time):
            return (value.hour * 3600 + value.minute * 60 + value.second) / 86_400
        if isinstance(value, date):
            moment = value if isinstance(value, datetime) else datetime.combine(value, time())
            return (moment - datetime(1899, 12, 30)) / timedelta(days=1)
        return float(value)

    @settings(max_examples=40, deadline=None)
    @given(VALUES[kind])
    def holds(value: Any) -> None:
        if kind == "percent" and abs(value) > 1:
            value /= 10**10
            value = round(value, 6)
        assert read(kind, stored(value)) == [value]

    holds()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text() | st.floats() | st.integers() | st.booleans() | st.none() | st.dates() | st.times() | st.datetimes(), max_size=8))
def test_no_cell_is_a_crash(cells: list[Any]) -> None:
    for kind in VALUES:
        array, odd = parse_column(cells, column(kind))
        assert len(array) == len(cells)
        assert all(array[position] is pd.NA or array[position] is pd.NaT for position, _ in odd)
        assert [text for _, text in odd] == [appearance(cells[position]) for position, _ in odd]
