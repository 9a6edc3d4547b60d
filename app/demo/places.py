"""Where and who: regions with their lanes, warehouses, invented hospitals and distributors."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A region as planners see it: days under way (for 50 and 95 of 100 shipments), and whether cold boxes go there."""

    code: str
    en: str
    zh: str
    days_p50: int
    days_p95: int
    cold: bool = True


REGIONS = (
    Place("CN-SH", "Shanghai", "上海", 1, 1),
    Place("CN-JS", "Jiangsu", "江苏", 1, 2),
    Place("CN-ZJ", "Zhejiang", "浙江", 1, 2),
    Place("CN-BJ", "Beijing", "北京", 2, 2),
    Place("CN-GD", "Guangdong", "广东", 2, 2),
    Place("CN-HB", "Hubei", "湖北", 2, 2),
    Place("CN-SC", "Sichuan", "四川", 2, 3),
    Place("CN-YN", "Yunnan", "云南", 3, 4),
    Place("CN-XJ", "Xinjiang", "新疆", 4, 6),
    Place("CN-XZ", "Tibet", "西藏", 5, 8, cold=False),
)

WAREHOUSES = (
    ("SH1", "Shanghai central warehouse", "上海中心仓", "CN-SH", True),
    ("GZ1", "Guangzhou warehouse", "广州仓", "CN-GD", True),
    ("CD1", "Chengdu warehouse", "成都仓", "CN-SC", False),
)

CITIES = (
    ("青屿市", "Qingyu", "CN-SH"),
    ("云溪市", "Yunxi", "CN-ZJ"),
    ("临泽市", "Linze", "CN-JS"),
    ("望澜市", "Wanglan", "CN-JS"),
    ("朔原市", "Shuoyuan", "CN-BJ"),
    ("南屏市", "Nanping Bay", "CN-GD"),
    ("江汀市", "Jiangting", "CN-HB"),
    ("锦岳市", "Jinyue", "CN-SC"),
    ("洱滨市", "Erbin", "CN-YN"),
    ("天塬市", "Tianyuan", "CN-XJ"),
    ("雪岭市", "Xueling", "CN-XZ"),
)

HOSPITALS = (
    ("第一人民医院", "First People's Hospital", "S"),
    ("中心医院", "Central Hospital", "A"),
    ("骨科医院", "Orthopaedic Hospital", "B"),
    ("心血管病医院", "Cardiovascular Hospital", "A"),
)
"""Each city has some of these; tier S, A, B or C is the seller's view of the customer."""

DISTRIBUTORS = (
    ("华泽医疗器械", "Huaze Medical", "CN-SH", "A"),
    ("瑞原医疗科技", "Ruiyuan Medtech", "CN-JS", "A"),
    ("康岭医药", "Kangling Pharma", "CN-GD", "B"),
    ("安沐医疗", "Anmu Medical", "CN-HB", "B"),
    ("宁岳器械", "Ningyue Devices", "CN-SC", "B"),
    ("博塬商贸", "Boyuan Trading", "CN-XJ", "C"),
    ("滇峰医疗", "Dianfeng Medical", "CN-YN", "C"),
    ("北辰健康", "Beichen Health", "CN-BJ", "C"),
)

PEOPLE = (
    ("admin", "系统管理员", ("admin",)),
    ("sales", "销售甲", ("sales",)),
    ("sales2", "销售乙", ("sales",)),
    ("desk", "订单专员甲", ("order_desk",)),
    ("desk2", "订单专员乙", ("order_desk",)),
    ("qa", "质量法规甲", ("qa_ra",)),
    ("qa2", "质量法规乙", ("qa_ra",)),
    ("quality", "质量负责人甲", ("qa_ra", "quality_head")),
    ("manager", "区域经理甲", ("manager",)),
    ("manager2", "区域经理乙", ("manager",)),
    ("finance", "财务甲", ("finance",)),
    ("planner", "计划员甲", ("planner",)),
    ("warehouse", "仓库主管甲", ("warehouse",)),
    ("warehouse2", "仓库员乙", ("warehouse",)),
    ("purchasing", "采购员甲", ("purchasing",)),
    ("purchasing2", "采购员乙", ("purchasing",)),
    ("transport", "运输调度甲", ("transport",)),
    ("designer", "流程设计师甲", ("designer",)),
    ("operator", "运维甲", ("operator",)),
    ("auditor", "审计员甲", ("auditor",)),
)
"""Login, a name that is a role and a letter, roles."""
