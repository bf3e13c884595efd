"""The duty table: every period that the main line needs, each row with its article, debtor, start, length and end.

A row is keyed by rule id and effective date; the steps of the 2005 Regulations (国务院令第431号) stand beside those of 2022
for matters first received before 1 May 2022. Where the law gives no figure the row has none. A *window* is a right that
lapses, not an obligation that is breached. Data only: `domain.duties` does the folding.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from domain.calendar import Due, DueState, Unit, WorkCalendar, civil_date

IN_FORCE_2022 = date(2022, 5, 1)
IN_FORCE_2005 = date(2005, 5, 1)
EXTENSION_DAYS_MAX = 30


class Nature(StrEnum):
    """Whether the row binds its debtor, or opens a window of time for a right."""

    DUTY = "duty"
    WINDOW = "window"


@dataclass(frozen=True, slots=True)
class Start:
    """What starts a period: an event type, conditions, and where the starting instant stands.

    A condition names a field of the event, or `agency_kind` of the case; the instant is a field of the event, or
    `case_received_time`: after a return no fresh period is granted, so the first start is kept.
    """

    event: str
    when: tuple[tuple[str, tuple[object, ...]], ...] = ()
    instant: str = "occurred_time"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the duty table; events are named without their `lianxi.case.v1.` prefix."""

    rule_id: str
    version: str
    article: str
    title: str
    title_zh: str
    debtor: str
    starts: tuple[Start, ...]
    met_by: frozenset[str]
    released_by: frozenset[str] = frozenset()
    length: int | None = None
    unit: Unit = Unit.CALENDAR_DAY
    named_in: str | None = None
    extension_days_max: int = 0
    roll_forward: bool = False
    nature: Nature = Nature.DUTY
    effective_from: date = IN_FORCE_2022
    effective_to: date | None = None


def _when(**conditions: object) -> tuple[tuple[str, tuple[object, ...]], ...]:
    return tuple((name, value if isinstance(value, tuple) else (value,)) for name, value in conditions.items())


def _events(names: str) -> frozenset[str]:
    return frozenset(names.split())


_HANDED = ("transfer", "assignment")
_REGISTERED_BY_DEPARTMENT = Start("Registered", _when(agency_kind="petition_department"), "received_time")
_REGISTERED_BY_AGENCY = Start("Registered", _when(agency_kind="agency"), "received_time")
_ADDRESSABLE = Start("Registered", _when(agency_kind="agency", reply_address_known=True), "received_time")
_RECEIVED_BY_DEPARTMENT = Start("HandoffReceived", _when(agency_kind="petition_department"))
_RECEIVED_BY_AGENCY = Start("HandoffReceived", _when(agency_kind="agency", kind=_HANDED))
_ASSIGNED = Start("HandoffReceived", _when(kind="assignment"))
_ON_PETITION_PROCEDURE = Start("Accepted", _when(route="petition_procedure"))
_TAKEN_BACK_BY_DEPARTMENT = Start("ObjectionUpheld", _when(agency_kind="petition_department"), "case_received_time")
_TAKEN_BACK_BY_AGENCY = Start("ObjectionUpheld", _when(agency_kind="agency"), "case_received_time")


def _of_2005(rule: Rule) -> Rule:
    return replace(rule, version="2005", effective_from=IN_FORCE_2005, effective_to=IN_FORCE_2022)


