"""Rows of the tabs beside the core ones, each with what must be noticed about it; and what staff fill into rows the program made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from automations.demo.book import Filling
from automations.demo.cast import LOGISTICS
from automations.demo.story import PLANTED, Plant
from automations.demo.town import Town

ROWS = """
# 合同、价格、制造通知
contracts | 09-15 10:05 | contracts/force-majeure-clause | 合同没有不可抗力条款
    contract_no=HT-2026-901; customer_id=KH-00008; salesperson=YG-07; total_amount=46000; signed_on=2026-09-15;
    negotiated_terms=腐竹两百箱; matches_negotiation=是; seller_confirmed_at=2026-09-14 10:00;
    buyer_confirmed_at=2026-09-14 16:00; terms_explained_at=2026-09-14 09:30; has_breach_clause=是;
    has_claims_clause=是
contracts | 09-16 09:40 | terms-explained/explained-before-signing | 签订以前没有说明条款
    contract_no=HT-2026-902; customer_id=KH-00009; salesperson=YG-08; total_amount=32000; signed_on=2026-09-17;
    negotiated_terms=冷柜配套; matches_negotiation=是; seller_confirmed_at=2026-09-15 10:00;
    buyer_confirmed_at=2026-09-15 16:00; has_breach_clause=是; has_force_majeure=是; has_claims_clause=是
contracts | 09-16 11:10 | channel-agreements/agreement-contents | 渠道合作协议没写销售政策
    contract_no=HT-2026-903; contract_type=渠道合作协议; customer_id=KH-00007; salesperson=YG-06;
    signed_on=2026-09-02; effective_to=2027-08-31; rights_duties=是; coop_mode=是; negotiated_terms=渠道合作;
    matches_negotiation=是; seller_confirmed_at=2026-09-01 10:00; buyer_confirmed_at=2026-09-01 11:00;
    terms_explained_at=2026-09-01 09:00; has_breach_clause=是; has_force_majeure=是; has_claims_clause=是
price_list | 09-14 08:00
    price_id=DJ-0001; product_code=CP-05; price=248.00; effective_from=2026-01-01; meeting_ref=定价会2026-01
price_list | 09-14 08:00
    price_id=DJ-0002; product_code=CP-01; price=118.00; effective_from=2026-01-01; meeting_ref=定价会2026-01
contract_lines | 09-15 10:20 | contract-lines/at-list-price | 单价低于定价
    line_no=HT-2026-901-01; contract_no=HT-2026-901; product_code=CP-05; qty=200; unit_price=230.00
contract_changes | 09-23 09:20 | contract-changes/buyer-confirms | 买方没有确认就改了合同
    change_id=BG-0001; contract_no=HT-2026-901; change_content=数量改为一百八十箱; reason=客户仓库不够;
    seller_confirmed_at=2026-09-22 10:00; applied_at=2026-09-22 15:00
production_notices | 09-16 14:00 | production-notices/contract-registered | 制造通知单的合同号查不到
    notice_no=ZZ-0001; contract_no=HT-2026-977; product_code=CP-05; qty=80; quality_index=一级; packaging_type=箱装;
    issued_by=YG-13; issued_at=2026-09-16 14:00
archive_index | 09-22 10:00 | archive-index/whose-file | 来信没写是哪个客户的
    archive_id=DA-202609-001; category=来信传真; doc_title=客户来信; doc_date=2026-09-21
assessments | 09-24 11:00 | assessments/conclusion-written | 资质评估没有结论
    assess_id=PG-0001; customer_id=KH-00011; period=2026年第3季度; assessed_by=YG-09; submitted_on=2026-09-24
assessments | 09-25 09:00
    assess_id=PG-0002; customer_id=KH-00012; period=2026年第3季度; assessed_by=YG-09; conclusion=回款及时，可以继续赊销
