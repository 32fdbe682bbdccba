"""What every channel promises: one mail goes out at most once, and the reply is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from automations.errors import MailFailed
from automations.model import Mail

ALREADY_THERE = "already there"
"""The reply to a message id that went this way before; nothing was sent again."""

AboutTo = Callable[[], bool]
"""Called once, right before the step that cannot be taken back; False says that somebody else has this mail: let it be."""


def at_will() -> bool:
    """Nobody else could have the mail."""
    return True


class MailWaits(MailFailed):
    """The mail certainly did not leave and may be tried again later; `stops` when the next mail would fare no better."""

    def __init__(self, words: str, *, stops: bool = False) -> None:
        super().__init__(words)
        self.stops = stops


class MailUncertain(MailFailed):
    """The mail may have left or not: a person decides, nobody sends it again before; `stops` as in `MailWaits`."""

    def __init__(self, words: str, *, stops: bool = False) -> None:
        super().__init__(words)
        self.stops = stops


class AddressRefused(MailFailed):
    """Nobody is at this address, the server says: it is left out of mails for a while."""

    def __init__(self, words: str, reason: str) -> None:
        super().__init__(words)
        self.reason = reason


class MailTaken(MailFailed):
    """Another run has this mail; nothing was sent."""


class Channel(Protocol):
    """A way for mail to leave."""

    @property
    def name(self) -> str:
        """The word for this channel in settings and in the ledger."""

    @property
    def never_twice(self) -> bool:
        """Whether the channel itself knows which message ids went out, so that an uncertain mail may be handed to it again."""

    def send(self, mail: Mail, about_to: AboutTo = at_will) -> str:
        """Send one mail and return the reply to keep beside it.

        `about_to` is called when all that can fail harmlessly is done. Raises `MailFailed` when the mail will never go as it is,
        `MailWaits` when it did not go now, `MailUncertain` when nobody can tell, `MailTaken` when `about_to` said no.
        """

    def lanes(self, waiting: int, /) -> Sequence[Channel]:
        """Ways to send so many mails side by side, each for a thread of its own; itself alone where there is only one way."""

    def close(self) -> None:
        """End a batch: finish what is put off, let go of connections. The channel may be used again."""
