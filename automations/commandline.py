"""The words of the command line: every command with its arguments, without a line of what it does."""

from __future__ import annotations

import argparse
import re
from datetime import datetime
from pathlib import Path
from typing import Any

ABOUT = """Rowkeeper (表管家) keeps a team's shared tables in line with its written policies.

first:   runner.py demo                  a workbook, a simulated month and its mails, no account needed
daily:   runner.py check | plan | run    check config/, look before you leap, do it
asking:  runner.py explain complaints TS-20260917-003
back:    runner.py history | undo 12
"""
ENDING = """exit codes: 0 done or nothing to do, 1 findings at fail level (--strict), 2 changes planned,
            3 configuration, 4 brake, 5 outside, 6 needs a person"""


MAIL_STATES = ("pending", "sending", "sent", "failed", "unknown", "draft", "held", "released", "dropped", "withdrawn", "suppressed")


BRANCHED = (
    *("plan", "run", "explain", "history", "undo", "preview", "digest", "form", "outbox", "backup", "takeover", "ledger"),
    *("init", "doctor", "status"),
)
"""Commands about one workbook, whichever of several it is."""


class Command(argparse.ArgumentParser):
    """A command whose KEYs may stand before or after its options."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[argparse.Namespace, list[str]]:  # type: ignore[override]  # an overload upstream
        """As argparse does, which takes a list of words only where it begins."""
        found, rest = super().parse_known_args(args, namespace)
        if isinstance(keys := getattr(found, "row", None), list):
            found.row = [*keys, *(word for word in rest if not word.startswith("-"))]
            rest = [word for word in rest if word.startswith("-")]
        return found, rest


def parser(root: Path) -> argparse.ArgumentParser:
    """The whole command line; `root` is the project folder when none is given."""
    top = argparse.ArgumentParser(prog="runner.py", description=ABOUT, epilog=ENDING, formatter_class=argparse.RawDescriptionHelpFormatter)
    words = top.add_subparsers(title="commands", required=True, metavar="COMMAND", dest="command", parser_class=Command)

    demo = _command(words, "demo", "write a demo workbook, run a simulated month over it, say what to look at")
    demo.add_argument("--folder", type=Path, default=Path("demo"), help="where the demo goes (default: demo; made anew each time)")

    setup = _command(words, "setup", "ask what an installation needs to know, try each answer, write config/settings.yaml", clock=True)
    setup.add_argument("--answers", type=Path, metavar="FILE", help="take the answers from a YAML file instead of asking")
    setup.add_argument(
        "--service", choices=("systemd", "docker", "windows"), help="write the files that let serve run by itself, and say how"
    )

    init = _command(words, "init", "create the workbook, or add missing tabs and columns to it; shows its plan first")
    init.add_argument("--yes", action="store_true", help="do it; without this only the plan is shown")
    init.add_argument("--tables", metavar="A,B", type=_names, default=(), help="of the tabs that lack only these, by name or title")
    init.add_argument("--upgrade", action="store_true", help="only add to a workbook that is there, never create one")

    check = _command(words, "check", "check config/ and templates/, run every example of the policies")
    check.add_argument("--quick", action="store_true", help="leave the examples out")
    check.add_argument("--only", nargs="+", metavar="NAME", help="only the examples of these policies or packs")
    check.add_argument("--prove", action="store_true", help="switch every rule off in turn: an example must notice (minutes)")

    plan = _command(words, "plan", "show exactly which cells and mails would change and why; touches nothing", clock=True)
    plan.add_argument("--html", type=Path, help="write the plan as a page to this file too")
    plan.add_argument("--all", action="store_true", help="list every change, not the first of each table")

    run = _command(words, "run", "do what plan shows: fill our columns, put mails into the outbox", clock=True)
    run.add_argument("--force", action="store_true", help="go on although a brake tripped")
    _person(run, "the reason, kept in the history beside a brake that was forced")
    run.add_argument("--strict", action="store_true", help="exit with 1 when a finding is at fail level")

    about = "every rule that spoke of a row, with its inputs and arithmetic; and why others were silent"
    explain = _command(words, "explain", about, clock=True)
    explain.add_argument("table", help="a table, by its name in config/ or its tab title")
    explain.add_argument("key", help="the row's key, for example TS-20260917-003")
    explain.add_argument("--all", action="store_true", help="rules that were checked and found nothing, too")

    schedule = _command(words, "schedule", "the next runs of every automation in order, and why one is moved", clock=True)
    schedule.add_argument("--until", type=_moment, help="how far ahead, for example 2026-12-31 (default: seven days)")

    serve = _command(words, "serve", "run every automation when it is due, until stopped; one line per decision on standard error")
    serve.add_argument("--log-json", action="store_true", help="the lines as JSON, for programs")

    worker = _command(words, "worker", "run what is due together with other workers, on this machine and others, until stopped")
    worker.add_argument("--log-json", action="store_true", help="the lines as JSON, for programs")
    worker.add_argument("--lanes", nargs="+", choices=("tables", "mail", "keeping"), help="only these (default: all)")

    fleet = _command(words, "fleet", "how every workbook of config/branches stands, and who works")
    fleet.add_argument("action", nargs="?", default="status", choices=("status",), help="default: status")

    ledger = _command(words, "ledger", "the whole ledger out into a file, or from a file into an empty one; both are compared")
    ledger.add_argument("action", choices=("export", "import"), help="out of the ledger of the settings, or into it")
    ledger.add_argument("file", type=Path, help="a file of SQLite")

    backup = _command(words, "backup", "copies of the ledger and the workbook: list them, make one, bring one back", clock=True)
    backup.add_argument("action", nargs="?", default="list", choices=("list", "now", "restore", "confirm"), help="default: list")
    backup.add_argument("name", nargs="?", help="for restore: a copy as listed")
    backup.add_argument("--yes", action="store_true", help="for restore: do it; without this only what would change is shown")
    backup.add_argument("--beside", action="store_true", help="for restore: only lay the copy beside what is in use, to look into it")
    backup.add_argument("--told", action="store_true", help="for confirm: what is held counts as told and is not sent")
    _person(backup, "for confirm: the reason, kept beside the mails")

    _command(words, "status", "when each automation last did well, what is next, what failed", clock=True)

    kinds = _command(words, "kinds", "the manual of the kinds of rule")
    kinds.add_argument("kind", nargs="?", help="one kind only")

    coverage = _command(words, "coverage", "which catalogue entries are automated, by which rule and example")
    coverage.add_argument("--all", action="store_true", help="every entry, not only the counts")

    policies = _command(words, "policies", "the policies as configured, in prose: numbers in force, clauses, who is told when", clock=True)
    policies.add_argument("--html", type=Path, help="write them as a page to this file, to print or to lay beside the written policies")
    policies.add_argument("--language", choices=("zh", "en"), help="default: the language of the settings")

    history = _command(words, "history", "the runs so far, what one run wrote, or with 'config' how the configuration changed")
    history.add_argument("run", nargs="?", type=_run_or_config, help="a run's number, or 'config'")
    history.add_argument("--limit", type=int, default=20, help="how many runs to list (default 20)")

    undo = _command(words, "undo", "write back what a run overwrote, wherever its value still stands", clock=True)
    undo.add_argument("run", type=int, help="the run's number, see history")

    preview = _command(words, "preview", "a mail as its template words it, with sample data or with a row", clock=True)
    preview.add_argument("notice", help="a template, for example deadline-late; 'several' is many notices in one mail")
    preview.add_argument("row", nargs="*", metavar="KEY", help="show a row instead of sample data: its key, or its table and its key")
    preview.add_argument("--language", choices=("zh", "en"), help="default: the language of the settings")
    preview.add_argument("--html", type=Path, help="write the page to this file too")
    preview.add_argument("--png", type=Path, help="draw the page into this file too; needs Chromium")
    preview.add_argument("--width", type=int, choices=(390, 700), default=700, help="pixels of the picture: a telephone or a window")
    preview.add_argument("--dark", action="store_true", help="the picture in dark mode")

    about = "the digests: a list of them, one as its reader would get it now, or the sending of those that are due"
    digest = _command(words, "digest", about, clock=True)
    digest.add_argument("name", nargs="?", help="a digest, for example manager")
    digest.add_argument("--for", dest="reader", default="", help="the reader: a name, a staff number or an address (default: the first)")
    digest.add_argument("--send", action="store_true", help="send what is due and was not sent yet, of this name or all")
    digest.add_argument("--paper", action="store_true", help="keep it as a page for a meeting, in the folder of the settings")
    digest.add_argument("--language", choices=("zh", "en"), help="default: the reader's language")
    digest.add_argument("--html", type=Path, help="write the page to this file too")
    digest.add_argument("--png", type=Path, help="draw the page into this file too; needs Chromium")
    digest.add_argument("--width", type=int, choices=(390, 700, 900), default=700, help="pixels of the picture: a telephone or a window")
    digest.add_argument("--dark", action="store_true", help="the picture in dark mode")

    form = _command(words, "form", "a printed form of a row as a Word file; without words, the forms there are", clock=True)
    form.add_argument("words", nargs="*", metavar="NAME KEY", help="the form, for example dispatch-notice, and the row's key (or a month)")
    form.add_argument("--due", action="store_true", help="make every form that is due by itself and was not made yet")
    form.add_argument("--out", type=Path, help="the file to write (default: a stable name in the folder of the settings)")
    form.add_argument("--pdf", action="store_true", help="write a PDF beside it; needs LibreOffice")
    form.add_argument("--language", choices=("zh", "en"), help="default: the language of the settings")

    about = "the mails: what left, what waits for whom, what a person must settle; ids may be shortened"
    outbox = _command(words, "outbox", about, clock=True)
    actions = ("list", "show", "release", "retry", "drop", "resolve", "suppressed", "lift")
    outbox.add_argument("action", nargs="?", default="list", choices=actions, help="default: list")
    outbox.add_argument("mail", nargs="?", metavar="ID", help="a mail's id as listed, or its first letters; for lift an address")
    outbox.add_argument("answer", nargs="?", choices=("sent", "not-sent"), help="for resolve: what you found out")
    outbox.add_argument("--by-evidence", action="store_true", help="for resolve: by what stands in the sender's mailbox (mail.imap)")
    outbox.add_argument("--all-held", action="store_true", help="for release: every mail that a brake held")
    _person(outbox, "the reason, kept beside the mail; drop and resolve need it")
    outbox.add_argument("--state", choices=MAIL_STATES, help="list only these")
    outbox.add_argument("--folder", type=Path, help="for list: write these mails there too, to be read: open index.html")
    outbox.add_argument("--limit", type=int, default=50, help="how many to list, newest first (default 50)")

    takeover = _command(words, "takeover", "become the installation that keeps the workbook at Google; shows first who does")
    takeover.add_argument("--yes", action="store_true", help="do it; without this it is only said who keeps it")

    _command(words, "doctor", "is everything there to run: configuration, calendar, workbook, ledger, outbox", clock=True)
    schema = _command(words, "schema", "write the JSON Schemas of the configuration files, for editors")
    schema.add_argument("--folder", type=Path, default=Path("config/schemas"), help="default: config/schemas")
    for each in words.choices.values():
        each.set_defaults(root=root)
    return top


def _person(command: argparse.ArgumentParser, reason: str) -> None:
    """Whose word it is, and why."""
    command.add_argument("--why", "--reason", default="", help=reason)
    command.add_argument("--by", default="", help="whose word it is (default: who is signed in on this machine)")


def _command(words: Any, name: str, text: str, *, clock: bool = False) -> argparse.ArgumentParser:
    each: argparse.ArgumentParser = words.add_parser(name, help=text, description=text)
    each.add_argument("--root", type=Path, help="the project folder with config/ and templates/")
    each.add_argument("--workbook", type=Path, help="another workbook than the one in config/settings.yaml")
    if name in BRANCHED:
        each.add_argument("--branch", default="", help="one of the workbooks listed in config/branches")
    each.add_argument("--json", action="store_true", help="print the result as JSON")
    if clock:
        each.add_argument("--now", type=_moment, help="freeze the clock, for example '2026-09-30 08:30'")
    return each


def _run_or_config(text: str) -> int | str:
    if text == "config" or text.isdigit():
        return text if text == "config" else int(text)
    raise argparse.ArgumentTypeError(f"'{text}' is neither a run's number nor 'config'")


def _names(text: str) -> tuple[str, ...]:
    """Names between commas, also Chinese ones."""
    return tuple(name.strip() for name in re.split("[,，、]", text) if name.strip())


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a moment; write for example '2026-09-30 08:30'") from None
