"""The people, customers, products and carriers of the demo, and the words they use; all of them invented."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from automations.model import Value

GENERAL, VICE, HEAD, MANAGER, SUPERVISOR = "YG-01", "YG-02", "YG-03", "YG-04", "YG-05"
SELLERS = ("YG-06", "YG-07", "YG-08", "YG-09")
DIRECT = ("YG-10", "YG-11")
CLERK, FINANCE, CASHIER, LOGISTICS, KEEPER = "YG-13", "YG-14", "YG-15", "YG-16", "YG-18"
SERVICE = ("YG-19", "YG-20")
PRODUCTION, QUALITY, GONE = "YG-21", "YG-22", "YG-24"
ACCOUNT, OTHER_ACCOUNT, CLOSED_ACCOUNT = "6401000012345601", "6401000012345602", "6401000012345609"

ACCOUNTS = {ACCOUNT: "宁夏银行兴庆支行", OTHER_ACCOUNT: "黄河农商行金凤支行", CLOSED_ACCOUNT: "宁夏银行西夏支行"}
"""The company's accounts with their banks; the last one is closed."""

STAFF = """
YG-01 赵国强 总经办   总经理       -     zhao.guoqiang 2009-03-02
YG-02 马建华 营销中心 营销副总     YG-01 ma.jianhua    2011-06-13
YG-03 周敏   市场部   市场部部长   YG-02 zhou.min      2013-04-08
YG-04 韩志远 销售部   销售经理/销售业务部部长 YG-02 han.zhiyuan   2014-09-01
YG-05 李雪梅 销售部   销售主管     YG-04 li.xuemei     2016-03-21
YG-06 王磊   销售部   营销业务员   YG-05 wang.lei      2018-05-07
YG-07 张晓燕 销售部   营销业务员   YG-05 zhang.xiaoyan 2019-02-25
YG-08 陈浩   销售部   营销业务员   YG-05 chen.hao      2020-07-13
YG-09 刘洋   销售部   营销业务员   YG-05 liu.yang      2022-03-14
YG-10 马晓东 直销组   直销员       YG-05 ma.xiaodong   2021-10-11
YG-11 丁伟   直销组   直销员       YG-05 ding.wei      2023-05-15
YG-12 杨玲   市场部   市场部内勤/协同监督岗 YG-03 yang.ling     2020-09-07
YG-13 孙丽   销售部   销售内勤     YG-04 sun.li        2017-11-06
YG-14 郭芳   财务部   财务         YG-01 guo.fang      2012-08-20
YG-15 何静   财务部   出纳         YG-14 he.jing       2019-06-03
YG-16 吴海涛 物流部   物流专员     YG-03 wu.haitao     2017-04-10
YG-17 田勇   物流部   高级物流专员 YG-03 tian.yong     2015-12-01
YG-18 白建军 仓储部   成品库管     YG-16 bai.jianjun   2014-02-17
YG-19 苏婷   客服部   客服主管     YG-03 su.ting       2018-08-27
YG-20 冯倩   客服部   客服专员     YG-19 feng.qian     2023-03-06
YG-21 黄立新 生产单位 生产         YG-01 huang.lixin   2010-05-04
YG-22 罗艳   质检部   质检         YG-01 luo.yan       2016-10-17
YG-23 林小兰 档案室   档案管理员   YG-03 lin.xiaolan   2019-09-02
YG-25 高兰   行政部   行政部       YG-01 gao.lan       2016-05-09
YG-24 谢军   销售部   营销业务员   YG-05 xie.jun       2017-01-09
"""

