"""Who reads a notice, in which language, and who instead while they are away: whole runs over the shipped policies."""

from __future__ import annotations

import pytest

from tests.scene import CUSTOMERS, STAFF, Scene, found_in, scene, settings
from tests.test_timing import COMPLAINT, readers, with_column

SOON = "2025-09-19 15:00"
"""The owner alone is reminded that the first answer is due."""


def told(staff: str, **changed: object) -> Scene:
    """The scene after the run that reminds the owner."""
    stage = scene(config=settings(**changed), complaints=COMPLAINT, customers=CUSTOMERS, staff=staff)
    stage.run("2025-09-18 18:40")
    stage.run(SOON)
    return stage


def away(staff: str, **until: str) -> str:
    """The staff tab with people away from 2025-09-15 until a day."""
    begun = with_column(staff, "away_from", **dict.fromkeys(until, "2025-09-15"))
    return with_column(begun, "away_until", **until)


def test_the_deputy_of_whoever_is_away_is_told_and_reads_for_whom() -> None:
    stage = told(with_column(away(STAFF, YG01="2025-09-19"), "deputy", YG01="YG-03"))
    mail = stage.sent[0]
    assert mail.to == "li@example.com"
    assert "陈立外出至 2025-09-19，由您代办。您是本行负责人" in mail.text
    assert "责任人：李客（代陈立，陈立外出至 2025-09-19）" in mail.text
    assert "【即将到期】请在" in mail.text


@pytest.mark.parametrize(
    ("gone", "deputies", "reader"),
    [
        pytest.param(("YG01", "YG03"), {"YG01": "YG-03", "YG03": "YG-05"}, "qian", id="the deputy of the deputy"),
        pytest.param(("YG01", "YG03"), {"YG01": "YG-03", "YG03": "YG-01"}, "chen", id="deputies in a circle"),
        pytest.param(("YG01",), {}, "chen", id="no deputy"),
        pytest.param(("YG01",), {"YG01": "YG-77"}, "chen", id="a deputy nobody knows"),
    ],
)
def test_deputies_have_deputies_and_nobody_is_never_told(gone: tuple[str, ...], deputies: dict[str, str], reader: str) -> None:
    stage = told(with_column(away(STAFF, **dict.fromkeys(gone, "2025-09-30")), "deputy", **deputies))
    assert [mail.to.partition("@")[0] for mail in stage.sent] == [reader]


def test_who_is_back_reads_their_own_mail_and_is_not_told_again_what_the_deputy_was() -> None:
    staff = with_column(away(STAFF, YG01="2025-09-19"), "deputy", YG01="YG-03")
    stage = told(staff)
    assert stage.letters("2025-09-19 15:10") == []
    assert readers(stage.letters("2025-09-20 09:00")) == ["chen", "wang"]


def test_each_reader_gets_the_language_of_theirs() -> None:
    stage = told(with_column(STAFF, "language", YG01="英文"))
    assert stage.sent[0].subject == "[Due soon] Complaints TS-1: First response"
    stage.run("2025-09-20 09:00")
    by_reader = {mail.to: mail for mail in stage.sent[1:]}
    assert by_reader["chen@example.com"].language == "en"
    assert "Sent before: reminded 陈立 on 19 Sep 15:00 (due soon)" in by_reader["chen@example.com"].text
    assert by_reader["wang@example.com"].language == "zh"


def test_a_mail_names_who_explains_the_policy_it_is_sent_under() -> None:
    stage = told(with_column(STAFF, "language", YG01="英文"))
    assert "under 豆制品厂成品客户维护制度. Questions on the policy: the administration department." in stage.sent[0].text
    stage.run("2025-09-20 09:00")
    wang = next(mail for mail in stage.sent if mail.to == "wang@example.com")
    assert "按《豆制品厂成品客户维护制度》需要知道此事。制度由行政部解释。" in wang.text


@pytest.mark.parametrize("post", ["市场部部长", "市场部经理", "销售经理/市场部经理", "市场总监"])
def test_a_post_is_found_under_its_other_names(post: str) -> None:
    staff = STAFF.replace("市场部部长", post)
    stage = told(staff, roles={"市场部部长": ["市场总监"]})
    assert "wang" in readers(stage.letters("2025-09-24 09:00"))
    assert "role:市场部部长" not in "".join(mail.text for mail in stage.sent)


@pytest.mark.parametrize("address", ["no-reply@example.com", "noreply@example.com", "postmaster@example.com", "rowkeeper@example.com", ""])
def test_nothing_goes_to_machines_or_to_the_mailbox_it_is_sent_from(address: str) -> None:
    stage = told(STAFF.replace("chen@example.com", address or "                "))
    assert [mail.to for mail in stage.sent] == ["li@example.com"], "the owner of the policy is told instead"


def test_a_calendar_nobody_has_written_is_a_finding_and_the_usual_hours_hold() -> None:
    stage = told(with_column(STAFF, "calendar", YG01="nc"))
    plan = stage.plan(SOON)
    assert found_in(plan, "staff/calendar-known") == ["YG-01 staff/calendar-known calendar"]
    said = next(each for each in plan.findings if each.rule == "staff/calendar-known")
    assert (said.sentence["zh"], said.fix["zh"]) == ("没有叫“nc”的工作日历", "可以填：cn")
    assert (said.sentence["en"], said.fix["en"]) == ("there is no calendar 'nc'", "write one of: cn")
    assert [mail.to for mail in stage.sent] == ["chen@example.com"]
