"""A rule in a sentence that people read aloud: parameters as numbers, columns as headings."""

from __future__ import annotations

import re
from calendar import day_name
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from automations.declarations import Parameter, PolicyFile
from automations.measured import SUBJECTS
from automations.model import Table, Words
from automations.periods import WEEKDAYS
from automations.rule import Rule
from automations.spans import parse_span

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
    "check": {"zh": "要求：{require}", "en": "Wanted: {require}"},
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
    "cadence": {"zh": "每{every}至少一次，看“{last}”", "en": "At least once every {every}, by {last}"},
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
    "told": {"zh": "不符合时提示：{message}", "en": "Otherwise staff read: {message}"},
    "quoted": {"zh": "“{text}”", "en": "'{text}'"},
    "alerted": {"zh": "一旦如此，告知有关人员：{message}", "en": "When it comes about, people hear: {message}"},
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
        r"\bdate (?=\0)": "",
        r"\binterval (\d+) days?\b": r"\1天",
        r"\bis_workday\(([^()]+)\)": r"\1是工作日",
        r"\blike \0(\d+)\0": r"含 \0\1\0",
        r"\bis not null\b": "已填",
        r"\bis null\b": "未填",
        r"\band\b": "且",
        r"\bor\b": "或",
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
        r"\bcast\(([^()]+) as \w+\)": r"\1",
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
LISTED = re.compile(r"\b(not )?in \(([^()]*)\)", re.IGNORECASE)
UNSAID = re.compile(r"::|[a-z]_|_[a-z]|\bcase\b|[a-z]\(|\bnull\b|[a-z]\.[a-z]")
"""What no clerk reads: names of hidden columns, functions, branches."""
TEXT = re.compile(r"'((?:[^']|'')*)'")


@dataclass(frozen=True)
class Reader:
    """What it takes to say the rules of one policy: its parameters on a day, the headings of its table, a language."""

    policy: PolicyFile
    tables: Mapping[str, Table]
    rules: Mapping[str, Rule]
    day: date
    language: str
    of: str = ""
    """The table an expression is about, where it is another one than the policy's."""

    @property
    def table(self) -> Table:
        return self.tables[self.of or self.policy.table]

    def sentence(self, rule: Rule) -> str:
        """What a rule demands; an empty text for a kind that has no sentence."""
        said = SENTENCES.get(rule.kind)
        return said(self, rule) if said else ""

    def words(self, expression: str | None) -> str:
        """An expression with headings and numbers in place of keys, and plain words in place of operators."""
        text, texts = expression or "", []

        def kept(match: re.Match[str]) -> str:
            texts.append(match[1])
            return f"\0{len(texts) - 1}\0"

        text = TEXT.sub(kept, re.sub(r"\bcoalesce\(([^(),]+), ''\)", r"\1", text))
        text = re.sub(r"\$(\w+)", lambda match: self.parameter(match[1]), text)
        text = re.sub(r"\bfilled\((\w+)\)", r"\1 is not null", text)
        text = re.sub(r"\bblank\((\w+)\)", r"\1 is null", text)
        text = re.sub(r"\b([a-z]\w*)\.([a-z]\w*)", lambda match: self.looked_up(match[1], match[2]), text)
        text = re.sub(r"(?<![\w.\"])([a-z][a-z0-9_]*)(?![\w(.\"])", lambda match: self.heading(match[1]), text)
        text = LISTED.sub(self._among, text)
        for pattern, word in WORDS[self.language].items():
            text = re.sub(pattern, word, text, flags=re.I)
        return re.sub(r"\0(\d+)\0", lambda match: self.say("quoted", text=texts[int(match[1])].strip("%")), " ".join(text.split()))

    def _among(self, match: re.Match[str]) -> str:
        """A list of values as people say it."""
        each = BETWEEN[self.language].join(part.strip() for part in match[2].split(","))
        return self.say("not among" if match[1] else "among", each=each)

    def heading(self, name: str) -> str:
        """A column as its header says it, a hidden one as its rule is called; any other word stays."""
        column = self.table.column(name)
        if column:
            return column.heading(self.language)
        hidden = next((rule for rule in self.rules.values() if getattr(rule, "as_", None) == name), None)
        return f"“{_title(self, hidden, name)}”" if hidden else name

    def looked_up(self, name: str, column: str) -> str:
        """A column of the row that another column refers to: the approver's post."""
        via = next((each for each in self.table.columns if each.known_as == name and each.refers_to), None)
        there = self.tables[via.refers_to].column(column) if via and via.refers_to and via.refers_to in self.tables else None
        if via is None or there is None:
            return f"{name}.{column}"
        return SAYINGS["of"][self.language].format(owner=via.heading(self.language), what=there.heading(self.language))

    def plainly(self, expression: str | None, otherwise: str) -> str:
        """An expression in words where every word of it is one; else what is said in its place."""
        said = self.words(expression)
        return otherwise if UNSAID.search(said) else said

    def headings(self, names: list[str]) -> str:
        return BETWEEN[self.language].join(self.heading(name) for name in names)

    def parameter(self, name: str) -> str:
        """A parameter's value in force on the day, with its unit."""
        declared = self.policy.parameters.get(name)
        return self.value(declared) if declared else f"${name}"

    def bare(self, name: str) -> str:
        """A parameter's value in force on the day without its unit, which a message writes itself; dots where classes differ."""
        declared = self.policy.parameters.get(name)
        begun = [value for start, value in sorted(declared.values.items()) if start <= self.day] if declared else []
        return "[…]" if not begun or begun[-1] is None or isinstance(begun[-1], Mapping) else str(begun[-1])

    def value(self, parameter: Parameter) -> str:
        """The value in force on the day in words: one, or one for every class."""
        begun = [value for start, value in sorted(parameter.values.items()) if start <= self.day]
        return self._amount(begun[-1], parameter) if begun else {"zh": "（尚未生效）", "en": "(not in force yet)"}[self.language]

    def _amount(self, value: Any, parameter: Parameter) -> str:
        if value is None:
            return {"zh": "（已停用）", "en": "(ended)"}[self.language]
        if isinstance(value, Mapping):
            return BETWEEN[self.language].join(
                f"{each}{' ' * (self.language == 'en')}{self._amount(of, parameter)}" for each, of in value.items()
            )
        if parameter.unit == "text" and value in DAYS:
            return DAYS[str(value)][self.language]
        number = f"{int(value):,}" if re.fullmatch(r"\d{5,}", str(value)) else str(value)
        said = UNITS.get(parameter.unit, {}).get(self.language, "{}").format(number)
        return said.removesuffix("s") if self.language == "en" and str(value) == "1" else said

    def say(self, saying: str, **facts: str) -> str:
        return SAYINGS[saying][self.language].format(**facts)


