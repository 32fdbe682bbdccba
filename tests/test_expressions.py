"""The expression language: what is accepted, what is refused and where, and that nothing outside the row can be reached."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automations.allowed import CLASSES, FUNCTIONS, OPERATORS, TYPES
from automations.calendars import Calendar, CalendarSettings
from automations.cells import column_array, typed_list
from automations.errors import TooSlow
from automations.expressionfaults import LONGEST, ExpressionFault, characters
from automations.expressions import Evaluator, Formula, type_from_duck
from automations.model import Column, ColumnType
from automations.trees import parameters_of, walk

NOW = datetime(2025, 9, 26, 16, 30)
CALENDAR = Calendar.build(CalendarSettings(name="test"))
EVALUATOR = Evaluator(CALENDAR)
EVALUATOR.set_now(NOW)
TYPES_OF_COLUMNS: Mapping[str, ColumnType] = {
    "amount": "money",
    "paid": "money",
    "share": "percent",
    "pieces": "integer",
    "weight": "decimal",
    "name": "text",
    "day": "date",
    "moment": "datetime",
    "ok": "boolean",
    "受理时间": "datetime",
}
Value = Any


def refusal(text: str) -> ExpressionFault:
    with pytest.raises(ExpressionFault) as caught:
        EVALUATOR.parse(text)
    return caught.value


def rows(text: str, count: int = 1, **cells: list[Value]) -> list[Value]:
    """The expression over a few rows of the columns above; a column that is not given is blank."""
    sql = EVALUATOR.text_of(EVALUATOR.parse(text))
    filled = {name: cells.get(name, [None] * count) for name in TYPES_OF_COLUMNS}
    columns = {name: column_array(values, TYPES_OF_COLUMNS[name]) for name, values in filled.items()}
    kind = type_from_duck(EVALUATOR.bind([sql], TYPES_OF_COLUMNS)[0]) or "text"
    formula = Formula("found", sql, frozenset(TYPES_OF_COLUMNS), kind, text)
    found = EVALUATOR.evaluate([formula], columns, TYPES_OF_COLUMNS, count)["found"]
    return typed_list(pd.Series(found), range(count), Column("found", {}, kind))


def test_formulas_that_take_too_long_are_interrupted_and_the_next_ones_run():
    formula = Formula("found", "sum(range) OVER (PARTITION BY range % 7)", frozenset({"range"}), "integer", "")
    columns: Any = {"range": pd.array(range(100_000), dtype="Int64")}
    said = "evaluating the rules took too long; fewer rows help, and so do simpler formulas in the policies changed last"
    with pytest.raises(TooSlow) as caught, EVALUATOR.within(0):
        while True:
            EVALUATOR.evaluate([formula], columns, {"range": "integer"}, 100_000)

    assert str(caught.value) == said
    assert value("pieces + 1", pieces=1) == 2


def test_a_figure_of_a_group_that_is_out_of_range_is_blank_and_the_others_stand():
    total = "sum(amount) OVER (PARTITION BY name, policy_book())"
    formulas = [
        Formula("total", total, frozenset({"amount", "name"}), "decimal", "sum(amount)", ("name",)),
        Formula("rows", total.replace("sum(amount)", "count()"), frozenset({"name"}), "integer", "count(*)", ("name",)),
    ]
    cells = {"amount": [Decimal(9 * 10**12)] * 12 + [Decimal("3.50"), None], "name": ["甲"] * 12 + ["乙", None]}
    columns = {name: column_array(values, TYPES_OF_COLUMNS[name]) for name, values in cells.items()}

    found = EVALUATOR.evaluate(formulas, columns, TYPES_OF_COLUMNS, 14)

    totals = typed_list(pd.Series(found["total"]), range(14), Column("total", {}, "decimal"))
    assert totals == [None] * 12 + [Decimal("3.50"), None]
    assert found["rows"].tolist() == [12] * 12 + [1, 1]


def value(text: str, **cells: Value) -> Value:
    return rows(text, 1, **{name: [each] for name, each in cells.items()})[0]


@pytest.mark.parametrize("text", ["amount + paid", "share", "pieces * 2", "weight", "name", "day", "moment", "ok", "name = '甲'"])
def test_no_rows_give_empty_columns_of_the_same_dtype(text: str):
    sql = EVALUATOR.text_of(EVALUATOR.parse(text))
    formula = Formula("found", sql, frozenset(TYPES_OF_COLUMNS), type_from_duck(EVALUATOR.bind([sql], TYPES_OF_COLUMNS)[0]) or "text", text)

    def found(count: int) -> Any:
        columns = {name: column_array([None] * count, kind) for name, kind in TYPES_OF_COLUMNS.items()}
        return EVALUATOR.evaluate([formula], columns, TYPES_OF_COLUMNS, count)["found"]

    assert (len(found(0)), found(0).dtype) == (0, found(1).dtype)


# Money and numbers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.1 + 0.2 = 0.3", True),
        ("amount * 0.03", Decimal("1450.5")),
        ("round(amount * 0.03, 2)", Decimal("1450.50")),
        ("amount + paid", Decimal("48350.10")),
        ("amount - 48350.00 = 0", True),
        ("amount / 0", None),
    ],
)
def test_money_is_exact(text: str, expected: Value):
    assert value(text, amount=Decimal("48350.00"), paid=Decimal("0.10"), pieces=7) == expected


@pytest.mark.parametrize(
    ("amount", "rounded"), [("0.50", "0.02"), ("1.50", "0.05"), ("2.50", "0.08"), ("16.50", "0.50"), ("-16.50", "-0.50")]
)
def test_a_half_of_a_fen_is_rounded_away_from_zero(amount: str, rounded: str):
    assert value("round(amount * 0.03, 2)", amount=Decimal(amount)) == Decimal(rounded)


def test_the_largest_amount_a_sheet_can_hold_is_computed_with():
    largest = Decimal("9999999999999.99")

    assert value("amount - paid", amount=largest, paid=Decimal("0.01")) == largest - Decimal("0.01")


@given(st.integers(-(10**12), 10**12), st.integers(0, 100_000))
@settings(max_examples=40, deadline=None)
def test_money_times_a_percentage_is_what_decimals_give(fen: int, share: int):
    amount, rate = Decimal(fen) / 100, Decimal(share) / 1_000_000

    assert value("cast(amount * share as decimal(18, 4))", amount=amount, share=rate) == (amount * rate).quantize(
        Decimal("0.0001"), "ROUND_HALF_UP"
    )


# Blanks


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("amount > 100", None),
        ("not (amount > 100)", None),
        ("amount > 100 or true", True),
        ("amount > 100 and false", False),
        ("amount is null", True),
        ("blank(amount)", True),
        ("filled(amount)", False),
        ("blank(name)", True),
        ("coalesce(amount, 0) = 0", True),
        ("name = ''", None),
        ("amount in (1, 2)", None),
        ("amount + 1", None),
        ("greatest(amount, 5)", Decimal("5")),
    ],
)
def test_a_blank_cell_is_unknown(text: str, expected: Value):
    assert value(text) == expected


# Texts, names and literals


@pytest.mark.parametrize(
    "text", ["", "it's", '"quoted"', "a -- b", "/* c */", "100%", "\\", "；", "质量问题", "😀", "'); drop table x; --", "$a"]
)
def test_any_text_stands_in_a_literal(text: str):
    literal = "'" + text.replace("'", "''") + "'"

    assert value(f"concat('<', {literal}, '>')") == f"<{text}>"


def test_a_chinese_header_is_a_name():
    assert value("受理时间 > timestamp '2025-09-26 00:00:00'", 受理时间=NOW) is True


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name like '%经销%'", True),
        ("upper(left(name, 1))", "A"),
        ("length(name)", 4),
        ("replace(name, '经销', '')", "a商"),
        ("name in ('a经销商', 'b')", True),
        ("case when name = 'x' then 1 else 2 end", 2),
        ("regexp_matches(name, '^a')", True),
        ("trim('  x ')", "x"),
    ],
)
def test_texts_are_compared_and_taken_apart(text: str, expected: Value):
    assert value(text, name="a经销商") == expected


# Dates


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("today()", date(2025, 9, 26)),
        ("now()", NOW),
        ("NOW() > moment", True),
        ("add_workdays(day, 1)", date(2025, 9, 28)),
        ("add_workdays(day, 0)", date(2025, 9, 26)),
        ("workdays_between(day, date '2025-09-29')", 2),
        ("workdays_between(date '2025-09-29', day)", -2),
        ("is_workday(date '2025-09-28')", True),
        ("is_workday(date '2025-10-01')", False),
        ("day + interval 1 month", datetime(2025, 10, 26)),
        ("last_day(day)", date(2025, 9, 30)),
        ("year(moment) * 100 + month(moment)", 202509),
        ("date_diff('day', day, today())", 0),
        ("cast(moment as date) = day", True),
        ("day > '2025-09-01'", True),
        ("add_workdays(cast(null as date), 1)", None),
    ],
)
def test_dates_and_working_days(text: str, expected: Value):
    assert value(text, day=date(2025, 9, 26), moment=datetime(2025, 9, 26, 9, 0)) == expected


# What cannot be computed in a row


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cast(name as integer)", [None, 7]),
        ("cast(name as date)", [None, None]),
        ("make_date(pieces, 1, 1)", [None, date(2025, 1, 1)]),
        ("make_date(2025, weekday(day) + pieces, 1)", [None, None]),
        ("case when make_date(pieces, 1, 1) > day then day else make_date(pieces, 1, 1) end", [None, date(2025, 1, 1)]),
    ],
)
def test_what_cannot_be_computed_is_blank_in_its_row_and_does_not_stop_the_others(text: str, expected: list[Value]):
    assert rows(text, 2, name=["abc", "7"], pieces=[99_999_999, 2025], day=[date(2025, 9, 26), None]) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("100 // pieces", [None, 14]), ("100 % pieces", [None, 2]), ("amount / pieces", [None, Decimal("3")])]
)
def test_a_division_by_zero_is_blank_in_its_row(text: str, expected: list[Value]):
    assert rows(text, 2, pieces=[0, 7], amount=[Decimal("21.00"), Decimal("21.00")]) == expected


def test_an_amount_out_of_range_is_blank_in_its_row():
    found = rows("cast(amount * amount as decimal(18, 2))", 2, amount=[Decimal("9999999999.99"), Decimal("2.00")])

    assert found == [None, Decimal("4.00")]


# Refused, at its place


@pytest.mark.parametrize(
    ("text", "what", "place"),
    [
        ("", "the expression is empty", 0),
        ("  ", "the expression is empty", 0),
        ("amount is", "syntax error at or near 'is'", 7),
        ("投诉类别 is", "syntax error at or near 'is'", 5),
        ("投诉类别 = '质量' and lenght(受理时间) > 1", "no function 'lenght'", 16),
        ("质量 is null -- 见第三条", "a comment is not allowed in an expression", 11),
        ("'--' = name /* 见第三条 */", "a comment is not allowed in an expression", 12),
        ("1 from orders", "this is a query; an expression over one row is wanted", 0),
        ("1 where true", "this is a query; an expression over one row is wanted", 0),
        ("1 limit 1", "this is a query; an expression over one row is wanted", 0),
        ("1 union select 2", "this is a query; an expression over one row is wanted", 0),
        ("amount, paid", "this is a query; an expression over one row is wanted", 0),
        ("distinct amount", "this is a query; an expression over one row is wanted", 0),
        ("1; select 2", "this is a query; an expression over one row is wanted", 0),
        ("1; drop table orders", "this is a statement; an expression over one row is wanted", 0),
        ("(select 1)", "a subquery is not allowed in an expression", 0),
        ("amount in (select 1)", "a subquery is not allowed in an expression", 10),
        ("exists(select 1)", "a subquery is not allowed in an expression", 0),
        ("sum(amount)", "no function 'sum'", 0),
        ("count(*) > 1", "no function 'count(*)'", 0),
        ("sum(amount) over ()", "a window over rows is not allowed in an expression", 0),
        ("lambda x: x", "a lambda is not allowed in an expression", 0),
        ("*", "'*' is not allowed in an expression", 0),
        ("columns('a')", "'*' is not allowed in an expression", 0),
        ("name[1]", "array extract is not allowed in an expression", 4),
        ("try(amount)", "try is not allowed in an expression", 0),
        ("cast(name as blob)", "no type 'blob' in an expression", 13),
        ("amount as money", "an expression has no 'as money'", 0),
        ("concat(distinct name)", "'concat' takes only plain values here", 0),
        ("length(name) filter (where ok)", "'length' takes only plain values here", 0),
        ("main.length(name)", "'length' takes only plain values here", 0),
        ("a\0b", "control character U+0000 in an expression", 0),
        ("not " * 400 + "ok", "the expression is nested too deep", 0),
        ("1" + "+1" * 900, "the expression is nested too deep", 0),
        ("1" * (LONGEST + 1), "expression has 2001 characters, the limit is 2000", 0),
    ],
)
def test_what_is_more_than_one_row_is_refused_at_its_place(text: str, what: str, place: int):
    fault = refusal(text)

    assert (fault.what, characters(text, fault.offset)) == (what, place)


FUNCTIONS_OF_DUCKDB = sorted(
    {str(name) for (name,) in duckdb.connect().execute("SELECT DISTINCT function_name FROM duckdb_functions()").fetchall()}
)


def test_every_function_of_the_database_outside_the_whitelist_is_refused():
    taken = []
    for name in FUNCTIONS_OF_DUCKDB:
        try:
            EVALUATOR.parse(f'"{name}"(1)')
        except ExpressionFault:
            continue
        taken.append(name)

    assert set(taken) <= FUNCTIONS
    assert len(FUNCTIONS_OF_DUCKDB) - len(taken) > 400


REACHING_OUT = [
    "read_csv('x.csv')",
    "read_text('/etc/passwd')",
    "read_blob('/etc/passwd')",
    "read_parquet('x')",
    "read_json('x')",
    "glob('*')",
    "getenv('HOME')",
    "getvariable('now')",
    "current_setting('memory_limit')",
    "query('select 1')",
    "query_table('orders')",
    "sniff_csv('x')",
    "duckdb_settings()",
    "pragma_version()",
    "random()",
    "uuid()",
    "nextval('s')",
    "txid_current()",
    "error('x')",
    "policy_ordinal(today())",
]


@pytest.mark.parametrize("text", REACHING_OUT)
def test_a_function_that_reaches_outside_the_row_is_unknown(text: str):
    assert refusal(text).what == f"no function '{text.partition('(')[0]}'"


STATEMENTS = [
    "COPY orders TO 'x.csv'",
    "ATTACH 'x.db'",
    "PRAGMA database_list",
    "SET memory_limit = '1TB'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "EXPORT DATABASE 'x'",
    "CREATE TABLE x (a int)",
    "DROP TABLE x",
    "INSERT INTO x VALUES (1)",
    "UPDATE x SET a = 1",
    "DELETE FROM x",
    "CALL pragma_version()",
    "EXPLAIN SELECT 1",
    "CREATE MACRO f() AS 1",
    "USE x",
    "SELECT * FROM 'x.csv'",
    "FROM 'x.csv'",
    "VALUES (1)",
]


@pytest.mark.parametrize("statement", STATEMENTS)
@pytest.mark.parametrize("written", ["{}", "1; {}", "1) ; {}", "(({}))"])
def test_a_statement_is_no_expression(written: str, statement: str):
    assert refusal(written.format(statement)).what


ATOMS = st.sampled_from(
    [*TYPES_OF_COLUMNS, "1", "2.5", "'质量'", "null", "true", "$limit", "today()", "(select 1)", "*", "x -> x", "[1]", "?"]
)
JOINTS = st.sampled_from(
    ["{} + {}", "{} and {}", "{} in ({})", "coalesce({}, {})", "sum({}) over (order by {})", "{} from {}", "{}; {}", "{} as {}"]
)
EXPRESSIONS = st.recursive(ATOMS, lambda inner: st.builds(lambda joint, a, b: joint.format(a, b), JOINTS, inner, inner), max_leaves=6)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(st.one_of(EXPRESSIONS, TEXTS))
@settings(max_examples=150, deadline=None)
def test_whatever_is_written_is_a_fault_or_a_tree_of_the_whitelist(text: str):
    try:
        tree = EVALUATOR.parse(text)
    except ExpressionFault as fault:
        assert 0 <= characters(text, fault.offset) <= len(text)
        return
    nodes = list(walk(tree))

    assert {node["class"] for node in nodes} <= CLASSES
    assert {node["type"] for node in nodes if node["class"] == "OPERATOR"} <= OPERATORS
    assert {node["function_name"].lower().removeprefix("policy_") for node in nodes if node["class"] == "FUNCTION"} <= FUNCTIONS
    assert {node["type_name"].lower() for node in nodes if node["class"] == "TYPE"} <= TYPES


@given(st.lists(st.sampled_from(["a", "投", "😀", " ", "é"]), max_size=12).map("".join))
def test_an_offset_in_bytes_is_an_offset_in_characters(text: str):
    assert [characters(text + "x", len((text[:place]).encode())) for place in range(len(text) + 1)] == list(range(len(text) + 1))


def test_parameters_are_found_with_their_places():
    text = "投诉类别 = '质量' and amount > $limit or amount > $上限"
    found = [(name, characters(text, offset)) for name, offset in parameters_of(EVALUATOR.parse(text))]

    assert found == [("limit", text.index("$limit")), ("上限", text.index("$上限"))]


# Types


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("amount > moment", "a number cannot be compared with a date and time"),
        ("amount > 'abc'", "'abc' is not a number"),
        ("day > '下周二'", "'下周二' is not a date"),
        ("name = 5", "a text is used where a number is wanted"),
        ("name > 5", "a text cannot be compared with a number"),
        ("name in (1, 2)", "a text is used where a number is wanted"),
        ("not name", "a text is used where true or false is wanted"),
        ("ok and name", "a text is used where true or false is wanted"),
        ("length(amount)", "'length' does not take a number"),
        ("year(name)", "'year' does not take a text"),
        ("coalesce(name, true)", "a text and true or false cannot both be the result of coalesce"),
        ("pieces // 0", "Division by zero in expression (pieces // 0)"),
        ("date_trunc('月', day)", "extract specifier '月' not recognized"),
    ],
)
def test_what_does_not_fit_its_types_is_found_before_any_row_is_read(text: str, what: str):
    sql = EVALUATOR.text_of(EVALUATOR.parse(text))
    with pytest.raises(ExpressionFault) as caught:
        EVALUATOR.bind([sql], TYPES_OF_COLUMNS)

    assert caught.value.what == what


# The connection


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_csv('pyproject.toml')",
        "SELECT * FROM 'pyproject.toml'",
        "COPY (SELECT 1) TO 'stolen.csv'",
        "ATTACH 'other.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET memory_limit = '100GB'",
        "SET lock_configuration = false",
        "RESET memory_limit",
    ],
)
def test_the_connection_itself_sees_no_file_and_its_configuration_is_locked(query: str):
    with pytest.raises(duckdb.Error):
        EVALUATOR._connection.execute(query)


def test_memory_and_threads_are_limited():
    settings = "SELECT current_setting('memory_limit'), current_setting('threads'), current_setting('enable_external_access')"

    assert EVALUATOR._connection.execute(settings).fetchone() == ("1.8 GiB", 1, False)
