"""Commands about the tables: what a run would do, doing it, taking it back, and why a cell is what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from automations.command import BRAKE, CHANGES, FAILED_ROWS, NOTHING, OUTSIDE, PERSON, Call, Ended, ended, said

if TYPE_CHECKING:
    from automations.run import Run


def plan_command(call: Call) -> Ended:
    from automations.reports import plan_html, plan_text
    from automations.run import plan_once

    world, arguments = call.world(looking=True), call.arguments
    plan, _ = plan_once(world, call.now(world.config))
    language = world.config.language
    if arguments.html:
        arguments.html.write_text(plan_html(plan, world.config, language), encoding="utf-8")
    text = plan.as_json() if arguments.json else plan_text(plan, world.config, language=language, everything=arguments.all)
    return Ended(text, BRAKE if plan.brakes or plan.held else NOTHING if plan.empty else CHANGES)


def run_command(call: Call) -> Ended:
    from automations.byhand import run_by_hand
    from automations.outbox import signed
    from automations.planning import plan_data
    from automations.reports import run_text

    world, arguments = call.world(), call.arguments
    now = call.now(world.config)
    word = signed(arguments.why, arguments.by, now).said("force") if arguments.force else ""
    done = run_by_hand(world, now, call.utc, force=arguments.force, word=word)
    receipt = done.receipt
    data = {"run": receipt.run_id, "written": len(receipt.written.written), "mails": receipt.mails_sent}
    text = lambda: run_text(done, world.config, world.config.language)  # noqa: E731
    return said(call, lambda: data | plan_data(done.plan), text, _code(done, strict=arguments.strict))


def _code(done: Run, *, strict: bool) -> int:
    if done.receipt.mails_failed:
        return PERSON if done.receipt.mails_unknown else OUTSIDE
    if done.plan.held:
        return PERSON if any(brake.name == "old ledger" for brake in done.plan.sorted.tripped) else BRAKE
    return FAILED_ROWS if strict and any(finding.level == "fail" for finding in done.plan.findings) else NOTHING


def explain_command(call: Call) -> Ended:
    from automations.asking import explain_row

    world, arguments = call.world(looking=True), call.arguments
    answer = explain_row(world, arguments.table, arguments.key, call.now(world.config))
    return said(call, answer.data, lambda: answer.text(everything=arguments.all))


def history_command(call: Call) -> Ended:
    from automations.asking import history

    return ended(call, history(call.world(looking=True), call.arguments.run, call.arguments.limit))


def undo_command(call: Call) -> Ended:
    from automations.byhand import undo_by_hand

    world = call.world()
    return ended(call, undo_by_hand(world, call.arguments.run, call.now(world.config), call.utc))


def form_command(call: Call) -> Ended:
    from automations.formsdue import make_due, with_pdfs
    from automations.printing import form

    arguments = call.arguments
    world = call.world(looking=not arguments.due)
    if arguments.due:
        return ended(call, with_pdfs(make_due(world, call.now(world.config))))
    return ended(call, form(world, arguments.words, call.now(world.config), arguments.out, arguments.language, arguments.pdf))
