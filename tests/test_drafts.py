"""Letters to customers: drafts until a person releases them, checked again before they leave, and nothing internal in them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from automations.config import load
from automations.ledgers.protocol import KEPT
from automations.outbox import Person, outbox
from tests.project import project
from tests.scene import STAFF, Scene, does_nothing, scene

TABLES = {
    "complaints": """
        no           | 编号     | required
        got          | 受理时间 | datetime
        client       | 客户编号 | reference | refers_to: customers, known_as: customer
        handler      | 负责人   | reference | refers_to: staff, known_as: handler_person
        content      | 内容
        loss         | 损失     | money
        phone        | 电话     | phone sensitive
        told_at      | 告知时间 | datetime
        release      | 放行     | boolean
        due          | 告知到期 | datetime ours
        check_result | 问题     | ours

        owner: [handler]
        summary: { problems: check_result }
    """,
    "customers": """
        customer_id   | 客户编号
        customer_name | 客户名称
        email         | 电子邮箱 | email sensitive
    """,
    "staff": """
        staff_id   | 工号
        staff_name | 姓名
        department | 部门
        role       | 职务
        superior   | 上级
        email      | 邮箱 | email
        status     | 在职状态
    """,
}
POLICY = """
    title: { zh: 受理告知, en: Telling customers }
    dated_by: got
    owner: "role:客服主管"
    parameters:
      within: { title: 告知客户, unit: working_days, values: { 2000-01-01: 1 } }
    rules:
      - id: tell
        kind: deadline
        title: { zh: 告知受理, en: Telling the customer }
        starts: got
        within: $within
        done: told_at
        writes: { due: due }
    notices:
      - on: tell
        ladder: [{ at: start, to: customer, template: letter-accepted }]
        shows: [content]
"""
COMPLAINTS = """
    no   | got              | client | handler | content | loss | phone
    TS-1 | 2025-09-22 16:30 | KH-1   | YG-01   | 有异味  | 100  | 13800138000
    TS-2 | 2025-09-22 16:30 | KH-2   | YG-01   | 破损    | 200  | 13800138001
    TS-3 | 2025-09-22 16:30 | KH-1   | YG-01   | 短少    | 300  | 13800138002
"""
CUSTOMERS = """
    customer_id | customer_name | email
    KH-1        | 甲商贸        | jia@example.com
    KH-2        | 乙食品        | yi@example.com
    KH-3        | 丙超市        |
