"""One set of facts for every notice template, as the program would hand them over."""

from __future__ import annotations

from collections.abc import Mapping

from automations.samples import SAMPLES, sample

Facts = dict[str, object]
BLANK: Mapping[str, object] = {
    **dict.fromkeys(("reader", "table", "key", "place", "title", "state", "due", "left", "next_step", "problem"), ""),
    **dict.fromkeys(
        ("fix", "clause", "source", "why", "owner", "contact", "hold", "sent_at", "before", "otherwise", "enclosed", "book", "link"), ""
    ),
    "rows": [],
    "provisional": False,
    "urgent": False,
}


def facts(**more: object) -> Facts:
    return {**BLANK, **more}


def rows(**values: str) -> list[dict[str, str]]:
    return [{"heading": heading, "value": value} for heading, value in values.items()]


_ZH = facts(
    reader="王芳",
    table="客户投诉",
    key="TS-20260917-003",
    place="客户投诉!第 12 行",
    title="确定受理部门和负责人",
    state="进行中",
    due="2026-09-18 18:00",
    left="明天 18:00 到期",
    next_step="填写“受理部门”“受理负责人”和“受理时间”",
    clause="第五章第二条（七）2",
    source="宁夏西香记食品有限公司 营销管理制度",
    why="您是这一行的受理人",
    owner="王芳",
    contact="市场部部长 马建国",
    hold="需要暂缓时，请在这一行填写“暂缓至”和“暂缓原因”",
    sent_at="2026-09-17 14:00",
    rows=rows(
        客户="银川市兴庆区鲜又多超市",
        投诉类别="产品质量",
        投诉内容="包装破损 12 箱，\n其中 3 箱漏油 <要求换货>",
        受理时间="2026-09-17 10:20",
    ),
)
_EN = facts(
    reader="Wang Fang",
    table="Complaints",
    key="TS-20260917-003",
    place="Complaints!row 12",
    title="assign department and handler",
    state="running",
    due="2026-09-18 18:00",
    left="due tomorrow 18:00",
    next_step="fill in department, handler and time of assignment",
    clause="Ch. 5 Art. 2 (7) 2",
    source="Xixiangji Foods, marketing policy",
    why="You are responsible for this row",
    owner="Wang Fang",
    contact="Ma Jianguo, head of marketing",
    hold="To put it on hold, fill in 'hold until' and 'hold reason' in this row",
    sent_at="2026-09-17 14:00",
    rows=rows(
        Customer="Xianyouduo Supermarket, Yinchuan",
        Category="product quality",
        Content="12 cartons damaged,\n3 of them leak <wants new goods>",
        Received="2026-09-17 10:20",
    ),
)

