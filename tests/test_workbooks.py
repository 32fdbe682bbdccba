"""Every workbook found in the folder keeps the promises of the contract."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import pytest

import automations.workbooks
from tests.contracts.workbooks import BENCHES, Bench, WorkbookContract


def backends() -> list[str]:
    """The names of all classes `<Something>Workbook` in the folder's modules."""
    modules = [
        importlib.import_module(f"automations.workbooks.{found.name}") for found in pkgutil.iter_modules(automations.workbooks.__path__)
    ]
    named = {name for module in modules for name, one in vars(module).items() if getattr(one, "__module__", "") == module.__name__}
    return sorted(name for name in named if name.endswith("Workbook") and name != "Workbook")


@pytest.fixture(params=[name for name in backends() if name in BENCHES])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    return BENCHES[request.param](tmp_path)


class TestEveryWorkbook(WorkbookContract):
    """The contract, against every backend."""


def test_every_backend_has_a_bench_here() -> None:
    assert {"GoogleWorkbook", "MemoryWorkbook", "XlsxWorkbook"} <= set(backends())
    assert set(backends()) == set(BENCHES)
