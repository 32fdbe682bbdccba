"""The suppressed addresses as `outbox suppressed` lists them, and `outbox lift`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from automations.asking import NotThere
from automations.ledgers.protocol import Ledger, Suppression


@dataclass(frozen=True)
class LeftOut:
    """The suppressed addresses, as listed."""

    addresses: Sequence[Suppression]
    language: str

    def data(self) -> dict[str, Any]:
        return {"suppressed": [asdict(each) for each in self.addresses]}

    def text(self) -> str:
        until = "停发到" if self.language == "zh" else "until"
        lines = [f"{each.address}  {until} {each.until:%Y-%m-%d}  {each.reason}" for each in self.addresses]
        return "\n".join(lines) or ("没有停发的地址" if self.language == "zh" else "no address is suppressed")


@dataclass(frozen=True)
class Lifted:
    """An address that is written to again."""

    address: str
    language: str

    def data(self) -> dict[str, Any]:
        return {"lifted": self.address}

    def text(self) -> str:
        return f"{self.address}：恢复发信" if self.language == "zh" else f"{self.address}: written to again"


def lift(ledger: Ledger, address: str, language: str) -> Lifted:
    """Write to an address again; raises NotThere when it is not suppressed."""
    if not ledger.lift(address):
        raise NotThere(f"'{address}' is not suppressed; see `runner.py outbox suppressed`.")
    return Lifted(address, language)
