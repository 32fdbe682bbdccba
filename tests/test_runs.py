"""Whole runs over the shipped policies: tables in, cells and mails out, nothing twice and nothing lost."""

from __future__ import annotations

from datetime import datetime

import pytest

from automations.model import CellChange, Mail, NewKey
from automations.run import Run
from automations.workbooks.memory import MemoryWorkbook
from tests.scene import CUSTOMERS, STAFF, Scene, does_nothing, everything_said, lines_of, plainly, scene

FRIDAY = "2025-09-26 17:00"
COMPLAINT = """
    complaint_no | received_at      | channel | customer_id | complainant_contact | content | recorded_by | severity
    TS-1         | 2025-09-26 16:30 | 电话    | KH-1        | 13800138000         | 有异味  | YG-01       | 一般投诉
"""
ANSWERED = """
    complaint_no | received_at      | channel | customer_id | complainant_contact | content | recorded_by | severity | first_response_at
    TS-1         | 2025-09-26 16:30 | 电话    | KH-1        | 13800138000         | 有异味  | YG-01       | 一般投诉 | 2025-09-26 16:40
"""


@pytest.fixture
def stage() -> Scene:
    """One complaint of Friday afternoon, seen for the first time half an hour later."""
    known = scene(complaints=COMPLAINT, customers=CUSTOMERS, staff=STAFF)
    known.run(FRIDAY)
    return known


@pytest.fixture
def answered() -> Scene:
    """The same complaint with the first answer given, so that fewer clocks run."""
    known = scene(complaints=ANSWERED, customers=CUSTOMERS, staff=STAFF)
    known.run(FRIDAY)
    return known


def readers(letters: list[str]) -> list[str]:
    """Who got a mail, by the name in the address."""
    return [line.partition("@")[0] for line in letters]


def letters_of(stage: Scene, now: str) -> list[Mail]:
    """The mails one run sends."""
    before = len(stage.sent)
    stage.run(now)
    return stage.sent[before:]


def told(stage: Scene, rule: str, key: str = "TS-1") -> list[str]:
    """What the ledger knows of the notices of one rule: rung, reader and state."""
    records = stage.world.ledger.notices_about("团队台账", "complaints", key)
    return [f"{each.notice.rung} {each.notice.address} {each.state}" for each in records if each.notice.rule.endswith(f"/{rule}")]


# What a run writes, and that it is settled then


def test_a_first_run_fills_our_columns_and_names_the_rule_of_each_cell() -> None:
    run = scene(complaints=COMPLAINT).run(FRIDAY)
    assert [plainly(f"{line} [{change.rule}]") for line, change in zip(lines_of(run.plan), run.plan.changes, strict=True)] == [
        "TS-1 status: blank -> 已记录 [complaint-handling/progress]",
        "TS-1 next_step: blank -> 确定受理部门和负责人(市场部) [complaint-handling/progress]",
        "TS-1 next_due: blank -> 2025-09-27 16:30 [complaints/summary]",
        "TS-1 time_left: blank -> 明天 16:30 到期 [complaints/summary]",
        "TS-1 due_first_response: blank -> 2025-09-27 16:30 [complaint-response/first_response]",
        "TS-1 due_assign: blank -> 2025-09-28 18:00 [complaint-handling/assign]",
        "TS-1 due_resolve: blank -> 2025-09-29 23:59:59 [complaint-response/general_solution]",
        "TS-1 due_close: blank -> 2025-10-28 18:00 [complaint-handling/total]",
        "TS-1 inv_filled: blank -> 0 [complaint-records/inv_count]",
    ]
    assert run.receipt.written.written == run.plan.changes


def test_a_second_run_at_the_same_clock_plans_no_cell_and_no_mail(stage: Scene) -> None:
    before = stage.raw()
    again = stage.run(FRIDAY)
    assert (does_nothing(again.plan), again.receipt.written.written, again.receipt.mails_sent) == (True, (), 0)
    assert (stage.raw(), stage.book.saves) == (before, 1)


def test_a_second_run_is_settled_at_every_moment_of_a_complaint(stage: Scene) -> None:
    moments = ["2025-09-27 13:00", "2025-09-27 16:30", "2025-09-28 18:00", "2025-09-28 18:00:01", "2025-10-09 08:30", "2025-10-29 09:00"]
    for now in moments:
        stage.run(now)
        assert does_nothing(stage.plan(now)), now


