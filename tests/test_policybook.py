"""`policies`: the policies as configured, in sentences a clerk reads aloud."""

from __future__ import annotations

import re
from datetime import date

import pytest

from automations.policybook import Book, ShownRule, book_html, book_of, book_text
from tests.scene import ROOT, shipped


@pytest.fixture(scope="module")
def book() -> Book:
    return book_of(shipped(), date(2026, 9, 30), "zh")


def rule(book: Book, policy: str, name: str) -> ShownRule:
    rules = [each for pack in book.packs for shown in pack.policies if shown.name == policy for each in shown.rules]
    return next(each for each in rules if each.id == name)


def test_a_deadline_says_from_when_how_long_its_cap_and_who_is_told_when(book: Book):
    solve = rule(book, "complaint-handling", "solve")

    assert (solve.title, solve.clause) == ("解决投诉", "第五章第二条（七）5")
    assert solve.sentence == (
        "自“确定受理时间”起一般问题5个工作日、复杂问题15个工作日内完成：解决时间；不得晚于“投诉全程”的期限；等待客户期间暂停"
    )
    assert solve.told[-1] == "逾期1个工作日：市场部部长，每1个工作日再提醒，最多5次"


def test_conditions_are_said_with_headings_and_words(book: Book):
    approved = rule(book, "carrier-contracts", "approved-by-head")

    assert approved.sentence == "要求：审批时间 已填 且 审批时间 < 签订日期 + 1天 且 审批人的岗位 含 “市场部部长”"
    assert approved.applies == "期限类型 = “长期” 且 签订日期 已填"


def test_numbers_stand_with_their_unit_and_whether_the_text_gives_them(book: Book):
    numbers = {each.title: each for pack in book.packs for policy in pack.policies for each in policy.numbers}

    assert (numbers["追踪落实"].value, numbers["追踪落实"].suggested) == ("72小时", False)
    assert (numbers["合同条款录入和留存"].value, numbers["合同条款录入和留存"].suggested) == ("5个工作日", True)


def test_a_duty_says_every_when_and_by_which_day(book: Book):
    assert (
        rule(book, "marketing-duties", "analysis-quarter").sentence
        == "每季度结束后20天内：季度销售市场分析归档（档案管理员）；遇休息日提前"
    )
    assert rule(book, "coordination-duties", "market-news").sentence == "每周星期五以前：更新市场动态（营销部门负责人）；遇休息日提前"


def test_rows_the_program_makes_say_where_they_are_and_how_they_are_grouped(book: Book):
    assert rule(book, "freight-entries", "freight-entry").sentence == "在“运费台账”列一行"
    assert rule(book, "freight-ledger", "freight-summary").sentence == "按月份、承运单位、运费类别汇总到“运费统计汇总”"
    assert rule(book, "sales-stats", "sales-of-week").sentence == "按营销业务员等汇总到“销售统计表”"


def test_what_the_program_works_out_says_from_what(book: Book):
    state, policy = rule(book, "payment-before-goods", "payment-state"), rule(book, "contracts", "breach-clause")

    assert (state.sentence, state.table) == (
        "“付款状态”按下表确定",
        (("已收货款 ≥ 订单金额", "已付清"), ("已收货款 > 0", "部分"), ("其余", "未付")),
    )
    assert policy.sentence == "要求：违约责任条款 = 是"
    assert rule(book, "payment-before-goods", "payment-enough").sentence == "“货款已到应收比例”：已收货款不少于订单金额的100%"
    assert rule(book, "cash-in-hand", "cash-next-step").table[0] == ("“这笔钱还在手里”不成立", "不写")
    assert [line for line in book_text(book).splitlines() if "由程序得出" in line] == []


def test_who_is_told_of_some_rows_only_stands_with_their_condition(book: Book):
    assert rule(book, "complaint-handling", "form_answered").told[1] == "出现时（责任部门 未填 且 投诉类别 = “运输损坏”）：物流专员"


def test_how_an_unclear_sentence_was_read_stands_beside_its_clause(book: Book):
    readings = [clause for pack in book.packs if pack.name == "xixiangji-marketing" for clause, _ in pack.readings]

    assert readings[:3] == ["第五章第二条（七）2", "第五章第二条（七）4", "第五章第二条（七）5"]
    assert [clause for pack in book.packs for clause, _ in pack.readings if re.fullmatch(r"[a-z-]+\.\d+", clause)] == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_name_of_a_hidden_column_and_no_function_is_read_aloud(language: str):
    text = book_text(book_of(shipped(), date(2026, 9, 30), language))

    assert [line for line in text.splitlines() if re.search(r"[a-z]_[a-z]|\bcase when\b|coalesce\(|\|\||::", line)] == []


def test_the_page_holds_every_policy_and_loads_nothing(book: Book):
    page = book_html(book, ROOT)

    assert [policy.title for pack in book.packs for policy in pack.policies if policy.title not in page] == []
    assert re.findall(r"<script|<link|src=|https?://", page) == []


def test_a_long_list_of_numbers_may_break_between_them_on_the_page(book: Book):
    page = book_html(book, ROOT)

    assert "<span>2025-01-29、</span><wbr><span>2026-02-17、</span><wbr>" in page
    assert '<td class="number"><span>5个工作日</span><wbr></td>' in page