carrier_contracts | 09-17 09:10 | carrier-contracts/loss-clause | 运输合同没有货损赔偿条款
    carrier_contract_no=YS-2026-07; carrier_id=CY-001; haul=长途; term=单次; signed_on=2026-09-16;
    has_pay_on_arrival=是; has_overdue_fine=是
freight_claims | 09-24 15:00 | freight-claims/settled-amount | 赔付比损失还多
    claim_id=SP-0001; notice_no=FY-00806; claim_kind=损坏; found_on=2026-09-21; loss_amount=300;
    claimed_on=2026-09-22; settled_on=2026-09-24; settled_amount=360
handovers | 09-21 11:00 | handovers/confirmed-by-other | 交接人自己确认交接
    handover_id=JJ-0001; staff_id=YG-24; reason=离职; effective_on=2026-09-30; receiver=YG-06; confirmed_by=YG-24
handovers | 09-22 09:30
    handover_id=JJ-0002; staff_id=YG-23; reason=岗位调整; effective_on=2026-10-31; receiver=YG-07;
    other_files=样品台账一本、客户名片一盒
# 服务请求和需求
service_requests | 09-15 09:20 | daily-inquiries/unanswered | 昨天的咨询没有答复
    request_no=FW-20260915-001; received_at=2026-09-15 09:15; request_type=咨询; channel=当面; customer_id=KH-00020;
    description=何时有新日期的腐竹; received_by=YG-19; owner=YG-20
service_requests | 09-16 10:00 | service-coordination/pass_to_service! | 业务员没有转给客服部
    request_no=FW-20260916-001; received_at=2026-09-16 09:50; request_type=问题反馈; customer_id=KH-00015;
    description=超市冷柜不制冷; received_by=YG-07; owner=YG-07
service_requests | 09-17 09:10 | service-coordination/consult-members | 会诊没有技术人员
    request_no=FW-20260917-001; received_at=2026-09-17 09:00; request_type=售后服务; service_kind=维修;
    complexity=复杂; customer_id=KH-00005; description=陈列柜频繁停机; received_by=YG-19; owner=YG-20;
    first_reply_at=2026-09-17 10:00; consult_at=2026-09-17 15:00; consult_members=营销 王磊、客服 苏婷
service_requests | 09-18 11:30 | channel-requests/outside-supervision! | 监管部门反映的问题
    request_no=FW-20260918-001; received_at=2026-09-18 11:20; request_type=报事; channel=外部监督;
    description=价格标签不清; received_by=YG-19; owner=YG-19; resolved_at=2026-09-18 16:00;
    customer_informed_at=2026-09-18 16:30; service_record=当天换签;
    first_reply_at=2026-09-18 12:00
service_requests | 09-21 10:30 | channel-requests/after-sales-steps | 关闭早于反馈客户
    request_no=FW-20260921-001; received_at=2026-09-21 10:20; request_type=售后服务; service_kind=换货;
    customer_id=KH-00013; description=换两箱腐竹; received_by=YG-19; owner=YG-20; first_reply_at=2026-09-21 11:00;
    dispatched_at=2026-09-21 14:00; resolved_at=2026-09-21 15:00; customer_informed_at=2026-09-21 15:20;
    service_record=已换; closed_at=2026-09-21 15:10; diagnosis=封口; solution_steps=换货
needs | 09-15 11:00 | customer-needs/respond! | 需求过了期限没有响应
    need_id=XQ-0001; customer_id=KH-00010; collected_at=2026-09-15 10:40; detail=要三百克小包装; source=日常拜访;
    category=产品规格; collected_by=YG-06; confirmed_at=2026-09-15 10:50; confirmed_by=YG-06;
    passed_at=2026-09-15 15:00; advised_at=2026-09-16 10:00; service_advice=可以做
