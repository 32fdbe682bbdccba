"""A rule in a sentence that people read aloud: parameters as numbers, columns as headings."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from automations.declarations import Parameter, PolicyFile
from automations.measured import SUBJECTS
from automations.model import Table, Words
from automations.rule import Rule
from automations.sayings import BETWEEN, DAYS, SAYINGS, SPANS, UNITS, WORDS
from automations.spans import parse_span

LISTED = re.compile(r"\b(not )?in \(([^()]*)\)", re.IGNORECASE)
TICK = re.compile(r"\bcoalesce\(([a-z]\w*), (?:true|false)\)")
NUMBERED = re.compile("|".join(("编号$", "号$", r" no\.$")))
"""The end of a heading under which the number of something stands: the customer of the customer's number."""
LONE = re.compile(r"(?:(?<=^)|(?<=\()|(?<= and )|(?<= or ))([a-z]\w*)(?= and | or |\)|$)")
UNSAID = re.compile(r"::|[a-z]_|_[a-z]|\bcase\b|[a-z]\(|\bnull\b|[a-z]\.[a-z]")
"""What no clerk reads: names of hidden columns, functions, branches."""
CASE = re.compile(r"case when ((?:(?!\b(?:case|end)\b).)*) end", re.IGNORECASE)
"""A value with one set of branches and nothing around it."""
BRANCHES = re.compile(r"(?:^|\bwhen\b|\bthen\b|\belse\b)", re.IGNORECASE)
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
        """What a rule demands, in its own words where it has some; an empty text for a kind that has no sentence."""
        own = rule.says.get(self.language) or rule.says.get("zh", "")
        if own:
            own = re.sub(r"\{\$(\w+)\}", lambda match: self.parameter(match[1]), own)
            return self.say("says", target=_target(self, rule), said=own) if rule.kind == "derive" else own
        said = SENTENCES.get(rule.kind)
        return said(self, rule) if said else ""

    def choices(self, rule: Rule) -> list[tuple[str, str]]:
        """The branches of a value that depends on conditions, each with what it gives; none where one cannot be read aloud."""
        found = CASE.fullmatch(" ".join(str(getattr(rule, "value", "")).split())) if not rule.says else None
        parts = [part.strip() for part in BRANCHES.split(found[1])[1:]] if found else []
        said = [self.result(part) if place % 2 or part is parts[-1] else self.plainly(part, "") for place, part in enumerate(parts)]
        if not all(said):
            return []
        pairs = list(zip(said[::2], said[1::2], strict=False))
        return pairs + ([(self.say("otherwise"), said[-1])] if len(said) % 2 else [])

    def result(self, expression: str) -> str:
        """What a branch gives: a word as it stands in the sheet, or an expression in words."""
        word = TEXT.fullmatch(expression)
        return word[1] if word else self.say("nothing") if expression == "null" else self.plainly(expression, "")

    def words(self, expression: str | None) -> str:
        """An expression with headings and numbers in place of keys, and plain words in place of operators."""
        text, texts = expression or "", []

        def kept(match: re.Match[str]) -> str:
            texts.append(match[1])
            return f"\0{len(texts) - 1}\0"

        text = re.sub(r"\bdate '([\d-]+)'", r"\1", text)
        text = LONE.sub(self._ticked, TICK.sub(r"\1", text))
        text = TEXT.sub(kept, re.sub(r"\bcoalesce\(([^(),]+), ''\)", r"\1", text))
        text = re.sub(r"\$(\w+)", lambda match: self._named(match[1], alone=match[0] == text), text)
        text = re.sub(r"\bfilled\((\w+)\)", r"\1 is not null", text)
        text = re.sub(r"\bblank\((\w+)\)", r"\1 is null", text)
        text = re.sub(r"\b([a-z]\w*)\.([a-z]\w*)", lambda match: self.looked_up(match[1], match[2]), text)
        text = re.sub(r"(?<![\w.\"])([a-z][a-z0-9_]*)(?![\w(.\"])", lambda match: self.heading(match[1]), text)
        text = LISTED.sub(self._among, text)
        for pattern, word in WORDS[self.language].items():
            text = re.sub(pattern, word, text, flags=re.I)
        return re.sub(r"\0(\d+)\0", lambda match: self.say("quoted", text=texts[int(match[1])].strip("%")), " ".join(text.split()))

    def _named(self, name: str, alone: bool) -> str:
        """A parameter in an expression: its value, or its title where it has a value for each class and more is said."""
        declared = self.policy.parameters.get(name)
        if declared and declared.by and not alone:
            return self.say("quoted", text=declared.title.get(self.language) or declared.title.get("zh", name))
        return self.parameter(name)

    def _ticked(self, match: re.Match[str]) -> str:
        """A tick that stands alone as a condition."""
        column = self.table.column(match[1])
        return f"{match[1]} = true" if column and column.type == "boolean" else match[0]

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
        return self.say("quoted", text=_title(self, hidden, name)) if hidden else name

    def looked_up(self, name: str, column: str) -> str:
        """A column of the row that another column refers to: the approver's post."""
        via = next((each for each in self.table.columns if each.known_as == name and each.refers_to), None)
        there = self.tables[via.refers_to].column(column) if via and via.refers_to and via.refers_to in self.tables else None
        if via is None or there is None:
            return f"{name}.{column}"
        owner = NUMBERED.sub("", via.heading(self.language))
        return SAYINGS["of"][self.language].format(owner=owner, what=there.heading(self.language))

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
            return BETWEEN[self.language].join(self._of_class(each, of, parameter) for each, of in value.items())
        if parameter.unit == "text" and value in DAYS:
            return DAYS[str(value)][self.language]
        number = f"{int(value):,}" if re.fullmatch(r"\d{5,}", str(value)) else str(value)
        said = UNITS.get(parameter.unit, {}).get(self.language, "{}").format(number)
        return said.removesuffix("s") if self.language == "en" and str(value) == "1" else said

    def _of_class(self, word: str, value: Any, parameter: Parameter) -> str:
        """A class with its value: one that has none says so, and a year is not run into its date."""
        said = self.say("none") if value is None else self._amount(value, parameter)
        rest = word == "*"
        if said.startswith(word):
            return said
        between = " " if self.language == "en" else "：" if word[-1:].isdigit() else ""
        return f"{self.say('otherwise') if rest else word}{between}{said}"

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
    if reader.choices(rule):
        return reader.say("branches", target=target)
    return reader.say("derive", target=target, value=value) if value else reader.say("computed", target=target)


