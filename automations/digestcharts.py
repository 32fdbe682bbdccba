"""The charts of a digest, drawn from the very fields its text says, so that both show the same figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from automations.digestwords import CHARTS
from automations.drawing import BLUE, GREEN, RED, Bar, Drawn, Series, bars, lines
from automations.model import Attachment

PNG = "image/png"


@dataclass(frozen=True)
class Chart:
    """One chart: what it is called in the mail, what it shows in words, and the picture."""

    name: str
    title: str
    drawn: Drawn

    @property
    def file(self) -> Attachment:
        """The picture as it travels within the mail."""
        return Attachment(f"{self.name}.png", PNG, self.drawn.content, content_id=self.address)

    @property
    def address(self) -> str:
        return f"{self.name}@rowkeeper"

    def said(self) -> dict[str, Any]:
        """What the page says of it."""
        return {"cid": self.address, "title": self.title, "width": self.drawn.width, "height": self.drawn.height}


def charts_of(fields: Mapping[str, Any], language: str) -> list[Chart]:
    """A chart of everything the digest tells in figures: the trend, steps, money, and the tables marked `picture`."""
    titles = {name: words[language] for name, words in CHARTS.items()}
    found = [*_trend(fields, titles), *_stages(fields, titles), *_money(fields, titles)]
    for place, table in enumerate(each for each in fields["tables"] if each.get("picture") and each["rows"]):
        found.append(Chart(f"table-{place + 1}", table["title"], bars(table["title"], [_counted(row) for row in table["rows"]])))
    return found


def _trend(fields: Mapping[str, Any], titles: Mapping[str, str]) -> Iterator[Chart]:
    days = fields["trend"].get("days", [])
    if days:
        series = [Series(titles[name], colour, [day[name] for day in days]) for name, colour in (("open", BLUE), ("late", RED))]
        title = fields["trend"]["title"]
        yield Chart("trend", title, lines(title, [day["day"] for day in days], series))


def _stages(fields: Mapping[str, Any], titles: Mapping[str, str]) -> Iterator[Chart]:
    stages = fields["stages"]
    if not stages:
        return
    longest = max((each["mean"] for each in stages), default=0) or 1
    taken = [Bar(each["title"], each["days"], [(each["mean"] / longest, BLUE)]) for each in stages]
    yield Chart("time", titles["time"], bars(titles["time"], taken))
    kept = [
        Bar(each["title"], each["share"], [(each["on_time"] / each["done"], GREEN), (1 - each["on_time"] / each["done"], RED)])
        for each in stages
    ]
    legend = [(titles["kept"], GREEN), (titles["broken"], RED)]
    yield Chart("on-time", titles["on time"], bars(titles["on time"], kept, legend))


def _money(fields: Mapping[str, Any], titles: Mapping[str, str]) -> Iterator[Chart]:
    stakes = fields["stakes"]
    if stakes:
        rows = [Bar(each["label"], each["amount"], [(each["share"], RED)]) for each in stakes]
        yield Chart("money", titles["money"], bars(titles["money"], rows))


def _counted(row: Mapping[str, Any]) -> Bar:
    return Bar(row["label"], row["cells"][0], [(row["width"] / 100, BLUE)])
