"""The words on the screen, Chinese and English beside each other."""

from collections.abc import Mapping
from types import MappingProxyType

FACTS: Mapping[str, str] = MappingProxyType(
    {
        "Registered": "登记",
        "Classified": "分类",
        "HandedOff": "转出",
        "HandoffReceived": "收到转办",
        "HandoffConfirmed": "送达确认",
        "ObjectionRaised": "提出异议",
        "ObjectionReceived": "收到异议",
        "ObjectionUpheld": "异议成立",
        "ObjectionRejected": "异议不成立",
        "ObjectionAnswered": "收到答复",
        "ReceiptNotified": "告知",
        "Accepted": "受理",
        "NotAccepted": "不予受理",
        "Extended": "延期",
        "OpinionIssued": "出具意见",
        "OpinionServed": "送达意见",
        "ReportedBack": "反馈结果",
        "ReportReceived": "收到反馈",
        "BreachRecorded": "记录超期",
    }
)
"""The facts of the ticker by their type."""

PHASES: Mapping[str, str] = MappingProxyType(
    {
        "database": "database and bus 数据库和总线",
        "nodes": "databases and keys of the nodes 各节点建库",
        "healthy": "nodes serve and know each other 节点就绪",
        "stories": "petitions played to their end 事项办理",
        "dates": "the last dates pass 期限届满",
        "arrivals": "everything has arrived 送达齐全",
        "rebuild": "views rebuilt from zero and compared 重建比对",
    }
)
"""What the demonstration is doing, by the name of the phase."""

ALARMING = frozenset({"BreachRecorded", "ObjectionRaised", "NotAccepted"})
"""Facts that stand out in the ticker."""
