"""What goes wrong in the demo: every planted fault, where it stands, and which rule must find it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from automations.demo.cast import GONE

Sign = Literal["finding", "notice", "value", "override", "number"]


@dataclass(frozen=True)
class Plant:
    """A fault put into the demo: the rule that must speak of this row, and how it speaks.

    `sign`: a finding, a notice (of a deadline, a visit or an approval), a value of ours, a hand edit noticed, or a number given.
    `value` is the value of ours, or the number.
    """

    table: str
    key: str
    rule: str
    what: str
    sign: Sign = "finding"
    value: str = ""


PLANTED: tuple[Plant, ...] = (
    # 客户
    Plant("customers", "KH-00001", "customer-cards/card-once", "同一个客户又登记了一次"),
    Plant("customers", "KH-00002", "customer-visits/visit", "一级客户九月没有上门", "notice"),
    Plant("customers", "KH-00003", "customer-tiers/account-manager-active", "一级客户的客户经理已离职"),
    Plant("customers", "KH-00004", "customer-tiers/account-manager-named", "一级客户没有客户经理"),
    Plant("customers", "KH-00006", "customer-tiers/tier-in-force", "年采购整一百万，是二级客户", "value", "二级客户"),
    Plant("customers", "KH-00006", "customer-grades/grade", "年采购整一百万，是A级", "value", "A级"),
    Plant("customers", "KH-00009", "hand edit", "有人改了程序填的客户等级", "override"),
    Plant("customers", "KH-00012", "customer-tiers/subtype-fits", "零售商写成了经销商的细类"),
    Plant("customers", "KH-00014", "customer-tiers/override-explained", "人工调整等级没写原因"),
    Plant("customers", "KH-00016", "customer-tiers/service-team-named", "有影响的媒体客户没有服务小组"),
    Plant("customers", "KH-00018", "customers/key-once", "两家客户用了同一个编号"),
    # 订单
    Plant("orders", "DD-20260914-001", "order-intake/contract-named", "订单没有合同号"),
    Plant("orders", "DD-20260914-002", "order-intake/taken-by-logistics", "销售内勤自己接了单"),
    Plant("orders", "DD-20260914-003", "payment-before-goods/unpaid-in-production", "没收到钱就投产"),
    Plant("orders", "DD-20260915-001", "payment-before-goods/special-policy-valid", "用了过期的特殊政策"),
    Plant("orders", "DD-20260915-002", "payment-before-goods/special-policy-named", "特殊政策没写编号"),
    Plant("orders", "DD-20260915-002", "payment-before-goods/new-channel-first-paid", "新渠道直销没有先款后货"),
    Plant("orders", "DD-20260916-001", "orders/readable", "发运时间写成了9月31日"),
    Plant("orders", "DD-20260916-002", "orders/readable", "金额公式坏了，显示#REF!"),
    # 收款
    Plant("payments", "SK-202609-101", "payment-receipts/personal-account", "货款进了个人账户"),
    Plant("payments", "SK-202609-102", "payment-receipts/account-not-listed", "收款账户已停用"),
    Plant("payments", "SK-202609-103", "payment-receipts/finance_check", "收款几天没有核对", "notice"),
    Plant("payments", "SK-202609-104", "payment-receipts/cash-not-paid", "收了现金没有汇回"),
    # 发运
    Plant("shipments", "FY-00801", "dispatch-notice/payment-verified", "没有落实货款就下达"),
    Plant("shipments", "FY-00801", "dispatch-notice/paid-before-goods", "钱没到账就下达发运"),
    Plant("shipments", "FY-00802", "dispatch-notice/attachments-stated", "通知单没写附件"),
    Plant("shipments", "FY-00803", "dispatch-notice/notice-order", "财务没盖章，库管先审核"),
    Plant("shipments", "FY-00804", "dispatch-notice/finance-stamp", "等财务盖章", "notice"),
    Plant("shipments", "FY-00805", "carrier-and-loading/carrier-licensed", "承运方资格已过期"),
    Plant("shipments", "FY-00806", "carrier-and-loading/count-agrees", "装车数量与通知不符"),
    Plant("shipments", "FY-00806", "carrier-and-loading/packaging-agrees", "没有核对包装"),
    Plant("shipments", "FY-00807", "carrier-and-loading/keeper-signed", "发车以后库管才签字"),
    Plant("shipments", "FY-00808", "dispatch-notice/order-known", "订单号写错，查无此单"),
    Plant("shipments", "FY-00809", "dispatch-notice/not-more-than-ordered", "发的比订的多"),
    Plant("shipments", "FY-00810", "dispatch-and-delivery/ship", "过了要求时间还没发运", "notice"),
    Plant("shipments", "FY-00811", "dispatch-and-delivery/receipt", "到货多日没有确认", "notice"),
    Plant("shipments", "FY-00812", "dispatch-and-delivery/call_receiver_first", "货到即付没有联系客户", "notice"),
    Plant("shipments", "FY-00813", "dispatch-and-delivery/receipt-agrees", "客户收到的数量不符"),
    Plant("shipments", "FY-00813", "return-visit-after-pickup/return_visit", "收货七天没有回访", "notice"),
    Plant("shipments", "FY-00814", "carrier-and-loading/loading-on-workdays", "计划在中秋假期装车"),
    Plant("shipments", "FY-00814", "carrier-and-loading/mode-explained", "走公路没有说明"),
    Plant("shipments", "FY-00815", "dispatch-notice/stock-enough", "库存不够发"),
    # 承运、特殊政策
    Plant("carriers", "CY-003", "carrier-register/licence-ending", "资格一个月内到期"),
    Plant("special_policies", "ZC-0003", "special-policy-register/validity-in-order", "失效日早于生效日"),
    Plant("special_policies", "ZC-0004", "special-policy-register/register-complete", "没有批准人"),
    Plant("staff", GONE, "staff-care/leaver-access", "离职的人还登记着权限"),
    Plant("staff", GONE, "staff-ties/former-staff-tie", "离职两个月的人与一家客户的法定代表人同名", "notice"),
    Plant("staff", "YG-09", "staff-ties/staff-tie", "在职员工的电话与承运单位相同", "notice"),
    # 回访
    Plant("visits", "BF-00801", "return-visit-records/summary-written", "回访没有书面总结"),
    Plant("visits", "BF-00801", "return-visit-records/filing", "回访记录没有归档", "notice"),
    Plant("visits", "BF-00802", "return-visit-records/summary-order", "总结没送就归档"),
    # 直销货款
    Plant("direct_cash", "ZX-202609-041", "cash-in-hand/remit", "手里满一万没有汇回", "notice"),
    Plant("direct_cash", "ZX-202610-042", "cash-in-hand/cash-over", "手里超过二万"),
    Plant("direct_cash", "ZX-202610-042", "cash-in-hand/cash-level", "状态算成超限", "value", "超限"),
    Plant("direct_cash", "ZX-202609-042", "cash-in-hand/remit-account-listed", "汇到了停用的账户"),
    # 投诉
    Plant("complaints", "TS-20260817-001", "complaint-handling/total", "十八个工作日没有结束", "notice"),
    Plant("complaints", "TS-20260914-001", "complaint-handling/assign", "没有确定受理", "notice"),
    Plant("complaints", "TS-20260914-002", "complaint-response/maybe_major", "提到住院，没有判断级别"),
    Plant("complaints", "TS-20260914-003", "complaint-records/customer_known", "客户编号没登记"),
    Plant("complaints", "TS-20260916-001", "complaint-response/emergency", "重大投诉没有启动预案", "notice"),
    Plant("complaints", "TS-20260916-002", "complaint-handling/solution_consent", "副总没同意就通知客户"),
    Plant("complaints", "TS-20260916-003", "complaint-records/compensation_within_order", "赔偿超过订单金额"),
    Plant("complaints", "TS-20260916-004", "complaint-penalties/loss_fine", "罚款超出损失的3%"),
    Plant("sanctions", "TS-20260916-004-责任者", "sanctions-listed/sanction-person", "罚款登进处罚台账", "value", "罚款"),
    Plant("complaints", "TS-20260916-005", "complaint-penalties/service_fine", "服务罚款超过200元"),
    Plant("complaints", "TS-20260916-005", "complaint-penalties/decision_numbered", "处罚没有文件号"),
    Plant("complaints", "TS-20260921-001", "complaint-records/inv_complete", "调查只写了五项"),
    Plant("complaints", "TS-20260921-002", "complaint-records/qty_within_shipped", "投诉的比发的还多"),
    Plant("complaints", "TS-20260921-003", "complaint-handling/steps", "结束早于通知客户"),
    Plant("complaints", "TS-20260921-003", "complaint-records/reply_before_closing", "结束前没有书面答复"),
    Plant("complaints", "TS-20260921-004", "complaints/readable", "类别写了列表里没有的"),
    Plant("complaints", "TS-20260928-001", "complaint-records/hold_explained", "暂缓没写原因"),
    Plant("complaints", "TS-20260928-002", "numbering", "编号空着，程序补上", "number"),
)