ZH: Mapping[str, Facts] = {
    "deadline-soon": _ZH,
    "deadline-late": {**_ZH, "state": "逾期", "left": "已逾期 2 个工作日", "urgent": True, "before": "2026-09-17 已提醒王芳"},
    "deadline-escalated": {
        **_ZH,
        "reader": "马建国",
        "state": "逾期",
        "left": "已逾期 4 个工作日",
        "urgent": True,
        "before": "2026-09-17 已提醒王芳，2026-09-21 已通知王芳和李强；没有人申请暂缓",
        "why": "您是市场部部长，逾期满 1 个工作日的投诉要报告给您",
    },
    "approval-wanted": {
        **_ZH,
        "reader": "赵敏",
        "owner": "王芳",
        "table": "发货单",
        "key": "FH-20270105-011",
        "place": "发货单!第 48 行",
        "title": "财务确认货款到账",
        "state": "待审批",
        "due": "2027-01-06 18:00",
        "left": "明天 18:00 到期(暂定)",
        "next_step": "",
        "provisional": True,
        "why": "您负责财务审批",
        "clause": "第三章第一条4",
        "rows": rows(客户="兰州百佳商贸", 应收金额="38,600.00", 已收金额="38,600.00"),
    },
    "finding": {
        **_ZH,
        "title": "责任部门须填写",
        "state": "",
        "due": "",
        "left": "",
        "next_step": "",
        "problem": '已填"解决时间"但缺"责任部门"',
        "fix": '请补填"责任部门"',
        "clause": "第五章第二条（七）4",
    },
    "hold-ended": {**_ZH, "title": "暂缓到期", "due": "2026-09-21", "left": "", "state": "", "problem": "客户出差（王芳）"},
    "visit-due": {
        **_ZH,
        "reader": "李强",
        "owner": "李强",
        "table": "客户",
        "key": "KH-0042",
        "place": "客户!第 43 行",
        "title": "A 类客户每月拜访一次",
        "state": "将到期",
        "due": "2026-09-30",
        "left": "还有 9 个工作日",
        "next_step": "",
        "why": "您是这家客户的业务员",
        "rows": rows(客户="石嘴山万家福", 等级="A", 上次拜访="2026-08-29"),
    },
    "cash-over": {
        **_ZH,
        "reader": "马建国",
        "owner": "李强",
        "table": "货款登记",
        "key": "HK-20260917-02",
        "place": "货款登记!第 77 行",
        "title": "手中货款不超过上限",
        "state": "超限",
        "due": "2026-09-18 18:00",
        "problem": "李强手中货款 23,400.00 元，超过上限 20,000.00 元",
        "fix": "请汇回公司指定账户并登记",
        "next_step": "",
        "urgent": True,
        "why": "您是李强的上级",
        "rows": rows(业务员="李强", 手中货款="23,400.00", 上限="20,000.00"),
    },
}
EN: Mapping[str, Facts] = {
    "deadline-soon": _EN,
    "deadline-late": {**_EN, "state": "late", "left": "2 working days late", "urgent": True, "before": "2026-09-17 reminder to Wang Fang"},
    "deadline-escalated": {
        **_EN,
        "reader": "Ma Jianguo",
        "state": "late",
        "left": "4 working days late",
        "urgent": True,
        "before": "2026-09-17 reminder to Wang Fang, 2026-09-21 notice to Wang Fang and Li Qiang; nobody asked for a hold",
        "why": "You head marketing, and complaints late by one working day are reported to you",
    },
    "approval-wanted": {
        **_EN,
        "reader": "Zhao Min",
        "table": "Dispatches",
        "key": "FH-20270105-011",
        "place": "Dispatches!row 48",
        "title": "finance confirms the payment",
        "state": "waiting",
        "due": "2027-01-06 18:00",
        "left": "due tomorrow 18:00 (provisional)",
        "next_step": "",
        "provisional": True,
        "why": "You approve for finance",
        "clause": "Ch. 3 Art. 1 4",
        "rows": rows(Customer="Lanzhou Baijia Trading", Receivable="38,600.00", Received="38,600.00"),
    },
    "finding": {
        **_EN,
        "title": "responsible department stated",
        "state": "",
        "due": "",
        "left": "",
        "next_step": "",
        "problem": "'solved at' is filled but 'responsible department' is not",
        "fix": "fill in 'responsible department'",
        "clause": "Ch. 5 Art. 2 (7) 4",
    },
    "hold-ended": {**_EN, "title": "The hold is over", "due": "2026-09-21", "left": "", "state": "", "problem": "the customer travels"},
    "visit-due": {
        **_EN,
        "reader": "Li Qiang",
        "owner": "Li Qiang",
        "table": "Customers",
        "key": "KH-0042",
        "place": "Customers!row 43",
        "title": "one visit a month to class A customers",
        "state": "due soon",
        "due": "2026-09-30",
        "left": "9 working days left",
        "next_step": "",
        "why": "You look after this customer",
        "rows": rows(Customer="Wanjiafu, Shizuishan", Class="A", Visited="2026-08-29"),
    },
    "cash-over": {
        **_EN,
        "reader": "Ma Jianguo",
        "owner": "Li Qiang",
        "table": "Cash register",
        "key": "HK-20260917-02",
        "place": "Cash register!row 77",
        "title": "cash in hand within the limit",
        "state": "over",
        "problem": "Li Qiang holds 23,400.00 yuan, the limit is 20,000.00 yuan",
        "fix": "Remit it to the designated account and enter it",
        "next_step": "",
        "urgent": True,
        "why": "Li Qiang reports to you",
        "rows": rows(Salesperson="Li Qiang", Cash="23,400.00", Limit="20,000.00"),
    },
}
ZH = {**{name: sample(name, "zh") for name in SAMPLES["zh"]}, **ZH}
EN = {**{name: sample(name, "en") for name in SAMPLES["en"]}, **EN}
NOTICES: Mapping[str, Mapping[str, Facts]] = {"zh": ZH, "en": EN}
