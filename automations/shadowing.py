"""Policies in shadow: computed and shown, but nothing of theirs is written and nobody is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from automations.config import Config
from automations.model import CellChange, Finding, NewRow, Outgoing

Ruled = TypeVar("Ruled", CellChange, Finding, NewRow)


@dataclass(frozen=True)
class Shadow:
    """What policies in shadow would have written, found and said."""

    changes: tuple[CellChange, ...] = ()
    findings: tuple[Finding, ...] = ()
    mails: tuple[Outgoing, ...] = ()

    @property
    def empty(self) -> bool:
        return not (self.changes or self.findings or self.mails)


def in_shadow(config: Config) -> frozenset[str]:
    """The policies in shadow."""
    return frozenset(name for name, policy in config.policies.items() if policy.file.mode == "shadow")


def parted(items: Iterable[Ruled], shadows: frozenset[str]) -> tuple[list[Ruled], list[Ruled]]:
    """What live policies say, and what those in shadow do."""
    live: list[Ruled] = []
    dark: list[Ruled] = []
    for each in items:
        (dark if each.rule.partition("/")[0] in shadows else live).append(each)
    return live, dark