def _target(reader: Reader, rule: Any) -> str:
    written = getattr(rule, "writes", None)
    said = reader.heading(str(written)) if written else _title(reader, rule, rule.id)
    return f"“{said}”" if reader.language == "zh" else said


def _check(reader: Reader, rule: Any) -> str:
    wanted = reader.plainly(rule.require, "")
    return reader.say("check", require=wanted) if wanted else reader.say("told", message=_said(reader, rule.message))


def _said(reader: Reader, message: Words) -> str:
    """A message with its numbers, and with headings where the row's values will stand; dots for what the sheet does not show."""
    text = message.get(reader.language) or message.get("zh", "")
    text = re.sub(r"\{\$(\w+)\}", lambda match: reader.bare(match[1]), text)
    return re.sub(r"\{(\w+)\}", lambda match: "[…]" if reader.heading(match[1]) == match[1] else f"[{reader.heading(match[1])}]", text)


def _derive(reader: Reader, rule: Any) -> str:
    target, value = _target(reader, rule), reader.plainly(rule.value, "")
    return reader.say("derive", target=target, value=value) if value else reader.say("computed", target=target)


def _deadline(reader: Reader, rule: Any) -> str:
    done = reader.plainly(rule.done, _title(reader, rule, rule.id))
    if rule.until:
        said = reader.say("until", until=reader.plainly(rule.until, rule.id), done=done)
    else:
        starts = reader.plainly(rule.starts or reader.policy.dated_by, "")
        said = reader.say("within" if starts else "within ready", starts=starts, within=reader.words(rule.within), done=done)
    if rule.no_later_than:
        titles = [_title(reader, reader.rules.get(each), each) for each in rule.no_later_than]
        said = reader.say("capped", said=said, caps=BETWEEN[reader.language].join(titles))
    return reader.say("paused", said=said, pause=reader.words(rule.pauses.while_)) if rule.pauses else said


