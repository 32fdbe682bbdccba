"""Commands about what runs by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from automations.command import CHANGES, NOTHING, OUTSIDE, Call, Ended, ended
from automations.errors import OutsideFailed
from automations.model import Words

if TYPE_CHECKING:
    from automations.run import World

LANES = ("tables", "mail", "keeping")
NO_EXTRA: Words = {
    "zh": "缺少软件包 {name}：多台机器一起运行要先安装 pip install 'rowkeeper[fleet]'",
    "en": "the package {name} is not installed: several machines need pip install 'rowkeeper[fleet]'",
}


@contextmanager
def extra(language: str) -> Iterator[None]:
    """Imports of what only several machines need. Raises OutsideFailed with the way out where it is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise OutsideFailed(NO_EXTRA[language].format(name=(error.name or "").partition(".")[0])) from error


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

    arguments, began = call.arguments, beginning(call.arguments.root)
    with extra(began.config.language):
        from automations.working import work
    work(began, call.utc, call.err, arguments.lanes or LANES, as_json=arguments.log_json)
    return Ended()


def fleet_command(call: Call) -> Ended:
    from automations.config import load

    config = load(call.arguments.root)
    with extra(config.language):
        from automations.working import standings
    result = standings(config, call.utc())
    return ended(call, result, NOTHING if result.healthy else OUTSIDE)


def ledger_command(call: Call) -> Ended:
    from automations.config import load
    from automations.moving import move

    arguments = call.arguments
    return ended(call, move(load(arguments.root), arguments.branch, arguments.action, arguments.file))


def status_command(call: Call) -> Ended:
    from automations.serving import status

    result = status(call.arguments.root, call.now, call.arguments.branch)
    return ended(call, result, NOTHING if result.healthy else OUTSIDE)


def backup_command(call: Call) -> Ended:
    from automations.backups import backup

    arguments = call.arguments
    if arguments.action == "restore" and not arguments.beside:
        return _restored(call)
    world = call.world(looking=arguments.action == "list")
    if arguments.action == "confirm":
        return _confirmed(call, world)
    action = "beside" if arguments.beside else arguments.action
    return ended(call, backup(world, action, arguments.name, call.now(world.config)))


def _restored(call: Call) -> Ended:
    from automations.branchfile import branch_of
    from automations.config import load
    from automations.restoring import restored

    arguments = call.arguments
    config = branch_of(load(arguments.root), arguments.branch)
    world = partial(call.world, looking=not arguments.yes)
    result = restored(config, arguments.name or "", call.now(config), call.utc, world, do=arguments.yes)
    return ended(call, result, NOTHING if result.kept else CHANGES)


def _confirmed(call: Call, world: World) -> Ended:
    from automations.byhand import alone
    from automations.oldledger import confirmed
    from automations.outbox import signed

    now, arguments = call.now(world.config), call.arguments
    with alone(world, now, call.utc) as held:
        return ended(call, confirmed(held, now, signed(arguments.why, arguments.by, now), told=arguments.told))
