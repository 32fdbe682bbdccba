"""Complaints by hand with numpy: records, clocks of both policies, order of steps, progress and penalties."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.bench.answers import Answers
from tests.bench.by_hand import DAY, GOODS, NEVER, ByHand, Cells, referred

HANDLING, RECORDS, PENALTIES, RESPONSE = "complaint-handling", "complaint-records", "complaint-penalties", "complaint-response"
FEEDBACK = "质量/规格/数量重量/运输/包装"
STEPS = ("received_at", "assigned_at", "responsibility_at", "inv_returned_at", "customer_notified_at", "closed_at", "filed_at")
OPTIONAL = ("responsibility_at", "inv_returned_at")
ELEMENTS = ("inv_cause", "inv_course", "inv_person", "inv_conclusion", "inv_corrective", "inv_preventive")
MAJOR = ("食品安全", "食物中毒", "中毒", "受伤", "住院", "送医", "媒体", "记者", "曝光", "市场监管", "监管部门", "12315")


def complaints(hand: ByHand, cells: dict[str, Cells], find: Any, answers: Answers) -> None:
    """Everything about complaints."""
    sheet = Sheet(hand, cells, find, answers)
    sheet.handling_clocks()
    sheet.response_clocks()
    sheet.sequence()
    sheet.entry()
    sheet.judging_and_investigation()
    sheet.compensation_and_closing()
    sheet.response_records()
    sheet.penalties()
    sheet.sanctions()
    sheet.progress()


class Sheet:
    """The complaints table while it is judged."""

    def __init__(self, hand: ByHand, cells: dict[str, Cells], find: Any, answers: Answers) -> None:
        self.hand, self.cells, self.mine, self.find, self.answers = hand, cells, cells["complaints"], find, answers
        self.times = {name: self.mine.time(name) for name in self.mine.frame if name.endswith("_at") or name == "waiting_since"}
        self.there = {name: ~np.isnat(values) for name, values in self.times.items()}
        self.category, self.side, self.severity = (self.mine.text(name) for name in ("category", "cause_side", "severity"))
        self.goods = np.isin(self.category.astype("U6"), GOODS)
        self.due: dict[str, Any] = {}

    def say(self, rule: str, where: Any) -> None:
        self.answers.say(rule, where)

    def required(self, rule: str, where: Any, *columns: str) -> None:
        for column in columns:
            blank = ~self.there[column] if column in self.there else self.mine.blank(column)
            self.say(rule, blank & where)

    # clocks

    def clock(self, rule: str, start: Any, due: Any, done: Any, column: str = "", active: Any = True, paused: Any = False) -> None:
        """Note due time and state; of two clocks of one column the earlier due time counts."""
        self.due[rule] = due = due if active is True else np.where(active, due, NEVER)
        self.answers.states[rule] = self.hand.state(start, due, done, active, paused)
        self.say(rule, (start > self.hand.now) & active)
        if column:
            before = self.answers.columns.get(("complaints", column))
            self.answers.columns["complaints", column] = due if before is None else np.fmin(before, due)

    def working_days(self, rule: str, start: Any, count: Any, done: Any, column: str = "", active: Any = True) -> None:
        due = self.hand.days.close_after(self.hand.until_now(start), count)
        total = self.due.get(f"{HANDLING}/total")
        if total is not None and rule.startswith(HANDLING):
            due = np.where(np.isnat(due), due, np.fmin(due, total))
        self.clock(rule, start, due, done, column, active)

    def hours(self, rule: str, start: Any, count: int, done: Any, column: str = "", active: Any = True) -> None:
        self.clock(rule, start, self.hand.until_now(start) + np.timedelta64(count * 3_600, "s"), done, column, active)

    def handling_clocks(self) -> None:
        times = self.times
        received, assigned, notified = times["received_at"], times["assigned_at"], times["customer_notified_at"]
        self.working_days(f"{HANDLING}/total", received, 18, times["closed_at"], "due_close")
        self.working_days(f"{HANDLING}/assign", received, 1, assigned, "due_assign")
        self.working_days(f"{HANDLING}/accept_notice", received, 1, times["acceptance_notice_at"])
        self.working_days(f"{HANDLING}/responsibility", assigned, 3, times["responsibility_at"], "due_responsibility")
        verified = times["verified_at"]
        told = np.fmin(times["written_reply_at"], notified)
        begun = np.where(self.there["verified_at"], verified, received)
        self.working_days(f"{HANDLING}/explain_customer", begun, 2, told, active=self.side == "客户原因")
        begun = np.where(self.there["verified_at"], verified, assigned)
        self.working_days(f"{HANDLING}/feedback_form", begun, 1, times["feedback_form_at"], active=self.side == FEEDBACK)
        self.solving()
        agreed = np.maximum(times["vp_ok_at"], times["manager_ok_at"])
        self.working_days(f"{HANDLING}/notify", agreed, 2, notified, "due_notify")
        self.hours(f"{HANDLING}/followup", notified, 72, times["followup_at"], "due_followup")

    def solving(self) -> None:
        """5 or 15 working days; the clock stands still while the customer is waited for, at most 10 working days."""
        rule, start = f"{HANDLING}/solve", self.times["assigned_at"]
        hard = (self.mine.text("complexity") == "复杂问题") | (self.severity == "重大投诉")
        due = self.hand.days.close_after(self.hand.until_now(start), np.where(hard, 15, 5))
        waiting = np.flatnonzero(self.mine.flag("waiting_customer"))
        due[waiting] = self.after_waiting(due[waiting], waiting)
        due = np.where(np.isnat(due), due, np.fmin(due, self.due[f"{HANDLING}/total"]))
        self.clock(rule, start, due, self.times["resolved_at"], "due_resolve", paused=self.mine.flag("waiting_customer"))

    def after_waiting(self, due: Any, rows: Any) -> Any:
        """Moved by the open time waited for; none while the customer still is waited for."""
        days, since = self.hand.days, np.fmin(self.times["waiting_since"][rows], self.hand.now)
        longest = days.close_after(since, 10)
        end = np.fmin(np.where(longest < self.hand.now, longest, NEVER), self.times["resolved_at"][rows])
        counts = since < due
        moved = counts & (since < end)
        due[moved] = days.shifted(due[moved], days.elapsed(end[moved]) - days.elapsed(since[moved]))
        return np.where(counts & np.isnat(end), NEVER, due)

    def response_clocks(self) -> None:
        received, resolved = self.times["received_at"], self.times["resolved_at"]
        major = self.severity == "重大投诉"
        self.hours(f"{RESPONSE}/first_response", received, 24, self.times["first_response_at"], "due_first_response")
        third_day = (self.hand.until_now(received).astype("datetime64[D]") + 3).astype("datetime64[s]") + np.timedelta64(DAY - 1, "s")
        self.clock(
            f"{RESPONSE}/general_solution",
            received,
            third_day,
            resolved,
            "due_resolve",
            active=(self.severity == "") | (self.severity == "一般投诉"),
        )
        self.hours(f"{RESPONSE}/emergency", received, 1, self.times["emergency_at"], active=major)
        self.hours(f"{RESPONSE}/preliminary", received, 48, self.times["preliminary_at"], "due_preliminary", active=major)
        self.working_days(f"{RESPONSE}/result_notice", resolved, 1, self.times["customer_notified_at"], "due_notify")

    def sequence(self) -> None:
        rule = f"{HANDLING}/steps"
        for place, later in enumerate(STEPS[1:], start=1):
            before = [step for step in STEPS[:place] if step not in OPTIONAL]
            self.say(rule, self.there[later] & ~self.there[before[-1]])
            for earlier in STEPS[:place]:
                self.say(rule, self.times[later] < self.times[earlier])

    # records

    def entry(self) -> None:
        times, there = self.times, self.there
        self.required(f"{RECORDS}/entry_complete", True, "received_at", "customer_id", "content", "recorded_by")
        known = self.find("complaints", "customer_id", "customers", "customer_id") >= 0
        self.say(f"{RECORDS}/customer_known", ~self.mine.blank("customer_id") & ~known)
        self.say(f"{RECORDS}/receipt_timed", times["received_at"].view("int64") % DAY == 0)
        self.say(f"{RECORDS}/notice_timed", there["customer_notified_at"] & (times["customer_notified_at"].view("int64") % DAY == 0))
        self.required(f"{RECORDS}/assignment_complete", there["assigned_at"], "handling_dept", "handler")
        self.required(f"{RECORDS}/category_stated", there["assigned_at"], "category")
        self.required(f"{RECORDS}/other_matter_in_contract", self.category == "合同约定其他", "contract_no")
        department = self.mine.text("handling_dept")
        rows = np.flatnonzero((self.category == "业务操作") & (department != ""))
        self.answers.findings.append((f"{RECORDS}/business_to_market", rows[["市场" not in each for each in department[rows]]]))

    def judging_and_investigation(self) -> None:
        mine, there = self.mine, self.there
        solution = ~mine.blank("solution")
        self.required(f"{RECORDS}/judged_before_solution", solution, "category")
        for column in ("reason_sufficient", "demand_reasonable"):
            self.say(f"{RECORDS}/judged_before_solution", solution & mine.frame[column].isna().to_numpy())
        late = self.due[f"{HANDLING}/responsibility"] < self.hand.now
        wanted, quantity = self.goods & (there["responsibility_at"] | late), mine.number("qty")
        self.required(f"{RECORDS}/product_details", wanted, "product_code", "spec")
        self.say(f"{RECORDS}/product_details", wanted & np.isnan(quantity))
        shipped = referred(self.cells["shipments"].number("qty"), self.find("complaints", "notice_no", "shipments", "notice_no"), np.nan)
        self.say(f"{RECORDS}/qty_within_shipped", quantity > shipped)
        self.required(f"{RECORDS}/responsibility_complete", there["responsibility_at"], "responsible_dept", "responsible_person")
        count = sum((~mine.blank(each)).astype("int64") for each in ELEMENTS)
        self.answers.columns["complaints", "inv_filled"] = count
        self.say(f"{RECORDS}/inv_complete", there["inv_returned_at"] & (count < 6))

    def compensation_and_closing(self) -> None:
        mine, there, times = self.mine, self.there, self.times
        paid, closed = mine.number("compensation"), there["closed_at"]
        self.required(f"{RECORDS}/compensation_basis_stated", paid > 0, "compensation_basis")
        ordered = referred(self.cells["orders"].number("amount"), self.find("complaints", "order_no", "orders", "order_no"), np.nan)
        self.say(f"{RECORDS}/compensation_within_order", paid > ordered)
        self.say(f"{RECORDS}/reply_before_closing", closed & ~(times["written_reply_at"] <= times["closed_at"]))
        self.required(f"{RECORDS}/closing_record", closed, "recorded_by", "responsible_dept", "responsible_person", "result")
        self.required(f"{RECORDS}/improvement_before_closing", closed, "improvement")
        self.required(f"{RECORDS}/closed_not_filed", closed, "filed_at")
        self.required(f"{RECORDS}/hold_explained", ~np.isnat(mine.time("hold_until")), "hold_reason")
        self.required(f"{RECORDS}/waiting_dated", mine.flag("waiting_customer"), "waiting_since")
        self.required(f"{HANDLING}/opinion_passed", ~mine.blank("customer_opinion"), "opinion_sent_at")
        self.say(f"{HANDLING}/followup_before_filing", there["filed_at"] & ~(times["followup_at"] <= times["filed_at"]))
        skipped = (self.side != "客户原因") & there["customer_notified_at"]
        self.required(f"{HANDLING}/solution_consent", skipped, "vp_ok_at", "manager_ok_at")
        for column in ("vp_ok_at", "manager_ok_at"):
            self.say(f"{HANDLING}/solution_consent", skipped & (times["customer_notified_at"] < times[column]))

    def response_records(self) -> None:
        mine, solution = self.mine, ~self.mine.blank("solution")
        self.required(f"{RESPONSE}/contact_recorded", True, "content", "received_at", "complainant_contact")
        self.required(f"{RESPONSE}/channel_recorded", True, "channel")
        rows = np.flatnonzero(self.severity == "")
        alarming = [any(word in each for word in MAJOR) for each in mine.text("content")[rows]]
        self.answers.findings.append((f"{RESPONSE}/maybe_major", rows[np.array(alarming, dtype=bool)]))
        self.required(f"{RESPONSE}/conclusion_before_solution", solution & self.goods, "inv_cause", "inv_conclusion")
        self.required(f"{RESPONSE}/joint_investigation", self.goods, "inv_conclusion")
        self.required(f"{RESPONSE}/solution_kind_stated", solution, "solution_kind")

    # penalties

    def penalties(self) -> None:
        mine, answers = self.mine, self.answers
        loss, fine, dept = mine.number("direct_loss"), mine.number("fine_decided"), mine.number("dept_fine_decided")
        fined = (loss > 0) & (self.goods | (self.category == "合同约定其他"))
        low, high = (np.where(fined, np.floor((loss * rate + 50) / 100), np.nan) for rate in (1, 3))
        answers.columns["complaints", "fine_low"], answers.columns["complaints", "fine_high"] = low, high
        self.say(f"{PENALTIES}/loss_fine", (fine < low) | (fine > high))
        self.say(f"{PENALTIES}/dept_loss_fine", (dept < low) | (dept > high))
        self.say(f"{PENALTIES}/loss_fine_without_loss", ((fine > 0) | (dept > 0)) & np.isnan(high))

    def sanctions(self) -> None:
        mine, answers = self.mine, self.answers
        loss, decided, sanction = mine.number("direct_loss"), mine.number("service_fine_decided"), mine.text("service_sanction")
        service = (self.category == "服务质量") & ~(np.nan_to_num(loss) != 0)
        answers.columns["complaints", "service_fine_max"] = np.where(service, 200_00.0, np.nan)
        self.say(f"{PENALTIES}/service_fine", service & ((decided < 0) | (decided > 200_00)))
        self.say(f"{PENALTIES}/sanction_only_service", ((sanction != "") | (decided > 0)) & ~service)
        self.say(f"{PENALTIES}/fine_amount_stated", (sanction == "罚款") & np.isnan(decided))
        penalty = (mine.number("fine_decided") > 0) | (mine.number("dept_fine_decided") > 0) | (decided > 0) | (sanction != "")
        self.required(f"{PENALTIES}/decision_numbered", penalty, "sanction_doc_no")

    # progress

    def progress(self) -> None:
        reached, steps = self.reached(), np.array([step for _, step, _ in STATES], dtype=object)
        text = steps[reached]
        rows = np.flatnonzero(np.array([by_handler for _, _, by_handler in STATES])[reached])
        handler = self.mine.text("handler")[rows]
        staff = self.find("complaints", "handler", "staff", "staff_id")[rows]
        name = np.where(staff < 0, handler, referred(self.cells["staff"].text("staff_name"), staff, ""))
        text[rows] = np.where(name == "", text[rows], text[rows] + "（" + name + "）")
        self.answers.columns["complaints", "status"] = np.array([state for state, _, _ in STATES], dtype=object)[reached]
        self.answers.columns["complaints", "next_step"] = text

    def reached(self) -> Any:
        """The last state of the list whose condition holds."""
        mine, there = self.mine, self.there
        true, solution = mine.text("verified_true"), ~mine.blank("solution")
        notified, closed = there["customer_notified_at"], there["closed_at"]
        gaps = mine.blank("recorded_by") | mine.blank("responsible_dept") | mine.blank("responsible_person") | mine.blank("result")
        conditions = [
            there["assigned_at"],
            true == "核实中",
            (true == "不属实") | (self.side == "客户原因"),
            (true == "属实") & (self.side == "业务操作"),
            (true == "属实") & (self.side == FEEDBACK),
            there["feedback_form_at"],
            there["inv_returned_at"],
            solution,
            solution & there["vp_ok_at"] & there["manager_ok_at"],
            there["written_reply_at"],
            notified,
            notified & there["followup_at"],
            closed,
            closed & gaps,
            closed & there["filed_at"],
        ]
        return np.select(conditions[::-1], range(len(conditions), 0, -1), 0)


STATES = (
    ("已记录", "确定受理部门和负责人（市场部）", False),
    ("已受理", "核实投诉是否属实", True),
    ("核实中", "核实清楚，写明真实性和原因归属", True),
    ("已受理", "向客户婉转说明原因，书面答复", True),
    ("调查中", "按业务流程和营销制度查清责任", True),
    ("调查中", "发出质量信息反馈单", True),
    ("调查中", "查清责任，把调查六项写成书面反馈", True),
    ("调查中", "汇总调查结果，拟定解决办法", True),
    ("方案待批", "两位领导审批解决办法（营销副总、销售经理）", False),
    ("方案已批", "把处理结果通知客户（市场部）", False),
    ("已答复", "把处理结果通知客户（市场部）", False),
    ("追踪中", "追踪落实，记下客户意见", True),
    ("追踪中", "写明处理结果和改进对策，结束投诉", True),
    ("已结束", "归入客户档案（档案管理员）", False),
    ("追踪中", "补齐记录人、责任部门、责任人和处理结果", True),
    ("已归档", "", False),
)
