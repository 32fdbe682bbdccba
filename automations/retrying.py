"""When a mail that did not leave is tried again, and when it is given up."""

from __future__ import annotations

from datetime import datetime, timedelta

from automations.channels.protocol import AddressRefused, MailUncertain, MailWaits
from automations.errors import MailFailed
from automations.ledgers.protocol import Ledger, MailRecord, MailState
from automations.suppression import REST

LADDER = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 360, 360))
"""How long a mail waits after each of its tries: about a day in all. After the last one it has failed."""
GIVEN_UP = "tried {tries} times, given up"


def left_as(error: MailFailed) -> MailState:
    """The state of a mail that did not certainly leave."""
    return "pending" if isinstance(error, MailWaits) else "unknown" if isinstance(error, MailUncertain) else "failed"


def settle_failure(record: MailRecord, error: MailFailed, ledger: Ledger, now: datetime | None) -> bool:
    """Keep in the ledger what became of a mail that did not leave; whether it will never go as it is.

    What `stops` a batch is the server's trouble and no try of this mail: it is asked again with the next run, as often as it takes.
    """
    message_id, state = record.mail.message_id, left_as(error)
    if isinstance(error, AddressRefused):
        _suppress(record, error, ledger, now or record.mail.sent_at)
    elif state != "pending":
        ledger.settle_mail(message_id, state, str(error))
    elif now is None or (isinstance(error, MailWaits) and error.stops):
        ledger.put_off(message_id, str(error), None, counted=False)
    elif record.tries < len(LADDER):
        ledger.put_off(message_id, str(error), now + LADDER[record.tries], counted=True)
    else:
        state = "failed"
        ledger.settle_mail(message_id, state, f"{error}; {GIVEN_UP.format(tries=record.tries + 1)}")
    return state == "failed"


def _suppress(record: MailRecord, error: AddressRefused, ledger: Ledger, now: datetime) -> None:
    """Both in one commit: a mail that failed for its address, and an address that others must be told instead of."""
    with ledger.at_once():
        ledger.suppress(record.mail.to.strip(), now, now + REST, error.reason)
        ledger.settle_mail(record.mail.message_id, "failed", str(error))
