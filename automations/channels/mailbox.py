"""What a mailbox promises: it is only read, and says which mails were sent and which came back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from automations.errors import OutsideFailed


class MailboxFailed(OutsideFailed):
    """The mailbox did not let us in, or did not answer. Nothing depends on it: the next run asks again."""


@dataclass(frozen=True)
class Arrivals:
    """Reports of delivery that arrived, as bytes, oldest first; `mark` is how far the mailbox has been read."""

    reports: Sequence[bytes]
    mark: str


class Mailbox(Protocol):
    """The mailbox of the sender. Every method raises `MailboxFailed`."""

    @property
    def name(self) -> str:
        """What the mailbox is called in messages and in the ledger."""

    @property
    def saves_sent(self) -> bool:
        """Whether every mail that the service takes is filed among the sent ones, so that absence can mean something."""

    def sent(self, message_ids: Sequence[str]) -> Collection[str]:
        """Those of these message ids that stand in the folder of sent mails."""

    def reports(self, mark: str, since: date) -> Arrivals:
        """Reports of delivery that arrived after `mark`; without a mark, or when it means nothing any more, since that day."""

    def close(self) -> None:
        """Let go of the connection. The mailbox may be used again."""
