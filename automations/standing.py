"""How every automation stands: when it last did well, what is next, what failed; as text, JSON and metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from automations.cadence import next_slot
from automations.config import Config
from automations.executing import trouble_of
from automations.ledgers.slots import SlotRecord, Timetable, Trouble
from automations.model import Words

FRESH = timedelta(minutes=2)
"""A service that noted itself this lately is alive; it does so every half minute."""
WORDS: Mapping[str, Words] = {
    "alive": {
        "zh": "serve 正在运行（进程 {pid}，{since} 启动，{at} 报到）",
        "en": "serve is running (process {pid}, since {since}, seen {at})",
    },
    "dead": {"zh": "serve 没有在运行，最后一次报到是 {at}", "en": "serve is not running, it was last seen {at}"},
    "never": {"zh": "serve 没有在运行", "en": "serve is not running"},
    "workers": {
        "zh": "由 worker 处理；全部工作簿和 worker：runner.py fleet",
        "en": "workers do it; all workbooks and workers: runner.py fleet",
    },
    "none": {"zh": "没有自动运行的项目；写在 config/automations/*.yaml", "en": "nothing runs by itself; write config/automations/*.yaml"},
    "good": {"zh": "上次成功 {at}", "en": "last good {at}"},
    "no good": {"zh": "还没有成功过", "en": "never did well yet"},
    "next": {"zh": "下次 {at}", "en": "next {at}"},
    "running": {"zh": "正在运行", "en": "running now"},
    "waiting": {"zh": "等待重试", "en": "waits to be tried again"},
    "off": {"zh": "已停用", "en": "switched off"},
    "trouble": {"zh": "！{name}：自 {since} 起 {times} 次，{why}", "en": "! {name}: {times} times since {since}: {why}"},
}


@dataclass(frozen=True)
class Standing:
    """One automation as it stands; moments are UTC."""

    name: str
    title: Words
    mode: str
    last_good: datetime | None
    said: str
    next: datetime | None
    now: str
    failures: int


@dataclass(frozen=True)
class Status:
    """All automations, everything that is wrong, and whether the service is alive."""

    at: datetime
    automations: Sequence[Standing]
    troubles: Sequence[Trouble]
    service: Mapping[str, Any]
    language: str
    zone: ZoneInfo

    @property
    def alive(self) -> bool:
        """Whether the service noted itself lately."""
        return "at" in self.service and not self.service.get("stopped") and self.at - datetime.fromisoformat(self.service["at"]) < FRESH

    @property
    def died(self) -> bool:
        """Whether the service went silent without saying that it ends."""
        return "at" in self.service and not self.service.get("stopped") and not self.alive

    @property
    def healthy(self) -> bool:
        """Whether nothing has gone wrong so long that somebody was told, and the service has not died."""
        return not self.died and not any(trouble.told for trouble in self.troubles)

    def data(self) -> dict[str, Any]:
        """`{at, alive, healthy, service, automations: [...], troubles: [...]}`, moments in UTC."""
        lists = {
            "automations": [_plain(asdict(each)) for each in self.automations],
            "troubles": [_plain(asdict(each)) for each in self.troubles],
        }
        return {"at": self.at.isoformat(), "alive": self.alive, "healthy": self.healthy, "service": dict(self.service), **lists}

    def text(self) -> str:
        """The service, a line for each automation, and what is wrong."""
        lines = [self._service(), *map(self._line, self.automations)]
        if not self.automations:
            lines.append(self._say("none"))
        return "\n".join([*lines, *map(self._trouble, self.troubles)])

    def _service(self) -> str:
        if "at" not in self.service:
            return self._say("workers" if self.service else "never")
        at = self._local(datetime.fromisoformat(self.service["at"]))
        return self._say("alive" if self.alive else "dead", at=at, pid=self.service.get("pid"), since=self.service.get("since"))

    def _line(self, each: Standing) -> str:
        title = each.title.get(self.language) or each.title.get("zh", "")
        good = self._say("good", at=self._local(each.last_good)) if each.last_good else self._say("no good")
        following = [self._say("off")] if each.mode == "off" else [self._say("next", at=self._local(each.next))] if each.next else []
        now = [self._say(each.now)] if each.now else []
        said = f" ({each.said})" if each.said else ""
        return f"{each.name:<14} {title}  " + ("，" if self.language == "zh" else ", ").join([good + said, *following, *now])

    def _trouble(self, each: Trouble) -> str:
        return self._say("trouble", name=each.name, since=self._local(each.since), times=each.times, why=each.why.splitlines()[0])

    def _local(self, moment: datetime) -> str:
        return f"{moment.astimezone(self.zone):%Y-%m-%d %H:%M}"

    def _say(self, word: str, **facts: object) -> str:
        return WORDS[word][self.language].format(**facts)

    def metrics(self) -> str:
        """The same in Prometheus' text format."""
        lines = [_metric("rowkeeper_up", "gauge", "1 while the service ticks", [("", int(self.alive))])]
        rows = [(_labels(automation=each.name), each) for each in self.automations if each.mode != "off"]
        good = [(labels, each.last_good.timestamp()) for labels, each in rows if each.last_good]
        coming = [(labels, each.next.timestamp()) for labels, each in rows if each.next]
        lines.append(_metric("rowkeeper_last_success_timestamp_seconds", "gauge", "when each automation last did well", good))
        lines.append(_metric("rowkeeper_next_run_timestamp_seconds", "gauge", "when each automation runs next", coming))
        failing = [(labels, each.failures) for labels, each in rows]
        lines.append(_metric("rowkeeper_failures_in_a_row", "gauge", "failures since each automation last did well", failing))
        lines.append(_metric("rowkeeper_troubles", "gauge", "what is wrong now", [("", len(self.troubles))]))
        return "".join(lines)


def _metric(name: str, kind: str, about: str, values: Sequence[tuple[str, float]]) -> str:
    return "".join([f"# HELP {name} {about}\n# TYPE {name} {kind}\n", *(f"{name}{labels} {value:.15g}\n" for labels, value in values)])


def _labels(**labels: str) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in fields.items()}


def status_of(config: Config, table: Timetable, service: Mapping[str, Any], now: datetime) -> Status:
    """How everything stands at this moment (UTC); `service` is what the service last noted of itself."""
    troubles = table.troubles()
    failures = {trouble.name: trouble.times for trouble in troubles}
    work = config.calendar.work_days
    found = []
    for automation in config.automations.values():
        good = next(iter(table.slots(["done"], automation.name, 1)), None)
        open_now = next(iter(table.slots(["running", "due"], automation.name, 1)), None)
        following = next_slot(automation.cadence, automation.zone, work, now) if automation.mode != "off" else None
        found.append(
            Standing(
                automation.name,
                automation.title,
                automation.mode,
                good.changed_at if good else None,
                good.why if good else "",
                following.at if following else None,
                _doing(open_now),
                failures.get(trouble_of(automation.name), 0),
            )
        )
    return Status(now, found, troubles, service, config.language, ZoneInfo(config.calendar.settings.zone))


def _doing(slot: SlotRecord | None) -> str:
    return "" if slot is None else "running" if slot.state == "running" else "waiting" if slot.attempts else ""