RULES: tuple[Rule, ...] = (
    Rule(
        "D1", "2022", "Art. 22(1)", "pass the petition on", "登记并转送、交办", "petition department",
        starts=(_REGISTERED_BY_DEPARTMENT, _RECEIVED_BY_DEPARTMENT, _TAKEN_BACK_BY_DEPARTMENT),
        met_by=_events("HandedOff Accepted NotAccepted"), released_by=_events("ObjectionAnswered"), length=15,
    ),
    Rule(
        "D1-DELIVERY", "2022", "Art. 22(1)", "see the hand-off delivered", "送达接收机关", "sender",
        starts=(Start("HandedOff"),), met_by=_events("HandoffConfirmed"), effective_from=IN_FORCE_2005,
    ),
    Rule(
        "D2", "2022", "Art. 22(1)(3)", "report the result back", "反馈办理结果、提交办结报告", "receiver of an assignment",
        starts=(_ASSIGNED,), met_by=_events("ReportedBack"), released_by=_events("ObjectionAnswered"),
        named_in="report_due_date",
    ),
    Rule(
        "D3", "2022", "Art. 23(2)", "tell the petitioner in writing", "书面告知信访人", "agency addressed directly",
        starts=(_ADDRESSABLE,), met_by=_events("ReceiptNotified NotAccepted"), length=15,
    ),
    Rule(
        "D4", "2022", "Art. 23(3)", "tell the petitioner of receipt, path and procedure", "书面告知接收情况及处理途径、程序",
        "receiver", starts=(_RECEIVED_BY_AGENCY,), met_by=_events("ReceiptNotified NotAccepted"),
        released_by=_events("ObjectionAnswered"), length=15,
    ),
    Rule(
        "D4-ACCEPTANCE", "2022", "Art. 44(3)", "decide on acceptance", "决定是否受理", "holder",
        starts=(
            _REGISTERED_BY_AGENCY,
            Start("HandoffReceived", _when(agency_kind="agency")),
            Start("ObjectionUpheld", _when(agency_kind="agency")),
        ),
        met_by=_events("Accepted NotAccepted"), released_by=_events("HandedOff ObjectionAnswered"),
    ),
    Rule(
        "D5", "2022", "Art. 23(3)", "object to the hand-off", "提出异议", "receiver",
        starts=(_RECEIVED_BY_AGENCY,), met_by=_events("ObjectionRaised"),
        released_by=_events("ReceiptNotified Accepted NotAccepted HandedOff"), length=5, unit=Unit.WORKING_DAY,
        nature=Nature.WINDOW,
    ),
    Rule(
        "D5-RULING", "2022", "Art. 23(3)", "verify and rule on the objection", "核实异议", "sender",
        starts=(Start("ObjectionReceived"),), met_by=_events("ObjectionUpheld ObjectionRejected"),
        effective_from=IN_FORCE_2005,
    ),
    Rule(
        "D6", "2022", "Art. 23(4)", "tell the petitioner under the organ's own rules", "按政法、纪检监察机关规定告知",
        "referral organ", starts=(Start("HandoffReceived", _when(agency_kind="agency", kind="referral")),),
        met_by=_events("Accepted NotAccepted"), released_by=_events("ObjectionAnswered HandedOff"),
        effective_from=IN_FORCE_2005,
    ),
    Rule(
        "D10", "2022", "Art. 34", "complete the handling", "办结", "agency with power",
        starts=(_ON_PETITION_PROCEDURE,), met_by=_events("OpinionServed"), length=60,
        extension_days_max=EXTENSION_DAYS_MAX,
    ),
    Rule(
        "D11", "2022", "Arts. 29-31", "answer under the procedure's own law", "依照相应程序办理", "agency with power",
        starts=(
            Start("Accepted", _when(category=("suggestion", "accusation"))),
            Start("Accepted", _when(route=(
                "litigation", "arbitration", "party_appeal", "administrative_procedure", "protective_duty",
            ))),
        ),
        met_by=_events("OpinionServed"), effective_from=IN_FORCE_2005,
    ),
    Rule(
        "D12", "2022", "Art. 35", "ask for review", "请求复查", "petitioner",
        starts=(Start("OpinionServed"),), met_by=frozenset(), length=30, roll_forward=True, nature=Nature.WINDOW,
    ),
    # The same steps of the 2005 Regulations, for matters first received before 1 May 2022. They know no objection.
    _of_2005(Rule(
        "D1", "2005", article="2005 Regulations Art. 21(1)", title="pass the petition on", title_zh="登记并转送、交办",
        debtor="petition department", starts=(_REGISTERED_BY_DEPARTMENT, _RECEIVED_BY_DEPARTMENT, _TAKEN_BACK_BY_DEPARTMENT),
        met_by=_events("HandedOff Accepted NotAccepted"), released_by=_events("ObjectionAnswered"), length=15,
    )),
    _of_2005(Rule(
        "D2", "2005", article="2005 Regulations Art. 21(1)(4)", title="report the result back", title_zh="反馈办理结果、提交办结报告",
        debtor="receiver of an assignment", starts=(_ASSIGNED,), met_by=_events("ReportedBack"),
        released_by=_events("ObjectionAnswered"), named_in="report_due_date",
    )),
    _of_2005(Rule(
        "D3", "2005", article="2005 Regulations Art. 22(2)", title="decide on acceptance and tell the petitioner",
        title_zh="决定是否受理并书面告知",
        debtor="agency addressed directly",
        starts=(_ADDRESSABLE, _TAKEN_BACK_BY_AGENCY), met_by=_events("Accepted NotAccepted"), released_by=_events("HandedOff"), length=15,
    )),
    _of_2005(Rule(
        "D4", "2005", article="2005 Regulations Art. 21(2)", title="decide on acceptance and tell the petitioner",
        title_zh="决定是否受理并书面告知", debtor="receiver", starts=(_RECEIVED_BY_AGENCY,),
        met_by=_events("Accepted NotAccepted"), released_by=_events("HandedOff ObjectionAnswered"), length=15,
    )),
    _of_2005(Rule(
        "D10", "2005", article="2005 Regulations Art. 33", title="complete the handling", title_zh="办结",
        debtor="agency with power", starts=(_ON_PETITION_PROCEDURE,), met_by=_events("OpinionServed"), length=60,
        extension_days_max=EXTENSION_DAYS_MAX,
    )),
    _of_2005(Rule(
        "D12", "2005", article="2005 Regulations Art. 34(1)", title="ask for review", title_zh="请求复查", debtor="petitioner",
        starts=(Start("OpinionServed"),), met_by=frozenset(), length=30, roll_forward=True, nature=Nature.WINDOW,
    )),
)  # fmt: skip


def rules_on(first_received: date) -> tuple[Rule, ...]:
    """The rows that govern a matter first received on that civil date."""
    return tuple(
        rule
        for rule in RULES
        if rule.effective_from <= first_received and (rule.effective_to is None or first_received < rule.effective_to)
    )


def rule_in_force(rule_id: str, first_received_time: datetime) -> Rule | None:
    """The row of that id for a matter first received at that instant, or None where the law then had none."""
    return _rule_on(rule_id, civil_date(first_received_time))


@lru_cache(maxsize=4096)
def _rule_on(rule_id: str, first_received: date) -> Rule | None:
    return next((rule for rule in rules_on(first_received) if rule.rule_id == rule_id), None)


def due_of(
    rule: Rule, start_time: datetime, calendar: WorkCalendar, *, extension_days: int = 0, named: date | None = None
) -> Due:
    """Work out a row's due date from its starting instant; `named` is the date that an assignment names itself."""
    if named is not None:
        steps = f"{rule.article}: the assignment names {named}; ends at 24:00 of that day, Asia/Shanghai"
        return Due(named, DueState.FINAL, calendar.version, (steps,))
    if rule.length is None:
        raise ValueError(f"{rule.rule_id} has no figure in law")
    start = civil_date(start_time)
    return calendar.due(start, rule.length + extension_days, rule.unit, roll_forward=rule.roll_forward)
