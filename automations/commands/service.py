"""Commands about what runs by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from automations.command import NOTHING, OUTSIDE, Call, Ended, ended

if TYPE_CHECKING:
    from automations.run import World

LANES = ("tables", "mail", "keeping")


def schedule_command(call: Call) -> Ended:
    from automations.config import load
    from automations.upcoming import upcoming

    config = load(call.arguments.root)
    return ended(call, upcoming(config, call.now(config), call.arguments.until))


def serve_command(call: Call) -> Ended:
    from automations.serving import serve

    serve(call.arguments.root, call.utc, call.err, as_json=call.arguments.log_json)
    return Ended()


def worker_command(call: Call) -> Ended:
    from automations.serving import beginning
    from automations.working import work

    lanes = call.arguments.lanes or LANES
    work(beginning(call.arguments.root), call.utc, call.err, lanes, as_json=call.arguments.log_json)
    return Ended()


def fleet_command(call: Call) -> Ended:
    from automations.config import load
    from automations.working import standings

    result = standings(load(call.arguments.root), call.utc())
    return ended(call, result, NOTHING if result.healthy else OUTSIDE)


def ledger_command(call: Call) -> Ended:
    from automations.config import load
    from automations.moving import move

    arguments = call.arguments
    return ended(call, move(load(arguments.root), arguments.branch, arguments.action, arguments.file))


def status_command(call: Call) -> Ended:
    from automations.serving import status

    result = status(call.arguments.root, call.now)
    return ended(call, result, NOTHING if result.healthy else OUTSIDE)


def backup_command(call: Call) -> Ended:
    from automations.backups import backup

    world, arguments = call.world(looking=call.arguments.action == "list"), call.arguments
    if arguments.action == "confirm":
        return _confirmed(call, world)
    return ended(call, backup(world, arguments.action, arguments.name, call.now(world.config)))


def _confirmed(call: Call, world: World) -> Ended:
    from automations.byhand import alone
    from automations.oldledger import confirmed
    from automations.outbox import signed

    now, arguments = call.now(world.config), call.arguments
    with alone(world, now, call.utc) as held:
        return ended(call, confirmed(held, now, signed(arguments.why, arguments.by, now), told=arguments.told))