def test_the_same_tables_configuration_and_clock_give_the_same_plan_byte_for_byte() -> None:
    one, other = (scene(complaints=COMPLAINT, customers=CUSTOMERS, staff=STAFF).plan(FRIDAY) for _ in range(2))
    assert (one.as_json(), one.fingerprint) == (other.as_json(), other.fingerprint)


def test_planning_writes_nothing_into_workbook_ledger_or_channel(stage: Scene) -> None:
    before, runs = stage.raw(), stage.world.ledger.runs("团队台账")
    plan = stage.plan("2025-09-27 16:31")
    assert [mail.to for mail in plan.mails] == ["chen@example.com", "wang@example.com"]
    assert (stage.raw(), stage.book.saves, stage.sent) == (before, 1, [])
    assert stage.world.ledger.runs("团队台账") == runs
    assert stage.world.ledger.known_notices("团队台账", [each.identity for each in plan.notices]) == {}


def test_time_passing_alone_changes_only_what_its_meaning_changes(stage: Scene) -> None:
    assert lines_of(stage.plan("2025-09-26 23:59")) == []
    assert lines_of(stage.plan("2025-09-27 00:00")) == ["TS-1 time_left: 明天 16:30 到期 -> 今天 16:30 到期"]


# Who is told, and when


def test_first_contact_mails_nobody_and_later_rungs_do() -> None:
    stage = scene(complaints=COMPLAINT, customers=CUSTOMERS, staff=STAFF)
    assert stage.letters("2025-10-09 09:00") == []
    assert {each.state for each in stage.world.ledger.notices_about("团队台账", "complaints", "TS-1")} == {"baseline"}
    assert stage.letters("2025-10-09 09:00") == []
    assert readers(stage.letters("2025-10-30 09:00")) == ["li", "wang"]


def test_a_clock_that_comes_near_its_end_reminds_the_owner_once(stage: Scene) -> None:
    assert stage.letters("2025-09-27 12:29") == []
    assert stage.letters("2025-09-27 12:30") == ["chen@example.com: [即将到期] 客户投诉 TS-1：首次响应"]
    assert stage.letters("2025-09-27 12:31") == []


def test_once_the_due_moment_is_over_the_owner_and_the_superior_are_told(stage: Scene) -> None:
    stage.run("2025-09-27 12:30")
    assert stage.letters("2025-09-27 16:30") == []
    assert stage.cells("complaints", "overdue_stage") == ["TS-1 -"]
    assert stage.letters("2025-09-27 16:30:01") == [
        "chen@example.com: [逾期] 客户投诉 TS-1：首次响应",
        "wang@example.com: [逾期] 客户投诉 TS-1：首次响应",
    ]


def test_of_two_rungs_passed_at_once_the_highest_is_sent_and_the_lower_recorded(stage: Scene) -> None:
    assert stage.letters("2025-09-27 16:31") == [
        "chen@example.com: [逾期] 客户投诉 TS-1：首次响应",
        "wang@example.com: [逾期] 客户投诉 TS-1：首次响应",
    ]
    assert told(stage, "first_response") == [
        "due - 4 hours chen@example.com overtaken",
        "due chen@example.com sent",
        "due wang@example.com sent",
    ]


def test_after_nine_days_of_silence_each_reader_gets_one_mail(stage: Scene) -> None:
    assert readers(stage.letters("2025-10-10 09:00")) == ["li", "wang"]
    assert told(stage, "assign") == [
        "80% chen@example.com overtaken",
        "due chen@example.com overtaken",
        "due wang@example.com overtaken",
        "due + 1 working day wang@example.com sent",
    ]


def test_an_escalation_is_repeated_every_working_day_and_at_most_five_times(stage: Scene) -> None:
    days = ["09-28", "09-29", "09-30", "10-01", "10-04", "10-09", "10-10", "10-11", "10-13"]
    heard = {
        day: sum("first_response|" in one for mail in letters_of(stage, f"2025-{day} 19:00") for one in mail.identities) for day in days
    }
    assert heard == {"09-28": 1, "09-29": 1, "09-30": 1, "10-01": 0, "10-04": 0, "10-09": 1, "10-10": 1, "10-11": 0, "10-13": 0}


def test_a_repeat_missed_while_the_program_was_down_is_not_made_up(stage: Scene) -> None:
    stage.run("2025-09-28 19:00")
    letters_of(stage, "2025-10-09 19:00")
    sent = [line for line in told(stage, "first_response") if "due + 1" in line]
    assert sent == ["due + 1 working day li@example.com sent"] * 2


