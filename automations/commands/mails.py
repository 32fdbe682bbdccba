"""Commands about mails: how one looks, and what became of those that were to be sent."""

from __future__ import annotations

from automations.command import Call, Ended, ended


def preview_command(call: Call) -> Ended:
    from automations.previewing import preview

    world, arguments = call.world(looking=True), call.arguments
    result = preview(world, arguments.notice, arguments.row, call.now(world.config), arguments.language)
    result.write(arguments.html, arguments.png, width=arguments.width, dark=arguments.dark)
    return ended(call, result)


def digest_command(call: Call) -> Ended:
    from automations.byhand import alone
    from automations.digestview import digest

    arguments = call.arguments
    world = call.world(looking=not arguments.send)
    now, names = call.now(world.config), ("name", "reader", "send", "language", "html", "png", "width", "dark", "paper")
    how = {name: getattr(arguments, name) for name in names}
    if not arguments.send:
        return ended(call, digest(world, now, **how))
    with alone(world, now, call.utc) as held:
        return ended(call, digest(held, now, **how))


def outbox_command(call: Call) -> Ended:
    from automations.channels.folder import FolderChannel
    from automations.outbox import Outbox, outbox, signed

    arguments = call.arguments
    world = call.world(looking=arguments.action in ("list", "show", "suppressed"))
    person = signed(arguments.why, arguments.by, call.now(world.config))
    how = {name: getattr(arguments, name) for name in ("action", "mail", "answer", "state", "limit", "all_held", "by_evidence")}
    result = outbox(world.ledger, world.config.language, person=person, mailbox=world.mailbox, **how)
    if arguments.folder and isinstance(result, Outbox):
        FolderChannel(arguments.folder, world.config.settings.mail.sender).lay_out(record.mail for record in result.mails)
    return ended(call, result)
