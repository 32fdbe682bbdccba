"""`ledger export` and `ledger import`: a whole ledger between a file and a server, with counts and checksums compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from automations.branchfile import branch_of
from automations.config import Config
from automations.errors import LedgerFailed
from automations.ledgers.copying import Tally, Whole, copy, mapping
from automations.ledgers.sqlite import SqliteLedger
from automations.model import Words
from automations.wiring import ledger_of

WORDS: Mapping[str, Words] = {
    "table": {"zh": "{table:<16} {rows:>9} 行  {checksum}", "en": "{table:<16} {rows:>9} rows  {checksum}"},
    "export": {"zh": "已导出到 {file}，两边逐表核对一致", "en": "written to {file}; both hold the same, table by table"},
    "import": {
        "zh": "已从 {file} 导入，两边逐表核对一致。原来的安装不要再运行",
        "en": "taken in from {file}; both hold the same, table by table. Do not run the old installation again",
    },
    "there": {"zh": "{file} 已经存在；请换一个文件名", "en": "{file} is there already; name another file"},
    "lacking": {"zh": "没有文件 {file}", "en": "there is no file {file}"},
}


@dataclass(frozen=True)
class Moved:
    """What was copied, and where."""

    action: str
    file: Path
    tables: Mapping[str, Tally]
    language: str

    def data(self) -> dict[str, Any]:
        """`{action, file, tables: {name: {rows, checksum}}}`."""
        return {"action": self.action, "file": str(self.file), "tables": mapping(self.tables)}

    def text(self) -> str:
        """A line for each table that holds something, and what was done."""
        held = {table: found for table, found in self.tables.items() if found.rows}
        lines = [WORDS["table"][self.language].format(table=table, **vars(found)) for table, found in held.items()]
        return "\n".join([*lines, WORDS[self.action][self.language].format(file=self.file)])


def move(config: Config, branch: str, action: str, file: Path) -> Moved:
    """Copy the ledger of the settings (of a branch) into a new file, or a file into the ledger, which must be empty.

    Raises LedgerFailed, with nothing kept, where that cannot be or both differ afterwards.
    """
    one = branch_of(config, branch)
    there = file.exists()
    if there is (action == "export"):
        raise LedgerFailed(WORDS["there" if there else "lacking"][config.language].format(file=file))
    with _whole(one) as kept, closing(SqliteLedger(file)) as other:
        found = copy(kept, other._database) if action == "export" else copy(other._database, kept)
    return Moved(action, file, found, config.language)


@contextmanager
def _whole(config: Config) -> Iterator[Whole]:
    """The database of the ledger of the settings."""
    ledger: Any = ledger_of(config)
    with closing(ledger):
        yield ledger._database
