"""Commands about the configuration: is it right, what does it say, what does it cover."""

from __future__ import annotations

from automations.command import CONFIG, NOTHING, Call, Ended, as_json, ended, said


def check_command(call: Call) -> Ended:
    from automations.checking import check

    arguments = call.arguments
    only = tuple(arguments.only or ())
    result = check(arguments.root, examples=not arguments.quick, prove=arguments.prove, only=only, progress=call.progress)
    result = result.on(call.now(result.config).date()) if result.config and not only else result
    return ended(call, result, CONFIG if result.problems or result.unnoticed else NOTHING)


def kinds_command(call: Call) -> Ended:
    from automations.manual import kinds_data, kinds_text

    return said(call, lambda: kinds_data(call.arguments.kind), lambda: kinds_text(call.arguments.kind))


def coverage_command(call: Call) -> Ended:
    from automations.config import load
    from automations.coverage import coverage

    found = coverage(load(call.arguments.root))
    return said(call, found.data, lambda: found.text(everything=call.arguments.all))


def policies_command(call: Call) -> Ended:
    from automations.config import load
    from automations.policybook import book_html, book_of, book_text

    arguments = call.arguments
    config = load(arguments.root)
    book = book_of(config, call.now(config).date(), arguments.language or config.language)
    if arguments.html:
        arguments.html.write_text(book_html(book, arguments.root), encoding="utf-8")
        return Ended()
    return said(call, book.data, lambda: book_text(book))


def schema_command(call: Call) -> Ended:
    from automations.schemas import write_schemas

    files = [str(file) for file in write_schemas(call.arguments.folder)]
    return Ended(as_json(files) if call.arguments.json else "\n".join(files))
