"""approval: consents that must be there before the next step."""

from __future__ import annotations

from typing import Literal

from automations.declarations import Declared
from automations.rule import Builder, Expression, Rule


class Approver(Declared):
    """The column an approver fills, and who that is."""

    column: str
    who: str


class Approval(Rule):
    """While `of` holds and an approval is blank, its approver is waited for; `before` may not be filled until then.

    - id: solution-consent
      kind: approval
      of: solution is not null
      by: [ { column: vp_ok_at, who: "role:营销副总" }, { column: manager_ok_at, who: "role:销售经理" } ]
      before: customer_notified_at
    """

    kind: Literal["approval"] = "approval"
    of: Expression
    by: list[Approver]
    before: str | None = None

    def compile(self, build: Builder) -> None:
        for position, approver in enumerate(self.by):
            parts = {"_of": (self.of, ("of",)), "_ok": (approver.column, ("by", position, "column")), **build.guard()}
            self._waiting(build, approver, parts)
            if self.before:
                self._skipped(build, approver, {**parts, "_before": (self.before, ("before",))})

    def _waiting(self, build: Builder, approver: Approver, parts: dict[str, tuple[str, tuple[str | int, ...]]]) -> None:
        name = build.composed(
            build.called(f"waits for {approver.column}"),
            "coalesce(_when, false) and coalesce(_of, false) and _ok is null",
            parts,
            "boolean",
        )
        title, who = build.title(), approver.who.removeprefix("role:")
        message = {"zh": f"{title.get('zh')}：等待{who}审批", "en": f"{title.get('en')}: waiting for {who}"}
        build.waiting(name, approver.column, message, approver.who)

    def _skipped(self, build: Builder, approver: Approver, parts: dict[str, tuple[str, tuple[str | int, ...]]]) -> None:
        before, ok = build.heading(self.before or ""), build.heading(approver.column)
        blank = build.composed(
            build.called(f"{self.before} without {approver.column}"),
            "coalesce(_when, false) and _before is not null and _ok is null",
            parts,
            "boolean",
        )
        message = {
            "zh": f"已填“{before.get('zh')}”但缺“{ok.get('zh')}”",
            "en": f"'{before.get('en')}' is filled but '{ok.get('en')}' is missing",
        }
        fix = {"zh": f"应先经{approver.who.removeprefix('role:')}同意并填写“{ok.get('zh')}”", "en": f"have '{ok.get('en')}' given first"}
        build.finding(blank, approver.column, message, fix)
        late = build.composed(
            build.called(f"{self.before} before {approver.column}"), "coalesce(_when, false) and _before < _ok", parts, "boolean"
        )
        message = {"zh": f"“{before.get('zh')}”早于“{ok.get('zh')}”", "en": f"'{before.get('en')}' is before '{ok.get('en')}'"}
        build.finding(
            late, self.before, message, {"zh": "请核对两个时间；应先审批，后执行", "en": "check both times; approval comes first"}
        )
