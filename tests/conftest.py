"""No test reaches past this machine: every look-up of a name and every connection elsewhere fails the test that tries it."""

from __future__ import annotations

import sys
from ipaddress import ip_address
from typing import Any


class ReachedOut(RuntimeError):
    """A test tried to leave the machine."""


def _guard(event: str, args: tuple[Any, ...]) -> None:
    if event == "socket.connect" and isinstance(args[1], tuple):
        _stay(str(args[1][0]))
    if event == "socket.getaddrinfo" and args[0]:
        _stay(args[0].decode() if isinstance(args[0], bytes) else str(args[0]))


def _stay(host: str) -> None:
    if host == "localhost":
        return
    try:
        here = ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        here = False
    if not here:
        raise ReachedOut(f"a test tried to reach {host}; tests stay on this machine")


sys.addaudithook(_guard)
