"""Settings and ledger into a workbook at Google; apart, so that nobody else pays for importing it."""

from __future__ import annotations

import platform
import zlib
from pathlib import Path

from automations.apart import as_tabs
from automations.config import Config
from automations.generation import installation
from automations.ledgers.protocol import Ledger
from automations.workbooks.google import GoogleWorkbook
from automations.workbooks.googlecredentials import SignedIn, sign_in
from automations.workbooks.googlehttp import SHEETS, SheetsHttp
from automations.workbooks.googleowner import Holder, Passing
from automations.workbooks.googlepace import Clock, Paces, SharedPace, pace_of
from automations.workbooks.googlesheet import Spreadsheet
from automations.workbooks.protocol import header_text
from automations.workbooksettings import spreadsheet_id


class Installation:
    """This installation, known to spreadsheets by an id that its ledger keeps; what it remembers of them is in the ledger too."""

    def __init__(self, ledger: Ledger, label: str) -> None:
        self.label, self._ledger = label, ledger
        self.id = installation(ledger)

    def recall(self, name: str) -> str:
        return self._ledger.meta(f"google {name}") or ""

    def remember(self, name: str, text: str) -> None:
        self._ledger.set_meta(f"google {name}", text)


def google_workbook(config: Config, ledger: Ledger, name: str, *, looking: bool = False, clock: Clock | None = None) -> GoogleWorkbook:
    """The spreadsheets of the settings as one workbook. Nothing is sent before it is read.

    Raises KeyUnusable where the credentials cannot be used.
    """
    holder: Holder = Passing("looking") if looking else Installation(ledger, f"{platform.node()}, {config.root.name}")
    http = google_door(config, holder.id, clock, ledger)
    places = config.settings.workbook.places
    sheets = [Spreadsheet(http, spreadsheet_id(place), titles_of(config, place)) for place in places]
    return GoogleWorkbook(sheets, name, holder, keep_in=None if looking else structures_in(config), patient=not looking)


def structures_in(config: Config) -> Path:
    """The folder where the structures of spreadsheets are kept between two runs."""
    return config.ledger_place.parent / "google"


def google_door(config: Config, seed: str = "", clock: Clock | None = None, ledger: Ledger | None = None) -> SheetsHttp:
    """The door to Google by the settings: credentials, pace, time-outs, and the stand-in while developing.

    With a ledger that other machines share, the pace is kept there, for all of them together.
    """
    settings = config.settings.workbook
    signed = signed_in(config)
    return SheetsHttp(
        signed.credentials,
        signed.account,
        endpoint=settings.development.endpoint if settings.development else SHEETS,
        timeout=(10, settings.timeout_seconds),
        pace=_pace(config, signed.account, ledger),
        clock=clock,
        seed=zlib.crc32(seed.encode()),
        language=config.language,
    )


def _pace(config: Config, account: str, ledger: Ledger | None) -> Paces:
    limits = config.settings.workbook.calls_per_minute, config.settings.workbook.project_calls_per_minute
    if config.on_server and ledger is not None:
        from automations.wiring import shared_beside

        if (shared := shared_beside(ledger)) is not None:
            return SharedPace(shared.quotas, account, *limits)
    return pace_of(*limits)


def signed_in(config: Config) -> SignedIn:
    """The credentials of the settings; a file is found from the project's folder."""
    settings = config.settings.workbook
    assert settings.credentials is not None
    return sign_in(settings.credentials.place.inside(config.root), development=settings.development is not None)


def titles_of(config: Config, place: str) -> frozenset[str] | None:
    """The tab titles that are read from a spreadsheet: those of the tables listed under it, or all."""
    listed = config.settings.workbook.spreadsheets.get(place)
    if listed is None:
        return None
    tables = as_tabs(config.tables[name] for name in listed)
    return frozenset(header_text(title) for table in tables for title in (table.name, *table.title.values(), *table.aliases))
