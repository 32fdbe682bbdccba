"""A channel that keeps its mails in a list, for tests, examples and `whatif`."""

from __future__ import annotations

from collections.abc import Sequence

from automations.channels.message import compose
from automations.channels.protocol import ALREADY_THERE, AboutTo, Channel, MailTaken, at_will
from automations.model import Mail


class MemoryChannel:
    """A `Channel` whose mails go nowhere: `sent` holds them in order."""

    name = "memory"
    never_twice = True

    def __init__(self, sender: str = "Rowkeeper <rowkeeper@localhost>") -> None:
        self.sender = sender
        self.sent: list[Mail] = []

    def send(self, mail: Mail, about_to: AboutTo = at_will) -> str:
        compose(mail, self.sender)
        if not about_to():
            raise MailTaken(f"mail to {mail.reader}: another run has it; nothing was kept.")
        if any(mail.message_id == other.message_id for other in self.sent):
            return ALREADY_THERE
        self.sent.append(mail)
        return "kept in memory"

    def lanes(self, _: int, /) -> Sequence[Channel]:
        return [self]

    def close(self) -> None:
        """Nothing is put off and nothing is held open."""