def test_several_matters_for_one_reader_become_one_mail(stage: Scene) -> None:
    stage.run("2025-09-28 12:00")
    plan = stage.plan("2025-09-28 18:01")
    mine = [mail for mail in plan.mails if mail.to == "chen@example.com"]
    assert [len(mail.identities) for mail in mine] == [2]
    assert all(words in mine[0].text for words in ("确定受理部门和负责人", "告诉客户由谁受理"))


def test_a_row_that_is_done_sends_nothing(answered: Scene) -> None:
    for column in ("assigned_at", "acceptance_notice_at", "responsibility_at", "resolved_at"):
        answered.edit("complaints", column, "TS-1", datetime(2025, 9, 27, 9, 0))
    answered.edit("complaints", "customer_notified_at", "TS-1", datetime(2025, 9, 27, 10, 0))
    answered.edit("complaints", "followup_at", "TS-1", datetime(2025, 9, 27, 11, 0))
    answered.edit("complaints", "closed_at", "TS-1", datetime(2025, 9, 27, 12, 0))
    assert answered.letters("2025-11-30 09:00") == []


def test_a_held_row_is_judged_but_mails_nobody_until_its_day(answered: Scene) -> None:
    answered.edit("complaints", "hold_until", "TS-1", datetime(2025, 10, 9))
    answered.edit("complaints", "hold_reason", "TS-1", "客户出差")
    assert answered.letters("2025-10-09 19:00") == []
    assert answered.cells("complaints", "overdue_stage") == ["TS-1 确定受理部门和负责人、告诉客户由谁受理、一般投诉的解决"]
    assert readers(answered.letters("2025-10-10 00:00")) == ["chen", "li", "wang"], "the end of the hold is told to the owner"


@pytest.mark.parametrize(
    ("owner", "staff", "reader"),
    [
        pytest.param("", STAFF, "li@example.com", id="nobody is named: the owner of the policy"),
        pytest.param("YG-77", STAFF, "li@example.com", id="an unknown number: the owner of the policy"),
        pytest.param("", "staff_id | staff_name\nYG-01 | 陈立", "admin@example.com", id="nobody has an address: the admin"),
        pytest.param("YG-01", STAFF.replace("chen@example.com", "没有"), "li@example.com", id="an address that is none"),
        pytest.param(
            "YG-01", STAFF.replace("| chen@example.com  | 在职", "| chen@example.com  | 离职"), "li@example.com", id="who has left"
        ),
        pytest.param("陈立", STAFF, "chen@example.com", id="a name instead of a number"),
        pytest.param("someone@example.com", STAFF, "someone@example.com", id="an address in the cell"),
    ],
)
def test_somebody_is_always_told(owner: str, staff: str, reader: str) -> None:
    stage = scene(complaints=COMPLAINT.replace("YG-01", owner), customers=CUSTOMERS, staff=staff)
    stage.run(FRIDAY)
    assert stage.letters("2025-09-27 12:30") == [f"{reader}: [即将到期] 客户投诉 TS-1：首次响应"]


def test_a_superior_who_has_left_or_is_the_person_is_left_out() -> None:
    alone = STAFF.replace("| 业务员     | YG-02 ", "| 业务员     | YG-01 ")
    gone = STAFF.replace("| wang@example.com  | 在职", "| wang@example.com  | 离职")
    for staff in (alone, gone):
        stage = scene(complaints=COMPLAINT, customers=CUSTOMERS, staff=staff)
        stage.run("2025-09-27 12:30")
        assert readers(stage.letters("2025-09-27 16:31")) == ["chen"]


def test_without_a_staff_sheet_everything_goes_to_the_admin_and_cells_are_filled() -> None:
    stage = scene(complaints=COMPLAINT)
    stage.run(FRIDAY)
    assert stage.letters("2025-09-27 16:31") == ["admin@example.com: [逾期] 客户投诉 TS-1：首次响应"]
    assert stage.cells("complaints", "overdue_stage") == ["TS-1 首次响应"]


# Rows without a number of their own


