"""`preview`: a notice template as its mail will look, with sample data or with the facts of a real row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from automations.addressing import Addressed
from automations.asking import NotThere, table_named
from automations.clocks import OPEN
from automations.config import Config
from automations.declarations import NoticeFile, Rung
from automations.judging import Judged
from automations.model import Notice
from automations.noticefacts import facts_of
from automations.occasions import Occasion, occasions, tellable
from automations.people import People, Person
from automations.picturing import draw, in_words
from automations.rendering import Rendered, Renderer
from automations.run import World, judge, read, told
from automations.samples import sample, samples_together
from automations.speaking import cells_shown, findings_of
from automations.summary import governing
from automations.templatecheck import SEVERAL
from automations.yamlcheck import closest

WORDS = {
    "sample": {"zh": "示例数据", "en": "sample data"},
    "row": {"zh": "{place}（{key}），发给 {reader}：{rules}", "en": "{place} ({key}), to {reader}: {rules}"},
    "overtaken": {"zh": "，已有更高一级的提醒，此刻不会再发", "en": ", overtaken by a higher rung, so not sent now"},
    "subject": {"zh": "主题：", "en": "Subject: "},
}


@dataclass(frozen=True)
class Preview:
    """A rendered notice, and what its facts are from."""

    rendered: Rendered
    facts_from: str
    language: str

    def data(self) -> dict[str, str]:
        """`{"subject", "text", "html"}`."""
        return asdict(self.rendered)

    def text(self) -> str:
        """What the facts are from, the subject, and the plain text."""
        return f"[{self.facts_from}]\n{WORDS['subject'][self.language]}{self.rendered.subject}\n\n{self.rendered.text.rstrip()}"

    def write(self, page: Path | None, picture: Path | None, *, width: int = 700, dark: bool = False) -> None:
        """The page and the picture of it, where asked for. Raises OutsideFailed when a file cannot be written or nothing can draw."""
        if page:
            with in_words(page):
                page.write_text(self.rendered.html, encoding="utf-8")
        if picture:
            draw(self.rendered.html, picture, width=width, dark=dark)


@dataclass(frozen=True, eq=False)
class Row:
    """One row of a judged workbook, and the occasions that have come for it."""

    judged: Judged
    config: Config
    table: str
    place: int
    now: datetime
    come: Sequence[Occasion]

    @property
    def key(self) -> str:
        return str(self.judged.evaluation.keys(self.table)[self.place])


def preview(world: World, template: str, row: Sequence[str], now: datetime, language: str | None = None) -> Preview:
    """A template in words: with sample data, or with the row `[KEY]` or `[TABLE, KEY]` at `now`.

    Raises NotThere for a template, a row or an occasion that is not there, with what is; TemplateFailed for a template with a fault.
    """
    chosen, renderer = language or world.config.language, Renderer(world.config.root / "templates" / "notices")
    if template not in (names := renderer.names()):
        near = closest(template, names)
        raise NotThere(f"no template '{template}'; " + (f"did you mean '{near}'?" if near else f"there are {', '.join(sorted(names))}"))
    if row:
        return _with_row(renderer, template, row_of(world, row, now), chosen)
    items = samples_together(chosen) if template == SEVERAL else [sample(template, chosen)]
    return Preview(_rendered(renderer, template, chosen, items), WORDS["sample"][chosen], chosen)


def _rendered(renderer: Renderer, template: str, language: str, items: Sequence[dict[str, object]]) -> Rendered:
    if template == SEVERAL:
        return renderer.render_several(language, str(items[0]["reader"]), items)
    return renderer.render(template, language, items[0])


def row_of(world: World, words: Sequence[str], now: datetime) -> Row:
    """The row of a key, or of a table and a key. Raises NotThere when there is none, or more than one."""
    if len(words) > 2:
        raise NotThere(f"'{' '.join(words)}' is not a row; write KEY, or TABLE KEY")
    wanted = [table_named(world.config, words[0])] if len(words) == 2 else None
    snapshot, _ = read(world, now)
    judged = judge(world, snapshot, now)
    table, place = _found(judged, wanted or list(snapshot.sheets), words[-1])
    only = np.arange(judged.evaluation.count(table)) == place
    notices = [(name, notice, only) for name, notice in _notices(world.config, table)]
    return Row(judged, world.config, table, place, now, list(occasions(judged, notices, told(world, now).since)))


def _found(judged: Judged, tables: Sequence[str], key: str) -> tuple[str, int]:
    if missing := [table for table in tables if table not in judged.snapshot.sheets]:
        raise NotThere(f"table '{missing[0]}' is not in this workbook")
    found = [(table, int(place)) for table in tables for place in np.flatnonzero(judged.evaluation.keys(table) == key)]
    if not found:
        near = closest(key, (str(each) for table in tables for each in judged.evaluation.keys(table)))
        where = tables[0] if len(tables) == 1 else "this workbook"
        raise NotThere(f"no row '{key}' in {where}" + (f"; did you mean '{near}'?" if near else ""))
    if len(there := list(dict.fromkeys(table for table, _ in found))) > 1:
        raise NotThere(f"'{key}' stands in {', '.join(there)}; write for example: {there[0]} {key}")
    if len(found) > 1:
        raise NotThere(f"'{key}' stands in {len(found)} rows of {there[0]}; nobody is told about them until each has a key of its own")
    return found[0]


def _notices(config: Config, table: str) -> Iterator[tuple[str, NoticeFile]]:
    for name, policy in config.policies.items():
        if policy.file.table == table:
            yield from ((name, notice) for notice in policy.file.notices)


def _with_row(renderer: Renderer, template: str, row: Row, language: str) -> Preview:
    people = People(row.judged, row.config)
    wanted = [each for each in row.come if each.template == template or (template == SEVERAL and not each.overtaken)]
    if not wanted:
        raise NotThere(_silent(template, row))
    ordered = sorted(wanted, key=lambda occasion: (occasion.overtaken, _far_from_due(row, occasion)))
    reader = _readers(people, row, ordered[0])[0]
    chosen = [each for each in ordered if reader in _readers(people, row, each)] if template == SEVERAL else ordered[:1]
    fields = [_facts(people, row, occasion, reader, language) for occasion in chosen]
    return Preview(
        _rendered(renderer, template, language, fields), _facts_from(row, chosen, str(fields[0]["place"]), reader, language), language
    )


def _far_from_due(row: Row, occasion: Occasion) -> int:
    """Seconds between now and the due time; none for a finding, which is due at once."""
    if occasion.clock is None:
        return 0
    evaluation = row.judged.evaluation
    return abs(int((evaluation.times(row.table, occasion.clock.due)[row.place] - evaluation.now64).astype("int64")))


def _readers(people: People, row: Row, occasion: Occasion) -> list[Person]:
    who = occasion.finding.who if occasion.finding else ""
    return people.told(occasion.to, row.table, row.place, who, row.config.policies[occasion.policy].file.owner)


def _facts(people: People, row: Row, occasion: Occasion, reader: Person, language: str) -> dict[str, object]:
    notice = Notice(
        identity="",
        policy=occasion.policy,
        rule=occasion.rule,
        table=row.table,
        key=row.key,
        rung=occasion.rung,
        episode=1,
        template=occasion.template,
        reader=reader.name,
        address=reader.address,
        language=language,
        facts={},
    )
    spoken = {(finding.rule, finding.table, finding.row, finding.column): finding for finding in findings_of(row.judged)}
    return facts_of(row.judged, row.config, people, spoken, Addressed(occasion, reader, notice), row.now)


def _facts_from(row: Row, chosen: Sequence[Occasion], place: str, reader: Person, language: str) -> str:
    rules = ", ".join(f"{each.rule} ({each.rung})" for each in chosen) + (WORDS["overtaken"][language] if chosen[0].overtaken else "")
    return WORDS["row"][language].format(place=place, key=row.key, reader=f"{reader.name} <{reader.address}>", rules=rules)


def _silent(template: str, row: Row) -> str:
    """Why there is no such mail about the row now, and which templates there are for it."""
    lines = [f"'{template}' has nothing to say about {row.key} in {row.table} at {row.now:%Y-%m-%d %H:%M}"]
    if not tellable(row.judged, row.table)[row.place]:
        return f"{lines[0]}: the row is on hold"
    lines += [f"  now: {each.template}, for {each.rule} ({each.rung})" for each in row.come]
    lines += [f"  later: {rung.template}, for {rule} at '{rung.at}', due {due}" for rule, rung, due in _later(row)]
    nothing = f"  nothing is open in this row; `runner.py explain {row.table} {row.key}` says why"
    return "\n".join([*lines, "  preview one of these, or move the clock with --now" if len(lines) > 1 else nothing])


def _later(row: Row) -> Iterator[tuple[str, Rung, str]]:
    """The rungs still to come of the clocks that run: the rule, the rung, and when the clock is due."""
    evaluation, past = row.judged.evaluation, {(each.rule, each.rung) for each in row.come}
    running = {clock.rule: clock for clock, counts in governing(row.judged, row.table) if counts[row.place]}
    for policy, notice in _notices(row.config, row.table):
        clock = running.get(rule := f"{policy}/{notice.on}")
        if clock and evaluation.integers(row.table, clock.state)[row.place] in OPEN:
            due = cells_shown(evaluation, row.table, clock.due, [row.place])[0]
            yield from ((rule, rung, due) for rung in notice.ladder if (rule, rung.at) not in past)