def _title(reader: Reader, rule: Rule | None, name: str) -> str:
    return (rule.title.get(reader.language) or rule.title.get("zh", name)) if rule else name


def _cadence(reader: Reader, rule: Any) -> str:
    return reader.say("cadence", every=reader.words(rule.every), last=reader.plainly(rule.last, _title(reader, rule, rule.id)))


def _approval(reader: Reader, rule: Any) -> str:
    consents = [reader.say("by", what=reader.heading(each.column), who=each.who.removeprefix("role:")) for each in rule.by]
    said = reader.say("approval", by=BETWEEN[reader.language].join(consents))
    return reader.say("before", said=said, before=reader.heading(rule.before)) if rule.before else said


def _metric(reader: Reader, rule: Any) -> str:
    every = BETWEEN[reader.language].join(parse_span(each).words[reader.language] for each in rule.every)
    subject, what = SUBJECTS[rule.subject][reader.language], _title(reader, rule, rule.id)
    said = reader.say("metric company" if rule.subject == "company" else "metric", every=every, subject=subject, what=what)
    if not rule.target:
        return said
    direction = "at least" if rule.direction == "higher" else "no more"
    return reader.say(direction, said=said, target=reader.parameter(rule.target.removeprefix("$")))


def _duty(reader: Reader, rule: Any) -> str:
    written = rule.on or rule.after or ""
    declared = reader.policy.parameters.get(written.removeprefix("$"))
    day = reader.bare(written.removeprefix("$")) if declared else written
    if rule.on is not None:
        of = "day of last month" if rule.every not in ("week", "month") else "day of"
        day = DAYS[day][reader.language] if day in DAYS else reader.say(of, day=day)
    said = {"every": SPANS[rule.every][reader.language], "day": day, "what": _title(reader, rule, rule.id), "who": rule.who}
    return reader.say("duty on" if rule.on is not None else "duty after", closed=reader.say(rule.if_closed), **said)


def _ledger(reader: Reader, rule: Any) -> str:
    into = reader.tables[rule.into].heading(reader.language) if rule.into in reader.tables else rule.into
    if not rule.by:
        return reader.say("listed", into=into)
    parts = [reader.plainly(each, "") for each in rule.by]
    by = BETWEEN[reader.language].join(filter(None, parts)) or reader.say("by its groups")
    by = by if all(parts) else reader.say("and others", by=by)
    return reader.say("listed by", into=into, by=by)


def _penalty(reader: Reader, rule: Any) -> str:
    if rule.between:
        low, high = (reader.words(each) for each in rule.between)
        return reader.say("between", base=reader.words(rule.base), low=low, high=high)
    return reader.say("at_most", high=reader.words(rule.at_most))


def _status(reader: Reader, rule: Any) -> str:
    return reader.say("status", states=" → ".join(dict.fromkeys(each.state for each in rule.states)))


SENTENCES: Mapping[str, Callable[[Reader, Any], str]] = {
    "check": _check,
    "required": lambda reader, rule: reader.say("required", columns=reader.headings(rule.columns)),
    "unique": lambda reader, rule: reader.say("unique", columns=reader.headings(rule.columns)),
    "reference": lambda reader, rule: reader.say("reference", column=reader.heading(rule.column)),
    "derive": _derive,
    "classify": lambda reader, rule: reader.say("classify", target=_target(reader, rule)),
    "deadline": _deadline,
    "cadence": lambda reader, rule: reader.say(
        "cadence", every=reader.words(rule.every), last=reader.plainly(rule.last, _title(reader, rule, rule.id))
    ),
    "metric": _metric,
    "duty": _duty,
    "ledger": _ledger,
    "listing": lambda reader, rule: reader.say("listing" if rule.of == "problems" else "listing risks"),
    "sequence": lambda reader, rule: reader.say("sequence", steps=" → ".join(reader.heading(step) for step in rule.steps)),
    "approval": _approval,
    "form": lambda reader, rule: reader.say("form", title=_title(reader, rule, rule.id)),
    "alert": lambda reader, rule: reader.say("alerted", message=_said(reader, rule.message)),
    "penalty": _penalty,
    "status": _status,
}
