"""A cadence in the words an admin writes, English or Chinese, into a Cadence; and a slot's reason in words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import time

from automations.cadence import LAST, Cadence, DayRule, Slot, Times, WorkDays
from automations.model import Words
from automations.yamlcheck import closest

EXAMPLES = (
    "every 5 minutes between 08:00 and 20:00 on working days",
    "at 08:30 on working days",
    "every Monday at 09:00",
    "on the 30th at 10:00 or the next working day",
    "on the last working day of the month at 17:00",
    "quarterly on the 5th at 09:00",
    "every year on 31 December at 09:00",
    "每个工作日 08:30",
)
LIKE = f"write for example: {'; '.join((*EXAMPLES[:4], EXAMPLES[-1]))}"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"]
ORDINALS = {"last": LAST, "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5}
PERIODS = {"month": 1, "quarter": 3, "year": 12}
ZH_DAYS = {**{word: place for place, word in enumerate("一二三四五六日")}, "天": 6}
ZH_NUMBERS = {word: place for place, word in enumerate("零一二三四五六七八九十")}
QUARTERS = (1, 4, 7, 10)
KNOWN = (
    *WEEKDAYS,
    *MONTHS,
    *ORDINALS,
    *PERIODS,
    *("every", "minutes", "hours", "between", "from", "and", "to", "at", "on", "working", "day", "or", "next", "before", "of", "the"),
    *("daily", "monthly", "quarterly", "yearly", "annually", "previous"),
    *(
        "每天",
        "每周一",
        "每月",
        "每季度",
        "每年",
        "每个工作日",
        "工作日",
        "分钟",
        "小时",
        "最后一天",
        "最后一个工作日",
        "遇休顺延",
        "遇休提前",
    ),
)

CLOCK = r"\d{1,2}:\d\d"
DAY_EN = rf"(?:{'|'.join(WEEKDAYS)})s?"
MONTH_EN = "|".join(f"{month}|{month[:3]}" for month in MONTHS)
ORDINAL = rf"{'|'.join(ORDINALS)}|\d{{1,2}}(?:st|nd|rd|th)"
AND = r"(?:,? and |, ?|、|和)"
NUMBER_ZH = "[0-9一二三四五六七八九十]{1,3}"


class NoCadence(ValueError):
    """The words name no cadence; args are the sentence and the hints below it."""


@dataclass
class _Heard:
    """What the words said so far."""

    days: list[DayRule] = field(default_factory=list)
    at: list[time] = field(default_factory=list)
    step: int = 0
    between: tuple[time, time] | None = None
    moved: str = ""
    period: str = ""


Phrase = Callable[[_Heard, re.Match[str]], None]


def parse_cadence(text: str) -> Cadence:
    """`every Monday at 09:00`, `每月30日 10:00 遇休顺延` and the like as a Cadence.

    Raises NoCadence saying which words were not understood, with what may be written instead.
    """
    said = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip().casefold().rstrip("。.")
    heard, rest = _Heard(), said
    while rest:
        for pattern, phrase in PHRASES:
            if match := re.match(rf"(?:{pattern})(?![a-z0-9:])", rest):
                phrase(heard, match)
                rest = rest[match.end() :].lstrip(" ,;、，；的")
                break
        else:
            raise _not_understood(text, rest)
    return _complete(heard, text)


def _not_understood(text: str, rest: str) -> NoCadence:
    words = re.findall(r"[a-z]+|[\u4e00-\u9fff]+", rest)
    unknown = next((word for word in words if word not in KNOWN and word.removesuffix("s") not in KNOWN), None)
    near = closest(unknown, KNOWN) if unknown else None
    hints = [f"did you mean '{near}'?"] if near else []
    where = "" if rest.casefold() == text.strip().casefold() else f" from '{rest}' on"
    return NoCadence(f"'{text}' is not understood{where}", *hints, LIKE)


def _wrong(text: str, what: str) -> NoCadence:
    return NoCadence(f"'{text}': {what}", LIKE)


# What each phrase says


def _interval(heard: _Heard, match: re.Match[str]) -> None:
    heard.step = _number(match["n"] or "1") * (60 if match["unit"][0] in "h小" else 1)


def _half_hour(heard: _Heard, _: re.Match[str]) -> None:
    heard.step = 30


def _between(heard: _Heard, match: re.Match[str]) -> None:
    heard.between = (_clock(match["from"]), _clock(match["to"]))


def _at(heard: _Heard, match: re.Match[str]) -> None:
    heard.at += [_clock(each) for each in re.findall(CLOCK, match[0])]


def _hour_zh(heard: _Heard, match: re.Match[str]) -> None:
    hour = _number(match["hour"]) + (12 if match["half"] in ("下午", "晚上") and _number(match["hour"]) < 12 else 0)
    minute = 30 if match["minute"] == "半" else _number(match["minute"] or "0")
    heard.at.append(_clock(f"{hour}:{minute:02}"))


def _days_of(rule: DayRule) -> Phrase:
    def phrase(heard: _Heard, _: re.Match[str]) -> None:
        heard.days.append(rule)

    return phrase


def _weekdays(heard: _Heard, match: re.Match[str]) -> None:
    named = [WEEKDAYS.index(each) for each in re.findall("|".join(WEEKDAYS), match[0])]
    heard.days.append(DayRule("weekdays", _range(named, " to " in match[0])))


def _weekdays_zh(heard: _Heard, match: re.Match[str]) -> None:
    named = [ZH_DAYS[each] for each in re.findall("[一二三四五六日天]", match["days"])]
    heard.days.append(DayRule("weekdays", _range(named, bool(re.search("[至到-]", match["days"])))))


def _range(named: list[int], span: bool) -> tuple[int, ...]:
    first, last = named[0], named[-1]
    return tuple((first + step) % 7 for step in range((last - first) % 7 + 1)) if span else tuple(named)


def _month_days(heard: _Heard, match: re.Match[str]) -> None:
    numbers = tuple(
        LAST if each == "last day" else int(re.sub(r"\D", "", each)) for each in re.findall(r"last day|\d{1,2}(?:st|nd|rd|th)", match[0])
    )
    heard.days.append(DayRule("month_days", numbers))
    heard.period = match["period"] or heard.period


def _month_days_zh(heard: _Heard, match: re.Match[str]) -> None:
    months = _months_zh(match)
    numbers = tuple(_number(each) for each in re.findall(NUMBER_ZH, match["days"]))
    heard.days.append(DayRule("month_days", numbers, months))


def _months_zh(match: re.Match[str]) -> tuple[int, ...]:
    """`每月`, `每季度首月`, `每季度末月`, `每年3月`."""
    if match["month"]:
        return (_number(match["month"]),)
    if match["of"]:
        return tuple(month + (2 if match["of"] == "末" else 0) for month in QUARTERS)
    return DayRule().months


def _last_day(heard: _Heard, match: re.Match[str]) -> None:
    span = _span(match["period"])
    heard.days.append(DayRule("month_days", (LAST,), tuple(range(span, 13, span))))


def _working_ordinal(heard: _Heard, match: re.Match[str]) -> None:
    span = _span(match["period"])
    heard.days.append(DayRule("nth_working", (_ordinal(match["n"]),), tuple(range(1, 13, span)), span))


def _weekday_ordinal(heard: _Heard, match: re.Match[str]) -> None:
    span = _span(match["period"])
    weekday = WEEKDAYS.index(match["day"]) if match["day"] in WEEKDAYS else ZH_DAYS[match["day"]]
    heard.days.append(DayRule("nth_weekday", (_ordinal(match["n"]),), tuple(range(1, 13, span)), span, weekday))


def _date(heard: _Heard, match: re.Match[str]) -> None:
    month, day = match["month"], int(re.sub(r"\D", "", match["day"]))
    place = int(month) if month.isdigit() else next(place for place, each in enumerate(MONTHS, 1) if each.startswith(month))
    heard.days.append(DayRule("month_days", (day,), (place,)))


def _period(heard: _Heard, match: re.Match[str]) -> None:
    word = match[0].removeprefix("every ")
    heard.period = {
        "monthly": "month",
        "quarterly": "quarter",
        "yearly": "year",
        "annually": "year",
        "每季度": "quarter",
        "每年": "year",
    }.get(word, word)


def _moves(how: str) -> Phrase:
    def phrase(heard: _Heard, _: re.Match[str]) -> None:
        heard.moved = how

    return phrase


def _span(period: str | None) -> int:
    return PERIODS.get({"季度": "quarter", "季": "quarter", "年": "year", "月": "month"}.get(period or "", period or ""), 1)


def _ordinal(word: str) -> int:
    if word in ("最后一", "最后1", "倒数第一"):
        return LAST
    return ORDINALS[word] if word in ORDINALS else _number(re.sub("[a-z第]", "", word))


def _number(word: str) -> int:
    """A number in figures or in Chinese up to 99."""
    if word.isdigit():
        return int(word)
    tens, _, ones = word.rpartition("十")
    return ((ZH_NUMBERS[tens] if tens else 1) * 10 if "十" in word else 0) + (ZH_NUMBERS[ones] if ones else 0)


def _clock(text: str) -> time:
    hour, minute = map(int, text.split(":"))
    if hour == 24 and not minute:
        return time(23, 59)
    if hour > 23 or minute > 59:
        raise NoCadence(f"'{text}' is no time of day", "write it like 08:30")
    return time(hour, minute)


OF = rf"(?: of (?:the|every|each) (?P<period>{'|'.join(PERIODS)}))?"
PERIOD_ZH = r"每(?:个)?(?P<period>月|季度|季|年)"
ORDINAL_ZH = rf"(?P<n>最后(?:一|1)|倒数第一|第{NUMBER_ZH})个?"
PHRASES: tuple[tuple[str, Phrase], ...] = (
    (r"every (?:(?P<n>\d+) )?(?P<unit>minutes?|hours?)", _interval),
    (rf"每隔? ?(?P<n>{NUMBER_ZH})? ?个? ?(?P<unit>分钟|小时)", _interval),
    ("每隔?半(?:个)?小时|every half hour", _half_hour),
    (rf"(?:between|from) (?P<from>{CLOCK}) (?:and|to) (?P<to>{CLOCK})", _between),
    (rf"从?(?P<from>{CLOCK}) ?[至到~-] ?(?P<to>{CLOCK})(?:之间|期间)?", _between),
    (rf"(?:at )?{CLOCK}(?:{AND}{CLOCK})*", _at),
    (rf"(?P<half>上午|下午|晚上|早上)?(?P<hour>{NUMBER_ZH})[点时](?P<minute>半|{NUMBER_ZH})?分?", _hour_zh),
    ("(?:on |every )?(?:the )?(?:working days?|workdays?)|每?个?工作日", _days_of(DayRule("working"))),
    ("every day|daily|on every day|每天|每日", _days_of(DayRule())),
    (rf"(?:on |every )*{DAY_EN}(?:{AND}{DAY_EN}| to {DAY_EN})*", _weekdays),
    (r"每?(?:周|星期|礼拜)(?P<days>[一二三四五六日天](?:(?:[、,和至到-]|(?:周|星期))+[一二三四五六日天])*)", _weekdays_zh),
    (rf"on the last day{OF}", _last_day),
    (rf"on the (?P<n>{ORDINAL}) working day{OF}", _working_ordinal),
    (rf"on the (?P<n>{ORDINAL}) (?P<day>{'|'.join(WEEKDAYS)}){OF}", _weekday_ordinal),
    (rf"on (?:the )?(?P<day>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?(?P<month>{MONTH_EN})", _date),
    (rf"on (?P<month>{MONTH_EN}) (?P<day>\d{{1,2}})(?:st|nd|rd|th)?", _date),
    (r"on (?P<month>\d{1,2})-(?P<day>\d{1,2})", _date),
    (rf"on the \d{{1,2}}(?:st|nd|rd|th)(?:{AND}(?:the )?(?:\d{{1,2}}(?:st|nd|rd|th)|last day))*{OF}", _month_days),
    (rf"{PERIOD_ZH}(?:的)?(?:最后一天|末|底)", _last_day),
    (rf"{PERIOD_ZH}(?:的)?{ORDINAL_ZH}工作日", _working_ordinal),
    (rf"{PERIOD_ZH}(?:的)?{ORDINAL_ZH}(?:周|星期)(?P<day>[一二三四五六日天])", _weekday_ordinal),
    (
        rf"每(?:月|季度?(?P<of>首|末)月|年(?P<month>{NUMBER_ZH})月)(?P<days>{NUMBER_ZH}[日号](?:[、,和]{NUMBER_ZH}[日号])*)",
        _month_days_zh,
    ),
    ("monthly|quarterly|yearly|annually|every (?:month|quarter|year)|每季度|每年", _period),
    ("or (?:on )?the next working day|(?:遇|逢)(?:休息日|节假日|休)?(?:则)?顺延(?:[到至]下一个工作日)?", _moves("next")),
    (
        "or (?:on )?the (?:working day before|previous working day)|(?:遇|逢)(?:休息日|节假日|休)?(?:则)?提前(?:[到至]前一个工作日)?",
        _moves("before"),
    ),
)
"""What is tried at the start of what is left, in this order; patterns of one beginning stand longest first."""


def _complete(heard: _Heard, text: str) -> Cadence:
    """Days and times put together, with what the words left open filled in or refused."""
    if len(heard.days) > 1:
        raise _wrong(text, "says its days twice; make two automations of it")
    days = _of_period(heard.days[0] if heard.days else DayRule(), heard, text)
    if days.kind == "month_days" and any(number != LAST and not 1 <= number <= 31 for number in days.numbers):
        raise _wrong(text, "no month has such a day")
    if any(not 1 <= month <= 12 for month in days.months):
        raise _wrong(text, "there is no such month")
    if heard.moved:
        if days.kind in ("working", "nth_working", "every"):
            raise _wrong(text, "has no days off; leave out what happens on one")
        days = replace(days, moved=heard.moved)  # type: ignore[arg-type]
    return Cadence(days, _times(heard, text), text)


def _of_period(days: DayRule, heard: _Heard, text: str) -> DayRule:
    """The days put into the period that was said beside them: `quarterly on the 5th` is the first month of each quarter."""
    span = PERIODS.get(heard.period, 1)
    if heard.period and not heard.days:
        raise _wrong(text, f"says no day of the {heard.period}")
    if span == 1 or len(days.months) < 12:
        return days
    if days.kind == "nth_working" or days.kind == "nth_weekday":
        return replace(days, months=tuple(range(1, 13, span)), span=span)
    if days.kind != "month_days":
        raise _wrong(text, f"says no day of the {heard.period}")
    last = set(days.numbers) == {LAST}
    return replace(days, months=tuple(range(span if last else 1, 13, span)))


def _times(heard: _Heard, text: str) -> Times:
    if heard.step:
        if heard.at:
            raise _wrong(text, "says both an interval and times of day; make two automations of it")
        return _stepped(heard, text)
    if heard.between:
        raise _wrong(text, "says from when to when, but not how often; put 'every 30 minutes' before it")
    if not heard.at:
        raise _wrong(text, "says no time of day; put for example 'at 08:30' behind it")
    return Times(at=tuple(heard.at))


def _stepped(heard: _Heard, text: str) -> Times:
    start, end = heard.between or (time(0), time(23, 59))
    if start >= end:
        raise _wrong(text, f"{end:%H:%M} is not after {start:%H:%M}; a night is two automations, split at midnight")
    if not 1 <= heard.step <= 1440:
        raise _wrong(text, "an interval lies between 1 minute and 24 hours")
    return Times(step=heard.step, start=start, end=end)


# Reasons in words

REASONS: Mapping[str, Words] = {
    "moved": {"zh": "原定 {meant}（{name}），移到工作日", "en": "meant for {meant} ({name}), moved to a working day"},
    "short month": {"zh": "本月没有这一天，取最后一天", "en": "this month has no such day: its last day"},
    "gap": {"zh": "夏令时跳过了这个钟点，取跳过后的第一分钟", "en": "clocks go forward over this time: the first minute after"},
    "after days off": {"zh": "放假后的第一个工作日：{off}", "en": "the first working day after days off: {off}"},
    "make-up": {"zh": "调休上班", "en": "a make-up working day"},
    "provisional": {"zh": "这一年的放假安排尚未公布，暂定", "en": "provisional: the holidays of that year are not announced yet"},
}
DAY_OFF: Words = {"zh": "休息日", "en": "a day off"}


def reason(slot: Slot, work: WorkDays, language: str) -> str:
    """Why a slot is where it is; blank when nothing is special about it."""
    name = work.names.get(slot.meant) or DAY_OFF[language]
    off = "、".join(dict.fromkeys(_names_before(slot, work))) or DAY_OFF[language]
    said = [REASONS[why][language].format(meant=f"{slot.meant:%m-%d}", name=name, off=off) for why in slot.why]
    return ("；" if language == "zh" else "; ").join(said)


def _names_before(slot: Slot, work: WorkDays) -> list[str]:
    """The names of the days off right before the slot's day."""
    names, day = [], slot.wall.date().toordinal() - 1
    while (before := type(slot.meant).fromordinal(day)) and work.known(before) and not work.working(before):
        names.append(re.sub(r"\(.*|（.*|, .*", "", work.names.get(before, "")).strip())
        day -= 1
    return [name for name in reversed(names) if name not in DAY_OFF.values() and name]
