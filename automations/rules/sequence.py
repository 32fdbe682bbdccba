"""sequence: steps that must be filled, and dated, in order."""

from __future__ import annotations

from typing import Literal

from automations.rule import Builder, Rule


class Sequence(Rule):
    """A step filled while an earlier one is blank, or dated before an earlier one, gets a finding.

    - id: dispatch-order
      kind: sequence
      steps: [issued_at, finance_stamp_at, keeper_review_at, loaded_at, shipped_at]
      optional: [loaded_at]
    """

    kind: Literal["sequence"] = "sequence"
    steps: list[str]
    optional: list[str] = []

    def compile(self, build: Builder) -> None:
        if self._unknown(build):
            return
        for position, later in enumerate(self.steps[1:], start=1):
            before = [step for step in self.steps[:position] if step not in self.optional]
            if before:
                self._missing(build, before[-1], later, position)
            for earlier in self.steps[:position]:
                self._disorder(build, earlier, later, position)

    def _unknown(self, build: Builder) -> bool:
        unknown = [(place, step) for place, step in enumerate(self.steps) if build.table.column(step) is None]
        for place, step in unknown:
            build.unknown_column(step, "steps", place)
        return bool(unknown)

    def _missing(self, build: Builder, earlier: str, later: str, position: int) -> None:
        parts = {"_later": (later, ("steps", position)), "_earlier": (earlier, ("steps", position)), **build.guard()}
        template = "coalesce(_when, false) and _later is not null and _earlier is null"
        name = build.composed(build.called(f"{later} without {earlier}"), template, parts, "boolean")
        first, second = build.heading(earlier), build.heading(later)
        message = {
            "zh": f"已填“{second.get('zh')}”但缺“{first.get('zh')}”",
            "en": f"'{second.get('en')}' is filled but '{first.get('en')}' is missing",
        }
        fix = {"zh": f"请补填“{first.get('zh')}”", "en": f"fill in '{first.get('en')}'"}
        build.finding(name, earlier, message, fix)

    def _disorder(self, build: Builder, earlier: str, later: str, position: int) -> None:
        types = [declared.type for step in (earlier, later) if (declared := build.table.column(step))]
        if not set(types) <= {"date", "datetime"}:
            return
        cast = "cast({} as date)" if "date" in types else "{}"
        parts = {"_later": (later, ("steps", position)), "_earlier": (earlier, ("steps", position)), **build.guard()}
        template = f"coalesce(_when, false) and {cast.format('_later')} < {cast.format('_earlier')}"
        name = build.composed(build.called(f"{later} before {earlier}"), template, parts, "boolean")
        first, second = build.heading(earlier), build.heading(later)
        message = {
            "zh": f"“{second.get('zh')}”（{{{later}}}）早于“{first.get('zh')}”（{{{earlier}}}）",
            "en": f"'{second.get('en')}' ({{{later}}}) is before '{first.get('en')}' ({{{earlier}}})",
        }
        build.finding(name, later, message, {"zh": "请核对两个时间", "en": "check both times"})
