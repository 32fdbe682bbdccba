"""Puts a new version of a file in place of the old one: whole or not at all, the old one kept."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from automations.errors import WorkbookBusy, WorkbookUnwritable
from automations.workbooks.filefaults import told

KEPT = 5
"""How many previous versions stay."""


class FileChanged(Exception):
    """The file is no longer the one that was read."""


def stamp_of(path: Path) -> str:
    """A cheap text that changes whenever the file is written or replaced."""
    seen = path.stat()
    return f"{seen.st_size}-{seen.st_mtime_ns}-{seen.st_ino}"


def refuse_if_open(path: Path, language: str = "en") -> None:
    """Raise WorkbookBusy if a spreadsheet program has left its mark beside the file."""
    marks = {f"~${path.name}": "Excel", f".~lock.{path.name}#": "LibreOffice", f".~{path.name}": "WPS"}
    for name, program in marks.items():
        mark = path.with_name(name)
        if mark.exists():
            who = _who(mark, program)
            by = told("by", language, who=who) if who else ""
            raise WorkbookBusy(told("open in", language, name=path.name, program=program, by=by, mark=name))


def _who(mark: Path, program: str) -> str:
    """Who has it open, as far as the mark tells."""
    try:
        data = mark.read_bytes()
    except OSError:
        return ""
    return _libre_owner(data) if program == "LibreOffice" else _excel_owner(data)


def _libre_owner(data: bytes) -> str:
    """The person in a LibreOffice lock file: `name,user,host,time,profile;`."""
    name, user, *_ = [*data.decode("utf-8", "replace").split(","), "", ""]
    return name.strip() or user.strip()


def _excel_owner(data: bytes) -> str:
    """The person in an Excel owner file: a length, then the name; again in UTF-16 from byte 55."""
    wide = data[55 : 55 + 2 * data[54]].decode("utf-16-le", "ignore") if len(data) > 55 else ""
    return (wide or data[1 : 1 + data[0]].decode("latin-1") if data else "").strip("\x00 ")


def replace_file(path: Path, data: bytes, seen: str, keep_in: Path, language: str = "en") -> None:
    """Replace the file by `data` if it still is the one `seen`, keeping the previous version in `keep_in`.

    Raises FileChanged, WorkbookBusy or WorkbookUnwritable; the file then is what it was and nothing is left behind.
    """
    if not os.access(path, os.W_OK):
        raise WorkbookUnwritable(told("read-only", language, name=path.name))
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with said_plainly(path, language):
            _write_beside(path, temporary, data)
        if stamp_of(path) != seen:
            raise FileChanged(path.name)
        with said_plainly(path, language):
            keep(path, keep_in)
        _swap(temporary, path, language)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def said_plainly(path: Path, language: str = "en") -> Iterator[None]:
    """Turn a failing disk or folder into WorkbookUnwritable with a way out."""
    try:
        yield
    except OSError as error:
        why = error.strerror or error
        raise WorkbookUnwritable(told("not written", language, name=path.name, folder=path.parent, why=why)) from error


def _write_beside(path: Path, temporary: Path, data: bytes) -> None:
    """The new content on the disk, with the old file's permissions and owner."""
    seen = path.stat()
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.chmod(seen.st_mode & 0o7777)
    if hasattr(os, "chown"):
        with contextlib.suppress(OSError):
            os.chown(temporary, seen.st_uid, seen.st_gid)


def keep(path: Path, folder: Path) -> Path:
    """Keep the file as it is now under `folder`, named by when it was last written; only the last few stay."""
    folder.mkdir(parents=True, exist_ok=True)
    written = datetime.fromtimestamp(path.stat().st_mtime)
    kept = folder / f"{path.stem}.{written:%Y%m%d-%H%M%S-%f}{path.suffix}"
    if not kept.exists():
        try:
            os.link(path, kept)
        except OSError:
            shutil.copy2(path, kept)
    for old in kept_versions(path, folder)[:-KEPT]:
        old.unlink(missing_ok=True)
    return kept


def kept_versions(path: Path, folder: Path) -> list[Path]:
    """The previous versions of a file, oldest first."""
    if not folder.is_dir():
        return []
    return sorted(one for one in folder.iterdir() if one.suffix == path.suffix and one.stem.rpartition(".")[0] == path.stem)


def _swap(temporary: Path, path: Path, language: str) -> None:
    """Let the new file take the old one's name, and make that last through a power cut."""
    try:
        temporary.replace(path)
    except PermissionError as error:
        raise WorkbookBusy(told("open", language, name=path.name)) from error
    except OSError as error:
        raise WorkbookUnwritable(told("not replaced", language, name=path.name, why=error.strerror)) from error
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