needs | 09-22 09:30 | customer-needs/response-stated | 响应没写怎么响应
    need_id=XQ-0002; customer_id=KH-00011; collected_at=2026-09-22 09:10; detail=价格能不能优惠; source=电话沟通;
    category=价格政策; collected_by=YG-09; confirmed_at=2026-09-22 09:20; confirmed_by=YG-09;
    passed_at=2026-09-22 10:00; advised_at=2026-09-22 15:00; service_advice=按批量; responded_at=2026-09-23 10:00
surveys | 09-23 15:30 | survey-follow-up/low-score-improved | 不满意的没有改进计划
    survey_id=DC-00001; customer_id=KH-00013; surveyed_on=2026-09-23; surveyed_by=YG-20; method=电话; score_total=2;
    score_attitude=4; score_speed=3; dissatisfied_item=送货慢
surveys | 09-24 15:30 | channel-surveys/poor-service! | 客户说服务态度差
    survey_id=DC-00002; customer_id=KH-00015; surveyed_on=2026-09-24; surveyed_by=YG-20; method=电话; score_total=4;
    score_attitude=2; score_speed=4
improvements | 09-22 16:00 | improvement-steps/verified-by-another | 自己验证自己的改进
    improvement_id=GJ-0001; source=服务质量检查; source_ref=8月检查; owner=YG-20; cause=没有排班; measure=排班;
    due_on=2026-09-18; done_on=2026-09-18; effect=有人接了; verified_by=YG-20
activities | 09-14 09:00 | marketing-activities/hold_activity! | 中秋促销过了日子没有办
    activity_id=HD-0001; kind=促销活动; planned_on=2026-09-22; plan_url=共享盘/中秋促销; owner=YG-12
activities | 09-14 09:05 | marketing-activities/activity-plan | 活动没有方案和负责人
    activity_id=HD-0002; kind=营销活动; planned_on=2026-11-20
training | 09-18 17:00 | coordination-training/coordination-training-complete | 协同培训没写方式
    training_id=PX-0101; kind=协同培训; topic=订单交接流程; held_on=2026-09-18; staff_id=YG-20
market_info | 09-18 16:30
    info_id=SC-202609-001; info_date=2026-09-18; topic=竞争对手; content=某品牌豆干降价一成; author=YG-12
rewards | 09-23 10:00 | rewards/approved-first | 奖金没有批准人
    reward_id=JL-0001; period=2026年8月; subject_kind=个人; subject=YG-06; kind=奖金; fund=协同奖励基金; amount=800;
    basis=交接全部按时; granted_on=2026-09-22
# 资料表：写得读不懂的格
price_list | 09-15 08:30 | price_list/readable | 生效日写成了13月
    price_id=DJ-0003; product_code=CP-02; price=122.50; effective_from=2026-13-01; meeting_ref=定价会2026-02
market_info | 09-22 16:30 | market_info/readable | 日期只写了“九月底”
    info_id=SC-202609-002; info_date=九月底; topic=消费趋势; content=小包装走得快; author=YG-12
products | 09-15 08:20 | products/readable | 单重写成了“约10公斤”
    product_code=CP-11; product_name=冻豆腐; spec=400g/袋; packaging=20袋/箱; unit=箱; unit_weight=约10公斤
stock | 09-15 08:40 | stock/readable | 库存数写成了“三十来箱”
    stock_id=KC-00099; product_code=CP-11; qty_on_hand=三十来箱; as_of=2026-09-15
company_accounts | 09-16 09:10 | company_accounts/readable | 是否启用写成了“问财务”
    account_no=6401000000000099; bank=宁夏银行金凤支行; active=问财务
targets | 09-14 09:30 | targets/readable | 目标值写成了“待定”
    target_id=MB-099; starts_on=2026-09-01; salesperson=YG-10; measured=回款; target_value=待定
contacts | 09-14 08:10
    contact_id=LX-0001; customer_id=KH-00001; contact_name=李经理; contact_role=采购; birth_month=10; birth_day=12
