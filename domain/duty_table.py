"""The rows of the duty table: every period that the Regulations set, with its article, debtor, start, length and end.

The steps of the 2005 Regulations (国务院令第431号) stand beside those of 2022 for matters first received before 1 May
2022. Data only: what a row means is `domain.rules`, and `domain.duties` does the folding.
"""

from dataclasses import replace
from functools import lru_cache

from domain.calendar import Unit
from domain.rules import EXTENSION_DAYS_MAX, IN_FORCE_2005, IN_FORCE_2022, Nature, Rule, RuleTable, Start


def _when(**conditions: object) -> tuple[tuple[str, tuple[object, ...]], ...]:
    return tuple((name, value if isinstance(value, tuple) else (value,)) for name, value in conditions.items())


def _events(names: str) -> frozenset[str]:
    return frozenset(names.split())


_HANDED = ("transfer", "assignment")
_LED_ELSEWHERE = ("litigation", "arbitration", "party_appeal", "administrative_procedure", "protective_duty")
_BY_DEPARTMENT = _when(agency_kind="petition_department")
_BY_OFFICE = _when(agency_kind="joint_meeting_office")
_BY_AGENCY = _when(agency_kind="agency")
_BY_AGENCY_HANDED = _when(agency_kind="agency", came_by=_HANDED)
_BY_AGENCY_REFERRED = _when(agency_kind="agency", came_by="referral")
_BY_AGENCY_DIRECTLY = _when(agency_kind="agency", came_by="registration")
_BY_AGENCY_WITH_ADDRESS = _when(agency_kind="agency", came_by="registration", reply_address_known=True)
_BY_AGENCY_WITHOUT_ADDRESS = _when(agency_kind="agency", came_by="registration", reply_address_known=False)
_ASSIGNED = Start("HandoffReceived", _when(kind="assignment"))
_ON_PETITION_PROCEDURE = Start("Accepted", _when(route="petition_procedure"))
_NO_APPEAL = Start("Accepted", _when(category=("suggestion", "accusation")))
_ON_OTHER_PROCEDURE = Start("Accepted", _when(route=_LED_ELSEWHERE))


def _holding(when: tuple[tuple[str, tuple[object, ...]], ...]) -> tuple[Start, ...]:
    """From each fact by which an agency comes to hold a petition, or gets it back; a return keeps the first start."""
    return (
        Start("Registered", when, "received_time"),
        Start("HandoffReceived", when),
        Start("ObjectionUpheld", when, "case_received_time"),
    )


def _receiving(when: tuple[tuple[str, tuple[object, ...]], ...]) -> tuple[Start, ...]:
    """From each fact by which a petition reaches an agency; a return starts nothing, for what began still runs."""
    return _holding(when)[:2]


def _of_2005(rule: Rule) -> Rule:
    return replace(rule, version="2005", effective_from=IN_FORCE_2005, effective_to=IN_FORCE_2022)


