"""Sample facts for every notice template that ships, in the words a real mail would have; any other template gets all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from automations.clocks import OVERDUE, RUNNING, SOON, STATE_WORDS
from automations.noticefacts import PHRASES
from automations.summary import LEFT

Facts = Mapping[str, object]
TOGETHER = ("deadline-late", "finding", "approval-wanted", "visit-due")
"""The samples that stand together in a mail of several."""
_SENT = {"deadline-soon": "2026-09-17 14:00", "deadline-escalated": "2026-09-24 14:00"}
"""When a sample is sent; on 22 September where nothing is said here."""
_SOURCE = {"zh": "营销管理制度", "en": "Marketing policy"}


def sample(template: str, language: str) -> dict[str, object]:
    """The facts of one notice, FIELDS of them; for a template that does not ship every field is filled."""
    known = _CHINESE if language == "zh" else _ENGLISH
    own = known[template] if template in known else _everything(known)
    sent_at = _SENT.get(template if template in known else "deadline-escalated", "2026-09-22 14:00")
    return {**_blank(language), **known["deadline-soon"], **own, "sent_at": sent_at}


def samples_together(language: str) -> Sequence[dict[str, object]]:
    """The facts of a mail of several."""
    return [sample(template, language) for template in TOGETHER]


def _blank(language: str) -> dict[str, object]:
    texts: dict[str, object] = dict.fromkeys(("before", "clause", "due", "fix", "left", "next_step", "problem", "state"), "")
    return {**texts, "source": _SOURCE[language], "hold": PHRASES["hold"][language], "provisional": False, "urgent": False}


def _everything(known: Mapping[str, Facts]) -> dict[str, object]:
    finding, late = known["finding"], known["deadline-escalated"]
    return {**late, "problem": finding["problem"], "fix": finding["fix"]}


def _place(language: str, table: str, row: int) -> dict[str, object]:
    return {"table": table, "place": PHRASES["place"][language].format(table=table, row=row)}


def _why(language: str, role: str) -> str:
    return PHRASES["why"][language].format(role=PHRASES[role][language] if role in PHRASES else role, source=_SOURCE[language])


def _left(language: str, words: str, **values: object) -> str:
    return LEFT[words][language].format(**values)


def _rows(**values: str) -> list[dict[str, str]]:
    return [{"heading": heading, "value": value} for heading, value in values.items()]


_NO_CLOCK: Facts = {"state": "", "due": "", "left": "", "next_step": ""}
_CHINESE: Mapping[str, Facts] = {
    "deadline-soon": {
        **_place("zh", "客户投诉", 12),
        "reader": "王芳",
        "owner": "王芳",
        "contact": "马建国",
        "key": "TS-20260917-003",
        "title": "确定受理部门和负责人",
        "state": STATE_WORDS["zh"][SOON],
        "due": "2026-09-18 18:00",
        "left": _left("zh", "tomorrow", time="18:00"),
        "next_step": "确定受理部门和负责人（王芳）",
        "clause": "第五章第二条(七)2",
        "why": _why("zh", "owner"),
        "rows": _rows(受理时间="2026-09-17 10:20", 客户="鲜又多超市", 投诉内容="包装破损 12 箱，\n其中 3 箱漏油 <要求换货>"),
    },
    "deadline-late": {"state": STATE_WORDS["zh"][OVERDUE], "left": _left("zh", "late", n=2), "urgent": True},
    "deadline-escalated": {
        "reader": "马建国",
        "state": STATE_WORDS["zh"][OVERDUE],
        "left": _left("zh", "late", n=4),
        "urgent": True,
        "before": "已于 9月17日 14:00 提醒 王芳（到期提醒）；已于 9月21日 09:00 提醒 王芳（逾期提醒）",
        "why": _why("zh", "superior"),
    },
    "approval-wanted": {
        **_NO_CLOCK,
        **_place("zh", "产品发运通知单", 48),
        "reader": "赵敏",
        "key": "FY-00811",
        "title": "财务确认货款到账",
        "problem": "货款已到账，等待财务盖章",
        "urgent": True,
        "clause": "第二章流程说明4",
        "why": _why("zh", "approver"),
        "rows": _rows(订单="DD-20260916-002", 客户="兰州百佳商贸", 应收金额="38,600.00"),
    },
    "finding": {
        **_NO_CLOCK,
        "title": "责任部门须填写",
        "problem": "已填“解决时间”但缺“责任部门”（第五章第二条(七)4）。请补填“责任部门”。",
        "fix": "请补填“责任部门”",
        "urgent": True,
        "clause": "第五章第二条(七)4",
    },
    "hold-ended": {
        **_NO_CLOCK,
        "title": PHRASES["hold ended"]["zh"],
        "due": "2026-09-21",
        "problem": "客户出差，等其回来验货（王芳）",
        "next_step": "调查责任（王芳）",
        "clause": "",
    },
    "visit-due": {
        **_place("zh", "客户", 43),
        "reader": "李强",
        "owner": "李强",
        "key": "KH-00042",
        "title": "A 类客户每月拜访一次",
        "state": STATE_WORDS["zh"][RUNNING],
        "due": "2026-09-30",
        "left": _left("zh", "workdays", n=5),
        "next_step": "",
        "clause": "",
        "rows": _rows(客户名称="石嘴山万家福", 客户等级="A", 上次拜访="2026-08-29"),
    },
    "cash-over": {
        **_NO_CLOCK,
        **_place("zh", "直销货款", 77),
        "reader": "马建国",
        "owner": "李强",
        "key": "ZX-202609-042",
        "title": "手中货款不超过上限",
        "problem": "李强手中未汇货款累计23,400.00元，超过上限20000元（第二章流程说明4）。请立即汇回公司指定账户。",
        "fix": "请立即汇回公司指定账户",
        "urgent": True,
        "clause": "第二章流程说明4",
        "why": _why("zh", "superior"),
        "rows": _rows(业务员="李强", 日期="2026-09-17", 金额="23,400.00"),
    },
}
_ENGLISH: Mapping[str, Facts] = {
    "deadline-soon": {
        **_place("en", "Complaints", 12),
        "reader": "Wang Fang",
        "owner": "Wang Fang",
        "contact": "Ma Jianguo",
        "key": "TS-20260917-003",
        "title": "Naming department and handler",
        "state": STATE_WORDS["en"][SOON],
        "due": "2026-09-18 18:00",
        "left": _left("en", "tomorrow", time="18:00"),
        "next_step": "name department and handler (Wang Fang)",
        "clause": "Ch. 5 Art. 2 (7) 2",
        "why": _why("en", "owner"),
        "rows": _rows(
            Received="2026-09-17 10:20", Customer="Xianyouduo Supermarket", Content="12 cartons damaged,\n3 of them leak <wants new goods>"
        ),
    },
    "deadline-late": {"state": STATE_WORDS["en"][OVERDUE], "left": _left("en", "late", n=2), "urgent": True},
    "deadline-escalated": {
        "reader": "Ma Jianguo",
        "state": STATE_WORDS["en"][OVERDUE],
        "left": _left("en", "late", n=4),
        "urgent": True,
        "before": "reminded Wang Fang on 17 Sep 14:00 (due soon); reminded Wang Fang on 21 Sep 09:00 (late)",
        "why": _why("en", "superior"),
    },
    "approval-wanted": {
        **_NO_CLOCK,
        **_place("en", "Shipments", 48),
        "reader": "Zhao Min",
        "key": "FY-00811",
        "title": "Finance confirms the payment",
        "problem": "the payment has arrived and waits for the stamp of finance",
        "urgent": True,
        "clause": "Ch. 2, note 4",
        "why": _why("en", "approver"),
        "rows": _rows(Order="DD-20260916-002", Customer="Lanzhou Baijia Trading", Receivable="38,600.00"),
    },
    "finding": {
        **_NO_CLOCK,
        "title": "Responsible department stated",
        "problem": "'Solved at' is filled but 'Responsible department' is not (Ch. 5 Art. 2 (7) 4). Fill in 'Responsible department'.",
        "fix": "fill in 'Responsible department'",
        "urgent": True,
        "clause": "Ch. 5 Art. 2 (7) 4",
    },
    "hold-ended": {
        **_NO_CLOCK,
        "title": PHRASES["hold ended"]["en"],
        "due": "2026-09-21",
        "problem": "the customer is travelling (Wang Fang)",
        "next_step": "find who is responsible (Wang Fang)",
        "clause": "",
    },
    "visit-due": {
        **_place("en", "Customers", 43),
        "reader": "Li Qiang",
        "owner": "Li Qiang",
        "key": "KH-00042",
        "title": "One visit a month to class A customers",
        "state": STATE_WORDS["en"][RUNNING],
        "due": "2026-09-30",
        "left": _left("en", "workdays", n=5),
        "next_step": "",
        "clause": "",
        "rows": _rows(Customer="Wanjiafu, Shizuishan", Class="A", Visited="2026-08-29"),
    },
    "cash-over": {
        **_NO_CLOCK,
        **_place("en", "Cash collected", 77),
        "reader": "Ma Jianguo",
        "owner": "Li Qiang",
        "key": "ZX-202609-042",
        "title": "Cash in hand within the limit",
        "problem": "Li Qiang holds 23,400.00 yuan, the limit is 20000 yuan (Ch. 2, note 4). Remit it to the company's account.",
        "fix": "remit it to the company's account",
        "urgent": True,
        "clause": "Ch. 2, note 4",
        "why": _why("en", "superior"),
        "rows": _rows(Salesperson="Li Qiang", Date="2026-09-17", Amount="23,400.00"),
    },
}
