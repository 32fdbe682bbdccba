"""Commands that set an installation up: a demo, the workbook, is everything there, who keeps it."""

from __future__ import annotations

from functools import partial

from automations.command import CHANGES, NOTHING, OUTSIDE, Call, Ended, as_json, ended


def demo_command(call: Call) -> Ended:
    from automations.demo.month import run_demo

    arguments = call.arguments
    left = run_demo(arguments.root, arguments.folder, call.err if arguments.json else call.out, progress=call.progress, pdfs=True)
    return Ended(as_json(left.data()) if arguments.json else "")


def init_command(call: Call) -> Ended:
    from automations.branchfile import branch_of
    from automations.byhand import nobody_else
    from automations.config import load
    from automations.setup import init_of
    from automations.wiring import world_from

    arguments = call.arguments
    config = branch_of(load(arguments.root), arguments.branch)
    plan = partial(init_of, config, arguments.workbook, upgrade=arguments.upgrade, tables=arguments.tables)
    if not arguments.yes:
        result = plan()
        return ended(call, result, NOTHING if result.empty else CHANGES)
    with nobody_else(config, lambda: world_from(config, workbook=arguments.workbook), call.now(config), call.utc):
        return ended(call, plan(do=True), NOTHING)


def setup_command(call: Call) -> Ended:
    from automations.servicefiles import service_files
    from automations.settingup import set_up

    arguments = call.arguments
    if arguments.service:
        return ended(call, service_files(arguments.root, arguments.service))
    now = arguments.now or call.utc().replace(tzinfo=None, microsecond=0)
    result = set_up(arguments.root, call.voice, now, arguments.answers)
    return ended(call, result, OUTSIDE if result.faults else NOTHING)


def takeover_command(call: Call) -> Ended:
    from automations.takeover import takeover

    result = takeover(call.world(), do=call.arguments.yes)
    return ended(call, result, CHANGES if result.state == "theirs" else NOTHING)


def doctor_command(call: Call) -> Ended:
    from automations.doctor import doctor

    arguments = call.arguments
    result = doctor(arguments.root, arguments.workbook, call.now, arguments.branch)
    return ended(call, result, OUTSIDE if result.failed else NOTHING)
