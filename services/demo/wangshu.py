"""Wangshu 望舒市, a made-up city: its agencies, the nodes that serve them, and what people there petition about.

The city does not exist, and neither does anybody in it: no text here names a person.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from domain.vocabulary import AgencyKind
from services.kit.settings import ServedAgency

CITY_ZH, CITY = "望舒市", "Wangshu"


DIVISION, YUNTING, SONGLAN = "990100", "990101", "990102"
"""Codes under 99, which GB/T 2260 gives to nobody: the city never passes for a real one."""


def _agency(
    agency: str,
    name_zh: str,
    name: str,
    kind: AgencyKind = AgencyKind.AGENCY,
    division: str = DIVISION,
    superior: str | None = "government",
) -> ServedAgency:
    return ServedAgency(agency=agency, kind=kind, name_zh=name_zh, name=name, division=division, superior=superior)


GOVERNMENT = _agency(
    "government", "市委、市政府", "Party Committee and Government", AgencyKind.PARTY_OR_GOVERNMENT, superior=None
)
OFFICE = _agency("joint-office", "联席会议办公室", "Joint Meeting Office", AgencyKind.JOINT_MEETING_OFFICE)
OFFICE_NODE = "office"
DEPARTMENT = _agency("petitions", "信访局", "Petition Department", AgencyKind.PETITION_DEPARTMENT)
DISCIPLINE = _agency("discipline", "纪委监委", "Discipline and Supervision", AgencyKind.DISCIPLINE_ORGAN)

NODES: Mapping[str, tuple[ServedAgency, ...]] = MappingProxyType(
    {
        # Letters to the Party committee and the government are opened at the petition department, on its system.
        "petitions": (DEPARTMENT, GOVERNMENT),
        "housing": (_agency("housing", "住房和城乡建设局", "Housing and Construction"),),
        "police": (_agency("police", "公安局", "Public Security"),),
        "human-resources": (_agency("human-resources", "人力资源和社会保障局", "Human Resources"),),
        "urban-management": (_agency("urban-management", "城市管理局", "Urban Management"),),
        # A shared bureau runs the systems of two agencies: one node, one log, two that answer for themselves.
        "shared-bureau": (
            _agency("education", "教育局", "Education"),
            _agency("environment", "生态环境局", "Ecology and Environment"),
        ),
        "yunting": (_agency("yunting", "云汀区人民政府", "Yunting District", AgencyKind.PARTY_OR_GOVERNMENT, YUNTING),),
        "songlan": (_agency("songlan", "松岚区人民政府", "Songlan District", AgencyKind.PARTY_OR_GOVERNMENT, SONGLAN),),
        "discipline": (DISCIPLINE,),
    }
)
"""The nodes of the agencies; the office's own comes besides."""

NAMES: Mapping[str, ServedAgency] = MappingProxyType(
    {served.agency: served for agencies in (*NODES.values(), (OFFICE,)) for served in agencies}
)


class Matter(NamedTuple):
    """What somebody might petition about: a topic code, and a text that was written for this demonstration."""

    topic_code: str
    content: str


MATTERS: Mapping[str, tuple[Matter, ...]] = MappingProxyType(
    {
        "housing": (
            Matter("0301", "老旧小区加装电梯停工已久,请求说明原因和复工时间。(演示文本)"),
            Matter("0304", "交付的新房漏水,开发企业与物业互相推诿,请求督促维修。(演示文本)"),
        ),
        "police": (
            Matter("0502", "夜间路段经常有改装车辆竞速,请求加强巡查。(演示文本)"),
            Matter("0507", "户籍迁移材料多次被要求补正,请求一次性告知。(演示文本)"),
        ),
        "human-resources": (
            Matter("0401", "工程结束后工资拖欠数月,请求协调支付。(演示文本)"),
            Matter("0406", "养老保险缴费年限计算有误,请求核实更正。(演示文本)"),
        ),
        "urban-management": (
            Matter("0601", "占道经营影响通行,多次反映未见改善。(演示文本)"),
            Matter("0603", "路灯长期不亮,居民夜间出行不便。(演示文本)"),
        ),
        "education": (
            Matter("0701", "学区划分调整未公开说明理由,请求解释。(演示文本)"),
            Matter("0705", "校车线路取消,请求恢复或另行安排。(演示文本)"),
        ),
        "environment": (
            Matter("0801", "楼下餐饮油烟直排,请求查处。(演示文本)"),
            Matter("0803", "夜间施工噪声扰民,请求限制时段。(演示文本)"),
        ),
        "yunting": (
            Matter("0101", "征收补偿协议约定的安置房逾期未交。(演示文本)"),
            Matter("0105", "社区活动场地被改作停车场,请求恢复。(演示文本)"),
        ),
        "songlan": (
            Matter("0102", "村道塌陷后长期未修,影响农产品外运。(演示文本)"),
            Matter("0108", "建议在河岸步道增设休息座椅。(演示文本)"),
        ),
    }
)

LEGAL_BASES: Mapping[str, str] = MappingProxyType(
    {
        "housing": "《物业管理条例》",
        "police": "《中华人民共和国道路交通安全法》",
        "human-resources": "《保障农民工工资支付条例》",
        "urban-management": "《城市市容和环境卫生管理条例》",
        "education": "《中华人民共和国义务教育法》",
        "environment": "《中华人民共和国噪声污染防治法》",
        "yunting": "《国有土地上房屋征收与补偿条例》",
        "songlan": "《中华人民共和国公路法》",
        "discipline": "《中华人民共和国监察法》",
    }
)

DISPUTED: tuple[tuple[str, str, Matter], ...] = (
    ("urban-management", "environment", Matter("0806", "夜市噪声和油烟同时扰民,两个部门都说不归自己管。(演示文本)")),
    ("human-resources", "housing", Matter("0403", "工地欠薪,一方要求先认定工程质量,另一方要求先结清工资。(演示文本)")),
    ("yunting", "songlan", Matter("0109", "两区交界处的断头路由谁养护,多年没有答复。(演示文本)")),
    ("police", "urban-management", Matter("0604", "小区门口违法停车,执法权限说法不一。(演示文本)")),
)
"""Pairs of agencies that each hold the other to be in charge."""

NOBODYS = (
    Matter("0901", "废弃泵站的围墙倒塌,产权单位早已撤销,没有单位愿意接手。(演示文本)"),
    Matter("0902", "旧厂宿舍的化粪池外溢,所属企业已注销多年。(演示文本)"),
)
"""Matters that every agency sends back."""
