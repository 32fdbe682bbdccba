"""Every way a configuration can be wrong: one folder of `tests/broken/` each, and word for word what `check` says of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from automations.checking import check

BROKEN = Path(__file__).resolve().parent / "broken"
SOUND = BROKEN / "sound"
FAULTS = sorted(folder.name for folder in BROKEN.iterdir() if folder.is_dir() and folder != SOUND)
PACK = "config/packs/care"
PLACES = {"settings.yaml": "config/settings.yaml", "calendar.yaml": "config/calendars/cn.yaml", "pack.yaml": f"{PACK}/pack.yaml"}
TABLES = ("complaints.yaml", "customers.yaml", "staff.yaml", "losses.yaml")
TEMPLATES = [f"{language}/{notice}" for language in ("zh", "en") for notice in ("several", "finding", "deadline-late", "letter-result")]


def place_of(name: str) -> str:
    """Where a file of `tests/broken/` stands in a project."""
    if name.startswith("branches"):
        return f"config/branches/{name}"
    if name.startswith(("automation", "digest")):
        return f"config/{'automations' if name.startswith('automation') else 'digests'}/{name}"
    return PLACES.get(name) or f"{PACK}/{'tables' if name in TABLES else 'policies'}/{name}"


def lay_out(root: Path, fault: str) -> None:
    """The sound project with the files of the fault laid over it, and the shortest templates there can be."""
    files = {file.name: file for folder in (SOUND, BROKEN / fault) for file in sorted(folder.glob("*.yaml"))}
    for name, file in files.items():
        (root / place_of(name)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, root / place_of(name))
    for file in sorted((BROKEN / fault).glob("*.docx")):
        (root / "templates/forms/zh").mkdir(parents=True, exist_ok=True)
        shutil.copy(file, root / "templates/forms/zh" / file.name)
    for name in [f"templates/notices/{template}.{kind}.j2" for template in TEMPLATES for kind in ("subject.txt", "txt", "html")]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("{{ sent_at }}", encoding="utf-8")


def test_the_project_the_faults_are_laid_over_is_sound(tmp_path: Path):
    lay_out(tmp_path, "sound")

    assert check(tmp_path).text() == "config is good: 1 packs, 3 tables, 1 policies, 0 rules, 0 examples."


@pytest.mark.parametrize("fault", FAULTS)
def test_check_says_where_what_and_what_was_meant(fault: str, tmp_path: Path):
    lay_out(tmp_path, fault)

    assert check(tmp_path).text() == (BROKEN / fault / "expected.txt").read_text(encoding="utf-8").rstrip("\n")


@pytest.mark.parametrize("fault", FAULTS)
def test_every_file_of_a_fault_differs_from_the_sound_one(fault: str):
    said = [file.read_text(encoding="utf-8") for file in sorted((BROKEN / fault).glob("*.yaml"))]
    sound = {file.read_text(encoding="utf-8") for file in SOUND.glob("*.yaml")}

    assert said
    assert not sound.intersection(said)