def test_doubled_keys_are_reported_and_left_alone() -> None:
    twice = COMPLAINT + COMPLAINT.strip().splitlines()[1] + "\n" + COMPLAINT.strip().splitlines()[1].replace("TS-1", "TS-2")
    stage = scene(complaints=twice, customers=CUSTOMERS, staff=STAFF)
    run = stage.run(FRIDAY)
    assert {change.key for change in run.plan.changes if change.table == "complaints"} == {"TS-2"}
    assert [
        plainly(f"{each.address} {each.sentence['zh']} {each.fix['zh']}")
        for each in run.plan.findings
        if each.rule == "complaints/key-once"
    ] == [
        'A2 编号"TS-1"在本表出现多次,这些行暂不处理 请改正编号,使每行编号唯一',
        'A3 编号"TS-1"在本表出现多次,这些行暂不处理 请改正编号,使每行编号唯一',
    ]
    stage.run("2025-09-27 16:31")
    assert {identity.split("|")[3] for mail in stage.sent for identity in mail.identities} == {"TS-2"}


BLANK_KEYS = """
    complaint_no    | received_at      | customer_id | content
    TS-20260917-002 | 2026-09-17 09:00 | KH-1        | 甲
                    | 2026-09-17 10:00 | KH-1        | 乙
                    | 2026-09-18 08:00 | KH-1        | 丙
                    | 2026-09-17 11:00 | KH-1        | 丁
                    |                  | KH-1        | 戊
"""


def test_blank_keys_are_numbered_once_and_keep_their_number_after_sorting() -> None:
    stage = scene(complaints=BLANK_KEYS)
    run = stage.run("2026-09-18 09:00")
    numbered = ["TS-20260917-002 甲", "TS-20260917-003 乙", "TS-20260918-001 丙", "TS-20260917-004 丁"]
    assert [f"{new.row} {new.key}" for new in run.plan.new_keys] == ["3 TS-20260917-003", "4 TS-20260918-001", "5 TS-20260917-004"]
    assert stage.cells("complaints", "content")[:4] == numbered
    assert stage.cells("complaints", "status")[:4] == [f"{line.split()[0]} 已记录" for line in numbered]
    stage.book.sort_by("客户投诉", "投诉内容", descending=True)
    assert does_nothing(stage.plan("2026-09-18 09:00"))
    assert sorted(stage.cells("complaints", "content"))[1:] == sorted(numbered)


def test_a_row_without_a_key_waits_until_its_number_can_be_made() -> None:
    stage = scene(complaints=BLANK_KEYS)
    stage.run("2026-09-18 09:00")
    assert stage.raw()["客户投诉"][5][:1] == [None]
    stage.book.tabs["客户投诉"][5][1] = datetime(2026, 9, 18, 8, 30)
    assert [new.key for new in stage.run("2026-09-18 09:00").plan.new_keys] == ["TS-20260918-002"]


# Findings


def test_a_finding_names_cell_value_clause_and_fix_and_is_gone_once_fixed() -> None:
    stage = scene(complaints=COMPLAINT.replace("2025-09-26 16:30", "2025/13/45"), customers=CUSTOMERS, staff=STAFF)
    found = stage.run(FRIDAY).plan.findings
    said = next(each for each in found if each.rule == "complaints/readable")
    assert (said.address, said.row, said.key, said.value, said.owner) == ("B2", 2, "TS-1", "2025/13/45", "陈立")
    assert plainly(said.sentence["zh"]) == '"受理时间"填的是"2025/13/45",看不懂'
    assert plainly(said.fix["zh"]) == "应填日期和时间,例如 2026-09-30 14:05"
    assert "看不懂。应填日期和时间,例如 2026-09-30 14:05。" in plainly(stage.cells("complaints", "check_result")[0])
    stage.edit("complaints", "received_at", "TS-1", datetime(2025, 9, 26, 16, 30))
    stage.run(FRIDAY)
    assert stage.cells("complaints", "check_result", "due_assign") == ["TS-1 - | 2025-09-28 18:00"]


def test_a_finding_says_the_clause_and_who_is_responsible_by_name(stage: Scene) -> None:
    stage.edit("complaints", "complainant_contact", "TS-1", None)
    said = next(each for each in stage.plan(FRIDAY).findings if each.table == "complaints")
    assert (said.rule, said.address, said.clause, said.owner) == ("complaint-response/contact_recorded", "E2", "5.2.1", "陈立")
    assert said.sentence["zh"].startswith("缺") and "联系方式" in said.sentence["zh"] and "请填写" in said.fix["zh"]


def test_a_finding_fixed_and_back_within_the_day_is_one_occasion() -> None:
    stage = scene(complaints=ANSWERED, customers=CUSTOMERS, staff=STAFF)
    stage.run(FRIDAY)
    stage.edit("complaints", "customer_opinion", "TS-1", "满意")
    assert len(stage.letters("2025-09-26 17:10")) == 3
    stage.edit("complaints", "customer_opinion", "TS-1", None)
    assert stage.letters("2025-09-26 17:20") == []
    stage.edit("complaints", "customer_opinion", "TS-1", "很满意")
    assert stage.letters("2025-09-26 17:30") == []
    assert stage.letters("2025-09-26 17:40") == []