CUSTOMERS = """
经销商 大型经销商 宁夏塞上江南商贸有限公司
经销商 大型经销商 银川禾润源食品销售有限公司
经销商 大型经销商 兰州陇上香豆制品经营部
经销商 大型经销商 西安秦风斋食品有限公司
零售商 连锁超市   宁夏惠家乐连锁超市有限公司
经销商 大型经销商 吴忠市利通区金积豆业批发部
经销商 中小型经销商 中卫市沙坡头区福顺源商行
经销商 中小型经销商 石嘴山市大武口区鑫隆副食批发部
经销商 中小型经销商 鄂尔多斯市草原红商贸有限公司
零售商 连锁超市   银川百姓鲜生超市有限公司
经销商 中小型经销商 固原市原州区六盘山食品商行
零售商 便利店     银川市金凤区邻里优选便利店
零售商 连锁超市   灵武市灵州购物超市
经销商 中小型经销商 平罗县沙湖湾农产品有限公司
经销商 中小型经销商 青铜峡市黄河楼副食经营部
零售商 个体零售店 塞上晚报社职工食堂
经销商 中小型经销商 乌海市河岸豆香批发部
零售商 便利店     银川市西夏区学府路小卖部
零售商 个体零售店 银川市兴庆区惠民副食店
零售商 个体零售店 贺兰县习岗镇老马豆腐坊
"""
FAMILIES = ("惠民", "福满园", "禾丰", "顺达", "聚鲜", "德胜", "同心源", "老周家", "百味", "清河", "金穗", "万顺", "瑞祥", "家和")
PLACES = ("银川市兴庆区", "银川市金凤区", "银川市西夏区", "永宁县", "贺兰县", "灵武市", "吴忠市利通区", "盐池县", "中宁县", "西吉县")
SHOPS = (("副食店", "个体零售店"), ("便利店", "便利店"), ("豆制品店", "个体零售店"), ("生活超市", "连锁超市"), ("农贸商行", "个体零售店"))
SHOPPERS = ("王女士", "李先生", "马女士")
STREETS = ("解放西街", "凤凰北街", "黄河东路", "文昌北路", "利民街", "朝阳巷", "长城路", "富宁街")
SURNAMES = "王李张刘陈杨马赵周吴徐孙朱胡郭何"

CARRIERS = (
    ("CY-001", "宁夏驼铃物流有限公司", "宁交运640100001号", date(2028, 6, 30), "YS-2026-01", date(2027, 12, 31)),
    ("CY-002", "银川快马运输有限公司", "宁交运640100027号", date(2027, 11, 30), "YS-2026-02", date(2027, 6, 30)),
    ("CY-003", "吴忠顺捷货运部", "宁交运640300011号", date(2026, 10, 25), "YS-2026-03", date(2027, 3, 31)),
    ("CY-004", "西北冷链运输有限公司", "陕交运610100088号", date(2028, 3, 31), "YS-2026-04", date(2028, 3, 31)),
    ("CY-005", "石嘴山老李车队", "宁交运640200039号", date(2026, 8, 31), "YS-2025-11", date(2027, 1, 31)),
    ("CY-006", "贺兰山铁路货运代理有限公司", "宁铁货640100006号", date(2029, 1, 31), "YS-2026-06", date(2028, 12, 31)),
)
GOOD_CARRIERS = ("CY-001", "CY-002", "CY-004", "CY-006")


@dataclass(frozen=True)
class Product:
    """A product: its number, name, specification, packaging and the price of a case in yuan."""

    code: str
    name: str
    spec: str
    packaging: str
    price: Decimal


PRODUCTS = tuple(
    Product(code, name, spec, packaging, Decimal(price))
    for code, name, spec, packaging, price in (
        ("CP-01", "五香豆腐干", "100g/袋", "50袋/箱", "118.00"),
        ("CP-02", "香辣豆腐干", "100g/袋", "50袋/箱", "122.50"),
        ("CP-03", "卤豆干", "250g/袋", "24袋/箱", "126.00"),
        ("CP-04", "烟熏香干", "300g/袋", "20袋/箱", "136.80"),
        ("CP-05", "干腐竹", "500g/袋", "20袋/箱", "248.00"),
        ("CP-06", "鲜腐竹", "400g/袋", "20袋/箱", "168.00"),
        ("CP-07", "千张豆皮", "350g/袋", "24袋/箱", "139.20"),
        ("CP-08", "原味豆浆", "250ml/袋", "30袋/箱", "66.00"),
        ("CP-09", "素鸡", "400g/袋", "20袋/箱", "132.00"),
        ("CP-10", "内酯豆腐", "350g/盒", "24盒/箱", "57.60"),
    )
)