"""
BEFORE, NOW, NEXT, LATER = "2025-09-22 09:00", "2025-09-22 17:00", "2025-09-22 17:05", "2025-09-22 17:10"


@pytest.fixture
def stage(tmp_path: Path) -> Scene:
    """Three complaints of two customers, judged before and after they came in."""
    return staged(tmp_path)


def staged(folder: Path, policy: str = POLICY, customers: str = CUSTOMERS) -> Scene:
    config = load(project(folder, policy=policy, tables=TABLES))
    known = scene(config=config, complaints=COMPLAINTS, customers=customers, staff=STAFF)
    known.run(BEFORE)
    return known


def kept(stage: Scene, *states: str) -> list[str]:
    """The letters of the outbox that wait, or are in these states: `draft jia@example.com TS-1`."""
    wanted = states or KEPT
    records = stage.world.ledger.outbox(wanted, limit=1000)  # type: ignore[arg-type]
    return sorted(f"{each.state} {each.mail.to} {each.mail.identities[0].split('|')[3]}" for each in records)


def draft_of(stage: Scene, key: str) -> str:
    return next(each.mail.message_id for each in stage.world.ledger.outbox(KEPT) if f"|{key}|" in each.mail.identities[0])


def release(stage: Scene, key: str) -> None:
    outbox(stage.world.ledger, "zh", "release", draft_of(stage, key), person=Person("", "li", datetime(2025, 9, 22, 17, 2)))


def test_a_letter_to_a_customer_is_a_draft_of_its_own_and_nothing_leaves(stage: Scene) -> None:
    run = stage.run(NOW)

    assert (stage.sent, run.receipt.mails_sent) == ([], 0)
    assert kept(stage) == ["draft jia@example.com TS-1", "draft jia@example.com TS-3", "draft yi@example.com TS-2"]
    assert does_nothing(stage.plan(NEXT))
    assert stage.run(NEXT).plan.drafts != ()


def test_the_row_says_that_its_draft_waits(stage: Scene) -> None:
    stage.run(NOW)
    subject = next(each.mail.subject for each in stage.world.ledger.outbox(KEPT) if "|TS-2|" in each.mail.identities[0])

    said = f"给客户乙食品的邮件“{subject}”是草稿，等人放行。看过后在“放行”列打勾；已经打过勾的，先取消再重新打勾。"
    assert f"TS-2 {said}" in stage.cells("complaints", "check_result")


def test_a_letter_holds_nothing_but_what_the_policy_shows(stage: Scene) -> None:
    stage.run(NOW)
    texts = [f"{each.mail.subject}{each.mail.text}{each.mail.html}" for each in stage.world.ledger.outbox(KEPT)]

    assert all(any(word in text for word in ("有异味", "破损", "短少")) for text in texts)
    internal = ("13800138", "陈立", "YG-01", "100.00", "200.00", "300.00", "行", "example.com", "暂缓")
    assert [(word, text) for text in texts for word in internal if word in text.replace("自动发送", "").replace("进行中", "")] == []


def test_a_released_draft_leaves_with_the_next_run_and_the_others_stay(stage: Scene) -> None:
    stage.run(NOW)
    release(stage, "TS-1")

    assert [line.split(":")[0] for line in stage.letters(NEXT)] == ["jia@example.com"]
    assert kept(stage) == ["draft jia@example.com TS-3", "draft yi@example.com TS-2"]
    assert stage.cells("complaints", "check_result")[0] == "TS-1 -"
    assert stage.letters(LATER) == []


def test_a_letter_bears_the_date_of_its_day_and_is_not_written_anew_for_that(stage: Scene) -> None:
    stage.run(NOW)
    texts = {each.mail.text.rstrip().splitlines()[-1] for each in stage.world.ledger.outbox(KEPT)}

    tomorrow = stage.plan("2025-09-23 09:00").sorted
    assert (texts, len(tomorrow.waiting), tomorrow.anew) == ({"2025-09-22"}, 3, ())
    release(stage, "TS-1")
    stage.run("2025-09-23 09:05")
    assert [mail.text.rstrip().splitlines()[-1] for mail in stage.sent] == ["2025-09-23"]


def test_who_released_a_letter_and_when_is_still_known_after_it_left(stage: Scene) -> None:
    stage.run(NOW)
    release(stage, "TS-1")
    stage.edit("complaints", "release", "TS-2", True)
    stage.run(NEXT)

    left = {each.mail.to: each for each in stage.world.ledger.outbox(["sent"])}
    assert {to: (each.reply, each.words) for to, each in left.items()} == {
        "jia@example.com": ("kept in memory", "release (li, 2025-09-22 17:02)"),
        "yi@example.com": ("kept in memory", "在表里勾选了放行 (2025-09-22 17:05)"),
    }
    shown = outbox(stage.world.ledger, "zh", "show", left["jia@example.com"].mail.message_id).text().splitlines()
    assert [line for line in shown if line.startswith(("状态", "结果", "经手"))] == [
        "状态：已发出",
        "结果：kept in memory",
        "经手：release (li, 2025-09-22 17:02)",
    ]


def test_a_tick_in_the_row_releases_its_draft(stage: Scene) -> None:
    stage.run(NOW)
    stage.edit("complaints", "release", "TS-2", True)

    assert [line.split(":")[0] for line in stage.letters(NEXT)] == ["yi@example.com"]
    assert does_nothing(stage.plan(LATER))
    assert kept(stage) == ["draft jia@example.com TS-1", "draft jia@example.com TS-3"]


def test_a_tick_from_before_the_draft_releases_nothing_until_it_is_set_anew(stage: Scene) -> None:
    stage.edit("complaints", "release", "TS-2", True)
    stage.run(NOW)
    assert stage.letters(NEXT) == []

    stage.edit("complaints", "release", "TS-2", None)
    assert stage.letters("2025-09-22 17:06") == []
    stage.edit("complaints", "release", "TS-2", True)
    assert [line.split(":")[0] for line in stage.letters(LATER)] == ["yi@example.com"]


def test_a_draft_whose_matter_changed_is_written_anew_before_it_leaves(stage: Scene) -> None:
    stage.run(NOW)
    release(stage, "TS-1")
    stage.edit("complaints", "content", "TS-1", "异味已确认")
    stage.edit("complaints", "content", "TS-3", "少三箱")
    stage.run(NEXT)

    assert "异味已确认" in stage.sent[0].text
    assert "有异味" not in stage.sent[0].text
    [waiting] = [each.mail for each in stage.world.ledger.outbox(KEPT) if "|TS-3|" in each.mail.identities[0]]
    assert "少三箱" in waiting.text
    assert does_nothing(stage.plan(LATER))


def test_a_draft_whose_matter_is_settled_is_withdrawn_even_when_it_was_released(stage: Scene) -> None:
    stage.run(NOW)
    release(stage, "TS-1")
    stage.edit("complaints", "told_at", "TS-1", datetime(2025, 9, 22, 17, 1))
    stage.edit("complaints", "told_at", "TS-3", datetime(2025, 9, 22, 17, 1))

    assert stage.letters(NEXT) == []
    assert kept(stage) == ["draft yi@example.com TS-2"]
    assert kept(stage, "withdrawn") == ["withdrawn jia@example.com TS-1", "withdrawn jia@example.com TS-3"]
    assert does_nothing(stage.plan(LATER))


def test_a_matter_that_comes_back_is_drafted_anew(stage: Scene) -> None:
    stage.run(NOW)
    stage.edit("complaints", "told_at", "TS-1", datetime(2025, 9, 22, 17, 1))
    stage.run(NEXT)
    stage.edit("complaints", "told_at", "TS-1", None)
    stage.run(LATER)

    assert "draft jia@example.com TS-1" in kept(stage)


def test_a_customer_without_an_address_is_a_finding_and_no_mail_to_anybody_else(stage: Scene) -> None:
    stage.edit("complaints", "client", "TS-2", "KH-3")
    stage.run(NOW)

    assert stage.sent == []
    assert kept(stage) == ["draft jia@example.com TS-1", "draft jia@example.com TS-3"]
    said = "TS-2 要给客户丙超市发邮件，但没有可用的电子邮箱。请在客户表补填或更正电子邮箱。"
    assert said in stage.cells("complaints", "check_result")
    stage.edit("customers", "email", "KH-3", "bing@example.com")
    stage.run(NEXT)
    assert "draft bing@example.com TS-2" in kept(stage)


def test_an_address_that_is_corrected_makes_a_new_draft_and_withdraws_the_old(stage: Scene) -> None:
    stage.run(NOW)
    stage.edit("customers", "email", "KH-2", "new@example.com")
    stage.run(NEXT)

    assert "draft new@example.com TS-2" in kept(stage)
    assert kept(stage, "withdrawn") == ["withdrawn yi@example.com TS-2"]


@pytest.mark.parametrize("where", ["policy", "pack"])
def test_a_policy_or_its_pack_may_send_without_a_release(where: str, tmp_path: Path) -> None:
    policy = POLICY + ("    customers: send\n" if where == "policy" else "")
    root = project(tmp_path, policy=policy, tables=TABLES)
    if where == "pack":
        pack = root / "config/packs/care/pack.yaml"
        pack.write_text(pack.read_text("utf-8") + "customers: send\n", "utf-8")
    stage = scene(config=load(root), complaints=COMPLAINTS, customers=CUSTOMERS, staff=STAFF)
    stage.run(BEFORE)

    assert [line.split(":")[0] for line in stage.letters(NOW)] == ["jia@example.com", "jia@example.com", "yi@example.com"]


def test_old_matters_of_a_workbook_seen_for_the_first_time_make_no_drafts(tmp_path: Path) -> None:
    config = load(project(tmp_path, policy=POLICY, tables=TABLES))
    stage = scene(config=config, complaints=COMPLAINTS, customers=CUSTOMERS, staff=STAFF)
    stage.run(NOW)

    assert (kept(stage), does_nothing(stage.plan(NEXT))) == ([], True)


def test_a_row_of_the_customers_table_is_its_own_customer(tmp_path: Path) -> None:
    policy = """
        title: 客户资料
        table: customers
        rules:
          - { id: named, kind: required, columns: [customer_name] }
        notices:
          - { on: named, to: customer, template: letter-progress }
    """
    config = load(project(tmp_path, policy=policy, tables=TABLES))
    stage = scene(config=config, customers=CUSTOMERS, staff=STAFF)
    stage.run(BEFORE)
    stage.edit("customers", "customer_name", "KH-2", None)
    stage.run(NOW)

    assert kept(stage) == ["draft yi@example.com KH-2"]


def test_the_shipped_policies_write_one_letter_at_each_step_of_a_complaint() -> None:
    complaints = """
        complaint_no | received_at      | customer_id | content | recorded_by | handling_dept
        TS-1         | 2025-09-22 16:30 | KH-1        | 有异味  | YG-01       | 市场部
    """
    stage = scene(complaints=complaints, customers=CUSTOMERS, staff=STAFF)
    stage.run("2025-09-22 16:40")
    stage.edit("complaints", "handler", "TS-1", "YG-02")
    stage.run(NOW)
    letters = {each.mail.subject: each.mail.text for each in stage.world.ledger.outbox(KEPT)}
    [(subject, text)] = letters.items()
    assert subject == "您反映的问题已受理（TS-1）"
    assert text.startswith(
        "尊敬的甲商贸：您好！\n\n您反映的问题我们已经收到，并已安排专人处理。\n\n  受理时间：2025-09-22 16:30\n  投诉内容：有异味\n"
    )
    assert "YG-02" not in text

    stage.edit("complaints", "acceptance_notice_at", "TS-1", datetime(2025, 9, 22, 17, 1))
    for column, value in {
        "solution": "全部换新",
        "resolved_at": datetime(2025, 9, 22, 17, 2),
        "manager_ok_at": datetime(2025, 9, 22, 17, 3),
        "vp_ok_at": datetime(2025, 9, 22, 17, 4),
    }.items():
        assert kept(stage) == [] or column == "solution"
        stage.edit("complaints", column, "TS-1", value)
        stage.run(NEXT)
    assert [each.mail.subject for each in stage.world.ledger.outbox(KEPT)] == ["您反映的问题的处理结果（TS-1）"]