def test_a_finding_back_after_days_is_a_new_occasion() -> None:
    stage = scene(complaints=ANSWERED, customers=CUSTOMERS, staff=STAFF)
    stage.run(FRIDAY)
    for now, opinion, mails in (("2025-09-26 17:10", "满意", 3), ("2025-09-26 17:20", None, 0), ("2025-09-28 09:00", "不满意", 3)):
        stage.edit("complaints", "customer_opinion", "TS-1", opinion)
        opinions = [mail for mail in letters_of(stage, now) if any("customer_opinion_up" in one for one in mail.identities)]
        assert len(opinions) == mails


# People in our columns


def test_a_hand_edit_in_a_column_that_keeps_them_stays_and_is_reported(stage: Scene) -> None:
    stage.edit("complaints", "due_assign", "TS-1", datetime(2025, 9, 30, 12, 0))
    run = stage.run(FRIDAY)
    assert lines_of(run.plan) == []
    assert [f"{each.key} {each.column} {each.theirs} {each.ours}" for each in run.plan.overrides] == [
        "TS-1 due_assign 2025-09-30 12:00:00 2025-09-28 18:00:00"
    ]
    assert stage.cells("complaints", "due_assign") == ["TS-1 2025-09-30 12:00"]


@pytest.mark.parametrize(
    ("column", "typed", "ours"),
    [
        ("status", "已归档", "已记录"),
        ("next_step", "不用管", "确定受理部门和负责人(市场部)"),
        ("next_due", datetime(2030, 1, 1), "2025-09-27 16:30"),
        ("next_due", "以后再说", "2025-09-27 16:30"),
        ("time_left", "很久", "明天 16:30 到期"),
    ],
)
def test_the_summary_beside_a_row_is_restored(stage: Scene, column: str, typed: object, ours: str) -> None:
    stage.edit("complaints", column, "TS-1", typed)
    stage.run(FRIDAY)
    assert [plainly(line) for line in stage.cells("complaints", column)] == [f"TS-1 {ours}"]
    assert does_nothing(stage.plan(FRIDAY))


def test_a_cell_of_ours_that_somebody_emptied_is_filled_again(stage: Scene) -> None:
    stage.edit("complaints", "due_assign", "TS-1", None)
    assert lines_of(stage.run(FRIDAY).plan) == ["TS-1 due_assign: blank -> 2025-09-28 18:00"]


class Meddled(MemoryWorkbook):
    """A workbook somebody types into between our reading and our writing."""

    def __init__(self, book: MemoryWorkbook, edits: dict[tuple[str, str, str], object]) -> None:
        super().__init__(book.name, book.tabs)
        self.edits = edits

    def apply(self, targets):  # type: ignore[no-untyped-def]
        for (tab, header, key), value in self.edits.items():
            self.edit(tab, header, key, value)  # type: ignore[arg-type]
        self.edits = {}
        return super().apply(targets)


def meddled(stage: Scene, now: str, edits: dict[tuple[str, str, str], object]) -> tuple[Scene, Run]:
    known = stage.with_world(workbook=Meddled(stage.book, edits))
    return known, known.run(now)


def test_what_staff_change_between_plan_and_write_is_refused_and_looked_at_again() -> None:
    fresh = scene(complaints=COMPLAINT)
    later, run = meddled(fresh, FRIDAY, {("客户投诉", "状态", "TS-1"): "我来写"})
    assert [(change.column, why) for change, why in run.receipt.written.refused] == [("status", "changed meanwhile: now holds '我来写'")]
    assert (later.book.cell("客户投诉", "状态", "TS-1"), later.cells("complaints", "due_assign")) == ("我来写", ["TS-1 2025-09-28 18:00"])
    assert lines_of(later.run(FRIDAY).plan) == ["TS-1 status: 我来写 -> 已记录"]
    assert later.cells("complaints", "status") == ["TS-1 已记录"]


