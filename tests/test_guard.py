"""The guard that keeps every test on this machine does its work."""

from __future__ import annotations

import logging
import socket

import pytest

from tests.conftest import Leaks, ReachedOut
from tests.sheets.tokens import CANARY


@pytest.mark.parametrize("address", [("192.0.2.1", 443), ("2001:db8::1", 443)])
def test_a_connection_elsewhere_is_refused(address: tuple[str, int]):
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family) as line, pytest.raises(ReachedOut, match="tests stay on this machine"):
        line.connect(address)


def test_a_name_elsewhere_is_not_even_looked_up():
    with pytest.raises(ReachedOut, match=r"sheets\.googleapis\.com"):
        socket.getaddrinfo("sheets.googleapis.com", 443)


@pytest.mark.parametrize("text", [f"token ya29.{CANARY}.1", "shared with staff@example.com", "-----BEGIN PRIVATE KEY-----"])
def test_a_secret_or_an_address_in_a_log_is_found(text: str, nothing_leaks: Leaks):
    logging.getLogger("automations.somewhere").debug("said: %s", text)

    assert nothing_leaks.found == [f"automations.somewhere: said: {text}"]
    nothing_leaks.found.clear()


def test_a_masked_address_is_none(nothing_leaks: Leaks):
    logging.getLogger("automations.somewhere").info("shared with s…@example.com")

    assert nothing_leaks.found == []
