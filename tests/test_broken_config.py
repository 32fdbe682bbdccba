"""Every way a configuration can be wrong: one folder of `tests/broken/` each, and word for word what `check` says of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from automations.checking import check

ROOT = Path(__file__).resolve().parent.parent
BROKEN = ROOT / "tests" / "broken"
SOUND = BROKEN / "sound"
FAULTS = sorted(folder.name for folder in BROKEN.iterdir() if folder.is_dir() and folder != SOUND)
PACK = "config/packs/care"
PLACES = {"settings.yaml": "config/settings.yaml", "calendar.yaml": "config/calendars/cn.yaml", "pack.yaml": f"{PACK}/pack.yaml"}
TABLES = ("complaints.yaml", "customers.yaml", "staff.yaml")


def place_of(name: str) -> str:
    """Where a file of `tests/broken/` stands in a project."""
    return PLACES.get(name) or f"{PACK}/{'tables' if name in TABLES else 'policies'}/{name}"


def lay_out(root: Path, fault: str) -> None:
    """The sound project with the files of the fault laid over it."""
    files = {file.name: file for folder in (SOUND, BROKEN / fault) for file in sorted(folder.glob("*.yaml"))}
    for name, file in files.items():
        (root / place_of(name)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, root / place_of(name))
    shutil.copytree(ROOT / "templates" / "notices", root / "templates" / "notices")


def test_the_project_the_faults_are_laid_over_is_sound(tmp_path: Path):
    lay_out(tmp_path, "sound")

    assert check(tmp_path).text() == "config is good: 1 packs, 3 tables, 1 policies, 0 rules, 0 examples."


@pytest.mark.parametrize("fault", FAULTS)
def test_check_says_where_what_and_what_was_meant(fault: str, tmp_path: Path):
    lay_out(tmp_path, fault)

    assert check(tmp_path).text() == (BROKEN / fault / "expected.txt").read_text(encoding="utf-8").rstrip("\n")
