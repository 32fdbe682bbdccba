"""Writing into a Google spreadsheet while people work in it: no wrong cell, no lost edit, nothing outside our column, at any moment."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from automations.errors import WorkbookBusy, WorkbookRefused, WorkbookTaken
from automations.reading import LastRead
from automations.workbooks.googleowner import Passing
from automations.workbooks.googlewriting import PIECE_BYTES, pieces
from tests.contracts.workbooks import entered
from tests.googledesk import HALF, KEY, ORDERS, OURS, ROBOT, Act, Desk, among, connected, kinds, target
from tests.scene import CUSTOMERS, STAFF, Scene, scene
from tests.sheets.book import BLANK
from tests.sheets.cells import Cell, Formula
from tests.sheets.faults import Fault, bad_request, broken, dropped, everything, late, not_allowed, too_many
from tests.sheets.human import Human
from tests.sheets.server import StandIn
from tests.sheets.tokens import CANARY
from tests.sheets.wire import busiest

Records = Callable[[str, object], None]
ACTIONS: dict[str, Act] = {
    "sort": lambda who: who.sort("客户"),
    "sort rising": lambda who: who.sort("金额", falling=False),
    "partial sort": lambda who: who.sort_part("金额", [KEY, "客户", "金额"]),
    "insert a row": lambda who: who.insert_row("A-1"),
    "insert a filled row": lambda who: who.insert_row("A-3", {KEY: "A-9", "客户": "新客", "金额": 500}),
    "add a row below": lambda who: who.fill_row({KEY: "A-8", "客户": "末客", "金额": 5}),
    "delete a row": lambda who: who.delete_row("A-2"),
    "duplicate a row": lambda who: who.duplicate_row("A-3"),
    "move a row": lambda who: who.move_row("A-5", "A-1"),
    "cut and paste a row": lambda who: who.cut_paste_row("A-2"),
    "edit a key": lambda who: who.edit_key("A-4", "A-44"),
    "edit an input": lambda who: who.edit("A-1", "金额", 20),
    "edit our cell": lambda who: who.edit("A-3", OURS, "我来定"),
    "clear our cell": lambda who: who.edit("A-3", OURS, None),
    "insert a column": lambda who: who.insert_column("金额", "电话"),
    "insert a nameless column": lambda who: who.insert_column(OURS),
    "move a column": lambda who: who.move_column("备注", "客户"),
    "move our column": lambda who: who.move_column(OURS, "客户"),
    "hide a column": lambda who: who.hide_column("金额"),
    "rename a column": lambda who: who.rename_column("备注", "说明"),
    "delete a column": lambda who: who.delete_column("备注"),
    "rename the tab": lambda who: who.rename_tab("订单 2026"),
    "filter": lambda who: who.filter("客户", ["老陈"]),
}
UNGUARDED = {("edit our cell", "before", 2)}
"""Between the look and the write nothing at Google guards a cell: what a person types there, in our own column, is written over."""
POINTS = [*(("before", call) for call in range(5)), ("within", 2)]
"""Every moment between two calls, and the one between a write and its answer; what comes after a call comes before the next one."""


@pytest.mark.parametrize("action", ACTIONS)
def test_whatever_staff_do_at_any_moment_the_sheet_comes_to_rest_right(action: str, record_property: Records):
    record_property("cases of staff at work at Google", len(POINTS))
    for point, call in POINTS:
        desk = Desk.of()
        desk.workbook.grids()
        desk.google.forget_calls()
        getattr(desk.google.moments, point)(call, desk.acts(ACTIONS[action]))

        rounds = desk.passes(7)

        where = f"{action} {point} call {call}"
        assert desk.wrong() == [], where
        assert desk.theirs(desk.human) == desk.theirs(desk.twin) or (action, point, call) in UNGUARDED, where
        assert rounds <= 6 and desk.troubles == [], where


@pytest.mark.parametrize("action", ACTIONS)
def test_where_rows_are_new_and_nothing_of_ours_stands_in_them_yet_it_is_the_same(action: str, record_property: Records):
    points = POINTS[:3]
    record_property("cases of staff at work at Google", len(points))
    for point, call in points:
        desk = Desk.of(HALF)
        desk.workbook.grids()
        desk.google.forget_calls()
        getattr(desk.google.moments, point)(call, desk.acts(ACTIONS[action]))

        rounds = desk.passes(7)

        where = f"{action} {point} call {call}"
        assert desk.wrong() == [], where
        assert desk.theirs(desk.human) == desk.theirs(desk.twin) or (action, point, call) in UNGUARDED, where
        assert rounds <= 6 and desk.troubles == [], where


def test_a_decision_that_a_partial_sort_moved_goes_back_to_its_row_with_everything_of_ours():
    for point, call in POINTS[:3]:
        desk = Desk.of(HALF)
        desk.human.edit("A-3", OURS, "我来定")
        desk.one_pass()
        desk.human.fill_row({KEY: "A-7", "客户": "钱家", "金额": 500})
        desk.google.forget_calls()
        getattr(desk.google.moments, point)(call, lambda desk=desk: ACTIONS["partial sort"](desk.human))

        desk.passes(6)

        where = f"{point} call {call}"
        assert desk.wrong() == [] and desk.troubles == [], where
        assert {row[KEY]: row[OURS] for row in desk.human.records()}["A-3"] == "我来定", where


FAR = ["sort", "insert a filled row", "delete a row", "move a row", "cut and paste a row", "edit a key", "edit an input"]
FAR += ["insert a column", "move our column", "duplicate a row"]


@pytest.mark.parametrize("action", FAR)
def test_among_many_rows_of_which_a_look_shows_only_some_it_is_the_same(action: str, record_property: Records):
    points = [("before", 1), ("before", 2), ("within", 2)]
    record_property("cases of staff at work at Google", len(points))
    for point, call in points:
        desk = Desk.of(among(ORDERS, 12))
        desk.workbook.grids()
        desk.google.forget_calls()
        getattr(desk.google.moments, point)(call, desk.acts(ACTIONS[action]))

        rounds = desk.passes(7)

        where = f"{action} {point} call {call}"
        assert desk.wrong() == [] and desk.theirs(desk.human) == desk.theirs(desk.twin), where
        assert rounds <= 6 and desk.troubles == [], where


def test_a_pass_looks_only_at_the_rows_and_columns_it_writes_and_goes_after_what_was_moved():
    desk = Desk.of(among(ORDERS, 40))
    desk.workbook.grids()
    desk.google.forget_calls()
    desk.one_pass()
    assert kinds(desk.google.calls) == ["values.batchGet", "spreadsheets.get", "spreadsheets.batchUpdate"]
    rows = ["1:21", "42:42", "83:83", "124:124", "165:165", "206:206"]
    assert desk.google.calls[1].query["ranges"] == [*(f"'订单'!{each}" for each in rows), "'订单'!A1:A407", "'订单'!D1:D407"]
    assert [each.partition("!")[2] for each in desk.google.calls[2].ranges if "D" in each] == [
        "D1:D20", "D42:D42", "D83:D83", "D124:D124", "D165:D165", "D206:D206",
    ]  # fmt: skip

    desk.human.edit("A-2", "金额", 500)
    desk.google.forget_calls()
    desk.google.moments.before(1, lambda: desk.human.sort("客户", falling=False))
    desk.one_pass()
    assert kinds(desk.google.calls) == ["values.batchGet", "spreadsheets.get", "spreadsheets.get", "spreadsheets.batchUpdate"]
    assert desk.wrong() == []


def test_a_formula_of_staffs_that_a_moved_column_brought_under_our_write_is_put_back_as_a_formula():
    desk = Desk.of()
    sheet = desk.human.sheet()
    sheet.put(2, 4, [Cell(Formula("=C3*2"))])
    desk.workbook.grids()
    desk.google.forget_calls()
    desk.google.moments.before(2, lambda: desk.human.delete_column("金额"))

    desk.passes(6)

    assert desk.human.sheet().cell(2, 3).value in (Formula("=#REF!*2"), Formula("=C3*2"))


DELETIONS: dict[str, Act] = {
    "the tab": lambda who: who.delete_tab(),
    "our column": lambda who: who.delete_column(OURS),
    "the key column": lambda who: who.delete_column(KEY),
}


@pytest.mark.parametrize("what", DELETIONS)
def test_what_staff_delete_is_not_written_anywhere_else(what: str, record_property: Records):
    record_property("cases of staff at work at Google", len(POINTS))
    for point, call in POINTS:
        desk = Desk.of()
        desk.google.tab(desk.file, "别处", [["别动"]])
        desk.google.tab(desk.twin.spreadsheet_id, "别处", [["别动"]])
        desk.workbook.grids()
        desk.google.forget_calls()
        getattr(desk.google.moments, point)(call, desk.acts(DELETIONS[what]))

        rounds = desk.passes(7)

        where = f"{what} {point} call {call}"
        assert rounds <= 6 and desk.troubles == [], where
        assert beside_ours(desk, desk.file) == beside_ours(desk, desk.twin.spreadsheet_id), where


def beside_ours(desk: Desk, file: str) -> list[list[dict[str, object]]]:
    """All tabs of a file, by header, without our column."""
    tabs = [desk.google.values(file, sheet.title) for sheet in desk.google.book(file).sheets]
    return [[{header: value for header, value in zip(tab[0], row, strict=False) if header != OURS} for row in tab] for tab in tabs if tab]


class Died(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("action", [None, "sort", "insert a row", "edit our cell"])
def test_a_process_that_dies_at_any_call_leaves_what_the_next_one_puts_right(action: str | None, record_property: Records):
    points = [(point, call) for call in range(3) for point in ("before", "within", "after")]
    record_property("cases of processes that die at a call to Google", len(points))
    for point, call in points:
        desk = Desk.of()
        desk.workbook.grids()
        desk.google.forget_calls()
        getattr(desk.google.moments, point)(call, dies)

        with contextlib.suppress(Died):
            desk.one_pass()
        desk.google.moments.acts.clear()
        if action:
            desk.acts(ACTIONS[action])()
        desk.starts_anew()
        desk.passes(5)

        where = f"died {point} call {call}, then {action}"
        assert desk.wrong() == [] and desk.troubles == [], where
        assert desk.theirs(desk.human) == desk.theirs(desk.twin), where


def dies() -> None:
    raise Died


def test_a_first_run_over_many_rows_takes_the_same_three_calls_as_over_a_few():
    rows = "\n".join(f"    A-{number} | {'很长的客户名称' * 15} | {number % 200 + 1} | | " for number in range(3000))
    desk = Desk.of("编号 | 客户 | 金额 | 状态 | 备注\n" + rows)
    desk.workbook.grids()
    desk.google.forget_calls()

    written, refused = desk.one_pass()

    assert (len(written), refused) == (3000, [])
    assert kinds(desk.google.calls) == ["values.batchGet", "spreadsheets.get", "spreadsheets.batchUpdate"]
    assert desk.wrong() == []


def test_new_rows_and_keys_go_out_before_what_is_found_by_them():
    target_ = target({KEY: "A-9", OURS: None}, 9, "很长" * 5000)
    cells = [(number, replace(target_, key=f"A-{number}", row_hint=number + 2)) for number in range(300)]
    key = (300, replace(target_, new="A-61", appends=True))

    first, second = pieces([*cells, key])

    assert first[0] == key and first[1:] + second == cells and len(first) * 30_064 < PIECE_BYTES + 30_064


def test_a_tab_whose_formulas_still_load_is_left_for_the_next_run():
    google = Desk.of().google
    stage = on_google(google, scene(complaints=COMPLAINTS, customers=CUSTOMERS, staff=STAFF))
    tab = google.book(stage.world.workbook.sheets[0].id).titled("客户投诉")  # type: ignore[attr-defined]
    assert tab is not None
    tab.put(2, 3, [Cell("Loading...")])

    problems = [problem for problem in stage.plan(LATER).problems if problem.code == "still loading"]

    assert [problem.what["zh"] for problem in problems] == [
        "工作表“客户投诉”还有公式正在加载（Loading...），整张表没有读取；下次运行再看。一直这样时，请检查引用外部数据的公式"
    ]


def test_a_quiet_pass_costs_one_read_and_a_changed_one_two_reads_and_a_write():
    desk = Desk.of()
    desk.workbook.grids()
    desk.google.forget_calls()

    desk.one_pass()
    assert kinds(desk.google.calls) == ["values.batchGet", "spreadsheets.get", "spreadsheets.batchUpdate"]
    desk.google.forget_calls()

    desk.one_pass()
    assert kinds(desk.google.calls) == ["values.batchGet"]


def test_the_look_before_a_write_leaves_out_the_empty_end_of_a_tab_and_a_row_moved_there_is_found_by_the_next_pass():
    desk = Desk.of()
    desk.human.sheet().rows.extend([BLANK] * 1000)
    desk.workbook.grids()
    desk.google.forget_calls()
    desk.google.moments.before(1, desk.acts(lambda who: far_below(who, "A-2", 900)))
    desk.twin.sheet().rows.extend([BLANK] * 1000)

    desk.one_pass()

    assert desk.google.calls[1].query["ranges"] == ["'订单'!1:207"]
    assert [row.get(OURS) for row in desk.human.records() if row[KEY] == "A-2"] == [None]
    assert desk.passes() <= 3 and desk.wrong() == [] and desk.theirs(desk.human) == desk.theirs(desk.twin)


def far_below(who: Human, key: str, to: int) -> None:
    """A row cut and pasted far below everything."""
    sheet = who.sheet()
    row = who.row(sheet, key)
    sheet.put(to, 0, sheet.rows[row].cells)
    sheet.put(row, 0, [Cell()] * len(sheet.rows[row].cells))


# What Google's side does


FAULTS = [fault for fault in everything() if fault.name not in ("401", "403", "404", "409", "413")]
FINAL = [fault for fault in everything() if fault.name in ("403", "404", "409", "413")]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_whatever_befalls_a_call_the_sheet_comes_to_rest_right_and_in_bounded_time(fault: Fault, record_property: Records):
    record_property("cases of faults of calls to Google", 4)
    for call in range(4):
        desk = Desk.of()
        desk.workbook.grids()
        desk.google.forget_calls()
        desk.google.faults.at(call, fault)
        if fault.name.startswith("late"):
            desk.google.moments.after(call, desk.acts(lambda who: who.sort("客户")))

        desk.passes(6)

        where = f"{fault.name} at call {call}"
        assert desk.wrong() == [] and desk.troubles == [], where
        assert desk.theirs(desk.human) == desk.theirs(desk.twin), where
        assert desk.clock.seconds < 900, where


@pytest.mark.parametrize("fault", FINAL, ids=lambda fault: fault.name)
def test_a_refusal_ends_the_pass_and_the_next_one_goes_on(fault: Fault):
    for call in range(3):
        desk = Desk.of()
        desk.workbook.grids()
        desk.google.forget_calls()
        desk.google.faults.at(call, fault)

        desk.passes(5)

        assert desk.wrong() == [] and len(desk.troubles) == (0 if (fault.name, call) == ("404", 0) else 1), f"{fault.name} at call {call}"


def test_a_write_that_is_carried_out_late_cannot_spoil_what_was_sorted_meanwhile():
    desk = Desk.of()
    desk.workbook.grids()
    desk.google.forget_calls()
    desk.google.faults.at(2, late(seconds=150, answer="hung"))
    desk.google.moments.after(3, desk.acts(lambda who: who.sort("金额")))

    desk.one_pass()

    assert desk.wrong() == [] and desk.google.delayed == []
    assert desk.clock.seconds > 180


def test_an_append_is_never_repeated_blindly():
    """The answer is lost after the row was put in: the next look finds it, and no second row comes."""
    desk = Desk.of()
    desk.workbook.grids()
    desk.google.forget_calls()
    desk.google.faults.at(1, broken(503, applied=True))
    new = replace(target({KEY: "A-7", OURS: None}, 5, "A-7"), header=KEY, key="A-7", appends=True)

    assert desk.workbook.apply([new]) == ([0], [])
    assert [row[KEY] for row in desk.human.records()] == ["A-1", "A-2", "A-3", "A-4", "A-5", "A-7"]


def test_a_storm_of_refusals_for_ten_minutes_is_sat_out_within_the_limits():
    desk = Desk.of()
    desk.workbook.grids()
    desk.google.forget_calls()
    desk.google.faults.storm(too_many(), 0.9, (0, 600), seed=7)

    desk.passes(6)
    desk.clock.forward(600)
    desk.troubles.clear()
    desk.passes(3)

    assert desk.wrong() == [] and desk.troubles == []
    assert busiest(desk.google.calls, "read") <= 60 and busiest(desk.google.calls, "write") <= 60


def test_a_cell_that_google_refuses_costs_only_its_own_row():
    desk = Desk.of()
    sheet = desk.human.sheet()
    sheet.things("protectedRanges").append(
        {"protectedRangeId": 1, "range": {"sheetId": sheet.sheet_id, "startRowIndex": 3, "endRowIndex": 4}, "editors": {"users": []}}
    )

    desk.google.forget_calls()
    written, refused = desk.one_pass()

    assert kinds(desk.google.calls).count("spreadsheets.batchUpdate") == 1  # known beforehand, not found out by a refusal
    assert written == [0, 1, 3, 4]
    assert refused == [(2, f"is protected: let {ROBOT} edit this range, or lift its protection (Data, Protect sheets and ranges)")]


def test_a_refused_batch_is_cut_until_one_row_is_left():
    """The sheet says nothing of why; only the cell of A-3 is refused, whatever it is sent with."""
    desk = Desk.of()
    desk.workbook.grids()
    desk.google.faults.rules.append(lambda call: bad_request("boo") if "王家：大单" in str(call.body) else None)

    written, refused = desk.one_pass()

    assert written == [0, 1, 3, 4]
    assert refused == [(2, "Google refused the cell: boo")]


def test_of_two_installations_that_start_at_once_one_works_and_the_other_says_so():
    desk = Desk.of()
    other = connected(desk.google, desk.file, holder=Passing("zz", "old laptop"))
    desk.workbook.grids()
    desk.one_pass()

    assert desk.wrong() == []
    with pytest.raises(WorkbookTaken, match=r"kept by another installation of Rowkeeper \(passing\)"):
        other.grids()


def test_a_mail_does_not_leave_where_another_installation_keeps_the_sheet():
    desk = Desk.of()
    other = connected(desk.google, desk.file, holder=Passing("zz", "old laptop"))
    other.grids()
    desk.one_pass()

    with pytest.raises(WorkbookTaken):
        other.hold()


def test_nothing_secret_stands_in_any_log(caplog: pytest.LogCaptureFixture):
    caplog.set_level("DEBUG")
    desk = Desk.of()
    desk.google.faults.at(1, not_allowed())
    desk.google.faults.at(3, dropped())
    desk.passes(4)

    assert desk.google.calls and CANARY not in caplog.text and ROBOT not in caplog.text and "老陈" not in caplog.text


# Whole runs


COMPLAINTS = """
    complaint_no | received_at      | channel | customer_id | complainant_contact | content | recorded_by | assigned_at      | severity
    TS-1         | 2025-09-26 16:30 | 电话    | KH-1        | 13800138000         | 有异味  | YG-01       |                  | 一般投诉
    TS-2         | 2025-09-25 09:00 | 邮箱    | KH-1        | 13800138001         | 少两箱  | YG-02       | 2025-09-25 10:00 | 重大投诉
    TS-3         | 2025-09-26 10:15 | 微信    | KH-1        | 13800138002         | 包装破  | YG-01       |                  |