SAID: Mapping[str, tuple[str, ...]] = {
    "质量问题": (
        "{product}有{few}袋涨袋漏气，开袋有酸味，客户要求换货",
        "客户说这批{product}口感发硬，比上次差，问是不是换了配方",
        "{product}里吃出一根细线头，顾客拍了照片发过来",
    ),
    "运输损坏": ("到货时{few}箱{product}被压坏，纸箱都塌了，客户当着司机的面拍了照", "卸车发现{few}箱{product}受潮，外箱发软"),
    "包装不良": ("{product}封口不严，{few}袋真空散了", "{product}外箱生产日期喷码模糊，超市验收不给上架"),
    "重量超差": ("抽称{few}袋{product}，每袋少十几克", "客户复秤，{product}整箱比标的少半公斤"),
    "与合同不符": ("订的是{product}{spec}，送来的规格不对，客户不收", "合同写的是新日期，送来的{product}已经过了三分之一保质期"),
    "服务质量": ("送货员态度不好，卸完货就走，让帮忙码一下也不肯", "客户打了三次电话才有人接，说答复很敷衍"),
    "业务操作": ("发票抬头开错了，月底要报账，客户催重开", "对账单多算了一笔，客户说已经汇过款了"),
}
GOODS = ("质量问题", "运输损坏", "包装不良", "重量超差", "与合同不符")
CAUSES: Mapping[str, tuple[str, str, str, str, str]] = {
    "质量问题": (
        "封口温度偏低，封不实",
        "夜班换膜后没有试封",
        "属实，本批次{few}箱受影响",
        "调整封口温度，本批复检",
        "换膜后先试封十袋再开机",
    ),
    "运输损坏": ("装车时重货压轻货", "中途急刹，最下层纸箱变形", "属实，承运方承担货损", "承运方赔付，重发受损箱", "重下轻上码放并拍照"),
    "包装不良": ("封口机硅胶条老化", "白班巡检没有发现", "属实，返工{few}箱", "更换硅胶条，返工后重发", "硅胶条改为每月更换"),
    "重量超差": ("灌装秤零点漂移", "早班没有校秤", "属实，本班次偏轻", "校秤并补足差额", "每班开机前校秤并签字"),
    "与合同不符": ("配货时拿错规格", "两种规格码放在相邻货位", "属实，发错{few}箱", "换发正确规格", "货位贴规格标识，双人复核"),
    "服务质量": ("临时替班司机没有培训", "送货当天人手不足", "属实", "主管上门道歉", "替班司机先培训再上岗"),
    "业务操作": ("开票信息没有复核", "客户资料更新后没有同步", "属实", "作废重开", "开票前与客户资料核对"),
}
REPLIES = ("客户表示满意", "客户接受处理结果", "客户认可，希望以后注意", "客户说处理得及时")
PREFERENCES = ("五香口味为主，整箱送货", "香辣口味走得快，要小包装", "早上八点以前送到", "只要当周生产的", "腐竹要冷链")
TALKS = ("问了销售情况，货架陈列不错", "节前走货快，客户想多备货", "看了日期，都在保质期内", "核对了往来账，没有差异", "介绍了新品卤豆干")


def staff_rows() -> Iterator[dict[str, Value]]:
    """The staff sheet, a row per person; the last one has left."""
    for line in STAFF.split("\n")[1:-1]:
        number, name, department, role, superior, mail, hired = line.split()
        row: dict[str, Value] = {"staff_id": number, "staff_name": name, "department": department, "role": role}
        signed = date.fromisoformat(hired)
        row |= {"email": f"{mail}@example.com", "hired_on": signed, "nda_signed_on": signed, "status": "离职" if number == GONE else "在职"}
        row |= {"superior": superior} if superior != "-" else {}
        row |= {"direct_sales": True} if number in DIRECT else {}
        yield row | ({"left_on": date(2026, 7, 31)} if number == GONE else {})


def customer_names(count: int) -> Iterator[tuple[str, str, str]]:
    """(type, subtype, name) of the first `count` customers: the written ones, some shoppers, then shops of every town."""
    written = [tuple(line.split()) for line in CUSTOMERS.split("\n")[1:-1]]
    shoppers = [("终端消费者", "线上消费者" if n else "门店消费者", f"{name}（散客）") for n, name in enumerate(SHOPPERS)]
    shops = []
    for number in range(max(0, count - len(written) - len(shoppers))):
        kind, subtype = SHOPS[number % len(SHOPS)]
        place, family = PLACES[number % len(PLACES)], FAMILIES[(number * 5 + number // len(FAMILIES)) % len(FAMILIES)]
        shops.append(("零售商", subtype, f"{place}{family}{kind}"))
    for kind, subtype, name in [*written, *shops, *shoppers][:count]:
        yield kind, subtype, name