contacts | 09-17 09:30 | birthday-greetings/contact-customer | 联系人的客户没有登记
    contact_id=LX-0002; customer_id=KH-90010; contact_name=马主任; contact_role=采购
policies | 09-16 15:00 | policy-register/interpreter-named | 制度没写由谁解释
    policy_key=ZD-0001; title=成品客户维护制度; version=2026版; reviewed_on=2026-01-05
# 协同、渠道
leads | 09-15 16:00 | customer-development/lead-planned | 开发计划没有目标
    lead_id=QZ-0001; lead_name=河套商行; stage=接触; source=线下; plan_start=2026-09-01; plan_end=2026-11-30;
    owner_staff=YG-08
leads | 09-16 09:00
    lead_id=QZ-0002; lead_name=塞上百货; stage=接触; source=推荐会; plan_goal=年内签经销协议; plan_start=2026-09-16;
    plan_end=2026-12-15; owner_staff=YG-07
projects | 09-22 11:00 | project-registration/solution-does-not-fit! | 方案与需求不符
    project_no=XM-0001; customer_id=KH-00010; need_id=XQ-0001; registered_by=YG-06; requirement=冷藏陈列;
    draft_at=2026-09-21 16:00; solution_url=共享盘/方案; tech_feasible=可行; service_feasible=需修改;
    review_opinion=没有冷链; service_review_at=2026-09-22 10:00
order_handovers | 09-17 16:30 | order-handovers/order-complete | 订单交接没写特殊要求
    handover_no=JD-0001; contract_no=HT-2026-901; product_model=干腐竹; qty=200; delivery_time=2026-10-20;
    handed_by=YG-07; handed_at=2026-09-17 16:20; service_scope=不需要
order_handovers | 09-18 09:00
    handover_no=JD-0002; contract_no=HT-2026-902; product_model=冷柜; qty=2; delivery_time=2026-10-25;
    special_req=周末送货; handed_by=YG-08; handed_at=2026-09-18 08:50; service_scope=不需要
partners | 09-17 10:30 | channel-partners/agreement-first | 合作以后才签协议
    customer_id=KH-00007; manager=YG-06; recruit_source=推介会; agreement_no=HT-2026-903; coop_start=2026-09-01;
    year_target=500000
year_targets | 09-14 09:40 | year-targets/parts-add-up | 公司目标没有分完
    target_no=2026-公司; year=2026; level=公司; target_value=9600000
year_targets | 09-14 09:41
    target_no=2026-销售部; year=2026; level=部门; department=销售部; part_of=2026-公司; target_value=7000000
year_targets | 09-14 09:42
    target_no=2026-直销组; year=2026; level=部门; department=直销组; part_of=2026-公司; target_value=2500000
year_targets | 09-14 09:43
    target_no=2026-YG-06; year=2026; level=个人; salesperson=YG-06; part_of=2026-销售部; target_value=4500000
year_targets | 09-14 09:44
    target_no=2026-YG-07; year=2026; level=个人; salesperson=YG-07; part_of=2026-销售部; target_value=1000000
year_targets | 09-14 09:45
    target_no=2026-YG-08; year=2026; level=个人; salesperson=YG-08; part_of=2026-销售部; target_value=800000
year_targets | 09-14 09:46
    target_no=2026-YG-09; year=2026; level=个人; salesperson=YG-09; part_of=2026-销售部; target_value=700000
year_targets | 09-14 09:47
    target_no=2026-YG-10; year=2026; level=个人; salesperson=YG-10; part_of=2026-直销组; target_value=1500000
year_targets | 09-14 09:48
    target_no=2026-YG-11; year=2026; level=个人; salesperson=YG-11; part_of=2026-直销组; target_value=1000000
breaches | 09-22 14:30 | breaches/breach-decided-by-other | 当事人自己决定处理
    breach_id=WG-0001; staff_id=YG-09; happened_on=2026-09-18; what=私自许诺降价;
    clause_broken=渠道与客户服务制度 第十一条; evidence=客户来电; measure=口头警告; decided_by=YG-09;
    issued_on=2026-09-22