"""
FIRST, LATER, NEXT_DAY = "2025-09-26 17:00", "2025-09-26 17:10", "2025-09-29 10:00"


def on_google(google: StandIn, stage: Scene) -> Scene:
    """The same scene, its workbook at Google."""
    file = google.file("台账", shared={ROBOT: "writer"}, timeZone="Asia/Shanghai")
    for grid in stage.world.workbook.grids():
        google.tab(file, grid.title, entered([list(row) for row in zip(*grid.columns, strict=True)]))
    return stage.with_world(workbook=connected(google, file), last_read=LastRead())


def test_a_run_that_died_while_people_sorted_leaves_nothing_that_looks_like_theirs():
    """The write lands on sorted rows, its answer is lost, and nothing is reachable any more; the next run puts all of it right."""
    google = Desk.of().google
    clean = scene(complaints=COMPLAINTS, customers=CUSTOMERS, staff=STAFF)
    stage = on_google(google, scene(complaints=COMPLAINTS, customers=CUSTOMERS, staff=STAFF))
    clean.run(FIRST)
    clean.run(LATER)
    google.forget_calls()
    sheets = stage.world.workbook.sheets[0]  # type: ignore[attr-defined]
    staff = Human(google, sheets.id, google.book(sheets.id).sheets[0].sheet_id, "投诉编号")
    google.moments.before(4, lambda: staff.sort("投诉编号"))
    google.faults.at(4, broken(503, applied=True))
    google.faults.rules.append(lambda call: not_allowed() if call.number > 4 else None)

    with pytest.raises(WorkbookRefused):
        stage.run(FIRST)
    google.faults.clear()
    stage.run(LATER)

    assert stage.ours("complaints") == clean.ours("complaints")
    assert stage.plan(LATER).overrides == ()
    assert google.clock.seconds > 180


@pytest.mark.parametrize(("seconds", "finishes"), [(600, True), (4000, False)])
def test_a_run_in_a_storm_finishes_or_says_why_and_nobody_is_told_before_it_is_written(seconds: int, finishes: bool):
    google = Desk.of().google
    clean = scene(complaints=COMPLAINTS, customers=CUSTOMERS, staff=STAFF)
    stage = on_google(google, scene(complaints=COMPLAINTS, customers=CUSTOMERS, staff=STAFF))
    for each in (clean, stage):
        each.run(FIRST)
    clean.run(NEXT_DAY)
    told = [mail.subject for mail in stage.sent]
    google.forget_calls()
    begun = google.clock()
    google.faults.storm(too_many(), 0.9 if finishes else 1.0, (begun, begun + seconds), seed=5)

    if finishes:
        stage.run(NEXT_DAY)
    else:
        with pytest.raises(WorkbookBusy, match="Google's quota is used up"):
            stage.run(NEXT_DAY)
        assert [mail.subject for mail in stage.sent] == told
        google.faults.clear()
        google.clock.forward(4000)
        stage.run(NEXT_DAY)

    assert stage.ours("complaints") == clean.ours("complaints")
    assert sorted(mail.subject for mail in stage.sent) == sorted(mail.subject for mail in clean.sent) != sorted(told)
    assert busiest(google.calls, "read") <= 60 and busiest(google.calls, "write") <= 60
