"""The words in which rules are said: units, sayings per kind, operators, days and periods, in Chinese and English."""

from __future__ import annotations

from calendar import day_name
from collections.abc import Mapping

from automations.model import Words
from automations.periods import WEEKDAYS

UNITS: Mapping[str, Words] = {
    "working_days": {"zh": "{}个工作日", "en": "{} working days"},
    "days": {"zh": "{}天", "en": "{} days"},
    "hours": {"zh": "{}小时", "en": "{} hours"},
    "working_hours": {"zh": "{}个工作小时", "en": "{} working hours"},
    "months": {"zh": "{}个月", "en": "{} months"},
    "CNY": {"zh": "{}元", "en": "{} yuan"},
    "percent": {"zh": "{}%", "en": "{} %"},
}
SAYINGS: Mapping[str, Words] = {
    "check": {"zh": "要求：{require}", "en": "Required: {require}"},
    "required": {"zh": "必须填写：{columns}", "en": "Must be filled in: {columns}"},
    "unique": {"zh": "不得重复：{columns}", "en": "May stand only once: {columns}"},
    "reference": {"zh": "“{column}”必须已登记", "en": "'{column}' must be registered"},
    "derive": {"zh": "{target} = {value}", "en": "{target} = {value}"},
    "classify": {"zh": "{target}按下表确定", "en": "{target} follows this table"},
    "within": {"zh": "自“{starts}”起{within}内完成：{done}", "en": "Within {within} of {starts}: {done}"},
    "within ready": {"zh": "条件具备后{within}内完成：{done}", "en": "Within {within} of the conditions being met: {done}"},
    "until": {"zh": "最晚到“{until}”完成：{done}", "en": "By {until}: {done}"},
    "capped": {"zh": "{said}；不得晚于“{caps}”的期限", "en": "{said}; no later than {caps}"},
    "paused": {"zh": "{said}；{pause}期间暂停", "en": "{said}; it stands still while {pause}"},
    "cadence": {"zh": "每{every}至少一次", "en": "At least once every {every}"},
    "cadence by": {"zh": "周期：{every}；每个周期至少一次", "en": "{every}: at least once in each period"},
    "seen by": {"zh": "{said}，看“{last}”", "en": "{said}, by {last}"},
    "metric": {"zh": "按{every}统计{subject}的{what}", "en": "{what} of each {subject}, counted per {every}"},
    "metric company": {"zh": "按{every}统计{what}", "en": "{what}, counted per {every}"},
    "at least": {"zh": "{said}；目标不低于{target}", "en": "{said}; the target is at least {target}"},
    "no more": {"zh": "{said}；目标不高于{target}", "en": "{said}; the target is at most {target}"},
    "duty on": {"zh": "每{every}{day}以前：{what}（{who}）{closed}", "en": "Every {every} by {day}: {what} ({who}){closed}"},
    "duty after": {
        "zh": "每{every}结束后{day}天内：{what}（{who}）{closed}",
        "en": "Within {day} days after every {every}: {what} ({who}){closed}",
    },
    "previous_open": {"zh": "；遇休息日提前", "en": "; earlier on a day off"},
    "next_open": {"zh": "；遇休息日顺延", "en": "; later on a day off"},
    "as_is": {"zh": "", "en": ""},
    "day of": {"zh": "{day}日", "en": "day {day}"},
    "day of last month": {"zh": "最后一个月{day}日", "en": "day {day} of its last month"},
    "listed": {"zh": "在“{into}”列一行", "en": "A row in {into}"},
    "listed by": {"zh": "按{by}汇总到“{into}”", "en": "Added up in {into} by {by}"},
    "and others": {"zh": "{by}等", "en": "{by} and others"},
    "by its groups": {"zh": "周期", "en": "period"},
    "among": {"zh": "是{each}之一", "en": "in ({each})"},
    "not among": {"zh": "不是{each}之一", "en": "not in ({each})"},
    "listing": {"zh": "各表的问题列在一处，写明从哪天起、到哪天止", "en": "All problems in one place, since when and until when"},
    "listing risks": {
        "zh": "各表的风险列在一处，写明处理人、依据和怎样解除",
        "en": "All risks in one place, with who handles them, the evidence and how they end",
    },
    "sequence": {"zh": "先后顺序：{steps}", "en": "In this order: {steps}"},
    "approval": {"zh": "须先填：{by}", "en": "Needed first: {by}"},
    "by": {"zh": "{what}（{who}）", "en": "{what} ({who})"},
    "before": {"zh": "{said}，然后才能填“{before}”", "en": "{said}, then {before}"},
    "between": {"zh": "“{base}”的{low}至{high}，由人决定", "en": "{low} to {high} of {base}; a person decides"},
    "at_most": {"zh": "不超过{high}，由人决定", "en": "at most {high}; a person decides"},
    "computed": {"zh": "由程序得出{target}", "en": "The program works out {target}"},
    "says": {"zh": "{target}：{said}", "en": "{target}: {said}"},
    "branches": {"zh": "{target}按下表确定", "en": "{target} follows this table"},
    "otherwise": {"zh": "其余", "en": "otherwise"},
    "nothing": {"zh": "不写", "en": "blank"},
    "none": {"zh": "不要求", "en": "none"},
    "told": {"zh": "不符合时提示：{message}", "en": "Otherwise staff read: {message}"},
    "quoted": {"zh": "“{text}”", "en": "'{text}'"},
    "alerted": {"zh": "出现这种情况时提示：{message}", "en": "When this comes up, people are told: {message}"},
    "form": {"zh": "可以打印“{title}”", "en": "{title} can be printed"},
    "of": {"zh": "{owner}的{what}", "en": "{what} of {owner}"},
    "status": {"zh": "依次为：{states}", "en": "One after the other: {states}"},
}
WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        r"\bcast\(([^()]+) as \w+\)": r"\1",
        r"\bcoalesce\(([^(),]+), (?:true|false)\)": r"\1",
        r"\bcoalesce\(([^(),]+), ([^(),]+)\)": r"\1（未填按\2）",
        r"\bbetween (\S+) and (\S+?)(?=[\s,)]|$)": r"在\1至\2之间",
        r"\binterval (\d+) days?\b": r"\1天",
        r"\bis_workday\(([^()]+)\)": r"\1是工作日",
        r"\blike \0(\d+)\0": r"含 \0\1\0",
        r"\bis not null\b": "已填",
        r"\bis null\b": "未填",
        r"\band\b": "且",
        r"\bor\b": "或",
        r"\bnot (“[^”]+”)": r"\1不成立",
        r"\bnot\b": "不是",
        r"\btrue\b": "是",
        r"\bfalse\b": "否",
        r"\btoday\(\)": "今天",
        r"\bnow\(\)": "现在",
        r" \|\| ": "＋",
        r"<>": "≠",
        r"<=": "≤",
        r">=": "≥",
    },
    "en": {
        r" = true\b": " is ticked",
        r" = false\b": " is not ticked",
        r"\binterval (\d+ days?)\b": r"\1",
        r"\bcast\(([^()]+) as \w+\)": r"\1",
        r"\bcoalesce\(([^(),]+), (?:true|false)\)": r"\1",
        r"\bcoalesce\(([^(),]+), ([^(),]+)\)": r"\1 (\2 if blank)",
        r"\bis not null\b": "is filled",
        r"\bis null\b": "is blank",
        r"\btoday\(\)": "today",
        r"\bnow\(\)": "now",
        r" \|\| ": " + ",
    },
}
BETWEEN = {"zh": "、", "en": ", "}
DAYS: Mapping[str, Words] = {
    "last": {"zh": "最后一天", "en": "the last day"},
    **{day: {"zh": f"星期{zh}", "en": en} for day, zh, en in zip(WEEKDAYS, "一二三四五六日", day_name, strict=True)},
}
"""Days as a duty writes them."""
SPANS: Mapping[str, Words] = {
    "week": {"zh": "周", "en": "week"},
    "month": {"zh": "月", "en": "month"},
    "quarter": {"zh": "季度", "en": "quarter"},
    "half-year": {"zh": "半年", "en": "half-year"},
    "year": {"zh": "年", "en": "year"},
}