def _deadline(reader: Reader, rule: Any) -> str:
    done = reader.plainly(rule.done, _title(reader, rule, rule.id))
    if rule.until:
        said = reader.say("until", until=reader.plainly(rule.until, rule.id), done=done)
    else:
        starts = reader.plainly(rule.starts or reader.policy.dated_by, "")
        said = reader.say("within" if starts else "within ready", starts=starts.strip("“”'"), within=reader.words(rule.within), done=done)
    if rule.no_later_than:
        titles = [_title(reader, reader.rules.get(each), each) for each in rule.no_later_than]
        said = reader.say("capped", said=said, caps=BETWEEN[reader.language].join(titles))
    return (
        reader.say("paused", said=said, pause=reader.words(rule.pauses.while_).removesuffix(" = 是").removesuffix(" is ticked"))
        if rule.pauses
        else said
    )


def _title(reader: Reader, rule: Rule | None, name: str) -> str:
    return (rule.title.get(reader.language) or rule.title.get("zh", name)) if rule else name


def _cadence(reader: Reader, rule: Any) -> str:
    declared = reader.policy.parameters.get(str(rule.every).removeprefix("$"))
    said = reader.say("cadence by" if declared and declared.by else "cadence", every=reader.words(rule.every))
    last = reader.plainly(rule.last, "")
    return reader.say("seen by", said=said, last=last.strip("“”'")) if last else said


def _approval(reader: Reader, rule: Any) -> str:
    consents = [reader.say("by", what=reader.heading(each.column), who=each.who.removeprefix("role:")) for each in rule.by]
    said = reader.say("approval", by=BETWEEN[reader.language].join(consents))
    return reader.say("before", said=said, before=reader.heading(rule.before)) if rule.before else said


def _metric(reader: Reader, rule: Any) -> str:
    every = BETWEEN[reader.language].join(parse_span(each).words[reader.language] for each in rule.every)
    subject, what = SUBJECTS[rule.subject][reader.language], _title(reader, rule, rule.id)
    said = reader.say(
        "metric company" if rule.subject == "company" or what.startswith(subject) else "metric", every=every, subject=subject, what=what
    )
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
    "cadence": _cadence,
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
