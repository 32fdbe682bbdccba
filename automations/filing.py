"""Files that are made for people: a name every system takes, in a folder that is made where it is missing."""

from __future__ import annotations

import os
import re
from hashlib import blake2b
from pathlib import Path

from automations.errors import OutsideFailed
from automations.picturing import in_words

FORBIDDEN = re.compile(r'[\\/:*?"<>|\x00-\x1f]')
LONGEST = 180
"""Bytes of a name without its ending and mark: systems take 255, and a Chinese character is three."""


def file_name(words: str, ending: str) -> str:
    """Words as the name of a file: `file_name("产品发运通知单 FY/1", ".docx")` is `产品发运通知单 FY_1.docx`.

    Words that are too long are cut and end in a mark of their own, so that two that begin alike do not become one file.
    """
    said = FORBIDDEN.sub("_", words)
    cut = said.encode()[:LONGEST].decode(errors="ignore").strip(" .")
    mark = "" if len(said.encode()) <= LONGEST else "~" + blake2b(words.encode(), digest_size=4).hexdigest()
    return cut + mark + ending


def keep_file(file: Path, content: bytes, setting: str) -> None:
    """Write a file whole or not at all, in a folder that `setting` names. Raises OutsideFailed when it cannot be."""
    make_folder(file.parent, setting)
    unfinished = file.with_suffix(f".{os.getpid()}.unfinished")
    with in_words(file):
        unfinished.write_bytes(content)
        unfinished.replace(file)


def make_folder(folder: Path, setting: str) -> None:
    """Make a folder where there is none. Raises OutsideFailed naming the setting that says which folder it is."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = f"{folder}: {error.strerror or error}; make this folder, or name another under '{setting}' in settings.yaml"
        raise OutsideFailed(what) from error
