"""penalty: an amount the program proposes and a person decides."""

from __future__ import annotations

from typing import Literal

from automations.declarations import Declared
from automations.rule import Builder, Expression, Rule


class Proposes(Declared):
    """Our columns for the proposed range."""

    low: str | None = None
    high: str | None = None


class Penalty(Rule):
    """Proposes a range: `between` two shares of `base`, or `at_most` an amount; a decided amount outside it is a finding.

    - id: loss-fine
      kind: penalty
      when: direct_loss > 0
      base: direct_loss
      between: [ $loss_rate_min, $loss_rate_max ]
      proposes: { low: fine_low, high: fine_high }
      decided: fine_decided
    """

    kind: Literal["penalty"] = "penalty"
    base: Expression | None = None
    between: list[str] = []
    at_most: str | None = None
    proposes: Proposes = Proposes()
    decided: str | None = None

    def compile(self, build: Builder) -> None:
        if (len(self.between) == 2) == bool(self.at_most) or (self.between and not self.base):
            build.fault("penalty needs 'base' with 'between: [low, high]', or 'at_most'")
            return
        low = self._bound(build, "low", "round(_base * _rate, 2)", 0) if self.between else None
        high = self._bound(build, "high", "round(_base * _rate, 2)", 1) if self.between else self._limit(build)
        if self.decided:
            self._check(build, low, high)

    def _bound(self, build: Builder, name: str, value: str, which: int) -> str:
        parts = {"_base": (self.base or "", ("base",)), "_rate": (self.between[which], ("between", which)), **build.guard()}
        return self._column(build, name, f"case when coalesce(_when, false) then {value} end", parts)

    def _limit(self, build: Builder) -> str:
        parts = {"_limit": (self.at_most or "", ("at_most",)), **build.guard()}
        return self._column(build, "high", "case when coalesce(_when, false) then _limit end", parts)

    def _column(self, build: Builder, name: str, template: str, parts: dict[str, tuple[str, tuple[str | int, ...]]]) -> str:
        target = self.proposes.low if name == "low" else self.proposes.high
        written = target if target and build.writes(target, "proposes", name) else None
        return build.composed(written or build.called(name), template, parts, "money")

    def _check(self, build: Builder, low: str | None, high: str) -> None:
        decided = self.decided or ""
        parts = {"_decided": (decided, ("decided",)), **build.guard()}
        bound = "cast(0 as decimal(18,2))" if low is None else f'"{low}"'
        outside = f'coalesce(_when, false) and _decided is not null and not (_decided between {bound} and "{high}")'
        name = build.composed(build.called("out of range"), outside, parts, "boolean")
        heading = build.heading(decided)
        most = f"不超过 {{{high}}}" if low is None else f"{{{low}}} 至 {{{high}}}"
        span = f"at most {{{high}}}" if low is None else f"{{{low}}} to {{{high}}}"
        message = {
            "zh": f"“{heading.get('zh')}”为 {{{decided}}}，允许的范围是{most}",
            "en": f"'{heading.get('en')}' is {{{decided}}}; allowed is {span}",
        }
        build.finding(name, decided, message, {"zh": "请按制度规定的范围重新确定", "en": "decide again within the range"})