RULES: tuple[Rule, ...] = (
    Rule(
        "D1", "2022", "Art. 22(1)", "pass the petition on", "登记并转送、交办", "petition department",
        starts=_holding(_BY_DEPARTMENT), met_by=_events("HandedOff Accepted NotAccepted"),
        released_by=_events("ObjectionAnswered"), length=15,
    ),
    Rule(
        "D1-DELIVERY", "2022", "Art. 22(1)", "see the hand-off delivered", "送达接收机关", "sender",
        starts=(Start("HandedOff"),), met_by=_events("HandoffConfirmed"), outgoing=True, effective_from=IN_FORCE_2005,
    ),
    Rule(
        "D2", "2022", "Art. 22(1)(3)", "report the result back", "反馈办理结果、提交办结报告",
        "receiver of an assignment", starts=(_ASSIGNED,), met_by=_events("ReportedBack"),
        released_by=_events("ObjectionAnswered"), named_in="report_due_date",
    ),
    Rule(
        "D3", "2022", "Art. 23(2)", "tell the petitioner in writing", "书面告知信访人", "agency addressed directly",
        starts=_receiving(_BY_AGENCY_WITH_ADDRESS), met_by=_events("ReceiptNotified NotAccepted"), length=15,
    ),
    Rule(
        "D4", "2022", "Art. 23(3)", "tell the petitioner of receipt, path and procedure",
        "书面告知接收情况及处理途径、程序", "receiver", starts=_receiving(_BY_AGENCY_HANDED),
        met_by=_events("ReceiptNotified NotAccepted"), released_by=_events("ObjectionAnswered"), length=15,
    ),
    Rule(
        "D4-ACCEPTANCE", "2022", "Art. 44(3)", "decide on acceptance", "决定是否受理", "holder",
        starts=(*_holding(_BY_AGENCY_DIRECTLY), *_holding(_BY_AGENCY_HANDED)),
        met_by=_events("Accepted NotAccepted"), released_by=_events("HandedOff ObjectionAnswered"),
    ),
    Rule(
        "D5", "2022", "Art. 23(3)", "object to the hand-off", "提出异议", "receiver",
        starts=_receiving(_BY_AGENCY_HANDED), met_by=_events("ObjectionRaised"),
        released_by=_events("ReceiptNotified Accepted NotAccepted HandedOff"), length=5, unit=Unit.WORKING_DAY,
        nature=Nature.WINDOW,
    ),
    Rule(
        "D5-RULING", "2022", "Art. 23(3)", "verify and rule on the objection", "核实异议", "sender",
        starts=(Start("ObjectionReceived"),), met_by=_events("ObjectionUpheld ObjectionRejected"), outgoing=True,
        effective_from=IN_FORCE_2005,
    ),
    Rule(
        "D6", "2022", "Art. 23(4)", "tell the petitioner under the organ's own rules", "按政法、纪检监察机关规定告知",
        "referral organ", starts=_holding(_BY_AGENCY_REFERRED), met_by=_events("Accepted NotAccepted"),
        released_by=_events("ObjectionAnswered HandedOff"), effective_from=IN_FORCE_2005,
    ),
    Rule(
        "D7", "2022", "Art. 24(1)", "coordinate which agency handles it", "协调处理受理争议", "Joint Meeting Office",
        starts=_holding(_BY_OFFICE), met_by=_events("HandedOff Accepted NotAccepted"),
        released_by=_events("ObjectionAnswered"), effective_from=IN_FORCE_2005,
    ),
    Rule(
        "D10", "2022", "Art. 34", "complete the handling", "办结", "agency with power",
        starts=(_ON_PETITION_PROCEDURE,), met_by=_events("OpinionServed"), length=60,
        extension_days_max=EXTENSION_DAYS_MAX,
    ),
    Rule(
        "D11", "2022", "Arts. 29-31", "answer under the procedure's own law", "依照相应程序办理", "agency with power",
        starts=(_NO_APPEAL, _ON_OTHER_PROCEDURE), met_by=_events("OpinionServed"),
    ),
    Rule(
        "D12", "2022", "Art. 35", "ask for review", "请求复查", "petitioner",
        starts=(Start("OpinionServed"),), met_by=frozenset(), length=30, roll_forward=True, nature=Nature.WINDOW,
    ),
    # The same steps of the 2005 Regulations, for matters first received before 1 May 2022. They know no objection and
    # no separate notice: within fifteen days the agency decides on acceptance and says so. They know no routes either:
    # the sixty days run for every matter that no other law gives a procedure of its own (Art. 33).
    _of_2005(Rule(
        "D1", "2005", "2005 Regulations Art. 21(1)", "pass the petition on", "登记并转送、交办", "petition department",
        starts=_holding(_BY_DEPARTMENT), met_by=_events("HandedOff Accepted NotAccepted"),
        released_by=_events("ObjectionAnswered"), length=15,
    )),
    _of_2005(Rule(
        "D2", "2005", "2005 Regulations Art. 21(1)(4)", "report the result back", "反馈办理结果、提交办结报告",
        "receiver of an assignment", starts=(_ASSIGNED,), met_by=_events("ReportedBack"),
        released_by=_events("ObjectionAnswered"), named_in="report_due_date",
    )),
    _of_2005(Rule(
        "D3", "2005", "2005 Regulations Art. 22(2)", "decide on acceptance and tell the petitioner",
        "决定是否受理并书面告知", "agency addressed directly", starts=_holding(_BY_AGENCY_WITH_ADDRESS),
        met_by=_events("Accepted NotAccepted HandedOff"), length=15,
    )),
    _of_2005(Rule(
        "D3-ACCEPTANCE", "2005", "2005 Regulations Art. 22(1)", "decide on acceptance", "决定是否受理",
        "agency addressed directly", starts=_holding(_BY_AGENCY_WITHOUT_ADDRESS),
        met_by=_events("Accepted NotAccepted"), released_by=_events("HandedOff"),
    )),
    _of_2005(Rule(
        "D4", "2005", "2005 Regulations Art. 21(2)", "decide on acceptance and tell the petitioner",
        "决定是否受理并书面告知", "receiver", starts=_holding(_BY_AGENCY_HANDED),
        met_by=_events("Accepted NotAccepted HandedOff"), released_by=_events("ObjectionAnswered"), length=15,
    )),
    _of_2005(Rule(
        "D10", "2005", "2005 Regulations Art. 33", "complete the handling", "办结", "agency with power",
        starts=(_ON_PETITION_PROCEDURE, _NO_APPEAL), met_by=_events("OpinionServed"), length=60,
        extension_days_max=EXTENSION_DAYS_MAX,
    )),
    _of_2005(Rule(
        "D11", "2005", "2005 Regulations Art. 33", "answer under the procedure's own law", "依照相应程序办理",
        "agency with power", starts=(_ON_OTHER_PROCEDURE,), met_by=_events("OpinionServed"),
    )),
    _of_2005(Rule(
        "D12", "2005", "2005 Regulations Art. 34", "ask for review", "请求复查", "petitioner",
        starts=(Start("OpinionServed"),), met_by=frozenset(), length=30, roll_forward=True, nature=Nature.WINDOW,
    )),
)  # fmt: skip

NATIONAL = RuleTable(RULES)


@lru_cache
def rule_row(rule_id: str, version: str) -> Rule:
    """The national row of that id and version; a local figure (`2022+local-…`) rests on the row before the sign."""
    return NATIONAL.row(rule_id, version.partition("+")[0])
