"""What one digest says to one reader: every figure and every line, ready for its templates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

import numpy as np

from automations.clocks import LATE
from automations.config import Config
from automations.digestcharts import Chart, charts_of
from automations.digestfigures import changes_of, headline, money_said, stages_said, stakes_said, tables_said, trend_said
from automations.digestfile import DigestFile
from automations.digesthealth import ending_of, health_of
from automations.digestkpis import indicators_said
from automations.digestslots import Slot
from automations.digeststeps import PARTS, Steps, Window, counts, parted, settled, spoken_of, steps_of, window_of
from automations.digestwords import SAID, TITLES
from automations.judging import Judged
from automations.ledgers.protocol import DigestRecord, FirstSeen, Ledger
from automations.model import Finding
from automations.people import People, Person
from automations.quiet import moment_said
from automations.speaking import cells_shown, findings_at, findings_of, first_findings, one_sentence, owner_names
from automations.summary import time_left

PAPER = "paper"
"""Why there is a digest for nobody in particular: it is a paper for a meeting."""
HOT = ("newly late", "problems")
"""Parts whose number is shown as urgent."""


@dataclass(frozen=True, eq=False)
class Desk:
    """What all digests of one moment are made of, looked up once."""

    judged: Judged
    config: Config
    ledger: Ledger
    now: datetime
    asked: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    """Whom an approval waits for, by who is named and, where that is a column, the row."""

    @cached_property
    def people(self) -> People:
        return People(self.judged, self.config)

    @cached_property
    def steps(self) -> Steps:
        return steps_of(self.judged, self.config, self.people)

    @cached_property
    def findings(self) -> list[Finding]:
        return findings_of(self.judged)

    @cached_property
    def first_seen(self) -> Mapping[tuple[str, str, str | None], FirstSeen]:
        return self.ledger.findings(self.judged.snapshot.workbook)

    @cached_property
    def waiting(self) -> list[tuple[Finding, str, str]]:
        """Approvals that are waited for, and alerts: what is said, the kind, and who is asked."""
        found: list[tuple[Finding, str, str]] = []
        for spec, rows in self.judged.spoken("waiting", "alert"):
            live = rows[spoken_of(self.judged, self.config, spec.rule, spec.table)[rows]]
            found += [(finding, spec.kind, spec.who) for finding in findings_at(self.judged, spec, live)]
        return found


@dataclass(frozen=True)
class Reader:
    """Who gets a digest, and whose matters it is about: not the same while somebody stands in."""

    person: Person

    @property
    def whose(self) -> Person:
        return self.person.stands_for or self.person

    @property
    def known_as(self) -> str:
        return self.person.known_as


@dataclass(frozen=True, eq=False)
class Content:
    """A digest for one reader, not yet in words of its templates: `fields` is all they may say, `figures` are kept in the ledger."""

    language: str
    fields: Mapping[str, Any]
    figures: Mapping[str, int]
    charts: Sequence[Chart] = ()

    @property
    def matters(self) -> int:
        """How many matters there are to tell of: with none there is nothing to report, with one the single notice is enough."""
        return sum(self.figures[name] for name in ("open", "settled", "problems", "waiting", "alerts"))


def content_of(
    desk: Desk, digest: DigestFile, reader: Reader, slot: Slot, before: DigestRecord | None, run: int | None, language: str | None = None
) -> Content:
    """The digest for one reader at this moment; its window begins with the last one sent to them."""
    language = language or reader.person.language or desk.config.language
    window = window_of(desk.judged, before.at if before else slot.before, desk.now)
    scope = _Scope(desk, digest, reader, window, language)
    figures = scope.figures()
    parts = scope.parts() if digest.lists else []
    fields = {
        "title": digest.title.get(language) or digest.title.get("zh", digest.digest),
        "reader": reader.person.name,
        "printed_at": f"{desk.now:%Y-%m-%d %H:%M}",
        "run": "" if run is None else str(run),
        "window": SAID["window"][language].format(since=f"{window.since:%m-%d %H:%M}", now=f"{desk.now:%m-%d %H:%M}"),
        "day": _day_said(slot.at.date(), language),
        "period": _period_said(slot, language),
        "lists": digest.lists,
        "clear": "" if not digest.lists or _any(figures) else SAID["clear"][language].format(rows=_rows(desk.judged)),
        "health": [{"text": text, "bad": bad} for text, bad in health_of(desk.judged, desk.ledger, window.since, desk.now, language)],
        "figures": headline(figures, before, language) if digest.lists else [],
        "parts": parts,
        "trend": trend_said(desk.judged, scope.steps, desk.now, language) if digest.trend else {},
        "stages": stages_said(desk.judged, scope.steps, digest, slot, desk.now, language) if digest.trend else [],
        "money": money_said(desk.judged, scope.steps, digest.at_stake, language),
        "stakes": stakes_said(desk.judged, scope.steps, digest.at_stake, language) if digest.pictures else [],
        "tables": [*indicators_said(desk.judged, digest, slot, language), *tables_said(desk.judged, digest, slot, language)],
        "ending": ending_of(desk.judged, desk.config, desk.now, language) if digest.lists else [],
        "changes": changes_of(figures, before, language) if digest.lists else [],
        "before_at": f"{before.at:%Y-%m-%d %H:%M}" if before else "",
        "clause": digest.clause,
        "why": _why(digest, reader.person, language),
        "enclosed": "",
    }
    charts = charts_of(fields, language) if digest.pictures and not fields["clear"] else []
    said = {"subject": _subject(fields, figures, language), "pictures": [each.said() for each in charts]}
    return Content(language, {**fields, **said}, figures, charts)


@dataclass(frozen=True, eq=False)
class _Scope:
    """The matters one digest is about for one reader."""

    desk: Desk
    digest: DigestFile
    reader: Reader
    window: Window
    language: str

    @cached_property
    def steps(self) -> Steps:
        steps = self.desk.steps.in_tables(self.digest.tables)
        return steps.of(self.reader.whose.known_as) if self.digest.rows == "own" else steps

    @cached_property
    def problems(self) -> tuple[int, list[Finding]]:
        """How much is to be corrected, and the first of it."""
        if self.digest.rows == "all":
            return first_findings(self.desk.judged, self.digest.at_most, self.digest.tables)
        found = [each for each in self.desk.findings if each.level != "info" and self._concerns(each)]
        return len(found), found[: self.digest.at_most]

    @cached_property
    def waiting(self) -> list[Finding]:
        """Approvals that wait for the reader."""
        asked = [(each, who) for each, kind, who in self.desk.waiting if kind == "waiting" and self._in_reach(each)]
        return [each for each, who in asked if self._is_asked(each, who)]

    @cached_property
    def alerts(self) -> list[Finding]:
        """Alerts that were not there at the last digest."""
        found = [each for each, kind, _ in self.desk.waiting if kind == "alert" and self._concerns(each)]
        return [each for each in found if self._is_new(each)]

    def _in_reach(self, finding: Finding) -> bool:
        return not self.digest.tables or finding.table in self.digest.tables

    def _concerns(self, finding: Finding) -> bool:
        return self._in_reach(finding) and (self.digest.rows == "all" or finding.owner == self.reader.whose.name)

    def _is_new(self, finding: Finding) -> bool:
        seen = self.desk.first_seen.get((finding.rule, finding.key, finding.column))
        return seen is None or seen.first_seen > self.window.since

    def _is_asked(self, finding: Finding, who: str) -> bool:
        place = (who, "" if who.startswith("role:") else f"{finding.table} {finding.row}")
        asked = self.desk.asked
        if place not in asked:
            sheet = self.desk.judged.snapshot.sheets[finding.table]
            row = int(np.searchsorted(np.asarray(sheet.rows), finding.row))
            asked[place] = {each.known_as for each in self.desk.people.told([who], finding.table, row, "", "")}
        return self.reader.known_as in asked[place]

    def figures(self) -> dict[str, int]:
        found = counts(self.steps, self.window)
        return found | {"problems": self.problems[0], "waiting": len(self.waiting), "alerts": len(self.alerts)}

    def parts(self) -> list[dict[str, Any]]:
        """The parts in their order, without those that are empty."""
        places = parted(self.steps, self.window)
        dated = [self._dated(name, places[name]) for name in PARTS]
        problems = self._said("problems", *self.problems)
        alerts, waiting = (self._said(name, len(found), found) for name, found in (("alerts", self.alerts), ("waiting", self.waiting)))
        done = self._part("settled", settled(self.steps, self.window), self._done_item)
        ordered = [waiting, *dated[:2], alerts, dated[2], problems, dated[3], done]
        return [part for part in ordered if part["total"] != "0"]

    def _dated(self, name: str, places: Any) -> dict[str, Any]:
        return self._part(name, places, self._open_item)

    def _part(self, name: str, places: Any, item: Any) -> dict[str, Any]:
        listed = places[: self.digest.at_most].tolist()
        return self._capped(name, len(places), [item(place) for place in listed])

    def _said(self, name: str, total: int, findings: Sequence[Finding]) -> dict[str, Any]:
        return self._capped(name, total, [self._finding_item(each) for each in findings[: self.digest.at_most]])

    def _capped(self, name: str, total: int, items: list[dict[str, Any]]) -> dict[str, Any]:
        more = SAID["more"][self.language].format(total=total, shown=len(items)) if total > len(items) else ""
        return {"title": TITLES[name][self.language], "total": str(total), "more": more, "hot": name in HOT, "entries": items}

    def _open_item(self, place: int) -> dict[str, Any]:
        clock, due = self.steps.clocks[int(self.steps.clock[place])], self.steps.due[[place]]
        left = time_left(self.desk.judged.evaluation, due, np.array([False]), self.language)[0]
        return {
            **self._about(place),
            "due": _moment(due[0], self.desk.now),
            "left": str(left),
            "hot": bool(self.steps.late[place]),
            "clause": clock.clause,
        }

    def _done_item(self, place: int) -> dict[str, Any]:
        late = self.steps.state[place] == LATE
        words = {"when": _moment(self.steps.done[place], self.desk.now), "how": SAID["late" if late else "on time"][self.language]}
        left = SAID["done"][self.language].format(**words)
        return {**self._about(place), "due": "", "left": left, "hot": bool(late), "clause": ""}

    def _about(self, place: int) -> dict[str, Any]:
        clock, row, judged = self.steps.clocks[int(self.steps.clock[place])], int(self.steps.row[place]), self.desk.judged
        sheet = judged.snapshot.sheets[clock.table]
        owner = str(owner_names(judged.evaluation, clock.table)[row]) if self.digest.rows == "all" else ""
        return {
            "title": clock.title.get(self.language) or clock.title.get("zh", clock.rule),
            "key": cells_shown(judged.evaluation, clock.table, sheet.table.key, [row], self.language)[0],
            "place": f"{sheet.table.heading(self.language)} {SAID['row'][self.language].format(row=int(sheet.rows[row]))}",
            "link": sheet.link(row),
            "owner": owner,
        }

    def _finding_item(self, finding: Finding) -> dict[str, Any]:
        sheet = self.desk.judged.snapshot.sheets[finding.table]
        place = f"{sheet.table.heading(self.language)} {SAID['row'][self.language].format(row=finding.row)}"
        title = one_sentence(finding, self.language)
        owner = finding.owner if self.digest.rows == "all" else ""
        title = title[:1].upper() + title[1:]
        where = {"key": finding.key, "place": place, "link": f"{sheet.href}{finding.row}" if sheet.href else ""}
        return {"title": title, **where, "owner": owner, "due": "", "left": "", "hot": False, "clause": ""}


def _any(figures: Mapping[str, int]) -> bool:
    return any(figures[name] for name in ("open", "settled", "problems", "waiting", "alerts"))


def _rows(judged: Judged) -> int:
    return sum(len(sheet.rows) for sheet in judged.snapshot.sheets.values())


def _moment(instant: Any, now: datetime) -> str:
    """Day and time, with the year where it is another one."""
    moment = instant.item()
    return f"{moment:%m-%d %H:%M}" if moment.year == now.year else f"{moment:%Y-%m-%d %H:%M}"


def _day_said(day: date, language: str) -> str:
    return moment_said(datetime.combine(day, datetime.min.time()), language).rsplit("00:00", 1)[0].strip()


def _period_said(slot: Slot, language: str) -> str:
    days: Iterable[date] = (slot.begin, date.fromordinal(slot.end.toordinal() - 1))
    begin, end = (f"{day:%Y-%m-%d}" for day in days)
    if begin == end:
        return begin
    return SAID["period"][language].format(begin=begin, end=end)


def _subject(fields: Mapping[str, Any], figures: Mapping[str, int], language: str) -> str:
    if not fields["lists"]:
        what = SAID["subject period"][language].format(period=fields["period"])
    elif fields["clear"]:
        what = SAID["subject clear"][language]
    else:
        numbers = {"today": figures["today"], "new": figures["newly late"], "open": figures["open"]}
        what = SAID["subject figures"][language].format(**numbers)
    return SAID["subject"][language].format(title=fields["title"], day=fields["day"], what=what)


def _why(digest: DigestFile, person: Person, language: str) -> str:
    whose = person.stands_for or person
    roles = [each.removeprefix("role:") for each in digest.to if each.startswith("role:")]
    if person.why == PAPER:
        reason = SAID["why paper"][language]
    elif person.why == "fallback":
        reason = SAID["why fallback"][language]
    elif "owner" in digest.to:
        reason = SAID["why own"][language]
    elif roles:
        role = next((each for each in (whose.role, whose.department) if each in roles), whose.role or roles[0])
        reason = SAID["why role"][language].format(role=role)
    else:
        reason = SAID["why address"][language]
    return (SAID["stands in"][language].format(name=whose.name) if person.stands_for else "") + reason
