"""Commands about what runs by itself."""

from __future__ import annotations

from automations.command import NOTHING, OUTSIDE, Call, Ended, ended


def schedule_command(call: Call) -> Ended:
    from automations.config import load
    from automations.upcoming import upcoming

    config = load(call.arguments.root)
    return ended(call, upcoming(config, call.now(config), call.arguments.until))


def serve_command(call: Call) -> Ended:
    from automations.serving import serve

    serve(call.arguments.root, call.utc, call.err, as_json=call.arguments.log_json)
    return Ended()


def status_command(call: Call) -> Ended:
    from automations.serving import status

    result = status(call.arguments.root, call.now)
    return ended(call, result, NOTHING if result.healthy else OUTSIDE)


def backup_command(call: Call) -> Ended:
    from automations.backups import backup

    world, arguments = call.world(looking=call.arguments.action == "list"), call.arguments
    return ended(call, backup(world, arguments.action, arguments.name, call.now(world.config)))
