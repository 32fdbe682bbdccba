"""A Word file as PDF, by LibreOffice where this machine has it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from automations.errors import OutsideFailed

OFFICES = ("soffice", "libreoffice")
SECONDS = 120


class NoPdf(OutsideFailed):
    """There is no LibreOffice, or it made no PDF."""


def office_on(path: str | None = None) -> str | None:
    """LibreOffice in the folders of `path` (default: PATH)."""
    return next((found for found in (shutil.which(name, path=path) for name in OFFICES) if found), None)


def to_pdf(file: Path, *, path: str | None = None, seconds: float = SECONDS) -> Path:
    """Write the PDF beside the Word file; returns its path.

    LibreOffice gets a profile of its own that is gone afterwards, so that one that is open on this machine is not disturbed.
    Raises NoPdf saying what to install, or what LibreOffice said.
    """
    office, made = office_on(path), file.with_suffix(".pdf")
    if office is None:
        raise NoPdf(f"a PDF needs LibreOffice, and none of {', '.join(OFFICES)} is on PATH; install it, or print {file.name} from Word")
    with TemporaryDirectory(prefix="form-") as name:
        words = _said(
            [office, f"-env:UserInstallation={(Path(name) / 'profile').as_uri()}", *ARGUMENTS, name, str(file.resolve())], seconds
        )
        written = Path(name) / made.name
        if not written.is_file():
            raise NoPdf(f"LibreOffice made no PDF of {file.name}: {words}; print it from Word")
        made.write_bytes(written.read_bytes())
    return made


ARGUMENTS = ("--headless", "--norestore", "--nolockcheck", "--nodefault", "--convert-to", "pdf", "--outdir")


def _said(arguments: list[str], seconds: float) -> str:
    try:
        done = subprocess.run(arguments, capture_output=True, timeout=seconds, check=False)  # noqa: S603 (no shell, and our own arguments)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoPdf(f"{arguments[0]} does not work here: {error}; print the Word file from Word") from error
    lines = (done.stdout + done.stderr).decode("utf-8", "replace").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "no word why")
