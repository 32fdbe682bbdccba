"""Replays recordings of the real service against the stand-in and says where the answers differ.

    git clone https://github.com/burnash/gspread ../gspread
    .venv/bin/python -m tests.sheets.replay ../gspread/tests/cassettes

The recordings are gspread's own (MIT), made by its tests on real accounts; they are not in its package, nor copied here. Ids are mapped,
times, themes and addresses of the recording accounts are left out.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.sheets.server import StandIn
from tests.sheets.tokens import DRIVE, SHEETS
from tests.sheets.wire import Answer, Request

Json = dict[str, Any]
IDS = ("id", "spreadsheetId", "sheetId", "namedRangeId", "protectedRangeId")
OTHERS = {"defaultFormat", "spreadsheetTheme", "spreadsheetUrl", "autoRecalc", "timeZone", "locale", "editors"}
OTHERS |= {"createdTime", "modifiedTime", "pixelSize"}
"""Members that tell of the recording account, its day and its fonts."""


def differences(recording: Path) -> Iterator[tuple[Json, Answer, bool]]:
    """Every call of a recording, the answer given here, and whether the two agree."""
    ids: dict[str, str] = {}
    with StandIn() as google:
        google.expects_misfits = True
        google.quota.per_user = google.quota.per_project = sys.maxsize
        token = google.token("owner@example.com", (SHEETS, DRIVE))
        for call in json.loads(recording.read_text(encoding="utf-8"))["interactions"]:
            answer = google.answer(_request(call["request"], ids, token))
            yield call, answer, _agree(call["response"], answer, ids)


def _request(recorded: Json, ids: dict[str, str], token: str) -> Request:
    url = urlsplit(recorded["uri"])
    target = _mapped(url.path + (f"?{url.query}" if url.query else ""), ids)
    body = recorded["body"] if isinstance(recorded["body"], str) else ""
    return Request(recorded["method"], target, {"authorization": f"Bearer {token}"}, _mapped(body, ids).encode())


def _agree(recorded: Json, answer: Answer, ids: dict[str, str]) -> bool:
    theirs, ours = _read(recorded["body"].get("string", "")), _read(answer.body.decode())
    if recorded["status"]["code"] != answer.status:
        return False
    _learn(theirs, ours, ids)
    return bool(_settled(json.loads(_mapped(json.dumps(theirs), ids))) == _settled(ours))


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _learn(theirs: Any, ours: Any, ids: dict[str, str]) -> None:
    """Note which of our ids stands for which of theirs."""
    if isinstance(theirs, list) and isinstance(ours, list):
        for one, other in zip(theirs, ours, strict=False):
            _learn(one, other, ids)
    elif isinstance(theirs, dict) and isinstance(ours, dict):
        for name in theirs.keys() & ours.keys():
            if name in IDS and theirs[name] and theirs[name] != ours[name]:
                ids[str(theirs[name])] = str(ours[name])
            else:
                _learn(theirs[name], ours[name], ids)


def _mapped(text: str, ids: dict[str, str]) -> str:
    for theirs, ours in ids.items():
        text = text.replace(theirs, ours)
    return text


def _settled(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _settled(inner) for name, inner in value.items() if name not in OTHERS}
    if isinstance(value, list):
        return [_settled(inner) for inner in value]
    return round(value, 6) if isinstance(value, float) else value


def main(folder: str) -> None:
    """Print each kind of difference with how often it came, and the total."""
    calls, apart = 0, Counter[str]()
    for recording in sorted(Path(folder).glob("*.json")):
        for call, answer, agrees in differences(recording):
            calls += 1
            if not agrees:
                asked = call["request"]["method"] + " " + "/".join(urlsplit(call["request"]["uri"]).path.split("/")[1:4])
                apart[f"{recording.stem}: {asked}: {call['response']['status']['code']} there, {answer.status} here"] += 1
    for what, times in sorted(apart.items()):
        print(f"{times:5}  {what}")
    print(f"{calls} calls, {apart.total()} answered otherwise")


if __name__ == "__main__":
    main(sys.argv[1])
