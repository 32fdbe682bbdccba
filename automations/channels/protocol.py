"""What every channel promises: one mail goes out at most once, and the reply is kept."""

from __future__ import annotations

from typing import Protocol

from automations.model import Mail

ALREADY_THERE = "already there"
"""The reply to a message id that went this way before; nothing was sent again."""


class Channel(Protocol):
    """A way for mail to leave."""

    @property
    def name(self) -> str:
        """The word for this channel in settings and in the ledger."""

    @property
    def never_twice(self) -> bool:
        """Whether the channel itself knows which message ids went out, so that an uncertain mail may be handed to it again."""

    def send(self, mail: Mail) -> str:
        """Send one mail and return the reply to keep beside it; `MailFailed` when it did not go."""

    def close(self) -> None:
        """End a batch: finish what is put off, let go of connections. The channel may be used again."""
