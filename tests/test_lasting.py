"""`serve` holds no more after many passes than after few; `python -m tests.bench.lasting 500 10000` is the long proof."""

from __future__ import annotations

from pathlib import Path

from tests.bench.lasting import EDITED, lasting


def test_memory_objects_and_open_files_stay_while_staff_edit_and_mails_leave(tmp_path: Path) -> None:
    few, many = 2 * EDITED, 5 * EDITED
    found = lasting(tmp_path, [few, many])
    first, last = found[few], found[many]

    assert last["passes"] == many and last["mails"] > 3
    assert last["files"] <= first["files"]
    assert last["memory"] <= 1.05 * first["memory"]
    assert last["objects"] - first["objects"] < 5 * (many - few), "what one run makes are hundreds"
