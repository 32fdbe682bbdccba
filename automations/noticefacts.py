"""The facts of one notice: everything its template may say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from automations.addressing import Addressed
from automations.ahead import otherwise
from automations.config import Config
from automations.customers import CUSTOMER, for_customer
from automations.declarations import PolicyFile
from automations.holding import hold_said, reason_of
from automations.judging import Judged
from automations.model import Finding, Words
from automations.occasions import HOLD_ENDED, Occasion
from automations.people import People, Person
from automations.program import FindingSpec
from automations.speaking import cells_shown, findings_at
from automations.summary import LEFT

SHOWN = 6
"""Cells of a row shown in a mail."""
PHRASES: Mapping[str, Words] = {
    "place": {"zh": "{table} 第 {row} 行", "en": "{table}, row {row}"},
    "explained": {"zh": "制度由{who}解释。", "en": " Questions on the policy: {who}."},
    "why": {"zh": "您是{role}，按《{source}》需要知道此事。", "en": "You are told as {role} under {source}."},
    "owner": {"zh": "本行负责人", "en": "the person responsible"},
    "superior": {"zh": "负责人的上级", "en": "the responsible person's superior"},
    "approver": {"zh": "审批人", "en": "the approver"},
    "fallback": {"zh": "管理员（没有找到应通知的人）", "en": "the admin (nobody else was found)"},
    "hold ended": {"zh": "暂缓到期", "en": "The hold is over"},
    "stands in": {"zh": "{name}外出{until}，由您代办。", "en": "You stand in for {name}, who is away{until}. "},
    "in place of": {"zh": "{reader}（代{name}，{name}外出{until}）", "en": "{reader} (for {name}, away{until})"},
    "until": {"zh": "至 {day}", "en": " until {day}"},
    "concerned": {"zh": "有关人员", "en": "somebody concerned"},
    "hold": {
        "zh": "如需暂缓，请在本行填写“暂缓至”和“暂缓原因”。填好后表格会自动更新，不必回复本邮件。",
        "en": "To hold reminders, fill in 'Hold until' and 'Hold reason' in the row. There is no need to answer this mail.",
    },
}


def facts_of(
    judged: Judged,
    config: Config,
    people: People,
    spoken: Mapping[tuple[str, str, int, str | None], Finding],
    each: Addressed,
    now: datetime,
) -> dict[str, object]:
    """Everything a template may say about one occasion; the field list stands in templates/README.md."""
    occasion, language = each.occasion, each.notice.language
    evaluation, sheet = judged.evaluation, judged.snapshot.sheets[occasion.table]
    policy, rule = config.policies[occasion.policy].file, config.rule(occasion.rule)
    number = int(sheet.rows[occasion.row])
    words = rule.title if rule else {}
    fields: dict[str, object] = {
        "reader": each.person.name,
        "table": sheet.table.heading(language),
        "key": each.notice.key,
        "place": PHRASES["place"][language].format(table=sheet.tab, row=number),
        "book": "" if sheet.href else judged.snapshot.workbook,
        "link": sheet.link(occasion.row),
        "title": words.get(language) or words.get("zh") or occasion.rule,
        "clause": rule.clause if rule else "",
        "source": policy.source or policy.title.get(language) or policy.title.get("zh", ""),
        "owner": _owner(people, occasion, each.person, language),
        "rows": row_facts(judged, occasion.table, occasion.row, language, occasion.finding.evidence if occasion.finding else ()),
        "contact": people.told([policy.owner], occasion.table, occasion.row, "", policy.owner)[0].name if policy.owner else "",
        "hold": PHRASES["hold"][language] if evaluation.has(occasion.table, "hold_until") else "",
        "why": _why(occasion, each.person, policy.source or policy.title.get("zh", ""), language) + _explained(config, occasion, language),
        "sent_at": f"{now:%Y-%m-%d %H:%M}",
        "before": _before(judged, each, language),
        "enclosed": "",
        "otherwise": otherwise(people, occasion, each.person, policy.owner, now, language),
        **_clock_facts(judged, occasion, language),
        **_finding_facts(judged, spoken, occasion, number, language),
        **_hold_facts(judged, occasion, language),
    }
    if each.person.why != CUSTOMER:
        return fields
    return for_customer(fields, judged, occasion.table, occasion.row, _shown_to_customer(policy, occasion), language)


def _shown_to_customer(policy: PolicyFile, occasion: Occasion) -> list[str]:
    """The columns a policy shows the customer when it speaks of this rule."""
    notices = [notice for notice in policy.notices if f"{policy.policy}/{notice.on}" == occasion.rule]
    return [column for notice in notices for column in notice.shows]


def _clock_facts(judged: Judged, occasion: Occasion, language: str) -> dict[str, object]:
    table, evaluation = judged.snapshot.sheets[occasion.table].table, judged.evaluation
    next_step = table.summary.get("next", "")
    found: dict[str, object] = {"due": "", "left": "", "state": "", "provisional": False, "urgent": _presses(occasion.finding)}
    found["next_step"] = cells_shown(evaluation, table.name, next_step, [occasion.row])[0] if evaluation.has(table.name, next_step) else ""
    if clock := occasion.clock:
        from automations.clocks import STATE_WORDS
        from automations.summary import time_left

        due = evaluation.times(table.name, clock.due)[[occasion.row]]
        left = time_left(evaluation, due, np.array([False]), language)[0]
        code = int(evaluation.integers(table.name, clock.state)[occasion.row])
        mark = LEFT["provisional"][language]
        found |= {
            "due": cells_shown(evaluation, table.name, clock.due, [occasion.row], language)[0],
            "left": str(left).removesuffix(mark),
            "state": STATE_WORDS[language][code],
            "provisional": str(left).endswith(mark),
            "urgent": bool(due[0] < evaluation.now64),
        }
    return found


def _presses(spec: FindingSpec | None) -> bool:
    """Whether what is not a deadline is urgent: a finding and an approval are, an alert only at level `fail`."""
    return spec is not None and (spec.kind != "alert" or spec.level == "fail")


def _hold_facts(judged: Judged, occasion: Occasion, language: str) -> dict[str, object]:
    """The end of a hold in words: until when, why, and what the row is about."""
    if occasion.template != HOLD_ENDED or occasion.due is None:
        return {}
    why = reason_of(judged, occasion.table, occasion.row, language)
    return {"title": PHRASES["hold ended"][language], "due": f"{occasion.due:%Y-%m-%d}", "problem": why, "clause": ""}


def _finding_facts(
    judged: Judged, spoken: Mapping[tuple[str, str, int, str | None], Finding], occasion: Occasion, number: int, language: str
) -> dict[str, object]:
    spec = occasion.finding
    if spec is None:
        return {"problem": "", "fix": ""}
    finding = spoken.get((spec.rule, spec.table, number, spec.column))
    if finding is None:
        finding = next(iter(findings_at(judged, spec, np.array([occasion.row]))))
    problem = finding.sentence.get(language) or finding.sentence.get("zh", "")
    return {"problem": problem[:1].upper() + problem[1:], "fix": finding.fix.get(language) or finding.fix.get("zh", "")}


def row_facts(judged: Judged, table: str, row: int, language: str, evidence: Sequence[str] = ()) -> list[dict[str, str]]:
    """The filled cells of the `evidence`, else the first staff columns, required ones first; sensitive ones never leave."""
    sheet, evaluation = judged.snapshot.sheets[table], judged.evaluation
    columns = [column for column in sheet.table.columns if not column.ours and column.key in sheet.frame.columns]
    wanted = sorted(columns, key=lambda column: not column.required)
    if evidence:
        wanted = [each for name in evidence if evaluation.has(table, name) and (each := sheet.table.column(name))]
    open_ones = [column for column in wanted if not column.sensitive]
    shown = [(column.heading(language), cells_shown(evaluation, table, column.key, [row], language)[0]) for column in open_ones]
    return [{"heading": heading, "value": value} for heading, value in shown if value][: len(evidence) or SHOWN]


def _why(occasion: Occasion, person: Person, source: str, language: str) -> str:
    roles = [each.removeprefix("role:") for each in occasion.to if each.startswith("role:")]
    whose = person.stands_for or person
    if person.why == "fallback":
        role = PHRASES["fallback"][language]
    elif whose.role in roles or whose.department in roles:
        role = whose.role if whose.role in roles else whose.department
    else:
        role = next(
            (PHRASES[each][language] for each in occasion.to if each in ("owner", "approver", "superior")), PHRASES["concerned"][language]
        )
    return _standing_in(person, language) + PHRASES["why"][language].format(role=role, source=source)


def _explained(config: Config, occasion: Occasion, language: str) -> str:
    """Whom to ask about the policy, where its pack says who explains it."""
    pack = config.packs.get(config.policies[occasion.policy].pack)
    said = pack.explained_by if pack else {}
    who = said.get(language) or said.get("zh", "")
    return PHRASES["explained"][language].format(who=who) if who else ""


def _before(judged: Judged, each: Addressed, language: str) -> str:
    """What was sent before, and whether a hold was asked for."""
    hold = "" if each.occasion.template == HOLD_ENDED else hold_said(judged, each.occasion.table, each.occasion.row, language)
    return ("；" if language == "zh" else "; ").join(filter(None, (each.before, hold)))


def _owner(people: People, occasion: Occasion, reader: Person, language: str) -> str:
    """Who is responsible for the row; while they are away, the reader who stands in for them."""
    owner = people.owner(occasion.table, occasion.row)
    away = reader.stands_for
    if away is None or away.name != owner:
        return owner
    until = PHRASES["until"][language].format(day=away.away_until) if away.away_until else ""
    return PHRASES["in place of"][language].format(reader=reader.name, name=owner, until=until)


def _standing_in(person: Person, language: str) -> str:
    """Whom the reader stands in for, and until when."""
    if person.stands_for is None:
        return ""
    until = person.stands_for.away_until
    said = PHRASES["until"][language].format(day=until) if until else ""
    return PHRASES["stands in"][language].format(name=person.stands_for.name, until=said)
