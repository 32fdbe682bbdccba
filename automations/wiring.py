"""Settings into parts: the one importer of workbooks, channels and ledgers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from automations.branchfile import branch_of
from automations.channels.folder import FolderChannel
from automations.channels.mailbox import Mailbox
from automations.channels.presets import Server
from automations.channels.protocol import Channel
from automations.config import Config, load
from automations.declarations import SERVER, place_of
from automations.errors import LedgerFailed
from automations.generation import Marks, marks_beside
from automations.judging import Judge
from automations.ledgers.memory import MemoryLedger
from automations.ledgers.protocol import Ledger
from automations.ledgers.sqlite import SqliteLedger
from automations.rendering import Renderer
from automations.run import World
from automations.workbooks.protocol import Workbook
from automations.workbooks.xlsx import XlsxWorkbook
from automations.workbooksettings import spreadsheet_id


def world_of(
    root: Path,
    *,
    workbook: Path | None = None,
    outbox: Path | None = None,
    ledger: Path | None = None,
    branch: str = "",
    looking: bool = False,
) -> World:
    """The parts for a project folder, or a branch of it; `looking` opens the ledger only if it is there, so that nothing is created.

    `workbook`, `outbox` and `ledger` take the place of what the settings say.

    Raises ConfigProblems with every fault of the configuration and the templates.
    """
    return world_from(branch_of(load(root), branch), workbook=workbook, outbox=outbox, ledger=ledger, looking=looking)


def world_from(
    config: Config, *, workbook: Path | None = None, outbox: Path | None = None, ledger: Path | None = None, looking: bool = False
) -> World:
    """The parts for a configuration that is loaded already."""
    kept = ledger_of(config, ledger, looking=looking)
    book = workbook_of(config, kept, workbook, apart=ledger is not None, looking=looking)
    mailbox = mailbox_of(config) if outbox is None else None
    marks = marks_of(config, ledger, workbook)
    papers = outbox.parent / "papers" if outbox else papers_of(config)
    parts = (config, book, kept, channel_of(config, outbox), renderer_of(config), judge_of(config))
    return World(*parts, mailbox, marks=marks, papers=papers)


def world_with(config: Config, kept: Ledger, judge: Judge, renderer: Renderer) -> World:
    """The world of a ledger that is open already, sharing what judges and the templates with others of the same configuration."""
    book, marks = workbook_of(config, kept), marks_of(config)
    return World(config, book, kept, channel_of(config), renderer, judge, mailbox_of(config), marks=marks, papers=papers_of(config))


def papers_of(config: Config) -> Path:
    """Where papers for meetings are kept; those of a branch in a folder of its own."""
    return config.root / config.settings.papers / config.branch


def judge_of(config: Config) -> Judge:
    """What judges under a configuration; it keeps the program warm, for one thread at a time."""
    return Judge(config.program, config.evaluator, config.calendar, config.tables)


def renderer_of(config: Config) -> Renderer:
    """The templates of notices."""
    return Renderer((config.source or config.root) / "templates" / "notices")


def marks_of(config: Config, ledger: Path | None = None, workbook: Path | None = None) -> Marks:
    """Where the count outside the ledger stands: beside it, and beside a workbook that is a file."""
    settings = config.settings.workbook
    file = workbook or (config.root / settings.path if settings.kind == "xlsx" else None)
    return marks_beside(ledger or config.ledger_place, file)


def workbook_of(config: Config, ledger: Ledger, path: Path | None = None, *, apart: bool = False, looking: bool = False) -> Workbook:
    """Where the tables live by the settings; a file named here takes its place. `apart` has a ledger of its own."""
    settings = config.settings.workbook
    if settings.kind == "google" and path is None:
        from automations.googlewiring import google_workbook

        return google_workbook(config, ledger, workbook_name(config), looking=looking)
    file = path or config.root / settings.path
    return XlsxWorkbook(file, known_as=file.name if apart else workbook_name(config, file), language=config.language)


def workbook_name(config: Config, path: Path | None = None) -> str:
    """The name the ledger of the settings knows the workbook by."""
    settings = config.settings.workbook
    if settings.kind == "google" and path is None:
        return f"google:{spreadsheet_id(settings.places[0])}"
    return known_as(config.root, path or config.root / settings.path)


def channel_of(config: Config, outbox: Path | None = None) -> Channel:
    """How mail leaves by the settings; a folder named here takes its place."""
    mail = config.settings.mail
    if mail.kind == "smtp" and outbox is None:
        from automations.channels.smtp import SmtpChannel

        return SmtpChannel(in_project(mail.server, config), mail.sender, mail.reach)
    return FolderChannel(outbox or config.root / mail.path, mail.sender)


def mailbox_of(config: Config) -> Mailbox | None:
    """The sender's mailbox, where mail leaves over SMTP and the settings name one."""
    mail = config.settings.mail
    if mail.kind != "smtp" or mail.box is None:
        return None
    from automations.channels.imap import ImapMailbox

    return ImapMailbox(replace(mail.box, server=in_project(mail.box.server, config)))


def in_project(server: Server, config: Config) -> Server:
    """The server with the file of its consent found from the project's folder, and its newer tokens kept beside the ledger."""
    if server.consent is None:
        return server
    place = server.consent.place.inside(config.root)
    return replace(server, consent=replace(server.consent, place=place, renewed=config.ledger_place.parent))


def known_as(root: Path, path: Path) -> str:
    """The name the ledger of the settings knows a workbook by: its path from the project folder, or the whole path outside it."""
    whole = path.resolve()
    return whole.relative_to(root).as_posix() if whole.is_relative_to(root) else whole.as_posix()


def ledger_of(config: Config, ledger: Path | None = None, *, looking: bool = False) -> Ledger:
    """The ledger of the settings, or this one; an empty one in memory when only looking and there is none yet."""
    return ledger_at(config.root, str(ledger or config.settings.ledger), config.branch, looking=looking)


def ledger_at(root: Path, kept: str, branch: str = "", *, looking: bool = False) -> Ledger:
    """The ledger at a place as the settings write it: a file, or the address of a server with the schema of the branch."""
    if kept.startswith(SERVER):
        return server_ledger(kept, schema_of(branch), looking=looking)
    path = place_of(root, kept, branch)
    return MemoryLedger() if looking and not path.is_file() else SqliteLedger(path)


def server_ledger(url: str, schema: str, *, looking: bool = False) -> Ledger:
    """A ledger on a server; apart, so that nobody else needs the driver.

    Raises LedgerFailed where the driver is not installed.
    """
    try:
        from automations.ledgers.postgres import PostgresLedger
        from automations.ledgers.server import has_ledger
    except ImportError as error:
        raise LedgerFailed(
            f"a ledger on a server needs packages that are not installed ({error.name}): pip install 'rowkeeper[fleet]'."
        ) from error
    return MemoryLedger() if looking and not has_ledger(url, schema) else PostgresLedger(url, schema)


def shared_beside(ledger: Ledger) -> Ledger | None:
    """Where all workbooks of a server keep what they share; None for a ledger that is no server's."""
    from automations.ledgers.postgres import PostgresLedger

    return ledger.beside(schema_of("")) if isinstance(ledger, PostgresLedger) else None


def schema_of(branch: str) -> str:
    """The schema that holds the ledger of a branch, or of a project that has no branches."""
    return f"rowkeeper_{branch}".replace("-", "_") if branch else "rowkeeper"