"""
"""`table | moment | rule | what`, then its cells: with `!` the rule tells people (a deadline, an alert) instead of finding fault."""

TARGETS = (("YG-06", 9_000_000), ("YG-07", 800_000), ("YG-08", 700_000), ("YG-09", 600_000))
"""What each salesperson is to sell in September, in yuan."""


@dataclass(frozen=True)
class Line:
    """A drawn row: the table, when it is typed, its cells, and the rule that must speak of it."""

    table: str
    at: datetime
    cells: dict[str, str]
    rule: str = ""
    what: str = ""


def lines() -> Iterator[Line]:
    """The drawn rows."""
    drawn = "\n".join(text for text in ROWS.strip().splitlines() if not text.startswith("#"))
    for head, *rest in (row.split("\n") for row in re.split(r"\n(?=\S)", drawn)):
        table, at, *said = (part.strip() for part in head.split("|"))
        cells = dict(cell.strip().split("=", 1) for cell in " ".join(rest).split(";") if cell.strip())
        yield Line(table, datetime.fromisoformat(f"2026-{at}"), cells, *said)


PROBLEM = "archive-index/whose-file/DA-202609-001/customer_id"
RISK = "carrier-register/licence-ending/CY-003/licence_valid_to"
KEPT_PLANTS = (
    # 程序列出的表，每张一处：这一行该有，写的该是这个
    Plant("freight_ledger", "FY-00812", "freight-entries/freight-entry", "货到即付的运费登进台账", "value", "货到付运费"),
    Plant("freight_monthly", "2026-09/CY-002/货到付运费", "freight-ledger/freight-summary", "运费按承运单位汇总", "value", "货到付运费"),
    Plant("sales_stats", "2026-09-14/YG-09", "sales-stats/sales-of-day", "当天的订单统计进日报", "value", "日"),
    Plant("care_log", "KH-00006-2026-中秋节", "festival-greetings/autumn-greeting", "中秋节前列出问候", "value", "中秋节"),
    Plant("incidents", "TS-20260916-001", "incidents-listed/incident-opened", "重大投诉立一件应急事件", "value", "TS-20260916-001"),
    Plant("incidents", "TS-20260916-001", "incidents/incident-state", "应急事件等人启动", "value", "待启动"),
    Plant("invitations", "2026/KH-00001", "customer-lists/dealers-invited", "经销商列入大会名单", "value", "2026"),
    Plant("scores", "2025年/YG-06", "care-indicators/scored", "个人全年得分", "value", "年度"),
    Plant("segments", "2026-09/一级客户/活跃", "customer-files/segments-counted", "客户分组统计", "value", "活跃"),
    Plant("survey_list", "2026-Q3/KH-00001", "customer-lists/survey-listed", "本季要调查的客户", "value", "2026年第3季度"),
    Plant("problem_list", PROBLEM, "problem-list/problems-listed", "问题列进清单", "value", "未改正"),
    Plant("risk_alerts", RISK, "risk-list/risks-listed", "资格到期列进风险预警", "value", "资格到期"),
    Plant("duties", "market-news-2026-W39", "coordination-duties/market-news", "每周列出要更新的市场动态", "value", "更新市场动态"),
    Plant("duties", "market-news-2026-W39", "periodic-duties/duty-done", "市场动态到期没有更新", "notice"),
    Plant("meetings", "weekly-2026-W40", "coordination-meetings/minutes-kept", "开了周例会，没有会议记录"),
    Plant("fund_recovery", "2026-09/KH-00001/HT-2026-001", "fund-reconciliation/difference-explained", "与财务账面的差额没有说明"),
    Plant("kpi_results", "sales-completion-person/2026-09/YG-06", "indicators/sales-completion-person", "个人销售目标没有完成"),
)


def side_plants() -> tuple[Plant, ...]:
    """What must be noticed in these tabs."""
    told = (line for line in lines() if line.rule)
    drawn = (
        Plant(line.table, next(iter(line.cells.values())), line.rule.rstrip("!"), line.what, "notice" if "!" in line.rule else "finding")
        for line in told
    )
    return (*drawn, *KEPT_PLANTS)


EVERYTHING: tuple[Plant, ...] = (*PLANTED, *side_plants())
"""All that is planted in the demo."""


def furnish_tabs(town: Town) -> None:
    """Type every drawn row, and the targets of the month."""
    for line in lines():
        town.story.entry(line.table).put(line.at, **line.cells)
    for place, (seller, value) in enumerate(TARGETS, 1):
        entry = town.story.entry("targets").put(town.start, target_id=f"MB-{place:03d}", starts_on="2026-09-01", salesperson=seller)
        entry.put(town.start, measured="销售额", target_value=str(value))
    town.story.deeds += fillings()


def fillings() -> Iterator[Filling]:
    """Duties, meetings, greetings and the fund recovery as people close them; some are left open, or done badly."""
    done = {"doc_url": "共享盘/定期事项"}
    for week, day in ((38, "09-17"), (40, "09-30"), (41, "10-09"), (42, "10-15")):
        yield filling(f"{day} 15:00", "duties", rf"-W{week}$", done_on=f"2026-{day}", **done)
    yield filling("09-24 15:00", "duties", r"report-2026-W39$", done_on="2026-09-24", **done)
    late = Filling(datetime(2026, 9, 25, 9), "duties", r"-2026-W39$", {"done_on": "2026-09-24", **done}, ("market-news-2026-W39",))
    yield late
    yield filling("09-24 15:10", "duties", r"plan-(month-2026-09|quarter-2026-Q3)$", done_on="2026-09-24", **done)
    yield filling("09-29 14:00", "duties", r"-2026-(09|Q3)$", done_on="2026-09-29", **done)
    held = {"host": "YG-03", "attendees": "两个部门", "last_period": "见周报", "problems": "无", "next_plan": "备货", "decisions": "按计划"}
    for week, day in ((38, "09-14"), (39, "09-21"), (41, "09-30"), (42, "10-12")):
        yield filling(f"{day} 15:30", "meetings", rf"^weekly-2026-W{week}$", held_on=f"2026-{day}", minutes_url="共享盘/纪要", **held)
    yield filling("09-28 15:30", "meetings", r"^weekly-2026-W40$", held_on="2026-09-28", **held)
    yield filling("09-30 15:40", "meetings", r"^monthly-2026-09$", held_on="2026-09-30", minutes_url="共享盘/纪要", **held)
    signed = {"office_signed_by": "YG-12", "finance_signed_by": "YG-14", "reconciled_on": "2026-09-28"}
    odd = "2026-09/KH-00001/HT-2026-001"
    yield Filling(datetime(2026, 9, 28, 15, 0), "fund_recovery", r"^2026-09/", signed, (odd,), {"finance_received": "received"})
    yield filling("09-21 09:40", "care_log", r"^KH-(?!00006|00010).*-2026-中秋节$", sent_on="2026-09-21", method="短信")
    for day in ("09-15", "09-17", "09-21", "09-24", "09-29", "10-09", "10-13"):
        at, registrar = datetime.fromisoformat(f"2026-{day}T09:20"), {"registered_by": LOGISTICS}
        yield Filling(at, "freight_ledger", r"^FY-\d", registrar, copies={"registered_on": "incurred_on"})
    yield filling("09-28 15:05", "fund_recovery", rf"^{odd}$", finance_received="100", **signed)


def filling(at: str, table: str, which: str, **values: str) -> Filling:
    """Cells that people fill into rows the program made."""
    return Filling(datetime.fromisoformat(f"2026-{at}"), table, which, values)
