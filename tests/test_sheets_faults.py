"""The stand-in at its worst: faults, quotas, people at exact moments, races with known ends; and the probe that checks its beliefs."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter, HTTPAdapter

from tests.sheets import faults
from tests.sheets.beliefs import QUESTIONS, words
from tests.sheets.cells import Formula
from tests.sheets.faults import Fault
from tests.sheets.human import Human
from tests.sheets.inprocess import InProcess
from tests.sheets.loopback import STRANGERS
from tests.sheets.probe import ask_all
from tests.sheets.probing import Probe, cells
from tests.sheets.refusals import Refused
from tests.sheets.server import StandIn
from tests.sheets.tokens import DRIVE, SHEETS
from tests.sheets.wire import busiest

ROBOT, STAFF = "robot@example.com", "staff@example.com"
ROWS = [["编号", "金额", "状态"], ["TS-1", 3, "甲"], ["TS-2", 1, "乙"], ["TS-3", 2, "丙"]]
PATIENT, HASTY = 20.0, 0.2
"""Seconds a client waits for an answer: long where one comes, short where over a real socket none ever does."""


@pytest.fixture
def google() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        stand_in.tab(stand_in.file("台账", {ROBOT: "writer", STAFF: "writer"}), "投诉", ROWS)
        yield stand_in
    assert STRANGERS == []


class Client:
    """Reads and writes cells of the one tab, over a socket or without."""

    def __init__(self, google: StandIn, by: Callable[[StandIn], BaseAdapter] = InProcess) -> None:
        self.google, self.file, self.patience = google, next(iter(google.drive.files)), PATIENT
        self.session = requests.Session()
        self.session.mount(google.url, by(google))
        self.session.headers["Authorization"] = "Bearer " + google.token(ROBOT)

    def call(self, verb: str, path: str, body: Any = None) -> requests.Response:
        return self.session.request(verb, f"{self.google.url}/v4/spreadsheets/{self.file}{path}", json=body, timeout=self.patience)

    def read(self, place: str = "A1:C4") -> requests.Response:
        return self.call("GET", f"/values:batchGet?ranges=投诉!{place}&valueRenderOption=UNFORMATTED_VALUE")

    def write(self, row: int, text: str) -> requests.Response:
        """Write into 状态 of a row, as a batch that shows key and value."""
        shown = {"includeSpreadsheetInResponse": True, "responseRanges": ["投诉!A1:C4"], "responseIncludeGridData": True}
        return self.call(
            "POST",
            ":batchUpdate?fields=updatedSpreadsheet.sheets.data.rowData.values.effectiveValue",
            {
                "requests": [cells(0, row, 2, [[text]])],
                **shown,
            },
        )

    def states(self) -> list[Any]:
        return [row[2] for row in self.google.values(self.file, "投诉")[1:]]


@pytest.fixture
def client(google: StandIn) -> Client:
    return Client(google)


@pytest.fixture
def staff(google: StandIn) -> Human:
    return Human(google, next(iter(google.drive.files)), 0, key="编号", email=STAFF)


def sockets(google: StandIn) -> HTTPAdapter:
    return HTTPAdapter()


def outcome(ask: Callable[[], requests.Response]) -> str:
    """What a client sees: a status and the kind of body, or how the connection broke."""
    try:
        answer = ask()
    except requests.exceptions.RequestException as broken:
        return type(broken).__name__
    after = answer.headers.get("Retry-After")
    return f"{answer.status_code} {answer.headers['Content-Type'].split(';')[0]}" + (f" after {after}" if after else "")


SEEN = {
    "429": "429 application/json",
    "429 Retry-After": "429 application/json after 30",
    "401": "401 application/json",
    "403": "403 application/json",
    "404": "404 application/json",
    "409": "409 application/json",
    "413": "413 application/json",
    "400": "400 application/json",
    "500 before applying": "500 application/json",
    "500 after applying": "500 application/json",
    "502 before applying": "502 text/html",
    "502 after applying": "502 text/html",
    "503 before applying": "503 application/json",
    "503 after applying": "503 application/json",
    "200 HTML before applying": "200 text/html",
    "200 HTML after applying": "200 text/html",
    "dropped before applying": "ConnectionError",
    "dropped after applying": "ConnectionError",
    "cut after applying": "ChunkedEncodingError",
    "hung before applying": "ReadTimeout",
    "hung after applying": "ReadTimeout",
    "late by 1 calls, 503": "503 application/json",
    "late by 2 calls, dropped": "ConnectionError",
    "late by 1 calls, hung": "ReadTimeout",
    "stale by 1": "200 application/json",
}


@pytest.mark.parametrize("by", [InProcess, sockets])
@pytest.mark.parametrize("fault", faults.everything(), ids=lambda fault: fault.name)
def test_each_fault_is_what_it_says_over_a_socket_and_without(google: StandIn, fault: Fault, by: Any) -> None:
    client, done = Client(google, by), threading.Event()
    google.faults.at(1, fault)
    google.moments.after(1, done.set)
    assert outcome(client.read) == "200 application/json"

    client.patience = HASTY if SEEN[fault.name] == "ReadTimeout" else PATIENT
    assert outcome(lambda: client.write(1, "改")) == SEEN[fault.name]

    assert done.wait(PATIENT)
    assert client.states()[0] == ("改" if fault.does == "now" else "甲")
    assert [(call.fault, call.applied) for call in google.calls][1] == (fault.name, fault.does == "now")


def test_a_hang_costs_virtual_time_only(google: StandIn, client: Client) -> None:
    google.faults.at(0, faults.hung())

    assert outcome(client.read) == "ReadTimeout"
    assert google.clock() == PATIENT


def test_a_late_deed_is_done_some_calls_later_over_what_came_between(google: StandIn, client: Client) -> None:
    google.faults.at(0, faults.late(calls=2))
    client.write(1, "晚")
    client.write(1, "早")
    assert client.states()[0] == "早"
    client.read()

    assert client.states()[0] == "晚"
    assert google.calls[0].applied


def test_a_late_deed_may_wait_for_the_clock_or_be_ended_by_the_test(google: StandIn, client: Client) -> None:
    google.faults.at(0, faults.late(seconds=170))
    google.faults.at(3, faults.late(seconds=170))
    client.write(1, "晚")
    client.read()
    assert client.states()[0] == "甲"
    google.clock.forward(170)
    client.read()
    assert client.states()[0] == "晚"
    client.write(2, "更晚")
    google.catch_up(everything=True)

    assert client.states()[1] == "更晚"


def test_a_stale_read_shows_the_revision_before(google: StandIn, client: Client) -> None:
    google.faults.at(1, faults.stale())
    client.write(1, "改")

    assert client.read("C2").json()["valueRanges"][0]["values"] == [["甲"]]
    assert client.read("C2").json()["valueRanges"][0]["values"] == [["改"]]


@pytest.mark.parametrize(
    ("wrong", "code", "message"),
    [
        (
            {"addSheet": {"properties": {"title": "投诉"}}},
            400,
            'Invalid requests[0].addSheet: A sheet with the name "投诉" already exists. Please enter another name.',
        ),
        (
            {"updateSheetProperties": {"properties": {"hidden": True}, "fields": "hidden"}},
            400,
            "Invalid requests[0].updateSheetProperties: You can't hide all the sheets in a document.",
        ),
        (
            {"appendDimension": {"sheetId": 0, "dimension": "ROWS", "length": 4_000_000}},
            400,
            "This action would increase the number of cells in the workbook above the limit of 10000000 cells.",
        ),
        (cells(0, 24, 0, [["a"], ["b"]]), 400, "Invalid requests[0].updateCells: Range (投诉!A26) exceeds grid limits."),
        (cells(0, 0, 0, [["x" * 49_000] * 3] * 80), 413, "Request payload size exceeds the limit: 10485760 bytes."),
    ],
    ids=lambda value: "" if isinstance(value, dict) else str(value),
)
def test_limits_are_refused_in_the_words_of_the_service(google: StandIn, client: Client, wrong: Any, code: int, message: str) -> None:
    google.expects_misfits = code == 413
    before = google.book(client.file)
    answer = client.call("POST", ":batchUpdate", {"requests": [{"findReplace": {"find": "甲", "replacement": "x", "sheetId": 0}}, wrong]})

    assert answer.status_code == code
    assert answer.json()["error"]["message"].startswith(message.replace("[0]", "[1]"))
    assert google.book(client.file) is before


def test_colours_are_kept_in_steps_and_in_both_spellings(client: Client) -> None:
    look = {"cell": {"userEnteredFormat": {"backgroundColor": {"red": 0.5, "green": 0, "blue": 1}}}, "fields": "userEnteredFormat"}
    place = {"startRowIndex": 1, "endRowIndex": 2, "endColumnIndex": 1}
    client.call("POST", ":batchUpdate", {"requests": [{"repeatCell": {"range": place, **look}}]})
    found = client.call("GET", "?ranges=投诉!A2&fields=sheets.data.rowData.values.userEnteredFormat").json()

    assert found["sheets"][0]["data"][0]["rowData"][0]["values"][0]["userEnteredFormat"] == {
        "backgroundColor": {"red": 0.49803922, "blue": 1},
        "backgroundColorStyle": {"rgbColor": {"red": 0.49803922, "blue": 1}},
    }


# ----- quotas


def test_the_sixty_first_read_of_a_minute_is_refused_until_the_first_is_a_minute_old(google: StandIn, client: Client) -> None:
    for _ in range(60):
        assert client.read().status_code == 200
        google.clock.sleep(0.5)
    refused = client.read()
    assert client.write(1, "改").status_code == 200
    google.clock.sleep(30)

    assert client.read().status_code == 200
    assert refused.json()["error"] == {
        "code": 429,
        "message": "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute per user' of service"
        " 'sheets.googleapis.com' for consumer 'project_number:1001'.",
        "status": "RESOURCE_EXHAUSTED",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "RATE_LIMIT_EXCEEDED",
                "domain": "googleapis.com",
                "metadata": {
                    "service": "sheets.googleapis.com",
                    "quota_metric": "sheets.googleapis.com/read_requests",
                    "quota_limit": "ReadRequestsPerMinutePerUser",
                    "quota_limit_value": "60",
                    "consumer": "projects/1001",
                    "quota_location": "global",
                },
            }
        ],
    }
    assert (busiest(google.calls, "read"), busiest(google.calls, "write", ROBOT)) == (61, 1)


def test_the_users_of_a_project_share_its_limit(google: StandIn) -> None:
    google.quota.per_project = 100
    people = [Client(google), Client(google)]
    people[1].session.headers["Authorization"] = "Bearer " + google.token(STAFF)
    answers = [person.read().status_code for _ in range(60) for person in people]

    assert answers == [200] * 100 + [429] * 20


def test_a_storm_refuses_its_share_of_calls_the_same_in_every_run(google: StandIn, client: Client) -> None:
    google.faults.storm(faults.too_many(), share=0.9, seconds=(60, 660), seed=7)
    statuses = []
    while google.clock() < 720:
        statuses.append(client.read().status_code)
        google.clock.sleep(4)

    stormy = statuses[15:165]
    assert statuses[:15] + statuses[165:] == [200] * 30
    assert 0.8 < stormy.count(429) / len(stormy) < 1


# ----- people


def test_a_person_acts_before_within_and_after_a_call(google: StandIn, client: Client, staff: Human) -> None:
    def shown(answer: requests.Response) -> list[Any]:
        rows = answer.json()["updatedSpreadsheet"]["sheets"][0]["data"][0]["rowData"][1:]
        return [tuple(next(iter(cell["effectiveValue"].values())) for cell in row["values"][::2]) for row in rows]

    google.moments.before(0, lambda: staff.sort("金额"))
    google.moments.within(1, lambda: staff.delete_row("TS-1"))
    google.moments.after(1, lambda: staff.edit("TS-2", "状态", "人工"))

    assert shown(client.write(2, "给乙")) == [("TS-1", "甲"), ("TS-3", "给乙"), ("TS-2", "乙")]
    assert shown(client.write(1, "给甲")) == [("TS-3", "给乙"), ("TS-2", "乙")]
    assert client.states() == ["给乙", "人工"]
    assert [(edit.action, edit.key, edit.old, edit.new) for edit in staff.edits] == [
        ("sort", None, None, None),
        ("delete row", "TS-1", None, None),
        ("edit", "TS-2", "乙", "人工"),
    ]


@pytest.mark.parametrize(
    ("act", "after"),
    [
        (lambda s: s.sort("金额", falling=False), [["TS-2", 1, "乙"], ["TS-3", 2, "丙"], ["TS-1", 3, "甲"]]),
        (lambda s: s.sort_part("金额", ["金额", "状态"], falling=False), [["TS-1", 1, "乙"], ["TS-2", 2, "丙"], ["TS-3", 3, "甲"]]),
        (lambda s: s.insert_row("TS-2", {"编号": "TS-9"}), [["TS-1", 3, "甲"], ["TS-9"], ["TS-2", 1, "乙"], ["TS-3", 2, "丙"]]),
        (lambda s: s.delete_row("TS-2"), [["TS-1", 3, "甲"], ["TS-3", 2, "丙"]]),
        (lambda s: s.duplicate_row("TS-3"), [["TS-1", 3, "甲"], ["TS-2", 1, "乙"], ["TS-3", 2, "丙"], ["TS-3", 2, "丙"]]),
        (lambda s: s.move_row("TS-3", "TS-1"), [["TS-3", 2, "丙"], ["TS-1", 3, "甲"], ["TS-2", 1, "乙"]]),
        (lambda s: s.cut_paste_row("TS-1"), [[], ["TS-2", 1, "乙"], ["TS-3", 2, "丙"], ["TS-1", 3, "甲"]]),
        (lambda s: s.edit_key("TS-1", "TS-01"), [["TS-01", 3, "甲"], ["TS-2", 1, "乙"], ["TS-3", 2, "丙"]]),
        (lambda s: s.fill_row({"编号": "TS-4", "状态": "丁"}), [*ROWS[1:], ["TS-4", None, "丁"]]),
        (lambda s: s.move_column("状态", "编号"), [["甲", "TS-1", 3], ["乙", "TS-2", 1], ["丙", "TS-3", 2]]),
        (lambda s: s.insert_column("金额", "备注"), [["TS-1", None, 3, "甲"], ["TS-2", None, 1, "乙"], ["TS-3", None, 2, "丙"]]),
        (lambda s: s.delete_column("金额"), [["TS-1", "甲"], ["TS-2", "乙"], ["TS-3", "丙"]]),
        (lambda s: s.filter("状态", ["甲"]), ROWS[1:]),
        (lambda s: s.hide_column("状态"), ROWS[1:]),
        (lambda s: (s.delete_row("TS-1"), s.restore()), ROWS[1:]),
    ],
)
def test_every_action_of_staff_does_what_a_person_would_see(google: StandIn, staff: Human, act: Any, after: list[Any]) -> None:
    act(staff)

    assert google.values(staff.spreadsheet_id, "投诉")[1:] == after


def test_a_deleted_tab_is_gone_for_the_next_call(google: StandIn, client: Client, staff: Human) -> None:
    google.moments.before(0, staff.delete_tab)

    assert client.write(1, "改").json()["error"]["message"] == "Invalid requests[0].updateCells: No grid with id: 0"


def test_staff_cannot_sort_over_cells_that_are_protected_from_them(google: StandIn, client: Client, staff: Human) -> None:
    ours = {"range": {"startColumnIndex": 2, "endColumnIndex": 3}}
    client.call("POST", ":batchUpdate", {"requests": [{"addProtectedRange": {"protectedRange": ours}}]})

    with pytest.raises(Refused):
        staff.sort("金额")
    staff.sort_part("金额", ["编号", "金额"])
    assert client.write(1, "改").status_code == 200


def test_a_look_up_column_follows_its_row_and_its_tab(google: StandIn, client: Client, staff: Human) -> None:
    file = staff.spreadsheet_id
    google.tab(file, "表管家", [["编号", "结论"], ["TS-3", "三"], ["TS-1", "一"], ["TS-2", "二"]])
    for row in (2, 3, 4):
        sheet = google.book(file).sheets[0]
        sheet.put(row - 1, 2, [sheet.cell(row - 1, 2).entering(Formula(f'=IFERROR(XLOOKUP(A{row},表管家!A$2:A,表管家!B$2:B),"")'))])
    staff.sort("金额")
    staff.insert_row("TS-3", {"编号": "TS-9"})

    values = client.read("A1:C5").json()["valueRanges"][0]["values"]
    assert values[1:] == [["TS-1", 3, "一"], ["TS-9"], ["TS-3", 2, "三"], ["TS-2", 1, "二"]]


# ----- canaries, the probe, the ledger


def test_canaries_are_planted_in_every_secret(google: StandIn) -> None:
    key = google.service_account("robot@project-1001.example.com")
    mark, stretch, *addresses = google.canaries()

    assert mark in google.token(ROBOT) and mark in key["private_key_id"] and mark in google.user_credentials(STAFF)["refresh_token"]
    assert stretch in key["private_key"] and addresses == [ROBOT, STAFF]


def by_hand(google: StandIn) -> Callable[[str, Probe, int], None]:
    """The person at the keyboard."""

    def act(what: str, probe: Probe, tab: int) -> None:
        person = Human(google, probe.spreadsheet_id, tab, key="编号")
        {
            "sort": lambda: person.sort("金额", falling=False),
            "sort part": lambda: person.sort_part("金额", ["状态", "金额"], falling=False),
            "restore": person.restore,
        }[what]()

    return act


def test_the_probe_passes_here_and_leaves_nothing_behind(google: StandIn) -> None:
    def session(email: str) -> requests.Session:
        new = requests.Session()
        new.mount(google.url, InProcess(google))
        new.headers["Authorization"] = "Bearer " + google.token(email, (SHEETS, DRIVE))
        return new

    google.drive.files.clear()
    probe = Probe(session(ROBOT), google.url, google.url, other=session(STAFF), other_email=STAFF)
    probe.pace, probe.hand = lambda: google.clock.sleep(1), by_hand(google)

    assert [str(finding) for finding in ask_all(probe) if finding.outcome != "pass"] == []
    assert google.drive.files == {}


def test_the_ledger_of_beliefs_names_every_question_of_the_probe() -> None:
    ledger = (Path(__file__).parent / "sheets" / "BELIEFS.md").read_text(encoding="utf-8")

    assert re.findall(r"^\| (B\d\d) \|", ledger, re.MULTILINE) == sorted(QUESTIONS)
    assert len({words(question) for question in QUESTIONS.values()}) == len(QUESTIONS)
