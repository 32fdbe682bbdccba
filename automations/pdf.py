"""Word files as PDF, by LibreOffice where this machine has it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from automations.errors import OutsideFailed

OFFICES = ("soffice", "libreoffice")
SECONDS = 120
ENDS = b"%%EOF"
"""What every whole PDF ends with."""
ARGUMENTS = ("--headless", "--norestore", "--nolockcheck", "--nodefault", "--convert-to", "pdf", "--outdir")


class NoPdf(OutsideFailed):
    """There is no LibreOffice, or it made no PDF."""


def office_on(path: str | None = None) -> str | None:
    """LibreOffice in the folders of `path` (default: PATH)."""
    return next((found for found in (shutil.which(name, path=path) for name in OFFICES) if found), None)


def to_pdf(file: Path, *, path: str | None = None, seconds: float = SECONDS) -> Path:
    """Write the PDF beside the Word file; returns its path. Raises NoPdf saying what to install, or what LibreOffice said."""
    office = office_on(path)
    if office is None:
        raise NoPdf(f"a PDF needs LibreOffice, and none of {', '.join(OFFICES)} is on PATH; install it, or print {file.name} from Word")
    made, words = beside(office, [file], seconds)
    if not made:
        raise NoPdf(f"LibreOffice made no PDF of {file.name}: {words}; print it from Word")
    return made[0]


def beside(office: str, files: Sequence[Path], seconds: float = SECONDS) -> tuple[list[Path], str]:
    """Write the PDFs of Word files beside them in one call: those that are made, and the last line LibreOffice said.

    It gets a profile of its own that is gone afterwards, so that one that is open on this machine is not disturbed,
    and is ended when it takes longer; what is whole by then is kept. Raises NoPdf where a PDF cannot be written.
    """
    with TemporaryDirectory(prefix="form-", ignore_cleanup_errors=True) as name:
        profile = (Path(name) / "profile").as_uri()
        words = _said([office, f"-env:UserInstallation={profile}", *ARGUMENTS, name, *(str(each.resolve()) for each in files)], seconds)
        return [made for each in files if (made := _taken(Path(name) / f"{each.stem}.pdf", each.with_suffix(".pdf")))], words


def _taken(written: Path, to: Path) -> Path | None:
    """A PDF brought to its place; None where there is none, or half of one."""
    content = written.read_bytes() if written.is_file() else b""
    if not content.rstrip().endswith(ENDS):
        return None
    try:
        to.write_bytes(content)
    except OSError as error:
        raise NoPdf(f"{to}: {error.strerror or error}; name a file that may be written, on a disk with room") from error
    return to


def _said(arguments: list[str], seconds: float) -> str:
    """The last line of what a program says; it and whatever it started are ended when the time is over."""
    try:
        with TemporaryDirectory(prefix="form-") as name, (Path(name) / "said").open("wb+") as said:
            process = subprocess.Popen(arguments, stdout=said, stderr=said, start_new_session=True)  # noqa: S603 (no shell, our own arguments)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                _end(process)
                return f"it took longer than {seconds:g} seconds"
            said.seek(0)
            lines = said.read().decode("utf-8", "replace").splitlines()
    except OSError as error:
        return str(error)
    return next((line.strip() for line in reversed(lines) if line.strip()), "no word why")


def _end(process: subprocess.Popen[bytes]) -> None:
    """LibreOffice is a script that starts the program proper: both must go, or the second works on for ever."""
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
