"""Complaints row by row: clocks, order of steps, records, penalties and progress of one row."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.bench.by_row import ByRow, Row

HANDLING, RECORDS, PENALTIES, RESPONSE = "complaint-handling", "complaint-records", "complaint-penalties", "complaint-response"
GOODS = ("与合同不符", "质量问题", "运输损坏", "重量超差", "包装不良")
FEEDBACK = "质量/规格/数量重量/运输/包装"
STEPS = ("received_at", "assigned_at", "responsibility_at", "inv_returned_at", "customer_notified_at", "closed_at", "filed_at")
OPTIONAL = ("responsibility_at", "inv_returned_at")
MAJOR = re.compile("食品安全|食物中毒|中毒|受伤|住院|送医|媒体|记者|曝光|市场监管|监管部门|12315")
CENT = Decimal("0.01")


def complaint(script: ByRow, place: int, row: Row) -> None:
    """Everything about one complaint, written into its row."""
    total = script.working_days(row["received_at"], 18)
    clocks(script, place, row, total)
    responses(script, place, row)
    steps(script, place, row)
    entry(script, place, row)
    judging(script, place, row)
    closing(script, place, row)
    response_records(script, place, row)
    penalties(script, place, row)
    sanctions(script, place, row)
    progress(script, row)


def clock(
    script: ByRow,
    place: int,
    row: Row,
    rule: str,
    start: Any,
    due: Any,
    done: Any,
    column: str = "",
    *,
    active: bool = True,
    paused: bool = False,
) -> None:
    """One deadline: its state, its due column (the earlier of two counts), and a start in the future."""
    due = due if active else None
    script.states[rule].append(script.state(start, due, done, active=active, paused=paused))
    script.say(rule, place, active and start and start > script.now)
    if column:
        row[column] = min((each for each in (row.get(column), due) if each), default=None)


def capped(due: datetime | None, total: datetime | None) -> datetime | None:
    return min(due, total) if due and total else due


def clocks(script: ByRow, place: int, row: Row, total: datetime | None) -> None:
    received, assigned, notified = row["received_at"], row["assigned_at"], row["customer_notified_at"]
    for column in ("due_resolve", "due_notify"):
        row[column] = None

    def within(rule: str, start: Any, count: int, done: Any, column: str = "", active: bool = True) -> None:
        clock(
            script, place, row, f"{HANDLING}/{rule}", start, capped(script.working_days(start, count), total), done, column, active=active
        )

    clock(script, place, row, f"{HANDLING}/total", received, total, row["closed_at"], "due_close")
    within("assign", received, 1, assigned, "due_assign")
    within("accept_notice", received, 1, row["acceptance_notice_at"])
    within("responsibility", assigned, 3, row["responsibility_at"], "due_responsibility")
    told = min((each for each in (row["written_reply_at"], notified) if each), default=None)
    within("explain_customer", row["verified_at"] or received, 2, told, active=row["cause_side"] == "客户原因")
    within("feedback_form", row["verified_at"] or assigned, 1, row["feedback_form_at"], active=row["cause_side"] == FEEDBACK)
    due = solving(script, row)
    waiting = bool(row["waiting_customer"])
    clock(script, place, row, f"{HANDLING}/solve", assigned, capped(due, total), row["resolved_at"], "due_resolve", paused=waiting)
    agreed = max(row["vp_ok_at"], row["manager_ok_at"]) if row["vp_ok_at"] and row["manager_ok_at"] else None
    within("notify", agreed, 2, notified, "due_notify")
    clock(script, place, row, f"{HANDLING}/followup", notified, script.hours(notified, 72), row["followup_at"], "due_followup")


def solving(script: ByRow, row: Row) -> datetime | None:
    """5 or 15 working days; the clock stands still while the customer is waited for, at most 10 working days."""
    hard = row["complexity"] == "复杂问题" or row["severity"] == "重大投诉"
    due = script.working_days(row["assigned_at"], 15 if hard else 5)
    since = min(row["waiting_since"] or script.now, script.now)
    if not row["waiting_customer"] or due is None or since >= due:
        return due
    longest = script.working_days(since, 10)
    ends = [each for each in (longest if longest and longest < script.now else None, row["resolved_at"]) if each]
    if not ends:
        return None
    return script.shifted(due, script.open_seconds(since, min(ends))) if since < min(ends) else due


def responses(script: ByRow, place: int, row: Row) -> None:
    received, major = row["received_at"], row["severity"] == "重大投诉"
    started = received is not None and received <= script.now
    third_day = datetime.combine(received.date() + timedelta(days=3), time(23, 59, 59)) if started else None
    general = row["severity"] in (None, "一般投诉")
    clock(
        script,
        place,
        row,
        f"{RESPONSE}/first_response",
        received,
        script.hours(received, 24),
        row["first_response_at"],
        "due_first_response",
    )
    clock(script, place, row, f"{RESPONSE}/general_solution", received, third_day, row["resolved_at"], "due_resolve", active=general)
    clock(script, place, row, f"{RESPONSE}/emergency", received, script.hours(received, 1), row["emergency_at"], active=major)
    clock(
        script,
        place,
        row,
        f"{RESPONSE}/preliminary",
        received,
        script.hours(received, 48),
        row["preliminary_at"],
        "due_preliminary",
        active=major,
    )
    resolved = row["resolved_at"]
    clock(
        script,
        place,
        row,
        f"{RESPONSE}/result_notice",
        resolved,
        script.working_days(resolved, 1),
        row["customer_notified_at"],
        "due_notify",
    )


def steps(script: ByRow, place: int, row: Row) -> None:
    for position, later in enumerate(STEPS[1:], start=1):
        before = [step for step in STEPS[:position] if step not in OPTIONAL][-1]
        script.say(f"{HANDLING}/steps", place, row[later] and not row[before])
        for earlier in STEPS[:position]:
            script.say(f"{HANDLING}/steps", place, row[later] and row[earlier] and row[later] < row[earlier])


def required(script: ByRow, place: int, row: Row, rule: str, where: Any, *columns: str) -> None:
    for column in columns:
        script.say(rule, place, where and row[column] is None)


def entry(script: ByRow, place: int, row: Row) -> None:
    required(script, place, row, f"{RECORDS}/entry_complete", True, "received_at", "customer_id", "content", "recorded_by")
    script.say(f"{RECORDS}/customer_known", place, row["customer_id"] and not script.find("customers", row["customer_id"]))
    for rule, column in (("receipt_timed", "received_at"), ("notice_timed", "customer_notified_at")):
        script.say(f"{RECORDS}/{rule}", place, row[column] and row[column].time() == time())
    required(script, place, row, f"{RECORDS}/assignment_complete", row["assigned_at"], "handling_dept", "handler")
    required(script, place, row, f"{RECORDS}/category_stated", row["assigned_at"], "category")
    required(script, place, row, f"{RECORDS}/other_matter_in_contract", row["category"] == "合同约定其他", "contract_no")
    department = row["handling_dept"]
    script.say(f"{RECORDS}/business_to_market", place, row["category"] == "业务操作" and department and "市场" not in department)


def judging(script: ByRow, place: int, row: Row) -> None:
    required(script, place, row, f"{RECORDS}/judged_before_solution", row["solution"], "category", "reason_sufficient", "demand_reasonable")
    due = row["due_responsibility"]
    wanted = row["category"] in GOODS and (row["responsibility_at"] or (due and due < script.now))
    required(script, place, row, f"{RECORDS}/product_details", wanted, "product_code", "qty", "spec")
    shipped = script.find("shipments", row["notice_no"]).get("qty")
    script.say(f"{RECORDS}/qty_within_shipped", place, row["qty"] is not None and shipped is not None and row["qty"] > shipped)
    required(script, place, row, f"{RECORDS}/responsibility_complete", row["responsibility_at"], "responsible_dept", "responsible_person")
    elements = ("inv_cause", "inv_course", "inv_person", "inv_conclusion", "inv_corrective", "inv_preventive")
    row["inv_filled"] = sum(1 for each in elements if row[each])
    script.say(f"{RECORDS}/inv_complete", place, row["inv_returned_at"] and row["inv_filled"] < 6)


def closing(script: ByRow, place: int, row: Row) -> None:
    paid, closed = row["compensation"], row["closed_at"]
    required(script, place, row, f"{RECORDS}/compensation_basis_stated", paid is not None and paid > 0, "compensation_basis")
    ordered = script.find("orders", row["order_no"]).get("amount")
    script.say(f"{RECORDS}/compensation_within_order", place, paid is not None and ordered is not None and paid > ordered)
    reply = row["written_reply_at"]
    script.say(f"{RECORDS}/reply_before_closing", place, closed and not (reply and reply <= closed))
    required(script, place, row, f"{RECORDS}/closing_record", closed, "recorded_by", "responsible_dept", "responsible_person", "result")
    required(script, place, row, f"{RECORDS}/improvement_before_closing", closed, "improvement")
    required(script, place, row, f"{RECORDS}/closed_not_filed", closed, "filed_at")
    required(script, place, row, f"{RECORDS}/hold_explained", row["hold_until"], "hold_reason")
    required(script, place, row, f"{RECORDS}/waiting_dated", row["waiting_customer"], "waiting_since")
    required(script, place, row, f"{HANDLING}/opinion_passed", row["customer_opinion"], "opinion_sent_at")
    filed, followed = row["filed_at"], row["followup_at"]
    script.say(f"{HANDLING}/followup_before_filing", place, filed and not (followed and followed <= filed))
    skipped = row["cause_side"] != "客户原因" and row["customer_notified_at"]
    required(script, place, row, f"{HANDLING}/solution_consent", skipped, "vp_ok_at", "manager_ok_at")
    for column in ("vp_ok_at", "manager_ok_at"):
        script.say(f"{HANDLING}/solution_consent", place, skipped and row[column] and row["customer_notified_at"] < row[column])


def response_records(script: ByRow, place: int, row: Row) -> None:
    goods = row["category"] in GOODS
    required(script, place, row, f"{RESPONSE}/contact_recorded", True, "content", "received_at", "complainant_contact")
    required(script, place, row, f"{RESPONSE}/channel_recorded", True, "channel")
    script.say(f"{RESPONSE}/maybe_major", place, row["severity"] is None and row["content"] and MAJOR.search(row["content"]))
    required(script, place, row, f"{RESPONSE}/conclusion_before_solution", row["solution"] and goods, "inv_cause", "inv_conclusion")
    required(script, place, row, f"{RESPONSE}/joint_investigation", goods, "inv_conclusion")
    required(script, place, row, f"{RESPONSE}/solution_kind_stated", row["solution"], "solution_kind")


def penalties(script: ByRow, place: int, row: Row) -> None:
    loss, fine, dept = row["direct_loss"] or 0, row["fine_decided"], row["dept_fine_decided"]
    low = high = None
    if loss > 0 and row["category"] in (*GOODS, "合同约定其他"):
        low, high = ((loss * rate / 100).quantize(CENT, ROUND_HALF_UP) for rate in (1, 3))
    row["fine_low"], row["fine_high"] = low, high
    for rule, amount in (("loss_fine", fine), ("dept_loss_fine", dept)):
        script.say(f"{PENALTIES}/{rule}", place, amount is not None and low is not None and not low <= amount <= high)
    script.say(f"{PENALTIES}/loss_fine_without_loss", place, ((fine or 0) > 0 or (dept or 0) > 0) and high is None)


def sanctions(script: ByRow, place: int, row: Row) -> None:
    decided, sanction = row["service_fine_decided"], row["service_sanction"]
    service, fined = row["category"] == "服务质量" and not row["direct_loss"], (decided or 0) > 0
    row["service_fine_max"] = Decimal(200) if service else None
    script.say(f"{PENALTIES}/service_fine", place, service and decided is not None and not 0 <= decided <= 200)
    script.say(f"{PENALTIES}/sanction_only_service", place, (sanction or fined) and not service)
    script.say(f"{PENALTIES}/fine_amount_stated", place, sanction == "罚款" and decided is None)
    penalty = (row["fine_decided"] or 0) > 0 or (row["dept_fine_decided"] or 0) > 0 or fined or sanction
    required(script, place, row, f"{PENALTIES}/decision_numbered", penalty, "sanction_doc_no")


def progress(script: ByRow, row: Row) -> None:
    row["status"], text, by_handler = reached(row)
    handler = row["handler"]
    name = script.find("staff", handler).get("staff_name", handler) if by_handler else ""
    row["next_step"] = f"{text}（{name}）" if name else text


def reached(row: Row) -> tuple[str, str, bool]:
    """State, next step, and whether the handler takes it: the last that holds, so asked from the bottom."""
    if row["closed_at"]:
        return closed_state(row)
    if row["customer_notified_at"]:
        return ("追踪中", "写明处理结果和改进对策，结束投诉" if row["followup_at"] else "追踪落实，记下客户意见", True)
    if row["written_reply_at"]:
        return ("已答复", "把处理结果通知客户（市场部）", False)
    if row["solution"]:
        agreed = row["vp_ok_at"] and row["manager_ok_at"]
        return (
            ("方案已批", "把处理结果通知客户（市场部）", False)
            if agreed
            else ("方案待批", "两位领导审批解决办法（营销副总、销售经理）", False)
        )
    if row["inv_returned_at"]:
        return ("调查中", "汇总调查结果，拟定解决办法", True)
    if row["feedback_form_at"]:
        return ("调查中", "查清责任，把调查六项写成书面反馈", True)
    return early_state(row)


def closed_state(row: Row) -> tuple[str, str, bool]:
    if row["filed_at"]:
        return ("已归档", "", False)
    if all(row[column] for column in ("recorded_by", "responsible_dept", "responsible_person", "result")):
        return ("已结束", "归入客户档案（档案管理员）", False)
    return ("追踪中", "补齐记录人、责任部门、责任人和处理结果", True)


def early_state(row: Row) -> tuple[str, str, bool]:
    verified, side = row["verified_true"], row["cause_side"]
    if verified == "属实" and side == FEEDBACK:
        return ("调查中", "发出质量信息反馈单", True)
    if verified == "属实" and side == "业务操作":
        return ("调查中", "按业务流程和营销制度查清责任", True)
    if verified == "不属实" or side == "客户原因":
        return ("已受理", "向客户婉转说明原因，书面答复", True)
    if verified == "核实中":
        return ("核实中", "核实清楚，写明真实性和原因归属", True)
    return ("已受理", "核实投诉是否属实", True) if row["assigned_at"] else ("已记录", "确定受理部门和负责人（市场部）", False)