def test_a_key_typed_between_plan_and_write_is_left_and_its_row_refused() -> None:
    class Typing(MemoryWorkbook):
        def apply(self, targets):  # type: ignore[no-untyped-def]
            self.tabs["客户投诉"][2][0] = "TS-自己编"
            return super().apply(targets)

    stage = scene(complaints=BLANK_KEYS)
    stage = stage.with_world(workbook=Typing("团队台账", stage.book.tabs))
    run = stage.run("2026-09-18 09:00")
    refused = {(type(change), change.key) for change, _ in run.receipt.written.refused}
    assert refused == {(NewKey, "TS-20260917-003"), (CellChange, "TS-20260917-003")}
    assert stage.raw()["客户投诉"][2][0] == "TS-自己编"


# Two policies for one promise


def test_of_two_policies_for_one_date_the_cell_names_the_one_that_set_it(stage: Scene) -> None:
    stage.edit("complaints", "complexity", "TS-1", "一般问题")
    stage.edit("complaints", "severity", "TS-1", "重大投诉")
    stage.edit("complaints", "assigned_at", "TS-1", datetime(2025, 9, 26, 16, 50))
    changed = {change.column: (change.rule, str(change.new)) for change in stage.plan(FRIDAY).changes}
    assert changed["due_resolve"] == ("complaint-handling/solve", "2025-10-23 18:00:00")


def test_only_the_strictest_promise_reminds_of_a_shared_date(answered: Scene) -> None:
    answered.edit("complaints", "assigned_at", "TS-1", datetime(2025, 9, 26, 17, 0))
    answered.run("2025-10-11 09:00")
    assert answered.cells("complaints", "due_resolve") == ["TS-1 2025-09-29 23:59:59"]
    assert told(answered, "general_solution")[-1].endswith("sent")
    assert told(answered, "solve") == []


# What must never be said or done


def test_a_penalty_is_proposed_as_a_range_and_never_decided() -> None:
    stage = scene(
        complaints="""
        complaint_no | received_at      | customer_id | content | category | direct_loss
        TS-1         | 2025-09-26 16:30 | KH-1        | 破损   | 运输损坏 | 48350.00
        TS-2         | 2025-09-26 16:30 | KH-1        | 态度差 | 服务质量 | 0
    """
    )
    run = stage.run("2025-12-01 09:00")
    assert stage.cells("complaints", "fine_low", "fine_high", "service_fine_max") == ["TS-1 483.50 | 1450.50 | -", "TS-2 - | - | 200.00"]
    decided = {"fine_decided", "dept_fine_decided", "service_fine_decided", "service_sanction", "sanction_doc_no"}
    assert [change.column for change in run.plan.changes if change.column in decided] == []


SECRETS = ("13912345678", "secret@customer.example", "第三次打来的那位")


def test_what_is_sensitive_stands_in_no_mail_finding_plan_or_problem_cell() -> None:
    stage = scene(
        complaints=COMPLAINT.replace("13800138000", SECRETS[2]),
        customers=f"""
            customer_id | customer_name | phone        | email
            KH-1        | 甲商贸        | {SECRETS[0]} | {SECRETS[1]}
            KH-2        | 乙            | {SECRETS[2]} | {SECRETS[2]}
        """,
        carriers="carrier_id | carrier_name",
        staff=STAFF,
    )
    words = []
    for now in (FRIDAY, "2025-09-27 16:31", "2025-10-09 09:00"):
        run = stage.run(now)
        words += [everything_said(run.plan)]
        stage.edit("staff", "phone", "YG-01", SECRETS[0])
    assert [text for text in words if "客户KH-1的电话相同" in text] != []
    ours = {column.heading("zh") for table in stage.world.config.tables.values() for column in table.columns if column.ours}
    for rows in stage.raw().values():
        places = [place for place, header in enumerate(rows[0]) if header in ours]
        words += [str(row[place]) for row in rows[1:] for place in places]
    assert [secret for secret in SECRETS for text in words if secret in text] == []
    unread = [each for each in run.plan.findings if each.rule == "customers/readable"]
    assert [(each.column, each.value) for each in unread] == [("email", "***"), ("phone", "***")]


def test_a_mail_explains_itself(stage: Scene) -> None:
    stage.run("2025-09-27 16:31")
    text = stage.sent[0].text
    wanted = ("TS-1", "首次响应", "2025-09-27 16:30", "5.3.1", "豆制品厂成品客户维护制度", "客户投诉 第 2 行", "暂缓至")
    assert [words for words in wanted if words not in text] == []


def test_an_empty_workbook_is_a_plan_that_does_nothing() -> None:
    stage = scene(complaints="complaint_no | received_at", customers="customer_id | customer_name")
    assert does_nothing(stage.run(FRIDAY).plan)
