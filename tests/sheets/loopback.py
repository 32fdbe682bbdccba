"""A guard that notices every connection to anything but this machine."""

from __future__ import annotations

import ipaddress
import sys
from typing import Any

STRANGERS: list[Any] = []
"""The addresses somebody tried to reach that are not on loopback; a test asserts that there are none."""


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple) and not ipaddress.ip_address(arguments[1][0]).is_loopback:
        STRANGERS.append(arguments[1])
    elif event == "socket.getaddrinfo" and arguments[0] not in ("127.0.0.1", "localhost", None):
        STRANGERS.append(arguments[0])


sys.addaudithook(_watch)
