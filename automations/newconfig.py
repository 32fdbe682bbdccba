"""The first run under a changed configuration: it only plans where it would change much that stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime

from automations.automationfile import Automation
from automations.config import Config
from automations.errors import PlanRefused
from automations.ledgers.protocol import RunOutcome, RunStart
from automations.limiting import sweeps
from automations.model import Words
from automations.planning import Plan
from automations.remembering import LOOKED_BACK
from automations.run import World, plan_once

GREAT: Words = {
    "zh": "配置改动后的第一次运行只做了计划，没有写入也没有发信：{tables}。"
    "先看 `runner.py plan --html plan.html`，没问题再用 `runner.py run --force` 放行",
    "en": "the first run under the changed configuration only planned, nothing was written or sent: {tables}; "
    "look at it with `runner.py plan --html plan.html`, then `runner.py run --force`",
}
TABLE: Words = {
    "zh": "“{title}”共 {count} 行，其中 {moved} 行的内容将改变（{share}），上限是 {limit}",
    "en": "{moved} of {count} rows of '{title}' would change ({share}), the limit is {limit}",
}


class GreatChange(PlanRefused):
    """The first run under a changed configuration would change more than the brake allows; the admin is not told of it yet."""


def refuse_great_change(world: World, automation: Automation, now: datetime) -> None:
    """Raises GreatChange when this configuration never ran and would write over more of a table's rows than the brake allows."""
    runs = (
        run for run in world.ledger.runs(world.workbook.name, LOOKED_BACK) if run.state == "done" and sweeps(world.config, run.automation)
    )
    before = next(runs, None)
    if before is None or before.config_hash == world.config.hash:
        return
    plan, _ = plan_once(world, now, automation=automation)
    language = world.config.language
    great = list(great_changes(plan, world.config, language))
    if great:
        said = GREAT[language].format(tables=("；" if language == "zh" else "; ").join(great))
        run = world.ledger.begin_run(RunStart(plan.automation, plan.workbook, now, plan.config_hash, plan.fingerprint))
        world.ledger.end_run(run, RunOutcome("refused", now, said))
        raise GreatChange(said)


def great_changes(plan: Plan, config: Config, language: str) -> Iterator[str]:
    """The tables in which more rows would lose what stands in a column of ours than the brake allows."""
    brakes = config.settings.brakes
    moved: Mapping[str, int] = Counter(
        table for table, _ in {(change.table, change.key) for change in plan.changes if change.old is not None}
    )
    for name, rows in moved.items():
        count = plan.rows.get(name, 0)
        if count >= brakes.state_rows and rows > brakes.state_share * count:
            title = config.tables[name].heading(language)
            yield TABLE[language].format(
                title=title, count=count, moved=rows, share=f"{rows / count:.0%}", limit=f"{brakes.state_share:.0%}"
            )
