"""Reports of delivery (RFC 3464) read: which of our mails came back, for whom, and whether for good."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.policy import compat32

from automations.channels.message import ONE_ADDRESS, one_line

LONGEST_REASON = 300
NOT_THE_ADDRESS = ("3", "5", "6", "7")
"""Subjects of codes (RFC 3463) that speak of the system, the protocol, the content or a policy, and not of the address."""


@dataclass(frozen=True)
class Returned:
    """A mail that came back for good: its message id, the addresses it was for, the code and the words of the server."""

    message_id: str
    addresses: frozenset[str]
    status: str
    said: str

    @property
    def is_about_the_address(self) -> bool:
        """Whether later mails to the address would fare no better."""
        return self.status.split(".")[1] not in NOT_THE_ADDRESS

    @property
    def reason(self) -> str:
        """The code and the words, for the ledger."""
        return one_line(f"{self.status} {self.said.removeprefix(self.status)}")[:LONGEST_REASON].rstrip()


def returned(content: bytes) -> Returned | None:
    """What a report says of one of our mails, if it says that it failed for good; None for any other mail, however it is broken."""
    report = message_from_bytes(content, policy=compat32)
    if report.get_content_type() != "multipart/report" or not report.is_multipart():
        return None
    message_id = next(_original_ids(report), "")
    failed = [fields for fields in _recipients(report) if _permanent(fields)]
    if not message_id or not failed:
        return None
    addresses = frozenset(address for fields in failed for address in _addresses(fields))
    return Returned(message_id, addresses, _status(failed[0]), _typed(failed[0], "Diagnostic-Code"))


def _original_ids(report: Message) -> Iterator[str]:
    """The Message-ID of the mail that came back, whole or only its header."""
    for part in _parts(report):
        kind, body = part.get_content_type(), part.get_payload()
        if kind in ("message/rfc822", "message/global") and isinstance(body, list):
            yield from _id_of(body[0])
        elif kind in ("text/rfc822-headers", "message/rfc822-headers", "message/global-headers"):
            content = part.get_payload(decode=True)
            yield from _id_of(message_from_bytes(content if isinstance(content, bytes) else b""))


def _parts(report: Message) -> list[Message]:
    payload = report.get_payload()
    return [part for part in payload if isinstance(part, Message)] if isinstance(payload, list) else []


def _id_of(message: object) -> Iterator[str]:
    found = re.search(r"<[^<>\s]+>", str(message.get("Message-ID", ""))) if isinstance(message, Message) else None
    if found:
        yield found[0]


def _recipients(report: Message) -> list[Message]:
    """The groups of fields of the report that speak of one recipient each."""
    wanted = ("message/delivery-status", "message/global-delivery-status")
    groups = [group for part in _parts(report) if part.get_content_type() in wanted for group in _parts(part)]
    return [group for group in groups if "Action" in group]


def _permanent(fields: Message) -> bool:
    return str(fields["Action"]).strip().casefold() == "failed" and _status(fields).startswith("5.")


def _status(fields: Message) -> str:
    found = re.match(r"\s*([245]\.\d{1,3}\.\d{1,3})", str(fields.get("Status", "")))
    return found[1] if found else ""


def _addresses(fields: Message) -> Iterator[str]:
    """The address the mail was for, and the one it ended at; in small letters."""
    for name in ("Original-Recipient", "Final-Recipient"):
        address = _typed(fields, name).strip("<>").casefold()
        if ONE_ADDRESS.fullmatch(address):
            yield address


def _typed(fields: Message, name: str) -> str:
    """The value of a field that begins with its type, `rfc822; wang@example.cn`."""
    kind, semicolon, value = one_line(str(fields.get(name, ""))).partition(";")
    return value.strip() if semicolon else kind.strip()
